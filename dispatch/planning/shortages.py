"""Depots that have less than routes in force still have to fetch there.

No plan is made so; it comes of a count, of parts that went elsewhere, or of a figure in a file.
"""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Literal

from sqlmodel import Session, select

from dispatch.models import DepotStock
from dispatch.output import Output
from dispatch.planning.snapshot import LONGEST_ROUTE, calls_to_come


class StockShort(Output):
    """A part that a depot will run out of."""

    code: Literal["stock_short"] = "stock_short"
    depot_id: str
    part_id: str
    has: int
    needed: int
    """What routes in force still have to fetch, as far as is known."""
    technician_ids: list[str]
    """Who has to fetch it."""
    starts_at: datetime
    """When the first of them comes."""


def stock_short(session: Session, at: datetime) -> list[StockShort]:
    """What depots are short of, as is known at that moment, by time."""
    needed: Counter[tuple[str, str]] = Counter()
    whose: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    first: dict[tuple[str, str], datetime] = {}
    for stop, route in calls_to_come(session, at - LONGEST_ROUTE):
        for part, quantity in stop.parts.items():
            key = stop.depot_id or "", part
            needed[key] += quantity
            whose[key].add(route.technician_id)
            first[key] = min(first.get(key, stop.start_at), stop.start_at)
    has = {(row.depot_id, row.part_id): row.quantity for row in session.exec(select(DepotStock))}
    found = [
        StockShort(
            depot_id=key[0],
            part_id=key[1],
            has=has.get(key, 0),
            needed=quantity,
            technician_ids=sorted(whose[key]),
            starts_at=first[key],
        )
        for key, quantity in needed.items()
        if quantity > has.get(key, 0)
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.depot_id, one.part_id))
