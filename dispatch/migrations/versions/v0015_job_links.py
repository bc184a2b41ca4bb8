"""Crews, order and keeping apart: links between jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, length=20)


def upgrade() -> None:
    op.create_table(
        "job_link",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", _words("linkkind", "together", "after", "apart"), nullable=False),
        sa.Column("least_minutes", sa.Integer(), nullable=True),
        sa.Column("most_minutes", sa.Integer(), nullable=True),
        sa.Column("person", _words("person", "same", "different", "any"), nullable=True),
        sa.Column("by", _words("separation", "technician", "day"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_link")),
    )
    op.create_table(
        "job_link_member",
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_link_member_job_id")),
        sa.ForeignKeyConstraint(
            ["link_id"], ["job_link.id"], name=op.f("fk_job_link_member_link_id")
        ),
        sa.PrimaryKeyConstraint("link_id", "job_id", name=op.f("pk_job_link_member")),
    )
    op.create_index(op.f("ix_job_link_member_job_id"), "job_link_member", ["job_id"])
