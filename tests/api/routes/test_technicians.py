"""How technicians work, over HTTP: read and changed."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import faults

pytestmark = [
    pytest.mark.usefixtures("company"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
LIMITS = ("max_visits", "max_travel_minutes", "max_distance_km")
RATES = ("cost_per_hour", "cost_per_km")


def read(client: TestClient) -> dict[str, Any]:
    found: list[dict[str, Any]] = client.get("/technicians").json()["technicians"]
    return next(one for one in found if one["id"] == "T01")


def test_a_pace_and_limits_are_set_and_limits_are_taken_away(client: TestClient) -> None:
    before = read(client)
    assert (before["pace_percent"], *(before[name] for name in LIMITS)) == (100, None, None, None)
    change = {"pace_percent": 130, "max_visits": 6, "max_travel_minutes": 240}
    answer = client.patch("/technicians/T01", json=change)
    assert (answer.status_code, answer.json()) == (200, {**before, **change})
    assert read(client) == answer.json()
    answer = client.patch("/technicians/T01", json={"max_visits": None, "max_distance_km": 90})
    assert answer.json() == {**before, **change, "max_visits": None, "max_distance_km": 90}


def test_rates_are_set_and_taken_away(client: TestClient) -> None:
    before = read(client)
    assert [before[name] for name in RATES] == [None, None]
    answer = client.patch("/technicians/T01", json={"cost_per_hour": 80000, "cost_per_km": 0})
    assert answer.json() == {**before, "cost_per_hour": 80000, "cost_per_km": 0}
    answer = client.patch("/technicians/T01", json=dict.fromkeys(RATES))
    assert answer.json() == before


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"pace_percent": 9}, ("greater_than_equal", "/pace_percent")),
        ({"pace_percent": 1001}, ("less_than_equal", "/pace_percent")),
        ({"pace_percent": None}, ("int_type", "/pace_percent")),
        ({"pace_percent": 99.5}, ("int_type", "/pace_percent")),
        ({"max_visits": 0}, ("greater_than_equal", "/max_visits")),
        ({"max_visits": 1001}, ("less_than_equal", "/max_visits")),
        ({"max_travel_minutes": 1441}, ("less_than_equal", "/max_travel_minutes")),
        ({"max_distance_km": 10001}, ("less_than_equal", "/max_distance_km")),
        ({"max_distance_km": "9"}, ("int_type", "/max_distance_km")),
        ({"cost_per_hour": -1}, ("greater_than_equal", "/cost_per_hour")),
        ({"cost_per_km": 1000001}, ("less_than_equal", "/cost_per_km")),
        ({"name": "x"}, ("extra_forbidden", "/name")),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: TestClient, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    before = read(client)
    answer = client.patch("/technicians/T01", json=change)
    assert (answer.status_code, faults(answer)) == (422, {fault})
    assert read(client) == before


def test_a_technician_who_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.patch("/technicians/T99", json={"max_visits": 3}).status_code == 404
