"""What it costs to start in one of a job's windows, on its way into a plan."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlmodel import Session

from dispatch.by_hand.gaps import list_gap_fillers
from dispatch.by_hand.judging import judge
from dispatch.by_hand.moves import Move
from dispatch.models import JobWindow, Waiver
from dispatch.placing.placing import live_day
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.ties import Bounds
from dispatch.planning.translate import to_problem
from dispatch.settings import Settings
from solver.judge.check import check
from solver.problem import TimeWindow
from solver.rules.windows import price_at
from solver.solution import Rule
from solver.solve import Limit, solve
from tests.dispatch.crew import MONDAY, SUNDAY_EVENING, add_job, add_technician, hanoi
from tests.dispatch.translating import translated, visit
from tests.solver.problems import visit as solver_visit

pytestmark = pytest.mark.any_database


def add_priced_job(session: Session, *windows: tuple[str, str, int], **rules: object) -> None:
    add_job(session, "job", at=0, minutes=30, **rules)  # type: ignore[arg-type]
    for start, end, price in windows:
        row = JobWindow(job_id="job", starts_at=hanoi(start), ends_at=hanoi(end), price=price)
        session.add(row)


def test_a_visit_is_planned_into_the_window_that_costs_less(
    session: Session, settings: Settings
) -> None:
    starts: list[datetime] = []
    for prices in ((900_000, 0), (0, 900_000)):
        add_technician(session, "ann", at=0)
        add_priced_job(session, ("09:00", "10:00", prices[0]), ("14:00", "15:00", prices[1]))
        found = translated(session, settings)
        solution = solve(found.problem, Limit(iterations=200), seed=1)
        assert check(found.problem, solution) == ()
        assert solution.cost[Rule.WINDOW_PRICE] == 0
        [route] = solution.routes
        starts += [found.moment(stop.start) for stop in route.stops]
        session.rollback()
    assert starts[0] >= hanoi("14:00")
    assert starts[1] <= hanoi("10:00")


def test_a_price_is_said_in_cents_in_what_opening_hours_leave_of_the_window(
    session: Session, settings: Settings
) -> None:
    hours = [(0, "09:30", "14:30")]
    add_technician(session, "ann", at=0)
    add_priced_job(session, ("09:00", "10:00", 200), ("14:00", "15:00", 0), opening=hours)
    found = translated(session, settings)
    assert [
        (found.moment(one.start), found.moment(one.end), one.price)
        for one in visit(found, "job").windows
    ] == [(hanoi("09:30"), hanoi("10:00"), 20_000), (hanoi("14:00"), hanoi("14:30"), 0)]


def test_links_that_narrow_a_visit_keep_the_prices_of_its_windows() -> None:
    bounds = Bounds(earliest=50, latest=350, shut=[(100, 200)])
    left = bounds.of(solver_visit("a", 0, windows=(TimeWindow(0, 300, 7), TimeWindow(300, 400))))
    assert left is not None
    assert left.windows == (
        TimeWindow(50, 99, 7),
        TimeWindow(201, 300, 7),
        TimeWindow(300, 350),
    )
    assert price_at(left.windows, 300) == 0


@pytest.mark.parametrize(
    ("opened", "first"), [(("10:00", "10:30"), "09:00"), (("08:30", "09:00"), "08:30")]
)
def test_a_window_that_an_override_has_opened_further_has_one_price(
    session: Session, settings: Settings, opened: tuple[str, str], first: str
) -> None:
    add_technician(session, "ann", at=0)
    add_priced_job(session, ("09:00", "10:00", 200))
    session.flush()
    start, end = map(hanoi, opened)
    row = Waiver(
        job_id="job",
        technician_id="ann",
        shift_starts_at=hanoi("08:00"),
        rule="time_windows",
        subject="later",
        amount=1800,
        starts_at=start,
        ends_at=end,
        reason="agreed",
        actor="lan",
        at=SUNDAY_EVENING,
        plan_id=1,
    )
    snapshot = load_snapshot(session, Scope(MONDAY, MONDAY), SUNDAY_EVENING)
    found = to_problem(replace(snapshot, waivers={"job": [row]}), settings)
    [window] = visit(found, "job").windows
    assert (found.moment(window.start), window.price) == (hanoi(first), 20_000)
    assert found.moment(window.end) == max(end, hanoi("10:00"))


def test_a_gap_is_filled_when_that_costs_less(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0)
    add_priced_job(session, ("09:00", "10:00", 900_000), ("14:00", "15:00", 0))
    session.commit()
    gap = (hanoi("08:00"), hanoi("16:00"))
    [filler] = list_gap_fillers(session, "ann", *gap, settings, at=SUNDAY_EVENING)
    assert filler.start_at >= hanoi("14:00")


def test_a_visit_that_is_put_no_earlier_than_a_time_goes_where_that_costs_less(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_priced_job(session, ("09:00", "10:00", 900_000), ("14:00", "15:00", 0))
    session.commit()
    live = live_day(session, MONDAY, settings, SUNDAY_EVENING)
    judged = judge(live, Move("job", "ann", MONDAY, 3600 * 8 + 1800, no_earlier=True))
    [route] = judged.after
    [stop] = route.stops
    assert live.translation.moment(stop.start) >= hanoi("14:00")
