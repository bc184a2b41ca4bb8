"""A job with everything that belongs to it: what hangs on its row, as rows and as it is read."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlmodel import Session

from dispatch import store
from dispatch.intake import JobContent, PartQuantity, SkillLevel, Window
from dispatch.jobs.links import JobLinkOut, links_by_job
from dispatch.models import (
    Asset,
    Job,
    JobPart,
    JobSkill,
    JobStatus,
    JobTechnician,
    JobTool,
    JobWindow,
    Priority,
    Wish,
)
from dispatch.output import Output
from solver.faults import Fault


class JobOut(Output):
    """A job with everything that belongs to it; lists are in the order of ids and times."""

    id: str
    site_id: str
    title: str
    asset_id: str | None
    """The machine that it is about."""
    work_type_id: str | None
    """The job template that it was made from."""
    contact_name: str | None
    contact_phone: str | None
    note: str | None
    status: JobStatus
    hold_reason: str | None
    hold_until: date | None
    """The local day until which it waits, as far as is known."""
    priority: Priority
    duration_minutes: int
    due_at: datetime | None
    told_at: datetime | None
    windows: list[Window]
    skills: list[SkillLevel]
    parts: list[PartQuantity]
    tools: list[str]
    preferred: list[str]
    allowed: list[str]
    forbidden: list[str]
    pinned_technician_id: str | None
    pinned_start_at: datetime | None
    not_before_at: datetime | None
    """Where a dispatcher has put it: it begins no earlier."""
    en_route_at: datetime | None
    """When the technician set out, as reported; so are the two that follow."""
    arrived_at: datetime | None
    departed_at: datetime | None
    parts_used: dict[str, int] | None
    """Set once it is over."""
    needs_location: bool
    links: list[JobLinkOut]
    """What it has to do with other jobs."""
    revision: int
    created_at: datetime
    updated_at: datetime


DETAILS = ("windows", "skills", "parts", "tools", "preferred", "allowed", "forbidden")


def detail_rows(
    job_id: str, new: JobContent
) -> list[JobWindow | JobSkill | JobPart | JobTool | JobTechnician]:
    """The rows that hang on the job's own row."""
    return [
        *(JobWindow(job_id=job_id, **window.model_dump()) for window in new.windows),
        *(JobSkill(job_id=job_id, **skill.model_dump()) for skill in new.skills),
        *(JobPart(job_id=job_id, **part.model_dump()) for part in new.parts),
        *(JobTool(job_id=job_id, tool_id=tool) for tool in new.tools),
        *(
            JobTechnician(job_id=job_id, technician_id=technician, wish=wish)
            for wish in Wish
            for technician in getattr(new, wish)
        ),
    ]


def asset_faults(session: Session, new: JobContent) -> list[Fault]:
    """Why the job cannot be about its machine; one that is not known is no matter of this."""
    asset = None if new.asset_id is None else session.get(Asset, new.asset_id)
    if asset is None or asset.site_id == new.site_id:
        return []
    cause = f"{asset.id!r} is at the site {asset.site_id!r}"
    action = "give the site that it is at, or another machine"
    return [Fault("asset_elsewhere", "asset_id", cause, action)]


def windows_shown(rows: Iterable[JobWindow]) -> list[Window]:
    """The windows as they are read, in the same order."""
    return [Window(starts_at=w.starts_at, ends_at=w.ends_at, price=w.price) for w in rows]


def outs_of(session: Session, jobs: Sequence[Job]) -> list[JobOut]:
    """The jobs as they are read, in the same order."""
    sites = store.sites_of(session, jobs)
    windows = store.details_by_job(session, JobWindow, jobs)
    skills = store.details_by_job(session, JobSkill, jobs)
    parts = store.details_by_job(session, JobPart, jobs)
    tools = store.details_by_job(session, JobTool, jobs)
    wishes = store.details_by_job(session, JobTechnician, jobs)
    links = links_by_job(session, {job.id for job in jobs})
    return [
        JobOut(
            **job.model_dump(),
            windows=windows_shown(windows[job.id]),
            skills=[SkillLevel(skill_id=s.skill_id, level=s.level) for s in skills[job.id]],
            parts=[PartQuantity(part_id=p.part_id, quantity=p.quantity) for p in parts[job.id]],
            tools=[tool.tool_id for tool in tools[job.id]],
            preferred=_wished(wishes[job.id], Wish.PREFERRED),
            allowed=_wished(wishes[job.id], Wish.ALLOWED),
            forbidden=_wished(wishes[job.id], Wish.FORBIDDEN),
            needs_location=sites[job.site_id].latitude is None,
            links=links[job.id],
        )
        for job in jobs
    ]


def _wished(rows: Iterable[JobTechnician], wish: Wish) -> list[str]:
    return [row.technician_id for row in rows if row.wish == wish]
