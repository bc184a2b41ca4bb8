"""The plan that the compiled search works on: routes as linked lists of nodes.

A node is a visit, the start or end of a shift's route, or one of a pool of depot calls. It carries
a label of how its route can be timed (``labels``).
"""

import numpy as np
import numpy.typing as npt

from solver.kernel.arrays import CHANGED, SHIFT, TIMED, Arrays, Ints, Records
from solver.kernel.bonds import loose_ends
from solver.kernel.compiled import compiled, inlined
from solver.kernel.records import KNOWN, NODE, NOW, ROUTE
from solver.kernel.views import Views


class Plan(Views):
    """Everything that changes during a search; ``now`` holds its single numbers."""

    nodes: Records
    routes: Records
    now: Records
    room: Ints
    """(s, k): how much more the van could give up on that shift, before any depot call for it; of a
    counted tool that is lent, LENT or less."""
    from_depot: Ints
    """(s, k): the position on the route from which on a depot has supplied it; NOWHERE if none."""
    taken: Ints
    """(d, c): what all technicians take."""
    taken_by: Ints
    """(technicians, d, c), or empty if nothing is scarce."""
    pool: Ints
    """All nodes for depot calls: first those that are free, then those in use."""
    pool_at: Ints
    """Where in ``pool`` each of them is."""
    unassigned: Ints
    """All visits: first those that are unassigned, then the others."""
    unassigned_at: Ints
    removed: Ints
    """Visits that the current iteration took out or wants to place."""
    is_removed: Ints
    hopeless: Ints
    """Whether a visit cannot be placed even while there is nothing else."""
    order: npt.NDArray[np.float64]
    saved: Ints
    """Nodes of the routes as they were before the current iteration, and their records."""
    saved_nodes: Records
    saved_shift: Ints
    saved_routes: Records
    saved_room: Ints
    """(s, 2, k): ``room`` and ``from_depot`` of those routes."""
    saved_taken: Ints
    """(s, d, c), or empty if nothing is scarce: ``taken_by`` of their technicians."""
    best: Ints
    nearby: Ints
    lacking: Ints
    """Shifts that have room for the visit that is looked at, but not what it needs."""
    trial: Ints
    legs: Ints
    """Seconds of the way to each call of ``trial``, and from the last one to the end."""
    begins: Ints
    values: Ints
    slopes: Ints
    """Curves of ``timing``: (rows, states of breaks, pieces)."""
    sizes: Ints
    """(rows, states): of how many pieces each curve is."""
    moments: Ints
    """Scratch of ``limits``: (2, states of breaks)."""
    span: Records
    """Scratch of ``limits``: a single ``SHIFT``."""
    balance: Ints
    """Scratch of ``supply``: (3, k)."""
    called: Ints
    """Scratch of ``supply``: depots that a technician has called at, the latest last."""
    linked: Records
    """(n), as all that is said of visits from here on; of no meaning where ``count.tied`` is 0."""
    saved_linked: Records
    """What was changed in this iteration, as it was before."""
    traced_linked: Records
    """The same of one change."""
    tied_routes: Records
    saved_tied_routes: Records
    queue: Ints
    """Scratch of ``ties``: visits whose partners do not know yet, in a ring."""
    forgotten: Ints
    """Scratch of ``ties``: visits of which it is not known any more how early or late they are."""
    crew: Ints
    """Scratch of ``bundles``."""
    touched: Ints
    """Scratch of ``ties``: the shifts that one change has to do with."""
    latest: Ints
    """Scratch of ``rough``: (stops, states)."""
    clocks: Ints
    """Scratch of ``rough``: (2, states)."""
    duals: Ints
    """(n + groups): cents that each visit, and each route of a group, is worth to ``noting``."""
    tokens: Ints
    """(n + groups): numbers of which the sum stands for a route's visits and group."""
    known: Records
    """Routes written down lately, each where its key says."""
    noted: Ints
    """Routes written down since they were read: shift, cents, calls, END_OF_ROUTE."""


NOWHERE = 2**40
MOST_PIECES = 1_000
"""Of a curve of ``timing``: four for each stop are plenty."""
CALLS_A_SHIFT, MORE_CALLS = 3, 16
"""So many depot calls all routes together may hold: for each shift, and besides."""
SCRATCH = 2
"""Rows of curves besides those behind the stops: being at a stop, and room to compare ways."""
KNOWN_ROUTES, NOTED_NUMBERS = 2**16, 2**15
"""How many routes ``noting`` remembers to have written down, and in how many numbers it writes."""
NOTHING_NOTED = -(2**61)
"""A reduced cost that no route has."""
END_OF_ROUTE = -1
"""Separates the routes in a plan that is written as one row of calls."""


def empty_plan(arrays: Arrays) -> Plan:
    """A plan without any stop; every visit is unassigned."""
    visits, depots, shifts, items, cells = (
        int(arrays.count[name]) for name in ("visits", "depots", "shifts", "items", "cells")
    )
    scarce = bool(arrays.count["scarce"])
    spare = CALLS_A_SHIFT * shifts + MORE_CALLS if depots else 0
    size = visits + 2 * shifts + spare
    longest = visits + spare + 2
    curves = (2 + SCRATCH, int(arrays.shifts["states"].max(initial=1)) + 1)
    pieces = min(4 * longest + 16, MOST_PIECES)
    nodes = _in_whole_lines(size)
    nodes["call"] = -1
    nodes["shift"] = -1
    nodes["call"][:visits] = np.arange(visits)
    nodes["place"][:visits] = arrays.calls["place"][:visits]
    first = visits + 2 * np.arange(shifts)
    nodes["place"][first] = arrays.shifts["start_place"]
    nodes["place"][first + 1] = arrays.shifts["end_place"]
    for ends in (first, first + 1):
        nodes["shift"][ends] = np.arange(shifts)
    nodes["after"][first] = first + 1
    nodes["before"][first + 1] = first
    ways = arrays.arcs[arrays.shifts["start_place"], arrays.shifts["end_place"]]
    nodes["leg"][first + 1] = ways[:, 0]
    way_cents = ways[:, 1]
    if ways.shape[1] > 2:
        way_cents = arrays.shifts["travel_cents"] * ways[:, 2]
        way_cents += arrays.shifts["metre_cents"] * ways[:, 3]
    nodes["leg_cents"][first + 1] = way_cents
    now = np.zeros((), dtype=NOW)
    now["cents"] = now["best_cents"] = arrays.calls["price"].sum()
    now["unassigned"] = now["best_unassigned"] = visits
    now["free_calls"] = spare
    now["best_length"] = shifts
    now["most_reduced"] = NOTHING_NOTED
    routes = np.zeros(shifts, dtype=ROUTE)
    routes["arc_cents"] = way_cents
    routes["recount"] = 1
    technicians = len(arrays.chain_ends)
    priced = visits + len(arrays.group_ends)
    return Plan(
        nodes=nodes,
        routes=routes,
        now=now,
        room=np.zeros((shifts, items), dtype=np.int64),
        from_depot=np.zeros((shifts, items), dtype=np.int64),
        taken=np.zeros((depots, cells), dtype=np.int64),
        taken_by=np.zeros((technicians if scarce else 0, depots, cells), dtype=np.int64),
        pool=np.arange(size - spare, size, dtype=np.int64),
        pool_at=np.arange(spare, dtype=np.int64),
        unassigned=np.arange(visits, dtype=np.int64),
        unassigned_at=np.arange(visits, dtype=np.int64),
        removed=np.zeros(visits, dtype=np.int64),
        is_removed=np.zeros(visits, dtype=np.int64),
        hopeless=np.zeros(visits, dtype=np.int64),
        order=np.zeros(visits, dtype=np.float64),
        saved=np.zeros(size, dtype=np.int64),
        saved_nodes=np.zeros(size, dtype=NODE),
        saved_shift=np.zeros(shifts, dtype=np.int64),
        saved_routes=np.zeros(shifts, dtype=ROUTE),
        saved_room=np.zeros((shifts, 2, items), dtype=np.int64),
        saved_taken=np.zeros((shifts if scarce else 0, depots, cells), dtype=np.int64),
        best=np.full(longest + shifts + 2 * visits, END_OF_ROUTE, dtype=np.int64),
        lacking=np.zeros(shifts, dtype=np.int64),
        nearby=np.zeros(
            sum(
                near.shape[1] * share
                for near, share in (
                    (arrays.near_before, 1),
                    (arrays.near_after, 1),
                    (arrays.near_groups, 2),
                )
            ),
            dtype=np.int64,
        ),
        trial=np.zeros(longest, dtype=np.int64),
        legs=np.zeros(longest + 1, dtype=np.int64),
        begins=np.zeros((*curves, pieces), dtype=np.int64),
        values=np.zeros((*curves, pieces), dtype=np.int64),
        slopes=np.zeros((*curves, pieces), dtype=np.int64),
        sizes=np.zeros(curves, dtype=np.int64),
        moments=np.zeros((2, curves[1]), dtype=np.int64),
        span=np.zeros(1, dtype=SHIFT),
        balance=np.zeros((3, items), dtype=np.int64),
        called=np.zeros(depots, dtype=np.int64),
        duals=np.zeros(priced, dtype=np.int64),
        tokens=np.random.default_rng(0).integers(2**62, size=priced),
        known=np.zeros(KNOWN_ROUTES, dtype=KNOWN),
        noted=np.zeros(NOTED_NUMBERS, dtype=np.int64),
        **loose_ends(visits, shifts, longest + 1, curves[1], bool(arrays.count["tied"])),
    )


def _in_whole_lines(size: int) -> Records:
    """So many nodes, each in two lines of 64 bytes of the processor's cache: the first holds what
    decides whether a call fits in time."""
    room = np.zeros((size + 1) * NODE.itemsize, dtype=np.uint8)
    first = -room.ctypes.data % 64
    return room[first : first + size * NODE.itemsize].view(NODE)


@inlined
def start_of(arrays: Arrays, shift: int) -> int:
    """The node where the shift's route starts; where it ends is the next one."""
    return arrays.count.visits + 2 * shift


@inlined
def is_intricate(arrays: Arrays, call: int, shift: int) -> bool:
    """Whether labels cannot tell what the call's time costs, or when it is open."""
    here = arrays.calls[call]
    on = arrays.shifts[shift]
    return (
        arrays.windows[on.day, call].count > 1
        or (here.late_cents > 0 and here.due < on.latest_end)
        or here.prompt_cents > 0
        or here.moved_cents > 0
        or here.links & TIMED > 0
    )


@inlined
def opening(arrays: Arrays, plan: Plan, day: int, call: int, has_links: bool) -> tuple[int, int]:
    """From when to when the call may begin: where it is open, and its partners let it.
    ``has_links``: whether there are any; loops ask that once."""
    window = arrays.windows[day, call]
    if has_links and arrays.calls[call].links & TIMED > 0:
        tied = plan.linked[call]
        return max(window.open, tied.early), min(window.close, tied.late)
    return window.open, window.close


@compiled
def _count_tied(arrays: Arrays, plan: Plan, call: int, shift: int, more: int) -> None:
    """Note that the shift's route has the call now, or not any more."""
    route = plan.tied_routes[shift]
    route.loose = max(route.loose, CHANGED)
    if arrays.calls[call].links & TIMED > 0:
        route.linked += more
    if arrays.windows[arrays.shifts[shift].day, call].count > 1:
        route.rough += more


@inlined
def _swap(order: Ints, at: Ints, first: int, one: int, other_at: int) -> None:
    """Let the thing ``one`` change places with what is at ``other_at`` in ``order``; ``at`` says
    where things are, of which the lowest number is ``first``."""
    other, one_at = order[other_at], at[one - first]
    order[one_at], order[other_at] = other, one
    at[other - first], at[one - first] = one_at, other_at


@inlined
def mark_assigned(plan: Plan, visit: int) -> None:
    """Move the visit behind those that are unassigned, in constant time."""
    plan.now.unassigned -= 1
    _swap(plan.unassigned, plan.unassigned_at, 0, visit, plan.now.unassigned)


@inlined
def mark_unassigned(plan: Plan, visit: int) -> None:
    """Move the visit to those that are unassigned, in constant time."""
    _swap(plan.unassigned, plan.unassigned_at, 0, visit, plan.now.unassigned)
    plan.now.unassigned += 1


@inlined
def mark_used(arrays: Arrays, plan: Plan, node: int) -> None:
    """Take a depot call's node out of those that are free, in constant time."""
    plan.now.free_calls -= 1
    first = start_of(arrays, arrays.count.shifts)
    _swap(plan.pool, plan.pool_at, first, node, plan.now.free_calls)


@inlined
def mark_free(arrays: Arrays, plan: Plan, node: int) -> None:
    """Give a depot call's node back to those that are free, in constant time."""
    first = start_of(arrays, arrays.count.shifts)
    _swap(plan.pool, plan.pool_at, first, node, plan.now.free_calls)
    plan.now.free_calls += 1


@inlined
def leg_cents(arcs: Ints, on: Records, here: int, there: int) -> int:
    """Cents for travel and distance of a way on the shift."""
    if arcs.shape[2] == 2:
        return arcs[here, there, 1]
    return on.travel_cents * arcs[here, there, 2] + on.metre_cents * arcs[here, there, 3]


@compiled
def link(arrays: Arrays, plan: Plan, node: int, before: int) -> None:
    """Put the node into a route, after the one given. Labels and costs are not brought up to date:
    ``label_from`` and ``settle`` do that."""
    nodes, arcs = plan.nodes, arrays.arcs
    here = nodes[node]
    shift = nodes[before].shift
    after = nodes[before].after
    route = plan.routes[shift]
    here.before = before
    here.after = after
    here.shift = shift
    here.leg = arcs[nodes[before].place, here.place, 0]
    on = arrays.shifts[shift]
    here.leg_cents = leg_cents(arcs, on, nodes[before].place, here.place)
    onward = leg_cents(arcs, on, here.place, nodes[after].place)
    route.arc_cents += here.leg_cents + onward - nodes[after].leg_cents
    nodes[before].after = node
    nodes[after].before = node
    nodes[after].leg = arcs[here.place, nodes[after].place, 0]
    nodes[after].leg_cents = onward
    now = plan.now
    if route.stops == 0:
        now.routes += 1
    route.stops += 1
    call = nodes[node].call
    if is_intricate(arrays, call, shift):
        route.intricate += 1
    if arrays.count.links > 0:
        _count_tied(arrays, plan, call, shift, 1)
    if call >= arrays.count.visits:
        route.depot_calls += 1
        route.recount = 1
        mark_used(arrays, plan, node)
        return
    route.service += arrays.windows[arrays.shifts[shift].day, call].service
    route.pair_cents += arrays.pair_cents[call, shift]
    now.cents -= arrays.calls[call].price
    mark_assigned(plan, call)


@compiled
def unlink(arrays: Arrays, plan: Plan, node: int) -> None:
    """Take the node out of its route; a visit is unassigned then, a depot call back in the pool."""
    nodes, arcs = plan.nodes, arrays.arcs
    shift = nodes[node].shift
    route = plan.routes[shift]
    before, after = nodes[node].before, nodes[node].after
    short = leg_cents(arcs, arrays.shifts[shift], nodes[before].place, nodes[after].place)
    route.arc_cents -= nodes[node].leg_cents + nodes[after].leg_cents - short
    nodes[before].after = after
    nodes[after].before = before
    nodes[after].leg = arcs[nodes[before].place, nodes[after].place, 0]
    nodes[after].leg_cents = short
    nodes[node].shift = -1
    now = plan.now
    route.stops -= 1
    if route.stops == 0:
        now.routes -= 1
    call = nodes[node].call
    if is_intricate(arrays, call, shift):
        route.intricate -= 1
    if arrays.count.links > 0:
        _count_tied(arrays, plan, call, shift, -1)
    if call >= arrays.count.visits:
        route.depot_calls -= 1
        route.recount = 1
        mark_free(arrays, plan, node)
        return
    route.service -= arrays.windows[arrays.shifts[shift].day, call].service
    route.pair_cents -= arrays.pair_cents[call, shift]
    now.cents += arrays.calls[call].price
    mark_unassigned(plan, call)


@compiled
def depot_call(arrays: Arrays, plan: Plan, depot: int) -> int:
    """A free node for a call at the depot; -1 if all are in use. Linking it takes it."""
    now = plan.now
    if now.free_calls == 0:
        return -1
    node = plan.pool[now.free_calls - 1]
    plan.nodes[node].call = arrays.count.visits + depot
    plan.nodes[node].place = arrays.calls[arrays.count.visits + depot].place
    return node
