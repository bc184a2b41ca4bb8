"""Visits that hang together by ties are placed as one: each within what the others leave open."""

from solver.kernel.anywhere import best_anywhere, is_to_fetch, place_and_fetch
from solver.kernel.arrays import TIMED, Arrays
from solver.kernel.changes import put, repair, take_out, want
from solver.kernel.compiled import compiled
from solver.kernel.dice import Dice, pick
from solver.kernel.nearby import best_nearby
from solver.kernel.persons import has_required
from solver.kernel.plan import Plan
from solver.kernel.settings import SearchSettings
from solver.kernel.ties import bind, release
from solver.kernel.undoing import save

ATTEMPTS = 2
"""So often the visits of a bundle are placed before one stays out."""
BLINK_AGAIN = 0.2
"""Share of places that are overlooked after the first time, so that others are found."""
TRIED = 2
"""In ``plan.is_removed``: it was its turn in this iteration."""


@compiled
def take_out_bundles(arrays: Arrays, plan: Plan) -> None:
    """Take out all that hangs together with what this iteration has to place."""
    now, index = plan.now, 0
    while index < now.removed:
        visit = plan.removed[index]
        if arrays.calls[visit].links & TIMED > 0:
            bond = arrays.bonds[visit]
            first = bond.first_of_bundles
            for row in range(first, first + bond.number_of_bundles):
                other = arrays.bundles[row]
                if plan.nodes[other].shift >= 0:
                    save(arrays, plan, plan.nodes[other].shift)
                    take_out(arrays, plan, other)
                elif plan.hopeless[other] == 0:
                    want(plan, other)
        index += 1


@compiled
def place_bundle(
    arrays: Arrays,
    plan: Plan,
    visit: int,
    least: int,
    bar: float,
    dice: Dice,
    settings: SearchSettings,
) -> int:
    """Place the visit and all that hangs together with it, as far as that can be, for less than the
    plan may cost. ``least`` is what it costs at least, as if all visits to come could be had for
    nothing; returns what that is then."""
    now = plan.now
    number = _gather(arrays, plan, visit)
    before, prices = now.cents, 0
    for index in range(number):
        prices += arrays.calls[plan.crew[index]].price
    for attempt in range(ATTEMPTS):
        blink = settings.blink if attempt == 0 else BLINK_AGAIN
        _shuffle(plan, attempt == 0, number, dice)
        if _place_all(arrays, plan, number, least, bar, dice, settings, blink):
            break
        _take_back(arrays, plan, number)
    return least + prices + now.cents - before


@compiled
def _gather(arrays: Arrays, plan: Plan, visit: int) -> int:
    """Write those to be placed into ``plan.crew``, the visit first; returns how many they are."""
    bond = arrays.bonds[visit]
    plan.crew[0] = visit
    plan.is_removed[visit] = TRIED
    number = 1
    for row in range(bond.first_of_bundles, bond.first_of_bundles + bond.number_of_bundles):
        other = arrays.bundles[row]
        if plan.is_removed[other] == 1 and plan.nodes[other].shift < 0:
            plan.is_removed[other] = TRIED
            plan.crew[number] = other
            number += 1
    return number


@compiled
def _shuffle(plan: Plan, keeps_first: bool, number: int, dice: Dice) -> None:
    for index in range(number - 1, 0, -1):
        other = pick(dice, index + 1)
        if keeps_first:
            other = 1 + pick(dice, index)
        plan.crew[index], plan.crew[other] = plan.crew[other], plan.crew[index]


@compiled
def _place_all(
    arrays: Arrays,
    plan: Plan,
    number: int,
    least: int,
    bar: float,
    dice: Dice,
    settings: SearchSettings,
    blink: float,
) -> bool:
    """Place one after the other where it adds least, within what the others leave open; whether all
    are placed."""
    nodes, now = plan.nodes, plan.now
    for index in range(number):
        visit = plan.crew[index]
        if nodes[visit].shift >= 0:
            continue
        price, before = arrays.calls[visit].price, now.cents
        limit = min(price, int(bar - least) + 1)
        if limit <= 0:
            return False
        bind(arrays, plan, visit)
        shift, place = best_nearby(arrays, plan, visit, limit, dice, blink)
        if shift < 0:
            most = settings.shifts_anywhere
            shift, place = best_anywhere(arrays, plan, visit, limit, most, dice, settings)
        is_placed = shift >= 0 and put(arrays, plan, visit, shift, place)
        if not is_placed and is_to_fetch(arrays, visit, limit, price, dice, settings):
            place_and_fetch(arrays, plan, visit, limit, settings.shifts_anywhere, dice)
        if nodes[visit].shift < 0:
            release(plan, visit)
        least += price + now.cents - before
    # To fetch what one needs may have taken out one that had its place.
    placed = 0
    for index in range(number):
        if nodes[plan.crew[index]].shift >= 0:
            placed += 1
    return placed == number


@compiled
def _take_back(arrays: Arrays, plan: Plan, number: int) -> None:
    """Take out those who are without one that is required."""
    nodes = plan.nodes
    is_broken = False
    for index in range(number):
        visit = plan.crew[index]
        if nodes[visit].shift >= 0 and not has_required(arrays, plan, visit):
            save(arrays, plan, nodes[visit].shift)
            take_out(arrays, plan, visit)
            is_broken = True
    if is_broken:
        repair(arrays, plan)
