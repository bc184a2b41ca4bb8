"""The kernel's plans of small problems are the cheapest that there are."""

import json
from pathlib import Path

import pytest

from benchmarks.brute_force import Comparison, as_solution, compare, line
from benchmarks.engines.enumeration import optimum
from benchmarks.engines.small_problems import KINDS, small_problem
from solver.files.read import problem_from_json
from solver.judge.check import check
from tests.solver.problems import depot, line_problem, shift, visit

SEED = 7
TINY = Path(__file__).parents[2] / "fixtures" / "tiny"


@pytest.mark.parametrize("kind", KINDS)
def test_the_kernels_plan_is_the_cheapest(kind: str) -> None:
    """``benchmarks.brute_force`` looks at more problems, and at larger ones."""
    for number in range(2):
        compared = compare(kind, SEED, number, iterations=1_000)
        assert compared.cents == compared.least, number


@pytest.mark.parametrize(("kind", "number"), [("scarce", 1), ("scarce", 52), ("rates, scarce", 20)])
def test_who_pushes_out_another_for_its_parts_keeps_nobody_from_the_cheapest_plan(
    kind: str, number: int
) -> None:
    """Two visits need what there is for one, and neither is worth more than the other."""
    compared = compare(kind, 1, number, iterations=1_000)
    assert compared.cents == compared.least


@pytest.mark.parametrize("number", [47, 50])
def test_linked_visits_wait_for_a_window_that_costs_less(number: int) -> None:
    """At their earliest moments they start in dear ones."""
    compared = compare("links, limits", 1, number, iterations=1_000)
    assert compared.cents == compared.least


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_problem_and_another_one_another(kind: str) -> None:
    visits = [small_problem(kind, seed, 0).visits for seed in (SEED, SEED, SEED + 1)]
    assert visits[0] == visits[1] != visits[2]


def test_looking_at_every_plan_finds_the_one_written_down() -> None:
    problem = problem_from_json(json.loads((TINY / "problem.json").read_text("utf-8")))
    written = json.loads((TINY / "solution.json").read_text("utf-8"))
    assert optimum(problem).cents == written["objective"]


def test_the_cheapest_plan_splits_pick_ups_and_fetches_on_the_day_before() -> None:
    """On Tuesday there is no time for any depot; on Monday none has both pumps."""
    needy = visit("a", 1, 10, parts={"pump": 2}, windows=())
    monday, tuesday = shift("mon", end=60), shift("tue", start=1000, end=1030)
    depots = [depot("d", 2, stock={"pump": 1}), depot("e", 3, stock={"pump": 1})]
    problem = line_problem([needy], [monday, tuesday], depots)
    best = optimum(problem)
    assert {shift_: [c.id for c in calls] for shift_, calls in best.sequences.items()} == {
        "mon": ["d", "e"],
        "tue": ["a"],
    }
    assert best.cents == 60 + 30
    assert check(problem, as_solution(problem, best)) == ()


def test_what_cannot_be_served_is_left_out() -> None:
    problem = line_problem([visit("a", 1), visit("b", 1, parts={"pump": 1})], [shift()])
    best = optimum(problem)
    assert best.unassigned == ("b",)
    assert best.cents == 25 + problem.prices["b"]


def test_a_line_of_the_table_names_the_problems_that_are_not_optimal() -> None:
    compared = [Comparison(0, 10, 10, 0, 0), Comparison(1, 15, 10, 9, 0)]
    assert line("scarce", compared, 3.2).split() == ["scarce", "2", "1", "1", "50.00%", "3", "1"]
