"""The plan that is made every night for the coming day."""

from datetime import datetime, time, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from dispatch.local_time import ONE_DAY, at_local
from dispatch.models import Firing
from dispatch.runs.runs import PlanRequest, RunOut, request_run
from dispatch.settings import Settings

NAME = "nightly plan"
CATCH_UP = timedelta(hours=6)
"""A plan that was due while nothing ran is made up for within this time, and once."""
NOON = time(12)


def plan_the_night(session: Session, settings: Settings, at: datetime) -> RunOut | None:
    """Queue the nightly plan if it is due at this moment and nobody has done so yet.

    It is published when it is there. Planning after midnight is for the day that has begun, and
    planning in the evening for the next one.
    """
    clock = settings.nightly_plan_at
    if clock is None:
        return None
    today = at.astimezone(settings.zone).date()
    day = today if at_local(today, clock, settings.zone) <= at else today - ONE_DAY
    due_at = at_local(day, clock, settings.zone)
    if at - due_at > CATCH_UP or session.get(Firing, (NAME, due_at)) is not None:
        return None
    firing = Firing(name=NAME, due_at=due_at)
    try:
        with session.begin_nested():
            session.add(firing)
    except IntegrityError:
        # Another service was faster.
        return None
    run = request_run(
        session,
        PlanRequest(starts_on=day if clock < NOON else day + ONE_DAY, publish=True),
        actor="scheduler",
        settings=settings,
        trigger="nightly",
        at=at,
    )
    firing.run_id = run.id
    session.flush()
    return run
