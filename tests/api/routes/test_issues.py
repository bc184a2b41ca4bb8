"""What dispatchers have to decide, over HTTP, while the service works."""

from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session

from dispatch import log
from dispatch.models import Technician
from tests.api.conftest import at
from tests.dispatch.waiting import until


@pytest.fixture
def published(planned: dict[str, Any], client: TestClient) -> None:
    """T01, and nobody else, can do J-1, and has it."""
    assert client.post(f"/plans/{planned['plan_id']}/publish").status_code == 200


def issues(client: TestClient) -> dict[str, dict[str, Any]]:
    answer = client.get("/issues")
    assert answer.status_code == 200
    return {issue["id"]: issue for issue in answer.json()["issues"]}


def routes(client: TestClient, day: date) -> list[Any]:
    found: list[Any] = client.get(f"/board/{day}").json()["routes"]
    return found


def test_what_an_absent_technician_had_is_off_the_route_and_an_issue(
    published: None, client: TestClient, day: date
) -> None:
    assert issues(client) == {}
    span = {"starts_at": at(day, "06:00"), "ends_at": at(day, "20:00"), "reason": "ill"}
    assert client.post("/technicians/T01/absences", json=span).status_code == 201
    until(lambda: "no_place:J-1" in issues(client))
    issue = issues(client)["no_place:J-1"]
    assert issue["cause"]["code"] == "technician_absent"
    assert issue["job_ids"] == ["J-1"]
    [repair] = issue["repairs"]
    assert (repair["method"], repair["path"]) == ("POST", "/jobs/J-1/place")
    assert repair["body"] == {"day": str(day)}
    assert routes(client, day) == []
    assert client.get("/jobs/J-1").json()["status"] == "open"


def test_what_another_process_stores_is_followed(
    published: None, app: FastAPI, client: TestClient, day: date
) -> None:
    with Session(app.state.engine) as session:
        session.get_one(Technician, "T01").active = False
        log.record(session, "lan", "import", log.Entity.TECHNICIAN, "T01")
        session.commit()
    until(lambda: "no_place:J-1" in issues(client))
    assert issues(client)["no_place:J-1"]["cause"]["code"] == "technician_gone"
    assert routes(client, day) == []


def test_what_was_not_followed_yet_is_marked_on_the_board(
    published: None, app: FastAPI, client: TestClient, day: date
) -> None:
    with Session(app.state.engine) as session:
        session.get_one(Technician, "T01").active = False
        session.commit()
    app.state.placer.stop()
    assert client.patch("/jobs/J-2", json={"title": "Khác"}).status_code == 200
    until(lambda: "conflict:J-1" in issues(client))
    assert issues(client)["conflict:J-1"]["technician_id"] == "T01"
    (route,) = routes(client, day)
    marks = [stop["conflict"] for stop in route["stops"] if stop["job_id"] == "J-1"]
    assert [mark["code"] for mark in marks] == ["technician_gone"]
