"""A tiny company for tests: two skills, a part, a tool, a site and two technicians."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from dispatch.models import LocatedBy, Part, Site, Skill, Technician, Tool

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
