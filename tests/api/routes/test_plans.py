"""Plans and runs over HTTP."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.api.conftest import failing_commits, faults

pytestmark = pytest.mark.usefixtures("company")

Wire = dict[str, Any]


def test_a_draft_says_where_every_job_went_and_why_not(client: TestClient, planned: Wire) -> None:
    plan = client.get(f"/plans/{planned['plan_id']}").json()
    assert (plan["status"], plan["version"]) == ("draft", None)
    placed = {
        (stop["job_id"], route["technician_id"])
        for route in plan["routes"]
        for stop in route["stops"]
        if stop["job_id"]
    }
    assert placed == {("J-1", "T01")}
    [unassigned] = plan["unassigned"]
    assert unassigned["job_id"] == "J-2"
    assert unassigned["reasons"][0]["rule"] == "tools"


def test_a_draft_is_on_no_technicians_route_until_it_is_published(
    client: TestClient, planned: Wire, day: date
) -> None:
    path = f"/technicians/T01/routes/{day}"
    assert client.get(path).json()["routes"] == []
    first = client.post(f"/plans/{planned['plan_id']}/publish")
    assert (first.status_code, first.json()["version"]) == (200, 1)
    assert client.get(path).json()["plan_version"] == 1
    assert client.post(f"/plans/{planned['plan_id']}/publish").json() == first.json()


def test_a_published_plan_cannot_be_discarded(client: TestClient, planned: Wire) -> None:
    path = f"/plans/{planned['plan_id']}"
    client.post(f"{path}/publish")
    answer = client.post(f"{path}/discard")
    assert answer.status_code == 409
    assert faults(answer) == {("published", f"plan {planned['plan_id']}")}


def test_a_discarded_draft_cannot_be_published(client: TestClient, planned: Wire) -> None:
    path = f"/plans/{planned['plan_id']}"
    assert client.post(f"{path}/discard").json()["status"] == "discarded"
    assert client.post(f"{path}/publish").status_code == 409


def test_a_plan_compared_with_itself_changes_nothing(client: TestClient, planned: Wire) -> None:
    number = planned["plan_id"]
    found = client.get(f"/plans/{number}/comparison", params={"with": number}).json()
    assert (found["changes"], found["unchanged"], found["objective"]) == ([], 1, 0)
    answer = client.get(f"/plans/{number}/comparison")
    assert answer.status_code == 422
    assert faults(answer) == {("missing", "query parameter with")}


def test_a_queued_run_is_cancelled_and_again_is_as_once(client: TestClient, day: date) -> None:
    path = client.post("/plans", json={"starts_on": str(day)}).headers["location"]
    first = client.post(f"{path}/cancel")
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert client.post(f"{path}/cancel").json() == first.json()


def test_a_run_that_is_over_is_not_cancelled(client: TestClient, planned: Wire) -> None:
    answer = client.post(f"/runs/{planned['id']}/cancel")
    assert answer.status_code == 409
    assert faults(answer) == {("run_is_over", f"run {planned['id']}")}


def test_runs_are_listed_page_by_page_the_newest_first(client: TestClient, day: date) -> None:
    made = [client.post("/plans", json={"starts_on": str(day)}).json()["id"] for _ in range(3)]
    first = client.get("/runs", params={"limit": 2}).json()
    second = client.get("/runs", params={"limit": 2, "after": first["next"]}).json()
    listed = [run["id"] for run in first["runs"] + second["runs"]]
    assert listed == made[::-1]
    assert second["next"] is None


def test_technicians_are_listed_page_by_page(client: TestClient) -> None:
    first = client.get("/technicians", params={"limit": 1}).json()
    second = client.get("/technicians", params={"limit": 1, "after": first["next"]}).json()
    [hung], [mai] = first["technicians"], second["technicians"]
    assert (hung["name"], mai["name"]) == ("Trần Văn Hùng", "Lê Thị Mai")
    assert hung["skills"] == [{"skill_id": "air-conditioning", "level": 2, "expires_on": None}]
    assert (hung["pace_percent"], hung["max_visits"], hung["max_travel_minutes"]) == (
        100,
        None,
        None,
    )
    assert second["next"] is None


@pytest.mark.parametrize(
    "path",
    ["/plans/7", "/plans/2147483647", "/runs/run-7", "/technicians/T99/routes/2026-11-23"],
)
def test_what_is_not_there_is_a_404_problem(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert faults(answer)


@pytest.mark.parametrize("ending", ["", ".ics", ".geojson"])
def test_a_day_off_is_an_empty_route(client: TestClient, day: date, ending: str) -> None:
    assert client.get(f"/technicians/T02/routes/{day}{ending}").status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "path",
    [
        "/plans/0",
        "/plans/-1",
        "/plans/2147483648",
        "/plans/99999999999999999999999",
        "/plans/one",
        "/plans?after=9223372036854775808",
        "/plans/1/comparison?with=9223372036854775808",
        "/runs/%00",
        "/technicians/%00/routes/2026-11-23",
        "/technicians/T01/routes/2026-13-01",
        "/technicians/T01/routes/0001-01-01",
        "/technicians/T01/routes/9999-12-31",
        "/technicians/T01/routes/9999-12-31.ics",
        "/technicians/T01/routes/today.geojson",
    ],
)
def test_a_parameter_out_of_its_range_is_refused(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 422
    assert faults(answer)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"starts_on": "2020-01-06"}, "/ends_on"),
        ({"starts_on": "0001-01-01"}, "/starts_on"),
        ({"starts_on": "9999-12-31"}, "/starts_on"),
        ({"starts_on": 1_800_000_000}, "/starts_on"),
        ({"starts_on": "2026-11-23T08:00:00+07:00"}, "/starts_on"),
        ({"starts_on": None}, "/starts_on"),
        ({"ends_on": "9999-12-31"}, "/ends_on"),
        ({"seconds": 0}, "/seconds"),
        ({"seconds": 1e9}, "/seconds"),
        ({"seed": -1}, "/seed"),
        ({"seed": 2**64}, "/seed"),
        ({"publish": "perhaps"}, "/publish"),
        ({"territory": "Atlantis"}, "/territory"),
        ({"territory": "\x00"}, "/territory"),
        ({"teritory": "Tây Hồ"}, "/teritory"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused_and_not_queued(
    client: TestClient, day: date, change: Wire, where: str
) -> None:
    answer = client.post("/plans", json={"starts_on": str(day)} | change)
    assert answer.status_code == 422
    assert {place for _, place in faults(answer)} == {where}
    assert client.get("/runs").json()["runs"] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plan_ends_on_or_after_the_day_it_starts(client: TestClient, day: date) -> None:
    for ends_on in (day - timedelta(days=1), day + timedelta(days=400)):
        answer = client.post("/plans", json={"starts_on": str(day), "ends_on": str(ends_on)})
        assert answer.status_code == 422
        assert {where for _, where in faults(answer)} == {"/ends_on"}


def test_the_runner_is_told_of_a_run_when_it_is_committed_and_not_before(
    client: TestClient, app: FastAPI, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []

    def submit(run_id: str) -> None:
        told.append((run_id, client.get(f"/runs/{run_id}").status_code))

    monkeypatch.setattr(app.state.runner, "submit", submit)
    with failing_commits(app):
        assert client.post("/plans", json={"starts_on": str(day)}).status_code == 500
    assert told == []
    run = client.post("/plans", json={"starts_on": str(day)}).json()
    assert told == [(run["id"], 200)]
