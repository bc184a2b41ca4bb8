"""Links between jobs: who goes together, what comes after what, and what is kept apart.

A job stays one visit by one technician. What several of them have to do with each other in time and
person is said by links, which are kept under ids of their own.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from dispatch import log, store
from dispatch.errors import InvalidInput
from dispatch.intake import Code, Input, not_below
from dispatch.models import Job, JobLink, JobLinkMember, JobStatus, JobWindow, LinkKind, now
from dispatch.output import Output
from dispatch.paging import page_of
from dispatch.planning.job_links import ENDED, LinkFacts, links_of, solver_link, with_jobs
from dispatch.register import Register
from solver.faults import Fault
from solver.links import Person, Separation, link_faults

MOST_JOBS = 20
LONGEST_GAP = 366 * 24 * 60
OF_KIND = {
    "least_minutes": LinkKind.AFTER,
    "most_minutes": LinkKind.AFTER,
    "person": LinkKind.AFTER,
    "by": LinkKind.APART,
}
"""Fields that only one kind of link has."""
IN_ORDER = (LinkKind.AFTER, LinkKind.FOLLOW_UP)
"""Of two jobs, the earlier one first."""
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    LinkKind.AFTER: {"least_minutes": 0, "person": Person.ANY},
    LinkKind.APART: {"by": Separation.TECHNICIAN},
}
IN_COMMON = ("site_id", "priority", "due_at", "windows")
"""What the jobs of a crew have in common: it is one attendance for the customer."""


def _each_once(values: list[str]) -> list[str]:
    repeated = sorted({name for name in values if values.count(name) > 1})
    if repeated:
        raise PydanticCustomError(
            "duplicate",
            "names {repeated} more than once",
            {"repeated": ", ".join(repeated), "action": "name it once"},
        )
    return values


JobIds = Annotated[
    list[Code], Field(min_length=2, max_length=MOST_JOBS), AfterValidator(_each_once)
]
GapMinutes = Annotated[int, Field(strict=True, ge=-LONGEST_GAP, le=LONGEST_GAP)]


class JobLinkContent(Input):
    """A relation between jobs.

    ``together``: a crew. The jobs start at the same moment, each with another technician, all of
    them or none. ``after``: the second job starts at least ``least_minutes`` and at most
    ``most_minutes`` after the first one ends, and never without it. ``apart``: no two of the jobs
    have the same technician, or the same day. ``follow_up``: the second job takes up what the first
    could not complete; plans are not bound by it.
    """

    kind: LinkKind
    job_ids: JobIds
    """Of ``after`` and ``follow_up`` the earlier job and then the later one; otherwise their order
    means nothing."""
    least_minutes: Annotated[GapMinutes | None, Field(validate_default=True)] = None
    """Of ``after``: 0 if left out; negative: the second may begin so long before the first ends."""
    most_minutes: Annotated[GapMinutes | None, Field(validate_default=True)] = None
    """Of ``after``: any number if left out."""
    person: Annotated[Person | None, Field(validate_default=True)] = None
    """Of ``after``: who does the second job, seen from the first; anybody if left out."""
    by: Annotated[Separation | None, Field(validate_default=True)] = None
    """Of ``apart``: the technician if left out."""

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, given: Any) -> Any:
        """What is stored says all that it means."""
        if not isinstance(given, dict):
            return given
        defaults = DEFAULTS.get(str(given.get("kind")), {})
        return {**given, **{k: v for k, v in defaults.items() if given.get(k) is None}}

    @field_validator("job_ids")
    @classmethod
    def _in_order(cls, job_ids: list[str], info: ValidationInfo) -> list[str]:
        kind = info.data.get("kind")
        if kind in IN_ORDER and len(job_ids) != 2:
            raise PydanticCustomError(
                "two_jobs",
                "names {number} jobs",
                {"number": len(job_ids), "action": "name the earlier one and the later one"},
            )
        return job_ids if kind in IN_ORDER else sorted(job_ids)

    @field_validator(*OF_KIND)
    @classmethod
    def _of_its_kind(cls, value: Any, info: ValidationInfo) -> Any:
        kind = info.data.get("kind")
        if value is not None and kind is not None and kind is not OF_KIND[info.field_name or ""]:
            raise PydanticCustomError(
                "not_of_this_kind",
                "means nothing for the kind {kind}",
                {"kind": kind.value, "action": "leave it out"},
            )
        if info.field_name == "most_minutes":
            not_below(value, info.data.get("least_minutes"), "least_minutes")
        return value


class JobLinkEntry(JobLinkContent):
    """A link with its id, as files hold it."""

    id: Code


class JobLinkOut(Output):
    """A relation between jobs; see ``JobLinkContent`` for what the fields mean."""

    id: str
    kind: LinkKind
    job_ids: list[str]
    """Of ``after`` and ``follow_up`` the earlier job and then the later one."""
    least_minutes: int | None
    most_minutes: int | None
    person: Person | None
    by: Separation | None


@dataclass(frozen=True)
class LinkRegister(Register[JobLink, JobLinkContent, JobLinkOut]):
    """Links, which are listed by the jobs that they are of."""

    def page(
        self, session: Session, after: str | None, limit: int, **equal: Any
    ) -> tuple[list[JobLinkOut], str | None]:
        query, job_id = select(JobLink), equal.get("job_id")
        if job_id is not None:
            of_job = select(JobLinkMember.link_id).where(JobLinkMember.job_id == job_id)
            query = query.where(col(JobLink.id).in_(of_job))
        page, following = page_of(session, query, after, limit)
        return links_shown(session, page), following

    def remove(self, session: Session, id_: str, *, actor: str) -> None:
        [before] = links_shown(session, [self.row(session, id_)])
        hold(session, before.job_ids)
        store.delete_where(session, JobLinkMember, "link_id", {id_})
        session.delete(self.row(session, id_))
        session.flush()
        touch(session, before.job_ids)
        log.record(
            session, actor, "remove", self.entity, id_, before=before.model_dump(mode="json")
        )


def links_shown(session: Session, rows: Iterable[JobLink]) -> list[JobLinkOut]:
    """The links as they are read, in the same order."""
    return [
        JobLinkOut(**facts.link.model_dump(), job_ids=list(facts.job_ids))
        for facts in with_jobs(session, rows)
    ]


def links_by_job(session: Session, job_ids: Collection[str]) -> dict[str, list[JobLinkOut]]:
    """The links of each of the jobs, in the order of their ids."""
    found: dict[str, list[JobLinkOut]] = {job_id: [] for job_id in job_ids}
    for facts in links_of(session, found):
        link = JobLinkOut(**facts.link.model_dump(), job_ids=list(facts.job_ids))
        for job_id in facts.job_ids:
            if job_id in found:
                found[job_id].append(link)
    return found


def followers(session: Session, job_ids: Collection[str]) -> dict[str, list[str]]:
    """The jobs that take up each of these and were not cancelled, in the order of their ids; of
    those that none takes up, nothing."""
    earlier, later = aliased(JobLinkMember), aliased(JobLinkMember)
    found: dict[str, list[str]] = {}
    for some in store.batches(job_ids):
        for job_id, follower in session.exec(
            select(earlier.job_id, later.job_id)
            .join(JobLink, col(JobLink.id) == earlier.link_id)
            .join(later, col(later.link_id) == JobLink.id)
            .join(Job, col(Job.id) == later.job_id)
            .where(
                col(earlier.job_id).in_(some),
                JobLink.kind == LinkKind.FOLLOW_UP,
                earlier.position == 0,
                later.position == 1,
                Job.status != JobStatus.CANCELLED,
            )
            .order_by(later.job_id)
        ):
            found.setdefault(job_id, []).append(follower)
    return found


def crew_of(session: Session, job_id: str) -> list[str]:
    """The other jobs of its crew, in the order of their ids; none if it is in no crew."""
    for link in links_by_job(session, [job_id])[job_id]:
        if link.kind is LinkKind.TOGETHER:
            return [other for other in link.job_ids if other != job_id]
    return []


def _apply(session: Session, row: JobLink, content: JobLinkContent) -> None:
    wanted = content.model_dump(exclude={"job_ids", "id"})
    is_changed = any(getattr(row, name) != value for name, value in wanted.items())
    session.add(row.sqlmodel_update(wanted))
    session.flush()
    members = store.rows_where(session, JobLinkMember, "link_id", {row.id})
    before = {member.job_id: member.position for member in members}
    after = {job_id: position for position, job_id in enumerate(content.job_ids)}
    hold(session, {*before, *after})
    if before != after:
        store.delete_where(session, JobLinkMember, "link_id", {row.id})
        session.add_all(
            JobLinkMember(link_id=row.id, job_id=job_id, position=position)
            for job_id, position in after.items()
        )
        session.flush()
    if is_changed or before != after:
        touch(session, {*before, *after})
    faults = [fault for _, fault in link_faults_of(session, {row.id})]
    if faults:
        raise InvalidInput(*faults)


def hold(session: Session, job_ids: Collection[str]) -> None:
    """One after the other: links that are sound by themselves may contradict each other."""
    store.hold_idempotency_key(session, "job links")
    store.hold_jobs(session, job_ids)


def touch(session: Session, job_ids: Collection[str]) -> None:
    """A job is shown with its links: to who holds an older state of it, it is another one."""
    for job in store.rows_where(session, Job, "id", job_ids):
        job.revision += 1
        job.updated_at = now()
        session.add(job)


LINKS = LinkRegister(
    log.Entity.JOB_LINK, JobLink, JobLinkContent, JobLinkOut, apply=_apply, show=links_shown
)


# Faults that no link shows by itself


def link_faults_of(session: Session, link_ids: Collection[str]) -> Iterator[tuple[str, Fault]]:
    """Why these links, which are stored, cannot be kept beside all others, each with its id."""
    links, jobs = _connected(session, link_ids)
    crews: dict[str, list[str]] = {}
    for facts in links:
        for job_id in facts.job_ids if facts.link.kind is LinkKind.TOGETHER else ():
            crews.setdefault(job_id, []).append(facts.link.id)
    own = {facts.link.id: facts for facts in links if facts.link.id in link_ids}
    for id_, facts in own.items():
        if facts.link.kind is not LinkKind.TOGETHER:
            continue
        for job_id in facts.job_ids:
            for other in crews[job_id]:
                if other != id_:
                    cause = f"job {job_id} is in the crew {other} already"
                    action = "make one crew of them, or take it out of one"
                    yield id_, Fault("two_crews", "job_ids", cause, action)
        yield from ((id_, fault) for fault in _differences(session, facts, jobs))
    for fault in _contradictions(links, jobs) if own else ():
        yield next(iter(own)), fault


def _connected(
    session: Session, link_ids: Collection[str]
) -> tuple[list[LinkFacts], dict[str, Job]]:
    """These links and all that hang together with them by a job that has not ended, and the
    jobs."""
    rows = store.rows_where(session, JobLink, "id", link_ids)
    found = with_jobs(session, sorted(rows, key=lambda row: row.id))
    links: dict[str, LinkFacts] = {}
    jobs: dict[str, Job] = {}
    while found:
        links |= {facts.link.id: facts for facts in found}
        names = {job_id for facts in found for job_id in facts.job_ids} - jobs.keys()
        jobs |= {job.id: job for job in store.rows_where(session, Job, "id", names)}
        free = {name for name in names if jobs[name].status not in ENDED}
        found = tuple(one for one in links_of(session, free) if one.link.id not in links)
    return list(links.values()), jobs


def _differences(session: Session, facts: LinkFacts, jobs: Mapping[str, Job]) -> Iterator[Fault]:
    """What the jobs of a crew do not have in common."""
    crew = [jobs[job_id] for job_id in facts.job_ids if jobs[job_id].status not in ENDED]
    windows = store.details_by_job(session, JobWindow, crew)
    asked: dict[str, Callable[[Job], object]] = {
        "site_id": lambda job: job.site_id,
        "priority": lambda job: job.priority,
        "due_at": lambda job: job.due_at,
        "windows": lambda job: [(row.starts_at, row.ends_at, row.price) for row in windows[job.id]],
    }
    for name in IN_COMMON:
        found = {repr(asked[name](job)): job.id for job in crew}
        if len(found) > 1:
            names = " and ".join(sorted(found.values())[:2])
            cause = f"{names} are one crew, but have another {name}"
            action = "give all jobs of a crew the same one"
            yield Fault("crew_differs", "job_ids", cause, action)


def _contradictions(links: Iterable[LinkFacts], jobs: Mapping[str, Job]) -> Iterator[Fault]:
    """Cycles, gaps that no times keep, and one technician who would have to be two."""
    free = {job_id: job for job_id, job in jobs.items() if job.status not in ENDED}
    wanted = [found for link in links for found in [solver_link(link, free.keys())] if found]
    durations = {
        job_id: (seconds, seconds)
        for job_id, job in free.items()
        for seconds in [job.duration_minutes * 60]
    }
    pinned = {
        job_id: job.pinned_technician_id
        for job_id, job in free.items()
        if job.pinned_technician_id is not None
    }
    for fault in link_faults(wanted, durations, pinned):
        if fault.code != "two_crews":
            cause = fault.cause.replace("visit", "job")
            action = "drop one of the links, or widen a gap, or let go a pin"
            yield Fault("links_contradict", "job_ids", cause, action)
