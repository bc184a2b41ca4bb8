"""Alerts over MQTT, from a real broker: acknowledged once committed, and none twice."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from dispatch.alerts import mqtt
from dispatch.alerts.content import EVENT_TYPE
from dispatch.alerts.mqtt import Subscriber, TopicPattern
from dispatch.models import Alert, AlertFormat, AlertSource, DeadLetter, Job, JobStatus, now
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.broker import Broker, needs_mosquitto
from tests.dispatch.machines import add_machines, add_rule, add_template, message
from tests.dispatch.waiting import until


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "LEAST_WAIT", 0.02)
    monkeypatch.setattr(mqtt, "MOST_WAIT", 0.2)


@pytest.fixture
def machines(session: Session) -> None:
    add_machines(session)
    add_template(session)
    add_rule(session)


@pytest.fixture
def broker(tmp_path: Path, machines: None) -> Iterator[Broker]:
    needs_mosquitto()
    broker = Broker(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def subscriber(broker: Broker, settings: Settings) -> Iterator[Subscriber]:
    subscriber = started(broker, settings)
    until(lambda: subscriber.is_connected)
    yield subscriber
    subscriber.stop()


def started(broker: Broker, settings: Settings, **changes: Any) -> Subscriber:
    update = {"mqtt_url": broker.url, "mqtt_client_id": "test"} | changes
    subscriber = Subscriber(Settings(**settings.model_dump() | update))
    subscriber.start()
    return subscriber


def count(engine: Engine, table: type[Any]) -> int:
    with Session(reading(engine)) as session:
        return session.exec(select(func.count()).select_from(table)).one()


def sent(*ids: str, **fields: Any) -> list[tuple[str, bytes]]:
    return [("alerts/sen-1", json.dumps(message(id_, **fields)).encode()) for id_ in ids]


def test_an_alert_on_a_topic_becomes_a_job(
    broker: Broker, subscriber: Subscriber, engine: Engine
) -> None:
    broker.publish([("alerts/sen-2", b'{"id": "a-1", "type": "hot"}')])
    until(lambda: count(engine, Job) == 1)
    with Session(engine) as session:
        alert = session.exec(select(Alert)).one()
        assert (alert.device_id, alert.outcome) == ("sen-2", "job")


def test_what_comes_while_nobody_is_there_is_taken_in_later(
    broker: Broker, settings: Settings, engine: Engine
) -> None:
    first = started(broker, settings)
    until(lambda: first.is_connected)
    first.stop()
    broker.publish(sent("a-1", "a-2", "a-1"))
    second = started(broker, settings)
    until(lambda: count(engine, Alert) == 2)
    second.stop()
    assert count(engine, Job) == 1


def test_what_was_not_committed_comes_again_and_what_was_counts_once(
    broker: Broker, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service dies after its first commit, before it could acknowledge."""
    committed: list[int] = []
    acknowledge = mqtt.Subscriber._accept

    def die(self: Subscriber, batch: Any) -> None:
        if committed:
            raise OperationalError("commit", {}, RuntimeError("the database has gone"))
        acknowledge(self, batch)
        committed.append(len(batch))
        raise OperationalError("commit", {}, RuntimeError("nobody heard of the commit"))

    monkeypatch.setattr(mqtt.Subscriber, "_accept", die)
    dying = started(broker, settings)
    until(lambda: dying.is_connected)
    broker.publish(sent(*(f"a-{number}" for number in range(30))))
    until(lambda: bool(committed))
    dying.stop()
    monkeypatch.undo()
    living = started(broker, settings)
    until(lambda: count(engine, Alert) == 30)
    broker.publish(sent("last"))
    until(lambda: count(engine, Alert) == 31)
    living.stop()
    with Session(engine) as session:
        counts = [alert.count for alert in session.exec(select(Alert))]
    assert counts == [1] * 31
    assert count(engine, Job) == 1


def test_an_alarm_and_its_end_whose_acknowledgements_got_lost_make_one_job(
    broker: Broker, settings: Settings, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither says when it was so. That the broker sends them again makes them no news."""
    add_rule(session, withdraw=True)
    acknowledge = mqtt.Subscriber._accept
    committed: list[int] = []

    def die(self: Subscriber, batch: Any) -> None:
        if sum(committed) == 2:
            raise OperationalError("commit", {}, RuntimeError("the database has gone"))
        acknowledge(self, batch)
        committed.append(len(batch))
        if sum(committed) == 2:
            raise OperationalError("commit", {}, RuntimeError("nobody heard of the commit"))

    before = started(broker, settings)
    until(lambda: before.is_connected)
    before.stop()
    words = [b'{"type": "leak"}', b'{"type": "leak", "cleared": true}']
    broker.publish([("alerts/sen-1", word) for word in words])
    monkeypatch.setattr(mqtt.Subscriber, "_accept", die)
    dying = started(broker, settings)
    until(lambda: sum(committed) == 2)
    dying.stop()
    monkeypatch.undo()
    living = started(broker, settings)
    broker.publish(sent("last", type="other"))
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    until(lambda: count(engine, Alert) == 2)
    living.stop()
    # One of the two, and that of the last.
    assert count(engine, Job) == 2


def test_a_commit_of_which_nobody_heard_is_not_made_twice(
    broker: Broker, subscriber: Subscriber, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = mqtt.Subscriber._accept
    failed: list[bool] = []

    def unheard(self: Subscriber, batch: Any) -> None:
        accept(self, batch)
        if not failed:
            failed.append(True)
            raise OperationalError("commit", {}, RuntimeError("nobody heard of the commit"))

    monkeypatch.setattr(mqtt.Subscriber, "_accept", unheard)
    broker.publish([("alerts/sen-1", b'{"type": "leak"}')])
    until(lambda: bool(failed))
    broker.publish([("alerts/sen-1", b'{"type": "leak"}')])
    broker.publish(sent("last", type="other"))
    until(lambda: count(engine, Alert) == 2)
    with Session(engine) as session:
        counts = {one.type: one.count for one in session.exec(select(Alert))}
    assert counts == {"leak": 2, "other": 1}


def test_the_broker_may_go_away_and_come_back(
    broker: Broker, subscriber: Subscriber, engine: Engine
) -> None:
    broker.publish(sent("a-1"))
    until(lambda: count(engine, Alert) == 1)
    broker.stop()
    until(lambda: not subscriber.is_connected)
    broker.start()
    broker.publish(sent("a-2"))
    until(lambda: count(engine, Alert) == 2)


def test_the_broker_need_not_be_there_at_first(
    broker: Broker, settings: Settings, engine: Engine
) -> None:
    broker.stop()
    subscriber = started(broker, settings)
    broker.start()
    until(lambda: subscriber.is_connected)
    subscriber.stop()


def test_what_cannot_be_understood_is_kept_and_keeps_nothing_else_from_coming(
    broker: Broker, subscriber: Subscriber, engine: Engine
) -> None:
    broker.publish([("alerts/nobody", b'{"type": "hot"}'), ("alerts/sen-1", b"\x00\xff")])
    broker.publish(sent("a-1"))
    until(lambda: count(engine, Alert) == 1)
    assert count(engine, DeadLetter) == 2


def test_a_message_that_makes_the_service_fail_is_kept_too(
    broker: Broker, subscriber: Subscriber, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = mqtt.accept

    def fail(session: Session, arrivals: Any, settings: Settings) -> Any:
        if any(b"poison" in arrival.delivery.body for arrival in arrivals):
            raise ZeroDivisionError
        return accept(session, arrivals, settings)

    monkeypatch.setattr(mqtt, "accept", fail)
    broker.publish(sent("a-1", "poison", "a-2"))
    until(lambda: count(engine, Alert) == 2 and count(engine, DeadLetter) == 1)
    with Session(engine) as session:
        letter = session.exec(select(DeadLetter)).one()
        assert letter.faults[0]["cause"] == "ZeroDivisionError"
        assert (letter.device, b"poison" in letter.body) == ("sen-1", True)


# What brokers keep, and what transports add


def complete(engine: Engine) -> None:
    """Somebody has seen to all jobs."""
    with Session(engine) as session:
        for job in session.exec(select(Job)):
            job.status, job.departed_at = JobStatus.COMPLETED, now()
        session.commit()


def times_seen(engine: Engine) -> int:
    """How often the only dead letter came."""
    with Session(engine) as session:
        return session.exec(select(DeadLetter)).one().count


def test_what_the_broker_has_kept_is_no_news_when_it_is_there_again(
    broker: Broker, settings: Settings, engine: Engine
) -> None:
    first = started(broker, settings)
    until(lambda: first.is_connected)
    fire = [("alerts/sen-1", b'{"type": "leak", "severity": "critical"}')]
    broker.publish([*fire, ("alerts/sen-2", b"no alert")], retain=True)
    until(lambda: count(engine, Job) == 1 and count(engine, DeadLetter) == 1)
    # Once the next one is taken, the ones before are acknowledged, and do not come again.
    broker.publish([("alerts/sen-2", b"no alert")])
    until(lambda: times_seen(engine) == 2)
    complete(engine)
    first.stop()
    second = started(broker, settings)
    until(lambda: second.is_connected)
    broker.publish(sent("last", type="other"))
    until(lambda: count(engine, Alert) == 2)
    assert count(engine, Job) == 2
    # The last one that was taken may not have been acknowledged yet, and then comes once more.
    assert times_seen(engine) in (2, 3)
    # Said anew it is news, although it is what the broker has kept.
    broker.publish(fire, retain=True)
    until(lambda: count(engine, Job) == 3)
    second.stop()


def test_what_the_broker_has_kept_and_nobody_has_heard_is_an_alert(
    broker: Broker, settings: Settings, engine: Engine
) -> None:
    broker.publish([("alerts/sen-1", b'{"type": "leak"}')], retain=True)
    subscriber = started(broker, settings)
    until(lambda: count(engine, Job) == 1)
    subscriber.stop()


def test_taking_a_kept_message_away_is_neither_an_alert_nor_the_end_of_one(
    broker: Broker, subscriber: Subscriber, engine: Engine
) -> None:
    broker.publish([("alerts/sen-1", b'{"type": "leak"}')], retain=True)
    broker.publish([("alerts/sen-1", b"")], retain=True)
    broker.publish(sent("last", type="other"))
    until(lambda: count(engine, Alert) == 2)
    assert count(engine, DeadLetter) == 0
    with Session(engine) as session:
        assert {one.outcome for one in session.exec(select(Alert))} == {"job"}


def test_an_event_without_data_is_no_message_that_was_taken_away(
    broker: Broker, subscriber: Subscriber, engine: Engine
) -> None:
    attributes = [("specversion", "1.0"), ("id", "e-1"), ("source", "/x"), ("type", "hot")]
    broker.publish([("alerts/sen-3", b"")], UserProperty=attributes)
    until(lambda: count(engine, Alert) == 1)


def test_a_content_type_may_have_parameters(
    broker: Broker, subscriber: Subscriber, engine: Engine
) -> None:
    broker.publish(sent("m-1"), ContentType="application/json; charset=utf-8")
    until(lambda: count(engine, Alert) == 1)
    assert count(engine, DeadLetter) == 0


def test_last_wills_and_switches_say_plain_words(
    broker: Broker, settings: Settings, session: Session, engine: Engine
) -> None:
    mapping = {"type": "'silent'", "status": "@", "cleared_words": ["online"]}
    session.add(AlertSource(id="lwt", name="LWT", format=AlertFormat.MAPPED, mapping=mapping))
    session.commit()
    add_rule(session, withdraw=True)
    subscriber = started(broker, settings, mqtt_topics={"tele/+device/LWT": "lwt"})
    until(lambda: subscriber.is_connected)
    for number, word in enumerate((b"Offline", b"Online", b"Offline"), start=1):
        broker.publish([("tele/sen-1/LWT", word)], retain=True)
        until(lambda n=number: [one.count for one in alerts_of(engine)] == [n])  # type: ignore[misc]
    subscriber.stop()
    [alert] = alerts_of(engine)
    assert (alert.outcome, alert.type) == ("job", "silent")
    with Session(engine) as session:
        statuses = [one.status for one in session.exec(select(Job).order_by(col(Job.created_at)))]
    assert statuses == ["cancelled", "open"]


def alerts_of(engine: Engine) -> list[Alert]:
    with Session(engine) as session:
        return list(session.exec(select(Alert)).all())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_locked_database_delays_alerts_and_loses_none(
    broker: Broker,
    settings: Settings,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dispatch.engines.BUSY_SECONDS", 0.05)
    refused: list[bool] = []
    accept = mqtt.Subscriber._accept

    def watched(self: Subscriber, batch: Any) -> None:
        try:
            accept(self, batch)
        except OperationalError:
            refused.append(True)
            raise

    monkeypatch.setattr(mqtt.Subscriber, "_accept", watched)
    subscriber = started(broker, settings)
    until(lambda: subscriber.is_connected)
    other = sqlite3.connect(tmp_path / "dispatch.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    broker.publish(sent("a-1", "a-2"))
    until(lambda: len(refused) > 1)
    other.execute("ROLLBACK")
    other.close()
    until(lambda: count(engine, Alert) == 2)
    subscriber.stop()


def test_a_topic_says_whose_form_its_messages_have(
    broker: Broker, settings: Settings, session: Session, engine: Engine
) -> None:
    mapping = {"id": "n", "type": "what"}
    session.add(AlertSource(id="plc", name="PLC", format=AlertFormat.MAPPED, mapping=mapping))
    session.commit()
    topics = {"plc/+device/+/alarm": "plc", "gone/#device": "gone", "alerts/+device": ""}
    subscriber = started(broker, settings, mqtt_topics=topics)
    until(lambda: subscriber.is_connected)
    event = {"specversion": "1.0", "id": "e-1", "source": "/x", "type": "hot"}
    broker.publish([("plc/sen-1/7/alarm", b'{"n": 5, "what": "leak"}'), ("gone/a/b", b"{}")])
    broker.publish([("alerts/sen-2", json.dumps(event).encode())], ContentType=EVENT_TYPE)
    attributes = list((event | {"id": "e-2"}).items())
    broker.publish([("alerts/sen-3", b"{}")], UserProperty=attributes)
    until(lambda: count(engine, Alert) == 3 and count(engine, DeadLetter) == 1)
    subscriber.stop()
    alerts = {one.device_id: one for one in session.exec(select(Alert))}
    assert (alerts["sen-1"].source_id, alerts["sen-1"].id_at_source) == ("plc", "5")
    assert (alerts["sen-2"].type, alerts["sen-3"].type) == ("hot", "hot")
    letter = session.exec(select(DeadLetter)).one()
    assert (letter.source_id, letter.device) == ("gone", "a/b")


@pytest.mark.parametrize(
    ("pattern", "topic", "device"),
    [
        ("alerts/+device", "alerts/d-1", "d-1"),
        ("a/+/+device/x", "a/b/c/x", "c"),
        ("a/#device", "a/b/c", "b/c"),
        ("a/+", "a/b", None),
        ("a.b/+device", "axb/d", None),
        ("#device", "a/b", "a/b"),
        ("a/#device", "a", None),
        ("a/#device", "ab", None),
        ("$share/group/a/+device", "a/d", "d"),
    ],
)
def test_a_topic_names_the_device(pattern: str, topic: str, device: str | None) -> None:
    assert TopicPattern(pattern, None).device_of(topic) == device


@pytest.mark.parametrize(
    ("pattern", "topic", "matches"),
    [
        ("a/#device", "a", True),
        ("a/#", "a", True),
        ("+device/#", "a", True),
        ("#", "a/b", True),
        ("a/#", "ab", False),
        ("$share/group/a/#", "a/b", True),
        ("$share/group/a", "$share/group/a", False),
        ("a/+", "a", False),
    ],
)
def test_a_pattern_takes_what_the_broker_delivers_for_it(
    pattern: str, topic: str, matches: bool
) -> None:
    assert bool(TopicPattern(pattern, None).match(topic)) is matches


def test_the_broker_is_given_plain_wildcards() -> None:
    assert TopicPattern("a/+device/b/#device", None).filter == "a/+/b/#"
    assert TopicPattern("$share/group/a/+device", None).filter == "$share/group/a/+"


def test_what_comes_on_the_parent_of_all_topics_keeps_nothing_else_from_coming(
    broker: Broker, settings: Settings, engine: Engine
) -> None:
    topics = {"alerts/#device": "", "$share/group/shared/+device": ""}
    subscriber = started(broker, settings, mqtt_topics=topics)
    until(lambda: subscriber.is_connected)
    broker.publish([("alerts", json.dumps(message("a-1")).encode()), ("alerts", b"{}")])
    broker.publish([("alerts/sen-2", b'{"type": "hot"}'), ("shared/sen-3", b'{"type": "hot"}')])
    until(lambda: count(engine, Alert) == 3 and count(engine, DeadLetter) == 1)
    subscriber.stop()


def test_what_comes_on_a_topic_of_earlier_settings_is_kept(
    broker: Broker, settings: Settings, engine: Engine
) -> None:
    """The broker goes on with the subscriptions of a session."""
    before = started(broker, settings, mqtt_topics={"old/+device": ""})
    until(lambda: before.is_connected)
    before.stop()
    subscriber = started(broker, settings)
    until(lambda: subscriber.is_connected)
    broker.publish([("old/sen-1", b'{"type": "hot"}'), *sent("a-1")])
    until(lambda: count(engine, Alert) == 1 and count(engine, DeadLetter) == 1)
    subscriber.stop()
    with Session(engine) as session:
        [fault] = session.exec(select(DeadLetter)).one().faults
    assert (fault["code"], "old/sen-1" in fault["cause"]) == ("unknown_source", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mqtt_url": "http://host"},
        {"mqtt_url": "mqtt://"},
        {"mqtt_url": "mqtt://["},
        {"mqtt_url": "mqtt://host:99999"},
        {"mqtt_url": "mqtt://host:port"},
        {"mqtt_topics": {"a/#/b": ""}},
        {"mqtt_topics": {"a/x+": ""}},
        {"mqtt_topics": {"$share/a": ""}},
        {"mqtt_topics": {"$share//a": ""}},
        {"mqtt_topics": {}},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="mqtt"):
        Settings(**wrong)
