"""What it takes to read a cell: what its column holds, the local clock, and how it is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, auto
from typing import Any
from zoneinfo import ZoneInfo

Value = str | bool | int | float | date | datetime | time | timedelta
"""What a cell of a file holds: always a text in CSV; a workbook says more."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Times without an offset are local in ``zone``; every date is moved by ``days``."""

    zone: ZoneInfo
    days: int = 0


class BadCell(Exception):  # noqa: N818 - it is told as a fault, with the cell's place
    """A text that cannot be read as what its column holds."""

    def __init__(self, code: str, cause: str, action: str) -> None:
        super().__init__(cause)
        self.code, self.cause, self.action = code, cause, action


class Kind(Enum):
    """What spreadsheets may do to a column's cells depends on what it holds."""

    TEXT = auto()
    ID = auto()
    """One or several: every letter and digit counts."""
    TIME = auto()
    """A day, a moment or a time of day."""
    VALUE = auto()
    """A number, or one of a fixed set of words."""


@dataclass(frozen=True, slots=True)
class Cell:
    """``read`` is never asked for an empty cell and raises ``BadCell``."""

    read: Callable[[str, Clock], Any]
    write: Callable[[Any, ZoneInfo], str]
    kind: Kind = Kind.VALUE
