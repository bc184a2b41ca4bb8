"""Slots of time, and what they leave of a depot's tools."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from solver.problem import Shift
from solver.rules.lending import Lending, counted_by_all, lent_by, slots_of
from tests.solver.problems import depot, line_problem, shift

CRANE, PROBE = frozenset({"crane"}), frozenset({"probe"})
BOTH = CRANE | PROBE


def day(name: str, start: int, end: int, **rules: Any) -> Shift:
    return shift(name, name, start=start, end=end, **rules)


# --- slots -------------------------------------------------------------------------------------


def test_shifts_that_overlap_share_a_slot_and_others_do_not() -> None:
    shifts = [day("early", 0, 60), day("all day", 0, 100), day("late", 60, 100)]
    assert slots_of(shifts) == {"early": range(1), "all day": range(2), "late": range(1, 2)}


def test_overtime_is_part_of_the_shift() -> None:
    early, late = day("early", 0, 60, max_overtime=1), day("late", 60, 100)
    assert slots_of([early, late]) == {"early": range(1), "late": range(1)}


def test_a_shift_without_any_time_has_a_slot() -> None:
    assert slots_of([day("none", 5, 5)]) == {"none": range(1)}


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6)), max_size=8))
def test_two_shifts_share_a_slot_just_if_they_overlap(spans: list[tuple[int, int]]) -> None:
    shifts = [day(f"s{n}", start, start + length) for n, (start, length) in enumerate(spans)]
    slots = slots_of(shifts)
    assert all(slots[one.id] for one in shifts)
    for one in shifts:
        for other in shifts:
            overlap = max(one.start, other.start) < min(
                max(one.end, one.start + 1), max(other.end, other.start + 1)
            )
            assert bool({*slots[one.id]} & {*slots[other.id]}) is overlap


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6)), min_size=1, max_size=8))
def test_as_many_share_a_slot_as_there_are_at_some_moment(spans: list[tuple[int, int]]) -> None:
    shifts = [day(f"s{n}", start, start + length) for n, (start, length) in enumerate(spans)]
    in_slots = Counter(slot for slots in slots_of(shifts).values() for slot in slots)
    at_once = [
        sum(one.start <= moment < max(one.end, one.start + 1) for one in shifts)
        for moment in range(20)
    ]
    assert max(in_slots.values()) == max(at_once)


# --- what is left ------------------------------------------------------------------------------


def test_a_tool_without_a_number_never_runs_out() -> None:
    lender, one = depot(tools=BOTH, tool_counts={"crane": 1}), day("a", 0, 50)
    lending = Lending.of(line_problem([], [one, day("b", 0, 50)], [lender]))
    assert lending.loans(lender, "probe", one) == []
    assert lending.has_one(lender, "probe", one, {})


def test_a_tool_is_had_where_it_is_not_out_in_any_slot_of_the_shift() -> None:
    lender = depot(tools=CRANE, tool_counts={"crane": 1})
    early, long, late = day("early", 0, 50), day("long", 0, 90), day("late", 50, 90)
    lending = Lending.of(line_problem([], [early, long, late], [lender]))
    taken = Counter(lending.loans(lender, "crane", late))
    has = {one.id: lending.has_one(lender, "crane", one, taken) for one in (early, long, late)}
    assert has == {"early": True, "long": False, "late": False}


def test_a_tool_that_somebody_has_already_is_out_all_through_their_shift() -> None:
    lender = depot(tools=CRANE, tool_counts={"crane": 1})
    has_it = day("a", 0, 50, tools=CRANE, borrowed={"crane": "d"})
    beside, after = day("b", 40, 60), day("c", 50, 60)
    lending = Lending.of(line_problem([], [has_it, beside, after], [lender]))
    assert not lending.has_one(lender, "crane", beside, {})
    assert lending.has_one(lender, "crane", after, {})


def test_what_is_left_for_some_counts_what_they_have_themselves() -> None:
    lender = depot(tools=CRANE, tool_counts={"crane": 2})
    has_it = day("a", 0, 50, tools=CRANE, borrowed={"crane": "d"})
    beside = day("b", 40, 60)
    lending = Lending.of(line_problem([], [has_it, beside], [lender]))
    assert lending.left(lender, "crane", [has_it, beside], {}) == 2
    assert lending.left(lender, "crane", [beside], {}) == 1
    taken = Counter(lending.loans(lender, "crane", beside))
    assert lending.left(lender, "crane", [has_it], taken) == 1


def test_a_depot_with_none_of_a_tool_does_not_lend_it() -> None:
    empty = depot(tools=BOTH, tool_counts={"crane": 0})
    assert lent_by([empty]) == PROBE
    assert lent_by([empty, depot(tools=CRANE)]) == BOTH
    one = day("a", 0, 50)
    assert not Lending.of(line_problem([], [one], [empty])).has_one(empty, "crane", one, {})


def test_a_tool_is_scarce_where_every_depot_that_lends_it_has_a_number() -> None:
    few, plenty = depot(tools=BOTH, tool_counts={"crane": 1}), depot("e", tools=PROBE)
    assert counted_by_all([few], BOTH) == CRANE
    assert counted_by_all([few, plenty], BOTH) == CRANE
    assert counted_by_all([few, depot("e", tools=CRANE)], BOTH) == frozenset()
    assert counted_by_all([depot(tools=CRANE, tool_counts={"crane": 0})], CRANE) == frozenset()
