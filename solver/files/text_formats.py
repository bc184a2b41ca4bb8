"""The text formats of published benchmarks: TRSP (technicians) and VRPTW (Solomon, Homberger).

Both give coordinates in a plane, where speed is 1, and decimal numbers. They become integers by a
scale of their own, which ``read_trsp`` and ``read_vrptw`` return with the problem. What the
columns mean is written down in docs/formats.md.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.faults import Fault
from solver.objective import Objective
from solver.problem import Depot, InvalidProblem, Problem, Shift, TimeWindow, Visit
from solver.wording import counted

TRSP_SCALE = 100_000
"""Travel is rounded up at every leg; over all legs of a plan that adds less than 0.001."""
VRPTW_SCALE = 10
"""By convention each leg is cut off after one decimal."""
CAPACITY = "capacity"
"""The part that stands for the capacity of a VRPTW vehicle."""

_ID = r"(\d{1,12})"
_NUMBER = r"\s+([-+]?\d{1,12}(?:\.\d*)?)"
_LIST = r"\s*\[([\d,\s]*)\]"
_TRSP_ROW = re.compile(_ID + _NUMBER * 5 + _LIST * 3)
_VRPTW_ROW = re.compile(_ID + _NUMBER * 6)

_NOISE = 1e-6
"""Allowed for when rounding up or cutting off, so that the last bit of a float decides nothing."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of either format: a place, its time window and what is needed or held there."""

    where: str
    id: int
    x: float
    y: float
    opens: float
    closes: float
    service: float
    demand: float = 0
    skills: tuple[int, ...] = ()
    tools: tuple[int, ...] = ()
    parts: tuple[int, ...] = ()

    def window(self, scale: int) -> TimeWindow:
        return TimeWindow(_up(self.opens * scale), _down(self.closes * scale))

    def duration(self, scale: int) -> int:
        return _up(self.service * scale)

    @property
    def quantities(self) -> Mapping[str, int]:
        return {str(part): number for part, number in enumerate(self.parts) if number}


def read_trsp(text: str) -> tuple[Problem, int]:
    """Technicians with skills, tools and parts, a depot and requests. Raises ``InvalidProblem``."""
    faults: list[Fault] = []
    lines = _numbered_lines(text)
    counts = _counts(lines, "CREW COUNT SKILLS TOOLS SPARE PARTS", 4, faults)
    rows = _rows(lines, "DEPOT TECHNICIANS AND REQUESTS", _TRSP_ROW, _trsp_row, faults)
    if counts is None:
        raise InvalidProblem(faults)
    crew, skills, tools, parts = counts
    faults += _expected_faults(
        rows, [0, *range(1, crew + 1)], f"the depot and {counted(crew, 'technician')}"
    )
    for row in rows:
        faults += _index_faults(row, "skill", row.skills, skills)
        faults += _index_faults(row, "tool", row.tools, tools)
        if row.parts and len(row.parts) != parts:
            listed = counted(len(row.parts), "spare part is", "spare parts are")
            cause = f"{listed} listed, INFO says {parts}"
            faults.append(Fault("count", row.where, cause, "give a number for each part, or []"))
        if row.id <= crew and row.service:
            cause = f"service time {row.service:g} is for requests only"
            faults.append(Fault("not_supported", row.where, cause, "make it 0"))
        if row.id == 0 and (row.skills or row.tools or row.parts):
            cause = "the depot has every tool and any number of parts"
            faults.append(Fault("not_supported", row.where, cause, "make its lists []"))
    if faults:
        raise InvalidProblem(faults)

    by_id = {row.id: row for row in rows}
    index = {row.id: i for i, row in enumerate(rows)}
    requests = [row for row in rows if row.id > crew]
    travel = np.ceil(_euclidean(rows) * TRSP_SCALE - _NOISE).astype(np.int64)
    problem = Problem(
        visits=tuple(
            Visit(
                id=str(row.id),
                location=index[row.id],
                duration=row.duration(TRSP_SCALE),
                windows=(row.window(TRSP_SCALE),),
                skills=dict.fromkeys(map(str, row.skills), 1),
                parts=row.quantities,
                tools=frozenset(map(str, row.tools)),
                priority=0,
            )
            for row in requests
        ),
        shifts=tuple(
            Shift(
                id=str(row.id),
                technician=str(row.id),
                start_location=index[row.id],
                end_location=index[row.id],
                start=row.window(TRSP_SCALE).start,
                end=row.window(TRSP_SCALE).end,
                skills=dict.fromkeys(map(str, row.skills), 1),
                stock=row.quantities,
                tools=frozenset(map(str, row.tools)),
            )
            for row in (by_id[number] for number in range(1, crew + 1))
        ),
        travel_time=travel,
        distance=travel,
        depots=(
            Depot(
                id="0",
                location=index[0],
                windows=(by_id[0].window(TRSP_SCALE),),
                stock=None,
                tools=frozenset(map(str, range(tools))),
            ),
        ),
        objective=Objective(unassigned=(_above_all(len(requests), crew),), working_time=1),
    )
    return problem, TRSP_SCALE


def read_vrptw(text: str) -> tuple[Problem, int]:
    """Customers with demands, and a fleet that shares one base. Raises ``InvalidProblem``."""
    faults: list[Fault] = []
    lines = _numbered_lines(text)
    counts = _counts(lines, "NUMBER CAPACITY", 2, faults)
    rows = _rows(lines, "CUSTOMER", _VRPTW_ROW, _vrptw_row, faults)
    faults += _expected_faults(rows, [0], "the depot")
    for row in rows:
        if row.demand != int(row.demand):
            cause = f"demand {row.demand:g} is not a whole number"
            faults.append(Fault("not_supported", row.where, cause, "scale demands and capacity"))
        if row.id == 0 and (row.service or row.demand):
            cause = "the depot has a demand or a service time"
            faults.append(Fault("not_supported", row.where, cause, "make both 0"))
    if counts is None or faults:
        raise InvalidProblem(faults)

    number, capacity = counts
    depot = next(i for i, row in enumerate(rows) if row.id == 0)
    working = rows[depot].window(VRPTW_SCALE)
    travel = np.floor(_euclidean(rows) * VRPTW_SCALE + _NOISE).astype(np.int64)
    problem = Problem(
        visits=tuple(
            Visit(
                id=str(row.id),
                location=i,
                duration=row.duration(VRPTW_SCALE),
                windows=(row.window(VRPTW_SCALE),),
                parts={CAPACITY: int(row.demand)} if row.demand else {},
                priority=0,
            )
            for i, row in enumerate(rows)
            if i != depot
        ),
        shifts=tuple(
            Shift(
                id=str(vehicle),
                technician=str(vehicle),
                start_location=depot,
                end_location=depot,
                start=working.start,
                end=working.end,
                stock={CAPACITY: capacity},
            )
            for vehicle in range(1, number + 1)
        ),
        travel_time=travel,
        distance=travel,
        objective=Objective(
            unassigned=(_above_all(len(rows) - 1, number),), working_time=0, distance=1
        ),
    )
    return problem, VRPTW_SCALE


def _above_all(visits: int, shifts: int) -> int:
    """A factor that makes one unassigned visit dearer than all travel and work of any plan.

    No plan has more legs than this, nor more routes, and the price before the factor is at least
    the dearest of either.
    """
    return visits + shifts + 1


def _numbered_lines(text: str) -> list[tuple[int, str]]:
    """The lines that are not blank, each run of blanks made one."""
    lines = ((i, " ".join(line.split())) for i, line in enumerate(text.splitlines(), start=1))
    return [(i, line) for i, line in lines if line]


def _below(
    lines: Sequence[tuple[int, str]], heading: str, faults: list[Fault]
) -> Sequence[tuple[int, str]]:
    """The lines below a heading."""
    for i, (_, line) in enumerate(lines):
        if line.upper() == heading:
            return lines[i + 1 :]
    faults.append(Fault("missing_section", heading, "there is no such line", "add the section"))
    return ()


def _counts(
    lines: Sequence[tuple[int, str]], heading: str, size: int, faults: list[Fault]
) -> list[int] | None:
    """The whole numbers on the line below a heading, or None having noted why not."""
    below = _below(lines, heading, faults)
    if not below:
        return None
    number, line = below[0]
    if re.fullmatch(r"\d{1,6}( \d{1,6})*", line) and line.count(" ") == size - 1:
        return [int(count) for count in line.split()]
    cause = f"{_shown(line)} is not {size} whole numbers below a million"
    faults.append(Fault("syntax", f"line {number}", cause, f"write {heading.lower()}"))
    return None


def _rows(
    lines: Sequence[tuple[int, str]],
    heading: str,
    pattern: re.Pattern[str],
    row_of: Callable[[str, re.Match[str]], _Row],
    faults: list[Fault],
) -> list[_Row]:
    """The rows below a heading; a line that is none, and an id given twice, are faults."""
    rows = []
    below = _below(lines, heading, faults)
    titles = 1 if below and below[0][1][0].isalpha() else 0
    for number, line in below[titles:]:
        match = pattern.fullmatch(line)
        if match:
            rows.append(row_of(f"line {number}", match))
        else:
            action = f"write {pattern.groups} columns: " + (
                "ID X Y TWS TWE Serv [skills] [tools] [parts]"
                if pattern is _TRSP_ROW
                else "number x y demand ready due service"
            )
            faults.append(Fault("syntax", f"line {number}", f"{_shown(line)} is no row", action))
    seen = Counter[int]()
    for row in rows:
        seen[row.id] += 1
        if seen[row.id] == 2:
            cause = f"id {row.id} was used on an earlier line"
            faults.append(Fault("duplicate_id", row.where, cause, "make ids unique"))
    return rows


def _trsp_row(where: str, match: re.Match[str]) -> _Row:
    number, *decimals = match.groups()[:6]
    x, y, opens, closes, service = map(float, decimals)
    skills, tools, parts = (
        tuple(int(item) for item in re.split(r"[,\s]+", listed) if item)
        for listed in match.groups()[6:]
    )
    return _Row(where, int(number), x, y, opens, closes, service, 0, skills, tools, parts)


def _vrptw_row(where: str, match: re.Match[str]) -> _Row:
    number, *decimals = match.groups()
    x, y, demand, opens, closes, service = map(float, decimals)
    return _Row(where, int(number), x, y, opens, closes, service, demand)


def _expected_faults(rows: Iterable[_Row], ids: Iterable[int], what: str) -> Iterator[Fault]:
    missing = sorted(set(ids) - {row.id for row in rows})
    if missing:
        listed = ", ".join(map(str, missing[:10])) + ("…" if len(missing) > 10 else "")
        cause = f"{what} must be there, but these ids are missing: {listed}"
        yield Fault("count", "the rows", cause, "add the rows or correct the counts")


def _index_faults(row: _Row, what: str, numbers: Iterable[int], count: int) -> Iterator[Fault]:
    for number in numbers:
        if number >= count:
            cause = f"{what} {number} is not among the {count} that INFO counts"
            yield Fault("count", row.where, cause, f"use {what}s 0 to {count - 1}")


def _euclidean(rows: Iterable[_Row]) -> npt.NDArray[np.float64]:
    points = np.array([(row.x, row.y) for row in rows])
    between = points[:, None, :] - points[None, :, :]
    # Not hypot: the root of a sum of squares is exact where the distance is a whole number.
    distances: npt.NDArray[np.float64] = np.sqrt((between**2).sum(axis=2))
    return distances


def _up(number: float) -> int:
    return math.ceil(number - _NOISE)


def _down(number: float) -> int:
    return math.floor(number + _NOISE)


def _shown(line: str) -> str:
    return f"“{line}”" if len(line) <= 60 else f"“{line[:59]}…”"
