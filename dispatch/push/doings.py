"""Who has changed what in a stretch of the log: nobody is told of what was their own doing."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass

from sqlmodel import Session, col, select

from dispatch.log import Entity
from dispatch.models import Account, ApiKey, LogEntry
from dispatch.plans.versions import PUBLISH
from dispatch.store import batches


@dataclass(frozen=True, slots=True)
class Doings:
    """What concerns days: the names are those of the log."""

    publishers: Mapping[str, Set[str]]
    """Who has put routes in force, by technicians whose routes those are."""
    changers: Mapping[str, Set[str]]
    """Who has done something to jobs, by job."""

    @property
    def is_nothing(self) -> bool:
        return not self.publishers and not self.changers

    def are_others(self, technician_id: str, job_id: str, own: Set[str]) -> bool:
        """Whether anybody else may have changed that visit of the technician's; ``own`` are the
        names under which the technician does things."""
        actors = {*self.publishers.get(technician_id, ()), *self.changers.get(job_id, ())}
        return bool(actors - own)


def doings_between(session: Session, after: int, upto: int) -> Doings:
    """All there were in entries above ``after`` up to ``upto``, which comes from a
    ``LogHorizon``."""
    publishers: dict[str, set[str]] = defaultdict(set)
    changers: dict[str, set[str]] = defaultdict(set)
    between = (col(LogEntry.id) > after, col(LogEntry.id) <= upto)
    published = select(LogEntry.actor, LogEntry.after).where(
        *between, LogEntry.entity == Entity.PLAN.value, LogEntry.action == PUBLISH
    )
    for actor, content in session.exec(published):
        for technician_id in (content or {}).get("technician_ids", ()):
            publishers[technician_id].add(actor)
    changed = (
        select(LogEntry.entity_id, LogEntry.actor)
        .where(*between, LogEntry.entity == Entity.JOB.value)
        .distinct()
    )
    for job_id, actor in session.exec(changed):
        changers[job_id].add(actor)
    return Doings(publishers, changers)


def own_names(session: Session, technician_ids: Collection[str]) -> dict[str, set[str]]:
    """The names under which the technicians do things: their accounts, and keys."""
    found: dict[str, set[str]] = {technician_id: set() for technician_id in technician_ids}
    for some in batches(technician_ids):
        accounts = select(Account.technician_id, Account.id)
        for technician_id, id_ in session.exec(
            accounts.where(col(Account.technician_id).in_(some))
        ):
            found[technician_id or ""].add(id_)
        keys = select(ApiKey.technician_id, ApiKey.id)
        for technician_id, id_ in session.exec(keys.where(col(ApiKey.technician_id).in_(some))):
            found[technician_id or ""].add(f"key:{id_}")
    return found
