"""What machines say on a simulated day, drawn from its seed, and what the service has to know."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from standardwebhooks.webhooks import Webhook

from benchmarks.day.client import Service
from benchmarks.day.world import World

SKILL, PART = "electricity", "filter"
MINUTES, EXTRA_MINUTES = 45, 15
FLOOD_DEVICES = 10
SECRET = "whsec_" + base64.b64encode(b"a key for the simulated day only").decode()
FORGED = "whsec_" + base64.b64encode(b"another key, of nobody known....").decode()


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


def device_sites(world: World) -> dict[str, str]:
    """The site of each device: one each for single problems, and one for many."""
    sites = [str(site) for site in world.rng("devices").permutation(sorted(world.sites))]
    flooded = {f"F{number:02}": sites[0] for number in range(1, FLOOD_DEVICES + 1)}
    others = sites[1:] or sites
    return flooded | {
        f"D{number:03}": others[(number - 1) % len(others)] for number in range(1, world.alerts + 1)
    }


def messages(world: World) -> list[Message]:
    """As many as there should be, in the order of time, and a forged one more."""
    return sorted(_Senders(world).messages(), key=lambda message: message.at)


def prepare(service: Service, world: World, *, places_at_once: bool) -> None:
    """Tell the service of machines, devices and rules."""
    put = service.put
    for device, site in device_sites(world).items():
        put(f"/assets/A-{device}", {"site_id": site, "name": f"Máy {device}", "model": "RX"})
        put(f"/devices/{device}", {"asset_id": f"A-{device}", "names": [f"tb-{device}"]})
    site = next(iter(device_sites(world).values()))
    put("/assets/A-O", {"site_id": site, "name": "Máy cũ", "model": "RX"})
    put("/devices/O1", {"asset_id": "A-O", "in_service": False})
    put("/devices/O2", {"asset_id": "A-O", "in_service": False})
    place = "by_priority" if places_at_once else "next_plan"
    put(
        "/job-templates/repair",
        {
            "title": "{asset}: {type}",
            "skills": [{"skill_id": SKILL, "level": 1}],
            "parts": [{"part_id": PART, "quantity": 1}],
            "duration_minutes": MINUTES,
            "extra_minutes": EXTRA_MINUTES,
            "priorities": {"critical": "emergency", "major": "urgent", "minor": "high"},
            "due_within_hours": 6,
        },
    )
    failures = {
        "position": 20,
        "name": "Hỏng",
        "type_pattern": "failure.*",
        "template_id": "repair",
        "flood_minutes": 30,
        "quiet_minutes": 60,
        "withdraw": True,
        "place": place,
    }
    maintenance = {"position": 10, "name": "Bảo trì", "type_pattern": "maintenance.*"}
    put("/alert-rules/failures", failures)
    put("/alert-rules/maintenance", maintenance | {"template_id": None})
    put(
        "/alert-sources/things",
        {
            "name": "ThingsBoard",
            "format": "thingsboard",
            "secrets": [SECRET],
            "require_signature": True,
        },
    )


def signature(message: Message, id_: str) -> dict[str, str]:
    """Of this moment of ours: senders sign by the real clock, and so the service verifies."""
    secret = FORGED if message.is_forged else SECRET
    at = datetime.now(UTC)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, at, message.body.decode()),
    }


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
