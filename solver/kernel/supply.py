"""Parts and tools: what a van still has room for, and from where on a depot has helped out.

A technician's shifts are one chain, since parts stay in the van. Visits take from the van first,
in order of time; what it lacks comes from the latest depot call before that has the item at all.
So what is taken where follows from the routes alone.
"""

from solver.eligibility import UNLIMITED
from solver.kernel.arrays import Arrays
from solver.kernel.compiled import compiled
from solver.kernel.plan import NOWHERE, Plan, start_of

IMPOSSIBLE = 2**41
SUPPLIED = -1
SOLD_OUT = -2


@compiled
def recount(arrays: Arrays, plan: Plan, shift: int) -> int:
    """Bring the supply of the shift's technician up to date.

    Returns SUPPLIED, SOLD_OUT if all technicians together take more than a depot has, or else the
    first node that lacks something (which, says ``now.lacking``); then nothing is up to date.
    """
    nodes = plan.nodes
    items = arrays.count.items
    chain = arrays.shifts[shift].chain
    first = 0 if chain == 0 else arrays.chain_ends[chain - 1]
    end = arrays.chain_ends[chain]
    left, latest, spare = plan.balance[0], plan.balance[1], plan.balance[2]
    if arrays.count.scarce > 0:
        _forget_taken(arrays, plan, chain)
    for item in range(items):
        left[item] = 0
        latest[item] = -1
    for index in range(first, end):
        today = arrays.chains[index]
        for item in range(items):
            if arrays.stays[item]:
                left[item] += arrays.van[today, item]
            else:
                left[item] = arrays.van[today, item]
                latest[item] = -1
            plan.from_depot[today, item] = 0 if latest[item] >= 0 else NOWHERE
        node = nodes[start_of(arrays, today)].after
        position = 0
        while nodes[node].call >= 0:
            position += 1
            call = nodes[node].call
            if call >= arrays.count.visits:
                depot = call - arrays.count.visits
                for item in range(items):
                    if arrays.stock[depot, item] > 0:
                        if latest[item] < 0:
                            plan.from_depot[today, item] = position
                            plan.room[today, item] = left[item]
                        latest[item] = depot
            else:
                needs = arrays.calls[call]
                for row in range(needs.first_need, needs.first_need + needs.needs):
                    item, number = arrays.needs[row].item, arrays.needs[row].number
                    if arrays.stays[item] or left[item] == 0:
                        from_van = min(number, left[item])
                        left[item] -= from_van
                        if number > from_van:
                            depot = latest[item]
                            if depot < 0:
                                if arrays.count.scarce > 0:
                                    plan.taken_by[chain] = 0
                                plan.now.lacking = item
                                return node
                            if arrays.count.scarce > 0:
                                plan.taken_by[chain, depot, item] += number - from_van
            node = nodes[node].after
        for item in range(items):
            if plan.from_depot[today, item] == NOWHERE:
                plan.room[today, item] = left[item]
    for item in range(items):
        spare[item] = UNLIMITED
    for index in range(end - 1, first - 1, -1):
        today = arrays.chains[index]
        for item in range(items):
            if plan.from_depot[today, item] == 0:
                continue
            if arrays.stays[item]:
                spare[item] = min(spare[item], plan.room[today, item])
                plan.room[today, item] = spare[item]
    for index in range(first, end):
        plan.routes[arrays.chains[index]].recount = 0
    if arrays.count.scarce > 0 and not _take(arrays, plan, chain):
        return SOLD_OUT
    return SUPPLIED


@compiled
def is_own_account(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """Whether what is used on the shift concerns no other: the technician has only this one, and no
    depot call takes what is scarce."""
    return arrays.shifts[shift].only and (
        arrays.count.scarce == 0 or plan.routes[shift].depot_calls == 0
    )


@compiled
def use(arrays: Arrays, plan: Plan, visit: int, shift: int) -> bool:
    """Bring the supply of the shift up to date with one more visit, just linked behind where it is
    usable; False if that takes a ``recount``."""
    if plan.routes[shift].recount > 0 or not is_own_account(arrays, plan, shift):
        return False
    position = plan.nodes[plan.nodes[visit].before].position + 1
    if plan.routes[shift].depot_calls > 0:
        for item in range(arrays.count.items):
            if position <= plan.from_depot[shift, item] < NOWHERE:
                plan.from_depot[shift, item] += 1
    _add_to_room(arrays, plan, visit, shift, position, -1)
    return True


@compiled
def give_back(arrays: Arrays, plan: Plan, visit: int, shift: int) -> None:
    """Bring the supply of the shift up to date without the visit, or note that it is not."""
    route = plan.routes[shift]
    if route.depot_calls > 0 or route.recount > 0 or not is_own_account(arrays, plan, shift):
        route.recount = 1
        return
    _add_to_room(arrays, plan, visit, shift, 0, 1)


@compiled
def _add_to_room(
    arrays: Arrays, plan: Plan, visit: int, shift: int, position: int, times: int
) -> None:
    """What a visit before all depot calls takes, it takes from the van. Tools are not used up."""
    needs = arrays.calls[visit]
    for row in range(needs.first_need, needs.first_need + needs.needs):
        item = arrays.needs[row].item
        if arrays.stays[item] and position < plan.from_depot[shift, item]:
            plan.room[shift, item] += times * arrays.needs[row].number


@compiled
def _forget_taken(arrays: Arrays, plan: Plan, chain: int) -> None:
    for depot in range(arrays.count.depots):
        for item in range(arrays.count.items):
            plan.taken[depot, item] -= plan.taken_by[chain, depot, item]
            plan.taken_by[chain, depot, item] = 0


@compiled
def _take(arrays: Arrays, plan: Plan, chain: int) -> bool:
    """Add what the technician takes to what all take; False if that is more than there is."""
    enough = True
    for depot in range(arrays.count.depots):
        for item in range(arrays.count.items):
            own = plan.taken_by[chain, depot, item]
            plan.taken[depot, item] += own
            if own > 0 and plan.taken[depot, item] > arrays.stock[depot, item]:
                enough = False
    return enough


@compiled
def usable_from(arrays: Arrays, plan: Plan, visit: int, shift: int) -> int:
    """The position on the route after which the visit would have what it needs, as things are;
    IMPOSSIBLE if nowhere."""
    needs = arrays.calls[visit]
    position = 0
    for row in range(needs.first_need, needs.first_need + needs.needs):
        item, number = arrays.needs[row].item, arrays.needs[row].number
        if plan.room[shift, item] >= number and plan.from_depot[shift, item] != 0:
            continue
        if plan.from_depot[shift, item] == NOWHERE or not in_stock(arrays, plan, item, number):
            return IMPOSSIBLE
        position = max(position, plan.from_depot[shift, item])
    return position


@compiled
def in_stock(arrays: Arrays, plan: Plan, item: int, number: int) -> bool:
    """Whether any depot still has so many; that it is the right one is known only afterwards."""
    if arrays.count.scarce == 0:
        return True
    for depot in range(arrays.count.depots):
        if arrays.stock[depot, item] - plan.taken[depot, item] >= number:
            return True
    return False


@compiled
def usable_with(arrays: Arrays, plan: Plan, visit: int, shift: int, depot: int) -> int:
    """The position on the route after which the visit would have what it needs, after one more call
    at the depot; IMPOSSIBLE if nowhere."""
    needs = arrays.calls[visit]
    position = 0
    for row in range(needs.first_need, needs.first_need + needs.needs):
        item, number = arrays.needs[row].item, arrays.needs[row].number
        if plan.room[shift, item] >= number and plan.from_depot[shift, item] != 0:
            continue
        stock = arrays.stock[depot, item]
        if stock < UNLIMITED and stock - plan.taken[depot, item] < number:
            if plan.from_depot[shift, item] == NOWHERE or not in_stock(arrays, plan, item, number):
                return IMPOSSIBLE
            position = max(position, plan.from_depot[shift, item])
    return position
