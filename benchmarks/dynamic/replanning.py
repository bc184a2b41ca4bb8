"""Planning anew while technicians are on the road.

What has begun is no part of the problem any more. Who is on the road gets a shift that starts
where and when he is free, with what is left in his van; a visit without work, at that place and
moment, keeps him there: from it on his time costs, whatever he does. Requests that were accepted
weigh more than all that are new, so that none of them is given up for a new one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.dynamic.tours import Tour
from solver.draft.draft import Draft
from solver.objective import Objective
from solver.problem import Depot, Problem, Shift, TimeWindow, Visit
from solver.solution import Route, Solution, Stop, StopKind
from solver.solve import Limit, solve
from solver.start import start_from
from solver.timing.schedule import Call, Sequences

FORESEEN, NEW, ACCEPTED = 0, 1, 2
FACTORS = (1, 200, 40_000)
"""A request weighs more than all of lower priority."""

FIRST_LOOK = 0.35
"""Share of the time for a plan."""

PLENTY = 1_000_000
"""As many of a part as a depot gives."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a plan may take: seconds (None: no limit) and iterations, and the searches' seed."""

    seconds: float | None
    iterations: int | None = None
    seed: int = 1
    cores: int = 1

    def times(self, factor: float) -> "Effort":
        return replace(
            self,
            seconds=None if self.seconds is None else factor * self.seconds,
            iterations=None if self.iterations is None else max(1, round(factor * self.iterations)),
        )

    @property
    def limit(self) -> Limit:
        return Limit(seconds=self.seconds, iterations=self.iterations)


def replanned(
    problem: Problem,
    tours: Mapping[str, Tour],
    sequences: Sequences,
    *,
    accepted: Iterable[Visit],
    new: Iterable[Visit],
    foreseen: Iterable[Visit] = (),
    now: int,
    effort: Effort,
) -> dict[str, tuple[Call, ...]]:
    """What everybody does next, by shift, with all that was accepted and of the new what can be.

    ``sequences`` is the plan so far, in which everything accepted is; for ``foreseen`` requests,
    which may still come in, room is kept where there is some. If the engine finds no place for
    something accepted, that plan goes on.
    """
    out = [tour for tour in tours.values() if tour.back is None]
    started = [tour for tour in out if tour.leave is not None]
    visits = [
        *(replace(visit, priority=ACCEPTED) for visit in accepted),
        *(replace(visit, priority=NEW) for visit in new),
    ]
    foreseen = [replace(visit, priority=FORESEEN) for visit in foreseen]
    parts = {part for visit in (*visits, *foreseen) for part in visit.parts}
    rest = replace(
        problem,
        visits=(
            *visits,
            *foreseen,
            *(_presence(tour, now) for tour in started),
        ),
        shifts=tuple(_rest_of_shift(problem, tour, now, parts) for tour in out),
        objective=Objective(unassigned=FACTORS, working_time=1),
    )
    if not rest.visits:
        return {shift.id: () for shift in rest.shifts}
    start = start_from(rest, _as_solution(out, sequences, now)).plan
    found = _solved(rest, start, effort)
    if _left_out(rest, found, ACCEPTED):
        return {shift.id: tuple(sequences.get(shift.id, ())) for shift in rest.shifts}
    calls: dict[str, Call] = {depot.id: depot for depot in problem.depots}
    calls.update((visit.id, problem.visit[visit.id]) for visit in visits)
    draft = Draft(rest)
    draft.adopt(found.routes)
    others = rest.visit.keys() - calls.keys()
    return {
        shift.id: tuple(calls[call.id] for call in draft.without(shift, others))
        for shift in rest.shifts
    }


def _solved(rest: Problem, start: Solution, effort: Effort) -> Solution:
    """A plan from this one. Where a first look finds no place for a new request, a second one
    begins anew, with other dice, before it is rejected."""
    first = _once(rest, start, effort.times(FIRST_LOOK))
    again = start if _left_out(rest, first, NEW) else first
    second = _once(rest, again, replace(effort.times(1 - FIRST_LOOK), seed=effort.seed + 1))
    return min(first, second, key=lambda plan: plan.objective)


def _once(rest: Problem, start: Solution, effort: Effort) -> Solution:
    return solve(rest, effort.limit, seed=effort.seed, cores=effort.cores, start=start)


def _left_out(rest: Problem, plan: Solution, priority: int) -> list[str]:
    names = [left.id for left in plan.unassigned]
    return [name for name in names if rest.visit[name].priority == priority]


def _rest_of_shift(problem: Problem, tour: Tour, now: int, parts: Iterable[str]) -> Shift:
    """From when the technician is free; after a depot call he has everything of these parts."""
    shift = replace(tour.shift, start=tour.free(now), start_location=tour.location)
    if tour.was_at_depot:
        lent = frozenset[str]().union(*(depot.tools for depot in problem.depots))
        return replace(shift, stock=dict.fromkeys(parts, PLENTY), tools=shift.tools | lent)
    left = dict(shift.stock)
    for stop in tour.stops:
        if isinstance(stop.call, Visit):
            for part, number in stop.call.parts.items():
                left[part] = left.get(part, 0) - number
    return replace(shift, stock=left)


def _presence(tour: Tour, now: int) -> Visit:
    """A visit that keeps the technician where he is, and his time running, from when he is free."""
    free = tour.free(now)
    return Visit(
        id=_presence_id(tour),
        location=tour.location,
        windows=(TimeWindow(free, free),),
        priority=ACCEPTED,
        allowed=frozenset({tour.shift.technician}),
    )


def _presence_id(tour: Tour) -> str:
    return f"on the road: {tour.shift.id}"


def _as_solution(out: Sequence[Tour], sequences: Sequences, now: int) -> Solution:
    """The plan so far as one of the rest; only the order of its stops matters."""
    routes = []
    for tour in out:
        ids: list[tuple[StopKind, str]] = []
        if tour.leave is not None:
            ids.append((StopKind.VISIT, _presence_id(tour)))
        for call in sequences.get(tour.shift.id, ()):
            kind = StopKind.DEPOT if isinstance(call, Depot) else StopKind.VISIT
            ids.append((kind, call.id))
        stops = tuple(Stop(kind, name, now, now, now) for kind, name in ids)
        routes.append(Route(tour.shift.id, tour.shift.technician, now, now, stops))
    return Solution(tuple(routes), (), {})
