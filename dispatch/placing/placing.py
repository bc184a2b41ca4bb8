"""Where one job could go in the plan in force, and putting it there at once.

Looking for the best place takes everybody into account and locks nothing. Putting the job there
looks again at the few technicians whom it concerns, under lock, so that what is published holds
whatever has happened in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlmodel import Session

from dispatch import log
from dispatch.company.technicians import read_technician
from dispatch.errors import Conflict
from dispatch.intake import Code, Day, Input
from dispatch.jobs.jobs import no_such_job
from dispatch.jobs.placements import ask_for_place
from dispatch.models import PLANNABLE, Job, Plan, PlanUnassigned, now
from dispatch.output import Output
from dispatch.planning.candidates import CandidateRoute
from dispatch.planning.live_crews import place_crew
from dispatch.planning.live_day import LiveDay
from dispatch.planning.live_days import LiveDays
from dispatch.planning.loading import is_linked_in_force, live_day_of, released
from dispatch.planning.plan_rows import UNKNOWN, Changed, PlanRows
from dispatch.planning.snapshot import Scope, jobs_on, live_routes, load_snapshot
from dispatch.planning.translate import NEEDS_LOCATION
from dispatch.plans import queries, versions
from dispatch.plans.told import told_and_moved
from dispatch.settings import Settings
from dispatch.store import let_go
from solver.faults import Fault
from solver.solution import StopKind

CANDIDATES = 3
"""So many technicians, the best ones, are looked at again before a job is put into the plan."""


LOCATION_UNKNOWN = "nobody can be sent there: its site has no coordinates"
LOCATE = "correct the site's address, or give it coordinates"


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
    """Other jobs that will start at another minute than planned."""
    bumped_job_ids: list[str]
    """Less important jobs that have to leave the route."""


class PlacedJob(Output):
    """Where a job was put, and the version of the plan in which it is there."""

    plan_id: int
    plan_version: int
    option: PlaceOption


@dataclass(frozen=True, slots=True)
class Proposal:
    """A job, and the technicians to give it to, of whom the best is chosen."""

    job_id: str
    extra: Mapping[str, int | None]
    """The technicians, and what the whole plan costs more with each as far as that is known."""
    may_bump: bool = False
    afresh: bool = False
    """Whether its times do not hold any more, even if it keeps its place on its route."""
    crew: Mapping[str, str] = field(default_factory=dict)
    """Technicians by jobs: of a crew that is placed as one, for which this stands."""

    @classmethod
    def of_crew(cls, job_id: str, ways: Mapping[str, CandidateRoute]) -> "Proposal":
        """Of the ways for the jobs of a crew, all of them."""
        crew = {name: way.shift.technician for name, way in ways.items()}
        return cls(job_id, dict.fromkeys(crew.values()), crew=crew)

    @classmethod
    def best_of(
        cls, job_id: str, ways: Sequence[CandidateRoute], *, afresh: bool = False
    ) -> "Proposal":
        """Of the ways, which are in order, those with the first few technicians."""
        extra: dict[str, int | None] = {}
        for way in ways:
            if len(extra) < CANDIDATES:
                extra.setdefault(way.shift.technician, way.extra)
        return cls(job_id, extra, any(way.makes_room for way in ways), afresh)


@dataclass(frozen=True, slots=True)
class PlacedProposal:
    """What became of a proposal."""

    plan: Plan
    option: PlaceOption


def place_options(
    session: Session,
    job_id: str,
    settings: Settings,
    *,
    day: date | None = None,
    at: datetime | None = None,
    limit: int = 5,
    days: LiveDays | None = None,
) -> list[PlaceOption]:
    """The best places on the local ``day`` (None: today), one for each technician's shift, the
    cheapest first; nothing is changed. A job that is in the plan already is looked at as if it
    were not. ``at`` is the moment from which on there is time (None: now); ``days`` spares reading
    everything.

    Raises ``NotFound``, or ``Conflict`` if the job is not to be planned, or not on that day.
    """
    at = at or now()
    day = day or today(at, settings)
    plannable(session, job_id)
    live = live_day(session, day, settings, at, days, moving=job_id)
    attendable(live, job_id, day)
    live.remove([job_id])
    if job_id in live.waiting:
        crew = place_crew(live, job_id)
        if not crew:
            raise waits_for_partner(live, job_id)
        return [option(live, job_id, crew[job_id])]
    return [option(live, job_id, way) for way in live.ways(job_id, limit)]


def place_job(
    session: Session,
    job_id: str,
    request: PlaceRequest,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
    days: LiveDays | None = None,
) -> PlacedJob:
    """Put the job into the best place there is, as a new version of the plan, which changes that
    route, and the one on which the job was before; again is as once.

    Raises as ``place_options``, ``NotFound`` also for the technician, and ``Conflict`` if there is
    no place.
    """
    at = at or now()
    technician_id, day = request.technician_id, request.day or today(at, settings)
    # Before the first query: a SQLite session would keep all others from writing meanwhile.
    live = live_day(session, day, settings, at, days, moving=job_id)
    plannable(session, job_id)
    if technician_id is not None:
        read_technician(session, technician_id)
    attendable(live, job_id, day)
    live.remove([job_id])
    only = None if technician_id is None else {technician_id}
    if job_id in live.waiting:
        crew = place_crew(live, job_id, only)
        if not crew:
            raise waits_for_partner(live, job_id)
        proposal = Proposal.of_crew(job_id, crew)
    else:
        proposal = Proposal.best_of(job_id, live.ways(job_id, CANDIDATES, only))
    if technician_id is not None and not proposal.extra:
        proposal = Proposal(job_id, {technician_id: None})
    found = put_proposals(session, [proposal], day, settings, actor=actor, at=at, may_fail=False)
    if job_id not in found:
        raise conflict(
            "no_place",
            job_id,
            "nobody could do it then" if technician_id is None else f"{technician_id} could not",
            "look at its options on other days, or plan again to make room",
        )
    plan = found[job_id].plan
    assert plan.id is not None  # noqa: S101 - it is stored
    return PlacedJob(plan_id=plan.id, plan_version=plan.version or 0, option=found[job_id].option)


def live_day(
    session: Session,
    day: date,
    settings: Settings,
    at: datetime,
    days: LiveDays | None = None,
    *,
    moving: str | None = None,
) -> LiveDay:
    """The whole plan in force for a day, as of ``at``, on which one job is not held where it is.
    With ``days``, a session that reads gives its connection back: nobody waits for a day while
    holding one."""
    if days is not None:
        let_go(session)
        live = days.at(day, at)
    else:
        live = live_day_of(load_snapshot(session, Scope(day, day), at, settings.freeze), settings)
    if moving is not None and (moving in live.translation.held or is_linked_in_force(live, moving)):
        return released(live, {moving}, settings)
    return live


def put_proposals(
    session: Session,
    proposals: Sequence[Proposal],
    day: date,
    settings: Settings,
    *,
    actor: str,
    at: datetime,
    may_fail: bool = True,
) -> dict[str, PlacedProposal]:
    """Put the jobs, one after the other, into the best places that their technicians have on that
    day, and publish them as one version; by job, what became of those that have a place.

    Only routes that the jobs join or leave change. Jobs that lose their place by that wait for
    another one. Raises ``Conflict`` if a job is not to be planned on that day, unless it
    ``may_fail``.
    """
    versions.hold_publication(session)
    wanted = {proposal.job_id for proposal in proposals}
    wanted |= {name for proposal in proposals for name in proposal.crew}
    concerned = {name for proposal in proposals for name in proposal.extra}
    holders = queries.live_visits(session, wanted)
    concerned |= {route.technician_id for route in holders.values()}
    # Nobody may change these jobs from here on: what the snapshot says of them holds.
    before = live_routes(session, day, day, concerned)
    jobs = versions.hold_jobs(session, jobs_on(before) | wanted)
    scope = Scope(
        day, day, None, frozenset(concerned), frozenset(wanted), released=frozenset(wanted)
    )
    snapshot = load_snapshot(session, scope, at, settings.freeze)
    live = live_day_of(snapshot, settings)
    if not may_fail:
        for proposal in proposals:
            attendable(live, proposal.job_id, day)
    chosen: dict[str, CandidateRoute] = {}
    unchanged: dict[str, CandidateRoute] = {}
    for proposal in proposals:
        if jobs[proposal.job_id].status not in PLANNABLE:
            continue
        if proposal.crew:
            chosen |= place_crew(live, proposal.job_id, {proposal.crew[proposal.job_id]})
            continue
        way = _best_way(live, proposal)
        if way is None:
            continue
        live.take(way)
        stays = live.is_as_in_force(way) and not proposal.afresh
        (unchanged if stays else chosen)[proposal.job_id] = way
    placed = {job_id: option(live, job_id, way) for job_id, way in {**chosen, **unchanged}.items()}
    result: dict[str, PlacedProposal] = {}
    if chosen:
        changed = live.changed({way.shift.id for way in chosen.values()})
        bumped = {
            way.makes_room.id: job_id
            for job_id, way in chosen.items()
            if way.makes_room is not None
        }
        told = told_and_moved(changed.replaced, changed.routes, jobs, settings)
        plan = _put(session, day, changed, jobs, bumped, told, sorted(chosen), actor, at)
        result = {job_id: PlacedProposal(plan, placed[job_id]) for job_id in chosen}
    for job_id in unchanged:
        plan_id = queries.live_visits(session, [job_id])[job_id].plan_id
        result[job_id] = PlacedProposal(session.get_one(Plan, plan_id), placed[job_id])
    return result


def _best_way(live: LiveDay, proposal: Proposal) -> CandidateRoute | None:
    """The best way with one of the proposal's technicians; the job is off its route then."""
    if proposal.job_id not in live.translation.visits:
        return None
    live.remove([proposal.job_id])
    ways = live.ways(proposal.job_id, technicians=proposal.extra)
    if not ways and proposal.may_bump:
        ways = live.ways_with_room_made(proposal.job_id, proposal.extra)
    if not ways:
        return None
    # Costs that only the whole plan tells were asked for before.
    known = proposal.extra[ways[0].shift.technician]
    return ways[0] if known is None else replace(ways[0], extra=known)


def _put(
    session: Session,
    day: date,
    changed: Changed,
    jobs: Mapping[str, Job],
    bumped: Mapping[str, str],
    told: Sequence[str],
    job_ids: Sequence[str],
    actor: str,
    at: datetime,
) -> Plan:
    """Store and publish the routes that change; ``told`` are jobs that move by that, though their
    customers were told."""
    unassigned = [
        PlanUnassigned(plan_id=UNKNOWN, job_id=job_id, reasons=[_made_room_for(jobs[other])])
        for job_id, other in sorted(bumped.items())
    ]
    rows = PlanRows(day, day, at, changed.routes, unassigned, changed.cost)
    plan = versions.store_draft(session, rows)
    technicians = {
        stop.job_id: rows.route.technician_id for rows in changed.routes for stop in rows.stops
    }
    for job_id in job_ids:
        after = {
            "plan_id": plan.id,
            "technician_id": technicians[job_id],
            "told_job_ids": told,
        }
        log.record(session, actor, "place", log.Entity.JOB, job_id, after=after)
    versions.put_in_force(session, plan, changed.routes, changed.replaced, jobs, actor=actor, at=at)
    for job_id in _displaced(changed, jobs):
        why = "bumped" if job_id in bumped else "displaced"
        ask_for_place(session, job_id, trigger=why, actor=actor)
    return plan


def _displaced(changed: Changed, jobs: Mapping[str, Job]) -> list[str]:
    """Jobs on the routes that were replaced that are on none of the new ones."""
    there = {stop.job_id for rows in changed.routes for stop in rows.stops}
    before = jobs_on(changed.replaced)
    return sorted(job_id for job_id in before - there if jobs[job_id].status in PLANNABLE)


def _made_room_for(job: Job) -> dict[str, str | None]:
    message = f"It made room for {job.id} ({job.priority.value}), which could not wait."
    return {"code": "bumped", "rule": None, "message": message}


def option(live: LiveDay, job_id: str, way: CandidateRoute) -> PlaceOption:
    """The way as others see it."""
    moment = live.translation.moment
    stop = next(stop for stop in way.route.stops if stop.id == job_id)
    names = {
        facts.technician.id: facts.technician.name
        for facts in live.translation.snapshot.technicians
    }
    planned = {visit.id: visit.previous.start for visit in live.problem.visits if visit.previous}
    return PlaceOption(
        technician_id=way.shift.technician,
        technician=names[way.shift.technician],
        shift_starts_at=live.translation.shifts[way.shift.id].starts_at,
        arrival_at=moment(stop.arrival),
        start_at=moment(stop.start),
        departure_at=moment(stop.departure),
        extra_cost=way.extra,
        depot_ids=list(way.new_depots),
        moved_job_ids=[
            stop.id
            for stop in way.route.stops
            if stop.kind is StopKind.VISIT
            and stop.id != job_id
            and abs(stop.start - planned.get(stop.id, stop.start)) >= 60
        ],
        bumped_job_ids=[] if way.makes_room is None else [way.makes_room.id],
    )


def plannable(session: Session, job_id: str) -> None:
    """Raises ``NotFound``, or ``Conflict`` for a job that does not wait to be attended."""
    job = session.get(Job, job_id)
    if job is None:
        raise no_such_job(job_id)
    if job.status not in PLANNABLE:
        raise conflict(
            "not_plannable", job_id, f"it is {job.status}", "only what waits can be placed"
        )


def attendable(live: LiveDay, job_id: str, day: date) -> None:
    """Raises ``Conflict`` for a job that is no visit of the day, or that is at an unknown place."""
    translation = live.translation
    if job_id in translation.visits:
        return
    if _is_nowhere(live, job_id):
        raise conflict(NEEDS_LOCATION, job_id, LOCATION_UNKNOWN, LOCATE)
    if job_id in translation.begun:
        raise conflict(
            "begins", job_id, "it has begun or is about to", "leave it, or call the technician"
        )
    why = translation.left_out.get(job_id)
    raise conflict(
        "not_then",
        job_id,
        f"it cannot be attended on {day}, or is planned for another day"
        if why is None
        else why.message,
        "give a day on which its windows are open",
    )


def waits_for_partner(live: LiveDay, job_id: str) -> Conflict:
    """The error that says for what the job waits; it is linked to that."""
    cause, action = live.waiting[job_id].message, "plan the day, or place what it waits for"
    return conflict("waits_for_partner", job_id, cause, action)


def _is_nowhere(live: LiveDay, job_id: str) -> bool:
    """Whether nobody knows where it is, be it on a route all the same."""
    snapshot = live.translation.snapshot
    jobs = {facts.job.id: facts.job for facts in snapshot.jobs}
    job = snapshot.live_jobs.get(job_id) or jobs.get(job_id)
    site = None if job is None else snapshot.sites.get(job.site_id)
    return site is not None and site.latitude is None


def conflict(code: str, job_id: str, cause: str, action: str) -> Conflict:
    """The error that says why the job cannot be treated like that."""
    return Conflict(Fault(code, f"job {job_id}", cause, action))


def today(at: datetime, settings: Settings) -> date:
    """The local day of a moment."""
    return at.astimezone(settings.zone).date()
