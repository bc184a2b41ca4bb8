"""How single cells of CSV files are read and written; both ways give the same value again."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

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

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SEPARATOR = "; "


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


@dataclass(frozen=True, slots=True)
class Cell:
    """``read`` is never asked for an empty cell and raises ``BadCell``."""

    read: Callable[[str, Clock], Any]
    write: Callable[[Any, ZoneInfo], str]


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


# Numbers and times


def _integer(text: str, _clock: Clock) -> int:
    if not re.fullmatch(r"[+-]?\d{1,15}", text, re.ASCII):
        raise BadCell("not_a_number", f"{text!r} is not a whole number", "write digits only")
    return int(text)


def _decimal(text: str, _clock: Clock) -> float:
    if not re.fullmatch(r"[+-]?\d{1,15}(\.\d*)?([eE][+-]?\d{1,3})?", text, re.ASCII):
        raise BadCell(
            "not_a_number", f"{text!r} is not a number", "write it like 21.0285, with a point"
        )
    return float(text)


def _yes_or_no(text: str, _clock: Clock) -> bool:
    match text.casefold():
        case "true" | "yes" | "1":
            return True
        case "false" | "no" | "0":
            return False
    raise BadCell("not_yes_or_no", f"{text!r} is neither true nor false", "write true or false")


def _time_of_day(text: str, _clock: Clock) -> time:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?", text, re.ASCII)
    if found:
        hour, minute, second = (int(part or 0) for part in found.groups())
        if hour < 24 and minute < 60 and second < 60:
            return time(hour, minute, second)
    raise BadCell("not_a_time", f"{text!r} is not a time of day", "write it like 08:30")


def _weekday(text: str, _clock: Clock) -> int:
    try:
        return WEEKDAYS.index(text.casefold())
    except ValueError:
        raise BadCell(
            "not_a_weekday", f"{text!r} is not a weekday", f"write one of {', '.join(WEEKDAYS)}"
        ) from None


def _day(text: str, clock: Clock) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text) + timedelta(days=clock.days)
    except (ValueError, OverflowError):
        pass
    raise BadCell("not_a_date", f"{text!r} is not a date", "write it like 2026-11-23")


def _moment(text: str, clock: Clock) -> datetime:
    try:
        if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text, re.ASCII):
            raise ValueError
        value = datetime.fromisoformat(text)
        if clock.days:
            # Whatever is moved keeps its local time of day.
            local = value.astimezone(clock.zone) if value.tzinfo else value
            value = local.replace(tzinfo=None) + timedelta(days=clock.days)
        return value.astimezone(UTC) if value.tzinfo else _only_moment(value, clock.zone)
    except (ValueError, OverflowError):
        raise BadCell(
            "not_a_moment", f"{text!r} is not a date with a time", "write it like 2026-11-23T08:00"
        ) from None


def _only_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment when clocks in ``zone`` show ``local``, provided that there is just one."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local:
        raise BadCell(
            "ambiguous_local_time",
            f"clocks in {zone} show {local} twice (end of daylight saving)",
            f"add the offset, like {first.isoformat()} or {second.isoformat()}",
        )
    raise BadCell(
        "nonexistent_local_time",
        f"clocks in {zone} skip {local} (start of daylight saving)",
        "give a time before or after the gap",
    )


def _write_time(value: time, _zone: ZoneInfo) -> str:
    return value.isoformat("auto" if value.second or value.microsecond else "minutes")


def _write_moment(value: datetime, zone: ZoneInfo) -> str:
    local = value.astimezone(zone)
    return local.isoformat(timespec="auto" if local.second or local.microsecond else "minutes")


# Lists


def _entries(text: str) -> list[str]:
    return [entry for entry in (part.strip() for part in text.split(";")) if entry]


def _joined(entries: Iterable[str]) -> str:
    return guarded(SEPARATOR.join(entries))


def _texts(text: str, _clock: Clock) -> list[str]:
    return _entries(unguarded(text))


def _write_texts(values: Any, _zone: ZoneInfo) -> str:
    return _joined(values)


def _windows(text: str, clock: Clock) -> list[dict[str, Any]]:
    """``start/end`` or ``start/end/price``, where the price is 0 if it is left out."""
    windows = []
    for entry in _entries(text):
        start, *others = (part.strip() for part in entry.split("/"))
        if not 1 <= len(others) <= 2:
            raise BadCell(
                "not_a_window",
                f"{entry!r} is not a start and an end",
                "write it like 2026-11-23T08:00/2026-11-23T12:00, with a price as in …/50000",
            )
        end, *prices = others
        windows.append(
            {
                "starts_at": _moment(start, clock),
                "ends_at": _moment(end, clock),
                "price": _integer(prices[0], clock) if prices else 0,
            }
        )
    return windows


def _write_windows(windows: Any, zone: ZoneInfo) -> str:
    return _joined(
        f"{_write_moment(window.starts_at, zone)}/{_write_moment(window.ends_at, zone)}"
        + (f"/{window.price}" if window.price else "")
        for window in windows
    )


def _counted(name: str, number: str) -> Cell:
    """``id`` or ``id:number``, where the number is 1 if it is left out."""

    def read(text: str, clock: Clock) -> list[dict[str, Any]]:
        entries = (entry.partition(":") for entry in _entries(text))
        return [
            {name: id_.strip(), number: _integer(amount.strip(), clock) if colon else 1}
            for id_, colon, amount in entries
        ]

    def write(values: Any, _zone: ZoneInfo) -> str:
        return _joined(_with_number(name_of(value), getattr(value, number)) for value in values)

    return Cell(read, write)


def _with_number(id_: str, number: int) -> str:
    return id_ if number == 1 else f"{id_}:{number}"


def _held_skills(text: str, clock: Clock) -> list[dict[str, Any]]:
    held = []
    for entry in _entries(text):
        skill, at, until = entry.partition("@")
        [value] = SKILLS.read(skill, clock)
        held.append(value | {"expires_on": _day(until.strip(), clock) if at else None})
    return held


def _write_held_skills(values: Any, _zone: ZoneInfo) -> str:
    return _joined(
        _with_number(value.skill_id, value.level)
        + (f"@{value.expires_on}" if value.expires_on else "")
        for value in values
    )


TEXT = Cell(lambda text, _clock: unguarded(text), lambda value, _zone: guarded(value))
WORD = Cell(lambda text, _clock: text, _plain)
"""One of a fixed set of words, or an id: never looks like a formula."""
INTEGER = Cell(_integer, _plain)
DECIMAL = Cell(_decimal, lambda value, _zone: repr(value))
YES_OR_NO = Cell(_yes_or_no, lambda value, _zone: "true" if value else "false")
TIME_OF_DAY = Cell(_time_of_day, _write_time)
WEEKDAY = Cell(_weekday, lambda value, _zone: WEEKDAYS[value])
MOMENT = Cell(_moment, _write_moment)
DAY = Cell(_day, _plain)
TEXTS = Cell(_texts, _write_texts)
WINDOWS = Cell(_windows, _write_windows)
SKILLS = _counted("skill_id", "level")
PARTS = _counted("part_id", "quantity")
LENT_TOOLS = _counted("tool_id", "number")
HELD_SKILLS = Cell(_held_skills, _write_held_skills)


OF_TYPE: tuple[tuple[Any, Cell], ...] = (
    (Code, WORD),
    (Weekday, WEEKDAY),
    (Codes, TEXTS),
    (JobIds, TEXTS),
    (Territories, TEXTS),
    (Windows, WINDOWS),
    (SkillLevels, SKILLS),
    (HeldSkills, HELD_SKILLS),
    (PartQuantities, PARTS),
    (LentTools, LENT_TOOLS),
    (StrEnum, WORD),
    (str, TEXT),
    (bool, YES_OR_NO),
    (int, INTEGER),
    (float, DECIMAL),
    (time, TIME_OF_DAY),
    (AwareDatetime, MOMENT),
    (date, DAY),
)


def cell_of(field: Any) -> Cell:
    """How a field of this type is read and written."""
    for kind, cell in OF_TYPE:
        is_class = isinstance(field, type) and isinstance(kind, type)
        if field == kind or (is_class and issubclass(field, kind)):
            return cell
    # What may be absent or has bounds begins with what it is.
    return cell_of(get_args(field)[0])
