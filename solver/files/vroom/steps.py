"""Routes that vehicles are given: the plan to start from, and promises that it makes.

A step that says when its job is to be served binds the job to the vehicle and to that time. One
that does not is a wish: the search begins with it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from solver.faults import Fault
from solver.files.vroom.document import VroomDocument, VroomStep, VroomVehicle
from solver.problem import TimeWindow

START, JOB, BREAK, END = "start", "job", "break", "end"
OF_SHIPMENTS = ("pickup", "delivery")


@dataclass(frozen=True, slots=True)
class Promise:
    """A job is served by this vehicle, from ``earliest`` to ``latest`` (None: any time)."""

    vehicle: int
    earliest: int | None
    latest: int | None

    @property
    def is_exact(self) -> bool:
        return self.earliest is not None and self.earliest == self.latest

    def within(self, window: TimeWindow) -> TimeWindow | None:
        """What of a window it leaves; None: nothing."""
        start = window.start if self.earliest is None else max(window.start, self.earliest)
        end = window.end if self.latest is None else min(window.end, self.latest)
        return TimeWindow(start, end) if start <= end else None


def promises(document: VroomDocument) -> Mapping[int, Promise]:
    """What is promised, by job."""
    return {
        step.id: _promise(vehicle, step)
        for vehicle in document.vehicles
        for step in vehicle.steps
        if step.type == JOB and step.is_bound and step.id is not None
    }


def bound_break(vehicle: VroomVehicle, break_id: int) -> Promise | None:
    """What the vehicle's steps say of when a break is taken."""
    bound = (one for one in vehicle.steps if one.type == BREAK and one.is_bound)
    return next((_promise(vehicle, one) for one in bound if one.id == break_id), None)


def sequences(document: VroomDocument) -> Mapping[int, Sequence[int]]:
    """Jobs in the order in which vehicles are given them, where they are given any."""
    listed = {
        vehicle.id: [step.id for step in vehicle.steps if step.type == JOB and step.id is not None]
        for vehicle in document.vehicles
    }
    return {vehicle: jobs for vehicle, jobs in listed.items() if jobs}


def _promise(vehicle: VroomVehicle, step: VroomStep) -> Promise:
    least = [moment for moment in (step.service_at, step.service_after) if moment is not None]
    most = [moment for moment in (step.service_at, step.service_before) if moment is not None]
    return Promise(vehicle.id, max(least, default=None), min(most, default=None))


def step_faults(document: VroomDocument) -> Iterator[Fault]:
    """Steps that are none, or lead nowhere, and promises that contradict themselves or a job's
    windows."""
    jobs = {job.id: job for job in document.jobs}
    listed: Counter[int] = Counter()
    for vehicle in document.vehicles:
        breaks = {pause.id for pause in vehicle.breaks}
        for number, step in enumerate(vehicle.steps):
            where = f"vehicle {vehicle.id} step {number}"
            yield from _type_faults(where, step, number, len(vehicle.steps))
            if step.type == BREAK and step.id not in breaks:
                cause = f"the vehicle has no break {step.id}"
                yield Fault("unknown_break", where, cause, "name one of its breaks")
            if step.type != JOB:
                continue
            if step.id is None or step.id not in jobs:
                yield Fault("unknown_job", where, f"there is no job {step.id}", "name a job")
                continue
            listed[step.id] += 1
            if listed[step.id] == 2:
                cause = f"job {step.id} is in steps more than once"
                yield Fault("duplicate_id", where, cause, "give it to one vehicle, once")
            promise = _promise(vehicle, step)
            windows = jobs[step.id].time_windows
            if windows is None:
                windows = (TimeWindow(0, max(promise.earliest or 0, promise.latest or 0)),)
            if promise.is_exact and document.saves_setup_of(jobs[step.id]):
                cause = "at a place of several jobs, setup is spent or saved: when the job begins"
                cause += " to the second is not planned for there"
                action = "say it with service_after and service_before, or give it another place"
                yield Fault("not_supported", where, cause, action)
            if step.is_bound and not any(map(promise.within, windows)):
                cause = "no time window of the job has the time at which it is to be served"
                yield Fault("promise", where, cause, "correct the window or the step")


def _type_faults(where: str, step: VroomStep, number: int, steps: int) -> Iterator[Fault]:
    if step.type in OF_SHIPMENTS:
        cause, action = f"a {step.type} is a step of a shipment", "leave shipments out"
        yield Fault("not_supported", where, f"{cause}; they are not planned here", action)
    elif step.type not in (START, JOB, BREAK, END):
        cause = f"there is no step of type {step.type!r}"
        yield Fault("unknown_value", where, cause, f"use {START}, {JOB}, {BREAK} or {END}")
    elif (step.type == START and number) or (step.type == END and number < steps - 1):
        cause = f"it is a {step.type} in the middle of the route"
        yield Fault("step_order", where, cause, "put start first and end last")
    elif step.type in (START, END) and step.is_bound:
        cause = "it says when the route is to begin or to end"
        yield Fault("not_supported", where, cause, "say it with the vehicle's time_window")
