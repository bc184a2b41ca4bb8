"""The cheapest plan that can be put together of given routes: each visit on one of them, of each
group of shifts no more than there are.

Depth first: the visit for which the fewest routes are left gets one of them after the other, those
that lose least first. What a route *loses* is its reduced cost in a linear program over all of them
(``search/relaxation``): a plan costs as much more than the program as its routes lose, and as is
lost by cuts that it makes no use of. Before a choice, visits become dearer as far as the cheapest
of their routes allows; any plan from here on loses that, and routes that have several of them may
turn out to lose too much. (Dual ascent: Fisher & Kedia, *Optimal solution of set covering and
partitioning problems using dual heuristics*, Management Science 1990.)
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver.kernel.arrays import Ints, Records
from solver.kernel.compiled import compiled
from solver.kernel.views import Views

WORD = 60
"""So many visits share a number, as its bits."""
LESS = 0.5
"""Cents: what costs less than the best plan costs at least one less."""

Floats = npt.NDArray[np.float64]
ShortInts = npt.NDArray[np.int32]

NOW = np.dtype(
    [
        ("depth", np.int64),
        ("is_new", np.int64),
        ("best_cents", np.int64),
    ],
    align=True,
)
"""``is_new`` is 1 as long as what is left at this depth has not been looked at."""


class Choices(Views):
    """Routes to choose from, those that lose least first, and the cuts of the program."""

    firsts: Ints
    """(routes + 1): where in ``visits`` those of each route begin."""
    visits: Ints
    bits: Ints
    """(routes, words): the same visits."""
    groups: Ints
    """(routes): which shifts a route is for."""
    loses: Floats
    """(routes): cents."""
    cents: Ints
    """(routes)"""
    cuts: Ints
    """(cuts, 3): visits of which one route should have two …"""
    cut_loses: Floats
    """(cuts): … and the cents that are lost if none has."""


class Tree(Views):
    """How far the search for the cheapest plan has come: what has been chosen down to each depth,
    and what is left to choose from there."""

    now: Records
    left: ShortInts
    """(depths, routes): routes that go with what has been chosen, …"""
    left_loses: Floats
    left_number: Ints
    next: ShortInts
    """(depths, routes): … and those of them that are tried, the best first."""
    next_loses: Floats
    next_number: Ints
    tried: Ints
    covered: Ints
    """(depths, words): visits of what has been chosen."""
    lost: Floats
    """(depths): cents that any plan from here on loses."""
    cents: Ints
    """(depths): of what has been chosen."""
    chosen: Ints
    best: Ints
    """(depths): routes of the best plan, then -1; nothing else where none was found."""
    room: Ints
    """(groups): routes that may still be taken."""
    counts: Ints
    """(visits): how many of the routes that are left each has; …"""
    ends: Ints
    of_visits: ShortInts
    """… and where among these they stand, up to where in this list."""
    order: Ints


def tree_of(choices: Choices, visits: int, room: Sequence[int], best_cents: int) -> Tree:
    """Nothing has been chosen; a plan is to cost less than ``best_cents``."""
    routes, words = choices.bits.shape
    depths = min(visits, sum(room)) + 2
    tree = Tree(
        now=np.zeros((), dtype=NOW),
        left=np.zeros((depths, routes), dtype=np.int32),
        left_loses=np.zeros((depths, routes)),
        left_number=_zeros(depths),
        next=np.zeros((depths, routes), dtype=np.int32),
        next_loses=np.zeros((depths, routes)),
        next_number=_zeros(depths),
        tried=_zeros(depths),
        covered=_zeros(depths, words),
        lost=np.zeros(depths),
        cents=_zeros(depths),
        chosen=_zeros(depths),
        best=_zeros(depths) - 1,
        room=np.array(room, dtype=np.int64),
        counts=_zeros(visits),
        ends=_zeros(visits),
        of_visits=np.zeros(len(choices.visits), dtype=np.int32),
        order=_zeros(visits),
    )
    tree.now["is_new"], tree.now["best_cents"] = 1, best_cents
    tree.left[0] = np.arange(routes)
    tree.left_loses[0] = choices.loses
    tree.left_number[0] = routes
    return tree


def _zeros(*shape: int) -> Ints:
    return np.zeros(shape, dtype=np.int64)


@compiled
def look_further(choices: Choices, tree: Tree, floor: float, most: float, looks: int) -> bool:
    """Make so many choices more; whether those were all. Plans that cost more than the program
    (``floor``) by ``most`` cents are not looked for, nor those that are no better than the best."""
    now = tree.now
    for _ in range(looks):
        while now.is_new == 0:
            limit = min(most, now.best_cents - LESS - floor)
            if not _choose_next(choices, tree, limit):
                if now.depth == 0:
                    return True
                now.depth -= 1
                tree.room[choices.groups[tree.chosen[now.depth]]] += 1
        now.is_new = 0
        _look(choices, tree, min(most, now.best_cents - LESS - floor))
    return False


@compiled
def _choose_next(choices: Choices, tree: Tree, limit: float) -> bool:
    """Go one deeper with the next route to be tried, unless cuts make that lose too much; False if
    there is none that loses less than the limit."""
    depth = tree.now.depth
    tried = tree.tried[depth]
    if tried >= tree.next_number[depth]:
        return False
    lost = tree.lost[depth] + tree.next_loses[depth, tried]
    if lost >= limit:
        return False
    route = tree.next[depth, tried]
    tree.tried[depth] += 1
    for word in range(choices.bits.shape[1]):
        both = tree.covered[depth, word] | choices.bits[route, word]
        tree.covered[depth + 1, word] = both
    lost += _lost_by_cuts(choices, tree, depth)
    if lost < limit:
        _go_deeper(choices, tree, route, lost, limit)
    return True


@compiled
def _lost_by_cuts(choices: Choices, tree: Tree, depth: int) -> float:
    """Cents lost by cuts of which the route that is chosen at this depth takes the last but one
    visit, where another took the first."""
    lost = 0.0
    for cut in range(choices.cuts.shape[0]):
        before = after = 0
        for at in range(3):
            visit = choices.cuts[cut, at]
            word, bit = visit // WORD, 1 << (visit % WORD)
            before += int(tree.covered[depth, word] & bit == 0)
            after += int(tree.covered[depth + 1, word] & bit == 0)
        if before == 2 and after == 1:
            lost += choices.cut_loses[cut]
    return lost


@compiled
def _go_deeper(choices: Choices, tree: Tree, route: int, lost: float, limit: float) -> None:
    depth = tree.now.depth
    group = choices.groups[route]
    tree.room[group] -= 1
    is_full = tree.room[group] == 0
    tree.chosen[depth] = route
    tree.cents[depth + 1] = tree.cents[depth] + choices.cents[route]
    tree.lost[depth + 1] = lost
    number = 0
    for at in range(tree.left_number[depth]):
        loses = tree.left_loses[depth, at]
        other = tree.left[depth, at]
        if lost + loses >= limit or (is_full and choices.groups[other] == group):
            continue
        common = 0
        for word in range(choices.bits.shape[1]):
            common |= choices.bits[route, word] & choices.bits[other, word]
        if common == 0:
            tree.left[depth + 1, number] = other
            tree.left_loses[depth + 1, number] = loses
            number += 1
    tree.left_number[depth + 1] = number
    tree.now.depth = depth + 1
    tree.now.is_new = 1


@compiled
def _look(choices: Choices, tree: Tree, limit: float) -> None:
    """Find what is to be tried next at this depth: nothing if all visits are covered, or if no plan
    from here on loses less than the limit."""
    now = tree.now
    depth = now.depth
    tree.tried[depth] = tree.next_number[depth] = 0
    open_visits = _list_by_visit(choices, tree)
    if open_visits == 0:
        if tree.cents[depth] < now.best_cents:
            now.best_cents = tree.cents[depth]
            for at in range(tree.best.shape[0]):
                tree.best[at] = tree.chosen[at] if at < depth else -1
        return
    if tree.counts[tree.order[0]] == 0 or depth + 1 >= tree.tried.shape[0]:
        return
    _raise(tree, open_visits, limit)
    if tree.lost[depth] >= limit:
        return
    visit = _drop_losers(choices, tree, open_visits, limit)
    _list_next(choices, tree, visit)


@compiled
def _list_by_visit(choices: Choices, tree: Tree) -> int:
    """The visits that are not covered, those with the fewest routes first, and their routes; how
    many visits."""
    depth = tree.now.depth
    counts, ends, order = tree.counts, tree.ends, tree.order
    counts[:] = 0
    for at in range(tree.left_number[depth]):
        route = tree.left[depth, at]
        for index in range(choices.firsts[route], choices.firsts[route + 1]):
            counts[choices.visits[index]] += 1
    number = end = 0
    for visit in range(counts.shape[0]):
        if tree.covered[depth, visit // WORD] & (1 << (visit % WORD)):
            continue
        ends[visit] = end
        end += counts[visit]
        at = number
        while at > 0 and counts[order[at - 1]] > counts[visit]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = visit
        number += 1
    for at in range(tree.left_number[depth]):
        route = tree.left[depth, at]
        for index in range(choices.firsts[route], choices.firsts[route + 1]):
            visit = choices.visits[index]
            tree.of_visits[ends[visit]] = at
            ends[visit] += 1
    return number


@compiled
def _raise(tree: Tree, open_visits: int, limit: float) -> None:
    """Let each visit in turn be as much dearer as the cheapest of its routes allows, until all from
    here on is lost."""
    depth = tree.now.depth
    loses = tree.left_loses[depth]
    for at in range(open_visits):
        visit = tree.order[at]
        first, end = tree.ends[visit] - tree.counts[visit], tree.ends[visit]
        least = limit
        for index in range(first, end):
            least = min(least, loses[tree.of_visits[index]])
        if least > 0:
            tree.lost[depth] += least
            if tree.lost[depth] >= limit:
                return
            for index in range(first, end):
                loses[tree.of_visits[index]] -= least


@compiled
def _drop_losers(choices: Choices, tree: Tree, open_visits: int, limit: float) -> int:
    """Forget the routes that would lose too much; the visit that has the fewest others."""
    depth = tree.now.depth
    counts = tree.counts
    counts[:] = 0
    number = 0
    for at in range(tree.left_number[depth]):
        if tree.lost[depth] + tree.left_loses[depth, at] < limit:
            route = tree.left[depth, at]
            tree.left[depth, number] = route
            tree.left_loses[depth, number] = tree.left_loses[depth, at]
            number += 1
            for index in range(choices.firsts[route], choices.firsts[route + 1]):
                counts[choices.visits[index]] += 1
    tree.left_number[depth] = number
    fewest = tree.order[0]
    for at in range(open_visits):
        if counts[tree.order[at]] < counts[fewest]:
            fewest = tree.order[at]
    return fewest


@compiled
def _list_next(choices: Choices, tree: Tree, visit: int) -> None:
    """Try the routes that are left for the visit, those that lose least first."""
    depth = tree.now.depth
    word, bit = visit // WORD, 1 << (visit % WORD)
    number = 0
    for index in range(tree.left_number[depth]):
        route = tree.left[depth, index]
        if choices.bits[route, word] & bit == 0:
            continue
        loses = tree.left_loses[depth, index]
        at = number
        while at > 0 and tree.next_loses[depth, at - 1] > loses:
            tree.next[depth, at] = tree.next[depth, at - 1]
            tree.next_loses[depth, at] = tree.next_loses[depth, at - 1]
            at -= 1
        tree.next[depth, at] = route
        tree.next_loses[depth, at] = loses
        number += 1
    tree.next_number[depth] = number
