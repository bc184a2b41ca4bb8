"""The cheapest plan of given routes, as far as there is time to look for it.

The search for it (``kernel/covering``) is told how much a plan may cost more than the linear
program at most. It begins with little, for which few routes are enough, and takes no time; once all
those plans are looked through, it is told more. So the first that it finds is mostly the best.
"""

from collections.abc import Callable

import numpy as np

from solver.kernel.covering import WORD, Choices, look_further, tree_of
from solver.search.relaxation import LinearRelaxation, Routes

FIRST_SHARE = 0.05
WIDER = 1.3
"""Of what is between the program and the incumbent, a plan may cost so much more at first, and so
many times as much each time."""
MOST_CHOICES = 50_000
"""With more routes it would go through them too slowly."""
LOOKS = 500
"""So many choices are made between two looks at the clock."""


def cheapest_cover(
    routes: Routes, relaxation: LinearRelaxation, limit: float, is_over: Callable[[], bool]
) -> list[int] | None:
    """The routes of the cheapest plan found that costs less than ``limit`` cents; None if there is
    none, or none was found until ``is_over``. The program over all routes has to be solved."""
    visits = len(routes.prices)
    # To leave a visit out is like a route with it alone, of which there may be any number.
    left_out = routes.prices - relaxation.duals[:visits]
    loses = np.maximum(np.concatenate([relaxation.reduced, left_out]), 0.0)
    gap = limit - relaxation.value
    order = np.argsort(loses, kind="stable")
    order = order[: np.searchsorted(loses[order], gap)][:MOST_CHOICES]
    room = [*routes.room.astype(np.int64).tolist(), visits]
    best, found = int(limit), None
    share = FIRST_SHARE
    while not is_over():
        most = min(share, 1.0) * gap
        among = order[: np.searchsorted(loses[order], most)]
        choices = _choices(routes, relaxation, loses, among)
        tree = tree_of(choices, visits, room, best)
        while not look_further(choices, tree, relaxation.value, most, LOOKS):
            if is_over():
                break
        if tree.best[0] >= 0:
            best = int(tree.now["best_cents"])
            taken = among[tree.best[tree.best >= 0]].tolist()
            found = [route for route in taken if route < len(routes.cents)]
        if share >= 1.0 or best - relaxation.value <= most:
            break
        share *= WIDER
    return found


def _choices(
    routes: Routes, relaxation: LinearRelaxation, loses: np.ndarray, among: np.ndarray
) -> Choices:
    visits, groups = len(routes.prices), len(routes.room)
    rows = among[among < len(routes.cents)]
    held = np.zeros((len(among), visits), dtype=bool)
    is_route = among < len(routes.cents)
    held[is_route] = routes.held[rows, :visits] > 0
    held[~is_route, among[~is_route] - len(routes.cents)] = True
    of_group = np.full(len(among), groups)
    of_group[is_route] = routes.held[rows, visits:].argmax(axis=1)
    cents = np.concatenate([routes.cents, routes.prices])[among]
    bits = np.zeros((len(among), -(-visits // WORD)), dtype=np.int64)
    for visit in range(visits):
        bits[held[:, visit], visit // WORD] |= 1 << (visit % WORD)
    losses = relaxation.losses
    return Choices(
        firsts=np.concatenate([[0], held.sum(axis=1).cumsum()]).astype(np.int64),
        visits=np.nonzero(held)[1].astype(np.int64),
        bits=bits,
        groups=of_group.astype(np.int64),
        loses=loses[among],
        cents=np.rint(cents).astype(np.int64),
        cuts=np.array(list(losses), dtype=np.int64).reshape(-1, 3),
        cut_loses=np.array(list(losses.values()), dtype=np.float64),
    )
