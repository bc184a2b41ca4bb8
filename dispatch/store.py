"""The database: engines, the schema, and every query on jobs and what they refer to.

Functions take a session and never commit; whoever opened the session does.
"""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlmodel import text

BUSY_SECONDS = 10.0
"""How long a writer waits for another one before it gives up (SQLite)."""


def connect(url: str) -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql+psycopg://…``.

    A SQLite transaction takes the write lock when it begins, so that two of them never act on
    the same old state; open sessions that only read on ``reading(engine)``. Raises ``ValueError``
    for other databases and for SQLite in memory, which processes cannot share.
    """
    return _connect(url, foreign_keys=True)


def _connect(url: str, *, foreign_keys: bool) -> Engine:
    address = make_url(url)
    match address.get_backend_name():
        case "sqlite":
            if address.database in (None, "", ":memory:"):
                raise ValueError("the database must be a file: sqlite:///path/to/file.db")
            return _sqlite(address.render_as_string(), foreign_keys=foreign_keys)
        case "postgresql":
            address = address.set(drivername="postgresql+psycopg")
            return create_engine(address, pool_pre_ping=True)
        case other:
            raise ValueError(f"no support for {other}; use sqlite:///… or postgresql+psycopg://…")


def _sqlite(url: str, *, foreign_keys: bool) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        # sqlite3's own transaction control would begin late and commit before DDL.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        only_reads = connection.get_execution_options().get("only_reads", False)
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")

    return engine


def reading(engine: Engine) -> Engine:
    """The same database and connections for sessions that only read.

    Such a session sees one state from its first query to its end, and neither waits for writers
    nor keeps them waiting.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(only_reads=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def migrate(url: str) -> None:
    """Bring the database's schema up to date; all of it or nothing.

    Several processes may do so at once: one works, the others wait and find it done.
    """
    # A migration that rebuilds a table drops the old one, which SQLite would cascade.
    engine = _connect(url, foreign_keys=False)
    try:
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
        found = MigrationContext.configure(connection).get_current_heads()
        return set(found) == set(ScriptDirectory.from_config(alembic_config()).get_heads())


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the packaged migrations, working on ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
