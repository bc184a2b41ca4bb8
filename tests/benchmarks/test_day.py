"""The simulated day, tiny; and its check, which has to find every broken rule."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.company import Company
from benchmarks.day.check import DayCheck
from benchmarks.day.day import main
from benchmarks.day.world import World

DAY = date(2026, 11, 23)


def test_a_tiny_day_is_lived_through_and_everything_is_accounted_for(tmp_path: Path) -> None:
    # This one has a job that comes to take longer and to need more parts than its route has.
    size = "--technicians 4 --jobs 12 --alerts 8 --policy live --seed 1"
    pace = "--plan-seconds 0.5 --replan-seconds 0.2 --replan-minutes 120"

    status = main([*size.split(), *pace.split(), "--output", str(tmp_path / "day")])

    content = json.loads((tmp_path / "day" / "day.json").read_text(encoding="utf-8"))
    [live] = content["policies"]
    assert (live["problems"], status) == ([], 0)
    assert live["figures"]["jobs completed"] >= 8
    assert live["figures"]["versions"] > 2
    assert live["alerts"] == {
        "dead": 1, "duplicate": 1, "folded": 1, "job": 4, "refused": 1, "rejected": 1
    }  # fmt: skip


@pytest.fixture
def check(tmp_path: Path) -> DayCheck:
    Company(4, 12, DAY).write(tmp_path)
    world = World(tmp_path, DAY, seed=1, alerts=8)
    return DayCheck(world, dict(world.jobs))


def visit(
    check: DayCheck, technician: str, start: float, **more: Any
) -> tuple[str, dict[str, Any]]:
    """A visit with a technician, to a job that only asks for what everybody has."""
    job_id = more.pop("job_id", "J0001")
    check.jobs[job_id] = check.jobs[job_id].__class__(
        job_id, "S0001", 30, [(check.world.moment(7), check.world.moment(17))], {}, {}
    )
    moments = {
        "arrival_at": check.world.moment(start).isoformat(),
        "start_at": check.world.moment(start).isoformat(),
        "departure_at": check.world.moment(start + 0.5).isoformat(),
    }
    stop = {"kind": "visit", "job_id": job_id, "depot_id": None, "parts": {}, **moments}
    return technician, stop | more


def plan(check: DayCheck, version: int, *visits: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    technicians = sorted({technician for technician, _ in visits})
    routes = []
    for technician in technicians:
        stops = [stop for who, stop in visits if who == technician]
        routes.append(
            {
                "technician_id": technician,
                "day": str(DAY),
                "start_at": check.world.technicians[technician].starts_at.isoformat(),
                "end_at": check.world.moment(12).isoformat(),
                "stops": stops,
            }
        )
    return {
        "version": version,
        "run_id": "run",
        "starts_on": str(DAY),
        "published_at": check.world.moment(6).isoformat(),
        "routes": routes,
    }


def test_what_keeps_the_rules_passes(check: DayCheck) -> None:
    check.published(plan(check, 1, visit(check, "T001", 11)))

    assert not check.problems


def lacking_skill(check: DayCheck) -> dict[str, Any]:
    found = plan(check, 1, visit(check, "T001", 11))
    check.jobs["J0001"] = check.jobs["J0001"].__class__("J0001", "S0001", 30, [], {"magic": 1}, {})
    return found


def lacking_part(check: DayCheck) -> dict[str, Any]:
    found = plan(check, 1, visit(check, "T001", 11))
    check.jobs["J0001"] = check.jobs["J0001"].__class__("J0001", "S0001", 30, [], {}, {"gold": 1})
    return found


def late(check: DayCheck) -> dict[str, Any]:
    return plan(check, 1, visit(check, "T001", 17.5))


def twice(check: DayCheck) -> dict[str, Any]:
    return plan(check, 1, visit(check, "T001", 11), visit(check, "T002", 11))


def too_early(check: DayCheck) -> dict[str, Any]:
    return plan(check, 1, visit(check, "T001", 7))


def absent(check: DayCheck) -> dict[str, Any]:
    check.absences["T001"] = check.world.moment(9)
    return plan(check, 1, visit(check, "T001", 11))


def history_moved(check: DayCheck) -> dict[str, Any]:
    check.published(plan(check, 1, visit(check, "T001", 11)))
    check.begins("T001", "J0001")
    return plan(check, 2, visit(check, "T001", 11.25))


def history_given_away(check: DayCheck) -> dict[str, Any]:
    check.published(plan(check, 1, visit(check, "T001", 11)))
    check.begins("T001", "J0001")
    return plan(check, 2, visit(check, "T002", 11))


def put_into_the_past(check: DayCheck) -> dict[str, Any]:
    found = plan(check, 1, visit(check, "T001", 11))
    return found | {"published_at": check.world.moment(11.5).isoformat()}


def without_a_break(check: DayCheck) -> dict[str, Any]:
    stops = [visit(check, "T001", 8 + n, job_id=f"J00{n:02}") for n in range(1, 8)]
    for _, stop in stops:
        stop["departure_at"] = check.world.moment(8.9).isoformat()
    for number, (_, stop) in enumerate(stops, start=1):
        stop["departure_at"] = check.world.moment(8.9 + number).isoformat()
    found = plan(check, 1, *stops)
    found["routes"][0]["end_at"] = check.world.moment(17).isoformat()
    return found


def begun_without_a_break(check: DayCheck) -> dict[str, Any]:
    stops = [visit(check, "T001", 9), visit(check, "T001", 15, job_id="J0002")]
    found = plan(check, 1, *stops)
    found["routes"][0]["end_at"] = check.world.moment(16).isoformat()
    check.published(found)
    assert not check.problems  # until then there is time for it
    check.begins("T001", "J0001")
    return found | {"version": 2}


def kept_and_overlapped(check: DayCheck) -> dict[str, Any]:
    check.published(plan(check, 1, visit(check, "T001", 9)))
    return plan(check, 2, visit(check, "T001", 9), visit(check, "T001", 9.25, job_id="J0002"))


def fetching_too_much(check: DayCheck) -> dict[str, Any]:
    (depot, part), number = next(iter(check.world.depot_stock.items()))
    more = {"kind": "depot", "depot_id": depot}
    stops = [
        visit(check, technician, 11, **more, parts={part: number})
        for technician in ("T001", "T002")
    ]
    for _, stop in stops:
        stop["job_id"] = None
    return plan(
        check, 1, *stops, visit(check, "T001", 13), visit(check, "T002", 13, job_id="J0002")
    )


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lacking_skill, "lacks"),
        (lacking_part, "has no gold"),
        (late, "outside its windows"),
        (twice, "is on 2 routes"),
        (too_early, "cannot be at"),
        (absent, "who is absent"),
        (history_moved, "has other times"),
        (history_given_away, "begun by T001, is with T002"),
        (put_into_the_past, "into the past"),
        (without_a_break, "has 0 breaks"),
        (begun_without_a_break, "has 0 breaks"),
        (fetching_too_much, "does not have"),
        (kept_and_overlapped, "cannot be at J0002"),
    ],
)
def test_each_broken_rule_is_told(
    check: DayCheck, broken: Callable[[DayCheck], dict[str, Any]], said: str
) -> None:
    check.published(broken(check))

    assert any(said in problem for problem in check.all_problems()), check.all_problems()


def test_who_is_absent_may_keep_a_visit_only_until_the_next_version_of_the_same_moment(
    check: DayCheck,
) -> None:
    check.published(absent(check))
    check.published(plan(check, 2, visit(check, "T002", 11)))
    assert check.all_problems() == []

    check.published(absent(check))
    check.published(plan(check, 2, visit(check, "T002", 11)) | {"published_at": later(check)})
    assert [problem for problem in check.problems if "who is absent" in problem] != []


@pytest.mark.parametrize(("share", "is_late"), [(0.5, False), (1.5, True)])
def test_a_break_is_late_if_there_was_time_for_it(
    check: DayCheck, share: float, is_late: bool
) -> None:
    """Somebody who comes free by that share of a break's length before the last moment for it has
    it a moment after that."""
    who = check.world.technicians["T001"]
    begun = visit(check, "T001", 9)
    check.published(plan(check, 1, begun))
    check.begins("T001", "J0001")
    check.known["J0001"] = {"over": who.break_until - share * who.break_length}
    _, pause = visit(check, "T001", 9)
    start = who.break_until + timedelta(seconds=2)
    moments = {
        "arrival_at": start.isoformat(),
        "start_at": start.isoformat(),
        "departure_at": (start + who.break_length).isoformat(),
    }
    pause |= {"kind": "break", "job_id": None} | moments
    again = plan(check, 2, begun, ("T001", pause))
    again["routes"][0]["end_at"] = check.world.moment(15).isoformat()
    check.published(again | {"published_at": who.break_until.isoformat()})
    assert any("break is at" in problem for problem in check.problems) is is_late, check.problems


def later(check: DayCheck) -> str:
    return check.world.moment(6.5).isoformat()
