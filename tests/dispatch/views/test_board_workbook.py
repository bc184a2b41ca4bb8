"""The plan in force as those have it who work in a spreadsheet."""

from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlmodel import Session, select

from dispatch.calendar_texts import Language
from dispatch.models import (
    Absence,
    Job,
    JobStatus,
    JobTemplate,
    JobWindow,
    Plan,
    PlanStatus,
    PlanUnassigned,
    Priority,
    Stop,
)
from dispatch.planning.unable import Why
from dispatch.settings import Settings
from dispatch.views.board import read_board
from dispatch.views.board_workbook import board_workbook
from dispatch.views.workbook_texts import TEXTS
from solver.solution import HARD, ReasonCode, Rule
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.pages.reading import COMMON, texts_of

pytestmark = pytest.mark.any_database

Row = dict[str, Any]


def pause(clock: str, until: str) -> Stop:
    return Stop(
        route_id=0,
        position=0,
        kind="break",
        arrival_at=hanoi(clock),
        start_at=hanoi(clock),
        departure_at=hanoi(until),
    )


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann's Monday: a depot call, a visit, a break and another visit; Bob has nothing to do."""
    add_technician(session, "ann", at=1, phone="0900 000 001")
    add_technician(session, "bob", at=1)
    add_depot(session, "d", at=1, stock={"belt": 5})
    session.add(JobTemplate(id="care", title="Care", duration_minutes=30, extra_minutes=0))
    add_job(
        session,
        "j1",
        at=1,
        title="=HYPERLINK(1)",
        parts={"belt": 2},
        skills={"gas": 2, "power": 1},
        priority=Priority.URGENT,
        access=5,
        windows=[(hanoi("13:00"), hanoi("14:00")), (hanoi("08:30"), hanoi("09:30"))],
        due_at=hanoi("17:00", TUESDAY),
        work_type_id="care",
        contact_name="Chị Hạnh",
        contact_phone="0911 111 111",
        note="Cổng sau",
    )
    add_job(session, "j2", at=1)
    stops = [
        depot_call("d", "08:00", {"belt": 2}),
        ("j1", "08:30"),
        pause("12:00", "12:30"),
        ("j2", "12:30"),
    ]
    add_live_route(session, "ann", stops)
    session.commit()
    return session


def opened(
    session: Session,
    settings: Settings,
    *,
    first: date = MONDAY,
    days: int = 1,
    clock: str = "07:00",
    language: Language = "en",
) -> Workbook:
    board = read_board(session, first, days, settings, at=hanoi(clock))
    return load_workbook(BytesIO(board_workbook(session, board, settings, language)))


def rows_of(book: Workbook, name: str) -> list[Row]:
    heading, *rows = book[name].iter_rows(values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in rows]


def local(clock: str, day: date = MONDAY) -> datetime:
    return hanoi(clock, day).replace(tzinfo=None)


def test_each_stop_has_a_row_in_the_order_of_the_route(monday: Session, settings: Settings) -> None:
    rows = rows_of(opened(monday, settings), "Routes")
    names = ("Technician's id", "Position", "Kind", "Start", "End", "Job's id", "Customer or site")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("ann", 1, "Depot call", local("08:00"), local("08:10"), None, "Depot d"),
        ("ann", 2, "Visit", local("08:30"), local("09:00"), "j1", "Customer j1"),
        ("ann", 3, "Break", local("12:00"), local("12:30"), None, None),
        ("ann", 4, "Visit", local("12:30"), local("13:00"), "j2", "Customer j2"),
    ]
    call, visit, rest, _ = rows
    assert (call["Address"], call["Parts"]) == ("depot street", "2 × belt")
    assert {name for name, cell in rest.items() if cell is not None} == {
        *("Day", "Technician's id", "Technician", "Position", "Kind", "Start", "End")
    }
    assert visit["Day"] == local("00:00")
    assert visit["Technician"] == "Technician ann"


def test_a_visit_has_what_is_known_of_its_job(monday: Session, settings: Settings) -> None:
    _, visit, _, other = rows_of(opened(monday, settings), "Routes")
    assert {
        "Job": "=HYPERLINK(1)",
        "Work type": "Care",
        "Priority": "urgent",
        "Status": "scheduled",
        "Address": "j1 street",
        "Contact": "Chị Hạnh",
        "Phone": "0911 111 111",
        "Minutes to the door": 5,
        "Note": "Cổng sau",
        "Skills": "gas level 2, power",
        "Parts": "2 × belt",
        "Due": local("17:00", TUESDAY),
    }.items() <= visit.items()
    assert (other["Phone"], other["Work type"]) == ("0900 000 000", None)


def test_of_several_windows_the_one_of_the_visit_comes_first(
    monday: Session, settings: Settings
) -> None:
    _, visit, _, _ = rows_of(opened(monday, settings), "Routes")
    assert (visit["Window from"], visit["Window until"]) == (local("08:30"), local("09:30"))
    assert visit["Window price"] is None
    assert visit["Other windows"] == "2027-03-01 13:00 – 2027-03-01 14:00"


def test_the_price_of_a_window_stands_beside_it(monday: Session, settings: Settings) -> None:
    for window, price in zip(monday.exec(select(JobWindow)).all(), (900, 50_000), strict=True):
        window.price = price
    monday.commit()
    _, visit, _, _ = rows_of(opened(monday, settings), "Routes")
    prices = {row.starts_at: row.price for row in monday.exec(select(JobWindow))}
    assert visit["Window price"] == prices[hanoi("08:30")]
    assert visit["Other windows"].endswith(f"({prices[hanoi('13:00')]:,})")


def test_a_title_that_looks_like_a_formula_is_a_text(monday: Session, settings: Settings) -> None:
    sheet = opened(monday, settings)["Routes"]
    found = [cell for row in sheet.iter_rows() for cell in row if cell.value == "=HYPERLINK(1)"]
    assert [cell.data_type for cell in found] == ["s"]


def test_a_start_is_expected_where_it_is_not_the_one_that_was_planned(
    monday: Session, settings: Settings
) -> None:
    before = rows_of(opened(monday, settings), "Routes")
    assert [row["Expected start"] for row in before] == [None] * 4
    job = monday.get_one(Job, "j1")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("09:55")
    monday.commit()
    _, visit, *_ = rows_of(opened(monday, settings, clock="10:00"), "Routes")
    assert (visit["Start"], visit["Expected start"]) == (local("08:30"), local("09:55"))
    assert (visit["Status"], visit["Remark"]) == ("on site", "late")


def test_what_has_no_place_says_why_the_most_urgent_first(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "w1", at=1, minutes=45, skills={"gas": 3})
    add_job(monday, "w2", at=1, due_at=hanoi("12:00"))
    add_job(monday, "w3", at=1, priority=Priority.EMERGENCY)
    plan = Plan(
        status=PlanStatus.DRAFT, starts_on=MONDAY, ends_on=MONDAY, based_on_version=0, objective=0
    )
    monday.add(plan)
    monday.flush()
    reasons = {
        "w1": [
            {"code": ReasonCode.IMPOSSIBLE, "rule": Rule.SKILLS, "message": "nobody has it"},
            {"code": ReasonCode.IMPOSSIBLE, "rule": Rule.TRAVEL, "message": "too far"},
        ],
        "w2": [
            {"code": ReasonCode.OUTBID, "rule": Rule.PINS, "message": "pinned"},
            {"code": "unheard_of", "rule": None, "message": "something new"},
        ],
    }
    for job_id, why in reasons.items():
        monday.add(PlanUnassigned(plan_id=plan.id, job_id=job_id, reasons=why))
    monday.commit()

    rows = rows_of(opened(monday, settings), "Not placed")

    assert [row["Job's id"] for row in rows] == ["w3", "w2", "w1"]
    assert [row["Reason"] for row in rows] == [
        None,
        "It is pinned to a technician who is pinned to another job then\nsomething new",
        "Nobody meets: skills (gas level 3)\nThere is no way there and back within a shift",
    ]
    assert [row["Minutes of work"] for row in rows] == [30, 30, 45]


def test_the_days_of_technicians_have_the_figures_of_the_board(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "j3", at=1)
    add_live_route(monday, "bob", [("j3", "10:00")], day=TUESDAY)
    monday.commit()
    board = read_board(monday, MONDAY, 2, settings, at=hanoi("07:00"))
    rows = rows_of(opened(monday, settings, days=2), "Technicians")
    assert [(row["Technician's id"], row["Day"].date(), row["Visits"]) for row in rows] == [
        ("ann", MONDAY, 2),
        ("ann", TUESDAY, 0),
        ("bob", MONDAY, 0),
        ("bob", TUESDAY, 1),
    ]
    for heading, figure in (
        ("Visits", board.figures.visits),
        ("Late", board.figures.late),
        ("Minutes of the shift", board.figures.shift_seconds / 60),
        ("Minutes at customers", board.figures.service_seconds / 60),
        ("Minutes travelling", board.figures.travel_seconds / 60),
        ("Minutes of overtime", board.figures.overtime_seconds / 60),
        ("Kilometres", board.figures.distance_metres / 1000),
    ):
        assert sum(row[heading] for row in rows) == pytest.approx(figure, abs=1), heading
    ann = rows[0]
    assert (ann["Shift begins"], ann["Shift ends"]) == (local("08:00"), local("17:00"))
    assert (ann["Phone"], ann["Minutes of the shift"]) == ("0900 000 001", 9 * 60)
    assert ann["Share of the shift"] == pytest.approx(ann["Minutes at work"] / (9 * 60), abs=0.01)


def test_who_is_absent_has_a_row_that_says_when_and_why(
    monday: Session, settings: Settings
) -> None:
    midnight, night, noon = (hanoi(one, TUESDAY) for one in ("00:00", "23:00", "12:00"))
    for name, technician_id, starts_at, ends_at, reason in (
        ("a", "ann", hanoi("15:00"), noon, "Ill"),
        ("b", "bob", midnight, night, None),
    ):
        absence = Absence(
            id=name, technician_id=technician_id, starts_at=starts_at, ends_at=ends_at
        )
        absence.reason = reason
        monday.add(absence)
    monday.commit()
    rows = rows_of(opened(monday, settings, days=2), "Technicians")

    assert [(row["Technician's id"], row["Day"].date(), row["Absent"]) for row in rows] == [
        ("ann", MONDAY, "15:00–24:00 Ill"),
        ("ann", TUESDAY, "00:00–12:00 Ill"),
        ("bob", MONDAY, None),
        ("bob", TUESDAY, "00:00–23:00"),
    ]
    assert rows[-1]["Minutes of the shift"] == 0


def test_a_day_on_which_nothing_is_planned_has_its_headings(
    monday: Session, settings: Settings
) -> None:
    book = opened(monday, settings, first=MONDAY + timedelta(days=7))
    assert rows_of(book, "Routes") == rows_of(book, "Not placed") == []
    assert [row["Share of the shift"] for row in rows_of(book, "Technicians")] == [0, 0]
    for sheet in book:
        assert sheet["A1"].value
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.freeze_panes == "A2"


def test_headings_and_words_are_in_the_readers_language(
    monday: Session, settings: Settings
) -> None:
    book = opened(monday, settings, language="vi")
    assert book.sheetnames == ["Tuyến", "Chưa có người làm", "Kỹ thuật viên"]
    call, visit, rest, _ = rows_of(book, "Tuyến")
    assert [row["Loại"] for row in (call, visit, rest)] == ["Ghé kho", "Lượt đến khách", "Nghỉ"]
    assert (visit["Mức ưu tiên"], visit["Trạng thái"]) == ("gấp", "đã xếp lịch")
    assert visit["Khung giờ khác"] == "01/03/2027 13:00 – 01/03/2027 14:00"
    formats = {cell.number_format for cell in next(book["Tuyến"].iter_rows(min_row=2))}
    assert {"dd/mm/yyyy", "dd/mm/yyyy hh:mm"} <= formats
    headings = [[cell.value for cell in next(sheet.iter_rows())] for sheet in book]
    assert all(len(set(one)) == len(one) for one in headings)


@pytest.mark.parametrize("language", TEXTS)
def test_things_are_called_what_the_board_calls_them(language: Language) -> None:
    shown = texts_of(COMMON, language) | texts_of("board", language)
    own = {"sheet", "column", "kind.visit"}
    for key, words in TEXTS[language].items():
        if key not in own and key.partition(".")[0] not in own:
            assert words == shown[key], key


@pytest.mark.parametrize("language", TEXTS)
def test_whatever_may_be_told_has_its_words(language: Language) -> None:
    names = {
        *(f"status.{one}" for one in JobStatus),
        *(f"priority.{one}" for one in Priority),
        *(f"reason.{one}" for one in (*ReasonCode, *Why)),
        *(f"rule.{one}" for one in {*HARD} - {Rule.COST}),
    }
    assert names - TEXTS[language].keys() == set()
    assert TEXTS[language].keys() == TEXTS["en"].keys()
