"""Where technicians are: the last position of each, from which the rest of the day begins."""

from datetime import datetime

from pydantic import field_validator
from sqlmodel import Session

from dispatch.company.technicians import read_technician
from dispatch.coordinates import Latitude, Longitude, area_faults, check_coordinates
from dispatch.errors import InvalidInput
from dispatch.field.reports import clock_faults
from dispatch.intake import Input, Moment
from dispatch.models import Position, now
from dispatch.output import Output
from dispatch.settings import Settings


class NewPosition(Input):
    """Where a technician is."""

    latitude: Latitude
    longitude: Longitude
    at: Moment
    """When, by the technician's clock."""

    _coordinates = field_validator("longitude")(check_coordinates)


class PositionOut(Output):
    """The newest position that is known of a technician."""

    technician_id: str
    latitude: float
    longitude: float
    at: datetime


def keep_position(
    session: Session,
    technician_id: str,
    new: NewPosition,
    settings: Settings,
    *,
    at: datetime | None = None,
) -> PositionOut:
    """Keep the position if it is newer than the one that is known, and return the newest.

    Positions come by the minute and are in no log. Raises ``NotFound`` for the technician, and
    ``InvalidInput``.
    """
    read_technician(session, technician_id)
    faults = [
        *clock_faults(new.at, at or now(), settings),
        *area_faults(new.latitude, new.longitude, settings.service_area, "latitude"),
    ]
    if faults:
        raise InvalidInput(*faults)
    position = session.get(Position, technician_id, with_for_update=True)
    if position is None:
        position = Position(technician_id=technician_id, **new.model_dump())
        session.add(position)
    elif new.at > position.at:
        position.latitude, position.longitude, position.at = new.latitude, new.longitude, new.at
    session.flush()
    return PositionOut.model_validate(position)
