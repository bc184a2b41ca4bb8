"""Dispatchers, technicians, new jobs, the placer and runs, all at the same moment.

Whoever loses a race is told so or tries again; what was accepted is there in the end, once.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.errors import Conflict, DispatchError
from dispatch.field.reports import NewReport, take_report
from dispatch.intake import JobChange, NewJob
from dispatch.jobs.jobs import cancel_job, change_job, create_job
from dispatch.models import (
    OVER,
    PLANNABLE,
    Job,
    JobStatus,
    LogEntry,
    Placement,
    PlacementStatus,
    Plan,
    Priority,
    Report,
    ReportKind,
    Stop,
)
from dispatch.placing.absences import NewAbsence, add_absence, remove_absence
from dispatch.placing.placing import PlaceRequest, place_job
from dispatch.planning.live_day import LiveDay
from dispatch.settings import Settings
from tests.dispatch.crew import MONDAY, add_depot, add_job, add_technician, hanoi
from tests.dispatch.crowd import EIGHT, Act, Crowd, live_jobs, publish
from tests.dispatch.translating import translated

TECHNICIANS = ("ann", "bob", "cyd", "dan")
COUNTED = frozenset(
    {"change", "cancel", "schedule", "unschedule", *(kind.value for kind in ReportKind)}
)
"""Entries of the log with which a job's revision grows."""


@dataclass
class Accepted:
    """What the service has said yes to."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    jobs: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    reports: set[str] = field(default_factory=set)
    begun: dict[str, datetime] = field(default_factory=dict)
    """When jobs were planned to start as their technicians set out."""


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def monday(engine: Engine, settings: Settings) -> Engine:
    """Four technicians and a published plan of sixteen jobs, some of which need a part."""
    with Session(engine) as session:
        for number, name in enumerate(TECHNICIANS):
            add_technician(session, name, at=6 * number, stock={"belt": 2})
        add_depot(session, "depot", at=10, stock={"belt": 6})
        for number in range(16):
            parts = {"belt": 1} if number % 2 else {}
            add_job(session, f"j{number:02}", at=1.5 * number, parts=parts)
        session.commit()
    publish(engine, settings)
    return engine


class Racers(Crowd):
    """Everybody who works on the day, each a thread that throws its own dice."""

    def __init__(self, engine: Engine, settings: Settings, seed: int) -> None:
        super().__init__(engine, settings, seed)
        self.accepted = Accepted(jobs={f"j{number:02}" for number in range(16)})

    @property
    def everybody(self) -> dict[str, Act]:
        return {
            "first": self.dispatches,
            "second": self.dispatches,
            "intake": self.takes_in,
            "ann": self.reports,
            "bob": self.reports,
            "placer": self.places,
            "runner": self.plans,
            "publisher": self.publishes,
        }

    def dispatches(self, name: str, dice: random.Random, step: int) -> None:
        with Session(self.engine) as session:
            job_id = dice.choice(sorted(self.accepted.jobs))
            technician = dice.choice(TECHNICIANS)
            match dice.choice(["place", "change", "cancel", "absent", "back"]):
                case "place":
                    request = PlaceRequest(technician_id=technician, day=MONDAY)
                    place_job(session, job_id, request, self.settings, actor=name, days=self.days)
                case "change":
                    minutes = JobChange(duration_minutes=dice.choice([10, 20, 40]))
                    change_job(session, job_id, minutes, actor=name, settings=self.settings)
                case "cancel" if step % 4 == 0:
                    cancel_job(session, job_id, actor=name)
                    session.commit()
                    with self.accepted.lock:
                        self.accepted.cancelled.add(job_id)
                case "absent":
                    hour = hanoi(f"{dice.randrange(9, 15):02}:00")
                    gone = NewAbsence(id=name, starts_at=hour, ends_at=hour + timedelta(hours=1))
                    add_absence(session, technician, gone, actor=name)
                case "back":
                    remove_absence(session, technician, name, actor=name)
            session.commit()

    def takes_in(self, name: str, dice: random.Random, step: int) -> None:
        new = NewJob.model_validate(
            {
                "id": f"new{step:02}",
                "site_id": f"site-j{dice.randrange(16):02}",
                "title": "new",
                "duration_minutes": 20,
                "priority": dice.choice(list(Priority)),
                "windows": [{"starts_at": EIGHT, "ends_at": hanoi("16:00")}],
            }
        )
        with Session(self.engine) as session:
            job, _ = create_job(session, new, actor=name, settings=self.settings)
            session.commit()
        with self.accepted.lock:
            self.accepted.jobs.add(job.id)

    def reports(self, name: str, dice: random.Random, step: int) -> None:
        with Session(self.engine) as session:
            mine = live_jobs(session, name)
            open_ = [id_ for id_ in mine if session.get_one(Job, id_).status not in OVER]
            if not open_:
                return
            job_id = open_[0]
            (stop,) = session.exec(select(Stop).where(Stop.job_id == job_id, col(Stop.live))).all()
            planned_at = stop.start_at
            kind = [ReportKind.EN_ROUTE, ReportKind.ON_SITE, ReportKind.COMPLETED][step % 3]
            new = NewReport(id=f"{name}{step}", job_id=job_id, kind=kind, at=EIGHT)
            for _ in range(2):  # as when the first answer was lost
                take_report(session, name, new, self.settings, actor=name)
            (stop,) = session.exec(select(Stop).where(Stop.job_id == job_id, col(Stop.live))).all()
            planned_at = stop.start_at
            session.commit()
        with self.accepted.lock:
            self.accepted.reports.add(new.id)
            self.accepted.begun.setdefault(job_id, planned_at)


@pytest.mark.parametrize("seed", range(2))
def test_what_was_accepted_is_there_once_and_the_plan_is_whole(
    monday: Engine, settings: Settings, seed: int
) -> None:
    crowd = Racers(monday, settings, seed)
    crowd.work()
    with Session(monday) as session:
        jobs = {job.id: job for job in session.exec(select(Job))}
        assert crowd.accepted.jobs <= jobs.keys()
        assert_nothing_is_lost(session, crowd.accepted, jobs)
        assert_the_plan_is_whole(session, settings, jobs)
        assert_history_has_not_moved(session, crowd.accepted)


def assert_nothing_is_lost(session: Session, accepted: Accepted, jobs: dict[str, Job]) -> None:
    assert accepted.reports == set(session.exec(select(Report.id)))
    assert all(jobs[id_].status == JobStatus.CANCELLED for id_ in accepted.cancelled)
    changes = Counter(
        entry.entity_id
        for entry in session.exec(select(LogEntry).where(LogEntry.entity == "job"))
        if entry.action in COUNTED
    )
    assert {id_: job.revision - 1 for id_, job in jobs.items() if job.revision > 1} == changes


def assert_the_plan_is_whole(session: Session, settings: Settings, jobs: dict[str, Job]) -> None:
    placed = live_jobs(session)
    assert len(placed) == len(set(placed))
    waiting = {id_ for id_, job in jobs.items() if job.status in PLANNABLE}
    scheduled = {id_ for id_ in waiting if jobs[id_].status != JobStatus.OPEN}
    assert scheduled == waiting & set(placed)
    assert not {id_ for id_ in placed if jobs[id_].status == JobStatus.CANCELLED}
    versions = sorted(version for version in session.exec(select(Plan.version)) if version)
    assert versions == list(range(1, len(versions) + 1))
    settled = {row.status for row in session.exec(select(Placement))}
    assert PlacementStatus.WAITING not in settled
    # Changes of jobs and absences since the last version have had new places looked for; what is
    # in force now can be kept.
    live = LiveDay(translated(session, settings, at=EIGHT))
    assert live.kept.routes


def assert_history_has_not_moved(session: Session, accepted: Accepted) -> None:
    for job_id, planned_at in accepted.begun.items():
        (stop,) = session.exec(select(Stop).where(Stop.job_id == job_id, col(Stop.live))).all()
        assert stop.start_at == planned_at


def test_what_is_reported_while_the_jobs_are_given_to_others_is_with_who_began_it(
    monday: Engine, settings: Settings
) -> None:
    with Session(monday) as session:
        told = {name: live_jobs(session, name) for name in TECHNICIANS}
    refused: list[str] = []
    start = threading.Barrier(len(TECHNICIANS) + 2)

    def reports(name: str) -> None:
        start.wait()
        for job_id in told[name]:
            with Session(monday) as session:
                new = NewReport(id=job_id, job_id=job_id, kind=ReportKind.ON_SITE, at=EIGHT)
                try:
                    take_report(session, name, new, settings, actor=name)
                    session.commit()
                except Conflict as error:
                    refused.extend(fault.code for fault in error.faults)

    def gives_away() -> None:
        for number, (name, jobs) in enumerate(told.items()):
            if number == 1:  # what the first of them has is with another before anything else
                start.wait()
            other = TECHNICIANS[TECHNICIANS.index(name) - 1]
            for job_id in reversed(jobs):
                with Session(monday) as session, suppress(DispatchError):
                    request = PlaceRequest(technician_id=other, day=MONDAY)
                    place_job(session, job_id, request, settings, actor="dana")
                    session.commit()

    def plans() -> None:
        start.wait()
        for _ in range(3):
            publish(monday, settings)

    with ThreadPoolExecutor(len(TECHNICIANS) + 2) as pool:
        acts = [pool.submit(reports, name) for name in TECHNICIANS]
        acts += [pool.submit(gives_away), pool.submit(plans)]
        for one in acts:
            one.result(timeout=120)
    with Session(monday) as session:
        jobs = {job.id: job for job in session.exec(select(Job))}
        assert refused == []
        taken_over = session.exec(select(LogEntry).where(LogEntry.action == "take_over")).all()
        assert taken_over
        assert all(job.status == JobStatus.ON_SITE for job in jobs.values())
        for name in TECHNICIANS:
            assert sorted(live_jobs(session, name)) == sorted(told[name])
        versions = sorted(version for version in session.exec(select(Plan.version)) if version)
        assert versions == list(range(1, len(versions) + 1))
