"""What a draft would change, and accepting it for some technicians only."""

from collections.abc import Collection, Iterator

import pytest
import time_machine
from sqlmodel import Session, select

from dispatch.errors import Conflict, NotFound
from dispatch.jobs.jobs import cancel_job
from dispatch.models import Job, JobStatus, LogEntry, Plan, PlanStatus
from dispatch.placing.placing import PlaceRequest, place_job
from dispatch.plans.changes import DifferenceKind
from dispatch.plans.contents import PlanSummary
from dispatch.plans.draft_changes import DraftChanges, list_changes
from dispatch.plans.plans import discard_plan
from dispatch.plans.publishing import publish_for, publish_up_to_date
from dispatch.settings import Settings
from tests.dispatch.crew import MONDAY, SUNDAY_EVENING, add_depot, add_job, add_technician, hanoi
from tests.dispatch.drafting import draft, everything, in_force, publish, status

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def sunday_evening() -> Iterator[None]:
    with time_machine.travel(SUNDAY_EVENING, tick=False):
        yield


@pytest.fixture
def company(session: Session, settings: Settings) -> Session:
    """Three technicians; in force: ann j1 and j2, bob j3, cyd j4. j5 waits."""
    for number, name in enumerate(("ann", "bob", "cyd")):
        add_technician(session, name, at=5 * number)
    for number in range(1, 6):
        add_job(session, f"j{number}", at=number)
    session.commit()
    publish(
        session,
        settings,
        draft(session, settings, {"ann": ["j1", "j2"], "bob": ["j3"], "cyd": ["j4"]}),
    )
    return session


def changes(session: Session, settings: Settings, plan: int) -> DraftChanges:
    found = list_changes(session, plan, settings)
    session.commit()
    return found


def accept(
    session: Session, settings: Settings, plan: int, technicians: Collection[str]
) -> PlanSummary:
    found = publish_for(session, plan, technicians, actor="dana", settings=settings)
    session.commit()
    return found


def refused(
    session: Session, settings: Settings, plan: int, technicians: Collection[str]
) -> list[tuple[str, str]]:
    before = everything(session)
    with pytest.raises(Conflict) as error:
        accept(session, settings, plan, technicians)
    session.rollback()
    assert everything(session) == before
    return [(fault.code, fault.action) for fault in error.value.faults]


# What it would change


def test_a_draft_says_what_becomes_of_each_job(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1", "j3"], "bob": ["j5"], "cyd": ["j4"]})
    before = everything(company)
    found = changes(company, settings, plan)
    assert everything(company) == before
    assert found.is_as_made
    by_job = {job.job_id: job for job in found.jobs}
    assert {name: job.change for name, job in by_job.items()} == {
        "j2": DifferenceKind.REMOVED,
        "j3": DifferenceKind.TECHNICIAN,
        "j5": DifferenceKind.ADDED,
    }
    old, new = by_job["j3"].old, by_job["j3"].new
    assert old is not None
    assert new is not None
    assert (old.technician_id, new.technician_id) == ("bob", "ann")
    assert found.changes.removed_job_ids == ["j2"]


def test_a_draft_says_what_it_comes_to_before_and_after(
    company: Session, settings: Settings
) -> None:
    plan = draft(company, settings, {"ann": ["j1", "j2", "j3"], "bob": [], "cyd": ["j4"]})
    found = changes(company, settings, plan)
    technicians = {one.technician_id: one for one in found.technicians}
    assert set(technicians) == {"ann", "bob"}
    ann, bob = technicians["ann"], technicians["bob"]
    assert (ann.before.jobs, ann.after.jobs, bob.before.jobs, bob.after.jobs) == (2, 3, 1, 0)
    assert bob.after.distance_metres == bob.after.cost == 0
    assert bob.before.distance_metres == 2 * 2891
    for name in ("distance_metres", "travel_seconds", "working_seconds", "cost"):
        whole = getattr(found.after, name) - getattr(found.before, name)
        assert whole == sum(
            getattr(one.after, name) - getattr(one.before, name) for one in found.technicians
        )
    assert found.changes.price_of_change > 0
    assert found.before.cost - found.after.cost == found.changes.saved


def test_lateness_shows_in_the_figures(company: Session, settings: Settings) -> None:
    company.get_one(Job, "j1").due_at = hanoi("08:20")
    company.commit()
    plan = draft(company, settings, {"ann": ["j2", "j1"], "bob": ["j3"], "cyd": ["j4"]})
    found = changes(company, settings, plan)
    assert found.before.late_seconds < found.after.late_seconds


def test_what_has_happened_since_is_part_of_what_is_shown(
    company: Session, settings: Settings
) -> None:
    plan = draft(company, settings, {"ann": ["j1", "j2", "j3"], "bob": [], "cyd": ["j4"]})
    place_job(company, "j5", PlaceRequest(technician_id="cyd", day=MONDAY), settings, actor="d")
    cancel_job(company, "j1", actor="dana")
    company.commit()
    found = changes(company, settings, plan)
    assert not found.is_as_made
    assert found.changes.removed_job_ids == []
    assert {job.job_id for job in found.jobs} >= {"j3"}
    assert "j1" not in {job.job_id for job in found.jobs}


def test_only_drafts_are_looked_at(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1"]})
    discard_plan(company, plan, actor="dana")
    published = company.exec(select(Plan.id).where(Plan.version == 1)).one()
    for id_ in (plan, published or 0):
        with pytest.raises(Conflict) as error:
            changes(company, settings, id_)
        assert error.value.faults[0].code == "no_draft"
    with pytest.raises(NotFound):
        changes(company, settings, 2**31 - 1)


# Accepting it for some


def test_a_draft_is_accepted_for_one_technician_and_the_others_stay(
    company: Session, settings: Settings
) -> None:
    plan = draft(company, settings, {"ann": ["j2", "j1"], "bob": ["j5", "j3"], "cyd": []})
    found = accept(company, settings, plan, ["bob"])
    assert in_force(company) == {"ann": ["j1", "j2"], "bob": ["j5", "j3"], "cyd": ["j4"]}
    assert (found.status, found.version) == (PlanStatus.PUBLISHED, 2)
    assert company.get_one(Plan, plan).status == PlanStatus.DRAFT
    assert status(company, "j5") == JobStatus.SCHEDULED
    assert status(company, "j4") == JobStatus.SCHEDULED
    (entry,) = company.exec(select(LogEntry).where(LogEntry.action == "accept")).all()
    assert entry.after == {"plan_id": found.id, "technician_ids": ["bob"]}


def test_the_rest_of_a_draft_is_accepted_later(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j2", "j1"], "bob": ["j5", "j3"], "cyd": ["j4"]})
    accept(company, settings, plan, ["bob"])
    left = changes(company, settings, plan)
    assert {one.technician_id for one in left.technicians} == {"ann"}
    publish_up_to_date(company, plan, actor="dana", settings=settings)
    company.commit()
    placed = in_force(company)
    assert (placed["ann"], placed["bob"]) == (["j2", "j1"], ["j5", "j3"])


def test_accepting_again_changes_nothing(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1", "j2"], "bob": ["j5", "j3"], "cyd": ["j4"]})
    first = accept(company, settings, plan, ["bob"])
    before = everything(company)
    assert accept(company, settings, plan, ["bob"]) == first
    assert everything(company) == before


def test_a_job_that_moves_takes_both_technicians(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1", "j3"], "bob": ["j4", "j2"], "cyd": ["j5"]})
    shown = {one.technician_id: one for one in changes(company, settings, plan).technicians}
    assert shown["ann"].with_technician_ids == ["bob", "cyd"]
    ann_alone = refused(company, settings, plan, ["ann"])
    assert [code for code, _ in ann_alone] == ["other_technician_needed"] * 2
    assert all("bob" in action for _, action in ann_alone)
    (needs_cyd,) = refused(company, settings, plan, ["ann", "bob"])
    assert "cyd" in needs_cyd[1]
    accept(company, settings, plan, ["ann", "bob", "cyd"])
    assert in_force(company) == {"ann": ["j1", "j3"], "bob": ["j4", "j2"], "cyd": ["j5"]}


def test_a_job_that_a_draft_leaves_out_is_open_with_its_reasons(
    company: Session, settings: Settings
) -> None:
    plan = draft(company, settings, {"ann": ["j1"], "bob": ["j3"], "cyd": []})
    accepted = accept(company, settings, plan, ["ann"])
    assert status(company, "j2") == JobStatus.OPEN
    assert status(company, "j4") == JobStatus.SCHEDULED
    assert accepted.totals.jobs_unassigned == 1


def test_a_part_that_only_the_others_would_give_back_is_not_taken(
    session: Session, settings: Settings
) -> None:
    for number, name in enumerate(("ann", "bob")):
        add_technician(session, name, at=5 * number)
    add_depot(session, "depot", stock={"fuse": 1})
    add_job(session, "old", parts={"fuse": 1})
    add_job(session, "new", parts={"fuse": 1})
    session.commit()
    publish(session, settings, draft(session, settings, {"ann": ["depot", "old"]}))
    plan = draft(session, settings, {"bob": ["depot", "new"]})
    assert [code for code, _ in refused(session, settings, plan, ["bob"])] == ["breaks_depot_stock"]
    accept(session, settings, plan, ["ann", "bob"])
    assert in_force(session) == {"bob": ["new"]}


def test_what_was_placed_since_is_not_lost(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j2", "j1"], "bob": ["j3"], "cyd": ["j4"]})
    place_job(company, "j5", PlaceRequest(technician_id="ann", day=MONDAY), settings, actor="d")
    company.commit()
    accept(company, settings, plan, ["ann"])
    placed = in_force(company)
    assert [job for job in placed["ann"] if job != "j5"] == ["j2", "j1"]
    assert "j5" in placed["ann"]


def test_a_draft_is_accepted_only_for_whom_it_is(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j2", "j1"], "bob": ["j3"], "cyd": ["j4"]})
    assert [code for code, _ in refused(company, settings, plan, ["zoe"])] == ["not_in_plan"]
    publish(company, settings, plan)
    assert [code for code, _ in refused(company, settings, plan, ["ann"])] == ["no_draft"]
