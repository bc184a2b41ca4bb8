"""What has to be kept of routes that a new version replaces, so that it can be undone."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from dispatch.models import ManualChange, Plan
from dispatch.planning.broken_rules import broken_in_force
from dispatch.planning.live_day import LiveDay
from dispatch.planning.plan_rows import RouteRows
from dispatch.planning.snapshot import LiveRoute
from dispatch.planning.waivers import waivers_of


def remember_accepted(
    session: Session,
    plan: Plan,
    routes: Sequence[RouteRows],
    gone: Collection[str],
    replaced: Sequence[LiveRoute],
    live: LiveDay,
) -> None:
    """Keep what it takes to undo the version that a draft is about to become: its ``routes``, but
    for jobs that are ``gone``, instead of those ``replaced`` on the ``live`` day. Nothing is kept
    where that moves no visit: there is nothing to undo."""
    before = [RouteRows(one.route, list(one.stops)) for one in replaced]
    after = [
        RouteRows(rows.route, [stop for stop in rows.stops if stop.job_id not in gone])
        for rows in routes
    ]
    moved = moved_visits(before, after)
    if not moved:
        return
    there = {stop.job_id: rows.route.technician_id for rows in after for stop in rows.stops}
    names = {stop.job_id for one in (*before, *after) for stop in one.stops if stop.job_id}
    waivers = waivers_of(session, names)
    session.add(
        ManualChange(
            plan_id=plan.id or 0,
            job_id=moved[0],
            technician_id=there.get(moved[0]),
            replaced=replaced_routes(replaced),
            waivers=[row.model_dump(mode="json") for row in waivers],
            broken=sorted(broken_in_force(live)),
            is_acceptance=True,
        )
    )
    session.flush()


def moved_visits(before: Iterable[RouteRows], after: Iterable[RouteRows]) -> list[str]:
    """The jobs that are with somebody else after it than before, at another time, or on only one
    side, by id."""
    then, now_there = _places(before), _places(after)
    return sorted(
        name for name in then.keys() | now_there.keys() if then.get(name) != now_there.get(name)
    )


def _places(routes: Iterable[RouteRows]) -> dict[str, tuple[str, datetime]]:
    return {
        stop.job_id: (rows.route.technician_id, stop.start_at)
        for rows in routes
        for stop in rows.stops
        if stop.job_id is not None
    }


def replaced_routes(replaced: Iterable[LiveRoute]) -> list[dict[str, Any]]:
    """Which routes were in force, and which of their stops, as ``ManualChange.replaced`` has
    them."""
    return [
        {"route_id": one.route.id, "positions": [stop.position for stop in one.stops]}
        for one in replaced
    ]
