"""How messages about alerts are read, whatever form they come in.

A message is never trusted: it is well-formed JSON of limited size and depth with finite numbers, or
it is ``Unclear`` and says why. Foreign forms may hold what we do not know; it is ignored.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from dispatch.alerts.content import (
    BATCH_TYPE,
    EVENT_TYPE,
    JSON_TYPE,
    AlertMessage,
    Delivery,
    Told,
    Unclear,
    told,
)
from dispatch.alerts.forms import (
    as_mapped,
    from_cloud_event,
    from_mapping,
    from_thingsboard,
    is_event,
    message_id,
    out_of_envelope,
    search,
)
from dispatch.alerts.json_bodies import (
    UnreadableBody,
    an_object,
    as_word,
    kind_of,
    read_json,
    read_text,
)
from dispatch.models import AlertFormat, AlertSource
from solver.faults import Fault

MAX_ITEM_BYTES = 64_000
MAX_ITEMS = 1_000
JSON_TYPES = frozenset(
    {
        "",
        JSON_TYPE,
        "application/octet-stream",
        "application/x-www-form-urlencoded",  # what curl says if it is told nothing
        "text/json",
        "text/plain",
    }
)
"""Types under which JSON comes, besides those that end in ``+json``."""


def read_delivery(delivery: Delivery, source: AlertSource | None) -> list[Told | Unclear]:
    """Every item of the delivery, understood or not; ``source`` says how to read it, if it is a
    configured one."""
    try:
        items = list(_items(delivery, source))
    except UnreadableBody as error:
        return [Unclear(delivery, error.faults)]
    return [_read_item(item, content, source) for item, content in items]


def _items(delivery: Delivery, source: AlertSource | None) -> Iterable[tuple[Delivery, Any]]:
    content = _content(delivery, source)
    if delivery.is_item:
        return [(delivery, content)]
    is_batch = delivery.media_type == BATCH_TYPE
    if _is_mapped(source):
        each = ((source and source.mapping) or {}).get("each")
        contents = _list(content) if is_batch else [content]
        if each is not None:
            contents = [
                one
                for whole in contents
                for one in _list(search(each, as_mapped(delivery, whole), "mapping.each"))
            ]
        elif not is_batch:
            return [(delivery, content)]
        return _separate(delivery, contents, EVENT_TYPE if is_batch else delivery.media_type)
    content = out_of_envelope(content) or content
    if is_batch or isinstance(content, list):
        return _separate(delivery, _list(content), EVENT_TYPE if is_batch else JSON_TYPE)
    return [(delivery, content)]


def _content(delivery: Delivery, source: AlertSource | None) -> Any:
    """What the body says: JSON, or for a mapping also a word of its own."""
    if not delivery.body and "ce-specversion" in delivery.headers:
        return {}
    text = read_text(delivery.body, delivery.charset)
    try:
        return read_json(text)
    except UnreadableBody:
        word = as_word(text) if _is_mapped(source) else None
        if word is None:
            raise
        return word


def _is_mapped(source: AlertSource | None) -> bool:
    return source is not None and source.format is AlertFormat.MAPPED


def _list(content: Any) -> list[Any]:
    if not isinstance(content, list):
        cause = f"holds {kind_of(content)} where a list of alerts should be"
        raise UnreadableBody(Fault("not_a_list", "body", cause, "send a list"))
    return content


def _separate(
    delivery: Delivery, contents: list[Any], content_type: str
) -> list[tuple[Delivery, Any]]:
    if len(contents) > MAX_ITEMS:
        cause = f"holds {len(contents)} alerts"
        raise UnreadableBody(Fault("too_many", "body", cause, f"send at most {MAX_ITEMS} at once"))
    return [
        (
            replace(
                delivery,
                body=json.dumps(content).encode(),
                content_type=content_type,
                is_item=True,
            ),
            content,
        )
        for content in contents
    ]


def _read_item(delivery: Delivery, content: Any, source: AlertSource | None) -> Told | Unclear:
    try:
        if len(delivery.body) > MAX_ITEM_BYTES:
            cause = f"one alert of {len(delivery.body):,} bytes"
            action = f"send at most {MAX_ITEM_BYTES:,} bytes for each"
            raise UnreadableBody(Fault("too_large", "body", cause, action))
        one = _read_form(delivery, content, source)
        return replace(one, message_id=message_id(delivery, content))
    except UnreadableBody as error:
        return Unclear(delivery, error.faults)


def _read_form(delivery: Delivery, content: Any, source: AlertSource | None) -> Told:
    """Raises ``UnreadableBody``."""
    if source is not None and source.format is AlertFormat.THINGSBOARD:
        return from_thingsboard(delivery, content)
    if source is not None and source.format is AlertFormat.MAPPED:
        return from_mapping(delivery, content, source)
    if is_event(delivery, content) or delivery.media_type == EVENT_TYPE:
        return from_cloud_event(delivery, content)
    if delivery.media_type not in JSON_TYPES and not delivery.media_type.endswith("+json"):
        cause = f"{delivery.media_type!r} is no form of alert"
        action = f"send {JSON_TYPE}, {EVENT_TYPE} or {BATCH_TYPE}"
        raise UnreadableBody(Fault("unknown_content_type", "content-type", cause, action))
    return told(AlertMessage, delivery, an_object(content), content)
