"""The whole life of a run inside a worker process.

No session is open while it solves; what it knows of the world is its snapshot, and what the world
knows of it are its heartbeats. What has changed meanwhile is merged into its plan before that is
published.
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch import log
from dispatch.engines import connect
from dispatch.errors import Conflict
from dispatch.models import Plan, PlanStatus, Run, RunStatus, now
from dispatch.planning.loading import live_day_of
from dispatch.planning.plan_rows import PlanRows, to_plan
from dispatch.planning.snapshot import load_snapshot
from dispatch.plans import queries, versions
from dispatch.plans.changes import PlanChanges, changes_of
from dispatch.plans.merging import merge
from dispatch.plans.plans import discard_plan, freeze_of, planned_from, publish_plan, scope_of
from dispatch.plans.publishing import changes_nothing
from dispatch.plans.queries import change_run, is_queued, is_run_by
from dispatch.settings import Settings
from dispatch.store import AWAY, reading
from solver.judge.check import check
from solver.problem import InvalidProblem
from solver.solve import Limit, Progress, solve
from solver.wording import counted

HEARTBEAT_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
AGAIN_SECONDS = 0.5
"""For so long, and so often, a run tries to store its outcome in a database that is away."""
RACES = 4
"""How often a plan is brought up to date before it is left to the dispatcher as a draft."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _RunResult:
    """What a run has come to: a plan and what it changes, or why there is none."""

    rows: PlanRows | None = None
    changes: PlanChanges | None = None
    failure: str | None = None


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
            run = session.get_one(Run, run_id)
            plan = queries.plan_of_run(session, run_id)
        with _Pulse(engine, run, stopping) as pulse:
            # A process that died after it had stored the plan has left only the rest to do.
            outcome = _draft(engine, run, settings, pulse) if plan is None else _RunResult()
            try:
                _finish_patiently(engine, run, outcome, pulse, settings)
            except Exception as error:
                # As in _draft: without this the run would be taken for one whose process died.
                logger.exception("The outcome of run %s could not be stored", run.id)
                _finish(engine, run, _RunResult(failure=_unexpected(error)), pulse, settings)
    finally:
        engine.dispose()


def _draft(engine: Engine, run: Run, settings: Settings, pulse: "_Pulse") -> _RunResult:
    try:
        with Session(reading(engine)) as session:
            snapshot = load_snapshot(session, scope_of(run, run), planned_from(run), freeze_of(run))
        live = live_day_of(snapshot, settings)
        translation = live.translation
        solution = solve(
            translation.problem,
            Limit(seconds=run.seconds),
            seed=run.seed,
            cores=settings.cores_for_a_run,
            start=live.kept,
            progress=pulse.report,
            cancelled=pulse.is_over,
        )
        violations = check(translation.problem, solution)
        if violations:
            listed = "; ".join(str(violation) for violation in violations)
            return _RunResult(
                failure=f"The solver's plan breaks rules and was thrown away: {listed}. "
                f"This is a fault of the program; report it with the id of the run "
                f"[plan_breaks_rules]."
            )
        return _RunResult(
            to_plan(translation, solution, run.id), changes_of(translation, live.kept, solution)
        )
    except InvalidProblem as error:
        listed = "; ".join(str(fault) for fault in error.faults)
        return _RunResult(
            failure=f"The data contradict each other: {listed}. Correct them and plan again "
            f"[data_contradict]."
        )
    except Exception as error:
        # Whatever it is, the run must say so: nobody else can.
        logger.exception("Run %s broke off", run.id)
        return _RunResult(failure=_unexpected(error))


def _unexpected(error: Exception) -> str:
    return (
        f"The run broke off: {type(error).__name__}: {error}. "
        "Plan again; if it happens again, the service's log has the details [unexpected]."
    )


def _finish_patiently(
    engine: Engine, run: Run, outcome: _RunResult, pulse: "_Pulse", settings: Settings
) -> None:
    """As ``_finish``, again and again while the database is locked or away: what was solved must
    not be lost by that. Each time it finds what it has stored already."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _finish(engine, run, outcome, pulse, settings)
            return
        except AWAY:
            if time.monotonic() > give_up_at:
                raise
            logger.warning("The outcome of run %s could not be stored yet", run.id, exc_info=True)
            time.sleep(AGAIN_SECONDS)


def _finish(
    engine: Engine, run: Run, outcome: _RunResult, pulse: "_Pulse", settings: Settings
) -> None:
    """Store the plan, publish it if that was asked for, and record the outcome last: whoever sees
    the run finished sees what it has come to."""
    cancelled, failure, changes = pulse.cancelled.is_set(), outcome.failure, outcome.changes
    if failure is None and not cancelled and pulse.stopping():
        _hand_back(engine, run)
        return
    if failure is None:
        plan = _store(engine, run, outcome)
        if plan is None:
            logger.warning("Run %s was given to another process; its plan is dropped", run.id)
            return
        if run.publish and not cancelled and plan.status == PlanStatus.DRAFT:
            changes, failure = _publish(engine, run, plan, changes, settings)
    status = RunStatus.FINISHED
    if outcome.failure is not None:
        status = RunStatus.FAILED
    elif cancelled:
        status = RunStatus.CANCELLED
    with Session(engine) as session:
        plan = queries.plan_of_run(session, run.id)
        if change_run(
            session,
            run.id,
            is_run_by(run.owner or ""),
            status=status,
            finished_at=now(),
            progress=1.0 if status == RunStatus.FINISHED else Run.progress,
            objective=None if plan is None else plan.objective,
            changes=None if changes is None else changes.model_dump(mode="json"),
            failure=failure,
        ):
            after = {"failure": failure}
            log.record(session, run.requested_by, status.value, log.Entity.RUN, run.id, after=after)
        session.commit()


def _hand_back(engine: Engine, run: Run) -> None:
    with Session(engine) as session:
        change_run(
            session,
            run.id,
            is_run_by(run.owner or ""),
            status=RunStatus.QUEUED,
            owner=None,
            attempts=run.attempts - 1,
        )
        session.commit()


def _store(engine: Engine, run: Run, outcome: _RunResult) -> Plan | None:
    """The run's plan as a draft; None if the run is not this process's any more."""
    with Session(engine, expire_on_commit=False) as session:
        if not change_run(session, run.id, is_run_by(run.owner or ""), heartbeat_at=now()):
            return None
        plan = queries.plan_of_run(session, run.id)
        if plan is None and outcome.rows is not None:
            plan = versions.store_draft(session, outcome.rows)
            after = {"run_id": run.id}
            log.record(
                session, run.requested_by, "draft", log.Entity.PLAN, str(plan.id), after=after
            )
        session.commit()
        return plan


def _publish(
    engine: Engine, run: Run, plan: Plan, changes: PlanChanges | None, settings: Settings
) -> tuple[PlanChanges | None, str | None]:
    """Publish the plan, with what has changed meanwhile merged into it.

    Returns what it changes, and why it is a draft still if it is.
    """
    assert plan.id is not None  # noqa: S101 - it is stored
    conflict: Conflict | None = None
    for _ in range(RACES):
        if run.only_small_changes and changes is not None:
            if not changes.is_any:
                _discard(engine, run, plan.id)
                return changes, None
            if not changes.is_small(settings):
                return changes, (
                    f"It moves {counted(len(changes.disturbed), 'job')}, "
                    f"{len(changes.told_job_ids)} with a time that the customer was told: "
                    "more than the policy allows without asking. "
                    "Look at the draft, then publish or discard it."
                )
        with Session(reading(engine)) as session:
            is_in_force = changes_nothing(session, plan.id)
        if is_in_force:
            _discard(engine, run, plan.id)
            return changes, None
        with Session(engine) as session:
            try:
                publish_plan(session, plan.id, actor=run.requested_by, settings=settings)
                session.commit()
                return changes, None
            except Conflict as error:
                session.rollback()
                conflict = error
        merged = _bring_up_to_date(engine, run, plan.id, settings)
        if merged is None:
            # Somebody has published or discarded it meanwhile, and that is what became of it.
            return changes, None
        changes = merged
    return changes, (
        f"The plan was overtaken {RACES} times while it was brought up to date, and is kept as a "
        f"draft: {conflict}"
    )


def _discard(engine: Engine, run: Run, plan_id: int) -> None:
    """Throw a draft away that changes nothing; one that somebody has published meanwhile stays."""
    with Session(engine) as session:
        if _held_draft(session, plan_id) is not None:
            discard_plan(session, plan_id, actor=run.requested_by)
        session.commit()


def _bring_up_to_date(
    engine: Engine, run: Run, plan_id: int, settings: Settings
) -> PlanChanges | None:
    """What the plan changes now; None if it is no draft any more."""
    with Session(reading(engine)) as session:
        found = merge(
            session,
            queries.routes_of(session, plan_id),
            session.get_one(Plan, plan_id).based_on_version,
            scope_of(run, run),
            freeze_of(run),
            run.id,
            settings,
            max(planned_from(run), now()),
        )
    with Session(engine) as session:
        plan = _held_draft(session, plan_id)
        if plan is None:
            return None
        versions.replace_draft(session, plan, found.rows)
        after = {"based_on_version": plan.based_on_version}
        log.record(session, run.requested_by, "merge", log.Entity.PLAN, str(plan_id), after=after)
        session.commit()
    return found.changes


def _held_draft(session: Session, plan_id: int) -> Plan | None:
    """The plan, which nobody else can publish or discard any more; None if somebody has."""
    versions.hold_publication(session)
    plan = session.get_one(Plan, plan_id)
    return plan if plan.status == PlanStatus.DRAFT else None


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
            except AWAY:
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
