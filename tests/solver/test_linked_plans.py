"""Plans with crews, chains and visits kept apart: what the engine makes of a few lines, and what
holds of every answer."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings

from benchmarks.engines.linked_optimum import linked_optimum
from solver.judge.check import check
from solver.links import After, Apart, Link, Person, Separation, Together
from solver.ortools.acceptance import accepts
from solver.ortools.rules import NotInTheModel
from solver.problem import Problem, Shift
from solver.solution import ReasonCode, Rule, Solution
from solver.solve import ENGINES, Limit, solve
from solver.travel import NO_WAY
from tests.solver.answers import left_out, plan, planned, solved, starts
from tests.solver.linked_enumeration import cheapest_of_all
from tests.solver.linked_problems import linked_problems
from tests.solver.problems import line_problem, shift, visit, window

DAY = 86_400
IMPOSSIBLE, NOT_FOUND = ReasonCode.IMPOSSIBLE, ReasonCode.NOT_FOUND


def two_technicians(**anns: Any) -> list[Shift]:
    return [shift("s", "ann", **anns), shift("t", "bob")]


# --- crews --------------------------------------------------------------------------------------


def test_a_crew_is_two_technicians_at_one_moment() -> None:
    visits = [visit("a", 1, 50), visit("b", 1, 50)]
    problem = line_problem(visits, two_technicians(), links=[Together(("a", "b"))])
    solution = solved(problem)
    assert sorted(plan(solution).values()) == ["a", "b"]
    assert len(set(starts(solution).values())) == 1
    assert planned(line_problem(visits, two_technicians())) in (
        {"s": "a b"},
        {"s": "b a"},
        {"t": "a b"},
        {"t": "b a"},
    )


def test_one_technician_on_two_shifts_is_no_crew() -> None:
    visits = [visit("a", 1, 50), visit("b", 1, 50)]
    shifts = [shift("s"), shift("t", start=1000, end=2000)]
    solution = solved(line_problem(visits, shifts, links=[Together(("a", "b"))]))
    assert left_out(solution) == {name: [(IMPOSSIBLE, Rule.TOGETHER)] for name in "ab"}
    assert "ann" in solution.unassigned[0].reasons[0].message


def test_a_crew_of_which_nobody_can_do_one_is_left_out_and_says_who_lacks_what() -> None:
    visits = [visit("a"), visit("b", skills={"crane": 1}), visit("c")]
    problem = line_problem(visits, two_technicians(), links=[Together(("a", "b"))])
    solution = solved(problem)
    assert left_out(solution) == {
        "a": [(IMPOSSIBLE, Rule.TOGETHER)],
        "b": [(IMPOSSIBLE, Rule.SKILLS)],
    }
    (of_a, of_b) = solution.unassigned
    assert "b" in of_a.reasons[0].message
    assert of_b.reasons[0].message in of_a.reasons[0].message


def test_a_crew_that_is_never_at_work_at_once_is_impossible() -> None:
    shifts = [shift("s", "ann", end=100), shift("t", "bob", start=500, end=600)]
    visits = [visit("a"), visit("b")]
    solution = solved(line_problem(visits, shifts, links=[Together(("a", "b"))]))
    assert left_out(solution) == {name: [(IMPOSSIBLE, Rule.TOGETHER)] for name in "ab"}
    assert "at once" in solution.unassigned[0].reasons[0].message


def test_a_crew_makes_way_for_dearer_work_as_a_whole() -> None:
    visits = [
        visit("a", 1, 600, priority=1),
        visit("b", 1, 600, priority=1),
        visit("c", 1, 600, priority=4),
    ]
    solution = solved(line_problem(visits, two_technicians(), links=[Together(("a", "b"))]))
    assert left_out(solution).keys() == {"a", "b"}
    assert {code for reasons in left_out(solution).values() for code, _ in reasons} == {NOT_FOUND}


def test_other_visits_are_put_around_a_crew() -> None:
    visits = [
        *(visit(name, 3, 50) for name in "ab"),
        *(visit(f"v{number}", number, 20) for number in range(1, 6)),
    ]
    problem = line_problem(visits, two_technicians(), links=[Together(("a", "b"))])
    assert solved(problem).unassigned == ()


def test_what_could_be_reached_by_way_of_a_crew_that_is_left_out_is_not_impossible() -> None:
    """From home to v there is only the way by a."""
    visits = [visit("a", 1), visit("b", 1, skills={"gas": 1}), visit("v", 2), visit("w", 2)]
    links: list[Link] = [Together(("a", "b")), After("w", "a")]
    problem = line_problem(visits, two_technicians(), links=links)
    legs = np.array(problem.travel_time)
    legs[0, 2] = legs[2, 0] = NO_WAY
    solution = solved(replace(problem, travel_time=legs, distance=legs))
    assert left_out(solution)["v"] == left_out(solution)["w"] == [(NOT_FOUND, None)]


# --- chains -------------------------------------------------------------------------------------


def test_the_second_waits_as_long_as_it_has_to_and_is_with_another() -> None:
    link = After("a", "b", 100, 150, Person.DIFFERENT)
    problem = line_problem([visit("a"), visit("b")], two_technicians(), links=[link])
    solution = solved(problem)
    assert sorted(plan(solution).values()) == ["a", "b"]
    assert 100 <= starts(solution)["b"] - starts(solution)["a"] - 5 <= 150


def test_the_same_technician_comes_back_on_another_day() -> None:
    link = After("a", "b", 1000, person=Person.SAME)
    shifts = [
        shift("s", "ann"),
        shift("t", "bob"),
        shift("tue", "ann", start=DAY, end=DAY + 1000),
    ]
    visits = [visit("a", skills={"gas": 1}), visit("b")]
    shifts[0] = replace(shifts[0], skills={"gas": 1})
    assert planned(line_problem(visits, shifts, links=[link])) == {"s": "a", "tue": "b"}


def test_a_day_of_work_longer_than_a_shift_is_a_chain_on_following_days() -> None:
    """``vrp-81`` and ``frepple-370``: said as visits of the same technician one after the other."""
    days = [shift(f"d{n}", start=n * DAY, end=n * DAY + 1000) for n in range(3)]
    days.append(shift("bob", "bob", start=DAY, end=DAY + 1000))
    visits = [visit(f"part{n}", 1, 900) for n in range(3)]
    links = [After(f"part{n}", f"part{n + 1}", 0, DAY, Person.SAME) for n in range(2)]
    found = planned(line_problem(visits, days, links=links))
    assert found == {"d0": "part0", "d1": "part1", "d2": "part2"}


def test_as_much_of_a_chain_as_has_a_place_is_done_from_its_beginning() -> None:
    links = [After("a", "b"), After("b", "c")]
    visits = [visit("a"), visit("b"), visit("c", skills={"gas": 1})]
    solution = solved(line_problem(visits, [shift()], links=links))
    assert plan(solution) == {"s": "a b"}
    assert left_out(solution) == {"c": [(IMPOSSIBLE, Rule.SKILLS)]}


def test_the_second_is_left_out_with_the_first_and_says_so() -> None:
    visits = [visit("a", skills={"gas": 1}), visit("b")]
    solution = solved(line_problem(visits, [shift()], links=[After("a", "b")]))
    assert left_out(solution) == {"a": [(IMPOSSIBLE, Rule.SKILLS)], "b": [(IMPOSSIBLE, Rule.AFTER)]}


def test_a_gap_that_nobody_can_keep_is_impossible() -> None:
    visits = [visit("a", windows=(window(0, 50),)), visit("b", windows=(window(900, 950),))]
    solution = solved(line_problem(visits, [shift()], links=[After("a", "b", 0, 100)]))
    assert plan(solution) == {"s": "a"}
    assert left_out(solution) == {"b": [(IMPOSSIBLE, Rule.AFTER)]}


# --- kept apart ---------------------------------------------------------------------------------


def test_visits_kept_apart_have_two_technicians_or_two_days() -> None:
    visits = [visit("a"), visit("b")]
    days = [shift("s"), shift("t", start=DAY, end=DAY + 1000)]
    by_technician = line_problem(visits, two_technicians(), links=[Apart(("a", "b"))])
    by_day = line_problem(visits, days, links=[Apart(("a", "b"), Separation.DAY)])
    for problem in (by_technician, by_day):
        assert sorted(planned(problem).values()) == ["a", "b"]


# --- always -------------------------------------------------------------------------------------


def is_complete(problem: Problem, solution: Solution) -> bool:
    placed = [s.id for r in solution.routes for s in r.stops if s.kind == "visit"]
    left = [unassigned.id for unassigned in solution.unassigned]
    return sorted(placed + left) == sorted(visit.id for visit in problem.visits)


@given(linked_problems())
def test_every_answer_keeps_all_links_and_every_visit_is_placed_or_explained(
    problem: Problem,
) -> None:
    solution = solve(problem, Limit(iterations=600))
    assert check(problem, solution) == ()
    assert is_complete(problem, solution)
    assert accepts(problem, solution.routes)


@pytest.mark.parametrize("engine", ENGINES)
@given(problem=linked_problems(max_visits=5))
@settings(max_examples=20)
def test_a_plan_to_start_from_is_never_made_worse(problem: Problem, engine: str) -> None:
    try:
        first = solve(problem, Limit(iterations=100), engine=engine)
        again = solve(problem, Limit(iterations=100), engine=engine, start=first)
    except NotInTheModel:
        reject()
    assert again.objective <= first.objective
    assert check(problem, again) == ()


def test_a_plan_that_breaks_links_is_mended() -> None:
    visits = [visit("a", 1, 50), visit("b", 1, 50), visit("c", 2)]
    links: list[Link] = [Together(("a", "b"))]
    free = line_problem(visits, two_technicians())
    problem = replace(free, links=tuple(links))
    start = solved(free)
    assert check(problem, start) != ()
    solution = solve(problem, Limit(iterations=100), start=start)
    assert check(problem, solution) == ()
    assert solution.unassigned == ()


def test_the_same_seed_gives_the_same_plan_with_links_too() -> None:
    visits = [visit(name, number) for number, name in enumerate("abcdef")]
    links: list[Link] = [Together(("a", "f")), After("b", "e", person=Person.DIFFERENT)]
    problem = line_problem(visits, two_technicians(), links=links)
    plans = [solve(problem, Limit(iterations=200), seed=3) for _ in range(2)]
    assert plans[0] == plans[1]


@pytest.mark.parametrize("seed", range(6))
def test_no_plan_that_there_is_costs_less_where_there_are_few(seed: int) -> None:
    """A crew, a chain and one more, for two technicians; looked at in every order."""
    random = np.random.default_rng(seed)
    visits = [
        visit(name, int(random.integers(1, 8)), int(random.choice([5, 20, 60])), priority=2)
        for name in "abcd"
    ]
    links: list[Link] = [Together(("a", "b")), After("b", "c", -40, person=Person.DIFFERENT)]
    problem = line_problem(visits, two_technicians(), links=links[: 1 + seed % 2])
    cheapest = cheapest_of_all(problem)
    assert solve(problem, Limit(iterations=300)).objective == cheapest
    assert linked_optimum(problem).objective == cheapest
