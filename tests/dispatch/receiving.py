"""Targets of webhooks on this machine: one that answers, and one that does not."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server, socket
from typing import Any


@dataclass
class Received:
    headers: dict[str, str]
    content: bytes
    path: str

    @property
    def body(self) -> str:
        return self.content.decode()


@dataclass
class Target:
    """Answers what ``answer`` says (a status), and keeps what came."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], int] = lambda _: 204
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def target() -> Iterator[Target]:
    found = Target()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            one = Received({k.lower(): v for k, v in self.headers.items()}, content, self.path)
            status = found.answer(one)
            found.received.append(one)
            self.send_response(status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def silent_target(drip: bytes = b"") -> Iterator[str]:
    """The address of one that takes what comes and never ends an answer."""
    server = create_server(("127.0.0.1", 0))
    over = threading.Event()
    open_: list[socket] = []

    def accept() -> None:
        while True:
            try:
                one = server.accept()[0]
            except OSError:
                return
            open_.append(one)
            threading.Thread(target=talk, args=(one,), daemon=True).start()

    def talk(one: socket) -> None:
        try:
            if drip:
                one.sendall(b"HTTP/1.1 200 OK\r\n")
            while drip and not over.wait(0.02):
                one.sendall(drip)
        except OSError:
            return

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        over.set()
        server.shutdown(2)
        server.close()
        thread.join()
        for one in open_:
            one.close()
