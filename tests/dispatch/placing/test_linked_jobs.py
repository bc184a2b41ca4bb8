"""Crews, order and keeping apart in the plan in force, on both databases."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch import log
from dispatch.errors import Conflict
from dispatch.intake import JobChange
from dispatch.jobs import crews, jobs
from dispatch.jobs.crews import JobRequest
from dispatch.jobs.links import LINKS, JobLinkContent
from dispatch.models import Job, JobStatus, LinkKind, PlacementStatus, Route, Stop, Technician, Wish
from dispatch.placing.following import Follower
from dispatch.placing.placing import PlacedJob, PlaceRequest, place_job, place_options
from dispatch.planning.conflicts import Conflicts, broken_visits
from dispatch.planning.live_days import LiveDays
from dispatch.planning.loading import live_day_of
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.unable import Why
from dispatch.settings import Settings
from dispatch.settling.listing import list_issues
from dispatch.store import reading
from solver.problem import TimeWindow
from tests.dispatch.changing import change, undo
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_job,
    add_link,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.follow_up import EIGHT, everything_holds, follow


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann at nine and Bob at nine, both near; Cat has nothing to do. ``a`` and ``b`` are theirs."""
    for name, at in (("ann", 0), ("bob", 0), ("cat", 0)):
        add_technician(session, name, at=at)
    for name in ("a", "b", "c"):
        add_job(session, name, at=1)
    add_live_route(session, "ann", [("a", "09:00")])
    add_live_route(session, "bob", [("b", "09:00")])
    session.commit()
    return session


def place(
    session: Session, settings: Settings, job: str, technician: str | None = None
) -> PlacedJob:
    request = PlaceRequest(technician_id=technician, day=MONDAY)
    found = place_job(session, job, request, settings, actor="dana", at=EIGHT)
    session.commit()
    return found


def starts(session: Session, *names: str) -> list[datetime]:
    session.expire_all()
    rows = session.exec(select(Stop).where(col(Stop.live), col(Stop.job_id).in_(names)))
    found = {row.job_id: row.start_at for row in rows}
    return [found[name] for name in names]


def whys(session: Session, settings: Settings) -> dict[str, Why]:
    session.commit()
    return {name: one.cause.why for name, one in broken_visits(session, settings, EIGHT).items()}


def refusals(error: pytest.ExceptionInfo[Conflict]) -> set[str]:
    return {fault.code for fault in error.value.faults}


# Placing one job


def test_the_last_of_a_crew_goes_where_the_others_are_at_the_same_moment(
    monday: Session, settings: Settings
) -> None:
    add_link(monday, "1", "together", "a", "b", "c")
    found = place(monday, settings, "c")
    assert (found.option.technician_id, found.option.start_at) == ("cat", hanoi("09:00"))
    assert everything_holds(monday, settings)


def test_nobody_is_two_of_a_crew(monday: Session, settings: Settings) -> None:
    add_link(monday, "1", "together", "a", "b", "c")
    found = place_options(monday, "c", settings, day=MONDAY, at=EIGHT)
    assert {one.technician_id for one in found} == {"cat"}
    with pytest.raises(Conflict) as error:
        place(monday, settings, "c", "ann")
    assert refusals(error) == {"no_place"}


@pytest.mark.parametrize(
    "what",
    [
        {"wishes": {"ann": Wish.ALLOWED}},
        {"wishes": {"cat": Wish.FORBIDDEN}},
        {"windows": [(hanoi("13:00"), hanoi("15:00"))]},
    ],
)
def test_one_of_a_crew_that_nobody_is_left_for_has_no_place_and_stops_nobody(
    monday: Session, settings: Settings, what: dict[str, Any]
) -> None:
    add_job(monday, "d", at=1, **what)
    add_link(monday, "1", "together", "a", "b", "d")
    monday.commit()
    assert place_options(monday, "d", settings, day=MONDAY, at=EIGHT) == []
    assert place(monday, settings, "c").option.technician_id in ("ann", "bob", "cat")


def test_a_crew_is_not_put_where_one_of_it_is_not_allowed(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "d", at=1, wishes={"ann": Wish.ALLOWED})
    add_link(monday, "1", "together", "c", "d")
    monday.commit()
    with pytest.raises(Conflict) as error:
        place(monday, settings, "d", "bob")
    assert refusals(error) == {"waits_for_partner"}
    assert place(monday, settings, "d", "ann").option.technician_id == "ann"


def test_a_crew_none_of_which_has_a_place_is_placed_as_one(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "d", at=1)
    add_link(monday, "1", "together", "c", "d")
    [shown] = place_options(monday, "c", settings, day=MONDAY, at=EIGHT)
    found = place(monday, settings, "c", shown.technician_id)
    assert found.option.start_at == shown.start_at
    assert starts(monday, "c", "d") == [shown.start_at] * 2
    assert everything_holds(monday, settings)


def test_a_crew_that_is_too_large_waits_and_says_so(monday: Session, settings: Settings) -> None:
    for name in ("d", "e", "f"):
        add_job(monday, name, at=1)
    add_link(monday, "1", "together", "c", "d", "e", "f")
    with pytest.raises(Conflict) as error:
        place(monday, settings, "c")
    assert refusals(error) == {"waits_for_partner"}


def test_an_urgent_crew_gets_its_places_at_once(monday: Session, settings: Settings) -> None:
    request = JobRequest.model_validate(
        {
            "id": "N",
            "site_id": "site-a",
            "title": "Burst pipe",
            "duration_minutes": 45,
            "priority": "emergency",
            "crew": [{}, {}],
        }
    )
    crews.request_job(monday, request, actor="lan", settings=settings)
    found = follow(monday, settings)
    assert {one.status for one in found.values()} == {PlacementStatus.PLACED}
    assert len({*starts(monday, "N", "N.2", "N.3")}) == 1
    assert everything_holds(monday, settings)


def test_crews_that_wait_at_once_stay_together_whatever_comes_to_their_routes(
    monday: Session, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A second crew and, last, a job that has to come before the first one with one of them."""
    crew = {"site_id": "site-a", "title": "Lift", "duration_minutes": 30, "priority": "urgent"}
    for name, hour in (("M", 10), ("N", 13)):
        window = {"starts_at": hanoi(f"{hour}:00"), "ends_at": hanoi(f"{hour + 2}:00")}
        wanted = {**crew, "id": name, "windows": [window], "crew": [{}]}
        request = JobRequest.model_validate(wanted)
        crews.request_job(monday, request, actor="lan", settings=settings)
    for name in ("ann", "bob", "cat"):
        window = {"starts_at": hanoi("09:00"), "ends_at": hanoi("10:00")}
        alone = {**crew, "id": f"for-{name}", "allowed": [name], "windows": [window]}
        request = JobRequest.model_validate({**alone, "duration_minutes": 60})
        crews.request_job(monday, request, actor="lan", settings=settings)
    found = follow(monday, settings)
    assert {one.status for one in found.values()} == {PlacementStatus.PLACED}
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    for name in ("M", "N"):
        assert len({*starts(monday, name, f"{name}.2")}) == 1
    assert everything_holds(monday, settings)


def test_the_stretches_of_an_urgent_job_get_their_places_one_after_the_other(
    monday: Session, settings: Settings
) -> None:
    """Twelve hours: one stretch today, and the other two tomorrow, by the same technician."""
    request = JobRequest.model_validate(
        {
            "id": "N",
            "site_id": "site-a",
            "title": "Overhaul",
            "duration_minutes": 720,
            "longest_stretch_minutes": 240,
            "priority": "urgent",
        }
    )
    crews.request_job(monday, request, actor="lan", settings=settings)
    found = follow(monday, settings)
    assert {one.status for one in found.values()} == {PlacementStatus.PLACED}
    rows = monday.exec(select(Stop, Route).join(Route).where(col(Stop.live), col(Route.live))).all()
    there = {stop.job_id: (stop, route) for stop, route in rows}
    chain = [there[name] for name in ("N-1", "N-2", "N")]
    assert len({route.technician_id for _, route in chain}) == 1
    for (before, _), (after, _) in pairwise(chain):
        assert before.departure_at <= after.start_at
    assert everything_holds(monday, settings)


def test_what_comes_after_is_placed_after_and_never_before_the_first_has_a_place(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "d", at=1)
    add_link(monday, "1", "after", "a", "c", least_minutes=120, person="different")
    add_link(monday, "2", "after", "c", "d", least_minutes=30)
    monday.commit()
    with pytest.raises(Conflict) as error:
        place(monday, settings, "d")
    assert refusals(error) == {"waits_for_partner"}
    monday.rollback()
    found = place(monday, settings, "c")
    assert found.option.start_at == hanoi("11:30")
    assert found.option.technician_id != "ann"
    assert place(monday, settings, "d").option.start_at >= hanoi("12:30")


def test_the_same_technician_comes_again(monday: Session, settings: Settings) -> None:
    add_link(monday, "1", "after", "b", "c", least_minutes=60, person="same")
    found = place(monday, settings, "c")
    assert (found.option.technician_id, found.option.start_at) == ("bob", hanoi("10:30"))


def test_jobs_to_be_kept_apart_get_two_technicians(monday: Session, settings: Settings) -> None:
    add_link(monday, "1", "apart", "a", "b", "c")
    assert place(monday, settings, "c").option.technician_id == "cat"


def test_one_more_job_on_a_route_moves_nobody_of_a_crew(
    monday: Session, settings: Settings
) -> None:
    add_link(monday, "1", "together", "a", "b")
    before = starts(monday, "a", "b")
    for name in ("c", "d", "e"):
        if name != "c":
            add_job(monday, name, at=1)
        monday.commit()
        place(monday, settings, name, "ann")
    assert starts(monday, "a", "b") == before
    assert everything_holds(monday, settings)


def test_two_jobs_that_come_after_each_other_move_only_as_far_as_both_may(
    monday: Session, settings: Settings
) -> None:
    """Between them are an hour and a half more than need be, and half an hour less than may be."""
    add_job(monday, "later", at=1)
    add_live_route(monday, "cat", [("later", "12:00")])
    add_link(monday, "1", "after", "a", "later", least_minutes=60, most_minutes=180)
    live = live_day_of(load_snapshot(monday, Scope(MONDAY, MONDAY), EIGHT), settings)
    spans = {name: tuple(hours(live.draft.visit(name).windows[0])) for name in ("a", "later", "b")}
    assert spans == {"a": (8.75, 9.75), "later": (11.25, 12.25), "b": (8, 24)}


def hours(window: TimeWindow) -> Iterator[float]:
    yield from (window.start / 3600, window.end / 3600)


# What is in force and does not hold


def test_of_a_crew_that_does_not_start_together_the_others_follow_the_leader(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Job, "b").pinned_technician_id = "bob"
    monday.get_one(Job, "b").pinned_start_at = hanoi("09:00")
    add_live_route(monday, "cat", [("c", "13:00")])
    add_link(monday, "1", "together", "b", "c")
    assert whys(monday, settings) == {"c": Why.NOT_TOGETHER}
    follow(monday, settings)
    assert starts(monday, "b", "c") == [hanoi("09:00")] * 2
    assert everything_holds(monday, settings)


def test_what_comes_too_soon_after_another_is_moved(monday: Session, settings: Settings) -> None:
    add_link(monday, "1", "after", "a", "b", least_minutes=60)
    assert whys(monday, settings) == {"b": Why.NOT_AFTER}
    follow(monday, settings)
    assert starts(monday, "b")[0] >= hanoi("10:30")
    assert everything_holds(monday, settings)


def test_whoever_was_not_to_do_both_does_one(monday: Session, settings: Settings) -> None:
    add_live_route(monday, "cat", [("c", "11:00")])
    add_link(monday, "1", "after", "a", "c", person="same")
    add_link(monday, "2", "apart", "c", "b")
    assert whys(monday, settings) == {"c": Why.OTHER_PERSON}
    follow(monday, settings)
    assert everything_holds(monday, settings)


def test_jobs_of_one_day_that_are_to_be_kept_apart_are_told(
    monday: Session, settings: Settings
) -> None:
    add_link(monday, "1", "apart", "a", "b", by="day")
    assert whys(monday, settings) == {"b": Why.NOT_APART}


def test_a_crew_without_one_of_them_is_an_issue_and_stays(
    monday: Session, settings: Settings
) -> None:
    add_link(monday, "1", "together", "a", "b", "c")
    before = starts(monday, "a", "b")
    assert whys(monday, settings) == {"a": Why.WITHOUT_CREW, "b": Why.WITHOUT_CREW}
    assert follow(monday, settings) == {}
    assert starts(monday, "a", "b") == before
    found = broken_visits(monday, settings, EIGHT)
    shown = list_issues(monday, settings, EIGHT, found)
    said = {(one.cause.code, tuple(one.cause.values["job_ids"])) for one in shown}
    assert said == {("without_crew", ("c",))}


def test_whose_technician_leaves_is_replaced_at_the_time_of_the_crew(
    monday: Session, settings: Settings
) -> None:
    add_link(monday, "1", "together", "a", "b")
    monday.get_one(Technician, "ann").active = False
    follow(monday, settings)
    assert starts(monday, "a", "b") == [hanoi("09:00")] * 2
    assert everything_holds(monday, settings)


def test_if_nobody_can_stand_in_the_crew_is_an_issue_until_somebody_decides(
    monday: Session, settings: Settings
) -> None:
    add_link(monday, "1", "together", "a", "b")
    for name in ("ann", "cat"):
        monday.get_one(Technician, name).active = False
    found = follow(monday, settings)
    assert found["a"].status == PlacementStatus.NO_PLACE
    assert whys(monday, settings) == {"b": Why.WITHOUT_CREW}


def test_a_job_that_is_cancelled_leaves_its_partners_in_peace(
    monday: Session, settings: Settings
) -> None:
    add_link(monday, "1", "together", "a", "b")
    add_link(monday, "2", "after", "a", "b", least_minutes=-30)
    jobs.cancel_job(monday, "a", actor="lan")
    assert whys(monday, settings) == {}


def test_what_comes_after_a_job_that_failed_is_an_issue(
    monday: Session, settings: Settings
) -> None:
    add_live_route(monday, "cat", [("c", "13:00")])
    add_link(monday, "1", "after", "a", "c")
    job = monday.get_one(Job, "a")
    job.status, job.departed_at = JobStatus.CANNOT_COMPLETE, hanoi("07:59")
    assert whys(monday, settings) == {"c": Why.WITHOUT_FIRST}


# Days in memory


def test_a_day_in_memory_knows_of_links_and_of_partners_elsewhere(
    monday: Session, settings: Settings, engine: Engine
) -> None:
    days = LiveDays(reading(engine), settings)
    assert days.at(MONDAY, EIGHT).ways("c")
    said = {"kind": "after", "job_ids": ["a", "c"], "least_minutes": 60, "person": "same"}
    content = JobLinkContent.model_validate(said)
    LINKS.put(monday, "1", content, actor="lan")
    monday.commit()
    [way] = days.at(MONDAY, EIGHT).ways("c")
    assert way.shift.technician == "ann"
    jobs.cancel_job(monday, "a", actor="lan")
    monday.commit()
    assert len(days.at(MONDAY, EIGHT).ways("c")) == 3


def test_a_look_at_a_day_is_taken_anew_when_a_partner_on_another_day_moves(
    monday: Session, settings: Settings, engine: Engine
) -> None:
    add_live_route(monday, "cat", [("c", "09:00")], day=TUESDAY)
    add_link(monday, "1", "after", "a", "c", least_minutes=12 * 60)
    monday.commit()
    conflicts = Conflicts(reading(engine), settings)
    with Session(reading(engine)) as reader:
        assert conflicts.at(reader, EIGHT, [TUESDAY]) == {}
    stop = monday.exec(select(Stop).where(Stop.job_id == "a")).one()
    stop.start_at, stop.departure_at = hanoi("22:00"), hanoi("22:30")
    change_of_title = JobChange(title="Moved")
    jobs.change_job(monday, "a", change_of_title, actor="lan", settings=settings)
    monday.commit()
    with Session(reading(engine)) as reader:
        assert conflicts.at(reader, EIGHT, [TUESDAY]).keys() == {"c"}


# By hand


def test_who_moves_one_of_a_crew_is_told_and_the_other_follows(
    monday: Session, settings: Settings
) -> None:
    add_link(monday, "1", "together", "a", "b")
    monday.commit()
    with pytest.raises(Conflict) as error:
        change(monday, settings, "b", "cat", "14:00")
    assert refusals(error) == {"together"}
    monday.rollback()
    change(monday, settings, "b", "cat", "14:00", hold=True, reason="the customer asked")
    assert starts(monday, "a", "b") == [hanoi("09:00"), hanoi("14:00")]
    follow(monday, settings)
    assert starts(monday, "a", "b") == [hanoi("14:00")] * 2


def test_the_first_of_a_crew_can_be_placed_by_hand_and_the_others_by_themselves(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "d", at=1)
    add_link(monday, "1", "together", "c", "d")
    monday.commit()
    with pytest.raises(Conflict) as error:
        change(monday, settings, "c", "cat", "10:00")
    assert refusals(error) == {"together"}
    monday.rollback()
    change(monday, settings, "c", "cat", "10:00", reason="d follows")
    found = place(monday, settings, "d")
    assert [found.option.start_at] == starts(monday, "c")
    assert everything_holds(monday, settings)


def test_a_change_by_hand_that_keeps_the_links_needs_no_override(
    monday: Session, settings: Settings
) -> None:
    add_link(monday, "1", "after", "a", "b", least_minutes=30)
    change(monday, settings, "b", "bob", "11:00")
    assert everything_holds(monday, settings)


def test_a_change_against_links_can_be_undone(monday: Session, settings: Settings) -> None:
    add_link(monday, "1", "together", "a", "b")
    monday.commit()
    made = change(monday, settings, "b", "cat", "14:00", reason="why not")
    undo(monday, settings, made)
    assert starts(monday, "a", "b") == [hanoi("09:00")] * 2


# What technicians report


def test_a_report_has_the_routes_of_partners_looked_at(
    monday: Session, settings: Settings, engine: Engine
) -> None:
    add_link(monday, "1", "after", "a", "b", least_minutes=180)
    stop = monday.exec(select(Stop).where(Stop.job_id == "b")).one()
    stop.start_at, stop.arrival_at = hanoi("12:30"), hanoi("12:30")
    stop.departure_at = hanoi("13:00")
    monday.commit()
    follower = Follower(engine, settings, Conflicts(reading(engine), settings))
    assert follower.look(EIGHT) == 0
    job = monday.get_one(Job, "a")
    job.status, job.en_route_at, job.arrived_at = JobStatus.ON_SITE, EIGHT, hanoi("09:35")
    log.record(monday, "ann", "on_site", log.Entity.JOB, "a")
    monday.commit()
    assert follower.look(hanoi("09:40")) == 1


def test_who_is_late_is_waited_for(monday: Session, settings: Settings) -> None:
    add_link(monday, "1", "after", "a", "b", least_minutes=180)
    stop = monday.exec(select(Stop).where(Stop.job_id == "b")).one()
    stop.start_at, stop.arrival_at = hanoi("12:30"), hanoi("12:30")
    stop.departure_at = hanoi("13:00")
    monday.commit()
    assert everything_holds(monday, settings, hanoi("09:40"))
    job = monday.get_one(Job, "a")
    job.status, job.en_route_at, job.arrived_at = JobStatus.ON_SITE, EIGHT, hanoi("09:35")
    log.record(monday, "ann", "on_site", log.Entity.JOB, "a")
    monday.commit()
    at = hanoi("09:40")
    assert broken_visits(monday, settings, at)["b"].cause.why is Why.NOT_AFTER
    with time_machine.travel(at, tick=False):
        follow(monday, settings, at)
    assert starts(monday, "b") == [hanoi("09:35") + timedelta(minutes=30 + 180)]


def test_a_new_link_has_the_routes_of_its_jobs_looked_at_and_no_others(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    conflicts = Conflicts(reading(engine), settings)
    follower = Follower(engine, settings, conflicts)
    assert follower.look(EIGHT) == 0
    monkeypatch.setattr(conflicts, "at", None)
    content = JobLinkContent(kind=LinkKind.AFTER, job_ids=["a", "b"])
    LINKS.put(monday, "inspection", content, actor="dana")
    monday.commit()
    assert follower.look(EIGHT) == 1
    found = follow(monday, settings)
    assert {name: one.status for name, one in found.items()} == {"b": PlacementStatus.PLACED}
    assert starts(monday, "b") >= starts(monday, "a")
    assert everything_holds(monday, settings)
