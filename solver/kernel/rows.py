"""Plans written as one row of calls: taken over from one, and written down as one."""

from solver.kernel.arrays import ALWAYS, TIMED, Arrays, Ints
from solver.kernel.changes import (
    append,
    clear,
    dissolve,
    do_without,
    forget_removed,
    repair,
    settle,
    settle_worst,
    take_out,
)
from solver.kernel.compiled import compiled
from solver.kernel.labels import label
from solver.kernel.persons import has_required, is_barred
from solver.kernel.plan import END_OF_ROUTE, Plan, start_of
from solver.kernel.rough import is_rough
from solver.kernel.supply import SUPPLIED, recount
from solver.kernel.undoing import begin_iteration, save


@compiled
def load(arrays: Arrays, plan: Plan, row: Ints) -> None:
    """Take over a plan written as one row of calls, as far as it can be kept; nothing is saved.

    Behind the last route there may be pairs: a tied visit, and before when it does not start,
    ``ALWAYS`` later so that it is no END_OF_ROUTE.
    """
    now = plan.now
    shifts = arrays.count.shifts
    for shift in range(shifts):
        clear(arrays, plan, shift)
        plan.routes[shift].recount = 1
    for visit in range(arrays.count.visits if arrays.count.links > 0 else 0):
        tied = plan.linked[visit]
        tied.early, tied.late, tied.hold = -ALWAYS, ALWAYS, -ALWAYS
    plan.taken[:] = 0
    plan.taken_by[:] = 0
    shift = held = 0
    for call in row:
        if shift == shifts:
            break
        held += 1
        if call == END_OF_ROUTE:
            shift += 1
        else:
            append(arrays, plan, shift, call)
    while held + 1 < row.shape[0] and arrays.count.links > 0:
        if plan.nodes[row[held]].shift >= 0:
            plan.linked[row[held]].hold = row[held + 1] - ALWAYS
        held += 2
    begin_iteration(plan)
    now.removed = 0
    if arrays.count.links > 0:
        _keep_apart(arrays, plan)
    for shift in range(shifts):
        if not (label(arrays, plan, shift) and settle(arrays, plan, shift)):
            dissolve(arrays, plan, shift)
    for shift in range(shifts):
        while arrays.count.items > 0:
            lacking = recount(arrays, plan, shift)
            if lacking == SUPPLIED:
                break
            do_without(arrays, plan, lacking)
            idle = plan.routes[shift].depot_calls == plan.routes[shift].stops
            if idle and arrays.shifts[shift].only:
                dissolve(arrays, plan, shift)
    if arrays.count.links > 0:
        repair(arrays, plan)
    settle_worst(arrays, plan)
    forget_removed(plan)


@compiled
def _keep_apart(arrays: Arrays, plan: Plan) -> None:
    """Take out who is where those are who must not be there, or without those that are required;
    and save all routes for a ``repair``."""
    nodes = plan.nodes
    for shift in range(arrays.count.shifts):
        save(arrays, plan, shift)
    changed = True
    while changed:
        changed = False
        for visit in range(arrays.count.visits):
            shift = nodes[visit].shift
            if shift >= 0 and (
                is_barred(arrays, plan, visit, shift) or not has_required(arrays, plan, visit)
            ):
                take_out(arrays, plan, visit)
                changed = True


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
    for visit in range(arrays.count.visits if arrays.count.links > 0 else 0):
        shift, moment = plan.nodes[visit].shift, plan.linked[visit].hold
        if shift >= 0 and arrays.calls[visit].links & TIMED > 0 and is_rough(arrays, plan, shift):
            # Which breaks come before it is known only by its moment.
            moment = plan.linked[visit].early
        if shift >= 0 and moment > -ALWAYS:
            plan.best[length], plan.best[length + 1] = visit, moment + ALWAYS
            length += 2
    now.best_length = length
    now.best_unassigned = now.unassigned
    now.best_cents = now.cents
