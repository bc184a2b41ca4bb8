"""Breaks of technicians who have begun: each is named where it is taken, until it was taken."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from dispatch.by_hand.judgements import PlanChange, judge_change
from dispatch.models import Job, JobStatus, Stop
from dispatch.planning.live_day import LiveDay
from dispatch.planning.loading import live_day_of
from dispatch.planning.plan_rows import PlanRows, to_plan, to_solution
from dispatch.planning.shifts import (
    OVERDUE,
    PlannedBreak,
    not_taken,
    one_after_the_other,
    with_overdue,
)
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.plans.versions import hold_publication, put_in_force, store_draft
from dispatch.settings import Settings
from dispatch.views.board import read_board
from dispatch.views.itinerary import daily_route
from solver.judge.check import check
from solver.solution import Solution
from solver.solve import Limit, solve
from tests.dispatch.crew import (
    HANOI,
    MONDAY,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
)

pytestmark = pytest.mark.any_database

NOTHING = Solution((), (), {})
LUNCH = ("11:30", "12:30", 60)


def pause(clock: str, until: str) -> Stop:
    starts_at = hanoi(clock)
    return Stop(
        route_id=0,
        position=0,
        kind="break",
        arrival_at=starts_at,
        start_at=starts_at,
        departure_at=hanoi(until),
    )


def begun(session: Session, *breaks: tuple[str, str, int], window: str = "13:30") -> None:
    """Ann has done a1 at nine; a2 opens after lunch."""
    add_technician(session, "ann", at=0, breaks=breaks or [LUNCH])
    add_job(session, "a1", at=1, status=JobStatus.COMPLETED)
    add_job(session, "a2", at=2, windows=[(hanoi(window), hanoi("16:00"))])
    job = session.get_one(Job, "a1")
    job.arrived_at, job.departed_at = hanoi("08:30"), hanoi("09:00")
    add_live_route(session, "ann", [("a1", "08:30"), pause("11:30", "12:30"), ("a2", window)])
    session.commit()


def live_day(session: Session, settings: Settings, clock: str) -> LiveDay:
    snapshot = load_snapshot(session, Scope(MONDAY, MONDAY), hanoi(clock), settings.freeze)
    return live_day_of(snapshot, settings)


def replanned(session: Session, settings: Settings, clock: str = "10:06") -> PlanRows:
    live = live_day(session, settings, clock)
    solution = solve(live.problem, Limit(iterations=20), seed=0, start=live.kept)
    assert check(live.problem, solution) == ()
    rows = to_plan(live.translation, solution, None)
    again = to_solution(live.translation, rows.routes)
    assert again is not None
    assert again.routes == solution.routes  # what is named is not counted twice
    return rows


def rests(rows: PlanRows) -> list[tuple[str, str]]:
    return [
        (f"{stop.start_at.astimezone(HANOI):%H:%M}", f"{stop.departure_at.astimezone(HANOI):%H:%M}")
        for found in rows.routes
        for stop in found.stops
        if stop.kind == "break"
    ]


def test_who_has_begun_still_has_the_break_when_the_day_is_planned_again(
    session: Session, settings: Settings
) -> None:
    begun(session)
    rows = replanned(session, settings)
    assert rests(rows) == [("11:30", "12:30")]
    assert [stop.kind for stop in rows.routes[0].stops] == ["visit", "break", "visit"]


def test_it_stays_named_each_time(session: Session, settings: Settings) -> None:
    begun(session)
    for clock in ("10:06", "11:00", "12:00", "12:40"):
        rows = replanned(session, settings, clock)
        assert rests(rows) == [("11:30", "12:30")]


def test_who_is_far_ahead_has_the_break_before_a_visit_that_stays(
    session: Session, settings: Settings
) -> None:
    """It was to be taken at home, before the first visit, which was begun three hours early. The
    next one is about to begin, and keeps its published time."""
    add_technician(session, "ann", at=0, breaks=[("11:30", "13:00", 45)])
    add_job(session, "a1", at=1, status=JobStatus.ON_SITE, arrived_at=hanoi("09:05"))
    add_job(session, "a2", at=2)
    add_job(session, "a3", at=3)
    route = [("a1", "12:20"), ("a2", "13:00"), ("a3", "14:00")]
    add_live_route(session, "ann", route)
    session.commit()
    rows = replanned(session, settings, "09:15")
    assert rests(rows) == [("11:30", "12:15")]
    assert [stop.job_id for stop in rows.routes[0].stops] == ["a1", None, "a2", "a3"]


def far_ahead(session: Session, *, arrived: str | None, departed: str | None) -> None:
    """Ann went on to a2 before her break, which is on her route before it; a3 waits."""
    add_technician(session, "ann", at=0, breaks=[LUNCH])
    add_job(session, "a1", at=1, status=JobStatus.COMPLETED)
    add_job(session, "a2", at=2, status=JobStatus.COMPLETED if departed else JobStatus.ON_SITE)
    add_job(session, "a3", at=3, windows=[(hanoi("13:00"), hanoi("16:00"))])
    a1, a2 = session.get_one(Job, "a1"), session.get_one(Job, "a2")
    a1.arrived_at, a1.departed_at = hanoi("08:30"), hanoi("09:00")
    a2.arrived_at = None if arrived is None else hanoi(arrived)
    a2.departed_at = None if departed is None else hanoi(departed)
    stops = [("a1", "08:30"), pause("11:30", "12:30"), ("a2", "12:40"), ("a3", "14:00")]
    add_live_route(session, "ann", stops)
    session.commit()


@pytest.mark.parametrize("arrived", ["10:00", None])
def test_who_was_at_a_visit_before_the_break_has_not_taken_it(
    session: Session, settings: Settings, arrived: str | None
) -> None:
    far_ahead(session, arrived=arrived, departed="10:30")
    rows = replanned(session, settings, "10:40")
    assert rests(rows) == [("11:30", "12:30")]
    assert [stop.job_id for stop in rows.routes[0].stops] == ["a1", "a2", None, "a3"]
    (shown,) = daily_route(session, "ann", MONDAY, settings, at=hanoi("10:40")).routes
    assert shown.stops[3].expected_arrival_at >= hanoi("12:30")


def test_who_was_nowhere_else_in_the_time_of_the_break_has_taken_it(
    session: Session, settings: Settings
) -> None:
    far_ahead(session, arrived="10:00", departed="10:30")
    rows = replanned(session, settings, "12:31")
    assert [stop.job_id for stop in rows.routes[0].stops] == ["a1", None, "a2", "a3"]


def test_who_was_at_a_visit_for_all_of_the_break_takes_it_later(
    session: Session, settings: Settings
) -> None:
    far_ahead(session, arrived="10:00", departed="12:25")
    rows = replanned(session, settings, "12:29")
    assert [stop.job_id for stop in rows.routes[0].stops] == ["a1", "a2", None, "a3"]


def test_technician_and_board_see_it_and_expect_nothing_else_then(
    session: Session, settings: Settings
) -> None:
    begun(session, window="12:40")
    rows = replanned(session, settings)
    live = live_day(session, settings, "10:06").translation.snapshot
    hold_publication(session)
    plan = store_draft(session, rows)
    jobs = live.live_jobs
    put_in_force(session, plan, rows.routes, live.live, jobs, actor="dana", at=hanoi("10:06"))
    session.commit()
    (shown,) = daily_route(session, "ann", MONDAY, settings, at=hanoi("10:10")).routes
    assert [stop.kind for stop in shown.stops] == ["visit", "break", "visit"]
    assert shown.stops[2].expected_arrival_at >= hanoi("12:30")
    (route,) = read_board(session, MONDAY, 1, settings, at=hanoi("10:10")).routes
    assert [stop.kind for stop in route.stops] == ["visit", "break", "visit"]


def test_a_change_by_hand_shows_it(session: Session, settings: Settings) -> None:
    begun(session)
    add_job(session, "new", at=1, windows=[(hanoi("14:00"), hanoi("16:00"))])
    session.commit()
    change = PlanChange(job_id="new", technician_id="ann", day=MONDAY)
    (route,) = judge_change(session, change, settings, at=hanoi("10:06")).routes
    assert [stop.kind for stop in route.stops] == ["break", "visit", "visit"]
    assert route.start_at == route.stops[0].start_at == hanoi("11:30")


def test_several_breaks_are_taken_one_after_the_other(session: Session, settings: Settings) -> None:
    begun(session, ("11:00", "12:45", 30), ("11:15", "12:30", 45))
    assert rests(replanned(session, settings)) == [("11:00", "11:30"), ("11:30", "12:15")]


def test_it_is_named_on_the_way_home_too(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0, breaks=[("09:00", "09:35", 20)])
    add_job(session, "a1", at=20, status=JobStatus.ON_SITE, arrived_at=hanoi("09:00"))
    add_live_route(session, "ann", [("a1", "09:00")])
    session.commit()
    (found,) = to_plan(live_day(session, settings, "09:10").translation, NOTHING, None).routes
    assert [(stop.kind, stop.start_at) for stop in found.stops[1:]] == [("break", hanoi("09:30"))]
    way_home = found.route.end_at - found.stops[1].departure_at
    assert way_home.total_seconds() > 30 * 60


def test_who_has_not_begun_may_leave_home_after_it(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0, breaks=[LUNCH])
    add_job(session, "a2", at=2, windows=[(hanoi("13:30"), hanoi("16:00"))])
    session.commit()
    assert rests(replanned(session, settings)) == []


def still_there(session: Session) -> None:
    """Ann has been at a1 since half past eight, and has not said that she is done; a2 opens in the
    afternoon."""
    begun(session, window="15:00")
    job = session.get_one(Job, "a1")
    job.departed_at = None
    job.status = JobStatus.ON_SITE
    session.commit()


def test_a_break_whose_time_went_by_at_a_visit_comes_after_it(
    session: Session, settings: Settings
) -> None:
    still_there(session)
    assert rests(replanned(session, settings, "12:40")) == [("12:40", "13:40")]


def test_so_does_one_whose_time_will_have_gone_by(session: Session, settings: Settings) -> None:
    """a1 takes until a quarter past one by now, and keeps Ann over all of her lunch break."""
    still_there(session)
    for stop in session.exec(select(Stop).where(Stop.job_id == "a1")):
        stop.departure_at = stop.start_at + timedelta(hours=4, minutes=45)
    session.commit()
    live = live_day(session, settings, "10:00")
    (mine,) = live.problem.shifts
    (lunch,) = mine.breaks
    assert live.translation.moment(lunch.window.start) == hanoi("13:15")
    assert live.translation.moment(lunch.window.end) == hanoi("13:15") + OVERDUE


def test_who_had_time_for_a_break_is_not_given_it_again(
    session: Session, settings: Settings
) -> None:
    """The day began at twenty to one; nothing was to be done at noon."""
    add_technician(session, "ann", at=0, breaks=[LUNCH])
    add_job(session, "a1", at=1, status=JobStatus.COMPLETED, arrived_at=hanoi("12:40"))
    add_job(session, "a2", at=2)
    session.get_one(Job, "a1").departed_at = hanoi("13:10")
    add_live_route(session, "ann", [("a1", "12:40"), ("a2", "13:20")])
    session.commit()
    assert rests(replanned(session, settings, "13:15")) == []
    assert not live_day(session, settings, "13:15").problem.shifts[0].breaks


def test_the_way_from_the_road_to_the_door_is_no_time_for_a_break(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0, breaks=[LUNCH])
    arrived = {"status": JobStatus.COMPLETED, "arrived_at": hanoi("12:40")}
    add_job(session, "a1", at=1, access=40, **arrived)
    add_job(session, "a2", at=2)
    session.get_one(Job, "a1").departed_at = hanoi("13:10")
    add_live_route(session, "ann", [("a1", "12:40"), ("a2", "13:20")])
    session.commit()
    live = live_day(session, settings, "13:15")
    (lunch,) = live.problem.shifts[0].breaks
    assert live.translation.moment(lunch.window.start) == hanoi("13:50")


def planned(name: str, earliest: str, latest: str, minutes: int) -> PlannedBreak:
    return PlannedBreak(name, hanoi(earliest), hanoi(latest), timedelta(minutes=minutes))


def test_a_break_that_was_taken_is_one_of_them() -> None:
    early, late = planned("a", "11:30", "13:00", 30), planned("b", "12:30", "14:00", 45)
    for starts, ends, left in (
        ("12:45", "13:15", late),
        ("12:45", "13:30", early),
        ("15:00", "15:30", late),  # put there by hand
    ):
        assert not_taken([early, late], [(hanoi(starts), hanoi(ends))]) == [left]
    assert not_taken([early], [(hanoi("16:00"), hanoi("16:10"))]) == [early]


def overdue(pause: PlannedBreak, *busy: tuple[str, str], free: str = "13:20") -> str | None:
    """From when on the break is due, if it could not be taken in time."""
    spans = [(hanoi(start), hanoi(end)) for start, end in busy]
    (found,) = with_overdue([pause], spans, hanoi(free))
    return None if found == pause else f"{found.earliest_at.astimezone(HANOI):%H:%M}"


def test_a_break_is_due_after_its_time_only_if_there_was_none_for_it() -> None:
    lunch = planned("lunch", "11:30", "13:00", 45)
    assert overdue(lunch, ("08:00", "13:20")) == "13:20"
    assert overdue(lunch, ("08:00", "12:15"), ("12:59", "13:20")) == "13:20"
    assert overdue(lunch, ("08:00", "12:15"), ("13:00", "13:20")) is None
    assert overdue(lunch, ("08:00", "11:00"), ("12:15", "13:20")) is None
    assert overdue(lunch, ("12:14", "13:20")) == "13:20"
    assert overdue(lunch, ("08:00", "13:00"), free="13:00") is None


def test_breaks_follow_one_another_as_far_as_their_times_allow() -> None:
    first, second = planned("a", "11:00", "12:00", 30), planned("b", "11:00", "11:15", 15)
    assert [pause.earliest_at for pause in one_after_the_other([first, second])] == [
        hanoi("11:00"),
        hanoi("11:15"),
    ]
