"""What a set of routes costs, by soft rule, as the engines count it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from solver.problem import Problem, Shift, Visit
from solver.rules.eligibility import pair_cost
from solver.rules.windows import has_price, price_at
from solver.solution import SOFT, Route, Rule, StopKind
from solver.travel import NO_WAY


def cost(
    problem: Problem, routes: Iterable[Route], unassigned: Iterable[str]
) -> Mapping[Rule, int]:
    """Cents by soft rule; every soft rule is there."""
    totals = dict.fromkeys(SOFT, 0)
    counter = RouteCost(problem)
    worst = problem.objective.worst_lateness
    for route in routes:
        for rule, cents in counter.of(route):
            totals[rule] += cents
        if worst:
            cents = worst * latest_of(problem, route)
            totals[Rule.WORST_LATENESS] = max(totals[Rule.WORST_LATENESS], cents)
    totals[Rule.UNASSIGNED] = sum(problem.prices[name] for name in unassigned)
    return totals


def latest_of(problem: Problem, route: Route) -> int:
    """Seconds by which the latest visit of a route ends after it was due; 0 if none is late."""
    visits = ((stop, problem.visit[stop.id]) for stop in route.stops if stop.kind is StopKind.VISIT)
    return max(
        (max(0, stop.departure - visit.due) for stop, visit in visits if visit.due is not None),
        default=0,
    )


class RouteCost:
    """Counts what single routes of a problem cost; the worst lateness is one of all routes."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._shifts = {shift.id: shift for shift in problem.shifts}
        self._depots = {depot.id: depot for depot in problem.depots}

    def of(self, route: Route) -> Iterator[tuple[Rule, int]]:
        """Cents by soft rule, a rule possibly in several shares."""
        problem = self._problem
        shift = self._shifts[route.shift]
        costs = problem.objective.at(shift.rates)
        places: list[int | None] = [shift.start_location]
        service = 0
        for stop in route.stops:
            if stop.kind is StopKind.DEPOT:
                places.append(self._depots[stop.id].location)
            elif stop.kind is StopKind.VISIT:
                visit = problem.visit[stop.id]
                places.append(visit.location)
                service += shift.service(visit)
                yield from visit_cost(problem, shift, visit, stop.start)
        driven, distance = problem.driven, problem.distance
        ways = ((a, b) for a, b in pairwise([*places, shift.end_location]) if None not in (a, b))
        legs = [way for way in ways if driven[way] != NO_WAY]
        yield Rule.TRAVEL_TIME, costs.travel_time * sum(int(driven[leg]) for leg in legs)
        yield Rule.DISTANCE, costs.distance * sum(int(distance[leg]) for leg in legs)
        yield Rule.WORKING_TIME, costs.working_time * (route.end - route.start)
        yield Rule.OVERTIME, costs.overtime * max(0, route.end - shift.end)
        yield Rule.SHIFT_USE, costs.shift_use
        yield Rule.IMBALANCE, costs.imbalance * max(0, service - problem.fair_shares[shift.id])


def visit_cost(
    problem: Problem, shift: Shift, visit: Visit, start: int
) -> Iterator[tuple[Rule, int]]:
    """Cents by soft rule for a visit that starts then: who comes, and when."""
    yield from pair_cost(problem, visit, shift).items()
    yield from time_cost(problem, shift, visit, start)


def time_cost(
    problem: Problem, shift: Shift, visit: Visit, start: int
) -> Iterator[tuple[Rule, int]]:
    """Cents by soft rule for when it starts: how late, how soon, how much moved."""
    costs = problem.objective
    if has_price(visit.windows):
        yield Rule.WINDOW_PRICE, price_at(visit.windows, start)
    if visit.due is not None:
        late = max(0, start + shift.service(visit) - visit.due)
        yield Rule.LATENESS, costs.late_cents(visit.priority) * late
    if prompt := costs.prompt_cents(visit.priority):
        yield Rule.PROMPTNESS, prompt * max(0, start - problem.ready[visit.id])
    if visit.previous is not None:
        moved = max(0, abs(start - visit.previous.start) - costs.moved_time_tolerance)
        told = costs.told_factor if visit.previous.told else 1
        yield Rule.MOVED_TIME, costs.moved_time * told * moved
