"""Tools of which depots have lent more than they have.

Plans lend no more of a tool than there are. There can be too many out all the same: because the
number has become less, of routes that somebody has changed against the rules, or of those that are
in force from when nobody counted. That is looked at here, and named.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from sqlmodel import Session, select

from dispatch.models import DepotTool
from dispatch.output import Output
from dispatch.planning.loans import ToolLoan, loans_by, loans_in_force
from dispatch.planning.plan_rows import RouteRows


class LentTwice(Output):
    """A tool that more technicians have at the same time than the depot has of it."""

    code: Literal["tool_lent_twice"] = "tool_lent_twice"
    depot_id: str
    tool_id: str
    has: int
    """How many the depot has."""
    technician_ids: list[str]
    """Who has it at the moment at which that is too many, whoever has it first first; of an only
    tool two of them."""
    days: list[date]
    """On which their shifts begin, in the same order."""
    starts_at: datetime
    """When the last one borrows it."""
    ends_at: datetime
    """When so many of them are back that there are enough."""


def loans_of(routes: Iterable[RouteRows]) -> list[ToolLoan]:
    """What the routes borrow."""
    return loans_by((stop, rows.route) for rows in routes for stop in rows.stops)


def lent_twice(
    loans: Iterable[ToolLoan], numbers: Mapping[tuple[str, str], int]
) -> list[LentTwice]:
    """Which of the loans are more at once than there are, by time; ``numbers`` are by depot and
    tool, and none where there is no such tool.

    Of an only tool each two of those who have it are named. So it is where there is none at all:
    one who has it all the same is in nobody's way.
    """
    by_tool: defaultdict[tuple[str, str], list[ToolLoan]] = defaultdict(list)
    for loan in sorted(loans, key=lambda loan: (loan.starts_at, loan.technician_id)):
        by_tool[loan.depot_id, loan.tool_id].append(loan)
    found = [
        LentTwice(
            depot_id=depot_id,
            tool_id=tool_id,
            has=number,
            technician_ids=[loan.technician_id for loan in out],
            days=[loan.day for loan in out],
            starts_at=out[-1].starts_at,
            ends_at=sorted(loan.ends_at for loan in out)[len(out) - max(1, number) - 1],
        )
        for (depot_id, tool_id), theirs in by_tool.items()
        for number in [numbers.get((depot_id, tool_id), 0)]
        for out in _too_many(theirs, max(1, number))
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.tool_id, one.technician_ids))


def lent_twice_in_force(session: Session, begin: datetime, end: datetime) -> list[LentTwice]:
    """The tools of which routes in force have too many between these moments."""
    found = lent_twice(loans_in_force(session, begin, end), _numbers(session))
    return [one for one in found if one.starts_at < end and one.ends_at > begin]


def lent_twice_with(session: Session, routes: Iterable[RouteRows]) -> list[LentTwice]:
    """The tools of which the routes of a plan have too many, among themselves or with those in
    force for other shifts."""
    routes = list(routes)
    mine = loans_of(routes)
    if not mine:
        return []
    keys = {(loan.technician_id, loan.day) for loan in mine}
    shifts = {(rows.route.technician_id, rows.route.day) for rows in routes}
    begin, end = min(loan.starts_at for loan in mine), max(loan.ends_at for loan in mine)
    others = loans_in_force(session, begin, end)
    beside = [loan for loan in others if (loan.technician_id, loan.day) not in shifts]
    return [
        one
        for one in lent_twice([*mine, *beside], _numbers(session))
        if keys.intersection(zip(one.technician_ids, one.days, strict=True))
    ]


def _too_many(loans: Sequence[ToolLoan], most: int) -> Iterator[list[ToolLoan]]:
    """Of the loans of one tool, in the order in which they begin: those that are out as each begins
    that is one too many, that one last. Only of different technicians: nobody is in their own way.
    """
    for at, newest in enumerate(loans):
        out = [loan for loan in loans[:at] if loan.ends_at > newest.starts_at]
        others = [loan for loan in out if loan.technician_id != newest.technician_id]
        if most == 1:
            yield from ([loan, newest] for loan in others)
            continue
        first = {loan.technician_id: loan for loan in reversed(others)}
        if len(first) >= most and len(others) == len(out):
            yield [*(loan for loan in others if loan is first[loan.technician_id]), newest]


def _numbers(session: Session) -> dict[tuple[str, str], int]:
    """How many each depot has of each tool."""
    return {(row.depot_id, row.tool_id): row.number for row in session.exec(select(DepotTool))}
