"""The harness on a tiny instance of our own: measured in a process of its own, and resumed."""

from pathlib import Path

import pytest

from benchmarks.engines.instances import instance_names, load, size
from benchmarks.engines.peers import as_solution
from benchmarks.engines.results import read_results
from benchmarks.run import main
from solver.judge.check import check

INSTANCE = """\
SQUARE

VEHICLE
NUMBER     CAPACITY
  3         10

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0       0          0          0          0       200          0
    1       0         10          4          0       100          5
    2      10         10          4          0       100          5
    3      10          0          4         30       100          5
    4      20          0          4          0       100          5
"""
PUBLISHED = "instance,distance_trunc_1_decimal,proven_optimal\nR1square,75.0,0\n"
"""Two routes, such as 1-2 (34.1) and 3-4 (40), are the least there can be."""
SHORTEST = 74.1


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "vrptw").mkdir(parents=True)
    (folder / "vrptw" / "R1square.txt").write_text(INSTANCE)
    (folder / "vrptw" / "published.csv").write_text(PUBLISHED)
    return folder


def test_a_trial_is_measured_once(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.jsonl"
    command = ["vrptw", "--data", str(data), "--engines", "routing", "--seconds", "1"]
    command += ["--seeds", "3", "--results", str(results)]

    assert main(command) == 0
    assert main(command) == 0

    (result,) = read_results(results)
    assert (result.trial.instance, result.trial.engine, result.trial.seed) == (
        "R1square",
        "routing",
        3,
    )
    assert (result.group, result.visits, result.shifts) == ("R1", 4, 3)
    assert result.cost == SHORTEST
    assert result.unassigned == 0
    assert result.gap == pytest.approx(SHORTEST / 75 - 1)
    assert 0 < result.seconds_used < 10
    assert result.memory_mb > 10
    assert result.curve[-1] == (result.seconds_used, SHORTEST)
    assert result.seconds_to_one_percent <= result.seconds_used
    assert "OR-Tools" in result.version
    assert "0 of 1 trials to do" in capsys.readouterr().err


def test_a_trial_that_fails_is_told_and_is_no_result(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "vrptw" / "R1square.txt").write_text(INSTANCE.replace("CUSTOMER", "CLIENT"))
    results = tmp_path / "results.jsonl"
    command = ["vrptw", "--data", str(data), "--engines", "routing", "--seconds", "1"]

    assert main([*command, "--results", str(results)]) == 1

    assert "FAILED" in (said := capsys.readouterr().err)
    assert "missing_section" in said
    assert read_results(results) == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trsp"], "--data"),
        (["vrptw", "--instances", "X*"], "no instance X*"),
        (["generated", "--sizes", "many"], "many is no size"),
    ],
)
def test_what_cannot_be_measured_is_said_at_once(
    arguments: list[str],
    message: str,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("BENCH_DATA", raising=False)
    given = [] if arguments == ["trsp"] else ["--data", str(data)]

    assert main([*arguments, *given, "--engines", "routing"]) == 2

    assert message in capsys.readouterr().err


def test_instances_are_chosen_by_name_and_have_their_published_value(data: Path) -> None:
    assert instance_names("vrptw", data, "R*") == ["R1square"]
    instance = load("vrptw", "R1square", data)

    assert (instance.group, instance.scale, instance.published) == ("R1", 10, 75.0)


def test_a_generated_instance_is_named_by_its_size() -> None:
    instance = load("generated", "20x2x3", None)

    assert size("20x2") == (20, 2, 1, 1)
    assert len(instance.problem.visits) == 20
    assert len(instance.problem.shifts) == 6
    assert (instance.group, instance.published) == ("-", None)


def test_the_routes_of_other_solvers_are_priced_and_judged_as_ours(data: Path) -> None:
    problem = load("vrptw", "R1square", data).problem
    one, two, three, four = problem.visits

    good = as_solution(problem, [[one, two], [], [three, four]])
    partial = as_solution(problem, [[one, two]])
    overloaded = as_solution(problem, [[one, two, three, four]])

    assert good.objective == 10 * SHORTEST
    assert check(problem, good) == ()
    assert check(problem, partial) == ()
    assert [out.id for out in partial.unassigned] == ["3", "4"]
    assert {violation.rule for violation in check(problem, overloaded)} == {"parts"}
    with pytest.raises(ValueError, match="4 routes were found for 3 shifts"):
        as_solution(problem, [[one], [two], [three], [four]])
