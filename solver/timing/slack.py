"""How much time there is at each place of a sequence, and so where one more visit could go.

Breaks are left out of account: what is refused here is impossible, what is admitted has to be
tried. ``Slack`` answers for one shift, ``Openings`` for all shifts of a plan at once.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from solver.problem import Depot, Shift, TimeWindow, Visit
from solver.rules.eligibility import Truths, services
from solver.rules.places import ends_of
from solver.timing.schedule import NEVER, Call, Legs, earliest_end, next_start, previous_start
from solver.travel import Matrix

Numbers = npt.NDArray[np.int64]


class Slack:
    """How early a sequence of n calls can leave each place, and how late it may be at the next one
    (Savelsbergh's forward time slack, 1992): all in seconds since the problem's epoch.

    Gap 0 is before the first call, gap n behind the last one. ``end`` is the latest end to keep,
    that of the shift and its overtime unless told otherwise.
    """

    def __init__(
        self, shift: Shift, sequence: Sequence[Call], legs: Legs, end: int | None = None
    ) -> None:
        self._sequence = sequence
        first, last = ends_of(shift)
        self.shift = shift
        self.locations = [first, *(call.location for call in sequence), last]
        self._travel = [legs[a][b] for a, b in pairwise(self.locations)]
        self.departures = [shift.start]
        for leg, call in zip(self._travel, sequence, strict=False):
            start = next_start(call.windows, self.departures[-1] + leg)
            self.departures.append(NEVER if start is None else start + shift.service(call))
        self.latest = [shift.end + shift.max_overtime if end is None else end]
        for leg, call in zip(reversed(self._travel), reversed(sequence), strict=False):
            moment = previous_start(call.windows, self.latest[-1] - leg - shift.service(call))
            self.latest.append(-NEVER if moment is None else moment)
        self.latest.reverse()

    def latest_start(self) -> int:
        """When the route may leave for its first place at the latest."""
        return self.latest[0] - self._travel[0]

    def admits(self, visit: Visit, index: int, legs: Legs) -> bool:
        """Whether there is time for the visit in the gap ``index``, in one of its windows; what it
        needs, and breaks, are left out of account."""
        arrival = self.departures[index] + legs[self.locations[index]][visit.location]
        start = next_start(visit.windows, arrival)
        if start is None:
            return False
        onward = legs[visit.location][self.locations[index + 1]]
        return start + self.shift.service(visit) + onward <= self.latest[index]

    def may_pass(self, depot: Depot, legs: Legs) -> bool:
        """Whether some gap has time to go by the depot, its windows and detours that save time
        left out of account."""
        onward = legs[depot.location]
        gaps = zip(self.departures, self.locations, self.locations[1:], self.latest, strict=False)
        return any(
            departure + legs[here][depot.location] + depot.duration + onward[there] <= latest
            for departure, here, there, latest in gaps
        )

    def admitting_after(
        self, calls: Sequence[Depot], first: int, visit: Visit, legs: Legs
    ) -> list[int]:
        """The gaps that admit the visit once the depots are called at, in a row, in gap ``first``.

        Detours that save time are left out of account: where the calls alone come too late, they
        do so with the visit, too.
        """
        clock, here = self.departures[first], self.locations[first]
        for depot in calls:
            start = next_start(depot.windows, clock + legs[here][depot.location])
            if start is None:
                return []
            clock, here = start + depot.duration, depot.location
        onward, service = legs[visit.location], self.shift.service(visit)
        gaps = []
        for index in range(first, len(self.latest)):
            start = next_start(visit.windows, clock + legs[here][visit.location])
            if start is not None:
                arrival = start + service + onward[self.locations[index + 1]]
                if arrival <= self.latest[index]:
                    gaps.append(index)
            if index == len(self._sequence):
                break
            call = self._sequence[index]
            start = next_start(call.windows, clock + legs[here][call.location])
            if start is None or start > self.latest[index]:
                break
            clock, here = start + self.shift.service(call), call.location
        return gaps


def has_time(shift: Shift, calls: Sequence[Call], visit: Visit, slack: Slack, legs: Legs) -> bool:
    """Whether the shift has time for the visit next to these calls, breaks and all, if it lacks
    nothing; ``slack`` is that of the calls."""
    return any(
        slack.admits(visit, index, legs)
        and earliest_end(shift, (*calls[:index], visit, *calls[index:]), legs) is not None
        for index in range(len(calls) + 1)
    )


class Openings:
    """The gaps between the places of all shifts, in columns.

    They answer for a thousand shifts in the time in which a ``Slack`` each does for twenty.
    """

    def __init__(self, travel_time: Matrix, slacks: Sequence[Slack]) -> None:
        self._travel_time = travel_time
        self._departures = _column(slack.departures for slack in slacks)
        self._latest = _column(slack.latest for slack in slacks)
        self._before = _column(slack.locations[:-1] for slack in slacks)
        self._after = _column(slack.locations[1:] for slack in slacks)
        self._gaps = [len(slack.departures) for slack in slacks]
        self._first_gaps = np.cumsum([0, *self._gaps])[:-1]
        self._shifts = [slack.shift for slack in slacks]

    def admit(self, visit: Visit) -> Truths:
        """For each of the s shifts, in their order, whether any of its gaps admits the visit."""
        arrivals = self._departures + self._travel_time[self._before, visit.location]
        starts = _first_starts(visit.windows, arrivals)
        service = services(self._shifts, visit)
        ends = starts + np.repeat(service, self._gaps)
        ends += self._travel_time[visit.location][self._after]
        return np.logical_or.reduceat(ends <= self._latest, self._first_gaps)


def _column(parts: Iterable[Sequence[int]]) -> Numbers:
    return np.fromiter(chain.from_iterable(parts), dtype=np.int64)


def _first_starts(windows: Sequence[TimeWindow], arrivals: Numbers) -> Numbers:
    """The first moment inside a window at or after each arrival; ``NEVER`` if there is none."""
    if not windows:
        return arrivals
    first = np.full_like(arrivals, NEVER)
    for window in windows:
        moments = np.maximum(arrivals, window.start)
        np.minimum(first, moments, out=first, where=arrivals <= window.end)
    return first
