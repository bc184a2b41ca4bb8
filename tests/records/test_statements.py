"""However many rows an answer has, the database is asked as often: for all of them at once."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlmodel import Session

from benchmarks.service.past import WAITING_JOB, Past, job_id
from dispatch.by_hand.carrying_out import Override
from dispatch.by_hand.changes import ChangeToMake, make_change
from dispatch.by_hand.undoing import undo_change
from dispatch.jobs.jobs import cancel_job
from dispatch.models import now
from tests.dispatch.crew import hanoi
from tests.records.listening import statements
from tests.records.made_up import Found, asked, found, found_on_server

TIMES = 5
"""So often each is asked at most, until the fewest statements have come twice: what happens in the
background now and then is not counted."""
LONGER = frozenset(
    {
        "find_anything", "find_sites", "list_accounts", "list_alert_rules", "list_alert_sources",
        "list_alerts",
        "list_alternatives", "list_assets", "list_dead_letters", "list_deliveries", "list_devices",
        "list_job_templates", "list_jobs", "list_keys", "list_placements", "list_plans",
        "list_runs", "list_technicians", "list_webhooks", "read_backlog", "read_board",
        "read_board_as_workbook", "read_job_history",
        "read_log", "read_plan", "read_route", "read_calendar",
    }
)  # fmt: skip
"""Operations whose answers have to be longer where there is twice of everything."""


@dataclass(frozen=True)
class Asked:
    """What one question took."""

    operation: str
    path: str
    statements: list[str]
    size: int
    """Of the answer, in bytes."""


@dataclass(frozen=True)
class Size:
    """Of a past, and of pages."""

    past: Past
    rows: int


SMALL = Size(Past(days=4, jobs_a_day=8, technicians=2, versions_a_day=4), 6)
LARGE = Size(Past(days=8, jobs_a_day=32, technicians=4, versions_a_day=8), 12)


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    """When there is most to be told of the day: what has begun has no other place."""
    with time_machine.travel(hanoi("05:00")):
        yield


@pytest.fixture(params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Size], Any]:
    """Opens a database with a past."""

    @contextmanager
    def open_(size: Size) -> Iterator[Found]:
        if request.param == "sqlite":
            with found(f"sqlite:///{tmp_path / f'{size.rows}.db'}", size.past) as one:
                yield one
        else:
            with found_on_server(request.getfixturevalue("postgres_url"), size.past) as one:
                yield one

    return open_


def test_no_answer_takes_more_statements_for_more_rows(made: Callable[[Size], Any]) -> None:
    answers = []
    for size in (SMALL, LARGE):
        with made(size) as one, asked(one) as web:
            _add_more(web, size.rows)
            answers.append([*_asked(one, web, size.rows)])
    more, longer = {}, set()
    for few, many in zip(*answers, strict=True):
        if many.size > few.size:
            longer.add(many.operation)
        if len(many.statements) > len(few.statements):
            surplus = Counter(many.statements) - Counter(few.statements)
            more[many.path] = (len(few.statements), len(many.statements), surplus)
    assert more == {}
    assert longer >= LONGER


def _asked(one: Found, web: TestClient, rows: int) -> Iterator[Asked]:
    paths = one.app.openapi()["paths"].values()
    gets = [path["get"] for path in paths if "get" in path]
    paged = {
        get["operationId"]
        for get in gets
        if any(parameter["name"] == "limit" for parameter in get.get("parameters", ()))
    }
    for question in one.questions.all:
        path = question.path
        if question.operation in paged:
            path += f"{'&' if '?' in path else '?'}limit={rows}"
        least: list[str] | None = None
        for _ in range(TIMES):
            with statements(one.app.state.engine) as sent:
                answer = web.get(path)
            assert answer.status_code in (200, 404, 409), (path, answer.text)
            if least is not None and len(sent) == len(least):
                break
            if least is None or len(sent) < len(least):
                least = sent
        yield Asked(question.operation, question.path, least or [], len(answer.content))


def _add_more(web: TestClient, rows: int) -> None:
    """Of what a made-up past has next to nothing of."""
    for number in range(rows):
        for method, path, body in (
            ("PUT", f"/alert-sources/more-{number}", {"name": "More", "format": "thingsboard"}),
            ("PUT", f"/job-templates/more-{number}", {"title": "More", "duration_minutes": 30}),
            (
                "PUT",
                f"/alert-rules/more-{number}",
                {"position": 99, "name": "More", "template_id": "fault"},
            ),
            (
                "PUT",
                f"/devices/more-{number}",
                {"asset_id": "AS00002", "names": [f"more {number}"]},
            ),
            ("POST", "/keys", {"name": "more", "role": "dispatcher"}),
            ("POST", "/accounts", {"id": f"more-{number}", "name": "More", "role": "dispatcher"}),
            ("POST", "/webhooks", {"url": "https://example.com/", "types": ["absence"]}),
        ):
            answer = web.request(method, path, json=body)
            assert answer.status_code in (200, 201), answer.text


def test_no_change_takes_more_statements_for_more_rows(made: Callable[[Size], Any]) -> None:
    few, many = {}, {}
    for size, taken in ((SMALL, few), (LARGE, many)):
        with made(size) as one:
            taken.update(_changed(one))
    more = {
        name: (len(few[name]), len(sent), Counter(sent) - Counter(few[name]))
        for name, sent in many.items()
        if len(sent) > len(few[name])
    }
    assert more == {}


def _changed(one: Found) -> Iterator[tuple[str, list[str]]]:
    """Changes, each of which is taken back."""
    tomorrow = now().astimezone(one.settings.zone).date() + timedelta(days=1)
    settings = one.settings
    move = ChangeToMake(
        job_id=job_id(tomorrow),
        technician_id="T002",
        day=tomorrow,
        override=Override(reason="as agreed"),
    )

    def undo(session: Session) -> None:
        change = make_change(session, move, settings, actor="lan")
        session.flush()
        undo_change(session, change.plan_version, settings, actor="lan")

    changes: dict[str, Callable[[Session], Any]] = {
        "a change by hand": partial(make_change, change=move, settings=settings, actor="lan"),
        "a change by hand, and back": undo,
        "a job that is called off": partial(cancel_job, job_id=WAITING_JOB, actor="lan"),
    }
    for name, change in changes.items():
        with Session(one.engine) as session:
            with statements(one.engine) as sent:
                change(session)
            session.rollback()
        yield name, sent
