"""How many of the tools of depots a plan may count on."""

from collections.abc import Iterable

from dispatch.planning.facts import DepotFacts
from dispatch.planning.loans import ToolLoan, ToolsOut, loans_by
from dispatch.planning.progress import History
from dispatch.planning.shifts import WorkingShift
from dispatch.planning.snapshot import LiveRoute, Snapshot


class ToolsToPlan:
    """How many of each depot's tools the routes of a plan may have out at once.

    The plan knows what is borrowed on its own shifts. What anybody else has at any time in one of
    them is not there for it, whenever that is: a number holds for the whole plan. But what its own
    routes in force have is among it in any case, so that they can stay as they are; where that is
    too many, it is named (``lending``).
    """

    def __init__(
        self, snapshot: Snapshot, histories: Iterable[History], shifts: Iterable[WorkingShift]
    ) -> None:
        shifts = list(shifts)
        self._spans = [
            (max(shift.starts_at, snapshot.taken_at), shift.ends_at + shift.max_overtime)
            for shift in shifts
        ]
        planned = {(shift.technician_id, shift.starts_at) for shift in shifts}
        begun = {history.route.id for history in histories}
        own: list[LiveRoute] = []
        late: list[LiveRoute] = []
        for found in snapshot.live:
            route = found.route
            if (route.technician_id, route.shift_starts_at) in planned:
                own.append(found)
            elif route.id in begun:
                # Whoever is still on the way when the shift is over has what they have.
                late.append(found)
        self._own = ToolsOut(_loans_of(own))
        self._others = ToolsOut([*snapshot.lent_elsewhere, *_loans_of(late)])

    def of(self, facts: DepotFacts) -> dict[str, int]:
        """By tool, those of which it has any."""
        beside = self._own.numbers_left(facts, self._spans)
        free = self._others.numbers_left(facts, self._spans)
        return {
            tool: max(free[tool], number - beside[tool])
            for tool, number in facts.tool_counts.items()
            if number > 0
        }


def _loans_of(routes: Iterable[LiveRoute]) -> list[ToolLoan]:
    return loans_by((call, found.route) for found in routes for call in found.calls)
