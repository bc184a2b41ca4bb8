"""Where one job could go in the plan in force, and putting it there at once.

Everybody else keeps their visits and the order of them; what an option costs more includes the
times that it moves. Nothing that has begun is touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from dispatch import log, plans_store
from dispatch.errors import Conflict
from dispatch.intake import Code, Day, Input
from dispatch.jobs import no_such_job
from dispatch.models import PLANNABLE, Job, Plan, PlanStatus, now
from dispatch.output import Output
from dispatch.plan_rows import PlanRows, in_force, shift_key, to_plan
from dispatch.plans import put_in_force
from dispatch.settings import Settings
from dispatch.snapshot import Scope, live_routes, load_snapshot
from dispatch.technicians import read_technician
from dispatch.translate import Translation, to_problem
from solver.check import check
from solver.cost import RouteCost, cost
from solver.insertion import Draft
from solver.problem import Fault, Problem, Shift, Visit
from solver.schedule import Call
from solver.solution import Route, Solution, StopKind, Unassigned
from solver.timing import cheapest


class PlaceRequest(Input):
    """Whom to give the job to, and on which day."""

    technician_id: Code | None = None
    """Absent: whoever it costs least with."""
    day: Day | None = None
    """A local day; today if absent."""


class PlaceOption(Output):
    """A place for the job on a technician's route, the cheapest one there."""

    technician_id: str
    technician: str
    shift_starts_at: datetime
    arrival_at: datetime
    start_at: datetime
    departure_at: datetime
    extra_cost: int
    """Cents that the route costs more: travel, working time, lateness, and what moves."""
    depot_ids: list[str]
    """Depots to call at on the way that the route does not have yet."""
    moved_job_ids: list[str]
    """Other jobs on the route that will start at another minute than planned."""


class PlacedJob(Output):
    """Where a job was put, and the version of the plan in which it is there."""

    plan_id: int
    plan_version: int
    option: PlaceOption


@dataclass(frozen=True, slots=True)
class _Way:
    """A shift's route with the job on it."""

    shift: Shift
    sequence: tuple[Call, ...]
    route: Route
    extra: int


def place_options(
    session: Session,
    job_id: str,
    settings: Settings,
    *,
    day: date | None = None,
    at: datetime | None = None,
    limit: int = 5,
) -> list[PlaceOption]:
    """The best places on the local ``day`` (None: today), one for each technician's shift, the
    cheapest first; nothing is changed. A job that is in the plan already is looked at as if it
    were not. ``at`` is the moment from which on there is time (None: now).

    Raises ``NotFound``, or ``Conflict`` if the job is not to be planned, or not on that day.
    """
    at = at or now()
    live = _Live.load(session, job_id, settings, day or _today(at, settings), at)
    return [live.option(way) for way in live.ways()[:limit]]


def place_job(
    session: Session,
    job_id: str,
    request: PlaceRequest,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> PlacedJob:
    """Put the job into the best place there is, as a new version of the plan, which changes that
    route, and the one on which the job was before; again is as once.

    Raises as ``place_options``, ``NotFound`` also for the technician, and ``Conflict`` if there is
    no place.
    """
    at = at or now()
    technician_id, day = request.technician_id, request.day or _today(at, settings)
    if technician_id is not None:
        read_technician(session, technician_id)
    plans_store.hold_publication(session)
    # Nobody may change these jobs from here on: what the snapshot says of them holds.
    ids = {s.job_id for found in live_routes(session, day, day) for s in found.stops if s.job_id}
    jobs = plans_store.hold_jobs(session, ids | {job_id})
    live = _Live.load(session, job_id, settings, day, at)
    ways = [way for way in live.ways() if technician_id in (None, way.shift.technician)]
    if not ways:
        raise _conflict(
            "no_place",
            job_id,
            "nobody could do it then" if technician_id is None else f"{technician_id} could not",
            "look at its options on other days, or plan again to make room",
        )
    plan = live.plan_with(session, ways[0]) or live.put(session, ways[0], jobs, actor, at)
    assert plan.id is not None  # noqa: S101 - it is stored
    return PlacedJob(plan_id=plan.id, plan_version=plan.version or 0, option=live.option(ways[0]))


class _Live:
    """The plan in force for one day, as the solver sees it, without the job."""

    def __init__(self, translation: Translation, job: Job, names: Mapping[str, str]) -> None:
        self.translation, self.job, self._names = translation, job, names
        problem = translation.problem
        self.draft = Draft(problem)
        current = in_force(translation)
        self.draft.adopt(current.routes if current else ())
        self._before = dict(self.draft.sequences)
        self._untenable = set(self._shifts_that_lose_a_visit())
        self.draft.remove([job.id])
        self._price = RouteCost(problem)

    @classmethod
    def load(
        cls, session: Session, job_id: str, settings: Settings, day: date, at: datetime
    ) -> "_Live":
        job = session.get(Job, job_id)
        if job is None:
            raise no_such_job(job_id)
        if job.status not in PLANNABLE:
            raise _conflict(
                "not_plannable", job_id, f"it is {job.status}", "only what waits can be placed"
            )
        translation = to_problem(load_snapshot(session, Scope(day, day), at), settings)
        if job_id not in translation.visits:
            why = translation.left_out.get(job_id)
            raise _conflict(
                "not_then",
                job_id,
                f"it cannot be attended on {day}, or is planned for another day"
                if why is None
                else why.message,
                "give a day on which its windows are open, and see that its site has a location",
            )
        technicians = {
            facts.technician.id: facts.technician.name for facts in translation.snapshot.technicians
        }
        return cls(translation, job, technicians)

    @property
    def problem(self) -> Problem:
        return self.translation.problem

    def _shifts_that_lose_a_visit(self) -> Iterable[tuple[str, datetime]]:
        """Where things have gone wrong already: what is in force cannot be kept as it is. To put
        one more job there would take others off; that is a matter of planning again."""
        begun = {s.job_id for history in self.translation.histories for s in history.stops}
        kept = {name for calls in self._before.values() for name in _visits(calls)}
        for found in self.translation.snapshot.live:
            to_come = {stop.job_id for stop in found.stops if stop.job_id} - begun
            jobs = (self.translation.snapshot.live_jobs[job_id] for job_id in to_come)
            if any(job.status in PLANNABLE and job.id not in kept for job in jobs):
                yield shift_key(found.route)

    def ways(self) -> list[_Way]:
        """The best place on each shift that has one, the cheapest first."""
        visit = self.draft.visit(self.job.id)
        found = []
        for shift in self.draft.shifts_with_time(visit):
            if self._key(shift.id) in self._untenable:
                continue
            option = self.draft.best_place(visit, shift)
            route = option and cheapest(self.problem, shift, option.sequence, self.draft.legs)
            if option and route:
                extra = self._cents(route) - self._cents(self._now(shift))
                found.append(_Way(shift, option.sequence, route, extra))
        return sorted(found, key=lambda way: (way.extra, way.shift.id))

    def _key(self, name: str) -> tuple[str, datetime]:
        """As ``shift_key``, of the shift that the solver knows by this name."""
        shift = self.translation.shifts[name]
        return shift.technician_id, shift.starts_at

    def _now(self, shift: Shift) -> Route | None:
        """The shift's route without the job."""
        sequence = self.draft.sequences[shift.id]
        return cheapest(self.problem, shift, sequence, self.draft.legs) if sequence else None

    def _cents(self, route: Route | None) -> int:
        return 0 if route is None else sum(cents for _, cents in self._price.of(route))

    def option(self, way: _Way) -> PlaceOption:
        moment = self.translation.moment
        stop = next(stop for stop in way.route.stops if stop.id == self.job.id)
        had = _depots(self.draft.sequences[way.shift.id])
        new = _depots(way.sequence)
        for depot in had:
            new.remove(depot)
        planned = {
            visit.id: visit.previous.start for visit in self.problem.visits if visit.previous
        }
        return PlaceOption(
            technician_id=way.shift.technician,
            technician=self._names[way.shift.technician],
            shift_starts_at=self.translation.shifts[way.shift.id].starts_at,
            arrival_at=moment(stop.arrival),
            start_at=moment(stop.start),
            departure_at=moment(stop.departure),
            extra_cost=way.extra,
            depot_ids=new,
            moved_job_ids=[
                stop.id
                for stop in way.route.stops
                if stop.kind is StopKind.VISIT
                and stop.id != self.job.id
                and abs(stop.start - planned.get(stop.id, stop.start)) >= 60
            ],
        )

    def plan_with(self, session: Session, way: _Way) -> Plan | None:
        """The plan in force if the job is in that place already."""
        if self._before[way.shift.id] != way.sequence:
            return None
        found = plans_store.live_visits(session, [self.job.id])[self.job.id]
        return session.get_one(Plan, found.plan_id)

    def put(
        self,
        session: Session,
        way: _Way,
        jobs: Mapping[str, Job],
        actor: str,
        at: datetime,
    ) -> Plan:
        """Store and publish the routes that change."""
        self.draft.take({**self.draft.sequences, way.shift.id: way.sequence})
        changed = {way.shift.id} | {
            shift for shift, calls in self._before.items() if self.job.id in _visits(calls)
        }
        keys = {self._key(name) for name in changed}
        live = self.translation.snapshot.live
        replaced = [found for found in live if shift_key(found.route) in keys]
        routes = self.draft.routes()
        self._verify(routes, way)
        rows = to_plan(self.translation, self._solution(routes), "")
        ours = [found for found in rows.routes if shift_key(found.route) in keys]
        costs: dict[str, int] = {}
        for route in routes:
            for rule, cents in self._price.of(route) if route.shift in changed else ():
                costs[rule.value] = costs.get(rule.value, 0) + cents
        plan = Plan(
            status=PlanStatus.DRAFT,
            starts_on=rows.plan.starts_on,
            ends_on=rows.plan.ends_on,
            based_on_version=rows.plan.based_on_version,
            objective=sum(costs.values()),
            cost=costs,
        )
        plans_store.store_plan(session, PlanRows(plan, ours, []))
        log.record(
            session,
            actor,
            "place",
            "job",
            self.job.id,
            after={"plan_id": plan.id, "technician_id": way.shift.technician},
        )
        put_in_force(session, plan, ours, replaced, jobs, actor=actor, at=at)
        session.flush()
        return plan

    def _solution(self, routes: Sequence[Route]) -> Solution:
        served = {stop.id for route in routes for stop in route.stops}
        left_out = [visit.id for visit in self.problem.visits if visit.id not in served]
        return Solution(
            tuple(routes),
            tuple(Unassigned(name, ()) for name in left_out),
            cost(self.problem, routes, left_out),
        )

    def _verify(self, routes: Sequence[Route], way: _Way) -> None:
        """The last word before anything is published, as for every plan."""
        served = {stop.id for route in routes for stop in route.stops}
        if not set(_visits(way.sequence)) <= served:
            raise AssertionError("the draft has lost a visit of the route that it was to hold")
        visits = tuple(visit for visit in self.problem.visits if visit.id in served)
        problem = replace(self.problem, visits=visits)
        solution = Solution(tuple(routes), (), cost(problem, routes, ()))
        violations = check(problem, solution)
        if violations:
            raise AssertionError("; ".join(str(violation) for violation in violations))


def _depots(sequence: Sequence[Call]) -> list[str]:
    return [call.id for call in sequence if not isinstance(call, Visit)]


def _visits(sequence: Sequence[Call]) -> list[str]:
    return [call.id for call in sequence if isinstance(call, Visit)]


def _conflict(code: str, job_id: str, cause: str, action: str) -> Conflict:
    return Conflict(Fault(code, f"job {job_id}", cause, action))


def _today(at: datetime, settings: Settings) -> date:
    return at.astimezone(settings.zone).date()
