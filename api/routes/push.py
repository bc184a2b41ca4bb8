"""Telling a technician's device when the day changes, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from api.http.dependencies import (
    Actor,
    GivenSettings,
    ReadingSession,
    SignedInPerson,
    WritingSession,
)
from api.http.problems import documented
from dispatch.intake import Code
from dispatch.push import subscriptions
from dispatch.push.subscriptions import NewPushSubscription, PushSubscriptionOut

router = APIRouter(prefix="/technicians/{technician_id}/push-subscription", tags=["technicians"])

SUBSCRIPTIONS: dict[str, Any] = {
    "browser": {
        "summary": "As a browser's PushSubscription has it",
        "value": {
            "endpoint": "https://push.example/send/5f0c2a9be113",
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZ"
            "GH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            "language": "vi",
        },
    }
}


@router.get(
    "",
    summary="See whether the device that is signed in is told when the day changes",
    responses=documented(404, 422),
)
def read_push_subscription(
    technician_id: Code, session: ReadingSession, person: SignedInPerson, settings: GivenSettings
) -> PushSubscriptionOut:
    return subscriptions.read_subscription(session, technician_id, person.sign_in_id, settings)


@router.put(
    "",
    summary="Have the device that is signed in told when the day changes",
    responses=documented(404, 409),
)
def put_push_subscription(
    technician_id: Code,
    new: Annotated[NewPushSubscription, Body(openapi_examples=SUBSCRIPTIONS)],
    session: WritingSession,
    person: SignedInPerson,
    settings: GivenSettings,
    actor: Actor,
) -> PushSubscriptionOut:
    """By the Web Push protocol (RFC 8030), encrypted for the device (RFC 8291): whenever the day
    or the next one changes by the doing of others, as long as the sign-in lasts."""
    return subscriptions.subscribe(
        session, technician_id, new, person.sign_in_id, settings, actor=actor
    )


@router.delete(
    "",
    status_code=204,
    summary="Tell the device that is signed in nothing any more",
    responses=documented(404, 422),
)
def remove_push_subscription(
    technician_id: Code, session: WritingSession, person: SignedInPerson, actor: Actor
) -> None:
    subscriptions.unsubscribe(session, technician_id, person.sign_in_id, actor=actor)
