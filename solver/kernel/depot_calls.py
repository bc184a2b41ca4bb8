"""Where one more visit could go together with a depot call, for what the van does not have."""

from solver.kernel.arrays import Arrays
from solver.kernel.compiled import compiled
from solver.kernel.places import (
    Insertion,
    cents_behind,
    is_simple,
    joined,
    nowhere,
    times_added,
    trial_with,
)
from solver.kernel.plan import Plan, is_intricate, leg_cents, opening, start_of
from solver.kernel.supply import usable_with


@compiled
def best_with_depot_call(
    arrays: Arrays, plan: Plan, visit: int, shift: int, fixed: int, limit: int
) -> Insertion:
    """The best place for the visit and, somewhere before it, one more depot call."""
    best = nowhere()
    if plan.now.free_calls == 0:
        return best
    last = _last_place(arrays, plan, visit, shift, fixed, limit)
    if last < 0:
        return best
    for depot in range(arrays.count.depots):
        usable = usable_with(arrays, plan, visit, shift, depot)
        if usable <= last:
            found = _best_with_call_at(
                arrays, plan, visit, shift, depot, usable, last, fixed, limit
            )
            if found.cents < limit:
                best, limit = found, found.cents
    return best


@compiled
def _last_place(arrays: Arrays, plan: Plan, visit: int, shift: int, fixed: int, limit: int) -> int:
    """The position behind which the visit could be at the latest if it lacked nothing, by the
    labels; -1 if nowhere. A detour by a depot makes no place better."""
    nodes, last = plan.nodes, -1
    node = start_of(arrays, shift)
    simple = is_simple(arrays, plan, visit, shift)
    opens, closes = opening(arrays, plan, arrays.shifts[shift].day, visit, True)
    while nodes[node].leave <= closes:
        after = nodes[node].after
        if nodes[after].rest_late >= opens and (
            not simple or cents_behind(arrays, plan, visit, shift, node, fixed, limit) < limit
        ):
            last = nodes[node].position
        if nodes[after].call < 0:
            break
        node = after
    return last


@compiled
def _best_with_call_at(
    arrays: Arrays,
    plan: Plan,
    visit: int,
    shift: int,
    depot: int,
    usable: int,
    last: int,
    fixed: int,
    limit: int,
) -> Insertion:
    """The best place for both, the visit behind position ``usable`` at the earliest and ``last`` at
    the latest."""
    nodes, arcs, weights = plan.nodes, arrays.arcs, arrays.weights
    here, on, route = arrays.calls[visit], arrays.shifts[shift], plan.routes[shift]
    place = here.place
    fetch = arrays.calls[arrays.count.visits + depot]
    service = arrays.windows[on.day, visit].service
    own_opens, own_closes = opening(arrays, plan, on.day, visit, True)
    fetch_window = arrays.windows[on.day, arrays.count.visits + depot]
    simple = is_simple(arrays, plan, visit, shift) and not is_intricate(
        arrays, arrays.count.visits + depot, shift
    )
    has_links = arrays.count.links > 0
    best = nowhere()
    first = start_of(arrays, shift)
    while nodes[first].call >= 0 or nodes[first].position == 0:
        # From here to the depot, and from there on stop by stop, with the visit behind each.
        if nodes[first].position > last:
            break
        opens, closes, seconds = fetch_window.open, fetch_window.close, fetch.duration
        ahead = nodes[first].duration + arcs[nodes[first].place, fetch.place, 0]
        early, late = nodes[first].early, nodes[first].late
        at = fetch.place
        after = nodes[first].after
        added = leg_cents(arcs, on, nodes[first].place, at)
        replaced = nodes[after].leg_cents
        behind = -1
        while early + ahead <= closes:
            wait = max(opens - ahead - late, 0)
            early = max(opens - ahead, early) - wait
            late = min(closes - ahead, late)
            duration = ahead + wait + seconds
            to, onward = arcs[at, place, 0], arcs[place, nodes[after].place, 0]
            begin = max(early + duration + to, own_opens)
            if (
                nodes[after].position > usable
                and begin <= own_closes
                and begin + service + onward <= nodes[after].rest_late
            ):
                arc_cents = added + leg_cents(arcs, on, at, place)
                arc_cents += leg_cents(arcs, on, place, nodes[after].place)
                cents = fixed + arc_cents - replaced
                whole, end = joined(
                    duration,
                    early,
                    late,
                    to,
                    own_opens,
                    own_closes,
                    service,
                    onward,
                    nodes[after].rest_duration,
                    nodes[after].rest_early,
                    nodes[after].rest_late,
                )
                cents += on.working_time * (whole - route.duration)
                cents += weights.overtime * (max(0, end - on.end) - route.overtime)
                cents += here.late_cents * max(0, begin + service - here.due)
                cents += here.prompt_cents * max(0, begin - here.ready) - route.slack
                if cents < limit and not simple:
                    length = trial_with(arrays, plan, shift, first, depot, visit, behind)
                    cents = fixed + arc_cents - replaced
                    cents += times_added(arrays, plan, shift, length)
                if cents < limit:
                    limit = cents
                    best = Insertion(cents, behind, depot, first)
            if nodes[after].call < 0 or nodes[after].position > last:
                break
            opens, closes = opening(arrays, plan, on.day, nodes[after].call, has_links)
            seconds = arrays.windows[on.day, nodes[after].call].service
            ahead = duration + arcs[at, nodes[after].place, 0]
            added += leg_cents(arcs, on, at, nodes[after].place)
            at = nodes[after].place
            behind = after
            after = nodes[after].after
            replaced += nodes[after].leg_cents
        first = nodes[first].after
    return best
