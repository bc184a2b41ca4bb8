"""Whether a visit could be done by somebody who has nothing else to do, held against every way."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import event, given

from solver.draft.alone import Alone, TooMuch
from solver.draft.draft import Draft
from solver.explain.reasons import reasons
from solver.judge.check import check
from solver.problem import Problem, Shift, Visit
from solver.rules.eligibility import at_pinned_time, obstacles
from solver.solution import ReasonCode
from solver.solve import Limit, solve
from tests.solver.problems import (
    Call,
    depot,
    line_problem,
    problems,
    shift,
    solution_of,
    timed_route,
    visit,
    window,
)

CRANE = frozenset({"crane"})


def way(problem: Problem, name: str = "v", on: str = "s") -> dict[str, str] | None:
    """What the technician would do, by shift."""
    draft = Draft(problem)
    (there,) = (one for one in problem.shifts if one.id == on)
    found = Alone(problem).way(draft.visit(name), there)
    if found is None:
        return None
    draft.take(found)
    assert check(problem, solution_of(problem, *draft.routes())) == ()
    return {own: " ".join(call.id for call in calls) for own, calls in found.items()}


# --- single cases ------------------------------------------------------------------------------


def test_what_one_depot_has_not_got_is_fetched_from_several() -> None:
    depots = [depot(name, place, stock={"pump": 1}) for place, name in enumerate("def", start=1)]
    problem = line_problem([visit("v", 5, parts={"pump": 3})], [shift()], depots)
    assert way(problem) == {"s": "d e f v"}
    assert way(replace(problem, shifts=(shift(stock={"pump": 1}),))) in (
        {"s": "d e v"},
        {"s": "d f v"},
        {"s": "e f v"},
    )
    assert way(replace(problem, depots=tuple(depots[:2]))) is None


def test_a_part_is_fetched_the_day_before_and_a_tool_on_the_day() -> None:
    needy = visit("v", 1, parts={"pump": 1}, tools=CRANE, windows=(window(2000, 2060),))
    days = [shift("monday"), shift("tuesday", start=1990, end=2100)]
    depots = [depot("far", 20), depot("near", 2, stock={}, tools=CRANE)]
    problem = line_problem([needy], days, depots)
    assert way(problem, on="tuesday") == {"monday": "far", "tuesday": "near v"}
    assert way(replace(problem, shifts=(days[1],)), on="tuesday") is None


def test_a_tool_is_not_there_the_day_after() -> None:
    needy = visit("v", 1, tools=CRANE, windows=(window(2000, 2060),))
    days = [shift("monday"), shift("tuesday", start=1990, end=2100)]
    problem = line_problem([needy], days, [depot("far", 20, tools=CRANE)])
    assert way(problem, on="tuesday") is None


def test_a_way_by_a_depot_may_be_shorter_than_the_one_past_it() -> None:
    legs = np.array([[0, 500, 10], [500, 0, 10], [10, 10, 0]])
    problem = Problem((visit("v", 1),), (shift(end=100),), legs, legs, (depot("d", 2),))
    assert way(problem) == {"s": "d v d"}
    assert way(replace(problem, depots=())) is None


def test_to_stay_where_one_is_takes_what_the_matrix_says() -> None:
    legs = np.array([[57]])
    problem = Problem((visit("v", 0, 60),), (shift(end=100),), legs, legs)
    (left,) = solve(problem, Limit(iterations=1)).unassigned
    assert [reason.code for reason in left.reasons] == [ReasonCode.IMPOSSIBLE]
    ample = replace(problem, shifts=(shift(end=174),))
    assert solve(ample, Limit(iterations=1)).unassigned == ()


def test_a_search_that_was_given_up_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solver.draft.alone.MOST_STEPS", 2)
    depots = [depot(name, place, stock={"pump": 1}) for place, name in enumerate("def", start=1)]
    problem = line_problem([visit("v", 5, parts={"pump": 3})], [shift()], depots)
    with pytest.raises(TooMuch):
        way(problem)
    (reason,) = reasons(Draft(problem), problem.visits[0])
    assert reason.code is ReasonCode.NOT_FOUND


# --- every way there is ------------------------------------------------------------------------

MOST_BEFORE, MOST_AFTER = 3, 2
"""Calls before and after the visit, enough to call at two depots twice and once more."""


def possible(problem: Problem, name: str) -> bool:
    """Whether anybody could do it: every sequence of calls on every shift is driven."""
    asked = problem.visit[name]
    return any(_does(problem, asked, own) for own in problem.shifts)


def _does(problem: Problem, asked: Visit, on: Shift) -> bool:
    supplies = Draft(problem).supplies
    if obstacles(supplies, asked, on):
        return False
    pinned = replace(
        problem, visits=tuple(at_pinned_time(v) if v.id == asked.id else v for v in problem.visits)
    )
    earlier = [
        own for own in problem.shifts if own.technician == on.technician and own.start < on.start
    ]
    van = Counter(on.stock)
    for own in earlier:
        van.update(own.stock)
    called_before = [set(_driven(pinned, own, "")) for own in earlier]
    called_today = set(_driven(pinned, on, asked.id))
    return any(
        _is_supplied(problem, asked, on, van, [*days, today], today)
        for *days, today in product(*called_before, called_today)
    )


def _driven(problem: Problem, on: Shift, name: str) -> Iterator[tuple[str, ...]]:
    """The depots called at before the visit (or at all) in each sequence that is in time."""
    names = [one.id for one in problem.depots]
    for before in range(MOST_BEFORE + 1):
        for after in range(MOST_AFTER + 1 if name else 1):
            for calls in product(names, repeat=before + after):
                stops: list[str | Call] = [Call(one) for one in calls]
                if name:
                    stops.insert(before, name)
                if timed_route(problem, on.id, stops) is not None or not stops:
                    yield tuple(sorted(set(calls[:before])))


def _is_supplied(
    problem: Problem,
    asked: Visit,
    on: Shift,
    van: Mapping[str, int],
    called: Sequence[Sequence[str]],
    today: Sequence[str],
) -> bool:
    depots = {one.id: one for one in problem.depots}
    tools = on.tools.union(*(depots[name].tools for name in today))
    sources = [depots[name] for name in {name for day in called for name in day}]
    return asked.tools <= tools and all(
        any(one.stock is None for one in sources)
        or van.get(part, 0) + sum((one.stock or {}).get(part, 0) for one in sources) >= number
        for part, number in asked.parts.items()
    )


def without_breaks(problem: Problem) -> Problem:
    """The enumeration is exact for shifts without breaks."""
    return replace(problem, shifts=tuple(replace(own, breaks=()) for own in problem.shifts))


def assert_told(problem: Problem, name: str, codes: set[ReasonCode]) -> None:
    """What is possible is never called impossible; what is impossible always is where no way by
    the places of other visits is shorter."""
    called_impossible = codes == {ReasonCode.IMPOSSIBLE}
    if possible(problem, name):
        event("possible")
        assert not called_impossible
    elif is_straight(problem):
        event("impossible, no detours")
        assert called_impossible
    else:
        event("impossible, perhaps by a detour")
        assert called_impossible or codes == {ReasonCode.NOT_FOUND}


def is_straight(problem: Problem) -> bool:
    stops = {visit.location for visit in problem.visits} | {one.location for one in problem.depots}
    return all(
        (legs <= legs[:, [stop]] + legs[[stop], :]).all()
        for legs in (problem.travel_time, problem.distance, problem.driven)
        for stop in stops
    )


@given(problems(max_visits=3, max_technicians=2).map(without_breaks))
def test_a_visit_is_impossible_if_and_only_if_nobody_could_do_it_alone(problem: Problem) -> None:
    draft = Draft(problem)
    for one in draft.visits:
        codes = {reason.code for reason in reasons(draft, one)}
        assert_told(problem, one.id, codes)
        assert len(codes) == 1


@given(problems(max_visits=5, max_technicians=2).map(without_breaks))
def test_what_a_plan_calls_impossible_is_and_what_it_leaves_out_else_is_not(
    problem: Problem,
) -> None:
    for left in solve(problem, Limit(iterations=300)).unassigned:
        codes = {reason.code for reason in left.reasons}
        assert_told(problem, left.id, codes)
        if is_straight(problem):
            assert ReasonCode.NOT_FOUND not in codes


def scarce(seed: int) -> Problem:
    """A few visits that want parts and tools, of which two depots and the vans have hardly enough,
    in one day or two."""
    random = Random(seed)

    def parts(most: int) -> dict[str, int]:
        return {name: n for name in ("pump", "filter") if (n := random.randint(0, most)) > 0}

    def tools(one_in: int) -> frozenset[str]:
        return CRANE if random.randrange(one_in) == 0 else frozenset()

    length = random.choice((150, 250, 400))
    days = [(name, day) for name in ("ann", "bob") for day in range(random.randint(1, 2))]
    return line_problem(
        [
            visit(
                f"v{i}",
                random.randint(0, 6),
                random.choice((10, 40, 80)),
                parts=parts(2),
                tools=tools(4),
                priority=random.randint(0, 4),
                windows=(window(1000, 1000 + length),) if random.randrange(4) == 0 else (),
            )
            for i in range(5)
        ],
        [
            shift(
                f"{name}{day}",
                name,
                1000 * day,
                1000 * day + length,
                stock=parts(1) if random.randrange(3) == 0 else {},
                tools=tools(4),
            )
            for name, day in days
        ],
        [depot(name, at, stock=parts(2), tools=tools(2)) for name, at in (("d", 2), ("e", 4))],
    )


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_where_parts_are_scarce_what_is_left_out_is_impossible_or_lost_to_what_is_named(
    first: int,
) -> None:
    for seed in range(first, first + 20):
        problem = scarce(seed)
        solution = solve(problem, Limit(iterations=300))
        placed = {stop.id for route in solution.routes for stop in route.stops}
        for left in solution.unassigned:
            codes = {reason.code for reason in left.reasons}
            if possible(problem, left.id):
                assert codes == {ReasonCode.OUTBID}
                assert any(name in left.reasons[0].message for name in placed)
            else:
                assert codes == {ReasonCode.IMPOSSIBLE}


@given(problems(max_visits=2, max_technicians=2))
def test_a_way_that_is_found_can_be_kept(problem: Problem) -> None:
    draft, alone = Draft(problem), Alone(problem)
    for one in draft.visits:
        for own in draft.eligible[one.id]:
            found = alone.way(one, own)
            if found is not None:
                assert draft.take(found)
                assert {call.id for call in draft.sequences[own.id]} >= {one.id}
                assert check(problem, solution_of(problem, *draft.routes())) == ()
