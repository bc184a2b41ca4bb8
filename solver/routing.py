"""The OR-Tools routing model of a problem: one ``add_…`` function per rule.

A model is built for a plan that exists already (the opening, or the plan in force): it takes that
plan in, improves it, and fixes the times. Only what can be served is modelled: a visit that no
shift can take never gets as far as here. Depot calls are optional nodes, those of the given plan
plus some spare ones, and any route may use any of them.

Visits, depot calls and the places where routes start and end are the model's nodes; times are
seconds since the earliest start of a shift, because OR-Tools wants them from 0.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2, routing_parameters_pb2
from ortools.util import optional_boolean_pb2

from solver.eligibility import at_pinned_time, eligible_shifts, pair_cost, stock_of
from solver.problem import Depot, Matrix, Problem, Shift, TimeWindow, Visit
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


def add_time(model: RoutingModel) -> pywrapcp.RoutingDimension:
    """Time passes by travel and service; a route starts as late as it likes and may wait."""
    travel = model.legs(model.problem.travel_time)
    service = np.zeros(len(model.locations), dtype=np.int64)
    service[: len(model.nodes)] = [call.duration for call in model.nodes]
    transit = model.routing.RegisterTransitMatrix((travel + service[:, None]).tolist())
    model.routing.AddDimension(transit, model.latest, model.latest, False, "time")
    time = model.routing.GetDimensionOrDie("time")
    time.SetSpanCostCoefficientForAllVehicles(model.problem.objective.working_time)
    # First the earliest end, then the latest start for it: propagation knows both exactly. The
    # other way round the latest start may fail in a hole between windows, and is then lowered
    # second by second until the time for it is over and the plan refused.
    for vehicle in range(len(model.shifts)):
        model.routing.AddVariableMinimizedByFinalizer(time.CumulVar(model.end(vehicle)))
        model.routing.AddVariableMaximizedByFinalizer(time.CumulVar(model.start(vehicle)))
    return time


def add_travel_cost(model: RoutingModel) -> None:
    """Every leg costs its travel time and distance, every shift in use its fixed cost."""
    costs = model.problem.objective
    cents = costs.travel_time * model.problem.travel_time + costs.distance * model.problem.distance
    evaluator = model.routing.RegisterTransitMatrix(model.legs(cents).tolist())
    model.routing.SetArcCostEvaluatorOfAllVehicles(evaluator)
    model.routing.SetFixedCostOfAllVehicles(costs.shift_use)


def add_optional_visits(model: RoutingModel) -> None:
    """Every visit may be left out at its price; comes last, when unavoidable costs are known."""
    for node, visit in enumerate(model.visits):
        price = model.problem.prices[visit.id] - model.unavoidable[node]
        model.routing.AddDisjunction([model.index(node)], price)


def add_optional_depot_calls(model: RoutingModel) -> None:
    for number in range(len(model.calls)):
        model.routing.AddDisjunction([model.index(len(model.visits) + number)], 0)


def add_eligible_technicians(model: RoutingModel) -> None:
    """Skills, pins, allowed and forbidden technicians and territories, all at once.

    ``SetAllowedVehiclesForIndex`` cannot be called from Python in OR-Tools 9.15.
    """
    for node, vehicles in enumerate(model.eligible):
        model.routing.VehicleVar(model.index(node)).SetValues([-1, *vehicles])


def add_time_windows(model: RoutingModel) -> None:
    for node, call in enumerate(model.nodes):
        if call.windows:
            _restrict(model, node, call.windows)


def _restrict(model: RoutingModel, node: int, windows: Sequence[TimeWindow]) -> None:
    """Leave only the windows' moments to the start of service; none left: never served."""
    inside = sorted(
        (max(0, window.start - model.epoch), min(model.latest, window.end - model.epoch))
        for window in windows
        if window.end >= model.epoch and window.start <= model.epoch + model.latest
    )
    index = model.index(node)
    if not inside:
        model.routing.ActiveVar(index).SetValue(0)
        return
    moment = model.time.CumulVar(index)
    moment.SetRange(inside[0][0], max(end for _, end in inside))
    closed_from = inside[0][1] + 1
    for start, end in inside[1:]:
        if start > closed_from:
            moment.RemoveInterval(closed_from, start - 1)
        closed_from = max(closed_from, end + 1)


def add_shifts(model: RoutingModel) -> None:
    """Routes lie inside their shift plus overtime; overtime costs."""
    overtime = model.problem.objective.overtime
    for vehicle, shift in enumerate(model.shifts):
        start, end = shift.start - model.epoch, shift.end - model.epoch
        for index in (model.start(vehicle), model.end(vehicle)):
            model.time.CumulVar(index).SetRange(start, end + shift.max_overtime)
        if overtime and shift.max_overtime:
            model.time.SetCumulVarSoftUpperBound(model.end(vehicle), end, overtime)


def add_breaks(model: RoutingModel) -> None:
    """Breaks are intervals that no service overlaps; before and after the route they are free."""
    service = [
        0
    ] * model.routing.Size()  # by index, not by node: a shorter list is read past its end
    for node, call in enumerate(model.nodes):
        service[model.index(node)] = call.duration
    for vehicle, shift in enumerate(model.shifts):
        intervals = [
            model.solver.FixedDurationIntervalVar(
                pause.window.start - model.epoch,
                pause.window.end - model.epoch,
                pause.duration,
                False,
                f"break {pause.id} of shift {shift.id}",
            )
            for pause in shift.breaks
        ]
        model.resting.append(intervals)
        if intervals:
            model.time.SetBreakIntervalsOfVehicle(intervals, vehicle, service)
        for one, other in combinations(intervals, 2):
            _in_turn_or_off_route(model, vehicle, one, other)


def _in_turn_or_off_route(
    model: RoutingModel, vehicle: int, one: pywrapcp.IntervalVar, other: pywrapcp.IntervalVar
) -> None:
    """Two breaks may only overlap where one of them lies before or after the route."""
    start, end = (model.time.CumulVar(index(vehicle)) for index in (model.start, model.end))
    apart = [one.EndExpr() <= other.StartExpr(), other.EndExpr() <= one.StartExpr()]
    off_route = [
        condition
        for rest in (one, other)
        for condition in (rest.EndExpr() <= start, rest.StartExpr() >= end)
    ]
    model.solver.Add(model.solver.Sum([way.Var() for way in (*apart, *off_route)]) >= 1)


def add_parts(model: RoutingModel) -> None:
    """For each part that may run short: the number in the van, which a depot call may raise.

    What one shift leaves in the van is there for the technician's next one.
    """
    for part in sorted({part for visit in model.visits for part in visit.parts}):
        needs = [visit.parts.get(part, 0) for visit in model.visits]
        needed = sum(needs)
        if all(shift.stock.get(part, 0) >= needed for shift in model.shifts):
            continue
        dimension = _supply_dimension(model, f"part {part}", [-n for n in needs], needed)
        for node, need in enumerate(needs):
            dimension.CumulVar(model.index(node)).SetMin(need)
        for depot in model.problem.depots:
            _limit_pickups(model, dimension, depot, stock_of(depot, part), needed)
        _load_vans(model, dimension, part, needed)


def _load_vans(
    model: RoutingModel, dimension: pywrapcp.RoutingDimension, part: str, needed: int
) -> None:
    """A van starts with what was loaded since, and left over from, the technician's last shift."""
    vehicles = {shift.id: vehicle for vehicle, shift in enumerate(model.shifts)}
    before: dict[str, int] = {}
    loaded: Counter[str] = Counter()
    for shift in sorted(model.problem.shifts, key=lambda shift: shift.start):
        who = shift.technician
        loaded[who] += shift.stock.get(part, 0)
        if shift.id not in vehicles:
            continue
        start = dimension.CumulVar(model.start(vehicles[shift.id]))
        if who in before:
            left = dimension.CumulVar(model.end(before[who]))
            model.solver.Add(start == model.solver.Min(left + loaded[who], needed))
        else:
            start.SetValue(min(needed, loaded[who]))
        before[who] = vehicles[shift.id]
        loaded[who] = 0


def add_tools(model: RoutingModel) -> None:
    """For each tool that some van lacks: whether it is in the van, which a depot call may turn."""
    for tool in sorted({tool for visit in model.visits for tool in visit.tools}):
        if all(tool in shift.tools for shift in model.shifts):
            continue
        dimension = _supply_dimension(model, f"tool {tool}", [0] * len(model.visits), 1)
        for node, visit in enumerate(model.visits):
            if tool in visit.tools:
                dimension.CumulVar(model.index(node)).SetMin(1)
        for depot in model.problem.depots:
            _limit_pickups(model, dimension, depot, int(tool in depot.tools) * len(model.calls), 1)
        for vehicle, shift in enumerate(model.shifts):
            dimension.CumulVar(model.start(vehicle)).SetValue(int(tool in shift.tools))


def _supply_dimension(
    model: RoutingModel, name: str, transits: Sequence[int], most: int
) -> pywrapcp.RoutingDimension:
    """A quantity on board that only depot calls raise, by the slack of their nodes."""
    model.routing.AddDimension(model.vector(transits), most, most, False, name)
    dimension = model.routing.GetDimensionOrDie(name)
    for node in range(len(model.visits)):
        dimension.SlackVar(model.index(node)).SetValue(0)
    for vehicle in range(len(model.shifts)):
        dimension.SlackVar(model.start(vehicle)).SetValue(0)
    return dimension


def _limit_pickups(
    model: RoutingModel, dimension: pywrapcp.RoutingDimension, depot: Depot, stock: int, most: int
) -> None:
    """A depot's calls together take no more than it has."""
    taken = []
    for number, call in enumerate(model.calls):
        if call.id != depot.id:
            continue
        index = model.index(len(model.visits) + number)
        slack = dimension.SlackVar(index)
        if stock == 0:
            slack.SetValue(0)
        else:
            model.routing.AddVariableMinimizedByFinalizer(slack)
            taken.append(slack * model.routing.ActiveVar(index))
    if taken and stock < most:
        model.solver.Add(model.solver.Sum(taken) <= stock)


def add_lateness(model: RoutingModel) -> None:
    rate = model.problem.objective.lateness
    for node, visit in enumerate(model.visits):
        if rate and visit.due is not None:
            latest = visit.due - visit.duration - model.epoch
            _no_later_than(model, model.time, node, latest, rate)


def add_moved_time(model: RoutingModel) -> None:
    """Starting earlier or later than published costs.

    A moment can have one soft upper bound, and lateness has it; so moved time gets a clock of its
    own, which shows the same time.
    """
    costs = model.problem.objective
    moved = [node for node, visit in enumerate(model.visits) if visit.previous is not None]
    if not costs.moved_time or not moved:
        return
    clock = model.time
    if costs.lateness and any(model.visits[node].due is not None for node in moved):
        clock = _second_clock(model)
    for node in moved:
        previous = model.visits[node].previous
        assert previous is not None  # noqa: S101 - filtered above
        rate = costs.moved_time * (costs.told_factor if previous.told else 1)
        planned = previous.start - model.epoch
        _no_later_than(model, clock, node, planned + costs.moved_time_tolerance, rate)
        _no_earlier_than(model, clock, node, planned - costs.moved_time_tolerance, rate)


def _no_later_than(
    model: RoutingModel, clock: pywrapcp.RoutingDimension, node: int, moment: int, rate: int
) -> None:
    """Each second later costs; what lies before the model's first moment cannot be avoided."""
    clock.SetCumulVarSoftUpperBound(model.index(node), max(0, moment), rate)
    model.unavoidable[node] += rate * max(0, -moment)


def _no_earlier_than(
    model: RoutingModel, clock: pywrapcp.RoutingDimension, node: int, moment: int, rate: int
) -> None:
    """Each second earlier costs; what lies after the model's last moment cannot be avoided."""
    clock.SetCumulVarSoftLowerBound(model.index(node), min(max(0, moment), model.latest), rate)
    model.unavoidable[node] += rate * max(0, moment - model.latest)


def _second_clock(model: RoutingModel) -> pywrapcp.RoutingDimension:
    model.routing.AddDimension(0, model.latest, model.latest, False, "clock")
    clock = model.routing.GetDimensionOrDie("clock")
    for node in range(len(model.nodes)):
        index = model.index(node)
        model.solver.Add(clock.CumulVar(index) == model.time.CumulVar(index))
    return clock


def add_pair_costs(model: RoutingModel) -> None:
    """Preferred, over-skilled and changed technicians: a sum along the route, per shift.

    In OR-Tools 9.15 a dimension whose evaluators differ by vehicle and are all unary refuses every
    plan that leaves a node out; a single evaluator over pairs of nodes among them mends that.
    """
    cents = [
        [sum(pair_cost(model.problem, visit, shift).values()) for visit in model.visits]
        for shift in model.shifts
    ]
    most = max(sum(of_shift) for of_shift in cents)
    if most == 0:
        return
    size = len(model.locations)
    pairs = [[value] * size for value in [*cents[0], *[0] * (size - len(cents[0]))]]
    evaluators = [model.routing.RegisterTransitMatrix(pairs)]
    evaluators += [model.vector(of_shift) for of_shift in cents[1:]]
    model.routing.AddDimensionWithVehicleTransits(evaluators, 0, most, True, "pair cost")
    model.routing.GetDimensionOrDie("pair cost").SetSpanCostCoefficientForAllVehicles(1)


def add_imbalance(model: RoutingModel) -> None:
    """Service beyond a shift's fair share costs."""
    rate = model.problem.objective.imbalance
    service = [visit.duration for visit in model.visits]
    if not rate or not any(service):
        return
    model.routing.AddDimension(model.vector(service), 0, sum(service), True, "service")
    dimension = model.routing.GetDimensionOrDie("service")
    for vehicle, shift in enumerate(model.shifts):
        share = model.problem.fair_shares[shift.id]
        dimension.SetCumulVarSoftUpperBound(model.end(vehicle), share, rate)
