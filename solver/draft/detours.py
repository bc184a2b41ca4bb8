"""Whether ways by the places of other visits would make possible what is impossible without them.

Legs need not be the shortest ways: by a third place it may be quicker, and where there is no leg
there may be a way all the same. By depots that is part of an empty day (``solver/draft/alone.py``);
by other visits it is not. Here a technician may pass by any place for nothing, which is never
slower than what can really be done, so that what is impossible even then is proved to be so.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from solver.draft.alone import Alone, TooMuch
from solver.draft.tied import Tied
from solver.problem import Problem, Shift, Visit
from solver.rules.places import PlacedProblem, asked_for, ends_of
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
        places: Iterable[int] = range(len(problem.travel_time))
        if not isinstance(asked_for(problem), Tied):
            # In a tied problem somebody may stop where linked visits are that it does without.
            places = {visit.location for visit in problem.visits}
            places |= {depot.location for depot in problem.depots}
        self._stops = sorted(places)
        self._known: dict[tuple[int, bool, int], Matrix | None] = {}

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
        ends = {place for one in theirs for place in ends_of(one)}
        places = sorted({*sources, *ends})
        row = {place: at for at, place in enumerate(places)}
        cut = np.ix_(places, places)
        matrices = [self._problem.travel_time, self._problem.distance, self._problem.driven]
        if all(one.max_distance is None and one.max_travel is None for one in theirs):
            del matrices[1:]
        relaxed_legs = []
        for matrix in matrices:
            legs = matrix[cut].copy()
            for place in sources:
                onward = self._shortest(matrix, place, onward=True)
                there = self._shortest(matrix, place, onward=False)
                if onward is None or there is None:
                    return True
                legs[row[place]] = np.minimum(legs[row[place]], onward[places])
                legs[:, row[place]] = np.minimum(legs[:, row[place]], there[places])
            relaxed_legs.append(legs)
        if all(
            np.array_equal(legs, matrix[cut])
            for legs, matrix in zip(relaxed_legs, matrices, strict=True)
        ):
            return False
        relaxed = self._only(visit, theirs, row, relaxed_legs)
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
        start, end = ends_of(shift)
        at_start, at_end = visit.location == start, visit.location == end
        arrival = shift.start + (0 if at_start else _least(there, visit.location))
        opens = [max(arrival, one.start) for one in visit.windows if arrival <= one.end]
        if visit.windows and not opens:
            return False
        begin = min(opens, default=arrival)
        home = 0 if at_end else _least(back[visit.location], visit.location)
        return begin + shift.service(visit) + home <= shift.end + shift.max_overtime

    def _shortest(self, matrix: Matrix, place: int, *, onward: bool) -> Matrix | None:
        """The lengths of the shortest ways from the place ``onward``, or else to it (Bellman 1958);
        None if it is over before they are known."""
        key = (id(matrix), onward, place)
        if key not in self._known:
            self._known[key] = self._settled(matrix.T if onward else matrix, place)
        return self._known[key]

    def _settled(self, travel: Matrix, place: int) -> Matrix | None:
        """By way of the places of visits and depots; nobody stops anywhere else. There is always a
        leg from a call to the next one, at the same place too."""
        by = self._stops
        best: Matrix = travel[:, place].copy()
        while True:
            shorter = best.copy()
            for first in range(0, len(best), ROWS_AT_ONCE):
                if self._over():
                    return None
                rows = slice(first, first + ROWS_AT_ONCE)
                onward = (travel[rows][:, by] + best[by]).min(axis=1)
                np.minimum(best[rows], onward, out=shorter[rows])
            if np.array_equal(shorter, best):
                return best
            best = shorter

    def _only(
        self, visit: Visit, shifts: Sequence[Shift], row: dict[int, int], legs: Sequence[Matrix]
    ) -> Problem:
        """The problem of these shifts with the visit, without any other, with these legs: their
        seconds and, if some shift limits them, metres and seconds of travel."""
        time, distance, driven = legs if len(legs) > 1 else (*legs, *legs, *legs)
        return PlacedProblem(
            objective=self._problem.objective,
            asked=asked_for(self._problem),
            paid_time=driven,
            visits=(replace(visit, location=row[visit.location]),),
            shifts=tuple(
                replace(
                    shift,
                    start_location=row[ends_of(shift)[0]],
                    end_location=row[ends_of(shift)[1]],
                )
                for shift in shifts
            ),
            depots=tuple(replace(one, location=row[one.location]) for one in self._problem.depots),
            travel_time=time,
            distance=distance,
        )


def _least(legs: Matrix, place: int) -> int:
    """The shortest of the legs, but for that of the place to itself."""
    others = np.delete(legs, place)
    return int(others.min()) if len(others) else 0
