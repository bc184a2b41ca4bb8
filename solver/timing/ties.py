"""When the visits of a plan start that hang together in time, whatever routes they are on.

Every route by itself has its cheapest times (``solver/timing/timing.py``), but a crew starts at one
moment on several of them. So the moments of linked visits are found first: the earliest that all
routes and links can keep together, by longest paths over all routes that are tied, and from there
cheaper ones. Each linked visit is then held at its moment, and the routes are timed one by one.

The earliest moments are exact, and there are none only if no times exist, as long as no route has
breaks; a route with breaks may take one before a linked visit or after it, and here the linked
visits come as early as they can, one after the other, which may be wrong for a later one. The
cheaper moments are a descent: no single crew, no chain and no tied group of routes can be moved as
a whole for less, and where a moment's cost rises and falls more than once (breaks, several windows,
published times) not every valley is looked into.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from solver.kernel.rests import Turn, rests
from solver.links import Lag, lags_of
from solver.problem import Problem, Shift, TimeWindow, Visit
from solver.rules.cost import RouteCost, latest_of
from solver.timing.schedule import NEVER, Call, Legs, Sequences, earliest_end, next_start
from solver.timing.timing import cheapest

Moments = Mapping[str, int]
"""When visits start, in seconds since the problem's epoch."""

MOST_SWEEPS = 4
"""So often all moments are looked at for cheaper ones."""


class Ties:
    """The links in time between the visits of a problem, for any sequences of them."""

    def __init__(self, problem: Problem, legs: Legs) -> None:
        self.problem = problem
        self.legs = legs
        durations = {visit.id: visit.duration for visit in problem.visits}
        self.lags = [lag for link in problem.links for lag in lags_of(link, durations)]
        self.after: dict[str, list[Lag]] = defaultdict(list)
        self.before: dict[str, list[Lag]] = defaultdict(list)
        for lag in self.lags:
            self.after[lag.earlier].append(lag)
            self.before[lag.later].append(lag)
        self.shifts = {shift.id: shift for shift in problem.shifts}

    def binds(self, call: Call) -> bool:
        """Whether the call is a visit whose start others depend on."""
        return isinstance(call, Visit) and (call.id in self.after or call.id in self.before)

    def earliest(self, sequences: Sequences) -> dict[str, int] | None:
        """The earliest moments of the linked visits in these sequences at which all of them are
        kept, by visit; None if there are none, as where two crews wait for each other."""
        shift_of = {
            call.id: name for name, calls in sequences.items() for call in calls if self.binds(call)
        }
        moments = dict.fromkeys(shift_of, -NEVER)
        late = dict.fromkeys(shift_of.values())
        # Each look at a route moves a visit on along a path, past a break or into another window;
        # where it goes on for longer than that, visits wait for each other in a circle.
        steps = sum(1 + len(call.windows) for name in late for call in sequences[name]) + sum(
            len(self.shifts[name].breaks) for name in late
        )
        for _ in range((steps + 2) * max(1, len(late))):
            if not late:
                return moments
            name, _ = late.popitem()
            found = bound_starts(self.shifts[name], sequences[name], self.legs, moments)
            if found is None:
                return None
            for visit, moment in found.items():
                if moment > moments[visit]:
                    moments[visit] = moment
                    for pushed in self._push(moments, visit):
                        late[shift_of[pushed]] = None
        return None

    def _push(self, moments: dict[str, int], visit: str) -> Iterator[str]:
        """Move on all that hang together with a visit which has moved; who has to."""
        moved = [visit]
        while moved:
            for lag in self.after[moved.pop()]:
                if lag.later in moments:
                    moment = moments[lag.earlier] + lag.seconds
                    if moment > moments[lag.later]:
                        moments[lag.later] = moment
                        moved.append(lag.later)
                        yield lag.later

    def cheapest(self, sequences: Sequences) -> dict[str, int] | None:
        """Moments of the linked visits in these sequences that cost as little as a descent from
        the earliest ones finds; None if there are none at all."""
        moments = self.earliest(sequences)
        if not moments:
            return moments
        return _Descent(self, sequences, moments).cheapest()


def held(calls: Iterable[Call], moments: Moments) -> tuple[Call, ...]:
    """The calls, those visits at their moments that have one."""
    return tuple(
        replace(call, windows=(TimeWindow(moments[call.id], moments[call.id]),))
        if isinstance(call, Visit) and call.id in moments
        else call
        for call in calls
    )


def bound_starts(
    shift: Shift, sequence: Sequence[Call], legs: Legs, at_least: Moments
) -> dict[str, int] | None:
    """The earliest starts of those visits of the sequence that are ``at_least`` then, each as early
    as those before it allow and all that comes after it can be kept; None if that is nothing."""
    states, turns = rests(shift.breaks)
    free = [max(shift.start, state.opens) for state in states]
    here = shift.start_location
    found: dict[str, int] = {}
    for index, call in enumerate(sequence):
        begins = _begins(call, _arrivals(turns, free, legs[here][call.location]), at_least)
        here = call.location
        free = [begin + call.duration for begin in begins]
        if isinstance(call, Visit) and call.id in at_least:
            for moment in sorted(set(begins)):
                free = [moment + call.duration if b <= moment else NEVER for b in begins]
                rest = sequence[index + 1 :]
                if moment < NEVER and _can_end(shift, rest, legs, at_least, here, free):
                    found[call.id] = moment
                    break
            else:
                return None
    return found if _can_end(shift, (), legs, at_least, here, free) else None


def _begins(call: Call, arrivals: Sequence[int], at_least: Moments) -> list[int]:
    """When service can start in each state of the breaks; ``NEVER`` if it cannot."""
    bound = at_least.get(call.id, -NEVER) if isinstance(call, Visit) else -NEVER
    begins = [next_start(call.windows, max(arrival, bound)) for arrival in arrivals]
    return [NEVER if begin is None else min(begin, NEVER) for begin in begins]


def _arrivals(turns: Sequence[Turn], free: Sequence[int], leg: int) -> list[int]:
    arrivals = [NEVER] * len(free)
    for turn in turns:
        leave = free[turn.before]
        if leave <= turn.until:
            arrival = max(leave + leg + turn.rest, turn.free)
            arrivals[turn.after] = min(arrivals[turn.after], arrival)
    return arrivals


def _can_end(
    shift: Shift,
    rest: Sequence[Call],
    legs: Legs,
    at_least: Moments,
    here: int,
    free: Sequence[int],
) -> bool:
    """Whether the rest of the sequence can be kept by who is free then, by state of the breaks."""
    states, turns = rests(shift.breaks)
    for call in rest:
        begins = _begins(call, _arrivals(turns, free, legs[here][call.location]), at_least)
        free = [begin + call.duration for begin in begins]
        here = call.location
    ends = _arrivals(turns, free, legs[here][shift.end_location])
    latest = shift.end + shift.max_overtime
    return any(end <= min(latest, state.closes) for end, state in zip(ends, states, strict=True))


class _Descent:
    """Moments of the linked visits of some sequences, moved for as long as that pays."""

    def __init__(self, ties: Ties, sequences: Sequences, moments: dict[str, int]) -> None:
        self._ties = ties
        self._problem = ties.problem
        self._sequences = sequences
        self._moments = moments
        self._shift_of = {
            call.id: name for name, calls in sequences.items() for call in calls if ties.binds(call)
        }
        self._visits = {
            call.id: call
            for name in self._shift_of.values()
            for call in sequences[name]
            if isinstance(call, Visit)
        }
        self._price = RouteCost(ties.problem)
        self._known: dict[tuple[str, tuple[int, ...]], tuple[int, int] | None] = {}

    def cheapest(self) -> dict[str, int]:
        """The moments at which nothing that is moved together is cheaper elsewhere."""
        for _ in range(MOST_SWEEPS):
            before = self._cents(self._moments)
            # Later ones first, and as late as costs no more: that makes room for the others, and
            # lets routes begin later. Then back, to wait no longer than it pays.
            for late in (True, False):
                for group in sorted(self._groups, key=self._moment, reverse=late):
                    self._move(group, late)
            if self._cents(self._moments) == before:
                break
        return self._moments

    @cached_property
    def _groups(self) -> list[tuple[str, ...]]:
        """What is moved together: visits that start at one moment in any case, visits that are
        tied to each other, and all whose routes are tied."""
        lags = [lag for lag in self._ties.lags if self._moments.keys() >= {lag.earlier, lag.later}]
        both = {(lag.earlier, lag.later, lag.seconds) for lag in lags}
        crews = [
            (lag.earlier, lag.later)
            for lag in lags
            if (lag.later, lag.earlier, -lag.seconds) in both
        ]
        chains = [(lag.earlier, lag.later) for lag in lags]
        routes: dict[str, str] = {}
        on_one_route = [
            (routes.setdefault(name, visit), visit) for visit, name in self._shift_of.items()
        ]
        found: dict[tuple[str, ...], None] = {}
        for pairs in (crews, chains, [*chains, *on_one_route]):
            found.update(dict.fromkeys(_joined(self._moments, pairs)))
        return list(found)

    def _moment(self, group: Sequence[str]) -> int:
        return min(self._moments[visit] for visit in group)

    def _move(self, group: tuple[str, ...], late: bool) -> None:
        """Move a group to where it costs least: of moments that cost the same to the latest, if it
        is to be ``late``, or else to the earliest. Costs that rise once are followed to their
        lowest; others only as far as they fall."""
        lowest, highest = self._between(group)
        names = {self._shift_of[visit] for visit in group}

        def cents(seconds: int) -> int | None:
            return self._cents({**self._moments, **self._moved(group, seconds)}, names)

        def fits(seconds: int) -> bool:
            moments = {**self._moments, **self._moved(group, seconds)}
            return all(self._fits(name, moments) for name in names)

        lowest = -_farthest(lambda seconds: fits(-seconds), -lowest)
        highest = _farthest(fits, highest)
        here = cents(0)
        if here is None:
            return
        best = here, 0
        # The slope falls to zero once: everything before is worse, everything behind too.
        low, high = lowest, highest
        while low < high:
            middle = (low + high) // 2
            one, other = cents(middle), cents(middle + 1)
            if one is None or other is None:
                break
            if other < one or (late and other == one):
                low = middle + 1
            else:
                high = middle
        for seconds in {low, lowest, highest}:
            found = cents(seconds)
            if found is None:
                continue
            better = found < best[0]
            beyond = seconds > best[1] if late else seconds < best[1]
            if better or (found == best[0] and beyond):
                best = (found, seconds)
        self._moments = {**self._moments, **self._moved(group, best[1])}

    def _moved(self, group: Iterable[str], seconds: int) -> dict[str, int]:
        return {visit: self._moments[visit] + seconds for visit in group}

    def _between(self, group: Sequence[str]) -> tuple[int, int]:
        """How far, back and on, the group can move for its windows, its shifts and its links."""
        inside = set(group)
        back, on = [], []
        for visit in group:
            here = self._moments[visit]
            shift = self._ties.shifts[self._shift_of[visit]]
            bounds = [
                (window.start, window.end)
                for window in self._visits[visit].windows
                if window.start <= here <= window.end
            ]
            opens, closes = bounds[0] if bounds else (-NEVER, NEVER)
            back.append(max(opens, shift.start) - here)
            on.append(min(closes, shift.end + shift.max_overtime) - here)
            for lag in self._ties.before[visit]:
                if lag.earlier not in inside and lag.earlier in self._moments:
                    back.append(self._moments[lag.earlier] + lag.seconds - here)
            for lag in self._ties.after[visit]:
                if lag.later not in inside and lag.later in self._moments:
                    on.append(self._moments[lag.later] - lag.seconds - here)
        return min(0, max(back)), max(0, min(on))

    def _cents(self, moments: Moments, names: Iterable[str] | None = None) -> int | None:
        """What the routes with these names cost (None: all that are tied), with the worst lateness
        of all; None if one of them cannot be kept."""
        every = dict.fromkeys(self._shift_of.values())
        total = 0
        for name in every if names is None else names:
            found = self._route(name, moments)
            if found is None:
                return None
            total += found[0]
        worst = self._problem.objective.worst_lateness
        if worst:
            routes = [self._route(name, moments) for name in every]
            late = [found[1] for found in routes if found is not None]
            total += worst * max(late, default=0)
        return total

    def _route(self, name: str, moments: Moments) -> tuple[int, int] | None:
        """What a route costs, and how late its latest visit is; None if it cannot be kept."""
        calls = self._sequences[name]
        key = name, tuple(moments[call.id] for call in calls if call.id in moments)
        if key not in self._known:
            self._known[key] = self._timed(name, held(calls, moments))
        return self._known[key]

    def _fits(self, name: str, moments: Moments) -> bool:
        shift, calls = self._ties.shifts[name], held(self._sequences[name], moments)
        return earliest_end(shift, calls, self._ties.legs) is not None

    def _timed(self, name: str, calls: Sequence[Call]) -> tuple[int, int] | None:
        shift = self._ties.shifts[name]
        route = cheapest(self._problem, shift, calls, self._ties.legs)
        if route is None:
            return None
        return sum(cents for _, cents in self._price.of(route)), latest_of(self._problem, route)


def _farthest(can: Callable[[int], bool], most: int) -> int:
    """The farthest of 0 to ``most`` seconds that can be, where all up to it can; 0 can."""
    low, high = 0, most
    if can(most):
        return most
    while low < high:
        middle = (low + high + 1) // 2
        if can(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _joined(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """The names in groups, such that both of each pair are in one."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while (next_ := above.get(name, name)) != name:
            name = next_
        return name

    for one, other in pairs:
        if top(one) != top(other):
            above[top(other)] = top(one)
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(top(name), []).append(name)
    return (tuple(group) for group in groups.values())
