"""Whether everybody is answered when many come at once, and what asking again costs.

A company has its day planned and published; then the real service is asked by crowds, each of
which has its next request ready as soon as it has an answer: alerts, readers, judgements, one
technician's phone gone mad, and wrong passwords. Beside them somebody asks whether the service is
ready, and a dispatcher goes on reading. At last the answers that have not changed: how many a
second, beside a bare FastAPI that says nothing.

    python -m benchmarks.crowd --database sqlite postgresql --seconds 10

It exits with 1 if anything falls short: an answer after more than 8 s, a failure that is no honest
refusal (503 or 429 with ``Retry-After``), ``/ready`` after more than a second, 80 callers of whom
fewer are served than 0.8 of what 20 are, fewer than 500 unchanged answers a second, or a board,
unchanged, that costs more than a fiftieth of the full one.
"""

import argparse
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from benchmarks.company import Company
from benchmarks.faults import database
from benchmarks.live import DEVICES, MORNING, Client, prepare, service, zone_where_it_is
from dispatch.models import now
from dispatch.settings import Settings

MOST_SECONDS = 8.0
MOST_SECONDS_TO_BE_READY = 1.0
LEAST_KEPT = 0.8
"""Of the answers that 20 callers get in a second, 80 get so many at least."""
LEAST_UNCHANGED = 500
"""Answers a second."""
MOST_OF_THE_FULL_ANSWER = 1 / 50
POLLERS = 4

BARE = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
async def nothing() -> None: ...
uvicorn.run(app, port=int(sys.argv[1]), http="httptools", log_level="warning")
"""


class Web:
    """One client's connection, made again when it is lost."""

    def __init__(self, address: str, key: str | None) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._headers = {"Content-Type": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, str | None, bytes]:
        """Status (0: none), ``Retry-After``, content."""
        content = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, content, self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.getheader("Retry-After"), answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, None, b""

    def close(self) -> None:
        self._connection.close()


Request = tuple[str, str, object]


@dataclass
class Crowd:
    """So many callers, each with a key of its own or all with one."""

    name: str
    callers: int
    keys: Sequence[str]
    request: Callable[[int, int], Request]
    """Of the caller, its next one."""


@dataclass
class Heard:
    """What a crowd was answered, and the two beside it."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    dishonest: int = 0
    ready: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)

    @property
    def served(self) -> int:
        """Neither refused nor failed."""
        return sum(number for status, number in self.statuses.items() if 0 < status < 429)


class Trial:
    """Sends crowds to a service."""

    def __init__(self, address: str, seconds: float, beside: str, others: Executor) -> None:
        self._address = address
        self._seconds = seconds
        self._beside = beside
        self._others = others
        """Processes of their own, which the crowd's threads do not keep from looking."""

    def send(self, crowd: Crowd) -> Heard:
        heard = Heard()
        until = time.time() + self._seconds

        def call(caller: int) -> None:
            key = crowd.keys[caller % len(crowd.keys)] if crowd.keys else None
            with closing(Web(self._address, key)) as web:
                number = 0
                while time.time() < until:
                    began = time.perf_counter()
                    status, retry_after, _ = web.ask(*crowd.request(caller, number))
                    heard.seconds.append(time.perf_counter() - began)
                    heard.statuses[status] += 1
                    is_refusal = status in (429, 503) and retry_after is not None
                    if status == 0 or (status >= 429 and not is_refusal):
                        heard.dishonest += 1
                    if is_refusal:
                        time.sleep(0.5)  # sooner than asked for
                    number += 1

        ready = self._others.submit(watch, self._address, "/ready", None, until)
        beside = self._others.submit(watch, self._address, "/jobs?limit=1", self._beside, until)
        with ThreadPoolExecutor(crowd.callers) as threads:
            list(threads.map(call, range(crowd.callers)))
        for watching, seconds in ((ready, heard.ready), (beside, heard.beside)):
            found, failures = watching.result()
            seconds += found
            heard.dishonest += failures
        return heard


def watch(address: str, path: str, key: str | None, until: float) -> tuple[list[float], int]:
    """How long answers take, again and again, and how many are not what they should be."""
    seconds: list[float] = []
    failures = 0
    with closing(Web(address, key)) as web:
        while not seconds or time.time() < until:
            began = time.perf_counter()
            failures += web.ask("GET", path)[0] != 200
            seconds.append(time.perf_counter() - began)
            time.sleep(0.2)  # between two looks
    return seconds, failures


def crowds(client: Client, key: str) -> Iterator[Crowd]:
    """All of them, on a company that has its day planned."""

    def made(role: str, number: int, technician_id: str | None = None) -> list[str]:
        new = {"name": role, "role": role, "requests_per_minute": 1_000_000}
        if technician_id is not None:
            new["technician_id"] = technician_id
        return [str(client.ask("POST", "/keys", json=new)["key"]) for _ in range(number)]

    day = client.day
    board = client.ask("GET", f"/board/{day}")
    visits = [
        (stop["job_id"], route["technician_id"])
        for route in board["routes"]
        for stop in route["stops"]
        if stop["job_id"]
    ]
    crew = [route["technician_id"] for route in board["routes"]]
    dispatchers, platforms = made("dispatcher", 8), made("integration", 4)

    def alert(caller: int, number: int) -> Request:
        device = f"D{(caller * 7 + number) % DEVICES}"
        id_ = f"{time.monotonic_ns()}-{caller}"
        return "POST", "/alerts", {"id": id_, "device": device, "type": f"odd {caller}"}

    def read(caller: int, number: int) -> Request:
        if number % 2:
            return "GET", f"/technicians/{crew[(caller + number) % len(crew)]}/routes/{day}", None
        return "GET", "/jobs?limit=20", None

    def judge(caller: int, number: int) -> Request:
        job_id, _ = visits[-1 - (caller * 13 + number) % min(200, len(visits))]
        if number % 2:
            return "GET", f"/jobs/{job_id}/alternatives", None
        somebody = crew[(caller + number) % len(crew)]
        change = {"job_id": job_id, "technician_id": somebody}
        return "POST", "/plan-changes/judgement", change

    def own_route(_caller: int, _number: int) -> Request:
        return "GET", f"/technicians/{crew[0]}/routes/{day}", None

    def wrong(caller: int, number: int) -> Request:
        return "POST", "/sign-in", {"user_name": f"n{caller}-{number}", "password": "wrong" * 3}

    for callers in (20, 80):
        yield Crowd(f"{callers} that send alerts", callers, platforms, alert)
    for callers in (20, 80):
        yield Crowd(f"{callers} readers", callers, dispatchers, read)
    yield Crowd("50 that have changes judged", 50, dispatchers, judge)
    yield Crowd("90 requests of one technician", 90, made("technician", 1, crew[0]), own_route)
    yield Crowd("200 wrong passwords", 200, (), wrong)


def unchanged(address: str, key: str, path: str, seconds: float) -> tuple[float, float]:
    """Seconds that the full answer takes, one after the other, and unchanged ones a second."""
    with closing(Web(address, key)) as web:
        full = []
        for _ in range(5):
            began = time.perf_counter()
            web.ask("GET", path)
            full.append(time.perf_counter() - began)
    return min(full), polls(address, path, f"Authorization: Bearer {key}\r\n", seconds)


def polls(address: str, path: str, headers: str, seconds: float) -> float:
    """Answers a second over some connections, each of which asks whether what it has is unchanged.

    Whoever gets something new, because time goes on in the service, asks for that from then on.
    """
    parts = urlsplit(address)
    asked = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{headers}"
    until = time.monotonic() + seconds
    numbers = []

    def poll() -> None:
        number, etag = 0, ""
        with (
            socket.create_connection((parts.hostname, parts.port)) as connection,
            connection.makefile("rb") as answers,
        ):
            while time.monotonic() < until:
                known = f"If-None-Match: {etag}\r\n" if etag else ""
                connection.sendall(f"{asked}{known}\r\n".encode())
                etag = _read_answer(answers) or etag
                number += 1
        numbers.append(number)

    threads = [threading.Thread(target=poll) for _ in range(POLLERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sum(numbers) / seconds


def _read_answer(answers: BinaryIO) -> str:
    """Read one answer to its end; its ETag, or nothing if it has none. Raises ``ConnectionError``
    if the service hangs up."""
    etag, length = "", 0
    if not answers.readline():
        raise ConnectionError("the service hung up in the midst of answers that it calls unchanged")
    while (line := answers.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"etag":
            etag = value.strip().decode()
        elif name.lower() == b"content-length":
            length = int(value)
    answers.read(length)
    return etag


@contextmanager
def bare() -> Iterator[str]:
    """The address of a FastAPI with one operation that does nothing."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", BARE, str(port)])  # noqa: S603 - our own
    try:
        web = Web(f"http://127.0.0.1:{port}", None)
        while web.ask("GET", "/")[0] != 200:
            time.sleep(0.05)  # between two looks at another process
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def measure(url: str, home: Path, chosen: argparse.Namespace) -> list[str]:
    """Print tables for one database; what falls short."""
    settings = Settings(database_url=url, time_zone=zone_where_it_is(MORNING))
    today = now().astimezone(settings.zone).date()
    company = Company(chosen.technicians, chosen.jobs, today, chosen.seed)
    key, scheduled = prepare(company, settings, home, chosen.plan_seconds)
    short: list[str] = []
    served: dict[str, int] = {}
    _say(f"\n{chosen.technicians} technicians, {scheduled} scheduled visits, {url.split(':')[0]}\n")
    with (
        service(settings, home) as address,
        Client(address, key, today) as client,
        ProcessPoolExecutor(2, get_context("spawn")) as others,
    ):
        client.set_up()
        list(others.map(watch, [address] * 4, ["/ready"] * 4, [None] * 4, [0] * 4))  # to start them
        _say("| at once | served a second | refused | p95 | slowest | beside | `/ready` |")
        _say("|---|--:|--:|--:|--:|--:|--:|")
        trial = Trial(address, chosen.seconds, key, others)
        for crowd in crowds(client, key):
            heard = trial.send(crowd)
            served[crowd.name] = heard.served
            short += _shortcomings(crowd.name, heard)
            _say(_row(crowd.name, heard, chosen.seconds))
        for kind in ("that send alerts", "readers"):
            if served[f"80 {kind}"] < LEAST_KEPT * served[f"20 {kind}"]:
                short.append(f"80 {kind} are served less than 20")
        _say("\n| unchanged | full answer, ms | unchanged a second | of the full answer |")
        _say("|---|--:|--:|--:|")
        route = client.ask("GET", f"/board/{today}")["routes"][0]["technician_id"]
        paths = {
            "a technician's day": f"/technicians/{route}/routes/{today}",
            "the board": f"/board/{today}",
        }
        for name, path in paths.items():
            full, rate = unchanged(address, key, path, chosen.seconds / 2)
            _say(f"| {name} | {1000 * full:.0f} | {rate:.0f} | 1/{full * rate:.0f} |")
            if rate < LEAST_UNCHANGED:
                short.append(f"{name}, unchanged: {rate:.0f} a second")
            if name == "the board" and 1 / rate > full * MOST_OF_THE_FULL_ANSWER:
                short.append(f"{name}, unchanged: 1/{full * rate:.0f} of the full answer")
    with bare() as address:
        _say(f"| bare FastAPI | | {polls(address, '/', '', chosen.seconds / 2):.0f} | |")
    return short


def _shortcomings(name: str, heard: Heard) -> Iterator[str]:
    if heard.dishonest:
        yield f"{name}: {heard.dishonest} failures ({dict(heard.statuses)})"
    if max(heard.seconds) > MOST_SECONDS:
        yield f"{name}: an answer after {max(heard.seconds):.1f} s"
    if max(heard.ready) > MOST_SECONDS_TO_BE_READY:
        yield f"{name}: /ready after {max(heard.ready):.1f} s"
    if max(heard.beside) > MOST_SECONDS:
        yield f"{name}: a dispatcher waits {max(heard.beside):.1f} s"


def _row(name: str, heard: Heard, seconds: float) -> str:
    refused = heard.statuses[503] + heard.statuses[429]
    in_order = sorted(heard.seconds)
    cells: list[Any] = [name, f"{heard.served / seconds:.0f}", refused]
    times = (in_order[int(0.95 * len(in_order))], in_order[-1], max(heard.beside), max(heard.ready))
    return f"| {' | '.join(map(str, cells))} | {' | '.join(f'{one:.2f}' for one in times)} |"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what it is for


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print tables, and exit with 1 if anything falls short."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    both = ("sqlite", "postgresql")
    parser.add_argument("--database", choices=both, nargs="+", default=both)
    parser.add_argument("--technicians", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=800)
    parser.add_argument("--seconds", type=float, default=10, help="of each crowd")
    parser.add_argument("--plan-seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    short = []
    for kind in chosen.database:
        with ExitStack() as stack:
            # Not below a folder that is closed to the user as whom root runs PostgreSQL.
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dispatch-crowd-")))
            url = stack.enter_context(database(kind, home))
            short += [f"{kind}: {what}" for what in measure(url, home, chosen)]
    _say("falls short:\n" + "\n".join(short) if short else "\nholds")
    sys.exit(bool(short))


if __name__ == "__main__":
    main()
