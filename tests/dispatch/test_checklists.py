"""What technicians have to tick off and measure comes in whole, or every fault is named."""

from typing import Any

import pytest
from pydantic import ValidationError

from dispatch.alerts.rules import TemplateContent
from dispatch.input_faults import faults_of

PRESSURE = {"name": "Áp suất", "unit": "bar", "least": 2, "most": 8}


def template(**fields: Any) -> TemplateContent:
    return TemplateContent.model_validate({"title": "Care", "duration_minutes": 30} | fields)


def faults(**fields: Any) -> set[tuple[str, str]]:
    with pytest.raises(ValidationError) as error:
        template(**fields)
    return {(fault.code, fault.where) for fault in faults_of(error.value.errors())}


def test_lines_and_readings_stay_in_their_order() -> None:
    found = template(checklist=["Turn it off", "Clean it"], readings=[PRESSURE, {"name": "Amps"}])
    assert found.checklist == ["Turn it off", "Clean it"]
    assert [one.name for one in found.readings] == ["Áp suất", "Amps"]
    assert found.readings[0].model_dump() == PRESSURE
    assert found.readings[1].model_dump() == {
        "name": "Amps", "unit": None, "least": None, "most": None,
    }  # fmt: skip


def test_nothing_is_to_be_ticked_off_or_measured_unless_it_is_said() -> None:
    assert (template().checklist, template().readings) == ([], [])


def test_what_cannot_be_seen_is_taken_out_of_lines_names_and_units() -> None:
    found = template(
        checklist=["  Turn\u200b it\u202e off "],
        readings=[{"name": "Am\u200bps", "unit": "\u202eA"}],
    )
    assert found.checklist == ["Turn it off"]
    assert (found.readings[0].name, found.readings[0].unit) == ("Amps", "A")


def test_every_fault_is_named_at_once() -> None:
    assert faults(
        checklist=["", "x" * 121, "two\nlines", 7],
        readings=[
            {"name": "n" * 61, "unit": "u" * 21},
            {"name": "Amps", "least": 3, "most": 2},
            {"name": "Volts", "least": float("nan"), "most": "9"},
            {"unit": "bar", "limit": 3},
        ],
    ) == {
        ("string_too_short", "checklist.0"),
        ("string_too_long", "checklist.1"),
        ("control_character", "checklist.2"),
        ("string_type", "checklist.3"),
        ("string_too_long", "readings.0.name"),
        ("string_too_long", "readings.0.unit"),
        ("least_above_most", "readings.1.most"),
        ("finite_number", "readings.2.least"),
        ("float_type", "readings.2.most"),
        ("missing", "readings.3.name"),
        ("extra_forbidden", "readings.3.limit"),
    }


@pytest.mark.parametrize(
    ("fields", "code", "where"),
    [
        ({"checklist": ["Clean it", " Clean it"]}, "duplicate", "checklist"),
        ({"checklist": [f"line {number}" for number in range(31)]}, "too_long", "checklist"),
        ({"readings": [PRESSURE, {"name": "Áp suất"}]}, "duplicate", "readings"),
        ({"readings": [{"name": f"r{number}"} for number in range(21)]}, "too_long", "readings"),
    ],
)
def test_a_list_is_short_and_names_nothing_twice(
    fields: dict[str, Any], code: str, where: str
) -> None:
    assert faults(**fields) == {(code, where)}


def test_limits_may_be_the_same_or_one_of_them_missing() -> None:
    same, only_most = template(
        readings=[{"name": "a", "least": 1, "most": 1}, {"name": "b", "most": -18.5}]
    ).readings
    assert (same.least, same.most) == (1, 1)
    assert (only_most.least, only_most.most) == (None, -18.5)
