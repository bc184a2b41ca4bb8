"""Machines that send alerts: what tests of alerts are told in."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from dispatch import models
from dispatch.alerts.content import Delivery
from dispatch.alerts.intake import AlertReceipt, Arrival, accept
from dispatch.alerts.rules import RULES, TEMPLATES, RuleContent, TemplateContent
from dispatch.company.devices import ASSETS, DEVICES, AssetContent, DeviceContent
from dispatch.models import Alert, AlertSource, Job, JobStatus, LocatedBy, Site
from dispatch.settings import Settings
from tests.dispatch.crew import add_technician, ensure, hanoi, north

NOON = hanoi("12:00")


def minutes(number: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=number)


def add_machines(session: Session, sites: Iterable[str] = ("sen", "ho")) -> None:
    """At each site two machines, each watched by a device: ``sen-1``, ``sen-2``; commit."""
    for skill in ("cooling", "electric"):
        ensure(session, models.Skill, skill)
    ensure(session, models.Part, "FILTER")
    ensure(session, models.Tool, "gauge")
    add_technician(session, "T1", skills={"cooling": 3, "electric": 1})
    latitude, longitude = north(1)
    for site in sites:
        session.add(
            Site(
                id=site,
                name=f"Customer {site}",
                address=f"{site} street",
                latitude=latitude,
                longitude=longitude,
                located_by=LocatedBy.GIVEN,
            )
        )
        session.flush()
        for number in (1, 2, 3):
            id_ = f"{site}-{number}"
            asset = AssetContent(site_id=site, name=f"Chiller {number}", model="RX-7")
            ASSETS.put(session, id_, asset, actor="lan")
            DEVICES.put(session, id_, DeviceContent(asset_id=id_), actor="lan")
    session.commit()


def add_template(session: Session, id_: str = "repair", **fields: Any) -> None:
    base = {
        "title": "{asset}: {type}",
        "duration_minutes": 60,
        "extra_minutes": 20,
        "priorities": {"critical": "urgent", "major": "high"},
        "skills": [{"skill_id": "cooling"}],
    }
    TEMPLATES.put(session, id_, TemplateContent.model_validate(base | fields), actor="lan")
    session.commit()


def add_rule(session: Session, id_: str = "all", **fields: Any) -> None:
    base = {"name": id_, "template_id": "repair"}
    RULES.put(session, id_, RuleContent.model_validate(base | fields), actor="lan")
    session.commit()


def message(id_: str | None = "a-1", **fields: Any) -> dict[str, Any]:
    base = {"id": id_, "device": "sen-1", "type": "overheat", "severity": "major"}
    return {k: v for k, v in (base | fields).items() if v is not None}


def told(
    session: Session,
    settings: Settings,
    content: Any,
    at: datetime = NOON,
    *,
    source: AlertSource | None = None,
    **delivery: Any,
) -> list[AlertReceipt]:
    """Take in one message, commit, and say what became of each of its items."""
    body = content if isinstance(content, bytes) else json.dumps(content, default=str).encode()
    arrival = Arrival(Delivery(body, **delivery), "platform", source)
    [receipts] = accept(session, [arrival], settings, at)
    session.commit()
    return receipts


def open_jobs(session: Session) -> list[Job]:
    session.expire_all()
    jobs = session.exec(select(Job).where(Job.status != JobStatus.CANCELLED)).all()
    return sorted(jobs, key=lambda job: job.created_at)


def alert(session: Session, id_: str = "a-1") -> Alert:
    session.expire_all()
    return session.exec(select(Alert).where(Alert.id_at_source == id_)).one()
