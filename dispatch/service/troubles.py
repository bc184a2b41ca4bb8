"""What is wrong with the database when it fails: told from being busy, and told once.

A database that is busy answers if it is asked again. One whose disk is full, or whose file is gone,
does not until somebody does something about it, and then has to be told what.
"""

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from sqlalchemy.exc import DBAPIError

from solver.faults import Fault

TOLD_EVERY_SECONDS = 60.0
"""The same trouble is in the log no more often than that, however many run into it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of trouble, and how each database says that it has it."""

    code: str
    cause: str
    action: str
    sqlite_codes: tuple[int, ...] = ()
    """Primary result codes."""
    sql_states: tuple[str, ...] = ()
    words: str | None = None
    """What the message says, where there is no code for it."""


FULL = Trouble(
    "disk_full",
    "the disk of the database is full",
    "make room on it; nothing has to be restarted",
    sqlite_codes=(13,),
    sql_states=("53100",),
    words="no space left on device",
)
MISSING = Trouble(
    "database_missing",
    "the database's file is not there any more",
    "put the file back, and the service goes on by itself; with a backup, restart the service",
    words="database file missing",
)
REPLACED = Trouble(
    "database_replaced",
    "the database's file is not the one with which the service started",
    "restart the service if that was meant; put the former one back if not",
    words="database file replaced",
)
EMPTY = Trouble(
    "database_empty",
    "the database has no tables, or not all of them",
    "restore a backup, and restart the service",
    sql_states=("42P01", "3F000"),
    words="no such table",
)
READ_ONLY = Trouble(
    "database_read_only",
    "the database can only be read: it is write-protected, or a standby of another one",
    "make it writable, or name the primary in DISPATCH_DATABASE_URL",
    sqlite_codes=(8,),
    sql_states=("25006",),
)
TROUBLES = (
    FULL,
    MISSING,
    REPLACED,
    EMPTY,
    READ_ONLY,
    Trouble(
        "database_denied",
        "the database does not let the service in, or does not let it do what it has to",
        "correct user and password in DISPATCH_DATABASE_URL, or what that user may do",
        sqlite_codes=(3, 23),
        sql_states=("42501", "28000", "28P01"),
        words=r"permission denied|authentication failed",
    ),
    Trouble(
        "database_dropped",
        "the server has no such database",
        "create or restore it, or correct DISPATCH_DATABASE_URL",
        sql_states=("3D000",),
        words=r"database \"[^\"]*\" does not exist",
    ),
    Trouble(
        "too_many_connections",
        "the database's server has no free connection",
        "raise max_connections, or run fewer services",
        sql_states=("53300",),
        words="too many clients|too many connections|remaining connection slots",
    ),
    Trouble(
        "database_damaged",
        "the database's file is damaged, or is no database",
        "stop the service and restore a backup",
        sqlite_codes=(11, 26),
        sql_states=("XX001", "XX002"),
    ),
    Trouble(
        "disk_failed",
        "the disk of the database cannot be read or written",
        "see what the system says of the disk, and of the file's permissions",
        sqlite_codes=(10, 14),
        sql_states=("58030",),
    ),
)


def trouble_of(error: BaseException | None) -> Trouble | None:
    """What keeps the database from its work, if the error says that it is more than busy."""
    for one in _with_causes(error):
        if not isinstance(one, DBAPIError):
            continue
        message = str(one.orig).lower()
        code = getattr(one.orig, "sqlite_errorcode", None)
        state = one.orig.sqlstate if isinstance(one.orig, psycopg.Error) else None
        for trouble in TROUBLES:
            if (
                (code is not None and code & 0xFF in trouble.sqlite_codes)
                or state in trouble.sql_states
                or (trouble.words is not None and re.search(trouble.words, message))
            ):
                return trouble
    return None


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def fault_of(trouble: Trouble, where: str = "database") -> Fault:
    return Fault(trouble.code, where, trouble.cause, trouble.action)


def _error_in(record: logging.LogRecord) -> BaseException | None:
    """Which came along with the message, or is told in it."""
    if isinstance(record.exc_info, tuple):
        return record.exc_info[1]
    told = record.args if isinstance(record.args, tuple) else ()
    return next((one for one in told if isinstance(one, BaseException)), None)


class ToldOnce(logging.Filter):
    """Lets a database's trouble into the log once a minute and in one line, from wherever it
    comes: threads that look again twice a second, and every request, run into the same one."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        trouble = trouble_of(_error_in(record))
        if trouble is None:
            return True
        moment = time.monotonic()
        if moment - self._told.get(trouble.code, -TOLD_EVERY_SECONDS) < TOLD_EVERY_SECONDS:
            return False
        self._told[trouble.code] = moment
        record.levelno, record.levelname = logging.ERROR, "ERROR"
        record.msg, record.args = "%s: %s [%s]", (trouble.cause, trouble.action, trouble.code)
        record.exc_info = record.exc_text = None
        return True
