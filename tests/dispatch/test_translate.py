from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from dispatch import models
from dispatch.models import JobStatus, Priority, TravelLeg, Wish
from dispatch.plan_rows import PlanRows, in_force, to_plan, to_solution
from dispatch.settings import Settings
from dispatch.snapshot import load_snapshot
from dispatch.translate import Translation, to_problem
from solver.check import check
from solver.problem import Break, Pin, Previous, Shift, TimeWindow, Visit
from solver.solution import (
    SOFT,
    Reason,
    ReasonCode,
    Route,
    Rule,
    Solution,
    Stop,
    StopKind,
    Unassigned,
)
from tests.dispatch.crew import (
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

HOUR = 3600
ON_MONDAY = "@2027-03-01T08:00+0700"


def translated(
    session: Session,
    settings: Settings,
    first: date = MONDAY,
    last: date | None = None,
    territory: str | None = None,
    at: datetime = SUNDAY_EVENING,
) -> Translation:
    session.flush()
    snapshot = load_snapshot(session, first, last or first, territory, at)
    return to_problem(snapshot, settings)


def visit(translation: Translation, name: str) -> Visit:
    return translation.visits[name]


def visits(translation: Translation) -> set[str]:
    return set(translation.visits)


def shift(translation: Translation, number: int = 0) -> Shift:
    return translation.problem.shifts[number]


# Times


def test_the_epoch_is_the_start_of_the_first_local_day(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "j", windows=[(hanoi("09:00"), hanoi("11:30"))], due_at=hanoi("16:00"))
    found = translated(session, settings)
    assert found.epoch == hanoi("00:00")
    assert (shift(found).start, shift(found).end) == (8 * HOUR, 17 * HOUR)
    assert visit(found, "j").windows == (TimeWindow(9 * HOUR, 11 * HOUR + 1800),)
    assert visit(found, "j").due == 16 * HOUR
    assert visit(found, "j").duration == 1800


def test_shifts_of_several_days_are_named_after_technician_and_local_start(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    found = translated(session, settings, MONDAY, TUESDAY)
    assert [s.id for s in found.problem.shifts] == [
        "ann@2027-03-01T08:00+0700",
        "ann@2027-03-02T08:00+0700",
    ]
    assert shift(found, 1).start == 32 * HOUR


def test_a_day_on_which_an_hour_is_skipped_is_an_hour_shorter(
    session: Session, settings: Settings
) -> None:
    berlin = settings.model_copy(update={"time_zone": "Europe/Berlin"})
    add_technician(session, "ann")
    found = translated(session, berlin, date(2027, 3, 28), date(2027, 3, 29))
    assert [s.start for s in found.problem.shifts] == [7 * HOUR, 31 * HOUR]


def test_today_is_planned_from_now_on(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", hours=[("06:00", "09:00"), ("10:00", "17:00")])
    add_job(session, "j")
    found = translated(session, settings, at=hanoi("12:00") + timedelta(microseconds=1))
    assert [(s.start, s.end) for s in found.problem.shifts] == [(12 * HOUR + 1, 17 * HOUR)]
    assert visit(found, "j").windows[0].start == 12 * HOUR + 1


def test_breaks_are_within_their_shift(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", breaks=[("11:30", "13:00", 30), ("16:45", "18:00", 30)])
    found = translated(session, settings)
    assert shift(found).breaks == (
        Break("break 11:30", TimeWindow(11 * HOUR + 1800, 13 * HOUR), 1800),
    )
    found = translated(session, settings, at=hanoi("12:40"))
    assert shift(found).breaks[0].window == TimeWindow(12 * HOUR + 2400, 13 * HOUR)


def test_a_moment_between_two_seconds_is_still_a_window(
    session: Session, settings: Settings
) -> None:
    odd = hanoi("09:00") + timedelta(microseconds=500)
    add_technician(session, "ann")
    add_job(session, "j", pinned_technician_id="ann", pinned_start_at=odd)
    found = visit(translated(session, settings), "j")
    assert found.windows == (TimeWindow(9 * HOUR, 9 * HOUR),)
    assert found.pin == Pin("ann", 9 * HOUR)


# Technicians


def test_an_inactive_technician_has_no_shift(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", active=False)
    assert translated(session, settings).problem.shifts == ()


def test_a_skill_counts_until_the_end_of_the_day_on_which_it_expires(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", skills={"gas": (2, MONDAY), "electric": 1})
    found = translated(session, settings, MONDAY, TUESDAY)
    assert shift(found, 0).skills == {"gas": 2, "electric": 1}
    assert shift(found, 1).skills == {"electric": 1}


def test_the_van_is_loaded_once_for_all_shifts(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", stock={"fuse": 3}, tools=["ladder"])
    found = translated(session, settings, MONDAY, TUESDAY)
    assert [s.stock for s in found.problem.shifts] == [{"fuse": 3}, {}]
    assert [s.tools for s in found.problem.shifts] == [{"ladder"}, {"ladder"}]


def test_the_van_is_loaded_for_the_first_shift_that_is_left(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", stock={"fuse": 3})
    found = translated(session, settings, MONDAY, TUESDAY, at=hanoi("18:00"))
    assert [s.stock for s in found.problem.shifts] == [{"fuse": 3}]


def test_an_absence_splits_a_shift_and_the_van_is_still_loaded_once(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", stock={"fuse": 3})
    session.add(
        models.Absence(
            id="a", technician_id="ann", starts_at=hanoi("10:00"), ends_at=hanoi("11:00")
        )
    )
    found = translated(session, settings)
    assert [s.id for s in found.problem.shifts] == [
        "ann@2027-03-01T08:00+0700",
        "ann@2027-03-01T11:00+0700",
    ]
    assert [s.stock for s in found.problem.shifts] == [{"fuse": 3}, {}]


# Jobs


def test_what_a_job_requires_is_what_its_visit_requires(
    session: Session, settings: Settings
) -> None:
    for name in ("ann", "bob", "cem"):
        add_technician(session, name)
    add_job(
        session,
        "j",
        skills={"gas": 2},
        parts={"fuse": 3},
        tools=["ladder"],
        territory="west",
        priority=Priority.URGENT,
        wishes={"ann": Wish.PREFERRED, "bob": Wish.ALLOWED, "cem": Wish.FORBIDDEN},
        pinned_technician_id="bob",
    )
    found = visit(translated(session, settings), "j")
    assert (found.skills, found.parts, found.tools) == ({"gas": 2}, {"fuse": 3}, {"ladder"})
    assert found.territory == "west"
    assert found.priority == 3
    assert found.preferred == {"ann"}
    assert found.allowed == {"ann", "bob"}
    assert found.forbidden == {"cem"}
    assert found.pin == Pin("bob")
    assert found.previous is None


def test_a_job_that_allows_nobody_in_particular_allows_everybody(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "j", wishes={"ann": Wish.PREFERRED})
    assert visit(translated(session, settings), "j").allowed is None


def test_only_jobs_that_may_be_planned_are_visits(session: Session, settings: Settings) -> None:
    for status in JobStatus:
        add_job(session, status.value, status=status)
    assert visits(translated(session, settings)) == {"open", "scheduled", "dispatched"}


def test_a_job_without_a_location_is_left_out_with_the_reason(
    session: Session, settings: Settings
) -> None:
    add_job(session, "here")
    add_job(session, "nowhere", at=None)
    add_job(session, "later", at=None, windows=[(hanoi("08:00", TUESDAY), hanoi("09:00", TUESDAY))])
    found = translated(session, settings)
    assert visits(found) == {"here"}
    assert found.left_out == {"nowhere": None}


def test_a_job_whose_windows_are_over_is_listed_with_the_reason(
    session: Session, settings: Settings
) -> None:
    add_job(session, "late", windows=[(hanoi("08:00"), hanoi("09:00"))])
    found = translated(session, settings, TUESDAY, at=hanoi("12:00"))
    (row,) = to_plan(found, nothing(found), "run").unassigned
    assert row.job_id == "late"
    assert row.reasons[0]["code"] == "impossible"
    assert row.reasons[0]["rule"] == "time_windows"


def test_a_job_that_was_planned_here_and_cannot_be_any_more_is_not_lost(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "moved", windows=[(hanoi("08:00", TUESDAY), hanoi("09:00", TUESDAY))])
    add_live_route(session, "ann", [("moved", "09:00")])
    found = translated(session, settings)
    assert visits(found) == set()
    (row,) = to_plan(found, nothing(found), "run").unassigned
    assert row.job_id == "moved"
    assert "others" in row.reasons[0]["message"]
    assert visits(translated(session, settings, MONDAY, TUESDAY)) == {"moved"}


def test_a_territorys_plan_has_its_jobs_and_the_technicians_who_serve_it(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "west", territories=["west"])
    add_technician(session, "east", territories=["east"])
    add_technician(session, "anywhere")
    add_job(session, "in-west", territory="west")
    add_job(session, "in-east", territory="east")
    add_job(session, "unbound")
    found = translated(session, settings, territory="west")
    assert visits(found) == {"in-west"}
    assert {s.technician for s in found.problem.shifts} == {"west", "anywhere"}
    assert visits(translated(session, settings)) == {"in-west", "in-east", "unbound"}


def test_a_territorys_plan_has_all_that_is_on_its_technicians_routes(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "anywhere")
    add_technician(session, "east", territories=["east"])
    add_job(session, "in-east", territory="east")
    add_job(session, "in-west", territory="west")
    add_live_route(session, "anywhere", [("in-east", "09:00")])
    add_live_route(session, "east", [("in-west", "09:00")])
    assert visits(translated(session, settings, territory="west")) == {"in-east"}


def test_what_is_planned_for_another_day_stays_there(session: Session, settings: Settings) -> None:
    add_technician(session, "ann")
    add_job(session, "monday")
    add_job(session, "tuesday")
    add_live_route(session, "ann", [("monday", "09:00")])
    add_live_route(session, "ann", [("tuesday", "09:00")], day=TUESDAY)
    assert visits(translated(session, settings)) == {"monday"}


def test_the_work_of_a_technician_who_left_is_planned_anew(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "gone", active=False)
    add_technician(session, "ann")
    add_job(session, "j")
    add_live_route(session, "gone", [("j", "09:00")])
    assert visit(translated(session, settings), "j").previous == Previous("gone", 9 * HOUR)


def test_a_visit_knows_where_it_was_published_and_whether_the_customer_was_told(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "told", told_at=SUNDAY_EVENING)
    add_job(session, "untold")
    add_live_route(session, "ann", [("told", "09:00"), ("untold", "10:00")])
    found = translated(session, settings)
    assert visit(found, "told").previous == Previous("ann", 9 * HOUR, told=True)
    assert visit(found, "untold").previous == Previous("ann", 10 * HOUR, told=False)


# Travel


def test_travel_is_estimated_and_measured_legs_come_first(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "j", at=1)
    session.add(TravelLeg(from_place="ann", to_place="site-j", seconds=77, metres=88))
    found = translated(session, settings)
    home, site = shift(found).start_location, visit(found, "j").location
    assert found.problem.travel_time[home, site] == 77
    assert found.problem.distance[home, site] == 88
    assert found.problem.distance[site, home] == 1446  # 1.112 km and the detour


# Supplies


def test_a_depot_is_open_every_day_and_takes_its_time(session: Session, settings: Settings) -> None:
    add_depot(session, "d", stock={"fuse": 4}, tools=["crane"])
    (found,) = translated(session, settings, MONDAY, TUESDAY).problem.depots
    assert found.stock == {"fuse": 4}
    assert found.tools == {"crane"}
    assert found.duration == 600
    assert TimeWindow(7 * HOUR, 18 * HOUR) in found.windows
    assert TimeWindow(31 * HOUR, 42 * HOUR) in found.windows


def test_what_other_plans_will_pick_up_is_not_there_for_this_one(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_depot(session, "d", stock={"fuse": 4, "belt": 1})
    add_live_route(session, "ann", [depot_call("d", "09:00", {"fuse": 3, "belt": 2})])
    on_tuesday = translated(session, settings, TUESDAY)
    assert on_tuesday.problem.depots[0].stock == {"fuse": 1, "belt": 0}
    assert translated(session, settings).problem.depots[0].stock == {"fuse": 4, "belt": 1}
    afterwards = translated(session, settings, TUESDAY, at=hanoi("12:00"))
    assert afterwards.problem.depots[0].stock == {"fuse": 4, "belt": 1}


def test_what_earlier_visits_will_use_is_not_in_the_van(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", stock={"fuse": 5, "belt": 1})
    add_depot(session, "d")
    add_job(session, "planned", parts={"fuse": 2})
    add_job(session, "supplied", parts={"belt": 2})
    add_job(session, "over", parts={"fuse": 1}, status=JobStatus.COMPLETED)
    add_live_route(
        session,
        "ann",
        [
            ("over", "08:00"),
            ("planned", "09:00"),
            depot_call("d", "10:00", {"belt": 2}),
            ("supplied", "11:00"),
        ],
    )
    on_tuesday = translated(session, settings, TUESDAY)
    assert shift(on_tuesday).stock == {"fuse": 3, "belt": 1}


def test_what_later_days_rely_on_is_left_in_the_van(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", stock={"fuse": 5})
    add_job(session, "tomorrow", parts={"fuse": 4})
    add_live_route(session, "ann", [("tomorrow", "09:00")], day=TUESDAY)
    assert shift(translated(session, settings)).stock == {"fuse": 1}


# History


def test_what_has_begun_does_not_move_and_the_shift_goes_on_from_there(
    session: Session, settings: Settings
) -> None:
    add_technician(
        session,
        "ann",
        at=0,
        stock={"fuse": 3},
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
    assert on.tools == {"crane"}
    assert [pause.id for pause in on.breaks] == ["break 12:00"]
    assert on.stock == {"fuse": 4}  # three, four picked up, three used


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


def test_a_cancelled_job_is_no_history(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "off", at=3, status=JobStatus.CANCELLED)
    add_live_route(session, "ann", [("off", "08:10")])
    found = translated(session, settings, at=hanoi("09:00"))
    assert found.histories == ()
    assert shift(found).start_location == found.locations["technician ann"]


# Plans


def nothing(found: Translation) -> Solution:
    return Solution((), (), dict.fromkeys(SOFT, 0))


def one_route(found: Translation, name: str, *visited: str) -> Solution:
    """A route over these visits as early as can be, without a look at any other rule."""
    there = next(s for s in found.problem.shifts if s.id == name)
    moment, where = there.start, there.start_location
    stops = []
    for called in visited:
        arrival = moment + int(found.problem.travel_time[where, visit(found, called).location])
        start = max(arrival, visit(found, called).windows[0].start)
        moment, where = start + visit(found, called).duration, visit(found, called).location
        stops.append(Stop(StopKind.VISIT, called, arrival, start, moment))
    end = moment + int(found.problem.travel_time[where, there.end_location])
    route = Route(name, there.technician, there.start, end, tuple(stops))
    return Solution((route,), (), dict.fromkeys(SOFT, 7))


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
    assert rows.plan.run_id == "run-1"
    assert rows.plan.objective == 7 * len(SOFT)
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
    assert check(found.problem, start) == ()


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
    assert rows.plan.cost["unassigned"] == found.problem.prices["today"]
    assert rows.plan.objective == found.problem.prices["today"]


def solved_without(found: Translation, costs: dict[Rule, int]) -> Solution:
    reason = Reason(ReasonCode.NOT_FOUND, None, "nobody looked")
    out = tuple(Unassigned(v.id, (reason,)) for v in found.problem.visits)
    return Solution((), out, costs)


def test_rows_refer_to_no_session(session: Session, settings: Settings) -> None:
    add_technician(session, "ann")
    add_job(session, "a", at=1)
    session.commit()
    snapshot = load_snapshot(session, MONDAY, MONDAY, None, SUNDAY_EVENING)
    session.close()
    found = to_problem(snapshot, settings)
    assert to_plan(found, nothing(found), "run").routes == []
