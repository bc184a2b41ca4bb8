"""Where a technician calls at a depot for what a stop lacks, at the least cost."""

from solver.kernel.arrays import Arrays
from solver.kernel.compiled import compiled, inlined
from solver.kernel.places import cents_behind, opening_cents
from solver.kernel.plan import Plan, start_of
from solver.kernel.supply import first_of, free_for
from solver.kernel.timing import NEVER

IF_NEED_BE = 2**58
"""Cents, more than any call costs."""


@compiled
def cheapest_call(arrays: Arrays, plan: Plan, lacking: int) -> tuple[int, int]:
    """The depot to call at for what the node lacks, and behind which node, on its own shift or on
    an earlier one of its technician: one that has all of it, if there is any, and where that costs
    least. The node is -1 if it cannot be had."""
    now = plan.now
    least, best_depot, best_after = NEVER, -1, -1
    if now.free_calls == 0 or _to_be_had(arrays, plan, lacking) < now.short:
        return best_depot, best_after
    best_has_all = False
    for depot in range(arrays.count.depots):
        if not _supplies_more(arrays, plan, lacking, depot):
            continue
        has_all = _supplies_all(arrays, plan, lacking, depot)
        if best_has_all and not has_all:
            continue
        limit = least if has_all == best_has_all else NEVER
        cents, after = _best_call(arrays, plan, lacking, depot, limit)
        if after >= 0:
            least, best_depot, best_after, best_has_all = cents, depot, after, has_all
    return best_depot, best_after


@compiled
def _best_call(arrays: Arrays, plan: Plan, lacking: int, depot: int, limit: int) -> tuple[int, int]:
    """What a call at the depot for what the node lacks adds at least, and behind which node; -1 if
    it adds ``limit`` or more wherever it is."""
    nodes = plan.nodes
    today = nodes[lacking].shift
    chain = arrays.shifts[today].chain
    call, best = arrays.count.visits + depot, -1
    for index in range(first_of(arrays, chain), arrays.chain_ends[chain]):
        on = arrays.chains[index]
        if on == today or arrays.stays[plan.now.lacking]:
            fixed = opening_cents(arrays, plan, on)
            if _is_overlooked(plan, depot, on):
                fixed += IF_NEED_BE
            node = start_of(arrays, on)
            until = lacking if on == today else node + 1
            while node != until:
                cents = cents_behind(arrays, plan, call, on, node, fixed, limit)
                if cents < limit:
                    limit, best = cents, node
                node = nodes[node].after
        if on == today:
            break
    return limit, best


@inlined
def _is_overlooked(plan: Plan, depot: int, shift: int) -> bool:
    """In one iteration of four, half of all calls are only made if need be, others each time: so
    that the search also comes to plans in which a call is not where it cost least at first."""
    iteration = plan.now.iteration
    return iteration % 4 == 3 and (iteration // 4 * 7 + depot * 5 + shift * 3) % 11 < 5


@compiled
def _supplies_all(arrays: Arrays, plan: Plan, lacking: int, depot: int) -> bool:
    """Whether the depot has all that the node lacks, after a ``recount`` that came to it: what it
    found lacking, and what it did not yet come to."""
    needs, now = arrays.calls[lacking], plan.now
    left, latest = plan.balance[0], plan.balance[1]
    is_come_to = False
    for row in range(needs.first_need, needs.first_need + needs.needs):
        item, short = arrays.needs[row].item, 0
        if item == now.lacking:
            short, is_come_to = now.short, True
        elif is_come_to and latest[item] < 0:
            # A tool in the van is not used up, and ``left`` of it is plenty.
            short = arrays.needs[row].number - left[item]
        if short > 0 and free_for(arrays, plan, plan.nodes[lacking].shift, depot, item) < short:
            return False
    return True


@compiled
def _supplies_more(arrays: Arrays, plan: Plan, lacking: int, depot: int) -> bool:
    """Whether one more call at the depot could help the node that lacks something: there is some,
    and it was not called at before."""
    nodes, item = plan.nodes, plan.now.lacking
    today = nodes[lacking].shift
    chain = arrays.shifts[today].chain
    if free_for(arrays, plan, today, depot, item) <= 0:
        return False
    call = arrays.count.visits + depot
    for index in range(first_of(arrays, chain), arrays.chain_ends[chain]):
        on = arrays.chains[index]
        if on == today or arrays.stays[item]:
            node = nodes[start_of(arrays, on)].after
            while nodes[node].call >= 0 and node != lacking:
                if nodes[node].call == call:
                    return False
                node = nodes[node].after
        if on == today:
            break
    return True


@compiled
def _to_be_had(arrays: Arrays, plan: Plan, lacking: int) -> int:
    """How many of what the node lacks more depot calls could bring in all."""
    number = 0
    shift = plan.nodes[lacking].shift
    for depot in range(arrays.count.depots):
        if _supplies_more(arrays, plan, lacking, depot):
            number += free_for(arrays, plan, shift, depot, plan.now.lacking)
    return number
