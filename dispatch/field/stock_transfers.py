"""Parts that technicians take out of depots and each other's vans, as they say themselves.

Whoever takes them says it, so that it is said once. It is booked when it comes in, however late and
however often; what by the books is not there is refused, and may be said again.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from dispatch import log, store
from dispatch.company.technicians import read_technician
from dispatch.errors import Conflict, InvalidInput
from dispatch.field.reports import clock_faults
from dispatch.intake import Code, Input, Moment, Quantity
from dispatch.jobs.placements import ask_for_place
from dispatch.models import Holder, Job, JobPart, StockTransfer, now
from dispatch.parts import movements
from dispatch.plans import versions
from dispatch.references import references_of, unknown_references
from dispatch.settings import Settings
from dispatch.store import waits_for_place
from dispatch.views.van_stock import StockTransferOut, transfer_outs
from solver.faults import Fault


class NewStockTransfer(Input):
    """What a technician has taken into the own van, and out of what."""

    id: Code
    """Made by the technician's device, new for each; sent again, it changes nothing."""
    part_id: Code
    quantity: Quantity
    at: Moment
    """When they took it, by the technician's clock."""
    depot_id: Code | None = None
    """Out of this depot …"""
    from_technician_id: Annotated[Code | None, Field(validate_default=True)] = None
    """… or out of this colleague's van."""

    @field_validator("from_technician_id")
    @classmethod
    def _from_one_place(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "depot_id" in info.data and (value is None) == (info.data["depot_id"] is None):
            raise PydanticCustomError(
                "one_source",
                "parts come from a depot or from a colleague's van",
                {"action": "give either depot_id or from_technician_id"},
            )
        return value


def book_transfer(
    session: Session,
    technician_id: str,
    new: NewStockTransfer,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> tuple[StockTransferOut, bool]:
    """Book what the technician has taken; also whether it is new: again is as once.

    What that changes for the plan in force follows as whenever the company changes, and for jobs
    that cannot wait and need the part a place is looked for again. ``at`` is the moment at which it
    came in (None: now). Raises ``NotFound`` for the technician, ``InvalidInput``, or ``Conflict``
    if the id was used for something else, or the books have fewer there.
    """
    received_at = at or now()
    read_technician(session, technician_id)
    row = _row(technician_id, new, received_at)
    store.hold_idempotency_key(session, f"stock transfer {new.id}")
    known = session.get(StockTransfer, new.id)
    if known is not None:
        _refuse_if_other(known, row)
        return transfer_outs(session, [known], settings)[0], False
    faults = [
        *unknown_references(session, references_of(new)),
        *clock_faults(new.at, received_at, settings),
    ]
    if new.from_technician_id == technician_id:
        cause = "it is the van that the parts are to go into"
        faults.append(
            Fault("own_van", "from_technician_id", cause, "name the colleague who gave them")
        )
    if faults:
        raise InvalidInput(*faults)
    versions.hold_publication(session)
    movements.transfer(
        session,
        (row.source, row.source_id),
        (Holder.VAN, technician_id),
        row.part_id,
        row.quantity,
        actor=actor,
        at=received_at,
    )
    session.add(row)
    session.flush()
    content = row.model_dump(mode="json", exclude={"id", "received_at"})
    log.record(session, actor, "book", log.Entity.STOCK_TRANSFER, row.id, after=content)
    _look_again(session, row.part_id, settings, actor=actor)
    return transfer_outs(session, [row], settings)[0], True


def _row(technician_id: str, new: NewStockTransfer, received_at: datetime) -> StockTransfer:
    source = Holder.VAN if new.depot_id is None else Holder.DEPOT
    return StockTransfer(
        **new.model_dump(include={"id", "part_id", "quantity", "at"}),
        technician_id=technician_id,
        source=source,
        source_id=new.depot_id or new.from_technician_id or "",
        received_at=received_at,
    )


def _refuse_if_other(known: StockTransfer, row: StockTransfer) -> None:
    aside = {"received_at"}
    if known.model_dump(exclude=aside) != row.model_dump(exclude=aside):
        raise Conflict(
            Fault(
                "transfer_id_reused",
                "id",
                f"the id {known.id!r} was used for other parts that were taken",
                "make a new id for each",
            )
        )


def _look_again(session: Session, part_id: str, settings: Settings, *, actor: str) -> None:
    """Have places looked for anew for jobs that need the part and are to be placed at once: for
    want of it they may have had none."""
    waiting: Collection[Job] = session.exec(
        select(Job)
        .join(JobPart, col(JobPart.job_id) == Job.id)
        .where(JobPart.part_id == part_id, waits_for_place())
        .order_by(Job.id)
    ).all()
    for job in waiting:
        if job.priority.is_at_least(settings.place_at_once):
            ask_for_place(session, job.id, trigger="stock", actor=actor)
