"""Webhooks as people set them up: create, read, change, delete, test."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from sqlmodel import Session, col, delete, select

from dispatch import log
from dispatch.errors import InvalidInput, existing
from dispatch.events.events import EventTypes, newest_entry
from dispatch.events.targets import TargetUrl, names_private_address
from dispatch.intake import Input, Text
from dispatch.models import Webhook, WebhookDelivery, now
from dispatch.output import Output
from dispatch.settings import Settings
from solver.faults import Fault

CHANGE_OVER = timedelta(hours=24)
"""So long after a new secret was made, the old one signs too."""


class NewWebhook(Input):
    """Where events are to be sent, and which."""

    url: TargetUrl
    types: EventTypes = Field(default_factory=list)
    """Types of events, or what they begin with: `plan.published`, `job`; none: all."""
    description: Text | None = None


class WebhookChange(Input):
    """What is to change in a webhook: fields that are absent stay, null clears."""

    url: TargetUrl = Field(default_factory=str)
    types: EventTypes = Field(default_factory=list)
    description: Text | None = None
    active: bool = Field(default_factory=bool, strict=True)
    """Switched on again, it is sent everything that happened since it was switched off."""


class WebhookOut(Output):
    """A webhook, without what signs for it."""

    id: str
    url: str
    types: list[str]
    """Which events it gets; none: all."""
    description: str | None
    active: bool
    disabled_reason: str | None
    """Why the service itself has switched it off."""
    created_at: datetime


class WebhookWithSecret(WebhookOut):
    """A webhook with its secret, which is shown this once."""

    secret: str
    """What receivers check signatures with (Standard Webhooks)."""
    previous_secret_ends_at: datetime | None
    """Until then, the secret before it signs too."""


def create_webhook(
    session: Session, new: NewWebhook, *, actor: str, settings: Settings
) -> WebhookWithSecret:
    """A webhook that is sent what happens from now on. Raises ``InvalidInput``."""
    _check_target(new.url, settings)
    webhook = Webhook(
        **new.model_dump(),
        id=f"W-{secrets.token_hex(6)}",
        secret=_new_secret(),
        cursor=newest_entry(session),
    )
    session.add(webhook)
    log.record(
        session, actor, "create", log.Entity.WEBHOOK, webhook.id, after=new.model_dump(mode="json")
    )
    session.flush()
    return WebhookWithSecret.model_validate(webhook)


def list_webhooks(session: Session) -> list[WebhookOut]:
    """All of them, the oldest first."""
    found = session.exec(select(Webhook).order_by(col(Webhook.created_at), col(Webhook.id)))
    return [WebhookOut.model_validate(webhook) for webhook in found]


def read_webhook(session: Session, webhook_id: str) -> WebhookOut:
    """The webhook. Raises ``NotFound``."""
    return WebhookOut.model_validate(webhook_row(session, webhook_id))


def change_webhook(
    session: Session, webhook_id: str, change: WebhookChange, *, actor: str, settings: Settings
) -> WebhookOut:
    """The webhook with ``change`` applied. Raises ``NotFound`` and ``InvalidInput``."""
    webhook = webhook_row(session, webhook_id, hold=True)
    given = change.model_dump(exclude_unset=True)
    if "url" in given:
        _check_target(change.url, settings)
    before = {
        name: getattr(webhook, name) for name in given if getattr(webhook, name) != given[name]
    }
    if not before:
        return WebhookOut.model_validate(webhook)
    for name in before:
        setattr(webhook, name, given[name])
    if "active" in before:
        webhook.disabled_reason = None
    # What could not be reached may be reached now.
    webhook.held_until_at = None
    _record(session, actor, "change", webhook, before, {name: given[name] for name in before})
    return WebhookOut.model_validate(webhook)


def delete_webhook(session: Session, webhook_id: str, *, actor: str) -> None:
    """Forget the webhook with all of its deliveries. Raises ``NotFound``."""
    webhook = webhook_row(session, webhook_id, hold=True)
    session.exec(delete(WebhookDelivery).where(col(WebhookDelivery.webhook_id) == webhook_id))
    session.delete(webhook)
    _record(session, actor, "delete", webhook, {"url": webhook.url}, None)


def rotate_secret(
    session: Session, webhook_id: str, *, actor: str, at: datetime | None = None
) -> WebhookWithSecret:
    """The webhook with a new secret; for a day both sign. Raises ``NotFound``."""
    webhook = webhook_row(session, webhook_id, hold=True)
    webhook.previous_secret = webhook.secret
    webhook.previous_secret_ends_at = (at or now()) + CHANGE_OVER
    webhook.secret = _new_secret()
    _record(session, actor, "rotate_secret", webhook, None, None)
    return WebhookWithSecret.model_validate(webhook)


def webhook_row(session: Session, webhook_id: str, *, hold: bool = False) -> Webhook:
    """The row; held, it stays as it is for others until the transaction ends. Raises
    ``NotFound``."""
    webhook = session.get(Webhook, webhook_id, with_for_update=hold)
    return existing(webhook, "webhook", webhook_id, "unknown_webhook")


def _check_target(url: str, settings: Settings) -> None:
    if not settings.webhook_private_targets and names_private_address(url):
        raise InvalidInput(
            Fault(
                "private_target",
                "url",
                "the internet does not reach this address",
                "give a public one, or set DISPATCH_WEBHOOK_PRIVATE_TARGETS=true",
            )
        )


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _record(
    session: Session,
    actor: str,
    action: str,
    webhook: Webhook,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    session.flush()
    log.record(session, actor, action, log.Entity.WEBHOOK, webhook.id, before=before, after=after)
