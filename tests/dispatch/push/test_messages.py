"""Messages on their way to devices, told with a clock of our own."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from dispatch.events import deliveries
from dispatch.events.deliveries import LEASE, AttemptOutcome
from dispatch.log import Entity
from dispatch.models import LogEntry, PushMessage, PushSubscription, SignIn
from dispatch.push.known_days import KnownVisit, VisitChange
from dispatch.push.messages import (
    RETRY_SECONDS,
    PushAttempt,
    begin_push,
    due_subscriptions,
    end_push,
    give_devices_back,
)
from dispatch.settings import Settings
from tests.dispatch.crew import MONDAY, TUESDAY, add_ann_and_bob, hanoi
from tests.dispatch.devices import switch_on

NOON = hanoi("12:00")
EVENING = hanoi("17:00")
TAKEN = AttemptOutcome(201)
DOWN = AttemptOutcome(error="ConnectError")


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Waits are as they are listed, neither more nor less."""
    monkeypatch.setattr(deliveries.chance, "uniform", lambda *_: 1.0)
    return settings.model_copy(update={"push_contact": "mailto:office@dispatch.example"})


@pytest.fixture
def device(session: Session, settings: Settings) -> str:
    add_ann_and_bob(session)
    return switch_on(session, "ann", settings).id


def visit(clock: str, title: str = "Repair", priority: str = "normal") -> KnownVisit:
    return KnownVisit(
        start_at=hanoi(clock).isoformat(),
        title=title,
        name="Customer",
        priority=priority,
        details="d",
        is_over=False,
    )


def added(job_id: str, clock: str, **details: Any) -> VisitChange:
    return VisitChange(job_id=job_id, kind="added", before=None, after=visit(clock, **details))


def wait_for(session: Session, device: str, *changes: VisitChange, **columns: Any) -> PushMessage:
    """A message that is due at noon."""
    message = PushMessage(
        **{
            "subscription_id": device,
            "day": MONDAY,
            "changes": [dict(one) for one in changes],
            "is_new_day": False,
            "next_attempt_at": NOON,
            "expires_at": EVENING,
            "created_at": NOON,
            **columns,
        }
    )
    session.add(message)
    session.commit()
    return message


def begin(session: Session, device: str, settings: Settings, at: datetime = NOON) -> PushAttempt:
    attempt = begin_push(session, device, "one", settings, at)
    assert attempt is not None
    return attempt


def stored(session: Session) -> list[PushMessage]:
    session.expire_all()
    return list(session.exec(select(PushMessage)))


def test_what_is_due_is_sent_once_and_then_known(
    session: Session, settings: Settings, device: str
) -> None:
    wait_for(session, device, added("x", "14:00"))
    assert due_subscriptions(session, NOON - timedelta(seconds=1)) == []
    assert due_subscriptions(session, NOON) == [device]
    attempt = begin(session, device, settings)
    shown = json.loads(attempt.content)
    assert (shown["title"], shown["day"]) == ("Monday 1/3 has changed", "2027-03-01")
    assert shown["body"] == "New at 14:00: Repair – Customer"
    end_push(session, attempt, TAKEN, NOON)
    assert stored(session) == []
    known = session.get_one(PushSubscription, device).known["2027-03-01"]
    assert known["visits"]["x"] == visit("14:00")
    assert begin_push(session, device, "one", settings, NOON) is None


def test_nobody_else_sends_to_a_device_until_the_lease_is_over(
    session: Session, settings: Settings, device: str
) -> None:
    wait_for(session, device, added("x", "14:00"))
    begin(session, device, settings)
    assert due_subscriptions(session, NOON) == []
    assert begin_push(session, device, "another", settings, NOON) is None
    later = NOON + LEASE + timedelta(seconds=1)
    again = begin_push(session, device, "another", settings, later)
    assert again is not None
    assert again.number == 2
    give_devices_back(session, "another")
    session.expire_all()
    assert session.get_one(PushSubscription, device).leased_by is None


def test_what_fails_is_tried_again_later_and_later_until_it_is_too_old(
    session: Session, settings: Settings, device: str
) -> None:
    wait_for(session, device, added("x", "14:00"))
    at, waits = NOON, []
    while stored(session):
        attempt = begin(session, device, settings, at)
        end_push(session, attempt, AttemptOutcome(503, "The answer was 503."), at)
        for message in stored(session):
            waits.append(int((message.next_attempt_at - at).total_seconds()))
            at = message.next_attempt_at
    assert waits == [*RETRY_SECONDS, 3_600, 3_600, 3_600]
    assert at < EVENING


def test_a_push_service_that_says_when_to_come_again_is_believed(
    session: Session, settings: Settings, device: str
) -> None:
    wait_for(session, device, added("x", "14:00"))
    attempt = begin(session, device, settings)
    end_push(session, attempt, AttemptOutcome(429, "The answer was 429.", 120), NOON)
    [message] = stored(session)
    assert message.next_attempt_at == NOON + timedelta(seconds=120)


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_its_push_service_does_not_know_any_more_is_forgotten(
    session: Session, settings: Settings, device: str, status: int
) -> None:
    wait_for(session, device, added("x", "14:00"))
    attempt = begin(session, device, settings)
    end_push(session, attempt, AttemptOutcome(status, "gone"), NOON)
    assert stored(session) == []
    assert session.get(PushSubscription, device) is None
    entry = session.exec(
        select(LogEntry).where(LogEntry.entity == Entity.PUSH_SUBSCRIPTION.value)
    ).all()[-1]
    assert (entry.actor, entry.action, entry.entity_id) == ("sender", "remove", "ann")


@pytest.mark.parametrize("status", [400, 403, 413])
def test_what_is_refused_is_not_sent_again(
    session: Session, settings: Settings, device: str, status: int
) -> None:
    wait_for(session, device, added("x", "14:00"))
    end_push(session, begin(session, device, settings), AttemptOutcome(status, "no"), NOON)
    assert stored(session) == []
    assert session.get(PushSubscription, device) is not None


def test_what_was_told_more_of_while_it_was_sent_is_sent_again(
    session: Session, settings: Settings, device: str
) -> None:
    message = wait_for(session, device, added("x", "14:00"))
    attempt = begin(session, device, settings)
    message.changes = [*message.changes, dict(added("y", "15:00"))]
    message.created_at = NOON + timedelta(seconds=1)
    session.commit()
    end_push(session, attempt, TAKEN, NOON + timedelta(seconds=2))
    again = begin(session, device, settings, NOON + timedelta(seconds=2))
    first, second = json.loads(attempt.content), json.loads(again.content)
    assert first["id"] != second["id"]
    assert second["body"].count("\n") == 1


def test_nothing_goes_to_who_has_signed_out_meanwhile(
    session: Session, settings: Settings, device: str
) -> None:
    wait_for(session, device, added("x", "14:00"))
    session.delete(session.exec(select(SignIn)).one())
    session.commit()
    assert due_subscriptions(session, NOON) == []
    assert begin_push(session, device, "one", settings, NOON) is None
    assert stored(session) == [], "it is gone with the sign-in"


def test_what_is_too_old_is_not_sent(session: Session, settings: Settings, device: str) -> None:
    wait_for(session, device, added("x", "14:00"))
    assert due_subscriptions(session, EVENING) == []


def test_today_and_what_is_urgent_wakes_a_device_that_saves_power(
    session: Session, settings: Settings, device: str
) -> None:
    wait_for(session, device, added("x", "14:00"))
    wait_for(session, device, added("y", "09:00"), day=TUESDAY)
    found = {}
    while attempt := begin_push(session, device, "one", settings, NOON):
        found[attempt.topic] = (attempt.is_urgent, attempt.ttl)
        end_push(session, attempt, TAKEN, NOON)
    assert found == {"day-2027-03-01": (True, 18_000), "day-2027-03-02": (False, 18_000)}
    wait_for(session, device, added("z", "09:00", priority="emergency"), day=TUESDAY)
    assert begin(session, device, settings).is_urgent


def test_a_long_day_is_told_in_few_words(session: Session, settings: Settings, device: str) -> None:
    many = [added(f"{n}", f"{n + 8:02}:00", title="Máy lạnh không lạnh " * 20) for n in range(9)]
    session.get_one(PushSubscription, device).language = "vi"
    wait_for(session, device, *many)
    attempt = begin(session, device, settings)
    shown = json.loads(attempt.content)
    assert shown["title"] == "Lịch thứ Hai 1/3 đã thay đổi"
    assert shown["body"].splitlines()[-1] == "và 7 thay đổi khác"
    assert len(attempt.content) < 1_000
    end_push(session, attempt, TAKEN, NOON)
    wait_for(session, device, *many, is_new_day=True)
    shown = json.loads(begin(session, device, settings).content)
    assert shown["title"] == "Đã có lịch thứ Hai 1/3"
    assert shown["body"] == "9 việc, bắt đầu lúc 08:00"
