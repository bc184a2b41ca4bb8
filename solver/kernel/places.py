"""What one more call in a place on a route adds to the cost.

The labels of a route answer in a handful of operations, exactly where all times are simple. On
intricate routes (breaks, several windows, due or published times) the answer of the labels is a
first sieve, and places that pass it are timed in full.
"""

from typing import NamedTuple

from solver.kernel.arrays import Arrays, Ints, Records
from solver.kernel.compiled import compiled, inlined
from solver.kernel.delays import cents_of_delay
from solver.kernel.limits import cost_of_times
from solver.kernel.plan import Plan, is_intricate, leg_cents, opening, start_of
from solver.kernel.timing import NEVER


class Insertion(NamedTuple):
    """Behind a node; with a depot call, that one behind ``call_after`` and the visit behind
    ``after``, or right behind the call if that is -1."""

    cents: int
    """What the plan costs more with it."""
    after: int
    depot: int
    call_after: int


@compiled
def nowhere() -> Insertion:
    """What stands for no place: at a price that nothing is worth."""
    return Insertion(NEVER, -1, -1, -1)


@inlined
def joined(
    duration: int,
    early: int,
    late: int,
    to: int,
    opens: int,
    closes: int,
    service: int,
    onward: int,
    rest_duration: int,
    rest_early: int,
    rest_late: int,
) -> tuple[int, int]:
    """Seconds that a route takes at least with one more call in its middle, and when it then ends.

    ``duration``, ``early`` and ``late`` are of the part before, the ``rest_…`` of the part after;
    ``to`` and ``onward`` are seconds of travel.
    """
    ahead = duration + to
    wait = max(opens - ahead - late, 0)
    early = max(opens - ahead, early) - wait
    late = min(closes - ahead, late)
    ahead += wait + service + onward
    wait = max(rest_early - ahead - late, 0)
    early = max(rest_early - ahead, early) - wait
    whole = ahead + wait + rest_duration
    return whole, early + whole


@compiled
def imbalance_added(arrays: Arrays, plan: Plan, shift: int, seconds: int) -> int:
    """Cents for so many more seconds of service on the shift."""
    beyond = plan.routes[shift].service - arrays.shifts[shift].fair_share
    return arrays.weights.imbalance * (max(0, beyond + seconds) - max(0, beyond))


@compiled
def fixed_cents(arrays: Arrays, plan: Plan, visit: int, shift: int) -> int:
    """Cents for having the visit on the shift, wherever."""
    cents = arrays.pair_cents[visit, shift]
    if arrays.weights.imbalance > 0:
        service = arrays.windows[arrays.shifts[shift].day, visit].service
        cents += imbalance_added(arrays, plan, shift, service)
    return cents + opening_cents(arrays, plan, shift)


@compiled
def opening_cents(arrays: Arrays, plan: Plan, shift: int) -> int:
    """Cents for a first stop on the shift, whatever it is; 0 if there are some already."""
    if plan.routes[shift].stops > 0:
        return 0
    on = arrays.shifts[shift]
    return arrays.weights.shift_use + leg_cents(arrays.arcs, on, on.start_place, on.end_place)


@compiled
def is_simple(arrays: Arrays, plan: Plan, call: int, shift: int) -> bool:
    """Whether labels tell all about the route with the call."""
    return (
        plan.routes[shift].intricate == 0
        and arrays.shifts[shift].intricate == 0
        and not is_intricate(arrays, call, shift)
    )


@inlined
def is_in_time(
    nodes: Records,
    arcs: Ints,
    node: int,
    after: int,
    place: int,
    opens: int,
    closes: int,
    service: int,
) -> bool:
    """Whether a call at the place can be between the two nodes, by their labels."""
    begin = max(nodes[node].leave + arcs[nodes[node].place, place, 0], opens)
    back = begin + service + arcs[place, nodes[after].place, 0]
    return begin <= closes and back <= nodes[after].rest_late


@inlined
def labelled_cents(
    nodes: Records,
    arcs: Ints,
    on: Records,
    node: int,
    after: int,
    place: int,
    opens: int,
    closes: int,
    service: int,
    overtime: int,
    known_duration: int,
    known_overtime: int,
) -> tuple[int, int]:
    """Cents that a call between the two nodes adds for travel, and for travel and times as the
    labels tell; ``known_duration`` and ``known_overtime`` are the route's without it."""
    before_place, after_place = nodes[node].place, nodes[after].place
    if arcs.shape[2] == 2:
        arc_cents = arcs[before_place, place, 1] + arcs[place, after_place, 1]
    else:
        arc_cents = leg_cents(arcs, on, before_place, place)
        arc_cents += leg_cents(arcs, on, place, after_place)
    arc_cents -= nodes[after].leg_cents
    working_time = on.working_time
    if working_time == 0 and overtime == 0:
        return arc_cents, arc_cents
    duration, end = joined(
        nodes[node].duration,
        nodes[node].early,
        nodes[node].late,
        arcs[before_place, place, 0],
        opens,
        closes,
        service,
        arcs[place, after_place, 0],
        nodes[after].rest_duration,
        nodes[after].rest_early,
        nodes[after].rest_late,
    )
    over = max(0, end - on.end) - known_overtime
    return arc_cents, arc_cents + working_time * (duration - known_duration) + overtime * over


@inlined
def lateness_at_least(
    nodes: Records, arcs: Ints, node: int, here: Records, opens: int, service: int
) -> int:
    """Cents for lateness and promptness of the call alone, right behind the node."""
    if here.late_cents == 0 and here.prompt_cents == 0:
        return 0
    begin = max(nodes[node].leave + arcs[nodes[node].place, here.place, 0], opens)
    late = here.late_cents * max(0, begin + service - here.due)
    return late + here.prompt_cents * max(0, begin - here.ready)


@compiled
def exact_cents(
    arrays: Arrays, plan: Plan, call: int, shift: int, node: int, known: int, limit: int
) -> int:
    """What the call adds right behind the node of an intricate route; ``known`` is what it adds
    for everything but times. NEVER if it cannot be kept, or may be if it adds ``limit`` or more."""
    if arrays.count.earliest > 0:
        times = cents_of_delay(arrays, plan, call, shift, node, limit - known)
        return NEVER if times == NEVER else known + times
    length = trial_with(arrays, plan, shift, node, -1, call, -1)
    times = times_added(arrays, plan, shift, length)
    return NEVER if times == NEVER else known + times


@compiled
def cents_behind(
    arrays: Arrays, plan: Plan, call: int, shift: int, node: int, fixed: int, limit: int
) -> int:
    """What the call adds to the cost right behind the node; NEVER if it cannot be there or adds
    as much as ``limit`` or more. ``fixed`` is ``fixed_cents`` for a visit."""
    nodes, arcs, weights = plan.nodes, arrays.arcs, arrays.weights
    here, route, on = arrays.calls[call], plan.routes[shift], arrays.shifts[shift]
    opens, closes = opening(arrays, plan, on.day, call, True)
    after = nodes[node].after
    service = arrays.windows[on.day, call].service
    if not is_in_time(nodes, arcs, node, after, here.place, opens, closes, service):
        return NEVER
    arc_cents, cents = labelled_cents(
        nodes,
        arcs,
        on,
        node,
        after,
        here.place,
        opens,
        closes,
        service,
        weights.overtime,
        route.duration,
        route.overtime,
    )
    late = lateness_at_least(nodes, arcs, node, here, opens, service)
    cents += fixed + late - route.slack
    if cents < limit and not is_simple(arrays, plan, call, shift):
        cents = exact_cents(arrays, plan, call, shift, node, fixed + arc_cents, limit)
    return cents if cents < limit else NEVER


@compiled
def trial_with(
    arrays: Arrays, plan: Plan, shift: int, node: int, depot: int, visit: int, after: int
) -> int:
    """Write the route with the visit behind the node (or the depot there, and the visit behind
    ``after``, which is -1 for right behind the depot) into ``plan.trial``; returns its length."""
    nodes, arcs = plan.nodes, arrays.arcs
    length = 0
    here = start_of(arrays, shift)
    place, is_new = nodes[here].place, False
    while True:
        if here == node and depot >= 0:
            place = _go_by(arrays, plan, length, place, arrays.count.visits + depot)
            is_new = True
            length += 1
        if here == after or (here == node and (depot < 0 or after < 0)):
            place = _go_by(arrays, plan, length, place, visit)
            is_new = True
            length += 1
        here = nodes[here].after
        plan.legs[length] = arcs[place, nodes[here].place, 0] if is_new else nodes[here].leg
        if nodes[here].call < 0:
            return length
        plan.trial[length] = nodes[here].call
        place, is_new = nodes[here].place, False
        length += 1


@inlined
def _go_by(arrays: Arrays, plan: Plan, index: int, place: int, call: int) -> int:
    """Let the trial go on from a place to a new call; returns that one's place."""
    there = arrays.calls[call].place
    plan.trial[index] = call
    plan.legs[index] = arrays.arcs[place, there, 0]
    return there


@compiled
def times_added(arrays: Arrays, plan: Plan, shift: int, length: int) -> int:
    """What ``plan.trial`` costs more than the route for its times; NEVER if it cannot be kept."""
    cents = cost_of_times(arrays, plan, shift, length, False)
    if cents == NEVER:
        return NEVER
    return cents - plan.routes[shift].times_cents
