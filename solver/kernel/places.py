"""Where one more visit could go: every place is judged by what it adds to the cost.

The labels of a route answer in a handful of operations, exactly where all times are simple. On
intricate routes (breaks, several windows, due or published times) the answer of the labels is a
first sieve, and places that pass it are timed in full.
"""

from typing import NamedTuple

import numpy as np

from solver.kernel.arrays import Arrays, Ints, Records
from solver.kernel.compiled import compiled, inlined
from solver.kernel.dice import Dice, roll
from solver.kernel.plan import Plan, is_intricate, start_of
from solver.kernel.supply import IMPOSSIBLE, usable_from, usable_with
from solver.kernel.timing import NEVER, cost_of_times


class Place(NamedTuple):
    """Behind a node; with a depot call, that one behind ``call_after`` and the visit behind
    ``after``, or right behind the call if that is -1."""

    cents: int
    after: int
    depot: int
    call_after: int


@compiled
def nowhere() -> Place:
    return Place(NEVER, -1, -1, -1)


@compiled
def until_blink(dice: Dice, rate: float) -> int:
    """How many places to look at before one is overlooked, at random, so that the best place is
    not always taken."""
    return int(np.log(1.0 - roll(dice)) / np.log(1.0 - rate))


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
        cents += imbalance_added(arrays, plan, shift, arrays.calls[visit].duration)
    if plan.routes[shift].stops == 0:
        on = arrays.shifts[shift]
        cents += arrays.weights.shift_use + arrays.arcs[on.start_place, on.end_place, 1]
    return cents


@compiled
def is_simple(arrays: Arrays, plan: Plan, call: int, shift: int) -> bool:
    """Whether labels tell all about the route with the call."""
    return (
        plan.routes[shift].intricate == 0
        and arrays.shifts[shift].breaks == 0
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
    node: int,
    after: int,
    place: int,
    opens: int,
    closes: int,
    service: int,
    working_time: int,
    overtime: int,
    shift_end: int,
    known_duration: int,
    known_overtime: int,
) -> tuple[int, int]:
    """Cents that a call between the two nodes adds for travel, and for travel and times as the
    labels tell; ``known_duration`` and ``known_overtime`` are the route's without it."""
    before_place, after_place = nodes[node].place, nodes[after].place
    arc_cents = arcs[before_place, place, 1] + arcs[place, after_place, 1] - nodes[after].leg_cents
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
    over = max(0, end - shift_end) - known_overtime
    return arc_cents, arc_cents + working_time * (duration - known_duration) + overtime * over


@inlined
def lateness_at_least(nodes: Records, arcs: Ints, node: int, here: Records, opens: int) -> int:
    """Cents for lateness of the call alone, right behind the node."""
    if here.late_cents == 0:
        return 0
    begin = max(nodes[node].leave + arcs[nodes[node].place, here.place, 0], opens)
    return here.late_cents * max(0, begin + here.duration - here.due)


@compiled
def exact_cents(arrays: Arrays, plan: Plan, call: int, shift: int, node: int, known: int) -> int:
    """What the call adds right behind the node of an intricate route; ``known`` is what it adds
    for everything but times. NEVER if it cannot be kept."""
    length = _trial_with(arrays, plan, shift, node, -1, call, -1)
    times = _times_added(arrays, plan, shift, length)
    return NEVER if times == NEVER else known + times


@compiled
def cents_behind(
    arrays: Arrays, plan: Plan, call: int, shift: int, node: int, fixed: int, limit: int
) -> int:
    """What the call adds to the cost right behind the node; NEVER if it cannot be there or adds
    as much as ``limit`` or more. ``fixed`` is ``fixed_cents`` for a visit."""
    nodes, arcs, weights = plan.nodes, arrays.arcs, arrays.weights
    here, route, on = arrays.calls[call], plan.routes[shift], arrays.shifts[shift]
    window = arrays.windows[on.day, call]
    after = nodes[node].after
    opens, closes, service = window.open, window.close, here.duration
    if not is_in_time(nodes, arcs, node, after, here.place, opens, closes, service):
        return NEVER
    arc_cents, cents = labelled_cents(
        nodes,
        arcs,
        node,
        after,
        here.place,
        opens,
        closes,
        service,
        weights.working_time,
        weights.overtime,
        on.end,
        route.duration,
        route.overtime,
    )
    cents += fixed + lateness_at_least(nodes, arcs, node, here, opens)
    if cents < limit and not is_simple(arrays, plan, call, shift):
        cents = exact_cents(arrays, plan, call, shift, node, fixed + arc_cents)
    return cents if cents < limit else NEVER


@compiled
def _trial_with(
    arrays: Arrays, plan: Plan, shift: int, node: int, depot: int, visit: int, after: int
) -> int:
    """Write the route with the visit behind the node (or the depot there, and the visit behind
    ``after``, which is -1 for right behind the depot) into ``plan.trial``; returns its length."""
    nodes = plan.nodes
    length = 0
    here = start_of(arrays, shift)
    while True:
        if here == node:
            if depot >= 0:
                plan.trial[length] = arrays.count.visits + depot
                length += 1
            if depot < 0 or after < 0:
                plan.trial[length] = visit
                length += 1
        elif here == after:
            plan.trial[length] = visit
            length += 1
        here = nodes[here].after
        if nodes[here].call < 0:
            return length
        plan.trial[length] = nodes[here].call
        length += 1


@compiled
def _times_added(arrays: Arrays, plan: Plan, shift: int, length: int) -> int:
    """What ``plan.trial`` costs more than the route for its times; NEVER if it cannot be kept."""
    cents = cost_of_times(arrays, plan, shift, length)
    if cents == NEVER:
        return NEVER
    return cents - plan.routes[shift].times_cents


@compiled
def best_on(
    arrays: Arrays, plan: Plan, visit: int, shift: int, limit: int, dice: Dice, blink: float
) -> Place:
    """The best place on the shift's route that adds less than ``limit``."""
    nodes, arcs = plan.nodes, arrays.arcs
    working_time, overtime = arrays.weights.working_time, arrays.weights.overtime
    here, route, shift_end = arrays.calls[visit], plan.routes[shift], arrays.shifts[shift].end
    place, service = here.place, here.duration
    usable = 0
    if here.needs > 0:
        usable = usable_from(arrays, plan, visit, shift)
    fixed = fixed_cents(arrays, plan, visit, shift)
    if usable == IMPOSSIBLE:
        return best_with_depot_call(arrays, plan, visit, shift, fixed, limit)
    simple = is_simple(arrays, plan, visit, shift)
    duration, over = route.duration, route.overtime
    window = arrays.windows[arrays.shifts[shift].day, visit]
    opens, closes = window.open, window.close
    skip = plan.now.until_blink
    best_node = -1
    node = start_of(arrays, shift)
    while nodes[node].leave <= closes:
        after = nodes[node].after
        if (
            nodes[after].rest_late >= opens
            and nodes[node].position >= usable
            and is_in_time(nodes, arcs, node, after, place, opens, closes, service)
        ):
            skip -= 1
            if skip < 0:
                skip = until_blink(dice, blink)
            else:
                arc_cents, cents = labelled_cents(
                    nodes,
                    arcs,
                    node,
                    after,
                    place,
                    opens,
                    closes,
                    service,
                    working_time,
                    overtime,
                    shift_end,
                    duration,
                    over,
                )
                cents += fixed + lateness_at_least(nodes, arcs, node, here, opens)
                if cents < limit and not simple:
                    cents = exact_cents(arrays, plan, visit, shift, node, fixed + arc_cents)
                if cents < limit:
                    limit, best_node = cents, node
        if nodes[after].call < 0:
            break
        node = after
    plan.now.until_blink = skip
    if best_node < 0:
        return nowhere()
    return Place(limit, best_node, -1, -1)


@compiled
def best_nearby(
    arrays: Arrays, plan: Plan, visit: int, limit: int, dice: Dice, blink: float
) -> tuple[int, Place]:
    """The shift and the place that add least, of those next to visits near this one and those at
    the ends of shifts that start or end near it; -1 if all add ``limit`` or more."""
    nodes, arcs, now = plan.nodes, arrays.arcs, plan.now
    working_time, overtime = arrays.weights.working_time, arrays.weights.overtime
    here = arrays.calls[visit]
    place, service, needs = here.place, here.duration, here.needs > 0
    now.look += 1
    look, skip = now.look, now.until_blink
    days = arrays.windows.shape[0]
    opens, closes = arrays.windows[0, visit].open, arrays.windows[0, visit].close
    best, best_shift = nowhere(), -1
    candidates, lacking = _nearby(arrays, plan, visit), 0
    for index in range(candidates):
        node = plan.nearby[index]
        after = nodes[node].after
        shift = nodes[node].shift
        if days > 1:
            window = arrays.windows[arrays.shifts[shift].day, visit]
            opens, closes = window.open, window.close
        if not is_in_time(nodes, arcs, node, after, place, opens, closes, service):
            continue
        if nodes[node].seen == look:
            continue
        nodes[node].seen = look
        skip -= 1
        if skip < 0:
            skip = until_blink(dice, blink)
            continue
        route = plan.routes[shift]
        fixed = fixed_cents(arrays, plan, visit, shift)
        arc_cents, cents = labelled_cents(
            nodes,
            arcs,
            node,
            after,
            place,
            opens,
            closes,
            service,
            working_time,
            overtime,
            arrays.shifts[shift].end,
            route.duration,
            route.overtime,
        )
        cents += fixed + lateness_at_least(nodes, arcs, node, here, opens)
        if cents >= limit:
            continue
        if needs:
            if route.seen != look:
                route.seen = look
                route.usable_from = usable_from(arrays, plan, visit, shift)
                if route.usable_from == IMPOSSIBLE:
                    route.at_least = cents
                    plan.lacking[lacking] = shift
                    lacking += 1
            if nodes[node].position < route.usable_from:
                route.at_least = min(route.at_least, cents)
                continue
        if not is_simple(arrays, plan, visit, shift):
            cents = exact_cents(arrays, plan, visit, shift, node, fixed + arc_cents)
        if cents < limit:
            limit, best_shift = cents, shift
            best = Place(cents, node, -1, -1)
    now.until_blink = skip
    for index in range(lacking):
        shift = plan.lacking[index]
        # A depot call on the way makes no place cheaper.
        if plan.routes[shift].at_least < limit:
            fixed = fixed_cents(arrays, plan, visit, shift)
            found = best_with_depot_call(arrays, plan, visit, shift, fixed, limit)
            if found.cents < limit:
                best, best_shift, limit = found, shift, found.cents
    return best_shift, best


@compiled
def _nearby(arrays: Arrays, plan: Plan, visit: int) -> int:
    """Write into ``plan.nearby`` behind which nodes the visit would be near its neighbours, or at
    the end of a route near it; some may be there twice. Most places that it cannot be at are left
    out: what the neighbour alone tells. Returns their number."""
    nodes, routes, nearby = plan.nodes, plan.routes, plan.nearby
    service = arrays.calls[visit].duration
    days = arrays.windows.shape[0]
    opens, closes = arrays.windows[0, visit].open, arrays.windows[0, visit].close
    number = 0
    for index in range(arrays.near_before.shape[1]):
        near = arrays.near_before[visit, index]
        if near.visit < 0:
            break
        shift = nodes[near.visit].shift
        if shift < 0:
            continue
        if days > 1:
            closes = arrays.windows[arrays.shifts[shift].day, visit].close
        if nodes[near.visit].leave + near.leg <= closes and arrays.able[visit, shift]:
            nearby[number] = near.visit
            number += 1
    for index in range(arrays.near_after.shape[1]):
        near = arrays.near_after[visit, index]
        if near.visit < 0:
            break
        shift = nodes[near.visit].shift
        if shift < 0:
            continue
        if days > 1:
            opens = arrays.windows[arrays.shifts[shift].day, visit].open
        if opens + service + near.leg <= nodes[near.visit].rest_late and arrays.able[visit, shift]:
            nearby[number] = nodes[near.visit].before
            number += 1
    for index in range(arrays.near_groups.shape[1]):
        group = arrays.near_groups[visit, index]
        if group < 0:
            break
        first = 0 if group == 0 else arrays.group_ends[group - 1]
        if arrays.group_ends[group] - first == 1:
            start = start_of(arrays, arrays.groups[first])
            nearby[number] = start
            nearby[number + 1] = nodes[start + 1].before
            number += 2
            continue
        for member in range(first, arrays.group_ends[group]):
            if routes[arrays.groups[member]].stops == 0:
                nearby[number] = start_of(arrays, arrays.groups[member])
                number += 1
                break
    return number


@compiled
def best_with_depot_call(
    arrays: Arrays, plan: Plan, visit: int, shift: int, fixed: int, limit: int
) -> Place:
    """The best place for the visit and, somewhere before it, one more depot call."""
    best = nowhere()
    if plan.now.free_calls == 0:
        return best
    last = _last_place(arrays, plan, visit, shift, fixed, limit)
    if last < 0:
        return best
    for depot in range(arrays.count.depots):
        usable = usable_with(arrays, plan, visit, shift, depot)
        if usable <= last:
            found = _best_with_call_at(
                arrays, plan, visit, shift, depot, usable, last, fixed, limit
            )
            if found.cents < limit:
                best, limit = found, found.cents
    return best


@compiled
def _last_place(arrays: Arrays, plan: Plan, visit: int, shift: int, fixed: int, limit: int) -> int:
    """The position behind which the visit could be at the latest if it lacked nothing, by the
    labels; -1 if nowhere. A detour by a depot makes no place better."""
    nodes, last = plan.nodes, -1
    node = start_of(arrays, shift)
    simple = is_simple(arrays, plan, visit, shift)
    opens = arrays.windows[arrays.shifts[shift].day, visit].open
    closes = arrays.windows[arrays.shifts[shift].day, visit].close
    while nodes[node].leave <= closes:
        after = nodes[node].after
        if nodes[after].rest_late >= opens and (
            not simple or cents_behind(arrays, plan, visit, shift, node, fixed, limit) < limit
        ):
            last = nodes[node].position
        if nodes[after].call < 0:
            break
        node = after
    return last


@compiled
def _best_with_call_at(
    arrays: Arrays,
    plan: Plan,
    visit: int,
    shift: int,
    depot: int,
    usable: int,
    last: int,
    fixed: int,
    limit: int,
) -> Place:
    """The best place for both, the visit behind position ``usable`` at the earliest and ``last`` at
    the latest."""
    nodes, arcs, weights = plan.nodes, arrays.arcs, arrays.weights
    here, on, route = arrays.calls[visit], arrays.shifts[shift], plan.routes[shift]
    place, service = here.place, here.duration
    fetch = arrays.calls[arrays.count.visits + depot]
    window = arrays.windows[on.day, visit]
    fetch_window = arrays.windows[on.day, arrays.count.visits + depot]
    simple = is_simple(arrays, plan, visit, shift) and not is_intricate(
        arrays, arrays.count.visits + depot, shift
    )
    best = nowhere()
    first = start_of(arrays, shift)
    while nodes[first].call >= 0 or nodes[first].position == 0:
        # From here to the depot, and from there on stop by stop, with the visit behind each.
        if nodes[first].position > last:
            break
        opens, closes, seconds = fetch_window.open, fetch_window.close, fetch.duration
        ahead = nodes[first].duration + arcs[nodes[first].place, fetch.place, 0]
        early, late = nodes[first].early, nodes[first].late
        at = fetch.place
        after = nodes[first].after
        added = arcs[nodes[first].place, at, 1]
        replaced = nodes[after].leg_cents
        behind = -1
        while early + ahead <= closes:
            wait = max(opens - ahead - late, 0)
            early = max(opens - ahead, early) - wait
            late = min(closes - ahead, late)
            duration = ahead + wait + seconds
            to, onward = arcs[at, place, 0], arcs[place, nodes[after].place, 0]
            begin = max(early + duration + to, window.open)
            if (
                nodes[after].position > usable
                and begin <= window.close
                and begin + service + onward <= nodes[after].rest_late
            ):
                arc_cents = added + arcs[at, place, 1] + arcs[place, nodes[after].place, 1]
                cents = fixed + arc_cents - replaced
                whole, end = joined(
                    duration,
                    early,
                    late,
                    to,
                    window.open,
                    window.close,
                    service,
                    onward,
                    nodes[after].rest_duration,
                    nodes[after].rest_early,
                    nodes[after].rest_late,
                )
                cents += weights.working_time * (whole - route.duration)
                cents += weights.overtime * (max(0, end - on.end) - route.overtime)
                cents += here.late_cents * max(0, begin + service - here.due)
                if cents < limit and not simple:
                    length = _trial_with(arrays, plan, shift, first, depot, visit, behind)
                    cents = fixed + arc_cents - replaced
                    cents += _times_added(arrays, plan, shift, length)
                if cents < limit:
                    limit = cents
                    best = Place(cents, behind, depot, first)
            if nodes[after].call < 0 or nodes[after].position > last:
                break
            opens = arrays.windows[on.day, nodes[after].call].open
            closes = arrays.windows[on.day, nodes[after].call].close
            seconds = arrays.calls[nodes[after].call].duration
            ahead = duration + arcs[at, nodes[after].place, 0]
            added += arcs[at, nodes[after].place, 1]
            at = nodes[after].place
            behind = after
            after = nodes[after].after
            replaced += nodes[after].leg_cents
        first = nodes[first].after
    return best
