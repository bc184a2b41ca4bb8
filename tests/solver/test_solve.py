"""What always holds of an answer, whatever the problem."""

import pytest
from hypothesis import given

from solver.check import check
from solver.cost import cost
from solver.insertion import Draft
from solver.problem import Problem
from solver.routing import RoutingModel
from solver.solve import ENGINES, Limit, Progress, _explained, solve
from tests.solver.problems import line_problem, problems, shift, visit

ITERATIONS = Limit(iterations=6_000)


@given(problems())
def test_every_answer_is_valid_and_every_visit_is_placed_or_explained(problem: Problem) -> None:
    solution = solve(problem, ITERATIONS)
    assert check(problem, solution) == ()
    placed = [s.id for r in solution.routes for s in r.stops if s.kind == "visit"]
    left_out = [unassigned.id for unassigned in solution.unassigned]
    assert sorted(placed + left_out) == sorted(visit.id for visit in problem.visits)
    assert all(reason.message for left in solution.unassigned for reason in left.reasons)


@given(problems())
def test_the_routing_model_accepts_every_draft_and_agrees_to_the_cent(problem: Problem) -> None:
    draft = Draft(problem)
    draft.fill(draft.unassigned())
    if not any(draft.sequences.values()):
        return
    answer = RoutingModel(problem, draft.sequences).accept(draft.sequences)
    assert answer is not None
    left_out = [visit.id for visit in draft.unassigned()]
    total = sum(cost(problem, draft.supplied(answer.routes), left_out).values())
    assert answer.objective == total


def test_only_what_the_plan_leaves_out_is_explained_whatever_the_draft_could_take_over() -> None:
    problem = line_problem([visit("a", 1), visit("b", 2, skills={"magic": 1})], [shift()])
    plan = solve(problem, ITERATIONS)
    took_over_nothing = Draft(problem)
    assert [left.id for left in _explained(problem, took_over_nothing, plan)] == ["b"]


def test_the_same_seed_and_iterations_give_the_same_plan() -> None:
    problem = _round_trip_problem()
    limit = Limit(iterations=2_000)
    assert solve(problem, limit, seed=7) == solve(problem, limit, seed=7)


def test_improving_a_plan_never_makes_it_worse() -> None:
    problem = _round_trip_problem()
    good = solve(problem, Limit(iterations=5_000))
    again = solve(problem, Limit(iterations=1), start=good)
    assert again.objective <= good.objective
    assert check(problem, again) == ()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_cancelled_search_returns_a_valid_plan_that_says_what_is_missing(engine: str) -> None:
    problem = _round_trip_problem()
    solution = solve(problem, Limit(seconds=60), engine=engine, cancelled=lambda: True)
    assert check(problem, solution) == ()
    if engine == "kernel":
        # Its opening is done before anybody could have cancelled it.
        assert solution.unassigned == ()
        return
    assert len(solution.unassigned) == len(problem.visits)
    assert {r.code for left in solution.unassigned for r in left.reasons} == {"not_found"}


def test_progress_falls_in_cost_and_ends_at_the_answer() -> None:
    problem = _round_trip_problem()
    heard: list[Progress] = []
    solution = solve(problem, Limit(iterations=2_000), progress=heard.append)
    costs = [progress.objective for progress in heard]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == solution.objective


def test_a_limit_says_when_to_stop() -> None:
    with pytest.raises(ValueError, match="give a limit"):
        Limit()


def test_an_unknown_engine_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown engine 'magic'"):
        solve(_round_trip_problem(), Limit(iterations=1), engine="magic")


def _round_trip_problem() -> Problem:
    visits = [visit(f"v{i}", location=(i * 5) % 12, duration=30) for i in range(12)]
    shifts = [shift("a", "ann"), shift("b", "bob", end=400)]
    return line_problem(visits, shifts)
