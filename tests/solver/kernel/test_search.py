"""What always holds of an answer of the kernel, whatever the problem."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.draft.draft import Draft
from solver.files.write import write_solution
from solver.judge.check import check
from solver.kernel.search import anneal
from solver.objective import Objective
from solver.ortools.acceptance import accepts
from solver.problem import Pin, Problem
from solver.rules.cost import cost
from solver.search import search as single
from solver.search import searches as search
from solver.search.searches import Searches
from solver.solution import ReasonCode, Solution, StopKind
from solver.solve import Limit, Progress, solve
from tests.solver.kernel import narrow
from tests.solver.kernel.plans import supply_problems, town
from tests.solver.problems import depot, line_problem, problems, shift, visit, window

ROOT = Path(__file__).parents[3]
SEEDS = st.integers(0, 2**32)
ANY_PROBLEM = problems(max_visits=10) | supply_problems()
CYCLES = (1, search.CYCLE_ITERATIONS)
"""Iterations for each visit: so few that plans are crossed, and so many that there is one cycle."""
AT_ONCE = 0.2
"""Seconds from the moment at which a search is cancelled to its answer."""


def names(solution: Solution) -> list[str]:
    """Every visit that is on a route or left out, as often as it is."""
    served = [s.id for r in solution.routes for s in r.stops if s.kind is StopKind.VISIT]
    return sorted([*served, *(left.id for left in solution.unassigned)])


@given(ANY_PROBLEM, SEEDS)
@settings(max_examples=3 * settings().max_examples)
def test_every_answer_keeps_all_rules_and_explains_what_is_left_out(
    problem: Problem, seed: int
) -> None:
    solution = solve(problem, Limit(iterations=100), seed=seed)
    assert check(problem, solution) == ()
    assert accepts(problem, solution.routes)
    assert names(solution) == sorted(visit_.id for visit_ in problem.visits)
    assert all(left.reasons for left in solution.unassigned)


@given(ANY_PROBLEM, SEEDS, st.integers(1, 2), st.sampled_from(CYCLES))
@settings(max_examples=3 * settings().max_examples)
def test_the_kernels_plan_costs_what_it_says_and_can_be_supplied_as_it_is(
    problem: Problem, seed: int, cores: int, cycle: int
) -> None:
    searches = Searches(problem, seed=seed, cores=cores)
    searches.open({})
    for iterations in (0, 30):
        with patch.object(search, "CYCLE_ITERATIONS", cycle):
            searches.run(seconds=None, iterations=iterations)
        draft = Draft(problem)
        draft.take(searches.sequences())
        left_out = [left.id for left in draft.unassigned()]
        assert sum(cost(problem, draft.routes(), left_out).values()) == searches.cents
        assert searches.assigned == len(problem.visits) - len(left_out)
        kept = {name: [call.id for call in calls] for name, calls in draft.sequences.items()}
        found = {name: [call.id for call in calls] for name, calls in searches.sequences().items()}
        assert kept == found


@given(ANY_PROBLEM, SEEDS, st.sampled_from(CYCLES))
def test_a_plan_to_improve_never_gets_worse(problem: Problem, seed: int, cycle: int) -> None:
    plan = solve(problem, Limit(iterations=20), seed=seed)
    for other in range(2):
        with patch.object(search, "CYCLE_ITERATIONS", cycle):
            better = solve(problem, Limit(iterations=20), seed=seed + other, start=plan)
        assert check(problem, better) == ()
        assert better.objective <= plan.objective
        plan = better


def answer(
    seed: int, cores: int, cycle: int = search.CYCLE_ITERATIONS, iterations: int = 400
) -> str:
    with patch.object(search, "CYCLE_ITERATIONS", cycle):
        solution = solve(town(), Limit(iterations=iterations), seed=seed, cores=cores)
    assert check(town(), solution) == ()
    return json.dumps(write_solution(solution, scale=1))


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("cycle", CYCLES)
def test_seed_and_iterations_decide_every_byte_of_the_answer_in_this_process_and_in_others(
    cores: int, cycle: int
) -> None:
    here = answer(7, cores, cycle)
    assert answer(7, cores, cycle) == here
    program = f"from {__name__} import answer; print(answer(7, {cores}, {cycle}))"
    there = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == here


def test_another_seed_gives_another_search() -> None:
    assert answer(7, 1) != answer(8, 1)


@pytest.mark.parametrize("cycle", CYCLES)
def test_how_often_the_search_looks_up_decides_nothing(
    cycle: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = set()
    for seconds in (1e-5, 1e-3, 10.0):
        monkeypatch.setattr(single, "CHUNK_SECONDS", seconds)
        answers.add(answer(3, 1, cycle))
    assert len(answers) == 1


def test_a_limit_of_either_kind_finds_the_search_compiled() -> None:
    for seconds, iterations in ((None, 10), (0.05, None)):
        searches = Searches(town(), seed=1)
        searches.open({})
        searches.run(seconds=seconds, iterations=iterations)
    assert len(anneal.signatures) == 1  # type: ignore[attr-defined]


def test_more_cores_do_as_many_iterations_each() -> None:
    searches = Searches(town(), seed=1, cores=2)
    searches.open({})
    searches.run(seconds=None, iterations=150)
    assert searches.iterations == 300


@pytest.mark.parametrize(("cycle", "times"), [(80, 1), (50, 3), (12, 11)])
def test_a_search_long_enough_is_heated_several_times_and_takes_no_longer(
    cycle: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = line_problem([visit("a", 1), visit("b", 2)], [shift()])
    monkeypatch.setattr(search, "CYCLE_ITERATIONS", cycle)
    heats: list[float] = []

    def note(*given: Any) -> None:
        *_, hot, cold, done, whole = given
        heats.append(hot * (cold / hot) ** (done / whole))
        anneal(*given)

    monkeypatch.setattr(single, "anneal", note)
    searches = Searches(problem, seed=1)
    searches.open({})
    searches.run(seconds=None, iterations=201)
    assert searches.iterations == 201
    assert heats.count(max(heats)) == times


@pytest.mark.parametrize("cores", [1, 2])
def test_a_cancelled_search_answers_at_once_with_its_best_plan(cores: int) -> None:
    def cancelled_search() -> float:
        cancelled_at: list[float] = []

        def watch(heard: Progress) -> None:
            if heard.iterations > 0 and not cancelled_at:
                cancelled_at.append(time.monotonic())

        limit, is_over = Limit(seconds=60), lambda: bool(cancelled_at)
        solution = solve(town(), limit, cores=cores, progress=watch, cancelled=is_over)
        took = time.monotonic() - cancelled_at[0]
        assert check(town(), solution) == ()
        assert solution.unassigned == ()
        return took

    # Of several, since other tests take the cores as well.
    assert min(cancelled_search() for _ in range(3)) < AT_ONCE


def test_a_search_cancelled_before_it_began_still_has_a_plan() -> None:
    solution = solve(town(), Limit(seconds=60), cancelled=lambda: True)
    assert check(town(), solution) == ()
    assert solution.unassigned == ()


IMPOSSIBLE = {
    "skill": visit("x", 1, skills={"magic": 1}, priority=4),
    "part": visit("x", 1, parts={"wand": 1}, priority=4),
    "tool": visit("x", 1, tools=frozenset({"wand"}), priority=4),
    "stranger": visit("x", 1, pin=Pin("zoe"), priority=4),
    "window": visit("x", 1, windows=(window(-90, -80),), priority=4),
    "too long": visit("x", 1, 5000, priority=4),
    "too far": visit("x", 99, priority=4),
}


@pytest.mark.parametrize("impossible", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_impossible_visit_never_empties_the_plan(impossible: object) -> None:
    visits = [visit(f"v{number}", number) for number in range(1, 6)]
    problem = line_problem([*visits, impossible], [shift(), shift("t", "bob")])  # type: ignore[list-item]
    solution = solve(problem, Limit(iterations=50))
    assert check(problem, solution) == ()
    (left,) = solution.unassigned
    assert left.id == "x"
    assert {reason.code for reason in left.reasons} == {ReasonCode.IMPOSSIBLE}


@given(narrow.PROBLEMS, SEEDS, narrow.LIMITS, narrow.CYCLES)
def test_the_answer_keeps_all_rules_where_every_limit_of_the_search_is_met(
    problem: Problem, seed: int, most: int, cycle: int
) -> None:
    narrow.assert_solved(problem, seed, most, cycle)


def test_the_limits_are_those_that_the_search_has() -> None:
    """``narrow`` would change nothing if they were named otherwise, or had been read before."""
    problem = line_problem(
        [visit(f"v{number}", number) for number in range(9)],
        [shift(f"s{number}", f"t{number}", number) for number in range(9)],
        [depot()],
    )
    with narrow.narrow(3):
        searches = Searches(problem, seed=1)
    arrays, plan = searches.arrays, searches._leader.plan
    for near in (arrays.near, arrays.near_before, arrays.near_after, arrays.near_groups):
        assert near.shape == (9, 3)
    assert len(plan.pool) == 3
    assert searches._leader.settings.shifts_anywhere == 3


def equal_jobs(places: int) -> Problem:
    """As many equal jobs at each place as fill four routes and a half of eight, and technicians
    who are all alike; there is room for one more job than there are, if no route is wasted."""
    rng = np.random.default_rng(2)
    points = np.vstack([[0, 0], rng.integers(-600, 600, (places, 2))])
    seconds = np.abs(points[:, None] - points[None, :]).sum(axis=2)
    jobs = [visit(f"v{number}", 1 + number % places, 3600) for number in range(36 * places - 1)]
    crew = [shift(f"s{number}", f"t{number}", end=9 * 3600) for number in range(8 * places)]
    return Problem(tuple(jobs), tuple(crew), seconds, seconds, (), Objective(shift_use=100_000))


@pytest.mark.parametrize(("places", "routes"), [(1, 5), (4, 18)])
def test_no_more_of_many_equal_technicians_are_sent_than_it_takes(places: int, routes: int) -> None:
    solution = solve(equal_jobs(places), Limit(iterations=3_000))
    assert solution.unassigned == ()
    assert len(solution.routes) == routes


def test_a_visit_that_needs_two_depots_goes_to_who_has_the_time_for_both() -> None:
    """It would cost least on Ann's shift, if it lacked nothing."""
    part_of_each = visit("a", 1, parts={"pump": 1, "valve": 1})
    depots = [depot("d", 8, stock={"pump": 1}), depot("e", 9, stock={"valve": 1})]
    ann, bob = shift(end=100), shift("t", "bob", start_location=3, end_location=3)
    searches = Searches(line_problem([part_of_each], [ann, bob], depots), seed=0)
    searches.open({})
    assert searches.assigned == 1


def test_a_search_without_visits_or_shifts_comes_to_an_end() -> None:
    for problem in (line_problem(), line_problem([visit()]), line_problem((), [shift()])):
        solution = solve(problem, Limit(iterations=50), cores=2)
        assert check(problem, solution) == ()
        assert names(solution) == [v.id for v in problem.visits]
