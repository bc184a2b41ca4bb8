"""The OR-Tools routing model of a problem; ``solver/ortools/rules.py`` has its rules one by one.

A model is built for a plan that exists already (the opening, or the plan in force): it takes that
plan in, improves it, and fixes the times.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from ortools.constraint_solver import pywrapcp, routing_enums_pb2, routing_parameters_pb2
from ortools.util import optional_boolean_pb2

from solver.ortools.links import add_links, add_worst_lateness
from solver.ortools.rules import (
    add_breaks,
    add_eligible_technicians,
    add_imbalance,
    add_lateness,
    add_moved_time,
    add_optional_depot_calls,
    add_optional_visits,
    add_pair_costs,
    add_parts,
    add_promptness,
    add_shifts,
    add_time,
    add_time_windows,
    add_tools,
    add_travel_cost,
)
from solver.ortools.skeleton import Skeleton
from solver.problem import Depot, Problem, Visit
from solver.solution import Route, Stop, StopKind
from solver.timing.moments import held
from solver.timing.schedule import Sequences, legs_of
from solver.timing.ties import Ties
from solver.timing.timing import cheapest


@dataclass(frozen=True, slots=True)
class Answer:
    """Routes placed in time (pickups still to be worked out) and what the model says they cost."""

    routes: tuple[Route, ...]
    objective: int


class RoutingModel(Skeleton):
    """An OR-Tools model of a problem with all its rules, ready to take in a plan."""

    def __init__(
        self, problem: Problem, sequences: Sequences, spare_calls: int | None = None
    ) -> None:
        super().__init__(problem, sequences, spare_calls)
        self.time = add_time(self)
        add_travel_cost(self)
        add_optional_depot_calls(self)
        add_eligible_technicians(self)
        add_time_windows(self)
        add_shifts(self)
        add_breaks(self)
        add_parts(self)
        add_tools(self)
        add_links(self)
        add_lateness(self)
        add_worst_lateness(self)
        add_promptness(self)
        add_moved_time(self)
        add_pair_costs(self)
        add_imbalance(self)
        add_optional_visits(self)

    def accept(self, sequences: Sequences) -> Answer | None:
        """Take in a plan at its cheapest times; None if the model refuses it."""
        legs = legs_of(self.problem.travel_time)
        pinned = {visit.id: visit for visit in self.visits}
        routes = {}
        open_then = {
            shift.id: [
                c if isinstance(c, Depot) else pinned.get(c.id, c)
                for c in sequences.get(shift.id, ())
            ]
            for shift in self.shifts
        }
        moments = Ties(self.problem, legs, lateness=True).cheapest(open_then) or {}
        for shift in self.shifts:
            calls = held(open_then[shift.id], moments)
            placed = cheapest(self.problem, shift, calls, legs)
            if calls and placed is not None:
                routes[shift.id] = placed
        return self.accept_timed(sequences, routes)

    def accept_timed(self, sequences: Sequences, routes: Mapping[str, Route]) -> Answer | None:
        """Take in a plan at the times of these routes, by shift; None if the model refuses it.

        Where there is none for a sequence the model looks for times itself.
        """
        self.routing.CloseModelWithParameters(search_parameters(None))
        stops = self._indices(sequences)
        if stops is None:
            return None
        for vehicle, shift in enumerate(self.shifts):
            route = routes.get(shift.id, None if stops[vehicle] else self.idle[vehicle])
            if route is not None and not self._fix_times(vehicle, stops[vehicle], route):
                return None
        plan = self.routing.ReadAssignmentFromRoutes(stops, False)
        return None if plan is None else self._read(plan)

    def _fix_times(self, vehicle: int, stops: Sequence[int], route: Route) -> bool:
        """Leave the route no other times; False if the model does not have these."""
        starts = [stop.start for stop in route.stops if stop.kind is not StopKind.BREAK]
        moments = [(self.start(vehicle), route.start), (self.end(vehicle), route.end)]
        moments += zip(stops, starts, strict=True)
        for index, moment in moments:
            if not self.time.CumulVar(index).Contains(moment - self.epoch):
                return False
            self.time.CumulVar(index).SetValue(moment - self.epoch)
        taken = {stop.id: stop for stop in route.stops if stop.kind is StopKind.BREAK}
        for pause, interval in zip(self.shifts[vehicle].breaks, self.resting[vehicle], strict=True):
            earliest, latest = interval.StartMin(), interval.StartMax()
            if pause.id in taken:
                earliest = latest = taken[pause.id].start - self.epoch
            elif pause.window.start + pause.duration <= route.start:
                latest = min(latest, route.start - self.epoch - pause.duration)
            else:
                earliest = max(earliest, route.end - self.epoch)
            if not interval.StartMin() <= earliest <= latest <= interval.StartMax():
                return False
            interval.SetStartRange(earliest, latest)
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
        stops = self._indices(sequences)
        plan = None if stops is None else self.routing.ReadAssignmentFromRoutes(stops, False)
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

    def _indices(self, sequences: Sequences) -> list[list[int]] | None:
        """The stops of each vehicle; None if the model does not have a visit or a shift of them."""
        node_of = {visit.id: node for node, visit in enumerate(self.visits)}
        spare = {name: iter(nodes) for name, nodes in self.calls_at.items()}
        routes = []
        for shift in self.shifts:
            nodes = [
                next(spare[call.id]) if isinstance(call, Depot) else node_of.get(call.id)
                for call in sequences.get(shift.id, ())
            ]
            routes.append([self.index(node) for node in nodes if node is not None])
        in_model = sum(len(stops) for stops in routes)
        return routes if in_model == sum(len(calls) for calls in sequences.values()) else None

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
