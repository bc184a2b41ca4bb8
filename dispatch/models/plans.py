"""Runs, and the plans that they make."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from dispatch.models.base import json_column, now, only_among, only_live, text_of


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


AT_WORK = (RunStatus.QUEUED, RunStatus.RUNNING)
"""Runs in these states are not over."""


class Run(SQLModel, table=True):
    """One background solve over the local days ``starts_on`` to ``ends_on``, both included."""

    __table_args__ = (
        Index("ix_run_created_at", "created_at", "id"),
        Index("ix_run_status", "status", "created_at", "id"),
        Index("ix_run_days", "ends_on", "starts_on"),
        Index("ix_run_at_work", "status", "created_at", "id", **only_among("status", AT_WORK)),
    )

    id: str = Field(primary_key=True)
    trigger: str
    status: RunStatus = Field(default=RunStatus.QUEUED, sa_type=text_of(RunStatus))
    starts_on: date
    ends_on: date
    territory: str | None = None
    seconds: float
    seed: int = 0
    publish: bool = False
    """Whether the plan is published as soon as it is there."""
    only_small_changes: bool = False
    """Whether a plan that changes more than the policy allows stays a draft."""
    technician_ids: list[str] | None = Field(default=None, sa_column=json_column(optional=True))
    """Whose routes may change; None: everybody's."""
    freeze_minutes: float = 0
    """What should start so soon after the plan begins stays where it is."""
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
    changes: dict[str, Any] | None = Field(default=None, sa_column=json_column(optional=True))
    """What its plan changes of what was in force, and what that saves (``changes.PlanChanges``)."""
    failure: str | None = None
    """Why it failed, or why its plan was not published: what happened and what to do."""


class Plan(SQLModel, table=True):
    """Routes for a span of days; gets its ``version`` when it is published.

    The newest version need not cover everything: what is in force is every route that is ``live``.
    """

    id: int | None = Field(default=None, primary_key=True)
    version: int | None = Field(default=None, unique=True)
    status: PlanStatus = Field(default=PlanStatus.DRAFT, index=True, sa_type=text_of(PlanStatus))
    run_id: str | None = Field(default=None, foreign_key="run.id", unique=True)
    starts_on: date
    ends_on: date
    territory: str | None = None
    based_on_version: int
    """The highest version when the plan's run took its snapshot (0: none)."""
    begins_at: datetime | None = None
    """What started earlier was history when the plan was made; None: it was made before that was
    written down."""
    created_at: datetime = Field(default_factory=now)
    published_at: datetime | None = None
    objective: int = Field(sa_column=Column(BigInteger, nullable=False))
    cost: dict[str, int] = Field(default_factory=dict, sa_column=json_column())
    """Cents by soft rule."""


class Route(SQLModel, table=True):
    """A technician's shift in a plan, with stops or without."""

    __table_args__ = (
        Index("ix_route_shift", "technician_id", "shift_starts_at"),
        Index("uq_route_live", "technician_id", "shift_starts_at", unique=True, **only_live()),
        Index("ix_route_live_day", "day", "technician_id", **only_live()),
        Index("ix_route_live_end", "end_at", **only_live()),
    )

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id", index=True)
    technician_id: str = Field(foreign_key="technician.id")
    day: date
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
        Index("uq_stop_live_job", "job_id", unique=True, **only_live(" AND job_id IS NOT NULL")),
        Index("ix_stop_live_start", "start_at", "job_id", **only_live()),
        Index("ix_stop_job_id", "job_id"),
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
    parts: dict[str, int] = Field(default_factory=dict, sa_column=json_column())
    """What a depot call picks up, or a visit uses."""
    tools: list[str] = Field(default_factory=list, sa_column=json_column())
    """What a depot call borrows, or a visit needs."""
    live: bool = False
    """As its route; the database allows a job on one live stop only."""


class PlanUnassigned(SQLModel, table=True):
    """A job that a plan could not place, with reasons (``code``, ``rule``, ``message``)."""

    __tablename__ = "plan_unassigned"
    __table_args__ = (Index("ix_plan_unassigned_job_id", "job_id", "plan_id"),)

    plan_id: int = Field(foreign_key="plan.id", primary_key=True)
    job_id: str = Field(foreign_key="job.id", primary_key=True)
    reasons: list[dict[str, Any]] = Field(sa_column=json_column())


class PlacementStatus(StrEnum):
    WAITING = "waiting"
    PLACED = "placed"
    NO_PLACE = "no_place"
    WITHDRAWN = "withdrawn"


class Placement(SQLModel, table=True):
    """A wish to have one job put into the plan in force at once, and what became of it.

    Whoever makes or changes an urgent job adds a row in the same transaction, so that the wish is
    as safe as the job; the service's placer works the rows off in order, also after a crash.
    """

    __table_args__ = (Index("ix_placement_status", "status", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    trigger: str
    """Why, such as ``alert``."""
    asked_by: str
    asked_at: datetime = Field(default_factory=now)
    status: PlacementStatus = Field(
        default=PlacementStatus.WAITING, sa_type=text_of(PlacementStatus)
    )
    rounds: int = 0
    """How often a place was looked for."""
    settled_at: datetime | None = None
    plan_id: int | None = Field(default=None, foreign_key="plan.id", index=True)
    """The version in which the job got its place."""
    bumped_job_ids: list[str] = Field(default_factory=list, sa_column=json_column())
    """Less important jobs that had to make room."""
    cause: str | None = None
    """Why there was no place, or why none was needed any more."""


class Waiver(SQLModel, table=True):
    """A hard rule set aside for a job by a dispatcher's override, for as long as the job is with
    this technician; ``rule``, ``subject`` and ``amount`` as in ``solver.rules.waivers``."""

    id: int | None = Field(default=None, primary_key=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    technician_id: str = Field(foreign_key="technician.id")
    shift_starts_at: datetime
    """When the shift starts whose overtime, break, van or tools are meant."""
    rule: str
    subject: str
    amount: int
    starts_at: datetime | None = None
    """Of a time window: service may also start from here …"""
    ends_at: datetime | None = None
    """… to here."""
    reason: str
    actor: str
    at: datetime
    plan_id: int = Field(foreign_key="plan.id", index=True)
    """The version that came of the override."""


class ManualChange(SQLModel, table=True):
    """A version that came of a change by hand, or of a draft that was accepted, with all it takes
    to undo it."""

    __tablename__ = "manual_change"

    plan_id: int = Field(foreign_key="plan.id", primary_key=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    technician_id: str | None = Field(default=None, foreign_key="technician.id")
    """Who has the job since; None: nobody."""
    replaced: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    """Routes that were in force before (``route_id``), and which of their stops (``positions``)."""
    pins: dict[str, dict[str, str | None]] = Field(default_factory=dict, sa_column=json_column())
    """Pins as they were before, of the jobs whose pin it changed."""
    waivers: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    """Waivers as they were before, of the jobs on the routes concerned."""
    broken: list[str] = Field(default_factory=list, sa_column=json_column())
    """What the routes broke before already, because things had gone wrong."""
    statuses: dict[str, dict[str, str | None]] = Field(
        default_factory=dict, sa_column=json_column()
    )
    """The ``status`` and ``hold_reason`` before, of jobs that it cancelled or took up again."""
    undoes_plan_id: int | None = Field(default=None, foreign_key="plan.id", unique=True)
    """The version of the change that this one undid."""
    is_acceptance: bool = False
    """Whether it was a draft; ``job_id`` is one of those that it moved."""


class ManualChangeJob(SQLModel, table=True):
    """A job that was changed by hand together with the one that ``ManualChange`` names."""

    __tablename__ = "manual_change_job"

    plan_id: int = Field(foreign_key="manual_change.plan_id", primary_key=True)
    job_id: str = Field(foreign_key="job.id", primary_key=True, index=True)
