"""How much a route may have of everything but time: its shift's visits, travel and distance."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from solver.problem import LIMITS, Depot, Problem, Shift, Visit
from solver.rules.places import ends_of
from solver.travel import NO_WAY


def keeps_limits(problem: Problem, shift: Shift, sequence: Sequence[Visit | Depot]) -> bool:
    """Whether the sequence has no more visits, travel and distance than the shift allows.

    How long it takes is for ``timing/schedule.py`` to say.
    """
    if shift.max_visits is not None:
        visits = sum(isinstance(call, Visit) for call in sequence)
        if visits > shift.max_visits:
            return False
    if shift.max_travel is None and shift.max_distance is None:
        return True
    start, end = ends_of(shift)
    places = [start, *(call.location for call in sequence), end]
    ways = [way for way in pairwise(places) if problem.driven[way] != NO_WAY]
    for matrix, most in (
        (problem.driven, shift.max_travel),
        (problem.distance, shift.max_distance),
    ):
        if most is not None and sum(int(matrix[way]) for way in ways) > most:
            return False
    return True


def without_limits(shift: Shift) -> Shift:
    """The same shift, on which a route may have as much as there is time for."""
    none: Mapping[str, Any] = dict.fromkeys(LIMITS)
    return replace(shift, **none)
