"""The cheapest times of routes that are tied, by a model of every rule about time in CP-SAT.

It is written from the meaning of the rules and shares nothing with the solver.
"""

import math
from collections.abc import Sequence
from typing import Any

from ortools.sat.python import cp_model

from solver.links import After, Together
from solver.problem import Problem, Visit
from solver.timing.schedule import Sequences


class Times:
    """Seconds from ``first`` to ``last`` for everything that the sequences of a problem do."""

    def __init__(self, problem: Problem, sequences: Sequences) -> None:
        self.problem = problem
        self.model = cp_model.CpModel()
        shifts = problem.shifts
        self.first = min(s.start for s in shifts)
        self.last = max(s.end + s.max_overtime for s in shifts)
        self.cost: list[Any] = []
        self.late: list[Any] = []
        self.starts: dict[str, Any] = {}
        self.ends: dict[str, Any] = {}
        for shift in shifts:
            if sequences.get(shift.id):
                self._add_route(shift, sequences[shift.id])
        for link in problem.links:
            self._add_link(link)
        worst = self._seconds("worst")
        for late in self.late:
            self.model.add(worst >= late)
        self.cost.append(problem.objective.worst_lateness * worst)
        self.model.minimize(sum(self.cost))

    def least(self) -> int | None:
        """Cents that times make a difference to; None if there are no times."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        status = solver.solve(self.model)
        assert status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
        return None if status == cp_model.INFEASIBLE else round(solver.objective_value)

    def _seconds(self, name: str, least: int = 0) -> Any:
        return self.model.new_int_var(least, 2 * (self.last - self.first) + 5000, name)

    def _beyond(self, moment: Any, bound: int) -> Any:
        over = self._seconds("beyond")
        self.model.add(over >= moment - bound)
        return over

    def _add_route(self, shift: Any, calls: Sequence[Any]) -> None:
        costs, legs = self.problem.objective.at(shift.rates), self.problem.travel_time
        latest = shift.end + shift.max_overtime
        begin = self.model.new_int_var(shift.start, latest, "begin")
        end = self.model.new_int_var(shift.start, latest, "end")
        self.cost.append(costs.working_time * (end - begin))
        if shift.max_duration is not None:
            self.model.add(end - begin <= shift.max_duration)
        self.cost.append(costs.overtime * self._beyond(end, shift.end))
        places = [shift.start_location, *(call.location for call in calls), shift.end_location]
        starts = [self.model.new_int_var(shift.start, latest, call.id) for call in calls]
        lasts = [math.ceil(call.duration * shift.pace) for call in calls]
        frees = [begin, *(start + service for start, service in zip(starts, lasts, strict=True))]
        arrivals = [*starts, end]
        taken: list[list[Any]] = [[] for _ in arrivals]
        for rest in shift.breaks:
            at = self.model.new_int_var(rest.window.start, rest.window.end, "rest")
            gaps = [self.model.new_bool_var("gap") for _ in arrivals]
            before, after = (self.model.new_bool_var(name) for name in ("before", "after"))
            self.model.add_exactly_one([*gaps, before, after])
            over = rest.window.start + rest.duration
            self.model.add(begin >= over).only_enforce_if(before)
            self.model.add(end <= rest.window.end).only_enforce_if(after)
            for number, gap in enumerate(gaps):
                self.model.add(at >= frees[number]).only_enforce_if(gap)
                self.model.add(at + rest.duration <= arrivals[number]).only_enforce_if(gap)
                for other_at, other_gap, other in taken[number]:
                    first = self.model.new_bool_var("first")
                    both = [gap, other_gap]
                    then = at + rest.duration <= other_at
                    self.model.add(then).only_enforce_if([*both, first])
                    then = other_at + other <= at
                    self.model.add(then).only_enforce_if([*both, first.negated()])
                taken[number].append((at, gap, rest.duration))
        for number, arrival in enumerate(arrivals):
            here, there = places[number], places[number + 1]
            leg = 0 if here is None or there is None else int(legs[here, there])
            pauses = sum(gap * duration for _, gap, duration in taken[number])
            self.model.add(arrival >= frees[number] + leg + pauses)
        for start, free, call in zip(starts, frees[1:], calls, strict=True):
            if call.windows:
                inside = [self.model.new_bool_var("inside") for _ in call.windows]
                self.model.add_exactly_one(inside)
                for there, window in zip(inside, call.windows, strict=True):
                    self.model.add(start >= window.start).only_enforce_if(there)
                    self.model.add(start <= window.end).only_enforce_if(there)
            if isinstance(call, Visit):
                self._add_visit(call, start, free)

    def _add_visit(self, visit: Visit, start: Any, end: Any) -> None:
        costs = self.problem.objective
        self.starts[visit.id], self.ends[visit.id] = start, end
        if visit.due is not None:
            late = self._beyond(end, visit.due)
            self.late.append(late)
            self.cost.append(costs.late_cents(visit.priority) * late)
        ready = self.problem.ready[visit.id]
        self.cost.append(costs.prompt_cents(visit.priority) * self._beyond(start, ready))

    def _add_link(self, link: Any) -> None:
        if isinstance(link, Together):
            there = [self.starts[v] for v in link.visits if v in self.starts]
            for one in there[1:]:
                self.model.add(one == there[0])
        if isinstance(link, After) and {link.first, link.second} <= self.starts.keys():
            end = self.ends[link.first]
            self.model.add(self.starts[link.second] >= end + link.least)
            if link.most is not None:
                self.model.add(self.starts[link.second] <= end + link.most)
