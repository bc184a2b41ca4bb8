"""Judging changes by hand, and asking why, over HTTP."""

from datetime import date, timedelta
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


def test_a_change_is_made_only_with_a_reason_for_what_it_breaks_and_undone(
    published: None, client: TestClient, day: date
) -> None:
    change = {"job_id": "J-1", "technician_id": "T02", "start_at": at(day, "09:00")}
    answer = client.post("/plan-changes", json=change)
    assert answer.status_code == 409
    assert faults(answer) == {("skills", "job J-1"), ("parts", "job J-1")}
    unexplained = client.post("/plan-changes", json={**change, "override": {"reason": " "}})
    assert unexplained.status_code == 422

    judged = client.post("/plan-changes/judgement", json=change).json()
    override = {"reason": "Chị Mai có chứng chỉ mới"}
    made = client.post("/plan-changes", json={**change, "override": override}).json()
    assert (made["plan_version"], made["undoes_version"]) == (2, None)
    assert made["judgement"]["visit"] == judged["visit"]
    assert made["judgement"]["waivers"] == judged["waivers"]
    assert client.get("/jobs/J-1").json()["pinned_technician_id"] == "T02"
    [entry] = [one for one in client.get("/log").json()["entries"] if one["action"] == "override"]
    assert entry["after"]["reason"] == override["reason"]

    undone = client.post("/plan-changes/2/undo").json()
    assert (undone["plan_version"], undone["undoes_version"]) == (3, 2)
    assert client.post("/plan-changes/2/undo").json() == undone
    assert client.get("/jobs/J-1").json()["pinned_technician_id"] is None
    assert faults(client.post("/plan-changes/99/undo")) == {("not_found", "version 99")}


def test_a_draft_is_shown_and_accepted_for_one(planned: dict[str, Any], client: TestClient) -> None:
    path = f"/plans/{planned['plan_id']}"
    shown = client.get(f"{path}/changes").json()
    assert [(job["job_id"], job["change"]) for job in shown["jobs"]] == [("J-1", "added")]
    assert [one["technician_id"] for one in shown["technicians"]] == ["T01"]
    accepted = client.post(f"{path}/publish", json={"technician_ids": ["T01"]})
    assert (accepted.status_code, accepted.json()["version"]) == (200, 1)
    assert accepted.json()["id"] != planned["plan_id"]
    assert client.get(f"{path}/changes").json()["jobs"] == []
    refused = client.post(f"{path}/publish", json={"technician_ids": ["T09"]})
    assert faults(refused) == {("not_in_plan", f"plan {planned['plan_id']}")}


def test_a_visit_is_pinned_and_unpinned(published: None, client: TestClient) -> None:
    pinned = client.put("/jobs/J-1/pin", json={"to": "time"}).json()
    assert (pinned["pinned_technician_id"], pinned["pinned_start_at"] is None) == ("T01", False)
    assert client.delete("/jobs/J-1/pin").json()["pinned_technician_id"] is None
    assert faults(client.put("/jobs/J-2/pin", json={})) == {("not_in_plan", "job J-2")}


def test_a_visit_is_moved_to_the_next_day_and_back(
    published: None, client: TestClient, day: date
) -> None:
    tomorrow = day + timedelta(days=1)
    places = client.get("/jobs/J-1/alternatives", params={"day": str(tomorrow)}).json()
    assert places["here"]["technician_id"] == "T01"
    [place] = places["alternatives"]
    assert place["technician_id"] == "T01"
    change = {
        "job_id": "J-1",
        "technician_id": "T01",
        "start_at": place["start_at"],
        "day": str(tomorrow),
    }
    judged = client.post("/plan-changes/judgement", json=change).json()
    assert (judged["violations"], judged["extra_cost"]) == (
        place["violations"],
        place["extra_cost"],
    )
    made = client.post("/plan-changes", json={**change, "override": {"reason": "Khách vắng"}})
    assert made.status_code == 200

    def holders(shown: date) -> list[str]:
        return [one["technician_id"] for one in client.get(f"/board/{shown}").json()["routes"]]

    assert (holders(day), holders(tomorrow)) == ([], ["T01"])
    assert client.post(f"/plan-changes/{made.json()['plan_version']}/undo").status_code == 200
    assert (holders(day), holders(tomorrow)) == (["T01"], [])
    far = {**change, "start_at": None, "day": str(day + timedelta(days=40))}
    assert faults(client.post("/plan-changes", json=far)) == {("too_far", "job J-1")}


def test_several_are_judged_changed_and_undone_as_one(
    published: None, client: TestClient, day: date
) -> None:
    push = {"action": "push", "job_ids": ["J-1"], "minutes": 15}
    judged = client.post("/plan-changes/several/judgement", json=push).json()
    assert (judged["job_ids"], judged["possible"]) == (["J-1"], True)
    made = client.post("/plan-changes/several", json={**push, "plan_version": 1}).json()
    assert (made["plan_version"], made["is_new"]) == (2, True)
    assert made["judgement"]["visits"] == judged["visits"]
    assert client.get("/jobs/J-1").json()["not_before_at"] is not None
    assert client.post("/plan-changes/2/undo").json()["plan_version"] == 3
    assert client.get("/jobs/J-1").json()["not_before_at"] is None

    cancel = {"action": "cancel", "job_ids": ["J-1", "J-2"]}
    version = client.post("/plan-changes/several", json=cancel).json()["plan_version"]
    assert client.get("/jobs/J-2").json()["status"] == "cancelled"
    client.post(f"/plan-changes/{version}/undo")
    assert [client.get(f"/jobs/{name}").json()["status"] for name in ("J-1", "J-2")] == [
        "scheduled",
        "open",
    ]
    assert client.post("/plan-changes/several", json={"action": "swap"}).status_code == 422
    unknown = client.post("/plan-changes/several", json={**cancel, "job_ids": ["J-9"]})
    assert faults(unknown) == {("unknown_job", "job J-9")}


def test_what_has_no_place_fits_into_a_gap(published: None, client: TestClient, day: date) -> None:
    client.post("/plan-changes", json={"job_id": "J-1", "technician_id": None})
    gap = {"technician_id": "T01", "from_at": at(day, "08:00"), "until_at": at(day, "12:00")}
    fillers = client.get("/plan-changes/gaps", params=gap).json()["fillers"]
    assert [one["job_id"] for one in fillers] == ["J-1"]
    none = {**gap, "until_at": at(day, "08:05")}
    assert client.get("/plan-changes/gaps", params=none).json()["fillers"] == []
    back = {**gap, "until_at": at(day, "07:00")}
    assert client.get("/plan-changes/gaps", params=back).status_code == 422
