"""Every bad value is refused with its place, its cause and what to do."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from dispatch.input_faults import faults_of
from dispatch.intake import NewJob, ToSecond
from dispatch.settings import Settings

WINDOW = {"starts_at": "2026-11-23T08:00:00+07:00", "ends_at": "2026-11-23T12:00:00+07:00"}
AFTER_IT = {"starts_at": WINDOW["ends_at"], "ends_at": "2026-11-23T17:00:00+07:00"}


def new(**fields: Any) -> NewJob:
    base = {"title": "Máy lạnh không mát", "duration_minutes": 60, "site_id": "S-1"}
    if "site" in fields:
        del base["site_id"]
    return NewJob.model_validate(base | fields)


def test_windows_of_different_prices_may_touch() -> None:
    touching = new(windows=[AFTER_IT | {"price": 50_000}, WINDOW]).windows
    assert [window.price for window in touching] == [0, 50_000]


def test_texts_are_trimmed_and_normalised() -> None:
    assert new(title="  Ma\u0301y la\u0323nh  ").title == "M\u00e1y l\u1ea1nh"


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("1999-12-31T10:00:00-14:00", "2000-01-01T00:00:00+00:00"),
        ("2200-01-01T13:59:59+14:00", "2199-12-31T23:59:59+00:00"),
    ],
)
def test_the_years_of_a_moment_are_those_of_utc(written: str, utc: str) -> None:
    """A file tells the same moment in another zone, where it may be another year."""
    due_at = new(due_at=written).due_at
    assert due_at is not None
    assert due_at.isoformat() == utc


def test_the_year_of_an_end_is_that_of_the_whole_second_which_is_kept() -> None:
    ends_at = TypeAdapter(ToSecond).validate_python("2199-12-31T23:59:58.5Z")
    assert ends_at.isoformat() == "2199-12-31T23:59:59+00:00"
    with pytest.raises(ValidationError) as error:
        TypeAdapter(ToSecond).validate_python("2199-12-31T23:59:59.5Z")
    assert [fault.code for fault in faults_of(error.value.errors())] == ["datetime_range"]


@pytest.mark.parametrize(
    ("fields", "code", "where"),
    [
        ({"duration_minutes": -5}, "greater_than_equal", "duration_minutes"),
        ({"duration_minutes": 1441}, "less_than_equal", "duration_minutes"),
        ({"duration_minutes": True}, "int_type", "duration_minutes"),
        ({"duration_minutes": "60"}, "int_type", "duration_minutes"),
        (
            {"windows": [{"starts_at": WINDOW["ends_at"], "ends_at": WINDOW["starts_at"]}]},
            "ends_before_it_starts",
            "windows.0.ends_at",
        ),
        ({"windows": [WINDOW, WINDOW]}, "overlapping_windows", "windows"),
        ({"windows": [WINDOW, WINDOW | {"price": 5}]}, "overlapping_windows", "windows"),
        ({"windows": [WINDOW, AFTER_IT]}, "overlapping_windows", "windows"),
        ({"windows": [WINDOW | {"price": -1}]}, "greater_than_equal", "windows.0.price"),
        ({"due_at": "2026-11-23T08:00:00"}, "naive_datetime", "due_at"),
        ({"due_at": "2026-11-23"}, "datetime_format", "due_at"),
        ({"due_at": 1795400000}, "datetime_format", "due_at"),
        ({"due_at": "0001-01-01T00:00:00+14:00"}, "datetime_range", "due_at"),
        ({"due_at": "2000-01-01T00:00:00+14:00"}, "datetime_range", "due_at"),
        ({"due_at": "2199-12-31T23:00:00-12:00"}, "datetime_range", "due_at"),
        ({"due_at": "9999-12-31T23:59:59-12:00"}, "datetime_range", "due_at"),
        ({"title": " "}, "string_too_short", "title"),
        ({"title": "\u200b\u202e\u3164"}, "string_too_short", "title"),
        ({"title": "x" * 201}, "string_too_long", "title"),
        ({"title": "a\x00b"}, "control_character", "title"),
        ({"title": "a\ud800b"}, "control_character", "title"),
        ({"id": "WO 1"}, "string_pattern_mismatch", "id"),
        ({"id": "x" * 41}, "string_too_long", "id"),
        ({"colour": "red"}, "extra_forbidden", "colour"),
        ({"priority": "important"}, "enum", "priority"),
        ({"skills": [{"skill_id": "gas"}] * 2}, "duplicate", "skills"),
        ({"tools": ["LADDER", "LADDER"]}, "duplicate", "tools"),
        ({"allowed": ["T-1"], "forbidden": ["T-1"]}, "contradicting_wishes", "forbidden"),
        (
            {"allowed": ["T-1"], "pinned_technician_id": "T-2"},
            "contradicting_wishes",
            "pinned_technician_id",
        ),
        (
            {"forbidden": ["T-2"], "pinned_technician_id": "T-2"},
            "contradicting_wishes",
            "pinned_technician_id",
        ),
        ({"pinned_start_at": WINDOW["starts_at"]}, "pin_without_technician", "pinned_start_at"),
        ({"site_id": None}, "site_or_site_id", "site"),
        (
            {"site": {"name": "A", "address": "B"}, "site_id": "S-1"},
            "site_or_site_id",
            "site",
        ),
        (
            {"site": {"name": "A", "address": "B", "latitude": 105.8, "longitude": 21.0}},
            "swapped_coordinates",
            "site.longitude",
        ),
        (
            {"site": {"name": "A", "address": "B", "latitude": 95, "longitude": 181}},
            "coordinates_out_of_range",
            "site.longitude",
        ),
        (
            {"site": {"name": "A", "address": "B", "latitude": 21.0}},
            "half_a_location",
            "site.longitude",
        ),
        (
            {"site": {"name": "A", "address": "B", "latitude": float("nan"), "longitude": 1}},
            "finite_number",
            "site.latitude",
        ),
    ],
)
def test_a_bad_value_is_named_with_its_place(fields: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(ValidationError) as error:
        new(**fields)
    faults = faults_of(error.value.errors())
    assert [(fault.code, fault.where) for fault in faults] == [(code, where)]
    assert faults[0].cause
    assert faults[0].action


def test_a_service_area_has_its_edges_in_order() -> None:
    with pytest.raises(ValidationError, match="south, west, north, east"):
        Settings(service_area=(102.0, 8.0, 110.0, 23.5))
    assert Settings(service_area=None).service_area is None
