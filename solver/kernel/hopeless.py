"""Which visits no shift could ever attend: the search does not try to place them."""

from solver.kernel.arrays import Arrays
from solver.kernel.compiled import compiled
from solver.kernel.places import cents_behind
from solver.kernel.plan import Plan, start_of
from solver.kernel.timing import NEVER


@compiled
def find_hopeless(arrays: Arrays, plan: Plan) -> None:
    """Mark the visits that no shift has the time for, be it by way of another place."""
    for visit in range(arrays.count.visits):
        plan.hopeless[visit] = 1
        for shift in range(arrays.count.shifts):
            if arrays.able[visit, shift]:
                node = start_of(arrays, shift)
                if cents_behind(arrays, plan, visit, shift, node, 0, NEVER) < NEVER:
                    plan.hopeless[visit] = 0
                    break
        if plan.hopeless[visit] == 1 and _can_be_passed_by(arrays, visit):
            plan.hopeless[visit] = 0
    if arrays.count.links > 0:
        _spread(arrays, plan)


@compiled
def _spread(arrays: Arrays, plan: Plan) -> None:
    """Who is never served without a visit that is hopeless is so, too."""
    changed = True
    while changed:
        changed = False
        for visit in range(arrays.count.visits):
            bond = arrays.bonds[visit]
            first = bond.first_of_required
            for row in range(first, first + bond.number_of_required):
                if plan.hopeless[arrays.required[row]] > plan.hopeless[visit]:
                    plan.hopeless[visit] = 1
                    changed = True


@compiled
def _can_be_passed_by(arrays: Arrays, visit: int) -> bool:
    """Whether some shift might have time for the visit if it came by a third place, and went home
    by one: legs need not be the shortest ways."""
    arcs, here = arrays.arcs, arrays.calls[visit]
    there = back = NEVER
    for place in range(arcs.shape[0]):
        if place != here.place:
            there = min(there, arcs[place, here.place, 0])
            back = min(back, arcs[here.place, place, 0])
    for shift in range(arrays.count.shifts):
        on = arrays.shifts[shift]
        window = arrays.windows[on.day, visit]
        if not arrays.able[visit, shift]:
            continue
        begin = max(on.start + there, window.open)
        if begin > window.close or begin + window.service + back > on.latest_end:
            continue
        to_it = from_it = NEVER
        for place in range(arcs.shape[0]):
            to_it = min(to_it, arcs[on.start_place, place, 0] + arcs[place, here.place, 0])
            from_it = min(from_it, arcs[here.place, place, 0] + arcs[place, on.end_place, 0])
        begin = max(on.start + to_it, window.open)
        if begin <= window.close and begin + window.service + from_it <= on.latest_end:
            return True
    return False
