"""From a sequence of visits and depot calls to a route placed in time, breaks included.

The timing is exact for what it promises: a sequence that can be kept at all is kept, it ends as
early as it can, and it starts as late as that end allows (Savelsbergh, *The vehicle routing problem
with time windows: minimizing route duration*, ORSA J. Computing 1992). Soft costs of single times
are left to the routing model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from solver.problem import Break, Depot, Shift, TimeWindow, Visit
from solver.solution import Route, Stop, StopKind

Call = Visit | Depot
"""A place on a route: both have an id, a location, a duration and windows."""
Legs = Sequence[Sequence[int]]
"""Seconds of travel as plain lists, which Python reads much faster than an array."""


@dataclass(frozen=True, slots=True)
class _Label:
    """The earliest a route can be done with a place, having taken or skipped some breaks."""

    departure: int
    breaks: int
    parent: "_Label | None"


def earliest_end(shift: Shift, sequence: Sequence[Call], legs: Legs) -> int | None:
    """When the route can be back at the earliest; None if the sequence breaks a time rule."""
    label = _forward(shift, sequence, legs)
    return None if label is None else label.departure


def place(shift: Shift, sequence: Sequence[Call], legs: Legs) -> Route | None:
    """The sequence as a route without pickups; None if it breaks a time rule."""
    label = _forward(shift, sequence, legs)
    if label is None:
        return None
    return _timed(shift, sequence, legs, label)


def _forward(shift: Shift, sequence: Sequence[Call], legs: Legs) -> _Label | None:
    """Dynamic programme over places × breaks: waiting is free, so the earliest time dominates."""
    breaks = _breaks_in_order(shift)
    latest_end = shift.end + shift.max_overtime
    labels = [_Label(shift.start, 0, None)]
    ready = shift.start
    for index, pause in enumerate(breaks):
        ready = max(ready, pause.window.start + pause.duration)
        if ready > latest_end:
            break
        labels.append(_Label(ready, index + 1, None))
    here = shift.start_location
    for call in sequence:
        best: dict[int, _Label] = {}
        travel = legs[here][call.location]
        for label in labels:
            for taken, arrival in _arrivals(label, travel, breaks):
                start = next_start(call.windows, arrival)
                if start is None:
                    continue
                departure = start + call.duration
                known = best.get(taken)
                if departure <= latest_end and (known is None or departure < known.departure):
                    best[taken] = _Label(departure, taken, label)
        if not best:
            return None
        labels = list(best.values())
        here = call.location
    travel = legs[here][shift.end_location]
    ends = [
        _Label(arrival, taken, label)
        for label in labels
        for taken, arrival in _arrivals(label, travel, breaks)
        if arrival <= latest_end and all(pause.window.end >= arrival for pause in breaks[taken:])
    ]
    return min(ends, key=lambda end: (end.departure, end.breaks), default=None)


def _arrivals(label: _Label, travel: int, breaks: Sequence[Break]) -> list[tuple[int, int]]:
    """(breaks taken so far, arrival) for taking none, one, … of the next breaks on the way."""
    arrivals = [(label.breaks, label.departure + travel)]
    clock, resting = label.departure, 0
    for index in range(label.breaks, len(breaks)):
        pause = breaks[index]
        start = max(clock, pause.window.start)
        if start > pause.window.end:
            break
        clock = start + pause.duration
        resting += pause.duration
        arrivals.append((index + 1, max(label.departure + travel + resting, clock)))
    return arrivals


def _breaks_in_order(shift: Shift) -> list[Break]:
    return sorted(shift.breaks, key=lambda pause: (pause.window.start, pause.window.end))


def _timed(shift: Shift, sequence: Sequence[Call], legs: Legs, end: _Label) -> Route:
    """The route that ends as early as it can, starts as late as then possible, and serves each
    place as early as that start allows."""
    root, gaps = _breaks_by_gap(shift, end)
    locations = [shift.start_location, *(call.location for call in sequence), shift.end_location]
    travel = [legs[a][b] for a, b in pairwise(locations)]
    start = _latest_start(sequence, travel, gaps, end.departure)
    return _follow(shift, sequence, travel, gaps, max(root.departure, start))


def _breaks_by_gap(shift: Shift, end: _Label) -> tuple[_Label, list[list[Break]]]:
    """The label at the start, and the breaks taken before each place and before the end."""
    breaks = _breaks_in_order(shift)
    gaps = []
    label = end
    while label.parent is not None:
        gaps.append(breaks[label.parent.breaks : label.breaks])
        label = label.parent
    return label, gaps[::-1]


def _latest_start(
    sequence: Sequence[Call], travel: Sequence[int], gaps: Sequence[Sequence[Break]], end: int
) -> int:
    """The latest departure from the start that still ends at ``end``, going backwards."""
    latest = end
    for index in range(len(sequence), -1, -1):
        departure = latest - travel[index] - sum(pause.duration for pause in gaps[index])
        bound = latest
        for pause in reversed(gaps[index]):
            bound = min(pause.window.end, bound - pause.duration)
            departure = min(departure, bound)
        if index == 0:
            break
        call = sequence[index - 1]
        latest = previous_start(call.windows, departure - call.duration)
    return departure


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
    starts = [max(window.start, time) for window in windows if window.end >= time]
    return min(starts, default=None)


def previous_start(windows: Sequence[TimeWindow], time: int) -> int:
    """The last moment at or before ``time`` inside a window, which must exist."""
    if not windows:
        return time
    return max(min(window.end, time) for window in windows if window.start <= time)
