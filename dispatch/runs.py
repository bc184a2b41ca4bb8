"""Planning in the background: runs are asked for, taken up by a process, followed and cancelled.

``execute_run`` is the whole life of a run inside a worker process. No session is open while it
solves; what it knows of the world is its snapshot, and what the world knows of it are its
heartbeats.
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Annotated, Self

from pydantic import Field
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from dispatch import log, plans_store
from dispatch.errors import Conflict, DispatchError, InvalidInput, NotFound
from dispatch.intake import Day, Input
from dispatch.models import (
    PlanStatus,
    Run,
    RunStatus,
    Site,
    TechnicianTerritory,
    now,
)
from dispatch.output import Output
from dispatch.plan_rows import PlanRows, in_force, to_plan
from dispatch.plans import freeze_of, planned_from, publish_plan, scope_of
from dispatch.plans_store import change_run, is_queued, is_run_by
from dispatch.settings import Settings
from dispatch.snapshot import load_snapshot
from dispatch.store import connect, reading
from dispatch.translate import Translation, to_problem
from solver.check import check, cost
from solver.problem import Fault, InvalidProblem
from solver.solution import Solution
from solver.solve import Limit, Progress, solve

LONGEST_HORIZON_DAYS = 31
ATTEMPTS = 2
"""How often a run is taken up; if the process dies each time, it is the run that kills it."""
HEARTBEAT_SECONDS = 0.5

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
    trigger: str = "dispatcher",
    at: datetime | None = None,
    plans_from_at: datetime | None = None,
) -> RunOut:
    """Queue a run; some process takes it up once the request is committed.

    ``at`` is the moment of the request (None: now). The run leaves alone what starts before it has
    its plan, or before ``plans_from_at`` if that is given. Raises ``InvalidInput``.
    """
    at = at or now()
    ends_on = request.ends_on or request.starts_on
    faults = _request_faults(session, request, ends_on, at.astimezone(settings.zone).date())
    if faults:
        raise InvalidInput(*faults)
    run = Run(
        id=f"run-{uuid.uuid4()}",
        trigger=trigger,
        starts_on=request.starts_on,
        ends_on=ends_on,
        territory=request.territory,
        seconds=request.seconds or settings.plan_seconds,
        seed=request.seed,
        publish=request.publish,
        plans_from_at=plans_from_at,
        requested_by=actor,
        created_at=at,
    )
    session.add(run)
    session.flush()
    details = request.model_dump(mode="json", exclude_none=True) | {"trigger": trigger}
    log.record(session, actor, "request", "run", run.id, after=details)
    return _out(session, run)


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
    """Runs, the newest first, and where to go on (``after``) if there are more."""
    found = plans_store.page_of_runs(session, status=status, after=after, limit=limit + 1)
    page = [_out(session, run) for run in found[:limit]]
    return page, page[-1].id if len(found) > limit else None


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
        log.record(session, actor, "cancel", "run", run_id)
    run = _run(session, run_id)
    session.refresh(run)
    if run.status in (RunStatus.FINISHED, RunStatus.FAILED):
        raise Conflict(
            Fault("run_is_over", f"run {run_id}", f"it is {run.status}", "leave it as it is")
        )
    return _out(session, run)


def _run(session: Session, run_id: str) -> Run:
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound(
            Fault("not_found", f"run {run_id}", "there is no such run", "look at the list of runs")
        )
    return run


def _out(session: Session, run: Run) -> RunOut:
    out = RunOut.model_validate(run)
    plan = plans_store.plan_of_run(session, run.id)
    if plan is not None:
        out.plan_id, out.plan_version, out.plan_status = plan.id, plan.version, plan.status
    return out


# Inside a worker process


def execute_run(
    database_url: str,
    run_id: str,
    settings: Settings,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Take up a queued run and see it through: snapshot, solve, check, store, publish if asked.

    Does nothing if another process was faster. Whatever goes wrong is recorded with the run. Once
    ``stopping`` is true the run is handed back, to be taken up again later.
    """
    engine = connect(database_url)
    owner = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
    try:
        with Session(engine, expire_on_commit=False) as session:
            claimed = change_run(
                session,
                run_id,
                is_queued(),
                status=RunStatus.RUNNING,
                owner=owner,
                attempts=col(Run.attempts) + 1,
                started_at=(started_at := now()),
                heartbeat_at=started_at,
                progress=0.0,
                objective=None,
                failure=None,
            )
            session.commit()
            if not claimed:
                return
            run = _run(session, run_id)
        with _Pulse(engine, run, stopping) as pulse:
            rows, failure = _draft(engine, run, settings, pulse)
        try:
            _finish(engine, run, rows, failure, pulse, settings)
        except Exception as error:
            # As in _draft: without this the run would be taken for one whose process died.
            logger.exception("The outcome of run %s could not be stored", run.id)
            _finish(engine, run, None, _unexpected(error), pulse, settings)
    finally:
        engine.dispose()


def _draft(
    engine: Engine, run: Run, settings: Settings, pulse: "_Pulse"
) -> tuple[PlanRows | None, str | None]:
    """The plan, or the failure in its place."""
    try:
        with Session(reading(engine)) as session:
            snapshot = load_snapshot(session, scope_of(run, run), planned_from(run), freeze_of(run))
        translation = to_problem(snapshot, settings)
        solution = solve(
            translation.problem,
            Limit(seconds=run.seconds),
            seed=run.seed,
            cores=settings.cores_for_a_run,
            start=_start(translation),
            progress=pulse.report,
            cancelled=pulse.is_over,
        )
        violations = check(translation.problem, solution)
        if violations:
            listed = "; ".join(str(violation) for violation in violations)
            return None, (
                f"The solver's plan breaks rules and was thrown away: {listed}. "
                f"This is a fault of the program; report it with the id of the run."
            )
        return to_plan(translation, solution, run.id), None
    except InvalidProblem as error:
        listed = "; ".join(str(fault) for fault in error.faults)
        return None, f"The data contradict each other: {listed}. Correct them and plan again."
    except Exception as error:
        # Whatever it is, the run must say so: nobody else can.
        logger.exception("Run %s broke off", run.id)
        return None, _unexpected(error)


def _start(translation: Translation) -> Solution | None:
    found = in_force(translation)
    if found is None:
        return None
    left_out = [out.id for out in found.unassigned]
    return replace(found, cost=cost(translation.problem, found.routes, left_out))


def _unexpected(error: Exception) -> str:
    return (
        f"The run broke off: {type(error).__name__}: {error}. "
        "Plan again; if it happens again, the service's log has the details."
    )


def _finish(
    engine: Engine,
    run: Run,
    rows: PlanRows | None,
    failure: str | None,
    pulse: "_Pulse",
    settings: Settings,
) -> None:
    """Record the outcome in one transaction, if the run is still this process's."""
    cancelled = pulse.cancelled.is_set()
    with Session(engine) as session:
        if failure is None and not cancelled and pulse.stopping():
            change_run(
                session,
                run.id,
                is_run_by(run.owner or ""),
                status=RunStatus.QUEUED,
                owner=None,
                attempts=run.attempts - 1,
            )
            session.commit()
            return
        status = RunStatus.FINISHED
        if failure is not None:
            status = RunStatus.FAILED
        elif cancelled:
            status = RunStatus.CANCELLED
        if not change_run(
            session,
            run.id,
            is_run_by(run.owner or ""),
            status=status,
            finished_at=now(),
            progress=1.0 if status == RunStatus.FINISHED else Run.progress,
            objective=None if rows is None else rows.plan.objective,
            failure=failure,
        ):
            logger.warning("Run %s was given to another process; its plan is dropped", run.id)
            session.rollback()
            return
        actor = run.requested_by
        log.record(session, actor, status.value, "run", run.id, after={"failure": failure})
        if rows is not None:
            plan = plans_store.store_plan(session, rows)
            log.record(session, actor, "draft", "plan", str(plan.id), after={"run_id": run.id})
            if run.publish and not cancelled and plan.id is not None:
                try:
                    publish_plan(session, plan.id, actor=actor, settings=settings)
                except DispatchError as error:
                    change_run(
                        session,
                        run.id,
                        col(Run.id) == run.id,
                        failure=f"The plan could not be published and is kept as a draft: {error}",
                    )
        session.commit()


class _Pulse:
    """Tells the database twice a second that the run is alive, and asks it whether to go on."""

    def __init__(self, engine: Engine, run: Run, stopping: Callable[[], bool]) -> None:
        self.cancelled = threading.Event()
        self.lost = threading.Event()
        self.stopping = stopping
        self._engine = engine
        self._run = run
        self._progress: Progress | None = None
        self._since = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"pulse of {run.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def report(self, progress: Progress) -> None:
        self._progress = progress

    def is_over(self) -> bool:
        """Whether to stop solving: cancelled, given to another process, or shutting down."""
        return self.cancelled.is_set() or self.lost.is_set() or self.stopping()

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            try:
                self._tell()
            except OperationalError:
                # A busy or restarting database; the next beat may get through.
                logger.warning("Run %s could not report", self._run.id, exc_info=True)

    def _tell(self) -> None:
        elapsed = time.monotonic() - self._since
        with Session(self._engine) as session:
            mine = change_run(
                session,
                self._run.id,
                is_run_by(self._run.owner or ""),
                heartbeat_at=now(),
                progress=min(1.0, elapsed / self._run.seconds),
                objective=None if self._progress is None else self._progress.objective,
            )
            cancelled = session.exec(
                select(Run.cancel_requested).where(Run.id == self._run.id)
            ).one()
            session.commit()
        if not mine:
            self.lost.set()
        if cancelled:
            self.cancelled.set()


# Runs that were left behind


def watch_runs(session: Session, settings: Settings, at: datetime) -> dict[str, RunStatus]:
    """Take care of runs whose process has died, and say what became of them.

    A first death queues the run again, a second one fails it. One that should have been cancelled
    is.
    """
    timeout = timedelta(seconds=settings.heartbeat_timeout_seconds)
    outcomes = {}
    for run in plans_store.silent_runs(session, at - timeout):
        values: dict[str, object] = {"status": RunStatus.QUEUED, "owner": None}
        failure = (
            f"The process that worked on it ({run.owner}) was last heard of at {run.heartbeat_at} "
            f"and has died, for the {run.attempts}. time. "
        )
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
                "with fewer days or one territory at a time.",
            }
        unchanged = is_run_by(run.owner or "") & (col(Run.heartbeat_at) == run.heartbeat_at)
        if change_run(session, run.id, unchanged, **values):
            status = RunStatus(str(values["status"]))
            outcomes[run.id] = status
            log.record(session, "watchdog", status.value, "run", run.id, after={"failure": failure})
    return outcomes
