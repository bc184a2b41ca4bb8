"""Why linked visits are unassigned: a crew is explained as one, a chain in its order.

``impossible`` is a proof here too: nobody could do one of the crew, or no moment has as many
technicians who could start then, or no two moments keep the gap. What is not proved is not found.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.draft.alone import Alone
from solver.draft.crews import Crews
from solver.draft.draft import Draft
from solver.draft.tied import tied
from solver.explain.reasons import explained, impossible
from solver.links import After, Person, Together
from solver.problem import Visit
from solver.solution import Reason, ReasonCode, Rule, Solution, Unassigned


def with_reasons(
    draft: Draft, plan: Solution, over: Callable[[], bool] = lambda: False
) -> Solution:
    """The plan, with reasons for every visit that it leaves out; the draft is one of the whole
    problem, and may hold something else afterwards."""
    if not plan.unassigned:
        return plan
    problem, crews = draft.problem, Crews(draft)
    left_out = {left.id for left in plan.unassigned}
    linked = [visit.id for visit in problem.visits if visit.id in left_out & crews.bonds.of.keys()]
    if problem.links:
        draft = Draft(tied(problem, plan.routes))
    draft.adopt(plan.routes)
    alone = [visit for visit in draft.visits if visit.id in left_out]
    found = {one.id: one for one in explained(draft, alone, over)}
    if linked:
        together = _Linked(crews, linked, over)
        found |= {name: Unassigned(name, together.reasons(name)) for name in linked}
    order = [visit.id for visit in problem.visits if visit.id in found]
    return replace(plan, unassigned=tuple(found[name] for name in order))


@dataclass(frozen=True, slots=True)
class _Chance:
    """A technician who may do a visit, from when to when it could start at most, and how many
    seconds it takes then."""

    technician: str
    earliest: int
    latest: int
    lasts: int


class _Linked:
    """Reasons for the linked visits that a plan leaves out."""

    def __init__(self, crews: Crews, left_out: Sequence[str], over: Callable[[], bool]) -> None:
        self._problem = crews.problem
        self._bonds = crews.bonds
        self._left_out = set(left_out)
        self._draft = crews.draft
        self._alone = Alone(self._problem, over)
        visits = [self._draft.visit(name) for name in left_out]
        self._never: Mapping[str, tuple[Reason, ...]] = impossible(self._draft, visits, over)
        self._units = {name: unit for unit in self._bonds.units() for name in unit}
        self._chances_of: dict[str, list[_Chance]] = {}
        self._known: dict[str, tuple[Reason, ...]] = {}

    def reasons(self, name: str) -> tuple[Reason, ...]:
        if name not in self._known:
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> tuple[Reason, ...]:
        if name in self._never:
            return self._never[name]
        for reason in (
            *self._by_the_crew(name),
            *self._by_the_first(name),
            *self._by_gaps(name),
        ):
            return (reason,)
        return (self._not_found(name),)

    def _by_the_crew(self, name: str) -> Iterator[Reason]:
        for other in self._units[name]:
            if other in self._never:
                reason = self._never[other][0]
                message = f"{other} of its crew cannot be done by anybody: {reason.message}"
                yield Reason(ReasonCode.IMPOSSIBLE, Rule.TOGETHER, message)
        for link in self._bonds.of[name]:
            if not isinstance(link, Together):
                continue
            chances = [self._chances(visit) for visit in link.visits]
            number = len(chances)
            who = [{chance.technician for chance in those} for those in chances]
            if not _all_matched(who):
                message = (
                    f"its crew needs {number} technicians, each able to do another part of it;"
                    f" those who can do any are {_listed(set().union(*who))}"
                )
                yield Reason(ReasonCode.IMPOSSIBLE, Rule.TOGETHER, message)
            elif not any(
                _all_matched([_free_at(at, those) for those in chances])
                for at in sorted({chance.earliest for those in chances for chance in those})
            ):
                message = f"no {number} technicians who can do its crew's parts could start at once"
                yield Reason(ReasonCode.IMPOSSIBLE, Rule.TOGETHER, message)

    def _by_the_first(self, name: str) -> Iterator[Reason]:
        unit = self._units[name]
        for member in unit:
            for link in self._bonds.of[member]:
                first = link.first if isinstance(link, After) and link.second == member else None
                if first is None or first in unit or first not in self._left_out:
                    continue
                code = self.reasons(first)[0].code
                what = "cannot be" if code is ReasonCode.IMPOSSIBLE else "is not"
                whose = "it comes" if member == name else f"{member} of its crew comes"
                message = f"{whose} after {first}, which {what} done"
                yield Reason(code, Rule.AFTER, message)

    def _by_gaps(self, name: str) -> Iterator[Reason]:
        for member in self._units[name]:
            for link in self._bonds.of[member]:
                if isinstance(link, After) and not self._can_keep(link):
                    whom = {
                        Person.SAME: "the same technician",
                        Person.DIFFERENT: "two technicians",
                        Person.ANY: "anybody",
                    }[link.person]
                    message = (
                        f"{link.second} cannot be done by {whom} in the time that is set after"
                        f" {link.first}"
                    )
                    yield Reason(ReasonCode.IMPOSSIBLE, Rule.AFTER, message)

    def _can_keep(self, link: After) -> bool:
        for one in self._chances(link.first):
            for other in self._chances(link.second):
                same = one.technician == other.technician
                if not link.person.allows(same):
                    continue
                longest = other.latest - one.earliest - one.lasts
                shortest = other.earliest - one.latest - one.lasts
                if longest >= link.least and (link.most is None or shortest <= link.most):
                    return True
        return False

    def _chances(self, name: str) -> list[_Chance]:
        """Who might do the visit with nothing else to do, and when: never less than is true."""
        if name not in self._chances_of:
            self._chances_of[name] = list(self._looked_up(self._draft.visit(name)))
        return self._chances_of[name]

    def _looked_up(self, visit: Visit) -> Iterator[_Chance]:
        there, back = self._alone.ways(visit)
        # By way of other visits it may be shorter; the last leg is at least the shortest there is.
        travel = self._problem.travel_time
        places = {other.location for other in self._problem.visits} - {visit.location}
        places |= {depot.location for depot in self._problem.depots}
        if places:
            here = sorted(places)
            there = np.minimum(there, travel[here, visit.location].min())
            back = np.minimum(back, travel[visit.location, here].min())
        for column in np.flatnonzero(self._draft.may(visit)):
            shift = self._problem.shifts[column]
            earliest = shift.start + int(there[column])
            lasts = shift.service(visit)
            latest = shift.end + shift.max_overtime - lasts - int(back[column])
            bounds = [(w.start, w.end) for w in visit.windows] or [(earliest, latest)]
            for start, end in bounds:
                if max(start, earliest) <= min(end, latest):
                    yield _Chance(shift.technician, max(start, earliest), min(end, latest), lasts)

    def _not_found(self, name: str) -> Reason:
        unit = self._units[name]
        what = f"its crew ({_listed(unit)}) as a whole" if len(unit) > 1 else "it"
        names = {chance.technician for chance in self._chances(name)}
        message = (
            f"no room was found for {what} that keeps its links, beside the other work of those"
            f" who may do it ({_listed(names)}); not every way was tried"
        )
        return Reason(ReasonCode.NOT_FOUND, None, message)


def _free_at(moment: int, chances: Iterable[_Chance]) -> set[str]:
    return {one.technician for one in chances if one.earliest <= moment <= one.latest}


def _all_matched(who: Sequence[set[str]]) -> bool:
    """Whether each can have a technician for itself (augmenting paths)."""
    holds: dict[str, int] = {}

    def placed(number: int, seen: set[str]) -> bool:
        for technician in sorted(who[number] - seen):
            seen.add(technician)
            if technician not in holds or placed(holds[technician], seen):
                holds[technician] = number
                return True
        return False

    return all(placed(number, set()) for number in range(len(who)))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
