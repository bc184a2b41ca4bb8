"""Runs asked for and executed in the test's own process, by iterations instead of by the clock."""

from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from sqlmodel import Session

from dispatch.runs import execution, runs
from dispatch.runs.execution import execute_run
from dispatch.runs.runs import PlanRequest, RunOut
from dispatch.settings import Settings
from solver.solve import Limit
from tests.dispatch.crew import (
    MONDAY,
    add_job,
    add_technician,
)

A_MOMENT = 0.1
"""Seconds that are asked for."""
ITERATIONS = 2_000
"""So many find the best plan of what is planned here, however busy the machine is."""


def request(session: Session, settings: Settings, **details: Any) -> RunOut:
    details = {"starts_on": MONDAY, "seconds": A_MOMENT} | details
    found = runs.request_run(session, PlanRequest(**details), actor="dana", settings=settings)
    session.commit()
    return found


def executed(session: Session, settings: Settings, **details: Any) -> RunOut:
    return execute(session, settings, request(session, settings, **details).id)


def execute(session: Session, settings: Settings, run_id: str, **options: Any) -> RunOut:
    session.rollback()  # SQLite has one writer at a time
    with by_iterations():
        execute_run(settings.database_url, run_id, settings, **options)
    return runs.read_run(session, run_id)


def by_iterations() -> AbstractContextManager[object]:
    """Runs of less than a second, executed in this process, search by iterations meanwhile."""
    return patch.object(execution, "Limit", _by_iterations)


def _by_iterations(seconds: float) -> Limit:
    return Limit(iterations=ITERATIONS) if seconds < 1 else Limit(seconds=seconds)


def small_company(session: Session) -> None:
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=6)
    for number in range(4):
        add_job(session, f"j{number}", at=number)
    session.commit()
