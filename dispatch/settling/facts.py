"""What is known, as of one moment, of all that may have to be settled; nothing here reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from dispatch.models import Obstacle, Priority
from dispatch.planning.expected import Missed
from dispatch.planning.lending import LentTwice
from dispatch.planning.shortages import StockShort
from dispatch.planning.unable import BrokenVisit


@dataclass(frozen=True, slots=True)
class JobAtStake:
    """What issues say of a job, and weigh it by."""

    id: str
    priority: Priority
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UntenableVisit:
    """A visit in force that does not hold any more."""

    job: JobAtStake
    visit: BrokenVisit
    since: datetime
    """Since when that is known."""


@dataclass(frozen=True, slots=True)
class LateInForce:
    """A visit that will not keep its time window or due time, by more than the tolerance."""

    job: JobAtStake
    technician_id: str
    day: date
    planned_start_at: datetime
    start_at: datetime
    """As expected; so is the next one."""
    departure_at: datetime
    due_at: datetime | None
    misses: Sequence[Missed]
    late_by: timedelta
    """By how much it misses what it misses most."""
    since: datetime
    """Since when it was to be foreseen that it would, under the version in force."""
    has_begun: bool = False
    """Whether its technician has set out for it, or is there."""


class Unplaced(StrEnum):
    """How a job comes to be on no route, if it was not taken off one for a cause of its own."""

    NO_PLACE = "no_place"
    """A place was looked for."""
    LOST_PLACE = "lost_place"
    """It had one."""
    LEFT_OUT = "left_out"
    """The last plan that could have had it left it out."""
    NOT_PLANNED = "not_planned"
    """No plan has had to do with it."""


@dataclass(frozen=True, slots=True)
class UnplacedJob:
    """A job on no route that cannot wait for the next plan."""

    job: JobAtStake
    code: str
    """``Unplaced``, or why it was taken off its route (``Why``)."""
    since: datetime
    ends_at: datetime | None
    """When its last time window ends, or it is due."""
    day: date
    """The first local day, from today on, that has one of its windows; today if none has."""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailedVisit:
    """A job that could not be completed, and that nothing has followed yet."""

    job: JobAtStake
    technician_id: str | None
    day: date
    reason: Obstacle | None
    note: str | None
    since: datetime
    """When the report came in."""
    again: Mapping[str, Any] = field(default_factory=dict)
    """A job like it, as ``POST /jobs`` takes one."""


@dataclass(frozen=True, slots=True)
class MovedSinceTold:
    """A visit that is at another time than its customer was told."""

    job: JobAtStake
    technician_id: str
    day: date
    told_start_at: datetime
    start_at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class TwiceLentTool:
    lent: LentTwice
    since: datetime


@dataclass(frozen=True, slots=True)
class ShortPart:
    short: StockShort
    since: datetime
    day: date
    """The local day on which somebody comes for it first."""


@dataclass(frozen=True, slots=True)
class UnreadMessages:
    """Messages of one source that nobody has settled."""

    source_id: str | None
    source: str | None
    count: int
    since: datetime
    """When the oldest of them came."""
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that is over, with or without what was wanted."""

    id: str
    trigger: str
    starts_on: date
    ends_on: date
    territory: str | None
    technician_ids: frozenset[str] | None
    created_at: datetime
    ended_at: datetime
    has_failed: bool
    """Whether it has made no plan, or one that was to be published and is still a draft."""
    failure: str | None = None
    plan_id: int | None = None
    """The draft that was not published."""

    def covers(self, other: "EndedRun") -> bool:
        """Whether it planned all that the other was to plan."""
        return (
            self.starts_on <= other.starts_on
            and other.ends_on <= self.ends_on
            and self.territory in (None, other.territory)
            and (
                self.technician_ids is None
                or (
                    other.technician_ids is not None and other.technician_ids <= self.technician_ids
                )
            )
        )


@dataclass(frozen=True, slots=True)
class SettlingFacts:
    """All of it, as it was at the moment ``at``; the order within each list means nothing."""

    at: datetime
    untenable: Sequence[UntenableVisit] = ()
    late: Sequence[LateInForce] = ()
    unplaced: Sequence[UnplacedJob] = ()
    failed: Sequence[FailedVisit] = ()
    moved: Sequence[MovedSinceTold] = ()
    lent_twice: Sequence[TwiceLentTool] = ()
    short: Sequence[ShortPart] = ()
    unread: Sequence[UnreadMessages] = ()
    runs: Sequence[EndedRun] = ()
