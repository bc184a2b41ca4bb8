"""Indexes for everything that is asked of tables that grow."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

Indexes = tuple[tuple[str, str, tuple[str, ...]], ...]

REPLACED: Indexes = (
    ("ix_run_status", "run", ("status", "created_at", "id")),
    ("ix_placement_status", "placement", ("status", "id")),
    ("ix_job_status", "job", ("status", "id")),
    ("ix_log_entry_at", "log_entry", ("at", "entity", "action")),
    ("ix_log_entry_actor", "log_entry", ("actor", "id")),
    ("ix_log_entry_entity_id", "log_entry", ("entity_id", "entity", "id")),
    ("ix_alert_problem", "alert", ("device_id", "type", "outcome", "cleared_at")),
    ("ix_alert_state", "alert", ("state", "id")),
    ("ix_alert_outcome", "alert", ("outcome", "id")),
    ("ix_job_task_problem", "job_task", ("device_id", "type", "added_at")),
    ("ix_dead_letter_state", "dead_letter", ("state", "id")),
)
NEW: Indexes = (
    ("ix_run_created_at", "run", ("created_at", "id")),
    ("ix_run_days", "run", ("ends_on", "starts_on")),
    ("ix_stop_job_id", "stop", ("job_id",)),
    ("ix_plan_unassigned_job_id", "plan_unassigned", ("job_id", "plan_id")),
    ("ix_alert_device_id", "alert", ("device_id", "id")),
    ("ix_alert_source_id", "alert", ("source_id", "id")),
    ("ix_job_priority", "job", ("priority", "id")),
    ("ix_job_window_ends_at", "job_window", ("ends_at", "starts_at", "job_id")),
    ("ix_log_entry_entity", "log_entry", ("entity", "id")),
    ("ix_webhook_delivery_delivered", "webhook_delivery", ("status", "delivered_at")),
    ("ix_sign_in_token_hash", "sign_in", ("token_hash",)),
)
UNFINISHED: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("ix_job_plannable", "job", ("id",), "status IN ('open', 'scheduled', 'dispatched')"),
    (
        "ix_run_at_work",
        "run",
        ("status", "created_at", "id"),
        "status IN ('queued', 'running')",
    ),
    (
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ("webhook_id", "event_id", "next_attempt_at"),
        "status IN ('waiting')",
    ),
    (
        "ix_dead_letter_waiting",
        "dead_letter",
        ("source_id", "received_at", "last_seen_at"),
        "state IN ('waiting')",
    ),
)


def upgrade() -> None:
    op.drop_index("ix_route_day", "route")
    for name, table, columns in REPLACED:
        op.drop_index(name, table)
        op.create_index(name, table, list(columns))
    for name, table, columns in NEW:
        op.create_index(name, table, list(columns))
    if op.get_bind().dialect.name == "sqlite":
        # They said "live", which no query does there, so that none could use them.
        op.drop_index("uq_route_live", "route")
        op.drop_index("uq_stop_live_job", "stop")
        live("uq_route_live", "route", ("technician_id", "shift_starts_at"), unique=True)
        live("uq_stop_live_job", "stop", ("job_id",), " AND job_id IS NOT NULL", unique=True)
    op.drop_index("ix_webhook_delivery_due", "webhook_delivery")
    for name, table, columns, condition in UNFINISHED:
        some(name, table, columns, condition, condition)
    live("ix_route_live_day", "route", ("day", "technician_id"))
    live("ix_route_live_end", "route", ("end_at",))
    live("ix_stop_live_start", "stop", ("start_at", "job_id"))


def live(
    name: str, table: str, columns: Sequence[str], more: str = "", *, unique: bool = False
) -> None:
    some(name, table, columns, f"live = 1{more}", f"live{more}", unique=unique)


def some(
    name: str,
    table: str,
    columns: Sequence[str],
    sqlite: str,
    postgresql: str,
    *,
    unique: bool = False,
) -> None:
    op.create_index(
        name,
        table,
        list(columns),
        unique=unique,
        sqlite_where=sa.text(sqlite),
        postgresql_where=sa.text(postgresql),
    )
