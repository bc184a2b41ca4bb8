"""Ruin and recreate under simulated annealing, in compiled code (see ``docs/engine.md``).

Strings of neighbouring stops are taken out of routes that lie side by side, and the visits are put
back one by one, each where it costs least (Christiaens & Vanden Berghe, *Slack induction by string
removals for vehicle routing problems*, Transportation Science 2020).
"""

import numpy as np

from solver.kernel.anywhere import best_anywhere, is_to_fetch, may_fetch_otherwise, place_and_fetch
from solver.kernel.arrays import TIMED, Arrays
from solver.kernel.bundles import place_bundle, take_out_bundles
from solver.kernel.changes import (
    forget_removed,
    mend,
    put,
    repair,
    settle_worst,
    take_out,
    want,
)
from solver.kernel.compiled import compiled, inlined
from solver.kernel.dice import Dice, pick, roll
from solver.kernel.holding import hold_back
from solver.kernel.nearby import best_nearby
from solver.kernel.noting import note_routes
from solver.kernel.plan import NOTHING_NOTED, Plan, start_of
from solver.kernel.rows import keep_as_best
from solver.kernel.settings import SearchSettings
from solver.kernel.tails import exchange_tails, nearest_cut
from solver.kernel.undoing import begin_iteration, save, undo

ORDERS = 15
DEAREST_FIRST = 14
"""Of the ways to put the wanted visits in order, the last."""

NO_BAR = 2.0**61
"""What no plan costs."""


@compiled
def anneal(
    arrays: Arrays,
    plan: Plan,
    dice: Dice,
    settings: SearchSettings,
    iterations: int,
    hot: float,
    cold: float,
    done: int,
    whole: float,
) -> None:
    """So many iterations of a search that has ``done`` some already, out of ``whole``; over all of
    them the temperature falls from ``hot`` to ``cold`` cents."""
    now = plan.now
    for iteration in range(done, done + iterations):
        progress = iteration / whole
        temperature = hot * (cold / hot) ** progress
        bar = now.cents - temperature * np.log(1.0 - roll(dice))
        begin_iteration(plan)
        is_whole = ruin(arrays, plan, dice, settings)
        accepted = is_whole and recreate(arrays, plan, dice, settings, bar)
        forget_removed(plan)
        if is_whole and now.most_reduced > NOTHING_NOTED:
            note_routes(arrays, plan)
        if not accepted:
            undo(arrays, plan)
        elif now.cents < now.best_cents:
            keep_as_best(arrays, plan)
            now.improvements += 1


@compiled
def ruin(arrays: Arrays, plan: Plan, dice: Dice, settings: SearchSettings) -> bool:
    """Take out strings of stops around a random visit, and remember who else is unassigned. False
    if what is left cannot be kept, because the tails that two routes exchanged do not fit."""
    now = plan.now
    left_out = now.unassigned
    for _ in range(min(left_out, settings.unassigned_tried)):
        visit = plan.unassigned[pick(dice, left_out)]
        if plan.hopeless[visit] == 0:
            want(plan, visit)
    placed = arrays.count.visits - left_out
    if placed == 0:
        if arrays.count.links > 0:
            take_out_bundles(arrays, plan)
        return True
    seed = pick(dice, arrays.count.visits)
    if plan.nodes[seed].shift < 0 and not _is_near_a_route(arrays, plan, seed):
        seed = plan.unassigned[left_out + pick(dice, placed)]
    longest = min(float(settings.longest_string), placed / now.routes)
    most = 4.0 * settings.removals / (1.0 + longest) - 1.0
    strings = int(1.0 + roll(dice) * most)
    near = arrays.near.shape[1]
    tail = -1
    for index in range(-1, near):
        if now.saved_routes >= strings:
            break
        visit = seed if index < 0 else arrays.near[seed, index]
        shift = plan.nodes[visit].shift
        if shift >= 0 and plan.routes[shift].saved != now.iteration:
            save(arrays, plan, shift)
            behind = _remove_string(arrays, plan, visit, longest, dice, settings)
            if tail < 0:
                tail = behind
    if not _exchange(arrays, plan, tail, dice, settings):
        return False
    if arrays.count.links > 0:
        take_out_bundles(arrays, plan)
        repair(arrays, plan)
    else:
        for index in range(now.saved_routes):
            mend(arrays, plan, plan.saved_shift[index])
    settle_worst(arrays, plan)
    return True


@compiled
def _is_near_a_route(arrays: Arrays, plan: Plan, visit: int) -> bool:
    """Whether any of the visits near this one is on a route."""
    for index in range(arrays.near.shape[1]):
        if plan.nodes[arrays.near[visit, index]].shift >= 0:
            return True
    return False


@compiled
def _exchange(arrays: Arrays, plan: Plan, tail: int, dice: Dice, settings: SearchSettings) -> bool:
    """Now and then let a ruined route exchange its tail with another ruined one, or all it has with
    any route; False if what comes of it cannot be kept in time."""
    now, own = plan.now, plan.nodes[tail].shift
    if now.saved_routes > 1 and roll(dice) < settings.tails:
        other = plan.saved_shift[1 + pick(dice, now.saved_routes - 1)]
        cut = nearest_cut(arrays, plan, tail, other)
        return cut < 0 or exchange_tails(arrays, plan, tail, cut)
    if roll(dice) < settings.handovers:
        other = pick(dice, arrays.count.shifts)
        if arrays.shifts[other].group != arrays.shifts[own].group:
            save(arrays, plan, other)
            first, second = start_of(arrays, own), start_of(arrays, other)
            return exchange_tails(arrays, plan, plan.nodes[first].after, plan.nodes[second].after)
    return True


@compiled
def _remove_string(
    arrays: Arrays, plan: Plan, visit: int, longest: float, dice: Dice, settings: SearchSettings
) -> int:
    """Take a string of stops with the visit in it off its route; returns the node behind it."""
    nodes = plan.nodes
    stops = plan.routes[nodes[visit].shift].stops
    length = int(1.0 + roll(dice) * min(longest, float(stops)))
    length = min(length, stops)
    spared = 0
    if length > 1 and length < stops and roll(dice) < settings.split:
        spared = 1
        while length + spared < stops and roll(dice) < settings.blink:
            spared += 1
    whole = length + spared
    node, ahead = visit, 0
    while ahead < whole - 1 and nodes[nodes[node].before].call >= 0:
        node = nodes[node].before
        ahead += 1
    last, behind = visit, 0
    while behind < whole - 1 and nodes[nodes[last].after].call >= 0:
        last = nodes[last].after
        behind += 1
    for _ in range(pick(dice, ahead + behind - whole + 2)):
        node = nodes[node].after
    spare_from = pick(dice, length - 1) + 1 if spared > 0 else whole
    for step in range(whole):
        after = nodes[node].after
        if step < spare_from or step >= spare_from + spared:
            take_out(arrays, plan, node)
        node = after
    return node


@compiled
def recreate(arrays: Arrays, plan: Plan, dice: Dice, settings: SearchSettings, bar: float) -> bool:
    """Place all wanted visits one by one, each where it adds least to the cost. Gives up, with
    False, as soon as the plan cannot cost less than ``bar`` any more."""
    now = plan.now
    _put_in_order(arrays, plan, dice, pick(dice, ORDERS))
    # What the plan costs at least in the end: as if the visits to come could be had for nothing.
    least = now.cents
    for index in range(now.removed):
        least -= arrays.calls[plan.removed[index]].price
    index = 0
    # What is pushed out on the way comes behind the others.
    while index < now.removed:
        if least >= bar:
            return False
        visit = plan.removed[index]
        index += 1
        if arrays.calls[visit].links & TIMED > 0:
            if plan.is_removed[visit] == 1:
                least = place_bundle(arrays, plan, visit, least, bar, dice, settings)
            continue
        price = arrays.calls[visit].price
        before, known = now.cents, now.removed
        limit = min(price, int(bar - least) + 1)
        shift, place = best_nearby(arrays, plan, visit, limit, dice, settings.blink)
        if shift < 0 and limit == price and roll(dice) < settings.look_everywhere:
            shift, place = best_anywhere(
                arrays, plan, visit, price, settings.shifts_anywhere, dice, settings
            )
        elif _opens_a_route(arrays, plan, shift) and roll(dice) < settings.look_everywhere:
            other, elsewhere = best_anywhere(
                arrays, plan, visit, place.cents, settings.shifts_anywhere, dice, settings
            )
            if other >= 0:
                shift, place = other, elsewhere
        if (
            shift >= 0
            and may_fetch_otherwise(arrays, visit)
            and roll(dice) < settings.fetch_otherwise
        ):
            most = settings.shifts_anywhere
            if place_and_fetch(arrays, plan, visit, place.cents, most, dice):
                shift = -1
            else:
                # Depot calls may have been moved, and the place with them.
                shift, place = best_nearby(arrays, plan, visit, limit, dice, settings.blink)
        if shift >= 0 and not put(arrays, plan, visit, shift, place):
            shift = -1
        if plan.nodes[visit].shift < 0 and is_to_fetch(arrays, visit, limit, price, dice, settings):
            place_and_fetch(arrays, plan, visit, limit, settings.shifts_anywhere, dice)
        least += price + now.cents - before
        for pushed_out in range(known, now.removed):
            # It was pushed out, and is to come.
            least -= arrays.calls[plan.removed[pushed_out]].price
    hold_back(arrays, plan, dice)
    settle_worst(arrays, plan)
    return now.cents < bar


@compiled
def _put_in_order(arrays: Arrays, plan: Plan, dice: Dice, choice: int) -> None:
    """Sort the wanted visits: at random, longest first, farthest or nearest first, tightest window
    first, or dearest to leave out first."""
    now, order, removed = plan.now, plan.order, plan.removed
    for index in range(now.removed):
        visit = removed[index]
        call, window = arrays.calls[visit], arrays.windows[0, visit]
        if choice < 4:
            order[index] = roll(dice)
        elif choice < 6:
            order[index] = -float(call.duration)
        elif choice < 8:
            order[index] = -float(arrays.remoteness[visit])
        elif choice < 9:
            order[index] = float(arrays.remoteness[visit])
        elif choice < 11:
            order[index] = float(window.close - window.open)
        elif choice < 12:
            order[index] = float(window.open)
        elif choice < 13:
            order[index] = -float(window.close)
        else:
            order[index] = -float(call.price)
    for index in range(1, now.removed):
        key, visit = order[index], removed[index]
        at = index
        while at > 0 and order[at - 1] > key:
            order[at], removed[at] = order[at - 1], removed[at - 1]
            at -= 1
        order[at], removed[at] = key, visit


@inlined
def _opens_a_route(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """Whether a visit would be the first on the shift, and to use one more costs."""
    return shift >= 0 and arrays.weights.shift_use > 0 and plan.routes[shift].stops == 0


@compiled
def fill(arrays: Arrays, plan: Plan, dice: Dice, settings: SearchSettings) -> None:
    """Place all that is unassigned, dearest to leave out first."""
    now = plan.now
    begin_iteration(plan)
    for index in range(now.unassigned):
        if plan.hopeless[plan.unassigned[index]] == 0:
            want(plan, plan.unassigned[index])
    _put_in_order(arrays, plan, dice, DEAREST_FIRST)
    index = 0
    while index < now.removed:
        visit = plan.removed[index]
        index += 1
        if arrays.calls[visit].links & TIMED > 0:
            if plan.is_removed[visit] == 1:
                place_bundle(arrays, plan, visit, 0, NO_BAR, dice, settings)
            continue
        shift, place = best_nearby(
            arrays, plan, visit, arrays.calls[visit].price, dice, settings.blink
        )
        if shift < 0:
            price = arrays.calls[visit].price
            shift, place = best_anywhere(
                arrays, plan, visit, price, arrays.count.shifts, dice, settings
            )
        is_placed = shift >= 0 and put(arrays, plan, visit, shift, place)
        if not is_placed and arrays.calls[visit].needs > 0:
            price = arrays.calls[visit].price
            place_and_fetch(arrays, plan, visit, price, arrays.count.shifts, dice)
    hold_back(arrays, plan, dice)
    settle_worst(arrays, plan)
    forget_removed(plan)
    keep_as_best(arrays, plan)
