"""Crews and chains of technicians who are not alike, and whose days are limited."""

from fractions import Fraction

import pytest
from hypothesis import given, settings

from solver.judge.check import check
from solver.links import After, Person, Together
from solver.ortools.acceptance import accepts
from solver.ortools.rules import NotInTheModel
from solver.problem import Problem, TimeWindow
from solver.solution import Rule, Solution
from solver.solve import ENGINES, Limit, solve
from tests.solver.answers import plan, starts
from tests.solver.kernel.linked import ruled_problems
from tests.solver.problems import line_problem, shift, visit, window

BOTH = pytest.mark.parametrize("engine", ENGINES)


def solved(problem: Problem, engine: str) -> Solution:
    solution = solve(problem, Limit(iterations=300), engine=engine)
    assert check(problem, solution) == ()
    return solution


@BOTH
def test_the_second_waits_for_a_slow_first_and_not_for_a_quick_one(engine: str) -> None:
    visits = [visit("a", 1, 100, skills={"gas": 1}), visit("b", 1, 10)]
    links = [After("a", "b", 0, 0, Person.DIFFERENT)]
    for pace, service in ((Fraction(2), 200), (Fraction(1, 2), 50)):
        shifts = [shift("s", "ann", pace=pace, skills={"gas": 1}), shift("t", "bob")]
        moments = starts(solved(line_problem(visits, shifts, links=links), engine))
        assert moments["b"] - moments["a"] == service


@BOTH
def test_a_crew_meets_at_a_gate_that_one_of_them_has_passed_already(engine: str) -> None:
    visits = [visit("a", 1, access=30), visit("b", 1, access=30), visit("c", 1, access=30)]
    problem = line_problem(
        visits, [shift("s"), shift("t", "bob")], links=[Together(("a", "b"))], shift_use=9
    )
    solution = solved(problem, engine)
    assert solution.unassigned == ()
    assert solution.cost[Rule.WORKING_TIME] == 2 * (10 + 30 + 10) + 3 * 5


@BOTH
def test_a_crew_meets_where_no_day_becomes_too_long(engine: str) -> None:
    """Who is to be back 100 s after leaving leaves late, and the other one waits for that."""
    visits = [visit("a", 1), visit("b", 1), visit("late", 2, windows=(window(500, 500),))]
    shifts = [
        shift("s", "ann", max_duration=100, skills={"gas": 1}),
        shift("t", "bob"),
    ]
    problem = line_problem(
        [visits[0], visits[1], visit("late", 2, skills={"gas": 1}, windows=(window(500, 500),))],
        shifts,
        links=[Together(("a", "b"))],
    )
    solution = solved(problem, engine)
    assert "late" in plan(solution)["s"]
    for route in solution.routes:
        assert route.shift == "t" or route.end - route.start <= 100


@BOTH
def test_a_crew_may_end_its_day_anywhere(engine: str) -> None:
    problem = line_problem(
        [visit("a", 5), visit("b", 5)],
        [shift("s", end_location=None), shift("t", "bob", start_location=None)],
        links=[Together(("a", "b"))],
    )
    solution = solved(problem, engine)
    assert solution.unassigned == ()
    assert solution.cost[Rule.WORKING_TIME] == 50 + 5 + 5 + 50


def test_a_crew_pays_the_price_of_the_window_in_which_it_meets() -> None:
    windows = (TimeWindow(0, 100, 5), TimeWindow(300, 400, 20))
    problem = line_problem(
        [visit("a", 1, windows=windows), visit("b", 1, windows=windows)],
        [shift("s", start=90), shift("t", "bob", start=200)],
        links=[Together(("a", "b"))],
    )
    solution = solved(problem, "kernel")
    assert solution.unassigned == ()
    assert solution.cost[Rule.WINDOW_PRICE] == 2 * 20


@given(ruled_problems())
@settings(deadline=None)
def test_every_answer_keeps_all_rules_together(problem: Problem) -> None:
    solution = solve(problem, Limit(iterations=200))
    assert check(problem, solution) == ()
    assert accepts(problem, solution.routes)


@given(ruled_problems(max_visits=5))
@settings(deadline=None, max_examples=20)
def test_the_routing_model_keeps_them_or_says_which_it_does_not_know(problem: Problem) -> None:
    try:
        solution = solve(problem, Limit(iterations=50), engine="routing")
    except NotInTheModel:
        return
    assert check(problem, solution) == ()
