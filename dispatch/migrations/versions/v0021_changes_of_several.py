"""Where a dispatcher has put a visit it begins no earlier, and a change by hand may be of several
jobs and cancel some."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("not_before_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "manual_change", sa.Column("statuses", sa.JSON(), nullable=False, server_default="{}")
    )
    with op.batch_alter_table("manual_change") as change:
        change.alter_column("statuses", server_default=None)
    op.create_table(
        "manual_change_job",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_manual_change_job_job_id")),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["manual_change.plan_id"],
            name=op.f("fk_manual_change_job_plan_id"),
        ),
        sa.PrimaryKeyConstraint("plan_id", "job_id", name=op.f("pk_manual_change_job")),
    )
    op.create_index(op.f("ix_manual_change_job_job_id"), "manual_change_job", ["job_id"])
