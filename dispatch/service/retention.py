"""What a database need not keep for ever: removed when it is old enough, and nothing needs it.

How old that is, the settings say (``keep_…_days``), and what else must hold of a row,
``old_rows``.

Rows are looked for without keeping anybody waiting, and removed a few at a time, each time in a
transaction that looks at them once more; between two of them others have their turn.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from dispatch import store
from dispatch.attachments.attachments import hold_content
from dispatch.attachments.shelf import Shelf
from dispatch.events.events import newest_entry, removed_upto
from dispatch.models import (
    Attachment,
    DeliveryStatus,
    LogEntry,
    LogStart,
    Webhook,
    WebhookDelivery,
)
from dispatch.service.old_rows import KINDS, OldRows, delete_rows
from dispatch.settings import Settings

AT_A_LOOK = 2_000
"""Rows of a kind that are looked for in one go."""
MOST_LOOKS = 50
"""Of a kind, each time: the rest is for the next time."""
LEAST_REST_SECONDS = 0.02
CONTENTS_AT_A_LOOK = 200
UNNAMED_FOR = timedelta(hours=1)
"""Contents are there before the rows that name them: younger ones are left alone."""
LEAST_ENTRIES = 10_000
"""So many of the newest entries of the log stay, however old: what is in memory goes on from there,
and their ids are not given again."""
logger = logging.getLogger(__name__)


def remove_old(
    engine: Engine, settings: Settings, at: datetime, stopping: threading.Event | None = None
) -> dict[str, int]:
    """Remove what is older than the settings say, and say how much of each kind; what failed is
    left for the next time. Once ``stopping`` is set it ends after the rows at hand."""
    stopping = stopping or threading.Event()
    removed: dict[str, int] = {}
    for kind in KINDS:
        days = kind.days(settings)
        if days is None or stopping.is_set():
            continue
        before = at - timedelta(days=days)
        try:
            for _ in range(MOST_LOOKS):
                if not _remove_some(engine, kind, before, stopping, removed):
                    break
        except Exception:
            # The others need not wait until somebody has found out why.
            logger.exception("Could not remove old %s", kind.name)
    if not stopping.is_set():
        try:
            _remove_unnamed_contents(engine, settings, at, stopping, removed)
        except Exception:
            logger.exception("Could not remove contents that no attachment names")
    if settings.keep_log_days is not None and not stopping.is_set():
        try:
            _shorten_log(engine, at - timedelta(days=settings.keep_log_days), stopping, removed)
        except Exception:
            logger.exception("Could not remove old log entries")
    return removed


def _remove_some(
    engine: Engine,
    kind: OldRows,
    before: datetime,
    stopping: threading.Event,
    removed: dict[str, int],
) -> bool:
    """One look; whether another one may find more."""
    with Session(store.reading(engine)) as session:
        keys = kind.found(session, before, AT_A_LOOK)
    gone = 0
    for begin in range(0, len(keys), kind.at_once):
        began_at = time.monotonic()
        with Session(engine) as session:
            _hold_removal(session)
            number = kind.remove(session, keys[begin : begin + kind.at_once], before)
            session.commit()
        gone += number
        if number:
            removed[kind.name] = removed.get(kind.name, 0) + number
        if _rest(stopping, began_at):
            return False
    return gone > 0 and len(keys) == AT_A_LOOK


def _hold_removal(session: Session) -> None:
    """One service at a time."""
    store.hold_idempotency_key(session, "removal of what is old")


def _rest(stopping: threading.Event, began_at: float) -> bool:
    """Let others work for as long as they were kept waiting; whether it is time to end."""
    return stopping.wait(max(LEAST_REST_SECONDS, time.monotonic() - began_at))


# Contents of attachments


def _remove_unnamed_contents(
    engine: Engine,
    settings: Settings,
    at: datetime,
    stopping: threading.Event,
    removed: dict[str, int],
) -> None:
    """Those that are no attachment's any more, and of which none came to be."""
    shelf, before = Shelf(settings.attachments_folder), at - UNNAMED_FOR
    gone = 0
    for digests in _some(shelf.older_than(before)):
        began_at = time.monotonic()
        with Session(store.reading(engine)) as session:
            named = _named(session, digests)
        for digest in digests:
            if digest not in named:
                with Session(engine) as session:
                    hold_content(session, digest)
                    # Somebody may have added the same picture just now.
                    if not _named(session, [digest]):
                        gone += shelf.remove(digest, before)
                    session.commit()
        if gone:
            removed["contents"] = gone
        if _rest(stopping, began_at):
            return


def _some(digests: Iterator[str]) -> Iterator[list[str]]:
    while some := list(islice(digests, CONTENTS_AT_A_LOOK)):
        yield some


def _named(session: Session, digests: Sequence[str]) -> set[str]:
    return set(
        session.exec(
            select(Attachment.digest).where(
                col(Attachment.digest).in_(digests), col(Attachment.removed_at).is_(None)
            )
        )
    )


# The log


def _shorten_log(
    engine: Engine, before: datetime, stopping: threading.Event, removed: dict[str, int]
) -> None:
    for _ in range(MOST_LOOKS):
        began_at = time.monotonic()
        with Session(engine) as session:
            _hold_removal(session)
            gone = _remove_first_entries(session, before)
            session.commit()
        if not gone:
            return
        removed["log entries"] = removed.get("log entries", 0) + gone
        if _rest(stopping, began_at):
            return


def _remove_first_entries(session: Session, before: datetime) -> int:
    """The first entries up to one that is younger, or needed: what is left has no holes."""
    upto = removed_upto(session)
    rows = session.exec(
        select(LogEntry.id, LogEntry.at)
        .where(col(LogEntry.id) > upto, col(LogEntry.id) < _first_needed(session))
        .order_by(col(LogEntry.id))
        .limit(AT_A_LOOK)
    ).all()
    old = [id_ or 0 for id_, _ in takewhile(lambda row: row[1] < before, rows)]
    if not old:
        return 0
    # The database lets go what is named here, and nothing else.
    session.merge(LogStart(removed_upto=old[-1]))
    session.flush()
    delete_rows(session, LogEntry, (col(LogEntry.id) > upto) & (col(LogEntry.id) <= old[-1]))
    return len(old)


def _first_needed(session: Session) -> int:
    """The id of the first entry that is not to go, however old it is."""
    first = newest_entry(session) - LEAST_ENTRIES + 1
    # In this order: deliveries are made in the transaction that moves the cursor.
    cursor = session.exec(select(func.min(Webhook.cursor))).one()
    if cursor is not None:
        first = min(first, cursor + 1)
    to_send = col(WebhookDelivery.status).in_((DeliveryStatus.WAITING, DeliveryStatus.DEAD))
    event = session.exec(select(func.min(WebhookDelivery.event_id)).where(to_send)).one()
    return first if event is None else min(first, event)
