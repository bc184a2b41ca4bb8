"""A window, or a day, may have a price: visits start there if that is worth it."""

import pytest

from solver.files.read import problem_from_json
from solver.judge.check import check
from solver.problem import InvalidProblem, Pin, Problem, TimeWindow
from solver.rules.windows import one_after_the_other, price_at
from solver.solution import Rule, Solution
from solver.solve import ENGINES, Limit, solve
from tests.solver.problems import depot, line_problem, shift, visit, window


def solved(problem: Problem, engine: str = "kernel") -> Solution:
    solution = solve(problem, Limit(iterations=300), engine=engine)
    assert check(problem, solution) == ()
    return solution


def starts(solution: Solution) -> dict[str, int]:
    return {stop.id: stop.start for route in solution.routes for stop in route.stops}


def test_the_cheaper_of_two_windows_is_taken() -> None:
    either = (TimeWindow(100, 200, 50), TimeWindow(400, 500, 0))
    solution = solved(line_problem([visit("a", 1, windows=either)], [shift()]))
    assert starts(solution) == {"a": 400}
    assert solution.cost[Rule.WINDOW_PRICE] == 0


def test_a_price_is_paid_where_waiting_costs_more() -> None:
    either = (TimeWindow(100, 200, 50), TimeWindow(400, 500, 0))
    visits = [visit("a", 1, windows=either), visit("b", 1, windows=(window(100, 100),))]
    solution = solved(line_problem(visits, [shift()]))
    assert starts(solution) == {"a": 105, "b": 100}
    assert solution.cost[Rule.WINDOW_PRICE] == 50


def test_a_day_may_have_a_price() -> None:
    days = (TimeWindow(0, 900, 300), TimeWindow(2000, 2900, 0))
    shifts = [shift("mon"), shift("tue", start=2000, end=3000)]
    assert starts(solved(line_problem([visit("a", 1, windows=days)], shifts)))["a"] >= 2000


@pytest.mark.parametrize("engine", ENGINES)
def test_a_price_that_cannot_be_avoided_is_paid_rather_than_to_leave_the_visit_out(
    engine: str,
) -> None:
    dear = visit("a", 1, windows=(TimeWindow(0, 900, 10**6),))
    solution = solved(line_problem([dear], [shift()]), engine)
    assert solution.cost[Rule.WINDOW_PRICE] == 10**6
    assert solution.unassigned == ()


def test_a_promised_time_has_the_price_of_its_window() -> None:
    either = (TimeWindow(0, 300, 70), TimeWindow(400, 500, 0))
    pinned = visit("a", 1, windows=either, pin=Pin("ann", 200))
    solution = solved(line_problem([pinned], [shift()]))
    assert (starts(solution), solution.cost[Rule.WINDOW_PRICE]) == ({"a": 200}, 70)


def test_of_windows_that_overlap_the_least_price_counts() -> None:
    windows = (TimeWindow(0, 100, 5), TimeWindow(50, 150, 2), TimeWindow(151, 160, 2))
    assert one_after_the_other(windows) == [TimeWindow(0, 49, 5), TimeWindow(50, 160, 2)]
    assert [price_at(windows, moment) for moment in (0, 49, 50, 160, 161)] == [5, 5, 2, 2, 0]


def test_windows_without_a_price_stay_as_they_are() -> None:
    windows = (window(50, 90), window(0, 60))
    assert one_after_the_other(windows) == [window(0, 60), window(50, 90)]


def test_the_routing_model_says_what_it_does_not_know() -> None:
    either = (TimeWindow(100, 200, 50), TimeWindow(400, 500, 0))
    problem = line_problem([visit("a", 1, windows=either)], [shift()])
    with pytest.raises(ValueError, match="prices of windows"):
        solve(problem, Limit(iterations=10), engine="routing")


def test_a_window_is_written_with_its_price_behind_it() -> None:
    one = {"id": "a", "location": 0, "windows": [[0, 10], [20, 30, 7]]}
    data = {"visits": [one], "shifts": [], "travel_time": [[0]], "distance": [[0]]}
    (read,) = problem_from_json(data).visits
    assert read.windows == (TimeWindow(0, 10), TimeWindow(20, 30, 7))
    with pytest.raises(InvalidProblem, match="a window is not a pair"):
        problem_from_json({**data, "visits": [{**one, "windows": [[1, 2, 3, 4]]}]})


def test_prices_are_not_negative_and_for_visits_only() -> None:
    with pytest.raises(InvalidProblem, match="price of window '0-9' is -1, negative"):
        line_problem([visit("a", 1, windows=(TimeWindow(0, 9, -1),))], [])
    with pytest.raises(InvalidProblem, match="only those of visits"):
        line_problem([], [], [depot("d", windows=(TimeWindow(0, 9, 1),))])
