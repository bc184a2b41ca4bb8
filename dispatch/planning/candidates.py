"""A shift's route with one more visit, and what is asked of sequences and stops in general."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from solver.problem import Shift, Visit
from solver.solution import Route, Stop, StopKind
from solver.timing.schedule import Call


@dataclass(frozen=True, slots=True)
class CandidateRoute:
    """A shift's route with a visit on it."""

    shift: Shift
    sequence: tuple[Call, ...]
    route: Route
    extra: int
    """Cents that the route costs more than without the visit."""
    new_depots: tuple[str, ...]
    """Depots that it calls at more often than the route did."""
    makes_room: Visit | None = None
    """The visit that has to leave the route for it."""


def depots_of(sequence: Sequence[Call]) -> Counter[str]:
    """How often the sequence calls at which depot."""
    return Counter(call.id for call in sequence if not isinstance(call, Visit))


def loads(stops: Iterable[Stop]) -> Counter[tuple[str, str]]:
    """What depot calls among the stops pick up, by depot and part."""
    found: Counter[tuple[str, str]] = Counter()
    for stop in stops:
        if stop.kind == StopKind.DEPOT:
            found.update({(stop.id, part): number for part, number in stop.parts.items()})
    return found


def visits_of(sequence: Sequence[Call]) -> list[str]:
    """The ids of the jobs that the sequence attends, in its order."""
    return [call.id for call in sequence if isinstance(call, Visit)]


def least_important_first(way: CandidateRoute) -> tuple[int, int, str]:
    """In which order ways that make room are taken."""
    assert way.makes_room is not None  # noqa: S101 - only such ways are compared
    return way.makes_room.priority, way.extra, way.shift.id
