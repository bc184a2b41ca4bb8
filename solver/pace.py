"""How much longer, or shorter, somebody takes for the same work."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from solver.faults import Fault

ITS_OWN_TIME = Fraction(1)
"""The pace at which a visit takes its duration."""
MOST_PACE = 1_000
"""Nobody takes more times as long."""


def at_pace(seconds: int, pace: Fraction) -> int:
    """So many seconds of work at a pace, rounded up."""
    if pace is ITS_OWN_TIME:
        return seconds
    return -(-seconds * pace.numerator // pace.denominator)


def between_paces(seconds: int, paces: tuple[Fraction, Fraction]) -> tuple[int, int]:
    """So many seconds of work at the quickest pace, and at the slowest one."""
    quickest, slowest = paces
    return at_pace(seconds, quickest), at_pace(seconds, slowest)


def pace_faults(where: str, paces: Iterable[Fraction]) -> Iterator[Fault]:
    for pace in paces:
        if not 0 < pace <= MOST_PACE:
            cause = f"the pace {pace} is not above 0 and up to {MOST_PACE}"
            yield Fault("pace", where, cause, "use 1 for the duration itself, 2 for twice as long")
