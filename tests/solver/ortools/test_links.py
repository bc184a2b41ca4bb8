"""Crews, gaps and separations in the routing model: it takes what the checker takes."""

from typing import Any

import pytest
from hypothesis import event, given

from solver.draft.closing import Patience
from solver.draft.crews import Crews
from solver.draft.draft import Draft
from solver.judge.check import check
from solver.links import After, Apart, Link, Person, Separation, Together
from solver.ortools.acceptance import accepts
from solver.ortools.routing import RoutingModel
from solver.ortools.rules import NotInTheModel
from solver.problem import Problem
from solver.rules.cost import cost
from solver.solution import Rule, Solution, StopKind
from solver.timing.schedule import Call, Sequences
from tests.solver.answers import accepted, valid
from tests.solver.linked_problems import linked_problems
from tests.solver.problems import line_problem, serial_solution, shift, solution_of, visit, window

DAY = 86_400


def two_days(*links: Link, **weights: Any) -> Problem:
    """Visits a, b and c at the locations 1, 2 and 3, for Ann on two days and for Bob."""
    visits = [visit(name, number) for number, name in enumerate("abc", start=1)]
    shifts = [shift("s", "ann"), shift("t", "bob")]
    shifts.append(shift("u", "ann", start=DAY, end=DAY + 1000))
    return line_problem(visits, shifts, links=links, **weights)


@pytest.mark.parametrize(
    ("link", "taken", "refused"),
    [
        (Together(("a", "b")), {"s": "a", "t": "b"}, {"s": "a b"}),
        (Together(("a", "b")), {"s": "c"}, {"s": "a"}),
        (Together(("a", "b")), {"t": "b", "s": "a"}, {"u": "b", "t": "a"}),
        (After("a", "b"), {"s": "a b"}, {"s": "b a"}),
        (After("a", "b"), {"s": "a"}, {"s": "b"}),
        (After("a", "b", 0, 20), {"s": "a b"}, {"s": "a c b"}),
        (After("a", "b", person=Person.SAME), {"s": "a", "u": "b"}, {"s": "a", "t": "b"}),
        (After("a", "b", person=Person.DIFFERENT), {"s": "a", "t": "b"}, {"s": "a", "u": "b"}),
        (Apart(("a", "b", "c")), {"s": "a", "t": "b"}, {"s": "a", "u": "c"}),
        (Apart(("a", "b"), Separation.DAY), {"s": "a", "u": "b"}, {"s": "a", "t": "b"}),
    ],
)
def test_the_model_takes_a_plan_that_keeps_a_link_and_no_other(
    link: Link, taken: dict[str, str], refused: dict[str, str]
) -> None:
    valid(two_days(link), **taken)
    assert accepted(two_days(link), **refused) is None
    assert accepted(two_days(), **refused) is not None


def test_a_crew_of_which_one_can_be_done_by_nobody_is_served_by_nobody() -> None:
    visits = [visit("a"), visit("b", skills={"gas": 1})]
    problem = line_problem(visits, [shift()], links=[Together(("a", "b"))])
    assert accepted(problem, s="a") is None
    valid(problem)


def test_the_worst_lateness_costs_once_for_all_routes() -> None:
    late = [visit("a", 1, due=5), visit("b", 2, due=0), visit("c", 3, windows=(window(90, 99),))]
    problem = line_problem(late, [shift("s", "ann"), shift("t", "bob")], worst_lateness=7)
    solution = valid(problem, s="a", t="b c")
    assert solution.cost[Rule.WORST_LATENESS] == 7 * 25


def linked_plan(problem: Problem) -> Draft:
    crews = Crews(Draft(problem))
    crews.place_all(Patience(100))
    return crews.draft


def model_of(problem: Problem, sequences: Sequences) -> RoutingModel | None:
    """None where the model says that it does not know a price of the problem."""
    try:
        return RoutingModel(problem, sequences)
    except NotInTheModel:
        event("not in the model")
        return None


@given(linked_problems())
def test_the_model_accepts_every_plan_that_is_made_and_agrees_to_the_cent(problem: Problem) -> None:
    draft = linked_plan(problem)
    routes = draft.routes()
    if not routes:
        return
    model = model_of(problem, draft.sequences)
    if model is None:
        return
    event("served")
    answer = model.accept_timed(draft.sequences, {route.shift: route for route in routes})
    assert answer is not None
    left_out = [visit.id for visit in draft.unassigned()]
    assert answer.objective == sum(cost(problem, draft.supplied(answer.routes), left_out).values())


@given(linked_problems())
def test_the_model_takes_what_the_checker_takes(problem: Problem) -> None:
    """Of plans that nobody has made for the links, at their own times."""
    solution: Solution = serial_solution(problem)
    if not solution.routes:
        return
    places: dict[str, Call] = {v.id: v for v in problem.visits} | {d.id: d for d in problem.depots}
    sequences = {
        route.shift: tuple(places[s.id] for s in route.stops if s.kind is not StopKind.BREAK)
        for route in solution.routes
    }
    by_shift = {route.shift: route for route in solution.routes}
    keeps = check(problem, solution_of(problem, *solution.routes)) == ()
    event("kept" if keeps else "broken")
    assert accepts(problem, solution.routes) == keeps
    model = model_of(problem, sequences)
    if model is not None:
        assert (model.accept_timed(sequences, by_shift) is not None) == keeps
