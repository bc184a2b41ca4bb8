"""Tables as a workbook (XLSX) for people who work in a spreadsheet.

Days and moments are dates there, and amounts are numbers, so that they can be sorted, filtered and
added up. A text is a text, whatever it looks like: nothing in it is ever run, opened or converted.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

CellContent = str | int | float | date | None
"""What may stand in a cell; a moment with its offset, as everywhere. None: nothing."""
LONGEST = 32_766
"""A cell holds one letter more, which ``sheet_text`` may add; counted as in UTF-16."""
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Letters with which the file would be none that a spreadsheet reads."""
LINE_END = re.compile("\r\n?")
A4 = 9


class CellKind(StrEnum):
    """What a column holds, and thereby how it looks."""

    TEXT = "text"
    DAY = "day"
    MOMENT = "moment"
    """Shown as clocks in the company's time zone do, to the minute."""
    NUMBER = "number"
    DECIMAL = "decimal"
    """With one decimal."""
    SHARE = "share"
    """Of 1; shown in percent."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column under its heading; ``width`` is in digits."""

    heading: str
    kind: CellKind
    width: float


@dataclass(frozen=True, slots=True)
class SheetTable:
    """A sheet: its columns, and rows with a cell for each of them."""

    name: str
    columns: Sequence[SheetColumn]
    rows: Sequence[Sequence[CellContent]]


def workbook(
    sheets: Sequence[SheetTable], zone: ZoneInfo, *, made_at: datetime, day_format: str
) -> bytes:
    """The file. The same tables make the same file, to the last byte.

    ``day_format`` is how days look, in the words of spreadsheets: ``yyyy-mm-dd``.
    """
    content = BytesIO()
    book = Workbook(content, {"in_memory": True})
    book.set_properties({"created": made_at.astimezone(UTC).replace(tzinfo=None)})
    formats = _formats(book, day_format)
    heading = book.add_format(
        {"bold": True, "bg_color": "#E7ECF3", "bottom": 1, "text_wrap": True, "valign": "vcenter"}
    )
    for sheet in sheets:
        _write(book.add_worksheet(sheet.name), sheet, formats, heading, zone)
    book.close()
    return content.getvalue()


def _formats(book: Workbook, day_format: str) -> dict[CellKind, Format]:
    looks: dict[CellKind, dict[str, Any]] = {
        # Also when somebody edits the cell, what is in it stays a text.
        CellKind.TEXT: {"num_format": "@", "text_wrap": True},
        CellKind.DAY: {"num_format": day_format},
        CellKind.MOMENT: {"num_format": f"{day_format} hh:mm"},
        CellKind.NUMBER: {"num_format": "#,##0"},
        CellKind.DECIMAL: {"num_format": "#,##0.0"},
        CellKind.SHARE: {"num_format": "0%"},
    }
    return {kind: book.add_format({**look, "valign": "top"}) for kind, look in looks.items()}


def _write(
    sheet: Worksheet,
    table: SheetTable,
    formats: dict[CellKind, Format],
    heading: Format,
    zone: ZoneInfo,
) -> None:
    last_row, last_column = len(table.rows), len(table.columns) - 1
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, column.width)
        sheet.write_string(0, at, column.heading, heading)
    for row, cells in enumerate(table.rows, start=1):
        for at, column, cell in _filled(table.columns, cells):
            look = formats[column.kind]
            if isinstance(cell, str):
                sheet.write_string(row, at, sheet_text(cell), look)
            elif isinstance(cell, datetime):
                # Spreadsheets know no time zones.
                sheet.write_datetime(row, at, cell.astimezone(zone).replace(tzinfo=None), look)
            elif isinstance(cell, date):
                sheet.write_datetime(row, at, cell, look)
            else:
                sheet.write_number(row, at, cell, look)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last_row, last_column)
    # A telephone number is a text of digits, which is nobody's mistake.
    sheet.ignore_errors({"number_stored_as_text": xl_range(0, 0, last_row, last_column)})
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _filled(
    columns: Sequence[SheetColumn], cells: Sequence[CellContent]
) -> Iterator[tuple[int, SheetColumn, str | int | float | date]]:
    for at, (column, cell) in enumerate(zip(columns, cells, strict=True)):
        if cell is not None and cell != "":
            yield at, column, cell


def sheet_text(text: str) -> str:
    """The text without what no workbook can hold."""
    shown = _cut(LINE_END.sub("\n", NOT_IN_XML.sub("", text)))
    # The library takes such a text for markup of its own, and would put it into the file as it is.
    return f"{shown} " if shown.startswith("<r>") and shown.endswith("</r>") else shown


def _cut(text: str) -> str:
    units = text.encode("utf-16-le")
    if len(units) <= LONGEST * 2:
        return text
    return units[: (LONGEST - 1) * 2].decode("utf-16-le", "ignore") + "…"
