"""Customers who were told when somebody comes, and whose visit is at another time now.

When a customer was told is kept with the job (``told_at``); what they were told is what was in
force then. They have to be told again, or the visit has to go back.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from dispatch.models import PLANNABLE, Job, Plan, Route, Stop
from dispatch.planning.plan_rows import RouteRows
from dispatch.planning.snapshot import LiveRoute
from dispatch.plans.changes import tolerance_of
from dispatch.settings import Settings
from dispatch.store import batches


@dataclass(frozen=True, slots=True)
class ToldOtherwise:
    """A visit to come that is noticeably earlier or later than its customer was told."""

    job: Job
    technician_id: str
    day: date
    plan_id: int
    """Of the version in force that has it."""
    since: datetime
    """When that was published."""
    told_start_at: datetime
    start_at: datetime


def told_otherwise(
    session: Session,
    settings: Settings,
    at: datetime,
    plan_ids: Collection[int] | None = None,
) -> list[ToldOtherwise]:
    """Such visits on routes in force, by job; of these versions (None: of all)."""
    in_force = (
        select(Job, Stop, Route, Plan)
        .join(Stop, col(Stop.job_id) == Job.id)
        .join(Route, col(Route.id) == Stop.route_id)
        .join(Plan, col(Plan.id) == Route.plan_id)
        .where(col(Stop.live), col(Stop.start_at) > at)
        .where(col(Job.told_at).is_not(None), col(Job.status).in_(PLANNABLE))
    )
    if plan_ids is not None:
        in_force = in_force.where(col(Plan.id).in_(plan_ids))
    rows = [
        row
        # Put in order here: asked to, the database goes through all jobs there ever were.
        for row in sorted(session.exec(in_force).all(), key=lambda row: row[0].id)
        # What was in force already when they were told is what they were told.
        if _is_later(row[3].published_at, row[0].told_at)
    ]
    told = _told_starts(session, {job.id: job for job, *_ in rows})
    tolerance = tolerance_of(settings)
    return [
        ToldOtherwise(
            job,
            route.technician_id,
            route.day,
            plan.id or 0,
            plan.published_at or plan.created_at,
            told[job.id],
            stop.start_at,
        )
        for job, stop, route, plan in rows
        if job.id in told and abs(stop.start_at - told[job.id]) > tolerance
    ]


def _is_later(moment: datetime | None, than: datetime | None) -> bool:
    return moment is not None and than is not None and moment > than


def _told_starts(session: Session, jobs: Mapping[str, Job]) -> dict[str, datetime]:
    """When the visits were to begin in the last versions that had them when customers were told."""
    found: dict[str, datetime] = {}
    for some in batches(jobs):
        rows = session.exec(
            select(Stop.job_id, Stop.start_at, Plan.published_at)
            .join(Route, col(Route.id) == Stop.route_id)
            .join(Plan, col(Plan.id) == Route.plan_id)
            .where(col(Stop.job_id).in_(some))
            .where(col(Plan.published_at).is_not(None))
            .order_by(col(Plan.version))
        )
        for job_id, start_at, published_at in rows:
            told_at = jobs[job_id or ""].told_at
            if job_id and told_at and published_at and published_at <= told_at:
                found[job_id] = start_at
    return found


def told_and_moved(
    replaced: Iterable[LiveRoute],
    routes: Iterable[RouteRows],
    jobs: Mapping[str, Job],
    settings: Settings,
) -> list[str]:
    """The jobs whose customers were told, and whose visits the ``routes`` have at noticeably other
    times than those that they replace, or not at all."""
    before = {
        stop.job_id: stop.start_at for found in replaced for stop in found.stops if stop.job_id
    }
    after = {stop.job_id: stop.start_at for rows in routes for stop in rows.stops if stop.job_id}
    tolerance = tolerance_of(settings)
    return sorted(
        name
        for name, start_at in before.items()
        if jobs[name].told_at is not None
        and (name not in after or abs(after[name] - start_at) > tolerance)
    )
