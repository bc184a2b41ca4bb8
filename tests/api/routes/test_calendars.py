"""Calendar links over HTTP: secret, revocable, in no log."""

import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from api.app import create_app
from api.http.discretion import DISCRETION
from dispatch import store
from dispatch.models import CalendarEntry, Job, now
from dispatch.settings import Settings
from tests.api.conftest import key_of
from tests.dispatch.crew import add_live_route

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


def test_a_calendar_is_answered_although_nothing_can_be_stored(
    client: TestClient,
    link: str,
    engine: Engine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Session(engine) as session:
        session.add(Job(id="J-1", site_id="S008", title="Điều hoà", duration_minutes=30))
        session.flush()
        today = now().astimezone(settings.zone).date()
        add_live_route(session, "T01", [("J-1", "09:00")], day=today)
        session.commit()

    def full(*_: object) -> None:
        raise OperationalError("INSERT", None, Exception("database or disk is full"))

    with monkeypatch.context() as patched:
        patched.setattr(store, "upsert", full)
        answers = [client.get(link) for _ in range(2)]
    answers.append(client.get(link))
    assert [one.status_code for one in answers] == [200] * 3
    assert all("SEQUENCE:1" in one.text for one in answers)
    with Session(engine) as session:
        assert [row.sequence for row in session.exec(select(CalendarEntry))] == [1]


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

    monkeypatch.setattr("dispatch.views.calendar_links.itinerary.daily_routes", fail)
    access_log = logging.getLogger("uvicorn.access")
    with caplog.at_level(logging.INFO):
        assert client.get(link).status_code == 500
        line = '%s - "%s %s HTTP/%s" %d'  # as the server writes it
        access_log.info(line, "127.0.0.1:1", "GET", f"{link}?x=1", "1.1", 200)
    ours = [one.getMessage() for one in caplog.records if not one.name.startswith("httpx")]
    assert sum("/calendars/…" in message for message in ours) == 2
    assert not any(link.removeprefix("/calendars/")[:20] in message for message in ours)
    assert DISCRETION in access_log.filters


def made(client: TestClient, **headers: str) -> str:
    answer = client.post("/technicians/T01/calendar-link", headers=headers)
    assert answer.status_code == 201
    url: str = answer.json()["url"]
    return url


@on_sqlite
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8000"},
        {"Host": "testserver.evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "6.6.6.6"},
    ],
    ids=str,
)
def test_a_link_does_not_lead_where_a_request_says_that_the_service_is(
    client: TestClient, headers: dict[str, str]
) -> None:
    assert made(client, **headers).startswith("/calendars/")


@on_sqlite
def test_what_only_a_trusted_proxy_may_say_is_not_taken_from_anybody(client: TestClient) -> None:
    forwarded = {
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example;proto=https",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
    }
    assert made(client, **forwarded).startswith("http://testserver/calendars/")


@on_sqlite
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "testserver"])
def test_a_link_leads_to_the_machine_itself_where_that_was_asked(
    client: TestClient, host: str
) -> None:
    assert made(client, Host=host).startswith(f"http://{host}/calendars/")


@on_sqlite
@pytest.mark.parametrize("host", ["testserver", "evil.example", "localhost"])
def test_links_begin_with_the_public_address_if_there_is_one(settings: Settings, host: str) -> None:
    public = Settings(
        database_url=settings.database_url,
        secret=settings.secret,
        solver_processes=0,
        public_url="https://dispatch.example/field/",
    )
    service = create_app(public)
    with TestClient(service) as client:
        client.headers["Authorization"] = f"Bearer {key_of(service)}"
        assert made(client, Host=host).startswith("https://dispatch.example/field/calendars/")


@on_sqlite
def test_a_calendar_speaks_the_language_of_the_link(
    client: TestClient, engine: Engine, settings: Settings
) -> None:
    today = now().astimezone(settings.zone).date()
    with Session(engine) as session:
        session.add(Job(id="J-1", site_id="S008", title="Điều hoà", duration_minutes=30))
        session.flush()
        add_live_route(session, "T01", [("J-1", "09:00")], day=today)
        session.commit()
    found = {}
    for language in ("en", "vi"):
        answer = client.post(f"/technicians/T01/calendar-link?language={language}").json()
        assert answer["language"] == language
        link = answer["url"].removeprefix("http://testserver")
        first, second = client.get(link), client.get(link)
        assert first.content == second.content
        found[language] = first.text
    assert "Job: J-1" in found["en"]
    assert "Công việc: J-1" in found["vi"]
    # The same entries in another language are no news.
    stamps = [
        [line for line in text.splitlines() if line.startswith(("SEQUENCE", "DTSTAMP", "UID"))]
        for text in found.values()
    ]
    assert stamps[0] == stamps[1]
    assert client.post("/technicians/T01/calendar-link?language=fr").status_code == 422
    day = client.get(f"/technicians/T01/routes/{today}.ics", params={"language": "en"})
    assert "Job: J-1" in day.text
    held = {"If-None-Match": day.headers["etag"]}
    again = f"/technicians/T01/routes/{today}.ics"
    assert client.get(again, params={"language": "en"}, headers=held).status_code == 304
    assert client.get(again, headers=held).status_code == 200
