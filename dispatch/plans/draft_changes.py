"""A draft against what is in force now: who and what would change, and what that is worth."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from dispatch.models import now
from dispatch.output import Output
from dispatch.planning.snapshot import jobs_by_id
from dispatch.plans import queries
from dispatch.plans.changes import (
    CHANGING,
    Assignment,
    DifferenceKind,
    PlanChanges,
    assignments,
    difference,
)
from dispatch.plans.publishing import Prospect, open_draft, prospect_of
from dispatch.settings import Settings
from solver.objective import Objective
from solver.problem import Problem
from solver.rules.cost import cost
from solver.solution import Route, Rule, Solution, StopKind

IN_UNITS = Objective(
    lateness=1, working_time=1, travel_time=1, distance=1, overtime=1, told_factor=0
)
"""With this, what routes cost is how long and how far they are."""


class Figures(Output):
    """What routes come to, from now on: what has happened, or is about to, does not count."""

    jobs: int
    distance_metres: int
    travel_seconds: int
    working_seconds: int
    """From leaving to being back, over all routes."""
    overtime_seconds: int
    late_seconds: int
    """That jobs end after they are due, together."""
    cost: int
    """Cents; neither what is left out nor the price of changing counts here."""


class ChangedTechnician(Output):
    """A technician whose route would change."""

    technician_id: str
    technician: str
    before: Figures
    after: Figures
    job_ids: list[str]
    """Jobs that come, go, or start at another time."""
    with_technician_ids: list[str]
    """Who has to accept the draft too, because jobs go from one to the other."""


class ChangedJob(Output):
    """A job that would be with somebody else, or start at another minute."""

    job_id: str
    title: str
    change: DifferenceKind
    told: bool
    """Whether the customer knows the old time."""
    old: Assignment | None
    new: Assignment | None


class DraftChanges(Output):
    """From what is in force to the draft."""

    plan_id: int
    is_as_made: bool
    """False: things have happened since, and are merged into what is shown, as they would be if it
    was published now."""
    before: Figures
    after: Figures
    changes: PlanChanges
    """What it saves, and costs by rule."""
    technicians: list[ChangedTechnician]
    jobs: list[ChangedJob]


def list_changes(
    session: Session, plan_id: int, settings: Settings, *, at: datetime | None = None
) -> DraftChanges:
    """What publishing the draft now would change. Raises ``NotFound``, and ``Conflict`` if it is no
    draft."""
    plan = open_draft(session, plan_id)
    routes = queries.routes_of(session, plan_id)
    on_routes = {stop.job_id for rows in routes for stop in rows.stops if stop.job_id is not None}
    found = prospect_of(session, plan, jobs_by_id(session, on_routes), settings, at or now())
    jobs, meter = _jobs(found), _Meter(found.live.problem)
    return DraftChanges(
        plan_id=plan_id,
        is_as_made=found.is_as_made,
        before=meter.of(found.live.kept.routes),
        after=meter.of(found.solution.routes),
        changes=found.changes,
        technicians=list(_technicians(found, jobs, meter)),
        jobs=jobs,
    )


def _jobs(found: Prospect) -> list[ChangedJob]:
    translation = found.live.translation
    before = {
        stop.job_id: Assignment(technician_id=one.route.technician_id, start_at=stop.start_at)
        for one in translation.snapshot.live
        for stop in one.stops
    }
    after = assignments(translation, found.solution)
    facts = {facts.job.id: facts.job for facts in translation.snapshot.jobs}
    return [
        ChangedJob(
            job_id=name,
            title=facts[name].title,
            change=change,
            told=facts[name].told_at is not None,
            old=before.get(name),
            new=after.get(name),
        )
        for name in sorted(translation.visits)
        for change in [difference(before.get(name), after.get(name))]
        if change is not None
    ]


class _Meter:
    """Measures routes of a problem."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._in_units = replace(problem, objective=IN_UNITS)

    def of(self, routes: Sequence[Route]) -> Figures:
        amounts = cost(self._in_units, routes, ())
        costs = cost(self._problem, routes, ())
        return Figures(
            jobs=sum(stop.kind is StopKind.VISIT for route in routes for stop in route.stops),
            distance_metres=amounts[Rule.DISTANCE],
            travel_seconds=amounts[Rule.TRAVEL_TIME],
            working_seconds=amounts[Rule.WORKING_TIME],
            overtime_seconds=amounts[Rule.OVERTIME],
            late_seconds=amounts[Rule.LATENESS],
            cost=sum(cents for rule, cents in costs.items() if rule not in CHANGING),
        )


def _technicians(
    found: Prospect, jobs: Sequence[ChangedJob], meter: _Meter
) -> Iterable[ChangedTechnician]:
    touched: dict[str, list[str]] = {}
    for job in jobs:
        for name in sorted({one.technician_id for one in (job.old, job.new) if one is not None}):
            touched.setdefault(name, []).append(job.job_id)
    names = {
        facts.technician.id: facts.technician.name
        for facts in found.live.translation.snapshot.technicians
    }
    bound = found.bound

    def theirs(solution: Solution, name: str) -> Figures:
        return meter.of([route for route in solution.routes if route.technician == name])

    for name in sorted(touched):
        yield ChangedTechnician(
            technician_id=name,
            technician=names.get(name, name),
            before=theirs(found.live.kept, name),
            after=theirs(found.solution, name),
            job_ids=touched[name],
            with_technician_ids=sorted(_reachable(bound, name) - {name}),
        )


def _reachable(bound: dict[str, set[str]], start: str) -> set[str]:
    found, rest = {start}, [start]
    while rest:
        for other in bound.get(rest.pop(), set()) - found:
            found.add(other)
            rest.append(other)
    return found
