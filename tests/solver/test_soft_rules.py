"""Every soft rule on a problem of a few lines: the engine's plan without the rule's weight and the
plan with it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.problem import Depot, Previous, Problem, Shift, Visit
from solver.solution import SOFT, Rule
from tests.solver.answers import planned, solved, starts
from tests.solver.problems import line, line_problem, shift, visit, window

BOB = frozenset({"bob"})


def at_home(name: str, technician: str, location: int, **rules: Any) -> Shift:
    return shift(name, technician, start_location=location, end_location=location, **rules)


BETWEEN = [at_home("s", "ann", 0), at_home("t", "bob", 4)]
"""Location 1 is nearer to Ann (25 seconds of work), location 3 nearer to Bob."""


def late() -> tuple[list[Visit], list[Shift], list[Depot]]:
    """On the way out the other visit comes first, but then this one is late."""
    return [visit("v", 3, due=40), visit("w", 1, 90)], [shift(end_location=5)], []


def urgent() -> tuple[list[Visit], list[Shift], list[Depot]]:
    """As ``late``, without any due time."""
    return [visit("v", 3, priority=4), visit("w", 1, 90)], [shift(end_location=5)], []


def over_time() -> tuple[list[Visit], list[Shift], list[Depot]]:
    return [visit("v", 1)], [at_home("s", "ann", 0, end=20, max_overtime=90), BETWEEN[1]], []


def two_ends() -> tuple[list[Visit], list[Shift], list[Depot]]:
    return [visit("v", 1), visit("w", 3)], BETWEEN, []


def wish(**wishes: Any) -> tuple[list[Visit], list[Shift], list[Depot]]:
    return [visit("v", 1, **wishes)], BETWEEN, []


def skilled() -> tuple[list[Visit], list[Shift], list[Depot]]:
    shifts = [replace(BETWEEN[0], skills={"gas": 3}), replace(BETWEEN[1], skills={"gas": 1})]
    return [visit("v", 1, skills={"gas": 1})], shifts, []


def heavy() -> tuple[list[Visit], list[Shift], list[Depot]]:
    return [visit("v", 1, 60), visit("w", 1, 60)], BETWEEN, []


BOBS = Previous("bob", 30)
PAIRS: dict[Rule, tuple[Any, dict[str, Any], list[dict[str, str]], list[dict[str, str]]]] = {
    Rule.LATENESS: (late(), {"lateness": 9}, [{"s": "w v"}], [{"s": "v w"}]),
    Rule.PROMPTNESS: (
        urgent(),
        {"promptness": (0, 0, 0, 0, 9)},
        [{"s": "w v"}],
        [{"s": "v w"}],
    ),
    Rule.OVERTIME: (over_time(), {"overtime": 9}, [{"s": "v"}], [{"t": "v"}]),
    Rule.SHIFT_USE: (
        two_ends(),
        {"shift_use": 500},
        [{"s": "v", "t": "w"}],
        [{"s": "v w"}, {"s": "w v"}, {"t": "v w"}, {"t": "w v"}],
    ),
    Rule.NOT_PREFERRED: (wish(preferred=BOB), {"not_preferred": 500}, [{"s": "v"}], [{"t": "v"}]),
    Rule.OVER_SKILLED: (skilled(), {"over_skilled": 500}, [{"s": "v"}], [{"t": "v"}]),
    Rule.CHANGED_TECHNICIAN: (
        wish(previous=BOBS),
        {"changed_technician": 500},
        [{"s": "v"}],
        [{"t": "v"}],
    ),
    Rule.IMBALANCE: (
        heavy(),
        {"imbalance": 9},
        [{"s": "v w"}, {"s": "w v"}],
        [{"s": "v", "t": "w"}, {"s": "w", "t": "v"}],
    ),
}


@pytest.mark.parametrize("rule", PAIRS)
def test_a_weight_turns_the_plan_to_its_side(rule: Rule) -> None:
    (visits, shifts, depots), weight, without, with_it = PAIRS[rule]
    free = line_problem(visits, shifts, depots)
    priced = line_problem(visits, shifts, depots, **weight)
    assert planned(free) in without
    assert planned(priced) in with_it
    assert solved(priced).cost[rule] == 0 or rule in (Rule.SHIFT_USE, Rule.PROMPTNESS)


def test_every_soft_rule_has_its_pair_of_plans() -> None:
    elsewhere = {
        Rule.UNASSIGNED,
        Rule.WORST_LATENESS,
        Rule.WORKING_TIME,
        Rule.TRAVEL_TIME,
        Rule.DISTANCE,
        Rule.MOVED_TIME,
        Rule.WINDOW_PRICE,
    }
    assert PAIRS.keys() | elsewhere == set(SOFT)


def test_working_time_counts_waiting_and_travel_time_does_not() -> None:
    """Ann has been next door since 10, and would wait there until 100; Bob would have to come."""
    visits = [
        visit("early", 1, windows=(window(10, 10),)),
        visit("v", 1, windows=(window(100, 100),)),
    ]
    problem = line_problem(visits, BETWEEN)
    assert planned(problem) == {"s": "early", "t": "v"}
    travelling = replace(problem.objective, working_time=0, travel_time=1)
    assert planned(replace(problem, objective=travelling)) == {"s": "early v"}


def test_distance_and_working_time_choose_the_short_and_the_quick_way() -> None:
    """Bob is nearer by metres, Ann by seconds."""
    problem = line_problem([visit("v", 1)], BETWEEN, working_time=1)
    metres = np.array(line(5))
    metres[0, 1] = metres[1, 0] = 900
    problem = replace(problem, distance=metres)
    assert planned(problem) == {"s": "v"}
    by_metres = replace(problem.objective, working_time=0, distance=1)
    assert planned(replace(problem, objective=by_metres)) == {"t": "v"}


PUBLISHED = [
    visit("now", 1, windows=(window(10, 10),)),
    visit("v", 1, previous=Previous("ann", 200)),
]
"""The second visit would follow the first at 15, were it not published for 200."""


@pytest.mark.parametrize(
    ("weights", "start"),
    [
        ({}, 15),
        ({"moved_time": 9}, 200),
        ({"moved_time": 9, "moved_time_tolerance": 50}, 150),
        ({"moved_time": 9, "moved_time_tolerance": 185}, 15),
        ({"moved_time": 1, "working_time": 9}, 15),
    ],
    ids=["free", "dear", "tolerance", "large tolerance", "cheap"],
)
def test_a_published_time_is_kept_as_far_as_it_pays(weights: dict[str, Any], start: int) -> None:
    solution = solved(line_problem(PUBLISHED, [shift()], **weights))
    assert starts(solution)["v"] == start


def test_a_time_that_the_customer_was_told_is_kept_before_one_that_was_not() -> None:
    def with_told(name: str) -> Problem:
        visits = [
            visit(each, 1, 50, previous=Previous("ann", 100, told=each == name)) for each in "vw"
        ]
        return line_problem(visits, [shift()], moved_time=1, told_factor=9, working_time=0)

    assert starts(solved(with_told("v")))["v"] == 100
    assert starts(solved(with_told("w")))["w"] == 100


@pytest.mark.parametrize(("told", "kept"), [(False, "s"), (True, "t")])
def test_a_technician_of_whom_the_customer_was_told_is_kept_the_longer(
    told: bool, kept: str
) -> None:
    """Ann is nearer by 40 seconds, which is more than 10 cents and less than 100."""
    published = visit("v", 1, previous=Previous("bob", 30, told=told))
    problem = line_problem([published], BETWEEN, changed_technician=10, told_factor=10)
    assert planned(problem) == {kept: "v"}
