"""Plans of ours in VROOM's words: places, loads, breaks and what everything adds up to."""

from typing import Any

import pytest

from benchmarks.engines.vroom_rules import Json, faults
from solver.files.plans import false_claims, plan_as_json, plan_from_json
from solver.files.read import file_of_json
from solver.judge.check import check
from solver.solution import (
    Reason,
    ReasonCode,
    Route,
    Rule,
    Solution,
    Stop,
    StopKind,
    Unassigned,
)
from tests.solver.files.vroom.vans import problem

REASON = Reason(ReasonCode.IMPOSSIBLE, Rule.SKILLS, "nobody can")


def visit(id_: int, arrival: int, start: int, departure: int) -> Stop:
    return Stop(StopKind.VISIT, str(id_), arrival, start, departure)


def pause(id_: int, start: int, end: int) -> Stop:
    return Stop(StopKind.BREAK, str(id_), start, start, end)


def written(
    data: Json, *stops: Stop, times: tuple[int, int], left_out: tuple[int, ...] = ()
) -> Any:
    """The plan with one route of the first vehicle, which keeps the rules of both."""
    file = file_of_json(data, "vroom")
    route = Route("1", "1", *times, stops)
    unassigned = tuple(Unassigned(str(id_), (REASON,)) for id_ in left_out)
    solution = Solution((route,), unassigned, {})
    assert {v.rule for v in check(file.problem, solution)} <= {Rule.COST}
    plan = plan_as_json(file, solution, 1.25)
    again = plan_from_json(file, plan)
    assert {v.rule for v in check(file.problem, again.solution)} <= {Rule.COST}
    assert false_claims(file, again) == []
    assert [f for f in faults(data, plan) if "breaks" not in f] == []
    return plan


def steps_of(plan: Any) -> list[tuple[Any, ...]]:
    (route,) = plan["routes"]
    return [
        (one["type"], one.get("id"), one["arrival"], one["waiting_time"], one["duration"])
        for one in route["steps"]
    ]


def test_a_route_has_its_sums_and_each_step_what_came_before_it() -> None:
    job = {"setup": 60, "service": 240, "priority": 7, "time_windows": [[1_000, 2_000]]}
    plan = written(
        problem({"description": "boiler"}, job, vehicles=[{"description": "van"}]),
        visit(1, 600, 600, 600),
        visit(2, 900, 1_000, 1_300),
        times=(0, 2_200),
    )

    (route,) = plan["routes"]
    sums = {name: value for name, value in route.items() if name != "steps"}
    assert sums == {
        "vehicle": 1,
        "description": "van",
        "cost": 1_800,
        "setup": 60,
        "service": 240,
        "duration": 1_800,
        "waiting_time": 100,
        "priority": 7,
        "distance": 1_800 * 12,
        "violations": [],
    }
    assert route["steps"][1] == {
        "type": "job",
        "description": "boiler",
        "id": 1,
        "location_index": 1,
        "setup": 0,
        "service": 0,
        "waiting_time": 0,
        "arrival": 600,
        "duration": 600,
        "distance": 7_200,
        "violations": [],
    }
    assert steps_of(plan) == [
        ("start", None, 0, 0, 0),
        ("job", 1, 600, 0, 600),
        ("job", 2, 900, 100, 900),
        ("end", None, 2_200, 0, 1_800),
    ]


def test_the_summary_adds_up_and_what_is_left_out_has_its_reasons() -> None:
    data = problem({}, {"description": "lift", "location": [2.0, 48.0]})
    plan = written(data, visit(1, 600, 600, 600), times=(0, 1_200), left_out=(2,))

    assert plan["code"] == 0
    assert plan["summary"] == {
        "cost": 1_200,
        "routes": 1,
        "unassigned": 1,
        "setup": 0,
        "service": 0,
        "duration": 1_200,
        "waiting_time": 0,
        "priority": 0,
        "distance": 14_400,
        "violations": [],
        "computing_times": {"loading": 0, "solving": 1_250},
    }
    assert plan["unassigned"] == [
        {
            "id": 2,
            "type": "job",
            "description": "lift",
            "location": [2.0, 48.0],
            "location_index": 2,
            "reasons": [{"code": "impossible", "rule": "skills", "message": "nobody can"}],
        }
    ]


@pytest.mark.parametrize(
    ("name", "loads"), [("delivery", [[5, 1], [3, 1], [0, 0], [0, 0]]), ("pickup", None)]
)
def test_the_load_falls_by_what_is_delivered_and_rises_by_what_is_picked_up(
    name: str, loads: list[list[int]] | None
) -> None:
    data = problem({name: [2, 0]}, {name: [3, 1]}, vehicles=[{"capacity": [9, 9]}])
    plan = written(data, visit(1, 600, 600, 600), visit(2, 900, 900, 900), times=(0, 1_800))

    (route,) = plan["routes"]
    loads = loads or [[0, 0], [2, 0], [5, 1], [5, 1]]
    assert [step["load"] for step in route["steps"]] == loads
    assert route[name] == plan["summary"][name] == [5, 1]


@pytest.mark.parametrize(("job", "rounded"), [({}, 765), ({"time_windows": [[0, 900]]}, 766)])
def test_costs_are_cut_off_or_rounded_as_vrooms_are(job: Json, rounded: int) -> None:
    """It cuts off where no time is given for anything, and rounds otherwise."""
    costs = {"fixed": 10, "per_hour": 1_001, "per_km": 30, "per_task_hour": 700}
    data = problem({"service": 100, **job}, vehicles=[{"costs": costs}])
    plan = written(data, visit(1, 600, 600, 700), times=(0, 1_300))

    # 700 × 100 ÷ 3,600 is 19.4; 1,001 × 1,200 ÷ 3,600 + 30 × 14.4 is 765.7.
    assert plan["routes"][0]["cost"] == 10 + 19 + rounded


def test_breaks_are_paid_for_as_tasks_are() -> None:
    data = with_break([0, 0], service=3_600, costs={"per_hour": 0, "per_task_hour": 50})

    plan = written(data, pause(1, 0, 3_600), visit(1, 4_200, 4_200, 4_200), times=(0, 4_800))

    assert plan["routes"][0]["cost"] == 50


@pytest.mark.parametrize("missing", ["start_index", "end_index"])
def test_a_route_without_a_start_or_an_end_begins_or_ends_at_a_job(missing: str) -> None:
    vehicle = {"id": 1, "start_index": 0, "end_index": 0}
    del vehicle[missing]
    data = {**problem({}, {}), "vehicles": [vehicle]}
    way = 0 if missing == "start_index" else 600
    back = 900 if missing == "start_index" else 0
    stops = visit(1, way, way, way), visit(2, way + 300, way + 300, way + 300)

    plan = written(data, *stops, times=(0, way + 300 + back))

    (route,) = plan["routes"]
    first, last = route["steps"][0], route["steps"][-1]
    open_end, at = (first, 1) if missing == "start_index" else (last, 2)
    assert open_end["location_index"] == at
    assert route["cost"] == way + 300 + back


# Breaks


def with_break(*windows: list[int], service: int = 300, **vehicle: Any) -> Json:
    pauses = [
        {"id": i, "service": service, "time_windows": [window]}
        for i, window in enumerate(windows, start=1)
    ]
    return problem({}, vehicles=[{"breaks": pauses, **vehicle}])


def test_before_a_break_on_the_way_is_driven_as_far_as_there_is_time() -> None:
    data = with_break([400, 500], [1_000, 1_000])
    # Drives 400 s, rests, drives 200 s; rests at once, and drives back.
    stops = pause(1, 400, 700), visit(1, 900, 900, 900), pause(2, 1_000, 1_300)

    plan = written(data, *stops, times=(0, 1_800))

    assert steps_of(plan) == [
        ("start", None, 0, 0, 0),
        ("break", 1, 400, 0, 400),
        ("job", 1, 900, 0, 600),
        ("break", 2, 1_000, 0, 700),
        ("end", None, 1_800, 0, 1_200),
    ]
    assert [step["distance"] for step in plan["routes"][0]["steps"]] == [
        *(0, 4_800, 7_200, 8_400, 14_400)
    ]


def test_a_break_that_a_route_comes_too_early_for_is_taken_behind_it() -> None:
    plan = written(with_break([2_000, 2_500]), visit(1, 600, 600, 600), times=(0, 1_200))

    assert steps_of(plan)[2:] == [("break", 1, 1_200, 800, 1_200), ("end", None, 2_300, 0, 1_200)]
    assert plan["routes"][0]["cost"] == 1_200


def test_a_break_that_a_route_comes_too_late_for_is_taken_before_it() -> None:
    data = with_break([0, 500], [0, 900])

    plan = written(data, visit(1, 1_600, 1_600, 1_600), times=(1_000, 2_200))

    assert steps_of(plan)[:4] == [
        ("start", None, 400, 0, 0),
        ("break", 1, 400, 0, 0),
        ("break", 2, 700, 0, 0),
        ("job", 1, 1_600, 0, 600),
    ]


def test_breaks_for_which_there_is_no_time_are_said_to_be_missing() -> None:
    data = with_break([1_150, 1_300], [1_150, 1_300], time_window=[0, 1_700])

    plan = written(data, visit(1, 600, 600, 600), times=(0, 1_200))

    (route,) = plan["routes"]
    assert [step["type"] for step in route["steps"]] == ["start", "job", "end"]
    assert route["violations"] == plan["summary"]["violations"] == [{"cause": "missing_break"}]


# Factors of speed


def test_times_are_cut_off_to_whole_seconds() -> None:
    data = problem({"service": 10}, vehicles=[{"speed_factor": 1.5}])
    file = file_of_json(data, "vroom")
    way = 600 * 67
    stop = visit(1, way + 50, way + 50, way + 1_050)
    solution = Solution((Route("1", "1", 50, 2 * way + 1_050, (stop,)),), (), {})

    plan = plan_as_json(file, solution, 0.0)

    assert steps_of(plan)[1] == ("job", 1, 402, 0, 402)
    # Of the factor, times have 67 hundredths, and the price two thirds.
    assert (plan["routes"][0]["duration"], plan["routes"][0]["cost"]) == (804, 800)
    again = plan_from_json(file, plan)
    rules = {v.rule for v in check(file.problem, again.solution, tolerance=file.tolerance)}
    assert rules <= {Rule.COST}
    assert false_claims(file, again) == []
