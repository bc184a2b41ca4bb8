"""The best plans are kept, and two of them cross into one that has routes of both."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solver.kernel.arrays import Ints
from solver.kernel.plan import END_OF_ROUTE
from solver.search.elite import SIZE, Elite, Found, routes_of

VISITS, SHIFTS, DEPOT = 6, 3, 6


def row(*routes: list[int]) -> Ints:
    return np.array([call for route in routes for call in (*route, END_OF_ROUTE)], dtype=np.int64)


def elite(*plans: tuple[int, Ints]) -> Elite:
    near = np.array([[other for other in range(VISITS) if other != v] for v in range(VISITS)])
    kept = Elite(near)
    for cents, calls in plans:
        kept.add(Found(cents, 0, calls))
    return kept


@st.composite
def rows(draw: st.DrawFn) -> Ints:
    order = draw(st.permutations(range(VISITS)))
    ends = sorted(draw(st.integers(0, VISITS)) for _ in range(SHIFTS - 1))
    parts = [order[a:b] for a, b in zip([0, *ends], [*ends, VISITS], strict=True)]
    return row(*([DEPOT, *part] if draw(st.booleans()) else list(part) for part in parts))


def test_the_cheapest_plans_are_kept_in_order() -> None:
    kept = elite(*((cents, row([], [], [])) for cents in range(2 * SIZE, 0, -1)))
    assert [plan.cents for plan in kept.plans] == list(range(1, SIZE + 1))


def test_of_plans_with_the_same_cost_the_first_is_kept() -> None:
    kept = elite((5, row([0], [], [])), (5, row([], [0], [])))
    assert [routes_of(plan.row) for plan in kept.plans] == [[[0], [], []]]


def test_a_plan_alone_is_crossed_with_nothing() -> None:
    alone = row([0, 1], [2], [])
    assert elite((5, alone)).cross(Random(1)) is alone


@given(rows(), rows(), st.integers(0, 2**32))
def test_a_crossed_plan_has_routes_of_one_and_what_is_left_of_the_others(
    one: Ints, other: Ints, seed: int
) -> None:
    routes = routes_of(elite((5, one), (6, other)).cross(Random(seed)))
    visits = [call for route in routes for call in route if call < VISITS]
    assert len(visits) == len(set(visits))
    fits = []
    for taker, giver in ((routes_of(one), routes_of(other)), (routes_of(other), routes_of(one))):
        given_whole = [s for s in range(SHIFTS) if routes[s] == giver[s] != taker[s]]
        moved = {call for s in given_whole for call in giver[s] if call < VISITS}
        rest = [s for s in range(SHIFTS) if s not in given_whole]
        fits.append(all(routes[s] == [c for c in taker[s] if c not in moved] for s in rest))
    assert any(fits)


@given(rows(), rows(), st.integers(0, 2**32))
def test_the_same_dice_cross_the_same_plan(one: Ints, other: Ints, seed: int) -> None:
    crossed = [elite((5, one), (6, other)).cross(Random(seed)).tolist() for _ in range(2)]
    assert crossed[0] == crossed[1]
