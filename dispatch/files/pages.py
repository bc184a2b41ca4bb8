"""Reading one table: every line checked by itself, every fault with its line and column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from dispatch.files import spoilt
from dispatch.files.reading import BadCell, Clock, Kind, Value
from dispatch.files.sheets import Sheet
from dispatch.files.tables import Table
from dispatch.files.words import MARKS
from dispatch.input_faults import faults_of
from dispatch.intake import Input
from dispatch.texts import cleaned
from solver.faults import Fault
from solver.wording import counted

LINE_BREAKS = re.compile(r"(,?)\s*[\r\n]\s*")

FOLLOWS = {"half_a_location": {"latitude", "longitude"}}
"""Faults that only say again that one of these columns could not be read."""


@dataclass(frozen=True, slots=True)
class SheetLine:
    number: int
    content: Input


@dataclass
class Page:
    """What a file says. ``named`` holds the first cell of all lines, the faulty ones too."""

    sheet: Sheet
    table: Table
    lines: list[SheetLine] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    headings: dict[str, str] = field(default_factory=dict)
    """What the file calls its columns."""
    faults: list[Fault] = field(default_factory=list)
    readable: bool = True
    """Whether the file is a table with the right columns at all."""

    @property
    def without(self) -> frozenset[str]:
        """The columns that it may leave out, and does."""
        return self.sheet.optional.difference(self.headings)

    @property
    def missing(self) -> list[str]:
        """The columns that it leaves out, but may not."""
        return [
            name
            for name in self.sheet.cells
            if name not in self.headings and name not in self.sheet.optional
        ]

    def place(self, line: int, column: str | None = None) -> str:
        """Where in the file that is, as it calls the column itself."""
        where = self.table.place(line)
        return where if column is None else f"{where}, column {self.headings.get(column, column)}"

    def refuse(self, fault: Fault) -> None:
        """The fault, and that the file cannot be read as a whole."""
        self.faults.append(fault)
        self.readable = False


def read_page(sheet: Sheet, table: Table, clock: Clock, *, is_backup: bool = False) -> Page:
    """The table's lines. Never raises for what is in it: see ``Page.faults``.

    Of a backup no value is taken for spoilt: it has what was let in, by whatever way.
    """
    page = Page(sheet, table)
    for fault in table.faults:
        page.refuse(fault)
    rows = [(number, cells) for number, cells in table.rows if any(map(_is_filled, cells))]
    if rows:
        number, header = rows[0]
        columns = _columns(page, number, [cleaned(str(cell)) for cell in header])
        _read_lines(page, columns, rows[1:], clock, is_backup)
    if rows or not table.faults:
        number = rows[0][0] if rows else 1
        for name in page.missing:
            where = page.place(number, name)
            cause, action = "the column is missing", "add it, empty if need be"
            page.refuse(Fault("missing_column", where, cause, action))
    return page


def _is_filled(cell: Value) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else True


def _columns(page: Page, number: int, header: Sequence[str]) -> list[str | None]:
    """The column that stands at each place, up to the last heading: an empty name where there is no
    heading, and none where it is refused."""
    columns: list[str | None] = []
    for heading in header:
        name = page.sheet.column_called(heading) if heading else ""
        where = page.place(number) + f", column {heading}"
        if name is None:
            action = f"remove it; known are {', '.join(page.sheet.cells)}"
            page.refuse(Fault("unknown_column", where, "the column is unknown", action))
        elif name in page.headings:
            cause = f"the column occurs more than once ({name})"
            page.refuse(Fault("duplicate_column", where, cause, "keep one of them"))
            name = None
        if name:
            page.headings[name] = heading
        columns.append(name)
    while columns and columns[-1] == "":
        columns.pop()
    return columns


def _read_lines(
    page: Page,
    columns: Sequence[str | None],
    rows: Sequence[tuple[int, Sequence[Value]]],
    clock: Clock,
    is_backup: bool,
) -> None:
    first: dict[Any, int] = {}
    unanswered: dict[str, list[int]] = {name: [] for name in page.sheet.questions}
    marked: set[str] = set()
    for number, row in rows:
        if len(row) < len(columns) or any(map(_is_filled, row[len(columns) :])):
            page.faults.append(
                Fault(
                    "wrong_number_of_cells",
                    page.place(number),
                    f"it has {counted(len(row), 'cell')} for {counted(len(columns), 'column')}",
                    "quote cells that contain the separator; leave empty cells empty",
                )
            )
            continue
        if any(name == "" and _is_filled(cell) for name, cell in zip(columns, row, strict=False)):
            cause, action = "a cell is filled in a column without a heading", "name the column"
            page.faults.append(Fault("unnamed_column", page.place(number), cause, action))
        values = {
            name: value.strip() if isinstance(value, str) else value
            for name, value in zip(columns, row, strict=False)
            if name
        }
        for name in unanswered.keys() & values.keys():
            if values[name] == "":
                unanswered[name].append(number)
            elif str(values[name]).casefold() in MARKS:
                marked.add(name)
        content = _read_line(page, number, values, clock, is_backup)
        if content is None:
            continue
        key = page.sheet.key_of(content)
        if key in first:
            page.faults.append(
                Fault(
                    "duplicate_id",
                    page.place(number, page.sheet.group),
                    f"{', '.join(map(str, key))} was already on line {first[key]}",
                    "keep one of the two lines",
                )
            )
        first.setdefault(key, number)
        page.lines.append(SheetLine(number, content))
    for name in marked:
        for number in unanswered[name]:
            cause = "the cell is empty in a column of crosses, which may mean no, or nothing"
            page.faults.append(
                Fault("unclear_mark", page.place(number, name), cause, "write yes or no")
            )


def _read_line(
    page: Page, number: int, values: dict[str, Value], clock: Clock, is_backup: bool
) -> Input | None:
    read: dict[str, Any] = {}
    faults: dict[str, list[Fault]] = {}
    for name, value in values.items():
        if value == "":
            continue
        cell, is_exact = page.sheet.cells[name], name in page.sheet.exact
        try:
            text = spoilt.text_of(value, cell.kind, is_exact=is_exact)
            if name == page.sheet.group:
                page.named.add(text)
            if not is_backup:
                spoilt.check(text, name, cell.kind, is_exact=is_exact)
            if cell.kind is Kind.TEXT and ("\n" in text or "\r" in text):
                text = LINE_BREAKS.sub(", " if name == "address" else " ", text)
            read[name] = cell.read(text, clock)
        except BadCell as bad:
            where = page.place(number, name)
            faults[name] = [Fault(bad.code, where, bad.cause, bad.action)]
    try:
        content = page.sheet.model.model_validate(read)
    except ValidationError as error:
        missing = page.missing
        for finding in error.errors():
            column, *entry = finding["loc"]
            unread = {*missing, *(faults.keys() - read.keys())}
            if str(column) in unread or unread & FOLLOWS.get(finding["type"], set()):
                continue  # the model misses what could not be read
            finding["loc"] = ()
            [fault] = faults_of([finding], page.place(number, str(column)))
            if entry:
                fault = Fault(
                    fault.code, fault.where, f"entry {_entry(entry)} {fault.cause}", fault.action
                )
            faults.setdefault(str(column), []).append(fault)
        content = None
    for found in faults.values():
        page.faults += found
    return content if not faults else None


def _entry(path: list[int | str]) -> str:
    """The place inside a list, as people count."""
    number, *names = path
    return ".".join([str(int(number) + 1), *map(str, names)])
