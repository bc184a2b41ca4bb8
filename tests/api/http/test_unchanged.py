"""Asking again: cheap while nothing has changed, and never wrong when something has."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event
from sqlmodel import Session

from api.http.lines import address_of
from dispatch.access.keys import revoke_key
from dispatch.files.folder import import_folder
from dispatch.models import Account, Role
from dispatch.settings import Settings
from dispatch.views import board, itinerary
from tests.api.conftest import at, key_of, tokens_of

ROUTE, BOARD, MAI = "/technicians/T01/routes/{day}", "/board/{day}", "/technicians/T02/routes/{day}"
Made = list[str]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Which answers have been made."""
    found: Made = []

    def counted(name: str, usual: Callable[..., Any]) -> Callable[..., Any]:
        def make(*given: Any, **options: Any) -> Any:
            found.append(name)
            return usual(*given, **options)

        return make

    monkeypatch.setattr(itinerary, "daily_route", counted("route", itinerary.daily_route))
    monkeypatch.setattr(board, "read_board", counted("board", board.read_board))
    return found


@pytest.fixture
def published(client: TestClient, planned: dict[str, Any]) -> None:
    """T01 has the job J-1 on a route in force."""
    assert client.post(f"/plans/{planned['plan_id']}/publish").status_code == 200


def ask(client: TestClient, path: str, held: str | None = None) -> Any:
    return client.get(path, headers={} if held is None else {"If-None-Match": held})


@pytest.mark.parametrize("path", [ROUTE, ROUTE + ".geojson", BOARD, BOARD + ".xlsx"])
def test_an_answer_that_has_not_changed_is_not_made_again(
    client: TestClient, published: None, made: Made, day: date, path: str
) -> None:
    path = path.format(day=day)
    with time_machine.travel(at(day, "07:00"), tick=False):
        first = ask(client, path)
        again = [ask(client, path, first.headers["ETag"]) for _ in range(3)]
        weak = ask(client, path, f'"other", W/{first.headers["ETag"]}')
        other = ask(client, path, '"other"')
    assert [one.status_code for one in (*again, weak)] == [304] * 4
    assert all(one.headers["ETag"] == first.headers["ETag"] for one in again)
    assert all(one.content == b"" for one in again)
    assert (other.status_code, other.content) == (200, first.content)
    assert len(made) == 2


def change(client: TestClient, method: str, path: str, **content: Any) -> None:
    answer = client.request(method, path, json=content or None)
    assert answer.is_success, answer.text


@pytest.mark.parametrize("path", [ROUTE, ROUTE + ".geojson", BOARD, BOARD + ".xlsx"])
def test_the_same_request_again_opens_nothing_and_asks_nothing_of_the_framework(
    app: FastAPI, client: TestClient, published: None, day: date, path: str
) -> None:
    found: list[str] = []

    def at_the_door(request: Request) -> str:
        found.append("asked who is calling")
        return address_of(request)

    def transaction(_connection: object) -> None:
        found.append("began a transaction")

    path = path.format(day=day)
    with (
        time_machine.travel(at(day, "07:00"), tick=False),
        pytest.MonkeyPatch.context() as patched,
    ):
        held = ask(client, path).headers["ETag"]
        first = ask(client, path, held)
        patched.setattr("api.http.access.address_of", at_the_door)
        event.listen(app.state.engine, "begin", transaction)
        again = ask(client, path, held)
        assert found == []
        other = ask(client, path, held + ', "x"')
        assert found == ["asked who is calling"]
        head = client.head(path, headers={"If-None-Match": held})
    assert [one.status_code for one in (first, again, other, head)] == [304] * 4
    assert again.headers == first.headers == head.headers


def test_who_asks_again_too_often_is_told_so(
    app: FastAPI, client: TestClient, published: None, day: date
) -> None:
    key = key_of(app, Role.TECHNICIAN, "T01", requests_per_minute=4)
    path = ROUTE.format(day=day)
    with time_machine.travel(at(day, "07:00"), tick=False):
        held = ask(client, path).headers["ETag"]
        headers = {"Authorization": f"Bearer {key}", "If-None-Match": held}
        statuses = [client.get(path, headers=headers).status_code for _ in range(6)]
    assert statuses == [304] * 4 + [429] * 2


def test_a_key_that_ends_by_the_clock_does_so_within_the_minute(
    app: FastAPI, client: TestClient, published: None, day: date
) -> None:
    key = key_of(app, Role.TECHNICIAN, "T01", expires_at=at(day, "07:00:20"))
    path = ROUTE.format(day=day)

    def status(clock: str, held: str) -> int:
        headers = {"Authorization": f"Bearer {key}", "If-None-Match": held}
        with time_machine.travel(at(day, clock), tick=False):
            return client.get(path, headers=headers).status_code

    with time_machine.travel(at(day, "07:00"), tick=False):
        held = ask(client, path).headers["ETag"]
    assert [status(f"07:00:{second}", held) for second in (17, 18, 19)] == [304] * 3
    assert status("07:00:20", held) == 401


CHANGES: dict[str, Callable[[TestClient, date], None]] = {
    "a report": lambda client, day: change(
        client,
        "POST",
        "/technicians/T01/reports",
        id="r-1",
        job_id="J-1",
        kind="en_route",
        at=at(day, "07:30"),
    ),
    "a position": lambda client, day: change(
        client,
        "POST",
        "/technicians/T01/position",
        latitude=21.0,
        longitude=105.8,
        at=at(day, "07:30"),
    ),
    "a job": lambda client, _: change(client, "PATCH", "/jobs/J-1", title="Khác"),
    "a pin": lambda client, _: change(client, "PUT", "/jobs/J-1/pin", to="technician"),
    "a new version": lambda client, day: change(
        client, "POST", "/plan-changes", job_id="J-1", technician_id=None, day=str(day)
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_an_answer_is_seen_at_once(
    client: TestClient, published: None, day: date, name: str
) -> None:
    with time_machine.travel(at(day, "07:30"), tick=False):
        paths = [ROUTE.format(day=day), BOARD.format(day=day)]
        before = [ask(client, path) for path in paths]
        CHANGES[name](client, day)
        for path, old in zip(paths, before, strict=True):
            new = ask(client, path, old.headers["ETag"])
            fresh = ask(client, path)
            # Not everything can be seen in a route: a pin, or where somebody is who is at home.
            is_same = fresh.content == old.content
            assert path == paths[0] or not is_same
            assert (new.status_code, new.content) == (
                (304, b"") if is_same else (200, fresh.content)
            )


def test_what_a_work_type_wants_is_seen_at_once(
    client: TestClient, published: None, day: date
) -> None:
    care = {"title": "Care", "duration_minutes": 30, "checklist": ["Clean it"]}
    assert client.put("/job-templates/care", json=care).status_code == 201
    with time_machine.travel(at(day, "07:00"), tick=False):
        change(client, "PATCH", "/jobs/J-1", work_type_id="care")
        held = ask(client, ROUTE.format(day=day)).headers["ETag"]
        care["readings"] = [{"name": "Pressure", "unit": "bar", "most": 8}]
        assert client.put("/job-templates/care", json=care).status_code == 200
        answer = ask(client, ROUTE.format(day=day), held)
    assert answer.status_code == 200
    [stop] = [one for one in answer.json()["routes"][0]["stops"] if one["job_id"] == "J-1"]
    assert stop["checklist"] == ["Clean it"]
    assert stop["readings_wanted"] == [
        {"name": "Pressure", "unit": "bar", "least": None, "most": 8.0}
    ]


def test_what_others_import_is_seen_at_once(
    client: TestClient,
    published: None,
    day: date,
    engine: Engine,
    settings: Settings,
    tmp_path: Any,
) -> None:
    path = ROUTE.format(day=day)
    with time_machine.travel(at(day, "07:00"), tick=False):
        held = ask(client, path).headers["ETag"]
        (tmp_path / "parts.csv").write_text("id,name\nCAP-35UF,Tụ mới\n", encoding="utf-8")
        with Session(engine) as session:
            import_folder(session, tmp_path, actor="dana", settings=settings)
            session.commit()
        answer = ask(client, path, held)
    assert answer.status_code == 200
    assert "Tụ mới" in answer.text


def test_what_concerns_others_makes_no_answer_again(
    client: TestClient, published: None, made: Made, day: date, job: dict[str, Any]
) -> None:
    path = ROUTE.format(day=day)
    with time_machine.travel(at(day, "07:30"), tick=False):
        held = ask(client, path).headers["ETag"]
        change(client, "POST", "/jobs", **{**job, "id": "J-3"})
        where = {"latitude": 21.0, "longitude": 105.8, "at": at(day, "07:30")}
        change(client, "POST", "/technicians/T02/position", **where)
        assert ask(client, path, held).status_code == 304
    assert made == ["route"]


def test_expected_times_that_have_moved_on_are_seen(
    client: TestClient, published: None, day: date
) -> None:
    """Nothing is committed: it is the clock that makes the technician late."""
    with time_machine.travel(at(day, "07:30"), tick=False):
        CHANGES["a report"](client, day)
    for path in (ROUTE.format(day=day), BOARD.format(day=day)):
        with time_machine.travel(at(day, "12:00:01"), tick=False):
            held = ask(client, path).headers["ETag"]
            assert ask(client, path, held).status_code == 304
        with time_machine.travel(at(day, "12:00:59"), tick=False):
            assert ask(client, path, held).status_code == 304
        with time_machine.travel(at(day, "12:01"), tick=False):
            assert ask(client, path, held).status_code == 200


def test_nobody_is_told_of_what_is_not_theirs(
    app: FastAPI, client: TestClient, published: None, day: date
) -> None:
    held = ask(client, ROUTE.format(day=day)).headers["ETag"]
    mai = {"X-API-Key": key_of(app, Role.TECHNICIAN, "T02"), "Authorization": ""}
    del client.headers["Authorization"]
    del mai["Authorization"]
    for path, status in ((ROUTE, 403), (BOARD, 403), (MAI, 200)):
        answer = client.get(path.format(day=day), headers={**mai, "If-None-Match": held})
        assert answer.status_code == status
    assert client.get(ROUTE.format(day=day), headers={"If-None-Match": held}).status_code == 401


def test_whoever_is_no_longer_let_in_is_not_told_that_nothing_has_changed(
    app: FastAPI, client: TestClient, published: None, day: date, engine: Engine
) -> None:
    """Somebody who was let in is remembered, but only as long as nothing at all is committed."""
    path = ROUTE.format(day=day)
    tokens = tokens_of(app, "lan", Role.DISPATCHER)
    key = key_of(app, Role.TECHNICIAN, "T01")
    ways = ({"Authorization": f"Bearer {tokens.access_token}"}, {"X-API-Key": key})
    del client.headers["Authorization"]
    held = client.get(path, headers=ways[0]).headers["ETag"]

    def statuses() -> list[int]:
        return [
            client.get(path, headers={**way, "If-None-Match": held}).status_code for way in ways
        ]

    assert statuses() == statuses() == [304, 304]
    with Session(engine) as session:
        revoke_key(session, key.split("_")[1], actor="dana")
        session.commit()
    assert statuses() == [304, 401]
    with Session(engine) as session:
        session.get_one(Account, "lan").role = Role.INTEGRATION
        session.commit()
    assert statuses() == [403, 401]
    with Session(engine) as session:
        session.get_one(Account, "lan").active = False
        session.commit()
    assert statuses() == [401, 401]
