"""What becomes of a job's links if it is moved by hand, while its partners stay where they are.

Nobody is kept from it: a crew is moved one by one, and whoever moves the first is asked, and told
which of the others are to follow.
"""

from collections.abc import Iterable
from datetime import timedelta

from dispatch.models import Route, Stop
from dispatch.planning.live_day import LiveDay
from dispatch.planning.ties import RULES
from dispatch.planning.torn import torn_by
from solver.solution import Route as SolvedRoute
from solver.solution import StopKind, Violation


def links_broken(
    live: LiveDay, job_id: str, routes: Iterable[SolvedRoute] | None, tolerance: int
) -> tuple[Violation, ...]:
    """What these routes break of the job's links (None: what is broken as things are in force); as
    many seconds too early or too late go unnoticed."""
    snapshot = live.translation.snapshot
    stop: Stop | None = None
    route: Route | None = None
    if routes is None:
        partner = snapshot.partners.get(job_id)
        if partner is not None:
            stop, route = partner.stop, partner.route
    else:
        stop, route = _as_rows(live, job_id, routes)
    where = "" if route is None else f"technician {route.technician_id!r}"
    return tuple(
        Violation(
            RULES[facts.link.kind],
            where,
            1,
            cause.message,
            stop=name,
            subjects=tuple(cause.values["job_ids"]),
        )
        for facts, name, cause in torn_by(
            snapshot, job_id, stop, route, timedelta(seconds=tolerance)
        )
    )


def _as_rows(
    live: LiveDay, job_id: str, routes: Iterable[SolvedRoute]
) -> tuple[Stop, Route] | tuple[None, None]:
    moment = live.translation.moment
    for solved in routes:
        for found in solved.stops:
            if found.kind is not StopKind.VISIT or found.id != job_id:
                continue
            shift = live.translation.shifts[solved.shift]
            start_at, end_at = moment(found.start), moment(found.departure)
            stop = Stop(
                route_id=0,
                position=0,
                kind=found.kind.value,
                job_id=job_id,
                arrival_at=moment(found.arrival),
                start_at=start_at,
                departure_at=end_at,
            )
            route = Route(
                # Newer than all others, as it will be.
                plan_id=2**31,
                technician_id=solved.technician,
                day=shift.day,
                shift_starts_at=shift.starts_at,
                shift_ends_at=shift.ends_at,
                start_at=start_at,
                end_at=end_at,
                travel_seconds=0,
                distance_metres=0,
            )
            return stop, route
    return None, None
