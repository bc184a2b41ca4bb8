"""What a database need not keep for ever: removed when it is old enough, and nothing needs it.

How old that is, the settings say (``keep_…_days``). Each kind of row has a condition beside its
age: what something may still be done about, what is still shown somewhere, and what other rows
refer to stays, however old it is. What was ever in force stays in any case.

Rows are looked for without keeping anybody waiting, and removed a few at a time, each time in a
transaction that looks at them once more; between two of them others have their turn.
"""

import logging
import operator
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, delete, exists, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col, or_, select

from dispatch import store
from dispatch.alerts.jobs import hold_sites
from dispatch.attachments.attachments import hold_content
from dispatch.attachments.shelf import Shelf
from dispatch.events.events import newest_entry, removed_upto
from dispatch.models import (
    AT_WORK,
    OVER,
    AlarmState,
    Alert,
    AlertOutcome,
    Attachment,
    DeadLetter,
    DeadLetterState,
    DeliveryStatus,
    Firing,
    IdempotencyKey,
    Job,
    JobStatus,
    JobTask,
    LogEntry,
    LogStart,
    ManualChange,
    Placement,
    PlacementStatus,
    Plan,
    PlanStatus,
    PlanUnassigned,
    PushMessage,
    PushSubscription,
    Route,
    Run,
    RunStatus,
    Stop,
    Waiver,
    Webhook,
    WebhookDelivery,
)
from dispatch.plans import versions
from dispatch.push.subscriptions import is_over
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
OVER_FOR = timedelta(days=1)
"""So long what devices are told is left to those who tell them, who remove it at once."""
ENDED = (*OVER, JobStatus.CANCELLED)
"""Jobs in these states are nobody's business any more."""

Keys = Sequence[tuple[Any, ...]]
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


@dataclass(frozen=True)
class _Kind:
    """Rows of one table. ``is_over`` says which of them may go that are older than a moment."""

    name: str
    table: type[SQLModel]
    days: Callable[[Settings], int | None]
    is_over: Callable[[datetime], ColumnElement[bool]]
    hold: Callable[[Session, Keys], None] = lambda *_: None
    """Keep those away who might still want the rows, until the transaction ends."""
    remove_parts: Callable[[Session, Keys], None] = lambda *_: None
    """Remove what belongs to the rows and to nothing else."""
    at_once: int = 200

    @property
    def key(self) -> list[Any]:
        return [getattr(self.table, name) for name in store.key_columns(self.table)]

    def among(self, keys: Keys) -> ColumnElement[bool]:
        if len(self.key) == 1:
            found: ColumnElement[bool] = self.key[0].in_([value for (value,) in keys])
            return found
        # Not "in" a list of pairs: SQLite would go through the table.
        return or_(*(and_(*map(operator.eq, self.key, key)) for key in keys))

    def found(self, session: Session, before: datetime) -> Keys:
        query = select(*self.key).where(self.is_over(before)).order_by(*self.key)
        return [tuple(row) for row in session.connection().execute(query.limit(AT_A_LOOK))]

    def remove(self, session: Session, keys: Keys, before: datetime) -> int:
        """Remove those of the rows for which it still holds, and nobody is at work on."""
        self.hold(session, keys)
        still = select(*self.key).where(self.among(keys), self.is_over(before))
        # Rows that somebody else is at work on are none of ours.
        query = still.order_by(*self.key).with_for_update(of=self.table, skip_locked=True)
        gone = [tuple(row) for row in session.connection().execute(query)]
        if gone:
            self.remove_parts(session, gone)
            _delete(session, self.table, self.among(gone))
        return len(gone)


def _remove_some(
    engine: Engine,
    kind: _Kind,
    before: datetime,
    stopping: threading.Event,
    removed: dict[str, int],
) -> bool:
    """One look; whether another one may find more."""
    with Session(store.reading(engine)) as session:
        keys = kind.found(session, before)
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


def _delete(session: Session, table: type[SQLModel], condition: ColumnElement[bool]) -> None:
    # Not by the session: it would ask which of its rows are meant, and has none.
    session.connection().execute(delete(table).where(condition))


def _is_named(reference: Any, row: Any) -> ColumnElement[bool]:
    return exists().where(reference == row)


# Plans and runs


def _plan_is_over(before: datetime) -> ColumnElement[bool]:
    newer = aliased(PlanUnassigned)
    later = exists().where(
        col(newer.job_id) == col(PlanUnassigned.job_id),
        col(newer.plan_id) > col(PlanUnassigned.plan_id),
    )
    is_last_word = (
        exists()
        .where(col(PlanUnassigned.plan_id) == col(Plan.id), ~later)
        .where(col(Job.id) == col(PlanUnassigned.job_id), col(Job.status).not_in(ENDED))
    )
    is_at_work = exists().where(col(Run.id) == col(Plan.run_id), col(Run.status).in_(AT_WORK))
    return and_(
        col(Plan.status).in_((PlanStatus.DRAFT, PlanStatus.DISCARDED)),
        col(Plan.version).is_(None),
        col(Plan.created_at) < before,
        col(Plan.ends_on) < before.date(),
        ~is_at_work,
        # Why a job has no place, its last plan says.
        ~is_last_word,
        # Only what was in force is named by these; but what is named, stays.
        ~_is_named(Placement.plan_id, Plan.id),
        ~_is_named(Waiver.plan_id, Plan.id),
        ~_is_named(ManualChange.plan_id, Plan.id),
        ~_is_named(ManualChange.undoes_plan_id, Plan.id),
    )


def _hold_publication(session: Session, _keys: Keys) -> None:
    """A draft that is removed is not published meanwhile."""
    versions.hold_publication(session)


def _remove_plan_parts(session: Session, keys: Keys) -> None:
    ids = [id_ for (id_,) in keys]
    routes = select(Route.id).where(col(Route.plan_id).in_(ids))
    _delete(session, Stop, col(Stop.route_id).in_(routes))
    _delete(session, Route, col(Route.plan_id).in_(ids))
    _delete(session, PlanUnassigned, col(PlanUnassigned.plan_id).in_(ids))


def _run_is_over(before: datetime) -> ColumnElement[bool]:
    return and_(
        col(Run.status).in_((RunStatus.FINISHED, RunStatus.FAILED, RunStatus.CANCELLED)),
        col(Run.created_at) < before,
        # Of days to come it is told that one has failed, and when they were last planned.
        col(Run.ends_on) < before.date(),
        or_(col(Run.finished_at).is_(None), col(Run.finished_at) < before),
        ~_is_named(Plan.run_id, Run.id),
    )


def _remove_firings(session: Session, keys: Keys) -> None:
    """That a night was planned is of interest for some hours only."""
    _delete(session, Firing, col(Firing.run_id).in_([id_ for (id_,) in keys]))


# Alerts


def _alert_is_over(before: datetime) -> ColumnElement[bool]:
    newer = aliased(Alert)
    again = exists().where(
        col(newer.device_id) == col(Alert.device_id),
        col(newer.type) == col(Alert.type),
        col(newer.source_id) == col(Alert.source_id),
        col(newer.origin) == col(Alert.origin),
        col(newer.id) > col(Alert.id),
    )
    is_open = exists().where(col(Job.id) == col(Alert.job_id), col(Job.status).not_in(ENDED))
    return and_(
        col(Alert.outcome) == AlertOutcome.CLEARED,
        col(Alert.state).in_((AlarmState.NORMAL, AlarmState.RETURNED)),
        col(Alert.last_seen_at) < before,
        or_(col(Alert.cleared_at).is_(None), col(Alert.cleared_at) < before),
        ~is_open,
        # What a job was made of is told with it.
        ~_is_named(JobTask.alert_id, Alert.id),
        # A broker may hand out the last message once more; it must not look like news.
        again,
    )


def _hold_sites(session: Session, keys: Keys) -> None:
    """What comes about these alerts waits, and finds none."""
    ids = [id_ for (id_,) in keys]
    hold_sites(session, set(session.exec(select(Alert.site_id).where(col(Alert.id).in_(ids)))))


def _letter_is_over(before: datetime) -> ColumnElement[bool]:
    newer = aliased(DeadLetter)
    again = exists().where(
        col(newer.source_id) == col(DeadLetter.source_id),
        col(newer.device).is_not_distinct_from(col(DeadLetter.device)),
        col(newer.id) > col(DeadLetter.id),
    )
    return and_(
        col(DeadLetter.state).in_((DeadLetterState.REPLAYED, DeadLetterState.DISCARDED)),
        col(DeadLetter.settled_at) < before,
        col(DeadLetter.last_seen_at) < before,
        # As of alerts: what was settled is not to be settled again.
        again,
    )


# Wishes, keys, deliveries


def _placement_is_over(before: datetime) -> ColumnElement[bool]:
    return and_(
        col(Placement.status).in_(set(PlacementStatus) - {PlacementStatus.WAITING}),
        col(Placement.settled_at) < before,
        # As long as a job waits, or is to be attended, what was tried for it matters.
        exists().where(col(Job.id) == col(Placement.job_id), col(Job.status).in_(ENDED)),
    )


def _key_is_over(before: datetime) -> ColumnElement[bool]:
    return col(IdempotencyKey.created_at) < before


def _delivery_is_over(before: datetime) -> ColumnElement[bool]:
    return and_(
        col(WebhookDelivery.status) == DeliveryStatus.DELIVERED,
        col(WebhookDelivery.delivered_at) < before,
    )


def _subscription_is_over(before: datetime) -> ColumnElement[bool]:
    return and_(col(PushSubscription.created_at) < before, is_over(before))


def _push_is_over(before: datetime) -> ColumnElement[bool]:
    return col(PushMessage.expires_at) < before


def _attachment_is_over(before: datetime) -> ColumnElement[bool]:
    return and_(
        col(Attachment.received_at) < before,
        exists().where(col(Job.id) == col(Attachment.job_id), col(Job.status).in_(ENDED)),
    )


KINDS = (
    _Kind(
        "drafts",
        Plan,
        lambda settings: settings.keep_drafts_days,
        _plan_is_over,
        _hold_publication,
        _remove_plan_parts,
        # One may have thousands of stops.
        at_once=5,
    ),
    # After plans: they go with theirs.
    _Kind(
        "runs",
        Run,
        lambda settings: settings.keep_runs_days,
        _run_is_over,
        remove_parts=_remove_firings,
    ),
    _Kind(
        "alerts",
        Alert,
        lambda settings: settings.keep_alerts_days,
        _alert_is_over,
        _hold_sites,
        at_once=100,
    ),
    _Kind(
        "dead letters",
        DeadLetter,
        lambda settings: settings.keep_dead_letters_days,
        _letter_is_over,
        at_once=50,
    ),
    _Kind(
        "placements",
        Placement,
        lambda settings: settings.keep_placements_days,
        _placement_is_over,
    ),
    _Kind(
        "idempotency keys",
        IdempotencyKey,
        lambda settings: settings.keep_idempotency_keys_days,
        _key_is_over,
    ),
    _Kind(
        "deliveries",
        WebhookDelivery,
        lambda settings: settings.keep_deliveries_days,
        _delivery_is_over,
    ),
    _Kind(
        "push messages",
        PushMessage,
        lambda _: OVER_FOR.days,
        _push_is_over,
    ),
    _Kind(
        "push subscriptions",
        PushSubscription,
        lambda _: OVER_FOR.days,
        _subscription_is_over,
    ),
    _Kind(
        "attachments",
        Attachment,
        lambda settings: settings.keep_attachments_days,
        _attachment_is_over,
    ),
)


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
    _delete(session, LogEntry, (col(LogEntry.id) > upto) & (col(LogEntry.id) <= old[-1]))
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
