"""Reading one CSV file: every line checked by itself, every fault with its line and column."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dispatch.files.cells import BadCell, Clock
from dispatch.files.sheets import Sheet
from dispatch.input_faults import faults_of
from dispatch.intake import Input
from solver.faults import Fault
from solver.wording import counted


@dataclass(frozen=True, slots=True)
class CsvLine:
    number: int
    content: Input


@dataclass
class Page:
    """What a file says. ``named`` holds the first cell of all lines, the faulty ones too."""

    sheet: Sheet
    lines: list[CsvLine] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    without: frozenset[str] = frozenset()
    """The columns that it may leave out, and does."""
    faults: list[Fault] = field(default_factory=list)
    readable: bool = True
    """Whether the file is a table with the right columns at all."""

    def place(self, line: int, column: str | None = None) -> str:
        where = f"{self.sheet.file} line {line}"
        return where if column is None else f"{where}, column {column}"

    def refuse(self, fault: Fault) -> "Page":
        self.faults.append(fault)
        self.readable = False
        return self


def read_page(sheet: Sheet, file: Path, clock: Clock) -> Page:
    """The file's lines. Never raises for what is in the file: see ``Page.faults``."""
    page = Page(sheet)
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        return page.refuse(
            Fault(
                "wrong_encoding",
                page.place(number),
                f"byte 0x{content[error.start]:02x} is not UTF-8",
                'save the file as "CSV UTF-8"',
            )
        )
    if "\0" in text:
        return page.refuse(
            Fault(
                "control_character",
                page.place(text.count("\n", 0, text.index("\0")) + 1),
                "the file contains a NUL character, as no text has",
                'save the file as "CSV UTF-8"',
            )
        )
    table = _records(page, text)
    header = next(table, (0, []))[1]
    _check_header(page, [name.strip() for name in header])
    if page.readable:
        _read_lines(page, [name.strip() for name in header], table, clock)
    return page


def _records(page: Page, text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line on which it begins."""
    header = text.partition("\n")[0]
    # Where the comma is the decimal sign, spreadsheets separate cells by semicolons.
    delimiter = ";" if ";" in header and "," not in header else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for record in reader:
            yield number, record
            number = reader.line_num + 1
    except csv.Error as error:
        page.refuse(
            Fault(
                "malformed_csv",
                page.place(number),
                f"the line cannot be split into cells ({error})",
                "put cells that contain quotes or line breaks in quotes, and close them",
            )
        )


def _check_header(page: Page, header: list[str]) -> None:
    columns = list(page.sheet.cells)
    findings = [
        *(
            ("missing_column", name, "is missing", "add it, empty if need be")
            for name in columns
            if name not in header and name not in page.sheet.optional
        ),
        *(
            ("unknown_column", name, "is unknown", f"remove it; known are {', '.join(columns)}")
            for name in dict.fromkeys(header)
            if name not in columns
        ),
        *(
            ("duplicate_column", name, "occurs more than once", "keep one of them")
            for name in dict.fromkeys(header)
            if header.count(name) > 1
        ),
    ]
    page.without = page.sheet.optional.difference(header)
    for code, name, cause, action in findings:
        page.refuse(Fault(code, page.place(1, name), f"the column {cause}", action))


def _read_lines(
    page: Page, header: list[str], table: Iterator[tuple[int, list[str]]], clock: Clock
) -> None:
    first: dict[Any, int] = {}
    for number, record in table:
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(header):
            page.faults.append(
                Fault(
                    "wrong_number_of_cells",
                    page.place(number),
                    f"it has {counted(len(record), 'cell')} for {counted(len(header), 'column')}",
                    "quote cells that contain the separator; leave empty cells empty",
                )
            )
            continue
        texts = {name: cell.strip() for name, cell in zip(header, record, strict=True)}
        page.named.add(texts[page.sheet.group])
        content = _read_line(page, number, texts, clock)
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
        page.lines.append(CsvLine(number, content))


def _read_line(page: Page, number: int, texts: dict[str, str], clock: Clock) -> Input | None:
    values: dict[str, Any] = {}
    faults: dict[str, list[Fault]] = {}
    for name, text in texts.items():
        if not text:
            continue
        try:
            values[name] = page.sheet.cells[name].read(text, clock)
        except BadCell as bad:
            where = page.place(number, name)
            faults[name] = [Fault(bad.code, where, bad.cause, bad.action)]
    try:
        content = page.sheet.model.model_validate(values)
    except ValidationError as error:
        for finding in error.errors():
            column, *entry = finding["loc"]
            if str(column) in faults and str(column) not in values:
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
