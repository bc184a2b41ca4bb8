"""When technicians set out: as late as it costs nothing, and who has set out drives on."""

from pathlib import Path

import pytest

from benchmarks.dynamic.releases import DynamicInstance, read_dynamic
from benchmarks.dynamic.tours import Tour, departure, drive
from solver.timing.schedule import Call
from tests.benchmarks.dynamic.days import small_day

UNIT = 100_000


@pytest.fixture
def instance(tmp_path: Path) -> DynamicInstance:
    return read_dynamic(small_day(tmp_path) / "dtrsp" / "SMALL_rd_40.txt")


def calls(instance: DynamicInstance, *names: str) -> list[Call]:
    known: dict[str, Call] = {depot.id: depot for depot in instance.problem.depots}
    known.update(instance.problem.visit)
    return [known[name] for name in names]


def tour(instance: DynamicInstance, technician: str) -> Tour:
    (shift,) = (s for s in instance.problem.shifts if s.id == technician)
    return Tour(shift)


def leaving(
    instance: DynamicInstance, technician: str, names: list[str], from_home: float
) -> float:
    todo = calls(instance, *names)
    return departure(instance.problem, tour(instance, technician), todo, 0, from_home) / UNIT


def test_a_route_leaves_between_its_earliest_and_latest_moment_without_waiting(
    instance: DynamicInstance,
) -> None:
    assert leaving(instance, "2", ["4"], 0.0) == 95
    assert leaving(instance, "2", ["4"], 1.0) == 115
    assert leaving(instance, "2", ["4"], 0.5) == 105


def test_a_route_that_has_to_wait_leaves_at_the_last_moment(instance: DynamicInstance) -> None:
    for from_home in (0.0, 1.0):
        assert leaving(instance, "2", ["4", "5"], from_home) == 115


def test_a_plan_made_later_is_not_driven_by_before(instance: DynamicInstance) -> None:
    todo = calls(instance, "4")

    moment = departure(instance.problem, tour(instance, "2"), todo, 110 * UNIT, 0.0)

    assert moment == 110 * UNIT


def test_on_the_road_a_technician_waits_before_setting_out(instance: DynamicInstance) -> None:
    begun, left = drive(
        instance.problem,
        tour(instance, "2"),
        calls(instance, "4", "5"),
        decided=0,
        until=150 * UNIT,
        from_home=1.0,
    )
    assert [stop.call.id for stop in begun.stops] == ["4"]
    assert (begun.leave, begun.back) == (115 * UNIT, None)
    assert [call.id for call in left] == ["5"]

    done, left = drive(instance.problem, begun, left, decided=150 * UNIT, until=None, from_home=1.0)
    stop = done.stops[-1]
    assert (stop.decided, stop.depart, stop.start) == (150 * UNIT, 195 * UNIT, 200 * UNIT)
    assert done.back == 220 * UNIT
    assert left == ()


def test_who_has_nothing_left_goes_home_at_once(instance: DynamicInstance) -> None:
    todo = calls(instance, "4")
    begun, _ = drive(
        instance.problem,
        tour(instance, "2"),
        todo,
        decided=0,
        until=130 * UNIT,
        from_home=1.0,
    )
    assert begun.back is None

    later, _ = drive(
        instance.problem, begun, (), decided=130 * UNIT, until=131 * UNIT, from_home=1.0
    )
    assert later.back == 135 * UNIT


def test_nobody_sets_out_at_the_moment_at_which_a_new_plan_is_made(
    instance: DynamicInstance,
) -> None:
    still, left = drive(
        instance.problem,
        tour(instance, "2"),
        calls(instance, "4"),
        decided=0,
        until=115 * UNIT,
        from_home=1.0,
    )
    assert (still.stops, len(left)) == ((), 1)
