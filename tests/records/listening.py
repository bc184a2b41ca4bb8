"""What is asked of the database: every statement, how the database goes about it, and how much work
that is."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import current_thread
from typing import Any

from sqlalchemy import Connection, Engine, event

GROWING = frozenset(
    {
        "alert", "attachment", "dead_letter", "firing", "idempotency_key", "job", "job_part",
        "job_skill", "job_task", "job_technician", "job_tool", "job_window", "log_entry",
        "manual_change",
        "placement", "plan", "plan_unassigned", "report", "route", "run", "sign_in", "stop",
        "waiver", "webhook_delivery",
    }
)  # fmt: skip
"""Tables that get longer for as long as the company works; all others are as large as it is."""
UNFINISHED = frozenset({"ix_job_plannable", "ix_run_at_work", "ix_webhook_delivery_due"})
"""Indexes on the few rows that something is still to be done about, to be read from end to end."""
ROUTES_IN_FORCE = frozenset({"uq_route_live", "ix_route_live_day", "ix_route_live_end"})
"""To PostgreSQL, which weighs, any of them is as good as another where they have few rows, as here.
SQLite, which goes by what is asked, tells whether there is one for it."""
SHORT = UNFINISHED | ROUTES_IN_FORCE
STEPS = 100
"""Instructions of SQLite's machine that are counted as one."""


@dataclass
class Heard:
    """Each statement once, by its text, with the values that it came with first."""

    statements: dict[str, Any] = field(default_factory=dict)

    def whole_tables(self, connection: Connection) -> Iterator[tuple[str, set[str]]]:
        """Every statement, and the growing tables that the database would go through for it from
        end to end, be it in the order of an index."""
        is_sqlite = connection.dialect.name == "sqlite"
        prefix = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN (FORMAT JSON) "
        for statement, values in self.statements.items():
            if not re.match(r"SELECT|UPDATE|DELETE|WITH", statement):
                continue
            rows = connection.exec_driver_sql(prefix + statement, values).all()
            if is_sqlite:
                found = _scanned(statement, [row[-1] for row in rows])
            else:
                found = set(_read_through(rows[0][0][0]["Plan"]))
            yield statement, found & GROWING


def _scanned(statement: str, lines: list[str]) -> set[str]:
    aliases = {alias: table for table, alias in re.findall(r'"?(\w+)"? AS "?(\w+)"?', statement)}
    lines = [line for line in lines if line.split()[-1] not in UNFINISHED]
    names = [line.split()[1] for line in lines if line.startswith("SCAN ")]
    if names and "LIMIT" in statement and not any("FOR ORDER BY" in line for line in lines):
        # In the order of an index, until the page is full: the first loop is no whole one.
        names = [line.split()[1] for line in lines[1:] if line.startswith("SCAN ")]
    return {aliases.get(name, name) for name in names}


def _read_through(node: dict[str, Any], is_page: bool = False) -> Iterator[str]:
    kind = node["Node Type"]
    is_page = (is_page or kind == "Limit") and kind not in ("Sort", "Aggregate", "Hash")
    if "Relation Name" in node and "Index Cond" not in node and kind.endswith("Scan"):
        by_bitmap = kind == "Bitmap Heap Scan"
        if not is_page and not by_bitmap and node.get("Index Name") not in SHORT:
            yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _read_through(child, is_page)


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear what is asked of any database meanwhile, by whatever thread."""
    heard = Heard()

    def hear(_: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        one = values[0] if isinstance(values, list) else values
        # However many values a list has, it is the same question.
        kind = re.sub(r"(?:\?|%\(\w+\)s[^,\s)]*)(?:, (?:\?|%\(\w+\)s[^,\s)]*))+", "…", statement)
        if kind not in known:
            known.add(kind)
            heard.statements[statement] = one

    known: set[str] = set()
    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@contextmanager
def counting(engine: Engine) -> Iterator[Counter[str]]:
    """How many ``STEPS`` the SQLite database takes meanwhile for the test or a request, by
    statement."""
    steps: Counter[str] = Counter()

    def begin(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        def count() -> int:
            steps[statement] += 1
            return 0

        # Rows are fetched after the statement was begun, and before the next one is.
        counted = count if _is_waited_for() else None
        connection.connection.driver_connection.set_progress_handler(counted, STEPS)

    event.listen(engine, "before_cursor_execute", begin)
    try:
        yield steps
    finally:
        event.remove(engine, "before_cursor_execute", begin)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Every statement that the test or a request sends to the database by way of the engine
    meanwhile, each time."""
    sent: list[str] = []

    def hear(_: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if _is_waited_for():
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def _is_waited_for() -> bool:
    """What is done in the background has threads of its own."""
    return current_thread().name.startswith(("MainThread", "AnyIO"))
