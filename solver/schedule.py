"""From a sequence of visits and depot calls to a route placed in time, breaks included.

The timing is exact for what it promises: a sequence that can be kept at all is kept, it ends as
early as it can, and it starts as late as that end allows (Savelsbergh, *The vehicle routing problem
with time windows: minimizing route duration*, ORSA J. Computing 1992). Soft costs of single times
play no part; ``solver/kernel/timing.py`` counts what these very times cost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from solver.problem import MAX_TIME, Break, Depot, Matrix, Shift, TimeWindow, Visit
from solver.solution import Route, Stop, StopKind

Call = Visit | Depot
"""A place on a route: both have an id, a location, a duration and windows."""
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


Latest = Mapping[int, int]
"""The latest moment to be at a place for a route that ends in time, by the breaks that are settled
from there on (taken, or after the end), as bits."""
Gaps = tuple[tuple[Break, ...], ...]
"""The breaks on each way from one place to the next, in order."""


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

    It ends as early as it can, starts as late as then possible, and serves the first place as early
    as that start allows, then the second, and so on: of several ways on which a break could be, it
    is on one that makes the first difference for the better.
    """
    end = earliest_end(shift, sequence, legs)
    if end is None:
        return None
    locations = [shift.start_location, *(call.location for call in sequence), shift.end_location]
    travel = [legs[a][b] for a, b in pairwise(locations)]
    latest = _latest(shift, sequence, travel, end)
    starts = {
        settled: start
        for settled, start in latest[0].items()
        if _could_rest_before(shift.breaks, settled, start)
    }
    start = max(starts.values())
    settled = [settled for settled, latest_start in starts.items() if latest_start == start]
    gaps = _gaps(shift, sequence, travel, start, settled, latest)
    return _follow(shift, sequence, travel, gaps, start)


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
    all_of_them = (1 << len(breaks)) - 1
    return [
        (all_of_them ^ left, arrival)
        for settled, departure in departures.items()
        for left, _, arrival in _ways(departure, travel, breaks, all_of_them ^ settled)
    ]


def _ways(
    departure: int, travel: int, breaks: Sequence[Break], left: int
) -> list[tuple[int, tuple[Break, ...], int]]:
    """(breaks left then, those taken in order, arrival) for every way with some that are left."""
    ways: list[tuple[int, tuple[Break, ...], int]] = []

    def rest(left: int, taken: tuple[Break, ...], clock: int, resting: int) -> None:
        ways.append((left, taken, max(departure + travel + resting, clock)))
        for bit, pause in enumerate(breaks):
            start = max(clock, pause.window.start)
            if left >> bit & 1 and start <= pause.window.end:
                end = start + pause.duration
                rest(left ^ 1 << bit, (*taken, pause), end, resting + pause.duration)

    rest(left, (), departure, 0)
    return ways


def _can_rest_after(breaks: Sequence[Break], settled: int, end: int) -> bool:
    return all(p.window.end >= end for bit, p in enumerate(breaks) if not settled >> bit & 1)


def _latest(
    shift: Shift, sequence: Sequence[Call], travel: Sequence[int], end: int
) -> list[Latest]:
    """The same backwards, for the start, each call and the end: the latest time dominates. There
    is a route that ends then."""
    after = sum(1 << bit for bit, p in enumerate(shift.breaks) if p.window.end >= end)
    latest: list[Latest] = [{after: end}]
    for call, leg in zip((None, *sequence)[::-1], reversed(travel), strict=True):
        here: dict[int, int] = {}
        for settled, departure in _departures(latest[-1], leg, shift.breaks):
            if call is None:
                moment: int | None = departure
            else:
                moment = previous_start(call.windows, departure - call.duration)
            if moment is not None and moment > here.get(settled, -NEVER):
                here[settled] = moment
        latest.append(here)
    return latest[::-1]


def _departures(latest: Latest, travel: int, breaks: Sequence[Break]) -> list[tuple[int, int]]:
    """(breaks settled, departure) for every way to a place that is reached at the latest then."""
    departures: list[tuple[int, int]] = []

    def rest(arrival: int, settled: int, clock: int, resting: int) -> None:
        departures.append((settled, min(arrival - travel - resting, clock)))
        for bit, pause in enumerate(breaks):
            start = min(pause.window.end, clock - pause.duration)
            if not settled >> bit & 1 and start >= pause.window.start:
                rest(arrival, settled | 1 << bit, start, resting + pause.duration)

    for settled, moment in latest.items():
        rest(moment, settled, moment, 0)
    return departures


def _could_rest_before(breaks: Sequence[Break], settled: int, start: int) -> bool:
    return all(
        p.window.start + p.duration <= start
        for bit, p in enumerate(breaks)
        if not settled >> bit & 1
    )


def _gaps(
    shift: Shift,
    sequence: Sequence[Call],
    travel: Sequence[int],
    start: int,
    settled: Iterable[int],
    latest: Sequence[Latest],
) -> Gaps:
    """On which way to take which breaks, so that everything is as early as possible.

    Of all ways to take the breaks that come to the end in time, those stay in play that serve the
    first place earliest, of these those that serve the second earliest, and so on.
    """
    ways: dict[int, Gaps] = dict.fromkeys(settled, ())
    clock = start
    for call, leg, latest_there in zip((*sequence, None), travel, latest[1:], strict=True):
        first = NEVER
        earliest: dict[int, Gaps] = {}
        for left, gaps in ways.items():
            for still_left, pauses, arrival in _ways(clock, leg, shift.breaks, left):
                begin = arrival if call is None else next_start(call.windows, arrival)
                if begin is None or begin > min(first, latest_there.get(still_left, -NEVER)):
                    continue
                if begin < first:
                    first, earliest = begin, {}
                earliest.setdefault(still_left, (*gaps, pauses))
        ways = earliest
        clock = first + (0 if call is None else call.duration)
    (gaps,) = ways.values()
    return gaps


def _follow(
    shift: Shift,
    sequence: Sequence[Call],
    travel: Sequence[int],
    gaps: Gaps,
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
