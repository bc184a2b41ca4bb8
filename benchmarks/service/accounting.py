"""What is in the database after a storm, held against what was acknowledged."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from benchmarks.service.storm import Ledger
from dispatch.models import (
    OVER,
    PLANNABLE,
    Alert,
    DeadLetter,
    Job,
    JobStatus,
    JobTask,
    LogEntry,
    Placement,
    PlacementStatus,
    Plan,
    Route,
    Run,
    RunStatus,
    Stop,
    now,
)
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.loading import live_day_of
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.settings import Settings
from dispatch.settling.issues import IssueKind
from dispatch.settling.listing import list_issues
from dispatch.store import reading
from solver.judge.check import check
from solver.rules.cost import cost
from solver.solution import Solution, StopKind

REVISED = ("change", "cancel", "schedule", "unschedule")
"""Entries of the log with which a job's revision grows."""
TELLING = {IssueKind.LATE, IssueKind.CONFLICT}
"""Of a visit in force that cannot be as it is planned."""


@dataclass
class Account:
    """What was found; ``lost``, ``doubled`` and ``broken`` are sentences, and should be none."""

    alerts: int = 0
    dead_letters: int = 0
    jobs: int = 0
    live: int = 0
    versions: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.broken)


def is_settled(engine: Engine, ledger: Ledger) -> bool:
    """Whether all that was acknowledged has come in, and nothing waits to be worked on."""
    with Session(reading(engine)) as session:
        if ledger.alerts.keys() - set(session.exec(select(Alert.id_at_source))):
            return False
        if len(ledger.letters) > session.exec(select(func.count(col(DeadLetter.id)))).one():
            return False
        waiting = select(Placement.id).where(Placement.status == PlacementStatus.WAITING)
        at_work = select(Run.id).where(col(Run.status).in_((RunStatus.QUEUED, RunStatus.RUNNING)))
        return session.exec(waiting).first() is None and session.exec(at_work).first() is None


def take_account(engine: Engine, settings: Settings, ledger: Ledger) -> Account:
    """Look at everything once the service is still."""
    account = Account()
    with Session(reading(engine)) as session:
        jobs = {job.id: job for job in session.exec(select(Job))}
        account.jobs = len(jobs)
        _count_alerts(session, ledger, account)
        _count_letters(session, ledger, account)
        _look_at_problems(session, jobs, account)
        _look_at_log(session, jobs, account)
        _look_at_plan(session, jobs, account)
        _check_days(session, settings, account)
    return account


def _count_alerts(session: Session, ledger: Ledger, account: Account) -> None:
    alerts = session.exec(select(Alert)).all()
    account.alerts = len(alerts)
    rows = Counter(alert.id_at_source for alert in alerts)
    told = {alert.id_at_source: alert.count for alert in alerts}
    for id_, times in ledger.alerts.items():
        if id_ not in rows:
            account.lost.append(f"alert {id_} was acknowledged and is not there")
        elif told[id_] < times:
            account.lost.append(f"alert {id_} was acknowledged {times} times, counted {told[id_]}")
    for id_, number in rows.items():
        if number > 1:
            account.doubled.append(f"alert {id_} is there {number} times")
        if id_ in ledger.letters:
            account.doubled.append(f"{id_} is an alert, and cannot be understood")


def _count_letters(session: Session, ledger: Ledger, account: Account) -> None:
    letters = session.exec(select(DeadLetter)).all()
    account.dead_letters = len(letters)
    for id_ in ledger.letters:
        number = sum(id_.encode() in letter.body for letter in letters)
        if number == 0:
            account.lost.append(f"dead letter {id_} was acknowledged and is not there")
        elif number > 1:
            account.doubled.append(f"dead letter {id_} is there {number} times")
    if len(letters) > len(ledger.letters):
        surplus = len(letters) - len(ledger.letters)
        account.doubled.append(f"there are {surplus} more dead letters than there should be")


def _look_at_problems(session: Session, jobs: dict[str, Job], account: Account) -> None:
    """One problem, one job that is not over."""
    open_ = Counter(
        (task.device_id, task.type)
        for task in session.exec(select(JobTask))
        if jobs[task.job_id].status not in (*OVER, JobStatus.CANCELLED)
    )
    for (device, type_), number in open_.items():
        if number > 1:
            account.doubled.append(f"{number} open tasks are for {type_} of {device}")
    counted: Counter[tuple[str | None, str, str]] = Counter()
    for alert in session.exec(select(Alert)):
        if alert.outcome in ("job", "folded"):
            counted[alert.job_id, alert.device_id, alert.type] += 1
            if alert.job_id not in jobs or jobs[alert.job_id].status == JobStatus.CANCELLED:
                account.broken.append(f"alert {alert.id_at_source} is active and its job is not")
    for task in session.exec(select(JobTask)):
        if task.count < counted[task.job_id, task.device_id, task.type]:
            account.broken.append(f"job {task.job_id} does not count all of its alerts")


def _look_at_log(session: Session, jobs: dict[str, Job], account: Account) -> None:
    """The log is written with the changes: one entry for each."""
    entries = Counter(
        (entry.entity_id, entry.action)
        for entry in session.exec(select(LogEntry).where(LogEntry.entity == "job"))
    )
    for id_, job in jobs.items():
        made = entries[id_, "create"] + entries[id_, "import"]
        if made != 1:
            account.broken.append(f"job {id_} was made {made} times, says the log")
        changes = sum(entries[id_, action] for action in REVISED)
        if changes != job.revision - 1:
            account.broken.append(
                f"job {id_} has revision {job.revision}, and {changes} changes in the log"
            )


def _look_at_plan(session: Session, jobs: dict[str, Job], account: Account) -> None:
    versions = sorted(version for version in session.exec(select(Plan.version)) if version)
    account.versions = len(versions)
    if versions != list(range(1, len(versions) + 1)):
        account.broken.append("the versions have holes")
    waiting = select(Placement.id).where(Placement.status == PlacementStatus.WAITING)
    if session.exec(waiting).first() is not None:
        account.broken.append("jobs still wait for a place")
    rows = session.exec(
        select(Stop, Route)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(col(Stop.live))
        .order_by(col(Route.id), col(Stop.position))
    ).all()
    visits = Counter(stop.job_id for stop, _ in rows if stop.kind == StopKind.VISIT)
    account.live = len(visits)
    for job_id, number in visits.items():
        if number > 1:
            account.doubled.append(f"job {job_id} is on {number} live stops")
    scheduled = {
        id_ for id_, job in jobs.items() if job.status in PLANNABLE and job.status != JobStatus.OPEN
    }
    for id_ in scheduled - visits.keys():
        account.lost.append(f"job {id_} is {jobs[id_].status} and on no live stop")
    for job_id in visits.keys() - scheduled:
        account.broken.append(f"job {job_id} is on a live stop and {jobs[job_id or ''].status}")
    shifts = Counter(
        (route.technician_id, route.shift_starts_at)
        for route in session.exec(select(Route).where(col(Route.live)))
    )
    for (technician, starts_at), number in shifts.items():
        if number > 1:
            account.doubled.append(f"{technician} has {number} live routes at {starts_at}")
    for (stop, route), (after, same) in pairwise(rows):
        if not route.live:
            account.broken.append(f"route {route.id} is not live and stop {stop.position} is")
        if route.id == same.id and after.arrival_at < stop.departure_at:
            account.broken.append(f"stops of route {route.id} overlap")


def _check_days(session: Session, settings: Settings, account: Account) -> None:
    """Every rule holds for what is in force, but for visits that an issue tells of: hours later
    than planned, some can be too late for their technician's day."""
    at = now()
    issues = list_issues(session, settings, at, broken_visits(session, settings, at))
    told = {id_ for one in issues if one.kind in TELLING for id_ in one.job_ids}
    today = at.astimezone(settings.zone).date()
    for day in (today + timedelta(days=number) for number in range(settings.place_days)):
        live = live_day_of(load_snapshot(session, Scope(day, day), at, settings.freeze), settings)
        routes, problem = live.kept.routes, live.translation.problem
        served = {stop.id for route in routes for stop in route.stops}
        visits = tuple(visit for visit in problem.visits if visit.id in served)
        problem = replace(problem, visits=visits)
        solution = Solution(routes, (), cost(problem, routes, ()))
        account.broken += [f"{day}: {violation}" for violation in check(problem, solution)]
        to_come = {
            stop.job_id
            for found in live.translation.snapshot.live
            for stop in found.stops
            if stop.job_id in live.translation.visits
        }
        account.broken += [
            f"{day}: {job_id} cannot be kept, and no issue says so"
            for job_id in to_come - served - told
        ]
