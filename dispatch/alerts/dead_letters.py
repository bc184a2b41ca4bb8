"""Messages that were accepted and could not be understood, kept until somebody settles them.

A letter stays small, whatever is sent: a large body is compressed, and what even so is large is cut
to its beginning, which is enough to see what it is.
"""

import zlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from dispatch import log, store
from dispatch.alerts.content import Delivery, Unclear
from dispatch.errors import Conflict, existing
from dispatch.models import AlertSource, BodyKept, DeadLetter, DeadLetterState, now
from dispatch.output import Output
from dispatch.paging import page_of
from solver.faults import Fault

MOST_BYTES = 64 * 1024
"""Of a body, as it is kept."""
MOST_FAULTS = 20
ENTITY = log.Entity.DEAD_LETTER


class DeadLetterOut(Output):
    """A message that could not be understood, and why."""

    id: int
    source_id: str | None
    content_type: str
    headers: dict[str, str]
    """Those that say what it is."""
    device: str | None
    """Whom the topic names, if it came over MQTT."""
    size: int
    """How many bytes came."""
    is_cut: bool
    """Whether only the beginning of it was kept; then it cannot be replayed."""
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


class WholeDeadLetter(DeadLetterOut):
    """A message that could not be understood, with what it says."""

    body: str
    """As text; what is not UTF-8 shows as �, and is kept as it came."""


def keep(
    session: Session, source_id: str, unclear: Unclear, at: datetime, *, actor: str
) -> tuple[DeadLetter, bool]:
    """Keep it, and whether it is new; the same message again counts, and waits again.

    One that a broker hands out again whenever somebody comes has not come again.
    """
    delivery = unclear.delivery
    digest = f"{source_id} {delivery.digest}"
    store.hold_idempotency_key(session, f"dead letter {digest}")
    letter = session.exec(select(DeadLetter).where(DeadLetter.digest == digest)).one_or_none()
    faults = [asdict(fault) for fault in unclear.faults[:MOST_FAULTS]]
    before = None if letter is None else letter.state
    if letter is None:
        body, kept_as = _kept(delivery.body)
        letter = DeadLetter(
            source_id=source_id,
            digest=digest,
            content_type=delivery.content_type[:200],
            headers=dict(delivery.headers),
            device=delivery.device,
            is_item=delivery.is_item,
            body=body,
            size=len(delivery.body),
            kept_as=kept_as,
            faults=faults,
            received_at=at,
            last_seen_at=at,
        )
    elif delivery.is_retained:
        return letter, False
    else:
        letter.count += 1
        letter.last_seen_at = at
        letter.faults = faults
        letter.state = DeadLetterState.WAITING
    session.add(letter)
    session.flush()
    if before is not DeadLetterState.WAITING:
        after = _said(letter)
        state = None if before is None else {"state": before.value}
        log.record(session, actor, "receive", ENTITY, str(letter.id), state, after)
    return letter, before is None


def _kept(body: bytes) -> tuple[bytes, BodyKept]:
    if len(body) <= MOST_BYTES:
        return body, BodyKept.WHOLE
    compressed = zlib.compress(body)
    if len(compressed) <= MOST_BYTES:
        return compressed, BodyKept.COMPRESSED
    return body[:MOST_BYTES], BodyKept.CUT


def _body(letter: DeadLetter) -> bytes:
    is_compressed = letter.kept_as is BodyKept.COMPRESSED
    return zlib.decompress(letter.body) if is_compressed else letter.body


def _said(letter: DeadLetter) -> dict[str, Any]:
    """What others are told of it: not what it says, which may be anything."""
    names = {"content_type", "device", "size", "faults", "count"}
    told = letter.model_dump(mode="json", include=names)
    return {"state": letter.state.value, "source_id": letter.source_id or None, **told}


def delivery_of(letter: DeadLetter) -> Delivery:
    """The message as it came. Raises ``Conflict`` if only its beginning is there."""
    if letter.kept_as is BodyKept.CUT:
        cause = f"of its {letter.size:,} bytes the first {len(letter.body):,} were kept"
        action = "have it sent again, in smaller messages, and discard this"
        raise Conflict(Fault("cut", f"dead letter {letter.id}", cause, action))
    return Delivery(
        _body(letter),
        letter.content_type,
        letter.headers,
        letter.device,
        letter.is_item,
        received_at=letter.last_seen_at,
    )


def list_dead_letters(
    session: Session,
    *,
    state: DeadLetterState | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[DeadLetterOut], int | None]:
    """A page of dead letters, the newest first, and ``after`` for the next one (None: last)."""
    query = select(DeadLetter).options(defer(DeadLetter.body, raiseload=True))  # type: ignore[arg-type]
    page, following = page_of(session, query, after, limit, newest_first=True, state=state)
    return [shown(row) for row in page], following


def read_dead_letter(session: Session, letter_id: int) -> WholeDeadLetter:
    """Raises ``NotFound``."""
    letter = _row(session, letter_id)
    body = _body(letter).decode(errors="replace")
    return WholeDeadLetter(**shown(letter).model_dump(), body=body)


def discard_dead_letter(session: Session, letter_id: int, *, actor: str) -> DeadLetterOut:
    """Settle it without doing anything; it stays on record. Raises ``NotFound``."""
    letter = hold(session, letter_id)
    if letter.state is DeadLetterState.WAITING:
        settle(session, letter, DeadLetterState.DISCARDED, actor)
    return shown(letter)


def replayable(session: Session, limit: int) -> Sequence[int]:
    """The ids of dead letters that wait, whole, and whose sources are there, the oldest first."""
    return [
        id_
        for id_ in session.exec(
            select(DeadLetter.id)
            .where(
                DeadLetter.state == DeadLetterState.WAITING,
                DeadLetter.kept_as != BodyKept.CUT,
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
    log.record(session, actor, "settle", ENTITY, str(letter.id), before, after)


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
    return existing(letter, "dead letter", letter_id, "unknown_dead_letter")


def shown(letter: DeadLetter) -> DeadLetterOut:
    """Without its body, which is not even read."""
    names = set(DeadLetterOut.model_fields) - {"source_id", "is_cut"}
    return DeadLetterOut.model_validate(
        {name: getattr(letter, name) for name in names}
        | {"source_id": letter.source_id or None, "is_cut": letter.kept_as is BodyKept.CUT}
    )
