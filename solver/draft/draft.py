"""A draft: a plan under construction, a sequence of visits and depot calls for every shift.

Whatever is put into it is feasible next to all else that it holds, and it knows what it costs.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property

import numpy as np

from solver.draft.supply import (
    Lack,
    Pickup,
    Taken,
    allot,
    first_lack,
    loaded,
    pickups,
    total,
)
from solver.objective import Objective
from solver.problem import Problem, Shift, Visit
from solver.rules.cost import time_cost
from solver.rules.eligibility import (
    Supplies,
    Truths,
    at_pinned_time,
    eligibility_matrix,
    eligible_shifts,
    pair_cost,
)
from solver.rules.lending import Lending
from solver.rules.limits import keeps_limits
from solver.rules.places import ends_of, on_places
from solver.rules.windows import has_price
from solver.solution import Route, StopKind
from solver.timing.schedule import Call, Sequences, earliest_end, legs_of
from solver.timing.slack import Openings, Slack
from solver.timing.timing import cheapest


class Draft:
    """Sequences for all shifts, each feasible at any moment: time, parts, tools, depot stock.

    Its ``problem``, visits and depots are those over places.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem = on_places(problem)
        self.legs = legs_of(problem.travel_time)
        self.driven = legs_of(problem.driven)
        self.metres = legs_of(problem.distance)
        self.visits = tuple(at_pinned_time(visit) for visit in problem.visits)
        self._may = eligibility_matrix(problem)
        self.eligible = eligible_shifts(problem, self._may)
        self.rows = {visit.id: row for row, visit in enumerate(problem.visits)}
        """Where each visit is among the problem's."""
        self._openings: Openings | None = None
        self.sequences: dict[str, tuple[Call, ...]] = {shift.id: () for shift in problem.shifts}
        self.chains: dict[str, list[Shift]] = {}
        for shift in sorted(problem.shifts, key=lambda shift: shift.start):
            self.chains.setdefault(shift.technician, []).append(shift)
        self.lending = Lending.of(problem)
        self._empty_vans()
        self._slack: dict[str, Slack] = {}
        self._costs: dict[str, int] = {}
        self._pairs: dict[tuple[str, str], int] = {}

    def copy(self) -> "Draft":
        """A draft of its own that holds the same sequences."""
        other = copy(self)
        other.sequences = dict(self.sequences)
        other._pickups = dict(self._pickups)
        other._taken = dict(self._taken)
        other._taken_by_all = self._taken_by_all.copy()
        other._slack, other._costs = dict(self._slack), dict(self._costs)
        return other

    @cached_property
    def supplies(self) -> Supplies:
        """All that shifts could have with them, whatever this draft has them do."""
        return Supplies.of(self.problem)

    def visit(self, name: str) -> Visit:
        """The problem's visit with this id; a pinned one has its pinned time for a window. Raises
        ``KeyError`` if there is none."""
        return self.visits[self.rows[name]]

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
                elif stop.kind is StopKind.VISIT and stop.id in self.rows:
                    wanted.append(self.visit(stop.id))
        self.take(sequences)

    def may(self, visit: Visit) -> Truths:
        """For each shift whether no rule but time keeps the visit from it."""
        row: Truths = self._may[self.rows[visit.id]]
        return row

    def take_from(self, other: "Draft") -> None:
        """Hold what another draft of the same problem holds."""
        self.__dict__.update(other.copy().__dict__)

    def without(self, shift: Shift, names: Collection[str]) -> tuple[Call, ...]:
        """The shift's sequence less these visits, and less depot calls that nobody needs then."""
        left = [c for c in self.sequences[shift.id] if not (_is_visit(c) and c.id in names)]
        today = self.loads(shift, left, lenient=True)
        assert today is not None  # noqa: S101 - lenient
        calls = iter(today)
        return tuple(c for c in left if _is_visit(c) or not _is_idle(next(calls)))

    def take(self, sequences: Sequences) -> bool:
        """Hold these sequences, by shift, as far as they are possible, and nothing else; whether
        that is all of them."""
        columns = {shift.id: column for column, shift in enumerate(self.problem.shifts)}
        for shift in self.problem.shifts:
            self._replace(shift, ())
        self._empty_vans()
        by_shift: dict[str, tuple[Call, ...]] = {}
        seen: set[str] = set()
        for shift in self.problem.shifts:
            wanted: list[Call] = []
            for call in sequences.get(shift.id, ()):
                if isinstance(call, Visit):
                    row = self.rows[call.id]
                    if call.id in seen or not self._may[row, columns[shift.id]]:
                        continue
                    seen.add(call.id)
                    call = self.visits[row]
                wanted.append(call)
            by_shift[shift.id] = tuple(wanted)
        if self._take_all(by_shift):
            return sum(map(len, by_shift.values())) == sum(map(len, sequences.values()))
        # In order of time: what one shift leaves in the van may be needed on a later one.
        for shift in sorted(self.problem.shifts, key=lambda shift: shift.start):
            if by_shift[shift.id]:
                self._take_over(shift, by_shift[shift.id])
        return False

    def hold(self, sequences: Sequences) -> bool:
        """Have these shifts of one technician hold these sequences instead of their own, if that is
        possible next to all others'; whether it is."""
        (technician,) = {shift.technician for shift in self.problem.shifts if shift.id in sequences}
        chain = self.chains[technician]
        for shift in chain:
            own = sequences.get(shift.id)
            if own and not self.in_time(shift, own):
                return False
        found = self._supply(chain, sequences)
        if found is None:
            return False
        for shift in chain:
            if shift.id in sequences:
                self._replace(shift, tuple(sequences[shift.id]))
        self._note(technician, found)
        return True

    def cents(self) -> int:
        """What the plan costs in cents: its routes, and what is left out."""
        left_out = sum(self.problem.prices[visit.id] for visit in self.unassigned())
        return sum(map(self.cents_of, self.problem.shifts)) + left_out

    def cents_of(self, shift: Shift) -> int:
        """What the shift's sequence costs in cents."""
        if shift.id not in self._costs:
            self._costs[shift.id] = self.estimate(shift, self.sequences[shift.id])
        return self._costs[shift.id]

    def _take_all(self, by_shift: Mapping[str, tuple[Call, ...]]) -> bool:
        """Hold these sequences if all of them are possible together."""
        used = [shift for shift in self.problem.shifts if by_shift[shift.id]]
        if not all(self.in_time(shift, by_shift[shift.id]) for shift in used):
            return False
        chains = [
            chain for chain in self.chains.values() if any(by_shift[shift.id] for shift in chain)
        ]
        wanted = [[(shift, by_shift[shift.id]) for shift in chain] for chain in chains]
        found = allot(wanted, self.lending)
        if found is None:
            return False
        for shift in used:
            self._replace(shift, by_shift[shift.id])
        for chain, pickups_ in zip(chains, found, strict=True):
            self._note(chain[0].technician, pickups_)
        return True

    def _take_over(self, shift: Shift, wanted: Sequence[Call]) -> None:
        if self.possible(shift, wanted):
            self.commit(shift, tuple(wanted))
            return
        kept: list[Call] = []
        for call in wanted:
            if self.possible(shift, [*kept, call]):
                kept.append(call)
        self.commit(shift, tuple(kept))
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
        supply = self._supply(chain, {})
        while supply is None:
            self._drop_first_lacking(chain)
            supply = self._supply(chain, {})
        for shift, today in zip(chain, supply, strict=True):
            idle = [_is_idle(pickup) for pickup in today]
            if any(idle):
                calls = iter(idle)
                sequence = self.sequences[shift.id]
                kept = tuple(call for call in sequence if _is_visit(call) or not next(calls))
                if self.in_time(shift, kept):
                    self._replace(shift, kept)
        self._account_for(chain)

    def _drop_first_lacking(self, chain: Sequence[Shift]) -> None:
        """Take out the first visit of the technician that lacks something now."""
        sequences = [(own, self.sequences[own.id]) for own in chain]
        lack = self.first_lack(sequences)
        assert lack is not None  # noqa: S101 - there is no supply for all
        calls = list(self.sequences[lack.shift.id])
        del calls[lack.index]
        while calls and not self.in_time(lack.shift, calls):
            # Where a way by the visit was shorter than past it.
            calls.pop()
        self._replace(lack.shift, tuple(calls))

    def detour(self, shift: Shift, sequence: Sequence[Call], index: int, call: Call) -> int:
        """Cents of travel, distance and working time for going by the call at ``index``."""
        first, last = ends_of(shift)
        before = sequence[index - 1].location if index else first
        after = sequence[index].location if index < len(sequence) else last
        here = call.location
        seconds = self.legs[before][here] + self.legs[here][after] - self.legs[before][after]
        costs = self.problem.objective.at(shift.rates)
        arcs = self._arc_cost(costs, before, here) + self._arc_cost(costs, here, after)
        working = costs.working_time * (seconds + shift.service(call))
        return arcs - self._arc_cost(costs, before, after) + working

    def estimate(self, shift: Shift, sequence: Sequence[Call]) -> int:
        """What a feasible sequence costs, in cents."""
        if not sequence:
            return 0
        costs, total = self.problem.objective.at(shift.rates), 0
        if self._times_cost_alike(shift, sequence):
            ends = earliest_end(shift, sequence, self.legs)
            assert ends is not None  # noqa: S101 - only feasible sequences are compared
            end, start = ends, Slack(shift, sequence, self.legs, ends).latest_start()
        else:
            route = cheapest(self.problem, shift, sequence, self.legs)
            assert route is not None  # noqa: S101 - only feasible sequences are compared
            start, end = route.start, route.end
            starts = {stop.id: stop.start for stop in route.stops if stop.kind is StopKind.VISIT}
            for call in sequence:
                if isinstance(call, Visit):
                    visit = self.problem.visit[call.id]
                    then = time_cost(self.problem, shift, visit, starts[call.id])
                    total += sum(cents for _, cents in then)
        total += costs.shift_use + costs.working_time * (end - start)
        total += costs.overtime * max(0, end - shift.end)
        (here, home), service = ends_of(shift), 0
        for call in sequence:
            total += self._arc_cost(costs, here, call.location)
            here = call.location
            if isinstance(call, Visit):
                total += self._pair_cents(call, shift)
                service += shift.service(call)
        total += self._arc_cost(costs, here, home)
        return total + costs.imbalance * max(0, service - self.problem.fair_shares[shift.id])

    def _times_cost_alike(self, shift: Shift, sequence: Sequence[Call]) -> bool:
        """Whether a route costs least if it ends as early as it can and then starts late: without
        breaks, with one window each, and where no single time costs anything."""
        moves_cost = bool(self.problem.objective.moved_time)
        return not shift.breaks and all(
            len(call.windows) <= 1
            and not has_price(call.windows)
            and not self.is_hurried(call)
            and not (moves_cost and isinstance(call, Visit) and call.previous is not None)
            for call in sequence
        )

    def is_hurried(self, call: Call) -> bool:
        """Whether it may cost something to start there later: to be late, or not to be prompt, or
        in a dearer window."""
        costs = self.problem.objective
        return isinstance(call, Visit) and bool(
            has_price(call.windows)
            or costs.prompt_cents(call.priority)
            or (call.due is not None and costs.late_cents(call.priority))
        )

    def _pair_cents(self, visit: Visit, shift: Shift) -> int:
        key = visit.id, shift.id
        if key not in self._pairs:
            self._pairs[key] = sum(pair_cost(self.problem, visit, shift).values())
        return self._pairs[key]

    def _arc_cost(self, costs: Objective, start: int, end: int) -> int:
        """Cents of travel and distance, without the working time."""
        driven, metres = self.driven[start][end], self.metres[start][end]
        return costs.travel_time * driven + costs.distance * metres

    def possible(self, shift: Shift, sequence: Sequence[Call], supplies: bool = True) -> bool:
        """Whether the shift can keep the sequence instead of its own, next to all others'."""
        if not self.in_time(shift, sequence):
            return False
        return not supplies or self.has_supply(shift, sequence)

    def in_time(self, shift: Shift, sequence: Sequence[Call]) -> bool:
        """Whether the shift has time for the sequence, and allows so much of everything."""
        is_in_time = earliest_end(shift, sequence, self.legs) is not None
        return is_in_time and keeps_limits(self.problem, shift, sequence)

    def has_supply(self, shift: Shift, sequence: Sequence[Call]) -> bool:
        """Whether parts and tools are to be had for the sequence, in time or not."""
        return self._supply(self.chains[shift.technician], {shift.id: sequence}) is not None

    def _supply(
        self,
        chain: Sequence[Shift],
        changed: Mapping[str, Sequence[Call]],
        *,
        lenient: bool = False,
    ) -> list[list[Pickup]] | None:
        sequences = [(s, changed.get(s.id, self.sequences[s.id])) for s in chain]
        taken = self.taken_by_others(chain[0].technician)
        return pickups(sequences, taken, lending=self.lending, lenient=lenient)

    def first_lack(self, chain: Sequence[tuple[Shift, Sequence[Call]]]) -> Lack | None:
        """What the technician whose shifts have these sequences lacks first, if anything."""
        return first_lack(chain, self.taken_by_others(chain[0][0].technician), self.lending)

    def taken_by_others(self, *technicians: str) -> Taken:
        """What all but these technicians take from the depots."""
        theirs = [self._taken[name] for name in technicians if self._taken.get(name)]
        if not theirs:
            return self._taken_by_all
        others = self._taken_by_all.copy()
        for taken in theirs:
            others.subtract(taken)
        return others

    def _empty_vans(self) -> None:
        """Nobody has picked up anything."""
        self._pickups: dict[str, list[list[Pickup]]] = {
            name: [[] for _ in chain] for name, chain in self.chains.items()
        }
        self._taken: dict[str, Taken] = {technician: Counter() for technician in self.chains}
        self._taken_by_all: Taken = Counter()

    def _account_for(self, chain: Sequence[Shift]) -> None:
        """Bring up to date what the technician takes from the depots."""
        self._note(chain[0].technician, self._supply(chain, {}) or [[] for _ in chain])

    def _note(self, technician: str, by_shift: list[list[Pickup]]) -> None:
        self._pickups[technician] = by_shift
        taken = total(by_shift)
        self._taken_by_all.subtract(self._taken[technician])
        self._taken_by_all.update(taken)
        self._taken[technician] = taken

    def commit(self, shift: Shift, sequence: tuple[Call, ...]) -> None:
        """Have the shift hold the sequence instead of its own; it has to be ``possible``."""
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
            slacks = [self.slack_of(shift) for shift in self.problem.shifts]
            self._openings = Openings(self.problem.travel_time, slacks)
        able = self.may(visit) & self._openings.admit(visit)
        return [self.problem.shifts[column] for column in np.flatnonzero(able)]

    def slack_of(self, shift: Shift) -> Slack:
        """How much later the calls of the shift's sequence could be."""
        if shift.id not in self._slack:
            self._slack[shift.id] = Slack(shift, self.sequences[shift.id], self.legs)
        return self._slack[shift.id]

    def loads(
        self, shift: Shift, sequence: Sequence[Call], *, lenient: bool = False
    ) -> list[Pickup] | None:
        """What each depot call of the sequence picks up if the shift has it instead of its own;
        None if something cannot be had. ``lenient``: as far as it can be."""
        chain = self.chains[shift.technician]
        by_shift = self._supply(chain, {shift.id: tuple(sequence)}, lenient=lenient)
        names = [own.id for own in chain]
        return None if by_shift is None else by_shift[names.index(shift.id)]

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
        for technician, chain in self.chains.items():
            loads = self._pickups[technician]
            by_shift.update(zip((shift.id for shift in chain), loads, strict=True))
        return tuple(loaded(route, by_shift[route.shift]) for route in routes)


def _is_idle(call: Pickup) -> bool:
    return not call.parts and not call.tools


def _is_visit(call: Call) -> bool:
    return isinstance(call, Visit)
