"""The log of who changed what, when; the database refuses to change or remove its entries."""

from typing import Any

from sqlmodel import Session

from dispatch.models import LogEntry


def record(
    session: Session,
    actor: str,
    action: str,
    entity: str,
    entity_id: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an entry; ``before`` and ``after`` hold what changed, as JSON."""
    session.add(
        LogEntry(
            actor=actor,
            action=action,
            entity=entity,
            entity_id=entity_id,
            before=before,
            after=after,
        )
    )
