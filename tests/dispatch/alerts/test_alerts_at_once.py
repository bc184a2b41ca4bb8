"""Alerts in any order, often and at once: one job a problem, and nothing unaccounted for."""

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from sqlmodel import Session, select

from dispatch.alerts.content import Delivery
from dispatch.alerts.intake import AlertReceipt, Arrival, accept
from dispatch.models import (
    Alert,
    AlertOutcome,
    DeadLetter,
    Job,
    JobPart,
    JobSkill,
    JobStatus,
    JobTask,
    JobTool,
    JobWindow,
    Placement,
)
from dispatch.settings import Settings
from tests.dispatch.machines import NOON, add_machines, add_rule, add_template, message, minutes


@pytest.fixture(autouse=True)
def machines(session: Session) -> None:
    add_machines(session)
    add_template(session)


def send(engine: Engine, settings: Settings, content: dict[str, Any]) -> AlertReceipt:
    body = json.dumps(content, default=str).encode()
    with Session(engine) as session:
        [[receipt]] = accept(session, [Arrival(Delivery(body), "platform")], settings, NOON)
        session.commit()
    return receipt


def at_once(
    engine: Engine, settings: Settings, contents: list[dict[str, Any]], threads: int = 4
) -> list[AlertReceipt]:
    start = threading.Barrier(threads)
    shares = [contents[number::threads] for number in range(threads)]

    def work(share: list[dict[str, Any]]) -> list[AlertReceipt]:
        start.wait()
        return [send(engine, settings, content) for content in share]

    with ThreadPoolExecutor(threads) as pool:
        return [receipt for some in pool.map(work, shares) for receipt in some]


def jobs_by_problem(session: Session) -> dict[tuple[str, str], set[str]]:
    """Jobs that are not cancelled, by the problems that they are to solve."""
    found: dict[tuple[str, str], set[str]] = {}
    query = select(JobTask).join(Job).where(Job.status != JobStatus.CANCELLED)
    for task in session.exec(query):
        found.setdefault((task.device_id, task.type), set()).add(task.job_id)
    return found


def test_the_same_alert_several_times_at_once_is_one_alert_and_one_job(
    engine: Engine, session: Session, settings: Settings
) -> None:
    add_rule(session)
    receipts = at_once(engine, settings, [message()] * 8)
    assert len({receipt.alert_id for receipt in receipts}) == 1
    assert sorted(receipt.is_duplicate for receipt in receipts) == [False] + [True] * 7
    assert session.exec(select(Alert)).one().count == 8
    assert len(session.exec(select(Job)).all()) == 1


def test_different_alerts_of_one_problem_at_once_are_one_job(
    engine: Engine, session: Session, settings: Settings
) -> None:
    add_rule(session)
    receipts = at_once(engine, settings, [message(f"a-{number}") for number in range(8)])
    assert len({receipt.job_id for receipt in receipts}) == 1
    assert Counter(receipt.outcome for receipt in receipts) == {"job": 1, "folded": 7}
    assert session.exec(select(JobTask)).one().count == 8


def test_a_flood_at_once_is_one_visit(engine: Engine, session: Session, settings: Settings) -> None:
    add_rule(session, flood_minutes=30, most_tasks=20)
    storm = [
        message(f"{device}-{type_}", device=device, type=type_)
        for device in ("sen-1", "sen-2", "sen-3")
        for type_ in ("hot", "leak", "noise")
    ]
    at_once(engine, settings, storm)
    [job] = session.exec(select(Job)).all()
    tasks = session.exec(select(JobTask)).all()
    assert sorted(task.position for task in tasks) == list(range(1, 10))
    assert job.duration_minutes == 60 + 8 * 20


def test_a_message_that_nobody_understands_is_kept_once_however_often_it_comes_at_once(
    engine: Engine, session: Session, settings: Settings
) -> None:
    at_once(engine, settings, [message(device="nobody")] * 8)
    assert session.exec(select(DeadLetter)).one().count == 8


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_in_threads_leaves_one_job_for_each_problem_that_is_left(
    engine: Engine, session: Session, settings: Settings, seed: int
) -> None:
    add_rule(session, flood_minutes=30, withdraw=True)
    chance = random.Random(seed)
    storm = [
        message(f"{device}-{number}", device=device, at=minutes(-number), cleared=number == 2)
        for device in ("sen-1", "sen-2", "ho-1", "ho-2", "ghost")
        for number in range(5)
    ] * 2
    chance.shuffle(storm)
    receipts = at_once(engine, settings, storm)
    assert all(one.alert_id or one.dead_letter_id for one in receipts)
    found = jobs_by_problem(session)
    assert set(found) == {(device, "overheat") for device in ("sen-1", "sen-2", "ho-1", "ho-2")}
    assert all(len(job_ids) == 1 for job_ids in found.values())


# Any order

DEVICES = ("sen-1", "sen-2", "ho-1")
MESSAGES = st.builds(
    lambda id_, device, type_, severity, at, cleared: message(
        id_, device=device, type=type_, severity=severity, at=minutes(-at), cleared=cleared
    ),
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from([*DEVICES, "ghost"]),
    st.sampled_from(["hot", "leak"]),
    st.sampled_from(["minor", "major", "critical"]),
    st.integers(0, 5),
    st.booleans(),
)


def owned(content: dict[str, Any]) -> dict[str, Any]:
    """An id belongs to one problem."""
    return {**content, "id": f"{content['device']}-{content['type']}-{content['id']}"}


def emptied(session: Session) -> None:
    for table in (
        *(JobTask, Alert, DeadLetter, Placement, JobSkill, JobPart, JobTool, JobWindow, Job),
    ):
        session.exec(delete(table))
    session.commit()


@pytest.mark.parametrize("flood_minutes", [0, 30])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(MESSAGES.map(owned), min_size=1, max_size=8),
    repeated=st.lists(st.integers(0, 7), max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_in_any_order_and_with_any_repetition_it_comes_to_the_same(
    engine: Engine,
    settings: Settings,
    flood_minutes: int,
    contents: list[dict[str, Any]],
    repeated: list[int],
    order: random.Random,
) -> None:
    again = contents + [contents[number % len(contents)] for number in repeated]
    order.shuffle(again)
    assert outcome_of(engine, settings, contents, flood_minutes) == outcome_of(
        engine, settings, again, flood_minutes
    )


def outcome_of(
    engine: Engine, settings: Settings, contents: list[dict[str, Any]], flood_minutes: int
) -> dict[str, Any]:
    """What is left of the messages: for each alert its state, for each problem whether it has its
    job, and how many dead letters."""
    with Session(engine) as session:
        emptied(session)
        add_rule(session, flood_minutes=flood_minutes, withdraw=False)
    receipts = [send(engine, settings, content) for content in contents]
    assert all(one.alert_id or one.dead_letter_id for one in receipts)
    with Session(engine) as session:
        alerts = session.exec(select(Alert)).all()
        letters = session.exec(select(DeadLetter)).all()
        assert sum(one.count for rows in (alerts, letters) for one in rows) == len(contents)
        found = jobs_by_problem(session)
        assert all(len(job_ids) == 1 for job_ids in found.values())
        active = [one for one in alerts if one.outcome is not AlertOutcome.CLEARED]
        for alert in active:
            assert alert.outcome in (AlertOutcome.JOB, AlertOutcome.FOLDED)
            assert alert.job_id in found[alert.device_id, alert.type]
        return {
            "states": sorted(
                (one.id_at_source, one.severity, one.outcome is AlertOutcome.CLEARED)
                for one in alerts
            ),
            "letters": sorted(one.digest for one in letters),
        }
