"""What is written down of a day, and under which conditions it was planned."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.dynamic.unfolding import UnfoldedDay

Record = dict[str, Any]
"""A day in the unit of its files: ``instance``, ``dynamic_percent``, ``working_time`` (the sum of
``back`` less ``leave``), the ids that were ``rejected``, and ``routes`` with their stops;
``decided`` is when the plan was made by which a technician set out (``depart``) for a stop."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the days in a file were planned."""

    seconds: float
    iterations: int | None
    seed: int
    cores: int
    version: str
    machine: str
    date: str
    slowest: float = 0.0
    """Seconds that the slowest plan during a day took."""


def record_of(day: UnfoldedDay) -> Record:
    scale = day.instance.scale
    driven = [(t.shift.id, t.leave, t.back, t.stops) for t in day.tours]
    routes = [
        {
            "technician": name,
            "leave": leave / scale,
            "back": back / scale,
            "stops": [
                {
                    "id": stop.call.id,
                    "decided": stop.decided / scale,
                    "depart": stop.depart / scale,
                    "arrival": stop.arrival / scale,
                    "start": stop.start / scale,
                    "departure": stop.departure / scale,
                }
                for stop in stops
            ],
        }
        for name, leave, back, stops in driven
        if leave is not None and back is not None
    ]
    working = sum(back - leave for _, leave, back, _ in driven if leave is not None and back)
    return {
        "instance": day.instance.name,
        "dynamic_percent": day.instance.dynamic_percent,
        "working_time": working / scale,
        "rejected": list(day.rejected),
        "routes": routes,
    }


def read_records(path: Path) -> list[Record]:
    """All days in a file, none if there is no file yet; a last line without end, as a broken run
    leaves it, does not count."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def write_records(path: Path, records: Iterable[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def conditions_path(path: Path) -> Path:
    """Of the file of days that they are about."""
    return path.with_name(f"{path.name}.conditions.json")


def read_conditions(path: Path) -> Conditions:
    """Raises ``OSError`` and ``ValueError``."""
    return Conditions(**json.loads(conditions_path(path).read_text(encoding="utf-8")))


def write_conditions(path: Path, conditions: Conditions) -> None:
    text = json.dumps(asdict(conditions), indent=2) + "\n"
    conditions_path(path).write_text(text, encoding="utf-8")
