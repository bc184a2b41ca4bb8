"""Folders of workbooks: a workbook for a table, or a sheet for each."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter
from sqlmodel import Session

from dispatch.errors import InvalidInput
from dispatch.files.pages import Page, read_page
from dispatch.files.reading import Clock
from dispatch.files.sheets import SHEETS
from dispatch.files.sources import tables_of
from dispatch.models import Site, Skill
from dispatch.settings import Settings
from tests.dispatch.folders import take_in

CLOCK = Clock(ZoneInfo("Asia/Ho_Chi_Minh"))
COLUMNS = {sheet.name: list(sheet.cells) for sheet in SHEETS}
SITE = ["K1", "Lan", "Hà Nội", 21.0166, 105.8142, "", "0950000102", ""]
FORMATS = {date: "dd/mm/yyyy", datetime: "dd/mm/yyyy hh:mm", time: "hh:mm"}


def workbook(file: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """The folder of a workbook with these sheets, where dates and times have their formats."""
    with xlsxwriter.Workbook(file) as book:
        formats = {kind: book.add_format({"num_format": one}) for kind, one in FORMATS.items()}
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    if type(value) in formats:
                        sheet.write_datetime(at, column, value, formats[type(value)])
                    elif value == "=1/0":
                        sheet.write_formula(at, column, value, None, "#DIV/0!")
                    else:
                        sheet.write(at, column, value)
    return file.parent


def pages(folder: Path) -> list[Page]:
    return [read_page(sheet, table, CLOCK) for sheet, table in tables_of(folder)]


def only_page(folder: Path) -> Page:
    [page] = pages(folder)
    return page


def faults_in(folder: Path) -> list[tuple[str, str]]:
    return [(fault.code, fault.where) for page in pages(folder) for fault in page.faults]


def refusals(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as error:
        tables_of(folder)
    assert all(fault.cause and fault.action for fault in error.value.faults)
    return [(fault.code, fault.where) for fault in error.value.faults]


def job(**cells: Any) -> list[list[Any]]:
    given = {"id": "J1", "site_id": "K1", "title": "Bảo trì", "duration_minutes": 60} | cells
    return [COLUMNS["jobs"], [given.get(name, "") for name in COLUMNS["jobs"]]]


def test_a_workbook_is_taken_for_the_file_of_its_name(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    skills = [["Mã", "Tên"], [1001.0, "Gas"], ["", ""], ["điện".encode().hex(), 7]]
    folder = workbook(tmp_path / "skills.xlsx", {"Trang tính1": skills, "Trang tính2": []})
    (tmp_path / "~$skills.xlsx").write_bytes(b"open in Excel")
    (tmp_path / "Parts.CSV").write_text("id,name\nP1,Cap\n", encoding="utf-8")
    assert take_in(session, folder, settings) == {"skills.xlsx": 2, "Parts.CSV": 1}
    assert session.get_one(Skill, "1001").name == "Gas"
    assert session.get_one(Skill, "điện".encode().hex()).name == "7"


def test_a_sheet_is_taken_for_the_table_that_it_is_named_for(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    sheets = {
        "Khách hàng": [COLUMNS["sites"], SITE],
        "SKILLS": [["id", "name"], ["gas", "Gas"]],
        "Ghi chú": [],
    }
    folder = workbook(tmp_path / "cong-ty.xlsx", sheets)
    assert sorted(take_in(session, folder, settings).values()) == [1, 1]
    assert session.get_one(Site, "K1").latitude == 21.0166


def test_typed_cells_are_taken_by_their_type(tmp_path: Path) -> None:
    technician = {
        "id": 17.0,
        "name": "An",
        "phone": "",
        "address": "?",
        "latitude": 21,
        "active": False,
    }
    sheets = {
        "technicians": [
            COLUMNS["technicians"],
            [(technician | {"longitude": 105.5}).get(name, "") for name in COLUMNS["technicians"]],
        ],
        "working_hours": [COLUMNS["working_hours"], [17, "T2", time(8), time(17, 30), 60.0]],
        "absences": [
            COLUMNS["absences"],
            ["A1", 17, date(2026, 12, 2), datetime(2026, 12, 3, 12, 20), "Nghỉ phép"],  # noqa: DTZ001
        ],
        "jobs": job(due_at=date(2026, 12, 2), told_at=46358.333333333336),
    }
    read = pages(workbook(tmp_path / "all.xlsx", sheets))
    assert [fault for page in read for fault in page.faults] == []
    found: dict[str, Any] = {page.sheet.name: page.lines[0].content for page in read}
    an, hours, away = found["technicians"], found["working_hours"], found["absences"]
    assert (an.id, an.latitude, an.active) == ("17", 21.0, False)
    assert (hours.starts, hours.ends, hours.max_overtime_minutes) == (time(8), time(17, 30), 60)
    assert (away.technician_id, away.starts_at, away.ends_at) == (
        "17",
        datetime(2026, 12, 1, 17, tzinfo=UTC),
        datetime(2026, 12, 3, 5, 20, tzinfo=UTC),
    )
    assert found["jobs"].due_at == datetime(2026, 12, 2, 16, 59, tzinfo=UTC)
    assert found["jobs"].told_at == datetime(2026, 12, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"id": date(2026, 2, 1)}, "date_for_text", "id"),
        ({"title": time(10, 2)}, "date_for_text", "title"),
        ({"tools": datetime(2026, 2, 1, 8)}, "date_for_text", "tools"),  # noqa: DTZ001
        ({"id": 1.1}, "number_for_text", "id"),
        ({"contact_phone": 950000109}, "lost_nought", "contact_phone"),
        ({"contact_phone": 1.23456789012345e16}, "spoilt_number", "contact_phone"),
        ({"duration_minutes": 1.5}, "not_a_number", "duration_minutes"),
        ({"due_at": time(8)}, "not_a_moment", "due_at"),
        ({"note": "=1/0"}, "failed_formula", "note"),
        ({"hold_until": "=1/0"}, "failed_formula", "hold_until"),
        ({"windows": date(2026, 12, 2)}, "not_a_window", "windows"),
    ],
)
def test_what_a_spreadsheet_has_made_of_a_cell_is_refused(
    tmp_path: Path, cells: dict[str, Any], code: str, column: str
) -> None:
    folder = workbook(tmp_path / "jobs.xlsx", {"Sheet1": [[], *job(**cells)]})
    assert faults_in(folder) == [(code, f"jobs.xlsx line 3, column {column}")]


def test_a_failed_formula_is_found_wherever_it_is(tmp_path: Path) -> None:
    rows = [["id"], [], [*[""] * 27, "=1/0"]]
    [(_, table)] = tables_of(workbook(tmp_path / "skills.xlsx", {"<A & B>": rows}))
    assert table.rows[2] == (3, [*[""] * 27, "#DIV/0!"])


def test_faults_name_the_sheet_and_its_line(tmp_path: Path) -> None:
    sheets = {
        "Khách hàng": [[], COLUMNS["sites"], SITE, [], ["K2", "", "?"]],
        "skills": [["id", "Tên"]],
    }
    assert faults_in(workbook(tmp_path / "all.xlsx", sheets)) == [
        ("missing", "all.xlsx sheet Khách hàng line 5, column name")
    ]


def test_what_holds_no_known_table_is_refused(tmp_path: Path) -> None:
    rows = [["id", "name"], ["gas", "Gas"]]
    folder = workbook(tmp_path / "all.xlsx", {"skills": rows, "skils": rows, "Sheet3": []})
    assert refusals(folder) == [("unknown_sheet", "all.xlsx sheet skils")]
    workbook(tmp_path / "all.xlsx", {"skills": rows, "Kỹ năng": rows})
    (tmp_path / "skills.csv").write_text("id,name\n")
    (tmp_path / "parts.xlsx").write_bytes(b"id,name")
    (tmp_path / "tool.csv").write_text("id,name\n")
    assert refusals(folder) == [
        ("table_twice", "all.xlsx sheet Kỹ năng"),
        ("malformed_workbook", "parts.xlsx"),
        ("table_twice", "skills.csv"),
        ("unknown_file", "tool.csv"),
    ]
    for file in tmp_path.iterdir():
        file.unlink()
    assert refusals(workbook(tmp_path / "all.xlsx", {"a": []})) == [("unknown_sheet", "all.xlsx")]


def test_the_years_of_a_workbook_that_counts_from_1904_are_right(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "jobs.xlsx", {"date_1904": True}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        for at, row in enumerate(job()):
            sheet.write_row(at, 0, row)
        moment = datetime(2026, 12, 2, 8)  # noqa: DTZ001
        sheet.write_datetime(1, COLUMNS["jobs"].index("due_at"), moment, day)
    content: Any = only_page(tmp_path).lines[0].content
    assert content.due_at == datetime(2026, 12, 2, 1, tzinfo=UTC)
