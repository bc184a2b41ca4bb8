"""Crews and links between jobs over HTTP."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import faults

pytestmark = pytest.mark.usefixtures("company")

Wire = dict[str, Any]


def test_a_crew_is_made_in_one_step_and_says_which_jobs_it_has(
    client: TestClient, job: Wire
) -> None:
    answer = client.post("/jobs", json={**job, "id": "WO-1", "crew": [{"title": "Phụ"}]})
    assert answer.status_code == 201
    [link] = answer.json()["links"]
    assert (link["kind"], link["job_ids"]) == ("together", ["WO-1", "WO-1.2"])
    second = client.get("/jobs/WO-1.2").json()
    assert (second["title"], second["site_id"]) == ("Phụ", answer.json()["site_id"])
    assert client.get("/jobs/WO-1").headers["etag"] == answer.headers["etag"]


def test_a_fault_of_a_place_is_where_it_was_sent(client: TestClient, job: Wire) -> None:
    answer = client.post("/jobs", json={**job, "crew": [{}, {"tools": ["GHOST"]}]})
    assert answer.status_code == 422
    assert faults(answer) == {("unknown_reference", "/crew/1/tools")}


def test_links_are_put_listed_by_job_read_and_removed(client: TestClient, job: Wire) -> None:
    for id_ in ("A", "B"):
        client.post("/jobs", json={**job, "id": id_})
    body = {"kind": "after", "job_ids": ["A", "B"], "least_minutes": 60, "person": "same"}
    assert client.put("/job-links/L-1", json=body).status_code == 201
    assert client.put("/job-links/L-1", json=body).status_code == 200
    listed = client.get("/job-links", params={"job_id": "B"}).json()["job_links"]
    assert listed == [client.get("/job-links/L-1").json()]
    assert listed[0].items() >= body.items()
    assert client.delete("/job-links/L-1").status_code == 204
    assert client.get("/job-links/L-1").status_code == 404


def test_links_that_contradict_each_other_are_refused(client: TestClient, job: Wire) -> None:
    for id_ in ("A", "B"):
        client.post("/jobs", json={**job, "id": id_})
    client.put("/job-links/L-1", json={"kind": "after", "job_ids": ["A", "B"]})
    answer = client.put("/job-links/L-2", json={"kind": "after", "job_ids": ["B", "A"]})
    assert answer.status_code == 422
    assert faults(answer) == {("links_contradict", "/job_ids")}


def test_a_crew_is_cancelled_in_one_step(client: TestClient, job: Wire) -> None:
    client.post("/jobs", json={**job, "id": "WO-1", "crew": [{}]})
    client.post("/jobs/WO-1.2/cancel", params={"crew": True})
    assert client.get("/jobs/WO-1").json()["status"] == "cancelled"
