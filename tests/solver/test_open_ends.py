"""A day may end at its last stop, and begin at its first: there is no way before and behind."""

from typing import Any

import numpy as np
import pytest

from solver.draft.draft import Draft
from solver.draft.part import part_of
from solver.files.read import problem_from_json
from solver.judge.check import check
from solver.problem import Problem
from solver.rules.places import on_places
from solver.solution import Rule, Solution
from solver.solve import ENGINES, Limit, solve
from tests.solver.problems import depot, line_problem, pause, shift, solution_of, timed_route, visit

BOTH = pytest.mark.parametrize("engine", ENGINES)
PAID = {"working_time": 1, "travel_time": 2, "distance": 3}


def solved(problem: Problem, engine: str = "kernel") -> Solution:
    solution = solve(problem, Limit(iterations=300), engine=engine)
    assert check(problem, solution) == ()
    return solution


@BOTH
def test_a_day_without_an_end_is_over_at_the_last_stop(engine: str) -> None:
    problem = line_problem([visit("a", 3, 5)], [shift(end_location=None)], **PAID)
    solution = solved(problem, engine)
    (route,) = solution.routes
    assert route.end - route.start == 30 + 5
    assert solution.objective == 35 + 2 * 30 + 3 * 30


@BOTH
def test_a_day_without_a_start_begins_on_arrival_at_the_first_stop(engine: str) -> None:
    problem = line_problem([visit("a", 3, 5)], [shift(start_location=None)], **PAID)
    (route,) = solved(problem, engine).routes
    assert route.start == route.stops[0].arrival == route.stops[0].start
    assert route.end - route.start == 5 + 30


@BOTH
def test_a_day_open_at_both_ends_is_as_long_as_its_visits(engine: str) -> None:
    ends: dict[str, Any] = {"start_location": None, "end_location": None}
    problem = line_problem([visit("a", 3, 5), visit("b", 5, 5)], [shift(**ends)], **PAID)
    solution = solved(problem, engine)
    (route,) = solution.routes
    assert route.end - route.start == 5 + 20 + 5
    assert solution.objective == 30 + 2 * 20 + 3 * 20


def test_the_last_stop_is_the_one_from_which_the_way_home_would_be_longest() -> None:
    visits = [visit("a", 1), visit("b", 9), visit("c", 4)]
    problem = line_problem(visits, [shift(end_location=None)])
    (route,) = solved(problem).routes
    assert [stop.id for stop in route.stops] == ["a", "c", "b"]


def test_a_break_after_the_last_visit_is_still_taken_if_it_is_due() -> None:
    on = shift(end_location=None, breaks=(pause("lunch", 10, 14, 20),))
    problem = line_problem([visit("a", 1, 5)], [on])
    route = timed_route(problem, "s", ["a"])
    assert route is not None
    assert route.end == 15 + 20
    assert check(problem, solution_of(problem, route)) == ()
    assert solved(problem).routes[0].end - solved(problem).routes[0].start == 15


def test_there_is_a_way_to_the_first_stop_of_a_day_with_a_start() -> None:
    problem = line_problem([visit("a", 3, 5)], [shift(end_location=None)])
    route = timed_route(problem, "s", ["a"])
    assert route is not None
    too_fast = solution_of(
        line_problem([visit("a", 4, 5)], [shift(end_location=None)], size=5), route
    )
    found = check(line_problem([visit("a", 4, 5)], [shift(end_location=None)]), too_fast)
    assert [violation.rule for violation in found] == [Rule.TRAVEL]


def test_a_part_of_a_plan_keeps_its_open_ends_and_its_own_places() -> None:
    problem = line_problem(
        [visit("a", 3, parts={"pump": 1}), visit("b", 7)],
        [shift("s", end_location=None), shift("t", "bob")],
        [depot("d", 5, stock={"pump": 2})],
    )
    part = part_of(Draft(problem), {"ann"}, ["a"])
    assert part.shifts[0].end_location is None
    assert part.travel_time.tolist() == [[0, 30, 50], [30, 0, 20], [50, 20, 0]]


def test_on_places_an_open_end_is_next_to_everything_and_costs_are_the_same() -> None:
    problem = line_problem([visit("a", 3)], [shift(end_location=None)], size=9, distance=1)
    placed = on_places(problem)
    (on,) = placed.shifts
    assert on.end_location is not None
    assert not placed.travel_time[:, on.end_location].any()
    assert placed.prices == problem.prices
    assert on_places(placed) is placed
    closed = line_problem([visit("a", 3)], [shift()])
    assert on_places(closed) is closed


def test_a_place_is_left_out_in_a_file_by_null() -> None:
    one = {"id": "s", "technician": "ann", "start": 0, "end": 100}
    ways = np.zeros((1, 1), dtype=np.int64)
    data = {
        "visits": [],
        "shifts": [{**one, "start_location": 0, "end_location": None}],
        "travel_time": ways.tolist(),
        "distance": ways.tolist(),
    }
    (on,) = problem_from_json(data).shifts
    assert (on.start_location, on.end_location) == (0, None)
