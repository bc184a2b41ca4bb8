"""Which shifts could take a visit at all, whatever else is on them, and which rule says no."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from solver.problem import Depot, Problem, Shift, TimeWindow, Visit
from solver.solution import Rule

Obstacle = tuple[Rule, str]
"""A rule that keeps a visit from a shift, and what is missing, in a dispatcher's words."""


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
        lent = frozenset(tool for depot in problem.depots for tool in depot.tools)
        return cls(in_van, in_depots, lent)


def obstacles(supplies: Supplies, visit: Visit, shift: Shift) -> list[Obstacle]:
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


def eligible_shifts(problem: Problem) -> Mapping[str, tuple[Shift, ...]]:
    """For each visit the shifts that no rule but time keeps it from."""
    supplies = Supplies.of(problem)
    return {
        visit.id: tuple(s for s in problem.shifts if not obstacles(supplies, visit, s))
        for visit in problem.visits
    }


def at_pinned_time(visit: Visit) -> Visit:
    """The visit with its pinned time, if it has one, as its only window."""
    if visit.pin is None or visit.pin.start is None:
        return visit
    return replace(visit, windows=(TimeWindow(visit.pin.start, visit.pin.start),))


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


def _technician_obstacles(visit: Visit, shift: Shift) -> list[Obstacle]:
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
