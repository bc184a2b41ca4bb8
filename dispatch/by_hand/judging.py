"""What a change by hand would break and what it would cost, as the solver sees it.

Only the technicians concerned are looked at: what others take from a depot is left to them. A
change that insertion can make breaks nothing. Otherwise the least that has to be waived for it is
looked for and, where that is not enough, the visit is put there by force. The checker says what is
broken.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dispatch.by_hand.links import links_broken
from dispatch.by_hand.moves import Judged, Move, TrialResult
from dispatch.planning.broken_rules import broken
from dispatch.planning.candidates import visits_of
from dispatch.planning.live_day import LiveDay
from solver.draft.draft import Draft
from solver.draft.forced import forced, in_order
from solver.draft.part import calls_of, part_of
from solver.draft.supply import loaded
from solver.explain.least_change import Relaxation, placed, together
from solver.problem import Pin, Problem, Shift, Visit
from solver.rules.cost import RouteCost
from solver.rules.waivers import waived, waivers_for
from solver.solution import EARLIER, Route, Rule, StopKind, Violation
from solver.timing.moments import at_moment
from solver.timing.schedule import Call, Sequences
from solver.timing.timing import cheapest

TOLERANT = frozenset({Rule.TIME_WINDOWS, Rule.SHIFT})
"""A little more of these is lateness or overtime that nobody notices; a break that is missed by a
little is missed."""


def judge(live: LiveDay, move: Move, tolerance: int = 0) -> Judged:
    """Judge the move of a job that is one of the visits of ``live``, which is not changed and has
    the day of the move, and that on which the job is. What it adds to lateness and overtime counts
    if it is more than ``tolerance`` seconds."""
    there = shifts_for(live, move)
    present = shift_of(live, move.job_id)
    stays = live.day_of(move.job_id) in (None, move.day)
    to = move.technician if stays else None
    trial = Trial(live, {move.job_id: to}, [*there, *([present] if present else [])])
    outcomes = [trial.put(shift, move) for shift in there] or [trial.taken_off(move)]
    return trial.judged((move,), min(outcomes, key=lambda outcome: outcome.badness), tolerance)


def shifts_for(live: LiveDay, move: Move) -> list[Shift]:
    """Those that the job may go to: of the day's, if there is a time, the one that is meant."""
    there = [
        shift
        for shift in live.shifts
        if shift.technician == move.technician and live.translation.shifts[shift.id].day == move.day
    ]
    if move.start is not None and there:
        start = move.start
        there = [min(there, key=lambda shift: (_outside(shift, start), shift.start))]
    return there


def shift_of(live: LiveDay, job_id: str) -> Shift | None:
    """The shift on whose route in force the job is."""
    return next((shift for shift in live.shifts if job_id in visits_of(live.planned(shift))), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is ``wanted`` of a place, and looked for; broken is only what breaks what is
    ``promised``."""

    wanted: Problem
    promised: Problem


class Trial:
    """The technicians of a few shifts with all they do but some jobs, and tries to give them those.

    What is tried costs nobody else anything, and the plan in force is not changed.
    """

    def __init__(
        self, live: LiveDay, to: Mapping[str, str | None], shifts: Iterable[Shift]
    ) -> None:
        """``to``: by job, whom it is tried with (None: nobody, or on another day than it is on);
        what was waived for it with somebody else, or on another day, does not count."""
        self.live = live
        self.job_ids = tuple(to)
        technicians = {shift.technician for shift in shifts}
        self._shifts = [s for s in live.shifts if s.technician in technicians]
        self._planned = {shift.id: live.planned(shift) for shift in self._shifts}
        without = live.draft
        there = [job_id for job_id in to if live.is_placed(job_id)]
        if there:
            without = live.draft.copy()
            without.remove(there)
        rest = {
            shift.id: without.sequences[shift.id]
            if live.is_tenable(shift)
            else tuple(call for call in self._planned[shift.id] if call.id not in to)
            for shift in self._shifts
        }
        names = {name for calls in rest.values() for name in visits_of(calls)}
        self.problem = part_of(without, technicians, names | {*to})
        for job_id, technician in to.items():
            unpinned = self._unpinned(self.problem, job_id)
            self.problem = _as_demanded(unpinned, live, job_id, technician)
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
        violations = [] if move.technician is None else [does_not_work(move.technician)]
        return self._outcome(self.problem, routes, {}, violations)

    def put(self, whole: Shift, move: Move) -> TrialResult:
        """The job on that shift, with as little broken as can be."""
        outcomes = []
        for asked in self._asked(self.problem, move):
            outcomes.append(self._put(whole, move, asked))
            if not outcomes[-1].violations:
                break
        return min(outcomes, key=lambda outcome: outcome.badness)

    def _put(self, whole: Shift, move: Move, asked: Asked) -> TrialResult:
        problem, rest, on = asked.wanted, self.rest[whole.id], {move.job_id: whole}
        gap = None if move.start is None else self._gap(whole, move.start)
        outcomes = []
        if self.draft.sequences[whole.id] == rest:
            for found in placed(problem, self.rest, move.job_id, whole.id, gap):
                if comes_earlier(move, found.change):
                    continue
                routes = self.routes(found.draft, found.draft.sequences)
                outcomes.append(self._outcome(asked.promised, routes, on))
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
            visit = draft.visit(move.job_id)
            for route in forced(
                draft, visit, shift, rest, index, wished_at=move.start, full_depots=depots
            ):
                outcomes.append(self._outcome(asked.promised, [*others, route], on))
        best = min(outcomes, key=lambda outcome: outcome.badness)
        return self._retimed(asked, best)

    def judged(self, moves: tuple[Move, ...], outcome: TrialResult, tolerance: int) -> Judged:
        """What the result means for the plan in force; what the moves add to lateness and overtime
        counts if it is more than ``tolerance`` seconds."""
        after = {route.shift: route for route in outcome.routes}
        before = {route.shift: route for route in self.before}
        changed = [
            shift.id
            for shift in self._shifts
            if shift in outcome.on.values() or _times(before, shift) != _times(after, shift)
        ]
        cost: Counter[Rule] = Counter()
        for name in changed:
            for route, sign in ((before.get(name), -1), (after.get(name), 1)):
                for rule, cents in self._price.of(route) if route else ():
                    cost[rule] += sign * cents
        violations, waivers = self._to_the_end(self.problem, outcome)
        linked = links_broken(self.live, self.job_ids, outcome.routes, tolerance)
        violations += linked
        known = {**self._broken_before(), **_kinds(links_broken(self.live, self.job_ids, None, 0))}
        unnoticed = {one: tolerance if self._is_tolerant(one) else 0 for one in violations}
        existing = tuple(
            one
            for one in violations
            if _kind(one) in known and one.amount <= known[_kind(one)] + unnoticed[one]
        )
        slight = tuple(one for one in violations if one.amount <= unnoticed[one])
        new = [one for one in slight if one not in existing and one not in linked]
        return Judged(
            moves=moves,
            on=outcome.on,
            before=tuple(before[name] for name in changed if name in before),
            after=tuple(after[name] for name in changed if name in after),
            violations=violations,
            existing=existing,
            slight=slight,
            waivers=waivers,
            slight_waivers=self._waivers(self.problem, new, outcome.on) or (),
            cost={rule: cents for rule, cents in cost.items() if cents},
        )

    def _unpinned(self, problem: Problem, job_id: str) -> Problem:
        """With the job's own windows, which its pinned time stands for in plans."""
        windows = self.live.translation.unpinned.get(job_id)
        return problem if windows is None else _changed(problem, job_id, windows=windows)

    def _asked(self, problem: Problem, move: Move) -> Iterator[Asked]:
        """What the dispatcher asks for in the terms of the problem, what is tried first first."""
        start = move.start
        if start is None or move.technician is None or not (move.hold or move.no_earlier):
            yield Asked(problem, problem)
        elif move.hold:
            promised = _changed(problem, move.job_id, pin=Pin(move.technician, start))
            yield Asked(promised, promised)
        else:
            visit = problem.visit[move.job_id]
            then = at_moment(visit, start)
            windows = visit.windows
            # What was promised is not what is wanted now: it is broken.
            pin = None if visit.pin is None else replace(visit.pin, start=None)
            if any(window.start <= start <= window.end for window in windows):
                yield Asked(_changed(problem, move.job_id, windows=(then,), pin=pin), problem)
            later = tuple(
                replace(window, start=max(window.start, start))
                for window in windows
                if window.end >= start
            )
            yield Asked(_changed(problem, move.job_id, windows=later or (then,), pin=pin), problem)

    def _gap(self, shift: Shift, start: int) -> int:
        """Before which of the shift's other calls the visit goes."""
        return self._gap_in(shift, self.rest[shift.id], start)

    def _gap_in(self, shift: Shift, calls: Sequence[Call], start: int) -> int:
        whole = calls_of(self.live.draft, {shift.id: calls})[shift.id]
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
        on: Mapping[str, Shift],
        also: Iterable[Violation] = (),
    ) -> TrialResult:
        """``problem`` is the one with the promise asked for; one given before counts as well."""
        violations = [*also, *broken(problem, routes)]
        if problem is not self.problem:
            given = [v for v in broken(self.problem, routes) if v.rule is Rule.PINS]
            violations += [violation for violation in given if violation not in violations]
        return TrialResult(tuple(routes), tuple(violations), self.extra_cost(routes), on)

    def _retimed(self, asked: Asked, outcome: TrialResult) -> TrialResult:
        """The same sequences at the best times that they have once all they break is waived."""
        _, waivers = self._to_the_end(asked.promised, outcome)
        if waivers is None:
            return outcome
        draft = Draft(waived(asked.wanted, waivers))
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
        retimed = self._outcome(asked.promised, routes, outcome.on)
        return min(retimed, outcome, key=lambda one: one.badness)

    def _to_the_end(
        self, problem: Problem, outcome: TrialResult
    ) -> tuple[tuple[Violation, ...], Relaxation | None]:
        """All that is broken, and the waivers for it: of a part that a van runs out of, the checker
        tells only where it is missing first."""
        violations, left = list(outcome.violations), list(outcome.violations)
        total: Relaxation = ()
        while left:
            more = self._waivers(problem, left, outcome.on)
            if more is None:
                return tuple(violations), None
            total = together(total, more)
            still = broken(waived(problem, total), outcome.routes)
            left = [violation for violation in still if violation.rule is Rule.PARTS]
            violations += left
        return tuple(violations), total

    def _waivers(
        self, problem: Problem, violations: Iterable[Violation], on: Mapping[str, Shift]
    ) -> Relaxation | None:
        """What has to be waived for these, each for the job on whose account it is broken."""
        by_job: defaultdict[str, list[Violation]] = defaultdict(list)
        for violation in violations:
            there = [job_id for job_id, shift in on.items() if shift.id == violation.shift]
            last = (there or list(on) or self.job_ids)[-1]
            by_job[violation.stop if violation.stop in on else last].append(violation)
        total: Relaxation = ()
        for job_id, theirs in by_job.items():
            shift = on[job_id].id if job_id in on else ""
            more = waivers_for(problem, theirs, job_id, shift)
            if more is None:
                return None
            total = together(total, more)
        return total

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


def comes_earlier(move: Move, change: Relaxation) -> bool:
    """Whether the change would have the job begin earlier than it was put."""
    return move.no_earlier and any(
        waiver.visit == move.job_id and waiver.subject == EARLIER for waiver in change
    )


def does_not_work(technician: str) -> Violation:
    """What a technician without a shift on the day breaks."""
    message = "does not work then"
    return Violation(Rule.SHIFT, f"technician {technician!r}", 1, message)


def _shift(problem: Problem, name: str) -> Shift:
    return next(shift for shift in problem.shifts if shift.id == name)


def _outside(shift: Shift, moment: int) -> int:
    return max(0, shift.start - moment, moment - shift.end)
