"""Many requests at once: few are at work, the others wait and hold nothing."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from anyio.to_thread import current_default_thread_limiter
from argon2.exceptions import VerifyMismatchError
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from api.app import create_app
from api.http import lines
from api.http.lines import Line, Lines
from dispatch import engines
from dispatch.access import passwords
from dispatch.models import Role
from dispatch.settings import Settings
from tests.api.conftest import key_of, tokens_of
from tests.api.serving import served
from tests.dispatch.waiting import until

PASSWORD = {"user_name": "mai", "password": "not the password"}


# Lines


class Visitors:
    """Who is in a line, in the order of being let in; they leave when they are told to."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.let_in: list[str] = []
        self.leave: dict[str, asyncio.Event] = {}
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, *names: str) -> None:
        """A caller is called by the first letter."""
        for name in names:
            self.leave[name] = asyncio.Event()
            self.tasks.append(asyncio.create_task(self._visit(name)))
            await asyncio.sleep(0)  # until it stands in line

    async def _visit(self, name: str) -> None:
        async with self.line.place(name[0]):
            self.let_in.append(name)
            await self.leave[name].wait()

    async def all_leave(self) -> None:
        for event in self.leave.values():
            event.set()
        await asyncio.gather(*self.tasks)


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 20))  # type: ignore[arg-type]


def test_callers_take_turns_however_many_requests_one_has() -> None:
    async def story() -> None:
        visitors = Visitors(Line(1))
        await visitors.come("t1", "t2", "t3", "t4", "d1", "e1", "d2")
        await visitors.all_leave()
        assert visitors.let_in == ["t1", "t2", "d1", "e1", "t3", "d2", "t4"]

    run(story)


def test_one_caller_has_no_more_than_the_share() -> None:
    async def story() -> None:
        visitors = Visitors(Line(3, share=2))
        await visitors.come("t1", "t2", "t3", "d1")
        assert visitors.let_in == ["t1", "t2", "d1"]
        visitors.leave["d1"].set()
        await visitors.tasks[3]
        assert "t3" not in visitors.let_in
        await visitors.all_leave()
        assert visitors.let_in[-1] == "t3"

    run(story)


def test_nobody_waits_for_long() -> None:
    async def story() -> None:
        visitors = Visitors(Line(1, seconds=0.01))
        await visitors.come("t1", "d1")
        with pytest.raises(HTTPException) as refused:
            await visitors.tasks.pop()
        assert refused.value.status_code == 503
        assert refused.value.headers == {"Retry-After": str(lines.SECONDS_TO_RETRY)}
        assert visitors.line.length == 0
        visitors.leave["t1"].set()
        await visitors.tasks.pop()
        await visitors.come("d2")
        await visitors.all_leave()
        assert visitors.let_in == ["t1", "d2"]

    run(story)


def test_a_line_that_is_too_long_refuses_at_once_whoever_has_most_waiting() -> None:
    async def story() -> None:
        visitors = Visitors(Line(1, longest=2))
        await visitors.come("t1", "t2", "t3", "t4")
        with pytest.raises(HTTPException):
            await visitors.tasks.pop()
        await visitors.come("d1")
        with pytest.raises(HTTPException):
            await visitors.tasks.pop(2)
        await visitors.come("e1")
        with pytest.raises(HTTPException):
            await visitors.tasks.pop()
        await visitors.all_leave()
        assert visitors.let_in == ["t1", "t2", "d1"]

    run(story)


def test_who_gives_up_leaves_the_line_to_the_others() -> None:
    async def story() -> None:
        visitors = Visitors(Line(1))
        await visitors.come("a1", "b1", "c1")
        visitors.tasks.pop(1).cancel()
        await visitors.all_leave()
        assert visitors.let_in == ["a1", "c1"]

    run(story)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_there_are_connections_for_all_that_are_at_work_and_for_the_placer(kind: str) -> None:
    assert Lines(writers=lines.WRITERS[kind], solvers=9).most_connections < engines.MOST_CONNECTIONS


# The service


@pytest.fixture
def narrow(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """A service with two connections and one in each line."""
    monkeypatch.setitem(engines._POOL, "pool_size", 2)
    # Those who wait for each other wait longer; others do not, on a slow machine either.
    monkeypatch.setitem(engines._POOL, "pool_timeout", 8)
    app = create_app(settings.model_copy(update={"solver_processes": 0}))
    for line in vars(app.state.lines).values():
        line.size = 1
    return app


def test_more_callers_than_threads_and_connections_are_all_answered(
    narrow: FastAPI, company: None, job: dict[str, Any]
) -> None:
    """An answer needed a thread to be written, while its operation held a connection for which the
    threads there were waited."""
    key = key_of(narrow)

    async def ask() -> list[int]:
        current_default_thread_limiter().total_tokens = 1
        transport = httpx2.ASGITransport(narrow, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://there", headers=headers
        ) as web:
            asked = [web.get("/jobs") for _ in range(6)]
            asked += [web.post("/jobs", json=job) for _ in range(6)]
            answers = await asyncio.wait_for(asyncio.gather(*asked), 20)
        return [answer.status_code for answer in answers]

    with TestClient(narrow):  # so that there is whoever places jobs
        assert asyncio.run(ask()) == [200] * 6 + [201] * 6


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with served(app) as (address, _):
        yield address


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whether_it_can_work_is_known_while_everybody_waits(app: FastAPI, address: str) -> None:
    """And whoever waits too long is told when to come again."""
    full = [line for name, line in vars(app.state.lines).items() if name != "looking"]
    for line in full:
        line._inside["somebody"], line.seconds = line.size, 0.05
    headers = {"X-API-Key": key_of(app)}
    with httpx2.Client(base_url=address, headers=headers, trust_env=False, timeout=20) as web:
        for path in ("/ready", "/health"):
            assert web.get(path).status_code == 200
        for refused in (web.get("/jobs"), web.post("/sign-in", json=PASSWORD)):
            assert refused.status_code == 503
            assert refused.headers["Retry-After"] == str(lines.SECONDS_TO_RETRY)
            assert refused.headers["Content-Type"] == "application/problem+json"
        for line in full:
            line._inside.clear()
        assert web.get("/jobs").status_code == 200


def test_comparing_passwords_holds_no_connection_and_keeps_nobody_waiting(
    app: FastAPI, client: TestClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens_of(app, "mai", Role.DISPATCHER)
    held, comparing = threading.Event(), threading.Semaphore(0)
    usual = passwords.hasher

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(usual, name)

        def verify(self, password_hash: str, password: str) -> bool:
            comparing.release()
            held.wait(20)
            raise VerifyMismatchError

    monkeypatch.setattr(passwords, "hasher", Slow())
    app.state.lines.hashing.longest = 2
    with (
        httpx2.Client(base_url=address, trust_env=False, timeout=20) as web,
        ThreadPoolExecutor(8) as threads,
    ):
        try:
            tries = [threads.submit(web.post, "/sign-in", json=PASSWORD) for _ in range(4)]
            for _ in range(passwords.AT_ONCE):
                assert comparing.acquire(timeout=20)
            until(lambda: app.state.lines.hashing.length == 2)
            until(lambda: app.state.engine.pool.checkedout() == 0)
            assert web.get("/jobs", headers=client.headers).status_code == 200
            one_more = web.post("/sign-in", json=PASSWORD)
            assert one_more.status_code == 503
            assert one_more.headers["Retry-After"]
            # Nothing is done for it, not even reading what it says.
            assert web.post("/sign-in", content=b"{").status_code == 503
        finally:
            held.set()
        assert [one.result().status_code for one in tries] == [401] * 4
