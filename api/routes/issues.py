"""What dispatchers have to decide now, and what would settle it, over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path

from api.http.dependencies import (
    GivenIssues,
    GivenLiveDays,
    GivenSeen,
    GivenSettings,
    ReadingSession,
)
from api.http.problems import documented
from dispatch.models import now
from dispatch.output import Output
from dispatch.settling import working_out
from dispatch.settling.issues import Issue
from dispatch.settling.repairs import Repair

router = APIRouter(prefix="/issues", tags=["board"])

IssueId = Annotated[str, Path(pattern=r"^[a-z_]+:[A-Za-z0-9.:+_-]+$", max_length=250)]


PATIENCE_SECONDS = 0.3
"""So long at most the list is waited for after a change; what was known before is told then."""


class IssueList(Output):
    issues: list[Issue]
    taken_at: datetime
    """The full minute as of which times are expected."""
    is_current: bool
    """Whether nothing has changed since; if it has, the list is being made: ask again in a second,
    or when `issue.changed` tells."""


class RepairList(Output):
    repairs: list[Repair]


@router.get(
    "",
    summary="List what has to be decided, the weightiest first",
    responses=documented(),
)
def list_issues(current: GivenIssues, seen: GivenSeen) -> IssueList:
    """Visits that will be late or that their technicians cannot attend, jobs without a place, jobs
    that could not be completed, what is short or lent twice, messages that nobody understood, and
    runs that failed; each once, and only as long as it is so."""
    found = current.as_of(seen, PATIENCE_SECONDS)
    return IssueList(
        issues=list(found.issues), taken_at=found.taken_at, is_current=found.is_current
    )


@router.get(
    "/{issue_id}/repairs",
    summary="Work out what would settle an issue, and what it costs",
    responses=documented(404, 422),
)
def list_repairs(
    issue_id: IssueId,
    current: GivenIssues,
    seen: GivenSeen,
    session: ReadingSession,
    settings: GivenSettings,
    days: GivenLiveDays,
) -> RepairList:
    """Operations that can be carried out as they are: where the visit could go, those of its own
    day first and the cheapest of them before the others, and what is at hand. Nothing is
    changed."""
    found = current.as_of(seen, PATIENCE_SECONDS)
    if all(issue.id != issue_id for issue in found.issues):
        found = current.as_of(seen)
    repairs = working_out.repairs_of(session, found.issues, issue_id, settings, now(), days)
    return RepairList(repairs=repairs)
