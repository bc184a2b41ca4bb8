"""When the stops of a route will be, given what has been reported, and what that misses.

The plan says when a stop should be; this says when it will be. Visits that were reported have their
actual times, the others follow from those by travel and service, and never lie in the past.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, select

from dispatch.local_time import Span, local_span
from dispatch.models import (
    Depot,
    Job,
    JobWindow,
    OpeningHours,
    Position,
    Site,
    Stop,
    Technician,
)
from dispatch.planning.facts import access_of
from dispatch.planning.legs import measured_legs
from dispatch.planning.plan_rows import RouteRows
from dispatch.planning.progress import begun_visits, is_there, over_at, was_skipped
from dispatch.planning.service_windows import window_of
from dispatch.planning.snapshot import jobs_by_id
from dispatch.planning.travel import Place, TravelTimes, travel_times
from dispatch.settings import Settings
from dispatch.store import details_by_job, rows_where, sites_of


class Missed(StrEnum):
    """What a stop will not keep, as things stand, by more than the tolerance."""

    TIME_WINDOW = "time_window"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Expected:
    """Actual times where they are known, and otherwise those that follow from them."""

    arrival_at: datetime
    start_at: datetime
    departure_at: datetime
    misses: tuple[Missed, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What routes refer to: rows by their ids, and details by the id of whose they are."""

    jobs: Mapping[str, Job]
    sites: Mapping[str, Site]
    depots: Mapping[str, Depot]
    technicians: Mapping[str, Technician]
    positions: Mapping[str, Position]
    windows: Mapping[str, Sequence[JobWindow]]
    opening_hours: Mapping[str, Sequence[OpeningHours]]
    travel: TravelTimes

    def place(self, stop: Stop) -> Place | None:
        """None for a break, and for a site that has lost its coordinates."""
        where = self.site(stop) or self.depots.get(stop.depot_id or "")
        if where is None or where.latitude is None or where.longitude is None:
            return None
        return Place(where.id, where.latitude, where.longitude)

    def home(self, technician_id: str) -> Place:
        """Where the technician's shifts start and end."""
        row = self.technicians[technician_id]
        return Place(row.id, row.latitude, row.longitude)

    def site(self, stop: Stop) -> Site | None:
        """Where a visit is; None for any other stop."""
        return self.sites[self.jobs[stop.job_id].site_id] if stop.job_id is not None else None


def expected_times(
    rows: RouteRows, known: Surroundings, at: datetime, settings: Settings
) -> list[Expected]:
    """For each stop of a live route, as far as can be foreseen at the moment ``at``."""
    return _Forecast(rows, known, at, settings).expected()


def surroundings(session: Session, routes: Sequence[RouteRows], settings: Settings) -> Surroundings:
    """Read what the routes refer to, and how long the ways between their places take."""
    jobs = jobs_by_id(
        session, (stop.job_id for rows in routes for stop in rows.stops if stop.job_id)
    )
    technicians = {rows.route.technician_id for rows in routes}
    sites = sites_of(session, list(jobs.values()))
    depots = {depot.id: depot for depot in session.exec(select(Depot))}
    ids = {*technicians, *sites, *depots}
    legs = measured_legs(session, ids)
    opening_hours: dict[str, list[OpeningHours]] = {site: [] for site in sites}
    for row in rows_where(session, OpeningHours, "site_id", sites):
        opening_hours[row.site_id].append(row)
    return Surroundings(
        jobs=jobs,
        sites=sites,
        depots=depots,
        technicians={row.id: row for row in rows_where(session, Technician, "id", technicians)},
        positions={
            row.technician_id: row
            for row in rows_where(session, Position, "technician_id", technicians)
        },
        windows=details_by_job(session, JobWindow, list(jobs.values())),
        opening_hours=opening_hours,
        travel=travel_times(legs, settings.speed_kmh, settings.detour_factor),
    )


def began_at(stop: Stop, job: Job | None) -> datetime:
    """When the stop began, as far as that was reported; otherwise when it should."""
    reported = job and (job.arrived_at or job.en_route_at or job.departed_at)
    return reported or stop.start_at


class _Forecast:
    """A technician's way through a route, from home and on."""

    def __init__(
        self, rows: RouteRows, known: Surroundings, now: datetime, settings: Settings
    ) -> None:
        self.route, self.stops = rows.route, rows.stops
        self.known, self.now, self.settings = known, now, settings
        places = [known.home(rows.route.technician_id)]
        self._row_of: dict[int, int] = {}
        for at, stop in enumerate(rows.stops):
            place = known.place(stop)
            if place is not None:
                self._row_of[at] = len(places)
                places.append(place)
        position = known.positions.get(rows.route.technician_id)
        self._position = position
        if position is not None:
            places.append(Place("", position.latitude, position.longitude))
        self._seconds, _ = known.travel.matrices(places)
        self._here = 0
        self._site: Site | None = None
        """Where the technician is, if that is at a customer's."""
        self._free_at = max(rows.route.start_at, rows.route.shift_starts_at)

    def expected(self) -> list[Expected]:
        begun = begun_visits(self.stops, self.known.jobs, self.now)
        in_order = sorted(begun, key=lambda at: began_at(self.stops[at], self._job(at)))
        found = {at: self._begun(at) for at in in_order}
        last = max(begun, default=-1)
        if self._position is not None and is_there(self._position, self._free_at, self.now):
            self._here, self._free_at = len(self._seconds) - 1, self._position.at
            self._site = None
        for at, stop in enumerate(self.stops):
            is_past = stop.job_id is None and at < last
            if is_past and not was_skipped(self.stops, at, begun, self.known.jobs, self.now):
                found[at] = Expected(stop.arrival_at, stop.start_at, stop.departure_at)
            elif at not in found:
                found[at] = self._to_come(at)
        return [found[at] for at in range(len(self.stops))]

    def _begun(self, at: int) -> Expected:
        stop, job = self.stops[at], self._job(at)
        end = over_at(stop, job, self.now)
        arrival, start = stop.arrival_at, stop.start_at
        if job.arrived_at is not None:
            arrival = start = job.arrived_at
        elif job.departed_at is not None:
            arrival = start = min(start, end)
        elif job.en_route_at is not None:
            arrival = max(job.en_route_at + self._way_to(at), self.now)
            start = max(arrival, self._span(at)[0])
            end = start + (stop.departure_at - stop.start_at)
        self._go_on(at, end)
        is_over = job.departed_at is not None
        return Expected(arrival, start, end, () if is_over else self._missed(at, start, end))

    def _to_come(self, at: int) -> Expected:
        stop = self.stops[at]
        arrival = max(self._free_at + self._way_to(at), self.now)
        start = max(arrival, self._opens_at(at))
        end = start + (stop.departure_at - stop.start_at)
        self._go_on(at, end)
        return Expected(arrival, start, end, self._missed(at, start, end) if stop.job_id else ())

    def _opens_at(self, at: int) -> datetime:
        stop = self.stops[at]
        depot = self.known.depots.get(stop.depot_id or "")
        if depot is not None:
            return local_span(self.route.day, depot.opens, depot.closes, self.settings.zone)[0]
        return self._span(at)[0] if stop.job_id else stop.start_at

    def _go_on(self, at: int, end: datetime) -> None:
        self._free_at = max(end, self.route.shift_starts_at)
        if at in self._row_of:
            self._here, self._site = self._row_of[at], self.known.site(self.stops[at])

    def _way_to(self, at: int) -> timedelta:
        """With the access to a visit that is elsewhere."""
        there, site = self._row_of.get(at), self.known.site(self.stops[at])
        if there is None or (site is not None and site is self._site):
            return timedelta()
        access = 0 if site is None else access_of(site)
        return timedelta(seconds=int(self._seconds[self._here, there]) + access)

    def _missed(self, at: int, start: datetime, end: datetime) -> tuple[Missed, ...]:
        due_at, tolerance = self._job(at).due_at, self.settings.late_after
        return (
            *((Missed.TIME_WINDOW,) if start > self._span(at)[1] + tolerance else ()),
            *((Missed.DUE,) if due_at is not None and end > due_at + tolerance else ()),
        )

    def _span(self, at: int) -> Span:
        stop, job = self.stops[at], self._job(at)
        windows, hours = self.known.windows[job.id], self.known.opening_hours[job.site_id]
        return window_of(stop, job, windows, hours, self.route, self.settings.zone)

    def _job(self, at: int) -> Job:
        return self.known.jobs[self.stops[at].job_id or ""]
