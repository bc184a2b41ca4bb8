"""Changes to a plan that leave it whole: labels, supply and costs are right after each of them.

Every route is saved before its first change in an iteration (``undoing``).
"""

from solver.kernel.arrays import CHANGED, RUINED, Arrays
from solver.kernel.compiled import compiled, inlined
from solver.kernel.delays import cents_of_route
from solver.kernel.fetching import cheapest_call
from solver.kernel.labels import label, label_back_from, label_from
from solver.kernel.limits import cost_of_times
from solver.kernel.persons import has_required
from solver.kernel.places import Insertion
from solver.kernel.plan import Plan, depot_call, link, start_of, unlink
from solver.kernel.supply import SUPPLIED, first_of, give_back, recount, use
from solver.kernel.tied import begin_change
from solver.kernel.ties import (
    rebind,
    relabel,
    relax,
    relax_and_tighten,
    rewind,
    spread,
    tighten,
)
from solver.kernel.timing import NEVER, trial_of
from solver.kernel.undoing import save

LACKING = -2


@compiled
def settle(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """Bring the cost of a labelled route up to date; False if it cannot be kept.

    This is the one list of what a route costs.
    """
    route, on, now, weights = plan.routes[shift], arrays.shifts[shift], plan.now, arrays.weights
    now.cents -= route.cents
    route.cents = route.times_cents = route.duration = route.overtime = route.slack = 0
    if route.stops == 0:
        if arrays.count.tied > 0:
            plan.tied_routes[shift].worst = 0
        return True
    end = plan.nodes[start_of(arrays, shift) + 1]
    route.duration = end.duration
    route.overtime = max(0, end.leave - on.end)
    route.times_cents = on.working_time * route.duration + weights.overtime * route.overtime
    if arrays.count.tied > 0:
        if not _time_tied(arrays, plan, shift):
            return False
    elif (on.intricate > 0 or route.intricate > 0) and not _time(arrays, plan, shift, False):
        return False
    route.cents = (
        route.arc_cents
        + route.pair_cents
        + route.times_cents
        + weights.shift_use
        + weights.imbalance * max(0, route.service - on.fair_share)
    )
    now.cents += route.cents
    return True


@compiled
def _time(arrays: Arrays, plan: Plan, shift: int, is_pinned: bool) -> bool:
    """Work out what the times of a route cost of which labels do not tell all."""
    route = plan.routes[shift]
    length = trial_of(arrays, plan, shift)
    times = cost_of_times(arrays, plan, shift, length, is_pinned)
    if times == NEVER:
        return False
    rest = arrays.shifts[shift].working_time * arrays.shifts[shift].rest
    route.slack = max(0, times - route.times_cents - rest)
    route.times_cents = times
    return True


@compiled
def _time_tied(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """The same where routes have to do with each other."""
    route = plan.routes[shift]
    early = cents_of_route(arrays, plan, shift)
    plan.tied_routes[shift].worst = early.worst
    if arrays.count.earliest > 0:
        route.times_cents = early.cents
    elif arrays.shifts[shift].intricate > 0 or route.intricate > 0:
        return _time(arrays, plan, shift, plan.tied_routes[shift].loose == 0)
    return True


@compiled
def clear(arrays: Arrays, plan: Plan, shift: int) -> None:
    """Take everything off a route; nothing is brought up to date."""
    node = plan.nodes[start_of(arrays, shift)].after
    while plan.nodes[node].call >= 0:
        after = plan.nodes[node].after
        unlink(arrays, plan, node)
        node = after


@compiled
def append(arrays: Arrays, plan: Plan, shift: int, call: int) -> None:
    """Add a call at the end of a route; nothing is brought up to date."""
    node = call
    if call >= arrays.count.visits:
        node = depot_call(arrays, plan, call - arrays.count.visits)
    if node >= 0:
        link(arrays, plan, node, plan.nodes[start_of(arrays, shift) + 1].before)


@compiled
def put(arrays: Arrays, plan: Plan, visit: int, shift: int, place: Insertion) -> bool:
    """Place the visit; False, and nothing changed, if that takes what a depot does not have, or
    partners cannot follow."""
    save(arrays, plan, shift)
    if arrays.count.links > 0:
        return _put_tied(arrays, plan, visit, shift, place)
    fetch = _link_supplied(arrays, plan, visit, shift, place)
    if fetch == LACKING:
        return False
    if fetch >= 0:
        label(arrays, plan, shift)
    else:
        label_from(arrays, plan, visit)
        label_back_from(arrays, plan, visit)
    settle(arrays, plan, shift)
    return True


@inlined
def _link_supplied(arrays: Arrays, plan: Plan, visit: int, shift: int, place: Insertion) -> int:
    """Link the visit, and the depot call that goes with it: its node, -1 if there is none. LACKING
    if it takes what a depot does not have: then nothing is linked."""
    needs = arrays.calls[visit].needs > 0
    fetch = -1
    after = place.after
    if place.depot >= 0:
        fetch = depot_call(arrays, plan, place.depot)
        link(arrays, plan, fetch, place.call_after)
        if after < 0:
            after = fetch
    link(arrays, plan, visit, after)
    if arrays.count.links > 0:
        rebind(arrays, plan, visit)
    to_recount = needs or plan.routes[shift].depot_calls > 0
    if (
        to_recount
        and not use(arrays, plan, visit, shift)
        and (recount(arrays, plan, shift) != SUPPLIED)
    ):
        unlink(arrays, plan, visit)
        if fetch >= 0:
            unlink(arrays, plan, fetch)
        recount(arrays, plan, shift)
        return LACKING
    return fetch


@compiled
def _put_tied(arrays: Arrays, plan: Plan, visit: int, shift: int, place: Insertion) -> bool:
    """``put`` where there are links: partners on other routes are told."""
    nodes = plan.nodes
    begin_change(plan)
    straight = nodes[nodes[place.after].after].leg if place.depot < 0 else 0
    fetch = _link_supplied(arrays, plan, visit, shift, place)
    if fetch == LACKING:
        plan.tied_routes[shift].loose = 0
        rebind(arrays, plan, visit)
        return False
    is_shorter = True
    if fetch >= 0:
        label(arrays, plan, shift)
    else:
        label_from(arrays, plan, visit)
        label_back_from(arrays, plan, visit)
        # Where the way by the visit is shorter than past it, others may be earlier now.
        service = arrays.windows[arrays.shifts[shift].day, visit].service
        detour = nodes[visit].leg + nodes[nodes[visit].after].leg + service
        is_shorter = detour < straight
    if plan.tied_routes[shift].linked == 0:
        plan.tied_routes[shift].loose = 0
        settle(arrays, plan, shift)
        return True
    if relax_and_tighten(arrays, plan, shift) if is_shorter else spread(arrays, plan, visit):
        relabel(arrays, plan)
        if settle_touched(arrays, plan):
            return True
    unlink(arrays, plan, visit)
    if fetch >= 0:
        unlink(arrays, plan, fetch)
    if arrays.calls[visit].needs > 0 or fetch >= 0 or plan.routes[shift].depot_calls > 0:
        recount(arrays, plan, shift)
    rewind(arrays, plan)
    settle_touched(arrays, plan)
    return False


@compiled
def settle_touched(arrays: Arrays, plan: Plan) -> bool:
    """Price all routes anew that the change has to do with; whether all can be kept."""
    is_kept = True
    for index in range(plan.now.touched):
        plan.tied_routes[plan.touched[index]].loose = 0
        is_kept = settle(arrays, plan, plan.touched[index]) and is_kept
    return is_kept


@compiled
def put_and_fetch(arrays: Arrays, plan: Plan, visit: int, shift: int, node: int) -> bool:
    """Place the visit behind the node, and call at as many depots as it takes for what it lacks;
    False if it cannot be had: the visit, or another one on the route, is out again."""
    save(arrays, plan, shift)
    link(arrays, plan, visit, node)
    plan.routes[shift].recount = 1
    mend(arrays, plan, shift)
    if arrays.count.links > 0:
        repair(arrays, plan)
    return bool(plan.nodes[visit].shift == shift)


@compiled
def take_out(arrays: Arrays, plan: Plan, node: int) -> None:
    """Take a visit or a depot call off its route; ``mend`` has to follow for the route."""
    call = plan.nodes[node].call
    if call < arrays.count.visits:
        give_back(arrays, plan, call, plan.nodes[node].shift)
        want(plan, call)
    if arrays.count.links > 0:
        plan.tied_routes[plan.nodes[node].shift].loose = RUINED
    unlink(arrays, plan, node)


@compiled
def want(plan: Plan, visit: int) -> None:
    """Note that this iteration has to place the visit."""
    now = plan.now
    if plan.is_removed[visit] == 0:
        plan.is_removed[visit] = 1
        plan.removed[now.removed] = visit
        now.removed += 1


@compiled
def mend(arrays: Arrays, plan: Plan, shift: int) -> None:
    """Make a route whole after stops were taken off it: no idle depot call, none missing."""
    if arrays.count.links > 0:
        plan.tied_routes[shift].loose = CHANGED
    if not label(arrays, plan, shift):
        dissolve(arrays, plan, shift)
    if arrays.count.items > 0:
        _mend_supply(arrays, plan, shift)
    if not settle(arrays, plan, shift):
        dissolve(arrays, plan, shift)
        if arrays.count.items > 0:
            _mend_supply(arrays, plan, shift)
            settle(arrays, plan, shift)


@compiled
def repair(arrays: Arrays, plan: Plan) -> None:
    """Make a plan whole after visits were taken out, or changed routes, where they may be linked:
    every route is mended, nobody is left without those that are required, and each tied visit
    starts when its partners believe that it does. What cannot be kept is taken out.

    Only routes that were saved in this iteration may be changed.
    """
    now = plan.now
    now.forgotten = 0
    begin_change(plan)
    while True:
        while _complete(arrays, plan):
            relax(arrays, plan)
            routes = now.saved_routes
            for index in range(routes):
                shift = plan.saved_shift[index]
                if plan.tied_routes[shift].loose == RUINED:
                    mend(arrays, plan, shift)
        if arrays.count.depots > 0:
            relax(arrays, plan)
        if not tighten(arrays, plan):
            save(arrays, plan, plan.nodes[now.stuck].shift)
            take_out(arrays, plan, now.stuck)
            continue
        relabel(arrays, plan)
        is_whole = True
        for index in range(now.saved_routes):
            shift = plan.saved_shift[index]
            route = plan.tied_routes[shift]
            if route.loose > 0 or route.touched == now.touch:
                route.loose = 0
                if not settle(arrays, plan, shift):
                    dissolve(arrays, plan, shift)
                    is_whole = False
        if is_whole:
            return


@compiled
def _complete(arrays: Arrays, plan: Plan) -> bool:
    """Take out who is left without a visit that is required; whether any route has to be mended."""
    nodes, now = plan.nodes, plan.now
    changed = True
    while changed:
        changed = False
        for index in range(now.removed):
            gone = plan.removed[index]
            if nodes[gone].shift >= 0:
                continue
            bond = arrays.bonds[gone]
            first = bond.first_of_bundles
            for row in range(first, first + bond.number_of_bundles):
                other = arrays.bundles[row]
                if nodes[other].shift >= 0 and not has_required(arrays, plan, other):
                    save(arrays, plan, nodes[other].shift)
                    take_out(arrays, plan, other)
                    changed = True
    for index in range(now.saved_routes):
        if plan.tied_routes[plan.saved_shift[index]].loose == RUINED:
            return True
    return False


@compiled
def dissolve(arrays: Arrays, plan: Plan, shift: int) -> None:
    """Take everything off a route that cannot be kept any more."""
    node = plan.nodes[start_of(arrays, shift)].after
    while plan.nodes[node].call >= 0:
        after = plan.nodes[node].after
        take_out(arrays, plan, node)
        node = after
    label(arrays, plan, shift)
    settle(arrays, plan, shift)


@compiled
def _mend_supply(arrays: Arrays, plan: Plan, shift: int) -> None:
    """Drop the depot calls of the shift, and those of the technician's earlier ones, which may be
    for it; and call anew for what is lacking, where that costs least."""
    if plan.routes[shift].recount == 0 and plan.routes[shift].depot_calls == 0:
        return
    chain = arrays.shifts[shift].chain
    for index in range(first_of(arrays, chain), arrays.chain_ends[chain]):
        on = arrays.chains[index]
        if plan.routes[on].depot_calls > 0:
            _drop_calls(arrays, plan, on, shift)
        if on == shift:
            break
    changes = 0
    while True:
        lacking = recount(arrays, plan, shift)
        if lacking == SUPPLIED:
            break
        # What a call adds here is compared with what it adds on other days.
        if not settle(arrays, plan, shift):
            dissolve(arrays, plan, shift)
        elif _fetch(arrays, plan, lacking, shift):
            changes += 1
        else:
            # It may have been what an earlier call was for.
            do_without(arrays, plan, lacking)
            changes += 1
    if changes > 1:
        _drop_idle_calls(arrays, plan, shift)


@compiled
def _drop_calls(arrays: Arrays, plan: Plan, on: int, shift: int) -> None:
    """Take all depot calls off a route; its cost is brought up to date unless it is the shift
    given, which is still being mended."""
    nodes = plan.nodes
    save(arrays, plan, on)
    node = nodes[start_of(arrays, on)].after
    while nodes[node].call >= 0:
        after = nodes[node].after
        if nodes[node].call >= arrays.count.visits:
            unlink(arrays, plan, node)
        node = after
    if not label(arrays, plan, on) or (on != shift and not settle(arrays, plan, on)):
        dissolve(arrays, plan, on)


@compiled
def _drop_idle_calls(arrays: Arrays, plan: Plan, shift: int) -> None:
    """Take those depot calls off the routes of the shift's technician without which nobody lacks
    anything: a later call may have made an earlier one idle."""
    nodes = plan.nodes
    chain = arrays.shifts[shift].chain
    for index in range(first_of(arrays, chain), arrays.chain_ends[chain]):
        on = arrays.chains[index]
        node = nodes[start_of(arrays, on)].after
        while nodes[node].call >= 0:
            after = nodes[node].after
            if nodes[node].call >= arrays.count.visits:
                before = nodes[node].before
                save(arrays, plan, on)
                unlink(arrays, plan, node)
                is_idle = recount(arrays, plan, shift) == SUPPLIED
                if not (is_idle and label(arrays, plan, on) and settle(arrays, plan, on)):
                    link(arrays, plan, node, before)
                    label(arrays, plan, on)
                    settle(arrays, plan, on)
            node = after
    recount(arrays, plan, shift)


@compiled
def _fetch(arrays: Arrays, plan: Plan, lacking: int, shift: int) -> bool:
    """Call at a depot before the node for what it lacks, where that costs least; False if it cannot
    be had."""
    depot, after = cheapest_call(arrays, plan, lacking)
    if after < 0:
        return False
    on = plan.nodes[after].shift
    save(arrays, plan, on)
    link(arrays, plan, depot_call(arrays, plan, depot), after)
    label(arrays, plan, on)
    if on != shift:
        settle(arrays, plan, on)
    return True


@compiled
def do_without(arrays: Arrays, plan: Plan, node: int) -> None:
    """Take a visit off its route; its technician's supply is not brought up to date."""
    shift = plan.nodes[node].shift
    save(arrays, plan, shift)
    take_out(arrays, plan, node)
    if not (label(arrays, plan, shift) and settle(arrays, plan, shift)):
        dissolve(arrays, plan, shift)


@compiled
def settle_worst(arrays: Arrays, plan: Plan) -> None:
    """Bring the price of the largest lateness of all up to date."""
    if arrays.weights.worst_lateness > 0:
        now, worst = plan.now, 0
        for shift in range(arrays.count.shifts):
            worst = max(worst, plan.tied_routes[shift].worst)
        now.cents += arrays.weights.worst_lateness * (worst - now.worst)
        now.worst = worst


@compiled
def forget_removed(plan: Plan) -> None:
    """Nothing is taken out, or wanted, any more: the list for the next iteration is empty."""
    now = plan.now
    for index in range(now.removed):
        plan.is_removed[plan.removed[index]] = 0
    now.removed = 0
