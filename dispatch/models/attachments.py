"""Photos and signatures of jobs; their contents are files (``dispatch.attachments.shelf``)."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from dispatch.models.base import now, text_of


class AttachmentKind(StrEnum):
    PHOTO = "photo"
    SIGNATURE = "signature"


class Attachment(SQLModel, table=True):
    """A picture that somebody added to a job, under an id that its sender made up."""

    id: str = Field(primary_key=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    kind: AttachmentKind = Field(sa_type=text_of(AttachmentKind))
    technician_id: str | None = Field(default=None, foreign_key="technician.id")
    """Who added it; None: somebody in the office."""
    taken_at: datetime | None = None
    received_at: datetime = Field(default_factory=now, index=True)
    removed_at: datetime | None = None
    """When it was taken back; then nobody is shown it any more."""
    media_type: str
    size: int
    width: int
    height: int
    digest: str = Field(index=True)
    """SHA-256 of the content, which is its file's name."""
    sent_digest: str
    """The same of what was sent, by which it is known when it is sent again."""
