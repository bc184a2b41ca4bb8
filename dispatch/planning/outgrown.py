"""Visits in force that the published times of their routes have no room for any more.

When a plan is published, every visit has the time that its job takes, and every way the time that
it takes. Then a job comes to take longer, somebody is not as quick any more, or a site or a depot
lies elsewhere. That is no time that somebody has lost on the way: whatever becomes of the day,
these times cannot be kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch import models
from dispatch.models import PLANNABLE
from dispatch.planning.facts import service_of
from dispatch.planning.plan_rows import shift_key
from dispatch.planning.snapshot import LiveRoute
from dispatch.planning.translation import Translation
from solver.pace import ITS_OWN_TIME
from solver.solution import StopKind


@dataclass(frozen=True, slots=True)
class Timed:
    """A stop of a route in force, and when it can be after those before it."""

    stop: models.Stop
    has_begun: bool
    arrival_at: datetime
    start_at: datetime
    departure_at: datetime
    takes_longer: bool = False
    """Than the route has time for it: the visit, or the depot call."""
    is_further: bool = False
    """The way there takes noticeably longer than the route has time for it."""


def outgrown(translation: Translation) -> Mapping[str, str]:
    """By job, in words, why a visit to come cannot be at its published time. A way that
    takes longer counts if the visit cannot begin as published, give or take what visits may move
    (``Objective.moved_time_tolerance``)."""
    found: dict[str, str] = {}
    for live in translation.snapshot.live:
        why: str | None = None
        for timed in timed_stops(translation, live):
            if timed.has_begun:
                continue
            if timed.takes_longer:
                why = "It takes longer than its route has time for it."
            elif timed.is_further:
                why = why or "The way to it takes longer than its route has time for it."
            # What keeps a depot call from its time is told of the visit that comes after it.
            if why is not None and timed.stop.job_id is not None:
                if translation.snapshot.live_jobs[timed.stop.job_id].status in PLANNABLE:
                    found[timed.stop.job_id] = why
                why = None
    return found


def pushed(translation: Translation) -> frozenset[str]:
    """The visits that are ``outgrown``, and all that come after one on its route."""
    first = outgrown(translation)
    found: set[str] = set()
    for live in translation.snapshot.live:
        names = [stop.job_id for stop in live.stops if stop.job_id is not None]
        at = next((at for at, name in enumerate(names) if name in first), len(names))
        found.update(names[at:])
    return frozenset(found)


def timed_stops(
    translation: Translation, live: LiveRoute, without: Iterable[str] = ()
) -> Sequence[Timed]:
    """The stops of a route in force, except for the visits to some jobs, in order, as early as they
    can be as things are, but no earlier than they are planned."""
    technician = live.route.technician_id
    people = translation.snapshot.technicians
    pace = next((one.pace for one in people if one.technician.id == technician), ITS_OWN_TIME)
    key, gone = shift_key(live.route), {*without}
    history = next((h for h in translation.histories if shift_key(h.route) == key), None)
    begun: set[int] = set()
    last = -1
    if history is not None:
        begun = {stop.position for stop in history.stops}
        begun -= {stop.position for stop in history.to_come}
        # A break that was passed over stays as it was told until the route is planned again.
        last = max(begun, default=-1)
        breaks = (stop.position for stop in live.stops if stop.kind == StopKind.BREAK)
        begun |= {position for position in breaks if position < last}
    depots = {facts.depot.id: facts.depot for facts in translation.snapshot.depots}
    tolerance = timedelta(seconds=translation.problem.objective.moved_time_tolerance)
    here = translation.locations.get(f"technician {technician}")
    # Who has not left yet may leave earlier than planned.
    leaves_at = min(live.route.start_at, translation.snapshot.taken_at)
    free_at = planned_free_at = left_at = max(live.route.shift_starts_at, leaves_at)
    rests = timedelta()
    """Breaks since the last place was left: who travels on has only so much less time for that."""
    found = []
    for stop in live.stops:
        if stop.job_id in gone:
            continue
        there, has_begun = translation.location(stop), stop.position in begun
        way = timedelta()
        if here is not None:
            way = timedelta(seconds=translation.seconds_to(here, stop))
        is_break, span = stop.kind == StopKind.BREAK, stop.departure_at - stop.start_at
        if has_begun:
            timed = Timed(stop, True, stop.arrival_at, stop.start_at, stop.departure_at)
        else:
            work = span
            if stop.job_id is not None:
                job = translation.snapshot.live_jobs[stop.job_id]
                work = max(span, service_of(job, pace))
            elif stop.depot_id in depots:
                work = max(span, timedelta(minutes=depots[stop.depot_id].handling_minutes))
            # A break is taken on the way, anywhere between two places.
            there_at = free_at if is_break else max(free_at, left_at + way + rests)
            arrival_at = max(stop.arrival_at, there_at, translation.snapshot.taken_at)
            start_at = max(stop.start_at, arrival_at)
            timed = Timed(
                stop,
                False,
                arrival_at,
                start_at,
                start_at + work,
                takes_longer=work > span,
                # What was taken over may lie where there was no gap for it.
                is_further=not is_break
                and planned_free_at <= stop.arrival_at
                and planned_free_at + way > stop.start_at + tolerance,
            )
        found.append(timed)
        free_at = timed.departure_at
        if history is not None and stop.position == last:
            # Who is ahead goes on from there: the times of what follows may count on that.
            is_ahead = history.free_at < free_at
            if is_ahead or not history.to_come:
                free_at = history.free_at
        if is_break:
            rests += span
        else:
            planned_free_at = min(stop.departure_at, free_at)
            left_at, rests = free_at, timedelta()
        here = here if there is None else there
    return found
