"""How far the log of changes can be read without missing anything.

PostgreSQL gives an entry its id when it is written and shows it when its transaction commits. Who
has read entry 10 may see entry 9 appear only later, and would never look there again. So nobody
reads beyond the horizon: the id below which nothing can appear any more.

Order by id is kept, rather than by commit or by transaction number, because it is the order of
causes: who changes a thing holds its lock while the log is written, so that a later change of it,
or a change made in knowledge of it, has a higher id.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select, text
from sqlmodel import col

from dispatch.models import LogEntry
from dispatch.store import reading


@dataclass(frozen=True)
class _Fence:
    """Nothing appears up to the id once the transactions, which wrote to the log when the id had
    been seen, are over."""

    upto: int
    writers: frozenset[str]


class LogHorizon:
    """The horizon, found again and again; what is below it is read in a later transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = reading(engine)
        self._is_serial = engine.dialect.name == "sqlite"
        self._settled: int | None = None
        self._fence: _Fence | None = None

    def find(self) -> int | None:
        """The id up to which the log is complete; None if transactions that are under way have to
        end before it is known at all."""
        with self._engine.connect() as connection:
            if self._is_serial:
                # A SQLite transaction has the database to itself: ids are in the order of commits.
                return _newest(connection)
            self._advance(connection)
        return self._settled

    def _advance(self, connection: Connection) -> None:
        newest = _newest(connection)
        if self._settled is not None:
            if newest <= self._settled:
                return
            self._settled = _without_gap(connection, self._settled)
            if self._fence is not None and self._fence.upto <= self._settled:
                self._fence = None
            if newest == self._settled:
                return
        # An id is missing: taken back, or written by a transaction that is not over yet. Whoever
        # writes to the log locks it for writing before it is given an id and until its commit is
        # visible. The locks are looked at now, so after the ids above, whatever the snapshot.
        writers = _writers(connection)
        if self._fence is not None and not self._fence.writers & writers:
            self._settled = max(self._fence.upto, self._settled or 0)
            self._fence = None
        if self._fence is None:
            if not writers:
                self._settled = newest
            else:
                self._fence = _Fence(newest, writers)


def _newest(connection: Connection) -> int:
    return connection.execute(select(func.max(LogEntry.id))).scalar_one() or 0


def _without_gap(connection: Connection, settled: int) -> int:
    """The last of the ids that follow ``settled`` one by one."""
    id_ = col(LogEntry.id)
    place = func.row_number().over(order_by=id_)
    numbered = select(id_, place.label("place")).where(id_ > settled).subquery()
    last = select(func.max(numbered.c.id)).where(numbered.c.id - numbered.c.place == settled)
    return connection.execute(last).scalar_one() or settled


def _writers(connection: Connection) -> frozenset[str]:
    """The transactions that have written to the log, or are about to, and are not over."""
    return frozenset(
        connection.execute(
            text(
                "SELECT virtualtransaction FROM pg_locks "
                "WHERE locktype = 'relation' AND relation = 'log_entry'::regclass "
                "AND mode = 'RowExclusiveLock' AND granted AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        ).scalars()
    )
