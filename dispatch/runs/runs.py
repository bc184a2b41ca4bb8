"""Planning in the background: runs are asked for, taken up by a process, followed and cancelled.

``dispatch/runs/execution.py`` has what happens to a run inside a worker process.
"""

import logging
import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import Field
from sqlalchemy import func
from sqlmodel import Session, col, select

from dispatch import log, store
from dispatch.errors import Conflict, InvalidInput, existing
from dispatch.intake import Code, Day, Input
from dispatch.local_time import as_said
from dispatch.models import (
    PlanStatus,
    Run,
    RunStatus,
    Site,
    TechnicianTerritory,
    now,
)
from dispatch.output import Output
from dispatch.paging import cut
from dispatch.plans import queries
from dispatch.plans.changes import PlanChanges
from dispatch.plans.queries import change_run, is_queued, is_run_by, is_running
from dispatch.references import references_of, unknown_references
from dispatch.settings import Settings
from solver.faults import Fault
from solver.wording import counted, ordinal

LONGEST_HORIZON_DAYS = 31
ATTEMPTS = 2
"""How often a run is taken up; if the process dies each time, it is the run that kills it."""
HEARTBEAT_SECONDS = 0.5
BY_HAND = "dispatcher"
"""The trigger of runs that somebody asks for; the service's own are few."""

logger = logging.getLogger(__name__)


class PlanRequest(Input):
    """What to plan: local days, both included, for one territory or (None) all of them."""

    starts_on: Day
    ends_on: Day | None = None
    """None: the one day."""
    territory: str | None = None
    seconds: Annotated[float, Field(gt=0, le=3_600)] | None = None
    """Solving time; None: as configured."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    publish: bool = False
    """Publish the plan as soon as it is there."""
    only_small_changes: bool = False
    """Leave the plan a draft if it changes more of what is in force than the policy allows."""
    technician_ids: Annotated[list[Code] | None, Field(min_length=1, max_length=1_000)] = None
    """Whose routes may change; None: everybody's."""
    freeze_minutes: Annotated[float | None, Field(ge=0, le=24 * 60)] = None
    """What should start so soon after the plan is there stays as it is; None: as configured."""


class RunOut(Output):
    """A run as others see it."""

    id: str
    trigger: str
    status: RunStatus
    starts_on: date
    ends_on: date
    territory: str | None
    seconds: float
    seed: int
    publish: bool
    only_small_changes: bool
    technician_ids: list[str] | None
    """Whose routes may change; None: everybody's."""
    freeze_minutes: float
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    attempts: int
    progress: float
    """Share of the solving time that is over, 0 to 1."""
    objective: int | None
    """Cost of the best plan so far, in cents."""
    changes: PlanChanges | None
    """What its plan changes of what was in force, and what that is worth."""
    failure: str | None
    """Why it failed, or why its plan was not published, and what to do."""
    plan_id: int | None = None
    plan_version: int | None = None
    """Set once the plan is published."""
    plan_status: PlanStatus | None = None


def request_run(
    session: Session,
    request: PlanRequest,
    *,
    actor: str,
    settings: Settings,
    trigger: str = BY_HAND,
    at: datetime | None = None,
    plans_from_at: datetime | None = None,
) -> RunOut:
    """Queue a run; some process takes it up once the request is committed.

    ``at`` is the moment of the request (None: now). The run leaves alone what starts before it has
    its plan, or before ``plans_from_at`` if that is given. Raises ``InvalidInput``, or ``Conflict``
    if too many that this user has asked for are waiting.
    """
    at = at or now()
    ends_on = request.ends_on or request.starts_on
    faults = _request_faults(session, request, ends_on, at.astimezone(settings.zone).date())
    if faults:
        raise InvalidInput(*faults)
    if trigger == BY_HAND:
        _keep_line_short(session, actor, settings)
    run = Run(
        id=f"run-{uuid.uuid4()}",
        trigger=trigger,
        starts_on=request.starts_on,
        ends_on=ends_on,
        territory=request.territory,
        seconds=request.seconds or settings.plan_seconds,
        seed=request.seed,
        publish=request.publish,
        only_small_changes=request.only_small_changes,
        technician_ids=request.technician_ids,
        freeze_minutes=(
            settings.freeze_minutes if request.freeze_minutes is None else request.freeze_minutes
        ),
        plans_from_at=plans_from_at,
        requested_by=actor,
        created_at=at,
    )
    session.add(run)
    session.flush()
    details = request.model_dump(mode="json", exclude_none=True) | {"trigger": trigger}
    log.record(session, actor, "request", log.Entity.RUN, run.id, after=details)
    return _out(session, run)


def _keep_line_short(session: Session, actor: str, settings: Settings) -> None:
    """Raises ``Conflict`` if one user keeps all others waiting: runs are solved in their order."""
    store.hold_idempotency_key(session, f"runs of {actor}")
    waiting = session.exec(
        select(func.count()).where(Run.requested_by == actor, is_queued(), Run.trigger == BY_HAND)
    ).one()
    if waiting >= settings.runs_waiting:
        raise Conflict(
            Fault(
                "too_many_runs",
                f"runs of {actor}",
                f"{counted(waiting, 'run of yours is', 'runs of yours are')} waiting to be solved",
                "wait until one of them is done, or cancel some (POST /runs/{run_id}/cancel)",
            )
        )


def _request_faults(
    session: Session, request: PlanRequest, ends_on: date, today: date
) -> list[Fault]:
    faults = []
    if ends_on < request.starts_on:
        faults.append(
            Fault(
                "day_order",
                "ends_on",
                f"{ends_on} is before starts_on, {request.starts_on}",
                "give the first and the last day",
            )
        )
    elif ends_on < today:
        faults.append(
            Fault("in_the_past", "ends_on", f"{ends_on} is over", "plan today or a later day")
        )
    if (ends_on - request.starts_on).days >= LONGEST_HORIZON_DAYS:
        faults.append(
            Fault(
                "too_long",
                "ends_on",
                f"the days from {request.starts_on} to {ends_on} are too many for one plan",
                f"plan at most {LONGEST_HORIZON_DAYS} days at once",
            )
        )
    faults += unknown_references(session, references_of(request))
    if request.territory is not None:
        known = set(session.exec(select(TechnicianTerritory.territory).distinct()))
        known |= {place for place in session.exec(select(Site.territory).distinct()) if place}
        if request.territory not in known:
            faults.append(
                Fault(
                    "unknown_reference",
                    "territory",
                    f"no site or technician has the territory {request.territory!r}",
                    f"use one of {', '.join(sorted(known)) or 'them once there are any'}",
                )
            )
    return faults


def read_run(session: Session, run_id: str) -> RunOut:
    """Raises ``NotFound``."""
    return _out(session, _run(session, run_id))


def list_runs(
    session: Session,
    *,
    status: RunStatus | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[list[RunOut], str | None]:
    """Runs, the newest first, and where to go on (``after``) if there are more.

    Raises ``NotFound`` if there is no run ``after`` which to go on, any more: old ones are removed.
    """
    last = None if after is None else _run(session, after)
    found = queries.page_of_runs(session, status=status, after=last, limit=limit + 1)
    page, following = cut(found, limit)
    return _outs(session, page), following


def cancel_run(session: Session, run_id: str, *, actor: str) -> RunOut:
    """Stop a run; what it has found so far becomes a draft. Again is as once.

    Raises ``NotFound``, or ``Conflict`` if it is over.
    """
    if change_run(
        session, run_id, is_queued(), status=RunStatus.CANCELLED, finished_at=now()
    ) or change_run(
        session,
        run_id,
        (col(Run.status) == RunStatus.RUNNING) & ~col(Run.cancel_requested),
        cancel_requested=True,
    ):
        log.record(session, actor, "cancel", log.Entity.RUN, run_id)
    run = _run(session, run_id)
    session.refresh(run)
    if run.status in (RunStatus.FINISHED, RunStatus.FAILED):
        raise Conflict(
            Fault("run_is_over", f"run {run_id}", f"it is {run.status}", "leave it as it is")
        )
    return _out(session, run)


def _run(session: Session, run_id: str) -> Run:
    return existing(session.get(Run, run_id), "run", run_id)


def _out(session: Session, run: Run) -> RunOut:
    return _outs(session, [run])[0]


def _outs(session: Session, runs: Sequence[Run]) -> list[RunOut]:
    plans = queries.plans_of_runs(session, [run.id for run in runs])
    outs = []
    for run in runs:
        out, plan = RunOut.model_validate(run), plans.get(run.id)
        if plan is not None:
            out.plan_id, out.plan_version, out.plan_status = plan.id, plan.version, plan.status
        outs.append(out)
    return outs


# Runs that were left behind


def fail_dead(session: Session, run_id: str, owner_prefix: str, cause: str) -> bool:
    """Fail a run whose process is known to have died, and say whether it was still its run: taken
    up by it (``owner_prefix`` is how its owner's name begins) or not taken up at all.

    It is not tried again, as what killed the process would mostly do so again.
    """
    failure = (
        f"The process that worked on it has died: {cause}. "
        "Look into the log for the cause (often the memory), then plan again, "
        "with fewer days or one territory at a time [process_died]."
    )
    mine = is_queued() | (is_running() & col(Run.owner).startswith(owner_prefix, autoescape=True))
    cancelled = bool(session.exec(select(Run.cancel_requested).where(Run.id == run_id)).first())
    status = RunStatus.CANCELLED if cancelled else RunStatus.FAILED
    changed = change_run(session, run_id, mine, status=status, finished_at=now(), failure=failure)
    if changed:
        log.record(
            session, "service", status.value, log.Entity.RUN, run_id, after={"failure": failure}
        )
    return changed


def watch_runs(session: Session, settings: Settings, at: datetime) -> dict[str, RunStatus]:
    """Take care of runs whose process has died, and say what became of them.

    A first death queues the run again, a second one fails it. One that should have been cancelled
    is.
    """
    timeout = timedelta(seconds=settings.heartbeat_timeout_seconds)
    outcomes = {}
    for run in queries.silent_runs(session, at - timeout):
        values: dict[str, object] = {"status": RunStatus.QUEUED, "owner": None}
        heard = "was never heard of"
        if run.heartbeat_at is not None:
            heard = f"was last heard of at {as_said(run.heartbeat_at, settings.zone)}"
        again = f", for the {ordinal(run.attempts)} time" if run.attempts > 1 else ""
        failure = f"The process that worked on it ({run.owner}) {heard} and has died{again}. "
        if run.cancel_requested:
            values = {
                "status": RunStatus.CANCELLED,
                "finished_at": at,
                "failure": failure + "It was cancelled, with nothing to keep.",
            }
        elif run.attempts >= ATTEMPTS:
            values = {
                "status": RunStatus.FAILED,
                "finished_at": at,
                "failure": failure
                + "Look into the log for the cause (often the memory), then plan again, "
                "with fewer days or one territory at a time [process_died].",
            }
        unchanged = is_run_by(run.owner or "") & (col(Run.heartbeat_at) == run.heartbeat_at)
        if change_run(session, run.id, unchanged, **values):
            status = RunStatus(str(values["status"]))
            outcomes[run.id] = status
            log.record(
                session,
                "watchdog",
                status.value,
                log.Entity.RUN,
                run.id,
                after={"failure": failure},
            )
    return outcomes
