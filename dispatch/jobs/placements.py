"""The list of jobs that are to get a place in the plan in force at once."""

from collections import defaultdict
from datetime import datetime

from pydantic import Field
from sqlmodel import Session, col, select

from dispatch import log
from dispatch.models import Placement, PlacementStatus
from dispatch.output import Output
from dispatch.paging import page_of
from dispatch.plans.told import told_otherwise
from dispatch.settings import Settings


class PlacementOut(Output):
    """A wish to have a job put into the plan in force at once, and what became of it."""

    id: int
    job_id: str
    trigger: str
    """Why: ``new_job``, ``changed_job``, ``changed_site``, ``alert``, ``absence``; it was
    ``bumped`` or ``displaced`` by others, or ``missed``; or it is in ``conflict`` with what has
    become of its technician, or of itself."""
    asked_by: str
    asked_at: datetime
    status: PlacementStatus
    settled_at: datetime | None
    plan_id: int | None
    """The version in which the job got its place."""
    bumped_job_ids: list[str]
    """Less important jobs that had to make room."""
    told_job_ids: list[str] = Field(default_factory=list)
    """Jobs whose visits that version has at another time than their customers were told, as long as
    they have not been told again."""
    cause: str | None
    """Why there was no place, or why none was needed any more."""


def ask_for_place(session: Session, job_id: str, *, trigger: str, actor: str) -> Placement:
    """Have the placer put the job into the plan in force as soon as this is committed; a job that
    is in it already is looked at anew. Asking again while one waits is as asking once."""
    waiting = session.exec(
        select(Placement).where(
            Placement.job_id == job_id, col(Placement.status) == PlacementStatus.WAITING
        )
    ).first()
    if waiting is not None:
        return waiting
    placement = Placement(job_id=job_id, trigger=trigger, asked_by=actor)
    session.add(placement)
    session.flush()
    log.record(
        session, actor, "ask", log.Entity.PLACEMENT, str(placement.id), after={"job_id": job_id}
    )
    return placement


def list_placements(
    session: Session,
    settings: Settings,
    at: datetime,
    *,
    status: PlacementStatus | None = None,
    job_id: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[PlacementOut], int | None]:
    """Wishes as of a moment, the newest first, and where to go on (``after``) if there are more."""
    rows, following = page_of(
        session, select(Placement), after, limit, newest_first=True, status=status, job_id=job_id
    )
    page = [PlacementOut.model_validate(row) for row in rows]
    plans = {row.plan_id for row in page if row.plan_id is not None}
    told: defaultdict[int, list[str]] = defaultdict(list)
    for one in told_otherwise(session, settings, at, plans) if plans else ():
        told[one.plan_id].append(one.job.id)
    for row in page:
        row.told_job_ids = told.get(row.plan_id or 0, [])
    return page, following
