"""Travel between places: estimated from the great circle, or measured legs where there are any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from solver.files.great_circles import Floats, great_circle
from solver.travel import Matrix


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

    def seconds(self, start: Place, end: Place) -> int:
        """Those of one way, as the matrices have them."""
        ...


@dataclass(frozen=True, slots=True)
class StraightLine:
    """Great-circle distance times a detour, at one speed; seconds are rounded up, metres to the
    nearest."""

    speed_kmh: float
    detour_factor: float

    def matrices(self, places: Sequence[Place]) -> tuple[Matrix, Matrix]:
        coordinates = tuple((place.latitude, place.longitude) for place in places)
        return _estimates(coordinates, self.speed_kmh, self.detour_factor)

    def seconds(self, start: Place, end: Place) -> int:
        points = (start.latitude, start.longitude), (end.latitude, end.longitude)
        return _seconds(*points, self.speed_kmh, self.detour_factor)


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

    def seconds(self, start: Place, end: Place) -> int:
        if start.id != end.id and (start.id, end.id) in self.legs:
            return self.legs[start.id, end.id][0]
        return self.estimate.seconds(start, end)


def travel_times(
    legs: Mapping[tuple[str, str], tuple[int, int]], speed_kmh: float, detour_factor: float
) -> TravelTimes:
    """Measured legs where there are any, and estimates for all else."""
    estimate = StraightLine(speed_kmh, detour_factor)
    return MeasuredLegs(legs, estimate) if legs else estimate


def metres_between(
    start: tuple[float, float], ends: Sequence[tuple[float, float]], detour_factor: float
) -> list[int]:
    """Estimated metres from one point to each of others, all in degrees, latitude first."""
    here = np.array([start[0]]), np.array([start[1]])
    latitudes, longitudes = np.array(ends, dtype=np.float64).reshape(-1, 2).T
    metres = great_circle(*here, (latitudes, longitudes)) * detour_factor
    return [round(float(one)) for one in metres[0]]


Points = tuple[tuple[float, float], ...]
"""Latitude and longitude of each, in degrees."""


# Runs come back to the same places: a day is planned again and again while jobs come and go, and a
# worker process keeps this between its runs. A few entries are enough, and 600 places take 6 MB.
@lru_cache(maxsize=8)
def _estimates(
    coordinates: Points, speed_kmh: float, detour_factor: float
) -> tuple[Matrix, Matrix]:
    metres = _kept.distances(coordinates) * detour_factor
    seconds = _whole_seconds(metres, speed_kmh)
    matrices = seconds.astype(np.int64), np.rint(metres).astype(np.int64)
    for matrix in matrices:
        matrix.setflags(write=False)
    return matrices


def _whole_seconds(metres: Floats, speed_kmh: float) -> Floats:
    # A hair less than exact, so that noise of the floating point is not rounded up to a second.
    return np.ceil(metres / (speed_kmh / 3.6) - 1e-6)


# The ways from where people are to where they go next: the same ones, look after look.
@lru_cache(maxsize=4096)
def _seconds(
    start: tuple[float, float], end: tuple[float, float], speed_kmh: float, detour_factor: float
) -> int:
    here, there = (tuple(np.array([degrees]) for degrees in point) for point in (start, end))
    metres = great_circle(here[0], here[1], (there[0], there[1])) * detour_factor
    return int(_whole_seconds(metres, speed_kmh)[0, 0])


class _Distances:
    """Remembers the distances it was asked for last: mostly a place or two is new since."""

    def __init__(self) -> None:
        self._last: tuple[Points, Floats] = (), np.zeros((0, 0))

    def distances(self, coordinates: Points) -> Floats:
        """Metres from each to each, as the crow flies."""
        before, known = self._last
        row_of = {place: row for row, place in enumerate(before)}
        rows = np.array([row_of.get(place, -1) for place in coordinates], dtype=np.int64)
        new = np.flatnonzero(rows < 0)
        latitude, longitude = np.array(coordinates, dtype=np.float64).reshape(-1, 2).T
        if len(new) > len(rows) / 4:
            metres = great_circle(latitude, longitude)
        else:
            metres = known[np.ix_(rows, rows)]
            from_new = great_circle(latitude[new], longitude[new], (latitude, longitude))
            metres[new, :], metres[:, new] = from_new, from_new.T
        self._last = coordinates, metres
        return metres


_kept = _Distances()
