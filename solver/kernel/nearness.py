"""Which visits, and which groups of shifts, are near a visit.

Looked up by the search all the time, and found once for each problem: for every visit its distance
to every other one is looked at, which with ten thousand of them is a hundred million.
"""

import numpy as np
import numpy.typing as npt

from solver.kernel.compiled import compiled, inlined
from solver.problem import MAX_COST

Ints = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

NONE = -1
BLOCK = 32
"""So many visits are looked at together: ways to them lie side by side in memory, to one not."""


@compiled
def mean_leg(arcs: Ints, at: Ints) -> tuple[float, float]:
    """Cents and seconds between two visits, on average; ``at`` has their places."""
    cents = seconds = 0.0
    for first in at:
        for second in at:
            seconds += arcs[first, second, 0]
            cents += arcs[first, second, 1]
    legs = max(1, at.size * at.size)
    return cents / legs, seconds / legs


@compiled
def visits_near(
    first: int,
    last: int,
    arcs: Ints,
    at: Ints,
    service: Ints,
    opens: Ints,
    closes: Ints,
    weight: int,
    waiting: float,
    kinds: Ints,
    meet: Truths,
    around: Ints,
    before: Ints,
    after: Ints,
) -> None:
    """Write down for each visit from ``first`` on, up to before ``last``, those around it, those to
    come from and those to go on to, the nearest first; ``NONE`` fills up.

    Around are those with the least cost there and back. Before and after count the cost of the way
    (``weight`` cents a second on top of its own) and of waiting that cannot be avoided (``waiting``
    cents a second); who cannot be served one after the other is not near. Of equally near ones
    those with the next higher numbers come first, so that they are not the same few for all. Only
    visits whose ``kinds`` ``meet`` are ever before or after each other.
    """
    size = at.size
    back = np.empty((BLOCK, size, 2), dtype=np.int64)
    cents = np.empty(max(around.shape[1], before.shape[1], after.shape[1]), dtype=np.int64)
    for begin in range(first, last, BLOCK):
        rows = min(BLOCK, last - begin)
        for other in range(size):
            for row in range(rows):
                back[row, other, 0] = arcs[at[other], at[begin + row], 0]
                back[row, other, 1] = arcs[at[other], at[begin + row], 1]
        for row in range(rows):
            here = begin + row
            found, there = 0, here
            for _ in range(1, size):
                there = there + 1 if there + 1 < size else 0
                onward = arcs[at[here], at[there]]
                way = onward[1] + back[row, there, 1]
                way += weight * (onward[0] + back[row, there, 0])
                found = _keep(around[here], cents, found, there, way)
            found, there = 0, here
            for _ in range(1, size):
                there = there + 1 if there + 1 < size else 0
                seconds, way = arcs[at[here], at[there], 0], arcs[at[here], at[there], 1]
                ready = service[here] + seconds
                is_ahead = meet[kinds[here], kinds[there]]
                if is_ahead and opens[here] + ready <= closes[there]:
                    wait = max(0, opens[there] - closes[here] - ready)
                    way += weight * seconds + int(min(waiting * wait, MAX_COST))
                    found = _keep(after[here], cents, found, there, way)
            found, there = 0, here
            for _ in range(1, size):
                there = there + 1 if there + 1 < size else 0
                seconds, way = back[row, there, 0], back[row, there, 1]
                ready = service[there] + seconds
                is_ahead = meet[kinds[here], kinds[there]]
                if is_ahead and opens[there] + ready <= closes[here]:
                    wait = max(0, opens[here] - closes[there] - ready)
                    way += weight * seconds + int(min(waiting * wait, MAX_COST))
                    found = _keep(before[here], cents, found, there, way)


@compiled
def groups_near(
    arcs: Ints,
    at: Ints,
    starts: Ints,
    ends: Ints,
    able: Truths,
    weight: int,
    near: Ints,
    remoteness: Ints,
) -> None:
    """Write down for each visit the groups of shifts that start and end nearest and are ``able``,
    the nearest first (``NONE`` fills up), and its mean cost from where all of them start and to
    where they end."""
    groups = starts.size
    cents = np.empty(near.shape[1], dtype=np.int64)
    for visit in range(at.size):
        found, total = 0, 0.0
        for step in range(groups):
            group = (visit + step) % groups
            there, home = arcs[starts[group], at[visit]], arcs[at[visit], ends[group]]
            way = there[1] + home[1] + weight * (there[0] + home[0])
            total += way
            if able[visit, group]:
                found = _keep(near[visit], cents, found, group, way)
        remoteness[visit] = int(total / max(1, groups))


@inlined
def _keep(nearest: Ints, cents: Ints, found: int, number: int, way: int) -> int:
    """Keep the number among the nearest if it is one of them; how many there are then."""
    most = nearest.size
    if found == most:
        if most == 0 or way >= cents[most - 1]:
            return found
        found -= 1
    place = found
    while place > 0 and cents[place - 1] > way:
        nearest[place], cents[place] = nearest[place - 1], cents[place - 1]
        place -= 1
    nearest[place], cents[place] = number, way
    return found + 1
