"""A plan as rows: made from the solver's solution, and read back as one to be checked again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from dispatch import models
from dispatch.models import Plan, PlanStatus, PlanUnassigned
from dispatch.translate import NEEDS_LOCATION, History, Translation
from solver.problem import Shift
from solver.solution import ReasonCode, Route, Rule, Solution, Stop, StopKind, Unassigned

UNKNOWN = 0
"""Stands for ids and positions that are not known before everything is."""


@dataclass(frozen=True, slots=True)
class RouteRows:
    """A route with its stops in order."""

    route: models.Route
    stops: list[models.Stop]


@dataclass(frozen=True, slots=True)
class PlanRows:
    """A plan that is not stored yet; ids of plan and routes are filled in when it is."""

    plan: Plan
    routes: list[RouteRows]
    unassigned: list[PlanUnassigned]


def to_plan(translation: Translation, solution: Solution, run_id: str | None) -> PlanRows:
    """The solution as a draft, with what has happened so far at the beginning of its routes."""
    snapshot = translation.snapshot
    missed = translation.overnight & {out.id for out in solution.unassigned}
    costs = {rule.value: cents for rule, cents in solution.cost.items()}
    for visit in missed:
        costs[Rule.UNASSIGNED.value] -= translation.problem.prices[visit]
    plan = Plan(
        status=PlanStatus.DRAFT,
        run_id=run_id,
        starts_on=snapshot.scope.starts_on,
        ends_on=snapshot.scope.ends_on,
        territory=snapshot.scope.territory,
        based_on_version=snapshot.based_on_version,
        begins_at=snapshot.taken_at,
        objective=sum(costs.values()),
        cost=costs,
    )
    histories = {shift_key(history.route): history for history in translation.histories}
    writer = _Writer(translation)
    routes = []
    for route in solution.routes:
        shift = translation.shifts[route.shift]
        history = histories.pop((shift.technician_id, shift.starts_at), None)
        routes.append(writer.route(route, history))
    routes += [writer.history(history) for history in histories.values()]
    routes.sort(key=lambda rows: shift_key(rows.route))
    reasons = {
        **{
            out.id: [_reason(reason.code, reason.rule, reason.message) for reason in out.reasons]
            for out in solution.unassigned
            if out.id not in missed
        },
        **{
            job_id: [
                _reason(
                    NEEDS_LOCATION,
                    None,
                    "Its site has no coordinates; correct the address or give the coordinates.",
                )
                if why is None
                else _reason(ReasonCode.IMPOSSIBLE, Rule.TIME_WINDOWS, why.message)
            ]
            for job_id, why in translation.left_out.items()
        },
    }
    unassigned = [
        PlanUnassigned(plan_id=UNKNOWN, job_id=job_id, reasons=reasons[job_id])
        for job_id in sorted(reasons)
    ]
    return PlanRows(plan, routes, unassigned)


def to_solution(
    translation: Translation, routes: Iterable[RouteRows], without: Collection[str] = ()
) -> Solution | None:
    """The stored routes as a solution of the translation's problem, except for some jobs.

    What happened is not part of it. None if anything that has happened is not on its route. The
    solution has no reasons and no cost.
    """
    histories = {shift_key(history.route): history for history in translation.histories}
    names = {(s.technician_id, s.starts_at): name for name, s in translation.shifts.items()}
    shifts = {shift.id: shift for shift in translation.problem.shifts}
    found = []
    for rows in routes:
        history = histories.pop(shift_key(rows.route), None)
        to_come = _without(rows.stops, () if history is None else history.stops)
        if to_come is None:
            return None
        stops = [stop for stop in to_come if stop.job_id not in without]
        if not any(stop.job_id is not None for stop in stops):
            continue
        name = names.get(shift_key(rows.route), "")
        shift = shifts.get(name)
        route = Route(
            shift=name,
            technician=rows.route.technician_id,
            start=translation.seconds(rows.route.start_at),
            end=translation.seconds(rows.route.end_at),
            stops=tuple(_stop(translation, stop, shift) for stop in stops),
        )
        if history is not None and shift is not None:
            route = replace(route, start=_goes_on_at(translation, route, stops, shift))
        found.append(route)
    if histories:
        return None
    served = {stop.id for route in found for stop in route.stops if stop.kind == StopKind.VISIT}
    left_out = [visit.id for visit in translation.problem.visits if visit.id not in served]
    return Solution(tuple(found), tuple(Unassigned(name, ()) for name in left_out), {})


def in_force(translation: Translation) -> Solution | None:
    """What is left of the routes in force, as a plan to start from; None if there are none. It has
    no reasons and no cost."""
    live = [RouteRows(found.route, list(found.stops)) for found in translation.snapshot.live]
    known = translation.visits
    begun = translation.begun
    unknown = {
        stop.job_id
        for rows in live
        for stop in rows.stops
        if stop.job_id is not None and stop.job_id not in known and stop.job_id not in begun
    }
    found = to_solution(translation, live, without=unknown)
    return None if found is None or not found.routes else found


class _Writer:
    def __init__(self, translation: Translation) -> None:
        self.translation = translation
        self.solver_shifts = {shift.id: shift for shift in translation.problem.shifts}
        self.tools = {
            facts.job.id: frozenset(row.tool_id for row in facts.tools)
            for facts in translation.snapshot.jobs
        }

    def route(self, route: Route, history: History | None) -> RouteRows:
        shift = self.translation.shifts[route.shift]
        bounds = self.solver_shifts[route.shift]
        moment = self.translation.moment
        stops = [self.stop(stop) for stop in route.stops]
        seconds, metres = self.travel([bounds.start_location, *stops, bounds.end_location])
        start_at = moment(route.start)
        if history is not None:
            begun = [_copy(stop) for stop in history.stops]
            before = self.travel([self.home(history), *begun])
            seconds, metres = seconds + before[0], metres + before[1]
            stops = begun + stops
            start_at = history.route.start_at
        return _numbered(
            models.Route(
                plan_id=UNKNOWN,
                technician_id=route.technician,
                day=shift.day,
                shift_starts_at=shift.starts_at,
                shift_ends_at=shift.ends_at,
                start_at=start_at,
                end_at=moment(route.end),
                travel_seconds=seconds,
                distance_metres=metres,
            ),
            stops,
        )

    def history(self, history: History) -> RouteRows:
        """A route that consists of what has happened, and of the way home."""
        stops = [_copy(stop) for stop in history.stops]
        home = self.home(history)
        seconds, metres = self.travel([home, *stops, home])
        way_home, _ = self.travel([*stops[-1:], home])
        route = models.Route(
            **history.route.model_dump() | {"id": None, "plan_id": UNKNOWN, "live": False}
        )
        route.end_at = history.ends_at + timedelta(seconds=way_home)
        route.travel_seconds, route.distance_metres = seconds, metres
        return _numbered(route, stops)

    def stop(self, stop: Stop) -> models.Stop:
        moment = self.translation.moment
        parts, tools = stop.parts, stop.tools
        if stop.kind == StopKind.VISIT:
            visit = self.translation.visits[stop.id]
            parts, tools = visit.parts, self.tools[stop.id]
        return models.Stop(
            route_id=UNKNOWN,
            position=UNKNOWN,
            kind=stop.kind.value,
            job_id=stop.id if stop.kind == StopKind.VISIT else None,
            depot_id=stop.id if stop.kind == StopKind.DEPOT else None,
            arrival_at=moment(stop.arrival),
            start_at=moment(stop.start),
            departure_at=moment(stop.departure),
            parts=dict(parts),
            tools=sorted(tools),
        )

    def home(self, history: History) -> int | None:
        return self.translation.locations.get(f"technician {history.route.technician_id}")

    def travel(self, way: Sequence[models.Stop | int | None]) -> tuple[int, int]:
        """Seconds and metres along stops and locations; what has no place is passed over."""
        rows = [
            self.translation.location(where) if isinstance(where, models.Stop) else where
            for where in way
        ]
        legs = list(pairwise(row for row in rows if row is not None))
        problem = self.translation.problem
        return (
            sum(int(problem.travel_time[leg]) for leg in legs),
            sum(int(problem.distance[leg]) for leg in legs),
        )


def _stop(translation: Translation, stop: models.Stop, shift: Shift | None) -> Stop:
    if stop.kind == StopKind.BREAK:
        breaks = () if shift is None else shift.breaks
        start = translation.seconds(stop.start_at)
        name = next((b.id for b in breaks if b.window.start <= start <= b.window.end), "")
    else:
        name = stop.job_id or stop.depot_id or ""
    called = stop.kind == StopKind.DEPOT
    return Stop(
        kind=StopKind(stop.kind),
        id=name,
        arrival=translation.seconds(stop.arrival_at),
        start=translation.seconds(stop.start_at),
        departure=translation.seconds(stop.departure_at),
        parts=stop.parts if called else {},
        tools=frozenset(stop.tools) if called else frozenset(),
    )


def _goes_on_at(
    translation: Translation, route: Route, rows: Sequence[models.Stop], shift: Shift
) -> int:
    """When a route goes on after what has happened: just in time for its first place.

    The stored start is that of the whole route. A break that the technician has taken while idle
    is not on the route, so to let it go on any earlier would have it miss that break.
    """
    first = next(i for i, stop in enumerate(route.stops) if stop.kind != StopKind.BREAK)
    breaks = route.stops[:first]
    there = translation.location(rows[first])
    way = 0 if there is None else int(translation.problem.travel_time[shift.start_location, there])
    moment = route.stops[first].arrival - way - sum(b.departure - b.start for b in breaks)
    return max(shift.start, min([moment, *(b.start for b in breaks[:1])]))


def _copy(stop: models.Stop) -> models.Stop:
    return models.Stop(**stop.model_dump() | {"route_id": UNKNOWN, "live": False})


def _numbered(route: models.Route, stops: list[models.Stop]) -> RouteRows:
    for position, stop in enumerate(stops):
        stop.position = position
    return RouteRows(route, stops)


def copied(rows: RouteRows, without: Collection[str] = ()) -> RouteRows:
    """The rows for another plan, except for the visits to some jobs."""
    stops = [_copy(stop) for stop in rows.stops if stop.job_id not in without]
    row = rows.route.model_dump() | {"id": None, "plan_id": UNKNOWN, "live": False}
    return _numbered(models.Route(**row), stops)


def shift_key(route: models.Route) -> tuple[str, datetime]:
    """What names the shift that the route is for: the technician, and when it starts."""
    return route.technician_id, route.shift_starts_at


def _without(
    stops: Iterable[models.Stop], begun: Iterable[models.Stop]
) -> list[models.Stop] | None:
    """The stops that have not begun; None if one that has is not among them, at its time.
    Technicians may have changed their order."""
    rest = list(stops)
    for done in begun:
        same = next((stop for stop in rest if _identity(stop) == _identity(done)), None)
        if same is None:
            return None
        rest.remove(same)
    return rest


def _identity(stop: models.Stop) -> tuple[str, str | None, datetime]:
    return stop.kind, stop.job_id or stop.depot_id, stop.start_at


def _reason(code: str, rule: Rule | None, message: str) -> dict[str, Any]:
    return {
        "code": str(code),
        "rule": None if rule is None else rule.value,
        "message": message,
    }
