"""Which files of a folder, and which sheets of its workbooks, hold which table of the company."""

from collections.abc import Iterator
from pathlib import Path

from dispatch.errors import InvalidInput
from dispatch.files import workbooks
from dispatch.files.headings import OF_SHEETS
from dispatch.files.sheets import SHEETS, Sheet
from dispatch.files.tables import Table, csv_table
from dispatch.files.words import folded
from solver.faults import Fault

BY_NAME = {folded(sheet.name): sheet for sheet in SHEETS} | {
    folded(name): sheet for sheet in SHEETS for name in OF_SHEETS[sheet.name]
}
"""What sheets of workbooks may be called."""
OPEN = "~$"
"""How the names begin of what a spreadsheet keeps while it has a workbook open."""


def tables_of(folder: Path) -> list[tuple[Sheet, Table]]:
    """The tables of the folder, in an order in which everything comes before what refers to it.

    They are in ``NAME.csv``, in ``NAME.xlsx``, or in sheets of a workbook that are named for them.
    Raises ``InvalidInput`` for a folder that is none or has none, for names that are not known, for
    a table that is there twice, and for what is no workbook.
    """
    if not folder.is_dir():
        raise InvalidInput(
            Fault("no_such_folder", str(folder), "it is not a folder", "check the path")
        )
    files = sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in (".csv", ".xlsx") and not file.name.startswith(OPEN)
    )
    if not files:
        action = f"put any of these into it, as CSV or XLSX: {_known()}"
        raise InvalidInput(
            Fault("empty_folder", str(folder), "it has no CSV files and no workbooks", action)
        )
    found: dict[str, tuple[Sheet, Table]] = {}
    faults: list[Fault] = []
    for file in files:
        try:
            for sheet, table in _tables(file):
                if sheet.file in found:
                    faults.append(
                        Fault(
                            "table_twice",
                            table.name,
                            f"{found[sheet.file][1].name} holds {sheet.name} too",
                            "keep one of them",
                        )
                    )
                found.setdefault(sheet.file, (sheet, table))
        except InvalidInput as refused:
            faults += refused.faults
    if faults:
        raise InvalidInput(*faults)
    return [found[sheet.file] for sheet in SHEETS if sheet.file in found]


def _known() -> str:
    return ", ".join(sheet.file for sheet in SHEETS)


def _tables(file: Path) -> Iterator[tuple[Sheet, Table]]:
    own = next((sheet for sheet in SHEETS if sheet.name == file.stem.lower()), None)
    if file.suffix.lower() == ".csv":
        if own is None:
            cause, action = "no such file is known", f"known are {_known()}"
            raise InvalidInput(Fault("unknown_file", file.name, cause, action))
        yield own, csv_table(file.name, file.read_bytes())
        return
    tables = workbooks.tables_of(file)
    if own is not None and len(tables) == 1:
        [table] = tables.values()
        yield own, table
        return
    unknown = [name for name in tables if folded(name) not in BY_NAME]
    if unknown or not tables:
        action = f"name sheets for what they hold ({', '.join(one.name for one in SHEETS)}), or "
        raise InvalidInput(
            *(
                Fault(
                    "unknown_sheet",
                    f"{file.name} sheet {name}" if name else file.name,
                    "no such table is known" if name else "nothing is in it",
                    f"{action}remove it",
                )
                for name in unknown or [""]
            )
        )
    for name, table in tables.items():
        yield BY_NAME[folded(name)], table
