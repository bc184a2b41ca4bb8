"""Who is slower takes longer for the same visit, and who is quicker at a kind of work less."""

from fractions import Fraction
from typing import Any

import pytest

from solver.files.read import problem_from_json
from solver.judge.check import check
from solver.problem import InvalidProblem, Problem
from solver.solution import Rule, Solution
from solver.solve import ENGINES, Limit, solve
from tests.solver.problems import depot, line_problem, shift, solution_of, timed_route, visit

BOTH = pytest.mark.parametrize("engine", ENGINES)
SLOW = Fraction(6, 5)


def solved(problem: Problem, engine: str = "kernel") -> Solution:
    solution = solve(problem, Limit(iterations=300), engine=engine)
    assert check(problem, solution) == ()
    return solution


@BOTH
def test_a_visit_takes_its_duration_times_the_pace_rounded_up(engine: str) -> None:
    (route,) = solved(line_problem([visit("a", 1, 31)], [shift(pace=SLOW)]), engine).routes
    (stop,) = route.stops
    assert stop.departure - stop.start == 38


@BOTH
def test_the_pace_at_a_kind_of_work_goes_before_the_general_one(engine: str) -> None:
    visits = [visit("a", 1, 30, work_type="boiler"), visit("b", 1, 30, work_type="meter")]
    on = shift(pace=Fraction(2), paces={"boiler": Fraction(1, 2)})
    (route,) = solved(line_problem(visits, [on]), engine).routes
    assert {stop.id: stop.departure - stop.start for stop in route.stops} == {"a": 15, "b": 60}


@BOTH
def test_a_visit_goes_to_who_is_quick_enough(engine: str) -> None:
    problem = line_problem(
        [visit("a", 1, 100)],
        [shift("s", "trainee", end=120, pace=SLOW), shift("t", "ann", end=120)],
    )
    (route,) = solved(problem, engine).routes
    assert route.technician == "ann"


def test_a_slow_day_holds_less() -> None:
    visits = [visit(name, 1, 100) for name in "abc"]
    problem = line_problem(visits, [shift("s", end=330, pace=SLOW), shift("t", "bob", end=330)])
    solution = solved(problem)
    assert {route.shift: len(route.stops) for route in solution.routes} == {"s": 1, "t": 2} or {
        route.shift: len(route.stops) for route in solution.routes
    } == {"t": 3}


def test_who_cannot_do_it_in_time_at_their_pace_cannot_do_it_at_all() -> None:
    problem = line_problem([visit("a", 1, 100)], [shift(end=139, pace=SLOW)])
    (left,) = solved(problem).unassigned
    assert [reason.rule for reason in left.reasons] == [Rule.SHIFT]


def test_depot_calls_take_everybody_the_same_time() -> None:
    needy = visit("a", 1, 10, parts={"pump": 1})
    problem = line_problem([needy], [shift(pace=Fraction(2))], [depot("d", 2, 30)])
    (route,) = solved(problem).routes
    assert [stop.departure - stop.start for stop in route.stops] == [30, 20]


def test_lateness_and_imbalance_count_the_time_that_it_really_takes() -> None:
    problem = line_problem(
        [visit("a", 1, 50, due=60)],
        [shift(pace=SLOW), shift("t", "bob", pace=SLOW)],
        lateness=10,
        imbalance=3,
    )
    solution = solved(problem)
    assert solution.cost[Rule.LATENESS] == 10 * 10
    assert solution.cost[Rule.IMBALANCE] == 3 * (60 - 25)


def test_too_quick_a_visit_is_reported() -> None:
    slow = line_problem([visit("a", 1, 50)], [shift(pace=SLOW)])
    route = timed_route(line_problem([visit("a", 1, 50)], [shift()]), "s", ["a"])
    found = check(slow, solution_of(slow, route))
    assert [(v.rule, v.amount) for v in found] == [(Rule.TRAVEL, 10)]


def test_the_routing_model_says_what_it_does_not_know() -> None:
    problem = line_problem(
        [visit("a", 1, 50, due=60)],
        [shift(pace=SLOW), shift("t", "bob")],
        lateness=10,
    )
    with pytest.raises(ValueError, match="lateness of visit 'a'"):
        solve(problem, Limit(iterations=10), engine="routing")
    assert solved(problem).cost[Rule.LATENESS] == 0


@pytest.mark.parametrize(
    ("written", "pace"), [("6/5", SLOW), (1.2, SLOW), (2, Fraction(2)), ("0.75", Fraction(3, 4))]
)
def test_a_pace_is_a_number_or_a_fraction(written: Any, pace: Fraction) -> None:
    (on,) = problem_from_json(_document({"pace": written, "paces": {"boiler": written}})).shifts
    assert (on.pace, dict(on.paces)) == (pace, {"boiler": pace})


@pytest.mark.parametrize("written", ["fast", "1/0", 0, -1, None, True, "2000", [1]])
def test_what_is_no_pace_is_a_fault(written: Any) -> None:
    with pytest.raises(InvalidProblem):
        problem_from_json(_document({"pace": written}))


def _document(rules: dict[str, Any]) -> dict[str, Any]:
    on = {"id": "s", "technician": "ann", "start_location": 0, "end_location": 0}
    shifts = [{**on, "start": 0, "end": 100, **rules}]
    return {"visits": [], "shifts": shifts, "travel_time": [[0]], "distance": [[0]]}
