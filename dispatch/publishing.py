"""Publishing a draft, however long ago it was made."""

from datetime import datetime

from sqlmodel import Session

from dispatch import log, plans_store
from dispatch.errors import Conflict
from dispatch.merging import merge
from dispatch.models import Plan, Run, now
from dispatch.plans import PlanSummary, freeze_of, publish_plan, scope_of
from dispatch.settings import Settings


def publish_up_to_date(
    session: Session,
    plan_id: int,
    *,
    actor: str,
    settings: Settings,
    at: datetime | None = None,
) -> PlanSummary:
    """As ``publish_plan``; a draft that things have overtaken is brought up to date first.

    Raises ``NotFound``, or ``Conflict`` if the plan was discarded.
    """
    at = at or now()
    try:
        return publish_plan(session, plan_id, actor=actor, settings=settings, at=at)
    except Conflict as conflict:
        if any(fault.code == "discarded" for fault in conflict.faults):
            raise
    # The publication is held since then: nothing can get in between any more.
    plan = session.get_one(Plan, plan_id)
    run = session.get(Run, plan.run_id)
    found = merge(
        session,
        plans_store.routes_of(session, plan_id),
        scope_of(plan, run),
        freeze_of(run),
        plan.run_id,
        settings,
        at,
    )
    plans_store.replace_draft(session, plan, found.rows)
    after = found.changes.model_dump(mode="json")
    log.record(session, actor, "merge", "plan", str(plan_id), after=after)
    return publish_plan(session, plan_id, actor=actor, settings=settings, at=at)
