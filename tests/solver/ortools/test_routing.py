"""The routing model alone: it takes in every plan that keeps a rule and refuses one that breaks
just that rule. What it counts for a plan is in ``test_routing_cost.py``."""

from typing import Any

import pytest

from solver.problem import Pin, Problem
from solver.solution import Rule
from tests.solver.answers import accepted, starts, valid
from tests.solver.problems import depot, line_problem, pause, shift, visit, window

CRANE = frozenset({"crane"})


# --- add_time ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("latest", "kept"), [(34, False), (35, True)])
def test_travel_and_service_take_their_time(latest: int, kept: bool) -> None:
    visits = [visit("a", 1, 5), visit("b", 3, windows=(window(0, latest),))]
    problem = line_problem(visits, [shift()])
    assert (accepted(problem, s="a b") is not None) == kept


def test_a_route_starts_as_late_as_it_may_and_still_ends_early() -> None:
    problem = line_problem([visit("a", 1, windows=(window(300, 400),))], [shift()])
    (route,) = valid(problem, s="a").routes
    assert (route.start, route.end) == (290, 315)


def test_a_technician_may_wait_between_visits() -> None:
    windows = [(window(20, 20),), (window(500, 500),)]
    visits = [visit(f"v{i}", 1, windows=each) for i, each in enumerate(windows)]
    assert starts(valid(line_problem(visits, [shift()]), s="v0 v1")) == {"v0": 20, "v1": 500}


def test_times_before_the_epoch_are_times_like_all_others() -> None:
    problem = line_problem(
        [visit("a", 1, windows=(window(-500, -450),))], [shift(start=-1000, end=-400)]
    )
    assert starts(valid(problem, s="a")) == {"a": -500}


# --- add_travel_cost ---------------------------------------------------------------------------


def test_travel_distance_and_shift_use_are_counted() -> None:
    problem = line_problem(
        [visit("a", 2)],
        [shift()],
        metres_per_second=3,
        working_time=0,
        travel_time=2,
        distance=5,
        shift_use=70,
    )
    assert valid(problem, s="a").objective == 2 * 40 + 5 * 120 + 70


def test_an_empty_route_costs_nothing_even_between_two_places() -> None:
    shifts = [shift("s", end_location=3), shift("t", "bob", end_location=9)]
    problem = line_problem([visit("a", 1)], shifts, travel_time=1, distance=1, shift_use=50)
    assert valid(problem, s="a").objective == 35 + 30 + 30 + 50


def test_a_shift_too_short_for_its_own_way_leaves_the_others_alone() -> None:
    shifts = [shift("s"), shift("t", "bob", end=20, end_location=9)]
    problem = line_problem([visit("a", 1)], shifts)
    valid(problem, s="a")
    assert accepted(problem, t="a") is None


# --- add_optional_visits and add_optional_depot_calls ------------------------------------------


def test_a_visit_that_is_left_out_costs_its_price() -> None:
    problem = line_problem([visit("a", 1), visit("b", 2, priority=4)], [shift()])
    assert valid(problem, s="a").objective == 25 + problem.prices["b"]
    assert valid(problem).objective == sum(problem.prices.values())


def test_depot_calls_may_be_left_out_or_made_several_times() -> None:
    problem = line_problem(
        [visit("a", 1, parts={"pump": 1})], [shift(stock={"pump": 1})], [depot()]
    )
    valid(problem, s="a")
    assert valid(problem, s="d a d d").objective == 65


# --- add_eligible_technicians ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "anns", "bobs"),
    [
        ({"skills": {"gas": 2}}, {"skills": {"gas": 1}}, {"skills": {"gas": 2}}),
        (
            {"skills": {"gas": 1, "power": 1}},
            {"skills": {"gas": 3}},
            {"skills": {"gas": 1, "power": 1}},
        ),
        ({"allowed": frozenset({"bob"})}, {}, {}),
        ({"forbidden": frozenset({"ann"})}, {}, {}),
        ({"territory": "north"}, {"territories": frozenset({"south"})}, {}),
        ({"pin": Pin("bob")}, {}, {}),
    ],
    ids=["level", "skills", "allowed", "forbidden", "territory", "pin"],
)
def test_only_an_eligible_technician_may_have_the_visit(
    wish: dict[str, Any], anns: dict[str, Any], bobs: dict[str, Any]
) -> None:
    problem = line_problem(
        [visit("a", 1, **wish), visit("b", 1)], [shift("s", **anns), shift("t", "bob", **bobs)]
    )
    assert accepted(problem, s="a b") is None
    valid(problem, s="b", t="a")


def test_a_visit_that_nobody_may_have_is_not_in_the_model_and_the_plan_stands() -> None:
    problem = line_problem([visit("a", 1), visit("b", 1, skills={"gas": 1})], [shift()])
    answer = accepted(problem, s="a")
    assert answer is not None
    assert answer.objective == 25 + problem.prices["b"]


# --- add_time_windows --------------------------------------------------------------------------

SEVERAL_DAYS = (window(90_000, 90_100), window(0, 9), window(200, 250), window(240, 300))
"""Out of order and overlapping, as they may come."""


@pytest.mark.parametrize(
    ("earliest", "start"), [(10, 200), (230, 230), (295, 295), (80_000, 90_000), (90_090, 90_090)]
)
def test_service_starts_in_any_one_of_several_windows(earliest: int, start: int) -> None:
    visits = [visit("a", 1, windows=SEVERAL_DAYS), visit("b", 1, 0)]
    problem = line_problem(visits, [shift(start=earliest - 10, end=100_000)])
    assert starts(valid(problem, s="b a"))["a"] == start


@pytest.mark.parametrize("windows", [(window(0, 9),), (window(-900, -1),), (window(5000, 6000),)])
def test_a_visit_outside_its_windows_is_refused_and_may_be_left_out(windows: Any) -> None:
    problem = line_problem([visit("a", 1, windows=windows), visit("b", 1)], [shift()])
    assert accepted(problem, s="b a") is None
    valid(problem, s="b")


def test_a_moment_between_two_windows_is_refused() -> None:
    windows = (window(0, 50), window(52, 60))
    visits = [visit("a", 1, windows=windows), visit("b", 1, windows=(window(56, 56),))]
    problem = line_problem(visits, [shift(start=41)])
    assert starts(valid(problem, s="a")) == {"a": 52}
    assert accepted(problem, s="a b") is None


def test_a_depot_is_called_at_inside_its_windows() -> None:
    def with_opening(start: int, end: int) -> Problem:
        stop = visit("a", 3, parts={"pump": 1}, windows=(window(0, 100),))
        return line_problem([stop], [shift()], [depot(windows=(window(start, end),))])

    assert starts(valid(with_opening(50, 90), s="d a"))["d"] == 50
    assert accepted(with_opening(0, 19), s="d a") is None
    assert accepted(with_opening(91, 200), s="d a") is None


def test_a_pinned_time_is_kept_to_the_second() -> None:
    pinned = visit("a", 1, windows=(window(0, 500),), pin=Pin("ann", 77))
    problem = line_problem([pinned, visit("b", 1, 60)], [shift()])
    assert starts(valid(problem, s="a b"))["a"] == 77
    assert starts(valid(problem, s="b a"))["a"] == 77
    late = line_problem([pinned, visit("b", 1, 68)], [shift()])
    assert accepted(late, s="b a") is None


# --- add_shifts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "overtime", "kept"), [(65, 0, True), (64, 0, False), (40, 25, True), (40, 24, False)]
)
def test_a_route_fits_into_its_shift_and_overtime(end: int, overtime: int, kept: bool) -> None:
    problem = line_problem([visit("a", 3)], [shift(end=end, max_overtime=overtime)])
    assert (accepted(problem, s="a") is not None) == kept


def test_a_route_starts_at_its_shifts_start_and_ends_at_its_end() -> None:
    problem = line_problem([visit("a", 3)], [shift(start_location=4, end_location=1)])
    (route,) = valid(problem, s="a").routes
    assert route.end - route.start == 10 + 5 + 20


def test_no_route_starts_before_its_shift() -> None:
    early = visit("a", 1, windows=(window(0, 60),))
    problem = line_problem([early], [shift("s", start=51), shift("t", "bob", start=50)])
    assert accepted(problem, s="a") is None
    valid(problem, t="a")


def test_overtime_is_counted_by_the_second() -> None:
    problem = line_problem([visit("a", 3)], [shift(end=40, max_overtime=100)], overtime=7)
    assert valid(problem, s="a").cost[Rule.OVERTIME] == 7 * 25


# --- add_breaks --------------------------------------------------------------------------------


def test_a_break_that_the_route_cannot_avoid_is_taken() -> None:
    visits = [visit("a", 1, windows=(window(10, 10),)), visit("b", 1, windows=(window(300, 300),))]
    problem = line_problem(visits, [shift(breaks=(pause("lunch", 100, 200, 60),))])
    assert 100 <= starts(valid(problem, s="a b"))["lunch"] <= 200


@pytest.mark.parametrize(("end", "kept"), [(45, True), (44, False)])
def test_a_break_takes_its_time(end: int, kept: bool) -> None:
    now = visit("a", 1, windows=(window(0, 10),))
    problem = line_problem([now], [shift(end=end, breaks=(pause("lunch", 15, 24, 20),))])
    assert (accepted(problem, s="a") is not None) == kept


@pytest.mark.parametrize(("opening", "kept"), [(14, False), (15, True), (20, True)])
def test_a_break_interrupts_no_visit(opening: int, kept: bool) -> None:
    now = visit("a", 1, windows=(window(0, 10),))
    problem = line_problem([now], [shift(breaks=(pause("tea", opening, opening, 5),))])
    assert (accepted(problem, s="a") is not None) == kept


@pytest.mark.parametrize(("opening", "kept"), [(35, False), (40, True)])
def test_a_break_interrupts_no_depot_call(opening: int, kept: bool) -> None:
    now = visit("a", 3, parts={"pump": 1}, windows=(window(0, 55),))
    source = depot("d", 2, 20, windows=(window(20, 20),))
    problem = line_problem([now], [shift(breaks=(pause("tea", opening, opening, 5),))], [source])
    assert (accepted(problem, s="d a") is not None) == kept


def test_a_break_before_or_after_the_route_is_not_needed() -> None:
    early, late = pause("early", 0, 0, 50), pause("late", 900, 900, 50)
    problem = line_problem([visit("a", 1)], [shift(breaks=(early, late))])
    solution = valid(problem, s="a")
    assert starts(solution).keys() == {"a"}
    assert 50 <= solution.routes[0].start <= solution.routes[0].end <= 900


def test_a_break_that_covers_a_whole_shift_leaves_the_others_alone() -> None:
    shifts = [shift("s"), shift("t", "bob", end=100, breaks=(pause("off", -50, -50, 200),))]
    valid(line_problem([visit("a", 1)], shifts), s="a")


def test_two_breaks_whose_windows_overlap_are_taken_one_after_the_other() -> None:
    breaks = (pause("one", 20, 60, 30), pause("two", 20, 60, 30))
    visits = [visit("a", 1, windows=(window(10, 10),)), visit("b", 1, windows=(window(120, 120),))]
    found = starts(valid(line_problem(visits, [shift(breaks=breaks)]), s="a b"))
    assert abs(found["one"] - found["two"]) >= 30


def test_two_breaks_at_the_same_time_leave_room_before_and_after_them() -> None:
    both = (pause("one", 500, 500, 30), pause("two", 510, 510, 30))
    morning, evening = (
        visit("a", 1, windows=(window(10, 10),)),
        visit("b", 1, windows=(window(800, 800),)),
    )
    problem = line_problem([morning, evening], [shift("s", breaks=both), shift("t", "bob")])
    assert accepted(problem, s="a b") is None
    valid(problem, s="a", t="b")
    valid(problem, s="b", t="a")


# --- add_parts ---------------------------------------------------------------------------------


def test_parts_come_from_the_van_or_from_a_depot_called_at_before() -> None:
    visits = [visit("a", 1, parts={"pump": 2}), visit("b", 3, parts={"pump": 1})]
    problem = line_problem(visits, [shift(stock={"pump": 2})], [depot()])
    valid(problem, s="a")
    assert accepted(problem, s="a b") is None
    assert accepted(problem, s="a b d") is None
    valid(problem, s="a d b")
    valid(problem, s="d a b")


def test_a_part_that_the_depot_has_not_got_is_not_picked_up_there() -> None:
    pump = visit("a", 1, parts={"pump": 1})
    sources = [depot("d", 2, stock={"filter": 9}), depot("e", 2, stock={"pump": 1})]
    problem = line_problem([pump], [shift()], sources)
    assert accepted(problem, s="d a") is None
    valid(problem, s="e a")


@pytest.mark.parametrize(("stock", "kept"), [(2, False), (3, True)])
def test_all_routes_share_a_depots_stock(stock: int, kept: bool) -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 3, parts={"pump": 2})]
    problem = line_problem(visits, [shift(), shift("t", "bob")], [depot(stock={"pump": stock})])
    assert (accepted(problem, s="d a", t="d b") is not None) == kept
    assert (accepted(problem, s="d a d b") is not None) == kept


def test_what_one_shift_leaves_in_the_van_is_there_for_the_next() -> None:
    visits = [visit("a", 1, parts={"pump": 2}), visit("b", 1, parts={"pump": 2})]

    def with_stock(first: int, second: int) -> Problem:
        monday = shift("s", stock={"pump": first})
        return line_problem(
            visits, [monday, shift("t", start=2000, end=3000, stock={"pump": second})]
        )

    valid(with_stock(4, 0), s="a", t="b")
    valid(with_stock(3, 1), s="a", t="b")
    valid(with_stock(4, 0), t="a b")
    assert accepted(with_stock(3, 0), s="a", t="b") is None
    assert accepted(with_stock(1, 3), s="a", t="b") is None


def test_what_one_technician_has_left_is_not_there_for_another() -> None:
    visits = [visit("a", 1, parts={"pump": 1}), visit("b", 1, parts={"pump": 1})]
    problem = line_problem(
        visits, [shift("s", stock={"pump": 9}), shift("t", "bob", start=2000, end=3000)]
    )
    assert accepted(problem, s="a", t="b") is None


def test_what_is_picked_up_on_one_shift_may_be_used_on_the_next() -> None:
    visits = [visit("a", 1), visit("b", 1, parts={"pump": 1})]
    problem = line_problem(visits, [shift("s"), shift("t", start=2000, end=3000)], [depot()])
    answer = accepted(problem, s="d a", t="b")
    assert answer is not None
    assert [route.shift for route in answer.routes] == ["s", "t"]


# --- add_tools ---------------------------------------------------------------------------------


def test_a_tool_is_in_the_van_or_borrowed_before() -> None:
    visits = [visit("a", 1, tools=CRANE), visit("b", 3)]
    shifts = [shift("s"), shift("t", "bob", tools=CRANE)]
    problem = line_problem(visits, shifts, [depot("d", tools=CRANE), depot("e")])
    valid(problem, t="a")
    valid(problem, s="d b a")
    assert accepted(problem, s="a") is None
    assert accepted(problem, s="a d") is None
    assert accepted(problem, s="e a") is None


def test_a_tool_is_lent_to_any_number_of_routes() -> None:
    visits = [visit("a", 1, tools=CRANE), visit("b", 3, tools=CRANE)]
    problem = line_problem(visits, [shift("s"), shift("t", "bob")], [depot(tools=CRANE)])
    valid(problem, s="d a", t="d b")


def test_a_borrowed_tool_is_back_after_the_route() -> None:
    visits = [visit("a", 1, tools=CRANE), visit("b", 3, tools=CRANE)]
    shifts = [shift("s"), shift("t", start=2000, end=3000)]
    problem = line_problem(visits, shifts, [depot(tools=CRANE)])
    assert accepted(problem, s="d a", t="b") is None
    valid(problem, s="d a", t="d b")
