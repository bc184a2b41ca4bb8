"""Who is quick and who is slow: visits take each their own share of the usual time."""

from datetime import timedelta
from fractions import Fraction

import pytest
from sqlmodel import Session, col, select

from dispatch.by_hand.judging import judge
from dispatch.by_hand.moves import Move
from dispatch.errors import Conflict
from dispatch.models import Job, JobStatus, PlacementStatus, RunStatus, Stop, Technician
from dispatch.placing.placing import PlaceRequest, live_day, place_job
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.outgrown import outgrown
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.planning.unable import Why
from dispatch.settings import Settings
from dispatch.views.itinerary import daily_route
from tests.dispatch.changing import change
from tests.dispatch.crew import (
    MONDAY,
    add_job,
    add_link,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.drafting import in_force
from tests.dispatch.follow_up import EIGHT, changed, everything_holds, follow
from tests.dispatch.running import executed
from tests.dispatch.translating import shift, translated, visit

pytestmark = pytest.mark.any_database

SIX = hanoi("06:00")


def visit_of(session: Session, job_id: str) -> Stop:
    return session.exec(select(Stop).where(Stop.job_id == job_id, col(Stop.live))).one()


def wish(technician: str) -> PlaceRequest:
    return PlaceRequest(day=MONDAY, technician_id=technician)


def minutes(session: Session, job_id: str) -> float:
    stop = visit_of(session, job_id)
    return (stop.departure_at - stop.start_at) / timedelta(minutes=1)


def test_a_pace_is_a_share_of_the_usual_time(session: Session, settings: Settings) -> None:
    add_technician(session, "old hand", pace_percent=85)
    add_technician(session, "usual")
    found = translated(session, settings)
    assert [s.pace for s in found.problem.shifts] == [Fraction(17, 20), Fraction(1)]
    assert not shift(found, 1).is_paced


def test_a_plan_gives_everybody_the_time_that_they_take(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "veteran", at=0, pace_percent=85)
    add_technician(session, "trainee", at=30, pace_percent=130)
    for name, at in (("south", 0), ("north", 30)):
        add_job(session, name, at=at, minutes=60)
    session.commit()
    run = executed(session, settings, publish=True)
    assert run.status == RunStatus.FINISHED
    assert in_force(session) == {"trainee": ["north"], "veteran": ["south"]}
    assert (minutes(session, "south"), minutes(session, "north")) == (51, 78)
    for clock in ("06:00", "08:10", "08:40"):
        assert everything_holds(session, settings, hanoi(clock))


def test_what_a_trainee_has_no_time_for_goes_to_who_has(
    session: Session, settings: Settings
) -> None:
    """Two hours next door before noon, in a shift of two hours; the other one comes from afar."""
    add_technician(session, "near", at=0, hours=[("10:00", "12:00")], pace_percent=101)
    add_technician(session, "far", at=20)
    add_job(session, "long", at=0, minutes=120)
    session.commit()
    executed(session, settings, publish=True)
    assert in_force(session) == {"far": ["long"]}
    changed(session, lambda s: setattr(s.get_one(Technician, "near"), "pace_percent", 100))
    executed(session, settings, publish=True)
    assert in_force(session) == {"near": ["long"]}


@pytest.fixture
def quick(session: Session) -> Session:
    """A veteran's morning as it was published: visits of an hour that take her 45 minutes."""
    add_technician(session, "ann", at=0, pace_percent=75)
    for name in ("a", "b", "c"):
        add_job(session, name, at=0, minutes=60)
    add_live_route(session, "ann", [("a", "08:00"), ("b", "08:45"), ("c", "09:30")], minutes=45)
    session.commit()
    return session


@pytest.mark.parametrize("clock", ["06:00", "08:10", "08:40", "09:15"])
def test_nothing_is_outgrown_because_somebody_is_quick(
    quick: Session, settings: Settings, clock: str
) -> None:
    quick.get_one(Job, "b").pinned_technician_id = "ann"
    quick.commit()
    found = translated(quick, settings, at=hanoi(clock))
    assert not outgrown(found)
    assert everything_holds(quick, settings, hanoi(clock))


def test_what_is_about_to_begin_stays_with_who_is_quick(quick: Session, settings: Settings) -> None:
    """Its published time is as long as it takes her: nothing lets it go within the freeze time."""
    live = live_day(quick, MONDAY, settings, hanoi("08:30"))
    assert "b" in live.translation.begun


def test_who_is_late_is_expected_to_work_as_quickly_as_always(
    quick: Session, settings: Settings
) -> None:
    job = quick.get_one(Job, "a")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("08:30")
    quick.commit()
    [route] = daily_route(quick, "ann", MONDAY, settings, at=hanoi("08:40")).routes
    assert [f"{stop.expected_departure_at:%H:%M}" for stop in route.stops] == [
        "09:15",
        "10:00",
        "10:45",
    ]


def test_who_turns_out_to_be_slower_gets_the_time_for_it(
    quick: Session, settings: Settings
) -> None:
    changed(quick, lambda s: setattr(s.get_one(Technician, "ann"), "pace_percent", 100))
    broken = broken_visits(quick, settings, SIX)
    assert {one.cause.why for one in broken.values()} == {Why.NO_TIME}
    found = follow(quick, settings, EIGHT)
    assert {row.status for row in found.values()} <= {
        PlacementStatus.PLACED,
        PlacementStatus.WITHDRAWN,
    }
    assert everything_holds(quick, settings, EIGHT)
    assert {name: minutes(quick, name) for name in "bc"} == {"b": 60, "c": 60}


def test_who_turns_out_to_be_quicker_keeps_the_day_until_it_is_planned_again(
    quick: Session, settings: Settings
) -> None:
    changed(quick, lambda s: setattr(s.get_one(Technician, "ann"), "pace_percent", 50))
    assert follow(quick, settings, EIGHT) == {}
    executed(quick, settings, publish=True)
    assert {minutes(quick, name) for name in "abc"} == {30}


def test_a_job_by_hand_takes_the_time_of_whom_it_goes_to(
    session: Session, settings: Settings
) -> None:
    for name, percent in (("ann", 50), ("bob", 200)):
        add_technician(session, name, at=0, pace_percent=percent)
    add_job(session, "a", at=0, minutes=60, windows=[(hanoi("09:00"), hanoi("15:00"))])
    session.commit()
    place_job(session, "a", PlaceRequest(day=MONDAY), settings, actor="dana", at=SIX)
    session.commit()
    assert minutes(session, "a") == 30
    judged = judge(live_day(session, MONDAY, settings, SIX), Move("a", "bob", MONDAY, 9 * 3600))
    [stop] = [stop for route in judged.after for stop in route.stops]
    assert stop.departure - stop.start == 2 * 3600
    change(session, settings, "a", "bob", "09:00", at=SIX)
    assert minutes(session, "a") == 120


@pytest.mark.parametrize(("percent", "latest"), [(100, "10:00"), (150, "09:30"), (50, "10:00")])
def test_who_comes_first_has_to_be_done_in_time_however_slow(
    session: Session, settings: Settings, percent: int, latest: str
) -> None:
    """What comes after it is on another's route and stays there; bob, who is as usual, may be the
    one to make it, or ann."""
    add_technician(session, "ann", at=0, pace_percent=percent)
    add_technician(session, "bob", at=0)
    add_technician(session, "carl", at=0)
    add_job(session, "first", at=0, minutes=60)
    add_job(session, "second", at=0, windows=[(hanoi("11:00"), hanoi("11:00"))])
    add_live_route(session, "carl", [("second", "11:00")])
    add_link(session, "L", "after", "first", "second", least_minutes=0)
    session.commit()
    live = live_day(session, MONDAY, settings, SIX)
    windows = live.draft.visit("first").windows
    assert {live.translation.moment(window.end) for window in windows} == {hanoi(latest)}
    place_job(session, "first", PlaceRequest(day=MONDAY), settings, actor="dana", at=SIX)
    session.commit()
    assert visit_of(session, "first").departure_at <= hanoi("11:00")
    assert everything_holds(session, settings, SIX)


def test_a_slow_visit_in_force_keeps_its_link_when_others_are_placed(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0, pace_percent=150)
    add_technician(session, "carl", at=0)
    add_job(session, "first", at=0, minutes=60)
    add_job(session, "second", at=0)
    add_job(session, "new", at=0, windows=[(hanoi("08:00"), hanoi("08:20"))])
    add_job(session, "more", at=0, windows=[(hanoi("11:00"), hanoi("12:00"))])
    add_live_route(session, "ann", [("first", "08:00")], minutes=90)
    add_live_route(session, "carl", [("second", "09:30")])
    add_link(session, "L", "after", "first", "second", least_minutes=0, most_minutes=0)
    session.commit()
    assert everything_holds(session, settings, SIX)
    live = live_day(session, MONDAY, settings, SIX)
    [window] = live.draft.visit("first").windows
    assert live.translation.moment(window.start) == hanoi("08:00")
    with pytest.raises(Conflict):
        place_job(session, "new", wish("ann"), settings, actor="dana", at=SIX)
    place_job(session, "new", wish("carl"), settings, actor="dana", at=SIX)
    place_job(session, "more", wish("ann"), settings, actor="dana", at=SIX)
    session.commit()
    assert visit_of(session, "first").departure_at == visit_of(session, "second").start_at


@pytest.mark.parametrize("is_in_force", [True, False])
def test_a_plan_of_some_has_the_slow_done_before_others_go_on(
    session: Session, settings: Settings, is_in_force: bool
) -> None:
    add_technician(session, "ann", at=0, pace_percent=150)
    add_technician(session, "carl", at=0)
    add_job(session, "first", at=0, minutes=60, windows=[(hanoi("09:30"), hanoi("15:00"))])
    add_job(session, "second", at=0)
    add_live_route(session, "carl", [("second", "11:00")])
    if is_in_force:
        add_live_route(session, "ann", [("first", "09:30")], minutes=90)
    add_link(session, "L", "after", "first", "second", least_minutes=0)
    session.commit()
    executed(session, settings, publish=True, technician_ids=["ann"])
    found = visit_of(session, "first")
    assert (found.start_at, found.departure_at) == (hanoi("09:30"), hanoi("11:00"))


def test_who_is_in_force_before_others_counts_with_the_time_that_it_takes_there(
    session: Session, settings: Settings
) -> None:
    """At ann's pace it would have to begin earlier than it does with bob."""
    add_technician(session, "ann", at=0, pace_percent=150)
    for name in ("bob", "carl"):
        add_technician(session, name, at=0)
    add_job(session, "first", at=0, minutes=60)
    add_job(session, "second", at=0)
    add_live_route(session, "carl", [("second", "11:00")])
    add_live_route(session, "bob", [("first", "10:00")], minutes=60)
    add_link(session, "L", "after", "first", "second", least_minutes=0)
    session.flush()
    scope = Scope(MONDAY, MONDAY, None, frozenset({"ann", "bob"}))
    found = to_problem(load_snapshot(session, scope, SIX), settings)
    assert [found.moment(one.end) for one in visit(found, "first").windows] == [hanoi("10:00")]
