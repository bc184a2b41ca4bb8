"""Old rows may be removed: indexes for what refers to them, and a log that may begin later."""

# ruff: noqa: S608 - no part of a statement is given by anybody

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

YOUNGEST_DAYS = 30
"""No younger entry of the log is let go, whoever asks."""
INDEXES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # Whoever removes a row has the database look for what refers to it.
    ("ix_placement_plan_id", "placement", ("plan_id",)),
    ("ix_waiver_plan_id", "waiver", ("plan_id",)),
    ("ix_firing_run_id", "firing", ("run_id",)),
    ("ix_job_task_alert_id", "job_task", ("alert_id",)),
    ("ix_dead_letter_device", "dead_letter", ("source_id", "device", "id")),
)
APPEND_ONLY = "the log is append-only"
NOT_EARLIER = "the log cannot begin earlier again"
TOO_YOUNG = f"the log is kept for {YOUNGEST_DAYS} days at least"


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, list(columns))
    op.create_table(
        "log_start",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("removed_upto", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_log_start_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_start")),
    )
    if op.get_bind().dialect.name == "sqlite":
        guard_sqlite()
    else:
        guard_postgresql()


def guard_sqlite() -> None:
    op.execute("DROP TRIGGER log_entry_no_delete")
    removed = "coalesce((SELECT max(removed_upto) FROM log_start), 0)"
    last = (
        "(SELECT at FROM log_entry WHERE id <= NEW.removed_upto ORDER BY id DESC LIMIT 1) "
        f"> datetime('now', '-{YOUNGEST_DAYS} days')"
    )
    for name, event, condition, message in (
        ("log_entry_no_delete", "DELETE ON log_entry", f"OLD.id > {removed}", APPEND_ONLY),
        ("log_start_no_insert", "INSERT ON log_start", last, TOO_YOUNG),
        ("log_start_no_update", "UPDATE ON log_start", last, TOO_YOUNG),
        (
            "log_start_only_later",
            "UPDATE ON log_start",
            "NEW.removed_upto < OLD.removed_upto",
            NOT_EARLIER,
        ),
        ("log_start_no_delete", "DELETE ON log_start", "true", NOT_EARLIER),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def guard_postgresql() -> None:
    op.execute("DROP TRIGGER log_entry_append_only ON log_entry")
    op.execute(
        "CREATE TRIGGER log_entry_append_only BEFORE UPDATE OR TRUNCATE ON log_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_log()"
    )
    function(
        "refuse_removal_from_log",
        "IF OLD.id > coalesce((SELECT max(removed_upto) FROM log_start), 0) THEN "
        f"{refuse(APPEND_ONLY)} END IF; RETURN OLD;",
    )
    op.execute(
        "CREATE TRIGGER log_entry_no_delete BEFORE DELETE ON log_entry "
        "FOR EACH ROW EXECUTE FUNCTION refuse_removal_from_log()"
    )
    function(
        "refuse_another_start_of_log",
        f"IF TG_OP IN ('DELETE', 'TRUNCATE') THEN {refuse(NOT_EARLIER)} END IF; "
        # A row that is not there can be asked nothing.
        "IF TG_OP = 'UPDATE' THEN IF NEW.removed_upto < OLD.removed_upto THEN "
        f"{refuse(NOT_EARLIER)} END IF; END IF; "
        "IF (SELECT at FROM log_entry WHERE id <= NEW.removed_upto ORDER BY id DESC LIMIT 1) "
        f"> now() - interval '{YOUNGEST_DAYS} days' THEN {refuse(TOO_YOUNG)} END IF; "
        "RETURN NEW;",
    )
    op.execute(
        "CREATE TRIGGER log_start_only_later BEFORE INSERT OR UPDATE OR DELETE ON log_start "
        "FOR EACH ROW EXECUTE FUNCTION refuse_another_start_of_log()"
    )
    op.execute(
        "CREATE TRIGGER log_start_no_truncate BEFORE TRUNCATE ON log_start "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_another_start_of_log()"
    )


def function(name: str, body: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
    )


def refuse(message: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation';"
