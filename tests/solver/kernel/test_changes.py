"""After any number of changes a plan is what it would be if it were made anew, and undone changes
leave no trace."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.kernel.changes import forget_removed, mend, put, take_out
from solver.kernel.dice import dice
from solver.kernel.nearby import best_on
from solver.kernel.search import anneal, fill
from solver.kernel.settings import SearchSettings
from solver.kernel.tails import exchange_tails, nearest_cut
from solver.kernel.undoing import begin_iteration, save, undo
from solver.problem import Problem
from tests.solver.kernel.plans import KernelPlan, calls_of, plan_cost, supply_problems
from tests.solver.problems import depot, line_problem, pause, problems, shift, visit, window

SEEDS = st.integers(0, 2**32)
LONG = 10**9


def assert_whole(kernel: KernelPlan) -> None:
    """Everything that the plan keeps account of is as if counted for the first time."""
    problem, plan = kernel.problem, kernel.plan
    sequences = kernel.sequences()
    anew = KernelPlan(problem, sequences)
    assert anew.sequences() == sequences
    assert anew.state() == kernel.state()
    assert kernel.cents == plan_cost(problem, sequences)

    visits = [c.id for calls in sequences.values() for c in calls if c in problem.visits]
    assert sorted([*visits, *kernel.unassigned()]) == sorted(v.id for v in problem.visits)
    order = plan.unassigned.tolist()
    assert [order[place] for place in plan.unassigned_at] == list(range(len(order)))

    free = int(plan.now["free_calls"])
    in_use = [node for name in sequences for node in kernel.nodes(name)]
    calls = [node for node in in_use if node >= len(problem.visits)]
    assert sorted([*plan.pool[:free], *calls]) == sorted(plan.pool)

    if plan.taken_by.size:
        assert (plan.taken_by.sum(axis=0) == plan.taken).all()
        assert (plan.taken <= kernel.arrays.stock).all()


def disturb(kernel: KernelPlan, random: Random) -> None:
    """Take out and put in some visits, as one iteration of a search."""
    arrays, plan = kernel.arrays, kernel.plan
    shifts, visits = range(len(kernel.problem.shifts)), range(len(kernel.problem.visits))
    begin_iteration(plan)
    changed = [number for number in shifts if random.random() < 0.6]
    for number in changed:
        save(arrays, plan, number)
        for node in kernel.nodes(kernel.problem.shifts[number].id):
            if random.random() < 0.4:
                take_out(arrays, plan, node)
    for number in changed:
        mend(arrays, plan, number)
    for call in visits:
        number = random.choice(shifts) if shifts else -1
        if plan.nodes["shift"][call] < 0 and number >= 0 and arrays.able[call, number]:
            plan.now["until_blink"] = LONG
            place = best_on(arrays, plan, call, number, 2**61, dice(0, 0), 0.01)
            if place.cents < 2**61:
                put(arrays, plan, call, number, place)
    forget_removed(plan)


def opened(problem: Problem, seed: int) -> KernelPlan:
    kernel = KernelPlan(problem)
    fill(kernel.arrays, kernel.plan, dice(seed, 0), SearchSettings())
    return kernel


@given(problems(max_visits=8) | supply_problems(), SEEDS)
@settings(max_examples=2 * settings().max_examples)
def test_after_every_change_the_plan_is_as_if_made_anew(problem: Problem, seed: int) -> None:
    kernel, random = opened(problem, seed), Random(seed)
    assert_whole(kernel)
    for _ in range(4):
        disturb(kernel, random)
        assert_whole(kernel)


@given(problems(max_visits=8) | supply_problems(), SEEDS)
@settings(max_examples=2 * settings().max_examples)
def test_undone_changes_leave_no_trace(problem: Problem, seed: int) -> None:
    kernel, random = opened(problem, seed), Random(seed)
    for _ in range(4):
        before, sequences = kernel.state(), kernel.sequences()
        disturb(kernel, random)
        undo(kernel.arrays, kernel.plan)
        assert kernel.sequences() == sequences
        assert kernel.state() == before
        assert_whole(kernel)


@given(problems(max_visits=10) | supply_problems(), SEEDS)
@settings(max_examples=2 * settings().max_examples)
def test_after_every_search_the_plan_is_as_if_made_anew(problem: Problem, seed: int) -> None:
    kernel, numbers = opened(problem, seed), dice(seed, 1)
    for iterations, heat in ((1, 1.0), (5, 1e9), (40, 100.0), (200, 1.0)):
        anneal(
            kernel.arrays, kernel.plan, numbers, SearchSettings(), iterations, heat, 1.0, 0, 1000.0
        )
        assert_whole(kernel)
        best = kernel.plan.best[: int(kernel.plan.now["best_length"])]
        cents = int(kernel.plan.now["best_cents"])
        assert cents <= kernel.cents
    again = KernelPlan(problem)
    again.load_row(best)
    assert again.cents == cents
    assert np.array_equal(again.row_of(again.sequences()), best)


@given(problems(max_visits=8) | supply_problems(), SEEDS)
@settings(max_examples=2 * settings().max_examples)
def test_after_tails_change_places_the_plan_is_as_if_made_anew(problem: Problem, seed: int) -> None:
    kernel, random = opened(problem, seed), Random(seed)
    numbers = range(len(problem.shifts))
    for _ in range(4 if len(numbers) > 1 else 0):
        own, other = random.sample(numbers, 2)
        before = kernel.state()
        begin_iteration(kernel.plan)
        for number in (own, other):
            save(kernel.arrays, kernel.plan, number)
        if exchange(kernel, random.choice([*kernel.nodes(problem.shifts[own].id), -1]), own, other):
            forget_removed(kernel.plan)
            assert_whole(kernel)
        else:
            undo(kernel.arrays, kernel.plan)
            assert kernel.state() == before


def exchange(kernel: KernelPlan, tail: int, own: int, other: int) -> bool:
    """Let two routes exchange their tails; -1 stands for the end of the route."""
    arrays, plan = kernel.arrays, kernel.plan
    node = tail if tail >= 0 else int(arrays.count["visits"]) + 2 * own + 1
    cut = nearest_cut(arrays, plan, node, other)
    if cut >= 0 and not exchange_tails(arrays, plan, node, cut):
        return False
    for number in (own, other):
        mend(arrays, plan, number)
    return True


# --- cases with a name -------------------------------------------------------------------------


def loaded(problem: Problem, **plan: str) -> dict[str, str]:
    """What is left of a plan when the kernel takes it over."""
    calls = calls_of(problem)
    sequences = {name: [calls[id_] for id_ in ids.split()] for name, ids in plan.items()}
    kernel = KernelPlan(problem, sequences)
    assert_whole(kernel)
    return {name: " ".join(c.id for c in calls) for name, calls in kernel.sequences().items()}


def exchanged(problem: Problem, tail: str, **plan: str) -> tuple[str, str]:
    """What is on the two routes after the first has given away what comes from ``tail`` on."""
    calls = calls_of(problem)
    sequences = {name: [calls[id_] for id_ in ids.split()] for name, ids in plan.items()}
    kernel = KernelPlan(problem, sequences)
    begin_iteration(kernel.plan)
    for number in (0, 1):
        save(kernel.arrays, kernel.plan, number)
    node = [visit_.id for visit_ in problem.visits].index(tail) if tail else -1
    if exchange(kernel, node, 0, 1):
        forget_removed(kernel.plan)
        assert_whole(kernel)
    else:
        undo(kernel.arrays, kernel.plan)
    first, second = (" ".join(c.id for c in calls) for calls in kernel.sequences().values())
    return first, second


def test_tails_are_exchanged_where_the_other_route_comes_nearest() -> None:
    visits = [visit("a", 1), visit("b", 9), visit("c", 8), visit("d", 2)]
    problem = line_problem(visits, [shift("s"), shift("t", "bob")])
    assert exchanged(problem, "b", s="a b", t="c d") == ("a d", "c b")


def test_a_tail_may_go_to_a_route_that_gives_nothing_for_it() -> None:
    visits = [visit("a", 1), visit("b", 9), visit("c", 8)]
    problem = line_problem(visits, [shift("s"), shift("t", "bob")])
    assert exchanged(problem, "b", s="a b", t="c") == ("a", "c b")
    assert exchanged(problem, "", s="c", t="a b") == ("c b", "a")


def test_what_the_other_is_not_able_to_do_is_left_out() -> None:
    visits = [visit("a", 1), visit("b", 9, skills={"gas": 1}), visit("c", 8), visit("d", 2)]
    problem = line_problem(visits, [shift("s", skills={"gas": 1}), shift("t", "bob")])
    assert exchanged(problem, "b", s="a b", t="c d") == ("a d", "c")


def test_a_tail_that_would_be_too_late_stays() -> None:
    visits = [visit("a", 1), visit("b", 9, windows=(window(500, 600),)), visit("d", 2)]
    problem = line_problem(visits, [shift("s"), shift("t", "bob", end=300)])
    assert exchanged(problem, "b", s="a b", t="d") == ("a b", "d")


def test_a_visit_without_its_parts_is_left_out_and_the_others_stay() -> None:
    visits = [visit("a", 1), visit("b", 2, parts={"pump": 1}), visit("c", 3)]
    assert loaded(line_problem(visits, [shift()]), s="a b c") == {"s": "a c"}


def test_what_one_visit_lacks_may_come_from_several_depots() -> None:
    visits = [visit("a", 1), visit("b", 2, parts={"pump": 2})]
    depots = [depot("d", 1, stock={"pump": 1}), depot("e", 2, stock={"pump": 1})]
    shifts = [shift("s"), shift("t", start=2000, end=3000), shift("u", "bob")]
    problem = line_problem(visits, shifts, depots)
    assert loaded(problem, t="d e b", u="a") == {"s": "", "t": "d e b", "u": "a"}


def test_without_a_visit_the_way_may_be_too_long_and_the_route_is_left_out() -> None:
    """Roads that are longer than a detour come from other programs and from rounding."""
    seconds = np.array([[0, 10, 10], [10, 0, 10], [10, 900, 0]])
    visits = [visit("a", 2), visit("b", 0, parts={"pump": 1}), visit("c", 1)]
    problem = Problem(tuple(visits), (shift(end=500),), seconds, seconds)
    assert loaded(problem, s="a b c") == {"s": ""}


def test_a_search_goes_on_past_a_shift_too_short_for_the_way_between_its_ends() -> None:
    pump = visit("a", 1, parts={"pump": 1})
    too_short = shift(end=30, end_location=9, breaks=(pause(),))
    problem = line_problem([pump], [too_short, shift("t", "bob")], [depot()])
    kernel = opened(problem, 0)
    assert_whole(kernel)
    assert not kernel.unassigned()


def test_a_depot_gives_all_that_it_has_and_no_more() -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 2, parts={"pump": 2})]
    shifts = [shift("s"), shift("t", "bob")]
    problem = line_problem(visits, shifts, [depot("d", 1, stock={"pump": 2})])
    assert loaded(problem, s="d b") == {"s": "d b", "t": ""}
    assert loaded(problem, s="d a", t="d b") == {"s": "d a", "t": ""}


def test_a_plan_taken_over_another_finds_the_depots_full() -> None:
    """A route that is not yet in place must not count what the plan before took for it."""
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 2, parts={"pump": 1})]
    shifts = [shift("s"), shift("t", "bob")]
    problem = line_problem(visits, shifts, [depot("d", 1, stock={"pump": 1})])
    (a, b), (d,) = problem.visits, problem.depots
    kernel = KernelPlan(problem, {"t": [d, b]})
    kernel.load({"s": [d, a]})
    assert_whole(kernel)
    assert {name: list(calls) for name, calls in kernel.sequences().items()} == {
        "s": [d, a],
        "t": [],
    }


def left_after(problem: Problem, gone: str, **plan: str) -> dict[str, str]:
    """What is left of a plan once a visit is taken off its route and the route is mended."""
    calls = calls_of(problem)
    sequences = {name: [calls[id_] for id_ in ids.split()] for name, ids in plan.items()}
    kernel = KernelPlan(problem, sequences)
    assert {name: list(c) for name, c in kernel.sequences().items() if c} == sequences
    begin_iteration(kernel.plan)
    node = problem.visits.index(calls[gone])
    on = int(kernel.plan.nodes["shift"][node])
    save(kernel.arrays, kernel.plan, on)
    take_out(kernel.arrays, kernel.plan, node)
    mend(kernel.arrays, kernel.plan, on)
    forget_removed(kernel.plan)
    assert_whole(kernel)
    return {name: " ".join(c.id for c in left) for name, left in kernel.sequences().items() if left}


def test_a_depot_call_that_nobody_needs_any_more_goes_too() -> None:
    visits = [visit("a", 2, parts={"pump": 1}), visit("b", 3)]
    problem = line_problem(visits, [shift()], [depot("d", 2)])
    assert left_after(problem, "a", s="d a b") == {"s": "b"}


def test_a_depot_call_that_others_need_moves_to_where_it_costs_least() -> None:
    visits = [visit("a", 5, parts={"pump": 1}), visit("b", 1), visit("c", 5, parts={"pump": 1})]
    problem = line_problem(visits, [shift()], [depot("d", 5)])
    assert left_after(problem, "a", s="d a b c") == {"s": "b d c"}


def test_a_route_that_was_in_time_only_by_way_of_a_depot_goes_with_it() -> None:
    """Roads that are longer than a detour come from other programs and from rounding."""
    seconds = np.array([[0, 10, 900], [10, 0, 10], [10, 10, 0]])
    visits = (visit("a", 1, parts={"pump": 1}), visit("b", 2))
    problem = Problem(visits, (shift(end=500),), seconds, seconds, (depot("d", 1),))
    assert left_after(problem, "a", s="d a b") == {}


def test_where_no_depot_has_enough_the_rest_is_fetched_from_another() -> None:
    visits = [visit("a", 2, parts={"pump": 2}), visit("b", 1)]
    depots = [depot("d", 8, stock={"pump": 1}), depot("e", 1, stock={"pump": 1})]
    shifts = [shift("s"), shift("t", start=2000, end=3000)]
    problem = line_problem(visits, shifts, depots)
    assert left_after(problem, "b", s="d e b", t="a") == {"t": "e d a"}


def test_a_depot_that_has_all_is_called_at_rather_than_nearer_ones_that_have_some() -> None:
    """The nearer one would have to be called at for nothing."""
    visits = [visit("a", 2, parts={"pump": 2, "valve": 1}), visit("b", 1)]
    depots = [
        depot("d", 8, stock={"pump": 9, "valve": 9}),
        depot("e", 1, stock={"pump": 1, "valve": 1}),
        depot("f", 1, stock={"pump": 2}),
    ]
    problem = line_problem(visits, [shift("s")], depots)
    assert left_after(problem, "b", s="d b a") == {"s": "d a"}


def test_a_part_is_fetched_on_the_day_before_where_the_way_then_goes_by_the_depot() -> None:
    visits = [visit("a", 9), visit("b", 1, parts={"pump": 1}), visit("c", 1)]
    shifts = [shift("s"), shift("t", start=2000, end=3000)]
    problem = line_problem(visits, shifts, [depot("d", 8)])
    assert left_after(problem, "c", s="a", t="d b c") == {"s": "d a", "t": "b"}


def test_a_shift_that_is_used_for_a_depot_call_alone_has_its_price() -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 1)]
    shifts = [shift("s"), shift("t", start=2000, end=3000)]
    problem = line_problem(visits, shifts, [depot("d", 8)], shift_use=50)
    assert left_after(problem, "b", t="d a b") == {"t": "d a"}


def test_a_depot_call_on_the_day_before_goes_with_the_visit_that_it_was_for() -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 3)]
    shifts = [shift("s"), shift("t", start=2000, end=3000)]
    problem = line_problem(visits, shifts, [depot("d", 8)])
    assert left_after(problem, "a", s="d", t="a b") == {"t": "b"}


def test_a_depot_call_that_a_later_one_makes_idle_is_dropped() -> None:
    """What "b" lacks, only "d" has; its call then lies before "a", which is supplied by it, too."""
    visits = [
        visit("a", 5, parts={"pump": 1}),
        visit("b", 6, parts={"valve": 1}),
        visit("c", 7),
    ]
    depots = [
        depot("d", 1, stock={"pump": 1, "valve": 1}),
        depot("e", 1, stock={"pump": 1}, duration=0),
    ]
    problem = line_problem(visits, [shift(end_location=9)], depots[::-1])
    assert left_after(problem, "c", s="d a b c") == {"s": "d a b"}
