"""What may still come in, judged by what has."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from benchmarks.dynamic.foresight import foreseen, pressure, unknown_per_known
from benchmarks.dynamic.releases import DynamicInstance, read_dynamic
from tests.benchmarks.dynamic.days import small_day

UNIT = 100_000


@pytest.fixture
def instance(tmp_path: Path) -> DynamicInstance:
    return read_dynamic(small_day(tmp_path) / "dtrsp" / "SMALL_rd_40.txt")


def test_each_known_request_stands_for_those_alike_that_are_still_to_come() -> None:
    assert unknown_per_known(100, now=0, opening=0, dynamic=0.5) == pytest.approx(1.0)
    assert unknown_per_known(100, now=50, opening=0, dynamic=0.5) == pytest.approx(1 / 3)
    assert unknown_per_known(100, now=100, opening=0, dynamic=0.5) == 0
    assert unknown_per_known(100, now=50, opening=0, dynamic=0.0) == 0


def test_requests_are_foreseen_only_where_windows_have_not_opened(
    instance: DynamicInstance,
) -> None:
    known = instance.problem.visits

    found = foreseen(
        instance.problem, known, now=150 * UNIT, opening=0, dynamic=0.95, random=Random(1)
    )

    assert found
    assert {visit.windows[0].start // UNIT for visit in found} <= {200, 250}
    assert {visit.location for visit in found} <= {visit.location for visit in known}
    assert len({visit.id for visit in found} - {visit.id for visit in known}) == len(found)


def test_a_day_presses_as_far_as_few_could_come_in_time(instance: DynamicInstance) -> None:
    problem = instance.problem
    known = [problem.visit["4"]]

    assert pressure(problem, known, 0, few=1) == 0, "its one technician lives around the corner"
    assert pressure(problem, known, 0, few=2) == 1, "nobody else has the skill"
    urgent = replace(known[0], tools=frozenset({"1"}))
    assert pressure(problem, [urgent], 0, few=1) == pytest.approx(0.15), "35 by the depot"
    assert pressure(problem, [problem.visit["3"]], 0, few=2) == 0, "it is known from the morning"
