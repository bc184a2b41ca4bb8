"""Visits moved to another day by hand."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.by_hand.alternatives import list_alternatives
from dispatch.by_hand.judgements import Judgement, PlanChange, judge_change
from dispatch.by_hand.versions import ChangeMade
from dispatch.errors import Conflict
from dispatch.field.reports import NewReport, take_report
from dispatch.models import Absence, Job, JobStatus, LogEntry, ReportKind, Route, Stop, Waiver
from dispatch.plans.publishing import publish_up_to_date
from dispatch.runs import execution
from dispatch.settings import Settings
from solver.solution import Solution
from solver.solve import solve
from tests.dispatch.changing import (
    EIGHT,
    change,
    drag_at_once,
    nothing_is_lost_or_doubled,
    refused_change,
    refused_undo,
    undo,
)
from tests.dispatch.crew import (
    HANOI,
    MONDAY,
    TUESDAY,
    add_ann_and_bob,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.drafting import draft, status
from tests.dispatch.running import execute, request

pytestmark = pytest.mark.any_database

WEDNESDAY = TUESDAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def two_days(session: Session) -> Session:
    """Ann has two visits on Monday, Bob one on Monday and one on Tuesday; a new job waits."""
    add_job(session, "b2", at=18)
    add_ann_and_bob(session)
    add_live_route(session, "bob", [("b2", "10:00")], day=TUESDAY)
    session.commit()
    return session


def plan_of(session: Session) -> dict[tuple[str, date], list[str]]:
    """The jobs on every route in force, in order."""
    rows = session.exec(
        select(Route.technician_id, Route.day, Stop.job_id)
        .join(Stop, col(Stop.route_id) == Route.id)
        .where(col(Route.live), col(Stop.live), col(Stop.job_id).is_not(None))
        .order_by(col(Route.shift_starts_at), col(Stop.position))
    )
    found: dict[tuple[str, date], list[str]] = {}
    for technician, day, job_id in rows:
        found.setdefault((technician, day), []).append(job_id or "")
    return found


def start_of(session: Session, job_id: str) -> Any:
    stop = select(Stop.start_at).where(col(Stop.live), Stop.job_id == job_id)
    return session.exec(stop).one()


def judged(
    session: Session,
    settings: Settings,
    job_id: str,
    technician: str,
    clock: str | None = None,
    day: date = TUESDAY,
    **more: Any,
) -> Judgement:
    session.commit()
    start_at = None if clock is None else hanoi(clock, day)
    wanted = PlanChange(job_id=job_id, technician_id=technician, start_at=start_at, day=day, **more)
    return judge_change(session, wanted, settings, at=EIGHT)


def rules(found: Judgement) -> list[tuple[str, str | None, str, int]]:
    return [(one.rule, one.job_id, one.subject, one.amount) for one in found.violations]


# Moving it


@pytest.mark.parametrize("technician", ["ann", "bob"])
def test_a_visit_is_moved_to_the_next_day_and_back_by_undoing(
    two_days: Session, settings: Settings, technician: str
) -> None:
    before, was = plan_of(two_days), start_of(two_days, "a2")
    made = change(two_days, settings, "a2", technician, day=TUESDAY)
    after = plan_of(two_days)
    assert after["ann", MONDAY] == ["a1"]
    assert "a2" in after[technician, TUESDAY]
    assert after["bob", MONDAY] == ["b1"]
    assert made.judgement is not None
    assert made.judgement.visit is not None
    assert made.judgement.visit.start_at == start_of(two_days, "a2")
    assert status(two_days, "a2") == JobStatus.SCHEDULED
    undone = undo(two_days, settings, made)
    assert (plan_of(two_days), start_of(two_days, "a2")) == (before, was)
    undo(two_days, settings, undone)
    assert plan_of(two_days) == after


def test_a_move_to_tomorrow_is_undone_while_the_colleague_is_out_today(
    two_days: Session, settings: Settings
) -> None:
    before = plan_of(two_days)
    made = change(two_days, settings, "a2", "bob", day=TUESDAY)
    report = NewReport(id="r", job_id="b1", kind=ReportKind.EN_ROUTE, at=EIGHT)
    take_report(two_days, "bob", report, settings, actor="bob")
    two_days.commit()
    undo(two_days, settings, made)
    assert plan_of(two_days) == before


def test_the_time_says_before_which_visits_of_that_day_it_goes(
    two_days: Session, settings: Settings
) -> None:
    first = change(two_days, settings, "a2", "bob", "09:00", day=TUESDAY)
    assert plan_of(two_days)["bob", TUESDAY] == ["a2", "b2"]
    undo(two_days, settings, first)
    change(two_days, settings, "a2", "bob", "10:30", day=TUESDAY)
    assert plan_of(two_days)["bob", TUESDAY] == ["b2", "a2"]


def test_a_visit_is_moved_to_an_earlier_day(two_days: Session, settings: Settings) -> None:
    made = change(two_days, settings, "b2", "ann", day=MONDAY)
    assert sorted(plan_of(two_days)["ann", MONDAY]) == ["a1", "a2", "b2"]
    assert ("bob", TUESDAY) not in plan_of(two_days)
    undo(two_days, settings, made)
    assert plan_of(two_days)["bob", TUESDAY] == ["b2"]


def test_what_was_left_over_yesterday_can_be_done_today(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=1, en_route_at=hanoi("08:30"), status=JobStatus.COMPLETED)
    add_job(session, "a2", at=2)
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", "12:00")])
    session.commit()
    change(session, settings, "a2", "ann", day=TUESDAY, at=hanoi("08:00", TUESDAY))
    assert plan_of(session) == {("ann", MONDAY): ["a1"], ("ann", TUESDAY): ["a2"]}


def test_a_visit_that_comes_too_late_today_is_moved_to_tomorrow(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=1, minutes=90, arrived_at=hanoi("10:20"), status=JobStatus.ON_SITE)
    add_job(session, "a2", at=0, windows=[(hanoi("10:00"), hanoi("11:00"))])
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", "10:45")], minutes=90)
    session.commit()
    tomorrow = {"clock": "11:00", "day": TUESDAY, "hold": True}
    for now in (hanoi("10:25"), hanoi("11:10")):
        refused = refused_change(session, settings, "a2", "ann", **tomorrow, at=now)
        assert refused == ["time_windows"]
    made = change(session, settings, "a2", "ann", **tomorrow, reason="Held up", at=now)  # type: ignore[arg-type]
    assert made.judgement is not None
    assert rules(made.judgement) == [("time_windows", "a2", "later", 24 * 3600)]
    assert plan_of(session) == {("ann", MONDAY): ["a1"], ("ann", TUESDAY): ["a2"]}


def test_the_days_in_between_stay_as_they_are(two_days: Session, settings: Settings) -> None:
    between = two_days.exec(
        select(Route.id).where(Route.technician_id == "bob", Route.day == TUESDAY)
    ).one()
    change(two_days, settings, "b1", "bob", day=WEDNESDAY)
    assert plan_of(two_days)["bob", WEDNESDAY] == ["b1"]
    assert two_days.get_one(Route, between).live


def test_a_job_is_taken_off_whatever_day_it_is_on(two_days: Session, settings: Settings) -> None:
    change(two_days, settings, "b2", None, day=MONDAY + timedelta(days=99))
    assert ("bob", TUESDAY) not in plan_of(two_days)
    assert status(two_days, "b2") == JobStatus.OPEN


def test_the_log_says_when_it_was_and_when_it_is(two_days: Session, settings: Settings) -> None:
    change(two_days, settings, "a2", "ann", "09:00", day=TUESDAY)
    (entry,) = two_days.exec(select(LogEntry).where(LogEntry.action == "move")).all()
    assert entry.before is not None
    assert entry.after is not None
    assert entry.before["start_at"].startswith("2027-03-01")
    assert entry.after["start_at"].startswith("2027-03-02")


# What it breaks and costs


def test_a_judgement_is_what_comes_of_the_change(two_days: Session, settings: Settings) -> None:
    found = judged(two_days, settings, "a2", "bob")
    assert found.possible
    assert sorted((route.technician_id, len(route.stops)) for route in found.routes) == [
        ("ann", 1),
        ("bob", 2),
    ]
    made = change(two_days, settings, "a2", "bob", day=TUESDAY)
    assert made.judgement is not None
    assert (made.judgement.visit, made.judgement.cost) == (found.visit, found.cost)


def test_a_visit_that_moves_by_a_day_costs_what_moving_it_costs(
    two_days: Session, settings: Settings
) -> None:
    assert judged(two_days, settings, "a2", "ann", "12:00").cost["moved_time"] > 0
    assert judged(two_days, settings, "a2", "bob").cost["changed_technician"] > 0


def test_a_window_of_the_old_day_is_broken_by_the_time_between(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=0, windows=[(hanoi("09:00"), hanoi("11:00"))])
    add_live_route(session, "ann", [("a1", "09:00")])
    found = judged(session, settings, "a1", "ann", "10:00", hold=True)
    assert (found.possible, found.overridable) == (False, True)
    assert rules(found) == [("time_windows", "a1", "later", 23 * 3600)]
    assert refused_change(session, settings, "a1", "ann", clock="10:00", day=TUESDAY) == [
        "time_windows"
    ]
    made = change(
        session, settings, "a1", "ann", "10:00", day=TUESDAY, hold=True, reason="She is away"
    )
    assert plan_of(session) == {("ann", TUESDAY): ["a1"]}
    assert start_of(session, "a1") == hanoi("10:00", TUESDAY)
    assert judged(session, settings, "a1", "ann", "10:00", hold=True).possible
    change(session, settings, "a1", "ann", "15:00", day=TUESDAY, hold=True, reason="Later")
    assert refused_undo(session, settings, made) == {"changed_since"}


def test_a_window_of_another_day_is_opened_and_closed_by_undoing(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    windows = [(hanoi("08:00", TUESDAY), hanoi("11:00", TUESDAY))]
    add_job(session, "a1", at=0, windows=windows)
    add_live_route(session, "ann", [("a1", "09:00")], day=TUESDAY)
    session.commit()
    made = change(session, settings, "a1", "ann", "10:00", day=MONDAY, hold=True, reason="Now!")
    assert made.judgement is not None
    assert rules(made.judgement) == [("time_windows", "a1", "earlier", 22 * 3600)]
    undo(session, settings, made)
    assert plan_of(session) == {("ann", TUESDAY): ["a1"]}
    assert session.exec(select(Waiver)).all() == []
    assert session.get_one(Job, "a1").pinned_start_at is None


def test_whoever_does_not_work_that_day_cannot_have_it(
    two_days: Session, settings: Settings
) -> None:
    two_days.add(
        Absence(
            id="ill",
            technician_id="ann",
            starts_at=hanoi("00:00", TUESDAY),
            ends_at=hanoi("23:59", TUESDAY),
        )
    )
    for clock in (None, "07:00", "12:00"):
        found = judged(two_days, settings, "a2", "ann", clock)
        assert rules(found) == [("shift", None, "", 1)]
        assert (found.possible, found.overridable, found.visit) == (False, False, None)
    assert refused_change(two_days, settings, "a2", "ann", day=TUESDAY, reason="Please") == [
        "shift"
    ]


@pytest.mark.parametrize("day", [TUESDAY, WEDNESDAY])
def test_parts_that_the_van_needs_on_a_later_day_are_missed(
    session: Session, settings: Settings, day: date
) -> None:
    add_technician(session, "ann", at=0, stock={"belt": 1})
    add_technician(session, "bob", at=0, stock={"belt": 1})
    for name in ("a1", "b1"):
        add_job(session, name, parts={"belt": 1})
    add_live_route(session, "ann", [("a1", "09:00")], day=WEDNESDAY)
    add_live_route(session, "bob", [("b1", "09:00")], day=day)
    assert judged(session, settings, "b1", "bob", day=MONDAY).possible
    found = judged(session, settings, "b1", "ann", day=MONDAY)
    assert [(rule, what, amount) for rule, _, what, amount in rules(found)] == [
        ("parts", "belt", 1)
    ]


def test_a_skill_that_has_expired_by_then_is_missing(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0, skills={"gas": (2, MONDAY)})
    add_job(session, "a1", skills={"gas": 2})
    add_live_route(session, "ann", [("a1", "09:00")])
    assert rules(judged(session, settings, "a1", "ann")) == [("skills", "a1", "gas", 2)]


def test_a_promised_time_is_broken_by_a_day(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=0, pinned_technician_id="ann", pinned_start_at=hanoi("09:00"))
    add_live_route(session, "ann", [("a1", "09:00")])
    found = judged(session, settings, "a1", "ann", "09:00", hold=True)
    assert rules(found) == [("pins", "a1", "start", 24 * 3600)]
    change(session, settings, "a1", "ann", "09:00", day=TUESDAY, hold=True, reason="Agreed")
    assert session.get_one(Job, "a1").pinned_start_at == hanoi("09:00", TUESDAY)


def test_an_override_is_for_its_day(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0, hours=[("08:00", "10:00")])
    add_job(session, "a1", at=0, minutes=180, skills={"gas": 1})
    session.commit()
    change(session, settings, "a1", "ann", "08:45", hold=True, reason="There is nobody else")
    found = judged(session, settings, "a1", "ann")
    assert ("skills", "a1", "gas", 1) in rules(found)
    assert ("shift", None, "", 3600) in rules(found)
    made = change(session, settings, "a1", "ann", day=TUESDAY, reason="Nor tomorrow")
    waivers = session.exec(select(Waiver)).all()
    assert {one.shift_starts_at for one in waivers} == {hanoi("08:00", TUESDAY)}
    assert [one.rule for one in waivers] == ["skills", "shift"]
    undo(session, settings, made)
    waivers = session.exec(select(Waiver)).all()
    assert {one.shift_starts_at for one in waivers} == {hanoi("08:00")}


def test_days_that_are_too_far_apart_are_refused(two_days: Session, settings: Settings) -> None:
    far = MONDAY + timedelta(days=31)
    assert refused_change(two_days, settings, "a2", "ann", day=far) == ["too_far"]
    change(two_days, settings, "a2", "ann", day=far - timedelta(days=1))


def test_what_has_begun_does_not_move_to_another_day(two_days: Session, settings: Settings) -> None:
    assert refused_change(two_days, settings, "a1", "ann", day=TUESDAY, at=hanoi("08:45")) == [
        "begins"
    ]


# Where it could go


def test_the_places_of_another_day_cost_and_break_what_moving_there_does(
    two_days: Session, settings: Settings
) -> None:
    found = list_alternatives(two_days, "a2", settings, day=TUESDAY, at=EIGHT)
    assert (found.here.technician_id, found.here.start_at) == ("ann", hanoi("12:00"))
    assert {place.technician_id for place in found.alternatives} == {"ann", "bob"}
    for place in found.alternatives:
        assert place.start_at.date() == TUESDAY
        made = change(
            two_days,
            settings,
            "a2",
            place.technician_id,
            f"{place.start_at.astimezone(HANOI):%H:%M:%S}",
            day=TUESDAY,
        )
        assert made.judgement is not None
        assert made.judgement.visit is not None
        assert made.judgement.visit.start_at == place.start_at
        assert made.judgement.extra_cost == place.extra_cost
        assert place.violations == []
        undo(two_days, settings, made)


def test_places_outside_the_windows_say_so(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0)
    windows = [(hanoi("09:00", day), hanoi("11:00", day)) for day in (MONDAY, WEDNESDAY)]
    add_job(session, "a1", at=0, windows=windows)
    add_live_route(session, "ann", [("a1", "09:00")])
    session.commit()
    (tuesday,) = list_alternatives(session, "a1", settings, day=TUESDAY, at=EIGHT).alternatives
    (broken,) = tuesday.violations
    assert (broken.rule, broken.amount) == ("time_windows", 21 * 3600)
    (wednesday,) = list_alternatives(session, "a1", settings, day=WEDNESDAY, at=EIGHT).alternatives
    assert wednesday.violations == []
    assert hanoi("09:00", WEDNESDAY) <= wednesday.start_at <= hanoi("11:00", WEDNESDAY)


def test_a_place_inside_the_windows_is_preferred_to_a_cheaper_one(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_job(
        session, "a1", windows=[(hanoi("14:00", d), hanoi("15:00", d)) for d in (MONDAY, TUESDAY)]
    )
    add_job(session, "b1", windows=[(hanoi("12:00", TUESDAY), hanoi("12:30", TUESDAY))])
    add_live_route(session, "ann", [("a1", "14:00")])
    add_live_route(session, "ann", [("b1", "12:00")], day=TUESDAY)
    session.commit()
    (place,) = list_alternatives(session, "a1", settings, day=TUESDAY, at=EIGHT).alternatives
    assert place.violations == []


def test_there_is_no_place_where_nobody_works_or_nobody_can(
    two_days: Session, settings: Settings
) -> None:
    over = MONDAY - timedelta(days=1)
    assert list_alternatives(two_days, "a2", settings, day=over, at=EIGHT).alternatives == []
    two_days.get_one(Job, "a2").pinned_technician_id = "bob"
    two_days.commit()
    (place,) = list_alternatives(two_days, "a2", settings, day=TUESDAY, at=EIGHT).alternatives
    assert place.technician_id == "bob"
    with pytest.raises(Conflict, match="31 days"):
        list_alternatives(two_days, "a2", settings, day=MONDAY + timedelta(days=40), at=EIGHT)


# What others do meanwhile


def test_of_two_dispatchers_the_second_is_told(two_days: Session, settings: Settings) -> None:
    change(two_days, settings, "a2", "bob", day=TUESDAY, plan_version=1)
    assert refused_change(two_days, settings, "a2", "bob", plan_version=1) == ["changed_since"]
    assert refused_change(two_days, settings, "a1", "bob", day=TUESDAY, plan_version=1) == [
        "changed_since"
    ]
    change(two_days, settings, "b1", "bob", "12:00", plan_version=1, hold=True)


def test_dispatchers_who_drag_at_once_lose_and_double_nothing(
    two_days: Session, engine: Engine, settings: Settings
) -> None:
    names = ["a1", "a2", "b1", "b2"]

    def drag(session: Session, dice: random.Random) -> ChangeMade:
        job = dice.choice(names)
        technician = dice.choice(["ann", "bob", None])
        return change(session, settings, job, technician, day=dice.choice([MONDAY, TUESDAY]))

    two_days.rollback()
    drag_at_once(engine, settings, drag)
    two_days.expire_all()
    placed = [job for jobs in plan_of(two_days).values() for job in jobs]
    nothing_is_lost_or_doubled(two_days, placed, names)


@pytest.mark.parametrize(("last_day"), [MONDAY, TUESDAY])
def test_a_plan_that_was_being_made_does_not_bring_it_back(
    two_days: Session,
    engine: Engine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    last_day: date,
) -> None:
    def solve_meanwhile(*given: Any, **options: Any) -> Solution:
        with Session(engine) as other:
            change(other, settings, "a2", "bob", day=TUESDAY)
        return solve(*given, **options)

    monkeypatch.setattr(execution, "solve", solve_meanwhile)
    run = request(two_days, settings, publish=True, seconds=0.3, ends_on=last_day)
    assert execute(two_days, settings, run.id).failure is None
    two_days.expire_all()
    placed = plan_of(two_days)
    assert "a2" in placed["bob", TUESDAY]
    everything = [job for jobs in placed.values() for job in jobs]
    assert sorted(everything) == ["a1", "a2", "b1", "b2", "new"]


def test_an_older_draft_of_the_old_day_does_not_bring_it_back(
    two_days: Session, settings: Settings
) -> None:
    plan = draft(two_days, settings, {"ann": ["a1", "a2"], "bob": ["b1"]})
    change(two_days, settings, "a2", "ann", day=TUESDAY)
    publish_up_to_date(two_days, plan, actor="eve", settings=settings)
    two_days.commit()
    assert plan_of(two_days)["ann", TUESDAY] == ["a2"]
    assert "a2" not in plan_of(two_days)["ann", MONDAY]
