"""What is wrong with what somebody gave, so that they can mend it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


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
