"""The CSV files of a folder: their columns, and the tables that hold what they say."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, SQLModel

from dispatch import models, store
from dispatch.company.master_data import (
    AbsenceEntry,
    AssetEntry,
    BreakEntry,
    CatalogueEntry,
    DepotEntry,
    DepotPartEntry,
    LegEntry,
    OpeningHoursEntry,
    SiteEntry,
    TechnicianEntry,
    VanPartEntry,
    WorkingHoursEntry,
)
from dispatch.files.cells import (
    DECIMAL,
    HELD_SKILLS,
    INTEGER,
    MOMENT,
    PARTS,
    SKILLS,
    TEXT,
    TEXTS,
    TIME_OF_DAY,
    WEEKDAY,
    WINDOWS,
    WORD,
    YES_OR_NO,
    Cell,
)
from dispatch.intake import HeldSkill, Input, PartQuantity, SkillLevel, StoredJob, Window, name_of
from dispatch.models import Depot, Part, Site, Skill, Technician, Tool, Wish
from dispatch.references import Reference, Tables


@dataclass(frozen=True)
class Detail:
    """A list in a ``column`` that has a table of its own.

    That table's ``owner`` column holds the id of the row that has the list. The entries are
    ``entry`` models, or plain texts in the table's column ``entry``.
    """

    column: str
    table: type[SQLModel]
    owner: str
    entry: type[Input] | str
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def rows(self, id_: str, entries: Iterable[Any]) -> list[dict[str, Any]]:
        return [
            {
                self.owner: id_,
                **self.fixed,
                **({self.entry: one} if isinstance(self.entry, str) else one.model_dump()),
            }
            for one in entries
        ]

    def entries(self, rows: Iterable[SQLModel]) -> list[Any]:
        return sorted(
            (
                self._entry(row)
                for row in rows
                if all(getattr(row, name) == value for name, value in self.fixed.items())
            ),
            key=name_of,
        )

    def _entry(self, row: SQLModel) -> Any:
        if isinstance(self.entry, str):
            return getattr(row, self.entry)
        names = self.entry.model_fields
        return self.entry.model_construct(**{name: getattr(row, name) for name in names})


@dataclass(frozen=True)
class Sheet:
    """A file: one ``model`` a line, whose fields are the columns, kept in ``table``.

    ``refers`` says where the ids in a column must exist. An ``owned`` sheet holds the rows of the
    things that its first column names, and replaces all of theirs.
    """

    file: str
    model: type[Input]
    table: type[SQLModel]
    cells: Mapping[str, Cell]
    refers: Mapping[str, Tables] = field(default_factory=dict)
    details: tuple[Detail, ...] = ()
    owned: bool = False

    @property
    def group(self) -> str:
        """The column by which rows are read and replaced."""
        return next(iter(self.cells))

    def key_of(self, line: Input) -> tuple[Any, ...]:
        return tuple(getattr(line, name) for name in store.key_columns(self.table))

    def references(self, line: Input, where: Callable[[str], str]) -> Iterable[Reference]:
        for column, tables in self.refers.items():
            value = getattr(line, column)
            for one in value if isinstance(value, list) else [value] if value is not None else []:
                yield Reference(where(column), tables, name_of(one))

    def row(self, line: Input) -> dict[str, Any]:
        """The columns of the line's row in ``table``."""
        columns = self.table.model_fields
        return {name: getattr(line, name) for name in self.cells if name in columns}

    def stored(self, session: Session, groups: set[str] | None = None) -> dict[Any, Input]:
        """What is stored, by key: all of it, or where the ``group`` column is among ``groups``."""
        details = {detail.column: self._details(session, detail, groups) for detail in self.details}
        lines = {}
        for row in store.rows_where(session, self.table, self.group, groups):
            values = {name: getattr(row, name) for name in self.cells if name not in details}
            id_ = values[self.group]
            for name, by_owner in details.items():
                values[name] = by_owner.get(id_, [])
            line = self.model.model_construct(**values)
            lines[self.key_of(line)] = line
        return lines

    def _details(
        self, session: Session, detail: Detail, groups: set[str] | None
    ) -> dict[str, list[Any]]:
        by_owner: dict[str, list[SQLModel]] = {}
        for row in store.rows_where(session, detail.table, detail.owner, groups):
            by_owner.setdefault(getattr(row, detail.owner), []).append(row)
        return {id_: detail.entries(rows) for id_, rows in by_owner.items()}


CATALOGUE = {"id": WORD, "name": TEXT}
SKILL, PART, TOOL, TECHNICIAN = (Skill,), (Part,), (Tool,), (Technician,)

TECHNICIANS = Sheet(
    "technicians.csv",
    TechnicianEntry,
    Technician,
    {
        "id": WORD,
        "name": TEXT,
        "phone": TEXT,
        "address": TEXT,
        "latitude": DECIMAL,
        "longitude": DECIMAL,
        "active": YES_OR_NO,
        "territories": TEXTS,
        "skills": HELD_SKILLS,
        "tools": TEXTS,
    },
    {"skills": SKILL, "tools": TOOL},
    (
        Detail("territories", models.TechnicianTerritory, "technician_id", "territory"),
        Detail("skills", models.TechnicianSkill, "technician_id", HeldSkill),
        Detail("tools", models.VanTool, "technician_id", "tool_id"),
    ),
)
SITES = Sheet(
    "sites.csv",
    SiteEntry,
    Site,
    {
        "id": WORD,
        "name": TEXT,
        "address": TEXT,
        "latitude": DECIMAL,
        "longitude": DECIMAL,
        "territory": TEXT,
        "phone": TEXT,
    },
)
JOBS = Sheet(
    "jobs.csv",
    StoredJob,
    models.Job,
    {
        "id": WORD,
        "site_id": WORD,
        "title": TEXT,
        "status": WORD,
        "hold_reason": TEXT,
        "priority": WORD,
        "duration_minutes": INTEGER,
        "due_at": MOMENT,
        "told_at": MOMENT,
        "windows": WINDOWS,
        "skills": SKILLS,
        "parts": PARTS,
        "tools": TEXTS,
        "preferred": TEXTS,
        "allowed": TEXTS,
        "forbidden": TEXTS,
        "pinned_technician_id": WORD,
        "pinned_start_at": MOMENT,
    },
    {
        "site_id": (Site,),
        "skills": SKILL,
        "parts": PART,
        "tools": TOOL,
        "preferred": TECHNICIAN,
        "allowed": TECHNICIAN,
        "forbidden": TECHNICIAN,
        "pinned_technician_id": TECHNICIAN,
    },
    (
        Detail("windows", models.JobWindow, "job_id", Window),
        Detail("skills", models.JobSkill, "job_id", SkillLevel),
        Detail("parts", models.JobPart, "job_id", PartQuantity),
        Detail("tools", models.JobTool, "job_id", "tool_id"),
        *(
            Detail(wish, models.JobTechnician, "job_id", "technician_id", {"wish": wish})
            for wish in Wish
        ),
    ),
)
DEPOTS = Sheet(
    "depots.csv",
    DepotEntry,
    Depot,
    {
        "id": WORD,
        "name": TEXT,
        "address": TEXT,
        "latitude": DECIMAL,
        "longitude": DECIMAL,
        "opens": TIME_OF_DAY,
        "closes": TIME_OF_DAY,
        "handling_minutes": INTEGER,
        "tools": TEXTS,
    },
    {"tools": TOOL},
    (Detail("tools", models.DepotTool, "depot_id", "tool_id"),),
)
SHEETS = (
    Sheet("skills.csv", CatalogueEntry, Skill, CATALOGUE),
    Sheet("parts.csv", CatalogueEntry, Part, CATALOGUE),
    Sheet("tools.csv", CatalogueEntry, Tool, CATALOGUE),
    SITES,
    Sheet(
        "opening_hours.csv",
        OpeningHoursEntry,
        models.OpeningHours,
        {"site_id": WORD, "weekday": WEEKDAY, "opens": TIME_OF_DAY, "closes": TIME_OF_DAY},
        {"site_id": (Site,)},
        owned=True,
    ),
    Sheet(
        "assets.csv",
        AssetEntry,
        models.Asset,
        {"id": WORD, "site_id": WORD, "name": TEXT, "model": TEXT, "serial_number": TEXT},
        {"site_id": (Site,)},
    ),
    DEPOTS,
    Sheet(
        "depot_stock.csv",
        DepotPartEntry,
        models.DepotStock,
        {"depot_id": WORD, "part_id": WORD, "quantity": INTEGER},
        {"depot_id": (Depot,), "part_id": PART},
        owned=True,
    ),
    TECHNICIANS,
    Sheet(
        "working_hours.csv",
        WorkingHoursEntry,
        models.WorkingHours,
        {
            "technician_id": WORD,
            "weekday": WEEKDAY,
            "starts": TIME_OF_DAY,
            "ends": TIME_OF_DAY,
            "max_overtime_minutes": INTEGER,
        },
        {"technician_id": TECHNICIAN},
        owned=True,
    ),
    Sheet(
        "breaks.csv",
        BreakEntry,
        models.WeeklyBreak,
        {
            "technician_id": WORD,
            "weekday": WEEKDAY,
            "earliest": TIME_OF_DAY,
            "latest": TIME_OF_DAY,
            "minutes": INTEGER,
        },
        {"technician_id": TECHNICIAN},
        owned=True,
    ),
    Sheet(
        "absences.csv",
        AbsenceEntry,
        models.Absence,
        {
            "id": WORD,
            "technician_id": WORD,
            "starts_at": MOMENT,
            "ends_at": MOMENT,
            "reason": TEXT,
        },
        {"technician_id": TECHNICIAN},
    ),
    Sheet(
        "van_stock.csv",
        VanPartEntry,
        models.VanStock,
        {"technician_id": WORD, "part_id": WORD, "quantity": INTEGER},
        {"technician_id": TECHNICIAN, "part_id": PART},
        owned=True,
    ),
    JOBS,
    Sheet(
        "travel_legs.csv",
        LegEntry,
        models.TravelLeg,
        {"from_place": WORD, "to_place": WORD, "seconds": INTEGER, "metres": INTEGER},
        {
            "from_place": (Site, Depot, Technician),
            "to_place": (Site, Depot, Technician),
        },
    ),
)
"""In an order in which everything comes before what refers to it."""
