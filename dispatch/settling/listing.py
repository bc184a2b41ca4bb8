"""What has to be decided now: the facts read, and what follows from them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlmodel import Session, col, func, select

from dispatch.models import (
    AlertSource,
    DeadLetter,
    DeadLetterState,
    Plan,
    PlanStatus,
    Run,
    RunStatus,
    is_one_of,
)
from dispatch.planning.unable import BrokenVisit
from dispatch.settings import Settings
from dispatch.settling.facts import EndedRun, LateInForce, SettlingFacts, UnreadMessages
from dispatch.settling.issues import Issue, issues_of
from dispatch.settling.lateness import late_in_force
from dispatch.settling.supplies import parts_short, tools_lent_twice
from dispatch.settling.unplaced import failed, unplaced
from dispatch.settling.visits import moved, untenable


def list_issues(
    session: Session,
    settings: Settings,
    at: datetime,
    broken: Mapping[str, BrokenVisit],
    late: Sequence[LateInForce] | None = None,
) -> list[Issue]:
    """All of them, the weightiest first; ``broken`` is what ``conflicts`` has found, and ``late``
    what ``Lateness`` has (None: to be found)."""
    if late is None:
        late = late_in_force(session, settings, at)
    return issues_of(facts_now(session, settings, at, broken, late))


def facts_now(
    session: Session,
    settings: Settings,
    at: datetime,
    broken: Mapping[str, BrokenVisit],
    late: Sequence[LateInForce],
) -> SettlingFacts:
    """What is known at the moment ``at`` of all that may have to be decided."""
    today = at.astimezone(settings.zone).date()
    return SettlingFacts(
        at=at,
        untenable=untenable(session, broken),
        late=late,
        unplaced=unplaced(session, settings, at),
        failed=failed(session, settings, at),
        moved=moved(session, settings, at),
        lent_twice=tools_lent_twice(session, at),
        short=parts_short(session, settings, at),
        unread=_unread(session),
        runs=_ended_runs(session, today),
    )


def _unread(session: Session) -> list[UnreadMessages]:
    rows = session.exec(
        select(
            DeadLetter.source_id,
            func.count(),
            func.min(DeadLetter.received_at),
            func.max(DeadLetter.last_seen_at),
        )
        .where(is_one_of(DeadLetter.state, (DeadLetterState.WAITING,)))
        .group_by(col(DeadLetter.source_id))
    ).all()
    names = dict(session.exec(select(AlertSource.id, AlertSource.name)).all())
    return [
        UnreadMessages(source_id or None, names.get(source_id or ""), count, since, last)
        for source_id, count, since, last in rows
    ]


def _ended_runs(session: Session, today: date) -> list[EndedRun]:
    """Those for days that are not over."""
    rows = session.exec(
        select(Run, Plan.id, Plan.status)
        .join(Plan, col(Plan.run_id) == Run.id, isouter=True)
        .where(col(Run.ends_on) >= today)
        .where(col(Run.status).in_((RunStatus.FAILED, RunStatus.FINISHED)))
    ).all()
    found = []
    for run, plan_id, status in rows:
        is_left = run.failure is not None and status is PlanStatus.DRAFT
        found.append(
            EndedRun(
                id=run.id,
                trigger=run.trigger,
                starts_on=run.starts_on,
                ends_on=run.ends_on,
                territory=run.territory,
                technician_ids=(
                    None if run.technician_ids is None else frozenset(run.technician_ids)
                ),
                created_at=run.created_at,
                ended_at=run.finished_at or run.created_at,
                has_failed=run.status is RunStatus.FAILED or is_left,
                failure=run.failure,
                plan_id=plan_id if is_left else None,
            )
        )
    return found
