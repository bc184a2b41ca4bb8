"""What has changed since a look before."""

import select
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from dispatch.log import Entity, record
from dispatch.models import Position
from dispatch.service import watch as watching
from dispatch.service.watch import ChangedEntity, Seen, Watch
from dispatch.store import reading
from tests.dispatch.crew import add_technician, hanoi


@pytest.fixture
def watch(engine: Engine) -> Iterator[Watch]:
    """Of a log that has begun: numbers of entries go on from test to test in PostgreSQL."""
    happen(engine, "before")
    watch = Watch(reading(engine))
    yield watch
    watch.close()


def happen(engine: Engine, *names: str) -> None:
    with Session(engine) as session:
        for name in names:
            record(session, "dana", "change", Entity.JOB, name)
        session.commit()


def asked(watch: Watch) -> Seen | None:
    """What the watch is told when it asks instead of looking."""
    socket = watch.ask()
    if socket is None:
        return None
    while not watch.is_told():
        select.select([socket], [], [])
    return watch.told()


def test_a_look_sees_what_was_committed_since_and_nothing_before(
    engine: Engine, watch: Watch
) -> None:
    first = watch.look()
    happen(engine, "a", "b")
    second = watch.look()
    assert watch.since(first) == [ChangedEntity("job", "a"), ChangedEntity("job", "b")]
    assert watch.since(second) == []
    assert second.commits != first.commits


def test_a_look_when_nothing_was_committed_reads_nothing(
    engine: Engine, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(engine) as session:
        record(session, "dana", "change", Entity.JOB, "a")
        session.flush()
        first = watch.look()
        monkeypatch.setattr(Watch, "_new_changes", None)
        assert watch.look() == first
        assert watch.still() in (first, None)  # over the network that takes a look
        with Session(reading(engine)) as other:
            other.get(Position, "ann")
        assert watch.look() == first


def test_what_is_in_no_log_is_a_commit_and_where_technicians_are_a_change(
    engine: Engine, watch: Watch
) -> None:
    with Session(engine) as session:
        add_technician(session, "ann", at=0)
        session.commit()
    first = watch.look()
    with Session(engine) as session:
        session.add(Position(technician_id="ann", latitude=1, longitude=2, at=hanoi("08:00")))
        session.commit()
    second = watch.look()
    assert watch.since(first) == [ChangedEntity("position", "ann")]
    with Session(engine) as session:
        session.get_one(Position, "ann").latitude = 2
        session.commit()
    watch.look()
    assert watch.since(second) == [ChangedEntity("position", "ann")]
    with Session(engine) as session:
        session.connection().execute(text("UPDATE technician SET name = 'Anne'"))
        session.commit()
    third = watch.look()
    assert watch.since(third) == []
    assert third.commits > second.commits


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_however_much_is_logged_meanwhile_nothing_is_missed(engine: Engine, watch: Watch) -> None:
    first = watch.look()
    with Session(engine) as session:
        record(session, "dana", "change", Entity.JOB, "first")
        session.flush()
        happen(engine, *(str(number) for number in range(600)))
        second = watch.look()
        session.commit()
    watch.look()
    assert watch.since(second) == [ChangedEntity("job", "first")]
    assert ChangedEntity("job", "first") in (watch.since(first) or ())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_entry_that_is_committed_after_a_later_one_is_seen(engine: Engine, watch: Watch) -> None:
    first = watch.look()
    with Session(engine) as session:
        record(session, "dana", "change", Entity.JOB, "first")
        session.flush()
        happen(engine, "second")
        second = watch.look()
        session.commit()
    watch.look()
    assert watch.since(first) == [ChangedEntity("job", "second"), ChangedEntity("job", "first")]
    assert watch.since(second) == [ChangedEntity("job", "first")]


def test_too_much_is_not_told_one_by_one(
    engine: Engine, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "KEPT", 3)
    first = watch.look()
    happen(engine, *"abcde")
    second = watch.look()
    assert watch.since(first) is None
    happen(engine, "f")
    watch.look()
    assert watch.since(second) == [ChangedEntity("job", "f")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lost_connection_is_made_again(engine: Engine, watch: Watch) -> None:
    first = watch.look()
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    happen(engine, "a")
    watch.look()
    assert watch.since(first) == [ChangedEntity("job", "a")]
    assert watch.look() == watch.look()


def test_what_one_connection_says_is_not_compared_with_what_another_says(
    engine: Engine, watch: Watch
) -> None:
    first = watch.look()
    # What SQLite counts begins anew with each connection, and may come to the same.
    watch._hang_up()
    happen(engine, "a")
    assert watch.still() is None
    watch.look()
    assert watch.since(first) == [ChangedEntity("job", "a")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_can_be_asked_without_a_look_whether_anything_was_committed(
    engine: Engine, watch: Watch
) -> None:
    assert asked(watch) is None
    first = watch.look()
    assert [asked(watch) for _ in range(3)] == [first] * 3
    with Session(engine) as session:
        record(session, "dana", "change", Entity.JOB, "a")
        session.flush()
        assert asked(watch) == first
        session.commit()
    assert asked(watch) is None
    second = watch.look()
    assert asked(watch) == second != first


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_asks_does_not_take_an_old_answer_for_a_new_one(engine: Engine, watch: Watch) -> None:
    first = watch.look()
    assert watch.ask() is not None  # and its answer is waited for by nobody
    happen(engine, "a")
    assert asked(watch) is None
    assert watch.look() != first
    assert asked(watch) is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_is_lost_is_made_again(engine: Engine, watch: Watch) -> None:
    first = watch.look()
    with engine.connect() as connection:
        others = "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {others}"))
    assert asked(watch) is None
    happen(engine, "a")
    assert asked(watch) is None
    watch.look()
    second = watch.look()
    assert watch.since(first) == [ChangedEntity("job", "a")]
    assert asked(watch) == second


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_is_not_asked_since_it_knows_at_once(watch: Watch) -> None:
    seen = watch.look()
    assert watch.ask() is None
    assert watch.still() == seen
