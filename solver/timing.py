"""Which of the ways to time a sequence costs least."""

from collections.abc import Sequence
from dataclasses import replace

from solver.cost import RouteCost
from solver.problem import MAX_TIME, Problem, Shift, TimeWindow, Visit
from solver.schedule import Call, Legs, place
from solver.solution import Route


def cheapest(problem: Problem, shift: Shift, sequence: Sequence[Call], legs: Legs) -> Route | None:
    """The sequence as ``place`` times it, or as it times it with no visit before its published
    time, whichever costs less; None if it breaks a time rule.

    Visits come as early as they can the first way: right for lateness, but a customer who expects
    the technician at ten is not served better at nine.
    """
    early = place(shift, sequence, legs)
    if early is None or problem.objective.moved_time == 0:
        return early
    kept = [_not_before_published(problem, shift, call) for call in sequence]
    if kept == list(sequence):
        return early
    as_published = place(shift, kept, legs)
    if as_published is None:
        return early
    price = RouteCost(problem)
    early_cents, published_cents = (
        sum(cents for _, cents in price.of(route)) for route in (early, as_published)
    )
    return as_published if published_cents < early_cents else early


def _not_before_published(problem: Problem, shift: Shift, call: Call) -> Call:
    """The call without the part of its windows that costs for being early, unless nothing would be
    left on this shift."""
    if not isinstance(call, Visit) or call.previous is None:
        return call
    costs = problem.objective
    if call.previous.told and costs.told_factor == 0:
        return call
    moment = call.previous.start - costs.moved_time_tolerance
    windows = call.windows or (TimeWindow(-MAX_TIME, 2 * MAX_TIME),)
    later = tuple(
        TimeWindow(max(window.start, moment), window.end)
        for window in windows
        if window.end >= max(moment, shift.start) and window.start <= shift.end + shift.max_overtime
    )
    return replace(call, windows=later) if later else call
