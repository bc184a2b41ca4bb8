"""What a dispatcher has to decide now, each thing once.

Nothing of it is stored: issues are read from the rows as they are, and end when their causes do.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, func, or_, select

from dispatch.models import (
    PLANNABLE,
    AlertSource,
    DeadLetter,
    DeadLetterState,
    Job,
    JobStatus,
    Movement,
    Placement,
    PlacementStatus,
    Plan,
    PlanUnassigned,
    Priority,
    Route,
    Run,
    RunStatus,
    Stop,
    is_one_of,
)
from dispatch.output import Output
from dispatch.planning.lending import lent_twice_in_force
from dispatch.planning.shortages import stock_short
from dispatch.planning.snapshot import jobs_by_id
from dispatch.planning.unable import BrokenVisit, CauseOut, Why
from dispatch.plans.told import told_otherwise
from dispatch.settings import Settings
from dispatch.store import rows_where


class IssueKind(StrEnum):
    NO_PLACE = "no_place"
    """A job that waits, and that no place was found for when one was looked for."""
    CONFLICT = "conflict"
    """A visit on a route in force that its technician is not there for, or cannot attend."""
    TOOL_LENT_TWICE = "tool_lent_twice"
    """A depot's only tool on two routes in force for the same time."""
    STOCK_SHORT = "stock_short"
    """A depot that has less of a part than routes in force still have to fetch there."""
    TOLD_OTHERWISE = "told_otherwise"
    """A visit to come that is at another time than its customer was told."""
    DEAD_LETTER = "dead_letter"
    """Messages of one source that nobody has settled, and that may be alarms."""
    FAILED_RUN = "failed_run"
    """A run that failed, and that none of the same days has made up for."""


WEIGHTS = {
    IssueKind.CONFLICT: 50,
    IssueKind.NO_PLACE: 40,
    IssueKind.TOOL_LENT_TWICE: 35,
    IssueKind.STOCK_SHORT: 35,
    IssueKind.TOLD_OTHERWISE: 32,
    IssueKind.DEAD_LETTER: 30,
    IssueKind.FAILED_RUN: 20,
}
AHEAD = timedelta(days=60)
"""How far ahead routes are looked at for tools that are lent twice."""
LOOKED_FOR = frozenset({PlacementStatus.WAITING, PlacementStatus.NO_PLACE})
LOST = "It was on a route, and is on none any more."
PER_PRIORITY = 10
"""Added for each step that the most important of its jobs is above the least important."""


class Issue(Output):
    """A thing to decide."""

    id: str
    """The same as long as the issue lasts."""
    kind: IssueKind
    since: datetime
    weight: int
    """The more, the more it matters."""
    job_ids: list[str]
    technician_id: str | None
    day: date | None
    """The local day that it is about."""
    cause: CauseOut
    repairs: list[dict[str, Any]]
    """What would settle it; none are proposed yet."""


def list_issues(
    session: Session, settings: Settings, at: datetime, broken: Mapping[str, BrokenVisit]
) -> list[Issue]:
    """All of them, the weightiest first; ``broken`` is what ``conflicts`` has found."""
    found = [
        *_conflicts(session, broken),
        *_no_place(session),
        *_lost_place(session, settings),
        *_tools_lent_twice(session, at),
        *_stock_short(session, at),
        *_told_otherwise(session, settings, at),
        *_dead_letters(session),
        *_failed_runs(session, at.astimezone(settings.zone).date()),
    ]
    return sorted(found, key=lambda issue: (-issue.weight, issue.since, issue.id))


def _issue(
    kind: IssueKind,
    name: str,
    since: datetime,
    code: str,
    values: Mapping[str, Any],
    *,
    jobs: Collection[Job] = (),
    technician_id: str | None = None,
    day: date | None = None,
) -> Issue:
    rank = max((job.priority.rank for job in jobs), default=0)
    return Issue(
        id=f"{kind.value}:{name}",
        kind=kind,
        since=since,
        weight=WEIGHTS[kind] + PER_PRIORITY * rank,
        job_ids=sorted(job.id for job in jobs),
        technician_id=technician_id,
        day=day,
        cause=CauseOut(code=code, values=dict(values)),
        repairs=[],
    )


def _conflicts(session: Session, broken: Mapping[str, BrokenVisit]) -> Iterable[Issue]:
    """Since a place was first asked for, because it was seen then; or else since its version."""
    jobs = jobs_by_id(session, broken)
    rows = session.exec(
        select(Stop.job_id, Plan.published_at, Plan.created_at)
        .join(Route, col(Route.id) == Stop.route_id)
        .join(Plan, col(Plan.id) == Route.plan_id)
        .where(col(Stop.live), col(Stop.job_id).in_(broken))
    )
    since = {job_id: published or created for job_id, published, created in rows}
    asked: dict[str, datetime] = {}
    for row in rows_where(session, Placement, "job_id", broken):
        if row.job_id in since and row.asked_at >= since[row.job_id]:
            asked[row.job_id] = min(row.asked_at, asked.get(row.job_id, row.asked_at))
    for name, one in broken.items():
        if name not in since:
            # It has left its route just now.
            continue
        yield _issue(
            IssueKind.CONFLICT,
            name,
            asked.get(name, since[name]),
            one.cause.why.value,
            {
                **one.cause.values,
                "message": one.cause.message,
                "start_at": one.start_at.isoformat(),
                "has_begun": one.has_begun,
                "told_at": _moment(jobs[name].told_at),
            },
            jobs=[jobs[name]],
            technician_id=one.technician_id,
            day=one.day,
        )


def _no_place(session: Session) -> Iterable[Issue]:
    later = aliased(Placement)
    placed = select(Stop.job_id).where(Stop.job_id == Job.id, col(Stop.live))
    newer = select(later.id).where(
        later.job_id == Placement.job_id, col(later.id) > col(Placement.id)
    )
    rows = session.exec(
        select(Placement, Job)
        .join(Job, col(Job.id) == Placement.job_id)
        .where(
            Placement.status == PlacementStatus.NO_PLACE,
            col(Job.status).in_(PLANNABLE),
            ~exists(newer),
            ~exists(placed),
        )
    ).all()
    reasons = _taken_off(session, {job.id for _, job in rows})
    for row, job in rows:
        values = {
            "message": row.cause,
            "trigger": row.trigger,
            "placement_id": row.id,
            "told_at": _moment(job.told_at),
        }
        yield _issue(
            IssueKind.NO_PLACE,
            job.id,
            row.settled_at or row.asked_at,
            reasons.get(job.id, IssueKind.NO_PLACE.value),
            values,
            jobs=[job],
        )


def _lost_place(session: Session, settings: Settings) -> Iterable[Issue]:
    """Jobs that cannot wait, or whose customers were told a time, that were on a route once and are
    on none, and for which nobody looks for a place: a change was undone that had given them one, or
    a plan was published without them."""
    urgent = [one for one in Priority if one.is_at_least(settings.place_at_once)]
    had = select(Stop.job_id).join(Route, col(Route.id) == Stop.route_id)
    had = had.join(Plan, col(Plan.id) == Route.plan_id)
    had = had.where(Stop.job_id == Job.id, col(Plan.version).is_not(None))
    has = select(Stop.job_id).where(Stop.job_id == Job.id, col(Stop.live))
    jobs = session.exec(
        select(Job)
        .where(Job.status == JobStatus.OPEN)
        .where(or_(col(Job.priority).in_(urgent), col(Job.told_at).is_not(None)))
        .where(exists(had), ~exists(has))
    ).all()
    last: dict[str, Placement] = {}
    for row in rows_where(session, Placement, "job_id", [job.id for job in jobs]):
        if row.job_id not in last or (last[row.job_id].id or 0) < (row.id or 0):
            last[row.job_id] = row
    for job in jobs:
        if job.id in last and last[job.id].status in LOOKED_FOR:
            continue
        values = {"message": LOST, "told_at": _moment(job.told_at)}
        since = job.updated_at
        yield _issue(IssueKind.NO_PLACE, job.id, since, "lost_place", values, jobs=[job])


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _taken_off(session: Session, job_ids: Collection[str]) -> dict[str, str]:
    """Why the plan has them no more, of those that could not stay on their routes."""
    rows = sorted(
        rows_where(session, PlanUnassigned, "job_id", job_ids), key=lambda row: row.plan_id
    )
    codes = {row.job_id: row.reasons[0]["code"] for row in rows if row.reasons}
    known = {why.value for why in Why}
    return {name: code for name, code in codes.items() if code in known}


def _tools_lent_twice(session: Session, at: datetime) -> Iterable[Issue]:
    """Since the newer of the two routes is in force."""
    found = lent_twice_in_force(session, at, at + AHEAD)
    if not found:
        return
    rows = session.exec(
        select(col(Route.technician_id), col(Route.day), func.max(Plan.published_at))
        .join(Plan, col(Plan.id) == Route.plan_id)
        .where(
            col(Route.live),
            col(Route.technician_id).in_({name for one in found for name in one.technician_ids}),
            col(Route.day).in_({day for one in found for day in one.days}),
        )
        .group_by(col(Route.technician_id), col(Route.day))
    )
    newest = {(name, day): published for name, day, published in rows if published is not None}
    for one in found:
        routes = product(one.technician_ids, one.days)
        since = max((newest[route] for route in routes if route in newest), default=None)
        moment = one.starts_at.isoformat(timespec="minutes")
        yield _issue(
            IssueKind.TOOL_LENT_TWICE,
            f"{one.depot_id}:{one.tool_id}:{'+'.join(one.technician_ids)}:{moment}",
            since or at,
            one.code,
            one.model_dump(mode="json", exclude={"code"}),
            technician_id=one.technician_ids[1],
            day=one.days[1],
        )


def _stock_short(session: Session, at: datetime) -> Iterable[Issue]:
    """Since the depot's stock of the part last changed, or the routes are in force."""
    short = stock_short(session, at)
    if not short:
        return
    depots = {one.depot_id for one in short}
    rows = session.exec(
        select(Movement.part_id, Movement.source_id, Movement.target_id, func.max(Movement.at))
        .where(
            col(Movement.part_id).in_({one.part_id for one in short}),
            or_(col(Movement.source_id).in_(depots), col(Movement.target_id).in_(depots)),
        )
        .group_by(col(Movement.part_id), col(Movement.source_id), col(Movement.target_id))
    )
    moved: dict[tuple[str, str], datetime] = {}
    for part, source, target, last in rows:
        for place in (source, target):
            moved[part, place] = max(last, moved.get((part, place), last))
    for one in short:
        since = moved.get((one.part_id, one.depot_id))
        yield _issue(
            IssueKind.STOCK_SHORT,
            f"{one.depot_id}:{one.part_id}",
            since or min(at, one.starts_at),
            one.code,
            one.model_dump(mode="json", exclude={"code"}),
            technician_id=one.technician_ids[0],
        )


def _told_otherwise(session: Session, settings: Settings, at: datetime) -> Iterable[Issue]:
    for one in told_otherwise(session, settings, at):
        yield _issue(
            IssueKind.TOLD_OTHERWISE,
            one.job.id,
            one.since,
            IssueKind.TOLD_OTHERWISE.value,
            {
                "told_at": _moment(one.job.told_at),
                "told_start_at": one.told_start_at.isoformat(),
                "start_at": one.start_at.isoformat(),
            },
            jobs=[one.job],
            technician_id=one.technician_id,
            day=one.day,
        )


def _dead_letters(session: Session) -> Iterable[Issue]:
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
    for source_id, count, since, last in rows:
        yield _issue(
            IssueKind.DEAD_LETTER,
            source_id or "",
            since,
            "dead_letters",
            {
                "source_id": source_id,
                "source": names.get(source_id or ""),
                "count": count,
                "last_seen_at": last.isoformat(),
            },
        )


def _failed_runs(session: Session, today: date) -> Iterable[Issue]:
    """The newest of each span of days that is not over."""
    runs = session.exec(select(Run).where(col(Run.ends_on) >= today)).all()
    failed: dict[tuple[date, date, str | None], Run] = {}
    for run in sorted(runs, key=lambda run: (run.created_at, run.id)):
        if run.status not in (RunStatus.FAILED, RunStatus.FINISHED):
            continue
        if run.status == RunStatus.FAILED:
            failed[run.starts_on, run.ends_on, run.territory] = run
            continue
        made_up_for = [span for span, one in failed.items() if _covers(run, one)]
        for span in made_up_for:
            del failed[span]
    for run in failed.values():
        yield _issue(
            IssueKind.FAILED_RUN,
            run.id,
            run.finished_at or run.created_at,
            "run_failed",
            {
                "run_id": run.id,
                "trigger": run.trigger,
                "starts_on": run.starts_on.isoformat(),
                "ends_on": run.ends_on.isoformat(),
                "territory": run.territory,
                "message": run.failure,
            },
            day=run.starts_on,
        )


def _covers(run: Run, other: Run) -> bool:
    """Whether it planned all that the other was to plan."""
    return (
        run.starts_on <= other.starts_on
        and other.ends_on <= run.ends_on
        and run.territory in (None, other.territory)
        and run.technician_ids in (None, other.technician_ids)
    )
