"""A sequence as the route that costs least.

This is what times the plans of both engines, and what is looked at by hand: the compiled dynamic
programme that the search uses (``kernel/timing.py``), on one sequence of any calls.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from solver.kernel.arrays import (
    ALWAYS,
    CALL,
    LINKED,
    SHIFT,
    STATE,
    TURN,
    WEIGHTS,
    WINDOW,
    Ints,
    Records,
)
from solver.kernel.limits import go_back_within
from solver.kernel.plan import MOST_PIECES, SCRATCH
from solver.kernel.rests import Turn, rests
from solver.kernel.views import Views
from solver.objective import Objective
from solver.problem import MAX_COST, Problem, Shift, Visit
from solver.rules.places import ends_of
from solver.rules.windows import one_after_the_other
from solver.solution import Route, Stop, StopKind
from solver.timing.schedule import Call, Legs


def cheapest(problem: Problem, shift: Shift, sequence: Sequence[Call], legs: Legs) -> Route | None:
    """The sequence, timed as cheaply as it can be; None if it breaks a time rule. It picks up
    nothing at depots yet: that is for ``solver/draft/supply.py`` to say.

    Of the ways that cost the same it ends as early as it can, starts as late as that allows, and
    serves everything as early as costs no more.
    """
    rates = _rates(problem, sequence)
    return _desk(len(sequence), shift).timed(problem.objective, rates, shift, sequence, legs)


def idle_route(shift: Shift) -> Route | None:
    """A moment of the shift, as a route that goes nowhere, that its breaks leave free.

    None for a shift that a break covers completely: it has no room for any route.
    """
    nowhere = replace(shift, start_location=0, end_location=0)
    return _desk(0, shift).timed(Objective(), (), nowhere, (), ((0,),))


class _SequenceArrays(Views):
    """As of ``Arrays``, of one shift and the calls of one sequence."""

    weights: Records
    calls: Records
    windows: Records
    spans: Ints
    shifts: Records
    states: Records
    turns: Records


class _Times(Views):
    """As of ``Plan``; and what ``go_back`` finds."""

    trial: Ints
    legs: Ints
    begins: Ints
    values: Ints
    slopes: Ints
    sizes: Ints
    starts: Ints
    taken: Ints
    moments: Ints
    span: Records
    linked: Records


class _Desk:
    """Room for timing sequences up to some size, used again and again."""

    def __init__(self, calls: int, states: int, turns: int) -> None:
        self.room = (calls, states, turns)
        curves = (calls + 1 + SCRATCH, states + 1)
        pieces = min(4 * calls + 16, MOST_PIECES)
        self._spans = np.zeros((4 * calls + 16, 3), dtype=np.int64)
        self._sheet = self._sheet_with(self._spans)
        self._times = _Times(
            trial=np.arange(calls + 1, dtype=np.int64),
            legs=np.zeros(calls + 1, dtype=np.int64),
            begins=np.zeros((*curves, pieces), dtype=np.int64),
            values=np.zeros((*curves, pieces), dtype=np.int64),
            slopes=np.zeros((*curves, pieces), dtype=np.int64),
            sizes=np.zeros(curves, dtype=np.int64),
            starts=np.zeros(calls + 1, dtype=np.int64),
            taken=np.zeros(calls + 1, dtype=np.int64),
            moments=np.zeros((2, states + 1), dtype=np.int64),
            span=np.zeros(1, dtype=SHIFT),
            linked=np.zeros(1, dtype=LINKED),
        )

    def _sheet_with(self, spans: Ints) -> _SequenceArrays:
        calls, states, turns = self.room
        return _SequenceArrays(
            weights=np.zeros((), dtype=WEIGHTS),
            calls=np.zeros(calls + 1, dtype=CALL),
            windows=np.zeros((1, calls + 1), dtype=WINDOW),
            spans=spans,
            shifts=np.zeros(1, dtype=SHIFT),
            states=np.zeros(states, dtype=STATE),
            turns=np.zeros(turns, dtype=TURN),
        )

    def timed(
        self,
        objective: Objective,
        rates: "Sequence[CostRates]",
        shift: Shift,
        sequence: Sequence[Call],
        legs: Legs,
    ) -> Route | None:
        states, turns = rests(shift.breaks)
        spans = [
            [(w.start, w.end, w.price) for w in one_after_the_other(call.windows)]
            or [(-ALWAYS, ALWAYS, 0)]
            for call in sequence
        ]
        if sum(map(len, spans)) > len(self._sheet.spans):
            self._sheet = self._sheet_with(np.zeros((2 * sum(map(len, spans)), 3), dtype=np.int64))
        # They have of ``Arrays`` and ``Plan`` what timing reads.
        sheet: Any = self._sheet
        times: Any = self._times
        objective = objective.at(shift.rates)
        unit, working_time = _tie_breaker(objective, shift, rates, sequence)
        sheet.weights["overtime"] = unit * objective.overtime
        sheet.weights["moved_time_tolerance"] = objective.moved_time_tolerance
        sheet.shifts[0] = _shift_record(shift, working_time, len(states), len(turns))
        for row, state in enumerate(states):
            sheet.states[row] = state[1:]
        for row, turn in enumerate(turns):
            sheet.turns[row] = turn[:5]
        (here, home), first = ends_of(shift), 0
        for row, call in enumerate(sequence):
            due, late, ready, prompt, published, moved = rates[row]
            sheet.calls[row] = (
                *(call.location, shift.service(call), 0, 0, 0, 0),
                *(due, unit * late, ready, unit * prompt, published, unit * moved),
            )
            own = spans[row]
            sheet.windows[0, row] = (own[0][0], own[-1][1], first, len(own), shift.service(call))
            for opens, closes, price in own:
                sheet.spans[first] = opens, closes, unit * price
                first += 1
            times.legs[row] = legs[here][call.location]
            here = call.location
        times.legs[len(sequence)] = legs[here][home]
        start, end = go_back_within(sheet, times, 0, len(sequence))
        if start == ALWAYS:
            return None
        return _route(shift, sequence, turns, times, int(start), int(end))


_OWN = threading.local()


def _desk(calls: int, shift: Shift) -> _Desk:
    states, turns = rests(shift.breaks)
    desk: _Desk | None = getattr(_OWN, "desk", None)
    needed = (calls, len(states), len(turns))
    if desk is None or any(a > b for a, b in zip(needed, desk.room, strict=True)):
        room = (0, 0, 0) if desk is None else desk.room
        bigger = [max(32, room[0]), max(4, room[1]), max(16, room[2])]
        desk = _Desk(*(max(2 * a if a > b else b, b) for a, b in zip(needed, bigger, strict=True)))
        _OWN.desk = desk
    return desk


CostRates = tuple[int, int, int, int, int, int]
"""Due time and cents per second after it, when it could be served and cents per second from then,
published time and cents per second off it."""


def _rates(problem: Problem, sequence: Sequence[Call]) -> list[CostRates]:
    costs = problem.objective
    found: list[CostRates] = []
    for call in sequence:
        due = late = ready = prompt = published = moved = 0
        if isinstance(call, Visit):
            if call.due is not None:
                due, late = call.due, costs.late_cents(call.priority)
            prompt = costs.prompt_cents(call.priority)
            if prompt:
                ready = problem.ready[call.id]
            if call.previous is not None:
                told = costs.told_factor if call.previous.told else 1
                published, moved = call.previous.start, costs.moved_time * told
        found.append((due, late, ready, prompt, published, moved))
    return found


def _tie_breaker(
    objective: Objective, shift: Shift, rates: Sequence[CostRates], sequence: Sequence[Call]
) -> tuple[int, int]:
    """How many units a cent is, and units per second of working time.

    Where working time costs nothing, a second still counts, but less than a cent in all: so that a
    route starts as late as it can.
    """
    if objective.working_time > 0:
        return 1, objective.working_time
    latest = shift.end + shift.max_overtime
    unit = latest - shift.start + 1
    dearest = objective.overtime * shift.max_overtime
    for due, late, ready, prompt, published, moved in rates:
        dearest += late * max(0, latest - due) + prompt * max(0, latest - ready)
        dearest += moved * max(abs(latest - published), abs(shift.start - published))
    dearest += sum(max((w.price for w in call.windows), default=0) for call in sequence)
    return (unit, 1) if (dearest + 1) * unit < MAX_COST else (1, 0)


def _shift_record(shift: Shift, working_time: int, states: int, turns: int) -> tuple[Any, ...]:
    values = dict.fromkeys(SHIFT.names or (), 0)
    values |= {
        "start": shift.start,
        "end": shift.end,
        "latest_end": shift.end + shift.max_overtime,
        "working_time": working_time,
        "max_duration": ALWAYS if shift.max_duration is None else shift.max_duration,
        "states": states,
        "turns": turns,
    }
    return tuple(values.values())


def _route(
    shift: Shift,
    sequence: Sequence[Call],
    turns: Sequence[Turn],
    times: _Times,
    start: int,
    end: int,
) -> Route:
    """The route with these times; breaks are taken as early as they may."""
    stops: list[Stop] = []
    clock = start
    for row in range(len(sequence) + 1):
        arrival = clock + int(times.legs[row])
        free = clock
        for number in turns[int(times.taken[row])].taken:
            pause = shift.breaks[number]
            begin = max(free, pause.window.start)
            free = begin + pause.duration
            arrival += pause.duration
            stops.append(Stop(StopKind.BREAK, pause.id, begin, begin, free))
        if row == len(sequence):
            break
        call, begin = sequence[row], int(times.starts[row])
        clock = begin + shift.service(call)
        kind = StopKind.VISIT if isinstance(call, Visit) else StopKind.DEPOT
        stops.append(Stop(kind, call.id, max(arrival, free), begin, clock))
    return Route(shift.id, shift.technician, start, end, tuple(stops))
