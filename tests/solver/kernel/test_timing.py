"""What the kernel says that a route costs is what the route costs once it is placed in time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from solver.problem import Previous, Problem
from tests.solver.kernel.plans import (
    KernelPlan,
    calls_of,
    plan_cost,
    route_cost,
    tight_problems,
    without_supplies,
)
from tests.solver.problems import line_problem, pause, problems, shift, visit, window


def assert_agreed(problem: Problem, data: st.DataObject) -> None:
    """For some sequences: the same cost on both sides, or on neither side a route."""
    kernel = KernelPlan(problem)
    for shift_ in problem.shifts:
        calls = data.draw(st.permutations([*problem.visits, *problem.depots]))
        for length in range(1, len(calls) + 1):
            kernel.load({shift_.id: calls[:length]})
            cents = route_cost(problem, shift_, calls[:length])
            assert bool(kernel.stops(shift_.id)) == (cents is not None)
            assert kernel.route_cents(shift_.id) == (cents or 0)
            assert kernel.cents == plan_cost(problem, kernel.sequences())


@given(problems().map(without_supplies), st.data())
@settings(max_examples=4 * settings().max_examples)
def test_the_kernel_and_the_cost_of_a_placed_route_agree_to_the_cent(
    problem: Problem, data: st.DataObject
) -> None:
    assert_agreed(problem, data)


@given(tight_problems(), st.data())
@settings(max_examples=10 * settings().max_examples)
def test_they_agree_where_every_second_counts(problem: Problem, data: st.DataObject) -> None:
    assert_agreed(problem, data)


# --- cases with a name -------------------------------------------------------------------------


def agreed(problem: Problem, names: str) -> int:
    """What the visits cost in this order on the first shift, by the kernel and once placed."""
    calls = calls_of(problem)
    route = [calls[name] for name in names.split()]
    kernel = KernelPlan(problem, {problem.shifts[0].id: route})
    cents = kernel.route_cents(problem.shifts[0].id)
    assert cents == route_cost(problem, problem.shifts[0], route)
    return cents


def test_the_whole_way_from_a_shifts_start_to_its_end_is_paid_for() -> None:
    problem = line_problem([visit("a", 1)], [shift(end_location=3)], working_time=0, distance=1)
    assert agreed(problem, "a") == 30


def test_an_empty_route_costs_nothing_though_its_ends_lie_apart() -> None:
    problem = line_problem([visit("a", 1)], [shift(end_location=3)], distance=1, shift_use=50)
    assert agreed(problem, "") == 0


def test_a_break_lies_where_the_first_visit_that_it_could_delay_is_early() -> None:
    visits = [
        visit("a", 1, windows=(window(10, 10),)),
        visit("b", 2, windows=(window(50, 200),), due=50),
        visit("c", 1, windows=(window(400, 400),)),
    ]
    lunch = pause("lunch", 0, 300, 60)
    problem = line_problem(visits, [shift(breaks=(lunch,))], working_time=0, lateness=1)
    assert agreed(problem, "a b c") == 5


def test_a_published_time_that_costs_nothing_is_not_waited_for() -> None:
    told = visit("a", 1, previous=Previous("ann", 500, told=True))
    problem = line_problem([told], [shift()], moved_time=9, told_factor=0)
    assert agreed(problem, "a") == 25


def test_a_published_time_on_another_day_spoils_none_of_today() -> None:
    today, other_day = (window(0, 500),), window(5000, 5500)
    visits = [
        visit("a", 1, windows=(*today, other_day), previous=Previous("ann", 5000)),
        visit("b", 1, windows=today, previous=Previous("ann", 300)),
    ]
    shifts = [shift("s"), shift("t", start=4000, end=6000)]
    problem = line_problem(visits, shifts, moved_time=9, working_time=1)
    late = 5000 - (300 - 5)
    assert agreed(problem, "a b") == 30 + 9 * late


def test_a_break_that_may_still_start_when_the_route_ends_is_not_needed() -> None:
    def cents(closes: int) -> int:
        on = shift(breaks=(pause("lunch", 0, closes, 20),))
        return agreed(line_problem([visit("a", 1, due=15)], [on], lateness=1), "a")

    assert cents(25) == 25
    assert cents(24) == 25 + 20


def test_a_published_time_at_the_very_end_of_a_window_is_kept() -> None:
    late = visit("a", 1, windows=(window(0, 100),), previous=Previous("ann", 100))
    assert agreed(line_problem([late], [shift()], moved_time=9), "a") == 25
