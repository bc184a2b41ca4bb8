"""Tools that are lent too often, and depots that are short of parts, with since when."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, func, or_, select

from dispatch.models import Holder, Movement, MovementCause, Plan, Route, is_one_of
from dispatch.planning.lending import lent_twice_in_force
from dispatch.planning.shortages import StockShort, stock_short
from dispatch.planning.snapshot import LONGEST_ROUTE, calls_to_come
from dispatch.settings import Settings
from dispatch.settling.facts import ShortPart, TwiceLentTool

AHEAD = timedelta(days=60)
"""How far ahead routes are looked at for tools that are lent too often."""


def tools_lent_twice(session: Session, at: datetime) -> list[TwiceLentTool]:
    """Since the newest of the routes is in force."""
    found = lent_twice_in_force(session, at, at + AHEAD)
    if not found:
        return []
    rows = session.exec(
        select(
            col(Route.technician_id),
            col(Route.day),
            func.max(func.coalesce(Plan.published_at, Plan.created_at)),
        )
        .join(Plan, col(Plan.id) == Route.plan_id)
        .where(
            col(Route.live),
            col(Route.technician_id).in_({name for one in found for name in one.technician_ids}),
            col(Route.day).in_({day for one in found for day in one.days}),
        )
        .group_by(col(Route.technician_id), col(Route.day))
    )
    newest = {(name, day): published for name, day, published in rows}
    return [
        TwiceLentTool(one, max(newest[shift] for shift in shifts))
        for one in found
        for shifts in [list(zip(one.technician_ids, one.days, strict=True))]
    ]


def parts_short(session: Session, settings: Settings, at: datetime) -> list[ShortPart]:
    """Since what was counted became less than what was to be fetched, by counts and versions."""
    short = stock_short(session, at)
    if not short:
        return []
    events = _counts(session, short) + _calls(session, short, at)
    return [
        ShortPart(one, _since(one, events), one.starts_at.astimezone(settings.zone).date())
        for one in short
    ]


Event = tuple[datetime, str, str, int]
"""When, at which depot, of which part, and by how much more it was short from then on."""


def _since(one: StockShort, events: Iterable[Event]) -> datetime:
    """Of what has happened, taken back from the last on: what has made it short."""
    missing, since = one.needed - one.has, one.starts_at
    for moment, depot_id, part_id, more in sorted(events, reverse=True):
        if (depot_id, part_id) != (one.depot_id, one.part_id):
            continue
        missing, since = missing - more, moment
        if missing <= 0:
            break
    return since


def _counts(session: Session, short: Iterable[StockShort]) -> list[Event]:
    """Counts, and what somebody took who was not to: what was fetched as planned is neither there
    nor needed any more."""
    parts, depots = {one.part_id for one in short}, {one.depot_id for one in short}
    out = and_(col(Movement.source) == Holder.DEPOT, col(Movement.source_id).in_(depots))
    into = and_(col(Movement.target) == Holder.DEPOT, col(Movement.target_id).in_(depots))
    rows = session.exec(
        select(Movement).where(
            col(Movement.part_id).in_(parts),
            is_one_of(Movement.cause, (MovementCause.COUNT, MovementCause.TRANSFER)),
            or_(out, into),
        )
    )
    return [
        (row.at, row.source_id, row.part_id, row.quantity)
        if row.source is Holder.DEPOT
        else (row.at, row.target_id, row.part_id, -row.quantity)
        for row in rows
    ]


def _calls(session: Session, short: Iterable[StockShort], at: datetime) -> list[Event]:
    """What routes have to fetch, since they are in force."""
    wanted = {(one.depot_id, one.part_id) for one in short}
    calls = list(calls_to_come(session, at - LONGEST_ROUTE))
    plans = {route.plan_id for _, route in calls}
    in_force = {
        plan.id: plan.published_at or plan.created_at
        for plan in session.exec(select(Plan).where(col(Plan.id).in_(plans)))
    }
    return [
        (in_force[route.plan_id], stop.depot_id or "", part, quantity)
        for stop, route in calls
        for part, quantity in stop.parts.items()
        if (stop.depot_id or "", part) in wanted
    ]
