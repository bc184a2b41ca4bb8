"""Changes by hand put in force: a visit dragged somewhere else.

A change is judged again under lock, so that what is put in force is what was shown, or nothing.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlmodel import Session

from dispatch.by_hand.carrying_out import (
    Override,
    is_as_it_was,
    overridden,
    put_in_force,
    unchanged_since,
)
from dispatch.by_hand.judgements import PlanChange, day_of, judgement, move_of, scope_of
from dispatch.by_hand.judging import judge
from dispatch.by_hand.keeping import judged_within_links, within_links
from dispatch.by_hand.links import links_broken
from dispatch.by_hand.versions import ChangeMade, ground_of, made
from dispatch.company.technicians import read_technician
from dispatch.errors import Conflict
from dispatch.models import Plan, now
from dispatch.placing.placing import attendable, plannable
from dispatch.plans import queries, versions
from dispatch.settings import Settings
from solver.faults import Fault


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
    unchanged_since(session, ground, change.plan_version, f"job {change.job_id}")
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
        overridden(shown, change.override, change.job_id)
    # What is in force against its links has other times there than those that it is looked at with.
    is_mended = within is not None and links_broken(ground.live, [change.job_id], None, 0)
    if is_as_it_was(judged) and not (change.hold or is_mended) and judged.is_possible:
        newest = max((found.route.plan_id for found in ground.routes), default=None)
        if newest is not None:
            return made(session.get_one(Plan, newest), change.job_id, shown, is_new=False)
    is_other_day = holder is not None and holder.day != day
    plan = put_in_force(
        session,
        ground,
        judged,
        shown,
        change.override,
        settings,
        actor=actor,
        at=at,
        other_day=[change.job_id] if is_other_day else [],
    )
    return made(plan, change.job_id, shown)
