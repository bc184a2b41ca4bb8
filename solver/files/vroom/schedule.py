"""A route of ours in VROOM's terms: how long it drives, waits and works, and what it carries.

Two things differ. VROOM has every break of a vehicle on its route, while ours leave out one that
falls before or after it; there it waits before it begins or after its end, which costs nothing. And
of a way with breaks on it, VROOM drives as much as there is time for before each.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from solver.files.vroom.document import VroomJob
from solver.files.vroom.read import VroomProblem
from solver.files.vroom.travel import (
    HUNDREDTHS,
    METRES_PER_KILOMETRE,
    SECONDS_PER_HOUR,
    travel_factor,
)
from solver.problem import Break, Shift
from solver.solution import Route, Stop, StopKind

Amounts = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Milestone:
    """One step of a route, in whole seconds and metres, as VROOM rounds them."""

    stop: Stop | None
    """None at both ends of the route."""
    arrival: int
    waiting: int
    setup: int
    service: int
    driven: int
    """Seconds since the route's start."""
    distance: int
    """Metres likewise; 0 where distances are not known."""
    load: Amounts
    """When it is over."""

    @property
    def end(self) -> int:
        return self.arrival + self.waiting + self.setup + self.service


@dataclass(frozen=True, slots=True)
class VroomRoute:
    """A route with all breaks of its vehicle but those that are ``missing``, having no time."""

    route: Route
    milestones: tuple[Milestone, ...]
    jobs: tuple[VroomJob, ...]
    missing: tuple[Break, ...]
    cost: int


def in_full(vroom: VroomProblem, given: Route) -> VroomRoute:
    """The route as VROOM would tell of it; it must keep the problem's rules."""
    shift = vroom.shift[given.shift]
    route, missing = _with_breaks(shift, given)
    jobs = tuple(vroom.job[stop.id] for stop in route.stops if stop.kind is StopKind.VISIT)
    milestones = tuple(_walked(vroom, route, jobs))
    cost = cost_of(vroom, shift.id, jobs, milestones[-1].driven)
    return VroomRoute(route, milestones, jobs, missing, cost)


def cost_of(vroom: VroomProblem, shift_id: str, jobs: Sequence[VroomJob], driven: int) -> int:
    """What VROOM says that a vehicle costs which serves these jobs in this order and drives for so
    many seconds: each kind of cost rounded as there."""
    vehicle, travel = vroom.vehicle[shift_id], vroom.travel
    costs = vehicle.costs
    tasks = sum(setup + service for setup, service in _task_times(vroom, shift_id, jobs))
    # Breaks are paid for as tasks are.
    tasks += sum(pause.service for pause in vehicle.breaks)
    total = costs.fixed + costs.per_task_hour * tasks // SECONDS_PER_HOUR
    ways = _ways(vroom, shift_id, jobs)
    if travel.cost is not None:
        return total + sum(int(travel.cost[way]) for way in ways)
    metres = 0
    if costs.per_km and travel.distance is not None:
        metres = sum(int(travel.distance[way]) for way in ways)
    by_distance = Fraction(costs.per_km * metres, METRES_PER_KILOMETRE)
    if vroom.document.is_timed:
        by_time = Fraction(costs.per_hour * driven, SECONDS_PER_HOUR)
        return total + int(by_time + by_distance + Fraction(1, 2))
    # The price is scaled by the factor of speed, and cut off like every cost that is summed up.
    factor = 1 if travel.scale == 1 else travel_factor(vroom.document)
    unscaled = sum(int(travel.seconds[way]) for way in ways) // factor
    price = round(HUNDREDTHS / vehicle.speed_factor * costs.per_hour)
    return total + int(Fraction(unscaled * price, HUNDREDTHS * SECONDS_PER_HOUR) + by_distance)


def driven_seconds(vroom: VroomProblem, shift_id: str, jobs: Sequence[VroomJob]) -> int:
    """For how long a vehicle drives that serves these jobs in this order."""
    ways = _ways(vroom, shift_id, jobs)
    return sum(int(vroom.travel.seconds[way]) for way in ways) // vroom.travel.scale


def amounts_of(vroom: VroomProblem, jobs: Iterable[VroomJob], *, picked_up: bool) -> Amounts:
    """What is picked up from these jobs, or delivered to them, by dimension."""
    sums = [0] * len(vroom.document.vehicles[0].capacity)
    for job in jobs:
        for at, number in enumerate(job.pickup if picked_up else job.delivered):
            sums[at] += number
    return tuple(sums)


def _rows(vroom: VroomProblem, shift_id: str, jobs: Sequence[VroomJob]) -> list[int | None]:
    """Where the route goes; None at an end that is open."""
    shift = vroom.shift[shift_id]
    at_jobs = [vroom.problem.visit[str(job.id)].location for job in jobs]
    return [shift.start_location, *at_jobs, shift.end_location]


def _ways(vroom: VroomProblem, shift_id: str, jobs: Sequence[VroomJob]) -> list[tuple[int, int]]:
    ways = pairwise(_rows(vroom, shift_id, jobs))
    return [(here, there) for here, there in ways if here is not None and there is not None]


def _task_times(
    vroom: VroomProblem, shift_id: str, jobs: Sequence[VroomJob]
) -> Iterator[tuple[int, int]]:
    """Setup, none where the vehicle is at the place already, and service of each job."""
    ways = pairwise(_rows(vroom, shift_id, jobs))
    for job, (before, here) in zip(jobs, ways, strict=False):
        setup, service = job.times_for(vroom.vehicle[shift_id].type)
        yield 0 if before == here else setup, service


def _with_breaks(shift: Shift, given: Route) -> tuple[Route, tuple[Break, ...]]:
    """The route with the breaks that it leaves out, behind it or before it; if there is no time for
    all of them there, the route as it is, and the breaks."""
    taken = {stop.id for stop in given.stops if stop.kind is StopKind.BREAK}
    left_out = [pause for pause in shift.breaks if pause.id not in taken]
    route, left = given, list(left_out)
    for pause in sorted(left_out, key=lambda pause: (pause.window.start, pause.window.end)):
        begin = max(route.end, pause.window.start)
        if begin <= pause.window.end and begin + pause.duration <= shift.end:
            stop = Stop(StopKind.BREAK, pause.id, begin, begin, begin + pause.duration)
            route = replace(route, end=stop.departure, stops=(*route.stops, stop))
            left.remove(pause)
    for pause in sorted(left, key=lambda pause: (-pause.window.end, -pause.window.start)):
        begin = min(pause.window.end, route.start - pause.duration)
        if begin < max(pause.window.start, shift.start):
            return given, tuple(left_out)
        stop = Stop(StopKind.BREAK, pause.id, begin, begin, begin + pause.duration)
        route = replace(route, start=begin, stops=(stop, *route.stops))
    return route, ()


def _walked(vroom: VroomProblem, route: Route, jobs: Sequence[VroomJob]) -> Iterator[Milestone]:
    walk = _Walk(vroom, route, jobs)
    yield walk.here(None, route.start, 0, 0)
    for stop in route.stops:
        yield walk.pause(stop) if stop.kind is StopKind.BREAK else walk.job(stop)
    yield walk.back()


class _Walk:
    """Where a vehicle is on its route, in the problem's unit of time."""

    def __init__(self, vroom: VroomProblem, route: Route, jobs: Sequence[VroomJob]) -> None:
        self._vroom = vroom
        self._scale = vroom.travel.scale
        self._rows = _rows(vroom, route.shift, jobs)
        self._jobs = list(zip(jobs, _task_times(vroom, route.shift, jobs), strict=True))
        self._load = list(amounts_of(vroom, jobs, picked_up=False))
        self._clock = route.start
        self._before = route.start // self._scale
        """When the step before was over, in whole seconds."""
        self._driven, self._metres = 0, 0
        self._way = self._left = self._length = 0
        self._set_out()

    def pause(self, stop: Stop) -> Milestone:
        driving = max(0, min(stop.start - self._clock, self._left))
        self._left -= driving
        arrival, self._clock = self._clock + driving, stop.departure
        done = self._way - self._left
        metres = self._metres + (self._length * done // self._way if self._way else 0)
        service = (stop.departure - stop.start) // self._scale
        return self.here(stop, arrival, 0, service, stop.start, metres)

    def job(self, stop: Stop) -> Milestone:
        job, (setup, service) = self._jobs.pop(0)
        arrival, self._clock = self._clock + self._left, stop.departure
        self._metres += self._length
        for amounts, sign in ((job.pickup, 1), (job.delivered, -1)):
            for at, number in enumerate(amounts):
                self._load[at] += sign * number
        self._rows.pop(0)
        self._set_out()
        # Where setup is the way to the visit, it begins before service does.
        is_before = self._vroom.problem.visit[stop.id].access > 0
        begin = stop.start - (setup * self._scale if is_before else 0)
        return self.here(stop, arrival, setup, service, begin)

    def back(self) -> Milestone:
        self._metres += self._length
        return self.here(None, self._clock + self._left, 0, 0)

    def here(
        self,
        stop: Stop | None,
        arrival: int,
        setup: int,
        service: int,
        begin: int | None = None,
        metres: int | None = None,
    ) -> Milestone:
        at = arrival // self._scale
        waiting = 0 if begin is None else begin // self._scale - at
        self._driven += at - self._before
        self._before = at + waiting + setup + service
        return Milestone(
            stop,
            at,
            waiting,
            setup,
            service,
            self._driven,
            self._metres if metres is None else metres,
            tuple(self._load),
        )

    def _set_out(self) -> None:
        """On the way to where the next job is, or the end."""
        here, there = self._rows[0], self._rows[1]
        travel = self._vroom.travel
        self._way = self._length = 0
        if here is not None and there is not None:
            self._way = int(travel.seconds[here, there])
            self._length = 0 if travel.distance is None else int(travel.distance[here, there])
        self._left = self._way
