"""Of given routes the cheapest plan is found, and nothing that is no plan."""

from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from solver.search import cover
from solver.search.cover import cheapest_cover
from solver.search.relaxation import LinearRelaxation, Routes

DEAR = 10**6
Drawn = tuple[int, list[int], int]
"""A route: its group of shifts, its visits, and cents."""


def program(
    visits: int, room: list[int], routes: list[Drawn], price: int = DEAR
) -> tuple[Routes, LinearRelaxation]:
    held = np.zeros((len(routes), visits + len(room)), dtype=np.float32)
    for row, (group, calls, _) in enumerate(routes):
        held[row, calls] = 1
        held[row, visits + group] = 1
    cents = np.array([cents for *_, cents in routes], dtype=np.float64)
    prices, rooms = np.full(visits, float(price)), np.array(room, dtype=np.float64)
    given_ = Routes(held, cents, prices, rooms)
    relaxation = LinearRelaxation(given_, [0], [])
    assert relaxation.solve(lambda: False)
    return given_, relaxation


def cheapest(
    visits: int, room: list[int], routes: list[Drawn], limit: int, *, price: int = DEAR
) -> list[int] | None:
    found, relaxation = program(visits, room, routes, price)
    relaxation.tighten(limit, lambda: False)
    return cheapest_cover(found, relaxation, limit, lambda: False)


def test_three_pairs_of_three_visits_do_not_make_a_plan() -> None:
    # The program takes half of each pair; a cut forbids it, and what it costs then is what is lost.
    pairs = [(0, [0, 1], 10), (0, [1, 2], 10), (0, [0, 2], 10), (0, [2], 9)]

    assert cheapest(3, [3], pairs, 1000) == [0, 3]


def test_no_more_routes_are_taken_than_there_are_shifts() -> None:
    alone = [(0, [visit], 1) for visit in range(3)]
    routes: list[Drawn] = [*alone, (0, [0, 1], 5), (1, [2], 9)]

    assert sorted(cheapest(3, [3, 1], routes, 1000) or ()) == [0, 1, 2]
    assert sorted(cheapest(3, [1, 1], routes, 1000) or ()) == [3, 4]


def test_what_costs_more_than_to_leave_a_visit_out_is_not_taken() -> None:
    routes: list[Drawn] = [(0, [0], 3), (1, [1], 50)]

    assert cheapest(2, [1, 1], routes, 100, price=20) == [0]


def test_nothing_is_found_that_costs_no_less_than_the_limit() -> None:
    routes: list[Drawn] = [(0, [0], 3), (1, [1], 5)]

    assert cheapest(2, [1, 1], routes, 8) is None
    assert sorted(cheapest(2, [1, 1], routes, 9) or ()) == [0, 1]


def test_what_takes_too_long_ends_without_a_plan() -> None:
    routes, relaxation = program(2, [1, 1], [(0, [0], 3), (1, [1], 5)])

    assert cheapest_cover(routes, relaxation, 100, lambda: True) is None


def test_of_more_than_sixty_visits_each_has_its_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visits share numbers, as bits of them."""
    visits, random = 130, Random(1)
    pieces = [list(range(at, min(at + 7, visits))) for at in range(0, visits, 7)]
    good = [(0, piece, 100) for piece in pieces]
    others = [(0, random.sample(range(visits), 7), 99) for _ in range(300)]
    monkeypatch.setattr(cover, "LOOKS", 3)
    found = cheapest(visits, [40], [*good, *others], 5_000)

    assert found is not None
    taken = [visit for route in found for visit in [*good, *others][route][1]]
    assert sorted(taken) == list(range(visits))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True),
            st.integers(1, 900),
        ),
        min_size=1,
        max_size=14,
    ),
    st.lists(st.integers(1, 2), min_size=3, max_size=3),
    st.integers(50, 1000),
)
def test_no_plan_of_the_routes_costs_less(drawn: list[Drawn], room: list[int], price: int) -> None:
    limit = 7 * price + 1
    found = cheapest(7, room, drawn, limit, price=price)
    assert found is not None
    best = min(
        _cents(drawn, some, price)
        for size in range(min(7, len(drawn)) + 1)
        for some in combinations(range(len(drawn)), size)
        if _is_plan(drawn, some, room)
    )
    assert _is_plan(drawn, found, room)
    assert _cents(drawn, found, price) == best


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("is_cut", [False, True])
def test_another_solver_finds_no_cheaper_plan(seed: int, is_cut: bool) -> None:
    random = Random(seed)
    visits, room, price = 14, [1, 1, 2, 2], 300
    drawn = [
        (random.randrange(4), random.sample(range(visits), random.randint(1, 4)), cents)
        for cents in random.choices(range(80, 240), k=90)
    ]
    found, relaxation = program(visits, room, drawn, price)
    if is_cut:
        relaxation.tighten(visits * price, lambda: False)
    taken = cheapest_cover(found, relaxation, visits * price, lambda: False)

    assert taken is not None
    assert _is_plan(drawn, taken, room)
    left_out = visits - sum(len(drawn[at][1]) for at in taken)
    assert sum(drawn[at][2] for at in taken) + left_out * price == _least(
        visits, room, drawn, price
    )


def _least(visits: int, room: list[int], routes: list[Drawn], price: int) -> int:
    model = cp_model.CpModel()
    takes = [model.new_bool_var("") for _ in routes]
    left_out = [model.new_bool_var("") for _ in range(visits)]
    for visit in range(visits):
        having = [take for take, (_, calls, _) in zip(takes, routes, strict=True) if visit in calls]
        model.add_exactly_one([*having, left_out[visit]])
    for group, number in enumerate(room):
        of_it = [take for take, (of, *_) in zip(takes, routes, strict=True) if of == group]
        model.add(sum(of_it) <= number)
    cents = sum(take * route[2] for take, route in zip(takes, routes, strict=True))
    model.minimize(cents + price * sum(left_out))
    solver = cp_model.CpSolver()
    assert solver.solve(model) == cp_model.OPTIMAL
    return round(solver.objective_value)


def _is_plan(routes: list[Drawn], some: tuple[int, ...] | list[int], room: list[int]) -> bool:
    visits = [visit for at in some for visit in routes[at][1]]
    groups = [routes[at][0] for at in some]
    fits = all(groups.count(group) <= number for group, number in enumerate(room))
    return fits and len(visits) == len({*visits})


def _cents(routes: list[Drawn], some: tuple[int, ...] | list[int], price: int) -> int:
    visits = sum(len(routes[at][1]) for at in some)
    return sum(routes[at][2] for at in some) + (7 - visits) * price
