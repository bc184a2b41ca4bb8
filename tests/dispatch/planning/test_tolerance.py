"""How late is late: what is shown as late, and what a change by hand is charged with."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from dispatch import models
from dispatch.by_hand.judgements import Judgement, PlanChange, judge_change
from dispatch.errors import Conflict
from dispatch.jobs.pins import PinRequest, PinTo, pin_job
from dispatch.models import Job, JobStatus, JobWindow, Waiver
from dispatch.planning.loading import live_day_of
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.settings import Settings
from dispatch.views.board import read_board
from dispatch.views.delays import late_visits
from tests.dispatch.changing import change, refused_change
from tests.dispatch.crew import MONDAY, add_job, add_live_route, add_technician, hanoi

pytestmark = pytest.mark.any_database

TEN = hanoi("10:00")
FREE_AT = hanoi("10:30")
"""When Ann's first visit, which is under way, is over."""


@pytest.fixture
def busy(session: Session) -> Session:
    """Ann is at a1 and has a2 after it; Bob, who lives next to it, could do it at once."""
    add_technician(session, "ann", at=0, overtime=60)
    add_technician(session, "bob", at=4)
    add_job(session, "a1", at=1, minutes=90, status=JobStatus.ON_SITE, arrived_at=hanoi("09:00"))
    add_job(session, "a2", at=4, windows=[(hanoi("08:00"), hanoi("16:00"))])
    add_job(session, "new", at=4)
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", "10:35")], minutes=90)
    session.commit()
    return session


def comes_late(session: Session, settings: Settings, seconds: int) -> None:
    """Let a2's window end so long before Ann can be there."""
    window = session.exec(select(JobWindow)).one()
    window.ends_at = there_at(session, settings) - timedelta(seconds=seconds)
    session.commit()


def there_at(session: Session, settings: Settings) -> datetime:
    session.commit()
    snapshot = load_snapshot(session, Scope(MONDAY, MONDAY), TEN, settings.freeze)
    translation = live_day_of(snapshot, settings).translation
    places = translation.locations
    way = int(translation.problem.travel_time[places["site site-a1"], places["site site-a2"]])
    return FREE_AT + timedelta(seconds=way)


def late(session: Session, settings: Settings) -> list[str]:
    (route, *_) = read_board(session, MONDAY, 1, settings, at=TEN).routes
    listed = [found.job_id for found in late_visits(session, MONDAY, settings, TEN)]
    marked = [stop.job_id for stop in route.stops if stop.will_miss]
    assert listed == marked
    assert route.figures.late == len(marked)
    return listed


@pytest.mark.parametrize(("seconds", "is_late"), [(1, False), (60, False), (61, True)])
def test_a_minute_is_not_late(
    busy: Session, settings: Settings, seconds: int, is_late: bool
) -> None:
    comes_late(busy, settings, seconds)
    assert late(busy, settings) == (["a2"] if is_late else [])


def test_nor_is_what_is_done_a_minute_after_it_is_due(busy: Session, settings: Settings) -> None:
    job = busy.get_one(Job, "a2")
    for seconds, found in ((60, []), (61, ["a2"])):
        ends_at = there_at(busy, settings) + timedelta(minutes=90)
        job.due_at = ends_at - timedelta(seconds=seconds)
        busy.commit()
        assert late(busy, settings) == found


def test_how_much_is_not_late_is_a_setting(busy: Session) -> None:
    settings = Settings(late_after_minutes=0)
    comes_late(busy, settings, 1)
    assert late(busy, settings) == ["a2"]
    settings = Settings(late_after_minutes=5)
    comes_late(busy, settings, 300)
    assert late(busy, settings) == []


def judged(session: Session, settings: Settings, clock: str = "13:00") -> Judgement:
    change = PlanChange(job_id="new", technician_id="ann", start_at=hanoi(clock), day=MONDAY)
    return judge_change(session, change, settings, at=TEN)


@pytest.mark.parametrize("seconds", [1, 600])
def test_what_was_broken_before_needs_no_override(
    busy: Session, settings: Settings, seconds: int
) -> None:
    comes_late(busy, settings, seconds)
    found = judged(busy, settings)
    assert found.possible
    told = [(one.rule, one.job_id, one.existing) for one in found.violations]
    assert told == ([] if seconds == 1 else [("time_windows", "a2", True)])
    made = change(busy, settings, "new", "ann", "13:00", at=TEN)
    assert made.judgement is not None
    assert made.judgement.possible
    assert busy.get_one(Job, "new").pinned_technician_id is None
    assert busy.exec(select(Waiver)).all() == []  # the next plan may still give a2 to Bob


def test_what_is_made_worse_is_charged(busy: Session, settings: Settings) -> None:
    comes_late(busy, settings, 600)
    found = judged(busy, settings, "10:31")
    assert not found.possible
    (broken,) = found.violations
    assert (broken.rule, broken.job_id, broken.existing) == ("time_windows", "a2", False)
    assert broken.amount > 600
    assert "time_windows" in refused_change(busy, settings, "new", "ann", clock="10:31", at=TEN)


@pytest.mark.parametrize(("seconds", "is_possible"), [(30, True), (60, True), (90, False)])
def test_a_little_lateness_needs_no_override(
    busy: Session, settings: Settings, seconds: int, is_possible: bool
) -> None:
    closes = hanoi("15:00") - timedelta(seconds=seconds)
    busy.add(JobWindow(job_id="new", starts_at=hanoi("08:00"), ends_at=closes))
    busy.commit()
    if not is_possible:
        with pytest.raises(Conflict):
            change(busy, settings, "new", "bob", "15:00", hold=True, at=TEN)
        return
    made = change(busy, settings, "new", "bob", "15:00", hold=True, at=TEN)
    assert made.judgement is not None
    assert (made.judgement.possible, made.judgement.violations) == (True, [])
    # What is in force keeps the rules for every plan to come.
    snapshot = load_snapshot(busy, Scope(MONDAY, MONDAY), TEN, settings.freeze)
    live = live_day_of(snapshot, settings)
    assert all(live.is_tenable(shift) for shift in live.problem.shifts)


def test_a_technician_without_a_shift_is_not_a_second_too_late(
    busy: Session, settings: Settings
) -> None:
    busy.add(
        models.Absence(
            id="x", technician_id="bob", starts_at=hanoi("00:00"), ends_at=hanoi("23:00")
        )
    )
    busy.commit()
    assert "shift" in refused_change(busy, settings, "new", "bob", clock="13:00", at=TEN)


def test_a_break_that_is_missed_by_seconds_is_missed(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=0, breaks=[("12:00", "12:30", 30)])
    add_job(session, "new", at=0, minutes=30)
    session.commit()
    change = PlanChange(
        job_id="new", technician_id="ann", start_at=hanoi("12:00:30"), day=MONDAY, hold=True
    )
    found = judge_change(session, change, settings, at=TEN)
    assert [(one.rule, one.amount) for one in found.violations] == [("breaks", 30)]
    assert not found.possible


def test_what_is_pinned_in_time_keeps_its_window_to_the_second(
    busy: Session, settings: Settings
) -> None:
    comes_late(busy, settings, 30)
    with pytest.raises(Conflict) as error:
        pin_job(busy, "a2", PinRequest(to=PinTo.TIME), settings, actor="dana", at=TEN)
    assert [fault.code for fault in error.value.faults] == ["late"]
