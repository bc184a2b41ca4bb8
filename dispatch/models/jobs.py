"""Customers' work orders, and what technicians say of them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from dispatch.models.base import json_column, now, only_among, text_of


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
    """How much it matters that a job is done, and how soon, least first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    EMERGENCY = "emergency"

    def is_at_least(self, other: "Priority | None") -> bool:
        """Whether it is as high or higher; nothing is at least None."""
        return other is not None and self.rank >= other.rank

    @property
    def rank(self) -> int:
        """0 for the least."""
        return list(Priority).index(self)


OVER = (JobStatus.COMPLETED, JobStatus.CANNOT_COMPLETE)
"""Nobody goes there any more: it was done, or it could not be."""
SET_ASIDE = (JobStatus.CANCELLED, JobStatus.ON_HOLD)
"""Nobody is sent there, though it was not done."""


class ReportKind(StrEnum):
    """What a technician says of a job, in the words of the job's status."""

    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    COMPLETED = "completed"
    CANNOT_COMPLETE = "cannot_complete"


ENDS = (ReportKind.COMPLETED, ReportKind.CANNOT_COMPLETE)
"""Reports of these kinds say that a visit is over."""


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


class Wish(StrEnum):
    """How a job regards a technician; once anyone is ``allowed``, all others are not."""

    PREFERRED = "preferred"
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"


class Job(SQLModel, table=True):
    """A customer's work order. ``revision`` grows with every change (optimistic locking)."""

    __table_args__ = (
        Index("ix_job_status", "status", "id"),
        Index("ix_job_priority", "priority", "id"),
        Index("ix_job_plannable", "id", **only_among("status", PLANNABLE)),
        Index("ix_job_departed_at", "departed_at", "id"),
    )

    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    title: str
    asset_id: str | None = Field(default=None, foreign_key="asset.id", index=True)
    """The machine that it is about."""
    work_type_id: str | None = Field(default=None, foreign_key="job_template.id", index=True)
    """What it was made from."""
    contact_name: str | None = None
    """Whom to ask for there, and at what number, if not as the site has it."""
    contact_phone: str | None = None
    note: str | None = None
    """For whoever goes there."""
    status: JobStatus = Field(default=JobStatus.OPEN, sa_type=text_of(JobStatus))
    hold_reason: str | None = None
    hold_until: date | None = None
    """The local day until which it waits, as far as is known."""
    priority: Priority = Field(default=Priority.NORMAL, sa_type=text_of(Priority))
    duration_minutes: int
    due_at: datetime | None = None
    told_at: datetime | None = None
    """When the customer was told the planned time; moving it then costs more."""
    pinned_technician_id: str | None = Field(default=None, foreign_key="technician.id")
    pinned_start_at: datetime | None = None
    not_before_at: datetime | None = None
    """Where a dispatcher has put it: it begins no earlier, until it is moved by hand again. It may
    begin later, and with somebody else: nobody was promised the time."""
    en_route_at: datetime | None = None
    """When the technician set out, as reported; so are the two that follow."""
    arrived_at: datetime | None = None
    departed_at: datetime | None = None
    parts_used: dict[str, int] | None = Field(default=None, sa_column=json_column(optional=True))
    """Set once it is over."""
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)
    revision: int = 1


class JobWindow(SQLModel, table=True):
    """Service may start from ``starts_at`` to ``ends_at``; without any, when the site is open."""

    __tablename__ = "job_window"
    __table_args__ = (Index("ix_job_window_ends_at", "ends_at", "starts_at", "job_id"),)

    job_id: str = Field(foreign_key="job.id", primary_key=True)
    starts_at: datetime = Field(primary_key=True)
    ends_at: datetime
    price: int = 0
    """An amount of money, for starting in it."""


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
    wish: Wish = Field(primary_key=True, sa_type=text_of(Wish))


class Report(SQLModel, table=True):
    """What a technician said of a job, under the id that the technician's device gave it.

    Rows are only ever added; what the job's row says follows from all of them.
    """

    id: str = Field(primary_key=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    technician_id: str = Field(foreign_key="technician.id")
    kind: ReportKind = Field(sa_type=text_of(ReportKind))
    at: datetime
    """When it happened, by the technician's clock."""
    received_at: datetime = Field(default_factory=now)
    reason: Obstacle | None = Field(default=None, sa_type=text_of(Obstacle))
    note: str | None = None
    parts_used: dict[str, int] | None = Field(default=None, sa_column=json_column(optional=True))
    readings: dict[str, float] = Field(default_factory=dict, sa_column=json_column())
    checked: list[str] = Field(default_factory=list, sa_column=json_column())
    """Which lines were ticked off."""
    signed_by: str | None = None
    """Who signed for the customer."""
    checklist: list[str] = Field(default_factory=list, sa_column=json_column())
    """What the job's work type had to be ticked off when the report came in; so is the next."""
    readings_wanted: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())


class Position(SQLModel, table=True):
    """Where a technician was last seen."""

    technician_id: str = Field(foreign_key="technician.id", primary_key=True)
    latitude: float
    longitude: float
    at: datetime


class IdempotencyKey(SQLModel, table=True):
    """A caller's key for one creation: the same key and body give the same job again."""

    __tablename__ = "idempotency_key"

    actor: str = Field(primary_key=True)
    """Who may use it again, as the log names callers."""
    key: str = Field(primary_key=True)
    body_hash: str
    job_id: str = Field(foreign_key="job.id")
    created_at: datetime = Field(default_factory=now)
