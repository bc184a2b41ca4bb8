"""Jobs that are to get a place in the plan in force at once: the list, and working it off."""

from sqlmodel import Session, col, select

from dispatch import log
from dispatch.models import Placement, PlacementStatus


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
    log.record(session, actor, "ask", "placement", str(placement.id), after={"job_id": job_id})
    return placement
