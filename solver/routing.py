"""The OR-Tools routing model of a problem; ``solver/routing_rules.py`` has its rules one by one.

A model is built for a plan that exists already (the opening, or the plan in force): it takes that
plan in, improves it, and fixes the times. Only what can be served is modelled: a visit that no
shift can take never gets as far as here. Depot calls are optional nodes, those of the given plan
plus some spare ones, and any route may use any of them.

Visits, depot calls and the places where routes start and end are the model's nodes; times are
seconds since the earliest start of a shift, because OR-Tools wants them from 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2, routing_parameters_pb2
from ortools.util import optional_boolean_pb2

from solver.eligibility import at_pinned_time, eligible_shifts
from solver.problem import Depot, Matrix, Problem, Shift, Visit
from solver.routing_rules import (
    add_breaks,
    add_eligible_technicians,
    add_imbalance,
    add_lateness,
    add_moved_time,
    add_optional_depot_calls,
    add_optional_visits,
    add_pair_costs,
    add_parts,
    add_shifts,
    add_time,
    add_time_windows,
    add_tools,
    add_travel_cost,
)
from solver.schedule import Call, idle_route, place
from solver.solution import Route, Stop, StopKind
from solver.supply import supplying_depots

Sequences = Mapping[str, Sequence[Call]]
"""Visits and depot calls in order, by shift."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Routes placed in time (pickups still to be worked out) and what the model says they cost."""

    routes: tuple[Route, ...]
    objective: int


class RoutingModel:
    """A closed OR-Tools model of a problem, ready to take in a plan."""

    def __init__(self, problem: Problem, sequences: Sequences) -> None:
        self.problem = problem
        self.shifts = [shift for shift in problem.shifts if idle_route(shift) is not None]
        eligible = eligible_shifts(problem)
        self.visits = [at_pinned_time(visit) for visit in problem.visits if eligible[visit.id]]
        self.calls = _depot_calls(problem, self.visits, eligible, sequences)
        self.epoch = min(shift.start for shift in self.shifts)
        self.latest = max(s.end + s.max_overtime for s in self.shifts) - self.epoch
        ends = sorted({end for s in self.shifts for end in (s.start_location, s.end_location)})
        first_end = len(self.visits) + len(self.calls)
        node_of = {location: first_end + index for index, location in enumerate(ends)}
        self.locations = np.array([*(c.location for c in self.nodes), *ends], dtype=np.int64)
        self.manager = pywrapcp.RoutingIndexManager(
            len(self.locations),
            len(self.shifts),
            [node_of[shift.start_location] for shift in self.shifts],
            [node_of[shift.end_location] for shift in self.shifts],
        )
        self.routing = pywrapcp.RoutingModel(self.manager)
        self.solver = self.routing.solver()
        self.eligible = [
            [v for v, shift in enumerate(self.shifts) if shift in eligible[visit.id]]
            for visit in self.visits
        ]
        self.resting: list[list[pywrapcp.IntervalVar]] = []
        self.unavoidable = [0] * len(self.visits)
        """Cents that each visit costs in any case if it is served, which no bound can express."""
        self.never_served = sum(problem.prices[v.id] for v in problem.visits if not eligible[v.id])
        """Cents for the visits that are not in the model."""

        self.time = add_time(self)
        add_travel_cost(self)
        add_optional_depot_calls(self)
        add_eligible_technicians(self)
        add_time_windows(self)
        add_shifts(self)
        add_breaks(self)
        add_parts(self)
        add_tools(self)
        add_lateness(self)
        add_moved_time(self)
        add_pair_costs(self)
        add_imbalance(self)
        add_optional_visits(self)

    @property
    def nodes(self) -> list[Call]:
        return [*self.visits, *self.calls]

    def index(self, node: int) -> int:
        return int(self.manager.NodeToIndex(node))

    def legs(self, matrix: Matrix) -> Matrix:
        """A matrix over locations as one over nodes.

        From an end of a route to another there is nothing: only an empty route goes there, and
        a shift too short for the way between its ends must not make the model infeasible.
        """
        legs = matrix[np.ix_(self.locations, self.locations)]
        legs[len(self.nodes) :, len(self.nodes) :] = 0
        return legs

    def vector(self, values: Sequence[int]) -> int:
        """Register one number per visit and depot call; route ends count nothing."""
        rest = [0] * (len(self.locations) - len(values))
        return int(self.routing.RegisterUnaryTransitVector([*values, *rest]))

    def end(self, vehicle: int) -> int:
        return int(self.routing.End(vehicle))

    def start(self, vehicle: int) -> int:
        return int(self.routing.Start(vehicle))

    def accept(self, sequences: Sequences) -> Answer | None:
        """Take in a plan at its own times, as ``place`` has them; None if the model refuses it."""
        self.routing.CloseModelWithParameters(search_parameters(None))
        legs = self.problem.travel_time.tolist()
        pinned = {visit.id: visit for visit in self.visits}
        for vehicle, shift in enumerate(self.shifts):
            sequence = [pinned.get(call.id, call) for call in sequences.get(shift.id, ())]
            route = place(shift, sequence, legs) if sequence else idle_route(shift)
            if route is not None and not self._fix_times(vehicle, route):
                return None
        plan = self.routing.ReadAssignmentFromRoutes(self._indices(sequences), False)
        return None if plan is None else self._read(plan)

    def _fix_times(self, vehicle: int, route: Route) -> bool:
        """Leave the route no other times; False if the model does not have these."""
        node_of = {visit.id: node for node, visit in enumerate(self.visits)}
        moments = [(self.start(vehicle), route.start), (self.end(vehicle), route.end)]
        moments += [
            (self.index(node_of[stop.id]), stop.start)
            for stop in route.stops
            if stop.kind is StopKind.VISIT
        ]
        for index, moment in moments:
            if not self.time.CumulVar(index).Contains(moment - self.epoch):
                return False
            self.time.CumulVar(index).SetValue(moment - self.epoch)
        taken = {stop.id: stop for stop in route.stops if stop.kind is StopKind.BREAK}
        for pause, interval in zip(self.shifts[vehicle].breaks, self.resting[vehicle], strict=True):
            if pause.id in taken:
                start = taken[pause.id].start - self.epoch
                interval.SetStartRange(start, start)
            elif pause.window.start + pause.duration <= route.start:
                interval.SetStartMax(route.start - self.epoch - pause.duration)
            else:
                interval.SetStartMin(route.end - self.epoch)
        return True

    def improve(
        self,
        sequences: Sequences,
        *,
        seconds: float | None,
        neighbours: int | None,
        seed: int,
        on_solution: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> Answer | None:
        """Take in a plan and search on from there; None if the model refuses the plan.

        ``neighbours`` bounds the number of candidate plans that the local search looks at.
        ``on_solution`` hears the objective and the number of visits served of each plan taken.
        """
        parameters = search_parameters(seconds)
        seen = count()

        def over() -> bool:
            return cancelled() or (neighbours is not None and next(seen) >= neighbours)

        self.routing.CloseModelWithParameters(parameters)
        self.solver.ReSeed(seed)
        self.routing.AddAtSolutionCallback(lambda: on_solution(*self._reached()))
        self.routing.AddSearchMonitor(self.solver.CustomLimit(over))
        plan = self.routing.ReadAssignmentFromRoutes(self._indices(sequences), False)
        if plan is None:
            return None
        better = self.routing.SolveFromAssignmentWithParameters(plan, parameters)
        return self._read(plan if better is None else better)

    def _reached(self) -> tuple[int, int]:
        """Objective and number of visits served, while the search stands at a solution."""
        served = sum(self.routing.ActiveVar(self.index(n)).Min() for n in range(len(self.visits)))
        return self._cents(self.routing.CostVar().Max()), served

    def _cents(self, objective: int) -> int:
        """What OR-Tools calls the objective, with what the model leaves out of it."""
        return int(objective) + sum(self.unavoidable) + self.never_served

    def _indices(self, sequences: Sequences) -> list[list[int]]:
        node_of = {visit.id: node for node, visit in enumerate(self.visits)}
        spare: dict[str, list[int]] = {}
        for number, depot in enumerate(self.calls):
            spare.setdefault(depot.id, []).append(len(self.visits) + number)
        routes = []
        for shift in self.shifts:
            nodes = [
                node_of[call.id] if isinstance(call, Visit) else spare[call.id].pop(0)
                for call in sequences.get(shift.id, ())
            ]
            routes.append([self.index(node) for node in nodes])
        return routes

    def _read(self, answer: pywrapcp.Assignment) -> Answer:
        routes = [
            self._read_route(answer, vehicle)
            for vehicle in range(len(self.shifts))
            if self.routing.IsVehicleUsed(answer, vehicle)
        ]
        return Answer(tuple(routes), self._cents(answer.ObjectiveValue()))

    def _read_route(self, answer: pywrapcp.Assignment, vehicle: int) -> Route:
        shift = self.shifts[vehicle]
        start = self._time(answer, self.start(vehicle))
        end = self._time(answer, self.end(vehicle))
        pauses = []
        for pause, interval in zip(shift.breaks, self.resting[vehicle], strict=True):
            begin = int(answer.StartValue(interval)) + self.epoch
            if start <= begin and begin + pause.duration <= end:
                finish = begin + pause.duration
                pauses.append(Stop(StopKind.BREAK, pause.id, begin, begin, finish))
        pauses.sort(key=lambda stop: stop.start)
        stops: list[Stop] = []
        here, clock = shift.start_location, start
        index = answer.Value(self.routing.NextVar(self.start(vehicle)))
        while not self.routing.IsEnd(index):
            call = self.nodes[self.manager.IndexToNode(index)]
            begin = self._time(answer, index)
            arrival = clock + int(self.problem.travel_time[here, call.location])
            while pauses and pauses[0].departure <= begin:
                pause_stop = pauses.pop(0)
                stops.append(pause_stop)
                arrival += pause_stop.departure - pause_stop.start
                arrival = max(arrival, pause_stop.departure)
            kind = StopKind.VISIT if isinstance(call, Visit) else StopKind.DEPOT
            clock = begin + call.duration
            stops.append(Stop(kind, call.id, arrival, begin, clock))
            here = call.location
            index = answer.Value(self.routing.NextVar(index))
        return Route(shift.id, shift.technician, start, end, (*stops, *pauses))

    def _time(self, answer: pywrapcp.Assignment, index: int) -> int:
        return int(answer.Min(self.time.CumulVar(index))) + self.epoch


def search_parameters(seconds: float | None) -> routing_parameters_pb2.RoutingSearchParameters:
    """Guided local search, which ends at nothing but a limit."""
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    metaheuristics = routing_enums_pb2.LocalSearchMetaheuristic
    parameters.local_search_metaheuristic = metaheuristics.GUIDED_LOCAL_SEARCH
    parameters.local_search_operators.use_extended_swap_active = optional_boolean_pb2.BOOL_TRUE
    # The optimisers of a route's times refuse valid plans at random where shifts have breaks
    # (OR-Tools 9.15: of the same plan of 32 visits, all refused with them and none without).
    parameters.disable_scheduling_beware_this_may_degrade_performance = True
    # Where local search ends without a better plan, OR-Tools would turn to CP-SAT for models of up
    # to 20 nodes; that hears of no limit but time and is not asked to stop.
    parameters.fallback_to_cp_sat_size_threshold = 0
    limit = A_MONTH if seconds is None else max(0.001, seconds)
    parameters.time_limit.FromMilliseconds(int(limit * 1000))
    return parameters


A_MONTH = 30 * 24 * 3600.0
"""Stands for no limit of time: OR-Tools warns on standard error if it is given none."""


def _depot_calls(
    problem: Problem,
    visits: Sequence[Visit],
    eligible: Mapping[str, Sequence[Shift]],
    sequences: Sequences,
) -> list[Depot]:
    """One node for each depot call of the given plan and, of the depots that can help, spares."""
    useful = {
        depot.id
        for visit in visits
        if visit.parts or visit.tools
        for depot in supplying_depots(problem, visit, eligible[visit.id][0])
    }
    used = [call for calls in sequences.values() for call in calls if isinstance(call, Depot)]
    spare = SPARE_CALLS + len(problem.shifts) // SHIFTS_PER_SPARE_CALL
    calls = []
    for depot in problem.depots:
        number = sum(call.id == depot.id for call in used)
        calls += [depot] * (number + (spare if depot.id in useful else 0))
    return calls


SPARE_CALLS = 2
SHIFTS_PER_SPARE_CALL = 10
