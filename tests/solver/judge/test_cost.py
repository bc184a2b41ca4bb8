"""What each soft rule costs, by the checker's count."""

from dataclasses import replace

from solver.judge.check import check
from solver.judge.cost import cost
from solver.problem import Previous
from solver.solution import SOFT, Rule, Violation
from tests.solver.problems import (
    Call,
    depot,
    line_problem,
    pause,
    shift,
    solution_of,
    timed_route,
    visit,
    window,
)
from tests.solver.routes import at, rest, route

NOTHING = dict.fromkeys(SOFT, 0)


def test_every_soft_rule_has_a_share_in_the_cost() -> None:
    assert cost(line_problem(), (), ()) == NOTHING


def test_an_unassigned_visit_costs_its_price_once() -> None:
    problem = line_problem([visit("a"), visit("b", priority=3)], [shift()])
    prices = problem.prices
    assert cost(problem, (), ["b"])[Rule.UNASSIGNED] == prices["b"] > prices["a"]
    assert cost(problem, (), ["a", "b", "b"])[Rule.UNASSIGNED] == prices["a"] + prices["b"]


def test_what_the_problem_does_not_know_costs_nothing() -> None:
    problem = line_problem([], [shift(skills={"gas": 2})])
    assert cost(problem, [route(at("ghost", 10), shift="limbo")], ["ghost"]) == NOTHING


def test_a_skill_that_is_not_held_is_not_above_any_level() -> None:
    problem = line_problem([visit(skills={"gas": 0})], [shift()], over_skilled=7)
    assert cost(problem, [route(at("v", 10))], [])[Rule.OVER_SKILLED] == 0


def test_the_worst_lateness_is_that_of_the_latest_visit_on_any_route() -> None:
    visits = [visit("a", 1, due=10), visit("b", 2, due=20, priority=0), visit("c", 1)]
    shifts = [shift("s"), shift("t", "bob")]
    problem = line_problem(visits, shifts, lateness=2, worst_lateness=7)
    routes = [timed_route(problem, "s", ["a", "c"]), timed_route(problem, "t", ["b"])]
    found = cost(problem, [one for one in routes if one], [])
    # a ends at 15 and b at 25.
    assert (found[Rule.LATENESS], found[Rule.WORST_LATENESS]) == (2 * (5 + 5), 7 * 5)
    assert cost(problem, [one for one in routes[1:] if one], [])[Rule.WORST_LATENESS] == 7 * 5


def test_each_soft_rule_costs_what_its_definition_says() -> None:
    problem = line_problem(
        [
            visit("a", 3, 40, due=50, skills={"gas": 1, "power": 2}, preferred=frozenset({"bob"})),
            visit("b", 1, 20, previous=Previous("bob", 200)),
            visit("c", 1, 20, due=500, previous=Previous("ann", 105, told=True)),
        ],
        [
            shift("s", end=100, max_overtime=100, skills={"gas": 4, "power": 2, "hvac": 9}),
            shift("t", "bob", end=300),
        ],
        [depot("d", 4, 6)],
        metres_per_second=3,
        lateness=2,
        worst_lateness=43,
        working_time=3,
        travel_time=5,
        distance=7,
        overtime=11,
        shift_use=13,
        not_preferred=17,
        over_skilled=19,
        changed_technician=23,
        moved_time=29,
        moved_time_tolerance=10,
        told_factor=31,
        imbalance=37,
        lateness_factors=(1, 3, 10, 30, 100),
        promptness=(0, 41, 0, 0, 0),
    )
    # 40 s to the depot, 6 there, 10 to a (56-96), 20 to b (116-136), c (136-156), 10 home
    route = timed_route(problem, "s", [Call("d"), "a", "b", "c"])
    assert route is not None
    assert cost(problem, [route], []) == {
        Rule.UNASSIGNED: 0,
        Rule.LATENESS: 2 * 3 * (96 - 50),
        Rule.WORST_LATENESS: 43 * (96 - 50),
        Rule.PROMPTNESS: 41 * ((56 - 0) + (116 - 0) + (136 - 0)),
        Rule.WORKING_TIME: 3 * 166,
        Rule.TRAVEL_TIME: 5 * 80,
        Rule.DISTANCE: 7 * 3 * 80,
        Rule.OVERTIME: 11 * 66,
        Rule.SHIFT_USE: 13,
        Rule.NOT_PREFERRED: 17,
        Rule.OVER_SKILLED: 19 * 3,
        Rule.CHANGED_TECHNICIAN: 23,
        Rule.MOVED_TIME: 29 * (200 - 116 - 10) + 31 * 29 * (136 - 105 - 10),
        Rule.IMBALANCE: 37 * (80 - 20),
    }


def test_waiting_and_breaks_are_working_time_but_no_travel() -> None:
    problem = line_problem(
        [visit(windows=(window(50, 50),))], [shift(breaks=(pause(),))], travel_time=1
    )
    shares = cost(problem, [route(rest("lunch", 5), at("v", 45, 50), start=3, end=65)], [])
    assert (shares[Rule.TRAVEL_TIME], shares[Rule.WORKING_TIME]) == (20, 62)


def test_the_told_factor_applies_to_both_costs_of_change() -> None:
    problem = line_problem(
        [visit(previous=Previous("bob", 0, told=True))],
        [shift()],
        changed_technician=100,
        moved_time=1,
        told_factor=3,
    )
    shares = cost(problem, [route(at("v", 10))], [])
    assert (shares[Rule.CHANGED_TECHNICIAN], shares[Rule.MOVED_TIME]) == (300, 30)


def test_a_visit_on_time_where_it_was_with_whom_it_prefers_costs_nothing_extra() -> None:
    kept = visit(due=15, preferred=frozenset({"ann"}), previous=Previous("ann", 12, told=True))
    problem = line_problem(
        [kept],
        [shift()],
        working_time=0,
        lateness=1,
        not_preferred=1,
        changed_technician=1,
        moved_time=1,
        moved_time_tolerance=2,
    )
    assert cost(problem, [route(at("v", 10))], []) == NOTHING


def test_each_shift_has_its_own_fair_share() -> None:
    visits = [visit("a", 1, 90), visit("b", 1, 10)]
    problem = line_problem(visits, [shift("s", end=300), shift("t", "bob", end=100)], imbalance=1)
    both = [timed_route(problem, "s", ["a"]), timed_route(problem, "t", ["b"])]
    shares = cost(problem, [r for r in both if r], [])
    assert shares[Rule.IMBALANCE] == 90 - 75


def test_an_empty_route_that_is_listed_uses_its_shift() -> None:
    problem = line_problem([], [shift(end_location=2)], shift_use=5, travel_time=1)
    shares = cost(problem, [route(end=20)], [])
    used = {rule: share for rule, share in shares.items() if share}
    assert used == {Rule.SHIFT_USE: 5, Rule.WORKING_TIME: 20, Rule.TRAVEL_TIME: 20}


def test_components_that_are_not_claimed_are_claimed_to_be_nothing() -> None:
    problem = line_problem([visit()], [shift()])
    solution = solution_of(problem, timed_route(problem, "s", ["v"]))
    (violation,) = check(problem, replace(solution, cost={}))
    assert violation == Violation(Rule.COST, "cost 'working_time'", 25, "0 is claimed, it is 25")
