"""Devices that are told, and what ends it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from dispatch.access.accounts import AccountChange, change_account
from dispatch.access.sign_ins import sign_out
from dispatch.errors import Conflict, InvalidInput
from dispatch.models import Account, PushSource, PushSubscription, Role, SignIn, Technician, now
from dispatch.push.sealing import as_bytes, as_text
from dispatch.push.subscriptions import (
    NewPushSubscription,
    is_any_over,
    provide_source,
    read_subscription,
    remove_over,
    subscribe,
    unsubscribe,
)
from dispatch.settings import Settings
from tests.dispatch.crew import add_ann_and_bob
from tests.dispatch.devices import EIGHT, PhoneKeys, sign_in_as, switch_on


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"push_contact": "mailto:office@dispatch.example"})


@pytest.fixture(autouse=True)
def company(session: Session) -> None:
    add_ann_and_bob(session)


def devices(session: Session) -> list[str]:
    session.expire_all()
    return [row.sign_in_id for row in session.exec(select(PushSubscription))]


def put(session: Session, sign_in_id: str, settings: Settings, endpoint: str, **more: Any) -> None:
    new = PhoneKeys().subscription(endpoint, **more)
    subscribe(session, "ann", new, sign_in_id, settings, actor="ann", at=EIGHT)
    session.commit()


def test_the_key_is_made_once(session: Session) -> None:
    provide_source(session)
    key = session.get_one(PushSource, 1).private_key
    provide_source(session)
    assert session.get_one(PushSource, 1).private_key == key
    assert len(as_bytes(key)) == 32


def test_a_device_is_known_by_its_sign_in(session: Session, settings: Settings) -> None:
    row = switch_on(session, "ann", settings, language="vi")
    other = sign_in_as(session, "ann", "tablet")
    mine = read_subscription(session, "ann", row.sign_in_id, settings)
    assert (mine.created_at, mine.language) == (EIGHT, "vi")
    assert len(as_bytes(mine.public_key or "")) == 65
    assert read_subscription(session, "ann", other, settings).created_at is None
    unsubscribe(session, "ann", row.sign_in_id, actor="ann")
    unsubscribe(session, "ann", row.sign_in_id, actor="ann")
    assert devices(session) == []


def test_again_is_as_once_and_keeps_what_is_known(session: Session, settings: Settings) -> None:
    row = switch_on(session, "ann", settings)
    row.known = {}
    session.commit()
    put(session, row.sign_in_id, settings, row.endpoint, language="vi")
    assert devices(session) == ["ann-phone"]
    session.refresh(row)
    assert (row.known, row.language) == ({}, "vi")


def test_a_device_that_signs_in_anew_is_one_still(session: Session, settings: Settings) -> None:
    row = switch_on(session, "ann", settings)
    again = sign_in_as(session, "ann", "again")
    put(session, again, settings, row.endpoint)
    assert devices(session) == ["ann-again"]
    put(session, again, settings, "https://push.example/another")
    assert devices(session) == ["ann-again"]


def test_a_device_goes_over_to_who_signs_in_there(session: Session, settings: Settings) -> None:
    row = switch_on(session, "bob", settings)
    endpoint = row.endpoint
    put(session, sign_in_as(session, "ann"), settings, endpoint)
    assert devices(session) == ["ann-phone"]


def signed_out(session: Session) -> None:
    sign_out(session, "ann-phone", "ann")


def disabled(session: Session) -> None:
    change_account(session, "ann", AccountChange(active=False), actor="boss")


def locked(session: Session) -> None:
    session.get_one(Account, "ann").active = False


def another_role(session: Session) -> None:
    change_account(
        session, "ann", AccountChange(role=Role.DISPATCHER, technician_id=None), actor="boss"
    )


def another_technician(session: Session) -> None:
    change_account(session, "ann", AccountChange(technician_id="bob"), actor="boss")


def another_password(session: Session) -> None:
    session.get_one(Account, "ann").revision += 1


def technician_left(session: Session) -> None:
    session.get_one(Technician, "ann").active = False


def long_away(session: Session) -> None:
    session.get_one(SignIn, "ann-phone").expires_at = EIGHT


@pytest.mark.parametrize(
    "end",
    [
        signed_out,
        disabled,
        locked,
        another_role,
        another_technician,
        another_password,
        technician_left,
        long_away,
    ],
)
def test_it_ends_when(session: Session, settings: Settings, end: Callable[[Session], None]) -> None:
    switch_on(session, "ann", settings)
    switch_on(session, "bob", settings)
    assert not is_any_over(session, EIGHT)
    end(session)
    session.commit()
    # Where the sign-in itself is gone, it has taken it along.
    assert is_any_over(session, EIGHT) == (end not in (signed_out, disabled))
    remove_over(session, EIGHT)
    session.commit()
    assert devices(session) == ["bob-phone"]
    assert not is_any_over(session, EIGHT)


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("http://push.example/1", "not_https"),
        ("https://127.0.0.1/1", "private_target"),
        ("https://10.0.0.5/1", "private_target"),
        ("https://localhost:8443/1", "private_target"),
    ],
)
def test_push_services_are_reached_by_the_internet_and_safely(
    session: Session, settings: Settings, endpoint: str, code: str
) -> None:
    sign_in_id = sign_in_as(session, "ann")
    with pytest.raises(InvalidInput) as error:
        put(session, sign_in_id, settings, endpoint)
    assert [(fault.code, fault.where) for fault in error.value.faults] == [(code, "endpoint")]
    # Whoever may create webhooks is not everybody who has a phone.
    lenient = settings.model_copy(update={"webhook_private_targets": True})
    with pytest.raises(InvalidInput):
        put(session, sign_in_id, lenient, endpoint)
    put(session, sign_in_id, settings.model_copy(update={"push_private_targets": True}), endpoint)


@pytest.mark.parametrize(
    "wrong", [{"p256dh": as_text(b"\4" + bytes(64))}, {"p256dh": "AAAA"}, {"auth": "AAAA"}]
)
def test_keys_that_nothing_could_be_encrypted_for_are_refused(wrong: dict[str, str]) -> None:
    good = PhoneKeys().subscription("https://push.example/1").model_dump()
    with pytest.raises(ValidationError) as error:
        NewPushSubscription.model_validate({**good, **wrong})
    assert [one["type"] for one in error.value.errors()] == ["push_key"]


def test_only_the_technicians_own_device_is_told(session: Session, settings: Settings) -> None:
    session.add(Account(id="boss", name="b", role=Role.ADMINISTRATOR, password_hash="x"))
    session.flush()
    later = now() + timedelta(days=1)
    session.add(
        SignIn(id="b", account_id="boss", account_revision=1, token_hash="b", expires_at=later)
    )
    session.flush()
    with pytest.raises(Conflict) as error:
        put(session, "b", settings, "https://push.example/1")
    assert error.value.faults[0].code == "not_own_device"


def test_without_a_contact_devices_are_told_nothing(session: Session, settings: Settings) -> None:
    sign_in_id = sign_in_as(session, "ann")
    provide_source(session)
    silent = settings.model_copy(update={"push_contact": None})
    with pytest.raises(Conflict) as error:
        put(session, sign_in_id, silent, "https://push.example/1")
    assert error.value.faults[0].code == "no_push"
    assert read_subscription(session, "ann", sign_in_id, silent).public_key is None
    known = silent.model_copy(update={"public_url": "https://dispatch.example"})
    assert known.push_subject == "https://dispatch.example"
    assert silent.model_copy(update={"public_url": "http://10.0.0.5"}).push_subject is None
