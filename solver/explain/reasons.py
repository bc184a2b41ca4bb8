"""Why a visit is unassigned: impossible for anyone, lost to other work, or not found.

``impossible`` is a proof: no shift could take the visit even if its technician had nothing else to
do (``solver/draft/alone.py``) and might pass by the places of all other visits
(``solver/draft/detours.py``), or no rule lets anybody. ``outbid`` says what it lost to: of the
ways to let it in that were looked at, the one that costs least has to leave out work that weighs as
much or more. ``not_found`` admits that not all was looked at.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from solver.draft.alone import TooMuch
from solver.draft.closing import (
    ATTEMPTS_TO_MAKE_WAY,
    MOST_ATTEMPTS,
    MOST_SHIFTS_TRIED,
    Patience,
    Way,
    Ways,
)
from solver.draft.detours import Detours
from solver.draft.draft import Draft
from solver.explain.impossible import Impossible, asks_for
from solver.problem import Shift, Visit
from solver.rules.lending import counted_by_all
from solver.solution import Reason, ReasonCode, Rule, Unassigned
from solver.timing.slack import has_time
from solver.wording import counted

MOST_NAMED = 4
"""So many visits, or technicians, are named in a reason."""

MOST_EMPTY_SHIFTS = 500
"""On so many shifts a visit is looked at as if nothing else was there."""

NOBODY_WORKS = Reason(ReasonCode.IMPOSSIBLE, Rule.SHIFT, "nobody works in the planned time")


def reasons(draft: Draft, visit: Visit) -> tuple[Reason, ...]:
    """At least one reason, fit for a dispatcher, why the draft's plan leaves the visit out."""
    (left,) = explained(draft, (visit,))
    return left.reasons


def explained(
    draft: Draft, left_out: Iterable[Visit], over: Callable[[], bool] = lambda: False
) -> tuple[Unassigned, ...]:
    """These visits with their reasons.

    First what can be seen for all shifts at once, for all visits, then more closely what is in the
    way of each, the dearest first, until it is ``over`` or much has been tried.
    """
    visits = list(left_out)
    prices = draft.problem.prices
    found = _Reasons(draft, over)
    for visit in visits:
        found.look(visit)
    for visit in sorted(visits, key=lambda visit: -prices[visit.id]):
        found.look_closely(visit)
    return tuple(Unassigned(visit.id, found.of(visit)) for visit in visits)


def impossible(
    draft: Draft, visits: Iterable[Visit], over: Callable[[], bool] = lambda: False
) -> dict[str, tuple[Reason, ...]]:
    """The reasons of those of these visits that nobody could ever do, by visit."""
    found = _Reasons(draft, over)
    never = {}
    for visit in visits:
        found.look(visit)
        reasons_ = found.of(visit)
        if all(reason.code is ReasonCode.IMPOSSIBLE for reason in reasons_):
            never[visit.id] = reasons_
    return never


@dataclass(frozen=True, slots=True)
class _Instead:
    """A way to let a visit in on a shift, and what those who would leave weigh together."""

    cents: int
    shift: Shift
    way: Way


@dataclass(slots=True)
class _VisitCase:
    """What is known about a visit, and about all that are like it: the reasons so far; whether they
    could be told more closely; who could do it with nothing else to do, one of whom surely can."""

    reasons: tuple[Reason, ...]
    is_open: bool = False
    able: Sequence[Shift] = ()
    surely: Shift | None = None


class _Reasons:
    """The reasons of one plan, found together: visits that are alike have the same."""

    def __init__(self, draft: Draft, over: Callable[[], bool]) -> None:
        self._draft = draft
        self._problem = draft.problem
        self._over = over
        self._patience = Patience(MOST_ATTEMPTS, over)
        self._ways = Ways(draft, self._patience)
        self._detours = Detours(draft.problem, over)
        self._cases: dict[Hashable, _VisitCase] = {}
        self._impossible = Impossible(draft, self._ways.alone, over)

    def of(self, visit: Visit) -> tuple[Reason, ...]:
        return self._cases[_alike(visit)].reasons

    def look(self, visit: Visit) -> None:
        """Find reasons without trying anything out, if visits like it have none yet."""
        alike = _alike(visit)
        if alike not in self._cases:
            self._cases[alike] = self._case(visit)

    def look_closely(self, visit: Visit) -> None:
        """Find out what is in its way, if there is patience for that."""
        case = self._cases[_alike(visit)]
        if not case.is_open or self._patience.is_over:
            return
        case.is_open = False
        reason = self._lost(visit, case)
        if reason is not None:
            case.reasons = (reason,)

    def _case(self, visit: Visit) -> _VisitCase:
        if not self._problem.shifts:
            return _VisitCase((NOBODY_WORKS,))
        if not self._draft.eligible[visit.id]:
            # As it was asked for: the draft's visit has its pinned time in place of its windows.
            return _VisitCase(self._impossible.nobody_may(self._problem.visit[visit.id]))
        if self._over():
            return _VisitCase((_not_found(self._draft.eligible[visit.id], "may"),))
        able = self._ways.able(visit)
        surely = self._possible(visit, able)
        if surely is None:
            return _VisitCase((_not_found(able, "may"),))
        if not surely:
            may = self._draft.eligible[visit.id]
            if self._detours.might(visit, may):
                return _VisitCase((_not_found(may, "may"),))
            return _VisitCase(self._impossible.nobody_can(visit))
        case = _VisitCase((_not_found(able, "could"),), True, able, surely[0])
        if next(self._ways.roomy(visit), None) is None:
            as_dear = self._ways.as_dear(surely[0], self._price(visit))
            case.reasons = (self._outbid(visit, able, as_dear, "such as "),)
        return case

    def _possible(self, visit: Visit, able: Sequence[Shift]) -> list[Shift] | None:
        """A shift that could do it with nothing else to do, if there is one; None if that is not
        known."""
        known = True
        for tried, shift in enumerate(able):
            if tried == MOST_EMPTY_SHIFTS or self._over():
                return None
            try:
                if self._ways.alone.way(visit, shift) is not None:
                    return [shift]
            except TooMuch:
                known = False
        return [] if known else None

    def _lost(self, visit: Visit, case: _VisitCase) -> Reason | None:
        """What is in the way of a visit that somebody could do on an empty day; None if nothing
        was found out."""
        price = self._price(visit)
        if (room := self._room(visit)) is not None:
            return room
        roomy = list(islice(self._ways.roomy(visit), MOST_SHIFTS_TRIED + 1))
        tried = roomy[:MOST_SHIFTS_TRIED]
        found = [one for shift in tried if (one := self._instead(visit, shift))]
        if not found and case.surely is not None:
            found = [one for one in (self._instead(visit, case.surely),) if one]
        best = min(found, key=lambda one: one.cents, default=None)
        if best is None or self._patience.is_over:
            return None
        out = best.way.out
        if best.cents >= price:
            if len(tried) < len(roomy):
                return self._not_all_tried(best, len(tried))
            return self._outbid(visit, case.able, out, shift=best.shift)
        if best.way.draft.cents() < self._draft.cents():
            what = (
                f"instead of less important work ({_listed([one.id for one in out])})"
                if out
                else "if other work is put elsewhere"
            )
            message = (
                f"technician {best.shift.technician} could do it {what}; plan again to place it"
            )
            return Reason(ReasonCode.NOT_FOUND, None, message)
        return _too_dear(best.shift)

    def _room(self, visit: Visit) -> Reason | None:
        """Of a visit that has a place although it is left out."""
        shifts = self._draft.shifts_with_time(visit)
        trial = self._draft.copy()
        placed = self._ways.place(trial, visit, shifts)
        if not placed and not self._ways.place_on_free_days(trial, visit):
            return None
        shift = next(
            own
            for own in self._problem.shifts
            if any(call.id == visit.id for call in trial.sequences[own.id])
        )
        if trial.cents() >= self._draft.cents():
            return _too_dear(shift)
        message = f"technician {shift.technician} has room for it; plan again to place it"
        return Reason(ReasonCode.NOT_FOUND, None, message)

    def _instead(self, visit: Visit, shift: Shift) -> _Instead | None:
        if not self._patience.spend(ATTEMPTS_TO_MAKE_WAY):
            return None
        way = self._ways.instead(self._draft, visit, shift)
        if way is None:
            return None
        return _Instead(sum(self._price(one) for one in way.out), shift, way)

    def _price(self, visit: Visit) -> int:
        return self._problem.prices[visit.id]

    def _not_all_tried(self, best: _Instead, tried: int) -> Reason:
        names = _listed([one.id for one in best.way.out])
        message = (
            f"no room was found for it; on {counted(tried, 'shift')} it was tried in the place of"
            " others,"
            f" which would cost more, such as {names} of technician {best.shift.technician};"
            " there are more that were not tried"
        )
        return Reason(ReasonCode.NOT_FOUND, None, message)

    def _outbid(
        self,
        visit: Visit,
        able: Sequence[Shift],
        out: Sequence[Visit],
        such_as: str = "",
        shift: Shift | None = None,
    ) -> Reason:
        """Lost to those who are ``out``, or would have to be, on the shift that they weigh least
        on; without one, to work ``such as`` this."""
        price = self._price(visit)
        who = _listed(sorted({one.technician for one in able}))
        if (clash := _clash(visit, out)) is not None:
            return clash
        as_dear = [one.id for one in out if self._price(one) >= price]
        names = f" ({such_as}{_listed(as_dear)})" if as_dear else ""
        rule = Rule.TIME_WINDOWS if visit.windows else Rule.SHIFT
        if out and not as_dear and shift is not None:
            together = sum(map(self._price, out))
            weigh = "outweigh it" if together > price else "matter as much"
            message = (
                f"it would take the place of {_listed([one.id for one in out])} of technician"
                f" {shift.technician}, which matter less, but {weigh} together"
            )
            return Reason(ReasonCode.OUTBID, rule, message)
        wanted = {
            part
            for part, number in visit.parts.items()
            if number and any(one.parts.get(part) for one in out)
        }
        draft = self._draft
        rule_of_supply = Rule.PARTS if wanted else Rule.TOOLS
        lacking = visit.tools.difference(*(one.tools for one in able))
        few = counted_by_all(draft.problem.depots, lacking)
        wanted |= {tool for tool in few if any(tool in one.tools for one in out)}
        if wanted and any(
            has_time(one, draft.sequences[one.id], visit, draft.slack_of(one), draft.legs)
            for one in able
        ):
            scarce = ", ".join(sorted(wanted))
            message = f"what it needs ({scarce}) goes to work that matters as much or more{names}"
            return Reason(ReasonCode.OUTBID, rule_of_supply, f"{message}; able: {who}")
        message = "everyone who could do it is busy then with work that matters as much or more"
        return Reason(ReasonCode.OUTBID, rule, f"{message}{names}: {who}")


def _not_found(shifts: Iterable[Shift], may: str) -> Reason:
    names = sorted({shift.technician for shift in shifts})
    message = (
        f"no room was found for it beside the other work of those who {may} do it"
        f" ({_listed(names)}); not every way was tried"
    )
    return Reason(ReasonCode.NOT_FOUND, None, message)


def _clash(visit: Visit, out: Sequence[Visit]) -> Reason | None:
    """If it cannot be kept together with others that are pinned to the same technician."""
    if visit.pin is None:
        return None
    technician = visit.pin.technician
    others = [one.id for one in out if one.pin is not None and one.pin.technician == technician]
    if not others:
        return None
    message = (
        f"it is pinned to technician {technician}, as is {_listed(others)}, and there is no time"
        " for both; move or unpin one of them"
    )
    return Reason(ReasonCode.OUTBID, Rule.PINS, message)


def _too_dear(shift: Shift) -> Reason:
    message = (
        f"technician {shift.technician} could do it, but that would cost more than to leave it"
    )
    return Reason(ReasonCode.OUTBID, None, message)


def _alike(visit: Visit) -> tuple[Hashable, ...]:
    """Visits for which this is the same have the same reasons."""
    return (
        visit.location,
        (visit.duration, visit.work_type),
        asks_for(visit),
        visit.priority,
        (visit.due, visit.previous, visit.preferred),
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMED + 1:  # the last one takes no more room than "and 1 other"
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} others"
