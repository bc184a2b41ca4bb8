"""Problem files in: what each format means, and what is said about a faulty one."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.problem import Depot, InvalidProblem, Objective, Problem, Shift, TimeWindow, Visit
from solver.read import EARTH_RADIUS, problem_from_json, read_problem
from tests.solver.problems import problems

TRSP = """\
tiny

INFO
CREW COUNT  SKILLS  TOOLS   SPARE PARTS
2       3       2       2

DEPOT TECHNICIANS AND REQUESTS
ID   X     Y     TWS    TWE    Serv   SKILLS   TOOLS    SPARE PARTS
0    0     0     0      100    0      [] \t[]\t[]
1    3     4     10     90     0      [0,2] \t[1] \t[2,0]
2    1     1     0      80     0      [1]\t[]\t[0,0]
3    3     0     20     40     5      [2] \t[0,1] \t[1,3]
4    0     -4.5  20.5   40     5      []\t[]\t[]
"""

VRPTW = """\
tiny\r
\r
VEHICLE\r
NUMBER     CAPACITY\r
  2         50\r
\r
CUSTOMER\r
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME\r
 \r
    0      0         0          0          5        236          0   \r
    1      1         1         10        12         67         9   \r
    2      3         4         0        25        80         1.5   \r
"""


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


def text_faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "problem.txt"
    path.write_text(text)
    with pytest.raises(InvalidProblem) as caught:
        read_problem(path)
    return [f"{fault.where}: {fault.cause}" for fault in caught.value.faults]


def read(tmp_path: Path, text: str) -> Problem:
    path = tmp_path / "problem.txt"
    path.write_text(text, newline="")
    return read_problem(path).problem


# --- our format --------------------------------------------------------------------------------


def written(value: Any) -> Any:
    """Dataclasses as JSON values, as docs/formats.md describes them."""
    if isinstance(value, dict):
        if value.keys() == {"start", "end"}:
            return [value["start"], value["end"]]
        return {name: written(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return (
        [written(item) for item in value] if isinstance(value, list | tuple | frozenset) else value
    )


@given(problems())
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


def test_coordinates_and_matrices_together_are_refused() -> None:
    data = document(locations=[HANOI, HAI_PHONG], speed_kmh=30)

    assert faults(data) == [("/travel_time", "unknown_key"), ("/distance", "unknown_key")]


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"\xff\xfe\x00", "byte 1 is not UTF-8"),
        (b"", "it looks like no known format"),
        (b"name;skills\r\n", "it looks like no known format"),
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


# --- TRSP --------------------------------------------------------------------------------------


def test_trsp_technicians_become_shifts_at_their_homes(tmp_path: Path) -> None:
    ann, bob = read(tmp_path, TRSP).shifts

    assert ann == Shift(
        "1",
        "1",
        start_location=1,
        end_location=1,
        start=1_000_000,
        end=9_000_000,
        skills={"0": 1, "2": 1},
        stock={"0": 2},
        tools=frozenset({"1"}),
    )
    assert (bob.id, bob.end, bob.skills, bob.stock, bob.tools) == (
        "2",
        8_000_000,
        {"1": 1},
        {},
        frozenset(),
    )


def test_trsp_requests_become_visits_whose_windows_bound_the_start(tmp_path: Path) -> None:
    first, second = read(tmp_path, TRSP).visits

    assert (first.id, first.location, first.duration) == ("3", 3, 500_000)
    assert first.windows == (TimeWindow(2_000_000, 4_000_000),)
    assert (first.skills, first.parts) == ({"2": 1}, {"0": 1, "1": 3})
    assert first.tools == {"0", "1"}
    assert (second.id, second.skills, second.parts, second.tools) == ("4", {}, {}, frozenset())
    assert second.windows == (TimeWindow(2_050_000, 4_000_000),)


def test_the_trsp_depot_lends_all_tools_and_has_any_number_of_parts(tmp_path: Path) -> None:
    assert read(tmp_path, TRSP).depots == (
        Depot(
            "0",
            0,
            duration=0,
            windows=(TimeWindow(0, 10_000_000),),
            stock=None,
            tools=frozenset({"0", "1"}),
        ),
    )


def test_trsp_travel_is_euclidean_and_rounded_up(tmp_path: Path) -> None:
    travel = read(tmp_path, TRSP).travel_time

    assert travel[0, 1] == 500_000  # 3, 4, 5: exact, not one more
    assert travel[0, 2] == 141_422  # the root of 2 is 1.414213…
    assert travel[4, 0] == 450_000


def test_trsp_costs_the_time_of_the_routes_and_serves_whatever_can_be_served(
    tmp_path: Path,
) -> None:
    problem = read(tmp_path, TRSP)
    weights = {name: weight for name, weight in asdict(problem.objective).items() if weight}

    all_day = sum(shift.end - shift.start for shift in problem.shifts)
    assert weights.keys() == {"unassigned", "working_time", "told_factor"}
    assert problem.objective.working_time == 1
    assert min(problem.prices.values()) > all_day


def test_trsp_rows_may_be_in_any_order_and_lists_separated_by_blanks(tmp_path: Path) -> None:
    head, rows = TRSP[: TRSP.index("0    0")], TRSP[TRSP.index("0    0") :].splitlines()
    shuffled = head + "\n".join(reversed(rows)).replace("[0,2]", "[0 2]")

    ann, bob = read(tmp_path, shuffled).shifts

    assert (ann.id, ann.start_location, ann.skills) == ("1", 3, {"0": 1, "2": 1})
    assert (bob.id, bob.start_location) == ("2", 2)


def test_every_faulty_line_of_a_trsp_file_is_listed(tmp_path: Path) -> None:
    text = (
        TRSP.replace("3    3     0     20", "3    3     0     x")
        .replace("[1]\t[]\t[0,0]", "[3]\t[2]\t[0,0,0]")
        .replace("0    0     0     0      100    0      []", "0 0 0 0 100 7 [1]")
        + "4 1 1 0 9 1 [] [] []\n"
    )

    assert text_faults(tmp_path, text) == [
        "line 12: “3 3 0 x 40 5 [2] [0,1] [1,3]” is no row",
        "line 14: id 4 was used on an earlier line",
        "line 9: service time 7 is for requests only",
        "line 9: the depot has every tool and any number of parts",
        "line 11: skill 3 is not among the 3 that INFO counts",
        "line 11: tool 2 is not among the 2 that INFO counts",
        "line 11: 3 spare parts are listed, INFO says 2",
    ]


def test_trsp_technicians_that_are_counted_but_missing_are_named(tmp_path: Path) -> None:
    text = TRSP.replace("2       3       2       2", "6       3       2       2")

    assert text_faults(tmp_path, text)[0] == (
        "the rows: the depot and 6 technicians must be there, but these ids are missing: 5, 6"
    )


def test_trsp_counts_that_are_none_are_named(tmp_path: Path) -> None:
    text = TRSP.replace("2       3       2       2", "2 3 2")

    assert text_faults(tmp_path, text) == ["line 5: “2 3 2” is not 4 whole numbers below a million"]


def test_faults_of_meaning_are_listed_for_text_files_too(tmp_path: Path) -> None:
    text = TRSP.replace("3    3     0     20     40", "3    3     0     50     40")

    assert text_faults(tmp_path, text) == [
        "visit '3': the window 5000000-4000000 ends before it starts"
    ]


# --- VRPTW -------------------------------------------------------------------------------------


def test_a_vrptw_fleet_becomes_shifts_with_the_capacity_as_a_part(tmp_path: Path) -> None:
    problem = read(tmp_path, VRPTW)

    assert [(shift.id, shift.technician) for shift in problem.shifts] == [("1", "1"), ("2", "2")]
    for shift in problem.shifts:
        assert (shift.start, shift.end) == (50, 2360)
        assert (shift.start_location, shift.end_location) == (0, 0)
        assert shift.stock == {"capacity": 50}
    assert problem.depots == ()


def test_vrptw_customers_become_visits_that_use_up_capacity(tmp_path: Path) -> None:
    first, second = read(tmp_path, VRPTW).visits

    assert (first.id, first.location, first.duration) == ("1", 1, 90)
    assert first.windows == (TimeWindow(120, 670),)
    assert first.parts == {"capacity": 10}
    assert (second.id, second.duration, second.parts) == ("2", 15, {})


def test_vrptw_legs_are_cut_off_after_one_decimal_and_only_distance_costs(tmp_path: Path) -> None:
    problem = read(tmp_path, VRPTW)

    assert problem.travel_time[0, 1] == 14  # the root of 2 is 1.41…
    assert problem.travel_time[0, 2] == 50
    assert problem.travel_time[1, 2] == 36  # the root of 13 is 3.60…
    assert (problem.distance == problem.travel_time).all()
    weights = {name: weight for name, weight in asdict(problem.objective).items() if weight}
    assert weights.keys() == {"unassigned", "distance", "told_factor"}
    assert problem.objective.distance == 1
    assert min(problem.prices.values()) > problem.distance.sum()


def test_every_faulty_line_of_a_vrptw_file_is_listed(tmp_path: Path) -> None:
    text = (
        VRPTW.replace("2         50", "two 50")
        .replace(
            "    0      0         0          0          5        236          0", "9 0 0 0 0 0"
        )
        .replace("1         1         10", "1         1         10.5")
    )

    assert text_faults(tmp_path, text) == [
        "line 5: “two 50” is not 2 whole numbers below a million",
        "line 10: “9 0 0 0 0 0” is no row",
        "the rows: the depot must be there, but these ids are missing: 0",
        "line 11: demand 10.5 is not a whole number",
    ]


@given(text=st.text(max_size=40), cut=st.integers(0, 400), base=st.sampled_from((TRSP, VRPTW)))
def test_a_damaged_text_file_is_read_or_refused_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, text: str, cut: int, base: str
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "problem.txt"
    path.write_text(base[:cut] + text + base[cut:], encoding="utf-8", errors="replace")
    with suppress(InvalidProblem):
        assert read_problem(path).problem.travel_time.shape[0] > 0
