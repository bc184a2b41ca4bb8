"""Before a plan is closed: what it leaves out is placed wherever a slower but complete look finds a
way, in the place of others if that costs less.

The search tries millions of places a second and so cannot look at all of them. What is left over is
little: each such visit is tried on every shift that has time for it, with whatever has to be
fetched, and then instead of what is there.
"""

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from solver.draft.alone import Alone, TooMuch
from solver.draft.draft import Draft
from solver.draft.fetching import fetched
from solver.draft.insertion import Option, best_place
from solver.problem import Problem, Shift, Visit
from solver.rules.eligibility import UNLIMITED, Truths, stock_of
from solver.rules.lending import counted_by_all
from solver.timing.schedule import Call
from solver.timing.slack import Openings, Slack, has_time

MOST_ATTEMPTS = 2_000
"""So many places are tried before a plan is closed, and as many again to explain it."""
ATTEMPTS_TO_MAKE_WAY = 10
"""As much work as so many places is it to try a visit instead of others on one shift."""
MOST_SHIFTS_TRIED = 10
"""On so many shifts a visit is tried instead of others, those with most of lesser work first."""
MOST_CLEARED = 3
"""On so many more all is taken out and put back anew."""
MOST_TO_MOVE = 60
"""So many visits at most are taken out and put back to make way for one."""


class Patience:
    """How much more may be tried: so many attempts, as long as it is not ``over``."""

    def __init__(self, attempts: int, over: Callable[[], bool] = lambda: False) -> None:
        self._left = attempts
        self.over = over

    def spend(self, attempts: int = 1) -> bool:
        """Whether there is enough left for so many; then it is spent. If not, all of it is: what
        comes next must not be taken for tried."""
        if self.is_over or self._left < attempts:
            self._left = 0
            return False
        self._left -= attempts
        return True

    @property
    def is_over(self) -> bool:
        """Whether nothing more may be tried."""
        return self._left <= 0 or self.over()


@dataclass(frozen=True, slots=True)
class Way:
    """A draft that holds a visit which had no place, and who had to leave for it and found no other
    place."""

    draft: Draft
    out: tuple[Visit, ...]


class Ways:
    """Ways to let visits into a plan, in the place of others if need be.

    What is looked at for all shifts at once is of the plan as it was at first.
    """

    def __init__(self, draft: Draft, patience: Patience) -> None:
        self.problem: Problem = draft.problem
        self.patience = patience
        self.alone = Alone(draft.problem, patience.over)
        self._draft = draft
        self._openings: dict[int, Openings] = {}
        self._lefts: dict[tuple[str, int], tuple[tuple[Call, ...], Slack]] = {}
        self._worth: dict[str, tuple[list[int], list[int]]] = {}

    def place(self, draft: Draft, visit: Visit, shifts: Iterable[Shift]) -> bool:
        """Put the visit where it costs least on one of these shifts; on the first where that takes
        calls before the day, or several. Whether it has a place now."""
        shifts = list(shifts)
        found = _cheapest(draft, visit, shifts, self.patience)
        if found is not None:
            return draft.hold({found.shift.id: found.sequence})
        for shift in shifts:
            if not self._may_take_more(draft, visit, shift):
                continue
            if not self.patience.spend(ATTEMPTS_TO_MAKE_WAY):
                return False
            sequences = fetched(draft, visit, shift, lambda: self.patience.is_over)
            if sequences is not None and draft.hold(sequences):
                return True
        return False

    def _may_take_more(self, draft: Draft, visit: Visit, shift: Shift) -> bool:
        """Whether it might take more than one call before the visit on the same day: for several
        things, for more than one depot has, on a day before, or for who lacks then what it takes
        from the van."""
        if not visit.parts and visit.tools <= shift.tools:
            return False
        several = len(visit.parts) + len(visit.tools - shift.tools) > 1
        several = several or draft.chains[shift.technician][0] is not shift
        several = several or not visit.parts.keys().isdisjoint(shift.stock)
        most = {part: max(self._stocks(part), default=0) for part in visit.parts}
        return several or any(
            number > 1 and most[part] < UNLIMITED for part, number in visit.parts.items()
        )

    def _stocks(self, part: str) -> list[int]:
        return [stock_of(depot, part) for depot in self.problem.depots]

    def place_on_free_days(self, draft: Draft, visit: Visit) -> bool:
        """Put the visit, with all that it needs, on a technician who has nothing else to do."""
        for shift in self.able(visit):
            if any(draft.sequences[own.id] for own in draft.chains[shift.technician]):
                continue
            if not self.patience.spend():
                return False
            if self._hold_alone(draft, visit, shift):
                return True
        return False

    def able(self, visit: Visit) -> list[Shift]:
        """The shifts that may do it and might have the time if they had nothing else to do."""
        return self._shifts(visit, self.alone.in_time(visit))

    def roomy(self, visit: Visit) -> Iterator[Shift]:
        """The shifts that have time for it if all work that matters less makes way, those first on
        which that is most; on all others there is too much that matters as much or more."""
        price = self.problem.prices[visit.id]
        if price not in self._openings:
            left = [self._left(shift, price)[1] for shift in self.problem.shifts]
            self._openings[price] = Openings(self.problem.travel_time, left)
        found = self._shifts(visit, self._openings[price].admit(visit))
        for shift in sorted(found, key=lambda shift: -self._seconds_below(shift, price)):
            calls, slack = self._left(shift, price)
            if has_time(shift, calls, visit, slack, self._draft.legs):
                yield shift

    def _left(self, shift: Shift, price: int) -> tuple[tuple[Call, ...], Slack]:
        """What stays on the shift if all makes way that costs less than this to leave out."""
        prices, _ = self._worths(shift)
        below = bisect_left(prices, price)
        if (shift.id, below) not in self._lefts:
            calls = self._draft.sequences[shift.id]
            if below:
                kept = {one.id for one in self.as_dear(shift, price)}
                calls = self._draft.without(shift, _names(calls) - kept)
            self._lefts[shift.id, below] = calls, Slack(shift, calls, self._draft.legs)
        return self._lefts[shift.id, below]

    def _shifts(self, visit: Visit, in_time: Truths) -> list[Shift]:
        may = self._draft.may(visit)
        return [self.problem.shifts[column] for column in np.flatnonzero(may & in_time)]

    def as_dear(self, shift: Shift, price: int) -> tuple[Visit, ...]:
        """What is on the shift that costs as much or more to leave out."""
        prices = self.problem.prices
        calls = self._draft.sequences[shift.id]
        return tuple(c for c in calls if isinstance(c, Visit) and prices[c.id] >= price)

    def _seconds_below(self, shift: Shift, price: int) -> int:
        """Of service on the shift, for visits that cost less than this to leave out."""
        prices, seconds = self._worths(shift)
        return seconds[bisect_left(prices, price)]

    def _worths(self, shift: Shift) -> tuple[list[int], list[int]]:
        if shift.id not in self._worth:
            calls = self._draft.sequences[shift.id]
            prices = self.problem.prices
            visits = sorted((prices[c.id], c.duration) for c in calls if isinstance(c, Visit))
            sums = np.cumsum([0, *(duration for _, duration in visits)]).tolist()
            self._worth[shift.id] = [price for price, _ in visits], sums
        return self._worth[shift.id]

    # --- instead of others ------------------------------------------------------------------------

    def instead(self, draft: Draft, visit: Visit, shift: Shift) -> Way | None:
        """The visit on the shift, in the place of as little as can be: of what is there, the
        dearest stays first. None if there is no way."""
        before = draft.sequences[shift.id]
        option = best_place(draft, visit, shift, draft.without(shift, _names(before)))
        if option is None:
            return self._unless_over(self._by_clearing(draft, visit, shift))
        out = set(_names(before))
        for other in self._dearest_first(before):
            calls = draft.without(shift, out - {other.id})
            with_other = best_place(draft, visit, shift, calls)
            if with_other is not None:
                out.remove(other.id)
                option = with_other
        trial = draft.copy()
        if not trial.hold({shift.id: option.sequence}):
            return None
        leaving = [other for other in self._dearest_first(before) if other.id in out]
        return self._unless_over(Way(trial, self._moved(draft, trial, leaving, shift)))

    def _unless_over(self, way: Way | None) -> Way | None:
        """Who lost patience has not tried all places for those who have to leave."""
        return None if self.patience.is_over else way

    def _by_clearing(self, draft: Draft, visit: Visit, shift: Shift) -> Way | None:
        """The same where it takes more than the shift: all days of the technician are cleared, and
        whoever takes parts that the visit needs gives them up; then they come back, the dearest
        first."""
        trial = draft.copy()
        chain = draft.chains[shift.technician]
        gone = [call for own in chain for call in draft.sequences[own.id]]
        gone += self._rivals(draft, visit, shift.technician)
        visits = self._dearest_first(gone)
        if len(visits) > MOST_TO_MOVE:
            return None
        waiting = {one.id for one in trial.unassigned()} | {one.id for one in visits}
        trial.remove(other.id for other in visits)
        if any(one.id not in waiting for one in trial.unassigned()):
            # What others had to do can only be done by way of those who have left.
            return None
        if not self._hold_alone(trial, visit, shift):
            return None
        homes = {
            call.id: own
            for own in self.problem.shifts
            for call in draft.sequences[own.id]
            if isinstance(call, Visit)
        }
        left = [one for one in visits if not self.place(trial, one, [homes[one.id]])]
        return Way(trial, self._moved(draft, trial, left, shift))

    def _moved(
        self, draft: Draft, trial: Draft, leaving: Sequence[Visit], shift: Shift
    ) -> tuple[Visit, ...]:
        """Put those who leave elsewhere; who has no place there."""
        out = []
        for other in leaving:
            elsewhere = [own for own in draft.shifts_with_time(other) if own is not shift]
            if not self.place(trial, other, [*elsewhere, *self._same(other, shift)]):
                out.append(other)
        return tuple(out)

    def _same(self, visit: Visit, shift: Shift) -> list[Shift]:
        return [own for own in self._draft.eligible[visit.id] if own is shift]

    def _hold_alone(self, draft: Draft, visit: Visit, shift: Shift) -> bool:
        try:
            sequences = self.alone.way(visit, shift)
        except TooMuch:
            return False
        if sequences is None:
            return False
        chain = draft.chains[shift.technician]
        return draft.hold({own.id: sequences.get(own.id, ()) for own in chain})

    def _rivals(self, draft: Draft, visit: Visit, technician: str) -> list[Visit]:
        """Visits of other technicians that use parts or tools of the visit, where they could run
        out."""
        scarce = {part for part in visit.parts if max(self._stocks(part), default=0) < UNLIMITED}
        counted = counted_by_all(self.problem.depots, visit.tools)
        return [
            call
            for shift in self.problem.shifts
            if (scarce or counted) and shift.technician != technician
            for call in draft.sequences[shift.id]
            if isinstance(call, Visit)
            and not (scarce.isdisjoint(call.parts) and counted.isdisjoint(call.tools - shift.tools))
        ]

    def _dearest_first(self, calls: Iterable[Call]) -> list[Visit]:
        prices = self.problem.prices
        visits = [call for call in calls if isinstance(call, Visit)]
        return sorted(visits, key=lambda visit: (-prices[visit.id], visit.duration))


def close(draft: Draft, over: Callable[[], bool] = lambda: False) -> None:
    """Place what the draft leaves out as far as that makes it cheaper, dearest first, until it is
    ``over`` or so much has been tried that no more is to be expected."""
    left = draft.unassigned()
    if not left:
        return
    _place_what_fits(draft, left, Patience(MOST_ATTEMPTS, over))
    ways = Ways(draft, Patience(MOST_ATTEMPTS, over))
    prices = draft.problem.prices
    left = draft.unassigned()
    waiting = [(-prices[one.id], draft.rows[one.id]) for one in left if draft.eligible[one.id]]
    heapq.heapify(waiting)
    cents = draft.cents()
    while waiting and not ways.patience.is_over:
        visit = draft.visits[heapq.heappop(waiting)[1]]
        for way in _ways_in(ways, draft, visit):
            if (found := way.draft.cents()) < cents:
                cents = found
                draft.take_from(way.draft)
                for other in way.out:
                    heapq.heappush(waiting, (-prices[other.id], draft.rows[other.id]))
                break


def _place_what_fits(draft: Draft, left: Iterable[Visit], patience: Patience) -> None:
    """Place what nobody has to make way for, before the attempts go to what is dearer and will have
    no place in the end."""
    prices = draft.problem.prices
    for visit in sorted(left, key=lambda visit: (-prices[visit.id], draft.rows[visit.id])):
        found = _cheapest(draft, visit, draft.shifts_with_time(visit), patience)
        if found is None:
            continue
        trial = draft.copy()
        if trial.hold({found.shift.id: found.sequence}) and trial.cents() < draft.cents():
            draft.take_from(trial)


def _cheapest(
    draft: Draft, visit: Visit, shifts: Iterable[Shift], patience: Patience
) -> Option | None:
    """Where the visit costs least on these shifts, as far as the patience goes."""
    options = (best_place(draft, visit, shift) for shift in shifts if patience.spend())
    return min((o for o in options if o is not None), key=lambda o: o.cost, default=None)


def _ways_in(ways: Ways, draft: Draft, visit: Visit) -> Iterable[Way]:
    """Ways to let the visit in that may pay, what costs nobody a place first."""
    trial = draft.copy()
    if ways.place(trial, visit, draft.shifts_with_time(visit)) or ways.place_on_free_days(
        trial, visit
    ):
        yield Way(trial, ())
        return
    prices = draft.problem.prices
    tried = list(islice(ways.roomy(visit), MOST_SHIFTS_TRIED))
    # Who has no time for it as things are now may have it in another order, or what it needs.
    tried += [shift for shift in ways.able(visit) if shift not in tried][:MOST_CLEARED]
    for shift in tried:
        if not ways.patience.spend(ATTEMPTS_TO_MAKE_WAY):
            return
        way = ways.instead(draft, visit, shift)
        # For what weighs as much it may pay too: the plan tells.
        if way is not None and sum(prices[other.id] for other in way.out) <= prices[visit.id]:
            yield way


def _names(calls: Iterable[Call]) -> set[str]:
    return {call.id for call in calls if isinstance(call, Visit)}
