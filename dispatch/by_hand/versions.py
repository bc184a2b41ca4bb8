"""New versions of a few routes made by hand: under lock, checked, and with all it takes to undo
them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch import models, plans_store
from dispatch.errors import Conflict
from dispatch.judgements import Judgement
from dispatch.judging import broken
from dispatch.live_day import LiveDay, live_day_of
from dispatch.models import PLANNABLE, Job, ManualChange, Plan, PlanUnassigned
from dispatch.output import Output
from dispatch.pins import set_pin
from dispatch.placements import ask_for_place
from dispatch.plan_rows import RouteRows, in_force
from dispatch.plans import GONE, put_in_force
from dispatch.settings import Settings
from dispatch.snapshot import LiveRoute, Scope, live_routes, load_snapshot
from dispatch.waivers import waivers_of
from solver.problem import Fault
from solver.solution import Rule, Violation

Broken = Mapping[str, Violation]
"""Violations by what they are about."""


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
    """``about_to_begin``: what starts within the freeze time stays where it is, too."""
    before = live_routes(session, scope.starts_on, scope.ends_on, scope.technician_ids)
    on_routes = {stop.job_id for found in before for stop in found.stops if stop.job_id}
    waiting = scope.waiting_job_ids or frozenset()
    jobs = plans_store.hold_jobs(session, {*on_routes, *waiting, *ids})
    for job in jobs.values():
        session.refresh(job)
    freeze = settings.freeze if about_to_begin else timedelta()
    snapshot = load_snapshot(session, scope, at, freeze)
    return Ground(scope, live_day_of(snapshot, settings), jobs)


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
        days = self.ground.scope.starts_on, self.ground.scope.ends_on
        return plans_store.store_changed_routes(
            self.session, routes, unassigned, days, costs, self.at
        )

    def take_back(self, change: ManualChange) -> None:
        """Give the jobs pins and waivers as they were before the change."""
        open_ = {name for name, job in self.ground.jobs.items() if job.status not in GONE}
        for row in waivers_of(self.session, open_):
            self.session.delete(row)
        self.session.flush()
        for kept in change.waivers:
            if kept["job_id"] in open_:
                self.session.add(models.Waiver.model_validate({**kept, "id": None}))
        for name, pin in change.pins.items():
            start_at = pin["start_at"]
            set_pin(
                self.session,
                self.ground.jobs[name],
                pin["technician_id"],
                None if start_at is None else datetime.fromisoformat(start_at),
                actor=self.actor,
            )
        self.session.flush()

    def put_in_force(
        self,
        plan: Plan,
        routes: Sequence[RouteRows],
        replaced: Sequence[LiveRoute],
        job_id: str,
        undoes: Plan | None = None,
    ) -> None:
        session, jobs = self.session, self.ground.jobs
        put_in_force(session, plan, routes, replaced, jobs, actor=self.actor, at=self.at)
        there = {stop.job_id: rows.route for rows in routes for stop in rows.stops}
        lost = {stop.job_id for found in replaced for stop in found.stops if stop.job_id}
        for name in sorted(lost - there.keys() - {job_id}):
            if jobs[name].status in PLANNABLE:
                ask_for_place(session, name, trigger="displaced", actor=self.actor)
        pins = {name: pin for name, pin in self._pins.items() if pin != _pin_of(jobs[name])}
        session.add(
            ManualChange(
                plan_id=plan.id or 0,
                job_id=job_id,
                technician_id=there[job_id].technician_id if job_id in there else None,
                replaced=[
                    {
                        "route_id": found.route.id,
                        "positions": [stop.position for stop in found.stops],
                    }
                    for found in replaced
                ],
                pins=pins,
                waivers=self._waivers,
                broken=sorted(_broken(self.ground.live)),
                undoes_plan_id=None if undoes is None else undoes.id,
            )
        )
        session.flush()


def verify(
    session: Session,
    ground: Ground,
    settings: Settings,
    at: datetime,
    broken_once: Collection[str] = (),
) -> None:
    """The last word: as it is in force now, the plan breaks nothing that was not broken before,
    or ``broken_once``, when the routes were in force the first time.

    Raises ``Conflict``; nothing of the change may be committed then.
    """
    known = _broken(ground.live)
    snapshot = load_snapshot(session, ground.scope, at, settings.freeze)
    found = _broken(live_day_of(snapshot, settings))
    faults = [
        Fault(
            f"breaks_{violation.rule}",
            violation.where,
            violation.message,
            "read the plan again, and look for another place",
        )
        for kind, violation in found.items()
        if kind not in broken_once and (kind not in known or known[kind].amount < violation.amount)
    ]
    if faults:
        raise Conflict(*faults)


def _broken(live: LiveDay) -> Broken:
    solution = in_force(live.translation)
    found = [] if solution is None else broken(live.problem, solution.routes)
    return {f"{one.rule} {one.shift} {one.stop} {one.subjects}": one for one in found}


def made(
    plan: Plan,
    job_id: str,
    shown: Judgement | None = None,
    *,
    undoes: int | None = None,
    is_new: bool = True,
) -> ChangeMade:
    return ChangeMade(
        plan_id=plan.id or 0,
        plan_version=plan.version or 0,
        is_new=is_new,
        job_id=job_id,
        judgement=shown,
        undoes_version=undoes,
    )


def _pin_of(job: Job) -> dict[str, str | None]:
    start_at = job.pinned_start_at
    return {
        "technician_id": job.pinned_technician_id,
        "start_at": None if start_at is None else start_at.isoformat(),
    }
