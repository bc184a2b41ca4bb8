"""A plan as rows: made from the solver's solution, and read back as one to be checked again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from dispatch import models
from dispatch.models import PlanUnassigned
from dispatch.planning.progress import History
from dispatch.planning.shifts import not_taken
from dispatch.planning.snapshot import LiveRoute
from dispatch.planning.translate import NEEDS_LOCATION
from dispatch.planning.translation import Translation
from solver.problem import Break, Shift
from solver.solution import ReasonCode, Route, Rule, Solution, Stop, StopKind, Unassigned

_BREAK = StopKind.BREAK.value
UNKNOWN = 0
"""Stands for ids and positions that are not known before everything is."""


@dataclass(frozen=True, slots=True)
class RouteRows:
    """A route with its stops in order."""

    route: models.Route
    stops: list[models.Stop]


@dataclass(frozen=True, slots=True)
class PlanRows:
    """What a plan consists of; ids of the plan and its routes are filled in when it is stored."""

    starts_on: date
    ends_on: date
    begins_at: datetime
    """What starts before is no part of the plan."""
    routes: list[RouteRows]
    unassigned: list[PlanUnassigned]
    cost: Mapping[str, int]
    """By soft rule, in cents."""
    territory: str | None = None
    based_on_version: int | None = None
    """The newest that there was when it was made; None: the newest that there is."""
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """Routes to be put in force, those that they replace, and what they cost by soft rule."""

    routes: list[RouteRows]
    replaced: list[LiveRoute]
    cost: Mapping[str, int]


def to_plan(translation: Translation, solution: Solution, run_id: str | None) -> PlanRows:
    """The solution as a draft, with what has happened so far at the beginning of its routes."""
    snapshot = translation.snapshot
    missed = translation.overnight & {out.id for out in solution.unassigned}
    costs = {rule.value: cents for rule, cents in solution.cost.items()}
    for visit in missed:
        costs[Rule.UNASSIGNED.value] -= translation.problem.prices[visit]
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
                else _reason(ReasonCode.IMPOSSIBLE, why.rule, why.message)
            ]
            for job_id, why in translation.left_out.items()
        },
    }
    unassigned = [
        PlanUnassigned(plan_id=UNKNOWN, job_id=job_id, reasons=reasons[job_id])
        for job_id in sorted(reasons)
    ]
    return PlanRows(
        starts_on=snapshot.scope.starts_on,
        ends_on=snapshot.scope.ends_on,
        begins_at=snapshot.taken_at,
        routes=routes,
        unassigned=unassigned,
        cost=costs,
        territory=snapshot.scope.territory,
        based_on_version=snapshot.based_on_version,
        run_id=run_id,
    )


def to_solution(
    translation: Translation, routes: Iterable[RouteRows], without: Collection[str] = ()
) -> Solution | None:
    """The stored routes as a solution of the translation's problem, except for some jobs.

    What happened is not part of it. None if anything that has happened is not on its route. The
    solution has no reasons and no cost.
    """
    histories = {shift_key(history.route): history for history in translation.histories}
    shifts = {shift.id: shift for shift in translation.problem.shifts}
    found = []
    for rows in routes:
        history = histories.pop(shift_key(rows.route), None)
        to_come = _without(rows.stops, () if history is None else history.stops)
        if to_come is None:
            return None
        stops = [
            stop
            for stop in to_come
            if stop.job_id not in without and not _is_between(stop, history)
        ]
        if not any(stop.job_id is not None for stop in stops):
            continue
        name = translation.shift_names.get(shift_key(rows.route), "")
        shift = shifts.get(name)
        route = Route(
            shift=name,
            technician=rows.route.technician_id,
            start=translation.seconds(rows.route.start_at),
            end=translation.seconds(rows.route.end_at),
            stops=tuple(_stop(translation, stop, shift) for stop in stops),
        )
        if history is not None and shift is not None:
            route = _going_on(translation, route, stops, shift)
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
        self.tools = {facts.job.id: facts.tools for facts in translation.snapshot.jobs}

    def route(self, route: Route, history: History | None) -> RouteRows:
        shift = self.translation.shifts[route.shift]
        bounds = self.solver_shifts[route.shift]
        moment = self.translation.moment
        if history is not None:
            route = with_breaks_named(route, bounds)
        stops = [self.stop(stop) for stop in route.stops]
        seconds, metres = self.travel([bounds.start_location, *stops, bounds.end_location])
        start_at = moment(route.start)
        if history is not None:
            begun = self.begun(history)
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
        stops = self.begun(history)
        home = self.home(history)
        seconds, metres = self.travel([home, *stops, home])
        way_home, _ = self.travel([*stops[-1:], home])
        route = models.Route(
            **history.route.model_dump() | {"id": None, "plan_id": UNKNOWN, "live": False}
        )
        route.end_at = history.ends_at + timedelta(seconds=way_home)
        for pause in self.breaks_on_the_way_home(history, route):
            stops.append(self.stop(pause))
            route.end_at += timedelta(seconds=pause.departure - pause.start)
        route.travel_seconds, route.distance_metres = seconds, metres
        return _numbered(route, stops)

    def begun(self, history: History) -> list[models.Stop]:
        """What is done, under way or stays, and the breaks to be taken before what stays: whoever
        is far ahead has time for them that the route does not show. Once such a break is in force,
        what comes after it is not about to begin any more."""
        stops = [_copy(stop) for stop in history.stops]
        name = self.translation.shift_names.get(shift_key(history.route))
        if name is None or not history.to_come:
            return stops
        first = next(at for at, one in enumerate(history.stops) if one is history.to_come[0])
        taken = [(stop.start_at, stop.departure_at) for stop in stops if stop.kind == _BREAK]
        after = {pause.id for pause in self.solver_shifts[name].breaks}
        left = [
            pause
            for pause in not_taken(self.translation.shifts[name].breaks, taken)
            if pause.id not in after
        ]
        free = max(history.free_at, self.translation.snapshot.taken_at)
        place = self.translation.locations.get(history.free_place or "", self.home(history))
        found = stops[:first]
        for stop in stops[first:]:
            there = self.translation.location(stop)
            way = timedelta()
            if place is not None:
                way = timedelta(seconds=self.translation.seconds_to(place, stop))
            for pause in sorted(left, key=lambda pause: (pause.earliest_at, pause.latest_at)):
                begin = max(free, pause.earliest_at)
                over = begin + pause.duration
                if (
                    begin > pause.latest_at
                    or max(over, free + way + pause.duration) > stop.arrival_at
                ):
                    continue
                found.append(_pause(begin, over))
                left.remove(pause)
                way = max(timedelta(), way - (begin - free))
                free = over
            found.append(stop)
            free = max(stop.departure_at, free + way + (stop.departure_at - stop.start_at))
            place = there if there is not None else place
        return found

    def breaks_on_the_way_home(self, history: History, route: models.Route) -> Iterable[Stop]:
        """Those still to be taken that begin before the technician is home."""
        begun = self.translation.begun_shifts
        name = next((name for name, key in begun.items() if key == shift_key(route)), "")
        shift = self.solver_shifts.get(name)
        free = self.translation.seconds(history.ends_at)
        for pause in _in_turn(shift.breaks if shift is not None else ()):
            begin = max(free, pause.window.start)
            if begin <= pause.window.end < self.translation.seconds(route.end_at):
                free = begin + pause.duration
                yield _rest(pause, begin)

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


def with_breaks_named(route: Route, shift: Shift) -> Route:
    """The rest of a route that has begun, with the breaks that are taken before it goes on.

    To the solver a route may begin after a break, which is none of its stops then. The technician
    of this one is at work already, and has to be told.
    """
    taken = {stop.id for stop in route.stops if stop.kind == StopKind.BREAK}
    free, breaks = shift.start, []
    for pause in _in_turn(shift.breaks):
        begin = max(free, pause.window.start)
        if pause.id in taken or begin > pause.window.end or begin + pause.duration > route.start:
            continue
        free = begin + pause.duration
        breaks.append(_rest(pause, begin))
    if not breaks:
        return route
    return replace(route, start=breaks[0].start, stops=(*breaks, *route.stops))


def _in_turn(breaks: Iterable[Break]) -> list[Break]:
    return sorted(breaks, key=lambda pause: (pause.window.start, pause.window.end))


def _rest(pause: Break, begin: int) -> Stop:
    return Stop(StopKind.BREAK, pause.id, begin, begin, begin + pause.duration)


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


def _going_on(
    translation: Translation, route: Route, rows: Sequence[models.Stop], shift: Shift
) -> Route:
    """The route as it goes on after what has happened: just in time for its first place.

    The stored start is that of the whole route. Breaks that are over by then are not on the route
    (``with_breaks_named``), so to let it go on any earlier would have it miss them.
    """
    first = next(i for i, stop in enumerate(route.stops) if stop.kind != StopKind.BREAK)
    breaks = route.stops[:first]
    start = shift.start_location
    way = 0 if start is None else translation.seconds_to(start, rows[first])
    moment = route.stops[first].arrival - way
    if all(shift.start <= pause.start and pause.departure <= moment for pause in breaks):
        return replace(route, start=max(shift.start, moment), stops=route.stops[first:])
    moment -= sum(pause.departure - pause.start for pause in breaks)
    return replace(route, start=max(shift.start, min(moment, breaks[0].start)))


def _pause(starts_at: datetime, ends_at: datetime) -> models.Stop:
    return models.Stop(
        route_id=UNKNOWN,
        position=UNKNOWN,
        kind=_BREAK,
        arrival_at=starts_at,
        start_at=starts_at,
        departure_at=ends_at,
    )


def _is_between(stop: models.Stop, history: History | None) -> bool:
    """Whether it is a break before something that stays (``_Writer.begun``)."""
    return history is not None and stop.kind == _BREAK and stop.start_at < history.ends_at


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
