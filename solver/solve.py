"""Solve a problem: open with a complete plan, improve it, close it, explain what is left out."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from solver.draft.closing import MOST_ATTEMPTS, Patience, close
from solver.draft.crews import ATTEMPTS_FOR_A_CREW, Crews
from solver.draft.draft import Draft
from solver.draft.insertion import fill, make_room
from solver.explain.linked import with_reasons
from solver.judge.check import check
from solver.ortools.acceptance import accepts
from solver.ortools.routing import RoutingModel
from solver.problem import Problem
from solver.rules.cost import cost
from solver.rules.places import on_places
from solver.search.searches import Searches
from solver.solution import Route, Solution, Stop, StopKind, Unassigned

ENGINES = ("kernel", "routing")
"""``kernel``: the compiled search (``solver/search/searches.py``), one on each core. ``routing``:
OR-Tools' routing model searches alone, by guided local search, on one core."""

ROUNDS = 3
SHARE_OF_A_ROUND = 0.6
"""Of the time left; what is still left out then gets another chance before the next round."""

SHARE_TO_CLOSE = 0.08
"""Of the time given, kept for OR-Tools to come to an end before all that follows."""
SECONDS_TO_JUDGE = 0.05
SECONDS_TO_JUDGE_A_VISIT = 0.0008
"""So long it takes to time a plan, to check it, and to have the routing model accept it."""
SECONDS_TO_CHECK_A_VISIT = 0.00013
MOST_TO_CHECK = 0.5
"""So long of that take times and checker alone, which leave out nothing: so much is kept anyway,
up to this share of the time given."""
SECONDS_TO_EXPLAIN = 0.1
SECONDS_TO_EXPLAIN_A_VISIT = 0.002
"""So long it may take to place, or else to explain, what the opening had left out."""
MOST_TO_CLOSE = 0.2
"""All that together takes no more than this share of the time given: the rest is shortened."""
SHARE_TO_PLACE = 0.4
"""Of the time to explain, for placing."""


@dataclass(frozen=True, slots=True)
class Limit:
    """When to stop: after ``seconds`` of wall-clock time, or after ``iterations`` of the search.

    With ``iterations`` alone the same problem, seed and number of cores give the same solution. An
    iteration of the kernel takes out and puts back some ten visits (and each core does as many
    iterations), one of the routing engine is a candidate plan that its local search looks at: some
    ten thousands or a hundred thousand a second.
    """

    seconds: float | None = None
    iterations: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is None and self.iterations is None:
            raise ValueError("give a limit in seconds, in iterations or both")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the search stands: seconds since its start, best cost in cents, visits assigned, and
    iterations so far (of the kernel, on all cores)."""

    seconds: float
    objective: int
    assigned: int
    iterations: int = 0


class EngineFault(RuntimeError):  # noqa: N818 - a fault of ours, not of the input
    """The engine made a plan that breaks a rule; it is never handed out."""


def solve(
    problem: Problem,
    limit: Limit,
    *,
    seed: int = 0,
    cores: int = 1,
    start: Solution | None = None,
    engine: str = ENGINES[0],
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Solution:
    """The best plan found within the limit, verified; every visit left out has its reasons.

    ``start`` is a plan to improve: the answer costs no more than it, if it is still valid.
    ``cancelled`` is asked often; once true, the best plan so far is the answer. Raises
    ``ValueError`` for an unknown engine.
    """
    if engine not in ENGINES:
        raise ValueError(f"unknown engine {engine!r}; known are {', '.join(ENGINES)}")
    asked, problem = problem, on_places(problem)
    solving = _Solving(problem, limit, progress, cancelled, quick_to_close=engine == "kernel")
    crews = Crews(Draft(problem))
    if start is not None:
        crews.adopt(start.routes)
    if engine == "kernel":
        best = _by_kernel(solving, crews, seed, cores)
    else:
        best = _by_routing_model(solving, crews, seed)
    if start is not None and best.objective >= start.objective:
        # Its reasons may be of another problem, or not be there yet.
        kept = with_reasons(crews.draft, start, solving.explained)
        if not check(asked, kept):
            return kept
    solution = with_reasons(crews.draft, best, solving.explained)
    violations = check(asked, solution)
    if violations:
        raise EngineFault("\n".join(f"{v.rule}: {v.where}: {v.message}" for v in violations))
    if not accepts(asked, solution.routes, solving.judged):
        raise EngineFault("the routing model refuses the plan")
    return solution


def _by_kernel(solving: "_Solving", crews: Crews, seed: int, cores: int) -> Solution:
    """Open with the kernel's own insertion, let it search, and place what it leaves out."""
    draft = crews.draft
    searches = Searches(solving.problem, seed=seed, cores=cores)
    searches.open(draft.sequences)

    def watch() -> bool:
        solving.report(searches.cents, searches.assigned, searches.iterations)
        return solving.cancelled()

    watch()
    solving.left_out = len(solving.problem.visits) - searches.assigned
    searches.run(seconds=solving.left(), iterations=solving.limit.iterations, watch=watch)
    if not draft.take(searches.sequences()):
        raise EngineFault("stops that the search has placed cannot be kept")
    crews.settle(searches.moments() if solving.problem.links else None)
    crews.improve(Patience(MOST_ATTEMPTS, solving.placed))
    return _closed(solving, crews, solving.better(None, crews.routes()))


def _by_routing_model(solving: "_Solving", crews: Crews, seed: int) -> Solution:
    """Open with regret insertion, then rounds of OR-Tools' local search."""
    _fill(solving, crews)
    best = solving.better(None, crews.routes())
    solving.left_out = len(best.unassigned)
    for number in range(ROUNDS):
        if solving.over() or solving.too_late_for_a_round() or not best.routes:
            break
        best = _search_on(solving, crews, best, seed, number)
    return _closed(solving, crews, best)


def _closed(solving: "_Solving", crews: Crews, best: Solution) -> Solution:
    """The plan with what it leaves out placed, as far as that pays. Taken over anew, depots share
    out differently what they have, and there may be more to place."""
    while best.unassigned and not solving.placed():
        crews.adopt(best.routes)
        patience = Patience(MOST_ATTEMPTS, solving.placed)
        crews.place_all(patience)
        _one_by_one(crews, lambda draft: close(draft, solving.placed))
        found = solving.better(best, crews.routes())
        for group in crews.waiting():
            if patience.is_over:
                break
            crews.adopt(found.routes)
            if crews.place_instead(group, patience):
                crews.place_all(patience)
                _one_by_one(crews, lambda draft: close(draft, solving.placed))
                found = solving.better(found, crews.routes())
        if found is best:
            break
        best = found
    return best


def _one_by_one(crews: Crews, place: Callable[[Draft], None]) -> None:
    """Place what is not linked, next to what is."""
    if not crews.bonds.of:
        place(crews.draft)
        return
    draft = Draft(crews.tied())
    draft.adopt(crews.draft.routes())
    place(draft)
    crews.adopt(draft.routes())


class _Solving:
    """Limits and progress of one call of ``solve``."""

    def __init__(
        self,
        problem: Problem,
        limit: Limit,
        progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool] | None,
        quick_to_close: bool,
    ) -> None:
        self.problem = problem
        self.limit = limit
        self._quick_to_close = quick_to_close
        self._progress = progress
        self._cancelled = cancelled
        self._since = time.monotonic()
        self._lowest: int | None = None
        self._iterations = 0
        self._model_seconds = 0.0
        self.left_out = 0
        """Visits that the opening did not place."""

    def cancelled(self) -> bool:
        return self._cancelled is not None and self._cancelled()

    def left(self) -> float | None:
        """Seconds left; None without a limit."""
        if self.limit.seconds is None:
            return None
        closing = sum(self._closing)
        if not self._quick_to_close:
            closing += self.limit.seconds * SHARE_TO_CLOSE
        return max(0.0, self._since + self.limit.seconds - closing - time.monotonic())

    @property
    def _closing(self) -> tuple[float, float]:
        """Seconds of the limit that are kept to explain what is left out, and to judge the plan."""
        if self.limit.seconds is None:
            return 0.0, 0.0
        judge = SECONDS_TO_JUDGE + SECONDS_TO_JUDGE_A_VISIT * len(self.problem.visits)
        explain = 0.0
        if self.left_out:
            explain = SECONDS_TO_EXPLAIN + SECONDS_TO_EXPLAIN_A_VISIT * self.left_out
        share = min(1.0, MOST_TO_CLOSE * self.limit.seconds / (explain + judge))
        check = SECONDS_TO_CHECK_A_VISIT * len(self.problem.visits)
        least = min(check, MOST_TO_CHECK * self.limit.seconds)
        return share * explain, max(share * judge, least)

    def _is_past(self, before_end: float) -> bool:
        """Whether there is no more time left than so many seconds, or it was cancelled."""
        if self.cancelled():
            return True
        if self.limit.seconds is None:
            return False
        return self._since + self.limit.seconds - time.monotonic() <= before_end

    def placed(self) -> bool:
        """Whether there is no more time to place what is left out."""
        explain, judge = self._closing
        return self._is_past(judge + (1 - SHARE_TO_PLACE) * explain)

    def explained(self) -> bool:
        """Whether there is no more time for reasons."""
        return self._is_past(self._closing[1])

    def judged(self) -> bool:
        """Whether all time is over."""
        return self._is_past(0.0)

    def half_over(self) -> bool:
        """Whether half of the time for the search is over."""
        left = self.left()
        if self.cancelled() or left is None or self.limit.seconds is None:
            return self.cancelled()
        return 2 * left <= self.limit.seconds

    def over(self) -> bool:
        return self.cancelled() or self.left() == 0.0

    def timed(self, build: Callable[[], RoutingModel]) -> RoutingModel:
        """Build a model and remember how long that took."""
        since = time.monotonic()
        model = build()
        self._model_seconds = time.monotonic() - since
        return model

    def too_late_for_a_round(self) -> bool:
        """Whether building another model would leave hardly any time to use it."""
        left = self.left()
        return left is not None and left < 2 * self._model_seconds

    def better(self, best: Solution | None, routes: tuple[Route, ...]) -> Solution:
        """The cheaper of the best plan and these routes; reasons are given at the end."""
        served = {s.id for r in routes for s in r.stops if s.kind is StopKind.VISIT}
        left_out = [visit.id for visit in self.problem.visits if visit.id not in served]
        found = Solution(
            routes,
            tuple(Unassigned(name, ()) for name in left_out),
            cost(self.problem, routes, left_out),
        )
        if best is not None and best.objective <= found.objective:
            return best
        self.report(found.objective, len(served))
        return found

    def report(self, objective: int, assigned: int, iterations: int = 0) -> None:
        """Tell of a plan, if it is the cheapest so far."""
        if self._lowest is not None and objective >= self._lowest:
            return
        self._lowest = objective
        self._iterations = max(self._iterations, iterations)
        if self._progress is not None:
            seconds = time.monotonic() - self._since
            self._progress(Progress(seconds, objective, assigned, self._iterations))


def _search_on(solving: _Solving, crews: Crews, best: Solution, seed: int, number: int) -> Solution:
    """One round: local search from the best plan, then what is left out gets another chance."""
    draft = crews.draft
    last = number == ROUNDS - 1
    model = solving.timed(lambda: RoutingModel(solving.problem, draft.sequences))
    left, iterations = solving.left(), solving.limit.iterations
    answer = model.improve(
        draft.sequences,
        seconds=left if left is None or last else left * SHARE_OF_A_ROUND,
        neighbours=None if iterations is None else -(-iterations // ROUNDS),
        seed=seed + number,
        on_solution=solving.report,
        cancelled=solving.cancelled,
    )
    if answer is not None:
        draft.adopt(answer.routes)
        # The draft may find no supply for some of it: which depot gives what is not searched.
        whole = all(
            len(draft.sequences[route.shift]) == len(_without_breaks(route))
            for route in answer.routes
        )
        if not whole:
            crews.settle()
        best = solving.better(best, draft.supplied(answer.routes) if whole else crews.routes())
    crews.adopt(best.routes)
    _fill(solving, crews)
    return solving.better(best, crews.routes())


def _without_breaks(route: Route) -> list[Stop]:
    return [stop for stop in route.stops if stop.kind is not StopKind.BREAK]


def _patience(solving: _Solving, crews: Crews) -> Patience:
    """To try each crew once, in half of the time."""
    return Patience(ATTEMPTS_FOR_A_CREW * len(crews.bonds.of), solving.half_over)


def _fill(solving: _Solving, crews: Crews) -> None:
    """Place what is left out, in others' places if need be, dearest first."""
    crews.place_all(_patience(solving, crews))
    _one_by_one(crews, lambda draft: _fill_in(solving, draft))


def _fill_in(solving: _Solving, draft: Draft) -> None:
    fill(draft, draft.unassigned(), solving.over)
    prices = solving.problem.prices
    for visit in sorted(draft.unassigned(), key=lambda visit: -prices[visit.id]):
        if solving.over():
            return
        make_room(draft, visit)
