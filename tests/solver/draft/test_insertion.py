"""Visits go where they cost least."""

from dataclasses import replace

import pytest
from hypothesis import given

from solver.draft.draft import Draft
from solver.draft.insertion import best_place, fill, make_room
from solver.problem import Pin, Problem
from tests.solver.draft.drafts import filled, sequences
from tests.solver.problems import depot, line_problem, pause, problems, shift, visit, window

# --- the best place ----------------------------------------------------------------------------


@pytest.mark.parametrize(("location", "sequence"), [(1, "new a b"), (3, "a new b"), (5, "a b new")])
def test_a_visit_goes_where_the_detour_is_least(location: int, sequence: str) -> None:
    visits = [visit("a", 2), visit("b", 4), visit("new", location)]
    problem = line_problem(visits, [shift(end_location=6)])
    draft = filled(problem, "a", "b")
    option = best_place(draft, visits[2], problem.shifts[0])
    assert option is not None
    assert " ".join(call.id for call in option.sequence) == sequence
    assert option.cost == 5


def test_a_visit_goes_where_its_window_lets_it() -> None:
    visits = [visit("a", 2, windows=(window(0, 30),)), visit("new", 1, windows=(window(70, 90),))]
    problem = line_problem(visits, [shift(end_location=6)])
    option = best_place(filled(problem, "a"), visits[1], problem.shifts[0])
    assert option is not None
    assert [call.id for call in option.sequence] == ["a", "new"]


def test_there_is_no_place_where_the_break_has_none() -> None:
    visits = [visit("a", 1, 40), visit("new", 1, 30)]
    rested = shift(end=110, breaks=(pause("lunch", 35, 60, 30),))
    for breaks, possible in ((rested.breaks, False), ((), True)):
        problem = line_problem(visits, [replace(rested, breaks=breaks)])
        option = best_place(filled(problem, "a"), visits[1], problem.shifts[0])
        assert (option is not None) == possible


def test_a_depot_call_comes_where_it_costs_least() -> None:
    visits = [visit("a", 1), visit("new", 4, parts={"pump": 1})]
    problem = line_problem(visits, [shift(end_location=5)], [depot("far", 30), depot("d", 3)])
    option = best_place(filled(problem, "a"), visits[1], problem.shifts[0])
    assert option is not None
    assert [call.id for call in option.sequence] == ["a", "d", "new"]


def test_a_call_that_is_there_already_serves_the_new_visit_too() -> None:
    visits = [visit("a", 3, parts={"pump": 1}), visit("new", 4, parts={"pump": 1})]
    problem = line_problem(visits, [shift(end_location=5)], [depot("d", 2)])
    option = best_place(filled(problem, "a"), visits[1], problem.shifts[0])
    assert option is not None
    assert [call.id for call in option.sequence] == ["d", "a", "new"]


@given(problems())
def test_whatever_is_left_out_has_no_place_any_more(problem: Problem) -> None:
    draft = filled(problem)
    for left in draft.unassigned():
        assert all(best_place(draft, left, s) is None for s in draft.eligible[left.id])


# --- filling -----------------------------------------------------------------------------------


def test_pinned_visits_come_first_then_the_more_important_ones() -> None:
    visits = [
        visit("low", 1, 60, priority=0),
        visit("high", 1, 60, priority=4),
        visit("pinned", 1, 60, priority=0, pin=Pin("ann")),
    ]
    assert sequences(filled(line_problem(visits, [shift(end=100)]))) == {"s": "pinned"}
    assert sequences(filled(line_problem(visits[:2], [shift(end=100)]))) == {"s": "high"}
    assert set(sequences(filled(line_problem(visits, [shift(end=150)])))["s"].split()) == {
        "pinned",
        "high",
    }


def test_a_visit_that_only_one_technician_can_make_gets_the_place_there() -> None:
    visits = [visit("anyone", 1, 60), visit("gas", 1, 60, skills={"gas": 1})]
    shifts = [
        shift("s", end=100, skills={"gas": 1}),
        shift("t", "bob", start_location=2, end_location=2, end=100),
    ]
    assert sequences(filled(line_problem(visits, shifts))) == {"s": "gas", "t": "anyone"}


def test_the_visit_that_would_lose_most_by_going_elsewhere_is_placed_first() -> None:
    """Both would rather go to Ann, who has time for one; the first is nearer to her."""
    visits = [visit("x", 1, 60), visit("y", 2, 60, preferred=frozenset({"ann"}))]
    shifts = [shift("s", end=110), shift("t", "bob", start_location=10, end_location=10)]
    assert sequences(filled(line_problem(visits, shifts, not_preferred=900))) == {
        "s": "y",
        "t": "x",
    }


def test_room_is_made_by_moving_another_visit_elsewhere() -> None:
    visits = [visit("anyone", 1, 60), visit("gas", 1, 60, skills={"gas": 1})]
    problem = line_problem(
        visits,
        [shift("s", end=100, skills={"gas": 1}), shift("t", "bob", start_location=2, end=100)],
    )
    draft = filled(problem, "anyone")
    assert sequences(draft) == {"s": "anyone"}
    assert make_room(draft, draft.visits[1])
    assert sequences(draft) == {"s": "gas", "t": "anyone"}


@pytest.mark.parametrize(("priority", "made"), [(0, False), (1, False), (2, True)])
def test_room_is_made_by_leaving_out_only_what_matters_less(priority: int, made: bool) -> None:
    visits = [visit("there", 1, 60, priority=1), visit("new", 1, 60, priority=priority)]
    draft = filled(line_problem(visits, [shift(end=100)]), "there")
    assert make_room(draft, draft.visits[1]) == made
    assert sequences(draft) == {"s": "new" if made else "there"}


def test_filling_stops_when_it_is_told_to() -> None:
    problem = line_problem([visit("a"), visit("b")], [shift()])
    draft = Draft(problem)
    fill(draft, draft.unassigned(), lambda: True)
    assert sequences(draft) == {}
