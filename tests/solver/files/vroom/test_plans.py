"""Plans in VROOM's words keep VROOM's rules, and are as good as any."""

from typing import Any

import pytest
from hypothesis import given

from benchmarks.engines.vroom_rules import Json, faults, rank
from solver.files.plans import false_claims, plan_as_json, plan_from_json
from solver.files.read import ProblemFile, file_of_json
from solver.judge.check import check
from solver.solution import Rule
from solver.solve import Limit, solve
from tests.solver.files.vroom.vans import best_rank, problems

pytestmark = pytest.mark.usefixtures("compiled_search")


def planned(data: Json, iterations: int) -> tuple[ProblemFile, Json]:
    """The problem, and a plan for it that has passed our checker as VROOM would write it."""
    file = file_of_json(data, "vroom")
    solution = solve(file.problem, Limit(iterations=iterations))
    plan = plan_as_json(file, solution, 0.0)
    assert complaints(file, plan) == []
    return file, plan


def complaints(file: ProblemFile, plan: Any) -> list[Rule]:
    """What our checker has to say of a plan in VROOM's words."""
    written = plan_from_json(file, plan)
    violations = check(written.problem, written.solution, tolerance=file.tolerance)
    found = [one.rule for one in violations if one.rule is not Rule.COST]
    return found or [one.rule for one in false_claims(file, written)]


@given(problems(shared=True))
def test_every_plan_keeps_the_rules_of_vroom(data: Json) -> None:
    _, plan = planned(data, 100)

    assert faults(data, plan) == []


@given(problems(shared=False))
def test_a_plan_is_as_good_as_every_plan_there_is(data: Json) -> None:
    for vehicle in data["vehicles"]:
        vehicle.pop("breaks", None)
    data["jobs"], data["vehicles"] = data["jobs"][:4], data["vehicles"][:2]

    _, plan = planned(data, 5_000)

    assert rank(data, plan) == best_rank(data)
