"""Whether the database is there, is the right one, and takes what is written.

At a start it is brought up to date, and made if there never was one. Where there was one, an empty
one in its place is a disaster that goes unnoticed; so it is not made, but told of.
"""

import logging
import os
import shutil
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from functools import cache
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from dispatch import store
from dispatch.database_files import Identity, identity_of, leave_mark, mark_of, problem_with
from dispatch.errors import Unavailable
from dispatch.service.troubles import (
    EMPTY,
    FULL,
    MISSING,
    READ_ONLY,
    REPLACED,
    Trouble,
    fault_of,
    trouble_of,
)
from dispatch.settings import Settings
from solver.faults import Fault

LOOK_SECONDS = 0.8
"""A look that takes longer is answered for; who asks is not to wait with it."""
LOOK_EVERY_SECONDS = 5.0
LEAST_ROOM_BYTES = 16 * 1024 * 1024
"""With less room on its disk a SQLite database may stop at any moment."""

logger = logging.getLogger(__name__)


def prepare(settings: Settings) -> None:
    """Bring the database up to date; make it, if there never was one.

    Raises ``Unavailable`` if there was one and it is gone or empty, or if it is of a later version
    of the program, and the database's own errors.
    """
    engine = store.connect(settings.database_url)
    file = _file_of(engine)
    try:
        if file is not None and identity_of(file) is None:
            found: Trouble | None = MISSING
        else:
            with store.reading(engine).connect() as connection:
                faults = list(_of_another_version(_heads(connection), may_be_older=True))
                if faults:
                    raise Unavailable(*faults)
                found = None if inspect(connection).get_table_names() else EMPTY
    finally:
        engine.dispose()
    if found is not None:
        if not _may_create(settings, file):
            raise Unavailable(_gone(found, file))
        if file is not None:
            mark_of(file).unlink(missing_ok=True)
    store.migrate(settings.database_url)
    if file is not None:
        leave_mark(file)


def _may_create(settings: Settings, file: Path | None) -> bool:
    if settings.create_database is not None:
        return settings.create_database
    return file is None or not mark_of(file).exists()


def _gone(trouble: Trouble, file: Path | None) -> Fault:
    """That there was a database, with how to begin anew all the same."""
    fault = fault_of(trouble, "database" if file is None else str(file))
    back = "put it or a backup back, and the service begins by itself; to begin anew,"
    if file is None or not mark_of(file).exists():
        return replace(fault, action=f"{back} set DISPATCH_CREATE_DATABASE")
    return replace(fault, action=f"{back} remove {mark_of(file)}")


def _file_of(engine: Engine) -> Path | None:
    return Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None


def _heads(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _of_another_version(found: Collection[str], *, may_be_older: bool) -> Iterator[Fault]:
    known, newest = _of_this_version()
    where = f"schema {', '.join(sorted(found))}"
    if not set(found) <= known:
        cause = "the database is of a later version of the program, which this one does not know"
        yield Fault("database_newer", where, cause, "install that version, or restore a backup")
    elif not may_be_older and set(found) != newest:
        cause = "the database is of an earlier version of the program"
        yield Fault(
            "database_older", where, cause, "restart the service, which brings it up to date"
        )


@cache
def _of_this_version() -> tuple[frozenset[str], frozenset[str]]:
    """The schemas that this program knows, and the newest one."""
    script = ScriptDirectory.from_config(store.alembic_config())
    known = frozenset(revision.revision for revision in script.walk_revisions())
    return known, frozenset(script.get_heads())


class Readiness:
    """Looks at the database on a connection of its own, now and again and when asked."""

    def __init__(self, settings: Settings) -> None:
        self._engine = store.connect(_patiently(settings.database_url))
        self._file = _file_of(self._engine)
        self._known: Identity | None = None
        self._write_fault: Fault | None = None
        self._told: frozenset[str] = frozenset()
        self._looking = threading.Lock()
        self._look: Future[list[Fault]] | None = None
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="readiness", daemon=True)

    def start(self) -> None:
        """Look every few seconds, and have it in the log when something has changed."""
        self._known = None if self._file is None else identity_of(self._file)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._looker.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def faults(self) -> list[Fault]:
        """What keeps the database from its work, as of now; in a second at the latest."""
        return self._seen() or ([] if self._write_fault is None else [self._write_fault])

    def _seen(self) -> list[Fault]:
        with self._looking:
            if self._look is None or self._look.done():
                self._look = self._looker.submit(self._found)
            look = self._look
        try:
            return look.result(LOOK_SECONDS)
        except NotYet:
            cause, action = "it does not answer", "see whether it runs and can be reached"
            return [Fault("database_silent", "database", cause, action)]

    def _found(self) -> list[Fault]:
        if self._file is not None:
            faults = list(self._with_file(self._file))
            if faults:
                return faults
        try:
            with store.reading(self._engine).connect() as connection:
                return list(self._in_database(connection))
        except (DBAPIError, NoFreeConnection) as error:
            trouble = trouble_of(error)
            if trouble is not None:
                return [fault_of(trouble)]
            cause = str(getattr(error, "orig", None) or error).strip()
            action = "see whether it runs and can be reached"
            return [Fault("database_unreachable", "database", cause, action)]

    def _with_file(self, file: Path) -> Iterator[Fault]:
        match problem_with(file, self._known):
            case "missing":
                yield fault_of(MISSING, str(file))
                return
            case "replaced":
                yield fault_of(REPLACED, str(file))
                return
        try:
            room = shutil.disk_usage(file.parent).free
        except OSError:
            return  # the look into the database says why
        if room < LEAST_ROOM_BYTES:
            cause = f"there are only {room // 2**20} MB left on the disk of {file}"
            yield replace(fault_of(FULL, str(file)), cause=cause)
        if file.exists() and not os.access(file, os.W_OK):
            yield fault_of(READ_ONLY, str(file))

    def _in_database(self, connection: Connection) -> Iterator[Fault]:
        heads = _heads(connection)
        if not heads:
            yield fault_of(EMPTY)
            return
        yield from _of_another_version(heads, may_be_older=False)
        if connection.dialect.name == "postgresql":
            setting = "current_setting('default_transaction_read_only')::bool"
            standby = f"SELECT pg_is_in_recovery() OR {setting}"
            if connection.exec_driver_sql(standby).scalar_one():
                yield fault_of(READ_ONLY)

    def _work(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_SECONDS):
            try:
                self.look_and_tell()
            except Exception:
                # Whatever it is, the next look may tell more.
                logger.exception("Could not look at the database")

    def look_and_tell(self) -> None:
        """See whether what is written is stored, and have the log say what has changed."""
        faults = self._seen()
        if not faults:
            self._write_fault = self._try_to_write()
            faults = [] if self._write_fault is None else [self._write_fault]
        codes = frozenset(fault.code for fault in faults)
        if codes != self._told:
            for fault in faults:
                logger.error("Not ready: %s", fault)
            if not faults:
                logger.warning("Ready again")
        self._told = codes

    def _try_to_write(self) -> Fault | None:
        """Write what is there already: the smallest thing that has to reach the disk."""
        try:
            with self._engine.begin() as connection:
                connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
        except (DBAPIError, NoFreeConnection) as error:
            trouble = trouble_of(error)
            # That others write at the moment says nothing.
            return self._write_fault if trouble is None else fault_of(trouble)
        return None


def _patiently(url: str) -> str:
    """The address, so that a server that is not there is given up on soon."""
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        limits = {"connect_timeout": "2", "tcp_user_timeout": "2000"}
        address = address.update_query_dict(limits)
    return address.render_as_string(hide_password=False)
