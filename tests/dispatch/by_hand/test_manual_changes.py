"""Changes by hand put in force, and undone."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.by_hand.undoing import undo_change
from dispatch.by_hand.versions import ChangeMade
from dispatch.errors import NotFound
from dispatch.field.reports import NewReport, take_report
from dispatch.jobs.jobs import cancel_job
from dispatch.models import Job, JobStatus, LogEntry, Plan, PlanUnassigned, ReportKind, Route, Stop
from dispatch.placing.placing import PlaceRequest, place_job
from dispatch.plans.publishing import publish_up_to_date
from dispatch.runs import execution
from dispatch.settings import Settings
from solver.solution import Solution
from solver.solve import solve
from tests.dispatch.changing import (
    EIGHT,
    change,
    drag_at_once,
    nothing_is_lost_or_doubled,
    refused_change,
    refused_undo,
    undo,
)
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_ann_and_bob,
    add_job,
    add_live_route,
    hanoi,
)
from tests.dispatch.drafting import draft, everything, in_force, status
from tests.dispatch.running import execute, request

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann in the south with two visits, Bob in the north with one; a new job waits near Ann's."""
    add_ann_and_bob(session)
    return session


def routes(session: Session) -> dict[str, list[dict[str, Any]]]:
    """All that is in force, to the second; not which version it is of."""
    rows = session.exec(
        select(Route, Stop)
        .join(Stop, col(Stop.route_id) == Route.id)
        .where(col(Route.live), col(Stop.live))
        .order_by(Route.technician_id, col(Stop.position))
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for route, stop in rows:
        there = found.setdefault(route.technician_id, [route.model_dump(exclude={"id", "plan_id"})])
        there.append(stop.model_dump(exclude={"route_id"}))
    return found


# Making a change


def test_a_visit_is_given_to_another_technician(monday: Session, settings: Settings) -> None:
    made = change(monday, settings, "a2", "bob")
    assert in_force(monday) == {"ann": ["a1"], "bob": ["a2", "b1"]}
    assert made.plan_version == 2
    assert made.judgement is not None
    assert made.judgement.possible
    assert made.judgement.visit is not None
    (stop,) = monday.exec(select(Stop).where(col(Stop.live), Stop.job_id == "a2")).all()
    assert stop.start_at == made.judgement.visit.start_at
    assert monday.get_one(Job, "a2").pinned_technician_id is None


def test_a_waiting_job_is_put_where_it_was_dropped(monday: Session, settings: Settings) -> None:
    change(monday, settings, "new", "ann", "11:00")
    assert in_force(monday)["ann"] == ["a1", "new", "a2"]
    assert status(monday, "new") == JobStatus.SCHEDULED


def test_a_visit_is_moved_within_its_route(monday: Session, settings: Settings) -> None:
    change(monday, settings, "a1", "ann", "13:00")
    assert in_force(monday)["ann"] == ["a2", "a1"]


def test_a_held_visit_starts_when_it_was_dropped_and_is_pinned(
    monday: Session, settings: Settings
) -> None:
    change(monday, settings, "new", "bob", "10:15", hold=True)
    (stop,) = monday.exec(select(Stop).where(col(Stop.live), Stop.job_id == "new")).all()
    assert stop.start_at == hanoi("10:15")
    job = monday.get_one(Job, "new")
    assert (job.pinned_technician_id, job.pinned_start_at) == ("bob", hanoi("10:15"))


def test_a_visit_is_taken_off_the_plan(monday: Session, settings: Settings) -> None:
    made = change(monday, settings, "a2", None)
    assert in_force(monday) == {"ann": ["a1"], "bob": ["b1"]}
    assert status(monday, "a2") == JobStatus.OPEN
    (row,) = monday.exec(select(PlanUnassigned)).all()
    assert (row.plan_id, row.job_id, row.reasons[0]["code"]) == (made.plan_id, "a2", "taken_off")


def test_what_is_on_no_route_is_not_taken_off(monday: Session, settings: Settings) -> None:
    assert refused_change(monday, settings, "new", None) == ["not_in_plan"]


def test_the_last_visit_of_a_route_can_leave_it(monday: Session, settings: Settings) -> None:
    change(monday, settings, "b1", "ann")
    assert "bob" not in in_force(monday)
    change(monday, settings, "b1", None)
    assert in_force(monday) == {"ann": ["a1", "a2"]}


def test_what_changes_nothing_makes_no_version(monday: Session, settings: Settings) -> None:
    first = change(monday, settings, "new", "ann")
    before = everything(monday)
    again = change(monday, settings, "new", "ann")
    assert (again.plan_version, again.is_new) == (first.plan_version, False)
    assert everything(monday) == before


def test_only_the_routes_concerned_change(monday: Session, settings: Settings) -> None:
    bob = monday.exec(select(Route.id).where(Route.technician_id == "bob", col(Route.live))).one()
    change(monday, settings, "new", "ann")
    assert monday.get_one(Route, bob).live


def test_who_changed_what_is_in_the_log(monday: Session, settings: Settings) -> None:
    made = change(monday, settings, "a2", "bob")
    (entry,) = monday.exec(select(LogEntry).where(LogEntry.action == "move")).all()
    assert (entry.actor, entry.entity_id) == ("dana", "a2")
    assert entry.before == {"technician_id": "ann", "start_at": "2027-03-01T05:00:00+00:00"}
    assert entry.after is not None
    assert (entry.after["technician_id"], entry.after["plan_id"]) == ("bob", made.plan_id)


def test_what_has_begun_is_not_moved(monday: Session, settings: Settings) -> None:
    report = NewReport(id="r", job_id="a1", kind=ReportKind.EN_ROUTE, at=EIGHT)
    take_report(monday, "ann", report, settings, actor="ann")
    monday.commit()
    assert refused_change(monday, settings, "a1", "bob") == ["not_plannable"]
    assert refused_change(monday, settings, "b1", "ann", at=hanoi("08:45")) == ["begins"]
    change(monday, settings, "new", "ann", "08:10")
    assert in_force(monday)["ann"][0] == "a1"


def test_a_change_of_what_has_changed_since_is_refused(monday: Session, settings: Settings) -> None:
    change(monday, settings, "new", "ann", plan_version=1)
    assert refused_change(monday, settings, "a2", "bob", plan_version=1) == ["changed_since"]
    change(monday, settings, "b1", "bob", "12:00", plan_version=1, hold=True)


def test_a_route_that_was_emptied_since_has_changed(monday: Session, settings: Settings) -> None:
    change(monday, settings, "b1", None)
    assert refused_change(monday, settings, "new", "bob", plan_version=1) == ["changed_since"]
    change(monday, settings, "new", "ann", plan_version=1)


def test_what_was_emptied_on_another_day_has_not_changed_this_one(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "b2", at=19)
    add_live_route(monday, "bob", [("b2", "09:00")], day=TUESDAY, version=2)
    change(monday, settings, "b2", None, day=TUESDAY)
    change(monday, settings, "new", "bob", plan_version=2)


def test_of_two_dispatchers_the_second_is_told(monday: Session, settings: Settings) -> None:
    first = change(monday, settings, "new", "ann", plan_version=1)
    assert refused_change(monday, settings, "new", "bob", plan_version=1) == ["changed_since"]
    change(monday, settings, "new", "bob", plan_version=first.plan_version)
    placed = [job for jobs in in_force(monday).values() for job in jobs]
    assert sorted(placed) == ["a1", "a2", "b1", "new"]


def test_dispatchers_who_drag_at_once_lose_and_double_nothing(
    monday: Session, engine: Engine, settings: Settings
) -> None:
    jobs = ["a1", "a2", "b1", "new"]

    def drag(session: Session, dice: random.Random) -> ChangeMade:
        job = dice.choice(jobs)
        technician = dice.choice(["ann", "bob", "bob", None])
        return change(session, settings, job, technician, dice.choice([None, "10:00", "13:00"]))

    monday.rollback()
    drag_at_once(engine, settings, drag)
    monday.expire_all()
    placed = [job for jobs in in_force(monday).values() for job in jobs]
    nothing_is_lost_or_doubled(monday, placed, jobs)


def test_nobody_and_nothing_that_is_not_there_is_found(monday: Session, settings: Settings) -> None:
    with pytest.raises(NotFound):
        change(monday, settings, "nowhere", "ann")
    with pytest.raises(NotFound):
        change(monday, settings, "new", "nobody")


# What was planned before


Meanwhile = Callable[[Session], object]


def replanned(
    session: Session,
    engine: Engine,
    settings: Settings,
    patch: pytest.MonkeyPatch,
    happens: Meanwhile,
) -> None:
    """A published run of today during which something happens."""

    def solve_meanwhile(*given: Any, **options: Any) -> Solution:
        with Session(engine) as other:
            happens(other)
            other.commit()
        return solve(*given, **options)

    patch.setattr(execution, "solve", solve_meanwhile)
    run = request(session, settings, publish=True, seconds=0.3)
    assert execute(session, settings, run.id).failure is None
    session.expire_all()


@pytest.mark.parametrize("technician", ["bob", None])
def test_a_plan_that_was_being_made_does_not_undo_a_change(
    monday: Session,
    engine: Engine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    technician: str | None,
) -> None:
    settings = settings.model_copy(update={"weights": {"changed_technician": 0, "moved_time": 0}})

    def drags(session: Session) -> None:
        change(session, settings, "a2", technician)

    replanned(monday, engine, settings, monkeypatch, drags)
    placed = in_force(monday)
    assert "a2" not in placed["ann"]
    assert ("a2" in placed["bob"]) == (technician is not None)
    everybody = [job for jobs in placed.values() for job in jobs]
    assert sorted(everybody) == sorted({"a1", "b1", "new", *(["a2"] if technician else [])})


def test_an_order_made_by_hand_outlives_an_older_draft(monday: Session, settings: Settings) -> None:
    plan = draft(monday, settings, {"ann": ["a1", "new", "a2"], "bob": ["b1"]})
    change(monday, settings, "a1", "ann", "13:00")
    publish_up_to_date(monday, plan, actor="eve", settings=settings)
    monday.commit()
    placed = in_force(monday)["ann"]
    assert sorted(placed) == ["a1", "a2", "new"]
    assert placed.index("a1") > placed.index("a2")


# Undoing it


@pytest.mark.parametrize(
    ("job", "technician", "clock", "hold"),
    [
        ("a2", "bob", None, False),
        ("a2", None, None, False),
        ("b1", "ann", "10:00", False),
        ("new", "ann", None, False),
        ("new", "bob", "10:15", True),
        ("a1", "ann", "13:00", False),
    ],
)
def test_undoing_has_everything_as_it_was(
    monday: Session,
    settings: Settings,
    job: str,
    technician: str | None,
    clock: str | None,
    hold: bool,
) -> None:
    before, was = routes(monday), status(monday, job)
    made = change(monday, settings, job, technician, clock, hold=hold)
    after = routes(monday)
    assert after != before
    undone = undo(monday, settings, made)
    assert routes(monday) == before
    assert status(monday, job) == was
    row = monday.get_one(Job, job)
    assert (row.pinned_technician_id, row.pinned_start_at) == (None, None)
    assert (undone.plan_version, undone.undoes_version) == (3, 2)
    assert undo(monday, settings, made) == undone
    undo(monday, settings, undone)
    assert routes(monday) == after
    assert (monday.get_one(Job, job).pinned_technician_id is not None) == hold


def test_who_undid_it_is_in_the_log(monday: Session, settings: Settings) -> None:
    made = change(monday, settings, "a2", "bob")
    undone = undo(monday, settings, made)
    (entry,) = monday.exec(select(LogEntry).where(LogEntry.action == "undo")).all()
    assert entry.after == {"plan_id": undone.plan_id, "undoes_version": made.plan_version}


def test_what_has_begun_since_stands_in_the_way(monday: Session, settings: Settings) -> None:
    made = change(monday, settings, "a2", "bob", "08:30")
    take_report(
        monday,
        "bob",
        NewReport(id="r", job_id="a2", kind=ReportKind.EN_ROUTE, at=EIGHT),
        settings,
        actor="bob",
    )
    monday.commit()
    assert refused_undo(monday, settings, made) == {"begun"}


def test_what_should_have_begun_by_now_is_not_brought_back(
    monday: Session, settings: Settings
) -> None:
    made = change(monday, settings, "a1", "ann", "13:00", hold=True)
    assert refused_undo(monday, settings, made, hanoi("09:30")) == {"too_late"}


def test_what_ought_to_be_under_way_stands_in_the_way(monday: Session, settings: Settings) -> None:
    """As the change left it, Ann attends one job after the other from half past eight on."""
    made = change(monday, settings, "a1", "ann", "13:00")
    assert refused_undo(monday, settings, made, hanoi("09:30")) == {"begun"}


def test_what_was_changed_since_stands_in_the_way(monday: Session, settings: Settings) -> None:
    made = change(monday, settings, "new", "bob")
    place_job(
        monday, "new", PlaceRequest(technician_id="ann", day=MONDAY), settings, actor="e", at=EIGHT
    )
    monday.commit()
    assert refused_undo(monday, settings, made) == {"changed_since"}
    off = change(monday, settings, "a2", None)
    place_job(
        monday, "a2", PlaceRequest(technician_id="bob", day=MONDAY), settings, actor="e", at=EIGHT
    )
    monday.commit()
    assert refused_undo(monday, settings, off) == {"changed_since"}


def test_changes_are_undone_one_after_the_other(monday: Session, settings: Settings) -> None:
    states = [routes(monday)]
    made = []
    for job, technician in (("a2", "bob"), ("new", "bob"), ("a2", None), ("b1", "ann")):
        made.append(change(monday, settings, job, technician))
        states.append(routes(monday))
    assert refused_undo(monday, settings, made[0]) == {"changed_since"}
    undone = []
    for one in reversed(made):
        states.pop()
        undone.append(undo(monday, settings, one))
        assert routes(monday) == states[-1]
    assert len(states) == 1
    for one in reversed(undone):
        undo(monday, settings, one)
    assert "new" in in_force(monday)["bob"]


def test_a_job_that_was_cancelled_since_does_not_come_back(
    monday: Session, settings: Settings
) -> None:
    made = change(monday, settings, "a2", "bob")
    cancel_job(monday, "a2", actor="eve")
    cancel_job(monday, "b1", actor="eve")
    monday.commit()
    undo(monday, settings, made)
    assert in_force(monday) == {"ann": ["a1"]}
    assert status(monday, "a2") == JobStatus.CANCELLED


def test_only_changes_by_hand_can_be_undone(monday: Session, settings: Settings) -> None:
    for version in (1, 99):
        with pytest.raises(NotFound):
            undo_change(monday, version, settings, actor="dana", at=EIGHT)
    assert monday.exec(select(Plan).where(Plan.version == 1)).one()
