"""Depots as others see them, and what they have to lend."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from dispatch import log
from dispatch.company.master_data import DepotEntry
from dispatch.errors import InvalidInput, existing
from dispatch.intake import for_change
from dispatch.models import Depot, DepotTool, Tool
from dispatch.output import Output, TimeOfDay
from dispatch.paging import page_of
from dispatch.references import references_of, unknown_references


class LentToolOut(Output):
    tool_id: str
    name: str
    number: int
    """So many can be lent at once; 0: all are away."""


class DepotOut(Output):
    id: str
    name: str
    address: str
    latitude: float
    longitude: float
    opens: TimeOfDay
    closes: TimeOfDay
    handling_minutes: int
    phone: str | None
    tools: list[LentToolOut]


class DepotChange(
    for_change(  # type: ignore[misc]
        DepotEntry,
        without={*DepotEntry.model_fields} - {"handling_minutes", "phone", "tools"},
    )
):
    """What is to change in a depot: fields that are absent stay; ``tools`` are replaced as a whole,
    a null telephone number is taken away."""


def list_depots(
    session: Session, *, after: str | None = None, limit: int = 50
) -> tuple[list[DepotOut], str | None]:
    """A page of depots in the order of their ids, and ``after`` for the next (None: last)."""
    page, following = page_of(session, select(Depot), after, limit)
    return _outs(session, page), following


def read_depot(session: Session, depot_id: str) -> DepotOut:
    """Raises ``NotFound``."""
    [out] = _outs(session, [existing(session.get(Depot, depot_id), "depot", depot_id)])
    return out


def change_depot(session: Session, depot_id: str, change: DepotChange, *, actor: str) -> DepotOut:
    """The depot with ``change`` applied; what is in force follows, as whenever the company changes.

    Raises ``NotFound``, and ``InvalidInput`` for tools that there are not.
    """
    query = select(Depot).where(Depot.id == depot_id).with_for_update()
    row = existing(session.exec(query).one_or_none(), "depot", depot_id)
    if faults := unknown_references(session, references_of(change)):
        raise InvalidInput(*faults)
    [was] = _outs(session, [row])
    before = was.model_dump(mode="json", include={*DepotChange.model_fields})
    before["tools"] = [{"tool_id": tool.tool_id, "number": tool.number} for tool in was.tools]
    given = change.model_dump(exclude_unset=True)
    if "tools" in given:
        given["tools"] = sorted(given["tools"], key=lambda tool: str(tool["tool_id"]))
    different = {name: value for name, value in given.items() if value != before[name]}
    if not different:
        return was
    columns = {name: value for name, value in different.items() if name != "tools"}
    row.sqlmodel_update(columns)
    session.add(row)
    if "tools" in different:
        _replace_tools(session, depot_id, different["tools"])
    session.flush()
    kept = {name: before[name] for name in different}
    log.record(session, actor, "change", log.Entity.DEPOT, depot_id, kept, different)
    return read_depot(session, depot_id)


def _replace_tools(session: Session, depot_id: str, tools: Sequence[dict[str, Any]]) -> None:
    numbers = {tool["tool_id"]: tool["number"] for tool in tools}
    for row in session.exec(select(DepotTool).where(DepotTool.depot_id == depot_id)):
        if row.tool_id in numbers:
            row.number = numbers.pop(row.tool_id)
            session.add(row)
        else:
            session.delete(row)
    for tool_id, number in numbers.items():
        session.add(DepotTool(depot_id=depot_id, tool_id=tool_id, number=number))


def _outs(session: Session, depots: Sequence[Depot]) -> list[DepotOut]:
    tools: dict[str, list[LentToolOut]] = {depot.id: [] for depot in depots}
    for row, tool in session.exec(
        select(DepotTool, Tool)
        .join(Tool, col(Tool.id) == DepotTool.tool_id)
        .where(col(DepotTool.depot_id).in_(list(tools)))
        .order_by(DepotTool.tool_id)
    ):
        tools[row.depot_id].append(
            LentToolOut(tool_id=row.tool_id, name=tool.name, number=row.number)
        )
    return [DepotOut(**depot.model_dump(), tools=tools[depot.id]) for depot in depots]
