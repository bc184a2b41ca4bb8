"""What is on its way to webhooks, told with a clock of our own."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch import log
from dispatch.errors import InvalidInput, NotFound
from dispatch.events import deliveries
from dispatch.events.deliveries import (
    HELD_AT_MOST,
    LEASE,
    Attempt,
    AttemptOutcome,
    begin_attempt,
    due_webhooks,
    end_attempt,
    list_deliveries,
    make_deliveries,
    replay_dead,
    replay_delivery,
    send_test_event,
)
from dispatch.events.events import newest_entry
from dispatch.events.webhooks import (
    NewWebhook,
    WebhookChange,
    change_webhook,
    create_webhook,
    delete_webhook,
    list_webhooks,
    read_webhook,
    rotate_secret,
)
from dispatch.models import DeliveryStatus, LogEntry, Webhook
from dispatch.settings import Settings
from tests.dispatch.crew import hanoi

NOON = hanoi("12:00")
DOWN = AttemptOutcome(error="ConnectError")
DONE = AttemptOutcome(204)


def add_webhook(session: Session, settings: Settings, *types: str) -> str:
    new = NewWebhook(url="https://example.com/hook", types=list(types))
    return create_webhook(session, new, actor="lan", settings=settings).id


def happen(session: Session, *names: str, action: str = "change") -> None:
    for name in names:
        log.record(session, "lan", action, log.Entity.JOB, name)
        session.flush()


def make(session: Session, at: datetime = NOON) -> int:
    return make_deliveries(session, newest_entry(session), at)


def begin(session: Session, webhook: str, at: datetime = NOON, sender: str = "one") -> Attempt:
    attempt = begin_attempt(session, webhook, sender, at)
    assert attempt is not None
    return attempt


def statuses(session: Session, webhook: str) -> list[str]:
    """From the oldest to the newest."""
    found, _ = list_deliveries(session, webhook)
    return [one.status.value for one in reversed(found)]


def subject(session: Session, attempt: Attempt) -> str:
    entry = session.get_one(LogEntry, int(attempt.message_id.removeprefix("event-")))
    return entry.entity_id


@pytest.fixture
def webhook(session: Session, settings: Settings) -> str:
    happen(session, "before")
    return add_webhook(session, settings, "job")


def test_what_happens_from_now_on_is_sent_in_order(session: Session, webhook: str) -> None:
    happen(session, "a", "b")
    assert make(session) == 2
    assert make(session) == 0
    sent = []
    while attempt := begin_attempt(session, webhook, "one", NOON):
        sent.append(subject(session, attempt))
        end_attempt(session, attempt, DONE, Settings(), NOON)
    assert sent == ["a", "b"]
    assert statuses(session, webhook) == ["delivered", "delivered"]


def test_each_webhook_gets_the_types_it_asked_for(session: Session, settings: Settings) -> None:
    everything = add_webhook(session, settings)
    completed = add_webhook(session, settings, "job.completed", "alert")
    happen(session, "a")
    happen(session, "b", action="completed")
    log.record(session, "lan", "import", log.Entity.SITE, "S-1")
    log.record(session, "boiler", "received", log.Entity.ALERT, "A-1")
    session.flush()
    make(session)
    assert len(statuses(session, everything)) == 3
    assert len(statuses(session, completed)) == 2


def test_many_events_are_taken_up_bit_by_bit_and_none_twice(
    session: Session, webhook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "AT_ONCE", 3)
    happen(session, *map(str, range(8)))
    assert [make(session) for _ in range(4)] == [3, 3, 2, 0]


def test_what_was_not_committed_is_made_again(engine: Engine, settings: Settings) -> None:
    with Session(engine) as session:
        webhook = add_webhook(session, settings)
        happen(session, "a")
        session.commit()
    with Session(engine) as session:
        assert make(session) == 1  # and its process dies
    with Session(engine) as session:
        assert make(session) == 1
        session.commit()
        assert statuses(session, webhook) == ["waiting"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_services_that_look_at_once_make_deliveries_once(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(engine) as session:
        webhook = add_webhook(session, settings)
        happen(session, "a")
        session.commit()
    look = deliveries.events_between

    def look_slowly(*values: Any) -> Any:
        monkeypatch.setattr(deliveries, "events_between", look)
        with Session(engine) as session:
            assert make(session) == 1
            session.commit()
        return look(*values)

    monkeypatch.setattr(deliveries, "events_between", look_slowly)
    with Session(engine) as session:
        assert make(session) == 0
        assert statuses(session, webhook) == ["waiting"]


def test_one_sender_at_a_time_sends_to_a_webhook(session: Session, webhook: str) -> None:
    happen(session, "a", "b")
    make(session)
    attempt = begin(session, webhook, sender="one")
    assert begin_attempt(session, webhook, "two", NOON) is None
    assert due_webhooks(session, NOON) == []
    end_attempt(session, attempt, DONE, Settings(), NOON)
    begin(session, webhook, sender="one")
    assert begin_attempt(session, webhook, "two", NOON) is None


def test_a_sender_that_dies_between_sending_and_saying_so_is_stood_in_for_under_the_same_id(
    session: Session, webhook: str
) -> None:
    happen(session, "a")
    make(session)
    first = begin(session, webhook, sender="one")
    later = NOON + LEASE + timedelta(seconds=1)
    assert due_webhooks(session, later) == [webhook]
    second = begin(session, webhook, later, sender="two")
    assert (second.message_id, second.body) == (first.message_id, first.body)
    end_attempt(session, first, DOWN, Settings(), later)
    [delivery], _ = list_deliveries(session, webhook)
    assert (delivery.status, delivery.last_error) == (DeliveryStatus.WAITING, None)
    end_attempt(session, second, DONE, Settings(), later)
    assert statuses(session, webhook) == ["delivered"]


def test_failed_attempts_come_again_later_and_later_and_then_never(
    session: Session, webhook: str
) -> None:
    settings = Settings(webhook_retry_seconds=(5, 300, 1800))
    happen(session, "a")
    make(session)
    at, waits = NOON, []
    for _ in range(4):
        end_attempt(session, begin(session, webhook, at), AttemptOutcome(500, "500"), settings, at)
        [delivery], _ = list_deliveries(session, webhook)
        if delivery.next_attempt_at is not None:
            early = delivery.next_attempt_at - timedelta(seconds=1)
            assert begin_attempt(session, webhook, "one", early) is None
            assert due_webhooks(session, early) == []
            assert due_webhooks(session, delivery.next_attempt_at) == [webhook]
            waits.append((delivery.next_attempt_at - at).total_seconds())
            at = delivery.next_attempt_at
    assert all(0.8 * t <= wait <= 1.2 * t for wait, t in zip(waits, (5, 300, 1800), strict=True))
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DEAD, 4)
    assert (delivery.last_status, delivery.last_error) == (500, "500")


def test_waits_differ_so_that_what_failed_together_does_not_come_back_together(
    session: Session, settings: Settings
) -> None:
    webhooks = [add_webhook(session, settings) for _ in range(5)]
    happen(session, "a")
    make(session)
    for webhook in webhooks:
        end_attempt(session, begin(session, webhook), DOWN, settings, NOON)
    found = {list_deliveries(session, webhook)[0][0].next_attempt_at for webhook in webhooks}
    assert len(found) == 5


def test_a_target_that_cannot_be_reached_is_left_alone_with_everything_else_too(
    session: Session, webhook: str, settings: Settings
) -> None:
    happen(session, "a", "b")
    make(session)
    end_attempt(session, begin(session, webhook), DOWN, settings, NOON)
    assert due_webhooks(session, NOON) == []
    assert begin_attempt(session, webhook, "one", NOON) is None
    later = NOON + timedelta(seconds=7)
    assert subject(session, begin(session, webhook, later)) == "a"


def test_an_event_that_is_refused_keeps_nothing_else_waiting(
    session: Session, webhook: str, settings: Settings
) -> None:
    happen(session, "a", "b")
    make(session)
    end_attempt(session, begin(session, webhook), AttemptOutcome(400, "400"), settings, NOON)
    assert subject(session, begin(session, webhook)) == "b"


def test_however_long_an_event_waits_its_target_is_tried_again_soon(
    session: Session, webhook: str
) -> None:
    settings = Settings(webhook_retry_seconds=(86_400,))
    happen(session, "a", "b")
    make(session)
    end_attempt(session, begin(session, webhook), DOWN, settings, NOON)
    assert subject(session, begin(session, webhook, NOON + HELD_AT_MOST)) == "b"


def test_a_webhook_through_which_nothing_gets_is_switched_off_and_loses_nothing(
    session: Session, webhook: str, settings: Settings
) -> None:
    impatient = Settings(webhook_retry_seconds=())
    happen(session, "a")
    make(session)
    end_attempt(session, begin(session, webhook), DOWN, impatient, NOON)
    off = read_webhook(session, webhook)
    assert (off.active, statuses(session, webhook)) == (False, ["dead"])
    assert "Nothing has got through" in (off.disabled_reason or "")
    happen(session, "b")
    assert make(session) == 0
    assert due_webhooks(session, NOON + timedelta(days=1)) == []

    on = change_webhook(
        session, webhook, WebhookChange(active=True), actor="lan", settings=settings
    )
    assert (on.active, on.disabled_reason) == (True, None)
    assert make(session) == 1
    assert subject(session, begin(session, webhook)) == "b"


@pytest.mark.parametrize(
    ("first", "then"), [(DONE, DOWN), (AttemptOutcome(400, "400"), AttemptOutcome(500, "500"))]
)
def test_an_event_that_is_given_up_for_itself_does_not_switch_its_webhook_off(
    session: Session, webhook: str, first: AttemptOutcome, then: AttemptOutcome
) -> None:
    impatient = Settings(webhook_retry_seconds=())
    happen(session, "a", "b")
    make(session)
    end_attempt(session, begin(session, webhook), first, impatient, NOON)
    end_attempt(session, begin(session, webhook), then, impatient, NOON)
    assert statuses(session, webhook)[1] == "dead"
    assert read_webhook(session, webhook).active


def test_a_target_that_is_gone_is_sent_nothing_more(
    session: Session, webhook: str, settings: Settings
) -> None:
    happen(session, "a", "b")
    make(session)
    end_attempt(session, begin(session, webhook), AttemptOutcome(410, "410"), settings, NOON)
    assert not read_webhook(session, webhook).active
    assert statuses(session, webhook) == ["dead", "waiting"]
    assert due_webhooks(session, NOON) == []


def test_what_was_given_up_can_be_sent_again(
    session: Session, webhook: str, settings: Settings
) -> None:
    impatient = Settings(webhook_retry_seconds=())
    happen(session, "a", "b", "c")
    make(session)
    end_attempt(session, begin(session, webhook), DONE, impatient, NOON)
    for _ in range(2):
        end_attempt(session, begin(session, webhook), AttemptOutcome(400, "400"), impatient, NOON)
    dead, _ = list_deliveries(session, webhook, status=DeliveryStatus.DEAD)
    assert len(dead) == 2
    assert replay_dead(session, webhook, actor="lan", at=NOON) == 2
    assert begin(session, webhook).number == 1
    again = replay_delivery(session, webhook, dead[0].id, actor="lan", at=NOON)
    assert (again.status, again.attempts) == (DeliveryStatus.WAITING, 0)
    with pytest.raises(NotFound):
        replay_delivery(session, add_webhook(session, settings), dead[0].id, actor="lan")


def test_a_test_event_goes_to_its_webhook_alone_whatever_its_types(
    session: Session, webhook: str, settings: Settings
) -> None:
    other = add_webhook(session, settings)
    delivery = send_test_event(session, webhook, actor="lan")
    make(session)
    attempt = begin_attempt(session, webhook, "one")
    assert attempt is not None
    assert attempt.message_id == delivery.message_id
    assert '"type":"webhook.test"' in attempt.body
    assert statuses(session, other) == []


def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    session: Session, webhook: str, settings: Settings
) -> None:
    old = session.get_one(Webhook, webhook).secret
    new = rotate_secret(session, webhook, actor="lan", at=NOON).secret
    happen(session, "a")
    make(session)
    assert begin(session, webhook).secrets == (new, old)
    assert begin(session, webhook, NOON + timedelta(hours=25)).secrets == (new,)


def test_secrets_are_in_no_log_and_no_list(
    session: Session, webhook: str, settings: Settings
) -> None:
    rotate_secret(session, webhook, actor="lan")
    change_webhook(session, webhook, WebhookChange(description="x"), actor="lan", settings=settings)
    entries = session.exec(select(LogEntry).where(LogEntry.entity == "webhook")).all()
    assert [entry.action for entry in entries] == ["create", "rotate_secret", "change"]
    assert "whsec_" not in repr([(entry.before, entry.after) for entry in entries])
    assert "whsec_" not in repr(list_webhooks(session))


def test_a_deleted_webhook_is_forgotten_while_it_is_sent_to(
    session: Session, webhook: str, settings: Settings
) -> None:
    happen(session, "a")
    make(session)
    attempt = begin(session, webhook)
    delete_webhook(session, webhook, actor="lan")
    end_attempt(session, attempt, DONE, settings, NOON)
    with pytest.raises(NotFound):
        list_deliveries(session, webhook)


def test_deliveries_are_listed_page_by_page_the_newest_first(
    session: Session, webhook: str
) -> None:
    happen(session, "a", "b", "c")
    make(session)
    first, following = list_deliveries(session, webhook, limit=2)
    rest, end = list_deliveries(session, webhook, limit=2, after=following)
    ids = [one.event_id for one in [*first, *rest]]
    assert (ids, end) == (sorted(ids, reverse=True), None)


def test_a_private_address_is_refused_unless_it_is_allowed(
    session: Session, settings: Settings
) -> None:
    new = NewWebhook(url="http://169.254.169.254/latest")
    with pytest.raises(InvalidInput):
        create_webhook(session, new, actor="lan", settings=settings)
    allowed = settings.model_copy(update={"webhook_private_targets": True})
    create_webhook(session, new, actor="lan", settings=allowed)
