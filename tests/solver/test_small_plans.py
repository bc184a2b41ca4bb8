"""Small problems on which the plan was once not the cheapest there is."""

import numpy as np

from solver.objective import Objective
from solver.problem import Problem
from solver.travel import NO_WAY
from tests.solver.answers import left_out, plan, planned, solved
from tests.solver.problems import depot, line, pause, shift, visit, window


def test_a_part_is_fetched_the_day_before_where_that_costs_less_than_on_the_day() -> None:
    """Though on the day itself somebody else's way to the visit is the shortest."""
    ways = np.array([[0, 5, 21, 15], [23, 0, 16, 10], [100, 14, 0, 14], [13, 18, 18, 0]])
    problem = Problem(
        (visit("v", 0, 0, parts={"pump": 1}),),
        (
            shift("monday", "ann", start_location=3, end_location=2, end=100),
            shift("of bob", "bob", start_location=0, end_location=1, start=200, end=350),
            shift("tuesday", "ann", start_location=1, end_location=1, start=200, end=300),
        ),
        ways,
        ways,
        depots=(depot("store", 2, stock={"pump": 1}),),
        objective=Objective(working_time=0, distance=1),
    )

    assert planned(problem) == {"monday": "store", "tuesday": "v"}


def test_of_two_that_weigh_the_same_the_one_that_costs_less_to_serve_gets_the_last_parts() -> None:
    ways = np.array([[0, 4, 8], [0, 0, 8], [6, 6, 0]])
    metres = np.array([[0, 15, 17], [8, 0, 21], [7, 15, 0]])
    problem = Problem(
        (
            visit("near", 2, 0, windows=(window(77, 117),), parts={"pump": 2}, priority=0),
            visit("far", 0, 80, parts={"pump": 1}, priority=0),
        ),
        (shift(start_location=1, end_location=0, end=300, breaks=(pause("rest", 155, 155, 15),)),),
        ways,
        metres,
        depots=(depot("store", 2, stock={"pump": 2}),),
        objective=Objective(unassigned=(1, 1, 1, 1)),
    )
    solution = solved(problem)

    assert list(left_out(solution)) == ["far"]
    assert plan(solution)["s"].split()[:2] == ["store", "near"]


def test_two_visits_of_which_one_is_reached_by_the_other_are_both_served() -> None:
    """Whoever serves the first by itself leaves the second out of reach."""
    ways = line(3).copy()
    ways[0, 1] = NO_WAY
    shifts = shift("of ann", "ann", end=50), shift("of bob", "bob", start=60, end=800)
    problem = Problem((visit("far", 1, 6), visit("ferry", 2, 6)), shifts, ways, ways)

    assert planned(problem) == {"of bob": "ferry far"}


def test_nobody_calls_at_a_depot_for_a_visit_that_cannot_have_the_rest_of_what_it_needs() -> None:
    """On Monday there is time for one of the two depots, on Tuesday for none."""
    ways = line(4)
    problem = Problem(
        (visit("v", 2, 90, parts={"pump": 1, "valve": 1}),),
        (
            shift("monday", "ann", start_location=1, end_location=1, end=30),
            shift("tuesday", "ann", start_location=1, end_location=1, start=100, end=220),
        ),
        ways,
        ways,
        depots=(
            depot("of pumps", 0, stock={"pump": 1}),
            depot("of valves", 3, stock={"valve": 1}),
        ),
        objective=Objective(working_time=1, distance=1),
    )
    solution = solved(problem)

    assert list(left_out(solution)) == ["v"]
    assert plan(solution) == {}
