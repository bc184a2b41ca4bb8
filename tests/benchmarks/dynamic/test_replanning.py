"""Planning anew with technicians on the road: what they have left, and what is promised."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.dynamic.releases import DynamicInstance, read_dynamic
from benchmarks.dynamic.replanning import Effort, replanned
from benchmarks.dynamic.tours import Driven, Tour
from solver.problem import TimeWindow
from solver.solution import Solution, Unassigned
from solver.timing.schedule import Call
from tests.benchmarks.dynamic.days import small_day

UNIT = 100_000
EFFORT = Effort(seconds=None, iterations=200)


@pytest.fixture
def instance(tmp_path: Path) -> DynamicInstance:
    return read_dynamic(small_day(tmp_path) / "dtrsp" / "SMALL_rd_40.txt")


def driven(call: Call, start: int) -> Driven:
    moment = start * UNIT
    return Driven(call, 0, moment, moment, moment, moment + call.duration)


def after(instance: DynamicInstance, *stops: Driven) -> dict[str, Tour]:
    """The first technician on the road, the second at home again."""
    one, two = instance.problem.shifts
    return {one.id: Tour(one, 0, stops), two.id: Tour(two, 0, (), 10 * UNIT)}


def ids(plan: dict[str, tuple[Call, ...]]) -> dict[str, list[str]]:
    return {shift: [call.id for call in calls] for shift, calls in plan.items()}


def test_who_has_used_up_a_part_calls_at_the_depot(instance: DynamicInstance) -> None:
    problem = instance.problem
    tours = after(instance, driven(problem.visit["3"], 40))

    plan = replanned(
        problem, tours, {}, accepted=(), new=[problem.visit["6"]], now=50 * UNIT, effort=EFFORT
    )

    assert ids(plan) == {"1": ["0", "6"]}


def test_who_was_at_the_depot_has_everything(instance: DynamicInstance) -> None:
    problem = instance.problem
    tours = after(instance, driven(problem.visit["3"], 40), driven(instance.problem.depots[0], 60))

    plan = replanned(
        problem, tours, {}, accepted=(), new=[problem.visit["6"]], now=60 * UNIT, effort=EFFORT
    )

    assert ids(plan) == {"1": ["6"]}


def test_nothing_accepted_is_given_up_even_for_more_that_is_new(
    instance: DynamicInstance,
) -> None:
    """The only technician who can go to any of them is there in time for one side or the other."""
    accepted = instance.problem.visit["4"]
    new = [
        replace(
            instance.problem.visit[name],
            location=instance.problem.shifts[0].start_location,
            windows=(TimeWindow(moment * UNIT, moment * UNIT),),
            skills=accepted.skills,
            parts={},
        )
        for name, moment in (("7", 105), ("5", 115))
    ]
    problem = replace(instance.problem, visits=(accepted, *new))
    tours = {shift.id: Tour(shift) for shift in problem.shifts}

    plan = replanned(
        problem, tours, {"2": (accepted,)}, accepted=[accepted], new=new, now=0, effort=EFFORT
    )

    assert ids(plan) == {"1": [], "2": ["4"]}


def test_a_plan_that_loses_what_was_accepted_is_not_taken(
    instance: DynamicInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, accepted = instance.problem, instance.problem.visit["4"]
    tours = {shift.id: Tour(shift) for shift in problem.shifts}
    nothing = Solution((), (Unassigned("4", ()),), {})
    monkeypatch.setattr("benchmarks.dynamic.replanning.solve", lambda *_, **__: nothing)

    plan = replanned(
        problem, tours, {"2": (accepted,)}, accepted=[accepted], new=(), now=0, effort=EFFORT
    )

    assert ids(plan) == {"1": [], "2": ["4"]}


def test_without_requests_nobody_has_anything_to_do(instance: DynamicInstance) -> None:
    tours = {shift.id: Tour(shift) for shift in instance.problem.shifts}

    plan = replanned(instance.problem, tours, {}, accepted=(), new=(), now=0, effort=EFFORT)

    assert ids(plan) == {"1": [], "2": []}
