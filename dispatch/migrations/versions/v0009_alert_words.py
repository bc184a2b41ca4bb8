"""What decided about an alert, about which machine; and how much of a dead letter is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ABOUT_A_DEVICE = ("alert", "job_task")


def upgrade() -> None:
    op.add_column("alert", sa.Column("word_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("heard", sa.JSON(), nullable=False, server_default="[]"))
    for table in ABOUT_A_DEVICE:
        op.add_column(table, sa.Column("asset_id", sa.String(), nullable=True))
        op.execute(
            f"UPDATE {table} SET asset_id = "  # noqa: S608 - the names are ours
            f"(SELECT asset_id FROM device WHERE device.id = {table}.device_id)"
        )
    op.execute(
        "UPDATE alert SET word_at = CASE"
        " WHEN cleared_at IS NULL OR last_active_at > cleared_at THEN last_active_at"
        " ELSE cleared_at END"
    )
    op.execute("UPDATE alert SET cleared_at = NULL WHERE outcome <> 'cleared'")
    op.add_column(
        "dead_letter", sa.Column("size", sa.Integer(), nullable=False, server_default="0")
    )
    op.execute("UPDATE dead_letter SET size = length(body)")
    kept_as = sa.Enum("whole", "compressed", "cut", native_enum=False, length=20, name="bodykept")
    op.add_column(
        "dead_letter", sa.Column("kept_as", kept_as, nullable=False, server_default="whole")
    )
    with op.batch_alter_table("alert") as alert:
        alert.alter_column("heard", server_default=None)
        alert.create_foreign_key("fk_alert_asset_id", "asset", ["asset_id"], ["id"])
    with op.batch_alter_table("job_task") as job_task:
        job_task.create_foreign_key("fk_job_task_asset_id", "asset", ["asset_id"], ["id"])
    with op.batch_alter_table("dead_letter") as dead_letter:
        dead_letter.alter_column("size", server_default=None)
        dead_letter.alter_column("kept_as", server_default=None)
