"""What lasts is said plainly: a database that is gone, empty, full, read-only or not ours."""

import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session, func, select

from api.app import create_app
from api.http import background
from dispatch import engines, store
from dispatch.database_files import mark_of
from dispatch.errors import Unavailable
from dispatch.models import Job, Site, Skill
from dispatch.service import readiness
from dispatch.service.readiness import Readiness, prepare
from dispatch.service.troubles import ToldOnce, trouble_of
from dispatch.settings import Settings
from tests.conftest import administration
from tests.dispatch.waiting import until

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def file_of(settings: Settings) -> Path:
    return Path(make_url(settings.database_url).database or "")


@contextmanager
def looking(settings: Settings) -> Iterator[Readiness]:
    readiness = Readiness(settings)
    readiness.start()
    try:
        yield readiness
    finally:
        readiness.stop()


def codes(readiness: Readiness) -> list[str]:
    return [fault.code for fault in readiness.faults()]


def refusal(action: Callable[[], Any]) -> str:
    with pytest.raises(Unavailable) as refused:
        action()
    [fault] = refused.value.faults
    assert fault.action
    return fault.code


# At a start


@on_sqlite
def test_a_database_is_made_once_and_not_again_where_it_was(settings: Settings) -> None:
    file = file_of(settings)
    file.unlink()
    prepare(settings)
    prepare(settings)
    file.unlink()
    assert refusal(lambda: prepare(settings)) == "database_missing"
    file.touch()
    assert refusal(lambda: prepare(settings)) == "database_empty"
    mark_of(file).unlink()
    prepare(settings)
    assert store.is_migrated(engines.connect(settings.database_url))


def test_whether_an_empty_database_is_filled_can_be_said(empty_database_url: str) -> None:
    never = Settings(database_url=empty_database_url, create_database=False)
    assert refusal(lambda: prepare(never)) in ("database_missing", "database_empty")
    prepare(never.model_copy(update={"create_database": True}))
    prepare(never)


def test_a_database_of_a_later_version_is_left_alone(settings: Settings, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sql("UPDATE alembic_version SET version_num = '9999'"))
    assert refusal(lambda: prepare(settings)) == "database_newer"
    with looking(settings) as readiness:
        assert codes(readiness) == ["database_newer"]
    with engine.begin() as connection:
        connection.execute(sql("UPDATE alembic_version SET version_num = '0001'"))
    with looking(settings) as readiness:
        assert codes(readiness) == ["database_older"]
    with engine.begin() as connection:
        [head] = readiness_heads()
        connection.execute(sql(f"UPDATE alembic_version SET version_num = '{head}'"))
    prepare(settings)


def readiness_heads() -> frozenset[str]:
    return readiness._of_this_version()[1]


@on_sqlite
def test_a_service_without_its_database_says_so_and_begins_once_it_is_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "TRY_EVERY_SECONDS", 0.02)
    file = file_of(settings)
    prepare(settings)
    file.rename(file.with_name("elsewhere.db"))
    app = create_app(settings.model_copy(update={"solver_processes": 0}))
    with TestClient(app, raise_server_exceptions=False) as web:
        for path in ("/ready", "/jobs", "/technicians/T01/routes/2027-03-01"):
            answer = web.get(path)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            [fault] = answer.json()["faults"]
            assert fault["code"] == "database_missing"
            assert "begins by itself" in fault["action"]
            assert str(mark_of(file)) in fault["action"]
        assert web.get("/health").status_code == 200
        assert not file.exists()
        assert [r.levelname for r in caplog.records if "Not ready" in r.message] == ["ERROR"]
        file.with_name("elsewhere.db").rename(file)
        until(lambda: web.get("/ready").status_code == 200)
        assert web.get("/jobs").status_code == 401


# While it runs


@on_sqlite
def test_nothing_is_written_into_a_file_that_was_deleted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests share their engines' dialects otherwise, which know of opening files.
    monkeypatch.setattr(engines, "create_engine", create_engine)
    prepare(settings)
    engine = engines.connect(settings.database_url)
    with looking(settings) as readiness, Session(engine) as session:
        session.add(Skill(id="gas", name="Gas"))
        session.commit()
        file_of(settings).unlink()
        session.add(Skill(id="lifts", name="Lifts"))
        with pytest.raises(OperationalError) as failed:
            session.commit()
        trouble = trouble_of(failed.value)
        assert trouble is not None
        assert trouble.code == "database_missing"
        assert codes(readiness) == ["database_missing"]
        # Neither does anybody open a new one in its place.
        for one in (engine, engines.connect(settings.database_url)):
            one.dispose()
            with pytest.raises(OperationalError, match="missing"):
                one.connect()
        assert not file_of(settings).exists()
    engine.dispose()


@on_sqlite
def test_a_file_that_was_replaced_is_not_taken_for_the_one_that_was(settings: Settings) -> None:
    file, engine = file_of(settings), engines.connect(settings.database_url)
    with looking(settings) as readiness:
        with Session(engine) as session:
            assert session.get(Skill, "gas") is None
        shutil.copyfile(file, file.with_name("backup.db"))
        file.with_name("backup.db").replace(file)
        with Session(engine) as session, pytest.raises(OperationalError, match="replaced"):
            session.get(Skill, "gas")
        assert codes(readiness) == ["database_replaced"]
    engine.dispose()


@on_sqlite
def test_a_full_disk_is_told_and_nothing_is_half_stored(app: FastAPI, client: TestClient) -> None:
    engine: Engine = app.state.engine
    with Session(engine) as session:
        session.add(Site(id="S-1", name="Site", address="Here", latitude=21.0, longitude=105.8))
        session.commit()
    engine.dispose()
    room = [0]

    @event.listens_for(engine, "connect")
    def limit(connection: sqlite3.Connection, _record: object) -> None:
        with closing(connection.execute("PRAGMA page_count")) as pages:
            limits.append(connection)
            connection.execute(f"PRAGMA max_page_count = {pages.fetchone()[0] + room[0]}")

    limits: list[sqlite3.Connection] = []
    new = {"site_id": "S-1", "title": "x" * 150, "duration_minutes": 30}
    stored = 0
    while (answer := client.post("/jobs", json=new)).status_code == 201:
        stored += 1
        assert stored < 200
    assert answer.status_code == 503
    assert [fault["code"] for fault in answer.json()["faults"]] == ["disk_full"]
    assert client.get("/jobs").status_code == 200
    room[0] = 10_000
    engine.dispose()
    assert client.post("/jobs", json=new).status_code == 201
    with Session(engine) as session:
        assert session.exec(select(func.count()).select_from(Job)).one() == stored + 1


@on_sqlite
def test_a_disk_that_is_nearly_full_is_told_beforehand(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with looking(settings) as looks:
        assert codes(looks) == []
        monkeypatch.setattr(readiness, "LEAST_ROOM_BYTES", 2**62)
        assert codes(looks) == ["disk_full"]


def test_what_cannot_be_written_is_found_out_and_forgotten(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    full = [sqlite3.OperationalError("no space left on device")]
    with looking(settings) as looks:

        @event.listens_for(looks._engine, "before_cursor_execute")
        def fail(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if full and statement.startswith("UPDATE"):
                raise OperationalError(statement, None, full[0])

        for _ in range(3):
            looks.look_and_tell()
        assert codes(looks) == ["disk_full"]
        full.clear()
        looks.look_and_tell()
        assert codes(looks) == []
    told = [
        record.message for record in caplog.records if record.name == "dispatch.service.readiness"
    ]
    assert [one.split(":")[0] for one in told] == ["Not ready", "Ready again"]


def test_a_database_that_does_not_answer_is_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "LOOK_SECONDS", 0.05)
    hangs = threading.Event()
    with looking(settings) as looks:
        monkeypatch.setattr(looks, "_found", hangs.wait)
        assert codes(looks) == ["database_silent"]
        assert codes(looks) == ["database_silent"]
        hangs.set()


# What PostgreSQL has of its own


@pytest.fixture
def own_settings(postgres_url: str) -> Iterator[Settings]:
    with administration(postgres_url) as connection:
        connection.execute(sql("CREATE DATABASE own"))
    address = make_url(postgres_url).set(database="own")
    settings = Settings(database_url=address.render_as_string(hide_password=False))
    prepare(settings)
    yield settings
    with administration(postgres_url) as connection:
        connection.execute(sql("DROP DATABASE IF EXISTS own WITH (FORCE)"))


def test_a_standby_is_told_from_a_primary(own_settings: Settings) -> None:
    with administration(own_settings.database_url) as connection:
        connection.execute(sql("ALTER DATABASE own SET default_transaction_read_only = on"))
    engine = engines.connect(own_settings.database_url)
    with looking(own_settings) as looks:
        assert codes(looks) == ["database_read_only"]
    with Session(engine) as session:
        session.add(Skill(id="gas", name="Gas"))
        with pytest.raises(DBAPIError) as failed:
            session.commit()
    trouble = trouble_of(failed.value)
    assert trouble is not None
    assert trouble.code == "database_read_only"
    engine.dispose()


def test_a_database_that_was_dropped_is_told(own_settings: Settings, postgres_url: str) -> None:
    with looking(own_settings) as looks:
        assert codes(looks) == []
        with administration(postgres_url) as connection:
            connection.execute(sql("DROP DATABASE own WITH (FORCE)"))
        until(lambda: codes(looks) == ["database_dropped"])
        with administration(postgres_url) as connection:
            connection.execute(sql("CREATE DATABASE own"))
        assert codes(looks) == ["database_empty"]


def test_a_user_without_rights_is_told(own_settings: Settings) -> None:
    with administration(own_settings.database_url) as connection:
        connection.execute(sql("CREATE ROLE guest LOGIN PASSWORD 'guest'"))
    address = make_url(own_settings.database_url).set(username="guest", password="guest")
    guest = Settings(database_url=address.render_as_string(hide_password=False))
    try:
        with looking(guest) as looks:
            assert codes(looks) == ["database_denied"]
    finally:
        with administration(own_settings.database_url) as connection:
            connection.execute(sql("DROP ROLE guest"))


# In the log


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            psycopg.OperationalError("FATAL:  sorry, too many clients already"),
            "too_many_connections",
        ),
        (psycopg.errors.DiskFull("could not extend file"), "disk_full"),
        (sqlite3.OperationalError("no such table: job"), "database_empty"),
    ],
)
def test_the_same_trouble_is_in_the_log_once_a_minute(error: Exception, code: str) -> None:
    wrapped = OperationalError("INSERT", None, error)
    told, filtered = ToldOnce(), []
    for message in ("Could not look", "A request failed: %s"):
        arguments = (wrapped,) if "%s" in message else ()
        given = None if arguments else (type(wrapped), wrapped, None)
        record = logging.LogRecord("any", logging.WARNING, "", 1, message, arguments, given)
        filtered.append(told.filter(record))
        assert filtered[-1] is False or f"[{code}]" in record.getMessage()
        assert filtered[-1] is False or record.exc_info is None
    assert filtered == [True, False]


def test_a_database_that_is_busy_is_no_trouble() -> None:
    busy = sqlite3.OperationalError("database is locked")
    assert trouble_of(OperationalError("BEGIN", None, busy)) is None


@on_sqlite
def test_a_start_that_fails_halfway_ends_what_it_has_begun(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(settings: Settings) -> None:
        raise OSError("no thread can be started")

    app = create_app(settings)
    monkeypatch.setattr(background, "WebhookSender", fails)
    service = background.Background(app)
    with pytest.raises(OSError, match="no thread"):
        service.start()
    assert not app.state.runner.is_alive
    assert not app.state.placer.is_alive
    names = {thread.name for thread in threading.enumerate() if thread.is_alive()}
    assert not names & {"placer", "runner", "scheduler", "feed"}


@on_sqlite
def test_looking_goes_on_after_an_odd_fault_of_the_disk(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = threading.Semaphore(0)

    def fails(*args: object) -> None:
        looks.release()
        raise OSError("stale file handle")

    monkeypatch.setattr(readiness, "LOOK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(readiness, "problem_with", fails)
    with looking(settings) as looked:
        assert all(looks.acquire(timeout=60) for _ in range(3))
        assert looked._thread.is_alive()
