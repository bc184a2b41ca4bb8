"""The breaks of a shift as what a route's times are worked out with: states, and turns from one to
another.

A *state* is a set of breaks that are settled: taken, or over before the route starts. A *turn* is
what may happen on the way from one stop to the next: some more breaks are taken, one after the
other. Most sets need no state, since a break that is not settled has to be still possible.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from solver.problem import Break
from solver.travel import MAX_TIME

NEVER = 2 * MAX_TIME
MOST_STATES = 64
"""With more of them, breaks are only taken in the order in which their windows close: that is exact
for breaks of one length, and keeps twenty breaks in one window from having a million states."""


class State(NamedTuple):
    """``opens``: whoever has settled these breaks is not there before; ``closes``: the route has to
    end by then, or take some of the others; ``rest``: seconds of them all."""

    settled: int
    opens: int
    closes: int
    rest: int


class Turn(NamedTuple):
    """From a state to another, by number, with the breaks ``taken`` in this order.

    Who leaves by ``until`` takes ``rest`` seconds longer, and is there at ``free`` at the earliest.
    """

    before: int
    after: int
    until: int
    free: int
    rest: int
    taken: tuple[int, ...]


@lru_cache(maxsize=1_000)
def rests(breaks: tuple[Break, ...]) -> tuple[tuple[State, ...], tuple[Turn, ...]]:
    """The states of a shift with these breaks, that of none settled first, and the turns between
    them, those that take no break included."""
    for rank in (None, _by_close(breaks)):
        states = _states(breaks, rank)
        if states is not None:
            break
    assert states is not None  # noqa: S101 - there are few states if breaks are in order
    numbers = {state.settled: number for number, state in enumerate(states)}
    turns = [turn for state in states for turn in _turns(breaks, states, numbers, state, rank)]
    return tuple(states), tuple(turns)


def _by_close(breaks: Sequence[Break]) -> list[int]:
    order = sorted(range(len(breaks)), key=lambda b: (breaks[b].window.end, breaks[b].window.start))
    return [order.index(number) for number in range(len(breaks))]


def _states(breaks: Sequence[Break], rank: Sequence[int] | None) -> list[State] | None:
    """All states that can be come to, or None if they are too many and ``rank`` sets no order.

    A route begins with all breaks settled that may be over then; nothing is gained by taking one.
    """
    found: dict[int, State] = {}
    to_do = [_state(breaks, 0)]
    ends = sorted({pause.window.start + pause.duration for pause in breaks})
    to_do += [_state(breaks, _over_by(breaks, end)) for end in ends]
    while to_do:
        state = to_do.pop(0)
        if state.settled in found or state.closes < state.opens:
            continue
        found[state.settled] = state
        if rank is None and len(found) > MOST_STATES:
            return None
        left = _next(breaks, state.settled, rank)
        to_do += [_state(breaks, state.settled | 1 << b) for b in left]
    return list(found.values()) or [_state(breaks, 0)]


def _over_by(breaks: Sequence[Break], moment: int) -> int:
    return sum(1 << b for b, p in enumerate(breaks) if p.window.start + p.duration <= moment)


def _state(breaks: Sequence[Break], settled: int) -> State:
    ends = [p.window.start + p.duration for b, p in enumerate(breaks) if settled >> b & 1]
    closes = [p.window.end for b, p in enumerate(breaks) if not settled >> b & 1]
    rest = sum(p.duration for b, p in enumerate(breaks) if settled >> b & 1)
    return State(settled, max(ends, default=-NEVER), min(closes, default=NEVER), rest)


def _next(breaks: Sequence[Break], settled: int, rank: Sequence[int] | None) -> Iterator[int]:
    """The breaks that may be taken next."""
    left = [b for b in range(len(breaks)) if not settled >> b & 1]
    if rank is not None:
        left = sorted(left, key=lambda b: rank[b])[:1]
    yield from left


def _turns(
    breaks: Sequence[Break],
    states: Sequence[State],
    numbers: dict[int, int],
    state: State,
    rank: Sequence[int] | None,
) -> Iterable[Turn]:
    """The turns from a state: of several orders of the same breaks those that none other beats."""
    here = numbers[state.settled]
    best: dict[int, list[Turn]] = {}
    to_do = [Turn(here, here, NEVER, -NEVER, 0, ())]
    while to_do:
        turn = to_do.pop()
        rivals = best.setdefault(turn.after, [])
        if any(rival.until >= turn.until and rival.free <= turn.free for rival in rivals):
            continue
        rivals[:] = [r for r in rivals if r.until > turn.until or r.free < turn.free]
        rivals.append(turn)
        settled = states[turn.after].settled
        for b in _next(breaks, settled, rank):
            pause = breaks[b]
            begin = max(turn.free, pause.window.start)
            until = min(turn.until, pause.window.end - turn.rest)
            after = numbers.get(settled | 1 << b)
            if after is None or begin > pause.window.end or until < state.opens:
                continue
            free, rest = begin + pause.duration, turn.rest + pause.duration
            to_do.append(Turn(here, after, until, free, rest, (*turn.taken, b)))
    return [turn for rivals in best.values() for turn in rivals]
