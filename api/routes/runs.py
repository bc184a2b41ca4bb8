"""Runs over HTTP: the background solves that ``POST /plans`` starts."""

from fastapi import APIRouter

from api.http.dependencies import Actor, Next, PageAfter, PageLimit, ReadingSession, WritingSession
from api.http.problems import documented
from dispatch.intake import Code
from dispatch.models import RunStatus
from dispatch.output import Output
from dispatch.runs import runs
from dispatch.runs.runs import RunOut

router = APIRouter(prefix="/runs", tags=["runs"])


class RunPage(Output):
    runs: list[RunOut]
    next: Next


@router.get("", summary="List runs, the newest first", responses=documented(404, 422))
def list_runs(
    session: ReadingSession,
    status: RunStatus | None = None,
    after: PageAfter = None,
    limit: PageLimit = 50,
) -> RunPage:
    page, following = runs.list_runs(session, status=status, after=after, limit=limit)
    return RunPage(runs=page, next=following)


@router.get("/{run_id}", summary="Follow a run", responses=documented(404, 422))
def read_run(run_id: Code, session: ReadingSession) -> RunOut:
    """Its progress, the cost of the best plan so far and, once there is one, its plan."""
    return runs.read_run(session, run_id)


@router.post("/{run_id}/cancel", summary="Stop a run", responses=documented(404, 409, 422))
def cancel_run(run_id: Code, session: WritingSession, actor: Actor) -> RunOut:
    """The best plan found so far becomes a draft. Cancelling again changes nothing."""
    return runs.cancel_run(session, run_id, actor=actor)
