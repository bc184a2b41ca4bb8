"""Messages on their way to devices: what is to be sent now, and what became of it.

As with webhooks, an attempt is counted before it is made and nothing is locked while it is made; if
its sender dies, the lease runs out and another one tries again, under the same tag, so that the
device shows it once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import cast

from pydantic_core import to_json
from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select, update

from dispatch.calendar_texts import Language
from dispatch.events.deliveries import LEASE, AttemptOutcome, spread
from dispatch.models import PushMessage, PushSubscription, now
from dispatch.push.known_days import KnownDay, VisitChange, with_changes
from dispatch.push.subscriptions import holds, remove
from dispatch.push.wording import is_urgent, words
from dispatch.settings import Settings

RETRY_SECONDS = (10, 60, 300, 900, 1_800, 3_600)
"""Waits between attempts, each a fifth more or less; the last one again and again, until the
message is too old."""
GONE = (404, 410)
"""Answers of a push service that does not know the device any more."""
LATER = (408, 425, 429)
"""Answers that are no refusal, beside those of a service that fails (500 and above)."""


@dataclass(frozen=True, slots=True)
class PushAttempt:
    """What a sender is to send now, and to answer for with ``end_attempt``."""

    message_key: int
    subscription_id: str
    number: int
    made_at: datetime
    """When what it tells was put together; another moment is another message."""
    endpoint: str
    p256dh: str
    auth: str
    content: bytes
    """What the device shows, as JSON."""
    topic: str
    """A message that waits at the push service gives way to the next one of the same topic."""
    is_urgent: bool
    ttl: int
    """Seconds for which the push service may keep it."""

    @property
    def message_id(self) -> str:
        return f"push-{self.message_key}"


def due_subscriptions(session: Session, at: datetime) -> list[str]:
    """Those to which something is to be sent now, and to which nobody is sending."""
    due = (
        select(PushMessage.subscription_id)
        .join(PushSubscription, col(PushSubscription.id) == PushMessage.subscription_id)
        .where(_is_due(at), _is_free(at), holds(at))
        .distinct()
    )
    return sorted(session.exec(due))


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(col(PushMessage.next_attempt_at) <= at, col(PushMessage.expires_at) > at)


def _is_free(at: datetime, sender: str | None = None) -> ColumnElement[bool]:
    return or_(
        col(PushSubscription.leased_until_at).is_(None),
        col(PushSubscription.leased_until_at) < at,
        col(PushSubscription.leased_by) == sender,
    )


def begin_push(
    session: Session,
    subscription_id: str,
    sender: str,
    settings: Settings,
    at: datetime | None = None,
) -> PushAttempt | None:
    """The first of what is due for the device, for this sender alone; None if there is nothing, or
    another sender is at it."""
    at = at or now()
    leased = session.exec(
        update(PushSubscription)
        .where(col(PushSubscription.id) == subscription_id, _is_free(at, sender), holds(at))
        .values(leased_by=sender, leased_until_at=at + LEASE)
    )
    if leased.rowcount == 0:
        return None
    due = select(PushMessage).where(PushMessage.subscription_id == subscription_id, _is_due(at))
    message = session.exec(due.order_by(col(PushMessage.next_attempt_at)).limit(1)).first()
    row = session.get_one(PushSubscription, subscription_id, populate_existing=True)
    if message is None:
        row.leased_by = row.leased_until_at = None
        return None
    told = cast("list[VisitChange]", message.changes)
    day = str(message.day)
    if message.attempts == 0 and day in row.known:
        # From now on it may have heard of it.
        row.known = {**row.known, day: with_changes(cast(KnownDay, row.known[day]), told)}
    message.attempts += 1
    session.flush()
    title, body = words(
        message.day,
        told,
        is_new=message.is_new_day,
        language=cast(Language, row.language),
        zone=settings.zone,
    )
    shown = {
        "id": f"{message.created_at.timestamp():.3f}",
        "day": day,
        "title": title,
        "body": body,
        "language": row.language,
    }
    return PushAttempt(
        message_key=message.id or 0,
        subscription_id=subscription_id,
        number=message.attempts,
        made_at=message.created_at,
        endpoint=row.endpoint,
        p256dh=row.p256dh,
        auth=row.auth,
        content=to_json(shown),
        topic=f"day-{day}",
        is_urgent=any(map(is_urgent, told)) or message.day <= at.astimezone(settings.zone).date(),
        ttl=ceil((message.expires_at - at).total_seconds()),
    )


def end_push(
    session: Session, attempt: PushAttempt, outcome: AttemptOutcome, at: datetime | None = None
) -> None:
    """Keep what became of the attempt, and when the next one is due if it failed."""
    at = at or now()
    row = session.get(PushSubscription, attempt.subscription_id, with_for_update=True)
    message = session.get(PushMessage, attempt.message_key, with_for_update=True)
    if row is not None and row.endpoint == attempt.endpoint and outcome.status in GONE:
        remove(session, row, actor="sender")
        return
    is_latest = (
        message is not None
        and message.attempts == attempt.number
        and message.created_at == attempt.made_at
    )
    if message is None or not is_latest:
        # It was taken for dead, or tells more by now; the next attempt answers for it.
        return
    wait = timedelta(seconds=RETRY_SECONDS[min(attempt.number, len(RETRY_SECONDS)) - 1])
    wait = max(spread(wait), timedelta(seconds=outcome.retry_after or 0))
    if is_settled(outcome.status) or at + wait >= message.expires_at:
        session.delete(message)
    else:
        message.next_attempt_at = at + wait
    session.flush()


def is_settled(status: int | None) -> bool:
    """Whether the push service has taken the message, or will not take it at any time."""
    return status is not None and status < 500 and status not in LATER


def give_devices_back(session: Session, sender: str) -> None:
    """Let other senders send to the devices that were this one's."""
    session.exec(
        update(PushSubscription)
        .where(col(PushSubscription.leased_by) == sender)
        .values(leased_by=None, leased_until_at=None)
    )
