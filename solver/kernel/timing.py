"""What the times of a route cost, exactly: with breaks, several windows and due times.

The route is timed as ``solver.schedule.place`` times it: it ends as early as it can, starts as late
as that end allows, and serves the first call as early as that start allows, then the second, and so
on. Sets of breaks are bits: forwards those taken so far or over before the start, backwards those
still to take or after the end.
"""

from solver.kernel.arrays import ALWAYS, Arrays
from solver.kernel.compiled import compiled
from solver.kernel.plan import Plan, start_of

NEVER = 2**62


@compiled
def published(arrays: Arrays, day: int, call: int) -> int:
    """The moment before which a start costs for being early; -ALWAYS if none does, or if the call
    is not open any more from then on."""
    here = arrays.calls[call]
    moment = here.published - arrays.weights.moved_time_tolerance
    if here.moved_cents == 0 or moment > arrays.windows[day, call].close:
        return -ALWAYS
    return moment


@compiled
def next_start(arrays: Arrays, day: int, call: int, moment: int, kept: bool) -> int:
    """The first moment from this one on at which the call is open, and not before its published
    time if that is ``kept``; ALWAYS if there is none."""
    window = arrays.windows[day, call]
    if kept:
        moment = max(moment, published(arrays, day, call))
    if moment > window.close:
        return ALWAYS
    if window.count == 1:
        return max(moment, window.open)
    best = ALWAYS
    for row in range(window.first, window.first + window.count):
        if arrays.spans[row, 1] >= moment:
            best = min(best, max(moment, arrays.spans[row, 0]))
    return best


@compiled
def last_start(arrays: Arrays, day: int, call: int, moment: int, kept: bool) -> int:
    """The last moment up to this one at which the call is open; -ALWAYS if there is none."""
    window = arrays.windows[day, call]
    opens = max(window.open, published(arrays, day, call)) if kept else window.open
    if moment < opens:
        return -ALWAYS
    if window.count == 1:
        return min(moment, window.close)
    best = -ALWAYS
    for row in range(window.first, window.first + window.count):
        if arrays.spans[row, 0] <= moment:
            best = max(best, min(moment, arrays.spans[row, 1]))
    return best if best >= opens else -ALWAYS


@compiled
def trial_of(arrays: Arrays, plan: Plan, shift: int) -> int:
    """Write the calls of the route into ``plan.trial``; returns their number."""
    nodes = plan.nodes
    length = 0
    node = nodes[start_of(arrays, shift)].after
    while nodes[node].call >= 0:
        plan.trial[length] = nodes[node].call
        length += 1
        node = nodes[node].after
    return length


@compiled
def cost_of_times(arrays: Arrays, plan: Plan, shift: int, length: int) -> int:
    """Cents for working time, overtime, lateness and moved times of the first ``length`` calls of
    ``plan.trial`` as the shift's route; NEVER if they cannot be kept."""
    timed, moved = False, False
    for index in range(length):
        call = arrays.calls[plan.trial[index]]
        moved = moved or call.moved_cents > 0
        timed = timed or moved or call.late_cents > 0
    cents = _cost_of_times(arrays, plan, shift, length, timed, False)
    if moved and cents < NEVER:
        cents = min(cents, _cost_of_times(arrays, plan, shift, length, timed, True))
    return cents


@compiled
def _cost_of_times(
    arrays: Arrays, plan: Plan, shift: int, length: int, timed: bool, kept: bool
) -> int:
    """The same, of one of the two ways to time a route: published times ``kept``, or not.
    ``timed`` says whether the time of any single call costs."""
    end = _earliest_end(arrays, plan, shift, length, kept)
    if end == ALWAYS:
        return NEVER
    weights = arrays.weights
    cents = weights.overtime * max(0, end - arrays.shifts[shift].end)
    if timed or weights.working_time > 0:
        start = _latest_start(arrays, plan, shift, length, end, kept)
        cents += weights.working_time * (end - start)
        if timed:
            cents += _cost_of_starts(arrays, plan, shift, length, start, kept)
    return cents


@compiled
def _gap(arrays: Arrays, plan: Plan, shift: int, settled: int, departure: int) -> None:
    """For each set of breaks not yet settled, when the technician who leaves then is free again
    after taking them all at once: row 2 of ``plan.clocks``, ALWAYS if windows forbid it."""
    on = arrays.shifts[shift]
    free = plan.clocks[2, 0]
    free[0] = departure
    for taken in range(1, 1 << on.breaks):
        free[taken] = ALWAYS
        if taken & settled:
            continue
        for bit in range(on.breaks):
            if taken >> bit & 1:
                pause = arrays.breaks[on.first_break + bit]
                begin = max(free[taken ^ (1 << bit)], pause.open)
                if begin <= pause.close:
                    free[taken] = min(free[taken], begin + pause.duration)


@compiled
def _gap_back(arrays: Arrays, plan: Plan, shift: int, settled: int, moment: int) -> None:
    """The same backwards: when those breaks have to begin at the latest; -ALWAYS if never."""
    on = arrays.shifts[shift]
    free = plan.clocks[2, 0]
    free[0] = moment
    for taken in range(1, 1 << on.breaks):
        free[taken] = -ALWAYS
        if taken & settled:
            continue
        for bit in range(on.breaks):
            if taken >> bit & 1:
                pause = arrays.breaks[on.first_break + bit]
                begin = min(free[taken ^ (1 << bit)] - pause.duration, pause.close)
                if begin >= pause.open:
                    free[taken] = max(free[taken], begin)


@compiled
def _resting(arrays: Arrays, shift: int, taken: int) -> int:
    """Seconds of rest in a set of breaks."""
    on = arrays.shifts[shift]
    seconds = 0
    for bit in range(on.breaks):
        if taken >> bit & 1:
            seconds += arrays.breaks[on.first_break + bit].duration
    return seconds


@compiled
def _earliest_end(arrays: Arrays, plan: Plan, shift: int, length: int, kept: bool) -> int:
    """When the route can end at the earliest; ALWAYS if it cannot be kept."""
    on = arrays.shifts[shift]
    sets = 1 << on.breaks
    free = plan.clocks[2, 0]
    leaves, arrives = plan.clocks[0, 0], plan.clocks[1, 0]
    for settled in range(sets):
        leaves[settled] = on.start
        for bit in range(on.breaks):
            if settled >> bit & 1:
                pause = arrays.breaks[on.first_break + bit]
                leaves[settled] = max(leaves[settled], pause.open + pause.duration)
    place = on.start_place
    best = ALWAYS
    for index in range(length + 1):
        last = index == length
        call = -1 if last else plan.trial[index]
        there = on.end_place if last else arrays.calls[call].place
        seconds = arrays.arcs[place, there, 0]
        place = there
        for settled in range(sets):
            arrives[settled] = ALWAYS
        for settled in range(sets):
            if leaves[settled] > on.latest_end:
                continue
            if on.breaks > 0:
                _gap(arrays, plan, shift, settled, leaves[settled])
            else:
                free[0] = leaves[0]
            for taken in range(sets):
                if taken & settled or free[taken] == ALWAYS:
                    continue
                moment = max(
                    leaves[settled] + seconds + _resting(arrays, shift, taken), free[taken]
                )
                arrives[settled | taken] = min(arrives[settled | taken], moment)
        if last:
            break
        possible = False
        for settled in range(sets):
            leaves[settled] = ALWAYS
            if arrives[settled] <= on.latest_end:
                begin = next_start(arrays, on.day, call, arrives[settled], kept)
                if begin < ALWAYS:
                    leaves[settled] = begin + arrays.calls[call].duration
                    possible = possible or leaves[settled] <= on.latest_end
        if not possible:
            return ALWAYS
    for settled in range(sets):
        fine = arrives[settled] <= on.latest_end
        for bit in range(on.breaks):
            pause = arrays.breaks[on.first_break + bit]
            if not settled >> bit & 1 and pause.close < arrives[settled]:
                fine = False
        if fine:
            best = min(best, arrives[settled])
    return best


@compiled
def _latest_start(arrays: Arrays, plan: Plan, shift: int, length: int, end: int, kept: bool) -> int:
    """When the route may start at the latest to end then.

    Left in ``plan.clocks``, for each set of breaks that are settled from there on: when each call
    may start at the latest (row 0), and when the route may (the first of row 1).
    """
    on = arrays.shifts[shift]
    sets = 1 << on.breaks
    free = plan.clocks[2, 0]
    moments = plan.clocks[0]
    settled_at_end = 0
    for bit in range(on.breaks):
        if arrays.breaks[on.first_break + bit].close >= end:
            settled_at_end |= 1 << bit
    for settled in range(sets):
        moments[length, settled] = -ALWAYS
    moments[length, settled_at_end] = end
    there = on.end_place
    for index in range(length, -1, -1):
        # From the moment to be at call ``index`` (the end, if it is the last) to the one before.
        first = index == 0
        call = -1 if first else plan.trial[index - 1]
        here = on.start_place if first else arrays.calls[call].place
        seconds = arrays.arcs[here, there, 0]
        there = here
        target = plan.clocks[1, 0] if first else moments[index - 1]
        for settled in range(sets):
            target[settled] = -ALWAYS
        for settled in range(sets):
            moment = moments[index, settled]
            if moment == -ALWAYS:
                continue
            if on.breaks > 0:
                _gap_back(arrays, plan, shift, settled, moment)
            else:
                free[0] = moment
            for taken in range(sets):
                if taken & settled or free[taken] == -ALWAYS:
                    continue
                leave = min(moment - seconds - _resting(arrays, shift, taken), free[taken])
                if not first:
                    leave -= arrays.calls[call].duration
                    leave = last_start(arrays, on.day, call, leave, kept)
                target[settled | taken] = max(target[settled | taken], leave)
    best = -ALWAYS
    for settled in range(sets):
        start = plan.clocks[1, 0, settled]
        if start > best and _others_are_over(arrays, shift, settled, start):
            best = start
    return best


@compiled
def _others_are_over(arrays: Arrays, shift: int, settled: int, start: int) -> bool:
    """Whether all breaks but those settled may lie before a route that starts then."""
    on = arrays.shifts[shift]
    for bit in range(on.breaks):
        pause = arrays.breaks[on.first_break + bit]
        if not settled >> bit & 1 and pause.open + pause.duration > start:
            return False
    return True


@compiled
def _cost_of_starts(
    arrays: Arrays, plan: Plan, shift: int, length: int, start: int, kept: bool
) -> int:
    """Cents for lateness and moved times if the route starts then: the first call as early as it
    may be, then the second, and so on. ``plan.clocks`` is as ``_latest_start`` left it."""
    on = arrays.shifts[shift]
    sets = 1 << on.breaks
    free, left, still_left = plan.clocks[2, 0], plan.clocks[1, 1], plan.clocks[1, 2]
    for settled in range(sets):
        left[settled] = 0
        latest = plan.clocks[1, 0, settled]
        if latest >= start and _others_are_over(arrays, shift, settled, start):
            left[settled] = 1
    cents = 0
    clock, place = start, on.start_place
    for index in range(length):
        # ``left``: which sets of breaks may be settled from here on, with calls so far as early.
        call = plan.trial[index]
        here = arrays.calls[call]
        seconds = arrays.arcs[place, here.place, 0]
        first = ALWAYS
        for settled in range(sets):
            if left[settled] == 0:
                continue
            if on.breaks > 0:
                _gap(arrays, plan, shift, sets - 1 - settled, clock)
            else:
                free[0] = clock
            for taken in range(sets):
                if taken & ~settled or free[taken] == ALWAYS:
                    continue
                arrival = max(clock + seconds + _resting(arrays, shift, taken), free[taken])
                begin = next_start(arrays, on.day, call, arrival, kept)
                if begin > first or begin > plan.clocks[0, index, settled - taken]:
                    continue
                if begin < first:
                    first = begin
                    for other in range(sets):
                        still_left[other] = 0
                still_left[settled - taken] = 1
        left, still_left = still_left, left
        clock, place = first + here.duration, here.place
        cents += here.late_cents * max(0, clock - here.due)
        if here.moved_cents > 0:
            off = abs(first - here.published) - arrays.weights.moved_time_tolerance
            cents += here.moved_cents * max(0, off)
    return cents
