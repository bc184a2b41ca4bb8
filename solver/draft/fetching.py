"""A place for a visit with whatever has to be fetched for it, wherever that is.

``best_place`` puts depot calls in a row before the visit, on the same shift. Here they are put
anywhere before it, one after the other, for one part at one depot and for another at the next, and
on the technician's earlier shifts: the cheapest first (uniform-cost search), until nothing is
lacking. That is slow, and for what nothing faster has found a place.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence

from solver.draft.draft import Draft
from solver.draft.supply import Lack
from solver.problem import Depot, Shift, Visit
from solver.timing.schedule import Call, Sequences
from solver.timing.slack import Slack

MOST_TRIALS = 300
"""So many sets of calls are looked at for one visit on one shift."""


def fetched(
    draft: Draft, visit: Visit, shift: Shift, over: Callable[[], bool] = lambda: False
) -> Sequences | None:
    """The technician's changed sequences, by shift, with the visit on this shift next to all that
    they have now; None if no place was found, or it was ``over`` before."""
    legs, before = draft.legs, draft.sequences[shift.id]
    chain = draft.chains[shift.technician]
    slack = Slack(shift, before, legs)
    to_do: list[tuple[int, int, Sequences]] = []
    seen: set[tuple[tuple[str, ...], ...]] = set()

    def add(cents: int, on: Shift, trial: tuple[Call, ...], changed: Sequences) -> None:
        everything = {**changed, on.id: trial}
        key = tuple(
            tuple(call.id for call in everything.get(own.id, draft.sequences[own.id]))
            for own in chain
        )
        if key not in seen and draft.in_time(on, trial):
            seen.add(key)
            heapq.heappush(to_do, (cents, len(seen), everything))

    for index in range(len(before) + 1):
        if slack.admits(visit, index, legs):
            trial = (*before[:index], visit, *before[index:])
            add(draft.detour(shift, before, index, visit), shift, trial, {})
    for _ in range(MOST_TRIALS):
        if not to_do or over():
            break
        cents, _, changed = heapq.heappop(to_do)
        sequences = [(own, changed.get(own.id, draft.sequences[own.id])) for own in chain]
        lack = draft.first_lack(sequences)
        if lack is None:
            return changed
        for depot, on, sequence, last in _helping(draft, lack, sequences):
            for index in range(last + 1):
                trial = (*sequence[:index], depot, *sequence[index:])
                add(cents + draft.detour(on, sequence, index, depot), on, trial, changed)
    return None


def _helping(
    draft: Draft, lack: Lack, sequences: Sequence[tuple[Shift, Sequence[Call]]]
) -> Iterator[tuple[Depot, Shift, tuple[Call, ...], int]]:
    """Depots that have some of what is lacking, and where to call there in time: on which shifts,
    at the latest before which call."""
    called_today = {
        call.id
        for on, sequence in sequences
        if on is lack.shift
        for call in sequence[: lack.index]
        if isinstance(call, Depot)
    }
    for depot in draft.problem.depots:
        if lack.part is None:
            # Whom it has lent nothing yet, it will not the second time either.
            if depot.id in called_today or not lack.can_borrow(depot, draft.lending):
                continue
        elif depot.id in lack.called or not lack.is_left(depot):
            continue
        for on, sequence in sequences:
            if on is lack.shift:
                yield depot, on, tuple(sequence), lack.index
                break
            if lack.part is not None:
                yield depot, on, tuple(sequence), len(sequence)
