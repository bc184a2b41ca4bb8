"""Streams of events end with what has opened them, on whatever service that is ended."""

from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from api.app import create_app
from dispatch import log
from dispatch.access.callers import caller_of
from dispatch.events import feed as feeds
from dispatch.models import Role, now
from dispatch.settings import Settings
from tests.api.conftest import PASSWORD, key_of, tokens_of
from tests.api.serving import Stream, listening, served
from tests.dispatch.waiting import until


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with served(app) as (address, _):
        yield address


@pytest.fixture
def office(settings: Settings) -> Iterator[TestClient]:
    """An administrator at another service on the same database."""
    other = create_app(settings.model_copy(update={"solver_processes": 0}))
    with TestClient(other) as client:
        client.headers["Authorization"] = f"Bearer {key_of(other)}"
        yield client


def happen(engine: Engine, name: str) -> None:
    with Session(engine) as session:
        log.record(session, "hoa", "change", log.Entity.JOB, name)
        session.commit()


def rest_of(stream: Stream) -> str:
    """All that comes until the stream ends, for which it waits."""
    return "\n".join(stream._lines)


@pytest.mark.parametrize(
    "end", ["disabled", "signed out", "password", "reset", "another role", "key revoked"]
)
def test_a_stream_ends_with_what_has_opened_it_and_tells_nothing_that_is_stored_later(
    app: FastAPI, address: str, office: TestClient, engine: Engine, end: str
) -> None:
    token = tokens_of(app, "mai", Role.DISPATCHER).access_token
    shown = key_of(app, Role.DISPATCHER) if end == "key revoked" else token
    bearer = {"Authorization": f"Bearer {token}"}
    with listening(address, key=shown) as stream, listening(address, key=key_of(app)) as other:
        happen(engine, "before")
        assert [block.data["entity_id"] for block in stream.events(1)] == ["before"]
        match end:
            case "disabled":
                answer = office.patch("/accounts/mai", json={"active": False})
            case "signed out":
                answer = office.post("/sign-out", headers=bearer)
            case "password":
                new = {"password": PASSWORD, "new_password": "bốn chiếc thuyền giấy"}
                answer = office.post("/me/password", json=new, headers=bearer)
            case "reset":
                answer = office.post("/accounts/mai/reset-password")
            case "another role":
                answer = office.patch("/accounts/mai", json={"role": "administrator"})
            case _:
                [key] = [one for one in office.get("/keys").json()["keys"] if "disp" in one["role"]]
                answer = office.post(f"/keys/{key['id']}/revoke")
        assert answer.is_success, answer.text
        happen(engine, "after")
        begun = monotonic()
        assert "after" not in rest_of(stream)
        assert monotonic() - begun < 3
        assert [block.data["entity_id"] for block in other.events(2)] == ["before", "after"]
        again = httpx2.head(f"{address}/events", headers={"X-API-Key": shown})
        assert again.status_code == (200 if end == "another role" else 401)


def test_a_stream_on_which_nothing_happens_ends_within_seconds(
    app: FastAPI, address: str, office: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "ASK_EVERY_SECONDS", 0.1)
    token = tokens_of(app, "mai", Role.DISPATCHER).access_token
    with ExitStack() as stack:
        streams = [stack.enter_context(listening(address, key=token)) for _ in range(3)]
        office.patch("/accounts/mai", json={"active": False})
        for stream in streams:
            assert "data:" not in rest_of(stream)
    until(lambda: not app.state.feed._wakers)


def test_who_reads_what_was_missed_long_ago_is_turned_away_in_the_midst_of_it(
    app: FastAPI, address: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events of before may come until the next look; then the rest does not."""
    for name in "abc":
        happen(engine, name)
    token = tokens_of(app, "mai", Role.DISPATCHER).access_token
    with Session(engine) as session:
        caller = caller_of(session, token, app.state.settings)
    assert caller is not None
    feed = feeds.Feed(app.state.settings)
    monkeypatch.setattr(feeds, "AT_ONCE", 1)
    with feed.listen(0, lambda: None, caller) as listener:
        feed._look()
        assert listener.has_begun
        assert listener.take() is None
        assert [event.entity_id for event in listener.catch_up().result()] == ["a"]
        with Session(engine) as session:
            log.record(session, "hoa", "change", log.Entity.JOB, "d")
            monkeypatch.setattr(feeds, "turned_away", lambda *_: {caller})
            session.commit()
        feed._look()
        assert listener.is_over
        assert listener.take() == []
    feed.stop()
    assert now() < (caller.ends_at or now())
