"""When a job may be attended, or why it cannot be: its windows while its site is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True, slots=True)
class Attendance:
    """Spans in which service may start.

    ``overnight``: all of them are after the horizon's last day, within reach of its night shifts.
    """

    spans: tuple[Span, ...]
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
    wanted = merged((row.starts_at, row.ends_at) for row in windows)
    if not windows:
        wanted = [(min(horizon.now, horizon.begin), forever)]
    if as_pinned and job.pinned_start_at is not None:
        moment = job.pinned_start_at
        if not any(start <= moment <= end for start, end in wanted) and windows:
            return Unattendable(
                "It is pinned to a time outside its windows; move the pin or the windows."
            )
        wanted = [(moment, moment)]
    elif as_pinned and job.not_before_at is not None:
        # A time after all windows was meant for others than there are now.
        wanted = _not_before(wanted, job.not_before_at) or wanted
    reachable = _while_open(wanted, opening_hours, (horizon.begin, horizon.reach), zone)
    if reachable:
        return Attendance(tuple(reachable), overnight=reachable[0][0] >= horizon.end)
    left = [(max(start, horizon.now), end) for start, end in wanted if end >= horizon.now]
    if not left:
        return Unattendable(
            "The time at which it could be attended is over; give it a new window."
            if job.pinned_start_at is None
            else "The time to which it is pinned is over; pin it to another or unpin it."
        )
    for start, end in left:
        # Opening hours come back every week: one week from where the plan ends says it all.
        until = min(end, max(start, horizon.reach) + ONE_WEEK)
        if _while_open([(start, end)], opening_hours, (start, until), zone):
            return None
    return Unattendable(
        "The site is closed whenever it could be attended; change the windows or the opening hours."
    )


def _not_before(spans: Sequence[Span], moment: datetime) -> list[Span]:
    return [(max(start, moment), end) for start, end in spans if end >= moment]


def window_of(
    stop: Stop,
    job: Job,
    windows: Sequence[JobWindow],
    opening_hours: Sequence[OpeningHours],
    route: Route,
    zone: ZoneInfo,
) -> Span:
    """The window that the planned start of a visit lies in; from that start on, if in none."""
    begin = min(route.shift_starts_at, stop.start_at)
    end = max(route.shift_ends_at, stop.departure_at) + ONE_DAY
    horizon = PlanningHorizon(now=begin, begin=begin, end=end, reach=end)
    when = attendance(job, windows, opening_hours, horizon, zone)
    spans = when.spans if isinstance(when, Attendance) else ()
    planned = (span for span in spans if span[0] <= stop.start_at <= span[1])
    return next(planned, (stop.start_at, end))


def _while_open(
    wanted: Sequence[Span], opening_hours: Sequence[OpeningHours], limits: Span, zone: ZoneInfo
) -> list[Span]:
    if limits[0] > limits[1]:
        return []
    # Spans that were apart stay apart.
    first, last = limits
    limited = [(max(start, first), min(end, last)) for start, end in wanted]
    limited = [span for span in limited if span[0] <= span[1]]
    if not opening_hours or not limited:
        return limited
    first, last = limited[0][0], limited[-1][1]
    hours = merged(
        local_span(day, row.opens, row.closes, zone)
        for day in days(first.astimezone(zone).date() - ONE_DAY, last.astimezone(zone).date())
        for row in opening_hours
        if row.weekday == day.weekday()
    )
    return common(limited, hours)
