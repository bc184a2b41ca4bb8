"""Measured travel, as far as it is between places that matter."""

import json
from collections.abc import Collection

from sqlalchemy import String, any_, func, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col, select

from dispatch.models import TravelLeg

LegsByPlaces = dict[tuple[str, str], tuple[int, int]]
"""Seconds and metres, by where a leg begins and ends."""


def measured_legs(session: Session, places: Collection[str]) -> LegsByPlaces:
    """The legs from one of the places to another one.

    A company may have measured legs between all places it knows, of which a day has few: the
    database picks them, and the places go there as one value, however many they are.
    """
    leg = TravelLeg
    query = select(leg.from_place, leg.to_place, leg.seconds, leg.metres)
    if session.get_bind().dialect.name == "sqlite":
        listed = func.json_each(json.dumps(sorted(places))).table_valued("value")
        there = select(listed.c.value)
        # Each origin's legs are gone through. Else each pair would be looked for, be there legs
        # or not: with no index for "" behind the id, it cannot be.
        query = query.where(col(leg.from_place).in_(there), (col(leg.to_place) + "").in_(there))
    else:
        array = literal(sorted(places), ARRAY(String))
        query = query.where(col(leg.from_place) == any_(array), col(leg.to_place) == any_(array))
    return {(begin, end): (seconds, metres) for begin, end, seconds, metres in session.exec(query)}
