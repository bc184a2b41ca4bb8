"""What is kept in memory of a day is the day, whatever has happened to it in between."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.errors import DispatchError
from dispatch.intake import JobChange, NewJob
from dispatch.jobs import cancel_job, change_job, create_job
from dispatch.live_days import LiveDays
from dispatch.log import record
from dispatch.manual_changes import ChangeToMake, make_change
from dispatch.models import Absence, Priority, ReportKind
from dispatch.placing import PlaceRequest, place_job
from dispatch.positions import NewPosition, keep_position
from dispatch.reports import NewReport, take_report
from dispatch.settings import Settings
from dispatch.snapshot import Scope, Snapshot, load_snapshot
from dispatch.store import connect, reading
from tests.dispatch.crew import MONDAY, TUESDAY, add_job, add_live_route, add_technician, hanoi

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
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
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
        record(session, "dana", "add", "absence", "ill")
    return None


STEPS: list[Step] = [
    creates,
    moves,
    falls_ill,
    *(places(name) for name in NAMES),
    *(goes(name, day) for name in ("a2", "b2") for day in (TUESDAY, MONDAY)),
    *(cancels(name) for name in NAMES),
    *(changes(name, priority=Priority.URGENT) for name in NAMES),
    *(changes(name, hold_reason="waits for a part") for name in ("a2", "b2")),
    *(
        reports(kind, technician, job)
        for kind in (ReportKind.EN_ROUTE, ReportKind.ON_SITE, ReportKind.COMPLETED)
        for technician, job in (("ann", "a1"), ("bob", "b1"))
    ),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=8))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_what_is_kept_is_what_would_be_read(
    monday: Engine, settings: Settings, tmp_path: Path, steps: list[Step]
) -> None:
    with copied(monday, tmp_path) as engine:
        go_through(engine, settings, steps)


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
            kept = days.at(day, at).translation.snapshot
            with Session(reading(monday)) as session:
                fresh = load_snapshot(session, Scope(day, day), at, settings.freeze)
            assert content(kept) == content(fresh) | {"doomed": kept.doomed}


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
        record(session, "dana", "look", "run", "first")
        session.flush()
        with Session(monday) as other:
            record(other, "dana", "look", "run", "second")
            other.commit()
        days.at(MONDAY, hanoi("08:00"))
        cancel_job(session, "waits", actor="dana")
        session.commit()
    assert "waits" not in days.at(MONDAY, hanoi("08:00")).translation.visits
