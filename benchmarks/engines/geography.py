"""Made-up regions: a few dense towns of different size, the countryside, and travel in between.

A region is a plane in metres. Roads are longer than the straight line by ``DETOUR``. The first
``TOWN_METRES`` of a way are driven at town speed, the rest at country speed: time grows ever more
slowly with distance, so that no detour is quicker than the direct way.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from solver.travel import Matrix

Points = npt.NDArray[np.float64]
"""One row for each place: metres east, metres north."""
Indices = npt.NDArray[np.int64]

DETOUR = 1.3
TOWN_METRES = 4_000
TOWN_SPEED = 25 / 3.6
"""Metres per second."""
COUNTRY_SPEED = 60 / 3.6

_ROWS_AT_ONCE = 512
"""Travel is worked out so many rows at a time: decimals for all would need gigabytes."""


@dataclass(frozen=True, slots=True)
class Region:
    """A square of ``side`` metres with towns: centres, spread in metres, and share of people."""

    side: float
    towns: Points
    spread: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    @classmethod
    def drawn(cls, rng: np.random.Generator, technicians: int) -> "Region":
        """A region in which so many technicians have their hands full.

        Area and towns grow with their number, so that the way from job to job hardly does.
        """
        side = 9_000 + 2_500 * technicians**0.5
        count = 2 + round(technicians**0.5 / 1.2)
        towns = _far_apart(rng, count, 0.1 * side, 0.9 * side)
        shares = 1 / np.arange(1, count + 1) ** 0.8
        shares /= shares.sum()
        spread = 600 + 350 * (technicians * shares) ** 0.5
        return cls(side, towns, spread, shares)

    def places(self, rng: np.random.Generator, count: int, countryside: float) -> Points:
        """Random places, a share of them in the countryside, the others in towns."""
        town = rng.choice(len(self.towns), size=count, p=self.shares)
        scattered = self.towns[town] + rng.normal(size=(count, 2)) * self.spread[town][:, None]
        anywhere = rng.uniform(0, self.side, size=(count, 2))
        outside = rng.random(count) < countryside
        return np.clip(np.where(outside[:, None], anywhere, scattered), 0, self.side)

    def nearest_towns(self, places: Points) -> Indices:
        """All towns for each place, nearest first."""
        return np.argsort(_straight(places, self.towns), axis=1)


def nearest(places: Points, others: Points, count: int) -> Indices:
    """The ``count`` nearest of the others for each place, in no particular order."""
    return np.argpartition(_straight(places, others), count - 1, axis=1)[:, :count]


def travel(places: Points) -> tuple[Matrix, Matrix]:
    """Seconds and metres from each place to each, both rounded up: that keeps the triangle
    inequality. Four bytes a number, which a ``Problem`` widens when it makes its own copy.
    """
    seconds = np.empty((len(places), len(places)), dtype=np.int32)
    metres = np.empty_like(seconds)
    for first in range(0, len(places), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        road = np.ceil(_straight(places[rows], places) * DETOUR)
        metres[rows] = road
        in_town = np.minimum(road, TOWN_METRES)
        seconds[rows] = np.ceil(in_town / TOWN_SPEED + (road - in_town) / COUNTRY_SPEED)
    return cast(Matrix, seconds), cast(Matrix, metres)


def _straight(places: Points, others: Points) -> npt.NDArray[np.float64]:
    east = places[:, None, 0] - others[None, :, 0]
    north = places[:, None, 1] - others[None, :, 1]
    distances: npt.NDArray[np.float64] = np.sqrt(east * east + north * north)
    return distances


def _far_apart(rng: np.random.Generator, count: int, low: float, high: float) -> Points:
    """Places of which each was the farthest of a few from those before."""
    chosen = rng.uniform(low, high, size=(1, 2))
    while len(chosen) < count:
        candidates = rng.uniform(low, high, size=(6, 2))
        gap = _straight(candidates, chosen).min(axis=1)
        chosen = np.vstack([chosen, candidates[gap.argmax()]])
    return chosen
