"""The cheapest times of a route, exactly: with breaks, several windows, due and published times.

For each stop and each state of the breaks (``rests``) a *curve* says what the route costs at least
up to there, by the moment at which the technician is free to go on. It falls in steps and slopes,
since whoever is free early may wait, and is known at every whole second from a few pieces: where
each begins, what it is worth there, and how much it falls a second. A stop costs in straight lines
between a few moments, so that one curve follows from the one before in one pass over its pieces
(the dynamic programme of Ibaraki et al., *Effective local search algorithms for routing and
scheduling problems with general time-window constraints*, Transportation Science 2005).

Working time is what makes the start count: a curve begins with what is saved by leaving later.
"""

from solver.kernel.arrays import ALWAYS, TIMED, Arrays, Records
from solver.kernel.compiled import compiled, inlined
from solver.kernel.plan import SCRATCH, Plan, start_of

NEVER = 2**62


@compiled
def trial_of(arrays: Arrays, plan: Plan, shift: int) -> int:
    """Write the calls of the route and its legs into ``plan.trial``; returns their number."""
    nodes = plan.nodes
    length = 0
    node = nodes[start_of(arrays, shift)].after
    while nodes[node].call >= 0:
        plan.trial[length] = nodes[node].call
        plan.legs[length] = nodes[node].leg
        length += 1
        node = nodes[node].after
    plan.legs[length] = nodes[node].leg
    return length


@compiled
def sweep(
    arrays: Arrays, plan: Plan, on: Records, length: int, keep: bool, is_pinned: bool
) -> tuple[int, int, int, int]:
    """Cents for working time, overtime, lateness, promptness and moved times of the first
    ``length`` calls of ``plan.trial`` as the shift's route, at the cheapest moments; when it then
    ends, at the earliest, and in which state of the breaks, with the turn before that; NEVER if it
    cannot be kept.

    ``keep``: the curves behind each stop stay in rows of their own, so that ``go_back`` finds the
    times; without that two rows serve in turn.
    """
    weights = arrays.weights
    rows = plan.sizes.shape[0] - SCRATCH
    ways = rows
    states, first_state = on.states, on.first_state
    for state in range(states):
        _begin(arrays, plan, on, state)
    best, best_end, best_state, best_turn = NEVER, ALWAYS, -1, -1
    source = 0
    for index in range(length):
        target = index + 1 if keep else 1 - source
        call = plan.trial[index]
        alive = False
        for state in range(states):
            _arrive(arrays, plan, on, source, ways, state, plan.legs[index])
            size = _serve(arrays, plan, on, call, ways, target, state, is_pinned)
            plan.sizes[target, state] = size
            alive = alive or size > 0
        if not alive:
            return NEVER, ALWAYS, -1, -1
        source = target
    for turn in range(on.first_turn, on.first_turn + on.turns):
        way = arrays.turns[turn]
        size = _shifted(arrays, plan, on, source, ways, 0, turn, plan.legs[length])
        latest = min(on.latest_end, arrays.states[first_state + way.after].closes)
        for piece in range(size):
            begin = plan.begins[ways, 0, piece]
            last = plan.begins[ways, 0, piece + 1] - 1 if piece + 1 < size else latest
            last = min(last, latest)
            if begin > last:
                break
            slope = plan.slopes[ways, 0, piece]
            # A piece is straight but for the bend where overtime begins.
            for end in (begin, min(max(begin, on.end), last), last):
                cents = plan.values[ways, 0, piece] + slope * (end - begin)
                cents += on.working_time * (end - on.start)
                cents += weights.overtime * max(0, end - on.end)
                if cents < best or (cents == best and end < best_end):
                    best, best_end, best_state, best_turn = cents, end, way.after, turn
    return best, best_end, best_state, best_turn


@inlined
def _begin(arrays: Arrays, plan: Plan, on: Records, state: int) -> None:
    """The curve of leaving for the route, with the state's breaks over by then."""
    opens = max(on.start, arrays.states[on.first_state + state].opens)
    plan.sizes[0, state] = 0
    if opens <= on.latest_end:
        plan.begins[0, state, 0] = opens
        plan.values[0, state, 0] = -on.working_time * (opens - on.start)
        plan.slopes[0, state, 0] = -on.working_time
        plan.sizes[0, state] = 1


@compiled
def _arrive(
    arrays: Arrays, plan: Plan, on: Records, source: int, ways: int, state: int, leg: int
) -> None:
    """The curve of being there in the state, whatever turn is taken: in row ``ways``."""
    size = 0
    for turn in range(on.first_turn, on.first_turn + on.turns):
        if arrays.turns[turn].after != state:
            continue
        if size == 0:
            size = _shifted(arrays, plan, on, source, ways, state, turn, leg)
            continue
        more = _shifted(arrays, plan, on, source, ways + 1, 0, turn, leg)
        if more > 0:
            size = _lower(plan, on, ways, state, size, ways + 1, more)
    plan.sizes[ways, state] = size


@inlined
def _add(plan: Plan, row: int, state: int, size: int, begin: int, value: int, slope: int) -> int:
    """Let the curve go on like this from a moment on; returns its new size."""
    begins, values = plan.begins[row, state], plan.values[row, state]
    slopes = plan.slopes[row, state]
    if size > 0:
        last = size - 1
        if slopes[last] == slope and values[last] + slope * (begin - begins[last]) == value:
            return size
        if size == begins.shape[0]:
            # Never seen: to stay at that is dearer than the truth, and possible.
            slopes[last] = 0
            return size
    begins[size], values[size], slopes[size] = begin, value, slope
    return size + 1


@compiled
def _shifted(
    arrays: Arrays,
    plan: Plan,
    on: Records,
    source: int,
    target: int,
    state: int,
    turn: int,
    leg: int,
) -> int:
    """The curve of being at the next stop by this turn, into ``target`` and ``state``; its size."""
    way = arrays.turns[turn]
    size = plan.sizes[source, way.before]
    if size == 0:
        return 0
    begins, values = plan.begins[source, way.before], plan.values[source, way.before]
    slopes = plan.slopes[source, way.before]
    if begins[0] > way.until:
        return 0
    later = leg + way.rest
    begin = max(way.free, begins[0] + later)
    if begin > on.latest_end:
        return 0
    leave = min(begin - later, way.until)
    piece = 0
    while piece + 1 < size and begins[piece + 1] <= leave:
        piece += 1
    value = values[piece] + slopes[piece] * (leave - begins[piece])
    slope = slopes[piece] if leave < way.until else 0
    made = _add(plan, target, state, 0, begin, value, slope)
    piece += 1
    while piece < size and begins[piece] < way.until and begins[piece] + later <= on.latest_end:
        moment = begins[piece] + later
        made = _add(plan, target, state, made, moment, values[piece], slopes[piece])
        piece += 1
    if way.until + later <= on.latest_end and leave < way.until:
        piece -= 1
        if piece + 1 < size and begins[piece + 1] == way.until:
            piece += 1
        value = values[piece] + slopes[piece] * (way.until - begins[piece])
        made = _add(plan, target, state, made, way.until + later, value, 0)
    return made


@compiled
def _lower(plan: Plan, on: Records, ways: int, state: int, size: int, other: int, more: int) -> int:
    """Let the curve in ``ways`` and ``state`` be the lower of itself and the one in row ``other``;
    its new size."""
    first_begins, first_values = plan.begins[ways, state], plan.values[ways, state]
    first_slopes = plan.slopes[ways, state]
    second_begins, second_values = plan.begins[other, 0], plan.values[other, 0]
    second_slopes = plan.slopes[other, 0]
    merged = plan.sizes.shape[1] - 1
    one = two = -1
    made = 0
    moment = min(first_begins[0], second_begins[0])
    while moment <= on.latest_end:
        while one + 1 < size and first_begins[one + 1] <= moment:
            one += 1
        while two + 1 < more and second_begins[two + 1] <= moment:
            two += 1
        last = on.latest_end
        if one + 1 < size:
            last = min(last, first_begins[one + 1] - 1)
        if two + 1 < more:
            last = min(last, second_begins[two + 1] - 1)
        if one < 0 or two < 0:
            if one >= 0:
                value = first_values[one] + first_slopes[one] * (moment - first_begins[one])
                made = _add(plan, other, merged, made, moment, value, first_slopes[one])
            else:
                value = second_values[two] + second_slopes[two] * (moment - second_begins[two])
                made = _add(plan, other, merged, made, moment, value, second_slopes[two])
            moment = last + 1
            continue
        a = first_values[one] + first_slopes[one] * (moment - first_begins[one])
        b = second_values[two] + second_slopes[two] * (moment - second_begins[two])
        gap, bend = a - b, first_slopes[one] - second_slopes[two]
        change = moment
        if gap <= 0:
            made = _add(plan, other, merged, made, moment, a, first_slopes[one])
            if bend > 0:
                change = moment + (-gap) // bend + 1
            if moment < change <= last:
                value = b + second_slopes[two] * (change - moment)
                made = _add(plan, other, merged, made, change, value, second_slopes[two])
        else:
            made = _add(plan, other, merged, made, moment, b, second_slopes[two])
            if bend < 0:
                change = moment + (gap + (-bend) - 1) // (-bend)
            if moment < change <= last:
                value = a + first_slopes[one] * (change - moment)
                made = _add(plan, other, merged, made, change, value, first_slopes[one])
        moment = last + 1
    for piece in range(made):
        first_begins[piece] = plan.begins[other, merged, piece]
        first_values[piece] = plan.values[other, merged, piece]
        first_slopes[piece] = plan.slopes[other, merged, piece]
    return made


@inlined
def _bend(bend: int, rate: int, moment: int, until: int) -> int:
    """The next moment behind this one, up to ``until``, at which a cost with this rate bends."""
    return bend if rate > 0 and moment < bend < until else until


@compiled
def _serve(
    arrays: Arrays,
    plan: Plan,
    on: Records,
    call: int,
    ways: int,
    target: int,
    state: int,
    is_pinned: bool,
) -> int:
    """The curve of having served the call, from that of being there; its size."""
    size = plan.sizes[ways, state]
    if size == 0:
        return 0
    here, window = arrays.calls[call], arrays.windows[on.day, call]
    begins, values = plan.begins[ways, state], plan.values[ways, state]
    slopes = plan.slopes[ways, state]
    tolerance = arrays.weights.moved_time_tolerance
    service = window.service
    punctual = here.due - service
    early, off = here.published - tolerance, here.published + tolerance
    made, lowest, tail = 0, NEVER, False
    piece, moment = 0, begins[0]
    for row in range(window.count):
        opens, closes, price = window.open, window.close, 0
        if window.count > 1:
            opens, closes = arrays.spans[window.first + row, 0], arrays.spans[window.first + row, 1]
            price = arrays.spans[window.first + row, 2]
        closes = min(closes, on.latest_end - service)
        moment = max(moment, opens)
        if here.links & TIMED > 0:
            if made > 0:
                break
            tied = plan.linked[call]
            moment = max(moment, tied.early)
            if moment <= min(closes, tied.early if is_pinned else tied.late):
                closes = moment
            else:
                continue
        while moment <= closes:
            while piece + 1 < size and begins[piece + 1] <= moment:
                piece += 1
            last = closes
            if piece + 1 < size:
                last = min(last, begins[piece + 1] - 1)
            last = _bend(punctual, here.late_cents, moment, last)
            last = _bend(here.ready, here.prompt_cents, moment, last)
            last = _bend(early, here.moved_cents, moment, last)
            last = _bend(off, here.moved_cents, moment, last)
            value = values[piece] + slopes[piece] * (moment - begins[piece])
            slope = slopes[piece]
            value += price
            value += here.late_cents * max(0, moment - punctual)
            value += here.prompt_cents * max(0, moment - here.ready)
            value += here.moved_cents * max(0, max(early - moment, moment - off))
            if moment >= punctual:
                slope += here.late_cents
            if moment >= here.ready:
                slope += here.prompt_cents
            if moment < early:
                slope -= here.moved_cents
            elif moment >= off:
                slope += here.moved_cents
            first = moment
            if slope < 0 and value >= lowest:
                first += (value - lowest) // (-slope) + 1
                value += slope * (first - moment)
            if first <= last and value < lowest:
                if tail and plan.begins[target, state, made - 1] == first + service - 1:
                    made -= 1
                falls = slope < 0 and first < last
                rate = slope if falls else 0
                made = _add(plan, target, state, made, first + service, value, rate)
                lowest, tail = value, falls
                if falls:
                    # For now it stays at that; it may go on falling in the next piece.
                    lowest += slope * (last - first)
                    made = _add(plan, target, state, made, last + service, lowest, 0)
            moment = last + 1
    return made


@compiled
def go_back(arrays: Arrays, plan: Records, on: Records, length: int) -> tuple[int, int]:
    """When the route starts and ends at the cheapest times: as early as it can, starting as late as
    that allows, everything as early as costs no more. ALWAYS if it cannot be kept.

    ``plan.starts`` then says when each stop begins, ``plan.taken`` the turn on each way to one.
    """
    best, end, state, turn = sweep(arrays, plan, on, length, True, False)
    if best == NEVER:
        return ALWAYS, ALWAYS
    moment = end
    for index in range(length, -1, -1):
        # From being at stop ``index`` (the end, if it is the last) at that moment to leaving the
        # one before: there may be several turns, of which the one that lets leave first is taken.
        row = index
        if index < length:
            service = arrays.windows[on.day, plan.trial[index]].service
            cents = _at(plan, index + 1, state, moment + service)
            cents -= _cents_at(arrays, on, plan.trial[index], moment)
            turn = -1
        leave = ALWAYS
        for other in range(on.first_turn, on.first_turn + on.turns):
            way = arrays.turns[other]
            if way.after != state or (turn >= 0 and other != turn) or moment < way.free:
                continue
            until = min(way.until, moment - plan.legs[index] - way.rest)
            if plan.sizes[row, way.before] == 0 or plan.begins[row, way.before, 0] > until:
                continue
            if turn < 0 and _at(plan, row, way.before, until) != cents:
                continue
            first = _first_at(plan, row, way.before, until)
            if first < leave:
                leave, plan.taken[index] = first, other
            if turn >= 0:
                break
        turn = plan.taken[index]
        state = arrays.turns[turn].before
        if index > 0:
            moment = leave - arrays.windows[on.day, plan.trial[index - 1]].service
            plan.starts[index - 1] = moment
    return leave, end


@inlined
def _cents_at(arrays: Arrays, on: Records, call: int, moment: int) -> int:
    """What it costs that the call begins at the moment."""
    here, window = arrays.calls[call], arrays.windows[on.day, call]
    price = 0
    if window.count > 1:
        for row in range(window.first, window.first + window.count):
            if arrays.spans[row, 0] <= moment <= arrays.spans[row, 1]:
                price = arrays.spans[row, 2]
                break
    off = abs(moment - here.published) - arrays.weights.moved_time_tolerance
    return (
        price
        + here.late_cents * max(0, moment + window.service - here.due)
        + here.prompt_cents * max(0, moment - here.ready)
        + here.moved_cents * max(0, off)
    )


@compiled
def _piece_at(plan: Plan, row: int, state: int, moment: int) -> int:
    piece = 0
    while piece + 1 < plan.sizes[row, state] and plan.begins[row, state, piece + 1] <= moment:
        piece += 1
    return piece


@compiled
def _at(plan: Plan, row: int, state: int, moment: int) -> int:
    """What the curve is worth at the moment."""
    piece = _piece_at(plan, row, state, moment)
    gone = moment - plan.begins[row, state, piece]
    return plan.values[row, state, piece] + plan.slopes[row, state, piece] * gone


@compiled
def _first_at(plan: Plan, row: int, state: int, moment: int) -> int:
    """From when on the curve is worth what it is worth at the moment."""
    piece = _piece_at(plan, row, state, moment)
    if plan.slopes[row, state, piece] == 0:
        return plan.begins[row, state, piece]
    return moment
