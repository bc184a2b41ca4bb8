"""Two routes that change places from some stop on."""

from solver.kernel.arrays import RUINED, Arrays
from solver.kernel.changes import append, want
from solver.kernel.compiled import compiled
from solver.kernel.labels import label
from solver.kernel.limits import cost_of_times
from solver.kernel.persons import is_barred
from solver.kernel.plan import Plan, start_of, unlink
from solver.kernel.timing import NEVER, trial_of


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
    if arrays.count.links > 0:
        # What is known of tied visits is true of where they were.
        plan.tied_routes[own].loose = plan.tied_routes[other].loose = RUINED
        return True
    return _is_kept(arrays, plan, own) and _is_kept(arrays, plan, other)


@compiled
def _is_kept(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """Label the route anew; whether it can be kept in time, and within its limits."""
    if not label(arrays, plan, shift):
        return False
    if arrays.shifts[shift].limited == 0:
        return True
    length = trial_of(arrays, plan, shift)
    return cost_of_times(arrays, plan, shift, length, False) < NEVER


@compiled
def _cut_off(arrays: Arrays, plan: Plan, node: int, to: int, length: int) -> int:
    """Take all from the node on off its route, and write the visits that the shift ``to`` is able
    to do into ``plan.trial``, behind the ``length`` that are there; returns how many are then."""
    nodes = plan.nodes
    while nodes[node].call >= 0:
        after = nodes[node].after
        call = nodes[node].call
        if call < arrays.count.visits:
            if arrays.able[call, to] and not is_barred(arrays, plan, call, to):
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
