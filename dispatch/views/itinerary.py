"""A technician's day as the technician needs it: every stop with place, work, parts and times.

The same day can be had as a map (GeoJSON, RFC 7946), and as a calendar
(``dispatch/views/calendars.py``).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, func, select

from dispatch.checklists import WantedReadingOut
from dispatch.company.technicians import read_technician
from dispatch.local_time import ONE_DAY
from dispatch.models import (
    Asset,
    Device,
    Job,
    JobSkill,
    JobStatus,
    JobTask,
    JobTemplate,
    Part,
    Plan,
    Priority,
    Severity,
    Skill,
    Stop,
    Technician,
    Tool,
    now,
)
from dispatch.output import Output
from dispatch.planning.expected import Expected, Missed, Surroundings, expected_times, surroundings
from dispatch.planning.plan_rows import RouteRows
from dispatch.plans import queries
from dispatch.settings import Settings
from dispatch.store import details_by_job, rows_where
from dispatch.views.colleagues import Colleague, colleagues_of
from solver.solution import StopKind


class NeededSkill(Output):
    """A skill that the work takes, at this level or above."""

    id: str
    name: str
    level: int


class PartCount(Output):
    """So many of a part."""

    id: str
    name: str
    quantity: int


class NamedTool(Output):
    """A tool."""

    id: str
    name: str


class StopTask(Output):
    """A problem that an alert told of, on a machine at the site."""

    title: str
    alert_id: int
    severity: Severity
    asset_id: str
    asset: str
    model: str | None
    serial_number: str | None


class StopWindow(Output):
    """A span in which the visit may start."""

    starts_at: datetime
    ends_at: datetime


class RouteStop(Output):
    """A visit, depot call or break. All moments carry the company's local offset."""

    kind: StopKind
    arrival_at: datetime
    start_at: datetime
    departure_at: datetime
    expected_arrival_at: datetime
    """What was planned, or what follows from what was reported so far; the same of the next two."""
    expected_start_at: datetime
    expected_departure_at: datetime
    windows: list[StopWindow]
    """Agreed with the customer; empty if the site's opening hours are all there is."""
    will_miss: list[Missed]
    """What the visit will not keep, as things stand."""
    en_route_at: datetime | None
    """When the technician set out, as reported; so are the next two."""
    arrived_at: datetime | None
    departed_at: datetime | None
    job_id: str | None
    depot_id: str | None
    title: str
    """What to do, in a word or a sentence."""
    status: JobStatus | None
    priority: Priority | None
    name: str | None
    """Of the site or the depot; a break is taken wherever it falls."""
    address: str | None
    phone: str | None
    latitude: float | None
    longitude: float | None
    skills: list[NeededSkill]
    parts: list[PartCount]
    """What the visit uses, or what to pick up at the depot."""
    tools: list[NamedTool]
    """What the visit needs, or what to borrow at the depot."""
    checklist: list[str]
    """What to tick off at the end, as the job's work type has it now; so is the next."""
    readings_wanted: list[WantedReadingOut]
    tasks: list[StopTask]
    """What alerts told of; empty if the job came from people alone."""
    crew: list[Colleague]
    """Who else is needed there at the same time."""


class ShiftRoute(Output):
    """The route of one shift, from home and back."""

    plan_version: int
    published_at: datetime
    shift_starts_at: datetime
    shift_ends_at: datetime
    leaves_at: datetime
    returns_at: datetime
    travel_seconds: int
    distance_metres: int
    load_parts: list[PartCount]
    """What the stops use out of the van: it must be there in the morning."""
    load_tools: list[NamedTool]
    """What the stops need and no depot lends before."""
    stops: list[RouteStop]


class DailyRoute(Output):
    """A technician's day; ``routes`` is empty if nothing is planned."""

    technician_id: str
    technician: str
    address: str
    latitude: float
    longitude: float
    day: date
    time_zone: str
    plan_version: int | None
    """The newest version that any of the day's routes comes from."""
    routes: list[ShiftRoute]


def daily_route(
    session: Session,
    technician_id: str,
    day: date,
    settings: Settings,
    at: datetime | None = None,
) -> DailyRoute:
    """What is in force for the shifts that begin on this local day, as expected at the moment
    ``at`` (None: now). Raises ``NotFound``."""
    return daily_routes(session, technician_id, day, 1, settings, at)[0]


def daily_routes(
    session: Session,
    technician_id: str,
    first: date,
    days: int,
    settings: Settings,
    at: datetime | None = None,
) -> list[DailyRoute]:
    """As ``daily_route``, of so many days from the first one on. Raises ``NotFound``."""
    read_technician(session, technician_id)
    return daily_routes_of(session, [technician_id], first, days, settings, at)[technician_id]


def daily_routes_of(
    session: Session,
    technician_ids: Collection[str],
    first: date,
    days: int,
    settings: Settings,
    at: datetime | None = None,
) -> dict[str, list[DailyRoute]]:
    """As ``daily_routes``, of several technicians; without those that there are not."""
    wanted = [first + ahead * ONE_DAY for ahead in range(days)]
    rows = queries.live_routes_on(session, technician_ids, wanted[0], wanted[-1])
    # By the minute, so that asking again soon finds the same.
    minute = (at or now()).replace(second=0, microsecond=0)
    lookups = _Lookups.load(session, rows, settings, minute)
    theirs: dict[tuple[str, date], list[RouteRows]] = {}
    for one in rows:
        theirs.setdefault((one.route.technician_id, one.route.day), []).append(one)
    return {
        technician.id: [
            _day(technician, day, theirs.get((technician.id, day), ()), lookups) for day in wanted
        ]
        for technician in rows_where(session, Technician, "id", technician_ids)
    }


def _day(
    technician: Technician, day: date, rows: Sequence[RouteRows], lookups: "_Lookups"
) -> DailyRoute:
    routes = [lookups.route(found) for found in rows if found.stops]
    return DailyRoute(
        technician_id=technician.id,
        technician=technician.name,
        address=technician.address,
        latitude=technician.latitude,
        longitude=technician.longitude,
        day=day,
        time_zone=lookups.settings.time_zone,
        plan_version=max((route.plan_version for route in routes), default=None),
        routes=routes,
    )


@dataclass(frozen=True, slots=True)
class _Lookups:
    """What the stops refer to."""

    settings: Settings
    at: datetime
    plans: Mapping[int, Plan]
    known: Surroundings
    needed: Mapping[str, Sequence[JobSkill]]
    skills: Mapping[str, str]
    parts: Mapping[str, str]
    tools: Mapping[str, str]
    work_types: Mapping[str, JobTemplate]
    tasks: Mapping[str, Sequence[StopTask]]
    crews: Mapping[str, Sequence[Colleague]]

    @classmethod
    def load(
        cls, session: Session, rows: Sequence[RouteRows], settings: Settings, at: datetime
    ) -> "_Lookups":
        known = surroundings(session, rows, settings)
        ids = {found.route.plan_id for found in rows}
        plans = session.exec(select(Plan).where(col(Plan.id).in_(ids))).all() if ids else []
        return cls(
            settings=settings,
            at=at,
            plans={plan.id or 0: plan for plan in plans},
            known=known,
            needed=details_by_job(session, JobSkill, list(known.jobs.values())),
            skills=dict(session.exec(select(Skill.id, Skill.name)).all()),
            parts=dict(session.exec(select(Part.id, Part.name)).all()),
            tools=dict(session.exec(select(Tool.id, Tool.name)).all()),
            work_types=_work_types(session, known.jobs.values()),
            tasks=_tasks(session, list(known.jobs)),
            crews=colleagues_of(session, list(known.jobs), settings, at),
        )

    def route(self, rows: RouteRows) -> ShiftRoute:
        route, plan = rows.route, self.plans[rows.route.plan_id]
        load_parts, load_tools = morning_load(rows.stops)
        return ShiftRoute(
            plan_version=plan.version or 0,
            published_at=self.local(plan.published_at or plan.created_at),
            shift_starts_at=self.local(route.shift_starts_at),
            shift_ends_at=self.local(route.shift_ends_at),
            leaves_at=self.local(route.start_at),
            returns_at=self.local(route.end_at),
            travel_seconds=route.travel_seconds,
            distance_metres=route.distance_metres,
            load_parts=self.part_counts(load_parts),
            load_tools=self.named_tools(load_tools),
            stops=[
                self.stop(stop, expected)
                for stop, expected in zip(
                    rows.stops,
                    expected_times(rows, self.known, self.at, self.settings),
                    strict=True,
                )
            ],
        )

    def stop(self, stop: Stop, expected: Expected) -> RouteStop:
        job = self.known.jobs.get(stop.job_id or "")
        site = None if job is None else self.known.sites[job.site_id]
        depot = self.known.depots.get(stop.depot_id or "")
        place = site or depot
        work_type = None if job is None else self.work_types.get(job.work_type_id or "")
        title = "Pick up parts" if depot else "Break"
        return RouteStop(
            kind=StopKind(stop.kind),
            arrival_at=self.local(stop.arrival_at),
            start_at=self.local(stop.start_at),
            departure_at=self.local(stop.departure_at),
            expected_arrival_at=self.local(expected.arrival_at),
            expected_start_at=self.local(expected.start_at),
            expected_departure_at=self.local(expected.departure_at),
            windows=[
                StopWindow(starts_at=self.local(one.starts_at), ends_at=self.local(one.ends_at))
                for one in self.known.windows.get(stop.job_id or "", ())
            ],
            will_miss=list(expected.misses),
            en_route_at=self.reported(job.en_route_at if job else None),
            arrived_at=self.reported(job.arrived_at if job else None),
            departed_at=self.reported(job.departed_at if job else None),
            job_id=stop.job_id,
            depot_id=stop.depot_id,
            title=job.title if job else title,
            status=job.status if job else None,
            priority=job.priority if job else None,
            name=place.name if place else None,
            address=place.address if place else None,
            phone=site.phone if site else None,
            latitude=place.latitude if place else None,
            longitude=place.longitude if place else None,
            skills=[
                NeededSkill(id=row.skill_id, name=self.skills[row.skill_id], level=row.level)
                for row in (self.needed[job.id] if job else ())
            ],
            parts=self.part_counts(stop.parts),
            tools=self.named_tools(stop.tools),
            checklist=work_type.checklist if work_type else [],
            readings_wanted=[
                WantedReadingOut(**one) for one in (work_type.readings if work_type else ())
            ],
            tasks=list(self.tasks.get(job.id, ())) if job else [],
            crew=list(self.crews.get(job.id, ())) if job else [],
        )

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.settings.zone)

    def reported(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else self.local(moment)

    def part_counts(self, counts: Mapping[str, int]) -> list[PartCount]:
        # A part that was renamed away since still has to be in the van.
        return [
            PartCount(id=part, name=self.parts.get(part, part), quantity=quantity)
            for part, quantity in sorted(counts.items())
        ]

    def named_tools(self, tools: Iterable[str]) -> list[NamedTool]:
        return [NamedTool(id=tool, name=self.tools.get(tool, tool)) for tool in sorted(tools)]


def _work_types(session: Session, jobs: Iterable[Job]) -> dict[str, JobTemplate]:
    ids = {job.work_type_id for job in jobs}
    found = session.exec(select(JobTemplate).where(col(JobTemplate.id).in_(ids - {None})))
    return {template.id: template for template in found}


def _tasks(session: Session, job_ids: Sequence[str]) -> dict[str, list[StopTask]]:
    found: dict[str, list[StopTask]] = {}
    for task, asset in session.exec(
        select(JobTask, Asset)
        .join(Device, col(JobTask.device_id) == Device.id)
        .join(Asset, col(Asset.id) == func.coalesce(JobTask.asset_id, Device.asset_id))
        .where(col(JobTask.job_id).in_(job_ids))
        .order_by(col(JobTask.job_id), col(JobTask.position))
    ):
        shown = StopTask(
            title=task.title,
            alert_id=task.alert_id,
            severity=task.severity,
            asset_id=asset.id,
            asset=asset.name,
            model=asset.model,
            serial_number=asset.serial_number,
        )
        found.setdefault(task.job_id, []).append(shown)
    return found


def morning_load(stops: Iterable[Stop]) -> tuple[dict[str, int], set[str]]:
    """Parts and tools that must be in the van at the start, given what depots add on the way."""
    balance: Counter[str] = Counter()
    parts: dict[str, int] = {}
    borrowed: set[str] = set()
    tools: set[str] = set()
    for stop in stops:
        if stop.kind == StopKind.DEPOT:
            balance.update(stop.parts)
            borrowed.update(stop.tools)
            continue
        balance.subtract(stop.parts)
        tools.update(set(stop.tools) - borrowed)
        for part in stop.parts:
            if balance[part] < 0:
                parts[part] = max(parts.get(part, 0), -balance[part])
    return parts, tools


def as_geojson(route: DailyRoute) -> dict[str, Any]:
    """A line for each route, as the crow flies between its stops, and a point for each stop.

    Breaks have no place of their own and are left out.
    """
    home = [route.longitude, route.latitude]
    features = []
    for shift in route.routes:
        placed = [
            (position, stop, [stop.longitude, stop.latitude])
            for position, stop in enumerate(shift.stops, start=1)
            if stop.latitude is not None and stop.longitude is not None
        ]
        features.append(
            _feature(
                {
                    "type": "LineString",
                    "coordinates": [home, *(where for _, _, where in placed), home],
                },
                {
                    "kind": "route",
                    "technician_id": route.technician_id,
                    "technician": route.technician,
                    **shift.model_dump(mode="json", exclude={"stops"}),
                },
            )
        )
        features += [
            _feature(
                {"type": "Point", "coordinates": where},
                {
                    "position": position,
                    **stop.model_dump(mode="json", exclude={"latitude", "longitude"}),
                },
            )
            for position, stop, where in placed
        ]
    return {"type": "FeatureCollection", "features": features}


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
