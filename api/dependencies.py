"""What routes are given: the settings, a session, who is asking, and well-formed parameters."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, cast

from fastapi import Depends, Header, Path, Query, Request
from pydantic import BeforeValidator, Field, WithJsonSchema
from sqlmodel import Session

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


def actor(request: Request) -> str:
    """Who is asking, for the log of changes."""
    return "api"


GivenSettings = Annotated[Settings, Depends(settings)]
ReadingSession = Annotated[Session, Depends(reading_session, scope="function")]
WritingSession = Annotated[Session, Depends(writing_session, scope="function")]
"""``scope="function"`` makes the framework commit first, so that a 2xx means committed."""
Actor = Annotated[str, Depends(actor)]


def _written_as_date(value: object) -> object:
    """Pydantic would also take a number for a date, as a time stamp."""
    if isinstance(value, str) and len(value) == len("2026-11-23"):
        return value
    raise ValueError("a date is written as 2026-11-23")


Day = Annotated[
    date,
    BeforeValidator(_written_as_date),
    Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1)),
    WithJsonSchema({"type": "string", "format": "date"}),
]
"""A local day; the bounds keep every moment of it within what clocks and databases hold."""

NAME_PATTERN = r"^[^\x00-\x1f\x7f]{1,200}$"
Id = Annotated[str, Path(pattern=NAME_PATTERN)]
After = Annotated[
    str | None,
    Query(
        pattern=NAME_PATTERN,
        description="`next` of the page before; leave it out for the first page.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=200, description="Most items on the page.")]
IfMatch = Annotated[
    str | None,
    Header(description="The ETag that the change is based on; refused with 412 if it is over."),
]
IfNoneMatch = Annotated[
    str | None,
    Header(description="ETags the client holds; answered with 304 if one is still right."),
]


def names_etag(header: str, etag: str, *, weakly: bool) -> bool:
    """Whether an ``If-Match`` or ``If-None-Match`` header lists this ETag, or any with ``*``.

    ``If-None-Match`` compares weakly (``W/"1"`` is ``"1"``), ``If-Match`` does not (RFC 9110).
    """
    listed = [one.strip() for one in header.split(",")]
    if weakly:
        listed = [one.removeprefix("W/") for one in listed]
    return etag in listed or listed == ["*"]
