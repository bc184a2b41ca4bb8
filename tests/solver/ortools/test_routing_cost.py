"""The routing model alone: it counts what a plan costs to the cent, by every soft rule."""

from dataclasses import fields
from typing import Any

import pytest

from solver.objective import Objective
from solver.problem import Previous, Shift, Visit
from solver.solution import Rule
from tests.solver.answers import valid
from tests.solver.problems import depot, line_problem, pause, shift, visit, window

GAS = {"gas": 1}
SOFT_CASES: dict[str, tuple[Rule, int, list[Visit], list[Shift], dict[str, Any]]] = {
    "late": (Rule.LATENESS, 3 * 5, [visit("a", 1, due=10)], [shift()], {"lateness": 3}),
    "in time": (Rule.LATENESS, 0, [visit("a", 1, due=15)], [shift()], {"lateness": 3}),
    "due before the first shift": (
        Rule.LATENESS,
        3 * 515,
        [visit("a", 1, due=-500)],
        [shift()],
        {"lateness": 3},
    ),
    "started earlier than published": (
        Rule.MOVED_TIME,
        2 * 90,
        [visit("a", 1, windows=(window(10, 10),), previous=Previous("ann", 100))],
        [shift()],
        {"moved_time": 2},
    ),
    "started later than published": (
        Rule.MOVED_TIME,
        2 * 50,
        [visit("a", 1, windows=(window(150, 200),), previous=Previous("ann", 100))],
        [shift()],
        {"moved_time": 2},
    ),
    "moved within the tolerance": (
        Rule.MOVED_TIME,
        0,
        [visit("a", 1, windows=(window(150, 200),), previous=Previous("ann", 100))],
        [shift()],
        {"moved_time": 2, "moved_time_tolerance": 50},
    ),
    "moved though told": (
        Rule.MOVED_TIME,
        2 * 3 * 10,
        [visit("a", 1, windows=(window(150, 200),), previous=Previous("ann", 100, told=True))],
        [shift()],
        {"moved_time": 2, "moved_time_tolerance": 40, "told_factor": 3},
    ),
    "published before the first shift": (
        Rule.MOVED_TIME,
        110,
        [visit("a", 1, windows=(window(10, 10),), previous=Previous("ann", -100))],
        [shift()],
        {"moved_time": 1},
    ),
    "published after the last shift": (
        Rule.MOVED_TIME,
        5990,
        [visit("a", 1, windows=(window(10, 10),), previous=Previous("ann", 6000))],
        [shift()],
        {"moved_time": 1},
    ),
    "moved and late at once": (
        Rule.MOVED_TIME,
        50,
        [visit("a", 1, due=120, windows=(window(150, 150),), previous=Previous("ann", 100))],
        [shift()],
        {"moved_time": 1, "lateness": 2},
    ),
    "not preferred": (
        Rule.NOT_PREFERRED,
        9,
        [visit("a", 1, preferred=frozenset({"bob"}))],
        [shift()],
        {"not_preferred": 9},
    ),
    "over-skilled": (
        Rule.OVER_SKILLED,
        4 * 2,
        [visit("a", 1, skills=GAS)],
        [shift(skills={"gas": 3, "power": 3})],
        {"over_skilled": 4},
    ),
    "another technician": (
        Rule.CHANGED_TECHNICIAN,
        11,
        [visit("a", 1, previous=Previous("bob", 10))],
        [shift()],
        {"changed_technician": 11, "told_factor": 5},
    ),
    "another technician though told": (
        Rule.CHANGED_TECHNICIAN,
        55,
        [visit("a", 1, previous=Previous("bob", 10, told=True))],
        [shift()],
        {"changed_technician": 11, "told_factor": 5},
    ),
    "more than a fair share": (
        Rule.IMBALANCE,
        6 * 30,
        [visit("a", 1, 60)],
        [shift(), shift("t", "bob")],
        {"imbalance": 6},
    ),
}


@pytest.mark.parametrize("case", SOFT_CASES)
def test_what_a_plan_costs_is_counted_to_the_cent(case: str) -> None:
    rule, cents, visits, shifts, weights = SOFT_CASES[case]
    problem = line_problem(visits, shifts, **weights)
    assert valid(problem, s="a").cost[rule] == cents


def test_a_visit_that_would_be_late_anyway_costs_its_price_and_no_more_if_left_out() -> None:
    moved = Previous("ann", -300)
    problem = line_problem(
        [visit("a", 1, due=-500, previous=moved)], [shift()], lateness=3, moved_time=2
    )
    assert valid(problem).objective == problem.prices["a"]
    valid(problem, s="a")


@pytest.mark.parametrize("plan", [{}, {"s": "a"}, {"t": "b"}, {"s": "b", "t": "a"}, {"t": "a b"}])
def test_costs_that_differ_by_technician_are_counted_with_a_visit_left_out(
    plan: dict[str, str],
) -> None:
    visits = [
        visit("a", 1, preferred=frozenset({"bob"}), skills=GAS),
        visit("b", 2, previous=Previous("ann", 30)),
    ]
    shifts = [shift(skills={"gas": 3}), shift("t", "bob", skills={"gas": 2})]
    problem = line_problem(visits, shifts, not_preferred=9, over_skilled=5, changed_technician=7)
    valid(problem, **plan)


def test_everything_at_once_is_counted_to_the_cent() -> None:
    every_weight: dict[str, Any] = {
        weight.name: 2
        for weight in fields(Objective)
        if isinstance(weight.default, int) and weight.name != "told_factor"
    }
    every_weight |= {"lateness_factors": (1, 3, 5, 7, 9), "promptness": (1, 2, 3, 4, 5)}
    visits = [
        visit("a", 1, 40, due=30, skills=GAS, previous=Previous("bob", 90, told=True)),
        visit("b", 2, 30, due=500, previous=Previous("ann", 400), preferred=frozenset({"cy"})),
        visit("c", 3, 20, parts={"pump": 1}, windows=(window(0, 300), window(600, 700))),
    ]
    shifts = [
        shift(
            "s", end=150, max_overtime=200, skills={"gas": 2}, breaks=(pause("tea", 40, 90, 10),)
        ),
        shift("t", "bob", end_location=2),
    ]
    problem = line_problem(visits, shifts, [depot(duration=4)], told_factor=3, **every_weight)
    valid(problem, s="a d c", t="b")
    valid(problem, s="d c b a")
    valid(problem, s="b a")
