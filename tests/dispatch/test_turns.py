"""Writers of SQLite take turns, in the order of coming."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from dispatch import engines
from dispatch.engines import connect
from dispatch.models import Skill
from dispatch.store import let_go, reading
from dispatch.turns import Turns
from tests.dispatch.waiting import until

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def turns_of(engine: Engine) -> Turns:
    return engines._turns[str(Path(engine.url.database or "").resolve())]


def add(engine: Engine, name: str) -> None:
    with Session(engine) as session:
        session.add(Skill(id=name, name=name))
        session.commit()


@SQLITE
def test_who_came_first_writes_first_whatever_engine_it_has(
    engine: Engine, database_url: str
) -> None:
    other, turns = connect(database_url), turns_of(engine)
    written: list[int] = []

    def write(number: int) -> None:
        with Session((engine, other)[number % 2]) as session:
            session.add(Skill(id=str(number), name=""))
            session.flush()
            written.append(number)
            session.commit()

    with Session(engine) as first, ThreadPoolExecutor(8) as threads:
        first.add(Skill(id="first", name=""))
        first.flush()
        waiting = []
        for number in range(8):
            waiting.append(threads.submit(write, number))
            until(lambda: len(turns._waiting) == len(waiting))
        first.commit()
        for one in waiting:
            one.result()
    assert written == list(range(8))
    other.dispose()


@SQLITE
def test_a_turn_is_over_whatever_becomes_of_the_transaction(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Skill(id="a", name="a"))
        session.flush()
        session.rollback()
    add(engine, "a")
    with pytest.raises(Exception, match="UNIQUE"):
        add(engine, "a")
    with engine.connect() as left_open:
        left_open.exec_driver_sql("SELECT 1")
    with engine.connect() as broken:
        broken.exec_driver_sql("SELECT 1")
        broken.invalidate()
    add(engine, "b")
    assert not turns_of(engine)._is_taken
    with Session(reading(engine)) as session:
        assert sorted(session.exec(select(Skill.id))) == ["a", "b"]


@SQLITE
def test_who_waits_too_long_for_a_turn_is_told_that_the_database_is_locked(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(engine) as session:
        session.add(Skill(id="a", name="a"))
        session.flush()
        monkeypatch.setattr(engines, "BUSY_SECONDS", 0.01)
        with pytest.raises(OperationalError, match="locked"):
            add(engine, "b")
        session.commit()
    add(engine, "b")


@SQLITE
def test_who_reads_waits_for_no_turn_and_gives_its_connection_back(engine: Engine) -> None:
    with Session(engine) as writer, Session(reading(engine)) as reader:
        writer.add(Skill(id="a", name="a"))
        writer.flush()
        assert reader.get(Skill, "a") is None
        let_go(reader)
        let_go(writer)  # changes nothing: it has something to commit
        writer.commit()
        found = reader.get(Skill, "a")
        let_go(reader)
        assert found is not None
        assert found.name == "a"
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_turn_that_comes_in_the_last_moment_is_taken() -> None:
    turns = Turns()
    assert turns.take(1)
    assert not turns.take(0)
    turns.give_back()
    results = []
    assert turns.take(1)
    thread = threading.Thread(target=lambda: results.append(turns.take(20)))
    thread.start()
    until(lambda: bool(turns._waiting))
    turns.give_back()
    thread.join()
    assert results == [True]
