"""Alerts as people see them and handle them: list, read, acknowledge, judge again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, or_, select

from dispatch import log, store
from dispatch.alerts.jobs import Judge, hold_sites
from dispatch.company.devices import Watched
from dispatch.errors import Conflict, existing
from dispatch.models import (
    ENDS,
    OVER,
    AlarmState,
    Alert,
    AlertOutcome,
    AlertRule,
    Asset,
    Device,
    Job,
    LogEntry,
    Severity,
    Site,
    now,
)
from dispatch.output import Output
from dispatch.paging import page_of
from dispatch.settings import Settings
from solver.faults import Fault

SCHEDULER = "scheduler"
MOST_AT_ONCE = 200
LATE_REPORTS = timedelta(days=1)
"""Ends of jobs that were reported so long ago have been looked at."""


class AlertOut(Output):
    """An alert, as all messages about it tell, and what became of it."""

    id: int
    source_id: str | None
    """The configured source; null: none."""
    origin: str | None
    """Where the source has it from: the `source` of a CloudEvent."""
    id_at_source: str
    device_id: str
    asset_id: str
    site_id: str
    type: str
    severity: Severity
    """The highest that was told since it was last over."""
    readings: dict[str, float]
    remaining_life_hours: float | None
    message: str | None
    occurred_at: datetime
    received_at: datetime
    last_seen_at: datetime
    count: int
    """How many messages told of it, repetitions included."""
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    cleared_at: datetime | None
    state: AlarmState
    outcome: AlertOutcome
    reason: str | None
    """Why it became no job, or none of its own."""
    rule_id: str | None
    job_id: str | None


def list_alerts(
    session: Session,
    *,
    state: AlarmState | None = None,
    outcome: AlertOutcome | None = None,
    source_id: str | None = None,
    device_id: str | None = None,
    site_id: str | None = None,
    job_id: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[AlertOut], int | None]:
    """A page of alerts, the newest first, and ``after`` for the next one (None: last)."""
    page, following = page_of(
        session,
        select(Alert),
        after,
        limit,
        newest_first=True,
        state=state,
        outcome=outcome,
        source_id=source_id,
        device_id=device_id,
        site_id=site_id,
        job_id=job_id,
    )
    return _outs(session, page), following


def read_alert(session: Session, alert_id: int) -> AlertOut:
    """Raises ``NotFound``."""
    return _outs(session, [_row(session, alert_id)])[0]


def acknowledge_alert(
    session: Session, alert_id: int, *, actor: str, at: datetime | None = None
) -> AlertOut:
    """Say that somebody has seen it; again is as once. Raises ``NotFound``."""
    alert = _hold(session, alert_id)
    if alert.acknowledged_at is None:
        before = state_of(alert)
        alert.acknowledged_at, alert.acknowledged_by = at or now(), actor
        if alert.state is AlarmState.UNACKNOWLEDGED:
            alert.state = AlarmState.ACKNOWLEDGED
        elif alert.state is AlarmState.RETURNED:
            alert.state = AlarmState.NORMAL
        session.flush()
        log.record(
            session, actor, "acknowledge", log.Entity.ALERT, str(alert_id), before, state_of(alert)
        )
    return _outs(session, [alert])[0]


def judge_again(
    session: Session,
    alert_id: int,
    *,
    actor: str,
    settings: Settings,
    at: datetime | None = None,
) -> AlertOut:
    """Judge an alert that became no job by the rules and devices as they are now.

    Raises ``NotFound``, or ``Conflict`` if it is with a job already, or cleared.
    """
    alert = _hold(session, alert_id)
    if alert.outcome not in (AlertOutcome.RECEIVED, AlertOutcome.REJECTED):
        cause = f"it is {alert.outcome}" + (f", with job {alert.job_id}" if alert.job_id else "")
        action = "only what became no job can be judged again"
        raise Conflict(Fault("already_judged", f"alert {alert_id}", cause, action))
    _judge(session, alert, actor, settings, at or now())
    return _outs(session, [alert])[0]


def _judge(session: Session, alert: Alert, actor: str, settings: Settings, at: datetime) -> None:
    before = state_of(alert)
    watched = _watched(session, alert)
    hold_sites(session, [watched.site.id])
    Judge(session, settings, actor, at).judge(alert, watched)
    session.flush()
    if state_of(alert) != before:
        log.record(
            session, actor, "judge", log.Entity.ALERT, str(alert.id), before, state_of(alert)
        )


def judge_what_was_held_back(session: Session, settings: Settings, at: datetime) -> list[int]:
    """Judge alerts whose devices are no longer shelved or out of service; their ids.

    They have been there all the time, and not every device says so again.
    """
    found = session.exec(
        select(Alert.id)
        .join(Device, col(Alert.device_id) == Device.id)
        .where(
            col(Alert.state).in_((AlarmState.SHELVED, AlarmState.OUT_OF_SERVICE)),
            Alert.outcome == AlertOutcome.REJECTED,
            col(Device.in_service),
            or_(col(Device.shelved_until).is_(None), col(Device.shelved_until) <= at),
        )
        .order_by(col(Alert.site_id), col(Alert.id))
        .limit(MOST_AT_ONCE)
    ).all()
    ids = [id_ for id_ in found if id_ is not None]
    for id_ in ids:
        alert = _hold(session, id_)
        if alert.state in (AlarmState.SHELVED, AlarmState.OUT_OF_SERVICE):
            judge_again(session, id_, actor=SCHEDULER, settings=settings, at=at)
    return ids


def judge_what_outlived_its_job(session: Session, settings: Settings, at: datetime) -> list[int]:
    """Judge alerts that were said to be there after their jobs' ends, and counted with these all
    the same because the reports of the ends came later; their ids."""
    ended = session.exec(
        select(LogEntry.entity_id)
        .where(col(LogEntry.at) > at - LATE_REPORTS)
        .where(LogEntry.entity == log.Entity.JOB, col(LogEntry.action).in_(ENDS))
    ).all()
    found = [
        row
        for some in store.batches(ended)
        for row in session.exec(
            select(Alert, Job.departed_at, AlertRule.quiet_minutes)
            .join(Job, col(Alert.job_id) == Job.id)
            .join(AlertRule, col(Alert.rule_id) == AlertRule.id, isouter=True)
            .where(
                col(Alert.job_id).in_(some),
                col(Alert.outcome).in_((AlertOutcome.JOB, AlertOutcome.FOLDED)),
                col(Job.status).in_(OVER),
                col(Job.departed_at) < col(Alert.last_seen_at),
                # What came later than the report was judged with what it says.
                col(Job.updated_at) >= col(Alert.last_seen_at),
            )
        )
    ]
    # Whoever holds several sites takes them in this order.
    found.sort(key=lambda row: (row[0].site_id, row[0].id))
    judged = []
    for known, departed_at, quiet_minutes in found:
        quiet = timedelta(minutes=quiet_minutes or 0)
        if departed_at is None or known.last_seen_at <= departed_at + quiet:
            continue
        id_ = known.id or 0
        alert = _hold(session, id_)
        if alert.outcome in (AlertOutcome.JOB, AlertOutcome.FOLDED):
            _judge(session, alert, SCHEDULER, settings, at)
            judged.append(id_)
        if len(judged) == MOST_AT_ONCE:
            break
    return judged


def _row(session: Session, alert_id: int) -> Alert:
    return existing(session.get(Alert, alert_id), "alert", alert_id, "unknown_alert")


def _hold(session: Session, alert_id: int) -> Alert:
    """The alert as it is once nobody else judges alerts of its site."""
    alert = _row(session, alert_id)
    hold_sites(session, [alert.site_id])
    session.refresh(alert)
    return alert


def _watched(session: Session, alert: Alert) -> Watched:
    device = session.get_one(Device, alert.device_id)
    asset = session.get_one(Asset, device.asset_id)
    return Watched(device, asset, session.get_one(Site, asset.site_id))


def _outs(session: Session, alerts: Sequence[Alert]) -> list[AlertOut]:
    ids = {alert.device_id for alert in alerts}
    asset_ids = {row.id: row.asset_id for row in store.rows_where(session, Device, "id", ids)}
    return [
        AlertOut.model_validate(
            alert.model_dump(exclude={"raw"})
            | {
                "asset_id": alert.asset_id or asset_ids[alert.device_id],
                "source_id": alert.source_id or None,
                "origin": alert.origin or None,
            }
        )
        for alert in alerts
    ]


def state_of(alert: Alert) -> dict[str, Any]:
    """What counts as a change, for the log and for judging anew."""
    names = {
        "severity",
        "readings",
        "remaining_life_hours",
        "acknowledged_at",
        "cleared_at",
        "state",
        "outcome",
        "reason",
        "rule_id",
        "job_id",
    }
    return alert.model_dump(mode="json", include=names)
