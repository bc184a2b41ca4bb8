"""Routes in force timed anew where there is no room any more for a visit at its published time.

Nobody else can attend it, and it stays: then the route says when its technician can really be
there. What is only late by that stays as well, and what cannot be attended in the shift at all is
taken off.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from dispatch import log
from dispatch.jobs.placements import ask_for_place
from dispatch.models import PLANNABLE, Plan, Stop
from dispatch.placing.taking_off import held_routes, put_without, tell
from dispatch.planning.outgrown import outgrown, timed_stops
from dispatch.planning.plan_rows import RouteRows, shift_key
from dispatch.planning.snapshot import LiveRoute, Scope, load_snapshot
from dispatch.planning.translate import Translation, to_problem
from dispatch.planning.unable import BrokenVisit, Cause, Why
from dispatch.plans.told import told_and_moved
from dispatch.settings import Settings

NO_ROOM = Cause(Why.NO_TIME, "Its technician cannot attend it in the shift any more.")
TRIGGER = "conflict"


@dataclass(frozen=True, slots=True)
class Retimed:
    """A version with routes timed anew."""

    plan: Plan
    off: dict[str, BrokenVisit]
    """By job, what was taken off by that."""
    staying: frozenset[str]
    """Jobs on these routes that are at times at which they can be now."""


def retime(
    session: Session, job_ids: Collection[str], settings: Settings, *, actor: str, at: datetime
) -> Retimed | None:
    """Put the routes on which the jobs are in force as they can be kept, all in one version; None
    if their times are right. What leaves its route by that waits for another place."""
    holders, routes, jobs = held_routes(session, job_ids)
    off: dict[str, BrokenVisit] = {}
    timed: dict[int | None, list[Stop]] = {}
    for day in sorted({route.day for route in holders.values()}):
        technicians = frozenset(row.technician_id for row in holders.values() if row.day == day)
        snapshot = load_snapshot(session, Scope(day, day, None, technicians, frozenset()), at)
        translation = to_problem(snapshot, settings)
        wrong = outgrown(translation).keys() & {*job_ids}
        for live in snapshot.live:
            if any(stop.job_id in wrong for stop in live.stops):
                gone = _without_time(translation, live)
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


def _without_time(translation: Translation, live: LiveRoute) -> dict[str, BrokenVisit]:
    """The visits to come that would last beyond the end of the shift, overtime and all."""
    name = translation.shift_names.get(shift_key(live.route))
    shift = next((shift for shift in translation.problem.shifts if shift.id == name), None)
    if shift is None:
        return {}
    latest = translation.moment(shift.end + shift.max_overtime)
    found: dict[str, BrokenVisit] = {}
    while True:
        late = next(
            (
                timed.stop
                for timed in timed_stops(translation, live, found)
                if timed.departure_at > latest
                and not timed.has_begun
                and timed.stop.job_id is not None
                and translation.snapshot.live_jobs[timed.stop.job_id].status in PLANNABLE
            ),
            None,
        )
        if late is None:
            return found
        job_id, route = late.job_id or "", live.route
        found[job_id] = BrokenVisit(
            job_id,
            route.technician_id,
            route.day,
            route.shift_starts_at,
            late.start_at,
            NO_ROOM,
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
