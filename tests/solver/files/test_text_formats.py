"""TRSP and VRPTW text: what the rows mean, and what is said about faulty ones."""

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver.files.read import read_problem
from solver.problem import Depot, InvalidProblem, Problem, Shift, TimeWindow

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


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=40), cut=st.integers(0, 400), base=st.sampled_from((TRSP, VRPTW)))
def test_a_damaged_text_file_is_read_or_refused_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, text: str, cut: int, base: str
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "problem.txt"
    path.write_text(base[:cut] + text + base[cut:], encoding="utf-8", errors="replace")
    with suppress(InvalidProblem):
        assert read_problem(path).problem.travel_time.shape[0] > 0
