"""Customers who were told a time are not forgotten when their visit moves."""

from collections.abc import Iterator

import pytest
import time_machine
from sqlmodel import Session, select

from dispatch.jobs.placements import list_placements
from dispatch.models import Job, JobStatus, JobWindow, LogEntry, TechnicianSkill
from dispatch.planning.conflicts import broken_visits
from dispatch.settings import Settings
from dispatch.settling.issues import Issue, IssueKind
from dispatch.settling.listing import list_issues
from tests.dispatch.crew import add_job, add_live_route, add_technician, hanoi
from tests.dispatch.drafting import in_force
from tests.dispatch.follow_up import EIGHT, changed, follow

SOON = hanoi("08:01")


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def told(session: Session) -> Session:
    """Bob's customer was told two o'clock; only Ann, who is there until noon, could go as well."""
    add_technician(session, "ann", at=0, skills={"gas": 1}, hours=[("08:00", "12:00")])
    add_technician(session, "bob", at=6, skills={"gas": 1})
    add_job(session, "gas", at=5, skills={"gas": 1}, told_at=hanoi("07:00"))
    add_job(session, "plain", at=7, told_at=hanoi("07:00"))
    add_live_route(session, "bob", [("plain", "10:00"), ("gas", "14:00")])
    session.commit()
    return session


def loses_the_skill(session: Session) -> None:
    session.delete(session.get_one(TechnicianSkill, ("bob", "gas")))


def told_otherwise(session: Session, settings: Settings) -> list[Issue]:
    broken = broken_visits(session, settings, EIGHT)
    found = list_issues(session, settings, EIGHT, broken)
    return [issue for issue in found if issue.kind is IssueKind.TOLD_OTHERWISE]


def test_who_was_told_another_time_is_named_until_told_again(
    told: Session, settings: Settings
) -> None:
    assert told_otherwise(told, settings) == []
    changed(told, loses_the_skill)
    follow(told, settings)
    assert in_force(told) == {"ann": ["gas"], "bob": ["plain"]}
    (row,), _ = list_placements(told, settings, EIGHT)
    assert (row.job_id, row.told_job_ids) == ("gas", ["gas"])
    entry = told.exec(select(LogEntry).where(LogEntry.action == "place")).one()
    assert (entry.after or {})["told_job_ids"] == ["gas"]
    (issue,) = told_otherwise(told, settings)
    assert (issue.job_ids, issue.technician_id) == (["gas"], "ann")
    assert issue.cause.values["told_start_at"] == "2027-03-01T07:00:00+00:00"
    told.get_one(Job, "gas").told_at = SOON
    told.commit()
    assert told_otherwise(told, settings) == []
    (row,), _ = list_placements(told, settings, EIGHT)
    assert row.told_job_ids == []


def test_who_is_told_otherwise_by_a_route_that_is_timed_anew_is_named(
    told: Session, settings: Settings
) -> None:
    told.add(JobWindow(job_id="plain", starts_at=hanoi("10:00"), ends_at=hanoi("10:00")))
    told.add(JobWindow(job_id="gas", starts_at=hanoi("14:00"), ends_at=hanoi("14:00")))

    def takes_long(session: Session) -> None:
        session.get_one(Job, "plain").duration_minutes = 270

    changed(told, takes_long)
    follow(told, settings)
    (entry,) = told.exec(select(LogEntry).where(LogEntry.action == "place")).all()
    assert (entry.after or {})["told_job_ids"] == ["gas"]
    assert [issue.job_ids for issue in told_otherwise(told, settings)] == [["gas"]]


def test_who_was_told_and_is_not_attended_any_more_is_named(
    told: Session, settings: Settings
) -> None:
    told.add(JobWindow(job_id="gas", starts_at=hanoi("14:00"), ends_at=hanoi("14:00")))
    changed(told, loses_the_skill)
    follow(told, settings)
    assert told.get_one(Job, "gas").status == JobStatus.OPEN
    entry = told.exec(select(LogEntry).where(LogEntry.action == "take_off")).one()
    assert (entry.after or {})["told_at"] == "2027-03-01T00:00:00+00:00"
