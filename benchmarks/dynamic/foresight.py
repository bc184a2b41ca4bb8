"""Requests that may still come in, made up after those that are known.

A request that comes in during the day does so at any moment before its window opens, each as
likely. So of all alike requests it is known which share is known by now, and each of them stands
for so many that are not (Horvitz, Thompson 1952).
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from random import Random

import numpy as np

from solver.problem import Problem, Visit

NEARBY = 5
"""A request made up is at the place of one of so many known requests nearest to the one that it is
made after."""


def unknown_per_known(opens: int, now: int, opening: int, dynamic: float) -> float:
    """How many requests with a window that opens then are still to come, for each that is known,
    if that share of all comes in during the day, which begins at ``opening``."""
    if opens <= now:
        return 0.0
    gone = (now - opening) / (opens - opening)
    return dynamic * (1 - gone) / (1 - dynamic * (1 - gone))


def foreseen(
    problem: Problem,
    known: Sequence[Visit],
    *,
    now: int,
    opening: int,
    dynamic: float,
    random: Random,
) -> list[Visit]:
    """As many requests as are expected, each made after one that is known."""
    places = np.array([visit.location for visit in known])
    found: list[Visit] = []
    for visit in known:
        expected = unknown_per_known(visit.windows[0].start, now, opening, dynamic)
        number = int(expected) + (random.random() < expected % 1)
        nearest = places[np.argsort(problem.travel_time[visit.location, places])[:NEARBY]]
        found += (
            replace(visit, id=f"foreseen: {visit.id}, {copy}", location=int(random.choice(nearest)))
            for copy in range(number)
        )
    return found


def pressure(problem: Problem, known: Sequence[Visit], opening: int, few: int) -> float:
    """The share of requests, if they come in like that and are like the known ones, that fewer than
    so many technicians could still reach from home."""
    late = 0.0
    for visit in known:
        opens, closes = visit.windows[0].start, visit.windows[0].end
        if opens > opening:
            too_late = opens - (closes - _notice(problem, visit, few))
            late += min(1.0, max(0.0, too_late / (opens - opening)))
    return late / max(1, len(known))


def _notice(problem: Problem, visit: Visit, few: int) -> float:
    """How long before its window closes a request has to come in so that so many technicians can
    reach it from home: directly, or by a depot if they lack a part or a tool."""
    travel, place, ways = problem.travel_time, visit.location, []
    for shift in problem.shifts:
        if not visit.skills.keys() <= shift.skills.keys():
            continue
        home = shift.start_location
        if visit.tools <= shift.tools and all(
            shift.stock.get(part, 0) >= number for part, number in visit.parts.items()
        ):
            ways.append(int(travel[home, place]))
        else:
            ways += (
                int(travel[home, d.location] + travel[d.location, place]) for d in problem.depots
            )
    return sorted(ways)[few - 1] if len(ways) >= few else inf
