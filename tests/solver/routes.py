"""Routes placed in time by hand, for tests that need every second under control."""

from solver.solution import Route, Stop, StopKind


def at(id_: str, arrival: int, start: int | None = None, lasts: int = 5) -> Stop:
    """A stop at a visit."""
    start = arrival if start is None else start
    return Stop(StopKind.VISIT, id_, arrival, start, start + lasts)


def rest(id_: str, start: int, lasts: int = 20) -> Stop:
    return Stop(StopKind.BREAK, id_, start, start, start + lasts)


def call(id_: str, start: int, parts: dict[str, int] | None = None, **more: frozenset[str]) -> Stop:
    """A call at a depot that takes no time."""
    return Stop(StopKind.DEPOT, id_, start, start, start, parts or {}, **more)


def route(*stops: Stop, start: int = 0, end: int = 100, shift: str = "s") -> Route:
    return Route(shift, "ann", start, end, stops)
