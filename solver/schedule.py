"""From a sequence of visits and depot calls to a route placed in time, breaks included.

The timing is exact for what it promises: a sequence that can be kept at all is kept, it ends as
early as it can, and it starts as late as that end allows (Savelsbergh, *The vehicle routing problem
with time windows: minimizing route duration*, ORSA J. Computing 1992). Soft costs of single times
are left to the routing model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from solver.problem import MAX_TIME, Break, Depot, Shift, TimeWindow, Visit
from solver.solution import Route, Stop, StopKind

Call = Visit | Depot
"""A place on a route: both have an id, a location, a duration and windows."""
Legs = Sequence[Sequence[int]]
"""Seconds of travel as plain lists, which Python reads much faster than an array."""


NEVER = 2 * MAX_TIME
"""Later than any moment of a valid problem."""


@dataclass(frozen=True, slots=True)
class _Label:
    """The latest moment to be at a place for a route that ends in time, having some breaks after.

    ``settled`` has a bit for each of the shift's breaks that is taken from there on, or lies after
    the end; ``pauses`` are those on the way from there to the next place.
    """

    moment: int
    settled: int
    pauses: tuple[Break, ...] = ()
    onward: "_Label | None" = None


def earliest_end(shift: Shift, sequence: Sequence[Call], legs: Legs) -> int | None:
    """When the route can be back at the earliest; None if the sequence breaks a time rule.

    Searches ask this more than anything else: a shift with one break at most, which is nearly
    every shift, is answered in one pass with two clocks, before and after the break.
    """
    if len(shift.breaks) > 1:
        return _earliest_end(shift, sequence, legs)
    latest_end = shift.end + shift.max_overtime
    never = latest_end + 1
    before = shift.start
    after, opens, closes, rest = never, never, never - 1, 0
    for pause in shift.breaks:
        opens, closes, rest = pause.window.start, pause.window.end, pause.duration
        after = max(before, opens + rest)
    here = shift.start_location
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
        before += call.duration
        after += call.duration
        if before > latest_end and after > latest_end:
            return None
        here = call.location
    travel = legs[here][shift.end_location]
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


def idle_route(shift: Shift) -> Route | None:
    """A moment of the shift, as a route that goes nowhere, that its breaks leave free.

    None for a shift that a break covers completely: it has no room for any route.
    """
    nowhere = replace(shift, start_location=0, end_location=0)
    return place(nowhere, (), ((0,),))


def place(shift: Shift, sequence: Sequence[Call], legs: Legs) -> Route | None:
    """The sequence as a route without pickups; None if it breaks a time rule.

    It ends as early as it can, starts as late as then possible, and serves each place as early as
    that start allows.
    """
    end = earliest_end(shift, sequence, legs)
    if end is None:
        return None
    locations = [shift.start_location, *(call.location for call in sequence), shift.end_location]
    travel = [legs[a][b] for a, b in pairwise(locations)]
    start = _latest_start(shift, sequence, travel, end)
    gaps = []
    label: _Label | None = start
    while label is not None:
        gaps.append(label.pauses)
        label = label.onward
    return _follow(shift, sequence, travel, gaps, start.moment)


def _earliest_end(shift: Shift, sequence: Sequence[Call], legs: Legs) -> int | None:
    """Dynamic programme over places × breaks: waiting is free, so the earliest time dominates."""
    latest_end = shift.end + shift.max_overtime
    departures = _starts(shift, latest_end)
    here = shift.start_location
    for call in sequence:
        best: dict[int, int] = {}
        for settled, arrival in _arrivals(departures, legs[here][call.location], shift.breaks):
            start = next_start(call.windows, arrival)
            if start is not None and start + call.duration <= best.get(settled, latest_end):
                best[settled] = start + call.duration
        departures = best
        here = call.location
    return min(
        (
            end
            for settled, end in _arrivals(departures, legs[here][shift.end_location], shift.breaks)
            if end <= latest_end and _can_rest_after(shift.breaks, settled, end)
        ),
        default=None,
    )


def _starts(shift: Shift, latest_end: int) -> dict[int, int]:
    """The earliest start for each set of breaks that may lie before it, as bits."""
    starts = {0: shift.start}
    for bit, pause in enumerate(shift.breaks):
        over = pause.window.start + pause.duration
        if over <= latest_end:
            starts |= {settled | 1 << bit: max(start, over) for settled, start in starts.items()}
    return starts


def _arrivals(
    departures: Mapping[int, int], travel: int, breaks: Sequence[Break]
) -> list[tuple[int, int]]:
    """(breaks settled, arrival) for every way to get there from departures by breaks settled."""
    arrivals: list[tuple[int, int]] = []

    def rest(departure: int, settled: int, clock: int, resting: int) -> None:
        arrivals.append((settled, max(departure + travel + resting, clock)))
        for bit, pause in enumerate(breaks):
            start = max(clock, pause.window.start)
            if not settled >> bit & 1 and start <= pause.window.end:
                end = start + pause.duration
                rest(departure, settled | 1 << bit, end, resting + pause.duration)

    for settled, departure in departures.items():
        rest(departure, settled, departure, 0)
    return arrivals


def _can_rest_after(breaks: Sequence[Break], settled: int, end: int) -> bool:
    return all(p.window.end >= end for bit, p in enumerate(breaks) if not settled >> bit & 1)


def _latest_start(
    shift: Shift, sequence: Sequence[Call], travel: Sequence[int], end: int
) -> _Label:
    """The same backwards: the latest time at a place dominates. There is a route that ends then."""
    after = sum(1 << bit for bit, p in enumerate(shift.breaks) if p.window.end >= end)
    labels = [_Label(end, after)]
    for call, leg in zip(reversed(sequence), reversed(travel), strict=False):
        best: dict[int, _Label] = {}
        for label in labels:
            for settled, pauses, departure in _departures(label, leg, shift.breaks):
                moment = previous_start(call.windows, departure - call.duration)
                known = best.get(settled)
                if moment is not None and (known is None or moment > known.moment):
                    best[settled] = _Label(moment, settled, pauses, label)
        labels = list(best.values())
    starts = [
        _Label(start, settled, pauses, label)
        for label in labels
        for settled, pauses, start in _departures(label, travel[0], shift.breaks)
        if _could_rest_before(shift.breaks, settled, start)
    ]
    return max(starts, key=lambda label: label.moment)


def _departures(
    label: _Label, travel: int, breaks: Sequence[Break]
) -> list[tuple[int, tuple[Break, ...], int]]:
    """(breaks settled, those taken on the way in order, departure) for every way to the label."""
    departures: list[tuple[int, tuple[Break, ...], int]] = []

    def rest(settled: int, pauses: tuple[Break, ...], clock: int, resting: int) -> None:
        departures.append((settled, pauses, min(label.moment - travel - resting, clock)))
        for bit, pause in enumerate(breaks):
            start = min(pause.window.end, clock - pause.duration)
            if not settled >> bit & 1 and start >= pause.window.start:
                rest(settled | 1 << bit, (pause, *pauses), start, resting + pause.duration)

    rest(label.settled, (), label.moment, 0)
    return departures


def _could_rest_before(breaks: Sequence[Break], settled: int, start: int) -> bool:
    return all(
        p.window.start + p.duration <= start
        for bit, p in enumerate(breaks)
        if not settled >> bit & 1
    )


def _follow(
    shift: Shift,
    sequence: Sequence[Call],
    travel: Sequence[int],
    gaps: Sequence[Sequence[Break]],
    start: int,
) -> Route:
    """Drive the sequence from ``start`` on, everything as early as possible."""
    stops = []
    clock = start

    def rest_and_travel(index: int) -> int:
        arrival = clock + travel[index] + sum(pause.duration for pause in gaps[index])
        free = clock
        for pause in gaps[index]:
            begin = max(free, pause.window.start)
            free = begin + pause.duration
            stops.append(Stop(StopKind.BREAK, pause.id, begin, begin, free))
        return max(arrival, free)

    for index, call in enumerate(sequence):
        arrival = rest_and_travel(index)
        begin = next_start(call.windows, arrival)
        assert begin is not None  # noqa: S101 - the labels hold a start for every call
        clock = begin + call.duration
        kind = StopKind.VISIT if isinstance(call, Visit) else StopKind.DEPOT
        stops.append(Stop(kind, call.id, arrival, begin, clock))
    end = rest_and_travel(len(sequence))
    return Route(shift.id, shift.technician, start, end, tuple(stops))


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
