"""A plan that was made while the world went on, brought up to date.

What has happened stays as it happened. Jobs that are new go where they cost least, those that are
off leave, and what the plan decided about the others holds as far as it still can.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch.changes import PlanChanges, changes_of
from dispatch.live_day import LiveDay, live_day_of
from dispatch.plan_rows import PlanRows, RouteRows, shift_key, to_plan
from dispatch.settings import Settings
from dispatch.snapshot import Scope, load_snapshot
from dispatch.translate import Translation
from solver.check import check
from solver.cost import cost
from solver.insertion import Draft
from solver.reasons import reasons
from solver.schedule import Call
from solver.solution import Solution, Unassigned


@dataclass(frozen=True, slots=True)
class Merged:
    """A plan as of now, and what is in force now."""

    rows: PlanRows
    live: LiveDay
    solution: Solution

    @property
    def changes(self) -> PlanChanges:
        return changes_of(self.live.translation, self.live.kept, self.solution)


def merge(
    session: Session,
    routes: Iterable[RouteRows],
    scope: Scope,
    freeze: timedelta,
    run_id: str | None,
    settings: Settings,
    at: datetime,
) -> Merged:
    """The routes of a plan that was made earlier, as a plan of the same scope ``at`` this moment.

    Raises ``InvalidProblem`` if the rows contradict each other.
    """
    live = live_day_of(load_snapshot(session, scope, at, freeze), settings)
    translation = live.translation
    problem = translation.problem
    draft = Draft(problem)
    draft.take(_sequences(translation, draft, routes))
    draft.fill(draft.unassigned())
    empty = Draft(problem)
    placed = draft.routes()
    unassigned = tuple(
        Unassigned(visit.id, reasons(draft, empty, visit)) for visit in draft.unassigned()
    )
    costs = cost(problem, placed, [out.id for out in unassigned])
    solution = Solution(placed, unassigned, costs)
    violations = check(problem, solution)
    if violations:
        raise AssertionError("; ".join(str(violation) for violation in violations))
    rows = to_plan(translation, solution, run_id)
    return Merged(rows, live, solution)


def _sequences(
    translation: Translation, draft: Draft, routes: Iterable[RouteRows]
) -> dict[str, list[Call]]:
    """What is still to come of the routes, by shift."""
    names = {(s.technician_id, s.starts_at): name for name, s in translation.shifts.items()}
    depots = {depot.id: depot for depot in translation.problem.depots}
    begun = {
        shift_key(history.route): sum(stop.depot_id is not None for stop in history.stops)
        for history in translation.histories
    }
    found: dict[str, list[Call]] = {}
    for rows in routes:
        name = names.get(shift_key(rows.route))
        if name is None:
            continue
        called = begun.get(shift_key(rows.route), 0)
        calls = found.setdefault(name, [])
        for stop in rows.stops:
            if stop.job_id in translation.visits:
                calls.append(draft.visit(stop.job_id or ""))
            elif stop.depot_id in depots and called:
                called -= 1
            elif stop.depot_id in depots:
                calls.append(depots[stop.depot_id or ""])
    return found
