"""A service with a simulated clock in a process of its own, and what is said to it over HTTP."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from types import TracebackType
from typing import Any, Self

WAIT_SECONDS = 60


class Refused(Exception):  # noqa: N818 - an answer, not a fault of this program
    """An answer that is not 2xx."""

    def __init__(self, what: str, status: int, text: str) -> None:
        super().__init__(f"{what}: {status} {text[:600]}")
        self.status = status


class Service:
    """From start to stop; ``environment`` has its settings, ``log`` gets what it says."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        at: datetime,
        key: str,
        replan_minutes: float | None = None,
        company: Path | None = None,
    ) -> None:
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        command = [sys.executable, "-m", "benchmarks.day.service"]
        command += ["--port", str(self._port), "--at", at.isoformat()]
        if replan_minutes is not None:
            command += ["--replan-minutes", str(replan_minutes)]
        if company is not None:
            command += ["--company", str(company)]
        self._log = log.open("a", encoding="utf-8")
        self._process = subprocess.Popen(  # noqa: S603 - this program's own module
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._key = key
        self._connection = HTTPConnection("127.0.0.1", self._port, timeout=120)
        self._answer("ready")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._connection.close()
        with self._log, self._process:
            try:
                self._process.communicate(timeout=WAIT_SECONDS)
            finally:
                self._process.kill()

    # The clock, which is none of the service's own

    def set_clock(self, at: datetime) -> None:
        self._tell(f"clock {at.isoformat()}")

    def replan(self) -> None:
        """Have it plan again if it thinks it worth while."""
        self._tell("replan")

    def work(self) -> None:
        """Have it solve what is queued."""
        self._tell("work")

    def _tell(self, command: str) -> None:
        assert self._process.stdin  # noqa: S101 - opened as a pipe
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        self._answer("done")
        self._connection.close()  # the server may have, meanwhile

    def _answer(self, expected: str) -> None:
        assert self._process.stdout  # noqa: S101 - opened as a pipe
        line = self._process.stdout.readline().strip()
        if line != expected:
            raise RuntimeError(f"the service said {line!r}; its log is {self._log.name}")

    # HTTP

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def post(self, path: str, content: Any = None) -> Any:
        return self.send("POST", path, content)

    def put(self, path: str, content: Any) -> Any:
        return self.send("PUT", path, content)

    def send(
        self,
        method: str,
        path: str,
        content: Any = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Any:
        """The answer's content. Raises ``Refused``."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if (key or self._key) and key != "":
            sent["X-API-Key"] = key or self._key
        if content is not None:
            body = json.dumps(content, ensure_ascii=False).encode()
        self._connection.request(method, path, body, sent)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if not 200 <= answer.status < 300:
            raise Refused(f"{method} {path}", answer.status, text)
        return json.loads(text) if text else None

    def all(self, path: str, name: str) -> Iterator[Any]:
        """Everything on all pages of a list."""
        after = None
        mark = "&" if "?" in path else "?"
        while True:
            page = self.get(f"{path}{mark}limit=200" + (f"&after={after}" if after else ""))
            yield from page[name]
            after = page["next"]
            if after is None:
                return

    def settle(self) -> None:
        """Wait until nobody waits for a place."""
        deadline = time.monotonic() + WAIT_SECONDS
        while self.get("/placements?status=waiting&limit=1")["placements"]:
            if time.monotonic() > deadline:
                raise RuntimeError("jobs have been waiting for a place for a minute")
            time.sleep(0.01)  # between two looks
