"""What a dispatcher would change by hand, judged: what it would break, by how much, and its cost.

Nothing is stored. To put a change in force, judge it again under lock.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from dispatch.by_hand.judging import judge
from dispatch.by_hand.keeping import judged_within_links, within_links
from dispatch.by_hand.moves import Judged, Move
from dispatch.by_hand.rule_words import Unit, sentence, unit
from dispatch.company.technicians import read_technician
from dispatch.intake import Code, Day, Input, Moment
from dispatch.models import Route, now
from dispatch.output import Output
from dispatch.placing.placing import attendable, conflict, live_day, plannable, today
from dispatch.planning.live_day import LiveDay
from dispatch.planning.live_days import LiveDays
from dispatch.planning.loading import load_live_day, released
from dispatch.planning.plan_rows import with_breaks_named
from dispatch.planning.snapshot import Scope
from dispatch.plans import queries
from dispatch.plans.changes import UNSEEN
from dispatch.settings import Settings
from solver.rules.waivers import Waiver
from solver.solution import HARD, Rule, Stop, StopKind, Violation

MOST_DAYS = 31
"""A visit moves within so many days at once: all that its technicians do in between counts."""


class PlanChange(Input):
    """What a dispatcher does by dragging a visit."""

    job_id: Code
    technician_id: Code | None = None
    """Who is to do it; null or absent: nobody, the job is taken off the plan."""
    start_at: Moment | None = None
    """The visit goes before whatever on the technician's route starts later than this. Absent:
    where it breaks and costs least."""
    hold: bool = False
    """Whether the visit is to start exactly at `start_at`, and to stay there."""
    no_earlier: bool = False
    """Whether the visit is to start at `start_at` or, if it cannot, as soon as it can after that,
    and is to begin no earlier until somebody moves it again. Nobody is promised the time."""
    day: Day | None = None
    """The local day on which the technician's shift begins, which may be another one than that for
    which the visit is planned; if absent that of `start_at`, or else today. A job that is taken off
    is taken off whatever day it is on."""

    @field_validator("hold")
    @classmethod
    def _with_a_time(cls, hold: bool, info: ValidationInfo) -> bool:
        given = info.data
        if hold and (given.get("start_at") is None or given.get("technician_id") is None):
            raise PydanticCustomError(
                "nothing_to_hold", "only a visit with a technician and a time can be held there"
            )
        return hold

    @field_validator("no_earlier")
    @classmethod
    def _at_a_time(cls, no_earlier: bool, info: ValidationInfo) -> bool:
        given = info.data
        is_somewhere = given.get("start_at") is not None and given.get("technician_id") is not None
        if no_earlier and (given.get("hold") or not is_somewhere):
            raise PydanticCustomError(
                "nothing_to_hold", "only a visit with a technician and a time can be put there"
            )
        return no_earlier


class BrokenRule(Output):
    """A hard rule that the change would break."""

    rule: Rule = Field(json_schema_extra={"enum": [rule.value for rule in HARD]})
    job_id: str | None
    """Whose visit breaks it; null where it is the technician's day that does."""
    technician_id: str
    subject: str
    """The skill, part, tool, depot or break; of a time window whether the start is `earlier` or
    `later`, of a pin whether it is the `technician` or the `start`. Or empty."""
    amount: int
    unit: Unit
    message: str
    existing: bool
    """Whether it is broken by as much already, which needs no override."""


class WaiverOut(Output):
    """A hard rule set aside for one visit, by so much."""

    rule: Rule
    job_id: str
    technician_id: str
    shift_starts_at: datetime
    subject: str
    amount: int
    unit: Unit
    message: str


class JudgedVisit(Output):
    """When the technician would be there."""

    technician_id: str
    arrival_at: datetime
    start_at: datetime
    departure_at: datetime


class MovedVisit(Output):
    """Another visit that would start a minute or more earlier or later than planned."""

    job_id: str
    technician_id: str
    old_start_at: datetime
    new_start_at: datetime


class JudgedStop(Output):
    """A stop as it would be."""

    kind: StopKind
    job_id: str | None
    depot_id: str | None
    arrival_at: datetime
    start_at: datetime
    departure_at: datetime


class JudgedRoute(Output):
    """What is still to come of a route, as it would be; no stops: nothing is left of it."""

    technician_id: str
    shift_starts_at: datetime
    start_at: datetime | None
    end_at: datetime | None
    stops: list[JudgedStop]


class Verdict(Output):
    """What becomes of a change by hand, if it is made."""

    possible: bool
    """Whether it needs no override: it keeps every hard rule, or breaks only what is broken by as
    much already."""
    overridable: bool
    """Whether setting the `waivers` aside makes it possible."""
    violations: list[BrokenRule]
    extra_cost: int
    """Cents that the routes concerned cost more than those in force."""
    cost: dict[str, int]
    """The same by soft rule."""
    moved: list[MovedVisit]
    routes: list[JudgedRoute]
    """Those that change."""
    waivers: list[WaiverOut]
    """What has to be waived for it; empty if it is possible."""
    plan_version: int
    """The version of the plan that it was judged against."""


class Judgement(Verdict):
    """What becomes of the change of one job."""

    visit: JudgedVisit | None


def judge_change(
    session: Session,
    change: PlanChange,
    settings: Settings,
    *,
    at: datetime | None = None,
    days: LiveDays | None = None,
) -> Judgement:
    """Judge the change against the plan in force as of ``at`` (None: now); nothing is changed.

    Raises ``NotFound`` for job and technician, and ``Conflict`` if the job has begun, cannot be
    planned on that day at all, or is planned for one too far from it.
    """
    at = at or now()
    plannable(session, change.job_id)
    if change.technician_id is not None:
        read_technician(session, change.technician_id)
    holder = queries.live_visits(session, [change.job_id]).get(change.job_id)
    day = day_of(change, holder, settings, at)
    scope = scope_of(change, holder, day)
    if scope.starts_on == scope.ends_on:
        live = live_day(session, day, settings, at, days, moving=change.job_id)
        within = judged_within_links(live, move_of(live, change, day), settings)
        if within is not None:
            return judgement(live, within)
        if change.job_id in live.translation.snapshot.partners:
            live = released(live, {change.job_id}, settings, by_hand=True)
        is_over = change.job_id in live.translation.left_out and change.technician_id is None
        if is_over:
            live = load_live_day(session, scope, at, settings.freeze, settings)
    else:
        live = load_live_day(session, scope, at, settings.freeze, settings)
        if change.job_id in live.translation.snapshot.partners:
            tight = load_live_day(session, within_links(scope), at, settings.freeze, settings)
            within = judged_within_links(tight, move_of(tight, change, day), settings)
            if within is not None:
                return judgement(tight, within)
    attendable(live, change.job_id, day)
    return judgement(live, judge(live, move_of(live, change, day), settings.late_after_seconds))


def day_of(change: PlanChange, holder: Route | None, settings: Settings, at: datetime) -> date:
    """The local day that the job is to be on, or to be taken off; ``holder`` is the route in force
    that it is on."""
    if change.technician_id is None and holder is not None:
        return holder.day
    return change.day or today(change.start_at or at, settings)


def scope_of(change: PlanChange, holder: Route | None, day: date) -> Scope:
    """The routes that the change concerns: those of the technician who has the job and of the one
    who is to have it, from the day on which it is to the one on which it is to be.

    Raises ``Conflict`` if these are too far apart.
    """
    names = {change.technician_id, None if holder is None else holder.technician_id}
    concerned = frozenset(name for name in names if name is not None)
    scope = span_of(change.job_id, day if holder is None else holder.day, day, concerned)
    # What is taken off may be so when its windows are over.
    return replace(scope, moved_job_id=change.job_id) if change.technician_id is None else scope


def span_of(job_id: str, old: date, new: date, technicians: frozenset[str] | None) -> Scope:
    """The technicians' routes (None: everybody's) from the day on which the job is to another.

    Raises ``Conflict`` if these are too far apart.
    """
    if abs((new - old).days) >= MOST_DAYS:
        raise conflict(
            "too_far",
            job_id,
            f"{new} is not within {MOST_DAYS} days of {old}",
            "take it off, and place it on the other day",
        )
    return Scope(
        min(old, new),
        max(old, new),
        technician_ids=technicians,
        waiting_job_ids=frozenset({job_id}),
        moved_job_id=job_id if new != old else None,
        released=frozenset({job_id}),
        by_hand=frozenset({job_id}),
    )


def move_of(live: LiveDay, change: PlanChange, day: date) -> Move:
    """The change in the solver's terms."""
    start = None if change.start_at is None else live.translation.seconds(change.start_at)
    return Move(change.job_id, change.technician_id, day, start, change.hold, change.no_earlier)


def judgement(live: LiveDay, judged: Judged) -> Judgement:
    """What was found out about the one job that is moved, as others see it."""
    [job_id] = judged.job_ids
    return Judgement(
        **verdict(live, judged).model_dump(), visit=judged_visits(live, judged).get(job_id)
    )


def judged_visits(live: LiveDay, judged: Judged) -> dict[str, JudgedVisit]:
    """When somebody would be at the jobs that are moved."""
    moment = live.translation.moment
    return {
        stop.id: JudgedVisit(
            technician_id=route.technician,
            arrival_at=moment(stop.arrival),
            start_at=moment(stop.start),
            departure_at=moment(stop.departure),
        )
        for route in judged.after
        for stop in route.stops
        if stop.kind is StopKind.VISIT and stop.id in judged.job_ids
    }


def verdict(live: LiveDay, judged: Judged) -> Verdict:
    """What was found out, as others see it."""
    goals = {move.job_id: move.technician or "" for move in judged.moves}
    first = next(iter(goals.values()), "")
    return Verdict(
        possible=judged.is_possible,
        overridable=judged.is_possible or judged.waivers is not None,
        violations=[
            broken_rule(
                live, violation, goals.get(violation.stop, first), violation in judged.existing
            )
            for violation in judged.violations
            if violation not in judged.slight
        ],
        extra_cost=sum(judged.cost.values()),
        cost={rule.value: cents for rule, cents in judged.cost.items()},
        moved=list(_moved(live, judged)),
        routes=list(_routes(live, judged)),
        waivers=[]
        if judged.is_possible
        else [waiver_out(live, waiver) for waiver in judged.waivers or ()],
        plan_version=live.translation.snapshot.based_on_version,
    )


def _moved(live: LiveDay, judged: Judged) -> Iterable[MovedVisit]:
    moment = live.translation.moment
    for route in judged.after:
        for stop in route.stops:
            visit = live.translation.visits.get(stop.id)
            if stop.id in judged.job_ids or visit is None or visit.previous is None:
                continue
            if abs(stop.start - visit.previous.start) > UNSEEN.seconds:
                yield MovedVisit(
                    job_id=stop.id,
                    technician_id=route.technician,
                    old_start_at=moment(visit.previous.start),
                    new_start_at=moment(stop.start),
                )


def _routes(live: LiveDay, judged: Judged) -> Iterable[JudgedRoute]:
    moment = live.translation.moment
    shifts = {shift.id: shift for shift in live.problem.shifts}
    after = {route.shift: route for route in judged.after}
    emptied = [route for route in judged.before if route.shift not in after]
    for route in (*judged.after, *emptied):
        is_left = route.shift in after
        if route.shift in live.translation.begun_shifts:
            route = with_breaks_named(route, shifts[route.shift])
        yield JudgedRoute(
            technician_id=route.technician,
            shift_starts_at=live.translation.shifts[route.shift].starts_at,
            start_at=moment(route.start) if is_left else None,
            end_at=moment(route.end) if is_left else None,
            stops=[_stop(live, stop) for stop in route.stops] if is_left else [],
        )


def _stop(live: LiveDay, stop: Stop) -> JudgedStop:
    moment = live.translation.moment
    return JudgedStop(
        kind=stop.kind,
        job_id=stop.id if stop.kind is StopKind.VISIT else None,
        depot_id=stop.id if stop.kind is StopKind.DEPOT else None,
        arrival_at=moment(stop.arrival),
        start_at=moment(stop.start),
        departure_at=moment(stop.departure),
    )


def broken_rule(
    live: LiveDay, violation: Violation, technician_id: str, existing: bool = False
) -> BrokenRule:
    """The violation in a dispatcher's words; a depot is short of stock for this technician."""
    shift = live.translation.shifts.get(violation.shift)
    if shift is None and violation.rule is Rule.SHIFT:
        return does_not_work_then(technician_id)
    technician_id = technician_id if shift is None else shift.technician_id
    subjects = violation.subjects
    if violation.rule in {Rule.BREAKS, Rule.DEPOT_STOCK}:
        subjects = (violation.stop, *subjects)
    return BrokenRule(
        rule=violation.rule,
        job_id=violation.stop if violation.stop in live.translation.visits else None,
        technician_id=technician_id,
        subject=", ".join(subjects),
        amount=violation.amount,
        unit=unit(violation.rule, subjects),
        message=sentence(
            violation.rule, violation.stop, technician_id, violation.subjects, violation.amount
        ),
        existing=existing,
    )


def does_not_work_then(technician_id: str) -> BrokenRule:
    """What a technician without a shift on the day breaks."""
    return BrokenRule(
        rule=Rule.SHIFT,
        job_id=None,
        technician_id=technician_id,
        subject="",
        amount=1,
        unit="",
        message=f"{technician_id} does not work then",
        existing=False,
    )


def waiver_out(live: LiveDay, waiver: Waiver) -> WaiverOut:
    """The waiver in a dispatcher's words."""
    return WaiverOut(
        rule=waiver.rule,
        job_id=waiver.visit,
        technician_id=waiver.technician,
        shift_starts_at=live.translation.shifts[waiver.shift].starts_at,
        subject=waiver.subject,
        amount=waiver.amount,
        unit=unit(waiver.rule, [waiver.subject]),
        message=told(waiver),
    )


def told(waiver: Waiver) -> str:
    """What is broken if the waiver is used up."""
    subjects = (waiver.subject,) if waiver.subject else ()
    return sentence(waiver.rule, waiver.visit, waiver.technician, subjects, waiver.amount)
