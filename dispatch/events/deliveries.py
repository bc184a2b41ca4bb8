"""Events on their way to webhooks: what is to be sent, what became of it, and when to try again.

Deliveries are made from the log, in a transaction that also moves the webhook's cursor: no event is
left out or taken twice, whatever dies in between. An attempt is counted before it is made, and
nothing is locked while it is made; if its sender dies, the webhook's lease runs out and another
sender tries again, under the same id. So an event may arrive twice, but never not at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, and_, col, or_, select, update

from dispatch import log, store
from dispatch.errors import NotFound
from dispatch.events.events import event_of, events_between, is_among
from dispatch.events.webhooks import webhook_row
from dispatch.models import DeliveryStatus, LogEntry, Webhook, WebhookDelivery, is_one_of, now
from dispatch.output import Output
from dispatch.paging import page_of
from dispatch.settings import Settings
from solver.faults import Fault

AT_ONCE = 500
"""Log entries that are looked at in one transaction."""
LEASE = timedelta(seconds=30)
"""Longer than any attempt takes."""
HELD_AT_MOST = timedelta(minutes=5)
"""For so long is a target that cannot be reached left alone."""
AWAY = (429, 502, 503, 504)
"""Answers of a target that cannot be reached just now."""
GONE = 410
"""The answer of a target that wants nothing any more."""

chance = SystemRandom()


def spread(wait: timedelta) -> timedelta:
    """By up to a fifth less or more: what failed together does not come back together."""
    return wait * chance.uniform(0.8, 1.2)


class DeliveryOut(Output):
    """One event on its way to a webhook."""

    id: int
    webhook_id: str
    event_id: int
    message_id: str
    """The `webhook-id` under which every attempt sends it."""
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    """Null once it is over."""
    last_status: int | None
    """HTTP status of the last answer."""
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True)
class Attempt:
    """What a sender is to send now, and to answer for with ``end_attempt``."""

    delivery_id: int
    webhook_id: str
    number: int
    url: str
    secrets: tuple[str, ...]
    message_id: str
    body: str


@dataclass(frozen=True)
class AttemptOutcome:
    """The status of the answer, or why there was none."""

    status: int | None = None
    error: str | None = None
    retry_after: int | None = None
    """For so many seconds the target asks to be left alone."""

    @property
    def is_away(self) -> bool:
        """Whether it says something about the target rather than about the event."""
        return self.status is None or self.status in AWAY


# Making


def is_any_behind(session: Session, upto: int) -> bool:
    """Whether there is a webhook for which log entries up to ``upto`` were not looked at."""
    behind = select(Webhook.id).where(col(Webhook.active), col(Webhook.cursor) < upto)
    return session.exec(behind.limit(1)).first() is not None


def make_deliveries(session: Session, upto: int, at: datetime | None = None) -> int:
    """Put the events up to ``upto``, a ``LogHorizon``, on their way, and say how many deliveries
    that makes; not all at once if there are many."""
    at = at or now()
    made = 0
    behind = select(Webhook).where(col(Webhook.active), col(Webhook.cursor) < upto)
    for webhook in session.exec(behind.order_by(col(Webhook.id))).all():
        before = webhook.cursor
        events, cursor = events_between(session, before, upto, AT_ONCE)
        moved = session.exec(
            update(Webhook)
            .where(col(Webhook.id) == webhook.id, col(Webhook.cursor) == before)
            .values(cursor=cursor)
        )
        if moved.rowcount == 0:
            # Another service was faster.
            continue
        rows = [
            {
                "webhook_id": webhook.id,
                "event_id": event.id,
                "status": DeliveryStatus.WAITING,
                "attempts": 0,
                "next_attempt_at": at,
                "created_at": at,
            }
            for event in events
            if is_among(event, webhook.types)
        ]
        store.append(session, WebhookDelivery, rows)
        made += len(rows)
    return made


def send_test_event(session: Session, webhook_id: str, *, actor: str) -> DeliveryOut:
    """Put a ``webhook.test`` event on its way to this webhook. Raises ``NotFound``."""
    webhook = webhook_row(session, webhook_id)
    entry = log.record(session, actor, "test", log.Entity.WEBHOOK, webhook.id)
    session.flush()
    delivery = WebhookDelivery(webhook_id=webhook.id, event_id=entry.id or 0)
    session.add(delivery)
    session.flush()
    return _out(delivery)


# Sending


def due_webhooks(session: Session, at: datetime) -> list[str]:
    """Those to which something is to be sent now, and to which nobody is sending."""
    due = exists().where(
        col(WebhookDelivery.webhook_id) == col(Webhook.id),
        is_one_of(WebhookDelivery.status, (DeliveryStatus.WAITING,)),
        col(WebhookDelivery.next_attempt_at) <= at,
    )
    return list(session.exec(select(Webhook.id).where(_is_free(at), due).order_by(col(Webhook.id))))


def _is_free(at: datetime, sender: str | None = None) -> ColumnElement[bool]:
    return and_(
        col(Webhook.active),
        or_(
            col(Webhook.leased_until_at).is_(None),
            col(Webhook.leased_until_at) < at,
            col(Webhook.leased_by) == sender,
        ),
        or_(col(Webhook.held_until_at).is_(None), col(Webhook.held_until_at) <= at),
    )


def begin_attempt(
    session: Session, webhook_id: str, sender: str, at: datetime | None = None
) -> Attempt | None:
    """The first of what is due for the webhook, for this sender alone; None if there is nothing,
    or another sender is at it."""
    at = at or now()
    leased = session.exec(
        update(Webhook)
        .where(col(Webhook.id) == webhook_id, _is_free(at, sender))
        .values(leased_by=sender, leased_until_at=at + LEASE)
    )
    if leased.rowcount == 0:
        return None
    due = (
        select(WebhookDelivery, LogEntry)
        .join(LogEntry, col(LogEntry.id) == col(WebhookDelivery.event_id))
        .where(
            WebhookDelivery.webhook_id == webhook_id,
            is_one_of(WebhookDelivery.status, (DeliveryStatus.WAITING,)),
            col(WebhookDelivery.next_attempt_at) <= at,
        )
        .order_by(col(WebhookDelivery.event_id))
    )
    found = session.exec(due.limit(1)).first()
    if found is None:
        give_back(session, sender, webhook_id)
        return None
    delivery, entry = found
    event = event_of(entry)
    if event is None:
        delivery.status = DeliveryStatus.DEAD
        delivery.last_error = "Such events are not published any more."
        give_back(session, sender, webhook_id)
        return None
    delivery.attempts += 1
    session.flush()
    webhook = session.get_one(Webhook, webhook_id)
    old = webhook.previous_secret_ends_at
    return Attempt(
        delivery_id=delivery.id or 0,
        webhook_id=webhook_id,
        number=delivery.attempts,
        url=webhook.url,
        secrets=(
            webhook.secret,
            *([webhook.previous_secret] if webhook.previous_secret and old and at < old else []),
        ),
        message_id=_message_id(delivery),
        body=event.wire,
    )


def end_attempt(
    session: Session,
    attempt: Attempt,
    outcome: AttemptOutcome,
    settings: Settings,
    at: datetime | None = None,
) -> None:
    """Keep what became of the attempt, and when the next one is due if it failed."""
    at = at or now()
    webhook = session.get(Webhook, attempt.webhook_id, with_for_update=True)
    delivery = session.get(WebhookDelivery, attempt.delivery_id, with_for_update=True)
    is_latest = (
        delivery is not None
        and delivery.attempts == attempt.number
        and delivery.status == DeliveryStatus.WAITING
    )
    if webhook is None or delivery is None or not is_latest:
        # It was taken for dead, replayed or deleted meanwhile; somebody else answers for it.
        return
    delivery.last_status, delivery.last_error = outcome.status, outcome.error
    waits = settings.webhook_retry_seconds
    if outcome.status is not None and 200 <= outcome.status < 300:
        delivery.status, delivery.delivered_at = DeliveryStatus.DELIVERED, at
        return
    wait = HELD_AT_MOST
    if outcome.status == GONE or attempt.number > len(waits):
        delivery.status = DeliveryStatus.DEAD
    else:
        wait = spread(timedelta(seconds=waits[attempt.number - 1]))
        delivery.next_attempt_at = at + wait
    if outcome.is_away:
        webhook.held_until_at = at + min(wait, HELD_AT_MOST)
    if delivery.status == DeliveryStatus.DEAD:
        _switch_off_if_dead(session, webhook, delivery, outcome)
    session.flush()


def _switch_off_if_dead(
    session: Session, webhook: Webhook, delivery: WebhookDelivery, outcome: AttemptOutcome
) -> None:
    reason = None
    if outcome.status == GONE:
        reason = "The target answered 410 Gone: it wants no events any more."
    elif outcome.is_away and not _anything_delivered(session, webhook.id, delivery.created_at):
        reason = f"Nothing has got through since {delivery.created_at:%Y-%m-%d %H:%M} UTC."
    if reason is not None:
        webhook.active, webhook.disabled_reason = False, reason
        after = {"active": False, "disabled_reason": reason}
        log.record(session, "sender", "disable", log.Entity.WEBHOOK, webhook.id, after=after)


def _anything_delivered(session: Session, webhook_id: str, since: datetime) -> bool:
    found = session.exec(
        select(WebhookDelivery.id).where(
            WebhookDelivery.webhook_id == webhook_id,
            WebhookDelivery.status == DeliveryStatus.DELIVERED,
            col(WebhookDelivery.delivered_at) >= since,
        )
    )
    return found.first() is not None


def give_back(session: Session, sender: str, webhook_id: str | None = None) -> None:
    """Let other senders send to the webhook (None: to all that are this sender's)."""
    mine = col(Webhook.leased_by) == sender
    if webhook_id is not None:
        mine = and_(mine, col(Webhook.id) == webhook_id)
    session.exec(update(Webhook).where(mine).values(leased_by=None, leased_until_at=None))


# Looking, and trying again


def list_deliveries(
    session: Session,
    webhook_id: str,
    *,
    status: DeliveryStatus | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[DeliveryOut], int | None]:
    """A page of a webhook's deliveries, the newest first, and the ``after`` of the next page.

    Raises ``NotFound``.
    """
    webhook_row(session, webhook_id)
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    page, following = page_of(session, query, after, limit, newest_first=True, status=status)
    return [_out(one) for one in page], following


def replay_delivery(
    session: Session, webhook_id: str, delivery_id: int, *, actor: str, at: datetime | None = None
) -> DeliveryOut:
    """Send it (again) as soon as possible, with a fresh count of attempts. Raises ``NotFound``."""
    webhook_row(session, webhook_id)
    delivery = session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if delivery is None or delivery.webhook_id != webhook_id:
        raise NotFound(
            Fault(
                "unknown_delivery",
                f"delivery {delivery_id}",
                "there is no such delivery",
                "list the webhook's deliveries; delivered ones are not kept for ever",
            )
        )
    _replay(delivery, at or now())
    log.record(
        session, actor, "replay", log.Entity.WEBHOOK, webhook_id, after={"delivery": delivery_id}
    )
    session.flush()
    return _out(delivery)


def replay_dead(
    session: Session, webhook_id: str, *, actor: str, at: datetime | None = None
) -> int:
    """Send everything again that was given up, and say how much. Raises ``NotFound``."""
    webhook_row(session, webhook_id)
    dead = select(WebhookDelivery).where(
        WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.status == DeliveryStatus.DEAD
    )
    found = session.exec(dead.with_for_update()).all()
    for delivery in found:
        _replay(delivery, at or now())
    log.record(
        session, actor, "replay", log.Entity.WEBHOOK, webhook_id, after={"deliveries": len(found)}
    )
    session.flush()
    return len(found)


def _replay(delivery: WebhookDelivery, at: datetime) -> None:
    delivery.status = DeliveryStatus.WAITING
    delivery.attempts = 0
    delivery.next_attempt_at = at
    delivery.delivered_at = None


def _message_id(delivery: WebhookDelivery) -> str:
    return f"event-{delivery.event_id}"


def _out(delivery: WebhookDelivery) -> DeliveryOut:
    values = delivery.model_dump()
    if delivery.status != DeliveryStatus.WAITING:
        values["next_attempt_at"] = None
    return DeliveryOut(**values, message_id=_message_id(delivery))
