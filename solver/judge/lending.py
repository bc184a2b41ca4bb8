"""Tools of which a depot has a number, as the checker sees them: who has one at what moment."""

from collections.abc import Iterator
from typing import NamedTuple

from solver.judge.replay import Replay
from solver.solution import Rule, StopKind, Violation


class _Loan(NamedTuple):
    begin: int
    end: int
    shift: str
    is_planned: bool
    """By a call of the plan, not before it."""


def lending(case: Replay) -> Iterator[Violation]:
    """Of each tool with a number never more are out at once, from the start of the call that
    borrows it to the end of the route; nor are those that were borrowed before, from the start of
    their shift on.

    Where there are too many, the most at any moment are reported. Too many that were all borrowed
    before are no fault of the plan.
    """
    for (depot, tool), loans in _loans(case).items():
        most = case.depots[depot].tool_counts[tool]
        worst: list[_Loan] = []
        for begin in sorted({loan.begin for loan in loans}):
            out = [loan for loan in loans if loan.begin <= begin < loan.end]
            if len(out) > max(most, len(worst)) and any(loan.is_planned for loan in out):
                worst = out
        if worst:
            moment = max(loan.begin for loan in worst)
            shifts = ", ".join(sorted(loan.shift for loan in worst))
            message = (
                f"tool {tool!r} is out {len(worst)} × at {moment} ({shifts}), there are {most}"
            )
            over = len(worst) - most
            where = f"depot {depot!r}"
            yield Violation(Rule.DEPOT_STOCK, where, over, message, stop=depot, subjects=(tool,))


def _loans(case: Replay) -> dict[tuple[str, str], list[_Loan]]:
    """By depot and tool, of tools with a number; one for each shift that has it of the depot."""
    found: dict[tuple[str, str], list[_Loan]] = {}
    routes = {shift.id: route for shift, route in case.routes}
    for shift in case.problem.shifts:
        for tool, lender in shift.borrowed.items():
            if tool in case.depots[lender].tool_counts:
                # Who has no route left is yet to bring it back.
                end = routes[shift.id].end if shift.id in routes else shift.start + 1
                found.setdefault((lender, tool), []).append(
                    _Loan(shift.start, end, shift.id, is_planned=False)
                )
    for shift, route in case.routes:
        seen = {(lender, tool) for tool, lender in shift.borrowed.items()}
        for stop in route.stops:
            depot = case.depots.get(stop.id) if stop.kind == StopKind.DEPOT else None
            if depot is None:
                continue
            for tool in sorted(stop.tools & depot.tool_counts.keys()):
                # Borrowed again on the same route, it is the same one.
                if (depot.id, tool) not in seen:
                    seen.add((depot.id, tool))
                    found.setdefault((depot.id, tool), []).append(
                        _Loan(stop.start, route.end, shift.id, is_planned=True)
                    )
    return found
