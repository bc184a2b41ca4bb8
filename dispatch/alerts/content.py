"""What a message about an alert says, once it is read, whatever form it came in.

What counts is who, what and whether it is over. Anything else that cannot be understood (a reading
that is no number, a time that no clock shows) is left out and noted, and does not cost the alarm.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from dispatch.alerts.json_bodies import UnreadableBody
from dispatch.alerts.words import severity_of, word_of
from dispatch.input_faults import faults_of
from dispatch.intake import MOST_READINGS, FiniteNumber, Input, Moment, Readings, Text
from dispatch.models import Severity
from dispatch.texts import cleaned
from solver.faults import Fault

MOST_NOTES = 20
NAMES = frozenset({"id", "device", "type"})
"""Fields that name something. Numbers are names, too."""
MAX_NAME = 200
JSON_TYPE = "application/json"
EVENT_TYPE = "application/cloudevents+json"
BATCH_TYPE = "application/cloudevents-batch+json"


@dataclass(frozen=True)
class Delivery:
    """A message as it came in; ``device`` is whom the topic names, if it came over MQTT."""

    body: bytes
    content_type: str = JSON_TYPE
    """With its parameters."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that say what it is (``ce-…``, ``webhook-id``), in lower case, and decoded."""
    device: str | None = None
    is_item: bool = False
    """Whether it is one of several that came in one message."""
    topic: str | None = None
    """Where it was published, if it came over MQTT."""
    packet_id: int | None = None
    """What broker and subscriber call the message until it is acknowledged."""
    may_have_come: bool = False
    """Whether the broker, or a transaction of ours that may have failed, had it before."""
    is_retained: bool = False
    """Whether a broker kept it and hands it to everyone who comes, be it old or new."""
    received_at: datetime | None = None
    """Set if it came before now: it was a dead letter."""

    @property
    def digest(self) -> str:
        content = [self.content_type, sorted(self.headers.items()), self.device, self.is_item]
        return hashlib.sha256(json.dumps(content).encode() + self.body).hexdigest()

    @property
    def media_type(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        for parameter in self.content_type.split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip('"') or None
        return None


@dataclass(frozen=True)
class Unclear:
    """A delivery, or one item of it, that cannot be understood."""

    delivery: Delivery
    faults: Sequence[Fault]


def _shortened(value: object) -> object:
    """A free text must not keep an alert from coming in: it is cut, and controls are spaces."""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=str)
    text = value.encode(errors="replace").decode()
    text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:2000] or None


class AlertMessage(Input):
    """What a device or its platform says of one alert."""

    id: Text | None = None
    """The source's own, the same in every message about this alert. Without one, it is the one
    alert of this type that the device has with this source."""
    device: Text
    """Id or name of a device that is known here."""
    type: Text
    """What is wrong, in the source's words, such as `compressor.overheat`."""
    severity: Severity = Severity.INDETERMINATE
    """Words of other platforms are understood too, in any case."""
    cleared: Annotated[bool, Field(strict=True)] = False
    """The condition is gone: of this alert, or without an `id` of this device and type."""
    acknowledged: Annotated[bool, Field(strict=True)] = False
    """Somebody has seen it on the source's side."""
    at: Moment | None = None
    """When it was so, by the device's clock; without one, or far from now, when it came in."""
    readings: Readings = Field(default_factory=dict)
    """What is no number is left out."""
    remaining_life_hours: Annotated[FiniteNumber, Field(ge=0, le=100_000)] | None = None
    """How long it is predicted to last, from that moment."""
    message: Annotated[str | None, BeforeValidator(_shortened)] = None


class ForeignMessage(AlertMessage):
    model_config = ConfigDict(extra="ignore")


@dataclass(frozen=True)
class Told:
    """A message that was understood; ``devices`` are the names to try, in their order."""

    content: AlertMessage
    devices: Sequence[str]
    delivery: Delivery
    raw: Any
    origin: str = ""
    id_at_source: str | None = None
    """None: the source has no ids."""
    names_alert: bool = True
    """Whether the id is the alert's, and not only that of the event that tells of it."""
    message_id: str | None = None
    """What the protocol calls this message, the same whenever it is sent again."""
    said_at: datetime | None = None
    """When it was so, by the device's clock."""
    began_at: datetime | None = None
    """Since when it has been so; if that is all that it says, it says by coming that it is so."""
    notes: Sequence[Fault] = ()
    """What of the message was left out."""


def told(
    model: type[AlertMessage],
    delivery: Delivery,
    fields: Mapping[str, Any],
    raw: Any,
    *,
    notes: Sequence[Fault] = (),
) -> Told:
    """The message that the fields make, without what does not count and makes no sense.

    Raises ``UnreadableBody``.
    """
    given = without_nothing(fields)
    if "device" not in given and delivery.device is not None:
        given["device"] = delivery.device
    left_out = [*notes, *_left_out(given)]
    try:
        content = model.model_validate(given)
    except ValidationError as error:
        raise UnreadableBody(*faults_of(error.errors(include_url=False))) from None
    return Told(
        content,
        [content.device],
        delivery,
        raw,
        id_at_source=content.id,
        said_at=content.at,
        notes=left_out[:MOST_NOTES],
    )


def without_nothing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something: null says nothing, nor does an empty text for a name."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None
        and not (name in NAMES and isinstance(value, str) and not cleaned(value))
    }


_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
_NAME: TypeAdapter[str] = TypeAdapter(Text)
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _left_out(given: dict[str, Any]) -> Iterator[Fault]:
    """Put what can be meant in our words; take out what cannot and does not count, and say so."""
    for name in NAMES & given.keys():
        if isinstance(given[name], int | float) and not isinstance(given[name], bool):
            given[name] = word_of(given[name])
    type_ = given.get("type")
    if isinstance(type_, str) and len(type_) > MAX_NAME:
        cause, action = f"it is longer than {MAX_NAME} characters", "it counts up to there"
        yield Fault("type_cut", "type", cause, action)
        given["type"] = type_[:MAX_NAME]
    for name in ("cleared", "acknowledged"):
        if name in given and truth_of(given[name]) is not None:
            given[name] = truth_of(given[name])
    if "acknowledged" in given and truth_of(given["acknowledged"]) is None:
        cause, action = "it is neither true nor false", "it counts as not acknowledged"
        yield Fault("acknowledged_left_out", "acknowledged", cause, action)
        del given["acknowledged"]
    severity = given.get("severity")
    if isinstance(severity, str):
        given["severity"] = severity_of(severity) or severity
        if not severity.strip():
            del given["severity"]
    if "at" in given:
        try:
            _MOMENT.validate_python(given["at"])
        except ValidationError as error:
            cause = error.errors(include_url=False)[0]["msg"]
            yield Fault("time_left_out", "at", cause, "it counts as when it came in")
            del given["at"]
    if "remaining_life_hours" in given:
        hours = _number(given["remaining_life_hours"])
        given["remaining_life_hours"] = hours
        if hours is None or not 0 <= hours <= 100_000:
            yield _no_number("remaining_life_hours")
            del given["remaining_life_hours"]
    if "readings" in given:
        yield from _readings_left_out(given)


def _readings_left_out(given: dict[str, Any]) -> Iterator[Fault]:
    readings = given.pop("readings")
    if not isinstance(readings, dict):
        yield _no_number("readings")
        return
    found: dict[str, float] = {}
    for name, value in readings.items():
        number = _number(value)
        if number is None or as_name(name) is None or len(found) == MOST_READINGS:
            yield _no_number(f"readings.{name}"[:200])
        else:
            found[name] = number
    given["readings"] = found


def _no_number(where: str) -> Fault:
    return Fault("reading_left_out", where, "it is no number", "send numbers as readings")


def truth_of(value: Any) -> bool | None:
    """Whether it says yes or no, be it in a word; None if neither."""
    return value if isinstance(value, bool) else _TRUTHS.get(word_of(value))


def as_name(value: Any) -> str | None:
    """The value as names are kept, without what cannot be seen; None if it can be none."""
    try:
        return _NAME.validate_python(value)
    except ValidationError:
        return None


def _number(value: Any) -> float | None:
    """A finite number, also one that is written as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def numbers_of(details: Mapping[str, Any]) -> dict[str, float]:
    """Those that are numbers; the rest stays in the raw message."""
    found = {name: _number(value) for name, value in details.items()}
    return {name: number for name, number in found.items() if number is not None}
