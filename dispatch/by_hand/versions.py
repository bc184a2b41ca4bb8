"""New versions of a few routes made by hand: under lock, checked, and with all it takes to undo
them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch import models
from dispatch.by_hand.judgements import Judgement
from dispatch.errors import Conflict
from dispatch.jobs.pins import set_pin
from dispatch.jobs.placements import ask_for_place
from dispatch.models import (
    PLANNABLE,
    SET_ASIDE,
    Job,
    ManualChange,
    ManualChangeJob,
    Plan,
    PlanUnassigned,
)
from dispatch.output import Output
from dispatch.planning.broken_rules import broken_in_force, kind_of
from dispatch.planning.live_day import LiveDay
from dispatch.planning.loading import load_live_day
from dispatch.planning.plan_rows import PlanRows, RouteRows
from dispatch.planning.snapshot import LiveRoute, Scope, jobs_on, live_routes
from dispatch.planning.waivers import waivers_of
from dispatch.plans import versions
from dispatch.plans.taking_back import replaced_routes
from dispatch.settings import Settings
from solver.faults import Fault
from solver.solution import Rule, Violation


class ChangeMade(Output):
    """A change by hand that is in force."""

    plan_id: int
    plan_version: int
    """The version that it made; undo it by this number."""
    is_new: bool
    """False: it was so already, and there is nothing to undo."""
    job_id: str
    judgement: Judgement | None
    """What it came to, and what was waived for it; null for what was undone."""
    undoes_version: int | None
    """The version of the change that was undone by this one."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The routes of the technicians concerned, which nobody else can change any more."""

    scope: Scope
    live: LiveDay
    jobs: Mapping[str, Job]

    @property
    def routes(self) -> tuple[LiveRoute, ...]:
        """As they are in force."""
        return self.live.translation.snapshot.live


def ground_of(
    session: Session,
    scope: Scope,
    settings: Settings,
    at: datetime,
    ids: Collection[str] = (),
    *,
    about_to_begin: bool = True,
) -> Ground:
    """Hold the scope's routes: nobody else can change the jobs on them, nor those waiting for a
    place and those of ``ids``, until the transaction ends. ``about_to_begin``: what starts within
    the freeze time stays where it is, too.

    Raises ``InvalidProblem`` if the rows contradict each other.
    """
    before = live_routes(session, scope.starts_on, scope.ends_on, scope.technician_ids)
    waiting = scope.waiting_job_ids or frozenset()
    jobs = versions.hold_jobs(session, {*jobs_on(before), *waiting, *ids})
    freeze = settings.freeze if about_to_begin else timedelta()
    return Ground(scope, load_live_day(session, scope, at, freeze, settings), jobs)


class ManualVersion:
    """A new version that replaces a few routes, and what has to be kept to undo it."""

    def __init__(self, session: Session, ground: Ground, actor: str, at: datetime) -> None:
        self.session, self.ground, self.actor, self.at = session, ground, actor, at
        self._pins = {name: _pin_of(job) for name, job in ground.jobs.items()}
        self._waivers = [row.model_dump(mode="json") for row in waivers_of(session, ground.jobs)]

    def stored(
        self,
        routes: Sequence[RouteRows],
        unassigned: list[PlanUnassigned],
        costs: Mapping[Rule, int],
    ) -> Plan:
        """The routes as a plan that is not in force yet."""
        rows = PlanRows(
            starts_on=self.ground.scope.starts_on,
            ends_on=self.ground.scope.ends_on,
            begins_at=self.at,
            routes=list(routes),
            unassigned=unassigned,
            cost={rule.value: cents for rule, cents in costs.items() if cents},
        )
        return versions.store_draft(self.session, rows)

    def take_back(self, change: ManualChange) -> None:
        """Give the jobs pins and waivers as they were before the change."""
        open_ = {name for name, job in self.ground.jobs.items() if job.status not in SET_ASIDE}
        for row in waivers_of(self.session, open_):
            self.session.delete(row)
        self.session.flush()
        for kept in change.waivers:
            if kept["job_id"] in open_:
                self.session.add(models.Waiver.model_validate({**kept, "id": None}))
        for name, pin in change.pins.items():
            set_pin(
                self.session,
                self.ground.jobs[name],
                pin["technician_id"],
                _moment(pin["start_at"]),
                actor=self.actor,
                not_before_at=_moment(pin.get("not_before_at")),
            )
        self.session.flush()

    def put_in_force(
        self,
        plan: Plan,
        routes: Sequence[RouteRows],
        replaced: Sequence[LiveRoute],
        job_ids: Sequence[str],
        undoes: Plan | None = None,
        statuses: Mapping[str, Mapping[str, str | None]] | None = None,
    ) -> None:
        """Make the plan the next version, and note what it takes to undo it. Whoever else has lost
        their place by it waits for another one; ``undoes`` is the version that this takes back, and
        ``statuses`` are those that it changes, as they were.

        Whoever calls it holds the publication.
        """
        session, jobs = self.session, self.ground.jobs
        versions.put_in_force(session, plan, routes, replaced, jobs, actor=self.actor, at=self.at)
        there = {stop.job_id: rows.route for rows in routes for stop in rows.stops}
        for name in sorted(jobs_on(replaced) - there.keys() - {*job_ids}):
            if jobs[name].status in PLANNABLE:
                ask_for_place(session, name, trigger="displaced", actor=self.actor)
        pins = {name: pin for name, pin in self._pins.items() if pin != _pin_of(jobs[name])}
        first, *others = job_ids
        session.add(
            ManualChange(
                plan_id=plan.id or 0,
                job_id=first,
                technician_id=there[first].technician_id if first in there else None,
                replaced=replaced_routes(replaced),
                pins=pins,
                waivers=self._waivers,
                broken=sorted(broken_in_force(self.ground.live)),
                statuses={name: dict(was) for name, was in (statuses or {}).items()},
                undoes_plan_id=None if undoes is None else undoes.id,
            )
        )
        session.flush()
        session.add_all(ManualChangeJob(plan_id=plan.id or 0, job_id=name) for name in others)
        session.flush()


def verify(
    session: Session,
    ground: Ground,
    settings: Settings,
    at: datetime,
    broken_once: Collection[str] = (),
    existing: Iterable[Violation] = (),
) -> None:
    """The last word: as it is in force now, the plan breaks nothing that was not broken before,
    or ``broken_once``, when the routes were in force the first time. What was broken before shows
    as ``existing`` once its route is timed anew.

    Raises ``Conflict``; nothing of the change may be committed then.
    """
    known = {kind: violation.amount for kind, violation in broken_in_force(ground.live).items()}
    for one in existing:
        known[kind_of(one)] = max(one.amount, known.get(kind_of(one), 0))
    found = broken_in_force(load_live_day(session, ground.scope, at, settings.freeze, settings))
    faults = [
        Fault(
            f"breaks_{violation.rule}",
            violation.where,
            violation.message,
            "read the plan again, and look for another place",
        )
        for kind, violation in found.items()
        if kind not in broken_once and known.get(kind, 0) < violation.amount
    ]
    if faults:
        raise Conflict(*faults)


def made(
    plan: Plan,
    job_id: str,
    shown: Judgement | None = None,
    *,
    undoes: int | None = None,
    is_new: bool = True,
) -> ChangeMade:
    """The answer to whoever made the change; ``shown`` is what it came to, ``undoes`` the version
    that was undone by it. ``is_new``: whether it has made a version at all."""
    return ChangeMade(
        plan_id=plan.id or 0,
        plan_version=plan.version or 0,
        is_new=is_new,
        job_id=job_id,
        judgement=shown,
        undoes_version=undoes,
    )


def _pin_of(job: Job) -> dict[str, str | None]:
    moments = {"start_at": job.pinned_start_at, "not_before_at": job.not_before_at}
    return {
        "technician_id": job.pinned_technician_id,
        **{name: None if at is None else at.isoformat() for name, at in moments.items()},
    }


def _moment(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)
