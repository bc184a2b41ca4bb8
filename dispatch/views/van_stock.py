"""A technician's van: what is in it by the books, and what of it visits to come still need."""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from sqlmodel import Session, col, or_, select

from dispatch.company.technicians import read_technician
from dispatch.local_time import ONE_DAY, start_of
from dispatch.models import (
    OVER,
    Depot,
    Holder,
    Part,
    StockTransfer,
    Technician,
    Tool,
    VanTool,
    now,
)
from dispatch.output import Output
from dispatch.planning.facts import van_stock
from dispatch.planning.snapshot import jobs_by_id
from dispatch.planning.van_needs import VanStep, need_of, steps_to_come
from dispatch.plans import queries
from dispatch.settings import Settings
from dispatch.store import rows_where
from dispatch.views.itinerary import NamedTool


class PartNeed(Output):
    """What the visits of one day that are not over need of a part."""

    needed: int
    to_fetch: int
    """What depot calls of that day that are still to be made bring."""
    lacks: int
    """What of it is neither in the van by then nor fetched before."""


class VanPart(Output):
    """A part that is in the van, or that visits to come need."""

    id: str
    name: str
    quantity: int
    """In the van now, by the books."""
    today: PartNeed
    tomorrow: PartNeed
    to_spare: int
    """What is in the van beyond what today's visits need of it."""


class StockTransferOut(Output):
    """Parts that a technician took into the own van, as it was booked."""

    id: str
    technician_id: str
    technician: str
    """Who took them."""
    part_id: str
    part: str
    quantity: int
    depot_id: str | None
    """Where they were before: a depot, or the van of the technician that is named here."""
    from_technician_id: str | None
    source: str
    """Name of the depot or of that technician."""
    at: datetime
    """When they were taken, by the technician's clock."""
    received_at: datetime


class VanContent(Output):
    """A van, as of now."""

    technician_id: str
    technician: str
    day: date
    """What is called today."""
    parts: list[VanPart]
    """By name."""
    tools: list[NamedTool]
    lacking_tools: list[NamedTool]
    """What visits of today and tomorrow need, and no depot lends before."""
    transfers: list[StockTransferOut]
    """Booked today, into this van or out of it; the newest first."""


def van_content(
    session: Session, technician_id: str, settings: Settings, at: datetime | None = None
) -> VanContent:
    """The technician's van at the moment ``at`` (None: now). Raises ``NotFound``."""
    technician = read_technician(session, technician_id)
    at = at or now()
    today = at.astimezone(settings.zone).date()
    stock = van_stock(session, [technician_id]).get(technician_id, {})
    steps = steps_to_come(session, [technician_id], at, settings.zone)
    ids = {part for part, number in stock.items() if number} | {part for _, part in steps}
    names = {row.id: row.name for row in rows_where(session, Part, "id", ids)}
    parts = [
        _part(part, names.get(part, part), stock.get(part, 0), steps.get((technician_id, part), ()))
        for part in ids
    ]
    there = set(session.exec(select(VanTool.tool_id).where(VanTool.technician_id == technician_id)))
    lacking = _lacking_tools(session, technician_id, there, today)
    return VanContent(
        technician_id=technician.id,
        technician=technician.name,
        day=today,
        parts=sorted(parts, key=lambda part: (part.name, part.id)),
        tools=_named_tools(session, there),
        lacking_tools=_named_tools(session, lacking),
        transfers=_transfers_today(session, technician_id, today, settings),
    )


def _part(part_id: str, name: str, quantity: int, steps: Iterable[VanStep]) -> VanPart:
    need = need_of(steps, quantity)
    return VanPart(
        id=part_id,
        name=name,
        quantity=quantity,
        today=PartNeed.model_validate(need.today),
        tomorrow=PartNeed.model_validate(need.tomorrow),
        to_spare=need.to_spare,
    )


def _lacking_tools(
    session: Session, technician_id: str, there: Collection[str], today: date
) -> set[str]:
    """What visits of today and tomorrow need that are not over, and that is neither in the van nor
    lent by a depot before."""
    lacking: set[str] = set()
    routes = queries.live_routes_on(session, [technician_id], today, today + ONE_DAY)
    jobs = jobs_by_id(session, {stop.job_id or "" for rows in routes for stop in rows.stops})
    for rows in routes:
        at_hand = {*there}
        for stop in rows.stops:
            if stop.job_id is None:
                at_hand |= {*stop.tools}
            elif jobs[stop.job_id].status not in OVER:
                lacking |= {*stop.tools} - at_hand
    return lacking


def _named_tools(session: Session, ids: Collection[str]) -> list[NamedTool]:
    found = rows_where(session, Tool, "id", ids)
    tools = [NamedTool(id=tool.id, name=tool.name) for tool in found]
    return sorted(tools, key=lambda tool: (tool.name, tool.id))


def _transfers_today(
    session: Session, technician_id: str, today: date, settings: Settings
) -> list[StockTransferOut]:
    is_out_of_it = (col(StockTransfer.source) == Holder.VAN) & (
        StockTransfer.source_id == technician_id
    )
    rows = session.exec(
        select(StockTransfer)
        .where(
            col(StockTransfer.received_at) >= start_of(today, settings.zone),
            or_(StockTransfer.technician_id == technician_id, is_out_of_it),
        )
        .order_by(col(StockTransfer.received_at).desc(), col(StockTransfer.id))
    ).all()
    return transfer_outs(session, rows, settings)


def transfer_outs(
    session: Session, rows: Collection[StockTransfer], settings: Settings
) -> list[StockTransferOut]:
    """The transfers with names, in their order."""
    people = {row.technician_id for row in rows}
    people |= {row.source_id for row in rows if row.source is Holder.VAN}
    depots = {row.source_id for row in rows if row.source is Holder.DEPOT}
    names = {one.id: one.name for one in rows_where(session, Technician, "id", people)}
    places = {one.id: one.name for one in rows_where(session, Depot, "id", depots)}
    parts = rows_where(session, Part, "id", {row.part_id for row in rows})
    called = {one.id: one.name for one in parts}
    return [
        StockTransferOut(
            id=row.id,
            technician_id=row.technician_id,
            technician=names[row.technician_id],
            part_id=row.part_id,
            part=called[row.part_id],
            quantity=row.quantity,
            depot_id=row.source_id if row.source is Holder.DEPOT else None,
            from_technician_id=row.source_id if row.source is Holder.VAN else None,
            source=(places if row.source is Holder.DEPOT else names)[row.source_id],
            at=row.at.astimezone(settings.zone),
            received_at=row.received_at.astimezone(settings.zone),
        )
        for row in rows
    ]
