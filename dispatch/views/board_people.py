"""Who is on the board: technicians with shifts and absences, and where they were last seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlmodel import Session

from dispatch.company.technicians import HeldSkillOut
from dispatch.models import (
    Absence,
    Position,
    Technician,
    TechnicianSkill,
    TechnicianTerritory,
    WeeklyBreak,
    WorkingHours,
)
from dispatch.output import Output
from dispatch.planning.facts import grouped
from dispatch.planning.shifts import WorkingShift, working_shifts
from dispatch.settings import Settings
from dispatch.store import rows_where

OfPerson = TypeVar(
    "OfPerson",
    TechnicianSkill,
    TechnicianTerritory,
    WorkingHours,
    WeeklyBreak,
    Absence,
    Position,
)


class BoardTechnician(Output):
    """A technician who is active or has a route."""

    id: str
    name: str
    phone: str | None
    latitude: float
    longitude: float
    skills: list[HeldSkillOut]
    territories: list[str]
    """None named: all of them."""
    pace_percent: int
    """Of their usual time that visits take."""
    max_visits: int | None
    """On each route, as are the next two; None: no limit."""
    max_travel_minutes: int | None
    max_distance_km: int | None
    cost_per_hour: int | None
    """Of working time, in units of the currency, as the next is; None: as everybody's."""
    cost_per_km: int | None


class BoardBreak(Output):
    """A break that is due in a shift."""

    earliest_at: datetime
    latest_at: datetime
    seconds: int


class BoardShift(Output):
    """One working period, as absences leave it."""

    technician_id: str
    starts_at: datetime
    ends_at: datetime
    max_overtime_seconds: int
    breaks: list[BoardBreak]


class BoardAbsence(Output):
    id: str
    technician_id: str
    starts_at: datetime
    ends_at: datetime
    reason: str | None


class BoardPosition(Output):
    """Where a technician was last seen."""

    technician_id: str
    latitude: float
    longitude: float
    at: datetime


@dataclass(frozen=True, slots=True)
class TechnicianRows:
    """A technician with all that is read for the board."""

    technician: Technician
    skills: Sequence[TechnicianSkill]
    territories: Sequence[TechnicianTerritory]
    hours: Sequence[WorkingHours]
    breaks: Sequence[WeeklyBreak]
    absences: Sequence[Absence]
    position: Position | None

    def shifts(self, first: date, last: date, settings: Settings) -> list[WorkingShift]:
        """Those of the local days, both included."""
        return working_shifts(
            self.technician.id,
            self.hours,
            self.breaks,
            self.absences,
            first,
            last,
            settings.zone,
        )


def people_of(
    session: Session, chosen: frozenset[str] | None, with_routes: Collection[str]
) -> list[TechnicianRows]:
    """Those who are active, and those who were when their routes were planned."""

    def theirs(table: type[OfPerson]) -> dict[str, tuple[OfPerson, ...]]:
        rows = rows_where(session, table, "technician_id", chosen)
        return grouped(rows, lambda row: row.technician_id)

    skills, territories = theirs(TechnicianSkill), theirs(TechnicianTerritory)
    hours, breaks, absences = theirs(WorkingHours), theirs(WeeklyBreak), theirs(Absence)
    positions = theirs(Position)
    everybody = rows_where(session, Technician, "id", chosen)
    there = [row for row in everybody if row.active or row.id in with_routes]
    return [
        TechnicianRows(
            row,
            skills.get(row.id, ()),
            territories.get(row.id, ()),
            hours.get(row.id, ()),
            breaks.get(row.id, ()),
            absences.get(row.id, ()),
            next(iter(positions.get(row.id, ())), None),
        )
        for row in sorted(there, key=lambda row: row.id)
    ]


def technician_out(person: TechnicianRows) -> BoardTechnician:
    """The technician as the board has them."""
    return BoardTechnician(
        **person.technician.model_dump(include={*BoardTechnician.model_fields}),
        skills=[HeldSkillOut.model_validate(skill) for skill in person.skills],
        territories=sorted(row.territory for row in person.territories),
    )


def shift_out(shift: WorkingShift) -> BoardShift:
    """The shift as the board has it."""
    return BoardShift(
        technician_id=shift.technician_id,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        max_overtime_seconds=seconds_of(shift.max_overtime),
        breaks=[
            BoardBreak(
                earliest_at=pause.earliest_at,
                latest_at=pause.latest_at,
                seconds=seconds_of(pause.duration),
            )
            for pause in shift.breaks
        ],
    )


def seconds_of(span: timedelta) -> int:
    """Whole seconds, as all spans on the board are."""
    return round(span.total_seconds())
