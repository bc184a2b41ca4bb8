"""What the times of a route cost, within all that its shift allows: also where its duration, its
visits, travel and distance are limited.

The cheapest times of a route that must not last longer than so much lie between a moment and that
much later. Between which ones is found by trying. In the cheapest of all either the limit does not
matter, or from the start to some stop, or from some stop to the end, nobody waits, and a cost or a
window bends at that stop: so only few moments have to be tried.
"""

from solver.kernel.arrays import ALWAYS, TIMED, Arrays, Records
from solver.kernel.compiled import compiled, inlined
from solver.kernel.plan import Plan
from solver.kernel.timing import NEVER, go_back, sweep

MOST_SPANS = 300
"""So many spans at most are tried for one route; few have nearly as many."""


@compiled
def cost_of_times(arrays: Arrays, plan: Plan, shift: int, length: int, is_pinned: bool) -> int:
    """Cents for working time, overtime, lateness, promptness and moved times of the first
    ``length`` calls of ``plan.trial`` as the shift's route, at the cheapest moments; NEVER if they
    cannot be kept, or not within the shift's limits. Tied visits begin as early as they can;
    ``is_pinned``: just when their partners believe that they do."""
    on = arrays.shifts[shift]
    if on.limited == 0:
        return sweep(arrays, plan, on, length, False, is_pinned)[0]
    if not _has_room(arrays, plan, on, length):
        return NEVER
    return _cost_within(arrays, plan, on, length, is_pinned)


@compiled
def go_back_within(arrays: Arrays, plan: Records, shift: int, length: int) -> tuple[int, int]:
    """``go_back``, with times within the shift's longest duration."""
    on = arrays.shifts[shift]
    if _cost_within(arrays, plan, on, length, False) == NEVER:
        return ALWAYS, ALWAYS
    return go_back(arrays, plan, plan.span[0], length)


@compiled
def _has_room(arrays: Arrays, plan: Plan, on: Records, length: int) -> bool:
    """Whether the trial keeps all limits but that of its duration."""
    visits = 0
    for index in range(length):
        if plan.trial[index] < arrays.count.visits:
            visits += 1
    if visits > on.max_visits:
        return False
    if on.max_travel == ALWAYS and on.max_distance == ALWAYS:
        return True
    arcs, here, travel, metres = arrays.arcs, on.start_place, 0, 0
    for index in range(length + 1):
        there = on.end_place if index == length else arrays.calls[plan.trial[index]].place
        travel += arcs[here, there, 2]
        metres += arcs[here, there, 3]
        here = there
    return travel <= on.max_travel and metres <= on.max_distance


@compiled
def _cost_within(arrays: Arrays, plan: Plan, on: Records, length: int, is_pinned: bool) -> int:
    """The cost of the times if the route lasts no longer than it may, and in ``plan.span`` the
    shift cut down to a span that has them; NEVER if it cannot be kept."""
    most, working_time = on.max_duration, on.working_time
    plan.span[0] = on
    least, end, _, _ = sweep(arrays, plan, on, length, False, is_pinned)
    if least == NEVER or on.latest_end - on.start <= most:
        return least
    if working_time > 0 and least <= working_time * most:
        # A longer one would cost more than that for its working time alone.
        return least
    first = _first_start(arrays, plan, on, length, is_pinned)
    if first == ALWAYS:
        return NEVER
    best, start = _tried(arrays, plan, on, length, max(first, end - most), NEVER, first, is_pinned)
    if best > least:
        best, start = _tried(arrays, plan, on, length, first, best, start, is_pinned)
    if best > least:
        start = _cheapest_start(arrays, plan, on, length, first, best, start, least, is_pinned)
    return _cost_of_span(arrays, plan, on, length, start, is_pinned)


@inlined
def _cost_of_span(
    arrays: Arrays, plan: Plan, on: Records, length: int, start: int, is_pinned: bool
) -> int:
    """The cost of the times from that moment on, for as long as the route may last."""
    plan.span[0] = on
    span = plan.span[0]
    span.start = start
    span.latest_end = min(on.latest_end, start + on.max_duration)
    return sweep(arrays, plan, span, length, False, is_pinned)[0]


@compiled
def _tried(
    arrays: Arrays,
    plan: Plan,
    on: Records,
    length: int,
    start: int,
    best: int,
    best_start: int,
    is_pinned: bool,
) -> tuple[int, int]:
    """The least cost, and from when on it is had, if that of this start is looked at too."""
    cents = _cost_of_span(arrays, plan, on, length, start, is_pinned)
    return (cents, start) if cents < best else (best, best_start)


@compiled
def _cheapest_start(
    arrays: Arrays,
    plan: Plan,
    on: Records,
    length: int,
    first: int,
    best: int,
    start: int,
    least: int,
    is_pinned: bool,
) -> int:
    """From when on the route costs least, if it does not start before ``first``; ``best`` is what
    is known, from ``start`` on, and ``least`` what it costs at least."""
    busy = _busy(arrays, plan, on, length)
    tried, gone = 0, 0
    for index in range(-1, length + 1):
        if index > 0:
            gone += arrays.windows[on.day, plan.trial[index - 1]].service
        for bend in range(_bends(arrays, on, plan, index, length)):
            # On leaving for the stop, or on being there.
            is_left, moment = _bend_at(arrays, on, plan, index, length, bend)
            before = gone if is_left or index < 0 else gone + plan.legs[index]
            for state in range(on.states):
                for other in range(on.states):
                    rest = (
                        arrays.states[on.first_state + other].rest
                        - arrays.states[on.first_state + state].rest
                    )
                    if rest < 0 or (state == other and state > 0):
                        continue
                    for way in range(2):
                        begin = moment - before - rest
                        if way == 1:
                            begin = moment + busy - before + rest - on.max_duration
                        if begin <= first or begin > on.latest_end or begin == start:
                            continue
                        best, start = _tried(
                            arrays, plan, on, length, begin, best, start, is_pinned
                        )
                        tried += 1
                        if best == least or tried == MOST_SPANS:
                            return start
        if index >= 0:
            gone += plan.legs[index]
    return start


@inlined
def _bends(arrays: Arrays, on: Records, plan: Plan, index: int, length: int) -> int:
    """How many moments there are at a stop at which a cost or a window bends: of the start, if the
    index is -1, and of the end, if it is ``length``."""
    if index < 0:
        return on.states
    if index == length:
        return 2 + on.states + 2 * on.turns
    call = plan.trial[index]
    bends = 4 + 2 * on.turns + 2 * arrays.windows[on.day, call].count
    return bends + 2 if arrays.calls[call].links & TIMED > 0 else bends


@compiled
def _bend_at(
    arrays: Arrays, on: Records, plan: Plan, index: int, length: int, bend: int
) -> tuple[bool, int]:
    """Whether it is a moment of leaving for the stop, or else of being there, and which one."""
    if index < 0:
        return False, arrays.states[on.first_state + bend].opens
    if bend < 2 * on.turns:
        turn = arrays.turns[on.first_turn + bend // 2]
        return (True, turn.until) if bend % 2 == 0 else (False, turn.free)
    bend -= 2 * on.turns
    if index == length:
        if bend < 2:
            return False, on.end if bend == 0 else on.latest_end
        return False, arrays.states[on.first_state + bend - 2].closes
    here, window = arrays.calls[plan.trial[index]], arrays.windows[on.day, plan.trial[index]]
    tolerance = arrays.weights.moved_time_tolerance
    if bend == 0:
        return False, here.due - window.service
    if bend == 1:
        return False, here.ready
    if bend < 4:
        return False, here.published + (tolerance if bend == 2 else -tolerance)
    bend -= 4
    if bend >= 2 * window.count:
        tied = plan.linked[plan.trial[index]]
        return False, tied.early if bend == 2 * window.count else tied.late
    if window.count == 1:
        return False, window.open if bend == 0 else window.close
    return False, arrays.spans[window.first + bend // 2, bend % 2]


@compiled
def _busy(arrays: Arrays, plan: Plan, on: Records, length: int) -> int:
    """Seconds that the trial takes without any waiting and breaks."""
    seconds = plan.legs[length]
    for index in range(length):
        seconds += plan.legs[index] + arrays.windows[on.day, plan.trial[index]].service
    return seconds


@compiled
def _first_start(arrays: Arrays, plan: Plan, on: Records, length: int, is_pinned: bool) -> int:
    """When the route may start at the earliest, so that it lasts no longer than it may; ALWAYS if
    it never does.

    Who starts later does not come earlier: if the earliest end is too late for a start, so it is
    for all up to so much before that end.
    """
    busy, most = _busy(arrays, plan, on, length), on.max_duration
    soonest = ALWAYS
    for state in range(on.states):
        known = arrays.states[on.first_state + state]
        start = max(on.start, known.opens)
        while start <= on.latest_end and start < soonest:
            row = _drive(arrays, plan, on, length, state, start, is_pinned)
            later = ALWAYS
            for last in range(on.states):
                end, then = plan.moments[row, last], arrays.states[on.first_state + last]
                if end > min(on.latest_end, then.closes) or busy + then.rest - known.rest > most:
                    continue
                if end - start <= most:
                    soonest = start
                else:
                    later = min(later, end - most)
            start = later
    return soonest


@compiled
def _drive(
    arrays: Arrays, plan: Plan, on: Records, length: int, first: int, start: int, is_pinned: bool
) -> int:
    """The row of ``plan.moments`` with the earliest end in each state of the breaks, of those who
    start then and in the state ``first``; ALWAYS where there is none."""
    moments, source = plan.moments, 0
    for state in range(on.states):
        moments[0, state] = ALWAYS
    moments[0, first] = start
    for index in range(length + 1):
        target = 1 - source
        for state in range(on.states):
            moments[target, state] = ALWAYS
        for turn in range(on.first_turn, on.first_turn + on.turns):
            way = arrays.turns[turn]
            leave = moments[source, way.before]
            if leave < ALWAYS and leave <= way.until:
                arrival = max(leave + plan.legs[index] + way.rest, way.free)
                moments[target, way.after] = min(moments[target, way.after], arrival)
        if index < length:
            for state in range(on.states):
                moments[target, state] = _served(
                    arrays, plan, on, plan.trial[index], moments[target, state], is_pinned
                )
        source = target
    return source


@inlined
def _served(
    arrays: Arrays, plan: Plan, on: Records, call: int, moment: int, is_pinned: bool
) -> int:
    """When a call is over at the earliest if it is reached then; ALWAYS if it never is."""
    window, begin, latest = arrays.windows[on.day, call], ALWAYS, ALWAYS
    if arrays.calls[call].links & TIMED > 0:
        tied = plan.linked[call]
        moment = max(moment, tied.early)
        latest = tied.early if is_pinned else tied.late
    if window.count == 1:
        begin = max(moment, window.open) if moment <= window.close else ALWAYS
    else:
        for row in range(window.first, window.first + window.count):
            if moment <= arrays.spans[row, 1]:
                begin = min(begin, max(moment, arrays.spans[row, 0]))
    return min(ALWAYS, begin + window.service) if begin <= latest else ALWAYS
