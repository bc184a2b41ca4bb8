"""What routes are given: the settings, a session, who is asking, and well-formed parameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Header, Query, Request, Response
from sqlmodel import Session

from api.access import GivenCaller
from dispatch.intake import Code
from dispatch.live_days import LiveDays
from dispatch.settings import Settings


def settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


def reading_session(request: Request) -> Iterator[Session]:
    """A session that sees one state and waits for no writer."""
    with Session(request.app.state.reading_engine) as session:
        yield session


def writing_session(request: Request) -> Iterator[Session]:
    """A session that is committed when the operation succeeded and before the answer goes out."""
    with Session(request.app.state.engine) as session:
        yield session
        session.commit()
    # It may have left a job that is to be placed at once.
    request.app.state.placer.wake()


def live_days(request: Request) -> LiveDays:
    """The plans in force, kept in memory."""
    return cast(LiveDays, request.app.state.days)


def actor(caller: GivenCaller) -> str:
    """Who is asking, for the log of changes."""
    if caller is None:
        raise AssertionError("only operations that need credentials ask who is calling")
    return caller.actor


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person's account, and the sign-in with which they came."""

    account_id: str
    sign_in_id: str
    by_cookie: bool


def person(caller: GivenCaller) -> SignedIn:
    if caller is None or caller.account_id is None or caller.sign_in_id is None:
        raise AssertionError("only operations that are for people ask who is signed in")
    return SignedIn(caller.account_id, caller.sign_in_id, caller.by_cookie)


GivenSettings = Annotated[Settings, Depends(settings)]
ReadingSession = Annotated[Session, Depends(reading_session, scope="function")]
WritingSession = Annotated[Session, Depends(writing_session, scope="function")]
"""``scope="function"`` makes the framework commit first, so that a 2xx means committed."""
Days = Annotated[LiveDays, Depends(live_days)]
Actor = Annotated[str, Depends(actor)]
Person = Annotated[SignedIn, Depends(person)]


After = Annotated[
    Code | None,
    Query(description="`next` of the page before; leave it out for the first page."),
]
Limit = Annotated[int, Query(ge=1, le=200, description="Most items on the page.")]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=r'^("\d{1,9}"|\*)$',
        description="The job's ETag that the change is based on; 412 if it has changed since.",
        examples=['"3"'],
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="ETags that the client holds; 304 if one of them is still right.",
        examples=['"5f4dcc3b5aa765d61d8327deb882cf99"'],
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="Any text of the client's own, new for each job. Sent again with the same "
        "body, it gives the job it made (200) instead of a second one.",
        examples=["portal-2026-11-23-000417"],
    ),
]


def revision(if_match: str | None) -> int | None:
    """The job's revision that ``If-Match`` asks for, if it asks for one."""
    if if_match is None or if_match == "*":
        return None
    return int(if_match.strip('"'))


def unless_held(if_none_match: str | None, etag: str, answer: Response) -> Response:
    """``answer`` with its ETag, or 304 if ``If-None-Match`` lists it, weak or strong (RFC 9110)."""
    listed = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    if etag in listed or listed == ["*"]:
        answer = Response(status_code=304)
    answer.headers["ETag"] = etag
    # It may be kept, but not used without asking: it changes at any moment.
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


ETAG = {"ETag": {"description": "Changes when the content does.", "schema": {"type": "string"}}}
LOCATION = {
    "Location": {
        "description": "Where to read it.",
        "schema": {"type": "string", "format": "uri-reference"},
    }
}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The client's copy is still right.", "headers": ETAG}
}
