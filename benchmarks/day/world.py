"""What happens on a simulated day, whatever anybody plans: drawn from a seed, by name and not in
the order of use, so that the same job overruns by the same share under every policy."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import asin, cos, exp, radians, sin, sqrt
from pathlib import Path
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SPEED_KMH = 24.0
DETOUR = 1.3
EARTH_METRES = 6_371_008.8

OVERRUN_SPREAD = 0.25
LONG_SHARE, LONG_FACTOR = 0.05, 2.0
TRAVEL_SPREAD = 0.2
IN_VAIN_SHARE, IN_VAIN_MINUTES = 0.03, 10
SICK = 2
CANCELLED_SHARE, NEW_SHARE = 12 / 400, 15 / 400

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Technician:
    id: str
    home: Place
    skills: Mapping[str, int]
    tools: frozenset[str]
    starts_at: datetime
    ends_at: datetime
    overtime: timedelta
    stock: Mapping[str, int]
    break_from: datetime
    break_until: datetime
    """The latest moment at which it may start."""
    break_length: timedelta


@dataclass(frozen=True, slots=True)
class Job:
    """What a job asks for."""

    id: str
    site_id: str
    minutes: int
    windows: Sequence[tuple[datetime, datetime]]
    skills: Mapping[str, int]
    parts: Mapping[str, int]
    due_at: datetime | None = None
    told: bool = False
    allowed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> "Job":
        """As the service shows it."""
        due_at = shown["due_at"]
        return cls(
            id=shown["id"],
            site_id=shown["site_id"],
            minutes=shown["duration_minutes"],
            windows=[
                (datetime.fromisoformat(one["starts_at"]), datetime.fromisoformat(one["ends_at"]))
                for one in shown["windows"]
            ],
            skills={one["skill_id"]: one["level"] for one in shown["skills"]},
            parts={one["part_id"]: one["quantity"] for one in shown["parts"]},
            due_at=None if due_at is None else datetime.fromisoformat(due_at),
            told=shown["told_at"] is not None,
            allowed=frozenset(shown["allowed"]),
        )

    def opens_at(self, at: datetime) -> datetime:
        """The first moment from ``at`` on at which somebody may begin; ``at`` if it is too late."""
        moments = [max(at, start) for start, end in self.windows if at <= end]
        return min(moments, default=at)

    def minutes_late(self, start: datetime, end: datetime) -> float:
        """After the last window, or after the due time."""
        closes = [closes for _, closes in self.windows]
        late = max(timedelta(), start - max(closes)) if closes else timedelta()
        if self.due_at is not None:
            late = max(late, end - self.due_at)
        return late / timedelta(minutes=1)


@dataclass(slots=True)
class World:
    """The company, as its files say, and the draws of one day."""

    folder: Path
    day: date
    seed: int
    alerts: int
    technicians: dict[str, Technician] = field(init=False)
    jobs: dict[str, Job] = field(init=False)
    sites: dict[str, Place] = field(init=False)
    depots: dict[str, Place] = field(init=False)
    depot_stock: dict[tuple[str, str], int] = field(init=False)
    """What depots have of each part in the morning."""

    def __post_init__(self) -> None:
        self.sites = {row["id"]: _place(row) for row in self._rows("sites")}
        self.depots = {row["id"]: _place(row) for row in self._rows("depots")}
        self.depot_stock = {
            (row["depot_id"], row["part_id"]): int(row["quantity"])
            for row in self._rows("depot_stock")
        }
        self.technicians = {one.id: one for one in self._technicians()}
        self.jobs = {row["id"]: self._job(row) for row in self._rows("jobs")}

    def moment(self, hours: float) -> datetime:
        return datetime.combine(self.day, time(), ZONE) + timedelta(seconds=round(hours * 3600))

    # The company

    def _rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / f"{name}.csv").open(encoding="utf-8", newline="") as opened:
            return list(csv.DictReader(opened))

    def _technicians(self) -> Iterator[Technician]:
        weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[self.day.weekday()]
        hours, breaks = (
            {r["technician_id"]: r for r in self._rows(name) if r["weekday"] == weekday}
            for name in ("working_hours", "breaks")
        )
        stock: dict[str, dict[str, int]] = {}
        for row in self._rows("van_stock"):
            stock.setdefault(row["technician_id"], {})[row["part_id"]] = int(row["quantity"])
        for row in self._rows("technicians"):
            shift, pause = hours[row["id"]], breaks[row["id"]]
            yield Technician(
                id=row["id"],
                home=_place(row),
                skills=_levels(row["skills"]),
                tools=frozenset(_list(row["tools"])),
                starts_at=self._clock(shift["starts"]),
                ends_at=self._clock(shift["ends"]),
                overtime=timedelta(minutes=int(shift["max_overtime_minutes"])),
                stock=stock.get(row["id"], {}),
                break_from=self._clock(pause["earliest"]),
                break_until=self._clock(pause["latest"]),
                break_length=timedelta(minutes=int(pause["minutes"])),
            )

    def _clock(self, text: str) -> datetime:
        return datetime.combine(self.day, time.fromisoformat(text), ZONE)

    def _job(self, row: Mapping[str, str]) -> Job:
        spans = [span.split("/") for span in _list(row["windows"])]
        return Job(
            id=row["id"],
            site_id=row["site_id"],
            minutes=int(row["duration_minutes"]),
            windows=[(_local(start), _local(end)) for start, end in spans],
            skills=_levels(row["skills"]),
            parts=_levels(row["parts"]),
            told=bool(row["told_at"]),
            allowed=frozenset(_list(row["allowed"])),
        )

    # Draws

    def rng(self, *names: object) -> np.random.Generator:
        return np.random.default_rng([self.seed, crc32(repr(names).encode())])

    def work(self, job: Job) -> tuple[timedelta, bool]:
        """How long the visit really takes, and whether it is in vain."""
        rng = self.rng("work", job.id)
        factor = exp(rng.normal(0, OVERRUN_SPREAD))
        if rng.random() < LONG_SHARE:
            factor *= LONG_FACTOR
        if rng.random() < IN_VAIN_SHARE:
            return timedelta(minutes=IN_VAIN_MINUTES), True
        return timedelta(seconds=round(job.minutes * 60 * factor)), False

    def drive(self, technician: str, what: str, start: Place, end: Place) -> tuple[timedelta, int]:
        """How long the way really takes, and its metres."""
        factor = exp(self.rng("drive", technician, what).normal(0, TRAVEL_SPREAD))
        return timedelta(seconds=round(seconds_between(start, end) * factor)), round(
            metres_between(start, end)
        )

    def sick(self) -> list[tuple[str, datetime]]:
        """Who falls ill, and when."""
        rng = self.rng("sick")
        ids = rng.choice(sorted(self.technicians), min(SICK, len(self.technicians) // 2), False)
        return [(str(id_), self.moment(rng.uniform(9, 13))) for id_ in ids]

    def cancellations(self) -> list[tuple[str, datetime]]:
        """Whose customers cancel, and when."""
        rng = self.rng("cancellations")
        count = max(1, round(len(self.jobs) * CANCELLED_SHARE))
        ids = rng.choice(sorted(self.jobs), count, False)
        return [(str(id_), self.moment(rng.uniform(7.5, 14))) for id_ in ids]

    def new_jobs(self) -> list[tuple[datetime, dict[str, Any]]]:
        """Bodies of jobs that customers ask for in the course of the day."""
        rng = self.rng("new jobs")
        found = []
        for number in range(max(1, round(len(self.jobs) * NEW_SHARE))):
            like = self.jobs[str(rng.choice(sorted(self.jobs)))]
            at = self.moment(rng.uniform(8, 13))
            window = {"starts_at": at.isoformat(), "ends_at": self.moment(17).isoformat()}
            body = {
                "id": f"N{number + 1:03}",
                "site_id": str(rng.choice(sorted(self.sites))),
                "title": "Việc mới trong ngày",
                "duration_minutes": like.minutes,
                "windows": [window],
                "skills": [{"skill_id": id_, "level": 1} for id_ in like.skills],
            }
            found.append((at, body))
        return found


def metres_between(one: Place, other: Place) -> float:
    """By road, as estimated: the great circle times a detour."""
    (lat, lon), (lat2, lon2) = [tuple(map(radians, place)) for place in (one, other)]
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_METRES * asin(sqrt(half)) * DETOUR


def seconds_between(one: Place, other: Place) -> float:
    return metres_between(one, other) / (SPEED_KMH / 3.6)


def _place(row: Mapping[str, str]) -> Place:
    return float(row["latitude"]), float(row["longitude"])


def _list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _levels(cell: str) -> dict[str, int]:
    """``a:2; b`` as {"a": 2, "b": 1}."""
    pairs = [part.partition(":") for part in _list(cell)]
    return {name: int(number or 1) for name, _, number in pairs}


def _local(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
