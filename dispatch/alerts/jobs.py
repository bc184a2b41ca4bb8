"""From alerts to jobs: one problem, one job, and one visit for a flood of them.

A problem is a type of alert on a device. All functions expect that the transaction holds the site
(``hold_sites``), so that two alerts never judge the same situation at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from dispatch import store
from dispatch.alerts.rules import (
    SEVERITIES,
    ActiveRules,
    Facts,
    active_rules,
    due_of,
    first_match,
    higher,
    places_at_once,
    priority_of,
    title_of,
)
from dispatch.company.devices import Watched
from dispatch.errors import DispatchError
from dispatch.intake import JobChange, NewJob
from dispatch.jobs import jobs
from dispatch.jobs.details import JobOut
from dispatch.jobs.jobs import CHANGEABLE
from dispatch.jobs.placements import ask_for_place
from dispatch.local_time import as_said
from dispatch.models import (
    OVER,
    PLANNABLE,
    AlarmState,
    Alert,
    AlertOutcome,
    AlertRule,
    Job,
    JobStatus,
    JobTask,
    JobTemplate,
    Technician,
    TechnicianSkill,
)
from dispatch.settings import Settings

TRIGGER = "alert"
CHATTER = timedelta(hours=24)
"""A problem that came back so soon after its job was withdrawn is not withdrawn again."""


def hold_sites(session: Session, site_ids: Collection[str]) -> None:
    """Keep other transactions from judging alerts of these sites until the end of this one."""
    for site_id in sorted(site_ids):
        store.hold_idempotency_key(session, f"alerts at {site_id}")


@dataclass(frozen=True)
class Judge:
    """Decides what becomes of alerts, by the rules as they are when the first one is judged."""

    session: Session
    settings: Settings
    actor: str
    at: datetime

    @cached_property
    def _active(self) -> ActiveRules:
        with self.session.no_autoflush:
            return active_rules(self.session)

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
        rule = first_match(self._active.rules, Facts(alert, watched.asset))
        alert.rule_id = rule.id if rule else None
        template = self._active.templates.get(rule.template_id) if rule else None
        if rule is not None and template is None:
            _reject(alert, AlarmState.SUPPRESSED, f"rule {rule.id} suppresses it")
            return
        known = self._task_of_problem(alert, rule)
        if known is not None:
            self._fold(alert, *known, rule, template)
        elif rule is None or template is None:
            alert.outcome = AlertOutcome.RECEIVED
            alert.reason = "no rule applies to it"
        else:
            try:
                self._become_job(alert, rule, template, watched)
            except DispatchError as error:
                reason = f"template {template.id} makes no job: {error}"
                _reject(alert, alert.state, reason[:2000])

    # The same problem again

    def _task_of_problem(self, alert: Alert, rule: AlertRule | None) -> tuple[JobTask, Job] | None:
        """The newest task for this problem where the machine is now, unless its job is over.

        What was last told when the job was over says that the machine fails still, or again.
        """
        with self.session.no_autoflush:
            known = self.session.exec(
                select(JobTask, Job)
                .join(Job, col(JobTask.job_id) == Job.id)
                .where(
                    JobTask.device_id == alert.device_id,
                    JobTask.type == alert.type,
                    JobTask.asset_id == alert.asset_id,
                    Job.site_id == alert.site_id,
                )
                .order_by(col(JobTask.added_at).desc(), col(JobTask.alert_id).desc())
                .limit(1)
                .with_for_update(of=Job)
            ).one_or_none()
        if known is None:
            return None
        job = known[1]
        if job.status not in (*OVER, JobStatus.CANCELLED):
            return known
        if job.departed_at is None or job.status == JobStatus.CANCELLED:
            return None
        quiet = timedelta(minutes=rule.quiet_minutes if rule else 0)
        return known if alert.last_seen_at <= job.departed_at + quiet else None

    def _fold(
        self,
        alert: Alert,
        task: JobTask,
        job: Job,
        rule: AlertRule | None,
        template: JobTemplate | None,
    ) -> None:
        if alert.job_id != job.id:
            task.count += 1
        is_first = task.alert_id == alert.id
        alert.outcome = AlertOutcome.JOB if is_first else AlertOutcome.FOLDED
        alert.job_id = job.id
        task.last_seen_at = max(task.last_seen_at, self.at)
        task.severity = max(task.severity, alert.severity, key=SEVERITIES.index)
        alert.reason = None
        if rule is None or template is None:
            return
        try:
            self._change(job.id, rule, self._more_urgent(alert, job, template))
        except DispatchError as error:
            alert.reason = f"job {job.id} stays as it is: {error}"[:2000]

    def _more_urgent(self, alert: Alert, job: Job, template: JobTemplate) -> dict[str, Any]:
        """What of the job has to change because of the alert."""
        if job.status not in CHANGEABLE:
            return {}
        change: dict[str, Any] = {}
        priority = higher(job.priority, priority_of(template, alert.severity))
        if priority != job.priority:
            change["priority"] = priority
        due_at, must = due_of(template, alert, self.at)
        # What was told later is no sooner due only because the least window has moved on.
        if due_at is not None and (job.due_at is None or due_at < job.due_at):
            change |= self._due(jobs.read_job(self.session, job.id), due_at, must)
        return change

    def _due(self, job: JobOut, due_at: datetime, must: bool) -> dict[str, Any]:
        """An earlier due time, and the window with it; what the customer was told stays."""
        if not must or job.told_at is not None or len(job.windows) > 1:
            return {"due_at": due_at}
        starts_at = job.windows[0].starts_at if job.windows else self.at
        if starts_at > due_at:
            starts_at = self.at
        ends_at = min([due_at, *(window.ends_at for window in job.windows)])
        if ends_at < max(starts_at, self.at):
            ends_at = due_at
        return {"due_at": due_at, "windows": [{"starts_at": starts_at, "ends_at": ends_at}]}

    def _change(self, job_id: str, rule: AlertRule, change: Mapping[str, Any]) -> None:
        if not change:
            return
        wanted = JobChange.model_validate(change)
        job = jobs.change_job(
            self.session, job_id, wanted, actor=self.actor, settings=self.settings
        )
        self._ask_for_place(job, rule)

    def _ask_for_place(self, job: JobOut, rule: AlertRule) -> None:
        # What is in the plan already may no longer fit where it is.
        is_placed = job.status != JobStatus.OPEN
        if job.status in PLANNABLE and (is_placed or places_at_once(rule, job.priority)):
            ask_for_place(self.session, job.id, trigger=TRIGGER, actor=self.actor)

    # A new problem

    def _become_job(
        self, alert: Alert, rule: AlertRule, template: JobTemplate, watched: Watched
    ) -> None:
        title = title_of(template, alert, watched.asset, watched.site)
        job_id = self._join_visit(alert, rule, template)
        position = 1
        self.session.flush()
        if job_id is None:
            job = self._new_job(alert, template, title)
            job_id = job.id
            self._ask_for_place(job, rule)
        else:
            position += self._task_count(job_id)
        alert.outcome, alert.job_id, alert.reason = AlertOutcome.JOB, job_id, None
        assert alert.id is not None  # noqa: S101 - it was flushed
        self.session.add(
            JobTask(
                job_id=job_id,
                position=position,
                title=title,
                alert_id=alert.id,
                device_id=alert.device_id,
                asset_id=alert.asset_id,
                type=alert.type,
                severity=alert.severity,
                added_at=self.at,
                last_seen_at=self.at,
            )
        )
        self.session.flush()

    def _new_job(self, alert: Alert, template: JobTemplate, title: str) -> JobOut:
        due_at, must = due_of(template, alert, self.at)
        start = self.at.replace(microsecond=0)
        new = NewJob.model_validate(
            {
                "site_id": alert.site_id,
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
        job, _ = jobs.create_job(self.session, new, actor=self.actor, settings=self.settings)
        return job

    def _join_visit(self, alert: Alert, rule: AlertRule, template: JobTemplate) -> str | None:
        """The visit to the site, not yet begun, that now also solves this problem, if any can."""
        if not rule.flood_minutes:
            return None
        since = self.at - timedelta(minutes=rule.flood_minutes)
        found = self.session.exec(
            select(Job.id)
            .join(JobTask, col(JobTask.job_id) == Job.id)
            .where(
                Job.site_id == alert.site_id,
                col(Job.status).in_(PLANNABLE),
                JobTask.position == 1,
                JobTask.added_at >= since,
            )
            .order_by(col(JobTask.added_at), col(Job.id))
        ).all()
        for job_id in found:
            held = store.hold_job(self.session, job_id)
            if held is None or held.status not in PLANNABLE:
                continue
            change = self._with_task(alert, jobs.read_job(self.session, job_id), rule, template)
            if change is not None:
                self._change(job_id, rule, change)
                return job_id
        return None

    def _with_task(
        self, alert: Alert, job: JobOut, rule: AlertRule, template: JobTemplate
    ) -> dict[str, Any] | None:
        """What the job becomes with one more task; None if that would be too much."""
        minutes = job.duration_minutes + template.extra_minutes
        if self._task_count(job.id) >= rule.most_tasks or minutes > 24 * 60:
            return None
        skills = _merged(
            [one.model_dump() for one in job.skills], template.skills, "skill_id", "level", max
        )
        if skills and not self._anybody_has(skills):
            return None
        change: dict[str, Any] = {
            "duration_minutes": minutes,
            "skills": skills,
            "parts": _merged(
                [one.model_dump() for one in job.parts],
                template.parts,
                "part_id",
                "quantity",
                lambda one, other: one + other,
            ),
            "tools": sorted({*job.tools, *template.tools}),
            "priority": higher(job.priority, priority_of(template, alert.severity)),
        }
        due_at, must = due_of(template, alert, self.at)
        if due_at is not None and (job.due_at is None or due_at < job.due_at):
            change |= self._due(job, due_at, must)
        return change

    def _anybody_has(self, skills: Sequence[Mapping[str, Any]]) -> bool:
        """Whether one technician alone could do all of it; else a visit would have no place."""
        levels = {one["skill_id"]: one["level"] for one in skills}
        held: dict[str, set[str]] = {}
        for row in self.session.exec(
            select(TechnicianSkill)
            .join(Technician)
            .where(col(Technician.active), col(TechnicianSkill.skill_id).in_(levels))
        ):
            if row.level >= levels[row.skill_id] and (
                row.expires_on is None
                or row.expires_on >= self.at.astimezone(self.settings.zone).date()
            ):
                held.setdefault(row.technician_id, set()).add(row.skill_id)
        return any(len(some) == len(levels) for some in held.values())

    def _task_count(self, job_id: str) -> int:
        count = select(func.count()).select_from(JobTask).where(JobTask.job_id == job_id)
        return self.session.exec(count).one()

    # A problem that is gone

    def withdraw(self, job_ids: Collection[str]) -> None:
        """Cancel the jobs all of whose alerts are cleared, where nobody has begun or promised
        anything and the rules say so."""
        for job_id in sorted(job_ids):
            job = store.hold_job(self.session, job_id)
            if (
                job is not None
                and job.status in CHANGEABLE
                and job.told_at is None
                and job.pinned_technician_id is None
                and self._is_withdrawn(job)
            ):
                jobs.withdraw_job(self.session, job, actor=self.actor)

    def _is_withdrawn(self, job: Job) -> bool:
        alerts = self.session.exec(select(Alert).where(Alert.job_id == job.id)).all()
        if any(alert.outcome is not AlertOutcome.CLEARED for alert in alerts):
            return False
        tasks = self.session.exec(select(JobTask).where(JobTask.job_id == job.id)).all()
        # An alert that made it may be with another job since: the machine was moved.
        made_by = col(Alert.id).in_({task.alert_id for task in tasks})
        rules = set(self.session.exec(select(Alert.rule_id).where(made_by)).all())
        willing = {rule.id for rule in self._active.rules if rule.withdraw}
        return (
            bool(rules)
            and rules <= willing
            and not any(self._chatters(task, job) for task in tasks)
        )

    def _chatters(self, task: JobTask, job: Job) -> bool:
        """Whether the same problem had another job here of late that was withdrawn too soon."""
        earlier = (
            select(JobTask.job_id)
            .join(Job)
            .where(
                JobTask.device_id == task.device_id,
                JobTask.asset_id == task.asset_id,
                JobTask.type == task.type,
                JobTask.job_id != task.job_id,
                JobTask.added_at > self.at - CHATTER,
                Job.status == JobStatus.CANCELLED,
                Job.site_id == job.site_id,
            )
        )
        return self.session.exec(earlier.limit(1)).first() is not None


def _reject(alert: Alert, state: AlarmState, reason: str) -> None:
    alert.outcome, alert.state, alert.reason = AlertOutcome.REJECTED, state, reason


def _merged(
    one: Sequence[Mapping[str, Any]],
    other: Sequence[Mapping[str, Any]],
    name: str,
    number: str,
    join: Any,
) -> list[dict[str, Any]]:
    found = {row[name]: row[number] for row in one}
    for row in other:
        id_, amount = row[name], row[number]
        found[id_] = join(found[id_], amount) if id_ in found else amount
    return [{name: id_, number: amount} for id_, amount in sorted(found.items())]
