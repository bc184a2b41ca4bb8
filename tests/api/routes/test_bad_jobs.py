"""Bad jobs: each is refused with a clear fault, and nothing is stored."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import at, faults, stored

pytestmark = [
    pytest.mark.usefixtures("company"),
    # They are refused before a database could make a difference.
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

Wire = dict[str, Any]


def refused(client: TestClient, body: Wire) -> set[tuple[str, str]]:
    answer = client.post("/jobs", json=body)
    assert answer.status_code == 422
    assert stored(client) == 0
    return faults(answer)


def test_an_unknown_skill_is_refused_with_the_likely_one(client: TestClient, job: Wire) -> None:
    answer = client.post("/jobs", json={**job, "skills": [{"skill_id": "air-condition"}]})
    assert answer.status_code == 422
    assert faults(answer) == {("unknown_reference", "/skills")}
    assert "air-conditioning" in answer.json()["faults"][0]["action"]
    assert stored(client) == 0


def test_a_negative_duration_is_refused(client: TestClient, job: Wire) -> None:
    found = refused(client, {**job, "duration_minutes": -5})
    assert found == {("greater_than_equal", "/duration_minutes")}


def test_a_window_that_ends_before_it_starts_is_refused(
    client: TestClient, job: Wire, day: date
) -> None:
    window = {"starts_at": at(day, "11:00"), "ends_at": at(day, "08:00")}
    found = refused(client, {**job, "windows": [window]})
    assert found == {("ends_before_it_starts", "/windows/0/ends_at")}


def test_swapped_coordinates_are_refused_and_the_swap_named(client: TestClient, job: Wire) -> None:
    site = {"name": "Anh Dũng", "address": "Hà Nội", "latitude": 105.85, "longitude": 21.03}
    found = refused(client, {**job, "site_id": None, "site": site})
    assert {code for code, _ in found} == {"swapped_coordinates"}


def test_coordinates_off_the_globe_are_refused(client: TestClient, job: Wire) -> None:
    site = {"name": "Anh Dũng", "address": "Hà Nội", "latitude": 191, "longitude": 421}
    found = refused(client, {**job, "site_id": None, "site": site})
    assert {code for code, _ in found} == {"coordinates_out_of_range"}


def test_naive_datetimes_are_refused(client: TestClient, job: Wire, day: date) -> None:
    window = {"starts_at": f"{day}T08:00:00", "ends_at": f"{day}T11:00:00"}
    assert refused(client, {**job, "windows": [window], "due_at": f"{day}T12:00"}) == {
        ("naive_datetime", "/windows/0/starts_at"),
        ("naive_datetime", "/windows/0/ends_at"),
        ("naive_datetime", "/due_at"),
    }


def test_ids_named_twice_are_refused(client: TestClient, job: Wire) -> None:
    assert refused(client, {**job, "tools": ["ladder", "ladder"]}) == {("duplicate", "/tools")}


def test_a_job_in_the_past_is_refused(client: TestClient, job: Wire) -> None:
    past = date(2020, 1, 6)
    window = {"starts_at": at(past, "08:00"), "ends_at": at(past, "11:00")}
    body = {**job, "windows": [window], "pinned_start_at": at(past, "09:00")}
    body["pinned_technician_id"] = "T01"
    answer = client.post("/jobs", json=body)
    causes = {fault["where"]: fault["cause"] for fault in answer.json()["faults"]}
    assert causes == {
        "/windows": "the last window ended at 2020-01-06 11:00:00+07:00",
        "/pinned_start_at": "2020-01-06 09:00:00+07:00 is over",
    }


def test_every_fault_is_named_at_once(client: TestClient) -> None:
    body = {"site_id": "S008", "duration_minutes": "45", "windows": [{}], "ttle": "Máy giặt"}
    assert refused(client, body) == {
        ("missing", "/title"),
        ("int_type", "/duration_minutes"),
        ("missing", "/windows/0/starts_at"),
        ("missing", "/windows/0/ends_at"),
        ("extra_forbidden", "/ttle"),
    }


@pytest.mark.parametrize(
    "title", ["NUL \x00", "a\nb", "", "  ", "x" * 201, 7, None, ["x"]], ids=repr
)
def test_a_title_that_is_no_line_of_text_is_refused(
    client: TestClient, job: Wire, title: object
) -> None:
    assert {where for _, where in refused(client, {**job, "title": title})} == {"/title"}


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2026-02-30T08:00:00Z",
        "2026-11-23",
        1_800_000_000,
        "1800000000",
        "tomorrow",
        "2026-11-23T08:00:00+99:00",
    ],
)
def test_a_moment_that_is_none_is_refused(client: TestClient, job: Wire, moment: object) -> None:
    assert {where for _, where in refused(client, {**job, "due_at": moment})} == {"/due_at"}


@pytest.mark.parametrize("number", [2**31, 2**63, 10**400, 1e300, 1.5, True])
def test_a_quantity_that_is_none_is_refused(client: TestClient, job: Wire, number: float) -> None:
    parts = [{"part_id": "CAP-35UF", "quantity": number}]
    found = refused(client, {**job, "parts": parts})
    assert {where for _, where in found} == {"/parts/0/quantity"}
