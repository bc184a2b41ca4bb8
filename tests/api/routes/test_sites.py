"""Customers' places over HTTP: read, corrected on what the client saw, refused."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import faults

pytestmark = [
    pytest.mark.usefixtures("company"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def test_a_site_is_corrected_as_it_was_seen(client: TestClient) -> None:
    seen = client.get("/sites/S008")
    tag = {"If-Match": seen.headers["etag"]}
    answer = client.patch("/sites/S008", json={"phone": "+84 24 3825 0001"}, headers=tag)
    assert answer.status_code == 200
    assert answer.json() == {**seen.json(), "phone": "+84 24 3825 0001"}
    assert client.get("/sites/S008").headers["etag"] == answer.headers["etag"]
    assert client.patch("/sites/S008", json={"phone": None}, headers=tag).status_code == 412
    anyway = client.patch("/sites/S008", json={"phone": None}, headers={"If-Match": "*"})
    assert anyway.json()["phone"] is None


def test_a_site_says_how_long_it_takes_to_its_door(client: TestClient) -> None:
    assert client.get("/sites/S008").json()["access_minutes"] == 0
    answer = client.patch("/sites/S008", json={"access_minutes": 15})
    assert (answer.status_code, answer.json()["access_minutes"]) == (200, 15)
    site = {"name": "Kho Lạnh", "address": "Kho 3, Gia Lâm", "access_minutes": 25}
    job = {"site": site, "title": "Bếp từ không lên", "duration_minutes": 30}
    made = client.get(client.post("/jobs", json=job).headers["location"]).json()
    assert client.get(f"/sites/{made['site_id']}").json()["access_minutes"] == 25


def test_a_job_gets_its_location_by_a_correction_of_its_site(client: TestClient) -> None:
    job = {"site_id": "S009", "title": "Bếp từ không lên", "duration_minutes": 30}
    path = client.post("/jobs", json=job).headers["location"]
    refused = client.get(f"{path}/options")
    assert (refused.status_code, faults(refused)) == (
        409,
        {("needs_location", f"job {path.removeprefix('/jobs/')}")},
    )
    client.patch("/sites/S009", json={"latitude": 21.0306, "longitude": 105.8469})
    assert client.get(path).json()["needs_location"] is False
    assert client.get(f"{path}/options").status_code == 200


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"latitude": 48.85, "longitude": 2.35}, ("outside_service_area", "/longitude")),
        ({"latitude": None}, ("half_a_location", "/longitude")),
        ({"name": None}, ("string_type", "/name")),
        ({"access_minutes": -1}, ("greater_than_equal", "/access_minutes")),
        ({"access_minutes": 1441}, ("less_than_equal", "/access_minutes")),
        ({"access_minutes": "10"}, ("int_type", "/access_minutes")),
        ({"access_minutes": None}, ("int_type", "/access_minutes")),
        ({"located_by": "given"}, ("extra_forbidden", "/located_by")),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(
    client: TestClient, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    seen = client.get("/sites/S008").json()
    answer = client.patch("/sites/S008", json=change)
    assert (answer.status_code, faults(answer)) == (422, {fault})
    assert client.get("/sites/S008").json() == seen


@pytest.mark.parametrize("tag", ['"1"', "x", 'W/"5f4dcc3b5aa765d61d8327deb882cf99"'])
def test_an_if_match_that_names_no_state_of_a_site_is_refused(client: TestClient, tag: str) -> None:
    answer = client.patch("/sites/S008", json={"name": "x"}, headers={"If-Match": tag})
    assert (answer.status_code, faults(answer)) == (412, {("stale_revision", "site S008")})


def test_a_site_that_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.get("/sites/S999").status_code == 404
    assert client.patch("/sites/S999", json={"name": "x"}).status_code == 404
