"""What each kind of link means to the compiled search, on roads so short that it can be told by
heart: location ``i`` lies ``10 * i`` seconds from the technicians' home."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from solver.kernel.bonds import bonds
from solver.kernel.bundles import take_out_bundles
from solver.kernel.changes import repair, take_out
from solver.kernel.dice import dice
from solver.kernel.holding import hold_back
from solver.kernel.hopeless import find_hopeless
from solver.kernel.nearby import best_on
from solver.kernel.search import anneal, fill
from solver.kernel.settings import SearchSettings
from solver.kernel.ties import bind
from solver.kernel.undoing import begin_iteration, save
from solver.links import After, Apart, Link, Person, Separation, Together
from solver.objective import Objective
from solver.problem import Problem, Shift, Visit
from solver.search.partition import is_separable
from solver.search.searches import Searches
from tests.solver.kernel.linked import timed
from tests.solver.kernel.plans import KernelPlan
from tests.solver.problems import line_problem, pause, shift, visit, window

ANN, BOB, EVE = shift("ann"), shift("bob", "bob"), shift("eve", "eve")
DAY = 86_400
FREE = Objective(working_time=0, distance=1, lateness=1)


def plan_of(problem: Problem, **routes: str) -> KernelPlan:
    """The plan in which these shifts make these visits, named by a letter each."""
    return KernelPlan(
        problem,
        {name: [problem.visit[letter] for letter in calls] for name, calls in routes.items()},
    )


def filled(problem: Problem, seed: int = 0, iterations: int = 0) -> KernelPlan:
    """The plan that the search opens with, improved so often."""
    kernel, numbers = KernelPlan(problem), dice(seed, 0)
    fill(kernel.arrays, kernel.plan, numbers, SearchSettings())
    anneal(kernel.arrays, kernel.plan, numbers, SearchSettings(), iterations, 9.0, 1.0, 0, 1000.0)
    return kernel


def starts(kernel: KernelPlan) -> dict[str, int]:
    """When all stops start."""
    return {stop.id: stop.start for route in timed(kernel).routes for stop in route.stops}


def routes(kernel: KernelPlan) -> dict[str, str]:
    return {name: "".join(c.id for c in calls) for name, calls in kernel.sequences().items()}


def problem_of(
    visits: Sequence[Visit], shifts: Sequence[Shift], *links: Link, objective: Objective = FREE
) -> Problem:
    return replace(line_problem(visits, shifts, links=links), objective=objective)


def test_a_crew_starts_when_the_last_of_it_is_there() -> None:
    crew = Together(("a", "b", "c"))
    problem = problem_of([visit("a", 1), visit("b", 4), visit("c", 2)], [ANN, BOB, EVE], crew)

    kernel = plan_of(problem, ann="a", bob="b", eve="c")

    assert starts(kernel) == {"a": 40, "b": 40, "c": 40}


def test_what_comes_before_one_of_a_crew_puts_off_the_others_and_all_behind_them() -> None:
    visits = [visit("a", 1), visit("b", 1), visit("x", 3, duration=50), visit("y", 2, due=30)]
    problem = problem_of(visits, [ANN, BOB], Together(("a", "b")))

    without, with_x = plan_of(problem, ann="a", bob="by"), plan_of(problem, ann="xa", bob="by")

    assert starts(without) == {"a": 10, "b": 10, "y": 25}
    assert starts(with_x) == {"x": 30, "a": 100, "b": 100, "y": 115}
    late = 115 + 5 - 30
    price = problem.prices["x"]
    assert with_x.cents == without.cents - price + 2 * 20 + late


def test_a_place_costs_what_it_puts_off_on_other_routes() -> None:
    visits = [visit("a", 1), visit("b", 1), visit("x", 3, duration=50), visit("y", 2, due=30)]
    problem = problem_of(visits, [ANN, BOB], Together(("a", "b")))
    kernel = plan_of(problem, ann="a", bob="by")

    bind(kernel.arrays, kernel.plan, 2)
    kernel.plan.now["until_blink"] = 99
    place = best_on(kernel.arrays, kernel.plan, 2, 0, 2**61, dice(0, 0), 0.01)

    assert place.after == 0  # behind a, where it puts off nobody
    assert place.cents == 2 * 20


@pytest.mark.parametrize("seed", range(5))
def test_a_crew_of_six_is_made_by_six(seed: int) -> None:
    six = [shift(name, name) for name in "klmnop"]
    crew = [visit(name, 1 + number) for number, name in enumerate("abcdef")]
    kernel = filled(problem_of(crew, six, Together(tuple("abcdef"))), seed)

    assert set(starts(kernel).values()) == {60}
    assert sorted(routes(kernel).values()) == list("abcdef")


def test_a_crew_is_made_whole_or_not_at_all() -> None:
    visits = [visit("a", 1), visit("b", 1), visit("c", 1), visit("d", 2)]
    kernel = filled(problem_of(visits, [ANN, BOB], Together(("a", "b", "c"))), iterations=50)

    assert kernel.unassigned() == {"a", "b", "c"}


def test_of_a_plan_that_has_half_a_crew_nothing_of_the_crew_is_kept() -> None:
    visits = [visit("a", 1), visit("b", 1), visit("d", 2)]
    kernel = plan_of(problem_of(visits, [ANN, BOB], Together(("a", "b"))), ann="ad")

    assert routes(kernel) == {"ann": "d", "bob": ""}


def test_what_hangs_together_is_taken_out_together() -> None:
    visits = [visit("a", 1), visit("b", 1), visit("c", 1), visit("d", 2)]
    problem = problem_of(visits, [ANN, BOB], Together(("a", "b")), After("b", "c"))
    kernel = plan_of(problem, ann="ad", bob="bc")
    begin_iteration(kernel.plan)
    save(kernel.arrays, kernel.plan, 1)
    take_out(kernel.arrays, kernel.plan, 2)

    take_out_bundles(kernel.arrays, kernel.plan)
    repair(kernel.arrays, kernel.plan)

    assert routes(kernel) == {"ann": "d", "bob": ""}


def test_a_visit_is_held_where_to_wait_before_it_is_cheaper_than_behind() -> None:
    visits = [visit("a", 1), visit("b", 1), visit("c", 1, windows=(window(500, 600),))]
    problem = problem_of(visits, [ANN, BOB], Together(("a", "b")), objective=Objective())
    kernel = plan_of(problem, ann="ac", bob="b")
    assert kernel.cents == 515 + 25

    begin_iteration(kernel.plan)
    save(kernel.arrays, kernel.plan, 0)
    hold_back(kernel.arrays, kernel.plan, dice(0, 0))

    assert starts(kernel) == {"a": 495, "b": 495, "c": 500}
    assert kernel.cents == 30 + 25


def test_a_technician_is_no_crew() -> None:
    problem = problem_of([visit("a", 1), visit("b", 1)], [ANN, BOB], Together(("a", "b")))

    assert plan_of(problem, ann="ab").unassigned() == {"a", "b"}


def test_two_crews_that_wait_for_each_other_are_not_kept() -> None:
    visits = [visit(name, 1) for name in "abcd"]
    links = Together(("a", "b")), Together(("c", "d"))
    problem = problem_of(visits, [ANN, BOB], *links)

    assert len(plan_of(problem, ann="ac", bob="bd").unassigned()) == 0
    assert len(plan_of(problem, ann="ac", bob="db").unassigned()) == 2


def test_a_crew_is_put_where_nobody_waits_for_ever() -> None:
    visits = [visit(name, 1) for name in "abcd"]
    problem = problem_of(visits, [ANN, BOB], Together(("a", "b")), Together(("c", "d")))

    for seed in range(10):
        assert filled(problem, seed, 20).unassigned() == set()


def test_the_second_starts_so_long_after_the_first_has_ended() -> None:
    problem = problem_of([visit("a", 1), visit("b", 1)], [ANN, BOB], After("a", "b", least=30))

    assert starts(plan_of(problem, ann="a", bob="b")) == {"a": 10, "b": 10 + 5 + 30}
    assert plan_of(problem, ann="ba").unassigned() == {"a", "b"} - {"a"}


def test_the_first_waits_so_that_the_second_is_not_too_late() -> None:
    link = After("a", "b", least=0, most=10)
    problem = problem_of([visit("a", 1), visit("b", 8)], [ANN, BOB], link)

    assert starts(plan_of(problem, ann="a", bob="b")) == {"a": 80 - 10 - 5, "b": 80}


def test_there_is_no_second_without_a_first_but_a_first_without_a_second() -> None:
    second = visit("b", 1, windows=(window(0, 5),))
    problem = problem_of([visit("a", 1), second], [ANN, BOB], After("a", "b"))
    assert filled(problem, iterations=20).unassigned() == {"b"}

    first = visit("a", 1, windows=(window(0, 5),))
    problem = problem_of([first, visit("b", 1)], [ANN, BOB], After("a", "b"))
    assert filled(problem, iterations=20).unassigned() == {"a", "b"}


@pytest.mark.parametrize("person", Person)
def test_the_second_is_made_by_whom_the_link_wants(person: Person) -> None:
    problem = problem_of([visit("a", 1), visit("b", 9)], [ANN, BOB], After("a", "b", person=person))

    for seed in range(5):
        kernel = filled(problem, seed, 10)
        is_same = "" in routes(kernel).values()
        assert kernel.unassigned() == set()
        assert person is Person.ANY or is_same is (person is Person.SAME)
    assert (
        plan_of(problem, ann="ab").unassigned()
        == ({"a", "b"} if person is Person.DIFFERENT else set())
        or person is not Person.DIFFERENT
    )


def test_visits_are_kept_apart_by_technician() -> None:
    visits = [visit("a", 1), visit("b", 1), visit("c", 1)]
    kernel = filled(problem_of(visits, [ANN, BOB], Apart(("a", "b", "c"))), iterations=20)

    assert len(kernel.unassigned()) == 1
    assert sorted(map(len, routes(kernel).values())) == [1, 1]


def test_visits_are_kept_apart_by_day() -> None:
    today = [ANN, BOB]
    tomorrow = shift("late", "ann", DAY, DAY + 1000)
    link = Apart(("a", "b"), Separation.DAY)
    kernel = filled(problem_of([visit("a", 1), visit("b", 1)], [*today, tomorrow], link), 0, 20)

    assert kernel.unassigned() == set()
    assert len(routes(kernel)["late"]) == 1


@pytest.mark.parametrize("seed", range(5))
def test_long_work_is_done_by_one_technician_day_after_day(seed: int) -> None:
    days = [
        shift(f"{name}{day}", name, day * DAY, day * DAY + 1000)
        for name in ("ann", "bob")
        for day in range(3)
    ]
    parts = [visit(name, 1, duration=900) for name in "abc"]
    links = [
        After(first, second, least=0, most=DAY, person=Person.SAME)
        for first, second in ("ab", "bc")
    ]
    kernel = filled(problem_of(parts, days, *links), seed, 20)

    assert kernel.unassigned() == set()
    (name,) = {shift_id[:3] for shift_id, calls in routes(kernel).items() if calls}
    assert [routes(kernel)[f"{name}{day}"] for day in range(3)] == ["a", "b", "c"]


def test_a_crew_waits_for_somebody_who_has_a_break() -> None:
    bob = replace(BOB, breaks=(pause(start=20, end=40, duration=100),))
    visits = [visit("a", 1), visit("b", 8)]
    problem = problem_of(visits, [ANN, bob], Together(("a", "b")), objective=Objective())

    found = starts(plan_of(problem, ann="a", bob="b"))

    assert (found["a"], found["b"]) == (180, 180)


def test_the_search_tells_when_tied_visits_start_in_its_best_plan() -> None:
    visits = [visit("a", 1), visit("b", 4), visit("c", 2)]
    searches = Searches(problem_of(visits, [ANN, BOB], Together(("a", "b"))), seed=0)
    searches.open({"ann": [visits[0], visits[2]], "bob": [visits[1]]})

    assert searches.moments() == {"a": 40, "b": 40}


def test_a_crew_starts_when_all_of_it_are_open() -> None:
    visits = [
        visit("a", 1, windows=(window(0, 20), window(60, 70), window(200, 300))),
        visit("b", 3, windows=(window(0, 40), window(100, 210))),
    ]
    problem = problem_of(visits, [ANN, BOB], Together(("a", "b")), objective=Objective())

    assert starts(plan_of(problem, ann="a", bob="b")) == {"a": 200, "b": 200}


def test_who_hangs_together_with_a_hopeless_visit_is_not_tried() -> None:
    nobody = visit("a", 1, skills={"diving": 1})
    links = Together(("a", "b")), After("b", "c")
    kernel = KernelPlan(problem_of([nobody, visit("b", 1), visit("c", 1)], [ANN, BOB], *links))
    find_hopeless(kernel.arrays, kernel.plan)

    assert kernel.plan.hopeless.tolist() == [1, 1, 1]


def test_the_largest_lateness_of_all_routes_costs_once() -> None:
    visits = [visit("a", 2, due=20), visit("b", 3, due=20)]
    objective = replace(FREE, worst_lateness=100)
    kernel = plan_of(problem_of(visits, [ANN, BOB], objective=objective), ann="a", bob="b")

    assert kernel.cents == 40 + 60 + 5 + 15 + 100 * 15


def test_routes_that_are_linked_are_not_priced_each_by_itself() -> None:
    alone = problem_of([visit("a", 1), visit("b", 1)], [ANN, BOB])

    assert is_separable(KernelPlan(alone).arrays)
    assert not is_separable(KernelPlan(replace(alone, links=(Together(("a", "b")),))).arrays)


def test_all_that_hangs_together_by_time_is_one_bundle() -> None:
    links: list[Link] = [Together(("a", "b")), After("b", "c"), Apart(("c", "d"))]
    found = bonds("abcd", links, np.zeros((2, 4), dtype=np.int64))
    sizes = found["bonds"]["number_of_bundles"]

    assert sizes.tolist() == [3, 3, 3, 0]
