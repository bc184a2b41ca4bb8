"""What becomes of a job's links if it is moved by hand, while its partners stay where they are.

Nobody is kept from it: a crew is moved one by one, and whoever moves the first is asked, and told
which of the others are to follow.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from dispatch.models import Route, Stop
from dispatch.planning.job_links import Partner
from dispatch.planning.live_day import LiveDay
from dispatch.planning.ties import RULES
from dispatch.planning.torn import torn_by
from solver.solution import Route as SolvedRoute
from solver.solution import StopKind, Violation


def links_broken(
    live: LiveDay, job_ids: Sequence[str], routes: Sequence[SolvedRoute] | None, tolerance: int
) -> tuple[Violation, ...]:
    """What these routes break of the jobs' links (None: what is broken as things are in force); as
    many seconds too early or too late go unnoticed. Those of the jobs that are linked to each other
    are looked at where they all are then."""
    snapshot = live.translation.snapshot
    linked = [job_id for job_id in job_ids if job_id in snapshot.partners]
    if routes is not None:
        there = {job_id: _as_rows(live, job_id, routes) for job_id in linked}
        moved = {
            job_id: Partner(snapshot.partners[job_id].job, *place)
            for job_id, place in there.items()
        }
        snapshot = replace(snapshot, partners={**snapshot.partners, **moved})
    found: dict[tuple[object, ...], Violation] = {}
    for job_id in linked:
        partner = snapshot.partners[job_id]
        where = "" if partner.route is None else f"technician {partner.route.technician_id!r}"
        for facts, name, cause in torn_by(
            snapshot, job_id, partner.stop, partner.route, timedelta(seconds=tolerance)
        ):
            rule, subjects = RULES[facts.link.kind], tuple(cause.values["job_ids"])
            violation = Violation(rule, where, 1, cause.message, stop=name, subjects=subjects)
            found.setdefault((rule, name, subjects), violation)
    return tuple(found.values())


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
