"""A database with a company to look at."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, exists, select

from dispatch.demo.machines import watch_machines
from dispatch.files.folder import import_folder
from dispatch.local_time import start_of
from dispatch.models import Job, Route, Technician
from dispatch.runs.runs import PlanRequest, RunOut, request_run
from dispatch.settings import Settings

ACTOR = "demo"


def set_up(
    session: Session, folders: Iterable[Path], *, settings: Settings, at: datetime
) -> RunOut | None:
    """Fill an empty database, its jobs moved to the local day of ``at``, and queue that day's plan.

    It is for the whole day, whatever the hour, and is published once it is there. Data that are
    there already are left alone (None). Raises ``InvalidInput``.
    """
    if session.exec(select(exists(select(Technician)) | exists(select(Job)))).one():
        return None
    today = at.astimezone(settings.zone).date()
    for folder in folders:
        import_folder(session, folder, actor=ACTOR, settings=settings, move_to=today)
    watch_machines(session, actor=ACTOR)
    request = PlanRequest(starts_on=today, publish=True)
    midnight = start_of(today, settings.zone)
    return request_run(
        session, request, actor=ACTOR, settings=settings, at=at, plans_from_at=midnight
    )


def planned_routes(session: Session, settings: Settings, at: datetime) -> int:
    """How many routes are in force on the local day of ``at``."""
    today = at.astimezone(settings.zone).date()
    return len(session.exec(select(Route.id).where(col(Route.live), Route.day == today)).all())
