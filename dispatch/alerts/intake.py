"""Alerts as they come in.

What is accepted is never lost: every message becomes part of an alert, or a dead letter. An alert
is known by its source and the source's id; without ids, a device has one alert of each type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from dispatch import log
from dispatch.alerts import dead_letters, life
from dispatch.alerts.content import Delivery, Told, Unclear
from dispatch.alerts.handling import state_of
from dispatch.alerts.jobs import Judge, hold_sites
from dispatch.alerts.messages import read_delivery
from dispatch.company.devices import Watched, find_devices
from dispatch.errors import Conflict
from dispatch.models import (
    OVER,
    Alert,
    AlertOutcome,
    AlertSource,
    DeadLetterState,
    Job,
    JobStatus,
    now,
)
from dispatch.output import Output
from dispatch.settings import Settings
from solver.faults import Fault

JUDGED_AGAIN = (AlertOutcome.RECEIVED, AlertOutcome.REJECTED)
"""What became no job may become one when it is said once more: shelving ends, rules change."""


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
    """Why it could not be understood, or what of it was left out."""


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
    receipts = []
    for arrival, items in zip(arrivals, read, strict=True):
        source_id = arrival.source.id if arrival.source else ""
        taken: set[str] = set()
        receipts.append(
            [_receive(judges[arrival.actor], source_id, one, devices, taken) for one in items]
        )
    return receipts


def _receive(
    judge: Judge,
    source_id: str,
    item: Told | Unclear,
    devices: Mapping[str, Watched],
    taken: set[str],
) -> AlertReceipt:
    """Take the item in. ``taken`` are the digests of earlier items of the same message that were
    news, to which it is added: the same twice in one message is no message that comes again."""
    if isinstance(item, Unclear):
        return _keep(judge, source_id, item)
    watched = next((devices[name] for name in item.devices if name in devices), None)
    if watched is None:
        return _keep(judge, source_id, Unclear(item.delivery, [_unknown_device(item)]))
    of_problem = f"{watched.device.id} {item.content.type}"
    id_ = item.id_at_source or of_problem
    alert = _known(judge.session, source_id, item.origin, id_)
    if alert is not None and (alert.device_id, alert.type) != (
        watched.device.id,
        item.content.type,
    ):
        # Some count their alerts on each device, or begin to count anew.
        id_ = f"{id_} {of_problem}"
        alert = _known(judge.session, source_id, item.origin, id_)
    if alert is None:
        alert = _new_alert(judge, source_id, id_, item, watched)
    else:
        is_kept = item.delivery.is_retained and life.is_last_of_topic(alert, item)
        if is_kept or (item.delivery.digest not in taken and life.is_redelivered(alert, item)):
            return _receipt(alert, item, is_duplicate=True)
    taken.add(item.delivery.digest)
    return _take(judge, alert, item, watched)


def _known(session: Session, source_id: str, origin: str, id_: str) -> Alert | None:
    return session.exec(
        select(Alert).where(
            Alert.source_id == source_id, Alert.origin == origin, Alert.id_at_source == id_
        )
    ).one_or_none()


def _unknown_device(told: Told) -> Fault:
    names = ", ".join(map(repr, told.devices))
    action = "add the device or the name (PUT /devices/…), then replay the dead letter"
    return Fault("unknown_device", "device", f"no device is called {names}", action)


def _keep(judge: Judge, source_id: str, unclear: Unclear) -> AlertReceipt:
    letter, is_new = dead_letters.keep(
        judge.session, source_id, unclear, judge.at, actor=judge.actor
    )
    return AlertReceipt(
        alert_id=None,
        dead_letter_id=letter.id,
        is_duplicate=not is_new,
        outcome=None,
        job_id=None,
        faults=letter.faults,
    )


# One message that was understood


def _new_alert(judge: Judge, source_id: str, id_: str, told: Told, watched: Watched) -> Alert:
    return Alert(
        source_id=source_id,
        origin=told.origin,
        id_at_source=id_,
        device_id=watched.device.id,
        asset_id=watched.asset.id,
        site_id=watched.site.id,
        type=told.content.type,
        severity=told.content.severity,
        occurred_at=judge.at,
        received_at=judge.at,
        last_seen_at=judge.at,
        count=0,
    )


def _take(judge: Judge, alert: Alert, told: Told, watched: Watched) -> AlertReceipt:
    session, content = judge.session, told.content
    is_new = alert.id is None
    before = None if is_new else state_of(alert)
    was_active, job_id = life.is_active(alert), alert.job_id
    life.learn(alert, told, judge.at)
    session.add(alert)
    if life.is_active(alert) and (
        not was_active
        or state_of(alert) != before
        or (not content.cleared and _is_to_be_judged_again(session, alert, watched))
    ):
        judge.judge(alert, watched)
        session.flush()
        if job_id is not None and alert.job_id != job_id:
            judge.withdraw({job_id})
    session.flush()
    if content.cleared:
        _clear(judge, alert, told)
    after = state_of(alert)
    if before != after:
        action = "receive" if is_new else "update"
        log.record(session, judge.actor, action, log.Entity.ALERT, str(alert.id), before, after)
    return _receipt(alert, told, is_duplicate=before == after)


def _receipt(alert: Alert, told: Told, *, is_duplicate: bool) -> AlertReceipt:
    return AlertReceipt(
        alert_id=alert.id,
        dead_letter_id=None,
        is_duplicate=is_duplicate,
        outcome=alert.outcome,
        job_id=alert.job_id,
        faults=[asdict(note) for note in told.notes],
    )


def _is_to_be_judged_again(session: Session, alert: Alert, watched: Watched) -> bool:
    """Whether its being still there asks for something: its job is over, its machine elsewhere."""
    if alert.outcome in JUDGED_AGAIN:
        return True
    if (alert.site_id, alert.asset_id) != (watched.site.id, watched.asset.id):
        return True
    job = session.get(Job, alert.job_id) if alert.job_id is not None else None
    return job is None or job.status in (*OVER, JobStatus.CANCELLED)


def _clear(judge: Judge, word: Alert, told: Told) -> None:
    """Withdraw the job of an alert that is over; and if the word names no alert that was there,
    it is about all of this problem that its source has told of."""
    session = judge.session
    job_ids = {word.job_id}
    if not told.names_alert or told.id_at_source is None:
        names_one = told.id_at_source is not None and word.last_active_at is not None
        for alert in () if names_one else _others(session, word):
            before = state_of(alert)
            if not life.clear_with(alert, life.said_at(told, judge.at), judge.at):
                continue
            job_ids.add(alert.job_id)
            after = state_of(alert)
            log.record(
                session, judge.actor, "clear", log.Entity.ALERT, str(alert.id), before, after
            )
        session.flush()
    judge.withdraw({job_id for job_id in job_ids if job_id is not None})


def _others(session: Session, word: Alert) -> Sequence[Alert]:
    return session.exec(
        select(Alert)
        .where(
            Alert.source_id == word.source_id,
            Alert.origin == word.origin,
            Alert.device_id == word.device_id,
            Alert.type == word.type,
            col(Alert.outcome).in_(set(AlertOutcome) - {AlertOutcome.CLEARED}),
            Alert.id != word.id,
        )
        .order_by(col(Alert.id))
    ).all()


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
