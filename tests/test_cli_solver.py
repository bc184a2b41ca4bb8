"""``dispatch solve`` and ``dispatch check``: output, files and exit codes."""

import json
import signal
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from dispatch.cli import solver
from dispatch.cli.app import app
from solver.objective import Objective
from solver.problem import Break, Depot, Pin, Previous, Problem, Shift, Visit
from solver.search import compilation
from solver.solution import Reason, Route, Solution, Stop, Unassigned
from solver.solve import ENGINES, Limit, Progress
from tests.solver.files.test_hhcrsp import DATA as HHCRSP
from tests.solver.files.test_text_formats import TRSP, VRPTW
from tests.solver.problems import serial_solution, solution_of

pytestmark = pytest.mark.usefixtures("compiled_search")

PROBLEM: dict[str, Any] = {
    "travel_time": [[0, 600, 900], [600, 0, 300], [900, 300, 0]],
    "distance": [[0, 5000, 8000], [5000, 0, 2500], [8000, 2500, 0]],
    "visits": [
        {"id": "boiler", "location": 1, "duration": 3600, "skills": ["gas"]},
        {"id": "fridge", "location": 2, "duration": 1800, "windows": [[36000, 43200]]},
        {"id": "lift", "location": 2, "duration": 1800, "skills": ["lifts"]},
    ],
    "shifts": [
        {
            "id": "ann-monday",
            "technician": "ann",
            "start_location": 0,
            "end_location": 0,
            "start": 28800,
            "end": 61200,
            "skills": ["gas"],
        }
    ],
}


def dispatch(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def day(tmp_path: Path) -> Path:
    path = tmp_path / "day.json"
    path.write_text(json.dumps(PROBLEM))
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the solver was asked for; it answers at once with a simple valid solution."""
    options: dict[str, Any] = {}

    def solve(problem: Problem, limit: Limit, **others: Any) -> Solution:
        options.update(others, limit=limit)
        return serial_solution(problem)

    monkeypatch.setattr(solver, "solution_of", solve)
    return options


# --- solve -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [json.dumps(PROBLEM), TRSP, VRPTW, json.dumps(HHCRSP)],
    ids=["json", "trsp", "vrptw", "hhcrsp"],
)
def test_a_solved_problem_of_each_format_passes_the_check(tmp_path: Path, text: str) -> None:
    problem, solution = tmp_path / "problem", tmp_path / "solution.json"
    problem.write_text(text)

    solved = dispatch("solve", problem, "--time", 0.3, "--output", solution)
    checked = dispatch("check", problem, solution)

    assert (solved.exit_code, solved.stderr) == (0, "")
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert checked.stdout.startswith("No violations: ")


def test_the_summary_tells_routes_costs_and_why_visits_are_left_out(day: Path) -> None:
    result = dispatch("solve", day, "--time", 0.3)

    assert result.exit_code == 0
    assert "ann-monday" in result.stdout
    assert "08:" in result.stdout
    assert "lift " in result.stdout
    assert "working time" in result.stdout
    assert "2 of 3 visits on 1 route · 1 unassigned" in result.stdout


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("option", [["--json"], ["--output", "-"]])
def test_json_on_standard_output_comes_alone(day: Path, option: list[str]) -> None:
    result = dispatch("solve", day, *option)

    assert result.exit_code == 0
    assert json.loads(result.stdout).keys() == {"objective", "cost", "routes", "unassigned"}


@pytest.mark.usefixtures("asked")
def test_times_of_a_text_format_are_written_in_the_unit_of_the_file(tmp_path: Path) -> None:
    problem = tmp_path / "tiny.txt"
    problem.write_text(TRSP)

    route = json.loads(dispatch("solve", problem, "--json").stdout)["routes"][0]

    assert route["stops"][-1] == {
        "kind": "visit",
        "id": "4",
        "arrival": pytest.approx(5.590, abs=0.001),
        "start": 20.5,
        "departure": 25.5,
    }


def test_options_reach_the_solver(day: Path, asked: dict[str, Any]) -> None:
    dispatch("solve", day, "--iterations", 50, "--seed", 7, "--engine", ENGINES[-1], "--cores", 2)

    assert asked["limit"] == Limit(seconds=None, iterations=50)
    assert (asked["seed"], asked["engine"], asked["cores"]) == (7, ENGINES[-1], 2)
    assert asked["progress"] is None  # standard error is no terminal here


def test_without_a_limit_there_is_one_of_ten_seconds(day: Path, asked: dict[str, Any]) -> None:
    dispatch("solve", day)

    assert asked["limit"] == Limit(seconds=10, iterations=None)


def test_all_cores_search_unless_the_result_is_to_be_the_same_everywhere(
    day: Path, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solver, "available_cores", lambda: 5)

    dispatch("solve", day, "--time", 1)
    assert asked["cores"] == 5

    dispatch("solve", day, "--iterations", 9)
    assert asked["cores"] == 1

    dispatch("solve", day, "--iterations", 9, "--cores", 3)
    assert asked["cores"] == 3


def test_so_many_iterations_give_the_same_solution_twice(day: Path) -> None:
    first, second = (dispatch("solve", day, "--iterations", 300, "--json") for _ in range(2))

    assert first.exit_code == 0
    assert first.stdout == second.stdout


def test_a_search_that_is_not_compiled_yet_is_compiled_with_a_word(
    day: Path, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []
    monkeypatch.setattr(compilation, "is_compiled", lambda: bool(compiled))
    monkeypatch.setattr(compilation, "compile_search", lambda: compiled.append(not asked))

    assert dispatch("solve", day, "--engine", "routing").stderr == ""
    asked.clear()
    result = dispatch("solve", day, "--json")

    assert compiled == [True]  # before the search, and not in its time
    assert result.stderr.startswith("Compiling the search engine (once")
    assert json.loads(result.stdout)
    assert dispatch("compile").stdout == "The search engine is compiled.\n"
    assert compiled == [True]


def test_both_limits_may_be_given(day: Path, asked: dict[str, Any]) -> None:
    dispatch("solve", day, "--time", 5, "--iterations", 9)

    assert asked["limit"] == Limit(seconds=5, iterations=9)


def test_progress_is_shown_on_a_terminal_and_kept_from_standard_output(
    day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def solve(
        problem: Problem, limit: Limit, *, progress: Callable[[Progress], None], **others: Any
    ) -> Solution:
        progress(Progress(seconds=1.0, objective=1234567, assigned=2))
        return serial_solution(problem)

    monkeypatch.setattr(solver, "solution_of", solve)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")

    result = dispatch("solve", day, "--json")

    assert result.exit_code == 0
    assert "1,234,567 · 2 of 3 visits" in result.stderr
    assert json.loads(result.stdout)


def test_ctrl_c_keeps_the_best_solution_so_far(day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = signal.getsignal(signal.SIGINT)

    def solve(
        problem: Problem, limit: Limit, *, cancelled: Callable[[], bool], **others: Any
    ) -> Solution:
        assert not cancelled()
        signal.raise_signal(signal.SIGINT)
        assert cancelled()
        return serial_solution(problem)

    monkeypatch.setattr(solver, "solution_of", solve)

    assert dispatch("solve", day).exit_code == 0
    assert signal.getsignal(signal.SIGINT) is usual


@pytest.mark.usefixtures("asked")
def test_after_the_search_ctrl_c_does_what_it_did_before(day: Path) -> None:
    usual = signal.getsignal(signal.SIGINT)

    dispatch("solve", day)

    assert signal.getsignal(signal.SIGINT) is usual


def test_an_invalid_problem_is_refused_with_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "day.json"
    visits = [{"id": "a", "location": 9}, {"id": "a", "location": 1, "duratoin": 5}]
    path.write_text(json.dumps(PROBLEM | {"visits": visits}))

    for command in (["solve", path], ["check", path, path]):
        result = dispatch(*command)

        assert (result.exit_code, result.stdout) == (2, "")
        unknown_key, unknown_location = result.stderr.splitlines()
        assert "/visits/1/duratoin" in unknown_key
        assert "visit 'a': location 9" in unknown_location


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["solve", "nowhere.json"], "nowhere.json"),
        (["check", "{day}", "nowhere.json"], "nowhere.json"),
        (["check", "{day}", "{text}"], "not JSON"),
        (["check", "{day}", "{day}"], "routes"),
        (["solve", "{day}", "--start", "nowhere.json"], "nowhere.json"),
        (["solve", "{day}", "--start", "{day}"], "routes"),
        (["solve", "{text}"], "no known format"),
        (["solve", "{day}", "--format", "trsp"], "CREW COUNT"),
        (["solve", "{day}", "--format", "xml"], "--format"),
        (["solve", "{day}", "--engine", "magic"], "magic"),
        (["solve", "{day}", "--time", "-1"], "--time"),
        (["solve", "{day}", "--time", "soon"], "--time"),
        (["solve", "{day}", "--cores", "0"], "--cores"),
        (["solve", "{day}", "--output", "no/such/folder/plan.json"], "no/such/folder"),
        (["solve", "{day}", "--output", "{folder}"], "{folder}"),
        (["solve"], "PROBLEM"),
    ],
)
def test_bad_input_ends_with_two_and_a_message_on_standard_error(
    day: Path, arguments: list[str], message: str
) -> None:
    text = day.with_suffix(".txt")
    text.write_text("name;skills\n")
    places = {"day": str(day), "text": str(text), "folder": str(day.parent)}

    result = dispatch(*(argument.format(**places) for argument in arguments))

    assert result.exit_code == 2
    assert result.stdout == ""
    assert message.format(**places) in result.stderr.replace("\n", "")


# --- solve --start -------------------------------------------------------------------------------


def route_of(*visits: tuple[str, int, int], shift: str = "ann-monday", end: int) -> dict[str, Any]:
    """A route as another program writes it: visits with their start and departure."""
    stops = [
        {"kind": "visit", "id": name, "arrival": start, "start": start, "departure": departure}
        for name, start, departure in visits
    ]
    return {"technician": "ann", "shift": shift, "start": 28800, "end": end, "stops": stops}


def started(day: Path, *routes: dict[str, Any], iterations: int = 0) -> tuple[Any, str]:
    """The solution from a start with these routes, verified, and what is said about the start."""
    start, better = day.with_name("start.json"), day.with_name("better.json")
    start.write_text(json.dumps({"routes": routes}))

    result = dispatch(
        *("solve", day, "--start", start, "--iterations", iterations, "--output", better)
    )

    assert result.exit_code == 0, result.stderr
    assert dispatch("check", day, better).exit_code == 0
    return json.loads(better.read_text()), result.stderr


def stops(solution: Any) -> list[str]:
    return [stop["id"] for route in solution["routes"] for stop in route["stops"]]


LATE = route_of(("fridge", 43200, 45000), ("boiler", 45300, 48900), end=49500)
"""The other way round, and hours before the first visit, which is the dearer way."""


def test_a_start_is_improved_and_the_answer_costs_no_more(day: Path) -> None:
    as_it_is, said = started(day, LATE)
    assert said == ""
    assert as_it_is["objective"] < as_it_is["cost"]["unassigned"] + LATE["end"] - LATE["start"]

    improved, _ = started(day, LATE, iterations=2000)
    assert improved["objective"] <= as_it_is["objective"]
    assert sorted(stops(improved)) == ["boiler", "fridge"]


@pytest.mark.parametrize("text", [TRSP, VRPTW, json.dumps(HHCRSP)], ids=["trsp", "vrptw", "hhcrsp"])
def test_a_start_may_be_in_the_unit_of_a_text_format(tmp_path: Path, text: str) -> None:
    problem, first, second = (tmp_path / name for name in ("problem", "1.json", "2.json"))
    problem.write_text(text)
    dispatch("solve", problem, "--iterations", 50, "--output", first)

    result = dispatch(*("solve", problem, "--start", first, "--iterations", 0, "--output", second))

    assert (result.exit_code, result.stderr) == (0, "")
    costs = [json.loads(path.read_text())["objective"] for path in (first, second)]
    assert costs[1] <= costs[0]


def test_stops_that_are_not_possible_any_more_are_left_out_and_said_so(day: Path) -> None:
    lift = route_of(
        ("boiler", 29400, 33000), ("lift", 33300, 35100), ("oven", 35100, 35100), end=36000
    )
    twice = route_of(("boiler", 29400, 33000), shift="bob-monday", end=33600)

    solution, said = started(day, lift, twice)

    assert said.splitlines() == [
        f"{day.with_name('start.json')}: {line}"
        for line in (
            "visit 'lift' leaves shift 'ann-monday': skill 'lifts' is needed at level 1, held at 0",
            "visit 'oven' leaves shift 'ann-monday': the problem has no such visit",
            "visit 'boiler' leaves shift 'bob-monday': the problem has no such shift",
        )
    ]
    assert [out["id"] for out in solution["unassigned"]] == ["lift"]


def test_what_does_not_fit_in_time_any_more_leaves_too(day: Path) -> None:
    day.write_text(json.dumps(PROBLEM).replace("[36000, 43200]", "[28800, 30000]"))
    behind = route_of(("boiler", 29400, 33000), ("fridge", 33300, 35100), end=36000)

    _, said = started(day, behind)

    assert "visit 'fridge' leaves shift 'ann-monday': it starts at 33300, outside" in said


@pytest.mark.usefixtures("asked")
def test_faults_of_the_problem_and_of_the_start_are_listed_together(day: Path) -> None:
    day.write_text(json.dumps(PROBLEM | {"visits": [{"id": "a", "location": 9}]}))
    start = day.with_name("start.json")
    start.write_text("{")

    result = dispatch("solve", day, "--start", start)

    assert result.exit_code == 2
    assert "location 9 is not among" in result.stderr
    assert "start.json line 1 column 2: it is not JSON" in result.stderr


def test_an_answer_that_costs_more_than_the_start_is_not_given(
    day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def solve(problem: Problem, limit: Limit, **others: Any) -> Solution:
        return solution_of(problem)

    monkeypatch.setattr(solver, "solution_of", solve)

    solution, _ = started(day, LATE)

    assert stops(solution) == ["fridge", "boiler"]
    assert [reason["code"] for reason in solution["unassigned"][0]["reasons"]] == ["impossible"]


# --- check -------------------------------------------------------------------------------------


@pytest.fixture
def plan(day: Path, asked: dict[str, Any]) -> Path:
    path = day.with_name("plan.json")
    assert dispatch("solve", day, "--output", path).exit_code == 0
    return path


def changed(plan: Path, change: Callable[[Any], None]) -> Path:
    data = json.loads(plan.read_text())
    change(data)
    plan.write_text(json.dumps(data))
    return plan


def starts_early(data: Any) -> None:
    data["routes"][0]["start"] -= 60


def test_each_violation_is_a_line_and_the_exit_code_is_one(day: Path, plan: Path) -> None:
    result = dispatch("check", day, changed(plan, starts_early))

    assert result.exit_code == 1
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [(rule, where, amount) for rule, where, amount, _ in rows] == [
        ("shift", "shift 'ann-monday'", "60"),
        ("cost", "cost 'working_time'", "60"),
    ]


def test_violations_as_json(day: Path, plan: Path) -> None:
    good = dispatch("check", day, plan, "--json")
    bad = dispatch("check", day, changed(plan, starts_early), "--json")

    assert (good.exit_code, json.loads(good.stdout)) == (0, {"violations": []})
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["violations"][0] | {"message": ""} == {
        "rule": "shift",
        "where": "shift 'ann-monday'",
        "amount": 60,
        "message": "",
    }


def test_a_solution_that_claims_no_cost_is_checked_for_everything_else(
    day: Path, plan: Path
) -> None:
    def claim_nothing(data: Any) -> None:
        del data["cost"], data["objective"]

    assert dispatch("check", day, changed(plan, claim_nothing)).exit_code == 0
    result = dispatch("check", day, changed(plan, starts_early))

    assert result.exit_code == 1
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == ["shift"]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(("rounded_to", "exit_code"), [(3, 0), (1, 1)])
def test_rounding_by_another_program_is_tolerated_up_to_a_thousandth(
    tmp_path: Path, rounded_to: int, exit_code: int
) -> None:
    problem, solution = tmp_path / "problem.txt", tmp_path / "plan.json"
    problem.write_text(TRSP.replace("3    3     0 ", "3    2     2 "))
    dispatch("solve", problem, "--output", solution)

    def round_times(data: Any) -> None:
        del data["cost"], data["objective"]
        for route in data["routes"]:
            route["end"] = round(route["end"], rounded_to)
            for stop in route["stops"]:
                for key in ("arrival", "start", "departure"):
                    stop[key] = round(stop[key], rounded_to)

    result = dispatch("check", problem, changed(solution, round_times))

    assert result.exit_code == exit_code
    assert ("1/100000 of the file's unit" in result.stderr) == (exit_code == 1)


# --- help --------------------------------------------------------------------------------------


def test_help_lists_the_commands_and_each_command_shows_an_example() -> None:
    for arguments, expected in (
        (["--help"], "solve"),
        (["solve", "--help"], "dispatch solve day.json"),
        (["check", "--help"], "dispatch check day.json plan.json"),
    ):
        result = dispatch(*arguments)
        assert result.exit_code == 0
        assert expected in result.stdout


# --- docs/formats.md ---------------------------------------------------------------------------

FORMATS = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "fence"),
    [("## Problem (JSON)", "```json"), ("### TRSP text", "```"), ("### VRPTW text", "```")],
)
def test_each_example_of_the_documentation_can_be_solved(
    tmp_path: Path, heading: str, fence: str
) -> None:
    problem, solution = tmp_path / "problem", tmp_path / "solution.json"
    problem.write_text(FORMATS.split(heading)[1].split(fence)[1].split("```")[0])

    assert dispatch("solve", problem, "--time", 0.3, "--output", solution).exit_code == 0
    assert dispatch("check", problem, solution).exit_code == 0
    assert json.loads(solution.read_text())["unassigned"] == []


def test_the_documentation_names_every_key() -> None:
    kinds = (Visit, Shift, Depot, Objective, Break, Pin, Previous, Route, Stop, Unassigned, Reason)
    names = {field.name for kind in kinds for field in fields(kind)}

    missing = {name for name in names if f"`{name}`" not in FORMATS and f'"{name}"' not in FORMATS}

    assert not missing
