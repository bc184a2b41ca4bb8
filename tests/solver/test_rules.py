"""Every hard rule on a problem of a few lines: a plan that looks as it does because of the rule,
and a visit that is left out because of it, with the reason; and what is left out where not all
fits."""

from dataclasses import replace
from typing import Any

import pytest

from solver.problem import Pin, Previous, Shift
from solver.solution import ReasonCode, Rule, StopKind
from tests.solver.answers import left_out, plan, planned, solved, starts
from tests.solver.problems import depot, line_problem, pause, shift, visit, window

CRANE = frozenset({"crane"})
ANN, BOB = frozenset({"ann"}), frozenset({"bob"})
DAY = 86_400
IMPOSSIBLE, OUTBID = ReasonCode.IMPOSSIBLE, ReasonCode.OUTBID


def two_shifts(**anns: Any) -> list[Shift]:
    """Ann lives next door to location 1, Bob far away from it."""
    return [shift("s", "ann", **anns), shift("t", "bob", start_location=4, end_location=4)]


# --- skills ------------------------------------------------------------------------------------


def test_a_visit_goes_to_the_technician_with_its_skill_at_its_level() -> None:
    near = shift("s", "ann", skills={"gas": 1, "power": 3})
    far = shift("t", "bob", start_location=9, end_location=9, skills={"gas": 2})
    assert planned(line_problem([visit("v", skills={"gas": 2})], [near, far])) == {"t": "v"}


def test_a_visit_whose_skill_nobody_has_is_left_out_for_it() -> None:
    shifts = [shift("s", skills={"gas": 1}), shift("t", "bob")]
    solution = solved(line_problem([visit("v", skills={"gas": 2}), visit("other")], shifts))
    assert plan(solution) == {"s": "other"} or plan(solution) == {"t": "other"}
    assert left_out(solution) == {"v": [(IMPOSSIBLE, Rule.SKILLS)]}


# --- time windows ------------------------------------------------------------------------------


def test_visits_are_made_in_the_order_of_their_windows() -> None:
    visits = [
        visit("near", 1, windows=(window(100, 120),)),
        visit("far", 4, windows=(window(0, 40),)),
        visit("last", 2, windows=(window(130, 140),)),
    ]
    assert planned(line_problem(visits, [shift()])) == {"s": "far near last"}


def test_a_visit_with_windows_on_several_days_is_made_on_a_day_with_a_free_technician() -> None:
    windows = tuple(window(day * DAY, day * DAY + 100) for day in range(3))
    visits = [visit("v", 1, 60, windows=windows), visit("w", 2, 80, windows=windows[:1])]
    tuesday = shift("tuesday", start=DAY, end=DAY + 200)
    solution = solved(line_problem(visits, [shift("monday", end=150), tuesday]))
    assert plan(solution) == {"monday": "w", "tuesday": "v"}


def test_a_visit_is_made_in_a_second_window_of_the_day() -> None:
    visits = [visit("v", 1, windows=(window(0, 20), window(300, 320)))]
    solution = solved(line_problem(visits, [shift(start=50)]))
    assert 300 <= starts(solution)["v"] <= 320


def test_a_visit_that_nobody_reaches_in_its_window_is_left_out_for_it() -> None:
    visits = [visit("v", 3, windows=(window(0, 29),)), visit("other")]
    solution = solved(line_problem(visits, [shift()]))
    assert plan(solution) == {"s": "other"}
    assert left_out(solution) == {"v": [(IMPOSSIBLE, Rule.TIME_WINDOWS)]}


# --- shifts ------------------------------------------------------------------------------------


def test_a_route_leads_from_the_shifts_start_to_its_end() -> None:
    visits = [visit("c", 7), visit("a", 2), visit("b", 5)]
    there = line_problem(visits, [shift(start_location=0, end_location=9)])
    back = line_problem(visits, [shift(start_location=9, end_location=0)])
    assert (planned(there), planned(back)) == ({"s": "a b c"}, {"s": "c b a"})
    assert solved(there).objective == 90 + 15


@pytest.mark.parametrize(("overtime", "served"), [(25, True), (24, False)])
def test_a_route_may_take_the_overtime_that_is_allowed_and_no_more(
    overtime: int, served: bool
) -> None:
    solution = solved(line_problem([visit("v", 3)], [shift(end=40, max_overtime=overtime)]))
    assert plan(solution) == ({"s": "v"} if served else {})
    assert left_out(solution) == ({} if served else {"v": [(IMPOSSIBLE, Rule.SHIFT)]})


def test_a_technicians_shifts_on_two_days_are_two_routes() -> None:
    visits = [visit("v", 1, 80), visit("w", 1, 80)]
    shifts = [shift("monday", end=100), shift("tuesday", start=DAY, end=DAY + 100)]
    assert sorted(planned(line_problem(visits, shifts)).values()) == ["v", "w"]


# --- breaks ------------------------------------------------------------------------------------


def test_a_break_is_taken_between_visits_inside_its_window() -> None:
    visits = [visit("v", 1, 60, windows=(window(10, 10),)), visit("w", 1, 60)]
    lunch = pause("lunch", 60, 100, 30)
    late = replace(visits[1], windows=(window(150, 150),))
    solution = solved(line_problem([visits[0], late], [shift(breaks=(lunch,))]))
    assert plan(solution) == {"s": "v lunch w"}
    assert 70 <= starts(solution)["lunch"] <= 100


def test_breaks_are_taken_one_after_the_other() -> None:
    breaks = (pause("tea", 70, 100, 10), pause("lunch", 70, 100, 30))
    visits = [
        visit("v", 1, 60, windows=(window(10, 10),)),
        visit("w", 1, 60, windows=(window(150, 150),)),
    ]
    solution = solved(line_problem(visits, [shift(breaks=breaks)]))
    assert plan(solution) in ({"s": "v tea lunch w"}, {"s": "v lunch tea w"})


def test_work_is_done_around_a_break_that_fits_no_visit() -> None:
    visits = [visit(name, 1, 60) for name in ("u", "v", "w")]
    solution = solved(
        line_problem(visits, [shift(end=280, breaks=(pause("lunch", 130, 145, 40),))])
    )
    assert [kind for kind in plan(solution)["s"].split() if kind == "lunch"] == ["lunch"]
    assert solution.unassigned == ()


def test_a_visit_that_leaves_no_time_for_the_break_is_left_out_for_it() -> None:
    lunch = pause("lunch", 40, 50, 30)
    solution = solved(line_problem([visit("v", 1, 60)], [shift(end=100, breaks=(lunch,))]))
    assert left_out(solution) == {"v": [(IMPOSSIBLE, Rule.BREAKS)]}


# --- parts, tools and depots -------------------------------------------------------------------


def test_parts_come_from_the_van_as_long_as_there_are_any() -> None:
    visits = [visit("v", 1, parts={"pump": 2}), visit("w", 3, parts={"pump": 1})]
    full = line_problem(visits, [shift(stock={"pump": 3})], [depot("d", 2)])
    assert "d" not in planned(full)["s"].split()


def test_a_depot_is_called_at_before_the_part_is_used() -> None:
    visits = [visit("v", 1, parts={"pump": 2}), visit("w", 3, parts={"pump": 1})]
    problem = line_problem(visits, [shift(end_location=4, stock={"pump": 2})], [depot("d", 2)])
    solution = solved(problem)
    assert plan(solution) == {"s": "v d w"}
    (call,) = [stop for stop in solution.routes[0].stops if stop.kind is StopKind.DEPOT]
    assert call.parts == {"pump": 1}


def test_one_depot_call_supplies_several_visits() -> None:
    visits = [visit("v", 3, parts={"pump": 1}), visit("w", 4, parts={"filter": 2}, tools=CRANE)]
    problem = line_problem(visits, [shift(end_location=5)], [depot("d", 1, tools=CRANE)])
    assert planned(problem) == {"s": "d v w"}


def test_a_visit_takes_its_parts_from_two_depots_if_none_has_all() -> None:
    visits = [visit("v", 3, parts={"pump": 1, "filter": 1})]
    depots = [depot("d", 1, stock={"pump": 1}), depot("e", 2, stock={"filter": 1})]
    assert planned(line_problem(visits, [shift(end_location=5)], depots)) == {"s": "d e v"}


def test_a_depot_is_called_at_while_it_is_open() -> None:
    opening = depot("d", 1, 5, windows=(window(60, 80),))
    problem = line_problem(
        [visit("v", 2, parts={"pump": 1}), visit("w", 2, 30)], [shift()], [opening]
    )
    solution = solved(problem)
    assert 60 <= starts(solution)["d"] <= 80
    assert starts(solution)["d"] < starts(solution)["v"]


def test_what_monday_leaves_in_the_van_is_used_on_tuesday() -> None:
    monday = visit("v", 1, windows=(window(0, 500),), parts={"pump": 1})
    tuesday = visit("w", 1, windows=(window(DAY, DAY + 500),), parts={"pump": 2})
    shifts = [
        shift("monday", stock={"pump": 2}),
        shift("tuesday", start=DAY, end=DAY + 500, stock={"pump": 1}),
    ]
    for depots in ([depot("d", 9)], []):
        problem = line_problem([monday, tuesday], shifts, depots)
        assert planned(problem) == {"monday": "v", "tuesday": "w"}


def test_what_ann_leaves_in_her_van_is_not_in_bobs() -> None:
    visits = [visit("w", 1, windows=(window(DAY, DAY + 500),), parts={"pump": 1})]
    shifts = [
        shift("s", "ann", stock={"pump": 1}),
        shift("t", "bob", start=DAY, end=DAY + 500),
    ]
    assert planned(line_problem(visits, shifts, [depot("d", 2)])) == {"t": "d w"}
    assert left_out(solved(line_problem(visits, shifts)))["w"] != []


def test_a_tool_is_borrowed_before_it_is_needed_and_on_each_day_anew() -> None:
    visits = [
        visit("v", 3, windows=(window(0, 500),), tools=CRANE),
        visit("w", 3, windows=(window(DAY, DAY + 500),), tools=CRANE),
    ]
    shifts = [shift("monday"), shift("tuesday", start=DAY, end=DAY + 500)]
    problem = line_problem(visits, shifts, [depot("d", 1, tools=CRANE)])
    assert planned(problem) == {"monday": "d v", "tuesday": "d w"}


def test_a_tool_in_the_van_saves_the_way_to_the_depot() -> None:
    problem = line_problem(
        [visit("v", 3, tools=CRANE)], [shift(tools=CRANE)], [depot("d", 9, tools=CRANE)]
    )
    assert planned(problem) == {"s": "v"}


@pytest.mark.parametrize(("stock", "served"), [(1, ["v"]), (2, ["v", "w"])])
def test_all_routes_share_the_depots_stock_and_the_more_important_visit_gets_it(
    stock: int, served: list[str]
) -> None:
    visits = [
        visit("w", 1, windows=(window(0, 80),), parts={"pump": 1}, priority=1),
        visit("v", 9, windows=(window(0, 100),), parts={"pump": 1}, priority=2),
    ]
    shifts = [shift("s", "ann"), shift("t", "bob", start_location=8, end_location=8)]
    solution = solved(line_problem(visits, shifts, [depot("d", 4, stock={"pump": stock})]))
    assert sorted({"v", "w"} & starts(solution).keys()) == served
    if stock == 1:
        assert left_out(solution) == {"w": [(OUTBID, Rule.PARTS)]}


@pytest.mark.parametrize(
    ("needs", "rule"),
    [({"parts": {"pump": 2}}, Rule.PARTS), ({"tools": CRANE}, Rule.TOOLS)],
    ids=["parts", "tools"],
)
def test_a_visit_whose_supplies_are_nowhere_is_left_out_for_them(
    needs: dict[str, Any], rule: Rule
) -> None:
    visits = [visit("v", **needs), visit("other")]
    solution = solved(line_problem(visits, [shift()], [depot(stock={"pump": 1})]))
    assert plan(solution) == {"s": "other"}
    assert left_out(solution) == {"v": [(IMPOSSIBLE, rule)]}


@pytest.mark.parametrize(
    ("needs", "rule"),
    [({"parts": {"pump": 1}}, Rule.PARTS), ({"tools": CRANE}, Rule.TOOLS)],
    ids=["parts", "tools"],
)
def test_a_visit_whose_supplies_are_too_far_away_is_left_out_for_them(
    needs: dict[str, Any], rule: Rule
) -> None:
    far = depot("d", 60, tools=CRANE)
    solution = solved(line_problem([visit("v", **needs)], [shift()], [far]))
    assert left_out(solution) == {"v": [(IMPOSSIBLE, rule)]}


# --- pins, technicians and territories ---------------------------------------------------------


def test_a_pinned_visit_stays_with_its_technician_however_far_away() -> None:
    problem = line_problem([visit("v", 1, pin=Pin("bob"))], two_shifts())
    assert planned(problem) == {"t": "v"}


def test_a_pinned_visit_stays_at_its_time_and_the_others_go_around_it() -> None:
    visits = [visit("v", 1, 30, pin=Pin("ann", 100)), visit("w", 1, 80), visit("u", 1, 20)]
    solution = solved(line_problem(visits, [shift()]))
    assert starts(solution)["v"] == 100
    assert solution.unassigned == ()


def test_nothing_pushes_a_pinned_visit_off_the_plan() -> None:
    pinned = visit("v", 1, 60, priority=0, pin=Pin("ann"))
    visits = [visit("w", 1, 60, priority=4), pinned]
    solution = solved(line_problem(visits, [shift(end=100)]))
    assert plan(solution) == {"s": "v"}
    assert left_out(solution) == {"w": [(OUTBID, Rule.SHIFT)]}


def test_not_even_an_urgent_and_late_visit_pushes_a_pinned_one_off_the_plan() -> None:
    told = Previous("bob", 30, told=True)
    visits = [
        visit("w", 1, 60, priority=4, due=-900, previous=told),
        visit("v", 1, 60, priority=0, pin=Pin("ann")),
    ]
    weights: dict[str, Any] = {"lateness": 50, "changed_technician": 500, "told_factor": 5}
    assert plan(solved(line_problem(visits, [shift(end=100)], **weights))) == {"s": "v"}


@pytest.mark.parametrize(
    "pin",
    [Pin("zoe"), Pin("ann", 600), Pin("ann", 9)],
    ids=["stranger", "not in windows", "too early"],
)
def test_a_pin_that_cannot_be_kept_is_the_reason(pin: Pin) -> None:
    visits = [visit("v", 1, windows=(window(0, 500),), pin=pin), visit("other")]
    solution = solved(line_problem(visits, [shift()]))
    assert plan(solution) == {"s": "other"}
    assert left_out(solution) == {"v": [(IMPOSSIBLE, Rule.PINS)]}


@pytest.mark.parametrize(
    "wish",
    [{"allowed": BOB}, {"forbidden": ANN}, {"territory": "north"}],
    ids=["allowed", "forbidden", "territory"],
)
def test_a_visit_goes_to_a_technician_who_may_have_it(wish: dict[str, Any]) -> None:
    shifts = two_shifts(territories=frozenset({"south"}))
    assert planned(line_problem([visit("v", 1, **wish)], shifts)) == {"t": "v"}


@pytest.mark.parametrize(
    ("wish", "rule"),
    [
        ({"allowed": frozenset({"zoe"})}, Rule.TECHNICIANS),
        ({"forbidden": ANN}, Rule.TECHNICIANS),
        ({"territory": "north"}, Rule.TERRITORY),
    ],
    ids=["allowed", "forbidden", "territory"],
)
def test_a_visit_that_nobody_may_have_is_left_out_for_it(wish: dict[str, Any], rule: Rule) -> None:
    shifts = [shift(territories=frozenset({"south"}))]
    solution = solved(line_problem([visit("v", **wish), visit("other")], shifts))
    assert plan(solution) == {"s": "other"}
    assert left_out(solution) == {"v": [(IMPOSSIBLE, rule)]}


# --- what is left out --------------------------------------------------------------------------


def test_no_way_is_too_far_for_a_visit_that_can_be_made() -> None:
    problem = line_problem([visit("v", 40, priority=0)], [shift()], travel_time=90, distance=90)
    assert planned(problem) == {"s": "v"}


def test_the_visit_of_higher_priority_is_made_though_it_is_farther_away() -> None:
    visits = [visit("near", 1, 60, priority=1), visit("far", 4, 60, priority=2)]
    solution = solved(line_problem(visits, [shift(end=150)], distance=9))
    assert plan(solution) == {"s": "far"}
    assert left_out(solution) == {"near": [(OUTBID, Rule.SHIFT)]}


@pytest.mark.parametrize(
    ("factors", "made"), [((1, 1), ["a", "b"]), ((1, 3), ["urgent"])], ids=["equal", "more"]
)
def test_a_visit_is_worth_as_many_others_as_its_priority_says(
    factors: tuple[int, ...], made: list[str]
) -> None:
    visits = [
        visit("a", 1, 40, priority=0),
        visit("b", 1, 40, priority=0),
        visit("urgent", 1, 80, priority=1),
    ]
    solution = solved(line_problem(visits, [shift(end=100)], unassigned=factors))
    assert sorted(plan(solution)["s"].split()) == made
