"""What the day's routes will not keep, as things stand: the dispatcher's list of worries."""

from datetime import date, datetime

from sqlmodel import Session

from dispatch.models import Priority, now
from dispatch.output import Output
from dispatch.planning.expected import Missed, expected_times, surroundings
from dispatch.planning.plan_rows import RouteRows
from dispatch.planning.snapshot import live_routes
from dispatch.settings import Settings


class LateVisit(Output):
    """A visit that will not keep its time window or due time unless something is done."""

    job_id: str
    title: str
    priority: Priority
    technician_id: str
    planned_start_at: datetime
    expected_start_at: datetime
    expected_departure_at: datetime
    due_at: datetime | None
    told_at: datetime | None
    """When the customer was told the planned time."""
    will_miss: list[Missed]


def late_visits(
    session: Session, day: date | None, settings: Settings, at: datetime | None = None
) -> list[LateVisit]:
    """Of all routes in force whose shifts begin on the local day (None: today), as expected at the
    moment ``at`` (None: now); the soonest first."""
    at = at or now()
    day = day or at.astimezone(settings.zone).date()
    routes = [RouteRows(found.route, list(found.stops)) for found in live_routes(session, day, day)]
    known = surroundings(session, routes, settings)
    found = []
    for rows in routes:
        for stop, expected in zip(
            rows.stops, expected_times(rows, known, at, settings), strict=True
        ):
            if stop.job_id is None or not expected.misses:
                continue
            job = known.jobs[stop.job_id]
            found.append(
                LateVisit(
                    job_id=job.id,
                    title=job.title,
                    priority=job.priority,
                    technician_id=rows.route.technician_id,
                    planned_start_at=stop.start_at,
                    expected_start_at=expected.start_at,
                    expected_departure_at=expected.departure_at,
                    due_at=job.due_at,
                    told_at=job.told_at,
                    will_miss=list(expected.misses),
                )
            )
    return sorted(found, key=lambda visit: (visit.expected_start_at, visit.job_id))
