"""A visit put on a shift although rules forbid it, so that it can be said which and by how much."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from solver.draft.draft import Draft
from solver.draft.supply import Pickup, loaded, supplying_depots
from solver.problem import Break, Depot, Shift, TimeWindow, Visit
from solver.rules.places import ends_of
from solver.solution import Route, Stop, StopKind
from solver.timing.schedule import Call, Legs, next_start
from solver.travel import MAX_TIME, NO_WAY


def forced(
    draft: Draft,
    visit: Visit,
    shift: Shift,
    sequence: tuple[Call, ...],
    gap: int,
    *,
    wished_at: int | None = None,
    full_depots: Sequence[Depot] = (),
) -> Iterator[Route]:
    """Routes with the visit before the call number ``gap`` of the sequence, each as good as it can
    be in one way: with the visit inside its windows or not (then no earlier than ``wished_at``),
    with a depot call for what it needs or without. ``full_depots`` have what others take, too.
    """
    at_once = TimeWindow(-MAX_TIME if wished_at is None else wished_at, 2 * MAX_TIME)
    for one in (visit, replace(visit, windows=(at_once,))):
        for trial, pickups in _supplied(draft, one, shift, sequence, gap, full_depots):
            yield loaded(in_order(shift, trial, draft.legs), pickups)


def in_order(shift: Shift, sequence: Sequence[Call], legs: Legs) -> Route:
    """The sequence from the shift's start on, everything as early as it can be, however late.

    Where no window is left, service starts on arrival; where there is no leg, it takes no time. A
    break is taken on the last way on which it is in time, or on the first on which it is too late.
    The route starts as late as its first call allows.
    """
    first, last = ends_of(shift)
    locations = [first, *(call.location for call in sequence), last]
    travel = [0 if legs[a][b] == NO_WAY else legs[a][b] for a, b in pairwise(locations)]
    pending = [p for p in shift.breaks if p.window.start + p.duration > shift.start]
    pending.sort(key=lambda pause: (pause.window.start, pause.window.end))
    stops: list[Stop] = []
    clock = shift.start
    for call, leg in zip((*sequence, None), travel, strict=True):
        taken: list[Break] = []
        while True:
            rests, arrival = _rest_and_travel(clock, leg, taken)
            start, departure = arrival, arrival
            if call is not None:
                inside = next_start(call.windows, arrival)
                start = arrival if inside is None else inside
                departure = start + shift.service(call)
            if not pending or departure <= pending[0].window.end:
                break
            taken.append(pending.pop(0))
        stops += rests
        if call is not None:
            kind = StopKind.VISIT if isinstance(call, Visit) else StopKind.DEPOT
            stops.append(Stop(kind, call.id, arrival, start, departure))
        clock = departure
    begin = shift.start
    if stops and stops[0].kind is not StopKind.BREAK:
        begin = stops[0].start - travel[0]
        stops[0] = replace(stops[0], arrival=stops[0].start)
    return Route(shift.id, shift.technician, begin, clock, tuple(stops))


def _rest_and_travel(
    departure: int, travel: int, breaks: Sequence[Break]
) -> tuple[list[Stop], int]:
    """The breaks on the way, and when it ends."""
    stops = []
    free, resting = departure, 0
    for pause in breaks:
        begin = max(free, pause.window.start)
        free = begin + pause.duration
        resting += pause.duration
        stops.append(Stop(StopKind.BREAK, pause.id, begin, begin, free))
    return stops, max(departure + travel + resting, free)


def _supplied(
    draft: Draft,
    visit: Visit,
    shift: Shift,
    sequence: tuple[Call, ...],
    gap: int,
    full_depots: Sequence[Depot],
) -> Iterator[tuple[tuple[Call, ...], list[Pickup]]]:
    """The visit in its place: with what it needs, if need be from a depot, or from one that has it
    for others, or without."""
    trial = (*sequence[:gap], visit, *sequence[gap:])
    pickups = draft.loads(shift, trial)
    if pickups is not None:
        yield trial, pickups
        return
    for depots in (draft.problem.depots, full_depots):
        problem = replace(draft.problem, depots=tuple(depots))
        with_call = [
            (*trial[:at], depot, *trial[at:])
            for depot in supplying_depots(problem, visit, shift)
            for at in range(gap + 1)
        ]
        enough = [
            (longer, found)
            for longer in with_call
            if (found := draft.loads(shift, longer)) is not None
        ]
        if enough:
            yield min(enough, key=lambda one: in_order(shift, one[0], draft.legs).end)
            break
    pickups = draft.loads(shift, trial, lenient=True)
    assert pickups is not None  # noqa: S101 - what cannot be had is done without
    yield trial, pickups
