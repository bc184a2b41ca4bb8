"""Alerts as they come in.

What is accepted is never lost: every message becomes part of an alert, or a dead letter. An alert
follows from all messages about it and their own times, in whatever order and however often they
come: severities only rise, the newest word counts, and what was cleared after it stays cleared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from dispatch import dead_letters, log
from dispatch.alert_jobs import Judge, hold_sites
from dispatch.alert_messages import Delivery, Told, Unclear, read_delivery
from dispatch.alert_rules import SEVERITIES
from dispatch.alerts import state_of
from dispatch.devices import Watched, find_devices
from dispatch.errors import Conflict
from dispatch.models import (
    AlarmState,
    Alert,
    AlertOutcome,
    AlertSource,
    DeadLetterState,
    now,
)
from dispatch.output import Output
from dispatch.settings import Settings
from solver.problem import Fault

GONE = (AlarmState.RETURNED, AlarmState.NORMAL)
HELD_BACK = (AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE)


class AlertReceipt(Output):
    """What became of one message, or of one of several in it."""

    alert_id: int | None
    dead_letter_id: int | None
    """Set if it was kept because it cannot be understood."""
    is_duplicate: bool
    """Whether it was known already and changed nothing."""
    outcome: AlertOutcome | None
    job_id: str | None
    faults: list[dict[str, str]]
    """Why it could not be understood."""


@dataclass(frozen=True)
class Arrival:
    """A delivery, who sent it, and the configured source that says how to read it, if any."""

    delivery: Delivery
    actor: str
    source: AlertSource | None = None


def accept(
    session: Session, arrivals: Sequence[Arrival], settings: Settings, at: datetime | None = None
) -> list[list[AlertReceipt]]:
    """Take in everything that arrived; for each of it, what became of each of its items.

    Once this is committed, nothing of it can be lost, whether it could be understood or not.
    """
    at = at or now()
    read = [read_delivery(one.delivery, one.source) for one in arrivals]
    told = [one for items in read for one in items if isinstance(one, Told)]
    names = {name for one in told for name in one.devices}
    devices = find_devices(session, names) if names else {}
    hold_sites(session, {watched.site.id for watched in devices.values()})
    judges = {actor: Judge(session, settings, actor, at) for actor in {a.actor for a in arrivals}}
    return [
        [
            _receive(
                judges[arrival.actor], arrival.source.id if arrival.source else "", item, devices
            )
            for item in items
        ]
        for arrival, items in zip(arrivals, read, strict=True)
    ]


def _receive(
    judge: Judge, source_id: str, item: Told | Unclear, devices: Mapping[str, Watched]
) -> AlertReceipt:
    if isinstance(item, Unclear):
        return _keep(judge, source_id, item)
    watched = next((devices[name] for name in item.devices if name in devices), None)
    if watched is None:
        return _keep(judge, source_id, Unclear(item.delivery, [_unknown_device(item)]))
    alert = judge.session.exec(
        select(Alert).where(
            Alert.source_id == source_id,
            Alert.origin == item.origin,
            Alert.id_at_source == item.id_at_source,
        )
    ).one_or_none()
    if alert is None:
        return _take(judge, _new_alert(judge, source_id, item, watched), item, watched)
    if (alert.device_id, alert.type) != (watched.device.id, item.content.type):
        return _keep(judge, source_id, Unclear(item.delivery, [_reused_id(alert)]))
    return _take(judge, alert, item, watched)


def _unknown_device(told: Told) -> Fault:
    names = ", ".join(map(repr, told.devices))
    action = "add the device or the name (PUT /devices/…), then replay the dead letter"
    return Fault("unknown_device", "device", f"no device is called {names}", action)


def _reused_id(alert: Alert) -> Fault:
    cause = f"{alert.id_at_source!r} is an alert of type {alert.type!r} on {alert.device_id!r}"
    action = "give every alert an id of its own, or correct the source's mapping, then replay"
    return Fault("id_reused", "id", cause, action)


def _keep(judge: Judge, source_id: str, unclear: Unclear) -> AlertReceipt:
    letter, is_new = dead_letters.keep(judge.session, source_id, unclear, judge.at)
    return AlertReceipt(
        alert_id=None,
        dead_letter_id=letter.id,
        is_duplicate=not is_new,
        outcome=None,
        job_id=None,
        faults=letter.faults,
    )


# One message that was understood


def _new_alert(judge: Judge, source_id: str, told: Told, watched: Watched) -> Alert:
    return Alert(
        source_id=source_id,
        origin=told.origin,
        id_at_source=told.id_at_source,
        device_id=watched.device.id,
        site_id=watched.site.id,
        type=told.content.type,
        severity=told.content.severity,
        occurred_at=min(told.content.at or judge.at, judge.at),
        received_at=judge.at,
        last_seen_at=judge.at,
        count=0,
    )


def _take(judge: Judge, alert: Alert, told: Told, watched: Watched) -> AlertReceipt:
    session, content = judge.session, told.content
    is_new = alert.id is None
    before = None if is_new else state_of(alert)
    was_active = not is_new and _is_active(alert)
    told_active_at = alert.last_active_at
    _learn(alert, told, judge.at)
    if alert.last_active_at != told_active_at:
        _learn_of_earlier_clearing(session, alert)
    session.add(alert)
    if not _is_active(alert):
        _settle(alert)
    elif not was_active or state_of(alert) != before:
        judge.judge(alert, watched)
    session.flush()
    if content.cleared:
        _clear_problem(judge, alert)
    after = state_of(alert)
    if before != after:
        action = "receive" if is_new else "update"
        log.record(session, judge.actor, action, "alert", str(alert.id), before, after)
    return AlertReceipt(
        alert_id=alert.id,
        dead_letter_id=None,
        is_duplicate=before == after,
        outcome=alert.outcome,
        job_id=alert.job_id,
        faults=[],
    )


def _learn(alert: Alert, told: Told, at: datetime) -> None:
    """Let the alert know what the message says, whatever is known of it already."""
    content = told.content
    alert.count += 1
    alert.last_seen_at = max(alert.last_seen_at, at)
    known_at = alert.cleared_at if content.cleared else alert.last_active_at
    # A clock that is ahead must not outdo what is said later; without one, the first time counts.
    moment = min(content.at, at) if content.at is not None else known_at or at
    if moment >= _latest(moment, alert.last_active_at, alert.cleared_at):
        alert.readings = dict(content.readings) or alert.readings
        alert.message = content.message or alert.message
        if content.remaining_life_hours is not None:
            alert.remaining_life_hours = content.remaining_life_hours
        alert.raw = told.raw
    alert.occurred_at = min(alert.occurred_at, moment)
    # How bad it is, what says that it is there knows; what says that it is gone, only if need be.
    is_first = alert.last_active_at is None
    if is_first and not content.cleared:
        alert.severity = content.severity
    elif is_first or not content.cleared:
        alert.severity = max(alert.severity, content.severity, key=SEVERITIES.index)
    if content.cleared:
        alert.cleared_at = _latest(moment, alert.cleared_at)
    else:
        alert.last_active_at = _latest(moment, alert.last_active_at)
    if content.acknowledged and alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by = moment, "source"
        if alert.state is AlarmState.UNACKNOWLEDGED:
            alert.state = AlarmState.ACKNOWLEDGED


def _latest(moment: datetime, *others: datetime | None) -> datetime:
    return max([moment, *(other for other in others if other is not None)])


def _learn_of_earlier_clearing(session: Session, alert: Alert) -> None:
    """The device may have said already that this type of problem was gone by then."""
    with session.no_autoflush:
        cleared_at = session.exec(
            select(func.max(Alert.cleared_at)).where(
                Alert.device_id == alert.device_id, Alert.type == alert.type
            )
        ).one()
    told_at = alert.last_active_at
    if cleared_at is not None and told_at is not None and cleared_at >= told_at:
        alert.cleared_at = _latest(cleared_at, alert.cleared_at)


def _is_active(alert: Alert) -> bool:
    return alert.last_active_at is not None and (
        alert.cleared_at is None or alert.last_active_at > alert.cleared_at
    )


def _settle(alert: Alert) -> None:
    """It is over; a mere word that it is over needs nobody to acknowledge it."""
    alert.outcome = AlertOutcome.CLEARED
    if alert.acknowledged_at is not None or alert.last_active_at is None:
        alert.state = AlarmState.NORMAL
    elif alert.state not in GONE:
        held_back = alert.state in HELD_BACK
        alert.state = AlarmState.NORMAL if held_back else AlarmState.RETURNED


def _clear_problem(judge: Judge, word: Alert) -> None:
    """Clear every alert of this problem that is not newer than ``word``, and its jobs with them."""
    session = judge.session
    assert word.cleared_at is not None  # noqa: S101 - the message says so
    job_ids = {word.job_id}
    for alert in session.exec(
        select(Alert).where(
            Alert.device_id == word.device_id,
            Alert.type == word.type,
            Alert.outcome != AlertOutcome.CLEARED,
            Alert.id != word.id,
            col(Alert.last_active_at) <= word.cleared_at,
        )
    ).all():
        before = state_of(alert)
        alert.cleared_at = _latest(word.cleared_at, alert.cleared_at)
        _settle(alert)
        job_ids.add(alert.job_id)
        after = state_of(alert)
        log.record(session, judge.actor, "clear", "alert", str(alert.id), before, after)
    session.flush()
    judge.withdraw({job_id for job_id in job_ids if job_id is not None})


# Dead letters, once more


def replay_dead_letter(
    session: Session,
    letter_id: int,
    *,
    actor: str,
    settings: Settings,
    at: datetime | None = None,
) -> list[AlertReceipt]:
    """Take the message in again; it is settled unless it still cannot be understood.

    Raises ``NotFound``, or ``Conflict`` if it was settled already or its source is gone.
    """
    letter = dead_letters.hold_waiting(session, letter_id)
    source = session.get(AlertSource, letter.source_id) if letter.source_id else None
    if letter.source_id and source is None:
        cause, action = f"there is no source {letter.source_id!r} any more", "add it, or discard it"
        raise Conflict(Fault("source_removed", f"dead letter {letter_id}", cause, action))
    arrival = Arrival(dead_letters.delivery_of(letter), actor, source)
    [receipts] = accept(session, [arrival], settings, at)
    if any(receipt.dead_letter_id == letter_id for receipt in receipts):
        letter.count -= 1  # it did not come once more
        session.flush()
    else:
        alert_ids = [one.alert_id for one in receipts if one.alert_id is not None]
        dead_letters.settle(session, letter, DeadLetterState.REPLAYED, actor, alert_ids)
    return receipts


def replay_dead_letters(
    session: Session, limit: int, *, actor: str, settings: Settings
) -> list[AlertReceipt]:
    """Replay those that wait and whose sources are there, the oldest first, up to ``limit``."""
    return [
        receipt
        for letter_id in dead_letters.replayable(session, limit)
        for receipt in replay_dead_letter(session, letter_id, actor=actor, settings=settings)
    ]
