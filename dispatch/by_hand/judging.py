"""What a change by hand would break and what it would cost, as the solver sees it.

Only the technicians concerned are looked at: what others take from a depot is left to them. A
change that insertion can make breaks nothing. Otherwise the least that has to be waived for it is
looked for and, where that is not enough, the visit is put there by force. The checker says what is
broken.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from dispatch.by_hand.links import links_broken
from dispatch.planning.candidates import visits_of
from dispatch.planning.live_day import LiveDay
from solver.draft.draft import Draft
from solver.draft.forced import forced, in_order
from solver.draft.part import calls_of, part_of
from solver.draft.supply import loaded
from solver.explain.least_change import Relaxation, placed, together
from solver.judge.check import check
from solver.problem import Pin, Problem, Shift, Visit
from solver.rules.cost import RouteCost
from solver.rules.waivers import waived, waivers_for
from solver.solution import Route, Rule, Solution, StopKind, Violation
from solver.timing.schedule import Call, Sequences
from solver.timing.timing import cheapest

TOLERANT = frozenset({Rule.TIME_WINDOWS, Rule.SHIFT})
"""A little more of these is lateness or overtime that nobody notices; a break that is missed by a
little is missed."""
NOT_OF_ROUTES = frozenset({Rule.COST, Rule.EVERY_VISIT_ONCE})


@dataclass(frozen=True, slots=True)
class Move:
    """A job put on one of a technician's shifts of a day, or (None) taken off the plan."""

    job_id: str
    technician: str | None
    day: date
    """The local day on which the shift begins."""
    start: int | None = None
    """Seconds: the visit goes before what starts later. None: where it breaks and costs least."""
    hold: bool = False
    """The visit is to start exactly then."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A move as it would be carried out. Routes are what is still to come of them."""

    move: Move
    shift: Shift | None
    """The one that the job goes to; None if it is taken off, or the technician does not work."""
    before: tuple[Route, ...]
    """The routes that change as they are, and as they would be; none without stops."""
    after: tuple[Route, ...]
    violations: tuple[Violation, ...]
    """What would be broken, also what is broken already."""
    existing: tuple[Violation, ...]
    """Those of them that the move makes no worse, or not noticeably."""
    slight: tuple[Violation, ...]
    """Those of them that are too small to be noticed."""
    waivers: Relaxation | None
    """What has to be waived for it; None if no waiver helps."""
    slight_waivers: Relaxation
    """What is waived if it is possible: that which is slight and was not broken before."""
    cost: Mapping[Rule, int]
    """Cents that these routes cost more, by soft rule."""

    @property
    def is_possible(self) -> bool:
        """Whether it breaks nothing, or nothing that it could be charged with."""
        return all(one in self.existing or one in self.slight for one in self.violations)


@dataclass(frozen=True, slots=True)
class TrialResult:
    """A try: the routes of all technicians concerned, and what they break."""

    routes: tuple[Route, ...]
    violations: tuple[Violation, ...]
    cents: int
    """What they cost more than those in force."""
    shift: Shift | None = None
    """The one that the job was put on; None if on none."""

    @property
    def badness(self) -> tuple[int, int, int]:
        """What the better one of two tries has less of: broken rules, their amounts, cents."""
        amounts = sum(violation.amount for violation in self.violations)
        return len(self.violations), amounts, self.cents


def judge(live: LiveDay, move: Move, tolerance: int = 0) -> Judged:
    """Judge the move of a job that is one of the visits of ``live``, which is not changed and has
    the day of the move, and that on which the job is. What it adds to lateness and overtime counts
    if it is more than ``tolerance`` seconds."""
    there = [
        shift
        for shift in live.shifts
        if shift.technician == move.technician and live.translation.shifts[shift.id].day == move.day
    ]
    if move.start is not None and there:
        start = move.start
        there = [min(there, key=lambda shift: (_outside(shift, start), shift.start))]
    present = shift_of(live, move.job_id)
    stays = live.day_of(move.job_id) in (None, move.day)
    to = move.technician if stays else None
    trial = Trial(live, move.job_id, [*there, *([present] if present else [])], to)
    outcomes = [trial.put(shift, move) for shift in there] or [trial.taken_off(move)]
    return trial.judged(move, min(outcomes, key=lambda outcome: outcome.badness), tolerance)


def shift_of(live: LiveDay, job_id: str) -> Shift | None:
    """The shift on whose route in force the job is."""
    return next((shift for shift in live.shifts if job_id in visits_of(live.planned(shift))), None)


class Trial:
    """The technicians of a few shifts with all they do but one job, and tries to give it to them.

    What is tried costs nobody else anything, and the plan in force is not changed.
    """

    def __init__(
        self, live: LiveDay, job_id: str, shifts: Iterable[Shift], to: str | None = None
    ) -> None:
        """``to``: whom the job is tried with (None: nobody, or on another day than it is on); what
        was waived for it with somebody else, or on another day, does not count."""
        self.live = live
        self.job_id = job_id
        technicians = {shift.technician for shift in shifts}
        self._shifts = [s for s in live.shifts if s.technician in technicians]
        self._planned = {shift.id: live.planned(shift) for shift in self._shifts}
        without = live.draft
        if live.is_placed(job_id):
            without = live.draft.copy()
            without.remove([job_id])
        rest = {
            shift.id: without.sequences[shift.id]
            if live.is_tenable(shift)
            else tuple(call for call in self._planned[shift.id] if call.id != job_id)
            for shift in self._shifts
        }
        names = {name for calls in rest.values() for name in visits_of(calls)}
        part = part_of(without, technicians, names | {job_id})
        self.problem = _as_demanded(self._unpinned(part), live, job_id, to)
        self.draft = Draft(self.problem)
        self.rest = calls_of(self.draft, rest)
        self.draft.take(self.rest)
        self._price = RouteCost(live.problem)
        self.before = tuple(
            self._in_time(live.draft, shift, self._planned[shift.id])
            for shift in self._shifts
            if self._planned[shift.id]
        )
        self._cents_before = self._cents(self.before)

    def taken_off(self, move: Move) -> TrialResult:
        """The job on no route at all."""
        routes = self.routes(self.draft, self.rest)
        violations = [] if move.technician is None else [_does_not_work(move.technician)]
        return self._outcome(self.problem, routes, None, violations)

    def put(self, whole: Shift, move: Move) -> TrialResult:
        """The job on that shift, with as little broken as can be."""
        problem = self._asked(move)
        rest = self.rest[whole.id]
        gap = None if move.start is None else self._gap(whole, move.start)
        outcomes = []
        if self.draft.sequences[whole.id] == rest:
            for found in placed(problem, self.rest, self.job_id, whole.id, gap):
                routes = self.routes(found.draft, found.draft.sequences)
                outcomes.append(self._outcome(problem, routes, whole))
                if len(outcomes[-1].violations) <= 1:
                    return outcomes[-1]
        draft = Draft(problem)
        draft.take(self.rest)
        shift = _shift(draft.problem, whole.id)
        others = [r for r in self.routes(draft, self.rest) if r.shift != shift.id]
        full = {depot.id: depot.stock for depot in self.live.problem.depots}
        depots = [replace(depot, stock=full[depot.id]) for depot in draft.problem.depots]
        gaps = range(len(rest) + 1) if gap is None else [gap]
        for index in gaps:
            visit = draft.visit(self.job_id)
            for route in forced(
                draft, visit, shift, rest, index, wished_at=move.start, full_depots=depots
            ):
                outcomes.append(self._outcome(problem, [*others, route], whole))
        best = min(outcomes, key=lambda outcome: outcome.badness)
        return self._retimed(problem, best)

    def judged(self, move: Move, outcome: TrialResult, tolerance: int) -> Judged:
        """What the result means for the plan in force; what the move adds to lateness and overtime
        counts if it is more than ``tolerance`` seconds."""
        after = {route.shift: route for route in outcome.routes}
        before = {route.shift: route for route in self.before}
        changed = [
            shift.id
            for shift in self._shifts
            if shift is outcome.shift or _times(before, shift) != _times(after, shift)
        ]
        cost: Counter[Rule] = Counter()
        for name in changed:
            for route, sign in ((before.get(name), -1), (after.get(name), 1)):
                for rule, cents in self._price.of(route) if route else ():
                    cost[rule] += sign * cents
        violations, waivers = self._to_the_end(self.problem, outcome)
        linked = links_broken(self.live, self.job_id, outcome.routes, tolerance)
        violations += linked
        known = {**self._broken_before(), **_kinds(links_broken(self.live, self.job_id, None, 0))}
        unnoticed = {one: tolerance if self._is_tolerant(one) else 0 for one in violations}
        existing = tuple(
            one
            for one in violations
            if _kind(one) in known and one.amount <= known[_kind(one)] + unnoticed[one]
        )
        slight = tuple(one for one in violations if one.amount <= unnoticed[one])
        on = "" if outcome.shift is None else outcome.shift.id
        new = [one for one in slight if one not in existing and one not in linked]
        return Judged(
            move=move,
            shift=outcome.shift,
            before=tuple(before[name] for name in changed if name in before),
            after=tuple(after[name] for name in changed if name in after),
            violations=violations,
            existing=existing,
            slight=slight,
            waivers=waivers,
            slight_waivers=waivers_for(self.problem, new, self.job_id, on) or (),
            cost={rule: cents for rule, cents in cost.items() if cents},
        )

    def _unpinned(self, problem: Problem) -> Problem:
        """With the job's own windows, which its pinned time stands for in plans."""
        windows = self.live.translation.unpinned.get(self.job_id)
        return problem if windows is None else _changed(problem, self.job_id, windows=windows)

    def _asked(self, move: Move) -> Problem:
        """The problem with the promise that the dispatcher would give."""
        if not move.hold or move.technician is None:
            return self.problem
        return _changed(self.problem, self.job_id, pin=Pin(move.technician, move.start))

    def _gap(self, shift: Shift, start: int) -> int:
        """Before which of the shift's other calls the visit goes."""
        whole = calls_of(self.live.draft, {shift.id: self.rest[shift.id]})[shift.id]
        route = self._in_time(self.live.draft, shift, whole)
        places = [stop for stop in route.stops if stop.kind is not StopKind.BREAK]
        for index, (call, stop) in enumerate(zip(whole, places, strict=True)):
            previous = call.previous if isinstance(call, Visit) else None
            if (stop.start if previous is None else previous.start) > start:
                return index
        return len(whole)

    def extra_cost(self, routes: Iterable[Route]) -> int:
        """Cents that these routes of all the technicians cost more than those in force."""
        return self._cents(routes) - self._cents_before

    def routes(self, draft: Draft, sequences: Sequences) -> list[Route]:
        """The sequences in time, supplied as far as can be."""
        routes = []
        for shift in draft.problem.shifts:
            if sequences[shift.id]:
                route = self._in_time(draft, shift, sequences[shift.id])
                pickups = draft.loads(shift, sequences[shift.id], lenient=True)
                routes.append(loaded(route, pickups or []))
        return routes

    def _in_time(self, draft: Draft, shift: Shift, sequence: Sequence[Call]) -> Route:
        """The sequence as it is timed in plans or, if it cannot be kept, as it comes."""
        route = cheapest(draft.problem, shift, sequence, draft.legs)
        return in_order(shift, sequence, draft.legs) if route is None else route

    def _outcome(
        self,
        problem: Problem,
        routes: Sequence[Route],
        shift: Shift | None,
        also: Iterable[Violation] = (),
    ) -> TrialResult:
        """``problem`` is the one with the promise asked for; one given before counts as well."""
        violations = [*also, *broken(problem, routes)]
        if problem is not self.problem:
            given = [v for v in broken(self.problem, routes) if v.rule is Rule.PINS]
            violations += [violation for violation in given if violation not in violations]
        return TrialResult(tuple(routes), tuple(violations), self.extra_cost(routes), shift)

    def _retimed(self, problem: Problem, outcome: TrialResult) -> TrialResult:
        """The same sequences at the best times that they have once all they break is waived."""
        _, waivers = self._to_the_end(problem, outcome)
        if waivers is None:
            return outcome
        draft = Draft(waived(problem, waivers))
        wanted = {route.shift: _names(route) for route in outcome.routes}
        depots = {depot.id: depot for depot in draft.problem.depots}
        draft.take(
            {
                shift: [
                    draft.visit(name) if kind is StopKind.VISIT else depots[name]
                    for kind, name in names
                ]
                for shift, names in wanted.items()
            }
        )
        routes = self.routes(draft, draft.sequences)
        if {route.shift: _names(route) for route in routes} != wanted:
            return outcome
        retimed = self._outcome(problem, routes, outcome.shift)
        return min(retimed, outcome, key=lambda one: one.badness)

    def _to_the_end(
        self, problem: Problem, outcome: TrialResult
    ) -> tuple[tuple[Violation, ...], Relaxation | None]:
        """All that is broken, and the waivers for it: of a part that a van runs out of, the checker
        tells only where it is missing first."""
        on = "" if outcome.shift is None else outcome.shift.id
        violations, left = list(outcome.violations), list(outcome.violations)
        total: Relaxation = ()
        while left:
            more = waivers_for(problem, left, self.job_id, on)
            if more is None:
                return tuple(violations), None
            total = together(total, more)
            still = broken(waived(problem, total), outcome.routes)
            left = [violation for violation in still if violation.rule is Rule.PARTS]
            violations += left
        return tuple(violations), total

    def _is_tolerant(self, violation: Violation) -> bool:
        """Whether a little of it goes unnoticed, and can be waived."""
        if violation.rule is Rule.SHIFT:
            return violation.shift != ""
        return violation.rule in TOLERANT and violation.stop in self.problem.visit

    def _broken_before(self) -> Mapping[tuple[object, ...], int]:
        """By how much the routes in force break what, of each kind."""
        if all(self.live.is_tenable(shift) for shift in self._shifts):
            return {}
        draft = self.live.draft
        routes = [
            loaded(route, draft.loads(shift, self._planned[shift.id], lenient=True) or [])
            for shift in self._shifts
            for route in self.before
            if route.shift == shift.id
        ]
        return _kinds(broken(self.problem, routes))

    def _cents(self, routes: Iterable[Route]) -> int:
        return sum(cents for route in routes for _, cents in self._price.of(route))


def _as_demanded(problem: Problem, live: LiveDay, job_id: str, technician: str | None) -> Problem:
    """The problem without what was waived for the job, unless it stays with the same technician."""
    found = live.translation.unwaived.get(job_id)
    if found is None or technician == found.technician:
        return problem
    visits = tuple(
        replace(found.visit, location=visit.location) if visit.id == job_id else visit
        for visit in problem.visits
    )
    shifts = tuple(
        replace(
            shift,
            max_overtime=found.shifts[shift.id].max_overtime,
            breaks=found.shifts[shift.id].breaks,
        )
        for shift in problem.shifts
    )
    return replace(problem, visits=visits, shifts=shifts)


def broken(problem: Problem, routes: Iterable[Route]) -> list[Violation]:
    """The hard rules that the routes break, whatever is on none of them."""
    found = check(problem, Solution(tuple(routes), (), {}))
    return [violation for violation in found if violation.rule not in NOT_OF_ROUTES]


def _changed(problem: Problem, name: str, **changes: Any) -> Problem:
    visits = tuple(
        replace(visit, **changes) if visit.id == name else visit for visit in problem.visits
    )
    return replace(problem, visits=visits)


def _kinds(violations: Iterable[Violation]) -> dict[tuple[object, ...], int]:
    return {_kind(found): found.amount for found in violations}


def _kind(violation: Violation) -> tuple[object, ...]:
    return violation.rule, violation.shift, violation.stop, violation.subjects


def _names(route: Route) -> list[tuple[StopKind, str]]:
    return [(stop.kind, stop.id) for stop in route.stops if stop.kind is not StopKind.BREAK]


def _times(routes: Mapping[str, Route], shift: Shift) -> object:
    route = routes.get(shift.id)
    return route and (
        route.start,
        route.end,
        [(stop.kind, stop.id, stop.start) for stop in route.stops],
    )


def _does_not_work(technician: str) -> Violation:
    message = "does not work then"
    return Violation(Rule.SHIFT, f"technician {technician!r}", 1, message)


def _shift(problem: Problem, name: str) -> Shift:
    return next(shift for shift in problem.shifts if shift.id == name)


def _outside(shift: Shift, moment: int) -> int:
    return max(0, shift.start - moment, moment - shift.end)
