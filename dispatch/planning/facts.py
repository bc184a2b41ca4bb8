"""What planning has to know of jobs, people and depots, each with all that hangs on its row."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TypeVar

from sqlmodel import Session, col, select

from dispatch.models import (
    Absence,
    Depot,
    DepotStock,
    DepotTool,
    Job,
    JobPart,
    JobSkill,
    JobTechnician,
    JobTool,
    JobWindow,
    Position,
    Site,
    Technician,
    TechnicianSkill,
    TechnicianTerritory,
    VanStock,
    VanTool,
    WeeklyBreak,
    Wish,
    WorkingHours,
)
from dispatch.planning.shifts import WorkCalendar
from dispatch.store import batches, details_by_job, rows_where
from solver.pace import ITS_OWN_TIME, at_pace

Row = TypeVar("Row")
Key = TypeVar("Key", str, int)
OfTechnician = TypeVar(
    "OfTechnician",
    TechnicianSkill,
    WorkingHours,
    WeeklyBreak,
    Absence,
    VanTool,
    Position,
)


NO_WISHES: Mapping[Wish, frozenset[str]] = {wish: frozenset() for wish in Wish}


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A job with what it requires."""

    job: Job
    windows: Sequence[JobWindow]
    skills: Mapping[str, int]
    """The least level of each."""
    parts: Mapping[str, int]
    """How many of each."""
    tools: frozenset[str]
    wishes: Mapping[Wish, frozenset[str]]
    """The technicians of each kind of wish."""


@dataclass(frozen=True, slots=True)
class TechnicianFacts:
    """A technician with working hours, abilities, van, and where that was last seen."""

    technician: Technician
    skills: tuple[TechnicianSkill, ...]
    territories: frozenset[str]
    calendar: WorkCalendar
    stock: dict[str, int]
    tools: frozenset[str]
    position: Position | None

    @property
    def pace(self) -> Fraction:
        """How many times their usual time visits take."""
        percent = self.technician.pace_percent
        return ITS_OWN_TIME if percent == 100 else Fraction(percent, 100)


@dataclass(frozen=True, slots=True)
class DepotFacts:
    """A depot with what it has."""

    depot: Depot
    stock: dict[str, int]
    tool_counts: dict[str, int]
    """How many it has of each tool that it lends."""

    @property
    def tools(self) -> frozenset[str]:
        """Those of which it has any."""
        return frozenset(tool for tool, number in self.tool_counts.items() if number > 0)


def access_of(site: Site) -> int:
    """Seconds from the road to a visit at the site."""
    return site.access_minutes * 60


def service_of(job: Job, pace: Fraction) -> timedelta:
    """How long the visit takes somebody of that pace, as the solver reckons it."""
    return timedelta(seconds=at_pace(job.duration_minutes * 60, pace))


def job_facts(session: Session, jobs: Sequence[Job]) -> tuple[JobFacts, ...]:
    """Read what the jobs require, with one query for each kind of detail; they stay in order."""
    windows = details_by_job(session, JobWindow, jobs)
    skills = details_by_job(session, JobSkill, jobs)
    parts = details_by_job(session, JobPart, jobs)
    tools = details_by_job(session, JobTool, jobs)
    wishes = details_by_job(session, JobTechnician, jobs)
    return tuple(
        JobFacts(
            job,
            windows[job.id],
            {row.skill_id: row.level for row in skills[job.id]},
            {row.part_id: row.quantity for row in parts[job.id]},
            frozenset(row.tool_id for row in tools[job.id]),
            _wishes(wishes[job.id]),
        )
        for job in jobs
    )


def _wishes(rows: Sequence[JobTechnician]) -> Mapping[Wish, frozenset[str]]:
    if not rows:
        return NO_WISHES
    return {wish: frozenset(row.technician_id for row in rows if row.wish == wish) for wish in Wish}


def technician_facts(session: Session, serving: Collection[str]) -> tuple[TechnicianFacts, ...]:
    """Those of the technicians who are active, in the order of their ids."""

    def theirs(table: type[OfTechnician]) -> dict[str, tuple[OfTechnician, ...]]:
        rows = rows_where(session, table, "technician_id", serving)
        return grouped(rows, lambda row: row.technician_id)

    active = sorted(
        (row for row in rows_where(session, Technician, "id", serving) if row.active),
        key=lambda row: row.id,
    )
    skills, hours, breaks = theirs(TechnicianSkill), theirs(WorkingHours), theirs(WeeklyBreak)
    absences, tools, stock = theirs(Absence), theirs(VanTool), van_stock(session, serving)
    territories, positions = territories_of(session), theirs(Position)
    return tuple(
        TechnicianFacts(
            technician,
            skills.get(technician.id, ()),
            territories.get(technician.id, frozenset()),
            WorkCalendar(
                technician.id,
                hours.get(technician.id, ()),
                breaks.get(technician.id, ()),
                absences.get(technician.id, ()),
            ),
            stock.get(technician.id, {}),
            frozenset(row.tool_id for row in tools.get(technician.id, ())),
            next(iter(positions.get(technician.id, ())), None),
        )
        for technician in active
    )


def van_stock(session: Session, technicians: Collection[str]) -> dict[str, dict[str, int]]:
    """How many of each part are in whose van."""
    found: dict[str, dict[str, int]] = {}
    # Without making objects of them: as many as there are parts in all vans.
    columns = select(VanStock.technician_id, VanStock.part_id, VanStock.quantity)
    for some in batches(technicians):
        for technician, part, quantity in session.exec(
            columns.where(col(VanStock.technician_id).in_(some))
        ):
            found.setdefault(technician, {})[part] = quantity
    return found


def territories_of(session: Session) -> dict[str, frozenset[str]]:
    """By technician, those that they are bound to."""
    rows = grouped(session.exec(select(TechnicianTerritory)), lambda row: row.technician_id)
    return {
        technician: frozenset(row.territory for row in theirs)
        for technician, theirs in rows.items()
    }


def depot_facts(session: Session) -> tuple[DepotFacts, ...]:
    """All depots with what they have, in the order of their ids."""
    stock = grouped(session.exec(select(DepotStock)), lambda row: row.depot_id)
    tools = grouped(session.exec(select(DepotTool)), lambda row: row.depot_id)
    return tuple(
        DepotFacts(
            depot,
            {row.part_id: row.quantity for row in stock.get(depot.id, ())},
            {row.tool_id: row.number for row in tools.get(depot.id, ())},
        )
        for depot in session.exec(select(Depot).order_by(Depot.id))
    )


def grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, tuple[Row, ...]]:
    """The rows by their keys, those of one key in the order in which they came."""
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return {group: tuple(found) for group, found in groups.items()}
