"""Labels: how a route can be timed, kept up to date from any node on, and back from it.

The label of a node says that as far as single windows go, breaks left out of account:
``duration``, ``early`` and ``late`` of the part from the start up to and with the node: it takes
``duration`` seconds at least, which it does if it starts between ``early`` and ``late``; the
``rest_…`` fields say the same of the part from the node, itself included, to the end. Two such
parts are joined in a handful of operations (Savelsbergh 1992; Vidal, Crainic, Gendreau & Prins, *A
hybrid genetic algorithm for a large class of vehicle routing problems with time windows*, Computers
& OR 2013), so that a visit is tried in a place without going through the route.
"""

from solver.kernel.arrays import Arrays, Records
from solver.kernel.compiled import compiled, inlined
from solver.kernel.plan import Plan, opening, start_of


@inlined
def is_time_free(arrays: Arrays) -> bool:
    """Whether no cost depends on how long a route takes, and nothing on the order of depot calls:
    of the labels only ``leave`` and ``rest_late`` are kept then."""
    weights = arrays.weights
    return weights.working_time == 0 and weights.overtime == 0 and arrays.count.depots == 0


@inlined
def _times_of(
    arrays: Arrays, plan: Plan, shift: Records, call: int, has_links: bool
) -> tuple[int, int, int]:
    """Between which moments a stop may begin, and how long it takes; at the ends of a route, where
    ``call`` is -1, between those of the shift."""
    if call < 0:
        return shift.start, shift.latest_end, 0
    opens, closes = opening(arrays, plan, shift.day, call, has_links)
    return opens, closes, arrays.windows[shift.day, call].service


@compiled
def _leave_from(arrays: Arrays, plan: Plan, node: int, all_anew: bool) -> bool:
    """``label_from`` where time is free: unless ``all_anew``, up to where nothing changes."""
    nodes = plan.nodes
    shift = arrays.shifts[nodes[node].shift]
    leave = nodes[nodes[node].before].leave
    has_links = arrays.count.links > 0
    first = node
    while True:
        here = nodes[node]
        opens, closes, service = _times_of(arrays, plan, shift, here.call, has_links)
        arrival = leave + here.leg
        if arrival > closes:
            return False
        leave = max(arrival, opens) + service
        if leave == here.leave and node != first and not all_anew:
            return True
        here.leave = leave
        if here.call < 0:
            return True
        node = here.after


@compiled
def _late_back_from(arrays: Arrays, plan: Plan, node: int, all_anew: bool) -> None:
    """``label_back_from`` where time is free: unless ``all_anew``, up to where nothing changes."""
    nodes = plan.nodes
    shift = arrays.shifts[nodes[node].shift]
    after = nodes[node].after
    late, onward = nodes[after].rest_late, nodes[after].leg
    has_links = arrays.count.links > 0
    first = node
    while True:
        here = nodes[node]
        _, closes, service = _times_of(arrays, plan, shift, here.call, has_links)
        late = min(late - service - onward, closes)
        if late == here.rest_late and node != first and not all_anew:
            return
        here.rest_late = late
        if here.call < 0:
            return
        onward = here.leg
        node = here.before


@compiled
def label_from(arrays: Arrays, plan: Plan, node: int) -> bool:
    """Bring labels and positions up to date from the node to the end of its route; False if some
    stop comes too late."""
    if is_time_free(arrays):
        return _leave_from(arrays, plan, node, False)
    nodes = plan.nodes
    shift = arrays.shifts[nodes[node].shift]
    before = nodes[node].before
    duration, early, late = nodes[before].duration, nodes[before].early, nodes[before].late
    position = nodes[before].position
    has_links = arrays.count.links > 0
    while True:
        here = nodes[node]
        opens, closes, service = _times_of(arrays, plan, shift, here.call, has_links)
        duration += here.leg
        if early + duration > closes:
            return False
        wait = max(opens - duration - late, 0)
        early = max(opens - duration, early) - wait
        late = min(closes - duration, late)
        duration += wait + service
        position += 1
        here.duration, here.early, here.late = duration, early, late
        here.leave, here.position = early + duration, position
        if here.call < 0:
            return True
        node = here.after


@compiled
def label_back_from(arrays: Arrays, plan: Plan, node: int) -> None:
    """Bring the ``rest_…`` labels up to date from the node back to the start of its route."""
    if is_time_free(arrays):
        _late_back_from(arrays, plan, node, False)
        return
    nodes = plan.nodes
    shift = arrays.shifts[nodes[node].shift]
    after = nodes[node].after
    rest, early, late = nodes[after].rest_duration, nodes[after].rest_early, nodes[after].rest_late
    onward = nodes[after].leg
    has_links = arrays.count.links > 0
    while True:
        here = nodes[node]
        opens, closes, service = _times_of(arrays, plan, shift, here.call, has_links)
        ahead = service + onward
        wait = max(early - ahead - closes, 0)
        early = max(early - ahead, opens) - wait
        late = min(late - ahead, closes)
        rest += ahead + wait
        here.rest_duration, here.rest_early, here.rest_late = rest, early, late
        onward = here.leg
        if here.call < 0:
            return
        node = here.before


@compiled
def label(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """All labels of the route anew; False if some stop comes too late."""
    nodes = plan.nodes
    start = start_of(arrays, shift)
    on = arrays.shifts[shift]
    for end in (start, start + 1):
        here = nodes[end]
        here.duration = here.rest_duration = here.position = 0
        here.early = here.leave = here.rest_early = on.start
        here.late = here.rest_late = on.latest_end
    if is_time_free(arrays):
        _late_back_from(arrays, plan, nodes[start + 1].before, True)
        return _leave_from(arrays, plan, nodes[start].after, True)
    nodes[start + 1].position = 1
    label_back_from(arrays, plan, nodes[start + 1].before)
    return label_from(arrays, plan, nodes[start].after)
