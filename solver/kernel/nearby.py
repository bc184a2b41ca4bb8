"""Where one more visit should go: the best of the places near its neighbours, or of one route."""

import numpy as np

from solver.kernel.arrays import PAIRED, TIMED, Arrays
from solver.kernel.compiled import compiled
from solver.kernel.depot_calls import best_with_depot_call
from solver.kernel.dice import Dice, roll
from solver.kernel.persons import is_barred
from solver.kernel.places import (
    Insertion,
    exact_cents,
    fixed_cents,
    is_in_time,
    is_simple,
    labelled_cents,
    lateness_at_least,
    nowhere,
)
from solver.kernel.plan import Plan, opening, start_of
from solver.kernel.supply import IMPOSSIBLE, usable_from


@compiled
def until_blink(dice: Dice, rate: float) -> int:
    """How many places to look at before one is overlooked, at random, so that the best place is
    not always taken."""
    return int(np.log(1.0 - roll(dice)) / np.log(1.0 - rate))


@compiled
def best_on(
    arrays: Arrays, plan: Plan, visit: int, shift: int, limit: int, dice: Dice, blink: float
) -> Insertion:
    """The best place on the shift's route that adds less than ``limit``."""
    if is_barred(arrays, plan, visit, shift):
        return nowhere()
    nodes, arcs = plan.nodes, arrays.arcs
    overtime = arrays.weights.overtime
    here, route, on = arrays.calls[visit], plan.routes[shift], arrays.shifts[shift]
    place = here.place
    usable = 0
    if here.needs > 0:
        usable = usable_from(arrays, plan, visit, shift)
    fixed = fixed_cents(arrays, plan, visit, shift)
    if usable == IMPOSSIBLE:
        return best_with_depot_call(arrays, plan, visit, shift, fixed, limit)
    simple = is_simple(arrays, plan, visit, shift)
    duration, over = route.duration, route.overtime
    day = arrays.shifts[shift].day
    opens, closes = opening(arrays, plan, day, visit, True)
    service = arrays.windows[day, visit].service
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
                    on,
                    node,
                    after,
                    place,
                    opens,
                    closes,
                    service,
                    overtime,
                    duration,
                    over,
                )
                late = lateness_at_least(nodes, arcs, node, here, opens, service)
                cents += fixed + late - route.slack
                if cents < limit and not simple:
                    known = fixed + arc_cents
                    cents = exact_cents(arrays, plan, visit, shift, node, known, limit)
                if cents < limit:
                    limit, best_node = cents, node
        if nodes[after].call < 0:
            break
        node = after
    plan.now.until_blink = skip
    if best_node < 0:
        return nowhere()
    return Insertion(limit, best_node, -1, -1)


@compiled
def best_nearby(
    arrays: Arrays, plan: Plan, visit: int, limit: int, dice: Dice, blink: float
) -> tuple[int, Insertion]:
    """The shift and the place that add least, of those next to visits near this one and those at
    the ends of shifts that start or end near it; -1 if all add ``limit`` or more."""
    nodes, arcs, now = plan.nodes, arrays.arcs, plan.now
    overtime = arrays.weights.overtime
    here = arrays.calls[visit]
    place, needs = here.place, here.needs > 0
    is_paired, is_timed = here.links & PAIRED > 0, here.links & TIMED > 0
    now.look += 1
    look, skip = now.look, now.until_blink
    days = arrays.windows.shape[0]
    opens, closes = opening(arrays, plan, 0, visit, is_timed)
    service = arrays.windows[0, visit].service
    best, best_shift = nowhere(), -1
    candidates, lacking = _nearby(arrays, plan, visit), 0
    for index in range(candidates):
        node = plan.nearby[index]
        after = nodes[node].after
        shift = nodes[node].shift
        if days > 1:
            day = arrays.shifts[shift].day
            opens, closes = opening(arrays, plan, day, visit, is_timed)
            service = arrays.windows[day, visit].service
        if not is_in_time(nodes, arcs, node, after, place, opens, closes, service):
            continue
        if nodes[node].seen == look or (is_paired and is_barred(arrays, plan, visit, shift)):
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
            arrays.shifts[shift],
            node,
            after,
            place,
            opens,
            closes,
            service,
            overtime,
            route.duration,
            route.overtime,
        )
        late = lateness_at_least(nodes, arcs, node, here, opens, service)
        cents += fixed + late - route.slack
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
            known = fixed + arc_cents
            cents = exact_cents(arrays, plan, visit, shift, node, known, limit)
        if cents < limit:
            limit, best_shift = cents, shift
            best = Insertion(cents, node, -1, -1)
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
    service = arrays.windows[0, visit].service
    is_timed = arrays.calls[visit].links & TIMED > 0
    days = arrays.windows.shape[0]
    opens, closes = opening(arrays, plan, 0, visit, is_timed)
    number = 0
    for index in range(arrays.near_before.shape[1]):
        near = arrays.near_before[visit, index]
        if near.visit < 0:
            break
        shift = nodes[near.visit].shift
        if shift < 0:
            continue
        if days > 1:
            _, closes = opening(arrays, plan, arrays.shifts[shift].day, visit, is_timed)
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
            day = arrays.shifts[shift].day
            opens, _ = opening(arrays, plan, day, visit, is_timed)
            service = arrays.windows[day, visit].service
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
