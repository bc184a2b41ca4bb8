"""Changes by hand made in tests, by Dana at eight on Monday."""

from datetime import date, datetime

import pytest
from sqlmodel import Session

from dispatch.errors import Conflict
from dispatch.manual_changes import ChangeToMake, Override, make_change
from dispatch.manual_versions import ChangeMade
from dispatch.settings import Settings
from dispatch.undoing import undo_change
from tests.dispatch.crew import MONDAY, hanoi
from tests.dispatch.drafting import everything

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
