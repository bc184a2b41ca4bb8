"""What devices show: few words, in the language of the page on which it was switched on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dispatch.calendar_texts import Language
from dispatch.push.known_days import ChangeKind, KnownVisit, VisitChange, start_of_visit

MOST_LINES = 3
MOST_CHARACTERS = 80
"""Of what a line says of a visit: more is not shown, and messages are to stay small."""

TEXTS: Mapping[Language, Mapping[str, str]] = {
    "vi": {
        "published": "Đã có lịch {day}",
        "title": "Lịch {day} đã thay đổi",
        "visits.one": "{count} việc, bắt đầu lúc {time}",
        "visits.other": "{count} việc, bắt đầu lúc {time}",
        "added": "Thêm lúc {time}: {what}",
        "urgent": "Việc gấp lúc {time}: {what}",
        "removed": "Bỏ: {what} ({time})",
        "moved": "Đổi giờ {before} → {time}: {what}",
        "changed": "Thông tin mới, {time}: {what}",
        "more.one": "và {count} thay đổi khác",
        "more.other": "và {count} thay đổi khác",
    },
    "en": {
        "published": "Your plan for {day} is here",
        "title": "{day} has changed",
        "visits.one": "{count} visit, at {time}",
        "visits.other": "{count} visits, the first at {time}",
        "added": "New at {time}: {what}",
        "urgent": "Urgent at {time}: {what}",
        "removed": "No longer yours: {what} ({time})",
        "moved": "Moved {before} → {time}: {what}",
        "changed": "New details at {time}: {what}",
        "more.one": "and {count} more change",
        "more.other": "and {count} more changes",
    },
}
WEEKDAYS: Mapping[Language, Sequence[str]] = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
"""By name and not as today or tomorrow: it may be read after midnight."""
URGENT = ("urgent", "emergency")


def words(
    day: date, changes: Sequence[VisitChange], *, is_new: bool, language: Language, zone: ZoneInfo
) -> tuple[str, str]:
    """The title and the body of what is shown; ``is_new``: nothing was planned before."""
    texts = TEXTS[language]
    named = f"{WEEKDAYS[language][day.weekday()]} {day.day}/{day.month}"
    if is_new and len(changes) > MOST_LINES:
        first = min(start_of_visit(one["after"]) for one in changes if one["after"])
        body = _counted(texts, "visits", len(changes), time=_clock(first, zone))
        return texts["published"].format(day=named), body
    shown = changes if len(changes) <= MOST_LINES else changes[: MOST_LINES - 1]
    lines = [_line(texts, change, zone) for change in shown]
    if len(shown) < len(changes):
        lines.append(_counted(texts, "more", len(changes) - len(shown)))
    title = texts["published" if is_new else "title"].format(day=named)
    return title, "\n".join(lines)


def _line(texts: Mapping[str, str], change: VisitChange, zone: ZoneInfo) -> str:
    visit = change["after"] or change["before"]
    assert visit is not None  # noqa: S101 - a change is from something to something
    kind = "urgent" if is_urgent(change) else ChangeKind(change["kind"]).value
    earlier = change["before"] or visit
    return texts[kind].format(
        time=_clock(start_of_visit(visit), zone),
        before=_clock(start_of_visit(earlier), zone),
        what=_named(visit),
    )


def is_urgent(change: VisitChange) -> bool:
    """Whether it is an urgent visit that was not there before."""
    visit = change["after"]
    return change["kind"] == ChangeKind.ADDED and visit is not None and visit["priority"] in URGENT


def _named(visit: KnownVisit) -> str:
    what = " – ".join(part for part in (visit["title"], visit["name"]) if part)
    return what if len(what) <= MOST_CHARACTERS else what[: MOST_CHARACTERS - 1].rstrip() + "…"


def _counted(texts: Mapping[str, str], key: str, count: int, **values: str) -> str:
    return texts[f"{key}.{'one' if count == 1 else 'other'}"].format(count=count, **values)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"
