"""What the compiled search writes down of the routes that it comes by."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solver.kernel.dice import dice
from solver.kernel.plan import END_OF_ROUTE, NOTHING_NOTED
from solver.kernel.search import anneal, fill
from solver.kernel.settings import SearchSettings
from solver.problem import Problem
from tests.solver.kernel.plans import KernelPlan, supply_problems, town
from tests.solver.problems import problems

SEEDS = st.integers(0, 2**32)
ANYTHING = 2**50
"""A reduced cost above that of any route here."""


@dataclass(frozen=True)
class Noted:
    shift: int
    cents: int
    calls: list[int]


def searched(problem: Problem, seed: int, most_reduced: int, *, duals: int = 0) -> KernelPlan:
    """A plan after some iterations that note routes of a lower reduced cost."""
    kernel = KernelPlan(problem)
    kernel.plan.duals[:] = duals
    kernel.plan.now["most_reduced"] = most_reduced
    numbers = dice(seed, 1)
    fill(kernel.arrays, kernel.plan, numbers, SearchSettings())
    anneal(kernel.arrays, kernel.plan, numbers, SearchSettings(), 100, 100.0, 1.0, 0, 100.0)
    return kernel


def noted(kernel: KernelPlan) -> list[Noted]:
    numbers = kernel.plan.noted[: int(kernel.plan.now["noted"])].tolist()
    found = []
    while numbers:
        ends = numbers.index(END_OF_ROUTE, 2)
        shift, cents, *calls = numbers[:ends]
        found.append(Noted(shift, cents, calls))
        numbers = numbers[ends + 1 :]
    return found


def alone(problem: Problem, route: Noted) -> KernelPlan:
    """The plan that has nothing but this route."""
    kernel = KernelPlan(problem)
    row = [END_OF_ROUTE] * route.shift + route.calls
    row += [END_OF_ROUTE] * (len(problem.shifts) - route.shift)
    kernel.load_row(np.array(row, dtype=np.int64))
    return kernel


@given(problems(max_visits=8) | supply_problems(), SEEDS)
def test_every_route_that_is_noted_can_be_kept_at_what_it_is_said_to_cost(
    problem: Problem, seed: int
) -> None:
    if problem.links or len({shift.technician for shift in problem.shifts}) < len(problem.shifts):
        return
    for route in noted(searched(problem, seed, ANYTHING)):
        kernel = alone(problem, route)
        shift = problem.shifts[route.shift].id
        if int(kernel.arrays.count["scarce"]) or problem.objective.worst_lateness:
            continue
        assert len(kernel.stops(shift)) == len(route.calls)
        assert kernel.route_cents(shift) == route.cents


def test_nothing_is_noted_unless_it_is_asked_for() -> None:
    kernel = searched(town(), 1, NOTHING_NOTED)

    assert noted(kernel) == []
    assert noted(searched(town(), 1, ANYTHING))


def test_only_routes_that_cost_little_beyond_their_visits_and_their_shift_are_noted() -> None:
    problem, worth, most = town(), 3_000, -1_000
    found = noted(searched(problem, 1, most, duals=worth))
    visits = len(problem.visits)

    def reduced(route: Noted) -> int:
        served = sum(call < visits for call in route.calls)
        return route.cents - worth * (served + 1)

    assert found
    assert max(map(reduced, found)) < most
    dear = noted(searched(problem, 1, ANYTHING, duals=worth))
    assert max(map(reduced, dear)) >= most


def test_a_route_is_noted_again_only_if_it_has_become_cheaper() -> None:
    problem = town()
    visits = len(problem.visits)
    kernel = searched(problem, 1, ANYTHING)
    groups = kernel.arrays.shifts["group"].tolist()
    last: dict[tuple[int, frozenset[int]], int] = {}
    for route in noted(kernel):
        key = groups[route.shift], frozenset(call for call in route.calls if call < visits)
        assert route.cents < last.get(key, ANYTHING)
        last[key] = route.cents


def test_what_has_no_room_is_not_written_down() -> None:
    problem = town()
    kernel = KernelPlan(problem)
    kernel.plan.now["most_reduced"] = ANYTHING
    numbers = dice(1, 1)
    fill(kernel.arrays, kernel.plan, numbers, SearchSettings())
    anneal(kernel.arrays, kernel.plan, numbers, SearchSettings(), 20_000, 1e6, 1e6, 0, 20_000.0)

    assert int(kernel.plan.now["noted"]) <= len(kernel.plan.noted)
    assert len(kernel.plan.noted) - int(kernel.plan.now["noted"]) < len(problem.visits) + 3
    assert all(route.calls for route in noted(kernel))
