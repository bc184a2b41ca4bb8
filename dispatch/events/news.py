"""What the log has that somebody has not seen yet, missing nothing.

Ids of the log are given before transactions end, so that an entry may appear below others that were
read already, however many those are. Up to the horizon none can; beyond it is remembered which were
seen.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from dispatch.events.horizon import LogHorizon
from dispatch.log import APART, Entity
from dispatch.models import LogEntry

OVERLAP = 500
"""While nobody knows how far the log can be read, so many entries before the last one are looked at
again."""
OF_A_DAY = frozenset({Entity.JOB, Entity.JOB_LINK, Entity.PLAN})
"""Changes of these concern the days that the jobs and routes are on. Those of anything else concern
all days, unless it is ``APART``."""


@dataclass(frozen=True, slots=True)
class SeenEntries:
    """Which entries of the log somebody has seen."""

    upto: int
    """All up to here …"""
    beyond: frozenset[int]
    """… and these above it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """That something was changed, as the log calls it."""

    id: int
    entity: str
    entity_id: str


class News:
    """Looks for how far the log can be read, for several threads at once."""

    def __init__(self, engine: Engine) -> None:
        self._horizon = LogHorizon(engine)
        self._looking = threading.Lock()

    def upto(self) -> int | None:
        """To be found before the transaction begins that reads what has changed, on a connection of
        its own: all entries up to here are seen by that one. None: nobody knows yet."""
        with self._looking:
            return self._horizon.find()


def seen_now(session: Session, upto: int | None) -> SeenEntries:
    """What whoever reads everything now has seen."""
    if upto is None:
        newest = session.exec(select(func.max(LogEntry.id))).one() or 0
        upto = max(0, newest - OVERLAP)
    beyond = session.exec(select(LogEntry.id).where(col(LogEntry.id) > upto))
    return SeenEntries(upto, frozenset(id_ for id_ in beyond if id_ is not None))


def news_since(
    session: Session, seen: SeenEntries, upto: int | None, most: int
) -> tuple[SeenEntries, list[Entry] | None]:
    """What has been seen then, and the entries that were not, in their order; None instead of more
    than ``most``, when it is cheaper to read everything."""
    most += len(seen.beyond)
    rows = session.exec(
        select(LogEntry.id, LogEntry.entity, LogEntry.entity_id)
        .where(col(LogEntry.id) > seen.upto)
        .order_by(col(LogEntry.id))
        .limit(most + 1)
    ).all()
    if len(rows) > most:
        return seen_now(session, upto), None
    entries = [Entry(id_ or 0, entity, entity_id) for id_, entity, entity_id in rows]
    upto = seen.upto if upto is None else max(upto, seen.upto)
    beyond = frozenset(entry.id for entry in entries if entry.id > upto)
    return SeenEntries(upto, beyond), [entry for entry in entries if entry.id not in seen.beyond]


def is_apart(news: Iterable[Entry]) -> bool:
    """Whether nothing of it concerns the plans in force, or what is planned from."""
    return all(entry.entity in APART for entry in news)


def changed_jobs(session: Session, news: Iterable[Entry]) -> frozenset[str] | None:
    """The jobs that it is about, or links of theirs, which with routes that others have taken the
    place of are all that has changed; None: something has changed that concerns all days."""
    news = list(news)
    if {entry.entity for entry in news} - OF_A_DAY - APART:
        return None
    jobs = {entry.entity_id for entry in news if entry.entity == Entity.JOB}
    return frozenset(jobs | _linked_in(session, news))


def _linked_in(session: Session, news: Iterable[Entry]) -> set[str]:
    """The jobs that links of the news are of, or were."""
    links = [entry.id for entry in news if entry.entity == Entity.JOB_LINK]
    if not links:
        return set()
    logged = select(LogEntry.before, LogEntry.after).where(col(LogEntry.id).in_(links))
    return {name for contents in session.exec(logged) for name in linked_jobs(*contents)}


def linked_jobs(*contents: Mapping[str, Any] | None) -> set[str]:
    """The jobs that a link is of, by what the log says that it was and is."""
    return {name for content in contents if content for name in content.get("job_ids", ())}
