"""A problem is validated as a whole: every fault is found, all at once, with what to do."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from solver.faults import Fault
from solver.judge.cost import cost
from solver.objective import Objective
from solver.problem import PINNED_FACTOR, InvalidProblem, Pin, Previous, Problem
from solver.travel import MAX_TIME, NO_WAY, Matrix
from tests.solver.problems import (
    Call,
    depot,
    later,
    line,
    line_problem,
    pause,
    problems,
    shift,
    timed_route,
    visit,
    window,
)

ANN = frozenset({"ann"})


def faults(**parts: Any) -> list[tuple[str, str]]:
    """What is wrong with a problem of three places, as (code, where)."""
    things: dict[str, Any] = {"visits": (), "shifts": (), "travel_time": line(3)}
    things = things | {"distance": line(3)} | parts
    try:
        Problem(**things)
    except InvalidProblem as invalid:
        return [(fault.code, fault.where) for fault in invalid.faults]
    return []


def with_visit(**rules: Any) -> list[tuple[str, str]]:
    return faults(visits=[visit(**rules)])


def with_shift(**rules: Any) -> list[tuple[str, str]]:
    return faults(shifts=[shift(**rules)])


def with_depot(**rules: Any) -> list[tuple[str, str]]:
    return faults(depots=[depot(**rules)])


# --- matrices ----------------------------------------------------------------------------------


def test_a_problem_may_be_empty() -> None:
    assert faults(travel_time=np.zeros((0, 0)), distance=np.zeros((0, 0))) == []
    assert faults(travel_time=[], distance=[]) == []


@pytest.mark.parametrize("name", ["travel_time", "distance"])
def test_a_matrix_that_is_not_square_is_refused(name: str) -> None:
    assert ("matrix_shape", name) in faults(**{name: line(3)[:2]})
    assert ("matrix_shape", name) in faults(**{name: np.zeros(3, np.int64)})
    assert ("matrix_shape", name) in faults(**{name: np.zeros((3, 3, 3), np.int64)})


def test_matrices_over_different_locations_are_refused() -> None:
    assert faults(distance=line(4)) == [("matrix_shape", "distance")]


@pytest.mark.parametrize("name", ["travel_time", "distance"])
def test_a_matrix_of_anything_but_whole_numbers_from_0_to_the_limit_is_refused(name: str) -> None:
    assert faults(**{name: line(3) + 0.5}) == [("matrix_type", name)]
    assert faults(**{name: np.full((3, 3), np.nan)}) == [("matrix_type", name)]
    assert faults(**{name: line(3) - 1}) == [("negative", name)]
    assert faults(**{name: line(3) + MAX_TIME}) == [("too_large", name)]


def without(*legs: tuple[int, int]) -> Matrix:
    """Three places in a line, without the ways named."""
    matrix = line(3)
    for leg in legs:
        matrix[leg] = NO_WAY
    return matrix


def test_there_may_be_no_way_from_one_place_to_another() -> None:
    assert faults(travel_time=without((0, 2)), distance=without((0, 2))) == []


def test_a_way_that_is_missing_in_one_matrix_alone_is_refused() -> None:
    found = faults(travel_time=without((0, 2)), distance=without((2, 0)))
    assert found == [("no_way", "travel_time and distance [0, 2]")]


def test_every_place_can_be_reached_from_itself() -> None:
    found = faults(travel_time=without((1, 1)), distance=without((1, 1)))
    assert found == [("no_way", "travel_time [1, 1]"), ("no_way", "distance [1, 1]")]


def test_no_way_is_longer_than_the_longest_shift() -> None:
    endless = shift(start=-MAX_TIME, end=MAX_TIME, max_overtime=MAX_TIME)
    assert faults(shifts=[endless]) == []
    assert endless.end + endless.max_overtime - endless.start < NO_WAY


def test_a_missing_way_makes_nothing_dearer() -> None:
    visits, shifts = (visit(),), (shift(),)
    whole = Problem(visits, shifts, line(3), line(3), objective=Objective(distance=5))
    cut = Problem(visits, shifts, *(without((0, 1)),) * 2, objective=Objective(distance=5))
    assert cut.prices == whole.prices


def test_where_ways_are_missing_weights_leave_room_for_sums_of_them() -> None:
    matrices = {"travel_time": without((0, 2)), "distance": without((0, 2))}
    dear = Objective(working_time=1000, travel_time=20, distance=5)
    assert faults(objective=dear, **matrices) == [("too_large", "objective")]
    assert faults(objective=replace(dear, distance=4), **matrices) == []
    assert faults(objective=dear) == []


def test_matrices_of_any_whole_number_type_are_taken() -> None:
    assert faults(travel_time=line(3).astype(np.uint8), distance=line(3).tolist()) == []


def test_a_problem_keeps_its_own_copy_of_the_matrices() -> None:
    mine = line(3)
    problem = Problem((), (), mine, mine)
    mine[0, 1] = 99
    assert problem.travel_time[0, 1] == problem.distance[0, 1] == 10
    with pytest.raises(ValueError, match="read-only"):
        problem.travel_time[0, 1] = 99


def test_matrices_that_nobody_can_change_are_shared_and_not_copied() -> None:
    problem = Problem((), (), line(3), line(3))
    other = replace(problem, visits=(visit(),))
    assert other.travel_time is problem.travel_time
    assert other.distance is problem.distance


def test_a_view_that_is_read_only_is_copied_for_what_is_behind_it_may_change() -> None:
    mine = line(3)
    view = mine[:]
    view.setflags(write=False)
    problem = Problem((), (), view, view)
    mine[0, 1] = 99
    assert problem.travel_time[0, 1] == problem.distance[0, 1] == 10


# --- visits, shifts, depots --------------------------------------------------------------------


def test_ids_that_occur_twice_are_refused() -> None:
    assert faults(visits=[visit("x"), visit("x")]) == [("duplicate_id", "visit 'x'")]
    assert faults(depots=[depot("x"), depot("x")]) == [("duplicate_id", "depot 'x'")]
    shifts = [shift("x"), shift("x", "bob")]
    assert faults(shifts=shifts) == [("duplicate_id", "shift 'x'")]
    assert with_shift(breaks=(pause("x"), pause("x"))) == [
        ("duplicate_id", "shift 's' break 'x'"),
    ]  # fmt: skip


def test_a_visit_and_a_shift_and_a_depot_may_share_an_id() -> None:
    assert faults(visits=[visit("x")], shifts=[shift("x")], depots=[depot("x")]) == []


@pytest.mark.parametrize("location", [-1, 3])
def test_a_location_outside_the_matrices_is_refused(location: int) -> None:
    assert with_visit(location=location) == [("unknown_location", "visit 'v'")]
    assert with_depot(location=location) == [("unknown_location", "depot 'd'")]
    assert with_shift(start_location=location) == [("unknown_location", "shift 's'")]
    assert with_shift(end_location=location) == [("unknown_location", "shift 's'")]


def test_negative_durations_and_numbers_are_refused() -> None:
    assert with_visit(duration=-1) == [("negative", "visit 'v'")]
    assert with_visit(parts={"pump": -1}) == [("negative", "visit 'v'")]
    assert with_visit(skills={"gas": -1}) == [("negative", "visit 'v'")]
    assert with_depot(duration=-1) == [("negative", "depot 'd'")]
    assert with_depot(stock={"pump": -1}) == [("negative", "depot 'd'")]
    assert with_shift(max_overtime=-1) == [("negative", "shift 's'")]
    assert with_shift(stock={"pump": -1}) == [("negative", "shift 's'")]
    assert with_shift(skills={"gas": -1}) == [("negative", "shift 's'")]
    assert with_shift(breaks=(pause("tea", duration=-1),)) == [
        ("negative", "shift 's' break 'tea'")
    ]


def test_windows_that_end_before_they_start_are_refused() -> None:
    bad = (window(0, 5), window(9, 8))
    assert with_visit(windows=bad) == [("window_order", "visit 'v'")]
    assert with_depot(windows=bad) == [("window_order", "depot 'd'")]
    assert with_shift(start=9, end=8) == [("window_order", "shift 's'")]
    assert with_shift(breaks=(pause("tea", 9, 8),)) == [("window_order", "shift 's' break 'tea'")]


def test_a_window_of_one_moment_and_an_empty_shift_are_fine() -> None:
    assert with_visit(windows=(window(7, 7),)) == []
    assert with_shift(start=7, end=7) == []


@pytest.mark.parametrize("moment", [MAX_TIME + 1, -MAX_TIME - 1])
def test_times_too_far_from_the_epoch_are_refused(moment: int) -> None:
    bounds = window(min(moment, 0), max(moment, 0))
    too_large = [("too_large", "visit 'v'")]
    assert with_visit(windows=(bounds,)) == too_large
    assert with_visit(due=moment) == too_large
    assert with_visit(pin=Pin("ann", moment)) == too_large
    assert with_visit(previous=Previous("ann", moment)) == too_large
    assert with_depot(windows=(bounds,)) == [("too_large", "depot 'd'")]
    assert ("too_large", "shift 's'") in with_shift(start=bounds.start, end=bounds.end)


def test_durations_beyond_the_limit_are_refused() -> None:
    assert with_visit(duration=MAX_TIME) == []
    assert with_visit(duration=MAX_TIME + 1) == [("too_large", "visit 'v'")]
    assert ("too_large", "shift 's'") in with_shift(max_overtime=MAX_TIME + 1)


@pytest.mark.parametrize("priority", [-1, 5])
def test_a_priority_without_a_factor_is_refused(priority: int) -> None:
    assert with_visit(priority=priority) == [("priority", "visit 'v'")]


def test_a_visit_for_which_everyone_allowed_is_forbidden_is_refused() -> None:
    assert with_visit(allowed=ANN, forbidden=ANN | {"bob"}) == [("no_one_allowed", "visit 'v'")]
    assert with_visit(allowed=frozenset()) == [("no_one_allowed", "visit 'v'")]
    assert with_visit(allowed=ANN | {"bob"}, forbidden=ANN) == []


def test_a_technician_cannot_work_two_shifts_at_once() -> None:
    early = shift("early", end=500, max_overtime=100)
    overlap = [("overlapping_shifts", "technician 'ann'")]
    assert faults(shifts=[shift("late", start=599, end=900), early]) == overlap
    assert faults(shifts=[shift("late", start=600, end=900), early]) == []
    assert faults(shifts=[shift("late", "bob", start=0, end=900), early]) == []


# --- objective ---------------------------------------------------------------------------------

WEIGHTS = [weight.name for weight in fields(Objective) if isinstance(weight.default, int)]


@pytest.mark.parametrize("weight", WEIGHTS)
def test_a_negative_weight_is_refused(weight: str) -> None:
    negative: dict[str, Any] = {weight: -1}
    objective = replace(Objective(), **negative)
    assert faults(objective=objective) == [("negative", f"objective {weight}")]


@pytest.mark.parametrize("name", ["lateness_factors", "promptness"])
@pytest.mark.parametrize("numbers", [(1, 2), (0, 1, 2, 3, -1)])
def test_what_goes_by_priority_is_there_for_each_and_not_negative(
    name: str, numbers: tuple[int, ...]
) -> None:
    by_priority: dict[str, Any] = {name: numbers}
    objective = replace(Objective(), **by_priority)
    assert faults(objective=objective) == [("priority_factors", f"objective {name}")]


@pytest.mark.parametrize("factors", [(), (0, 1), (1, 5, 3)])
def test_priority_factors_rise_from_at_least_1(factors: tuple[int, ...]) -> None:
    expected = [("priority_factors", "objective unassigned")]
    assert faults(objective=Objective(unassigned=factors)) == expected


def test_costs_that_do_not_fit_into_64_bits_are_refused() -> None:
    parts: dict[str, Any] = {"visits": [visit()], "shifts": [shift()]}
    assert faults(**parts, objective=Objective(working_time=2**40)) == []
    expected = [("too_large", "objective")]
    assert faults(**parts, objective=Objective(working_time=2**60)) == expected


# --- all at once -------------------------------------------------------------------------------


def test_all_faults_are_reported_at_once_in_the_order_of_the_problem() -> None:
    with pytest.raises(InvalidProblem) as invalid:
        Problem(
            visits=(
                visit("a", 9, -5, windows=(window(9, 8), window(3, 2))),
                visit("a", priority=7),
            ),
            shifts=(shift("s", start=5, end=4), shift("t", "bob", stock={"pump": -1})),
            travel_time=line(3) - 1,
            distance=line(2),
            depots=(depot(stock={"pump": -2, "hose": -3}),),
            objective=Objective(lateness=-1, overtime=-2),
        )
    assert [(fault.code, fault.where) for fault in invalid.value.faults] == [
        ("negative", "travel_time"),
        ("matrix_shape", "distance"),
        ("negative", "objective lateness"),
        ("negative", "objective overtime"),
        ("duplicate_id", "visit 'a'"),
        ("unknown_location", "visit 'a'"),
        ("negative", "visit 'a'"),
        ("window_order", "visit 'a'"),
        ("window_order", "visit 'a'"),
        ("priority", "visit 'a'"),
        ("window_order", "shift 's'"),
        ("negative", "shift 't'"),
        ("negative", "depot 'd'"),
        ("negative", "depot 'd'"),
    ]


def test_the_error_names_each_fault_with_its_cause_and_what_to_do() -> None:
    with pytest.raises(InvalidProblem) as invalid:
        line_problem([visit(windows=(window(9, 8),), priority=5)])
    assert invalid.value.faults[0] == Fault(
        "window_order", "visit 'v'", "the window 9-8 ends before it starts", "swap its ends"
    )
    assert str(invalid.value) == (
        "visit 'v': the window 9-8 ends before it starts; swap its ends [window_order]\n"
        "visit 'v': priority 5 has no factor in the objective; "
        "use 0 to 4 or add a factor to objective.unassigned [priority]"
    )


# --- prices and fair shares --------------------------------------------------------------------


def test_a_dearer_priority_and_a_pin_make_a_visit_dearer_to_leave_out() -> None:
    problem = line_problem(
        [
            visit("low", priority=0),
            visit("high", priority=2),
            visit("pin", priority=0, pin=Pin("ann")),
        ],
        [shift()],
    )
    low = problem.prices["low"]
    assert low > 0
    assert problem.prices["high"] == 10 * low
    assert problem.prices["pin"] == low + PINNED_FACTOR * problem.prices["high"]


@given(problems(max_visits=3, max_technicians=2), st.sampled_from((0, 5)))
@settings(deadline=None)
def test_serving_a_visit_alone_is_never_dearer_than_leaving_it_out(
    problem: Problem, worst_lateness: int
) -> None:
    assume(problem.shifts)
    costs = replace(problem.objective, worst_lateness=worst_lateness)
    problem = replace(problem, objective=costs)
    for one in problem.visits:
        ways: list[list[str | Call]] = [[one.id]]
        ways += [[Call(d.id), one.id] for d in problem.depots]
        for s in problem.shifts:
            for way in ways:
                route = timed_route(problem, s.id, way)
                if route is not None:
                    assert sum(cost(problem, [route], []).values()) < problem.prices[one.id]


@given(problems())
@settings(deadline=None, max_examples=50)
def test_prices_and_fair_shares_do_not_depend_on_the_epoch(problem: Problem) -> None:
    assume(problem.shifts)
    moved = later(problem, 86_400)
    assert (moved.prices, moved.fair_shares) == (problem.prices, problem.fair_shares)


def test_leaving_a_visit_out_costs_more_than_the_worst_lateness_it_can_bring() -> None:
    late = visit("late", 1, 900, due=0, windows=(window(90, 99),))
    problem = line_problem([late], [shift(end=1000)], worst_lateness=50, working_time=0)
    route = timed_route(problem, "s", ["late"])
    assert route is not None
    assert sum(cost(problem, [route], []).values()) == 50 * 990
    assert problem.prices["late"] > 50 * 990


def test_fair_shares_divide_all_service_by_the_length_of_the_shifts() -> None:
    problem = line_problem(
        [visit("a", 1, 70), visit("b", 1, 31)], [shift("s", end=300), shift("t", "bob", end=100)]
    )
    assert problem.fair_shares == {"s": 76, "t": 26}


def test_fair_shares_of_empty_shifts_are_nothing() -> None:
    problem = line_problem([visit()], [shift(end=0)])
    assert problem.fair_shares == {"s": 0}
