"""Before a plan is closed, what it leaves out is placed wherever that makes it cheaper."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given

from solver.draft import closing
from solver.draft.closing import close
from solver.draft.draft import Draft
from solver.draft.fetching import fetched
from solver.draft.insertion import fill
from solver.judge.check import check
from solver.problem import Problem
from solver.rules.cost import cost
from solver.search.searches import Searches
from solver.solve import EngineFault, Limit, solve
from solver.timing.schedule import Call
from solver.travel import NO_WAY
from tests.solver.problems import depot, line_problem, problems, shift, solution_of, visit, window

CRANE = frozenset({"crane"})


def holding(problem: Problem, **sequences: str) -> Draft:
    """A draft that has these visits and depot calls on these shifts."""
    draft = Draft(problem)
    calls: dict[str, Call] = {one.id: one for one in draft.visits}
    calls |= {one.id: one for one in problem.depots}
    assert draft.take({own: [calls[n] for n in names.split()] for own, names in sequences.items()})
    return draft


def told(draft: Draft) -> dict[str, str]:
    routes = draft.routes()
    assert check(draft.problem, solution_of(draft.problem, *routes)) == ()
    return {own: " ".join(c.id for c in calls) for own, calls in draft.sequences.items() if calls}


def closed(draft: Draft) -> dict[str, str]:
    close(draft)
    return told(draft)


# --- what has to be fetched --------------------------------------------------------------------


def test_a_visit_is_placed_with_calls_at_as_many_depots_as_it_takes() -> None:
    depots = [depot(name, at, stock={"pump": 1}) for at, name in enumerate("defgh", start=1)]
    problem = line_problem([visit("v", 6, parts={"pump": 5}), visit("w", 3)], [shift()], depots)
    assert set(closed(holding(problem, s="w"))["s"].split()) == {*"defghvw"}


def test_a_visit_is_placed_with_a_call_on_the_day_before_next_to_other_work() -> None:
    needy = visit("v", 1, parts={"pump": 1}, tools=CRANE, windows=(window(2000, 2060),))
    days = [shift("monday"), shift("tuesday", start=1990, end=2100)]
    depots = [depot("far", 20), depot("near", 2, stock={}, tools=CRANE)]
    problem = line_problem([needy, visit("w", 5), visit("x", 1)], days, depots)
    draft = holding(problem, monday="w", tuesday="x")
    found = fetched(draft, draft.visit("v"), days[1])
    assert found is not None
    assert closed(draft) in (
        {"monday": "w far", "tuesday": "x near v"},
        {"monday": "far w", "tuesday": "x near v"},
        {"monday": "w far", "tuesday": "near v x"},
        {"monday": "far w", "tuesday": "near v x"},
    )


def test_no_place_is_found_where_there_is_not_enough_in_all_depots() -> None:
    depots = [depot(name, at, stock={"pump": 1}) for at, name in enumerate("de", start=1)]
    problem = line_problem([visit("v", 6, parts={"pump": 3})], [shift()], depots)
    assert fetched(Draft(problem), problem.visits[0], problem.shifts[0]) is None


def test_a_visit_is_placed_on_a_way_that_only_a_detour_makes_short_enough() -> None:
    legs = np.array([[0, 500, 10], [500, 0, 10], [10, 10, 0]])
    problem = Problem((visit("v", 1),), (shift(end=100),), legs, legs, (depot("d", 2),))
    assert closed(holding(problem)) == {"s": "d v d"}
    assert solve(problem, Limit(iterations=10)).unassigned == ()


# --- instead of others -------------------------------------------------------------------------


def test_less_important_work_makes_way_and_goes_elsewhere_if_it_can() -> None:
    visits = [visit("v", 1, 60, priority=3), visit("w", 1, 60), visit("x", 1, 60)]
    on = [shift(end=100), shift("t", "bob", end=100)]
    assert closed(holding(line_problem(visits[:2], on[:1]), s="w")) == {"s": "v"}
    of_ann = [visit("v", 1, 60, priority=3, allowed=frozenset({"ann"})), *visits[1:]]
    assert closed(holding(line_problem(of_ann, on), s="w")) == {"s": "v", "t": "x"} or (
        closed(holding(line_problem(of_ann, on), s="w")) == {"s": "v", "t": "w"}
    )


def test_several_less_important_visits_make_way_if_together_they_weigh_less() -> None:
    small = [visit(f"w{i}", 1, 30, priority=2) for i in range(2)]
    urgent = visit("v", 1, 75, priority=3)
    assert closed(holding(line_problem([urgent, *small], [shift(end=100)]), s="w0 w1")) == {
        "s": "v"
    }
    four = [visit(f"w{i}", 1, 18, priority=2) for i in range(4)]
    draft = holding(line_problem([urgent, *four], [shift(end=100)]), s="w0 w1 w2 w3")
    assert closed(draft) == {"s": "w0 w1 w2 w3"}


def test_the_last_part_goes_to_what_matters_more() -> None:
    visits = [
        visit("v", 1, parts={"pump": 1}, priority=3, allowed=frozenset({"ann"})),
        visit("w", 1, parts={"pump": 1}, allowed=frozenset({"bob"})),
    ]
    problem = line_problem(visits, [shift(), shift("t", "bob")], [depot("d", stock={"pump": 1})])
    assert closed(holding(problem, t="d w")) == {"s": "d v"}


def test_what_fits_is_placed_though_all_attempts_go_to_what_matters_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There is no time for more of the dear ones, whoever makes way."""
    monkeypatch.setattr(closing, "MOST_ATTEMPTS", 30)
    dear = [visit(f"dear{n}", 1, 400, priority=4) for n in range(12)]
    problem = line_problem([*dear, visit("v", 1, 5)], [shift()])
    assert closed(holding(problem, s="dear0 dear1")) == {"s": "v dear0 dear1"}


def test_nothing_is_placed_when_the_time_is_over() -> None:
    draft = holding(line_problem([visit("v")], [shift()]))
    close(draft, lambda: True)
    assert told(draft) == {}


@given(problems())
def test_closing_keeps_every_rule_and_never_makes_a_plan_dearer(problem: Problem) -> None:
    draft = Draft(problem)
    fill(draft, draft.unassigned()[::2])
    before = draft.cents()
    close(draft)
    told(draft)
    left_out = [one.id for one in draft.unassigned()]
    assert draft.cents() == sum(cost(problem, draft.routes(), left_out).values()) <= before


@given(problems())
def test_closing_again_finds_nothing_more(problem: Problem) -> None:
    draft = Draft(problem)
    close(draft)
    cents = draft.cents()
    close(draft)
    assert draft.cents() == cents


# --- what the search has placed ----------------------------------------------------------------


def test_a_stop_of_the_search_that_cannot_be_kept_is_a_fault_and_not_left_out_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = line_problem([visit("v", 1), visit("w", 1, skills={"gas": 1})], [shift()])

    def sequences(_: Searches) -> Mapping[str, tuple[Call, ...]]:
        return {"s": problem.visits}

    monkeypatch.setattr(Searches, "sequences", sequences)
    with pytest.raises(EngineFault, match="cannot be kept"):
        solve(problem, Limit(iterations=1))


def test_a_visit_is_placed_where_there_is_room_in_another_order() -> None:
    nowhere = np.zeros((2, 2), dtype=np.int64)
    visits = (
        visit("a", 1, 100, windows=(window(600, 600),)),
        visit("b", 1, 100),
        visit("v", 1, 290, windows=(window(700, 710),)),
    )
    problem = Problem(visits, (shift(start=0, end=1000),), nowhere, nowhere)
    assert closed(holding(problem, s="a b")) == {"s": "b a v"}


# --- where there is no way ------------------------------------------------------------------------


def test_who_relied_on_a_call_that_cannot_be_reached_any_more_waits_again() -> None:
    """The depot can only be reached by way of A, and what is fetched there is for the next day."""
    legs = np.full((4, 4), 10)
    np.fill_diagonal(legs, 0)
    legs[0, 2] = NO_WAY
    problem = Problem(
        (visit("a", 1), visit("b", 3, parts={"p": 1})),
        (shift("s1"), shift("s2", start=2000, end=3000)),
        legs,
        legs,
        (depot("d", 2),),
    )
    draft = holding(problem, s1="a d", s2="b")
    draft.remove(["a"])
    assert told(draft) == {}


def test_nobody_is_lost_whose_way_led_by_who_makes_way() -> None:
    legs = np.full((5, 5), 10)
    np.fill_diagonal(legs, 0)
    legs[0, 3] = legs[1, 3] = NO_WAY
    visits = (visit("a", 1), visit("r", 2), visit("b", 3), visit("v", 4, 900, priority=1))
    problem = Problem(visits, (shift(end=1000),), legs, legs)
    draft = holding(problem, s="a r b")
    close(draft)
    assert cost_of(draft) <= cost_of(holding(problem, s="a r b"))


def cost_of(draft: Draft) -> int:
    left_out = [one.id for one in draft.unassigned()]
    return sum(cost(draft.problem, draft.routes(), left_out).values())
