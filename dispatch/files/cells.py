"""How single cells of files are read and written; both ways give the same value again."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, time
from enum import StrEnum
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from dispatch.files import times, words
from dispatch.files.numbers import coordinate, integer
from dispatch.files.reading import BadCell, Cell, Clock, Kind
from dispatch.intake import (
    Code,
    Codes,
    HeldSkills,
    LentTools,
    PartQuantities,
    SkillLevels,
    Territories,
    Weekday,
    Windows,
    name_of,
)
from dispatch.jobs.links import JobIds

SEPARATOR = "; "


# Texts


BEGINNING = r"""(^|[;,|\t\r\n])((?:[^\S\t\r\n]|["'])*)"""
"""Of a cell, also for a program that takes another sign for the one between cells, as spreadsheets
do where the comma is the decimal sign; with the spaces and quotes that it may not count."""
FORMULA = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
"""With the wide and the small forms of these signs, which some spreadsheets take for them."""
UNGUARDED = re.compile(f"{BEGINNING}(?={FORMULA})")
GUARDED = re.compile(f"{BEGINNING}'(?={FORMULA})")


def guarded(value: str) -> str:
    """The text so that no spreadsheet runs any of it: what looks like a formula gets an apostrophe.

    So does what looks guarded already, which makes ``unguarded`` give back every text.
    """
    return UNGUARDED.sub(r"\1\2'", value)


def unguarded(cell: str) -> str:
    return GUARDED.sub(r"\1\2", cell)


def _plain(value: Any, _zone: ZoneInfo) -> str:
    return str(value)


# Lists


def _entries(text: str) -> list[str]:
    return [entry for entry in (part.strip() for part in text.split(";")) if entry]


def _joined(entries: Iterable[str]) -> str:
    return guarded(SEPARATOR.join(entries))


def _texts(text: str, _clock: Clock) -> list[str]:
    return _entries(unguarded(text))


def _write_texts(values: Any, _zone: ZoneInfo) -> str:
    return _joined(values)


SLASHED = r"\d{1,4}/\d{1,2}/\d{1,4}[^/]*"
NOT_SLASHED = r"(?!\d{1,4}/)[^/]*"
WINDOW = re.compile(rf"({SLASHED}|{NOT_SLASHED})/({SLASHED}|{NOT_SLASHED})(?:/([^/]*))?", re.ASCII)


def _windows(text: str, clock: Clock) -> list[dict[str, Any]]:
    """``start/end`` or ``start/end/price``, where the price is 0 if it is left out; from the first
    to the last minute of bare days."""
    windows = []
    for entry in _entries(text):
        found = WINDOW.fullmatch(entry)
        if found is None:
            raise BadCell(
                "not_a_window",
                f"{entry!r} is not a start and an end",
                "write it like 2026-11-23T08:00/2026-11-23T12:00, with a price as in …/50000",
            )
        start, end, price = (part and part.strip() for part in found.groups())
        windows.append(
            {
                "starts_at": times.moment(start, clock, times.FIRST_MINUTE),
                "ends_at": times.moment(end, clock, times.LAST_MINUTE),
                "price": 0 if price is None else integer(price, clock),
            }
        )
    return windows


def _write_windows(windows: Any, zone: ZoneInfo) -> str:
    return _joined(
        f"{times.write_moment(window.starts_at, zone)}/{times.write_moment(window.ends_at, zone)}"
        + (f"/{window.price}" if window.price else "")
        for window in windows
    )


def _counted(name: str, number: str) -> Cell:
    """``id`` or ``id:number``, where the number is 1 if it is left out."""

    def read(text: str, clock: Clock) -> list[dict[str, Any]]:
        entries = (entry.partition(":") for entry in _entries(text))
        return [
            {name: id_.strip(), number: integer(amount.strip(), clock) if colon else 1}
            for id_, colon, amount in entries
        ]

    def write(values: Any, _zone: ZoneInfo) -> str:
        return _joined(_with_number(name_of(value), getattr(value, number)) for value in values)

    return Cell(read, write, Kind.ID)


def _with_number(id_: str, number: int) -> str:
    return id_ if number == 1 else f"{id_}:{number}"


def _held_skills(text: str, clock: Clock) -> list[dict[str, Any]]:
    held = []
    for entry in _entries(text):
        skill, at, until = entry.partition("@")
        [value] = SKILLS.read(skill, clock)
        held.append(value | {"expires_on": times.day(until.strip(), clock) if at else None})
    return held


def _write_held_skills(values: Any, _zone: ZoneInfo) -> str:
    return _joined(
        _with_number(value.skill_id, value.level)
        + (f"@{value.expires_on}" if value.expires_on else "")
        for value in values
    )


TEXT = Cell(lambda text, _clock: unguarded(text), lambda value, _zone: guarded(value), Kind.TEXT)
ID = Cell(lambda text, _clock: text, _plain, Kind.ID)
"""Never looks like a formula."""
INTEGER = Cell(integer, _plain)
DECIMAL = Cell(coordinate, lambda value, _zone: repr(value))
YES_OR_NO = Cell(words.yes_or_no, lambda value, _zone: "true" if value else "false")
TIME_OF_DAY = Cell(times.time_of_day, times.write_time, Kind.TIME)
WEEKDAY = Cell(words.weekday, lambda value, _zone: words.WEEKDAYS[value])
MOMENT = Cell(times.moment, times.write_moment, Kind.TIME)
DAY = Cell(times.day, _plain, Kind.TIME)
TEXTS = Cell(_texts, _write_texts, Kind.TEXT)
IDS = Cell(_texts, _write_texts, Kind.ID)
WINDOWS = Cell(_windows, _write_windows)
SKILLS = _counted("skill_id", "level")
PARTS = _counted("part_id", "quantity")
LENT_TOOLS = _counted("tool_id", "number")
HELD_SKILLS = Cell(_held_skills, _write_held_skills, Kind.ID)


OF_TYPE: tuple[tuple[Any, Cell], ...] = (
    (Code, ID),
    (Weekday, WEEKDAY),
    (Codes, IDS),
    (JobIds, IDS),
    (Territories, TEXTS),
    (Windows, WINDOWS),
    (SkillLevels, SKILLS),
    (HeldSkills, HELD_SKILLS),
    (PartQuantities, PARTS),
    (LentTools, LENT_TOOLS),
    (str, TEXT),
    (bool, YES_OR_NO),
    (int, INTEGER),
    (float, DECIMAL),
    (time, TIME_OF_DAY),
    (AwareDatetime, MOMENT),
    (date, DAY),
)
BARE_DAYS: Mapping[str, int] = {
    "due_at": times.LAST_MINUTE,
    "told_at": times.FIRST_MINUTE,
    "starts_at": times.FIRST_MINUTE,
    "ends_at": times.NEXT_DAY,
}
"""What minute of it a day without hours means in columns that hold moments; none in others."""


def cell_of(field: Any, column: str = "") -> Cell:
    """How a field of this type is read and written, in a column of that name."""
    if isinstance(field, type) and issubclass(field, StrEnum):
        return Cell(words.one_of(field), _plain)
    for kind, cell in OF_TYPE:
        is_class = isinstance(field, type) and isinstance(kind, type)
        if field == kind or (is_class and issubclass(field, kind)):
            if cell is MOMENT and column in BARE_DAYS:
                return replace(MOMENT, read=times.moment_of(BARE_DAYS[column]))
            return cell
    # What may be absent or has bounds begins with what it is.
    return cell_of(get_args(field)[0], column)
