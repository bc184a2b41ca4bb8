"""Travel matrices of problem files: rows of numbers, read quickly, and files of NumPy's."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.engines.problem_file import write_problem
from solver.files import matrices
from solver.files.decode import UnreadableFile, parse_json
from solver.files.matrices import parse_problem
from solver.files.read import read_problem
from solver.problem import InvalidProblem, Problem
from solver.travel import MAX_TIME, NO_WAY
from tests.solver.files.test_read import document
from tests.solver.problems import line, line_problem, shift, visit

NOWHERE = Path("problem.json")


def plain(data: Any) -> Any:
    """Arrays as the lists of rows that they were read from."""
    if isinstance(data, dict):
        return {name: plain(value) for name, value in data.items()}
    if isinstance(data, np.ndarray):
        return [[None if leg == NO_WAY else leg for leg in row] for row in data.tolist()]
    return data


def is_quick(text: str) -> bool:
    """Whether the travel times were read straight into an array."""
    data = parse_problem(f'{{"travel_time": {text}}}', NOWHERE)
    return isinstance(data["travel_time"], np.ndarray)


# --- rows of numbers -----------------------------------------------------------------------------

_ENTRIES = st.integers(0, MAX_TIME) | st.none() | st.sampled_from((0, 1, 10, 100))


@given(
    st.integers(1, 4).flatmap(
        lambda size: st.lists(
            st.lists(_ENTRIES, min_size=size, max_size=size), min_size=size, max_size=size
        )
    ),
    st.sampled_from((None, 0, 2)),
    st.sampled_from(((", ", ": "), (",", ":"), (" ,\t", " :\n"))),
)
def test_any_square_of_whole_numbers_and_nulls_is_read_as_json_reads_it(
    rows: Any, indent: int | None, separators: tuple[str, str]
) -> None:
    document = {"visits": [{"id": '"travel_time": [[1'}], "travel_time": rows, "distance": rows}
    text = json.dumps(document, indent=indent, separators=separators)

    read = parse_problem(text, NOWHERE)

    assert isinstance(read["travel_time"], np.ndarray)
    assert isinstance(read["distance"], np.ndarray)
    assert plain(read) == document


@pytest.mark.parametrize(
    "rows",
    [
        *("[]", "[[]]", "[[0], [1]]", "[[0, 1]]", "[[0, 1], [1]]", "[[0, 1], [1, 0], [2, 2]]"),
        *("[[1.0]]", "[[1e2]]", "[[-1]]", "[[-0]]", "[[true]]", '[["1"]]', "[[[0]]]", "[[{}]]"),
        *(f"[[{MAX_TIME + 1}]]", f"[[{NO_WAY}]]", "[[99999999999999999999]]", "[[0, 1], 5]"),
    ],
)
def test_anything_else_is_left_to_json(rows: str) -> None:
    assert not is_quick(rows)
    text = f'{{"travel_time": {rows}}}'
    assert parse_problem(text, NOWHERE) == parse_json(text, NOWHERE)


@pytest.mark.parametrize(
    "rows",
    [
        *("[[01]]", "[[0, 007], [1, 0]]", "[[+1]]", "[[1 2]]", "[[0,,1], [0, 0]]", "[[0, 1,], []]"),
        *("[[nullnull]]", "[[1null]]", "[[null1]]", "[[0x10]]", "[[0\v]]", "[[٣]]", "[[0]", "[[0"),
        *("[[0, 1] [1, 0]]", "[[0]] 5", "[[NaN]]", "[[nul]]", "[[1_000]]"),
    ],
)
def test_what_is_no_json_is_refused_as_such(rows: str) -> None:
    with pytest.raises(UnreadableFile):
        parse_problem(f'{{"travel_time": {rows}}}', NOWHERE)


def test_a_fault_behind_a_matrix_is_said_at_its_own_line() -> None:
    with pytest.raises(UnreadableFile, match="line 4 column 12"):
        parse_problem('{"travel_time": [\n[0, 1],\n[1, 0]],\n"visits": [}]}', NOWHERE)


def test_a_matrix_given_twice_is_refused_though_it_is_read_quickly() -> None:
    with pytest.raises(UnreadableFile, match="occurs twice"):
        parse_problem('{"travel_time": [[0]], "travel_time": [[0]]}', NOWHERE)


def test_a_matrix_in_another_place_stays_there() -> None:
    text = '{"visits": [{"distance": [[0]]}]}'

    assert parse_problem(text, NOWHERE) == {"visits": [{"distance": [[0]]}]}


def test_thousands_of_places_are_read_without_a_number_of_python_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def row(*_: object) -> Any:
        raise AssertionError("an entry was looked at")

    monkeypatch.setattr(matrices, "_row", row)
    write_problem(line_problem([visit(location=99)], [shift()]), tmp_path / "problem.json")

    assert read_problem(tmp_path / "problem.json").problem.travel_time.shape == (100, 100)


def test_null_in_either_matrix_is_no_leg_in_both(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    data = document(travel_time=[[0, None], [60, 0]], distance=[[0, 500], [None, 0.0]])
    path.write_text(json.dumps(data))

    problem = read_problem(path).problem

    assert problem.travel_time.tolist() == [[0, NO_WAY], [NO_WAY, 0]]
    assert problem.distance.tolist() == problem.travel_time.tolist()


def test_a_null_from_a_place_to_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(document(travel_time=[[0, 60], [60, None]])))

    with pytest.raises(InvalidProblem, match="no way from location 1 to itself"):
        read_problem(path)


# --- files of NumPy's ----------------------------------------------------------------------------


def written(tmp_path: Path, travel_time: Any, name: Any = "legs.npy") -> Path:
    """A document whose travel times are in a file beside it."""
    np.save(tmp_path / "legs.npy", travel_time)
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(document(travel_time={"file": name})))
    return path


def faults(path: Path) -> list[tuple[str, str]]:
    with pytest.raises(InvalidProblem) as caught:
        read_problem(path)
    return [(fault.where, fault.code) for fault in caught.value.faults]


@pytest.mark.parametrize("kind", ["u1", "<i4", ">i8", "u8"])
def test_a_matrix_may_lie_beside_the_problem(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, np.array([[0, 60], [70, 0]], dtype=kind))

    assert read_problem(path).problem.travel_time.tolist() == [[0, 60], [70, 0]]


def test_in_a_file_of_numbers_minus_one_is_no_leg(tmp_path: Path) -> None:
    problem = read_problem(written(tmp_path, np.array([[0, -1], [70, 0]]))).problem

    assert problem.travel_time.tolist() == [[0, NO_WAY], [70, 0]]
    assert problem.distance[0, 1] == NO_WAY


@pytest.mark.parametrize(
    ("matrix", "code"),
    [
        (np.array([[0, 0.5], [1, 0]]), "matrix_type"),
        (np.array([[True]]), "matrix_type"),
        (np.array([["far"]]), "matrix_type"),
        (np.zeros(4, np.int64), "matrix_shape"),
        (np.zeros((2, 3), np.int64), "matrix_shape"),
        (np.array([[0, -2], [1, 0]]), "too_large"),
        (np.array([[0, NO_WAY], [1, 0]]), "too_large"),
        (np.array([[0, 2**64 - 1], [1, 0]], np.uint64), "too_large"),
    ],
)
def test_a_file_of_anything_but_a_square_of_whole_numbers_is_refused(
    tmp_path: Path, matrix: Any, code: str
) -> None:
    assert faults(written(tmp_path, matrix)) == [("/travel_time/file", code)]


class Trap:
    """Were it ever unpickled, it would say so."""

    def __reduce__(self) -> Any:
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Trap()),
        b"",
        b"[[0, 1], [1, 0]]",
        b"\x93NUMPY\x01\x00\x0a\x00{'descr': ",
    ],
)
def test_nothing_but_a_matrix_is_loaded(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, line(2))
    (tmp_path / "legs.npy").write_bytes(content)

    assert faults(path) == [("/travel_time/file", "unreadable")]


def test_an_array_of_objects_is_refused_unseen(tmp_path: Path) -> None:
    path = written(tmp_path, np.array([[Trap()]], dtype=object))

    assert faults(path) == [("/travel_time/file", "unreadable")]


def test_a_file_that_is_shorter_than_it_says_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, line(2))
    whole = (tmp_path / "legs.npy").read_bytes()
    (tmp_path / "legs.npy").write_bytes(whole[:-8])

    assert faults(path) == [("/travel_time/file", "unreadable")]


@pytest.mark.parametrize(
    "name", ["../legs.npy", "/etc/passwd", "folder/legs.npy", "..", "", "a\\b", "a\x00b"]
)
def test_a_file_elsewhere_is_not_read(tmp_path: Path, name: str) -> None:
    assert faults(written(tmp_path, line(2), name)) == [("/travel_time/file", "not_beside")]


def test_neither_is_one_elsewhere_by_way_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    path = written(tmp_path / "inside", line(2))
    (tmp_path / "inside" / "legs.npy").rename(tmp_path / "legs.npy")
    (tmp_path / "inside" / "legs.npy").symlink_to(tmp_path / "legs.npy")

    assert faults(path) == [("/travel_time/file", "unreadable")]


def test_a_name_that_is_no_text_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert faults(written(tmp_path, line(2), 5)) == [("/travel_time/file", "wrong_type")]
    assert faults(written(tmp_path, line(2), "no.npy")) == [("/travel_time/file", "unreadable")]
    (tmp_path / "folder.npy").mkdir()
    assert faults(written(tmp_path, line(2), "folder.npy")) == [("/travel_time/file", "unreadable")]


# --- writing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("binary", [False, True])
def test_a_problem_is_read_back_as_it_was_written(tmp_path: Path, binary: bool) -> None:
    legs = line(3)
    legs[0, 2] = NO_WAY
    problem = Problem((visit(),), (shift(),), legs, legs)
    path = tmp_path / "day.json"

    write_problem(problem, path, binary=binary)
    again = read_problem(path).problem

    assert (again.travel_time == legs).all()
    assert (again.distance == legs).all()
    assert (again.visits, again.shifts) == (problem.visits, problem.shifts)
    files = {"day.json", "day.travel_time.npy", "day.distance.npy"} if binary else {"day.json"}
    assert {file.name for file in tmp_path.iterdir()} == files


def test_a_row_far_longer_than_the_matrix_takes_no_memory() -> None:
    """As a square it would have a million rows of a million numbers."""
    long = ",".join(["0"] * 1_000_000)
    text = f'{{"travel_time": [[{long}]], "distance": [[0]]}}'
    assert len(parse_problem(text, NOWHERE)["travel_time"]) == 1
