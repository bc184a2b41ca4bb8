"""Where there is no leg between two places nobody goes there, whatever it would save."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given

from solver.draft.draft import Draft
from solver.draft.part import part_of
from solver.explain.reasons import reasons
from solver.judge.check import check
from solver.judge.cost import cost
from solver.objective import Objective
from solver.ortools.acceptance import accepts
from solver.problem import Problem
from solver.solution import ReasonCode, Rule, Solution, StopKind
from solver.solve import ENGINES, Limit, solve
from solver.travel import NO_WAY, Matrix
from tests.solver.answers import accepted, left_out, plan, planned, solved
from tests.solver.problems import depot, line, problems, shift, solution_of, visit, window
from tests.solver.routes import at, route


def cut(problem: Problem, *legs: tuple[int, int]) -> Problem:
    """The problem without these legs."""
    seconds, metres = problem.travel_time.copy(), problem.distance.copy()
    for leg in legs:
        seconds[leg] = metres[leg] = NO_WAY
    return replace(problem, travel_time=seconds, distance=metres)


def cut_off(problem: Problem, place: int) -> Problem:
    """The problem with no leg to or from the place."""
    others = [other for other in range(len(problem.travel_time)) if other != place]
    return cut(problem, *((place, o) for o in others), *((o, place) for o in others))


def three_places(**weights: int) -> Problem:
    """Visits at 1 and 2 on a line, one technician at 0."""
    visits = visit("a", 1), visit("b", 2)
    return Problem(visits, (shift(),), line(3), line(3), objective=Objective(**weights))


def legs_of(problem: Problem, solution: Solution) -> list[tuple[int, int]]:
    """Every leg that the plan uses."""
    places = {(StopKind.VISIT, v.id): v.location for v in problem.visits}
    places |= {(StopKind.DEPOT, d.id): d.location for d in problem.depots}
    ends = {s.id: (s.start_location, s.end_location) for s in problem.shifts}
    legs = []
    for one in solution.routes:
        start, end = ends[one.shift]
        stops = [places[s.kind, s.id] for s in one.stops if s.kind is not StopKind.BREAK]
        legs += pairwise([start, *stops, end])
    return legs


# --- the checker ---------------------------------------------------------------------------------


def test_a_route_over_a_leg_that_there_is_not_breaks_the_rule_of_travel() -> None:
    problem = cut(three_places(), (1, 2))
    there = solution_of(problem, route(at("a", 10), at("b", 25), end=50))
    back = solution_of(problem, route(at("b", 20), at("a", 35), end=50))

    assert check(problem, back) == ()
    (found,) = check(problem, there)
    assert (found.rule, found.where, found.amount) == (Rule.TRAVEL, "shift 's', visit 'b'", 1)
    assert found.message == "there is no way to it from shift 's', visit 'a'"


def test_all_the_time_in_the_world_does_not_make_a_way() -> None:
    problem = cut(three_places(), (2, 0))
    problem = replace(problem, shifts=(shift(end=2**40, max_overtime=2**40),))
    found = check(problem, solution_of(problem, route(at("a", 10), at("b", 25), end=2**41)))

    assert [(v.rule, v.where) for v in found] == [(Rule.TRAVEL, "shift 's', end")]


def test_a_leg_that_there_is_not_costs_nothing() -> None:
    problem = cut(three_places(travel_time=3, distance=2, working_time=0), (1, 2))
    costs = cost(problem, [route(at("a", 10), at("b", 25), end=50)], [])

    assert (costs[Rule.TRAVEL_TIME], costs[Rule.DISTANCE]) == (90, 60)


# --- the engines ---------------------------------------------------------------------------------


def test_a_plan_goes_the_other_way_round() -> None:
    assert planned(cut(three_places(), (1, 2))) == {"s": "b a"}
    assert planned(cut(three_places(), (2, 1))) == {"s": "a b"}


def test_a_place_that_nobody_can_reach_is_left_out() -> None:
    solution = solved(cut_off(three_places(), 2))

    assert plan(solution) == {"s": "a"}
    assert list(left_out(solution)) == ["b"]


def test_a_place_from_which_there_is_no_way_home_ends_a_route_only_elsewhere() -> None:
    problem = cut(three_places(), (2, 0), (2, 1))
    home = replace(problem, shifts=(shift(end_location=2),))

    assert plan(solved(problem)) == {"s": "a"}
    assert planned(home) == {"s": "a b"}


def test_a_shift_without_a_way_between_its_ends_works_by_the_way_of_a_visit() -> None:
    problem = cut(three_places(), (0, 2))
    problem = replace(problem, visits=(visit("a", 1),), shifts=(shift(end_location=2),))

    assert planned(problem) == {"s": "a"}


def test_a_depot_that_cannot_be_reached_supplies_nobody() -> None:
    problem = replace(
        three_places(),
        visits=(visit("a", 1, parts={"filter": 1}),),
        depots=(depot("near", 2),),
    )

    assert planned(problem)["s"].split() == ["near", "a"]
    assert list(left_out(solved(cut_off(problem, 2)))) == ["a"]


def test_weights_make_no_sum_of_missing_legs_overflow() -> None:
    size = 60
    matrix = np.where(np.tri(size, k=-1), NO_WAY, line(size))
    visits = tuple(visit(f"v{place}", place, 0) for place in range(1, size))
    dear = Objective(working_time=500, travel_time=500, distance=24)
    downhill = shift(end=10 * size, end_location=size - 1)
    problem = Problem(visits, (downhill,), matrix, matrix, objective=dear)

    assert planned(problem) == {"s": " ".join(v.id for v in visits)}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(6))
def test_no_plan_uses_a_leg_that_there_is_not(engine: str, seed: int) -> None:
    problem = scattered(seed, size=14, technicians=3, missing=0.4)
    solution = solve(problem, Limit(iterations=2_000), seed=seed, engine=engine)

    assert check(problem, solution) == ()
    assert accepts(problem, solution.routes)
    assert all(problem.travel_time[leg] < NO_WAY for leg in legs_of(problem, solution))


@given(problems(cut_off=True))
def test_no_plan_of_any_problem_uses_a_leg_that_there_is_not(problem: Problem) -> None:
    solution = solve(problem, Limit(iterations=60))

    assert check(problem, solution) == ()
    assert all(problem.travel_time[leg] < NO_WAY for leg in legs_of(problem, solution))


@pytest.mark.parametrize("seed", range(12))
def test_the_plan_of_one_technician_is_the_best_there_is(seed: int) -> None:
    """Downhill only, from the technician's home to where the day ends."""
    problem = scattered(seed, size=8, technicians=1, missing=0.0)
    height = np.sort(np.random.default_rng(seed).integers(0, 3, 8))[::-1]
    uphill = height[:, None] < height[None, :]
    problem = replace(cut(problem, *map(tuple, np.argwhere(uphill))), visits=problem.visits[:-1])
    problem = replace(problem, shifts=(shift(end=400, end_location=7),))

    assert solved(problem).objective == cheapest_by_trying_all(problem)


# --- the reasons ---------------------------------------------------------------------------------


def test_what_only_another_visits_place_makes_reachable_is_not_called_impossible() -> None:
    problem = cut(three_places(), (0, 2))

    assert planned(problem) == {"s": "a b"}
    assert code_of(problem, "b") is ReasonCode.NOT_FOUND
    assert code_of(cut(problem, (1, 2)), "b") is ReasonCode.IMPOSSIBLE


def test_a_way_home_by_another_visits_place_counts_as_well() -> None:
    problem = cut(three_places(), (2, 0))

    assert code_of(problem, "b") is ReasonCode.NOT_FOUND
    assert code_of(cut(problem, (2, 1)), "b") is ReasonCode.IMPOSSIBLE


def test_a_way_that_takes_too_long_is_none() -> None:
    problem = replace(cut(three_places(), (0, 2)), shifts=(shift(end=45),))

    assert code_of(problem, "b") is ReasonCode.NOT_FOUND
    assert code_of(replace(problem, shifts=(shift(end=44),)), "b") is ReasonCode.IMPOSSIBLE


def test_a_depot_that_only_another_visits_place_makes_reachable_may_supply() -> None:
    visits = visit("a", 1), visit("b", 2, parts={"filter": 1})
    problem = replace(three_places(), visits=visits, travel_time=line(4), distance=line(4))
    problem = cut(replace(problem, depots=(depot("far", 3),)), (0, 3), (2, 3))

    assert planned(problem)["s"].split() == ["a", "far", "b"]
    assert code_of(problem, "b") is ReasonCode.NOT_FOUND
    assert code_of(cut(problem, (1, 3)), "b") is ReasonCode.IMPOSSIBLE


@pytest.mark.parametrize("seed", range(40))
def test_what_is_called_impossible_is_in_no_order_of_all_visits(seed: int) -> None:
    problem = scattered(seed, size=5, technicians=1, missing=0.5)
    problem = replace(problem, shifts=(shift(end=200),))
    served = {name for names in orders_with_time(problem) for name in names}

    for one in problem.visits:
        is_impossible = code_of(problem, one.id) is ReasonCode.IMPOSSIBLE
        assert not (is_impossible and one.id in served)


def code_of(problem: Problem, name: str) -> ReasonCode:
    """Of the reason for leaving the visit out of a plan in which nothing is planned."""
    draft = Draft(problem)
    (found,) = {one.code for one in reasons(draft, problem.visit[name])}
    return found


def orders_with_time(problem: Problem) -> Iterator[tuple[str, ...]]:
    """All orders of any of the visits for which the only shift has the time."""
    (on,) = problem.shifts
    for number in range(1, len(problem.visits) + 1):
        for order in permutations(problem.visits, number):
            places = [on.start_location, *(v.location for v in order), on.end_location]
            travel = sum(int(problem.travel_time[leg]) for leg in pairwise(places))
            if travel + sum(v.duration for v in order) <= on.end - on.start:
                yield tuple(v.id for v in order)


def scattered(seed: int, *, size: int, technicians: int, missing: float) -> Problem:
    """Visits everywhere but at home, with a share of all legs missing."""
    random = np.random.default_rng(seed)
    matrix = random.integers(1, 100, (size, size))
    matrix[random.random((size, size)) < missing] = NO_WAY
    np.fill_diagonal(matrix, 0)
    visits = tuple(visit(f"v{place}", place, 20) for place in range(1, size))
    shifts = tuple(shift(f"s{n}", f"t{n}", end=600) for n in range(technicians))
    return Problem(visits, shifts, matrix, matrix, objective=Objective(travel_time=2))


def cheapest_by_trying_all(problem: Problem) -> int:
    """The lowest cost of any order of any of the visits, none of which has a time of its own."""
    (on,) = problem.shifts
    whole = sum(problem.prices.values())
    best = whole
    for number in range(1, len(problem.visits) + 1):
        for order in permutations(problem.visits, number):
            places = [on.start_location, *(v.location for v in order), on.end_location]
            travel = sum(int(problem.travel_time[leg]) for leg in pairwise(places))
            working = travel + sum(v.duration for v in order)
            if working <= on.end - on.start:
                saved = sum(problem.prices[v.id] for v in order)
                best = min(best, whole - saved + working + 2 * travel)
    return best


# --- what looks at plans -------------------------------------------------------------------------


def test_the_routing_model_refuses_a_leg_that_there_is_not() -> None:
    problem = cut(three_places(), (1, 2))

    assert accepted(problem, s="a b") is None
    assert accepted(problem, s="b a") is not None
    timed = solution_of(problem, route(at("a", 10), at("b", 25), end=50))
    assert not accepts(problem, timed.routes)


def test_a_part_of_a_problem_has_no_way_where_the_whole_has_none() -> None:
    problem = cut(three_places(), (0, 2))
    part = part_of(Draft(problem), ["ann"], ["b"])

    expected: Matrix = np.array([[0, NO_WAY], [20, 0]])
    assert (part.travel_time == expected).all()
    assert (part.distance == expected).all()


def test_a_window_that_is_always_open_does_not_make_a_way() -> None:
    always = window(-(2**40), 2**40)
    problem = replace(three_places(), visits=(visit("b", 2, windows=(always,)),))

    assert list(left_out(solved(cut(problem, (0, 2))))) == ["b"]
