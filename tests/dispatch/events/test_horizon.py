"""Nothing written to the log is skipped by who reads it, however transactions interleave."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch import log
from dispatch.events.events import events_between, newest_entry
from dispatch.events.horizon import LogHorizon
from dispatch.store import reading

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Reader:
    """Reads on from where it was, up to the horizon, as everybody does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._horizon = LogHorizon(engine)
        self._last: int | None = None
        self.read: list[str] = []

    def go_on(self) -> list[str]:
        """Everything read so far."""
        settled = self._horizon.find()
        if settled is not None and self._last is None:
            self._last = settled
        if settled is not None and self._last is not None:
            with Session(reading(self._engine)) as session:
                events, self._last = events_between(session, self._last, settled, 1000)
            self.read += [event.entity_id for event in events]
        return self.read


def write(session: Session, name: str) -> None:
    log.record(session, "lan", "change", log.Entity.JOB, name)
    session.flush()


@pytest.fixture
def reader(engine: Engine) -> Reader:
    """Begins behind an entry, after which ids follow one by one."""
    with Session(engine) as session:
        write(session, "earlier")
        session.commit()
    reader = Reader(engine)
    reader.go_on()
    return reader


@pytest.fixture
def writers(engine: Engine) -> Iterator[list[Session]]:
    """Three transactions that can be under way at once."""
    with ExitStack() as sessions:
        yield [sessions.enter_context(Session(engine)) for _ in range(3)]


def test_what_is_committed_is_read_in_order(engine: Engine, reader: Reader) -> None:
    for names in (["a", "b"], ["c"]):
        with Session(engine) as session:
            for name in names:
                write(session, name)
            session.commit()
    assert reader.go_on() == ["a", "b", "c"]


@POSTGRESQL
def test_an_entry_that_is_committed_later_than_a_higher_one_is_not_skipped(
    reader: Reader, writers: list[Session]
) -> None:
    early, late, _ = writers
    write(early, "a")
    write(late, "b")
    late.commit()
    assert reader.go_on() == []
    early.commit()
    assert reader.go_on() == ["a", "b"]


@POSTGRESQL
def test_what_comes_before_a_missing_entry_is_not_kept_back(
    reader: Reader, writers: list[Session]
) -> None:
    first, open_, last = writers
    write(first, "a")
    write(open_, "b")
    write(last, "c")
    first.commit()
    last.commit()
    assert reader.go_on() == ["a"]


@POSTGRESQL
def test_an_entry_that_is_taken_back_holds_up_nobody(
    reader: Reader, writers: list[Session]
) -> None:
    early, late, _ = writers
    write(early, "a")
    write(late, "b")
    late.commit()
    early.rollback()
    assert reader.go_on() == ["b"]


@POSTGRESQL
def test_writers_that_begin_later_do_not_keep_back_what_is_settled(
    reader: Reader, writers: list[Session]
) -> None:
    early, late, later = writers
    write(early, "a")
    write(late, "b")
    late.commit()
    assert reader.go_on() == []
    write(later, "c")
    early.rollback()
    assert reader.go_on() == ["b"]


@POSTGRESQL
def test_who_begins_to_read_waits_for_what_is_under_way(
    engine: Engine, writers: list[Session]
) -> None:
    open_, *_ = writers
    write(open_, "a")
    horizon = LogHorizon(engine)
    assert horizon.find() is None
    open_.commit()
    assert horizon.find() == newest_entry(open_)


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["write", "write", "commit", "rollback", "read"])),
    max_size=25,
)


@POSTGRESQL
def test_every_committed_entry_is_read_once_and_in_order(engine: Engine) -> None:
    @given(STEPS)
    def interleave(steps: list[tuple[int, str]]) -> None:
        reader = Reader(engine)
        reader.go_on()
        written: dict[int, list[str]] = {0: [], 1: [], 2: []}
        committed: list[str] = []
        with ExitStack() as sessions:
            writers = [sessions.enter_context(Session(engine)) for _ in written]
            for number, (who, step) in enumerate(steps):
                match step:
                    case "write":
                        write(writers[who], f"{number:02}")
                        written[who].append(f"{number:02}")
                    case "commit":
                        writers[who].commit()
                        committed += written[who]
                        written[who] = []
                    case "rollback":
                        writers[who].rollback()
                        written[who] = []
                    case _:
                        assert set(reader.go_on()) <= set(committed)
        for _ in range(3):
            reader.go_on()
        assert reader.read == sorted(committed)

    interleave()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_after_the_other_every_committed_entry_is_read_once(engine: Engine) -> None:
    """SQLite lets nobody else write while a transaction does."""

    @given(st.lists(st.sampled_from(["commit", "rollback", "read"]), max_size=25))
    def take_turns(steps: list[str]) -> None:
        reader = Reader(engine)
        reader.go_on()
        committed = []
        for number, step in enumerate(steps):
            if step == "read":
                assert reader.go_on() == committed
                continue
            with Session(engine) as session:
                write(session, f"{number:02}")
                reader.go_on()
                if step == "commit":
                    session.commit()
                    committed.append(f"{number:02}")
        assert reader.go_on() == committed

    take_turns()
