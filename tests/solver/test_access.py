"""Getting from the road to a visit takes its time, once for all visits in a row at one location."""

import pytest

from solver.judge.check import check
from solver.problem import InvalidProblem, Problem
from solver.solution import Route, Rule, Solution, Stop, StopKind
from solver.solve import ENGINES, Limit, solve
from tests.solver.problems import depot, line_problem, shift, solution_of, visit, window

BOTH = pytest.mark.parametrize("engine", ENGINES)


def solved(problem: Problem, engine: str = "kernel") -> Solution:
    solution = solve(problem, Limit(iterations=300), engine=engine)
    assert check(problem, solution) == ()
    return solution


@BOTH
def test_the_gate_is_passed_once_for_visits_in_a_row(engine: str) -> None:
    visits = [visit(name, 1, 5, access=30) for name in "abc"]
    (route,) = solved(line_problem(visits, [shift()]), engine).routes
    assert route.end - route.start == 10 + 30 + 3 * 5 + 10


@BOTH
def test_access_is_working_time_and_neither_travel_nor_service(engine: str) -> None:
    problem = line_problem(
        [visit("a", 1, 5, access=30)], [shift()], travel_time=2, distance=3, imbalance=7
    )
    cost = solved(problem, engine).cost
    assert cost[Rule.WORKING_TIME] == 10 + 30 + 5 + 10
    assert (cost[Rule.TRAVEL_TIME], cost[Rule.DISTANCE]) == (2 * 20, 3 * 20)
    assert cost[Rule.IMBALANCE] == 0


@BOTH
def test_a_window_bounds_what_comes_after_the_access(engine: str) -> None:
    late = line_problem([visit("a", 1, 5, access=30, windows=(window(0, 39),))], [shift()])
    assert solved(late, engine).routes == ()
    just = line_problem([visit("a", 1, 5, access=30, windows=(window(0, 40),))], [shift()])
    (route,) = solved(just, engine).routes
    assert (route.stops[0].arrival, route.stops[0].start) == (40, 40)


def test_at_the_start_of_the_day_there_is_no_gate_to_pass() -> None:
    (route,) = solved(line_problem([visit("a", 0, 5, access=30)], [shift()])).routes
    assert route.end - route.start == 5


def test_where_the_day_begins_with_the_visit_its_gate_is_passed() -> None:
    on = shift(start_location=None, end_location=None)
    (route,) = solved(line_problem([visit("a", 1, 5, access=30)], [on])).routes
    assert route.end - route.start == 30 + 5


def test_whoever_was_away_passes_the_gate_again() -> None:
    needy = visit("b", 1, 5, access=30, parts={"pump": 1}, windows=(window(200, 300),))
    first = visit("a", 1, 5, access=30, windows=(window(40, 40),))
    problem = line_problem([first, needy], [shift()], [depot("d", 2)])
    (route,) = solved(problem).routes
    assert [stop.id for stop in route.stops] in (["d", "a", "b"], ["a", "d", "b"])
    cheaper = line_problem([first, needy], [shift()], [depot("d", 2, windows=(window(50, 99),))])
    (route,) = solved(cheaper).routes
    assert [stop.id for stop in route.stops] == ["a", "d", "b"]
    assert route.stops[2].start >= route.stops[1].departure + 10 + 30


def test_a_gate_passed_in_no_time_is_reported() -> None:
    problem = line_problem([visit("a", 1, 5, access=30)], [shift()])
    stop = Stop(StopKind.VISIT, "a", 39, 40, 45)
    found = check(problem, solution_of(problem, Route("s", "ann", 0, 55, (stop,))))
    assert [(v.rule, v.amount) for v in found] == [(Rule.TRAVEL, 1)]


def test_access_is_not_negative() -> None:
    with pytest.raises(InvalidProblem, match="the duration is -1, negative"):
        line_problem([visit("a", access=-1)], [])
