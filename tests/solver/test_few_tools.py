"""Plans in which a depot has fewer of a tool than could be used at once."""

from typing import Any

import pytest

from solver.judge.check import check
from solver.problem import InvalidProblem, Problem, Shift, Visit
from solver.solution import ReasonCode, Rule
from solver.solve import Limit, solve
from tests.solver.answers import left_out, plan, planned, solved
from tests.solver.problems import depot, line_problem, shift, visit

CRANE = frozenset({"crane"})
HAS_CRANE = {"tools": CRANE, "borrowed": {"crane": "d"}}


def lifts(*names: str) -> list[Visit]:
    return [visit(name, 1 + number, 60, tools=CRANE) for number, name in enumerate(names)]


def two_lifts(count: int, *shifts: Shift) -> Problem:
    """Two visits that fill a shift each, and a depot with so many cranes."""
    lender = depot("d", 0, tools=CRANE, tool_counts={"crane": count})
    return line_problem(lifts("a", "b"), shifts, [lender])


def short(name: str, technician: str, start: int = 0, **rules: Any) -> Shift:
    """With time for one of the visits."""
    return shift(name, technician, start=start, end=start + 110, **rules)


@pytest.mark.parametrize(("count", "served"), [(0, 0), (1, 1), (2, 2), (3, 2)])
def test_no_more_have_the_tool_than_the_depot_has(count: int, served: int) -> None:
    solution = solved(two_lifts(count, short("s1", "ann"), short("s2", "bob")))
    assert len(solution.unassigned) == 2 - served


def test_who_has_the_tool_makes_all_visits_that_need_it() -> None:
    problem = two_lifts(1, shift("s1", "ann"), shift("s2", "bob"))
    (stops,) = planned(problem).values()
    assert sorted(stops.split()) == ["a", "b", "d"]


def test_the_tool_is_lent_again_on_the_next_shift() -> None:
    problem = two_lifts(1, short("s1", "ann"), short("s2", "bob", start=200))
    assert {len(stops.split()) for stops in planned(problem).values()} == {2}


def test_who_has_a_tool_of_their_own_leaves_the_depots_to_others() -> None:
    problem = two_lifts(1, short("s1", "ann", tools=CRANE), short("s2", "bob"))
    assert sorted(planned(problem)) == ["s1", "s2"]


def test_who_has_borrowed_it_already_keeps_it_from_others() -> None:
    problem = two_lifts(1, short("s1", "ann", **HAS_CRANE), short("s2", "bob"))
    (stops,) = plan(solved(problem)).values()
    assert stops in ("a", "b")
    assert sorted(planned(two_lifts(2, *problem.shifts))) == ["s1", "s2"]


def test_what_is_out_already_may_be_more_than_there_should_be() -> None:
    has_one = [short("s1", "ann", **HAS_CRANE), short("s2", "bob", **HAS_CRANE)]
    assert sorted(planned(two_lifts(1, *has_one))) == ["s1", "s2"]


def test_a_technician_who_calls_at_two_depots_leaves_the_tool_of_one_to_who_calls_there() -> None:
    """Ann fetches a pump where a crane is, too, and passes by another crane."""
    problem = line_problem(
        [
            visit("a", 3, 60, tools=CRANE, parts={"pump": 1}, allowed=frozenset({"ann"})),
            visit("b", 1, 60, tools=CRANE, allowed=frozenset({"bob"})),
        ],
        [shift("s1", "ann", end=300), short("s2", "bob")],
        [
            depot("d", 0, tools=CRANE, tool_counts={"crane": 1}, stock={"pump": 1}),
            depot("e", 3, tools=CRANE, tool_counts={"crane": 1}, stock={}),
        ],
    )
    assert sorted(planned(problem)) == ["s1", "s2"]


def test_the_reason_names_the_tool_that_others_have() -> None:
    solution = solved(two_lifts(1, short("s1", "ann"), short("s2", "bob")))
    (reasons,) = left_out(solution).values()
    assert reasons == [(ReasonCode.OUTBID, Rule.TOOLS)]
    assert "crane" in solution.unassigned[0].reasons[0].message


def test_nobody_can_borrow_what_no_depot_has_any_of() -> None:
    solution = solved(two_lifts(0, short("s1", "ann")))
    assert {*map(tuple, left_out(solution).values())} == {((ReasonCode.IMPOSSIBLE, Rule.TOOLS),)}


def test_a_plan_that_lends_it_twice_is_no_start_but_what_can_be_kept_of_it_is() -> None:
    shifts = short("s1", "ann"), short("s2", "bob")
    both = solved(two_lifts(2, *shifts))
    solution = solve(two_lifts(1, *shifts), Limit(iterations=0), start=both)
    assert check(two_lifts(1, *shifts), solution) == ()
    assert len(solution.unassigned) == 1


@pytest.mark.parametrize(("count", "served"), [(0, 0), (1, 1), (2, 2)])
def test_the_routing_model_lends_no_more_either(count: int, served: int) -> None:
    problem = two_lifts(count, short("s1", "ann"), short("s2", "bob"))
    solution = solve(problem, Limit(iterations=600), engine="routing")
    assert check(problem, solution) == ()
    assert len(solution.unassigned) == 2 - served


def test_the_routing_model_knows_who_has_it_already() -> None:
    problem = two_lifts(1, short("s1", "ann", **HAS_CRANE), short("s2", "bob"))
    solution = solve(problem, Limit(iterations=600), engine="routing")
    assert check(problem, solution) == ()
    assert list(plan(solution)) == ["s1"]


def test_every_fault_of_what_is_lent_is_told_at_once() -> None:
    with pytest.raises(InvalidProblem) as caught:
        line_problem(
            [],
            [shift(tools=CRANE, borrowed={"crane": "nowhere", "probe": "d"})],
            [depot(tools=CRANE, tool_counts={"crane": -1, "probe": 1})],
        )
    assert [(fault.code, fault.where) for fault in caught.value.faults] == [
        ("negative", "depot 'd'"),
        ("unknown_tool", "depot 'd'"),
        ("unknown_depot", "shift 's'"),
        ("unknown_tool", "shift 's'"),
    ]
