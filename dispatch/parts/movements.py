"""Stock is a ledger: nothing that depots and vans have changes without a movement.

Parts go from a depot into a van when a depot call is known to have been made, and out of the van
when a visit is over; and into a van when its technician says to have taken them, out of a depot or
another van. A figure in a file is a count, and what it differs by is a movement, too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import String, cast, literal, union_all
from sqlmodel import Session, col, func, select

from dispatch.errors import Conflict
from dispatch.models import (
    OVER,
    DepotStock,
    Holder,
    Job,
    Movement,
    MovementCause,
    VanStock,
)
from dispatch.planning.plan_rows import RouteRows
from dispatch.planning.van import calls_made, parts_used
from solver.faults import Fault

HolderKey = tuple[Holder, str]
"""What kind of holder, and its id."""
Flow = tuple[MovementCause, HolderKey, HolderKey, str]
"""Why, from where, to where, and which part."""
NOBODY: HolderKey = (Holder.COUNT, "")


def flows(routes: Iterable[RouteRows], jobs: Mapping[str, Job]) -> Counter[Flow]:
    """What depot calls of these routes that are known to have been made have fetched, and what
    visits that are over have used."""
    found: Counter[Flow] = Counter()
    for rows in routes:
        van = (Holder.VAN, rows.route.technician_id)
        for stop in calls_made(rows.stops, jobs):
            for part, quantity in stop.parts.items():
                depot = (Holder.DEPOT, stop.depot_id or "")
                found[MovementCause.PICK_UP, depot, van, part] += quantity
        for stop in rows.stops:
            job = jobs.get(stop.job_id or "")
            if job is not None and job.status in OVER:
                for part, quantity in parts_used(stop, job).items():
                    found[MovementCause.USE, van, (Holder.SITE, job.site_id), part] += quantity
    return found


def book(
    session: Session, before: Counter[Flow], after: Counter[Flow], *, actor: str, at: datetime
) -> None:
    """Book what has become known: what flows ``after``, and had not ``before``. What turns out not
    to have happened goes back. Whoever calls it holds the publication."""
    more = Counter(after)
    more.subtract(before)
    for (cause, source, target, part), quantity in sorted(more.items()):
        if quantity > 0:
            _move(session, cause, source, target, part, quantity, actor, at)
        elif quantity < 0:
            _move(session, cause, target, source, part, -quantity, actor, at)
            _lose_what_was_found(session, source, part, -quantity, actor, at)
    session.flush()


def transfer(
    session: Session,
    source: HolderKey,
    target: HolderKey,
    part: str,
    quantity: int,
    *,
    actor: str,
    at: datetime,
) -> None:
    """Book that parts went from one holder to the other. Raises ``Conflict`` if by the books there
    are fewer: nobody has to say it at once, so that it can be said again when the books know more.
    Whoever calls it holds the publication."""
    there = _quantity(session, source, part)
    if there < quantity:
        raise Conflict(
            Fault(
                "not_in_stock",
                "quantity",
                f"by the books {source[0].value} {source[1]!r} has {there} of {part!r}",
                "send it again once what came in there is booked, or have it counted",
            )
        )
    _move(session, MovementCause.TRANSFER, source, target, part, quantity, actor, at)
    session.flush()


def count(session: Session, *, actor: str, at: datetime) -> None:
    """Make movements of whatever depots and vans have by now that the ledger does not know."""
    for (holder, id_, part), quantity in sorted(unbalanced(session).items()):
        place = (holder, id_)
        if quantity > 0:
            _record(session, MovementCause.COUNT, NOBODY, place, part, quantity, actor, at)
        else:
            _record(session, MovementCause.COUNT, place, NOBODY, part, -quantity, actor, at)
    session.flush()


def unbalanced(session: Session) -> Mapping[tuple[Holder, str, str], int]:
    """By how much what depots and vans have of a part is more than the sum of its movements; of
    nothing at all, if all is well."""
    session.flush()
    quantity = col(Movement.quantity)
    real = (Holder.DEPOT, Holder.VAN)
    rows = session.connection().execute(
        union_all(
            *(
                select(literal(holder.value), owner, stock.part_id, stock.quantity)
                for holder, stock, owner in (
                    (Holder.DEPOT, DepotStock, DepotStock.depot_id),
                    (Holder.VAN, VanStock, VanStock.technician_id),
                )
            ),
            *(
                select(cast(holder, String), id_, Movement.part_id, number)
                .where(col(holder).in_(real))
                .group_by(col(holder), id_, Movement.part_id)
                for holder, id_, number in (
                    (Movement.target, Movement.target_id, -func.sum(quantity)),
                    (Movement.source, Movement.source_id, func.sum(quantity)),
                )
            ),
        )
    )
    found: Counter[tuple[Holder, str, str]] = Counter()
    for holder, id_, part, number in rows:
        found[Holder(holder), id_, part] += number
    return {key: number for key, number in found.items() if number}


def _move(
    session: Session,
    cause: MovementCause,
    source: HolderKey,
    target: HolderKey,
    part: str,
    quantity: int,
    actor: str,
    at: datetime,
) -> None:
    # The figures may be wrong, but never below nothing.
    missing = -_change(session, source, part, -quantity)
    if missing:
        _record(session, MovementCause.FOUND, NOBODY, source, part, missing, actor, at)
    _change(session, target, part, quantity)
    _record(session, cause, source, target, part, quantity, actor, at)


def _lose_what_was_found(
    session: Session, place: HolderKey, part: str, returned: int, actor: str, at: datetime
) -> None:
    """Of what has come back, take away again what was only found because it had gone; a count since
    then has put that right."""
    holder, id_ = place
    session.flush()
    rows = session.exec(
        select(Movement)
        .where(Movement.part_id == part)
        .where(
            ((col(Movement.source) == holder) & (Movement.source_id == id_))
            | ((col(Movement.target) == holder) & (Movement.target_id == id_))
        )
        .order_by(col(Movement.id))
    )
    found = 0
    for row in rows:
        if row.cause is MovementCause.COUNT:
            found = 0
        elif row.cause is MovementCause.FOUND:
            found += row.quantity if row.target is holder else -row.quantity
    lost = min(found, returned)
    if lost > 0:
        _change(session, place, part, -lost)
        _record(session, MovementCause.FOUND, place, NOBODY, part, lost, actor, at)


def _held_row(session: Session, place: HolderKey, part: str) -> DepotStock | VanStock | None:
    """The figure of a depot or van, which others cannot change until this transaction ends."""
    holder, id_ = place
    if holder is Holder.DEPOT:
        return session.get(DepotStock, (id_, part), with_for_update=True)
    return session.get(VanStock, (id_, part), with_for_update=True)


def _quantity(session: Session, place: HolderKey, part: str) -> int:
    row = _held_row(session, place, part)
    return 0 if row is None else row.quantity


def _change(session: Session, place: HolderKey, part: str, more: int) -> int:
    """Let the place have so many more; what it would have had below nothing."""
    holder, id_ = place
    if holder not in (Holder.DEPOT, Holder.VAN):
        return 0
    row = _held_row(session, place, part)
    has = 0 if row is None else row.quantity
    if row is not None:
        row.quantity = max(0, has + more)
    elif more > 0 and holder is Holder.DEPOT:
        session.add(DepotStock(depot_id=id_, part_id=part, quantity=more))
    elif more > 0:
        session.add(VanStock(technician_id=id_, part_id=part, quantity=more))
    session.flush()
    return min(0, has + more)


def _record(
    session: Session,
    cause: MovementCause,
    source: HolderKey,
    target: HolderKey,
    part: str,
    quantity: int,
    actor: str,
    at: datetime,
) -> None:
    session.add(
        Movement(
            at=at,
            part_id=part,
            quantity=quantity,
            source=source[0],
            source_id=source[1],
            target=target[0],
            target_id=target[1],
            cause=cause,
            actor=actor,
        )
    )
