"""What can go wrong in the domain, by kind; every error lists all of its faults."""

from collections.abc import Iterable

from solver.problem import Fault


class DispatchError(Exception):
    """Base of the domain's errors. ``faults`` say where, why and what to do."""

    title = "The request could not be carried out"

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class InvalidInput(DispatchError):  # noqa: N818 - reads as what it says
    """What came in contradicts the rules or refers to things that are not there."""

    title = "The input is not valid"

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> "InvalidInput":
        return cls(*faults)


class NotFound(DispatchError):  # noqa: N818
    """There is no such thing."""

    title = "Not found"


class Conflict(DispatchError):  # noqa: N818
    """It was sound, but the state of things does not allow it (any more)."""

    title = "In conflict with the current state"
