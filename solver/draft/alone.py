"""Whether anybody could attend a visit if there were nothing else to do: an exact answer.

A technician with an empty diary may call at any depots, in any number and order, on the way to the
visit and on the way home, and on any earlier shift; ways by a depot may be shorter than those past
it. All of that is searched by the earliest moment at which each place can be left (Dijkstra 1959),
with what is still lacking as part of the place: waiting is free and to be earlier is never worse,
so that what is not found does not exist.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver.kernel.rests import rests
from solver.problem import Depot, Problem, Shift, Visit
from solver.rules.eligibility import Supplies, Truths, services, stock_of
from solver.rules.lending import lent_by
from solver.rules.limits import keeps_limits
from solver.rules.places import ends_of
from solver.timing.schedule import NEVER, Call, Legs, Sequences, earliest_end, legs_of, next_start
from solver.travel import Matrix

MOST_STEPS = 20_000
"""So many steps from one place to the next are looked at, at most, for one visit on one shift."""
MOST_STEPS_IN_ALL = 200_000
"""And so many for all that is asked about a problem."""
MOST_BREAKS = 6
"""With more breaks of different lengths not every order of them is tried (``kernel/rests.py``)."""


class TooMuch(Exception):  # noqa: N818 - an answer, not an error
    """The search was given up: there may be a way or not."""


@dataclass(frozen=True, slots=True)
class _Lacking:
    """What is not there yet: numbers of parts, and tools; and the depots that have been called at
    and so have no more of those parts."""

    parts: tuple[tuple[str, int], ...]
    tools: frozenset[str]
    emptied: frozenset[str] = frozenset()

    @property
    def nothing(self) -> bool:
        return not self.parts and not self.tools

    def after(self, depot: Depot) -> "_Lacking":
        left = dict(self.parts)
        if depot.id not in self.emptied:
            left = {part: number - stock_of(depot, part) for part, number in self.parts}
        parts = tuple((part, number) for part, number in left.items() if number > 0)
        emptied = self.emptied
        if any(stock_of(depot, part) for part, _ in parts):
            emptied |= {depot.id}
        return _Lacking(parts, self.tools - lent_by((depot,)), emptied if parts else frozenset())


_Step = tuple[int, int, int, "_Lacking", tuple[Call, ...]]
"""When a place is left, a number that decides ties, the state of the breaks, what is lacking, and
all calls up to there."""


class Alone:
    """Answers for the visits of one problem."""

    def __init__(self, problem: Problem, over: Callable[[], bool] = lambda: False) -> None:
        """Searches are given up as soon as it is ``over``."""
        self._problem = problem
        self._over = over
        self._left = MOST_STEPS_IN_ALL
        self._legs: Legs = legs_of(problem.travel_time)
        self._supplies = Supplies.of(problem)
        self._chains: dict[str, list[Shift]] = {}
        for shift in sorted(problem.shifts, key=lambda shift: shift.start):
            self._chains.setdefault(shift.technician, []).append(shift)

    # --- all shifts at once, by ways that can only be too short -----------------------------------

    @cached_property
    def _starts(self) -> Matrix:
        return np.array([shift.start for shift in self._problem.shifts], dtype=np.int64)

    @cached_property
    def _latest_ends(self) -> Matrix:
        ends = [shift.end + shift.max_overtime for shift in self._problem.shifts]
        return np.array(ends, dtype=np.int64)

    @cached_property
    def _ends(self) -> tuple[Matrix, Matrix]:
        """Where each shift starts and ends."""
        ends = [ends_of(shift) for shift in self._problem.shifts]
        first, last = np.array(ends, dtype=np.int64).reshape(-1, 2).T
        return first, last

    @cached_property
    def _by_depots(self) -> tuple[Matrix, Matrix]:
        """Seconds at least from each shift's start until each depot can be left, others having been
        called at or not; and from there, without that call's own time, to each shift's end."""
        problem = self._problem
        here = np.array([depot.location for depot in problem.depots], dtype=np.int64)
        lasts = np.array([depot.duration for depot in problem.depots], dtype=np.int64)
        travel = problem.travel_time
        hops = travel[np.ix_(here, here)] + lasts
        for middle in range(len(here)):
            np.minimum(hops, hops[:, middle, None] + hops[middle], out=hops)
        first, last = self._ends
        there = travel[np.ix_(first, here)] + lasts
        back = travel[np.ix_(here, last)].T
        for middle in range(len(here)):
            np.minimum(there, there[:, middle, None] + hops[middle], out=there)
            np.minimum(back, back[:, middle, None] + hops[:, middle], out=back)
        return there, back

    def ways(self, visit: Visit) -> tuple[Matrix, Matrix]:
        """Seconds at least from each of the s shifts' starts to the visit, and from there to its
        end, by whatever depots make that shorter (Floyd 1962)."""
        problem, travel = self._problem, self._problem.travel_time
        first, last = self._ends
        there, back = travel[first, visit.location], travel[visit.location][last]
        if problem.depots:
            here = [depot.location for depot in problem.depots]
            lasts = np.array([depot.duration for depot in problem.depots], dtype=np.int64)
            left, onward = self._by_depots
            there = np.minimum(there, (left + travel[here, visit.location]).min(axis=1))
            back = np.minimum(back, (onward + travel[visit.location][here] + lasts).min(axis=1))
        return there, back

    def in_time(self, visit: Visit) -> Truths:
        """For each of the s shifts whether it might have the time; where it says no, it has not.

        Breaks, and what the visit needs, are left out of account.
        """
        there, back = self.ways(visit)
        arrivals = self._starts + there
        begins = arrivals
        if visit.windows:
            begins = np.full_like(arrivals, NEVER)
            for window in visit.windows:
                moments = np.maximum(arrivals, window.start)
                np.minimum(begins, moments, out=begins, where=arrivals <= window.end)
        service = services(self._problem.shifts, visit)
        ends: Matrix = begins + service + back
        return ends <= self._latest_ends

    # --- one shift, exactly -----------------------------------------------------------------------

    def way(self, visit: Visit, shift: Shift) -> Sequences | None:
        """What the technician would do for the visit on the shift, by shift, with nothing else to
        do; None if it cannot be done. Rules that ask only who goes where are not looked at.

        Raises ``TooMuch`` where that takes too long to find out.
        """
        in_van = self._supplies.in_van[shift.id]
        short = sorted((part, n - in_van.get(part, 0)) for part, n in visit.parts.items())
        parts = tuple((part, number) for part, number in short if number > 0)
        lacking = _Lacking(parts, visit.tools - shift.tools)
        if lacking.nothing and self._keeps(shift, (visit,)):
            return {shift.id: (visit,)}
        search = _Enumeration(
            self._problem.depots, self._legs, min(MOST_STEPS, self._left), self._over, self._keeps
        )
        try:
            return self._found(search, visit, shift, lacking)
        finally:
            self._left -= search.steps

    def _keeps(self, shift: Shift, sequence: Sequence[Call]) -> bool:
        in_time = earliest_end(shift, sequence, self._legs) is not None
        return in_time and keeps_limits(self._problem, shift, sequence)

    def _found(
        self, search: "_Enumeration", visit: Visit, shift: Shift, lacking: _Lacking
    ) -> Sequences | None:
        begun: dict[_Lacking, Sequences] = {lacking: {}}
        if lacking.parts:
            for earlier in self._chains[shift.technician]:
                if earlier is shift:
                    break
                for before, done in list(begun.items()):
                    for after, calls in search.fetching(earlier, before):
                        begun.setdefault(after, {**done, earlier.id: calls})
        for before, done in begun.items():
            attended = search.attending(shift, before, visit)
            if attended is not None:
                return {**done, shift.id: attended}
        if search.is_exact:
            return None
        raise TooMuch


class _Enumeration:
    """For one visit: the steps that are left, and whether all that could be done was looked at."""

    def __init__(
        self,
        depots: Sequence[Depot],
        legs: Legs,
        most: int,
        over: Callable[[], bool],
        keeps: Callable[[Shift, Sequence[Call]], bool],
    ) -> None:
        """``keeps`` says whether a shift with limits keeps them."""
        self._keeps = keeps
        self._depots = depots
        self._legs = legs
        self._most = most
        self._over = over
        self.steps = 0
        self.is_exact = True

    def fetching(
        self, shift: Shift, lacking: _Lacking
    ) -> Iterator[tuple[_Lacking, tuple[Call, ...]]]:
        """What can be lacking after a shift on which parts are fetched and nothing else is done."""
        seen = {lacking}
        parts_only = _Lacking(lacking.parts, frozenset(), lacking.emptied)
        for found, calls in self._ends(shift, parts_only, None):
            after = _Lacking(found.parts, lacking.tools, found.emptied)
            if after not in seen:
                seen.add(after)
                yield after, calls

    def attending(self, shift: Shift, lacking: _Lacking, visit: Visit) -> tuple[Call, ...] | None:
        return next((calls for _, calls in self._ends(shift, lacking, visit)), None)

    def _ends(
        self, shift: Shift, lacking: _Lacking, visit: Visit | None
    ) -> Iterator[tuple[_Lacking, tuple[Call, ...]]]:
        """The calls of a shift that come home in time, with the visit, if there is one."""
        if len(shift.breaks) > MOST_BREAKS and len({b.duration for b in shift.breaks}) > 1:
            self.is_exact = False
        states, turns = rests(shift.breaks)
        latest_end = shift.end + shift.max_overtime
        first_place, home_place = ends_of(shift)
        to_do: list[_Step] = []
        number = 0
        for state, one in enumerate(states):
            to_do.append((max(shift.start, one.opens), number, state, lacking, ()))
            number += 1
        heapq.heapify(to_do)
        settled: set[tuple[int, bool, int, _Lacking]] = set()
        home: set[_Lacking] = set()
        while to_do:
            leave, _, state, now, calls = heapq.heappop(to_do)
            here = calls[-1].location if calls else first_place
            attended = any(isinstance(call, Visit) for call in calls)
            at = (here, attended, state, now)
            if at in settled:
                continue
            settled.add(at)
            if self.steps >= self._most or self._over():
                self.is_exact = False
                return
            if attended == (visit is not None) and now not in home:
                leg = self._legs[here][home_place]
                for turn in turns:
                    if turn.before == state and leave <= turn.until:
                        end = max(leave + leg + turn.rest, turn.free)
                        if end <= min(latest_end, states[turn.after].closes):
                            if shift.limits and not self._keeps(shift, calls):
                                # By way of other depots it may be shorter.
                                self.is_exact = self.is_exact and not self._depots
                                break
                            home.add(now)
                            yield now, calls
                            break
            for call in self._next(now, None if attended else visit):
                leg = self._legs[here][call.location]
                after = now.after(call) if isinstance(call, Depot) else now
                service = shift.service(call)
                self.steps += 1
                for turn in turns:
                    if turn.before != state or leave > turn.until:
                        continue
                    start = next_start(call.windows, max(leave + leg + turn.rest, turn.free))
                    if start is not None and start + service <= latest_end:
                        number += 1
                        step = (start + service, number, turn.after, after, (*calls, call))
                        heapq.heappush(to_do, step)

    def _next(self, lacking: _Lacking, visit: Visit | None) -> Iterable[Call]:
        if visit is not None and lacking.nothing:
            yield visit
        yield from self._depots
