"""What was judged put in force: as one new version, whatever number of jobs it moves.

What it breaks is waived only by an override, which says why, is logged, and pins the jobs.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from dispatch import log, models
from dispatch.by_hand.judgements import Verdict
from dispatch.by_hand.moves import Judged
from dispatch.by_hand.versions import Ground, ManualVersion, verify
from dispatch.errors import Conflict
from dispatch.intake import Input, Text
from dispatch.jobs.pins import set_pin
from dispatch.models import Plan, PlanUnassigned
from dispatch.planning.live_day import LiveDay
from dispatch.planning.plan_rows import UNKNOWN, RouteRows, shift_key, to_plan
from dispatch.planning.snapshot import LiveRoute
from dispatch.planning.waivers import end_waivers
from dispatch.plans import queries, versions
from dispatch.plans.merging import TAKEN_OFF
from dispatch.settings import Settings
from solver.faults import Fault
from solver.rules.cost import cost
from solver.rules.waivers import Waiver
from solver.solution import EARLIER, START, Rule, Solution

SLIGHT = "within the tolerance"
"""Why something is waived that nobody has to give a reason for."""


class Override(Input):
    """A decision to break rules all the same."""

    reason: Text
    """Why; it is kept in the log."""


def unchanged_since(session: Session, ground: Ground, version: int | None, where: str) -> None:
    """Raises ``Conflict`` if the routes concerned have changed since the version (None: whatever
    they are)."""
    if version is None:
        return
    ids = {found.route.plan_id for found in ground.routes}
    newest = max(queries.versions_of(session, ids).values(), default=0)
    # A route of which nothing is left is none in force any more, and has changed all the same.
    emptied = versions.newest_emptying_since(session, version, ground.scope, ground.routes)
    newest = max(newest, emptied)
    if newest > version:
        raise Conflict(
            Fault(
                "changed_since",
                where,
                f"version {newest}, published since, has changed the routes concerned",
                "look at them, and judge the change again",
            )
        )


def overridden(shown: Verdict, override: Override | None, job_id: str) -> None:
    """Raises ``Conflict`` if the change, which breaks rules, is not or cannot be overridden; what
    is no visit's fault is told of this job."""
    if override is not None and shown.overridable:
        return
    action = "override it with a reason, or look for another place"
    if not shown.overridable:
        action = "no override helps here; look for another place"
    raise Conflict(
        *(
            Fault(broken.rule.value, f"job {broken.job_id or job_id}", broken.message, action)
            for broken in shown.violations
        )
    )


def is_as_it_was(judged: Judged) -> bool:
    """Whether the routes that it is about stay as they are."""
    return {route.shift: route.stops for route in judged.before} == {
        route.shift: route.stops for route in judged.after
    }


def put_in_force(
    session: Session,
    ground: Ground,
    judged: Judged,
    shown: Verdict,
    override: Override | None,
    settings: Settings,
    *,
    actor: str,
    at: datetime,
    other_day: Collection[str] = (),
) -> Plan:
    """The version that the moves make. What was set aside for jobs going to an ``other_day`` ends.

    Whoever calls it holds the publication. Raises ``Conflict`` if the plan would break rules that
    nobody has seen coming.
    """
    unassigned = [
        PlanUnassigned(plan_id=UNKNOWN, job_id=move.job_id, reasons=[TAKEN_OFF])
        for move in judged.moves
        if move.technician is None
    ]
    version = ManualVersion(session, ground, actor, at)
    routes, replaced = _rows(ground.live, judged)
    plan = version.stored(routes, unassigned, cost(ground.live.problem, judged.after, ()))
    if other_day:
        end_waivers(session, dict.fromkeys(other_day), actor=actor)
    _set_aside(session, ground, plan, judged, override, actor=actor, at=at)
    _bind(session, ground, judged, actor)
    _log(session, ground, plan, judged, shown, replaced, override, actor)
    version.put_in_force(plan, routes, replaced, judged.job_ids)
    verify(session, ground, settings, at, existing=judged.existing)
    return plan


def _rows(live: LiveDay, judged: Judged) -> tuple[list[RouteRows], list[LiveRoute]]:
    """The routes as they will be, and those that they replace."""
    keys = {live.key(route.shift) for route in (*judged.before, *judged.after)}
    found = live.translation.snapshot.live
    keys |= {shift_key(one.route) for one in found if not one.job_ids.isdisjoint(judged.job_ids)}
    rows = to_plan(live.translation, Solution(judged.after, (), {Rule.UNASSIGNED: 0}), None)
    return (
        [one for one in rows.routes if shift_key(one.route) in keys],
        [one for one in found if shift_key(one.route) in keys],
    )


def _set_aside(
    session: Session,
    ground: Ground,
    plan: Plan,
    judged: Judged,
    override: Override | None,
    *,
    actor: str,
    at: datetime,
) -> None:
    """Store what is waived."""
    starts = _starts(judged)
    moment = ground.live.translation.moment
    reason = SLIGHT
    if not judged.is_possible:
        assert override is not None  # noqa: S101 - it would have been refused
        reason = override.reason
    for waiver in _waived(judged):
        if waiver.rule is Rule.PINS:
            if waiver.subject == START and waiver.visit not in judged.job_ids:
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


def _waived(judged: Judged) -> tuple[Waiver, ...]:
    return judged.slight_waivers if judged.is_possible else judged.waivers or ()


def _starts(judged: Judged) -> Mapping[str, int]:
    return {stop.id: stop.start for route in judged.after for stop in route.stops}


def _bind(session: Session, ground: Ground, judged: Judged, actor: str) -> None:
    """Pin what is to stay, and have what was put somewhere begin no earlier."""
    starts = _starts(judged)
    moment = ground.live.translation.moment
    is_overridden = not judged.is_possible and bool(judged.waivers)
    for move in judged.moves:
        job, technician = ground.jobs[move.job_id], move.technician
        put_at = None
        if technician is not None and move.no_earlier and move.start is not None:
            put_at = moment(min(starts[move.job_id], move.start))
        is_pinned = technician is not None and (move.hold or is_overridden)
        pinned, start_at = job.pinned_technician_id, job.pinned_start_at
        if is_pinned:
            pinned, start_at = technician, moment(starts[move.job_id]) if move.hold else None
        set_pin(session, job, pinned, start_at, actor=actor, not_before_at=put_at)
    session.flush()


def _log(
    session: Session,
    ground: Ground,
    plan: Plan,
    judged: Judged,
    shown: Verdict,
    replaced: Iterable[LiveRoute],
    override: Override | None,
    actor: str,
) -> None:
    before: dict[str, dict[str, Any]] = {}
    for found in replaced:
        for stop in found.stops:
            if stop.job_id is not None:
                start_at = stop.start_at.isoformat()
                before[stop.job_id] = {
                    "technician_id": found.route.technician_id,
                    "start_at": start_at,
                }
    starts = _starts(judged)
    for move in judged.moves:
        start = starts.get(move.job_id)
        moment = None if start is None else ground.live.translation.moment(start)
        after = {
            "plan_id": plan.id,
            "technician_id": move.technician,
            "start_at": None if moment is None else moment.isoformat(),
            "held": move.hold,
        }
        was = before.get(move.job_id)
        log.record(session, actor, "move", log.Entity.JOB, move.job_id, before=was, after=after)
        own = [one for one in shown.waivers if one.job_id == move.job_id]
        if len(judged.moves) == 1:
            # Also what others are late by because of it.
            own = shown.waivers
        if own and override is not None:
            decision: dict[str, Any] = {
                "plan_id": plan.id,
                "technician_id": move.technician,
                "reason": override.reason,
                "waivers": [waiver.model_dump(mode="json") for waiver in own],
            }
            log.record(session, actor, "override", log.Entity.JOB, move.job_id, after=decision)
