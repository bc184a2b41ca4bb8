"""Which shifts could take a visit at all, whatever else is on them, and which rule says no."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from solver.problem import Depot, Problem, Shift, TimeWindow, Visit
from solver.rules.lending import lent_by
from solver.rules.windows import price_at
from solver.solution import Rule
from solver.travel import Matrix

UnmetRule = tuple[Rule, str]
"""A rule that keeps a visit from a shift, and what is missing, in a dispatcher's words."""
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Supplies:
    """All that a shift could possibly have with it: from its van and from every depot."""

    in_van: Mapping[str, Mapping[str, int]]
    """Parts loaded for a shift or for an earlier one of the same technician, by shift."""
    in_depots: Mapping[str, int]
    lent: frozenset[str]

    @classmethod
    def of(cls, problem: Problem) -> "Supplies":
        in_van: dict[str, Mapping[str, int]] = {}
        loaded: dict[str, Counter[str]] = {}
        for shift in sorted(problem.shifts, key=lambda shift: shift.start):
            loaded.setdefault(shift.technician, Counter()).update(shift.stock)
            in_van[shift.id] = dict(loaded[shift.technician])
        parts = {part for visit in problem.visits for part in visit.parts}
        in_depots = {part: sum(stock_of(d, part) for d in problem.depots) for part in parts}
        return cls(in_van, in_depots, lent_by(problem.depots))


def obstacles(supplies: Supplies, visit: Visit, shift: Shift) -> list[UnmetRule]:
    """Everything that keeps the visit from the shift regardless of time; empty if nothing does."""
    in_van = supplies.in_van[shift.id]
    return [
        *_technician_obstacles(visit, shift),
        *(
            (Rule.SKILLS, f"needs skill {skill} at level {level}")
            for skill, level in sorted(visit.skills.items())
            if shift.skills.get(skill, 0) < level
        ),
        *(
            (Rule.TOOLS, f"needs tool {tool}")
            for tool in sorted(visit.tools - shift.tools - supplies.lent)
        ),
        *(
            (Rule.PARTS, f"needs {needed} × part {part}")
            for part, needed in sorted(visit.parts.items())
            if in_van.get(part, 0) + supplies.in_depots[part] < needed
        ),
    ]


def eligibility_matrix(problem: Problem) -> Truths:
    """For each visit (row) and shift (column) whether no rule but time keeps them apart.

    The same as no ``obstacles``, but made from one row over all shifts for each different wish,
    as many visits share few: with thousands of visits asking pair by pair takes minutes.
    """
    supplies = Supplies.of(problem)
    shifts = problem.shifts
    by_name = _by_name(shifts)

    def row(meets: Callable[[Shift], bool]) -> Truths:
        return np.fromiter(map(meets, shifts), dtype=np.bool_, count=len(shifts))

    @cache
    def skilled(skill: str, level: int) -> Truths:
        return row(lambda shift: shift.skills.get(skill, 0) >= level)

    @cache
    def equipped(tool: str) -> Truths:
        return row(lambda shift: tool in shift.tools or tool in supplies.lent)

    @cache
    def stocked(part: str, needed: int) -> Truths:
        lacking = needed - supplies.in_depots[part]
        return row(lambda shift: supplies.in_van[shift.id].get(part, 0) >= lacking)

    @cache
    def serves(territory: str) -> Truths:
        return row(lambda shift: not shift.territories or territory in shift.territories)

    matrix = np.ones((len(problem.visits), len(shifts)), dtype=np.bool_)
    for of_visit, visit in zip(matrix, problem.visits, strict=True):
        if _pinned_outside_windows(visit):
            of_visit[:] = False
            continue
        if visit.pin is not None:
            of_visit &= by_name({visit.pin.technician})
        if visit.allowed is not None:
            of_visit &= by_name(visit.allowed)
        if visit.forbidden:
            of_visit &= ~by_name(visit.forbidden)
        if visit.territory:
            of_visit &= serves(visit.territory)
        for skill, level in visit.skills.items():
            of_visit &= skilled(skill, level)
        for tool in visit.tools:
            of_visit &= equipped(tool)
        for part, needed in visit.parts.items():
            of_visit &= stocked(part, needed)
    return matrix


def _by_name(shifts: Sequence[Shift]) -> Callable[[Set[str]], Truths]:
    """For a set of technicians, which shifts are theirs; they may have none."""
    number: dict[str, int] = {}
    of_shift = [number.setdefault(shift.technician, len(number)) for shift in shifts]
    whose = np.array(of_shift, dtype=np.int64)

    @cache
    def theirs(technicians: frozenset[str]) -> Truths:
        named = np.zeros(len(number), dtype=np.bool_)
        named[[number[name] for name in technicians if name in number]] = True
        return named[whose]

    return lambda technicians: theirs(frozenset(technicians))


def eligible_shifts(
    problem: Problem, matrix: Truths | None = None
) -> Mapping[str, tuple[Shift, ...]]:
    """For each visit the shifts that no rule but time keeps it from; ``matrix`` is the
    ``eligibility_matrix``, if it is known."""
    if matrix is None:
        matrix = eligibility_matrix(problem)
    groups: dict[bytes, tuple[Shift, ...]] = {}
    eligible = {}
    for visit, of_visit in zip(problem.visits, matrix, strict=True):
        key = of_visit.tobytes()
        if key not in groups:
            groups[key] = tuple(problem.shifts[index] for index in np.flatnonzero(of_visit))
        eligible[visit.id] = groups[key]
    return eligible


def services(shifts: Sequence[Shift], visit: Visit) -> Matrix:
    """Seconds that each of the shifts takes for the visit."""
    seconds = np.full(len(shifts), visit.duration, dtype=np.int64)
    for column, shift in enumerate(shifts):
        if shift.is_paced:
            seconds[column] = shift.service(visit)
    return seconds


def at_pinned_time(visit: Visit) -> Visit:
    """The visit with its pinned time, if it has one, as its only window."""
    if visit.pin is None or visit.pin.start is None:
        return visit
    moment = visit.pin.start
    return replace(visit, windows=(TimeWindow(moment, moment, price_at(visit.windows, moment)),))


def pair_cost(problem: Problem, visit: Visit, shift: Shift) -> Mapping[Rule, int]:
    """Cents by soft rule for having this visit on this shift, wherever and whenever."""
    costs = problem.objective
    cents = {}
    if visit.preferred and shift.technician not in visit.preferred:
        cents[Rule.NOT_PREFERRED] = costs.not_preferred
    cents[Rule.OVER_SKILLED] = costs.over_skilled * sum(
        max(0, shift.skills.get(skill, 0) - level) for skill, level in visit.skills.items()
    )
    if visit.previous is not None and visit.previous.technician != shift.technician:
        told = costs.told_factor if visit.previous.told else 1
        cents[Rule.CHANGED_TECHNICIAN] = costs.changed_technician * told
    return cents


def pair_costs(problem: Problem) -> Matrix:
    """For each visit (row) and shift (column) the cents of ``pair_cost`` together."""
    costs = problem.objective
    shifts = problem.shifts
    by_name = _by_name(shifts)

    @cache
    def over_skilled(skill: str, level: int) -> Matrix:
        above = (max(0, shift.skills.get(skill, 0) - level) for shift in shifts)
        cents = (costs.over_skilled * levels for levels in above)
        return np.fromiter(cents, dtype=np.int64, count=len(shifts))

    matrix = np.zeros((len(problem.visits), len(shifts)), dtype=np.int64)
    for of_visit, visit in zip(matrix, problem.visits, strict=True):
        if costs.not_preferred and visit.preferred:
            of_visit[~by_name(visit.preferred)] += costs.not_preferred
        if costs.over_skilled:
            for skill, level in visit.skills.items():
                of_visit += over_skilled(skill, level)
        if costs.changed_technician and visit.previous is not None:
            told = costs.told_factor if visit.previous.told else 1
            elsewhere = ~by_name({visit.previous.technician})
            of_visit[elsewhere] += costs.changed_technician * told
    return matrix


def _technician_obstacles(visit: Visit, shift: Shift) -> list[UnmetRule]:
    found = []
    if visit.pin is not None and visit.pin.technician != shift.technician:
        found.append((Rule.PINS, f"is pinned to technician {visit.pin.technician}"))
    if _pinned_outside_windows(visit):
        found.append((Rule.PINS, "is pinned to a time outside its windows"))
    if visit.allowed is not None and shift.technician not in visit.allowed:
        found.append((Rule.TECHNICIANS, f"is only for {', '.join(sorted(visit.allowed))}"))
    if shift.technician in visit.forbidden:
        found.append((Rule.TECHNICIANS, f"is not for {', '.join(sorted(visit.forbidden))}"))
    if visit.territory and shift.territories and visit.territory not in shift.territories:
        found.append((Rule.TERRITORY, f"lies in territory {visit.territory}"))
    return found


def _pinned_outside_windows(visit: Visit) -> bool:
    if visit.pin is None or visit.pin.start is None or not visit.windows:
        return False
    start = visit.pin.start
    return not any(window.start <= start <= window.end for window in visit.windows)


UNLIMITED = 2**40
"""Stands for the stock of a depot without limit: more than any plan can use."""


def stock_of(depot: Depot, part: str) -> int:
    return UNLIMITED if depot.stock is None else depot.stock.get(part, 0)
