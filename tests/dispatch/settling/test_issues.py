"""What has to be decided is listed once, and ends by itself."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch import log
from dispatch.jobs.jobs import cancel_job
from dispatch.models import (
    AlertFormat,
    AlertSource,
    DeadLetter,
    DeadLetterState,
    Job,
    JobStatus,
    Placement,
    PlacementStatus,
    Plan,
    PlanUnassigned,
    Priority,
    Route,
    Run,
    RunStatus,
    Site,
    Stop,
    Technician,
)
from dispatch.planning.broken import broken_on
from dispatch.planning.conflicts import Conflicts, broken_visits
from dispatch.planning.snapshot import Snapshot
from dispatch.planning.unable import BrokenVisit, Why
from dispatch.settings import Settings
from dispatch.settling.issues import Issue, IssueKind
from dispatch.settling.listing import list_issues
from dispatch.store import reading
from dispatch.views.board import read_board
from solver.faults import Fault
from solver.problem import InvalidProblem
from tests.dispatch.crew import MONDAY, TUESDAY, add_job, add_live_route, add_technician, hanoi
from tests.dispatch.waiting import until

EIGHT = hanoi("08:00")


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    add_technician(session, "bob", at=6)
    add_job(session, "b1", at=7)
    add_job(session, "b2", at=8)
    add_live_route(session, "bob", [("b1", "10:00"), ("b2", "14:00")])
    session.commit()
    return session


def issues(session: Session, settings: Settings) -> list[Issue]:
    session.flush()
    return list_issues(session, settings, EIGHT, broken_visits(session, settings, EIGHT))


def kinds(session: Session, settings: Settings) -> list[str]:
    return [issue.id for issue in issues(session, settings)]


def without_place(session: Session, job_id: str, **columns: object) -> None:
    details = {
        "trigger": "alert",
        "asked_by": "sensor",
        "status": PlacementStatus.NO_PLACE,
        "settled_at": EIGHT,
        "cause": "nobody can",
    }
    session.add(Placement(job_id=job_id, **(details | columns)))
    session.flush()


def test_there_is_nothing_to_decide_where_all_is_well(monday: Session, settings: Settings) -> None:
    assert issues(monday, settings) == []


def test_a_job_without_a_place_is_one_until_it_has_one_or_needs_none(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "fire", at=2, priority=Priority.EMERGENCY)
    without_place(monday, "fire")
    without_place(monday, "fire")
    (issue,) = issues(monday, settings)
    assert (issue.id, issue.kind, issue.job_ids) == ("no_place:fire", IssueKind.NO_PLACE, ["fire"])
    assert (issue.cause.code, issue.cause.values["message"]) == ("no_place", "nobody can")
    assert issue.since == EIGHT
    without_place(monday, "fire", status=PlacementStatus.WAITING)
    assert issues(monday, settings) == []
    without_place(monday, "fire")
    assert kinds(monday, settings) == ["no_place:fire"]
    cancel_job(monday, "fire", actor="dana")
    assert issues(monday, settings) == []


def test_a_job_that_cannot_wait_and_has_lost_its_place_is_one_until_it_is_looked_for(
    monday: Session, settings: Settings
) -> None:
    for name in ("b1", "b2"):
        monday.get_one(Job, name).priority = Priority.URGENT
    for stop in monday.exec(select(Stop)):
        stop.live = False
    monday.exec(select(Route)).one().live = False
    assert issues(monday, settings) == []
    for name in ("b1", "b2"):
        monday.get_one(Job, name).status = JobStatus.OPEN
    without_place(monday, "b2")
    codes = {issue.id: issue.cause.code for issue in issues(monday, settings)}
    assert codes == {"no_place:b1": "lost_place", "no_place:b2": "no_place"}
    without_place(monday, "b1", status=PlacementStatus.WAITING)
    assert kinds(monday, settings) == ["no_place:b2"]
    monday.get_one(Job, "b1").priority = Priority.NORMAL
    without_place(monday, "b1", status=PlacementStatus.PLACED)
    assert kinds(monday, settings) == ["no_place:b2"]
    monday.get_one(Job, "b1").told_at = EIGHT
    assert kinds(monday, settings) == ["no_place:b2", "no_place:b1"]


def test_a_day_whose_rows_contradict_each_other_hides_no_other_day(
    monday: Session,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    add_job(monday, "b3", at=8)
    add_live_route(monday, "bob", [("b3", "10:00")], day=TUESDAY)
    monday.get_one(Technician, "bob").active = False
    monday.flush()

    def contradictory(snapshot: Snapshot, *args: Any, **options: Any) -> dict[str, BrokenVisit]:
        if snapshot.scope.starts_on == MONDAY:
            raise InvalidProblem([Fault("wrong", "shift bob", "it ends before it begins", "see")])
        return broken_on(snapshot, *args, **options)

    monkeypatch.setattr("dispatch.planning.looks.broken_on", contradictory)
    assert broken_visits(monday, settings, EIGHT).keys() == {"b3"}
    assert "2027-03-01" in caplog.text
    assert "it ends before it begins" in caplog.text


def test_a_job_that_was_taken_off_says_why(monday: Session, settings: Settings) -> None:
    add_job(monday, "off", at=2)
    without_place(monday, "off", trigger="conflict")
    plan_id = monday.exec(select(Plan.id)).one() or 0
    reason = {"code": Why.SKILL.value, "rule": None, "message": "no gas"}
    monday.add(PlanUnassigned(plan_id=plan_id, job_id="off", reasons=[reason]))
    (issue,) = issues(monday, settings)
    assert issue.cause.code == "lacks_skill"


def test_a_visit_at_a_place_that_is_known_no_more_is_one_also_on_a_route_under_way(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Job, "b1").status = JobStatus.ON_SITE
    site = monday.get_one(Site, monday.get_one(Job, "b2").site_id)
    site.latitude = site.longitude = None
    (issue,) = issues(monday, settings)
    assert (issue.id, issue.cause.code) == ("conflict:b2", "needs_location")


def test_a_visit_of_somebody_who_is_not_there_is_one_also_if_it_has_begun(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Job, "b1").status = JobStatus.ON_SITE
    monday.get_one(Technician, "bob").active = False
    found = {issue.id: issue for issue in issues(monday, settings)}
    assert found.keys() == {"conflict:b1", "conflict:b2"}
    issue = found["conflict:b1"]
    assert (issue.technician_id, issue.day, issue.cause.code) == ("bob", MONDAY, "technician_gone")
    assert [found[name].cause.values["has_begun"] for name in sorted(found)] == [True, False]
    monday.get_one(Job, "b1").status = JobStatus.COMPLETED
    assert kinds(monday, settings) == ["conflict:b2"]
    monday.get_one(Technician, "bob").active = True
    assert issues(monday, settings) == []


def test_the_board_marks_the_visits(monday: Session, settings: Settings) -> None:
    monday.get_one(Technician, "bob").active = False
    monday.flush()
    broken = broken_visits(monday, settings, EIGHT)
    board = read_board(monday, MONDAY, 1, settings, at=EIGHT, broken=broken)
    (route,) = board.routes
    codes = [stop.conflict.code for stop in route.stops if stop.conflict is not None]
    assert codes == ["technician_gone", "technician_gone"]


def test_what_was_found_is_kept_until_something_changes(
    monday: Session, engine: Engine, settings: Settings
) -> None:
    conflicts = Conflicts(reading(engine), settings)

    def found(at: datetime) -> set[str]:
        with Session(reading(engine)) as session:
            return {*conflicts.at(session, at)}

    assert found(EIGHT) == set()
    monday.get_one(Technician, "bob").active = False
    monday.commit()
    assert found(EIGHT) == set()
    cancel_job(monday, "b2", actor="dana")
    monday.commit()
    assert found(EIGHT) == set(), "a job has changed, and nobody is said to have left"
    log.record(monday, "dana", "change", log.Entity.TECHNICIAN, "bob")
    monday.commit()
    assert found(EIGHT) == {"b1"}
    assert found(EIGHT + timedelta(days=1)) == set()


class Looks:
    """Counts how often everything in force is looked at, and can be held up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number, self.goes_on, self.has_begun = 0, threading.Event(), threading.Event()
        self.goes_on.set()
        monkeypatch.setattr("dispatch.planning.looks.broken_on", self._look)

    def _look(self, *args: Any, **options: Any) -> dict[str, BrokenVisit]:
        self.number += 1
        found = broken_on(*args, **options)
        self.has_begun.set()
        assert self.goes_on.wait(30)
        return found


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch)


def test_signing_in_has_nothing_looked_at_again(
    monday: Session, engine: Engine, settings: Settings, looks: Looks
) -> None:
    conflicts = Conflicts(reading(engine), settings)

    def look() -> int:
        with Session(reading(engine)) as session:
            conflicts.at(session, EIGHT)
        return looks.number

    look()
    for number in range(600):
        log.record(monday, "dana", "sign_in", log.Entity.ACCOUNT, str(number))
    monday.commit()
    assert look() == 1
    log.record(monday, "dana", "change", log.Entity.TECHNICIAN, "bob")
    monday.commit()
    assert look() == 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_however_much_is_logged_meanwhile_nothing_is_missed(
    monday: Session, engine: Engine, settings: Settings, looks: Looks
) -> None:
    conflicts = Conflicts(reading(engine), settings)

    def look() -> int:
        with Session(reading(engine)) as session:
            conflicts.at(session, EIGHT)
        return looks.number

    look()
    log.record(monday, "dana", "change", log.Entity.TECHNICIAN, "bob")
    monday.flush()
    with Session(engine) as other:
        many = [(str(number), None, None) for number in range(600)]
        log.record_many(other, "dana", "sign_in", log.Entity.ACCOUNT, many)
        other.commit()
    assert look() == 1
    monday.commit()
    assert look() == 2


def test_who_asks_meanwhile_waits_for_one_look_without_a_connection(
    monday: Session, engine: Engine, settings: Settings, looks: Looks
) -> None:
    conflicts, pool = Conflicts(reading(engine), settings), reading(engine)
    asking, asked = threading.Semaphore(0), []

    def ask() -> None:
        with Session(pool) as session:
            session.exec(select(Job.id)).all()
            asked.append(session)
            asking.release()
            assert conflicts.at(session, EIGHT) == {}

    looks.goes_on.clear()
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(ask)
        assert looks.has_begun.wait(30)
        log.record(monday, "dana", "change", log.Entity.TECHNICIAN, "bob")
        monday.commit()
        others = [threads.submit(ask) for _ in range(3)]
        for _ in range(4):
            assert asking.acquire(timeout=30)
        until(lambda: sum(one.in_transaction() for one in asked) == 1)
        looks.goes_on.set()
        for one in (first, *others):
            one.result(timeout=30)
    assert looks.number == 2


def test_what_nobody_understood_is_one_for_each_source(monday: Session, settings: Settings) -> None:
    monday.add(AlertSource(id="plc", name="Machines", format=AlertFormat.THINGSBOARD))
    monday.flush()
    for number in range(3):
        monday.add(
            DeadLetter(
                source_id="plc",
                digest=str(number),
                content_type="text/plain",
                headers={},
                body=b"?",
                faults=[],
                received_at=EIGHT + timedelta(minutes=number),
                last_seen_at=EIGHT + timedelta(minutes=number),
            )
        )
    (issue,) = issues(monday, settings)
    assert (issue.id, issue.since) == ("dead_letter:plc", EIGHT)
    assert (issue.cause.values["count"], issue.cause.values["source"]) == (3, "Machines")
    for letter in monday.exec(select(DeadLetter)):
        letter.state = DeadLetterState.DISCARDED
    assert issues(monday, settings) == []


def run(session: Session, name: str, status: RunStatus, minute: int, **columns: object) -> None:
    details = {"starts_on": MONDAY, "ends_on": MONDAY, "trigger": "nightly", "seconds": 1}
    at = EIGHT + timedelta(minutes=minute)
    details |= {"requested_by": "dana", "created_at": at, "finished_at": at}
    session.add(Run(id=name, status=status, **(details | columns)))
    session.flush()


def test_a_run_that_failed_is_one_until_another_has_planned_its_days(
    monday: Session, settings: Settings
) -> None:
    run(monday, "first", RunStatus.FAILED, 0, failure="it broke")
    run(monday, "second", RunStatus.FAILED, 1, failure="again")
    (issue,) = issues(monday, settings)
    assert (issue.id, issue.day) == ("failed_run:second", MONDAY)
    assert issue.cause.values["message"] == "again"
    run(monday, "elsewhere", RunStatus.FINISHED, 2, territory="west")
    run(monday, "tomorrow", RunStatus.FINISHED, 2, starts_on=TUESDAY, ends_on=TUESDAY)
    assert kinds(monday, settings) == ["failed_run:second"]
    run(monday, "both", RunStatus.FINISHED, 3, ends_on=TUESDAY)
    assert issues(monday, settings) == []


def test_a_run_of_days_that_are_over_is_none(monday: Session, settings: Settings) -> None:
    sunday = MONDAY - timedelta(days=1)
    run(monday, "late", RunStatus.FAILED, 0, starts_on=sunday, ends_on=sunday)
    assert issues(monday, settings) == []


def test_what_matters_most_comes_first(monday: Session, settings: Settings) -> None:
    run(monday, "first", RunStatus.FAILED, 0)
    for name, priority in (("low", Priority.LOW), ("fire", Priority.EMERGENCY)):
        add_job(monday, name, at=2, priority=priority)
        without_place(monday, name)
    assert kinds(monday, settings) == ["no_place:fire", "no_place:low", "failed_run:first"]
