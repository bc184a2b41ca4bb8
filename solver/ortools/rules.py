"""The rules as parts of the OR-Tools routing model: one ``add_…`` function each.

Matrices and vectors throughout, never a Python callback. ``RoutingModel`` calls every function
once; ``add_optional_visits`` comes last, when it is known what serving a visit costs in any case.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from ortools.constraint_solver import pywrapcp

from solver.ortools.skeleton import Skeleton
from solver.problem import Depot, TimeWindow
from solver.rules.eligibility import stock_of
from solver.rules.lending import Lending
from solver.travel import MAX_TIME, NO_WAY


class NotInTheModel(ValueError):  # noqa: N818 - says what is not
    """The routing model does not know a rule in the way in which the problem uses it."""

    def __init__(self, what: str) -> None:
        super().__init__(f'the routing model knows nothing of {what}; use engine="kernel"')


def add_time(model: Skeleton) -> pywrapcp.RoutingDimension:
    """Time passes by travel and service; a route starts as late as it likes and may wait."""
    # What is longer than the model's time is impossible, be it ever so much longer.
    travel = np.minimum(model.legs(model.problem.travel_time), model.latest + 1)
    transits: dict[tuple[int, ...], int] = {}
    of_vehicle = []
    for shift in model.shifts:
        seconds = tuple(shift.service(call) for call in model.nodes)
        if seconds not in transits:
            service = np.zeros(len(model.locations), dtype=np.int64)
            service[: len(model.nodes)] = seconds
            matrix = (travel + service[:, None]).tolist()
            transits[seconds] = model.routing.RegisterTransitMatrix(matrix)
        of_vehicle.append(transits[seconds])
    if len(transits) == 1:
        (transit,) = transits.values()
        model.routing.AddDimension(transit, model.latest, model.latest, False, "time")
    else:
        model.routing.AddDimensionWithVehicleTransits(
            of_vehicle, model.latest, model.latest, False, "time"
        )
    time = model.routing.GetDimensionOrDie("time")
    for vehicle, shift in enumerate(model.shifts):
        costs = model.problem.objective.at(shift.rates)
        time.SetSpanCostCoefficientForVehicle(costs.working_time, vehicle)
    # First the earliest end, then the latest start for it: propagation knows both exactly. The
    # other way round the latest start may fail in a hole between windows, and is then lowered
    # second by second until the time for it is over and the plan refused.
    for vehicle in range(len(model.shifts)):
        model.routing.AddVariableMinimizedByFinalizer(time.CumulVar(model.end(vehicle)))
        model.routing.AddVariableMaximizedByFinalizer(time.CumulVar(model.start(vehicle)))
    return time


def add_travel_cost(model: Skeleton) -> None:
    """Every leg costs its travel time and distance, every shift in use its fixed cost.

    A leg that there is not costs nothing: there is never the time to go there.
    """
    travel, distance = (
        np.where(legs == NO_WAY, 0, legs)
        for legs in (model.legs(model.problem.driven), model.legs(model.problem.distance))
    )
    evaluators: dict[tuple[int, int], int] = {}
    for vehicle, shift in enumerate(model.shifts):
        costs = model.problem.objective.at(shift.rates)
        rates = costs.travel_time, costs.distance
        if rates not in evaluators:
            cents = costs.travel_time * travel + costs.distance * distance
            evaluators[rates] = model.routing.RegisterTransitMatrix(cents.tolist())
        model.routing.SetArcCostEvaluatorOfVehicle(evaluators[rates], vehicle)
    model.routing.SetFixedCostOfAllVehicles(model.problem.objective.shift_use)


def add_optional_visits(model: Skeleton) -> None:
    """Every visit may be left out at its price; comes last, when unavoidable costs are known."""
    for node, visit in enumerate(model.visits):
        price = model.problem.prices[visit.id] - model.unavoidable[node]
        model.routing.AddDisjunction([model.index(node)], price)


def add_optional_depot_calls(model: Skeleton) -> None:
    for number in range(len(model.calls)):
        model.routing.AddDisjunction([model.index(len(model.visits) + number)], 0)


def add_eligible_technicians(model: Skeleton) -> None:
    """Skills, pins, allowed and forbidden technicians and territories, all at once.

    ``SetAllowedVehiclesForIndex`` cannot be called from Python in OR-Tools 9.15.
    """
    for node, of_visit in enumerate(model.eligible):
        vehicles = np.flatnonzero(of_visit).tolist()
        model.routing.VehicleVar(model.index(node)).SetValues([-1, *vehicles])


def add_time_windows(model: Skeleton) -> None:
    for node, call in enumerate(model.nodes):
        if call.windows:
            _restrict(model, node, call.windows)


def _restrict(model: Skeleton, node: int, windows: Sequence[TimeWindow]) -> None:
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


def add_shifts(model: Skeleton) -> None:
    """Routes lie inside their shift plus overtime; overtime costs."""
    overtime = model.problem.objective.overtime
    for vehicle, shift in enumerate(model.shifts):
        start, end = shift.start - model.epoch, shift.end - model.epoch
        for index in (model.start(vehicle), model.end(vehicle)):
            model.time.CumulVar(index).SetRange(start, end + shift.max_overtime)
        if overtime and shift.max_overtime:
            model.time.SetCumulVarSoftUpperBound(model.end(vehicle), end, overtime)


def add_limits(model: Skeleton) -> None:
    """No route lasts longer, and has more visits, travel and distance, than its shift allows.

    What is longer than all limits is impossible, be it ever so much longer; a leg that there is not
    counts as none, as there is never the time to go there.
    """
    for vehicle, shift in enumerate(model.shifts):
        if shift.max_duration is not None:
            most = min(shift.max_duration, model.latest)
            model.time.SetSpanUpperBoundForVehicle(most, vehicle)
    problem = model.problem
    for limit, matrix in (
        ("max_visits", None),
        ("max_travel", problem.driven),
        ("max_distance", problem.distance),
    ):
        allowed = [shift.limits.get(limit) for shift in model.shifts]
        if all(most is None for most in allowed):
            continue
        if matrix is None:
            transit = model.vector([1] * len(model.visits))
        else:
            legs = model.legs(matrix)
            counted = np.where(legs == NO_WAY, 0, np.minimum(legs, 1 + _largest(allowed)))
            transit = model.routing.RegisterTransitMatrix(counted.tolist())
        plenty = (1 + len(model.locations)) * (1 + _largest(allowed))
        capacities = [plenty if most is None else min(most, plenty) for most in allowed]
        model.routing.AddDimensionWithVehicleCapacity(transit, 0, capacities, True, limit)


def _largest(allowed: Sequence[int | None]) -> int:
    return min(MAX_TIME, max(most for most in allowed if most is not None))


def add_breaks(model: Skeleton) -> None:
    """Breaks are intervals that no service overlaps; before and after the route they are free."""
    for vehicle, shift in enumerate(model.shifts):
        # By index, not by node: a shorter list is read past its end.
        service = [0] * model.routing.Size()
        for node, call in enumerate(model.nodes):
            service[model.index(node)] = shift.service(call)
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
    model: Skeleton, vehicle: int, one: pywrapcp.IntervalVar, other: pywrapcp.IntervalVar
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


def add_parts(model: Skeleton) -> None:
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
    model: Skeleton, dimension: pywrapcp.RoutingDimension, part: str, needed: int
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


def add_tools(model: Skeleton) -> None:
    """For each tool that some van lacks: whether it is in the van, which a depot call may turn."""
    lending = Lending.of(model.problem)
    for tool in sorted({tool for visit in model.visits for tool in visit.tools}):
        if all(tool in shift.tools for shift in model.shifts):
            continue
        dimension = _supply_dimension(model, f"tool {tool}", [0] * len(model.visits), 1)
        for node, visit in enumerate(model.visits):
            if tool in visit.tools:
                dimension.CumulVar(model.index(node)).SetMin(1)
        for depot in model.problem.depots:
            lends = tool in depot.tools and depot.tool_counts.get(tool) != 0
            _limit_pickups(model, dimension, depot, int(lends) * len(model.calls), 1)
            if tool in depot.tool_counts:
                _limit_loans(model, dimension, depot, tool, lending)
        for vehicle, shift in enumerate(model.shifts):
            dimension.CumulVar(model.start(vehicle)).SetValue(int(tool in shift.tools))


def _supply_dimension(
    model: Skeleton, name: str, transits: Sequence[int], most: int
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
    model: Skeleton, dimension: pywrapcp.RoutingDimension, depot: Depot, stock: int, most: int
) -> None:
    """A depot's calls together take no more than it has."""
    taken = []
    for node in model.calls_at.get(depot.id, ()):
        index = model.index(node)
        slack = dimension.SlackVar(index)
        if stock == 0:
            slack.SetValue(0)
        else:
            model.routing.AddVariableMinimizedByFinalizer(slack)
            taken.append(slack * model.routing.ActiveVar(index))
    if taken and stock < most:
        model.solver.Add(model.solver.Sum(taken) <= stock)


def _limit_loans(
    model: Skeleton,
    dimension: pywrapcp.RoutingDimension,
    depot: Depot,
    tool: str,
    lending: Lending,
) -> None:
    """In each slot the depot's calls lend no more of the tool than there are."""
    calls = model.calls_at.get(depot.id, ())
    loans = sorted({one for shift in model.shifts for one in lending.loans(depot, tool, shift)})
    for loan in loans if calls else ():
        # A call on no route has vehicle -1.
        covers = [0, *(int(loan in lending.loans(depot, tool, s)) for s in model.shifts)]
        lent = [
            dimension.SlackVar(index)
            * model.routing.ActiveVar(index)
            * model.solver.Element(covers, (model.routing.VehicleVar(index) + 1).Var())
            for index in map(model.index, calls)
        ]
        most = depot.tool_counts[tool] - lending.out.get(loan, 0)
        model.solver.Add(model.solver.Sum(lent) <= max(0, most))


def add_lateness(model: Skeleton) -> None:
    costs = model.problem.objective
    for node, visit in enumerate(model.visits):
        rate = costs.late_cents(visit.priority)
        if rate and visit.due is not None:
            latest = visit.due - same_service(model, node, "lateness") - model.epoch
            _no_later_than(model, model.time, node, latest, rate)


def same_service(model: Skeleton, node: int, rule: str) -> int:
    """Seconds that whoever may do it takes for the visit. Raises ``NotInTheModel`` if they differ:
    a soft bound is one for all vehicles."""
    visit = model.visits[node]
    vehicles = np.flatnonzero(model.eligible[node])
    seconds = {model.shifts[vehicle].service(visit) for vehicle in vehicles}
    if len(seconds) > 1:
        raise NotInTheModel(
            f"the {rule} of visit {visit.id!r}, which takes some longer than others"
        )
    return seconds.pop()


def add_window_prices(model: Skeleton) -> None:
    """A price that all windows of a visit have cannot be avoided. Raises ``NotInTheModel`` where
    it is for the start to choose."""
    for node, visit in enumerate(model.visits):
        prices = {window.price for window in visit.windows} or {0}
        if len(prices) > 1:
            raise NotInTheModel(
                f"prices of windows, of which visit {visit.id!r} has different ones"
            )
        model.unavoidable[node] += prices.pop()


def add_promptness(model: Skeleton) -> None:
    """Each second after a visit could have been served costs; on a clock of its own, since a moment
    can have one soft upper bound, and lateness has it."""
    costs = model.problem.objective
    if not any(costs.promptness):
        return
    clock = _another_clock(model, "promptness")
    for node, visit in enumerate(model.visits):
        ready = model.problem.ready[visit.id] - model.epoch
        _no_later_than(model, clock, node, ready, costs.prompt_cents(visit.priority))


def add_moved_time(model: Skeleton) -> None:
    """Starting earlier or later than published costs; on a clock of its own where lateness has the
    soft upper bound."""
    costs = model.problem.objective
    moved = [node for node, visit in enumerate(model.visits) if visit.previous is not None]
    if not costs.moved_time or not moved:
        return
    clock = model.time
    if costs.lateness and any(model.visits[node].due is not None for node in moved):
        clock = _another_clock(model, "moved time")
    for node in moved:
        previous = model.visits[node].previous
        assert previous is not None  # noqa: S101 - filtered above
        rate = costs.moved_time * (costs.told_factor if previous.told else 1)
        planned = previous.start - model.epoch
        _no_later_than(model, clock, node, planned + costs.moved_time_tolerance, rate)
        _no_earlier_than(model, clock, node, planned - costs.moved_time_tolerance, rate)


def _no_later_than(
    model: Skeleton, clock: pywrapcp.RoutingDimension, node: int, moment: int, rate: int
) -> None:
    """Each second later costs; what lies before the model's first moment cannot be avoided."""
    clock.SetCumulVarSoftUpperBound(model.index(node), max(0, moment), rate)
    model.unavoidable[node] += rate * max(0, -moment)


def _no_earlier_than(
    model: Skeleton, clock: pywrapcp.RoutingDimension, node: int, moment: int, rate: int
) -> None:
    """Each second earlier costs; what lies after the model's last moment cannot be avoided."""
    clock.SetCumulVarSoftLowerBound(model.index(node), min(max(0, moment), model.latest), rate)
    model.unavoidable[node] += rate * max(0, moment - model.latest)


def _another_clock(model: Skeleton, name: str) -> pywrapcp.RoutingDimension:
    """One that shows the same time."""
    model.routing.AddDimension(0, model.latest, model.latest, False, name)
    clock = model.routing.GetDimensionOrDie(name)
    for node in range(len(model.nodes)):
        index = model.index(node)
        model.solver.Add(clock.CumulVar(index) == model.time.CumulVar(index))
    return clock


def add_pair_costs(model: Skeleton) -> None:
    """Preferred, over-skilled and changed technicians: a sum along the route, per shift.

    In OR-Tools 9.15 a dimension whose evaluators differ by vehicle and are all unary refuses every
    plan that leaves a node out; a single evaluator over pairs of nodes among them mends that.
    """
    cents: list[list[int]] = model.pair_costs.T.tolist()
    most = max(sum(of_shift) for of_shift in cents)
    if most == 0:
        return
    size = len(model.locations)
    pairs = [[value] * size for value in [*cents[0], *[0] * (size - len(cents[0]))]]
    evaluators = [model.routing.RegisterTransitMatrix(pairs)]
    evaluators += [model.vector(of_shift) for of_shift in cents[1:]]
    model.routing.AddDimensionWithVehicleTransits(evaluators, 0, most, True, "pair cost")
    model.routing.GetDimensionOrDie("pair cost").SetSpanCostCoefficientForAllVehicles(1)


def add_imbalance(model: Skeleton) -> None:
    """Service beyond a shift's fair share costs."""
    rate = model.problem.objective.imbalance
    service = [visit.duration for visit in model.visits]
    if not rate or not any(service):
        return
    if any(shift.is_paced for shift in model.shifts):
        raise NotInTheModel("imbalance among technicians of different pace")
    model.routing.AddDimension(model.vector(service), 0, sum(service), True, "service")
    dimension = model.routing.GetDimensionOrDie("service")
    for vehicle, shift in enumerate(model.shifts):
        share = model.problem.fair_shares[shift.id]
        dimension.SetCumulVarSoftUpperBound(model.end(vehicle), share, rate)
