"""What platforms and transports do to a message must not cost the alarm."""

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dispatch.alerts.content import BATCH_TYPE, EVENT_TYPE, JSON_TYPE, Delivery, Told, Unclear
from dispatch.alerts.handshakes import validation_code
from dispatch.alerts.messages import read_delivery
from dispatch.alerts.sources import CLEARED_WORDS
from dispatch.alerts.words import WORDS
from dispatch.models import AlertFormat, AlertSource, Severity

PLAIN = {"device": "D-1", "type": "overheat"}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/hub",
    "type": "telemetry",
    "data": {"unit": "D-1", "what": "overheat"},
}
TOPIC = "arn:aws:sns:eu-west-1:1:alarms"


def read(content: Any, source: AlertSource | None = None, **delivery: Any) -> Told:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    [found] = read_delivery(Delivery(body, **delivery), source)
    assert isinstance(found, Told), found
    return found


def fault(content: Any, source: AlertSource | None = None) -> str:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    [found] = read_delivery(Delivery(body), source)
    assert isinstance(found, Unclear), found
    [only] = found.faults
    return only.code


def mapped(**mapping: Any) -> AlertSource:
    return AlertSource(id="s", name="S", format=AlertFormat.MAPPED, mapping=mapping)


THINGSBOARD = AlertSource(id="tb", name="TB", format=AlertFormat.THINGSBOARD)


# Bytes


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        "text/json",
        "text/plain; charset=UTF-8",
        "application/x-www-form-urlencoded",
        "application/vnd.plc.alarm+json",
        "",
    ],
)
def test_what_is_json_is_taken_whatever_it_is_called(content_type: str) -> None:
    assert read(PLAIN, content_type=content_type).content.type == "overheat"


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-16-le", None),
        ("utf-32", None),
        ("utf-8", "iso-8859-1"),
        ("iso-8859-1", "iso-8859-1"),
        ("cp1258", "windows-1258"),
        ("gb18030", "GB18030"),
    ],
)
def test_the_encoding_is_found_by_its_marks_or_as_it_is_said(
    encoding: str, charset: str | None
) -> None:
    text = {"iso-8859-1": "Überhitzt", "gb18030": "过热"}.get(encoding, "Quá")
    body = json.dumps({**PLAIN, "message": text}, ensure_ascii=False).encode(encoding)
    content_type = JSON_TYPE if charset is None else f"{JSON_TYPE}; charset={charset}"
    assert read(body, content_type=content_type).content.message == text


@pytest.mark.parametrize("charset", ["klingon", "zip", "rot13", "", "\0"])
def test_a_charset_that_is_none_is_a_fault_only_if_it_is_needed(charset: str) -> None:
    content_type = f"{JSON_TYPE}; charset={charset}"
    assert read(PLAIN, content_type=content_type).content.type == "overheat"
    [found] = read_delivery(Delivery(b"\xfc", content_type), None)
    assert isinstance(found, Unclear)


def test_a_key_that_is_there_twice_must_say_the_same() -> None:
    assert read(b'{"device": "D-1", "type": "x", "type": "x"}').content.type == "x"
    assert fault(b'{"device": "D-1", "device": "D-2", "type": "x"}') == "duplicate_key"
    assert fault(b'{"type": "x", "device": "D-1", "readings": {"t": 1, "t": 2}}') == "duplicate_key"


def test_zero_bytes_behind_a_message_are_no_part_of_it() -> None:
    for encoding in ("utf-8", "utf-16-le"):
        body = (json.dumps(PLAIN) + "\r\n\0\0").encode(encoding)
        assert read(body).content.type == "overheat"
    source = mapped(type="'silent'", status="@", device="'D-1'", cleared_words=["on"])
    assert read(b"on\0", source).content.cleared
    assert fault(b"\0") == "json_invalid"


# Names


@pytest.mark.parametrize(("number", "name"), [(7, "7"), (7.0, "7"), (7.5, "7.5")])
def test_a_number_is_a_name(number: float, name: str) -> None:
    told = read({"id": number, "device": number, "type": number})
    assert (told.id_at_source, told.devices, told.content.type) == (name, [name], name)
    found = read({"n": number}, mapped(id="n", device="n", type="n"))
    assert (found.id_at_source, found.devices, found.content.type) == (name, [name], name)
    assert fault({**PLAIN, "type": True}) == "string_type"


@pytest.mark.parametrize("nothing", ["", "  ", "\u200b"])
def test_an_empty_name_is_none(nothing: str) -> None:
    told = read({"id": nothing, "device": nothing, "type": "x"}, device="D-1")
    assert (told.id_at_source, told.devices) == (None, ["D-1"])
    event = {**EVENT, "subject": "D-1", "data": {"id": nothing, "device": nothing, "type": nothing}}
    told = read(event)
    assert (told.id_at_source, told.names_alert, told.devices) == ("e-1", False, ["D-1"])
    assert told.content.type == "telemetry"
    assert fault({"device": nothing, "type": "x"}) == "missing"


@pytest.mark.parametrize("source", [None, THINGSBOARD, mapped(type="type", device="device")])
def test_a_type_that_is_too_long_is_cut(source: AlertSource | None) -> None:
    content = {"type": "x" * 201, "device": "D-1"}
    if source is THINGSBOARD:
        content = {"type": "x" * 201, "originator": {"id": "D-1"}}
    told = read(content, source)
    assert (told.content.type, [note.code for note in told.notes]) == ("x" * 200, ["type_cut"])


@pytest.mark.parametrize("value", ["perhaps", 2, {}, []])
def test_an_acknowledgement_that_is_none_costs_no_alarm(value: Any) -> None:
    told = read({**PLAIN, "acknowledged": value})
    assert [note.code for note in told.notes] == ["acknowledged_left_out"]
    assert not told.content.acknowledged
    assert fault({**PLAIN, "cleared": value}) == "bool_type"


# Readings and times


@pytest.mark.parametrize("value", ["null", "NaN", "-Infinity", "1e999", '"hot"', "true", "[1]"])
def test_a_reading_that_is_no_number_costs_the_reading(value: str) -> None:
    body = f'{{"device": "D-1", "type": "x", "readings": {{"t": {value}, "h": 40}}}}'.encode()
    told = read(body)
    assert told.content.readings == {"h": 40}
    assert [(note.code, note.where) for note in told.notes] == [("reading_left_out", "readings.t")]


@pytest.mark.parametrize("value", ["[]", '"x"', '{"": 1}', '{"a\\u0000": 1}', "1" + "0" * 400])
def test_readings_that_are_none_cost_no_alarm(value: str) -> None:
    told = read(f'{{"device": "D-1", "type": "x", "readings": {value}}}'.encode())
    assert (told.content.readings, len(told.notes)) == ({}, 1)


def test_only_so_many_readings_are_kept() -> None:
    told = read({**PLAIN, "readings": {f"r{number}": number for number in range(150)}})
    assert (len(told.content.readings), len(told.notes)) == (100, 20)


@pytest.mark.parametrize("value", [None, "NaN", -1, 1e9, "soon", [1]])
def test_a_remaining_life_that_is_none_costs_no_alarm(value: Any) -> None:
    assert read({**PLAIN, "remaining_life_hours": value}).content.remaining_life_hours is None


def test_numbers_may_be_written_as_texts() -> None:
    told = read({**PLAIN, "readings": {"t": "91.5"}, "remaining_life_hours": "12", "id": 7})
    assert (told.content.readings, told.content.remaining_life_hours) == ({"t": 91.5}, 12)
    assert (told.id_at_source, told.notes) == ("7", [])


@pytest.mark.parametrize(
    "at", ["yesterday", "2027-03-01T12:00:00", "1970-01-01T00:00:09Z", 0, 1_795_136_100, True, {}]
)
def test_a_time_that_is_none_costs_the_time(at: Any) -> None:
    told = read({**PLAIN, "at": at})
    assert (told.said_at, [note.code for note in told.notes]) == (None, ["time_left_out"])


@pytest.mark.parametrize("time", ["yesterday", "2027-03-01T12:00:00", ""])
def test_a_time_of_an_event_that_is_none_costs_the_time(time: str) -> None:
    for told in (
        read({**EVENT, "subject": "D-1", "time": time}, content_type=EVENT_TYPE),
        read(
            PLAIN,
            headers={f"ce-{k}": v for k, v in EVENT.items() if k != "data"} | {"ce-time": time},
        ),
    ):
        assert (told.said_at, told.content.device) == (None, "D-1")


@pytest.mark.parametrize("value", ["now", 10**30, -1, True])
def test_a_time_of_thingsboard_that_is_none_costs_the_time(value: Any) -> None:
    alarm = {"originator": {"id": "D-1"}, "type": "x", "startTs": value, "endTs": value}
    told = read(alarm, THINGSBOARD)
    assert (told.said_at, told.content.type) == (None, "x")


# Words


@pytest.mark.parametrize(
    ("word", "severity"),
    [(word, severity) for severity, words in WORDS.items() for word in words]
    + [
        ("CRITICAL", Severity.CRITICAL),
        ("Not_Classified", Severity.INDETERMINATE),
        (" High ", Severity.MAJOR),
        ("Disaster", Severity.CRITICAL),
    ],
)
def test_severity_words_of_known_platforms_are_ours(word: str, severity: Severity) -> None:
    assert read({**PLAIN, "severity": word}).content.severity is severity
    source = mapped(type="type", device="device", severity="how")
    assert read({**PLAIN, "how": word}, source).content.severity is severity


def test_the_page_about_alerts_lists_the_words_of_severity() -> None:
    page = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
    table = page.partition("| ours | also |\n|---|---|\n")[2].partition("\n\n")[0]
    listed = {
        Severity(words[0]): {word.casefold() for word in words}
        for row in table.splitlines()
        if (words := re.findall(r"`([^`]+)`", row))
    }
    assert listed == {severity: set(words) for severity, words in WORDS.items()}


def test_a_source_has_its_own_words_and_numbers_in_any_case() -> None:
    severities = {"5": "critical", "Page": "minor"}
    source = mapped(type="type", device="device", severity="how", severities=severities)
    found = [
        read({**PLAIN, "how": how}, source).content.severity for how in (5, 5.0, "5", "PAGE", "low")
    ]
    assert found == ["critical", "critical", "critical", "minor", "warning"]


def test_a_severity_that_nobody_knows_is_not_taken_for_a_low_one() -> None:
    assert fault({**PLAIN, "severity": "purple"}) == "enum"
    assert fault({"originator": {"id": "D-1"}, "type": "x", "severity": "5"}, THINGSBOARD) == "enum"


@pytest.mark.parametrize(
    ("status", "cleared"),
    [("Resolved", True), ("OK", True), ("ok", True), (False, False), ("PROBLEM", False)],
)
def test_what_says_that_it_is_over_may_be_written_in_any_case(status: Any, cleared: bool) -> None:
    source = mapped(type="type", device="device", status="state")
    assert read({**PLAIN, "state": status}, source).content.cleared is cleared


@pytest.mark.parametrize(
    "word", ["closed", "CLEAR", "RECOVERY", "UP", "resolve", "resolved", "cleared", "Inactive"]
)
def test_words_with_which_platforms_say_that_it_is_over_are_known(word: str) -> None:
    source = mapped(type="type", device="device", status="state")
    assert read({**PLAIN, "state": word}, source).content.cleared


def test_the_page_about_alerts_lists_the_words_that_it_is_over() -> None:
    page = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
    said = page.partition("Without any given, these are ")[2].partition(".")[0]
    assert re.findall(r"`([^`]+)`", said) == list(CLEARED_WORDS)


@pytest.mark.parametrize(
    ("said", "cleared", "acknowledged"),
    [
        ({"cleared": "true"}, True, False),
        ({"cleared": 1, "acknowledged": "True"}, True, True),
        ({"status": "cleared_unack"}, True, False),
        ({"status": "Cleared_Ack"}, True, True),
        ({"status": "active_ack"}, False, True),
        ({"cleared": "false", "acknowledged": "no"}, False, False),
        ({"cleared": "who knows"}, False, False),
    ],
    ids=str,
)
def test_thingsboard_may_say_in_any_case_that_it_is_over(
    said: dict[str, Any], cleared: bool, acknowledged: bool
) -> None:
    told = read({"originator": {"id": "D-1"}, "type": "x", **said}, THINGSBOARD)
    assert (told.content.cleared, told.content.acknowledged) == (cleared, acknowledged)


@pytest.mark.parametrize(
    ("body", "cleared"),
    [
        (b"ON", False),
        (b"off\r\n", True),
        (b"Offline", False),
        (b'"Online"', True),
        (b"1", False),
        (b"0", True),
        (b"false", True),
        ("Mất kết nối".encode(), False),
    ],
)
def test_a_plain_word_can_be_mapped(body: bytes, cleared: bool) -> None:
    words = ["OFF", "Online", "0", "false"]
    source = mapped(type="'silent'", status="@", cleared_words=words, severity="'high'")
    told = read(body, source, device="D-1")
    assert (told.content.type, told.devices, told.content.cleared) == ("silent", ["D-1"], cleared)
    assert (told.content.severity, told.id_at_source) == ("major", None)


@pytest.mark.parametrize("body", [b"", b" ", b'{"type":', b'["x"', b"a\x01b", b"x" * 300, b"\xff"])
def test_what_is_broken_is_no_word(body: bytes) -> None:
    assert fault(body, mapped(type="'silent'", status="@", device="'D-1'"))


def test_a_plain_word_to_no_mapping_is_kept() -> None:
    assert fault(b"ON") == "json_invalid"
    assert fault(b"ON", THINGSBOARD) == "json_invalid"


# CloudEvents

BY_EVENT = {"id": "id", "device": "data.unit", "type": "data.what", "at": "time"}


def test_a_cloud_event_can_be_mapped_in_every_mode() -> None:
    source = mapped(**BY_EVENT)
    headers = {f"ce-{name}": value for name, value in EVENT.items() if name != "data"}
    for told in (
        read(EVENT, source, content_type=EVENT_TYPE),
        read([EVENT], source, content_type=BATCH_TYPE),
        read(EVENT["data"], source, headers=headers),
        read({**EVENT, "data": json.dumps(EVENT["data"])}, source, content_type=EVENT_TYPE),
    ):
        assert (told.id_at_source, told.devices, told.content.type) == ("e-1", ["D-1"], "overheat")
    # What a mapping finds in the body is not hidden by attributes of the same name.
    told = read({"id": 9, **PLAIN}, mapped(id="id", device="device", type="type"), headers=headers)
    assert (told.id_at_source, told.content.type) == ("9", "overheat")


def test_the_items_of_a_binary_event_are_read_as_those_of_a_structured_one() -> None:
    source = mapped(each="data.alarms", device="unit", type="data.what")
    alarms = {"alarms": [{"unit": "D-1", "data": {"what": "overheat"}}]}
    headers = {f"ce-{name}": value for name, value in EVENT.items() if name != "data"}
    for told in (
        read({**EVENT, "data": alarms}, source, content_type=EVENT_TYPE),
        read(alarms, source, headers=headers),
    ):
        assert (told.devices, told.content.type) == (["D-1"], "overheat")
    words = mapped(each="data", device="'D-1'", type="@")
    assert read(["overheat"], words, headers=headers).content.type == "overheat"


@pytest.mark.parametrize(
    "odd",
    [{"com_x": "y"}, {"Subject2": "y"}, {"": "y"}, {"dataschema": ""}, {"datacontenttype": 5}],
    ids=str,
)
def test_an_odd_attribute_of_an_event_costs_no_alarm(odd: dict[str, Any]) -> None:
    event = {**EVENT, "subject": "D-1"}
    assert read({**event, **odd}).devices == ["D-1"]
    headers = {f"ce-{name}": value for name, value in (event | odd).items() if name != "data"}
    assert read({}, headers=headers).devices == ["D-1"]


def test_an_empty_subject_of_an_event_is_none() -> None:
    told = read({**EVENT, "subject": "", "data": {"device": "D-1"}})
    assert told.devices == ["D-1"]
    assert fault({**EVENT, "subject": ""}) == "missing"


def test_attributes_of_an_event_are_what_they_say_once_they_are_here() -> None:
    """Only HTTP writes percent signs; what comes over MQTT, or is replayed, has none."""
    event = {**EVENT, "subject": "5%25"}
    headers = {f"ce-{name}": value for name, value in event.items() if name != "data"}
    assert read({}, headers=headers).devices == ["5%25"]
    source = mapped(device="subject", type="type")
    assert read({}, source, headers=headers).devices == ["5%25"]


def test_the_items_of_mapped_events_are_read_again_as_items() -> None:
    source = mapped(each="data.alarms", device="unit", type="what")
    event = {**EVENT, "data": {"alarms": [{"unit": "D-1", "what": "x"}, {"unit": "D-2"}]}}
    body = json.dumps([event, event]).encode()
    found = read_delivery(Delivery(body, BATCH_TYPE), source)
    assert [type(one) for one in found] == [Told, Unclear, Told, Unclear]
    assert isinstance(read_delivery(found[0].delivery, source)[0], Told)


def test_an_event_is_known_by_what_it_says_and_not_only_by_its_content_type() -> None:
    event = {**EVENT, "subject": "D-1", "data": {"severity": "major"}}
    assert read(event).origin == "/hub"
    both = read_delivery(Delivery(json.dumps([event, PLAIN]).encode()), None)
    assert [one.origin for one in both if isinstance(one, Told)] == ["/hub", ""]
    in_base64 = {k: v for k, v in event.items() if k != "data"}
    in_base64["data_base64"] = base64.b64encode(b'{"severity": "major"}').decode()
    assert read(in_base64, content_type=EVENT_TYPE).content.severity == "major"
    nothing = read(b"", headers={f"ce-{k}": v for k, v in event.items() if k != "data"})
    assert nothing.content.type == "telemetry"


def test_an_alarm_of_thingsboard_may_come_in_an_event() -> None:
    alarm = {"id": {"id": "8e4b"}, "originator": {"id": "D-1"}, "type": "x"}
    told = read({**EVENT, "data": alarm}, THINGSBOARD, content_type=EVENT_TYPE)
    assert (told.id_at_source, told.devices) == ("8e4b", ["D-1"])


def test_alerts_of_our_own_form_may_come_in_a_list() -> None:
    found = read_delivery(Delivery(json.dumps([PLAIN, {**PLAIN, "type": [5]}]).encode()), None)
    assert [type(one) for one in found] == [Told, Unclear]
    assert isinstance(read_delivery(found[0].delivery, None)[0], Told)


@pytest.mark.parametrize("odd", ["", "  ", "a\0b", "\u200b", "x" * 300, 7, None])
def test_names_of_thingsboards_devices_are_tried_as_they_are_kept(odd: Any) -> None:
    alarm = {"originator": {"id": odd}, "originatorName": " Kho la\u0323nh\u200b ", "type": "x"}
    assert read(alarm, THINGSBOARD).devices == ["Kho l\u1ea1nh"]
    alarm |= {"originator": {"id": "784f"}, "originatorLabel": odd}
    assert read(alarm, THINGSBOARD).devices == ["784f", "Kho l\u1ea1nh"]
    assert fault({"originator": {"id": odd}, "type": "x"}, THINGSBOARD) == "missing"


# JSON in texts


def sns(message: Any, kind: str = "Notification") -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {"Type": kind, "MessageId": "m-1", "TopicArn": TOPIC, "Message": text}


CLOUDWATCH = {
    "AlarmName": "overheat",
    "NewStateValue": "ALARM",
    "StateChangeTime": "2027-03-01T12:00:00.000+0000",
    "Trigger": {"Dimensions": [{"name": "machine", "value": "D-1"}]},
}


@pytest.mark.parametrize("prefix", ["", "Message."])
def test_what_amazon_sns_wraps_in_a_text_can_be_mapped(prefix: str) -> None:
    source = mapped(
        type=f"{prefix}AlarmName",
        device=f"{prefix}Trigger.Dimensions[0].value",
        status=f"{prefix}NewStateValue",
        at=f"{prefix}StateChangeTime",
    )
    told = read(sns(CLOUDWATCH), source)
    assert (told.content.type, told.devices, told.content.cleared) == ("overheat", ["D-1"], False)
    assert told.began_at == datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert told.raw == sns(CLOUDWATCH)
    assert read(sns({**CLOUDWATCH, "NewStateValue": "OK"}), source).content.cleared


def test_what_amazon_sns_wraps_may_be_our_own_form_or_thingsboards() -> None:
    assert read(sns(PLAIN)).content.type == "overheat"
    assert read(sns({"originator": {"id": "D-1"}, "type": "x"}), THINGSBOARD).content.type == "x"
    [unclear] = read_delivery(Delivery(json.dumps(sns("no JSON")).encode()), None)
    assert isinstance(unclear, Unclear)


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
@pytest.mark.parametrize("source", [None, THINGSBOARD, mapped(type="Type", device="TopicArn")])
def test_amazon_sns_asking_whether_it_may_send_is_kept_for_people(
    kind: str, source: AlertSource | None
) -> None:
    question = {**sns("You have chosen to subscribe", kind), "SubscribeURL": "https://x.test/"}
    assert fault(question, source) == "subscription_confirmation"


def test_json_in_texts_is_found_and_texts_that_only_look_so_stay() -> None:
    source = mapped(type="a.b.c", device="labels.device", message="title")
    content = {"a": json.dumps({"b": json.dumps({"c": "hot"})}), "labels": '{"device": "D-1"}'}
    told = read({**content, "title": "[FIRING:1] {hot}"}, source)
    assert (told.content.type, told.content.message) == ("hot", "[FIRING:1] {hot}")
    deep = "[" * 19 + "]" * 19
    assert read({**content, "title": deep}, mapped(type="'x'", device="'D-1'")).content.type == "x"


# Questions


def test_event_grid_gets_its_code_and_nothing_else_is_such_a_question() -> None:
    kind = "Microsoft.EventGrid.SubscriptionValidationEvent"
    question = [{"id": "1", "eventType": kind, "data": {"validationCode": "c-1"}}]

    def code(content: Any) -> str | None:
        return validation_code(Delivery(json.dumps(content).encode()))

    assert code(question) == "c-1"
    assert code([*question, *question]) is None
    assert code([{**question[0], "data": {}}]) is None
    assert code([{**question[0], "eventType": "x", "note": kind}]) is None
    assert code({"message": kind}) is None
    assert validation_code(Delivery(kind.encode())) is None
