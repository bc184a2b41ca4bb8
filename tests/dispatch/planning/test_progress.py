"""How far a route has come when its technician is ahead of it, and what plans make of that."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from dispatch import models
from dispatch.models import Job, JobStatus
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.loading import live_day_of
from dispatch.planning.plan_rows import to_plan
from dispatch.planning.progress import History
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.translation import Translation
from dispatch.settings import Settings
from dispatch.views.itinerary import daily_route
from solver.judge.check import check
from solver.solve import Limit, solve
from tests.dispatch.crew import (
    HANOI,
    MONDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.translating import shift

pytestmark = pytest.mark.any_database

BEFORE_THE_SHIFT = ("06:40", "07:10", "07:50")


@pytest.fixture
def early(session: Session) -> Session:
    """Ann's Monday from eight o'clock on: three visits of an hour, the first of which she has made
    at dawn."""
    add_technician(session, "ann", at=0)
    for name, at in (("a1", 5), ("a2", 6), ("a3", 7)):
        add_job(session, name, at=at, minutes=60)
    add_live_route(session, "ann", [("a1", "08:30"), ("a2", "09:40"), ("a3", "10:50")], minutes=60)
    done(session, "a1", "05:10", "06:00")
    return session


def done(session: Session, job: str, arrived: str, departed: str) -> None:
    row = session.get_one(Job, job)
    row.status = JobStatus.COMPLETED
    row.arrived_at, row.departed_at = hanoi(arrived), hanoi(departed)
    session.commit()


def translated(session: Session, settings: Settings, clock: str) -> Translation:
    snapshot = load_snapshot(session, Scope(MONDAY, MONDAY), hanoi(clock), settings.freeze)
    return live_day_of(snapshot, settings).translation


def history(session: Session, settings: Settings, clock: str) -> History:
    (found,) = translated(session, settings, clock).histories
    return found


def planned(session: Session, settings: Settings, clock: str) -> list[models.Stop]:
    """The stops of a plan that is made then."""
    found = translated(session, settings, clock)
    solution = solve(found.problem, Limit(iterations=50), seed=0)
    assert check(found.problem, solution) == ()
    (route,) = to_plan(found, solution, None).routes
    return route.stops


@pytest.mark.parametrize("clock", BEFORE_THE_SHIFT)
def test_whoever_was_done_before_the_shift_goes_on_when_it_begins(
    early: Session, settings: Settings, clock: str
) -> None:
    found = translated(early, settings, clock)
    (begun,) = found.histories
    assert begun.ends_at >= hanoi("08:00")
    assert found.moment(shift(found).start) == begun.ends_at
    assert shift(found).start_location == found.locations[begun.last_place or ""]


@pytest.mark.parametrize("clock", [*BEFORE_THE_SHIFT, "08:10", "09:00"])
def test_no_plan_has_anybody_in_two_places_at_once(
    early: Session, settings: Settings, clock: str
) -> None:
    stops = [stop for stop in planned(early, settings, clock) if stop.job_id != "a1"]
    assert {stop.job_id for stop in stops} == {"a2", "a3"}
    free_at = max(hanoi("08:00"), hanoi(clock))
    for stop in stops:
        assert stop.arrival_at > free_at
        free_at = stop.departure_at


@pytest.mark.parametrize("clock", BEFORE_THE_SHIFT)
def test_what_is_expected_does_not_begin_before_the_shift_either(
    early: Session, settings: Settings, clock: str
) -> None:
    stops = daily_route(early, "ann", MONDAY, settings, at=hanoi(clock)).routes[0].stops
    assert stops[0].expected_departure_at == hanoi("06:00")
    assert all(stop.expected_arrival_at > hanoi("08:00") for stop in stops[1:])
    assert all(not stop.will_miss for stop in stops)


def test_who_is_ahead_and_has_said_nothing_since_has_not_done_the_rest_in_the_past(
    early: Session, settings: Settings
) -> None:
    assert [stop.job_id for stop in history(early, settings, "09:00").stops] == ["a1", "a2"]


def test_what_is_about_to_begin_is_not_over_before_it_is_planned_to_be(
    early: Session, settings: Settings
) -> None:
    found = history(early, settings, "07:50")
    assert [stop.job_id for stop in found.stops] == ["a1", "a2"]
    assert found.ends_at == hanoi("10:40")


def pause(clock: str, until: str) -> models.Stop:
    starts_at, ends_at = hanoi(clock), hanoi(until)
    return models.Stop(
        route_id=0,
        position=0,
        kind="break",
        arrival_at=starts_at,
        start_at=starts_at,
        departure_at=ends_at,
    )


@pytest.mark.parametrize(
    ("opens", "begins_soon"), [(hanoi("08:00"), True), (hanoi("11:00"), False)]
)
def test_what_is_not_open_yet_is_not_about_to_begin_however_far_ahead_one_is(
    session: Session, settings: Settings, opens: datetime, begins_soon: bool
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=1)
    add_job(session, "a2", at=1, windows=[(opens, hanoi("13:00"))])
    add_live_route(session, "ann", [("a1", "10:30"), ("a2", "11:00")])
    done(session, "a1", "08:30", "09:00")
    found = history(session, settings, "09:10")
    assert ("a2" in {stop.job_id for stop in found.stops}) is begins_soon


def test_breaks_and_closed_depots_are_waited_for(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0, breaks=[("11:00", "13:00", 30)])
    add_depot(session, "d", at=1, stock={"fuse": 5}, opens="10:30")
    for name in ("a1", "a2"):
        add_job(session, name, at=1)
    add_live_route(
        session,
        "ann",
        [("a1", "10:00"), depot_call("d", "10:30", {"fuse": 1}), pause("11:00", "11:30")],
    )
    done(session, "a1", "08:30", "09:00")
    assert [stop.kind for stop in history(session, settings, "09:40").stops] == ["visit"]
    found = history(session, settings, "10:10").stops
    assert [stop.kind for stop in found] == ["visit", "depot"]
    assert found[-1].start_at.astimezone(HANOI) == hanoi("10:30")


@pytest.mark.parametrize(
    ("opens", "over_at"), [("08:00", "09:45"), ("10:00", "11:00"), ("12:15", "13:15")]
)
def test_whoever_has_set_out_ahead_of_time_begins_when_the_way_and_the_window_let_them(
    session: Session, settings: Settings, opens: str, over_at: str
) -> None:
    add_technician(session, "ann", at=0, breaks=[("11:00", "14:00", 30)])
    for name in ("a1", "a2"):
        add_job(session, name, at=5, minutes=60, windows=[(hanoi(opens), hanoi("16:00"))])
    first = models.Stop(
        route_id=0,
        position=0,
        kind="visit",
        job_id="a1",
        arrival_at=hanoi("08:10"),
        start_at=hanoi("12:15"),
        departure_at=hanoi("13:15"),
    )
    add_live_route(session, "ann", [first, ("a2", "14:00")], minutes=60)
    job = session.get_one(Job, "a1")
    job.status, job.en_route_at = JobStatus.EN_ROUTE, hanoi("08:35")
    session.commit()
    found = history(session, settings, "08:40")
    assert found.free_at == found.times["a1"][1] == hanoi(over_at)


def planned_again(session: Session, a1: tuple[str, str], a2: str) -> None:
    """Ann's route says still when a1 was to be, and for a2 what follows from when it really was:
    the two are a few minutes' way apart."""
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=1)
    add_job(session, "a2", at=2)
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", a2)])
    done(session, "a1", *a1)


def test_who_is_late_is_so_no_more_where_the_plan_counts_on_it(
    session: Session, settings: Settings
) -> None:
    planned_again(session, ("09:50", "10:30"), "10:40")
    found = history(session, settings, "10:30")
    assert [stop.job_id for stop in found.to_come] == ["a2"]
    assert found.ends_at == hanoi("11:10")
    assert found.times["a2"] == (hanoi("10:40"), hanoi("11:10"))


def test_who_is_ahead_is_so_no_more_where_the_plan_counts_on_it(
    session: Session, settings: Settings
) -> None:
    planned_again(session, ("08:05", "08:20"), "08:24")
    starts_at, _ = history(session, settings, "08:20").times["a2"]
    assert hanoi("08:23") < starts_at <= hanoi("08:24")
    assert broken_visits(session, settings, hanoi("08:20")) == {}


def test_the_break_before_it_is_not_late_either(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0, breaks=[("10:00", "12:00", 30)])
    add_job(session, "a1", at=1)
    add_job(session, "a2", at=2)
    stops = [("a1", "09:00"), pause("10:30", "11:00"), ("a2", "11:10")]
    add_live_route(session, "ann", stops)
    done(session, "a1", "09:50", "10:30")
    found = history(session, settings, "10:45")
    assert found.times["a2"] == (hanoi("11:10"), hanoi("11:40"))


def test_a_gap_further_on_makes_up_for_being_late(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0)
    for name, at in (("a1", 1), ("a2", 2), ("a3", 3)):
        add_job(session, name, at=at)
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", "09:40"), ("a3", "11:00")])
    done(session, "a1", "09:50", "10:30")
    found = history(session, settings, "10:45")
    assert [stop.job_id for stop in found.to_come] == ["a2", "a3"]
    (_, over_at), (starts_at, _) = found.times["a2"], found.times["a3"]
    assert hanoi("11:03") <= over_at < starts_at < hanoi("11:08")


def test_whoever_has_set_out_is_there_when_the_way_is_over_not_the_gap_in_the_plan(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    for name, at in (("a1", 1), ("a2", 2)):
        add_job(session, name, at=at)
    add_live_route(session, "ann", [("a1", "08:30"), ("a2", "10:00")])
    done(session, "a1", "08:30", "09:50")
    job = session.get_one(Job, "a2")
    job.status, job.en_route_at = JobStatus.EN_ROUTE, hanoi("09:50")
    session.commit()
    starts_at, over_at = history(session, settings, "09:52").times["a2"]
    assert hanoi("09:52") <= starts_at < hanoi("09:55")
    assert over_at == starts_at + timedelta(minutes=30)
