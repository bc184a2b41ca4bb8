"""Technicians' days as calendars (RFC 5545), which know what they have said before.

A calendar that is fetched again and again takes over an entry only if its revision has grown.
Times, places, parts and customers' telephones come from many tables, so what an entry said last is
kept, and its revision grows when it says anything else. Where it cannot be stored, it is told all
the same, and kept in memory until it can be.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event, Timezone, vDuration
from sqlmodel import Session, col, delete, select

from dispatch import store
from dispatch.calendar_texts import TEXTS, Language
from dispatch.local_time import ONE_DAY, Span, start_of
from dispatch.models import CalendarEntry, Route, Stop
from dispatch.settings import Settings
from dispatch.views.itinerary import DailyRoute, RouteStop, ShiftRoute
from solver.solution import StopKind

ASK_AGAIN = timedelta(minutes=15)
"""What calendars are asked to wait; many take longer all the same."""
KEPT = timedelta(days=60)
"""So long after its time the last revision of an entry is known."""


@dataclass(frozen=True, slots=True)
class _StopEntry:
    """A stop, under the name that it keeps for as long as the technician has it."""

    uid: str
    shift: ShiftRoute
    stop: RouteStop

    @property
    def digest(self) -> str:
        """What it says, in whatever language."""
        stop = self.stop
        said = (
            stop.start_at.astimezone(UTC),
            stop.departure_at.astimezone(UTC),
            (stop.latitude, stop.longitude, stop.name, stop.address),
            _summary(stop, "en"),
            *_description(stop, "en"),
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Published:
    """A calendar, and the revisions in it that are not stored yet."""

    content: bytes
    to_keep: Sequence[CalendarEntry]


class Unkept:
    """Revisions that calendars were told and that could not be stored: none is to shrink for that.

    They are in this process's memory until they can be, whichever thread says so.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, CalendarEntry] = {}

    def remember(self, rows: Iterable[CalendarEntry]) -> None:
        with self._lock:
            for row in rows:
                held = self._rows.get(row.uid)
                if held is None or held.sequence <= row.sequence:
                    self._rows[row.uid] = row

    def forget(self, rows: Iterable[CalendarEntry]) -> None:
        """The rows are stored."""
        with self._lock:
            for row in rows:
                held = self._rows.get(row.uid)
                if held is not None and held.sequence <= row.sequence:
                    del self._rows[row.uid]

    def of(self, technician_id: str) -> list[CalendarEntry]:
        with self._lock:
            return [row for row in self._rows.values() if row.technician_id == technician_id]


def published(
    session: Session,
    days: Sequence[DailyRoute],
    settings: Settings,
    at: datetime,
    *,
    language: Language,
    whole: bool = False,
    keep: bool = True,
    unkept: Unkept | None = None,
) -> Published:
    """One event for each stop of a technician's days, which follow one another.

    ``whole``: the calendar is all that its reader has of these days, so that jobs which it has had
    there, and has no more, are in it as called off. ``keep``: what is to be kept is stored.
    """
    entries = list(_entries(days))
    begin = start_of(days[0].day, settings.zone)
    end = start_of(days[-1].day + ONE_DAY, settings.zone)
    known = {row.uid: row for row in _known(session, entries, days[0], (begin, end), keep)}
    there = {entry.uid for entry in entries}
    said = [
        row
        for row in (unkept.of(days[0].technician_id) if unkept else ())
        if row.uid in there or begin <= row.starts_at < end
        if row.uid not in known or row.sequence > known[row.uid].sequence
    ]
    known |= {row.uid: row for row in said}
    changed = [
        _revised(known.get(entry.uid), entry, days[0].technician_id, at)
        for entry in entries
        if entry.uid not in known
        or known[entry.uid].is_cancelled
        or known[entry.uid].digest != entry.digest
    ]
    missing = [row for row in known.values() if row.job_id is not None and row.uid not in there]
    gone = _no_more_theirs(session, days[0].technician_id, missing) if whole else []
    changed += [_cancelled(row, at) for row in gone if not row.is_cancelled]
    newest = {row.uid: row for row in (*said, *changed)}
    to_keep = [row for row in newest.values() if row.ends_at >= at - KEPT]
    if to_keep and keep:
        store.upsert(session, CalendarEntry, [row.model_dump() for row in to_keep])
        _forget(session, days[0].technician_id, at)
    revisions = known | newest
    events = [
        *(_event(entry, revisions[entry.uid], language) for entry in entries),
        *(_called_off(revisions[row.uid], language) for row in gone),
    ]
    return Published(_calendar(days, events, language), to_keep)


def _entries(days: Iterable[DailyRoute]) -> Iterator[_StopEntry]:
    times: Counter[str] = Counter()
    for route in days:
        for shift in route.routes:
            begins = f"{shift.shift_starts_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
            calls: Counter[str] = Counter()
            for stop in shift.stops:
                if stop.job_id is not None:
                    # On whatever day: who moves it finds it moved.
                    times[stop.job_id] += 1
                    again = f"/{times[stop.job_id]}" if times[stop.job_id] > 1 else ""
                    what = f"{stop.job_id}/{route.technician_id}{again}"
                else:
                    kind = f"{stop.kind}-{stop.depot_id or ''}"
                    calls[kind] += 1
                    what = f"{kind}-{calls[kind]}/{route.technician_id}/{begins}"
                yield _StopEntry(f"{what}@field-service-dispatch", shift, stop)


# Revisions


def _known(
    session: Session, entries: Iterable[_StopEntry], route: DailyRoute, span: Span, hold: bool
) -> Sequence[CalendarEntry]:
    """What was said of these entries, and what was said to be in the span of time."""
    begin, end = span
    row = CalendarEntry
    query = (
        select(row)
        .where(
            row.technician_id == route.technician_id,
            col(row.uid).in_([entry.uid for entry in entries])
            | ((col(row.starts_at) >= begin) & (col(row.starts_at) < end)),
        )
        .order_by(row.uid)
    )
    return session.exec(query.with_for_update() if hold else query).all()


def _revised(
    known: CalendarEntry | None, entry: _StopEntry, technician_id: str, at: datetime
) -> CalendarEntry:
    stop = entry.stop
    is_kept = stop.departure_at >= at - KEPT
    # Before revisions were kept, the version of the plan was the entry's: it must not shrink.
    sequence = entry.shift.plan_version if known is None else known.sequence + 1
    return CalendarEntry(
        uid=entry.uid,
        technician_id=technician_id,
        job_id=stop.job_id,
        title=_summary(stop, "en"),
        starts_at=stop.start_at,
        ends_at=stop.departure_at,
        digest=entry.digest,
        sequence=sequence,
        changed_at=at.replace(microsecond=0) if is_kept else entry.shift.published_at,
    )


def _cancelled(row: CalendarEntry, at: datetime) -> CalendarEntry:
    return CalendarEntry(
        **row.model_dump()
        | {
            "sequence": row.sequence + 1,
            "changed_at": at.replace(microsecond=0),
            "is_cancelled": True,
        }
    )


def _no_more_theirs(
    session: Session, technician_id: str, missing: Sequence[CalendarEntry]
) -> list[CalendarEntry]:
    """Those whose jobs the technician has on no day any more."""
    if not missing:
        return []
    query = (
        select(Stop.job_id)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(
            col(Stop.live),
            Route.technician_id == technician_id,
            col(Stop.job_id).in_({row.job_id for row in missing}),
        )
    )
    elsewhere = set(session.exec(query))
    return [row for row in missing if row.job_id not in elsewhere]


def _forget(session: Session, technician_id: str, at: datetime) -> None:
    session.exec(
        delete(CalendarEntry).where(
            col(CalendarEntry.technician_id) == technician_id,
            col(CalendarEntry.ends_at) < at - KEPT,
        )
    )


# As iCalendar


def _calendar(days: Sequence[DailyRoute], events: Iterable[Event], language: Language) -> bytes:
    route = days[0]
    calendar = Calendar()
    calendar.add("prodid", f"-//field-service-dispatch//daily route//{language.upper()}")
    calendar.add("version", "2.0")
    name = f"{route.technician} {route.day}" if len(days) == 1 else route.technician
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", route.time_zone)
    # The same for programs that know RFC 7986 and for those that do not.
    calendar.add("refresh-interval", vDuration(ASK_AGAIN), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(ASK_AGAIN))
    for event in events:
        calendar.add_component(event)
    if not calendar.events:
        # A calendar has to have some component, even on days with nothing to do.
        calendar.add_component(Timezone.from_tzid(route.time_zone))
    content: bytes = calendar.to_ical()
    return content


def _revision(row: CalendarEntry, status: str) -> Event:
    event = Event()
    event.add("uid", row.uid)
    # When it last changed, not when it is asked for: the same days, the same bytes.
    event.add("dtstamp", row.changed_at.astimezone(UTC))
    event.add("last-modified", row.changed_at.astimezone(UTC))
    event.add("sequence", row.sequence)
    event.add("status", status)
    return event


def _event(entry: _StopEntry, revision: CalendarEntry, language: Language) -> Event:
    stop, event = entry.stop, _revision(revision, "CONFIRMED")
    event.add("dtstart", stop.start_at.astimezone(UTC))
    if stop.departure_at > stop.start_at:
        event.add("dtend", stop.departure_at.astimezone(UTC))
    event.add("summary", _summary(stop, language))
    if stop.name is not None:
        event.add("location", ", ".join(filter(None, (stop.name, stop.address))))
    if stop.latitude is not None and stop.longitude is not None:
        event.add("geo", (stop.latitude, stop.longitude))
    description = "\n".join(_description(stop, language))
    if description:
        event.add("description", description)
    return event


def _called_off(row: CalendarEntry, language: Language) -> Event:
    """What was said of it and no more: who has the job now is none of its reader's business."""
    event = _revision(row, "CANCELLED")
    event.add("dtstart", row.starts_at.astimezone(UTC))
    if row.ends_at > row.starts_at:
        event.add("dtend", row.ends_at.astimezone(UTC))
    event.add("summary", TEXTS[language]["cancelled"].format(title=row.title))
    event.add("transp", "TRANSPARENT")
    return event


def _summary(stop: RouteStop, language: Language) -> str:
    words: Mapping[StopKind, str] = {
        StopKind.BREAK: TEXTS[language]["break"],
        StopKind.DEPOT: TEXTS[language]["depot"],
    }
    title = words.get(stop.kind, stop.title)
    return f"{title} – {stop.name}" if stop.name else title


def _description(stop: RouteStop, language: Language) -> Iterator[str]:
    texts = TEXTS[language]
    if stop.job_id is not None:
        yield texts["job"].format(id=stop.job_id)
    if stop.phone:
        yield texts["phone"].format(number=stop.phone)
    for task in stop.tasks:
        machine = " ".join(filter(None, (task.asset, task.model, task.serial_number)))
        yield texts["task"].format(title=task.title, machine=machine)
    if stop.skills:
        names = ", ".join(f"{skill.name} ({skill.level})" for skill in stop.skills)
        yield texts["skills"].format(names=names)
    if stop.parts:
        names = ", ".join(f"{part.quantity} × {part.name}" for part in stop.parts)
        yield texts["parts"].format(names=names)
    if stop.tools:
        yield texts["tools"].format(names=", ".join(tool.name for tool in stop.tools))
    if stop.arrival_at < stop.start_at:
        yield texts["arrival"].format(time=f"{stop.arrival_at:%H:%M}")
