"""Tools of depots in technicians' hands, as their routes have them.

A route has a tool from the depot call that borrows it to its end.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from dispatch.local_time import Span
from dispatch.models import Route, Stop
from dispatch.planning.facts import DepotFacts


@dataclass(frozen=True, slots=True)
class ToolLoan:
    """A tool in a technician's hands."""

    depot_id: str
    tool_id: str
    technician_id: str
    day: date
    """The local day on which the shift begins."""
    starts_at: datetime
    ends_at: datetime


def loans_by(calls: Iterable[tuple[Stop, Route]]) -> list[ToolLoan]:
    """What depot calls borrow, each with its route; a tool that is borrowed again on the same route
    is the same loan."""
    first: dict[tuple[object, ...], ToolLoan] = {}
    for stop, route in calls:
        if stop.depot_id is None:
            continue
        for tool in stop.tools:
            loan = ToolLoan(
                stop.depot_id, tool, route.technician_id, route.day, stop.start_at, route.end_at
            )
            key = (route.technician_id, route.shift_starts_at, stop.depot_id, tool)
            known = first.get(key)
            if known is None or loan.starts_at < known.starts_at:
                first[key] = loan
    return list(first.values())


def loans_in_force(session: Session, begin: datetime, end: datetime) -> list[ToolLoan]:
    """What routes in force borrow that have anything between these moments."""
    # By the ends of routes, since most stops in force are long past.
    not_over = select(Route.id).where(col(Route.live), Route.end_at > begin, Route.start_at < end)
    calls = session.exec(
        select(Stop, Route)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(col(Stop.live), col(Stop.depot_id).is_not(None), col(Route.id).in_(not_over))
    )
    return loans_by((stop, route) for stop, route in calls if stop.start_at < end)


class ToolsOut:
    """What is lent of the tools of depots, and what more of them can be."""

    def __init__(self, loans: Iterable[ToolLoan]) -> None:
        self._loans = defaultdict[tuple[str, str], list[ToolLoan]](list)
        for loan in loans:
            self._loans[loan.depot_id, loan.tool_id].append(loan)

    def left_for(self, facts: DepotFacts, route: Route, since: datetime) -> frozenset[str]:
        """The tools that the depot can lend the route from then on: all others keep theirs."""
        span = since, route.end_at
        of_others = {
            tool: [
                loan
                for loan in self._loans[facts.depot.id, tool]
                if loan.technician_id != route.technician_id and _overlaps(loan, [span])
            ]
            for tool in facts.tool_counts
        }
        return frozenset(
            tool
            for tool, number in facts.tool_counts.items()
            if number > _most_at_once(of_others[tool])
        )

    def lend(self, call: Stop, tools: Iterable[str], route: Route) -> None:
        """Let the depot call of the route borrow these tools, too."""
        for tool in tools:
            depot_id = call.depot_id or ""
            loan = ToolLoan(
                depot_id, tool, route.technician_id, route.day, call.start_at, route.end_at
            )
            self._loans[depot_id, tool].append(loan)

    def numbers_left(self, facts: DepotFacts, spans: Collection[Span]) -> dict[str, int]:
        """How many there are of each of the depot's tools beside what is lent at any time in these
        spans."""
        lent = {
            tool: [loan for loan in self._loans[facts.depot.id, tool] if _overlaps(loan, spans)]
            for tool in facts.tool_counts
        }
        return {
            tool: max(0, number - _most_at_once(lent[tool]))
            for tool, number in facts.tool_counts.items()
        }


def _overlaps(loan: ToolLoan, spans: Collection[Span]) -> bool:
    return any(loan.starts_at < end and begin < loan.ends_at for begin, end in spans)


def _most_at_once(loans: Iterable[ToolLoan]) -> int:
    """How many of them are out at the moment at which most are; of one technician one."""
    loans = list(loans)
    out = (
        {one.technician_id for one in loans if one.starts_at <= loan.starts_at < one.ends_at}
        for loan in loans
    )
    return max(map(len, out), default=0)
