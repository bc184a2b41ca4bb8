"""What is wrong with what somebody gave, so that they can mend it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
