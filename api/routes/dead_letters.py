"""Messages about alerts that could not be understood: kept, read, and taken in again."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.http.dependencies import (
    Actor,
    AfterNumber,
    GivenSettings,
    NextNumber,
    Number,
    PageLimit,
    ReadingSession,
    WritingSession,
)
from api.http.problems import documented
from api.routes.alerts import AlertReceipts
from dispatch.alerts import dead_letters, intake
from dispatch.alerts.dead_letters import DeadLetterOut, WholeDeadLetter
from dispatch.models import DeadLetterState
from dispatch.output import Output

router = APIRouter(tags=["alerts"])

DeadLetterId = Annotated[Number, Path()]


class DeadLetterPage(Output):
    dead_letters: list[DeadLetterOut]
    next: NextNumber


@router.get(
    "/dead-letters",
    summary="List messages that could not be understood, the newest first",
    responses=documented(422),
)
def list_dead_letters(
    session: ReadingSession,
    state: DeadLetterState | None = None,
    after: AfterNumber = None,
    limit: PageLimit = 50,
) -> DeadLetterPage:
    page, following = dead_letters.list_dead_letters(session, state=state, after=after, limit=limit)
    return DeadLetterPage(dead_letters=page, next=following)


@router.get(
    "/dead-letters/{dead_letter_id}",
    summary="Read a message that could not be understood",
    responses=documented(404, 422),
)
def read_dead_letter(dead_letter_id: DeadLetterId, session: ReadingSession) -> WholeDeadLetter:
    return dead_letters.read_dead_letter(session, dead_letter_id)


@router.post(
    "/dead-letters/{dead_letter_id}/replay",
    summary="Take a message in again",
    responses=documented(404, 409, 422),
)
def replay_dead_letter(
    dead_letter_id: DeadLetterId, session: WritingSession, settings: GivenSettings, actor: Actor
) -> AlertReceipts:
    """After the device was added or the mapping corrected; it waits on if that was not enough."""
    receipts = intake.replay_dead_letter(session, dead_letter_id, actor=actor, settings=settings)
    return AlertReceipts(receipts=receipts)


@router.post(
    "/dead-letters/replay",
    summary="Take all waiting messages in again, the oldest first",
    responses=documented(422),
)
def replay_dead_letters(
    session: WritingSession, settings: GivenSettings, actor: Actor, limit: PageLimit = 100
) -> AlertReceipts:
    receipts = intake.replay_dead_letters(session, limit, actor=actor, settings=settings)
    return AlertReceipts(receipts=receipts)


@router.post(
    "/dead-letters/{dead_letter_id}/discard",
    summary="Settle a message without doing anything",
    responses=documented(404, 422),
)
def discard_dead_letter(
    dead_letter_id: DeadLetterId, session: WritingSession, actor: Actor
) -> DeadLetterOut:
    """It stays on record. Discarding again changes nothing."""
    return dead_letters.discard_dead_letter(session, dead_letter_id, actor=actor)
