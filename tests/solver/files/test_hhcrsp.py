"""The home health care benchmark: what becomes of patients, caregivers and costs."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from solver.files.hhcrsp import problem_from_hhcrsp
from solver.files.read import read_problem
from solver.files.write import read_solution, write_solution
from solver.judge.check import check
from solver.links import After, Apart, Person, Together
from solver.problem import InvalidProblem, TimeWindow
from solver.solution import Rule
from solver.solve import Limit, solve
from solver.travel import MAX_TIME

TWO = [{"service": "a", "duration": 10}, {"service": "b", "duration": 20.5}]
DATA: dict[str, Any] = {
    "patients": [
        {
            "id": "p1",
            "location": [3, 4],
            "time_window": [0, 4],
            "required_caregivers": [{"service": "a", "duration": 10}],
        },
        {
            "id": "p2",
            "location": [0, 5],
            "time_window": [100, 200],
            "required_caregivers": TWO,
            "synchronization": {"type": "simultaneous"},
        },
    ],
    "services": [{"id": "a", "default_duration": 7}, {"id": "b", "default_duration": 7}],
    "caregivers": [{"id": "c1", "abilities": ["a"]}, {"id": "c2", "abilities": ["a", "b"]}],
    "central_offices": [{"id": "d", "location": [0, 0]}],
    "distances": [[0, 5, 5], [5, 0, 3.162], [5, 3.162, 0]],
}


def data(**second_patient: Any) -> dict[str, Any]:
    changed = deepcopy(DATA)
    changed["patients"][1] |= second_patient
    return changed


def test_services_are_visits_that_begin_in_their_window_or_late() -> None:
    problem, scale = problem_from_hhcrsp(data())
    assert scale == 1000
    assert [visit.id for visit in problem.visits] == ["p1:a", "p2:a", "p2:b"]
    last = problem.visit["p2:b"]
    assert (last.location, last.duration, last.skills) == (2, 20_500, {"b": 1})
    assert last.windows == (TimeWindow(100_000, MAX_TIME),)
    assert last.due == 220_500
    assert problem.links == (Together(("p2:a", "p2:b")),)
    assert problem.travel_time[1, 2] == 3162


def test_sequential_services_keep_their_distance_from_start_to_start() -> None:
    tie = {"type": "sequential", "distance": [15, 30]}
    problem, _ = problem_from_hhcrsp(data(synchronization=tie))
    assert problem.links == (After("p2:a", "p2:b", 5_000, 20_000, Person.DIFFERENT),)


def test_two_services_without_synchronization_have_two_caregivers() -> None:
    problem, _ = problem_from_hhcrsp(data(synchronization=None))
    assert problem.links == (Apart(("p2:a", "p2:b")),)


def test_a_duration_that_is_not_given_is_that_of_the_service() -> None:
    problem, _ = problem_from_hhcrsp(data(required_caregivers=[{"service": "a"}, {"service": "b"}]))
    assert problem.visit["p2:b"].duration == 7_000


def test_numbers_with_many_decimals_have_a_finer_scale() -> None:
    changed = data()
    changed["distances"][0][1] = 5.00001
    assert problem_from_hhcrsp(changed)[1] == 100_000


def test_the_cost_is_the_mean_of_distance_tardiness_and_the_largest(tmp_path: Path) -> None:
    """One caregiver comes a second late to the first patient, since the way takes 5."""
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(data()), encoding="utf-8")
    file = read_problem(path)
    assert (file.format, file.scale, file.cost_scale, file.tolerance) == ("hhcrsp", 1000, 3000, 1)
    solution = solve(file.problem, Limit(iterations=500))
    assert check(file.problem, solution) == ()
    assert solution.unassigned == ()
    written = write_solution(solution, file.scale, file.cost_scale)
    distance = (5 + 3.162 + 5) + (5 + 5)
    assert written["objective"] == pytest.approx((distance + 1 + 1) / 3)
    shares = {rule: cost for rule, cost in written["cost"].items() if cost}
    assert shares == pytest.approx(
        {"distance": distance / 3, "lateness": 1 / 3, "worst_lateness": 1 / 3}
    )
    again = read_solution(written, file.problem, file.scale, file.cost_scale)
    assert again == solution
    assert again.cost[Rule.LATENESS] == 1000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"time_window": [5, 4]}, "window_order"),
        ({"time_window": 5}, "wrong_type"),
        ({"required_caregivers": []}, "not_supported"),
        ({"required_caregivers": [TWO[0], TWO[0]]}, "not_supported"),
        ({"required_caregivers": [TWO[0]]}, "contradiction"),
        ({"required_caregivers": [{"service": "x"}, TWO[0]]}, "missing_key"),
        ({"synchronization": {"type": "simultaneus"}}, "unknown_value"),
        ({"synchronization": {"type": "sequential"}}, "missing_key"),
        ({"id": "p1", "required_caregivers": TWO[:1], "synchronization": None}, "duplicate_id"),
    ],
)
def test_what_is_wrong_with_a_patient_is_told(change: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidProblem) as invalid:
        problem_from_hhcrsp(data(**change))
    assert [fault.code for fault in invalid.value.faults] == [code]


def test_what_is_wrong_with_the_rest_is_told_at_once() -> None:
    broken = data() | {"distances": [[0, 5], [5, 0]], "central_offices": []}
    broken["caregivers"] = [{"id": "c1", "abilities": "a"}, {"id": 3, "abilities": []}]
    with pytest.raises(InvalidProblem) as invalid:
        problem_from_hhcrsp(broken)
    places = [fault.where for fault in invalid.value.faults]
    assert places == [
        "/central_offices",
        "/caregivers/0/abilities",
        "/caregivers/1/id",
        "/distances",
    ]
