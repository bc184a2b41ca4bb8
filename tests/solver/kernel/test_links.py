"""Links in the compiled search: every plan keeps them, and is what it would be if made anew."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.judge.check import check
from solver.kernel.arrays import ALWAYS
from solver.kernel.changes import forget_removed, mend, put, repair, settle_worst, take_out
from solver.kernel.dice import dice
from solver.kernel.holding import hold_back
from solver.kernel.nearby import best_on
from solver.kernel.search import anneal, fill
from solver.kernel.settings import SearchSettings
from solver.kernel.ties import bind, release
from solver.kernel.undoing import begin_iteration, save, undo
from solver.links import After, Person, Together
from solver.problem import Problem
from solver.rules.places import asked_for, on_places
from tests.solver.kernel.linked import linked_problems, plain_problems, ruled_problems, timed
from tests.solver.kernel.plans import KernelPlan
from tests.solver.problems import depot, line_problem, pause, shift, visit, window

SEEDS = st.integers(0, 2**32)
LONG = 10**9
ANY = linked_problems() | plain_problems() | ruled_problems()


def assert_whole(kernel: KernelPlan) -> None:
    """The plan keeps all rules at the moments that the kernel has, costs what it says there, and is
    as if made anew."""
    solution = timed(kernel)
    assert check(asked_for(kernel.problem), solution) == ()
    assert solution.objective == kernel.cents
    anew = KernelPlan(kernel.problem)
    anew.load_row(row_of(kernel))
    assert anew.sequences() == kernel.sequences()
    assert moments(anew) == moments(kernel)
    assert anew.state() == kernel.state()
    assert not kernel.plan.tied_routes["loose"].any()
    assert kernel.plan.now["queued"] == 0


def row_of(kernel: KernelPlan) -> Any:
    """The plan as a row, with visits that are held."""
    hold, shifts = kernel.plan.linked["hold"], kernel.plan.nodes["shift"]
    held = [
        number
        for number in range(len(kernel.problem.visits))
        if shifts[number] >= 0 and hold[number] > -ALWAYS
    ]
    pairs = [value for number in held for value in (number, int(hold[number]) + ALWAYS)]
    return np.array([*kernel.row_of(kernel.sequences()), *pairs], dtype=np.int64)


def moments(kernel: KernelPlan) -> dict[str, int]:
    """When tied visits on routes start."""
    links, shifts = kernel.arrays.calls["links"], kernel.plan.nodes["shift"]
    return {
        visit.id: int(kernel.plan.linked["early"][number])
        for number, visit in enumerate(kernel.problem.visits)
        if links[number] & 1 and shifts[number] >= 0
    }


def opened(problem: Problem, seed: int) -> KernelPlan:
    kernel = KernelPlan(on_places(problem))
    fill(kernel.arrays, kernel.plan, dice(seed, 0), SearchSettings())
    return kernel


def disturb(kernel: KernelPlan, random: Random) -> None:
    """Take out some visits and what hangs together with them, and put others in, alone."""
    arrays, plan = kernel.arrays, kernel.plan
    shifts = range(len(kernel.problem.shifts))
    begin_iteration(plan)
    for number in shifts:
        for node in kernel.nodes(kernel.problem.shifts[number].id):
            if random.random() < 0.3:
                save(arrays, plan, number)
                take_out(arrays, plan, node)
    if not kernel.problem.links:
        for index in range(int(plan.now["saved_routes"])):
            mend(arrays, plan, plan.saved_shift[index])
        settle_worst(arrays, plan)
        forget_removed(plan)
        return
    repair(arrays, plan)
    for call in range(len(kernel.problem.visits)):
        number = random.choice(shifts) if shifts else -1
        if plan.nodes["shift"][call] < 0 and number >= 0 and arrays.able[call, number]:
            plan.now["until_blink"] = LONG
            bind(arrays, plan, call)
            place = best_on(arrays, plan, call, number, 2**61, dice(0, 0), 0.01)
            if place.cents >= 2**61 or not put(arrays, plan, call, number, place):
                release(plan, call)
    for call in range(len(kernel.problem.visits)):
        if plan.nodes["shift"][call] >= 0 and _is_without_required(kernel, call):
            save(arrays, plan, int(plan.nodes["shift"][call]))
            take_out(arrays, plan, call)
    repair(arrays, plan)
    hold_back(arrays, plan, dice(random.randrange(99), 1))
    settle_worst(arrays, plan)
    forget_removed(plan)


def test_to_fetch_what_one_needs_leaves_none_of_a_bundle_without_its_partner() -> None:
    """Five visits of ten seconds at one place, of which v0 needs a filter; v1 comes soon after it
    and together with v2, for which there is no second technician."""
    visits = [visit(f"v{i}", 0, 10, parts={"filter": 1} if i == 0 else {}) for i in range(5)]
    links = [After("v0", "v1", 5, 15, Person.SAME), Together(("v2", "v1"))]
    problem = line_problem(visits, [shift(end=600)], [depot("d", 0)], links=links, working_time=1)
    for seed in range(20):
        kernel, numbers = opened(problem, seed), dice(seed, 1)
        anneal(kernel.arrays, kernel.plan, numbers, SearchSettings(), 300, 9.0, 1.0, 0, 1000.0)
        assert_whole(kernel)
        assert kernel.sequences()["s"][-1].id not in ("v1", "v2")


def test_who_waited_on_a_route_with_a_break_is_early_again_once_nobody_is_waited_for() -> None:
    """Ann has to end no more than ten seconds before Bob begins at 200. So she waits until 130, and
    has her break then, which would have time after her visit otherwise."""
    first = visit("a", 0, 60, allowed=frozenset({"ann"}))
    second = visit("b", 0, 60, allowed=frozenset({"bob"}), windows=(window(200, 2000),))
    shifts = [shift("s", "ann", start=50, breaks=(pause("b", 130, 140, 10),)), shift("t", "bob")]
    links = [After("a", "b", 0, 10)]
    kernel = opened(line_problem([first, second], shifts, links=links, promptness=(1,) * 5), 0)
    assert moments(kernel) == {"a": 140, "b": 200}
    begin_iteration(kernel.plan)
    save(kernel.arrays, kernel.plan, 1)
    take_out(kernel.arrays, kernel.plan, 1)
    repair(kernel.arrays, kernel.plan)
    forget_removed(kernel.plan)
    assert moments(kernel) == {"a": 50}
    assert_whole(kernel)


def _is_without_required(kernel: KernelPlan, call: int) -> bool:
    bond = kernel.arrays.bonds[call]
    first = bond["first_of_required"]
    required = kernel.arrays.required[first : first + bond["number_of_required"]]
    return any(kernel.plan.nodes["shift"][other] < 0 for other in required)


@given(ANY, SEEDS)
@settings(max_examples=2 * settings().max_examples)
def test_after_every_change_the_plan_is_as_if_made_anew(problem: Problem, seed: int) -> None:
    kernel, random = opened(problem, seed), Random(seed)
    assert_whole(kernel)
    for _ in range(4):
        disturb(kernel, random)
        assert_whole(kernel)


@given(plain_problems(), SEEDS)
def test_where_all_is_early_a_place_adds_what_it_was_said_to_add(
    problem: Problem, seed: int
) -> None:
    kernel, random = opened(replace(problem, links=()), seed), Random(seed)
    arrays, plan = kernel.arrays, kernel.plan
    assert arrays.count["earliest"] == 1
    begin_iteration(plan)
    for number in range(len(problem.shifts)):
        for node in kernel.nodes(problem.shifts[number].id):
            if random.random() < 0.5:
                save(arrays, plan, number)
                take_out(arrays, plan, node)
        mend(arrays, plan, number)
    settle_worst(arrays, plan)
    for call in range(len(problem.visits)):
        for number in range(len(problem.shifts)):
            if plan.nodes["shift"][call] < 0 and arrays.able[call, number]:
                plan.now["until_blink"] = LONG
                place = best_on(arrays, plan, call, number, 2**61, dice(0, 0), 0.01)
                if place.cents < 2**61:
                    before = kernel.cents - problem.prices[problem.visits[call].id]
                    assert put(arrays, plan, call, number, place)
                    settle_worst(arrays, plan)
                    assert kernel.cents == before + place.cents


@given(ANY, SEEDS)
@settings(max_examples=2 * settings().max_examples)
def test_undone_changes_leave_no_trace(problem: Problem, seed: int) -> None:
    kernel, random = opened(problem, seed), Random(seed)
    for _ in range(4):
        before, sequences, starts = kernel.state(), kernel.sequences(), moments(kernel)
        disturb(kernel, random)
        undo(kernel.arrays, kernel.plan)
        assert kernel.sequences() == sequences
        assert moments(kernel) == starts
        assert kernel.state() == before
        assert_whole(kernel)


@given(ANY, SEEDS)
@settings(max_examples=2 * settings().max_examples)
def test_after_every_search_the_plan_is_as_if_made_anew(problem: Problem, seed: int) -> None:
    kernel, numbers = opened(problem, seed), dice(seed, 1)
    for iterations, heat in ((1, 1.0), (5, 1e9), (40, 100.0), (200, 1.0)):
        anneal(
            kernel.arrays, kernel.plan, numbers, SearchSettings(), iterations, heat, 1.0, 0, 1000.0
        )
        assert_whole(kernel)
    best = kernel.plan.best[: int(kernel.plan.now["best_length"])]
    again = KernelPlan(problem)
    again.load_row(best)
    assert again.cents == int(kernel.plan.now["best_cents"])
