"""What a change by hand would break, rule by rule, and what it would cost."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, func, select

from dispatch.by_hand.judgements import Judgement, PlanChange, judge_change
from dispatch.errors import Conflict, NotFound
from dispatch.models import Absence, Job, LogEntry, Wish
from dispatch.placing.placing import place_options
from dispatch.settings import Settings
from tests.dispatch.crew import (
    MONDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)

pytestmark = pytest.mark.any_database

EIGHT = hanoi("08:00")
Judge = Callable[..., Judgement]


@pytest.fixture
def judge(session: Session, settings: Settings) -> Judge:
    """Judge a change of the job ``new`` as it is said: with whom, at what o'clock."""

    def judged(technician: str | None = "ann", clock: str | None = None, **more: Any) -> Judgement:
        session.commit()
        start_at = None if clock is None else hanoi(clock)
        change = PlanChange(
            job_id=more.pop("job", "new"),
            technician_id=technician,
            start_at=start_at,
            day=MONDAY,
            **more,
        )
        return judge_change(session, change, settings, at=EIGHT)

    return judged


def rules(found: Judgement) -> list[tuple[str, str | None, str, int]]:
    return [(one.rule, one.job_id, one.subject, one.amount) for one in found.violations]


def waivers(found: Judgement) -> list[tuple[str, str, str, int]]:
    return [(one.rule, one.job_id, one.subject, one.amount) for one in found.waivers]


def test_a_change_that_breaks_nothing_is_possible_and_costs_what_the_place_costs(
    session: Session, settings: Settings, judge: Judge
) -> None:
    add_technician(session, "ann", at=0)
    for name, at in (("a1", 1), ("a2", 4), ("new", 2)):
        add_job(session, name, at=at)
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", "12:00")])
    found = judge()
    assert (found.possible, found.overridable) == (True, True)
    assert (found.violations, found.waivers) == ([], [])
    (place,) = place_options(session, "new", settings, at=EIGHT)
    assert found.extra_cost == place.extra_cost == sum(found.cost.values())
    assert found.visit is not None
    assert found.visit.start_at == place.start_at
    assert found.plan_version == 1
    assert session.exec(select(func.count()).select_from(LogEntry)).one() == 0


def test_the_time_says_before_which_visits_it_goes(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    for name, at in (("a1", 1), ("a2", 4), ("new", 2)):
        add_job(session, name, at=at)
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", "12:00")])

    def order(clock: str) -> list[str | None]:
        return [stop.job_id for stop in judge("ann", clock).routes[0].stops]

    assert order("08:59") == ["new", "a1", "a2"]
    assert order("09:00") == ["a1", "new", "a2"]
    assert order("13:00") == ["a1", "a2", "new"]


def test_a_visit_that_moves_leaves_its_route(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=9)
    add_job(session, "new", at=8)
    add_live_route(session, "ann", [("new", "09:00")])
    found = judge("bob")
    assert found.possible
    assert [(route.technician_id, len(route.stops)) for route in found.routes] == [
        ("bob", 1),
        ("ann", 0),
    ]
    assert found.cost["distance"] < 0


def test_a_job_can_be_taken_off(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "new", at=8)
    add_live_route(session, "ann", [("new", "09:00")])
    found = judge(None)
    assert (found.possible, found.visit) == (True, None)
    assert found.extra_cost < 0
    assert "unassigned" not in found.cost


@pytest.mark.parametrize(
    ("demand", "broken"),
    [
        ({"skills": {"gas": 3}}, ("skills", "new", "gas", 2)),
        ({"skills": {"solder": 1}}, ("skills", "new", "solder", 1)),
        ({"parts": {"belt": 3}}, ("parts", "new", "belt", 2)),
        ({"tools": ["crane"]}, ("tools", "new", "crane", 1)),
        ({"territory": "north"}, ("territory", "new", "north", 1)),
        ({"wishes": {"ann": Wish.FORBIDDEN}}, ("technicians", "new", "", 1)),
        ({"wishes": {"bob": Wish.ALLOWED}}, ("technicians", "new", "", 1)),
        ({"pinned_technician_id": "bob"}, ("pins", "new", "technician", 1)),
    ],
)
def test_what_the_technician_lacks_is_told_with_its_amount(
    session: Session, judge: Judge, demand: dict[str, Any], broken: tuple[str, str, str, int]
) -> None:
    add_technician(session, "ann", skills={"gas": 1}, stock={"belt": 1}, territories=["south"])
    add_technician(session, "bob")
    add_job(session, "new", **demand)
    found = judge()
    assert rules(found) == [broken]
    assert waivers(found) == [broken]
    assert (found.possible, found.overridable) == (False, True)
    assert found.visit is not None


def test_a_window_that_is_over_when_the_technician_comes(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=0, minutes=60)
    add_job(session, "new", at=0, windows=[(hanoi("08:00"), hanoi("08:40"))])
    add_live_route(session, "ann", [("a1", "08:00")], minutes=60)
    assert judge("ann", "08:00").possible is False
    assert rules(judge("ann", "08:00")) == [("time_windows", "new", "later", 20 * 60)]


def test_a_held_time_outside_the_windows(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "new", at=0, windows=[(hanoi("10:00"), hanoi("12:00"))])
    found = judge("ann", "09:15", hold=True)
    assert rules(found) == [("time_windows", "new", "earlier", 45 * 60)]
    assert found.visit is not None
    assert found.visit.start_at == hanoi("09:15")
    assert judge("ann", "10:15", hold=True).possible


def test_another_visit_that_would_come_late(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=0, windows=[(hanoi("09:30"), hanoi("10:30"))])
    add_job(session, "new", at=0, minutes=180)
    add_live_route(session, "ann", [("a1", "10:00")])
    found = judge("ann", "09:15")
    assert rules(found) == [("time_windows", "a1", "later", 30 * 60)]
    assert waivers(found) == [("time_windows", "a1", "later", 30 * 60)]
    assert [(one.job_id, one.new_start_at) for one in found.moved] == [("a1", hanoi("11:00"))]


def test_a_shift_that_gets_too_long(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0, hours=[("08:00", "09:00")], overtime=15)
    add_job(session, "new", at=0, minutes=80)
    found = judge()
    assert rules(found) == [("shift", None, "", 5 * 60)]
    assert waivers(found) == [("shift", "new", "", 5 * 60)]


def test_a_break_that_has_to_wait(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0, breaks=[("12:00", "12:30", 30)])
    add_job(session, "new", at=0, minutes=90)
    found = judge("ann", "11:15", hold=True)
    assert rules(found) == [("breaks", None, "break 12:00", 15 * 60)]
    assert waivers(found) == [("breaks", "new", "break 12:00", 15 * 60)]


def test_parts_are_fetched_from_a_depot_before_anything_is_said_to_be_missing(
    session: Session, judge: Judge
) -> None:
    add_technician(session, "ann", at=0)
    add_depot(session, "d", stock={"belt": 1})
    add_job(session, "new", parts={"belt": 1})
    found = judge("ann", "10:00")
    assert found.possible
    assert [stop.depot_id or stop.job_id for stop in found.routes[0].stops] == ["d", "new"]


def test_what_a_depot_has_goes_to_others(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=0)
    add_depot(session, "d", stock={"belt": 1})
    add_job(session, "b1", at=3, parts={"belt": 1})
    add_job(session, "new", parts={"belt": 1})
    add_live_route(session, "bob", [depot_call("d", "09:00", {"belt": 1}), ("b1", "10:00")])
    found = judge()
    assert rules(found) in (
        [("parts", "new", "belt", 1)],
        [("depot_stock", None, "d, belt", 1)],
    )
    assert waivers(found) == [("parts", "new", "belt", 1)]


def test_a_promised_time_is_broken_by_so_many_seconds(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=0, minutes=60)
    add_job(session, "new", at=0, pinned_technician_id="ann", pinned_start_at=hanoi("08:30"))
    add_live_route(session, "ann", [("a1", "08:00")], minutes=60)
    found = judge("ann", "09:30", hold=True)
    assert rules(found) == [("pins", "new", "start", 60 * 60)]


def test_whoever_is_absent_cannot_take_it(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "new", at=0)
    session.add(
        Absence(id="ill", technician_id="ann", starts_at=hanoi("00:00"), ends_at=hanoi("23:00"))
    )
    found = judge()
    assert rules(found) == [("shift", None, "", 1)]
    assert (found.possible, found.overridable, found.visit) == (False, False, None)


def test_what_has_begun_is_not_judged(session: Session, judge: Judge) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "new", at=0)
    add_live_route(session, "ann", [("new", "08:00")])
    with pytest.raises(Conflict, match="begun"):
        judge()
    with pytest.raises(NotFound):
        judge("nobody")
    with pytest.raises(NotFound):
        judge(job="nothing")
    session.get_one(Job, "new").status = "completed"  # type: ignore[assignment]
    with pytest.raises(Conflict):
        judge()
