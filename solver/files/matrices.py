"""The travel matrices of a problem file: rows of JSON, or files of NumPy's beside it.

A matrix over thousands of places is millions of numbers. As rows of text they are read straight
into an array; only where something is odd about them Python looks at every one, and says what.
"""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.files.decode import FAULTY, Decoder, UnreadableFile, parse_json
from solver.travel import MAX_TIME, NO_WAY, Matrix
from solver.wording import counted

NAMES = ("travel_time", "distance")
NO_LEG = -1
"""Stands in a file of NumPy's where there is no leg; JSON has ``null`` for it."""

_VALUE = re.compile(r"[ \t\r\n]*:(?=[ \t\r\n]*\[[ \t\r\n]*\[)")
_FIRST_ROW = re.compile(r"[ \t\r\n]*\[[ \t\r\n]*\[")
_NEXT_ROW = re.compile(r"[ \t\r\n]*,[ \t\r\n]*\[")
_END = re.compile(r"[ \t\r\n]*\]")


def parse_problem(text: str, path: Path) -> Any:
    """As ``parse_json``, but with matrices of whole numbers as arrays."""
    cuts = sorted(cut for name in NAMES if (cut := _cut(text, name)) is not None)
    if cuts:
        ends = [0, *(end for _, end, _, _ in cuts)]
        pieces = [text[end:begin] for end, (begin, *_) in zip(ends, cuts, strict=False)]
        try:
            data = parse_json("null".join((*pieces, text[ends[-1] :])), path)
        except UnreadableFile:
            # Said again below, for the text as it is: with the right line.
            data = None
        if isinstance(data, dict) and all(data.get(name, "") is None for _, _, name, _ in cuts):
            return data | {name: matrix for _, _, name, matrix in cuts}
    return parse_json(text, path)


def _cut(text: str, name: str) -> tuple[int, int, str, Matrix] | None:
    """Where the first value of the key begins and ends that is a square matrix of whole numbers."""
    key = f'"{name}"'
    at = text.find(key)
    while at >= 0:
        value = _VALUE.match(text, at + len(key))
        if value is not None and text[at - 1 : at] != "\\":
            square = _square(text, value.end())
            if square is not None:
                return value.end(), square[1], name, square[0]
        at = text.find(key, at + len(key))
    return None


def matrices(
    decoder: Decoder, data: Mapping[str, Any], folder: Path | None
) -> tuple[Matrix, Matrix] | None:
    """Travel times and distances of a decoded document; None having noted what is wrong.

    ``folder`` is where the document lies. What is no leg in one of them is none in the other.
    """
    read = [
        _matrix(decoder, data[name], f"/{name}", folder) if name in data else None for name in NAMES
    ]
    travel_time, distance = read
    if travel_time is None or distance is None:
        return None
    if travel_time.shape == distance.shape:
        nowhere = (travel_time == NO_WAY) | (distance == NO_WAY)
        travel_time[nowhere] = distance[nowhere] = NO_WAY
    for matrix in (travel_time, distance):
        # So the problem takes it as it is.
        matrix.setflags(write=False)
    return travel_time, distance


def square(decoder: Decoder, value: Any, where: str) -> Matrix | None:
    """A matrix of whole numbers from a list of rows; None having noted what is wrong with it."""
    matrix = _matrix(decoder, value, where, None)
    if matrix is not None:
        matrix.setflags(write=False)
    return matrix


def _square(text: str, begin: int) -> tuple[Matrix, int] | None:
    """The square matrix of whole numbers or ``null`` that begins there, and where it ends; None if
    anything about it is not just so."""
    row = _FIRST_ROW.match(text, begin)
    assert row is not None  # noqa: S101 - the key was found with it
    end = text.find("]", row.end())
    size = text.count(",", row.end(), end) + 1
    if 2 * size * size > len(text):
        # Each number takes a digit and what parts it from the next: this is no square.
        return None
    matrix = np.empty((size, size), dtype=np.int64)
    for number in range(size):
        values = None if row is None else _whole_numbers(text[row.end() : end], size)
        if values is None:
            return None
        matrix[number] = values
        row = (_NEXT_ROW if number + 1 < size else _END).match(text, end + 1)
        end = -1 if row is None else text.find("]", row.end())
    return None if row is None else (matrix, row.end())


def _whole_numbers(text: str, size: int) -> Matrix | None:
    """So many numbers up to ``MAX_TIME`` in JSON's grammar, or ``null``; None if it is not that."""
    if "-" in text or not text.isascii():
        return None
    row = text.replace("null", str(NO_LEG)).encode()
    if row.count(b",") != size - 1 or row.translate(None, b"0123456789-, \t\r\n"):
        return None
    if _has_leading_zero(np.frombuffer(row, dtype=np.uint8)):
        return None
    with warnings.catch_warnings():
        # NumPy warns of what is no list of numbers to its end, and gives what it has.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            values = np.fromstring(row, dtype=np.int64, sep=" ,")
        except (DeprecationWarning, ValueError):
            return None
    if len(values) != size or values.min() < NO_LEG or values.max() > MAX_TIME:
        return None
    values[values == NO_LEG] = NO_WAY
    return values


def _has_leading_zero(row: npt.NDArray[np.uint8]) -> bool:
    """Whether a number such as 007 is among these characters, which is none in JSON."""
    digit = row - ord("0") < 10
    before = np.concatenate([[False], digit[:-1]])
    return bool(np.any((row[:-1] == ord("0")) & ~before[:-1] & digit[1:]))


def _matrix(decoder: Decoder, value: Any, where: str, folder: Path | None) -> Matrix | None:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, dict):
        return _from_file(decoder, value, where, folder)
    if not isinstance(value, list):
        decoder.fault(
            "wrong_type",
            where,
            "it is neither a list of rows nor a file",
            'write [[0, 5], [5, 0]], or {"file": "name.npy"}',
        )
        return None
    rows = [_row(decoder, row, f"{where}/{i}", len(value)) for i, row in enumerate(value)]
    sound = [row for row in rows if row is not None]
    return np.array(sound, dtype=np.int64) if len(sound) == len(rows) else None


def _row(decoder: Decoder, row: Any, where: str, size: int) -> list[int] | None:
    """A row's entries, or None having noted what is wrong with the first faulty one."""
    if not isinstance(row, list) or len(row) != size:
        length = counted(len(row), "entry", "entries") if isinstance(row, list) else "no list"
        cause = f"the row is {length}, the matrix has {counted(size, 'row')}"
        decoder.fault("matrix_shape", where, cause, "give each row an entry for each location")
        return None
    entries = []
    for column, entry in enumerate(row):
        known = entry
        if entry is None:
            known = NO_WAY
        elif type(entry) is not int or not 0 <= entry <= MAX_TIME:
            known = decoder.integer(entry, f"{where}/{column}")
            if known is not FAULTY and known > MAX_TIME:
                known = decoder.fault(
                    "too_large", f"{where}/{column}", "it is beyond 2^40", "check the unit"
                )
        if known is FAULTY:
            return None
        entries.append(known)
    return entries


def _from_file(
    decoder: Decoder, value: Mapping[str, Any], where: str, folder: Path | None
) -> Matrix | None:
    """A matrix of whole numbers of any size in a file of NumPy's (.npy) in the folder.

    Nothing but numbers can be mapped so: a pickle, which could hold any program, is refused.
    """
    if not decoder.keys(value, where, {"file": True}):
        return None
    place = f"{where}/file"
    name = decoder.text(value["file"], place)
    if name is FAULTY:
        return None
    path = None if folder is None else folder / name
    if path is None or name in ("", ".", "..") or re.search(r"[/\\\0]", name):
        decoder.fault(
            "not_beside", place, f"{name!r} is no file beside the problem", "put it there"
        )
        return None
    try:
        if not path.resolve().parent == path.parent.resolve() or not path.is_file():
            raise ValueError("there is no such file beside the problem")
        # The numbers stay in the file until it is clear that there are as many as it says.
        matrix = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:
        # For a heading that is none NumPy raises almost anything.
        decoder.fault("unreadable", place, f"{name}: {error}", "write it with numpy.save")
        return None
    return _checked(decoder, matrix, place)


def _checked(decoder: Decoder, matrix: npt.NDArray[Any], place: str) -> Matrix | None:
    """The matrix as the solver has it; None having noted what is wrong with it."""
    if not np.issubdtype(matrix.dtype, np.integer):
        cause, action = "its entries are no whole numbers", "round them"
        decoder.fault("matrix_type", place, cause, action)
        return None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        cause = f"the matrix is {matrix.shape}, not square"
        decoder.fault("matrix_shape", place, cause, "make it n × n")
        return None
    if matrix.size and (int(matrix.min()) < NO_LEG or int(matrix.max()) > MAX_TIME):
        cause = "an entry is neither from 0 to 2^40 nor -1 for no leg"
        decoder.fault("too_large", place, cause, "check the unit")
        return None
    whole = np.array(matrix, dtype=np.int64, order="C")
    whole[whole == NO_LEG] = NO_WAY
    return whole
