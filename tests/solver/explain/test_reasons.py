"""Why a visit is left out: nobody ever could, others matter more, or it was not found in time."""

from typing import Any

import pytest
from hypothesis import given

from solver.draft.closing import Ways
from solver.draft.draft import Draft
from solver.draft.insertion import fill
from solver.explain.reasons import explained, reasons
from solver.problem import Pin, Problem, Shift, Visit
from solver.solution import Reason, ReasonCode, Rule
from solver.solve import Limit, solve
from tests.solver.problems import (
    depot,
    line,
    line_problem,
    pause,
    problems,
    serial_solution,
    shift,
    visit,
    window,
)

CRANE = frozenset({"crane"})
IMPOSSIBLE, OUTBID, NOT_FOUND = ReasonCode.IMPOSSIBLE, ReasonCode.OUTBID, ReasonCode.NOT_FOUND


def why(problem: Problem, name: str, *placed: str) -> tuple[Reason, ...]:
    """The reasons for leaving the visit out of a plan with the others that are ``placed``."""
    draft = Draft(problem)
    visits = {visit.id: visit for visit in draft.visits}
    fill(draft, [visits[other] for other in placed])
    assert {visit.id for visit in draft.unassigned()} == visits.keys() - set(placed)
    return reasons(draft, visits[name])


def only(problem: Problem, name: str, *placed: str) -> tuple[ReasonCode, Rule | None, str]:
    (reason,) = why(problem, name, *placed)
    return reason.code, reason.rule, reason.message


# --- impossible: a proof -----------------------------------------------------------------------

BUSY_BREAK = (pause("lunch", 15, 20, 80),)
NOBODY_MAY: dict[str, tuple[dict[str, Any], Rule, str]] = {
    "no skill": ({"skills": {"gas": 2}}, Rule.SKILLS, "needs skill gas at level 2"),
    "no tool": ({"tools": CRANE}, Rule.TOOLS, "needs tool crane"),
    "no parts": ({"parts": {"pump": 3}}, Rule.PARTS, "needs 3 × part pump"),
    "pinned to a stranger": ({"pin": Pin("zoe")}, Rule.PINS, "pinned to technician zoe"),
    "pinned outside its windows": (
        {"pin": Pin("ann", 90), "windows": (window(0, 50),)},
        Rule.PINS,
        "pinned to a time outside its windows",
    ),
    "for a stranger": ({"allowed": frozenset({"zoe"})}, Rule.TECHNICIANS, "only for zoe"),
    "not for Ann": ({"forbidden": frozenset({"ann"})}, Rule.TECHNICIANS, "not for ann"),
    "elsewhere": ({"territory": "north"}, Rule.TERRITORY, "lies in territory north"),
}


@pytest.mark.parametrize("case", NOBODY_MAY)
def test_a_visit_that_no_technician_may_do_is_impossible_by_the_rule(case: str) -> None:
    rules, rule, words = NOBODY_MAY[case]
    one = shift(skills={"gas": 1}, stock={"pump": 1}, territories=frozenset({"south"}))
    problem = line_problem([visit(**rules)], [one], [depot(stock={"pump": 1})])
    code, named, message = only(problem, "v")
    assert (code, named) == (IMPOSSIBLE, rule)
    assert words in message
    assert "no technician can meet" in message


NOBODY_CAN: dict[str, tuple[dict[str, Any], dict[str, Any], Rule, str]] = {
    "too far": ({"location": 6}, {}, Rule.SHIFT, "do not fit into the shift"),
    "too long": ({"duration": 81}, {}, Rule.SHIFT, "do not fit into the shift"),
    "too early": ({"windows": (window(0, 9),)}, {}, Rule.TIME_WINDOWS, "inside its time windows"),
    "too late": ({"windows": (window(86, 99),)}, {}, Rule.TIME_WINDOWS, "inside its time windows"),
    "pinned too early": ({"pin": Pin("ann", 9)}, {}, Rule.PINS, "at the pinned time"),
    "no time for the break": ({}, {"breaks": BUSY_BREAK}, Rule.BREAKS, "no time for the break"),
    "parts too far": ({"parts": {"pump": 1}}, {}, Rule.PARTS, "parts cannot be fetched"),
    "tools too far": ({"tools": CRANE}, {}, Rule.TOOLS, "tools cannot be fetched"),
}


@pytest.mark.parametrize("case", NOBODY_CAN)
def test_a_visit_for_which_no_day_has_room_is_impossible_by_the_rule(case: str) -> None:
    rules, shift_rules, rule, words = NOBODY_CAN[case]
    problem = line_problem(
        [visit(**rules)], [shift(end=100, **shift_rules)], [depot("d", 9, tools=CRANE)]
    )
    code, named, message = only(problem, "v")
    assert (code, named) == (IMPOSSIBLE, rule)
    assert words in message
    assert "on the only shift that could otherwise do it" in message


def test_if_each_technician_is_held_back_by_another_rule_all_of_them_are_named() -> None:
    shifts = [shift(skills={"gas": 1}, territories=frozenset({"south"})), shift("t", "bob")]
    problem = line_problem([visit(skills={"gas": 1}, territory="north")], shifts)
    found = why(problem, "v")
    assert [(reason.code, reason.rule) for reason in found] == [
        (IMPOSSIBLE, Rule.TERRITORY),
        (IMPOSSIBLE, Rule.SKILLS),
    ]
    assert all("1 of 2 technicians cannot meet" in reason.message for reason in found)


def test_the_rule_that_holds_back_everybody_is_named_alone() -> None:
    shifts = [shift(territories=frozenset({"south"})), shift("t", "bob")]
    problem = line_problem([visit(skills={"gas": 1}, territory="north")], shifts)
    assert only(problem, "v")[:2] == (IMPOSSIBLE, Rule.SKILLS)


def test_shifts_that_have_no_room_for_different_reasons_are_told_apart() -> None:
    shifts = [shift(end=30), shift("t", "bob", breaks=(pause("off", 15, 20, 970),))]
    found = why(line_problem([visit(duration=60)], shifts), "v")
    assert [reason.rule for reason in found] == [Rule.SHIFT, Rule.BREAKS]
    assert all("1 of 2 shifts" in reason.message for reason in found)


def test_nothing_is_possible_when_nobody_works() -> None:
    code, rule, message = only(line_problem([visit()]), "v")
    assert (code, rule) == (IMPOSSIBLE, Rule.SHIFT)
    assert "nobody works" in message


NO_WAY = 2**39


@pytest.mark.parametrize(("there", "back", "words"), [(NO_WAY, 10, "to"), (10, 101, "back from")])
def test_a_place_to_which_or_from_which_no_way_leads_is_told_as_such(
    there: int, back: int, words: str
) -> None:
    """A leg longer than every shift is none; visits at the same place do not make it one."""
    legs = line(3).copy()
    legs[:2, 2], legs[2, :2] = there, back
    problem = Problem((visit("v", 2), visit("w", 2), visit("x", 1)), (shift(end=100),), legs, legs)
    code, rule, message = only(problem, "v")
    assert (code, rule) == (IMPOSSIBLE, Rule.TRAVEL)
    assert f"no way leads {words} its place" in message


def test_a_pin_at_a_time_at_which_the_technician_is_off_says_so() -> None:
    shifts = [shift(end=100), shift("t", "bob", end=900)]
    problem = line_problem([visit(pin=Pin("ann", 500))], shifts)
    code, rule, message = only(problem, "v")
    assert (code, rule) == (IMPOSSIBLE, Rule.PINS)
    assert "technician ann is off work" in message


def test_a_pin_to_a_technician_who_lacks_something_names_both() -> None:
    shifts = [shift(), shift("t", "bob", skills={"gas": 2})]
    found = why(line_problem([visit(skills={"gas": 2}, pin=Pin("ann"))], shifts), "v")
    assert [(reason.code, reason.rule) for reason in found] == [
        (IMPOSSIBLE, Rule.PINS),
        (IMPOSSIBLE, Rule.SKILLS),
    ]
    assert all("ann" in reason.message for reason in found)
    assert all("gas at level 2" in reason.message for reason in found)


# --- outbid ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("windows", "rule"), [((), Rule.SHIFT), ((window(0, 90),), Rule.TIME_WINDOWS)]
)
def test_a_visit_is_outbid_by_work_that_matters_as_much(windows: Any, rule: Rule) -> None:
    visits = [visit("v", 1, 60, windows=windows), visit("w", 1, 60)]
    problem = line_problem(visits, [shift(end=100)])
    code, named, message = only(problem, "v", "w")
    assert (code, named) == (OUTBID, rule)
    assert message.endswith("ann")


def test_a_visit_is_outbid_for_the_last_part() -> None:
    visits = [visit("v", 1, parts={"pump": 1}), visit("w", 1, parts={"pump": 1})]
    problem = line_problem(visits, [shift()], [depot(stock={"pump": 1})])
    code, named, message = only(problem, "v", "w")
    assert (code, named) == (OUTBID, Rule.PARTS)
    assert "pump" in message


def test_several_small_visits_outbid_one_that_matters_less_than_all_of_them() -> None:
    visits = [visit("v", 1, 75, priority=1), visit("a", 1, 40), visit("b", 1, 40)]
    problem = line_problem(visits, [shift(end=100)])
    assert only(problem, "v", "a", "b")[:2] == (OUTBID, Rule.SHIFT)


def test_what_weighs_more_by_number_alone_is_not_said_to_matter_more() -> None:
    """An emergency weighs as much as 100, an urgent visit as 30."""
    urgent = [visit(f"w{i}", 1, 18, priority=3) for i in range(4)]
    problem = line_problem([visit("v", 1, 75, priority=4), *urgent], [shift(end=100)])
    code, rule, message = only(problem, "v", *(one.id for one in urgent))
    assert (code, rule) == (OUTBID, Rule.SHIFT)
    assert "outweigh it together" in message
    assert all(one.id in message for one in urgent)
    assert "matters as much or more" not in message
    three = line_problem([problem.visits[0], *urgent[:3]], problem.shifts)
    assert "v" not in [out.id for out in solve(three, Limit(iterations=300)).unassigned]


def test_a_visit_names_what_it_lost_to_and_nothing_else() -> None:
    visits = [
        visit("v", 1, 30, windows=(window(300, 300),)),
        visit("early", 1, 30, windows=(window(100, 100),)),
        visit("then", 1, 30, windows=(window(310, 310),)),
    ]
    problem = line_problem(visits, [shift()])
    code, _, message = only(problem, "v", "early", "then")
    assert code is OUTBID
    assert "(then)" in message


def test_two_visits_that_are_pinned_to_one_technician_at_one_time_name_each_other() -> None:
    visits = [visit("v", 1, 50, pin=Pin("ann", 100)), visit("w", 1, 50, pin=Pin("ann", 120))]
    problem = line_problem(visits, [shift(), shift("t", "bob")])
    for one, other in ("vw", "wv"):
        code, rule, message = only(problem, one, other)
        assert (code, rule) == (OUTBID, Rule.PINS)
        assert f"pinned to technician ann, as is {other}," in message


# --- not found ---------------------------------------------------------------------------------


def test_a_visit_for_which_somebody_has_room_is_not_found() -> None:
    visits = [visit("v", 1, 60), visit("w", 1, 60)]
    problem = line_problem(visits, [shift(end=100), shift("t", "bob", end=100)])
    code, rule, message = only(problem, "v", "w")
    assert (code, rule) == (NOT_FOUND, None)
    assert "has room" in message


def test_a_visit_that_matters_more_than_what_is_in_its_way_is_not_found() -> None:
    visits = [visit("v", 1, 60, priority=3), visit("w", 1, 60, priority=1)]
    problem = line_problem(visits, [shift(end=100)])
    code, rule, message = only(problem, "v", "w")
    assert (code, rule) == (NOT_FOUND, None)
    assert "instead of less important work (w)" in message


def test_a_visit_whose_parts_could_be_fetched_the_day_before_is_not_impossible() -> None:
    visits = [visit("v", 1, parts={"pump": 1}, windows=(window(2000, 2030),))]
    shifts = [shift("monday"), shift("tuesday", start=1990, end=2100)]
    problem = line_problem(visits, shifts, [depot("d", 20)])
    assert IMPOSSIBLE not in {reason.code for reason in why(problem, "v")}


def test_what_was_not_tried_is_not_called_outbid(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = [visit("v", 1, 90, priority=3)]
    for name in ("ann", "bob"):
        theirs = frozenset({name})
        visits += [visit(f"{name}{i}", 1, 30, priority=2, allowed=theirs) for i in range(3)]
    problem = line_problem(visits, [shift(end=120), shift("t", "bob", end=120)])
    placed = [one.id for one in visits[1:]]
    assert only(problem, "v", *placed)[0] is OUTBID
    monkeypatch.setattr("solver.explain.reasons.MOST_SHIFTS_TRIED", 1)
    code, rule, message = only(problem, "v", *placed)
    assert (code, rule) == (NOT_FOUND, None)
    assert "on 1 shift it was tried" in message
    assert "not tried" in message


def test_the_shift_with_most_less_important_work_is_tried_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("solver.explain.reasons.MOST_SHIFTS_TRIED", 1)
    visits = [visit("v", 1, 90, priority=3)]
    visits += [visit("small", 1, 30, allowed=frozenset({"ann"}))]
    visits += [visit("as urgent", 1, 60, priority=3, allowed=frozenset({"ann"}))]
    visits += [visit("large", 1, 90, allowed=frozenset({"bob"}))]
    problem = line_problem(visits, [shift(end=120), shift("t", "bob", end=120)])
    message = only(problem, "v", *(one.id for one in visits[1:]))[2]
    assert "bob could do it instead of less important work (large)" in message


# --- in time -----------------------------------------------------------------------------------


def test_when_the_time_is_over_what_is_said_is_little_but_true() -> None:
    visits = [visit("v", 1, 60), visit("w", 1, 60), visit("x", skills={"gas": 1})]
    draft = Draft(line_problem(visits, [shift(end=100), shift("t", "bob", end=10)]))
    said = {out.id: out.reasons for out in explained(draft, draft.visits, lambda: True)}
    for name in "vw":
        (reason,) = said[name]
        assert (reason.code, reason.rule) == (NOT_FOUND, None)
        assert "not every way was tried" in reason.message
    (reason,) = said["x"]
    assert (reason.code, reason.rule) == (IMPOSSIBLE, Rule.SKILLS)
    assert "gas" in reason.message


def test_visits_that_are_alike_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = [visit(f"v{i}", 1, 60) for i in range(50)]
    draft = Draft(line_problem(visits, [shift(end=100)]))
    fill(draft, draft.unassigned()[:1])
    asked: list[Visit] = []
    able = Ways.able

    def counted(self: Ways, visit: Visit) -> list[Shift]:
        asked.append(visit)
        return able(self, visit)

    monkeypatch.setattr(Ways, "able", counted)
    found = explained(draft, draft.unassigned())
    assert len(found) == 49
    assert len({out.reasons for out in found}) == 1
    assert len(asked) <= 3


def test_reasons_are_the_same_every_time() -> None:
    visits = [visit(f"v{i}", i % 5, 20 + i, priority=i % 4) for i in range(30)]
    problem = line_problem(visits, [shift(end=200), shift("t", "bob", end=150)])
    first, again = (solve(problem, Limit(iterations=200)) for _ in range(2))
    assert first.unassigned
    assert first == again


# --- any problem -------------------------------------------------------------------------------


@given(problems())
def test_whatever_can_be_done_alone_is_never_called_impossible(problem: Problem) -> None:
    draft = Draft(problem)
    for one in draft.visits:
        found = reasons(draft, one)
        assert found
        assert all(reason.message for reason in found)
        (original,) = (v for v in problem.visits if v.id == one.id)
        alone = Problem(
            (original,),
            problem.shifts,
            problem.travel_time,
            problem.distance,
            problem.depots,
            problem.objective,
        )
        if serial_solution(alone).routes:
            assert {reason.code for reason in found} == {NOT_FOUND}
        elif IMPOSSIBLE in {reason.code for reason in found}:
            assert all(reason.code is IMPOSSIBLE and reason.rule for reason in found)
