"""A problem as a JSON file that ``dispatch solve`` reads (docs/formats.md)."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from solver.problem import Problem, TimeWindow


def write_problem(problem: Problem, path: Path) -> None:
    """Write the problem row by row, so that memory does not grow with the travel matrices.

    A thousand locations take about 10 MB, ten thousand 1 GB. Raises ``OSError``.
    """
    with path.open("w", encoding="utf-8") as file:
        file.write('{"objective": ' + json.dumps(_value(problem.objective)))
        _write_rows(file, "visits", map(_value, problem.visits))
        _write_rows(file, "shifts", map(_value, problem.shifts))
        _write_rows(file, "depots", map(_value, problem.depots))
        _write_rows(file, "travel_time", (row.tolist() for row in problem.travel_time))
        _write_rows(file, "distance", (row.tolist() for row in problem.distance))
        file.write("\n}\n")


def _write_rows(file: TextIO, key: str, rows: Iterable[Any]) -> None:
    file.write(f',\n"{key}": [')
    for number, row in enumerate(rows):
        file.write(",\n" if number else "\n")
        file.write(json.dumps(row, ensure_ascii=False))
    file.write("\n]")


def _value(value: Any) -> Any:
    """What the format has for a record, a window, a set or a map."""
    if isinstance(value, TimeWindow):
        return [value.start, value.end]
    if dataclasses.is_dataclass(value):
        return {f.name: _value(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    return value
