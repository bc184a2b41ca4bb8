"""Whether a sequence of visits and depot calls can be kept in time, breaks included.

Waiting is free, so the earliest time at each place is all that has to be known for that. What the
times of a sequence cost, and which are the cheapest, is in ``solver/timing/timing.py``.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from solver.kernel.rests import rests
from solver.problem import Depot, Shift, TimeWindow, Visit
from solver.rules.places import ends_of
from solver.travel import MAX_TIME, Matrix

Call = Visit | Depot
"""A place on a route: both have an id, a location, a duration and windows."""
Sequences = Mapping[str, Sequence[Call]]
"""Calls in the order in which they are made, by shift."""
Legs = Sequence[Sequence[int]]
"""Seconds of travel (or metres) by location, from and to."""


def legs_of(matrix: Matrix) -> Legs:
    """The matrix as rows of plain numbers, without a copy.

    Python reads a row's memory as fast as a list and several times faster than an array; a copy
    as lists would take gigabytes where there are thousands of locations.
    """
    return [memoryview(row) for row in matrix]


NEVER = 2 * MAX_TIME
"""Later than any moment of a valid problem."""


def earliest_end(shift: Shift, sequence: Sequence[Call], legs: Legs) -> int | None:
    """When the route can be back at the earliest, in seconds since the problem's epoch; None if the
    sequence breaks a time rule, or would take longer than the shift's longest duration."""
    end = _soonest_end(shift, sequence, legs)
    longest = shift.max_duration
    if end is None or longest is None or end - shift.start <= longest:
        return end
    return _earliest_end_within(longest, shift, sequence, legs)


def _soonest_end(shift: Shift, sequence: Sequence[Call], legs: Legs) -> int | None:
    """The same, however long the route then takes.

    Searches ask this more than anything else: a shift with one break at most, which is nearly
    every shift, is answered in one pass with two clocks, before and after the break.
    """
    if len(shift.breaks) > 1:
        return _earliest_end(shift, sequence, legs)
    latest_end, is_paced = shift.end + shift.max_overtime, shift.is_paced
    never = latest_end + 1
    before = shift.start
    after, opens, closes, rest = never, never, never - 1, 0
    for pause in shift.breaks:
        opens, closes, rest = pause.window.start, pause.window.end, pause.duration
        after = max(before, opens + rest)
    here, home = ends_of(shift)
    for call in sequence:
        travel = legs[here][call.location]
        after += travel
        begin = before if before > opens else opens
        if begin <= closes:
            after = min(after, max(before + travel + rest, begin + rest))
        before += travel
        if call.windows:
            before = _opening(call.windows, before, never)
            after = _opening(call.windows, after, never)
        service = shift.service(call) if is_paced else call.duration
        before += service
        after += service
        if before > latest_end and after > latest_end:
            return None
        here = call.location
    travel = legs[here][home]
    after += travel
    begin = before if before > opens else opens
    if begin <= closes:
        after = min(after, max(before + travel + rest, begin + rest))
    before += travel
    if shift.breaks and before > closes:
        before = never
    end = before if before < after else after
    return end if end <= latest_end else None


def _opening(windows: Sequence[TimeWindow], time: int, never: int) -> int:
    """The first moment at or after ``time`` inside a window; ``never`` if there is none."""
    first = never
    for window in windows:
        if window.end >= time:
            moment = window.start if window.start > time else time
            if moment < first:
                first = moment
    return first


def _earliest_end(shift: Shift, sequence: Sequence[Call], legs: Legs) -> int | None:
    """With the earliest time in each state of the breaks, which is better than any later one."""
    states, _ = rests(shift.breaks)
    ends = _earliest_ends(
        shift, sequence, legs, [max(shift.start, state.opens) for state in states]
    )
    end = min(ends, default=NEVER)
    return None if end == NEVER else end


def _earliest_end_within(
    longest: int, shift: Shift, sequence: Sequence[Call], legs: Legs
) -> int | None:
    """The earliest end of a route that lasts no longer than so many seconds.

    Whoever starts later does not come earlier. So if the earliest end is too late for a start, it
    is for all up to ``longest`` before that end.
    """
    states, _ = rests(shift.breaks)
    begin, home = ends_of(shift)
    places = [begin, *(call.location for call in sequence), home]
    busy = sum(legs[here][there] for here, there in pairwise(places))
    busy += sum(shift.service(call) for call in sequence)
    found = NEVER
    for first, state in enumerate(states):
        start: int | None = max(shift.start, state.opens)
        while start is not None and start < found:
            departures = [NEVER] * len(states)
            departures[first] = start
            # Whoever has no time for the breaks without any waiting never has.
            ends = [
                end
                for end, last in zip(
                    _earliest_ends(shift, sequence, legs, departures), states, strict=True
                )
                if end < NEVER and busy + last.rest - state.rest <= longest
            ]
            found = min([found, *(end for end in ends if end - start <= longest)])
            later = [end - longest for end in ends if end - start > longest]
            start = min(later, default=None)
    return None if found == NEVER else found


def _earliest_ends(
    shift: Shift, sequence: Sequence[Call], legs: Legs, departures: Sequence[int]
) -> list[int]:
    """The earliest end in each state of the breaks, given the earliest start in each; ``NEVER``
    where there is none."""
    latest_end = shift.end + shift.max_overtime
    states, turns = rests(shift.breaks)
    here, home = ends_of(shift)
    for call in (*sequence, None):
        there = home if call is None else call.location
        arrivals = [NEVER] * len(states)
        for turn in turns:
            leave = departures[turn.before]
            if leave <= turn.until:
                arrival = max(leave + legs[here][there] + turn.rest, turn.free)
                if arrival < arrivals[turn.after]:
                    arrivals[turn.after] = arrival
        if call is None:
            return [
                end if end <= min(latest_end, state.closes) else NEVER
                for end, state in zip(arrivals, states, strict=True)
            ]
        here = there
        departures = [
            _opening(call.windows, arrival, NEVER) if call.windows else arrival
            for arrival in arrivals
        ]
        service = shift.service(call)
        departures = [min(start + service, NEVER) for start in departures]
        if min(departures) > latest_end:
            break
    return [NEVER] * len(states)


def next_start(windows: Sequence[TimeWindow], time: int) -> int | None:
    """The first moment at or after ``time`` inside a window; None if there is none."""
    if not windows:
        return time
    moment = _opening(windows, time, NEVER)
    return None if moment == NEVER else moment


def previous_start(windows: Sequence[TimeWindow], time: int) -> int | None:
    """The last moment at or before ``time`` inside a window; None if there is none."""
    if not windows:
        return time
    moments = [min(window.end, time) for window in windows if window.start <= time]
    return max(moments, default=None)
