"""Telling devices by a push service on this machine."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch import log
from dispatch.events.deliveries import AttemptOutcome
from dispatch.events.sending import client
from dispatch.local_time import ONE_DAY
from dispatch.models import PushMessage, PushSubscription, SignIn, Stop, now
from dispatch.push import messages, watching
from dispatch.push.messages import PushAttempt
from dispatch.push.sealing import as_bytes, made_up_key, public_half
from dispatch.push.sender import PushSender, push
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import add_job, add_live_route, add_technician
from tests.dispatch.devices import PhoneKeys, switch_on
from tests.dispatch.receiving import Received, Target, target
from tests.dispatch.waiting import until

CONTACT = "mailto:office@dispatch.example"
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Push services on this machine are allowed, and nobody waits for long."""
    monkeypatch.setattr(watching, "GATHERED_FOR", timedelta())
    monkeypatch.setattr(messages, "RETRY_SECONDS", (0.05,))
    return settings.model_copy(
        update={
            "push_contact": CONTACT,
            "push_private_targets": True,
            "webhook_timeout_seconds": 2.0,
        }
    )


@pytest.fixture
def push_service() -> Iterator[Target]:
    with target() as found:
        found.answer = lambda _: 201
        yield found


@contextmanager
def sending(settings: Settings, services: int = 1) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(services):
            one = PushSender(settings)
            one.start()
            stack.callback(one.stop)
        yield


@pytest.fixture
def keys(engine: Engine, settings: Settings, push_service: Target) -> PhoneKeys:
    """Of a device of Ann's, who has two visits tomorrow."""
    keys = PhoneKeys()
    tomorrow = now().astimezone(settings.zone).date() + ONE_DAY
    with Session(engine) as session:
        add_technician(session, "ann")
        for name in ("a1", "a2"):
            add_job(session, name)
        add_live_route(session, "ann", [("a1", "09:00"), ("a2", "12:00")], day=tomorrow)
        session.commit()
        switch_on(
            session, "ann", settings, endpoint=push_service.url, keys=keys, language="vi", at=now()
        )
    return keys


def move(engine: Engine, job_id: str, minutes: int = 20) -> None:
    with Session(engine) as session:
        stop = session.exec(select(Stop).where(Stop.job_id == job_id, col(Stop.live))).one()
        stop.start_at += timedelta(minutes=minutes)
        after = {"technician_ids": ["ann"]}
        log.record(session, "dana", "publish", log.Entity.PLAN, "9", after=after)
        session.commit()


def is_settled(engine: Engine) -> bool:
    with Session(reading(engine)) as session:
        return session.exec(select(PushMessage)).first() is None


def claims_of(one: Received, url: str) -> Any:
    """What the request's signature says, once it is verified as push services do (RFC 8292)."""
    scheme, _, rest = one.headers["authorization"].partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), as_bytes(fields["k"]))
    assert scheme == "vapid"
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    return jwt.decode(fields["t"], key, ["ES256"], audience=origin)


def test_a_device_gets_what_only_it_can_read_from_whom_it_knows(
    engine: Engine, settings: Settings, push_service: Target, keys: PhoneKeys
) -> None:
    with sending(settings):
        move(engine, "a2")
        until(lambda: len(push_service.received) == 1 and is_settled(engine))
    [one] = push_service.received
    shown = keys.opened(one.content)
    assert shown["body"] == "Đổi giờ 12:00 → 12:20: Repair a2 – Customer a2"
    assert shown["language"] == "vi"
    assert b"Customer" not in one.content
    assert one.headers["content-encoding"] == "aes128gcm"
    assert one.headers["topic"] == f"day-{shown['day']}"
    assert len(one.headers["topic"]) <= 32
    assert one.headers["urgency"] == "normal"
    assert 0 < int(one.headers["ttl"]) <= 12 * 60 * 60
    claims = claims_of(one, push_service.url)
    assert claims["sub"] == CONTACT
    assert timedelta() < timedelta(seconds=claims["exp"] - now().timestamp()) < ONE_DAY


def test_two_services_tell_it_once(
    engine: Engine, settings: Settings, push_service: Target, keys: PhoneKeys
) -> None:
    with sending(settings, services=2):
        for number, name in enumerate(["a1", "a2"] * 3, start=1):
            move(engine, name)
            until(lambda number=number: len(push_service.received) == number and is_settled(engine))
    assert len(push_service.received) == 6
    assert len({keys.opened(one.content)["id"] for one in push_service.received}) == 6


def test_what_a_push_service_could_not_take_is_sent_again_under_the_same_id(
    engine: Engine, settings: Settings, push_service: Target, keys: PhoneKeys
) -> None:
    push_service.answer = lambda _: 503 if len(push_service.received) < 2 else 201
    with sending(settings):
        move(engine, "a2")
        until(lambda: len(push_service.received) == 3 and is_settled(engine))
    assert len({keys.opened(one.content)["id"] for one in push_service.received}) == 1


def test_a_device_that_is_gone_is_forgotten(
    engine: Engine, settings: Settings, push_service: Target, keys: PhoneKeys
) -> None:
    push_service.answer = lambda _: 410

    def is_forgotten() -> bool:
        with Session(reading(engine)) as session:
            return session.exec(select(PushSubscription)).first() is None

    with sending(settings):
        move(engine, "a2")
        until(is_forgotten)
    assert len(push_service.received) == 1


def test_who_signs_out_is_forgotten_at_once(
    engine: Engine, settings: Settings, push_service: Target, keys: PhoneKeys
) -> None:
    with Session(engine) as session:
        session.exec(select(SignIn)).one().account_revision = 0
        session.commit()

    def is_forgotten() -> bool:
        with Session(reading(engine)) as session:
            return session.exec(select(PushSubscription)).first() is None

    with sending(settings):
        move(engine, "a2")
        until(is_forgotten)
    assert push_service.received == []


@SQLITE
def test_a_push_service_by_a_private_address_is_not_called(
    settings: Settings, push_service: Target
) -> None:
    """Whatever its name led to when the device subscribed."""
    strict = settings.model_copy(update={"push_private_targets": False})
    keys = PhoneKeys().subscription(push_service.url.replace("127.0.0.1", "localhost"))
    attempt = PushAttempt(
        message_key=1,
        subscription_id="P-1",
        number=1,
        made_at=now(),
        endpoint=keys.endpoint,
        p256dh=keys.p256dh,
        auth=keys.auth,
        content=b"{}",
        topic="day",
        is_urgent=True,
        ttl=1,
    )

    async def attempted() -> AttemptOutcome:
        async with client() as web:
            return await push(web, attempt, made_up_key(), strict)

    assert "not a public address" in (asyncio.run(attempted()).error or "")
    assert push_service.received == []


def test_the_public_half_is_a_point_on_the_curve() -> None:
    point = as_bytes(public_half(made_up_key()))
    assert EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point).curve.name == "secp256r1"
