"""Amounts as parts.

Deliveries are loaded at the start, so that what is delivered on a route must fit at once; pickups
stay until the end, so that what is picked up must. Either way a job of k units takes k of what the
vehicle can hold, which is what a part does that the van starts with. Where a dimension has both,
the load goes up and down, which no part does.
"""

from collections.abc import Iterator, Mapping

from solver.faults import Fault
from solver.files.vroom.document import VroomDocument, VroomJob, VroomVehicle
from solver.wording import counted


def amount_part(dimension: int) -> str:
    """What the part of a dimension is called."""
    return f"amount {dimension}"


def parts_of_job(job: VroomJob) -> Mapping[str, int]:
    """What of the vehicle's room it takes."""
    return {
        amount_part(dimension): number
        for amounts in (job.delivered, job.pickup)
        for dimension, number in enumerate(amounts)
        if number
    }


def stock_of_vehicle(vehicle: VroomVehicle) -> Mapping[str, int]:
    """How much room it has."""
    return {amount_part(dimension): number for dimension, number in enumerate(vehicle.capacity)}


def amount_faults(document: VroomDocument) -> Iterator[Fault]:
    """Amounts that do not have the vehicles' dimensions, and dimensions with both directions."""
    size = len(document.vehicles[0].capacity) if document.vehicles else 0
    dimensions = counted(size, "dimension")
    for vehicle in document.vehicles:
        if len(vehicle.capacity) != size:
            where, cause = f"vehicle {vehicle.id}", f"its capacity has {len(vehicle.capacity)}"
            cause += f" of them, the first vehicle's has {dimensions}"
            yield Fault("amounts", where, cause, "give all vehicles the same dimensions")
    delivered, picked_up = set[int](), set[int]()
    for job in document.jobs:
        for name, amounts in (("delivery", job.delivered), ("pickup", job.pickup)):
            if amounts and len(amounts) != size:
                cause = f"its {name} has {len(amounts)} of them, capacity has {dimensions}"
                action = "give amounts and capacity the same dimensions"
                yield Fault("amounts", f"job {job.id}", cause, action)
        delivered |= {at for at, number in enumerate(job.delivered) if number}
        picked_up |= {at for at, number in enumerate(job.pickup) if number}
    for dimension in sorted(delivered & picked_up):
        cause = f"dimension {dimension} has deliveries and pickups, so that the load goes up and "
        cause += "down on the way, which is not planned here"
        action = "plan them apart, or give each its own dimension of capacity"
        yield Fault("not_supported", "amounts", cause, action)
