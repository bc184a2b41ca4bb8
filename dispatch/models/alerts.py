"""Machines at customers' sites, what they report, and the rules that make jobs of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatch.models.base import json_column, now, only_among, text_of
from dispatch.models.jobs import Priority


class Severity(StrEnum):
    """How bad it is, in the words of ITU-T X.733, least first."""

    INDETERMINATE = "indeterminate"
    WARNING = "warning"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class AlarmState(StrEnum):
    """Where an alert stands in the life of an alarm, in the words of ISA-18.2."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned_to_normal"
    """The condition is gone, and nobody had acknowledged it."""
    NORMAL = "normal"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed_by_design"
    OUT_OF_SERVICE = "out_of_service"


class AlertOutcome(StrEnum):
    """What became of an alert here."""

    RECEIVED = "received"
    """Kept for people to look at: no rule applies to it."""
    FOLDED = "folded"
    """Counted with a job that was there already."""
    REJECTED = "rejected"
    JOB = "job"
    CLEARED = "cleared"


class AlertFormat(StrEnum):
    """How the messages of a source are written."""

    CLOUDEVENTS = "cloudevents"
    THINGSBOARD = "thingsboard"
    MAPPED = "mapped"


class PlaceWhen(StrEnum):
    """When a job that an alert made gets its place in a plan."""

    AT_ONCE = "at_once"
    NEXT_PLAN = "next_plan"
    BY_PRIORITY = "by_priority"
    """At once if it is urgent or more."""


class WindowPolicy(StrEnum):
    """When the due time of a job bounds the start of the visit, and is not only a wish."""

    NEVER = "never"
    REMAINING_LIFE = "remaining_life"
    """If it was derived from the remaining life."""
    ALWAYS = "always"


class DeadLetterState(StrEnum):
    WAITING = "waiting"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class BodyKept(StrEnum):
    """What of a dead letter's body is kept, and how."""

    WHOLE = "whole"
    COMPRESSED = "compressed"
    """All of it, by zlib."""
    CUT = "cut"
    """The beginning; the rest is gone."""


class Asset(SQLModel, table=True):
    """A machine at a site."""

    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    name: str
    model: str | None = None
    serial_number: str | None = None


class Device(SQLModel, table=True):
    """What watches an asset and sends alerts."""

    id: str = Field(primary_key=True)
    asset_id: str = Field(foreign_key="asset.id", index=True)
    in_service: bool = True
    """While it is not, its alerts are kept and make no jobs."""
    shelved_until: datetime | None = None
    """Until then its alerts are kept and make no jobs: somebody knows already."""


class DeviceName(SQLModel, table=True):
    """A name by which messages call a device; one with ``*`` is a pattern. Its id is one too."""

    __tablename__ = "device_name"

    name: str = Field(primary_key=True)
    device_id: str = Field(foreign_key="device.id", index=True, ondelete="CASCADE")
    is_pattern: bool = Field(default=False, index=True)


class AlertSource(SQLModel, table=True):
    """A platform that sends alerts, and how its messages are to be read and trusted."""

    __tablename__ = "alert_source"

    id: str = Field(primary_key=True)
    name: str
    format: AlertFormat = Field(sa_type=text_of(AlertFormat))
    mapping: dict[str, Any] | None = Field(default=None, sa_column=json_column(optional=True))
    secrets: list[str] = Field(default_factory=list, sa_column=json_column())
    """Of Standard Webhooks; any of them is good, so that one can replace the other."""
    require_signature: bool = False
    active: bool = True


class JobTemplate(SQLModel, table=True):
    """What the job that an alert makes looks like; what people make jobs from, too."""

    __tablename__ = "job_template"

    id: str = Field(primary_key=True)
    name: str | None = None
    """What people call such work; None: as the title says."""
    title: str
    priority: Priority = Field(default=Priority.NORMAL, sa_type=text_of(Priority))
    """Of jobs that people make from it."""
    skills: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    parts: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    tools: list[str] = Field(default_factory=list, sa_column=json_column())
    checklist: list[str] = Field(default_factory=list, sa_column=json_column())
    """What the technician ticks off, in this order."""
    readings: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    """What the technician measures: name, unit, and the least and most that it should be."""
    duration_minutes: int
    extra_minutes: int
    """What it adds to a visit that is made anyway."""
    priorities: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    """Priority by severity; what is not named is normal."""
    due_within_hours: float | None = None
    safety_factor: float = 0.5
    """The job is due when this share of the remaining life is over."""
    window: WindowPolicy = Field(default=WindowPolicy.REMAINING_LIFE, sa_type=text_of(WindowPolicy))
    least_window_hours: float = 4.0


class AlertRule(SQLModel, table=True):
    """What is done about some alerts; the first rule that applies counts."""

    __tablename__ = "alert_rule"

    id: str = Field(primary_key=True)
    position: int = Field(index=True)
    name: str
    active: bool = True
    type_pattern: str = "*"
    least_severity: Severity = Field(default=Severity.INDETERMINATE, sa_type=text_of(Severity))
    readings: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    most_remaining_hours: float | None = None
    source_id: str | None = None
    site_id: str | None = None
    asset_id: str | None = None
    model_pattern: str | None = None
    template_id: str | None = Field(default=None, foreign_key="job_template.id")
    """None: such alerts are suppressed."""
    place: PlaceWhen = Field(default=PlaceWhen.BY_PRIORITY, sa_type=text_of(PlaceWhen))
    quiet_minutes: int = 0
    flood_minutes: int = 0
    most_tasks: int = 10
    withdraw: bool = False


class Alert(SQLModel, table=True):
    """One alert of a device, as all messages about it tell; its source names it once."""

    __table_args__ = (
        UniqueConstraint("source_id", "origin", "id_at_source", name="uq_alert_source_id"),
        Index("ix_alert_problem", "device_id", "type", "outcome", "cleared_at"),
        Index("ix_alert_device_id", "device_id", "id"),
        Index("ix_alert_source_id", "source_id", "id"),
        Index("ix_alert_state", "state", "id"),
        Index("ix_alert_outcome", "outcome", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    source_id: str = ""
    """Which configured source sent it; empty: none, it came as it is."""
    origin: str = ""
    """Where the source has it from, such as the ``source`` of a CloudEvent."""
    id_at_source: str
    device_id: str = Field(foreign_key="device.id")
    asset_id: str | None = Field(default=None, foreign_key="asset.id")
    """What the device watched when it last said that the alert is there; so is the site."""
    site_id: str = Field(foreign_key="site.id", index=True)
    type: str
    severity: Severity = Field(sa_type=text_of(Severity))
    """The highest that was told since it was last over."""
    readings: dict[str, float] = Field(default_factory=dict, sa_column=json_column())
    remaining_life_hours: float | None = None
    message: str | None = None
    occurred_at: datetime
    received_at: datetime = Field(default_factory=now, index=True)
    last_seen_at: datetime
    count: int = 1
    """How many messages told of it, repetitions included."""
    word_at: datetime | None = None
    """When the word was given, by the giver's clock, that decided whether it is active; an older
    one that comes later decides nothing. None: by no clock that could be believed."""
    heard: list[str] = Field(default_factory=list, sa_column=json_column())
    """Which messages about it came last, by what they say, their topics and packets: one that
    comes again is no news. See ``life``."""
    last_active_at: datetime | None = None
    """When it was last said to be active, by the device's clock; so are the next two."""
    acknowledged_at: datetime | None = None
    cleared_at: datetime | None = None
    acknowledged_by: str | None = None
    state: AlarmState = Field(default=AlarmState.UNACKNOWLEDGED, sa_type=text_of(AlarmState))
    outcome: AlertOutcome = Field(default=AlertOutcome.RECEIVED, sa_type=text_of(AlertOutcome))
    reason: str | None = None
    """Why it became no job, or none of its own."""
    rule_id: str | None = None
    job_id: str | None = Field(default=None, foreign_key="job.id", index=True)
    raw: Any = Field(default=None, sa_column=json_column(optional=True))
    """The newest message about it, as it came."""


class JobTask(SQLModel, table=True):
    """One of the problems that a visit is to solve, and how often it was told."""

    __tablename__ = "job_task"
    __table_args__ = (Index("ix_job_task_problem", "device_id", "type", "added_at"),)

    job_id: str = Field(foreign_key="job.id", primary_key=True)
    position: int = Field(primary_key=True)
    title: str
    alert_id: int = Field(foreign_key="alert.id", index=True)
    """The first alert of it."""
    device_id: str = Field(foreign_key="device.id")
    asset_id: str | None = Field(default=None, foreign_key="asset.id")
    """The machine; the device may watch another one by now."""
    type: str
    count: int = 1
    """How many alerts tell of it."""
    severity: Severity = Field(sa_type=text_of(Severity))
    """The highest of them."""
    added_at: datetime
    last_seen_at: datetime


class DeadLetter(SQLModel, table=True):
    """A message that was accepted and could not be understood."""

    __tablename__ = "dead_letter"
    __table_args__ = (
        Index("ix_dead_letter_state", "state", "id"),
        Index("ix_dead_letter_device", "source_id", "device", "id"),
        Index(
            "ix_dead_letter_waiting",
            "source_id",
            "received_at",
            "last_seen_at",
            **only_among("state", (DeadLetterState.WAITING,)),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    source_id: str = ""
    digest: str = Field(unique=True)
    """Of everything that it says, so that sent again it is kept once."""
    content_type: str
    headers: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    """Those that say what it is."""
    device: str | None = None
    """Whom the topic names, if it came over MQTT."""
    is_item: bool = False
    """Whether it is one of several that came in one message."""
    body: bytes
    """Compressed or cut if it is large; see ``dead_letters``."""
    size: int = 0
    """How many bytes came."""
    kept_as: BodyKept = Field(default=BodyKept.WHOLE, sa_type=text_of(BodyKept))
    faults: list[dict[str, str]] = Field(sa_column=json_column())
    received_at: datetime = Field(default_factory=now)
    last_seen_at: datetime
    count: int = 1
    state: DeadLetterState = Field(
        default=DeadLetterState.WAITING, sa_type=text_of(DeadLetterState)
    )
    settled_at: datetime | None = None
    settled_by: str | None = None
    alert_ids: list[int] = Field(default_factory=list, sa_column=json_column())
    """What it became when it was replayed."""
