from dataclasses import replace

import pytest
from sqlmodel import Session

from dispatch import models
from dispatch.models import JobStatus
from dispatch.planning.plan_rows import PlanRows, in_force, to_plan, to_solution
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.settings import Settings
from solver.judge.check import check
from solver.judge.cost import cost
from solver.solution import SOFT, Rule, Solution, StopKind
from solver.solve import Limit, solve
from tests.dispatch.crew import (
    HANOI,
    MONDAY,
    SUNDAY_EVENING,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.translating import (
    HOUR,
    ON_MONDAY,
    nothing,
    one_route,
    shift,
    solved_without,
    translated,
    visits,
)

pytestmark = pytest.mark.any_database

# History


def test_what_has_begun_does_not_move_and_the_shift_goes_on_from_there(
    session: Session, settings: Settings
) -> None:
    add_technician(
        session,
        "ann",
        at=0,
        stock={"fuse": 7},  # three, and four that were picked up
        breaks=[("08:30", "09:00", 15), ("12:00", "13:00", 30)],
    )
    add_depot(session, "d", stock={"fuse": 9}, tools=["crane"])
    add_job(session, "done", at=3, parts={"fuse": 1}, status=JobStatus.COMPLETED)
    add_job(session, "there", at=4, parts={"fuse": 2}, status=JobStatus.ON_SITE)
    add_job(session, "next", at=5)
    call = depot_call("d", "09:05", {"fuse": 4})
    call.tools = ["crane"]
    rest = models.Stop(
        route_id=0,
        position=0,
        kind="break",
        arrival_at=hanoi("08:40"),
        start_at=hanoi("08:40"),
        departure_at=hanoi("08:55"),
    )
    add_live_route(
        session, "ann", [("done", "08:00"), rest, call, ("there", "09:30"), ("next", "11:00")]
    )
    found = translated(session, settings, at=hanoi("09:45"))
    assert visits(found) == {"next"}
    on = shift(found)
    assert on.start == 10 * HOUR  # when the visit under way is over
    assert on.start_location == found.locations["site site-there"]
    assert on.end_location == found.locations["technician ann"]
    assert (on.tools, on.borrowed) == ({"crane"}, {"crane": "d"})
    assert [pause.id for pause in on.breaks] == ["break 12:00"]
    assert on.stock == {"fuse": 5}  # the visit under way uses two


def test_a_visit_has_begun_when_its_time_has_come_and_nobody_said_otherwise(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "begun", at=3)
    add_job(session, "next", at=4)
    add_live_route(session, "ann", [("begun", "09:00"), ("next", "11:00")])
    found = translated(session, settings, at=hanoi("10:00"))
    assert visits(found) == {"next"}
    assert shift(found).start == 10 * HOUR
    assert shift(found).start_location == found.locations["site site-begun"]


def test_who_reports_from_the_route_has_begun_what_is_reported_and_nothing_else(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", breaks=[("08:00", "12:00", 15)])
    add_job(session, "forgotten", at=2)
    add_job(session, "there", at=3, status=JobStatus.ON_SITE, arrived_at=hanoi("09:10"))
    add_job(session, "next", at=4)
    pause = models.Stop(
        route_id=0,
        position=0,
        kind="break",
        arrival_at=hanoi("10:00"),
        start_at=hanoi("10:00"),
        departure_at=hanoi("10:15"),
    )
    stops = [("forgotten", "08:30"), ("there", "09:30"), pause, ("next", "11:00")]
    add_live_route(session, "ann", stops)
    found = translated(session, settings, at=hanoi("09:30"))
    assert visits(found) == {"forgotten", "next"}
    assert shift(found).start_location == found.locations["site site-there"]
    assert found.moment(shift(found).start) == hanoi("09:40")  # half an hour after the arrival
    assert len(shift(found).breaks) == 1
    assert visited(in_force(found)) == ["forgotten", "next"]


def test_the_rest_goes_on_as_soon_as_the_technician_is_free(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "j", at=3, status=JobStatus.EN_ROUTE, en_route_at=hanoi("08:00"))
    add_live_route(session, "ann", [("j", "08:30")])
    job = session.get_one(models.Job, "j")

    def free_at(now: str) -> str:
        found = translated(session, settings, at=hanoi(now))
        return f"{found.moment(shift(found).start).astimezone(HANOI):%H:%M}"

    assert free_at("08:10") == "09:00"  # as planned
    assert free_at("08:50") == "09:20"  # not there yet
    job.arrived_at = hanoi("08:40")
    assert free_at("08:50") == "09:10"
    assert free_at("09:30") == "09:30"  # it takes longer
    job.departed_at = hanoi("08:55")
    assert free_at("09:00") == "09:00"


def test_a_break_is_taken_as_late_as_the_technician_is(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", breaks=[("09:00", "12:00", 15)])
    add_job(
        session,
        "done",
        status=JobStatus.COMPLETED,
        arrived_at=hanoi("09:00"),
        departed_at=hanoi("09:40"),
    )
    add_job(session, "next", at=4)
    pause = models.Stop(
        route_id=0,
        position=0,
        kind="break",
        arrival_at=hanoi("09:10"),
        start_at=hanoi("09:10"),
        departure_at=hanoi("09:25"),
    )
    add_live_route(session, "ann", [("done", "08:30"), pause, ("next", "11:00")])
    for now, breaks in (("09:45", 1), ("09:50", 0)):  # it ended forty minutes late
        found = translated(session, settings, at=hanoi(now))
        assert len(shift(found).breaks) == breaks


def visited(solution: Solution | None) -> list[str]:
    assert solution is not None
    return [
        stop.id for route in solution.routes for stop in route.stops if stop.kind == StopKind.VISIT
    ]


def test_history_stays_at_the_beginning_of_the_new_route(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "done", at=3, status=JobStatus.COMPLETED)
    add_job(session, "next", at=5)
    add_live_route(session, "ann", [("done", "08:10"), ("next", "11:00")])
    found = translated(session, settings, at=hanoi("09:00"))
    rows = to_plan(found, one_route(found, "ann" + ON_MONDAY, "next"), "run")
    (route,) = rows.routes
    assert [stop.job_id for stop in route.stops] == ["done", "next"]
    assert [stop.position for stop in route.stops] == [0, 1]
    assert route.stops[0].start_at == hanoi("08:10")
    assert route.route.start_at == hanoi("08:00")
    far = found.problem.distance
    home, done, next_ = (
        found.locations[place] for place in ("technician ann", "site site-done", "site site-next")
    )
    assert route.route.distance_metres == far[home, done] + far[done, next_] + far[next_, home]


def test_history_stays_even_where_nothing_follows_it(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "done", at=3, status=JobStatus.COMPLETED)
    add_job(session, "next", at=5)
    add_live_route(session, "ann", [("done", "08:10"), ("next", "11:00")])
    for at in (hanoi("09:00"), hanoi("18:00")):  # in the shift and after it
        found = translated(session, settings, at=at)
        (route,) = to_plan(found, nothing(found), "run").routes
        assert [stop.job_id for stop in route.stops] == (
            ["done"] if at == hanoi("09:00") else ["done", "next"]
        )
        assert route.route.shift_starts_at == hanoi("08:00")


def test_a_break_taken_while_nothing_is_to_do_is_not_missed_when_the_plan_is_read_back(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0, breaks=[("11:30", "11:45", 30)])
    add_job(session, "done", at=3, status=JobStatus.COMPLETED)
    add_job(session, "next", at=5, windows=[(hanoi("14:00"), hanoi("17:00"))])
    add_live_route(session, "ann", [("done", "08:10"), ("next", "14:00")])
    found = translated(session, settings, at=hanoi("09:30"))
    solution = solve(found.problem, Limit(iterations=1))
    assert not check(found.problem, solution)
    assert solution.routes[0].start > 12 * HOUR  # the break is over, and none of the route's stops
    again = to_solution(found, to_plan(found, solution, "run").routes)
    assert again is not None
    assert again.routes == solution.routes


def test_a_cancelled_job_is_no_history(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "off", at=3, status=JobStatus.CANCELLED)
    add_live_route(session, "ann", [("off", "08:10")])
    found = translated(session, settings, at=hanoi("09:00"))
    assert found.histories == ()
    assert shift(found).start_location == found.locations["technician ann"]


# Plans


def test_a_solution_becomes_rows_and_the_same_solution_again(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0, stock={"fuse": 1}, tools=["ladder"])
    add_job(session, "a", at=1, parts={"fuse": 1}, tools=["ladder"])
    add_job(session, "b", at=2, windows=[(hanoi("10:00"), hanoi("11:00"))])
    found = translated(session, settings)
    solution = one_route(found, "ann" + ON_MONDAY, "a", "b")
    assert {v.rule for v in check(found.problem, solution)} == {Rule.COST}
    rows = to_plan(found, solution, "run-1")
    assert rows.run_id == "run-1"
    assert sum(rows.cost.values()) == 7 * len(SOFT)
    (route,) = rows.routes
    assert route.route.day == MONDAY
    assert route.route.shift_starts_at == hanoi("08:00")
    assert route.stops[0].parts == {"fuse": 1}
    assert route.stops[0].tools == ["ladder"]
    assert route.stops[1].start_at == hanoi("10:00")
    assert to_solution(found, rows.routes) == replace(solution, cost={})


def test_some_jobs_can_be_taken_out_when_a_plan_is_read_back(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "a", at=1)
    add_job(session, "b", at=2)
    found = translated(session, settings)
    rows = to_plan(found, one_route(found, "ann" + ON_MONDAY, "a", "b"), "run")
    read = to_solution(found, rows.routes, without={"a"})
    assert read is not None
    assert [stop.id for stop in read.routes[0].stops] == ["b"]
    assert [out.id for out in read.unassigned] == ["a"]


def test_a_plan_that_forgets_what_has_happened_cannot_be_read(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "a", at=1)
    add_job(session, "b", at=2)
    rows = before_and_after(session, settings)
    live = add_live_route(session, "ann", [("a", "08:10"), ("b", "09:00")])
    assert live
    session.get_one(models.Job, "b").status = JobStatus.ON_SITE
    now_known = translated(session, settings)
    assert to_solution(now_known, rows.routes) is None


def before_and_after(session: Session, settings: Settings) -> PlanRows:
    found = translated(session, settings)
    return to_plan(found, one_route(found, "ann" + ON_MONDAY, "a"), "run")


def test_the_routes_in_force_are_a_plan_to_start_from(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a", at=1)
    add_job(session, "b", at=2)
    add_job(session, "off", at=3)
    add_live_route(session, "ann", [("a", "08:30"), ("off", "09:30"), ("b", "10:30")])
    session.get_one(models.Job, "off").status = JobStatus.ON_HOLD
    found = translated(session, settings)
    start = in_force(found)
    assert start is not None
    assert [stop.id for route in start.routes for stop in route.stops] == ["a", "b"]
    left_out = [out.id for out in start.unassigned]
    costs = cost(found.problem, start.routes, left_out)
    assert check(found.problem, replace(start, cost=costs)) == ()


def test_without_routes_in_force_there_is_nothing_to_start_from(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "a")
    assert in_force(translated(session, settings)) is None


def test_a_job_that_only_a_night_shift_could_reach_is_not_missed_by_the_days_plan(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "owl", hours=[("22:00", "06:00")])
    add_job(session, "early", windows=[(hanoi("05:00", TUESDAY), hanoi("12:00", TUESDAY))])
    add_job(session, "today")
    found = translated(session, settings)
    assert visits(found) == {"early", "today"}
    costs = dict.fromkeys(SOFT, 0) | {Rule.UNASSIGNED: sum(found.problem.prices.values())}
    out = solved_without(found, costs)
    rows = to_plan(found, out, "run")
    assert [row.job_id for row in rows.unassigned] == ["today"]
    assert rows.cost["unassigned"] == found.problem.prices["today"]
    assert sum(rows.cost.values()) == found.problem.prices["today"]


def test_rows_refer_to_no_session(session: Session, settings: Settings) -> None:
    add_technician(session, "ann")
    add_job(session, "a", at=1)
    session.commit()
    snapshot = load_snapshot(session, Scope(MONDAY, MONDAY), SUNDAY_EVENING)
    session.close()
    found = to_problem(snapshot, settings)
    assert to_plan(found, nothing(found), "run").routes == []
