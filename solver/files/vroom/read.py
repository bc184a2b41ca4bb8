"""A VROOM problem as one of ours.

A job becomes a visit, a vehicle a technician with one shift, each under its number in VROOM. What
has no meaning here is refused (``refusals.py``): nothing is dropped in silence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import gcd
from typing import Any

from solver.files.vroom.amounts import amount_faults, parts_of_job, stock_of_vehicle
from solver.files.vroom.document import (
    VroomDocument,
    VroomJob,
    VroomVehicle,
    decoder_of_problem,
    read_document,
)
from solver.files.vroom.refusals import refusals, spans_of
from solver.files.vroom.steps import Promise, promises, sequences, step_faults
from solver.files.vroom.travel import (
    DETOUR_FACTOR,
    SPEED_KMH,
    VroomRates,
    VroomTravel,
    rates_of,
    travel_of,
)
from solver.objective import Objective, ShiftRates
from solver.problem import Break, InvalidProblem, Pin, Problem, Shift, TimeWindow, Visit
from solver.solution import Route, Solution, Stop, StopKind, Unassigned
from solver.travel import MAX_TIME, NO_WAY, longest_leg

SPARE_SECONDS = 7 * 86_400
"""So much longer than it must be is the day of a vehicle that has no end: no day that somebody has
written down is cut short by it."""


@dataclass(frozen=True)
class VroomProblem:
    """A problem of ours, and what of VROOM's it came from.

    Times of ``problem`` are VROOM's seconds times ``travel.scale``, its costs, apart from those of
    visits left out, VROOM's times ``rates.scale``.
    """

    problem: Problem
    document: VroomDocument
    travel: VroomTravel
    rates: VroomRates
    latest: int
    """Later than any route has to end, in VROOM's seconds."""

    @cached_property
    def job(self) -> Mapping[str, VroomJob]:
        """By the id of the visit."""
        return {str(job.id): job for job in self.document.jobs}

    @cached_property
    def vehicle(self) -> Mapping[str, VroomVehicle]:
        """By the id of the shift."""
        return {str(vehicle.id): vehicle for vehicle in self.document.vehicles}

    @cached_property
    def shift(self) -> Mapping[str, Shift]:
        return {shift.id: shift for shift in self.problem.shifts}

    def judged(self, solution: Solution) -> Problem:
        """The problem as the solution is to be judged by: which setups it saves is known, and so
        are the windows of what comes after them."""
        leads: dict[str, int] = {}
        for route in solution.routes:
            here = self.shift[route.shift].start_location if route.shift in self.shift else None
            for stop in route.stops:
                visit = self.problem.visit.get(stop.id)
                if stop.kind is StopKind.VISIT and visit is not None:
                    leads[visit.id] = 0 if visit.location == here else visit.access
                    here = visit.location
        visits = (
            replace(visit, windows=_windows(self, visit, leads[visit.id]))
            if visit.access and visit.id in leads
            else visit
            for visit in self.problem.visits
        )
        return replace(self.problem, visits=tuple(visits))

    def start(self) -> Solution | None:
        """The plan that the vehicles' steps give, as early as it can be; None if they give none.
        It may break rules."""
        given = sequences(self.document)
        if not given:
            return None
        routes = tuple(
            _early_route(self, self.shift[str(vehicle)], [self.problem.visit[str(j)] for j in jobs])
            for vehicle, jobs in given.items()
        )
        listed = {str(job) for jobs in given.values() for job in jobs}
        left_out = (visit.id for visit in self.problem.visits if visit.id not in listed)
        return Solution(routes, tuple(Unassigned(name, ()) for name in left_out), {})


def problem_from_vroom(
    data: Any, *, speed_kmh: float = SPEED_KMH, detour_factor: float = DETOUR_FACTOR
) -> VroomProblem:
    """The problem in a decoded JSON document of VROOM's; without matrices, ways are great circles,
    longer by a factor, at this speed. Raises ``InvalidProblem`` with every fault found."""
    decoder = decoder_of_problem()
    document = read_document(decoder, data)
    unreadable = [fault.where.split("/")[1] for fault in decoder.faults if "/" in fault.where]
    decoder.faults += refusals(document, with_matrices=not {"matrices", "matrix"} & {*unreadable})
    if not {"jobs", "vehicles"} & {*unreadable}:
        # What is said of all of them, or by one of another, is true only if all could be read.
        decoder.faults += [*amount_faults(document), *step_faults(document)]
    if decoder.faults:
        raise InvalidProblem(decoder.faults)
    travel = travel_of(document, speed_kmh, detour_factor)
    rates = rates_of(document, travel)
    latest = _latest(document, travel)
    factors = _factors(document.jobs)
    ranks = {priority: rank for rank, priority in enumerate(factors)}
    promised = promises(document)
    usual = rates.of_vehicles[0]
    problem = Problem(
        visits=tuple(
            _visit(document, job, travel, promised.get(job.id), latest, ranks[job.priority])
            for job in document.jobs
        ),
        shifts=tuple(
            _shift(document, vehicle, travel, latest, ShiftRates() if own == usual else own)
            for vehicle, own in zip(document.vehicles, rates.of_vehicles, strict=True)
        ),
        travel_time=travel.seconds,
        distance=_priced(travel),
        objective=Objective(
            unassigned=tuple(factors.values()) or (1,),
            working_time=0,
            travel_time=usual.travel_time or 0,
            distance=usual.distance or 0,
            shift_use=rates.fixed,
        ),
    )
    return VroomProblem(problem, document, travel, rates, latest)


def _visit(
    document: VroomDocument,
    job: VroomJob,
    travel: VroomTravel,
    promise: Promise | None,
    latest: int,
    rank: int,
) -> Visit:
    """Where setup is spent for certain it counts with service, before which there is nothing then.
    Otherwise it is the way to the visit (``Visit.access``), and the window bounds what comes after
    it: so it is kept whether it is spent or not."""
    times = {name: job.times_for(name) for name in document.types}
    saves = document.saves_setup_of(job)
    access = max(setup for setup, _ in times.values()) if saves else 0
    durations = {service if saves else setup + service for setup, service in times.values()}
    pin = None
    if promise is not None:
        exact = promise.earliest if promise.is_exact else None
        pin = Pin(str(promise.vehicle), None if exact is None else exact * travel.scale)
    bounds = _bounds(job, promise, latest)
    return Visit(
        id=str(job.id),
        location=travel.places[document.place(job.location, job.location_index)],
        duration=max(durations) * travel.scale,
        windows=_shifted(bounds, access, 0, travel.scale),
        skills=dict.fromkeys(map(str, sorted(job.skills)), 1),
        parts=parts_of_job(job),
        priority=rank,
        pin=pin,
        access=access * travel.scale,
        work_type=str(job.id) if len(durations) > 1 else None,
    )


def _bounds(job: VroomJob, promise: Promise | None, latest: int) -> Sequence[TimeWindow]:
    """When the job may begin, setup included; any time if there are none."""
    windows = tuple(TimeWindow(w.start, min(w.end, latest)) for w in job.time_windows or ())
    if promise is None:
        return windows
    return [
        left
        for one in windows or (TimeWindow(0, latest),)
        if (left := promise.within(one)) is not None
    ]


def _shifted(
    windows: Iterable[TimeWindow], start: int, end: int, scale: int
) -> tuple[TimeWindow, ...]:
    """The windows, begun and ended so much later, in the problem's unit."""
    moved = (TimeWindow(w.start + start, w.end + end) for w in windows)
    return tuple(TimeWindow(w.start * scale, w.end * scale) for w in moved if w.start <= w.end)


def _windows(vroom: VroomProblem, visit: Visit, lead: int) -> tuple[TimeWindow, ...]:
    """Of a visit with setup before it, that takes so long."""
    job = vroom.job[visit.id]
    bounds = _bounds(job, promises(vroom.document).get(job.id), vroom.latest)
    seconds = lead // vroom.travel.scale
    return _shifted(bounds, seconds, seconds, vroom.travel.scale)


def _shift(
    document: VroomDocument,
    vehicle: VroomVehicle,
    travel: VroomTravel,
    latest: int,
    rates: ShiftRates,
) -> Shift:
    working = vehicle.time_window or TimeWindow(0, latest)

    def row(location: Any, index: int | None) -> int | None:
        place = document.place(location, index)
        return None if place is None else travel.places[place]

    limit = vehicle.max_travel_time
    return Shift(
        id=str(vehicle.id),
        technician=str(vehicle.id),
        start_location=row(vehicle.start, vehicle.start_index),
        end_location=row(vehicle.end, vehicle.end_index),
        start=working.start * travel.scale,
        end=min(working.end, latest) * travel.scale,
        skills=dict.fromkeys(map(str, sorted(vehicle.skills)), 1),
        stock=stock_of_vehicle(vehicle),
        breaks=tuple(
            Break(
                str(pause.id),
                _shifted([TimeWindow(span.start, min(span.end, latest))], 0, 0, travel.scale)[0],
                pause.service * travel.scale,
            )
            for pause in vehicle.breaks
            for span in spans_of(vehicle, pause)
        ),
        max_visits=vehicle.max_tasks,
        max_travel=None if limit is None else limit * travel.scale,
        max_distance=vehicle.max_distance,
        paces=_paces(document, vehicle.type),
        rates=rates,
    )


def _paces(document: VroomDocument, vehicle_type: str) -> Mapping[str, Fraction]:
    """How much less time jobs take these vehicles than those to whom they take the longest."""
    if len(document.types) == 1:
        return {}
    found = {}
    for job in document.jobs:
        saves = document.saves_setup_of(job)
        times = {name: sum(job.times_for(name)[1 if saves else 0 :]) for name in document.types}
        longest = max(times.values())
        if times[vehicle_type] != longest:
            found[str(job.id)] = Fraction(times[vehicle_type], longest)
    return found


def _priced(travel: VroomTravel) -> Any:
    """What stands for distance: each metre has one price, or each entry of the costs."""
    if travel.cost is not None:
        return travel.cost
    if travel.distance is not None:
        return travel.distance
    unknown = travel.seconds * 0
    unknown[travel.seconds == NO_WAY] = NO_WAY
    return unknown


def _latest(document: VroomDocument, travel: VroomTravel) -> int:
    """Later than any route has to end that begins as early as it can, in VROOM's seconds: how long
    days are decides how dear a job is that is left out, and an endless one would be too dear."""
    windows = [w for job in document.jobs for w in job.time_windows or ()]
    starts = [window.start for window in windows]
    for vehicle in document.vehicles:
        starts += [vehicle.time_window.start] if vehicle.time_window else []
        starts += [s.start for pause in vehicle.breaks for s in spans_of(vehicle, pause)]
    starts += [one.earliest for one in promises(document).values() if one.earliest is not None]
    pauses = (sum(pause.service for pause in one.breaks) for one in document.vehicles)
    times = sum(max(sum(job.times_for(name)) for name in document.types) for job in document.jobs)
    longest = -(-longest_leg(travel.seconds) // travel.scale)
    ways = longest * (len(document.jobs) + 1)
    latest = max(starts, default=0) + max(pauses, default=0) + times + ways + SPARE_SECONDS
    return min(latest, MAX_TIME // travel.scale)


def _factors(jobs: Sequence[VroomJob]) -> Mapping[int, int]:
    """What leaving out a job of each priority costs, lowest first, as a multiple of more than any
    plan does: the sum of priorities decides, and then the number of jobs, as in VROOM."""
    priorities = sorted({job.priority for job in jobs})
    if len(priorities) == 1:
        return {priorities[0]: 1}
    unit = gcd(*priorities)
    return {one: one // unit * (len(jobs) + 1) + 1 for one in priorities}


def _early_route(vroom: VroomProblem, shift: Shift, visits: Sequence[Visit]) -> Route:
    here, now = shift.start_location, shift.start

    def way(there: int | None) -> int:
        is_none = here is None or there is None
        return 0 if is_none else int(vroom.problem.travel_time[here, there])

    stops = []
    for visit in visits:
        arrival = now + way(visit.location) + (0 if here == visit.location else visit.access)
        begin = next(
            (max(arrival, one.start) for one in _in_order(visit.windows) if arrival <= one.end),
            arrival,
        )
        here, now = visit.location, begin + shift.service(visit)
        stops.append(Stop(StopKind.VISIT, visit.id, arrival, begin, now))
    end = now + way(shift.end_location)
    return Route(shift.id, shift.technician, shift.start, end, tuple(stops))


def _in_order(windows: Sequence[TimeWindow]) -> list[TimeWindow]:
    return sorted(windows, key=lambda window: (window.start, window.end))
