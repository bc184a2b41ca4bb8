"""What a VROOM problem may say that is not planned here, each with what to do about it."""

from collections.abc import Iterator

from solver.faults import Fault
from solver.files.vroom.document import (
    VroomBreak,
    VroomCosts,
    VroomDocument,
    VroomVehicle,
)
from solver.files.vroom.steps import bound_break
from solver.files.vroom.travel import used_matrices
from solver.problem import TimeWindow
from solver.travel import MAX_TIME

NOT_PLANNED = "not_supported"


def refusals(document: VroomDocument, *, with_matrices: bool) -> Iterator[Fault]:
    """Everything that stands in the document and cannot be kept; of matrices only if they could be
    read."""
    if with_matrices:
        yield from _place_faults(document)
        yield from _matrix_faults(document)
    yield from _difference_faults(document)
    for vehicle in document.vehicles:
        for pause in vehicle.breaks:
            yield from _break_faults(vehicle, pause)
    yield from _time_faults(document)


def spans_of(vehicle: VroomVehicle, pause: VroomBreak) -> list[TimeWindow]:
    """When the break may begin, so that it is over by the end of the vehicle's working time."""
    working = vehicle.time_window or TimeWindow(0, MAX_TIME)
    windows = (working,) if pause.time_windows is None else pause.time_windows
    bound = bound_break(vehicle, pause.id)
    if bound is not None:
        windows = tuple(left for one in windows if (left := bound.within(one)) is not None)
    within = (
        TimeWindow(max(one.start, working.start), min(one.end, working.end - pause.service))
        for one in windows
    )
    return [one for one in within if one.start <= one.end]


def _place_faults(document: VroomDocument) -> Iterator[Fault]:
    size = None
    if document.matrices:
        durations = used_matrices(document).durations
        size = 0 if durations is None else len(durations)
    for job in document.jobs:
        where = f"job {job.id}"
        yield from _where_faults(where, "location", job.location, job.location_index, size)
    for vehicle in document.vehicles:
        where = f"vehicle {vehicle.id}"
        ends = (
            ("start", vehicle.start, vehicle.start_index),
            ("end", vehicle.end, vehicle.end_index),
        )
        given = [one for one in ends if one[1] is not None or one[2] is not None]
        if not given:
            cause = "it has neither a start nor an end"
            yield Fault("missing_key", where, cause, "give one of them, or both")
        for name, location, index in given:
            yield from _where_faults(where, name, location, index, size)


def _where_faults(
    where: str, name: str, location: object, index: int | None, size: int | None
) -> Iterator[Fault]:
    """``size`` is of the matrices; None: there are none."""
    key = f"{name}_index"
    if size is None and location is None:
        cause, action = f"without matrices it needs {name}", "add [longitude, latitude]"
        yield Fault("missing_key", where, cause, action)
    elif size is not None and index is None:
        cause, action = f"with matrices it needs {key}", "add its row in them"
        yield Fault("missing_key", where, cause, action)
    elif size and index is not None and index >= size:
        cause = f"{key} {index} is no row of the matrices"
        yield Fault("unknown_location", where, cause, f"use 0 to {size - 1}")


def _matrix_faults(document: VroomDocument) -> Iterator[Fault]:
    if not document.matrices or not document.vehicles:
        return
    profile, given = document.vehicles[0].profile, used_matrices(document)
    where = f"/matrices/{profile}"
    if given.durations is None:
        cause = f"there are no durations for profile {profile!r}"
        yield Fault("missing_matrix", where, cause, "add them; here there is no routing engine")
        return
    for name, matrix in (("distances", given.distances), ("costs", given.costs)):
        if matrix is not None and matrix.shape != given.durations.shape:
            cause = f"{name} are {matrix.shape}, durations are {given.durations.shape}"
            yield Fault("matrix_shape", where, cause, "give both the same places")
    if given.distances is None:
        for name, needed in (
            ("per_km", any(vehicle.costs.per_km for vehicle in document.vehicles)),
            ("max_distance", any(one.max_distance is not None for one in document.vehicles)),
        ):
            if needed:
                cause = f"there are no distances for {name}"
                action = "add them; here there is no routing engine"
                yield Fault("missing_matrix", where, cause, action)
    usual = VroomCosts()
    for vehicle in document.vehicles if given.costs is not None else ():
        if (vehicle.costs.per_hour, vehicle.costs.per_km) != (usual.per_hour, usual.per_km):
            cause = "travel has a matrix of costs, and prices by the hour or kilometre beside it"
            yield Fault("contradiction", f"vehicle {vehicle.id}", cause, "give one of the two")
        if vehicle.max_distance is not None:
            cause = "travel has a matrix of costs, beside which no distances are counted here"
            yield Fault(NOT_PLANNED, f"vehicle {vehicle.id}", cause, "leave one of the two out")


def _difference_faults(document: VroomDocument) -> Iterator[Fault]:
    """What one problem of ours has once, and these vehicles each have another way."""
    first = document.vehicles[0] if document.vehicles else None
    for vehicle in document.vehicles[1:]:
        assert first is not None  # noqa: S101 - there are several
        for name, same in (
            ("profile", vehicle.profile == first.profile),
            ("speed_factor", vehicle.speed_factor == first.speed_factor),
            ("costs.fixed", vehicle.costs.fixed == first.costs.fixed),
            ("costs.per_task_hour", vehicle.costs.per_task_hour == first.costs.per_task_hour),
        ):
            if not same:
                cause = f"its {name} is not that of vehicle {first.id}"
                action = f"give all vehicles the same {name}, or plan them apart"
                yield Fault(NOT_PLANNED, f"vehicle {vehicle.id}", cause, action)


def _break_faults(vehicle: VroomVehicle, pause: VroomBreak) -> Iterator[Fault]:
    where = f"vehicle {vehicle.id} break {pause.id}"
    if pause.max_load:
        cause, action = "max_load is not planned with here", "leave it out"
        yield Fault(NOT_PLANNED, where, cause, action)
    spans = spans_of(vehicle, pause)
    if not spans:
        cause = "there is no time for it in the vehicle's working time"
        yield Fault("break_outside", where, cause, "correct its time_windows or the time_window")
    elif len(spans) > 1:
        cause = f"it may begin in {len(spans)} time windows, and here a break has one"
        yield Fault(NOT_PLANNED, where, cause, "choose one")


def _time_faults(document: VroomDocument) -> Iterator[Fault]:
    for job in document.jobs:
        where = f"job {job.id}"
        if job.time_windows == ():
            cause = "its list of time windows is empty"
            yield Fault("no_window", where, cause, "add one, or leave time_windows out")
        times = {job.times_for(name) for name in document.types}
        if not document.saves_setup_of(job):
            totals = {setup + service for setup, service in times}
            if len(totals) > 1 and 0 in totals:
                cause = "some types of vehicles take no time for it, and others do"
                yield Fault(NOT_PLANNED, where, cause, "give it a second at least")
            continue
        setups, services = ({pair[at] for pair in times} for at in (0, 1))
        if len(setups) > 1 or (len(services) > 1 and 0 in services):
            cause = "its setup is saved where the stop before is at the same place, and differs by "
            cause += "the type of the vehicle"
            yield Fault(NOT_PLANNED, where, cause, "give all types the same setup")
        elif job.time_windows and not any(
            window.start + max(setups) <= window.end for window in job.time_windows
        ):
            cause = "its time windows are shorter than its setup, which may be spent or saved"
            yield Fault(NOT_PLANNED, where, cause, "give the job a place of its own")
