"""The quick start: a job goes in, a plan is made of it, a technician's route comes out."""

from collections.abc import Iterator
from datetime import date
from threading import Event
from time import monotonic
from typing import Any

import icalendar
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from dispatch.models import Role
from dispatch.settings import Settings
from tests.api.conftest import key_of

pytestmark = pytest.mark.usefixtures("company")


@pytest.fixture
def service(settings: Settings) -> Iterator[TestClient]:
    """With a process that solves."""
    app = create_app(settings)
    with TestClient(app) as client:
        client.headers["Authorization"] = f"Bearer {key_of(app, Role.DISPATCHER)}"
        yield client


def followed(service: TestClient, path: str) -> dict[str, Any]:
    """The run at ``path`` once it is over."""
    give_up_at = monotonic() + 60
    while monotonic() < give_up_at:
        run: dict[str, Any] = service.get(path).json()
        if run["finished_at"] is not None:
            return run
        Event().wait(0.1)
    raise AssertionError(f"the run is not over: {run}")


def test_a_job_is_planned_and_reaches_its_technician(
    service: TestClient, job: dict[str, Any], day: date
) -> None:
    job_id = service.post("/jobs", json=job).json()["id"]
    request = {"starts_on": str(day), "seconds": 1, "publish": True}
    accepted = service.post("/plans", json=request)
    assert accepted.status_code == 202
    assert accepted.headers["location"] == f"/runs/{accepted.json()['id']}"

    run = followed(service, accepted.headers["location"])
    assert (run["status"], run["failure"]) == ("finished", None)
    assert run["plan_version"] == 1
    plan = service.get(f"/plans/{run['plan_id']}").json()
    assert plan["status"] == "published"
    assert plan["unassigned"] == []

    path = f"/technicians/T01/routes/{day}"
    route = service.get(path)
    [shift] = route.json()["routes"]
    [visit] = [stop for stop in shift["stops"] if stop["kind"] == "visit"]
    assert (visit["job_id"], visit["name"]) == (job_id, "Nhà hàng Sen Tây Hồ")
    assert visit["start_at"].endswith("+07:00")
    assert service.get(f"/technicians/T02/routes/{day}").json()["routes"] == []
    assert service.get(f"/jobs/{job_id}").json()["status"] == "scheduled"

    calendar = service.get(f"{path}.ics")
    assert calendar.headers["content-type"].partition(";")[0] == "text/calendar"
    events = icalendar.Calendar.from_ical(calendar.content).walk("VEVENT")
    assert any("Điều hoà không lạnh" in event["SUMMARY"] for event in events)

    geojson = service.get(f"{path}.geojson")
    assert geojson.headers["content-type"] == "application/geo+json"
    points = [
        feature["geometry"]["coordinates"]
        for feature in geojson.json()["features"]
        if feature["geometry"]["type"] == "Point"
    ]
    assert points == [[105.8155, 21.0757]]

    for resource in (route, calendar, geojson):
        tag = resource.headers["etag"]
        for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = service.get(resource.url, headers={"If-None-Match": held})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        for held in ('"other"', tag.strip('"'), ""):
            again = service.get(resource.url, headers={"If-None-Match": held})
            assert again.status_code == 200

    service.post(f"/jobs/{job_id}/cancel")
    later = service.get(path, headers={"If-None-Match": route.headers["etag"]})
    assert later.status_code == 200
    assert job_id not in later.text
