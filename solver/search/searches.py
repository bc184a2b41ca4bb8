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
from threading import Lock

import numpy as np

from solver.kernel.arrays import TIMED, Ints
from solver.kernel.flattening import flatten
from solver.kernel.plan import END_OF_ROUTE
from solver.kernel.rows import load
from solver.kernel.settings import SearchSettings
from solver.problem import Depot, Problem, Visit
from solver.search.elite import Elite, Found, routes_of
from solver.search.partition import Partition, is_separable
from solver.search.search import Search
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

LOOKED_FROM = 0.3
SHARE_OF_LOOK = 0.02
"""Before each cycle that starts hot, from that share of the time on, one of the searches makes way
for a look at all routes seen, for so long."""
LOOKS = ((0.67, 0.71), (0.77, 0.81), (0.86, 0.91), (0.96, 1.0))
"""The same between the short cycles, from where to where."""
ROUNDED = 0.5
"""Share of starts that are drawn from the linear program, not crossed."""

FEW_SHIFTS = 16
"""With fewer, a look at all of them costs little, and is taken so much more often."""

SHIFTS_TO_FETCH_ON = 80
"""With fewer, another way to have what a visit needs is tried so much more often, …"""
MOST_FETCHED_OTHERWISE = 0.2
"""… but no more often than this: more finds no better plans, and takes its time."""


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
        self._searches = [Search(self.arrays, seed, core, settings) for core in range(cores)]
        self._leader = self._searches[0]
        self._elite = Elite(self.arrays.near)
        self._lock = Lock()
        """Of the elite and the dice, while searches run for themselves."""
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
            # By the clock only: looks end somewhere else each time.
            partition = Partition(self.arrays)
        for search in self._searches:
            search.partition = partition
        with ThreadPoolExecutor(len(self._searches)) as pool:
            threads = _Threads(pool, self._searches, watch)
            if cycles < CROSS_FROM:
                self._meet(threads, max(cold, hot))
            else:
                self._cross(threads, cycles, hot)
        self._keep()

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
        partition = self._leader.partition
        before = round(cycles * SHARE_OF_CYCLES / CYCLE_BEFORE_CROSSING)
        for span in pairwise(np.linspace(0.0, SHARE_OF_CYCLES, before + 1).tolist()):
            self._one_cycle(threads, span, hot, lambda: opening)
        if partition is not None:
            roam = partial(self._roam, partition=partition, length=CROSSED_CYCLE / cycles)
            threads.run(partial(roam, search) for search in self._searches)
            return
        number = round(cycles * (1.0 - SHARE_OF_CYCLES) / CROSSED_CYCLE)
        for part in pairwise(np.linspace(SHARE_OF_CYCLES, 1.0, number + 1).tolist()):
            self._one_cycle(threads, part, WARM, lambda: self._elite.cross(self._random))

    def _start(self, partition: Partition) -> Ints:
        """Where one of the searches goes on from, while others may be running."""
        with self._lock:
            drawn = partition.rounded(self._random) if self._random.random() < ROUNDED else None
            return self._elite.cross(self._random) if drawn is None else drawn

    def _add(self, found: Found) -> None:
        with self._lock:
            self._elite.add(found)

    def _roam(self, search: Search, partition: Partition, length: float) -> None:
        """Short cycles of one search by itself, from plans that are crossed or drawn; between them
        the leader looks at all routes seen."""
        looks = [look for look in LOOKS if search is self._leader and look[0] > search.gone]
        while not search.stopped and (gone := search.gone) < 1.0:
            ends = looks[0][0] if looks else 1.0
            if gone >= ends:
                _, last = looks.pop(0)
                self._look(partition, last)
                continue
            search.open(self._start(partition))
            search.begin_cycle(gone, gone + length if ends - gone > 1.5 * length else ends, WARM)
            search.run_until(1.0)
            self._add(search.found())

    def _look(self, partition: Partition, last: float) -> None:
        """Look at all routes seen, until that share of the time is over."""
        # Not the best plan of a search that may be writing it down just now.
        with self._lock:
            best = self._elite.plans[0]
        self._leader.open(best.row)
        worth = self._leader.look(partition, last)
        self._add(self._leader.found())
        for search in self._searches:
            search.worth = worth

    def _one_cycle(
        self,
        threads: "_Threads",
        span: tuple[float, float],
        hot: float,
        start: Callable[[], Ints],
    ) -> None:
        """One cycle of each search from its start, from and to these shares of the whole; what it
        ends with is a plan for the elite. The leader looks at the routes seen before it begins."""
        if self._stopped:
            return
        starts = [start() for _ in self._searches]

        def cycle(search: Search, row: Ints) -> None:
            first, last = span
            if search is self._leader and search.partition is not None and first > LOOKED_FROM:
                self._look(search.partition, first + SHARE_OF_LOOK)
                first = search.gone
            search.open(row)
            search.begin_cycle(first, last, hot)
            search.run_until(1.0)

        threads.run(partial(cycle, *each) for each in zip(self._searches, starts, strict=True))
        self._keep()

    @property
    def _stopped(self) -> bool:
        return any(search.stopped for search in self._searches)

    def _keep(self) -> None:
        for search in self._searches:
            self._add(search.found())

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
    searches: Sequence[Search]
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
