"""A dry run says what came of the same alerts when the same rules were at work."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from dispatch.alerts.dry_run import DryRun, DryRunRequest, dry_run
from dispatch.models import Alert, Job, JobStatus
from dispatch.settings import Settings
from tests.dispatch.machines import (
    add_machines,
    add_rule,
    add_template,
    message,
    minutes,
    open_jobs,
    told,
)

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def machines(session: Session) -> None:
    add_machines(session)
    add_template(session)


def tried(session: Session, settings: Settings) -> DryRun:
    """The dry run of the rules that are kept, once it is seen to say what did come of the alerts:
    which of them have a job together, and how many jobs were withdrawn."""
    found = dry_run(session, DryRunRequest(), settings)
    session.rollback()
    predicted, come = defaultdict(set), defaultdict(set)
    for one in found.alerts:
        predicted[one.visit].add(one.alert_id)
    for alert in session.exec(select(Alert)):
        come[alert.job_id].add(alert.id)
    assert sorted(map(sorted, predicted.values())) == sorted(map(sorted, come.values()))
    assert predicted.get(None) == come.get(None)
    jobs = session.exec(select(Job)).all()
    assert found.visits == len(jobs)
    assert found.withdrawn == sum(job.status == JobStatus.CANCELLED for job in jobs)
    return found


def clear(session: Session, settings: Settings, id_: str, at: datetime) -> None:
    told(session, settings, message(id_, cleared=True), at)


def test_problems_fold_and_the_worst_raises_the_priority(
    session: Session, settings: Settings
) -> None:
    add_rule(session, "other", position=1, type_pattern="noise", template_id=None)
    add_rule(session, type_pattern="over*")
    told(session, settings, message("a-1"))
    told(session, settings, message("a-2", severity="critical"), minutes(5))
    told(session, settings, message("a-3", type="noise"), minutes(6))
    told(session, settings, message("a-4", type="smoke"), minutes(7))
    found = tried(session, settings)
    assert [(one.outcome, one.rule_id, one.visit, one.priority) for one in found.alerts] == [
        ("job", "all", 1, "high"),
        ("folded", "all", 1, "urgent"),
        ("rejected", "other", None, None),
        ("received", None, None, None),
    ]


def test_a_flood_becomes_visits_that_one_person_can_do(
    session: Session, settings: Settings
) -> None:
    """Nobody has both skills at these levels, so that the second problem has a visit of its own."""
    hard = [{"skill_id": "cooling", "level": 3}, {"skill_id": "electric", "level": 2}]
    add_template(session, "hard", skills=hard)
    add_rule(session, "hard", position=1, type_pattern="hard", template_id="hard", flood_minutes=30)
    add_rule(session, flood_minutes=30, most_tasks=3)
    for number, (device, type_) in enumerate(
        [("sen-1", "a"), ("sen-2", "hard"), ("sen-2", "b"), ("sen-3", "c"), ("sen-1", "d")]
    ):
        content = message(f"a-{number}", device=device, type=type_)
        told(session, settings, content, minutes(number))
    assert [one.visit for one in tried(session, settings).alerts] == [1, 2, 1, 1, 3]


@pytest.mark.parametrize(
    "content",
    [
        {"duration_minutes": 1000, "extra_minutes": 500},
        {"parts": [{"part_id": "FILTER", "quantity": 600_000}]},
    ],
)
def test_a_visit_becomes_no_more_than_a_job_may_be(
    session: Session, settings: Settings, content: dict[str, Any]
) -> None:
    add_template(session, **content)
    add_rule(session, flood_minutes=30)
    told(session, settings, message("a-1"))
    told(session, settings, message("a-2", device="sen-2"), minutes(1))
    assert tried(session, settings).visits == 2


def test_a_problem_that_comes_back_at_once_is_withdrawn_once(
    session: Session, settings: Settings
) -> None:
    add_rule(session, withdraw=True)
    told(session, settings, message("a-1"))
    clear(session, settings, "a-1", minutes(5))
    told(session, settings, message("a-2"), minutes(10))
    clear(session, settings, "a-2", minutes(15))
    found = tried(session, settings)
    assert (found.visits, found.withdrawn) == (2, 1)


def test_nothing_is_changed(session: Session, settings: Settings) -> None:
    add_rule(session, withdraw=True)
    told(session, settings, message("a-1"))
    before = [row.model_dump() for row in session.exec(select(Alert))]
    dry_run(session, DryRunRequest(), settings)
    session.commit()
    session.expire_all()
    assert [row.model_dump() for row in session.exec(select(Alert))] == before
    assert len(open_jobs(session)) == 1
