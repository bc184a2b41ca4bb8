"""The CSV files of a folder: their columns, and the tables that hold what they say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, get_type_hints

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
from dispatch.company.technicians import HOW_THEY_WORK
from dispatch.files.cells import YES_OR_NO, cell_of
from dispatch.files.headings import names_of
from dispatch.files.reading import Cell, Kind
from dispatch.files.spoilt import NUMBERS
from dispatch.files.words import folded
from dispatch.intake import (
    HeldSkill,
    Input,
    LentTool,
    PartQuantity,
    SkillLevel,
    StoredJob,
    Window,
    name_of,
)
from dispatch.jobs.links import JobLinkEntry
from dispatch.models import Depot, Part, Site, Skill, Technician, Tool, Wish


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
    numbered: str | None = None
    """The table's column for the entry's place in the list, where their order means something."""

    def rows(self, id_: str, entries: Iterable[Any]) -> list[dict[str, Any]]:
        return [
            {
                self.owner: id_,
                **self.fixed,
                **({} if self.numbered is None else {self.numbered: number}),
                **({self.entry: one} if isinstance(self.entry, str) else one.model_dump()),
            }
            for number, one in enumerate(entries)
        ]

    def entries(self, rows: Iterable[SQLModel]) -> list[Any]:
        if self.numbered is not None:
            return [self._entry(row) for row in sorted(rows, key=attrgetter(self.numbered))]
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

    ``order`` names the columns where the model's fields are in another order, or are more.
    An ``owned`` sheet holds the rows of the things that its first column names, and replaces all of
    theirs. A file may leave out ``optional`` columns, which came later than others: what is stored
    in them stays.
    """

    file: str
    model: type[Input]
    table: type[SQLModel]
    details: tuple[Detail, ...] = ()
    owned: bool = False
    order: str = ""
    optional: frozenset[str] = frozenset()

    @cached_property
    def cells(self) -> Mapping[str, Cell]:
        """The columns, each with how it is read and written."""
        types = get_type_hints(self.model, include_extras=True)
        return {
            name: cell_of(types[name], name)
            for name in self.order.split() or self.model.model_fields
        }

    @cached_property
    def exact(self) -> frozenset[str]:
        """The columns in which every digit counts: ids, telephone and serial numbers."""
        ids = {name for name, cell in self.cells.items() if cell.kind is Kind.ID}
        return NUMBERS.intersection(self.cells) | ids

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """The columns that say yes or no."""
        return tuple(name for name, cell in self.cells.items() if cell is YES_OR_NO)

    @property
    def name(self) -> str:
        return self.file.removesuffix(".csv")

    def column_called(self, heading: str) -> str | None:
        """The column with that heading, in whatever language; None if there is none."""
        return self._columns.get(folded(heading))

    @cached_property
    def _columns(self) -> Mapping[str, str]:
        return {folded(called): name for name in self.cells for called in names_of(self.name, name)}

    @cached_property
    def group(self) -> str:
        """The column by which rows are read and replaced."""
        return next(iter(self.cells))

    def key_of(self, line: Input) -> tuple[Any, ...]:
        return tuple(getattr(line, name) for name in store.key_columns(self.table))

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


TECHNICIANS = Sheet(
    "technicians.csv",
    TechnicianEntry,
    Technician,
    (
        Detail("territories", models.TechnicianTerritory, "technician_id", "territory"),
        Detail("skills", models.TechnicianSkill, "technician_id", HeldSkill),
        Detail("tools", models.VanTool, "technician_id", "tool_id"),
    ),
    optional=frozenset(HOW_THEY_WORK),
)
SITES = Sheet("sites.csv", SiteEntry, Site, optional=frozenset({"access_minutes"}))
JOBS = Sheet(
    "jobs.csv",
    StoredJob,
    models.Job,
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
    order="id site_id title status hold_reason priority duration_minutes due_at told_at windows "
    "skills parts tools preferred allowed forbidden pinned_technician_id pinned_start_at "
    "asset_id contact_name contact_phone note hold_until",
    optional=frozenset({"asset_id", "contact_name", "contact_phone", "note", "hold_until"}),
)
LINKS = Sheet(
    "job_links.csv",
    JobLinkEntry,
    models.JobLink,
    (Detail("job_ids", models.JobLinkMember, "link_id", "job_id", numbered="position"),),
    order="id kind job_ids least_minutes most_minutes person by",
)
ASSETS = Sheet("assets.csv", AssetEntry, models.Asset, order="id site_id name model serial_number")
DEPOTS = Sheet(
    "depots.csv",
    DepotEntry,
    Depot,
    (Detail("tools", models.DepotTool, "depot_id", LentTool),),
    order="id name address latitude longitude opens closes handling_minutes tools phone",
    optional=frozenset({"phone"}),
)
SHEETS = (
    Sheet("skills.csv", CatalogueEntry, Skill),
    Sheet("parts.csv", CatalogueEntry, Part),
    Sheet("tools.csv", CatalogueEntry, Tool),
    SITES,
    Sheet("opening_hours.csv", OpeningHoursEntry, models.OpeningHours, owned=True),
    ASSETS,
    DEPOTS,
    Sheet("depot_stock.csv", DepotPartEntry, models.DepotStock, owned=True),
    TECHNICIANS,
    Sheet("working_hours.csv", WorkingHoursEntry, models.WorkingHours, owned=True),
    Sheet("breaks.csv", BreakEntry, models.WeeklyBreak, owned=True),
    Sheet("absences.csv", AbsenceEntry, models.Absence),
    Sheet("van_stock.csv", VanPartEntry, models.VanStock, owned=True),
    JOBS,
    LINKS,
    Sheet("travel_legs.csv", LegEntry, models.TravelLeg),
)
"""In an order in which everything comes before what refers to it."""
