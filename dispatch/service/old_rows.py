"""Which rows nobody needs any more, kind by kind.

Each kind of row has a condition beside its age: what something may still be done about, what is
still shown somewhere, and what other rows refer to stays, however old it is. What was ever in force
stays in any case.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col, or_, select

from dispatch import store
from dispatch.alerts.jobs import hold_sites
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
    WebhookDelivery,
)
from dispatch.plans import versions
from dispatch.push.subscriptions import is_over
from dispatch.settings import Settings

OVER_FOR = timedelta(days=1)
"""So long what devices are told is left to those who tell them, who remove it at once."""
ENDED = (*OVER, JobStatus.CANCELLED)
"""Jobs in these states are nobody's business any more."""


Keys = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class OldRows:
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

    def found(self, session: Session, before: datetime, limit: int) -> Keys:
        query = select(*self.key).where(self.is_over(before)).order_by(*self.key)
        return [tuple(row) for row in session.connection().execute(query.limit(limit))]

    def remove(self, session: Session, keys: Keys, before: datetime) -> int:
        """Remove those of the rows for which it still holds, and nobody is at work on."""
        self.hold(session, keys)
        still = select(*self.key).where(self.among(keys), self.is_over(before))
        # Rows that somebody else is at work on are none of ours.
        query = still.order_by(*self.key).with_for_update(of=self.table, skip_locked=True)
        gone = [tuple(row) for row in session.connection().execute(query)]
        if gone:
            self.remove_parts(session, gone)
            delete_rows(session, self.table, self.among(gone))
        return len(gone)


def delete_rows(session: Session, table: type[SQLModel], condition: ColumnElement[bool]) -> None:
    """Remove the rows for which it holds."""
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
    delete_rows(session, Stop, col(Stop.route_id).in_(routes))
    delete_rows(session, Route, col(Route.plan_id).in_(ids))
    delete_rows(session, PlanUnassigned, col(PlanUnassigned.plan_id).in_(ids))


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
    delete_rows(session, Firing, col(Firing.run_id).in_([id_ for (id_,) in keys]))


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
    OldRows(
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
    OldRows(
        "runs",
        Run,
        lambda settings: settings.keep_runs_days,
        _run_is_over,
        remove_parts=_remove_firings,
    ),
    OldRows(
        "alerts",
        Alert,
        lambda settings: settings.keep_alerts_days,
        _alert_is_over,
        _hold_sites,
        at_once=100,
    ),
    OldRows(
        "dead letters",
        DeadLetter,
        lambda settings: settings.keep_dead_letters_days,
        _letter_is_over,
        at_once=50,
    ),
    OldRows(
        "placements",
        Placement,
        lambda settings: settings.keep_placements_days,
        _placement_is_over,
    ),
    OldRows(
        "idempotency keys",
        IdempotencyKey,
        lambda settings: settings.keep_idempotency_keys_days,
        _key_is_over,
    ),
    OldRows(
        "deliveries",
        WebhookDelivery,
        lambda settings: settings.keep_deliveries_days,
        _delivery_is_over,
    ),
    OldRows(
        "push messages",
        PushMessage,
        lambda _: OVER_FOR.days,
        _push_is_over,
    ),
    OldRows(
        "push subscriptions",
        PushSubscription,
        lambda _: OVER_FOR.days,
        _subscription_is_over,
    ),
    OldRows(
        "attachments",
        Attachment,
        lambda settings: settings.keep_attachments_days,
        _attachment_is_over,
    ),
)
