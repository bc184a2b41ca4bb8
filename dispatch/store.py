"""The database: sessions, the schema, and every query on jobs and what they refer to.

Functions take a session and never commit; whoever opened the session does.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Engine,
    and_,
    delete,
    exists,
    func,
    insert,
    inspect,
    not_,
    text,
    union,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlmodel import Session, SQLModel, col, select

from dispatch.engines import connect
from dispatch.models import (
    PLANNABLE,
    Asset,
    Depot,
    Job,
    JobLink,
    JobPart,
    JobSkill,
    JobStatus,
    JobTechnician,
    JobTemplate,
    JobTool,
    JobWindow,
    Part,
    Priority,
    Report,
    Site,
    Skill,
    Stop,
    Technician,
    Tool,
    is_one_of,
)
from dispatch.paging import page_of

Row = TypeVar("Row", bound=SQLModel)
Named = Skill | Part | Tool | Site | Depot | Technician | Job | JobLink | Asset | JobTemplate
"""The tables whose rows others refer to by ``id``."""
JobDetail = TypeVar("JobDetail", JobWindow, JobSkill, JobPart, JobTool, JobTechnician)

AWAY = (OperationalError, InterfaceError, NoFreeConnection)
"""What is raised while the database is locked or does not answer; it will again."""


def reading(engine: Engine) -> Engine:
    """The same database and connections for sessions that only read.

    Such a session sees one state from its first query to its end, and neither waits for writers
    nor keeps them waiting.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(only_reads=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def only_reads(session: Session) -> bool:
    """Whether the session is on a ``reading`` engine."""
    options = session.get_bind().get_execution_options()
    return bool(options.get("only_reads") or options.get("postgresql_readonly"))


def let_go(session: Session) -> None:
    """Give the connection of a session that reads back, before something else is waited for.

    What was read stays as it is; what is read next may be newer. A session that writes keeps its
    connection, with what it has not committed.
    """
    if only_reads(session):
        session.close()


def migrate(url: str) -> None:
    """Bring the database's schema up to date; all of it or nothing.

    Several processes may do so at once: one works, the others wait and find it done.
    """
    # A migration that rebuilds a table drops the old one, which SQLite would cascade.
    engine = connect(url, foreign_keys=False, gives_up=False)
    try:
        if is_migrated(engine):
            return
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(hashtext('dispatch schema'))")
                )
            command.upgrade(alembic_config(connection), "head")
            if connection.dialect.name == "sqlite":
                broken = connection.execute(text("PRAGMA foreign_key_check")).all()
                if broken:
                    raise RuntimeError(f"the migration left dangling references: {broken[:10]}")
    finally:
        engine.dispose()


def is_migrated(engine: Engine) -> bool:
    """Whether the schema is the one that this version of the program needs."""
    with reading(engine).connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == _newest_schema()


@cache
def _newest_schema() -> frozenset[str]:
    """Read once: every migration is a module."""
    return frozenset(ScriptDirectory.from_config(alembic_config()).get_heads())


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the packaged migrations, working on ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


# Rows of any table


def key_columns(table: type[SQLModel]) -> list[str]:
    """The names of the primary key's columns."""
    return [column.name for column in inspect(table).primary_key]


def rows_where(
    session: Session, table: type[Row], column: str, values: Collection[str] | None
) -> Iterator[Row]:
    """The rows whose ``column`` is among ``values`` (None: all rows)."""
    if values is None:
        yield from session.exec(select(table))
        return
    for some in batches(values):
        yield from session.exec(select(table).where(getattr(table, column).in_(some)))


def delete_where(
    session: Session, table: type[SQLModel], column: str, values: Collection[str]
) -> None:
    for some in batches(values):
        session.exec(delete(table).where(getattr(table, column).in_(some)))


def append(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> None:
    """Add the rows, whose keys the database makes up."""
    if rows:
        session.connection().execute(insert(table), list(rows))


def upsert(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> None:
    """Add the rows, or overwrite the ones with the same key; all have the same columns."""
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    key = key_columns(table)
    rest = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=key, set_=rest)
        if rest
        else statement.on_conflict_do_nothing(),
        list(rows),
    )


# Ids


def existing_ids(session: Session, table: type[Named], ids: Collection[str]) -> set[str]:
    """Those of ``ids`` that are stored."""
    found: set[str] = set()
    for some in batches(ids):
        found.update(session.exec(select(table.id).where(col(table.id).in_(some))))
    return found


def all_ids(session: Session, table: type[Named]) -> Sequence[str]:
    return session.exec(select(table.id).order_by(table.id)).all()


def batches(ids: Iterable[str], size: int = 5_000) -> Iterator[list[str]]:
    """The ids, each once and in order, in parts small enough for one statement's parameters."""
    rest = iter(sorted(set(ids)))
    while batch := list(islice(rest, size)):
        yield batch


# Jobs


def hold_idempotency_key(session: Session, key: str) -> None:
    """Wait until no other transaction works on ``key``, and keep others waiting until the end."""
    # A SQLite transaction has the whole database to itself anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0)))).all()


def hold_job(session: Session, job_id: str) -> Job | None:
    """The job, which others cannot change until this transaction ends."""
    return session.exec(select(Job).where(Job.id == job_id).with_for_update()).one_or_none()


def hold_jobs(session: Session, job_ids: Collection[str]) -> None:
    """Keep others from changing the jobs until this transaction ends."""
    for some in batches(job_ids):
        session.exec(
            select(Job.id).where(col(Job.id).in_(some)).order_by(Job.id).with_for_update()
        ).all()


def sites_of(session: Session, jobs: Collection[Job]) -> dict[str, Site]:
    """The jobs' sites by id."""
    ids = {job.site_id for job in jobs}
    return {site.id: site for site in rows_where(session, Site, "id", ids)}


def details_by_job(
    session: Session, table: type[JobDetail], jobs: Collection[Job]
) -> dict[str, list[JobDetail]]:
    """The rows of ``table`` that belong to each of ``jobs``, in the order of their keys."""
    found: dict[str, list[JobDetail]] = {job.id: [] for job in jobs}
    for row in rows_where(session, table, "job_id", found):
        found[row.job_id].append(row)
    # Databases differ in how they order texts.
    key = attrgetter(*key_columns(table))
    return {job_id: sorted(rows, key=key) for job_id, rows in found.items()}


def remove_details(session: Session, job_ids: Collection[str]) -> None:
    """Windows, skills, parts, tools and wishes of the jobs."""
    for table in (JobWindow, JobSkill, JobPart, JobTool, JobTechnician):
        delete_where(session, table, "job_id", job_ids)


def take_off_live_routes(session: Session, job_ids: Collection[str]) -> None:
    """Nobody is sent to the jobs any more; the stops stay in their plans as history."""
    for some in batches(job_ids):
        session.exec(
            update(Stop).where(col(Stop.job_id).in_(some), col(Stop.live)).values(live=False)
        )


def reports_of(session: Session, job_id: str) -> list[Report]:
    """The reports of the job, in the order of their own times."""
    found = session.exec(select(Report).where(Report.job_id == job_id)).all()
    return sorted(found, key=lambda report: (report.at, report.id))


def waits_for_place() -> ColumnElement[bool]:
    """Of a job that is to be attended and is on no live route.

    Asked for in the order of ids, they are found by the index on the few that are to be attended,
    whatever SQLite thinks of how many there are.
    """
    placed = select(Stop.job_id).where(Stop.job_id == Job.id, col(Stop.live))
    return and_(is_one_of(Job.status, PLANNABLE), ~exists(placed))


def page_of_jobs(
    session: Session,
    *,
    status: JobStatus | None,
    territory: str | None,
    priority: Priority | None,
    needs_location: bool | None,
    unassigned: bool | None,
    span: tuple[datetime, datetime] | None,
    after: str | None,
    limit: int,
) -> tuple[Sequence[Job], str | None]:
    """A page of jobs in the order of their ids, and ``after`` for the next one (None: last).

    ``span`` selects jobs with a window or a live stop in it (its end excluded); ``unassigned``
    those that wait to be planned but are on no live route.
    """
    query = select(Job)
    if territory is not None:
        there = select(Site.id).where(Site.territory == territory)
        if session.exec(there.limit(1)).first() is None:
            return [], None
        query = query.where(exists(there.where(Site.id == Job.site_id)))
    # What few jobs have is looked for first: asked of each job in turn, until the page is full, it
    # would take all jobs that there ever were. What many have is asked of each: to find them all,
    # for a page of them, would take as long.
    nowhere = select(Site.id).where(col(Site.latitude).is_(None))
    if needs_location:
        query = query.where(col(Job.site_id).in_(nowhere))
    elif needs_location is not None:
        query = query.where(~exists(nowhere.where(Site.id == Job.site_id)))
    if unassigned:
        query = query.where(col(Job.id).in_(select(Job.id).where(waits_for_place())))
    elif unassigned is not None:
        query = query.where(not_(waits_for_place()))
    if span is not None:
        query = query.where(col(Job.id).in_(_jobs_in(*span)))
    return page_of(session, query, after, limit, status=status, priority=priority)


def _jobs_in(start: datetime, end: datetime) -> CompoundSelect[tuple[str]]:
    """The ids of jobs with a window or a live stop in the span, its end excluded."""
    return union(
        select(JobWindow.job_id).where(JobWindow.starts_at < end, JobWindow.ends_at >= start),
        select(Stop.job_id).where(
            col(Stop.live),
            col(Stop.job_id).is_not(None),
            Stop.start_at >= start,
            Stop.start_at < end,
        ),
    )
