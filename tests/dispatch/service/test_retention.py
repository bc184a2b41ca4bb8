"""What is old enough goes, and what may still be needed stays, whatever its age."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, SQLModel, col, select

from dispatch import models
from dispatch.models import (
    AlarmState,
    AlertOutcome,
    DeadLetterState,
    DeliveryStatus,
    JobStatus,
    PlacementStatus,
    PlanStatus,
    RunStatus,
    Severity,
)
from dispatch.plans import versions
from dispatch.plans.queries import newest_reasons
from dispatch.service import retention
from dispatch.service.retention import remove_old
from dispatch.settings import Settings
from tests.dispatch.crew import add_job, add_technician, hanoi

AT = hanoi("12:00")
OLD, YOUNG = AT - timedelta(days=1000), AT - timedelta(days=1)
ENDED = JobStatus.COMPLETED

Remove = Callable[..., dict[str, int]]


@pytest.fixture
def remove(engine: Engine, settings: Settings) -> Remove:
    """Remove what is old, by settings of one's own if any are given."""

    def removed(stopping: threading.Event | None = None, **changed: int | None) -> dict[str, int]:
        return remove_old(engine, settings.model_copy(update=changed), AT, stopping)

    return removed


@pytest.fixture
def company(session: Session) -> Session:
    add_technician(session, "ann")
    add_job(session, "done", status=ENDED)
    add_job(session, "open")
    session.commit()
    return session


def store(session: Session, *rows: SQLModel) -> None:
    for row in rows:
        session.add(row)
        session.flush()
    session.commit()


def left(session: Session, table: Any) -> list[Any]:
    """The ids that are there still."""
    session.rollback()
    found = sorted(session.exec(select(table.id)).all())
    session.rollback()  # on SQLite, nobody else can write as long as it is at work
    return found


def days_ago(number: int) -> datetime:
    return AT - timedelta(days=number)


# Plans


def add_plan(
    session: Session,
    id_: int,
    status: PlanStatus = PlanStatus.DRAFT,
    at: datetime = OLD,
    *,
    unassigned: str | None = None,
    **columns: Any,
) -> None:
    """With a route, and one stop on it."""
    span = {"starts_on": at.date(), "ends_on": at.date()}
    columns = {"based_on_version": 0, "objective": 0, "created_at": at} | span | columns
    store(
        session,
        models.Plan(id=id_, status=status, **columns),
        models.Route(
            id=id_,
            plan_id=id_,
            technician_id="ann",
            day=at.date(),
            shift_starts_at=at,
            shift_ends_at=at,
            start_at=at,
            end_at=at,
            travel_seconds=0,
            distance_metres=0,
        ),
        models.Stop(
            route_id=id_,
            position=0,
            kind="visit",
            job_id="done",
            arrival_at=at,
            start_at=at,
            departure_at=at,
        ),
    )
    if unassigned is not None:
        reasons = [{"code": "outbid", "rule": None, "message": f"as plan {id_} has it"}]
        store(session, models.PlanUnassigned(plan_id=id_, job_id=unassigned, reasons=reasons))


def add_run(
    session: Session, id_: str, status: RunStatus = RunStatus.FINISHED, at: datetime = OLD
) -> None:
    over = None if status in models.AT_WORK else at
    run = models.Run(
        id=id_,
        trigger="test",
        status=status,
        starts_on=at.date(),
        ends_on=at.date(),
        seconds=1,
        requested_by="lan",
        created_at=at,
        finished_at=over,
    )
    store(session, run)


def test_old_drafts_go_with_all_that_is_in_them(company: Session, remove: Remove) -> None:
    add_plan(company, 1, unassigned="done")
    add_plan(company, 2, PlanStatus.DISCARDED)
    assert remove() == {"drafts": 2}
    assert left(company, models.Plan) == left(company, models.Route) == []
    assert company.exec(select(models.Stop)).all() == []
    assert company.exec(select(models.PlanUnassigned)).all() == []


def test_what_was_ever_in_force_stays_and_what_is_young_or_at_work(
    company: Session, remove: Remove
) -> None:
    add_plan(company, 1, PlanStatus.PUBLISHED, version=1, published_at=OLD)
    add_plan(company, 2, at=days_ago(89))
    add_plan(company, 3, PlanStatus.DISCARDED, at=days_ago(89))
    add_plan(company, 4, ends_on=days_ago(89).date())
    add_run(company, "running", RunStatus.RUNNING)
    add_plan(company, 5, run_id="running")
    assert remove() == {}
    assert left(company, models.Plan) == left(company, models.Route) == [1, 2, 3, 4, 5]


def test_what_is_named_elsewhere_stays(company: Session, remove: Remove) -> None:
    """Whatever has named it: the database would refuse to remove it, and all others with it."""
    for id_ in (1, 2, 3):
        add_plan(company, id_)
    waiver = {"rule": "tools", "subject": "", "amount": 0, "reason": "x", "actor": "lan"}
    store(
        company,
        models.Placement(job_id="open", trigger="test", asked_by="lan", plan_id=1),
        models.ManualChange(plan_id=2, job_id="open"),
        models.Waiver(
            job_id="open", technician_id="ann", shift_starts_at=AT, at=AT, plan_id=3, **waiver
        ),
    )
    assert remove() == {}


def test_why_a_job_waits_is_known_as_long_as_it_does(company: Session, remove: Remove) -> None:
    for id_ in (1, 2):
        add_plan(company, id_, PlanStatus.DISCARDED, unassigned="open")
    assert remove() == {"drafts": 1}
    assert left(company, models.Plan) == [2]
    [reason] = newest_reasons(company, ["open"])["open"]
    assert reason["message"] == "as plan 2 has it"
    company.get_one(models.Job, "open").status = JobStatus.CANCELLED
    company.commit()
    assert remove() == {"drafts": 1}


# Runs


def test_runs_that_are_over_go_with_their_drafts(company: Session, remove: Remove) -> None:
    add_run(company, "alone", RunStatus.FAILED)
    add_run(company, "cancelled", RunStatus.CANCELLED)
    add_run(company, "drafted")
    add_plan(company, 1, run_id="drafted")
    store(company, models.Firing(name="nightly", due_at=OLD, run_id="alone"))
    assert remove() == {"drafts": 1, "runs": 3}
    assert left(company, models.Run) == []
    assert company.exec(select(models.Firing)).all() == []


def test_runs_stay_whose_plan_does_or_that_are_not_over(company: Session, remove: Remove) -> None:
    add_run(company, "published")
    add_plan(company, 1, PlanStatus.PUBLISHED, version=1, run_id="published")
    add_run(company, "queued", RunStatus.QUEUED)
    add_run(company, "running", RunStatus.RUNNING)
    add_run(company, "young", at=days_ago(89))
    assert remove() == {}


# Alerts


def add_alert(session: Session, id_: int, **columns: Any) -> None:
    usual = {
        "id_at_source": str(id_),
        "device_id": "pump",
        "site_id": "site-done",
        "type": "hot",
        "severity": Severity.MAJOR,
        "occurred_at": OLD,
        "last_seen_at": OLD,
        "cleared_at": OLD,
        "state": AlarmState.NORMAL,
        "outcome": AlertOutcome.CLEARED,
    }
    store(session, models.Alert(id=id_, **(usual | columns)))


@pytest.fixture
def machine(company: Session) -> Session:
    store(
        company,
        models.Asset(id="pump", site_id="site-done", name="Pump"),
        models.Device(id="pump", asset_id="pump"),
    )
    return company


def test_alerts_go_that_are_settled(machine: Session, remove: Remove) -> None:
    add_alert(machine, 1)
    add_alert(machine, 2, job_id="done", state=AlarmState.RETURNED)
    add_alert(machine, 3)
    assert remove() == {"alerts": 2}
    assert left(machine, models.Alert) == [3]


@pytest.mark.parametrize(
    "columns",
    [
        {"outcome": AlertOutcome.RECEIVED, "cleared_at": None},
        {"state": AlarmState.SHELVED},
        {"job_id": "open"},
        {"last_seen_at": YOUNG},
        {"cleared_at": YOUNG},
    ],
    ids=str,
)
def test_alerts_stay_about_which_something_may_be_done(
    machine: Session, remove: Remove, columns: dict[str, Any]
) -> None:
    add_alert(machine, 1, **columns)
    add_alert(machine, 2)
    assert remove() == {}


def test_the_alert_that_made_a_task_of_a_job_stays_with_it(
    machine: Session, remove: Remove
) -> None:
    add_alert(machine, 1, job_id="done")
    add_alert(machine, 2)
    task = {"title": "Hot", "type": "hot", "severity": Severity.MAJOR}
    moments = {"added_at": OLD, "last_seen_at": OLD}
    store(
        machine,
        models.JobTask(job_id="done", position=1, alert_id=1, device_id="pump", **task, **moments),
    )
    assert remove() == {}


@pytest.mark.parametrize("column", ["device_id", "type", "source_id", "origin"])
def test_the_last_alert_of_each_problem_is_known_if_a_broker_hands_it_out_again(
    machine: Session, remove: Remove, column: str
) -> None:
    store(machine, models.Device(id="fan", asset_id="pump"))
    add_alert(machine, 1, **{column: "fan"})
    add_alert(machine, 2)
    assert remove() == {}


def test_dead_letters_go_that_are_settled_but_the_last_of_each_device(
    session: Session, remove: Remove
) -> None:
    def letter(id_: int, device: str | None, state: DeadLetterState, at: datetime) -> None:
        row = models.DeadLetter(
            id=id_, digest=str(id_), content_type="", body=b"", faults=[], last_seen_at=at
        )
        row.device, row.state, row.settled_at = device, state, at
        store(session, row)

    letter(1, None, DeadLetterState.DISCARDED, OLD)
    letter(2, None, DeadLetterState.WAITING, OLD)
    letter(3, "fan", DeadLetterState.REPLAYED, OLD)
    letter(4, "fan", DeadLetterState.DISCARDED, YOUNG)
    letter(5, "fan", DeadLetterState.DISCARDED, OLD)
    letter(6, None, DeadLetterState.DISCARDED, OLD)
    assert remove() == {"dead letters": 2}
    assert left(session, models.DeadLetter) == [2, 4, 5, 6]


# Wishes, keys, deliveries


def test_wishes_go_whose_jobs_are_over(company: Session, remove: Remove) -> None:
    def wish(id_: int, job: str, status: PlacementStatus, at: datetime | None) -> None:
        row = models.Placement(id=id_, job_id=job, trigger="test", asked_by="lan", status=status)
        row.asked_at, row.settled_at = OLD, at
        store(company, row)

    wish(1, "done", PlacementStatus.PLACED, OLD)
    wish(2, "done", PlacementStatus.PLACED, YOUNG)
    wish(3, "done", PlacementStatus.WAITING, None)
    wish(4, "open", PlacementStatus.NO_PLACE, OLD)
    assert remove() == {"placements": 1}
    assert left(company, models.Placement) == [2, 3, 4]


def test_keys_are_known_for_as_long_as_is_set(company: Session, remove: Remove) -> None:
    for actor, at in (("lan", OLD), ("minh", YOUNG)):
        row = models.IdempotencyKey(actor=actor, key="k", body_hash="", job_id="done")
        row.created_at = at
        store(company, row)
    assert remove() == {"idempotency keys": 1}
    assert company.exec(select(models.IdempotencyKey.actor)).all() == ["minh"]


def add_webhook(session: Session, cursor: int = 0, *statuses: DeliveryStatus) -> None:
    """With a delivery of each status, of the entries from the first on."""
    store(session, models.Webhook(id="hook", url="", secret="", cursor=cursor, active=False))
    for number, status in enumerate(statuses, start=1):
        row = models.WebhookDelivery(webhook_id="hook", event_id=number, status=status)
        row.delivered_at = OLD if status is DeliveryStatus.DELIVERED else None
        store(session, row)


def test_what_was_delivered_goes_and_what_was_not_stays(session: Session, remove: Remove) -> None:
    add_webhook(session, 3, *DeliveryStatus)
    assert remove() == {"deliveries": 1}
    statuses = set(session.exec(select(models.WebhookDelivery.status)))
    assert statuses == set(DeliveryStatus) - {DeliveryStatus.DELIVERED}


# The log


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""By the database's own clock, too."""


@pytest.fixture
def entries(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of six entries; of the newest, one at least stays."""
    monkeypatch.setattr(retention, "LEAST_ENTRIES", 1)
    return [add_entry(session, LONG_AGO) for _ in range(6)]


def add_entry(session: Session, at: datetime) -> int:
    entry = models.LogEntry(at=at, actor="lan", action="change", entity="job", entity_id="j")
    session.add(entry)
    session.flush()
    id_ = entry.id
    assert id_ is not None
    session.commit()
    return id_


def test_the_log_goes_back_for_ever(session: Session, entries: list[int], remove: Remove) -> None:
    assert remove() == {}
    assert left(session, models.LogEntry) == entries


def test_the_log_goes_back_as_far_as_is_set(
    session: Session, entries: list[int], remove: Remove
) -> None:
    assert remove(keep_log_days=31) == {"log entries": 5}
    assert left(session, models.LogEntry) == entries[5:]
    assert remove(keep_log_days=31) == {}
    start = session.exec(select(models.LogStart)).one()
    assert start.removed_upto == entries[4]


def test_the_log_has_no_holes(session: Session, entries: list[int], remove: Remove) -> None:
    """A clock that was wrong for a while does not part what is left."""
    young = add_entry(session, YOUNG)
    more = [add_entry(session, LONG_AGO) for _ in range(2)]
    assert remove(keep_log_days=31) == {"log entries": 6}
    assert left(session, models.LogEntry) == [young, *more]


def test_what_webhooks_were_not_told_stays_in_the_log(
    session: Session, entries: list[int], remove: Remove
) -> None:
    add_webhook(session, entries[3])
    assert remove(keep_log_days=31) == {"log entries": 4}
    assert left(session, models.LogEntry) == entries[4:]


@pytest.mark.parametrize("status", [DeliveryStatus.WAITING, DeliveryStatus.DEAD])
def test_what_may_be_sent_again_stays_in_the_log(
    session: Session, entries: list[int], remove: Remove, status: DeliveryStatus
) -> None:
    add_webhook(session, entries[-1])
    store(
        session,
        models.WebhookDelivery(webhook_id="hook", event_id=entries[2], status=status),
    )
    assert remove(keep_log_days=31) == {"log entries": 2}
    assert left(session, models.LogEntry) == entries[2:]


def test_the_newest_entries_stay_however_old(
    session: Session, entries: list[int], remove: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or else their ids would be given to others, and who waits for news would miss them."""
    monkeypatch.setattr(retention, "LEAST_ENTRIES", 4)
    assert remove(keep_log_days=31) == {"log entries": 2}
    assert left(session, models.LogEntry) == entries[2:]


# How it goes about it


@pytest.mark.usefixtures("entries")
def test_what_is_kept_for_ever_is_not_removed(machine: Session, remove: Remove) -> None:
    add_plan(machine, 1)
    add_run(machine, "alone")
    add_alert(machine, 1)
    add_alert(machine, 2)
    add_webhook(machine, 2**31 - 1, DeliveryStatus.DELIVERED)
    names = [name for name in Settings.model_fields if name.startswith("keep_")]
    assert remove(**dict.fromkeys(names)) == {}
    removed = remove(keep_log_days=31)
    assert set(removed) == {"drafts", "runs", "alerts", "deliveries", "log entries"}


def add_keys(session: Session, number: int) -> None:
    for name in range(number):
        row = models.IdempotencyKey(actor="lan", key=str(name), body_hash="", job_id="done")
        row.created_at = OLD
        session.add(row)
    session.commit()


def test_much_goes_a_little_at_a_time_and_others_have_their_turn(
    company: Session, engine: Engine, remove: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_A_LOOK", 250)
    add_keys(company, 600)
    there: list[int] = []

    def rest(*_: object) -> bool:
        with Session(engine) as other:  # a SQLite transaction of another one would keep it waiting
            there.append(len(other.exec(select(models.IdempotencyKey.key)).all()))
            other.add(models.Skill(id=str(len(there)), name="new"))
            other.commit()
        return False

    monkeypatch.setattr(retention, "_rest", rest)
    assert remove() == {"idempotency keys": 600}
    assert there == [400, 350, 150, 100, 0]


def test_it_ends_soon_when_the_service_does(company: Session, remove: Remove) -> None:
    add_keys(company, 300)
    stopping = threading.Event()
    stopping.set()
    assert remove(stopping) == {}

    def stop(*_: object) -> bool:
        stopping.set()
        return True

    stopping.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "_rest", stop)
        assert remove(stopping) == {"idempotency keys": 200}


def test_what_cannot_be_removed_keeps_nothing_else(
    company: Session, remove: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(versions, "hold_publication", broken)
    add_plan(company, 1)
    add_keys(company, 1)
    assert remove() == {"idempotency keys": 1}
    assert left(company, models.Plan) == [1]


def test_what_is_needed_again_meanwhile_stays(
    machine: Session, remove: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was found to be old, and then told of once more."""
    for id_ in (1, 2, 3):
        add_alert(machine, id_)

    def tell(session: Session) -> None:
        heard = update(models.Alert).where(col(models.Alert.id) == 1)
        session.connection().execute(heard.values(outcome=AlertOutcome.RECEIVED))

    monkeypatch.setattr(retention, "_hold_removal", tell)
    assert remove() == {"alerts": 1}
    assert left(machine, models.Alert) == [1, 3]
