"""Solve a problem: open with a complete plan, improve it, close it, explain what is left out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from solver.acceptance import accepts
from solver.check import check
from solver.cost import cost
from solver.insertion import Draft
from solver.problem import Problem
from solver.reasons import reasons
from solver.routing import RoutingModel
from solver.search import Searches
from solver.solution import Route, Solution, Stop, StopKind, Unassigned
from solver.supply import one_depot_has_all

ENGINES = ("kernel", "routing")
"""``kernel``: the compiled search of ``solver/search.py``, one on each core. ``routing``: OR-Tools'
routing model searches alone, by guided local search, on one core."""

ROUNDS = 3
SHARE_OF_A_ROUND = 0.6
"""Of the time left; what is still left out then gets another chance before the next round."""

SHARE_TO_CLOSE = 0.08
"""Of the time given, kept for OR-Tools to come to an end, for reasons and for the checker."""
SECONDS_TO_CLOSE = 0.05
SECONDS_TO_CLOSE_A_VISIT = 0.001
"""The kernel stops at once; so long take the routing model, reasons and the checker."""


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
    search = _Search(problem, limit, progress, cancelled, quick_to_close=engine == "kernel")
    draft = Draft(problem)
    if start is not None:
        draft.adopt(start.routes)
    if engine == "kernel":
        best = _by_kernel(search, draft, seed, cores)
    else:
        best = _by_routing_model(search, draft, seed)
    draft.adopt(best.routes)
    solution = replace(best, unassigned=_explained(problem, draft, best))
    if start is not None and solution.objective >= start.objective and not check(problem, start):
        return start
    violations = check(problem, solution)
    if violations:
        raise EngineFault("\n".join(f"{v.rule}: {v.where}: {v.message}" for v in violations))
    if not search.cancelled() and not accepts(problem, solution.routes):
        raise EngineFault("the routing model refuses the plan")
    return solution


def _by_kernel(search: "_Search", draft: Draft, seed: int, cores: int) -> Solution:
    """Open with the kernel's own insertion, then let it search."""
    searches = Searches(search.problem, seed=seed, cores=cores)
    searches.open(draft.sequences)
    search.report(searches.cents, searches.assigned, searches.iterations)
    draft.take(searches.sequences())
    several_calls = [v for v in draft.unassigned() if not one_depot_has_all(search.problem, v)]
    if several_calls:
        draft.fill(several_calls, search.over)
        searches.open(draft.sequences)

    def watch() -> bool:
        search.report(searches.cents, searches.assigned, searches.iterations)
        return search.cancelled()

    searches.run(seconds=search.left(), iterations=search.limit.iterations, watch=watch)
    draft.take(searches.sequences())
    return search.better(None, draft.routes())


def _by_routing_model(search: "_Search", draft: Draft, seed: int) -> Solution:
    """Open with regret insertion, then rounds of OR-Tools' local search."""
    _fill(search, draft)
    best = search.better(None, draft.routes())
    for number in range(ROUNDS):
        if search.over() or search.too_late_for_a_round() or not best.routes:
            break
        best = _search_on(search, draft, best, seed, number)
    return best


class _Search:
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
        self._model_seconds = 0.0

    def cancelled(self) -> bool:
        return self._cancelled is not None and self._cancelled()

    def left(self) -> float | None:
        """Seconds left; None without a limit."""
        if self.limit.seconds is None:
            return None
        closing = self.limit.seconds * SHARE_TO_CLOSE
        if self._quick_to_close:
            needed = SECONDS_TO_CLOSE + SECONDS_TO_CLOSE_A_VISIT * len(self.problem.visits)
            closing = min(needed, self.limit.seconds / 4)
        return max(0.0, self._since + self.limit.seconds - closing - time.monotonic())

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
        if self._progress is not None:
            seconds = time.monotonic() - self._since
            self._progress(Progress(seconds, objective, assigned, iterations))


def _search_on(search: _Search, draft: Draft, best: Solution, seed: int, number: int) -> Solution:
    """One round: local search from the best plan, then what is left out gets another chance."""
    last = number == ROUNDS - 1
    model = search.timed(lambda: RoutingModel(search.problem, draft.sequences))
    left, iterations = search.left(), search.limit.iterations
    answer = model.improve(
        draft.sequences,
        seconds=left if left is None or last else left * SHARE_OF_A_ROUND,
        neighbours=None if iterations is None else -(-iterations // ROUNDS),
        seed=seed + number,
        on_solution=search.report,
        cancelled=search.cancelled,
    )
    if answer is not None:
        draft.adopt(answer.routes)
        # The draft may find no supply for some of it: which depot gives what is not searched.
        whole = all(
            len(draft.sequences[route.shift]) == len(_without_breaks(route))
            for route in answer.routes
        )
        best = search.better(best, draft.supplied(answer.routes) if whole else draft.routes())
    draft.adopt(best.routes)
    _fill(search, draft)
    return search.better(best, draft.routes())


def _without_breaks(route: Route) -> list[Stop]:
    return [stop for stop in route.stops if stop.kind is not StopKind.BREAK]


def _fill(search: _Search, draft: Draft) -> None:
    """Place what is left out, in others' places if need be, dearest first."""
    draft.fill(draft.unassigned(), search.over)
    prices = search.problem.prices
    for visit in sorted(draft.unassigned(), key=lambda visit: -prices[visit.id]):
        if search.over():
            return
        draft.make_room(visit)


def _explained(problem: Problem, draft: Draft, plan: Solution) -> tuple[Unassigned, ...]:
    """What the plan leaves out; the draft may hold less of it, where it finds no supply."""
    names = {left.id for left in plan.unassigned}
    left_out = [visit for visit in draft.visits if visit.id in names]
    empty = Draft(problem) if left_out else draft
    return tuple(Unassigned(visit.id, reasons(draft, empty, visit)) for visit in left_out)
