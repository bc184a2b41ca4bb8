"""A plan under construction, and the best place in it for one more visit.

``Draft`` keeps a sequence of visits and depot calls for every shift. ``best_place`` answers where a
visit could go, with a depot call in front if it needs one; ``fill`` places all that are left, the
visit that would regret waiting most first (Potvin & Rousseau, *A parallel route building algorithm
for the vehicle routing and scheduling problem with time windows*, EJOR 1993).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, permutations

from solver.cost import visit_cost
from solver.eligibility import at_pinned_time, eligible_shifts
from solver.problem import Depot, Problem, Shift, Visit
from solver.schedule import NEVER, Call, Legs, earliest_end, next_start, place, previous_start
from solver.solution import Route, StopKind
from solver.supply import Pickup, pickups, supplying_depots, total

NO_SECOND_CHOICE = 2**60
"""The regret of a visit that has one shift left to go to."""


MOST_CALLS_FOR_A_VISIT = 3
"""So many depots in a row are tried for one visit that needs something from each."""


@dataclass(frozen=True, slots=True)
class Option:
    """A visit's best place on a shift: the shift's new sequence and what it costs more."""

    cost: int
    shift: Shift
    sequence: tuple[Call, ...]


class Draft:
    """Sequences for all shifts, each feasible at any moment: time, parts, tools, depot stock."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.legs: Legs = problem.travel_time.tolist()
        self.metres: Legs = problem.distance.tolist()
        self.visits = tuple(at_pinned_time(visit) for visit in problem.visits)
        self.eligible = eligible_shifts(problem)
        self.sequences: dict[str, tuple[Call, ...]] = {shift.id: () for shift in problem.shifts}
        self.chains: dict[str, list[Shift]] = {}
        for shift in sorted(problem.shifts, key=lambda shift: shift.start):
            self.chains.setdefault(shift.technician, []).append(shift)
        self._taken: dict[str, Counter[tuple[str, str]]] = {
            technician: Counter() for technician in self.chains
        }
        self._slack: dict[str, _Slack] = {}
        self._costs: dict[str, int] = {}

    def unassigned(self) -> list[Visit]:
        """The visits that are in no sequence, in the problem's order."""
        placed = {call.id for calls in self.sequences.values() for call in calls if _is_visit(call)}
        return [visit for visit in self.visits if visit.id not in placed]

    def adopt(self, routes: Iterable[Route]) -> None:
        """Take over these routes' sequences, as far as they are possible, and nothing else."""
        visits = {visit.id: visit for visit in self.visits}
        depots = {depot.id: depot for depot in self.problem.depots}
        shifts = {shift.id: shift for shift in self.problem.shifts}
        seen: set[str] = set()
        for shift_id in self.sequences:
            self._replace(shifts[shift_id], ())
        for technician in self.chains:
            self._taken[technician] = Counter()
        known = [route for route in routes if route.shift in shifts]
        # In order of time: what one shift leaves in the van may be needed on a later one.
        for route in sorted(known, key=lambda route: shifts[route.shift].start):
            shift = shifts[route.shift]
            wanted: list[Call] = []
            for stop in route.stops:
                if stop.kind is StopKind.DEPOT and stop.id in depots:
                    wanted.append(depots[stop.id])
                visit = visits.get(stop.id) if stop.kind is StopKind.VISIT else None
                if visit is None or visit.id in seen or shift not in self.eligible[visit.id]:
                    continue
                seen.add(visit.id)
                wanted.append(visit)
            self._take_over(shift, wanted)

    def _take_over(self, shift: Shift, wanted: Sequence[Call]) -> None:
        if self._possible(shift, wanted):
            self._commit(shift, tuple(wanted))
            return
        kept: list[Call] = []
        for call in wanted:
            if self._possible(shift, [*kept, call]):
                kept.append(call)
        self._commit(shift, tuple(kept))
        self._drop_idle_calls(self.chains[shift.technician])

    def remove(self, names: Iterable[str]) -> None:
        """Take visits out, and the depot calls that nobody needs any more."""
        gone = set(names)
        for chain in self.chains.values():
            changed = False
            for shift in chain:
                calls = self.sequences[shift.id]
                kept = tuple(c for c in calls if not (_is_visit(c) and c.id in gone))
                if kept != calls:
                    self._take_over(shift, kept)
                    changed = True
            if changed:
                self._drop_idle_calls(chain)

    def _drop_idle_calls(self, chain: Sequence[Shift]) -> None:
        for shift, today in zip(chain, self._supply(chain) or [], strict=True):
            idle = [not pickup.parts and not pickup.tools for pickup in today]
            if any(idle):
                calls = iter(idle)
                sequence = self.sequences[shift.id]
                kept = tuple(call for call in sequence if _is_visit(call) or not next(calls))
                if earliest_end(shift, kept, self.legs) is not None:
                    self._replace(shift, kept)
        self._taken[chain[0].technician] = total(self._supply(chain) or [])

    def fill(self, wanted: Iterable[Visit], stop: Callable[[], bool] = lambda: False) -> None:
        """Place as many visits as fit: pinned ones first, then by priority, then by regret."""
        tiers: dict[tuple[bool, int], list[Visit]] = {}
        for visit in wanted:
            tiers.setdefault((visit.pin is None, -visit.priority), []).append(visit)
        for _, tier in sorted(tiers.items(), key=lambda item: item[0]):
            self._fill_tier(tier, stop)

    def make_room(self, visit: Visit) -> bool:
        """Put the visit in the place of one that can go elsewhere or costs less to leave out.

        This is the shortest ejection chain; it finds what insertion alone cannot.
        """
        prices = self.problem.prices
        for shift in self.eligible[visit.id]:
            before = self.sequences[shift.id]
            for other in [call for call in before if isinstance(call, Visit)]:
                kept = tuple(call for call in before if call is not other)
                option = self.best_place(visit, shift, kept)
                if option is None:
                    continue
                self._commit(shift, option.sequence)
                elsewhere = [self.best_place(other, s) for s in self.eligible[other.id]]
                options = [option for option in elsewhere if option is not None]
                if options:
                    cheapest = min(options, key=lambda option: option.cost)
                    self._commit(cheapest.shift, cheapest.sequence)
                    return True
                if prices[other.id] < prices[visit.id]:
                    return True
                self._commit(shift, before)
        return False

    def _fill_tier(self, tier: Sequence[Visit], stop: Callable[[], bool]) -> None:
        options: dict[str, dict[str, Option]] = {}
        for visit in tier:
            if stop():
                return
            options[visit.id] = {}
            for shift in self.eligible[visit.id]:
                self._refresh(options[visit.id], visit, shift)
        left = {visit.id: visit for visit in tier if options[visit.id]}
        while left and not stop():
            name = max(left, key=lambda name: _regret(options[name].values()))
            option = min(options[name].values(), key=lambda option: option.cost)
            visit = left[name]
            if self._possible(option.shift, option.sequence):
                self._commit(option.shift, option.sequence)
                del left[name]
            for other in list(left.values()):
                for shift in self._touched(option.shift, visit, other):
                    self._refresh(options[other.id], other, shift)
                if not options[other.id]:
                    del left[other.id]

    def _touched(self, changed: Shift, visit: Visit, other: Visit) -> list[Shift]:
        """Shifts on which the other visit's best place may have changed with this visit's: the
        same shift, and the technician's other ones if both need a part that the van may lack."""
        rivals = not visit.parts.keys().isdisjoint(other.parts)
        return [
            shift
            for shift in self.eligible[other.id]
            if shift is changed or (rivals and shift.technician == changed.technician)
        ]

    def _refresh(self, options: dict[str, Option], visit: Visit, shift: Shift) -> None:
        option = self.best_place(visit, shift)
        if option is None:
            options.pop(shift.id, None)
        else:
            options[shift.id] = option

    def best_place(
        self, visit: Visit, shift: Shift, sequence: tuple[Call, ...] | None = None
    ) -> Option | None:
        """The cheapest place for the visit on the shift, or None if there is none.

        ``sequence`` stands in for what the shift has now.
        """
        if sequence is None:
            sequence = self.sequences[shift.id]
            slack = self._slack_of(shift)
        else:
            slack = _Slack(shift, sequence, self.legs)
        candidates = sorted(
            (self._detour(shift, sequence, index, visit), index)
            for index in range(len(sequence) + 1)
            if slack.admits(visit, index, self.legs)
        )
        for _, index in candidates:
            trial = (*sequence[:index], visit, *sequence[index:])
            if self._possible(shift, trial, supplies=bool(visit.parts or visit.tools)):
                return self._option(shift, trial)
        if not candidates:
            return None
        return self._best_place_after_depot(visit, shift, sequence)

    def _best_place_after_depot(
        self, visit: Visit, shift: Shift, sequence: tuple[Call, ...]
    ) -> Option | None:
        """The cheapest place with a depot call before it, or a few in a row."""
        depots = supplying_depots(self.problem, visit, shift)
        needs = len(visit.parts) + len(visit.tools - shift.tools)
        for number in range(1, min(len(depots), needs, MOST_CALLS_FOR_A_VISIT) + 1):
            trials: list[tuple[int, int, tuple[Call, ...]]] = []
            for calls in permutations(depots, number):
                if self._supplied_at_best(shift, (*calls, *sequence, visit)):
                    for cost, trial in self._with_depot_calls(visit, shift, sequence, calls):
                        trials.append((cost, len(trials), trial))
            for _, _, trial in sorted(trials, key=lambda trial: trial[:2]):
                if self._possible(shift, trial):
                    return self._option(shift, trial)
        return None

    def _supplied_at_best(self, shift: Shift, sequence: Sequence[Call]) -> bool:
        """Whether there are parts and tools enough if the depots are called at first."""
        return self._supply(self.chains[shift.technician], {shift.id: sequence}) is not None

    def _with_depot_calls(
        self, visit: Visit, shift: Shift, sequence: tuple[Call, ...], calls: Sequence[Depot]
    ) -> Iterator[tuple[int, tuple[Call, ...]]]:
        """(detour, sequence) for the calls in a row anywhere and the visit anywhere after them."""
        for first in range(len(sequence) + 1):
            before: tuple[Call, ...] = sequence
            detour = 0
            for index, depot in enumerate(calls, start=first):
                detour += self._detour(shift, before, index, depot)
                before = (*before[:index], depot, *before[index:])
            slack = _Slack(shift, before, self.legs)
            for index in range(first + len(calls), len(before) + 1):
                if slack.admits(visit, index, self.legs):
                    trial = (*before[:index], visit, *before[index:])
                    yield detour + self._detour(shift, before, index, visit), trial

    def _detour(self, shift: Shift, sequence: Sequence[Call], index: int, call: Call) -> int:
        """Cents of travel, distance and working time for going by the call at ``index``."""
        before = sequence[index - 1].location if index else shift.start_location
        after = sequence[index].location if index < len(sequence) else shift.end_location
        here = call.location
        seconds = self.legs[before][here] + self.legs[here][after] - self.legs[before][after]
        arcs = self._arc_cost(before, here) + self._arc_cost(here, after)
        working = self.problem.objective.working_time * (seconds + call.duration)
        return arcs - self._arc_cost(before, after) + working

    def _option(self, shift: Shift, trial: tuple[Call, ...]) -> Option:
        """What the trial costs more than the shift as it is."""
        if shift.id not in self._costs:
            self._costs[shift.id] = self._estimate(shift, self.sequences[shift.id])
        return Option(self._estimate(shift, trial) - self._costs[shift.id], shift, trial)

    def _estimate(self, shift: Shift, sequence: Sequence[Call]) -> int:
        """The cost of a feasible sequence, exact but for what breaks do to waiting."""
        if not sequence:
            return 0
        costs = self.problem.objective
        end = earliest_end(shift, sequence, self.legs)
        assert end is not None  # noqa: S101 - only feasible sequences are compared
        start = _Slack(shift, sequence, self.legs, end).latest_start()
        total = costs.shift_use + costs.working_time * (end - start)
        total += costs.overtime * max(0, end - shift.end)
        clock, here, service = start, shift.start_location, 0
        for call in sequence:
            clock += self.legs[here][call.location]
            total += self._arc_cost(here, call.location)
            here = call.location
            clock = max(clock, next_start(call.windows, clock) or clock)
            if isinstance(call, Visit):
                total += sum(cents for _, cents in visit_cost(self.problem, shift, call, clock))
                service += call.duration
            clock += call.duration
        total += self._arc_cost(here, shift.end_location)
        return total + costs.imbalance * max(0, service - self.problem.fair_shares[shift.id])

    def _arc_cost(self, start: int, end: int) -> int:
        """Cents of travel and distance, without the working time."""
        costs = self.problem.objective
        return costs.travel_time * self.legs[start][end] + costs.distance * self.metres[start][end]

    def _possible(self, shift: Shift, sequence: Sequence[Call], supplies: bool = True) -> bool:
        if earliest_end(shift, sequence, self.legs) is None:
            return False
        if not supplies:
            return True
        return self._supply(self.chains[shift.technician], {shift.id: sequence}) is not None

    def _supply(
        self, chain: Sequence[Shift], changed: Mapping[str, Sequence[Call]] | None = None
    ) -> list[list[Pickup]] | None:
        changed = changed or {}
        taken: Counter[tuple[str, str]] = Counter()
        for technician, load in self._taken.items():
            if technician != chain[0].technician:
                taken.update(load)
        sequences = [(s, changed.get(s.id, self.sequences[s.id])) for s in chain]
        return pickups(sequences, taken)

    def _commit(self, shift: Shift, sequence: tuple[Call, ...]) -> None:
        chain = self.chains[shift.technician]
        self._replace(shift, sequence)
        self._taken[shift.technician] = total(self._supply(chain) or [])

    def _replace(self, shift: Shift, sequence: tuple[Call, ...]) -> None:
        self.sequences[shift.id] = sequence
        self._slack.pop(shift.id, None)
        self._costs.pop(shift.id, None)

    def _slack_of(self, shift: Shift) -> "_Slack":
        if shift.id not in self._slack:
            self._slack[shift.id] = _Slack(shift, self.sequences[shift.id], self.legs)
        return self._slack[shift.id]

    def routes(self) -> tuple[Route, ...]:
        """The sequences placed in time, with what each depot call picks up."""
        timed = [
            place(shift, self.sequences[shift.id], self.legs)
            for shift in self.problem.shifts
            if self.sequences[shift.id]
        ]
        return self.supplied([route for route in timed if route is not None])

    def supplied(self, routes: Iterable[Route]) -> tuple[Route, ...]:
        """Routes over this draft's sequences, with what each depot call picks up."""
        by_shift: dict[str, list[Pickup]] = {}
        for chain in self.chains.values():
            loads = self._supply(chain)
            assert loads is not None  # noqa: S101 - a draft can be supplied at any moment
            by_shift.update(zip((shift.id for shift in chain), loads, strict=True))
        return tuple(_loaded(route, by_shift[route.shift]) for route in routes)


def _loaded(route: Route, today: Sequence[Pickup]) -> Route:
    remaining = iter(today)
    stops = []
    for stop in route.stops:
        if stop.kind is StopKind.DEPOT:
            pickup = next(remaining)
            parts = dict(sorted(pickup.parts.items()))
            stop = replace(stop, parts=parts, tools=frozenset(pickup.tools))
        stops.append(stop)
    return replace(route, stops=tuple(stops))


class _Slack:
    """How early and how late a sequence can be at each place if breaks are left out of account.

    It only ever refuses what is impossible; what it admits still has to be tried. ``end`` is the
    latest end to keep, that of the shift unless told otherwise.
    """

    def __init__(
        self, shift: Shift, sequence: Sequence[Call], legs: Legs, end: int | None = None
    ) -> None:
        self.locations = [
            shift.start_location,
            *(call.location for call in sequence),
            shift.end_location,
        ]
        self._travel = [legs[a][b] for a, b in pairwise(self.locations)]
        self.departures = [shift.start]
        for leg, call in zip(self._travel, sequence, strict=False):
            start = next_start(call.windows, self.departures[-1] + leg)
            self.departures.append(NEVER if start is None else start + call.duration)
        self.latest = [shift.end + shift.max_overtime if end is None else end]
        for leg, call in zip(reversed(self._travel), reversed(sequence), strict=False):
            moment = previous_start(call.windows, self.latest[-1] - leg - call.duration)
            self.latest.append(-NEVER if moment is None else moment)
        self.latest.reverse()

    def latest_start(self) -> int:
        """When the route may start at the latest."""
        return self.latest[0] - self._travel[0]

    def admits(self, visit: Visit, index: int, legs: Legs) -> bool:
        arrival = self.departures[index] + legs[self.locations[index]][visit.location]
        start = next_start(visit.windows, arrival)
        if start is None:
            return False
        onward = legs[visit.location][self.locations[index + 1]]
        return start + visit.duration + onward <= self.latest[index]


def _regret(options: Iterable[Option]) -> tuple[int, int]:
    costs = sorted(option.cost for option in options)
    if len(costs) == 1:
        return NO_SECOND_CHOICE, -costs[0]
    return costs[1] - costs[0], -costs[0]


def _is_visit(call: Call) -> bool:
    return isinstance(call, Visit)
