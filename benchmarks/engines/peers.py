"""Other solvers on VRPTW problems. They are not needed for anything but comparison.

Each takes our problem with its integers, so that all count alike: distance and duration are the
legs cut off after one decimal, times ten. Their routes become a plan of ours, which our checker
then judges and prices.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from importlib.metadata import version

from solver.files.text_formats import CAPACITY
from solver.judge.cost import cost
from solver.problem import MAX_COST, Problem, Visit
from solver.solution import Reason, ReasonCode, Route, Solution, Stop, StopKind, Unassigned

VROOM_EXPLORATION = 5
"""The highest level; a limit of time cuts it short if need be."""


def pyvrp_version() -> str:
    return f"PyVRP {version('pyvrp')}"


def vroom_version() -> str:
    return f"VROOM (pyvroom {version('pyvroom')})"


def pyvrp_answer(
    problem: Problem, seconds: float, seed: int, on_cost: Callable[[int], None]
) -> tuple[Solution, int]:
    """PyVRP's best plan within the time, data conversion included, and its iterations."""
    import pyvrp

    ends = time.monotonic() + seconds
    lowest = math.inf

    def over(best: float) -> bool:
        """PyVRP asks before every iteration and tells what the best plan costs, with a number
        beyond all costs as long as none is feasible."""
        nonlocal lowest
        if best < min(lowest, MAX_COST):
            lowest = best
            on_cost(int(best))
        return time.monotonic() >= ends

    shift = problem.shifts[0]
    data = pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in problem.travel_time],
        clients=[
            pyvrp.Client(
                location=visit.location,
                delivery=[visit.parts.get(CAPACITY, 0)],
                service_duration=visit.duration,
                tw_early=visit.windows[0].start,
                tw_late=visit.windows[0].end,
            )
            for visit in problem.visits
        ],
        depots=[pyvrp.Depot(location=shift.start_location)],
        vehicle_types=[
            pyvrp.VehicleType(
                num_available=len(problem.shifts),
                capacity=[shift.stock.get(CAPACITY, 0)],
                tw_early=shift.start,
                tw_late=shift.end,
            )
        ],
        distance_matrices=[problem.distance],
        duration_matrices=[problem.travel_time],
    )
    result = pyvrp.solve(data, stop=over, seed=seed, collect_stats=False, display=False)
    if not result.is_feasible():
        return as_solution(problem, []), result.num_iterations
    sequences = [
        [problem.visits[activity.idx] for activity in route if activity.is_client()]
        for route in result.best.routes()
    ]
    return as_solution(problem, sequences), result.num_iterations


def vroom_answer(problem: Problem, seconds: float) -> Solution:
    """VROOM's plan on one thread; it ends by itself, or when the time is over."""
    import vroom

    asked = vroom.Input()
    asked.set_durations_matrix("car", problem.travel_time)
    asked.add_vehicle(
        [
            vroom.Vehicle(
                number,
                start=shift.start_location,
                end=shift.end_location,
                capacity=[shift.stock.get(CAPACITY, 0)],
                time_window=vroom.TimeWindow(shift.start, shift.end),
            )
            for number, shift in enumerate(problem.shifts)
        ]
    )
    asked.add_job(
        [
            vroom.Job(
                number,
                location=visit.location,
                default_service=visit.duration,
                delivery=vroom.Amount([visit.parts.get(CAPACITY, 0)]),
                time_windows=[vroom.TimeWindow(w.start, w.end) for w in visit.windows],
            )
            for number, visit in enumerate(problem.visits)
        ]
    )
    answer = asked.solve(VROOM_EXPLORATION, nb_threads=1, timeout=timedelta(seconds=seconds))
    sequences = [
        [problem.visits[step["id"]] for step in route["steps"] if step["type"] == "job"]
        for route in answer.to_dict()["routes"]
    ]
    return as_solution(problem, sequences)


def as_solution(problem: Problem, sequences: Iterable[Sequence[Visit]]) -> Solution:
    """The plan with these visits in this order, each route as early as it can be.

    The shifts are all the same and are used one after the other. Whether the plan can be kept is
    for the checker to say. Raises ``ValueError`` if there are more routes than shifts.
    """
    routes: list[Route] = []
    used = [sequence for sequence in sequences if sequence]
    for shift, sequence in zip(problem.shifts, used, strict=False):
        here, now = shift.start_location, shift.start
        stops = []
        for visit in sequence:
            arrival = now + int(problem.travel_time[here, visit.location])
            start = max(arrival, visit.windows[0].start)
            here, now = visit.location, start + visit.duration
            stops.append(Stop(StopKind.VISIT, visit.id, arrival, start, now))
        end = now + int(problem.travel_time[here, shift.end_location])
        routes.append(Route(shift.id, shift.technician, shift.start, end, tuple(stops)))
    if len(used) > len(routes):
        raise ValueError(f"{len(used)} routes were found for {len(problem.shifts)} shifts")
    served = {visit.id for sequence in used for visit in sequence}
    left_out = [visit.id for visit in problem.visits if visit.id not in served]
    reason = Reason(ReasonCode.NOT_FOUND, None, "the other solver left it out")
    return Solution(
        tuple(routes),
        tuple(Unassigned(name, (reason,)) for name in left_out),
        cost(problem, routes, left_out),
    )
