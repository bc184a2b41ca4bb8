"""When requests become known: ``dtrsp/NAME_rd_PERCENT.txt`` beside ``trsp/NAME.txt``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from solver.faults import Fault
from solver.files.read import read_problem
from solver.problem import InvalidProblem, Problem

FILE_NAME = re.compile(r"(.+)_rd_(\d{1,3})")
ROW = re.compile(r"(\d{1,12})\s+(-?\d{1,12}(?:\.\d*)?)")


@dataclass(frozen=True)
class DynamicInstance:
    """A day's requests, and when each becomes known.

    ``releases`` has those that are not known before the day, in the problem's unit of time.
    ``dynamic_percent`` is the share of requests expected during the day: what a dispatcher knows
    from experience.
    """

    name: str
    dynamic_percent: int
    problem: Problem
    scale: int
    releases: Mapping[str, int]


def release_files(data: Path, pattern: str, percents: frozenset[int] | None) -> list[Path]:
    """The files of release dates of instances whose name matches, of these percentages (None: all).

    Raises ``FileNotFoundError`` if there are none.
    """
    chosen = []
    for path in sorted((data / "dtrsp").glob("*_rd_*.txt")):
        name = FILE_NAME.fullmatch(path.stem)
        if name is None or not fnmatch(name[1], pattern):
            continue
        if percents is None or int(name[2]) in percents:
            chosen.append(path)
    if not chosen:
        raise FileNotFoundError(f"{data / 'dtrsp'} has no release dates of instance {pattern}")
    return chosen


def read_dynamic(path: Path) -> DynamicInstance:
    """The instance that a file of release dates belongs to. Raises ``InvalidProblem``."""
    named = FILE_NAME.fullmatch(path.stem)
    if named is None:
        fault = Fault("syntax", path.name, "the name is not NAME_rd_PERCENT.txt", "rename the file")
        raise InvalidProblem([fault])
    file = read_problem(path.parents[1] / "trsp" / f"{named[1]}.txt", "trsp")
    dates = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = ROW.fullmatch(line.strip())
        if row:
            dates[row[1]] = float(row[2])
    # The line below "Dyn Stat" looks like a row, too.
    visits = file.problem.visit
    missing = sorted(visits.keys() - dates.keys(), key=int)
    if missing:
        cause = f"requests without a release date: {', '.join(missing[:10])}"
        raise InvalidProblem([Fault("count", path.name, cause, "give each a date, or -1")])
    return DynamicInstance(
        name=named[1],
        dynamic_percent=int(named[2]),
        problem=file.problem,
        scale=file.scale,
        releases={
            name: round(dates[name] * file.scale)
            for name in sorted(visits, key=int)
            if dates[name] >= 0
        },
    )
