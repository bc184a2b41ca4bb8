"""Photos and signatures of jobs over HTTP."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.http.access import GivenCaller
from api.http.dependencies import (
    ETAG,
    LOCATION,
    NOT_MODIFIED,
    Actor,
    GivenSettings,
    IfNoneMatch,
    ReadingSession,
    WritingSession,
    unless_held,
)
from api.http.lines import Lines, who_asks
from api.http.problems import documented
from dispatch.access.callers import Caller
from dispatch.attachments import attachments
from dispatch.attachments.attachments import AttachmentOut, NewAttachment
from dispatch.attachments.pictures import MEDIA_TYPES, Picture, picture_of
from dispatch.attachments.shelf import Shelf
from dispatch.intake import Code, Moment
from dispatch.models import AttachmentKind, Role
from dispatch.output import Output

router = APIRouter(prefix="/jobs/{job_id}/attachments", tags=["jobs"])

ANY_BYTES = "application/octet-stream"
TYPES = (*MEDIA_TYPES.values(), ANY_BYTES)
BINARY = {"schema": {"type": "string", "format": "binary"}}
BODY = {"requestBody": {"required": True, "content": dict.fromkeys(TYPES, BINARY)}}
ALONE = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""If somebody opens a picture by itself, nothing in it can do anything."""
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


class Attachments(Output):
    attachments: list[AttachmentOut]


def _technician(caller: Caller | None) -> str | None:
    """Whose an attachment is, if it is a technician's."""
    if caller is None or caller.role is not Role.TECHNICIAN:
        return None
    return caller.technician_id


async def _picture(request: Request, settings: GivenSettings) -> Picture:
    """What was sent, as it is kept; kept before the database is asked for anything, so that nobody
    waits for it."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in TYPES:
        raise HTTPException(415, f"Send a picture, as {', '.join(MEDIA_TYPES.values())}.")
    try:
        sent = await request.body()
    except ClientDisconnect:
        raise HTTPException(400, "The body ended too early.") from None
    shelf = Shelf(settings.attachments_folder)

    def kept() -> Picture:
        picture = picture_of(sent)
        shelf.keep(picture.digest, picture.content)
        return picture

    lines: Lines = request.app.state.lines
    return await lines.pictures.run(who_asks(request), kept)


@router.post(
    "",
    status_code=201,
    summary="Add a photo or a signature to a job",
    responses={
        200: {"model": AttachmentOut, "description": "What was added with this id before."},
        201: {"description": "The attachment.", "headers": LOCATION},
        **documented(400, 404, 408, 409, 413, 415, 422),
    },
    openapi_extra=BODY,
)
def add_attachment(
    job_id: Code,
    kind: AttachmentKind,
    picture: Annotated[Picture, Depends(_picture)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    caller: GivenCaller,
    response: Response,
    attachment_id: Annotated[
        Code | None,
        Query(
            alias="id",
            description="Made by the sender, new for each; sent again, it changes nothing.",
        ),
    ] = None,
    taken_at: Annotated[
        Moment | None, Query(description="When it was taken, by the sender's clock.")
    ] = None,
) -> AttachmentOut:
    """The body is the picture: a JPEG, PNG or WebP, whatever it is called. It is read to its end
    and written anew, upright, without where and with what it was taken, and no larger than 2,560
    pixels.
    """
    new = NewAttachment(
        id=attachment_id or str(uuid4()),
        job_id=job_id,
        kind=kind,
        picture=picture,
        taken_at=taken_at,
        technician_id=_technician(caller),
    )
    shelf = Shelf(settings.attachments_folder)
    added, is_new = attachments.add_attachment(session, new, shelf, settings, actor=actor)
    if not is_new:
        response.status_code = 200
    response.headers["Location"] = f"/jobs/{job_id}/attachments/{added.id}"
    return added


@router.get("", summary="List a job's photos and signatures", responses=documented(404, 422))
def list_attachments(job_id: Code, session: ReadingSession) -> Attachments:
    """In the order in which they came."""
    return Attachments(attachments=attachments.list_attachments(session, job_id))


@router.get(
    "/{attachment_id}",
    summary="Read a photo or a signature",
    response_class=Response,
    responses={
        200: {
            "description": "The picture.",
            "headers": ETAG,
            "content": dict.fromkeys(MEDIA_TYPES.values(), BINARY),
        },
        **NOT_MODIFIED,
        **documented(404, 422),
    },
)
def read_attachment(
    job_id: Code,
    attachment_id: Code,
    session: ReadingSession,
    settings: GivenSettings,
    if_none_match: IfNoneMatch = None,
) -> Response:
    row, content = attachments.read_attachment(
        session, job_id, attachment_id, Shelf(settings.attachments_folder)
    )
    name = f"{row.kind}-{row.id}.{ENDINGS[row.media_type]}"
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Content-Security-Policy": ALONE,
    }
    answer = Response(content, media_type=row.media_type, headers=headers)
    return unless_held(if_none_match, f'"{row.digest[:32]}"', answer)


@router.delete(
    "/{attachment_id}",
    status_code=204,
    summary="Take a photo or a signature back",
    responses=documented(404, 409, 422),
)
def remove_attachment(
    job_id: Code,
    attachment_id: Code,
    session: WritingSession,
    actor: Actor,
    caller: GivenCaller,
) -> None:
    """Technicians only what they have added themselves. Its content is removed within a day."""
    attachments.remove_attachment(
        session,
        job_id,
        attachment_id,
        actor=actor,
        technician_id=_technician(caller),
    )
