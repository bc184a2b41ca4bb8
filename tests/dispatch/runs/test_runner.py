import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing import forkserver
from typing import cast
from unittest.mock import patch

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.models import Run, RunStatus, now
from dispatch.runs import runner, runs
from dispatch.runs.runner import Runner
from dispatch.runs.runs import PlanRequest, RunOut
from dispatch.runs.workers import Worker
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import add_job, add_technician
from tests.dispatch.waiting import until


@pytest.fixture
def company(engine: Engine) -> Engine:
    with Session(engine) as session:
        add_technician(session, "ann")
        add_job(session, "j1", at=1)
        add_job(session, "j2", at=2)
        session.commit()
    return engine


def request(engine: Engine, settings: Settings, seconds: float) -> str:
    day = now().astimezone(settings.zone).date() + timedelta(days=7)
    with Session(engine) as session:
        run = runs.request_run(
            session,
            PlanRequest(starts_on=day, seconds=seconds, publish=True),
            actor="dana",
            settings=settings,
        )
        session.commit()
    return run.id


def look(engine: Engine, run_id: str) -> RunOut:
    with Session(reading(engine)) as session:
        return runs.read_run(session, run_id)


@contextmanager
def started(settings: Settings) -> Iterator[Runner]:
    found = Runner(settings)
    found.start()
    try:
        yield found
    finally:
        found.stop()


def test_queued_runs_are_taken_up_though_nobody_submits_them(
    company: Engine, settings: Settings
) -> None:
    first, second = (request(company, settings, 0.1) for _ in range(2))
    with started(settings) as found:
        assert found.is_alive
        until(lambda: look(company, second).status == RunStatus.FINISHED)
        third = request(company, settings, 0.1)
        found.submit(third)
        until(lambda: look(company, third).status == RunStatus.FINISHED)
    assert look(company, first).plan_version == 1
    assert not found.is_alive


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_all_processes_start_before_there_is_a_run(company: Engine, settings: Settings) -> None:
    before = set(multiprocessing.active_children())
    with started(settings.model_copy(update={"solver_processes": 2})):
        until(lambda: len(set(multiprocessing.active_children()) - before) == 2)


@contextmanager
def at_work(engine: Engine, settings: Settings) -> Iterator[tuple[Runner, str]]:
    """A runner in the midst of a run that would go on for minutes."""
    run = request(engine, settings, 600)
    with started(settings) as runner:
        until(lambda: look(engine, run).objective is not None)
        yield runner, run


def test_a_run_goes_back_to_the_queue_when_the_service_stops(
    company: Engine, settings: Settings
) -> None:
    with at_work(company, settings) as (_, run):
        pass
    back = look(company, run)
    assert (back.status, back.attempts, back.plan_id) == (RunStatus.QUEUED, 0, None)


def pid_of_worker(engine: Engine, run_id: str) -> int:
    with Session(reading(engine)) as session:
        owner = session.get_one(Run, run_id).owner
    assert owner is not None
    return int(owner.split("/")[1])


def test_a_worker_that_is_silent_but_alive_is_not_taken_for_dead(
    company: Engine, settings: Settings
) -> None:
    impatient = settings.model_copy(update={"heartbeat_timeout_seconds": 2.0})
    with at_work(company, impatient) as (_, run):
        worker = pid_of_worker(company, run)
        # Right after it wrote its progress, as nobody else does: stopped inside a transaction it
        # would keep the row, or all of SQLite, from everybody.
        last = look(company, run).progress
        until(lambda: look(company, run).progress > last)
        os.kill(worker, signal.SIGSTOP)
        try:
            silent_since = now()
            until(lambda: heard_of(company, run) > silent_since + timedelta(seconds=2))
        finally:
            os.kill(worker, signal.SIGCONT)


def heard_of(engine: Engine, run_id: str) -> datetime:
    heartbeat_at = look(engine, run_id).heartbeat_at
    assert heartbeat_at is not None
    return heartbeat_at


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_death_of_a_worker_is_survived(company: Engine, settings: Settings) -> None:
    with at_work(company, settings) as (found, run):
        os.kill(pid_of_worker(company, run), signal.SIGKILL)
        after = request(company, settings, 0.1)
        until(lambda: look(company, after).status == RunStatus.FINISHED)
        assert found.is_alive
    dead = look(company, run)
    assert dead.status == RunStatus.FAILED
    assert "it was ended by SIGKILL" in (dead.failure or "")
    assert "[process_died]" in (dead.failure or "")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_death_of_what_workers_are_forked_off_is_survived(
    company: Engine, settings: Settings
) -> None:
    with at_work(company, settings) as (_, run):
        server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
        os.kill(server, signal.SIGKILL)
        after = request(company, settings, 0.1)
        until(lambda: look(company, after).status == RunStatus.FINISHED)
    lost = look(company, run)
    assert lost.status == RunStatus.FAILED
    assert "the process it was forked from has ended" in (lost.failure or "")


def test_a_worker_that_dies_takes_only_its_own_run_with_it(
    company: Engine, settings: Settings
) -> None:
    two = settings.model_copy(update={"solver_processes": 2})
    victim, other = (request(company, two, 600) for _ in range(2))
    with started(two):
        until(lambda: look(company, victim).status == RunStatus.RUNNING)
        until(lambda: look(company, other).status == RunStatus.RUNNING)
        survivor = pid_of_worker(company, other)
        os.kill(pid_of_worker(company, victim), signal.SIGSEGV)
        until(lambda: look(company, victim).status == RunStatus.FAILED)
        after = request(company, two, 0.1)
        until(lambda: look(company, after).status == RunStatus.FINISHED)
        # It is being worked on still, by the same process and for the first time.
        last = look(company, other).progress
        until(lambda: look(company, other).progress > last)
        assert (pid_of_worker(company, other), look(company, other).attempts) == (survivor, 1)
        with Session(company) as session:
            runs.cancel_run(session, other, actor="dana")
            session.commit()
        until(lambda: look(company, other).status == RunStatus.CANCELLED)
    assert look(company, other).plan_id is not None
    assert "SIGSEGV" in (look(company, victim).failure or "")


def test_a_worker_that_dies_before_it_has_taken_up_its_run_fails_it_too(
    company: Engine, settings: Settings
) -> None:
    run = request(company, settings, 600)
    with Session(company) as session:
        assert runs.fail_dead(session, run, "here/1/", "it ended with status 1")
        session.commit()
    assert look(company, run).status == RunStatus.FAILED


def test_a_run_that_another_process_has_by_now_is_left_to_it(
    company: Engine, settings: Settings
) -> None:
    run = request(company, settings, 600)
    with Session(company) as session:
        row = session.get_one(Run, run)
        row.status, row.owner = RunStatus.RUNNING, "here/12/abc"
        session.commit()
        assert not runs.fail_dead(session, run, "here/1/", "it ended with status 1")
        assert runs.fail_dead(session, run, "here/12/", "it ended with status 1")


class Dying:
    """A worker that dies between two questions, whichever they are."""

    run_id: str | None = "run-1"
    pid = 4711
    was_ready = True

    def __init__(self) -> None:
        self._questions = 0

    def is_done(self) -> bool:
        return False

    @property
    def is_alive(self) -> bool:
        self._questions += 1
        return self._questions == 1

    def cause_of_death(self) -> str | None:
        self._questions += 1
        return None if self._questions == 1 else "it was ended by SIGKILL"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_death_is_lost_however_soon_it_comes_after_a_look(settings: Settings) -> None:
    found = Runner(settings.model_copy(update={"solver_processes": 1}))
    found._workers = [cast(Worker, Dying())]
    with patch.object(runner, "Worker"):
        found._look_after_workers()
        found._look_after_workers()
    assert found._died == [("run-1", 4711, "it was ended by SIGKILL")]
    found.stop()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_dies_before_being_ready_is_not_replaced_at_once(settings: Settings) -> None:
    found = Runner(settings.model_copy(update={"solver_processes": 1}))
    dying = Dying()
    dying.run_id, dying.was_ready = None, False
    found._workers = [cast(Worker, dying)]
    with patch.object(runner, "Worker") as start:
        for _ in range(5):
            found._look_after_workers()
    assert not start.called
    assert found._died == []
    found.stop()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_processes_the_queue_is_left_to_others(company: Engine, settings: Settings) -> None:
    run = request(company, settings, 0.1)
    with started(settings.model_copy(update={"solver_processes": 0})) as found:
        assert found.is_alive
        found.submit(run)
    assert look(company, run).status == RunStatus.QUEUED


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_that_hangs_is_given_up(
    company: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "OVERRUN_FACTOR", 0)
    monkeypatch.setattr(runner, "OVERRUN_SECONDS", 3.0)
    run = request(company, settings, 600)
    with started(settings):
        until(lambda: look(company, run).status == RunStatus.RUNNING)
        monkeypatch.setattr(runner, "OVERRUN_SECONDS", 600.0)
        after = request(company, settings, 0.1)
        until(lambda: look(company, after).status == RunStatus.FINISHED)
    hung = look(company, run)
    assert (hung.status, "it ended with status 1" in (hung.failure or "")) == (
        RunStatus.FAILED,
        True,
    )
