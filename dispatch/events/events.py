"""Events: what others may watch of the log of changes.

The log is written in the transaction that makes the change, so nothing is told that did not happen,
and nothing that happened goes untold. An event's id is its log entry's.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError, to_json
from sqlalchemy import func
from sqlmodel import Session, col, select

from dispatch.models import AT_WORK, LogEntry, LogStart, Run, RunStatus, is_one_of, now
from dispatch.output import Output

TYPES = {
    ("plan", "draft"): "plan.drafted",
    ("plan", "publish"): "plan.published",
    ("plan", "accept"): "plan.accepted",
    ("plan", "discard"): "plan.discarded",
    ("plan", "merge"): "plan.merged",
    ("absence", "add"): "absence.added",
    ("absence", "remove"): "absence.removed",
    ("technician", "change"): "technician.changed",
    ("run", "request"): "run.requested",
    ("run", "queued"): "run.queued_again",
    ("run", "cancel"): "run.cancelling",
    ("run", "cancelled"): "run.cancelled",
    ("run", "finished"): "run.finished",
    ("run", "failed"): "run.failed",
    ("job", "create"): "job.created",
    ("job", "import"): "job.imported",
    ("job", "change"): "job.changed",
    ("job", "cancel"): "job.cancelled",
    ("job", "reopen"): "job.reopened",
    ("job", "place"): "job.placed",
    ("job", "move"): "job.moved",
    ("job", "override"): "job.overridden",
    ("job", "end_override"): "job.override_ended",
    ("job", "undo"): "job.move_undone",
    ("job", "take_over"): "job.taken_over",
    ("job", "miss"): "job.missed",
    ("job", "take_off"): "job.taken_off",
    ("job", "schedule"): "job.scheduled",
    ("job", "unschedule"): "job.unscheduled",
    ("job", "en_route"): "job.en_route",
    ("job", "on_site"): "job.on_site",
    ("job", "completed"): "job.completed",
    ("job", "cannot_complete"): "job.cannot_complete",
    ("job", "close"): "job.closed",
    ("stock_transfer", "book"): "stock_transfer.booked",
    ("webhook", "test"): "webhook.test",
}
"""Entity and action of the log entries that are published, and as what."""
WHOLE = ("alert", "attachment", "dead_letter", "job_link", "placement")
"""Entities whose every action is published, under its own name."""
LOGGED = ("plan", "run", "job", "absence", "technician", "stock_transfer", *WHOLE)
"""Entities with entries in the log that are events."""
WATCHED = (*LOGGED, "issue")
"""What types begin with; a test of a webhook is for that webhook alone."""
MOST_BYTES_AFTER = 8_000
"""A larger ``after`` is left out: readers fetch the thing itself."""


class EventOut(Output):
    """Something that happened."""

    id: int | None
    """Grows from event to event; null for `run.progress` and `issue.changed`, which cannot be asked
    for again."""
    type: str
    """What happened to what, such as `plan.published` or `job.completed`."""
    at: datetime
    actor: str
    """Who did it."""
    entity: str
    """What it happened to, such as `job`."""
    entity_id: str
    after: dict[str, Any] | None = None
    """What has changed, as it is now."""
    after_omitted: bool = False
    """Whether `after` was too large to be sent; read the thing itself."""

    @cached_property
    def wire(self) -> str:
        """As JSON on one line."""
        return self.model_dump_json()


def event_of(entry: LogEntry) -> EventOut | None:
    """The event that the entry is to others; None if it is none of their business."""
    type_ = TYPES.get((entry.entity, entry.action))
    if type_ is None and entry.entity in WHOLE:
        type_ = f"{entry.entity}.{entry.action}"
    if type_ is None:
        return None
    is_large = entry.after is not None and len(to_json(entry.after)) > MOST_BYTES_AFTER
    return EventOut(
        id=entry.id,
        type=type_,
        at=entry.at,
        actor=entry.actor,
        entity=entry.entity,
        entity_id=entry.entity_id,
        after=None if is_large else entry.after,
        after_omitted=is_large,
    )


def events_between(
    session: Session, after: int, upto: int, limit: int
) -> tuple[list[EventOut], int]:
    """Events with ids above ``after`` in their order, and the id up to which these are all.

    That is ``upto`` unless there are too many at once; ``upto`` itself comes from a ``LogHorizon``.
    """
    entries = session.exec(
        select(LogEntry)
        .where(col(LogEntry.id) > after, col(LogEntry.id) <= upto)
        .where(col(LogEntry.entity).in_(LOGGED))
        .order_by(col(LogEntry.id))
        .limit(limit)
    ).all()
    events = [event for entry in entries if (event := event_of(entry)) is not None]
    if len(entries) == limit and entries[-1].id is not None:
        upto = entries[-1].id
    return events, upto


def newest_entry(session: Session) -> int:
    """The highest id of an entry that is there (0: none)."""
    return session.exec(select(func.max(LogEntry.id))).one() or 0


def removed_upto(session: Session) -> int:
    """The id of the last entry that is kept no longer (0: none)."""
    return session.exec(select(func.max(LogStart.removed_upto))).one() or 0


def running(session: Session) -> Sequence[Run]:
    at_work = select(Run).where(is_one_of(Run.status, AT_WORK))
    return session.exec(at_work.where(Run.status == RunStatus.RUNNING)).all()


def progress_of(run: Run) -> EventOut:
    """How far a running run has got, which is not in the log."""
    return EventOut(
        id=None,
        type="run.progress",
        at=now(),
        actor=run.owner or run.requested_by,
        entity="run",
        entity_id=run.id,
        after={"progress": run.progress, "objective": run.objective},
    )


# Who gets which


def _of_what_is_watched(type_: str) -> str:
    if type_.partition(".")[0] not in WATCHED:
        raise PydanticCustomError(
            "unknown_event_type",
            "no event's type begins like {type}",
            {"type": type_, "action": f"begin it with {', '.join(WATCHED)}"},
        )
    return type_


EventType = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)?$", max_length=80),
    AfterValidator(_of_what_is_watched),
]
"""A type of events, or what it begins with: ``job`` for everything that happens to jobs."""
EventTypes = Annotated[list[EventType], Field(max_length=50)]


def is_among(event: EventOut, types: Collection[str]) -> bool:
    """Whether the event is of one of the types, or below one; without any, all are."""
    return not types or event.type in types or event.type.partition(".")[0] in types
