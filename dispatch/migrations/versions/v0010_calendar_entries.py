"""What calendars were told last of each stop, and in which language they are read."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calendar_link", sa.Column("language", sa.String(), nullable=True))
    op.create_table(
        "calendar_entry",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("technician_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["technician_id"],
            ["technician.id"],
            name=op.f("fk_calendar_entry_technician_id"),
        ),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_calendar_entry")),
    )
    op.create_index(op.f("ix_calendar_entry_technician_id"), "calendar_entry", ["technician_id"])
