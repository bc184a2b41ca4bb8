"""Crews and chains put into a draft that holds other things already; and what is left of a plan
that keeps no links."""

from typing import Any

from hypothesis import given

from solver.draft.closing import Patience
from solver.draft.crews import Crews
from solver.draft.draft import Draft
from solver.draft.insertion import fill
from solver.draft.tied import tied
from solver.judge.check import check
from solver.links import After, Apart, Link, Person, Separation, Together
from solver.problem import Problem, TimeWindow
from tests.solver.linked_problems import linked_problems
from tests.solver.problems import line_problem, serial_solution, shift, solution_of, visit, window


def day(*links: Link, **rules: Any) -> Problem:
    """Visits a to d at the locations 1 to 4, for Ann and Bob."""
    visits = [visit(v, n, **rules.pop(v, {})) for n, v in enumerate("abcd", start=1)]
    return line_problem(visits, [shift("s", "ann"), shift("t", "bob")], links=links, **rules)


def crews_of(problem: Problem, **sequences: str) -> Crews:
    """A draft in which each shift has these visits, at the moments of its links."""
    draft = Draft(problem)
    assert draft.take({s: [draft.visit(name) for name in calls] for s, calls in sequences.items()})
    crews = Crews(draft)
    crews.settle()
    return crews


def names(crews: Crews) -> dict[str, str]:
    return {s: "".join(c.id for c in calls) for s, calls in crews.draft.sequences.items() if calls}


def starts(crews: Crews) -> dict[str, int]:
    return {stop.id: stop.start for route in crews.routes() for stop in route.stops}


def test_a_crew_is_put_where_both_pass_by_at_one_moment() -> None:
    crews = crews_of(day(Together(("a", "b"))), s="c", t="d")
    assert crews.waiting() == [[("a", "b")]]
    assert crews.place([("a", "b")], Patience(100))
    assert sorted("".join(sorted(calls)) for calls in names(crews).values()) in (
        ["ac", "bd"],
        ["ad", "bc"],
    )
    assert starts(crews)["a"] == starts(crews)["b"]
    assert crews.waiting() == []


def test_a_crew_of_which_one_has_no_place_leaves_the_draft_as_it_was() -> None:
    busy = {"windows": (window(0, 0),)}
    crews = crews_of(day(Together(("a", "b")), b=busy), s="c", t="d")
    assert not crews.place([("a", "b")], Patience(100))
    assert names(crews) == {"s": "c", "t": "d"}


def test_a_chain_is_placed_as_far_as_it_goes() -> None:
    never = {"windows": (window(0, 0),)}
    problem = day(After("a", "b"), After("b", "c"), c=never)
    crews = crews_of(problem)
    crews.place_all(Patience(100))
    assert "".join(names(crews).values()) == "ab"
    assert crews.waiting() == [[("c",)]]


def test_the_second_is_not_placed_before_its_first_is() -> None:
    crews = crews_of(day(After("a", "b")))
    assert not crews.place([("b",)], Patience(100))
    assert crews.place([("a",)], Patience(100))
    assert crews.place([("b",)], Patience(100))


def test_a_visit_is_not_placed_with_whom_it_is_kept_apart_from() -> None:
    crews = crews_of(day(Apart(("a", "b")), After("c", "d", person=Person.SAME)), s="bc")
    crews.place_all(Patience(100))
    assert {s: set(calls) for s, calls in names(crews).items()} == {"s": set("bcd"), "t": {"a"}}


def test_whoever_breaks_a_link_is_left_out_with_all_that_depend_on_it() -> None:
    assert names(crews_of(day(Together(("a", "b"))), s="abc")) == {"s": "c"}
    assert names(crews_of(day(Together(("a", "b"))), s="ac")) == {"s": "c"}
    chain = day(After("a", "b"), After("b", "c"))
    assert names(crews_of(chain, s="bcd")) == {"s": "d"}
    assert names(crews_of(chain, s="abd")) == {"s": "abd"}
    assert names(crews_of(day(Apart(("a", "b"))), s="abc")) == {"s": "bc"}


def test_of_crews_that_wait_for_each_other_one_is_left_out() -> None:
    crews = crews_of(day(Together(("a", "b")), Together(("c", "d"))), s="ac", t="db")
    assert sorted(names(crews).values()) in (["a", "b"], ["c", "d"])


def test_a_crew_takes_the_place_of_others_who_are_put_around_it() -> None:
    then: dict[str, Any] = {"windows": (window(40, 40),)}
    long: dict[str, Any] = {"windows": (window(30, 30),), "duration": 900}
    crews = crews_of(day(Together(("a", "b")), a=then, b=then, c=long), s="c")
    assert not crews.place([("a", "b")], Patience(100))
    assert crews.place_instead([("a", "b")], Patience(100))
    assert sorted(names(crews).values()) == ["a", "b"]


def test_a_crew_that_stands_badly_is_put_elsewhere() -> None:
    """Ann passes by at a on her way to c, and goes there once more on her way home."""
    crews = crews_of(day(Together(("a", "b")), c={"windows": (window(30, 60),)}), s="ca", t="b")
    before = crews.draft.cents()
    crews.improve(Patience(100))
    assert crews.draft.cents() < before
    assert crews.waiting() == []


# --- the problem for the others -------------------------------------------------------------------


def test_what_is_linked_and_placed_is_held_and_what_is_not_is_not_there() -> None:
    problem = day(Together(("a", "b")), After("c", "d"))
    crews = crews_of(problem, s="a", t="b")
    held = tied(problem, crews.routes())
    assert [one.id for one in held.visits] == ["a", "b"]
    assert [one.windows for one in held.visits] == [(TimeWindow(20, 20),)] * 2
    assert [one.allowed for one in held.visits] == [{"ann"}, {"bob"}]
    assert held.links == ()


def test_one_of_a_crew_is_worth_all_of_it() -> None:
    problem = day(Together(("a", "b")), After("b", "c"))
    prices = problem.prices
    held = tied(problem, crews_of(problem, s="a", t="bc").routes())
    assert held.prices["a"] == prices["a"] + prices["b"] + prices["c"]
    assert held.prices["c"] == prices["c"]


def test_visits_kept_apart_are_held_on_their_day_only() -> None:
    problem = day(Apart(("a", "b"), Separation.DAY), Apart(("c", "d")))
    held = tied(problem, crews_of(problem, s="ac").routes())
    assert [one.windows for one in held.visits] == [(TimeWindow(0, 1000),), ()]


def test_without_links_it_is_the_problem_itself() -> None:
    problem = day()
    assert tied(problem, ()) is problem


@given(linked_problems())
def test_whatever_is_made_of_a_plan_keeps_all_links(problem: Problem) -> None:
    """Of a plan that nobody has made for the links; then all that is left is placed."""
    crews = Crews(Draft(problem))
    crews.adopt(serial_solution(problem).routes)
    crews.place_all(Patience(100))
    assert check(problem, solution_of(problem, *crews.routes())) == ()
    others = Draft(crews.tied())
    others.adopt(crews.routes())
    fill(others, others.unassigned())
    crews.adopt(others.routes())
    assert check(problem, solution_of(problem, *crews.routes())) == ()
