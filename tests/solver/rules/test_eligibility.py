"""Who could do what: the matrices say for all pairs what is asked pair by pair elsewhere."""

import numpy as np
from hypothesis import given

from solver.problem import Pin, Previous, Problem
from solver.rules.eligibility import (
    Supplies,
    eligibility_matrix,
    eligible_shifts,
    obstacles,
    pair_cost,
    pair_costs,
)
from tests.solver.problems import depot, line_problem, problems, shift, visit, window


def pair_by_pair(problem: Problem) -> list[list[bool]]:
    supplies = Supplies.of(problem)
    return [[not obstacles(supplies, v, s) for s in problem.shifts] for v in problem.visits]


@given(problems())
def test_the_matrix_is_true_where_nothing_stands_in_the_way(problem: Problem) -> None:
    matrix = eligibility_matrix(problem)
    assert matrix.shape == (len(problem.visits), len(problem.shifts))
    assert matrix.dtype == np.bool_
    assert matrix.tolist() == pair_by_pair(problem)


@given(problems())
def test_eligible_shifts_are_those_without_obstacles_in_the_problems_order(
    problem: Problem,
) -> None:
    supplies = Supplies.of(problem)
    assert eligible_shifts(problem) == {
        v.id: tuple(s for s in problem.shifts if not obstacles(supplies, v, s))
        for v in problem.visits
    }


@given(problems())
def test_pair_costs_are_the_sums_of_what_each_pair_costs(problem: Problem) -> None:
    costs = pair_costs(problem)
    assert costs.shape == (len(problem.visits), len(problem.shifts))
    assert costs.dtype == np.int64
    assert costs.tolist() == [
        [sum(pair_cost(problem, v, s).values()) for s in problem.shifts] for v in problem.visits
    ]


def test_without_shifts_or_visits_the_matrices_are_empty() -> None:
    assert eligibility_matrix(line_problem([visit()])).shape == (1, 0)
    assert pair_costs(line_problem([], [shift()])).shape == (0, 1)


def test_every_rule_but_time_has_its_say() -> None:
    wishes = [
        visit("any"),
        visit("gas", skills={"gas": 2}),
        visit("crane", tools=frozenset({"crane"})),
        visit("lent", tools=frozenset({"probe"})),
        visit("pump", parts={"pump": 3}),
        visit("ours", allowed=frozenset({"bob", "zoe"})),
        visit("not hers", forbidden=frozenset({"ann", "zoe"})),
        visit("north", territory="north"),
        visit("pinned", pin=Pin("ann")),
        visit("to nobody", pin=Pin("zoe")),
        visit("at odds", pin=Pin("ann", 50), windows=(window(0, 49),)),
    ]
    anns = shift("s", skills={"gas": 1}, tools=frozenset({"crane"}), stock={"pump": 1})
    bobs = shift("t", "bob", skills={"gas": 2}, territories=frozenset({"south"}))
    lender = depot(stock={"pump": 2}, tools=frozenset({"probe"}))
    problem = line_problem(wishes, [anns, bobs], [lender])
    assert {
        v.id: [s.id for s in shifts]
        for v, shifts in zip(wishes, eligible_shifts(problem).values(), strict=True)
    } == {
        "any": ["s", "t"],
        "gas": ["t"],
        "crane": ["s"],
        "lent": ["s", "t"],
        "pump": ["s"],
        "ours": ["t"],
        "not hers": ["t"],
        "north": ["s"],
        "pinned": ["s"],
        "to nobody": [],
        "at odds": [],
    }


def test_numbers_beyond_64_bits_are_compared_and_not_cut_off() -> None:
    problem = line_problem([visit(parts={"dust": 2**70})], [shift(stock={"dust": 2**70})])
    assert eligibility_matrix(problem).tolist() == [[True]]


def test_a_customer_told_of_someone_else_costs_more_to_disappoint() -> None:
    wishes = visit(
        skills={"gas": 1},
        preferred=frozenset({"bob"}),
        previous=Previous("bob", 0, told=True),
    )
    shifts = [shift("s", skills={"gas": 3}), shift("t", "bob", skills={"gas": 1})]
    problem = line_problem(
        [wishes],
        shifts,
        not_preferred=5,
        over_skilled=7,
        changed_technician=100,
        told_factor=3,
    )
    assert pair_costs(problem).tolist() == [[5 + 2 * 7 + 3 * 100, 0]]
