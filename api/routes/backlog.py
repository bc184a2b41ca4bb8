"""The jobs that have no day, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.dependencies import AfterNumber, GivenSettings, NextNumber, PageLimit, ReadingSession
from api.http.problems import documented
from dispatch.intake import Code, Day, Territory
from dispatch.models import Priority
from dispatch.output import Output
from dispatch.views import backlog
from dispatch.views.backlog import BacklogJob, BacklogSort, BacklogState

router = APIRouter(tags=["jobs"])


class BacklogPage(Output):
    jobs: list[BacklogJob]
    count: int
    """How many there are on all pages."""
    next: NextNumber


@router.get("/backlog", summary="List the jobs that have no day", responses=documented(422))
def read_backlog(
    session: ReadingSession,
    settings: GivenSettings,
    state: BacklogState | None = None,
    priority: Priority | None = None,
    territory: Annotated[Territory | None, Query()] = None,
    work_type_id: Code | None = None,
    due_by: Annotated[Day | None, Query(description="Due by the end of this local day.")] = None,
    sort: BacklogSort = BacklogSort.AGE,
    descending: Annotated[bool, Query(description="The other way round.")] = False,
    after: AfterNumber = None,
    limit: PageLimit = 50,
) -> BacklogPage:
    """Nobody goes there yet: no plan has tried them, none has found a place, or they wait."""
    jobs, count, following = backlog.read_backlog(
        session,
        settings,
        state=state,
        priority=priority,
        territory=territory,
        work_type_id=work_type_id,
        due_by=due_by,
        sort=sort,
        descending=descending,
        after=after,
        limit=limit,
    )
    return BacklogPage(jobs=jobs, count=count, next=following)
