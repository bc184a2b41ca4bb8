from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch.models import Firing, Run, RunStatus
from dispatch.runs import runs
from dispatch.runs.nightly import NAME, plan_the_night
from dispatch.runs.runs import PlanRequest
from dispatch.service import scheduler
from dispatch.service.scheduler import Scheduler
from dispatch.settings import Settings
from tests.dispatch.crew import HANOI, MONDAY, SUNDAY_EVENING, TUESDAY, hanoi
from tests.dispatch.waiting import until

SUNDAY = MONDAY - timedelta(days=1)


@pytest.fixture
def evening(settings: Settings) -> Settings:
    """The next day is planned at 21:00."""
    return settings.model_copy(update={"nightly_plan_at": time(21)})


def planned(session: Session, settings: Settings, at: datetime) -> date | None:
    run = plan_the_night(session, settings, at)
    session.commit()
    return None if run is None else run.starts_on


def test_the_next_day_is_planned_in_the_evening_and_published(
    session: Session, evening: Settings
) -> None:
    run = plan_the_night(session, evening, hanoi("21:00"))
    assert run is not None
    assert (run.starts_on, run.ends_on, run.publish) == (TUESDAY, TUESDAY, True)
    assert (run.trigger, run.requested_by, run.status) == ("nightly", "scheduler", "queued")
    firing = session.exec(select(Firing)).one()
    assert (firing.name, firing.due_at, firing.run_id) == (NAME, hanoi("21:00"), run.id)


def test_planning_after_midnight_is_for_the_day_that_has_begun(
    session: Session, settings: Settings
) -> None:
    early = settings.model_copy(update={"nightly_plan_at": time(2, 30)})
    assert planned(session, early, hanoi("02:30")) == MONDAY


def test_nothing_is_planned_before_its_time(session: Session, evening: Settings) -> None:
    assert planned(session, evening, hanoi("20:59")) is None


def test_nothing_is_planned_at_night_unless_it_is_configured(
    session: Session, settings: Settings
) -> None:
    assert planned(session, settings, hanoi("21:00")) is None


def test_each_night_is_planned_once(session: Session, evening: Settings) -> None:
    assert planned(session, evening, hanoi("21:00")) == TUESDAY
    assert planned(session, evening, hanoi("21:00") + timedelta(seconds=20)) is None
    assert planned(session, evening, hanoi("02:00", TUESDAY)) is None
    assert planned(session, evening, hanoi("21:00", TUESDAY)) == TUESDAY + timedelta(days=1)


def test_a_night_that_was_missed_is_made_up_for_once(session: Session, evening: Settings) -> None:
    assert planned(session, evening, hanoi("01:30", TUESDAY)) == TUESDAY
    assert planned(session, evening, hanoi("01:31", TUESDAY)) is None


def test_a_night_that_was_missed_long_ago_is_not_made_up_for(
    session: Session, evening: Settings
) -> None:
    assert planned(session, evening, hanoi("03:01", TUESDAY)) is None


@pytest.mark.parametrize(
    ("day", "due_at"),
    [
        (date(2027, 3, 28), datetime(2027, 3, 28, 1, tzinfo=UTC)),  # 2:30 is skipped
        (date(2027, 10, 31), datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),  # 2:30 comes twice
    ],
)
def test_a_night_on_which_the_clock_changes_is_planned_once(
    session: Session, settings: Settings, day: date, due_at: datetime
) -> None:
    berlin = settings.model_copy(
        update={"nightly_plan_at": time(2, 30), "time_zone": "Europe/Berlin"}
    )
    found = [
        planned(session, berlin, due_at + timedelta(minutes=minutes))
        for minutes in range(-60, 180, 20)
    ]
    assert found == [None, None, None, day, *[None] * 8]


def test_services_that_look_at_the_same_moment_plan_a_night_once(
    engine: Engine, evening: Settings
) -> None:
    ready = Barrier(3)

    def one(_: int) -> bool:
        with Session(engine) as session:
            ready.wait()
            run = plan_the_night(session, evening, hanoi("21:00"))
            session.commit()
            return run is not None

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(one, range(3))) == 1
    with Session(engine) as session:
        assert len(session.exec(select(Run)).all()) == 1


def test_a_night_whose_planning_could_not_be_stored_is_still_due(
    session: Session, evening: Settings
) -> None:
    plan_the_night(session, evening, hanoi("21:00"))
    session.rollback()
    assert planned(session, evening, hanoi("21:01")) == TUESDAY


# Wiring


@pytest.fixture
def sunday_night() -> Iterator[None]:
    with time_machine.travel(datetime.combine(SUNDAY, time(21, 30), tzinfo=HANOI)):
        yield


@pytest.mark.usefixtures("sunday_night")
def test_the_scheduler_plans_the_night_and_watches_over_runs(
    engine: Engine, evening: Settings
) -> None:
    with Session(engine) as session:
        left = runs.request_run(
            session, PlanRequest(starts_on=MONDAY), actor="dana", settings=evening
        )
        row = session.get_one(Run, left.id)
        row.status, row.owner, row.attempts = RunStatus.RUNNING, "a dead process", 2
        row.heartbeat_at = SUNDAY_EVENING
        session.commit()
    found = Scheduler(evening)
    found.start()
    try:

        def both_are_done() -> bool:
            with Session(engine) as session:
                nightly = session.exec(select(Run).where(Run.trigger == "nightly")).all()
                failed = session.get_one(Run, left.id).status == RunStatus.FAILED
                return failed and len(nightly) == 1

        until(both_are_done)
    finally:
        found.stop()


def test_the_scheduler_asks_the_geocoder_if_there_is_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(scheduler, "locate_sites", lambda *given: asked.append(given))
    found = Scheduler(settings.model_copy(update={"geocoder": "photon"}))
    found.start()
    until(lambda: bool(asked))
    found.stop()
    assert asked[0][1].geocoder == "photon"


@pytest.mark.usefixtures("engine")
def test_the_scheduler_does_only_what_is_configured(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr(scheduler, "locate_sites", lambda *_: called.append("geocoder"))
    monkeypatch.setattr(scheduler, "plan_the_night", lambda *_: called.append("nightly"))
    monkeypatch.setattr(scheduler, "watch_runs", lambda *_: called.append("watch") or {})
    found = Scheduler(settings)
    found.start()
    until(lambda: bool(called))
    found.stop()
    assert set(called) == {"watch"}


@pytest.mark.usefixtures("engine")
def test_the_first_calls_come_at_once_wherever_the_services_clock_stands(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[datetime] = []
    monkeypatch.setattr(scheduler, "now", lambda: datetime.now(UTC) + timedelta(days=365))
    monkeypatch.setattr(scheduler, "watch_runs", lambda *given: called.append(given[2]) or {})
    found = Scheduler(settings)
    found.start()
    until(lambda: bool(called))
    found.stop()
    assert called[0] > datetime.now(UTC) + timedelta(days=364)
