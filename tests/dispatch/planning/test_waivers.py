"""Hard rules set aside by an override: what lives with that, and for how long."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch.field.reports import NewReport, take_report
from dispatch.jobs.jobs import cancel_job
from dispatch.jobs.pins import unpin_job
from dispatch.models import (
    Job,
    JobStatus,
    JobWindow,
    LogEntry,
    Plan,
    PlanStatus,
    ReportKind,
    Waiver,
    Wish,
)
from dispatch.placing.placing import PlaceRequest, place_job
from dispatch.planning.live_days import LiveDays
from dispatch.planning.loading import live_day_of
from dispatch.planning.plan_rows import in_force as solution_in_force
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.plans.publishing import publish_up_to_date
from dispatch.settings import Settings
from dispatch.store import reading
from solver.judge.check import check
from solver.solution import Rule, Solution
from tests.dispatch.changing import EIGHT, change, refused_change, undo
from tests.dispatch.crew import (
    MONDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.drafting import in_force
from tests.dispatch.running import execute, request

pytestmark = pytest.mark.any_database

BREAKING: dict[str, dict[str, Any]] = {
    "skills": {"skills": {"gas": 2}},
    "time_windows": {
        "windows": [(hanoi("14:00"), hanoi("15:00"))],
        "clock": "16:00",
        "hold": True,
    },
    "technicians": {"wishes": {"ann": Wish.FORBIDDEN}},
    "territory": {"territory": "Đống Đa"},
    "shift": {"minutes": 570},
    "breaks": {
        "windows": [(hanoi("11:30"), hanoi("11:30"))],
        "minutes": 150,
        "clock": "11:30",
    },
    "parts": {"parts": {"fuse": 2}},
    "tools": {"tools": ["ladder"]},
    "pins": {"pinned_technician_id": "bob"},
}
"""Jobs that break one rule each if Ann does them."""


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann, who lacks a lot; Bob, who lacks nothing; Ann has a visit in the morning."""
    skills = {"gas": 1}
    add_technician(
        session,
        "ann",
        at=0,
        skills=skills,
        territories=["Ba Đình"],
        stock={"fuse": 1},
        breaks=[("12:00", "13:00", 30)],
    )
    add_technician(session, "bob", at=20, skills={"gas": 3}, stock={"fuse": 9}, tools=["ladder"])
    add_job(session, "a1", at=1, minutes=10)
    add_live_route(session, "ann", [("a1", "09:00")], minutes=10)
    session.commit()
    return session


def add_breaking(session: Session, settings: Settings, rule: str) -> dict[str, Any]:
    """The job "odd", and how it is dropped on Ann's route."""
    details = dict(BREAKING[rule])
    dropped = {"clock": details.pop("clock", "10:00"), "hold": details.pop("hold", False)}
    add_job(session, "odd", at=2, **details)
    if rule == "breaks":
        for name, at in (("before", hanoi("10:50")), ("after", hanoi("14:05"))):
            add_job(session, name, at=2, windows=[(at, at)], pinned_technician_id="ann")
            place_job(session, name, PlaceRequest(day=MONDAY), settings, actor="eve", at=EIGHT)
    session.commit()
    return dropped


def waivers(session: Session) -> list[tuple[str, str, int]]:
    session.expire_all()
    rows = session.exec(select(Waiver).order_by(Waiver.rule)).all()
    return [(row.job_id, row.rule, row.amount) for row in rows]


def whole(session: Session, settings: Settings) -> list[str]:
    """What the plan in force breaks, as things are; the solver would have to start from it."""
    session.expire_all()
    snapshot = load_snapshot(session, Scope(MONDAY, MONDAY), EIGHT, settings.freeze)
    live = live_day_of(snapshot, settings)
    solution = solution_in_force(live.translation)
    assert solution is not None
    found = check(live.problem, Solution(solution.routes, (), {}))
    return [str(one) for one in found if one.rule not in (Rule.COST, Rule.EVERY_VISIT_ONCE)]


@pytest.mark.parametrize("rule", BREAKING)
def test_a_rule_is_broken_only_by_an_override_that_says_why(
    monday: Session, settings: Settings, rule: str
) -> None:
    dropped = add_breaking(monday, settings, rule)
    assert refused_change(monday, settings, "odd", "ann", **dropped) == [rule]
    made = change(monday, settings, "odd", "ann", **dropped, reason="Khách quen")
    assert "odd" in in_force(monday)["ann"]
    job = monday.get_one(Job, "odd")
    assert job.pinned_technician_id == "ann"
    assert (job.pinned_start_at is not None) == dropped["hold"]
    assert {name for _, name, _ in waivers(monday)} == ({rule} - {"pins"})
    (entry,) = monday.exec(select(LogEntry).where(LogEntry.action == "override")).all()
    assert (entry.actor, entry.entity_id) == ("dana", "odd")
    assert entry.after is not None
    assert (entry.after["reason"], entry.after["plan_id"]) == ("Khách quen", made.plan_id)
    (waived,) = entry.after["waivers"]
    assert waived["rule"] == rule
    assert waived["amount"] >= 1


@pytest.mark.parametrize("rule", BREAKING)
def test_what_was_overridden_outlives_plans_and_publications(
    monday: Session, engine: Engine, settings: Settings, rule: str
) -> None:
    add_job(monday, "more", at=3, minutes=10)
    stale = request(monday, settings, seconds=0.2)
    assert execute(monday, settings, stale.id).plan_status == PlanStatus.DRAFT
    dropped = add_breaking(monday, settings, rule)
    days = LiveDays(reading(engine), settings)
    days.at(MONDAY, EIGHT)
    change(monday, settings, "odd", "ann", **dropped, reason="Khách quen")
    assert whole(monday, settings) == []
    assert days.at(MONDAY, EIGHT).is_placed("odd")
    if rule != "shift":
        wanted = PlaceRequest(technician_id="ann", day=MONDAY)
        place_job(monday, "more", wanted, settings, actor="eve", at=EIGHT)
        monday.commit()
    assert "odd" in in_force(monday)["ann"]
    for _ in range(2):
        run = execute(monday, settings, request(monday, settings, seconds=0.2, publish=True).id)
        assert run.failure is None
        assert "odd" in in_force(monday)["ann"]
        assert whole(monday, settings) == []
    plan = monday.exec(select(Plan).where(Plan.run_id == stale.id)).one()
    assert plan.id is not None
    publish_up_to_date(monday, plan.id, actor="eve", settings=settings)
    monday.commit()
    assert "odd" in in_force(monday)["ann"]
    assert whole(monday, settings) == []


@pytest.mark.parametrize("rule", [rule for rule in BREAKING if rule != "pins"])
def test_an_override_ends_when_the_job_leaves_the_technician(
    monday: Session, settings: Settings, rule: str
) -> None:
    dropped = add_breaking(monday, settings, rule)
    change(monday, settings, "odd", "ann", **dropped, reason="Khách quen")
    kept = waivers(monday)
    assert "pins" in refused_change(monday, settings, "odd", "bob", clock="10:00")
    assert waivers(monday) == kept
    change(monday, settings, "odd", "bob", "10:00", reason="Bob có đủ")
    assert {name for _, name, _ in waivers(monday)} <= {"shift"}
    ended = monday.exec(select(LogEntry).where(LogEntry.action == "end_override")).all()
    assert [entry.entity_id for entry in ended] == ["odd"]
    assert ended[0].before is not None
    assert ended[0].before["technician_id"] == "ann"
    assert monday.get_one(Job, "odd").pinned_technician_id == "bob"


def test_what_was_set_aside_for_one_technician_counts_with_no_other(
    monday: Session, settings: Settings
) -> None:
    add_technician(monday, "cyd", at=5)
    add_breaking(monday, settings, "skills")
    change(monday, settings, "odd", "ann", "10:00", reason="Khách quen")
    codes = refused_change(monday, settings, "odd", "cyd", clock="10:00")
    assert sorted(codes) == ["pins", "skills"]


def test_an_override_lowers_no_demand_of_another_job(monday: Session, settings: Settings) -> None:
    for rule in ("skills", "tools", "parts"):
        details = BREAKING[rule]
        add_job(monday, f"one-{rule}", at=2, **details)
        add_job(monday, f"two-{rule}", at=2, **details)
    monday.commit()
    for rule in ("skills", "tools", "parts"):
        change(monday, settings, f"one-{rule}", "ann", reason="Khách quen")
    for rule in ("skills", "tools", "parts"):
        assert refused_change(monday, settings, f"two-{rule}", "ann") == [rule]


def test_undoing_an_override_takes_back_waivers_and_pin(
    monday: Session, settings: Settings
) -> None:
    add_breaking(monday, settings, "skills")
    monday.get_one(Job, "odd").pinned_technician_id = "bob"
    monday.commit()
    first = change(monday, settings, "odd", "ann", "10:00", reason="Khách quen")
    kept = waivers(monday)
    away = change(monday, settings, "odd", None)
    assert waivers(monday) == []
    undo(monday, settings, away)
    assert waivers(monday) == kept
    assert whole(monday, settings) == []
    assert first.plan_version < away.plan_version


def test_undoing_the_first_override_leaves_nothing_of_it(
    monday: Session, settings: Settings
) -> None:
    add_breaking(monday, settings, "skills")
    made = change(monday, settings, "odd", "ann", "10:00", reason="Khách quen")
    undo(monday, settings, made)
    assert waivers(monday) == []
    assert monday.get_one(Job, "odd").pinned_technician_id is None
    assert in_force(monday) == {"ann": ["a1"]}


def test_an_unpinned_job_stays_with_whom_rules_were_set_aside_for(
    monday: Session, settings: Settings
) -> None:
    add_breaking(monday, settings, "skills")
    change(monday, settings, "odd", "ann", "10:00", hold=True, reason="Khách quen")
    unpin_job(monday, "odd", actor="dana")
    monday.commit()
    place_job(monday, "odd", PlaceRequest(day=MONDAY), settings, actor="eve", at=EIGHT)
    monday.commit()
    assert "odd" in in_force(monday)["ann"]
    assert whole(monday, settings) == []


def test_a_held_visit_outside_its_window_stays_at_its_time(
    monday: Session, settings: Settings
) -> None:
    add_breaking(monday, settings, "time_windows")
    change(monday, settings, "odd", "ann", "16:00", hold=True, reason="Khách hẹn lại")
    assert monday.get_one(Job, "odd").pinned_start_at == hanoi("16:00")
    assert whole(monday, settings) == []
    (row,) = monday.exec(select(Waiver)).all()
    assert (row.starts_at, row.ends_at) == (hanoi("15:00"), hanoi("16:00"))


def test_a_window_that_was_opened_later_is_open_when_its_own_time_is_over(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "odd", at=2, windows=[(hanoi("08:00"), hanoi("09:00"))])
    monday.commit()
    change(monday, settings, "odd", "ann", "14:00", hold=True, reason="Khách hẹn lại")
    at = hanoi("12:00")
    snapshot = load_snapshot(monday, Scope(MONDAY, MONDAY), at, settings.freeze)
    live = live_day_of(snapshot, settings)
    assert live.is_placed("odd")
    window = monday.exec(select(JobWindow)).one()
    assert window.ends_at == hanoi("09:00")


def test_a_cancelled_job_has_no_waivers(monday: Session, settings: Settings) -> None:
    add_breaking(monday, settings, "skills")
    change(monday, settings, "odd", "ann", "10:00", reason="Khách quen")
    cancel_job(monday, "odd", actor="eve")
    monday.commit()
    assert waivers(monday) == []


def test_overtime_that_was_granted_lasts_when_its_job_has_begun(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "odd", at=2, minutes=500)
    add_job(monday, "last", at=2, minutes=25)
    monday.commit()
    change(monday, settings, "last", "ann")
    change(monday, settings, "odd", "ann", "08:30", reason="Làm thêm giờ")
    assert {name for _, name, _ in waivers(monday)} == {"shift"}
    order = in_force(monday)["ann"]
    for job_id in order[: order.index("odd") + 1]:
        for kind in (ReportKind.EN_ROUTE, ReportKind.ON_SITE):
            report = NewReport(id=f"{job_id}{kind}", job_id=job_id, kind=kind, at=EIGHT)
            take_report(monday, "ann", report, settings, actor="ann")
        if job_id != "odd":
            done = NewReport(id=job_id, job_id=job_id, kind=ReportKind.COMPLETED, at=EIGHT)
            take_report(monday, "ann", done, settings, actor="ann")
    monday.commit()
    assert monday.get_one(Job, "odd").status == JobStatus.ON_SITE
    at = EIGHT + timedelta(minutes=20)
    snapshot = load_snapshot(monday, Scope(MONDAY, MONDAY), at, settings.freeze)
    live = live_day_of(snapshot, settings)
    left = set(order[order.index("odd") + 1 :])
    assert left
    assert all(live.is_placed(name) for name in left)


def test_a_part_that_was_found_somewhere_is_there_until_the_job_is_over(
    monday: Session, settings: Settings
) -> None:
    add_breaking(monday, settings, "parts")
    change(monday, settings, "odd", "ann", "10:00", reason="Mua ngoài")
    add_job(monday, "next", at=2, parts={"fuse": 1})
    add_depot(monday, "depot", at=3)
    monday.commit()
    assert refused_change(monday, settings, "next", "ann") == ["parts"]
    for kind in (ReportKind.EN_ROUTE, ReportKind.ON_SITE):
        report = NewReport(id=f"{kind}", job_id="odd", kind=kind, at=EIGHT)
        take_report(monday, "ann", report, settings, actor="ann")
    monday.commit()
    assert refused_change(monday, settings, "next", "ann") == ["parts"]
    done = NewReport(id="done", job_id="odd", kind=ReportKind.COMPLETED, at=EIGHT)
    take_report(monday, "ann", done, settings, actor="ann")
    monday.commit()
    assert refused_change(monday, settings, "next", "ann") == ["parts"]
