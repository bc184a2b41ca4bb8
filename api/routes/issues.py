"""What dispatchers have to decide now, over HTTP."""

from fastapi import APIRouter

from api.http.dependencies import GivenConflicts, GivenSettings, ReadingSession
from api.http.problems import documented
from dispatch.models import now
from dispatch.output import Output
from dispatch.settling import listing
from dispatch.settling.issues import Issue

router = APIRouter(tags=["board"])


class IssueList(Output):
    issues: list[Issue]


@router.get(
    "/issues",
    summary="List what has to be decided, the weightiest first",
    responses=documented(),
)
def list_issues(
    session: ReadingSession, settings: GivenSettings, conflicts: GivenConflicts
) -> IssueList:
    """Visits that will be late or that their technicians cannot attend, jobs without a place, jobs
    that could not be completed, what is short or lent twice, messages that nobody understood, and
    runs that failed; each once, and only as long as it is so."""
    at = now()
    found = listing.list_issues(session, settings, at, conflicts.at(session, at))
    return IssueList(issues=found)
