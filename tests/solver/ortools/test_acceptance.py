"""OR-Tools' routing model judges finished plans at their own times, a few technicians at a time: it
takes what is valid and refuses what breaks a rule that it knows."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from solver.draft.draft import Draft
from solver.draft.insertion import fill
from solver.judge.check import check
from solver.ortools import acceptance
from solver.ortools.acceptance import accepts
from solver.ortools.routing import RoutingModel
from solver.problem import Depot, Problem, Visit
from solver.solution import Route, Rule, Solution, Stop, StopKind
from tests.solver.judge.test_mutations import busy_days
from tests.solver.mutations import MUTATIONS, Mutation
from tests.solver.problems import (
    Call,
    depot,
    line_problem,
    pause,
    problems,
    serial_solution,
    service_on,
    shift,
    solution_of,
    timed_route,
    visit,
    window,
)

ONLY_THE_CHECKER_SEES = {
    "a routed visit vanishes",
    "the way is too fast",
    "service starts before arrival",
    "service is cut short",
    "service is drawn out",
    "a call is cut short",
    "a break takes no time",
    "one is cut short",
    "one waits to start",
    "one starts before arrival",
    "one lasts beyond an arrival",
}
"""The model has no variables for arrivals and departures, and does not miss anybody."""


def is_seen(mutation: Mutation) -> bool:
    return not (
        mutation.rule is Rule.COST
        or mutation.name.startswith("unassigned: ")
        or mutation.name in ONLY_THE_CHECKER_SEES
    )


SEEN = [mutation for mutation in MUTATIONS if is_seen(mutation)]


@pytest.fixture(params=[1, 100], ids=["one by one", "together"])
def portions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judgement is the same however many are judged at a time."""
    monkeypatch.setattr(acceptance, "PLACES_AT_A_TIME", request.param)


# --- plans full of everything ------------------------------------------------------------------


@pytest.mark.usefixtures("portions")
def test_a_valid_plan_is_taken() -> None:
    problem, solution = busy_days()
    assert accepts(problem, solution.routes)


def test_every_hard_rule_is_seen() -> None:
    hidden = {Rule.COST}
    assert {m.rule for m in SEEN} == {m.rule for m in MUTATIONS} - hidden


@pytest.mark.usefixtures("portions")
@pytest.mark.parametrize("mutation", [pytest.param(m, id=f"{m.rule}: {m.name}") for m in SEEN])
def test_a_plan_that_breaks_a_rule_is_refused(mutation: Mutation) -> None:
    case = mutation(*busy_days())
    assert case is not None, "the solution has nothing to break in this way"
    problem, solution = case
    assert not accepts(problem, solution.routes)


@given(problems(every_rule=True), st.booleans(), st.sampled_from((0, 0, 40)))
@settings(deadline=None)
def test_plans_that_are_valid_by_construction_are_taken(
    problem: Problem, early_breaks: bool, late: int
) -> None:
    solution = serial_solution(problem, early_breaks=early_breaks, late=late)
    assert accepts(problem, solution.routes)


@given(problems(every_rule=True))
@settings(deadline=None)
def test_what_insertion_plans_is_taken(problem: Problem) -> None:
    draft = Draft(problem)
    fill(draft, draft.visits)
    assert accepts(problem, draft.routes())


def as_the_model_sees(problem: Problem, solution: Solution) -> Solution:
    """The same starts, but nobody arrives before and everything lasts its time."""
    places: dict[tuple[StopKind, str], Visit | Depot] = {}
    places |= {(StopKind.VISIT, v.id): v for v in problem.visits}
    places |= {(StopKind.DEPOT, d.id): d for d in problem.depots}
    shifts = {s.id: s for s in problem.shifts}
    pauses = {s.id: {b.id: b.duration for b in s.breaks} for s in problem.shifts}

    def seen(route: Route, stop: Stop) -> Stop:
        if stop.kind is StopKind.BREAK:
            duration = pauses.get(route.shift, {}).get(stop.id, 0)
        elif (stop.kind, stop.id) in places and route.shift in shifts:
            duration = service_on(shifts[route.shift], places[stop.kind, stop.id])
        else:
            duration = 0
        return replace(stop, arrival=stop.start, departure=stop.start + duration)

    routes = (replace(r, stops=tuple(seen(r, stop) for stop in r.stops)) for r in solution.routes)
    return solution_of(problem, *routes)


@given(problems(), st.booleans(), st.sampled_from(MUTATIONS))
@settings(deadline=None, max_examples=100)
def test_model_and_checker_are_of_one_mind_about_broken_plans(
    problem: Problem, early_breaks: bool, mutation: Mutation
) -> None:
    case = mutation(problem, serial_solution(problem, early_breaks=early_breaks))
    assume(case is not None)
    assert case is not None
    changed, solution = case
    valid = check(changed, as_the_model_sees(changed, solution)) == ()
    assert accepts(changed, solution.routes) == valid


# --- exactly these times -----------------------------------------------------------------------


def test_a_plan_is_judged_at_its_own_times_not_at_better_ones() -> None:
    problem = line_problem([visit("a", 1, windows=(window(300, 400),))], [shift()])
    for leave in (0, 290, 390):
        assert accepts(problem, [r for r in [timed_route(problem, "s", "a", leave=leave)] if r])
    early = timed_route(line_problem([visit("a", 1)], [shift()]), "s", "a", leave=200)
    assert early is not None
    assert not accepts(problem, [early])


def test_any_one_of_several_windows_over_several_days_will_do() -> None:
    windows = (window(90_000, 90_100), window(200, 250), window(240, 300))
    problem = line_problem([visit("a", 1, windows=windows)], [shift(end=100_000)])
    closed = line_problem([visit("a", 1)], [shift(end=100_000)])
    for leave, taken in ((0, False), (190, True), (235, True), (291, False), (89_990, True)):
        route = timed_route(closed, "s", "a", leave=leave)
        assert route is not None
        assert accepts(problem, [route]) == taken


def test_a_call_at_a_depot_has_its_own_time_too() -> None:
    pump = visit("a", 3, parts={"pump": 1}, windows=(window(300, 300),))
    problem = line_problem([pump], [shift()], [depot(windows=(window(50, 90),))])
    always = line_problem([pump], [shift()], [depot()])
    for leave, taken in ((20, False), (30, True), (70, True), (80, False)):
        route = timed_route(always, "s", [Call("d", {"pump": 1}), "a"], leave=leave)
        assert route is not None
        assert accepts(problem, [route]) == taken


def test_a_break_off_the_route_need_not_be_taken() -> None:
    problem = line_problem([visit("a", 1)], [shift(breaks=(pause("lunch", 100, 120, 60),))])
    for leave, taken in ((0, True), (100, False), (160, True)):
        route = timed_route(line_problem([visit("a", 1)], [shift()]), "s", "a", leave=leave)
        assert route is not None
        assert accepts(problem, [route]) == taken


# --- what technicians share --------------------------------------------------------------------


@pytest.mark.usefixtures("portions")
@pytest.mark.parametrize(("stock", "taken"), [(2, False), (3, True), (None, True)])
def test_all_routes_share_a_depots_stock(stock: int | None, taken: bool) -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 3, parts={"pump": 2})]
    shelf = None if stock is None else {"pump": stock}
    problem = line_problem(visits, [shift(), shift("t", "bob")], [depot(stock=shelf)])
    routes = [
        timed_route(problem, "s", [Call("d", {"pump": 1}), "a"]),
        timed_route(problem, "t", [Call("d", {"pump": 2}), "b"]),
    ]
    assert accepts(problem, [route for route in routes if route]) == taken


def test_a_call_supplies_what_it_picks_up_and_not_what_it_could() -> None:
    problem = line_problem([visit("a", 3, parts={"pump": 2})], [shift()], [depot()])
    for number, taken in ((1, False), (2, True), (9, True)):
        route = timed_route(problem, "s", [Call("d", {"pump": number}), "a"])
        assert route is not None
        assert accepts(problem, [route]) == taken


def test_a_call_that_says_nothing_picks_up_what_is_needed() -> None:
    crane = frozenset({"crane"})
    needy = visit("a", 3, parts={"pump": 2}, tools=crane)
    for stock, taken in ((1, False), (2, True)):
        problem = line_problem([needy], [shift()], [depot(stock={"pump": stock}, tools=crane)])
        route = timed_route(problem, "s", [Call("d"), "a"])
        assert route is not None
        assert accepts(problem, [route]) == taken


@pytest.mark.usefixtures("portions")
def test_what_is_loaded_for_a_day_off_is_there_on_the_next() -> None:
    shifts = [
        shift("mon", stock={"pump": 1}),
        shift("tue", start=2000, end=3000, stock={"pump": 1}),
        shift("bob", "bob"),
    ]
    visits = [visit("a", 1, parts={"pump": 2}), visit("b", 1)]
    problem = line_problem(visits, shifts)
    bobs = timed_route(problem, "bob", "b")
    for day, taken in (("mon", False), ("tue", True)):
        anns = timed_route(problem, day, "a")
        assert accepts(problem, [route for route in (anns, bobs) if route]) == taken


@pytest.mark.parametrize(("pumps", "taken"), [(2, False), (3, True)])
def test_what_one_technician_has_enough_of_may_still_run_short_for_another(
    pumps: int, taken: bool
) -> None:
    crane = frozenset({"crane"})
    needs: dict[str, Any] = {"parts": {"pump": 3}, "tools": crane}
    shifts = [
        shift(stock={"pump": 9}, tools=crane),
        shift("t", "bob", stock={"pump": pumps}, tools=crane),
    ]
    problem = line_problem([visit("a", 1, **needs), visit("b", 2, **needs)], shifts)
    routes = [timed_route(problem, "s", "a"), timed_route(problem, "t", "b")]
    assert accepts(problem, [route for route in routes if route]) == taken


def test_a_tool_that_is_in_the_van_on_another_day_is_not_there_today() -> None:
    crane = frozenset({"crane"})
    shifts = [shift("mon", tools=crane), shift("tue", start=2000, end=3000)]
    problem = line_problem([visit("a", 1, tools=crane)], shifts)
    for day, taken in (("mon", True), ("tue", False)):
        route = timed_route(problem, day, "a")
        assert route is not None
        assert accepts(problem, [route]) == taken


def test_the_model_hears_only_of_what_could_run_short(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Problem] = []

    def model(problem: Problem, *others: Any, **more: Any) -> RoutingModel:
        seen.append(problem)
        return RoutingModel(problem, *others, **more)

    monkeypatch.setattr(acceptance, "RoutingModel", model)
    crane = frozenset({"crane"})
    needy = visit("a", 2, parts={"pump": 1, "valve": 1}, tools=crane)
    on = shift(stock={"pump": 1}, tools=crane)
    problem = line_problem([needy], [on], [depot(location=1)])
    route = timed_route(problem, "s", [Call("d", {"valve": 1}), "a"])
    assert route is not None

    assert accepts(problem, [route])
    assert [(v.parts, v.tools) for v in seen[0].visits] == [({"valve": 1}, frozenset())]


# --- what the model cannot stand for -----------------------------------------------------------


def test_a_depot_may_have_the_name_of_a_visit() -> None:
    problem = line_problem([visit("d", 3, parts={"pump": 1})], [shift()], [depot("d")])
    route = timed_route(problem, "s", [Call("d", {"pump": 1}), "d"])
    assert route is not None
    assert accepts(problem, [route])


def test_a_route_in_a_shift_that_a_break_covers_is_refused() -> None:
    free = line_problem([visit("a", 1)], [shift(end=100)])
    off = line_problem([visit("a", 1)], [shift(end=100, breaks=(pause("off", -50, -50, 200),))])
    route = timed_route(free, "s", "a")
    assert route is not None
    assert not accepts(off, [route])


def test_no_routes_at_all_are_fine() -> None:
    assert accepts(line_problem([visit()], [shift()]), [])
    assert accepts(line_problem([visit()]), [])
