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
from dispatch.alerts.judging import (
    CHATTER,
    Judging,
    may_join,
    more_urgent,
    new_job,
    one_has_all,
    with_task,
)
from dispatch.alerts.rules import (
    SEVERITIES,
    ActiveRules,
    active_rules,
    places_at_once,
    title_of,
)
from dispatch.company.devices import Watched
from dispatch.errors import DispatchError
from dispatch.intake import JobChange, Window
from dispatch.jobs import jobs
from dispatch.jobs.details import JobOut
from dispatch.jobs.jobs import CHANGEABLE
from dispatch.jobs.placements import ask_for_place
from dispatch.models import (
    OVER,
    PLANNABLE,
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


def hold_sites(session: Session, site_ids: Collection[str]) -> None:
    """Keep other transactions from judging alerts of these sites until the end of this one."""
    for site_id in sorted(site_ids):
        store.hold_idempotency_key(session, f"alerts at {site_id}")


@dataclass(frozen=True)
class Judge(Judging[tuple[JobTask, Job]]):
    """Decides what becomes of alerts that come in, by the rules as they are when the first one is
    judged."""

    session: Session
    settings: Settings
    actor: str
    at: datetime

    @cached_property
    def active(self) -> ActiveRules:
        with self.session.no_autoflush:
            return active_rules(self.session)

    # The same problem again

    def known(self, alert: Alert, rule: AlertRule | None) -> tuple[JobTask, Job] | None:
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

    def fold(
        self,
        alert: Alert,
        known: tuple[JobTask, Job],
        rule: AlertRule | None,
        template: JobTemplate | None,
    ) -> None:
        task, job = known
        if alert.job_id != job.id:
            task.count += 1
        is_first = task.alert_id == alert.id
        alert.outcome = AlertOutcome.JOB if is_first else AlertOutcome.FOLDED
        alert.job_id = job.id
        task.last_seen_at = max(task.last_seen_at, self.at)
        task.severity = max(task.severity, alert.severity, key=SEVERITIES.index)
        alert.reason = None
        if rule is None or template is None or job.status not in CHANGEABLE:
            return

        def windows() -> Sequence[Window]:
            return jobs.read_job(self.session, job.id).windows

        try:
            self._change(job.id, rule, more_urgent(job, windows, alert, template, self.at))
        except DispatchError as error:
            alert.reason = f"job {job.id} stays as it is: {error}"[:2000]

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

    def become_job(
        self, alert: Alert, rule: AlertRule, template: JobTemplate, watched: Watched
    ) -> None:
        title = title_of(template, alert, watched.asset, watched.site)
        job_id = self._join_visit(alert, rule, template)
        position = 1
        self.session.flush()
        if job_id is None:
            new = new_job(alert, template, title, self.at)
            job, _ = jobs.create_job(self.session, new, actor=self.actor, settings=self.settings)
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

    def _join_visit(self, alert: Alert, rule: AlertRule, template: JobTemplate) -> str | None:
        """The visit to the site, not yet begun, that now also solves this problem, if any can."""
        since = may_join(rule, self.at)
        if since is None:
            return None
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
            job, tasks = jobs.read_job(self.session, job_id), self._task_count(job_id)
            change = with_task(job, tasks, alert, rule, template, self.at, self._anybody_has)
            if change is not None:
                self._change(job_id, rule, change)
                return job_id
        return None

    def _anybody_has(self, levels: Mapping[str, int]) -> bool:
        held = self.session.exec(
            select(TechnicianSkill)
            .join(Technician)
            .where(col(Technician.active), col(TechnicianSkill.skill_id).in_(levels))
        )
        return one_has_all(held, levels, self.at.astimezone(self.settings.zone).date())

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
        willing = {rule.id for rule in self.active.rules if rule.withdraw}
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
