"""Plans in the form that belongs to their problem's: our JSON, or VROOM's."""

from dataclasses import dataclass
from typing import Any

from solver.files.read import ProblemFile
from solver.files.vroom.answer import (
    VroomAnswer,
    claim_violations,
    read_answer,
    solution_of_answer,
)
from solver.files.vroom.write import write_vroom
from solver.files.write import read_solution, write_solution
from solver.problem import Problem
from solver.solution import Solution, Violation


@dataclass(frozen=True, slots=True)
class WrittenPlan:
    """A plan as somebody has written it: the solution, the problem as it is to be judged by, and
    VROOM's words for it if they are."""

    solution: Solution
    problem: Problem
    answer: VroomAnswer | None = None


def plan_as_json(file: ProblemFile, solution: Solution, seconds: float) -> dict[str, Any]:
    """The solution as a JSON object; ``seconds`` is how long it took to find it, which only VROOM's
    form says."""
    if file.vroom is not None:
        return write_vroom(file.vroom, solution, seconds=seconds)
    return write_solution(solution, file.scale, file.cost_scale)


def plan_from_json(file: ProblemFile, data: Any) -> WrittenPlan:
    """The plan in a decoded JSON document. Raises ``InvalidSolution``."""
    if file.vroom is None:
        solution = read_solution(data, file.problem, file.scale, file.cost_scale)
        return WrittenPlan(solution, file.problem)
    answer = read_answer(data)
    solution = solution_of_answer(file.vroom, answer)
    return WrittenPlan(solution, file.vroom.judged(solution), answer)


def false_claims(file: ProblemFile, plan: WrittenPlan) -> list[Violation]:
    """What a plan that breaks no rule says of itself in VROOM's words, and is not so."""
    if file.vroom is None or plan.answer is None:
        return []
    return list(claim_violations(file.vroom, plan.answer))
