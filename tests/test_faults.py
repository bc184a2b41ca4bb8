"""What goes wrong around the real service, as a process of its own: nothing accepted is lost.

Larger storms: ``python -m benchmarks.faults``.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from benchmarks.faults import Trial, prepare, run_trial
from benchmarks.service.accounting import Account, take_account
from benchmarks.service.service import Service
from benchmarks.service.storm import Ledger
from dispatch.access.keys import NewKey, create_key
from dispatch.events.webhooks import NewWebhook, create_webhook
from dispatch.models import (
    Alert,
    DeliveryStatus,
    Placement,
    PlacementStatus,
    Role,
    Run,
    RunStatus,
    Webhook,
    WebhookDelivery,
    now,
)
from dispatch.runs import execution
from dispatch.runs.runs import PlanRequest, request_run
from dispatch.settings import Settings
from dispatch.store import reading
from solver.solve import solve
from tests.api.serving import listening
from tests.dispatch.broker import Broker, needs_mosquitto
from tests.dispatch.receiving import Target, silent_target, target
from tests.dispatch.waiting import until

SMALL = Trial(60, kills=2, technicians=4, jobs=12, plan_seconds=0.2)
"""Nothing here plans in the background, so the service starts sooner."""


def test_what_was_acknowledged_is_there_once_though_service_and_broker_died(
    settings: Settings, tmp_path: Path
) -> None:
    needs_mosquitto()
    SMALL.settings["solver_processes"] = 0

    outcome = run_trial(SMALL, settings.database_url, tmp_path)

    assert (outcome.kills, outcome.broker_stops) == (2, 1)
    assert outcome.ledger.acknowledged == 60
    assert outcome.ledger.answers.keys() <= {"nothing"}
    account = outcome.account
    assert (account.lost, account.doubled, account.broken) == ([], [], [])
    assert account.live > 12


@dataclass
class Company:
    """A company whose devices may send alerts, and what serves it."""

    service: Service
    engine: Engine
    settings: Settings
    devices: list[str]
    key: str

    def alert(self, id_: str, number: int = 0) -> bytes:
        device = self.devices[number]
        content = {"id": id_, "device": device, "type": "hot", "severity": "critical"}
        return json.dumps(content).encode()

    def post(self, id_: str, number: int = 0) -> httpx2.Response:
        return httpx2.post(
            f"{self.service.address}/alerts",
            content=self.alert(id_, number),
            headers={"X-API-Key": self.key, "Content-Type": "application/json"},
            timeout=60,
            trust_env=False,
        )

    def query(self, found: Any) -> list[Any]:
        with Session(reading(self.engine)) as session:
            return list(session.exec(found))

    def has(self, *ids: str) -> bool:
        return set(ids) <= set(self.query(select(Alert.id_at_source)))

    def nothing_waits(self) -> bool:
        waiting = select(Placement.id).where(Placement.status == PlacementStatus.WAITING)
        return not self.query(waiting)

    def account(self, *ids: str) -> Account:
        ledger = Ledger()
        ledger.alerts.update(ids)
        return take_account(self.engine, self.settings, ledger)


@contextmanager
def serving(
    engine: Engine, settings: Settings, folder: Path, **changes: object
) -> Iterator[Company]:
    key, devices = prepare(SMALL, settings, folder)
    service = Service(settings.database_url, folder, **changes)
    try:
        yield Company(service, engine, settings, devices, key)
    finally:
        service.close()


def add_webhook(company: Company, url: str) -> str:
    private = company.settings.model_copy(update={"webhook_private_targets": True})
    with Session(company.engine) as session:
        new = NewWebhook(url=url, types=["alert"])
        id_ = create_webhook(session, new, actor="lan", settings=private).id
        session.commit()
    return id_


def told(found: Target) -> set[str]:
    """The alerts that the target was told of, by their keys here."""
    events = [json.loads(one.body) for one in found.received]
    return {event["entity_id"] for event in events if event["type"] == "alert.receive"}


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Another process, so to say, that writes and does not come to an end."""
    file = settings.database_url.removeprefix("sqlite:///")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_is_locked_for_longer_than_anybody_waits_costs_time_only(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    needs_mosquitto()
    broker = Broker(tmp_path / "broker")
    broker.start()
    with (
        target() as found,
        serving(
            engine,
            settings,
            tmp_path,
            mqtt_url=broker.url,
            webhook_private_targets=True,
            heartbeat_timeout_seconds=5,
        ) as company,
    ):
        add_webhook(company, found.url)
        company.service.start()
        company.service.wait_until_ready()
        until(lambda: "Subscribed" in company.service.log.read_text())
        run_id = planning(company)

        answers: dict[str, httpx2.Response] = {}
        posts = [f"http-{number}" for number in range(4)]
        topic = f"alerts/{company.devices[5]}"

        def post(id_: str) -> None:
            answers[id_] = company.post(id_)

        with locked(settings):
            threads = [threading.Thread(target=post, args=(id_,)) for id_ in posts]
            for thread in threads:
                thread.start()
            broker.publish([(topic, company.alert("mqtt-1", 5))])
            alive = httpx2.get(f"{company.service.address}/health", trust_env=False)
            assert alive.status_code == 200
            for thread in threads:
                thread.join()
            assert not company.query(select(Alert.id))
        assert {answer.status_code for answer in answers.values()} == {503}
        assert all("Retry-After" in answer.headers for answer in answers.values())

        for id_ in posts:
            assert company.post(id_).status_code == 202
        until(lambda: company.has(*posts, "mqtt-1"))
        until(company.nothing_waits)
        until(lambda: len(told(found)) == 5)
        assert_every_thread_goes_on(company, broker, topic, run_id)
        company.service.stop()
        account = company.account(*posts, "mqtt-1", "mqtt-2", "http-5")
    broker.stop()
    assert (account.lost, account.doubled, account.broken) == ([], [], [])


def planning(company: Company) -> str:
    """A run that is to store its plan while the database is locked."""
    day = now().astimezone(company.settings.zone).date() + timedelta(days=2)
    with Session(company.engine) as session:
        wanted = PlanRequest(starts_on=day, seconds=3, publish=True)
        run = request_run(session, wanted, actor="lan", settings=company.settings)
        session.commit()
    until(lambda: standing(company, run.id) == RunStatus.RUNNING)
    return run.id


def dispatcher(company: Company) -> str:
    """Somebody's key who may watch events."""
    with Session(company.engine) as session:
        key = create_key(session, NewKey(name="dana", role=Role.DISPATCHER), actor="lan").key
        session.commit()
    return key


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_that_is_done_while_the_database_is_locked_does_not_lose_its_plan(
    engine: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(SMALL, settings, tmp_path)
    monkeypatch.setattr("dispatch.engines.BUSY_SECONDS", 0.05)
    day = now().astimezone(settings.zone).date() + timedelta(days=2)
    with Session(engine) as session:
        wanted = PlanRequest(starts_on=day, seconds=0.1, publish=True)
        run = request_run(session, wanted, actor="lan", settings=settings)
        session.commit()
    refused = threading.Event()
    store = execution._store

    def watched(*values: Any) -> Any:
        try:
            return store(*values)
        except OperationalError:
            refused.set()
            raise

    def solve_and_lock(*values: Any, **named: Any) -> Any:
        solution = solve(*values, **named)
        other.execute("BEGIN IMMEDIATE")
        return solution

    monkeypatch.setattr(execution, "_store", watched)
    monkeypatch.setattr(execution, "solve", solve_and_lock)
    other = sqlite3.connect(
        settings.database_url.removeprefix("sqlite:///"),
        isolation_level=None,
        check_same_thread=False,
    )
    work = threading.Thread(
        target=execution.execute_run, args=(settings.database_url, run.id, settings)
    )
    work.start()
    assert refused.wait(30)
    other.execute("ROLLBACK")
    other.close()
    work.join()
    with Session(engine) as session:
        done = session.get_one(Run, run.id)
        assert (done.status, done.failure) == (RunStatus.FINISHED, None)


def standing(company: Company, run_id: str) -> RunStatus:
    [status] = company.query(select(Run.status).where(Run.id == run_id))
    return RunStatus(status)


def assert_every_thread_goes_on(company: Company, broker: Broker, topic: str, run_id: str) -> None:
    until(lambda: standing(company, run_id) == RunStatus.FINISHED)
    with Session(company.engine) as session:
        dead = session.get_one(Run, run_id).model_dump()
        dead |= {"id": "R-dead", "status": RunStatus.RUNNING, "finished_at": None, "seconds": 0.1}
        # The other one may have been taken up twice: on a slow machine it was silent for too long.
        dead["attempts"] = 1
        session.add(Run(**dead | {"heartbeat_at": now() - timedelta(minutes=1)}))
        session.commit()
    with listening(company.service.address, key=dispatcher(company), types="alert") as stream:
        broker.publish([(topic, company.alert("mqtt-2", 5))])
        assert company.post("http-5", 6).status_code == 202
        assert len(stream.events(2)) == 2
    until(lambda: company.has("mqtt-2", "http-5"))
    until(lambda: standing(company, "R-dead") == RunStatus.FINISHED)
    until(company.nothing_waits)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_webhook_that_hangs_keeps_nobody_else_waiting_and_is_given_up(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    patient = {"webhook_private_targets": True, "solver_processes": 0}
    with (
        target() as found,
        silent_target() as silent,
        silent_target(drip=b"X-More: 1\r\n") as dripping,
        serving(engine, settings, tmp_path, **patient, webhook_timeout_seconds=20) as company,
    ):
        hanging = {add_webhook(company, url) for url in (silent, dripping)}
        add_webhook(company, found.url)
        company.service.start()
        company.service.wait_until_ready()
        ids = [f"a-{number}" for number in range(12)]
        for number, id_ in enumerate(ids):
            assert company.post(id_, number).status_code == 202
        until(lambda: len(told(found)) == 12)
        until(company.nothing_waits)
        attempts = select(WebhookDelivery).where(
            col(WebhookDelivery.webhook_id).in_(hanging), col(WebhookDelivery.attempts) > 0
        )
        under_way = company.query(attempts)
        assert {one.webhook_id for one in under_way} == hanging
        assert [one.last_error for one in under_way] == [None, None]
        company.service.stop()

        company.service = Service(
            settings.database_url,
            tmp_path,
            **patient,
            webhook_timeout_seconds=0.2,
            webhook_retry_seconds="[0.1]",
        )
        company.service.start()
        given_up = select(WebhookDelivery.webhook_id).where(
            WebhookDelivery.status == DeliveryStatus.DEAD
        )
        until(lambda: set(company.query(given_up)) == hanging)
        reasons = select(Webhook.disabled_reason).where(col(Webhook.id).in_(hanging))
        assert all("Nothing has got through" in reason for reason in company.query(reasons))
        company.service.close()
        account = company.account(*ids)
    assert (account.lost, account.doubled, account.broken) == ([], [], [])
