"""``dispatch solve`` and ``dispatch check`` on problems and plans of VROOM's."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from benchmarks.engines.vroom_rules import Json, faults
from dispatch.cli.app import app
from tests.solver.files.vroom.vans import SECONDS, problem

pytestmark = pytest.mark.usefixtures("compiled_search")


def dispatch(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def written(folder: Path, data: Any, name: str = "day.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize("named", [["--format", "vroom"], []], ids=["named", "guessed"])
def test_a_problem_of_vrooms_is_solved_and_its_plan_passes_the_check(
    folder: Path, named: list[str]
) -> None:
    data = problem({"service": 300, "skills": [4]}, {"priority": 5}, vehicles=[{"skills": [1, 4]}])
    day, plan = written(folder, data), folder / "plan.json"

    solved = dispatch("solve", day, *named, "--iterations", 50, "--output", plan)
    checked = dispatch("check", day, plan, *named)

    assert (solved.exit_code, solved.stderr) == (0, "")
    assert faults(data, json.loads(plan.read_text())) == []
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert checked.stdout == "No violations: 2 of 2 visits on 1 route · 0 unassigned\n"


def test_the_summary_is_vrooms(folder: Path) -> None:
    shown = dispatch("solve", written(folder, problem({}, {}, {})), "--iterations", 50).stdout

    assert "waiting time" in shown
    assert "2,500" in shown  # 600 + 300 + 400 + 1,200


def test_estimated_travel_is_said_to_be(folder: Path) -> None:
    vehicle = {"id": 1, "start": [105.8, 21.0]}
    data = {"jobs": [{"id": 1, "location": [105.9, 21.0]}], "vehicles": [vehicle]}

    solved = dispatch("solve", written(folder, data), "--iterations", 5, "--json")

    assert "great circles × 1.3 at 24 km/h" in solved.stderr
    plan = json.loads(solved.stdout)
    assert plan["summary"]["travel"] == "estimated"
    assert plan["summary"]["duration"] == pytest.approx(10_380 * 1.3 / (24 / 3.6), rel=0.01)
    assert plan["routes"][0]["steps"][1]["location"] == [105.9, 21.0]


def test_every_fault_is_listed(folder: Path) -> None:
    data = problem({"time_windows": [[9, 1]]}, shipments=[{}])

    refused = dispatch("solve", written(folder, data), "--format", "vroom")

    assert refused.exit_code == 2
    assert {line.rpartition("[")[2] for line in refused.stderr.splitlines()} >= {
        "not_supported]",
        "window_order]",
    }


def test_the_search_begins_with_the_steps_and_says_what_of_them_cannot_be_kept(
    folder: Path,
) -> None:
    steps = [{"type": "job", "id": number} for number in (3, 1, 2)]
    jobs = ({}, {"skills": [9]}, {})
    data = problem(*jobs, vehicles=[{"steps": steps}])

    solved = dispatch("solve", written(folder, data), "--iterations", 0, "--json")

    assert "visit '2' leaves shift '1'" in solved.stderr
    (route,) = json.loads(solved.stdout)["routes"]
    assert sorted(step["id"] for step in route["steps"] if step["type"] == "job") == [1, 3]
    # Back and forth is as long either way round, but for the way it began.
    assert route["cost"] <= SECONDS[0][3] + SECONDS[3][1] + SECONDS[1][0]


def test_a_plan_may_be_given_to_start_from(folder: Path) -> None:
    day = written(folder, problem({}, {}, {}))
    plan = folder / "plan.json"
    assert dispatch("solve", day, "--iterations", 50, "--output", plan).exit_code == 0

    again = dispatch("solve", day, "--iterations", 0, "--start", plan, "--json")

    assert json.loads(again.stdout)["summary"]["cost"] == 2_500


# Plans that break something


@pytest.fixture
def plan() -> Json:
    """Of one vehicle that does job 1, waits for job 2, and is back."""
    times: Any = [
        ("start", 0, 0, 0),
        ("job", 600, 0, 0),
        ("job", 900, 100, 60),
        ("end", 1960, 0, 0),
    ]
    steps: list[Json] = [
        {"type": kind, "arrival": arrival, "waiting_time": waiting, "service": service, "setup": 0}
        for kind, arrival, waiting, service in times
    ]
    steps[1]["id"], steps[2]["id"] = 1, 2
    return {
        "code": 0,
        "summary": {"cost": 1_800, "unassigned": 1},
        "unassigned": [{"id": 3}],
        "routes": [{"vehicle": 1, "cost": 1_800, "steps": steps}],
    }


DAY = problem({}, {"service": 60, "time_windows": [[1_000, 2_000]]}, {})


def found(folder: Path, plan: Json) -> Result:
    return dispatch("check", written(folder, DAY), written(folder, plan, "plan.json"))


def test_a_plan_of_vrooms_is_judged(folder: Path, plan: Json) -> None:
    assert found(folder, plan).exit_code == 0


def test_a_plan_need_not_say_what_it_costs(folder: Path, plan: Json) -> None:
    del plan["summary"], plan["routes"][0]["cost"]

    assert found(folder, plan).exit_code == 0


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        (("routes", 0, "steps", 1, "arrival"), 500, "travel"),
        (("routes", 0, "steps", 2, "waiting_time"), 0, "time_windows"),
        (("routes", 0, "steps", 2, "service"), 50, "travel"),
        (("routes", 0, "steps", 1, "id"), 3, "every_visit_once"),
        (("routes", 0, "steps", 1, "id"), 9, "every_visit_once"),
        (("routes", 0, "vehicle"), 2, "every_visit_once"),
        (("unassigned",), [], "every_visit_once"),
        (("routes", 0, "cost"), 1_801, "cost"),
        (("summary", "cost"), 1_799, "cost"),
        (("summary", "unassigned"), 0, "every_visit_once"),
    ],
)
def test_what_a_plan_breaks_is_told(
    folder: Path, plan: Json, path: tuple[Any, ...], value: Any, rule: str
) -> None:
    place: Any = plan
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value

    judged = found(folder, plan)

    assert judged.exit_code == 1
    assert rule in {line.split("\t")[0] for line in judged.stdout.splitlines()}


@pytest.mark.parametrize(
    "change",
    [
        {"code": 2, "error": "Invalid jobs."},
        {"routes": [{"vehicle": 1, "steps": []}]},
        {"routes": [{"vehicle": 1}]},
        {"routes": 5},
    ],
)
def test_what_is_no_plan_is_refused(folder: Path, plan: Json, change: Json) -> None:
    refused = found(folder, {**plan, **change})

    assert refused.exit_code == 2
    assert refused.stderr
