"""A plan under construction, and the best place in it for one more visit.

``Draft`` keeps a sequence of visits and depot calls for every shift. ``best_place`` answers where a
visit could go, with a depot call in front if it needs one; ``fill`` places all that are left, the
visit that would regret waiting most first (Potvin & Rousseau, *A parallel route building algorithm
for the vehicle routing and scheduling problem with time windows*, EJOR 1993).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations

import numpy as np

from solver.cost import visit_cost
from solver.eligibility import Supplies, at_pinned_time, eligibility_matrix, eligible_shifts
from solver.problem import Depot, Problem, Shift, Visit
from solver.schedule import (
    Call,
    earliest_end,
    legs_of,
    next_start,
)
from solver.slack import Openings, Slack
from solver.solution import Route, StopKind
from solver.supply import Pickup, pickups, supplying_depots, total
from solver.timing import cheapest

NO_SECOND_CHOICE = 2**60
"""The regret of a visit that has one shift left to go to."""


MOST_CALLS_FOR_A_VISIT = 3
"""So many depots in a row are tried for one visit that needs something from each."""
MOST_DEPOTS_TO_COMBINE = 8
"""Of so many depots, the nearest ones, rows are tried."""


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
        self.legs = legs_of(problem.travel_time)
        self.metres = legs_of(problem.distance)
        self.visits = tuple(at_pinned_time(visit) for visit in problem.visits)
        self._may = eligibility_matrix(problem)
        self.eligible = eligible_shifts(problem, self._may)
        self._rows = {visit.id: row for row, visit in enumerate(problem.visits)}
        self._openings: Openings | None = None
        self.sequences: dict[str, tuple[Call, ...]] = {shift.id: () for shift in problem.shifts}
        self.chains: dict[str, list[Shift]] = {}
        for shift in sorted(problem.shifts, key=lambda shift: shift.start):
            self.chains.setdefault(shift.technician, []).append(shift)
        self._taken: dict[str, Counter[tuple[str, str]]] = {}
        self._taken_by_all: Counter[tuple[str, str]] = Counter()
        self._empty_vans()
        self._slack: dict[str, Slack] = {}
        self._costs: dict[str, int] = {}

    def copy(self) -> "Draft":
        """A draft of its own that holds the same sequences."""
        other = copy(self)
        other.sequences = dict(self.sequences)
        other._taken = dict(self._taken)
        other._taken_by_all = self._taken_by_all.copy()
        other._slack, other._costs = dict(self._slack), dict(self._costs)
        return other

    @cached_property
    def supplies(self) -> Supplies:
        return Supplies.of(self.problem)

    def visit(self, name: str) -> Visit:
        return self.visits[self._rows[name]]

    def unassigned(self) -> list[Visit]:
        """The visits that are in no sequence, in the problem's order."""
        placed = {call.id for calls in self.sequences.values() for call in calls if _is_visit(call)}
        return [visit for visit in self.visits if visit.id not in placed]

    def adopt(self, routes: Iterable[Route]) -> None:
        """Take over these routes' sequences, as far as they are possible, and nothing else."""
        depots = {depot.id: depot for depot in self.problem.depots}
        sequences: dict[str, list[Call]] = {}
        for route in routes:
            wanted = sequences.setdefault(route.shift, [])
            for stop in route.stops:
                if stop.kind is StopKind.DEPOT and stop.id in depots:
                    wanted.append(depots[stop.id])
                elif stop.kind is StopKind.VISIT and stop.id in self._rows:
                    wanted.append(self.visit(stop.id))
        self.take(sequences)

    def take(self, sequences: Mapping[str, Sequence[Call]]) -> None:
        """Hold these sequences, by shift, as far as they are possible, and nothing else."""
        columns = {shift.id: column for column, shift in enumerate(self.problem.shifts)}
        for shift in self.problem.shifts:
            self._replace(shift, ())
        self._empty_vans()
        seen: set[str] = set()
        # In order of time: what one shift leaves in the van may be needed on a later one.
        for shift in sorted(self.problem.shifts, key=lambda shift: shift.start):
            wanted: list[Call] = []
            for call in sequences.get(shift.id, ()):
                if isinstance(call, Visit):
                    row = self._rows[call.id]
                    if call.id in seen or not self._may[row, columns[shift.id]]:
                        continue
                    seen.add(call.id)
                    call = self.visits[row]
                wanted.append(call)
            if wanted:
                self._take_over(shift, wanted)

    def _take_over(self, shift: Shift, wanted: Sequence[Call]) -> None:
        if self.possible(shift, wanted):
            self._commit(shift, tuple(wanted))
            return
        kept: list[Call] = []
        for call in wanted:
            if self.possible(shift, [*kept, call]):
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
        self._account_for(chain)

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
            for shift in self.shifts_with_time(visit):
                self._refresh(options[visit.id], visit, shift)
        left = {visit.id: visit for visit in tier if options[visit.id]}
        while left and not stop():
            name = max(left, key=lambda name: _regret(options[name].values()))
            option = min(options[name].values(), key=lambda option: option.cost)
            visit = left[name]
            if self.possible(option.shift, option.sequence):
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
        self,
        visit: Visit,
        shift: Shift,
        sequence: tuple[Call, ...] | None = None,
        gap: int | None = None,
    ) -> Option | None:
        """The cheapest place for the visit on the shift, or None if there is none.

        ``sequence`` stands in for what the shift has now. ``gap`` says before which call of the
        sequence, by number, it has to be.
        """
        if sequence is None:
            sequence = self.sequences[shift.id]
            slack = self._slack_of(shift)
        else:
            slack = Slack(shift, sequence, self.legs)
        candidates = sorted(
            (self._detour(shift, sequence, index, visit), index)
            for index in (range(len(sequence) + 1) if gap is None else [gap])
            if slack.admits(visit, index, self.legs)
        )
        for _, index in candidates:
            trial = (*sequence[:index], visit, *sequence[index:])
            if self.possible(shift, trial, supplies=bool(visit.parts or visit.tools)):
                return self._option(shift, trial)
        if not candidates:
            return None
        return self._best_place_after_depot(visit, shift, sequence, slack, gap)

    def has_place(
        self,
        visit: Visit,
        shift: Shift,
        sequence: tuple[Call, ...],
        slack: Slack,
        gap: int | None = None,
    ) -> bool:
        """Whether there is any ``best_place``; ``slack`` is that of the shift with the sequence."""
        gaps = range(len(sequence) + 1) if gap is None else [gap]
        admitting = [index for index in gaps if slack.admits(visit, index, self.legs)]
        supplies = bool(visit.parts or visit.tools)
        for index in admitting:
            trial = (*sequence[:index], visit, *sequence[index:])
            if self.possible(shift, trial, supplies=supplies):
                return True
        if not (admitting and supplies):
            return False
        return self._best_place_after_depot(visit, shift, sequence, slack, gap) is not None

    def _best_place_after_depot(
        self,
        visit: Visit,
        shift: Shift,
        sequence: tuple[Call, ...],
        slack: Slack,
        only: int | None = None,
    ) -> Option | None:
        """The cheapest place with a depot call before it, or a few in a row.

        Depots are combined only if there is time for each alone and what one has is not enough.
        """
        depots = [
            depot
            for depot in supplying_depots(self.problem, visit, shift)
            if slack.may_pass(depot, self.legs)
        ]
        if not self._supplied_at_best(shift, (*depots, *sequence, visit)):
            return None
        needs = len(visit.parts) + len(visit.tools - shift.tools)
        for number in range(1, min(len(depots), needs, MOST_CALLS_FOR_A_VISIT) + 1):
            trials: list[tuple[int, int, tuple[Call, ...]]] = []
            insufficient: list[Depot] = []
            for calls in permutations(depots, number):
                in_time = list(self._with_depot_calls(visit, shift, sequence, slack, calls, only))
                if not in_time:
                    continue
                if not self._supplied_at_best(shift, (*calls, *sequence, visit)):
                    insufficient += calls
                    continue
                for cost, trial in in_time:
                    trials.append((cost, len(trials), trial))
            for _, _, trial in sorted(trials, key=lambda trial: trial[:2]):
                if self.possible(shift, trial):
                    return self._option(shift, trial)
            if number == 1:
                depots = self._nearest(visit, insufficient)
                if not self._supplied_at_best(shift, (*depots, *sequence, visit)):
                    return None
        return None

    def _nearest(self, visit: Visit, depots: Sequence[Depot]) -> list[Depot]:
        """Those to combine with each other, in the same order."""
        by_distance = sorted(depots, key=lambda depot: self.legs[depot.location][visit.location])
        nearest = {depot.id for depot in by_distance[:MOST_DEPOTS_TO_COMBINE]}
        return [depot for depot in depots if depot.id in nearest]

    def _supplied_at_best(self, shift: Shift, sequence: Sequence[Call]) -> bool:
        """Whether there are parts and tools enough if the depots are called at first."""
        return self._supply(self.chains[shift.technician], {shift.id: sequence}) is not None

    def _with_depot_calls(
        self,
        visit: Visit,
        shift: Shift,
        sequence: tuple[Call, ...],
        slack: Slack,
        calls: Sequence[Depot],
        only: int | None = None,
    ) -> Iterator[tuple[int, tuple[Call, ...]]]:
        """(detour, sequence) for the calls in a row anywhere and the visit anywhere after them, or
        only in one gap."""
        for first in range(len(sequence) + 1):
            gaps = slack.admitting_after(calls, first, visit, self.legs)
            if not gaps:
                continue
            before: tuple[Call, ...] = sequence
            detour = 0
            for index, depot in enumerate(calls, start=first):
                detour += self._detour(shift, before, index, depot)
                before = (*before[:index], depot, *before[index:])
            for gap in gaps if only is None else {only}.intersection(gaps):
                index = gap + len(calls)
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
        start = Slack(shift, sequence, self.legs, end).latest_start()
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

    def possible(self, shift: Shift, sequence: Sequence[Call], supplies: bool = True) -> bool:
        """Whether the shift can keep the sequence instead of its own, next to all others'."""
        if earliest_end(shift, sequence, self.legs) is None:
            return False
        if not supplies:
            return True
        return self._supply(self.chains[shift.technician], {shift.id: sequence}) is not None

    def _supply(
        self, chain: Sequence[Shift], changed: Mapping[str, Sequence[Call]] | None = None
    ) -> list[list[Pickup]] | None:
        changed = changed or {}
        sequences = [(s, changed.get(s.id, self.sequences[s.id])) for s in chain]
        return pickups(sequences, self._taken_by_others(chain[0].technician))

    def _taken_by_others(self, technician: str) -> Counter[tuple[str, str]]:
        theirs = self._taken[technician]
        if not theirs:
            return self._taken_by_all
        others = self._taken_by_all.copy()
        others.subtract(theirs)
        return others

    def _empty_vans(self) -> None:
        """Nobody has picked up anything."""
        self._taken = {technician: Counter() for technician in self.chains}
        self._taken_by_all = Counter()

    def _account_for(self, chain: Sequence[Shift]) -> None:
        """Bring up to date what the technician takes from the depots."""
        technician = chain[0].technician
        taken = total(self._supply(chain) or [])
        self._taken_by_all.subtract(self._taken[technician])
        self._taken_by_all.update(taken)
        self._taken[technician] = taken

    def _commit(self, shift: Shift, sequence: tuple[Call, ...]) -> None:
        self._replace(shift, sequence)
        self._account_for(self.chains[shift.technician])

    def _replace(self, shift: Shift, sequence: tuple[Call, ...]) -> None:
        self.sequences[shift.id] = sequence
        self._openings = None
        self._slack.pop(shift.id, None)
        self._costs.pop(shift.id, None)

    def shifts_with_time(self, visit: Visit) -> list[Shift]:
        """The eligible shifts that may have time for one more visit, in the problem's order.

        Only time is looked at, and breaks, which it may have to make way for, are not. On no
        other shift there is any ``best_place``.
        """
        if self._openings is None:
            slacks = [self._slack_of(shift) for shift in self.problem.shifts]
            self._openings = Openings(self.problem.travel_time, slacks)
        able = self._may[self._rows[visit.id]] & self._openings.admit(visit)
        return [self.problem.shifts[column] for column in np.flatnonzero(able)]

    def _slack_of(self, shift: Shift) -> Slack:
        if shift.id not in self._slack:
            self._slack[shift.id] = Slack(shift, self.sequences[shift.id], self.legs)
        return self._slack[shift.id]

    def loads(
        self, shift: Shift, sequence: Sequence[Call], *, lenient: bool = False
    ) -> list[Pickup] | None:
        """What each depot call of the sequence picks up if the shift has it instead of its own;
        None if something cannot be had. ``lenient``: as far as it can be."""
        chain = self.chains[shift.technician]
        sequences = [
            (own, sequence if own.id == shift.id else self.sequences[own.id]) for own in chain
        ]
        by_shift = pickups(sequences, self._taken_by_others(shift.technician), lenient=lenient)
        names = [own.id for own in chain]
        return None if by_shift is None else by_shift[names.index(shift.id)]

    def left_by(self, technicians: Collection[str]) -> tuple[Depot, ...]:
        """The depots with what everybody but these technicians leaves there."""
        taken = self._taken_by_all.copy()
        for technician in technicians:
            taken.subtract(self._taken.get(technician, {}))
        return tuple(
            depot
            if depot.stock is None
            else replace(
                depot,
                stock={part: max(0, n - taken[depot.id, part]) for part, n in depot.stock.items()},
            )
            for depot in self.problem.depots
        )

    def routes(self) -> tuple[Route, ...]:
        """The sequences placed in time, with what each depot call picks up."""
        timed = [
            cheapest(self.problem, shift, self.sequences[shift.id], self.legs)
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
        return tuple(loaded(route, by_shift[route.shift]) for route in routes)


def loaded(route: Route, today: Sequence[Pickup]) -> Route:
    """The route, with what each of its depot calls picks up."""
    remaining = iter(today)
    stops = []
    for stop in route.stops:
        if stop.kind is StopKind.DEPOT:
            pickup = next(remaining)
            parts = dict(sorted(pickup.parts.items()))
            stop = replace(stop, parts=parts, tools=frozenset(pickup.tools))
        stops.append(stop)
    return replace(route, stops=tuple(stops))


def _regret(options: Iterable[Option]) -> tuple[int, int]:
    costs = sorted(option.cost for option in options)
    if len(costs) == 1:
        return NO_SECOND_CHOICE, -costs[0]
    return costs[1] - costs[0], -costs[0]


def _is_visit(call: Call) -> bool:
    return isinstance(call, Visit)
