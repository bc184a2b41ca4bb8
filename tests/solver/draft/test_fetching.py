"""Calls at depots anywhere before a visit, for what nothing faster has found a place."""

import pytest

from solver.draft.draft import Draft
from solver.draft.fetching import fetched
from solver.problem import Depot
from tests.solver.problems import depot, line_problem, shift, visit

CRANE = frozenset({"crane"})


def looks(crane: Depot, *others: Depot) -> tuple[bool, int]:
    """Whether bob finds a place for a visit that needs the crane, which ann has borrowed from a
    depot that is on everybody's way, and how often he has looked whether to go on."""
    visits = [visit("a", 0, 5, tools=CRANE), visit("b", 0, 5, tools=CRANE)]
    problem = line_problem(visits, [shift("s", "ann"), shift("t", "bob")], [crane, *others])
    draft = Draft(problem)
    ann, bob = draft.problem.shifts
    assert draft.hold({ann.id: (crane, draft.visits[0])})
    asked = 0

    def over() -> bool:
        nonlocal asked
        asked += 1
        return False

    return fetched(draft, draft.visits[1], bob, over) is not None, asked


def lent() -> Depot:
    return depot("d", 0, tools=CRANE, tool_counts={"crane": 1})


@pytest.mark.parametrize("others", [0, 5])
def test_who_has_lent_all_is_not_called_at_over_and_over(others: int) -> None:
    away = [depot(f"o{n}", 0, tools=CRANE, tool_counts={"crane": 0}) for n in range(others)]
    assert looks(lent(), *away) == (False, 1)


def test_who_has_one_left_lends_it() -> None:
    there = depot("e", 0, tools=CRANE, tool_counts={"crane": 1})
    is_found, asked = looks(lent(), there)
    assert is_found
    assert asked <= 3
