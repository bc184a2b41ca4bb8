"""The question put to the solver: visits, shifts, depots, travel and what each thing costs.

Everything here is frozen data in integers: seconds since the problem's epoch, metres and cents.
A ``Problem`` is validated as a whole when it is built; a bad one raises ``InvalidProblem``, which
lists every fault with its cause and what to do about it. Skills, parts, tools, technicians and
territories are plain strings, compared by equality.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from solver.faults import (
    Fault,
    duplicate_faults,
    lending_faults,
    overlap_faults,
    price_faults,
    quantity_faults,
)
from solver.links import Link, link_faults, linked
from solver.objective import Objective, ShiftRates, objective_faults
from solver.pace import ITS_OWN_TIME, at_pace, between_paces, pace_faults
from solver.travel import (
    MAX_TIME,
    Matrix,
    frozen,
    location_faults,
    longest_leg,
    time_faults,
    travel_faults,
)

MAX_COST = 2**60
"""All visits unassigned must cost less than this, so that no plan's cost overflows 64 bits."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Seconds from ``start`` to ``end``, both included; it bounds the start of service.

    ``price``: cents for starting in it, for visits only. Where windows overlap the least counts.
    """

    start: int
    end: int
    price: int = 0


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

    ``access`` is how many seconds it takes to get from the road to the visit (parking, the gate):
    they are spent before service unless the stop before, the start included, is at the same
    location. It is working time, but neither travel nor service. ``work_type`` is what kind of work
    it is, at which technicians may be quicker or slower (``Shift.paces``).
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
    access: int = 0
    work_type: str | None = None


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
    ``end_location`` by ``end``, or up to ``max_overtime`` seconds later at a price. Without a start
    location the route begins on arrival at its first stop, without an end location it ends when the
    last one is left: there is no way before and behind. ``stock`` is what is loaded into the van
    before the shift: what a technician's earlier shifts in the same problem left in the van is
    still there. ``tools`` are in the van at the start; those ``borrowed`` are a depot's, whose id
    is given, until the route ends. A shift without ``territories`` serves all of them.

    ``max_duration`` bounds the seconds from leaving to being back, breaks included, whenever the
    route starts; ``max_visits``, ``max_travel`` (seconds) and ``max_distance`` (metres) bound what
    the route has of each. None: no limit.

    A visit takes its duration times the ``pace``, or the one that ``paces`` has for its work type,
    rounded up to a second: 6/5 is a fifth slower. Depot calls take everybody the same time.
    ``rates`` are what the shift costs by the second and the metre, instead of the objective's.
    """

    id: str
    technician: str
    start_location: int | None
    end_location: int | None
    start: int
    end: int
    max_overtime: int = 0
    skills: Mapping[str, int] = field(default_factory=dict)
    stock: Mapping[str, int] = field(default_factory=dict)
    tools: frozenset[str] = frozenset()
    breaks: tuple[Break, ...] = ()
    territories: frozenset[str] = frozenset()
    max_duration: int | None = None
    max_visits: int | None = None
    max_travel: int | None = None
    max_distance: int | None = None
    pace: Fraction = ITS_OWN_TIME
    paces: Mapping[str, Fraction] = field(default_factory=dict)
    rates: ShiftRates = field(default_factory=ShiftRates)
    borrowed: Mapping[str, str] = field(default_factory=dict)

    def service(self, call: "Visit | Depot") -> int:
        """Seconds that the call takes on this shift."""
        if not isinstance(call, Visit):
            return call.duration
        pace = self.pace if call.work_type is None else self.paces.get(call.work_type, self.pace)
        return at_pace(call.duration, pace)

    @property
    def is_paced(self) -> bool:
        """Whether some visits may take another time than their duration."""
        return self.pace != ITS_OWN_TIME or bool(self.paces)

    @property
    def limits(self) -> Mapping[str, int]:
        """What of a route is limited, by the name of the field, and to how much."""
        values = ((name, getattr(self, name)) for name in LIMITS)
        return {name: value for name, value in values if value is not None}


LIMITS = ("max_duration", "max_visits", "max_travel", "max_distance")
"""The fields of a shift that bound what its route has."""


@dataclass(frozen=True, slots=True)
class Depot:
    """A place where a route may pick up parts and borrow tools, as often as it pays.

    ``stock`` maps each part to the number that all routes together may take; None means no limit
    for any part. A call lasts ``duration`` seconds and starts inside one of ``windows`` (none: any
    time). ``tools`` are lent for the rest of the route; of those with ``tool_counts`` no more are
    out at any moment, of the others there are plenty.
    """

    id: str
    location: int
    duration: int = 0
    windows: tuple[TimeWindow, ...] = ()
    stock: Mapping[str, int] | None = field(default_factory=dict)
    tools: frozenset[str] = frozenset()
    tool_counts: Mapping[str, int] = field(default_factory=dict)


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

    @property
    def driven(self) -> Matrix:
        """Seconds of travel that are paid for and limited as such, from row to column."""
        return self.travel_time

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
        rates = {shift.rates for shift in self.shifts}
        metre = max((self.objective.at(one).distance for one in rates), default=0)
        dearest = {visit.id: self._dearest(visit, metre) for visit in self.visits}
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
        longest = shift.end + shift.max_overtime - shift.start
        costs = self.objective.at(shift.rates)
        return costs.of_route(longest, shift.max_overtime, self._farthest)

    def _dearest(self, visit: Visit, metre: int) -> int:
        """More cents than to serve the visit can cost on a route of its own, at ``metre`` each."""
        costs, (opening, horizon) = self.objective, self._span
        calls = sum(visit.parts.values()) + len(visit.tools) if self.depots else 0
        ways = self._farthest * metre * (1 + min(calls, len(self.depots)))
        dearest = self._dearest_route + ways + costs.not_preferred
        dearest += max((window.price for window in visit.windows), default=0)
        dearest += costs.over_skilled * len(visit.skills) * self._top_level
        dearest += costs.imbalance * at_pace(visit.duration, self.paces[1])
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
    def paces(self) -> tuple[Fraction, Fraction]:
        """Of whoever is quickest, and of whoever is slowest."""
        paces = [pace for shift in self.shifts for pace in (shift.pace, *shift.paces.values())]
        return min(paces, default=ITS_OWN_TIME), max(paces, default=ITS_OWN_TIME)

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
        """Seconds of service that each shift would have if all were shared out by shift length,
        each visit at its own duration."""
        service = sum(visit.duration for visit in self.visits)
        lengths = {shift.id: shift.end - shift.start for shift in self.shifts}
        whole = max(1, sum(lengths.values()))
        return {name: -(-service * length // whole) for name, length in lengths.items()}


PINNED_FACTOR = 100
"""So many visits that are not pinned weigh no more than one that is."""


def _faults(problem: Problem) -> Iterator[Fault]:
    """Every fault of the problem, in the order in which a reader would look for them."""
    shape, costs = problem.travel_time.shape, problem.objective
    size = shape[0] if shape else 0
    everywhere = [costs, *(costs.at(shift.rates) for shift in problem.shifts)]
    weight = max(c.working_time + c.travel_time + c.distance for c in everywhere)
    yield from travel_faults(problem.travel_time, problem.distance, weight)
    yield from objective_faults(costs)
    yield from duplicate_faults("visit", [visit.id for visit in problem.visits])
    yield from duplicate_faults("shift", [shift.id for shift in problem.shifts])
    yield from duplicate_faults("depot", [depot.id for depot in problem.depots])
    for visit in problem.visits:
        yield from _visit_faults(visit, size, len(costs.unassigned))
    for shift in problem.shifts:
        yield from _shift_faults(shift, size)
    for depot in problem.depots:
        yield from _depot_faults(depot, size)
    yield from lending_faults(
        {depot.id: (depot.tools, depot.tool_counts) for depot in problem.depots},
        [(shift.id, shift.tools, shift.borrowed) for shift in problem.shifts],
    )
    durations = {v.id: between_paces(v.duration, problem.paces) for v in problem.visits}
    pinned = {visit.id: visit.pin.technician for visit in problem.visits if visit.pin}
    yield from link_faults(problem.links, durations, pinned)
    yield from overlap_faults(
        (s.technician, s.id, s.start, s.end + s.max_overtime) for s in problem.shifts
    )
    yield from _magnitude_faults(problem)


def _visit_faults(visit: Visit, size: int, priorities: int) -> Iterator[Fault]:
    where = f"visit {visit.id!r}"
    yield from location_faults(where, visit.location, size)
    yield from time_faults(where, _bounds(visit.windows), visit.duration)
    yield from time_faults(f"{where} access", (), visit.access)
    prices = {f"{window.start}-{window.end}": window.price for window in visit.windows}
    yield from quantity_faults(where, "price of window", prices)
    yield from quantity_faults(where, "part", visit.parts)
    yield from quantity_faults(where, "skill level", visit.skills)
    if not 0 <= visit.priority < priorities:
        cause = f"priority {visit.priority} has no factor in the objective"
        action = f"use 0 to {priorities - 1} or add a factor to objective.unassigned"
        yield Fault("priority", where, cause, action)
    if visit.allowed is not None and visit.allowed <= visit.forbidden:
        cause = "every allowed technician is forbidden too"
        yield Fault("no_one_allowed", where, cause, "drop one of the two lists")
    moments = [visit.due]
    moments += [visit.pin.start] if visit.pin else []
    moments += [visit.previous.start] if visit.previous else []
    if any(moment is not None and abs(moment) > MAX_TIME for moment in moments):
        yield Fault("too_large", where, "a time is beyond 2^40 seconds", "check unit and epoch")


def _shift_faults(shift: Shift, size: int) -> Iterator[Fault]:
    where = f"shift {shift.id!r}"
    for location in (shift.start_location, shift.end_location):
        if location is not None:
            yield from location_faults(where, location, size)
    yield from time_faults(where, ((shift.start, shift.end),), shift.max_overtime)
    yield from quantity_faults(where, "part", shift.stock)
    yield from quantity_faults(where, "skill level", shift.skills)
    yield from quantity_faults(where, "limit", shift.limits)
    yield from quantity_faults(where, "rate", shift.rates.given)
    yield from pace_faults(where, (shift.pace, *shift.paces.values()))
    yield from duplicate_faults(f"{where} break", [pause.id for pause in shift.breaks])
    yield from price_faults(where, (pause.window.price for pause in shift.breaks))
    for pause in shift.breaks:
        here = f"{where} break {pause.id!r}"
        yield from time_faults(here, _bounds((pause.window,)), pause.duration)


def _depot_faults(depot: Depot, size: int) -> Iterator[Fault]:
    where = f"depot {depot.id!r}"
    yield from location_faults(where, depot.location, size)
    yield from time_faults(where, _bounds(depot.windows), depot.duration)
    yield from price_faults(where, (window.price for window in depot.windows))
    yield from quantity_faults(where, "part", depot.stock or {})


def _bounds(windows: Iterable[TimeWindow]) -> Iterator[tuple[int, int]]:
    return ((window.start, window.end) for window in windows)


def _magnitude_faults(problem: Problem) -> Iterator[Fault]:
    """Only where everything else is sound can prices be worked out at all."""
    sound = all(0 <= v.priority < len(problem.objective.unassigned) for v in problem.visits)
    numbers = np.issubdtype(problem.distance.dtype, np.integer)
    if sound and numbers and sum(problem.prices.values()) > MAX_COST:
        cause = "the cost of leaving all visits unassigned does not fit into 64 bits"
        yield Fault("too_large", "objective", cause, "use smaller weights or a coarser time unit")
