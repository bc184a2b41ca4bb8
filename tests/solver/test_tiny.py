"""The best plan of ``fixtures/tiny``, known because every plan there can be is looked at.

The enumeration shares no code with any engine: each visit goes to each technician who may do it
or to nobody, each route is tried in every order, with the call at the depot in every place,
leaving at every moment and with the break between any two stops. All times of the problem are
multiples of ten minutes, so that a cheapest plan leaves on a multiple of ten minutes too.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest

from solver.files.read import problem_from_json
from solver.files.write import read_solution
from solver.judge.check import check
from solver.problem import Break, Depot, Problem, Shift, Visit
from solver.solution import Rule, Solution, StopKind
from solver.solve import Limit, solve

TINY = Path(__file__).parents[2] / "fixtures" / "tiny"
STEP = 600

Names = tuple[str, ...]


class Enumeration:
    """Every plan of a problem that has one depot, one shift for each technician and one break at
    most in each. Of soft rules it knows working time, distance and unassigned visits."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.visits = {visit.id: visit for visit in problem.visits}
        (self.depot,) = problem.depots
        self.cheapest_route = cache(self._cheapest_route)

    def cheapest_plan(self) -> tuple[int, dict[str, Names]]:
        """The lowest cost and the stops of each shift's route, without breaks."""
        plans = (plan for choice in self._choices() if (plan := self._plan(choice)) is not None)
        return min(plans, key=lambda plan: plan[0])

    def _choices(self) -> Iterator[tuple[Shift | None, ...]]:
        """For each visit a shift that may serve it, or none, in every combination."""
        options = [
            [None, *(shift for shift in self.problem.shifts if may_serve(shift, visit))]
            for visit in self.problem.visits
        ]
        return product(*options)

    def _plan(self, choice: Sequence[Shift | None]) -> tuple[int, dict[str, Names]] | None:
        pairs = list(zip(self.problem.visits, choice, strict=True))
        total = sum(self.problem.prices[visit.id] for visit, shift in pairs if shift is None)
        taken: Counter[str] = Counter()
        routes = {}
        for shift in self.problem.shifts:
            own = tuple(visit.id for visit, chosen in pairs if chosen is shift)
            if not own:
                continue
            route = self.cheapest_route(shift.id, own)
            if route is None:
                return None
            total += route[0]
            routes[shift.id] = route[1]
            taken.update(lacking_parts(shift, self._all(own)))
        assert self.depot.stock is not None
        enough = all(self.depot.stock.get(part, 0) >= count for part, count in taken.items())
        return (total, routes) if enough else None

    def _all(self, names: Names) -> list[Visit]:
        return [self.visits[name] for name in names]

    def _cheapest_route(self, shift_id: str, names: Names) -> tuple[int, Names] | None:
        """The cheapest route of a shift through these visits.

        One call at the depot is enough for all that is lacking and, as the way by the depot is
        never shorter, a call for nothing never pays.
        """
        shift = next(shift for shift in self.problem.shifts if shift.id == shift_id)
        visits = self._all(names)
        if sum(visit.duration for visit in visits) > shift.end - shift.start:
            return None
        missing_tools = frozenset[str]().union(*(visit.tools for visit in visits)) - shift.tools
        if not missing_tools <= self.depot.tools:
            return None
        supplies = bool(lacking_parts(shift, visits) or missing_tools)
        found = (
            (cost, tuple(place.id for place in order))
            for order in self._orders(visits, supplies)
            if self._supplied(shift, order) and (cost := self._cost(shift, order)) is not None
        )
        return min(found, default=None)

    def _orders(self, visits: Sequence[Visit], with_call: bool) -> Iterator[list[Visit | Depot]]:
        for order in permutations(visits):
            if not with_call:
                yield list(order)
                continue
            for place in range(len(order) + 1):
                yield [*order[:place], self.depot, *order[place:]]

    def _supplied(self, shift: Shift, order: Sequence[Visit | Depot]) -> bool:
        """Whether nothing is used before it is in the van: before the call, what the van had."""
        stock, tools = Counter(shift.stock), shift.tools
        for place in order:
            if isinstance(place, Depot):
                return True
            stock.subtract(place.parts)
            if not place.tools <= tools or any(count < 0 for count in stock.values()):
                return False
        return True

    def _cost(self, shift: Shift, order: Sequence[Visit | Depot]) -> int | None:
        """Of all moments to leave and all places for the break, the cheapest; None if none fits."""
        spans = [
            end - start
            for rest in self._rests(shift, order)
            for start in range(shift.start, shift.end + 1, STEP)
            if (end := self._end(shift, order, start, rest)) is not None
        ]
        if not spans:
            return None
        locations = [shift.start_location, *(place.location for place in order)]
        ways = zip(locations, [*locations[1:], shift.end_location], strict=True)
        metres = sum(int(self.problem.distance[way]) for way in ways)
        costs = self.problem.objective
        return min(spans) * costs.working_time + metres * costs.distance

    def _rests(self, shift: Shift, order: Sequence[Visit | Depot]) -> list[int | None]:
        """On which way of the route the break may be, counted from 0; None: no break at all."""
        return [None, *range(len(order) + 1)] if shift.breaks else [None]

    def _end(
        self, shift: Shift, order: Sequence[Visit | Depot], start: int, rest: int | None
    ) -> int | None:
        """When the route is over at the earliest, or None if it breaks a rule."""
        clock, here = start, shift.start_location
        for number, place in enumerate([*order, None]):
            there = shift.end_location if place is None else place.location
            arrival = clock + int(self.problem.travel_time[here, there])
            if number == rest:
                (pause,) = shift.breaks
                begin = max(clock, pause.window.start)
                if begin > pause.window.end:
                    return None
                arrival = max(arrival, begin) + pause.duration
            if place is None:
                clock = arrival
                break
            service = first_start(place, arrival)
            if service is None:
                return None
            clock, here = service + place.duration, there
        if clock > shift.end:
            return None
        if rest is None and any(is_missed(pause, start, clock) for pause in shift.breaks):
            return None
        return clock


def may_serve(shift: Shift, visit: Visit) -> bool:
    return (
        all(shift.skills.get(skill, 0) >= level for skill, level in visit.skills.items())
        and shift.technician not in visit.forbidden
        and (visit.allowed is None or shift.technician in visit.allowed)
        and (visit.pin is None or visit.pin.technician == shift.technician)
    )


def lacking_parts(shift: Shift, visits: Sequence[Visit]) -> Mapping[str, int]:
    """What the visits use beyond what is in the van."""
    used: Counter[str] = Counter()
    for visit in visits:
        used.update(visit.parts)
    return used - Counter(shift.stock)


def first_start(place: Visit | Depot, arrival: int) -> int | None:
    """When service starts for those who come at ``arrival``."""
    if isinstance(place, Visit) and place.pin is not None and place.pin.start is not None:
        return place.pin.start if arrival <= place.pin.start else None
    if not place.windows:
        return arrival
    starts = [max(arrival, window.start) for window in place.windows if arrival <= window.end]
    return min(starts, default=None)


def is_missed(pause: Break, start: int, end: int) -> bool:
    """Whether a route is there when the break would be over or could start at the latest."""
    return start < pause.window.start + pause.duration and end > pause.window.end


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_from_json(json.loads((TINY / "problem.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def cheapest(problem: Problem) -> tuple[int, dict[str, Names]]:
    return Enumeration(problem).cheapest_plan()


@pytest.fixture(scope="module")
def written_down(problem: Problem) -> Solution:
    document = json.loads((TINY / "solution.json").read_text("utf-8"))
    return read_solution(document, problem, scale=1)


def stops_without_breaks(solution: Solution) -> dict[str, Names]:
    return {
        route.shift: tuple(stop.id for stop in route.stops if stop.kind is not StopKind.BREAK)
        for route in solution.routes
    }


def test_the_enumeration_may_look_at_multiples_of_ten_minutes_and_one_call_only(
    problem: Problem,
) -> None:
    times = [time for shift in problem.shifts for time in (shift.start, shift.end)]
    places: list[Visit | Depot] = [*problem.visits, *problem.depots]
    for place in places:
        times += [place.duration, *(t for w in place.windows for t in (w.start, w.end))]
    for pause in (pause for shift in problem.shifts for pause in shift.breaks):
        times += [pause.duration, pause.window.start, pause.window.end]
    times += [v.pin.start for v in problem.visits if v.pin is not None and v.pin.start is not None]
    assert all(time % STEP == 0 for time in times)
    assert not (problem.travel_time % STEP).any()
    for matrix in (problem.travel_time, problem.distance):
        by_way_of = matrix[:, :, np.newaxis] + matrix[np.newaxis, :, :]
        assert (matrix <= by_way_of.min(axis=1)).all()


def test_the_plan_written_down_is_valid(problem: Problem, written_down: Solution) -> None:
    assert check(problem, written_down) == ()


def test_the_plan_written_down_uses_every_rule_that_the_problem_has(
    problem: Problem, written_down: Solution
) -> None:
    kinds = {stop.kind for route in written_down.routes for stop in route.stops}
    assert kinds == set(StopKind)
    pickups = [stop for route in written_down.routes for stop in route.stops if stop.parts]
    borrowed = [stop for route in written_down.routes for stop in route.stops if stop.tools]
    assert pickups
    assert borrowed
    (left_out,) = written_down.unassigned
    assert left_out.id == "impossible"
    assert not any(may_serve(shift, problem.visits[-1]) for shift in problem.shifts)
    promised = next(
        stop for route in written_down.routes for stop in route.stops if stop.id == "promised"
    )
    assert promised.start == 10 * 3600


def test_no_plan_is_cheaper_than_the_one_written_down(
    cheapest: tuple[int, dict[str, Names]], written_down: Solution
) -> None:
    cost, routes = cheapest
    assert cost == written_down.objective
    assert routes == stops_without_breaks(written_down)


def test_the_engine_finds_the_cheapest_plan(
    problem: Problem, cheapest: tuple[int, dict[str, Names]]
) -> None:
    solution = solve(problem, Limit(iterations=60_000))
    assert check(problem, solution) == ()
    assert solution.objective == cheapest[0]
    assert [(out.id, out.reasons[0].rule) for out in solution.unassigned] == [
        ("impossible", Rule.SKILLS)
    ]
