"""Visits in force that their technicians are not there for any more, or cannot do, and why.

A plan is right when it is published. Then people fall ill or leave, work other hours, lose a skill
or a tool; jobs come to ask for more. What does not hold any more is found here by looking at the
routes in force as they are, whatever it was that changed.

This is not about time that was lost: who is late goes all the same, which is better than not at
all. Nor is what was set aside by an override held against a visit.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from dispatch.local_time import ONE_DAY, start_of
from dispatch.models import OVER, Job, Stop, Waiver, Wish
from dispatch.output import Output
from dispatch.planning.facts import JobFacts, TechnicianFacts
from dispatch.planning.service_windows import Attendance, PlanningHorizon, attendance
from dispatch.planning.shifts import WorkingShift
from dispatch.planning.snapshot import LiveRoute, Snapshot
from dispatch.planning.waivers import Waivers
from dispatch.settings import Settings
from solver.solution import Rule

ROUNDING = timedelta(seconds=1)
"""Plans are in whole seconds."""


class Why(StrEnum):
    """What keeps a technician from a visit."""

    GONE = "technician_gone"
    ABSENT = "technician_absent"
    NOT_AT_WORK = "not_at_work"
    SKILL = "lacks_skill"
    TOOL = "lacks_tool"
    PART = "lacks_part"
    NOT_ALLOWED = "not_allowed"
    TERRITORY = "other_territory"
    PINNED = "pinned_to_other"
    NOT_THEN = "outside_windows"
    NO_TIME = "does_not_fit"
    OVER_LIMIT = "over_limit"
    NOWHERE = "needs_location"
    WITHOUT_CREW = "without_crew"
    NOT_TOGETHER = "not_together"
    WITHOUT_FIRST = "without_first"
    NOT_AFTER = "not_after"
    OTHER_PERSON = "other_person"
    NOT_APART = "not_apart"


OF_OTHERS = frozenset({Why.WITHOUT_CREW, Why.WITHOUT_FIRST})
"""It is a partner that lacks something; another place for this one would not help."""


class CauseOut(Output):
    """Why something is as it is, for pages to put into words."""

    code: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a visit does not hold any more, as a code with values, and in words."""

    why: Why
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> dict[str, str | None]:
        """As ``PlanUnassigned.reasons`` has it."""
        return {"code": self.why.value, "rule": None, "message": self.message}

    @property
    def out(self) -> CauseOut:
        """As answers of the service have it, for pages to put into the reader's words."""
        return CauseOut(code=self.why.value, values=dict(self.values))


@dataclass(frozen=True, slots=True)
class BrokenVisit:
    """A visit in force that does not hold any more."""

    job_id: str
    technician_id: str
    day: date
    shift_starts_at: datetime
    start_at: datetime
    cause: Cause
    leaves: bool
    """Whether it cannot stay with the technician, even if nobody else can attend it."""
    has_begun: bool = False
    """Whether it stays because the technician is at it, as far as anybody knows."""


def unable(
    snapshot: Snapshot,
    settings: Settings,
    facts: Mapping[str, JobFacts] | None = None,
    timed: Collection[str] | None = None,
    known_to_hold: Collection[int] = (),
) -> dict[str, BrokenVisit]:
    """By job, the visits of the snapshot's scope that their technicians are not there for, or not
    able to do for want of a skill, of leave, or because it is to be at another time.

    ``facts`` are those of the jobs to look at (None: of all that have not begun); of these jobs
    (None: of all) also whether they may be attended at that time. Of the routes that are
    ``known_to_hold``, by their identity, only these are looked at.
    """
    looked_at = {one.job.id: one for one in snapshot.jobs} if facts is None else facts
    eye = _Eye(snapshot, settings)
    found: dict[str, BrokenVisit] = {}
    for live in snapshot.live:
        if id(live) in known_to_hold and timed is not None and live.job_ids.isdisjoint(timed):
            continue
        for stop in live.stops:
            one = looked_at.get(stop.job_id or "")
            if one is None or one.job.status in OVER:
                continue
            seen = eye.look(live, stop, one, is_timed=timed is None or one.job.id in timed)
            if seen is not None:
                found[one.job.id] = seen
    return found


class _Eye:
    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        self.snapshot, self.zone = snapshot, settings.zone
        self.people = {facts.technician.id: facts for facts in snapshot.technicians}
        self._levels: dict[tuple[str, date], Mapping[str, int]] = {}

    @cached_property
    def waivers(self) -> Waivers:
        return Waivers(self.snapshot)

    @cached_property
    def overtime(self) -> Counter[tuple[str, datetime]]:
        """Seconds of overtime that were granted beyond the usual, by shift."""
        granted: Counter[tuple[str, datetime]] = Counter()
        for rows in self.snapshot.waivers.values():
            for row in rows:
                if row.rule == Rule.SHIFT:
                    granted[row.technician_id, row.shift_starts_at] += row.amount
        return granted

    def look(
        self, live: LiveRoute, stop: Stop, facts: JobFacts, *, is_timed: bool
    ) -> BrokenVisit | None:
        route, technician = live.route, live.route.technician_id
        there = self._why_away(live, stop, facts.job)
        cause = there or self._why_not_able(technician, facts, route.day)
        leaves = True
        if cause is None and is_timed:
            cause, leaves = self._why_not_then(live, stop, facts)
        if cause is None:
            return None
        return BrokenVisit(
            facts.job.id,
            technician,
            route.day,
            route.shift_starts_at,
            stop.start_at,
            cause,
            leaves,
        )

    def _why_away(self, live: LiveRoute, stop: Stop, job: Job) -> Cause | None:
        technician = live.route.technician_id
        facts = self.people.get(technician)
        if facts is None:
            return _pinned(Cause(Why.GONE, f"{technician} does not work here any more."), job, live)
        for absence in facts.calendar.absences:
            if absence.starts_at < stop.departure_at and stop.start_at < absence.ends_at:
                span = {
                    "starts_at": absence.starts_at.isoformat(),
                    "ends_at": absence.ends_at.isoformat(),
                }
                return _pinned(Cause(Why.ABSENT, f"{technician} is absent then.", span), job, live)
        if any(self._covers(shift, stop) for shift in self._shifts_of(facts)):
            return None
        cause = Cause(Why.NOT_AT_WORK, f"{technician} does not work at that time.")
        return _pinned(cause, job, live)

    def _covers(self, shift: WorkingShift, stop: Stop) -> bool:
        more = timedelta(seconds=self.overtime[shift.technician_id, shift.starts_at])
        latest = shift.ends_at + shift.max_overtime + more
        return (
            shift.starts_at <= stop.start_at + ROUNDING and stop.departure_at <= latest + ROUNDING
        )

    def _shifts_of(self, facts: TechnicianFacts) -> Sequence[WorkingShift]:
        scope = self.snapshot.scope
        return facts.calendar.shifts(scope.starts_on, scope.ends_on, self.zone)

    def _levels_of(self, person: TechnicianFacts, day: date) -> Mapping[str, int]:
        """At which each skill is held on that day."""
        key = person.technician.id, day
        if key not in self._levels:
            self._levels[key] = {
                row.skill_id: row.level
                for row in person.skills
                if row.expires_on is None or row.expires_on >= day
            }
        return self._levels[key]

    def _why_not_able(self, technician: str, facts: JobFacts, day: date) -> Cause | None:
        person, job = self.people[technician], facts.job
        waived = _Waived(self.snapshot.waivers.get(job.id, ()), technician)
        levels = self._levels_of(person, day)
        for skill, needed in facts.skills.items():
            level = levels.get(skill, 0)
            if level < needed - waived.amount(Rule.SKILLS, skill):
                return Cause(
                    Why.SKILL,
                    f"It needs {skill} at level {needed}; {technician} has {level}.",
                    {"skill_id": skill, "needed": needed, "held": level},
                )
        if job.pinned_technician_id not in (None, technician):
            pin = job.pinned_technician_id
            return Cause(Why.PINNED, f"It is pinned to {pin}.", {"pinned_technician_id": pin})
        if not waived.has(Rule.TECHNICIANS) and not _is_wanted(technician, facts):
            return Cause(Why.NOT_ALLOWED, f"It is not for {technician}.")
        territory = self.snapshot.sites[job.site_id].territory
        serves = not person.territories or territory is None or territory in person.territories
        if not serves and not waived.has(Rule.TERRITORY):
            message = f"{technician} does not serve {territory}, where it lies."
            return Cause(Why.TERRITORY, message, {"territory": territory})
        return None

    def _why_not_then(
        self, live: LiveRoute, stop: Stop, facts: JobFacts
    ) -> tuple[Cause | None, bool]:
        """Also whether it cannot be attended on that day at all."""
        job, begin = facts.job, start_of(live.route.day, self.zone)
        rows = self.snapshot.waivers.get(job.id, ())
        if any(row.rule == Rule.PINS for row in rows):
            return None, False
        reach = max(begin + ONE_DAY, live.route.shift_ends_at, stop.departure_at)
        horizon = PlanningHorizon(now=begin, begin=begin, end=begin + ONE_DAY, reach=reach)
        hours = self.snapshot.opening_hours.get(job.site_id, ())
        when = attendance(job, facts.windows, hours, horizon, self.zone)
        when = self.waivers.extended(job.id, when, horizon, job.pinned_start_at)
        spans = when.spans if isinstance(when, Attendance) else ()
        if any(s.start - ROUNDING <= stop.start_at <= s.end + ROUNDING for s in spans):
            return None, False
        message = "It cannot be attended at that time any more."
        if not spans:
            message = "It cannot be attended on that day any more."
        return Cause(Why.NOT_THEN, message), not spans


class _Waived:
    """What was set aside for one job with one technician."""

    def __init__(self, rows: Iterable[Waiver], technician: str) -> None:
        self._rows = [row for row in rows if row.technician_id == technician]

    def amount(self, rule: Rule, subject: str) -> int:
        rows = (row for row in self._rows if row.rule == rule and row.subject == subject)
        return sum(row.amount for row in rows)

    def has(self, rule: Rule) -> bool:
        return any(row.rule == rule for row in self._rows)


def _pinned(cause: Cause, job: Job, live: LiveRoute) -> Cause:
    """The cause, with the pin that binds the job to who is not there."""
    if job.pinned_technician_id != live.route.technician_id:
        return cause
    pin = {"pinned_technician_id": job.pinned_technician_id}
    message = f"{cause.message} It is pinned to {job.pinned_technician_id}: pin it to another."
    return Cause(cause.why, message, {**cause.values, **pin})


def _is_wanted(technician: str, facts: JobFacts) -> bool:
    """Who is preferred where only some are allowed is meant to be one of them."""
    if technician in facts.wishes[Wish.FORBIDDEN]:
        return False
    allowed = facts.wishes[Wish.ALLOWED]
    return not allowed or technician in allowed | facts.wishes[Wish.PREFERRED]
