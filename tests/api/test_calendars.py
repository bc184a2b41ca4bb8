"""Calendar links over HTTP: secret, revocable, in no log."""

import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.discretion import DISCRETION
from dispatch.settings import Settings

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = pytest.mark.usefixtures("company")


@pytest.fixture
def link(client: TestClient) -> str:
    """The path of T01's calendar."""
    answer = client.post("/technicians/T01/calendar-link")
    assert answer.status_code == 201
    url: str = answer.json()["url"]
    assert url.startswith("http://testserver/calendars/")
    return url.removeprefix("http://testserver")


def test_a_calendar_is_read_without_credentials_until_its_link_is_revoked(
    client: TestClient, link: str
) -> None:
    assert client.get("/technicians/T01/calendar-link").json()["created_at"] is not None
    found = client.get(link, headers={"Authorization": ""})
    assert (found.status_code, found.headers["content-type"]) == (
        200,
        "text/calendar; charset=utf-8",
    )
    assert found.text.startswith("BEGIN:VCALENDAR")
    held = client.get(link, headers={"If-None-Match": found.headers["etag"]})
    assert held.status_code == 304
    assert client.delete("/technicians/T01/calendar-link").status_code == 204
    assert client.get(link).status_code == 404
    assert client.get("/technicians/T01/calendar-link").json()["created_at"] is None


@on_sqlite
def test_guesses_are_counted_by_address(settings: Settings) -> None:
    few = settings.model_copy(update={"solver_processes": 0, "requests_per_minute": 2})
    with TestClient(create_app(few)) as client:
        found = [client.get(f"/calendars/{n}.ics") for n in range(3)]
    assert [answer.status_code for answer in found] == [404, 404, 429]
    assert 1 <= int(found[2].headers["retry-after"]) <= 60


@on_sqlite
def test_links_are_in_no_log(
    client: TestClient, link: str, caplog: pytest.LogCaptureFixture, monkeypatch: Any
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("dispatch.calendar_links.itinerary.daily_route", fail)
    access_log = logging.getLogger("uvicorn.access")
    with caplog.at_level(logging.INFO):
        assert client.get(link).status_code == 500
        line = '%s - "%s %s HTTP/%s" %d'  # as the server writes it
        access_log.info(line, "127.0.0.1:1", "GET", f"{link}?x=1", "1.1", 200)
    ours = [one.getMessage() for one in caplog.records if not one.name.startswith("httpx")]
    assert sum("/calendars/…" in message for message in ours) == 2
    assert not any(link.removeprefix("/calendars/")[:20] in message for message in ours)
    assert DISCRETION in access_log.filters
