"""A visit that will be late is an issue from the moment on at which that was to be foreseen."""

from datetime import datetime
from operator import attrgetter

import pytest
from sqlmodel import Session, select

from dispatch import log
from dispatch.models import (
    Job,
    JobStatus,
    Position,
    Priority,
    Route,
    Site,
    Stop,
    Technician,
)
from dispatch.settings import Settings
from dispatch.settling.lateness import Lateness, late_in_force
from tests.dispatch.crew import (
    SUNDAY_EVENING,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.settling.asking import issues

pytestmark = pytest.mark.any_database


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann's Monday at one place: three visits of half an hour, the last from ten to half past."""
    add_technician(session, "ann", at=1)
    for name, opens, closes in (
        ("j1", "08:30", "16:00"),
        ("j2", "09:00", "16:00"),
        ("j3", "10:00", "10:30"),
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


def test_a_visit_that_will_miss_its_window_is_one_with_what_is_expected(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j1", "on_site", arrived_at="09:50")
    (issue,) = issues(monday, settings, "09:55").values()
    assert (issue.id, issue.job_ids, issue.technician_id) == ("late:j3", ["j3"], "ann")
    assert issue.cause.code == "misses_time_window"
    assert datetime.fromisoformat(issue.cause.values["start_at"]) == hanoi("10:50")
    assert issue.cause.values["late_minutes"] == 20


def test_it_ends_when_the_time_is_made_up_for_and_when_somebody_is_there(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j1", "on_site", arrived_at="09:50")
    report(monday, "j1", "completed", departed_at="09:55")
    assert issues(monday, settings, "09:56") == {}
    report(monday, "j2", "on_site", arrived_at="10:20")
    assert issues(monday, settings, "10:20").keys() == {"late:j3"}
    report(monday, "j3", "on_site", arrived_at="10:45")
    assert issues(monday, settings, "10:46") == {}


def test_within_the_tolerance_nobody_is_late(monday: Session, settings: Settings) -> None:
    report(monday, "j1", "on_site", arrived_at="09:30")
    assert issues(monday, settings, "09:30") == {}
    report(monday, "j1", "on_site", arrived_at="09:32")
    assert issues(monday, settings, "09:32").keys() == {"late:j3"}


def test_work_that_has_ended_is_not_late_any_more_but_work_past_its_due_time_is(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Job, "j3").due_at = hanoi("10:40")
    report(monday, "j1", "completed", arrived_at="08:30", departed_at="09:00")
    report(monday, "j2", "completed", arrived_at="09:00", departed_at="09:30")
    report(monday, "j3", "on_site", arrived_at="10:20")
    (issue,) = issues(monday, settings, "10:25").values()
    assert (issue.cause.code, issue.cause.values["late_minutes"]) == ("misses_due", 10)
    report(monday, "j3", "completed", departed_at="10:45")
    assert issues(monday, settings, "10:46") == {}


def test_it_is_known_since_the_report_that_made_it_late(
    monday: Session, settings: Settings
) -> None:
    report(monday, "j1", "on_site", arrived_at="09:50")
    for clock in ("09:52", "10:05", "10:19"):
        assert issues(monday, settings, clock)["late:j3"].since == hanoi("09:50")


def test_it_is_known_since_the_minute_at_which_the_clock_made_it_late(
    monday: Session, settings: Settings
) -> None:
    """Who is at j1 still, and has j2 to do, cannot be at j3 by 10:31 after 10:01."""
    report(monday, "j1", "on_site", arrived_at="08:30")
    assert issues(monday, settings, "10:01") == {}
    for clock in ("10:02", "10:20", "11:40"):
        since = issues(monday, settings, clock)["late:j3"].since
        assert (since - hanoi("10:01")).total_seconds() == 1
    # What is reported later, and leaves it late, makes it no newer.
    report(monday, "j1", "completed", departed_at="10:30")
    assert issues(monday, settings, "10:40")["late:j3"].since == since


def test_it_is_known_no_earlier_than_the_job_asks_for_it(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Job, "j3").due_at = hanoi("10:15")
    assert issues(monday, settings)["late:j3"].since == SUNDAY_EVENING
    entry = log.record(
        monday, "lan", "change", log.Entity.JOB, "j3", {"due_at": None}, {"due_at": "…"}
    )
    entry.at = hanoi("07:00")
    titled = log.record(
        monday, "lan", "change", log.Entity.JOB, "j3", {"title": "a"}, {"title": "b"}
    )
    titled.at = hanoi("07:30")
    assert issues(monday, settings)["late:j3"].since == hanoi("07:00")


def test_who_cannot_come_at_all_is_not_late_as_well(monday: Session, settings: Settings) -> None:
    report(monday, "j1", "on_site", arrived_at="09:50")
    monday.get_one(Technician, "ann").active = False
    found = issues(monday, settings, "09:55")
    assert found.keys() == {"conflict:j1", "conflict:j2", "conflict:j3"}


def test_what_is_later_and_more_urgent_weighs_more(monday: Session, settings: Settings) -> None:
    report(monday, "j1", "on_site", arrived_at="09:50")
    a_little = issues(monday, settings, "09:55")["late:j3"].weight
    report(monday, "j1", "on_site", arrived_at="10:50")
    more = issues(monday, settings, "10:55")["late:j3"].weight
    monday.get_one(Job, "j3").priority = Priority.HIGH
    assert issues(monday, settings, "10:55")["late:j3"].weight == 2 * more > 2 * a_little


def test_what_a_plan_has_too_late_is_one_on_its_day_and_not_before(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Job, "j3").due_at = hanoi("10:20")
    assert issues(monday, settings, "08:00").keys() == {"late:j3"}
    at_night = hanoi("08:00").replace(day=28, month=2)
    assert late_in_force(monday, settings, at_night) == []


def test_what_few_changes_concern_is_looked_at_alone_and_comes_to_the_same(
    monday: Session, settings: Settings
) -> None:
    add_technician(monday, "bob", at=1)
    add_job(monday, "b1", at=1, due_at=hanoi("08:40"))
    add_job(monday, "b2", at=1, due_at=hanoi("12:00"))
    add_live_route(monday, "bob", [("b1", "08:30")])
    at, kept = hanoi("09:55"), Lateness(settings)

    def same(*changes: tuple[str, str]) -> set[str]:
        monday.flush()
        found = kept.at(monday, at, changes)
        fresh = late_in_force(monday, settings, at)
        key = attrgetter("job.id")
        assert sorted(found, key=key) == sorted(fresh, key=key)
        return {one.job.id for one in found}

    assert same() == {"b1"}
    report(monday, "j1", "on_site", arrived_at="09:50")
    assert same(("job", "j1"), ("placement", "1")) == {"b1", "j3"}
    monday.get_one(Job, "b1").due_at = None
    assert same(("job", "b1")) == {"j3"}
    # Another version has what the old one had, and one more.
    for row in [*monday.exec(select(Route)), *monday.exec(select(Stop))]:
        row.live = row.live and not is_of_bob(monday, row)
    add_live_route(monday, "bob", [("b1", "08:30"), ("b2", "12:00")], version=2)
    monday.get_one(Job, "b2").due_at = hanoi("10:00")
    assert same(("plan", "2"), ("job", "b2")) == {"b2", "j3"}
    monday.add(Position(technician_id="bob", latitude=20.0, longitude=105.8, at=hanoi("09:54")))
    monday.get_one(Job, "b1").status = JobStatus.COMPLETED
    monday.get_one(Job, "b1").departed_at = hanoi("09:00")
    assert same(("position", "bob"), ("job", "b1")) == {"b2", "j3"}
    monday.get_one(Site, "site-j3").latitude = 20.5
    assert same(("site", "site-j3")) == {"b2", "j3"}


def is_of_bob(session: Session, row: Route | Stop) -> bool:
    route = row if isinstance(row, Route) else session.get_one(Route, row.route_id)
    return route.technician_id == "bob"
