"""The cheapest moments for the linked visits of routes that are tied.

As long as breaks stay between the stops between which they are, and every stop in the window in
which it is, the times of all tied routes together are a linear program: every rule says how far
apart two moments are at least, and every price rises with one side of that. So its corners are
whole seconds. The routes are then timed anew, each by itself with its linked visits held, where
breaks and windows may change; and so on, for as long as that pays.

What comes out is the cheapest there is for routes without breaks and with one window at each stop;
with them it is the cheapest of their arrangement, which may not be the best (``Ties`` tries windows
that cost less).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from ortools.linear_solver import pywraplp

from solver.links import Lag
from solver.problem import Break, Problem, Shift, TimeWindow, Visit
from solver.rules.cost import RouteCost, latest_of
from solver.rules.places import ends_of
from solver.rules.windows import one_after_the_other, price_at
from solver.solution import Route, StopKind
from solver.timing.schedule import Call, Legs, Sequences, earliest_end
from solver.timing.timing import cheapest

Moments = Mapping[str, int]
"""When visits start, in seconds since the problem's epoch."""

MOST_ROUNDS = 5
"""So often breaks and windows are arranged anew."""
EARLIER_IS_BETTER = 0.5
"""Cents for a second of all linked visits together: less than anything else costs, so that of
moments which cost the same the earlier ones are taken."""


def at_moment(visit: Visit, moment: int) -> TimeWindow:
    """A window of this moment alone, at the price of the one that it lies in."""
    return TimeWindow(moment, moment, price_at(visit.windows, moment))


def held(calls: Iterable[Call], moments: Moments) -> tuple[Call, ...]:
    """The calls, those visits at their moments that have one."""
    return tuple(
        replace(call, windows=(at_moment(call, moments[call.id]),))
        if isinstance(call, Visit) and call.id in moments
        else call
        for call in calls
    )


def cheaper(
    problem: Problem, lags: Iterable[Lag], sequences: Sequences, moments: Moments, legs: Legs
) -> dict[str, int]:
    """Moments of the same visits that keep all lags and routes and cost as little as can be found,
    and no more than these."""
    shifts = _tied(problem, sequences, moments)
    lags = [lag for lag in lags if {lag.earlier, lag.later} <= moments.keys()]
    best = dict(moments)
    routes = _timed(problem, shifts, sequences, best, legs)
    if routes is None:
        return best
    cents = _cents(problem, routes)
    for _ in range(MOST_ROUNDS):
        program = _Program(problem, shifts, sequences, legs, routes)
        found = program.moments(best, lags)
        if found is None:
            break
        again = _timed(problem, shifts, sequences, found, legs)
        if again is None:
            break
        if (now := _cents(problem, again)) >= cents:
            return found if now == cents else best
        best, routes, cents = found, again, now
    return best


def cents_at(problem: Problem, sequences: Sequences, moments: Moments, legs: Legs) -> int | None:
    """What the routes with these visits cost at these moments; None if one cannot be kept."""
    routes = _timed(problem, _tied(problem, sequences, moments), sequences, moments, legs)
    return None if routes is None else _cents(problem, routes)


def _tied(problem: Problem, sequences: Sequences, moments: Moments) -> list[Shift]:
    """The shifts with any of these visits."""
    return [
        shift
        for shift in problem.shifts
        if any(isinstance(c, Visit) and c.id in moments for c in sequences.get(shift.id, ()))
    ]


def _timed(
    problem: Problem, shifts: Iterable[Shift], sequences: Sequences, moments: Moments, legs: Legs
) -> list[Route] | None:
    """The routes at their cheapest times with these moments; None if one cannot be kept."""
    routes = []
    for shift in shifts:
        calls = held(sequences[shift.id], moments)
        if earliest_end(shift, calls, legs) is None:
            return None
        route = cheapest(problem, shift, calls, legs)
        if route is None:
            return None
        routes.append(route)
    return routes


def _cents(problem: Problem, routes: Sequence[Route]) -> int:
    price = RouteCost(problem)
    worst = problem.objective.worst_lateness
    latest = max((latest_of(problem, route) for route in routes), default=0) if worst else 0
    return sum(cents for route in routes for _, cents in price.of(route)) + worst * latest


class _Program:
    """Times of routes, as far as breaks and windows are arranged as they are now."""

    def __init__(
        self,
        problem: Problem,
        shifts: Sequence[Shift],
        sequences: Sequences,
        legs: Legs,
        routes: Sequence[Route],
    ) -> None:
        self._problem = problem
        self._legs = legs
        self._epoch = min(shift.start for shift in shifts)
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._aim = self._solver.Objective()
        self._aim.SetMinimization()
        self._starts: dict[str, pywraplp.Variable] = {}
        self._worst = self._moment(0, self._solver.infinity())
        self._aim.SetCoefficient(self._worst, problem.objective.worst_lateness)
        for shift, route in zip(shifts, routes, strict=True):
            self._add_route(shift, sequences[shift.id], route)

    def moments(self, before: Moments, lags: Iterable[Lag]) -> dict[str, int] | None:
        """The best ones; None if rounding has spoilt them."""
        for lag in lags:
            self._apart(self._starts[lag.earlier], self._starts[lag.later], lag.seconds)
        for visit in before:
            start = self._starts[visit]
            least = self._aim.GetCoefficient(start) + EARLIER_IS_BETTER / len(before)
            self._aim.SetCoefficient(start, least)
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            return None
        found = {
            visit: round(self._starts[visit].solution_value()) + self._epoch for visit in before
        }
        for lag in lags:
            if found[lag.later] - found[lag.earlier] < lag.seconds:
                return None
        return found

    def _moment(self, earliest: float, latest: float) -> pywraplp.Variable:
        return self._solver.NumVar(earliest, latest, "")

    def _apart(self, one: pywraplp.Variable, other: pywraplp.Variable, least: int) -> None:
        """The other is at least so much more."""
        row = self._solver.Constraint(float(least), self._solver.infinity())
        row.SetCoefficient(other, 1)
        row.SetCoefficient(one, -1)

    def _after(self, moment: pywraplp.Variable, bound: int, cents: int) -> None:
        """Each second that the moment is after the bound costs."""
        if cents:
            over = self._moment(0, self._solver.infinity())
            self._apart(moment, over, self._epoch - bound)
            self._aim.SetCoefficient(over, cents)

    def _ahead(self, moment: pywraplp.Variable, bound: int, cents: int) -> None:
        """Each second that the moment is before the bound costs."""
        if cents:
            ahead = self._moment(0, self._solver.infinity())
            row = self._solver.Constraint(float(bound - self._epoch), self._solver.infinity())
            row.SetCoefficient(ahead, 1)
            row.SetCoefficient(moment, 1)
            self._aim.SetCoefficient(ahead, cents)

    def _add_route(self, shift: Shift, calls: Sequence[Call], route: Route) -> None:
        costs = self._problem.objective.at(shift.rates)
        opens = shift.start - self._epoch
        latest = shift.end + shift.max_overtime - self._epoch
        begin, end = self._moment(opens, latest), self._moment(opens, latest)
        self._aim.SetCoefficient(end, costs.working_time)
        self._aim.SetCoefficient(begin, -costs.working_time)
        self._after(end, shift.end, costs.overtime)
        if shift.max_duration is not None:
            self._apart(end, begin, -shift.max_duration)
        starts = [stop.start for stop in route.stops if stop.kind is not StopKind.BREAK]
        lasts = [shift.service(call) for call in calls]
        moments = [
            self._start(call, at, latest, service)
            for call, at, service in zip(calls, starts, lasts, strict=True)
        ]
        first, last = ends_of(shift)
        places = [first, *(call.location for call in calls), last]
        gaps = _breaks_by_gap(shift, route)
        ways = zip(
            pairwise([begin, *moments, end]), [0, *lasts], pairwise(places), gaps, strict=True
        )
        for (one, other), duration, (here, there), rests in ways:
            rest = sum(pause.duration for pause in rests)
            self._apart(one, other, duration + self._legs[here][there] + rest)
            free, busy = one, duration
            for pause in rests:
                bounds = pause.window
                at = self._moment(bounds.start - self._epoch, bounds.end - self._epoch)
                self._apart(free, at, busy)
                free, busy = at, pause.duration
            self._apart(free, other, busy)
        taken = {pause.id for rests in gaps for pause in rests}
        for pause in shift.breaks:
            over = pause.window.start + pause.duration
            if pause.id in taken:
                continue
            if over <= route.start:
                begin.SetLb(max(begin.lb(), over - self._epoch))
            else:
                end.SetUb(min(end.ub(), pause.window.end - self._epoch))

    def _start(self, call: Call, now: int, latest: int, service: int) -> pywraplp.Variable:
        """When a stop starts, in the window in which it starts now."""
        costs, problem = self._problem.objective, self._problem
        opens, closes = -self._solver.infinity(), float(latest)
        for window in one_after_the_other(call.windows):
            if window.start <= now <= window.end:
                opens, closes = window.start - self._epoch, window.end - self._epoch
        start = self._moment(opens, closes)
        if not isinstance(call, Visit):
            return start
        self._starts[call.id] = start
        if call.due is not None:
            on_time = call.due - service
            self._after(start, on_time, costs.late_cents(call.priority))
            if costs.worst_lateness:
                self._apart(start, self._worst, self._epoch - on_time)
        self._after(start, problem.ready[call.id], costs.prompt_cents(call.priority))
        if call.previous is not None:
            told = costs.told_factor if call.previous.told else 1
            cents, tolerance = costs.moved_time * told, costs.moved_time_tolerance
            self._after(start, call.previous.start + tolerance, cents)
            self._ahead(start, call.previous.start - tolerance, cents)
        return start


def _breaks_by_gap(shift: Shift, route: Route) -> list[list[Break]]:
    """The breaks that the route takes before each of its stops and before its end, in order."""
    pauses = {pause.id: pause for pause in shift.breaks}
    gaps: list[list[Break]] = [[]]
    for stop in route.stops:
        if stop.kind is StopKind.BREAK:
            gaps[-1].append(pauses[stop.id])
        else:
            gaps.append([])
    return gaps
