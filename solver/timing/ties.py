"""When the visits of a plan start that hang together in time, whatever routes they are on.

Every route by itself has its cheapest times (``solver/timing/timing.py``), but a crew starts at one
moment on several of them. So the moments of linked visits are found first: the earliest that all
routes and links can keep together, by longest paths over all routes that are tied, and from there
cheaper ones (``solver/timing/moments.py``). Each linked visit is then held at its moment, and the
routes are timed one by one.

The earliest moments are exact, and there are none only if no times exist, as long as no route has
breaks; a route with breaks may take one before a linked visit or after it, and here the linked
visits come as early as they can, one after the other, which may be wrong for a later one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from solver.kernel.rests import Turn, rests
from solver.links import Lag, lags_of
from solver.problem import Problem, Shift, Visit
from solver.rules.places import ends_of, on_places
from solver.rules.windows import has_price, price_at
from solver.timing.moments import Moments, cents_at, cheaper
from solver.timing.schedule import NEVER, Call, Legs, Sequences, next_start

MOST_WINDOWS = 30
"""So many cheaper windows of linked visits are tried for one plan."""


class Ties:
    """The links in time between the visits of a problem, for any sequences of them over places.

    The worst lateness ties all visits that can be late; it is taken in if ``lateness`` is.
    """

    def __init__(self, problem: Problem, legs: Legs, *, lateness: bool = False) -> None:
        self._lateness = lateness and problem.objective.worst_lateness > 0
        self.problem = problem = on_places(problem)
        self.legs = legs
        self.after: dict[str, list[Lag]] = {}
        self.before: dict[str, list[Lag]] = {}
        for lag in (lag for link in problem.links for lag in lags_of(link)):
            self.after.setdefault(lag.earlier, []).append(lag)
            self.before.setdefault(lag.later, []).append(lag)
        self.shifts = {shift.id: shift for shift in problem.shifts}

    def binds(self, call: Call) -> bool:
        """Whether the call is a visit whose start others depend on."""
        return isinstance(call, Visit) and (
            call.id in self.after
            or call.id in self.before
            or (self._lateness and call.due is not None)
        )

    def earliest(self, sequences: Sequences) -> dict[str, int] | None:
        """The earliest moments of the linked visits in these sequences at which all of them are
        kept, by visit; None if there are none, as where two crews wait for each other."""
        shift_of = {
            call.id: name for name, calls in sequences.items() for call in calls if self.binds(call)
        }
        moments = dict.fromkeys(shift_of, -NEVER)
        later: dict[str, list[Lag]] = {}
        for lag in self.lags(sequences):
            later.setdefault(lag.earlier, []).append(lag)
        late = dict.fromkeys(shift_of.values())
        over = max(
            (self.shifts[name].end + self.shifts[name].max_overtime for name in late), default=0
        )
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
                    for pushed in _push(later, moments, visit):
                        if moments[pushed] > over:
                            # Too late for everybody; or at the paces of those who make them they
                            # push each other on for ever.
                            return None
                        late[shift_of[pushed]] = None
        return None

    def lags(self, sequences: Sequences) -> Iterator[Lag]:
        """Those between visits of these sequences, from start to start."""
        lasts = {
            call.id: self.shifts[name].service(call)
            for name, calls in sequences.items()
            for call in calls
            if self.binds(call)
        }
        for visit in lasts:
            for lag in self.after.get(visit, ()):
                if lag.later in lasts:
                    served = 0 if lag.served is None else lasts[lag.served]
                    yield Lag(lag.earlier, lag.later, lag.from_start(served))

    def cheapest(self, sequences: Sequences, known: Moments | None = None) -> Moments | None:
        """Moments of the linked visits in these sequences at which the routes cost as little as
        ``cheaper`` finds; None if there are none at all. ``known``: some at which they can be kept,
        for where breaks hide them."""
        moments: Moments | None = self.earliest(sequences)
        if moments is None and known is not None:
            bound = {c.id for calls in sequences.values() for c in calls if self.binds(c)}
            moments = known if bound <= known.keys() else None
        costs = [self.problem.objective.at(shift.rates) for shift in self.problem.shifts]
        if not moments:
            return moments
        if any(one.working_time or one.moved_time for one in costs):
            # Else to start later costs nothing less.
            moments = cheaper(self.problem, self.lags(sequences), sequences, moments, self.legs)
        return self._in_cheaper_windows(sequences, moments)

    def _in_cheaper_windows(self, sequences: Sequences, moments: Moments) -> Moments:
        """The same or better ones: each linked visit that starts in a window with a price is tried
        in those that cost less, while everything else is at its best then."""
        priced = [
            (name, call)
            for name, calls in sequences.items()
            for call in calls
            if isinstance(call, Visit) and call.id in moments and has_price(call.windows)
        ]
        least = cents_at(self.problem, sequences, moments, self.legs) if priced else None
        tries = MOST_WINDOWS
        for name, call in priced:
            for window in sorted(call.windows, key=lambda one: (one.price, one.start)):
                if least is None or tries == 0:
                    return moments
                if window.price >= price_at(call.windows, moments[call.id]):
                    break
                tries -= 1
                only_there = replace(call, windows=(window,))
                calls = tuple(only_there if one.id == call.id else one for one in sequences[name])
                tried = {**sequences, name: calls}
                other: Moments | None = self.earliest(tried)
                if other is None:
                    continue
                other = cheaper(self.problem, self.lags(tried), tried, other, self.legs)
                cents = cents_at(self.problem, tried, other, self.legs)
                if cents is not None and cents < least:
                    sequences, moments, least = tried, other, cents
                    break
        return moments


def _push(later: Mapping[str, Sequence[Lag]], moments: dict[str, int], visit: str) -> Iterator[str]:
    """Move on all that hang together with a visit which has moved; who has to."""
    moved = [visit]
    while moved:
        for lag in later.get(moved.pop(), ()):
            moment = moments[lag.earlier] + lag.seconds
            if moment > moments[lag.later]:
                moments[lag.later] = moment
                moved.append(lag.later)
                yield lag.later


def bound_starts(
    shift: Shift, sequence: Sequence[Call], legs: Legs, at_least: Moments
) -> dict[str, int] | None:
    """The earliest starts of those visits of the sequence that are ``at_least`` then, each as early
    as those before it allow and all that comes after it can be kept; None if that is nothing.

    Whoever leaves later comes no earlier: where the route would last too long, it cannot leave
    before the longest duration ahead of its end.
    """
    leave, longest = shift.start, shift.max_duration
    while True:
        found = _starts_from(leave, shift, sequence, legs, at_least)
        if found is None or longest is None or found[1] - leave <= longest:
            return None if found is None else found[0]
        leave = found[1] - longest


def _starts_from(
    leave: int, shift: Shift, sequence: Sequence[Call], legs: Legs, at_least: Moments
) -> tuple[dict[str, int], int] | None:
    """The same for who leaves then or later, and when the route ends."""
    states, turns = rests(shift.breaks)
    free = [max(leave, state.opens) for state in states]
    here, _ = ends_of(shift)
    found: dict[str, int] = {}
    for index, call in enumerate(sequence):
        service = shift.service(call)
        begins = _begins(call, _arrivals(turns, free, legs[here][call.location]), at_least)
        here = call.location
        free = [begin + service for begin in begins]
        if isinstance(call, Visit) and call.id in at_least:
            for moment in sorted(set(begins)):
                free = [moment + service if b <= moment else NEVER for b in begins]
                rest = sequence[index + 1 :]
                if moment < NEVER and _end(shift, rest, legs, at_least, here, free) < NEVER:
                    found[call.id] = moment
                    break
            else:
                return None
    end = _end(shift, (), legs, at_least, here, free)
    return (found, end) if end < NEVER else None


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


def _end(
    shift: Shift,
    rest: Sequence[Call],
    legs: Legs,
    at_least: Moments,
    here: int,
    free: Sequence[int],
) -> int:
    """When the rest of the sequence can be over, kept by who is free then, by state of the breaks;
    ``NEVER`` if it cannot be kept."""
    states, turns = rests(shift.breaks)
    for call in rest:
        service = shift.service(call)
        begins = _begins(call, _arrivals(turns, free, legs[here][call.location]), at_least)
        free = [begin + service for begin in begins]
        here = call.location
    ends = _arrivals(turns, free, legs[here][ends_of(shift)[1]])
    latest = shift.end + shift.max_overtime
    kept = (
        end for end, state in zip(ends, states, strict=True) if end <= min(latest, state.closes)
    )
    return min(kept, default=NEVER)
