"""A SQLite database that is read all the time, and one that has grown."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy import text as sql
from sqlmodel import Session

from dispatch import log, store
from dispatch.models import Skill
from dispatch.service import upkeep


def long_log(engine: Engine) -> Path:
    with Session(engine) as session:
        log.record(session, "lan", "note", log.Entity.SKILL, "gas", after={"text": "x" * 50_000})
        session.commit()
    return Path(f"{engine.url.database}-wal")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_log_that_is_long_begins_anew(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    file = long_log(engine)
    log_file = upkeep.WriteAheadLog(engine)
    assert not log_file.shorten()
    monkeypatch.setattr(upkeep, "MOST_LOG_BYTES", 40_000)
    assert file.stat().st_size > 40_000
    assert log_file.shorten()
    # It goes with the last connection to the file.
    assert not file.exists() or file.stat().st_size == 0


class Clock:
    """Monotonic time that passes as somebody says."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Nobody waits, but it seems so."""
    clock = Clock()
    monkeypatch.setattr(upkeep, "time", clock)
    monkeypatch.setattr(upkeep, "MOST_LOG_BYTES", 40_000)
    monkeypatch.setattr(upkeep, "WAIT_SECONDS", 0)
    return clock


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_reader_is_not_cut_off_for_it(engine: Engine, clock: Clock) -> None:
    log_file = upkeep.WriteAheadLog(engine)
    with Session(store.reading(engine)) as reader:
        assert reader.get(Skill, "gas") is None
        long_log(engine)
        assert not log_file.shorten()
        assert reader.get(Skill, "gas") is None
    clock.seconds += upkeep.REST_SECONDS
    assert log_file.shorten()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_writers_wait_once_a_minute_for_somebody_who_reads_for_long(
    engine: Engine, clock: Clock
) -> None:
    tries: list[str] = []
    log_file = upkeep.WriteAheadLog(engine)

    def note(statement: str) -> None:
        if "TRUNCATE" in statement:
            tries.append(statement)

    with Session(store.reading(engine)) as reader:
        assert reader.get(Skill, "gas") is None
        long_log(engine)
        with pytest.MonkeyPatch.context() as patched:
            usual = engine.raw_connection

            def traced() -> PoolProxiedConnection:
                found = usual()
                assert found.driver_connection is not None
                found.driver_connection.set_trace_callback(note)
                return found

            patched.setattr(engine, "raw_connection", traced)
            for _ in range(10):
                assert not log_file.shorten()
                clock.seconds += 5
            assert len(tries) == 1
            clock.seconds += upkeep.REST_SECONDS
            assert not log_file.shorten()
    assert len(tries) == 2


def test_new_connections_know_how_large_tables_are(engine: Engine) -> None:
    with Session(engine) as session:
        session.add_all(Skill(id=f"S{number}", name="Skill") for number in range(50))
        session.commit()
    upkeep.gather_statistics(engine)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            of_skills = sql("SELECT stat FROM sqlite_stat1 WHERE tbl = 'skill'")
            assert connection.execute(of_skills).scalar_one().startswith("50 ")
