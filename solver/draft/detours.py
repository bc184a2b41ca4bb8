"""Whether ways by the places of other visits would make possible what is impossible without them.

Legs need not be the shortest ways: by a third place it may be quicker, and where there is no leg
there may be a way all the same. By depots that is part of an empty day (``solver/draft/alone.py``);
by other visits it is not. Here a technician may pass by any place for nothing, which is never
slower than what can really be done, so that what is impossible even then is proved to be so.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from solver.draft.alone import Alone, TooMuch
from solver.problem import Problem, Shift, Visit
from solver.travel import Matrix

ROWS_AT_ONCE = 256
"""Legs from so many places are looked at together, which bounds the memory that takes."""
MOST_SHIFTS = 50
"""On so many shifts it is looked at exactly."""


class Detours:
    """Answers for the visits of one problem."""

    def __init__(self, problem: Problem, over: Callable[[], bool] = lambda: False) -> None:
        """Where it is ``over``, the answer is that there might be a way."""
        self._problem = problem
        self._over = over
        self._from: dict[int, Matrix | None] = {}
        self._to: dict[int, Matrix | None] = {}

    def might(self, visit: Visit, shifts: Sequence[Shift]) -> bool:
        """Whether the visit, which nobody could attend on an empty day, might be attended on one of
        these shifts by way of other visits' places; False is a proof."""
        able = [shift for shift in shifts if self._has_time(visit, shift)]
        if not able:
            return False
        technicians = {shift.technician for shift in able}
        # What is lacking may be fetched on an earlier one.
        theirs = [one for one in self._problem.shifts if one.technician in technicians]
        depots = {depot.location for depot in self._problem.depots}
        sources = sorted({visit.location, *depots})
        ends = {place for one in theirs for place in (one.start_location, one.end_location)}
        places = sorted({*sources, *ends})
        row = {place: at for at, place in enumerate(places)}
        legs = self._problem.travel_time[np.ix_(places, places)].copy()
        known = legs.copy()
        for place in sources:
            onward, there = self._shortest(self._from, place), self._shortest(self._to, place)
            if onward is None or there is None:
                return True
            legs[row[place]] = np.minimum(legs[row[place]], onward[places])
            legs[:, row[place]] = np.minimum(legs[:, row[place]], there[places])
        if np.array_equal(legs, known):
            return False
        relaxed = self._only(visit, theirs, row, legs)
        (moved,) = relaxed.visits
        alone = Alone(relaxed, self._over)
        names = {shift.id for shift in able}
        in_time = alone.in_time(moved)
        left = [
            shift
            for column, shift in enumerate(relaxed.shifts)
            if shift.id in names and in_time[column]
        ]
        try:
            return len(left) > MOST_SHIFTS or any(alone.way(moved, shift) for shift in left)
        except TooMuch:
            return True

    def _has_time(self, visit: Visit, shift: Shift) -> bool:
        """By the shortest legs to and from its place, wherever those come from."""
        there, back = self._problem.travel_time[:, visit.location], self._problem.travel_time
        at_start = visit.location == shift.start_location
        at_end = visit.location == shift.end_location
        arrival = shift.start + (0 if at_start else _least(there, visit.location))
        opens = [max(arrival, one.start) for one in visit.windows if arrival <= one.end]
        if visit.windows and not opens:
            return False
        begin = min(opens, default=arrival)
        home = 0 if at_end else _least(back[visit.location], visit.location)
        return begin + visit.duration + home <= shift.end + shift.max_overtime

    def _shortest(self, kept: dict[int, Matrix | None], place: int) -> Matrix | None:
        """Seconds of the shortest ways to or from the place (Bellman 1958); None if it is over
        before they are known."""
        if place not in kept:
            travel = self._problem.travel_time
            kept[place] = self._settled(travel.T if kept is self._from else travel, place)
        return kept[place]

    def _settled(self, travel: Matrix, place: int) -> Matrix | None:
        best: Matrix = travel[:, place].copy()
        best[place] = 0
        while True:
            shorter = best.copy()
            for first in range(0, len(best), ROWS_AT_ONCE):
                if self._over():
                    return None
                rows = slice(first, first + ROWS_AT_ONCE)
                np.minimum(best[rows], (travel[rows] + best).min(axis=1), out=shorter[rows])
            if np.array_equal(shorter, best):
                return best
            best = shorter

    def _only(
        self, visit: Visit, shifts: Sequence[Shift], row: dict[int, int], legs: Matrix
    ) -> Problem:
        """The problem of these shifts with the visit, without any other, with these legs."""
        return replace(
            self._problem,
            visits=(replace(visit, location=row[visit.location]),),
            shifts=tuple(
                replace(
                    shift,
                    start_location=row[shift.start_location],
                    end_location=row[shift.end_location],
                )
                for shift in shifts
            ),
            depots=tuple(replace(one, location=row[one.location]) for one in self._problem.depots),
            travel_time=legs,
            distance=legs,
            links=(),
        )


def _least(legs: Matrix, place: int) -> int:
    """The shortest of the legs, but for that of the place to itself."""
    others = np.delete(legs, place)
    return int(others.min()) if len(others) else 0
