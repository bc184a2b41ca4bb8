"""Files are taken as spreadsheets save them, and what these have spoilt is refused."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dispatch.files.headings import OF_SHEETS, names_of
from dispatch.files.pages import Page, read_page
from dispatch.files.reading import Clock
from dispatch.files.sheets import JOBS, SHEETS, SITES, TECHNICIANS, Sheet
from dispatch.files.sources import tables_of
from dispatch.files.tables import csv_table
from dispatch.files.words import folded
from dispatch.texts import cleaned

CLOCK = Clock(ZoneInfo("Asia/Ho_Chi_Minh"))
OF_NAME = {sheet.name: sheet for sheet in SHEETS}
HEADER = "id,name,address,latitude,longitude,territory,phone\n"
LINE = 'K1,Quán Cà Phê Sỏi,"Số 7, ngõ 3",21.0166,105.8142,centre,0950000102\n'


def page_of(content: str | bytes, sheet: Sheet = SITES, **how: Any) -> Page:
    content = content.encode() if isinstance(content, str) else content
    return read_page(sheet, csv_table(sheet.file, content), CLOCK, **how)


def lines_of(content: str | bytes, sheet: Sheet = SITES) -> list[Any]:
    page = page_of(content, sheet)
    assert page.faults == []
    return [line.content for line in page.lines]


def faults_of(content: str | bytes, sheet: Sheet = SITES, **how: Any) -> list[tuple[str, str]]:
    """Codes of the faults, and where they are in the file."""
    faults = page_of(content, sheet, **how).faults
    assert all(fault.cause and fault.action for fault in faults)
    return [(fault.code, fault.where.removeprefix(f"{sheet.file} ")) for fault in faults]


# Separators and encodings


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + LINE).encode("utf-8-sig"),
        (HEADER + LINE).encode("utf-16"),
        ("\ufeff" + HEADER + LINE).encode("utf-16-be"),
        ("sep=,\r\n" + (HEADER + LINE).replace("\n", "\r\n")).encode(),
        ("\ufeffSEP=;\n" + HEADER.replace(",", ";")).encode()
        + 'K1;Quán Cà Phê Sỏi;"Số 7, ngõ 3";21,0166;105,8142;centre;0950000102\n'.encode(),
        (
            HEADER.replace(",", ";")
            + 'K1;Quán Cà Phê Sỏi;"Số 7, ngõ 3";21,0166;105,8142;centre;0950000102\n'
        ).encode(),
        (
            HEADER.replace(",", "\t")
            + "K1\tQuán Cà Phê Sỏi\tSố 7, ngõ 3\t21.0166\t105.8142\tcentre\t0950000102\n"
        ).encode(),
        (HEADER + LINE.replace("21.0166,105.8142", '"21,0166","105,8142"')).encode(),
        ("\n ,,\n" + HEADER + ",,,,,,\n\n" + LINE).encode(),
        (HEADER[:-1] + ",,\n" + LINE[:-1] + ",, \n,,,,,,,,\n").encode(),
        (HEADER[:-1] + ",,\n" + LINE).encode(),
        (HEADER + LINE).replace("\n", "\r").encode(),
    ],
)
def test_a_file_says_the_same_in_every_way_that_spreadsheets_save_it(content: bytes) -> None:
    [site] = lines_of(content)
    assert site == lines_of(HEADER + LINE)[0]
    assert (site.name, site.address) == ("Quán Cà Phê Sỏi", "Số 7, ngõ 3")
    assert (site.latitude, site.phone) == (21.0166, "0950000102")


def test_the_separator_is_what_stands_between_the_names_and_not_inside_them() -> None:
    header = 'id;"name";"latitude";address;longitude;territory;phone;"colour, red,,,,,,,,"\n'
    assert faults_of(header) == [("unknown_column", "line 1, column colour, red,,,,,,,,")]


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        ((HEADER + "K1,Hoà").encode("cp1258"), "wrong_encoding", "line 2"),
        (HEADER.encode() + b"\n\nK1,\x82", "wrong_encoding", "line 4"),
        ((HEADER + "K1,Ho").encode("utf-16")[:-1], "wrong_encoding", "line 2"),
        (HEADER.encode("utf-16-le"), "control_character", "line 1"),
        (b"sep=|\nid|name\n", "unknown_separator", "line 1"),
    ],
)
def test_an_encoding_that_is_not_known_is_refused_with_what_to_do(
    content: bytes, code: str, where: str
) -> None:
    assert faults_of(content) == [(code, where)]
    if code != "unknown_separator":
        assert page_of(content).faults[0].action == 'save the file as "CSV UTF-8"'


# Lines and columns


def test_line_breaks_in_cells_are_joined_and_lines_are_counted_as_in_the_file() -> None:
    content = (
        "sep=,\n" + HEADER + 'K1,"Cửa hàng\nMây","Số 8 phố Cầu Gỗ\r\nTầng 2,\nngõ 6",21,105,,\n'
        'K2,"",?,x,105,,\n'
    )
    page = page_of(content)
    [line] = page.lines
    assert line.number == 3
    shop: Any = line.content
    assert shop.name == "Cửa hàng Mây"
    assert shop.address == "Số 8 phố Cầu Gỗ, Tầng 2, ngõ 6"
    assert faults_of(content) == [
        ("not_a_number", "line 7, column latitude"),
        ("missing", "line 7, column name"),
    ]


def test_columns_are_found_whatever_their_capitals_spaces_and_language() -> None:
    header = "Mã khách hàng, Ten ,ĐỊA CHỈ,vĩ độ,Longitude,Khu vuc,Sdt,Access  Minutes\n"
    [site] = lines_of(header + LINE[:-1] + ",5\n")
    assert (site.id, site.territory, site.phone, site.access_minutes) == (
        "K1",
        "centre",
        "0950000102",
        5,
    )
    [job] = lines_of(
        ",".join(names_of("jobs", name)[1 if len(names_of("jobs", name)) > 1 else 0]
                 for name in JOBS.cells)
        + "\nJ1,K1,Bảo trì,mới,,Gấp,60,2/12/2026" + "," * 15 + "\n",
        JOBS,
    )  # fmt: skip
    assert (job.id, job.status, job.priority) == ("J1", "open", "urgent")
    assert job.due_at == datetime(2026, 12, 2, 16, 59, tzinfo=UTC)


def test_faults_call_columns_as_the_file_does() -> None:
    content = HEADER.replace("phone", "Điện thoại").replace("latitude", "Vĩ độ") + (
        "K1,Lan,?,bắc,105,,9.5E+08\n"
    )
    assert faults_of(content) == [
        ("not_a_number", "line 2, column Vĩ độ"),
        ("spoilt_number", "line 2, column Điện thoại"),
    ]


def test_lines_are_checked_although_columns_are_at_fault() -> None:
    header = "\nid,Mã,name,color,latitude,longitude,territory,phone\n"
    assert sorted(faults_of(header + "K1,K2,Lan,red,x,105,,\n")) == [
        ("duplicate_column", "line 2, column Mã"),
        ("missing_column", "line 2, column address"),
        ("not_a_number", "line 3, column latitude"),
        ("unknown_column", "line 2, column color"),
    ]


def test_a_cell_without_a_heading_is_refused() -> None:
    content = HEADER.replace("phone", ",phone") + LINE.replace("0950000102", "a,0950000102")
    assert faults_of(content) == [("unnamed_column", "line 2")]
    assert lines_of(content.replace("centre,a", "centre,"))[0].phone == "0950000102"
    assert faults_of(HEADER + LINE[:-1] + ",a\n") == [("wrong_number_of_cells", "line 2")]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_heading_names_two_columns_of_a_file(sheet: Sheet) -> None:
    named: dict[str, set[str]] = {}
    for column in sheet.cells:
        for name in names_of(sheet.name, column):
            named.setdefault(folded(name), set()).add(column)
    assert {name: some for name, some in named.items() if len(some) > 1} == {}
    assert all(sheet.column_called(column) == column for column in sheet.cells)


def test_no_name_of_a_sheet_stands_for_two_tables() -> None:
    names = [folded(name) for some in OF_SHEETS.values() for name in some]
    names += [folded(name) for name in OF_SHEETS]
    assert len(names) == len(set(names))
    assert OF_SHEETS.keys() == OF_NAME.keys()


# What is spoilt


def site(**cells: str) -> str:
    given = {"id": "K1", "name": "Lan", "address": "Hà Nội"} | cells
    file = io.StringIO()
    writer = csv.DictWriter(file, HEADER.strip().split(","), restval="")
    writer.writeheader()
    writer.writerow(given)
    return file.getvalue()


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"id": "1.23E+11"}, "spoilt_number"),
        ({"id": "8,93525E+12"}, "spoilt_number"),
        ({"phone": "9.5E+08"}, "spoilt_number"),
        ({"phone": "9.5e+08"}, "spoilt_number"),
        ({"phone": "84950000109.0"}, "number_for_text"),
        ({"phone": "950000109"}, "lost_nought"),
        ({"name": "#NAME?"}, "failed_formula"),
        ({"name": "#N/A"}, "failed_formula"),
        ({"latitude": "########"}, "failed_formula"),
        ({"name": "B?o trì"}, "spoilt_text"),
        ({"name": "Anh (?i?n l?nh)"}, "spoilt_text"),
        ({"name": "QuÃ¡n"}, "spoilt_text"),
        ({"address": "H\ufffd Nội"}, "spoilt_text"),
    ],
)
def test_what_a_spreadsheet_has_spoilt_is_refused_by_line_and_column(
    cells: dict[str, str], code: str
) -> None:
    [column] = cells
    found = faults_of(site(**cells))
    assert (code, f"line 2, column {column}") in found
    if column in ("id", "phone"):
        assert "format" in str(page_of(site(**cells)).faults[0].action)


@pytest.mark.parametrize(
    "cells",
    [
        {"phone": "0950000109"},
        {"phone": "+84950000109"},
        {"phone": "950 000 109"},
        {"phone": "24382512"},
        {"id": "1E5"},
        {"name": "Ai? Lan"},
        {"address": "https://maps.example/watch?v=x, 5?"},
        {"name": "Café Ô Môi #1 ##"},
        {"address": "Số 7 ?"},
    ],
)
def test_what_only_looks_spoilt_is_taken(cells: dict[str, str]) -> None:
    lines_of(site(**cells))


def test_a_backup_has_what_was_let_in() -> None:
    for cells in ({"phone": "950000109"}, {"phone": "9.5E+08"}, {"name": "B?o trì"}):
        assert faults_of(site(**cells), is_backup=True) == []


def test_an_empty_cell_beside_crosses_may_mean_no_and_is_asked_about() -> None:
    header = "id,name,phone,address,latitude,longitude,active,territories,skills,tools\n"
    lines = "T1,An,,?,21,105,x,,,\nT2,Bình,,?,21,105,,,,\nT3,Chi,,?,21,105,no,,,\n"
    assert faults_of(header + lines, TECHNICIANS) == [("unclear_mark", "line 3, column active")]
    taken = lines_of(header + lines.replace(",x,", ",true,"), TECHNICIANS)
    assert [one.active for one in taken] == [True, True, False]


# Any dialect


TRUE, FALSE = ("true", "TRUE", "x", "1", "Đúng", "có", "yes"), ("false", "SAI", "0", "không", "no")
DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y")
WORDS_OF_DAYS = ("mon", "Monday", "Thứ 2", "T2", "thu hai")
texts = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["C", "Zl", "Zp"], exclude_characters="\ufffd?"
    ),
    min_size=1,
    max_size=12,
).filter(lambda text: cleaned(text) == text and text[0].isalnum())
moments = st.datetimes(datetime(2027, 1, 1), datetime(2099, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0)
)


def heading(draw: st.DrawFn, sheet: Sheet, column: str) -> str:
    called = draw(st.sampled_from(names_of(sheet.name, column)))
    return draw(st.sampled_from([called, called.upper(), f" {called.lower()} "]))


def number(draw: st.DrawFn, value: float) -> str:
    return repr(value).replace(".", draw(st.sampled_from(".,")))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Sheet, list[list[str]], list[dict[str, Any]]]:
    """A table as somebody may write it, and what its lines say."""
    sheet = OF_NAME[draw(st.sampled_from(["sites", "technicians", "jobs", "working_hours"]))]
    rows: list[list[str]] = []
    said: list[dict[str, Any]] = []
    for at in range(draw(st.integers(1, 3))):
        name, address = draw(texts), draw(texts)
        degrees = draw(st.floats(8, 23).map(lambda some: round(some, 4)))
        moment = draw(moments)
        day = moment.strftime(draw(st.sampled_from(DAYS)))
        hours = draw(st.sampled_from([f"{moment:%H:%M}", f"{moment.hour}:{moment:%M}:00"]))
        is_active = draw(st.booleans())
        match sheet.name:
            case "sites" | "technicians":
                line = {"id": f"K{at}", "name": name, "address": f"{address}, {name}"}
                said.append({**line, "latitude": degrees, "longitude": degrees})
                line |= {"latitude": number(draw, degrees), "longitude": number(draw, degrees)}
                broken = draw(st.sampled_from([", ", "\n", "\r\n", ",\n"]))
                line["address"] = f"{address}{broken}{name}"
                if sheet is TECHNICIANS:
                    line["active"] = draw(st.sampled_from(TRUE if is_active else FALSE))
                    said[-1]["active"] = is_active
            case "jobs":
                line = {"id": f"J{at}", "site_id": "K0", "title": name, "duration_minutes": "60"}
                said.append({**line, "duration_minutes": 60, "priority": "urgent"})
                line |= {"priority": draw(st.sampled_from(["urgent", "URGENT", "Gấp", "gap"]))}
                line |= {"status": draw(st.sampled_from(["open", "Mới"]))}
                line |= {"due_at": f"{day} {hours}"}
                said[-1]["due_at"] = moment.replace(tzinfo=CLOCK.zone).astimezone(UTC)
            case _:
                line = {"technician_id": f"T{at}", "starts": hours, "ends": "17:00"}
                line["weekday"] = draw(st.sampled_from(WORDS_OF_DAYS))
                said.append({"technician_id": f"T{at}", "weekday": 0, "starts": moment.time()})
        rows.append([line.get(column, "") for column in sheet.cells])
    header = [heading(draw, sheet, column) for column in sheet.cells]
    return sheet, [header, *rows], said


@st.composite
def files(draw: st.DrawFn) -> tuple[Sheet, bytes, list[dict[str, Any]]]:
    """Such a table as a file in some dialect, and what its lines say."""
    sheet, rows, said = draw(tables())
    padding = [""] * draw(st.integers(0, 2))
    separator = draw(st.sampled_from(",;\t"))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    file = io.StringIO(newline="")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    file.write(draw(st.sampled_from(["", f"sep={separator}{end}"])))
    writer = csv.writer(file, delimiter=separator, lineterminator=end)
    for row in rows:
        writer.writerow([*row, *padding])
        if draw(st.booleans()):
            writer.writerow([""] * (len(row) + len(padding)))
    return sheet, file.getvalue().encode(encoding), said


def said_by(page: Page, said: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the page's lines have in the same columns."""
    assert page.faults == []
    pairs = zip(page.lines, said, strict=True)
    return [{name: getattr(line.content, name) for name in some} for line, some in pairs]


@given(files())
@examples(deadline=None)
def test_a_table_in_any_dialect_reads_back_as_the_same_rows(
    file: tuple[Sheet, bytes, list[dict[str, Any]]],
) -> None:
    sheet, content, said = file
    assert said_by(page_of(content, sheet), said) == said


@given(table=tables())
@examples(deadline=None, max_examples=30)
def test_a_table_in_a_workbook_reads_back_as_the_same_rows(
    table: tuple[Sheet, list[list[str]], list[dict[str, Any]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    sheet, rows, said = table
    folder = tmp_path_factory.mktemp("folder")
    with xlsxwriter.Workbook(folder / f"{sheet.name}.xlsx") as book:
        page = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                # As spreadsheets break lines in cells.
                page.write_string(at, column, cell.replace("\r\n", "\n"))
    [(of, read)] = tables_of(folder)
    assert of is sheet
    assert said_by(read_page(sheet, read, CLOCK), said) == said


def test_hours_without_a_date_are_a_time_of_day() -> None:
    [hours] = lines_of(
        "Mã KTV;Thứ;Bắt đầu;Kết thúc;Tăng ca tối đa (phút)\nT1;CN;8:00;17:30:00;60\n",
        OF_NAME["working_hours"],
    )
    assert (hours.weekday, hours.starts, hours.ends) == (6, time(8), time(17, 30))
