"""Technicians' devices that are told when a day changes, and what is on its way to them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatch.models.base import json_column, now


class PushSource(SQLModel, table=True):
    """Who the service is to push services, and how far it has looked for changes: one row."""

    __tablename__ = "push_source"
    __table_args__ = (CheckConstraint("id = 1", name="ck_push_source_id"),)

    id: int = Field(default=1, primary_key=True)
    private_key: str
    """Signs for the service (VAPID): a number on the curve P-256, as base64url. Devices subscribe
    to its public half, so that another one would have them all switched on anew."""
    cursor: int
    """The log entry up to which days were compared."""
    created_at: datetime = Field(default_factory=now)


class PushSubscription(SQLModel, table=True):
    """A device that is told when its technician's day changes, as long as it is signed in."""

    __tablename__ = "push_subscription"

    id: str = Field(primary_key=True)
    sign_in_id: str = Field(foreign_key="sign_in.id", unique=True, ondelete="CASCADE")
    """Goes with it, whatever ends that."""
    technician_id: str = Field(foreign_key="technician.id", index=True)
    endpoint: str = Field(unique=True)
    """Where its push service takes messages for it."""
    p256dh: str
    """The device's public key, and a secret beside it: messages are encrypted for them."""
    auth: str
    language: str
    created_at: datetime = Field(default_factory=now)
    known: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    """The days as the device knows them, by date; see ``dispatch/push/known_days.py``."""
    known_on: date
    """The local day on which they were the days to tell of."""
    leased_by: str | None = None
    """Which sender sends to it; one at a time, until ``leased_until_at``."""
    leased_until_at: datetime | None = None


class PushMessage(SQLModel, table=True):
    """What a device is to be told of one day. There is one at most: what changes while it waits is
    told with it. It is gone once it was taken, or is too old to be worth telling."""

    __tablename__ = "push_message"
    __table_args__ = (UniqueConstraint("subscription_id", "day"),)

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: str = Field(foreign_key="push_subscription.id", ondelete="CASCADE")
    day: date
    changes: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    """What it tells; see ``VisitChange`` in ``dispatch/push/known_days.py``."""
    is_new_day: bool
    """Whether nothing was planned for the day before."""
    attempts: int = 0
    """Counted when one begins, so that one that was cut off counts."""
    next_attempt_at: datetime
    expires_at: datetime = Field(index=True)
    created_at: datetime = Field(default_factory=now)
