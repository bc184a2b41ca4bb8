"""Since when a visit in force does not hold: from what tells it first, and the same later."""

import pytest
from sqlmodel import Session

from dispatch import log
from dispatch.models import (
    Absence,
    Job,
    JobStatus,
    Placement,
    PlacementStatus,
    Plan,
    PlanStatus,
    Run,
    RunStatus,
    Technician,
)
from dispatch.settings import Settings
from tests.dispatch.crew import (
    MONDAY,
    SUNDAY_EVENING,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.settling.asking import issues


@pytest.fixture
def monday(session: Session) -> Session:
    add_technician(session, "bob", at=6)
    add_job(session, "b1", at=7)
    add_live_route(session, "bob", [("b1", "10:00")])
    session.commit()
    return session


def test_an_absence_is_known_since_it_was_noted(monday: Session, settings: Settings) -> None:
    monday.add(
        Absence(id="flu", technician_id="bob", starts_at=hanoi("09:00"), ends_at=hanoi("17:00"))
    )
    log.record(monday, "lan", "add", log.Entity.ABSENCE, "flu").at = hanoi("07:00")
    monday.add(Placement(job_id="b1", trigger="absence", asked_by="lan", asked_at=hanoi("07:01")))
    issue = issues(monday, settings)["conflict:b1"]
    assert (issue.since, issue.cause.code) == (hanoi("07:00"), "technician_absent")


def test_what_a_place_was_asked_for_is_known_since_the_first_time(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Technician, "bob").active = False
    assert issues(monday, settings)["conflict:b1"].since == SUNDAY_EVENING
    for clock in ("07:10", "07:20"):
        row = Placement(job_id="b1", trigger="conflict", asked_by="placer")
        row.asked_at, row.status = hanoi(clock), PlacementStatus.PLACED
        monday.add(row)
    assert issues(monday, settings)["conflict:b1"].since == hanoi("07:10")


def test_what_has_begun_is_known_since_the_technician_was_changed(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Technician, "bob").active = False
    job = monday.get_one(Job, "b1")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("07:30")
    log.record(monday, "lan", "import", log.Entity.TECHNICIAN, "bob").at = hanoi("07:40")
    log.record(monday, "lan", "import", log.Entity.TECHNICIAN, "ann").at = hanoi("07:50")
    assert issues(monday, settings)["conflict:b1"].since == hanoi("07:40")


def test_a_plan_that_could_not_be_published_is_one_until_somebody_decides(
    monday: Session, settings: Settings
) -> None:
    run = Run(
        id="run-1",
        trigger="nightly",
        status=RunStatus.FINISHED,
        starts_on=MONDAY,
        ends_on=MONDAY,
        seconds=1,
        publish=True,
        requested_by="scheduler",
        created_at=hanoi("02:00"),
        finished_at=hanoi("02:05"),
        failure="it changes too much",
    )
    monday.add(run)
    monday.flush()
    plan = Plan(run_id="run-1", starts_on=MONDAY, ends_on=MONDAY, based_on_version=1, objective=0)
    monday.add(plan)
    (issue,) = issues(monday, settings).values()
    assert (issue.id, issue.cause.code) == ("failed_run:run-1", "not_published")
    assert issue.since == hanoi("02:05")
    assert [one.path for one in issue.repairs] == [
        f"/plans/{plan.id}/publish",
        f"/plans/{plan.id}/discard",
        "/plans",
    ]
    plan.status = PlanStatus.DISCARDED
    assert issues(monday, settings) == {}
