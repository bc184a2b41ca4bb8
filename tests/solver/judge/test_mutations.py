"""The checker notices: a valid solution is broken in one way at a time, and each time the rule
that was broken is reported, and no other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.judge.check import check
from solver.links import After, Apart, Person
from solver.problem import Pin, Previous, Problem, TimeWindow
from solver.solution import HARD, SOFT, Solution, StopKind
from tests.solver.mutations import MUTATIONS, Mutation
from tests.solver.problems import (
    Call,
    depot,
    line_problem,
    pause,
    problems,
    serial_solution,
    shift,
    solution_of,
    timed_route,
    visit,
    window,
)

CRANE, PROBE = frozenset({"crane"}), frozenset({"probe"})


def busy_days() -> tuple[Problem, Solution]:
    """Two technicians on two days, with a depot call, a break, a pin, overtime and one visit
    that nobody can do; every soft rule costs something."""
    problem = line_problem(
        [
            visit("gas", 1, 50, skills={"gas": 2}, windows=(window(0, 20),), due=40, tools=PROBE),
            visit("pump", 3, 40, parts={"pump": 2, "filter": 1}, tools=CRANE),
            visit("moved", 1, 20, previous=Previous("ann", 100, told=True), tools=PROBE),
            visit(
                "choosy",
                4,
                20,
                windows=(TimeWindow(0, 900, 9),),
                allowed=frozenset({"bob"}),
                preferred=frozenset({"cy"}),
            ),
            visit("pinned", 2, 30, windows=(window(400, 400),), pin=Pin("bob", 400)),
            visit("tuesday", 5, 20, parts={"filter": 1}, territory="north"),
            visit("impossible", 2, 30, skills={"power": 1}),
        ],
        [
            shift(
                "ann-mon",
                end=400,
                skills={"gas": 3},
                stock={"filter": 2},
                tools=PROBE,
                breaks=(pause("lunch", 60, 100, 30),),
            ),
            shift("ann-tue", start=2000, end=3000, territories=frozenset({"north", "south"})),
            shift("bob-mon", "bob", end=420, max_overtime=200, tools=PROBE),
        ],
        [depot("d", 2, 10, windows=(window(0, 500),), stock={"pump": 3}, tools=CRANE)],
        metres_per_second=3,
        links=[
            After("moved", "pump", least=-20, most=999, person=Person.DIFFERENT),
            Apart(("pump", "choosy")),
        ],
        lateness=2,
        worst_lateness=3,
        promptness=(0, 1, 0, 0, 0),
        travel_time=1,
        distance=1,
        overtime=5,
        shift_use=7,
        not_preferred=11,
        over_skilled=13,
        changed_technician=17,
        moved_time=1,
        moved_time_tolerance=5,
        told_factor=2,
        imbalance=1,
    )
    return problem, solution_of(
        problem,
        timed_route(problem, "ann-mon", ["gas", Call("d", {"pump": 2}, CRANE), "pump"]),
        timed_route(problem, "ann-tue", ["tuesday"]),
        timed_route(problem, "bob-mon", ["moved", "choosy", "pinned"]),
    )


EACH = pytest.mark.parametrize(
    "mutation", [pytest.param(m, id=f"{m.rule}: {m.name}") for m in MUTATIONS]
)


def test_the_solution_to_be_broken_is_valid_and_full_of_everything() -> None:
    problem, solution = busy_days()
    assert check(problem, solution) == ()
    assert {stop.kind for route in solution.routes for stop in route.stops} == set(StopKind)
    assert all(solution.cost[rule] > 0 for rule in SOFT)


def test_every_hard_rule_is_broken_somehow() -> None:
    assert {mutation.rule for mutation in MUTATIONS} == set(HARD)


@EACH
def test_a_broken_rule_is_reported_and_no_other(mutation: Mutation) -> None:
    case = mutation(*busy_days())
    assert case is not None, "the solution has nothing to break in this way"
    violations = check(*case)
    reported = [v for v in violations if v.rule is mutation.rule]
    assert reported
    assert all(v.amount >= 1 and v.where and v.message for v in violations)
    if mutation.expected.pure:
        assert len(reported) == len(violations), violations
    if mutation.expected.amount is not None:
        assert mutation.expected.amount in [v.amount for v in reported]


@EACH
def test_a_tolerance_forgives_one_second_or_cent_and_nothing_else(mutation: Mutation) -> None:
    case = mutation(*busy_days())
    assert case is not None
    assert (check(*case, tolerance=1) == ()) == mutation.expected.tolerable


@given(problems(every_rule=True), st.booleans(), st.sampled_from((0, 0, 40)))
@settings(deadline=None)
def test_solutions_that_are_valid_by_construction_are_accepted(
    problem: Problem, early_breaks: bool, late: int
) -> None:
    assert check(problem, serial_solution(problem, early_breaks=early_breaks, late=late)) == ()


@given(problems(every_rule=True), st.booleans())
@settings(deadline=None, max_examples=50)
def test_whatever_is_valid_can_be_broken_and_is_reported(
    problem: Problem, early_breaks: bool
) -> None:
    solution = serial_solution(problem, early_breaks=early_breaks)
    for mutation in MUTATIONS:
        case = mutation(problem, solution)
        if case is not None:
            assert mutation.rule in {v.rule for v in check(*case)}, mutation.name
