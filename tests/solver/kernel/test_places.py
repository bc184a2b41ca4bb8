"""The kernel finds the cheapest place on a shift for a visit, and knows what it costs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.draft.supply import pickups
from solver.kernel.changes import put
from solver.kernel.dice import dice
from solver.kernel.nearby import best_on
from solver.kernel.places import Insertion
from solver.kernel.search import fill
from solver.kernel.settings import SearchSettings
from solver.problem import Depot, Problem, Shift, Visit
from solver.rules.lending import Lending
from solver.timing.schedule import Call
from tests.solver.kernel.plans import (
    KernelPlan,
    calls_of,
    metric,
    plan_cost,
    route_cost,
    supply_problems,
)
from tests.solver.problems import depot, line_problem, problems, shift, visit, window

NO_LIMIT = 2**61
LONG = 10**9
SEEDS = st.integers(0, 9)


def place_for(kernel: KernelPlan, new: Visit, on: Shift, limit: int = NO_LIMIT) -> Insertion:
    """The kernel's choice, nothing overlooked."""
    kernel.plan.now["until_blink"] = LONG
    number = kernel.problem.visits.index(new)
    return best_on(
        kernel.arrays, kernel.plan, number, kernel.number[on.id], limit, dice(0, 0), 0.01
    )


def every_place(
    kernel: KernelPlan, new: Visit, on: Shift, depots: Sequence[Depot]
) -> Iterator[list[Call]]:
    """The shift's calls with the visit anywhere; after a call at each of the depots, if any."""
    calls = kernel.stops(on.id)
    for index in range(len(calls) + 1):
        if not depots:
            yield [*calls[:index], new, *calls[index:]]
        for later in range(index, len(calls) + 1):
            for source in depots:
                yield [*calls[:index], source, *calls[index:later], new, *calls[later:]]


def supplied(kernel: KernelPlan, on: Shift, calls: Sequence[Call]) -> bool:
    """Whether the shift's technician has all parts and tools, if no depot ever runs out."""
    chain = sorted(
        (s for s in kernel.problem.shifts if s.technician == on.technician),
        key=lambda s: s.start,
    )
    sequences = kernel.sequences() | {on.id: tuple(calls)}
    return (
        pickups([(s, sequences[s.id]) for s in chain], {}, lending=Lending.of(kernel.problem))
        is not None
    )


def added(kernel: KernelPlan, on: Shift, calls: Sequence[Call]) -> int | None:
    cents = route_cost(kernel.problem, on, calls)
    return None if cents is None else cents - kernel.route_cents(on.id)


def cheapest(kernel: KernelPlan, new: Visit, on: Shift) -> int | None:
    """The least that the visit can add to the shift's cost, by trying everything. With a depot
    call more only if it lacks something wherever it is."""
    plain = list(every_place(kernel, new, on, ()))
    enough = [calls for calls in plain if supplied(kernel, on, calls)]
    if not enough:
        depots = kernel.problem.depots
        with_call = every_place(kernel, new, on, depots) if depots else iter(())
        enough = [calls for calls in with_call if supplied(kernel, on, calls)]
    costs = (added(kernel, on, calls) for calls in enough)
    return min((cents for cents in costs if cents is not None), default=None)


def simplified(problem: Problem) -> Problem:
    return replace(
        problem,
        visits=tuple(replace(v, windows=v.windows[:1]) for v in problem.visits),
        depots=tuple(replace(d, windows=d.windows[:1]) for d in problem.depots),
        shifts=tuple(replace(s, breaks=()) for s in problem.shifts),
        objective=replace(problem.objective, lateness=0, moved_time=0),
    )


def with_endless_stock(problem: Problem) -> Problem:
    """The same problem, in which a depot that has something has it without end."""
    depots = (
        d if d.stock is None else replace(d, stock={p: 99 for p, n in d.stock.items() if n})
        for d in problem.depots
    )
    return replace(problem, depots=tuple(depots))


def half_full(problem: Problem, seed: int) -> KernelPlan:
    """Some of the visits are placed; depot calls may be idle, or missing with all who need them."""
    kernel = KernelPlan(problem)
    fill(kernel.arrays, kernel.plan, dice(seed, 0), SearchSettings())
    random = Random(seed)
    calls_kept, visits_kept = random.choice(((1.0, 0.7), (0.5, 0.8), (0.0, 1.0)))
    kernel.load(
        {
            name: [
                call
                for call in calls
                if random.random() < (calls_kept if isinstance(call, Depot) else visits_kept)
            ]
            for name, calls in kernel.sequences().items()
        }
    )
    return kernel


def open_pairs(kernel: KernelPlan) -> list[tuple[Visit, Shift]]:
    """Visits that are unassigned and shifts that may take them, time and supply aside."""
    problem = kernel.problem
    unassigned = kernel.unassigned()
    return [
        (v, s)
        for row, v in enumerate(problem.visits)
        for column, s in enumerate(problem.shifts)
        if v.id in unassigned and kernel.arrays.able[row, column]
    ]


@given(problems(max_visits=8).map(simplified).map(metric).map(with_endless_stock), SEEDS)
@settings(max_examples=3 * settings().max_examples)
def test_the_cheapest_place_of_all_is_found(problem: Problem, seed: int) -> None:
    assert_cheapest(half_full(problem, seed))


@given(supply_problems().map(with_endless_stock), SEEDS)
@settings(max_examples=3 * settings().max_examples)
def test_the_cheapest_place_is_found_with_a_depot_call_where_one_is_needed(
    problem: Problem, seed: int
) -> None:
    assert_cheapest(half_full(problem, seed))


def assert_cheapest(kernel: KernelPlan) -> None:
    for visit_, shift_ in open_pairs(kernel):
        place = place_for(kernel, visit_, shift_)
        expected = cheapest(kernel, visit_, shift_)
        assert place.cents == (2**62 if expected is None else expected)


@given(problems(max_visits=8) | supply_problems(), SEEDS)
@settings(max_examples=3 * settings().max_examples)
def test_putting_a_visit_where_it_is_cheapest_adds_what_it_was_said_to_add(
    problem: Problem, seed: int
) -> None:
    kernel = half_full(problem, seed)
    for visit_, shift_ in open_pairs(kernel):
        place = place_for(kernel, visit_, shift_)
        before, sequences, state = kernel.cents, kernel.sequences(), kernel.state()
        price = problem.prices[visit_.id]
        if place.cents >= NO_LIMIT:
            continue
        row, column = problem.visits.index(visit_), kernel.number[shift_.id]
        if put(kernel.arrays, kernel.plan, row, column, place):
            assert visit_ in kernel.stops(shift_.id)
            assert kernel.cents == before + place.cents - price
            assert kernel.cents == plan_cost(problem, kernel.sequences())
        else:
            assert kernel.arrays.count["scarce"]  # which depot has how much is seen only then
            assert (kernel.sequences(), kernel.state()) == (sequences, state)
        kernel.load(sequences)


@given(problems(max_visits=8).map(metric).map(with_endless_stock), SEEDS)
@settings(max_examples=2 * settings().max_examples)
def test_a_place_is_found_wherever_there_is_one(problem: Problem, seed: int) -> None:
    kernel = half_full(problem, seed)
    for visit_, shift_ in open_pairs(kernel):
        place = place_for(kernel, visit_, shift_)
        expected = cheapest(kernel, visit_, shift_)
        assert (place.cents < NO_LIMIT) == (expected is not None)
        if expected is not None:
            assert place.cents >= expected


# --- cases with a name -------------------------------------------------------------------------


def chosen(problem: Problem, name: str, shift_id: str, **plan: str) -> str | None:
    """The shift's stops once the visit is put where it is cheapest; None if there is no place."""
    calls = calls_of(problem)
    sequences = {of: [calls[id_] for id_ in ids.split()] for of, ids in plan.items()}
    kernel = KernelPlan(problem, sequences)
    assert {of: list(c) for of, c in kernel.sequences().items() if c} == sequences
    new, on = kernel.problem.visits.index(calls[name]), kernel.number[shift_id]
    place = place_for(kernel, problem.visits[new], problem.shifts[on])
    if place.cents >= NO_LIMIT:
        return None
    assert put(kernel.arrays, kernel.plan, new, on, place)
    return " ".join(call.id for call in kernel.stops(shift_id))


def test_what_a_later_day_needs_is_not_used_up_today() -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 1, parts={"pump": 1})]
    today, later = shift("s", stock={"pump": 1}), shift("t", start=2000, end=3000)
    problem = line_problem(visits, [today, later])
    assert chosen(problem, "a", "s", t="b") is None
    assert chosen(problem, "a", "s") == "a"


@pytest.mark.parametrize("parts", [{"pump": 1, "filter": 1}, {"filter": 1, "pump": 1}])
def test_a_visit_goes_behind_all_the_depots_that_have_something_for_it(
    parts: dict[str, int],
) -> None:
    visits = [
        visit("x", 1, parts=parts),
        visit("a", 3, parts={"pump": 1}),
        visit("b", 5, parts={"filter": 1}),
    ]
    depots = [depot("d", 2, stock={"pump": 9}), depot("e", 4, stock={"filter": 9})]
    problem = line_problem(visits, [shift(end_location=5)], depots)
    assert chosen(problem, "x", "s", s="d a e b") == "d a e x b"


def test_a_new_depot_call_leaves_the_visit_behind_the_ones_that_it_needs_too() -> None:
    visits = [visit("x", 1, parts={"pump": 1, "filter": 1}), visit("a", 5, parts={"pump": 1})]
    depots = [depot("d", 4, stock={"pump": 9}), depot("e", 0, stock={"filter": 9})]
    problem = line_problem(visits, [shift(end_location=9)], depots)
    assert chosen(problem, "x", "s", s="d a") == "e d x a"


def test_a_depot_is_called_at_for_the_last_that_it_has() -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 2, parts={"pump": 2})]
    problem = line_problem(visits, [shift()], [depot("d", 1, stock={"pump": 2})])
    assert chosen(problem, "b", "s") == "d b"


def test_a_tool_is_borrowed_anew_every_day() -> None:
    crane = frozenset({"crane"})
    visits = [visit("a", 1, tools=crane), visit("b", 1, tools=crane)]
    shifts = [shift("s"), shift("t", start=2000, end=3000)]
    problem = line_problem(visits, shifts, [depot("d", 1, tools=crane)])
    assert chosen(problem, "b", "t", s="d a") == "d b"
    assert chosen(problem, "b", "s", s="d a") == "d b a"


def test_a_visit_that_fills_the_shift_to_the_second_has_a_place() -> None:
    visits = [visit("a", 2), visit("x", 1)]
    problem = line_problem(visits, [shift(end=50)])
    assert chosen(problem, "x", "s", s="a") == "x a"
    assert chosen(line_problem(visits, [shift(end=49)]), "x", "s", s="a") is None


@pytest.mark.parametrize(("closes", "possible"), [(30, True), (29, False)])
def test_after_a_depot_call_a_visit_may_start_when_its_window_closes(
    closes: int, possible: bool
) -> None:
    """Last on the route: at a by 10, at the depot by 25, with the visit by 30."""
    first = visit("a", 1, windows=(window(0, 10),))
    pump = visit("x", 2, parts={"pump": 1}, windows=(window(20, closes),))
    problem = line_problem([first, pump], [shift()], [depot("d", 2, 5)])
    assert chosen(problem, "x", "s", s="a") == ("a d x" if possible else None)


def test_a_visit_that_is_late_anyway_goes_where_others_are_not() -> None:
    visits = [visit("a", 1, due=75), visit("x", 2, 50, due=75)]
    problem = line_problem(visits, [shift()], working_time=0, lateness=1)
    assert chosen(problem, "x", "s", s="a") == "a x"


def test_a_visit_may_be_last_though_the_depot_is_called_at_first() -> None:
    visits = [visit("a", 1), visit("x", 2, parts={"pump": 1})]
    problem = line_problem(visits, [shift(end_location=9)], [depot("d", 0)])
    assert chosen(problem, "x", "s", s="a") == "d a x"


def test_where_the_depot_called_at_has_no_more_another_one_is_called_at() -> None:
    visits = [visit(name, 1, parts={"pump": 1}) for name in ("a", "x")]
    depots = [depot("d", 1, stock={"pump": 1}), depot("e", 1, stock={"pump": 5})]
    problem = line_problem(visits, [shift()], depots)
    kernel = KernelPlan(problem, {"s": [depots[0], visits[0]]})
    place = place_for(kernel, visits[1], problem.shifts[0])
    assert place.depot == 1
    assert put(kernel.arrays, kernel.plan, 1, 0, place)
    assert kernel.cents == plan_cost(problem, kernel.sequences())
