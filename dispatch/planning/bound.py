"""Visits of the plan in force, each bound by where its partners are.

Whoever puts one job into the plan in force, or moves one there, leaves its partners where they are.
So each visit is narrowed to what they leave it, and then every route can be judged by itself: two
visits in force may each move, but only as far as the other could come to meet them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dispatch.models import LinkKind
from dispatch.planning.job_links import LinkFacts
from dispatch.planning.service_windows import Unattendable
from dispatch.planning.ties import Bounds, PartnerPlace, ProblemClock, for_nobody, gaps
from dispatch.planning.translation import Translation
from solver.judge.check import check
from solver.links import Person, Separation, Together, linked
from solver.pace import ITS_OWN_TIME, at_pace, between_paces
from solver.problem import Problem, Visit
from solver.rules.cost import cost
from solver.solution import Route as SolvedRoute
from solver.solution import Rule, Solution

OF_LINKS = frozenset({Rule.TOGETHER, Rule.AFTER, Rule.APART})


@dataclass(frozen=True, slots=True)
class Bound:
    """A problem of visits that are bound by their partners in the plan in force."""

    problem: Problem
    """Its links are those of crews of which nobody has a place."""
    waiting: Mapping[str, Unattendable]
    """Visits that cannot be placed by themselves, because a partner has no place yet."""
    torn: frozenset[frozenset[str]]
    """Visits of links that the plan in force does not keep."""


def bound(translation: Translation) -> Bound:
    """The translation's problem as it is for whoever leaves the plan in force as it is."""
    if not translation.problem.links:
        return Bound(translation.problem, {}, frozenset())
    return _Binding(translation).bound()


class _Binding:
    def __init__(self, translation: Translation) -> None:
        self.translation = translation
        self.problem = translation.problem
        self.visits = translation.visits
        self.pace_of = {one.technician.id: one.pace for one in translation.snapshot.technicians}
        self.released = translation.snapshot.scope.released
        self.clock = ProblemClock(translation.seconds, translation.zone)
        self.places = {
            stop.job_id: PartnerPlace(
                translation.seconds(stop.start_at),
                translation.seconds(stop.departure_at),
                live.route.technician_id,
                live.route.day,
            )
            for live in translation.snapshot.live
            for stop in live.stops
            if stop.job_id in self.visits
        }
        self.bounds: dict[str, Bounds] = {}
        self.waiting: dict[str, Unattendable] = {}
        self.torn: set[frozenset[str]] = set()

    def bound(self) -> Bound:
        there = {frozenset(linked(link)) for link in self.problem.links}
        for facts in self.translation.snapshot.links:
            names = [name for name in facts.job_ids if name in self.visits]
            if frozenset(names) in there:
                self._bind(facts, names)
        visits = tuple(map(self._as_bound, self.problem.visits))
        crews = tuple(
            link
            for link in self.problem.links
            if isinstance(link, Together) and self.places.keys().isdisjoint(link.visits)
        )
        problem = replace(self.problem, visits=visits, links=crews)
        return Bound(problem, self.waiting, frozenset(self.torn))

    def _as_bound(self, visit: Visit) -> Visit:
        found = self.bounds.get(visit.id)
        left = visit if found is None else found.of(visit)
        return for_nobody(visit, self.problem) if left is None else left

    def _of(self, name: str) -> Bounds:
        return self.bounds.setdefault(name, Bounds())

    def _lasts(self, name: str) -> tuple[int, int]:
        """Seconds that the visit takes whoever is quickest, and whoever is slowest."""
        return between_paces(self.visits[name].duration, self.problem.paces)

    def _bind(self, facts: LinkFacts, names: list[str]) -> None:
        placed = [name for name in names if name in self.places]
        if not self._holds(facts, placed):
            self.torn.add(frozenset(names))
        match facts.link.kind:
            case LinkKind.TOGETHER:
                self._bind_crew(names, placed)
            case LinkKind.AFTER:
                self._bind_in_order(facts, *names)
            case LinkKind.APART:
                self._bind_apart(facts, names, placed)

    def _bind_crew(self, names: list[str], placed: list[str]) -> None:
        """All start when the first of those does that are to stay where they are."""
        stays = [name for name in placed if name not in self.released] or placed
        if not stays:
            for name in names:
                # A better reason may be known: what one of them comes after.
                why = "None of its crew has a place yet: all get theirs at once, or none."
                self.waiting.setdefault(name, Unattendable(why, Rule.TOGETHER))
            return
        leader = self.places[stays[0]]
        is_torn = frozenset(names) in self.torn
        for name in names:
            if name == stays[0] and is_torn:
                continue
            if is_torn and name in stays:
                # It is where it is, until somebody settles it.
                continue
            bounds = self._of(name)
            bounds.earliest = max(bounds.earliest, leader.start)
            bounds.latest = min(bounds.latest, leader.start)
            bounds.forbidden |= {self.places[one].technician for one in placed if one != name}
            bounds.rule = Rule.TOGETHER

    def _bind_in_order(self, facts: LinkFacts, first: str, second: str) -> None:
        before, later = self.places.get(first), self.places.get(second)
        if before is None:
            # If that is in force all the same, it stays there.
            if later is None:
                why = f"It comes after {first}, which has no place yet."
                self.waiting[second] = Unattendable(why, Rule.AFTER)
            else:
                self._of(first).precede(facts, later, self._lasts(first))
            return
        if later is None:
            self._of(second).follow(facts, before)
        elif first in self.released and second not in self.released:
            self._of(first).precede(facts, later, self._lasts(first))
        elif second in self.released:
            self._of(second).follow(facts, before)
        elif frozenset((first, second)) not in self.torn:
            self._meet_half_way(facts, first, second)

    def _meet_half_way(self, facts: LinkFacts, first: str, second: str) -> None:
        """Whatever both do within these bounds, they keep their gap."""
        before, later = self.places[first], self.places[second]
        least, most = gaps(facts)
        slack = later.start - before.end - least
        end = before.end + slack // 2
        own = self._of(first)
        pace = self.pace_of.get(before.technician, ITS_OWN_TIME)
        lasts = at_pace(self.visits[first].duration, pace)
        own.latest = min(own.latest, end - lasts)
        other = self._of(second)
        other.earliest = max(other.earliest, end + least)
        room = before.end + most - later.start
        if room != float("inf"):
            end = before.end - int(room) // 2
            own.earliest = max(own.earliest, end - lasts)
            other.latest = min(other.latest, end + most)
        own.of_person(facts, later)
        other.of_person(facts, before)
        own.rule = other.rule = Rule.AFTER

    def _bind_apart(self, facts: LinkFacts, names: list[str], placed: list[str]) -> None:
        is_torn = frozenset(names) in self.torn
        for name in names:
            if is_torn and name in placed and name not in self.released:
                continue
            for other in placed:
                if other != name:
                    there = self.places[other]
                    self._of(name).keep_apart(facts, there, self.clock.day(there.day))

    def _holds(self, facts: LinkFacts, placed: list[str]) -> bool:
        """Whether the plan in force keeps the link, as far as it has its visits."""
        there = [self.places[name] for name in placed]
        technicians = {one.technician for one in there}
        match facts.link.kind:
            case LinkKind.TOGETHER:
                starts = {one.start for one in there}
                return len(starts) <= 1 and len(technicians) == len(there)
            case LinkKind.APART if facts.link.by is Separation.DAY:
                return len({one.day for one in there}) == len(there)
            case LinkKind.APART:
                return len(technicians) == len(there)
        if len(there) < 2:
            return True
        least, most = gaps(facts)
        first, second = there
        if not (facts.link.person or Person.ANY).allows(len(technicians) == 1):
            return False
        return least <= second.start - first.end <= most


def verify(problem: Problem, routes: Sequence[SolvedRoute], torn: Iterable[frozenset[str]]) -> None:
    """The last word before anything is published, as for every plan; what the plan in force does
    not keep of links anyway, nobody is charged with.

    Raises ``AssertionError`` if a rule is broken.
    """
    problem = _without(problem.among({stop.id for route in routes for stop in route.stops}), torn)
    violations = check(problem, Solution(tuple(routes), (), cost(problem, routes, ())))
    if violations:
        raise AssertionError("; ".join(str(violation) for violation in violations))


def keeps_links(problem: Problem, route: SolvedRoute, torn: Iterable[frozenset[str]]) -> bool:
    """Whether visits that share the route keep the links between them."""
    part = _without(problem.among({stop.id for stop in route.stops}), torn)
    return not part.links or not any(
        one.rule in OF_LINKS for one in check(part, Solution((route,), (), {}))
    )


def _without(problem: Problem, torn: Iterable[frozenset[str]]) -> Problem:
    gone = set(torn)
    links = tuple(link for link in problem.links if frozenset(linked(link)) not in gone)
    return problem if links == problem.links else replace(problem, links=links)
