"""A visit comes to take longer, or lies further away, while its route is under way: the route says
when it will be, and who comes too late by that is not hidden."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, col, select

from dispatch import models
from dispatch.by_hand.changes import ChangeToMake, make_change
from dispatch.by_hand.judgements import PlanChange, judge_change
from dispatch.intake import JobChange
from dispatch.jobs.jobs import change_job
from dispatch.jobs.placements import ask_for_place
from dispatch.models import Job, JobStatus, PlacementStatus, Plan, PlanUnassigned, Site, Stop
from dispatch.placing.placing import place_options
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.live_days import LiveDays
from dispatch.planning.unable import Why
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.drafting import in_force, status
from tests.dispatch.follow_up import Change, changed, everything_holds, follow

pytestmark = pytest.mark.any_database

NOW = hanoi("09:40")


@pytest.fixture(autouse=True)
def twenty_to_ten() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def under_way(session: Session) -> Session:
    """Bob has done his first visit, and has three to come; the one at noon is at noon."""
    add_technician(session, "bob", at=6)
    add_job(session, "done", at=7)
    add_job(session, "long", at=6)
    add_job(session, "noon", at=5, windows=[(hanoi("12:00"), hanoi("12:30"))])
    add_job(session, "last", at=4, windows=[(hanoi("13:00"), hanoi("17:00"))])
    add_live_route(
        session,
        "bob",
        [("done", "09:00"), ("long", "10:30"), ("noon", "12:00"), ("last", "15:00")],
    )
    job = session.get_one(Job, "done")
    job.status, job.arrived_at, job.departed_at = (
        JobStatus.COMPLETED,
        hanoi("09:00"),
        hanoi("09:30"),
    )
    session.commit()
    return session


@pytest.fixture
def in_the_morning(under_way: Session) -> Session:
    """The next visit can only be where it is."""
    under_way.add(models.JobWindow(job_id="long", starts_at=hanoi("10:00"), ends_at=hanoi("11:00")))
    under_way.commit()
    return under_way


def takes(minutes: int) -> Change:
    def change(session: Session) -> None:
        session.get_one(Job, "long").duration_minutes = minutes

    return change


def asked_by_hand(session: Session, settings: Settings, minutes: int) -> None:
    more = JobChange.model_validate({"duration_minutes": minutes})
    change_job(session, "long", more, actor="dana", settings=settings)
    session.commit()


def times(session: Session) -> dict[str, tuple[str, str]]:
    """By job, from when to when its visit in force is."""
    stops = session.exec(select(Stop).where(col(Stop.live), col(Stop.job_id).is_not(None))).all()
    return {
        stop.job_id or "": (
            f"{stop.start_at.astimezone(hanoi('00:00').tzinfo):%H:%M}",
            f"{stop.departure_at.astimezone(hanoi('00:00').tzinfo):%H:%M}",
        )
        for stop in stops
    }


def versions(session: Session) -> int:
    return len(session.exec(select(Plan.id)).all())


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_visit_that_takes_longer_has_its_time_if_there_is_room(
    under_way: Session, settings: Settings, by_hand: bool
) -> None:
    if by_hand:
        asked_by_hand(under_way, settings, 60)
    else:
        changed(under_way, takes(60))
    assert follow(under_way, settings, NOW)["long"].status == PlacementStatus.PLACED
    stop = under_way.exec(select(Stop).where(Stop.job_id == "long", col(Stop.live))).one()
    assert stop.departure_at - stop.start_at == timedelta(hours=1)
    assert everything_holds(under_way, settings, NOW)


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_comes_too_late_by_that_is_told_with_its_real_time(
    in_the_morning: Session, settings: Settings, by_hand: bool
) -> None:
    if by_hand:
        asked_by_hand(in_the_morning, settings, 150)
    else:
        changed(in_the_morning, takes(150))
    before = versions(in_the_morning)
    follow(in_the_morning, settings, NOW)
    found = times(in_the_morning)
    assert found["long"] == ("10:30", "13:00")
    assert found["noon"] == ("13:03", "13:33")
    assert found["last"] == ("15:00", "15:30")
    broken = broken_visits(in_the_morning, settings, NOW)
    assert {name: one.cause.why for name, one in broken.items()} == {"noon": Why.NOT_THEN}
    assert not broken["noon"].has_begun
    assert versions(in_the_morning) == before + 1


def test_who_is_late_already_is_expected_when_he_can_be_there(
    in_the_morning: Session, settings: Settings
) -> None:
    job = in_the_morning.get_one(Job, "done")
    job.status, job.arrived_at, job.departed_at = JobStatus.ON_SITE, hanoi("10:25"), None
    changed(in_the_morning, takes(150))
    follow(in_the_morning, settings, hanoi("10:26"))
    found = times(in_the_morning)
    assert found["long"] == ("10:58", "13:28")
    assert found["noon"][0] == "13:32"


def test_what_cannot_be_done_in_the_shift_any_more_leaves_it(
    in_the_morning: Session, settings: Settings
) -> None:
    changed(in_the_morning, takes(330))
    follow(in_the_morning, settings, NOW)
    assert times(in_the_morning)["long"] == ("10:30", "16:00")
    assert in_force(in_the_morning) == {"bob": ["done", "long", "noon"]}
    assert status(in_the_morning, "last") == JobStatus.OPEN
    reasons = in_the_morning.exec(
        select(PlanUnassigned).where(PlanUnassigned.job_id == "last")
    ).one()
    assert reasons.reasons[0]["code"] == "does_not_fit"


def test_what_leaves_the_shift_goes_to_another_day_if_that_can_be(
    in_the_morning: Session, settings: Settings
) -> None:
    in_the_morning.add(
        models.JobWindow(
            job_id="last", starts_at=hanoi("08:00", TUESDAY), ends_at=hanoi("12:00", TUESDAY)
        )
    )
    changed(in_the_morning, takes(330))
    assert follow(in_the_morning, settings, NOW)["last"].status == PlacementStatus.PLACED
    stop = in_the_morning.exec(select(Stop).where(Stop.job_id == "last", col(Stop.live))).one()
    assert stop.start_at >= hanoi("08:00", TUESDAY)


def test_somebody_who_has_the_time_takes_it(in_the_morning: Session, settings: Settings) -> None:
    add_technician(in_the_morning, "ann", at=0)
    changed(in_the_morning, takes(150))
    follow(in_the_morning, settings, NOW)
    assert {name for names in in_force(in_the_morning).values() for name in names} == {
        "done",
        "long",
        "noon",
        "last",
    }
    assert "ann" in in_force(in_the_morning)
    assert everything_holds(in_the_morning, settings, NOW)


def test_a_site_that_lies_far_away_now_is_reached_when_it_can_be(
    in_the_morning: Session, settings: Settings
) -> None:
    def moves(session: Session) -> None:
        session.get_one(Site, "site-last").latitude = 21.4

    changed(in_the_morning, moves)
    follow(in_the_morning, settings, NOW)
    begin, _ = times(in_the_morning)["noon"]
    assert begin == "12:00"
    assert everything_holds(in_the_morning, settings, NOW)

    def moves_further(session: Session) -> None:
        session.get_one(Site, "site-last").latitude = 25

    changed(in_the_morning, moves_further)
    follow(in_the_morning, settings, NOW)
    assert in_force(in_the_morning) == {"bob": ["done", "long", "noon"]}
    assert status(in_the_morning, "last") == JobStatus.OPEN


def test_a_depot_that_lies_far_away_now_delays_what_it_is_called_at_for(
    in_the_morning: Session, settings: Settings
) -> None:
    add_depot(in_the_morning, "store", at=4, stock={"lamp": 1})
    add_technician(in_the_morning, "carl", at=4)
    add_job(in_the_morning, "dark", at=4, parts={"lamp": 1})
    call = depot_call("store", "11:00", {"lamp": 1})
    add_live_route(in_the_morning, "carl", [call, ("dark", "11:30")])
    assert everything_holds(in_the_morning, settings, NOW)

    def moves(session: Session) -> None:
        session.get_one(models.Depot, "store").latitude = 21.3

    changed(in_the_morning, moves)
    follow(in_the_morning, settings, NOW)
    assert times(in_the_morning)["dark"][0] > "12:00"
    assert everything_holds(in_the_morning, settings, NOW)


def is_late(session: Session) -> None:
    """Bob has just come to his first customer; nobody can be at the one at noon any more."""
    job = session.get_one(Job, "done")
    job.status, job.arrived_at, job.departed_at = JobStatus.ON_SITE, hanoi("12:08"), None


AT_TWELVE = hanoi("12:10")


def off(session: Session, settings: Settings, job_id: str) -> None:
    change = ChangeToMake(job_id=job_id, technician_id=None)
    make_change(session, change, settings, actor="dana", at=AT_TWELVE)
    session.commit()


@pytest.mark.parametrize("job_id", ["long", "noon"])
def test_what_is_late_and_what_comes_before_it_can_be_taken_off_by_hand(
    under_way: Session, settings: Settings, job_id: str
) -> None:
    changed(under_way, is_late)
    off(under_way, settings, job_id)
    assert status(under_way, job_id) == JobStatus.OPEN
    left = [name for name in ("done", "long", "noon", "last") if name != job_id]
    assert in_force(under_way) == {"bob": left}


@pytest.mark.parametrize("job_id", ["long", "noon"])
def test_what_comes_too_late_is_not_said_to_have_begun(
    under_way: Session, settings: Settings, job_id: str
) -> None:
    changed(under_way, is_late)
    days = LiveDays(reading(under_way.get_bind()), settings)
    change = PlanChange(job_id=job_id, technician_id=None)
    assert judge_change(under_way, change, settings, at=AT_TWELVE, days=days).possible
    place_options(under_way, job_id, settings, day=MONDAY, at=AT_TWELVE, days=days)


def test_a_wish_for_what_comes_before_what_is_late_is_looked_at(
    under_way: Session, settings: Settings
) -> None:
    add_technician(under_way, "ann", at=0)
    changed(under_way, is_late)
    session = under_way
    ask_for_place(session, "long", trigger="changed_job", actor="dana")
    session.commit()
    assert follow(session, settings, AT_TWELVE)["long"].status == PlacementStatus.PLACED


def test_a_break_on_the_way_shares_the_gap_with_it(session: Session, settings: Settings) -> None:
    """27 minutes of way and half an hour of lunch fit between eleven and twelve, whichever of them
    comes first; that an earlier visit takes longer changes nothing about that."""
    add_technician(session, "bob", at=6, breaks=[("11:00", "12:30", 30)])
    add_job(session, "long", at=6, windows=[(hanoi("08:00"), hanoi("11:00"))])
    add_job(session, "next", at=6, windows=[(hanoi("10:30"), hanoi("10:30"))])
    add_job(session, "far", at=15, windows=[(hanoi("12:00"), hanoi("12:00"))])
    lunch = Stop(
        route_id=0,
        position=0,
        kind="break",
        arrival_at=hanoi("11:30"),
        start_at=hanoi("11:30"),
        departure_at=hanoi("12:00"),
        parts={},
    )
    stops = [("long", "09:50"), ("next", "10:30"), lunch, ("far", "12:00")]
    add_live_route(session, "bob", stops, starts="09:30")
    session.commit()
    changed(session, takes(35))
    follow(session, settings, NOW)
    assert times(session)["far"] == ("12:00", "12:30")
    assert everything_holds(session, settings, NOW)
