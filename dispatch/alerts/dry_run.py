"""What rules would have made of past alerts. Nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from sqlmodel import Session, col, select

from dispatch.alerts.rules import (
    Facts,
    RuleContent,
    active_rules,
    first_match,
    higher,
    in_order,
    priority_of,
    rule_references,
    rule_row,
)
from dispatch.errors import InvalidInput
from dispatch.intake import Code, Input, Moment, not_before
from dispatch.models import Alert, AlertOutcome, AlertRule, Asset, Device, JobTemplate, Priority
from dispatch.output import Output
from dispatch.references import unknown_references


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
    site_id: str
    made_at: datetime
    priority: Priority
    problems: list[tuple[str, ...]]
    willing: bool
    """Whether all rules that made it let it be withdrawn."""
    active: set[int] = field(default_factory=set)
    is_withdrawn: bool = False


def dry_run(session: Session, request: DryRunRequest) -> DryRun:
    """Raises ``InvalidInput`` if the rules refer to what is not there."""
    rules = _rules(session, request.rules)
    templates = {row.id: row for row in session.exec(select(JobTemplate))}
    query = (
        select(Alert, Device, Asset)
        .join(Device, col(Alert.device_id) == Device.id)
        .join(Asset, col(Device.asset_id) == Asset.id)
    )
    query = query.order_by(col(Alert.received_at).desc(), col(Alert.id).desc())
    if request.starts_at is not None:
        query = query.where(Alert.received_at >= request.starts_at)
    if request.ends_at is not None:
        query = query.where(Alert.received_at <= request.ends_at)
    found = session.exec(query.limit(request.limit)).all()[::-1]
    trial = _DryRunVisits(rules, templates)
    tried = [trial.judge(alert, device, asset) for alert, device, asset in found]
    trial.clear_until(None)
    withdrawn = sum(visit.is_withdrawn for visit in trial.visits)
    return DryRun(visits=len(trial.visits), withdrawn=withdrawn, alerts=tried)


def _rules(session: Session, named: Sequence[NamedRule] | None) -> Sequence[AlertRule]:
    if named is None:
        return active_rules(session).rules
    faults = unknown_references(session, [one for rule in named for one in rule_references(rule)])
    if faults:
        raise InvalidInput(*faults)
    return in_order(rule_row(rule.id, rule) for rule in named)


class _DryRunVisits:
    """The rules of ``alert_jobs``, on jobs that are only numbers."""

    def __init__(self, rules: Sequence[AlertRule], templates: dict[str, JobTemplate]) -> None:
        self.rules, self.templates = rules, templates
        self.visits: list[_DryRunVisit] = []
        self.of_problem: dict[tuple[str, ...], _DryRunVisit] = {}
        self.clearings: list[tuple[datetime, int, _DryRunVisit]] = []

    def judge(self, alert: Alert, device: Device, asset: Asset) -> TriedAlert:
        at = alert.received_at
        self.clear_until(at)
        rule = first_match(self.rules, Facts(alert, asset))
        template = self.templates[rule.template_id] if rule and rule.template_id else None
        problem = (alert.device_id, alert.type, alert.asset_id or asset.id, alert.site_id)
        visit = self.of_problem.get(problem)
        if alert.last_active_at is None or (
            alert.cleared_at is not None and alert.cleared_at <= min(at, alert.last_active_at)
        ):
            return self._told(alert, AlertOutcome.CLEARED, rule, None)
        is_shelved = device.shelved_until is not None and device.shelved_until > at
        if not device.in_service or is_shelved or (rule is not None and template is None):
            return self._told(alert, AlertOutcome.REJECTED, rule, None)
        if visit is not None and not visit.is_withdrawn:
            outcome = AlertOutcome.FOLDED
        elif rule is None or template is None:
            return self._told(alert, AlertOutcome.RECEIVED, rule, None)
        else:
            outcome, visit = AlertOutcome.JOB, self._visit(alert, rule)
            self.of_problem[problem] = visit
            visit.problems.append(problem)
            visit.willing = visit.willing and rule.withdraw
        if template is not None:
            visit.priority = higher(visit.priority, priority_of(template, alert.severity))
        assert alert.id is not None  # noqa: S101 - it is stored
        visit.active.add(alert.id)
        if alert.cleared_at is not None:
            self.clearings.append((alert.cleared_at, alert.id, visit))
        return self._told(alert, outcome, rule, visit)

    def _visit(self, alert: Alert, rule: AlertRule) -> _DryRunVisit:
        since = alert.received_at - timedelta(minutes=rule.flood_minutes)
        for visit in self.visits:
            if (
                rule.flood_minutes
                and visit.site_id == alert.site_id
                and visit.made_at >= since
                and len(visit.problems) < rule.most_tasks
                and not visit.is_withdrawn
            ):
                return visit
        number = len(self.visits) + 1
        visit = _DryRunVisit(number, alert.site_id, alert.received_at, Priority.LOW, [], True)
        self.visits.append(visit)
        return visit

    def clear_until(self, at: datetime | None) -> None:
        """Let time pass until then (None: for ever)."""
        self.clearings.sort(key=lambda one: one[:2])
        while self.clearings and (at is None or self.clearings[0][0] <= at):
            _, alert_id, visit = self.clearings.pop(0)
            visit.active.discard(alert_id)
            if visit.willing and not visit.active:
                visit.is_withdrawn = True

    def _told(
        self,
        alert: Alert,
        outcome: AlertOutcome,
        rule: AlertRule | None,
        visit: _DryRunVisit | None,
    ) -> TriedAlert:
        return TriedAlert(
            alert_id=alert.id or 0,
            device_id=alert.device_id,
            type=alert.type,
            outcome=outcome,
            rule_id=rule.id if rule else None,
            visit=visit.number if visit else None,
            priority=visit.priority if visit else None,
            was=alert.outcome,
        )
