"""What a dispatcher does to several visits at once, judged as a whole.

Whatever is asked for becomes moves of jobs within one day, which are judged together, or jobs that
are left out or pinned where they are.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from dispatch.by_hand.joint import cut, judge_together
from dispatch.by_hand.judgements import (
    MOST_DAYS,
    JudgedVisit,
    Verdict,
    judged_visits,
    verdict,
)
from dispatch.by_hand.moves import Judged, Move
from dispatch.company.technicians import read_technician
from dispatch.errors import Conflict
from dispatch.intake import Code, Codes, Day, Input, Moment
from dispatch.jobs.jobs import CHANGEABLE, no_such_job
from dispatch.jobs.links import crew_of
from dispatch.jobs.pins import PinTo
from dispatch.models import PLANNABLE, Job, Route, Stop, now
from dispatch.placing.placing import attendable, conflict, today
from dispatch.planning.live_day import LiveDay
from dispatch.planning.loading import load_live_day
from dispatch.planning.snapshot import Scope
from dispatch.plans import queries
from dispatch.settings import Settings
from dispatch.store import rows_where
from solver.faults import Fault

MOST_JOBS = 100
"""So many are changed at once."""


class SeveralAction(StrEnum):
    MOVE = "move"
    """The jobs go to the technician, one after the other where they break and cost least or, with
    `start_at`, all before what starts later than this."""
    PUSH = "push"
    """The visits start so many `minutes` later, or earlier: those of `job_ids`, or all that the
    technician has to come from `from_at` on. Crews move as one."""
    SWAP = "swap"
    """The two visits change places."""
    SWAP_RESTS = "swap_rests"
    """The two technicians change all that they have to come from `from_at` on."""
    TAKE_OFF = "take_off"
    """The jobs are taken off the plan, and wait."""
    CANCEL = "cancel"
    """The jobs are cancelled; nothing else changes."""
    PIN = "pin"
    """The visits are pinned where they are, or (`to` null) let go."""


class SeveralChange(Input):
    """A change of several jobs by hand, all of them or none."""

    action: SeveralAction
    job_ids: Annotated[Codes, Field(max_length=MOST_JOBS)] = Field(default_factory=list)
    technician_id: Code | None = None
    with_technician_id: Code | None = None
    """The second one, of two who change."""
    start_at: Moment | None = None
    from_at: Moment | None = None
    minutes: Annotated[int, Field(ge=-720, le=720)] | None = None
    to: PinTo | None = None
    day: Day | None = None
    """The local day for jobs that are on no route; today if absent."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        is_rest = self.technician_id is not None and self.from_at is not None
        complete = {
            SeveralAction.MOVE: bool(self.job_ids and self.technician_id),
            SeveralAction.PUSH: bool(self.minutes and (bool(self.job_ids) != is_rest)),
            SeveralAction.SWAP: len(self.job_ids) == len("ab"),
            SeveralAction.SWAP_RESTS: is_rest
            and self.with_technician_id not in (None, self.technician_id),
        }.get(self.action, bool(self.job_ids))
        if not complete:
            raise PydanticCustomError(
                "incomplete_change", "what this change is to be of is missing, or said twice"
            )
        return self


class PlacedVisit(JudgedVisit):
    """A visit that is moved, and when the technician would be there."""

    job_id: str


class JointVerdict(Verdict):
    """What becomes of the change of several jobs."""

    job_ids: list[str]
    """All whom it is about: of those that were named, and of what was asked for in other words."""
    visits: list[PlacedVisit]
    """Those that have a place then, in the order of time."""
    told_job_ids: list[str]
    """Those of them whose customers were told another time, or another technician."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is to become of which jobs."""

    scope: Scope
    jobs: tuple[str, ...]
    goals: "tuple[Goal, ...]"
    """None of jobs that only leave, or are pinned."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a job is to go."""

    job_id: str
    technician_id: str | None
    start_at: datetime | None = None
    no_earlier: bool = False


def judge_several(
    session: Session, change: SeveralChange, settings: Settings, *, at: datetime | None = None
) -> JointVerdict:
    """Judge the change against the plan in force as of ``at`` (None: now); nothing is changed.

    Raises ``NotFound`` for jobs and technicians, and ``Conflict`` with all that cannot be moved.
    """
    at = at or now()
    asked = resolved(session, change, settings, at)
    live = load_live_day(session, asked.scope, at, settings.freeze, settings)
    return joint_verdict(live, judged(live, change, asked, settings))


def resolved(session: Session, change: SeveralChange, settings: Settings, at: datetime) -> Resolved:
    """Which jobs the change is about, and where they are to go.

    Raises as ``judge_several``.
    """
    technicians = [name for name in (change.technician_id, change.with_technician_id) if name]
    for name in technicians:
        read_technician(session, name)
    ids = list(change.job_ids)
    if change.action is SeveralAction.PUSH:
        ids += [crew for name in ids for crew in crew_of(session, name)]
    found = {job.id: job for job in rows_where(session, Job, "id", ids)}
    for name in ids:
        if name not in found:
            raise no_such_job(name)
    goals, places = _goals(session, change, list(dict.fromkeys(ids)), settings, at)
    if change.action in (SeveralAction.CANCEL, SeveralAction.PIN):
        names = tuple(dict.fromkeys(ids))
    else:
        names = tuple(goal.job_id for goal in goals)
    statuses = CHANGEABLE if change.action is SeveralAction.CANCEL else PLANNABLE
    faults = [
        Fault("not_plannable", f"job {name}", f"it is {found[name].status}", "leave it out")
        for name in ids
        if found[name].status not in statuses
    ]
    if not names:
        where = f"technician {change.technician_id}"
        cause, action = "nothing is to come from then on", "give an earlier moment"
        faults.append(Fault("nothing_to_move", where, cause, action))
    if faults:
        raise Conflict(*faults)
    days = {route.day for route in places.values()} or {change.day or today(at, settings)}
    if change.action not in (SeveralAction.CANCEL, SeveralAction.PIN):
        waiting = [goal for goal in goals if goal.job_id not in places and goal.technician_id]
        if waiting and change.day is not None:
            days.add(change.day)
        if len(days) > 1:
            raise conflict(
                "several_days",
                names[0],
                "the visits are on different days",
                "change those of one day at a time",
            )
    if (max(days) - min(days)).days >= MOST_DAYS:
        cause = "the visits are too many days apart"
        raise conflict("too_far", names[0], cause, "change those of fewer days at a time")
    concerned = {route.technician_id for route in places.values()}
    concerned |= {goal.technician_id for goal in goals if goal.technician_id is not None}
    jobs = frozenset(names)
    scope = Scope(
        min(days),
        max(days),
        technician_ids=frozenset(concerned),
        waiting_job_ids=jobs,
        released=jobs,
        by_hand=jobs,
    )
    return Resolved(scope, names, tuple(goals))


def _goals(
    session: Session, change: SeveralChange, ids: list[str], settings: Settings, at: datetime
) -> tuple[list[Goal], dict[str, Route]]:
    """Where the jobs are to go, and where they are."""
    match change.action:
        case SeveralAction.PUSH if not ids:
            rest = _rest_of(session, change.technician_id or "", change.from_at or at, settings)
            crews = [one for name, *_ in rest for one in crew_of(session, name)]
            ids = list(dict.fromkeys([*(name for name, *_ in rest), *crews]))
        case SeveralAction.SWAP_RESTS:
            names = (change.technician_id or "", change.with_technician_id or "")
            begin = change.from_at or at
            one, other = (_rest_of(session, name, begin, settings) for name in names)
            goals = [Goal(name, names[1], stop.start_at) for name, stop, _ in one]
            goals += [Goal(name, names[0], stop.start_at) for name, stop, _ in other]
            return goals, {name: route for name, _, route in (*one, *other)}
        case _:
            pass
    stops = queries.live_stops(session, ids)
    places = {name: route for name, (_, route) in stops.items()}
    missing = [name for name in ids if name not in stops]
    if change.action in (SeveralAction.PUSH, SeveralAction.SWAP, SeveralAction.TAKE_OFF):
        if change.action is SeveralAction.PUSH:
            # Of a crew that is called as one, who has no place yet comes along later.
            missing = [name for name in missing if name in change.job_ids]
        if missing:
            cause, action = "it is on no route", "place it first, or leave it out"
            raise Conflict(*(Fault("not_in_plan", f"job {n}", cause, action) for n in missing))
    match change.action:
        case SeveralAction.MOVE:
            tied = {name for name in ids if name in stops and crew_of(session, name)}
            return [_moved(change, name, stops, tied) for name in ids], places
        case SeveralAction.PUSH:
            by = timedelta(minutes=change.minutes or 0)
            return [
                Goal(name, route.technician_id, stop.start_at + by, no_earlier=True)
                for name, (stop, route) in stops.items()
            ], places
        case SeveralAction.SWAP:
            a, b = ids
            return [
                Goal(mine, stops[theirs][1].technician_id, stops[theirs][0].start_at)
                for mine, theirs in ((a, b), (b, a))
            ], places
        case SeveralAction.TAKE_OFF:
            return [Goal(name, None) for name in ids], places
        case _:
            return [], places


def _moved(
    change: SeveralChange,
    name: str,
    stops: dict[str, tuple[Stop, Route]],
    crews: Collection[str],
) -> Goal:
    # Who is one of a crew comes when the others do.
    if name in crews and change.start_at is None:
        return Goal(name, change.technician_id, stops[name][0].start_at, no_earlier=True)
    return Goal(name, change.technician_id, change.start_at)


def _rest_of(
    session: Session, technician_id: str, begin: datetime, settings: Settings
) -> list[tuple[str, Stop, Route]]:
    """What the technician has to come on the day of that moment, from it on, unless it has begun,
    or is about to."""
    day = today(begin, settings)
    routes = queries.live_routes_on(session, [technician_id], day, day)
    stops = [
        (stop.job_id, stop, rows.route)
        for rows in routes
        for stop in rows.stops
        if stop.job_id is not None and stop.start_at >= begin
    ]
    jobs = {job.id: job for job in rows_where(session, Job, "id", [name for name, *_ in stops])}
    return [one for one in stops if _is_to_come(jobs[one[0]])]


def _is_to_come(job: Job) -> bool:
    return job.status in PLANNABLE and job.en_route_at is None


def judged(live: LiveDay, change: SeveralChange, asked: Resolved, settings: Settings) -> Judged:
    """What becomes of it.

    Raises ``Conflict`` with every job that cannot be moved.
    """
    day = asked.scope.starts_on
    if change.action is SeveralAction.PIN:
        return Judged((), {}, (), (), (), (), (), (), (), {})
    if change.action is SeveralAction.CANCEL:
        _not_begun(live, asked.jobs)
        return cut(live, asked.jobs, tuple(Move(name, None, day) for name in asked.jobs))
    is_rest = change.from_at is not None
    begun = live.translation.begun
    goals = [goal for goal in asked.goals if not (is_rest and goal.job_id in begun)]
    faults: list[Fault] = []
    for goal in goals:
        is_over = goal.technician_id is None and goal.job_id in live.translation.left_out
        try:
            if not is_over:
                attendable(live, goal.job_id, day)
        except Conflict as error:
            faults += error.faults
    if not goals and not faults:
        cause, action = "all of it has begun or is about to", "give a later moment"
        faults.append(Fault("nothing_to_move", f"technician {change.technician_id}", cause, action))
    if faults:
        raise Conflict(*faults)
    return judge_together(
        live, [_move(live, goal, day) for goal in goals], settings.late_after_seconds
    )


def _not_begun(live: LiveDay, names: Iterable[str]) -> None:
    cause, action = "it has begun or is about to", "leave it, or call the technician"
    faults = [
        Fault("begins", f"job {name}", cause, action)
        for name in names
        if name in live.translation.begun
    ]
    if faults:
        raise Conflict(*faults)


def _move(live: LiveDay, goal: Goal, day: date) -> Move:
    start = None if goal.start_at is None else live.translation.seconds(goal.start_at)
    return Move(goal.job_id, goal.technician_id, day, start, no_earlier=goal.no_earlier)


def joint_verdict(live: LiveDay, found: Judged, job_ids: Iterable[str] = ()) -> JointVerdict:
    """What was found out, as others see it; ``job_ids`` where no job is moved."""
    names = list(found.job_ids or job_ids)
    visits = judged_visits(live, found)
    told = [
        name
        for name in names
        for job in [live.translation.snapshot.live_jobs.get(name)]
        if job is not None and job.told_at is not None and found.moves
    ]
    return JointVerdict(
        **verdict(live, found).model_dump(),
        job_ids=names,
        visits=[
            PlacedVisit(job_id=name, **visit.model_dump())
            for name, visit in sorted(visits.items(), key=lambda one: one[1].start_at)
        ],
        told_job_ids=told,
    )
