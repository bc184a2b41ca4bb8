"""A whole day: what comes in is served if it can be, and nothing is known before it comes in."""

from pathlib import Path

import pytest

from benchmarks.dynamic.__main__ import main
from benchmarks.dynamic.check import faults, read_world
from benchmarks.dynamic.records import read_records, record_of
from benchmarks.dynamic.releases import DynamicInstance, read_dynamic
from benchmarks.dynamic.replanning import Effort
from benchmarks.dynamic.unfolding import Policy, unfold
from solver.problem import InvalidProblem
from tests.benchmarks.dynamic.days import small_day

EFFORT = Effort(seconds=None, iterations=300)


def read(folder: Path) -> DynamicInstance:
    return read_dynamic(folder / "dtrsp" / "SMALL_rd_40.txt")


def test_all_requests_are_served_by_rules_that_the_checker_holds(tmp_path: Path) -> None:
    data = small_day(tmp_path)

    record = record_of(unfold(read(data), Policy(), EFFORT))

    assert record["rejected"] == []
    assert list(faults(read_world(data, "SMALL", 40), record)) == []


def test_a_request_that_comes_too_late_is_rejected(tmp_path: Path) -> None:
    data = small_day(tmp_path)
    dates = data / "dtrsp" / "SMALL_rd_40.txt"
    dates.write_text(dates.read_text().replace("5    150", "5    219"))

    record = record_of(unfold(read(data), Policy(), EFFORT))

    assert record["rejected"] == ["5"]
    assert list(faults(read_world(data, "SMALL", 40), record)) == []


def test_what_happens_before_a_release_does_not_hang_on_it(tmp_path: Path) -> None:
    """The same day twice, but for when and where the last request comes in."""
    data = small_day(tmp_path)
    days = [unfold(read(data), Policy(), EFFORT)]
    instance = data / "trsp" / "SMALL.txt"
    instance.write_text(
        instance.read_text().replace("5    20    0     200", "5    21    3     205")
    )
    days.append(unfold(read(data), Policy(), EFFORT))
    known = min(max(day.instance.releases.values()) for day in days)

    before = [
        [
            (tour.shift.id, stop.call.id, stop.depart)
            for tour in day.tours
            for stop in tour.stops
            if stop.depart < known
        ]
        for day in days
    ]
    assert before[0] == before[1]
    assert before[0]


def test_the_command_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = small_day(tmp_path), tmp_path / "out" / "days.jsonl"
    command = ["--data", str(data), "--seconds", "0.1", "--output", str(output)]

    assert main(command) == 0
    (record,) = read_records(output)
    assert (record["instance"], record["dynamic_percent"]) == ("SMALL", 40)
    assert "SMALL 40 %" in capsys.readouterr().err

    assert main(command) == 0
    assert read_records(output) == [record]
    assert capsys.readouterr().err == ""


def test_a_request_without_a_date_is_a_fault(tmp_path: Path) -> None:
    data = small_day(tmp_path)
    dates = data / "dtrsp" / "SMALL_rd_40.txt"
    dates.write_text(dates.read_text().replace("7    -1\n", ""))

    with pytest.raises(InvalidProblem, match="requests without a release date: 7"):
        read(data)


def test_without_instances_nothing_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "days.jsonl")

    assert main(["--data", str(small_day(tmp_path)), "--instances", "X*", "--output", output]) == 2
    assert "has no release dates of instance X*" in capsys.readouterr().err
