"""Sending to targets on this machine."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from dispatch import log
from dispatch.events.deliveries import (
    Attempt,
    AttemptOutcome,
    begin_attempt,
    list_deliveries,
    make_deliveries,
)
from dispatch.events.events import newest_entry
from dispatch.events.sender import WebhookSender, send
from dispatch.events.sending import client
from dispatch.events.webhooks import NewWebhook, create_webhook
from dispatch.models import DeliveryStatus, Webhook
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.receiving import Target, silent_target, target
from tests.dispatch.waiting import until

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECRET = "whsec_" + "c2VjcmV0" * 4


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Targets on this machine are allowed, and retries come soon."""
    return settings.model_copy(
        update={
            "webhook_private_targets": True,
            "webhook_retry_seconds": (0.05,) * 5,
            "webhook_timeout_seconds": 2.0,
        }
    )


@pytest.fixture
def receiver() -> Iterator[Target]:
    with target() as receiver:
        yield receiver


@contextmanager
def sending(settings: Settings, services: int = 1) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(services):
            one = WebhookSender(settings)
            one.start()
            stack.callback(one.stop)
        yield


def add_webhook(engine: Engine, settings: Settings, url: str, *types: str) -> tuple[str, str]:
    """Its id and its secret."""
    with Session(engine) as session:
        new = NewWebhook(url=url, types=list(types))
        webhook = create_webhook(session, new, actor="lan", settings=settings)
        session.commit()
        return webhook.id, webhook.secret


def happen(engine: Engine, *names: str) -> None:
    with Session(engine) as session:
        for name in names:
            log.record(session, "lan", "change", log.Entity.JOB, name, after={"title": "Máy lạnh"})
            session.flush()
        session.commit()


def jobs(receiver: Target) -> list[str]:
    return [json.loads(one.body)["entity_id"] for one in receiver.received]


def statuses(engine: Engine, webhook: str) -> list[DeliveryStatus]:
    with Session(reading(engine)) as session:
        return [one.status for one in list_deliveries(session, webhook, limit=200)[0]]


def all_delivered(engine: Engine, webhook: str, number: int) -> bool:
    return statuses(engine, webhook) == [DeliveryStatus.DELIVERED] * number


def test_an_event_arrives_signed_and_is_verified_by_the_standard_package(
    engine: Engine, settings: Settings, receiver: Target
) -> None:
    webhook, secret = add_webhook(engine, settings, receiver.url + "?tenant=1")
    with sending(settings):
        happen(engine, "J-1")
        until(lambda: all_delivered(engine, webhook, 1))
    [one] = receiver.received
    event = Verifier(secret).verify(one.body, one.headers)
    assert (event["type"], event["entity_id"]) == ("job.changed", "J-1")
    assert event["after"] == {"title": "Máy lạnh"}
    assert one.headers["webhook-id"] == f"event-{event['id']}"
    assert one.path == "/hook?tenant=1"
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(one.body.replace("J-1", "J-2"), one.headers)


def test_events_arrive_in_order_and_once_from_two_services(
    engine: Engine, settings: Settings, receiver: Target
) -> None:
    webhook, _ = add_webhook(engine, settings, receiver.url)
    names = [f"{number:02}" for number in range(30)]
    with sending(settings, services=2):
        for some in (names[:10], names[10:20], names[20:]):
            happen(engine, *some)
        until(lambda: all_delivered(engine, webhook, 30))
    assert jobs(receiver) == names


def test_a_failed_attempt_is_made_again_under_the_same_id(
    engine: Engine, settings: Settings, receiver: Target
) -> None:
    webhook, _ = add_webhook(engine, settings, receiver.url)
    receiver.answer = lambda _: 500 if len(receiver.received) < 2 else 200
    with sending(settings):
        happen(engine, "a")
        until(lambda: all_delivered(engine, webhook, 1))
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert len(receiver.received) == 3


@SQLITE
@pytest.mark.parametrize("drip", [b"", b"X-Slow: 1\r\n"], ids=["silent", "dripping"])
def test_a_target_that_never_ends_its_answer_is_given_up_in_time_and_keeps_nobody_waiting(
    engine: Engine, settings: Settings, receiver: Target, drip: bytes
) -> None:
    settings = settings.model_copy(update={"webhook_timeout_seconds": 1.0})
    with ExitStack() as stack:
        hanging = [
            add_webhook(engine, settings, stack.enter_context(silent_target(drip)))[0]
            for _ in range(10)
        ]
        webhook, _ = add_webhook(engine, settings, receiver.url)
        stack.enter_context(sending(settings))
        begun = monotonic()
        happen(engine, "a", "b", "c")
        until(lambda: all_delivered(engine, webhook, 3))
        assert not any(DeliveryStatus.DELIVERED in statuses(engine, one) for one in hanging)

        def first(webhook: str) -> Any:
            with Session(reading(engine)) as session:
                return list_deliveries(session, webhook)[0][-1]

        until(lambda: all(first(one).last_error for one in hanging))
        assert monotonic() - begun < 30
        assert first(hanging[0]).last_error == "There was no answer in 1 s."


def attempt_at(url: str) -> Attempt:
    return Attempt(1, "W-1", 1, url, (SECRET,), "event-1", "{}")


def attempted(url: str, settings: Settings) -> AttemptOutcome:
    async def attempt() -> AttemptOutcome:
        async with client() as web:
            return await send(web, attempt_at(url), settings)

    return asyncio.run(attempt())


@SQLITE
def test_a_redirect_is_not_followed(settings: Settings, receiver: Target) -> None:
    receiver.headers = {"Location": receiver.url}
    receiver.answer = lambda _: 307
    assert attempted(receiver.url, settings) == AttemptOutcome(307, "The answer was 307.")
    assert len(receiver.received) == 1


@SQLITE
@pytest.mark.parametrize(("asked", "wait"), [("120", 120), ("9" * 5_000, None), ("soon", None)])
def test_a_target_may_say_when_to_come_again(
    settings: Settings, receiver: Target, asked: str, wait: int | None
) -> None:
    receiver.headers = {"Retry-After": asked}
    receiver.answer = lambda _: 429
    assert attempted(receiver.url, settings) == AttemptOutcome(429, "The answer was 429.", wait)


@SQLITE
def test_what_cannot_be_reached_is_said(settings: Settings) -> None:
    outcome = attempted("http://127.0.0.1:1/", settings)
    assert outcome.status is None
    assert "ConnectError" in (outcome.error or "")
    outcome = attempted(f"http://{'a' * 64}.example/", settings)
    assert outcome.status is None
    assert outcome.error


@SQLITE
def test_a_name_that_leads_to_a_private_address_is_not_called(
    settings: Settings, receiver: Target
) -> None:
    strict = settings.model_copy(update={"webhook_private_targets": False})
    outcome = attempted(receiver.url.replace("127.0.0.1", "localhost"), strict)
    assert outcome.status is None
    assert "not a public address" in (outcome.error or "")
    assert receiver.received == []


@SQLITE
def test_the_address_that_was_looked_at_is_the_one_that_is_called(
    settings: Settings, receiver: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However its name is asked for, only what was looked at counts: the name is asked once."""
    asked = []

    async def once(host: str, port: int, *, private: bool) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr("dispatch.events.sending.addresses_of", once)
    url = receiver.url.replace("127.0.0.1", "rebinding.invalid")
    assert attempted(url, settings) == AttemptOutcome(204)
    assert asked == ["rebinding.invalid"]
    assert receiver.received[0].headers["host"] == url.split("/")[2]


def test_what_a_dead_sender_was_sending_is_sent_when_its_lease_is_over(
    engine: Engine, settings: Settings, receiver: Target
) -> None:
    webhook, _ = add_webhook(engine, settings, receiver.url)
    happen(engine, "a")
    with Session(engine) as session:
        make_deliveries(session, newest_entry(session))
        attempt = begin_attempt(session, webhook, "a sender that dies")
        session.commit()
    assert attempt is not None
    assert attempted_in(settings, attempt) == AttemptOutcome(204)  # and it dies before it says so
    with sending(settings):
        with Session(engine) as session:
            row = session.get_one(Webhook, webhook)
            assert row.leased_by == "a sender that dies"
            row.leased_until_at = row.created_at
            session.commit()
        until(lambda: all_delivered(engine, webhook, 1))
    assert [one.headers["webhook-id"] for one in receiver.received] == [attempt.message_id] * 2
    assert receiver.received[0].body == receiver.received[1].body


def attempted_in(settings: Settings, attempt: Attempt) -> AttemptOutcome:
    async def make() -> AttemptOutcome:
        async with client() as web:
            return await send(web, attempt, settings)

    return asyncio.run(make())


def test_a_sender_that_stops_gives_back_what_it_was_sending(
    engine: Engine, settings: Settings
) -> None:
    patient = settings.model_copy(update={"webhook_timeout_seconds": 20.0})
    with silent_target() as url:
        webhook, _ = add_webhook(engine, patient, url)
        happen(engine, "a")
        begun = monotonic()
        with sending(patient):

            def is_leased() -> bool:
                with Session(reading(engine)) as session:
                    return session.get_one(Webhook, webhook).leased_by is not None

            until(is_leased)
        assert monotonic() - begun < 15
        assert not is_leased()
        assert statuses(engine, webhook) == [DeliveryStatus.WAITING]


@SQLITE
def test_a_webhook_that_is_switched_off_is_sent_nothing(
    engine: Engine, settings: Settings, receiver: Target
) -> None:
    off, _ = add_webhook(engine, settings, receiver.url + "/off")
    on, _ = add_webhook(engine, settings, receiver.url + "/on")
    with Session(engine) as session:
        session.get_one(Webhook, off).active = False
        session.commit()
    with sending(settings):
        happen(engine, "a")
        until(lambda: all_delivered(engine, on, 1))
    assert [one.path for one in receiver.received] == ["/hook/on"]
    assert statuses(engine, off) == []
