"""Workbooks (XLSX) as tables: one for each sheet that has anything in it, with typed cells."""

import re
import zipfile
from html import unescape
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from dispatch.errors import InvalidInput
from dispatch.files.tables import Table
from solver.faults import Fault

SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
RELATION = re.compile(r"<Relationship\s[^>]*>")
FAILED_CELL = re.compile(
    r'<(?:\w+:)?c\s(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)(\d+)"[^>]*>.*?<(?:\w+:)?v>([^<]*)<', re.DOTALL
)
BOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
MOST_BYTES = 200_000_000
"""Of a sheet, unpacked, that is looked through."""


def tables_of(file: Path) -> dict[str, Table]:
    """The tables of a workbook by the names of their sheets; empty sheets are left out. Raises
    ``InvalidInput`` for what is no workbook."""
    try:
        with CalamineWorkbook.from_path(file) as book:
            rows = {
                name: [*map(list, book.get_sheet_by_name(name).to_python(skip_empty_area=False))]
                for name in book.sheet_names
            }
        failed = _failed_cells(file)
    except (CalamineError, OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        action = "open it in a spreadsheet without a password, and save it as XLSX again"
        raise InvalidInput(
            Fault("malformed_workbook", file.name, f"it is no workbook ({error})", action)
        ) from None
    for sheet, row, column, text in failed:
        # What reads the workbook takes a formula that failed for an empty cell.
        rows[sheet][row][column] = text
    filled = {
        sheet: [*enumerate(cells, 1)]
        for sheet, cells in rows.items()
        if any(cell != "" for row in cells for cell in row)
    }
    is_alone = len(filled) == 1
    return {
        sheet: Table(file.name if is_alone else f"{file.name} sheet {sheet}", numbered)
        for sheet, numbered in filled.items()
    }


def _failed_cells(file: Path) -> list[tuple[str, int, int, str]]:
    """Formulas that failed: their sheets, rows and columns from 0, and what is shown of them."""
    found = []
    with zipfile.ZipFile(file) as archive:
        entries = {one.filename: one.file_size for one in archive.infolist()}
        if not {BOOK, RELATIONS} <= entries.keys():
            return []
        targets = {
            _attribute(one, "Id"): _attribute(one, "Target")
            for one in RELATION.findall(archive.read(RELATIONS).decode())
        }
        for sheet in SHEET.findall(archive.read(BOOK).decode()):
            target = targets.get(_attribute(sheet, r"\w+:id"), "").removeprefix("/xl/")
            if entries.get(f"xl/{target}", MOST_BYTES) >= MOST_BYTES:
                continue
            content = archive.read(f"xl/{target}").decode()
            for letters, number, text in FAILED_CELL.findall(content):
                row, column = int(number) - 1, _column(letters)
                found.append((_attribute(sheet, "name"), row, column, unescape(text)))
    return found


def _column(letters: str) -> int:
    """From 0, which is A."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def _attribute(element: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', element)
    return unescape(found[1]) if found else ""
