"""How messages about alerts are read, whatever form they come in.

A message is never trusted: it is well-formed JSON of limited size and depth with finite numbers, or
it is ``Unclear`` and says why. Foreign forms may hold what we do not know; it is ignored.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

from cloudevents.core.bindings.http import HTTPMessage, from_binary
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError

from dispatch.alert_sources import CannotFind, FieldMapping, find
from dispatch.intake import Input, Moment, Text, faults_of
from dispatch.models import AlertFormat, AlertSource, Severity
from solver.problem import Fault

MAX_DEPTH = 20
MAX_ITEM_BYTES = 64_000
MAX_ITEMS = 1_000
JSON_TYPE = "application/json"
EVENT_TYPE = "application/cloudevents+json"
BATCH_TYPE = "application/cloudevents-batch+json"


@dataclass(frozen=True)
class Delivery:
    """A message as it came in; ``device`` is whom the topic names, if it came over MQTT."""

    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that say what it is (``ce-…``, ``webhook-id``), in lower case."""
    device: str | None = None
    is_item: bool = False
    """Whether it is one of several that came in one message."""

    @property
    def digest(self) -> str:
        content = [self.content_type, sorted(self.headers.items()), self.device, self.is_item]
        return hashlib.sha256(json.dumps(content).encode() + self.body).hexdigest()


@dataclass(frozen=True)
class Unclear:
    """A delivery, or one item of it, that cannot be understood."""

    delivery: Delivery
    faults: Sequence[Fault]


def _shortened(value: object) -> object:
    """A free text must not keep an alert from coming in: it is cut, and controls are spaces."""
    if not isinstance(value, str):
        return value
    text = value.encode(errors="replace").decode()
    text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:2000] or None


def _finite(value: float) -> float:
    return float(value)


Number = Annotated[float, Field(strict=True, allow_inf_nan=False), AfterValidator(_finite)]
Readings = Annotated[dict[Text, Number], Field(max_length=100)]


class AlertMessage(Input):
    """What a device or its platform says of one alert."""

    id: Text | None = None
    """The source's own, the same in every message about this alert. Without one, every message is
    an alert of its own, told apart by its content if it has a time."""
    device: Text
    """Id or name of a device that is known here."""
    type: Text
    """What is wrong, in the source's words, such as `compressor.overheat`."""
    severity: Severity = Severity.INDETERMINATE
    cleared: Annotated[bool, Field(strict=True)] = False
    """The condition is gone, for this device and type."""
    acknowledged: Annotated[bool, Field(strict=True)] = False
    """Somebody has seen it on the source's side."""
    at: Moment | None = None
    """When it was so, by the device's clock; without one, when it came in."""
    readings: Readings = Field(default_factory=dict)
    remaining_life_hours: Annotated[Number, Field(ge=0, le=100_000)] | None = None
    """How long it is predicted to last, from that moment."""
    message: Annotated[str | None, BeforeValidator(_shortened)] = None


class ForeignMessage(AlertMessage):
    model_config = ConfigDict(extra="ignore")


@dataclass(frozen=True)
class Told:
    """A message that was understood; ``devices`` are the names to try, in their order."""

    content: AlertMessage
    devices: Sequence[str]
    origin: str
    id_at_source: str
    delivery: Delivery
    raw: Any


class _Unreadable(Exception):  # noqa: N818 - becomes ``Unclear``
    def __init__(self, *faults: Fault) -> None:
        self.faults = faults


def read_delivery(delivery: Delivery, source: AlertSource | None) -> list[Told | Unclear]:
    """Every item of the delivery, understood or not; ``source`` says how to read it, if it is a
    configured one."""
    try:
        items = _items(delivery, source)
    except _Unreadable as error:
        return [Unclear(delivery, error.faults)]
    return [_read_item(item, content, source) for item, content in items]


def _items(delivery: Delivery, source: AlertSource | None) -> list[tuple[Delivery, Any]]:
    if delivery.content_type.startswith("application/cloudevents") and _is_mapped(source):
        raise _Unreadable(
            Fault(
                "unexpected_format",
                "content-type",
                f"a CloudEvent came from a source of format {source.format if source else ''}",
                "send what the source is configured for, or configure another source",
            )
        )
    content = _json(delivery.body)
    if delivery.is_item:
        return [(delivery, content)]
    if delivery.content_type == BATCH_TYPE:
        return _separate(delivery, content, EVENT_TYPE)
    each = (source.mapping or {}).get("each") if source is not None else None
    if each is not None:
        return _separate(delivery, _search(each, content, "mapping.each"), delivery.content_type)
    return [(delivery, content)]


def _is_mapped(source: AlertSource | None) -> bool:
    return source is not None and source.format is not AlertFormat.CLOUDEVENTS


def _separate(delivery: Delivery, contents: Any, type_: str) -> list[tuple[Delivery, Any]]:
    if not isinstance(contents, list):
        cause = f"holds {_kind(contents)} where a list of alerts should be"
        raise _Unreadable(Fault("not_a_list", "body", cause, "send a list"))
    if len(contents) > MAX_ITEMS:
        cause = f"holds {len(contents)} alerts"
        raise _Unreadable(Fault("too_many", "body", cause, f"send at most {MAX_ITEMS} at once"))
    return [
        (
            replace(delivery, body=json.dumps(content).encode(), content_type=type_, is_item=True),
            content,
        )
        for content in contents
    ]


def _read_item(delivery: Delivery, content: Any, source: AlertSource | None) -> Told | Unclear:
    try:
        if len(delivery.body) > MAX_ITEM_BYTES:
            cause = f"one alert of {len(delivery.body):,} bytes"
            action = f"send at most {MAX_ITEM_BYTES:,} bytes for each"
            raise _Unreadable(Fault("too_large", "body", cause, action))
        if source is not None and source.format is AlertFormat.THINGSBOARD:
            return _from_thingsboard(delivery, content)
        if source is not None and source.format is AlertFormat.MAPPED:
            return _from_mapping(delivery, content, source)
        if delivery.content_type == EVENT_TYPE or "ce-specversion" in delivery.headers:
            return _from_cloud_event(delivery, content)
        if delivery.content_type not in (JSON_TYPE, ""):
            cause = f"{delivery.content_type!r} is no form of alert"
            action = f"send {JSON_TYPE}, {EVENT_TYPE} or {BATCH_TYPE}"
            raise _Unreadable(Fault("unknown_content_type", "content-type", cause, action))
        return _told(AlertMessage, delivery, _object(content), content)
    except _Unreadable as error:
        return Unclear(delivery, error.faults)


# JSON that may come from anybody


def _json(body: bytes) -> Any:
    try:
        content = json.loads(body.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise _Unreadable(Fault("not_utf8", "body", str(error), "encode it as UTF-8")) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        cause = f"is not JSON: {error}"
        raise _Unreadable(Fault("json_invalid", "body", cause, "send well-formed JSON")) from None
    _check_depth(content)
    return content


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _check_depth(content: Any) -> None:
    level = [content]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        if not inner:
            return
        level = inner
    raise _too_deep()


def _too_deep() -> _Unreadable:
    cause = f"is nested deeper than {MAX_DEPTH} levels"
    return _Unreadable(Fault("too_deep", "body", cause, "send it flatter"))


def _object(content: Any, where: str = "body") -> dict[str, Any]:
    if not isinstance(content, dict):
        cause = f"is {_kind(content)}"
        raise _Unreadable(Fault("not_an_object", where, cause, "send a JSON object"))
    return content


def _kind(content: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", type(None): "null"}
    return kinds.get(type(content), "a number or truth value")


# Forms


def _from_cloud_event(delivery: Delivery, content: Any) -> Told:
    """CloudEvents 1.0; the data is our own form, and the attributes stand in for what it lacks."""
    if "ce-specversion" in delivery.headers:
        data = content
        headers = {k: v for k, v in delivery.headers.items() if k.startswith("ce-")}
        try:
            event = from_binary(HTTPMessage(headers, b""), JSONFormat(), _event)
        except CloudEventValidationError as error:
            raise _Unreadable(*_event_faults(error)) from None
        except ValueError as error:
            raise _Unreadable(_bad_time(error)) from None
    else:
        attributes = {k: v for k, v in _object(content).items() if v is not None}
        data = attributes.pop("data", {})
        if "data_base64" in attributes:
            cause = "the data is binary"
            raise _Unreadable(Fault("not_json", "data_base64", cause, "send JSON in data"))
        try:
            if "time" in attributes:
                attributes["time"] = datetime.fromisoformat(str(attributes["time"]))
            event = _event(attributes, None)
        except CloudEventValidationError as error:
            raise _Unreadable(*_event_faults(error)) from None
        except ValueError as error:
            raise _Unreadable(_bad_time(error)) from None
    stand_in = {"id": event.get_id(), "type": event.get_type()}
    if event.get_subject() is not None:
        stand_in["device"] = str(event.get_subject())
    found = event.get_time()
    if found is not None:
        stand_in["at"] = found.isoformat()
    told = _told(ForeignMessage, delivery, stand_in | _object(data, "data"), content)
    return replace(told, origin=event.get_source()[:200])


def _event(attributes: dict[str, Any], data: Any) -> CloudEvent:
    """The package makes up ids and times that are missing; then nothing could be told apart."""
    for name in ("id", "specversion"):
        if name not in attributes:
            raise _Unreadable(Fault("missing", name, f"the event has no {name}", "give it"))
    has_time = "time" in attributes
    event = CloudEvent(attributes, data)
    if not has_time:
        del event.get_attributes()["time"]
    return event


def _event_faults(error: CloudEventValidationError) -> list[Fault]:
    return [
        Fault("not_a_cloud_event", name, ", ".join(map(str, causes)), "see CloudEvents 1.0")
        for name, causes in error.errors.items()
    ]


def _bad_time(error: ValueError) -> Fault:
    action = "write it like 2026-11-23T08:00:00+07:00"
    return Fault("datetime_format", "time", str(error), action)


_THINGSBOARD_SEVERITIES = {one.value.upper(): one for one in Severity}


def _from_thingsboard(delivery: Delivery, content: Any) -> Told:
    """An alarm as ThingsBoard's rule chains post it; times are in milliseconds since 1970."""
    alarm = _object(content)
    originator = _object(alarm.get("originator"), "originator")
    names = [originator.get("id"), alarm.get("originatorName"), alarm.get("originatorLabel")]
    devices = [name for name in names if isinstance(name, str) and name]
    status = str(alarm.get("status"))
    cleared = status.startswith("CLEARED") or alarm.get("cleared") is True
    details = alarm.get("details")
    details = details if isinstance(details, dict) else {}
    times = ("clearTs", "endTs") if cleared else ("startTs",)
    at = next((alarm[name] for name in times if alarm.get(name)), None)
    id_ = alarm.get("id")
    fields = {
        "id": id_.get("id") if isinstance(id_, dict) else id_,
        "device": devices[0] if devices else None,
        "type": alarm.get("type"),
        "severity": _THINGSBOARD_SEVERITIES.get(str(alarm.get("severity"))),
        "cleared": cleared,
        "acknowledged": status.endswith("_ACK") or alarm.get("acknowledged") is True,
        "at": None if at is None else _from_milliseconds(at),
        "readings": _numbers(details),
        "remaining_life_hours": _numbers(details).get("remaining_life_hours"),
        "message": details.get("message") or details.get("data"),
    }
    told = _told(ForeignMessage, delivery, fields, content)
    return replace(told, devices=[*told.devices, *devices[1:]])


def _numbers(details: Mapping[str, Any]) -> dict[str, float]:
    """Those that are numbers; the rest stays in the raw message."""
    return {
        name: value
        for name, value in details.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _from_milliseconds(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC).isoformat()
        except (OverflowError, OSError, ValueError):
            pass
    cause = f"{str(value)[:50]} is no time in milliseconds since 1970"
    raise _Unreadable(Fault("datetime_format", "startTs", cause, "send milliseconds"))


def _from_mapping(delivery: Delivery, content: Any, source: AlertSource) -> Told:
    """What the source's JMESPath expressions find in the message."""
    mapping = FieldMapping.model_validate(source.mapping)
    fields: dict[str, Any] = {}
    for name, expression in mapping.expressions().items():
        found = _search(expression, content, f"mapping.{name}")
        if found is not None:
            fields[name] = found
    severity, status = fields.pop("severity", None), fields.pop("status", None)
    if severity is not None:
        fields["severity"] = mapping.severity_of(str(severity))
    if status is not None:
        fields["cleared"] = str(status) in mapping.cleared_words
        fields["acknowledged"] = str(status) in mapping.acknowledged_words
    if isinstance(fields.get("at"), int | float):
        fields["at"] = _from_milliseconds(fields["at"] * (1000 if mapping.at_in_seconds else 1))
    if isinstance(fields.get("readings"), dict):
        fields["readings"] = _numbers(fields["readings"])
    for name in ("id", "device"):
        if isinstance(fields.get(name), int) and not isinstance(fields[name], bool):
            fields[name] = str(fields[name])
    return _told(ForeignMessage, delivery, fields, content)


def _search(expression: str, content: Any, where: str) -> Any:
    try:
        return find(expression, content)
    except CannotFind as error:
        cause = f"{expression!r} cannot be worked out: {error}"
        fault = Fault("mapping_failed", where, cause, "correct the source's mapping")
        raise _Unreadable(fault) from None


def _told(
    model: type[AlertMessage], delivery: Delivery, fields: Mapping[str, Any], raw: Any
) -> Told:
    if "device" not in fields and delivery.device is not None:
        fields = {**fields, "device": delivery.device}
    try:
        content = model.model_validate({k: v for k, v in fields.items() if v is not None})
    except ValidationError as error:
        raise _Unreadable(*faults_of(error.errors(include_url=False))) from None
    return Told(content, [content.device], "", _id_of(content, delivery), delivery, raw)


def _id_of(content: AlertMessage, delivery: Delivery) -> str:
    if content.id is not None:
        return content.id
    if "webhook-id" in delivery.headers and not delivery.is_item:
        return delivery.headers["webhook-id"][:200]
    if content.at is not None:
        return f"sha256:{delivery.digest}"
    return f"uuid:{uuid4()}"
