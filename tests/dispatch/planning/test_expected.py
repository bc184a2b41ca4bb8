"""When the rest of a day will be, after what has been reported; all visits are at one place."""

from datetime import datetime

import pytest
from sqlmodel import Session, select

from dispatch.models import Job, JobStatus, Stop
from dispatch.output import etag
from dispatch.settings import Settings
from dispatch.views.delays import late_visits
from dispatch.views.itinerary import DailyRoute, RouteStop, daily_route
from tests.dispatch.crew import MONDAY, add_depot, add_job, add_live_route, add_technician, hanoi

pytestmark = pytest.mark.any_database

ORDER = ("j1", "j2", "j3")


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann's Monday: three visits of half an hour, each with an hour's window from its start on."""
    add_technician(session, "ann", at=1)
    for name, opens, closes in (
        ("j1", "08:30", "09:30"),
        ("j2", "09:00", "10:00"),
        ("j3", "10:00", "11:00"),
    ):
        add_job(session, name, at=1, windows=[(hanoi(opens), hanoi(closes))])
    add_live_route(session, "ann", [("j1", "08:30"), ("j2", "09:00"), ("j3", "10:00")])
    session.commit()
    return session


def report(session: Session, job: str, status: str, **moments: str) -> None:
    row = session.get_one(Job, job)
    row.status = JobStatus(status)
    for name, clock in moments.items():
        setattr(row, name, hanoi(clock))
    session.commit()


def read(session: Session, settings: Settings, clock: str) -> DailyRoute:
    return daily_route(session, "ann", MONDAY, settings, at=hanoi(clock))


def stops(session: Session, settings: Settings, clock: str) -> list[RouteStop]:
    return read(session, settings, clock).routes[0].stops


def starts(session: Session, settings: Settings, clock: str) -> list[str]:
    return [f"{stop.expected_start_at:%H:%M}" for stop in stops(session, settings, clock)]


def late(session: Session, settings: Settings, clock: str) -> list[str]:
    return [found.job_id for found in late_visits(session, MONDAY, settings, hanoi(clock))]


def test_before_anything_happens_the_plan_is_what_is_expected(
    monday: Session, settings: Settings
) -> None:
    assert starts(monday, settings, "07:00") == ["08:30", "09:00", "10:00"]
    assert late(monday, settings, "07:00") == []


def test_a_late_arrival_moves_what_follows_as_far_as_there_is_no_slack(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j1", "on_site", arrived_at="09:10")
    assert starts(monday, settings, "09:15") == ["09:10", "09:40", "10:10"]


def test_work_that_takes_longer_than_planned_is_over_now_at_the_earliest(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j1", "on_site", arrived_at="08:30")
    assert starts(monday, settings, "09:50") == ["08:30", "09:50", "10:20"]


def test_who_is_done_early_comes_no_earlier_than_the_window_opens(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j1", "completed", arrived_at="08:30", departed_at="08:40")
    assert starts(monday, settings, "08:45") == ["08:30", "09:00", "10:00"]


def test_who_has_said_nothing_since_arrives_now_at_the_earliest(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j1", "completed", arrived_at="08:30", departed_at="08:40")
    assert starts(monday, settings, "09:40") == ["08:30", "09:40", "10:10"]


def test_who_is_on_the_way_arrives_now_at_the_earliest(monday: Session, settings: Settings) -> None:
    report(monday, "j1", "en_route", en_route_at="08:20")
    assert starts(monday, settings, "09:05") == ["09:05", "09:35", "10:05"]


def test_a_visit_done_out_of_turn_leaves_the_others_to_come(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j2", "completed", arrived_at="09:00", departed_at="09:25")
    assert starts(monday, settings, "09:25") == ["09:25", "09:00", "10:00"]


def test_a_stop_that_will_miss_its_window_is_named_at_once(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j1", "on_site", arrived_at="09:40")
    found = stops(monday, settings, "09:45")
    assert [stop.will_miss for stop in found] == [["time_window"], ["time_window"], []]
    assert late(monday, settings, "09:45") == ["j1", "j2"]


def test_a_stop_that_will_be_done_after_it_is_due_is_named(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Job, "j3").due_at = hanoi("10:30")
    report(monday, "j1", "completed", arrived_at="08:30", departed_at="09:00")
    report(monday, "j2", "on_site", arrived_at="09:40")
    assert late(monday, settings, "09:45") == ["j3"]
    (found,) = late_visits(monday, MONDAY, settings, hanoi("09:45"))
    assert found.will_miss == ["due"]
    assert (found.planned_start_at, found.expected_start_at) == (hanoi("10:00"), hanoi("10:10"))


def test_what_is_over_is_not_late_any_more(monday: Session, settings: Settings) -> None:
    report(monday, "j1", "completed", arrived_at="09:40", departed_at="09:50")
    assert "j1" not in late(monday, settings, "09:50")


def test_reported_times_are_part_of_the_day(monday: Session, settings: Settings) -> None:
    report(monday, "j1", "completed", en_route_at="08:10", arrived_at="08:31", departed_at="08:50")
    first = stops(monday, settings, "09:00")[0]
    assert (first.en_route_at, first.arrived_at, first.departed_at) == (
        hanoi("08:10"),
        hanoi("08:31"),
        hanoi("08:50"),
    )


def test_within_a_minute_the_day_stays_the_same_for_who_asks_again(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j1", "on_site", arrived_at="08:30")
    moments = [hanoi("09:50:01"), hanoi("09:50:59"), hanoi("09:51")]
    first, second, third = (
        etag(daily_route(monday, "ann", MONDAY, settings, at=moment)) for moment in moments
    )
    assert first == second != third


def test_a_break_and_a_depot_call_wait_for_their_time(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=1)
    add_depot(session, "d", at=1, opens="09:00")
    add_job(session, "j1", at=1)

    def stop(kind: str, clock: str, minutes: int, **where: str) -> Stop:
        start: datetime = hanoi(clock)
        end = start.replace(minute=start.minute + minutes)
        return Stop(
            route_id=0,
            position=0,
            kind=kind,
            arrival_at=start,
            start_at=start,
            departure_at=end,
            **where,
        )

    add_live_route(
        session,
        "ann",
        [stop("depot", "09:00", 10, depot_id="d"), stop("break", "11:00", 30), ("j1", "11:30")],
    )
    session.commit()
    assert starts(session, settings, "07:00") == ["09:00", "11:00", "11:30"]
    assert len(session.exec(select(Stop)).all()) == 3
