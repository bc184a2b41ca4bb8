"""Photos and signatures of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sa.String()
    op.create_table(
        "attachment",
        sa.Column("id", text, nullable=False),
        sa.Column("job_id", text, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("photo", "signature", name="attachmentkind", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("technician_id", text, nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("media_type", text, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("sent_digest", text, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_attachment_job_id")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technician.id"], name=op.f("fk_attachment_technician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    for column in ("job_id", "received_at", "digest"):
        op.create_index(op.f(f"ix_attachment_{column}"), "attachment", [column])
