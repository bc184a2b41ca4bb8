"""What listeners take from the feed, look by look."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, delete

from dispatch import log
from dispatch.events import feed as feeds
from dispatch.events.events import newest_entry
from dispatch.events.feed import Feed, Listener
from dispatch.models import LogEntry, LogStart
from dispatch.settings import Settings
from dispatch.store import reading


@pytest.fixture
def feed(settings: Settings) -> Iterator[Feed]:
    """One that looks only when it is told to."""
    feed = Feed(settings)
    yield feed
    feed.stop()


def happen(engine: Engine, *names: str) -> None:
    with Session(engine) as session:
        for name in names:
            log.record(session, "lan", "change", log.Entity.JOB, name)
            session.flush()
        session.commit()


def newest(engine: Engine) -> int:
    with Session(reading(engine)) as session:
        return newest_entry(session)


def taken(listener: Listener) -> list[str]:
    """Everything there is to take."""
    found = []
    while True:
        events = listener.take()
        if events == []:
            return found
        found += [event.entity_id for event in events or listener.catch_up().result()]


def nothing() -> None:
    """Wakes nobody."""


def test_a_listener_takes_each_event_once(feed: Feed, engine: Engine) -> None:
    happen(engine, "before")
    with feed.listen(None, nothing) as listener:
        assert taken(listener) == []
        feed._look()
        assert taken(listener) == []
        happen(engine, "a", "b")
        feed._look()
        assert taken(listener) == ["a", "b"]
        assert taken(listener) == []


def test_a_listener_is_woken_when_there_is_something_to_take(feed: Feed, engine: Engine) -> None:
    woken: list[int] = []
    with feed.listen(None, lambda: woken.append(1)):
        feed._look()
        del woken[:]
        feed._look()
        assert woken == []
        happen(engine, "a")
        feed._look()
        assert woken == [1]


def test_who_comes_from_a_service_that_was_ahead_gets_nothing_twice(
    feed: Feed, engine: Engine
) -> None:
    with feed.listen(None, nothing):
        feed._look()
        happen(engine, "a", "b")
        with feed.listen(newest(engine) - 1, nothing) as ahead:
            assert taken(ahead) == []
            happen(engine, "c")
            feed._look()
            assert taken(ahead) == ["b", "c"]


def test_who_has_fallen_behind_what_is_kept_reads_on_from_the_database(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "KEPT", 3)
    monkeypatch.setattr(feeds, "AT_ONCE", 2)
    small = Feed(settings)
    with small.listen(None, nothing) as slow, small.listen(None, nothing) as quick:
        small._look()
        assert taken(slow) == taken(quick) == []
        heard = []
        for name in "abcdefgh":
            happen(engine, name)
            small._look()
            heard += taken(quick)
        assert slow.take() is None
        assert taken(slow) == heard == list("abcdefgh")
    small.stop()


def test_when_the_last_listener_leaves_nothing_is_kept(feed: Feed, engine: Engine) -> None:
    with feed.listen(None, nothing) as listener:
        feed._look()
        assert taken(listener) == []
        last = listener.last
        happen(engine, "a")
        feed._look()
        assert taken(listener) == ["a"]
    happen(engine, "b")
    feed._look()
    assert not feed._kept
    with feed.listen(last, nothing) as listener:
        happen(engine, "c")
        feed._look()
        assert taken(listener) == ["a", "b", "c"]


def test_who_was_away_for_longer_than_the_log_goes_back_is_told_so(
    feed: Feed, engine: Engine
) -> None:
    at = datetime(2020, 1, 1, tzinfo=UTC)
    with Session(engine) as session:
        for name in "abc":
            entry = LogEntry(at=at, actor="lan", action="change", entity="job", entity_id=name)
            session.add(entry)
            session.flush()
        gone = newest_entry(session) - 1
        session.add(LogStart(removed_upto=gone))
        session.flush()
        session.exec(delete(LogEntry).where(col(LogEntry.id) <= gone))
        session.commit()
    with feed.listen(gone - 1, nothing) as listener:
        feed._look()
        [reset] = listener.catch_up().result()
        assert (reset.type, reset.id) == ("feed.reset", gone)
        assert reset.after == {"asked_for": gone - 1, "continues_behind": gone}
        assert taken(listener) == ["c"]
    with feed.listen(gone, nothing) as listener:
        feed._look()
        assert taken(listener) == ["c"]
