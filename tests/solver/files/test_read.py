"""Problem files in: what each format means, and what is said about a faulty one."""

import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from solver.files.great_circles import EARTH_RADIUS
from solver.files.read import problem_from_json, read_problem
from solver.objective import Objective
from solver.problem import Depot, InvalidProblem, Problem, Shift, Visit
from solver.travel import NO_WAY
from tests.solver.files.test_text_formats import TRSP, VRPTW
from tests.solver.problems import problems


def document(**changes: Any) -> dict[str, Any]:
    """Two locations, one visit, one shift."""
    return {
        "travel_time": [[0, 60], [60, 0]],
        "distance": [[0, 500], [500, 0]],
        "visits": [{"id": "boiler", "location": 1}],
        "shifts": [
            {
                "id": "mon",
                "technician": "ann",
                "start_location": 0,
                "end_location": 0,
                "start": 0,
                "end": 3600,
            }
        ],
    } | changes


def faults(data: Any) -> list[tuple[str, str]]:
    """Where and what kind: everything that is said about a document."""
    with pytest.raises(InvalidProblem) as caught:
        problem_from_json(data)
    return [(fault.where, fault.code) for fault in caught.value.faults]


# --- our format --------------------------------------------------------------------------------


def written(value: Any) -> Any:
    """Dataclasses as JSON values, as docs/formats.md describes them."""
    if isinstance(value, dict):
        if value.keys() == {"start", "end", "price"}:
            return [value["start"], value["end"], value["price"]]
        return {name: written(item) for name, item in value.items()}
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, np.ndarray):
        return [[None if leg == NO_WAY else leg for leg in row] for row in value.tolist()]
    if isinstance(value, frozenset):
        return sorted(value)  # equal sets may differ in their order
    return [written(item) for item in value] if isinstance(value, list | tuple) else value


@given(problems(cut_off=True))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_problem_written_out_by_field_names_is_read_back_as_it_was(problem: Problem) -> None:
    data = json.loads(json.dumps(written(asdict(problem))))

    again = problem_from_json(data)

    assert written(asdict(again)) == written(asdict(problem))
    assert again.visits == problem.visits
    assert again.shifts == problem.shifts


def test_what_is_not_given_has_the_default_of_the_problem() -> None:
    problem = problem_from_json(document())

    assert problem.visits == (Visit("boiler", 1),)
    assert problem.shifts == (Shift("mon", "ann", 0, 0, 0, 3600),)
    assert problem.depots == ()
    assert problem.objective == Objective()


def test_skills_may_be_a_list_which_means_level_one() -> None:
    visit = {"id": "boiler", "location": 1, "skills": ["gas", "power"]}

    assert problem_from_json(document(visits=[visit])).visits[0].skills == {"gas": 1, "power": 1}


def test_a_depot_without_a_limit_has_null_for_stock_and_one_that_says_nothing_has_none() -> None:
    depots = [{"id": "free", "location": 0, "stock": None}, {"id": "empty", "location": 0}]

    assert problem_from_json(document(depots=depots)).depots == (
        Depot("free", 0, stock=None),
        Depot("empty", 0, stock={}),
    )


def test_a_whole_number_may_be_written_with_a_decimal_point() -> None:
    visit = {"id": "boiler", "location": 1.0, "duration": 600.0}
    problem = problem_from_json(document(visits=[visit], distance=[[0, 500.0], [500.0, 0]]))

    assert problem.visits[0].duration == 600
    assert problem.distance[0, 1] == 500


def test_every_fault_of_a_document_is_listed_with_its_place() -> None:
    data = document(
        visits=[
            {"id": "a", "location": 1, "duration": "ten"},
            {"id": "b", "location": 1, "windows": [[5]], "skills": {"gas": None}},
            {"location": 1, "priorty": 2},
            {"id": "d", "location": 7},
        ],
        depots={},
    )

    assert faults(data) == [
        ("/visits/0/duration", "wrong_type"),
        ("/visits/1/windows/0", "wrong_type"),
        ("/visits/1/skills/gas", "wrong_type"),
        ("/visits/2", "missing_key"),
        ("/visits/2/priorty", "unknown_key"),
        ("/depots", "wrong_type"),
        ("visit 'd'", "unknown_location"),
    ]


def test_a_misspelt_key_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(InvalidProblem, match='did you mean "duration"'):
        problem_from_json(document(visits=[{"id": "a", "location": 1, "duraton": 5}]))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (True, "wrong_type"),
        (1.5, "wrong_type"),
        (None, "wrong_type"),
        (float("nan"), "too_large"),
        (float("inf"), "too_large"),
        (10**400, "too_large"),
        ([1], "wrong_type"),
    ],
)
def test_what_is_no_whole_number_of_seconds_is_refused(value: Any, code: str) -> None:
    visit = {"id": "a", "location": 1, "duration": value}

    assert faults(document(visits=[visit])) == [("/visits/0/duration", code)]


def test_ids_are_text_that_can_be_printed() -> None:
    visits = [{"id": 12, "location": 1}, {"id": "\ud800", "location": 1}]

    assert faults(document(visits=visits)) == [
        ("/visits/0/id", "wrong_type"),
        ("/visits/1/id", "not_text"),
    ]


def test_a_key_in_a_pointer_is_escaped() -> None:
    visit = {"id": "a", "location": 1, "parts": {"1/2~": "x"}}

    assert faults(document(visits=[visit])) == [("/visits/0/parts/1~12~0", "wrong_type")]


def test_faults_of_the_matrices_name_the_row_and_the_entry() -> None:
    data = document(travel_time=[[0, 60], [60]], distance=[[0, "far"], [500, 2.5]])

    assert faults(data) == [
        ("/travel_time/1", "matrix_shape"),
        ("/distance/0/1", "wrong_type"),
        ("/distance/1/1", "wrong_type"),
    ]


def test_a_document_without_matrices_is_told_only_that() -> None:
    assert faults({"visits": [{"id": "a", "location": 9}], "shifts": []}) == [
        ("the document", "missing_key"),
        ("the document", "missing_key"),
    ]


@pytest.mark.parametrize("data", [[], 5, None, "text"])
def test_a_document_that_is_no_object_is_refused(data: Any) -> None:
    assert faults(data) == [("the document", "wrong_type")]


# --- coordinates -------------------------------------------------------------------------------

HANOI = {"latitude": 21.0285, "longitude": 105.8542}
HAI_PHONG = {"latitude": 20.8449, "longitude": 106.6881}


def placed(*locations: Any, **changes: Any) -> dict[str, Any]:
    data = document(locations=list(locations), speed_kmh=36) | changes
    return {name: item for name, item in data.items() if name not in ("travel_time", "distance")}


def test_travel_may_be_given_by_coordinates_and_speed() -> None:
    problem = problem_from_json(placed(HANOI, HAI_PHONG))

    # 88.95 km by the spherical law of cosines, worked out elsewhere
    phi, psi = np.radians([HANOI["latitude"], HAI_PHONG["latitude"]])
    apart = np.radians(HAI_PHONG["longitude"] - HANOI["longitude"])
    metres = EARTH_RADIUS * np.arccos(
        np.sin(phi) * np.sin(psi) + np.cos(phi) * np.cos(psi) * np.cos(apart)
    )
    assert problem.distance[0, 1] == np.ceil(metres)
    assert problem.travel_time[0, 1] == np.ceil(metres / 10)
    assert problem.travel_time[0, 0] == 0
    assert (problem.travel_time == problem.travel_time.T).all()


def test_a_quarter_of_the_equator_is_a_quarter_of_the_equator() -> None:
    problem = problem_from_json(
        placed({"latitude": 0, "longitude": -45}, {"latitude": 0, "longitude": 45})
    )

    assert problem.distance[0, 1] == np.ceil(EARTH_RADIUS * np.pi / 2)


def test_a_detour_factor_makes_all_ways_longer() -> None:
    straight = problem_from_json(placed(HANOI, HAI_PHONG))
    winding = problem_from_json(placed(HANOI, HAI_PHONG, detour_factor=1.5))

    assert winding.distance[0, 1] == pytest.approx(1.5 * straight.distance[0, 1], abs=2)
    assert winding.travel_time[0, 1] == pytest.approx(1.5 * straight.travel_time[0, 1], abs=2)


def test_coordinates_off_the_earth_are_refused_and_swapped_ones_recognised() -> None:
    swapped = {"latitude": 105.8542, "longitude": 21.0285}
    data = placed(HANOI, swapped, {"latitude": 0, "longitude": 181}, [21, 105], speed_kmh=0)

    with pytest.raises(InvalidProblem, match="swap latitude and longitude"):
        problem_from_json(data)
    assert faults(data) == [
        ("/speed_kmh", "too_small"),
        ("/locations/1/latitude", "latitude"),
        ("/locations/2/longitude", "longitude"),
        ("/locations/3", "wrong_type"),
    ]


def test_a_speed_that_is_null_or_missing_is_told_once() -> None:
    assert faults(placed(HANOI, speed_kmh=None)) == [("/speed_kmh", "wrong_type")]
    without = {key: value for key, value in placed(HANOI).items() if key != "speed_kmh"}
    assert faults(without) == [("the document", "missing_key")]


def test_ways_too_long_for_whole_seconds_are_told_where_they_come_from() -> None:
    data = placed(HANOI, HAI_PHONG, detour_factor=1e16)

    assert faults(data) == [("/locations", "too_large")]


def test_coordinates_and_matrices_together_are_refused() -> None:
    data = document(locations=[HANOI, HAI_PHONG], speed_kmh=30)

    assert faults(data) == [("/travel_time", "unknown_key"), ("/distance", "unknown_key")]


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"\xff\xfe\x00", "byte 1 is not UTF-8"),
        (b"", "it is in no known format"),
        (b"name;skills\r\n", "it is in no known format"),
        (b'{"visits": [}', "it is not JSON: Expecting value"),
        (b'{"visits": [], "visits": []}', 'key "visits" occurs twice in one object'),
        (b'{"speed_kmh": NaN}', "NaN is no JSON number"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{" + b'"a":' + b"9" * 5000 + b"}", "integer"),
    ],
)
def test_a_file_that_is_no_problem_is_refused_with_the_cause(
    tmp_path: Path, content: bytes, cause: str
) -> None:
    path = tmp_path / "problem"
    path.write_bytes(content)

    with pytest.raises(InvalidProblem, match=cause):
        read_problem(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.json", tmp_path):
        with pytest.raises(InvalidProblem) as caught:
            read_problem(path)
        assert [fault.code for fault in caught.value.faults] == ["unreadable"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(document()), encoding="utf-8-sig")

    assert len(read_problem(path).problem.visits) == 1


@pytest.mark.parametrize(
    ("text", "format_name", "scale", "tolerance"),
    [(json.dumps(document()), "json", 1, 0), (TRSP, "trsp", 100_000, 100), (VRPTW, "vrptw", 10, 1)],
)
def test_the_format_is_guessed_from_the_content(
    tmp_path: Path, text: str, format_name: Any, scale: int, tolerance: int
) -> None:
    path = tmp_path / "problem"
    path.write_text(text)

    guessed, told = read_problem(path), read_problem(path, format_name)

    assert (guessed.format, guessed.scale, guessed.tolerance) == (format_name, scale, tolerance)
    assert (told.format, told.scale) == (guessed.format, guessed.scale)


def test_the_format_that_is_named_is_the_one_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "problem"
    path.write_text(TRSP)

    with pytest.raises(InvalidProblem, match="it is not JSON"):
        read_problem(path, "json")
