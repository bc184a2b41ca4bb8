"""Parts and tools: what a van still has room for, and from where on a depot has helped out.

A technician's shifts are one chain, since parts stay in the van. Visits take from the van first,
in order of time; what it lacks comes from the depots called at before, the latest one first, each
as far as it still has some. A depot that the technician has called at supplies all that comes
after, so which of them gives what never decides whether one technician is supplied, only what is
left for the others.

A tool is lent for the shift by the first depot called at that has one, if it is counted: whoever
needs it first takes it, in all slots of the shift, and then has it.
"""

from solver.kernel.arrays import Arrays
from solver.kernel.compiled import compiled, inlined
from solver.kernel.plan import NOWHERE, Plan, start_of
from solver.rules.eligibility import UNLIMITED

IMPOSSIBLE = 2**41
SUPPLIED = -1
LENT = -1
"""``plan.room`` of a counted tool that depot 0 has lent; of the others it is as much less."""


@compiled
def first_of(arrays: Arrays, chain: int) -> int:
    """Where in ``arrays.chains`` the technician's shifts begin."""
    return 0 if chain == 0 else arrays.chain_ends[chain - 1]


@compiled
def recount(arrays: Arrays, plan: Plan, shift: int) -> int:
    """Bring the supply of the shift's technician up to date.

    Returns SUPPLIED, or else the first node that lacks something (``now.lacking`` says of what,
    ``now.short`` how many); then nothing is up to date.
    """
    nodes = plan.nodes
    items = arrays.count.items
    chain = arrays.shifts[shift].chain
    first = first_of(arrays, chain)
    end = arrays.chain_ends[chain]
    left, latest, spare = plan.balance[0], plan.balance[1], plan.balance[2]
    if arrays.count.scarce > 0:
        _forget_taken(arrays, plan, chain)
    for item in range(items):
        left[item] = 0
        latest[item] = -1
    called = 0
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
                called = _called(plan, called, depot)
                for item in range(items):
                    if arrays.stock[depot, item] > 0 and not _is_counted(arrays, item):
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
                        short = number - from_van
                        if _is_counted(arrays, item):
                            if _borrow(arrays, plan, today, node, item):
                                short, left[item] = 0, UNLIMITED
                        elif arrays.is_scarce[item]:
                            short = _take(arrays, plan, chain, called, item, short)
                        elif latest[item] >= 0:
                            short = 0
                        if short > 0:
                            if arrays.count.scarce > 0:
                                plan.taken_by[chain] = 0
                            plan.now.lacking, plan.now.short = item, short
                            return node
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
    if arrays.count.scarce > 0:
        for depot in range(arrays.count.depots):
            for cell in range(arrays.count.cells):
                plan.taken[depot, cell] += plan.taken_by[chain, depot, cell]
    return SUPPLIED


@inlined
def _is_counted(arrays: Arrays, item: int) -> bool:
    """Whether it is a tool of which a depot has a number."""
    return arrays.is_scarce[item] and not arrays.stays[item]


@compiled
def _borrow(arrays: Arrays, plan: Plan, shift: int, node: int, item: int) -> bool:
    """Have the first depot called at before the node that has the counted tool lend it; False if
    none has. ``plan.taken`` is what the others take."""
    position, depot = _lender_before(arrays, plan, shift, node, item)
    if depot < 0:
        return False
    chain = arrays.shifts[shift].chain
    first = arrays.first_cell[item] + arrays.shifts[shift].first_slot
    for cell in range(first, first + arrays.shifts[shift].slots):
        plan.taken_by[chain, depot, cell] += 1
    plan.from_depot[shift, item] = position
    plan.room[shift, item] = LENT - depot
    return True


@compiled
def _lender_before(
    arrays: Arrays, plan: Plan, shift: int, until: int, item: int
) -> tuple[int, int]:
    """The position of the first depot call on the route before the node at which there is one of
    the counted tool for the shift, and the depot; IMPOSSIBLE and -1 if there is none."""
    nodes = plan.nodes
    node = nodes[start_of(arrays, shift)].after
    position = 0
    while node != until:
        position += 1
        depot = nodes[node].call - arrays.count.visits
        if depot >= 0 and free_for(arrays, plan, shift, depot, item) > 0:
            return position, depot
        node = nodes[node].after
    return IMPOSSIBLE, -1


@compiled
def _called(plan: Plan, called: int, depot: int) -> int:
    """Put the depot last of the ``called`` ones in ``plan.called``; returns how many there are."""
    kept = 0
    for index in range(called):
        if plan.called[index] != depot:
            plan.called[kept] = plan.called[index]
            kept += 1
    plan.called[kept] = depot
    return kept + 1


@compiled
def _take(arrays: Arrays, plan: Plan, chain: int, called: int, item: int, number: int) -> int:
    """Let the technician take what is scarce from the depots called at; returns what lacks.

    ``plan.taken`` is what the others take.
    """
    for index in range(called - 1, -1, -1):
        depot = plan.called[index]
        own = plan.taken_by[chain, depot, item]
        some = min(number, arrays.stock[depot, item] - plan.taken[depot, item] - own)
        if some > 0:
            plan.taken_by[chain, depot, item] += some
            number -= some
    return number


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
        for cell in range(arrays.count.cells):
            plan.taken[depot, cell] -= plan.taken_by[chain, depot, cell]
            plan.taken_by[chain, depot, cell] = 0


@compiled
def free_for(arrays: Arrays, plan: Plan, shift: int, depot: int, item: int) -> int:
    """What the depot has of an item that no other technician takes; of a counted tool, all through
    the shift."""
    chain = arrays.shifts[shift].chain
    first, cells = arrays.first_cell[item], 1
    if _is_counted(arrays, item):
        first, cells = first + arrays.shifts[shift].first_slot, arrays.shifts[shift].slots
    least = UNLIMITED
    for cell in range(first, first + cells):
        free = arrays.stock[depot, cell] - plan.taken[depot, cell]
        if arrays.is_scarce[item]:
            free += plan.taken_by[chain, depot, cell]
        least = min(least, free)
    return least


@compiled
def usable_from(arrays: Arrays, plan: Plan, visit: int, shift: int) -> int:
    """The position on the route after which the visit would have what it needs, as things are;
    IMPOSSIBLE if nowhere."""
    return usable_with(arrays, plan, visit, shift, -1)


@compiled
def usable_with(arrays: Arrays, plan: Plan, visit: int, shift: int, depot: int) -> int:
    """The position on the route after which the visit would have what it needs, after one more call
    at the depot (-1: after none); IMPOSSIBLE if nowhere."""
    needs = arrays.calls[visit]
    position = 0
    for row in range(needs.first_need, needs.first_need + needs.needs):
        item, number = arrays.needs[row].item, arrays.needs[row].number
        if _is_counted(arrays, item):
            position = max(position, _lent_from(arrays, plan, shift, item, depot))
        elif arrays.is_scarce[item]:
            position = max(position, _enough_from(arrays, plan, shift, item, number, depot))
        elif plan.room[shift, item] >= number and plan.from_depot[shift, item] != 0:
            continue
        elif depot < 0 or arrays.stock[depot, item] == 0:
            if plan.from_depot[shift, item] == NOWHERE:
                return IMPOSSIBLE
            position = max(position, plan.from_depot[shift, item])
        if position == IMPOSSIBLE:
            return IMPOSSIBLE
    return position


@compiled
def _lent_from(arrays: Arrays, plan: Plan, shift: int, item: int, depot: int) -> int:
    """The same for one counted tool: from where on the technician has it, or could have."""
    if plan.room[shift, item] > 0 or (
        depot >= 0 and free_for(arrays, plan, shift, depot, item) > 0
    ):
        return 0
    if plan.room[shift, item] <= LENT:
        return plan.from_depot[shift, item]
    position, _ = _lender_before(arrays, plan, shift, start_of(arrays, shift) + 1, item)
    return position


@compiled
def _enough_from(arrays: Arrays, plan: Plan, shift: int, item: int, number: int, depot: int) -> int:
    """The same for one item that is scarce: from where on the technician could give up so many,
    for good. What there is rises with the vans' loads and with the first call at each depot, and
    falls with each visit."""
    nodes = plan.nodes
    chain = arrays.shifts[shift].chain
    first = first_of(arrays, chain)
    level, called, position = 0, 0, IMPOSSIBLE
    more = free_for(arrays, plan, shift, depot, item) if depot >= 0 else 0
    is_past = False
    for index in range(first, arrays.chain_ends[chain]):
        today = arrays.chains[index]
        level += arrays.van[today, item]
        node = start_of(arrays, today)
        while True:
            call = nodes[node].call
            if call >= arrays.count.visits:
                there = call - arrays.count.visits
                before = called
                called = _called(plan, called, there)
                if called > before:
                    level += free_for(arrays, plan, shift, there, item)
                if there == depot:
                    more = 0
            elif call >= 0:
                needs = arrays.calls[call]
                for row in range(needs.first_need, needs.first_need + needs.needs):
                    if arrays.needs[row].item == item:
                        level -= arrays.needs[row].number
            if level + more < number:
                if is_past:
                    return IMPOSSIBLE
                position = IMPOSSIBLE
            elif today == shift and position == IMPOSSIBLE:
                position = nodes[node].position
            node = nodes[node].after
            if nodes[node].call < 0:
                break
        if today == shift:
            if position == IMPOSSIBLE:
                return IMPOSSIBLE
            is_past = True
    return position
