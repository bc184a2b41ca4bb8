"""Assets, devices, alerts, and what makes jobs of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_source",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "cloudevents",
                "thingsboard",
                "mapped",
                name="alertformat",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("mapping", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("secrets", sa.JSON(), nullable=False),
        sa.Column("require_signature", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_source")),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("is_item", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "replayed",
                "discarded",
                name="deadletterstate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("alert_ids", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
        sa.UniqueConstraint("digest", name=op.f("uq_dead_letter_digest")),
    )
    with op.batch_alter_table("dead_letter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dead_letter_state"), ["state"], unique=False)

    op.create_table(
        "job_template",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("tools", sa.JSON(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("extra_minutes", sa.Integer(), nullable=False),
        sa.Column("priorities", sa.JSON(), nullable=False),
        sa.Column("due_within_hours", sa.Float(), nullable=True),
        sa.Column("safety_factor", sa.Float(), nullable=False),
        sa.Column(
            "window",
            sa.Enum(
                "never",
                "remaining_life",
                "always",
                name="windowpolicy",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("least_window_hours", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_template")),
    )
    op.create_table(
        "alert_rule",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("type_pattern", sa.String(), nullable=False),
        sa.Column(
            "least_severity",
            sa.Enum(
                "indeterminate",
                "warning",
                "minor",
                "major",
                "critical",
                name="severity",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("readings", sa.JSON(), nullable=False),
        sa.Column("most_remaining_hours", sa.Float(), nullable=True),
        sa.Column("source_id", sa.String(), nullable=True),
        sa.Column("site_id", sa.String(), nullable=True),
        sa.Column("asset_id", sa.String(), nullable=True),
        sa.Column("model_pattern", sa.String(), nullable=True),
        sa.Column("template_id", sa.String(), nullable=True),
        sa.Column(
            "place",
            sa.Enum(
                "at_once",
                "next_plan",
                "by_priority",
                name="placewhen",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("quiet_minutes", sa.Integer(), nullable=False),
        sa.Column("flood_minutes", sa.Integer(), nullable=False),
        sa.Column("most_tasks", sa.Integer(), nullable=False),
        sa.Column("withdraw", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["job_template.id"], name=op.f("fk_alert_rule_template_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rule")),
    )
    with op.batch_alter_table("alert_rule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_rule_position"), ["position"], unique=False)

    op.create_table(
        "asset",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("serial_number", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_asset_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset")),
    )
    with op.batch_alter_table("asset", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_asset_site_id"), ["site_id"], unique=False)

    op.create_table(
        "device",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("asset_id", sa.String(), nullable=False),
        sa.Column("in_service", sa.Boolean(), nullable=False),
        sa.Column("shelved_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_device_asset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_asset_id"), ["asset_id"], unique=False)

    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id_at_source", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column(
            "severity",
            sa.Enum(
                "indeterminate",
                "warning",
                "minor",
                "major",
                "critical",
                name="severity",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("readings", sa.JSON(), nullable=False),
        sa.Column("remaining_life_hours", sa.Float(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "unacknowledged",
                "acknowledged",
                "returned_to_normal",
                "normal",
                "shelved",
                "suppressed_by_design",
                "out_of_service",
                name="alarmstate",
                native_enum=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "received",
                "folded",
                "rejected",
                "job",
                "cleared",
                name="alertoutcome",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rule_id", sa.String(), nullable=True),
        sa.Column("job_id", sa.String(), nullable=True),
        sa.Column("raw", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_alert_device_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_alert_job_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_alert_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("source_id", "origin", "id_at_source", name="uq_alert_source_id"),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_job_id"), ["job_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_alert_outcome"), ["outcome"], unique=False)
        batch_op.create_index("ix_alert_problem", ["device_id", "type"], unique=False)
        batch_op.create_index(batch_op.f("ix_alert_received_at"), ["received_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_alert_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_alert_state"), ["state"], unique=False)

    op.create_table(
        "device_name",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("is_pattern", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_device_name_device_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_device_name")),
    )
    with op.batch_alter_table("device_name", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_name_device_id"), ["device_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_device_name_is_pattern"), ["is_pattern"], unique=False)

    op.create_table(
        "job_task",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "severity",
            sa.Enum(
                "indeterminate",
                "warning",
                "minor",
                "major",
                "critical",
                name="severity",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_job_task_alert_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_job_task_device_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_task_job_id")),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_task")),
    )
    with op.batch_alter_table("job_task", schema=None) as batch_op:
        batch_op.create_index("ix_job_task_problem", ["device_id", "type"], unique=False)
