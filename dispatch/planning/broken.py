"""What does not hold any more on the routes of one day, looked at together.

To what ``unable`` finds this adds what only all routes of a day tell together: parts and tools that
are not in the van any more, nor at the depot, and visits that a route has no room for since a
place, a depot or somebody's hours have changed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from dispatch.models import PLANNABLE
from dispatch.planning.facts import JobFacts
from dispatch.planning.limits import OverLimit
from dispatch.planning.live_day import LiveDay
from dispatch.planning.outgrown import outgrown
from dispatch.planning.plan_rows import in_force, shift_key
from dispatch.planning.snapshot import Snapshot
from dispatch.planning.torn import torn
from dispatch.planning.translate import to_problem
from dispatch.planning.translation import Translation
from dispatch.planning.unable import BrokenVisit, Cause, Why, unable
from dispatch.planning.van import Shortfall
from dispatch.settings import Settings
from solver.judge.check import check
from solver.solution import Route as SolvedRoute
from solver.solution import Rule, Solution, StopKind, Violation


def broken_on(
    snapshot: Snapshot, settings: Settings, facts: Mapping[str, JobFacts]
) -> dict[str, BrokenVisit]:
    """As ``broken_visits``, on the routes of the snapshot, which freezes nothing; ``facts`` are
    those of all jobs on them that are not over."""
    found = unable(snapshot, settings, facts)
    leaving = {name for name, one in found.items() if one.leaves}
    waiting = {one.job.id for one in snapshot.jobs}
    snapshot = replace(snapshot, unable=frozenset(leaving & waiting))
    translation = to_problem(snapshot, settings)
    free = waiting - translation.begun
    if found:
        found = {
            name: one if name in free else replace(one, leaves=False, has_begun=True)
            for name, one in found.items()
        }
    where = {
        stop.job_id: (live.route, stop)
        for live in snapshot.live
        for stop in live.stops
        if stop.job_id is not None
    }

    def broken(name: str, cause: Cause, *, leaves: bool) -> BrokenVisit:
        route, stop = where[name]
        return BrokenVisit(
            name,
            route.technician_id,
            route.day,
            route.shift_starts_at,
            stop.start_at,
            cause,
            leaves,
        )

    for name in where.keys() & facts.keys() - found.keys():
        # Also on routes under way, from which nothing else can be told of it.
        job = facts[name].job
        if job.status in PLANNABLE and snapshot.sites[job.site_id].latitude is None:
            found[name] = broken(name, NOWHERE, leaves=False)
    for name, short in translation.shares.lacking.items():
        if name in free and not (name in found and found[name].leaves):
            found[name] = broken(name, lack_of(short), leaves=not short.calls)
    for name, over in translation.over.items():
        if name in free and not (name in found and found[name].leaves):
            found[name] = broken(name, _too_much(over), leaves=True)
    for name, message in outgrown(translation).items():
        if name in free and name not in found:
            found[name] = broken(name, Cause(Why.NO_TIME, message), leaves=False)
    for name, cause in torn(snapshot, free, settings.late_after).items():
        if name not in found:
            found[name] = broken(name, cause, leaves=False)
    solution = in_force(translation)
    if solution is None:
        return found
    routes = [_without(route, found) for route in solution.routes]
    violations = check(translation.problem, Solution(tuple(routes), (), {}))
    for name in _without_room(translation, routes, violations) - found.keys():
        found[name] = broken(name, NO_ROOM, leaves=False)
    return found


OF_TIME = frozenset({Rule.TRAVEL, Rule.SHIFT, Rule.TIME_WINDOWS, Rule.BREAKS})
"""What these find may be visits that do not fit in any more."""
NO_ROOM = Cause(Why.NO_TIME, "It does not fit into the route any more as things are.")
NOWHERE = Cause(Why.NOWHERE, "Its site has no coordinates.")


def _without_room(
    translation: Translation, routes: Sequence[SolvedRoute], violations: Iterable[Violation]
) -> set[str]:
    """Visits on routes that are not under way yet that their routes cannot keep: what has become of
    the others was lost to the time of day."""
    histories = {shift_key(history.route) for history in translation.histories}
    live = {
        shift_key(one.route): one.job_ids
        for one in translation.snapshot.live
        if one.route.start_at >= translation.snapshot.taken_at
    }
    to_come = {key: names for key, names in live.items() if key not in histories}
    of_shifts = translation.shift_names
    names = {name for theirs in to_come.values() for name in theirs}
    is_suspect = not to_come.keys() <= of_shifts.keys()
    is_suspect = is_suspect or bool(names & translation.left_out.keys())
    if not is_suspect and any(one.rule in OF_TIME for one in violations):
        shifts = {of_shifts[key] for key in to_come}
        theirs = tuple(route for route in routes if route.shift in shifts)
        found = check(translation.problem, Solution(theirs, (), {}))
        is_suspect = any(one.rule in OF_TIME for one in found)
    return names & LiveDay(translation).lost if is_suspect else set()


def _without(route: SolvedRoute, names: Collection[str]) -> SolvedRoute:
    stops = (s for s in route.stops if s.kind is not StopKind.VISIT or s.id not in names)
    return replace(route, stops=tuple(stops))


WHAT = {
    "max_visits": "visits",
    "max_travel_minutes": "minutes of travel",
    "max_distance_km": "kilometres",
}


def _too_much(over: OverLimit) -> Cause:
    """That the route has more than its technician may have."""
    who, what = over.technician_id, WHAT[over.limit]
    message = f"{who} may have {over.most} {what} at most, and the route has {over.has}."
    values = {"limit": over.limit, "most": over.most, "has": over.has}
    return Cause(Why.OVER_LIMIT, message, values)


def lack_of(short: Shortfall) -> Cause:
    """That a visit cannot have what it needs."""
    if short.tools:
        names = sorted(short.tools)
        message = f"There is no {' and no '.join(names)} for it."
        return Cause(Why.TOOL, message, {"tool_ids": names})
    names, number = sorted(short.parts), sum(short.parts.values())
    message = f"The van is {number} × {', '.join(names)} short."
    return Cause(Why.PART, message, {"part_ids": names, "missing": number})
