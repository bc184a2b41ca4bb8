"""The results file survives broken runs, and the numbers derived from a run are right."""

from pathlib import Path

import pytest

from benchmarks.engines.results import (
    append_result,
    from_line,
    gap_to,
    read_results,
    seconds_to_within,
    to_line,
)
from tests.benchmarks.measurements import measured


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.jsonl"
    one, two = measured("R101"), measured("R102", unassigned=3, published=None)

    assert read_results(path) == ()
    append_result(path, one)
    append_result(path, two)

    assert read_results(path) == (one, two)


def test_a_line_that_was_not_finished_does_not_count_and_gives_way(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    append_result(path, measured("R101"))
    with path.open("a") as file:
        file.write(to_line(measured("R102"))[:50])

    assert [result.trial.instance for result in read_results(path)] == ["R101"]

    append_result(path, measured("R103"))
    assert [result.trial.instance for result in read_results(path)] == ["R101", "R103"]


@pytest.mark.parametrize("line", ["no json\n", "{}\n", "[1]\n", '{"family": "vrptw"}\n'])
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="this is no measurement"):
        from_line(line)


def test_seconds_to_one_percent_are_those_of_the_first_such_plan() -> None:
    curve = [(0.1, 300.0), (2.0, 101.5), (5.0, 101.0), (9.0, 100.0)]

    assert seconds_to_within(curve, 0.01) == 5.0
    assert seconds_to_within(curve, 0) == 9.0
    assert seconds_to_within([(7.0, 100.0)], 0.01) == 7.0


def test_a_gap_is_a_share_of_the_published_value() -> None:
    assert gap_to(200.0, 210.0, 0) == pytest.approx(0.05)
    assert gap_to(200.0, 190.0, 0) == pytest.approx(-0.05)
    assert gap_to(None, 190.0, 0) is None
    assert gap_to(200.0, 190.0, 1) is None
