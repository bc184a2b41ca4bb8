"""Why a visit is where it is: what it costs there, and the next best places."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session

from dispatch.by_hand.judgements import BrokenRule, judgement, span_of
from dispatch.by_hand.judging import judge, shift_of
from dispatch.by_hand.moves import Move
from dispatch.local_time import ONE_DAY, start_of
from dispatch.models import Job, Route, now
from dispatch.output import Output
from dispatch.placing.placing import PlaceOption, attendable, conflict, live_day, option, plannable
from dispatch.planning.candidates import CandidateRoute
from dispatch.planning.facts import JobFacts
from dispatch.planning.live_day import LiveDay
from dispatch.planning.live_days import LiveDays
from dispatch.planning.loading import live_day_of, load_live_day
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.plans import queries
from dispatch.settings import Settings


class PresentPlace(Output):
    """Where the plan in force has the visit."""

    technician_id: str
    technician: str
    start_at: datetime
    saving: int | None
    """Cents that the route would cost less without it; null if the route cannot be kept anyway."""


class AlternativePlace(PlaceOption):
    """Another place for the visit, the cheapest one on its technician's shift."""

    extra_cost: int
    """Cents that it costs more than where the visit is; less than 0 if it is better."""
    violations: list[BrokenRule]
    """What it breaks: on another day, the job's time windows and a promised time may be in the way;
    otherwise nothing."""


class Alternatives(Output):
    """The present place and the others, the cheapest first."""

    here: PresentPlace
    alternatives: list[AlternativePlace]


def list_alternatives(
    session: Session,
    job_id: str,
    settings: Settings,
    *,
    day: date | None = None,
    at: datetime | None = None,
    limit: int = 5,
    days: LiveDays | None = None,
) -> Alternatives:
    """Where else the job could be attended on the local ``day`` (None: that for which it is
    planned); nothing is changed. On another day that has none of its windows it may be whenever its
    site is open, and what that breaks is told.

    Raises ``NotFound``, or ``Conflict`` if the job is on no route, has begun or is about to, or the
    day is too far away.
    """
    at = at or now()
    plannable(session, job_id)
    route = queries.live_visits(session, [job_id]).get(job_id)
    if route is None:
        raise conflict(
            "not_placed", job_id, "it is on no route", "ask why not, or where it could go"
        )
    day = day or route.day
    if day == route.day:
        live = live_day(session, day, settings, at, days, moving=job_id)
    else:
        scope = span_of(job_id, route.day, day, None)
        live = _on_another_day(session, scope, day, settings, at)
    attendable(live, job_id, day)
    saving = _take_off(live, job_id)
    ways = [way for way in live.ways(job_id, limit + 1, day=day) if not live.is_as_in_force(way)][
        :limit
    ]
    if day == route.day:
        places = [_alternative(live, job_id, way, way.extra - (saving or 0)) for way in ways]
    else:
        places = _judged(session, live, job_id, route, day, ways, settings, at)
    return Alternatives(here=_here(live, job_id, saving), alternatives=places)


def _on_another_day(
    session: Session, scope: Scope, day: date, settings: Settings, at: datetime
) -> LiveDay:
    """Everybody's days, in which the job that is moved is held to no promised time, and to its
    windows only if it has any on the day."""
    snapshot = load_snapshot(session, scope, at, settings.freeze)
    name = scope.moved_job_id or ""
    begin, end = start_of(day, settings.zone), start_of(day + ONE_DAY, settings.zone)

    def free(facts: JobFacts) -> JobFacts:
        then = [row for row in facts.windows if row.starts_at < end and row.ends_at > begin]
        bound: dict[str, None] = {"pinned_start_at": None, "not_before_at": None}
        unpinned = Job.model_validate(facts.job.model_dump() | bound)
        return replace(facts, job=unpinned, windows=then)

    jobs = (free(facts) if facts.job.id == name else facts for facts in snapshot.jobs)
    waivers = {job_id: rows for job_id, rows in snapshot.waivers.items() if job_id != name}
    return live_day_of(replace(snapshot, jobs=tuple(jobs), waivers=waivers), settings)


def _take_off(live: LiveDay, job_id: str) -> int | None:
    """Cents that the job's route costs less without it; None if it cannot be kept anyway."""
    present = shift_of(live, job_id)
    with_it = None
    if present is not None and live.is_tenable(present):
        with_it = live.cents_of(present)
    live.remove([job_id])
    if present is None or with_it is None:
        return None
    return with_it - live.cents_of(present)


def _here(live: LiveDay, job_id: str, saving: int | None) -> PresentPlace:
    previous = live.translation.visits[job_id].previous
    assert previous is not None  # noqa: S101 - it is on a route in force
    names = {
        facts.technician.id: facts.technician.name
        for facts in live.translation.snapshot.technicians
    }
    return PresentPlace(
        technician_id=previous.technician,
        technician=names[previous.technician],
        start_at=live.translation.moment(previous.start),
        saving=saving,
    )


def _alternative(
    live: LiveDay, job_id: str, way: CandidateRoute, extra_cost: int
) -> AlternativePlace:
    details = option(live, job_id, way).model_dump()
    return AlternativePlace(**details | {"extra_cost": extra_cost, "violations": []})


def _judged(
    session: Session,
    live: LiveDay,
    job_id: str,
    route: Route,
    day: date,
    ways: Sequence[CandidateRoute],
    settings: Settings,
    at: datetime,
) -> list[AlternativePlace]:
    """The ways as they would be carried out, those that break least first."""
    concerned = frozenset({route.technician_id, *(way.shift.technician for way in ways)})
    scope = span_of(job_id, route.day, day, concerned)
    exact = load_live_day(session, scope, at, settings.freeze, settings)
    places = []
    for way in ways:
        start = next(stop.start for stop in way.route.stops if stop.id == job_id)
        move = Move(job_id, way.shift.technician, day, start)
        found = judgement(exact, judge(exact, move, settings.late_after_seconds))
        if found.visit is None:
            continue
        place = _alternative(live, job_id, way, found.extra_cost)
        times = found.visit.model_dump(exclude={"technician_id"})
        moved = [one.job_id for one in found.moved]
        broken = {"moved_job_ids": moved, "violations": found.violations}
        places.append(place.model_copy(update=times | broken))
    return sorted(places, key=lambda place: (len(place.violations), place.extra_cost))
