"""The question put to the solver: visits, shifts, depots, travel and what each thing costs.

Everything here is frozen data in integers: seconds since the problem's epoch, metres and cents.
A ``Problem`` is validated as a whole when it is built; a bad one raises ``InvalidProblem``, which
lists every fault with its cause and what to do about it. Skills, parts, tools, technicians and
territories are plain strings, compared by equality.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from solver.faults import Fault
from solver.links import Link, link_faults, linked
from solver.objective import Objective, objective_faults
from solver.travel import MAX_TIME, Matrix, frozen, location_faults, longest_leg, travel_faults

MAX_COST = 2**60
"""All visits unassigned must cost less than this, so that no plan's cost overflows 64 bits."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Seconds from ``start`` to ``end``, both included; it bounds the start of service."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pin:
    """A promise that a plan may not undo: this technician and, if ``start`` is given, this time."""

    technician: str
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Previous:
    """Where the published plan has a visit; moving it away costs (stability).

    ``told`` says that the customer knows the time, which multiplies the cost of moving it.
    """

    technician: str
    start: int
    told: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """One attendance at a job.

    ``location`` is a row of the travel matrices; ``duration`` is service in seconds. ``windows``
    bound the start of service (none: any time). ``skills`` maps each required skill to its lowest
    level, ``parts`` each part to the number used up, ``tools`` are only borrowed. ``priority`` is
    0 (low) and up, an index into ``Objective.unassigned``. ``due`` is the time by which service
    should have ended; after it lateness costs. ``allowed`` (None: anyone) and ``forbidden`` are
    technicians, as are ``preferred``; ``territory`` binds the visit to shifts that serve it.
    """

    id: str
    location: int
    duration: int = 0
    windows: tuple[TimeWindow, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)
    tools: frozenset[str] = frozenset()
    priority: int = 1
    due: int | None = None
    allowed: frozenset[str] | None = None
    forbidden: frozenset[str] = frozenset()
    preferred: frozenset[str] = frozenset()
    territory: str | None = None
    pin: Pin | None = None
    previous: Previous | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A pause of ``duration`` seconds that starts inside ``window``.

    It is taken wherever the technician then is, on the road included, but never during a visit
    or a depot call. A route that ends before the break, or starts after it, does without.
    """

    id: str
    window: TimeWindow
    duration: int


@dataclass(frozen=True, slots=True)
class Shift:
    """One working period of a technician; it becomes at most one route.

    The route leaves ``start_location`` at ``start`` or later (as late as it likes) and is at
    ``end_location`` by ``end``, or up to ``max_overtime`` seconds later at a price. ``stock`` is
    what is loaded into the van before the shift: what a technician's earlier shifts in the same
    problem left in the van is still there. ``tools`` are in the van at the start. A shift without
    ``territories`` serves all of them.
    """

    id: str
    technician: str
    start_location: int
    end_location: int
    start: int
    end: int
    max_overtime: int = 0
    skills: Mapping[str, int] = field(default_factory=dict)
    stock: Mapping[str, int] = field(default_factory=dict)
    tools: frozenset[str] = frozenset()
    breaks: tuple[Break, ...] = ()
    territories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Depot:
    """A place where a route may pick up parts and borrow tools, as often as it pays.

    ``stock`` maps each part to the number that all routes together may take; None means no limit
    for any part. A call lasts ``duration`` seconds and starts inside one of ``windows`` (none: any
    time). ``tools`` are lent for the rest of the route, any number of times.
    """

    id: str
    location: int
    duration: int = 0
    windows: tuple[TimeWindow, ...] = ()
    stock: Mapping[str, int] | None = field(default_factory=dict)
    tools: frozenset[str] = frozenset()


class InvalidProblem(ValueError):  # noqa: N818 - the design names it so
    """The problem contradicts itself; ``faults`` lists everything found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True)
class Problem:
    """Visits to place into shifts, given travel, an objective and links between visits.

    ``travel_time`` (seconds) and ``distance`` (metres) are square integer matrices over locations,
    from row to column; ``NO_WAY`` in both where there is no leg. Both are made read-only, and
    copied for it unless they are so already (as those of another problem, from which ``replace``
    makes this one). Raises ``InvalidProblem``.
    """

    visits: tuple[Visit, ...]
    shifts: tuple[Shift, ...]
    travel_time: Matrix
    distance: Matrix
    depots: tuple[Depot, ...] = ()
    objective: Objective = field(default_factory=Objective)
    links: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        for name in ("travel_time", "distance"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        for name in ("visits", "shifts", "depots", "links"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        faults = tuple(_faults(self))
        if faults:
            raise InvalidProblem(faults)

    @cached_property
    def visit(self) -> Mapping[str, Visit]:
        """Every visit by its id."""
        return {visit.id: visit for visit in self.visits}

    def among(self, names: Collection[str]) -> "Problem":
        """The problem of these visits alone, with those links all of whose visits are among
        them."""
        visits = tuple(visit for visit in self.visits if visit.id in names)
        links = tuple(link for link in self.links if all(one in names for one in linked(link)))
        return replace(self, visits=visits, links=links)

    @cached_property
    def ready(self) -> Mapping[str, int]:
        """From when on each visit could be served at all: the first moment of its windows that is
        not before all shifts; where none is left, the start of the first shift."""
        opening = self._span[0]
        return {
            visit.id: min(
                (max(w.start, opening) for w in visit.windows if w.end >= opening), default=opening
            )
            for visit in self.visits
        }

    @cached_property
    def prices(self) -> Mapping[str, int]:
        """What leaving each visit unassigned costs, in cents.

        More than any plan can cost in which all visits are served, times the factor of its
        priority: so that no visit is ever left out for what serving it costs, be it depot calls,
        or what it does to others. Where that would be beyond ``MAX_COST`` in all, as much as there
        is room for, but more than the dearest way to serve the visit alone. A pinned visit is
        dearer than any that is not, ``PINNED_FACTOR`` times: nothing may push it off the plan.
        """
        factors = {v.id: self.objective.unassigned[v.priority] for v in self.visits}
        dearest = {visit.id: self._dearest(visit) for visit in self.visits}
        top = max((factors[v.id] for v in self.visits if v.pin is None), default=0)
        pinned = sum(visit.pin is not None for visit in self.visits)
        room = MAX_COST // 2 // max(1, sum(factors.values()) + pinned * PINNED_FACTOR * top)
        shifts = sum(self._dearest_shift(shift) for shift in self.shifts)
        whole = min(shifts + sum(dearest.values()), room)
        prices = {name: factors[name] * (max(whole, own) + 1) for name, own in dearest.items()}
        dearest_free = max((prices[v.id] for v in self.visits if v.pin is None), default=0)
        for visit in self.visits:
            if visit.pin is not None:
                prices[visit.id] += PINNED_FACTOR * dearest_free
        return prices

    def _dearest_shift(self, shift: Shift) -> int:
        """More cents than a route of the shift can cost for working, being used and the way home,
        whatever is on it."""
        costs = self.objective
        longest = shift.end + shift.max_overtime - shift.start
        return (
            costs.shift_use
            + longest * (costs.working_time + costs.travel_time)
            + shift.max_overtime * costs.overtime
            + self._farthest * costs.distance
        )

    def _dearest(self, visit: Visit) -> int:
        """More cents than serving the visit can cost, on a route for it alone."""
        costs = self.objective
        opening, horizon = self._span
        calls = sum(visit.parts.values()) + len(visit.tools) if self.depots else 0
        ways = self._farthest * costs.distance * (1 + min(calls, len(self.depots)))
        dearest = self._dearest_route + ways + costs.not_preferred
        dearest += costs.over_skilled * len(visit.skills) * self._top_level
        dearest += costs.imbalance * visit.duration
        dearest += costs.prompt_cents(visit.priority) * max(0, horizon - self.ready[visit.id])
        if visit.due is not None:
            late = max(0, horizon + visit.duration - visit.due)
            dearest += (costs.late_cents(visit.priority) + costs.worst_lateness) * late
        if visit.previous is not None:
            away = max(abs(moment - visit.previous.start) for moment in (opening, horizon))
            factor = costs.told_factor if visit.previous.told else 1
            dearest += factor * (costs.changed_technician + costs.moved_time * away)
        return dearest

    @cached_property
    def _dearest_route(self) -> int:
        return max((self._dearest_shift(shift) for shift in self.shifts), default=0)

    @cached_property
    def _top_level(self) -> int:
        return max((level for shift in self.shifts for level in shift.skills.values()), default=0)

    @cached_property
    def _span(self) -> tuple[int, int]:
        """From the first shift's start to the last one's end, overtime included."""
        opening = min((shift.start for shift in self.shifts), default=0)
        return opening, max((s.end + s.max_overtime for s in self.shifts), default=0)

    @cached_property
    def _farthest(self) -> int:
        return longest_leg(self.distance)

    @cached_property
    def fair_shares(self) -> Mapping[str, int]:
        """Seconds of service that each shift would have if all were shared out by shift length."""
        service = sum(visit.duration for visit in self.visits)
        available = sum(shift.end - shift.start for shift in self.shifts)
        if available == 0:
            return {shift.id: 0 for shift in self.shifts}
        return {
            shift.id: -(-service * (shift.end - shift.start) // available) for shift in self.shifts
        }


PINNED_FACTOR = 100
"""So many visits that are not pinned weigh no more than one that is."""


def _faults(problem: Problem) -> Iterator[Fault]:
    """Every fault of the problem, in the order in which a reader would look for them."""
    shape, costs = problem.travel_time.shape, problem.objective
    size = shape[0] if shape else 0
    weight = costs.working_time + costs.travel_time + costs.distance
    yield from travel_faults(problem.travel_time, problem.distance, weight)
    yield from objective_faults(costs)
    for kind, things in (
        ("visit", problem.visits),
        ("shift", problem.shifts),
        ("depot", problem.depots),
    ):
        yield from _duplicate_faults(kind, [thing.id for thing in things])
    for visit in problem.visits:
        yield from _visit_faults(visit, size, len(costs.unassigned))
    for shift in problem.shifts:
        yield from _shift_faults(shift, size)
    for depot in problem.depots:
        yield from _depot_faults(depot, size)
    yield from _overlap_faults(problem.shifts)
    durations = {visit.id: visit.duration for visit in problem.visits}
    pinned = {visit.id: visit.pin.technician for visit in problem.visits if visit.pin}
    yield from link_faults(problem.links, durations, pinned)
    yield from _magnitude_faults(problem)


def _duplicate_faults(kind: str, ids: Iterable[str]) -> Iterator[Fault]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield Fault(
                "duplicate_id",
                f"{kind} {name!r}",
                f"the id occurs {count} times",
                "make ids unique",
            )


def _visit_faults(visit: Visit, size: int, priorities: int) -> Iterator[Fault]:
    where = f"visit {visit.id!r}"
    yield from location_faults(where, visit.location, size)
    yield from _time_faults(where, visit.windows, visit.duration)
    yield from _quantity_faults(where, "part", visit.parts)
    yield from _quantity_faults(where, "skill level", visit.skills)
    if not 0 <= visit.priority < priorities:
        yield Fault(
            "priority",
            where,
            f"priority {visit.priority} has no factor in the objective",
            f"use 0 to {priorities - 1} or add a factor to objective.unassigned",
        )
    if visit.allowed is not None and visit.allowed <= visit.forbidden:
        yield Fault(
            "no_one_allowed",
            where,
            "every allowed technician is forbidden too",
            "drop one of the two lists",
        )
    moments = [visit.due]
    moments += [visit.pin.start] if visit.pin else []
    moments += [visit.previous.start] if visit.previous else []
    if any(moment is not None and abs(moment) > MAX_TIME for moment in moments):
        yield Fault("too_large", where, "a time is beyond 2^40 seconds", "check unit and epoch")


def _shift_faults(shift: Shift, size: int) -> Iterator[Fault]:
    where = f"shift {shift.id!r}"
    yield from location_faults(where, shift.start_location, size)
    yield from location_faults(where, shift.end_location, size)
    yield from _time_faults(where, (TimeWindow(shift.start, shift.end),), shift.max_overtime)
    yield from _quantity_faults(where, "part", shift.stock)
    yield from _quantity_faults(where, "skill level", shift.skills)
    yield from _duplicate_faults(f"{where} break", [pause.id for pause in shift.breaks])
    for pause in shift.breaks:
        yield from _time_faults(f"{where} break {pause.id!r}", (pause.window,), pause.duration)


def _depot_faults(depot: Depot, size: int) -> Iterator[Fault]:
    where = f"depot {depot.id!r}"
    yield from location_faults(where, depot.location, size)
    yield from _time_faults(where, depot.windows, depot.duration)
    if depot.stock is not None:
        yield from _quantity_faults(where, "part", depot.stock)


def _time_faults(where: str, windows: Iterable[TimeWindow], duration: int) -> Iterator[Fault]:
    if duration < 0:
        yield Fault("negative", where, f"the duration is {duration}, negative", "use 0 or more")
    for window in windows:
        if window.start > window.end:
            yield Fault(
                "window_order",
                where,
                f"the window {window.start}-{window.end} ends before it starts",
                "swap its ends",
            )
        if max(abs(window.start), abs(window.end)) > MAX_TIME:
            yield Fault("too_large", where, "a time is beyond 2^40 seconds", "check unit and epoch")
    if duration > MAX_TIME:
        yield Fault("too_large", where, "a duration is beyond 2^40 seconds", "check the unit")


def _quantity_faults(where: str, what: str, quantities: Mapping[str, int]) -> Iterator[Fault]:
    for name, quantity in quantities.items():
        if quantity < 0:
            yield Fault(
                "negative", where, f"{what} {name!r} is {quantity}, negative", "use 0 or more"
            )


def _overlap_faults(shifts: Iterable[Shift]) -> Iterator[Fault]:
    by_technician: dict[str, list[Shift]] = {}
    for shift in shifts:
        by_technician.setdefault(shift.technician, []).append(shift)
    for technician, theirs in by_technician.items():
        theirs.sort(key=lambda shift: (shift.start, shift.end))
        for earlier, later in pairwise(theirs):
            if earlier.end + earlier.max_overtime > later.start:
                yield Fault(
                    "overlapping_shifts",
                    f"technician {technician!r}",
                    f"shift {later.id!r} starts before shift {earlier.id!r} is over",
                    "move one of them or shorten the overtime",
                )


def _magnitude_faults(problem: Problem) -> Iterator[Fault]:
    """Only where everything else is sound can prices be worked out at all."""
    sound = all(0 <= v.priority < len(problem.objective.unassigned) for v in problem.visits)
    numbers = np.issubdtype(problem.distance.dtype, np.integer)
    if sound and numbers and sum(problem.prices.values()) > MAX_COST:
        yield Fault(
            "too_large",
            "objective",
            "the cost of leaving all visits unassigned does not fit into 64 bits",
            "use smaller weights or a coarser unit of time",
        )
