"""Several sessions do things to jobs at the same time, on both databases."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from dispatch.errors import Conflict, DispatchError
from dispatch.intake import JobChange, NewJob
from dispatch.jobs import jobs
from dispatch.jobs.details import JobOut
from dispatch.models import Job
from dispatch.settings import Settings
from tests.dispatch.companies import add_company


@pytest.fixture(autouse=True)
def company(session: Session) -> None:
    add_company(session)


def new(id_: str | None = None) -> NewJob:
    return NewJob(id=id_, site_id="S-1", title="Máy lạnh không mát", duration_minutes=60)


def count_jobs(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Job)).one()


def at_once(engine: Engine, times: int, call: Callable[[Session], Any]) -> list[Any]:
    """Results, or domain errors, of that many calls that start together, each committed."""
    start = threading.Barrier(times)

    def run() -> Any:
        with Session(engine) as session:
            start.wait()
            try:
                result = call(session)
                session.commit()
            except DispatchError as error:
                return error
            return result

    with ThreadPoolExecutor(times) as pool:
        return [done.result() for done in [pool.submit(run) for _ in range(times)]]


def test_two_sessions_with_the_same_key_at_once_make_one_job(
    engine: Engine, session: Session, settings: Settings
) -> None:
    results = at_once(
        engine,
        4,
        lambda own: jobs.create_job(own, new(), actor="app", settings=settings, key="k1"),
    )
    assert len({job.id for job, _ in results}) == 1
    assert sorted(made for _, made in results) == [False, False, False, True]
    assert count_jobs(session) == 1


def test_of_two_sessions_with_the_same_id_at_once_one_wins(
    engine: Engine, session: Session, settings: Settings
) -> None:
    results = at_once(
        engine,
        4,
        lambda own: jobs.create_job(own, new("WO-1"), actor="app", settings=settings),
    )
    assert sum(isinstance(result, Conflict) for result in results) == 3
    assert count_jobs(session) == 1


def test_of_two_changes_to_the_same_revision_at_once_one_wins(
    engine: Engine, session: Session, settings: Settings
) -> None:
    job, _ = jobs.create_job(session, new(), actor="lan", settings=settings)
    session.commit()
    numbers = iter(range(10, 20))

    def prolong(own: Session) -> JobOut:
        wanted = JobChange(duration_minutes=next(numbers))
        return jobs.change_job(
            own, job.id, wanted, actor="lan", settings=settings, expected_tags=["1"]
        )

    results = at_once(engine, 4, prolong)
    assert sum(isinstance(result, Conflict) for result in results) == 3
    assert jobs.read_job(session, job.id).revision == 2
