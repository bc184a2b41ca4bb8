"""From the log of changes to messages: whose day is not as their device knows it.

How far the log was looked at is kept, and moved in the transaction that stores what is to be told,
so that no change is left out, whatever dies in between. Days are read before that transaction:
nobody waits for it.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlmodel import Session, col, select

from dispatch.models import PushMessage, PushSource, PushSubscription
from dispatch.push.doings import Doings, doings_between, own_names
from dispatch.push.known_days import (
    KnownDay,
    VisitChange,
    changes,
    days_now,
    end_of,
    is_known,
    joined,
    looked_at,
    without_changes,
)
from dispatch.settings import Settings

GATHERED_FOR = timedelta(seconds=30)
"""So long after a first change others are told with it."""
TOLD_WITHIN = timedelta(hours=12)
"""What a device could not be told by then it is not told; nor anything of a day that is over."""
MOST_BEHIND = 1_000
"""So many entries of the log may be looked at again after a restart, where nothing in them was
anybody's news: to keep how far that was would be a write for each."""


@dataclass(frozen=True, slots=True)
class FoundDays:
    """The days of those whom a stretch of the log concerns."""

    cursor: int
    """Where the stretch begins …"""
    upto: int
    """… and ends."""
    today: date
    doings: Doings
    days: Mapping[str, Mapping[str, KnownDay]]
    """By technician and date."""
    own: Mapping[str, Set[str]]
    """Under which names each of them does things."""


def find_days(
    session: Session, looked_upto: int, upto: int, settings: Settings, at: datetime
) -> FoundDays | None:
    """Look at the log up to ``upto``, a ``LogHorizon``, of which this process has looked at all up
    to ``looked_upto``; None if nothing of it is to be kept."""
    source = session.get(PushSource, 1)
    today = at.astimezone(settings.zone).date()
    if source is None:
        return None
    after = max(looked_upto, source.cursor)
    known_on = session.exec(select(col(PushSubscription.known_on)).distinct()).all()
    is_another_day = any(day != today for day in known_on)
    # Whoever switches it on later knows the day as it is then.
    doings = Doings({}, {})
    if known_on and upto > after:
        doings = doings_between(session, after, upto)
    if not is_another_day and doings.is_nothing and upto - source.cursor < MOST_BEHIND:
        return None
    concerned = {
        row.technician_id
        for row in session.exec(select(PushSubscription))
        if row.known_on != today
        or row.technician_id in doings.publishers
        or any(is_known(row.known, job_id) for job_id in doings.changers)
    }
    if not concerned and upto - source.cursor < MOST_BEHIND:
        return None
    return FoundDays(
        cursor=source.cursor,
        upto=max(after, upto),
        today=today,
        doings=doings,
        days=days_now(session, sorted(concerned), today, settings, at),
        own=own_names(session, sorted(concerned)),
    )


def keep_news(session: Session, found: FoundDays, at: datetime) -> bool:
    """Have devices told what is news to them; false if another service was faster, so that it has
    to be looked for again."""
    source = session.get_one(PushSource, 1, with_for_update=True, populate_existing=True)
    if source.cursor != found.cursor:
        return False
    source.cursor = found.upto
    rows = session.exec(
        select(PushSubscription)
        .where(col(PushSubscription.technician_id).in_(found.days))
        .order_by(col(PushSubscription.id))
        .with_for_update()
    )
    for row in rows.all():
        _keep_news_of(session, row, found, at)
    session.flush()
    return True


def _keep_news_of(session: Session, row: PushSubscription, found: FoundDays, at: datetime) -> None:
    messages = {
        str(message.day): message
        for message in session.exec(
            select(PushMessage).where(PushMessage.subscription_id == row.id).with_for_update()
        )
    }
    known: dict[str, Any] = {}
    for day, present in found.days[row.technician_id].items():
        before = cast("KnownDay | None", row.known.get(day))
        if before is None:
            # It has come near by the clock alone.
            known[day] = present
            continue
        news = _news(row, before, present, messages.get(day), found, at)
        now_known = looked_at(before, present)
        known[day] = _settled(session, row, day, before, now_known, news, messages, at)
    row.known, row.known_on = known, found.today


def _news(
    row: PushSubscription,
    before: KnownDay,
    present: KnownDay,
    message: PushMessage | None,
    found: FoundDays,
    at: datetime,
) -> list[VisitChange]:
    """What of the day is different, and worth telling now."""
    ends_at = end_of(before, present)
    if ends_at is None or ends_at <= at:
        return []
    own = found.own[row.technician_id]
    # What others have changed stays news while it waits, whatever the technician does to it.
    waits = _jobs_of(message) if message is not None and message.attempts == 0 else set()
    return [
        change
        for change in changes(before, present)
        if change["job_id"] in waits
        or found.doings.are_others(row.technician_id, change["job_id"], own)
    ]


def _jobs_of(message: PushMessage) -> set[str]:
    return {change["job_id"] for change in message.changes}


def _settled(
    session: Session,
    row: PushSubscription,
    day: str,
    before: KnownDay,
    present: KnownDay,
    news: list[VisitChange],
    messages: dict[str, PushMessage],
    at: datetime,
) -> KnownDay:
    """Have the message of the day tell the news; the day as the device knows it until it is
    told."""
    message = messages.get(day)
    ends_at = end_of(before, present) or at
    expires_at = min(at + TOLD_WITHIN, ends_at)
    if message is not None and message.attempts > 0:
        # It may have arrived, so that the device knows the day as that told it.
        if news:
            message.changes = _rows(joined(_told(message), news))
            message.created_at, message.expires_at = at, expires_at
        return present
    if not news:
        if message is not None:
            session.delete(message)
            del messages[day]
        return present
    if message is None:
        message = messages[day] = PushMessage(
            subscription_id=row.id,
            day=date.fromisoformat(day),
            is_new_day=not before["visits"],
            next_attempt_at=at + GATHERED_FOR,
            expires_at=expires_at,
            created_at=at,
        )
        session.add(message)
    message.changes, message.expires_at = _rows(news), expires_at
    return without_changes(present, news)


def _rows(news: Iterable[VisitChange]) -> list[dict[str, Any]]:
    return [dict(change) for change in news]


def _told(message: PushMessage) -> list[VisitChange]:
    return cast("list[VisitChange]", message.changes)
