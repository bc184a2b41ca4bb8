"""How far routes in force have come: what has begun, what is about to, and when who is free.

The plan that goes on with a route, the times that are expected of it and the checker take the
earliest moment of what is still to come from here: nobody is free before the shift begins, however
early the last visit was over, and nothing begins in the past, before its window or before its depot
opens, however far ahead its technician is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dispatch import models
from dispatch.local_time import Span, local_span
from dispatch.models import Absence, Job
from dispatch.planning.facts import access_of, service_of
from dispatch.planning.service_windows import window_of
from dispatch.planning.snapshot import STARTED, LiveRoute, Snapshot, is_under_way
from dispatch.planning.travel import Place, TravelTimes
from solver.pace import ITS_OWN_TIME
from solver.solution import StopKind

FRESH = timedelta(minutes=30)
"""An older position says nothing of where somebody is."""

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class History:
    """What is done or under way on a live route, and what is about to begin and stays.

    A visit has begun when its technician says so. While nobody has reported anything from the
    route, so has what should have started by now. A depot call or a break has begun if a visit
    after it has, or if it should have started by now, as late as the technician is; but whoever was
    at that visit before the break has not taken it. What should
    start within the freeze time follows, unless the technician is absent then or cannot do it any
    more, or the job has grown since; and so does what comes too late whoever does it, with all
    before it that the technician is there for and can do, unless it is to be moved.
    """

    route: models.Route
    stops: tuple[models.Stop, ...]
    last_place: str | None
    """Where that leaves the technician ("site …", "depot …"); None: still at home."""
    free_place: str | None
    """Where what has begun leaves the technician; None: still at home …"""
    free_at: datetime
    """… and when, as far as can be foreseen."""
    ends_at: datetime
    """When the technician is free for the rest, after what stays."""
    to_come: tuple[models.Stop, ...] = ()
    """Those of the stops that have not begun, but stay."""
    held: frozenset[str] = frozenset()
    """Jobs that stay only because they, or what comes after them, come too late."""
    times: Mapping[str, Span] = field(default_factory=dict)
    """From when to when each of its jobs was attended, or will be, as far as can be foreseen."""


def histories(snapshot: Snapshot, travel: TravelTimes, zone: ZoneInfo) -> Iterable[History]:
    """Of the routes in force in the scope on which anything has begun, or is about to."""
    of_scope = _Histories(snapshot, travel, zone)
    return filter(None, map(of_scope.of, snapshot.live))


class _Histories:
    def __init__(self, snapshot: Snapshot, travel: TravelTimes, zone: ZoneInfo) -> None:
        self.snapshot = snapshot
        self.travel = travel
        self.zone = zone
        self.facts = {facts.job.id: facts for facts in snapshot.jobs}
        self.depots = {facts.depot.id: facts.depot for facts in snapshot.depots}
        people = {facts.technician.id: facts for facts in snapshot.technicians}
        self.absences = {name: facts.calendar.absences for name, facts in people.items()}
        self.paces = {name: facts.pace for name, facts in people.items()}

    def of(self, found: LiveRoute) -> History | None:
        snapshot, route = self.snapshot, found.route
        now, jobs = snapshot.taken_at, snapshot.live_jobs
        absences = self.absences.get(route.technician_id, ())
        begun = begun_visits(found.stops, jobs, now, absences)
        last = begun[-1] if begun else -1
        stops = [
            stop
            for position, stop in enumerate(found.stops[: last + 1])
            if (stop.job_id is None and not was_skipped(found.stops, position, begun, jobs, now))
            or position in begun
        ]
        times: dict[str, Span] = {}
        late, is_free = _NONE, True
        ends_at, last_place, left = now, None, None
        for stop in stops:
            if stop.job_id is not None:
                job = jobs[stop.job_id]
                times[stop.job_id] = self._span_of(found, stop)
                end = max(times[stop.job_id][1], route.shift_starts_at)
                if last_place is None or end >= ends_at:
                    ends_at, last_place, left = end, place_of(stop, snapshot), stop
                    late = end - stop.departure_at
                    is_free = job.departed_at is not None or not is_reported(job)
        free_place, free = last_place, ends_at
        doomed = snapshot.doomed
        held = max((at for at, stop in enumerate(found.stops) if stop.job_id in doomed), default=-1)
        to_come: list[models.Stop] = []
        held_jobs: set[str] = set()
        left_late = late
        for at, stop in enumerate(found.stops[last + 1 :], start=last + 1):
            if at <= held and stop.job_id in snapshot.unable:
                continue
            if left is not None:
                late = left_late - min(self._slack(found, left, at), max(left_late, _NONE))
            if last >= 0:
                # What was taken over may lie where there was no gap for it.
                late = max(late, ends_at - stop.arrival_at)
            if late < _NONE:
                late = max(late, self._begins_early_at(route, stop) - stop.start_at)
            begins_at = stop.start_at + late
            is_frozen = (
                now < snapshot.frozen_until >= begins_at
                and stop.job_id not in snapshot.unable
                and not self._has_outgrown(route, stop)
                and not is_away(stop, absences)
                # A break that is to be over before its technician is free is to be planned anew.
                and not (stop.kind == StopKind.BREAK and stop.departure_at <= ends_at)
            )
            has_begun = stop.job_id is None and is_free and begins_at <= now
            if not (at <= held or is_frozen or has_begun):
                break
            if not is_frozen and stop.job_id in snapshot.scope.released:
                continue
            if not has_begun:
                to_come.append(stop)
            if not (is_frozen or stop.job_id is None):
                held_jobs.add(stop.job_id)
            if stop.job_id is not None:
                times[stop.job_id] = begins_at, stop.departure_at + late
            if at <= held or is_frozen:
                # What has not begun keeps its published times, and what follows comes after those.
                least = min(late, _NONE) if has_begun else _NONE
                late = max(least, late - (stop.start_at - stop.arrival_at))
            if stop.kind != StopKind.BREAK:
                left, left_late = stop, late
            stops.append(stop)
            ends_at = stop.departure_at + late
            if has_begun and not to_come:
                free_place, free = last_place, ends_at
            last_place = place_of(stop, snapshot) or last_place
        if not stops:
            return None
        return History(
            route,
            tuple(stops),
            last_place,
            free_place,
            free,
            ends_at,
            tuple(to_come),
            frozenset(held_jobs),
            times,
        )

    def _slack(self, found: LiveRoute, left: models.Stop, at: int) -> timedelta:
        """How much more time the published route has than it takes from one stop to that at this
        position: waiting, and what the plan knew somebody to be late; below zero if it
        counts on somebody who was ahead. A break is anywhere on the way."""
        stop = found.stops[at]
        breaks = (one for one in found.stops[left.position + 1 : at] if one.kind == StopKind.BREAK)
        rests = sum((one.departure_at - one.start_at for one in breaks), _NONE)
        there = next((one for one in found.stops[at:] if one.kind != StopKind.BREAK), None)
        way = self._way(left, there) if there is not None else None
        if way is None:
            return _NONE
        slack = stop.arrival_at - left.departure_at - rests - way
        return max(slack, _NONE) if stop.kind == StopKind.BREAK else slack

    def _way(self, left: models.Stop, stop: models.Stop) -> timedelta | None:
        """From one stop until one has arrived at the other; None if either has no coordinates."""
        if place_of(left, self.snapshot) == place_of(stop, self.snapshot):
            return _NONE
        (here, _), (there, access) = map(self._whereabouts, (left, stop))
        if here is None or there is None:
            return None
        return timedelta(seconds=self.travel.seconds(here, there) + access)

    def _whereabouts(self, stop: models.Stop) -> tuple[Place | None, int]:
        """Where a stop is, and how long it takes to it from the road, in seconds."""
        job = self.snapshot.live_jobs.get(stop.job_id or "")
        site = None if job is None else self.snapshot.sites[job.site_id]
        where = site or self.depots[stop.depot_id or ""]
        access = 0 if site is None else access_of(site)
        if where.latitude is None or where.longitude is None:
            return None, access
        return Place(where.id, where.latitude, where.longitude), access

    def _span_of(self, found: LiveRoute, stop: models.Stop) -> Span:
        """``span_of`` a visit; whoever has set out for it begins as soon as the way takes and it is
        open, not as planned."""
        job, now = self.snapshot.live_jobs[stop.job_id or ""], self.snapshot.taken_at
        if job.en_route_at is None or not is_under_way(job):
            return span_of(stop, job, now)
        before = [other for other in found.stops if other.position < stop.position]
        left_at = before[-1].departure_at if before else found.route.start_at
        way = stop.arrival_at - left_at
        if before and before[-1].kind != StopKind.BREAK:
            # The plan may have more time there than the way takes.
            known = self._way(before[-1], stop)
            way = way if known is None else known
        arrival = max(job.en_route_at + way, now)
        start = max(arrival, self._opens_at(found.route, stop))
        return start, start + (stop.departure_at - stop.start_at)

    def _begins_early_at(self, route: models.Route, stop: models.Stop) -> datetime:
        """When a stop still to come begins if its technician is far ahead: as planned at the
        latest. A break is taken when it should be."""
        return min(stop.start_at, max(self._opens_at(route, stop), self.snapshot.taken_at))

    def _opens_at(self, route: models.Route, stop: models.Stop) -> datetime:
        """From when on the stop can begin on its day; as planned where nothing else is known."""
        depot = self.depots.get(stop.depot_id or "")
        job = self.snapshot.live_jobs.get(stop.job_id or "")
        facts = self.facts.get(stop.job_id or "")
        windows = facts.windows if facts else self.snapshot.windows.get(stop.job_id or "")
        if job is not None and windows is not None:
            hours = self.snapshot.opening_hours.get(job.site_id, ())
            return window_of(stop, job, windows, hours, route, self.zone)[0]
        if depot is not None:
            return local_span(route.day, depot.opens, depot.closes, self.zone)[0]
        return stop.start_at

    def _has_outgrown(self, route: models.Route, stop: models.Stop) -> bool:
        """Whether the job takes its technician longer than planned, or more parts."""
        facts = self.facts.get(stop.job_id or "")
        if facts is None:
            return False
        pace = self.paces.get(route.technician_id, ITS_OWN_TIME)
        is_longer = stop.departure_at - stop.start_at < service_of(facts.job, pace)
        return is_longer or any(
            number > stop.parts.get(part, 0) for part, number in facts.parts.items()
        )


def begun_visits(
    stops: Sequence[models.Stop],
    jobs: Mapping[str, Job],
    now: datetime,
    absences: Sequence[Absence] = (),
) -> list[int]:
    """The positions of the visits that have begun: reported so or, while nobody has reported
    anything from the route, due to have started while the technician was not absent."""
    visits = [(at, stop, jobs[stop.job_id]) for at, stop in enumerate(stops) if stop.job_id]
    reporting = any(is_reported(job) for _, _, job in visits)

    def is_due(stop: models.Stop, job: Job) -> bool:
        if reporting or job.status not in models.PLANNABLE or is_away(stop, absences):
            return False
        return stop.start_at <= now

    return [at for at, stop, job in visits if job.status in STARTED or is_due(stop, job)]


def was_skipped(
    stops: Sequence[models.Stop],
    position: int,
    begun: Sequence[int],
    jobs: Mapping[str, Job],
    now: datetime,
) -> bool:
    """Whether it is a break that its technician cannot have taken as planned: they were at the next
    visit before it should begin, and its time is still to come or went by at a visit."""
    pause = stops[position]
    after = next((at for at in begun if at > position), None)
    if pause.kind != StopKind.BREAK or after is None:
        return False
    spans = [span_of(stops[at], jobs[stops[at].job_id or ""], now) for at in begun]
    reached = jobs[stops[after].job_id or ""]
    reached_at = reached.arrived_at or reached.departed_at
    if reached_at is None or reached_at >= pause.start_at:
        return False
    if now < pause.departure_at:
        return True
    return any(begin < pause.departure_at and pause.start_at < end for begin, end in spans)


def span_of(stop: models.Stop, job: Job, now: datetime) -> Span:
    """From when to when its technician was, or will have been, at a visit that has begun."""
    end = over_at(stop, job, now)
    return job.arrived_at or min(stop.start_at, end), end


def is_away(stop: models.Stop, absences: Sequence[Absence]) -> bool:
    """Whether the technician is absent for a part of the stop."""
    return any(
        absence.starts_at < stop.departure_at and stop.start_at < absence.ends_at
        for absence in absences
    )


def is_reported(job: Job) -> bool:
    """Whether a technician has said anything about it."""
    return any((job.en_route_at, job.arrived_at, job.departed_at))


def over_at(stop: models.Stop, job: Job, now: datetime) -> datetime:
    """When a visit that has begun is over, or when it should be."""
    work = stop.departure_at - stop.start_at
    if job.departed_at is not None:
        return job.departed_at
    if job.arrived_at is not None:
        return max(job.arrived_at + work, now)
    if job.en_route_at is not None:
        return max(stop.start_at, now) + work
    return stop.departure_at


def is_there(position: models.Position | None, free_at: datetime, now: datetime) -> bool:
    """Whether a technician who has been free since ``free_at`` is at the position now, as far as
    anybody knows."""
    return position is not None and free_at <= position.at <= now <= position.at + FRESH


def place_of(stop: models.Stop, snapshot: Snapshot) -> str | None:
    """Where a stop is, as in ``Translation.locations``; None for a break."""
    if stop.job_id is not None:
        return f"site {snapshot.live_jobs[stop.job_id].site_id}"
    return None if stop.depot_id is None else f"depot {stop.depot_id}"
