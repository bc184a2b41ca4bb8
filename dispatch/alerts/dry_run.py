"""What rules would have made of past alerts. Nothing is changed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from sqlalchemy import func
from sqlmodel import Session, col, select

from dispatch.alerts.judging import (
    CHATTER,
    Change,
    Judging,
    may_join,
    more_urgent,
    new_job,
    one_has_all,
    with_task,
)
from dispatch.alerts.rules import (
    ActiveRules,
    Facts,
    RuleContent,
    active_rules,
    first_match,
    in_order,
    rule_row,
)
from dispatch.company.devices import Watched
from dispatch.errors import InvalidInput
from dispatch.intake import Code, Input, Moment, NewJob, not_before
from dispatch.models import (
    Alert,
    AlertOutcome,
    AlertRule,
    Asset,
    Device,
    JobTemplate,
    Priority,
    Site,
    Technician,
    TechnicianSkill,
)
from dispatch.output import Output
from dispatch.references import references_of, unknown_references
from dispatch.settings import Settings

_Problem = tuple[str, str, str | None, str]


class NamedRule(RuleContent):
    """A rule with its id."""

    id: Code


class DryRunRequest(Input):
    """Which rules to try, and on which alerts."""

    rules: list[NamedRule] | None = Field(default=None, max_length=500)
    """Absent: those that are kept."""
    starts_at: Moment | None = None
    """Alerts received from then on; absent: from the first."""
    ends_at: Moment | None = None
    """Up to then; absent: to the last."""
    limit: Annotated[int, Field(strict=True, ge=1, le=5_000)] = 1_000
    """Most alerts; the newest of them count."""

    @field_validator("ends_at")
    @classmethod
    def _in_order(cls, ends_at: datetime | None, info: ValidationInfo) -> datetime | None:
        if ends_at is None or info.data.get("starts_at") is None:
            return ends_at
        return not_before(ends_at, info, "starts_at")


class TriedAlert(Output):
    """What would have become of an alert, and what did."""

    alert_id: int
    device_id: str
    type: str
    outcome: AlertOutcome
    rule_id: str | None
    visit: int | None
    """Number of the job that it would be with, counted in this dry run."""
    priority: Priority | None
    """Of that job, after this alert."""
    was: AlertOutcome


class DryRun(Output):
    """As if nobody had worked on the jobs, or changed them."""

    visits: int
    """Jobs that would have been made."""
    withdrawn: int
    """Of them, those whose problems all went away before anyone set out."""
    alerts: list[TriedAlert]


@dataclass
class _DryRunVisit:
    number: int
    job: NewJob
    made_at: datetime
    made_by: list[AlertRule] = field(default_factory=list)
    problems: list[_Problem] = field(default_factory=list)
    active: set[int] = field(default_factory=set)
    is_withdrawn: bool = False


def dry_run(session: Session, request: DryRunRequest, settings: Settings) -> DryRun:
    """Raises ``InvalidInput`` if the rules refer to what is not there."""
    rules = _rules(session, request.rules)
    query = (
        select(Alert, Device, Asset, Site)
        .join(Device, col(Alert.device_id) == Device.id)
        .join(Asset, col(Asset.id) == func.coalesce(Alert.asset_id, Device.asset_id))
        .join(Site, col(Alert.site_id) == Site.id)
    )
    query = query.order_by(col(Alert.received_at).desc(), col(Alert.id).desc())
    if request.starts_at is not None:
        query = query.where(Alert.received_at >= request.starts_at)
    if request.ends_at is not None:
        query = query.where(Alert.received_at <= request.ends_at)
    found = session.exec(query.limit(request.limit)).all()[::-1]
    skills = session.exec(select(TechnicianSkill).join(Technician).where(col(Technician.active)))
    trial = _DryRunJudge(rules, skills.all(), settings)
    tried = [
        trial.told(alert, Watched(device, asset, site)) for alert, device, asset, site in found
    ]
    trial.clear_until(None)
    withdrawn = sum(visit.is_withdrawn for visit in trial.visits)
    return DryRun(visits=len(trial.visits), withdrawn=withdrawn, alerts=tried)


def _rules(session: Session, named: Sequence[NamedRule] | None) -> ActiveRules:
    if named is None:
        return active_rules(session)
    faults = unknown_references(session, [one for rule in named for one in references_of(rule)])
    if faults:
        raise InvalidInput(*faults)
    templates: dict[str | None, JobTemplate]
    templates = {row.id: row for row in session.exec(select(JobTemplate))}
    return ActiveRules(in_order(rule_row(rule.id, rule) for rule in named), templates)


class _DryRunJudge(Judging[_DryRunVisit]):
    """Judges alerts when they came in, with jobs that are nowhere but here."""

    def __init__(
        self, active: ActiveRules, skills: Sequence[TechnicianSkill], settings: Settings
    ) -> None:
        self._active, self.skills, self.settings = active, skills, settings
        self.visits: list[_DryRunVisit] = []
        self.of_alert: dict[int, _DryRunVisit] = {}
        self.with_problem = defaultdict[_Problem, list[tuple[datetime, _DryRunVisit]]](list)
        self.clearings: list[tuple[datetime, int, _DryRunVisit]] = []

    @property
    def active(self) -> ActiveRules:
        return self._active

    def told(self, stored: Alert, watched: Watched) -> TriedAlert:
        """What would have become of the alert, which is left as it is."""
        self.at = stored.received_at
        self.clear_until(self.at)
        alert = Alert(**stored.model_dump() | {"rule_id": None})
        if alert.last_active_at is None or (
            alert.cleared_at is not None and alert.cleared_at <= min(self.at, alert.last_active_at)
        ):
            alert.outcome = AlertOutcome.CLEARED
        else:
            self.judge(alert, watched)
        rule_id = alert.rule_id
        if rule_id is None:
            # What is over or held back is told its rule too, which nobody has had to look for.
            rule = first_match(self.active.rules, Facts(alert, watched.asset))
            rule_id = rule.id if rule else None
        visit = self.of_alert.get(stored.id or 0)
        return TriedAlert(
            alert_id=alert.id or 0,
            device_id=alert.device_id,
            type=alert.type,
            outcome=alert.outcome,
            rule_id=rule_id,
            visit=visit.number if visit else None,
            priority=visit.job.priority if visit else None,
            was=stored.outcome,
        )

    def known(self, alert: Alert, rule: AlertRule | None) -> _DryRunVisit | None:
        earlier = self.with_problem[_problem(alert)]
        return earlier[-1][1] if earlier and not earlier[-1][1].is_withdrawn else None

    def fold(
        self,
        alert: Alert,
        known: _DryRunVisit,
        rule: AlertRule | None,
        template: JobTemplate | None,
    ) -> None:
        self._count(alert, known, AlertOutcome.FOLDED)
        if template is not None:
            windows = known.job.windows
            change = more_urgent(known.job, lambda: windows, alert, template, self.at)
            known.job = _changed(known.job, change)

    def become_job(
        self, alert: Alert, rule: AlertRule, template: JobTemplate, watched: Watched
    ) -> None:
        visit = self._joined(alert, rule, template)
        if visit is None:
            job = new_job(alert, template, template.id, self.at)
            visit = _DryRunVisit(len(self.visits) + 1, job, self.at)
            self.visits.append(visit)
        self._count(alert, visit, AlertOutcome.JOB)
        visit.made_by.append(rule)
        visit.problems.append(_problem(alert))
        self.with_problem[_problem(alert)].append((self.at, visit))

    def _count(self, alert: Alert, visit: _DryRunVisit, outcome: AlertOutcome) -> None:
        assert alert.id is not None  # noqa: S101 - it is stored
        alert.outcome = outcome
        self.of_alert[alert.id] = visit
        visit.active.add(alert.id)
        if alert.cleared_at is not None:
            self.clearings.append((alert.cleared_at, alert.id, visit))

    def _joined(self, alert: Alert, rule: AlertRule, template: JobTemplate) -> _DryRunVisit | None:
        since = may_join(rule, self.at)
        if since is None:
            return None
        for visit in self.visits:
            if visit.job.site_id != alert.site_id or visit.is_withdrawn or visit.made_at < since:
                continue
            tasks = len(visit.problems)
            change = with_task(visit.job, tasks, alert, rule, template, self.at, self._anybody_has)
            if change is not None:
                visit.job = _changed(visit.job, change)
                return visit
        return None

    def _anybody_has(self, levels: Mapping[str, int]) -> bool:
        return one_has_all(self.skills, levels, self.at.astimezone(self.settings.zone).date())

    def clear_until(self, at: datetime | None) -> None:
        """Let time pass until then (None: for ever)."""
        self.clearings.sort(key=lambda one: one[:2])
        while self.clearings and (at is None or self.clearings[0][0] <= at):
            cleared_at, alert_id, visit = self.clearings.pop(0)
            visit.active.discard(alert_id)
            visit.is_withdrawn = visit.is_withdrawn or self._lets_go(visit, cleared_at)

    def _lets_go(self, visit: _DryRunVisit, at: datetime) -> bool:
        return (
            not visit.active
            and all(rule.withdraw for rule in visit.made_by)
            and not any(self._chatters(problem, visit, at) for problem in visit.problems)
        )

    def _chatters(self, problem: _Problem, visit: _DryRunVisit, at: datetime) -> bool:
        return any(
            other.is_withdrawn and other is not visit and added_at > at - CHATTER
            for added_at, other in self.with_problem[problem]
        )


def _problem(alert: Alert) -> _Problem:
    return alert.device_id, alert.type, alert.asset_id, alert.site_id


def _changed(job: NewJob, change: Change) -> NewJob:
    return NewJob.model_validate(job.model_dump() | change)
