"""The list of what has to be settled is made when something has changed, and listeners are told."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch import log
from dispatch.events.events import EventOut
from dispatch.events.feed import Feed
from dispatch.models import Job, JobStatus
from dispatch.planning.conflicts import Conflicts
from dispatch.service.issue_watch import CurrentIssues, IssueWatcher
from dispatch.service.watch import Watch
from dispatch.settings import Settings
from dispatch.settling.listing import list_issues
from dispatch.store import reading
from tests.dispatch.crew import add_job, hanoi
from tests.dispatch.waiting import until

EIGHT = hanoi("08:00")


class Looks:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number, self.goes_on = 0, threading.Event()
        self.goes_on.set()
        monkeypatch.setattr("dispatch.service.issue_watch.list_issues", self._look)

    def _look(self, *given: Any) -> Any:
        self.number += 1
        assert self.goes_on.wait(30)
        return list_issues(*given)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(EIGHT, tick=False) as clock:
        yield clock


@pytest.fixture
def monday(session: Session, clock: Any) -> Session:
    add_job(session, "due", due_at=hanoi("17:00"))
    session.commit()
    return session


@pytest.fixture
def watch(engine: Engine) -> Iterator[Watch]:
    watch = Watch(reading(engine))
    yield watch
    watch.close()


@pytest.fixture
def feed(settings: Settings) -> Iterator[Feed]:
    feed = Feed(settings)
    yield feed
    feed.stop()


@pytest.fixture
def current(
    engine: Engine, settings: Settings, watch: Watch, feed: Feed
) -> Iterator[CurrentIssues]:
    pool = reading(engine)
    current = CurrentIssues(pool, settings, Conflicts(pool, settings), watch, feed.tell)
    yield current
    current.stop()


def ids(current: CurrentIssues, watch: Watch) -> list[str]:
    return [issue.id for issue in current.as_of(watch.look()).issues]


def changed(session: Session, status: JobStatus) -> None:
    session.get_one(Job, "due").status = status
    log.record(session, "lan", "change", log.Entity.JOB, "due")
    session.commit()


def test_it_is_made_once_until_something_changes_or_the_minute_is_over(
    monday: Session,
    current: CurrentIssues,
    watch: Watch,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = Looks(monkeypatch)
    for _ in range(3):
        assert ids(current, watch) == ["no_place:due"]
    assert looks.number == 1
    log.record(monday, "lan", "change", log.Entity.WEBHOOK, "W-1")
    monday.commit()
    assert ids(current, watch) == ["no_place:due"]
    assert looks.number == 1
    changed(monday, JobStatus.ON_HOLD)
    assert ids(current, watch) == []
    assert looks.number == 2
    clock.shift(timedelta(minutes=1))
    assert ids(current, watch) == []
    assert looks.number == 3


def test_who_has_seen_more_is_not_given_what_was_made_before(
    monday: Session, current: CurrentIssues, watch: Watch
) -> None:
    before = watch.look()
    assert current.as_of(before).issues
    changed(monday, JobStatus.ON_HOLD)
    assert current.as_of(watch.look()).issues == []
    # And who has seen less is given what is known by now.
    assert current.as_of(before).issues == []


def test_who_cannot_wait_is_given_what_was_made_before_and_told_so(
    monday: Session, current: CurrentIssues, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(monkeypatch)
    assert current.as_of(watch.look(), 0).is_current
    changed(monday, JobStatus.ON_HOLD)
    looks.goes_on.clear()
    for _ in range(3):
        old = current.as_of(watch.look(), 0)
        assert ([issue.id for issue in old.issues], old.is_current) == (["no_place:due"], False)
    looks.goes_on.set()
    new = current.as_of(watch.look())
    assert (new.issues, new.is_current) == ([], True)
    # One was under way, and one for all who came meanwhile.
    assert looks.number <= 3


def test_listeners_are_told_what_has_come_and_what_has_gone_whoever_had_it_made(
    monday: Session, current: CurrentIssues, watch: Watch, feed: Feed
) -> None:
    watcher = IssueWatcher(current, watch, feed)
    feed.start()
    told: list[EventOut] = []
    with feed.listen(None, threading.Event().set) as listener:
        until(lambda: listener.has_begun)

        def is_told(number: int) -> bool:
            told.extend(event for event in listener.take() or () if event.entity == "issue")
            return len(told) == number

        watcher.look()
        watcher.look()
        assert is_told(0)
        changed(monday, JobStatus.ON_HOLD)
        watcher.look()
        until(lambda: is_told(1))
        add_job(monday, "new", due_at=hanoi("17:00"))
        log.record(monday, "lan", "create", log.Entity.JOB, "new")
        monday.commit()
        current.as_of(watch.look())
        until(lambda: is_told(2))
    assert [(event.type, event.id) for event in told] == [("issue.changed", None)] * 2
    assert [event.after for event in told] == [
        {"opened": [], "ended": ["no_place:due"], "count": 0},
        {"opened": ["no_place:new"], "ended": [], "count": 1},
    ]


def test_while_nobody_listens_nothing_is_made(
    monday: Session,
    current: CurrentIssues,
    watch: Watch,
    feed: Feed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = Looks(monkeypatch)
    IssueWatcher(current, watch, feed).look()
    assert looks.number == 0
