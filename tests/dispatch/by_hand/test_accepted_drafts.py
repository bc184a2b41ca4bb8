"""Drafts that were put in force, and taken back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, col, select

from dispatch.by_hand.undoing import undo_change
from dispatch.by_hand.versions import ChangeMade
from dispatch.errors import Conflict, NotFound
from dispatch.field.reports import NewReport, take_report
from dispatch.jobs.jobs import cancel_job
from dispatch.models import (
    JobSkill,
    JobStatus,
    ManualChange,
    ReportKind,
    Route,
    Skill,
    Stop,
    TechnicianSkill,
    Waiver,
)
from dispatch.plans.publishing import publish_for, publish_up_to_date
from dispatch.plans.queries import placed_by_hand_since
from dispatch.settings import Settings
from tests.dispatch.changing import EIGHT, change, nothing_is_lost_or_doubled
from tests.dispatch.crew import SUNDAY_EVENING, add_job, add_technician, hanoi
from tests.dispatch.drafting import draft, everything, in_force, publish, status

pytestmark = pytest.mark.any_database

NAMES = ("j1", "j2", "j3", "j4")


@pytest.fixture(autouse=True)
def sunday_evening() -> Iterator[None]:
    with time_machine.travel(SUNDAY_EVENING, tick=False):
        yield


@pytest.fixture
def company(session: Session, settings: Settings) -> Session:
    """Ann has two visits on Monday and Bob one; one job waits."""
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=5)
    for number, name in enumerate(NAMES, start=1):
        add_job(session, name, at=number)
    session.commit()
    publish(session, settings, draft(session, settings, {"ann": ["j1", "j2"], "bob": ["j3"]}))
    return session


def times(session: Session) -> dict[str, tuple[str, str]]:
    """Who is to be where, and when, in force."""
    rows = session.exec(
        select(Stop.job_id, Route.technician_id, Stop.start_at)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(col(Stop.live), col(Stop.job_id).is_not(None))
    )
    return {job_id or "": (technician, at.isoformat()) for job_id, technician, at in rows}


def only_bob_can(session: Session, job_id: str) -> None:
    session.add(Skill(id="gas", name="Gas"))
    session.flush()
    session.add(JobSkill(job_id=job_id, skill_id="gas", level=1))
    session.add(TechnicianSkill(technician_id="bob", skill_id="gas", level=1))
    session.commit()


def undone(session: Session, settings: Settings, version: int | None) -> ChangeMade:
    assert version is not None
    made = undo_change(session, version, settings, actor="dana")
    session.commit()
    session.expire_all()
    return made


def undone_in_vain(session: Session, settings: Settings, version: int | None) -> set[str]:
    """Codes of what stood in the way; nothing at all changes."""
    before = everything(session)
    with pytest.raises(Conflict) as error:
        undone(session, settings, version)
    session.rollback()
    assert everything(session) == before
    return {fault.code for fault in error.value.faults}


def test_an_accepted_draft_is_taken_back(company: Session, settings: Settings) -> None:
    before = times(company)
    routes = {"ann": ["j4", "j1"], "bob": ["j2", "j3"]}
    accepted = publish(company, settings, draft(company, settings, routes))
    assert in_force(company) == routes
    made = undone(company, settings, accepted.version)
    assert (made.plan_version, made.undoes_version) == (3, 2)
    assert times(company) == before
    assert status(company, "j4") == JobStatus.OPEN
    nothing_is_lost_or_doubled(company, list(before), NAMES)


def test_again_is_as_once_and_undoing_that_accepts_it_again(
    company: Session, settings: Settings
) -> None:
    routes = {"ann": ["j4", "j1"], "bob": ["j2", "j3"]}
    accepted = publish(company, settings, draft(company, settings, routes))
    after = times(company)
    first = undone(company, settings, accepted.version)
    assert undone(company, settings, accepted.version).plan_version == first.plan_version
    undone(company, settings, first.plan_version)
    assert times(company) == after
    assert status(company, "j4") == JobStatus.SCHEDULED


def test_the_first_plan_of_a_day_is_taken_back_and_leaves_nobody_on_the_road(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "j1", at=1)
    session.commit()
    first = publish(session, settings, draft(session, settings, {"ann": ["j1"]}))
    undone(session, settings, first.version)
    assert in_force(session) == {}
    assert status(session, "j1") == JobStatus.OPEN


def test_what_was_accepted_for_one_technician_is_taken_back_for_that_one(
    company: Session, settings: Settings
) -> None:
    before = times(company)
    plan_id = draft(company, settings, {"ann": ["j1", "j4", "j2"], "bob": ["j3"]})
    part = publish_for(company, plan_id, ["ann"], actor="dana", settings=settings)
    company.commit()
    assert in_force(company)["ann"] == ["j1", "j4", "j2"]
    undone(company, settings, part.version)
    assert times(company) == before


def test_a_draft_that_was_brought_up_to_date_is_taken_back(
    company: Session, settings: Settings
) -> None:
    plan_id = draft(company, settings, {"ann": ["j4", "j1"], "bob": ["j2", "j3"]})
    add_job(company, "j5", at=6)
    company.commit()
    change(company, settings, "j5", "bob", at=SUNDAY_EVENING)
    before = times(company)
    accepted = publish_up_to_date(company, plan_id, actor="dana", settings=settings)
    company.commit()
    assert times(company) != before
    undone(company, settings, accepted.version)
    assert times(company) == before


def test_what_was_set_aside_for_a_visit_is_so_again(company: Session, settings: Settings) -> None:
    only_bob_can(company, "j4")
    change(company, settings, "j4", "ann", reason="knows the machine", at=SUNDAY_EVENING)
    set_aside = company.exec(select(Waiver.job_id, Waiver.technician_id)).all()
    assert set_aside == [("j4", "ann")]
    left_out = draft(company, settings, {"ann": ["j1", "j2"], "bob": ["j3"]})
    accepted = publish(company, settings, left_out)
    assert company.exec(select(Waiver)).all() == []
    undone(company, settings, accepted.version)
    assert company.exec(select(Waiver.job_id, Waiver.technician_id)).all() == set_aside


def test_what_had_gone_wrong_before_is_no_reason_not_to_take_it_back(
    company: Session, settings: Settings
) -> None:
    """Ann cannot do what has been asked of her since; the draft gives it to Bob."""
    before = times(company)
    only_bob_can(company, "j2")
    routes = {"ann": ["j1"], "bob": ["j2", "j3"]}
    accepted = publish(company, settings, draft(company, settings, routes))
    undone(company, settings, accepted.version)
    assert times(company) == before


def test_a_job_that_was_called_off_since_stays_off(company: Session, settings: Settings) -> None:
    accepted = publish(
        company, settings, draft(company, settings, {"ann": ["j4", "j1", "j2"], "bob": ["j3"]})
    )
    cancel_job(company, "j2", actor="dana")
    company.commit()
    undone(company, settings, accepted.version)
    assert in_force(company) == {"ann": ["j1"], "bob": ["j3"]}
    assert status(company, "j2") == JobStatus.CANCELLED


def test_what_has_changed_since_is_not_undone_with_it(company: Session, settings: Settings) -> None:
    routes = {"ann": ["j1"], "bob": ["j2", "j3"]}
    accepted = publish(company, settings, draft(company, settings, routes))
    change(company, settings, "j4", "ann", at=SUNDAY_EVENING)
    assert undone_in_vain(company, settings, accepted.version) == {"changed_since"}


def test_what_has_begun_elsewhere_is_not_undone(company: Session, settings: Settings) -> None:
    accepted = publish(
        company, settings, draft(company, settings, {"ann": ["j1"], "bob": ["j2", "j3"]})
    )
    with time_machine.travel(EIGHT + timedelta(minutes=1), tick=False):
        report = NewReport(id="r", job_id="j2", kind=ReportKind.EN_ROUTE, at=hanoi("08:00"))
        take_report(company, "bob", report, settings, actor="bob")
        company.commit()
        assert "begun" in undone_in_vain(company, settings, accepted.version)


def test_a_draft_that_moves_nothing_has_nothing_to_undo(
    company: Session, settings: Settings
) -> None:
    same = draft(company, settings, {"ann": ["j1", "j2"], "bob": ["j3"]})
    accepted = publish(company, settings, same)
    with pytest.raises(NotFound):
        undone(company, settings, accepted.version)


def test_accepting_is_no_decision_about_single_jobs_and_taking_it_back_is_one(
    company: Session, settings: Settings
) -> None:
    routes = {"ann": ["j1"], "bob": ["j2", "j3"]}
    accepted = publish(company, settings, draft(company, settings, routes))
    assert company.exec(select(ManualChange.job_id)).all() == ["j1", "j2"]
    assert placed_by_hand_since(company, 1) == set()
    undone(company, settings, accepted.version)
    assert placed_by_hand_since(company, 1) >= {"j2"}
