"""When a job may be attended, or why it cannot be: its windows while its site is open."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from dispatch.local_time import ONE_DAY, Span, common, days, local_span, merged
from dispatch.models import Job, JobWindow, OpeningHours, Route, Stop
from solver.solution import Rule

ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PlanningHorizon:
    """The time that a plan covers.

    Plans start at ``begin``, which is later than the first day's start if that is over already.
    Jobs belong to the plan if they may be attended before ``end``, the end of the last local day;
    the last night shift goes on until ``reach``.
    """

    now: datetime
    begin: datetime
    end: datetime
    reach: datetime


@dataclass(frozen=True, slots=True, order=True)
class PricedSpan:
    """From a moment to a later one (or the same), both included; ``price`` is an amount of money
    for starting in it. Where spans overlap the least counts."""

    start: datetime
    end: datetime
    price: int = 0

    def has(self, moment: datetime) -> bool:
        return self.start <= moment <= self.end


def joined(spans: Iterable[PricedSpan]) -> list[PricedSpan]:
    """The same time at the same prices in as few spans as possible, in order: those of one price
    that touch or overlap become one, those of different prices stay two."""
    found = (
        PricedSpan(start, end, price)
        for price, same in _by_price(spans)
        for start, end in merged((one.start, one.end) for one in same)
    )
    return sorted(found)


def _by_price(spans: Iterable[PricedSpan]) -> Iterator[tuple[int, list[PricedSpan]]]:
    ordered = sorted(spans, key=lambda span: span.price)
    for price, same in groupby(ordered, key=lambda span: span.price):
        yield price, list(same)


def price_at(spans: Iterable[PricedSpan], moment: datetime) -> int:
    """What it costs to start then; nothing outside of all spans."""
    return min((span.price for span in spans if span.has(moment)), default=0)


@dataclass(frozen=True, slots=True)
class Attendance:
    """Spans in which service may start, in order.

    ``overnight``: all of them are after the horizon's last day, within reach of its night shifts.
    """

    spans: tuple[PricedSpan, ...]
    overnight: bool


@dataclass(frozen=True, slots=True)
class Unattendable:
    """There is no time left, in this horizon or after it, at which service may start."""

    message: str
    rule: Rule = Rule.TIME_WINDOWS
    """Which leaves none."""


def attendance(
    job: Job,
    windows: Sequence[JobWindow],
    opening_hours: Sequence[OpeningHours],
    horizon: PlanningHorizon,
    zone: ZoneInfo,
    *,
    as_pinned: bool = True,
) -> Attendance | Unattendable | None:
    """When service may start within the horizon; None if that is the matter of another plan.
    ``as_pinned``: at the pinned time only, if there is one, and no earlier than it was put."""
    forever = horizon.reach + 2 * ONE_WEEK
    wanted = joined(PricedSpan(row.starts_at, row.ends_at, row.price) for row in windows)
    if not windows:
        wanted = [PricedSpan(min(horizon.now, horizon.begin), forever)]
    if as_pinned and job.pinned_start_at is not None:
        moment = job.pinned_start_at
        if not any(span.has(moment) for span in wanted) and windows:
            return Unattendable(
                "It is pinned to a time outside its windows; move the pin or the windows."
            )
        wanted = [PricedSpan(moment, moment, price_at(wanted, moment))]
    elif as_pinned and job.not_before_at is not None:
        # A time after all windows was meant for others than there are now.
        wanted = _not_before(wanted, job.not_before_at) or wanted
    reachable = _while_open(wanted, opening_hours, (horizon.begin, horizon.reach), zone)
    if reachable:
        return Attendance(tuple(reachable), overnight=reachable[0].start >= horizon.end)
    left = _not_before(wanted, horizon.now)
    if not left:
        return Unattendable(
            "The time at which it could be attended is over; give it a new window."
            if job.pinned_start_at is None
            else "The time to which it is pinned is over; pin it to another or unpin it."
        )
    for span in left:
        # Opening hours come back every week: one week from where the plan ends says it all.
        until = min(span.end, max(span.start, horizon.reach) + ONE_WEEK)
        if _while_open([span], opening_hours, (span.start, until), zone):
            return None
    return Unattendable(
        "The site is closed whenever it could be attended; change the windows or the opening hours."
    )


def _not_before(spans: Sequence[PricedSpan], moment: datetime) -> list[PricedSpan]:
    return [replace(span, start=max(span.start, moment)) for span in spans if span.end >= moment]


def window_of(
    stop: Stop,
    job: Job,
    windows: Sequence[JobWindow],
    opening_hours: Sequence[OpeningHours],
    route: Route,
    zone: ZoneInfo,
) -> Span:
    """The window that the planned start of a visit lies in; from that start on, if in none. Those
    that touch are one, whatever their prices: the customer is there all the time."""
    begin = min(route.shift_starts_at, stop.start_at)
    end = max(route.shift_ends_at, stop.departure_at) + ONE_DAY
    horizon = PlanningHorizon(now=begin, begin=begin, end=end, reach=end)
    when = attendance(job, windows, opening_hours, horizon, zone)
    spans = when.spans if isinstance(when, Attendance) else ()
    whole = merged((span.start, span.end) for span in spans)
    planned = (span for span in whole if span[0] <= stop.start_at <= span[1])
    return next(planned, (stop.start_at, end))


def _while_open(
    wanted: Sequence[PricedSpan],
    opening_hours: Sequence[OpeningHours],
    limits: Span,
    zone: ZoneInfo,
) -> list[PricedSpan]:
    if limits[0] > limits[1]:
        return []
    # Spans that were apart stay apart.
    first, last = limits
    limited = [
        replace(span, start=max(span.start, first), end=min(span.end, last))
        for span in wanted
        if max(span.start, first) <= min(span.end, last)
    ]
    if not opening_hours or not limited:
        return limited
    first, last = min(span.start for span in limited), max(span.end for span in limited)
    hours = merged(
        local_span(day, row.opens, row.closes, zone)
        for day in days(first.astimezone(zone).date() - ONE_DAY, last.astimezone(zone).date())
        for row in opening_hours
        if row.weekday == day.weekday()
    )
    return sorted(
        PricedSpan(start, end, price)
        for price, same in _by_price(limited)
        for start, end in common(((one.start, one.end) for one in same), hours)
    )
