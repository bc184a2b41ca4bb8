"""Technicians' days as calendars: the secret addresses, and what was last said there."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from dispatch.models.base import now


class CalendarLink(SQLModel, table=True):
    """A technician's one calendar link; of the secret in it only its SHA-256 is kept."""

    __tablename__ = "calendar_link"

    id: str = Field(primary_key=True)
    """The first part of the token: names the row, and opens nothing."""
    technician_id: str = Field(foreign_key="technician.id", unique=True)
    secret_hash: str
    created_at: datetime = Field(default_factory=now)
    language: str | None = None
    """Of what is read by it; None: the company's."""


class CalendarEntry(SQLModel, table=True):
    """What calendars were last told of one stop, so that it is known whether they have to be told
    anew."""

    __tablename__ = "calendar_entry"

    uid: str = Field(primary_key=True)
    """Its name in calendars; a job keeps it for as long as it stays with the technician."""
    technician_id: str = Field(foreign_key="technician.id", index=True)
    job_id: str | None = None
    """None: a depot call or a break, which is not called off but just not there any more."""
    title: str
    starts_at: datetime
    ends_at: datetime
    digest: str
    """Of all that it said."""
    sequence: int
    """Grows with every change."""
    changed_at: datetime
    is_cancelled: bool = False
