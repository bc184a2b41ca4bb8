"""What each hard rule means to the checker, to the second.

How it notices a rule broken in a full plan is in ``test_mutations.py``.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.judge.check import check
from solver.judge.cost import cost
from solver.problem import Pin, Problem
from solver.solution import (
    Reason,
    ReasonCode,
    Route,
    Rule,
    Solution,
    Stop,
    StopKind,
    Unassigned,
    Violation,
)
from tests.solver.problems import (
    Call,
    depot,
    line_problem,
    pause,
    problems,
    shift,
    solution_of,
    timed_route,
    visit,
    window,
)
from tests.solver.routes import at, call, rest, route

CRANE = frozenset({"crane"})


def broken(problem: Problem, *routes: Route | None) -> list[tuple[Rule, int]]:
    """The rules that the routes break, and by how much."""
    return [(v.rule, v.amount) for v in check(problem, solution_of(problem, *routes))]


# --- travel ------------------------------------------------------------------------------------


def test_travel_takes_its_time_on_every_way() -> None:
    problem = line_problem([visit("a", 1), visit("b", 3)], [shift()])
    assert broken(problem, route(at("a", 10), at("b", 35), end=70)) == []
    assert broken(problem, route(at("a", 8), at("b", 33), end=68)) == [(Rule.TRAVEL, 2)]
    assert broken(problem, route(at("a", 10), at("b", 32), end=67)) == [(Rule.TRAVEL, 3)]
    assert broken(problem, route(at("a", 10), at("b", 35), end=66)) == [(Rule.TRAVEL, 4)]


def test_a_technician_may_wait_anywhere() -> None:
    problem = line_problem([visit("a", 1), visit("b", 3)], [shift()])
    assert broken(problem, route(at("a", 15, 40), at("b", 90, 100), end=400, start=2)) == []


def test_travel_goes_by_the_direction() -> None:
    problem = line_problem([visit("a", 1)], [shift()])
    there_slow = problem.travel_time.copy()
    there_slow[0, 1] = 50
    problem = replace(problem, travel_time=there_slow)
    assert broken(problem, route(at("a", 50), end=65)) == []
    assert broken(problem, route(at("a", 10), end=25)) == [(Rule.TRAVEL, 40)]


def test_breaks_on_the_way_add_up_to_the_travel() -> None:
    two = (pause("one", 0, 50, 7), pause("two", 0, 50, 8))
    problem = line_problem([visit("a", 1)], [shift(breaks=two)])
    breaks = (rest("one", 0, 7), rest("two", 7, 8))
    assert broken(problem, route(*breaks, at("a", 25), end=60)) == []
    assert broken(problem, route(*breaks, at("a", 22), end=60)) == [(Rule.TRAVEL, 3)]


def test_even_an_empty_route_has_to_get_from_start_to_end() -> None:
    problem = line_problem([], [shift(end_location=2)])
    assert broken(problem, route(end=20)) == []
    assert broken(problem, route(end=15)) == [(Rule.TRAVEL, 5)]


def test_stops_out_of_order_in_time_are_reported() -> None:
    problem = line_problem([visit("a", 1), visit("b", 1)], [shift()])
    assert broken(problem, route(at("a", 50), at("b", 20))) == [(Rule.TRAVEL, 35)]


# --- time windows, shift -----------------------------------------------------------------------


@pytest.mark.parametrize(("start", "off"), [(19, 1), (20, 0), (30, 0), (33, 3), (50, 0), (61, 1)])
def test_service_starts_inside_one_of_the_windows(start: int, off: int) -> None:
    windows = (window(50, 60), window(20, 30))
    problem = line_problem([visit("v", windows=windows)], [shift()])
    expected = [(Rule.TIME_WINDOWS, off)] if off else []
    assert broken(problem, route(at("v", 10, start))) == expected


def test_waiting_before_a_window_and_working_beyond_it_is_fine() -> None:
    problem = line_problem([visit("v", 1, 50, windows=(window(20, 20),))], [shift()])
    assert broken(problem, route(at("v", 10, 20, lasts=50))) == []


def test_a_route_fits_into_its_shift_and_overtime() -> None:
    problem = line_problem([visit()], [shift(start=50, end=100, max_overtime=10)])
    assert broken(problem, route(at("v", 60), start=50, end=110)) == []
    assert broken(problem, route(at("v", 60), start=48, end=110)) == [(Rule.SHIFT, 2)]
    assert broken(problem, route(at("v", 60), start=50, end=113)) == [(Rule.SHIFT, 3)]


def test_a_route_may_not_end_before_it_starts() -> None:
    problem = line_problem([], [shift()])
    assert (Rule.SHIFT, 4) in broken(problem, route(start=20, end=16))


# --- breaks ------------------------------------------------------------------------------------


def test_a_break_is_needed_unless_the_route_ends_or_starts_in_time() -> None:
    problem = line_problem([visit()], [shift(breaks=(pause("lunch", 100, 200, 20),))])
    assert broken(problem, route(at("v", 10), end=200)) == []
    assert broken(problem, route(at("v", 10), end=203)) == [(Rule.BREAKS, 3)]
    assert broken(problem, route(at("v", 150), start=120, end=300)) == []
    assert broken(problem, route(at("v", 150), start=118, end=300)) == [(Rule.BREAKS, 2)]


def test_a_break_that_is_not_needed_may_be_taken() -> None:
    problem = line_problem([visit()], [shift(breaks=(pause("lunch", 0, 200, 20),))])
    assert broken(problem, route(rest("lunch", 0), at("v", 30), end=45)) == []


def test_a_break_may_be_taken_on_the_road_and_while_waiting() -> None:
    problem = line_problem([visit()], [shift(breaks=(pause("lunch", 3, 60, 20),))])
    assert broken(problem, route(rest("lunch", 3), at("v", 30))) == []
    assert broken(problem, route(rest("lunch", 60), at("v", 80, 95), end=110)) == []


def test_a_break_before_the_first_and_after_the_last_visit_lies_inside_the_route() -> None:
    problem = line_problem([visit()], [shift(breaks=(pause("lunch", 0, 300, 20),))])
    assert broken(problem, route(at("v", 10), rest("lunch", 80))) == []
    assert broken(problem, route(at("v", 10), rest("lunch", 83))) == [(Rule.BREAKS, 3)]
    late_start = route(rest("lunch", 48), at("v", 90), start=50, end=120)
    assert broken(problem, late_start) == [(Rule.BREAKS, 2)]


def test_breaks_may_not_overlap() -> None:
    two = (pause("one", 0, 50), pause("two", 0, 50))
    problem = line_problem([visit()], [shift(breaks=two)])
    assert broken(problem, route(rest("one", 0), rest("two", 20), at("v", 60))) == []
    overlapping = route(rest("one", 0), rest("two", 17), at("v", 60))
    assert broken(problem, overlapping) == [(Rule.BREAKS, 3)]


# --- parts, tools, depots ----------------------------------------------------------------------


def test_parts_run_out_where_more_are_used_than_the_van_has() -> None:
    visits = [visit("a", 1, parts={"pump": 2}), visit("b", 1, parts={"pump": 2})]
    problem = line_problem(visits, [shift(stock={"pump": 3})])
    (violation,) = check(problem, solution_of(problem, timed_route(problem, "s", ["a", "b"])))
    assert violation == Violation(
        Rule.PARTS, "shift 's', visit 'b'", 1, "part 'pump' runs out, 1 short"
    )


def test_a_part_that_runs_out_is_reported_once_where_it_first_does() -> None:
    visits = [visit(name, 1, parts={"pump": 1, "hose": 1}) for name in "abc"]
    problem = line_problem(visits, [shift(stock={"pump": 1})])
    violations = check(problem, solution_of(problem, timed_route(problem, "s", ["a", "b", "c"])))
    assert [(v.where, v.message) for v in violations] == [
        ("shift 's', visit 'a'", "part 'hose' runs out, 1 short"),
        ("shift 's', visit 'b'", "part 'pump' runs out, 1 short"),
    ]


def test_after_running_out_the_van_counts_as_empty() -> None:
    visits = [visit("a", 1, parts={"pump": 5}), visit("b", 3, parts={"pump": 1})]
    problem = line_problem(visits, [shift()], [depot(location=2)])
    assert broken(problem, timed_route(problem, "s", ["a", Call("d", {"pump": 1}), "b"])) == [
        (Rule.PARTS, 5)
    ]


def test_what_is_left_in_the_van_is_there_on_the_next_shift() -> None:
    visits = [visit("mon", parts={"pump": 1}), visit("tue", parts={"pump": 2})]
    shifts = [shift("s2", start=2000, end=3000, stock={"pump": 1}), shift("s1", stock={"pump": 2})]
    problem = line_problem(visits, shifts)
    tuesday = timed_route(problem, "s2", ["tue"])
    assert broken(problem, tuesday, timed_route(problem, "s1", ["mon"])) == []
    greedy = line_problem([replace(visits[0], parts={"pump": 2}), visits[1]], shifts)
    assert broken(greedy, tuesday, timed_route(greedy, "s1", ["mon"])) == [(Rule.PARTS, 1)]


def test_the_stock_of_a_shift_without_a_route_is_loaded_too() -> None:
    shifts = [shift("s1", stock={"pump": 1}), shift("s2", start=2000, end=3000)]
    problem = line_problem([visit(parts={"pump": 1})], shifts)
    assert broken(problem, timed_route(problem, "s2", ["v"])) == []


def test_the_stock_of_later_shifts_and_other_technicians_is_out_of_reach() -> None:
    shifts = [
        shift("s1"),
        shift("s2", start=2000, end=3000, stock={"pump": 1}),
        shift("s3", "bob", stock={"pump": 1}),
    ]
    problem = line_problem([visit(parts={"pump": 1})], shifts)
    assert broken(problem, timed_route(problem, "s1", ["v"])) == [(Rule.PARTS, 1)]


def test_what_a_depot_call_brings_is_there_afterwards_and_not_before() -> None:
    visits = [visit("v", 3, parts={"pump": 1}, tools=CRANE)]
    problem = line_problem(visits, [shift()], [depot(tools=CRANE)])
    fetch = Call("d", {"pump": 1}, CRANE)
    assert broken(problem, timed_route(problem, "s", [fetch, "v"])) == []
    too_late = timed_route(problem, "s", ["v", fetch])
    assert broken(problem, too_late) == [(Rule.PARTS, 1), (Rule.TOOLS, 1)]


def test_a_borrowed_tool_is_back_after_the_route_and_parts_are_not() -> None:
    needs: dict[str, Any] = {"parts": {"pump": 1}, "tools": CRANE}
    visits = [visit("mon", **needs), visit("tue", **needs)]
    shifts = [shift("s1"), shift("s2", start=2000, end=3000)]
    problem = line_problem(visits, shifts, [depot(tools=CRANE)])
    monday = timed_route(problem, "s1", [Call("d", {"pump": 2}, CRANE), "mon"])
    assert broken(problem, monday, timed_route(problem, "s2", ["tue"])) == [(Rule.TOOLS, 1)]


def test_a_depots_stock_is_shared_by_all_routes() -> None:
    visits = [visit("a", parts={"pump": 2}), visit("b", parts={"pump": 1})]
    shifts = [shift("s1"), shift("s2", "bob")]
    for stock, expected in (({"pump": 3}, []), ({"pump": 2}, [(Rule.DEPOT_STOCK, 1)]), (None, [])):
        problem = line_problem(visits, shifts, [depot(stock=stock)])
        first = timed_route(problem, "s1", [Call("d", {"pump": 2}), "a"])
        second = timed_route(problem, "s2", [Call("d", {"pump": 1}), "b"])
        assert broken(problem, first, second) == expected


def lent_to_two(*begins: int, count: int = 1, **borrowed: Any) -> list[tuple[Rule, int]]:
    """What is wrong if Ann is back at 100, and Bob calls at the depot at this moment."""
    visits = [visit("a", 1, 0, tools=CRANE), visit("b", 3, 0, tools=CRANE)]
    shifts = [shift("s1"), shift("s2", "bob", **borrowed)]
    lender = depot(tools=CRANE, tool_counts={"crane": count})
    problem = line_problem(visits, shifts, [lender])
    first = route(call("d", 20, tools=CRANE), at("a", 30), shift="s1", end=100)
    calls = [call("d", begin, tools=CRANE) for begin in begins]
    second = route(*calls, at("b", 200), shift="s2", end=300)
    found = check(problem, solution_of(problem, first, second))
    return [(one.rule, one.amount) for one in found if one.rule is Rule.DEPOT_STOCK]


def test_a_depot_lends_no_more_of_a_tool_at_once_than_it_has() -> None:
    assert lent_to_two(20) == [(Rule.DEPOT_STOCK, 1)]
    assert lent_to_two(99) == [(Rule.DEPOT_STOCK, 1)]
    assert lent_to_two(99, count=0) == [(Rule.DEPOT_STOCK, 2)]
    assert lent_to_two(99, count=2) == []


def test_a_tool_that_is_back_can_be_lent_again() -> None:
    assert lent_to_two(100) == []


def test_a_tool_that_is_lent_again_on_the_same_route_is_the_same_one() -> None:
    assert lent_to_two(120, 150) == []


def test_a_tool_that_was_borrowed_before_is_out_from_the_start_of_the_shift() -> None:
    had = {"tools": CRANE, "borrowed": {"crane": "d"}}
    assert lent_to_two(**had) == [(Rule.DEPOT_STOCK, 1)]
    assert lent_to_two(count=2, **had) == []
    # From 100 on it is the only one, and nobody's fault that it is.
    assert lent_to_two(count=0, start=100, **had) == [(Rule.DEPOT_STOCK, 1)]


def test_a_depot_call_that_says_nothing_borrows_what_the_route_needs_and_has_not_got() -> None:
    both = frozenset({"crane", "probe"})
    lender = depot(tools=both, tool_counts=dict.fromkeys(both, 1))
    visits = [visit("a", 1, tools=CRANE), visit("b", 3, tools=frozenset({"probe"}))]
    problem = line_problem(visits, [shift("s1"), shift("s2", "bob")], [lender])
    first = timed_route(problem, "s1", [Call("d"), "a"])
    second = timed_route(problem, "s2", [Call("d"), "b"])
    assert broken(problem, first, second) == []


def test_what_somebody_has_already_is_the_same_one_if_it_is_borrowed_again() -> None:
    lender = depot(tools=CRANE, tool_counts={"crane": 1})
    has_it = shift("s", tools=CRANE, borrowed={"crane": "d"})
    problem = line_problem([visit("a", 1, tools=CRANE)], [has_it], [lender])
    assert broken(problem, timed_route(problem, "s", [Call("d", tools=CRANE), "a"])) == []


def test_a_depot_call_that_says_nothing_borrows_nothing_that_another_lends_or_that_is_away() -> (
    None
):
    """On the way to a depot that lends the crane somebody calls at one that has lent its own."""
    away = depot("away", tools=CRANE, tool_counts={"crane": 0})
    lent = depot("lent", tools=CRANE, tool_counts={"crane": 1})
    there = depot("there", 2, tools=CRANE, tool_counts={"crane": 1})
    visits = [visit("a", 1, tools=CRANE), visit("b", 3, tools=CRANE)]
    problem = line_problem(visits, [shift("s1"), shift("s2", "bob")], [away, lent, there])
    first = timed_route(problem, "s1", [Call("lent", tools=CRANE), "a"])
    for useless in ("away", "lent"):
        second = timed_route(problem, "s2", [Call(useless), Call("there", tools=CRANE), "b"])
        assert broken(problem, first, second) == []
    silent = timed_route(problem, "s2", [Call("away"), Call("there"), "b"])
    assert broken(problem, first, silent) == []


def test_a_depot_has_none_of_a_part_that_its_stock_does_not_name() -> None:
    problem = line_problem([visit()], [shift()], [depot(stock={})])
    calls: list[str | Call] = [Call("d", {"pump": 2}), "v"]
    assert broken(problem, timed_route(problem, "s", calls)) == [(Rule.DEPOT_STOCK, 2)]


def test_a_depot_call_that_says_nothing_brings_exactly_what_is_lacking() -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 3, parts={"pump": 4}, tools=CRANE)]
    shifts = [shift(stock={"pump": 2})]
    calls: list[str | Call] = ["a", Call("d"), "b"]
    for stock, expected in (({"pump": 3}, []), ({"pump": 1}, [(Rule.DEPOT_STOCK, 2)])):
        problem = line_problem(visits, shifts, [depot(stock=stock, tools=CRANE)])
        assert broken(problem, timed_route(problem, "s", calls)) == expected


def test_calls_that_say_nothing_share_out_what_is_lacking() -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 3, parts={"pump": 2})]
    near, far = depot("near", 1, stock={"pump": 1}), depot("far", 2, stock={"pump": 2})
    problem = line_problem(visits, [shift()], [near, far])
    calls: list[str | Call] = [Call("near"), "a", Call("far"), "b"]
    assert broken(problem, timed_route(problem, "s", calls)) == []


def test_a_call_that_says_nothing_leaves_nothing_for_the_next_shift() -> None:
    visits = [visit("mon", parts={"pump": 1}), visit("tue", parts={"pump": 1})]
    shifts = [shift("s1"), shift("s2", start=2000, end=3000)]
    problem = line_problem(visits, shifts, [depot()])
    monday = timed_route(problem, "s1", [Call("d"), "mon"])
    assert broken(problem, monday, timed_route(problem, "s2", ["tue"])) == [(Rule.PARTS, 1)]


def test_a_call_that_says_something_is_taken_at_its_word() -> None:
    visits = [visit("v", 3, parts={"pump": 1}, tools=CRANE)]
    problem = line_problem(visits, [shift()], [depot(tools=CRANE)])
    only_parts = timed_route(problem, "s", [Call("d", {"pump": 1}), "v"])
    assert broken(problem, only_parts) == [(Rule.TOOLS, 1)]
    only_tools = timed_route(problem, "s", [Call("d", {}, CRANE), "v"])
    assert broken(problem, only_tools) == [(Rule.PARTS, 1)]
    too_few = timed_route(problem, "s", [Call("d", {"pump": 0}, CRANE), "v"])
    assert broken(problem, too_few) == [(Rule.PARTS, 1)]


# --- who may do what ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("needed", "held", "missing"),
    [(1, 1, 0), (1, 3, 0), (3, 1, 2), (1, None, 1), (0, None, 0)],
)
def test_a_skill_is_held_at_the_required_level_or_above(
    needed: int, held: int | None, missing: int
) -> None:
    skills = {} if held is None else {"gas": held}
    problem = line_problem([visit(skills={"gas": needed})], [shift(skills=skills)])
    expected = [(Rule.SKILLS, missing)] if missing else []
    assert broken(problem, timed_route(problem, "s", ["v"])) == expected


def test_a_technician_who_is_not_allowed_or_forbidden_is_reported() -> None:
    cases: list[tuple[dict[str, Any], list[tuple[Rule, int]]]] = [
        ({"allowed": frozenset({"ann", "bob"})}, []),
        ({"allowed": frozenset({"bob"})}, [(Rule.TECHNICIANS, 1)]),
        ({"forbidden": frozenset({"bob"})}, []),
        ({"forbidden": frozenset({"ann"})}, [(Rule.TECHNICIANS, 1)]),
    ]
    for rules, expected in cases:
        problem = line_problem([visit(**rules)], [shift()])
        assert broken(problem, timed_route(problem, "s", ["v"])) == expected


def test_a_shift_without_territories_serves_all_of_them() -> None:
    for territories, expected in (
        (frozenset[str](), []),
        (frozenset({"north", "south"}), []),
        (frozenset({"south"}), [(Rule.TERRITORY, 1)]),
    ):
        problem = line_problem([visit(territory="north")], [shift(territories=territories)])
        assert broken(problem, timed_route(problem, "s", ["v"])) == expected


def test_a_visit_without_a_territory_may_be_served_by_all() -> None:
    problem = line_problem([visit()], [shift(territories=frozenset({"south"}))])
    assert broken(problem, timed_route(problem, "s", ["v"])) == []


def test_a_pinned_visit_is_with_its_technician_at_its_time() -> None:
    for pin, expected in (
        (Pin("ann"), []),
        (Pin("ann", 10), []),
        (Pin("ann", 17), [(Rule.PINS, 7)]),
        (Pin("bob"), [(Rule.PINS, 1)]),
    ):
        problem = line_problem([visit(pin=pin)], [shift()])
        assert broken(problem, timed_route(problem, "s", ["v"])) == expected


def test_a_pinned_visit_may_be_on_any_shift_of_its_technician() -> None:
    shifts = [shift("s1"), shift("s2", start=2000, end=3000)]
    problem = line_problem([visit(pin=Pin("ann"))], shifts)
    assert broken(problem, timed_route(problem, "s2", ["v"])) == []


def test_a_pinned_visit_that_is_unassigned_breaks_no_pin() -> None:
    problem = line_problem([visit(pin=Pin("ann", 5))], [shift()])
    assert broken(problem) == []


# --- odd solutions -----------------------------------------------------------------------------


def test_ids_that_nobody_knows_are_reported_under_the_fitting_rule() -> None:
    problem = line_problem([visit()], [shift()], [depot()])
    odd = (at("ghost", 20), call("limbo", 30), rest("siesta", 40), at("v", 60))
    assert sorted(broken(problem, route(*odd))) == [
        (Rule.BREAKS, 1),
        (Rule.DEPOT_STOCK, 1),
        (Rule.EVERY_VISIT_ONCE, 1),
    ]


def test_the_ways_between_known_places_are_still_measured_around_unknown_ones() -> None:
    problem = line_problem([visit("a"), visit("b", 5)], [shift()])
    odd = route(at("ghost", 1), at("a", 20), at("b", 26))
    assert broken(problem, odd) == [
        (Rule.EVERY_VISIT_ONCE, 1),
        (Rule.TRAVEL, 39),
    ]  # fmt: skip


def test_a_call_that_says_nothing_may_be_followed_by_anything() -> None:
    pauses = (pause("lunch", 0, 50, 5),)
    problem = line_problem([visit(parts={"pump": 1})], [shift(breaks=pauses)], [depot()])
    odd = route(call("d", 20), rest("lunch", 20, 5), at("ghost", 30), at("v", 40))
    assert broken(problem, odd) == [(Rule.EVERY_VISIT_ONCE, 1)]


def test_an_unknown_break_takes_no_time_off_the_road() -> None:
    problem = line_problem([visit("a")], [shift()])
    assert broken(problem, route(rest("siesta", 0, 5), at("a", 10))) == [(Rule.BREAKS, 1)]


def test_an_unknown_place_still_takes_no_negative_time() -> None:
    problem = line_problem([], [shift()])
    assert (Rule.TRAVEL, 3) in broken(problem, route(at("ghost", 20, 20, lasts=-3)))


def test_a_visit_that_is_routed_and_unassigned_occurs_twice() -> None:
    problem = line_problem([visit()], [shift()])
    left = Unassigned("v", (Reason(ReasonCode.NOT_FOUND, None, "no room"),))
    routes = (route(at("v", 10), end=25),)
    solution = Solution(routes, (left,), cost(problem, routes, ["v"]))
    (violation,) = check(problem, solution)
    assert (violation.rule, violation.where, violation.message) == (
        Rule.EVERY_VISIT_ONCE,
        "visit 'v'",
        "it occurs 2 times",
    )


def test_a_violation_reads_as_a_sentence() -> None:
    problem = line_problem([visit(windows=(window(50, 60),))], [shift()])
    (violation,) = check(problem, solution_of(problem, route(at("v", 10))))
    assert str(violation) == (
        "shift 's', visit 'v': it starts at 10, outside every time window [time_windows, 40]"
    )


IDS = st.sampled_from(("v0", "v1", "d0", "ann-0", "bob-0", "break0", "ghost", ""))
TIMES = st.integers(-(10**13), 10**13) | st.integers(-50, 3000)
COUNTS = st.dictionaries(st.sampled_from(("pump", "ghost")), st.integers(-3, 3))
TOOLS = st.frozensets(st.sampled_from(("crane", "ghost")))
STOPS = st.builds(Stop, st.sampled_from(StopKind), IDS, TIMES, TIMES, TIMES, COUNTS, TOOLS)
ROUTES = st.builds(Route, IDS, IDS, TIMES, TIMES, st.lists(STOPS, max_size=5).map(tuple))
REASONS = st.builds(Reason, st.sampled_from(ReasonCode), st.none(), st.just(""))
SOLUTIONS = st.builds(
    Solution,
    st.lists(ROUTES, max_size=4).map(tuple),
    st.lists(st.builds(Unassigned, IDS, st.lists(REASONS, max_size=1).map(tuple))).map(tuple),
    st.dictionaries(st.sampled_from(Rule), TIMES),
)


@given(problems(max_visits=3), SOLUTIONS)
@settings(deadline=None, max_examples=50)
def test_the_checker_reports_any_nonsense_instead_of_failing(
    problem: Problem, nonsense: Solution
) -> None:
    violations = check(problem, nonsense)
    assert all(v.rule and v.where and v.message and v.amount >= 1 for v in violations)
    ghosts = [r for r in nonsense.routes if r.shift not in {s.id for s in problem.shifts}]
    if ghosts:
        assert Rule.EVERY_VISIT_ONCE in {v.rule for v in violations}
