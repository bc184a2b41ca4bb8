"""Messages that were accepted and could not be understood, kept until somebody settles them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session, col, select

from dispatch import log, store
from dispatch.alert_messages import Delivery, Unclear
from dispatch.errors import Conflict, NotFound
from dispatch.models import AlertSource, DeadLetter, DeadLetterState, now
from dispatch.output import Output
from solver.problem import Fault


class DeadLetterOut(Output):
    """A message that could not be understood, and why."""

    id: int
    source_id: str | None
    content_type: str
    headers: dict[str, str]
    """Those that say what it is."""
    device: str | None
    """Whom the topic names, if it came over MQTT."""
    body: str
    """As text; what is not UTF-8 shows as �, and is kept as it came."""
    faults: list[dict[str, str]]
    received_at: datetime
    last_seen_at: datetime
    count: int
    """How often the same message came."""
    state: DeadLetterState
    settled_at: datetime | None
    settled_by: str | None
    alert_ids: list[int]
    """What it became when it was replayed."""


def keep(
    session: Session, source_id: str, unclear: Unclear, at: datetime
) -> tuple[DeadLetter, bool]:
    """Keep it, and whether it is new; the same message again counts, and waits again."""
    delivery = unclear.delivery
    digest = f"{source_id} {delivery.digest}"
    store.hold_idempotency_key(session, f"dead letter {digest}")
    letter = session.exec(select(DeadLetter).where(DeadLetter.digest == digest)).one_or_none()
    faults = [asdict(fault) for fault in unclear.faults]
    is_new = letter is None
    if letter is None:
        letter = DeadLetter(
            source_id=source_id,
            digest=digest,
            content_type=delivery.content_type[:200],
            headers=dict(delivery.headers),
            device=delivery.device,
            is_item=delivery.is_item,
            body=delivery.body,
            faults=faults,
            received_at=at,
            last_seen_at=at,
        )
    else:
        letter.count += 1
        letter.last_seen_at = at
        letter.faults = faults
        letter.state = DeadLetterState.WAITING
    session.add(letter)
    session.flush()
    return letter, is_new


def delivery_of(letter: DeadLetter) -> Delivery:
    """The message as it came."""
    return Delivery(letter.body, letter.content_type, letter.headers, letter.device, letter.is_item)


def list_dead_letters(
    session: Session,
    *,
    state: DeadLetterState | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[DeadLetterOut], int | None]:
    """A page of dead letters, the newest first, and ``after`` for the next one (None: last)."""
    query = select(DeadLetter).order_by(col(DeadLetter.id).desc()).limit(limit + 1)
    if state is not None:
        query = query.where(DeadLetter.state == state)
    if after is not None:
        query = query.where(col(DeadLetter.id) < after)
    rows = session.exec(query).all()
    return [shown(row) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None


def read_dead_letter(session: Session, letter_id: int) -> DeadLetterOut:
    """Raises ``NotFound``."""
    return shown(_row(session, letter_id))


def discard_dead_letter(session: Session, letter_id: int, *, actor: str) -> DeadLetterOut:
    """Settle it without doing anything; it stays on record. Raises ``NotFound``."""
    letter = hold(session, letter_id)
    if letter.state is DeadLetterState.WAITING:
        settle(session, letter, DeadLetterState.DISCARDED, actor)
    return shown(letter)


def replayable(session: Session, limit: int) -> Sequence[int]:
    """The ids of dead letters that wait and whose sources are there, the oldest first."""
    return [
        id_
        for id_ in session.exec(
            select(DeadLetter.id)
            .where(
                DeadLetter.state == DeadLetterState.WAITING,
                col(DeadLetter.source_id).in_(["", *session.exec(select(AlertSource.id))]),
            )
            .order_by(col(DeadLetter.id))
            .limit(limit)
        )
        if id_ is not None
    ]


def settle(
    session: Session,
    letter: DeadLetter,
    state: DeadLetterState,
    actor: str,
    alert_ids: Sequence[int] = (),
) -> None:
    before = {"state": letter.state.value}
    letter.state, letter.settled_at, letter.settled_by = state, now(), actor
    letter.alert_ids = list(alert_ids)
    session.flush()
    after = {"state": state.value, "alert_ids": letter.alert_ids}
    log.record(session, actor, "settle", "dead letter", str(letter.id), before, after)


def hold(session: Session, letter_id: int) -> DeadLetter:
    """The dead letter, which others cannot settle until this transaction ends."""
    letter = session.exec(
        select(DeadLetter).where(DeadLetter.id == letter_id).with_for_update()
    ).one_or_none()
    return letter or _row(session, letter_id)


def hold_waiting(session: Session, letter_id: int) -> DeadLetter:
    """As ``hold``. Raises ``Conflict`` if it was settled already."""
    letter = hold(session, letter_id)
    if letter.state is not DeadLetterState.WAITING:
        cause, action = f"it is {letter.state}", "only what waits can be replayed"
        raise Conflict(Fault("already_settled", f"dead letter {letter_id}", cause, action))
    return letter


def _row(session: Session, letter_id: int) -> DeadLetter:
    letter = session.get(DeadLetter, letter_id)
    if letter is None:
        cause, action = "there is no such dead letter", "check the id, or list dead letters"
        raise NotFound(Fault("unknown_dead_letter", f"dead letter {letter_id}", cause, action))
    return letter


def shown(letter: DeadLetter) -> DeadLetterOut:
    return DeadLetterOut.model_validate(
        letter.model_dump(exclude={"body", "source_id"})
        | {
            "source_id": letter.source_id or None,
            "body": letter.body.decode(errors="replace"),
        }
    )
