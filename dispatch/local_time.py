"""Local clock times on local days as moments, over every change of the clock."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]
"""From a moment to a later one (or the same), in UTC."""

ONE_DAY = timedelta(days=1)


def at_local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, when clocks in ``zone`` show this time on this day.

    A time that occurs twice is the first of the two; one that clocks skip is the moment of the
    skip, so that what begins in the gap begins right after it, and what ends in it ends there.
    """
    local = datetime.combine(day, clock, tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    before = local.replace(fold=1).astimezone(UTC)
    after = moment
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def as_said(moment: datetime, zone: ZoneInfo) -> str:
    """The moment as people there are told it, to the second and with its offset."""
    return moment.astimezone(zone).isoformat(" ", "seconds")


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The moment when the local day begins."""
    return at_local(day, time.min, zone)


def local_span(day: date, opens: time, closes: time, zone: ZoneInfo) -> Span:
    """From ``opens`` on this day to ``closes``, on the next day if that is not later."""
    until = day if closes > opens else day + ONE_DAY
    return at_local(day, opens, zone), at_local(until, closes, zone)


def days(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last, both included."""
    for number in range((last - first).days + 1):
        yield first + number * ONE_DAY


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in as few spans as possible, in order."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(end, result[-1][1])
        else:
            result.append((start, end))
    return result


def common(these: Iterable[Span], those: Iterable[Span]) -> list[Span]:
    """What is in these spans as well as in those; a single moment counts."""
    others = list(those)
    return merged(
        (max(start, from_), min(end, until))
        for start, end in these
        for from_, until in others
        if max(start, from_) <= min(end, until)
    )


def without(span: Span, gaps: Iterable[Span]) -> list[Span]:
    """What is left of a span when the gaps are cut out."""
    pieces, (start, end) = [], span
    for gap_start, gap_end in merged(gaps):
        if gap_end <= start or gap_start >= end:
            continue
        if gap_start > start:
            pieces.append((start, gap_start))
        start = max(start, gap_end)
    if start < end:
        pieces.append((start, end))
    return pieces
