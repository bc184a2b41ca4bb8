"""The log of who changed what, when; the database refuses to change or remove its entries."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from dispatch import store
from dispatch.models import LogEntry, now
from dispatch.output import Output
from dispatch.paging import page_of

Content = dict[str, Any] | None


class Entity(StrEnum):
    """What an entry can be about."""

    ABSENCE = "absence"
    ACCOUNT = "account"
    ALERT = "alert"
    ALERT_RULE = "alert_rule"
    ALERT_SOURCE = "alert_source"
    ASSET = "asset"
    ATTACHMENT = "attachment"
    CALENDAR_LINK = "calendar_link"
    DEAD_LETTER = "dead_letter"
    DEPOT = "depot"
    DEPOT_STOCK = "depot_stock"
    DEVICE = "device"
    FOLDER = "folder"
    JOB = "job"
    JOB_LINK = "job_link"
    JOB_TEMPLATE = "job_template"
    KEY = "key"
    OPENING_HOURS = "opening_hours"
    PART = "part"
    PLACEMENT = "placement"
    PLAN = "plan"
    PUSH_SUBSCRIPTION = "push_subscription"
    RUN = "run"
    SITE = "site"
    SKILL = "skill"
    STOCK_TRANSFER = "stock_transfer"
    TECHNICIAN = "technician"
    TOOL = "tool"
    TRAVEL_LEG = "travel_leg"
    VAN_STOCK = "van_stock"
    WEBHOOK = "webhook"
    WEEKLY_BREAK = "weekly_break"
    WORKING_HOURS = "working_hours"


APART = frozenset(
    {
        Entity.ACCOUNT,
        Entity.ALERT,
        Entity.ALERT_RULE,
        Entity.ALERT_SOURCE,
        Entity.ASSET,
        Entity.ATTACHMENT,
        Entity.CALENDAR_LINK,
        Entity.DEAD_LETTER,
        Entity.DEVICE,
        Entity.JOB_TEMPLATE,
        Entity.KEY,
        Entity.PLACEMENT,
        Entity.PUSH_SUBSCRIPTION,
        Entity.RUN,
        Entity.WEBHOOK,
    }
)
"""Changes of these leave the plans in force, and what is planned from, as they were."""


class LogEntryOut(Output):
    """That somebody changed something."""

    id: int
    at: datetime
    actor: str
    """A user name, ``key:`` and a key's id, or the part of the service that did it by itself."""
    action: str
    entity: str
    entity_id: str
    before: dict[str, Any] | None
    """What changed, as it was."""
    after: dict[str, Any] | None


def record(
    session: Session,
    actor: str,
    action: str,
    entity: Entity,
    entity_id: str,
    before: Content = None,
    after: Content = None,
) -> LogEntry:
    """Add an entry; ``before`` and ``after`` hold what changed, as JSON."""
    entry = LogEntry(
        actor=actor,
        action=action,
        entity=entity.value,
        entity_id=entity_id,
        before=before,
        after=after,
    )
    session.add(entry)
    return entry


def record_many(
    session: Session,
    actor: str,
    action: str,
    entity: Entity,
    changes: Iterable[tuple[str, Content, Content]],
) -> None:
    """Add an entry for each id with what it was before and is after; fast for thousands."""
    at = now()
    store.append(
        session,
        LogEntry,
        [
            {
                "at": at,
                "actor": actor,
                "action": action,
                "entity": entity.value,
                "entity_id": id_,
                "before": before,
                "after": after,
            }
            for id_, before, after in changes
        ],
    )


def list_entries(
    session: Session,
    *,
    entity: str | None = None,
    entity_id: str | None = None,
    actor: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[LogEntryOut], int | None]:
    """A page of entries, the newest first, and ``after`` for the next page (None: last)."""
    query = select(LogEntry)
    if entity is not None:
        # Of some things entries once had the name with spaces.
        query = query.where(col(LogEntry.entity).in_({entity, entity.replace("_", " ")}))
    page, following = page_of(
        session, query, after, limit, newest_first=True, entity_id=entity_id, actor=actor
    )
    return [LogEntryOut.model_validate(entry) for entry in page], following
