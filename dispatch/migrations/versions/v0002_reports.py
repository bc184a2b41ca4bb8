"""What technicians report of jobs, and where they are."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("en_route_at", "arrived_at", "departed_at"):
        op.add_column("job", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("job", sa.Column("parts_used", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "report",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("technician_id", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "en_route",
                "on_site",
                "completed",
                "cannot_complete",
                name="reportkind",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "customer_absent",
                "customer_refused",
                "no_access",
                "missing_part",
                "missing_tool",
                "missing_skill",
                "unsafe",
                "more_work",
                "other",
                name="obstacle",
                native_enum=False,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("parts_used", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("readings", sa.JSON(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_report_job_id")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technician.id"], name=op.f("fk_report_technician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    op.create_table(
        "position",
        sa.Column("technician_id", sa.String(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technician.id"], name=op.f("fk_position_technician_id")
        ),
        sa.PrimaryKeyConstraint("technician_id", name=op.f("pk_position")),
    )
    op.create_index(op.f("ix_report_job_id"), "report", ["job_id"], unique=False)
