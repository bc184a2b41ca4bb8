"""Several visits changed at once: judged as a whole, one version, one undoing."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.by_hand.carrying_out import Override
from dispatch.by_hand.changes import ChangeToMake, make_change
from dispatch.by_hand.making_several import SeveralMade, SeveralToMake, make_several
from dispatch.by_hand.several import JointVerdict, SeveralChange, judge_several
from dispatch.by_hand.undoing import undo_change
from dispatch.errors import Conflict
from dispatch.field.reports import NewReport, take_report
from dispatch.models import (
    Job,
    JobStatus,
    JobWindow,
    LogEntry,
    Plan,
    ReportKind,
    Route,
    Stop,
    Waiver,
)
from dispatch.placing.placing import PlaceRequest, place_job
from dispatch.settings import Settings
from tests.dispatch.changing import EIGHT, nothing_is_lost_or_doubled
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_ann_and_bob,
    add_job,
    add_link,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.drafting import everything, in_force, status


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann in the south with two visits, Bob in the north with one; a new job waits near Ann's."""
    add_ann_and_bob(session)
    return session


def several(
    session: Session,
    settings: Settings,
    action: str,
    *job_ids: str,
    at: datetime = EIGHT,
    reason: str | None = None,
    **details: Any,
) -> SeveralMade:
    wanted = SeveralToMake(
        action=action,
        job_ids=list(job_ids),
        override=None if reason is None else Override(reason=reason),
        **details,
    )
    made = make_several(session, wanted, settings, actor="dana", at=at)
    session.commit()
    return made


def judged(
    session: Session, settings: Settings, action: str, *job_ids: str, **details: Any
) -> JointVerdict:
    wanted = SeveralChange(action=action, job_ids=list(job_ids), **details)
    return judge_several(session, wanted, settings, at=EIGHT)


def refused(
    session: Session, settings: Settings, action: str, *job_ids: str, **details: Any
) -> set[tuple[str, str]]:
    """What stood in the way of a change that changed nothing."""
    before = everything(session)
    with pytest.raises(Conflict) as error:
        several(session, settings, action, *job_ids, **details)
    session.rollback()
    assert everything(session) == before
    return {(fault.code, fault.where) for fault in error.value.faults}


def state(session: Session) -> tuple[Any, ...]:
    """All that is in force, to the second, with pins, waivers and what is cancelled."""
    session.expire_all()
    rows = session.exec(
        select(Route, Stop)
        .join(Stop, col(Stop.route_id) == Route.id)
        .where(col(Route.live), col(Stop.live))
        .order_by(Route.technician_id, col(Stop.position))
    ).all()
    routes = [
        (route.model_dump(exclude={"id", "plan_id"}), stop.model_dump(exclude={"route_id"}))
        for route, stop in rows
    ]
    jobs = [
        job.model_dump(exclude={"revision", "updated_at"})
        for job in session.exec(select(Job).order_by(col(Job.id)))
    ]
    waivers = [
        row.model_dump(exclude={"id"}) for row in session.exec(select(Waiver).order_by(Waiver.id))
    ]
    return routes, jobs, waivers


def starts(session: Session) -> dict[str, str]:
    found = session.exec(select(Stop).where(col(Stop.live), col(Stop.job_id).is_not(None)))
    return {
        stop.job_id or "": stop.start_at.astimezone(EIGHT.tzinfo).strftime("%H:%M")
        for stop in found
    }


def undone(session: Session, settings: Settings, made: SeveralMade, at: datetime = EIGHT) -> int:
    version = undo_change(session, made.plan_version, settings, actor="dana", at=at).plan_version
    session.commit()
    return version


def versions(session: Session) -> int:
    return len(session.exec(select(Plan).where(col(Plan.version).is_not(None))).all())


# What is asked for


def test_several_go_to_a_technician_in_one_version(monday: Session, settings: Settings) -> None:
    before, known = state(monday), versions(monday)
    shown = judged(monday, settings, "move", "a1", "a2", "new", technician_id="bob")
    assert state(monday) == before
    assert (shown.possible, shown.job_ids) == (True, ["a1", "a2", "new"])
    made = several(monday, settings, "move", "a1", "a2", "new", technician_id="bob")
    assert sorted(in_force(monday)["bob"]) == ["a1", "a2", "b1", "new"]
    assert "ann" not in in_force(monday)
    assert versions(monday) == known + 1
    assert made.judgement.extra_cost == shown.extra_cost
    assert {visit.job_id for visit in shown.visits} == {"a1", "a2", "new"}
    undone(monday, settings, made)
    assert state(monday) == before


def test_two_visits_change_places_and_are_never_without_one(
    monday: Session, settings: Settings
) -> None:
    before, known = state(monday), versions(monday)
    made = several(monday, settings, "swap", "a1", "b1")
    assert in_force(monday) == {"ann": ["b1", "a2"], "bob": ["a1"]}
    assert versions(monday) == known + 1
    unplaced = select(LogEntry).where(LogEntry.action == "unschedule")
    assert monday.exec(unplaced).all() == []
    again = undone(monday, settings, made)
    assert state(monday) == before
    undo_change(monday, again, settings, actor="dana", at=EIGHT)
    assert in_force(monday) == {"ann": ["b1", "a2"], "bob": ["a1"]}


def test_two_of_one_route_change_places(monday: Session, settings: Settings) -> None:
    several(monday, settings, "swap", "a1", "a2")
    assert in_force(monday)["ann"] == ["a2", "a1"]


def test_two_technicians_change_what_they_have_to_come(monday: Session, settings: Settings) -> None:
    before = state(monday)
    rest: Mapping[str, Any] = {"technician_id": "ann", "with_technician_id": "bob"}
    made = several(monday, settings, "swap_rests", from_at=hanoi("08:30"), **rest)
    assert in_force(monday) == {"ann": ["b1"], "bob": ["a1", "a2"]}
    undone(monday, settings, made)
    assert state(monday) == before
    several(monday, settings, "swap_rests", from_at=hanoi("10:00"), **rest)
    assert in_force(monday) == {"ann": ["a1"], "bob": ["b1", "a2"]}


def test_all_that_somebody_has_to_come_is_pushed(monday: Session, settings: Settings) -> None:
    pushed = {"technician_id": "ann", "from_at": hanoi("08:30"), "minutes": 30}
    several(monday, settings, "push", **pushed)
    assert starts(monday) == {"a1": "09:30", "a2": "12:30", "b1": "09:00"}
    # Nobody was promised these times, but nothing pulls the visits back either.
    job = monday.get_one(Job, "a2")
    assert (job.pinned_start_at, job.not_before_at) == (None, hanoi("12:30"))
    place_job(
        monday, "new", PlaceRequest(technician_id="ann", day=MONDAY), settings, actor="x", at=EIGHT
    )
    monday.commit()
    assert starts(monday)["a1"] >= "09:30"
    assert starts(monday)["a2"] >= "12:30"


def test_what_is_pushed_comes_back_when_it_is_undone(monday: Session, settings: Settings) -> None:
    before = state(monday)
    made = several(monday, settings, "push", "a2", minutes=-60)
    assert starts(monday)["a2"] == "11:00"
    undone(monday, settings, made)
    assert state(monday) == before


def test_what_is_pushed_into_each_other_makes_room(monday: Session, settings: Settings) -> None:
    several(monday, settings, "push", "a1", minutes=165)
    assert in_force(monday)["ann"] == ["a1", "a2"]
    found = starts(monday)
    assert found["a1"] == "11:45"
    # On the way to it until then.
    assert found["a2"] > "12:15"


def test_jobs_are_taken_off_together(monday: Session, settings: Settings) -> None:
    before = state(monday)
    made = several(monday, settings, "take_off", "a1", "a2", "b1")
    assert in_force(monday) == {}
    assert {status(monday, name) for name in ("a1", "a2", "b1")} == {JobStatus.OPEN}
    undone(monday, settings, made)
    assert state(monday) == before


def test_jobs_are_cancelled_and_taken_up_again(monday: Session, settings: Settings) -> None:
    before = state(monday)
    times = starts(monday)
    made = several(monday, settings, "cancel", "a1", "new")
    assert {status(monday, name) for name in ("a1", "new")} == {JobStatus.CANCELLED}
    # All others stay where they are, to the second.
    assert starts(monday) == {name: at for name, at in times.items() if name != "a1"}
    again = undone(monday, settings, made)
    assert state(monday) == before
    undo_change(monday, again, settings, actor="dana", at=EIGHT)
    assert {status(monday, name) for name in ("a1", "new")} == {JobStatus.CANCELLED}


def test_pins_are_set_and_taken_back_together(monday: Session, settings: Settings) -> None:
    before = state(monday)
    made = several(monday, settings, "pin", "a1", "b1", to="time")
    pins = {name: monday.get_one(Job, name).pinned_start_at for name in ("a1", "b1")}
    assert pins == {"a1": hanoi("09:00"), "b1": hanoi("09:00")}
    several(monday, settings, "pin", "a1", to=None)
    assert monday.get_one(Job, "a1").pinned_technician_id is None
    undone(monday, settings, made)
    assert state(monday) == before


# What is in the way


def test_all_that_cannot_be_moved_is_named_at_once(monday: Session, settings: Settings) -> None:
    monday.get_one(Job, "a1").status = JobStatus.COMPLETED
    monday.get_one(Job, "new").status = JobStatus.ON_HOLD
    monday.commit()
    assert refused(monday, settings, "move", "a1", "new", "b1", technician_id="bob") == {
        ("not_plannable", "job a1"),
        ("not_plannable", "job new"),
    }


def test_what_has_begun_or_is_about_to_stays(monday: Session, settings: Settings) -> None:
    late = {"at": hanoi("08:45"), "reason": None}
    for action, details in (
        ("move", {"technician_id": "bob"}),
        ("push", {"minutes": 10}),
        ("take_off", {}),
        ("cancel", {}),
    ):
        assert refused(monday, settings, action, "a1", "a2", **details, **late) == {
            ("begins", "job a1")
        }
    # Of all that is to come from now on, it is left out.
    pushed = {"technician_id": "ann", "from_at": hanoi("08:00"), "minutes": 30}
    made = several(monday, settings, "push", **pushed, **late)
    assert made.job_ids == ["a2"]
    assert starts(monday)["a1"] == "09:00"


def test_a_broken_rule_is_one_of_the_whole_and_overridden_once(
    monday: Session, settings: Settings
) -> None:
    for name in ("gas", "far"):
        add_job(monday, name, at=3, skills={"gas": 1} if name == "gas" else {})
    monday.commit()
    before = state(monday)
    details = {"technician_id": "ann", "day": MONDAY}
    shown = judged(monday, settings, "move", "gas", "far", **details)
    assert (shown.possible, shown.overridable) == (False, True)
    assert [(one.rule, one.job_id) for one in shown.violations] == [("skills", "gas")]
    assert refused(monday, settings, "move", "gas", "far", **details) == {("skills", "job gas")}
    made = several(monday, settings, "move", "gas", "far", **details, reason="She can")
    assert {*in_force(monday)["ann"]} == {"a1", "a2", "gas", "far"}
    assert monday.get_one(Job, "gas").pinned_technician_id == "ann"
    logged = monday.exec(select(LogEntry).where(LogEntry.action == "override")).all()
    assert [(entry.entity_id, entry.after["reason"]) for entry in logged if entry.after] == [
        ("gas", "She can")
    ]
    undone(monday, settings, made)
    assert state(monday) == before


def test_jobs_that_only_fit_alone_break_a_rule_together(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", hours=[("08:00", "10:00")])
    for name in ("one", "two"):
        add_job(session, name, at=1, minutes=80)
    session.commit()
    for name in ("one", "two"):
        assert judged(session, settings, "move", name, technician_id="ann", day=MONDAY).possible
    shown = judged(session, settings, "move", "one", "two", technician_id="ann", day=MONDAY)
    assert [one.rule for one in shown.violations] == ["shift"]
    made = several(
        session, settings, "move", "one", "two", technician_id="ann", day=MONDAY, reason="Agreed"
    )
    assert {*in_force(session)["ann"]} == {"one", "two"}
    undone(session, settings, made)
    assert in_force(session) == {}


def test_who_does_not_work_that_day_gets_nothing(monday: Session, settings: Settings) -> None:
    add_technician(monday, "cem", weekdays=[])
    monday.commit()
    shown = judged(monday, settings, "move", "a1", "a2", technician_id="cem")
    assert (shown.possible, shown.overridable) == (False, False)
    assert {one.rule for one in shown.violations} == {"shift"}


def test_a_promised_time_is_broken_by_a_push_and_void_by_an_override(
    monday: Session, settings: Settings
) -> None:
    several(monday, settings, "pin", "a2", to="time")
    before = state(monday)
    shown = judged(monday, settings, "push", "a2", minutes=30)
    assert [(one.rule, one.subject, one.amount) for one in shown.violations] == [
        ("pins", "start", 1800)
    ]
    made = several(monday, settings, "push", "a2", minutes=30, reason="The customer asked")
    assert starts(monday)["a2"] == "12:30"
    undone(monday, settings, made)
    assert state(monday) == before


def test_customers_who_were_told_are_named(monday: Session, settings: Settings) -> None:
    monday.get_one(Job, "a2").told_at = EIGHT - timedelta(hours=12)
    monday.commit()
    assert judged(monday, settings, "push", "a1", "a2", minutes=30).told_job_ids == ["a2"]


def test_visits_of_different_days_are_changed_one_day_at_a_time(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "t1", at=1)
    add_live_route(monday, "ann", [("t1", "09:00")], day=TUESDAY)
    monday.commit()
    assert refused(monday, settings, "move", "a1", "t1", technician_id="bob") == {
        ("several_days", "job a1")
    }
    made = several(monday, settings, "cancel", "a1", "t1")
    assert {status(monday, name) for name in ("a1", "t1")} == {JobStatus.CANCELLED}
    undone(monday, settings, made)
    assert {status(monday, name) for name in ("a1", "t1")} == {JobStatus.SCHEDULED}


# Crews


@pytest.fixture
def crew(session: Session) -> Session:
    """Ann and Bob are to lift something together at ten."""
    for name, at in (("ann", 0), ("bob", 2)):
        add_technician(session, name, at=at)
        add_job(session, f"lift-{name}", at=1)
    add_link(session, "crew", "together", "lift-ann", "lift-bob")
    for name in ("ann", "bob"):
        add_live_route(session, name, [(f"lift-{name}", "10:00")])
    session.commit()
    return session


def test_a_crew_is_pushed_as_one(crew: Session, settings: Settings) -> None:
    before = state(crew)
    made = several(crew, settings, "push", "lift-ann", minutes=45)
    assert starts(crew) == {"lift-ann": "10:45", "lift-bob": "10:45"}
    assert made.judgement.violations == []
    undone(crew, settings, made)
    assert state(crew) == before


def test_a_crew_that_is_given_to_one_alone_breaks_its_link(
    crew: Session, settings: Settings
) -> None:
    shown = judged(crew, settings, "move", "lift-ann", "lift-bob", technician_id="ann")
    assert "together" in {one.rule for one in shown.violations}


# Others


def test_a_change_of_what_has_changed_since_is_refused(monday: Session, settings: Settings) -> None:
    shown = judged(monday, settings, "swap", "a1", "b1")
    several(monday, settings, "move", "new", technician_id="ann", day=MONDAY)
    swapped = refused(monday, settings, "swap", "a1", "b1", plan_version=shown.plan_version)
    assert {code for code, _ in swapped} == {"changed_since"}


def test_what_has_begun_since_stands_in_the_way_of_undoing(
    monday: Session, settings: Settings
) -> None:
    made = several(monday, settings, "swap", "a1", "b1")
    report = NewReport(id="r1", job_id="a1", kind=ReportKind.EN_ROUTE, at=EIGHT)
    take_report(monday, "bob", report, settings, actor="bob", at=EIGHT)
    monday.commit()
    with pytest.raises(Conflict) as error:
        undo_change(monday, made.plan_version, settings, actor="dana", at=hanoi("08:30"))
    assert "begun" in {fault.code for fault in error.value.faults}


def test_what_was_moved_among_several_stays_so_for_older_plans(
    monday: Session, settings: Settings
) -> None:
    from dispatch.plans.queries import placed_by_hand_since

    several(monday, settings, "swap", "a1", "b1")
    assert placed_by_hand_since(monday, 1) == {"a1", "b1"}


def test_where_a_visit_is_dropped_is_where_it_starts(monday: Session, settings: Settings) -> None:
    monday.add(JobWindow(job_id="a2", starts_at=hanoi("12:00"), ends_at=hanoi("12:01")))
    monday.commit()
    change = ChangeToMake(
        job_id="new",
        technician_id="ann",
        start_at=hanoi("15:00"),
        day=MONDAY,
        no_earlier=True,
    )
    made = make_change(monday, change, settings, actor="dana", at=EIGHT)
    assert made.judgement is not None
    assert made.judgement.visit is not None
    assert made.judgement.visit.start_at == hanoi("15:00")
    # Dropped onto a visit that can be at no other time, it starts as soon as somebody can be there.
    onto = change.model_copy(update={"start_at": hanoi("12:10")})
    made = make_change(monday, onto, settings, actor="dana", at=EIGHT)
    assert made.judgement is not None
    assert made.judgement.visit is not None
    assert hanoi("12:30") < made.judgement.visit.start_at < hanoi("12:50")
    assert made.judgement.violations == []


# All at once


@pytest.mark.parametrize("seed", range(3))
def test_undoing_has_everything_as_it_was_whatever_was_done(
    session: Session, settings: Settings, seed: int
) -> None:
    """A day drawn from a seed, changed six times by several at once, each undone to the second,
    and done again."""
    dice = random.Random(seed)
    crew, jobs = ("ann", "bob", "cem"), [f"j{number}" for number in range(9)]
    for number, name in enumerate(crew):
        add_technician(session, name, at=8 * number, overtime=dice.choice([0, 60]))
    for name in jobs:
        opens = dice.randint(9, 13)
        windows = [(hanoi(f"{opens:02}:00"), hanoi(f"{opens + 2:02}:00"))]
        add_job(
            session,
            name,
            at=dice.randrange(20),
            minutes=dice.choice([20, 40]),
            windows=dice.choice([[], windows]),
            skills=dice.choice([{}, {}, {"gas": 1}]),
        )
    add_link(session, "pair", "apart", "j0", "j1", by="technician")
    session.commit()
    for name in jobs:
        try:
            place_job(session, name, PlaceRequest(day=MONDAY), settings, actor="x", at=EIGHT)
        except Conflict:
            session.rollback()
        session.commit()
    changed = 0
    for _ in range(6):
        before = state(session)
        try:
            made = several_drawn(session, settings, **_drawn(dice, crew, jobs))
        except Conflict:
            session.rollback()
            assert state(session) == before
            continue
        if not made.is_new:
            continue
        changed += 1
        after = state(session)
        again = undone(session, settings, made)
        assert state(session) == before
        undo_change(session, again, settings, actor="dana", at=EIGHT)
        session.commit()
        assert _without_reasons(state(session)) == _without_reasons(after)
    assert changed


def _without_reasons(found: tuple[Any, ...]) -> tuple[Any, ...]:
    return found[:2]


def _drawn(dice: random.Random, crew: tuple[str, ...], jobs: list[str]) -> dict[str, Any]:
    some = dice.sample(jobs, dice.randint(1, 4))
    one, other = dice.sample(crew, 2)
    drawn: dict[str, dict[str, Any]] = {
        "move": {"job_ids": some, "technician_id": one, "day": MONDAY},
        "push": {"job_ids": some, "minutes": dice.choice([-45, 15, 90])},
        "swap": {"job_ids": dice.sample(jobs, 2)},
        "swap_rests": {
            "technician_id": one,
            "with_technician_id": other,
            "from_at": hanoi(dice.choice(["08:35", "11:00"])),
        },
        "take_off": {"job_ids": some},
        "cancel": {"job_ids": some},
        "pin": {"job_ids": some, "to": dice.choice(["technician", "time", None])},
    }
    action = dice.choice(list(drawn))
    wanted = drawn[action]
    return {"action": action, "reason": "Drawn", **wanted}


def several_drawn(session: Session, settings: Settings, **details: Any) -> SeveralMade:
    return several(session, settings, details.pop("action"), *details.pop("job_ids", ()), **details)


def test_dispatchers_who_swap_and_push_at_once_lose_and_double_nothing(
    engine: Engine, monday: Session, settings: Settings
) -> None:
    from tests.dispatch.changing import drag_at_once

    def drag(session: Session, dice: random.Random) -> Any:
        names = dice.sample(["a1", "a2", "b1"], 2)
        action = dice.choice(["swap", "push", "move"])
        details: dict[str, Any] = {
            "swap": {},
            "push": {"minutes": dice.choice([-15, 20])},
            "move": {"technician_id": dice.choice(["ann", "bob"])},
        }[action]
        return several(session, settings, action, *names, **details)

    drag_at_once(engine, settings, drag)
    monday.rollback()
    monday.expire_all()
    placed = [job for jobs in in_force(monday).values() for job in jobs]
    nothing_is_lost_or_doubled(monday, placed, ["a1", "a2", "b1"])
