"""Tiny companies with too few parts, drawn from a seed, and what befalls them."""

import random
from collections import Counter
from datetime import time, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch import log
from dispatch.errors import DispatchError
from dispatch.field.reports import NewReport, take_report
from dispatch.intake import JobChange
from dispatch.jobs.jobs import cancel_job, change_job
from dispatch.jobs.placements import ask_for_place
from dispatch.models import (
    OVER,
    PLANNABLE,
    Depot,
    DepotStock,
    Job,
    Placement,
    PlacementStatus,
    ReportKind,
    Route,
    Stop,
    VanStock,
)
from dispatch.placing.following import Follower
from dispatch.placing.placer import place_waiting
from dispatch.planning.conflicts import Conflicts, broken_visits
from dispatch.planning.live_days import LiveDays
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)

TECHNICIANS = ("ann", "bob")
PARTS = ("lamp", "belt")
DEPOTS = ("east", "west")
MOST_STEPS = 30
"""So many versions, asked for or not, settle whatever has befallen the company at once."""


class Scarce:
    """A company, its day, and the dice that are thrown for it."""

    def __init__(self, session: Session, settings: Settings, seed: int) -> None:
        engine = session.get_bind()
        assert isinstance(engine, Engine)
        self.session, self.settings, self.engine = session, settings, engine
        self.dice = random.Random(f"scarce {seed}")
        self.at = hanoi("08:00")
        self.days = LiveDays(reading(engine), settings)
        self.follower = Follower(engine, settings, Conflicts(reading(engine), settings))
        self.problems: list[str] = []
        self.told: list[str] = []
        """What has befallen it, for whoever looks for the cause."""
        self._jobs = 0
        self._add_company()

    def _add_company(self) -> None:
        dice = self.dice
        for name, at in zip(TECHNICIANS, (0, 6), strict=True):
            stock = {part: number for part in PARTS if (number := dice.choice([0, 0, 1]))}
            add_technician(self.session, name, at=at, stock=stock, overtime=dice.choice([0, 60]))
        for name, at in zip(DEPOTS, (2, 5), strict=True):
            if name == "west" and dice.random() < 0.4:
                continue
            stock = {part: dice.randrange(1, 4) for part in PARTS}
            tools = ["drill"] if dice.random() < 0.5 else []
            add_depot(self.session, name, at=at, stock=stock, tools=tools)
        for name in TECHNICIANS:
            for day in (MONDAY, TUESDAY):
                if dice.random() < 0.6:
                    self._add_route(name, day)
        self.session.commit()
        self._changed()

    def _add_route(self, technician: str, day: object) -> None:
        """One that may fetch too much or too little."""
        assert day in (MONDAY, TUESDAY)
        stops: list[tuple[str, str] | Stop] = []
        depots = [row.id for row in self.session.exec(select(Depot).order_by(Depot.id))]
        wanted: Counter[str] = Counter()
        visits = []
        for clock in ("10:00", "12:00", "14:00")[: self.dice.randrange(1, 4)]:
            name, parts = self._add_job()
            wanted.update(parts)
            visits.append((name, clock))
        if self.dice.random() < 0.8:
            more = Counter(part for part in PARTS if self.dice.random() < 0.2)
            call = depot_call(
                self.dice.choice(depots),
                self.dice.choice(["08:20", "08:40", "09:00", "09:20"]),
                wanted + more if self.dice.random() < 0.8 else {},
                MONDAY if day == MONDAY else TUESDAY,
            )
            stops.append(call)
        add_live_route(
            self.session,
            technician,
            [*stops, *visits],
            day=MONDAY if day == MONDAY else TUESDAY,
            ends="17:00",
        )

    def _add_job(self) -> tuple[str, dict[str, int]]:
        self._jobs += 1
        name = f"j{self._jobs:02}"
        parts = {part: self.dice.choice([1, 1, 2]) for part in PARTS if self.dice.random() < 0.5}
        add_job(
            self.session,
            name,
            at=self.dice.randrange(8),
            minutes=self.dice.choice([30, 45]),
            parts=parts,
            tools=["drill"] if self.dice.random() < 0.1 else [],
        )
        return name, parts

    def _changed(self) -> None:
        """As by an import in another process."""
        log.record(self.session, "dana", "import", log.Entity.FOLDER, "monday")
        self.session.commit()
        self.session.expire_all()

    def befall(self) -> None:
        """Something happens."""
        what = self.dice.choice(
            [
                *(self.new, self.new, self.cancel, self.count_depot, self.count_van, self.grow),
                *(self.open_late, self.report, self.report, self.wait),
            ]
        )
        try:
            self.told.append(f"{self.at:%H:%M} {what.__name__}: {what()}")
        except DispatchError as error:
            self.session.rollback()
            self.told.append(f"{what.__name__} was refused: {error}")
        self.session.commit()

    def new(self) -> str:
        name, parts = self._add_job()
        ask_for_place(self.session, name, trigger="new_job", actor="dana")
        return f"{name} with {parts}"

    def _some_job(self) -> str | None:
        jobs = self.session.exec(select(Job).order_by(Job.id)).all()
        open_ = [job.id for job in jobs if job.status in PLANNABLE]
        return self.dice.choice(open_) if open_ else None

    def cancel(self) -> str | None:
        name = self._some_job()
        if name is not None:
            cancel_job(self.session, name, actor="dana")
        return name

    def grow(self) -> str | None:
        name = self._some_job()
        if name is None:
            return None
        part = self.dice.choice(PARTS)
        parts = [{"part_id": part, "quantity": 2}]
        more: dict[str, object] = {"parts": parts}
        if self.dice.random() < 0.5:
            more["duration_minutes"] = self.dice.choice([60, 90])
        change_job(
            self.session,
            name,
            JobChange.model_validate(more),
            actor="dana",
            settings=self.settings,
        )
        return f"{name} to {more}"

    def count_depot(self) -> str:
        rows = self.session.exec(
            select(DepotStock).order_by(DepotStock.depot_id, DepotStock.part_id)
        ).all()
        row = self.dice.choice(rows)
        row.quantity = self.dice.randrange(0, 3)
        told = f"{row.depot_id} has {row.quantity} {row.part_id}"
        self._changed()
        return told

    def count_van(self) -> str:
        technician, part = self.dice.choice(TECHNICIANS), self.dice.choice(PARTS)
        row = self.session.get(VanStock, (technician, part))
        number = self.dice.randrange(0, 2)
        if row is not None:
            row.quantity = number
        else:
            self.session.add(VanStock(technician_id=technician, part_id=part, quantity=number))
        self._changed()
        return f"{technician} has {number} {part}"

    def open_late(self) -> str:
        depot = self.session.exec(select(Depot).order_by(Depot.id)).first()
        assert depot is not None
        depot.opens = self.dice.choice([time(7), time(8, 30), time(9, 10)])
        told = f"{depot.id} at {depot.opens}"
        self._changed()
        return told

    def report(self) -> str | None:
        """Somebody goes one step further with the next visit of Monday."""
        technician = self.dice.choice(TECHNICIANS)
        rows = self.session.exec(
            select(Job)
            .join(Stop, col(Stop.job_id) == Job.id)
            .join(Route, col(Route.id) == Stop.route_id)
            .where(col(Stop.live), Route.technician_id == technician, Route.day == MONDAY)
            .order_by(col(Stop.start_at))
        ).all()
        open_ = [job for job in rows if job.status not in OVER]
        if not open_:
            return None
        job = open_[0]
        reported = [job.en_route_at, job.arrived_at, job.departed_at]
        kind = [ReportKind.EN_ROUTE, ReportKind.ON_SITE, ReportKind.COMPLETED][
            min(2, sum(at is not None for at in reported))
        ]
        new = NewReport(id=f"{job.id}-{kind}", job_id=job.id, kind=kind, at=self.at)
        take_report(self.session, technician, new, self.settings, actor=technician, at=self.at)
        return f"{technician} says {kind} of {job.id}"

    def wait(self) -> None:
        self.at += timedelta(minutes=self.dice.choice([10, 30, 60]))

    def settles(self) -> bool:
        """What the service does, until nothing is left to do; whether that is soon."""
        self.session.commit()
        for _ in range(MOST_STEPS):
            before = self._placed()
            settled = place_waiting(self.engine, self.days, self.settings, self.at)
            self._look_at(self._placed() - before)
            if not settled and not self.follower.look(self.at) and not self._waits():
                break
        else:
            self.problems.append("It does not come to rest.")
        self.session.expire_all()
        for name, one in broken_visits(self.session, self.settings, self.at).items():
            if one.leaves:
                self.problems.append(f"{name} stays, {one.cause.why}")
        self.session.commit()
        return not self.problems

    def _placed(self) -> set[tuple[int | None, str]]:
        with Session(self.engine) as session:
            rows = session.exec(
                select(Placement).where(Placement.status == PlacementStatus.PLACED)
            ).all()
            return {(row.id, row.job_id) for row in rows}

    def _waits(self) -> bool:
        with Session(self.engine) as session:
            waiting = select(Placement).where(Placement.status == PlacementStatus.WAITING)
            return session.exec(waiting).first() is not None

    def _look_at(self, placed: set[tuple[int | None, str]]) -> None:
        """What has just been put in force holds there."""
        if not placed:
            return
        with Session(self.engine) as session:
            broken = broken_visits(session, self.settings, self.at)
            for _, name in sorted(placed, key=str):
                one = broken.get(name)
                if one is not None and one.leaves:
                    self.problems.append(
                        f"{name} was placed with {one.technician_id} on {one.day}, "
                        f"and leaves: {one.cause.message}"
                    )
