"""Travel where only coordinates are known: great circles, made longer by a detour, at one speed."""

import numpy as np
import numpy.typing as npt

from solver.travel import MAX_TIME, Matrix

Floats = npt.NDArray[np.float64]

EARTH_RADIUS = 6_371_008.8
"""Metres; the mean radius, so that great circles err by less than 0.6 %."""


def great_circle(
    latitude: Floats, longitude: Floats, to: tuple[Floats, Floats] | None = None
) -> Floats:
    """Metres over a spherical earth from each point to each (or to each of other points, given as
    latitudes and longitudes); degrees in, by the haversine."""
    there = (latitude, longitude) if to is None else to
    latitude, longitude, south, west = map(np.radians, (latitude, longitude, *there))
    north = np.sin((latitude[:, None] - south[None, :]) / 2) ** 2
    east = np.sin((longitude[:, None] - west[None, :]) / 2) ** 2
    chord = north + np.cos(latitude[:, None]) * np.cos(south[None, :]) * east
    metres: Floats = 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return metres


def estimated_travel(
    latitude: Floats, longitude: Floats, speed_kmh: float, detour_factor: float
) -> tuple[Matrix, Matrix] | None:
    """Seconds and metres from each point to each, both rounded up: that keeps a detour from being
    shorter than the direct way. None if some way is longer than a problem can have."""
    metres = great_circle(latitude, longitude) * detour_factor
    seconds = metres / (speed_kmh / 3.6)
    if max(metres.max(initial=0), seconds.max(initial=0)) > MAX_TIME:
        return None
    return np.ceil(seconds).astype(np.int64), np.ceil(metres).astype(np.int64)
