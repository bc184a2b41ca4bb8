"""Webhooks over HTTP: who is sent events, and what became of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import Field

from api.http.dependencies import (
    LOCATION,
    Actor,
    GivenSettings,
    NextNumber,
    PageLimit,
    ReadingSession,
    WritingSession,
)
from api.http.problems import documented
from dispatch.events import deliveries, webhooks
from dispatch.events.deliveries import DeliveryOut
from dispatch.events.events import EventOut
from dispatch.events.webhooks import NewWebhook, WebhookChange, WebhookOut, WebhookWithSecret
from dispatch.intake import Code
from dispatch.models import DeliveryStatus
from dispatch.output import Output

router = APIRouter(prefix="/webhooks", tags=["events"])
sent = APIRouter(tags=["events"])
"""What webhooks are sent, for the description only."""

DeliveryId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Webhooks(Output):
    webhooks: list[WebhookOut]


class DeliveryPage(Output):
    deliveries: list[DeliveryOut]
    next: NextNumber


class Replayed(Output):
    replayed: int = Field(description="How many deliveries are on their way again.")


WEBHOOKS: dict[str, Any] = {
    "plans": {
        "summary": "Published plans, and everything that happens to jobs",
        "value": {
            "url": "https://example.com/hooks/dispatch",
            "types": ["job", "plan.published"],
            "description": "The customer portal",
        },
    }
}
CHANGES: dict[str, Any] = {
    "pause": {"summary": "Send nothing for now", "value": {"active": False}},
    "types": {"summary": "Send other events", "value": {"types": ["alert", "run.failed"]}},
}


@router.get("", summary="List webhooks", responses=documented())
def list_webhooks(session: ReadingSession) -> Webhooks:
    return Webhooks(webhooks=webhooks.list_webhooks(session))


@router.post(
    "",
    status_code=201,
    summary="Have events sent somewhere",
    responses={
        201: {"description": "The webhook, with its secret.", "headers": LOCATION},
        **documented(),
    },
)
def create_webhook(
    new: Annotated[NewWebhook, Body(openapi_examples=WEBHOOKS)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    response: Response,
) -> WebhookWithSecret:
    """It is sent what happens from now on, signed with the secret, which is shown this once."""
    webhook = webhooks.create_webhook(session, new, actor=actor, settings=settings)
    response.headers["Location"] = f"/webhooks/{webhook.id}"
    return webhook


@router.get("/{webhook_id}", summary="Read a webhook", responses=documented(404, 422))
def read_webhook(webhook_id: Code, session: ReadingSession) -> WebhookOut:
    return webhooks.read_webhook(session, webhook_id)


@router.patch(
    "/{webhook_id}",
    summary="Change a webhook",
    responses=documented(404),
)
def change_webhook(
    webhook_id: Code,
    change: Annotated[WebhookChange, Body(openapi_examples=CHANGES)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
) -> WebhookOut:
    return webhooks.change_webhook(session, webhook_id, change, actor=actor, settings=settings)


@router.delete(
    "/{webhook_id}",
    status_code=204,
    summary="Delete a webhook with its deliveries",
    responses=documented(404, 422),
)
def delete_webhook(webhook_id: Code, session: WritingSession, actor: Actor) -> None:
    webhooks.delete_webhook(session, webhook_id, actor=actor)


@router.post(
    "/{webhook_id}/secret", summary="Make a webhook a new secret", responses=documented(404, 422)
)
def rotate_secret(webhook_id: Code, session: WritingSession, actor: Actor) -> WebhookWithSecret:
    """For a day both sign, so that the receiver can change over; the new one is shown this once."""
    return webhooks.rotate_secret(session, webhook_id, actor=actor)


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    summary="Send a webhook a test event",
    responses=documented(404, 422),
)
def send_test_event(webhook_id: Code, session: WritingSession, actor: Actor) -> DeliveryOut:
    """A `webhook.test`, to this webhook alone; follow it among its deliveries."""
    return deliveries.send_test_event(session, webhook_id, actor=actor)


@router.get(
    "/{webhook_id}/deliveries",
    summary="List what was sent to a webhook, the newest first",
    responses=documented(404, 422),
)
def list_deliveries(
    webhook_id: Code,
    session: ReadingSession,
    status: DeliveryStatus | None = None,
    after: Annotated[
        int | None,
        Query(
            ge=1,
            le=2**31 - 1,
            description="`next` of the page before; leave it out for the first page.",
        ),
    ] = None,
    limit: PageLimit = 50,
) -> DeliveryPage:
    """With `status=dead`, what was given up."""
    page, following = deliveries.list_deliveries(
        session, webhook_id, status=status, after=after, limit=limit
    )
    return DeliveryPage(deliveries=page, next=following)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    summary="Send an event to a webhook again",
    responses=documented(404, 422),
)
def replay_delivery(
    webhook_id: Code, delivery_id: DeliveryId, session: WritingSession, actor: Actor
) -> DeliveryOut:
    """Under the same `webhook-id`, whatever became of it before."""
    return deliveries.replay_delivery(session, webhook_id, delivery_id, actor=actor)


@router.post(
    "/{webhook_id}/replay",
    status_code=202,
    summary="Send a webhook everything again that was given up",
    responses=documented(404, 422),
)
def replay_dead(webhook_id: Code, session: WritingSession, actor: Actor) -> Replayed:
    return Replayed(replayed=deliveries.replay_dead(session, webhook_id, actor=actor))


@sent.post(
    "event",
    summary="An event",
    status_code=204,
    responses={"default": {"description": "Not taken; it is sent again later."}},
)
def event_happened(event: EventOut) -> None:
    """Sent to webhooks with `webhook-id`, `webhook-timestamp` and `webhook-signature` (Standard
    Webhooks), and on the stream of `GET /events`. Answer with any 2xx within 10 seconds."""
