"""The timing of a sequence is exact: compared with every route there can be, second by second."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.judge.check import check
from solver.objective import Objective
from solver.problem import Break, Previous, Problem, Shift, TimeWindow, Visit
from solver.rules.cost import RouteCost, visit_cost
from solver.solution import Route, StopKind
from solver.timing.schedule import earliest_end, legs_of, next_start, previous_start
from solver.timing.timing import cheapest, idle_route
from tests.solver.problems import depot, line_problem, pause, shift, solution_of, visit, window

LEGS = np.array(((0, 2, 3), (1, 0, 2), (4, 1, 0)))
"""Seconds from place to place, in both directions."""
MOMENTS = st.integers(-1, 14)


def windows_of(most: int) -> st.SearchStrategy[tuple[TimeWindow, ...]]:
    one = st.builds(
        lambda start, length: TimeWindow(start, start + length), MOMENTS, st.integers(0, 4)
    )
    return st.lists(one, max_size=most).map(tuple)


VISITS = st.builds(
    Visit,
    id=st.just("v"),
    location=st.integers(0, 2),
    duration=st.integers(0, 3),
    windows=windows_of(2),
)
BREAKS = st.builds(
    lambda start, length, duration: Break("b", TimeWindow(start, start + length), duration),
    st.integers(-2, 12),
    st.integers(0, 4),
    st.integers(0, 4),
)
SHIFTS = st.builds(
    lambda start, length, overtime, breaks, ends, longest: Shift(
        "s",
        "ann",
        ends[0],
        ends[1],
        start,
        start + length,
        overtime,
        breaks=tuple(replace(b, id=f"b{number}") for number, b in enumerate(breaks)),
        max_duration=longest,
    ),
    st.integers(-1, 2),
    st.integers(0, 16),
    st.sampled_from((0, 3)),
    st.lists(BREAKS, max_size=2),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.none() | st.integers(0, 14),
)


def every_timing(shift: Shift, calls: Sequence[Visit]) -> Iterator[tuple[int, ...]]:
    """Start, starts of service and end of every route through the calls, by every choice of when to
    leave, on which way to take which breaks in which order; each call, once reached, is made as
    early as it may be, and the way home ends at once, which is never worse."""
    latest = shift.end + shift.max_overtime
    for start in range(shift.start, latest + 1):
        for taken in subsets(shift.breaks):
            for where in distributions(taken, len(calls) + 1):
                moments = drive(shift, calls, start, where)
                if (
                    moments is not None
                    and moments[-1] <= latest
                    and (shift.max_duration is None or moments[-1] - start <= shift.max_duration)
                    and all(
                        pause.window.start + pause.duration <= start
                        or pause.window.end >= moments[-1]
                        for pause in shift.breaks
                        if pause not in taken
                    )
                ):
                    yield start, *moments


def subsets(breaks: Sequence[Break]) -> Iterator[tuple[Break, ...]]:
    for number in range(2 ** len(breaks)):
        yield tuple(pause for bit, pause in enumerate(breaks) if number >> bit & 1)


def distributions(breaks: Sequence[Break], ways: int) -> Iterator[list[list[Break]]]:
    """Every order of the breaks, cut up over the ways between places."""
    for order in permutations(breaks):
        for chosen in _rising(len(order), ways):
            on_way: list[list[Break]] = [[] for _ in range(ways)]
            for one, way in zip(order, chosen, strict=True):
                on_way[way].append(one)
            yield on_way


def _rising(length: int, ways: int, first: int = 0) -> Iterator[tuple[int, ...]]:
    if length == 0:
        yield ()
        return
    for way in range(first, ways):
        for rest in _rising(length - 1, ways, way):
            yield way, *rest


def drive(
    shift: Shift, calls: Sequence[Visit], start: int, on_way: Sequence[Sequence[Break]]
) -> list[int] | None:
    """When each call starts, and the end."""
    moments = []
    clock, here = start, shift.start_location
    for way, pauses in enumerate(on_way):
        call = calls[way] if way < len(calls) else None
        there = shift.end_location if call is None else call.location
        busy, resting = clock, 0
        for one in pauses:
            begin = next((t for t in range(busy, 60) if _inside(one.window, t)), None)
            if begin is None:
                return None
            busy, resting = begin + one.duration, resting + one.duration
        clock = max(busy, clock + int(LEGS[here, there]) + resting)
        here = there
        if call is not None:
            opens = [t for t in range(clock, 60) if _open(call, t)]
            if not opens:
                return None
            moments.append(opens[0])
            clock = opens[0] + call.duration
    return [*moments, clock]


def _inside(bounds: TimeWindow, moment: int) -> bool:
    return bounds.start <= moment <= bounds.end


def _open(call: Visit, moment: int) -> bool:
    return not call.windows or any(_inside(bounds, moment) for bounds in call.windows)


def named(calls: Sequence[Visit]) -> list[Visit]:
    return [replace(call, id=f"v{number}") for number, call in enumerate(calls)]


def problem_of(shift: Shift, calls: Sequence[Visit], **weights: Any) -> Problem:
    return Problem(tuple(calls), (shift,), LEGS, LEGS, objective=Objective(**weights))


@given(SHIFTS, st.lists(VISITS, max_size=3).map(named))
def test_a_route_can_end_as_early_as_the_earliest_of_all_ways_to_drive_it(
    shift: Shift, calls: list[Visit]
) -> None:
    ends = [timing[-1] for timing in every_timing(shift, calls)]
    assert earliest_end(shift, calls, LEGS.tolist()) == min(ends, default=None)


@given(SHIFTS, st.lists(VISITS, max_size=3).map(named))
def test_where_only_working_time_counts_the_shortest_route_that_ends_first_is_driven(
    shift: Shift, calls: list[Visit]
) -> None:
    def order(timing: tuple[int, ...]) -> tuple[int, ...]:
        start, *services, end = timing
        return end - start, end, *services

    best = min(every_timing(shift, calls), key=order, default=None)
    route = cheapest(problem_of(shift, calls), shift, calls, legs_of(LEGS))
    if best is None:
        assert route is None
        return
    assert route is not None
    services = [stop.start for stop in route.stops if stop.kind is StopKind.VISIT]
    assert (route.start, *services, route.end) == best


def least_cents(problem: Problem, on: Shift, calls: Sequence[Visit]) -> int | None:
    """What the times cost at least: by trying every moment to leave, to begin each call and to be
    back, on every way to take the breaks."""
    costs, latest = problem.objective, on.end + on.max_overtime

    @cache
    def from_here(number: int, moment: int, settled: frozenset[str], last: int) -> int | None:
        """The least from being free then, so many calls done, these breaks settled, if it ends by
        ``last``."""
        here = calls[number - 1].location if number else on.start_location
        is_home = number == len(calls)
        there = on.end_location if is_home else calls[number].location
        found = []
        for arrival, then in ways(moment, int(LEGS[here, there]), settled):
            for begin in range(arrival, last + 1):
                if is_home:
                    late = [p for p in on.breaks if p.id not in then and p.window.end < begin]
                    if not late:
                        over = costs.overtime * max(0, begin - on.end)
                        found.append(costs.working_time * begin + over)
                elif _open(calls[number], begin):
                    call = calls[number]
                    rest = from_here(number + 1, begin + call.duration, then, last)
                    if rest is not None:
                        own = sum(cents for _, cents in visit_cost(problem, on, call, begin))
                        found.append(rest + own)
        return min(found, default=None)

    def ways(
        moment: int, leg: int, settled: frozenset[str]
    ) -> Iterator[tuple[int, frozenset[str]]]:
        left = [rest for rest in on.breaks if rest.id not in settled]
        for taken in subsets(left):
            for order in permutations(taken):
                free = moment
                for rest in order:
                    begin = max(free, rest.window.start)
                    if begin > rest.window.end:
                        break
                    free = begin + rest.duration
                else:
                    arrival = max(free, moment + leg + sum(rest.duration for rest in order))
                    yield arrival, settled | {rest.id for rest in order}

    found = []
    for start in range(on.start, latest + 1):
        over = {p.id for p in on.breaks if p.window.start + p.duration <= start}
        last = latest if on.max_duration is None else min(latest, start + on.max_duration)
        rest = from_here(0, start, frozenset(over), last)
        if rest is not None:
            found.append(rest - costs.working_time * start)
    return min(found, default=None)


@given(
    SHIFTS,
    st.lists(
        st.builds(
            replace,
            VISITS,
            windows=st.lists(
                st.builds(
                    lambda start, length, price: TimeWindow(start, start + length, price),
                    MOMENTS,
                    st.integers(0, 4),
                    st.sampled_from((0, 2, 7)),
                ),
                max_size=3,
            ).map(tuple),
            priority=st.integers(0, 1),
            due=st.none() | MOMENTS,
            previous=st.none() | st.builds(Previous, st.just("ann"), MOMENTS, st.booleans()),
        ),
        max_size=3,
    ).map(named),
    st.fixed_dictionaries(
        {
            "unassigned": st.just((1, 3)),
            "lateness": st.sampled_from((0, 1, 5)),
            "lateness_factors": st.sampled_from(((), (1, 3))),
            "promptness": st.sampled_from(((), (0, 2))),
            "working_time": st.sampled_from((0, 1, 3)),
            "overtime": st.sampled_from((0, 2)),
            "moved_time": st.sampled_from((0, 1, 4)),
            "moved_time_tolerance": st.sampled_from((0, 2)),
            "told_factor": st.sampled_from((0, 1, 2)),
        }
    ),
)
@settings(max_examples=3 * settings().max_examples)
def test_no_way_to_drive_a_sequence_costs_less_than_the_one_that_is_driven(
    shift: Shift, calls: list[Visit], weights: dict[str, Any]
) -> None:
    problem = problem_of(shift, calls, **weights)
    route = cheapest(problem, shift, calls, legs_of(LEGS))
    least = least_cents(problem, shift, calls)
    assert (route is None) == (least is None)
    if route is not None:
        assert check(problem, solution_of(problem, route)) == ()
        times = {
            "working_time",
            "overtime",
            "lateness",
            "promptness",
            "moved_time",
            "window_price",
        }
        cents = [cents for rule, cents in RouteCost(problem).of(route) if rule.value in times]
        assert sum(cents) == least


@given(SHIFTS)
def test_a_shift_can_be_idle_if_it_has_a_moment_off_which_its_breaks_can_lie(shift: Shift) -> None:
    nowhere = replace(shift, start_location=0, end_location=0)
    idle = idle_route(shift)
    empty = Problem((), (nowhere,), LEGS, LEGS)
    assert (idle is not None) == any(every_timing(nowhere, []))
    if idle is not None:
        assert check(empty, solution_of(empty, idle)) == ()


def test_twenty_breaks_are_placed_as_quickly_as_one() -> None:
    """Every set of breaks would be a million; only those of the day so far matter."""
    breaks = tuple(pause(f"b{n}", 100 + 40 * n, 100 + 40 * n, 10) for n in range(20))
    visits = [visit(f"v{n}", 1 + n % 2, 5) for n in range(8)]
    route = placed(visits, breaks=breaks)
    assert route is not None
    assert sum(stop.kind is StopKind.VISIT for stop in route.stops) == 8


def test_twenty_breaks_at_any_time_are_taken_one_after_the_other() -> None:
    breaks = tuple(pause(f"b{n}", 0, 900, 10) for n in range(20))
    early, late = (window(10, 10),), (window(1000, 1000),)
    visits = [visit("a", 1, windows=early), visit("b", 1, windows=late)]
    route = placed(visits, breaks=breaks, end=2000)
    assert route is not None
    assert sum(stop.kind is StopKind.BREAK for stop in route.stops) == 20


def test_a_job_is_done_in_time_although_the_day_then_begins_long_before_the_next() -> None:
    """It used to start so late that the fixed one came just in time, and the urgent one an hour
    before that."""
    visits = [visit("urgent", 1, 10, due=60), visit("fixed", 1, windows=(window(500, 500),))]
    problem = line_problem(visits, [shift()], lateness=5)
    route = cheapest(problem, problem.shifts[0], visits, legs_of(problem.travel_time))
    assert times(route) == [("urgent", 50, 60), ("fixed", 500, 505)]


def test_what_should_be_prompt_is_served_as_soon_as_it_can_be() -> None:
    visits = [visit("urgent", 1, 10, priority=1), visit("fixed", 1, windows=(window(500, 500),))]
    problem = line_problem(visits, [shift()], unassigned=(1, 3), promptness=(0, 5))
    route = cheapest(problem, problem.shifts[0], visits, legs_of(problem.travel_time))
    assert times(route) == [("urgent", 10, 20), ("fixed", 500, 505)]


def test_lateness_counts_by_priority() -> None:
    """One of two that are due at once has to wait; it is the less urgent one that does."""
    low, high = visit("low", 1, 30, due=40, priority=0), visit("high", 1, 30, due=40, priority=1)
    costs = {"unassigned": (1, 3), "lateness": 1, "lateness_factors": (1, 10)}
    problem = line_problem([low, high], [shift()], **costs)
    legs = legs_of(problem.travel_time)
    price = RouteCost(problem)
    cents = [
        sum(cents for _, cents in price.of(route))
        for calls in ([high, low], [low, high])
        if (route := cheapest(problem, problem.shifts[0], calls, legs)) is not None
    ]
    assert cents[1] - cents[0] == 9 * 30


# --- cases with a name -------------------------------------------------------------------------


def placed(calls: Sequence[Visit], **rules: Any) -> Route | None:
    problem = line_problem(calls, [shift(**rules)])
    route = cheapest(problem, problem.shifts[0], calls, legs_of(problem.travel_time))
    if route is not None:
        assert check(problem, solution_of(problem, route)) == ()
    return route


def times(route: Route | None) -> list[tuple[str, int, int]]:
    assert route is not None
    return [(stop.id, stop.start, stop.departure) for stop in route.stops]


def test_a_route_waits_at_home_rather_than_on_the_way() -> None:
    route = placed([visit("a", 1, windows=(window(100, 200),))])
    assert times(route) == [("a", 100, 105)]
    assert route is not None
    assert (route.start, route.end) == (90, 115)


def test_waiting_between_two_windows_is_as_short_as_the_first_window_allows() -> None:
    early, late = window(0, 50), window(100, 100)
    route = placed([visit("a", 1, windows=(early,)), visit("b", 2, windows=(late,))])
    assert times(route) == [("a", 50, 55), ("b", 100, 105)]


def test_the_second_of_several_windows_is_taken_if_the_first_has_passed() -> None:
    visits = [visit("a", 1, 60), visit("b", 1, windows=(window(200, 300), window(0, 69)))]
    assert times(placed(visits)) == [("a", 140, 200), ("b", 200, 205)]


def test_a_break_is_taken_while_waiting_for_a_window_to_open() -> None:
    visits = [visit("a", 1, windows=(window(10, 10),)), visit("b", 1, windows=(window(100, 100),))]
    lunch = pause("lunch", 30, 50, 20)
    assert times(placed(visits, breaks=(lunch,))) == [
        ("a", 10, 15),
        ("lunch", 30, 50),
        ("b", 100, 105),
    ]


def test_a_break_that_opens_after_the_arrival_is_waited_for() -> None:
    visits = [
        visit("a", 1, windows=(window(10, 10),)),
        visit("b", 1, 30, windows=(window(80, 130),)),
    ]
    stops = times(placed(visits, breaks=(pause("lunch", 100, 100, 20),)))
    assert stops == [("a", 10, 15), ("lunch", 100, 120), ("b", 120, 150)]


def test_a_break_is_taken_on_the_way_on_which_least_time_is_lost() -> None:
    breaks = (pause("lunch", 50, 50, 20), pause("late", 900, 900, 10))
    early = (window(0, 20),)
    stops = times(placed([visit("a", 1, windows=early), visit("b", 2, 60)], breaks=breaks))
    assert [name for name, *_ in stops] == ["a", "lunch", "b"]
    assert stops[-1] == ("b", 70, 130)


def test_a_route_starts_early_enough_for_a_break_that_cannot_wait() -> None:
    visits = [visit("a", 1, windows=(window(0, 30),)), visit("b", 1, windows=(window(100, 100),))]
    route = placed(visits, breaks=(pause("lunch", 20, 20, 20),))
    assert times(route) == [("a", 15, 20), ("lunch", 20, 40), ("b", 100, 105)]
    assert route is not None
    assert (route.start, route.end) == (5, 115)


def test_a_route_may_start_at_the_very_end_of_a_shift_when_the_breaks_are_over() -> None:
    breaks = (pause("early", -5, -5, 55), pause("late", 900, 900, 10))
    route = placed([visit("a", 0, 0)], end=50, breaks=breaks)
    assert times(route) == [("a", 50, 50)]


def test_a_break_on_the_road_makes_the_way_longer() -> None:
    visits = [visit("a", 9, windows=(window(0, 109),))]
    assert placed(visits, breaks=(pause("lunch", 30, 50, 20),)) is None
    later = [visit("a", 9, windows=(window(0, 110),))]
    assert times(placed(later, breaks=(pause("lunch", 30, 50, 20),))) == [
        ("lunch", 30, 50),
        ("a", 110, 115),
    ]


def test_a_break_that_can_wait_delays_no_call_before_a_long_wait() -> None:
    visits = [
        visit("a", 1, windows=(window(10, 10),)),
        visit("b", 2, windows=(window(50, 200),)),
        visit("c", 1, windows=(window(400, 400),)),
    ]
    assert times(placed(visits, breaks=(pause("lunch", 0, 300, 60),))) == [
        ("a", 10, 15),
        ("b", 50, 55),
        ("lunch", 55, 115),
        ("c", 400, 405),
    ]


def test_a_break_is_taken_while_there_is_nothing_to_do_rather_than_before_a_call() -> None:
    visits = [
        visit("a", 1, windows=(window(10, 10),)),
        visit("b", 1, windows=(window(100, 100),)),
        visit("c", 1, 200),
        visit("d", 1, windows=(window(600, 600),)),
    ]
    assert times(placed(visits, breaks=(pause("lunch", 0, 200, 60),))) == [
        ("a", 10, 15),
        ("lunch", 15, 75),
        ("b", 100, 105),
        ("c", 105, 305),
        ("d", 600, 605),
    ]


def test_a_break_off_the_route_is_not_listed() -> None:
    breaks = (pause("early", 0, 0, 20), pause("late", 900, 950, 20))
    assert times(placed([visit("a", 1)], breaks=breaks)) == [("a", 30, 35)]


def test_a_break_that_can_wait_makes_way_for_one_that_cannot() -> None:
    breaks = (pause("one", 0, 5000, 20), pause("two", 5, 100, 20))
    visits = [
        visit("a", 1, 75, windows=(window(10, 10),)),
        visit("b", 1, windows=(window(105, 105),)),
    ]
    stops = times(placed(visits, breaks=breaks))
    assert [name for name, *_ in stops] == ["a", "two", "b"]


def test_a_depot_call_takes_its_time_inside_its_windows() -> None:
    source = depot("d", 2, 7, windows=(window(50, 60),))
    problem = line_problem([visit("a", 3)], [shift()], [source])
    calls = [source, problem.visits[0]]
    route = cheapest(problem, problem.shifts[0], calls, legs_of(problem.travel_time))
    assert times(route) == [("d", 50, 57), ("a", 67, 72)]
    assert route is not None
    assert [stop.kind for stop in route.stops] == [StopKind.DEPOT, StopKind.VISIT]


def test_overtime_is_used_where_it_is_allowed() -> None:
    assert placed([visit("a", 3)], end=40) is None
    route = placed([visit("a", 3)], end=40, max_overtime=25)
    assert route is not None
    assert (route.start, route.end) == (0, 65)


def test_stops_follow_each_other() -> None:
    route = placed([visit("a", 1), visit("b", 5), visit("c", 2)], breaks=(pause("tea", 0, 9, 3),))
    assert route is not None
    assert all(one.departure <= next_.arrival for one, next_ in pairwise(route.stops))


@pytest.mark.parametrize(
    ("moment", "after", "before"),
    [(0, 5, None), (5, 5, 5), (7, 7, 7), (15, 30, 10), (35, 35, 35), (50, None, 40)],
)
def test_the_nearest_moments_inside_windows(
    moment: int, after: int | None, before: int | None
) -> None:
    windows = (window(30, 40), window(5, 9), window(8, 10))
    assert (next_start(windows, moment), previous_start(windows, moment)) == (after, before)


def test_without_windows_any_moment_will_do() -> None:
    assert (next_start((), -7), previous_start((), -7)) == (-7, -7)


def test_legs_are_the_matrix_in_plain_numbers() -> None:
    matrix = line_problem([visit(location=2)], metres_per_second=3).distance
    legs = legs_of(matrix)
    assert [list(row) for row in legs] == [[0, 30, 60], [30, 0, 30], [60, 30, 0]]
    assert type(legs[0][2]) is int
