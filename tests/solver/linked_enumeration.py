"""The cheapest plan of a small problem with links, by looking at every plan that there is."""

from collections.abc import Iterator, Sequence
from itertools import permutations, product

from solver.judge.check import check
from solver.problem import Problem, Visit
from solver.solution import Solution
from solver.timing.moments import held
from solver.timing.schedule import legs_of
from solver.timing.ties import Ties
from solver.timing.timing import cheapest
from tests.solver.problems import solution_of


def cheapest_of_all(problem: Problem) -> int:
    """Cents of the cheapest valid plan; the problem has no depots."""
    assert not problem.depots
    return min(solution.objective for solution in _plans(problem))


def _plans(problem: Problem) -> Iterator[Solution]:
    ties = Ties(problem, legs_of(problem.travel_time))
    places = range(len(problem.shifts) + 1)  # the last one is none
    for where in product(places, repeat=len(problem.visits)):
        groups = [
            [visit for visit, at in zip(problem.visits, where, strict=True) if at == place]
            for place in places[:-1]
        ]
        for orders in product(*(permutations(group) for group in groups)):
            plan = _timed(problem, ties, orders)
            if plan is not None and check(problem, plan) == ():
                yield plan


def _timed(problem: Problem, ties: Ties, orders: Sequence[Sequence[Visit]]) -> Solution | None:
    sequences = {s.id: tuple(calls) for s, calls in zip(problem.shifts, orders, strict=True)}
    moments = ties.cheapest(sequences)
    if moments is None:
        return None
    routes = [
        cheapest(problem, shift, held(sequences[shift.id], moments), ties.legs)
        for shift in problem.shifts
        if sequences[shift.id]
    ]
    return None if None in routes else solution_of(problem, *routes)
