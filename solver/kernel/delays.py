"""What times cost where everything is best done as early as it can (``count.earliest``).

Then the labels say when each stop begins, and one more call costs what it delays: those behind it
until a wait takes that up, and the partners of tied visits among them. No curves are needed.
"""

from typing import NamedTuple

from solver.kernel.arrays import TIMED, Arrays, Records
from solver.kernel.compiled import compiled, inlined
from solver.kernel.plan import Plan, opening, start_of
from solver.kernel.timing import NEVER


class Delay(NamedTuple):
    """Cents, or NEVER; and the largest lateness, in seconds."""

    cents: int
    worst: int


@inlined
def lag_of(arrays: Arrays, plan: Plan, earlier: int, later: int, tie: Records) -> int:
    """Seconds from the start of the earlier visit to that of the later one, at least; if the one
    that counts is on no route, whoever may make it."""
    if tie.served > 0:
        shift = plan.nodes[earlier].shift
        if shift < 0:
            return tie.lag + arrays.bonds[earlier].longest
        return tie.lag + arrays.windows[arrays.shifts[shift].day, earlier].service
    if tie.served < 0:
        shift = plan.nodes[later].shift
        if shift < 0:
            return tie.lag - arrays.bonds[later].shortest
        return tie.lag - arrays.windows[arrays.shifts[shift].day, later].service
    return tie.lag


@inlined
def _cents_from(here: Records, begin: int, service: int) -> int:
    """What it costs that the call begins then."""
    late = here.late_cents * max(0, begin + service - here.due)
    return late + here.prompt_cents * max(0, begin - here.ready)


@compiled
def cents_of_route(arrays: Arrays, plan: Plan, shift: int) -> Delay:
    """What the labelled route's times cost."""
    nodes, windows = plan.nodes, arrays.windows[arrays.shifts[shift].day]
    cents = worst = 0
    node = nodes[start_of(arrays, shift)].after
    while nodes[node].call >= 0:
        here, service = arrays.calls[nodes[node].call], windows[nodes[node].call].service
        cents += _cents_from(here, nodes[node].leave - service, service)
        worst = max(worst, nodes[node].leave - here.due)
        node = nodes[node].after
    return Delay(cents, worst)


@compiled
def cents_of_delay(arrays: Arrays, plan: Plan, call: int, shift: int, node: int, limit: int) -> int:
    """What the call costs for times right behind the node, partners included as far as can be seen
    from here; NEVER if it cannot be there, or costs as much as ``limit``."""
    nodes, arcs, now, here = plan.nodes, arrays.arcs, plan.now, arrays.calls[call]
    day = arrays.shifts[shift].day
    opens, _ = opening(arrays, plan, day, call, True)
    service = arrays.windows[day, call].service
    begin = max(nodes[node].leave + arcs[nodes[node].place, here.place, 0], opens)
    cents = _cents_from(here, begin, service)
    worst = max(now.worst, begin + service - here.due)
    weight = arrays.weights.worst_lateness
    if here.links & TIMED > 0:
        bond = arrays.bonds[call]
        for row in range(
            bond.first_of_ties_from, bond.first_of_ties_from + bond.number_of_ties_from
        ):
            tie = arrays.ties_from[row]
            if nodes[tie.visit].shift >= 0:
                moment = begin + tie.lag + service
                if tie.served <= 0:
                    moment = begin + lag_of(arrays, plan, call, tie.visit, tie)
                if moment > plan.linked[tie.visit].early:
                    more = _behind_partner(arrays, plan, tie.visit, moment, call, begin, limit)
                    if more.cents == NEVER:
                        return NEVER
                    cents += more.cents
                    worst = max(worst, more.worst)
    after = nodes[node].after
    arrival = begin + service + arcs[here.place, nodes[after].place, 0]
    more = _behind(arrays, plan, after, arrival, call, begin, limit)
    if more.cents == NEVER:
        return NEVER
    cents += more.cents
    worst = max(worst, more.worst)
    return cents + weight * (worst - now.worst)


@compiled
def _behind(
    arrays: Arrays, plan: Plan, node: int, arrival: int, call: int, begin: int, limit: int
) -> Delay:
    """What it costs to be at the node at another time, from there to the end of the route: for
    partners, and for partners of those. NEVER if that would let the ``call``, which is on no route
    yet, begin later than at ``begin``."""
    nodes = plan.nodes
    day = arrays.shifts[nodes[node].shift].day
    cents = worst = 0
    while nodes[node].call >= 0:
        visit = nodes[node].call
        here = arrays.calls[visit]
        opens, closes = opening(arrays, plan, day, visit, True)
        service = arrays.windows[day, visit].service
        start, before = max(arrival, opens), nodes[node].leave - service
        if start == before:
            break
        if start > closes:
            return Delay(NEVER, 0)
        cents += _cents_from(here, start, service) - _cents_from(here, before, service)
        worst = max(worst, start + service - here.due)
        if cents >= limit:
            return Delay(NEVER, 0)
        if here.links & TIMED > 0 and start > before:
            more = _partners_of(arrays, plan, visit, start, call, begin, limit)
            if more.cents == NEVER:
                return more
            cents += more.cents
            worst = max(worst, more.worst)
        after = nodes[node].after
        arrival = start + service + nodes[after].leg
        node = after
    return Delay(cents, worst)


@compiled
def _partners_of(
    arrays: Arrays, plan: Plan, visit: int, start: int, call: int, begin: int, limit: int
) -> Delay:
    """The same for the partners of a visit that begins at ``start``."""
    bond = arrays.bonds[visit]
    cents = worst = 0
    for row in range(bond.first_of_ties_from, bond.first_of_ties_from + bond.number_of_ties_from):
        tie = arrays.ties_from[row]
        moment = start + lag_of(arrays, plan, visit, tie.visit, tie)
        if tie.visit == call:
            if moment > begin:
                return Delay(NEVER, 0)
        elif plan.nodes[tie.visit].shift >= 0 and moment > plan.linked[tie.visit].early:
            more = _behind_partner(arrays, plan, tie.visit, moment, call, begin, limit)
            if more.cents == NEVER:
                return more
            cents += more.cents
            worst = max(worst, more.worst)
    return Delay(cents, worst)


@compiled
def _behind_partner(
    arrays: Arrays, plan: Plan, node: int, arrival: int, call: int, begin: int, limit: int
) -> Delay:
    """The same for a partner and those behind it; what their own partners cost is left out."""
    nodes = plan.nodes
    day = arrays.shifts[nodes[node].shift].day
    cents = worst = 0
    while nodes[node].call >= 0:
        visit = nodes[node].call
        here = arrays.calls[visit]
        opens, closes = opening(arrays, plan, day, visit, True)
        service = arrays.windows[day, visit].service
        start, before = max(arrival, opens), nodes[node].leave - service
        if start <= before:
            break
        if start > closes:
            return Delay(NEVER, 0)
        cents += _cents_from(here, start, service) - _cents_from(here, before, service)
        worst = max(worst, start + service - here.due)
        if cents >= limit:
            return Delay(NEVER, 0)
        if here.links & TIMED > 0:
            bond = arrays.bonds[visit]
            first = bond.first_of_ties_from
            for row in range(first, first + bond.number_of_ties_from):
                tie = arrays.ties_from[row]
                if tie.visit == call and start + lag_of(arrays, plan, visit, call, tie) > begin:
                    return Delay(NEVER, 0)
        after = nodes[node].after
        arrival = start + service + nodes[after].leg
        node = after
    return Delay(cents, worst)
