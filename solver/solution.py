"""The solver's answer: routes of stops placed in time, what was left out and why, and the cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Rule(StrEnum):
    """Every rule, once. ``HARD`` ones are never broken in a plan; ``SOFT`` ones have a cost.

    The hard rules are functions of ``solver/judge/check.py``, the soft ones weights of
    ``Objective`` and keys of ``Solution.cost``.
    """

    EVERY_VISIT_ONCE = "every_visit_once"
    """Each visit is on exactly one route or unassigned, and each shift has one route at most."""
    TRAVEL = "travel"
    """Stops follow each other in time: travel, waiting, service and breaks all fit in between."""
    SKILLS = "skills"
    """The technician holds every required skill at the required level or above."""
    TIME_WINDOWS = "time_windows"
    """Service starts inside one of the visit's windows; a depot call inside the depot's."""
    SHIFT = "shift"
    """The route starts and ends at the shift's locations, inside the shift plus overtime."""
    LIMITS = "limits"
    """A route is no longer, and has no more visits and travel, than its shift allows."""
    BREAKS = "breaks"
    """Each break starts inside its window, lasts its time and interrupts no visit."""
    PARTS = "parts"
    """Parts used never exceed what the van started with plus what was picked up so far."""
    TOOLS = "tools"
    """A needed tool is in the van at the start or was borrowed earlier on the route."""
    DEPOT_STOCK = "depot_stock"
    """Over all routes, no more is picked up at a depot than it has, no tool it lacks, and no more
    of a tool at once than there are."""
    PINS = "pins"
    """A pinned visit is with its technician, and at its time."""
    TECHNICIANS = "technicians"
    """The technician is among the allowed ones and not among the forbidden ones."""
    TERRITORY = "territory"
    """The shift serves the visit's territory."""
    TOGETHER = "together"
    """The visits of a crew start at the same moment, each with another technician, all or none."""
    AFTER = "after"
    """The second visit keeps its distance in time from the first, and its technician or another;
    without the first it is not made."""
    APART = "apart"
    """Visits that are kept apart have different technicians, or different days."""

    UNASSIGNED = "unassigned"
    LATENESS = "lateness"
    WORST_LATENESS = "worst_lateness"
    PROMPTNESS = "promptness"
    WORKING_TIME = "working_time"
    TRAVEL_TIME = "travel_time"
    DISTANCE = "distance"
    OVERTIME = "overtime"
    SHIFT_USE = "shift_use"
    WINDOW_PRICE = "window_price"
    NOT_PREFERRED = "not_preferred"
    OVER_SKILLED = "over_skilled"
    CHANGED_TECHNICIAN = "changed_technician"
    MOVED_TIME = "moved_time"
    IMBALANCE = "imbalance"

    COST = "cost"
    """The cost that a solution claims is the cost that it has, component by component."""


SOFT = (
    Rule.UNASSIGNED,
    Rule.LATENESS,
    Rule.WORST_LATENESS,
    Rule.PROMPTNESS,
    Rule.WORKING_TIME,
    Rule.TRAVEL_TIME,
    Rule.DISTANCE,
    Rule.OVERTIME,
    Rule.SHIFT_USE,
    Rule.WINDOW_PRICE,
    Rule.NOT_PREFERRED,
    Rule.OVER_SKILLED,
    Rule.CHANGED_TECHNICIAN,
    Rule.MOVED_TIME,
    Rule.IMBALANCE,
)
HARD = tuple(rule for rule in Rule if rule not in SOFT)


class StopKind(StrEnum):
    VISIT = "visit"
    DEPOT = "depot"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Stop:
    """One visit, depot call or break placed in time (seconds since the epoch).

    The technician arrives at ``arrival``, waits if need be, starts at ``start`` and leaves at
    ``departure``. At a visit one has arrived when its access is behind. A depot call says what it
    picks up: ``parts`` and borrowed ``tools``. A break has no travel of its own: it lies between
    two places, and its arrival is its start.
    """

    kind: StopKind
    id: str
    arrival: int
    start: int
    departure: int
    parts: Mapping[str, int] = field(default_factory=dict)
    tools: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Route:
    """A shift's stops in order, from ``start`` (leaving) to ``end`` (back)."""

    shift: str
    technician: str
    start: int
    end: int
    stops: tuple[Stop, ...]


class ReasonCode(StrEnum):
    """Why a visit is unassigned."""

    IMPOSSIBLE = "impossible"
    """No technician can ever do it; the reason names the rule that says so."""
    OUTBID = "outbid"
    """Every shift that could take it is kept by work that matters as much or more, alone or taken
    together; or serving it would cost more than leaving it out."""
    NOT_FOUND = "not_found"
    """No place was found, and not every way was tried; or it was, and planning again finds it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for leaving a visit out, fit to be shown to a dispatcher."""

    code: ReasonCode
    rule: Rule | None
    message: str


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A visit that was not placed; there is at least one reason."""

    id: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Solution:
    """A complete answer: every visit is on a route or in ``unassigned``. Unused shifts have no
    route. ``cost`` has every soft rule's share in cents."""

    routes: tuple[Route, ...]
    unassigned: tuple[Unassigned, ...]
    cost: Mapping[Rule, int]

    @property
    def objective(self) -> int:
        return sum(self.cost.values())


EARLIER, LATER = "earlier", "later"
TECHNICIAN, START = "technician", "start"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule broken: where, and by how much.

    ``amount`` is at least 1: seconds late or short, parts or levels missing, cents apart, or the
    number of offences where there is nothing to measure.
    """

    rule: Rule
    where: str
    amount: int
    message: str
    shift: str = field(default="", compare=False)
    stop: str = field(default="", compare=False)
    """The visit, depot or break on the shift's route."""
    subjects: tuple[str, ...] = field(default=(), compare=False)
    """The skill, part or tools that are missing; of a time window whether the start is ``EARLIER``
    or ``LATER``; of a pin whether it is the ``TECHNICIAN`` or the ``START``."""

    def __str__(self) -> str:
        return f"{self.where}: {self.message} [{self.rule}, {self.amount}]"
