"""Answers of the engine and of the routing model, verified, in a form that is short to compare."""

from solver.judge.check import check
from solver.ortools.routing import Answer, RoutingModel
from solver.problem import Problem
from solver.solution import ReasonCode, Rule, Solution
from solver.solve import Limit, solve
from solver.timing.schedule import Call
from tests.solver.problems import solution_of


def solved(problem: Problem) -> Solution:
    solution = solve(problem, Limit(iterations=3_000))
    assert check(problem, solution) == ()
    return solution


def plan(solution: Solution) -> dict[str, str]:
    """The stops of each route, in order."""
    return {r.shift: " ".join(stop.id for stop in r.stops) for r in solution.routes}


def planned(problem: Problem) -> dict[str, str]:
    """The stops of each route of a plan in which every visit is served."""
    solution = solved(problem)
    assert solution.unassigned == ()
    return plan(solution)


def starts(solution: Solution) -> dict[str, int]:
    return {stop.id: stop.start for route in solution.routes for stop in route.stops}


def left_out(solution: Solution) -> dict[str, list[tuple[ReasonCode, Rule | None]]]:
    return {out.id: [(r.code, r.rule) for r in out.reasons] for out in solution.unassigned}


def accepted(problem: Problem, **plan: str) -> Answer | None:
    """What the model makes of the visits and depots named, in order, for each shift."""
    places: dict[str, Call] = {v.id: v for v in problem.visits}
    places |= {d.id: d for d in problem.depots}
    sequences = {
        s.id: tuple(places[name] for name in plan.get(s.id, "").split()) for s in problem.shifts
    }
    return RoutingModel(problem, sequences).accept(sequences)


def valid(problem: Problem, **plan: str) -> Solution:
    """The plan as the model places it in time: valid, and counted by the checker as by it."""
    answer = accepted(problem, **plan)
    assert answer is not None, "the model refuses a plan that can be kept"
    solution = solution_of(problem, *answer.routes)
    assert check(problem, solution) == ()
    assert answer.objective == solution.objective
    stops = {r.shift: " ".join(s.id for s in r.stops if s.kind != "break") for r in answer.routes}
    assert stops == {name: calls for name, calls in plan.items() if calls}
    return solution
