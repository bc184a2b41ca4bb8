"""A problem as files that ``dispatch solve`` reads (docs/formats.md)."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from solver.files.matrices import NAMES, NO_LEG
from solver.problem import Problem, TimeWindow
from solver.travel import NO_WAY, Matrix


def write_problem(problem: Problem, path: Path, *, binary: bool = False) -> None:
    """Write the problem row by row, so that memory does not grow with the travel matrices.

    A thousand locations take about 10 MB, ten thousand 1 GB. ``binary``: the matrices go into files
    of NumPy's beside it, ``NAME.travel_time.npy`` and ``NAME.distance.npy``, which are read in an
    instant. Raises ``OSError``.
    """
    with path.open("w", encoding="utf-8") as file:
        file.write('{"objective": ' + json.dumps(_value(problem.objective)))
        _write_rows(file, "visits", map(_value, problem.visits))
        _write_rows(file, "shifts", map(_value, problem.shifts))
        _write_rows(file, "depots", map(_value, problem.depots))
        for name in NAMES:
            matrix: Matrix = getattr(problem, name)
            if binary:
                beside = path.with_name(f"{path.stem}.{name}.npy")
                np.save(beside, np.where(matrix == NO_WAY, NO_LEG, matrix), allow_pickle=False)
                file.write(f',\n"{name}": ' + json.dumps({"file": beside.name}))
            else:
                _write_rows(file, name, map(_entries, matrix))
        file.write("\n}\n")


def _write_rows(file: TextIO, key: str, rows: Iterable[Any]) -> None:
    file.write(f',\n"{key}": [')
    for number, row in enumerate(rows):
        file.write(",\n" if number else "\n")
        file.write(json.dumps(row, ensure_ascii=False))
    file.write("\n]")


def _entries(row: Matrix) -> list[int | None]:
    return [None if entry == NO_WAY else entry for entry in row.tolist()]


def _value(value: Any) -> Any:
    """What the format has for a record, a window, a set or a map."""
    if isinstance(value, TimeWindow):
        return [value.start, value.end, *([value.price] if value.price else [])]
    if dataclasses.is_dataclass(value):
        return {f.name: _value(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    return value
