"""Changes by hand put in force: a visit dragged somewhere else, and taken back.

A change is judged again under lock, so that what is put in force is what was shown, or nothing.
What it breaks is waived only by an override, which says why, is logged, and pins the job.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlmodel import Session, col, select

from dispatch import log, models, plans_store
from dispatch.errors import Conflict, NotFound
from dispatch.intake import Input, Text
from dispatch.judgements import Judgement, PlanChange, day_of, judgement, move_of
from dispatch.judging import Judged, judge
from dispatch.live_day import LiveDay, live_day_of
from dispatch.merging import TAKEN_OFF
from dispatch.models import PLANNABLE, Job, ManualChange, Plan, PlanStatus, PlanUnassigned, now
from dispatch.output import Output
from dispatch.pins import set_pin
from dispatch.placements import ask_for_place
from dispatch.placing import attendable, plannable
from dispatch.plan_rows import UNKNOWN, PlanRows, RouteRows, in_force, shift_key, to_plan
from dispatch.plans import GONE, put_in_force
from dispatch.settings import Settings
from dispatch.snapshot import LiveRoute, Scope, live_routes, load_snapshot
from dispatch.technicians import read_technician
from dispatch.waivers import waivers_of
from solver.check import check
from solver.cost import cost
from solver.problem import Fault
from solver.solution import EARLIER, START, Rule, Solution, Violation

Broken = Mapping[str, Violation]
"""Violations by what they are about."""


class Override(Input):
    """A decision to break rules all the same."""

    reason: Text
    """Why; it is kept in the log."""


class ChangeToMake(PlanChange):
    """A change by hand that is to be put in force."""

    override: Override | None = None
    """Needed if the change breaks a hard rule."""
    plan_version: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """The version that the change was judged against: it is refused if the routes concerned have
    changed since. Absent: whatever they are now."""


class ChangeMade(Output):
    """A change by hand that is in force."""

    plan_id: int
    plan_version: int
    """The version that it made; undo it by this number."""
    job_id: str
    judgement: Judgement | None
    """What it came to, and what was waived for it; null for what was undone."""
    undoes_version: int | None
    """The version of the change that was undone by this one."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """The routes of the technicians concerned, which nobody else can change any more."""

    scope: Scope
    live: LiveDay
    jobs: Mapping[str, Job]

    @property
    def routes(self) -> tuple[LiveRoute, ...]:
        return self.live.translation.snapshot.live


def make_change(
    session: Session,
    change: ChangeToMake,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> ChangeMade:
    """Put the change in force as a new version, which changes the routes that the job leaves and
    joins. One that changes nothing makes none.

    Raises as ``judge_change``, and ``Conflict`` with every hard rule that it would break if there
    is no override, or none helps, or if the routes have changed since ``plan_version``.
    """
    at = at or now()
    plans_store.hold_publication(session)
    plannable(session, change.job_id)
    if change.technician_id is not None:
        read_technician(session, change.technician_id)
    holder = plans_store.live_visits(session, [change.job_id]).get(change.job_id)
    if holder is None and change.technician_id is None:
        where, cause = f"job {change.job_id}", "it is on no route"
        raise Conflict(Fault("not_in_plan", where, cause, "there is nothing to take it off"))
    concerned = {change.technician_id, None if holder is None else holder.technician_id}
    day = day_of(change, settings, at)
    scope = Scope(
        day,
        day,
        technician_ids=frozenset(name for name in concerned if name is not None),
        waiting_job_ids=frozenset({change.job_id}),
    )
    ground = _ground(session, scope, settings, at)
    _unchanged_since(session, ground, change)
    plannable(session, change.job_id)
    attendable(ground.live, change.job_id, day)
    judged = judge(ground.live, move_of(ground.live, change))
    shown = judgement(ground.live, judged)
    if not judged.is_possible:
        _overridden(shown, change)
    if _is_as_it_was(judged) and not change.hold and judged.is_possible:
        newest = max((found.route.plan_id for found in ground.routes), default=None)
        if newest is not None:
            return _made(session.get_one(Plan, newest), change.job_id, shown, None)
    unassigned = []
    if change.technician_id is None:
        job_id = change.job_id
        unassigned = [PlanUnassigned(plan_id=UNKNOWN, job_id=job_id, reasons=[TAKEN_OFF])]
    version = _Version(session, ground, actor, at)
    routes, replaced = _rows(ground.live, judged)
    plan = version.stored(routes, unassigned, cost(ground.live.problem, judged.after, ()))
    _set_aside(session, ground, plan, change, judged, actor=actor, at=at)
    _log(session, plan, change, shown, replaced, actor)
    version.put_in_force(plan, routes, replaced, change.job_id)
    _verify(session, ground, settings, at)
    return _made(plan, change.job_id, shown, None)


def undo_change(
    session: Session,
    plan_version: int,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> ChangeMade:
    """Have the routes that the change replaced as they were, with pins and waivers, as a new
    version; again is as once, and an undone change can be had back by undoing that.

    Raises ``NotFound``, or ``Conflict`` if anything on these routes has begun since, or been
    changed, or is too late.
    """
    at = at or now()
    plans_store.hold_publication(session)
    plan, change = _change_of(session, plan_version)
    undone = session.exec(
        select(Plan)
        .join(ManualChange, col(ManualChange.plan_id) == Plan.id)
        .where(ManualChange.undoes_plan_id == plan.id)
    ).one_or_none()
    if undone is not None:
        return _made(undone, change.job_id, None, plan.version)
    before = [_as_before(session, one) for one in change.replaced]
    since = plans_store.routes_of(session, plan.id or 0)
    names = {rows.route.technician_id for rows in (*before, *since)}
    ids = {stop.job_id for rows in (*before, *since) for stop in rows.stops if stop.job_id}
    scope = Scope(
        plan.starts_on,
        plan.ends_on,
        technician_ids=frozenset(names),
        waiting_job_ids=frozenset(ids),
    )
    ground = _ground(session, scope, settings, at, ids, about_to_begin=False)
    keys = {shift_key(rows.route) for rows in (*before, *since)}
    replaced = [found for found in ground.routes if shift_key(found.route) in keys]
    off = {name for name in ids if ground.jobs[name].status in GONE}
    routes = [_copied(rows, off) for rows in before]
    faults = [
        *_changed_since(session, plan, since, replaced, ids),
        *_begun_since(plan, routes, ground.live, at),
    ]
    if faults:
        raise Conflict(*faults)
    version = _Version(session, ground, actor, at)
    new = version.stored(routes, [], {})
    version.take_back(change)
    log.record(
        session,
        actor,
        "undo",
        "job",
        change.job_id,
        after={"plan_id": new.id, "undoes_version": plan.version},
    )
    version.put_in_force(new, routes, replaced, change.job_id, undoes=plan)
    _verify(session, ground, settings, at, change.broken)
    return _made(new, change.job_id, None, plan.version)


# Under lock


def _ground(
    session: Session,
    scope: Scope,
    settings: Settings,
    at: datetime,
    ids: Collection[str] = (),
    *,
    about_to_begin: bool = True,
) -> _Ground:
    """``about_to_begin``: what starts within the freeze time stays where it is, too."""
    before = live_routes(session, scope.starts_on, scope.ends_on, scope.technician_ids)
    on_routes = {stop.job_id for found in before for stop in found.stops if stop.job_id}
    waiting = scope.waiting_job_ids or frozenset()
    jobs = plans_store.hold_jobs(session, {*on_routes, *waiting, *ids})
    for job in jobs.values():
        session.refresh(job)
    freeze = settings.freeze if about_to_begin else timedelta()
    snapshot = load_snapshot(session, scope, at, freeze)
    return _Ground(scope, live_day_of(snapshot, settings), jobs)


class _Version:
    """A new version that replaces a few routes, and what has to be kept to undo it."""

    def __init__(self, session: Session, ground: _Ground, actor: str, at: datetime) -> None:
        self.session, self.ground, self.actor, self.at = session, ground, actor, at
        self._pins = {name: _pin_of(job) for name, job in ground.jobs.items()}
        self._waivers = {
            row.id: row.model_dump(mode="json") for row in waivers_of(session, ground.jobs)
        }

    def stored(
        self,
        routes: Sequence[RouteRows],
        unassigned: list[PlanUnassigned],
        costs: Mapping[Rule, int],
    ) -> Plan:
        """The routes as a plan that is not in force yet."""
        plan = Plan(
            status=PlanStatus.DRAFT,
            starts_on=self.ground.scope.starts_on,
            ends_on=self.ground.scope.ends_on,
            based_on_version=plans_store.highest_version(self.session),
            begins_at=self.at,
            objective=sum(costs.values()),
            cost={rule.value: cents for rule, cents in costs.items() if cents},
        )
        return plans_store.store_plan(self.session, PlanRows(plan, list(routes), unassigned))

    def take_back(self, change: ManualChange) -> None:
        """Give the jobs pins and waivers as they were before the change."""
        for row in waivers_of(self.session, self.ground.jobs):
            if row.plan_id == change.plan_id:
                self.session.delete(row)
        self.session.flush()
        for kept in change.ended_waivers:
            row = models.Waiver.model_validate({**kept, "id": None})
            self.session.add(row)
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
        left = {row.id for row in waivers_of(session, jobs)}
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
                ended_waivers=[row for id_, row in self._waivers.items() if id_ not in left],
                broken=sorted(_broken(self.ground.live)),
                undoes_plan_id=None if undoes is None else undoes.id,
            )
        )
        session.flush()


def _verify(
    session: Session,
    ground: _Ground,
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
    if solution is None:
        return {}
    found = check(live.problem, Solution(solution.routes, (), {}))
    return {
        f"{violation.rule} {violation.shift} {violation.stop} {violation.subjects}": violation
        for violation in found
        if violation.rule not in (Rule.COST, Rule.EVERY_VISIT_ONCE)
    }


# Making a change


def _unchanged_since(session: Session, ground: _Ground, change: ChangeToMake) -> None:
    if change.plan_version is None:
        return
    ids = {found.route.plan_id for found in ground.routes}
    newest = max(plans_store.versions_of(session, ids).values(), default=0)
    if newest > change.plan_version:
        raise Conflict(
            Fault(
                "changed_since",
                f"job {change.job_id}",
                f"version {newest}, published since, has changed the routes concerned",
                "look at them, and judge the change again",
            )
        )


def _overridden(shown: Judgement, change: ChangeToMake) -> None:
    """Raises ``Conflict`` if the change, which breaks rules, is not or cannot be overridden."""
    if change.override is not None and shown.overridable:
        return
    action = "override it with a reason, or look for another place"
    if not shown.overridable:
        action = "no override helps here; look for another place"
    raise Conflict(
        *(
            Fault(
                broken.rule.value, f"job {broken.job_id or change.job_id}", broken.message, action
            )
            for broken in shown.violations
        )
    )


def _is_as_it_was(judged: Judged) -> bool:
    return {route.shift: route.stops for route in judged.before} == {
        route.shift: route.stops for route in judged.after
    }


def _rows(live: LiveDay, judged: Judged) -> tuple[list[RouteRows], list[LiveRoute]]:
    """The routes as they will be, and those that they replace."""
    keys = {live.key(route.shift) for route in (*judged.before, *judged.after)}
    found = live.translation.snapshot.live
    keys |= {
        shift_key(one.route)
        for one in found
        if any(stop.job_id == judged.move.job_id for stop in one.stops)
    }
    rows = to_plan(live.translation, Solution(judged.after, (), {Rule.UNASSIGNED: 0}), None)
    return (
        [one for one in rows.routes if shift_key(one.route) in keys],
        [one for one in found if shift_key(one.route) in keys],
    )


def _set_aside(
    session: Session,
    ground: _Ground,
    plan: Plan,
    change: ChangeToMake,
    judged: Judged,
    *,
    actor: str,
    at: datetime,
) -> None:
    """Store what is waived, and pin what is to stay."""
    starts = {stop.id: stop.start for route in judged.after for stop in route.stops}
    moment = ground.live.translation.moment
    waivers = () if judged.is_possible else judged.waivers or ()
    for waiver in waivers:
        if waiver.rule is Rule.PINS:
            if waiver.subject == START and waiver.visit != change.job_id:
                job = ground.jobs[waiver.visit]
                set_pin(session, job, job.pinned_technician_id, None, actor=actor)
            continue
        starts_at = ends_at = None
        if waiver.rule is Rule.TIME_WINDOWS:
            start = starts[waiver.visit]
            is_early = waiver.subject == EARLIER
            starts_at = moment(start if is_early else start - waiver.amount)
            ends_at = moment(start + waiver.amount if is_early else start)
        assert change.override is not None  # noqa: S101 - it would have been refused
        session.add(
            models.Waiver(
                job_id=waiver.visit,
                technician_id=waiver.technician,
                shift_starts_at=ground.live.translation.shifts[waiver.shift].starts_at,
                rule=waiver.rule.value,
                subject=waiver.subject,
                amount=waiver.amount,
                starts_at=starts_at,
                ends_at=ends_at,
                reason=change.override.reason,
                actor=actor,
                at=at,
                plan_id=plan.id or 0,
            )
        )
    if change.technician_id is not None and (change.hold or waivers):
        start_at = moment(starts[change.job_id]) if change.hold else None
        job = ground.jobs[change.job_id]
        set_pin(session, job, change.technician_id, start_at, actor=actor)
    session.flush()


def _log(
    session: Session,
    plan: Plan,
    change: ChangeToMake,
    shown: Judgement,
    replaced: Iterable[LiveRoute],
    actor: str,
) -> None:
    before: dict[str, Any] | None = None
    for found in replaced:
        for stop in found.stops:
            if stop.job_id == change.job_id:
                start_at = stop.start_at.isoformat()
                before = {"technician_id": found.route.technician_id, "start_at": start_at}
    after = {
        "plan_id": plan.id,
        "technician_id": change.technician_id,
        "start_at": None if shown.visit is None else shown.visit.start_at.isoformat(),
        "held": change.hold,
    }
    log.record(session, actor, "move", "job", change.job_id, before=before, after=after)
    if shown.waivers and change.override is not None:
        decision: dict[str, Any] = {
            "plan_id": plan.id,
            "technician_id": change.technician_id,
            "reason": change.override.reason,
            "waivers": [waiver.model_dump(mode="json") for waiver in shown.waivers],
        }
        log.record(session, actor, "override", "job", change.job_id, after=decision)


def _made(plan: Plan, job_id: str, shown: Judgement | None, undoes: int | None) -> ChangeMade:
    return ChangeMade(
        plan_id=plan.id or 0,
        plan_version=plan.version or 0,
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


# Undoing one


def _change_of(session: Session, plan_version: int) -> tuple[Plan, ManualChange]:
    plan = session.exec(select(Plan).where(Plan.version == plan_version)).one_or_none()
    change = None if plan is None else session.get(ManualChange, plan.id)
    if plan is None or change is None:
        raise NotFound(
            Fault(
                "not_found",
                f"version {plan_version}",
                "no change by hand made this version",
                "give the plan_version that the change was answered with",
            )
        )
    return plan, change


def _as_before(session: Session, replaced: Mapping[str, Any]) -> RouteRows:
    route = session.get_one(models.Route, replaced["route_id"])
    stops = session.exec(
        select(models.Stop)
        .where(models.Stop.route_id == route.id)
        .order_by(col(models.Stop.position))
    ).all()
    return RouteRows(route, [stop for stop in stops if stop.position in replaced["positions"]])


def _changed_since(
    session: Session,
    plan: Plan,
    since: Sequence[RouteRows],
    in_force_now: Sequence[LiveRoute],
    ids: Collection[str],
) -> Iterable[Fault]:
    """What has happened to these routes, or to jobs on them, since the change made them."""
    made = {shift_key(rows.route) for rows in since if rows.stops}
    now_there = {shift_key(found.route): found.route.plan_id for found in in_force_now}
    keys = now_there.keys() | {key for key in made if key not in now_there}
    versions = plans_store.versions_of(session, set(now_there.values()))
    for technician, starts_at in sorted(keys):
        plan_id = now_there.get((technician, starts_at))
        if plan_id == plan.id:
            continue
        version = versions.get(plan_id or 0)
        what = "it is not in force any more" if version is None else f"version {version} changed it"
        yield _fault(plan, "changed_since", f"the route of {technician}: {what}")
    shifts = set(now_there)
    for job_id, route in sorted(plans_store.live_visits(session, ids).items()):
        if shift_key(route) not in shifts:
            cause = f"job {job_id} is with {route.technician_id} on {route.day}"
            yield _fault(plan, "changed_since", cause)


def _begun_since(
    plan: Plan, routes: Sequence[RouteRows], live: LiveDay, at: datetime
) -> Iterable[Fault]:
    """What has begun, and would be elsewhere or at another time."""
    there = {
        (shift_key(rows.route), stop.job_id): stop.start_at
        for rows in routes
        for stop in rows.stops
    }
    for history in live.translation.histories:
        for stop in history.stops:
            if stop.job_id is None:
                continue
            if there.get((shift_key(history.route), stop.job_id)) != stop.start_at:
                yield _fault(plan, "begun", f"job {stop.job_id} has begun")
    begun = live.translation.begun
    for rows in routes:
        for stop in rows.stops:
            if stop.job_id is not None and stop.job_id not in begun and stop.start_at < at:
                cause = f"job {stop.job_id} should have begun at {stop.start_at.isoformat()} then"
                yield _fault(plan, "too_late", cause)


def _copied(rows: RouteRows, off: Collection[str]) -> RouteRows:
    kept = [stop for stop in rows.stops if stop.job_id not in off]
    return RouteRows(
        models.Route(**rows.route.model_dump() | {"id": None, "plan_id": UNKNOWN, "live": False}),
        [
            models.Stop(
                **stop.model_dump() | {"route_id": UNKNOWN, "position": position, "live": False}
            )
            for position, stop in enumerate(kept)
        ],
    )


def _fault(plan: Plan, code: str, cause: str) -> Fault:
    action = "make the change that you want now instead"
    return Fault(code, f"version {plan.version}", cause, action)
