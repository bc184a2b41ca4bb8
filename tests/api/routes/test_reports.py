"""The day as it happens, over HTTP."""

from datetime import date
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient

from tests.api.conftest import at, faults


@pytest.fixture
def published(client: TestClient, planned: dict[str, Any]) -> None:
    """T01 has the job J-1 on a route in force."""
    assert client.post(f"/plans/{planned['plan_id']}/publish").status_code == 200


def body(day: date, **fields: Any) -> dict[str, Any]:
    return {"id": "r-1", "job_id": "J-1", "kind": "on_site", "at": at(day, "09:00"), **fields}


def test_a_report_is_taken_once_and_read_back(
    client: TestClient, published: None, day: date
) -> None:
    with time_machine.travel(at(day, "09:01"), tick=False):
        first = client.post("/technicians/T01/reports", json=body(day))
        again = client.post("/technicians/T01/reports", json=body(day))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["job_status"] == "on_site"
    assert client.get("/jobs/J-1/reports").json() == {"reports": [first.json()]}
    job = client.get("/jobs/J-1").json()
    assert job["status"] == "on_site"
    assert job["arrived_at"] == first.json()["at"]


def test_a_report_that_cannot_be_is_refused_with_its_faults(
    client: TestClient, published: None, day: date
) -> None:
    with time_machine.travel(at(day, "08:00"), tick=False):
        early = client.post("/technicians/T01/reports", json=body(day))
        other = client.post("/technicians/T02/reports", json=body(day, at=at(day, "08:00")))
        vague = client.post("/technicians/T01/reports", json=body(day, kind="cannot_complete"))
    assert (early.status_code, faults(early)) == (422, {("in_the_future", "/at")})
    assert "when it came in" in early.json()["faults"][0]["cause"]
    assert early.json()["faults"][0]["cause"].count("+07:00") == 2
    assert (other.status_code, faults(other)) == (409, {("not_on_your_route", "job J-1")})
    assert (vague.status_code, faults(vague)) == (422, {("reason", "/reason")})
    assert client.get("/jobs/J-1/reports").json() == {"reports": []}


def test_what_will_be_late_is_listed(client: TestClient, published: None, day: date) -> None:
    with time_machine.travel(at(day, "11:30"), tick=False):
        set_out = body(day, kind="en_route", at=at(day, "10:40"))
        assert client.post("/technicians/T01/reports", json=set_out).status_code == 201
        found = client.get("/late-visits").json()["late_visits"]
        assert [visit["job_id"] for visit in found] == ["J-1"]
        assert found[0]["will_miss"] == ["time_window"]
        done = body(day, id="r-2", kind="completed", at=at(day, "11:29"))
        assert client.post("/technicians/T01/reports", json=done).status_code == 201
        assert client.get("/late-visits").json() == {"late_visits": []}
