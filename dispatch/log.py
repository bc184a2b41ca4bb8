"""The log of who changed what, when; the database refuses to change or remove its entries."""

from collections.abc import Iterable
from typing import Any

from sqlmodel import Session

from dispatch import store
from dispatch.models import LogEntry, now

Content = dict[str, Any] | None


def record(
    session: Session,
    actor: str,
    action: str,
    entity: str,
    entity_id: str,
    before: Content = None,
    after: Content = None,
) -> LogEntry:
    """Add an entry; ``before`` and ``after`` hold what changed, as JSON."""
    entry = LogEntry(
        actor=actor,
        action=action,
        entity=entity,
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
    entity: str,
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
                "entity": entity,
                "entity_id": id_,
                "before": before,
                "after": after,
            }
            for id_, before, after in changes
        ],
    )
