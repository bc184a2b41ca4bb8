"""Relations between visits that cross routes: crews, order, and keeping apart.

A link is about times and persons only; who is able to make each visit, and when, is said by the
visit itself. Links never change what a visit needs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations, pairwise

from solver.faults import Fault
from solver.travel import MAX_TIME


class Person(StrEnum):
    """Who makes the later of two visits, as seen from the earlier one."""

    SAME = "same"
    DIFFERENT = "different"
    ANY = "any"

    def allows(self, is_same: bool) -> bool:
        """Whether both may have one technician (``is_same``), or two."""
        return self is Person.ANY or is_same is (self is Person.SAME)


class Separation(StrEnum):
    """What two visits must not share."""

    TECHNICIAN = "technician"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Together:
    """A crew: the visits start at the same moment, each with another technician, all or none."""

    visits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class After:
    """``second`` starts at least ``least`` and, if given, at most ``most`` seconds after ``first``
    ends; either may be negative. ``second`` is never served without ``first``."""

    first: str
    second: str
    least: int = 0
    most: int | None = None
    person: Person = Person.ANY


@dataclass(frozen=True, slots=True)
class Apart:
    """The visits are not made by the same technician, or not by shifts of the same day: the
    problem's epoch is a midnight, and a shift belongs to the day in which it starts."""

    visits: tuple[str, ...]
    by: Separation = Separation.TECHNICIAN


Link = Together | After | Apart

SECONDS_A_DAY = 86_400


def calendar_day(moment: int) -> int:
    """The day of a moment, counted from the problem's epoch, which is a midnight; a shift belongs
    to the day of its start."""
    return moment // SECONDS_A_DAY


Durations = Mapping[str, tuple[int, int]]
"""Seconds of service by visit: of whoever is quickest, and of whoever is slowest."""


def link_faults(
    links: Iterable[Link], durations: Durations, pinned: Mapping[str, str]
) -> Iterator[Fault]:
    """Links that name what is not there, or contradict themselves, each other or a pin.

    ``durations`` has every visit there is, ``pinned`` the technician of those that have one.
    Contradictions are only looked for where every link is sound by itself.
    """
    links = tuple(links)
    own = [fault for i, link in enumerate(links) for fault in _own_faults(i, link, durations)]
    yield from own
    crews = Counter(v for link in links if isinstance(link, Together) for v in set(link.visits))
    for visit, number in crews.items():
        if number > 1:
            cause = f"visit {visit!r} is in {number} crews"
            yield Fault("two_crews", "links", cause, "make one crew of them, or take it out of one")
    if not own:
        yield from _person_faults(links, pinned)
        yield from _time_faults(links, durations)


def linked(link: Link) -> tuple[str, ...]:
    """The visits of a link."""
    return (link.first, link.second) if isinstance(link, After) else link.visits


def _own_faults(number: int, link: Link, durations: Durations) -> Iterator[Fault]:
    where = f"link {number + 1}"
    for visit, times in Counter(linked(link)).items():
        if visit not in durations:
            cause = f"there is no visit {visit!r}"
            yield Fault("unknown_visit", where, cause, "correct the id or drop the link")
        if times > 1:
            cause = f"visit {visit!r} is in it {times} times"
            yield Fault("repeated_visit", where, cause, "name each visit once")
    if len(linked(link)) < 2:
        yield Fault("too_few_visits", where, "it has fewer than two visits", "add some or drop it")
    if isinstance(link, After):
        if link.most is not None and link.most < link.least:
            cause = f"at least {link.least} s are more than at most {link.most} s"
            yield Fault("least_above_most", where, cause, "swap them")
        if any(abs(gap) > MAX_TIME for gap in (link.least, link.most or 0)):
            yield Fault("too_large", where, "a gap is beyond 2^40 seconds", "check the unit")


def _person_faults(links: Sequence[Link], pinned: Mapping[str, str]) -> Iterator[Fault]:
    """Where one technician would have to be two, or two one."""
    groups: dict[str, str] = {}

    def group(visit: str) -> str:
        while (above := groups.get(visit, visit)) != visit:
            visit = above
        return visit

    for link in links:
        if isinstance(link, After) and link.person is Person.SAME:
            groups[group(link.second)] = group(link.first)
    technicians: dict[str, dict[str, str]] = {}
    for visit, technician in pinned.items():
        technicians.setdefault(group(visit), {}).setdefault(technician, visit)
    for theirs in technicians.values():
        if len(theirs) > 1:
            some = " and ".join(f"{v!r} to {t!r}" for t, v in theirs.items())
            cause = f"one technician has to do all, but visits are pinned: {some}"
            yield Fault("contradicting_pins", "links", cause, "drop a pin or the link")
    for number, link in enumerate(links):
        for one, other in combinations(_by_others(link), 2):
            where, here, there = f"link {number + 1}", group(one), group(other)
            both = technicians.get(here, {}).keys() & technicians.get(there, {}).keys()
            if here == there:
                cause = f"visits {one!r} and {other!r} want two technicians, and by links one"
                yield Fault("contradicting_persons", where, cause, "drop one of the links")
            elif both:
                cause = f"visits {one!r} and {other!r} want two technicians; both are pinned to "
                yield Fault("contradicting_pins", where, cause + repr(min(both)), "drop a pin")


def _by_others(link: Link) -> tuple[str, ...]:
    """The visits of a link that are made by as many technicians."""
    if isinstance(link, After):
        return linked(link) if link.person is Person.DIFFERENT else ()
    apart_in_time = isinstance(link, Apart) and link.by is Separation.DAY
    return () if apart_in_time else link.visits


def _time_faults(links: Iterable[Link], durations: Durations) -> Iterator[Fault]:
    """Gaps that go round in a circle and come to more than nothing (Bellman and Ford)."""
    lags = [
        replace(lag, seconds=_at_least(lag, durations)) for link in links for lag in lags_of(link)
    ]
    behind: dict[str, Lag] = {}
    starts = dict.fromkeys(durations, 0)
    pushed = ""
    for _ in range(len({lag.later for lag in lags}) + 1):
        pushed = ""
        for lag in lags:
            if starts[lag.earlier] + lag.seconds > starts[lag.later]:
                starts[lag.later] = starts[lag.earlier] + lag.seconds
                behind[lag.later], pushed = lag, lag.later
        if not pushed:
            return
    for _ in behind:
        pushed = behind[pushed].earlier
    circle = [pushed]
    while (before := behind[circle[-1]].earlier) != pushed:
        circle.append(before)
    names = ", ".join(repr(visit) for visit in reversed(circle))
    cause = f"no times keep all gaps between {names}"
    yield Fault("contradicting_gaps", "links", cause, "drop one of the links or widen a gap")


def _at_least(lag: "Lag", durations: Durations) -> int:
    """Seconds from start to start, whoever makes the visits."""
    if lag.served is None:
        return lag.seconds
    shortest, longest = durations[lag.served]
    return lag.from_start(shortest if lag.served == lag.earlier else longest)


@dataclass(frozen=True, slots=True)
class Lag:
    """``later`` starts at least ``seconds`` (which may be negative) after ``earlier`` starts; of
    the one that is ``served``, if any, it is the end that counts."""

    earlier: str
    later: str
    seconds: int
    served: str | None = None

    def from_start(self, service: int) -> int:
        """Seconds from start to start, if the one that is served takes so long."""
        if self.served is None:
            return self.seconds
        return self.seconds + (service if self.served == self.earlier else -service)


def lags_of(link: Link) -> Iterator[Lag]:
    """What a link says of times."""
    match link:
        case Together():
            for one, other in pairwise(link.visits):
                yield Lag(one, other, 0)
                yield Lag(other, one, 0)
        case After():
            yield Lag(link.first, link.second, link.least, link.first)
            if link.most is not None:
                yield Lag(link.second, link.first, -link.most, link.first)


class Bonds:
    """Who depends on whom by links: a crew is served as one, the second never without the first."""

    def __init__(self, links: Iterable[Link]) -> None:
        self.links = tuple(links)
        self.of: dict[str, list[Link]] = {}
        """The links of each linked visit."""
        self._next: dict[str, set[str]] = {}
        for link in self.links:
            for visit in linked(link):
                self.of.setdefault(visit, []).append(link)
                self._next.setdefault(visit, set())
            match link:
                case Together():
                    for visit in link.visits:
                        self._next[visit] |= set(link.visits)
                case After():
                    self._next[link.first].add(link.second)
        self.leaving = {visit: self._reached(visit) for visit in self.of}
        """All that leave the plan with each linked visit, itself included."""

    def _reached(self, visit: str) -> frozenset[str]:
        found, new = {visit}, [visit]
        while new:
            beyond = self._next[new.pop()] - found
            found |= beyond
            new += beyond
        return frozenset(found)

    def units(self) -> list[tuple[str, ...]]:
        """All linked visits in units that are served as a whole or not at all, none before those
        that it depends on."""
        seen: set[str] = set()
        found: list[tuple[str, ...]] = []
        for visit in self.of:
            if visit not in seen:
                unit = tuple(v for v in self.of if v in self._mutual(visit))
                seen.update(unit)
                found.append(unit)
        needed = {visit: sum(visit in them for them in self.leaving.values()) for visit in self.of}
        return sorted(found, key=lambda unit: needed[unit[0]])

    def _mutual(self, visit: str) -> set[str]:
        return {other for other in self.leaving[visit] if visit in self.leaving[other]}

    def is_timed(self, visit: str) -> bool:
        """Whether anything is said of when the visit starts, beside other visits."""
        return any(not isinstance(link, Apart) for link in self.of.get(visit, ()))
