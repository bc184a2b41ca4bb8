"""A job that could not be completed is to be settled until another follows, or nothing is to."""

from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, select

from dispatch.errors import Conflict, InvalidInput
from dispatch.jobs.crews import JobRequest, request_job
from dispatch.jobs.jobs import cancel_job, close_job, read_job
from dispatch.models import Job, JobTask, JobTechnician, Priority, Site, Wish
from dispatch.settings import Settings
from dispatch.settling.repairs import RepairKind
from dispatch.settling.unplaced import failed
from tests.dispatch.crew import MONDAY, add_job, add_live_route, add_technician, hanoi
from tests.dispatch.machines import add_machines
from tests.dispatch.reporting import take
from tests.dispatch.settling.asking import issues
from tests.dispatch.translating import translated
from tests.dispatch.views.test_history import add_task


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann was at j1, and nobody was there."""
    add_technician(session, "ann", at=1)
    add_job(session, "j1", at=1)
    add_live_route(session, "ann", [("j1", "09:00")])
    session.commit()
    with time_machine.travel(hanoi("09:12"), tick=False):
        take(session, "cannot_complete", "09:10", received="09:12", note="closed")
    session.commit()
    return session


def follow(session: Session, settings: Settings, job_id: str = "j1", **fields: object) -> str:
    asked = {"site_id": "site-j1", "title": "Again", "duration_minutes": 30, "follow_up_of": job_id}
    request = JobRequest.model_validate(asked | fields)
    return request_job(session, request, actor="lan", settings=settings)[0].id


def test_it_is_one_with_who_was_there_and_why_not(monday: Session, settings: Settings) -> None:
    (issue,) = issues(monday, settings, "10:00").values()
    assert (issue.id, issue.technician_id, issue.day) == ("failed_visit:j1", "ann", MONDAY)
    assert issue.since == hanoi("09:12")
    assert issue.cause.code == "could_not_complete"
    assert issue.cause.values == {"reason": "customer_absent", "note": "closed"}


def test_it_ends_with_a_job_that_follows_and_begins_again_if_that_is_cancelled(
    monday: Session, settings: Settings
) -> None:
    name = follow(monday, settings)
    assert "failed_visit:j1" not in issues(monday, settings, "10:00")
    cancel_job(monday, name, actor="lan")
    assert issues(monday, settings, "10:00").keys() == {"failed_visit:j1"}
    follow(monday, settings)
    assert issues(monday, settings, "10:00") == {}


def test_it_ends_when_nothing_more_is_to_be_done(monday: Session, settings: Settings) -> None:
    close_job(monday, "j1", actor="lan")
    close_job(monday, "j1", actor="lan")
    assert issues(monday, settings, "10:00") == {}
    add_job(monday, "j2")
    with pytest.raises(Conflict, match="not cannot_complete"):
        close_job(monday, "j2", actor="lan")


def test_it_ends_when_it_turns_out_to_have_been_done(monday: Session, settings: Settings) -> None:
    take(monday, "completed", "09:05", received="09:40")
    assert issues(monday, settings, "10:00") == {}


def test_long_ago_it_is_nothing_to_decide_now(monday: Session, settings: Settings) -> None:
    assert len(failed(monday, settings, hanoi("09:00") + timedelta(days=30))) == 1
    assert failed(monday, settings, hanoi("09:11") + timedelta(days=30)) == []


def test_what_follows_is_planned_whatever_it_follows(monday: Session, settings: Settings) -> None:
    name = follow(monday, settings, priority=Priority.LOW)
    translation = translated(monday, settings, at=hanoi("10:00"))
    assert name in translation.visits
    assert translation.problem.links == ()
    (link,) = read_job(monday, name).links
    assert (link.kind.value, link.job_ids) == ("follow_up", ["j1", name])


def test_what_follows_needs_the_parts_that_are_missing_and_keeps_the_wishes(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=1, stock={"fuse": 1, "valve": 2})
    add_technician(session, "bob", at=1)
    add_job(session, "j1", at=1, parts={"fuse": 2, "valve": 1})
    session.add(JobTechnician(job_id="j1", technician_id="bob", wish=Wish.FORBIDDEN))
    add_live_route(session, "ann", [("j1", "09:00")])
    session.commit()
    used = [{"part_id": "fuse", "quantity": 1}, {"part_id": "valve", "quantity": 1}]
    with time_machine.travel(hanoi("09:12"), tick=False):
        take(
            session,
            "cannot_complete",
            "09:10",
            received="09:12",
            reason="missing_part",
            parts_used=used,
        )
    (issue,) = issues(session, settings, "10:00").values()
    body = next(one.body for one in issue.repairs if one.kind is RepairKind.FOLLOW_UP)
    assert body is not None
    name = request_job(session, JobRequest.model_validate(body), actor="lan", settings=settings)[
        0
    ].id
    follower = read_job(session, name)
    assert [(part.part_id, part.quantity) for part in follower.parts] == [("fuse", 1)]
    assert (follower.site_id, follower.forbidden) == ("site-j1", ["bob"])
    [link] = read_job(session, "j1").links
    assert link.job_ids == ["j1", name]


def test_what_follows_is_about_the_same_machine(session: Session, settings: Settings) -> None:
    add_machines(session, ["sen"])
    add_job(session, "j1")
    session.get_one(Job, "j1").site_id = "sen"
    add_task(session, "j1", "sen-1")
    name = follow(session, settings, site_id="sen")
    [task] = session.exec(select(JobTask).where(JobTask.job_id == name))
    assert (task.device_id, task.title) == ("sen-1", "hot")
    session.add(Site(id="old", name="old", address="old"))
    other = follow(session, settings, site_id="old")
    assert session.exec(select(JobTask).where(JobTask.job_id == other)).all() == []


def test_what_is_not_there_cannot_be_followed(monday: Session, settings: Settings) -> None:
    with pytest.raises(InvalidInput) as refused:
        follow(monday, settings, "none")
    assert [fault.where for fault in refused.value.faults] == ["follow_up_of"]
    assert monday.get(Job, "none") is None
