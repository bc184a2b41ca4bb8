"""Tools of which a depot has a number: what is out, and who else can still borrow one.

A tool is out from the depot call that borrows it to the end of the route. Where a route ends is
known only when it is whole, so plans are made as if it were out for the whole shift, overtime
included: the checker, which goes by the moment, then never finds more of them out than there are.

Time is cut into *slots*, one for each largest set of shifts that overlap each other, in order of
time. A shift has some slots in a row, and two shifts share one just if they overlap: so no more are
out at any moment than there are just if that holds in each slot.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from solver.problem import Depot, Problem, Shift

Loan = tuple[str, int]
"""A tool that is out in a slot."""


@dataclass(frozen=True, slots=True)
class Lending:
    """What is out of each depot's tools in each slot, and what may be."""

    slots: Mapping[str, range]
    """By shift; empty where no depot has a number of any tool."""
    out: Mapping[tuple[str, Loan], int]
    """By depot and loan, of those who had it before the plan."""

    @classmethod
    def of(cls, problem: Problem) -> "Lending":
        if not any(depot.tool_counts for depot in problem.depots):
            return cls({}, {})
        slots = slots_of(problem.shifts)
        out = Counter(
            (depot, (tool, slot))
            for shift in problem.shifts
            for tool, depot in shift.borrowed.items()
            for slot in slots[shift.id]
        )
        return cls(slots, out)

    def loans(self, depot: Depot, tool: str, shift: Shift) -> list[tuple[str, Loan]]:
        """What is out, by depot and loan, if the shift borrows the tool there; nothing if the depot
        has plenty."""
        if tool not in depot.tool_counts:
            return []
        return [(depot.id, (tool, slot)) for slot in self.slots[shift.id]]

    def has_one(
        self, depot: Depot, tool: str, shift: Shift, taken: Mapping[tuple[str, str | Loan], int]
    ) -> bool:
        """Whether the depot can lend the shift the tool, where so many are ``taken``."""
        if tool not in depot.tools or depot.tool_counts.get(tool) == 0:
            return False
        most = depot.tool_counts.get(tool, 1)
        return all(
            self.out.get(loan, 0) + taken.get(loan, 0) < most
            for loan in self.loans(depot, tool, shift)
        )

    def left(
        self,
        depot: Depot,
        tool: str,
        shifts: Collection[Shift],
        taken: Mapping[tuple[str, str | Loan], int],
    ) -> int:
        """How many of the tool these shifts can have out at any moment, those included that they
        have borrowed already, where the others take so many."""
        own = Counter(
            loan
            for shift in shifts
            if shift.borrowed.get(tool) == depot.id
            for loan in self.loans(depot, tool, shift)
        )
        slots = {loan for shift in shifts for loan in self.loans(depot, tool, shift)}
        most_out = max(
            (self.out.get(loan, 0) - own[loan] + taken.get(loan, 0) for loan in slots), default=0
        )
        return max(0, depot.tool_counts[tool] - most_out)


def lent_by(depots: Iterable[Depot]) -> frozenset[str]:
    """The tools of which some depot has at least one."""
    return frozenset(
        tool for depot in depots for tool in depot.tools if depot.tool_counts.get(tool, 1) > 0
    )


def counted_by_all(depots: Iterable[Depot], tools: Iterable[str]) -> frozenset[str]:
    """Those of the tools of which no depot has plenty, and some depot any."""
    depots = list(depots)
    plenty = {tool for depot in depots for tool in depot.tools - depot.tool_counts.keys()}
    return lent_by(depots).intersection(tools) - plenty


def slots_of(shifts: Iterable[Shift]) -> dict[str, range]:
    """For each shift its slots."""
    spans = {shift.id: (shift.start, _end(shift)) for shift in shifts}
    moments = list(_moments(spans.values()))
    return {
        name: range(bisect_left(moments, start), bisect_left(moments, end))
        for name, (start, end) in spans.items()
    }


def _moments(spans: Iterable[tuple[int, int]]) -> Iterator[int]:
    """A moment of each slot, in order of time: the latest start of its shifts."""
    starts, ends = set(), set()
    for start, end in spans:
        starts.add(start)
        ends.add(end)
    latest = None
    for moment in sorted(starts | ends):
        # Who ends at a moment is not there any more when somebody starts at it.
        if moment in ends and latest is not None:
            yield latest
            latest = None
        if moment in starts:
            latest = moment


def _end(shift: Shift) -> int:
    """The first moment at which nothing that it has borrowed is out any more."""
    return max(shift.start + 1, shift.end + shift.max_overtime)
