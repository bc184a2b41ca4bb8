"""What is kept in memory of a day is the day, whatever has happened to it in between."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch import engines
from dispatch.by_hand.changes import ChangeToMake, make_change
from dispatch.engines import connect
from dispatch.errors import DispatchError
from dispatch.field.positions import NewPosition, keep_position
from dispatch.field.reports import NewReport, take_report
from dispatch.intake import JobChange, NewJob
from dispatch.jobs.jobs import cancel_job, change_job, create_job
from dispatch.jobs.links import LINKS, JobLinkContent, touch
from dispatch.log import Entity, record, record_many
from dispatch.models import (
    Absence,
    JobLink,
    JobStatus,
    LinkKind,
    Priority,
    ReportKind,
    Site,
    VanStock,
)
from dispatch.placing.placing import PlaceOption, PlaceRequest, place_job, place_options
from dispatch.planning import live_days
from dispatch.planning.live_day import LiveDay
from dispatch.planning.live_days import LiveDays
from dispatch.planning.loading import live_day_of
from dispatch.planning.snapshot import Scope, Snapshot, load_snapshot
from dispatch.planning.translation import Translation
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_job,
    add_link,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.waiting import until

Step = Callable[[Session, Settings, datetime], object]
NAMES = ("a1", "a2", "b1", "b2", "waits", "new")


@pytest.fixture
def monday(engine: Engine) -> Engine:
    """Ann and Bob with two visits each, and a job that waits."""
    with Session(engine) as session:
        add_technician(session, "ann", at=0, stock={"belt": 2})
        add_technician(session, "bob", at=20)
        for name, at in (("a1", 1), ("a2", 4), ("b1", 19), ("b2", 16), ("waits", 5)):
            add_job(session, name, at=at, parts={"belt": 1} if name == "a1" else {})
        add_live_route(session, "ann", [("a1", "09:00"), ("a2", "12:00")])
        add_live_route(session, "bob", [("b1", "09:00"), ("b2", "13:00")])
        session.commit()
    return engine


def content(found: Snapshot) -> Any:
    """The snapshot, rows as what they hold; without sites that nobody is sent to any more."""
    used = {job.site_id for job in found.live_jobs.values()}
    used |= {facts.job.site_id for facts in found.jobs}
    plain = _plain(found)
    plain["sites"] = {id_: site for id_, site in plain["sites"].items() if id_ in used}
    plain["opening_hours"] = {id_: h for id_, h in plain["opening_hours"].items() if id_ in used}
    return plain


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.compare}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def reports(kind: ReportKind, technician: str, job: str) -> Step:
    def step(session: Session, settings: Settings, at: datetime) -> object:
        new = NewReport(id=f"{kind}-{job}", job_id=job, kind=kind, at=at)
        return take_report(session, technician, new, settings, actor="tess", at=at)

    return step


def places(job: str) -> Step:
    return lambda session, settings, at: place_job(
        session, job, PlaceRequest(day=MONDAY), settings, actor="dana", at=at
    )


def goes(job: str, day: date) -> Step:
    """By hand, to another day and back."""
    wanted = ChangeToMake(job_id=job, technician_id="ann", day=day)
    return lambda session, settings, at: make_change(session, wanted, settings, actor="dana", at=at)


def cancels(job: str) -> Step:
    return lambda session, settings, at: cancel_job(session, job, actor="dana")


def changes(job: str, **what: Any) -> Step:
    return lambda session, settings, at: change_job(
        session, job, JobChange(**what), actor="dana", settings=settings
    )


def creates(session: Session, settings: Settings, at: datetime) -> object:
    site = {"name": "new", "address": "new", "latitude": 21.03, "longitude": 105.8}
    new = NewJob.model_validate({"id": "new", "site": site, "title": "new", "duration_minutes": 30})
    return create_job(session, new, actor="dana", settings=settings)


def moves(session: Session, settings: Settings, at: datetime) -> object:
    new = NewPosition(latitude=21.01, longitude=105.8, at=at)
    return keep_position(session, "ann", new, settings, at=at)


def falls_ill(session: Session, settings: Settings, at: datetime) -> object:
    if session.get(Absence, "ill") is None:
        session.add(Absence(id="ill", technician_id="bob", starts_at=at, ends_at=hanoi("17:00")))
        record(session, "dana", "add", Entity.ABSENCE, "ill")
    return None


def links(kind: str, *jobs: str, **what: Any) -> Step:
    """Whatever else there is, also against it."""

    def step(session: Session, settings: Settings, at: datetime) -> object:
        id_ = uuid.uuid4().hex
        add_link(session, id_, kind, *jobs, **what)
        session.flush()
        touch(session, jobs)
        return record(session, "dana", "put", Entity.JOB_LINK, id_, after={"job_ids": jobs})

    return step


def unlinks(session: Session, settings: Settings, at: datetime) -> object:
    """The link that was made first, if there is any."""
    first = session.exec(select(JobLink).order_by(col(JobLink.id))).first()
    return None if first is None else LINKS.remove(session, first.id, actor="dana")


LINKING = [
    unlinks,
    links("together", "a1", "b1"),
    links("together", "a2", "waits"),
    links("after", "a1", "a2", least_minutes=60, person="same"),
    links("after", "b2", "a2", least_minutes=-600, most_minutes=600, person="different"),
    links("after", "b1", "waits", least_minutes=30),
    links("apart", "a1", "b2", "waits", by="technician"),
    links("apart", "a2", "b2", by="day"),
]
STEPS: list[Step] = [
    *LINKING,
    creates,
    moves,
    falls_ill,
    *(places(name) for name in NAMES),
    *(goes(name, day) for name in ("a2", "b2") for day in (TUESDAY, MONDAY)),
    *(cancels(name) for name in NAMES),
    *(changes(name, priority=Priority.URGENT) for name in NAMES),
    *(changes(name, hold_reason="waits for a part") for name in ("a2", "b2")),
    *(changes(name, forbidden=["ann", "bob"]) for name in ("a1", "b2")),
    *(changes(name, duration_minutes=600) for name in ("a2", "b1")),
    *(
        reports(kind, technician, job)
        for kind in (ReportKind.EN_ROUTE, ReportKind.ON_SITE, ReportKind.COMPLETED)
        for technician, job in (("ann", "a1"), ("bob", "b1"))
    ),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=8))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_what_is_kept_is_what_would_be_read(
    monday: Engine, settings: Settings, tmp_path: Path, steps: list[Step]
) -> None:
    with copied(monday, tmp_path) as engine:
        go_through(engine, settings, steps)


def test_a_link_leaves_what_it_has_nothing_to_do_with_unread(
    monday: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = LiveDays(reading(monday), settings)
    assert not days.at(MONDAY, hanoi("08:00")).translation.problem.links

    def refused(*_: Any) -> Snapshot:
        raise AssertionError("all of it was read")

    monkeypatch.setattr(live_days, "load_snapshot", refused)
    content = JobLinkContent(kind=LinkKind.AFTER, job_ids=["a2", "b2"])
    with Session(monday) as session:
        LINKS.put(session, "lift", content, actor="dana")
        session.commit()
    assert days.at(MONDAY, hanoi("08:00")).translation.problem.links
    with Session(monday) as session:
        LINKS.remove(session, "lift", actor="dana")
        session.commit()
    assert not days.at(MONDAY, hanoi("08:00")).translation.problem.links


def test_the_next_day_knows_of_what_was_used_on_a_route_that_should_be_over(
    monday: Engine, settings: Settings
) -> None:
    days, evening = LiveDays(reading(monday), settings), hanoi("17:30")
    days.at(TUESDAY, evening)
    with Session(monday) as session:
        session.get_one(VanStock, ("ann", "belt")).quantity = 1
        record(session, "ann", "completed", Entity.JOB, "a1")
        session.commit()
    kept = days.at(TUESDAY, evening).translation.snapshot
    assert [facts.stock for facts in kept.technicians] == [{"belt": 1}, {}]


@contextmanager
def copied(engine: Engine, folder: Path) -> Iterator[Engine]:
    """A database of its own for one example."""
    file = folder / f"{uuid.uuid4()}.db"
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{file}'")
        connection.exec_driver_sql("BEGIN")
    own = connect(f"sqlite:///{file}")
    yield own
    own.dispose()
    file.unlink()


def go_through(monday: Engine, settings: Settings, steps: list[Step]) -> None:
    days = LiveDays(reading(monday), settings)
    at = hanoi("08:00")
    for day in (MONDAY, TUESDAY):
        days.at(day, at)
    for step in steps:
        at += timedelta(minutes=7)
        with Session(monday) as session:
            try:
                step(session, settings, at)
            except DispatchError:
                session.rollback()
            session.commit()
        for day in (MONDAY, TUESDAY):
            kept = days.at(day, at).translation
            with Session(reading(monday)) as session:
                anew = load_snapshot(session, Scope(day, day), at, settings.freeze)
            fresh = live_day_of(anew, settings).translation
            assert content(kept.snapshot) == content(fresh.snapshot)
            assert planned_from(kept) == planned_from(fresh)


def planned_from(found: Translation) -> tuple[object, ...]:
    problem = found.problem
    return problem.visits, problem.shifts, problem.depots, problem.links, found.shares.lacking


def test_changes_tried_on_a_day_stay_with_who_tried_them(
    monday: Engine, settings: Settings
) -> None:
    days = LiveDays(reading(monday), settings)
    mine, other = (days.at(MONDAY, hanoi("08:00")) for _ in range(2))
    mine.take(mine.ways("waits")[0])
    mine.remove(["b2"])
    assert mine.is_placed("waits")
    assert not other.is_placed("waits")
    assert not days.at(MONDAY, hanoi("08:00")).is_placed("waits")
    assert other.is_placed("b2")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_entry_that_is_committed_after_a_later_one_is_seen(
    monday: Engine, settings: Settings
) -> None:
    """Ids are given before transactions end; on SQLite those come one after the other."""
    days = LiveDays(reading(monday), settings)
    days.at(MONDAY, hanoi("08:00"))
    with Session(monday) as session:
        record(session, "dana", "look", Entity.RUN, "first")
        session.flush()
        with Session(monday) as other:
            record(other, "dana", "look", Entity.RUN, "second")
            other.commit()
        days.at(MONDAY, hanoi("08:00"))
        cancel_job(session, "waits", actor="dana")
        session.commit()
    assert "waits" not in days.at(MONDAY, hanoi("08:00")).translation.visits


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_however_much_is_logged_meanwhile_nothing_is_missed(
    monday: Engine, settings: Settings
) -> None:
    days = LiveDays(reading(monday), settings)
    days.at(MONDAY, hanoi("08:00"))
    with Session(monday) as session:
        cancel_job(session, "waits", actor="dana")
        session.flush()
        with Session(monday) as other:
            for number in range(3):
                many = [(f"{number}-{n}", None, None) for n in range(400)]
                record_many(other, "dana", "look", Entity.RUN, many)
                other.commit()
                assert "waits" in days.at(MONDAY, hanoi("08:00")).translation.visits
        session.commit()
    assert "waits" not in days.at(MONDAY, hanoi("08:00")).translation.visits


def test_what_does_not_concern_a_day_leaves_it_as_it_is(
    monday: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out: list[Snapshot] = []

    def counted(snapshot: Snapshot, *given: Any) -> LiveDay:
        worked_out.append(snapshot)
        return live_day_of(snapshot, *given)

    monkeypatch.setattr(live_days, "live_day_of", counted)
    days = LiveDays(reading(monday), settings)
    days.at(MONDAY, hanoi("08:00"))
    with Session(monday) as session:
        add_job(session, "off", at=3, status=JobStatus.CANCELLED)
        record(session, "dana", "cancel", Entity.JOB, "off")
        session.add(Site(id="far", name="far", address="far"))
        record(session, "dana", "put", Entity.SITE, "far")
        record(session, "dana", "put", Entity.ALERT_RULE, "all")
        session.commit()
    days.at(MONDAY, hanoi("08:00"))
    assert len(worked_out) == 1
    with Session(monday) as session:
        cancel_job(session, "waits", actor="dana")
        session.commit()
    assert "waits" not in days.at(MONDAY, hanoi("08:00")).translation.visits
    assert len(worked_out) == 2


def test_looks_at_a_day_wait_for_no_connection_and_share_the_reading(
    monday: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each held a connection while it waited for the day, which whoever read it had to have."""
    monkeypatch.setitem(engines._POOL, "pool_size", 1)
    monkeypatch.setitem(engines._POOL, "pool_timeout", 5)
    engine = connect(monday.url.render_as_string(hide_password=False))
    days = LiveDays(reading(engine), settings)
    read: list[object] = []
    usual, others_are_there = LiveDays._fresh, threading.Event()

    def fresh(self: LiveDays, *given: Any) -> Any:
        read.append(given)
        assert others_are_there.wait(20)
        return usual(self, *given)

    monkeypatch.setattr(LiveDays, "_fresh", fresh)

    def ask(number: int) -> list[PlaceOption]:
        # Who comes later may be ahead of who reads, and the other way round.
        at = hanoi("08:00") + timedelta(milliseconds=-1 if number % 2 else 1)
        with Session(reading(engine)) as session:
            return place_options(session, "waits", settings, day=MONDAY, at=at, days=days)

    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(ask, number) for number in range(20)]
        until(lambda: days._days[MONDAY].asked == 20 if days._days else False)
        others_are_there.set()
        found = [one.result() for one in asked]
    assert found[0]
    assert all(options == found[0] for options in found)
    # The first, and one for all who came while it read.
    assert len(read) == 2
    engine.dispose()
