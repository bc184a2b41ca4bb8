"""What is wrong with what somebody gave, so that they can mend it."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: what kind, where, why, and what to do."""

    code: str
    where: str
    cause: str
    action: str

    def __str__(self) -> str:
        return f"{self.where}: {self.cause}; {self.action} [{self.code}]"


def duplicate_faults(kind: str, ids: Iterable[str]) -> Iterator[Fault]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield Fault(
                "duplicate_id",
                f"{kind} {name!r}",
                f"the id occurs {count} times",
                "make ids unique",
            )


def quantity_faults(where: str, what: str, quantities: Mapping[str, int]) -> Iterator[Fault]:
    for name, quantity in quantities.items():
        if quantity < 0:
            yield Fault(
                "negative", where, f"{what} {name!r} is {quantity}, negative", "use 0 or more"
            )


def price_faults(where: str, prices: Iterable[int]) -> Iterator[Fault]:
    """Prices of windows that are none of a visit."""
    if any(prices):
        cause = "a window has a price, which only those of visits may have"
        yield Fault("price", where, cause, "leave the price out")


def lending_faults(
    depots: Mapping[str, tuple[Collection[str], Mapping[str, int]]],
    shifts: Iterable[tuple[str, Collection[str], Mapping[str, str]]],
) -> Iterator[Fault]:
    """Numbers of tools that a depot does not lend, and tools that a shift has borrowed but does not
    have, or of nobody. Depots are given by id as their tools and numbers, shifts as id, tools, and
    lenders by tool."""
    for depot, (tools, counts) in depots.items():
        where = f"depot {depot!r}"
        yield from quantity_faults(where, "number of tool", counts)
        for tool in counts:
            if tool not in tools:
                cause = f"it has a number of {tool!r}, which it does not lend"
                yield Fault(
                    "unknown_tool", where, cause, "add it to tools, or leave the number out"
                )
    for shift, tools, borrowed in shifts:
        where = f"shift {shift!r}"
        for tool, depot in borrowed.items():
            if tool not in tools:
                cause = f"it has borrowed {tool!r}, which is not among its tools"
                yield Fault("unknown_tool", where, cause, "add it to tools, or do not borrow it")
            if depot not in depots:
                cause = f"it has borrowed {tool!r} of depot {depot!r}, which there is not"
                yield Fault("unknown_depot", where, cause, "add the depot, or do not borrow it")


def overlap_faults(shifts: Iterable[tuple[str, str, int, int]]) -> Iterator[Fault]:
    """Shifts of one technician, each given as technician, id, start and latest end, may not
    overlap."""
    by_technician: dict[str, list[tuple[int, int, str]]] = {}
    for technician, name, start, end in shifts:
        by_technician.setdefault(technician, []).append((start, end, name))
    for technician, theirs in by_technician.items():
        for (_, end, earlier), (start, _, later) in pairwise(sorted(theirs)):
            if end > start:
                yield Fault(
                    "overlapping_shifts",
                    f"technician {technician!r}",
                    f"shift {later!r} starts before shift {earlier!r} is over",
                    "move one of them or shorten the overtime",
                )
