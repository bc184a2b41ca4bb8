"""A run works on a snapshot, and the world goes on: what it publishes is right all the same."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch import engines, store
from dispatch.field.reports import NewReport, take_report
from dispatch.intake import JobChange
from dispatch.jobs.jobs import cancel_job, change_job
from dispatch.models import (
    Absence,
    JobStatus,
    LogEntry,
    Plan,
    PlanStatus,
    PlanUnassigned,
    ReportKind,
    RunStatus,
    Stop,
)
from dispatch.placing.placing import PlaceRequest, place_job
from dispatch.planning.plan_rows import PlanRows
from dispatch.plans import versions
from dispatch.plans.publishing import publish_up_to_date
from dispatch.runs import execution
from dispatch.runs.runs import RunOut
from dispatch.settings import Settings
from solver.solution import Solution
from solver.solve import solve
from tests.dispatch.changing import change
from tests.dispatch.crew import MONDAY, add_job, add_live_route, add_technician, hanoi
from tests.dispatch.drafting import draft, in_force, refused, status
from tests.dispatch.running import execute, request

AT_TEN = hanoi("10:00")
Meanwhile = Callable[[Session], object]


@pytest.fixture(autouse=True)
def ten_o_clock() -> Iterator[None]:
    with time_machine.travel(AT_TEN):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann and Bob at work; the day would cost less with their afternoons exchanged."""
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=20)
    for name, at in (("a1", 1), ("a2", 18), ("b1", 19), ("b2", 2)):
        add_job(session, name, at=at)
    add_live_route(session, "ann", [("a1", "10:10"), ("a2", "13:00")])
    add_live_route(session, "bob", [("b1", "10:10"), ("b2", "13:00")])
    session.commit()
    return session


def replanned(
    session: Session,
    engine: Engine,
    settings: Settings,
    patch: pytest.MonkeyPatch,
    happens: Meanwhile = lambda session: None,
    **details: Any,
) -> RunOut:
    """A run of today during which something happens."""

    def solve_meanwhile(*given: Any, **options: Any) -> Solution:
        with Session(engine) as other:
            happens(other)
            other.commit()
        return solve(*given, **options)

    patch.setattr(execution, "solve", solve_meanwhile)
    run = request(session, settings, **{"publish": True} | details)
    found = execute(session, settings, run.id)
    session.expire_all()
    return found


def test_what_is_about_to_begin_stays_and_the_rest_gets_better(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"weights": {"changed_technician": 0, "moved_time": 0}})
    run = replanned(monday, engine, settings, monkeypatch)
    assert run.failure is None
    assert in_force(monday) == {"ann": ["a1", "b2"], "bob": ["b1", "a2"]}
    assert run.changes is not None
    assert run.changes.reassigned_job_ids == ["a2", "b2"]
    assert run.changes.technician_ids == ["ann", "bob"]
    assert run.changes.saved > 0


def test_a_change_has_to_be_worth_more_than_it_disturbs(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"weights": {"changed_technician": 10**9}})
    run = replanned(monday, engine, settings, monkeypatch)
    assert in_force(monday) == {"ann": ["a1", "a2"], "bob": ["b1", "b2"]}
    assert run.changes is not None
    assert run.changes.reassigned_job_ids == []


def test_only_the_routes_that_were_asked_for_change(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = monday.exec(select(Stop).where(col(Stop.live), Stop.job_id == "b2")).one().route_id
    add_job(monday, "new", at=19)
    monday.commit()
    run = replanned(monday, engine, settings, monkeypatch, technician_ids=["ann"])
    assert run.failure is None
    assert "new" in in_force(monday)["ann"]
    after = monday.exec(select(Stop).where(col(Stop.live), Stop.job_id == "b2")).one().route_id
    assert after == before


def test_a_larger_change_waits_for_the_dispatcher(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(
        update={
            "weights": {"changed_technician": 0, "moved_time": 0},
            "small_change_jobs": 1,
        }
    )
    run = replanned(monday, engine, settings, monkeypatch, only_small_changes=True)
    assert run.plan_status == PlanStatus.DRAFT
    assert "moves 2 jobs" in (run.failure or "")
    assert in_force(monday) == {"ann": ["a1", "a2"], "bob": ["b1", "b2"]}
    allowed = settings.model_copy(update={"small_change_jobs": 2})
    assert replanned(monday, engine, allowed, monkeypatch, only_small_changes=True).plan_version


def test_a_plan_that_changes_nothing_makes_no_new_version(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"weights": {"changed_technician": 10**9}})
    replanned(monday, engine, settings, monkeypatch)
    versions = len(monday.exec(select(Plan).where(col(Plan.version).is_not(None))).all())
    run = replanned(monday, engine, settings, monkeypatch, only_small_changes=True)
    assert (run.failure, run.plan_status) == (None, PlanStatus.DISCARDED)
    again = len(monday.exec(select(Plan).where(col(Plan.version).is_not(None))).all())
    assert again == versions


def test_a_promise_is_not_broken_without_asking(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {"changed_technician": 0, "moved_time": 0, "told_factor": 0}
    settings = settings.model_copy(update={"weights": free})
    change_job(monday, "a2", JobChange(told_at=AT_TEN), actor="dana", settings=settings)
    monday.commit()
    run = replanned(monday, engine, settings, monkeypatch, only_small_changes=True)
    assert run.plan_status == PlanStatus.DRAFT
    assert run.changes is not None
    assert run.changes.told_job_ids == ["a2"]


def finishes_a2(session: Session) -> None:
    for kind in (ReportKind.ON_SITE, ReportKind.COMPLETED):
        report = NewReport(id=f"{kind}", job_id="a2", kind=kind, at=AT_TEN)
        take_report(session, "ann", report, Settings(), actor="ann")


def cancels_a2(session: Session) -> None:
    cancel_job(session, "a2", actor="dana")


def adds_one(session: Session) -> None:
    add_job(session, "new", at=5)


@pytest.mark.parametrize("happens", [finishes_a2, cancels_a2, adds_one])
def test_what_happens_while_a_run_solves_is_part_of_what_it_publishes(
    monday: Session,
    engine: Engine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    happens: Meanwhile,
) -> None:
    settings = settings.model_copy(update={"weights": {"changed_technician": 0, "moved_time": 0}})
    run = replanned(monday, engine, settings, monkeypatch, happens)
    assert run.failure is None
    placed = [job for jobs in in_force(monday).values() for job in jobs]
    assert len(placed) == len(set(placed))
    if happens is finishes_a2:
        assert "a2" in in_force(monday)["ann"]
        assert status(monday, "a2") == JobStatus.COMPLETED
    if happens is cancels_a2:
        assert sorted(placed) == ["a1", "b1", "b2"]
    assert {"a1", "b1", "b2"} <= set(placed)


def test_a_job_that_was_placed_meanwhile_keeps_a_place(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"weights": {"changed_technician": 0, "moved_time": 0}})

    def places_urgently(session: Session) -> None:
        add_job(session, "urgent", at=3)
        session.flush()
        place_job(session, "urgent", PlaceRequest(day=MONDAY), settings, actor="dana")

    run = replanned(monday, engine, settings, monkeypatch, places_urgently)
    assert run.failure is None
    assert run.plan_version == 3
    placed = sorted(job for jobs in in_force(monday).values() for job in jobs)
    assert placed == ["a1", "a2", "b1", "b2", "urgent"]
    assert monday.exec(select(LogEntry).where(LogEntry.action == "merge")).all()


def test_a_technician_who_falls_ill_meanwhile_gets_nothing_more(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falls_ill(session: Session) -> None:
        ends_at = hanoi("18:00")
        session.add(Absence(id="x", technician_id="bob", starts_at=AT_TEN, ends_at=ends_at))

    run = replanned(monday, engine, settings, monkeypatch, falls_ill)
    assert run.failure is None
    assert set(in_force(monday)) == {"ann"}
    assert len(in_force(monday)["ann"]) == 4


def test_a_draft_is_brought_up_to_date_when_it_is_published(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"weights": {"changed_technician": 0, "moved_time": 0}})
    run = replanned(monday, engine, settings, monkeypatch, publish=False)
    add_job(monday, "urgent", at=3)
    monday.flush()
    place_job(monday, "urgent", PlaceRequest(day=MONDAY), settings, actor="dana")
    monday.commit()
    assert run.plan_id is not None
    with time_machine.travel(AT_TEN + timedelta(minutes=5)):
        published = publish_up_to_date(monday, run.plan_id, actor="dana", settings=settings)
        monday.commit()
    assert published.version == 3
    placed = sorted(job for jobs in in_force(monday).values() for job in jobs)
    assert placed == ["a1", "a2", "b1", "b2", "urgent"]


def test_what_was_taken_off_stays_off_though_nothing_is_left_of_its_route(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "bob", at=0)
    add_job(session, "b1", at=1)
    add_live_route(session, "bob", [("b1", "13:00")])
    older = draft(session, settings, {"bob": ["b1"]})
    change(session, settings, "b1", None, at=AT_TEN)
    assert in_force(session) == {}
    assert refused(session, settings, older) == "overtaken"
    publish_up_to_date(session, older, actor="dana", settings=settings)
    session.commit()
    assert in_force(session) == {}
    row = session.exec(select(PlanUnassigned).where(PlanUnassigned.plan_id == older)).one()
    assert (row.job_id, row.reasons[0]["code"]) == ("b1", "taken_off")


def test_nobody_publishes_a_draft_while_it_is_replaced(
    monday: Session,
    engine: Engine,
    settings: Settings,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_job(monday, "new", at=19)
    monday.commit()
    others = impatient(database_url, monkeypatch)
    published: list[int] = []
    replace = versions.replace_draft

    def replace_meanwhile(session: Session, plan: Plan, rows: PlanRows) -> None:
        with (
            monkeypatch.context() as at_once,
            Session(others) as other,
            suppress(*store.AWAY),
        ):
            at_once.setattr(engines, "BUSY_SECONDS", 0.05)
            publish_up_to_date(other, plan.id or 0, actor="dora", settings=settings)
            other.commit()
            published.append(plan.id or 0)
        replace(session, plan, rows)

    def happens(session: Session) -> None:
        request = PlaceRequest(technician_id="bob", day=MONDAY)
        place_job(session, "new", request, settings, actor="dana")

    monkeypatch.setattr(versions, "replace_draft", replace_meanwhile)
    run = replanned(monday, engine, settings, monkeypatch, happens)
    others.dispose()
    assert (run.failure, run.plan_status) == (None, PlanStatus.PUBLISHED)
    assert published == []
    names = [name for theirs in in_force(monday).values() for name in theirs]
    assert sorted(names) == ["a1", "a2", "b1", "b2", "new"]


def impatient(database_url: str, patch: pytest.MonkeyPatch) -> Engine:
    """The database for somebody who gives up at once if another is at it."""
    with patch.context() as at_once:
        at_once.setattr(engines, "BUSY_SECONDS", 0.05)
        engine = engines.connect(database_url)
        with engine.connect():
            return engine


@pytest.mark.parametrize("only_small_changes", [False, True])
def test_a_draft_that_somebody_published_before_its_run_did_is_in_force(
    monday: Session,
    engine: Engine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    only_small_changes: bool,
) -> None:
    settings = settings.model_copy(update={"weights": {"changed_technician": 10**9}})
    keep = execution._store

    def stored_and_published(*given: Any) -> Plan | None:
        plan = keep(*given)
        assert plan is not None
        with Session(engine) as other:
            publish_up_to_date(other, plan.id or 0, actor="dora", settings=settings)
            other.commit()
        return plan

    monkeypatch.setattr(execution, "_store", stored_and_published)
    run = replanned(monday, engine, settings, monkeypatch, only_small_changes=only_small_changes)
    assert (run.status, run.failure) == (RunStatus.FINISHED, None)
    assert run.plan_status == PlanStatus.PUBLISHED
    assert in_force(monday) == {"ann": ["a1", "a2"], "bob": ["b1", "b2"]}
