"""That a SQLite database's file stays where it is, and that there was one.

A process that has a file open writes on into it when it was deleted: everybody would be answered
that all is stored, in a file that nobody can ever open again. So each transaction looks first
whether the file is still the one that it was.
"""

import os
import sqlite3
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

Identity = tuple[int, int]
"""The device and the number on it by which the system knows a file."""
MARK_TEXT = (
    "There is a database beside this file, or there was one. While this file is here, the program\n"
    "makes no new and empty one in its place. Remove it to begin anew.\n"
)


def identity_of(file: Path) -> Identity | None:
    """None if it is not there."""
    try:
        found = os.stat(file)
    except OSError:
        # Not there, or on a disk that does not answer, or that nobody may look at any more.
        return None
    return found.st_dev, found.st_ino


def problem_with(file: Path, known: Identity | None) -> Literal["missing", "replaced"] | None:
    """What has become of the file that was known by this: ``missing`` or ``replaced``."""
    if known is None:
        return None
    found = identity_of(file)
    if found is None:
        return "missing"
    return None if found == known else "replaced"


def guard(engine: Engine) -> None:
    """Have all of the engine's transactions fail once its file is not the one that it opened."""
    file = Path(engine.url.database or "")
    known: list[Identity] = []

    def check(statement: str) -> None:
        what = problem_with(file, known[0] if known else None)
        if not known and identity_of(file) is None and mark_of(file).exists():
            what = "missing"
        if what is not None:
            error = sqlite3.OperationalError(f"database file {what}")
            raise OperationalError(statement, None, error) from error

    @event.listens_for(engine, "do_connect")
    def before_opening(*_: Any) -> None:
        # SQLite would make a new, empty file.
        check("open")

    @event.listens_for(engine, "connect")
    def opened(*_: Any) -> None:
        found = identity_of(file)
        if not known and found is not None:
            known.append(found)

    @event.listens_for(engine, "begin")
    def before_work(_: Connection) -> None:
        check("BEGIN")


def mark_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.installation")


def leave_mark(file: Path) -> None:
    """Note beside the file that there is a database."""
    mark = mark_of(file)
    if not mark.exists():
        mark.write_text(MARK_TEXT, encoding="utf-8")
