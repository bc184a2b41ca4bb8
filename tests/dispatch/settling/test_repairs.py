"""What would settle an issue is worked out with the plan in force, and is as good as it says."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.by_hand.changes import ChangeToMake
from dispatch.by_hand.judgements import PlanChange, judge_change
from dispatch.errors import NotFound
from dispatch.intake import Input, JobChange
from dispatch.jobs.crews import JobRequest
from dispatch.models import Job, JobStatus, JobWindow
from dispatch.placing.placing import PlaceRequest
from dispatch.planning.live_days import LiveDays
from dispatch.runs.runs import PlanRequest
from dispatch.settings import Settings
from dispatch.settling.facts import SettlingFacts
from dispatch.settling.issues import issues_of
from dispatch.settling.repairs import Repair, RepairKind
from dispatch.settling.working_out import repairs_of
from dispatch.store import reading
from tests.dispatch.crew import MONDAY, TUESDAY, add_job, add_live_route, add_technician, hanoi
from tests.dispatch.settling.asking import issues
from tests.dispatch.settling.test_facts import facts

OPERATIONS: dict[str, type[Input] | None] = {
    "POST /jobs": JobRequest,
    "PATCH /jobs/[a-z]": JobChange,
    "POST /jobs/[a-z]/place": PlaceRequest,
    "POST /jobs/[a-z]/close": None,
    "POST /plan-changes": ChangeToMake,
    "POST /plans": PlanRequest,
    "POST /plans/[0-9]+/(publish|discard)": None,
    "POST /dead-letters/replay": None,
}
"""What repairs stand for, and what these take."""
EIGHT = hanoi("08:00")


@pytest.fixture
def monday(session: Session) -> Session:
    """Bob has two visits in the north, of which the second comes much too late; Ann has time."""
    add_technician(session, "ann", at=5)
    add_technician(session, "bob", at=6)
    add_job(session, "b1", at=7)
    add_job(session, "b2", at=8, due_at=hanoi("10:00"))
    add_live_route(session, "bob", [("b1", "09:00"), ("b2", "14:00")])
    session.commit()
    return session


def repairs(session: Session, engine: Engine, settings: Settings, id_: str) -> list[Repair]:
    found = list(issues(session, settings).values())
    session.commit()
    days = LiveDays(reading(engine), settings)
    return repairs_of(session, found, id_, settings, EIGHT, days)


def test_a_late_visit_goes_elsewhere_for_what_a_judgement_says_it_costs(
    monday: Session, engine: Engine, settings: Settings
) -> None:
    job = monday.get_one(Job, "b1")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("08:00")
    monday.get_one(Job, "b2").due_at = hanoi("08:20")
    found = repairs(monday, engine, settings, "late:b2")
    assert [one.kind for one in found] == [RepairKind.REASSIGN, RepairKind.PUT_OFF]
    for one in found:
        assert (one.method, one.path) == ("POST", "/plan-changes")
        change = PlanChange.model_validate(one.body)
        judged = judge_change(monday, change, settings, at=EIGHT)
        assert judged.possible
        assert judged.extra_cost == one.cost
    assert found[0].values["technician_id"] == "ann"
    assert found[1].values["day"] == TUESDAY.isoformat()


def test_a_place_where_the_visit_is_still_late_says_by_how_much(
    monday: Session, engine: Engine, settings: Settings
) -> None:
    job = monday.get_one(Job, "b1")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("08:00")
    monday.get_one(Job, "b2").due_at = hanoi("08:20")
    sooner, tomorrow = repairs(monday, engine, settings, "late:b2")
    work = timedelta(minutes=monday.get_one(Job, "b2").duration_minutes)
    over = datetime.fromisoformat(sooner.values["start_at"]) + work
    assert sooner.values["late_minutes"] == (over - hanoi("08:20")).total_seconds() // 60
    assert tomorrow.values["late_minutes"] > 12 * 60
    monday.get_one(Job, "b2").due_at = over
    in_time, *_ = repairs(monday, engine, settings, "late:b2")
    assert in_time.values["start_at"] == sooner.values["start_at"]
    assert "late_minutes" not in in_time.values


def test_a_late_visit_is_sent_nowhere_where_it_would_be_later_still(
    monday: Session, engine: Engine, settings: Settings
) -> None:
    add_job(monday, "long", at=5, minutes=300)
    add_live_route(monday, "ann", [("long", "08:00")])
    add_technician(monday, "cid", at=40)
    job = monday.get_one(Job, "b1")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("08:00")
    late = monday.get_one(Job, "b2")
    late.due_at = hanoi("09:00")
    assert issues(monday, settings)["late:b2"].cause.values["late_minutes"] < 10
    found = repairs(monday, engine, settings, "late:b2")
    assert [one.kind for one in found] == [RepairKind.PUT_OFF]


def test_a_job_without_a_place_goes_where_it_costs_least_on_the_first_day_that_has_any(
    monday: Session, engine: Engine, settings: Settings
) -> None:
    add_job(monday, "due", at=5, due_at=hanoi("17:00"))
    found = repairs(monday, engine, settings, "no_place:due")
    assert {one.kind for one in found} == {RepairKind.REASSIGN}
    assert [one.cost for one in found] == sorted(one.cost or 0 for one in found)
    best = found[0]
    judged = judge_change(monday, PlanChange.model_validate(best.body), settings, at=EIGHT)
    assert (judged.possible, judged.extra_cost) == (True, best.cost)


def test_what_nobody_can_do_has_no_place_proposed(
    monday: Session, engine: Engine, settings: Settings
) -> None:
    add_job(monday, "gas", at=5, skills={"gas": 1}, due_at=hanoi("17:00"))
    assert repairs(monday, engine, settings, "no_place:gas") == []


def test_what_is_settled_has_no_repairs(
    monday: Session, engine: Engine, settings: Settings
) -> None:
    with pytest.raises(NotFound, match="no such issue"):
        repairs(monday, engine, settings, "late:b1")


@given(facts)
def test_every_repair_is_an_operation_with_what_it_takes(found: SettlingFacts) -> None:
    for repair in (one for issue in issues_of(found) for one in issue.repairs):
        named = f"{repair.method} {repair.path}"
        [model] = [model for form, model in OPERATIONS.items() if re.fullmatch(form, named)]
        if model is None:
            assert repair.body is None
        else:
            taken: Any = model.model_validate(repair.body)
            assert {*(repair.body or {})} <= {*model.model_fields}, taken


def test_what_would_break_a_rule_is_not_proposed(
    monday: Session, engine: Engine, settings: Settings
) -> None:
    job = monday.get_one(Job, "b1")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("08:00")
    monday.get_one(Job, "b2").due_at = hanoi("08:20")
    monday.add(JobWindow(job_id="b2", starts_at=hanoi("08:00"), ends_at=hanoi("16:00")))
    found = repairs(monday, engine, settings, "late:b2")
    assert {one.values["day"] for one in found} == {MONDAY.isoformat()}
