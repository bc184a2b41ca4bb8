"""What it costs to start in which of a visit's windows."""

from collections.abc import Sequence
from itertools import pairwise

from solver.problem import TimeWindow


def price_at(windows: Sequence[TimeWindow], moment: int) -> int:
    """Cents for starting then: the least of the windows that it lies in, nothing if in none."""
    return min((w.price for w in windows if w.start <= moment <= w.end), default=0)


def has_price(windows: Sequence[TimeWindow]) -> bool:
    return any(window.price for window in windows)


def one_after_the_other(windows: Sequence[TimeWindow]) -> list[TimeWindow]:
    """The windows in order of time; if any has a price, cut so that none overlap, each moment at
    its price."""
    if not has_price(windows):
        return sorted(windows, key=lambda window: (window.start, window.end))
    cuts = sorted({moment for w in windows for moment in (w.start, w.end + 1)})
    pieces: list[TimeWindow] = []
    for start, after in pairwise(cuts):
        if not any(w.start <= start <= w.end for w in windows):
            continue
        price = price_at(windows, start)
        if pieces and (pieces[-1].end, pieces[-1].price) == (start - 1, price):
            start = pieces.pop().start
        pieces.append(TimeWindow(start, after - 1, price))
    return pieces
