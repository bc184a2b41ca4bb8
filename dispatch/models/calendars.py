"""Secret addresses at which a technician's days can be read as a calendar."""

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
