"""Links between jobs in a folder of CSV files: what no line of them shows by itself."""

from collections.abc import Collection, Iterable

from sqlmodel import Session

from dispatch.files.pages import Page
from dispatch.files.sheets import LINKS
from dispatch.intake import Input
from dispatch.jobs.links import JobLinkEntry, link_faults_of, links_by_job, touch
from solver.faults import Fault


def jobs_of(page: Page | None) -> set[str]:
    """The jobs that the lines of ``job_links.csv`` are about."""
    contents = [] if page is None else [line.content for line in page.lines]
    return {job_id for one in contents if isinstance(one, JobLinkEntry) for job_id in one.job_ids}


def touch_jobs(
    session: Session,
    changes: Iterable[tuple[str, Input | None, Input]],
    changed_jobs: Collection[str],
) -> None:
    """The jobs of links that have changed are others now, to who holds their older state; those
    that have changed themselves are so already."""
    lines = [line for _, *both in changes for line in both]
    linked = {job_id for one in lines if isinstance(one, JobLinkEntry) for job_id in one.job_ids}
    touch(session, linked - {*changed_jobs})


def stored_faults(
    session: Session, page: Page | None, changed_jobs: Collection[str]
) -> list[Fault]:
    """Why links cannot be kept, now that all is stored: those of the file, and those of jobs that
    have changed."""
    numbers = (
        {} if page is None else {page.sheet.key_of(x.content)[0]: x.number for x in page.lines}
    )
    of_jobs = links_by_job(session, changed_jobs).values()
    ids = {*numbers, *(link.id for some in of_jobs for link in some)}
    if not ids:
        return []
    return [
        Fault(
            fault.code,
            page.place(numbers[id_], fault.where)
            if page is not None and id_ in numbers
            else f"{LINKS.file}, {id_}",
            fault.cause,
            fault.action,
        )
        for id_, fault in link_faults_of(session, ids)
    ]
