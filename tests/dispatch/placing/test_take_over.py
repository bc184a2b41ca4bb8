"""A technician who was out of reach did what somebody else was to do by then."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import permutations

import pytest
import time_machine
from sqlmodel import Session, col, select

from dispatch.errors import Conflict
from dispatch.field.reports import take_report
from dispatch.intake import JobChange
from dispatch.jobs.jobs import cancel_job, change_job
from dispatch.models import (
    Job,
    JobStatus,
    JobTechnician,
    LogEntry,
    PlanStatus,
    Report,
    Route,
    VanStock,
    Waiver,
    Wish,
)
from dispatch.planning.loading import live_day_of
from dispatch.planning.snapshot import Scope, live_routes, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.plans import versions
from dispatch.plans.publishing import publish_up_to_date
from dispatch.runs.replanning import replan_if_worth_it
from dispatch.settings import Settings
from dispatch.views.itinerary import RouteStop, daily_route
from solver.judge.check import check
from tests.dispatch.changing import EIGHT, change, refused_undo
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.drafting import draft
from tests.dispatch.reporting import new_report, take
from tests.dispatch.running import executed

pytestmark = pytest.mark.any_database

DONE = (("en_route", "08:50"), ("on_site", "09:05"), ("completed", "09:40"))
"""What Ann does about j1."""
TEN = hanoi("10:00")


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann has j1, which takes fuses, and a2; Bob has b1."""
    add_technician(session, "ann", at=0, stock={"fuse": 5})
    add_technician(session, "bob", at=6, stock={"fuse": 5})
    add_job(session, "j1", at=1, parts={"fuse": 2})
    add_job(session, "a2", at=3)
    add_job(session, "b1", at=5)
    add_live_route(session, "ann", [("j1", "09:00"), ("a2", "12:00")])
    add_live_route(session, "bob", [("b1", "13:00")])
    session.commit()
    return session


@pytest.fixture
def reassigned(monday: Session) -> Session:
    """Bob has j1 since, and Ann does not know it."""
    put_in_force(monday, {"ann": [("a2", "12:00")], "bob": [("j1", "10:30"), ("b1", "13:00")]})
    return monday


def put_in_force(
    session: Session, routes: Mapping[str, list[tuple[str, str]]], day: date = MONDAY
) -> None:
    """These routes instead of all others, as the next version."""
    versions.retire(session, session.exec(select(Route.id).where(col(Route.live))).all())
    version = versions.highest_version(session) + 1
    for technician, visits in routes.items():
        add_live_route(session, technician, visits, day=day, version=version)
    session.commit()


def day_of(session: Session, technician: str, at: datetime = TEN) -> dict[str, RouteStop]:
    day = daily_route(session, technician, MONDAY, Settings(), at)
    return {stop.job_id or stop.kind: stop for route in day.routes for stop in route.stops}


def starts(session: Session) -> dict[str, dict[str, str]]:
    """The visits in force: when they start, in their order, by technician."""
    return {
        found.route.technician_id: {
            stop.job_id or stop.kind: f"{stop.start_at.astimezone(EIGHT.tzinfo):%H:%M}"
            for stop in found.stops
        }
        for found in live_routes(session, MONDAY, MONDAY)
    }


def van(session: Session, technician: str) -> int:
    session.expire_all()
    return session.get_one(VanStock, (technician, "fuse")).quantity


def the_job(session: Session) -> Job:
    session.expire_all()
    return session.get_one(Job, "j1")


def logged(session: Session, action: str) -> list[LogEntry]:
    return list(session.exec(select(LogEntry).where(LogEntry.action == action)))


@pytest.mark.parametrize("order", list(permutations(DONE)))
def test_what_was_done_out_of_reach_is_on_the_day_of_who_did_it(
    reassigned: Session, order: tuple[tuple[str, str], ...]
) -> None:
    for kind, clock in order:
        take(reassigned, kind, clock)
    job = the_job(reassigned)
    assert (job.status, job.departed_at) == (JobStatus.COMPLETED, hanoi("09:40"))
    anns, bobs = day_of(reassigned, "ann"), day_of(reassigned, "bob")
    assert (list(anns), list(bobs)) == (["j1", "a2"], ["b1"])
    assert anns["j1"].status == JobStatus.COMPLETED
    assert (anns["j1"].expected_start_at, anns["j1"].expected_departure_at) == (
        hanoi("09:05"),
        hanoi("09:40"),
    )
    assert len(logged(reassigned, "take_over")) == 1


def test_the_new_version_has_both_routes_and_moves_nothing_else(reassigned: Session) -> None:
    take(reassigned, "on_site", "09:05")
    assert starts(reassigned) == {
        "ann": {"j1": "09:05", "a2": "12:00"},
        "bob": {"b1": "13:00"},
    }
    (entry,) = logged(reassigned, "take_over")
    assert entry.before == {"technician_id": "bob"}
    assert entry.after is not None
    published = logged(reassigned, "publish")[-1]
    assert published.entity_id == str(entry.after["plan_id"])
    assert published.after == {
        "version": 3,
        "jobs": 3,
        "left_out": [],
        "technician_ids": ["ann", "bob"],
    }


def test_ways_and_ends_of_the_routes_follow_from_their_stops(monday: Session) -> None:
    put_in_force(monday, {"ann": [("a2", "12:00")], "bob": [("b1", "13:00"), ("j1", "14:00")]})
    take(monday, "completed", "09:40")
    ann, bob = (found.route for found in live_routes(monday, MONDAY, MONDAY))
    home = timedelta(seconds=bob.travel_seconds / 2)
    assert bob.end_at == hanoi("13:30") + home
    assert bob.start_at == hanoi("08:00")
    assert hanoi("09:00") < ann.start_at < hanoi("09:10")
    assert ann.end_at == hanoi("17:00")
    assert ann.distance_metres == pytest.approx(3 * bob.distance_metres, abs=3)


def test_what_was_taken_off_the_plan_is_back_where_it_was_done(
    monday: Session, settings: Settings
) -> None:
    change(monday, settings, "j1", None)
    assert list(starts(monday)["ann"]) == ["a2"]
    assert take(monday, "completed", "09:40").job_status == JobStatus.COMPLETED
    assert starts(monday)["ann"]["j1"] == "09:10"


def test_who_had_only_that_job_has_a_route_again(monday: Session) -> None:
    put_in_force(monday, {"bob": [("j1", "10:30"), ("b1", "13:00")]})
    take(monday, "en_route", "08:50")
    assert starts(monday) == {"ann": {"j1": "09:00"}, "bob": {"b1": "13:00"}}
    assert list(day_of(monday, "ann")) == ["j1"]


def test_who_has_nothing_left_has_no_route(monday: Session) -> None:
    put_in_force(monday, {"ann": [("a2", "12:00")], "bob": [("j1", "10:30")]})
    take(monday, "on_site", "09:05")
    assert set(starts(monday)) == {"ann"}
    assert day_of(monday, "bob") == {}


def test_a_visit_lies_between_what_was_done_before_and_after_it(monday: Session) -> None:
    add_job(monday, "a0", at=2)
    put_in_force(monday, {"ann": [("a2", "08:30"), ("a0", "10:00")], "bob": [("j1", "10:30")]})
    take(monday, "on_site", "08:40", "a2")
    take(monday, "on_site", "09:50", "a0")
    take(monday, "on_site", "09:05")
    assert list(starts(monday)["ann"]) == ["a2", "j1", "a0"]


# Two who have begun


def test_who_arrived_first_does_it(reassigned: Session) -> None:
    take(reassigned, "en_route", "08:30", technician="bob")
    take(reassigned, "en_route", "08:50")
    assert "j1" in starts(reassigned)["bob"]
    take(reassigned, "on_site", "09:05")
    assert "j1" in starts(reassigned)["ann"]
    take(reassigned, "on_site", "09:20", technician="bob")
    assert "j1" in starts(reassigned)["ann"]
    job = the_job(reassigned)
    assert (job.en_route_at, job.arrived_at) == (hanoi("08:50"), hanoi("09:05"))
    assert len(reassigned.exec(select(Report)).all()) == 4


def test_who_ended_it_first_has_done_it(reassigned: Session) -> None:
    take(reassigned, "completed", "09:40")
    take(reassigned, "on_site", "08:40", technician="bob")
    assert "j1" in starts(reassigned)["ann"]
    take(reassigned, "completed", "09:30", technician="bob")
    assert "j1" in starts(reassigned)["bob"]
    job = the_job(reassigned)
    assert (job.arrived_at, job.departed_at) == (hanoi("08:40"), hanoi("09:30"))
    assert (van(reassigned, "ann"), van(reassigned, "bob")) == (5, 3)


# Off, or elsewhere


def test_what_was_cancelled_counts_once_it_is_over(monday: Session) -> None:
    cancel_job(monday, "j1", actor="dana")
    monday.commit()
    assert take(monday, "on_site", "09:05").job_status == JobStatus.CANCELLED
    assert list(starts(monday)["ann"]) == ["a2"]
    assert take(monday, "completed", "09:40").job_status == JobStatus.COMPLETED
    assert starts(monday)["ann"] == {"j1": "09:05", "a2": "12:00"}
    assert van(monday, "ann") == 3


def test_what_was_put_on_hold_counts_once_it_is_over(monday: Session, settings: Settings) -> None:
    hold = JobChange(hold_reason="awaiting parts")
    change_job(monday, "j1", hold, actor="dana", settings=settings)
    monday.commit()
    assert take(monday, "en_route", "08:50").job_status == JobStatus.ON_HOLD
    assert take(monday, "cannot_complete", "09:40").job_status == JobStatus.CANNOT_COMPLETE
    assert list(starts(monday)["ann"]) == ["j1", "a2"]


def test_what_was_put_off_until_tomorrow_is_done_today(monday: Session) -> None:
    put_in_force(monday, {"ann": [("j1", "09:00")]}, TUESDAY)
    take(monday, "on_site", "09:05")
    assert starts(monday) == {"ann": {"j1": "09:05"}}
    assert live_routes(monday, TUESDAY, TUESDAY) == []


def test_what_is_done_tomorrow_as_planned_stays_there(monday: Session) -> None:
    put_in_force(monday, {"ann": [("j1", "09:00")]}, TUESDAY)
    at = hanoi("09:30", TUESDAY)
    tomorrow = new_report("cannot_complete", "09:30").model_copy(update={"at": at})
    take_report(monday, "ann", tomorrow, Settings(), actor="ann", at=at)
    assert logged(monday, "take_over") == []


def test_a_visit_stays_on_its_day_though_the_shift_is_another_by_now(monday: Session) -> None:
    versions.retire(monday, monday.exec(select(Route.id).where(col(Route.live))).all())
    add_live_route(monday, "ann", [("j1", "09:10")], starts="07:30", version=2)
    monday.commit()
    take(monday, "on_site", "09:02")
    assert logged(monday, "take_over") == []
    assert starts(monday) == {"ann": {"j1": "09:10"}}


def test_a_draft_has_told_nobody_anything(monday: Session, settings: Settings) -> None:
    draft(monday, settings, {"ann": ["a2"], "bob": ["j1", "b1"]})
    with pytest.raises(Conflict) as error:
        take(monday, "en_route", "08:50", technician="bob")
    monday.rollback()
    assert [fault.code for fault in error.value.faults] == ["not_on_your_route"]
    assert list(starts(monday)["ann"]) == ["j1", "a2"]


# What hangs on it


def test_parts_come_out_of_the_van_of_who_did_it_once(reassigned: Session) -> None:
    take(reassigned, "completed", "09:40")
    take(reassigned, "on_site", "09:05")
    assert (van(reassigned, "ann"), van(reassigned, "bob")) == (3, 5)


def test_what_the_others_late_end_took_is_given_back(reassigned: Session) -> None:
    used = [{"part_id": "fuse", "quantity": 1}]
    take(reassigned, "completed", "11:00", technician="bob", parts_used=used)
    assert (van(reassigned, "ann"), van(reassigned, "bob")) == (5, 4)
    take(reassigned, "completed", "09:40")
    assert (van(reassigned, "ann"), van(reassigned, "bob")) == (3, 5)


def test_a_pin_to_the_other_ends(monday: Session, settings: Settings) -> None:
    change(monday, settings, "j1", "bob", "10:30", hold=True)
    assert the_job(monday).pinned_technician_id == "bob"
    take(monday, "on_site", "09:05")
    job = the_job(monday)
    assert (job.pinned_technician_id, job.pinned_start_at) == (None, None)


def test_an_override_for_the_other_ends(monday: Session, settings: Settings) -> None:
    monday.add(JobTechnician(job_id="j1", technician_id="bob", wish=Wish.FORBIDDEN))
    monday.commit()
    change(monday, settings, "j1", "bob", "10:30", reason="Khách chờ")
    assert monday.exec(select(Waiver)).all()
    take(monday, "on_site", "09:05")
    assert monday.exec(select(Waiver)).all() == []
    assert logged(monday, "end_override")


def test_the_change_that_gave_it_away_cannot_be_undone_any_more(
    monday: Session, settings: Settings
) -> None:
    made = change(monday, settings, "j1", "bob", "10:30")
    take(monday, "on_site", "09:05")
    assert "changed_since" in refused_undo(monday, settings, made)


def test_the_day_is_planned_again_after_it(reassigned: Session, settings: Settings) -> None:
    with time_machine.travel(TEN, tick=False):
        for kind, clock in DONE:
            take(reassigned, kind, clock, received="10:00")
        every_ten = settings.model_copy(update={"replan_every_minutes": 10})
        run = replan_if_worth_it(reassigned, every_ten, TEN)
        assert run is not None
        assert run.trigger == "taken over"
        reassigned.rollback()
        done = executed(reassigned, settings, publish=True)
    assert (done.failure, done.plan_status) == (None, PlanStatus.PUBLISHED)
    live = live_day_of(load_snapshot(reassigned, Scope(MONDAY, MONDAY), TEN), settings)
    assert check(live.problem, live.kept) == ()
    found = starts(reassigned)
    assert found["ann"]["j1"] == "09:00"
    assert sorted(name for visits in found.values() for name in visits) == ["a2", "b1", "j1"]


def test_a_draft_that_was_made_before_does_not_undo_it(
    reassigned: Session, settings: Settings
) -> None:
    late = draft(reassigned, settings, {"ann": ["a2"], "bob": ["j1", "b1"]})
    take(reassigned, "on_site", "09:05", received="09:10")
    at = hanoi("09:10")
    publish_up_to_date(reassigned, late, actor="dana", settings=settings, at=at)
    reassigned.commit()
    assert starts(reassigned)["ann"]["j1"] == "09:05"
    assert "j1" not in starts(reassigned)["bob"]


def test_what_follows_without_a_gap_is_late(monday: Session, settings: Settings) -> None:
    put_in_force(monday, {"ann": [("a2", "09:10")], "bob": [("j1", "10:30")]})
    for kind, clock in reversed(DONE):
        take(monday, kind, clock)
    assert starts(monday)["ann"] == {"j1": "09:10", "a2": "09:10"}
    assert list(starts(monday)["ann"]) == ["j1", "a2"]
    at = hanoi("09:45")
    expected = day_of(monday, "ann", at)["a2"]
    assert expected.expected_start_at >= at
    snapshot = load_snapshot(monday, Scope(MONDAY, MONDAY), at, timedelta(minutes=30))
    translation = to_problem(snapshot, settings)
    (history,) = (h for h in translation.histories if h.route.technician_id == "ann")
    assert [stop.job_id for stop in history.stops] == ["j1", "a2"]
    assert history.ends_at == expected.expected_departure_at
