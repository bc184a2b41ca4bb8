"""What links between jobs come to for the visits of one problem.

Links between visits that the problem has are the solver's. A partner that it does not have, because
it has begun, stays where it is, or is on a route of others, is at a known time with a known
technician, which narrows when and by whom a visit can be made. A partner that has no place keeps
those out that are not to be made without it, unless they are in force already.

A crew of which somebody has begun is joined as soon as may be, as long as that one is there. What
is over counts from when it was; what could not be completed has yet to be done; and what was
cancelled binds nobody.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from dispatch.local_time import ONE_DAY, Span, start_of
from dispatch.models import PLANNABLE, JobStatus, LinkKind
from dispatch.planning.job_links import LinkFacts, Partner, solver_link
from dispatch.planning.progress import History, is_reported, span_of
from dispatch.planning.service_windows import Unattendable
from dispatch.planning.snapshot import Snapshot
from solver.links import Link, Person, Separation, link_faults, linked
from solver.pace import ITS_OWN_TIME, at_pace, between_paces
from solver.problem import Problem, TimeWindow, Visit
from solver.solution import Rule

RULES = {
    LinkKind.TOGETHER: Rule.TOGETHER,
    LinkKind.AFTER: Rule.AFTER,
    LinkKind.APART: Rule.APART,
}


@dataclass(frozen=True, slots=True)
class TiedVisits:
    """Visits as links leave them, and the links between them."""

    visits: tuple[Visit, ...]
    links: tuple[Link, ...]
    left_out: Mapping[str, Unattendable]
    """Jobs that are no visits because of their links, unless they are the matter of a later plan:
    those are no visits either."""


@dataclass(frozen=True, slots=True)
class PartnerPlace:
    """Where a partner is that the plan does not move: seconds, technician, and day of the shift."""

    start: int
    end: int
    technician: str
    day: date
    has_begun: bool = False


@dataclass(slots=True)
class Bounds:
    """What is left for a visit: when it may start, and who may make it."""

    earliest: float = -math.inf
    latest: float = math.inf
    technician: str | None = None
    """The only one, if it is not anybody."""
    forbidden: set[str] = field(default_factory=set)
    shut: list[tuple[int, int]] = field(default_factory=list)
    """Spans in which it may not start, with their first and last seconds."""
    blocked: Unattendable | None = None
    """Why it cannot be made at all."""
    rule: Rule = Rule.AFTER
    """Of the link that has narrowed it last."""

    def meet_crew(self, other: PartnerPlace, now: int) -> None:
        """Start with a partner of its crew, or join it while it is at work."""
        self.rule = Rule.TOGETHER
        earliest, latest = other.start, other.start
        if other.has_begun:
            earliest = max(other.start, now)
            latest = max(earliest, other.end)
        self.earliest, self.latest = max(self.earliest, earliest), min(self.latest, latest)
        self.forbidden.add(other.technician)

    def follow(self, facts: LinkFacts, first: PartnerPlace) -> None:
        """Come after ``first``."""
        self.rule = Rule.AFTER
        least, most = gaps(facts)
        self.earliest = max(self.earliest, first.end + least)
        self.latest = min(self.latest, first.end + most)
        self.of_person(facts, first)

    def precede(self, facts: LinkFacts, second: PartnerPlace, lasts: tuple[int, int]) -> None:
        """Be over, after at least and at most so many seconds of service, before ``second``."""
        self.rule = Rule.AFTER
        least, most = gaps(facts)
        shortest, longest = lasts
        self.latest = min(self.latest, second.start - least - longest)
        self.earliest = max(self.earliest, second.start - most - shortest)
        self.of_person(facts, second)

    def of_person(self, facts: LinkFacts, other: PartnerPlace) -> None:
        """Be made by whom the link says, seen from a partner."""
        if not other.technician:
            # As of jobs that came in as done.
            return
        if facts.link.person is Person.DIFFERENT:
            self.forbidden.add(other.technician)
        elif facts.link.person is Person.SAME:
            if self.technician not in (None, other.technician):
                self.blocked = Unattendable("Its links ask for two technicians.", self.rule)
            self.technician = other.technician

    def keep_apart(self, facts: LinkFacts, other: PartnerPlace, day: tuple[int, int]) -> None:
        """Be made by somebody else, or not on that day."""
        self.rule = Rule.APART
        if facts.link.by is Separation.DAY:
            self.shut.append(day)
        else:
            self.forbidden.add(other.technician)

    def of(self, visit: Visit) -> Visit | None:
        """The visit within these bounds; None if they leave nothing of it."""
        windows = [
            replace(
                window,
                start=int(max(window.start, self.earliest)),
                end=int(min(window.end, self.latest)),
            )
            for window in visit.windows
            if max(window.start, self.earliest) <= min(window.end, self.latest)
        ]
        for begin, end in self.shut:
            windows = [
                replace(window, start=start, end=last)
                for window in windows
                for start, last in (
                    (window.start, min(window.end, begin - 1)),
                    (max(window.start, end + 1), window.end),
                )
                if start <= last
            ]
        allowed = visit.allowed
        if self.technician is not None:
            allowed = frozenset({self.technician})
            if visit.allowed is not None:
                allowed &= visit.allowed
        forbidden = visit.forbidden | self.forbidden
        if not windows or (allowed is not None and allowed <= forbidden):
            return None
        return replace(visit, windows=tuple(windows), allowed=allowed, forbidden=forbidden)


def for_nobody(visit: Visit, problem: Problem) -> Visit:
    """The visit, which keeps its windows, as one that no technician of the problem may make."""
    everybody = frozenset(shift.technician for shift in problem.shifts)
    return replace(visit, allowed=None, forbidden=visit.forbidden | everybody)


def gaps(facts: LinkFacts) -> tuple[int, float]:
    """Seconds from the end of the first job to the start of the second, at least and at most."""
    most = facts.link.most_minutes
    return (facts.link.least_minutes or 0) * 60, math.inf if most is None else most * 60


class ProblemClock:
    """Moments and local days as seconds of a problem."""

    def __init__(self, seconds: Callable[[datetime], int], zone: ZoneInfo) -> None:
        self.seconds, self.zone = seconds, zone

    def day(self, day: date) -> tuple[int, int]:
        """From its first second to the first one of the next day, where its plan ends."""
        return (
            self.seconds(start_of(day, self.zone)),
            self.seconds(start_of(day + ONE_DAY, self.zone)),
        )


def tied(
    snapshot: Snapshot,
    histories: Iterable[History],
    visits: Sequence[Visit],
    clock: ProblemClock,
    paces: tuple[Fraction, Fraction],
) -> TiedVisits:
    """The visits of the snapshot's jobs as their links leave them, be they made at the quickest of
    the paces or at the slowest. What is in force against them stays as it is, unless it is to be
    moved."""
    if not snapshot.links:
        return TiedVisits(tuple(visits), (), {})
    return _Ties(snapshot, histories, visits, clock, paces).tied()


class _Ties:
    def __init__(
        self,
        snapshot: Snapshot,
        histories: Iterable[History],
        visits: Sequence[Visit],
        clock: ProblemClock,
        paces: tuple[Fraction, Fraction],
    ) -> None:
        self.snapshot, self.visits, self.clock = snapshot, visits, clock
        self.paces = paces
        self.pace_of = {facts.technician.id: facts.pace for facts in snapshot.technicians}
        self.now = clock.seconds(snapshot.taken_at)
        self.begun: dict[str, tuple[History, Span]] = {
            name: (history, span) for history in histories for name, span in history.times.items()
        }
        self.in_force = {
            stop.job_id: (clock.seconds(stop.start_at), live.route.technician_id)
            for live in snapshot.live
            for stop in live.stops
            if stop.job_id is not None
        }
        by_hand = snapshot.scope.by_hand
        self.links = [facts for facts in snapshot.links if by_hand.isdisjoint(facts.job_ids)]
        self.free = {visit.id: visit for visit in visits}
        self.left_out: dict[str, Unattendable] = {}

    def tied(self) -> TiedVisits:
        bounds = self._bounds()
        while True:
            out = self._out(bounds)
            if not out:
                break
            # Who is not to be made without them is looked at again.
            for name in out:
                del self.free[name]
            bounds = self._bounds()
        links = self._links()
        bounded = {name: found.of(self.free[name]) for name, found in bounds.items()}
        names = [visit.id for visit in self.visits if visit.id in self.free]
        visits = tuple(bounded.get(name) or self.free[name] for name in names)
        return TiedVisits(visits, links, self.left_out)

    def _out(self, bounds: Mapping[str, Bounds]) -> list[str]:
        """Those of the visits of which nothing is left."""
        found = []
        for name, bound in bounds.items():
            if bound.blocked is not None:
                self.left_out[name] = bound.blocked
            elif bound.of(self.free[name]) is None:
                last = max(window.end for window in self.free[name].windows)
                if bound.earliest <= last or name in self.in_force:
                    message = "What it is linked to leaves it no time, or nobody; see its links."
                    self.left_out[name] = Unattendable(message, bound.rule)
            else:
                continue
            found.append(name)
        return found

    def _bounds(self) -> dict[str, Bounds]:
        found: dict[str, Bounds] = {}
        for facts in self.links:
            for name in facts.job_ids:
                if name in self.free:
                    self._bind(found.setdefault(name, Bounds()), name, facts)
        return {name: bounds for name, bounds in found.items() if self._binds(name, bounds)}

    def _binds(self, name: str, bounds: Bounds) -> bool:
        """Not what is in force against its links: it stays there until somebody moves it."""
        if name not in self.in_force or name in self.snapshot.scope.released:
            return True
        start, technician = self.in_force[name]
        left = bounds.of(replace(self.free[name], windows=(TimeWindow(start, start),)))
        if left is None or technician in left.forbidden:
            return False
        return left.allowed is None or technician in left.allowed

    def _bind(self, bounds: Bounds, name: str, facts: LinkFacts) -> None:
        rule = RULES[facts.link.kind]
        for other in facts.job_ids:
            if other == name or other in self.free:
                continue
            partner = self.snapshot.partners[other]
            status, placed = partner.job.status, self._placed(partner)
            is_first = facts.job_ids.index(name) == 0
            match facts.link.kind:
                case LinkKind.TOGETHER:
                    if placed is None and status in {*PLANNABLE, JobStatus.ON_HOLD}:
                        self._block(bounds, name, f"{other} of its crew is not planned.", rule)
                    elif placed is not None and status not in _ENDED:
                        bounds.meet_crew(placed, self.now)
                case LinkKind.AFTER if is_first:
                    if placed is not None and not placed.has_begun:
                        bounds.precede(facts, placed, self._lasts(name, facts, placed))
                case LinkKind.AFTER:
                    if status is JobStatus.CANNOT_COMPLETE:
                        why = f"It comes after {other}, which could not be completed."
                        self._block(bounds, name, why, rule)
                    elif placed is not None:
                        bounds.follow(facts, placed)
                    elif status is not JobStatus.CANCELLED:
                        self._block(bounds, name, f"It comes after {other}, not planned.", rule)
                case LinkKind.APART:
                    if placed is not None:
                        bounds.keep_apart(facts, placed, self.clock.day(placed.day))

    def _lasts(self, name: str, facts: LinkFacts, second: PartnerPlace) -> tuple[int, int]:
        """Seconds of service before ``second``, at least and at most: whoever makes the visit, or
        else as it is in force, if only there it is in time."""
        duration = self.free[name].duration
        shortest, longest = between_paces(duration, self.paces)
        if name in self.in_force:
            start, technician = self.in_force[name]
            least, most = gaps(facts)
            if not start + longest + least <= second.start <= start + shortest + most:
                shortest = longest = at_pace(duration, self.pace_of.get(technician, ITS_OWN_TIME))
        return shortest, longest

    def _block(self, bounds: Bounds, name: str, message: str, rule: Rule) -> None:
        """What is in force stays, and is told to whoever has to settle it."""
        if name not in self.in_force:
            bounds.blocked = Unattendable(message, rule)

    def _placed(self, partner: Partner) -> PartnerPlace | None:
        """None if it is nowhere; a cancelled one is."""
        job, stop, route = partner.job, partner.stop, partner.route
        if job.status is JobStatus.CANCELLED or stop is None or route is None:
            if job.status is JobStatus.COMPLETED:
                at = self.clock.seconds(job.departed_at or job.updated_at)
                return PartnerPlace(at, at, "", (job.departed_at or job.updated_at).date(), True)
            return None
        start_at, end_at = stop.start_at, stop.departure_at
        has_begun = is_reported(job) or job.status not in PLANNABLE
        if job.id in self.begun:
            history, (start_at, end_at) = self.begun[job.id]
            has_begun = has_begun or all(job.id != one.job_id for one in history.to_come)
        elif is_reported(job):
            start_at, end_at = span_of(stop, job, self.snapshot.taken_at)
        return PartnerPlace(
            self.clock.seconds(start_at),
            self.clock.seconds(end_at),
            route.technician_id,
            route.day,
            has_begun,
        )

    def _links(self) -> tuple[Link, ...]:
        """Those between visits that are left. What contradicts itself is passed over as a whole, or
        nothing could be planned: who made the links was told."""
        found = [link for facts in self.links if (link := solver_link(facts, self.free.keys()))]
        durations = {v.id: between_paces(v.duration, self.paces) for v in self.free.values()}
        pinned = {v.id: v.pin.technician for v in self.free.values() if v.pin is not None}
        sound: set[Link] = set()
        for group in groups_of(found):
            if not any(link_faults(group, durations, pinned)):
                sound.update(group)
        return tuple(link for link in found if link in sound)


_ENDED = (JobStatus.COMPLETED, JobStatus.CANNOT_COMPLETE, JobStatus.CANCELLED)


def groups_of(links: Iterable[Link]) -> list[list[Link]]:
    """The links, those together that hang together by a visit."""
    groups: list[tuple[set[str], list[Link]]] = []
    for link in links:
        names, mine = {*linked(link)}, [link]
        rest = []
        for theirs, group in groups:
            if theirs & names:
                names |= theirs
                mine = [*group, *mine]
            else:
                rest.append((theirs, group))
        groups = [*rest, (names, mine)]
    return [group for _, group in groups]
