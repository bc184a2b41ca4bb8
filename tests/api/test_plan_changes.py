"""Judging changes by hand, and asking why, over HTTP."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import at, faults


@pytest.fixture
def published(planned: dict[str, Any], client: TestClient) -> None:
    """T01 has the job J-1; J-2 needs a ladder, which nobody has."""
    assert client.post(f"/plans/{planned['plan_id']}/publish").status_code == 200


def test_a_change_is_judged_and_nothing_is_stored(
    published: None, client: TestClient, day: date
) -> None:
    change = {"job_id": "J-1", "technician_id": "T02", "start_at": at(day, "09:00")}
    before = client.get("/plans").json()
    answer = client.post("/plan-changes/judgement", json=change)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["possible"], found["overridable"], found["plan_version"]) == (False, True, 1)
    broken = [(one["rule"], one["subject"], one["amount"]) for one in found["violations"]]
    assert broken == [("skills", "air-conditioning", 2), ("parts", "CAP-35UF", 1)]
    assert [route["technician_id"] for route in found["routes"]] == ["T02", "T01"]
    assert client.get("/plans").json() == before


def test_a_time_is_held_only_with_a_technician(published: None, client: TestClient) -> None:
    answer = client.post("/plan-changes/judgement", json={"job_id": "J-1", "hold": True})
    assert answer.status_code == 422
    assert faults(answer) == {("nothing_to_hold", "/hold")}


def test_a_planned_visit_has_a_place_and_an_unplanned_job_has_obstacles(
    published: None, client: TestClient, day: date
) -> None:
    here = client.get("/jobs/J-1/alternatives").json()["here"]
    assert (here["technician_id"], here["technician"]) == ("T01", "Trần Văn Hùng")
    assert faults(client.get("/jobs/J-2/alternatives")) == {("not_placed", "job J-2")}
    answer = client.get("/jobs/J-2/why-not", params={"day": str(day)}).json()
    assert answer["reasons"][0]["code"] == "impossible"
    assert [
        (waiver["rule"], waiver["subject"])
        for one in answer["technicians"]
        for waiver in one["changes"][0]["waivers"]
        if one["technician_id"] == "T01"
    ] == [("tools", "ladder")]
    assert faults(client.get("/jobs/J-1/why-not", params={"day": str(day)})) == {
        ("is_placed", "job J-1")
    }
