"""What may come in about the company itself: skills, parts, tools, places, people, hours, stock."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from dispatch.company.devices import AssetContent
from dispatch.coordinates import Latitude, Longitude, check_coordinates
from dispatch.intake import (
    ClockTime,
    Code,
    Codes,
    FromSecond,
    HeldSkills,
    Input,
    LentTools,
    LongText,
    Minutes,
    NewSite,
    SomeMinutes,
    StockQuantity,
    Territories,
    Text,
    ToSecond,
    Weekday,
    later_than,
)

Pace = Annotated[int, Field(strict=True, ge=10, le=1_000)]
"""Per cent of the usual time that visits take somebody."""
MostVisits = Annotated[int, Field(strict=True, ge=1, le=1_000)]
MostKilometres = Annotated[int, Field(strict=True, ge=1, le=10_000)]
HourlyRate = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
"""What an hour of working time costs, in units of the currency."""
KilometreRate = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class CatalogueEntry(Input):
    """A skill, part or tool."""

    id: Code
    name: Text


class SiteEntry(NewSite):
    """A customer's place with its id."""

    id: Code


class OpeningHoursEntry(Input):
    """Visits at the site may start from ``opens`` to ``closes``, past midnight if that is less."""

    site_id: Code
    weekday: Weekday
    opens: ClockTime
    closes: ClockTime


class AssetEntry(AssetContent):
    """A machine at a site with its id."""

    id: Code


class DepotEntry(Input):
    id: Code
    name: Text
    address: LongText
    latitude: Latitude
    longitude: Longitude
    opens: ClockTime
    closes: ClockTime
    handling_minutes: Minutes = 10
    phone: Text | None = None
    tools: LentTools = Field(default_factory=list)

    _coordinates = field_validator("longitude")(check_coordinates)


class DepotPartEntry(Input):
    depot_id: Code
    part_id: Code
    quantity: StockQuantity


class TechnicianEntry(Input):
    """A technician with home, territories (none: all of them), skills and the van's tools, how
    quick they are, and how much each of their routes may have (absent: no limit)."""

    id: Code
    name: Text
    phone: Text | None = None
    address: LongText
    latitude: Latitude
    longitude: Longitude
    active: Annotated[bool, Field(strict=True)] = True
    territories: Territories = Field(default_factory=list)
    skills: HeldSkills = Field(default_factory=list)
    tools: Codes = Field(default_factory=list)
    pace_percent: Pace = 100
    max_visits: MostVisits | None = None
    max_travel_minutes: SomeMinutes | None = None
    max_distance_km: MostKilometres | None = None
    cost_per_hour: HourlyRate | None = None
    cost_per_km: KilometreRate | None = None

    _coordinates = field_validator("longitude")(check_coordinates)


class WorkingHoursEntry(Input):
    """A weekly shift, past midnight if ``ends`` is not after ``starts``."""

    technician_id: Code
    weekday: Weekday
    starts: ClockTime
    ends: ClockTime
    max_overtime_minutes: Minutes = 0


class BreakEntry(Input):
    technician_id: Code
    weekday: Weekday
    earliest: ClockTime
    latest: ClockTime
    minutes: SomeMinutes


class AbsenceEntry(Input):
    id: Code
    technician_id: Code
    starts_at: FromSecond
    ends_at: ToSecond
    reason: Text | None = None

    @field_validator("ends_at")
    @classmethod
    def _in_order(cls, ends_at: datetime, info: ValidationInfo) -> datetime:
        return later_than(ends_at, info, "starts_at")


class VanPartEntry(Input):
    technician_id: Code
    part_id: Code
    quantity: StockQuantity


class LegEntry(Input):
    """Measured travel between two places (ids of sites, depots and technicians)."""

    from_place: Code
    to_place: Code
    seconds: Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
    metres: Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
