"""Days, moments and times of day in cells, as people and spreadsheets write them.

The year comes first (2026-11-23) or last, and then the day is the first (23/11/2026), whatever the
numbers are. Spreadsheets count days from 1900: such a number is taken where it is exact.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatch.files.reading import BadCell, Clock

FIRST_MINUTE, LAST_MINUTE, NEXT_DAY = 0, 24 * 60 - 1, 24 * 60
"""What minute of its day a bare day stands for."""

YEAR_FIRST = r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"
DAY_FIRST = r"(\d{1,2})([-/.])(\d{1,2})\6(\d{4})"
WITH_HOURS = re.compile(rf"(?:{YEAR_FIRST}|{DAY_FIRST})(?:(?:[T ]|, ) *(\S.*))?", re.ASCII)
HOURS = re.compile(
    r"(\d{1,2})(?::(\d\d)(?::(\d\d(?:[.,]\d{1,6})?))?|[hg](\d\d))"
    r"(?: *(am|pm|sa|ch)\.?)?([+-]\d\d:?\d\d|Z)?",
    re.ASCII | re.IGNORECASE,
)
"""``8:30``, ``08:30:00``, ``8h30``, ``8:30 PM`` (``SA`` and ``CH`` in Vietnamese), and an
offset."""
COUNTED = re.compile(r"(\d{1,6})(?:[.,](\d{1,15}))?", re.ASCII)
EPOCH = date(1899, 12, 30)
"""From March 1900 on; before it the count has a day too many."""
YEARS = range(2000, 2200)
LEAST_DIGITS = 3
"""Of a fraction of a day, to tell its minute; fewer are what a number's format has left."""
SOME_SECONDS = 6
"""How far from a minute a fraction may be for what its digits leave out."""


def time_of_day(text: str, _clock: Clock) -> time:
    """Raises ``BadCell``."""
    found = HOURS.fullmatch(text)
    if found and found[6] is None:
        try:
            return time.fromisoformat(_iso_hours(found))
        except ValueError:
            pass
    elif text[:2] in ("0.", "0,") and (counted := COUNTED.fullmatch(text)):
        minutes = _minutes(text, counted[2])
        return time(minutes // 60, minutes % 60)
    raise BadCell("not_a_time", f"{text!r} is not a time of day", "write it like 08:30")


def day(text: str, clock: Clock) -> date:
    """Raises ``BadCell``."""
    try:
        return _day(text) + timedelta(days=clock.days)
    except (ValueError, OverflowError):
        action = "write it like 2026-11-23 or 23/11/2026"
        raise BadCell("not_a_date", f"{text!r} is not a date", action) from None


def _day(text: str) -> date:
    if (counted := _counted(text)) and not counted[1]:
        return counted[0]
    found = WITH_HOURS.fullmatch(text)
    hours = HOURS.fullmatch(found[9] or "0:00") if found else None
    # A spreadsheet may show midnight behind a day.
    if found is None or hours is None or time.fromisoformat(_iso_hours(hours)) != time():
        raise ValueError
    return date.fromisoformat(_iso_day(found))


def moment_of(minute: int | None) -> Callable[[str, Clock], datetime]:
    """Reads moments, of which a bare day stands for that minute of it, or for none (None)."""
    return lambda text, clock: moment(text, clock, minute)


def moment(text: str, clock: Clock, minute: int | None = None) -> datetime:
    """A moment in UTC; a bare day stands for its ``minute``. Raises ``BadCell``, also for what
    local clocks show twice or never."""
    try:
        value = _moment(text, minute)
        if clock.days:
            # Whatever is moved keeps its local time of day.
            local = value.astimezone(clock.zone) if value.tzinfo else value
            value = local.replace(tzinfo=None) + timedelta(days=clock.days)
        return value.astimezone(UTC) if value.tzinfo else _only_moment(value, clock.zone)
    except (ValueError, OverflowError):
        action = "write it like 2026-11-23T08:00 or 23/11/2026 08:00"
        cause = f"{text!r} is not a date with a time"
        raise BadCell("not_a_moment", cause, action) from None


def _moment(text: str, minute: int | None) -> datetime:
    """As it is written: local if it has no offset."""
    if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?!.*[A-Ya-z])", text, re.ASCII):
        return datetime.fromisoformat(text)
    if counted := _counted(text):
        bare, minutes = counted
        if minutes:
            return datetime.combine(bare, time()) + timedelta(minutes=minutes)
        return _on_day(bare, text, minute)
    found = WITH_HOURS.fullmatch(text)
    if found is None:
        raise ValueError
    if found[9] is None:
        return _on_day(date.fromisoformat(_iso_day(found)), text, minute)
    hours = HOURS.fullmatch(found[9].strip())
    if hours is None or (found[5] and (hours[5] or "").lower() in ("am", "pm")):
        # Where hours are AM and PM, the month may be before the day.
        raise ValueError
    return datetime.fromisoformat(f"{_iso_day(found)}T{_iso_hours(hours)}{hours[6] or ''}")


def _on_day(bare: date, text: str, minute: int | None) -> datetime:
    if minute is None:
        action = f"write the hour too, like {bare}T08:00 or {bare:%d/%m/%Y} 08:00"
        raise BadCell("not_a_moment", f"{text!r} is a day without hours", action)
    return datetime.combine(bare, time()) + timedelta(minutes=minute)


def _iso_day(found: re.Match[str]) -> str:
    year, _, month, day = found.groups()[:4]
    if year is None:
        day, _, month, year = found.groups()[4:8]
    return f"{year}-{int(month):02}-{int(day):02}"


def _iso_hours(found: re.Match[str]) -> str:
    """Raises ``ValueError`` for 13:00 in the afternoon."""
    hour, minute, second, after_h, half, _ = found.groups()
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            raise ValueError
        number = number % 12 + (12 if half.lower() in ("pm", "ch") else 0)
    seconds = "" if second is None else ":" + second.replace(",", ".")
    return f"{number:02}:{minute or after_h}{seconds}"


def _counted(text: str) -> tuple[date, int] | None:
    """The day and the minutes of what a spreadsheet counts in days. Raises ``BadCell``."""
    found = COUNTED.fullmatch(text)
    if found is None or len(found[1]) < 5:
        return None
    whole = EPOCH + timedelta(days=int(found[1]))
    if whole.year not in YEARS:
        return None
    return whole, 0 if found[2] is None else _minutes(text, found[2])


def _minutes(text: str, digits: str) -> int:
    """Of a fraction of a day. Raises ``BadCell`` unless it tells its minute."""
    minutes = float(f"0.{digits}") * NEXT_DAY
    near = round(minutes)
    is_exact = len(digits) >= LEAST_DIGITS or digits == "5"
    if is_exact and near < NEXT_DAY and abs(minutes - near) * 60 <= SOME_SECONDS:
        return near
    raise BadCell(
        "imprecise_time",
        f"{text!r} is a time as a spreadsheet counts days, and too few digits are left of it",
        "format the column as a date with hours, or as a time, and save the file again",
    )


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


def write_time(value: time, _zone: ZoneInfo) -> str:
    return value.isoformat("auto" if value.second or value.microsecond else "minutes")


def write_moment(value: datetime, zone: ZoneInfo) -> str:
    local = value.astimezone(zone)
    return local.isoformat(timespec="auto" if local.second or local.microsecond else "minutes")
