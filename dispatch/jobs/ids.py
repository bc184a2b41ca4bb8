"""Ids: of what brings its own, and for what comes without one."""

import secrets

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from dispatch import store
from dispatch.errors import Conflict
from dispatch.models import Job, JobLink, Site
from solver.faults import Fault

SYMBOLS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Readable aloud: without I, L, O, U, 0 and 1."""


def free_id(session: Session, table: type[Job | Site | JobLink], prefix: str) -> str:
    """An id that nothing of the table has."""
    while True:
        id_ = f"{prefix}-{''.join(secrets.choice(SYMBOLS) for _ in range(8))}"
        if not store.existing_ids(session, table, [id_]):
            return id_


def add_new(session: Session, row: Job | Site) -> None:
    """Raises ``Conflict`` if its id is taken, be it by a transaction that ends just now."""
    table, id_ = type(row), row.id
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        if not store.existing_ids(session, table, [id_]):
            raise
        kind = table.__name__.lower()
        raise Conflict(
            Fault(
                "duplicate_id",
                "id" if table is Job else "site.id",
                f"there is already a {kind} {id_!r}",
                f"choose another id, or change that {kind}",
            )
        ) from None
