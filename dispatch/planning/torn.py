"""Links between jobs that the plan in force does not keep, and why.

A crew of which one has no place, a job that comes too soon after another, two visits by the wrong
persons: whatever it was that changed, it is seen here on the routes in force as they are. What has
begun is where it is; those that are still to come are told of.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dispatch.models import PLANNABLE, Job, JobStatus, LinkKind, Route, Stop
from dispatch.planning.job_links import ENDED, LinkFacts, Partner
from dispatch.planning.progress import is_reported, span_of
from dispatch.planning.snapshot import Snapshot
from dispatch.planning.unable import Cause, Why
from solver.links import Person, Separation

WAITING = (*PLANNABLE, JobStatus.ON_HOLD)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Where a job is, or was."""

    job: Job
    starts_at: datetime
    ends_at: datetime
    technician_id: str
    day: date
    has_begun: bool
    plan_id: int
    """The version that has put it there."""

    @property
    def rank(self) -> tuple[object, ...]:
        """Of a crew the first one leads, and the others follow: what has begun or is promised is
        not moved any more, and who was moved last was meant to be."""
        pinned = self.job.pinned_start_at is not None
        return not self.has_begun, not pinned, -self.plan_id, self.job.id


def torn(snapshot: Snapshot, free: Collection[str], tolerance: timedelta) -> dict[str, Cause]:
    """By job, why its links are not kept, of those of the snapshot's routes that are ``free`` to be
    moved. As much as ``tolerance`` too early or too late goes unnoticed."""
    found: dict[str, Cause] = {}
    for facts in snapshot.links:
        partners = [snapshot.partners[name] for name in facts.job_ids]
        seen = [_seen(partner, snapshot.taken_at) for partner in partners]
        for name, cause in _broken(facts, partners, seen, tolerance):
            if name in free:
                found.setdefault(name, cause)
    return found


def torn_by(
    snapshot: Snapshot, job_id: str, put: Stop | None, route: Route | None, tolerance: timedelta
) -> list[tuple[LinkFacts, str, Cause]]:
    """What would not be kept of the links of a job that was put there (None: on no route): each
    with the job of which that would be true."""
    found = []
    for facts in snapshot.links:
        if job_id not in facts.job_ids:
            continue
        partners = [
            Partner(one.job, put, route) if one.job.id == job_id else one
            for one in (snapshot.partners[name] for name in facts.job_ids)
        ]
        seen = [_seen(partner, snapshot.taken_at) for partner in partners]
        found += [(facts, *one) for one in _broken(facts, partners, seen, tolerance)]
    return found


def _seen(partner: Partner, now: datetime) -> _Seen | None:
    """None if it is on no route; so is what was cancelled."""
    job, stop, route = partner.job, partner.stop, partner.route
    if stop is None or route is None or job.status is JobStatus.CANCELLED:
        return None
    begun = is_reported(job)
    starts_at, ends_at = span_of(stop, job, now) if begun else (stop.start_at, stop.departure_at)
    plan_id = route.plan_id
    return _Seen(job, starts_at, ends_at, route.technician_id, route.day, begun, plan_id)


def _broken(
    facts: LinkFacts,
    partners: Sequence[Partner],
    seen: Sequence[_Seen | None],
    tolerance: timedelta,
) -> Iterator[tuple[str, Cause]]:
    match facts.link.kind:
        case LinkKind.TOGETHER:
            yield from _broken_crew(partners, seen, tolerance)
        case LinkKind.AFTER if seen[1] is not None:
            cause = _not_after(facts, partners[0], seen[0], seen[1], tolerance)
            if cause is not None:
                yield seen[1].job.id, cause
        case LinkKind.APART:
            yield from _not_apart(facts, [one for one in seen if one is not None])


def _broken_crew(
    partners: Sequence[Partner], seen: Sequence[_Seen | None], tolerance: timedelta
) -> Iterator[tuple[str, Cause]]:
    there = [one for one in seen if one is not None and one.job.status not in ENDED]
    if not there:
        return
    missing = [
        partner.job.id
        for partner, one in zip(partners, seen, strict=True)
        if one is None and partner.job.status in WAITING
    ]
    leader = min(there, key=lambda one: one.rank)
    until = leader.ends_at if leader.has_begun else leader.starts_at
    for one in there:
        others = {other.technician_id for other in there if other is not one}
        apart = not leader.starts_at - tolerance <= one.starts_at <= until + tolerance
        values = {"job_ids": [leader.job.id]}
        if missing:
            values = {"job_ids": missing}
            message = f"{', '.join(missing)} of its crew has no place."
            yield one.job.id, Cause(Why.WITHOUT_CREW, message, values)
        elif one is not leader and apart and not one.has_begun:
            message = f"It does not start with {leader.job.id} of its crew."
            yield one.job.id, Cause(Why.NOT_TOGETHER, message, values)
        elif one is not leader and one.technician_id in others:
            message = f"Nobody can be there and at {leader.job.id} of its crew."
            yield one.job.id, Cause(Why.NOT_TOGETHER, message, values)


def _not_after(
    facts: LinkFacts, partner: Partner, first: _Seen | None, second: _Seen, tolerance: timedelta
) -> Cause | None:
    job, link = partner.job, facts.link
    values = {"job_ids": [job.id]}
    if job.status is JobStatus.CANNOT_COMPLETE or (first is None and job.status in WAITING):
        message = f"{job.id}, which it comes after, has no place, or was not completed."
        return Cause(Why.WITHOUT_FIRST, message, values)
    if first is None and job.status is JobStatus.COMPLETED and job.departed_at is not None:
        ends_at = job.departed_at
    elif first is not None:
        ends_at = first.ends_at
    else:
        return None
    gap = second.starts_at - ends_at
    least = timedelta(minutes=link.least_minutes or 0)
    if gap < least - tolerance:
        return Cause(Why.NOT_AFTER, f"It comes too soon after {job.id}.", values)
    most = link.most_minutes
    if most is not None and gap > timedelta(minutes=most) + tolerance:
        return Cause(Why.NOT_AFTER, f"It comes too late after {job.id}.", values)
    if first is None or link.person is None:
        return None
    if link.person.allows(first.technician_id == second.technician_id):
        return None
    whom = "the same" if link.person is Person.SAME else "another"
    return Cause(Why.OTHER_PERSON, f"It is for {whom} technician as {job.id}.", values)


def _not_apart(facts: LinkFacts, there: Sequence[_Seen]) -> Iterator[tuple[str, Cause]]:
    """The first one of those that share something keeps it."""
    kept: dict[object, _Seen] = {}
    for one in sorted(there, key=lambda one: (not one.has_begun, one.job.id)):
        shared = one.day if facts.link.by is Separation.DAY else one.technician_id
        other = kept.setdefault(shared, one)
        if other is not one and not one.has_begun:
            message = f"It is to be kept apart from {other.job.id}."
            yield one.job.id, Cause(Why.NOT_APART, message, {"job_ids": [other.job.id]})
