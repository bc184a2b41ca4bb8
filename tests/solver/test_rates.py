"""An hour and a kilometre of one shift may cost something else than those of another."""

from typing import Any

import pytest

from solver.files.read import problem_from_json
from solver.judge.check import check
from solver.objective import Objective, ShiftRates
from solver.problem import InvalidProblem, Problem
from solver.solution import Rule, Solution
from solver.solve import ENGINES, Limit, solve
from tests.solver.problems import depot, line_problem, shift, visit, window

BOTH = pytest.mark.parametrize("engine", ENGINES)


def solved(problem: Problem, engine: str = "kernel") -> Solution:
    solution = solve(problem, Limit(iterations=300), engine=engine)
    assert check(problem, solution) == ()
    return solution


@BOTH
@pytest.mark.parametrize(
    "rates",
    [ShiftRates(working_time=9), ShiftRates(travel_time=9), ShiftRates(distance=9)],
    ids=str,
)
def test_a_visit_goes_to_whom_it_costs_least(engine: str, rates: ShiftRates) -> None:
    weights = {"working_time": 1, "travel_time": 1, "distance": 1}
    shifts = [shift("s", "ann", rates=rates), shift("t", "bob", start_location=2, end_location=2)]
    far = [visit("a", 0, 5)]
    (route,) = solved(line_problem(far, shifts, **weights), engine).routes
    assert route.technician == "ann"
    (route,) = solved(line_problem([visit("a", 1, 50)], shifts, **weights), engine).routes
    assert route.technician == "bob"


@BOTH
def test_what_is_paid_is_what_the_shift_costs(engine: str) -> None:
    problem = line_problem(
        [visit("a", 3, 5)],
        [shift(rates=ShiftRates(2, 3, 5))],
        metres_per_second=7,
        working_time=100,
        travel_time=100,
        distance=100,
    )
    cost = solved(problem, engine).cost
    assert cost[Rule.WORKING_TIME] == 2 * 65
    assert cost[Rule.TRAVEL_TIME] == 3 * 60
    assert cost[Rule.DISTANCE] == 5 * 420


def test_what_is_not_given_is_as_the_objective_says() -> None:
    costs = Objective(working_time=4, travel_time=5, distance=6)
    assert costs.at(ShiftRates(travel_time=0)) == Objective(
        working_time=4, travel_time=0, distance=6
    )
    assert costs.at(ShiftRates()) is costs


def test_a_way_by_the_depot_costs_what_the_shift_costs() -> None:
    needy = visit("a", 1, 10, parts={"pump": 1})
    shifts = [shift("s", "ann", rates=ShiftRates(distance=50)), shift("t", "bob", start_location=9)]
    problem = line_problem([needy], shifts, [depot("d", 2)], distance=1)
    assert solved(problem).cost[Rule.DISTANCE] == 90
    (route,) = solved(problem).routes
    assert route.technician == "bob"


def test_however_dear_a_shift_is_no_visit_is_left_out_for_it() -> None:
    visits = [visit(name, 1, 50, windows=(window(10, 20),)) for name in "ab"]
    shifts = [shift("s", "ann"), shift("t", "bob", rates=ShiftRates(1000, 1000, 1000))]
    assert solved(line_problem(visits, shifts)).unassigned == ()


def test_rates_are_read_as_far_as_they_are_given() -> None:
    (on,) = problem_from_json(_document({"rates": {"distance": 3}})).shifts
    assert on.rates == ShiftRates(distance=3)


@pytest.mark.parametrize("rates", [{"distance": -1}, {"hour": 2}, {"distance": 0.5}, []])
def test_what_is_no_rate_is_a_fault(rates: Any) -> None:
    with pytest.raises(InvalidProblem):
        problem_from_json(_document({"rates": rates}))


def _document(rules: dict[str, Any]) -> dict[str, Any]:
    on = {"id": "s", "technician": "ann", "start_location": 0, "end_location": 0}
    shifts = [{**on, "start": 0, "end": 100, **rules}]
    return {"visits": [], "shifts": shifts, "travel_time": [[0]], "distance": [[0]]}
