"""What always holds of an answer, whatever the problem."""

from dataclasses import replace

import pytest
from hypothesis import given, reject

from solver.draft.draft import Draft
from solver.draft.insertion import fill
from solver.judge.check import check
from solver.ortools.routing import RoutingModel
from solver.ortools.rules import NotInTheModel
from solver.problem import Problem
from solver.rules.cost import cost
from solver.solution import ReasonCode
from solver.solve import (
    ENGINES,
    MOST_TO_CHECK,
    SECONDS_TO_CHECK_A_VISIT,
    Limit,
    Progress,
    _Solving,
    solve,
)
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


@given(problems(every_rule=True))
def test_the_routing_model_accepts_every_draft_and_agrees_to_the_cent(problem: Problem) -> None:
    draft = Draft(problem)
    fill(draft, draft.unassigned())
    if not any(draft.sequences.values()):
        return
    try:
        model = RoutingModel(problem, draft.sequences)
    except NotInTheModel:
        reject()
    answer = model.accept(draft.sequences)
    assert answer is not None
    left_out = [visit.id for visit in draft.unassigned()]
    total = sum(cost(problem, draft.supplied(answer.routes), left_out).values())
    assert answer.objective == total


def test_a_plan_that_is_kept_has_the_reasons_of_the_problem_as_it_is_now() -> None:
    """What was impossible for want of a skill now only loses to dearer work."""
    busy = visit("a", 1, 900, priority=4)
    wanting = visit("v", 1, 900, skills={"gas": 1})
    before = solve(line_problem([busy, wanting], [shift()]), ITERATIONS)
    problem = line_problem([busy, wanting], [shift(skills={"gas": 1})])
    after = solve(problem, ITERATIONS, start=before)
    assert after.routes == before.routes
    codes = [
        [reason.code for left in one.unassigned for reason in left.reasons]
        for one in (before, after)
    ]
    assert codes == [[ReasonCode.IMPOSSIBLE], [ReasonCode.OUTBID]]


def test_a_plan_without_reasons_is_kept_too_if_nothing_costs_less() -> None:
    problem = line_problem([visit("a", 1, 900), visit("b", 1, 900)], [shift()])
    good = solve(problem, ITERATIONS)
    bare = replace(good, unassigned=tuple(replace(one, reasons=()) for one in good.unassigned))
    assert solve(problem, Limit(iterations=1), start=bare) == good


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


class Clock:
    """Time that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize("seconds", [1, 5, 60])
@pytest.mark.parametrize(("visits", "left_out"), [(3, 0), (3, 3), (3000, 0), (3000, 1500)])
def test_a_fifth_of_the_time_is_kept_to_place_explain_and_judge_and_what_the_checker_takes(
    seconds: int, visits: int, left_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("solver.solve.time", clock)
    problem = line_problem([visit(f"v{i}") for i in range(visits)], [shift()])
    solving = _Solving(problem, Limit(seconds=seconds), None, None, quick_to_close=True)
    solving.left_out = left_out
    left = solving.left()
    assert left is not None
    to_check = min(SECONDS_TO_CHECK_A_VISIT * visits, MOST_TO_CHECK * seconds)
    assert 0.8 * seconds - to_check - 1e-6 <= left < min(seconds, seconds - to_check + 1e-6)
    due = []
    for is_due in (solving.over, solving.placed, solving.explained, solving.judged):
        clock.now = 1000.0
        while not is_due():
            clock.now += 0.001
        due.append(clock.now - 1000.0)
    assert due == sorted(due)
    assert due[-1] <= seconds + 0.002


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
