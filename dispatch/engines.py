"""Engines on SQLite and PostgreSQL, whose writers wait for each other, and not for ever."""

import sqlite3
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from dispatch import database_files
from dispatch.turns import Turns

BUSY_SECONDS = 10.0
"""How long a writer waits for another one before it gives up."""
MOST_CONNECTIONS = 30
"""Of one engine. The service never has as many requests at work (``api.http.lines``), so that
nobody waits for a connection whose holder waits for something else."""
SECONDS_FOR_A_CONNECTION = 10.0


def connect(url: str, *, foreign_keys: bool = True, gives_up: bool = True) -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql+psycopg://…``.

    A SQLite transaction takes the write lock when it begins, so that two of them never act on
    the same old state; open sessions that only read on ``store.reading(engine)``. Migrations look
    at no ``foreign_keys``, and wait for as long as others take. Raises ``ValueError`` for other
    databases and for SQLite in memory, which processes cannot share.
    """
    address = make_url(url)
    match address.get_backend_name():
        case "sqlite":
            if address.database in (None, "", ":memory:"):
                raise ValueError("the database must be a file: sqlite:///path/to/file.db")
            engine = _sqlite(address.render_as_string(), foreign_keys=foreign_keys)
            database_files.guard(engine)
            return engine
        case "postgresql":
            address = address.set(drivername="postgresql+psycopg")
            engine = create_engine(address, pool_pre_ping=True, **_POOL)
            if gives_up:
                event.listen(engine, "connect", _give_up_on_locks)
            return engine
        case other:
            raise ValueError(f"no support for {other}; use sqlite:///… or postgresql+psycopg://…")


_POOL = {
    "pool_size": MOST_CONNECTIONS,
    "max_overflow": 0,
    "pool_timeout": SECONDS_FOR_A_CONNECTION,
}
"""Connections are made when they are first needed, and kept."""


def _give_up_on_locks(connection: psycopg.Connection, _record: object) -> None:
    """Without this one forgotten transaction would keep all others, and who asked for them,
    waiting for as long as it lasts."""
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = {round(BUSY_SECONDS * 1000)}")
    connection.autocommit = False


_turns: defaultdict[str, Turns] = defaultdict(Turns)
"""Whose turn it is to write, by file, whatever engines this process has on it."""
_turns_lock = threading.Lock()


class _QueuingConnection(sqlite3.Connection):
    """One that takes its turn before it writes, and keeps it until its transaction is over."""

    turns: Turns
    has_turn = False

    def begin_to_write(self) -> None:
        if not self.turns.take(BUSY_SECONDS):
            raise sqlite3.OperationalError("database is locked")
        self.has_turn = True
        try:
            self.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._give_back()
            raise

    def commit(self) -> None:
        try:
            super().commit()
        finally:
            self._give_back()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._give_back()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._give_back()

    def _give_back(self) -> None:
        if self.has_turn:
            self.has_turn = False
            self.turns.give_back()


def _sqlite(url: str, *, foreign_keys: bool) -> Engine:
    arguments = {"timeout": BUSY_SECONDS, "factory": _QueuingConnection}
    engine = create_engine(url, connect_args=arguments, **_POOL)
    with _turns_lock:
        turns = _turns[str(Path(engine.url.database or "").resolve())]

    @event.listens_for(engine, "connect")
    def configure(connection: _QueuingConnection, _record: object) -> None:
        connection.turns = turns
        # sqlite3's own transaction control would begin late and commit before DDL.
        connection.isolation_level = None
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("only_reads", False):
            connection.exec_driver_sql("BEGIN")
            return
        try:
            cast(_QueuingConnection, connection.connection.dbapi_connection).begin_to_write()
        except sqlite3.Error as error:
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch a new file to write-ahead logging, which SQLite refuses at once while it is in use."""
    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return
