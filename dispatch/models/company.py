"""What the company has: people, places, parts, and the ways between them."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlmodel import Field, SQLModel

from dispatch.models.base import now, text_of


class LocatedBy(StrEnum):
    """Where a site's coordinates come from; a site without needs a location."""

    GIVEN = "given"
    GEOCODER = "geocoder"


class Skill(SQLModel, table=True):
    id: str = Field(primary_key=True)
    name: str


class Part(SQLModel, table=True):
    id: str = Field(primary_key=True)
    name: str


class Tool(SQLModel, table=True):
    id: str = Field(primary_key=True)
    name: str


class Site(SQLModel, table=True):
    """A customer's place.

    ``access_minutes`` are for parking, the gate, the lift: spent once before service wherever the
    stop before is elsewhere. They are working time, but neither travel nor service.
    """

    id: str = Field(primary_key=True)
    name: str
    address: str
    latitude: float | None = None
    longitude: float | None = None
    located_by: LocatedBy | None = Field(default=None, sa_type=text_of(LocatedBy))
    territory: str | None = Field(default=None, index=True)
    phone: str | None = None
    access_minutes: int = 0


class OpeningHours(SQLModel, table=True):
    """When a visit may start at a site; a site without any is always open. Monday is 0."""

    __tablename__ = "opening_hours"

    site_id: str = Field(foreign_key="site.id", primary_key=True)
    weekday: int = Field(primary_key=True)
    opens: time = Field(primary_key=True)
    closes: time


class Depot(SQLModel, table=True):
    """A warehouse or parts shop; open every day from ``opens`` to ``closes``."""

    id: str = Field(primary_key=True)
    name: str
    address: str
    latitude: float
    longitude: float
    opens: time
    closes: time
    handling_minutes: int = 10
    phone: str | None = None


class DepotStock(SQLModel, table=True):
    __tablename__ = "depot_stock"

    depot_id: str = Field(foreign_key="depot.id", primary_key=True)
    part_id: str = Field(foreign_key="part.id", primary_key=True)
    quantity: int


class DepotTool(SQLModel, table=True):
    """A tool that the depot lends, no more than ``number`` of it at once; 0: all are away."""

    __tablename__ = "depot_tool"

    depot_id: str = Field(foreign_key="depot.id", primary_key=True)
    tool_id: str = Field(foreign_key="tool.id", primary_key=True)
    number: int = 1


class Technician(SQLModel, table=True):
    """A person; routes start and end at home.

    Visits take ``pace_percent`` of their usual time: 100 as usual, 130 a trainee, 85 a veteran.
    The limits are those of each of their routes; None: no limit. ``max_travel_minutes`` and
    ``max_distance_km`` bound all ways, those from home and back included; access is no travel.
    ``cost_per_hour`` and ``cost_per_km`` are amounts of money; None: as everybody's.
    """

    id: str = Field(primary_key=True)
    name: str
    phone: str | None = None
    address: str
    latitude: float
    longitude: float
    active: bool = True
    pace_percent: int = 100
    max_visits: int | None = None
    max_travel_minutes: int | None = None
    max_distance_km: int | None = None
    cost_per_hour: int | None = None
    cost_per_km: int | None = None


class TechnicianSkill(SQLModel, table=True):
    """A skill held at a level from 1 up, until the end of ``expires_on`` if that is given."""

    __tablename__ = "technician_skill"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    skill_id: str = Field(foreign_key="skill.id", primary_key=True)
    level: int = 1
    expires_on: date | None = None


class TechnicianTerritory(SQLModel, table=True):
    """A territory that the technician serves; one without any serves all of them."""

    __tablename__ = "technician_territory"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    territory: str = Field(primary_key=True)


class WorkingHours(SQLModel, table=True):
    """A shift that comes back every week. Monday is 0."""

    __tablename__ = "working_hours"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    weekday: int = Field(primary_key=True)
    starts: time = Field(primary_key=True)
    ends: time
    max_overtime_minutes: int = 0


class WeeklyBreak(SQLModel, table=True):
    """A break of every week's shifts that starts between ``earliest`` and ``latest``."""

    __tablename__ = "weekly_break"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    weekday: int = Field(primary_key=True)
    earliest: time = Field(primary_key=True)
    latest: time
    minutes: int


class Absence(SQLModel, table=True):
    """A time in which the technician does not work; shifts are cut by it."""

    id: str = Field(primary_key=True)
    technician_id: str = Field(foreign_key="technician.id", index=True)
    starts_at: datetime
    ends_at: datetime
    reason: str | None = None


class VanStock(SQLModel, table=True):
    __tablename__ = "van_stock"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    part_id: str = Field(foreign_key="part.id", primary_key=True)
    quantity: int


class VanTool(SQLModel, table=True):
    __tablename__ = "van_tool"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    tool_id: str = Field(foreign_key="tool.id", primary_key=True)


class TravelLeg(SQLModel, table=True):
    """A measured leg that replaces the estimate; places are ids of sites, depots, technicians."""

    __tablename__ = "travel_leg"

    from_place: str = Field(primary_key=True)
    to_place: str = Field(primary_key=True)
    seconds: int
    metres: int


class GeocodedAddress(SQLModel, table=True):
    """What a geocoder said about an address, so that it is asked once; not found is an answer."""

    __tablename__ = "geocoded_address"

    address: str = Field(primary_key=True)
    latitude: float | None = None
    longitude: float | None = None
    provider: str
    asked_at: datetime = Field(default_factory=now)
