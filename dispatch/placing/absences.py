"""Times in which technicians do not work, and what becomes of the work that they had then."""

import uuid
from datetime import datetime

from pydantic import ValidationInfo, field_validator
from sqlmodel import Session, col, select

from dispatch import log
from dispatch.company.technicians import read_technician
from dispatch.errors import Conflict, NotFound
from dispatch.intake import Code, FromSecond, Input, Text, ToSecond, later_than
from dispatch.jobs.placements import ask_for_place
from dispatch.models import PLANNABLE, Absence, Job, Route, Stop
from dispatch.output import Output
from solver.faults import Fault


class NewAbsence(Input):
    """From when to when a technician does not work."""

    id: Code | None = None
    """The client's own; absent: the service makes one up."""
    starts_at: FromSecond
    ends_at: ToSecond
    reason: Text | None = None

    @field_validator("ends_at")
    @classmethod
    def _in_order(cls, ends_at: datetime, info: ValidationInfo) -> datetime:
        return later_than(ends_at, info, "starts_at")


class AbsenceOut(Output):
    """A time in which a technician does not work."""

    id: str
    technician_id: str
    starts_at: datetime
    ends_at: datetime
    reason: str | None


def add_absence(
    session: Session, technician_id: str, new: NewAbsence, *, actor: str
) -> tuple[AbsenceOut, bool]:
    """Note the absence, and have others take over, at once, what the technician was to begin in it;
    also whether it is new: the same one again is as once.

    Raises ``NotFound`` for the technician, or ``Conflict`` if the id was used for another absence.
    """
    read_technician(session, technician_id)
    row = Absence(
        **new.model_dump(exclude={"id"}),
        id=new.id or f"absence-{uuid.uuid4().hex}",
        technician_id=technician_id,
    )
    known = session.get(Absence, row.id)
    if known is not None:
        if known.model_dump() != row.model_dump():
            raise Conflict(
                Fault("id_taken", "id", f"{row.id!r} is another absence", "make up another id")
            )
        return AbsenceOut.model_validate(known), False
    session.add(row)
    session.flush()
    out = AbsenceOut.model_validate(row)
    log.record(session, actor, "add", log.Entity.ABSENCE, row.id, after=out.model_dump(mode="json"))
    # In the order in which others take their locks of jobs: a wish refers to its job.
    for job_id in sorted(_jobs_during(session, row)):
        ask_for_place(session, job_id, trigger="absence", actor=actor)
    return out, True


def remove_absence(session: Session, technician_id: str, absence_id: str, *, actor: str) -> None:
    """The technician works in that time after all; work that others took over stays with them.

    Raises ``NotFound``.
    """
    row = session.get(Absence, absence_id)
    if row is None or row.technician_id != technician_id:
        raise NotFound(
            Fault(
                "not_found",
                f"absence {absence_id}",
                f"{technician_id} has no such absence",
                "look at the list of absences",
            )
        )
    before = AbsenceOut.model_validate(row).model_dump(mode="json")
    session.delete(row)
    session.flush()
    log.record(session, actor, "remove", log.Entity.ABSENCE, absence_id, before=before)


def list_absences(session: Session, technician_id: str) -> list[AbsenceOut]:
    """All absences of the technician, in the order of time. Raises ``NotFound``."""
    read_technician(session, technician_id)
    rows = session.exec(
        select(Absence)
        .where(Absence.technician_id == technician_id)
        .order_by(col(Absence.starts_at), Absence.id)
    )
    return [AbsenceOut.model_validate(row) for row in rows]


def _jobs_during(session: Session, absence: Absence) -> list[str]:
    """Jobs on routes in force that the technician was to be at during the absence."""
    return list(
        session.exec(
            select(Job.id)
            .join(Stop, col(Stop.job_id) == Job.id)
            .join(Route, col(Route.id) == Stop.route_id)
            .where(
                col(Stop.live),
                Route.technician_id == absence.technician_id,
                col(Route.live),
                Route.end_at > absence.starts_at,
                Stop.start_at < absence.ends_at,
                Stop.departure_at > absence.starts_at,
                col(Job.status).in_(PLANNABLE),
            )
        )
    )
