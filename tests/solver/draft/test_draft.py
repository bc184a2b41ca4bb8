"""A plan under construction is feasible at every moment."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from solver.draft.draft import Draft
from solver.draft.insertion import best_place, fill, make_room
from solver.judge.check import check
from solver.problem import Pin, Problem, Visit
from solver.solution import Route, StopKind
from tests.solver.draft.drafts import filled, sequences
from tests.solver.problems import (
    Call,
    depot,
    line_problem,
    problems,
    serial_solution,
    shift,
    solution_of,
    timed_route,
    visit,
    window,
)

CRANE = frozenset({"crane"})


def stops(routes: Sequence[Route]) -> dict[str, str]:
    return {
        route.shift: " ".join(s.id for s in route.stops if s.kind is not StopKind.BREAK)
        for route in routes
    }


def is_valid(draft: Draft) -> bool:
    routes = draft.routes()
    assert stops(routes) == sequences(draft)
    return check(draft.problem, solution_of(draft.problem, *routes)) == ()


# --- always feasible ---------------------------------------------------------------------------


@given(problems(), st.randoms(use_true_random=False))
def test_a_draft_is_feasible_whatever_is_put_in_and_taken_out(
    problem: Problem, random: Random
) -> None:
    draft = filled(problem)
    assert is_valid(draft)
    placed = {v.id for v in problem.visits} - {v.id for v in draft.unassigned()}
    gone = {name for name in sorted(placed) if random.random() < 0.5}
    draft.remove(gone)
    assert is_valid(draft)
    assert gone <= {v.id for v in draft.unassigned()}
    fill(draft, draft.unassigned())
    assert is_valid(draft)
    for left in draft.unassigned():
        before = sequences(draft)
        assert make_room(draft, left) or sequences(draft) == before
        assert is_valid(draft)


@given(problems(), st.booleans())
def test_a_valid_plan_is_taken_over_as_it_is(problem: Problem, early_breaks: bool) -> None:
    solution = serial_solution(problem, early_breaks=early_breaks)
    draft = Draft(problem)
    draft.adopt(solution.routes)
    assert sequences(draft) == stops(solution.routes)
    assert is_valid(draft)


@given(problems(), problems())
def test_of_a_plan_for_other_circumstances_what_is_still_possible_is_taken_over(
    problem: Problem, other: Problem
) -> None:
    draft = Draft(problem)
    draft.adopt(serial_solution(other).routes)
    assert is_valid(draft)


@given(problems())
def test_a_draft_takes_over_its_own_routes_in_any_order(problem: Problem) -> None:
    draft = filled(problem)
    again = Draft(problem)
    again.adopt(draft.routes()[::-1])
    assert sequences(again) == sequences(draft)


# --- taking over a plan ------------------------------------------------------------------------


def test_unknown_and_doubled_things_are_left_out_when_a_plan_is_taken_over() -> None:
    problem = line_problem([visit("a", 1), visit("b", 2)], [shift()])
    route = timed_route(problem, "s", ["a", "b"])
    assert route is not None
    ghost = replace(route.stops[0], id="ghost")
    elsewhere = replace(route, shift="limbo")
    draft = Draft(problem)
    draft.adopt([replace(route, stops=(route.stops[1], ghost, *route.stops)), elsewhere])
    assert sequences(draft) == {"s": "b a"}


def test_what_a_technician_may_no_longer_do_is_left_out_when_a_plan_is_taken_over() -> None:
    before = line_problem([visit("a", 1), visit("b", 2)], [shift()])
    route = timed_route(before, "s", ["a", "b"])
    assert route is not None
    now = line_problem([visit("a", 1, forbidden=frozenset({"ann"})), visit("b", 2)], [shift()])
    draft = Draft(now)
    draft.adopt([route])
    assert sequences(draft) == {"s": "b"}


def test_a_shorter_shift_keeps_the_first_visits_of_a_plan_and_no_call_for_nothing() -> None:
    visits = [visit("a", 1, 40), visit("b", 1, 40, parts={"pump": 1})]
    before = line_problem(visits, [shift()], [depot("d", 1)])
    route = timed_route(before, "s", ["a", Call("d", {"pump": 1}), "b"])
    assert route is not None
    draft = Draft(line_problem(visits, [shift(end=70)], [depot("d", 1)]))
    draft.adopt([route])
    assert sequences(draft) == {"s": "a"}


def test_a_plan_in_force_is_replaced_as_a_whole_by_the_one_taken_over() -> None:
    problem = line_problem([visit("a", 1), visit("b", 2)], [shift()])
    draft = filled(problem)
    draft.adopt([])
    assert sequences(draft) == {}
    assert [v.id for v in draft.unassigned()] == ["a", "b"]


def test_parts_fetched_on_monday_for_tuesday_are_taken_over_if_tuesday_is_listed_first() -> None:
    visits = [
        visit("a", 1, parts={"pump": 1}, windows=(window(0, 500),)),
        visit("b", 1, parts={"pump": 1}, windows=(window(2000, 2500),)),
    ]
    shifts = [shift("tuesday", start=2000, end=2500), shift("monday")]
    problem = line_problem(visits, shifts, [depot("d", 2, windows=(window(0, 900),))])
    routes = [timed_route(problem, "tuesday", ["b"])]
    routes += [timed_route(problem, "monday", [Call("d", {"pump": 2}), "a"])]
    draft = Draft(problem)
    draft.adopt([route for route in routes if route is not None])
    assert sequences(draft) == {"monday": "d a", "tuesday": "b"}
    assert is_valid(draft)


# --- taking out --------------------------------------------------------------------------------


def test_a_call_that_nobody_needs_any_more_goes_with_its_visit() -> None:
    visits = [visit("a", 1), visit("b", 3, parts={"pump": 1}), visit("c", 4, tools=CRANE)]
    draft = filled(line_problem(visits, [shift(end_location=5)], [depot("d", 2, tools=CRANE)]))
    assert sequences(draft) == {"s": "a d b c"}
    draft.remove(["b"])
    assert sequences(draft) == {"s": "a d c"}
    draft.remove(["c"])
    assert sequences(draft) == {"s": "a"}


def test_what_a_call_took_is_back_on_the_shelf_for_others() -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 3, parts={"pump": 1})]
    shifts = [shift("s"), shift("t", "bob", start_location=4, end_location=4)]
    problem = line_problem(visits, shifts, [depot("d", 2, stock={"pump": 1})])
    draft = filled(problem, "a")
    assert best_place(draft, draft.visits[1], problem.shifts[1]) is None
    draft.remove(["a"])
    assert best_place(draft, draft.visits[1], problem.shifts[1]) is not None
    fill(draft, draft.visits[:1])
    draft.adopt([])
    assert best_place(draft, draft.visits[1], problem.shifts[1]) is not None


def test_a_pinned_time_is_the_only_window_of_a_visit_in_a_draft() -> None:
    pinned: Visit = visit("a", 1, windows=(window(0, 500),), pin=Pin("ann", 70))
    (one,) = Draft(line_problem([pinned], [shift()])).visits
    assert one.windows == (window(70, 70),)
