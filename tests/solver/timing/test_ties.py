"""Moments of visits that hang together: the earliest, and cheaper ones."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from solver.judge.check import check
from solver.judge.cost import cost
from solver.links import After, Link, Together
from solver.objective import ShiftRates
from solver.problem import Break, Problem, Shift, TimeWindow, Visit
from solver.rules.places import on_places
from solver.solution import Route, Rule
from solver.timing.moments import held
from solver.timing.schedule import earliest_end, legs_of
from solver.timing.ties import Ties
from solver.timing.timing import cheapest
from tests.solver.problems import line_problem, pause, shift, solution_of, visit, window
from tests.solver.timing.tied_times import Times

Names = dict[str, str]
"""The visits of each shift, by their names of one letter, in order."""


def calls_of(problem: Problem, names: Names) -> dict[str, tuple[Visit, ...]]:
    return {s: tuple(problem.visit[name] for name in calls) for s, calls in names.items()}


def earliest(problem: Problem, **names: str) -> dict[str, int] | None:
    placed = on_places(problem)
    return Ties(placed, legs_of(placed.travel_time)).earliest(calls_of(placed, names))


def cheapest_moments(problem: Problem, **names: str) -> dict[str, int] | None:
    placed = on_places(problem)
    ties = Ties(placed, legs_of(placed.travel_time), lateness=True)
    return ties.cheapest(calls_of(placed, names))


def two_days(links: Iterable[Link], **rules: Any) -> Problem:
    """Visits a to e at the locations 1 to 5 on a line, Ann's and Bob's shift."""
    visits = [
        replace(visit(name, number), **rules.pop(name, {}))
        for number, name in enumerate("abcde", start=1)
    ]
    shifts = [shift("s", "ann"), shift("t", "bob")]
    shifts = [replace(one, **rules.pop(one.id, {})) for one in shifts]
    return line_problem(visits, shifts, links=links, **rules)


def test_a_crew_waits_for_the_one_who_comes_last() -> None:
    problem = two_days([Together(("a", "b"))])
    assert earliest(problem, s="a", t="cb") == {"a": 45, "b": 45}


def test_who_waits_makes_those_after_it_wait_on_other_routes() -> None:
    problem = two_days([Together(("a", "d")), Together(("b", "c"))])
    # Ann meets Bob at a and d only after 40; from a to b it takes her 15.
    assert earliest(problem, s="ab", t="dc") == {"a": 40, "d": 40, "b": 55, "c": 55}


def test_crews_that_wait_for_each_other_have_no_times() -> None:
    problem = two_days([Together(("a", "b")), Together(("c", "d"))])
    assert earliest(problem, s="ac", t="db") is None
    assert earliest(problem, s="ac", t="bd") is not None


def test_to_ask_about_visits_ties_them_to_nothing() -> None:
    problem = two_days([Together(("a", "b"))])
    ties = Ties(problem, legs_of(problem.travel_time))
    assert ties.earliest(calls_of(problem, {"s": "ac", "t": "b"})) is not None
    assert [ties.binds(one) for one in problem.visits] == [True, True, False, False, False]


def test_who_may_come_at_most_so_long_after_the_first_makes_the_first_wait() -> None:
    problem = two_days([After("a", "e", 0, 10)])
    assert earliest(problem, s="a", t="e") == {"a": 35, "e": 50}
    problem = two_days([After("a", "e", 0, 10)], a={"windows": (window(0, 34),)})
    assert earliest(problem, s="a", t="e") is None


def test_a_second_window_is_waited_for_together() -> None:
    problem = two_days([Together(("a", "e"))], a={"windows": (window(0, 30), window(200, 300))})
    assert earliest(problem, s="a", t="e") == {"a": 200, "e": 200}


def test_partners_that_are_on_no_route_tie_nothing() -> None:
    problem = two_days([Together(("a", "b")), After("c", "d")])
    assert earliest(problem, s="ad") == {"a": 10, "d": 45}
    assert earliest(problem, s="e") == {}


def test_a_crew_meets_as_late_as_saves_both_from_waiting() -> None:
    late: dict[str, Any] = {"windows": (window(500, 500),)}
    problem = two_days([Together(("a", "b"))], d=late, e=late)
    assert cheapest_moments(problem, s="ae", t="bd") == {"a": 455, "b": 455}


def test_the_worst_lateness_is_balanced_with_waiting_on_routes_without_a_crew() -> None:
    """At a, 5 s late at best, Ann would wait for e; every second later costs one less, until it
    makes the worst lateness, which is 25 s at b, worse."""
    problem = two_days(
        [], a={"due": 10}, b={"due": 0}, e={"windows": (window(500, 500),)}, worst_lateness=7
    )
    assert cheapest_moments(problem, s="ae", t="b") == {"a": 30, "b": 20}


def test_a_crew_meets_early_enough_for_a_break_on_the_way_on() -> None:
    late = {"windows": (window(500, 500),)}
    problem = two_days([Together(("a", "b"))], e=late, s={"breaks": (pause("p", 470, 480, 20),)})
    assert cheapest_moments(problem, s="ae", t="b") == {"a": 435, "b": 435}


def test_two_crews_in_a_row_meet_later_one_after_the_other() -> None:
    """The first can only move when the second has, and that alone earns nothing."""
    late: dict[str, Any] = {"windows": (window(500, 500),)}
    links = [Together(("a", "b")), Together(("c", "d"))]
    problem = line_problem(
        [*(visit(name, 1) for name in "abcd"), *(visit(n, 1, **late) for n in "ef")],
        [shift("s", "ann"), shift("t", "bob")],
        links=links,
    )
    found = cheapest_moments(problem, s="ace", t="bdf")
    assert found == {"a": 490, "b": 490, "c": 495, "d": 495}


def test_who_comes_after_waits_for_as_long_as_the_first_takes_at_their_own_pace() -> None:
    links = [After("a", "b", 10, 10)]
    assert earliest(two_days(links), s="a", t="b") == {"a": 10, "b": 25}
    assert earliest(two_days(links, s={"pace": Fraction(3)}), s="a", t="b") == {"a": 10, "b": 35}
    quick = two_days(links, s={"pace": Fraction(1, 5)}, b={"windows": (window(40, 90),)})
    assert earliest(quick, s="a", t="b") == {"a": 29, "b": 40}


def test_a_day_that_is_not_to_be_long_begins_later_for_whoever_meets_late() -> None:
    late: dict[str, Any] = {"windows": (window(500, 500),)}
    links = [Together(("a", "b")), Together(("d", "e"))]
    problem = two_days(links, d=late, s={"max_duration": 100})
    # Ann is back 45 s after 500, and so leaves at 445 at the earliest.
    assert earliest(problem, s="ad", t="be") == {"a": 455, "b": 455, "d": 500, "e": 500}
    assert (
        earliest(
            replace(
                problem,
                shifts=(shift(max_duration=99), shift("t", "bob")),
                visits=(replace(problem.visits[0], windows=(window(0, 455),)), *problem.visits[1:]),
            ),
            s="ad",
            t="be",
        )
        is None
    )


def test_a_held_visit_keeps_the_price_of_the_window_that_it_is_in() -> None:
    one = visit(windows=(TimeWindow(0, 50, 7), TimeWindow(40, 90, 3)))
    assert held([one], {"v": 45})[0].windows == (TimeWindow(45, 45, 3),)
    assert held([one], {"v": 10})[0].windows == (TimeWindow(10, 10, 7),)


def test_a_crew_meets_where_lateness_and_waiting_are_balanced() -> None:
    """Ann has to be at e at 500 and would wait; b is late from 105 on, at five times the price."""
    late: dict[str, Any] = {"windows": (window(500, 500),)}
    problem = two_days([Together(("a", "b"))], b={"due": 105}, e=late, lateness=5)
    assert cheapest_moments(problem, s="ae", t="b") == {"a": 100, "b": 100}


def routes_of(problem: Problem, names: Names, moments: Any) -> list[Route]:
    placed = on_places(problem)
    calls, legs = calls_of(placed, names), legs_of(placed.travel_time)
    found = [
        cheapest(placed, s, held(calls[s.id], moments), legs)
        for s in placed.shifts
        if calls.get(s.id)
    ]
    assert None not in found
    return [route for route in found if route is not None]


_WINDOWS = st.sampled_from(((), (), (), ((0, 90),), ((0, 20), (70, 150)), ((100, 250),)))
_VISITS = st.builds(
    lambda location, duration, windows, due: Visit(
        "", location, duration, tuple(TimeWindow(*w) for w in windows), due=due
    ),
    st.integers(0, 3),
    st.sampled_from((0, 5, 20)),
    _WINDOWS,
    st.sampled_from((None, None, 30, 80)),
)
_BREAKS = st.sampled_from(((), (), (pause("p", 20, 50, 15),)))


_RULES_OF_SHIFTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "max_duration": st.sampled_from((60, 100, 150)),
        "pace": st.sampled_from((Fraction(1, 2), Fraction(3, 2))),
        "rates": st.builds(ShiftRates, st.sampled_from((0, 3))),
        "start_location": st.just(None),
        "end_location": st.just(None),
    },
)


@st.composite
def tied_days(draw: Any, breaks: st.SearchStrategy[tuple[Break, ...]] = _BREAKS) -> Any:
    """A small problem of two or three technicians, and a sequence for each."""
    number = draw(st.integers(2, 6))
    visits = [replace(draw(_VISITS), id=name) for name in "abcdef"[:number]]
    technicians = ("ann", "bob", "cy")[: draw(st.integers(2, 3))]
    shifts: list[Shift] = [
        replace(
            shift(name, name, end=draw(st.sampled_from((200, 400))), breaks=draw(breaks)),
            **draw(_RULES_OF_SHIFTS),
        )
        for name in technicians
    ]
    names = dict.fromkeys(technicians, "")
    for one in visits:
        names[draw(st.sampled_from(technicians))] += one.id
    names = {name: "".join(draw(st.permutations(calls))) for name, calls in names.items()}
    pairs = draw(st.lists(st.permutations([v.id for v in visits]), min_size=1, max_size=2))
    links: list[Link] = []
    crews: set[str] = set()
    for one, other, *_ in pairs:
        if draw(st.booleans()) and not crews & {one, other}:
            crews |= {one, other}
            links.append(Together((one, other)))
        else:
            least = draw(st.sampled_from((0, 10, -20)))
            most = draw(st.sampled_from((None, None, 60)))
            links.append(After(one, other, least, most))
    weights = draw(
        st.fixed_dictionaries(
            {
                "working_time": st.sampled_from((0, 1, 2)),
                "lateness": st.sampled_from((0, 1, 3)),
                "worst_lateness": st.sampled_from((0, 0, 2)),
                "promptness": st.sampled_from(((), (0, 1, 0, 0, 0))),
            }
        )
    )
    try:
        problem = line_problem(visits, shifts, links=links, size=4, **weights)
    except ValueError:
        assume(False)
    placed = on_places(problem)
    legs, calls = legs_of(placed.travel_time), calls_of(placed, names)
    ties = Ties(problem, legs)
    for one in placed.shifts:
        tied = any(map(ties.binds, calls[one.id]))
        # Nothing is asked about the others.
        assume(tied or earliest_end(one, calls[one.id], legs) is not None)
    return problem, names


def timed_cents(problem: Problem, routes: list[Route]) -> int:
    served = {stop.id for route in routes for stop in route.stops}
    left_out = [v.id for v in problem.visits if v.id not in served]
    rules = (Rule.LATENESS, Rule.WORST_LATENESS, Rule.PROMPTNESS, Rule.WORKING_TIME, Rule.OVERTIME)
    found = cost(problem, routes, left_out)
    return sum(found[rule] for rule in rules)


@given(tied_days(breaks=st.just(())))
@settings(deadline=None)
def test_there_are_earliest_moments_wherever_there_are_any_times(day: Any) -> None:
    problem, names = day
    calls = calls_of(problem, names)
    moments = earliest(problem, **names)
    assert (moments is None) == (Times(problem, calls).least() is None)
    if moments is not None:
        model = Times(problem, calls)
        bound = list(moments)
        model.cost = [model.starts[visit] for visit in bound]
        model.model.minimize(sum(model.cost))
        least = model.least()
        assert sum(moments.values()) == least


@given(tied_days())
@settings(deadline=None)
def test_moments_keep_all_links_and_rules_and_cost_no_less_than_the_cheapest(day: Any) -> None:
    problem, names = day
    calls = calls_of(problem, names)
    moments = cheapest_moments(problem, **names)
    least = Times(problem, calls).least()
    event("times" if least is not None else "no times")
    if moments is None:
        return
    assert least is not None
    routes = routes_of(problem, names, moments)
    by_time = {Rule.TOGETHER, Rule.AFTER, Rule.TIME_WINDOWS, Rule.TRAVEL, Rule.SHIFT, Rule.BREAKS}
    by_time.add(Rule.LIMITS)
    ours = [link for link in problem.links if isinstance(link, Together)]
    found = check(problem, solution_of(problem, *routes))
    assert [v for v in found if v.rule in by_time and not ("all have" in v.message and ours)] == []
    cents = timed_cents(problem, routes)
    assert cents >= least
    event("cheapest" if cents == least else "dearer")
    if not any(s.breaks for s in problem.shifts) and all(
        len(v.windows) < 2 for v in problem.visits
    ):
        assert cents == least
