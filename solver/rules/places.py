"""A problem over places: what engines look at, for whom all that takes time is a leg or a call.

Where a route may begin or end anywhere, its end is a place of its own, with a way of no length from
it, or to it, and no way back that anybody has the time for. Visits with access are at places of
their own, too, one for each location and length of access: the ways there are longer by it, but
those from the same location.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from solver.problem import Problem, Shift
from solver.travel import MAX_TIME, NO_WAY, Matrix, frozen

ANY_START, ANY_END = -1, -2
"""Stand for the locations of ends that may be anywhere."""


@dataclass(frozen=True)
class PlacedProblem(Problem):
    """A problem whose locations are places, made of the one that was ``asked``.

    Names, times and costs are the same, and so are its solutions.
    """

    asked: Problem = field(kw_only=True)
    paid_time: Matrix = field(kw_only=True)
    """Of ``travel_time``, the seconds of travel as such."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "paid_time", frozen(self.paid_time))
        super().__post_init__()

    @property
    def driven(self) -> Matrix:
        return self.paid_time

    @cached_property
    def prices(self) -> Mapping[str, int]:
        return self.asked.prices


def asked_for(problem: Problem) -> Problem:
    """The problem that one over places was made of, or else the problem itself."""
    return problem.asked if isinstance(problem, PlacedProblem) else problem


def on_places(problem: Problem) -> Problem:
    """The problem over places; itself, if its locations are as good."""
    ends = (end for shift in problem.shifts for end in (shift.start_location, shift.end_location))
    is_as_good = None not in ends and not any(visit.access for visit in problem.visits)
    if isinstance(problem, PlacedProblem) or is_as_good:
        return problem
    places: dict[tuple[int, int], int] = {}

    def place(location: int, access: int = 0) -> int:
        return places.setdefault((location, access), len(places))

    visits = tuple(
        replace(visit, location=place(visit.location, visit.access), access=0)
        for visit in problem.visits
    )
    depots = tuple(replace(depot, location=place(depot.location)) for depot in problem.depots)
    shifts = tuple(
        replace(
            shift,
            start_location=place(_known(shift.start_location, ANY_START)),
            end_location=place(_known(shift.end_location, ANY_END)),
        )
        for shift in problem.shifts
    )
    at, access = np.array(list(places), dtype=np.int64).reshape(-1, 2).T
    travel = _between(at, problem.travel_time)
    longer = np.minimum(travel + access * (at[:, None] != at), MAX_TIME)
    is_start, is_end = at == ANY_START, at == ANY_END
    longer[np.ix_(~is_start, is_start)] = longer[np.ix_(is_end, ~is_end)] = MAX_TIME
    return PlacedProblem(
        visits,
        shifts,
        np.where(travel == NO_WAY, NO_WAY, longer),
        _between(at, problem.distance),
        depots,
        problem.objective,
        asked=problem,
        paid_time=travel,
    )


def _known(end: int | None, otherwise: int) -> int:
    return otherwise if end is None else end


def _between(locations: Matrix, matrix: Matrix) -> Matrix:
    """From each of the locations to each; nothing from and to those that may be anywhere."""
    legs = np.zeros((len(locations), len(locations)), dtype=np.int64)
    known = np.flatnonzero(locations >= 0)
    legs[np.ix_(known, known)] = matrix[np.ix_(locations[known], locations[known])]
    return legs


def ends_of(shift: Shift) -> tuple[int, int]:
    """The places where the shift's route starts and ends.

    Raises ``ValueError`` if it is not of a problem over places.
    """
    if shift.start_location is None or shift.end_location is None:
        raise ValueError(f"shift {shift.id!r} has an open end: look at the problem over places")
    return shift.start_location, shift.end_location
