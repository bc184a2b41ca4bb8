"""Jobs that cannot wait find their place by themselves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.company.sites import SiteChange, change_site
from dispatch.jobs.jobs import cancel_job
from dispatch.jobs.placements import ask_for_place
from dispatch.models import (
    Job,
    JobStatus,
    LogEntry,
    Placement,
    PlacementStatus,
    Plan,
    PlanUnassigned,
    Priority,
    Stop,
)
from dispatch.placing import placer
from dispatch.placing.placer import AT_ONCE, Placer, place_waiting
from dispatch.planning.candidates import CandidateRoute
from dispatch.planning.conflicts import Conflicts
from dispatch.planning.live_day import LiveDay
from dispatch.planning.live_days import LiveDays
from dispatch.planning.plan_rows import in_force as solution_in_force
from dispatch.planning.snapshot import live_routes
from dispatch.settings import Settings
from dispatch.store import reading
from solver.judge.check import check
from solver.judge.cost import cost
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
    north,
)
from tests.dispatch.drafting import in_force, status
from tests.dispatch.translating import translated
from tests.dispatch.waiting import until

EIGHT = hanoi("08:00")


@pytest.fixture
def monday(engine: Engine) -> Iterator[Session]:
    """Ann in the south with two visits, Bob in the north with one."""
    with Session(engine) as session:
        add_technician(session, "ann", at=0)
        add_technician(session, "bob", at=20)
        for name, at in (("a1", 1), ("a2", 4), ("b1", 19)):
            add_job(session, name, at=at)
        add_live_route(session, "ann", [("a1", "09:00"), ("a2", "12:00")])
        add_live_route(session, "bob", [("b1", "09:00")])
        session.commit()
        yield session


@pytest.fixture
def days(engine: Engine, settings: Settings) -> LiveDays:
    return LiveDays(reading(engine), settings)


def ask(session: Session, *names: str) -> None:
    for name in names:
        ask_for_place(session, name, trigger="alert", actor="sensor")
    session.commit()


def settle(
    session: Session, days: LiveDays, settings: Settings, at: datetime = EIGHT
) -> dict[str, Placement]:
    """Work off the list; by job, what became of the last wish for it."""
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    while place_waiting(engine, days, settings, at):
        pass
    session.expire_all()
    rows = session.exec(select(Placement).order_by(col(Placement.id))).all()
    return {row.job_id: row for row in rows}


def test_a_waiting_job_gets_its_place(monday: Session, days: LiveDays, settings: Settings) -> None:
    add_job(monday, "new", at=2)
    ask(monday, "new")
    found = settle(monday, days, settings)["new"]
    assert (found.status, found.settled_at) == (PlacementStatus.PLACED, EIGHT)
    assert in_force(monday) == {"ann": ["a1", "new", "a2"], "bob": ["b1"]}
    assert monday.get_one(Plan, found.plan_id).version == 2


def test_a_visit_at_a_site_that_turns_out_to_be_elsewhere_goes_to_who_is_near(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    days.at(MONDAY, EIGHT)  # where it was thought to be
    latitude, longitude = north(18)
    moved = SiteChange(latitude=latitude, longitude=longitude)
    site_id = monday.get_one(Job, "a2").site_id
    change_site(monday, site_id, moved, actor="dana", settings=settings)
    monday.commit()
    assert settle(monday, days, settings)["a2"].status == PlacementStatus.PLACED
    assert in_force(monday) == {"ann": ["a1"], "bob": ["a2", "b1"]}
    found = translated(monday, settings, at=EIGHT)
    solution = solution_in_force(found)
    assert solution is not None
    costs = cost(found.problem, solution.routes, ())
    assert check(found.problem, replace(solution, cost=costs)) == ()


def test_jobs_that_wait_together_come_into_one_version(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    for number in range(4):
        add_job(monday, f"n{number}", at=2 + number)
    ask(monday, "n0", "n1", "n2", "n3")
    found = settle(monday, days, settings)
    assert {row.plan_id for row in found.values()} == {found["n0"].plan_id}
    assert {name for names in in_force(monday).values() for name in names} == {
        "a1", "a2", "b1", "n0", "n1", "n2", "n3"
    }  # fmt: skip


def test_more_jobs_than_fit_into_one_version_come_into_several(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    names = [f"n{number}" for number in range(AT_ONCE + 1)]
    for name in names:
        add_job(monday, name, at=2, minutes=5)
    ask(monday, *names)
    found = settle(monday, days, settings)
    assert all(row.status == PlacementStatus.PLACED for row in found.values())
    assert len({row.plan_id for row in found.values()}) == 2


def test_a_job_that_cannot_be_attended_today_gets_a_place_on_a_later_day(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    add_job(monday, "later", at=2, windows=[(hanoi("09:00", TUESDAY), hanoi("10:00", TUESDAY))])
    ask(monday, "later")
    found = settle(monday, days, settings)["later"]
    assert found.status == PlacementStatus.PLACED
    assert monday.get_one(Plan, found.plan_id).starts_on == TUESDAY


def test_a_job_for_next_month_is_left_to_its_plan(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    soon = hanoi("09:00", MONDAY + timedelta(days=30))
    add_job(monday, "later", at=2, windows=[(soon, soon + timedelta(hours=2))])
    ask(monday, "later")
    assert settle(monday, days, settings)["later"].status == PlacementStatus.WITHDRAWN


def test_a_job_that_nobody_can_do_is_told_with_the_cause(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    add_job(monday, "hard", at=2, skills={"gas": 1})
    add_job(monday, "nowhere", at=None)
    ask(monday, "hard", "nowhere")
    found = settle(monday, days, settings)
    assert {row.status for row in found.values()} == {PlacementStatus.NO_PLACE}
    assert "gas" in (found["hard"].cause or "")
    assert "coordinates" in (found["nowhere"].cause or "")


def test_a_job_that_was_cancelled_meanwhile_needs_no_place(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    add_job(monday, "new", at=2)
    ask(monday, "new")
    cancel_job(monday, "new", actor="dana")
    monday.commit()
    found = settle(monday, days, settings)["new"]
    assert (found.status, found.cause) == (PlacementStatus.WITHDRAWN, "It is cancelled.")


def test_asking_twice_is_as_asking_once(monday: Session) -> None:
    add_job(monday, "new", at=2)
    ask(monday, "new", "new")
    assert len(monday.exec(select(Placement)).all()) == 1


@pytest.fixture
def crowded(engine: Engine) -> Iterator[Session]:
    """Cyd is alone, and has a low and a high job until evening."""
    with Session(engine) as session:
        add_technician(session, "cyd", at=0)
        add_job(session, "low", at=1, minutes=220, priority=Priority.LOW)
        add_job(session, "high", at=1, minutes=220, priority=Priority.HIGH)
        add_live_route(session, "cyd", [("high", "08:40"), ("low", "12:30")], minutes=220)
        session.commit()
        yield session


def test_an_emergency_takes_the_place_of_the_least_important_job(
    crowded: Session, days: LiveDays, settings: Settings
) -> None:
    add_job(crowded, "fire", at=1, minutes=120, priority=Priority.EMERGENCY)
    ask(crowded, "fire")
    found = settle(crowded, days, settings)
    assert found["fire"].bumped_job_ids == ["low"]
    live = [found.stops for found in live_routes(crowded, MONDAY, MONDAY)]
    assert [[stop.job_id for stop in stops] for stops in live] == [["fire", "high"]]
    (left_out,) = crowded.exec(select(PlanUnassigned)).all()
    assert (left_out.job_id, left_out.reasons[0]["code"]) == ("low", "bumped")


def test_who_was_bumped_looks_for_the_next_best_place(
    crowded: Session, days: LiveDays, settings: Settings
) -> None:
    add_job(crowded, "fire", at=1, minutes=120, priority=Priority.EMERGENCY)
    ask(crowded, "fire")
    found = settle(crowded, days, settings)["low"]
    assert (found.trigger, found.status) == ("bumped", PlacementStatus.PLACED)
    assert crowded.get_one(Plan, found.plan_id).starts_on == TUESDAY


def test_nobody_is_bumped_for_less_than_the_policy_says(
    crowded: Session, days: LiveDays, settings: Settings
) -> None:
    window = [(hanoi("08:00"), hanoi("17:00"))]
    add_job(crowded, "urgent", at=1, minutes=120, priority=Priority.URGENT, windows=window)
    ask(crowded, "urgent")
    found = settle(crowded, days, settings)["urgent"]
    assert found.status == PlacementStatus.NO_PLACE
    assert in_force(crowded) == {"cyd": ["high", "low"]}
    allowed = settings.model_copy(update={"bump_for": Priority.URGENT})
    ask(crowded, "urgent")
    assert settle(crowded, days, allowed)["urgent"].bumped_job_ids == ["low"]


def test_what_is_promised_or_more_important_is_not_bumped(
    crowded: Session, days: LiveDays, settings: Settings
) -> None:
    crowded.get_one(Job, "low").told_at = EIGHT
    crowded.get_one(Job, "high").priority = Priority.EMERGENCY
    window = [(hanoi("08:00"), hanoi("17:00"))]
    add_job(crowded, "fire", at=1, minutes=120, priority=Priority.EMERGENCY, windows=window)
    ask(crowded, "fire")
    assert settle(crowded, days, settings)["fire"].status == PlacementStatus.NO_PLACE


def test_a_job_that_cannot_be_looked_at_keeps_no_other_from_its_place(
    monday: Session, days: LiveDays, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_job(monday, "good", at=2)
    add_job(monday, "odd", at=3)
    ask(monday, "odd", "good")

    def stumble(self: LiveDay, job_id: str, *given: Any, **others: Any) -> list[CandidateRoute]:
        if job_id == "odd":
            raise AssertionError("odd")
        return ways(self, job_id, *given, **others)

    ways = LiveDay.ways
    monkeypatch.setattr(LiveDay, "ways", stumble)
    found = settle(monday, days, settings)
    assert found["good"].status == PlacementStatus.PLACED
    assert found["odd"].status == PlacementStatus.NO_PLACE
    assert "could not look" in (found["odd"].cause or "")


def test_who_asked_and_what_came_of_it_is_in_the_log(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    add_job(monday, "new", at=2)
    ask(monday, "new")
    settle(monday, days, settings)
    entries = monday.exec(
        select(LogEntry).where(LogEntry.entity == "placement").order_by(col(LogEntry.id))
    ).all()
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("sensor", "ask"),
        ("sensor", "placed"),
    ]


def test_the_placer_works_by_itself_until_it_is_stopped(
    engine: Engine, days: LiveDays, settings: Settings
) -> None:
    with Session(engine) as session:
        add_technician(session, "ann", at=0)
        add_job(session, "new", at=2)
        ask(session, "new")
        placer = Placer(settings, days, Conflicts(reading(engine), settings))
        placer.start()
        placer.wake()

        def is_settled() -> bool:
            session.rollback()
            return status(session, "new") == JobStatus.SCHEDULED

        until(is_settled)
        assert placer.is_alive
        placer.stop()
        assert not placer.is_alive


def test_an_emergency_does_not_wait_behind_a_heap_of_others(
    monday: Session, days: LiveDays, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placer, "AT_ONCE", 1)
    add_job(monday, "x", at=5)
    add_job(monday, "fire", at=18, priority=Priority.EMERGENCY)
    ask(monday, "x", "fire")
    assert place_waiting(monday.get_bind(), days, settings, EIGHT) == 1
    rows = monday.exec(select(Placement).order_by(col(Placement.id))).all()
    assert [row.status for row in rows] == [PlacementStatus.WAITING, PlacementStatus.PLACED]


def test_an_emergency_is_gone_to_at_once_whatever_detour_that_is(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    add_technician(monday, "cyd", at=9)
    for name, at in (("c1", 8), ("c2", 4)):
        add_job(monday, name, at=at)
    add_live_route(monday, "cyd", [("c1", "09:00"), ("c2", "12:00")])
    add_job(monday, "fire", at=5, priority=Priority.EMERGENCY)
    ask(monday, "fire")
    settle(monday, days, settings)
    ((name, order),) = [(who, on) for who, on in in_force(monday).items() if "fire" in on]
    assert order[0] == "fire"
    assert name in ("ann", "cyd")


def test_who_is_idle_is_sent_to_an_emergency_rather_than_who_comes_by_later(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    monday.get_one(Job, "a1").pinned_start_at = hanoi("08:05")
    monday.get_one(Job, "a1").duration_minutes = 120
    add_technician(monday, "idle", at=12)
    add_job(monday, "fire", at=1, priority=Priority.EMERGENCY)
    ask(monday, "fire")
    settle(monday, days, settings)
    assert in_force(monday)["idle"] == ["fire"]


def test_an_urgent_job_is_in_time_where_that_costs_only_driving(
    monday: Session, days: LiveDays, settings: Settings
) -> None:
    later = monday.get_one(Job, "b1")
    later.pinned_technician_id, later.pinned_start_at = "bob", hanoi("15:00")
    due = hanoi("10:00")
    add_job(monday, "soon", at=18, pinned_technician_id="bob", priority=Priority.URGENT, due_at=due)
    ask(monday, "soon")
    settle(monday, days, settings)
    stop = monday.exec(select(Stop).where(Stop.job_id == "soon", col(Stop.live))).one()
    assert stop.departure_at <= due
