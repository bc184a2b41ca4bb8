"""Which shifts could take a visit at all, whatever else is on them, and which rule says no."""

from collections.abc import Mapping

from solver.problem import Depot, Problem, Shift, Visit
from solver.solution import Rule

Obstacle = tuple[Rule, str]
"""A rule that keeps a visit from a shift, and what is missing, in a dispatcher's words."""


def obstacles(problem: Problem, visit: Visit, shift: Shift) -> list[Obstacle]:
    """Everything that keeps the visit from the shift regardless of time; empty if nothing does."""
    return [
        *_technician_obstacles(visit, shift),
        *_skill_obstacles(visit, shift),
        *_tool_obstacles(problem, visit, shift),
        *_part_obstacles(problem, visit, shift),
    ]


def eligible_shifts(problem: Problem) -> Mapping[str, tuple[Shift, ...]]:
    """For each visit the shifts that no rule but time keeps it from."""
    return {
        visit.id: tuple(s for s in problem.shifts if not obstacles(problem, visit, s))
        for visit in problem.visits
    }


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
    if visit.allowed is not None and shift.technician not in visit.allowed:
        found.append((Rule.TECHNICIANS, f"is only for {', '.join(sorted(visit.allowed))}"))
    if shift.technician in visit.forbidden:
        found.append((Rule.TECHNICIANS, f"is not for {', '.join(sorted(visit.forbidden))}"))
    if visit.territory and shift.territories and visit.territory not in shift.territories:
        found.append((Rule.TERRITORY, f"lies in territory {visit.territory}"))
    return found


def _skill_obstacles(visit: Visit, shift: Shift) -> list[Obstacle]:
    return [
        (Rule.SKILLS, f"needs skill {skill} at level {level}")
        for skill, level in sorted(visit.skills.items())
        if shift.skills.get(skill, 0) < level
    ]


def _tool_obstacles(problem: Problem, visit: Visit, shift: Shift) -> list[Obstacle]:
    lent = {tool for depot in problem.depots for tool in depot.tools}
    return [
        (Rule.TOOLS, f"needs tool {tool}")
        for tool in sorted(visit.tools - shift.tools)
        if tool not in lent
    ]


def _part_obstacles(problem: Problem, visit: Visit, shift: Shift) -> list[Obstacle]:
    loaded = [other for other in problem.shifts if other.technician == shift.technician]
    found = []
    for part, needed in sorted(visit.parts.items()):
        in_van = sum(other.stock.get(part, 0) for other in loaded if other.start <= shift.start)
        if in_van < needed and in_van + sum(stock_of(d, part) for d in problem.depots) < needed:
            found.append((Rule.PARTS, f"needs {needed} × part {part}"))
    return found


UNLIMITED = 2**40
"""Stands for the stock of a depot without limit: more than any plan can use."""


def stock_of(depot: Depot, part: str) -> int:
    return UNLIMITED if depot.stock is None else depot.stock.get(part, 0)
