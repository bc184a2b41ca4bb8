"""Visits taken off routes in force, with their reasons; nothing else on these routes moves."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlmodel import Session

from dispatch import log
from dispatch.models import Job, Plan, PlanUnassigned, Route, Stop
from dispatch.placing.taking_over import follow_stops
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.expected import surroundings
from dispatch.planning.plan_rows import UNKNOWN, PlanRows, RouteRows, copied
from dispatch.planning.progress import histories
from dispatch.planning.snapshot import LiveRoute, Scope, live_routes, load_snapshot
from dispatch.planning.travel import travel_times
from dispatch.planning.unable import BrokenVisit
from dispatch.planning.van import Shares, place_on
from dispatch.planning.waivers import Waivers
from dispatch.plans import queries, versions
from dispatch.settings import Settings
from solver.solution import StopKind


def take_off(
    session: Session,
    job_ids: Collection[str],
    settings: Settings,
    *,
    actor: str,
    at: datetime,
) -> dict[str, BrokenVisit]:
    """Take those of the jobs off their routes, as a new version, that cannot stay there even if
    nobody else can attend them; by job, why. What holds by now, or has begun, stays."""
    holders, routes, jobs = held_routes(session, job_ids)
    if not holders:
        return {}
    days = {route.day for route in holders.values()}
    broken = broken_visits(session, settings, at, days=days)
    off = {name: broken[name] for name in sorted(holders) if name in broken and broken[name].leaves}
    routes = [rows for rows in routes if any(stop.job_id in off for stop in rows.stops)]
    if not off:
        return {}
    reasons = {name: found.cause.reason for name, found in off.items()}
    plan = put_without(session, routes, jobs, reasons, settings, actor=actor, at=at)
    tell(session, plan, off, actor=actor)
    return off


def tell(session: Session, plan: Plan, off: Mapping[str, BrokenVisit], *, actor: str) -> None:
    """Write down what the plan has taken off, and why."""
    for name, found in off.items():
        told_at = session.get_one(Job, name).told_at
        log.record(
            session,
            actor,
            "take_off",
            log.Entity.JOB,
            name,
            before={
                "technician_id": found.technician_id,
                "start_at": found.start_at.isoformat(),
            },
            after={
                "plan_id": plan.id,
                "cause": found.cause.out.model_dump(),
                "told_at": None if told_at is None else told_at.isoformat(),
            },
        )


def held_routes(
    session: Session, job_ids: Collection[str]
) -> tuple[Mapping[str, Route], list[RouteRows], dict[str, Job]]:
    """By job, the routes in force on which these are, these routes with their stops, and all jobs
    on them, which nobody else may change from here on: what is found out about them holds."""
    versions.hold_publication(session)
    holders = queries.live_visits(session, job_ids)
    if not holders:
        return {}, [], {}
    technicians = {route.technician_id for route in holders.values()}
    routes = _routes(session, holders.values(), technicians)
    on_routes = {stop.job_id for rows in routes for stop in rows.stops if stop.job_id}
    jobs = versions.hold_jobs(session, on_routes)
    session.expire_all()
    return holders, _routes(session, holders.values(), technicians), jobs


def _routes(
    session: Session, holders: Collection[Any], technicians: Collection[str]
) -> list[RouteRows]:
    days = [route.day for route in holders]
    wanted = {route.id for route in holders}
    return [
        RouteRows(found.route, list(found.stops))
        for found in live_routes(session, min(days), max(days), technicians)
        if found.route.id in wanted
    ]


def put_without(
    session: Session,
    routes: Sequence[RouteRows],
    jobs: Mapping[str, Job],
    reasons: Mapping[str, dict[str, str | None]],
    settings: Settings,
    *,
    actor: str,
    at: datetime,
    timed: Mapping[int | None, Sequence[Stop]] = MappingProxyType({}),
) -> Plan:
    """The routes, which are in force, without the jobs that there are reasons for, put in force;
    by route, ``timed`` has the stops of those that get other times. Depot calls to come fetch what
    the others need by now, if they can, and go if nobody needs anything from there. Whoever calls
    it holds the publication and all jobs on the routes."""
    shares = _shares_without(session, routes, reasons, settings, at)
    kept = [
        copied(
            RouteRows(
                rows.route, _needed(timed.get(rows.route.id, rows.stops), reasons, at, shares)
            )
        )
        for rows in routes
    ]
    known = surroundings(session, kept, settings)
    for rows, before in zip(kept, routes, strict=True):
        follow_stops(rows, before.stops, known)
    days = [rows.route.day for rows in routes]
    unassigned = [
        PlanUnassigned(plan_id=UNKNOWN, job_id=name, reasons=[reasons[name]])
        for name in sorted(reasons)
    ]
    content = PlanRows(min(days), max(days), at, kept, unassigned, {})
    plan = versions.store_draft(session, content)
    replaced = [LiveRoute(rows.route, tuple(rows.stops)) for rows in routes]
    versions.put_in_force(session, plan, kept, replaced, jobs, actor=actor, at=at)
    return plan


def _shares_without(
    session: Session,
    routes: Sequence[RouteRows],
    gone: Collection[str],
    settings: Settings,
    at: datetime,
) -> Shares:
    """Who has what on these routes once the visits to some jobs are off them."""
    days = [rows.route.day for rows in routes]
    technicians = frozenset(rows.route.technician_id for rows in routes)
    scope = Scope(min(days), max(days), None, technicians, frozenset())
    snapshot = replace(load_snapshot(session, scope, at), unable=frozenset(gone))
    travel = travel_times(snapshot.legs, settings.speed_kmh, settings.detour_factor)
    begun = histories(snapshot, travel, settings.zone)
    return Shares(snapshot, begun, Waivers(snapshot), settings.zone)


def _needed(
    stops: Sequence[Stop], without: Collection[str], at: datetime, shares: Shares
) -> list[Stop]:
    """The stops that stay. Depot calls to come fetch no more what those that leave would have used,
    unless others need it by now; and they fetch what else others have come to need."""
    found: list[Stop] = []
    parts: set[str] = set()
    tools: set[str] = set()
    spared: Counter[str] = Counter()
    cut: Counter[str] = Counter()
    for stop in reversed(stops):
        if stop.job_id in without:
            spared.update(stop.parts)
            continue
        if stop.kind == StopKind.DEPOT and stop.start_at > at:
            free = Counter(shares.least_after(stop)) - cut
            less = Counter(stop.parts) & spared & free
            spared, more = spared - less, shares.more_to_fetch(stop)
            fetched = dict(Counter(stop.parts) - less + Counter(more.parts))
            lent = sorted({*stop.tools, *more.tools})
            given = Counter(shares.granted.get(place_on(stop), stop).parts)
            if not parts & fetched.keys() and not tools & {*lent} and given <= free:
                cut += given
                continue
            cut += less
            stop = Stop(**stop.model_dump() | {"parts": fetched, "tools": lent})
        if stop.job_id is not None:
            if stop.job_id in shares.uses:
                stop = Stop(**stop.model_dump() | {"parts": dict(shares.uses[stop.job_id])})
            parts |= stop.parts.keys()
            tools |= {*stop.tools}
        found.insert(0, stop)
    return found
