"""The checker of dynamic days finds each broken rule, and nothing in a day that keeps them."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.dynamic.check import World, faults, main, read_world
from benchmarks.dynamic.records import write_records
from tests.benchmarks.dynamic.days import small_day

Day = dict[str, Any]


def stop(name: int, decided: float, depart: float, arrival: float, start: float) -> Day:
    service = 10 if name else 0
    return {
        "id": str(name),
        "decided": decided,
        "depart": depart,
        "arrival": arrival,
        "start": start,
        "departure": start + service,
    }


DAY: Day = {
    "instance": "SMALL",
    "dynamic_percent": 40,
    "working_time": 165,
    "rejected": [],
    "routes": [
        {
            "technician": "1",
            "leave": 231,
            "back": 271,
            "stops": [
                stop(3, 0, 231, 236, 236),
                stop(0, 0, 246, 251, 251),
                stop(6, 40, 251, 253, 253),
            ],
        },
        {
            "technician": "2",
            "leave": 95,
            "back": 220,
            "stops": [
                stop(4, 0, 95, 100, 100),
                stop(0, 40, 110, 125, 125),
                stop(7, 40, 125, 130, 130),
                stop(5, 150, 195, 200, 200),
            ],
        },
    ],
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return read_world(small_day(tmp_path), "SMALL", 40)


def test_a_day_that_keeps_the_rules_has_no_faults(world: World) -> None:
    assert list(faults(world, DAY)) == []


def test_what_is_read_is_what_the_files_say(world: World) -> None:
    assert world.technicians == 2
    assert world.released == {3: -1, 4: -1, 5: 150, 6: 40, 7: -1}
    assert world.nodes[7].parts == (2,)
    assert world.nodes[2].skills == {0, 1}


def _set(route: int, number: int, **values: float) -> Callable[[Day], None]:
    return lambda day: day["routes"][route]["stops"][number].update(values)


def _drop(route: int, number: int) -> Callable[[Day], None]:
    return lambda day: day["routes"][route]["stops"].pop(number)


def _swap(route: int, technician: str) -> Callable[[Day], None]:
    return lambda day: day["routes"][route].update(technician=technician)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_set(1, 3, depart=140, arrival=145), "5 is decided at 150, left for at 140: unknown yet"),
        (_set(1, 3, decided=149), "5 is decided at 149, left for at 195: unknown yet"),
        (_set(0, 2, decided=252), "6 is left for at 251, before it was decided"),
        (_set(0, 2, depart=250), "6 is left for at 250, before 251"),
        (_set(0, 2, arrival=252), "6 is reached at 252, not as far as it is"),
        (_set(1, 0, depart=96), "leaves at 95, but not for 4"),
        (_set(1, 0, start=99), "4 starts at 99, too early"),
        (_set(1, 0, start=121), "4 starts at 121, after 120"),
        (_set(1, 0, departure=109), "4 is over at 109, too early"),
        (_drop(1, 0), "request 4 is served or rejected 0 times"),
        (_drop(1, 1), "7 needs 1 more of part 0"),
        (_swap(1, "1"), "technician 1 has 2 routes"),
        (_swap(1, "1"), "4 needs skills [1]"),
        (_swap(1, "1"), "4 needs tools [0]"),
        (_swap(1, "3"), "there is no technician 3"),
        (lambda day: day["rejected"].append("4"), "request 4 is served or rejected 2 times"),
        (lambda day: day["rejected"].append("8"), "there is no request 8"),
        (lambda day: day.update(working_time=164), "the working time is 165, not 164"),
        (lambda day: day["routes"][1].update(back=219), "is back at 219, too early"),
        (lambda day: day["routes"][1].update(back=401), "is back at 401, after the day"),
        (lambda day: day["routes"][1].update(leave=-1), "leaves at -1, before the day"),
    ],
)
def test_each_broken_rule_is_told(world: World, spoil: Callable[[Day], None], words: str) -> None:
    day = copy.deepcopy(DAY)
    spoil(day)

    assert any(words in found for found in faults(world, day))


def test_the_command_says_what_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, days = small_day(tmp_path), tmp_path / "days.jsonl"
    write_records(days, [DAY])
    assert main([str(days), "--data", str(data)]) == 0

    write_records(days, [DAY | {"working_time": 1}])
    assert main([str(days), "--data", str(data)]) == 1
    assert "SMALL 40 %: the working time is 165, not 1" in capsys.readouterr().out
