"""Impossible for anyone: which rules keep everybody from a visit, even with nothing else to do."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

import numpy as np

from solver.draft.alone import Alone, TooMuch
from solver.draft.draft import Draft
from solver.problem import Shift, Visit
from solver.rules.eligibility import Truths, UnmetRule, obstacles
from solver.rules.limits import without_limits
from solver.rules.places import ends_of
from solver.solution import Reason, ReasonCode, Rule


class Impossible:
    """Finds the rules; visits that ask for the same are looked at once."""

    def __init__(self, draft: Draft, alone: Alone, over: Callable[[], bool]) -> None:
        self._draft = draft
        self._problem = draft.problem
        self._alone = alone
        self._over = over
        self._nobody: dict[Hashable, tuple[Reason, ...]] = {}
        shifts = self._problem.shifts
        self._longest = max((s.end + s.max_overtime - s.start for s in shifts), default=0)

    def nobody_may(self, visit: Visit) -> tuple[Reason, ...]:
        """No shift is eligible: why not, whatever the time."""
        asked = asks_for(visit)
        if asked not in self._nobody:
            if self._over():
                return (self._one_may_not(visit),)
            pinned = None if visit.pin is None else visit.pin.technician
            theirs = [s for s in self._problem.shifts if s.technician == pinned]
            if pinned is not None and theirs:
                self._nobody[asked] = self._pinned_may_not(visit, pinned, theirs)
            else:
                self._nobody[asked] = self._none_may(visit)
        return self._nobody[asked]

    def _one_may_not(self, visit: Visit) -> Reason:
        shift = self._problem.shifts[0]
        rule, message = obstacles(self._draft.supplies, visit, shift)[0]
        told = f"{message}, which technician {shift.technician}, for one, cannot meet"
        return Reason(ReasonCode.IMPOSSIBLE, rule, f"no technician may do it: {told}")

    def _none_may(self, visit: Visit) -> tuple[Reason, ...]:
        """The rules that keep every technician away or, if each is kept by another, all of them."""
        by_technician: dict[str, dict[Rule, str]] = {}
        for shift in self._problem.shifts:
            found = by_technician.setdefault(shift.technician, {})
            found.update(obstacles(self._draft.supplies, visit, shift))
        rules = {rule: "" for found in by_technician.values() for rule in found}
        general = [rule for rule in rules if all(rule in f for f in by_technician.values())]
        told = []
        for rule in general or rules:
            held_back = [found[rule] for found in by_technician.values() if rule in found]
            if rule in general:
                message = f"{held_back[0]}, which no technician can meet"
            else:
                number = f"{len(held_back)} of {len(by_technician)} technicians"
                message = f"{held_back[0]}, which {number} cannot meet"
            told.append(Reason(ReasonCode.IMPOSSIBLE, rule, message))
        return tuple(told)

    def _pinned_may_not(
        self, visit: Visit, technician: str, shifts: Sequence[Shift]
    ) -> tuple[Reason, ...]:
        """What keeps it from the technician to whom it is pinned, and so from everybody."""
        found: dict[UnmetRule, None] = {}
        for shift in shifts:
            found.update(dict.fromkeys(obstacles(self._draft.supplies, visit, shift)))
        if any(rule is Rule.PINS for rule, _ in found):
            message = "is pinned to a time outside its windows, which no technician can meet"
            return (Reason(ReasonCode.IMPOSSIBLE, Rule.PINS, message),)
        what = "; ".join(message for _, message in found)
        pinned = f"is pinned to technician {technician}, who cannot meet what it asks for ({what})"
        return (
            Reason(ReasonCode.IMPOSSIBLE, Rule.PINS, pinned),
            *(
                Reason(
                    ReasonCode.IMPOSSIBLE,
                    rule,
                    f"{message}, which technician {technician}, to whom it is pinned, cannot meet",
                )
                for rule, message in found
            ),
        )

    def nobody_can(self, visit: Visit) -> tuple[Reason, ...]:
        """Technicians may do it, but time does not allow it, not even on an empty day."""
        if (no_way := self._no_way(visit)) is not None:
            return (no_way,)
        may = self._draft.may(visit)
        if visit.pin is not None and visit.pin.start is not None and self._off_work(visit):
            message = f"is pinned to a time at which technician {visit.pin.technician} is off work"
            return (Reason(ReasonCode.IMPOSSIBLE, Rule.PINS, f"{message}; no one can be there"),)
        of_hours = self._alone.in_time(replace(visit, windows=()))
        in_time = self._alone.in_time(visit)
        found = {Rule.SHIFT: int((may & ~of_hours).sum())}
        pinned = visit.pin is not None and visit.pin.start is not None
        found[Rule.PINS if pinned else Rule.TIME_WINDOWS] = int((may & of_hours & ~in_time).sum())
        for shift in self._in(may & in_time):
            if self._over():
                break
            rule = self._obstacle(visit, shift)
            found[rule] = found.get(rule, 0) + 1
        if not any(found.values()):
            found = {Rule.SHIFT: int(may.sum())}
        able = int(may.sum())
        return tuple(
            Reason(
                ReasonCode.IMPOSSIBLE, rule, f"{_TIME_MESSAGES[rule]} ({_of_able(number, able)})"
            )
            for rule, number in found.items()
            if number
        )

    def _obstacle(self, visit: Visit, shift: Shift) -> Rule:
        """What the shift has no time for, where visit and ways alone would do."""
        if shift.limits and self._does(visit, without_limits(shift)):
            return Rule.LIMITS
        bare = replace(visit, parts={}, tools=frozenset[str]())
        if self._does(bare, shift):
            with_tools = replace(visit, parts={})
            return Rule.PARTS if self._does(with_tools, shift) else Rule.TOOLS
        if self._does(bare, replace(shift, breaks=())):
            return Rule.BREAKS
        if self._does(replace(bare, windows=()), shift):
            pinned = visit.pin is not None and visit.pin.start is not None
            return Rule.PINS if pinned else Rule.TIME_WINDOWS
        return Rule.SHIFT

    def _does(self, visit: Visit, shift: Shift) -> bool:
        try:
            return self._alone.way(visit, shift) is not None
        except TooMuch:
            return False

    def _in(self, columns: Truths) -> list[Shift]:
        return [self._problem.shifts[column] for column in np.flatnonzero(columns)]

    def _off_work(self, visit: Visit) -> bool:
        assert visit.pin is not None and visit.pin.start is not None  # noqa: S101, PT018
        at = visit.pin.start
        return not any(
            shift.start <= at <= shift.end + shift.max_overtime
            for shift in self._draft.eligible[visit.id]
        )

    def _no_way(self, visit: Visit) -> Reason | None:
        """If no way leads to its place, or none from there, that is not longer than every shift."""
        here, travel = visit.location, self._problem.travel_time
        elsewhere = {visit.location for visit in self._problem.visits}
        elsewhere |= {depot.location for depot in self._problem.depots}
        elsewhere.discard(here)
        for direction, legs, ends in (
            ("to", travel[:, here], {ends_of(shift)[0] for shift in self._problem.shifts}),
            ("back from", travel[here], {ends_of(shift)[1] for shift in self._problem.shifts}),
        ):
            if int(legs[sorted(elsewhere | ends)].min()) > self._longest:
                message = f"no way leads {direction} its place that is not longer than every shift"
                return Reason(ReasonCode.IMPOSSIBLE, Rule.TRAVEL, message)
        return None


def asks_for(visit: Visit) -> tuple[Hashable, ...]:
    """Visits for which this is the same may be done by the same technicians, time left aside."""
    return (
        visit.windows,
        frozenset(visit.skills.items()),
        frozenset(visit.parts.items()),
        visit.tools,
        visit.allowed,
        visit.forbidden,
        visit.territory,
        visit.pin,
    )


def _of_able(number: int, able: int) -> str:
    """On how many of the shifts whose technicians are able."""
    if able == 1:
        return "on the only shift that could otherwise do it"
    return f"{number} of {able} shifts that could otherwise do it"


_TIME_MESSAGES = {
    Rule.TIME_WINDOWS: "no one can be there inside its time windows",
    Rule.PINS: "no one can be there at the pinned time",
    Rule.BREAKS: "it leaves no time for the break",
    Rule.SHIFT: "travel and service do not fit into the shift",
    Rule.LIMITS: "it takes more than the shift allows (duration, visits, travel or distance)",
    Rule.PARTS: "the parts cannot be fetched from a depot in time",
    Rule.TOOLS: "the tools cannot be fetched from a depot in time",
}
