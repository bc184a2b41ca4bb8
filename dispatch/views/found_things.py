"""What a search tells of the things that it has found."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, func, select

from dispatch.models import Asset, Job, JobStatus, JobWindow, Route, Site, Stop, Technician
from dispatch.output import Output
from dispatch.settings import Settings
from dispatch.store import rows_where
from dispatch.views.sought import FoundIn, Sought


class FoundKind(StrEnum):
    JOB = "job"
    SITE = "site"
    ASSET = "asset"
    TECHNICIAN = "technician"


ALL_KINDS = frozenset(FoundKind)

FoundKey = tuple[FoundKind, str]
"""What stands for a thing until its page is known."""


class FoundThing(Output):
    """A job, site, machine or technician. What is said of one kind alone is null for the others."""

    kind: FoundKind
    id: str
    name: str
    """The job's title, or what the thing is called."""
    matched: list[FoundIn]
    """Where the words were found."""
    site_id: str | None
    site: str | None
    address: str | None
    phone: str | None
    asset_id: str | None
    asset: str | None
    """The machine that a job is about, with its model."""
    status: JobStatus | None
    day: date | None
    """On which a job is planned or was attended, or else the first on which it may be; null if
    there is none."""
    start_at: datetime | None
    """When it is planned."""
    technician_id: str | None
    """Who has the job."""
    technician: str | None


def told(
    session: Session, sought: Sought, keys: Sequence[FoundKey], settings: Settings
) -> list[FoundThing]:
    """What each of the keys stands for, in their order, and where the words were found in it."""
    ids: dict[FoundKind, set[str]] = {kind: set() for kind in FoundKind}
    for kind, id_ in keys:
        ids[kind].add(id_)
    jobs = {one.id: one for one in rows_where(session, Job, "id", ids[FoundKind.JOB])}
    named = {one.asset_id for one in jobs.values() if one.asset_id} | ids[FoundKind.ASSET]
    assets = {one.id: one for one in rows_where(session, Asset, "id", named)}
    there = {one.site_id for one in jobs.values()} | {one.site_id for one in assets.values()}
    sites = {one.id: one for one in rows_where(session, Site, "id", there | ids[FoundKind.SITE])}
    stops = _live_stops(session, jobs)
    people = {route.technician_id for _, route in stops.values()} | ids[FoundKind.TECHNICIAN]
    technicians = {one.id: one for one in rows_where(session, Technician, "id", people)}
    waiting = [id_ for id_ in jobs if id_ not in stops]
    first_windows = (
        select(JobWindow.job_id, func.min(JobWindow.starts_at))
        .where(col(JobWindow.job_id).in_(waiting))
        .group_by(col(JobWindow.job_id))
    )
    windows = dict(session.exec(first_windows).all())
    found = []
    for kind, id_ in keys:
        if kind is FoundKind.JOB:
            job = jobs[id_]
            asset = assets.get(job.asset_id or "")
            placed = stops.get(job.id)
            name = technicians[placed[1].technician_id].name if placed else None
            first = job.departed_at or windows.get(job.id)
            day = None if first is None else first.astimezone(settings.zone).date()
            if placed is not None:
                day = placed[1].day
            found.append(_of_job(sought, job, sites[job.site_id], asset, placed, name, day))
        elif kind is FoundKind.TECHNICIAN:
            found.append(_of_technician(sought, technicians[id_]))
        elif kind is FoundKind.SITE:
            found.append(_of_site(sought, sites[id_]))
        else:
            asset = assets[id_]
            found.append(_of_asset(sought, asset, sites[asset.site_id]))
    return found


def _live_stops(session: Session, jobs: Mapping[str, Job]) -> dict[str, tuple[Stop, Route]]:
    found = session.exec(
        select(Stop, Route)
        .join(Route, col(Stop.route_id) == Route.id)
        .where(col(Stop.live), col(Stop.job_id).in_(jobs))
    )
    return {stop.job_id: (stop, route) for stop, route in found if stop.job_id is not None}


NOTHING: dict[str, Any] = dict.fromkeys(
    set(FoundThing.model_fields) - {"kind", "id", "name", "matched"}
)


def _place(site: Site) -> dict[str, Any]:
    """What is told of where a thing is."""
    return {"site_id": site.id, "site": site.name, "address": site.address, "phone": site.phone}


def _of_job(
    sought: Sought,
    job: Job,
    site: Site,
    asset: Asset | None,
    placed: tuple[Stop, Route] | None,
    technician: str | None,
    day: date | None,
) -> FoundThing:
    machine = (asset.id, asset.name, asset.model, asset.serial_number) if asset else ()
    return FoundThing(
        kind=FoundKind.JOB,
        id=job.id,
        name=job.title,
        matched=sought.found_in(
            (FoundIn.ID, [job.id]),
            (FoundIn.TITLE, [job.title]),
            (FoundIn.CONTACT, [job.contact_name]),
            (FoundIn.PHONE, [job.contact_phone, site.phone]),
            (FoundIn.SITE, [site.name, site.id]),
            (FoundIn.ADDRESS, [site.address]),
            (FoundIn.ASSET, machine),
        ),
        **_place(site) | {"phone": job.contact_phone or site.phone},
        asset_id=job.asset_id,
        asset=None if asset is None else _called(asset),
        status=job.status,
        day=day,
        start_at=placed[0].start_at if placed else None,
        technician_id=placed[1].technician_id if placed else None,
        technician=technician,
    )


def _of_site(sought: Sought, site: Site) -> FoundThing:
    said = {
        "kind": FoundKind.SITE,
        "id": site.id,
        "name": site.name,
        "matched": sought.found_in(
            (FoundIn.ID, [site.id]),
            (FoundIn.NAME, [site.name]),
            (FoundIn.PHONE, [site.phone]),
            (FoundIn.ADDRESS, [site.address]),
        ),
        **_place(site),
    }
    return FoundThing(**NOTHING | said)


def _of_asset(sought: Sought, asset: Asset, site: Site) -> FoundThing:
    said = {
        "kind": FoundKind.ASSET,
        "id": asset.id,
        "name": _called(asset),
        "matched": sought.found_in(
            (FoundIn.ID, [asset.id]),
            (FoundIn.NAME, [asset.name, asset.model, asset.serial_number]),
            (FoundIn.PHONE, [site.phone]),
            (FoundIn.SITE, [site.name, site.id]),
            (FoundIn.ADDRESS, [site.address]),
        ),
        **_place(site),
        "asset_id": asset.id,
        "asset": asset.name,
    }
    return FoundThing(**NOTHING | said)


def _of_technician(sought: Sought, technician: Technician) -> FoundThing:
    said = {
        "kind": FoundKind.TECHNICIAN,
        "id": technician.id,
        "name": technician.name,
        "matched": sought.found_in(
            (FoundIn.ID, [technician.id]),
            (FoundIn.NAME, [technician.name]),
            (FoundIn.PHONE, [technician.phone]),
        ),
        "phone": technician.phone,
        "technician_id": technician.id,
        "technician": technician.name,
    }
    return FoundThing(**NOTHING | said)


def _called(asset: Asset) -> str:
    return f"{asset.name} {asset.model}" if asset.model else asset.name
