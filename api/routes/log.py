"""The log of who changed what over HTTP, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.dependencies import AfterNumber, NextNumber, PageLimit, ReadingSession
from api.http.problems import documented
from dispatch import log
from dispatch.intake import Text
from dispatch.log import LogEntryOut
from dispatch.output import Output

router = APIRouter(tags=["access"])


class LogPage(Output):
    entries: list[LogEntryOut]
    next: NextNumber


@router.get("/log", summary="Read who changed what, the newest first", responses=documented(422))
def read_log(
    session: ReadingSession,
    entity: Annotated[Text | None, Query(description="Kind of thing, such as `job`.")] = None,
    id: Annotated[Text | None, Query(description="Id of the thing.")] = None,  # noqa: A002 - on the wire
    actor: Annotated[
        Text | None,
        Query(description="User name, `key:` and a key's id, or a part of the service."),
    ] = None,
    after: AfterNumber = None,
    limit: PageLimit = 50,
) -> LogPage:
    page, following = log.list_entries(
        session, entity=entity, entity_id=id, actor=actor, after=after, limit=limit
    )
    return LogPage(entries=page, next=following)
