"""What a SQLite database needs now and again; PostgreSQL sees to it by itself.

Its write-ahead log begins anew only in a moment in which nobody reads from it. With somebody
reading all the time it grows for ever, by tens of megabytes a second at worst. And how it goes
about a query follows from statistics of its tables, which it does not gather unasked.
"""

import logging
import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

MOST_LOG_BYTES = 64 * 1024 * 1024
WAIT_SECONDS = 2.0
"""So long readers are waited for, and new writers wait too."""
REST_SECONDS = 60.0
"""After readers were waited for in vain: who reads for long would have writers wait each time."""
TRIES = 20
ROWS_LOOKED_AT = 1_000
"""Of each index: enough to tell a selective one, in milliseconds whatever its size."""

logger = logging.getLogger(__name__)


class WriteAheadLog:
    """That of a SQLite database, which is to begin anew now and then."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file = Path(f"{engine.url.database}-wal")
        self._rests_until = -math.inf

    def shorten(self) -> bool:
        """Have it begin anew if it is long; whether that was done."""
        if self._engine.dialect.name != "sqlite" or time.monotonic() < self._rests_until:
            return False
        if not self._file.exists() or self._file.stat().st_size <= MOST_LOG_BYTES:
            return False
        with _outside_transactions(self._engine) as connection:
            if _begin_anew(connection):
                return True
        self._rests_until = time.monotonic() + REST_SECONDS
        logger.warning(
            "The write-ahead log of %s is long, and somebody reads from it", self._file.stem
        )
        return False


def _begin_anew(connection: sqlite3.Connection) -> bool:
    # What can be copied without keeping anybody waiting is not left for when they wait.
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    connection.execute(f"PRAGMA busy_timeout = {round(WAIT_SECONDS * 1000)}")
    for _ in range(TRIES):
        began_at = time.monotonic()
        [(busy, *_)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if not busy:
            return True
        if time.monotonic() - began_at >= WAIT_SECONDS:
            return False
        # A writer was at the same in this moment, and will be done at once.
        time.sleep(0.05)
    return False


def gather_statistics(engine: Engine) -> None:
    """Let new connections know how large tables are, and how selective their indexes."""
    if engine.dialect.name == "sqlite":
        with _outside_transactions(engine) as connection:
            connection.execute(f"PRAGMA analysis_limit = {ROWS_LOOKED_AT}")
            connection.execute("ANALYZE")


@contextmanager
def _outside_transactions(engine: Engine) -> Iterator[sqlite3.Connection]:
    """A connection of its own, on which no transaction has begun."""
    pooled = engine.raw_connection()
    connection = pooled.driver_connection
    pooled.detach()
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - what the engine is for
    try:
        yield connection
    finally:
        pooled.close()
