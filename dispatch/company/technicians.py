"""Technicians as others see them, and how they work."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, col, select

from dispatch import log
from dispatch.company.master_data import TechnicianEntry
from dispatch.errors import existing
from dispatch.intake import for_change
from dispatch.models import Technician, TechnicianSkill, TechnicianTerritory
from dispatch.output import Output
from dispatch.paging import page_of

HOW_THEY_WORK = (
    "pace_percent",
    "max_visits",
    "max_travel_minutes",
    "max_distance_km",
    "cost_per_hour",
    "cost_per_km",
)


class HeldSkillOut(Output):
    skill_id: str
    level: int
    expires_on: date | None
    """The last day on which it counts; None: it does not expire."""


class TechnicianOut(Output):
    id: str
    name: str
    phone: str | None
    active: bool
    territories: list[str]
    """None named: all of them."""
    skills: list[HeldSkillOut]
    pace_percent: int
    """Of their usual time that visits take: 100 as usual, 130 a trainee, 85 a veteran."""
    max_visits: int | None
    """On each route; None: no limit."""
    max_travel_minutes: int | None
    """On each route, from home and back; None: no limit."""
    max_distance_km: int | None
    """On each route, from home and back; None: no limit."""
    cost_per_hour: int | None
    """Of working time, in units of the currency; None: as everybody's (``DISPATCH_WEIGHTS``)."""
    cost_per_km: int | None
    """As ``cost_per_hour``."""


class TechnicianChange(
    for_change(  # type: ignore[misc]
        TechnicianEntry, without={*TechnicianEntry.model_fields} - {*HOW_THEY_WORK}
    )
):
    """What is to change in how a technician works: fields that are absent stay, null takes a limit
    or a rate away."""


def read_technician(session: Session, technician_id: str) -> Technician:
    """Raises ``NotFound``."""
    return existing(session.get(Technician, technician_id), "technician", technician_id)


def list_technicians(
    session: Session, *, after: str | None = None, limit: int = 50
) -> tuple[list[TechnicianOut], str | None]:
    """A page of technicians in the order of their ids, and ``after`` for the next (None: last)."""
    page, following = page_of(session, select(Technician), after, limit)
    return _outs(session, page), following


def change_technician(
    session: Session, technician_id: str, change: TechnicianChange, *, actor: str
) -> TechnicianOut:
    """The technician with ``change`` applied; what is in force follows, as whenever the company
    changes. Raises ``NotFound``."""
    query = select(Technician).where(Technician.id == technician_id).with_for_update()
    row = existing(session.exec(query).one_or_none(), "technician", technician_id)
    given = change.model_dump(exclude_unset=True)
    before = {name: getattr(row, name) for name in given}
    different = [name for name in given if given[name] != before[name]]
    if different:
        row.sqlmodel_update({name: given[name] for name in different})
        session.add(row)
        session.flush()
        log.record(
            session,
            actor,
            "change",
            log.Entity.TECHNICIAN,
            technician_id,
            before={name: before[name] for name in different},
            after={name: given[name] for name in different},
        )
    [out] = _outs(session, [row])
    return out


def _outs(session: Session, technicians: Sequence[Technician]) -> list[TechnicianOut]:
    ids = [technician.id for technician in technicians]
    skills: dict[str, list[HeldSkillOut]] = {id_: [] for id_ in ids}
    for skill in session.exec(
        select(TechnicianSkill)
        .where(col(TechnicianSkill.technician_id).in_(ids))
        .order_by(TechnicianSkill.skill_id)
    ):
        skills[skill.technician_id].append(
            HeldSkillOut(**skill.model_dump(exclude={"technician_id"}))
        )
    territories: dict[str, list[str]] = {id_: [] for id_ in ids}
    for row in session.exec(
        select(TechnicianTerritory)
        .where(col(TechnicianTerritory.technician_id).in_(ids))
        .order_by(TechnicianTerritory.territory)
    ):
        territories[row.technician_id].append(row.territory)
    return [
        TechnicianOut(
            **technician.model_dump(include={*TechnicianOut.model_fields}),
            territories=territories[technician.id],
            skills=skills[technician.id],
        )
        for technician in technicians
    ]
