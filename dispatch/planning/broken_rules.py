"""The hard rules that routes break, as the checker finds them: those of a day in force, and those
that a change by hand would leave."""

from collections.abc import Iterable, Mapping

from dispatch.planning.live_day import LiveDay
from dispatch.planning.plan_rows import in_force
from solver.judge.check import check
from solver.problem import Problem
from solver.solution import Route, Rule, Solution, Violation

NOT_OF_ROUTES = frozenset({Rule.COST, Rule.EVERY_VISIT_ONCE})


def broken_in_force(live: LiveDay) -> Mapping[str, Violation]:
    """What the routes in force break already, because things have gone wrong."""
    solution = in_force(live.translation)
    found = [] if solution is None else broken(live.problem, solution.routes)
    return {kind_of(one): one for one in found}


def broken(problem: Problem, routes: Iterable[Route]) -> list[Violation]:
    """The hard rules that the routes break, whatever is on none of them."""
    found = check(problem, Solution(tuple(routes), (), {}))
    return [violation for violation in found if violation.rule not in NOT_OF_ROUTES]


def kind_of(violation: Violation) -> str:
    """What it is about, however much of it there is."""
    return f"{violation.rule} {violation.shift} {violation.stop} {violation.subjects}"
