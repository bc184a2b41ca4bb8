"""What is measured and what came out: one line of JSON for each trial in a results file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

Curve = Sequence[tuple[float, float]]
"""Seconds since the start and the lowest cost by then, both in order."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One engine on one instance, once.

    ``seconds`` is what the engine is given, in wall-clock time on ``cores`` cores. Instances of
    the family ``generated`` are named by visits × technicians × days.
    """

    family: str
    instance: str
    engine: str
    seconds: float
    seed: int
    cores: int

    @property
    def contender(self) -> str:
        """What costs are compared between: the engine, and its cores if there are several."""
        return self.engine if self.cores == 1 else f"{self.engine}, {self.cores} cores"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a trial came to. Costs are in the unit of the instance's file; cents if generated."""

    trial: Trial
    group: str
    """The class of the instance within its family, such as R1; ``-`` if it has none."""
    visits: int
    shifts: int
    seconds_used: float
    cost: float
    unassigned: int
    published: float | None
    """The best value that the literature has, as far as we know."""
    gap: float | None
    """Cost above the published value, as a share of it; None if visits are left out."""
    iterations: int | None
    memory_mb: float
    """Peak resident memory of the process, the problem included. With worker processes: that of
    the main one plus, for each core, that of the largest worker; shared pages count repeatedly."""
    curve: Curve
    seconds_to_one_percent: float
    """When the cost was first within 1 % of where it ended."""
    version: str
    machine: str
    date: str

    @property
    def iterations_a_second(self) -> float | None:
        if self.iterations is None or self.seconds_used <= 0:
            return None
        return self.iterations / self.seconds_used


def seconds_to_within(curve: Curve, share: float) -> float:
    """When the curve first was within a share of its lowest cost."""
    target = curve[-1][1] * (1 + share)
    return next(seconds for seconds, cost in curve if cost <= target)


def gap_to(published: float | None, cost: float, unassigned: int) -> float | None:
    """Cost above the published value, as a share of it; None if they cannot be compared."""
    return None if published is None or unassigned else cost / published - 1


def to_line(measurement: Measurement) -> str:
    """One line of JSON, its end included."""
    record = asdict(measurement)
    return json.dumps({**record.pop("trial"), **record}, ensure_ascii=False) + "\n"


def from_line(line: str) -> Measurement:
    """The opposite of ``to_line``. Raises ``ValueError`` for anything else."""
    try:
        record: dict[str, Any] = json.loads(line)
        trial = Trial(**{field.name: record.pop(field.name) for field in fields(Trial)})
        record["curve"] = tuple((seconds, cost) for seconds, cost in record["curve"])
        return Measurement(trial, **record)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is no measurement ({error}): {line[:80]}") from error


def read_results(path: Path) -> tuple[Measurement, ...]:
    """All measurements in a file, none if there is no file yet.

    A last line without end, as a broken run leaves it, does not count. Raises ``ValueError``.
    """
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return tuple(from_line(line) for line in lines if line.endswith("\n") and line.strip())


def append_result(path: Path, measurement: Measurement) -> None:
    """Add one line, in place of what a broken run may have left half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.read_bytes() if path.exists() else b""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.truncate(whole.rfind(b"\n") + 1)
        file.seek(0, 2)
        file.write(to_line(measurement).encode())
