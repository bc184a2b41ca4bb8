"""Problems whose visits are linked, and kernel plans of them placed in time."""

from dataclasses import replace
from fractions import Fraction
from itertools import chain
from random import Random
from typing import Any

from hypothesis import strategies as st

from solver.draft.supply import allot, loaded
from solver.links import After, Apart, Link, Person, Separation, Together
from solver.objective import ShiftRates
from solver.problem import InvalidProblem, Problem, Shift, TimeWindow, Visit
from solver.rules.eligibility import at_pinned_time
from solver.rules.lending import Lending
from solver.rules.places import asked_for
from solver.solution import Route, Solution
from solver.timing.schedule import Call, legs_of
from solver.timing.timing import cheapest
from tests.solver.kernel.plans import KernelPlan, supply_problems
from tests.solver.problems import problems, solution_of


def with_links(problem: Problem, seed: int) -> Problem:
    """The problem with some links between its visits that do not contradict each other."""
    random = Random(seed)
    names = [visit.id for visit in problem.visits]
    for _ in range(random.randint(1, 1 + len(names) // 2)):
        link = _link(random, names)
        try:
            problem = replace(problem, links=(*problem.links, link))
        except InvalidProblem:
            continue
    return problem


def _link(random: Random, names: list[str]) -> Link:
    some = random.sample(names, min(len(names), random.choice((2, 2, 2, 3))))
    kind = random.random()
    if kind < 0.4:
        return Together(tuple(some))
    if kind < 0.8:
        least = random.choice((0, 0, 5, 30, -20, 3000))
        most = random.choice((None, least, least + 10, least + 600))
        return After(some[0], some[1], least, most, random.choice(tuple(Person)))
    return Apart(tuple(some), random.choice(tuple(Separation)))


def linked_problems(max_visits: int = 8) -> st.SearchStrategy[Problem]:
    """All rules, and links."""
    some = problems(max_visits=max_visits) | supply_problems()
    whole = some.filter(lambda problem: len(problem.visits) > 1)
    # The kernel knows the largest lateness of the earliest times only.
    return st.builds(with_links, whole.map(without_worst), st.integers(0, 2**32))


def without_worst(problem: Problem) -> Problem:
    return replace(problem, objective=replace(problem.objective, worst_lateness=0))


def plain_problems(max_visits: int = 10) -> st.SearchStrategy[Problem]:
    """Links where everything is best done as early as it can."""
    return st.builds(
        lambda problem, seed: with_links(_plain(problem), seed),
        problems(max_visits=max_visits).filter(lambda problem: len(problem.visits) > 1),
        st.integers(0, 2**32),
    )


def _plain(problem: Problem) -> Problem:
    costs = replace(problem.objective, working_time=0, overtime=0, moved_time=0, distance=1)
    costs = replace(costs, lateness=3, lateness_factors=(), worst_lateness=5)
    visits = (
        replace(v, windows=v.windows[:1], parts={}, tools=frozenset()) for v in problem.visits
    )
    shifts = (
        replace(one, breaks=(), rates=replace(one.rates, working_time=None))
        for one in problem.shifts
    )
    return replace(problem, visits=tuple(visits), shifts=tuple(shifts), depots=(), objective=costs)


def ruled_problems(max_visits: int = 8) -> st.SearchStrategy[Problem]:
    """Links, and much of all that shifts and visits have besides: limits, open ends, access, paces,
    rates and prices of windows."""
    return st.builds(
        lambda problem, seed: with_rules(problem, Random(seed)),
        linked_problems(max_visits) | plain_problems(max_visits).map(without_worst),
        st.integers(0, 2**32),
    )


def with_rules(problem: Problem, random: Random) -> Problem:
    """The problem with such rules for about every third shift and visit each."""

    def some(chances: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
        return {name: random.choice(those) for name, those in chances.items() if chance()}

    def chance() -> bool:
        return random.random() < 0.3

    shifts = tuple(
        replace(
            one,
            **some(
                {
                    "max_duration": (100, 300, 600, 1000),
                    "max_visits": (1, 2, 3),
                    "max_travel": (100, 300, 900),
                    "max_distance": (100, 300, 900),
                    "pace": (Fraction(1, 2), Fraction(6, 5), Fraction(3)),
                    "rates": (ShiftRates(0), ShiftRates(3, 1), ShiftRates(distance=2)),
                    "start_location": (None,),
                    "end_location": (None,),
                }
            ),
        )
        for one in problem.shifts
    )
    visits = tuple(
        replace(
            one,
            windows=tuple(replace(w, price=random.choice((0, 50))) for w in one.windows),
            **some({"access": (10, 60), "work_type": ("boiler",)}),
        )
        for one in problem.visits
    )
    try:
        return replace(problem, shifts=shifts, visits=visits)
    except InvalidProblem:
        # Not every gap between visits can be kept at every pace.
        return problem


def timed(kernel: KernelPlan) -> Solution:
    """The kernel's plan, with tied visits at the moments at which it believes them to be."""
    problem, sequences = kernel.problem, kernel.sequences()
    legs = legs_of(problem.travel_time)
    fixed = {
        shift.id: [_at_its_moment(kernel, call) for call in sequences[shift.id]]
        for shift in problem.shifts
    }
    routes: list[Route] = []
    used = [shift for shift in problem.shifts if fixed[shift.id]]
    pickups = allot(
        [[(shift, fixed[shift.id]) for shift in theirs] for theirs in _chains(problem)],
        Lending.of(problem),
    )
    assert pickups is not None
    by_shift = dict(
        zip(
            (shift.id for theirs in _chains(problem) for shift in theirs),
            chain.from_iterable(pickups),
            strict=True,
        )
    )
    for shift in used:
        route = cheapest(problem, shift, fixed[shift.id], legs)
        assert route is not None, "a route cannot be kept in time"
        routes.append(loaded(route, by_shift[shift.id]))
    return solution_of(asked_for(problem), *routes)


def _chains(problem: Problem) -> list[list[Shift]]:
    chains: dict[str, list[Shift]] = {}
    for shift in sorted(problem.shifts, key=lambda shift: shift.start):
        chains.setdefault(shift.technician, []).append(shift)
    return list(chains.values())


def _at_its_moment(kernel: KernelPlan, call: Call) -> Call:
    if not isinstance(call, Visit):
        return call
    call = at_pinned_time(call)
    number = kernel.problem.visits.index(kernel.problem.visit[call.id])
    if not kernel.arrays.calls["links"][number] & 1:
        return call
    moment = int(kernel.plan.linked["early"][number])
    is_open = not call.windows or any(w.start <= moment <= w.end for w in call.windows)
    assert is_open, f"{call.id} would start at {moment}, when it is not open"
    return replace(call, windows=(TimeWindow(moment, moment),))
