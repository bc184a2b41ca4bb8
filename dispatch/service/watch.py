"""What has changed in the database since a look before, found out with next to no work.

Most looks find that nothing was committed at all, which the database says by itself: SQLite counts
what other connections commit, and PostgreSQL names the transactions whose results can be seen. If
something was, the log of changes says what; and where technicians are, which is in no log.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import psycopg
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch.events.news import News, SeenEntries, news_since, seen_now
from dispatch.models import Position

T = TypeVar("T")

KEPT = 2_000
MARK = {"sqlite": "PRAGMA data_version", "postgresql": "SELECT pg_current_snapshot()::text"}
"""What is the same exactly as long as nothing is committed."""


class Seen(NamedTuple):
    """How far somebody has looked; only good for the same watch."""

    commits: int
    """The same exactly as long as nothing is committed."""
    changes: int


class ChangedEntity(NamedTuple):
    """That something was changed: what the log calls it, or a technician's ``position``."""

    entity: str
    id: str


class Question:
    """Asks PostgreSQL for its mark without anybody who waits; one at a time, and for one thread.

    A connection of its own, since a thread may be looking meanwhile. Raises ``psycopg.Error``.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._mark: str | None = None

    def ask(self) -> int:
        """The socket on which the answer comes."""
        self._mark = None
        line = self._connection.pgconn
        line.send_query(MARK["postgresql"].encode())
        if line.flush():
            raise psycopg.OperationalError("not even the question goes out")
        return int(line.socket)

    def is_answered(self) -> bool:
        """Whether all of the answer has come; it is taken in as far as it has."""
        line = self._connection.pgconn
        line.consume_input()
        while not line.is_busy():
            part = line.get_result()
            if part is None:
                return True
            value = part.get_value(0, 0) if part.ntuples else None
            self._mark = value.decode() if value else None
        return False

    @property
    def mark(self) -> str | None:
        """None: not known."""
        return self._mark

    def close(self) -> None:
        with suppress(psycopg.Error):
            self._connection.close()


class Watch:
    """Looks for changes, for several threads at once."""

    def __init__(self, reading: Engine) -> None:
        self._reading = reading
        self._kind = reading.dialect.name
        self._connection: Any = None
        self._question: Question | None = None
        self._looking = threading.Lock()
        self._keeping = threading.Lock()
        self._mark: object = None
        self._seen = Seen(0, 0)
        self._changes: deque[ChangedEntity] = deque(maxlen=KEPT)
        self._news = News(reading)
        self._log: SeenEntries | None = None
        self._positions: dict[str, object] = {}

    def still(self) -> Seen | None:
        """What was seen last, if that is known to be all there is without waiting for anything."""
        if self._kind != "sqlite":
            return None  # that has to be asked over the network
        with self._keeping:
            mark, seen = self._mark, self._seen
        return seen if mark is not None and self._read_mark() == mark else None

    def ask(self) -> int | None:
        """Begin to find out whether what was seen last is all there is, without waiting: the socket
        on which ``is_told`` gets the answer. None: only a look can tell. One question at a time."""
        return self._of_question(Question.ask)

    def is_told(self) -> bool:
        """Whether ``told`` knows what there is to know."""
        return self._of_question(Question.is_answered) is not False

    def told(self) -> Seen | None:
        """What was seen last, if that was all there was after it was asked."""
        question = self._question
        with self._keeping:
            mark, seen = self._mark, self._seen
        return seen if question and mark is not None and question.mark == mark else None

    def _of_question(self, what: Callable[[Question], T]) -> T | None:
        question = self._question
        try:
            return None if question is None else what(question)
        except psycopg.Error:
            self._question = None
            if question is not None:
                question.close()
            return None

    def look(self) -> Seen:
        """How far the database is now, at least as of the moment of the call."""
        with self._looking:
            # Before the rest: what is committed in between is found by the next look.
            mark = self._read_mark()
            if mark is not None:
                self._prepare_question()
                if mark == self._mark:
                    return self._seen
            changes = self._new_changes()
            with self._keeping:
                self._mark = mark
                number = self._seen.changes
                if changes is None:
                    self._changes.clear()
                    number += KEPT + 1
                else:
                    self._changes.extend(changes)
                    number += len(changes)
                self._seen = Seen(self._seen.commits + 1, number)
                return self._seen

    def since(self, seen: Seen) -> Sequence[ChangedEntity] | None:
        """What is known to have changed since; None: too much to tell."""
        with self._keeping:
            number = self._seen.changes - seen.changes
            if number > len(self._changes):
                return None
            return list(islice(self._changes, len(self._changes) - number, None))

    def close(self) -> None:
        with self._looking:
            self._hang_up()
            if self._question is not None:
                self._question.close()
                self._question = None

    def _read_mark(self) -> object:
        """None: not known."""
        try:
            if self._connection is None:
                self._connection = self._connected()
            return self._connection.execute(MARK[self._kind]).fetchone()[0]
        except Exception:
            # What is read instead will say what is wrong.
            self._hang_up()
            return None

    def _prepare_question(self) -> None:
        if self._kind == "postgresql" and self._question is None:
            # What is read instead will say what is wrong.
            with suppress(Exception):
                self._question = Question(self._connected())

    def _connected(self) -> Any:
        """A connection of the driver, which is nobody else's."""
        proxied = self._reading.raw_connection()
        connection: Any = proxied.driver_connection
        proxied.detach()
        if self._kind == "postgresql":
            connection.autocommit = True
        return connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        # What another connection says is not to be compared with it.
        self._mark = None
        if connection is not None:
            with suppress(sqlite3.Error, psycopg.Error):
                connection.close()

    def _new_changes(self) -> list[ChangedEntity] | None:
        upto = self._news.upto()
        with Session(self._reading) as session:
            if self._log is None:
                seen, entries = seen_now(session, upto), None
            else:
                seen, entries = news_since(session, self._log, upto, KEPT)
            positions: dict[str, object] = {
                technician_id: (at, latitude, longitude)
                for technician_id, at, latitude, longitude in session.exec(
                    select(
                        Position.technician_id, Position.at, Position.latitude, Position.longitude
                    )
                )
            }
        moved = [
            ChangedEntity("position", technician_id)
            for technician_id, position in positions.items()
            if self._positions.get(technician_id) != position
        ]
        self._log, self._positions = seen, positions
        if entries is None:
            return None
        return [*(ChangedEntity(entry.entity, entry.entity_id) for entry in entries), *moved]
