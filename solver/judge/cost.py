"""What a plan costs, counted from its stops and from nothing that an engine says."""

from collections.abc import Iterable

from solver.judge.replay import Replay, service
from solver.problem import Problem, Visit
from solver.solution import SOFT, Route, Rule


def cost(
    problem: Problem, routes: Iterable[Route], unassigned_ids: Iterable[str]
) -> dict[Rule, int]:
    """What routes and unassigned visits cost in cents, by soft rule, each rule's share present.

    - unassigned: the visit's price (``Problem.prices``).
    - lateness: per second that service ends after the visit's due time, times the factor of its
      priority.
    - worst lateness: per second that the latest of all visits ends after its due time.
    - promptness: by priority, per second that service starts after it could have: from when the
      first shift starts, or the first of the visit's windows opens that is not over by then.
    - working time: per second from a route's start to its end.
    - travel time, distance: over the ways between consecutive places, from the shift's start
      over visits and depot calls to its end; waiting and breaks are no travel, and a leg that
      there is not (which ``check`` reports) counts as none. These three at the shift's own rates,
      where it has some.
    - overtime: per second that a route ends after its shift.
    - shift use: for each route, with stops or without.
    - window price: for each visit the price of the window that it starts in, the least of several.
    - not preferred: for each visit that prefers technicians and is with another one.
    - over-skilled: per level above the required one, over the required skills.
    - changed technician: for each visit that was published with another technician; moved
      time: per second that it starts off its published start, beyond the tolerance; both
      multiplied by ``told_factor`` if the customer was told.
    - imbalance: per second of service in a route beyond its shift's fair share.

    The technician is the shift's. Unknown shifts, visits and places cost nothing.
    """
    weights, prices, fair = problem.objective, problem.prices, problem.fair_shares
    opening = min((shift.start for shift in problem.shifts), default=0)
    replay = Replay(problem, routes)
    total = dict.fromkeys(SOFT, 0)
    total[Rule.UNASSIGNED] = sum(prices.get(id_, 0) for id_ in set(unassigned_ids))
    for shift, route in replay.routes:
        worked = 0
        for visit, stop in replay.served(route):
            worked += service(shift, visit)
            if visit.due is not None:
                late = max(0, stop.departure - visit.due)
                factors = weights.lateness_factors
                factor = factors[visit.priority] if factors else 1
                total[Rule.LATENESS] += weights.lateness * factor * late
                worst = max(total[Rule.WORST_LATENESS], weights.worst_lateness * late)
                total[Rule.WORST_LATENESS] = worst
            if weights.promptness:
                waited = max(0, stop.start - _could_be_served(visit, opening))
                total[Rule.PROMPTNESS] += weights.promptness[visit.priority] * waited
            prices_then = [w.price for w in visit.windows if w.start <= stop.start <= w.end]
            total[Rule.WINDOW_PRICE] += min(prices_then, default=0)
            if visit.preferred and shift.technician not in visit.preferred:
                total[Rule.NOT_PREFERRED] += weights.not_preferred
            for skill, level in visit.skills.items():
                above = max(0, shift.skills.get(skill, 0) - level)
                total[Rule.OVER_SKILLED] += weights.over_skilled * above
            if visit.previous is not None:
                factor = weights.told_factor if visit.previous.told else 1
                moved = abs(stop.start - visit.previous.start) - weights.moved_time_tolerance
                total[Rule.MOVED_TIME] += factor * weights.moved_time * max(0, moved)
                if shift.technician != visit.previous.technician:
                    total[Rule.CHANGED_TECHNICIAN] += factor * weights.changed_technician
        own = shift.rates
        working_time, travel_time, distance = (
            common if rate is None else rate
            for rate, common in (
                (own.working_time, weights.working_time),
                (own.travel_time, weights.travel_time),
                (own.distance, weights.distance),
            )
        )
        total[Rule.WORKING_TIME] += working_time * (route.end - route.start)
        total[Rule.OVERTIME] += weights.overtime * max(0, route.end - shift.end)
        total[Rule.SHIFT_USE] += weights.shift_use
        total[Rule.IMBALANCE] += weights.imbalance * max(0, worked - fair[shift.id])
        for way in replay.ways(shift, route):
            total[Rule.TRAVEL_TIME] += travel_time * int(problem.travel_time[way])
            total[Rule.DISTANCE] += distance * int(problem.distance[way])
    return total


def _could_be_served(visit: Visit, opening: int) -> int:
    """From when on; ``opening`` is when the first of all shifts starts."""
    ahead = [window.start for window in visit.windows if window.end >= opening]
    return max(opening, min(ahead)) if ahead else opening
