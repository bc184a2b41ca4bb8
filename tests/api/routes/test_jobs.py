"""Jobs over HTTP: creation once, changes on what the client saw, pages, refusals."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.api.conftest import faults, key_of, stored

pytestmark = pytest.mark.usefixtures("company")

Wire = dict[str, Any]


def test_a_created_job_is_found_at_its_location(client: TestClient, job: Wire) -> None:
    answer = client.post("/jobs", json=job)
    assert answer.status_code == 201
    again = client.get(answer.headers["location"])
    assert again.status_code == 200
    assert again.json() == answer.json()
    assert again.headers["etag"] == answer.headers["etag"]
    assert again.json().items() >= {"status": "open", "title": "Điều hoà không lạnh"}.items()


def test_a_job_at_a_new_site_without_coordinates_needs_a_location(client: TestClient) -> None:
    site = {"name": "Anh Dũng", "address": "5 phố Huế, Hai Bà Trưng, Hà Nội"}
    new = {"site": site, "title": "Bếp từ không lên", "duration_minutes": 30}
    assert client.post("/jobs", json=new).json()["needs_location"] is True
    listed = client.get("/jobs", params={"needs_location": True}).json()["jobs"]
    assert [one["title"] for one in listed] == ["Bếp từ không lên"]


def test_an_idempotency_key_sent_twice_makes_one_job(client: TestClient, job: Wire) -> None:
    headers = {"Idempotency-Key": "portal-1"}
    first = client.post("/jobs", json=job, headers=headers)
    second = client.post("/jobs", json=job, headers=headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]
    assert stored(client) == 1


def test_an_idempotency_key_with_another_body_is_a_conflict(client: TestClient, job: Wire) -> None:
    headers = {"Idempotency-Key": "portal-1"}
    client.post("/jobs", json=job, headers=headers)
    answer = client.post("/jobs", json={**job, "title": "Khác"}, headers=headers)
    assert answer.status_code == 409
    assert faults(answer) == {("idempotency_key_reused", "Idempotency-Key")}


def test_an_idempotency_key_belongs_to_its_caller(
    client: TestClient, app: FastAPI, job: Wire
) -> None:
    """Two portals number their orders from 1: neither is given, or told of, the other's job."""
    headers = {"Idempotency-Key": "1"}
    other = {"Authorization": f"Bearer {key_of(app)}"}
    mine = client.post("/jobs", json=job, headers=headers)
    for body in (job, {**job, "title": "Khác"}):
        theirs = client.post("/jobs", json=body, headers=headers | other)
        if body == job:
            assert theirs.status_code == 201
            assert theirs.json()["id"] != mine.json()["id"]
        else:
            assert theirs.status_code == 409
    again = client.post("/jobs", json=job, headers=headers)
    assert (again.status_code, again.json()) == (200, mine.json())
    assert stored(client) == 2


def test_an_id_that_is_taken_is_a_conflict(client: TestClient, job: Wire) -> None:
    assert client.post("/jobs", json={**job, "id": "HN-1"}).status_code == 201
    answer = client.post("/jobs", json={**job, "id": "HN-1"})
    assert answer.status_code == 409
    assert faults(answer) == {("duplicate_id", "/id")}
    assert stored(client) == 1


def test_pages_hold_every_job_once_and_end(client: TestClient, job: Wire) -> None:
    made = {client.post("/jobs", json=job).json()["id"] for _ in range(5)}
    seen: list[str] = []
    after: Wire = {}
    while True:
        page = client.get("/jobs", params={"limit": 2, **after}).json()
        assert len(page["jobs"]) <= 2
        seen += [one["id"] for one in page["jobs"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == sorted(made)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "open"}, 1),
        ({"status": "completed"}, 0),
        ({"territory": "Tây Hồ"}, 1),
        ({"territory": "Ba Đình"}, 0),
        ({"priority": "normal"}, 1),
        ({"priority": "urgent"}, 0),
        ({"unassigned": "true"}, 1),
    ],
)
def test_jobs_are_listed_by_what_they_are(
    client: TestClient, job: Wire, query: dict[str, str], found: int
) -> None:
    client.post("/jobs", json=job)
    assert len(client.get("/jobs", params=query).json()["jobs"]) == found


def test_jobs_are_listed_by_the_local_day_of_their_windows(
    client: TestClient, job: Wire, day: date
) -> None:
    client.post("/jobs", json=job)
    assert len(client.get("/jobs", params={"day": str(day)}).json()["jobs"]) == 1
    tomorrow = str(day + timedelta(days=1))
    assert client.get("/jobs", params={"day": tomorrow}).json()["jobs"] == []


def test_a_window_has_its_price_wherever_it_is_read(
    client: TestClient, job: Wire, day: date
) -> None:
    [window] = job["windows"]
    priced = [window | {"price": 50_000}, window | {"starts_at": window["ends_at"]}]
    priced[1]["ends_at"] = f"{day}T17:00:00+07:00"
    made = client.post("/jobs", json=job | {"windows": priced}).json()
    assert [one["price"] for one in made["windows"]] == [50_000, 0]
    again = client.patch(f"/jobs/{made['id']}", json={"windows": made["windows"]}).json()
    assert again["windows"] == made["windows"]
    board = client.get(f"/board/{day}").json()["jobs"][made["id"]]
    assert [one["price"] for one in board["windows"]] == [50_000, 0]
    [waiting] = client.get("/backlog").json()["jobs"]
    assert [one["price"] for one in waiting["windows"]] == [50_000, 0]


def test_a_change_on_the_revision_that_was_seen_is_made(client: TestClient, job: Wire) -> None:
    created = client.post("/jobs", json=job)
    answer = client.patch(
        created.headers["location"],
        json={"priority": "urgent"},
        headers={"If-Match": created.headers["etag"]},
    )
    assert answer.status_code == 200
    assert answer.json()["priority"] == "urgent"
    assert answer.headers["etag"] != created.headers["etag"]


def test_a_change_on_a_revision_that_is_over_is_refused(client: TestClient, job: Wire) -> None:
    created = client.post("/jobs", json=job)
    path, seen = created.headers["location"], created.headers["etag"]
    client.patch(path, json={"priority": "urgent"})
    answer = client.patch(path, json={"title": "Khác"}, headers={"If-Match": seen})
    assert answer.status_code == 412
    assert client.get(path).json()["title"] == "Điều hoà không lạnh"


def test_any_revision_may_be_changed_with_a_star(client: TestClient, job: Wire) -> None:
    path = client.post("/jobs", json=job).headers["location"]
    assert client.patch(path, json={"title": "x"}, headers={"If-Match": "*"}).status_code == 200


def test_cancelling_twice_is_as_once(client: TestClient, job: Wire) -> None:
    path = client.post("/jobs", json=job).headers["location"]
    first = client.post(f"{path}/cancel")
    second = client.post(f"{path}/cancel")
    assert first.json()["status"] == "cancelled"
    assert second.json() == first.json()
    assert client.patch(path, json={"title": "x"}).status_code == 409


def test_a_job_that_is_not_there_is_a_404_problem(client: TestClient) -> None:
    for answer in (
        client.get("/jobs/HN-404"),
        client.patch("/jobs/HN-404", json={}),
        client.post("/jobs/HN-404/cancel"),
    ):
        assert answer.status_code == 404
        assert faults(answer) == {("unknown_job", "job HN-404")}


# A place in the plan in force


def test_a_job_is_placed_where_its_options_say(
    client: TestClient, planned: dict[str, Any], job: dict[str, Any], day: date
) -> None:
    client.post(f"/plans/{planned['plan_id']}/publish")
    client.post("/jobs", json={**job, "id": "J-3"})
    listed = client.get("/jobs/J-3/options", params={"day": str(day)}).json()["options"]
    assert [option["technician_id"] for option in listed] == ["T01"]
    placed = client.post("/jobs/J-3/place", json={"day": str(day)})
    assert placed.status_code == 200
    assert placed.json()["option"] == listed[0]
    stops = client.get(f"/technicians/T01/routes/{day}").json()["routes"][0]["stops"]
    assert {stop["job_id"] for stop in stops} == {"J-1", "J-3"}


def test_a_job_that_nobody_can_do_has_no_option_and_is_not_placed(
    client: TestClient, planned: dict[str, Any], day: date
) -> None:
    assert client.get("/jobs/J-2/options", params={"day": str(day)}).json() == {"options": []}
    answer = client.post("/jobs/J-2/place", json={"day": str(day)})
    assert (answer.status_code, faults(answer)) == (409, {("no_place", "job J-2")})
