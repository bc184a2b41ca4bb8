"""Single cells: what is written can be read again, and what cannot be read says why."""

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime

from dispatch.files import cells, words
from dispatch.files.reading import BadCell, Cell, Clock
from dispatch.intake import HeldSkill, LentTool, PartQuantity, Window
from dispatch.models import JobStatus, LinkKind, Priority
from solver.links import Person, Separation

BERLIN = ZoneInfo("Europe/Berlin")
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@given(st.text())
def test_every_text_survives_the_guard_against_formulas(text: str) -> None:
    assert cells.unguarded(cells.guarded(text)) == text


@given(st.text(alphabet="=+-@＝'\t a1;,|\"\r\n"))
def test_no_written_text_looks_like_a_formula(text: str) -> None:
    """Whatever signs a program takes for those between cells, and for quotes around them."""
    guarded = cells.guarded(text)
    for begins_behind in ("", ";", ",", "|", "\t", "\r", "\n"):
        for part in guarded.split(begins_behind) if begins_behind else [guarded]:
            assert not re.match(r"[=+\-@\t\r\n＝]", part.lstrip(' "'))
    assert cells.unguarded(guarded) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        (";=1+1", ";'=1+1"),
        ("a; =1+1", "a; '=1+1"),
        ('"=1+1', "\"'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("-5 °C, +84 90", "'-5 °C, '+84 90"),
        ("a-b; c=d", "a-b; c=d"),
        ("'-@", "''-@"),
    ],
)
def test_a_formula_is_guarded_behind_a_separator_too(text: str, cell: str) -> None:
    assert cells.guarded(text) == cell
    assert cells.unguarded(cell) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-180, max_value=180))
def test_a_coordinate_is_written_without_loss(value: float) -> None:
    written = cells.DECIMAL.write(value, HANOI)
    assert cells.DECIMAL.read(written, Clock(HANOI)) == value


@given(
    st.datetimes(min_value=datetime(2000, 1, 2), max_value=datetime(2199, 1, 1)),  # noqa: DTZ001
    st.sampled_from([BERLIN, HANOI, ZoneInfo("UTC"), ZoneInfo("America/St_Johns")]),
)
def test_a_moment_is_written_without_loss_in_any_zone(naive: datetime, zone: ZoneInfo) -> None:
    moment = naive.replace(tzinfo=UTC)
    assert cells.MOMENT.read(cells.MOMENT.write(moment, zone), Clock(zone)) == moment


@pytest.mark.parametrize(
    ("cell", "text", "value"),
    [
        (cells.YES_OR_NO, "Yes", True),
        (cells.YES_OR_NO, "false", False),
        (cells.TIME_OF_DAY, "8:05", time(8, 5)),
        (cells.YES_OR_NO, "ĐÚNG", True),
        (cells.YES_OR_NO, "sai", False),
        (cells.YES_OR_NO, "x", True),
        (cells.YES_OR_NO, "✓", True),
        (cells.YES_OR_NO, "Có", True),
        (cells.YES_OR_NO, "không", False),
        (cells.YES_OR_NO, "0", False),
        (cells.YES_OR_NO, "FALSCH", False),
        (cells.TIME_OF_DAY, "8:00", time(8)),
        (cells.TIME_OF_DAY, "08:00:00", time(8)),
        (cells.TIME_OF_DAY, "8h30", time(8, 30)),
        (cells.TIME_OF_DAY, "12:05 SA", time(0, 5)),
        (cells.TIME_OF_DAY, "5:30 PM", time(17, 30)),
        (cells.TIME_OF_DAY, "0,354166667", time(8, 30)),
        (cells.WEEKDAY, "Sun", 6),
        (cells.WEEKDAY, "Monday", 0),
        (cells.WEEKDAY, "Thứ 2", 0),
        (cells.WEEKDAY, "thu ba", 1),
        (cells.WEEKDAY, "Thu", 3),
        (cells.WEEKDAY, "T7", 5),
        (cells.WEEKDAY, "Chủ nhật", 6),
        (cells.WEEKDAY, "CN", 6),
        (cells.INTEGER, "60,0", 60),
        (cells.INTEGER, "60.00", 60),
        (cells.DECIMAL, "21,0166", 21.0166),
        (cells.DECIMAL, "21,028", 21.028),
        (cells.DECIMAL, "105.814", 105.814),
        (cells.DAY, "2026-3-1", date(2026, 3, 1)),
        (cells.DAY, "01/03/2026", date(2026, 3, 1)),
        (cells.DAY, "1.3.2026", date(2026, 3, 1)),
        (cells.DAY, "1/3/2026 0:00:00", date(2026, 3, 1)),
        (cells.DAY, "46082", date(2026, 3, 1)),
        (cells.MOMENT, "2026-12-2 8:00", datetime(2026, 12, 2, 1, tzinfo=UTC)),
        (cells.MOMENT, "2026-12-2T8:00+00:00", datetime(2026, 12, 2, 8, tzinfo=UTC)),
        (cells.MOMENT, "02/12/2026 17:00", datetime(2026, 12, 2, 10, tzinfo=UTC)),
        (cells.MOMENT, "2-12-2026 8:00:30", datetime(2026, 12, 2, 1, 0, 30, tzinfo=UTC)),
        (cells.MOMENT, "02/12/2026 5:00 CH", datetime(2026, 12, 2, 10, tzinfo=UTC)),
        (cells.MOMENT, "2026-12-02 5:00 pm", datetime(2026, 12, 2, 10, tzinfo=UTC)),
        (cells.MOMENT, "46358.3333", datetime(2026, 12, 2, 1, tzinfo=UTC)),
        (cells.MOMENT, "46358,5", datetime(2026, 12, 2, 5, tzinfo=UTC)),
        (cells.INTEGER, "-5", -5),
        (cells.MOMENT, "2026-11-23T08:00", datetime(2026, 11, 23, 1, tzinfo=UTC)),
        (cells.MOMENT, "2026-11-23 08:00:30+00:00", datetime(2026, 11, 23, 8, 0, 30, tzinfo=UTC)),
        (cells.TEXTS, "west ; north;", ["west", "north"]),
        (
            cells.WINDOWS,
            "02/12/2026 8:00/02/12/2026 12:00/50; 3/12/2026/2026-12-04",
            [
                {
                    "starts_at": datetime(2026, 12, 2, 1, tzinfo=UTC),
                    "ends_at": datetime(2026, 12, 2, 5, tzinfo=UTC),
                    "price": 50,
                },
                {
                    "starts_at": datetime(2026, 12, 2, 17, tzinfo=UTC),
                    "ends_at": datetime(2026, 12, 4, 16, 59, tzinfo=UTC),
                    "price": 0,
                },
            ],
        ),
        (
            cells.HELD_SKILLS,
            "gas:2@31/3/2027",
            [{"skill_id": "gas", "level": 2, "expires_on": date(2027, 3, 31)}],
        ),
        (
            cells.SKILLS,
            "gas:2; electric",
            [{"skill_id": "gas", "level": 2}, {"skill_id": "electric", "level": 1}],
        ),
        (
            cells.LENT_TOOLS,
            "osc:2; winch; crane:0",
            [
                {"tool_id": "osc", "number": 2},
                {"tool_id": "winch", "number": 1},
                {"tool_id": "crane", "number": 0},
            ],
        ),
        (
            cells.HELD_SKILLS,
            "gas:2@2027-03-31; electric@2027-01-01; lifts",
            [
                {"skill_id": "gas", "level": 2, "expires_on": date(2027, 3, 31)},
                {"skill_id": "electric", "level": 1, "expires_on": date(2027, 1, 1)},
                {"skill_id": "lifts", "level": 1, "expires_on": None},
            ],
        ),
        (
            cells.WINDOWS,
            "2026-11-23T08:00/2026-11-23T12:00",
            [
                {
                    "starts_at": datetime(2026, 11, 23, 1, tzinfo=UTC),
                    "ends_at": datetime(2026, 11, 23, 5, tzinfo=UTC),
                    "price": 0,
                }
            ],
        ),
    ],
)
def test_a_cell_is_read(cell: Cell, text: str, value: Any) -> None:
    assert cell.read(text, Clock(HANOI)) == value


def test_lists_are_written_as_they_are_read() -> None:
    held = [
        HeldSkill(skill_id="electric"),
        HeldSkill(skill_id="gas", level=2, expires_on=date(2027, 3, 31)),
    ]
    written = cells.HELD_SKILLS.write(held, HANOI)
    assert written == "electric; gas:2@2027-03-31"
    assert cells.HELD_SKILLS.read(written, Clock(HANOI)) == [one.model_dump() for one in held]

    parts = [PartQuantity(part_id="CAP", quantity=3), PartQuantity(part_id="FILTER")]
    assert cells.PARTS.write(parts, HANOI) == "CAP:3; FILTER"

    lent = [
        LentTool(tool_id="crane", number=0),
        LentTool(tool_id="osc", number=2),
        LentTool(tool_id="winch"),
    ]
    written = cells.LENT_TOOLS.write(lent, HANOI)
    assert written == "crane:0; osc:2; winch"
    assert cells.LENT_TOOLS.read(written, Clock(HANOI)) == [one.model_dump() for one in lent]

    window = Window(
        starts_at=datetime(2026, 11, 23, 1, tzinfo=UTC),
        ends_at=datetime(2026, 11, 23, 5, tzinfo=UTC),
    )
    written = cells.WINDOWS.write([window], HANOI)
    assert written == "2026-11-23T08:00+07:00/2026-11-23T12:00+07:00"
    assert cells.WINDOWS.read(written, Clock(HANOI)) == [window.model_dump()]

    dear = window.model_copy(update={"price": 50_000})
    written = cells.WINDOWS.write([dear], HANOI)
    assert written == "2026-11-23T08:00+07:00/2026-11-23T12:00+07:00/50000"
    assert cells.WINDOWS.read(written, Clock(HANOI)) == [dear.model_dump()]


@pytest.mark.parametrize(
    ("cell", "text", "code"),
    [
        (cells.INTEGER, "1.5", "not_a_number"),
        (cells.INTEGER, "1,234", "ambiguous_number"),
        (cells.INTEGER, "1.234", "ambiguous_number"),
        (cells.INTEGER, "60.000", "ambiguous_number"),
        (cells.INTEGER, "1.234.567", "not_a_number"),
        (cells.INTEGER, "1\u00a0234", "not_a_number"),
        (cells.DECIMAL, "1.234,5", "not_a_number"),
        (cells.YES_OR_NO, "-1", "not_yes_or_no"),
        (cells.TIME_OF_DAY, "13:00 CH", "not_a_time"),
        (cells.TIME_OF_DAY, "0.33", "imprecise_time"),
        (cells.DAY, "12/25/2026", "not_a_date"),
        (cells.DAY, "13/25/2026", "not_a_date"),
        (cells.DAY, "1/3/26", "not_a_date"),
        (cells.DAY, "1/3-2026", "not_a_date"),
        (cells.DAY, "2026-3/1", "not_a_date"),
        (cells.DAY, "1/3/2026 8:00", "not_a_date"),
        (cells.DAY, "46082.5", "not_a_date"),
        (cells.DAY, "2026", "not_a_date"),
        (cells.DAY, "30000", "not_a_date"),
        (cells.DAY, "1764633600", "not_a_date"),
        (cells.MOMENT, "12/25/2026 8:00", "not_a_moment"),
        (cells.MOMENT, "12/2/2026 5:00 PM", "not_a_moment"),
        (cells.MOMENT, "2/12/2026", "not_a_moment"),
        (cells.MOMENT, "46358", "not_a_moment"),
        (cells.MOMENT, "46358.33", "imprecise_time"),
        (cells.MOMENT, "46358.50", "imprecise_time"),
        (cells.MOMENT, "46358.337", "imprecise_time"),
        (cells.MOMENT, "46358.9999999", "imprecise_time"),
        (cells.INTEGER, "٣", "not_a_number"),
        (cells.DECIMAL, "21,03,5", "not_a_number"),
        (cells.DECIMAL, "nan", "not_a_number"),
        (cells.YES_OR_NO, "maybe", "not_yes_or_no"),
        (cells.TIME_OF_DAY, "25:00", "not_a_time"),
        (cells.TIME_OF_DAY, "8h", "not_a_time"),
        (cells.WEEKDAY, "2", "not_a_weekday"),
        (cells.WINDOWS, "2026-11-23T08:00/2026-11-23T12:00/5/5", "not_a_window"),
        (cells.WINDOWS, "2026-11-23T08:00/2026-11-23T12:00/dear", "not_a_number"),
        (cells.MOMENT, "23.11.26 08:00", "not_a_moment"),
        (cells.MOMENT, "2026-11-23", "not_a_moment"),
        (cells.MOMENT, "2026-02-30T08:00", "not_a_moment"),
        (cells.WINDOWS, "2026-11-23T08:00", "not_a_window"),
        (cells.WINDOWS, "23/11/2026 8:00-12:00", "not_a_window"),
        (cells.WINDOWS, "23/11/2026 8:00/12:00", "not_a_moment"),
        (cells.SKILLS, "gas:two", "not_a_number"),
        (cells.HELD_SKILLS, "gas@soon", "not_a_date"),
    ],
)
def test_a_cell_that_cannot_be_read_says_so(cell: Cell, text: str, code: str) -> None:
    with pytest.raises(BadCell) as error:
        cell.read(text, Clock(HANOI))
    assert error.value.code == code


def test_a_local_time_that_clocks_skip_is_refused() -> None:
    with pytest.raises(BadCell) as error:
        cells.MOMENT.read("2026-03-29T02:30", Clock(BERLIN))
    assert error.value.code == "nonexistent_local_time"


def test_a_local_time_that_occurs_twice_needs_its_offset() -> None:
    with pytest.raises(BadCell) as error:
        cells.MOMENT.read("2026-10-25T02:30", Clock(BERLIN))
    assert error.value.code == "ambiguous_local_time"
    assert "2026-10-25T02:30:00+01:00" in error.value.action
    read = cells.MOMENT.read("2026-10-25T02:30:00+01:00", Clock(BERLIN))
    assert read == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_moving_by_days_keeps_the_local_time_of_day_over_a_change_of_the_clock() -> None:
    later = Clock(BERLIN, days=7)
    for text in ("2026-10-20T08:00", "2026-10-20T06:00+00:00"):
        assert cells.MOMENT.read(text, later) == datetime(2026, 10, 27, 7, tzinfo=UTC)
    assert cells.HELD_SKILLS.read("gas@2026-10-20", later)[0]["expires_on"] == date(2026, 10, 27)


def test_what_a_number_may_be_is_said_where_it_is_refused() -> None:
    with pytest.raises(BadCell, match=r"may be 95000, or 95 with decimals") as error:
        cells.INTEGER.read("95.000", Clock(HANOI))
    assert error.value.action == "write digits only, like 95000"
    with pytest.raises(BadCell) as error:
        cells.INTEGER.read("1.234.567", Clock(HANOI))
    assert "write 1234567" in error.value.action


@pytest.mark.parametrize(
    ("column", "text", "moment"),
    [
        ("due_at", "2/12/2026", datetime(2026, 12, 2, 16, 59, tzinfo=UTC)),
        ("due_at", "46358", datetime(2026, 12, 2, 16, 59, tzinfo=UTC)),
        ("told_at", "2026-12-02", datetime(2026, 12, 1, 17, tzinfo=UTC)),
        ("starts_at", "2026-12-02", datetime(2026, 12, 1, 17, tzinfo=UTC)),
        ("ends_at", "2026-12-02", datetime(2026, 12, 2, 17, tzinfo=UTC)),
    ],
)
def test_a_day_without_hours_is_the_whole_day(column: str, text: str, moment: datetime) -> None:
    assert cells.cell_of(AwareDatetime, column).read(text, Clock(HANOI)) == moment


@given(st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31)))  # noqa: DTZ001
def test_a_minute_is_read_from_what_a_spreadsheet_counts_it_as(moment: datetime) -> None:
    local = moment.replace(hour=moment.hour or 1, second=0, microsecond=0)
    counted = (local - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001
    read = cells.MOMENT.read(f"{counted:.5f}", Clock(ZoneInfo("UTC")))
    assert read == local.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("kinds", "text", "value"),
    [
        (Priority, "Urgent", Priority.URGENT),
        (Priority, "KHẨN CẤP", Priority.EMERGENCY),
        (Priority, "gap", Priority.URGENT),
        (JobStatus, "On hold", JobStatus.ON_HOLD),
        (JobStatus, "tạm hoãn", JobStatus.ON_HOLD),
        (LinkKind, "Cùng lúc", LinkKind.TOGETHER),
        (Person, "người khác", Person.DIFFERENT),
        (Separation, "Ngày", Separation.DAY),
        (Priority, "dear", "dear"),
    ],
)
def test_a_kind_is_read_in_both_languages_whatever_its_capitals(
    kinds: type[StrEnum], text: str, value: str
) -> None:
    assert cells.cell_of(kinds).read(text, Clock(HANOI)) == value


def test_no_word_means_two_things() -> None:
    for kinds, said in words.KINDS.items():
        names = [words.folded(one) for some in said.values() for one in some.split(", ")]
        names += [words.folded(kind) for kind in kinds]
        assert len(names) == len(set(names)), kinds
    yes, no = ({*map(words.folded, some.split(", "))} for some in (words.YES, words.NO))
    assert not yes & no
