"""What comes over a connection: requests, one after the other, and what only looks like one."""

import logging
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

import pytest
from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect

from api.http import connections, limits
from api.http.limits import BodyLimit
from api.server import Server
from dispatch.solving.solvers import Solvers
from tests.api.http.test_connections import connected
from tests.api.serving import served
from tests.dispatch.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: there\r\n"
LAST = GET + b"Connection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: there\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
SLOW = GET.replace(b"/", b"/slow", 1) + b"\r\n"
SLOW_POST = POST.replace(b"/", b"/slow", 1)


class Slow:
    """An operation that waits until it may go on."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_go_on = threading.Event()

    async def work(self) -> None:
        self.begun += 1
        await to_thread.run_sync(self.may_go_on.wait)


@pytest.fixture(scope="module")
def service() -> FastAPI:
    service = FastAPI()
    service.state.solvers = Solvers()
    service.add_middleware(BodyLimit)

    @service.api_route("/", methods=["GET", "HEAD", "POST"])
    async def echo(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        return PlainTextResponse(body, headers={"X-Names": ",".join(request.headers)})

    @service.api_route("/slow", methods=["GET", "POST"])
    async def slow(request: Request) -> None:
        await request.body()
        await service.state.slow.work()

    @service.api_route("/stream", methods=["GET", "HEAD", "POST"])
    async def stream(waits: bool = False) -> Response:
        async def parts() -> AsyncIterator[str]:
            yield "one "
            if waits:
                await service.state.slow.work()
            yield "two"

        return StreamingResponse(parts())

    return service


@pytest.fixture
def slow(service: FastAPI) -> Iterator[Slow]:
    service.state.slow = Slow()
    yield service.state.slow
    service.state.slow.may_go_on.set()


@pytest.fixture(scope="module")
def serving(service: FastAPI) -> Iterator[tuple[str, Server]]:
    with served(service) as found:
        yield found


@pytest.fixture
def address(serving: tuple[str, Server]) -> str:
    return serving[0]


@pytest.fixture
def queued(serving: tuple[str, Server]) -> Callable[[], int]:
    """How many requests have been read that may not begin yet."""
    connections = serving[1].server_state.connections
    return lambda: sum(len(one.pipeline) for one in connections)


def told(connection: socket.socket) -> bytes:
    """All that comes until the service ends the connection."""
    answer = b""
    # If it had not read all that was sent, its end is not a quiet one.
    with suppress(ConnectionResetError):
        while more := connection.recv(65536):
            answer += more
    return answer


def answer_to(address: str, *parts: bytes) -> bytes:
    with connected(address) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                connection.sendall(part)
        return told(connection)


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS"),
        pytest.param(b"GET /\r\n\r\n", 505, id="HTTP/0.9"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, id="another version"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2"),
        pytest.param(b"FETCH / HTTP/1.1\r\nHost: a\r\n\r\n", 400, id="an unknown method"),
        pytest.param(b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400, id="a tunnel"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, id="two hosts"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\n\n", 400, id="bare line feeds"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: b\n\r\n", 400, id="a bare line feed"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", 400, id="a bare return"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400, id="folded"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", 400, id="space before :"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n", 400, id="NUL"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\xc3: b\r\n\r\n", 400, id="odd name"),
        pytest.param("GET /jób HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400, id="not ASCII"),
        pytest.param("GET /?q=ó HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400, id="query not ASCII"),
        pytest.param(b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, id="a space"),
        pytest.param(b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, id="no URL"),
        pytest.param(POST + b"Content-Length: 2, 2\r\n\r\n{}", 400, id="two lengths in one"),
        pytest.param(POST + b"Content-Length: +2\r\n\r\n{}", 400, id="an odd length"),
        pytest.param(
            POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, id="two lengths"
        ),
        pytest.param(
            POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="a length and chunks",
        ),
        pytest.param(
            POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, id="another coding"
        ),
        pytest.param(POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, id="no chunks"),
        pytest.param(CHUNKED + b"zz\r\n", 400, id="no size of a chunk"),
        pytest.param(CHUNKED + b"2\n{}\n0\n\n", 400, id="bare line feeds in a body"),
        pytest.param(CHUNKED + b"2\r\n{}}0\r\n\r\n", 400, id="more than a chunk's size"),
        pytest.param(
            POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
            400,
            id="another protocol, and a body",
        ),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_once_and_ends_the_connection(
    address: str, caplog: pytest.LogCaptureFixture, request_: bytes, status: int
) -> None:
    with caplog.at_level(logging.INFO):
        answer = answer_to(address, request_)
    assert statuses(answer) == [status]
    assert b"connection: close" in answer
    assert b"application/problem+json" in answer
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR or one.exc_info]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_body_that_cannot_be_read_leaves_no_failure_in_the_log(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    request = CHUNKED.replace(b"/", b"/sign-in", 1)
    with served(app) as (address, _):
        json = request.replace(b"Transfer", b"Content-Type: application/json\r\nTransfer")
        for one in (request, json):
            with connected(address) as connection:
                connection.sendall(one + b"2\r\n{}\r\n")
                connection.sendall(b"zz")
                assert statuses(told(connection)) == [400]
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR or one.exc_info]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"\r\n" + LAST, 200, id="an empty line before"),
        pytest.param(LAST.replace(b"there", b"there \t"), 200, id="blanks behind"),
        pytest.param(LAST.replace(b"/", b"http://there/?", 1), 200, id="absolute"),
        pytest.param(LAST.replace(b"/", b"/%C3%zz%FF", 1), 404, id="odd escapes"),
        pytest.param(LAST.replace(b"GET", b"OPTIONS").replace(b"/", b"*", 1), 404, id="*"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", 200, id="HTTP/1.0"),
        pytest.param(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, id="HTTP/1.0, kept"),
        pytest.param(
            LAST.replace(b": close", b": close, Upgrade\r\nUpgrade: websocket"), 200, id="another"
        ),
        pytest.param(CHUNKED + b"2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n", 200, id="extensions, trailers"),
    ],
)
def test_what_is_seldom_and_right_is_answered(address: str, request_: bytes, status: int) -> None:
    answer = answer_to(address, request_)
    assert statuses(answer) == [status]


def test_requests_come_in_whatever_parts(address: str) -> None:
    said = POST + b"Content-Length: 3\r\n\r\n{}\n" + LAST
    with connected(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in said:
            connection.sendall(bytes([byte]))
        answer = told(connection)
    assert statuses(answer) == [200, 200]
    assert b"\r\n\r\n{}\nHTTP/1.1" in answer


@pytest.mark.parametrize("at", range(1, 5))
def test_an_empty_line_in_two_parts_ends_a_head(
    address: str, slow: Slow, queued: Callable[[], int], at: int
) -> None:
    with connected(address) as connection:
        connection.sendall(SLOW[:-at])
        connection.sendall(SLOW[-at:] + LAST)
        until(lambda: slow.begun == 1)
        connection.sendall(LAST)
        assert statuses(answer_to(address, LAST)) == [200]
        assert queued() == 0
        slow.may_go_on.set()
        assert statuses(told(connection)) == [200, 200]


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(SLOW, id="a head"),
        pytest.param(SLOW_POST + b"Content-Length: 2\r\n\r\n{}", id="a body"),
        pytest.param(SLOW_POST + b"Content-Length: 0\r\n\r\n", id="an empty body"),
        pytest.param(
            SLOW_POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", id="chunks"
        ),
    ],
)
def test_a_request_is_read_when_the_one_before_is_answered(
    address: str, slow: Slow, queued: Callable[[], int], first: bytes
) -> None:
    with connected(address) as connection:
        connection.sendall(first * 200 + LAST)
        until(lambda: slow.begun == 1)
        # Another connection is served meanwhile, and so would be what comes behind.
        assert statuses(answer_to(address, LAST)) == [200]
        assert (slow.begun, queued()) == (1, 0)
        slow.may_go_on.set()
        assert statuses(told(connection)) == [200] * 201


def test_who_sends_on_and_on_before_there_is_an_answer_has_to_wait(
    address: str, slow: Slow
) -> None:
    with connected(address) as connection:
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.sendall(SLOW * 2_000_000)
        assert slow.begun == 1


def test_a_head_is_taken_up_to_its_largest_size_and_no_further(address: str) -> None:
    rest = connections.MOST_HEAD_BYTES - len(LAST) - len(b"X: \r\n")
    for more, status in ((0, 200), (1, 431)):
        long = b"X: " + b"x" * (rest + more) + b"\r\n\r\n"
        assert statuses(answer_to(address, LAST[:-2] + long)) == [status]


@pytest.mark.parametrize("piece", [b"x" * 1200, b"X: y\r\n" * 200], ids=["one", "many"])
@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(b"GET /", id="line"),
        pytest.param(b"GET / HTTP/1.1\r\nX: y", id="header"),
        pytest.param(CHUNKED + b"2;a=", id="size of a chunk"),
        pytest.param(CHUNKED + b"2\r\n{}\r\n0\r\nX: y", id="trailer"),
    ],
)
def test_what_has_no_end_is_ended(address: str, begin: bytes, piece: bytes) -> None:
    if begin == b"GET /" or begin.endswith(b"="):
        piece = piece.replace(b": y\r\n", b"yyyyy")
    parts = [piece] * (8 * connections.MOST_HEAD_BYTES // len(piece))
    assert statuses(answer_to(address, begin, *parts)) == [431]


def test_a_large_body_may_have_small_chunks_and_one_piece(address: str) -> None:
    large = b"x" * 400_000
    for framed in (
        b"Content-Length: 400000\r\n\r\n" + large,
        b"Transfer-Encoding: chunked\r\n\r\n" + b"2\r\nxx\r\n" * 200_000 + b"0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n61A80\r\n" + large + b"\r\n0\r\n\r\n",
    ):
        answer = answer_to(address, POST + b"Connection: close\r\n" + framed)
        assert statuses(answer) == [200]
        assert answer.endswith(large)


def test_what_comes_after_a_body_does_not_pass_for_what_came_before(address: str) -> None:
    answer = answer_to(address, CHUNKED + b"2\r\n{}\r\n0\r\nForwarded: for=a\r\n\r\n")
    assert b"x-names: host,transfer-encoding,connection\r\n" in answer


def test_a_body_that_is_too_large_is_refused_and_the_next_request_is_not_part_of_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_BODY_BYTES", 1000)
    large = LAST * 40
    assert len(large) > 1000
    framed = (
        b"Content-Length: %d\r\n\r\n" % len(large) + large,
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(large) + large + b"\r\n0\r\n\r\n",
    )
    for one in framed:
        assert statuses(answer_to(address, POST + one + LAST)) == [413, 200]


def test_who_asks_whether_to_send_a_body_is_told(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = POST + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with connected(address) as connection:
        connection.sendall(asking)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert statuses(told(connection)) == [200]
    monkeypatch.setattr(limits, "MAX_BODY_BYTES", 1)
    assert statuses(answer_to(address, asking)) == [413]


def test_http_1_0_gets_no_chunks_and_the_end_of_the_connection(address: str) -> None:
    answer = answer_to(address, b"GET /stream HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"\r\n\r\none two")
    assert b"transfer-encoding" not in answer
    answer = answer_to(address, b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}")
    assert b"content-length: 2\r\n" in answer
    assert answer.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize("path", [b"/", b"/stream"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_head_has_no_content(address: str, path: bytes, version: bytes) -> None:
    asked = b"HEAD %b HTTP/%b\r\nHost: there\r\nConnection: close\r\n\r\n" % (path, version)
    answer = answer_to(address, asked)
    assert statuses(answer) == [200]
    assert answer.endswith(b"\r\n\r\n")


def test_nothing_is_put_into_an_answer_that_has_begun(address: str, slow: Slow) -> None:
    begin = CHUNKED.replace(b"/", b"/stream?waits=true", 1)
    with connected(address) as connection:
        connection.sendall(begin)
        until(lambda: slow.begun == 1)
        connection.sendall(b"this is no chunk")
        answer = told(connection)
    assert statuses(answer) == [200]
    assert answer.endswith(b"one \r\n")
