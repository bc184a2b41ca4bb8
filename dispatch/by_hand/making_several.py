"""Changes of several jobs by hand put in force: as one version, all or nothing."""

from collections.abc import Sequence
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
from dispatch.by_hand.several import (
    JointVerdict,
    Resolved,
    SeveralAction,
    SeveralChange,
    joint_verdict,
    judged,
    resolved,
)
from dispatch.by_hand.versions import Ground, ManualVersion, ground_of
from dispatch.errors import Conflict
from dispatch.jobs.jobs import cancel_job
from dispatch.jobs.pins import PinRequest, pin_job, unpin_job
from dispatch.models import Plan, now
from dispatch.output import Output
from dispatch.planning.plan_rows import RouteRows, copied
from dispatch.plans import versions
from dispatch.settings import Settings
from solver.faults import Fault


class SeveralToMake(SeveralChange):
    """A change of several jobs that is to be put in force."""

    override: Override | None = None
    """Needed if the change breaks a hard rule."""
    plan_version: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """The version that the change was judged against: it is refused if the routes concerned have
    changed since. Absent: whatever they are now."""


class SeveralMade(Output):
    """A change of several jobs that is in force."""

    plan_id: int
    plan_version: int
    """The version that it made; undo it by this number."""
    is_new: bool
    """False: it was so already, and there is nothing to undo."""
    job_ids: list[str]
    judgement: JointVerdict


def make_several(
    session: Session,
    change: SeveralToMake,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> SeveralMade:
    """Put the change in force as one new version, or none of it. One that changes nothing makes
    none.

    Raises as ``judge_several``, and ``Conflict`` with every hard rule that it would break if there
    is no override, or none helps, or if the routes have changed since ``plan_version``.
    """
    at = at or now()
    versions.hold_publication(session)
    asked = resolved(session, change, settings, at)
    ground = ground_of(session, asked.scope, settings, at, asked.jobs)
    unchanged_since(session, ground, change.plan_version, f"job {asked.jobs[0]}")
    found = judged(ground.live, change, asked, settings)
    shown = joint_verdict(ground.live, found, asked.jobs)
    if change.action is SeveralAction.CANCEL:
        return _made(_cancelled(session, ground, asked.jobs, actor, at), shown)
    if change.action is SeveralAction.PIN:
        return _made(_pinned(session, ground, change, asked, settings, actor, at), shown)
    if not found.is_possible:
        overridden(shown, change.override, asked.jobs[0])
    newest = max((one.route.plan_id for one in ground.routes), default=None)
    if is_as_it_was(found) and found.is_possible and newest is not None:
        return _made(session.get_one(Plan, newest), shown, is_new=False)
    plan = put_in_force(
        session, ground, found, shown, change.override, settings, actor=actor, at=at
    )
    return _made(plan, shown)


def _made(plan: Plan, shown: JointVerdict, *, is_new: bool = True) -> SeveralMade:
    return SeveralMade(
        plan_id=plan.id or 0,
        plan_version=plan.version or 0,
        is_new=is_new,
        job_ids=shown.job_ids,
        judgement=shown,
    )


def _cancelled(
    session: Session, ground: Ground, names: Sequence[str], actor: str, at: datetime
) -> Plan:
    """All else stays as it is in force, to the second."""
    version = ManualVersion(session, ground, actor, at)
    replaced = [one for one in ground.routes if not one.job_ids.isdisjoint(names)]
    routes = [copied(RouteRows(one.route, list(one.stops)), {*names}) for one in replaced]
    statuses = {
        name: {"status": job.status.value, "hold_reason": job.hold_reason}
        for name in names
        for job in [ground.jobs[name]]
    }
    plan = version.stored(routes, [], {})
    for name in names:
        cancel_job(session, name, actor=actor)
    version.put_in_force(plan, routes, replaced, names, statuses=statuses)
    return plan


def _pinned(
    session: Session,
    ground: Ground,
    change: SeveralChange,
    asked: Resolved,
    settings: Settings,
    actor: str,
    at: datetime,
) -> Plan:
    """No route changes; the version is there to be undone."""
    version = ManualVersion(session, ground, actor, at)
    faults: list[Fault] = []
    for name in asked.jobs:
        try:
            if change.to is None:
                unpin_job(session, name, actor=actor)
            else:
                pin_job(session, name, PinRequest(to=change.to), settings, actor=actor, at=at)
        except Conflict as error:
            faults += error.faults
    if faults:
        raise Conflict(*faults)
    plan = version.stored([], [], {})
    version.put_in_force(plan, [], [], asked.jobs)
    return plan
