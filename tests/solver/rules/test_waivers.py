"""What is set aside for one visit, and that it serves no other."""

from dataclasses import replace
from typing import Any

import pytest

from solver.judge.check import check
from solver.problem import Pin, Problem
from solver.rules.eligibility import eligible_shifts
from solver.rules.waivers import Waiver, waived, waivers_for
from solver.solution import EARLIER, LATER, START, TECHNICIAN, Route, Rule, Solution
from tests.solver.problems import (
    depot,
    line_problem,
    pause,
    shift,
    solution_of,
    timed_route,
    visit,
    window,
)
from tests.solver.routes import at, call, rest, route

CRANE = frozenset({"crane"})


def solution(problem: Problem, *routes: Route) -> Solution:
    return solution_of(problem, *routes)


def needed(problem: Problem, *routes: Route) -> set[tuple[Rule, str, str, int]] | None:
    """What has to be waived for the routes, for the sake of ``a``; proved to be enough."""
    found = waivers_for(problem, check(problem, solution(problem, *routes)), "a", "s")
    if found is None:
        return None
    lenient = waived(problem, found)
    assert check(lenient, solution(lenient, *routes)) == ()
    assert {waiver.technician for waiver in found} <= {"ann"}
    return {(waiver.rule, waiver.visit, waiver.subject, waiver.amount) for waiver in found}


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        ({"skills": {"gas": 3}}, (Rule.SKILLS, "a", "gas", 2)),
        ({"windows": (window(13, 20),)}, (Rule.TIME_WINDOWS, "a", EARLIER, 3)),
        ({"windows": (window(0, 6),)}, (Rule.TIME_WINDOWS, "a", LATER, 4)),
        ({"allowed": frozenset({"bob"})}, (Rule.TECHNICIANS, "a", "", 1)),
        ({"forbidden": frozenset({"ann"})}, (Rule.TECHNICIANS, "a", "", 1)),
        ({"territory": "north"}, (Rule.TERRITORY, "a", "north", 1)),
        ({"pin": Pin("bob")}, (Rule.PINS, "a", TECHNICIAN, 1)),
        ({"pin": Pin("ann", 17)}, (Rule.PINS, "a", START, 7)),
        ({"parts": {"belt": 3}}, (Rule.PARTS, "a", "belt", 2)),
        ({"tools": CRANE}, (Rule.TOOLS, "a", "crane", 1)),
    ],
)
def test_a_broken_rule_of_a_visit_is_waived_by_its_amount(
    demand: dict[str, Any], expected: tuple[Rule, str, str, int]
) -> None:
    ann = shift(skills={"gas": 1}, stock={"belt": 1}, territories=frozenset({"south"}))
    bob = shift("t", "bob")
    problem = line_problem([visit("a", 1, **demand)], [ann, bob])
    assert needed(problem, route(at("a", 10), end=25)) == {expected}


def test_a_late_end_is_overtime_for_the_sake_of_the_visit() -> None:
    problem = line_problem([visit("a", 1)], [shift(end=20, max_overtime=2)])
    assert needed(problem, route(at("a", 10), end=25)) == {(Rule.SHIFT, "a", "", 3)}


def test_a_late_break_may_start_later() -> None:
    problem = line_problem([visit("a", 1)], [shift(breaks=(pause(start=5, end=10),))])
    assert needed(problem, route(at("a", 10), rest("lunch", 15), end=45)) == {
        (Rule.BREAKS, "a", "lunch", 5)
    }


def test_another_visit_that_comes_late_has_a_waiver_of_its_own() -> None:
    late = visit("b", 2, windows=(window(0, 20),))
    problem = line_problem([visit("a", 1), late], [shift()])
    assert needed(problem, timed(problem, "a", "b")) == {(Rule.TIME_WINDOWS, "b", LATER, 5)}


def timed(problem: Problem, *names: str) -> Route:
    lenient = replace(problem, visits=tuple(replace(v, windows=()) for v in problem.visits))
    found = timed_route(lenient, "s", list(names))
    assert found is not None
    return found


def test_what_a_depot_is_short_of_the_van_has_to_have() -> None:
    problem = line_problem(
        [visit("a", 1, parts={"belt": 2})], [shift()], [depot("d", 2, stock={"belt": 1})]
    )
    taking_two = route(call("d", 20, {"belt": 2}), at("a", 30), end=45)
    found = waivers_for(problem, check(problem, solution(problem, taking_two)), "a", "s")
    assert found == (Waiver(Rule.PARTS, "a", "ann", "s", "belt", 1),)
    lenient = waived(problem, found)
    taking_one = route(call("d", 20, {"belt": 1}), at("a", 30), end=45)
    assert check(lenient, solution(lenient, taking_one)) == ()


def test_nothing_helps_against_a_closed_depot_or_travel_that_does_not_fit() -> None:
    closed = depot("d", 2, windows=(window(100, 200),))
    problem = line_problem([visit("a", 1, parts={"belt": 1})], [shift()], [closed])
    assert needed(problem, route(call("d", 20, {"belt": 1}), at("a", 30), end=45)) is None
    assert needed(problem, route(call("d", 100, {"belt": 1}), at("a", 105), end=130)) is None


def test_a_waiver_opens_the_visit_to_nobody_else() -> None:
    shifts = [shift(skills={"gas": 1}), shift("t", "bob", skills={"gas": 1})]
    problem = line_problem([visit("a", 1, skills={"gas": 2})], shifts)
    assert not eligible_shifts(problem)["a"]
    lenient = waived(problem, [Waiver(Rule.SKILLS, "a", "ann", "s", "gas", 1)])
    assert [found.id for found in eligible_shifts(lenient)["a"]] == ["s"]


def test_overtime_ends_when_the_next_shift_starts() -> None:
    shifts = [shift(end=100), shift("late", start=130, end=200)]
    problem = line_problem([visit("a", 1)], shifts)
    lenient = waived(problem, [Waiver(Rule.SHIFT, "a", "ann", "s", "", 50)])
    assert [found.max_overtime for found in lenient.shifts] == [30, 0]


def test_what_is_not_there_any_more_is_passed_over() -> None:
    problem = line_problem([visit("a", 1)], [shift()])
    gone = [
        Waiver(Rule.SKILLS, "b", "ann", "s", "gas", 1),
        Waiver(Rule.SHIFT, "b", "ann", "yesterday", "", 50),
    ]
    lenient = waived(problem, gone)
    assert (lenient.visits, lenient.shifts) == (problem.visits, problem.shifts)
    assert waived(problem, []) is problem
