"""Clients that keep connections for nothing."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import FastAPI

from api.http import connections, limits
from tests.api.serving import served

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with served(app) as (address, _):
        yield address


def connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def test_who_says_nothing_is_left(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    with connected(address) as silent:
        assert silent.recv(1) == b""


def test_who_begins_a_request_and_does_not_go_on_is_left(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    with connected(address) as slow:
        slow.sendall(b"GET /health HTTP/1.1\r\nHost: there\r\n\r\n")
        assert slow.recv(65536).startswith(b"HTTP/1.1 200")
        # Each byte would have had the server wait for the next one, for ever.
        slow.sendall(b"GET /hea")
        while slow.recv(65536):
            pass


def test_a_body_that_does_not_come_is_waited_for_no_longer(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.1)
    with connected(address) as slow:
        slow.sendall(
            b"POST /sign-in HTTP/1.1\r\nHost: there\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        answer = b""
        while more := slow.recv(65536):
            answer += more
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in answer


def test_idle_connections_make_room_for_new_ones(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    with ExitStack() as stack:
        idle = [stack.enter_context(connected(address)) for _ in range(6)]
        assert idle[0].recv(1) == b""  # the longest idle went first
        assert httpx2.get(f"{address}/health", trust_env=False).status_code == 200
