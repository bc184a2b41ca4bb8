"""A whole day of a company, all at once: what is in force is true in the end, or an issue says not.

Dispatchers place, undo, mark absences and move machines; files bring other hours, and people who
leave and come back; technicians report; machines call, fall silent and call again, by clocks that
lie; runs end, and drafts are published.
"""

import json
import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.alerts.content import Delivery
from dispatch.alerts.intake import Arrival, accept
from dispatch.alerts.rules import RULES, TEMPLATES, RuleContent, TemplateContent
from dispatch.by_hand.changes import ChangeToMake, make_change
from dispatch.by_hand.undoing import undo_change
from dispatch.company.devices import ASSETS, DEVICES, AssetContent, DeviceContent
from dispatch.field.reports import NewReport, take_report
from dispatch.files.folder import import_folder
from dispatch.models import (
    OVER,
    PLANNABLE,
    Absence,
    Alert,
    DepotStock,
    Holder,
    Job,
    JobSkill,
    JobStatus,
    Movement,
    MovementCause,
    Placement,
    PlacementStatus,
    Plan,
    ReportKind,
    Route,
    Stop,
    Technician,
    TechnicianSkill,
    VanStock,
    WorkingHours,
)
from dispatch.parts import movements
from dispatch.placing.absences import NewAbsence, add_absence, remove_absence
from dispatch.placing.placing import PlaceRequest, place_job
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.live_day import LiveDay
from dispatch.settings import Settings
from dispatch.settling.issues import Issue, IssueKind
from dispatch.settling.listing import list_issues
from tests.dispatch.crew import (
    HANOI,
    MONDAY,
    add_depot,
    add_job,
    add_technician,
    hanoi,
)
from tests.dispatch.crowd import EIGHT, Act, Crowd, live_jobs, publish
from tests.dispatch.folders import written
from tests.dispatch.translating import translated

TECHNICIANS = ("ann", "bob", "cyd", "dan")
SKILLED = ("ann", "bob")
JOBS = 14
BELTS = {"depot": 6, **dict.fromkeys(TECHNICIANS, 2)}
CLOCKS = (
    "1970-01-01T00:00:07+00:00",
    "2000-01-01T00:00:00+00:00",
    "2027-03-01T07:59:00+07:00",
    "2027-03-01T08:00:00+07:00",
    None,
)
"""What devices say that it is."""


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def monday(engine: Engine, settings: Settings) -> Engine:
    """Four technicians, two of whom know gas, a depot, machines at two sites, a published plan."""
    with Session(engine) as session:
        for number, name in enumerate(TECHNICIANS):
            skills = {"gas": 1} if name in SKILLED else {}
            add_technician(session, name, at=6 * number, stock={"belt": BELTS[name]}, skills=skills)
        add_depot(session, "depot", at=10, stock={"belt": BELTS["depot"]})
        for number in range(JOBS):
            parts = {"belt": 1} if number % 2 else {}
            skills = {"gas": 1} if number % 3 == 0 else {}
            add_job(session, f"j{number:02}", at=1.5 * number, parts=parts, skills=skills)
        for number, site in enumerate(("site-j01", "site-j05", "site-j09")):
            name = f"m{number}"
            ASSETS.put(session, name, AssetContent(site_id=site, name=name), actor="lan")
            DEVICES.put(session, name, DeviceContent(asset_id=name), actor="lan")
        template = {
            "title": "{asset}",
            "duration_minutes": 30,
            "priorities": {"critical": "emergency", "major": "urgent"},
            "skills": [{"skill_id": "gas"}],
        }
        TEMPLATES.put(session, "repair", TemplateContent.model_validate(template), actor="lan")
        rule = RuleContent.model_validate({"name": "all", "template_id": "repair"})
        RULES.put(session, "all", rule, actor="lan")
        session.commit()
    publish(engine, settings)
    return engine


class Company(Crowd):
    def __init__(self, engine: Engine, settings: Settings, seed: int, home: Path) -> None:
        super().__init__(engine, settings, seed)
        self.home = home
        self.lock = threading.Lock()
        self.versions: list[int] = []
        """Those that changes by hand have made."""

    @property
    def everybody(self) -> dict[str, Act]:
        return {
            "first": self.dispatches,
            "second": self.dispatches,
            "office": self.imports,
            "ann": self.reports,
            "cyd": self.reports,
            "sensors": self.alarms,
            "gateway": self.alarms,
            "placer": self.places,
            "runner": self.plans_early,
            "publisher": self.publishes,
        }

    def plans_early(self, name: str, dice: random.Random, step: int) -> None:
        """A plan of everything would make up for what nobody followed."""
        if step < 4:
            self.plans(name, dice, step)

    def dispatches(self, name: str, dice: random.Random, step: int) -> None:
        with Session(self.engine) as session:
            job_id, technician = f"j{dice.randrange(JOBS):02}", dice.choice(TECHNICIANS)
            match dice.choice(["place", "move", "undo", "absent", "absent", "back", "machine"]):
                case "place":
                    wanted = PlaceRequest(technician_id=technician, day=MONDAY)
                    place_job(session, job_id, wanted, self.settings, actor=name, days=self.days)
                case "move":
                    change = ChangeToMake.model_validate(
                        {"job_id": job_id, "technician_id": technician, "day": MONDAY}
                    )
                    made = make_change(session, change, self.settings, actor=name)
                    with self.lock:
                        self.versions += [made.plan_version] if made.is_new else []
                case "undo" if self.versions:
                    version = dice.choice(self.versions)
                    undo_change(session, version, self.settings, actor=name)
                case "absent":
                    begin = hanoi(f"{dice.randrange(8, 14):02}:00")
                    hours = timedelta(hours=dice.randrange(1, 9))
                    gone = NewAbsence(id=name, starts_at=begin, ends_at=begin + hours)
                    add_absence(session, technician, gone, actor=name)
                case "back":
                    remove_absence(session, technician, name, actor=name)
                case "machine":
                    site = f"site-j{dice.randrange(JOBS):02}"
                    number = f"m{dice.randrange(3)}"
                    content = AssetContent(site_id=site, name=number)
                    ASSETS.put(session, number, content, actor=name)
            session.commit()

    def imports(self, name: str, dice: random.Random, step: int) -> None:
        technician = dice.choice(TECHNICIANS)
        starts, ends = dice.choice([("08:00", "17:00"), ("08:00", "12:00"), ("13:00", "17:00")])
        person = dice.choice(TECHNICIANS)
        active, knows_gas = dice.random() < 0.7, dice.random() < 0.7
        hours = {"technician_id": technician, "weekday": "mon", "starts": starts, "ends": ends}
        self._import(f"hours{step}", "working_hours", {**hours, "max_overtime_minutes": "0"})
        skills = "gas" if person in SKILLED and knows_gas else ""
        self._import(f"people{step}", "technicians", who(person, active, skills))

    def ends(self) -> None:
        """When all is settled, who has most to do leaves, and nobody does anything about it."""
        with Session(self.engine) as session:
            busiest = max(TECHNICIANS, key=lambda name: len(live_jobs(session, name)))
        self._import("end", "technicians", who(busiest, False, ""))
        self.settle()

    def _import(self, folder: str, kind: str, line: dict[str, str]) -> None:
        with Session(self.engine) as session:
            files = written(self.home / folder, {kind: [line]})
            import_folder(session, files, actor="office", settings=self.settings)
            session.commit()

    def reports(self, name: str, dice: random.Random, step: int) -> None:
        with Session(self.engine) as session:
            mine = live_jobs(session, name)
            open_ = [id_ for id_ in mine if session.get_one(Job, id_).status not in OVER]
            if not open_:
                return
            kinds = [ReportKind.EN_ROUTE, ReportKind.ON_SITE, ReportKind.COMPLETED]
            new = NewReport(id=f"{name}{step}", job_id=open_[0], kind=kinds[step % 3], at=EIGHT)
            take_report(session, name, new, self.settings, actor=name)
            session.commit()

    def alarms(self, name: str, dice: random.Random, step: int) -> None:
        told: dict[str, Any] = {
            "id": f"{name}-{dice.randrange(4)}",
            "device": f"m{dice.randrange(3)}",
            "type": dice.choice(["hot", "leak"]),
            "severity": dice.choice(["major", "critical"]),
            "occurred_at": dice.choice(CLOCKS),
        }
        if dice.random() < 0.3:
            told["status"] = "cleared"
        body = json.dumps({key: value for key, value in told.items() if value is not None})
        with Session(self.engine) as session:
            accept(session, [Arrival(Delivery(body.encode()), name)], self.settings, EIGHT)
            session.commit()


def who(technician: str, active: bool, skills: str) -> dict[str, str]:
    """A line of ``technicians.csv``."""
    return {
        "id": technician,
        "name": technician,
        "address": "home",
        "latitude": str(21 + 6 * TECHNICIANS.index(technician) / 100),
        "longitude": "105.8",
        "active": str(active).lower(),
        "skills": skills,
    }


@pytest.mark.parametrize("seed", range(2))
def test_what_is_in_force_in_the_end_is_true_or_an_issue_says_that_it_is_not(
    monday: Engine, settings: Settings, tmp_path: Path, seed: int
) -> None:
    crowd = Company(monday, settings, seed, tmp_path)
    crowd.work()
    crowd.ends()
    with Session(monday) as session:
        broken = broken_visits(session, settings, EIGHT)
        issues = list_issues(session, settings, EIGHT, broken)
        assert_who_has_a_visit_is_there_and_can_do_it(session, issues)
        assert_the_plan_is_whole(session, settings)
        assert_no_machine_calls_in_vain(session, issues)
        assert_stock_balances(session)


def assert_who_has_a_visit_is_there_and_can_do_it(session: Session, issues: list[Issue]) -> None:
    """Looked at in the simplest way, apart from what the service makes of it."""
    told = {name for one in issues if one.kind == IssueKind.CONFLICT for name in one.job_ids}
    rows = session.exec(
        select(Route.technician_id, Stop, Job)
        .join(Stop, col(Stop.route_id) == Route.id)
        .join(Job, col(Job.id) == Stop.job_id)
        .where(col(Route.live), col(Stop.live))
    ).all()
    wrong = {
        job.id
        for technician, stop, job in rows
        if job.status not in OVER and not can_attend(session, technician, stop, job)
    }
    assert wrong <= told
    # What has not begun does not stay with whom it cannot stay with; what should have, may.
    to_come = (job for _, stop, job in rows if stop.start_at > EIGHT)
    waiting = {job.id for job in to_come if job.status in PLANNABLE}
    assert not wrong & waiting


def can_attend(session: Session, technician: str, stop: Stop, job: Job) -> bool:
    begin, end = stop.start_at.astimezone(HANOI), stop.departure_at.astimezone(HANOI)
    hours = session.exec(
        select(WorkingHours).where(
            WorkingHours.technician_id == technician, WorkingHours.weekday == begin.weekday()
        )
    )
    absences = session.exec(select(Absence).where(Absence.technician_id == technician))
    skills = set(
        session.exec(
            select(TechnicianSkill.skill_id).where(TechnicianSkill.technician_id == technician)
        )
    )
    needed = set(session.exec(select(JobSkill.skill_id).where(JobSkill.job_id == job.id)))
    return (
        session.get_one(Technician, technician).active
        and any(row.starts <= begin.time() and end.time() <= row.ends for row in hours)
        and not any(one.starts_at < end and begin < one.ends_at for one in absences)
        and needed <= skills
    )


def assert_the_plan_is_whole(session: Session, settings: Settings) -> None:
    jobs = {job.id: job for job in session.exec(select(Job))}
    placed = live_jobs(session)
    assert len(placed) == len(set(placed))
    waiting = {id_ for id_, job in jobs.items() if job.status in PLANNABLE}
    assert {id_ for id_ in waiting if jobs[id_].status != JobStatus.OPEN} == waiting & {*placed}
    assert not {id_ for id_ in placed if jobs[id_].status == JobStatus.CANCELLED}
    versions = sorted(version for version in session.exec(select(Plan.version)) if version)
    assert versions == list(range(1, len(versions) + 1))
    settled = {row.status for row in session.exec(select(Placement))}
    assert PlacementStatus.WAITING not in settled
    # The checker has seen what can be kept of it.
    assert LiveDay(translated(session, settings, at=EIGHT)).kept is not None


def assert_no_machine_calls_in_vain(session: Session, issues: list[Issue]) -> None:
    """Each has a job that somebody is sent to, that waits, or that is over; or a reason."""
    asked = {name for issue in issues for name in issue.job_ids}
    placed = {*live_jobs(session)}
    for alert in session.exec(select(Alert).where(col(Alert.cleared_at).is_(None))):
        if alert.job_id is None:
            assert alert.reason
            continue
        job = session.get_one(Job, alert.job_id)
        # What lost its place to a draft or an undoing waits in sight, as every open job does.
        is_in_sight = job.id in placed | asked or job.status == JobStatus.OPEN
        assert job.status not in PLANNABLE or is_in_sight, alert


def assert_stock_balances(session: Session) -> None:
    vans = {row.technician_id: row.quantity for row in session.exec(select(VanStock))}
    depots = {row.depot_id: row.quantity for row in session.exec(select(DepotStock))}
    assert min([*vans.values(), *depots.values()]) >= 0
    used = sum(
        (job.parts_used or {}).get("belt", 0)
        for job in session.exec(select(Job).where(col(Job.status).in_(OVER)))
    )
    there = sum(vans.values()) + sum(depots.values()) + used
    found = sum(
        row.quantity if row.source is Holder.COUNT else -row.quantity
        for row in session.exec(select(Movement).where(Movement.cause == MovementCause.FOUND))
    )
    assert there == sum(BELTS.values()) + found
    assert movements.unbalanced(session) == {}
