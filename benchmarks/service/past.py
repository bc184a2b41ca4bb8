"""A company's past, made up row by row: what a database holds after so many days of work.

Nothing is solved, so that a year takes seconds. What matters is that every table that grows has
the rows it would have, in the proportions it would have them: routes in force and many more that
were replaced, drafts, jobs that are over, a few that were given up or wait, what was told of them,
and the log of it all. The same arguments give the same rows but for the day on which they end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import chain
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import Engine, Table, text
from sqlmodel import Session, SQLModel

from dispatch import models, search_texts, store
from dispatch.models import (
    AlarmState,
    AlertFormat,
    AlertOutcome,
    AttachmentKind,
    DeadLetterState,
    DeliveryStatus,
    JobStatus,
    PlacementStatus,
    PlaceWhen,
    PlanStatus,
    Priority,
    ReportKind,
    RunStatus,
    Severity,
    WindowPolicy,
)
from solver.solution import StopKind

Row = dict[str, Any]
SKILLS = ("gas", "electric", "lift", "cooling")
PARTS = ("filter", "valve", "board", "cable")
TERRITORIES = ("north", "south", "west")
WAITING = 40
"""Jobs that are on no route, at the end."""
AHEAD = 3
"""Days to come that are planned already."""
SIGN_INS = 500
"""Of who has signed in often, and out never."""
KEPT_DELIVERIES = timedelta(days=30)
EVERY, UNKNOWN = 50, 7
"""One site in so many, and which of them, has no coordinates."""


def job_id(day: date, number: int = 0) -> str:
    """A job that is on a route of the day."""
    return f"J{day:%Y%m%d}-{number:04}"


WAITING_JOB = "W0000"


class _Visit(NamedTuple):
    job_id: str
    start_at: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class Past:
    """So many ``days`` that end with today, and what is planned beyond."""

    days: int = 365
    jobs_a_day: int = 150
    technicians: int = 20
    versions_a_day: int = 24
    reporting: bool = True
    """Whether technicians say what they have done; where they do not, no job is ever over."""
    analyzed: bool = True
    """Whether the database knows how large its tables are, as it does after a while."""
    seed: int = 1

    def fill(self, engine: Engine, today: date, zone: ZoneInfo) -> None:
        """Fill a migrated database that has no rows."""
        with engine.begin() as connection:
            raw = connection.connection.driver_connection
            for table, rows in _Rows(self, today, zone).all():
                _load(raw, connection.dialect, table, rows)
            if connection.dialect.name == "postgresql":
                _move_sequences(connection)
        with Session(engine) as session:
            # What is at the sites is found by them.
            search_texts.note(session, sites=store.all_ids(session, models.Site))
            session.commit()
        if self.analyzed:
            with engine.begin() as connection:
                connection.exec_driver_sql("ANALYZE")


def _load(raw: Any, dialect: Any, table: Table, rows: Iterator[Row]) -> None:
    """As fast as the database takes them."""
    first = next(rows, None)
    if first is None:
        return
    columns = [table.columns[name] for name in first]
    convert = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    values = (
        [
            value if change is None or value is None else change(value)
            for change, value in zip(convert, row.values(), strict=True)
        ]
        for row in chain([first], rows)
    )
    names = ", ".join(f'"{name}"' for name in first)
    if isinstance(raw, psycopg.Connection):
        with raw.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for one in values:
                copy.write_row(one)
        return
    marks = ", ".join("?" * len(columns))
    raw.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', values)  # noqa: S608


def _move_sequences(connection: Any) -> None:
    """The next rows get ids behind those that were given here."""
    for table in SQLModel.metadata.tables.values():
        column = table.autoincrement_column
        if column is not None:
            place = f"pg_get_serial_sequence('\"{table.name}\"', '{column.name}')"
            highest = f'(SELECT max("{column.name}") FROM "{table.name}")'  # noqa: S608
            connection.execute(text(f"SELECT setval({place}, coalesce({highest}, 1))"))


@cache
def _usual(table: type[SQLModel]) -> Row:
    """What columns hold that nothing is said of."""
    fields = table.model_fields.items()
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in fields
        if not field.is_required()
    }


class _Rows:
    """The rows of every table, in the order in which they refer to each other."""

    def __init__(self, past: Past, today: date, zone: ZoneInfo) -> None:
        self.past, self.today, self.zone = past, today, zone
        self.random = Random(past.seed)  # noqa: S311 - repeatable
        self.sites = max(20, past.jobs_a_day * 3)
        self.first = today - timedelta(days=past.days - 1)
        self.found: dict[str, list[Row]] = {}
        self.versions = 0
        self.jobs: dict[str, Row] = {}

    def all(self) -> Iterator[tuple[Table, Iterator[Row]]]:
        self._company()
        for number in range(self.past.days + AHEAD):
            self._day(self.first + timedelta(days=number))
        self._waiting()
        self._webhook()
        self._devices()
        for table in SQLModel.metadata.sorted_tables:
            yield table, iter(self.found.pop(table.name, ()))

    def add(self, table: type[SQLModel], **values: Any) -> Row:
        rows = self.found.setdefault(str(table.__tablename__), [])
        row = _usual(table) | values
        rows.append(row)
        return row

    def numbered(self, table: type[SQLModel], **values: Any) -> int:
        """Add a row that has a number for an id, which is the answer."""
        id_ = len(self.found.get(str(table.__tablename__), ())) + 1
        self.add(table, id=id_, **values)
        return id_

    def note(self, at: datetime, action: str, entity: str, entity_id: object) -> None:
        after = {"is": action, "of": entity, "id": entity_id}
        self.numbered(
            models.LogEntry, at=at, actor="lan" if entity != "run" else "scheduler",
            action=action, entity=entity, entity_id=str(entity_id), before=None, after=after,
        )  # fmt: skip

    # The company

    def _company(self) -> None:
        for table, names in ((models.Skill, SKILLS), (models.Part, PARTS), (models.Tool, ("saw",))):
            for name in names:
                self.add(table, id=name, name=name.title())
        self.add(
            models.Depot, id="D1", name="Kho", address="Kho", latitude=21.02, longitude=105.85,
            opens=time(7), closes=time(18), handling_minutes=10,
        )  # fmt: skip
        for part in PARTS:
            self.add(models.DepotStock, depot_id="D1", part_id=part, quantity=100_000)
        for number in range(self.past.technicians):
            self._technician(f"T{number + 1:03}")
        for number in range(self.sites):
            self._site(f"S{number + 1:05}", number)
        self.add(
            models.JobTemplate, id="fault", title="{type}", skills=[], parts=[], tools=[],
            checklist=["Clean it"],
            readings=[{"name": "Amps", "unit": "A", "least": None, "most": 9.0}],
            duration_minutes=30, extra_minutes=30, priorities={}, due_within_hours=8.0,
            safety_factor=0.5, window=WindowPolicy.REMAINING_LIFE, least_window_hours=4.0,
        )  # fmt: skip
        self.add(
            models.AlertRule, id="all", position=1, name="All", active=True, type_pattern="*",
            least_severity=Severity.WARNING, readings=[], most_remaining_hours=None,
            source_id=None, site_id=None, asset_id=None, model_pattern=None, template_id="fault",
            place=PlaceWhen.BY_PRIORITY, quiet_minutes=10, flood_minutes=60, most_tasks=10,
            withdraw=True,
        )  # fmt: skip
        self.add(
            models.AlertSource, id="scada", name="SCADA", format=AlertFormat.CLOUDEVENTS,
            mapping=None, secrets=[], require_signature=False, active=True,
        )  # fmt: skip

    def _technician(self, id_: str) -> None:
        latitude, longitude = self._somewhere()
        self.add(
            models.Technician, id=id_, name=f"Technician {id_}", phone=None, address="home",
            latitude=latitude, longitude=longitude, active=True,
        )  # fmt: skip
        for skill in SKILLS:
            self.add(
                models.TechnicianSkill, technician_id=id_, skill_id=skill, level=3, expires_on=None
            )
        for weekday in range(7):
            self.add(
                models.WorkingHours, technician_id=id_, weekday=weekday, starts=time(8),
                ends=time(17), max_overtime_minutes=60,
            )  # fmt: skip
        for part in PARTS:
            self.add(models.VanStock, technician_id=id_, part_id=part, quantity=200)
        self.add(
            models.Position, technician_id=id_, latitude=latitude, longitude=longitude,
            at=self._at(self.today - timedelta(days=1), 16),
        )  # fmt: skip

    def _site(self, id_: str, number: int) -> None:
        known = number % EVERY != UNKNOWN
        latitude, longitude = self._somewhere() if known else (None, None)
        self.add(
            models.Site, id=id_, name=f"Site {id_}", address=f"No. {number}", latitude=latitude,
            longitude=longitude, located_by="given" if known else None,
            territory=TERRITORIES[number % 3], phone=None,
        )  # fmt: skip
        if number % 2:
            self.add(
                models.Asset, id=f"A{id_}", site_id=id_, name="Pump", model="P7", serial_number=None
            )
            self.add(
                models.Device, id=f"V{id_}", asset_id=f"A{id_}", in_service=True, shelved_until=None
            )

    def _somewhere(self) -> tuple[float, float]:
        return 21.0 + 0.06 * self.random.random(), 105.8 + 0.06 * self.random.random()

    def _at(self, day: date, hours: float) -> datetime:
        begin = datetime.combine(day, time(), self.zone).astimezone(UTC)
        return begin + timedelta(minutes=round(60 * hours))

    # A day

    def _day(self, day: date) -> None:
        made_at = self._at(min(day, self.today) - timedelta(days=1), 20)
        crew = [f"T{number + 1:03}" for number in range(self.past.technicians)]
        names = [job_id(day, number) for number in range(self.past.jobs_a_day)]
        visits = {name: self._visits(day, names[at :: len(crew)]) for at, name in enumerate(crew)}
        minutes = {one.job_id: one.minutes for each in visits.values() for one in each}
        jobs = self._jobs(day, minutes, made_at)
        is_past = day < self.today
        versions = self.past.versions_a_day if is_past else 2
        # The night's plan is replaced route by route; a technician's last one stays in force.
        last = {name: versions - 1 - at % versions for at, name in enumerate(crew)}
        for number in range(versions):
            at = made_at + timedelta(minutes=30 * number)
            chosen = crew if number == 0 else [name for name in crew if last[name] == number]
            chosen = chosen or [crew[number % len(crew)]]
            plan = self._plan(day, at, PlanStatus.PUBLISHED, by_hand=number > 1)
            for name in chosen:
                self._route(plan, name, day, visits[name], live=last[name] == number)
            for job in jobs[:3]:
                self.add(models.PlanUnassigned, plan_id=plan, job_id=job, reasons=[_OUTBID])
        if day.day % 4 == 0 or day == self.today:
            status = PlanStatus.DISCARDED if is_past else PlanStatus.DRAFT
            draft = self._plan(day, made_at, status)
            for name in crew:
                self._route(draft, name, day, visits[name], live=False)
        if is_past:
            for name in crew:
                self._work(name, visits[name])
            self._alerts(day, jobs)
        if day.day % 7 == 0:
            self.add(
                models.Absence, id=f"absence-{day}", technician_id=crew[day.day % len(crew)],
                starts_at=self._at(day, 17), ends_at=self._at(day, 20), reason=None,
            )  # fmt: skip

    def _jobs(self, day: date, minutes: Mapping[str, int], made_at: datetime) -> list[str]:
        names = [job_id(day, number) for number in range(self.past.jobs_a_day)]
        for number, id_ in enumerate(names):
            # Some of the past was at sites that have lost their place since; no plan has such ones.
            site = self._a_site(anywhere=day < self.today)
            self._job(id_, number, site, minutes[id_], made_at, JobStatus.DISPATCHED)
            self.add(
                models.JobWindow, job_id=id_, starts_at=self._at(day, 8), ends_at=self._at(day, 17)
            )
            self.add(models.JobSkill, job_id=id_, skill_id=SKILLS[number % 4], level=1)
            self.add(models.JobPart, job_id=id_, part_id=PARTS[number % 4], quantity=1)
            self.note(made_at, "create", "job", id_)
            self.note(made_at, "schedule", "job", id_)
            if number % 3 == 0:
                self.add(
                    models.IdempotencyKey, actor="lan", key=f"portal-{id_}", body_hash="0" * 64,
                    job_id=id_, created_at=made_at,
                )  # fmt: skip
        return names

    def _a_site(self, *, anywhere: bool) -> str:
        while True:
            number = self.random.randrange(self.sites)
            if anywhere or number % EVERY != UNKNOWN:
                return f"S{number + 1:05}"

    def _job(
        self, id_: str, number: int, site: str, minutes: int, made_at: datetime, status: JobStatus
    ) -> None:
        self.jobs[id_] = self.add(
            models.Job, id=id_, site_id=site, work_type_id="fault" if number % 2 else None,
            title=f"Maintenance {number}", status=status, hold_reason=None,
            priority=list(Priority)[min(number % 12, 4)] if number % 5 else Priority.NORMAL,
            duration_minutes=minutes, due_at=None, told_at=None, pinned_technician_id=None,
            pinned_start_at=None, en_route_at=None, arrived_at=None, departed_at=None,
            parts_used=None, created_at=made_at, updated_at=made_at, revision=3,
        )  # fmt: skip

    def _visits(self, day: date, jobs: Sequence[str]) -> list[_Visit]:
        """So that there is time for the way to each, and for the break at noon."""
        hours, half = 7.6 / max(1, len(jobs)), len(jobs) // 2
        starts = [8.7 + hours * at + (0.5 if at >= half else 0.0) for at in range(len(jobs))]
        return [
            _Visit(job, self._at(day, start), round(36 * hours))
            for job, start in zip(jobs, starts, strict=True)
        ]

    def _plan(self, day: date, at: datetime, status: PlanStatus, *, by_hand: bool = False) -> int:
        run = None if by_hand else self._run(day, at)
        published = status is PlanStatus.PUBLISHED
        self.versions += published
        plan = self.numbered(
            models.Plan, version=self.versions if published else None, status=status, run_id=run,
            starts_on=day, ends_on=day, territory=None, based_on_version=self.versions - published,
            begins_at=at, created_at=at, published_at=at if published else None,
            objective=100_000, cost={"travel": 100_000},
        )  # fmt: skip
        self.note(at, "publish" if published else "draft", "plan", plan)
        return plan

    def _run(self, day: date, at: datetime) -> str:
        id_ = f"run-{len(self.found.get('run', ())) + 1}"
        self.add(
            models.Run, id=id_, trigger="nightly", status=RunStatus.FINISHED, starts_on=day,
            ends_on=day, territory=None, seconds=10.0, seed=0, publish=True,
            only_small_changes=False, technician_ids=None, freeze_minutes=0.0, plans_from_at=None,
            requested_by="scheduler", created_at=at, started_at=at, heartbeat_at=at, finished_at=at,
            cancel_requested=False, attempts=1, owner=None, progress=1.0, objective=100_000,
            changes=None, failure=None,
        )  # fmt: skip
        self.note(at, "request", "run", id_)
        self.note(at, "finished", "run", id_)
        return id_

    def _route(
        self, plan: int, technician: str, day: date, visits: Sequence[_Visit], live: bool
    ) -> None:
        route = self.numbered(
            models.Route, plan_id=plan, technician_id=technician, day=day,
            shift_starts_at=self._at(day, 8), shift_ends_at=self._at(day, 17),
            start_at=self._at(day, 8), end_at=self._at(day, 17), travel_seconds=7_200,
            distance_metres=40_000, live=live,
        )  # fmt: skip
        half = len(visits) // 2
        noon = visits[half].start_at - timedelta(minutes=30) if visits else self._at(day, 12)
        stops = [
            self._stop(StopKind.DEPOT, self._at(day, 8.2), 10, depot_id="D1", parts={PARTS[0]: 2}),
            *(self._visit(one) for one in visits[:half]),
            self._stop(StopKind.BREAK, noon, 30),
            *(self._visit(one) for one in visits[half:]),
        ]
        for position, stop in enumerate(stops):
            self.add(models.Stop, route_id=route, position=position, live=live, **stop)

    def _visit(self, visit: _Visit) -> Row:
        return self._stop(
            StopKind.VISIT, visit.start_at, visit.minutes, job_id=visit.job_id, parts={PARTS[0]: 1}
        )

    def _stop(self, kind: StopKind, start_at: datetime, minutes: int, **what: Any) -> Row:
        end = start_at + timedelta(minutes=minutes)
        return {
            "kind": kind.value, "job_id": None, "depot_id": None, "arrival_at": start_at,
            "start_at": start_at, "departure_at": end, "parts": {}, "tools": [],
        } | what  # fmt: skip

    # What became of it

    def _work(self, technician: str, visits: Sequence[_Visit]) -> None:
        if not self.past.reporting:
            return
        for visit in visits:
            end = visit.start_at + timedelta(minutes=visit.minutes)
            moments = (visit.start_at - timedelta(minutes=10), visit.start_at, end)
            kinds = (ReportKind.EN_ROUTE, ReportKind.ON_SITE, ReportKind.COMPLETED)
            for kind, at in zip(kinds, moments, strict=True):
                self.add(
                    models.Report, id=f"{visit.job_id}-{kind}", job_id=visit.job_id,
                    technician_id=technician, kind=kind, at=at, received_at=at, reason=None,
                    note=None, parts_used=None, readings={}, checked=[],
                    signed_by=None, checklist=[], readings_wanted=[],
                )  # fmt: skip
                self.note(at, kind.value, "job", visit.job_id)
            self.jobs[visit.job_id].update(
                status=JobStatus.COMPLETED, en_route_at=moments[0], arrived_at=moments[1],
                departed_at=moments[2], parts_used={PARTS[0]: 1}, updated_at=end,
            )  # fmt: skip
            digest = f"{self.random.getrandbits(256):064x}"
            self.add(
                models.Attachment, id=f"{visit.job_id}-photo", job_id=visit.job_id,
                kind=AttachmentKind.PHOTO, technician_id=technician, taken_at=end, received_at=end,
                removed_at=None, media_type="image/jpeg", size=200_000, width=1_600, height=1_200,
                digest=digest, sent_digest=digest,
            )  # fmt: skip

    def _alerts(self, day: date, jobs: Sequence[str]) -> None:
        devices = self.found["device"]
        for number in range(max(2, len(jobs) // 4)):
            # Some machines call again and again.
            device = devices[number if number < 3 else self.random.randrange(len(devices))]
            at = self._at(day, 7 + 10 * self.random.random())
            job = jobs[number]
            is_first = number % 2 == 0
            alert = self.numbered(
                models.Alert, source_id="scada" if number % 2 else "", origin="",
                id_at_source=f"{day}-{number}", device_id=device["id"],
                site_id=device["id"][1:], type=("heat", "leak", "noise")[number % 3],
                severity=Severity.MAJOR, readings={"heat": 90.0}, remaining_life_hours=None,
                message="hot", occurred_at=at, received_at=at, last_seen_at=at, count=2,
                last_active_at=at, acknowledged_at=None, acknowledged_by=None,
                cleared_at=at + timedelta(hours=1), state=AlarmState.NORMAL,
                outcome=AlertOutcome.CLEARED, reason=None, rule_id=None, job_id=job,
                raw={"type": "heat", "device": device["id"]},
            )  # fmt: skip
            self.note(at, "receive", "alert", alert)
            if not is_first:
                continue
            self.add(
                models.JobTask, job_id=job, position=1, title="heat", alert_id=alert,
                device_id=device["id"], type="heat", count=1, severity=Severity.MAJOR, added_at=at,
                last_seen_at=at,
            )  # fmt: skip
            placement = self.numbered(
                models.Placement, job_id=job, trigger="alert", asked_by="scada", asked_at=at,
                status=PlacementStatus.PLACED if number else PlacementStatus.NO_PLACE, rounds=1,
                settled_at=at, plan_id=None, bumped_job_ids=[], cause=None,
            )  # fmt: skip
            self.note(at, "placed", "placement", placement)
        for number in range(2):
            at = self._at(day, 9 + number)
            self.numbered(
                models.DeadLetter, source_id="scada", digest=f"scada {day} {number}",
                content_type="application/json", headers={}, device=None, is_item=False,
                body=b"{}" * 200, size=400, faults=[], received_at=at, last_seen_at=at, count=1,
                state=DeadLetterState.DISCARDED, settled_at=at, settled_by="lan", alert_ids=[],
            )  # fmt: skip

    def _waiting(self) -> None:
        plans = len(self.found["plan"])
        at = self._at(self.today, 0)
        for number in range(WAITING):
            id_ = f"W{number:04}"
            self._job(id_, number, self._a_site(anywhere=True), 40, at, JobStatus.OPEN)
            for plan in range(max(1, plans - 200), plans + 1):
                self.add(models.PlanUnassigned, plan_id=plan, job_id=id_, reasons=[_OUTBID])

    def _webhook(self) -> None:
        at = self._at(self.today, 0)
        self.add(
            models.Webhook, id="hook", url="https://hook.example/", types=["job"], description=None,
            secret="",
            previous_secret=None, previous_secret_ends_at=None, active=False,
            disabled_reason="It is made up.", created_at=at, cursor=len(self.found["log_entry"]),
            leased_by=None, leased_until_at=None, held_until_at=None,
        )  # fmt: skip
        for entry in self.found["log_entry"]:
            if entry["entity"] == "job" and entry["at"] > at - KEPT_DELIVERIES:
                self.numbered(
                    models.WebhookDelivery, webhook_id="hook", event_id=entry["id"],
                    status=DeliveryStatus.DELIVERED, attempts=1, next_attempt_at=entry["at"],
                    last_status=200, last_error=None, created_at=entry["at"],
                    delivered_at=entry["at"],
                )  # fmt: skip

    def _devices(self) -> None:
        """One that is told when the day changes, and one that nobody has looked at for long."""
        long_ago = self._at(self.first, 0)
        for id_, expires_at in (("T001", self._at(self.today, 24 * 30)), ("T002", long_ago)):
            self.add(
                models.Account, id=id_, name=id_, role=models.Role.TECHNICIAN, technician_id=id_,
                password_hash="", created_at=long_ago,
            )  # fmt: skip
            self.add(
                models.SignIn, id=id_, account_id=id_, account_revision=1, token_hash=id_,
                renewed_at=long_ago, expires_at=expires_at,
            )  # fmt: skip
            self.add(
                models.PushSubscription, id=id_, sign_in_id=id_, technician_id=id_,
                endpoint=f"https://push.example/{id_}", p256dh="", auth="", language="vi",
                created_at=long_ago, known_on=self.first,
            )  # fmt: skip
            self.numbered(
                models.PushMessage, subscription_id=id_, day=self.first, is_new_day=False,
                next_attempt_at=long_ago, expires_at=long_ago, created_at=long_ago,
            )  # fmt: skip
        for number in range(SIGN_INS):
            self.add(
                models.SignIn, id=f"{number}", account_id="T002", account_revision=1,
                token_hash=f"{number}", renewed_at=long_ago, expires_at=long_ago,
            )  # fmt: skip
        self.add(
            models.PushSource, private_key="", cursor=len(self.found["log_entry"]) - 100,
            created_at=long_ago,
        )  # fmt: skip


_OUTBID = {"code": "outbid", "rule": None, "message": "Others paid more."}
