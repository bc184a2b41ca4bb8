"""Changes to a plan that leave it whole: labels, supply and costs are right after each of them.

Every route is saved before its first change in an iteration (``undoing``).
"""

from solver.kernel.arrays import Arrays, Ints
from solver.kernel.compiled import compiled
from solver.kernel.fetching import cheapest_call
from solver.kernel.labels import label, label_back_from, label_from
from solver.kernel.limits import cost_of_times
from solver.kernel.places import Insertion
from solver.kernel.plan import END_OF_ROUTE, Plan, depot_call, link, start_of, unlink
from solver.kernel.supply import SUPPLIED, first_of, give_back, recount, use
from solver.kernel.timing import NEVER, trial_of
from solver.kernel.undoing import begin_iteration, save


@compiled
def settle(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """Bring the cost of a labelled route up to date; False if it cannot be kept in time, or not
    within its limits.

    This is the one list of what a route costs.
    """
    route, on, now, weights = plan.routes[shift], arrays.shifts[shift], plan.now, arrays.weights
    now.cents -= route.cents
    route.cents = route.times_cents = route.duration = route.overtime = route.slack = 0
    if route.stops == 0:
        return True
    end = plan.nodes[start_of(arrays, shift) + 1]
    route.duration = end.duration
    route.overtime = max(0, end.leave - on.end)
    route.times_cents = on.working_time * route.duration + weights.overtime * route.overtime
    if on.intricate > 0 or route.intricate > 0:
        times = cost_of_times(arrays, plan, shift, trial_of(arrays, plan, shift))
        if times == NEVER:
            return False
        explained = route.times_cents + on.working_time * on.rest
        route.slack = max(0, times - explained)
        route.times_cents = times
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
    """Place the visit; False, and nothing changed, if that takes what a depot does not have."""
    save(arrays, plan, shift)
    needs = arrays.calls[visit].needs > 0
    fetch = -1
    after = place.after
    if place.depot >= 0:
        fetch = depot_call(arrays, plan, place.depot)
        link(arrays, plan, fetch, place.call_after)
        if after < 0:
            after = fetch
    link(arrays, plan, visit, after)
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
        return False
    if fetch >= 0:
        label(arrays, plan, shift)
    else:
        label_from(arrays, plan, visit)
        label_back_from(arrays, plan, visit)
    settle(arrays, plan, shift)
    return True


@compiled
def put_and_fetch(arrays: Arrays, plan: Plan, visit: int, shift: int, node: int) -> bool:
    """Place the visit behind the node, and call at as many depots as it takes for what it lacks;
    False if it cannot be had: the visit, or another one on the route, is out again."""
    save(arrays, plan, shift)
    link(arrays, plan, visit, node)
    plan.routes[shift].recount = 1
    mend(arrays, plan, shift)
    return bool(plan.nodes[visit].shift == shift)


@compiled
def take_out(arrays: Arrays, plan: Plan, node: int) -> None:
    """Take a visit or a depot call off its route; ``mend`` has to follow for the route."""
    call = plan.nodes[node].call
    if call < arrays.count.visits:
        give_back(arrays, plan, call, plan.nodes[node].shift)
        want(plan, call)
    unlink(arrays, plan, node)


@compiled
def exchange_tails(arrays: Arrays, plan: Plan, tail: int, cut: int) -> bool:
    """Let two routes change places from these nodes on; visits that the other one is not able to
    do are taken out. ``mend`` has to follow for both; False if one of them cannot be kept.
    """
    own, other = plan.nodes[tail].shift, plan.nodes[cut].shift
    kept = _cut_off(arrays, plan, tail, other, 0)
    length = _cut_off(arrays, plan, cut, own, kept)
    for index in range(length):
        append(arrays, plan, other if index < kept else own, plan.trial[index])
    plan.routes[own].recount = plan.routes[other].recount = 1
    return _is_kept(arrays, plan, own) and _is_kept(arrays, plan, other)


@compiled
def _is_kept(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """Label the route anew; whether it can be kept in time, and within its limits."""
    if not label(arrays, plan, shift):
        return False
    if arrays.shifts[shift].limited == 0:
        return True
    return cost_of_times(arrays, plan, shift, trial_of(arrays, plan, shift)) < NEVER


@compiled
def _cut_off(arrays: Arrays, plan: Plan, node: int, to: int, length: int) -> int:
    """Take all from the node on off its route, and write the visits that the shift ``to`` is able
    to do into ``plan.trial``, behind the ``length`` that are there; returns how many are then."""
    nodes = plan.nodes
    while nodes[node].call >= 0:
        after = nodes[node].after
        call = nodes[node].call
        if call < arrays.count.visits:
            if arrays.able[call, to]:
                plan.trial[length] = call
                length += 1
            else:
                want(plan, call)
        unlink(arrays, plan, node)
        node = after
    return length


@compiled
def nearest_cut(arrays: Arrays, plan: Plan, tail: int, shift: int) -> int:
    """The node of the shift's route from which on it could change places with the tail of another,
    by the labels, for the shortest ways; -1 if there is none."""
    nodes, arcs, weight = plan.nodes, arrays.arcs, arrays.weights.working_time
    last = nodes[tail].before
    nearest, cut = NEVER, -1
    before = start_of(arrays, shift)
    while True:
        node = nodes[before].after
        if nodes[tail].call < 0 and nodes[node].call < 0:
            return cut
        to = arcs[nodes[last].place, nodes[node].place]
        back = arcs[nodes[before].place, nodes[tail].place]
        if nodes[before].leave + back[0] > nodes[tail].rest_late:
            return cut
        if nodes[last].leave + to[0] <= nodes[node].rest_late:
            way = to[1] + back[1] - nodes[node].leg_cents
            way += weight * (to[0] + back[0] - nodes[node].leg)
            if way < nearest:
                nearest, cut = way, node
        if nodes[node].call < 0:
            return cut
        before = node


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
    fetched = 0
    while True:
        lacking = recount(arrays, plan, shift)
        if lacking == SUPPLIED:
            break
        # What a call adds here is compared with what it adds on other days.
        if not settle(arrays, plan, shift):
            dissolve(arrays, plan, shift)
        elif _fetch(arrays, plan, lacking, shift):
            fetched += 1
        else:
            _do_without(arrays, plan, lacking)
    if fetched > 1:
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
def _do_without(arrays: Arrays, plan: Plan, node: int) -> None:
    """Take a visit off its route; its technician's supply is not brought up to date."""
    shift = plan.nodes[node].shift
    save(arrays, plan, shift)
    take_out(arrays, plan, node)
    if not (label(arrays, plan, shift) and settle(arrays, plan, shift)):
        dissolve(arrays, plan, shift)


@compiled
def load(arrays: Arrays, plan: Plan, row: Ints) -> None:
    """Take over a plan written as one row of calls, as far as it can be kept; nothing is saved."""
    now = plan.now
    shifts = arrays.count.shifts
    for shift in range(shifts):
        clear(arrays, plan, shift)
        plan.routes[shift].recount = 1
    plan.taken[:] = 0
    plan.taken_by[:] = 0
    shift = 0
    for call in row:
        if shift == shifts:
            break
        if call == END_OF_ROUTE:
            shift += 1
        else:
            append(arrays, plan, shift, call)
    begin_iteration(plan)
    now.removed = 0
    for shift in range(shifts):
        if not (label(arrays, plan, shift) and settle(arrays, plan, shift)):
            dissolve(arrays, plan, shift)
    for shift in range(shifts):
        while arrays.count.items > 0:
            lacking = recount(arrays, plan, shift)
            if lacking == SUPPLIED:
                break
            _do_without(arrays, plan, lacking)
            idle = plan.routes[shift].depot_calls == plan.routes[shift].stops
            if idle and arrays.shifts[shift].only:
                dissolve(arrays, plan, shift)
    forget_removed(plan)


@compiled
def forget_removed(plan: Plan) -> None:
    """Nothing is taken out, or wanted, any more: the list for the next iteration is empty."""
    now = plan.now
    for index in range(now.removed):
        plan.is_removed[plan.removed[index]] = 0
    now.removed = 0


@compiled
def keep_as_best(arrays: Arrays, plan: Plan) -> None:
    """Write the plan down as the best so far."""
    now = plan.now
    length = 0
    for shift in range(arrays.count.shifts):
        node = plan.nodes[start_of(arrays, shift)].after
        while plan.nodes[node].call >= 0:
            plan.best[length] = plan.nodes[node].call
            length += 1
            node = plan.nodes[node].after
        plan.best[length] = END_OF_ROUTE
        length += 1
    now.best_length = length
    now.best_unassigned = now.unassigned
    now.best_cents = now.cents
