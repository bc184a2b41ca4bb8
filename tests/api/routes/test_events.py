"""Events as a stream, through a real server."""

import socket
import statistics
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import monotonic
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session

import api.routes.events
import api.server
from api.http.access import admit
from api.server import Server
from dispatch import log
from dispatch.access.callers import Caller
from dispatch.events import feed as feeds
from dispatch.models import Role, Run, RunStatus
from tests.api.serving import Block, Stream, listening, served
from tests.dispatch.crew import MONDAY
from tests.dispatch.waiting import until


@pytest.fixture
def service(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Server]]:
    """Open to everybody, who is taken for Lan: who may listen is the matter of other tests."""
    lan = Caller("lan", Role.DISPATCHER, None, requests_per_minute=1_000)
    monkeypatch.setitem(app.dependency_overrides, admit, lambda: lan)
    with served(app) as service:
        yield service


@pytest.fixture
def address(service: tuple[str, Server]) -> str:
    return service[0]


def happen(engine: Engine, *names: str, action: str = "change", after: Any = None) -> None:
    with Session(engine) as session:
        for name in names:
            log.record(session, "lan", action, log.Entity.JOB, name, after=after)
            session.flush()
        session.commit()


def jobs(blocks: list[Block]) -> list[str]:
    return [block.data["entity_id"] for block in blocks]


def test_a_change_over_http_is_seen_by_who_listens(
    address: str, company: None, job: dict[str, Any]
) -> None:
    with listening(address) as stream:
        httpx2.post(f"{address}/jobs", json={**job, "id": "J-1"}).raise_for_status()
        [event] = stream.events(1)
    assert (event.event, event.data["type"]) == ("job.created", "job.created")
    assert event.id == str(event.data["id"])
    assert (event.data["entity"], event.data["entity_id"]) == ("job", "J-1")
    assert event.data["after"]["status"] == "open"
    assert event.data["actor"] == "lan"


def test_what_has_come_to_be_settled_is_told(
    address: str, app: FastAPI, company: None, job: dict[str, Any]
) -> None:
    skills = [{"skill_id": "air-conditioning", "level": 3}]
    nobody_can = {"priority": "urgent", "skills": skills, "windows": []}
    # What is different from the first list is news, which services make when they start.
    app.state.issues.as_of(app.state.watch.look())
    with listening(address, types="issue") as stream:
        httpx2.post(f"{address}/jobs", json={**job, **nobody_can, "id": "J-1"}).raise_for_status()
        [event] = stream.events(1)
    assert (event.event, event.id) == ("issue.changed", None)
    assert event.data["after"] == {"opened": ["no_place:J-1"], "ended": [], "count": 1}


def test_what_is_stored_as_soon_as_the_headers_are_there_is_told(
    address: str, engine: Engine
) -> None:
    with httpx2.Client(timeout=10, trust_env=False, verify=False) as client:
        for number in range(8):
            happen(engine, f"before {number}")
            with client.stream("GET", f"{address}/events") as response:
                happen(engine, f"after {number}")
                assert jobs(Stream(response).events(1)) == [f"after {number}"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_others_were_writing_when_the_headers_came_is_told(
    address: str, app: FastAPI, engine: Engine
) -> None:
    until(lambda: app.state.feed._horizon._settled is not None)
    with Session(engine) as slow:
        log.record(slow, "lan", "change", log.Entity.JOB, "slow")
        slow.flush()
        happen(engine, "quick")
        with (
            httpx2.Client(timeout=10, trust_env=False, verify=False) as client,
            client.stream("GET", f"{address}/events") as response,
        ):
            slow.commit()
            assert "slow" in jobs(Stream(response).events(1))


def test_who_cannot_be_told_where_the_stream_begins_is_to_come_again(
    address: str, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.routes.events, "BEGIN_SECONDS", 0.2)
    monkeypatch.setattr(app.state.feed._horizon, "find", lambda: None)
    answer = httpx2.get(f"{address}/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    until(lambda: not app.state.feed._wakers)


def test_who_was_cut_off_gets_exactly_what_was_missed_in_order(
    address: str, engine: Engine
) -> None:
    with listening(address) as stream:
        happen(engine, "a", "b")
        last = stream.events(2)[-1].id
    happen(engine, "c", "d")
    with listening(address, last) as stream:
        happen(engine, "e")
        assert jobs(stream.events(3)) == ["c", "d", "e"]
    with listening(address, after=last) as stream:
        assert jobs(stream.events(3)) == ["c", "d", "e"]


def test_who_is_cut_off_again_and_again_misses_nothing_that_many_do_at_once(
    address: str, engine: Engine
) -> None:
    def work(writer: int) -> None:
        for number in range(20):
            with Session(engine) as session:
                for part in "ab":
                    log.record(
                        session, "lan", "change", log.Entity.JOB, f"{writer}-{number:02}{part}"
                    )
                    session.flush()
                if number % 5 == 4:
                    session.rollback()
                else:
                    session.commit()

    with listening(address) as stream:
        happen(engine, "first")
        last = stream.events(1)[0].id
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(work, writer) for writer in range(4)]
        heard: list[Block] = []
        while len(heard) < 4 * 16 * 2:
            with listening(address, last) as stream:
                heard += stream.events(8)
            last = heard[-1].id
        for writer in writers:
            writer.result()
    ids = [int(block.id or 0) for block in heard]
    assert ids == sorted(set(ids))
    for writer in range(4):
        mine = [name for name in jobs(heard) if name.startswith(f"{writer}-")]
        assert mine == [f"{writer}-{n:02}{part}" for n in range(20) if n % 5 != 4 for part in "ab"]


def test_who_was_cut_off_before_the_first_event_knows_where_to_go_on(
    address: str, engine: Engine
) -> None:
    happen(engine, "before")
    with listening(address) as stream:
        happen(engine, "first")
        first = int(stream.events(1)[0].id or 0)
    with listening(address, str(first - 1)) as stream:
        assert jobs(stream.events(1)) == ["first"]


def test_much_that_was_missed_comes_in_order_too(
    address: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "AT_ONCE", 7)
    names = [f"{number:03}" for number in range(50)]
    happen(engine, *names)
    with listening(address, "0") as stream:
        happen(engine, "new")
        assert jobs(stream.events(51)) == [*names, "new"]


def test_events_are_filtered_by_type_or_its_beginning(address: str, engine: Engine) -> None:
    with listening(address, types=["job.completed", "run"]) as stream:
        happen(engine, "a")
        happen(engine, "b", action="completed")
        with Session(engine) as session:
            log.record(session, "lan", "finished", log.Entity.RUN, "c")
            session.commit()
        assert jobs(stream.events(2)) == ["b", "c"]


def test_an_unknown_type_or_id_is_refused(address: str) -> None:
    for query in ({"types": "jobs"}, {"types": "job.a.b"}, {"after": "x"}, {"after": "-1"}):
        assert httpx2.get(f"{address}/events", params=query).status_code == 422, query
    assert httpx2.get(f"{address}/events", headers={"Last-Event-ID": "x"}).status_code == 422


def test_an_id_that_was_never_given_is_said_to_be_unknown(address: str, engine: Engine) -> None:
    happen(engine, "a")
    with listening(address, "123456") as stream:
        [reset] = stream.events(1)
        assert reset.event == "feed.reset"
        assert reset.data["after"]["asked_for"] == 123456
        happen(engine, "b")
        assert jobs(stream.events(1)) == ["b"]


def test_what_is_large_is_left_out_and_what_is_nobodys_business_stays(
    address: str, engine: Engine
) -> None:
    with listening(address) as stream:
        with Session(engine) as session:
            log.record(session, "lan", "import", log.Entity.SITE, "S-1", after={"phone": "secret"})
            session.commit()
        happen(engine, "large", after={"title": "x" * 10_000})
        [event] = stream.events(1)
    assert event.data["entity_id"] == "large"
    assert (event.data["after"], event.data["after_omitted"]) == (None, True)


def test_the_progress_of_a_run_is_told_without_an_id(address: str, engine: Engine) -> None:
    with listening(address, types=["run"]) as stream:
        with Session(engine) as session:
            session.add(
                Run(
                    id="run-1",
                    trigger="test",
                    status=RunStatus.RUNNING,
                    starts_on=MONDAY,
                    ends_on=MONDAY,
                    seconds=10,
                    requested_by="lan",
                    progress=0.25,
                    objective=700,
                )
            )
            session.commit()
        [event] = stream.events(1)
    assert (event.event, event.id, event.data["entity_id"]) == ("run.progress", None, "run-1")
    assert event.data["after"] == {"progress": 0.25, "objective": 700}


def test_a_silent_stream_is_kept_alive_and_moves_the_last_id_on(
    address: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.routes.events, "KEEP_ALIVE_SECONDS", 0.05)
    with listening(address, types=["alert"]) as stream:
        first = stream.block()
        assert (first.comment, first.event) == ("keep-alive", None)
        happen(engine, "filtered")
        while (block := stream.block()).id == first.id:
            pass
        assert int(block.id or 0) > int(first.id or 0)


def test_an_event_is_on_the_stream_soon(address: str, engine: Engine) -> None:
    delays = []
    with listening(address) as stream:
        for _ in range(9):
            begun = monotonic()
            happen(engine, "a")
            stream.events(1)
            delays.append(monotonic() - begun)
    assert statistics.median(delays) < 1  # about 0.1 on a machine that has nothing else to do


def test_a_listener_that_takes_nothing_is_left_and_keeps_nobody_waiting(
    address: str, app: FastAPI, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.routes.events, "SEND_SECONDS", 1.0)
    monkeypatch.setattr(feeds, "KEPT", 50)
    host, port = address.removeprefix("http://").split(":")
    with listening(address) as stream, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((host, int(port)))
        slow.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: len(app.state.feed._wakers) == 2)
        sent = 0
        while len(app.state.feed._wakers) == 2:
            happen(engine, *map(str, range(sent, sent + 100)), after={"title": "x" * 7_000})
            assert jobs(stream.events(100)) == [str(name) for name in range(sent, sent + 100)]
            sent += 100
            assert sent < 20_000
        happen(engine, "last")
        assert jobs(stream.events(1)) == ["last"]


def test_two_hundred_listeners_hear_everything_and_cost_no_threads(
    address: str, engine: Engine
) -> None:
    with ExitStack() as stack:
        stack.enter_context(listening(address))
        threads = threading.active_count()
        streams = [stack.enter_context(listening(address)) for _ in range(200)]
        assert threading.active_count() <= threads + 4
        happen(engine, "a", "b")
        for stream in streams:
            assert jobs(stream.events(2)) == ["a", "b"]


def test_the_service_stops_at_once_although_somebody_listens(
    app: FastAPI, service: tuple[str, Server]
) -> None:
    address, server = service
    with listening(address) as stream:
        begun = monotonic()
        server.should_exit = True
        assert stream.ends()
        until(lambda: not app.state.feed._thread.is_alive())
        assert monotonic() - begun < api.server.GRACE_SECONDS / 2


def test_who_left_is_forgotten_and_a_head_is_all_that_is_sent_for_head(
    address: str, app: FastAPI
) -> None:
    with listening(address):
        assert len(app.state.feed._wakers) == 1
    until(lambda: not app.state.feed._wakers)
    answer = httpx2.head(f"{address}/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in answer.headers  # each event goes out at once
