"""The cheapest plan of a small problem with links, proved so by a model that shares nothing with
the engines.

Visits at one moment on several routes cannot be looked at route by route, as in ``enumeration``. So
routes, moments and links are one model for CP-SAT, with an arc for each way that a technician may
take, and its proof takes the place of looking at every plan. It knows no depots, no breaks and no
access times.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from ortools.sat.python import cp_model

from solver.links import After, Apart, Person, Separation, Together, calendar_day, linked
from solver.problem import Problem, Shift, Visit
from solver.rules.cost import cost
from solver.rules.eligibility import eligibility_matrix, pair_cost
from solver.rules.windows import has_price
from solver.solution import Reason, ReasonCode, Route, Solution, Stop, StopKind, Unassigned
from solver.travel import NO_WAY

DOOR = 0
"""The node of a route's start and end; those of visits follow."""
TOO_DEAR = (Reason(ReasonCode.OUTBID, None, "it is dearer to serve than to leave out"),)
"""Why the cheapest plan leaves a visit out."""
SECONDS = 60.0
"""A model that takes longer is too large to be proved here."""


class NotProved(AssertionError):  # noqa: N818 - a fault of the comparison
    """No plan, or none that is proved to be the cheapest, was found in time."""


def linked_optimum(problem: Problem) -> Solution:
    """The cheapest plan. Takes a second for six visits. Raises ``NotProved``."""
    assert not problem.depots  # noqa: S101 - no problem of these kinds has any
    return _Model(problem).solved()


@dataclass(frozen=True, slots=True)
class _OfShift:
    """The variables of one shift's route."""

    shift: Shift
    arcs: Mapping[tuple[int, int], cp_model.LiteralT]
    serves: dict[int, cp_model.IntVar]
    """By visit, those that it may serve."""
    is_used: cp_model.IntVar
    leave: cp_model.IntVar
    end: cp_model.IntVar


class _Model:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.able = eligibility_matrix(problem)
        self.model = cp_model.CpModel()
        self.opening = min(shift.start for shift in problem.shifts)
        self.closing = max(shift.end + shift.max_overtime for shift in problem.shifts)
        self.terms: list[cp_model.LinearExprT] = []
        self.number = {visit.id: number for number, visit in enumerate(problem.visits)}
        self.starts = [
            self.model.new_int_var(self.opening, self.closing, visit.id) for visit in problem.visits
        ]
        self.is_served = [self.model.new_bool_var(visit.id) for visit in problem.visits]
        self.routes = [self._route(column, shift) for column, shift in enumerate(problem.shifts)]
        for number, visit in enumerate(problem.visits):
            self._visit(number, visit)
        for link in problem.links:
            match link:
                case Together(names):
                    self._together([self.number[name] for name in names])
                case After():
                    self._after(link)
                case Apart(names, by):
                    self._apart([self.number[name] for name in names], by)

    def solved(self) -> Solution:
        self.model.minimize(sum(self.terms))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 4
        solver.parameters.max_time_in_seconds = SECONDS
        status = solver.solve(self.model)
        if status != cp_model.OPTIMAL:
            raise NotProved(solver.status_name(status))
        routes = tuple(found for one in self.routes if (found := self._driven(solver, one)))
        left = [
            v.id
            for v, served in zip(self.problem.visits, self.is_served, strict=True)
            if not solver.boolean_value(served)
        ]
        plan = Solution(
            routes,
            tuple(Unassigned(name, TOO_DEAR) for name in left),
            cost(self.problem, routes, left),
        )
        if plan.objective != round(solver.objective_value):
            raise NotProved(f"it costs {plan.objective}, not {solver.objective_value}")
        return plan

    # --- routes -------------------------------------------------------------------------------

    def _route(self, column: int, shift: Shift) -> _OfShift:
        model, problem = self.model, self.problem
        costs = problem.objective.at(shift.rates)
        mine = [row for row in range(len(problem.visits)) if self.able[row, column]]
        serves = {row: model.new_bool_var("") for row in mine}
        latest = shift.end + shift.max_overtime
        leave = model.new_int_var(shift.start, latest, "")
        end = model.new_int_var(shift.start, latest, "")
        is_used = model.new_bool_var("")
        arcs: dict[tuple[int, int], cp_model.LiteralT] = {(DOOR, DOOR): ~is_used}
        arcs |= {(row + 1, row + 1): ~serves[row] for row in mine}
        ways: list[tuple[int, int, cp_model.IntVar]] = []
        for one in (None, *mine):
            for other in (None, *mine):
                if one == other:
                    continue
                seconds, metres = self._way(shift, one, other)
                if seconds >= NO_WAY:
                    continue
                taken = model.new_bool_var("")
                arcs[DOOR if one is None else one + 1, DOOR if other is None else other + 1] = taken
                ways.append((seconds, metres, taken))
                ready = leave if one is None else self.starts[one] + self._service(shift, one)
                then = end if other is None else self.starts[other]
                model.add(then >= ready + seconds).only_enforce_if(taken)
        model.add_circuit([(one, other, taken) for (one, other), taken in arcs.items()])
        model.add(leave == end).only_enforce_if(~is_used)
        if shift.max_visits is not None:
            model.add(sum(serves.values()) <= shift.max_visits)
        if shift.max_duration is not None:
            model.add(end - leave <= shift.max_duration)
        if shift.max_travel is not None:
            model.add(sum(seconds * taken for seconds, _, taken in ways) <= shift.max_travel)
        if shift.max_distance is not None:
            model.add(sum(metres * taken for _, metres, taken in ways) <= shift.max_distance)
        over = self._above(end - shift.end)
        work = sum(self._service(shift, row) * served for row, served in serves.items())
        # Implied by the moments, but what makes a proof quick.
        model.add(end - leave >= work + sum(seconds * taken for seconds, _, taken in ways))
        uneven = self._above(work - problem.fair_shares[shift.id])
        self.terms += [
            costs.working_time * (end - leave),
            costs.travel_time * sum(seconds * taken for seconds, _, taken in ways),
            costs.distance * sum(metres * taken for _, metres, taken in ways),
            costs.shift_use * is_used,
            costs.overtime * over,
            costs.imbalance * uneven,
        ]
        return _OfShift(shift, arcs, serves, is_used, leave, end)

    def _way(self, shift: Shift, one: int | None, other: int | None) -> tuple[int, int]:
        """Seconds and metres between two visits, or the shift's start or end."""
        here = shift.start_location if one is None else self.problem.visits[one].location
        there = shift.end_location if other is None else self.problem.visits[other].location
        if here is None or there is None:
            return 0, 0
        return int(self.problem.travel_time[here, there]), int(self.problem.distance[here, there])

    def _service(self, shift: Shift, row: int) -> int:
        return shift.service(self.problem.visits[row])

    # --- visits -------------------------------------------------------------------------------

    def _visit(self, row: int, visit: Visit) -> None:
        model, problem, costs = self.model, self.problem, self.problem.objective
        start, is_served = self.starts[row], self.is_served[row]
        by = [(one.shift, one.serves[row]) for one in self.routes if row in one.serves]
        model.add(sum(serves for _, serves in by) == is_served)
        self.terms.append(problem.prices[visit.id] * (1 - is_served))
        for shift, serves in by:
            self.terms.append(sum(pair_cost(problem, visit, shift).values()) * serves)
        if visit.windows:
            self._windows(start, is_served, visit)
        if visit.due is not None:
            service = sum(self._service(shift, row) * serves for shift, serves in by)
            late = self._above(start + service - visit.due, is_served)
            self.terms.append(costs.late_cents(visit.priority) * late)
        if prompt := costs.prompt_cents(visit.priority):
            self.terms.append(prompt * self._above(start - problem.ready[visit.id], is_served))
        if visit.previous is not None:
            told = costs.told_factor if visit.previous.told else 1
            for direction in (1, -1):
                moved = direction * (start - visit.previous.start) - costs.moved_time_tolerance
                self.terms.append(costs.moved_time * told * self._above(moved, is_served))

    def _windows(self, start: cp_model.IntVar, is_served: cp_model.IntVar, visit: Visit) -> None:
        chosen = []
        for window in visit.windows:
            here = self.model.new_bool_var("")
            self.model.add(start >= window.start).only_enforce_if(here)
            self.model.add(start <= window.end).only_enforce_if(here)
            chosen.append(here)
            if has_price(visit.windows):
                self.terms.append(window.price * here)
        self.model.add(sum(chosen) == is_served)

    def _above(
        self, value: cp_model.LinearExprT, is_served: cp_model.IntVar | None = None
    ) -> cp_model.IntVar:
        """The value where it is above zero, if the visit is served."""
        above = self.model.new_int_var(0, 2 * (self.closing - self.opening) + 2**31, "")
        bound = self.model.add(above >= value)
        if is_served is not None:
            bound.only_enforce_if(is_served)
        return above

    # --- links --------------------------------------------------------------------------------

    def _together(self, rows: list[int]) -> None:
        first, *others = rows
        for other in others:
            self.model.add(self.is_served[other] == self.is_served[first])
            self.model.add(self.starts[other] == self.starts[first])
        for theirs in self._by_technician():
            self.model.add(sum(self._served(theirs, row) for row in rows) <= 1)

    def _after(self, link: After) -> None:
        first, second = (self.number[name] for name in linked(link))
        model, both = self.model, self.is_served[second]
        model.add_implication(both, self.is_served[first])
        service = sum(
            self._service(one.shift, first) * one.serves[first]
            for one in self.routes
            if first in one.serves
        )
        gap = self.starts[second] - self.starts[first] - service
        model.add(gap >= link.least).only_enforce_if(both)
        if link.most is not None:
            model.add(gap <= link.most).only_enforce_if(both)
        for theirs in self._by_technician():
            one, other = self._served(theirs, first), self._served(theirs, second)
            if link.person is Person.SAME:
                model.add(one == other).only_enforce_if(both)
            elif link.person is Person.DIFFERENT:
                model.add(one + other <= 1)

    def _apart(self, rows: list[int], by: Separation) -> None:
        groups = self._by_technician() if by is Separation.TECHNICIAN else self._by_day(self.routes)
        for theirs in groups:
            for one, other in combinations(rows, 2):
                self.model.add(self._served(theirs, one) + self._served(theirs, other) <= 1)

    def _by_technician(self) -> Iterator[list[_OfShift]]:
        for name in sorted({one.shift.technician for one in self.routes}):
            yield [one for one in self.routes if one.shift.technician == name]

    def _by_day(self, routes: list[_OfShift]) -> Iterator[list[_OfShift]]:
        for day in sorted({calendar_day(one.shift.start) for one in routes}):
            yield [one for one in routes if calendar_day(one.shift.start) == day]

    def _served(self, routes: list[_OfShift], row: int) -> cp_model.LinearExpr:
        serves = [one.serves[row] for one in routes if row in one.serves]
        return cp_model.LinearExpr.sum(serves)

    # --- the answer ---------------------------------------------------------------------------

    def _driven(self, solver: cp_model.CpSolver, one: _OfShift) -> Route | None:
        if not solver.boolean_value(one.is_used):
            return None
        follows = {
            here: there for (here, there), arc in one.arcs.items() if solver.boolean_value(arc)
        }
        stops: list[Stop] = []
        left, node = solver.value(one.leave), follows[DOOR]
        before: int | None = None
        while node != DOOR:
            row = node - 1
            arrival = left + self._way(one.shift, before, row)[0]
            start = solver.value(self.starts[row])
            left = start + self._service(one.shift, row)
            name = self.problem.visits[row].id
            stops.append(Stop(StopKind.VISIT, name, arrival, start, left))
            before, node = row, follows[node]
        end = left + self._way(one.shift, before, None)[0]
        leave = solver.value(one.leave)
        return Route(one.shift.id, one.shift.technician, leave, end, tuple(stops))
