"""A job on no route is to be settled where it cannot wait for the next plan."""

from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, select

from dispatch import log
from dispatch.models import (
    Job,
    JobStatus,
    Placement,
    PlacementStatus,
    Plan,
    PlanUnassigned,
    Priority,
    Route,
    Stop,
)
from dispatch.settings import Settings
from tests.dispatch.crew import (
    SUNDAY_EVENING,
    TUESDAY,
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


def waiting(session: Session, name: str, **columns: object) -> None:
    with time_machine.travel(SUNDAY_EVENING - timedelta(days=1), tick=False):
        add_job(session, name, at=2, **columns)


def test_what_has_to_be_done_today_is_one_and_what_can_wait_is_none(
    monday: Session, settings: Settings
) -> None:
    waiting(monday, "today", windows=[(hanoi("13:00"), hanoi("15:00"))])
    waiting(monday, "due", due_at=hanoi("17:00"))
    waiting(monday, "some_day")
    waiting(monday, "tomorrow", windows=[(hanoi("13:00", TUESDAY), hanoi("15:00", TUESDAY))])
    waiting(
        monday,
        "either",
        windows=[
            (hanoi("13:00"), hanoi("15:00")),
            (hanoi("13:00", TUESDAY), hanoi("15:00", TUESDAY)),
        ],
    )
    found = issues(monday, settings)
    assert found.keys() == {"no_place:today", "no_place:due"}
    issue = found["no_place:today"]
    assert issue.cause.code == "not_planned"
    # What is to be done today was known to be so when the day began.
    assert issue.since == hanoi("00:00")
    assert (
        issue.cause.values["ends_at"] == hanoi("15:00").astimezone(issue.since.tzinfo).isoformat()
    )


def test_it_ends_with_a_place_a_look_for_one_or_the_job(
    monday: Session, settings: Settings
) -> None:
    for name in ("placed", "sought", "held"):
        waiting(monday, name, due_at=hanoi("17:00"))
    assert len(issues(monday, settings)) == 3
    add_technician(monday, "cal", at=2)
    add_live_route(monday, "cal", [("placed", "12:00")], version=2)
    monday.add(Placement(job_id="sought", trigger="new_job", asked_by="lan"))
    monday.get_one(Job, "held").status = JobStatus.ON_HOLD
    assert issues(monday, settings) == {}


def test_what_the_last_plan_left_out_says_why(monday: Session, settings: Settings) -> None:
    waiting(monday, "out", due_at=hanoi("17:00"))
    plan_id = monday.exec(select(Plan.id)).one() or 0
    reason = {"code": "outbid", "rule": None, "message": "b1 matters more"}
    monday.add(PlanUnassigned(plan_id=plan_id, job_id="out", reasons=[reason]))
    (issue,) = issues(monday, settings).values()
    assert (issue.cause.code, issue.cause.values["message"]) == ("left_out", "b1 matters more")
    assert (issue.cause.values["reason_code"], issue.cause.values["rule"]) == ("outbid", None)


def test_a_place_that_was_looked_for_in_vain_is_known_since_the_first_look(
    monday: Session, settings: Settings
) -> None:
    waiting(monday, "fire", priority=Priority.EMERGENCY)
    for clock, status in (
        ("05:00", PlacementStatus.NO_PLACE),
        ("06:00", PlacementStatus.PLACED),
        ("07:00", PlacementStatus.NO_PLACE),
        ("07:30", PlacementStatus.NO_PLACE),
    ):
        row = Placement(job_id="fire", trigger="alert", asked_by="x", status=status)
        row.settled_at, row.cause = hanoi(clock), clock
        monday.add(row)
        monday.flush()
    (issue,) = issues(monday, settings).values()
    assert issue.since == hanoi("07:00")
    assert issue.cause.values["message"] == "07:30"


def test_a_place_that_was_lost_is_known_since_then_whatever_has_changed_later(
    monday: Session, settings: Settings
) -> None:
    job = monday.get_one(Job, "b1")
    job.status, job.told_at = JobStatus.OPEN, hanoi("06:00")
    for stop in monday.exec(select(Stop)):
        stop.live = False
    monday.exec(select(Route)).one().live = False
    (issue,) = issues(monday, settings).values()
    assert (issue.cause.code, issue.since) == ("lost_place", SUNDAY_EVENING)
    log.record(monday, "lan", "undo", log.Entity.JOB, "b1").at = hanoi("07:00")
    log.record(monday, "lan", "change", log.Entity.JOB, "b1").at = hanoi("07:30")
    job.updated_at = hanoi("07:45")
    assert issues(monday, settings)["no_place:b1"].since == hanoi("07:00")
