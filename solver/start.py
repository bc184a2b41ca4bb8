"""A plan that somebody has already, taken over as what a search starts from."""

from collections.abc import Iterator
from dataclasses import dataclass

from solver.draft.crews import Crews
from solver.draft.draft import Draft
from solver.judge.check import check
from solver.judge.cost import cost
from solver.problem import Problem
from solver.solution import Solution, StopKind, Unassigned


@dataclass(frozen=True, slots=True)
class Dropped:
    """A stop at a visit that the problem does not allow any more, and why, in words."""

    visit: str
    shift: str
    why: str


@dataclass(frozen=True, slots=True)
class Start:
    """What can be kept of a plan: ``plan`` keeps all rules, but its visits left out have no
    reasons yet."""

    plan: Solution
    dropped: tuple[Dropped, ...]


def start_from(problem: Problem, given: Solution) -> Start:
    """The plan at its cheapest times, without what breaks a rule; new visits are left out.

    It costs no more than the plan given, if all of that can be kept.
    """
    crews = Crews(Draft(problem))
    crews.adopt(given.routes)
    draft = crews.draft
    left_out = [visit.id for visit in draft.unassigned()]
    routes = crews.routes()
    plan = Solution(
        routes,
        tuple(Unassigned(name, ()) for name in left_out),
        cost(problem, routes, left_out),
    )
    return Start(plan, tuple(_dropped(problem, given, draft)))


def _dropped(problem: Problem, given: Solution, draft: Draft) -> Iterator[Dropped]:
    kept = {
        (shift, call.id)
        for shift, calls in draft.sequences.items()
        for call in calls
        if call.id in problem.visit
    }
    lost = [
        (route.shift, stop.id)
        for route in given.routes
        for stop in route.stops
        if stop.kind is StopKind.VISIT and (route.shift, stop.id) not in kept
    ]
    if not lost:
        return
    broken: dict[tuple[str, str], list[str]] = {}
    for violation in check(problem, given):
        broken.setdefault((violation.shift, violation.stop), []).append(violation.message)
    for shift, visit in lost:
        if visit not in problem.visit:
            why = ["the problem has no such visit"]
        elif shift not in draft.sequences:
            why = ["the problem has no such shift"]
        elif any(name == visit for _, name in kept):
            why = ["it is on another route, too"]
        else:
            why = broken.get((shift, visit), ["it does not fit in there any more"])
        yield Dropped(visit, shift, ", ".join(why))
