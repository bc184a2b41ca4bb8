"""Places, travel between them, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from solver.faults import Fault
from solver.files.great_circles import estimated_travel
from solver.files.vroom.document import VroomDocument, VroomMatrices
from solver.objective import ShiftRates
from solver.problem import InvalidProblem
from solver.travel import NO_WAY, Matrix, frozen

SPEED_KMH = 24.0
DETOUR_FACTOR = 1.3
"""Of estimated travel, where there are no matrices; the service's own have the same defaults."""

HUNDREDTHS = 100
"""Where a factor scales travel, VROOM counts it in hundredths of a second."""
SECONDS_PER_HOUR = 3600
METRES_PER_KILOMETRE = 1000


@dataclass(frozen=True)
class VroomTravel:
    """Travel between the places of a document.

    ``seconds`` are in 1/``scale`` of VROOM's. ``distance`` (None: not known) is in metres, ``cost``
    in VROOM's unit if a matrix of costs was given.
    """

    places: Mapping[Any, int]
    """Rows of the matrices, by row or by coordinates in the document."""
    seconds: Matrix
    distance: Matrix | None
    cost: Matrix | None
    scale: int
    is_estimated: bool


@dataclass(frozen=True, slots=True)
class VroomRates:
    """What routes cost in whole numbers, of which ``scale`` are one of VROOM's."""

    scale: int
    fixed: int
    of_vehicles: tuple[ShiftRates, ...]
    """Travel time, as the problem counts it, and distance; or, if there is a matrix of costs, what
    it has in place of distances."""


def travel_of(document: VroomDocument, speed_kmh: float, detour_factor: float) -> VroomTravel:
    """Raises ``InvalidProblem`` if places are too far from each other."""
    if document.matrices:
        size, matrices = _given(document)
        places: Mapping[Any, int] = {row: row for row in range(size)}
    else:
        places = {place: row for row, place in enumerate(dict.fromkeys(_coordinates(document)))}
        points = np.array(list(places), dtype=float).reshape(-1, 2)
        estimated = estimated_travel(points[:, 1], points[:, 0], speed_kmh, detour_factor)
        if estimated is None:
            cause, action = "ways are longer than 2^40 seconds", "check the coordinates"
            raise InvalidProblem([Fault("too_large", "the locations", cause, action)])
        matrices = VroomMatrices(*estimated)
    factor = travel_factor(document)
    seconds = matrices.durations
    assert seconds is not None  # noqa: S101 - it is estimated, or was asked for
    scale = 1 if factor == HUNDREDTHS else HUNDREDTHS
    if scale != 1:
        seconds = np.where(seconds == NO_WAY, NO_WAY, seconds * factor)
    return VroomTravel(
        places,
        frozen(seconds),
        matrices.distances,
        matrices.costs,
        scale,
        not document.matrices,
    )


def travel_factor(document: VroomDocument) -> int:
    """Hundredths of a second for each second of travel, as VROOM rounds them."""
    speed = document.vehicles[0].speed_factor if document.vehicles else 1.0
    return round(HUNDREDTHS / speed)


def used_matrices(document: VroomDocument) -> VroomMatrices:
    """Those of the profile that the vehicles have."""
    profile = document.vehicles[0].profile if document.vehicles else ""
    return document.matrices.get(profile, VroomMatrices())


def rates_of(document: VroomDocument, travel: VroomTravel) -> VroomRates:
    """The vehicles' prices as weights."""
    fixed = document.vehicles[0].costs.fixed
    if travel.cost is not None:
        priced = ShiftRates(travel_time=0, distance=1)
        return VroomRates(1, fixed, (priced,) * len(document.vehicles))
    prices = [
        (
            Fraction(vehicle.costs.per_hour, SECONDS_PER_HOUR * travel.scale),
            Fraction(vehicle.costs.per_km, METRES_PER_KILOMETRE),
        )
        for vehicle in document.vehicles
    ]
    scale = lcm(*(price.denominator for pair in prices for price in pair))
    rates = tuple(
        ShiftRates(travel_time=int(per_unit * scale), distance=int(per_metre * scale))
        for per_unit, per_metre in prices
    )
    return VroomRates(scale, fixed * scale, rates)


def _given(document: VroomDocument) -> tuple[int, VroomMatrices]:
    """The profile's matrices; where there is no way in one of them, there is none in any."""
    given = used_matrices(document)
    assert given.durations is not None  # noqa: S101 - it was asked for
    nowhere = np.zeros_like(given.durations, dtype=bool)
    there = [one for one in (given.durations, given.distances, given.costs) if one is not None]
    for matrix in there:
        nowhere |= matrix == NO_WAY
    durations, distances, costs = (
        None if one is None else np.where(nowhere, NO_WAY, one)
        for one in (given.durations, given.distances, given.costs)
    )
    return len(given.durations), VroomMatrices(durations, distances, costs)


def _coordinates(document: VroomDocument) -> list[Any]:
    ends = [place for one in document.vehicles for place in (one.start, one.end)]
    return [*(place for place in ends if place is not None), *(j.location for j in document.jobs)]
