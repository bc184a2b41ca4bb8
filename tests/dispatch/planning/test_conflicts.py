"""What does not hold any more is looked for on days that a change concerns, and on no others."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch import log
from dispatch.errors import DispatchError
from dispatch.field.reports import NewReport, take_report
from dispatch.jobs.jobs import cancel_job
from dispatch.models import DepotStock, Job, ReportKind, Route, Stop, Technician, VanStock, Waiver
from dispatch.placing.following import Follower
from dispatch.placing.placing import PlaceRequest, place_job
from dispatch.planning.broken import broken_on
from dispatch.planning.conflicts import Conflicts, broken_visits
from dispatch.planning.snapshot import Snapshot
from dispatch.planning.unable import BrokenVisit
from dispatch.settings import Settings
from dispatch.store import reading
from solver.solution import Rule
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_depot,
    add_job,
    add_link,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.planning.test_live_days import (
    STEPS,
    Step,
    cancels,
    changes,
    copied,
    goes,
    links,
    moves,
    reports,
)

pytestmark = pytest.mark.any_database

EIGHT = hanoi("08:00")
BOTH = [MONDAY, TUESDAY]


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def company(session: Session) -> Session:
    """Ann and Bob on two days, on each of which Ann fetches one of the depot's two lamps and uses
    one of the two belts in her van."""
    add_technician(session, "ann", at=0, stock={"belt": 2})
    add_technician(session, "bob", at=20)
    add_depot(session, "depot", at=2, stock={"lamp": 2})
    for name, at in (("a1", 1), ("t1", 3)):
        add_job(session, name, at=at, parts={"lamp": 1, "belt": 1})
    for name, at in (("a2", 4), ("b1", 19), ("b2", 16), ("t2", 18), ("waits", 5)):
        add_job(session, name, at=at)
    lamp = {"lamp": 1}
    add_live_route(
        session, "ann", [depot_call("depot", "08:30", lamp), ("a1", "09:00"), ("a2", "12:00")]
    )
    add_live_route(session, "bob", [("b1", "09:00"), ("b2", "13:00")])
    call = depot_call("depot", "08:30", lamp, TUESDAY)
    add_live_route(session, "ann", [call, ("t1", "09:00")], day=TUESDAY)
    add_live_route(session, "bob", [("t2", "09:00")], day=TUESDAY)
    session.commit()
    return session


class Looked:
    """Asks for what does not hold any more, and says which days were looked at for it."""

    def __init__(self, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.conflicts = Conflicts(reading(engine), settings)
        self._pool, self._days = reading(engine), list[date]()
        self.technicians = list[set[str]]()
        """Whose visits were worked out."""
        monkeypatch.setattr("dispatch.planning.looks.broken_on", self._look)

    def _look(self, snapshot: Snapshot, *args: Any, **options: Any) -> dict[str, BrokenVisit]:
        self._days.append(snapshot.scope.starts_on)
        self.technicians.append({*(snapshot.scope.technician_ids or ())})
        return broken_on(snapshot, *args, **options)

    def at(self, days: list[date] | None = None) -> tuple[set[str], list[date]]:
        self._days.clear()
        self.technicians.clear()
        with Session(self._pool) as session:
            found = {*self.conflicts.at(session, EIGHT, days)}
        return found, sorted(self._days)


@pytest.fixture
def looked(
    company: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Looked:
    """All days have been looked at, and everything holds."""
    found = Looked(engine, settings, monkeypatch)
    assert found.at() == (set(), BOTH)
    assert found.at() == (set(), [])
    return found


def test_only_the_days_that_are_asked_for_are_looked_at(
    company: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Looked(engine, settings, monkeypatch)
    company.get_one(Technician, "bob").active = False
    company.commit()
    assert looked.at([MONDAY]) == ({"b1", "b2"}, [MONDAY])
    assert looked.at([MONDAY, MONDAY - timedelta(days=7)]) == ({"b1", "b2"}, [])
    assert looked.at() == ({"b1", "b2", "t2"}, [TUESDAY])


def test_a_change_on_one_day_has_only_that_one_looked_at_again(
    company: Session, looked: Looked
) -> None:
    cancel_job(company, "a2", actor="dana")
    company.commit()
    assert looked.at([TUESDAY]) == (set(), [])
    assert looked.at() == (set(), [MONDAY])
    cancel_job(company, "t2", actor="dana")
    company.commit()
    assert looked.at() == (set(), [TUESDAY])


def test_a_change_that_is_on_no_day_has_none_looked_at_again(
    company: Session, looked: Looked
) -> None:
    cancel_job(company, "waits", actor="dana")
    company.commit()
    assert looked.at() == (set(), [])


def test_a_new_version_of_a_route_has_only_its_day_looked_at_again(
    company: Session, settings: Settings, looked: Looked
) -> None:
    """Also if somebody calls at the depot on it, at another time than before."""
    place_job(company, "waits", PlaceRequest(day=MONDAY), settings, actor="dana", at=EIGHT)
    company.commit()
    assert looked.at() == (set(), [MONDAY])


def has_less(session: Session) -> None:
    session.get_one(DepotStock, ("depot", "lamp")).quantity = 1
    log.record(session, "dana", "count", log.Entity.DEPOT_STOCK, "depot")


def leaves(session: Session) -> None:
    session.get_one(Technician, "bob").active = False
    log.record(session, "dana", "change", log.Entity.TECHNICIAN, "bob")


@pytest.mark.parametrize(("change", "expected"), [(has_less, {"t1"}), (leaves, {"b1", "b2", "t2"})])
def test_what_concerns_all_days_has_all_looked_at_again(
    company: Session, looked: Looked, change: Callable[[Session], None], expected: set[str]
) -> None:
    change(company)
    company.commit()
    assert looked.at() == (expected, BOTH)


def published(
    session: Session, stops: list[Stop | tuple[str, str]], technician: str = "ann"
) -> None:
    """Another route of Ann's on Monday takes the place of hers, or of somebody else's."""
    old = session.exec(
        select(Route).where(Route.technician_id == technician, Route.day == MONDAY)
    ).one()
    old.live = False
    for stop in session.exec(select(Stop).where(Stop.route_id == old.id)):
        stop.live = False
    session.flush()
    plan = add_live_route(session, technician, stops, version=2)
    log.record(session, "dana", "publish", log.Entity.PLAN, str(plan))
    session.commit()


def test_what_is_fetched_on_one_day_is_missed_on_another(company: Session, looked: Looked) -> None:
    add_job(company, "more", at=5, parts={"lamp": 1})
    lamps = depot_call("depot", "08:30", {"lamp": 2})
    published(company, [lamps, ("a1", "09:00"), ("more", "11:00")])
    assert looked.at([TUESDAY]) == ({"t1"}, [TUESDAY])


def test_what_is_taken_from_the_van_on_one_day_is_missed_on_another(
    company: Session, looked: Looked
) -> None:
    add_job(company, "more", at=5, parts={"belt": 1})
    lamp = depot_call("depot", "08:30", {"lamp": 1})
    published(company, [lamp, ("a1", "09:00"), ("more", "11:00")])
    assert looked.at([TUESDAY]) == ({"t1"}, [TUESDAY])


def test_what_was_used_of_a_van_is_missed_only_if_it_is_more_than_was_planned(
    company: Session, looked: Looked
) -> None:
    """As reports book it: with the job, without an entry for the van."""
    job, van = company.get_one(Job, "a1"), company.get_one(VanStock, ("ann", "belt"))
    job.parts_used, job.status = {"belt": 1, "lamp": 1}, "completed"
    van.quantity -= 1
    company.get_one(DepotStock, ("depot", "lamp")).quantity -= 1
    log.record(company, "ann", "completed", log.Entity.JOB, "a1")
    company.commit()
    assert looked.at([TUESDAY]) == (set(), [])
    van.quantity -= 1
    log.record(company, "ann", "completed", log.Entity.JOB, "a1")
    company.commit()
    assert looked.at([TUESDAY]) == ({"t1"}, [TUESDAY])


def test_what_is_reported_from_a_route_that_should_be_over_is_missed_on_the_next_day(
    company: Session, engine: Engine, settings: Settings
) -> None:
    conflicts, evening = Conflicts(reading(engine), settings), hanoi("17:30")

    def found() -> set[str]:
        with Session(reading(engine)) as session:
            return {*conflicts.at(session, evening)}

    assert found() == set()
    company.get_one(VanStock, ("ann", "belt")).quantity = 0
    log.record(company, "ann", "completed", log.Entity.JOB, "a1")
    company.commit()
    assert found() == {"t1"}


def test_what_somebody_takes_back_hides_nothing(company: Session, looked: Looked) -> None:
    """SQLite gives the entry's id again."""
    log.record(company, "dana", "change", log.Entity.JOB, "waits")
    company.flush()
    assert {*looked.conflicts.at(company, EIGHT)} == set()
    company.rollback()
    leaves(company)
    company.commit()
    assert looked.at()[0] == {"b1", "b2", "t2"}


def test_who_follows_changes_takes_the_look_that_others_have_had(
    company: Session, engine: Engine, settings: Settings, looked: Looked
) -> None:
    follower = Follower(engine, settings, looked.conflicts)
    assert follower.look(EIGHT) == 0
    assert looked.at() == (set(), [])
    leaves(company)
    company.commit()
    assert looked.at()[1] == BOTH
    assert follower.look(EIGHT) == 3
    assert looked.at() == ({"b1", "b2", "t2"}, [])


def overridden(session: Session, job_id: str, technician: str, skill: str) -> None:
    """Somebody has set aside that the technician lacks the skill."""
    waiver = Waiver(
        job_id=job_id,
        technician_id=technician,
        shift_starts_at=hanoi("08:00"),
        rule=Rule.SKILLS,
        subject=skill,
        amount=1,
        reason="nobody else is there",
        actor="dana",
        at=EIGHT,
        plan_id=session.exec(select(Route.plan_id)).first() or 0,
    )
    session.add(waiver)
    session.flush()


def test_what_was_set_aside_for_one_is_no_matter_where_another_changes(
    company: Session, looked: Looked
) -> None:
    add_technician(company, "cam", at=30)
    add_job(company, "c1", at=31, skills={"gas": 1})
    add_live_route(company, "cam", [("c1", "09:00")])
    overridden(company, "c1", "cam", "gas")
    log.record(company, "dana", "change", log.Entity.TECHNICIAN, "cam")
    company.commit()
    assert looked.at([MONDAY]) == (set(), [MONDAY])
    for name, found in (("b1", {"b1"}), ("c1", {"b1", "c1"})):
        company.get_one(Job, name).duration_minutes = 600
        log.record(company, "dana", "change", log.Entity.JOB, name)
        company.commit()
        assert looked.at([MONDAY]) == (found, [MONDAY])


def test_what_one_does_not_fetch_any_more_another_has(company: Session, looked: Looked) -> None:
    company.get_one(DepotStock, ("depot", "lamp")).quantity = 1
    log.record(company, "dana", "change", log.Entity.DEPOT_STOCK, "depot")
    add_job(company, "b3", at=18, parts={"lamp": 1})
    lamp = depot_call("depot", "10:30", {"lamp": 1})
    published(company, [("b1", "08:15"), lamp, ("b3", "12:30"), ("b2", "14:30")], "bob")
    assert looked.at([MONDAY])[0] == {"b3"}
    published(company, [("a2", "12:00")])
    assert looked.at([MONDAY])[0] == set()


def test_who_is_told_of_a_link_may_change_with_the_other_job(
    company: Session, looked: Looked
) -> None:
    add_technician(company, "cam", at=30)
    add_job(company, "c2", at=31)
    add_live_route(company, "cam", [("c2", "09:00")])
    add_link(company, "pair", "together", "b2", "c2")
    log.record(company, "dana", "put", log.Entity.JOB_LINK, "pair", after={"job_ids": ["b2", "c2"]})
    company.commit()
    blamed, _ = looked.at([MONDAY])
    (leads,) = {"b2", "c2"} - blamed
    (follows,) = blamed
    job = company.get_one(Job, follows)
    job.pinned_start_at = hanoi("13:00" if follows == "b2" else "09:00")
    log.record(company, "dana", "change", log.Entity.JOB, follows)
    company.commit()
    assert looked.at([MONDAY]) == ({leads}, [MONDAY])


def test_what_has_changed_on_another_day_is_known_when_somebody_else_changes(
    company: Session, looked: Looked
) -> None:
    """Cam's Tuesday still stands after what was reported on Monday, and what she has used since is
    not counted twice when Bob's Tuesday is looked at again."""
    add_technician(company, "cam", at=30, stock={"belt": 2})
    for name in ("c1", "t3"):
        add_job(company, name, at=31, parts={"belt": 1})
    add_live_route(company, "cam", [("c1", "09:00")])
    add_live_route(company, "cam", [("t3", "09:00")], day=TUESDAY)
    log.record(company, "dana", "change", log.Entity.TECHNICIAN, "cam")
    company.commit()
    assert looked.at() == (set(), BOTH)
    job = company.get_one(Job, "c1")
    job.parts_used, job.status = {"belt": 1}, "completed"
    company.get_one(VanStock, ("cam", "belt")).quantity = 1
    log.record(company, "cam", "completed", log.Entity.JOB, "c1")
    company.commit()
    assert looked.at([TUESDAY]) == (set(), [])
    log.record(company, "dana", "change", log.Entity.JOB, "t2")
    company.commit()
    assert looked.at([TUESDAY]) == (set(), [TUESDAY])


def takes_from_the_depot(session: Session, settings: Settings, at: datetime) -> object:
    session.get_one(DepotStock, ("depot", "lamp")).quantity -= 1
    return log.record(session, "dana", "change", log.Entity.DEPOT, "depot")


def uses(name: str, **parts: int) -> Step:
    """What it is planned to use, or not."""

    def step(session: Session, settings: Settings, at: datetime) -> object:
        used = [{"part_id": part, "quantity": number} for part, number in parts.items()]
        new = {"id": f"uses-{name}", "job_id": name, "kind": ReportKind.COMPLETED, "at": at}
        report = NewReport.model_validate({**new, "parts_used": used})
        return take_report(session, "cam", report, settings, actor="tess", at=at)

    return step


def needs(name: str, part: str, number: int) -> Step:
    return changes(name, parts=[{"part_id": part, "quantity": number}])


MORE_STEPS: list[Step] = [
    *(step for step in STEPS if step is not moves),
    takes_from_the_depot,
    links("after", "c1", "b1", least_minutes=60),
    links("together", "c2", "t2"),
    *(
        changes(name, parts=[{"part_id": "belt", "quantity": n}])
        for name in ("c1", "c2", "t3", "b1")
        for n in (1, 2)
    ),
    *(changes(n, parts=[{"part_id": "lamp", "quantity": 1}]) for n in ("c1", "a2", "t2")),
    *(changes(name, duration_minutes=minutes) for name in ("c1", "t3") for minutes in (300, 60)),
    *(changes(name, title="called anew") for name in ("c1", "a2")),
    *(goes(name, day) for name in ("c1", "c2") for day in (TUESDAY, MONDAY)),
    *(reports(kind, "cam", "c1") for kind in (ReportKind.EN_ROUTE, ReportKind.ON_SITE)),
    *(uses("c1", belt=number) for number in (1, 2)),
    *(cancels(name) for name in ("c1", "t2")),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(MORE_STEPS), st.sampled_from([1, 1, 1, 60])), max_size=8
    )
)
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_what_is_kept_is_what_would_be_found(
    company: Session,
    engine: Engine,
    settings: Settings,
    tmp_path: Path,
    steps: list[tuple[Step, int]],
) -> None:
    with copied(engine, tmp_path) as own:
        with Session(own) as session:
            add_technician(session, "cam", at=30, stock={"belt": 2})
            for name in ("c1", "c2", "t3"):
                add_job(session, name, at=31, parts={"belt": 1} if name != "c2" else {})
            add_live_route(session, "cam", [("c1", "09:00"), ("c2", "13:00")])
            add_live_route(session, "cam", [("t3", "09:00")], day=TUESDAY)
            add_job(session, "c3", at=31, skills={"gas": 1})
            add_technician(session, "dan", at=30)
            add_live_route(session, "dan", [("c3", "09:00")])
            overridden(session, "c3", "dan", "gas")
            session.commit()
        conflicts, at = Conflicts(reading(own), settings), EIGHT
        for step, seconds in [(None, 0), *steps]:
            at += timedelta(seconds=seconds)
            with Session(own) as session:
                try:
                    if step is not None:
                        step(session, settings, at)
                except DispatchError:
                    session.rollback()
                session.commit()
            minute = at.replace(second=0)
            with Session(reading(own)) as session:
                kept = dict(conflicts.at(session, at))
            with Session(reading(own)) as session:
                assert kept == broken_visits(session, settings, minute)


def test_a_change_that_concerns_one_technician_has_only_that_ones_visits_worked_out(
    company: Session, looked: Looked
) -> None:
    company.get_one(Job, "b1").duration_minutes = 600
    log.record(company, "dana", "change", log.Entity.JOB, "b1")
    company.commit()
    assert looked.at() == ({"b1"}, [MONDAY])
    assert looked.technicians == [{"bob"}]
    company.get_one(Job, "a2").duration_minutes = 600
    log.record(company, "dana", "change", log.Entity.JOB, "a2")
    company.commit()
    assert looked.at() == ({"a2", "b1"}, [MONDAY])
    assert looked.technicians == [{"ann", "bob"}], "who fetches may leave less to others"
    add_link(company, "pair", "apart", "b2", "t2", by="technician")
    log.record(company, "dana", "put", log.Entity.JOB_LINK, "pair", after={"job_ids": ["b2", "t2"]})
    company.commit()
    assert looked.at() == ({"a2", "b1", "t2"}, BOTH)
    assert looked.technicians == [{"ann", "bob"}] * 2


ROUNDS = 12


def test_however_many_ask_while_somebody_writes_they_miss_nothing(
    company: Session, engine: Engine, settings: Settings
) -> None:
    """Bob has left; his visits are called off one by one, on one day and on the other. Who asks
    after that was committed is not told of them any more, and of all others they are."""
    names = [f"more{number:02}" for number in range(2 * ROUNDS)]
    for name in names:
        add_job(company, name, at=10)
    for half, day in enumerate(BOTH):
        clocks = [f"{9 + number // 2:02}:{30 * (number % 2):02}" for number in range(ROUNDS)]
        stops = list(zip(names[half::2], clocks, strict=True))
        add_technician(company, f"gone{half}", active=False)
        add_live_route(company, f"gone{half}", stops, day=day)
    company.commit()
    conflicts, pool = Conflicts(reading(engine), settings), reading(engine)
    begun, ended = [0], [0]
    asked = threading.Semaphore(0)

    def ask(number: int) -> None:
        days = (None, BOTH, [MONDAY], [TUESDAY])[number % 4]
        expected = {
            name
            for half, day in enumerate(BOTH)
            if days is None or day in days
            for name in names[half::2]
        }
        while True:
            ended_before = ended[0]
            with Session(pool) as session:
                if number % 5 == 0:
                    session.exec(select(Job.id).limit(1)).all()
                found = {*conflicts.at(session, EIGHT, days)}
            assert not found & {*names[:ended_before]}
            assert expected & {*names[begun[0] :]} <= found
            asked.release()
            if ended_before == len(names):
                return

    with ThreadPoolExecutor(20) as threads:
        asking = [threads.submit(ask, number) for number in range(20)]
        for name in names:
            # Not all of them before anybody has looked.
            asked.acquire(timeout=30)
            begun[0] += 1
            cancel_job(company, name, actor="dana")
            company.commit()
            ended[0] += 1
        for one in asking:
            one.result(timeout=120)
