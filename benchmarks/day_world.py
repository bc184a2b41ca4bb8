"""What happens on a simulated day, whatever anybody plans: drawn from a seed, by name and not in
the order of use, so that the same job overruns by the same share under every policy."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import asin, cos, exp, radians, sin, sqrt
from pathlib import Path
from typing import Any
from uuid import UUID
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
ALERT_SKILL, ALERT_PART = "electricity", "filter"
TEMPLATE_MINUTES, TEMPLATE_EXTRA_MINUTES = 45, 15
FLOOD_DEVICES = 10

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


@dataclass(frozen=True, slots=True)
class Message:
    """One request of a sender of alerts."""

    at: datetime
    body: bytes
    kind: str
    """What is to become of it: job, folded, duplicate, cleared, received, rejected (suppressed, or
    out of service), dead or refused."""
    problems: Sequence[str]
    """What is wrong with which visit, by a name of our own; one for each item."""
    content_type: str = "application/json"
    signed: bool = False
    is_forged: bool = False


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

    def __post_init__(self) -> None:
        self.sites = {row["id"]: _place(row) for row in self._rows("sites")}
        self.depots = {row["id"]: _place(row) for row in self._rows("depots")}
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

    # Alerts

    def device_sites(self) -> dict[str, str]:
        """The site of each device: one each for single problems, and one for many."""
        sites = [str(site) for site in self.rng("devices").permutation(sorted(self.sites))]
        flooded = {f"F{number:02}": sites[0] for number in range(1, FLOOD_DEVICES + 1)}
        others = sites[1:] or sites
        return flooded | {
            f"D{number:03}": others[(number - 1) % len(others)]
            for number in range(1, self.alerts + 1)
        }

    def messages(self) -> list[Message]:
        """As many as there should be, in the order of time, and a forged one more."""
        return sorted(_Senders(self).messages(), key=lambda message: message.at)


class _Senders:
    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng("alerts")
        self.used = 0
        self.left = world.alerts

    def messages(self) -> Iterator[Message]:
        share = self.world.alerts / 60
        flood, chatter = (max(2, round(n * share)) for n in (10, 6))
        yield from self._flood(min(flood, FLOOD_DEVICES))
        yield from self._chatter(chatter)
        for _ in range(round(3 * share)):
            yield from self._cleared()
        for _ in range(round(4 * share)):
            yield from self._twice()
        for kind, count in (("suppressed", 4), ("received", 2), ("rejected", 3), ("dead", 6)):
            for number in range(round(count * share)):
                yield self._aside(kind, number)
        if self.left >= 6:
            yield self._batch(3)
        number = 0
        while self.left > 0:
            yield (self._single, self._event, self._thingsboard)[number % 3]()
            number += 1
        yield Message(self._at(), b"{}", "refused", (), signed=True, is_forged=True)

    def _at(self) -> datetime:
        return self.world.moment(self.rng.uniform(8, 14.5))

    def _device(self) -> str:
        self.used += 1
        return f"D{self.used:03}"

    def _severity(self) -> str:
        return str(self.rng.choice(["critical", "major", "minor"], p=[0.2, 0.6, 0.2]))

    def _plain(
        self, at: datetime, device: str, kind: str, problem: str, type_: str, **more: Any
    ) -> Message:
        self.left -= 1
        content = {"device": device, "type": type_, "at": at.isoformat(), **more}
        return Message(at, json.dumps(content).encode(), kind, [problem])

    def _flood(self, count: int) -> Iterator[Message]:
        at = self._at()
        for number in range(1, count + 1):
            moment = at + timedelta(seconds=12 * number)
            device = f"F{number:02}"
            yield self._plain(
                moment, device, "job", "flood", "failure.power", id=f"{device}-1", severity="major"
            )

    def _chatter(self, count: int) -> Iterator[Message]:
        at, device = self._at(), self._device()
        for number in range(count):
            moment = at + timedelta(minutes=number)
            kind = "job" if number == 0 else "folded"
            yield self._plain(
                moment,
                device,
                kind,
                device,
                "failure.door",
                id=f"{device}-{number}",
                severity="major",
            )

    def _cleared(self) -> Iterator[Message]:
        at, device = self._at(), self._device()
        later = at + timedelta(minutes=2)
        severity = self._severity()
        name = f"{device}-1"
        yield self._plain(at, device, "job", device, "failure.heat", id=name, severity=severity)
        yield self._plain(later, device, "cleared", device, "failure.heat", id=name, cleared=True)

    def _twice(self) -> Iterator[Message]:
        first = self._single()
        self.left -= 1
        later = first.at + timedelta(minutes=float(self.rng.uniform(0.1, 30)))
        yield first
        yield Message(later, first.body, "duplicate", first.problems)

    def _single(self) -> Message:
        device = self._device()
        more: dict[str, Any] = {"id": f"{device}-1", "severity": self._severity()}
        if self.rng.random() < 0.3:
            more["remaining_life_hours"] = float(self.rng.uniform(9, 30))
        return self._plain(self._at(), device, "job", device, "failure.pump", **more)

    def _cloud_event(self, at: datetime, device: str) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"{device}-1",
            "source": "/gateways/one",
            "type": "failure.pressure",
            "subject": device,
            "time": at.isoformat(),
            "data": {"severity": self._severity(), "readings": {"bar": 9.5}},
        }

    def _event(self) -> Message:
        self.left -= 1
        at, device = self._at(), self._device()
        body = json.dumps(self._cloud_event(at, device)).encode()
        return Message(at, body, "job", [device], "application/cloudevents+json")

    def _batch(self, count: int) -> Message:
        self.left -= count
        at, devices = self._at(), [self._device() for _ in range(count)]
        body = json.dumps([self._cloud_event(at, device) for device in devices]).encode()
        return Message(at, body, "job", devices, "application/cloudevents-batch+json")

    def _thingsboard(self) -> Message:
        self.left -= 1
        at, device = self._at(), self._device()
        id_ = UUID(bytes=self.rng.bytes(16))
        content = {
            "id": {"entityType": "ALARM", "id": str(id_)},
            "originator": {"entityType": "DEVICE", "id": f"tb-{device}"},
            "type": "failure.motor",
            "severity": self._severity().upper(),
            "status": "ACTIVE_UNACK",
            "startTs": round(at.timestamp() * 1000),
            "details": {"celsius": 80.5},
        }
        return Message(at, json.dumps(content).encode(), "job", [device], signed=True)

    def _aside(self, kind: str, number: int) -> Message:
        at = self._at()
        if kind == "dead" and number % 3 == 2:
            self.left -= 1
            return Message(at, b'{"device": "D001", "type": ' + b"\xff" * number, kind, [""])
        if kind == "dead":
            return self._plain(at, f"nobody-{number}", kind, "", "failure.pump", id=f"x{number}")
        type_ = {"suppressed": "maintenance.due", "received": "note.seen"}.get(kind, "failure.pump")
        device = f"O{number % 2 + 1}" if kind == "rejected" else "D001"
        outcome = "rejected" if kind == "suppressed" else kind
        id_ = f"{kind}-{number}"
        return self._plain(at, device, outcome, "", type_, id=id_, severity="warning")


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
