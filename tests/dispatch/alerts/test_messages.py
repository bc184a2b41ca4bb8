"""Reading what devices and platforms send, and keeping what cannot be read."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.alerts.content import BATCH_TYPE, EVENT_TYPE, Delivery, Told, Unclear
from dispatch.alerts.messages import read_delivery
from dispatch.models import AlertFormat, AlertSource

EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/gw/1",
    "type": "overheat",
    "subject": "D-1",
    "time": "2027-03-01T12:00:00+07:00",
    "data": {"severity": "major", "readings": {"t": 91.5}},
}
ALARM: dict[str, Any] = {
    "id": {"entityType": "ALARM", "id": "8e4b"},
    "originator": {"entityType": "DEVICE", "id": "784f"},
    "originatorName": "D-1",
    "type": "High temperature",
    "severity": "CRITICAL",
    "status": "ACTIVE_UNACK",
    "startTs": 1_800_000_000_000,
    "endTs": 1_800_000_060_000,
    "ackTs": 0,
    "clearTs": 0,
    "details": {"temperature": 91.5, "unit": "°C", "message": "quá\nnóng"},
    "propagate": True,
}


def one(content: Any, source: AlertSource | None = None, **delivery: Any) -> Told:
    found = items(content, source, **delivery)
    assert [type(item) for item in found] == [Told], found
    assert isinstance(found[0], Told)
    return found[0]


def items(content: Any, source: AlertSource | None = None, **delivery: Any) -> list[Told | Unclear]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_delivery(Delivery(body, **delivery), source)


def codes(content: Any, source: AlertSource | None = None, **delivery: Any) -> list[str]:
    [item] = items(content, source, **delivery)
    assert isinstance(item, Unclear), item
    assert all(fault.cause and fault.action for fault in item.faults)
    return [fault.code for fault in item.faults]


def of(format_: AlertFormat, mapping: dict[str, Any] | None = None) -> AlertSource:
    return AlertSource(id="s", name="S", format=format_, mapping=mapping)


def test_a_structured_cloud_event_is_read() -> None:
    told = one(EVENT, content_type=EVENT_TYPE)
    assert (told.id_at_source, told.origin, told.devices) == ("e-1", "/gw/1", ["D-1"])
    assert (told.content.type, told.content.severity) == ("overheat", "major")
    assert told.content.at == datetime(2027, 3, 1, 5, tzinfo=UTC)
    assert told.content.readings == {"t": 91.5}


def test_a_binary_cloud_event_is_read_from_its_headers() -> None:
    headers = {f"ce-{k}": v for k, v in EVENT.items() if k != "data"}
    told = one(EVENT["data"], headers=headers)
    assert told.content == one(EVENT, content_type=EVENT_TYPE).content


def test_the_events_of_a_batch_are_read_each_by_itself() -> None:
    found = items([EVENT, {"specversion": "1.0"}, 5], content_type=BATCH_TYPE)
    assert [type(item) for item in found] == [Told, Unclear, Unclear]


def test_an_event_may_be_about_an_alert_of_another_id() -> None:
    event = {**EVENT, "data": {"id": "alert-7", "cleared": True}}
    told = one(event, content_type=EVENT_TYPE)
    assert (told.id_at_source, told.content.cleared) == ("alert-7", True)


def test_an_event_without_a_time_has_none() -> None:
    event = {name: value for name, value in EVENT.items() if name != "time"}
    assert one(event, content_type=EVENT_TYPE).content.at is None


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"specversion": None},
        {"id": None},
        {"id": ""},
        {"source": None},
        {"type": None},
        {"type": 5},
        {"data": None, "data_base64": "AAAA"},
        {"data": [1]},
        {"subject": None},
    ],
    ids=str,
)
def test_what_is_no_cloud_event_says_so(change: dict[str, Any]) -> None:
    assert codes({**EVENT, **change}, content_type=EVENT_TYPE)


def test_an_alarm_of_thingsboard_is_read() -> None:
    told = one(ALARM, of(AlertFormat.THINGSBOARD))
    assert (told.id_at_source, told.devices) == ("8e4b", ["784f", "D-1"])
    content = told.content
    assert (content.type, content.severity) == ("High temperature", "critical")
    assert (content.cleared, content.acknowledged) == (False, False)
    assert told.began_at == datetime.fromtimestamp(1_800_000_000, UTC)
    assert told.said_at == datetime.fromtimestamp(1_800_000_060, UTC)
    assert (content.readings, content.message) == ({"temperature": 91.5}, "quá nóng")


@pytest.mark.parametrize(
    ("status", "cleared", "acknowledged"),
    [
        ("ACTIVE_UNACK", False, False),
        ("ACTIVE_ACK", False, True),
        ("CLEARED_UNACK", True, False),
        ("CLEARED_ACK", True, True),
    ],
)
def test_the_states_of_thingsboard_are_ours(status: str, cleared: bool, acknowledged: bool) -> None:
    alarm = {**ALARM, "status": status, "clearTs": 1_800_000_090_000 if cleared else 0}
    told = one(alarm, of(AlertFormat.THINGSBOARD))
    assert (told.content.cleared, told.content.acknowledged) == (cleared, acknowledged)
    seconds = 1_800_000_090 if cleared else 1_800_000_060
    assert told.said_at == datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"originator": None},
        {"originator": {}, "originatorName": None},
        {"type": None},
    ],
    ids=str,
)
def test_an_alarm_that_lacks_what_counts_is_kept(change: dict[str, Any]) -> None:
    assert codes({**ALARM, **change}, of(AlertFormat.THINGSBOARD))


MAPPING = {
    "each": "alerts",
    "id": "fingerprint",
    "device": "labels.device",
    "type": "labels.alertname",
    "severity": "labels.severity",
    "status": "status",
    "at": "startsAt",
    "readings": "values",
    "severities": {"page": "critical"},
}


def test_a_mapping_finds_the_alerts_in_any_json() -> None:
    alert = {
        "fingerprint": 77,
        "status": "resolved",
        "labels": {"device": "D-1", "alertname": "Hot", "severity": "page"},
        "startsAt": 1_800_000_000_000,
        "values": {"t": 91, "unit": "C"},
    }
    source = of(AlertFormat.MAPPED, MAPPING)
    first, second, third = items({"alerts": [alert, {}, alert | {"labels": 5}]}, source)
    assert isinstance(first, Told)
    assert first.id_at_source == "77"
    assert (first.content.severity, first.content.cleared) == ("critical", True)
    assert first.content.readings == {"t": 91}
    assert first.said_at == datetime.fromtimestamp(1_800_000_000, UTC)
    assert isinstance(second, Unclear)
    assert isinstance(third, Unclear)
    # An item that was kept is read again as an item.
    assert isinstance(read_delivery(second.delivery, source)[0], Unclear)
    assert isinstance(read_delivery(first.delivery, source)[0], Told)


def test_an_expression_that_cannot_be_worked_out_says_so() -> None:
    source = of(AlertFormat.MAPPED, {"type": "length(x)", "device": "d"})
    assert codes({"x": 5, "d": "D-1"}, source) == ["mapping_failed"]


PLAIN = {"device": "D-1", "type": "overheat"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_invalid"),
        (b"\xff\xfd", "not_utf8"),
        (b"{", "json_invalid"),
        (b'{"type": NaN, "device": "D-1"}', "missing"),
        (
            b'{"device": "D-1", "type": "x", "severity": "major", "severity": "minor"}',
            "duplicate_key",
        ),
        (b"[" * 100_000, "too_deep"),
        (b"[" * 30 + b"]" * 30, "too_deep"),
        (b"5", "not_an_object"),
        (b"1" * 5000, "json_invalid"),
        (json.dumps(PLAIN | {"message": "x" * 70_000}).encode(), "too_large"),
        (json.dumps(PLAIN | {"colour": "red"}).encode(), "extra_forbidden"),
        (json.dumps(PLAIN | {"severity": "awful"}).encode(), "enum"),
        (json.dumps(PLAIN | {"device": "D\x00"}).encode(), "control_character"),
        (json.dumps(PLAIN | {"cleared": "perhaps"}).encode(), "bool_type"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_what_cannot_be_understood_is_kept_with_its_fault(body: bytes, code: str) -> None:
    assert codes(body) == [code]


def test_every_fault_of_a_message_is_told() -> None:
    assert set(codes({"severity": "awful", "readings": []})) == {"missing", "enum"}


def test_an_unknown_content_type_is_kept() -> None:
    assert codes(PLAIN, content_type="text/xml") == ["unknown_content_type"]


def test_too_many_at_once_are_kept_as_one() -> None:
    assert codes([{}] * 1001, content_type=BATCH_TYPE) == ["too_many"]


def test_the_topic_names_the_device_if_the_message_does_not() -> None:
    assert one({"type": "x"}, device="D-9").devices == ["D-9"]
    assert one(PLAIN, device="D-9").devices == ["D-1"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
FIELDS = st.sampled_from(
    sorted({*EVENT, *ALARM, *PLAIN, "alerts", "data", "status", "labels", "readings", "at"})
)


@given(
    content=st.dictionaries(FIELDS, JSON) | JSON,
    base=st.sampled_from([{}, EVENT, ALARM, PLAIN]),
    content_type=st.sampled_from(["application/json", EVENT_TYPE, BATCH_TYPE, "", "x/y"]),
    source=st.sampled_from(
        [
            None,
            of(AlertFormat.THINGSBOARD),
            of(AlertFormat.CLOUDEVENTS),
            of(AlertFormat.MAPPED, MAPPING),
            of(AlertFormat.MAPPED, {"type": "type", "device": "device", "at": "at"}),
        ]
    ),
)
def test_whatever_comes_is_understood_or_kept(
    content: Any, base: dict[str, Any], content_type: str, source: AlertSource | None
) -> None:
    if isinstance(content, dict):
        content = {**base, **content}
    for item in items(content, source, content_type=content_type):
        assert isinstance(item, Told) or item.faults


@given(body=st.binary(), content_type=st.text(), headers=st.dictionaries(st.text(), st.text()))
def test_whatever_bytes_come_are_understood_or_kept(
    body: bytes, content_type: str, headers: dict[str, str]
) -> None:
    headers = {f"ce-{name}": value for name, value in headers.items()} | {"ce-specversion": "1.0"}
    delivery = Delivery(body, content_type, headers)
    for item in read_delivery(delivery, None):
        assert isinstance(item, Told) or item.faults
