"""Routes are saved before their first change in an iteration, so that all changes can be undone."""

from solver.kernel.arrays import Arrays
from solver.kernel.compiled import compiled
from solver.kernel.plan import Plan, mark_assigned, mark_free, mark_unassigned, mark_used, start_of
from solver.kernel.supply import is_own_account, recount


@compiled
def begin_iteration(plan: Plan) -> None:
    """From here on every change can be undone."""
    now = plan.now
    now.iteration += 1
    now.saved = now.saved_routes = 0
    now.saved_cents = now.cents
    now.saved_worst = now.worst
    now.logged = 0


@compiled
def save(arrays: Arrays, plan: Plan, shift: int) -> None:
    """Keep the route as it is, unless that was done in this iteration already."""
    route, now = plan.routes[shift], plan.now
    if route.saved == now.iteration:
        return
    plan.saved_shift[now.saved_routes] = shift
    plan.saved_routes[now.saved_routes] = plan.routes[shift]
    for item in range(arrays.count.items):
        plan.saved_room[now.saved_routes, 0, item] = plan.room[shift, item]
        plan.saved_room[now.saved_routes, 1, item] = plan.from_depot[shift, item]
    if arrays.count.tied > 0:
        plan.saved_tied_routes[now.saved_routes] = plan.tied_routes[shift]
    if arrays.count.scarce > 0:
        plan.saved_taken[now.saved_routes] = plan.taken_by[arrays.shifts[shift].chain]
    now.saved_routes += 1
    route.saved = now.iteration
    node = start_of(arrays, shift)
    last = node + 1
    saved = now.saved
    while True:
        plan.saved[saved] = node
        plan.saved_nodes[saved] = plan.nodes[node]
        saved += 1
        if node == last:
            break
        node = plan.nodes[node].after
    now.saved = saved


@compiled
def undo(arrays: Arrays, plan: Plan) -> None:
    """Take back every change of this iteration."""
    nodes, now = plan.nodes, plan.now
    visits = arrays.count.visits
    for index in range(now.saved_routes):
        shift = plan.saved_shift[index]
        node = nodes[start_of(arrays, shift)].after
        while nodes[node].call >= 0:
            nodes[node].shift = -1
            if nodes[node].call < visits:
                mark_unassigned(plan, node)
            else:
                mark_free(arrays, plan, node)
            node = nodes[node].after
        if plan.routes[shift].stops > 0:
            now.routes -= 1
        others = not is_own_account(arrays, plan, shift)
        plan.routes[shift] = plan.saved_routes[index]
        if others or not is_own_account(arrays, plan, shift):
            plan.routes[shift].recount = 1
        for item in range(arrays.count.items):
            plan.room[shift, item] = plan.saved_room[index, 0, item]
            plan.from_depot[shift, item] = plan.saved_room[index, 1, item]
        if plan.routes[shift].stops > 0:
            now.routes += 1
        if arrays.count.tied > 0:
            plan.tied_routes[shift] = plan.saved_tied_routes[index]
    for index in range(now.saved):
        node = plan.saved[index]
        nodes[node] = plan.saved_nodes[index]
        call = nodes[node].call
        if call >= visits:
            mark_used(arrays, plan, node)
        elif call >= 0:
            mark_assigned(plan, node)
    now.cents = now.saved_cents
    now.worst = now.saved_worst
    for index in range(now.logged):
        before = plan.saved_linked[index]
        plan.linked[before.visit].early = before.early
        plan.linked[before.visit].late = before.late
        plan.linked[before.visit].hold = before.hold
    if arrays.count.scarce > 0:
        # The first of several routes of a technician was saved before there was any change.
        for index in range(now.saved_routes - 1, -1, -1):
            _give_back_all(arrays, plan, arrays.shifts[plan.saved_shift[index]].chain, index)
    if arrays.count.items > 0:
        for index in range(now.saved_routes):
            if plan.routes[plan.saved_shift[index]].recount > 0:
                recount(arrays, plan, plan.saved_shift[index])


@compiled
def _give_back_all(arrays: Arrays, plan: Plan, chain: int, saved: int) -> None:
    """Let the technician take from the depots what was taken when the route was saved."""
    for depot in range(arrays.count.depots):
        for cell in range(arrays.count.cells):
            before = plan.saved_taken[saved, depot, cell]
            plan.taken[depot, cell] += before - plan.taken_by[chain, depot, cell]
            plan.taken_by[chain, depot, cell] = before
