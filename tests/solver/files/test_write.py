"""Solutions as JSON: what is written is read back, and what others write is judged fairly."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver.files.write import InvalidSolution, read_solution, write_solution
from solver.judge.check import check
from solver.problem import Problem
from solver.solution import Reason, ReasonCode, Route, Rule, Solution, Stop, StopKind, Unassigned
from tests.solver.problems import (
    Call,
    depot,
    line_problem,
    pause,
    problems,
    serial_solution,
    shift,
    solution_of,
    timed_route,
    visit,
)

PROBLEM = line_problem(
    [visit("a", 1, parts={"pump": 1}, tools=frozenset({"crane", "probe"})), visit("b", 9)],
    [shift("mon", "ann", breaks=(pause(start=50),)), shift("tue", "bob", end=20)],
    [depot("d", 2, tools=frozenset({"crane", "probe"}))],
)
CALL = Call("d", {"pump": 1}, frozenset({"probe", "crane"}))
SOLUTION = solution_of(PROBLEM, timed_route(PROBLEM, "mon", [CALL, "a"]))


def faults(data: Any, problem: Problem = PROBLEM, scale: int = 1) -> list[tuple[str, str]]:
    with pytest.raises(InvalidSolution) as caught:
        read_solution(data, problem, scale)
    return [(fault.where, fault.code) for fault in caught.value.faults]


def document(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(write_solution(SOLUTION, 1)))
    return data | changes


def test_a_solution_is_written_as_the_formats_say() -> None:
    assert write_solution(SOLUTION, 1) == {
        "objective": SOLUTION.objective,
        "cost": {"unassigned": SOLUTION.cost[Rule.UNASSIGNED], "working_time": 45}
        | {
            rule.value: 0
            for rule in SOLUTION.cost
            if rule not in (Rule.UNASSIGNED, Rule.WORKING_TIME)
        },
        "routes": [
            {
                "technician": "ann",
                "shift": "mon",
                "start": 0,
                "end": 45,
                "stops": [
                    {
                        "kind": "depot",
                        "id": "d",
                        "arrival": 20,
                        "start": 20,
                        "departure": 20,
                        "parts": {"pump": 1},
                        "tools": ["crane", "probe"],
                    },
                    {"kind": "visit", "id": "a", "arrival": 30, "start": 30, "departure": 35},
                ],
            }
        ],
        "unassigned": [
            {
                "id": "b",
                "reasons": [{"code": "not_found", "rule": None, "message": "it did not fit in"}],
            }
        ],
    }


def test_the_rule_of_a_reason_is_written_by_name() -> None:
    reason = Reason(ReasonCode.IMPOSSIBLE, Rule.SKILLS, "nobody knows gas")
    solution = replace(SOLUTION, unassigned=(Unassigned("b", (reason,)),))

    assert write_solution(solution, 1)["unassigned"][0]["reasons"] == [
        {"code": "impossible", "rule": "skills", "message": "nobody knows gas"}
    ]


@given(problems(), st.sampled_from((1, 10, 100_000)))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_solution_is_read_back_as_it_was_written(problem: Problem, scale: int) -> None:
    solution = serial_solution(problem)

    text = json.dumps(write_solution(solution, scale))
    again = read_solution(json.loads(text), problem, scale)

    assert again == solution


def test_times_and_costs_of_text_formats_are_decimals_in_the_unit_of_the_file() -> None:
    route = Route("mon", "ann", 5, 123_456, (Stop(StopKind.VISIT, "a", 15, 150_000, 200_000),))
    solution = Solution((route,), (), {Rule.WORKING_TIME: 123_451})

    data = write_solution(solution, 100_000)

    assert data["routes"][0]["start"] == 0.00005
    assert data["routes"][0]["end"] == 1.23456
    assert data["routes"][0]["stops"][0]["start"] == 1.5
    assert data["objective"] == data["cost"]["working_time"] == 1.23451


def test_decimals_of_other_programs_are_rounded_to_the_nearest_integer() -> None:
    stop = {"kind": "visit", "id": "a", "arrival": 1.41421356, "start": 2, "departure": 2.99999999}
    data = {"routes": [{"technician": "bob", "start": 0.0, "end": 4.1, "stops": [stop]}]}

    route = read_solution(data, PROBLEM, 10).routes[0]

    assert route.end == 41
    assert (route.stops[0].arrival, route.stops[0].start, route.stops[0].departure) == (14, 20, 30)


def test_what_may_be_left_out_is_completed() -> None:
    stop = {"kind": "depot", "id": "d", "arrival": 20, "start": 20, "departure": 20}
    data = {
        "routes": [{"technician": "bob", "start": 0, "end": 40, "stops": [stop]}],
        "unassigned": [
            {"id": "a"},
            {"id": "b", "reasons": [{"code": "outbid", "message": "no room"}]},
        ],
        "made_by": "another program",
    }

    solution = read_solution(data, PROBLEM, 1)

    assert solution.routes[0].shift == "tue"
    assert (solution.routes[0].stops[0].parts, solution.routes[0].stops[0].tools) == (
        {},
        frozenset(),
    )
    assert solution.unassigned == (
        Unassigned("a", ()),
        Unassigned("b", (Reason(ReasonCode.OUTBID, None, "no room"),)),
    )
    assert solution.cost == {}


def test_a_shift_cannot_be_left_out_where_a_technician_has_several_or_none() -> None:
    problem = line_problem([], [shift("am", "ann", end=10), shift("pm", "ann", 10, 20)])
    bare = {"start": 0, "end": 0, "stops": []}
    data = {"routes": [{"technician": "ann", **bare}, {"technician": "zoe", **bare}]}

    assert faults(data, problem) == [("/routes/0", "missing_key"), ("/routes/1", "missing_key")]


def test_ids_of_other_programs_may_be_numbers() -> None:
    problem = line_problem([visit("7")], [shift("1", "1")])
    stop = {"kind": "visit", "id": 7, "arrival": 10, "start": 10, "departure": 15}
    data = {"routes": [{"technician": 1, "start": 0, "end": 25, "stops": [stop]}]}

    route = read_solution(data, problem, 1).routes[0]

    assert (route.technician, route.shift, route.stops[0].id) == ("1", "1", "7")


def test_ids_that_the_problem_does_not_have_are_left_to_the_check() -> None:
    bare = {"start": 0, "end": 0, "stops": []}
    data = {"routes": [{"technician": "zoe", "shift": "never", **bare}]}

    solution = read_solution(data, PROBLEM, 1)

    assert "the problem has no such shift" in [v.message for v in check(PROBLEM, solution)]


def test_every_fault_of_a_document_is_listed_with_its_place() -> None:
    stop = {"kind": "vist", "id": "a", "arrival": 1.5, "start": "now", "departure": 3}
    route = {"technician": "ann", "shift": "mon", "start": 0, "stops": [stop]}
    data = {
        "objective": "cheap",
        "cost": {"working_tme": 5, "distance": None},
        "routes": [route, 5],
        "unassigned": [{"id": "b", "reasons": [{"code": "lazy", "rule": "mood", "message": 1}]}],
    }

    assert sorted(faults(data)) == [
        ("/cost/distance", "wrong_type"),
        ("/cost/working_tme", "unknown_key"),
        ("/objective", "wrong_type"),
        ("/routes/0", "missing_key"),
        ("/routes/0/stops/0/arrival", "wrong_type"),
        ("/routes/0/stops/0/kind", "unknown_value"),
        ("/routes/0/stops/0/start", "wrong_type"),
        ("/routes/1", "wrong_type"),
        ("/unassigned/0/reasons/0/code", "unknown_value"),
        ("/unassigned/0/reasons/0/rule", "unknown_value"),
    ]


@pytest.mark.parametrize("data", [[], None, 5, {}, {"routes": {}}, {"routes": [], "cost": 5}])
def test_a_document_that_is_no_solution_is_refused(data: Any) -> None:
    assert faults(data)


def test_an_objective_that_is_not_the_sum_of_its_costs_is_refused() -> None:
    assert faults(document(objective=SOLUTION.objective + 1)) == [("/objective", "contradiction")]
    assert read_solution(document(objective=SOLUTION.objective), PROBLEM, 1) == SOLUTION


def test_an_objective_of_a_text_format_may_be_off_by_rounding_only() -> None:
    data = {"routes": [], "cost": {"working_time": 10.00004, "distance": 2.00004}}

    assert read_solution(data | {"objective": 12.0001}, PROBLEM, 100_000)
    assert faults(data | {"objective": 12.01}, PROBLEM, 100_000) == [
        ("/objective", "contradiction")
    ]
