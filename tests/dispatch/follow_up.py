"""The company changes, and the service follows."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch import log
from dispatch.models import Placement
from dispatch.placing.following import Follower
from dispatch.placing.placer import place_waiting
from dispatch.planning.conflicts import Conflicts, broken_visits
from dispatch.planning.live_days import LiveDays
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import hanoi

EIGHT = hanoi("08:00")
Change = Callable[[Session], object]


def changed(session: Session, change: Change) -> None:
    """As by an import in another process: rows, and an entry in the log."""
    change(session)
    log.record(session, "dana", "import", log.Entity.FOLDER, "monday")
    session.commit()
    session.expire_all()


def follow(session: Session, settings: Settings, at: datetime = EIGHT) -> dict[str, Placement]:
    """What the service does, until nothing is left to do; by job, the last wish for a place."""
    session.commit()
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    days, conflicts = LiveDays(reading(engine), settings), Conflicts(reading(engine), settings)
    follower = Follower(engine, settings, conflicts)
    while place_waiting(engine, days, settings, at) or follower.look(at):
        pass
    session.expire_all()
    rows = session.exec(select(Placement).order_by(col(Placement.id))).all()
    return {row.job_id: row for row in rows}


def everything_holds(session: Session, settings: Settings, at: datetime = EIGHT) -> bool:
    return not broken_visits(session, settings, at)
