"""Travel between places: estimated from the great circle, or measured legs where there are any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from solver.problem import Matrix
from solver.read import great_circle


@dataclass(frozen=True, slots=True)
class Place:
    """A site, depot or home under its own id, in degrees."""

    id: str
    latitude: float
    longitude: float


class TravelTimes(Protocol):
    """Anything that knows how long it takes, and how far it is, between places."""

    def matrices(self, places: Sequence[Place]) -> tuple[Matrix, Matrix]:
        """Whole seconds and whole metres from each place (row) to each place (column)."""
        ...


@dataclass(frozen=True, slots=True)
class StraightLine:
    """Great-circle distance times a detour, at one speed; seconds are rounded up."""

    speed_kmh: float
    detour_factor: float

    def matrices(self, places: Sequence[Place]) -> tuple[Matrix, Matrix]:
        coordinates = tuple((place.latitude, place.longitude) for place in places)
        return _estimates(coordinates, self.speed_kmh, self.detour_factor)


@dataclass(frozen=True, slots=True)
class MeasuredLegs:
    """Measured legs (seconds, metres), from one place's id to another's, over an estimate.

    A leg holds for its own direction only; what was not measured is estimated.
    """

    legs: Mapping[tuple[str, str], tuple[int, int]]
    estimate: TravelTimes

    def matrices(self, places: Sequence[Place]) -> tuple[Matrix, Matrix]:
        seconds, metres = self.estimate.matrices(places)
        rows: dict[str, list[int]] = {}
        for row, place in enumerate(places):
            rows.setdefault(place.id, []).append(row)
        here = [leg for leg in self.legs if leg[0] in rows and leg[1] in rows and leg[0] != leg[1]]
        if not here:
            return seconds, metres
        seconds, metres = seconds.copy(), metres.copy()
        for start, end in here:
            cells = np.ix_(rows[start], rows[end])
            seconds[cells], metres[cells] = self.legs[start, end]
        return seconds, metres


# Runs come back to the same places: a day is planned again and again while jobs come and go, and a
# worker process keeps this between its runs. A few entries are enough, and 600 places take 6 MB.
@lru_cache(maxsize=8)
def _estimates(
    coordinates: tuple[tuple[float, float], ...], speed_kmh: float, detour_factor: float
) -> tuple[Matrix, Matrix]:
    latitude, longitude = np.array(coordinates, dtype=np.float64).reshape(-1, 2).T
    metres = great_circle(latitude, longitude) * detour_factor
    # A hair less than exact, so that noise of the floating point is not rounded up to a second.
    seconds = np.ceil(metres / (speed_kmh / 3.6) - 1e-6)
    matrices = seconds.astype(np.int64), np.rint(metres).astype(np.int64)
    for matrix in matrices:
        matrix.setflags(write=False)
    return matrices
