"""What a spreadsheet makes of a workbook: dates, numbers, and texts that stay as they are."""

import zipfile
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from dispatch.views.spreadsheets import (
    LONGEST,
    CellContent,
    CellKind,
    SheetColumn,
    SheetTable,
    sheet_text,
    workbook,
)
from tests.dispatch.crew import HANOI, MONDAY

NOON = datetime(2027, 3, 1, 5, tzinfo=UTC)
"""In London; in Hanoi it is noon."""


def file_of(kind: CellKind, *cells: CellContent, made_at: datetime = NOON) -> bytes:
    table = SheetTable("All", [SheetColumn("What", kind, 20)], [[cell] for cell in cells])
    return workbook([table], HANOI, made_at=made_at, day_format="dd/mm/yyyy")


def sheet_of(kind: CellKind, *cells: CellContent) -> Worksheet:
    return load_workbook(BytesIO(file_of(kind, *cells)))["All"]


def only_cell(kind: CellKind, cell: CellContent) -> Any:
    return sheet_of(kind, cell)["A2"]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "{=1+1}",
        "+84 95 000 0112",
        "-5",
        "@SUM(A1)",
        "0950000112",
        "1e5",
        "https://example.com/",
        "mailto:somebody@example.com",
        "<b>&amp;</b>",
        "_x0041_",
        " two\n\tlines ",
        "Ngõ 12 – 🔧",
    ],
)
def test_a_text_is_a_text_whatever_it_looks_like(text: str) -> None:
    cell = only_cell(CellKind.TEXT, text)
    assert (cell.data_type, cell.value.replace("_x005F_", "_")) == ("s", text)
    # Edited, it stays one.
    assert cell.number_format == "@"
    assert cell.hyperlink is None
    with zipfile.ZipFile(BytesIO(file_of(CellKind.TEXT, text))) as file:
        assert b"<f>" not in file.read("xl/worksheets/sheet1.xml")


def test_what_the_library_takes_for_its_own_markup_is_none_either() -> None:
    assert only_cell(CellKind.TEXT, "<r>a & b</r>").value.strip() == "<r>a & b</r>"


def test_letters_that_no_file_can_hold_are_left_out() -> None:
    found = only_cell(CellKind.TEXT, "a\x00b\x0bc\x1bd\ufffee\uffff\ud800f\r\ng\rh")
    assert found.value == "abcdef\ng\nh"
    assert not only_cell(CellKind.TEXT, "\x00").value


@pytest.mark.parametrize("letter", ["a", "🔧"])
def test_what_is_longer_than_a_cell_is_cut(letter: str) -> None:
    text = sheet_text(letter * 40_000)
    assert text.endswith(f"{letter}…")
    assert LONGEST - 1 <= len(text.encode("utf-16-le")) / 2 <= LONGEST
    assert sheet_text(letter * 10_000) == letter * 10_000


def test_a_moment_is_a_date_on_the_companys_clocks() -> None:
    cell = only_cell(CellKind.MOMENT, NOON)
    assert (cell.is_date, cell.value) == (True, datetime(2027, 3, 1, 12))  # noqa: DTZ001
    assert cell.number_format == "dd/mm/yyyy hh:mm"


def test_a_day_is_a_date_and_an_amount_a_number() -> None:
    cell = only_cell(CellKind.DAY, MONDAY)
    assert (cell.is_date, cell.value.date(), cell.number_format) == (True, MONDAY, "dd/mm/yyyy")
    assert only_cell(CellKind.NUMBER, 0).value == 0
    assert only_cell(CellKind.DECIMAL, 3.5).value == 3.5
    share = only_cell(CellKind.SHARE, 0.25)
    assert (share.data_type, share.value, share.number_format) == ("n", 0.25, "0%")


def test_the_heading_stays_in_view_and_every_column_can_be_filtered() -> None:
    for cells in ((), ("a", None, "b")):
        sheet = sheet_of(CellKind.TEXT, *cells)
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == ("A1:A4" if cells else "A1")
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.column_dimensions["A"].width == pytest.approx(20, abs=1)


def test_the_same_tables_are_the_same_file() -> None:
    day = date(2027, 3, 2)
    assert file_of(CellKind.DAY, day) == file_of(CellKind.DAY, day)
