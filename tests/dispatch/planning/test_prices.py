"""What the service's own prices come to: who hurries, who waits, and for what.

Neighbouring places are five minutes, or two kilometres, apart: 24 km/h.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dispatch.models import Priority
from dispatch.settings import DEFAULT_OBJECTIVE
from solver.judge.check import check
from solver.problem import Pin, Previous, Problem, Shift, Visit
from solver.solution import Solution, Stop
from solver.solve import Limit, solve
from tests.solver.problems import line_problem, shift, visit, window

MINUTE = 60
HOUR = 3600
EIGHT, TEN, NOON, THREE, FIVE = (clock * HOUR for clock in (8, 10, 12, 15, 17))
STEP = 5 * MINUTE


def day(name: str = "ann", home: int = 0) -> Shift:
    ends = {"start_location": home, "end_location": home}
    return shift(name, name, EIGHT, FIVE, **ends)


def job(name: str, at: int, priority: Priority = Priority.NORMAL, **rules: object) -> Visit:
    return visit(name, at, HOUR, priority=priority.rank, **rules)


def appointment(name: str, at: int, clock: int) -> Visit:
    return job(name, at, windows=(window(clock, clock),))


def town(visits: Sequence[Visit], shifts: Sequence[Shift]) -> Problem:
    found = line_problem(visits, shifts)
    steps = found.travel_time // 10
    return replace(
        found, travel_time=steps * STEP, distance=steps * 2_000, objective=DEFAULT_OBJECTIVE
    )


def planned(problem: Problem) -> Solution:
    solution = solve(problem, Limit(iterations=2_000), seed=1)
    assert check(problem, solution) == ()
    assert not solution.unassigned
    return solution


def stop_of(solution: Solution, name: str) -> Stop:
    return next(stop for route in solution.routes for stop in route.stops if stop.id == name)


def technician_of(solution: Solution, name: str) -> str:
    names = {stop.id: route.technician for route in solution.routes for stop in route.stops}
    return names[name]


# Who hurries


def test_who_has_nothing_to_do_goes_to_an_emergency_at_once() -> None:
    visits = [appointment("a", 1, EIGHT), job("fire", 1, Priority.EMERGENCY)]
    found = planned(town(visits, [day("ann", 1), day("bob", 5)]))
    assert technician_of(found, "fire") == "bob"
    assert stop_of(found, "fire").start == EIGHT + 4 * STEP


@pytest.mark.parametrize("where", [0, 2, 6])
def test_an_emergency_is_worth_a_day_that_begins_hours_earlier(where: int) -> None:
    visits = [appointment("a", 3, THREE), job("fire", where, Priority.EMERGENCY)]
    found = planned(town(visits, [day()]))
    assert stop_of(found, "fire").start == EIGHT + where * STEP


def test_an_emergency_comes_before_all_that_can_wait() -> None:
    visits = [job(f"a{n}", n) for n in range(1, 5)]
    ann = replace(day(), end_location=6)
    found = planned(town([*visits, job("fire", 5, Priority.EMERGENCY)], [ann]))
    assert stop_of(found, "fire").start == EIGHT + 5 * STEP


@pytest.mark.parametrize("priority", [Priority.URGENT, Priority.EMERGENCY])
def test_urgent_work_is_in_time_where_that_costs_driving_and_waiting(priority: Priority) -> None:
    visits = [appointment("a", 3, THREE), job("soon", 4, priority, due=TEN)]
    found = planned(town(visits, [day()]))
    assert stop_of(found, "soon").departure <= TEN


def test_urgent_work_is_in_time_where_somebody_is_free() -> None:
    visits = [appointment("a", 1, EIGHT + STEP), job("soon", 1, Priority.URGENT, due=TEN)]
    longer = replace(visits[0], duration=2 * HOUR)
    found = planned(town([longer, visits[1]], [day(), day("bob", 5)]))
    assert technician_of(found, "soon") == "bob"
    assert stop_of(found, "soon").departure <= TEN


def test_urgent_work_without_a_due_time_comes_early_in_the_day_that_there_is() -> None:
    visits = [job(name, 1) for name in "abc"]
    ann = replace(day(), end_location=6)
    found = planned(town([*visits, job("soon", 2, Priority.URGENT)], [ann]))
    (route,) = found.routes
    assert route.stops[0].id == "soon"


def test_a_due_time_is_worth_a_day_that_begins_earlier() -> None:
    visits = [appointment("a", 1, THREE), job("due", 1, due=NOON)]
    assert stop_of(planned(town(visits, [day()])), "due").departure <= NOON


# Who waits


@pytest.mark.parametrize("priority", [Priority.LOW, Priority.NORMAL, Priority.HIGH])
def test_what_is_not_urgent_is_not_hurried(priority: Priority) -> None:
    visits = [appointment("a", 3, THREE), job("some day", 3, priority)]
    found = planned(town(visits, [day()]))
    (route,) = found.routes
    assert route.end - route.start == 2 * HOUR + 6 * STEP
    late = [appointment("a", 3, THREE), job("some day", 3, Priority.LOW, due=NOON)]
    found = planned(town(late, [day()]))
    assert stop_of(found, "some day").start >= THREE - HOUR


def with_told_customers(minutes: int) -> Problem:
    """Ann has promised her morning to three customers, who were told. Bob has work beside the
    emergency that takes so long, and Ann is five minutes away from it."""
    told = [
        job(f"a{n}", 0, previous=Previous("ann", EIGHT + n * HOUR, told=True), pin=Pin("ann"))
        for n in range(3)
    ]
    busy = visit("b", 1, minutes * MINUTE, windows=(window(EIGHT, EIGHT),), pin=Pin("bob"))
    fire = job("fire", 1, Priority.EMERGENCY)
    return town([*told, busy, fire], [day("ann"), day("bob", 1)])


def test_an_emergency_breaks_no_promise_for_less_than_it_is_worth() -> None:
    costs = DEFAULT_OBJECTIVE
    kept = planned(with_told_customers(10))
    assert technician_of(kept, "fire") == "bob"
    assert stop_of(kept, "fire").start == EIGHT + 10 * MINUTE
    assert [stop_of(kept, f"a{n}").start for n in range(3)] == [EIGHT + n * HOUR for n in range(3)]
    # Three customers an hour later, of which a quarter of an hour is nothing …
    moved = 3 * costs.told_factor * costs.moved_time * (HOUR - costs.moved_time_tolerance)
    # … are worth so many minutes of an emergency.
    assert moved // (costs.prompt_cents(Priority.EMERGENCY.rank) * MINUTE) == 6


def test_an_emergency_that_nobody_else_reaches_soon_moves_what_was_promised() -> None:
    moved = planned(with_told_customers(30))
    assert technician_of(moved, "fire") == "ann"
    assert stop_of(moved, "fire").start == EIGHT + STEP


def test_no_window_gives_way_to_an_emergency() -> None:
    promised = appointment("a", 1, EIGHT + STEP)
    found = planned(town([promised, job("fire", 1, Priority.EMERGENCY)], [day()]))
    assert stop_of(found, "a").start == EIGHT + STEP
    assert stop_of(found, "fire").start == EIGHT + STEP + HOUR


# What a second is worth


def test_seconds_of_waiting_outweigh_what_they_are_meant_to() -> None:
    costs = DEFAULT_OBJECTIVE
    driving = costs.working_time + costs.distance * 2_000 // STEP
    low, normal, high, urgent, emergency = (
        costs.late_cents(priority.rank) for priority in Priority
    )
    assert low < costs.working_time < normal < driving < high
    assert 2 * driving < urgent < emergency
    own_trip = costs.shift_use + 40 * MINUTE * driving
    assert own_trip < 30 * MINUTE * urgent
    assert own_trip < 15 * MINUTE * costs.prompt_cents(Priority.EMERGENCY.rank)
    assert [costs.prompt_cents(priority.rank) > 0 for priority in Priority] == [False] * 3 + [
        True
    ] * 2
