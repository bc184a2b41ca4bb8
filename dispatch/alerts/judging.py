"""What alerts make of jobs, worked out from what is given: nothing is read, and nothing is stored.

Who judges alerts as they come in and who tries rules on past ones both ask here.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from dispatch.alerts.rules import (
    ActiveRules,
    Facts,
    due_of,
    first_match,
    higher,
    priority_of,
)
from dispatch.company.devices import Watched
from dispatch.errors import DispatchError
from dispatch.intake import JobChange, NewJob, Window
from dispatch.jobs.details import JobOut
from dispatch.local_time import as_said
from dispatch.models import (
    AlarmState,
    Alert,
    AlertOutcome,
    AlertRule,
    Job,
    JobTemplate,
    TechnicianSkill,
)
from dispatch.settings import Settings

Known = TypeVar("Known")

CHATTER = timedelta(hours=24)
"""A problem that came back so soon after its job was withdrawn is not withdrawn again."""

Change = dict[str, Any]
"""Fields of a job that become something else."""


class Judging(ABC, Generic[Known]):
    """Decides what becomes of alerts. How the jobs of earlier ones are found, and where new ones
    are kept, is for those to say who derive from it."""

    settings: Settings
    at: datetime

    @property
    @abstractmethod
    def active(self) -> ActiveRules:
        """The rules as they are when the first alert is judged."""

    @abstractmethod
    def known(self, alert: Alert, rule: AlertRule | None) -> Known | None:
        """The job that there is for the alert's problem where the machine is now."""

    @abstractmethod
    def fold(
        self, alert: Alert, known: Known, rule: AlertRule | None, template: JobTemplate | None
    ) -> None:
        """Count the alert with the job that is there."""

    @abstractmethod
    def become_job(
        self, alert: Alert, rule: AlertRule, template: JobTemplate, watched: Watched
    ) -> None:
        """Let the alert have a job. Raises ``DispatchError`` if the template makes none."""

    def judge(self, alert: Alert, watched: Watched) -> None:
        """Let an active alert become a job, be counted with one, or say why it does not."""
        device = watched.device
        alert.site_id, alert.asset_id = watched.site.id, watched.asset.id
        if not device.in_service:
            _reject(alert, AlarmState.OUT_OF_SERVICE, f"device {device.id} is out of service")
            return
        if device.shelved_until is not None and device.shelved_until > self.at:
            until = as_said(device.shelved_until, self.settings.zone)
            reason = f"device {device.id} is shelved until {until}"
            _reject(alert, AlarmState.SHELVED, reason)
            return
        alert.state = (
            AlarmState.ACKNOWLEDGED if alert.acknowledged_at else AlarmState.UNACKNOWLEDGED
        )
        rule = first_match(self.active.rules, Facts(alert, watched.asset))
        alert.rule_id = rule.id if rule else None
        template = self.active.templates.get(rule.template_id) if rule else None
        if rule is not None and template is None:
            _reject(alert, AlarmState.SUPPRESSED, f"rule {rule.id} suppresses it")
            return
        known = self.known(alert, rule)
        if known is not None:
            self.fold(alert, known, rule, template)
        elif rule is None or template is None:
            alert.outcome = AlertOutcome.RECEIVED
            alert.reason = "no rule applies to it"
        else:
            try:
                self.become_job(alert, rule, template, watched)
            except DispatchError as error:
                reason = f"template {template.id} makes no job: {error}"
                _reject(alert, alert.state, reason[:2000])


def _reject(alert: Alert, state: AlarmState, reason: str) -> None:
    alert.outcome, alert.state, alert.reason = AlertOutcome.REJECTED, state, reason


def new_job(alert: Alert, template: JobTemplate, title: str, at: datetime) -> NewJob:
    due_at, must = due_of(template, alert, at)
    start = at.replace(microsecond=0)
    return NewJob.model_validate(
        {
            "site_id": alert.site_id,
            "asset_id": alert.asset_id,
            "work_type_id": template.id,
            "title": title,
            "priority": priority_of(template, alert.severity),
            "duration_minutes": template.duration_minutes,
            "due_at": due_at,
            "windows": [{"starts_at": start, "ends_at": due_at}] if must else [],
            "skills": template.skills,
            "parts": template.parts,
            "tools": template.tools,
        }
    )


def more_urgent(
    job: Job | JobOut | NewJob,
    windows: Callable[[], Sequence[Window]],
    alert: Alert,
    template: JobTemplate,
    at: datetime,
) -> Change:
    """What of the job has to change because its problem is told of again, or one more with it.
    Its ``windows`` are only asked for if need be."""
    change: Change = {}
    priority = higher(job.priority, priority_of(template, alert.severity))
    if priority != job.priority:
        change["priority"] = priority
    due_at, must = due_of(template, alert, at)
    # What was told later is no sooner due only because the least window has moved on.
    if due_at is not None and (job.due_at is None or due_at < job.due_at):
        change["due_at"] = due_at
        # What the customer was told stays.
        if must and job.told_at is None and len(now_open := windows()) <= 1:
            change["windows"] = [_until(due_at, now_open, at)]
    return change


def _until(due_at: datetime, windows: Sequence[Window], at: datetime) -> dict[str, datetime]:
    """The window, if there is one, that ends by the earlier due time."""
    starts_at = windows[0].starts_at if windows else at
    if starts_at > due_at:
        starts_at = at
    ends_at = min([due_at, *(window.ends_at for window in windows)])
    if ends_at < max(starts_at, at):
        ends_at = due_at
    return {"starts_at": starts_at, "ends_at": ends_at}


def may_join(rule: AlertRule, at: datetime) -> datetime | None:
    """A visit to the site that was asked for since then also solves the problem; None: no visit."""
    return at - timedelta(minutes=rule.flood_minutes) if rule.flood_minutes else None


def with_task(
    job: JobOut | NewJob,
    tasks: int,
    alert: Alert,
    rule: AlertRule,
    template: JobTemplate,
    at: datetime,
    anybody_has: Callable[[Mapping[str, int]], bool],
) -> Change | None:
    """What the job, which has so many ``tasks``, becomes with one more; None if that would be more
    than one job may be. ``anybody_has`` says whether one technician alone has the skills at these
    levels: else a visit would have no place."""
    if tasks >= rule.most_tasks:
        return None
    skills = {one.skill_id: one.level for one in job.skills}
    for row in template.skills:
        skills[row["skill_id"]] = max(row["level"], skills.get(row["skill_id"], 0))
    parts = Counter({one.part_id: one.quantity for one in job.parts})
    parts.update({row["part_id"]: row["quantity"] for row in template.parts})
    change = {
        "duration_minutes": job.duration_minutes + template.extra_minutes,
        "skills": [{"skill_id": id_, "level": level} for id_, level in sorted(skills.items())],
        "parts": [{"part_id": id_, "quantity": number} for id_, number in sorted(parts.items())],
        "tools": sorted({*job.tools, *template.tools}),
        **more_urgent(job, lambda: job.windows, alert, template, at),
    }
    try:
        JobChange.model_validate(change)
    except ValidationError:
        return None
    return change if not skills or anybody_has(skills) else None


def one_has_all(held: Iterable[TechnicianSkill], levels: Mapping[str, int], day: date) -> bool:
    """Whether one technician alone holds all skills at these levels on the day."""
    holders: dict[str, set[str]] = {}
    for row in held:
        is_valid = row.expires_on is None or row.expires_on >= day
        if is_valid and row.level >= levels.get(row.skill_id, row.level + 1):
            holders.setdefault(row.technician_id, set()).add(row.skill_id)
    return any(len(skills) == len(levels) for skills in holders.values())
