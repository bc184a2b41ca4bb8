"""Tied visits that start later than they could, where to wait before them is cheaper than behind.

A tied visit starts as early as it can (``ties``). If a technician then waits for what comes next,
and working time costs, it may be held until there is nothing to wait for: that is cheaper unless it
costs its partners more.
"""

from solver.kernel.arrays import ALWAYS, CHANGED, TIMED, Arrays
from solver.kernel.changes import settle_touched
from solver.kernel.compiled import compiled
from solver.kernel.dice import Dice, roll
from solver.kernel.labels import is_time_free
from solver.kernel.plan import Plan, start_of
from solver.kernel.tied import begin_change, mark
from solver.kernel.ties import hold, relabel, relax_and_tighten, rewind

SHARE_LET_GO = 0.5
"""So often it is tried whether a visit that is held should be."""


@compiled
def hold_back(arrays: Arrays, plan: Plan, dice: Dice) -> None:
    """Hold the tied visits on the routes that this iteration has saved, where that is cheaper; let
    others go."""
    if arrays.count.links == 0 or is_time_free(arrays):
        return
    nodes = plan.nodes
    for index in range(plan.now.saved_routes):
        shift = plan.saved_shift[index]
        # From the end on: whoever is held back lets those before wait, who may then be held, too.
        node = nodes[start_of(arrays, shift) + 1].before
        while nodes[node].call >= 0:
            if arrays.calls[nodes[node].call].links & TIMED > 0:
                if plan.linked[node].hold > -ALWAYS and roll(dice) < SHARE_LET_GO:
                    _let_go(arrays, plan, node)
                _hold_back(arrays, plan, node)
            node = nodes[node].before


@compiled
def _hold_back(arrays: Arrays, plan: Plan, visit: int) -> bool:
    """Hold the visit so long that there is no wait behind it, if that costs less."""
    nodes, now = plan.nodes, plan.now
    after, day = nodes[visit].after, arrays.shifts[nodes[visit].shift].day
    moment = nodes[after].rest_early - nodes[after].leg - arrays.windows[day, visit].service
    moment = min(moment, nodes[visit].rest_late)
    if moment <= plan.linked[visit].early:
        return False
    before = now.cents
    begin_change(plan)
    if hold(arrays, plan, visit, moment):
        relabel(arrays, plan)
        if settle_touched(arrays, plan) and now.cents < before:
            return True
    rewind(arrays, plan)
    settle_touched(arrays, plan)
    return False


@compiled
def _let_go(arrays: Arrays, plan: Plan, visit: int) -> bool:
    """Let a visit that is held start as early as it can, unless that costs more."""
    now, shift = plan.now, plan.nodes[visit].shift
    before = now.cents
    begin_change(plan)
    mark(plan, visit)
    plan.linked[visit].hold = -ALWAYS
    plan.tied_routes[shift].loose = CHANGED
    if relax_and_tighten(arrays, plan, shift):
        relabel(arrays, plan)
        if settle_touched(arrays, plan) and now.cents <= before:
            return True
    rewind(arrays, plan)
    settle_touched(arrays, plan)
    return False
