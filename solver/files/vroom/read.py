"""A VROOM problem as one of ours.

A job becomes a visit, a vehicle a technician with one shift, each under its number in VROOM. What
has no meaning here is refused (``refusals.py``): nothing is dropped in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from solver.objective import Objective
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

    def times_of(self, job: VroomJob) -> tuple[int, int]:
        """Setup and service, in VROOM's seconds."""
        ((setup, service),) = self.document.times_of(job)
        return setup, service

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
    promised = promises(document)
    latest = _latest(document, travel, promised)
    factors = _factors(document.jobs)
    ranks = {priority: rank for rank, priority in enumerate(factors)}
    problem = Problem(
        visits=tuple(
            _visit(document, job, travel, promised.get(job.id), latest, ranks[job.priority])
            for job in document.jobs
        ),
        shifts=tuple(_shift(document, vehicle, travel, latest) for vehicle in document.vehicles),
        travel_time=travel.seconds,
        distance=_priced(travel),
        objective=Objective(
            unassigned=tuple(factors.values()) or (1,),
            working_time=0,
            travel_time=rates.per_unit,
            distance=rates.per_metre,
            shift_use=rates.fixed,
        ),
    )
    return VroomProblem(problem, document, travel, rates)


def _visit(
    document: VroomDocument,
    job: VroomJob,
    travel: VroomTravel,
    promise: Promise | None,
    latest: int,
    rank: int,
) -> Visit:
    ((setup, service),) = document.times_of(job)
    windows = job.time_windows or ()
    pin = None
    if promise is not None:
        pin = Pin(str(promise.vehicle))
        if promise.is_exact:
            assert promise.earliest is not None  # noqa: S101 - it is exact
            pin = Pin(pin.technician, promise.earliest * travel.scale)
        windows = tuple(
            left
            for one in windows or (TimeWindow(0, latest),)
            if (left := promise.within(one)) is not None
        )
    return Visit(
        id=str(job.id),
        location=travel.places[document.place(job.location, job.location_index)],
        # Setup is always spent: no two stops in a row are at a place where it could be saved.
        duration=(setup + service) * travel.scale,
        windows=tuple(_scaled(one, latest, travel.scale) for one in windows),
        skills=dict.fromkeys(map(str, sorted(job.skills)), 1),
        parts=parts_of_job(document, job),
        priority=rank,
        pin=pin,
    )


def _shift(
    document: VroomDocument, vehicle: VroomVehicle, travel: VroomTravel, latest: int
) -> Shift:
    working = vehicle.time_window or TimeWindow(0, latest)

    def row(location: Any, index: int | None) -> int:
        place = document.place(location, index)
        return travel.nowhere if place is None else travel.places[place]

    return Shift(
        id=str(vehicle.id),
        technician=str(vehicle.id),
        start_location=row(vehicle.start, vehicle.start_index),
        end_location=row(vehicle.end, vehicle.end_index),
        start=working.start * travel.scale,
        end=min(working.end, latest) * travel.scale,
        skills=dict.fromkeys(map(str, sorted(vehicle.skills)), 1),
        stock=stock_of_vehicle(document, vehicle),
        breaks=tuple(
            Break(
                str(pause.id),
                _scaled(span, latest, travel.scale),
                pause.service * travel.scale,
            )
            for pause in vehicle.breaks
            for span in spans_of(vehicle, pause)
        ),
    )


def _scaled(window: TimeWindow, latest: int, scale: int) -> TimeWindow:
    """In the problem's unit, and no longer than anybody may be at work."""
    return TimeWindow(window.start * scale, min(window.end, latest) * scale)


def _priced(travel: VroomTravel) -> Any:
    """What stands for distance: each metre has one price, or each entry of the costs."""
    if travel.cost is not None:
        return travel.cost
    if travel.distance is not None:
        return travel.distance
    unknown = travel.seconds * 0
    unknown[travel.seconds == NO_WAY] = NO_WAY
    return unknown


def _latest(document: VroomDocument, travel: VroomTravel, promised: Mapping[int, Promise]) -> int:
    """Later than any route has to end that begins as early as it can, in VROOM's seconds: how long
    days are decides how dear a job is that is left out, and an endless one would be too dear."""
    windows = [w for job in document.jobs for w in job.time_windows or ()]
    starts = [window.start for window in windows]
    for vehicle in document.vehicles:
        starts += [vehicle.time_window.start] if vehicle.time_window else []
        starts += [s.start for pause in vehicle.breaks for s in spans_of(vehicle, pause)]
    starts += [one.earliest for one in promised.values() if one.earliest is not None]
    pauses = (sum(pause.service for pause in one.breaks) for one in document.vehicles)
    times = sum(
        setup + service for job in document.jobs for setup, service in document.times_of(job)
    )
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
    travel_time = vroom.problem.travel_time
    here, now = shift.start_location, shift.start
    stops = []
    for visit in visits:
        arrival = now + int(travel_time[here, visit.location])
        begin = next(
            (max(arrival, one.start) for one in _in_order(visit.windows) if arrival <= one.end),
            arrival,
        )
        here, now = visit.location, begin + visit.duration
        stops.append(Stop(StopKind.VISIT, visit.id, arrival, begin, now))
    end = now + int(travel_time[here, shift.end_location])
    return Route(shift.id, shift.technician, shift.start, end, tuple(stops))


def _in_order(windows: Sequence[TimeWindow]) -> list[TimeWindow]:
    return sorted(windows, key=lambda window: (window.start, window.end))
