"""What everything costs: the soft rules and their weights."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from solver.faults import Fault


@dataclass(frozen=True, slots=True)
class Objective:
    """What everything costs, in cents; this is the one list of soft rules and their weights.

    The price of an unassigned visit is never traded for travel: it is the dearest way to serve any
    visit in this problem, times the factor of its priority, plus its lateness at the end of the
    last shift (``Problem.prices``).
    """

    unassigned: tuple[int, ...] = (1, 3, 10, 30, 100)
    """Factor for each priority, lowest priority first."""
    lateness: int = 0
    """Per second that service ends after the visit's due time."""
    lateness_factors: tuple[int, ...] = ()
    """Multiplies that by priority, lowest priority first; empty: all alike."""
    worst_lateness: int = 0
    """Per second of the largest lateness of any visit, whatever its priority."""
    promptness: tuple[int, ...] = ()
    """Per second from the moment from which the visit could be served (``Problem.ready``) until it
    is, by priority, lowest first; empty: nothing."""
    working_time: int = 1
    """Per second from the start of a route to its end."""
    travel_time: int = 0
    """Per second of travel."""
    distance: int = 0
    """Per metre."""
    overtime: int = 0
    """Per second that a route ends after its shift."""
    shift_use: int = 0
    """For each shift that has a route."""
    not_preferred: int = 0
    """For each visit that prefers technicians and is with another one."""
    over_skilled: int = 0
    """Per level that the technician has above the one required, over all required skills."""
    changed_technician: int = 0
    """For each visit that is with another technician than in the published plan."""
    moved_time: int = 0
    """Per second that a visit starts earlier or later than published, beyond the tolerance."""
    moved_time_tolerance: int = 0
    """Seconds by which a published start may move without cost."""
    told_factor: int = 1
    """Multiplies both costs of change where the customer was told."""
    imbalance: int = 0
    """Per second of service in a shift beyond its fair share (``Problem.fair_shares``)."""

    def at(self, rates: "ShiftRates") -> "Objective":
        """The same, but for what these rates say."""
        if rates == AS_THE_OBJECTIVE:
            return self
        given: Mapping[str, Any] = rates.given
        return replace(self, **given)

    def of_route(self, seconds: int, overtime: int, metres: int) -> int:
        """Cents for a route that lasts so long, all of it on the road, and goes so far."""
        of_time = seconds * (self.working_time + self.travel_time) + overtime * self.overtime
        return self.shift_use + of_time + metres * self.distance

    def late_cents(self, priority: int) -> int:
        """Cents per second that a visit of this priority is late."""
        return self.lateness * (self.lateness_factors[priority] if self.lateness_factors else 1)

    def prompt_cents(self, priority: int) -> int:
        """Cents per second that a visit of this priority waits to be served."""
        return self.promptness[priority] if self.promptness else 0


@dataclass(frozen=True, slots=True)
class ShiftRates:
    """What a shift costs where that is not what the objective says, in cents; None: as it says.

    The three are weights of ``Objective`` and mean the same.
    """

    working_time: int | None = None
    travel_time: int | None = None
    distance: int | None = None

    @property
    def given(self) -> Mapping[str, int]:
        values = {
            "working_time": self.working_time,
            "travel_time": self.travel_time,
            "distance": self.distance,
        }
        return {name: value for name, value in values.items() if value is not None}


AS_THE_OBJECTIVE = ShiftRates()
"""The rates of shifts that have none of their own."""


def objective_faults(objective: Objective) -> Iterator[Fault]:
    """Weights below zero, and lists that do not give each priority its number."""
    for weight in fields(objective):
        value = getattr(objective, weight.name)
        if isinstance(value, int) and value < 0:
            yield Fault(
                "negative", f"objective {weight.name}", f"{value} is negative", "use 0 or more"
            )
    factors = objective.unassigned
    if not factors or factors[0] < 1 or list(factors) != sorted(factors):
        yield Fault(
            "priority_factors",
            "objective unassigned",
            f"the factors {factors} do not rise from at least 1",
            "list one factor for each priority, lowest priority first",
        )
    for name in ("lateness_factors", "promptness"):
        values = getattr(objective, name)
        if values and (len(values) != len(factors) or min(values) < 0):
            yield Fault(
                "priority_factors",
                f"objective {name}",
                f"{values} does not give each priority 0 or more; there are {len(factors)}",
                "list one number for each priority, lowest priority first, or none at all",
            )
