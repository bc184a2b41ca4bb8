"""Relations between visits are validated with the problem: each by itself, and all together."""

from typing import Any

import pytest

from solver.files.read import problem_from_json
from solver.links import After, Apart, Link, Person, Separation, Together
from solver.problem import InvalidProblem, Pin
from solver.travel import MAX_TIME
from tests.solver.problems import line_problem, shift, visit

SAME, DIFFERENT = Person.SAME, Person.DIFFERENT


def faults(*links: Link, **pins: str) -> list[str]:
    """The codes of what is wrong with links between the visits a, b, c and d of five seconds."""
    visits = [visit(v, pin=Pin(pins[v]) if v in pins else None) for v in "abcd"]
    try:
        problem = line_problem(visits, [shift()], links=links)
    except InvalidProblem as invalid:
        return [fault.code for fault in invalid.faults]
    assert problem.links == links
    return []


def test_crews_gaps_and_separations_may_meet_in_one_visit() -> None:
    assert faults(Together(("a", "b")), After("b", "c", person=SAME), Apart(("a", "c", "d"))) == []


def test_every_link_that_is_wrong_by_itself_is_told_at_once() -> None:
    wrong = (
        Together(("a",)),
        Together(("b", "b")),
        After("a", "x"),
        After("a", "b", 10, 5),
        After("a", "b", MAX_TIME + 1),
        Apart(("a", "y", "z")),
    )
    assert faults(*wrong) == [
        "too_few_visits",
        "repeated_visit",
        "unknown_visit",
        "least_above_most",
        "too_large",
        "unknown_visit",
        "unknown_visit",
    ]


def test_a_visit_has_one_crew() -> None:
    assert faults(Together(("a", "b")), Together(("b", "c"))) == ["two_crews"]


@pytest.mark.parametrize(
    "links",
    [
        [After("a", "b"), After("b", "a")],
        [After("a", "b", most=10), After("b", "c"), After("c", "d"), After("a", "d", least=100),
         After("a", "c", most=20), After("c", "d", most=50)],
        [Together(("a", "b", "c")), After("a", "c")],
    ],
)  # fmt: skip
def test_gaps_that_no_times_keep_are_told(links: list[Link]) -> None:
    assert faults(*links) == ["contradicting_gaps"]


def test_gaps_in_a_circle_that_come_to_nothing_are_kept_by_some_times() -> None:
    assert faults(After("a", "b", -5), After("b", "a", -5)) == []
    assert faults(After("a", "b", 10, 10), After("b", "c", 10, 10), After("a", "c", 25, 25)) == []


def test_the_same_person_cannot_be_two() -> None:
    same = After("a", "b", person=SAME), After("b", "c", person=SAME)
    assert faults(*same, After("a", "c", person=DIFFERENT)) == ["contradicting_persons"]
    assert faults(*same, Apart(("c", "a"))) == ["contradicting_persons"]
    assert faults(*same, Apart(("c", "a"), Separation.DAY)) == []


def test_pins_agree_with_who_is_the_same_and_who_is_not() -> None:
    assert faults(Together(("a", "b")), a="ann", b="ann") == ["contradicting_pins"]
    assert faults(Together(("a", "b")), a="ann", b="bob") == []
    assert faults(After("a", "b", person=SAME), a="ann", b="bob") == ["contradicting_pins"]
    assert faults(After("a", "b", person=SAME), a="ann", b="ann") == []
    crew_and_same = Together(("a", "b")), After("b", "c", person=SAME)
    assert faults(*crew_and_same, a="ann", c="ann") == ["contradicting_pins"]


def document(*links: Any) -> dict[str, Any]:
    home = {"start_location": 0, "end_location": 0, "start": 0, "end": 3600}
    return {
        "travel_time": [[0]],
        "distance": [[0]],
        "visits": [{"id": v, "location": 0} for v in "abc"],
        "shifts": [{"id": "mon", "technician": "ann", **home}],
        "links": list(links),
    }


def test_links_are_read_from_json() -> None:
    problem = problem_from_json(
        document(
            {"kind": "together", "visits": ["a", "b"]},
            {"kind": "after", "first": "a", "second": "c"},
            {
                "kind": "after",
                "first": "b",
                "second": "c",
                "least": -5,
                "most": 9,
                "person": "same",
            },
            {"kind": "apart", "visits": ["a", "c"]},
            {"kind": "apart", "visits": ["a", "c"], "by": "day"},
        )
    )
    assert problem.links == (
        Together(("a", "b")),
        After("a", "c", 0, None, Person.ANY),
        After("b", "c", -5, 9, SAME),
        Apart(("a", "c"), Separation.TECHNICIAN),
        Apart(("a", "c"), Separation.DAY),
    )


def test_every_fault_of_links_in_json_is_told_with_its_place() -> None:
    with pytest.raises(InvalidProblem) as invalid:
        problem_from_json(
            document(
                {"kind": "togehter", "visits": ["a", "b"]},
                {"visits": ["a", "b"]},
                {"kind": "after", "first": "a", "second": "b", "person": "other"},
                {"kind": "together", "visits": "a"},
                {"kind": 3},
                "after",
                {"kind": "apart", "visits": ["a", "b"], "least": 3},
            )
        )
    assert [(fault.where, fault.code) for fault in invalid.value.faults] == [
        ("/links/0/kind", "unknown_value"),
        ("/links/1", "missing_key"),
        ("/links/2/person", "unknown_value"),
        ("/links/3/visits", "wrong_type"),
        ("/links/4/kind", "wrong_type"),
        ("/links/5", "missing_key"),
        ("/links/6/least", "unknown_key"),
    ]
