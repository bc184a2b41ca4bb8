"""Drafts made by hand, and what becomes of them."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlmodel import Session, col, select

from dispatch.errors import Conflict
from dispatch.models import Job, JobStatus, LogEntry, Plan, Route, Run, RunStatus, Stop
from dispatch.models import now as clock
from dispatch.planning.plan_rows import to_plan
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.planning.translation import Translation
from dispatch.plans.contents import PlanSummary
from dispatch.plans.plans import planned_from, publish_plan
from dispatch.plans.versions import store_draft
from dispatch.settings import Settings
from solver.judge.check import check
from solver.judge.cost import cost
from solver.solution import (
    Reason,
    ReasonCode,
    Solution,
    StopKind,
    Unassigned,
)
from solver.solution import Route as SolvedRoute
from solver.solution import Stop as SolvedStop
from tests.dispatch.crew import (
    MONDAY,
)


def draft(
    session: Session,
    settings: Settings,
    routes: Mapping[str, list[str]],
    territory: str | None = None,
) -> int:
    """A draft of Monday in which technicians visit these jobs in this order (depots: d…)."""
    run = Run(
        id=f"run-{len(session.exec(select(Run)).all())}",
        trigger="test",
        status=RunStatus.FINISHED,
        starts_on=MONDAY,
        ends_on=MONDAY,
        territory=territory,
        seconds=0,
        requested_by="dana",
        started_at=clock(),
    )
    session.add(run)
    session.flush()
    snapshot = load_snapshot(session, Scope(MONDAY, MONDAY, territory), planned_from(run))
    translation = to_problem(snapshot, settings)
    solution = solved(translation, routes)
    assert check(translation.problem, solution) == ()
    plan = store_draft(session, to_plan(translation, solution, run.id))
    session.commit()
    assert plan.id is not None
    return plan.id


def solved(translation: Translation, routes: Mapping[str, list[str]]) -> Solution:
    problem = translation.problem
    shifts = {shift.technician: shift for shift in problem.shifts}
    depots = {depot.id: depot for depot in problem.depots}
    found = []
    for technician, names in routes.items():
        shift = shifts[technician]
        moment, where = shift.start, shift.start_location
        stops = []
        for position, name in enumerate(names):
            called = depots.get(name) or translation.visits[name]
            arrival = moment + int(problem.travel_time[where, called.location])
            moment, where = arrival + called.duration, called.location
            kind, parts = StopKind.VISIT, {}
            if name in depots:
                kind = StopKind.DEPOT
                for later in names[position + 1 :]:
                    if later not in depots:
                        parts |= translation.visits[later].parts
            stops.append(SolvedStop(kind, name, arrival, arrival, moment, parts))
        if names:
            end = moment + int(problem.travel_time[where, shift.end_location])
            found.append(SolvedRoute(shift.id, technician, shift.start, end, tuple(stops)))
    served = {name for names in routes.values() for name in names}
    left_out = [visit.id for visit in problem.visits if visit.id not in served]
    reason = Reason(ReasonCode.NOT_FOUND, None, "nobody looked")
    return Solution(
        tuple(found),
        tuple(Unassigned(name, (reason,)) for name in left_out),
        cost(problem, found, left_out),
    )


def publish(session: Session, settings: Settings, plan_id: int, **options: Any) -> PlanSummary:
    found = publish_plan(session, plan_id, actor="dana", settings=settings, **options)
    session.commit()
    return found


def refused(session: Session, settings: Settings, plan_id: int, **options: Any) -> str:
    """Publish in vain: nothing at all changes. Returns what stood in the way."""
    before = everything(session)
    with pytest.raises(Conflict) as error:
        publish(session, settings, plan_id, **options)
    session.commit()
    session.expire_all()
    assert everything(session) == before
    return ", ".join(sorted({fault.code for fault in error.value.faults}))


def everything(session: Session) -> list[list[dict[str, Any]]]:
    tables = (Plan, Route, Stop, Job, LogEntry)
    return [[row.model_dump() for row in session.exec(select(table))] for table in tables]


def in_force(session: Session) -> dict[str, list[str]]:
    """Jobs by technician, in the order of their live stops."""
    rows = session.exec(
        select(Route, Stop)
        .join(Stop, col(Stop.route_id) == Route.id)
        .where(col(Route.live), col(Stop.live), col(Stop.job_id).is_not(None))
        .order_by(Route.technician_id, col(Stop.start_at))
    )
    found: dict[str, list[str]] = {}
    for route, stop in rows:
        found.setdefault(route.technician_id, []).append(stop.job_id or "")
    return found


def status(session: Session, job_id: str) -> JobStatus:
    session.expire_all()
    return session.get_one(Job, job_id).status
