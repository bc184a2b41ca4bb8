"""The shifts that technicians work: weekly hours on real days, cut by absences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dispatch.local_time import ONE_DAY, Span, days, local_span, merged, without
from dispatch.models import Absence, WeeklyBreak, WorkingHours

SHORTEST = timedelta(minutes=1)
"""What absences leave of a shift is no shift of its own if it is shorter than this."""

OVERDUE = timedelta(hours=2)
"""So long after its technician is free a break that could not be taken in time may begin."""


@dataclass(frozen=True, slots=True)
class PlannedBreak:
    """A break that starts from ``earliest_at`` to ``latest_at`` and fits into its shift."""

    id: str
    earliest_at: datetime
    latest_at: datetime
    duration: timedelta


@dataclass(frozen=True, slots=True)
class WorkingShift:
    """One working period. ``day`` is the local day to which the weekly hours assign it."""

    technician_id: str
    day: date
    starts_at: datetime
    ends_at: datetime
    max_overtime: timedelta
    breaks: tuple[PlannedBreak, ...]


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """When a technician works, by the weekly hours, and when not.

    What follows from it for some days is worked out once. Snapshots of the same company share it as
    long as nobody changes it, and most of a running day nobody does.
    """

    technician_id: str
    hours: tuple[WorkingHours, ...]
    breaks: tuple[WeeklyBreak, ...]
    absences: tuple[Absence, ...]
    _known: dict[tuple[date, date, ZoneInfo], Sequence[WorkingShift]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def shifts(self, first: date, last: date, zone: ZoneInfo) -> Sequence[WorkingShift]:
        """Those of the local days, both included, as ``working_shifts`` has them."""
        found = self._known.get((first, last, zone))
        if found is None:
            found = tuple(
                working_shifts(
                    self.technician_id, self.hours, self.breaks, self.absences, first, last, zone
                )
            )
            self._known[first, last, zone] = found
        return found


def working_shifts(
    technician_id: str,
    hours: Iterable[WorkingHours],
    breaks: Sequence[WeeklyBreak],
    absences: Iterable[Absence],
    starts_on: date,
    ends_on: date,
    zone: ZoneInfo,
) -> list[WorkingShift]:
    """The technician's shifts on these days, in order, none of which overlap.

    A shift whose hours end at or before their start goes on past midnight. Hours that overlap
    with earlier ones begin where those end. An absence cuts a shift short, or into two, one of
    which has the break that could be taken in either. Overtime never runs into an absence or the
    next shift.
    """
    hours = list(hours)
    # One of no length, as files once had, would cut the day in two all the same.
    away = merged(
        (absence.starts_at, absence.ends_at)
        for absence in absences
        if absence.starts_at < absence.ends_at
    )
    found: list[WorkingShift] = []
    # The night shift of the day before may reach into the first day, and the last shift's
    # overtime into the day after.
    for day in days(starts_on - ONE_DAY, ends_on + ONE_DAY):
        of_the_day = [row for row in hours if row.weekday == day.weekday()]
        pieces: list[tuple[WorkingHours, WorkingShift]] = []
        for row in sorted(of_the_day, key=lambda row: row.starts):
            starts_at, ends_at = local_span(day, row.starts, row.ends, zone)
            before = [*found, *(shift for _, shift in pieces)]
            if before:
                starts_at = max(starts_at, before[-1].ends_at)
            for piece in without((starts_at, ends_at), away):
                if piece[1] - piece[0] < SHORTEST:
                    continue
                overtime = timedelta(minutes=row.max_overtime_minutes)
                if piece[1] != ends_at:
                    overtime = timedelta()
                pieces.append((row, WorkingShift(technician_id, day, *piece, overtime, ())))
        found += _with_breaks(pieces, [one for one in breaks if one.weekday == day.weekday()], zone)
    limits = [start for start, _ in away] + [shift.starts_at for shift in found]
    return [
        _with_room_for_overtime(shift, limits)
        for shift in found
        if starts_on <= shift.day <= ends_on
    ]


def _with_breaks(
    pieces: Sequence[tuple[WorkingHours, WorkingShift]],
    breaks: Iterable[WeeklyBreak],
    zone: ZoneInfo,
) -> list[WorkingShift]:
    """A day's shifts with its breaks, each in the one that leaves most choice of when to take it:
    nobody rests twice because the time for it lies on both sides of an absence."""
    taken: list[list[PlannedBreak]] = [[] for _ in pieces]
    for weekly in breaks:
        choice = [
            (pause.latest_at - pause.earliest_at, -number, pause)
            for number, (row, shift) in enumerate(pieces)
            for pause in clipped(
                [_planned_break(weekly, shift.day, row, zone)], (shift.starts_at, shift.ends_at)
            )
        ]
        if choice:
            _, number, pause = max(choice, key=lambda one: one[:2])
            taken[-number].append(pause)
    return [
        replace(shift, breaks=tuple(theirs))
        for (_, shift), theirs in zip(pieces, taken, strict=True)
    ]


def clipped(breaks: Iterable[PlannedBreak], span: Span) -> list[PlannedBreak]:
    """The breaks as far as they can be taken within the span; others are left out."""
    result = []
    for pause in breaks:
        earliest = max(pause.earliest_at, span[0])
        latest = min(pause.latest_at, span[1] - pause.duration)
        if earliest <= latest:
            result.append(replace(pause, earliest_at=earliest, latest_at=latest))
    return result


def not_taken(breaks: Iterable[PlannedBreak], taken: Iterable[Span]) -> list[PlannedBreak]:
    """The breaks without those that were taken: each time it is the one within whose bounds it was
    or, if it was put elsewhere by hand, the nearest of the same length."""
    left = list(breaks)
    for start, end in taken:
        off = {pause.id: _off(pause, start) for pause in left}
        meant = [p for p in left if not off[p.id] or p.duration == end - start]
        if meant:
            left.remove(min(meant, key=lambda p: (off[p.id], p.duration != end - start)))
    return left


def _off(pause: PlannedBreak, start: datetime) -> timedelta:
    return max(timedelta(), pause.earliest_at - start, start - pause.latest_at)


def with_overdue(
    breaks: Sequence[PlannedBreak], busy: Iterable[Span], free_at: datetime
) -> list[PlannedBreak]:
    """The breaks of somebody who is free from ``free_at`` on, after being ``busy``, ways included.

    One whose time went by while there was none for it is due from then on, for ``OVERDUE``: a visit
    that took longer costs nobody their rest. One that could have been taken was.
    """
    found: list[PlannedBreak] = []
    gaps = without((min(pause.earliest_at for pause in breaks), free_at), busy) if breaks else []
    for pause in breaks:
        could_be = (
            max(start, pause.earliest_at) <= pause.latest_at
            and max(start, pause.earliest_at) + pause.duration <= end
            for start, end in gaps
        )
        if pause.latest_at < free_at and not any(could_be):
            pause = replace(pause, earliest_at=free_at, latest_at=free_at + OVERDUE)
        found.append(pause)
    return found


def one_after_the_other(breaks: Iterable[PlannedBreak]) -> list[PlannedBreak]:
    """The breaks in order, none beginning before the one before it can be over: whoever waits has
    time for all of them as soon as there is time for the last."""
    result: list[PlannedBreak] = []
    for pause in sorted(breaks, key=lambda pause: (pause.earliest_at, pause.latest_at)):
        earliest = pause.earliest_at
        if result:
            earliest = max(earliest, result[-1].earliest_at + result[-1].duration)
        result.append(replace(pause, earliest_at=min(earliest, pause.latest_at)))
    return result


def _planned_break(
    weekly: WeeklyBreak, day: date, hours: WorkingHours, zone: ZoneInfo
) -> PlannedBreak:
    overnight = hours.ends <= hours.starts
    if overnight and weekly.latest < hours.starts and weekly.earliest < hours.starts:
        day += ONE_DAY
    if weekly.earliest == weekly.latest:
        earliest_at, _ = local_span(day, weekly.earliest, weekly.latest, zone)
        latest_at = earliest_at
    else:
        earliest_at, latest_at = local_span(day, weekly.earliest, weekly.latest, zone)
    return PlannedBreak(
        f"break {weekly.earliest:%H:%M}",
        earliest_at,
        latest_at,
        timedelta(minutes=weekly.minutes),
    )


def _with_room_for_overtime(shift: WorkingShift, limits: Iterable[datetime]) -> WorkingShift:
    room = min((limit - shift.ends_at for limit in limits if limit >= shift.ends_at), default=None)
    if room is None or shift.max_overtime <= room:
        return shift
    return replace(shift, max_overtime=room)
