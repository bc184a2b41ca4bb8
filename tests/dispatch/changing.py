"""Changes by hand made in tests, by Dana at eight on Monday."""

import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Barrier

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.by_hand.carrying_out import Override
from dispatch.by_hand.changes import ChangeToMake, make_change
from dispatch.by_hand.undoing import undo_change
from dispatch.by_hand.versions import ChangeMade
from dispatch.errors import Conflict
from dispatch.models import JobStatus, Plan
from dispatch.settings import Settings
from dispatch.store import AWAY
from tests.dispatch.crew import MONDAY, hanoi
from tests.dispatch.drafting import everything, status

EIGHT = hanoi("08:00")


def change(
    session: Session,
    settings: Settings,
    job_id: str,
    technician: str | None,
    clock: str | None = None,
    *,
    day: date = MONDAY,
    hold: bool = False,
    reason: str | None = None,
    plan_version: int | None = None,
    at: datetime = EIGHT,
) -> ChangeMade:
    wanted = ChangeToMake(
        job_id=job_id,
        technician_id=technician,
        start_at=None if clock is None else hanoi(clock, day),
        hold=hold,
        day=day,
        override=None if reason is None else Override(reason=reason),
        plan_version=plan_version,
    )
    found = make_change(session, wanted, settings, actor="dana", at=at)
    session.commit()
    return found


def undo(
    session: Session, settings: Settings, made: ChangeMade, at: datetime = EIGHT
) -> ChangeMade:
    found = undo_change(session, made.plan_version, settings, actor="dana", at=at)
    session.commit()
    return found


def drag_at_once(
    engine: Engine, settings: Settings, drag: Callable[[Session, random.Random], ChangeMade]
) -> None:
    """Three dispatchers do so six times each, and sometimes undo it; not all of it is refused."""
    start = Barrier(3)

    def drags(name: str) -> int:
        dice, refused = random.Random(name), 0
        start.wait()
        for _ in range(6):
            with Session(engine) as session:
                try:
                    made = drag(session, dice)
                    if dice.random() < 0.3:
                        undo(session, settings, made)
                except (Conflict, *AWAY):
                    session.rollback()
                    refused += 1
        return refused

    with ThreadPoolExecutor(3) as pool:
        refusals = [pool.submit(drags, name) for name in "dhk"]
        assert sum(one.result(timeout=120) for one in refusals) < 18


def nothing_is_lost_or_doubled(
    session: Session, placed: Sequence[str], names: Iterable[str]
) -> None:
    """Of these jobs, which are ``placed`` on the routes in force or open; nor is a version."""
    assert len(placed) == len(set(placed))
    for name in names:
        assert status(session, name) == (JobStatus.SCHEDULED if name in placed else JobStatus.OPEN)
    versions = session.exec(select(Plan.version).where(col(Plan.version).is_not(None))).all()
    assert sorted(versions) == list(range(1, len(versions) + 1))


def refused_change(
    session: Session, settings: Settings, job_id: str, technician: str | None, **details: object
) -> list[str]:
    """Codes of what stood in the way of a change that changed nothing."""
    before = everything(session)
    with pytest.raises(Conflict) as error:
        change(session, settings, job_id, technician, **details)  # type: ignore[arg-type]
    session.rollback()
    assert everything(session) == before
    return [fault.code for fault in error.value.faults]


def refused_undo(
    session: Session, settings: Settings, made: ChangeMade, at: datetime = EIGHT
) -> set[str]:
    before = everything(session)
    with pytest.raises(Conflict) as error:
        undo(session, settings, made, at)
    session.rollback()
    assert everything(session) == before
    return {fault.code for fault in error.value.faults}
