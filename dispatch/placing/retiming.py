"""Routes in force made anew where a visit has come to need more time or more parts.

Nobody else can attend it, and it stays: then the route says when its technician can really be
there, and its depot calls what they have to fetch. What is only late by that stays as well; what
cannot be attended in the shift at all, or lacks what no call could fetch, is taken off.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch import log
from dispatch.jobs.placements import ask_for_place
from dispatch.models import PLANNABLE, Plan, Stop
from dispatch.placing.taking_off import held_routes, put_without, tell
from dispatch.planning.broken import lack_of
from dispatch.planning.outgrown import Timed, outgrown, timed_stops
from dispatch.planning.plan_rows import RouteRows, shift_key
from dispatch.planning.snapshot import LiveRoute, Scope, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.planning.translation import Translation
from dispatch.planning.unable import BrokenVisit, Cause, Why
from dispatch.plans.told import told_and_moved
from dispatch.settings import Settings
from solver.problem import Shift

NO_ROOM = Cause(Why.NO_TIME, "Its technician cannot attend it in the shift any more.")
TRIGGER = "conflict"


@dataclass(frozen=True, slots=True)
class Retimed:
    """A version with routes made anew."""

    plan: Plan
    off: dict[str, BrokenVisit]
    """By job, what was taken off by that."""
    staying: frozenset[str]
    """Jobs on these routes that are at times at which they can be now."""


def retime(
    session: Session, job_ids: Collection[str], settings: Settings, *, actor: str, at: datetime
) -> Retimed | None:
    """Put the routes on which the jobs are in force as they can be kept, all in one version; None
    if they can be kept as they are. What leaves its route by that waits for another place."""
    holders, routes, jobs = held_routes(session, job_ids)
    off: dict[str, BrokenVisit] = {}
    timed: dict[int | None, list[Stop]] = {}
    for day in sorted({route.day for route in holders.values()}):
        technicians = frozenset(row.technician_id for row in holders.values() if row.day == day)
        snapshot = load_snapshot(session, Scope(day, day, None, technicians, frozenset()), at)
        translation = to_problem(snapshot, settings)
        lacking = translation.shares.lacking
        wrong = (outgrown(translation).keys() | lacking.keys()) & {*job_ids}
        for live in snapshot.live:
            if any(stop.job_id in wrong for stop in live.stops):
                gone = _without_parts(translation, live)
                gone |= _without_time(translation, live, gone.keys())
                off |= gone
                timed[live.route.id] = _stops(translation, live, gone)
    routes = [rows for rows in routes if rows.route.id in timed]
    if not routes:
        return None
    reasons = {name: found.cause.reason for name, found in off.items()}
    plan = put_without(session, routes, jobs, reasons, settings, actor=actor, at=at, timed=timed)
    tell(session, plan, off, actor=actor)
    for name in sorted(off):
        ask_for_place(session, name, trigger=TRIGGER, actor=actor)
    there = {stop.job_id for rows in routes for stop in rows.stops if stop.job_id is not None}
    replaced = [LiveRoute(rows.route, tuple(rows.stops)) for rows in routes]
    after = [
        RouteRows(rows.route, [stop for stop in timed[rows.route.id] if stop.job_id not in off])
        for rows in routes
    ]
    told = told_and_moved(replaced, after, jobs, settings)
    staying = frozenset(there - off.keys())
    for name in sorted(staying & {*job_ids}):
        technician = holders[name].technician_id
        content = {"plan_id": plan.id, "technician_id": technician, "told_job_ids": told}
        log.record(session, actor, "place", log.Entity.JOB, name, after=content)
    return Retimed(plan, off, staying)


def _without_parts(translation: Translation, live: LiveRoute) -> dict[str, BrokenVisit]:
    """The visits to come that lack something that no depot call on the route could fetch."""
    lacking, lost = translation.shares.lacking, translation.shares.lost
    free = lost - translation.begun
    return {
        stop.job_id: _leaving(stop, live, lack_of(lacking[stop.job_id]))
        for stop in live.stops
        if stop.job_id in free
    }


def _without_time(
    translation: Translation, live: LiveRoute, without: Collection[str]
) -> dict[str, BrokenVisit]:
    """The visits to come, besides those that leave already, that would last beyond the end of the
    shift, overtime and all, or after which nobody would be home by then."""
    name = translation.shift_names.get(shift_key(live.route))
    shift = next((shift for shift in translation.problem.shifts if shift.id == name), None)
    if shift is None:
        return {}
    latest = translation.moment(shift.end + shift.max_overtime)
    found: dict[str, BrokenVisit] = {}
    while True:
        timed = timed_stops(translation, live, {*without, *found})
        to_come = [
            one
            for one in timed
            if not one.has_begun
            and one.stop.job_id is not None
            and translation.snapshot.live_jobs[one.stop.job_id].status in PLANNABLE
        ]
        late = next((one.stop for one in to_come if one.departure_at > latest), None)
        if late is None and to_come and _home_at(translation, timed, shift) > latest:
            late = to_come[-1].stop
        if late is None:
            return found
        found[late.job_id or ""] = _leaving(late, live, NO_ROOM)


def _home_at(translation: Translation, timed: Sequence[Timed], shift: Shift) -> datetime:
    """When the technician is home after these stops."""
    places = (translation.location(one.stop) for one in reversed(timed))
    last = next((place for place in places if place is not None), None)
    way = 0 if last is None else int(translation.problem.travel_time[last, shift.end_location])
    return timed[-1].departure_at + timedelta(seconds=way)


def _leaving(stop: Stop, live: LiveRoute, cause: Cause) -> BrokenVisit:
    route = live.route
    return BrokenVisit(
        stop.job_id or "",
        route.technician_id,
        route.day,
        route.shift_starts_at,
        stop.start_at,
        cause,
        leaves=True,
    )


def _stops(translation: Translation, live: LiveRoute, gone: Collection[str]) -> list[Stop]:
    times = {one.stop.position: one for one in timed_stops(translation, live, gone)}
    found = []
    for stop in live.stops:
        content = stop.model_dump()
        if stop.job_id not in gone:
            timed = times[stop.position]
            content |= {
                "arrival_at": timed.arrival_at,
                "start_at": timed.start_at,
                "departure_at": timed.departure_at,
            }
        found.append(Stop(**content))
    return found
