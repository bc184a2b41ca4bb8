"""Changes by hand put in force: a visit dragged somewhere else.

A change is judged again under lock, so that what is put in force is what was shown, or nothing.
What it breaks is waived only by an override, which says why, is logged, and pins the job.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlmodel import Session

from dispatch import log, models
from dispatch.by_hand.judgements import Judgement, PlanChange, day_of, judgement, move_of, scope_of
from dispatch.by_hand.judging import Judged, judge
from dispatch.by_hand.keeping import judged_within_links, within_links
from dispatch.by_hand.links import links_broken
from dispatch.by_hand.versions import ChangeMade, Ground, ManualVersion, ground_of, made, verify
from dispatch.company.technicians import read_technician
from dispatch.errors import Conflict
from dispatch.intake import Input, Text
from dispatch.jobs.pins import set_pin
from dispatch.models import Plan, PlanUnassigned, now
from dispatch.placing.placing import attendable, plannable
from dispatch.planning.live_day import LiveDay
from dispatch.planning.plan_rows import UNKNOWN, RouteRows, shift_key, to_plan
from dispatch.planning.snapshot import LiveRoute
from dispatch.planning.waivers import end_waivers
from dispatch.plans import queries, versions
from dispatch.plans.merging import TAKEN_OFF
from dispatch.settings import Settings
from solver.faults import Fault
from solver.rules.cost import cost
from solver.solution import EARLIER, START, Rule, Solution

SLIGHT = "within the tolerance"
"""Why something is waived that nobody has to give a reason for."""


class Override(Input):
    """A decision to break rules all the same."""

    reason: Text
    """Why; it is kept in the log."""


class ChangeToMake(PlanChange):
    """A change by hand that is to be put in force."""

    override: Override | None = None
    """Needed if the change breaks a hard rule."""
    plan_version: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """The version that the change was judged against: it is refused if the routes concerned have
    changed since. Absent: whatever they are now."""


def make_change(
    session: Session,
    change: ChangeToMake,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> ChangeMade:
    """Put the change in force as a new version, which changes the routes that the job leaves and
    joins. One that changes nothing makes none.

    Raises as ``judge_change``, and ``Conflict`` with every hard rule that it would break if there
    is no override, or none helps, or if the routes have changed since ``plan_version``.
    """
    at = at or now()
    versions.hold_publication(session)
    plannable(session, change.job_id)
    if change.technician_id is not None:
        read_technician(session, change.technician_id)
    holder = queries.live_visits(session, [change.job_id]).get(change.job_id)
    if holder is None and change.technician_id is None:
        where, cause = f"job {change.job_id}", "it is on no route"
        raise Conflict(Fault("not_in_plan", where, cause, "there is nothing to take it off"))
    day = day_of(change, holder, settings, at)
    scope = scope_of(change, holder, day)
    ground = ground_of(session, scope, settings, at)
    _unchanged_since(session, ground, change)
    plannable(session, change.job_id)
    within = None
    if change.job_id in ground.live.translation.snapshot.partners:
        tight = ground_of(session, within_links(scope), settings, at)
        within = judged_within_links(tight.live, move_of(tight.live, change, day), settings)
        ground = ground if within is None else tight
    attendable(ground.live, change.job_id, day)
    move = move_of(ground.live, change, day)
    judged = within or judge(ground.live, move, settings.late_after_seconds)
    shown = judgement(ground.live, judged)
    if not judged.is_possible:
        _overridden(shown, change)
    # What is in force against its links has other times there than those that it is looked at with.
    is_mended = within is not None and links_broken(ground.live, change.job_id, None, 0)
    if _is_as_it_was(judged) and not (change.hold or is_mended) and judged.is_possible:
        newest = max((found.route.plan_id for found in ground.routes), default=None)
        if newest is not None:
            return made(session.get_one(Plan, newest), change.job_id, shown, is_new=False)
    unassigned = []
    if change.technician_id is None:
        job_id = change.job_id
        unassigned = [PlanUnassigned(plan_id=UNKNOWN, job_id=job_id, reasons=[TAKEN_OFF])]
    version = ManualVersion(session, ground, actor, at)
    routes, replaced = _rows(ground.live, judged)
    plan = version.stored(routes, unassigned, cost(ground.live.problem, judged.after, ()))
    if holder is not None and holder.day != day:
        end_waivers(session, {change.job_id: None}, actor=actor)
    _set_aside(session, ground, plan, change, judged, actor=actor, at=at)
    _log(session, plan, change, shown, replaced, actor)
    version.put_in_force(plan, routes, replaced, change.job_id)
    verify(session, ground, settings, at, existing=judged.existing)
    return made(plan, change.job_id, shown)


def _unchanged_since(session: Session, ground: Ground, change: ChangeToMake) -> None:
    if change.plan_version is None:
        return
    ids = {found.route.plan_id for found in ground.routes}
    newest = max(queries.versions_of(session, ids).values(), default=0)
    # A route of which nothing is left is none in force any more, and has changed all the same.
    emptied = versions.newest_emptying_since(
        session, change.plan_version, ground.scope, ground.routes
    )
    newest = max(newest, emptied)
    if newest > change.plan_version:
        raise Conflict(
            Fault(
                "changed_since",
                f"job {change.job_id}",
                f"version {newest}, published since, has changed the routes concerned",
                "look at them, and judge the change again",
            )
        )


def _overridden(shown: Judgement, change: ChangeToMake) -> None:
    """Raises ``Conflict`` if the change, which breaks rules, is not or cannot be overridden."""
    if change.override is not None and shown.overridable:
        return
    action = "override it with a reason, or look for another place"
    if not shown.overridable:
        action = "no override helps here; look for another place"
    raise Conflict(
        *(
            Fault(
                broken.rule.value, f"job {broken.job_id or change.job_id}", broken.message, action
            )
            for broken in shown.violations
        )
    )


def _is_as_it_was(judged: Judged) -> bool:
    return {route.shift: route.stops for route in judged.before} == {
        route.shift: route.stops for route in judged.after
    }


def _rows(live: LiveDay, judged: Judged) -> tuple[list[RouteRows], list[LiveRoute]]:
    """The routes as they will be, and those that they replace."""
    keys = {live.key(route.shift) for route in (*judged.before, *judged.after)}
    found = live.translation.snapshot.live
    keys |= {
        shift_key(one.route)
        for one in found
        if any(stop.job_id == judged.move.job_id for stop in one.stops)
    }
    rows = to_plan(live.translation, Solution(judged.after, (), {Rule.UNASSIGNED: 0}), None)
    return (
        [one for one in rows.routes if shift_key(one.route) in keys],
        [one for one in found if shift_key(one.route) in keys],
    )


def _set_aside(
    session: Session,
    ground: Ground,
    plan: Plan,
    change: ChangeToMake,
    judged: Judged,
    *,
    actor: str,
    at: datetime,
) -> None:
    """Store what is waived, and pin what is to stay."""
    starts = {stop.id: stop.start for route in judged.after for stop in route.stops}
    moment = ground.live.translation.moment
    waivers = judged.slight_waivers if judged.is_possible else judged.waivers or ()
    reason = SLIGHT
    if not judged.is_possible:
        assert change.override is not None  # noqa: S101 - it would have been refused
        reason = change.override.reason
    for waiver in waivers:
        if waiver.rule is Rule.PINS:
            if waiver.subject == START and waiver.visit != change.job_id:
                job = ground.jobs[waiver.visit]
                set_pin(session, job, job.pinned_technician_id, None, actor=actor)
            continue
        starts_at = ends_at = None
        if waiver.rule is Rule.TIME_WINDOWS:
            start = starts[waiver.visit]
            is_early = waiver.subject == EARLIER
            starts_at = moment(start if is_early else start - waiver.amount)
            ends_at = moment(start + waiver.amount if is_early else start)
        session.add(
            models.Waiver(
                job_id=waiver.visit,
                technician_id=waiver.technician,
                shift_starts_at=ground.live.translation.shifts[waiver.shift].starts_at,
                rule=waiver.rule.value,
                subject=waiver.subject,
                amount=waiver.amount,
                starts_at=starts_at,
                ends_at=ends_at,
                reason=reason,
                actor=actor,
                at=at,
                plan_id=plan.id or 0,
            )
        )
    is_overridden = bool(waivers) and not judged.is_possible
    if change.technician_id is not None and (change.hold or is_overridden):
        start_at = moment(starts[change.job_id]) if change.hold else None
        job = ground.jobs[change.job_id]
        set_pin(session, job, change.technician_id, start_at, actor=actor)
    session.flush()


def _log(
    session: Session,
    plan: Plan,
    change: ChangeToMake,
    shown: Judgement,
    replaced: Iterable[LiveRoute],
    actor: str,
) -> None:
    before: dict[str, Any] | None = None
    for found in replaced:
        for stop in found.stops:
            if stop.job_id == change.job_id:
                start_at = stop.start_at.isoformat()
                before = {"technician_id": found.route.technician_id, "start_at": start_at}
    after = {
        "plan_id": plan.id,
        "technician_id": change.technician_id,
        "start_at": None if shown.visit is None else shown.visit.start_at.isoformat(),
        "held": change.hold,
    }
    log.record(session, actor, "move", log.Entity.JOB, change.job_id, before=before, after=after)
    if shown.waivers and change.override is not None:
        decision: dict[str, Any] = {
            "plan_id": plan.id,
            "technician_id": change.technician_id,
            "reason": change.override.reason,
            "waivers": [waiver.model_dump(mode="json") for waiver in shown.waivers],
        }
        log.record(session, actor, "override", log.Entity.JOB, change.job_id, after=decision)
