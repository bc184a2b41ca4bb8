"""Where a visit could go that found no place near its neighbours, or nothing that it needs."""

from solver.kernel.arrays import Arrays
from solver.kernel.changes import mend, put_and_fetch, take_out
from solver.kernel.compiled import compiled, inlined
from solver.kernel.dice import Dice, pick, roll
from solver.kernel.nearby import best_on
from solver.kernel.persons import is_barred
from solver.kernel.places import Insertion, cents_behind, fixed_cents, nowhere
from solver.kernel.plan import Plan, start_of
from solver.kernel.settings import SearchSettings

SHIFTS_TO_FETCH_FOR = 3
"""On so many shifts a visit is tried for which several depot calls have to be made."""
SHARE_PASSED_OVER = 0.25
"""So often the cheapest of them is passed over by a visit that has a place already."""
SHARE_PUSHED_OUT = 0.5
"""So often a visit stays although what it has pushed out is worth more than it."""


@compiled
def best_anywhere(
    arrays: Arrays,
    plan: Plan,
    visit: int,
    limit: int,
    most: int,
    dice: Dice,
    settings: SearchSettings,
) -> tuple[int, Insertion]:
    """The best place that adds less than ``limit``, on at most so many shifts, one after the other
    from a random one on; -1 if there is none."""
    now, shifts = plan.now, arrays.count.shifts
    now.look += 1
    best, best_shift = nowhere(), -1
    first = pick(dice, shifts) if most < shifts else 0
    for step in range(min(most, shifts)):
        shift = (first + step) % shifts
        if not arrays.able[visit, shift]:
            continue
        if plan.routes[shift].stops == 0 and not _first_empty(arrays, plan, shift):
            continue
        place = best_on(arrays, plan, visit, shift, limit, dice, settings.blink)
        if place.cents < limit:
            best, best_shift, limit = place, shift, place.cents
    return best_shift, best


@compiled
def _first_empty(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """Whether this empty shift is the first that is looked at of all that are alike."""
    group = arrays.shifts[shift].group
    first = 0 if group == 0 else arrays.group_ends[group - 1]
    if arrays.group_ends[group] - first == 1:
        return True
    example = plan.routes[arrays.groups[first]]
    if example.seen == plan.now.look:
        return False
    example.seen = plan.now.look
    return True


@inlined
def is_to_fetch(
    arrays: Arrays, visit: int, limit: int, price: int, dice: Dice, settings: SearchSettings
) -> bool:
    """Whether to try now if several depot calls, or one on an earlier day, let the visit in."""
    return (
        (limit == price or may_fetch_otherwise(arrays, visit))
        and arrays.calls[visit].needs > 0
        and arrays.count.depots > 0
        and roll(dice) < settings.look_everywhere
    )


@inlined
def may_fetch_otherwise(arrays: Arrays, visit: int) -> bool:
    """Whether what the visit needs could come from several depots, or on an earlier day."""
    depots, technicians = arrays.count.depots, arrays.chain_ends.shape[0]
    is_a_choice = depots > 1 or (depots > 0 and arrays.count.shifts > technicians)
    return is_a_choice and arrays.calls[visit].needs > 0


@compiled
def place_and_fetch(
    arrays: Arrays, plan: Plan, visit: int, limit: int, most: int, dice: Dice
) -> bool:
    """Place the visit and fetch what it lacks, wherever that is: on one of at most so many shifts
    from a random one on, where it would add less than ``limit`` if it lacked nothing; first where
    that is least, and now and then on the next: what has to be fetched may be dearer than all the
    rest. False if it is on none of them.

    What it takes from another visit may push that one out. If this is not worth it, the visit makes
    way again, half the time: there may be another place for the other one, but mostly there is not.
    """
    shifts, now = arrays.count.shifts, plan.now
    first = pick(dice, shifts) if most < shifts else 0
    plan.now.look += 1
    is_choice = may_fetch_otherwise(arrays, visit) and limit < arrays.calls[visit].price
    for _ in range(SHIFTS_TO_FETCH_FOR):
        shift, node = _cheapest_untried(arrays, plan, visit, limit, first, min(most, shifts))
        if shift < 0:
            return False
        if is_choice and roll(dice) < SHARE_PASSED_OVER:
            plan.routes[shift].seen = plan.now.look
            continue
        before = now.cents - arrays.calls[visit].price
        if put_and_fetch(arrays, plan, visit, shift, node):
            is_worth_it = now.cents - before < limit
            if is_worth_it or arrays.count.links > 0 or roll(dice) < SHARE_PUSHED_OUT:
                return True
            take_out(arrays, plan, visit)
            mend(arrays, plan, shift)
        plan.routes[shift].seen = plan.now.look
    return False


@compiled
def _cheapest_untried(
    arrays: Arrays, plan: Plan, visit: int, limit: int, first: int, number: int
) -> tuple[int, int]:
    """Of so many shifts that this look has not tried the one, and its node, behind which the visit
    would add least if it lacked nothing; -1 if it adds ``limit`` or more on all of them."""
    best_shift, best_node = -1, -1
    for step in range(number):
        shift = (first + step) % arrays.count.shifts
        if not arrays.able[visit, shift] or plan.routes[shift].seen == plan.now.look:
            continue
        if is_barred(arrays, plan, visit, shift):
            continue
        fixed = fixed_cents(arrays, plan, visit, shift)
        node = start_of(arrays, shift)
        while True:
            cents = cents_behind(arrays, plan, visit, shift, node, fixed, limit)
            if cents < limit:
                limit, best_shift, best_node = cents, shift, node
            node = plan.nodes[node].after
            if plan.nodes[node].call < 0:
                break
    return best_shift, best_node
