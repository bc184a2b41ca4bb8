"""Several moves by hand at once, judged as one: what they break and cost together.

All jobs leave their places first, and go to their new ones in order of time: so two can change
places, and a whole rest of a day can be given to somebody else, without anything being in its own
way.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dispatch.by_hand.judging import (
    Asked,
    Trial,
    comes_earlier,
    does_not_work,
    shift_of,
    shifts_for,
)
from dispatch.by_hand.moves import Judged, Move, TrialResult
from dispatch.planning.broken_rules import broken
from dispatch.planning.live_day import LiveDay
from dispatch.planning.plan_rows import in_force
from solver.draft.draft import Draft
from solver.draft.forced import forced
from solver.explain.least_change import effort, placed
from solver.problem import Problem, Shift, TimeWindow, Visit
from solver.rules.cost import RouteCost
from solver.rules.waivers import waived
from solver.solution import Route, Rule, StopKind, Violation
from solver.timing.schedule import Call
from solver.travel import MAX_TIME

Calls = Mapping[str, tuple[Call, ...]]


def judge_together(live: LiveDay, moves: Sequence[Move], tolerance: int = 0) -> Judged:
    """Judge moves of jobs that are visits of ``live``, all on one day, as if they were made at the
    same moment; ``live`` is not changed. Otherwise as ``judge``."""
    ordered = sorted(moves, key=lambda move: (move.start is None, move.start or 0))
    there = {move.job_id: shifts_for(live, move) for move in ordered}
    present = [shift_of(live, move.job_id) for move in ordered]
    shifts = [shift for found in there.values() for shift in found]
    shifts += [shift for shift in present if shift is not None]
    to = {move.job_id: move.technician for move in ordered}
    trial = JointTrial(live, to, shifts)
    return trial.judged(tuple(moves), trial.put_all(ordered, there), tolerance)


def cut(live: LiveDay, job_ids: Sequence[str], moves: tuple[Move, ...]) -> Judged:
    """What becomes of the routes if visits are left out, and all else stays as it is, to the
    second."""
    solution = in_force(live.translation)
    gone = {*job_ids}
    before = [
        route
        for route in (() if solution is None else solution.routes)
        if not gone.isdisjoint(stop.id for stop in route.stops)
    ]
    after = [_without(route, gone) for route in before]
    price = RouteCost(live.problem)
    cost: Counter[Rule] = Counter()
    left = [route for route in after if any(stop.kind is StopKind.VISIT for stop in route.stops)]
    for routes, sign in ((before, -1), (left, 1)):
        for route in routes:
            for rule, cents in price.of(route):
                cost[rule] += sign * cents
    return Judged(
        moves=moves,
        on={},
        before=tuple(before),
        after=tuple(left),
        violations=(),
        existing=(),
        slight=(),
        waivers=(),
        slight_waivers=(),
        cost={rule: cents for rule, cents in cost.items() if cents},
    )


def _without(route: Route, gone: set[str]) -> Route:
    stops = (stop for stop in route.stops if stop.kind is not StopKind.VISIT or stop.id not in gone)
    return replace(route, stops=tuple(stops))


@dataclass(frozen=True, slots=True)
class _Step:
    """The calls of all shifts with one more job, and the problem in which they hold."""

    wanted: Problem
    promised: Problem
    calls: Calls
    is_forced: bool
    badness: tuple[int, ...]


class JointTrial(Trial):
    """A trial that gives the technicians all of the jobs, one after the other."""

    def put_all(self, moves: Sequence[Move], there: Mapping[str, Sequence[Shift]]) -> TrialResult:
        """Each job on one of the shifts that are ``there`` for it, with as little broken as can
        be."""
        calls: Calls = dict(self.rest)
        # What is asked for, and the same with what was set aside for those that came first.
        wanted, lenient, promised = self.problem, self.problem, self.problem
        crowded: set[str] = set()
        on: dict[str, Shift] = {}
        also: list[Violation] = []
        for move in moves:
            if move.technician is None:
                continue
            if not there[move.job_id]:
                also.append(does_not_work(move.technician))
                continue
            tried = [
                (step, shift, asked)
                for shift in there[move.job_id]
                for asked in self._asked(lenient, move)
                for step in [self._step(calls, shift, move, asked, promised, crowded)]
            ]
            step, shift, asked = min(tried, key=lambda one: one[0].badness)
            calls, lenient, promised = step.calls, step.wanted, step.promised
            wanted = _asked_as(wanted, asked.wanted, move.job_id)
            on[move.job_id] = shift
            if step.is_forced:
                crowded.add(shift.id)
        outcome = self._timed(lenient, promised, calls, on, also)
        # At the best times that it has once all that it breaks is set aside, if that is less.
        _, waivers = self._to_the_end(promised, outcome)
        if waivers:
            again = self._timed(waived(wanted, waivers), promised, calls, on, also)
            outcome = min(again, outcome, key=lambda one: one.badness)
        return outcome

    def _step(
        self,
        calls: Calls,
        whole: Shift,
        move: Move,
        asked: Asked,
        promised: Problem,
        crowded: set[str],
    ) -> _Step:
        problem = asked.wanted
        if move.hold:
            promised = _asked_as(promised, problem, move.job_id)
        gap = None if move.start is None else self._gap_among(calls[whole.id], whole, move)
        draft = Draft(problem)
        draft.take(calls)
        rest = calls[whole.id]
        if whole.id not in crowded and _ids(draft.sequences[whole.id]) == _ids(rest):
            for found in placed(problem, calls, move.job_id, whole.id, gap):
                if comes_earlier(move, found.change):
                    continue
                sequence = found.draft.sequences[whole.id]
                number, minutes = effort(found.change)
                # With the jobs that came before, it may break what the job alone would not.
                return _Step(
                    waived(problem, found.change),
                    promised,
                    {**calls, whole.id: sequence},
                    False,
                    (number, minutes),
                )
        visit = draft.visit(move.job_id)
        shift = _own(draft, whole)
        depots = self.live.problem.depots
        full = {depot.id: depot.stock for depot in depots}
        full_depots = [replace(depot, stock=full[depot.id]) for depot in draft.problem.depots]
        best: _Step | None = None
        for index in range(len(rest) + 1) if gap is None else [gap]:
            for route in forced(
                draft, visit, shift, rest, index, wished_at=move.start, full_depots=full_depots
            ):
                found_broken = broken(promised, [route])
                amount = sum(one.amount for one in found_broken)
                step = _Step(
                    problem,
                    promised,
                    {**calls, whole.id: self._calls_of(draft, route, rest, move)},
                    True,
                    (len(found_broken) or 1, amount),
                )
                if best is None or step.badness < best.badness:
                    best = step
        assert best is not None  # noqa: S101 - there is a gap, and a way into it
        return best

    def _calls_of(
        self, draft: Draft, route: Route, rest: Sequence[Call], move: Move
    ) -> tuple[Call, ...]:
        """The calls of the route; the job that was forced in keeps its time there if that is in
        none of its windows."""
        known = {call.id: call for call in rest}
        depots = {depot.id: depot for depot in draft.problem.depots}
        found: list[Call] = []
        for stop in route.stops:
            if stop.kind is StopKind.BREAK:
                continue
            if stop.kind is StopKind.DEPOT:
                found.append(depots[stop.id])
                continue
            call = known.get(stop.id) or draft.visit(stop.id)
            assert isinstance(call, Visit)  # noqa: S101 - depots are told apart above
            if stop.id == move.job_id and not any(
                window.start <= stop.start <= window.end for window in call.windows
            ):
                at_once = TimeWindow(-MAX_TIME if move.start is None else move.start, 2 * MAX_TIME)
                call = replace(call, windows=(at_once,))
            found.append(call)
        return tuple(found)

    def _gap_among(self, calls: Sequence[Call], shift: Shift, move: Move) -> int:
        """Before which of the calls the job goes: those that were put there before it start no
        later."""
        gone = {*self.job_ids}
        kept = [call for call in calls if call.id not in gone or not isinstance(call, Visit)]
        assert move.start is not None  # noqa: S101 - only then is there a gap
        later = {*_ids(kept[self._gap_in(shift, kept, move.start) :])}
        for index, call in enumerate(calls):
            if isinstance(call, Visit) and call.id in gone:
                continue
            if call.id in later:
                return index
        return len(calls)

    def _timed(
        self,
        lenient: Problem,
        promised: Problem,
        calls: Calls,
        on: Mapping[str, Shift],
        also: Iterable[Violation],
    ) -> TrialResult:
        draft = Draft(lenient)
        draft.take(calls)
        held = draft.sequences
        same = {
            name: held[name] if _ids(held[name]) == _ids(wanted) else wanted
            for name, wanted in calls.items()
        }
        return self._outcome(promised, self.routes(draft, same), on, also)


def _own(draft: Draft, whole: Shift) -> Shift:
    """The draft's own shift of that name."""
    return next(shift for shift in draft.problem.shifts if shift.id == whole.id)


def _ids(calls: Sequence[Call]) -> list[str]:
    return [call.id for call in calls]


def _asked_as(problem: Problem, other: Problem, job_id: str) -> Problem:
    """The problem with the job as the other one has it."""
    visit = other.visit[job_id]
    visits = tuple(visit if one.id == job_id else one for one in problem.visits)
    return replace(problem, visits=visits)
