"""Who is told of events, and what became of the telling."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatch.models.base import json_column, now, only_among, text_of


class Webhook(SQLModel, table=True):
    """An address of somebody else's to which events are sent, signed."""

    id: str = Field(primary_key=True)
    url: str
    types: list[str] = Field(default_factory=list, sa_column=json_column())
    """Which events: whole types or their beginnings; none: all."""
    description: str | None = None
    secret: str
    """Signs; receivers check with the same one, so it is kept as it is."""
    previous_secret: str | None = None
    """Signs too until ``previous_secret_ends_at``, so that receivers can change over."""
    previous_secret_ends_at: datetime | None = None
    active: bool = True
    disabled_reason: str | None = None
    """Why the service itself has stopped sending."""
    created_at: datetime = Field(default_factory=now)
    cursor: int
    """The log entry up to which deliveries were made."""
    leased_by: str | None = None
    """Which sender sends to it; one at a time, until ``leased_until_at``."""
    leased_until_at: datetime | None = None
    held_until_at: datetime | None = None
    """Not tried before, because it could not be reached."""


class DeliveryStatus(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class WebhookDelivery(SQLModel, table=True):
    """One event on its way to one webhook."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index(
            "ix_webhook_delivery_due",
            "webhook_id",
            "event_id",
            "next_attempt_at",
            **only_among("status", (DeliveryStatus.WAITING,)),
        ),
        Index("ix_webhook_delivery_delivered", "status", "delivered_at"),
        # A page of the newest ones.
        Index("ix_webhook_delivery_webhook_id", "webhook_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    webhook_id: str = Field(foreign_key="webhook.id")
    event_id: int
    """The id of a log entry, whose table nothing is to refer to: it guards itself."""
    status: DeliveryStatus = Field(default=DeliveryStatus.WAITING, sa_type=text_of(DeliveryStatus))
    attempts: int = 0
    """Counted when one begins, so that one that was cut off counts."""
    next_attempt_at: datetime = Field(default_factory=now)
    last_status: int | None = None
    """HTTP status of the last answer."""
    last_error: str | None = None
    created_at: datetime = Field(default_factory=now)
    delivered_at: datetime | None = None
