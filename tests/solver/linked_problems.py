"""Any small problem with links of all kinds between its visits."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from solver.links import After, Apart, Link, Person, Separation, Together
from solver.problem import InvalidProblem, Problem
from tests.solver.problems import problems


def _links(names: Sequence[str]) -> st.SearchStrategy[list[Link]]:
    two = st.permutations(names).map(lambda order: tuple(order[:2]))
    some = st.permutations(names).flatmap(
        lambda order: st.integers(2, min(3, len(order))).map(lambda size: tuple(order[:size]))
    )
    after = st.builds(
        lambda pair, least, more, person: After(
            pair[0], pair[1], least, None if more is None else least + more, person
        ),
        two,
        st.sampled_from((0, 60, -100)),
        st.sampled_from((None, 0, 300)),
        st.sampled_from(Person),
    )
    kinds = st.one_of(
        st.builds(Together, two),
        st.builds(Together, some),
        after,
        after,
        st.builds(Apart, some, st.sampled_from(Separation)),
    )
    return st.lists(kinds, min_size=1, max_size=3)


@st.composite
def linked_problems(draw: Any, **sizes: int) -> Problem:
    """As ``problems``, with as many of some links as do not contradict each other."""
    problem: Problem = draw(problems(**sizes))
    if len(problem.visits) < 2:
        return problem
    for link in draw(_links([visit.id for visit in problem.visits])):
        try:
            problem = replace(problem, links=(*problem.links, link))
        except InvalidProblem:
            continue
    return problem
