"""Jobs without a place that fit into a gap of a technician's day as it is."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from dispatch.company.technicians import read_technician
from dispatch.errors import InvalidInput
from dispatch.models import Priority, now
from dispatch.output import Output
from dispatch.placing.placing import live_day, today
from dispatch.planning.live_day import LiveDay
from dispatch.planning.live_days import LiveDays
from dispatch.settings import Settings
from solver.draft.insertion import cheapest_place
from solver.faults import Fault
from solver.problem import Shift, Visit
from solver.rules.cost import RouteCost
from solver.timing.timing import cheapest


class GapFiller(Output):
    """A job that would fit, and when it would be attended."""

    job_id: str
    title: str
    priority: Priority
    site_id: str
    start_at: datetime
    departure_at: datetime
    extra_cost: int
    """Cents that the route costs more with it: the nearer, the less."""


def list_gap_fillers(
    session: Session,
    technician_id: str,
    from_at: datetime,
    until_at: datetime,
    settings: Settings,
    *,
    limit: int = 10,
    at: datetime | None = None,
    days: LiveDays | None = None,
) -> list[GapFiller]:
    """Jobs that are on no route, each of which alone the technician could attend between these
    moments without breaking anything, what is nearest and does it best first. Nothing is changed.

    Raises ``NotFound`` for the technician, and ``InvalidInput`` if the gap ends before it begins.
    """
    at = at or now()
    read_technician(session, technician_id)
    if until_at <= from_at:
        cause, action = "it ends before it begins", "give a later end"
        raise InvalidInput(Fault("ends_before_it_starts", "until_at", cause, action))
    live = live_day(session, today(from_at, settings), settings, at, days)
    begin = live.translation.seconds(max(from_at, at))
    end = live.translation.seconds(until_at)
    shift = _shift_at(live, technician_id, begin, end)
    if shift is None or not live.is_tenable(shift):
        return []
    waiting = [visit for visit in live.draft.unassigned() if visit.id not in live.waiting]
    found = [_placed(live, visit, shift, begin, end) for visit in waiting]
    fillers = [filler for filler in found if filler is not None]
    return sorted(fillers, key=lambda one: (one.extra_cost, one.job_id))[:limit]


def _shift_at(live: LiveDay, technician_id: str, begin: int, end: int) -> Shift | None:
    return next(
        (
            shift
            for shift in live.shifts
            if shift.technician == technician_id and shift.start < end and begin < shift.end
        ),
        None,
    )


def _placed(live: LiveDay, visit: Visit, shift: Shift, begin: int, end: int) -> GapFiller | None:
    last = end - shift.service(visit)
    windows = tuple(
        replace(window, start=max(window.start, begin), end=min(window.end, last))
        for window in visit.windows
        if max(window.start, begin) <= min(window.end, last)
    )
    if not windows or shift not in live.draft.eligible[visit.id]:
        return None
    within = replace(visit, windows=windows)
    option = cheapest_place(live.draft, within, shift)
    if option is None or not live.leaves_enough(shift, option.sequence):
        return None
    sequence = tuple(within if call.id == visit.id else call for call in option.sequence)
    route = cheapest(live.problem, shift, sequence, live.draft.legs)
    if route is None:
        return None
    stop = next(stop for stop in route.stops if stop.id == visit.id)
    price = RouteCost(live.problem)
    moment = live.translation.moment
    job = next(facts.job for facts in live.translation.snapshot.jobs if facts.job.id == visit.id)
    return GapFiller(
        job_id=job.id,
        title=job.title,
        priority=job.priority,
        site_id=job.site_id,
        start_at=moment(stop.start),
        departure_at=moment(stop.departure),
        extra_cost=sum(cents for _, cents in price.of(route)) - live.cents_of(shift),
    )
