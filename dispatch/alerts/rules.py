"""Rules say which alerts become jobs, and templates what those jobs look like. Both are data."""

import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from dispatch.checklists import Checklist, WantedReadingOut, WantedReadings
from dispatch.company.devices import fits
from dispatch.intake import (
    Code,
    Codes,
    FiniteNumber,
    Input,
    PartQuantities,
    SkillLevels,
    SomeMinutes,
    Text,
)
from dispatch.log import Entity
from dispatch.models import (
    Alert,
    AlertRule,
    Asset,
    JobTemplate,
    PlaceWhen,
    Priority,
    Severity,
    Site,
    WindowPolicy,
)
from dispatch.output import Output
from dispatch.register import Register
from dispatch.texts import cleaned

SEVERITIES = list(Severity)
PRIORITIES = list(Priority)
PLACEHOLDERS = ("type", "severity", "message", "device", "asset", "model", "site")


class Comparison(StrEnum):
    ABOVE = "above"
    AT_LEAST = "at_least"
    BELOW = "below"
    AT_MOST = "at_most"


COMPARE = {
    Comparison.ABOVE: operator.gt,
    Comparison.AT_LEAST: operator.ge,
    Comparison.BELOW: operator.lt,
    Comparison.AT_MOST: operator.le,
}


class ReadingCondition(Input):
    """A reading has to be there, and so."""

    name: Text
    is_: Comparison = Field(alias="is")
    value: FiniteNumber


class RuleContent(Input):
    """What is done about the alerts that meet all conditions; of several rules the first counts."""

    position: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = 100
    """Rules are tried in the order of their positions, then of their ids."""
    name: Text
    active: Annotated[bool, Field(strict=True)] = True
    type_pattern: Text = "*"
    """Of the alert's type, in any case; `*` stands for any characters."""
    least_severity: Severity = Severity.INDETERMINATE
    readings: list[ReadingCondition] = Field(default=[], max_length=20)
    most_remaining_hours: Annotated[FiniteNumber, Field(ge=0)] | None = None
    """Of predicted remaining life, which then has to be told."""
    source_id: Code | None = None
    site_id: Code | None = None
    asset_id: Code | None = None
    model_pattern: Text | None = None
    template_id: Code | None = None
    """What the job looks like; null: such alerts are suppressed."""
    place: PlaceWhen = PlaceWhen.BY_PRIORITY
    quiet_minutes: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 0
    """So long after its job is done, the same problem still counts with it."""
    flood_minutes: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 0
    """Problems of a site within so many minutes become one visit; 0: each one its own."""
    most_tasks: Annotated[int, Field(strict=True, ge=1, le=100)] = 10
    """Of one visit."""
    withdraw: Annotated[bool, Field(strict=True)] = False
    """Whether the job is cancelled when all of its alerts are cleared before anyone set out."""


class RuleOut(Output):
    id: str
    position: int
    name: str
    active: bool
    type_pattern: str
    least_severity: Severity
    readings: list[dict[str, Any]]
    most_remaining_hours: float | None
    source_id: str | None
    site_id: str | None
    asset_id: str | None
    model_pattern: str | None
    template_id: str | None
    place: PlaceWhen
    quiet_minutes: int
    flood_minutes: int
    most_tasks: int
    withdraw: bool


def _known_placeholders(title: str) -> str:
    unknown = [one for one in re.findall(r"\{([^{}]*)\}", title) if one not in PLACEHOLDERS]
    if unknown:
        raise PydanticCustomError(
            "unknown_placeholder",
            "has unknown placeholders: {unknown}",
            {"unknown": ", ".join(unknown), "action": f"known are {', '.join(PLACEHOLDERS)}"},
        )
    return title


class TemplateContent(Input):
    """What the job that an alert makes looks like; people make jobs from it, too."""

    name: Text | None = None
    """What people call such work; null: as the title says."""
    priority: Priority = Priority.NORMAL
    """Of jobs that people make from it."""
    title: Annotated[Text, AfterValidator(_known_placeholders)]
    """With `{type}`, `{severity}`, `{message}`, `{device}`, `{asset}`, `{model}`, `{site}`."""
    skills: SkillLevels = Field(default=[])
    parts: PartQuantities = Field(default=[])
    tools: Codes = Field(default=[])
    checklist: Checklist = Field(default=[])
    """What the technician ticks off at the end of the visit, in this order."""
    readings: WantedReadings = Field(default=[])
    """What the technician measures."""
    duration_minutes: SomeMinutes
    extra_minutes: SomeMinutes | None = None
    """What it adds to a visit that is made anyway; absent: all of `duration_minutes`."""
    priorities: dict[Severity, Priority] = Field(default_factory=dict)
    """By severity; what is not named is normal."""
    due_within_hours: Annotated[FiniteNumber, Field(gt=0, le=100_000)] | None = None
    """From when the alert occurred."""
    safety_factor: Annotated[FiniteNumber, Field(gt=0, le=1)] = 0.5
    """The job is due when this share of the remaining life is over, if that is told and sooner."""
    window: WindowPolicy = WindowPolicy.REMAINING_LIFE
    """When the visit has to start before the due time, and not only should."""
    least_window_hours: Annotated[FiniteNumber, Field(gt=0, le=10_000)] = 4.0
    """A due time is never sooner than so many hours from now: nobody could make it."""


class TemplateOut(Output):
    id: str
    name: str | None
    priority: Priority
    title: str
    skills: list[dict[str, Any]]
    parts: list[dict[str, Any]]
    tools: list[str]
    checklist: list[str]
    """What the technician ticks off at the end of the visit, in this order."""
    readings: list[WantedReadingOut]
    """What the technician measures."""
    duration_minutes: int
    extra_minutes: int
    priorities: dict[Severity, Priority]
    due_within_hours: float | None
    safety_factor: float
    window: WindowPolicy
    least_window_hours: float


# Which rule applies


@dataclass(frozen=True)
class Facts:
    """What rules look at."""

    alert: Alert
    asset: Asset


@dataclass(frozen=True)
class ActiveRules:
    """The rules that are tried, in their order, and the templates that they use."""

    rules: Sequence[AlertRule]
    templates: Mapping[str | None, JobTemplate]


def active_rules(session: Session) -> ActiveRules:
    rows = session.exec(
        select(AlertRule, JobTemplate)
        .join(JobTemplate, col(AlertRule.template_id) == JobTemplate.id, isouter=True)
        .where(col(AlertRule.active))
    ).all()
    templates = {rule.template_id: template for rule, template in rows if template is not None}
    return ActiveRules(in_order(rule for rule, _ in rows), templates)


def in_order(rules: Iterable[AlertRule]) -> list[AlertRule]:
    return sorted(rules, key=lambda rule: (rule.position, rule.id))


def first_match(rules: Sequence[AlertRule], facts: Facts) -> AlertRule | None:
    return next((rule for rule in rules if applies(rule, facts)), None)


def applies(rule: AlertRule, facts: Facts) -> bool:
    """Whether the alert meets all conditions of the rule."""
    alert, asset = facts.alert, facts.asset
    remaining, most = alert.remaining_life_hours, rule.most_remaining_hours
    return (
        rule.active
        and fits(alert.type.casefold(), rule.type_pattern.casefold())
        and SEVERITIES.index(alert.severity) >= SEVERITIES.index(rule.least_severity)
        and (most is None or (remaining is not None and remaining <= most))
        and rule.source_id in (None, alert.source_id)
        and rule.site_id in (None, asset.site_id)
        and rule.asset_id in (None, asset.id)
        and (
            rule.model_pattern is None
            or fits((asset.model or "").casefold(), rule.model_pattern.casefold())
        )
        and all(_holds(condition, alert.readings) for condition in rule.readings)
    )


def _holds(condition: Mapping[str, Any], readings: Mapping[str, float]) -> bool:
    reading = readings.get(condition["name"])
    if reading is None:
        return False
    return bool(COMPARE[Comparison(condition["is"])](reading, condition["value"]))


# What a template says of an alert


def priority_of(template: JobTemplate, severity: Severity) -> Priority:
    return Priority(template.priorities.get(severity.value, Priority.NORMAL))


def higher(one: Priority, other: Priority) -> Priority:
    return max(one, other, key=PRIORITIES.index)


def places_at_once(rule: AlertRule, priority: Priority) -> bool:
    if rule.place is PlaceWhen.BY_PRIORITY:
        return PRIORITIES.index(priority) >= PRIORITIES.index(Priority.URGENT)
    return rule.place is PlaceWhen.AT_ONCE


def due_of(template: JobTemplate, alert: Alert, at: datetime) -> tuple[datetime | None, bool]:
    """When the job is due, if ever, and whether the visit has to start by then."""
    since = alert.last_active_at or alert.occurred_at
    hours = [template.due_within_hours] if template.due_within_hours is not None else []
    life = alert.remaining_life_hours
    life_hours = None if life is None else life * template.safety_factor
    if life_hours is not None:
        hours.append(life_hours)
    if not hours:
        return None, False
    due_at = since + timedelta(hours=min(hours))
    must = template.window is WindowPolicy.ALWAYS or (
        template.window is WindowPolicy.REMAINING_LIFE and min(hours) == life_hours
    )
    least = at + timedelta(hours=template.least_window_hours)
    return max(due_at, least).replace(microsecond=0), must


SIGNS = r"[\s:;,|/–—-]"
"""What stands between two parts of a title."""


def title_of(template: JobTemplate, alert: Alert, asset: Asset, site: Site) -> str:
    """The texts of the alert are data: they are put in as they are, and cut. What is empty takes
    the signs along that set it apart."""
    values = {
        "type": alert.type,
        "severity": alert.severity.value,
        "message": alert.message or "",
        "device": alert.device_id,
        "asset": asset.name,
        "model": asset.model or "",
        "site": site.name,
    }
    pattern = template.title
    for name in (name for name, value in values.items() if not cleaned(value)):
        pattern = re.sub(rf"\(\s*\{{{name}\}}\s*\)", f"{{{name}}}", pattern)
        pattern = re.sub(rf"{SIGNS}*\{{{name}\}}", "", pattern)
    if pattern != template.title:
        pattern = re.sub(f"^{SIGNS}+", "", pattern)
    title = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], pattern)
    return cleaned(" ".join(title.split())[:200]) or template.id


# How they are kept


def rule_row(id_: str, content: RuleContent) -> AlertRule:
    return AlertRule(id=id_, **_rule_columns(content))


def _rule_columns(content: RuleContent) -> dict[str, Any]:
    readings = [one.model_dump(mode="json", by_alias=True) for one in content.readings]
    return content.model_dump(exclude={"id", "readings"}) | {"readings": readings}


def _apply_rule(_session: Session, row: AlertRule, content: RuleContent) -> None:
    row.sqlmodel_update(_rule_columns(content))


def _apply_template(_session: Session, row: JobTemplate, content: TemplateContent) -> None:
    columns = content.model_dump(mode="json")
    columns["window"] = content.window
    columns["extra_minutes"] = content.extra_minutes or content.duration_minutes
    row.sqlmodel_update(columns)


RULES: Register[AlertRule, RuleContent, RuleOut] = Register(
    Entity.ALERT_RULE, AlertRule, RuleContent, RuleOut, _apply_rule
)
TEMPLATES: Register[JobTemplate, TemplateContent, TemplateOut] = Register(
    Entity.JOB_TEMPLATE,
    JobTemplate,
    TemplateContent,
    TemplateOut,
    _apply_template,
)
