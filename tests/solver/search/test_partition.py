"""Of routes that were seen, those are chosen that make the cheapest plan."""

from collections.abc import Sequence
from itertools import combinations
from random import Random
from threading import Timer

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.judge.check import check
from solver.kernel.arrays import Ints
from solver.kernel.flattening import flatten
from solver.problem import Problem
from solver.search import partition as pool
from solver.search.elite import routes_of
from solver.search.partition import Partition, is_separable
from solver.search.searches import Searches
from solver.solve import Limit, solve
from tests.solver.problems import depot, line_problem, shift, visit

VISITS = 6
PRICE = 1_000
Seen = tuple[int, tuple[int, ...], int]
"""A shift's number, the visits of a route, and what it costs."""


def unlike(number: int) -> Problem:
    """Visits on a line, and shifts of which no two are alike."""
    visits = [visit(f"v{at}", at + 1) for at in range(VISITS)]
    return line_problem(visits, [shift(f"s{n}", f"t{n}", end=1000 + n) for n in range(number)])


def alike(number: int) -> Problem:
    visits = [visit(f"v{at}", at + 1) for at in range(VISITS)]
    return line_problem(visits, [shift(f"s{n}", f"t{n}") for n in range(number)])


def seen_by(problem: Problem, routes: Sequence[Seen]) -> Partition:
    arrays = flatten(problem)
    arrays.calls["price"][:VISITS] = PRICE
    partition = Partition(arrays)
    for number, calls, cents in routes:
        partition.add(number, calls, cents)
    return partition


def names(row: Ints) -> list[str]:
    """Of each shift, its visits."""
    return ["".join(map(str, route)) for route in routes_of(row)]


def put_together(
    problem: Problem, routes: Sequence[Seen], *incumbent: tuple[int, ...]
) -> list[str]:
    """The cheapest plan: of each shift, its visits."""
    return names(seen_by(problem, routes).look(incumbent, 10.0).row)


def test_the_best_routes_of_two_plans_make_a_better_one() -> None:
    one = [(0, (0, 1, 2), 50), (1, (3, 4, 5), 90), (2, (), 0)]
    other = [(0, (3, 1, 2), 90), (1, (4, 5), 20), (2, (0,), 80)]
    routes = [*one, *other, (2, (3,), 10)]

    assert put_together(unlike(3), routes, (0, 1, 2), (3, 4, 5), ()) == ["012", "45", "3"]


def test_a_plan_that_is_the_best_stays() -> None:
    routes = [(0, (0, 1, 2), 10), (1, (3, 4, 5), 10), (0, (0, 1, 2, 3), 20), (1, (4, 5), 5)]

    assert put_together(unlike(2), routes, (0, 1, 2), (3, 4, 5)) == ["012", "345"]


def test_a_visit_is_left_out_if_no_plan_of_the_routes_has_it() -> None:
    routes = [(0, (0, 1), 10), (1, (2, 3), 10), (0, (4,), 5)]

    assert put_together(unlike(2), routes, (0, 1), ()) == ["01", "23"]


@pytest.mark.parametrize("routes", [[], [(0, (0, 1), 5_000)]])
def test_a_plan_that_leaves_all_out_stays_if_no_route_is_worth_it(routes: list[Seen]) -> None:
    assert put_together(unlike(2), routes, (), ()) == ["", ""]


def test_the_cheaper_order_of_the_same_visits_counts() -> None:
    routes = [(0, (0, 1, 2), 50), (0, (2, 1, 0), 40), (0, (1, 2, 0), 60)]

    assert put_together(unlike(1), routes, (0, 1, 2)) == ["210"]


def test_a_route_of_one_shift_may_be_that_of_another_that_is_alike() -> None:
    routes = [(0, (0, 1, 2), 10), (0, (3, 4, 5), 10), (1, (3,), 10), (2, (4, 5), 50)]

    assert sorted(put_together(alike(3), routes, (0, 1, 2), (3,), (4, 5))) == ["", "012", "345"]
    assert put_together(unlike(3), routes, (0, 1, 2), (3,), (4, 5)) == ["012", "3", "45"]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.lists(st.integers(0, VISITS - 1), min_size=1, max_size=4, unique=True),
            st.integers(1, 900),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_choice_of_the_routes_costs_less(
    drawn: list[tuple[int, list[int], int]],
) -> None:
    routes = [(number, tuple(calls), cents) for number, calls, cents in drawn]
    cents = {(number, frozenset(calls)): 10**9 for number, calls, _ in routes}
    for number, calls, cost in routes:
        cents[number, frozenset(calls)] = min(cents[number, frozenset(calls)], cost)
    number, calls, _ = routes[0]
    first = [calls if shift == number else () for shift in range(3)]
    best = put_together(unlike(3), routes, *first)
    chosen = [(n, frozenset(map(int, names))) for n, names in enumerate(best) if names]

    assert sum(cents[one] for one in chosen) + _left(chosen) == min(
        sum(cents[one] for one in some) + _left(some)
        for size in range(4)
        for some in combinations(cents, size)
        if len({n for n, _ in some}) == size and sum(map(_size, some)) == len(_served(some))
    )


def _size(route: tuple[int, frozenset[int]]) -> int:
    return len(route[1])


def _served(routes: Sequence[tuple[int, frozenset[int]]]) -> frozenset[int]:
    return frozenset[int]().union(*(visits for _, visits in routes))


def _left(routes: Sequence[tuple[int, frozenset[int]]]) -> int:
    return PRICE * (VISITS - len(_served(routes)))


INCUMBENT = [(0, (0, 1, 2), 50), (1, (3, 4, 5), 90)]
BETTER = [(0, (3, 1, 2), 40), (1, (4, 5), 20), (2, (0,), 30)]
DEAR = [(2, (0, 1), 900), (1, (2, 3), 800)]


def test_no_route_of_a_better_plan_has_a_higher_reduced_cost_than_is_noted() -> None:
    partition = seen_by(unlike(3), [*INCUMBENT, *BETTER, *DEAR])
    found = partition.look([(0, 1, 2), (3, 4, 5), ()], 10.0)

    assert names(found.row) == ["312", "45", "0"]
    worth = found.worth
    assert worth is not None
    assert worth.most == 0
    for number, calls, cents in BETTER:
        assert cents - worth.duals[[*calls, VISITS + number]].sum() <= worth.most


def test_what_no_better_plan_can_have_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [*INCUMBENT, *BETTER, *DEAR]
    monkeypatch.setattr(pool, "MOST_ROUTES", len(seen))
    incumbent = [(0, 1, 2), (3, 4, 5), ()]

    def best_with_another(partition: Partition) -> list[str]:
        partition.add(0, (3, 1, 2, 0), 5)
        return names(partition.look(incumbent, 10.0).row)

    partition = seen_by(unlike(3), seen)
    assert best_with_another(partition) == ["312", "45", "0"]
    incumbent = [(3, 1, 2), (4, 5), (0,)]
    assert best_with_another(partition) == ["3120", "45", ""]


def test_a_start_is_drawn_of_routes_that_do_not_clash() -> None:
    # Of five in a circle the program takes half of each pair, which no cut of three forbids.
    circle = [(at, (at, (at + 1) % 5), 10) for at in range(5)]
    partition = seen_by(unlike(6), [*circle, (4, (4,), 30), (5, (5,), 5)])
    assert partition.rounded(Random(1)) is None
    partition.look([(0, 1), (), (2, 3), (), (4,), (5,)], 10.0)
    drawn = set()
    for seed in range(40):
        row = partition.rounded(Random(seed))
        assert row is not None
        routes = routes_of(row)
        calls = [call for route in routes for call in route]
        assert len(calls) == len(set(calls)) == 5
        drawn.add(tuple(map(tuple, routes)))
    assert len(drawn) == 5


def test_a_program_that_was_not_solved_in_time_tells_nothing() -> None:
    partition = seen_by(unlike(3), [*INCUMBENT, *BETTER])
    incumbent = [(0, 1, 2), (3, 4, 5), ()]

    found = partition.look(incumbent, -1.0)
    assert (found.worth, names(found.row)) == (None, ["012", "345", ""])
    assert partition.rounded(Random(1)) is None
    assert partition.look(incumbent, 10.0).worth is not None
    assert partition.rounded(Random(1)) is not None


def test_there_is_room_for_the_incumbent_where_there_is_none_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "MOST_ROUTES", 1)
    partition = seen_by(unlike(2), [(0, (0, 1), 10), (1, (2, 3), 10)])
    partition.add(1, (4, 5), 10, is_own=True)

    assert names(partition.look([(0, 1), (4, 5)], 10.0).row) == ["01", "45"]


def test_of_many_routes_the_most_promising_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "KEPT", 4)
    partition = seen_by(unlike(3), [*INCUMBENT, *BETTER, *DEAR])
    found = partition.look([(0, 1, 2), (3, 4, 5), ()], 10.0)
    assert names(found.row) == ["312", "45", "0"]
    assert names(partition.look([(3, 1, 2), (4, 5), (0,)], 10.0).row) == names(found.row)
    assert partition.seen <= 4


def test_routes_stand_by_themselves_unless_they_share_parts_or_a_van() -> None:
    visits = [visit("v", 1, parts={"pump": 1})]
    ann, bob = shift("s", "ann"), shift("t", "bob")
    later = shift("u", "ann", start=1000, end=2000)

    assert is_separable(flatten(line_problem(visits, [ann, bob], [depot()])))
    assert not is_separable(flatten(line_problem(visits, [ann, later], [depot()])))
    scarce = depot(stock={"pump": 1})
    both = [*visits, visit("w", 2, parts={"pump": 1})]
    assert not is_separable(flatten(line_problem(both, [ann, bob], [scarce])))


def test_a_search_by_the_clock_puts_routes_together_and_keeps_every_rule() -> None:
    problem = unlike(2)
    solution = solve(problem, Limit(seconds=2.5), cores=2)

    assert check(problem, solution) == ()
    assert solution.objective == solve(problem, Limit(iterations=3_000)).objective


@pytest.mark.parametrize("cores", [1, 2])
def test_a_search_that_puts_routes_together_can_be_stopped(cores: int) -> None:
    searches = Searches(unlike(2), seed=1, cores=cores)
    searches.open({})
    stopped: list[bool] = []
    timer = Timer(0.5, stopped.append, (True,))
    timer.start()
    searches.run(seconds=60.0, iterations=None, watch=lambda: bool(stopped))

    assert searches.assigned == VISITS
    assert np.isfinite(searches.cents)
