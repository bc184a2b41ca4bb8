"""Routes that a better plan could have, written down as the search comes by them.

Most plans that a search tries are given up, with routes in them that belong into better ones. Which
those are is told by the duals of the linear program over the routes known so far (``partition``): a
plan that costs less than another by so much can only have routes whose *reduced cost*, what they
cost beyond the duals of their visits and of their shift, is below that.
"""

from solver.kernel.arrays import Arrays
from solver.kernel.compiled import compiled
from solver.kernel.plan import END_OF_ROUTE, Plan, start_of


@compiled
def note_routes(arrays: Arrays, plan: Plan) -> None:
    """Write down all routes of this iteration of low reduced cost, unless that was done lately or
    there is no room left."""
    now, visits = plan.now, arrays.count.visits
    for index in range(now.saved_routes):
        shift = plan.saved_shift[index]
        route = plan.routes[shift]
        if route.stops == 0 or now.noted + route.stops + 3 > plan.noted.shape[0]:
            continue
        group = arrays.shifts[shift].group
        first = plan.nodes[start_of(arrays, shift)].after
        reduced = route.cents - plan.duals[visits + group]
        key = plan.tokens[visits + group]
        node = first
        while plan.nodes[node].call >= 0:
            if node < visits:
                reduced -= plan.duals[node]
                key += plan.tokens[node]
            node = plan.nodes[node].after
        if reduced >= now.most_reduced:
            continue
        known = plan.known[key & (plan.known.shape[0] - 1)]
        if known.key == key and known.cents <= route.cents:
            continue
        known.key = key
        known.cents = route.cents
        plan.noted[now.noted] = shift
        plan.noted[now.noted + 1] = route.cents
        now.noted += 2
        node = first
        while plan.nodes[node].call >= 0:
            plan.noted[now.noted] = plan.nodes[node].call
            now.noted += 1
            node = plan.nodes[node].after
        plan.noted[now.noted] = END_OF_ROUTE
        now.noted += 1
