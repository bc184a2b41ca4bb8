"""The tables, which are the domain: what a service company has, plans and does.

Ids of master data and jobs are the company's own codes, the same in tables, files, JSON and
solver. Table classes do not validate; what comes from outside passes through the models of
``dispatch/intake.py`` first. Moments are aware datetimes (``…_at``), kept in UTC; opening and
working hours are local clock times in the company's time zone.
"""

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Enum, Index, text
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
"""Without names, SQLite constraints could not be changed by a later migration."""


def now() -> datetime:
    return datetime.now(UTC)


class JobStatus(StrEnum):
    OPEN = "open"
    SCHEDULED = "scheduled"
    DISPATCHED = "dispatched"
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    COMPLETED = "completed"
    CANNOT_COMPLETE = "cannot_complete"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"


PLANNABLE = (JobStatus.OPEN, JobStatus.SCHEDULED, JobStatus.DISPATCHED)
"""Jobs in these states may be placed or moved by a plan; what is under way or over may not."""


class Priority(StrEnum):
    """How much it matters that a job is done at all, least first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    EMERGENCY = "emergency"


OVER = (JobStatus.COMPLETED, JobStatus.CANNOT_COMPLETE)
"""Nobody goes there any more: it was done, or it could not be."""


class ReportKind(StrEnum):
    """What a technician says of a job, in the words of the job's status."""

    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    COMPLETED = "completed"
    CANNOT_COMPLETE = "cannot_complete"


class Obstacle(StrEnum):
    """Why a job could not be completed."""

    CUSTOMER_ABSENT = "customer_absent"
    CUSTOMER_REFUSED = "customer_refused"
    NO_ACCESS = "no_access"
    MISSING_PART = "missing_part"
    MISSING_TOOL = "missing_tool"
    MISSING_SKILL = "missing_skill"
    UNSAFE = "unsafe"
    MORE_WORK = "more_work"
    OTHER = "other"


class PlanStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    DISCARDED = "discarded"


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Wish(StrEnum):
    """How a job regards a technician; once anyone is ``allowed``, all others are not."""

    PREFERRED = "preferred"
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"


class LocatedBy(StrEnum):
    """Where a site's coordinates come from; a site without needs a location."""

    GIVEN = "given"
    GEOCODER = "geocoder"


def _text_of(kind: type[StrEnum]) -> Enum:
    """A column of ``kind`` that holds the values as plain text, readable in any database tool."""
    return Enum(
        kind, native_enum=False, length=20, values_callable=lambda kind: [one.value for one in kind]
    )


# What the company has


class Skill(SQLModel, table=True):
    id: str = Field(primary_key=True)
    name: str


class Part(SQLModel, table=True):
    id: str = Field(primary_key=True)
    name: str


class Tool(SQLModel, table=True):
    id: str = Field(primary_key=True)
    name: str


class Site(SQLModel, table=True):
    """A customer's place."""

    id: str = Field(primary_key=True)
    name: str
    address: str
    latitude: float | None = None
    longitude: float | None = None
    located_by: LocatedBy | None = Field(default=None, sa_type=_text_of(LocatedBy))
    territory: str | None = Field(default=None, index=True)
    phone: str | None = None


class OpeningHours(SQLModel, table=True):
    """When a visit may start at a site; a site without any is always open. Monday is 0."""

    __tablename__ = "opening_hours"

    site_id: str = Field(foreign_key="site.id", primary_key=True)
    weekday: int = Field(primary_key=True)
    opens: time = Field(primary_key=True)
    closes: time


class Depot(SQLModel, table=True):
    """A warehouse or parts shop; open every day from ``opens`` to ``closes``."""

    id: str = Field(primary_key=True)
    name: str
    address: str
    latitude: float
    longitude: float
    opens: time
    closes: time
    handling_minutes: int = 10


class DepotStock(SQLModel, table=True):
    __tablename__ = "depot_stock"

    depot_id: str = Field(foreign_key="depot.id", primary_key=True)
    part_id: str = Field(foreign_key="part.id", primary_key=True)
    quantity: int


class DepotTool(SQLModel, table=True):
    __tablename__ = "depot_tool"

    depot_id: str = Field(foreign_key="depot.id", primary_key=True)
    tool_id: str = Field(foreign_key="tool.id", primary_key=True)


class Technician(SQLModel, table=True):
    """A person; routes start and end at home."""

    id: str = Field(primary_key=True)
    name: str
    phone: str | None = None
    address: str
    latitude: float
    longitude: float
    active: bool = True


class TechnicianSkill(SQLModel, table=True):
    """A skill held at a level from 1 up, until the end of ``expires_on`` if that is given."""

    __tablename__ = "technician_skill"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    skill_id: str = Field(foreign_key="skill.id", primary_key=True)
    level: int = 1
    expires_on: date | None = None


class TechnicianTerritory(SQLModel, table=True):
    """A territory that the technician serves; one without any serves all of them."""

    __tablename__ = "technician_territory"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    territory: str = Field(primary_key=True)


class WorkingHours(SQLModel, table=True):
    """A shift that comes back every week. Monday is 0."""

    __tablename__ = "working_hours"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    weekday: int = Field(primary_key=True)
    starts: time = Field(primary_key=True)
    ends: time
    max_overtime_minutes: int = 0


class WeeklyBreak(SQLModel, table=True):
    """A break of every week's shifts that starts between ``earliest`` and ``latest``."""

    __tablename__ = "weekly_break"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    weekday: int = Field(primary_key=True)
    earliest: time = Field(primary_key=True)
    latest: time
    minutes: int


class Absence(SQLModel, table=True):
    """A time in which the technician does not work; shifts are cut by it."""

    id: str = Field(primary_key=True)
    technician_id: str = Field(foreign_key="technician.id", index=True)
    starts_at: datetime
    ends_at: datetime
    reason: str | None = None


class VanStock(SQLModel, table=True):
    __tablename__ = "van_stock"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    part_id: str = Field(foreign_key="part.id", primary_key=True)
    quantity: int


class VanTool(SQLModel, table=True):
    __tablename__ = "van_tool"

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    tool_id: str = Field(foreign_key="tool.id", primary_key=True)


class TravelLeg(SQLModel, table=True):
    """A measured leg that replaces the estimate; places are ids of sites, depots, technicians."""

    __tablename__ = "travel_leg"

    from_place: str = Field(primary_key=True)
    to_place: str = Field(primary_key=True)
    seconds: int
    metres: int


class GeocodedAddress(SQLModel, table=True):
    """What a geocoder said about an address, so that it is asked once; not found is an answer."""

    __tablename__ = "geocoded_address"

    address: str = Field(primary_key=True)
    latitude: float | None = None
    longitude: float | None = None
    provider: str
    asked_at: datetime = Field(default_factory=now)


# Jobs


class Job(SQLModel, table=True):
    """A customer's work order. ``revision`` grows with every change (optimistic locking)."""

    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    title: str
    status: JobStatus = Field(default=JobStatus.OPEN, index=True, sa_type=_text_of(JobStatus))
    hold_reason: str | None = None
    priority: Priority = Field(default=Priority.NORMAL, sa_type=_text_of(Priority))
    duration_minutes: int
    due_at: datetime | None = None
    told_at: datetime | None = None
    """When the customer was told the planned time; moving it then costs more."""
    pinned_technician_id: str | None = Field(default=None, foreign_key="technician.id")
    pinned_start_at: datetime | None = None
    en_route_at: datetime | None = None
    """When the technician set out, as reported; so are the two that follow."""
    arrived_at: datetime | None = None
    departed_at: datetime | None = None
    parts_used: dict[str, int] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True))
    )
    """Set once it is over."""
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)
    revision: int = 1


class JobWindow(SQLModel, table=True):
    """Service may start from ``starts_at`` to ``ends_at``; without any, when the site is open."""

    __tablename__ = "job_window"

    job_id: str = Field(foreign_key="job.id", primary_key=True)
    starts_at: datetime = Field(primary_key=True)
    ends_at: datetime


class JobSkill(SQLModel, table=True):
    __tablename__ = "job_skill"

    job_id: str = Field(foreign_key="job.id", primary_key=True)
    skill_id: str = Field(foreign_key="skill.id", primary_key=True)
    level: int = 1


class JobPart(SQLModel, table=True):
    __tablename__ = "job_part"

    job_id: str = Field(foreign_key="job.id", primary_key=True)
    part_id: str = Field(foreign_key="part.id", primary_key=True)
    quantity: int = 1


class JobTool(SQLModel, table=True):
    __tablename__ = "job_tool"

    job_id: str = Field(foreign_key="job.id", primary_key=True)
    tool_id: str = Field(foreign_key="tool.id", primary_key=True)


class JobTechnician(SQLModel, table=True):
    """A technician may be both ``allowed`` and ``preferred``."""

    __tablename__ = "job_technician"

    job_id: str = Field(foreign_key="job.id", primary_key=True)
    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    wish: Wish = Field(primary_key=True, sa_type=_text_of(Wish))


class Report(SQLModel, table=True):
    """What a technician said of a job, under the id that the technician's device gave it.

    Rows are only ever added; what the job's row says follows from all of them.
    """

    id: str = Field(primary_key=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    technician_id: str = Field(foreign_key="technician.id")
    kind: ReportKind = Field(sa_type=_text_of(ReportKind))
    at: datetime
    """When it happened, by the technician's clock."""
    received_at: datetime = Field(default_factory=now)
    reason: Obstacle | None = Field(default=None, sa_type=_text_of(Obstacle))
    note: str | None = None
    parts_used: dict[str, int] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True))
    )
    readings: dict[str, float] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    signed_by: str | None = None
    """Who signed for the customer."""


class Position(SQLModel, table=True):
    """Where a technician was last seen."""

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    latitude: float
    longitude: float
    at: datetime


class IdempotencyKey(SQLModel, table=True):
    """A client's key for one creation: the same key and body give the same job again."""

    __tablename__ = "idempotency_key"

    key: str = Field(primary_key=True)
    body_hash: str
    job_id: str = Field(foreign_key="job.id")
    created_at: datetime = Field(default_factory=now)


# Plans


class Run(SQLModel, table=True):
    """One background solve over the local days ``starts_on`` to ``ends_on``, both included."""

    id: str = Field(primary_key=True)
    trigger: str
    status: RunStatus = Field(default=RunStatus.QUEUED, index=True, sa_type=_text_of(RunStatus))
    starts_on: date
    ends_on: date
    territory: str | None = None
    seconds: float
    seed: int = 0
    publish: bool = False
    """Whether the plan is published as soon as it is there."""
    plans_from_at: datetime | None = None
    """What starts earlier is left alone (None: what starts before the run is over); a moment that
    has passed plans a whole day late in the day, to look at."""
    requested_by: str
    created_at: datetime = Field(default_factory=now)
    started_at: datetime | None = None
    heartbeat_at: datetime | None = None
    finished_at: datetime | None = None
    cancel_requested: bool = False
    attempts: int = 0
    """How often a process has taken this run up; a second time after the first one died."""
    owner: str | None = None
    """Which process works on it."""
    progress: float = 0.0
    """Share of the solving time that is over, 0 to 1."""
    objective: int | None = Field(default=None, sa_column=Column(BigInteger))
    """Cost of the best plan so far, in cents."""
    failure: str | None = None
    """Why it failed, or why its plan was not published: what happened and what to do."""


class Plan(SQLModel, table=True):
    """Routes for a span of days; gets its ``version`` when it is published.

    The newest version need not cover everything: what is in force is every route that is ``live``.
    """

    id: int | None = Field(default=None, primary_key=True)
    version: int | None = Field(default=None, unique=True)
    status: PlanStatus = Field(default=PlanStatus.DRAFT, index=True, sa_type=_text_of(PlanStatus))
    run_id: str | None = Field(default=None, foreign_key="run.id", unique=True)
    starts_on: date
    ends_on: date
    territory: str | None = None
    based_on_version: int
    """The highest version when the plan's run took its snapshot (0: none)."""
    created_at: datetime = Field(default_factory=now)
    published_at: datetime | None = None
    objective: int = Field(sa_column=Column(BigInteger, nullable=False))
    cost: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Cents by soft rule."""


class Route(SQLModel, table=True):
    """A technician's shift in a plan, with stops or without."""

    __table_args__ = (
        Index("ix_route_shift", "technician_id", "shift_starts_at"),
        Index(
            "uq_route_live",
            "technician_id",
            "shift_starts_at",
            unique=True,
            sqlite_where=text("live"),
            postgresql_where=text("live"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id", index=True)
    technician_id: str = Field(foreign_key="technician.id")
    day: date = Field(index=True)
    """The local day on which the shift starts."""
    shift_starts_at: datetime
    shift_ends_at: datetime
    start_at: datetime
    end_at: datetime
    travel_seconds: int
    distance_metres: int
    live: bool = False
    """Whether this is the route in force for its shift; the database allows one."""


class Stop(SQLModel, table=True):
    """A visit, depot call or break on a route, placed in time."""

    __table_args__ = (
        Index(
            "uq_stop_live_job",
            "job_id",
            unique=True,
            sqlite_where=text("live AND job_id IS NOT NULL"),
            postgresql_where=text("live AND job_id IS NOT NULL"),
        ),
        CheckConstraint("kind IN ('visit', 'depot', 'break')", name="ck_stop_kind"),
    )

    route_id: int = Field(foreign_key="route.id", primary_key=True)
    position: int = Field(primary_key=True)
    kind: str
    job_id: str | None = Field(default=None, foreign_key="job.id")
    depot_id: str | None = Field(default=None, foreign_key="depot.id")
    arrival_at: datetime
    start_at: datetime
    departure_at: datetime
    parts: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What a depot call picks up, or a visit uses."""
    tools: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What a depot call borrows, or a visit needs."""
    live: bool = False
    """As its route; the database allows a job on one live stop only."""


class PlanUnassigned(SQLModel, table=True):
    """A job that a plan could not place, with reasons (``code``, ``rule``, ``message``)."""

    __tablename__ = "plan_unassigned"

    plan_id: int = Field(foreign_key="plan.id", primary_key=True)
    job_id: str = Field(foreign_key="job.id", primary_key=True)
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))


# Records


class LogEntry(SQLModel, table=True):
    """Who changed what, when; rows are only ever added."""

    __tablename__ = "log_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, index=True)
    actor: str
    action: str
    entity: str
    entity_id: str = Field(index=True)
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Firing(SQLModel, table=True):
    """A scheduled call that was taken up; its key keeps a second process from firing it again."""

    name: str = Field(primary_key=True)
    due_at: datetime = Field(primary_key=True)
    run_id: str | None = Field(default=None, foreign_key="run.id")
