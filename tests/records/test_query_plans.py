"""Nothing that is asked of the database while people wait takes longer the longer it is in use."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, select

from benchmarks.service.past import Past
from benchmarks.service.questions import NOT_ASKED
from dispatch.models import Priority, WebhookDelivery, now
from dispatch.paging import page_of
from dispatch.planning.conflicts import broken_visits
from dispatch.service import retention
from dispatch.settings import Settings
from dispatch.views.backlog import read_backlog
from tests.records.day_of_work import work
from tests.records.listening import counting, listening
from tests.records.made_up import Found, asked, found, found_on_server

PAST = Past(days=30, jobs_a_day=60, technicians=8)

MAY_READ_ALL = (
    # All of an index that holds only those that wait.
    (r"SELECT dead_letter.source_id, count", {"dead_letter"}),
    # In the order of ids until the page is full.
    (r"FROM dead_letter\s+ORDER BY dead_letter.id DESC\s+LIMIT", {"dead_letter"}),
    # In the order of ids until the page is full, and most rows are such ones.
    (r"FROM job\s+WHERE EXISTS \(SELECT site.id\s+FROM site\s+WHERE site.territory", {"job"}),
    (r"FROM job\s+WHERE NOT \(EXISTS \(SELECT site.id\s+FROM site\s+WHERE site.latit", {"job"}),
    (r"FROM job\s+WHERE NOT \(job.status IN", {"job"}),
    # The plans of a page of runs: fifty of the few hundred that there are here. Among more they are
    # found by their index.
    (r'FROM "?plan"?\s+WHERE \S+run_id IN', {"plan"}),
    # Somebody has everything sent again; what was delivered is kept for 30 days.
    (
        r"FROM webhook_delivery\s+WHERE \S+webhook_id = \S+ AND \S+status",
        {"webhook_delivery"},
    ),
    # Of all jobs that are over, once those to be done and all places do not fill the page.
    (r"FROM search_text JOIN job ON", {"search_text", "job"}),
    # Sites and machines, which are found by the beginning of the key.
    (r"FROM search_text\s+WHERE", {"search_text"}),
)
"""Statements that may begin to read a whole growing table, and why they end soon."""

GROWS = (
    (r"/issues$", "whether the plan holds is looked at again every so often, in one of two runs"),
    (r"/jobs/.*/history", "it is the past of one place, page by page"),
    (r"/technicians/T001/absences", "it is the list of all of them"),
    (r"/jobs\?needs_location=true", "it is the past of the places that have no location"),
    (r"/jobs\?day=", "windows are found by their ends: those after the day are looked at"),
    (
        r"/search\?",
        "words are looked for in all jobs that are over, where others do not fill a page",
    ),
)
"""Answers that take more work for more past, and why they may."""


@pytest.fixture(params=["sqlite", "sqlite, not analyzed", "postgresql"])
def past(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Found]:
    # Nobody waits while it is looked for what is old (test_retention.py).
    monkeypatch.setattr(retention, "remove_old", lambda *_: {})
    if request.param != "postgresql":
        past = replace(PAST, analyzed=request.param == "sqlite")
        with found(f"sqlite:///{tmp_path / 'past.db'}", past) as made:
            yield made
        return
    with found_on_server(request.getfixturevalue("postgres_url"), PAST) as made:
        yield made


def test_the_past_that_is_made_up_leaves_nothing_to_mend(past: Found) -> None:
    """Or else what is measured is how long that takes."""
    with Session(past.engine) as session:
        assert broken_visits(session, past.settings, now()) == {}


def test_no_statement_goes_through_a_table_that_grows(past: Found) -> None:
    named = {question.operation for question in past.questions.all} | set(NOT_ASKED)
    paths = past.app.openapi()["paths"].values()
    assert named == {path["get"]["operationId"] for path in paths if "get" in path}
    with listening() as heard, asked(past) as web:
        for question in past.questions.all:
            assert web.get(question.path).status_code in (200, 409), question
        work(web, past.engine, past.settings, now().astimezone(past.settings.zone).date())
    assert len(heard.statements) > 150
    with past.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # Small tables are read faster from end to end. What it would do with large ones shows
            # when it may do so only if there is no other way.
            for way in ("seqscan", "hashjoin", "mergejoin"):
                connection.exec_driver_sql(f"SET enable_{way} = off")
        whole = {
            statement: tables - _allowed(statement)
            for statement, tables in heard.whole_tables(connection)
        }
    assert {statement: tables for statement, tables in whole.items() if tables} == {}


def _allowed(statement: str) -> set[str]:
    return set().union(*(tables for form, tables in MAY_READ_ALL if re.search(form, statement)))


def test_no_answer_takes_more_work_for_more_past(tmp_path: Path) -> None:
    few, many = (
        _work_by_question(tmp_path / f"{days}.db", Past(days, jobs_a_day=30, technicians=5))
        for days in (20, 60)
    )
    more = [
        (path, before, after)
        for (_, before), (path, after) in zip(few, many, strict=True)
        if after > 1.5 * before + 10 and not any(re.match(form, path) for form, _ in GROWS)
    ]
    assert more == []


def _work_by_question(file: Path, past: Past) -> list[tuple[str, int]]:
    taken = []
    with (
        found(f"sqlite:///{file}", past) as made,
        asked(made) as web,
        counting(made.app.state.engine) as steps,
    ):
        for question in made.questions.all:
            steps.clear()
            web.get(question.path)
            taken.append((question.path, steps.total()))
    return taken


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_asked_of_few_goes_through_these_few_alone(session: Session) -> None:
    """And not through all of a priority or a webhook, which grow, because there is an index."""
    with listening() as heard:
        priority, territory, work_type = Priority.NORMAL, "north", "repair"
        read_backlog(
            session, Settings(), priority=priority, territory=territory, work_type_id=work_type
        )
        of_one = select(WebhookDelivery).where(WebhookDelivery.webhook_id == "hook")
        page_of(session, of_one, None, 50, newest_first=True)
    ways = {
        re.sub(r" \(.*", "", step[3])
        for statement, values in heard.statements.items()
        if "FROM job" in statement or "FROM webhook_delivery" in statement
        for step in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        if re.match(r"(SEARCH|SCAN) (job|webhook_delivery)\b", step[3])
    }
    assert ways == {
        "SEARCH job USING INDEX ix_job_status",
        "SEARCH webhook_delivery USING INDEX ix_webhook_delivery_webhook_id",
    }
