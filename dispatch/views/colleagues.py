"""Who else is at a visit, and when they will be there: the others of a crew."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from dispatch.models import JobStatus, LinkKind, Technician
from dispatch.output import Output
from dispatch.planning.expected import expected_times, surroundings
from dispatch.planning.job_links import links_of, partners_of
from dispatch.plans import queries
from dispatch.settings import Settings
from dispatch.store import rows_where


class Colleague(Output):
    """One of the crew of a visit."""

    job_id: str
    title: str
    """What they do there."""
    technician_id: str | None
    """None: nobody has the job yet; so with the next three."""
    technician: str | None
    phone: str | None
    expected_arrival_at: datetime | None
    """When they arrive, as things stand; when they did, once they have."""
    status: JobStatus


def colleagues_of(
    session: Session, job_ids: Collection[str], settings: Settings, at: datetime
) -> dict[str, list[Colleague]]:
    """By job, the others of its crew, in the order of their jobs' ids; what was cancelled is none.
    Only jobs in crews are there."""
    crews = [one for one in links_of(session, job_ids) if one.link.kind is LinkKind.TOGETHER]
    if not crews:
        return {}
    partners = partners_of(session, crews)
    names = {one.route.technician_id for one in partners.values() if one.route is not None}
    people = {row.id: row for row in rows_where(session, Technician, "id", names)}
    arrivals = _arrivals(session, partners.keys() - {*job_ids}, settings, at)
    found: dict[str, list[Colleague]] = {}
    for crew in crews:
        for job_id in {*crew.job_ids} & {*job_ids}:
            found[job_id] = [
                Colleague(
                    job_id=other,
                    title=partner.job.title,
                    technician_id=None if who is None else who.id,
                    technician=None if who is None else who.name,
                    phone=None if who is None else who.phone,
                    expected_arrival_at=arrivals.get(other),
                    status=partner.job.status,
                )
                for other in sorted({*crew.job_ids} - {job_id})
                for partner in [partners[other]]
                for who in [
                    people.get("" if partner.route is None else partner.route.technician_id)
                ]
                if partner.job.status is not JobStatus.CANCELLED
            ]
    return found


def _arrivals(
    session: Session, job_ids: Collection[str], settings: Settings, at: datetime
) -> dict[str, datetime]:
    routes = {
        rows.route.id: rows
        for job_id in sorted(job_ids)
        if (rows := queries.live_route_of(session, job_id)) is not None
    }
    if not routes:
        return {}
    known = surroundings(session, [*routes.values()], settings)
    return {
        stop.job_id: expected.arrival_at.astimezone(settings.zone)
        for rows in routes.values()
        for stop, expected in zip(
            rows.stops, expected_times(rows, known, at, settings), strict=True
        )
        if stop.job_id is not None and stop.job_id in job_ids
    }
