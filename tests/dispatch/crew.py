"""A small company, row by row: what tests of planning are told in.

All times are Hanoi's; places lie on one meridian, a hundredth of a degree (1.1 km) apart.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, SQLModel, select

from dispatch import models
from dispatch.models import Job, JobTechnician, LocatedBy, Site, Technician, Wish

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY = date(2027, 3, 1)
TUESDAY = MONDAY + timedelta(days=1)


def hanoi(clock: str, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=HANOI)


SUNDAY_EVENING = hanoi("20:00", MONDAY - timedelta(days=1))


def north(hundredths: float) -> tuple[float, float]:
    """A place so many hundredths of a degree up the meridian."""
    return 21.0 + hundredths / 100, 105.8


def ensure(session: Session, table: type[SQLModel], id_: str) -> None:
    if session.get(table, id_) is None:
        session.add(table(id=id_, name=id_))
        session.flush()


def add_technician(
    session: Session,
    id_: str,
    *,
    at: float = 0,
    hours: Iterable[tuple[str, str]] = (("08:00", "17:00"),),
    weekdays: Iterable[int] = range(7),
    overtime: int = 0,
    breaks: Iterable[tuple[str, str, int]] = (),
    skills: Mapping[str, int | tuple[int, date]] = {},
    territories: Iterable[str] = (),
    stock: Mapping[str, int] = {},
    tools: Iterable[str] = (),
    active: bool = True,
    **columns: Any,
) -> None:
    latitude, longitude = north(at)
    session.add(
        Technician(
            id=id_,
            name=f"Technician {id_}",
            address="home",
            latitude=latitude,
            longitude=longitude,
            active=active,
            **columns,
        )
    )
    session.flush()
    for weekday in weekdays:
        for starts, ends in hours:
            session.add(
                models.WorkingHours(
                    technician_id=id_,
                    weekday=weekday,
                    starts=time.fromisoformat(starts),
                    ends=time.fromisoformat(ends),
                    max_overtime_minutes=overtime,
                )
            )
        for earliest, latest, minutes in breaks:
            session.add(
                models.WeeklyBreak(
                    technician_id=id_,
                    weekday=weekday,
                    earliest=time.fromisoformat(earliest),
                    latest=time.fromisoformat(latest),
                    minutes=minutes,
                )
            )
    for skill, held in skills.items():
        ensure(session, models.Skill, skill)
        level, expires_on = held if isinstance(held, tuple) else (held, None)
        session.add(
            models.TechnicianSkill(
                technician_id=id_, skill_id=skill, level=level, expires_on=expires_on
            )
        )
    for territory in territories:
        session.add(models.TechnicianTerritory(technician_id=id_, territory=territory))
    for part, quantity in stock.items():
        ensure(session, models.Part, part)
        session.add(models.VanStock(technician_id=id_, part_id=part, quantity=quantity))
    for tool in tools:
        ensure(session, models.Tool, tool)
        session.add(models.VanTool(technician_id=id_, tool_id=tool))
    session.flush()


def add_job(
    session: Session,
    id_: str,
    *,
    at: float | None = 1,
    minutes: int = 30,
    windows: Iterable[tuple[datetime, datetime]] = (),
    opening: Iterable[tuple[int, str, str]] = (),
    territory: str | None = None,
    skills: Mapping[str, int] = {},
    parts: Mapping[str, int] = {},
    tools: Iterable[str] = (),
    wishes: Mapping[str, Wish] = {},
    access: int = 0,
    **columns: Any,
) -> None:
    """A job at a site of its own; ``at=None``: a site that could not be located."""
    latitude, longitude = (None, None) if at is None else north(at)
    session.add(
        Site(
            id=f"site-{id_}",
            name=f"Customer {id_}",
            address=f"{id_} street",
            latitude=latitude,
            longitude=longitude,
            located_by=None if at is None else LocatedBy.GIVEN,
            territory=territory,
            phone="0900 000 000",
            access_minutes=access,
        )
    )
    session.flush()
    for weekday, opens, closes in opening:
        session.add(
            models.OpeningHours(
                site_id=f"site-{id_}",
                weekday=weekday,
                opens=time.fromisoformat(opens),
                closes=time.fromisoformat(closes),
            )
        )
    columns = {"title": f"Repair {id_}"} | columns
    session.add(Job(id=id_, site_id=f"site-{id_}", duration_minutes=minutes, **columns))
    session.flush()
    for starts_at, ends_at in windows:
        session.add(models.JobWindow(job_id=id_, starts_at=starts_at, ends_at=ends_at))
    for skill, level in skills.items():
        ensure(session, models.Skill, skill)
        session.add(models.JobSkill(job_id=id_, skill_id=skill, level=level))
    for part, quantity in parts.items():
        ensure(session, models.Part, part)
        session.add(models.JobPart(job_id=id_, part_id=part, quantity=quantity))
    for tool in tools:
        ensure(session, models.Tool, tool)
        session.add(models.JobTool(job_id=id_, tool_id=tool))
    for technician, wish in wishes.items():
        session.add(JobTechnician(job_id=id_, technician_id=technician, wish=wish))
    session.flush()


def add_depot(
    session: Session,
    id_: str,
    *,
    at: float = 2,
    stock: Mapping[str, int] = {},
    tools: Mapping[str, int] | Iterable[str] = (),
    opens: str = "07:00",
    closes: str = "18:00",
) -> None:
    latitude, longitude = north(at)
    session.add(
        models.Depot(
            id=id_,
            name=f"Depot {id_}",
            address="depot street",
            latitude=latitude,
            longitude=longitude,
            opens=time.fromisoformat(opens),
            closes=time.fromisoformat(closes),
        )
    )
    session.flush()
    for part, quantity in stock.items():
        ensure(session, models.Part, part)
        session.add(models.DepotStock(depot_id=id_, part_id=part, quantity=quantity))
    for tool, number in (tools if isinstance(tools, Mapping) else dict.fromkeys(tools, 1)).items():
        ensure(session, models.Tool, tool)
        session.add(models.DepotTool(depot_id=id_, tool_id=tool, number=number))
    session.flush()


def add_live_route(
    session: Session,
    technician: str,
    stops: Iterable[tuple[str, str] | models.Stop],
    *,
    day: date = MONDAY,
    starts: str = "08:00",
    ends: str = "17:00",
    version: int = 1,
    minutes: int = 30,
) -> int:
    """A route in force; a stop is a visit (job, start) or a row. Returns the id of the plan."""
    plan = session.exec(select(models.Plan).where(models.Plan.version == version)).one_or_none()
    if plan is None:
        plan = models.Plan(
            version=version,
            status=models.PlanStatus.PUBLISHED,
            starts_on=day,
            ends_on=day,
            based_on_version=version - 1,
            published_at=SUNDAY_EVENING,
            objective=0,
        )
        session.add(plan)
        session.flush()
    assert plan.id is not None
    route = models.Route(
        plan_id=plan.id,
        technician_id=technician,
        day=day,
        shift_starts_at=hanoi(starts, day),
        shift_ends_at=hanoi(ends, day),
        start_at=hanoi(starts, day),
        end_at=hanoi(ends, day),
        travel_seconds=0,
        distance_metres=0,
        live=True,
    )
    session.add(route)
    session.flush()
    assert route.id is not None
    for position, found in enumerate(stops):
        stop = found
        if isinstance(stop, tuple):
            job_id, clock = stop
            start = hanoi(clock, day)
            used = session.exec(select(models.JobPart).where(models.JobPart.job_id == job_id)).all()
            stop = models.Stop(
                route_id=0,
                position=0,
                kind="visit",
                job_id=job_id,
                arrival_at=start,
                start_at=start,
                departure_at=start + timedelta(minutes=minutes),
                parts={row.part_id: row.quantity for row in used},
            )
            job = session.get_one(Job, job_id)
            if job.status == models.JobStatus.OPEN:
                job.status = models.JobStatus.SCHEDULED
        stop.route_id, stop.position, stop.live = route.id, position, True
        session.add(stop)
    session.flush()
    return plan.id


def depot_call(depot: str, clock: str, parts: Mapping[str, int], day: date = MONDAY) -> models.Stop:
    start = hanoi(clock, day)
    return models.Stop(
        route_id=0,
        position=0,
        kind="depot",
        depot_id=depot,
        arrival_at=start,
        start_at=start,
        departure_at=start + timedelta(minutes=10),
        parts=dict(parts),
    )


def add_ann_and_bob(session: Session) -> None:
    """Ann in the south with two visits, Bob in the north with one; a new job waits near Ann's.
    Commit."""
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=20)
    for name, at in (("a1", 1), ("a2", 4), ("b1", 19), ("new", 2)):
        add_job(session, name, at=at)
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", "12:00")])
    add_live_route(session, "bob", [("b1", "09:00")])
    session.commit()


def add_link(session: Session, id_: str, kind: str, *job_ids: str, **columns: Any) -> None:
    """A link between jobs; of ``after`` the earlier one first."""
    kind_ = models.LinkKind(kind)
    session.add(models.JobLink(id=id_, kind=kind_, **columns))
    session.flush()
    for position, job_id in enumerate(job_ids):
        session.add(models.JobLinkMember(link_id=id_, job_id=job_id, position=position))
    session.flush()
