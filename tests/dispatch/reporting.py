"""Reports as technicians send them on Monday."""

from typing import Any

from sqlmodel import Session

from dispatch.field.reports import NewReport, ReportOut, take_report
from dispatch.settings import Settings
from tests.dispatch.crew import hanoi


def new_report(kind: str, clock: str, job: str = "j1", **fields: Any) -> NewReport:
    if kind == "cannot_complete":
        fields = {"reason": "customer_absent"} | fields
    id_ = f"{job}-{kind}-{clock.replace(':', '')}"
    return NewReport.model_validate(
        {"id": id_, "job_id": job, "kind": kind, "at": hanoi(clock), **fields}
    )


def take(
    session: Session,
    kind: str,
    clock: str,
    job: str = "j1",
    technician: str = "ann",
    received: str = "16:00",
    **fields: Any,
) -> ReportOut:
    new = new_report(kind, clock, job, **fields)
    found, _ = take_report(
        session, technician, new, Settings(), actor=technician, at=hanoi(received)
    )
    session.commit()
    return found
