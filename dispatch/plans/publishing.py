"""Publishing a draft, however long ago it was made: all of it, or for some technicians only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from dispatch import log
from dispatch.errors import Conflict
from dispatch.intake import Codes, Input
from dispatch.models import Job, Plan, PlanStatus, PlanUnassigned, Run, now
from dispatch.planning.live_day import LiveDay
from dispatch.planning.plan_rows import UNKNOWN, PlanRows, RouteRows, copied, shift_key, to_solution
from dispatch.planning.snapshot import live_routes, technicians_of
from dispatch.plans import queries, versions
from dispatch.plans.changes import PlanChanges, changes_of
from dispatch.plans.contents import PlanSummary, find_plan, summary_of
from dispatch.plans.merging import merge
from dispatch.plans.plans import freeze_of, hold_jobs_of, publish_plan, review, scope_of
from dispatch.plans.taking_back import remember_accepted
from dispatch.settings import Settings
from solver.faults import Fault
from solver.judge.check import check
from solver.rules.cost import cost
from solver.solution import Route, Rule, Solution, StopKind


class Acceptance(Input):
    """Which part of a draft to put in force."""

    technician_ids: Codes | None = None
    """Their routes only; null or absent: everybody's."""


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
        queries.routes_of(session, plan_id),
        plan.based_on_version,
        scope_of(plan, run),
        freeze_of(run),
        plan.run_id,
        settings,
        at,
    )
    versions.replace_draft(session, plan, found.rows)
    after = found.changes.model_dump(mode="json")
    log.record(session, actor, "merge", log.Entity.PLAN, str(plan_id), after=after)
    return publish_plan(session, plan_id, actor=actor, settings=settings, at=at)


def changes_nothing(session: Session, plan_id: int) -> bool:
    """Whether the draft's routes are in force just as they are, and it says nothing new of what it
    leaves out. A version of it would differ in nothing. One that was overtaken has to be brought up
    to date before that can be said."""
    plan = session.get_one(Plan, plan_id)
    if plan.based_on_version != versions.highest_version(session):
        return False
    scope = scope_of(plan, session.get(Run, plan.run_id))
    serving = technicians_of(session, scope)
    found = live_routes(session, plan.starts_on, plan.ends_on, serving)
    before = _contents(RouteRows(one.route, list(one.stops)) for one in found)
    if not before or before != _contents(queries.routes_of(session, plan_id)):
        return False
    left_out = queries.unassigned_of(session, plan_id)
    names = [row.job_id for row in left_out]
    known = queries.newest_reasons(session, names, of_versions=True)
    return all(_kinds(known.get(row.job_id, [])) == _kinds(row.reasons) for row in left_out)


def _kinds(reasons: Iterable[Mapping[str, Any]]) -> set[str]:
    """What kinds of reasons these are: how closely they are told depends on the time there was."""
    return {reason["code"] for reason in reasons}


@dataclass(frozen=True, slots=True)
class Prospect:
    """What publishing a draft now would put in force."""

    live: LiveDay
    """What is in force instead."""
    routes: list[RouteRows]
    unassigned: list[PlanUnassigned]
    solution: Solution
    gone: frozenset[str]
    """Jobs that are on the routes still, and would be left out."""
    is_as_made: bool
    """Whether nothing has happened since that has to be merged into it."""

    @property
    def changes(self) -> PlanChanges:
        """From what can be kept of what is in force to what publishing would put there."""
        return changes_of(self.live.translation, self.live.kept, self.solution)

    @property
    def holders(self) -> dict[str, tuple[str | None, str | None]]:
        """The technicians who have each job now, and who would have it; what has begun is not
        among these jobs."""
        translation = self.live.translation
        before = {
            stop.job_id: found.route.technician_id
            for found in translation.snapshot.live
            for stop in found.stops
        }
        after = {
            stop.id: route.technician
            for route in self.solution.routes
            for stop in route.stops
            if stop.kind is StopKind.VISIT
        }
        return {name: (before.get(name), after.get(name)) for name in translation.visits}

    @property
    def bound(self) -> dict[str, set[str]]:
        """For each technician those who give jobs to them, or take jobs from them."""
        found: dict[str, set[str]] = {}
        for before, after in self.holders.values():
            if before is not None and after is not None and before != after:
                found.setdefault(before, set()).add(after)
                found.setdefault(after, set()).add(before)
        return found


def prospect_of(
    session: Session, plan: Plan, jobs: Mapping[str, Job], settings: Settings, at: datetime
) -> Prospect:
    """Look at a draft; ``jobs`` has at least those on its routes. Nothing is changed."""
    assert plan.id is not None  # noqa: S101 - it is stored
    routes = queries.routes_of(session, plan.id)
    found = review(session, plan, routes, jobs, settings, at)
    solution = None
    if not found.faults:
        solution = to_solution(found.live.translation, routes, found.gone)
    if solution is not None:
        unassigned = list(queries.unassigned_of(session, plan.id))
        return Prospect(found.live, routes, unassigned, solution, found.gone, True)
    run = session.get(Run, plan.run_id)
    scope, based_on = scope_of(plan, run), plan.based_on_version
    merged = merge(session, routes, based_on, scope, freeze_of(run), plan.run_id, settings, at)
    rows = merged.rows
    return Prospect(merged.live, rows.routes, rows.unassigned, merged.solution, frozenset(), False)


def publish_for(
    session: Session,
    plan_id: int,
    technician_ids: Collection[str],
    *,
    actor: str,
    settings: Settings,
    at: datetime | None = None,
) -> PlanSummary:
    """Put a draft's routes of these technicians in force as a version of its own; the draft stays
    one, for the others. If their routes are so already, that version is returned.

    Raises ``NotFound``, or ``Conflict`` with everybody else whose route has to change too, so that
    no job is on two routes or on none, and with everything else that stands in the way.
    """
    at = at or now()
    chosen = frozenset(technician_ids)
    versions.hold_publication(session)
    draft = open_draft(session, plan_id)
    jobs, found = _held_prospect(session, draft, settings, at)
    faults = [*_not_in(found, draft, chosen), *_others_needed(found, draft, chosen)]
    faults = faults or list(_broken_with_others(found, draft, chosen))
    if faults:
        raise Conflict(*faults)
    replaced = [
        one for one in found.live.translation.snapshot.live if one.route.technician_id in chosen
    ]
    routes = [
        copied(rows, found.gone) for rows in found.routes if rows.route.technician_id in chosen
    ]
    if _contents(routes) == _contents(RouteRows(one.route, list(one.stops)) for one in replaced):
        newest = max((one.route.plan_id for one in replaced), default=plan_id)
        return summary_of(session, session.get_one(Plan, newest))
    snapshot = found.live.translation.snapshot
    costs = cost(found.live.problem, _routes_with(found, chosen), ())
    left = {job_id for job_id, (before, after) in found.holders.items() if before in chosen}
    unassigned = [
        PlanUnassigned(plan_id=UNKNOWN, job_id=row.job_id, reasons=row.reasons)
        for row in found.unassigned
        if row.job_id in left
    ]
    rows = PlanRows(
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        begins_at=snapshot.taken_at,
        routes=routes,
        unassigned=unassigned,
        cost={rule.value: cents for rule, cents in costs.items() if cents},
        territory=draft.territory,
    )
    part = versions.store_draft(session, rows)
    after = {"plan_id": part.id, "technician_ids": sorted(chosen)}
    log.record(session, actor, "accept", log.Entity.PLAN, str(plan_id), after=after)
    remember_accepted(session, part, routes, (), replaced, found.live)
    versions.put_in_force(session, part, routes, replaced, jobs, actor=actor, at=at)
    return summary_of(session, part)


def _held_prospect(
    session: Session, draft: Plan, settings: Settings, at: datetime
) -> tuple[dict[str, Job], Prospect]:
    """The prospect of a draft, and every job on routes of it or in force, which nobody can change
    any more."""
    jobs = hold_jobs_of(session, draft, queries.routes_of(session, draft.id or 0))
    while True:
        found = prospect_of(session, draft, jobs, settings, at)
        # What is merged into it may bring in jobs that were not known before.
        new = {stop.job_id for rows in found.routes for stop in rows.stops if stop.job_id}
        new -= jobs.keys()
        if not new:
            return jobs, found
        jobs |= versions.hold_jobs(session, new)
        session.expire_all()


def open_draft(session: Session, plan_id: int) -> Plan:
    """Raises ``NotFound``, or ``Conflict`` if the plan is no draft any more."""
    plan = find_plan(session, plan_id)
    if plan.status != PlanStatus.DRAFT:
        cause = f"it is {plan.status.value}"
        raise Conflict(_fault("no_draft", plan, cause, "take a draft, or plan again"))
    return plan


def _not_in(found: Prospect, plan: Plan, chosen: Collection[str]) -> Iterable[Fault]:
    snapshot = found.live.translation.snapshot
    known = {facts.technician.id for facts in snapshot.technicians}
    known |= {one.route.technician_id for one in snapshot.live}
    for technician in sorted(set(chosen) - known):
        cause = f"it is not for technician {technician}"
        yield _fault("not_in_plan", plan, cause, "name technicians whom the draft is for")


def _others_needed(found: Prospect, plan: Plan, chosen: Collection[str]) -> Iterable[Fault]:
    for job_id, (before, after) in sorted(found.holders.items()):
        if before is None or after is None or (before in chosen) == (after in chosen):
            continue
        other = after if before in chosen else before
        yield _fault(
            "other_technician_needed",
            plan,
            f"job {job_id} goes from {before} to {after}",
            f"accept it for {other} too, or for neither",
        )


def _broken_with_others(found: Prospect, plan: Plan, chosen: Collection[str]) -> Iterable[Fault]:
    """What these routes would break next to those of the others as they are now."""
    routes = [
        *_routes_with(found, chosen),
        *(route for route in found.live.kept.routes if route.technician not in chosen),
    ]
    served = {stop.id for route in routes for stop in route.stops if stop.kind is StopKind.VISIT}
    problem = found.live.problem.among(served)
    for violation in check(problem, Solution(tuple(routes), (), {})):
        if violation.rule != Rule.COST:
            yield _fault(
                f"breaks_{violation.rule}",
                plan,
                f"next to the others' routes as they are, {violation.where}: {violation.message}",
                "accept it for all technicians, or plan again",
            )


def _routes_with(found: Prospect, chosen: Collection[str]) -> list[Route]:
    return [route for route in found.solution.routes if route.technician in chosen]


def _contents(routes: Iterable[RouteRows]) -> dict[object, list[object]]:
    """What the routes with any visit come to, by shift."""
    return {
        shift_key(rows.route): [
            (
                stop.kind,
                stop.job_id or stop.depot_id,
                stop.start_at,
                stop.departure_at,
                stop.parts,
                sorted(stop.tools),
            )
            for stop in rows.stops
        ]
        for rows in routes
        if any(stop.job_id is not None for stop in rows.stops)
    }


def _fault(code: str, plan: Plan, cause: str, action: str) -> Fault:
    return Fault(code, f"plan {plan.id}", cause, action)
