"""Wishes to have a job put into the plan in force at once, and plans that change little."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "placement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "placed",
                "no_place",
                "withdrawn",
                name="placementstatus",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("bumped_job_ids", sa.JSON(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_placement_job_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_placement_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placement")),
    )
    op.create_index(op.f("ix_placement_job_id"), "placement", ["job_id"], unique=False)
    op.create_index(op.f("ix_placement_status"), "placement", ["status"], unique=False)
    op.add_column(
        "run",
        sa.Column("only_small_changes", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("run", sa.Column("technician_ids", sa.JSON(none_as_null=True), nullable=True))
    op.add_column(
        "run", sa.Column("freeze_minutes", sa.Float(), nullable=False, server_default="0")
    )
    op.add_column("run", sa.Column("changes", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("plan", sa.Column("begins_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("run") as run:
        run.alter_column("only_small_changes", server_default=None)
        run.alter_column("freeze_minutes", server_default=None)
