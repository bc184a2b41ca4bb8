"""What nobody came to by the end of the day waits for a place again."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from sqlmodel import Session, col, select

from dispatch.field.missed import reopen_missed
from dispatch.jobs.placements import list_placements
from dispatch.models import Job, JobStatus, LogEntry, Placement, Plan, Priority, Route, Stop
from dispatch.planning.snapshot import Scope, live_routes, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.settings import Settings
from dispatch.views.board import read_board
from tests.dispatch.crew import MONDAY, TUESDAY, add_job, add_live_route, add_technician, hanoi
from tests.dispatch.reporting import take

pytestmark = pytest.mark.any_database

KILOMETRE = 1446
"""From Ann's home to j1, with detours."""
LATE = hanoi("19:00")
"""Two hours after the shifts of Monday."""


@pytest.fixture(autouse=True)
def evening() -> Iterator[None]:
    with time_machine.travel(LATE, tick=False):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann has done j1 and not come to j2; Bob, with b1, has said nothing all day."""
    add_technician(session, "ann")
    add_technician(session, "bob", at=6)
    for number, name in enumerate(("j1", "j2", "b1")):
        add_job(session, name, at=number + 1)
    add_live_route(session, "ann", [("j1", "09:00"), ("j2", "15:00")])
    add_live_route(session, "bob", [("b1", "13:00")])
    session.commit()
    take(session, "completed", "10:00")
    return session


def reopened(session: Session, settings: Settings, at: datetime = LATE) -> list[str]:
    found = reopen_missed(session, settings, at)
    session.commit()
    session.expire_all()
    return found


def in_force(session: Session) -> dict[str, list[str | None]]:
    return {
        found.route.technician_id: [stop.job_id for stop in found.stops]
        for found in live_routes(session, MONDAY, TUESDAY)
    }


def test_what_was_not_reported_is_open_again(monday: Session, settings: Settings) -> None:
    assert reopened(monday, settings) == ["j2"]
    assert monday.get_one(Job, "j2").status == JobStatus.OPEN
    assert in_force(monday) == {"ann": ["j1"], "bob": ["b1"]}
    missed = monday.exec(select(LogEntry).where(LogEntry.action == "miss")).one()
    assert missed.before is not None
    assert missed.before["technician_id"] == "ann"
    assert datetime.fromisoformat(missed.before["start_at"]) == hanoi("15:00")


def test_it_says_why_it_waits(monday: Session, settings: Settings) -> None:
    reopened(monday, settings)
    waiting = read_board(monday, TUESDAY, 1, settings, at=LATE).unassigned
    assert [(one.job_id, [why.code for why in one.reasons]) for one in waiting] == [
        ("j2", ["missed"])
    ]


def test_the_next_plan_has_it(monday: Session, settings: Settings) -> None:
    scope = Scope(TUESDAY, TUESDAY)
    assert not to_problem(load_snapshot(monday, scope, LATE), settings).problem.visits
    reopened(monday, settings)
    visits = to_problem(load_snapshot(monday, scope, LATE), settings).problem.visits
    assert [visit.id for visit in visits] == ["j2"]


def test_the_route_goes_on_as_far_as_it_went(monday: Session, settings: Settings) -> None:
    before = {route.technician_id: route for route in live(monday)}
    reopened(monday, settings)
    after = {route.technician_id: route for route in live(monday)}
    assert after["ann"].end_at < before["ann"].end_at
    assert after["ann"].distance_metres == 2 * KILOMETRE
    assert after["bob"] is before["bob"]


def live(session: Session) -> list[Route]:
    return list(session.exec(select(Route).where(col(Route.live))))


def test_it_happens_once(monday: Session, settings: Settings) -> None:
    reopened(monday, settings)
    plans = monday.exec(select(Plan)).all()
    assert reopened(monday, settings) == []
    assert monday.exec(select(Plan)).all() == plans


def test_reports_may_still_come_in_for_a_while(monday: Session, settings: Settings) -> None:
    assert reopened(monday, settings, hanoi("18:59")) == []
    later = settings.model_copy(update={"missed_after_hours": 3.0})
    assert reopened(monday, later) == []
    never = settings.model_copy(update={"missed_after_hours": None})
    assert reopened(monday, never, hanoi("19:00", TUESDAY)) == []


def test_who_is_still_on_the_way_or_there_has_not_missed_it(
    monday: Session, settings: Settings
) -> None:
    take(monday, "en_route", "16:00", job="j2")
    assert reopened(monday, settings) == []


def test_whoever_was_there_and_says_so_later_has_it_again(
    monday: Session, settings: Settings
) -> None:
    reopened(monday, settings)
    take(monday, "completed", "16:30", job="j2", received="19:30")
    assert monday.get_one(Job, "j2").status == JobStatus.COMPLETED
    assert in_force(monday)["ann"] == ["j1", "j2"]
    assert reopened(monday, settings) == []


def test_a_promise_that_was_not_kept_holds_nothing_any_more(
    monday: Session, settings: Settings
) -> None:
    job = monday.get_one(Job, "j2")
    job.pinned_technician_id, job.pinned_start_at = "ann", hanoi("15:00")
    monday.commit()
    reopened(monday, settings)
    job = monday.get_one(Job, "j2")
    assert (job.pinned_technician_id, job.pinned_start_at) == (None, None)


@pytest.mark.parametrize(("priority", "wishes"), [(Priority.HIGH, []), (Priority.URGENT, ["j2"])])
def test_what_cannot_wait_is_placed_at_once(
    monday: Session, settings: Settings, priority: Priority, wishes: list[str]
) -> None:
    monday.get_one(Job, "j2").priority = priority
    monday.commit()
    reopened(monday, settings)
    found, _ = list_placements(monday, settings, LATE)
    assert [one.job_id for one in found] == wishes
    assert {one.trigger for one in found} <= {"missed"}


def test_a_cancelled_visit_is_no_concern(monday: Session, settings: Settings) -> None:
    stop = monday.exec(select(Stop).where(Stop.job_id == "j2")).one()
    stop.live = False
    monday.get_one(Job, "j2").status = JobStatus.CANCELLED
    monday.commit()
    assert reopened(monday, settings) == []
    assert monday.exec(select(Placement)).all() == []
