"""What a shift allows of duration, visits, travel and distance: no plan has more."""

from typing import Any

import pytest

from solver.judge.check import check
from solver.problem import InvalidProblem, Previous, Problem
from solver.solution import ReasonCode, Rule, Solution, StopKind
from solver.solve import ENGINES, Limit, solve
from tests.solver.problems import depot, line_problem, pause, shift, visit, window

BOTH = pytest.mark.parametrize("engine", ENGINES)


def solved(problem: Problem, engine: str = "kernel") -> Solution:
    solution = solve(problem, Limit(iterations=300), engine=engine)
    assert check(problem, solution) == ()
    return solution


def served(solution: Solution) -> list[str]:
    stops = (stop for route in solution.routes for stop in route.stops)
    return sorted(stop.id for stop in stops if stop.kind is StopKind.VISIT)


def early_and_late(**limits: Any) -> Problem:
    """One visit in the morning and one in the evening of a long shift."""
    return line_problem(
        [
            visit("early", 1, 50, windows=(window(0, 100),)),
            visit("late", 1, 50, windows=(window(800, 900),), priority=2),
        ],
        [shift(**limits)],
    )


@BOTH
def test_a_day_is_no_longer_than_allowed_whenever_it_starts(engine: str) -> None:
    assert served(solved(early_and_late(max_duration=769), engine)) == ["late"]
    assert served(solved(early_and_late(max_duration=770), engine)) == ["early", "late"]


@BOTH
def test_breaks_count_as_part_of_the_day(engine: str) -> None:
    limits = {"breaks": (pause("lunch", 400, 500, 60),), "max_duration": 140}
    problem = line_problem([visit("a", 1, 50, windows=(window(390, 395),))], [shift(**limits)])
    assert served(solved(problem, engine)) == ["a"]
    shorter = line_problem(problem.visits, [shift(**{**limits, "max_duration": 60})])
    assert served(solved(shorter, engine)) == []


@BOTH
@pytest.mark.parametrize(
    ("limits", "number"),
    [
        ({"max_visits": 2}, 2),
        ({"max_visits": 0}, 0),
        ({"max_travel": 39}, 1),
        ({"max_travel": 40}, 2),
        ({"max_distance": 119}, 1),
        ({"max_distance": 180}, 3),
    ],
)
def test_a_route_has_no_more_than_allowed(engine: str, limits: dict[str, int], number: int) -> None:
    visits = [visit(name, place) for place, name in enumerate("abc", start=1)]
    problem = line_problem(visits, [shift(**limits)], metres_per_second=3)
    assert len(served(solved(problem, engine))) == number


def test_who_may_not_do_all_leaves_the_rest_to_others() -> None:
    visits = [visit(name, 1) for name in "abcd"]
    shifts = [shift("s", "ann", max_visits=1), shift("t", "bob", max_duration=35)]
    solution = solved(line_problem(visits, shifts))
    numbers = {route.shift: len(route.stops) for route in solution.routes}
    assert numbers == {"s": 1, "t": 3}


def test_depot_calls_are_no_visits_but_their_ways_count() -> None:
    needy = visit("a", 1, parts={"pump": 1})
    allowed = line_problem([needy], [shift(max_visits=1, max_travel=40)], [depot("d", 2)])
    assert served(solved(allowed)) == ["a"]
    (left,) = solved(line_problem([needy], [shift(max_travel=39)], [depot("d", 2)])).unassigned
    assert left.reasons


def test_what_no_day_is_long_enough_for_is_impossible_by_its_limits() -> None:
    for limits in ({"max_duration": 69}, {"max_distance": 19}, {"max_visits": 0}):
        problem = line_problem([visit("a", 1, 50)], [shift(**limits)])
        (left,) = solved(problem).unassigned
        assert [(r.code, r.rule) for r in left.reasons] == [(ReasonCode.IMPOSSIBLE, Rule.LIMITS)], (
            limits
        )


def test_the_cheapest_day_of_those_that_are_short_enough_is_driven() -> None:
    """Both visits were published 300 seconds apart; one of them has to move."""
    visits = [
        visit("a", 1, 10, previous=Previous("ann", 100)),
        visit("b", 1, 10, previous=Previous("ann", 400, told=True)),
    ]
    problem = line_problem(
        visits,
        [shift(max_duration=250, breaks=(pause("lunch", 200, 300, 30),))],
        working_time=0,
        moved_time=1,
        told_factor=3,
    )
    (route,) = solved(problem).routes
    starts = {stop.id: stop.start for stop in route.stops}
    assert route.end - route.start == 250
    assert starts["b"] == 400
    assert starts["a"] == 400 + 10 + 10 - 250 + 10


def test_a_limit_is_not_negative() -> None:
    with pytest.raises(InvalidProblem, match="'max_visits' is -1, negative"):
        line_problem([], [shift(max_visits=-1)])
