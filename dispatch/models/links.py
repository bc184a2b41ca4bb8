"""What jobs have to do with each other: crews, order, and keeping apart."""

from enum import StrEnum

from sqlmodel import Field, SQLModel

from dispatch.models.base import text_of
from solver.links import Person, Separation


class LinkKind(StrEnum):
    """What a link says of its jobs, as ``solver.links`` has it."""

    TOGETHER = "together"
    AFTER = "after"
    APART = "apart"
    FOLLOW_UP = "follow_up"
    """The second job takes up what the first could not complete; plans are not bound by it."""


class JobLink(SQLModel, table=True):
    """A relation between jobs, which are its ``JobLinkMember`` rows; see
    ``dispatch.jobs.links.JobLinkContent`` for what the columns mean."""

    __tablename__ = "job_link"

    id: str = Field(primary_key=True)
    kind: LinkKind = Field(sa_type=text_of(LinkKind))
    least_minutes: int | None = None
    most_minutes: int | None = None
    person: Person | None = Field(default=None, sa_type=text_of(Person))
    by: Separation | None = Field(default=None, sa_type=text_of(Separation))


class JobLinkMember(SQLModel, table=True):
    """A job of a link; ``position`` tells the earlier one of an ``after`` from the later one."""

    __tablename__ = "job_link_member"

    link_id: str = Field(foreign_key="job_link.id", primary_key=True)
    job_id: str = Field(foreign_key="job.id", primary_key=True, index=True)
    position: int
