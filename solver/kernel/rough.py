"""When tied visits start on routes of which labels do not know: those with breaks, or with calls
that have several windows.

A tied visit has one start, whatever is on its route and in whichever state of the breaks
(``rests``) that is: the earliest from which the rest of the route can still be kept.
"""

from solver.kernel.arrays import ALWAYS, TIMED, Arrays, Records
from solver.kernel.compiled import compiled, inlined
from solver.kernel.plan import Plan
from solver.kernel.tied import mark
from solver.kernel.timing import NEVER, trial_of


@inlined
def is_rough(arrays: Arrays, plan: Plan, shift: int) -> bool:
    return arrays.shifts[shift].breaks > 0 or plan.tied_routes[shift].rough > 0


@compiled
def put_off(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """Let the tied visits of the route start as early as they can, but no earlier than they did;
    False if the route cannot be kept."""
    on, leave, there = arrays.shifts[shift], plan.clocks[0], plan.clocks[1]
    length = trial_of(arrays, plan, shift)
    _note_latest(arrays, plan, on, length)
    for state in range(on.states):
        leave[state] = max(on.start, arrays.states[on.first_state + state].opens)
    for index in range(length):
        call = plan.trial[index]
        service = arrays.windows[on.day, call].service
        _arrive(arrays, plan, on, plan.legs[index])
        is_timed = arrays.calls[call].links & TIMED > 0
        start = NEVER
        for state in range(on.states):
            moment = there[state]
            if is_timed:
                moment = max(moment, plan.linked[call].early)
            there[state] = _next_opening(arrays, on, call, moment)
            if there[state] <= plan.latest[index, state]:
                start = min(start, there[state])
        if start == NEVER:
            return False
        if is_timed and start > plan.linked[call].early:
            mark(plan, call)
            plan.linked[call].early = start
        for state in range(on.states):
            moment = there[state]
            if is_timed:
                moment = start if moment <= start else NEVER
            leave[state] = NEVER if moment == NEVER else moment + service
    _arrive(arrays, plan, on, plan.legs[length])
    for state in range(on.states):
        if there[state] <= min(on.latest_end, arrays.states[on.first_state + state].closes):
            return True
    return False


@compiled
def _arrive(arrays: Arrays, plan: Plan, on: Records, leg: int) -> None:
    """From when the technician leaves, by state, to when he is at the next stop."""
    leave, there = plan.clocks[0], plan.clocks[1]
    for state in range(on.states):
        there[state] = NEVER
    for turn in range(on.first_turn, on.first_turn + on.turns):
        way = arrays.turns[turn]
        if leave[way.before] <= way.until:
            moment = max(leave[way.before] + leg + way.rest, way.free)
            there[way.after] = min(there[way.after], moment)


@compiled
def _next_opening(arrays: Arrays, on: Records, call: int, moment: int) -> int:
    """The first moment from this one on at which the call may begin."""
    window = arrays.windows[on.day, call]
    if window.count <= 1:
        moment = max(moment, window.open)
        return moment if moment <= window.close else NEVER
    for row in range(window.first, window.first + window.count):
        begin = max(moment, arrays.spans[row, 0])
        if begin <= arrays.spans[row, 1]:
            return begin
    return NEVER


@compiled
def _last_opening(arrays: Arrays, on: Records, call: int, moment: int) -> int:
    """The last moment up to this one at which the call may begin; before all time if none."""
    window = arrays.windows[on.day, call]
    if window.count <= 1:
        moment = min(moment, window.close)
        return moment if moment >= window.open else -ALWAYS
    latest = -ALWAYS
    for row in range(window.first, window.first + window.count):
        end = min(moment, arrays.spans[row, 1])
        if end >= arrays.spans[row, 0]:
            latest = max(latest, end)
    return latest


@compiled
def _note_latest(arrays: Arrays, plan: Plan, on: Records, length: int) -> None:
    """Write into ``plan.latest`` until when each call of the trial may begin, by state, so that the
    rest can be kept, if nobody waits for partners."""
    for state in range(on.states):
        closes = arrays.states[on.first_state + state].closes
        plan.latest[length, state] = min(on.latest_end, closes)
    for index in range(length - 1, -1, -1):
        row, behind = plan.latest[index], plan.latest[index + 1]
        for state in range(on.states):
            row[state] = -ALWAYS
        for turn in range(on.first_turn, on.first_turn + on.turns):
            way = arrays.turns[turn]
            if way.free <= behind[way.after]:
                moment = min(way.until, behind[way.after] - plan.legs[index + 1] - way.rest)
                row[way.before] = max(row[way.before], moment)
        call = plan.trial[index]
        for state in range(on.states):
            latest = row[state] - arrays.windows[on.day, call].service
            if arrays.calls[call].links & TIMED > 0:
                latest = min(latest, plan.linked[call].late)
            row[state] = _last_opening(arrays, on, call, latest)
