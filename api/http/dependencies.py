"""What routes are given: the settings, a session, who is asking, and well-formed parameters."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Header, Query, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.http.access import GivenCaller
from dispatch.intake import Code
from dispatch.planning.conflicts import Conflicts
from dispatch.planning.live_days import LiveDays
from dispatch.service.issue_watch import CurrentIssues
from dispatch.service.watch import Seen
from dispatch.settings import Settings

Tagged = TypeVar("Tagged")

# Coroutines, although they wait for nothing: the framework would use a thread for each.


async def settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


async def reading_session(request: Request) -> Session:
    """A session that sees one state and waits for no writer."""
    return Session(request.app.state.reading_engine)


async def writing_session(request: Request) -> Session:
    """A session that is committed when the operation succeeded and before the answer goes out.

    Like the other it takes a connection with its first query, and gives it back when the operation
    is over (``api.http.work``).
    """
    return Session(request.app.state.engine)


async def live_days(request: Request) -> LiveDays:
    """The plans in force, kept in memory."""
    return cast(LiveDays, request.app.state.days)


async def conflicts(request: Request) -> Conflicts:
    """What does not hold any more of the plan in force, kept in memory."""
    return cast(Conflicts, request.app.state.conflicts)


async def current_issues(request: Request) -> CurrentIssues:
    """What has to be decided, kept in memory."""
    return cast(CurrentIssues, request.app.state.issues)


async def seen(request: Request) -> Seen:
    """How far the database was when the caller, who only reads, was let in."""
    return cast(Seen, request.state.seen)


async def actor(caller: GivenCaller) -> str:
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


async def person(caller: GivenCaller) -> SignedIn:
    if caller is None or caller.account_id is None or caller.sign_in_id is None:
        raise AssertionError("only operations that are for people ask who is signed in")
    return SignedIn(caller.account_id, caller.sign_in_id, caller.by_cookie)


GivenSettings = Annotated[Settings, Depends(settings)]
ReadingSession = Annotated[Session, Depends(reading_session)]
WritingSession = Annotated[Session, Depends(writing_session)]
GivenLiveDays = Annotated[LiveDays, Depends(live_days)]
GivenConflicts = Annotated[Conflicts, Depends(conflicts)]
GivenIssues = Annotated[CurrentIssues, Depends(current_issues)]
GivenSeen = Annotated[Seen, Depends(seen)]
Actor = Annotated[str, Depends(actor)]
SignedInPerson = Annotated[SignedIn, Depends(person)]


_AFTER = Query(description="`next` of the page before; leave it out for the first page.")
_NEXT = Field(description="`after` of the next page; null on the last one.")
Number = Annotated[int, Field(ge=1, lt=2**31)]
"""An id that the database has made up."""
PageAfter = Annotated[Code | None, _AFTER]
AfterNumber = Annotated[Number | None, _AFTER]
Next = Annotated[str | None, _NEXT]
NextNumber = Annotated[int | None, _NEXT]
PageLimit = Annotated[int, Query(ge=1, le=200, description="Most items on the page.")]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="ETags, one of which has to be that of what is changed; 412 if none is: it "
        "has changed since, or never had one like that.",
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
GivenIdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="Any text of the client's own, new for each job. Sent again with the same "
        "body, it gives the job it made (200) instead of a second one.",
        examples=["portal-2026-11-23-000417"],
    ),
]


def expected_tags(if_match: str | None) -> list[str] | None:
    """What ``If-Match`` lists; None: whatever there is.

    Weak ones match nothing, nor does what is no ETag (RFC 9110, 13.1.1)."""
    if if_match is None or if_match.strip() == "*":
        return None
    return re.findall(r'(?:^|,)\s*"([^"]*)"\s*(?=,|$)', if_match)


def tagged(out: Tagged, tag: str | int, response: Response) -> Tagged:
    """What the answer is to say, with its ETag."""
    response.headers["ETag"] = f'"{tag}"'
    return out


def is_held(if_none_match: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` lists the ETag, weak or strong (RFC 9110)."""
    listed = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return etag in listed or listed == ["*"]


def unless_held(if_none_match: str | None, etag: str, answer: Response) -> Response:
    """``answer`` with its ETag, or 304 if the client has it."""
    if is_held(if_none_match, etag):
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
