"""Days as iCalendar, over HTTP."""

import hashlib
import logging
from collections.abc import Sequence

from fastapi import Request, Response
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from dispatch.calendar_texts import Language
from dispatch.models import now
from dispatch.views import calendars
from dispatch.views.calendars import Published, Unkept
from dispatch.views.itinerary import DailyRoute

log = logging.getLogger(__name__)


class CalendarResponse(Response):
    media_type = "text/calendar"


def calendar_file(
    request: Request,
    session: Session,
    days: Sequence[DailyRoute],
    language: Language,
    *,
    whole: bool = False,
) -> CalendarResponse:
    """The days, as they were read in the session, whose changed entries get their new revisions.

    Mostly nothing has changed. What has is written in another session, and the one that reads is
    over before: nobody holds two connections. A calendar is answered although that fails, as on a
    disk that is full.
    """
    state, at = request.app.state, now()
    unkept: Unkept = state.unkept

    def found(session: Session, *, keep: bool) -> Published:
        return calendars.published(
            session,
            days,
            state.settings,
            at,
            language=language,
            whole=whole,
            keep=keep,
            unkept=unkept,
        )

    told = found(session, keep=False)
    if told.to_keep:
        session.close()
        try:
            with Session(state.engine) as writing:
                told = found(writing, keep=True)
                writing.commit()
        except SQLAlchemyError as error:
            log.warning("What a calendar was told is not stored yet: %s", error)
            unkept.remember(told.to_keep)
        else:
            unkept.forget(told.to_keep)
    return CalendarResponse(told.content)


def content_etag(answer: Response) -> str:
    """An entity tag, quotes included, of what the answer says."""
    return f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
