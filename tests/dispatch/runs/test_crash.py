"""What is left when a process is killed in the middle of a run."""

import multiprocessing
import os
import signal
import threading
from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.models import Job, Route, Run, RunStatus, Stop, now
from dispatch.runs import runs
from dispatch.runs.execution import execute_run
from dispatch.runs.runner import Runner
from dispatch.runs.runs import PlanRequest, RunOut, watch_runs
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import add_job, add_technician
from tests.dispatch.waiting import until

SILENCE = timedelta(seconds=3)
"""Several heartbeats long."""
JOBS = [f"j{number}" for number in range(6)]


def company(engine: Engine) -> None:
    with Session(engine) as session:
        add_technician(session, "ann", at=0)
        add_technician(session, "bob", at=6)
        for number, name in enumerate(JOBS):
            add_job(session, name, at=number)
        session.commit()


def request(engine: Engine, settings: Settings, seconds: float) -> str:
    day = now().astimezone(settings.zone).date() + timedelta(days=7)
    with Session(engine) as session:
        wanted = PlanRequest(starts_on=day, seconds=seconds, publish=True)
        run = runs.request_run(session, wanted, actor="dana", settings=settings)
        session.commit()
    return run.id


def look(engine: Engine, run_id: str) -> RunOut:
    with Session(reading(engine)) as session:
        return runs.read_run(session, run_id)


def in_force(engine: Engine) -> dict[str | None, tuple[int | None, str]]:
    """Route and technician of every job on a live stop."""
    with Session(reading(engine)) as session:
        rows = session.exec(
            select(Stop, Route)
            .join(Route, col(Route.id) == Stop.route_id)
            .where(col(Stop.live), col(Route.live))
        ).all()
        assert len({stop.job_id for stop, _ in rows}) == len(rows)
        return {stop.job_id: (route.id, route.technician_id) for stop, route in rows}


def test_a_run_whose_process_is_killed_is_finished_by_the_next_one(
    engine: Engine, settings: Settings
) -> None:
    company(engine)
    execute_run(settings.database_url, request(engine, settings, 0.1), settings)
    published = in_force(engine)
    assert set(published) == set(JOBS)

    with Session(engine) as session:
        add_job(session, "accepted-later", at=3)
        session.commit()
    run = request(engine, settings, 600)
    engine.dispose()  # no connection may be shared with the child
    worker = multiprocessing.get_context("spawn").Process(
        target=execute_run, args=(settings.database_url, run, settings)
    )
    worker.start()
    until(lambda: look(engine, run).objective is not None)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()

    assert look(engine, run).status == RunStatus.RUNNING
    assert in_force(engine) == published
    with Session(engine) as session:
        later = now() + timedelta(seconds=settings.heartbeat_timeout_seconds + 1)
        assert watch_runs(session, settings, later) == {run: RunStatus.QUEUED}
        session.get_one(Run, run).seconds = 0.1
        session.commit()
    execute_run(settings.database_url, run, settings)

    done = look(engine, run)
    assert (done.status, done.attempts, done.plan_version) == (RunStatus.FINISHED, 2, 2)
    with Session(reading(engine)) as session:
        assert set(session.exec(select(Job.id))) == {*JOBS, "accepted-later"}
    assert set(in_force(engine)) == {*JOBS, "accepted-later"}


def serve(settings: Settings) -> None:
    Runner(settings).start()
    threading.Event().wait()


def test_workers_do_not_outlive_a_service_that_is_killed(
    engine: Engine, settings: Settings
) -> None:
    company(engine)
    run = request(engine, settings, 600)
    engine.dispose()
    service = multiprocessing.get_context("spawn").Process(target=serve, args=(settings,))
    service.start()
    until(lambda: look(engine, run).objective is not None)
    assert service.pid is not None
    os.kill(service.pid, signal.SIGKILL)
    service.join()

    def is_silent() -> bool:
        heartbeat_at = look(engine, run).heartbeat_at
        return heartbeat_at is not None and now() - heartbeat_at > SILENCE

    until(is_silent)
    assert look(engine, run).status == RunStatus.RUNNING
    assert in_force(engine) == {}
