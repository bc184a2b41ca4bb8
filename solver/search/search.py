"""One compiled search, told by the clock or by a number of iterations when to end."""

import time

import numpy as np

from solver.kernel.arrays import Arrays, Ints
from solver.kernel.dice import dice
from solver.kernel.hopeless import find_hopeless
from solver.kernel.plan import END_OF_ROUTE, NOTHING_NOTED, empty_plan
from solver.kernel.rows import keep_as_best, load
from solver.kernel.search import anneal, fill
from solver.kernel.settings import SearchSettings
from solver.search.elite import Found, routes_of
from solver.search.partition import Partition, Worth

CHUNK_SECONDS = 0.02
"""The compiled code comes back so often, to see the time and whether it was cancelled."""

NOTED_FROM = 0.5
"""Where in a cycle the routes of its plans begin to be noted, whatever they are worth: those of hot
plans are in no good one."""


class Search:
    """One compiled search: its plan, its dice, and how far it has come."""

    def __init__(self, arrays: Arrays, seed: int, core: int, settings: SearchSettings) -> None:
        self.arrays = arrays
        self.plan = empty_plan(arrays)
        self.dice = dice(seed, core)
        self.settings = settings
        self.iterations = 0
        self.stopped = False
        self.partition: Partition | None = None
        """Where the search notes its routes."""
        self.worth: Worth | None = None
        """Which routes are worth noting, as far as the compiled search does not know it yet."""
        self._noted: dict[int, list[int]] = {}
        """The route last noted of each shift."""
        self.restart()

    @property
    def cents(self) -> int:
        return int(self.plan.now["best_cents"])

    @property
    def unassigned(self) -> int:
        return int(self.plan.now["best_unassigned"])

    def found(self) -> Found:
        return Found(self.cents, self.unassigned, self.row())

    def row(self) -> Ints:
        return self.plan.best[: int(self.plan.now["best_length"])].copy()

    def restart(self) -> None:
        load(self.arrays, self.plan, self.row())
        find_hopeless(self.arrays, self.plan)

    def open(self, row: Ints) -> None:
        load(self.arrays, self.plan, row)
        fill(self.arrays, self.plan, self.dice, self.settings)

    def stop(self) -> None:
        self.stopped = True
        if self.partition is not None:
            self.partition.stop()

    def look(self, partition: Partition, last: float) -> Worth | None:
        """Go over to the cheapest plan of routes that all searches have noted, found until this
        share of the time is over, if there is one that costs less than the own; which routes are
        worth noting from here on."""
        incumbent = self._incumbent(partition)
        found = partition.look(incumbent, self._seconds_until(last))
        self.open(found.row)
        return found.worth

    def _incumbent(self, partition: Partition) -> list[list[int]]:
        """The routes of the best plan, all of them noted."""
        load(self.arrays, self.plan, self.row())
        self._noted.clear()
        self._note(partition, is_own=True)
        return list(routes_of(self.row()))

    def _read(self, partition: Partition) -> None:
        """Note the routes that the compiled search has written down."""
        plan, now = self.plan, self.plan.now
        worth, self.worth = self.worth, None
        if worth is not None:
            plan.duals[:], now["most_reduced"] = worth
        if partition.is_crowded:
            now["most_reduced"] -= abs(int(now["most_reduced"])) // 4
        numbers = plan.noted[: int(now["noted"])].tolist()
        now["noted"] = 0
        at = 0
        while at < len(numbers):
            ends = numbers.index(END_OF_ROUTE, at)
            shift, cents, *calls = numbers[at:ends]
            partition.add(shift, calls, cents)
            at = ends + 1

    def _note(self, partition: Partition, *, is_own: bool = False) -> None:
        """The routes of the plan as it is now, but for those that are as they were."""
        plan, shifts = self.plan, len(self.plan.routes)
        after, calls = plan.nodes["after"].tolist(), plan.nodes["call"].tolist()
        cents = plan.routes["cents"].tolist()
        start = len(self.plan.unassigned)
        for shift in range(shifts):
            route: list[int] = []
            node = after[start + 2 * shift]
            while calls[node] >= 0:
                route.append(calls[node])
                node = after[node]
            if route and self._noted.get(shift) != route:
                self._noted[shift] = route
                partition.add(shift, route, cents[shift], is_own=is_own)

    def go_on_from(self, other: "Search") -> None:
        if other is not self and other.cents < self.cents:
            load(self.arrays, self.plan, other.row())
            keep_as_best(self.arrays, self.plan)
        elif other.cents <= self.cents:
            load(self.arrays, self.plan, self.row())

    def begin(
        self,
        unit: float,
        cold: float,
        ends: float | None,
        seconds: float | None,
        iterations: int | None,
    ) -> None:
        """Temperatures are in units of so many cents."""
        self._unit, self._cold = unit, cold * unit
        self._ends, self._seconds = ends, seconds
        self._limit = iterations
        self._done = 0
        self._chunk = 100
        self.stopped = False
        if self.partition is not None:
            self.partition = self.worth = None
            self._noted.clear()
            self.plan.known["key"] = 0
            self.plan.now["most_reduced"], self.plan.now["noted"] = NOTHING_NOTED, 0

    def begin_cycle(self, first: float, last: float, hot: float) -> None:
        """A cycle, hot at its start and cold at its end, goes from and to these shares of the whole
        search."""
        self._hot = hot * self._unit
        self._first, self._last = first, last
        self._done_before = self._done

    def run_until(self, meeting: float) -> None:
        """Go on until the search has come to this share of its cycle."""
        while not self.stopped:
            since = time.monotonic()
            done, number = self._done - self._done_before, self._chunk
            gone = self._gone_of_cycle(since)
            whole = (done + number) / gone if gone > 0 else np.inf
            if self._limit is not None:
                last = int(np.ceil(self._last * self._limit)) - self._done_before
                number = min(number, int(np.ceil(meeting * last)) - done)
                whole = min(whole, last)
            if gone >= meeting or number <= 0:
                return
            anneal(
                self.arrays,
                self.plan,
                self.dice,
                self.settings,
                number,
                self._hot,
                self._cold,
                done,
                float(whole),  # a whole number would have the search compiled once more
            )
            self._done += number
            self.iterations += number
            if self.partition is not None:
                self._read(self.partition)
                if gone > NOTED_FROM:
                    self._note(self.partition)
            took = max(1e-6, time.monotonic() - since)
            self._chunk = max(1, int(number * min(4.0, CHUNK_SECONDS / took)))

    def _gone_of_cycle(self, moment: float) -> float:
        """Share of the cycle's time that is over; all of it too if what came before took longer
        than until its end, as on a busy machine."""
        gone = self._time_gone(moment)
        return 1.0 if gone >= self._last else (gone - self._first) / (self._last - self._first)

    @property
    def gone(self) -> float:
        """Share of the time that is over."""
        return self._time_gone(time.monotonic())

    def _seconds_until(self, share: float) -> float:
        """How long it is until this share of the time is over."""
        return (share - self.gone) * (self._seconds or 0.0)

    def _time_gone(self, moment: float) -> float:
        """Share of the time that is over, 0 to 1; without a limit on time, none."""
        if self._ends is None or self._seconds is None:
            return 0.0
        return 1.0 - (self._ends - moment) / max(1e-9, self._seconds)
