"""Photos and signatures of a job, by whoever may read it: added, listed, read, taken back.

An attachment has an id that its sender made up, as reports have: sent again after a lost answer it
is there once. Of one that was taken back the row stays, so that a phone that sends it again does
not bring it back; its content goes with the next removal of what is old.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, select

from dispatch import log, store
from dispatch.attachments.pictures import Picture
from dispatch.attachments.shelf import Shelf
from dispatch.errors import Conflict, NotFound
from dispatch.jobs.jobs import no_such_job
from dispatch.models import Attachment, AttachmentKind, Job, now
from dispatch.output import Output
from dispatch.settings import Settings
from solver.faults import Fault


class AttachmentOut(Output):
    """A photo of a job, or a signature."""

    id: str
    job_id: str
    kind: AttachmentKind
    technician_id: str | None
    """Who added it; null: somebody in the office."""
    taken_at: datetime | None
    """When it was taken, by its sender's clock."""
    received_at: datetime
    media_type: str
    size: int
    """In bytes."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """What is to be added to which job."""

    id: str
    job_id: str
    kind: AttachmentKind
    picture: Picture
    taken_at: datetime | None = None
    technician_id: str | None = None


def add_attachment(
    session: Session,
    new: NewAttachment,
    shelf: Shelf,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> tuple[AttachmentOut, bool]:
    """Keep it; also whether it is new: again is as once, also if it was taken back meanwhile.

    Raises ``NotFound``, or ``Conflict`` if the id names another one, or the job has as many as it
    may.
    """
    store.hold_idempotency_key(session, f"attachment {new.id}")
    known = session.get(Attachment, new.id)
    if known is not None:
        return _again(known, new), False
    job = store.hold_job(session, new.job_id)
    if job is None:
        raise no_such_job(new.job_id)
    count = select(func.count()).where(_is_of(new.job_id))
    if session.exec(count).one() >= settings.attachments_per_job:
        cause = f"it has {settings.attachments_per_job} already"
        action = "remove one, or do without"
        raise Conflict(Fault("too_many_attachments", f"job {new.job_id}", cause, action))
    hold_content(session, new.picture.digest)
    # Kept before there was a transaction; who removes what nobody names may have been quicker.
    if not shelf.has(new.picture.digest):
        shelf.keep(new.picture.digest, new.picture.content)
    row = Attachment(
        id=new.id,
        job_id=new.job_id,
        kind=new.kind,
        technician_id=new.technician_id,
        taken_at=new.taken_at,
        received_at=at or now(),
        media_type=new.picture.media_type,
        size=len(new.picture.content),
        width=new.picture.width,
        height=new.picture.height,
        digest=new.picture.digest,
        sent_digest=new.picture.sent_digest,
    )
    session.add(row)
    session.flush()
    told = {"job_id": new.job_id, "kind": new.kind.value}
    log.record(session, actor, "add", log.Entity.ATTACHMENT, new.id, after=told)
    return _out(row), True


def hold_content(session: Session, digest: str) -> None:
    """Nobody removes the content, or begins to name it, until this transaction ends."""
    store.hold_idempotency_key(session, f"content {digest}")


def list_attachments(session: Session, job_id: str) -> list[AttachmentOut]:
    """Those of a job in the order in which they came. Raises ``NotFound``."""
    if session.get(Job, job_id) is None:
        raise no_such_job(job_id)
    rows = select(Attachment).where(_is_of(job_id))
    rows = rows.order_by(col(Attachment.received_at), col(Attachment.id))
    return [_out(row) for row in session.exec(rows)]


def read_attachment(
    session: Session, job_id: str, attachment_id: str, shelf: Shelf
) -> tuple[Attachment, bytes]:
    """The row and its content. Raises ``NotFound``."""
    row = _row(session, job_id, attachment_id)
    content = shelf.read(row.digest)
    if content is None:
        cause = "its content is not where contents are kept"
        action = "bring back the folder of DISPATCH_ATTACHMENTS from a copy"
        raise NotFound(Fault("content_gone", f"attachment {attachment_id}", cause, action))
    return row, content


def remove_attachment(
    session: Session,
    job_id: str,
    attachment_id: str,
    *,
    actor: str,
    technician_id: str | None = None,
    at: datetime | None = None,
) -> None:
    """Take it back. Raises ``NotFound``, or ``Conflict`` if a technician would take back what
    somebody else has added."""
    row = _row(session, job_id, attachment_id)
    if technician_id is not None and row.technician_id != technician_id:
        cause = "somebody else has added it"
        action = "ask the dispatcher to remove it"
        raise Conflict(Fault("not_yours", f"attachment {attachment_id}", cause, action))
    row.removed_at = at or now()
    session.flush()
    told = {"job_id": job_id, "kind": row.kind.value}
    log.record(session, actor, "remove", log.Entity.ATTACHMENT, row.id, before=told)


def _is_of(job_id: str) -> ColumnElement[bool]:
    return and_(col(Attachment.job_id) == job_id, col(Attachment.removed_at).is_(None))


def _row(session: Session, job_id: str, attachment_id: str) -> Attachment:
    row = session.get(Attachment, attachment_id)
    if row is None or row.job_id != job_id or row.removed_at is not None:
        cause, action = "the job has no such attachment", "look at the list of its attachments"
        raise NotFound(Fault("not_found", f"attachment {attachment_id}", cause, action))
    return row


def _again(known: Attachment, new: NewAttachment) -> AttachmentOut:
    same = (known.job_id, known.kind, known.technician_id, known.sent_digest)
    if same != (new.job_id, new.kind, new.technician_id, new.picture.sent_digest):
        cause = f"the id {new.id!r} was used for another attachment"
        action = "make a new id for each attachment"
        raise Conflict(Fault("attachment_id_reused", "id", cause, action))
    return _out(known)


def _out(row: Attachment) -> AttachmentOut:
    return AttachmentOut.model_validate(row)
