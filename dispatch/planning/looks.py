"""Looks at a day: which of its visits in force do not hold any more, and on what that stands.

After a change of some jobs most of a day is as it was. A look again reads only what has changed,
and works out only those technicians' visits that the change can have to do with.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from dispatch.models import OVER, PLANNABLE
from dispatch.planning.broken import broken_on
from dispatch.planning.facts import job_facts
from dispatch.planning.snapshot import (
    Scope,
    Snapshot,
    jobs_on,
    load_snapshot,
    reload_snapshot,
)
from dispatch.planning.unable import BrokenVisit
from dispatch.settings import Settings
from solver.problem import InvalidProblem

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DayLook:
    """What was found on the routes of a day, and the rows that were looked at."""

    snapshot: Snapshot
    found: Mapping[str, BrokenVisit]
    """By job, the visits that do not hold any more."""
    is_contradicted: bool = False
    """Whether its rows contradict each other, so that nothing could be found."""


def look_at(
    session: Session,
    settings: Settings,
    at: datetime,
    day: date,
    technician_ids: Collection[str],
) -> DayLook:
    """At these technicians' routes of the day. If the rows contradict each other, nothing is found,
    and the log has their faults."""
    scope = Scope(day, day, None, frozenset(technician_ids), frozenset())
    snapshot = load_snapshot(session, scope, at)
    return _whole(session, settings, snapshot)


def look_again(
    session: Session,
    settings: Settings,
    before: DayLook,
    changed: Collection[str],
    technician_ids: Collection[str],
) -> DayLook:
    """As ``look_at`` the same day, as of the same moment, when all that has changed since
    ``before`` are these jobs, routes, and what depots and vans have because of that."""
    old = before.snapshot
    at, day = old.taken_at, old.scope.starts_on
    if old.scope.technician_ids != frozenset(technician_ids):
        return look_at(session, settings, at, day, technician_ids)
    new = reload_snapshot(session, old, changed, at, timedelta())
    if new is None:
        return look_at(session, settings, at, day, technician_ids)
    concerned = None if before.is_contradicted else _concerned(old, new, changed)
    if concerned is None:
        return _whole(session, settings, new)
    theirs = _of(new, concerned)
    try:
        found = _broken(session, settings, theirs)
    except InvalidProblem:
        return _whole(session, settings, new)
    same = {name: one for name, one in before.found.items() if one.technician_id not in concerned}
    return DayLook(new, same | found)


def _whole(session: Session, settings: Settings, snapshot: Snapshot) -> DayLook:
    try:
        return DayLook(snapshot, _broken(session, settings, snapshot))
    except InvalidProblem as error:
        # The other days are to be looked at all the same.
        day = snapshot.scope.starts_on
        logger.error("The routes in force on %s cannot be looked at: %s", day, error)
        return DayLook(snapshot, {}, is_contradicted=True)


def _broken(session: Session, settings: Settings, snapshot: Snapshot) -> dict[str, BrokenVisit]:
    begun = [
        job
        for name in sorted(jobs_on(snapshot.live))
        for job in [snapshot.live_jobs[name]]
        if job.status not in {*PLANNABLE, *OVER}
    ]
    facts = [*snapshot.jobs, *job_facts(session, begun)]
    return broken_on(snapshot, settings, {one.job.id: one for one in facts})


def _concerned(old: Snapshot, new: Snapshot, changed: Collection[str]) -> frozenset[str] | None:
    """The technicians whose visits may hold or not, unlike before; None: it may be anybody's.

    Technicians have to do with each other at depots, of which one may empty what the other relies
    on, and by links of their jobs. As long as those who have changed call at none and are in none,
    nobody else is concerned.
    """
    if (
        new.depots != old.depots
        or new.called_elsewhere != old.called_elsewhere
        or new.lent_elsewhere != old.lent_elsewhere
        or new.links != old.links
        or {name: one.where for name, one in new.partners.items()}
        != {name: one.where for name, one in old.partners.items()}
    ):
        return None
    before, after = (
        {id(found): found for found in (*one.live, *one.live_elsewhere)} for one in (old, new)
    )
    others = [before[one] for one in before.keys() - after.keys()]
    others += [after[one] for one in after.keys() - before.keys()]
    stock = {one.technician.id: one.stock for one in old.technicians}
    names = {found.route.technician_id for found in others}
    names |= {one.technician.id for one in new.technicians if one.stock != stock[one.technician.id]}
    theirs = [found for found in after.values() if found.route.technician_id in names]
    if any(found.calls for found in (*others, *theirs)):
        return None
    # Also who is told of what becomes of a link: a partner may only have got another pin.
    linked = {name for facts in new.links for name in facts.job_ids}
    return None if linked & ({*changed} | jobs_on(others)) else frozenset(names)


def _of(snapshot: Snapshot, technician_ids: frozenset[str]) -> Snapshot:
    """The part of the snapshot that has these technicians' routes, which have no links."""
    live, elsewhere = (
        tuple(one for one in routes if one.route.technician_id in technician_ids)
        for routes in (snapshot.live, snapshot.live_elsewhere)
    )
    names = jobs_on(live)
    ahead = names | jobs_on(elsewhere)
    waivers = {name: rows for name, rows in snapshot.waivers.items() if name in ahead}
    return replace(
        snapshot,
        scope=replace(snapshot.scope, technician_ids=technician_ids),
        technicians=tuple(
            one for one in snapshot.technicians if one.technician.id in technician_ids
        ),
        jobs=tuple(one for one in snapshot.jobs if one.job.id in names),
        live_jobs={name: snapshot.live_jobs[name] for name in sorted(ahead)},
        live=live,
        live_elsewhere=elsewhere,
        waivers=waivers,
        links=(),
        partners={},
    )
