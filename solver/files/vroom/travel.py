"""Places, travel between them, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from solver.faults import Fault
from solver.files.great_circles import estimated_travel
from solver.files.vroom.document import VroomCosts, VroomDocument, VroomMatrices
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
    """Travel between the places of a document, and one more that is no way from any of them: where
    routes begin that have no start, and end that have no end.

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

    @property
    def nowhere(self) -> int:
        return len(self.seconds) - 1


@dataclass(frozen=True, slots=True)
class VroomRates:
    """What routes cost in whole numbers, of which ``scale`` are one of VROOM's."""

    scale: int
    fixed: int
    per_unit: int
    """Of travel time, as the problem counts it."""
    per_metre: int
    """Or, if there is a matrix of costs, for each that it has."""


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
        _with_nowhere(seconds),
        None if matrices.distances is None else _with_nowhere(matrices.distances),
        None if matrices.costs is None else _with_nowhere(matrices.costs),
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
    costs = document.vehicles[0].costs if document.vehicles else VroomCosts()
    if travel.cost is not None:
        return VroomRates(1, costs.fixed, 0, 1)
    per_unit = Fraction(costs.per_hour, SECONDS_PER_HOUR * travel.scale)
    per_metre = Fraction(costs.per_km, METRES_PER_KILOMETRE)
    scale = lcm(per_unit.denominator, per_metre.denominator)
    return VroomRates(scale, costs.fixed * scale, int(per_unit * scale), int(per_metre * scale))


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


def _with_nowhere(matrix: Matrix) -> Matrix:
    return frozen(np.pad(matrix, (0, 1)))
