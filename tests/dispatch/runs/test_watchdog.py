from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.models import (
    Run,
    RunStatus,
)
from dispatch.models import now as clock
from dispatch.runs import runs
from dispatch.runs.runs import watch_runs
from dispatch.settings import Settings
from tests.dispatch.crew import (
    SUNDAY_EVENING,
)
from tests.dispatch.running import execute, request


@pytest.fixture(autouse=True)
def sunday_evening() -> Iterator[None]:
    with time_machine.travel(SUNDAY_EVENING):
        yield


# The watchdog


def running(session: Session, settings: Settings, silent_for: float, **columns: Any) -> str:
    run = request(session, settings)
    row = session.get_one(Run, run.id)
    row.status = RunStatus.RUNNING
    row.owner = "a process"
    row.attempts = 1
    row.heartbeat_at = clock() - timedelta(seconds=silent_for)
    for name, value in columns.items():
        setattr(row, name, value)
    session.commit()
    return run.id


def test_a_run_that_was_heard_of_is_left_alone(session: Session, settings: Settings) -> None:
    run = running(session, settings, settings.heartbeat_timeout_seconds - 1)
    assert watch_runs(session, settings, SUNDAY_EVENING) == {}
    assert runs.read_run(session, run).status == RunStatus.RUNNING


def test_a_run_whose_process_died_is_queued_again_once(
    session: Session, settings: Settings
) -> None:
    run = running(session, settings, 60)
    assert watch_runs(session, settings, clock()) == {run: RunStatus.QUEUED}
    session.commit()
    assert watch_runs(session, settings, clock()) == {}
    found = execute(session, settings, run)
    assert (found.status, found.attempts) == (RunStatus.FINISHED, 2)


def test_a_run_whose_process_died_twice_fails_with_its_cause(
    session: Session, settings: Settings
) -> None:
    run = running(session, settings, 60, attempts=2)
    assert watch_runs(session, settings, clock()) == {run: RunStatus.FAILED}
    session.commit()
    found = runs.read_run(session, run)
    assert found.status == RunStatus.FAILED
    assert found.failure is not None
    assert "a process" in found.failure
    assert "has died, for the 2nd time." in found.failure
    assert found.finished_at is not None


def test_a_run_that_should_have_been_cancelled_when_its_process_died_is(
    session: Session, settings: Settings
) -> None:
    run = running(session, settings, 60, cancel_requested=True)
    assert watch_runs(session, settings, clock()) == {run: RunStatus.CANCELLED}
    session.commit()
    assert "and has died. It was cancelled" in (runs.read_run(session, run).failure or "")


def test_two_watchdogs_take_care_of_a_run_once(
    session: Session, engine: Engine, settings: Settings
) -> None:
    running(session, settings, 60)

    def watch(_: int) -> int:
        with Session(engine) as other:
            found = watch_runs(other, settings, clock())
            other.commit()
            return len(found)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(watch, range(4))) == 1
