"""Links between jobs, with the jobs that they are of, as rows and as the solver has them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from dispatch.models import OVER, Job, JobLink, JobLinkMember, JobStatus, LinkKind, Route, Stop
from dispatch.store import batches, rows_where
from solver.links import After, Apart, Link, Person, Separation, Together

ENDED = (*OVER, JobStatus.CANCELLED)
"""Jobs in these states are to be attended by nobody any more."""


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """A link with the ids of its jobs; of ``after`` the earlier one first."""

    link: JobLink
    job_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Partner:
    """A job that is in a link, and where it is in the plan in force."""

    job: Job
    stop: Stop | None = None
    route: Route | None = None

    @property
    def where(self) -> tuple[object, ...]:
        """All that others are bound by."""
        job, stop, route = self.job, self.stop, self.route
        place = None
        if stop is not None and route is not None:
            place = route.technician_id, route.day, stop.start_at, stop.departure_at
        return job.status, job.en_route_at, job.arrived_at, job.departed_at, place


def links_of(session: Session, job_ids: Collection[str]) -> tuple[LinkFacts, ...]:
    """The links that any of the jobs is in, in the order of their ids."""
    ids = {row.link_id for row in rows_where(session, JobLinkMember, "job_id", job_ids)}
    return with_jobs(
        session, sorted(rows_where(session, JobLink, "id", ids), key=lambda link: link.id)
    )


def binding_links_of(session: Session, job_ids: Collection[str]) -> tuple[LinkFacts, ...]:
    """As ``links_of``, those that say when and by whom jobs are to be done."""
    return tuple(
        facts for facts in links_of(session, job_ids) if facts.link.kind is not LinkKind.FOLLOW_UP
    )


def with_jobs(session: Session, links: Iterable[JobLink]) -> tuple[LinkFacts, ...]:
    """The links with their jobs, in the same order."""
    links = list(links)
    members: dict[str, list[JobLinkMember]] = {link.id: [] for link in links}
    for member in rows_where(session, JobLinkMember, "link_id", members):
        members[member.link_id].append(member)
    return tuple(
        LinkFacts(
            link,
            tuple(m.job_id for m in sorted(members[link.id], key=lambda m: m.position)),
        )
        for link in links
    )


def solver_link(facts: LinkFacts, among: Collection[str]) -> Link | None:
    """The link between those of its jobs that are ``among`` these; None if that leaves nothing of
    it."""
    link, names = facts.link, tuple(name for name in facts.job_ids if name in among)
    if len(names) < 2 or link.kind is LinkKind.FOLLOW_UP:
        return None
    match link.kind:
        case LinkKind.TOGETHER:
            return Together(names)
        case LinkKind.APART:
            return Apart(names, link.by or Separation.TECHNICIAN)
    most = None if link.most_minutes is None else link.most_minutes * 60
    least = (link.least_minutes or 0) * 60
    return After(names[0], names[1], least, most, link.person or Person.ANY)


def partners_of(session: Session, links: Iterable[LinkFacts]) -> dict[str, Partner]:
    """All jobs of the links, by id."""
    return partners_named(session, {name for facts in links for name in facts.job_ids})


def partners_named(session: Session, names: Collection[str]) -> dict[str, Partner]:
    """These jobs, by id."""
    found = {job.id: Partner(job) for job in rows_where(session, Job, "id", names)}
    for some in batches(names):
        rows = session.exec(
            select(Stop, Route)
            .join(Route, col(Route.id) == Stop.route_id)
            .where(col(Stop.live), col(Stop.job_id).in_(some))
        )
        for stop, route in rows:
            name = stop.job_id or ""
            found[name] = Partner(found[name].job, stop, route)
    return found


def linked_with(session: Session, job_ids: Collection[str]) -> set[str]:
    """The other jobs that any of these is bound to by a link."""
    named = {name for facts in binding_links_of(session, job_ids) for name in facts.job_ids}
    return named - {*job_ids}
