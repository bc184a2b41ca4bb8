"""A tiny company for tests: two skills, a part, a tool, a site and two technicians."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from dispatch.models import LocatedBy, Part, Plan, Route, Site, Skill, Stop, Technician, Tool

SOON = (datetime.now(UTC) + timedelta(days=7)).replace(minute=0, second=0, microsecond=0)


def site(id_: str, name: str) -> Site:
    return Site(
        id=id_,
        name=name,
        address="12 Hàng Bông, Hoàn Kiếm",
        latitude=21.0305,
        longitude=105.8466,
        located_by=LocatedBy.GIVEN,
        territory="west",
    )


def technician(id_: str, name: str) -> Technician:
    return Technician(
        id=id_, name=name, address="3 Kim Mã, Ba Đình", latitude=21.032, longitude=105.826
    )


def add_company(session: Session) -> None:
    """Store and commit it."""
    session.add_all(
        [
            Skill(id="gas", name="Gas"),
            Skill(id="electric", name="Điện"),
            Part(id="CAP-35UF", name="Tụ điện 35 µF"),
            Tool(id="LADDER", name="Thang"),
            site("S-1", "Chị Lan"),
            technician("T-1", "Nguyễn Văn An"),
            technician("T-2", "Trần Thị Bình"),
        ]
    )
    session.commit()


def put_on_live_route(session: Session, job_id: str) -> None:
    """Place the job with T-1, at ``SOON``, in a plan that is in force; commit."""
    plan = Plan(
        starts_on=SOON.date(), ends_on=SOON.date(), based_on_version=0, objective=0, cost={}
    )
    session.add(plan)
    session.flush()
    route = Route(
        plan_id=plan.id or 0,
        technician_id="T-1",
        day=SOON.date(),
        travel_seconds=0,
        distance_metres=0,
        live=True,
        shift_starts_at=SOON,
        shift_ends_at=SOON,
        start_at=SOON,
        end_at=SOON,
    )
    session.add(route)
    session.flush()
    session.add(
        Stop(
            route_id=route.id or 0,
            position=0,
            kind="visit",
            job_id=job_id,
            arrival_at=SOON,
            start_at=SOON,
            departure_at=SOON,
            live=True,
        )
    )
    session.commit()
