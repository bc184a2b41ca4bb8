"""A plan that was made while the world went on, brought up to date.

What has happened stays as it happened. Jobs that are new go where they cost least, those that are
off leave, what was placed by hand meanwhile stays with whom it is, and what the plan decided about
the others holds as far as it still can.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch.planning.live_day import LiveDay
from dispatch.planning.loading import live_day_of
from dispatch.planning.plan_rows import PlanRows, RouteRows, shift_key, to_plan
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.translation import Translation
from dispatch.plans import queries
from dispatch.plans.changes import PlanChanges, changes_of
from dispatch.settings import Settings
from solver.draft.crews import Crews
from solver.draft.draft import Draft
from solver.draft.insertion import fill
from solver.explain.linked import with_reasons
from solver.judge.check import check
from solver.problem import Visit
from solver.rules.cost import cost
from solver.solution import Solution, Unassigned
from solver.timing.schedule import Call


@dataclass(frozen=True, slots=True)
class Merged:
    """A plan as of now, and what is in force now."""

    rows: PlanRows
    live: LiveDay
    solution: Solution

    @property
    def changes(self) -> PlanChanges:
        """From what can be kept of what is in force to the merged plan."""
        return changes_of(self.live.translation, self.live.kept, self.solution)


def merge(
    session: Session,
    routes: Sequence[RouteRows],
    based_on: int,
    scope: Scope,
    freeze: timedelta,
    run_id: str | None,
    settings: Settings,
    at: datetime,
) -> Merged:
    """The routes of a plan that was made earlier, ``based_on`` a version, as a plan of the same
    scope ``at`` this moment.

    Raises ``InvalidProblem`` if the rows contradict each other.
    """
    live = live_day_of(load_snapshot(session, scope, at, freeze), settings)
    translation = live.translation
    problem = translation.problem
    by_hand = queries.placed_by_hand_since(session, based_on)
    draft = Draft(problem)
    _take(live, draft, routes, by_hand)
    taken_off = {name for name in by_hand if not live.is_placed(name)}
    # What is linked stays together, and keeps its moments while the rest is put in.
    crews = Crews(draft)
    crews.settle()
    rest = Draft(crews.tied())
    rest.adopt(draft.routes())
    fill(rest, (visit for visit in rest.unassigned() if visit.id not in taken_off))
    placed = rest.routes()
    served = {stop.id for route in placed for stop in route.stops}
    left_out = [visit.id for visit in problem.visits if visit.id not in served]
    unexplained = tuple(Unassigned(name, ()) for name in left_out)
    solution = with_reasons(draft, Solution(placed, unexplained, cost(problem, placed, left_out)))
    violations = check(problem, solution)
    if violations:
        raise AssertionError("; ".join(str(violation) for violation in violations))
    rows = to_plan(translation, solution, run_id)
    for row in rows.unassigned:
        if row.job_id in taken_off:
            row.reasons = [TAKEN_OFF]
    return Merged(rows, live, solution)


TAKEN_OFF = {
    "code": "taken_off",
    "rule": None,
    "message": "A dispatcher has taken it off the plan since.",
}


def _take(
    live: LiveDay, draft: Draft, routes: Sequence[RouteRows], by_hand: Collection[str]
) -> None:
    """Have the draft hold what is still to come of the routes. What was placed by hand since stays
    with whom it is, at its place in the order of time; a route that cannot take it in so is left
    as it is in force."""
    sequences = _sequences(live.translation, draft, routes)
    for name, planned in sequences.items():
        sequences[name] = [call for call in planned if call.id not in by_hand]
    starts = {stop.job_id: stop.start_at for rows in routes for stop in rows.stops}
    homes: dict[str, str] = {}
    for name, calls in live.draft.sequences.items():
        for visit in (call for call in calls if isinstance(call, Visit) and call.id in by_hand):
            assert visit.previous is not None  # noqa: S101 - it is in force
            start = live.translation.moment(visit.previous.start)
            wanted = sequences.setdefault(name, [])
            later = [at for at, call in enumerate(wanted) if starts.get(call.id, start) > start]
            wanted.insert(later[0] if later else len(wanted), visit)
            homes[visit.id] = name
    draft.take(sequences)
    lost = {name for job_id, name in homes.items() if job_id not in _names(draft, name)}
    if not lost:
        return
    kept = {name: live.draft.sequences[name] for name in lost}
    there = {call.id for calls in kept.values() for call in calls if isinstance(call, Visit)}
    others = {
        name: [call for call in calls if not isinstance(call, Visit) or call.id not in there]
        for name, calls in sequences.items()
    }
    draft.take({**others, **kept})


def _names(draft: Draft, shift: str) -> set[str]:
    return {call.id for call in draft.sequences[shift] if isinstance(call, Visit)}


def _sequences(
    translation: Translation, draft: Draft, routes: Iterable[RouteRows]
) -> dict[str, list[Call]]:
    """What is still to come of the routes, by shift."""
    depots = {depot.id: depot for depot in draft.problem.depots}
    begun = {
        shift_key(history.route): sum(stop.depot_id is not None for stop in history.stops)
        for history in translation.histories
    }
    found: dict[str, list[Call]] = {}
    for rows in routes:
        name = translation.shift_names.get(shift_key(rows.route))
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
