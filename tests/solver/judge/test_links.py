"""What the checker says of visits that hang together, on routes placed by hand."""

import pytest

from solver.judge.check import check
from solver.links import After, Apart, Link, Person, Separation, Together
from solver.problem import Problem
from solver.solution import Route, Rule, Solution, Unassigned
from tests.solver.problems import line_problem, shift, solution_of, visit
from tests.solver.routes import at

DAY = 86_400


def problem_of(*links: Link) -> Problem:
    """Visits a, b and c at home, for Ann on two days and for Bob."""
    visits = [visit(name, 0) for name in "abc"]
    shifts = [
        shift("ann", "ann"),
        shift("bob", "bob"),
        shift("tue", "ann", start=DAY, end=DAY + 1000),
    ]
    return line_problem(visits, shifts, links=links)


def broken(
    *links: Link, tolerance: int = 0, **starts: list[tuple[str, int]]
) -> list[tuple[str, int]]:
    """Rule and amount of what is broken where each shift has these visits at these times."""
    problem = problem_of(*links)
    who = {"ann": "ann", "bob": "bob", "tue": "ann"}
    routes = [
        Route(name, who[name], calls[0][1], calls[-1][1] + 5, tuple(at(v, t) for v, t in calls))
        for name, calls in starts.items()
    ]
    solution: Solution = solution_of(problem, *routes)
    found = check(problem, solution, tolerance=tolerance)
    return [(violation.rule.value, violation.amount) for violation in found]


def test_a_crew_starts_at_the_same_moment_with_as_many_technicians() -> None:
    crew = Together(("a", "b"))
    assert broken(crew, ann=[("a", 50)], bob=[("b", 50), ("c", 60)]) == []
    assert broken(crew, ann=[("a", 50)], bob=[("b", 53)]) == [("together", 3)]
    assert broken(crew, ann=[("a", 50)], bob=[("b", 53)], tolerance=3) == []
    assert broken(crew, ann=[("a", 50), ("b", 55)]) == [("together", 5), ("together", 1)]


def test_a_crew_is_served_as_a_whole_or_not_at_all() -> None:
    crew = Together(("a", "b", "c"))
    assert broken(crew) == []
    assert broken(crew, ann=[("a", 50)]) == [("together", 2)]


def test_the_second_keeps_its_distance_from_the_end_of_the_first() -> None:
    link = After("a", "b", 10, 20)
    for start, amount in ((64, 1), (65, 0), (75, 0), (76, 1)):
        found = broken(link, ann=[("a", 50)], bob=[("b", start)])
        assert found == ([("after", amount)] if amount else [])
    assert broken(After("a", "b", -10), ann=[("a", 50)], bob=[("b", 45)]) == []
    assert broken(After("a", "b", -10), ann=[("a", 50)], bob=[("b", 44)]) == [("after", 1)]


def test_the_second_is_never_served_without_the_first() -> None:
    assert broken(After("a", "b"), bob=[("b", 50)]) == [("after", 1)]
    assert broken(After("a", "b"), bob=[("a", 50)]) == []


@pytest.mark.parametrize(("person", "same", "other"), [("same", 0, 1), ("different", 1, 0)])
def test_the_second_is_with_the_technician_that_the_link_says(
    person: str, same: int, other: int
) -> None:
    link = After("a", "b", person=Person(person))
    assert broken(link, ann=[("a", 50)], bob=[("b", 90)]) == [("after", 1)] * other
    assert broken(link, ann=[("a", 50)], tue=[("b", DAY)]) == [("after", 1)] * same
    assert broken(After("a", "b"), ann=[("a", 50)], tue=[("b", DAY)]) == []


def test_visits_kept_apart_share_neither_technician_nor_day() -> None:
    by_technician, by_day = Apart(("a", "b", "c")), Apart(("a", "b", "c"), Separation.DAY)
    assert broken(by_technician, ann=[("a", 50)], tue=[("b", DAY)]) == [("apart", 1)]
    assert broken(by_day, ann=[("a", 50)], tue=[("b", DAY)]) == []
    assert broken(by_day, ann=[("a", 50)], bob=[("b", 50), ("c", 60)]) == [("apart", 2)]
    assert broken(by_technician, ann=[("a", 50)], bob=[("b", 50)]) == []


def test_links_of_visits_on_unknown_shifts_are_left_to_other_rules() -> None:
    problem = problem_of(Together(("a", "b")))
    nowhere = Route("nowhere", "ann", 0, 5, (at("a", 0),))
    solution = Solution((nowhere,), (Unassigned("b", ()), Unassigned("c", ())), {})
    rules = {violation.rule for violation in check(problem, solution)}
    assert rules == {Rule.EVERY_VISIT_ONCE, Rule.COST}
