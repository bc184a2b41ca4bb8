"""A company goes on as before once what is old was removed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, func, select

from benchmarks.service.past import Past
from dispatch.models import LogEntry, now
from dispatch.service import retention
from dispatch.service.old_rows import KINDS
from dispatch.service.retention import remove_old
from dispatch.settings import Settings
from tests.records.day_of_work import work
from tests.records.listening import listening
from tests.records.made_up import Found, asked, found, found_on_server

PAST = Past(days=40, jobs_a_day=20, technicians=5, analyzed=False)
"""If it were known how small its tables are, some would be read from end to end."""
SHORT = {name: 7 for name in Settings.model_fields if name.startswith("keep_")}
SHORT["keep_log_days"] = 31


@pytest.fixture(params=["sqlite", "postgresql"])
def past(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Found]:
    if request.param == "sqlite":
        with found(f"sqlite:///{tmp_path / 'past.db'}", PAST) as made:
            yield made
    else:
        with found_on_server(request.getfixturevalue("postgres_url"), PAST) as made:
            yield made


def test_all_goes_on_once_what_is_old_was_removed(
    past: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LEAST_ENTRIES", 100)
    monkeypatch.setattr(retention, "LEAST_REST_SECONDS", 0)
    settings = past.settings.model_copy(update=SHORT)
    with Session(past.engine) as session:
        before = session.exec(select(func.max(LogEntry.id))).one()
    with listening() as heard:
        removed = remove_old(past.engine, settings, now())
    assert set(removed) == {*(kind.name for kind in KINDS), "log entries"}
    assert remove_old(past.engine, settings, now()) == {}
    with Session(past.engine) as session:
        assert session.exec(select(func.max(LogEntry.id))).one() == before
    # While it removes, others wait; what it looks for beforehand keeps nobody waiting.
    with past.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            for way in ("seqscan", "hashjoin", "mergejoin"):
                connection.exec_driver_sql(f"SET enable_{way} = off")
        whole = {
            statement: tables
            for statement, tables in heard.whole_tables(connection)
            if tables and not re.search(r"\bLIMIT\b", statement)
        }
    assert whole == {}
    with asked(past) as web:
        for question in past.questions.all:
            assert web.get(question.path).status_code in (200, 404, 409), question
        work(web, past.engine, past.settings, now().astimezone(past.settings.zone).date())
