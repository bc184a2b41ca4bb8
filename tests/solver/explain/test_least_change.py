"""The least that lets a visit in is enough, and no less is."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from solver.draft.draft import Draft
from solver.draft.insertion import fill
from solver.explain.least_change import MINUTE, effort, placed
from solver.judge.check import check
from solver.links import Together
from solver.problem import Pin, Previous, Problem
from solver.rules.waivers import waived
from solver.solution import EARLIER, LATER, START, TECHNICIAN, Rule
from tests.solver.problems import (
    depot,
    line,
    line_problem,
    pause,
    problems,
    shift,
    solution_of,
    visit,
    window,
)

HOUR = 60 * MINUTE
HELD = frozenset({"crane"})
Told = list[list[tuple[Rule, str, int]]]


def told(problem: Problem, name: str = "a", gap: int | None = None) -> Told:
    """The changes that would let the visit onto ``s`` next to all the others, which come first."""
    draft = Draft(problem)
    fill(draft, [other for other in draft.unassigned() if other.id != name])
    assert [other.id for other in draft.unassigned()] == [name]
    changes = [found.change for found in placed(problem, draft.sequences, name, "s", gap)]
    return [[(w.rule, w.subject, w.amount) for w in change] for change in changes]


def test_what_fits_needs_nothing() -> None:
    assert told(line_problem([visit("a", 1)], [shift()])) == [[]]


def test_nothing_is_said_of_one_of_a_crew() -> None:
    """To move its window would not let it in: there is no other technician."""
    late = visit("a", 1, windows=(window(2000, 3000),))
    alone = line_problem([late, visit("b")], [shift()])
    assert told(alone) != []
    assert told(replace(alone, links=(Together(("a", "b")),))) == []


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        ({"skills": {"gas": 3}}, (Rule.SKILLS, "gas", 2)),
        ({"territory": "north"}, (Rule.TERRITORY, "north", 1)),
        ({"forbidden": frozenset({"ann"})}, (Rule.TECHNICIANS, "", 1)),
        ({"pin": Pin("bob")}, (Rule.PINS, TECHNICIAN, 1)),
        ({"pin": Pin("ann", 5)}, (Rule.PINS, START, 5)),
        ({"pin": Pin("ann", 50), "windows": (window(60, 70),)}, (Rule.TIME_WINDOWS, EARLIER, 10)),
        ({"tools": HELD}, (Rule.TOOLS, "crane", 1)),
        ({"parts": {"belt": 3}}, (Rule.PARTS, "belt", 2)),
        ({"duration": 1000}, (Rule.SHIFT, "", MINUTE)),
        ({"windows": (window(2000, 3000),)}, (Rule.TIME_WINDOWS, EARLIER, 1020)),
        ({"windows": (window(-9, 0),)}, (Rule.TIME_WINDOWS, LATER, MINUTE)),
    ],
)
def test_one_rule_that_is_in_the_way(
    demand: dict[str, Any], expected: tuple[Rule, str, int]
) -> None:
    ann = shift(skills={"gas": 1}, stock={"belt": 1}, territories=frozenset({"south"}))
    problem = line_problem([replace(visit("a", 1), **demand)], [ann, shift("t", "bob")])
    assert told(problem)[0] == [expected]


def test_windows_are_not_opened_for_a_promised_time_that_is_given_up() -> None:
    promised = visit("a", 20, windows=(window(1000, 2000),), pin=Pin("bob", 3550))
    ann = shift(end=HOUR)
    problem = line_problem([promised], [ann, shift("t", "bob")], moved_time=1)
    moved = replace(promised, previous=Previous("bob", 3550))
    for one in (promised, moved):
        asked = replace(problem, visits=(one,))
        rules = [(rule, subject) for rule, subject, _ in told(asked)[0]]
        assert rules == [(Rule.PINS, TECHNICIAN), (Rule.PINS, START)]
        (found, *_) = placed(asked, Draft(asked).sequences, "a", "s")
        (route,) = found.draft.routes()
        assert 1000 <= route.stops[0].start <= 2000


def test_windows_open_as_far_as_they_must_where_the_promised_time_is_given_up_as_well() -> None:
    promised = visit("a", 0, HOUR, windows=(window(-HOUR, -HOUR),), pin=Pin("ann", 2 * HOUR))
    no_overtime = shift("t", start=2 * HOUR, end=3 * HOUR)
    problem = line_problem([promised], [shift(end=2 * HOUR), no_overtime])
    opened = (Rule.TIME_WINDOWS, LATER, HOUR)
    assert told(problem)[0] == [(Rule.PINS, START, 2 * HOUR), opened]


def test_the_smallest_change_comes_first() -> None:
    full = visit("b", 0, 8 * HOUR)
    late = visit("a", 0, 1800, windows=(window(0, 7 * HOUR + 1800),))
    changes = told(line_problem([full, late], [shift(end=8 * HOUR)]))
    assert changes[0] == [(Rule.SHIFT, "", 1800)]


def test_a_break_gives_way_only_as_far_as_it_must() -> None:
    lunch = pause(start=4 * HOUR, end=4 * HOUR, duration=1800)
    ann = shift(end=8 * HOUR, breaks=(lunch,))
    fixed = visit("a", 0, 2 * HOUR, windows=(window(3 * HOUR, 3 * HOUR),))
    changes = told(line_problem([fixed], [ann]))
    assert [(Rule.BREAKS, "lunch", HOUR)] in changes


def test_two_rules_together_where_one_is_not_enough() -> None:
    late = visit("a", 0, 2 * HOUR, windows=(window(9 * HOUR, 9 * HOUR),), skills={"gas": 1})
    changes = told(line_problem([late], [shift(end=8 * HOUR)]))
    assert [(Rule.SKILLS, "gas", 1), (Rule.SHIFT, "", 3 * HOUR)] in changes
    assert [(Rule.SKILLS, "gas", 1), (Rule.TIME_WINDOWS, EARLIER, 3 * HOUR)] in changes


def test_parts_that_others_take_are_missing_in_the_van() -> None:
    needy = [visit(name, 1, parts={"belt": 1}) for name in "ab"]
    problem = line_problem(needy, [shift()], [depot("d", 2, stock={"belt": 1})])
    assert told(problem)[0] == [(Rule.PARTS, "belt", 1)]


def test_only_in_the_gap_that_is_asked_for() -> None:
    first = visit("b", 0, 10, windows=(window(0, 100),))
    problem = line_problem([first, visit("a", 0, 200)], [shift()])
    assert told(problem, gap=1) == [[]]
    assert told(problem, gap=0) == []


def test_none_of_a_part_is_no_demand_for_it() -> None:
    asked = visit("a", 0, 10, parts={"filter": 1, "pump": 0})

    assert told(line_problem([asked], [shift()]))


@given(problem=problems())
def test_with_the_change_alone_the_plan_is_valid(problem: Problem) -> None:
    draft = Draft(problem)
    fill(draft, draft.unassigned())
    for left_out in draft.unassigned():
        for on in problem.shifts:
            changes = list(placed(problem, draft.sequences, left_out.id, on.id))
            for found in changes:
                lenient = waived(problem, found.change)
                solution = solution_of(lenient, *found.draft.routes())
                assert check(lenient, solution) == ()
                [calls] = [c for s, c in found.draft.sequences.items() if s == on.id]
                assert left_out.id in [call.id for call in calls]
            sizes = [effort(found.change) for found in changes]
            assert sizes == sorted(sizes)


def test_a_promised_time_that_is_void_does_not_bring_back_what_else_was_waived() -> None:
    """The depot with the crane is too far; next to that, either the day is longer or the promise is
    not kept."""
    far = line(3, 2_000_000)
    far[0, 1] = far[1, 0] = 10
    asked = visit("a", 1, 100, pin=Pin("ann", 950), tools=HELD)
    problem = Problem((asked,), (shift(),), far, far, (depot("d", 2, tools=HELD),))
    found = {tuple((rule, subject) for rule, subject, _ in change) for change in told(problem)}
    assert found == {
        ((Rule.TOOLS, "crane"), (Rule.PINS, START)),
        ((Rule.TOOLS, "crane"), (Rule.SHIFT, "")),
    }
