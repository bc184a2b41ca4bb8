"""Tools that depots lend, and those that are lent to two technicians at once.

A depot has one of each of its tools. A route has a tool from the depot call that borrows it to its
end. The solver does not know yet that nobody else can have it then, so what it has planned is
looked at here, and named.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import Literal

from sqlmodel import Session, col, select

from dispatch.models import Route, Stop
from dispatch.output import Output
from dispatch.planning.plan_rows import RouteRows, shift_key


@dataclass(frozen=True, slots=True)
class Loan:
    """A tool in a technician's hands."""

    depot_id: str
    tool_id: str
    technician_id: str
    day: date
    """The local day on which the shift begins."""
    starts_at: datetime
    ends_at: datetime


class LentTwice(Output):
    """A depot's only tool, lent to two technicians for the same time."""

    code: Literal["tool_lent_twice"] = "tool_lent_twice"
    depot_id: str
    tool_id: str
    technician_ids: list[str]
    """The two of them, the one who has it first first."""
    days: list[date]
    """On which their shifts begin, in the same order."""
    starts_at: datetime
    """When the second one borrows it."""
    ends_at: datetime
    """When one of them is back."""


def loans_of(routes: Iterable[RouteRows]) -> list[Loan]:
    """What the routes borrow; a tool that is borrowed again on the same route is the same loan."""
    return _loans((stop, rows.route) for rows in routes for stop in rows.stops)


def loans_in_force(session: Session, begin: datetime, end: datetime) -> list[Loan]:
    """What routes in force borrow that have anything between these moments."""
    # By the ends of routes, since most stops in force are long past.
    not_over = select(Route.id).where(col(Route.live), Route.end_at > begin, Route.start_at < end)
    calls = session.exec(
        select(Stop, Route)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(col(Stop.live), col(Stop.depot_id).is_not(None), col(Route.id).in_(not_over))
    )
    return _loans((stop, route) for stop, route in calls if stop.start_at < end)


def lent_twice(loans: Iterable[Loan]) -> list[LentTwice]:
    """The loans of the same tool of the same depot that overlap, two by two, by time."""
    by_tool: defaultdict[tuple[str, str], list[Loan]] = defaultdict(list)
    for loan in sorted(loans, key=lambda loan: (loan.starts_at, loan.technician_id)):
        by_tool[loan.depot_id, loan.tool_id].append(loan)
    found = [
        LentTwice(
            depot_id=depot_id,
            tool_id=tool_id,
            technician_ids=[one.technician_id, other.technician_id],
            days=[one.day, other.day],
            starts_at=other.starts_at,
            ends_at=min(one.ends_at, other.ends_at),
        )
        for (depot_id, tool_id), theirs in by_tool.items()
        for one, other in combinations(theirs, 2)
        if other.starts_at < one.ends_at and one.technician_id != other.technician_id
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.tool_id, one.technician_ids))


def lent_twice_in_force(session: Session, begin: datetime, end: datetime) -> list[LentTwice]:
    """The tools that routes in force have twice between these moments."""
    found = lent_twice(loans_in_force(session, begin, end))
    return [one for one in found if one.starts_at < end and one.ends_at > begin]


def lent_twice_with(session: Session, routes: Iterable[RouteRows]) -> list[LentTwice]:
    """The tools that the routes of a plan borrow twice, among themselves or with those in force for
    other shifts."""
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
        for one in lent_twice([*mine, *beside])
        if keys.intersection(zip(one.technician_ids, one.days, strict=True))
    ]


def _loans(calls: Iterable[tuple[Stop, Route]]) -> list[Loan]:
    first: dict[tuple[object, ...], Loan] = {}
    for stop, route in calls:
        if stop.depot_id is None:
            continue
        for tool in stop.tools:
            loan = Loan(
                stop.depot_id, tool, route.technician_id, route.day, stop.start_at, route.end_at
            )
            key = (*shift_key(route), stop.depot_id, tool)
            known = first.get(key)
            if known is None or loan.starts_at < known.starts_at:
                first[key] = loan
    return list(first.values())
