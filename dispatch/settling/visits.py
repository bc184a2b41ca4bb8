"""Visits in force that do not hold any more, or were moved since their customers were told."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlmodel import Session, and_, col, or_, select

from dispatch.log import Entity
from dispatch.models import Absence, Job, LogEntry, Placement, Plan, Route, Stop
from dispatch.planning.snapshot import jobs_by_id
from dispatch.planning.unable import OF_OTHERS, BrokenVisit, Why
from dispatch.plans.told import told_otherwise
from dispatch.settings import Settings
from dispatch.settling.facts import JobAtStake, MovedSinceTold, UntenableVisit
from dispatch.store import rows_where

OF_PEOPLE = frozenset(
    {Why.GONE, Why.NOT_AT_WORK, Why.SKILL, Why.TOOL, Why.TERRITORY, Why.OVER_LIMIT}
)
"""What has changed is the technician, or what belongs to them."""
ABOUT_PEOPLE = (Entity.TECHNICIAN, Entity.WORKING_HOURS)


def untenable(session: Session, broken: Mapping[str, BrokenVisit]) -> list[UntenableVisit]:
    """What ``conflicts`` has found, with since when it is known: from the absence, or since a place
    was asked for because of it, or from what the log says of technician or job."""
    jobs = jobs_by_id(session, broken)
    rows = session.exec(
        select(Stop.job_id, Plan.published_at, Plan.created_at)
        .join(Route, col(Route.id) == Stop.route_id)
        .join(Plan, col(Plan.id) == Route.plan_id)
        .where(col(Stop.live), col(Stop.job_id).in_(broken))
    )
    in_force = {job_id or "": published or created for job_id, published, created in rows}
    # Those that are not among them have left their routes just now.
    found = {name: broken[name] for name in broken if name in in_force and name in jobs}
    absent = _absences(session, found.values())
    asked = _asked(session, in_force)
    logged = _logged(session, [one for name, one in found.items() if name not in asked], in_force)
    return [
        UntenableVisit(
            job=job_at_stake(jobs[name]),
            visit=one,
            since=absent.get(name) or asked.get(name) or logged.get(name) or in_force[name],
        )
        for name, one in found.items()
    ]


def moved(session: Session, settings: Settings, at: datetime) -> list[MovedSinceTold]:
    """Since the version that moved them is in force."""
    return [
        MovedSinceTold(
            job=job_at_stake(one.job),
            technician_id=one.technician_id,
            day=one.day,
            told_start_at=one.told_start_at,
            start_at=one.start_at,
            since=one.since,
        )
        for one in told_otherwise(session, settings, at)
    ]


def job_at_stake(job: Job) -> JobAtStake:
    return JobAtStake(job.id, job.priority, job.told_at)


def _absences(session: Session, found: Iterable[BrokenVisit]) -> dict[str, datetime]:
    """When the absences were noted that keep technicians from these visits."""
    away = [one for one in found if one.cause.why is Why.ABSENT]
    rows = list(rows_where(session, Absence, "technician_id", {one.technician_id for one in away}))
    spans = {(row.technician_id, row.starts_at, row.ends_at): row.id for row in rows}
    noted = (
        {
            entry.entity_id: entry.at
            for entry in session.exec(
                select(LogEntry).where(
                    col(LogEntry.entity_id).in_(spans.values()),
                    LogEntry.entity == Entity.ABSENCE.value,
                    LogEntry.action == "add",
                )
            )
        }
        if spans
        else {}
    )
    since = {}
    for one in away:
        moments = (one.cause.values["starts_at"], one.cause.values["ends_at"])
        starts_at, ends_at = map(datetime.fromisoformat, moments)
        absence = spans.get((one.technician_id, starts_at, ends_at), "")
        if absence in noted:
            since[one.job_id] = noted[absence]
    return since


def _asked(session: Session, in_force: Mapping[str, datetime]) -> dict[str, datetime]:
    """When a place was first asked for since each is where it is, because it was seen then."""
    asked: dict[str, datetime] = {}
    for row in rows_where(session, Placement, "job_id", in_force):
        if row.asked_at >= in_force[row.job_id]:
            asked[row.job_id] = min(row.asked_at, asked.get(row.job_id, row.asked_at))
    return asked


def _logged(
    session: Session, found: Collection[BrokenVisit], in_force: Mapping[str, datetime]
) -> dict[str, datetime]:
    """When the log last says, since each is where it is, that something of the technician has
    changed, or of the job or its partner, whichever the cause is about."""
    about = {one.job_id: _about(one) for one in found}
    conditions = [
        and_(col(LogEntry.entity).in_(entities), col(LogEntry.entity_id).in_(ids))
        for entities, ids in {pair for pair in about.values() if pair[1]}
    ]
    if not conditions:
        return {}
    first = min(in_force[one.job_id] for one in found)
    entries = session.exec(
        select(LogEntry.entity, LogEntry.entity_id, LogEntry.at).where(
            or_(*conditions), LogEntry.at >= first
        )
    ).all()
    since: dict[str, datetime] = {}
    for name, (entities, ids) in about.items():
        moments = [
            at
            for entity, id_, at in entries
            if entity in entities and id_ in ids and at >= in_force[name]
        ]
        if moments:
            since[name] = max(moments)
    return since


def _about(one: BrokenVisit) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The entities and ids whose entries in the log tell of the cause."""
    if one.cause.why in OF_PEOPLE:
        return tuple(ABOUT_PEOPLE), (one.technician_id,)
    if one.cause.why in OF_OTHERS:
        return (Entity.JOB.value,), tuple(one.cause.values.get("job_ids", ()))
    return (Entity.JOB.value,), (one.job_id,)
