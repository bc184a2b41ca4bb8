"""Workbooks (XLSX) as tables: one for each sheet that has anything in it, with typed cells."""

import re
import zipfile
from collections.abc import Iterator
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
ENTRY_LIMIT = 200_000_000
"""Bytes of a sheet, unpacked, that are looked through."""


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
    except (CalamineError, OSError, zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
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


def _failed_cells(file: Path) -> Iterator[tuple[str, int, int, str]]:
    """Formulas that failed: their sheets, rows and columns from 0, and what is shown of them."""
    with zipfile.ZipFile(file) as archive:
        relations = archive.read("xl/_rels/workbook.xml.rels").decode()
        targets = {
            _attribute(one, "Id"): _attribute(one, "Target") for one in RELATION.findall(relations)
        }
        found = []
        for one in SHEET.findall(archive.read("xl/workbook.xml").decode()):
            target = targets.get(_attribute(one, r"\w+:id"), "").removeprefix("/xl/")
            path = f"xl/{target.removeprefix('xl/')}"
            if path not in archive.namelist() or archive.getinfo(path).file_size > ENTRY_LIMIT:
                continue
            for letters, number, text in FAILED_CELL.findall(archive.read(path).decode()):
                column = 0
                for letter in letters:
                    column = column * 26 + ord(letter) - ord("A") + 1
                found.append((_attribute(one, "name"), int(number) - 1, column - 1, unescape(text)))
    return iter(found)


def _attribute(element: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', element)
    return unescape(found[1]) if found else ""
