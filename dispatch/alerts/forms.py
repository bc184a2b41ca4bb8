"""The forms in which messages about alerts come: our own words found in those of others."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.v1.event import CloudEvent

from dispatch.alerts.content import (
    Delivery,
    ForeignMessage,
    Told,
    as_name,
    numbers_of,
    told,
    truth_of,
    without_nothing,
)
from dispatch.alerts.json_bodies import (
    UnreadableBody,
    an_object,
    from_text,
    opened,
    read_json,
    read_text,
)
from dispatch.alerts.sources import CannotFind, FieldMapping, find
from dispatch.alerts.words import word_of
from dispatch.models import AlertSource
from solver.faults import Fault

CORE = ("specversion", "id", "source", "type", "subject", "time")
"""Attributes of a CloudEvent that say something of an alarm."""
CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


def is_event(delivery: Delivery, content: Any) -> bool:
    """Whether it is a CloudEvent, by its headers or in itself."""
    return "ce-specversion" in delivery.headers or (
        isinstance(content, dict) and "specversion" in content
    )


def message_id(delivery: Delivery, content: Any) -> str | None:
    """What the protocol calls the message, if it has a name for it that no other message has: an
    id of Standard Webhooks, of a CloudEvent (with its source), or of Amazon SNS."""
    found: Any = None
    if "webhook-id" in delivery.headers:
        found = delivery.headers["webhook-id"]
    elif "ce-specversion" in delivery.headers:
        found = delivery.headers.get("ce-id")
    elif is_event(delivery, content):
        found = content.get("id")
    elif isinstance(content, dict) and "TopicArn" in content:
        found = content.get("MessageId")
    return found if isinstance(found, str) and found else None


# Amazon SNS


def out_of_envelope(content: Any) -> Any:
    """What is in the text that Amazon SNS delivers; None if it is not from there, or no JSON.

    Whether this service wants messages of a topic is for people to say: such a question is kept,
    and its address is not called. Raises ``UnreadableBody``.
    """
    if not isinstance(content, dict) or "TopicArn" not in content:
        return None
    if content.get("Type") in CONFIRMATIONS:
        cause = f"Amazon SNS asks about the topic {str(content['TopicArn'])[:200]}"
        action = "if that is wanted, open the SubscribeURL in the message; then discard this"
        raise UnreadableBody(Fault("subscription_confirmation", "Type", cause, action))
    inner = content.get("Message")
    inner = from_text(inner) if isinstance(inner, str) else inner
    return inner if isinstance(inner, dict | list) else None


# CloudEvents


def from_cloud_event(delivery: Delivery, content: Any) -> Told:
    """CloudEvents 1.0; the data is our own form, and the attributes stand in for what it lacks.

    Raises ``UnreadableBody``.
    """
    notes: list[Fault] = []
    if "ce-specversion" in delivery.headers:
        attributes, data = _binary_attributes(delivery), content
    else:
        attributes = an_object(content)
        data = data_of(attributes)
    # What others have added to the event, or left empty in it, says nothing of the alarm.
    core: dict[str, Any]
    core = {name: attributes[name] for name in CORE if attributes.get(name) not in (None, "")}
    time = _event_time(core.pop("time", None), notes)
    if time is not None:
        core["time"] = datetime.fromisoformat(time)
    try:
        event = _event(core)
    except CloudEventValidationError as error:
        raise UnreadableBody(*_event_faults(error)) from None
    stand_in = {"id": event.get_id(), "type": event.get_type()}
    if event.get_subject() is not None:
        stand_in["device"] = str(event.get_subject())
    found = event.get_time()
    if found is not None:
        stand_in["at"] = found.isoformat()
    data = an_object(data, "data")
    given = without_nothing(data)
    one = told(ForeignMessage, delivery, stand_in | given, content, notes=notes)
    # PostgreSQL has no such character.
    origin = event.get_source().replace("\0", "")[:200]
    return replace(one, origin=origin, names_alert="id" in given)


def _binary_attributes(delivery: Delivery) -> dict[str, str]:
    return {
        name.removeprefix("ce-"): value
        for name, value in delivery.headers.items()
        if name.startswith("ce-")
    }


def data_of(event: Mapping[str, Any]) -> Any:
    """What a structured event carries, be it JSON, JSON in a text, or in base64.

    Raises ``UnreadableBody``.
    """
    if event.get("data_base64") is None:
        data = event.get("data")
        return {} if data is None else from_text(data) if isinstance(data, str) else data
    try:
        return read_json(read_text(base64.b64decode(event["data_base64"], validate=True)))
    except (binascii.Error, ValueError, TypeError, UnreadableBody):
        cause = "the data is binary and no JSON"
        raise UnreadableBody(Fault("not_json", "data_base64", cause, "send JSON in data")) from None


def _event_time(value: Any, notes: list[Fault]) -> str | None:
    """The time if it is one; a clock that says nothing must not cost the event."""
    if value is None:
        return None
    try:
        if datetime.fromisoformat(str(value)).tzinfo is not None:
            return str(value)
        cause = "it has no offset"
    except ValueError as error:
        cause = str(error)[:200]
    notes.append(Fault("time_left_out", "time", cause, "it counts as when it came in"))
    return None


def _event(attributes: dict[str, Any]) -> CloudEvent:
    """The package makes up ids and times that are missing; then nothing could be told apart."""
    for name in ("id", "specversion"):
        if name not in attributes:
            raise UnreadableBody(Fault("missing", name, f"the event has no {name}", "give it"))
    has_time = "time" in attributes
    event = CloudEvent(attributes)
    if not has_time:
        del event.get_attributes()["time"]
    return event


def _event_faults(error: CloudEventValidationError) -> list[Fault]:
    return [
        Fault("not_a_cloud_event", name, ", ".join(map(str, causes)), "see CloudEvents 1.0")
        for name, causes in error.errors.items()
    ]


# ThingsBoard


def from_thingsboard(delivery: Delivery, content: Any) -> Told:
    """An alarm as ThingsBoard's rule chains post it; times are in milliseconds since 1970.

    ``endTs`` is when the condition was last seen, and moves on while it lasts. Raises
    ``UnreadableBody``.
    """
    alarm = an_object(content)
    if "specversion" in alarm:
        alarm = an_object(data_of(alarm), "data")
    originator = an_object(alarm.get("originator"), "originator")
    names = [originator.get("id"), alarm.get("originatorName"), alarm.get("originatorLabel")]
    devices = [name for name in map(as_name, names) if name is not None]
    status = word_of(alarm.get("status"))
    cleared = status.startswith("cleared") or truth_of(alarm.get("cleared")) is True
    details = opened(alarm.get("details"))
    details = details if isinstance(details, dict) else {}
    notes: list[Fault] = []
    began_at = _moment(alarm, ("startTs",), notes)
    said_at = _moment(alarm, ("clearTs", "endTs") if cleared else ("endTs",), notes)
    id_ = alarm.get("id")
    fields = {
        "id": id_.get("id") if isinstance(id_, dict) else id_,
        "device": devices[0] if devices else None,
        "type": alarm.get("type"),
        "severity": alarm.get("severity"),
        "cleared": cleared,
        "acknowledged": status.endswith("_ack") or truth_of(alarm.get("acknowledged")) is True,
        "at": said_at if cleared else said_at or began_at,
        "readings": numbers_of(details),
        "remaining_life_hours": details.get("remaining_life_hours"),
        "message": details.get("message") or details.get("data"),
    }
    one = told(ForeignMessage, delivery, fields, content, notes=notes)
    if not cleared:
        began = None if began_at is None else datetime.fromisoformat(began_at)
        one = replace(one, said_at=one.content.at if said_at else None, began_at=began)
    return replace(one, devices=[*one.devices, *devices[1:]])


def _moment(alarm: Mapping[str, Any], names: tuple[str, ...], notes: list[Fault]) -> str | None:
    """The first of these times that the alarm has and that is one."""
    for name in names:
        if alarm.get(name):
            found = _from_milliseconds(alarm[name])
            if found is not None:
                return found
            notes.append(_no_time(name, alarm[name]))
    return None


def _no_time(name: str, value: Any) -> Fault:
    cause = f"{str(value)[:50]} is no time since 1970"
    return Fault("time_left_out", name, cause, "it counts as when it came in")


def _from_milliseconds(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC).isoformat()
        except (OverflowError, OSError, ValueError):
            pass
    return None


# Any other


def as_mapped(delivery: Delivery, content: Any) -> Any:
    """What a mapping's expressions look into: the message with the JSON in its texts opened, and
    with it the attributes of a binary CloudEvent, or what Amazon SNS wraps.

    Raises ``UnreadableBody``.
    """
    if "ce-specversion" in delivery.headers and not delivery.is_item:
        attributes = _binary_attributes(delivery)
        content = {**attributes, **(content if isinstance(content, dict) else {}), "data": content}
    content = opened(content)
    inner = out_of_envelope(content)
    return {**content, **inner} if isinstance(inner, dict) else content


def from_mapping(delivery: Delivery, raw: Any, source: AlertSource) -> Told:
    """What the source's JMESPath expressions find in the message. Raises ``UnreadableBody``."""
    content = as_mapped(delivery, raw)
    mapping = FieldMapping.model_validate(source.mapping)
    fields: dict[str, Any] = {}
    for name, expression in mapping.expressions().items():
        found = search(expression, content, f"mapping.{name}")
        if found is not None:
            fields[name] = found
    severity, status = fields.pop("severity", None), fields.pop("status", None)
    if severity is not None:
        fields["severity"] = mapping.severity_of(severity)
    if status is not None:
        fields["cleared"] = mapping.says_cleared(status)
        fields["acknowledged"] = mapping.says_acknowledged(status)
    notes: list[Fault] = []
    at = fields.get("at")
    if isinstance(at, int | float):
        fields["at"] = _from_milliseconds(at * (1000 if mapping.at_in_seconds else 1))
        if fields["at"] is None:
            notes.append(_no_time("at", at))
    if isinstance(fields.get("readings"), dict):
        fields["readings"] = numbers_of(fields["readings"])
    for name in ("id", "device", "type"):
        if isinstance(fields.get(name), dict | list):
            fields[name] = json.dumps(fields[name], ensure_ascii=False)
    one = told(ForeignMessage, delivery, fields, raw, notes=notes)
    if one.content.cleared:
        return one
    # What platforms give with an alarm that is active is since when: it is so now, or they would
    # not say it.
    return replace(one, said_at=None, began_at=one.content.at)


def search(expression: str, content: Any, where: str) -> Any:
    """Raises ``UnreadableBody``."""
    try:
        return find(expression, content)
    except CannotFind as error:
        cause = f"{expression!r} cannot be worked out: {error}"
        fault = Fault("mapping_failed", where, cause, "correct the source's mapping")
        raise UnreadableBody(fault) from None
