"""What can go wrong in the domain, by kind; every error lists all of its faults."""

from collections.abc import Collection, Iterable
from typing import TypeVar

from solver.faults import Fault

Row = TypeVar("Row")


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


class Unavailable(DispatchError):  # noqa: N818
    """The service cannot work, whatever it is asked; its operator has to do something."""

    title = "Not ready"


class Conflict(DispatchError):  # noqa: N818
    """It was sound, but the state of things does not allow it (any more)."""

    title = "In conflict with the current state"


def existing(row: Row | None, kind: str, id_: str | int, code: str = "not_found") -> Row:
    """The row. Raises ``NotFound`` if there is none of this kind and id."""
    if row is None:
        cause, action = f"there is no such {kind}", f"check the id, or look at the list of {kind}s"
        raise NotFound(Fault(code, f"{kind} {id_}", cause, action))
    return row


def refuse_if_stale(where: str, tag: str, expected: Collection[str] | None) -> None:
    """Raises ``Conflict`` if a change was based on something else than what has this tag now, as
    the ``expected`` ones say (None: on whatever there is)."""
    if expected is None or tag in expected:
        return
    named = ", ".join(sorted(expected)) or "nothing that could be one"
    cause = f"it was changed since: its tag is {tag}, expected was {named}"
    raise Conflict(Fault("stale_revision", where, cause, "read it again and repeat the change"))
