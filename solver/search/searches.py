"""The compiled search on a problem: several searches at once, which share their best plan.

Each core runs one search (``solver/kernel``) in a thread of its own: compiled code does not hold
the interpreter's lock, and all searches read the same arrays. In a short search they meet and go on
from the best plan found; a long one heats and cools its plans several times, then crosses the best,
and puts together the cheapest plan of all routes seen.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from random import Random

import numpy as np

from solver.kernel.arrays import TIMED, Arrays, Ints
from solver.kernel.dice import dice
from solver.kernel.flattening import flatten
from solver.kernel.hopeless import find_hopeless
from solver.kernel.plan import END_OF_ROUTE, empty_plan
from solver.kernel.rows import keep_as_best, load
from solver.kernel.search import anneal, fill
from solver.kernel.settings import SearchSettings
from solver.problem import Depot, Problem, Visit
from solver.search.elite import Elite, Found, routes_of
from solver.search.partition import Partition, is_separable
from solver.timing.schedule import Call, Sequences

HOT = 6.0
COLD = 0.04
"""Temperatures at the start and at the end: times what a visit costs on average beyond its own
service and rules (that is, for travel and waiting)."""

CYCLE_SECONDS = 0.2
CYCLE_ITERATIONS = 10_000
"""So long, for each visit, is a cycle from hot to cold: beyond that a second one finds more than
one that cools more slowly, which mostly ends where it would have ended anyway."""
HASTE = 1.5
"""A search too short for one such cycle starts cooler: by the share of a cycle that it has, to this
power. It has no time to come down from so hot."""

MEETINGS = (0.5, 0.7, 0.85, 1.0)
"""Where in a search of a single cycle, from 0 to 1, all go on from the best plan found."""

CROSS_FROM = 1.5
"""With time for so many cycles, cycles end in plans that are then crossed with each other."""
SHARE_OF_CYCLES = 2 / 3
CYCLE_BEFORE_CROSSING = 0.5
CROSSED_CYCLE = 0.05
"""How much of the time goes to those cycles, and how long they are; how long it takes to cool
a crossed plan. Both in cycles of a full length: many shorter ones leave more to choose from."""
WARM = 0.5
"""The temperature that a crossed plan starts with."""

PARTITIONS = ((2 / 3, 0.77), (0.9, 1.0))
"""From where to where in the search, from 0 to 1, one of the searches makes way for a partition of
the visits by routes seen, while the others cross plans."""
NOTED_FROM = 0.5
"""Where in a cycle routes begin to be noted: those of hot plans are in no good one."""

FEW_SHIFTS = 16
"""With fewer, a look at all of them costs little, and is taken so much more often."""

SHIFTS_TO_FETCH_ON = 80
"""With fewer, another way to have what a visit needs is tried so much more often, …"""
MOST_FETCHED_OTHERWISE = 0.2
"""… but no more often than this: more finds no better plans, and takes its time."""

CHUNK_SECONDS = 0.02
"""The compiled code comes back so often, to see the time and whether it was cancelled."""


class Searches:
    """Searches on one problem that start from the same plan, one for each core."""

    def __init__(
        self, problem: Problem, *, seed: int, cores: int = 1, settings: SearchSettings | None = None
    ) -> None:
        self.problem = problem
        self.arrays = flatten(problem, cores)
        settings = settings or SearchSettings()
        shifts = max(1, len(problem.shifts))
        often = settings.look_everywhere * max(1.0, FEW_SHIFTS / shifts)
        fetch = settings.fetch_otherwise * max(1.0, SHIFTS_TO_FETCH_ON / shifts)
        settings = settings._replace(
            look_everywhere=min(1.0, often), fetch_otherwise=min(MOST_FETCHED_OTHERWISE, fetch)
        )
        self._searches = [_Search(self.arrays, seed, core, settings) for core in range(cores)]
        self._leader = self._searches[0]
        self._elite = Elite(self.arrays.near)
        self._random = Random(seed)  # noqa: S311 - no secret hangs on it

    @property
    def cents(self) -> int:
        """What the best plan so far costs, with what it leaves out."""
        return self._best().cents

    @property
    def assigned(self) -> int:
        """Visits in the best plan so far."""
        return len(self.problem.visits) - self._best().unassigned

    @property
    def iterations(self) -> int:
        """Of all searches together."""
        return sum(search.iterations for search in self._searches)

    def open(self, sequences: Sequences) -> None:
        """Start from this plan, as far as it can be kept, with all placed that goes in easily."""
        self._elite.plans.clear()
        self._leader.open(self._row(sequences))

    def run(
        self,
        *,
        seconds: float | None,
        iterations: int | None,
        hot: float = HOT,
        cold: float = COLD,
        watch: Callable[[], bool] = lambda: False,
    ) -> None:
        """Improve the plan for so many seconds, or so many iterations on each core, whichever is
        over first (None: no such limit). ``watch`` is called about twenty times a second; if it
        returns True, it ends. ``hot`` and ``cold`` are the temperatures at the start and at the
        end, as ``HOT`` and ``COLD``.
        """
        unit = self._unit()
        cycles = self._cycles(seconds, iterations)
        hot *= min(1.0, cycles) ** HASTE
        ends = None if seconds is None else time.monotonic() + seconds
        for search in self._searches:
            search.begin(unit, cold, ends, seconds, iterations)
        partition = None
        if cycles >= CROSS_FROM and iterations is None and is_separable(self.arrays):
            # By the clock only: SCIP stops somewhere else each time.
            partition = Partition(self.arrays)
        for search in self._searches:
            search.partition = partition
        with ThreadPoolExecutor(len(self._searches)) as pool:
            threads = _Threads(pool, self._searches, watch)
            if cycles < CROSS_FROM:
                self._meet(threads, max(cold, hot))
            else:
                self._cross(threads, cycles, hot)
        self._keep(self._searches)

    def _meet(self, threads: "_Threads", hot: float) -> None:
        """A single cycle, in which those that are behind take over the best plan now and then."""
        for search in self._searches:
            search.begin_cycle(0.0, 1.0, hot)
        for meeting in MEETINGS:
            best = min(self._searches, key=lambda search: search.cents)
            for search in self._searches:
                search.go_on_from(best)
            threads.run(partial(search.run_until, meeting) for search in self._searches)

    def _cross(self, threads: "_Threads", cycles: float, hot: float) -> None:
        """Cycles of each search for itself, then shorter and cooler ones that begin with crossed
        plans; now and then the leader makes way for a partition meanwhile."""
        opening = self._leader.row()
        before = round(cycles * SHARE_OF_CYCLES / CYCLE_BEFORE_CROSSING)
        for first, last in pairwise(np.linspace(0.0, SHARE_OF_CYCLES, before + 1).tolist()):
            self._one_cycle(threads, self._searches, (first, last), hot, lambda: opening)
        done = SHARE_OF_CYCLES
        for first, last in PARTITIONS if self._leader.partition is not None else ():
            self._cross_crossed(threads, self._searches, cycles, (done, first))
            self._put_together(threads, cycles, (first, last))
            done = last
        self._cross_crossed(threads, self._searches, cycles, (done, 1.0))

    def _cross_crossed(
        self,
        threads: "_Threads",
        searches: Sequence["_Search"],
        cycles: float,
        span: tuple[float, float],
    ) -> None:
        """Cycles that begin with crossed plans."""
        number = round(cycles * (span[1] - span[0]) / CROSSED_CYCLE)
        for part in pairwise(np.linspace(*span, number + 1).tolist()):
            self._one_cycle(threads, searches, part, WARM, lambda: self._elite.cross(self._random))

    def _put_together(self, threads: "_Threads", cycles: float, span: tuple[float, float]) -> None:
        """The leader makes a plan of routes seen, while the others cross plans."""
        if self._stopped:
            return
        self._leader.open(self._best().row)
        running = threads.start(partial(self._leader.put_together, span[1]))
        self._cross_crossed(threads, self._searches[1:], cycles, span)
        threads.wait([running])
        self._keep(self._searches)

    def _one_cycle(
        self,
        threads: "_Threads",
        searches: Sequence["_Search"],
        span: tuple[float, float],
        hot: float,
        start: Callable[[], Ints],
    ) -> None:
        """One cycle of each search from its start, from and to these shares of the whole; what it
        ends with is a plan for the elite."""
        if self._stopped:
            return
        for search in searches:
            search.open(start())
            search.begin_cycle(*span, hot)
        threads.run(partial(search.run_until, 1.0) for search in searches)
        self._keep(searches)

    @property
    def _stopped(self) -> bool:
        return any(search.stopped for search in self._searches)

    def _keep(self, searches: Sequence["_Search"]) -> None:
        for search in searches:
            self._elite.add(search.found())

    def _best(self) -> Found:
        return min([*self._elite.plans[:1], *(search.found() for search in self._searches)])

    def _cycles(self, seconds: float | None, iterations: int | None) -> float:
        """How many full cycles there is time for."""
        visits = max(1, len(self.problem.visits))
        longest = np.inf if seconds is None else seconds / (CYCLE_SECONDS * visits)
        if iterations is not None:
            longest = min(longest, iterations / (CYCLE_ITERATIONS * visits))
        return longest

    def sequences(self) -> dict[str, tuple[Call, ...]]:
        """The best plan so far; shifts without a stop have an empty sequence."""
        calls: list[Visit | Depot] = [*self.problem.visits, *self.problem.depots]
        routes = zip(self.problem.shifts, routes_of(self._best().row), strict=True)
        return {shift.id: tuple(calls[call] for call in route) for shift, route in routes}

    def moments(self) -> dict[str, int]:
        """When the visits start in the best plan that are tied to others in time, by id: the
        earliest at which all of them can be kept."""
        plan = self._leader.plan
        load(self.arrays, plan, self._best().row)
        is_tied = self.arrays.calls["links"] & TIMED > 0
        return {
            visit.id: int(plan.linked["early"][number])
            for number, visit in enumerate(self.problem.visits)
            if is_tied[number] and plan.nodes["shift"][number] >= 0
        }

    def _row(self, sequences: Sequences) -> Ints:
        number = {visit.id: index for index, visit in enumerate(self.problem.visits)}
        first = len(self.problem.visits)
        depot = {depot.id: first + index for index, depot in enumerate(self.problem.depots)}
        row: list[int] = []
        for shift in self.problem.shifts:
            for call in sequences.get(shift.id, ()):
                row.append((number if isinstance(call, Visit) else depot)[call.id])
            row.append(END_OF_ROUTE)
        return np.array(row, dtype=np.int64)

    def _unit(self) -> float:
        """Cents that an assigned visit costs on average, its own service not counted."""
        plan, calls = self._leader.plan, self.arrays.calls
        unassigned = plan.unassigned[: int(plan.now["unassigned"])]
        placed = len(self.problem.visits) - len(unassigned)
        service = int(plan.routes["service"].sum()) * int(self.arrays.weights["working_time"])
        fixed = int(plan.routes["pair_cents"].sum())
        left_out = int(calls["price"][unassigned].sum())
        return max(1.0, (int(plan.now["cents"]) - left_out - service - fixed) / max(1, placed))


@dataclass(frozen=True, slots=True)
class _Threads:
    """One for each search, and who is asked whether all are to stop."""

    pool: ThreadPoolExecutor
    searches: Sequence["_Search"]
    watch: Callable[[], bool]

    def start(self, work: Callable[[], None]) -> Future[None]:
        return self.pool.submit(work)

    def run(self, works: Iterable[Callable[[], None]]) -> None:
        """Do all that at once, and come back when it is done."""
        self.wait([self.start(work) for work in works])

    def wait(self, running: Sequence[Future[None]]) -> None:
        left = set(running)
        while left:
            _, left = wait(left, timeout=0.05)
            if self.watch():
                for search in self.searches:
                    search.stop()
        for future in running:
            future.result()


class _Search:
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

    def put_together(self, last: float) -> None:
        """Go over to the cheapest plan of routes that all searches have noted, found until this
        share of the time is over; to the own one if there is none that costs less."""
        if self.partition is None or self._seconds is None:
            return
        self._noted.clear()
        self._note(self.partition)
        left = (last - self._time_gone(time.monotonic())) * self._seconds
        self.open(self.partition.best(routes_of(self.row()), left))

    def _note(self, partition: Partition) -> None:
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
                partition.add(shift, route, cents[shift])

    def go_on_from(self, other: "_Search") -> None:
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
            gone = (self._time_gone(since) - self._first) / (self._last - self._first)
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
            if self.partition is not None and gone > NOTED_FROM:
                self._note(self.partition)
            took = max(1e-6, time.monotonic() - since)
            self._chunk = max(1, int(number * min(4.0, CHUNK_SECONDS / took)))

    def _time_gone(self, moment: float) -> float:
        """Share of the time that is over, 0 to 1; without a limit on time, none."""
        if self._ends is None or self._seconds is None:
            return 0.0
        return 1.0 - (self._ends - moment) / max(1e-9, self._seconds)
