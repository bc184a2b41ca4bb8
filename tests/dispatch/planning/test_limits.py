"""How much a technician's route may have: visits, minutes of travel, kilometres."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch.by_hand.judgements import PlanChange, judge_change
from dispatch.by_hand.why_not import explain_unassigned
from dispatch.company.technicians import TechnicianChange, change_technician
from dispatch.errors import Conflict
from dispatch.models import (
    Absence,
    Job,
    JobStatus,
    JobWindow,
    LogEntry,
    PlacementStatus,
    PlanUnassigned,
    Position,
    Priority,
    RunStatus,
    Technician,
)
from dispatch.placing.following import Follower
from dispatch.placing.placing import PlaceRequest, live_day, place_job
from dispatch.planning.conflicts import Conflicts, broken_visits
from dispatch.planning.live_day import LiveDay
from dispatch.planning.unable import Why
from dispatch.settings import Settings
from dispatch.store import reading
from solver.explain.reasons import reasons
from solver.solution import ReasonCode, Rule
from tests.dispatch.crew import MONDAY, add_job, add_live_route, add_technician, hanoi
from tests.dispatch.drafting import in_force, status
from tests.dispatch.follow_up import EIGHT, changed, everything_holds, follow
from tests.dispatch.reporting import take
from tests.dispatch.running import executed
from tests.dispatch.translating import shift, translated

pytestmark = pytest.mark.any_database

SIX = hanoi("06:00")


def limited(technician: str, **limits: int | None) -> Callable[[Session], None]:
    def change(session: Session) -> None:
        row = session.get_one(Technician, technician)
        for name, value in limits.items():
            setattr(row, name, value)

    return change


def test_limits_are_those_of_each_shift_and_none_is_none(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", max_visits=3, max_travel_minutes=90, max_distance_km=50)
    add_technician(session, "bob")
    found = translated(session, settings)
    assert shift(found, 0).limits == {
        "max_visits": 3,
        "max_travel": 5_400,
        "max_distance": 50_000,
    }
    assert shift(found, 1).limits == {}


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ({}, 4),
        ({"max_visits": 2}, 2),
        ({"max_travel_minutes": 16}, 2),
        ({"max_distance_km": 10}, 3),
    ],
)
def test_a_plan_keeps_the_limits(
    session: Session, settings: Settings, limits: dict[str, int], most: int
) -> None:
    add_technician(session, "ann", at=0, **limits)
    for number in range(1, 5):
        add_job(session, f"j{number}", at=number)
    session.commit()
    run = executed(session, settings, publish=True)
    assert run.status == RunStatus.FINISHED
    assert len(in_force(session)["ann"]) == most
    assert everything_holds(session, settings, SIX)


def test_what_nobody_may_have_any_more_says_that_limits_are_in_the_way(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0, max_distance_km=5)
    add_job(session, "far", at=20)
    session.commit()
    live = live_day(session, MONDAY, settings, SIX)
    [reason] = reasons(live.draft, live.draft.visit("far"))
    assert (reason.code, reason.rule) == (ReasonCode.IMPOSSIBLE, Rule.LIMITS)
    [ann] = explain_unassigned(session, "far", settings, day=MONDAY, at=SIX).technicians
    [obstacle] = ann.obstacles
    assert (obstacle.rule, obstacle.subject, obstacle.unit) == ("limits", "max_distance", "metres")
    assert not ann.changes


@pytest.fixture
def four(session: Session) -> Session:
    """Ann's morning of four visits on the way up the road; bob is free, and lives far away."""
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=40)
    for number, priority in enumerate(
        (Priority.NORMAL, Priority.LOW, Priority.NORMAL, Priority.HIGH), start=1
    ):
        add_job(session, f"j{number}", at=number, priority=priority)
    add_live_route(
        session, "ann", [("j1", "08:30"), ("j2", "09:30"), ("j3", "10:30"), ("j4", "11:30")]
    )
    session.commit()
    return session


def causes(session: Session, settings: Settings, at: str = "06:00") -> dict[str, Why]:
    found = broken_visits(session, settings, hanoi(at))
    return {name: one.cause.why for name, one in found.items()}


def test_a_limit_that_is_set_is_followed_at_once_and_the_least_important_go(
    four: Session, settings: Settings
) -> None:
    changed(four, limited("ann", max_visits=2))
    assert causes(four, settings) == {"j2": Why.OVER_LIMIT, "j3": Why.OVER_LIMIT}
    one = broken_visits(four, settings, SIX)["j2"]
    assert one.cause.values == {"limit": "max_visits", "most": 2, "has": 4}
    found = follow(four, settings, EIGHT)
    assert {name: row.status for name, row in found.items()} == {
        "j2": PlacementStatus.PLACED,
        "j3": PlacementStatus.PLACED,
    }
    assert in_force(four) == {"ann": ["j1", "j4"], "bob": ["j2", "j3"]}
    assert everything_holds(four, settings, EIGHT)


def test_what_nobody_else_may_have_waits_with_the_reason(four: Session, settings: Settings) -> None:
    """On no other day, either."""
    four.add(JobWindow(job_id="j2", starts_at=hanoi("08:00"), ends_at=hanoi("17:00")))
    changed(four, limited("ann", max_visits=3))
    changed(four, lambda s: setattr(s.get_one(Technician, "bob"), "active", False))
    assert not live_day(four, MONDAY, settings, SIX).translation.snapshot.doomed
    follow(four, settings, EIGHT)
    assert in_force(four) == {"ann": ["j1", "j3", "j4"]}
    assert status(four, "j2") == JobStatus.OPEN
    row = four.exec(select(PlanUnassigned).where(PlanUnassigned.job_id == "j2")).one()
    assert row.reasons[0]["code"] == "over_limit"
    assert "3 visits at most" in row.reasons[0]["message"]


@pytest.mark.parametrize("limit", [{"max_travel_minutes": 24}, {"max_distance_km": 10}])
def test_who_may_travel_less_leaves_out_what_lies_furthest(
    four: Session, settings: Settings, limit: dict[str, int]
) -> None:
    for name in ("j2", "j4"):
        four.get_one(Job, name).priority = Priority.NORMAL
    changed(four, limited("ann", **limit))
    assert causes(four, settings) == {"j4": Why.OVER_LIMIT}
    follow(four, settings, EIGHT)
    assert in_force(four)["ann"] == ["j1", "j2", "j3"]
    assert everything_holds(four, settings, EIGHT)


def test_pinned_visits_are_the_last_to_leave(four: Session, settings: Settings) -> None:
    four.get_one(Job, "j2").pinned_technician_id = "ann"
    changed(four, limited("ann", max_visits=3))
    assert causes(four, settings) == {"j3": Why.OVER_LIMIT}


def test_what_has_begun_counts_and_stays(four: Session, settings: Settings) -> None:
    """At half past nine two are done: one more may come, and what was to come beyond that goes."""
    take(four, "completed", "09:00", job="j1", received="09:01")
    take(four, "on_site", "09:30", job="j2", received="09:31")
    at = hanoi("09:35")
    assert shift(translated(four, settings, at=at)).limits == {}
    changed(four, limited("ann", max_visits=3, max_travel_minutes=60))
    found = translated(four, settings, at=at)
    assert shift(found).max_visits == 1
    assert (shift(found).max_travel or 0) < 60 * 60
    assert causes(four, settings, "09:35") == {"j3": Why.OVER_LIMIT}
    follow(four, settings, at)
    assert in_force(four) == {"ann": ["j1", "j2", "j4"], "bob": ["j3"]}
    assert everything_holds(four, settings, at)
    executed(four, settings, publish=True)


def test_who_has_gone_round_by_another_way_keeps_what_was_planned(
    four: Session, settings: Settings
) -> None:
    """What is in force was within the limit; where ann is seen, she has driven more than that."""
    changed(four, limited("ann", max_distance_km=13))
    assert everything_holds(four, settings, SIX)
    take(four, "completed", "08:40", job="j1", received="08:41")
    four.add(Position(technician_id="ann", latitude=21.2, longitude=105.8, at=hanoi("08:45")))
    four.commit()
    at = hanoi("08:50")
    found = translated(four, settings, at=at)
    assert shift(found).start_location == found.locations["position ann"]
    assert not LiveDay(found).lost
    assert everything_holds(four, settings, at)


def test_a_limit_keeps_more_out_however_it_is_asked_for(four: Session, settings: Settings) -> None:
    changed(four, limited("ann", max_visits=4))
    add_job(four, "new", at=2, priority=Priority.LOW)
    four.commit()
    wish = PlaceRequest(day=MONDAY, technician_id="ann")
    with pytest.raises(Conflict):
        place_job(four, "new", wish, settings, actor="dana", at=SIX)
    four.rollback()
    judged = judge_change(
        four, PlanChange(job_id="new", technician_id="ann", day=MONDAY), settings, at=SIX
    )
    assert not judged.possible
    assert [(one.rule, one.subject, one.amount) for one in judged.violations] == [
        ("limits", "max_visits", 1)
    ]
    assert judged.violations[0].message == "ann has 1 visit more than may be on the route"
    place_job(four, "new", PlaceRequest(day=MONDAY), settings, actor="dana", at=SIX)
    four.commit()
    assert in_force(four)["bob"] == ["new"]


def test_a_shift_that_an_absence_has_cut_goes_on_with_what_is_left(
    four: Session, settings: Settings
) -> None:
    take(four, "completed", "09:00", job="j1", received="09:01")
    take(four, "completed", "10:00", job="j2", received="10:01")
    four.add(
        Absence(
            id="A",
            technician_id="ann",
            starts_at=hanoi("10:30"),
            ends_at=hanoi("11:00"),
        )
    )
    changed(four, limited("ann", max_visits=5))
    found = translated(four, settings, at=hanoi("10:05"))
    theirs = [one for one in found.problem.shifts if one.technician == "ann"]
    assert [one.max_visits for one in theirs] == [3, 3]


def test_a_limit_that_is_set_over_http_is_followed_like_one_from_a_file(
    four: Session, settings: Settings
) -> None:
    engine = four.get_bind()
    assert isinstance(engine, Engine)
    follower = Follower(engine, settings, Conflicts(reading(engine), settings))
    follower.look(EIGHT)
    change = TechnicianChange(max_visits=3)
    assert change_technician(four, "ann", change, actor="dana").max_visits == 3
    four.commit()
    assert follower.look(EIGHT) == 1
    entry = four.exec(select(LogEntry).where(LogEntry.entity == "technician")).one()
    assert (entry.action, entry.before, entry.after) == (
        "change",
        {"max_visits": None},
        {"max_visits": 3},
    )
    change_technician(four, "ann", change, actor="dana")
    four.commit()
    assert len(four.exec(select(LogEntry).where(LogEntry.entity == "technician")).all()) == 1
