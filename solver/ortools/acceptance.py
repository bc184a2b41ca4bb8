"""Whether the OR-Tools routing model, the model of record, takes a finished plan as it stands.

Nothing is left to search for, so the question is made as small as it can be without becoming
another one. Technicians share nothing but the depots' stock and links, and what a plan picks up and
when its visits start is known: so each depot call is given its share beforehand, links are looked
at by themselves, and a few technicians at a time are judged in a model of their own. That takes
time in proportion to the plan; one model of a large plan would need a matrix over all its places.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

import numpy as np

from solver.judge.lending import lending
from solver.judge.links import after, apart, together
from solver.judge.replay import Replay
from solver.objective import Objective
from solver.ortools.routing import RoutingModel
from solver.problem import Depot, Problem, Shift, TimeWindow, Visit
from solver.rules.eligibility import stock_of
from solver.solution import Route, Stop, StopKind
from solver.timing.schedule import Call, Sequences
from solver.timing.timing import idle_route

PLACES_AT_A_TIME = 100
"""Stops and shifts in one model, or one technician's if those are more."""

Chain = Sequence[Shift]
"""A technician's shifts."""


def accepts(
    problem: Problem, routes: Iterable[Route], over: Callable[[], bool] = lambda: False
) -> bool:
    """Whether the routing model takes these routes, at exactly their times and pickups; once it is
    ``over``, of those that it has been asked about.

    It judges hard rules only and, of times, those that it has variables for: when routes, service
    and breaks start and when routes end. A depot call that says nothing of pickups makes those
    that ``Replay`` reads into it.
    """
    given = tuple(routes)
    replay = Replay(problem, given)
    if len(replay.routes) < len(given) or not _in_the_model(replay):
        return False
    if not _in_stock(replay) or [*lending(replay)] or not _keep_links(replay):
        return False
    by_shift = {shift.id: route for shift, route in replay.routes}
    portions = takewhile(lambda _: not over(), _portions(problem, by_shift))
    return all(_taken(replay, chains, by_shift) for chains in portions)


def _in_the_model(replay: Replay) -> bool:
    """Whether the model has something to stand for everything on the routes, and once."""
    visits: list[Hashable] = []
    breaks: list[Hashable] = []
    for shift, route in replay.routes:
        pauses = {pause.id for pause in shift.breaks}
        for stop in route.stops:
            if stop.kind is StopKind.BREAK:
                breaks.append((shift.id, stop.id))
            elif stop.kind is StopKind.VISIT:
                visits.append(stop.id)
            known = stop.id in pauses if stop.kind is StopKind.BREAK else replay.place(stop)
            if not known:
                return False
    shifts: list[Hashable] = [shift.id for shift, _ in replay.routes]
    once = all(len(set(things)) == len(things) for things in (shifts, visits, breaks))
    return once and all(
        route.technician == shift.technician and idle_route(shift) is not None
        for shift, route in replay.routes
    )


def _in_stock(replay: Replay) -> bool:
    """Whether the depots have what all routes together pick up, and lend what is borrowed."""
    taken: Counter[tuple[str, str]] = Counter()
    for _, route in replay.routes:
        for call in _places(route):
            if call.kind is StopKind.DEPOT:
                if (
                    not call.tools <= replay.depots[call.id].tools
                    or min(call.parts.values(), default=0) < 0
                ):
                    return False
                for part, number in call.parts.items():
                    taken[call.id, part] += number
    return all(
        number <= stock_of(replay.depots[id_], part) for (id_, part), number in taken.items()
    )


def _keep_links(replay: Replay) -> bool:
    """Whether crews, gaps and separations are kept; times are given, so no model is needed."""
    return not [*together(replay, 0), *after(replay, 0), *apart(replay)]


def _places(route: Route) -> list[Stop]:
    return [stop for stop in route.stops if stop.kind is not StopKind.BREAK]


def _portions(problem: Problem, routes: Mapping[str, Route]) -> Iterator[list[Chain]]:
    """The technicians who have a route, a few at a time, each with all their shifts: what one
    leaves in the van, and what is loaded before one without a route, is there for the next."""
    chains: dict[str, list[Shift]] = {}
    for shift in problem.shifts:
        chains.setdefault(shift.technician, []).append(shift)
    portion: list[Chain] = []
    places = 0
    for chain in chains.values():
        stops = [len(routes[shift.id].stops) for shift in chain if shift.id in routes]
        if not stops:
            continue
        if portion and places + sum(stops) + len(chain) > PLACES_AT_A_TIME:
            yield portion
            portion, places = [], 0
        portion.append(chain)
        places += sum(stops) + len(chain)
    if portion:
        yield portion


def _taken(replay: Replay, chains: Sequence[Chain], routes: Mapping[str, Route]) -> bool:
    """Whether the model of these technicians alone takes their routes."""
    shifts = [shift for chain in chains for shift in chain]
    theirs = {shift.id: routes[shift.id] for shift in shifts if shift.id in routes}
    calls: dict[str, list[Call]] = {id_: [] for id_ in theirs}
    number = 0
    for id_, route in theirs.items():
        for stop in _places(route):
            place = replay.place(stop)
            if isinstance(place, Visit):
                calls[id_].append(replace(place, windows=_around(stop.start, place.windows)))
            elif place is not None:
                calls[id_].append(_supplying_just(stop, place, f"call {number}"))
                number += 1
    for chain in chains:
        _leave_out_what_suffices(chain, calls)
    part, sequences = _cut_out(replay.problem, shifts, calls)
    return RoutingModel(part, sequences, spare_calls=0).accept_timed(sequences, theirs) is not None


def _leave_out_what_suffices(chain: Chain, calls: dict[str, list[Call]]) -> None:
    """Take parts off a technician's visits of which the van holds as many from the first as all of
    them need, and tools that are there on every shift: each would be a dimension of the model that
    nothing can go wrong in."""
    visits = [c for s in chain for c in calls.get(s.id, ()) if isinstance(c, Visit)]
    needed = Counter[str]()
    for visit in visits:
        needed.update(visit.parts)
    first = min(chain, key=lambda shift: shift.start)
    short = {part for part, number in needed.items() if number > first.stock.get(part, 0)}
    always = frozenset.intersection(*(shift.tools for shift in chain))
    for shift in chain:
        for index, call in enumerate(calls.get(shift.id, ())):
            if isinstance(call, Visit) and (call.parts or call.tools):
                parts = {part: n for part, n in call.parts.items() if part in short}
                calls[shift.id][index] = replace(call, parts=parts, tools=call.tools - always)


def _around(moment: int, windows: Sequence[TimeWindow]) -> tuple[TimeWindow, ...]:
    """The window that the moment lies in; all of them if there is none: the model shall say so.

    Holes between windows are what takes most time in the making of a model of several days.
    """
    inside = [window for window in windows if window.start <= moment <= window.end]
    return tuple(replace(window, price=0) for window in inside[:1] or windows)


def _supplying_just(call: Stop, depot: Depot, name: str) -> Depot:
    """A depot for this call alone, which has what the call picks up and no more."""
    windows = _around(call.start, depot.windows)
    return Depot(name, depot.location, depot.duration, windows, dict(call.parts), call.tools)


def _moved(end: int | None, moved: Mapping[int, int]) -> int | None:
    return None if end is None else moved[end]


def _cut_out(
    problem: Problem, shifts: Sequence[Shift], calls: Sequences
) -> tuple[Problem, dict[str, tuple[Call, ...]]]:
    """A problem of these shifts and calls alone, in which nothing costs anything."""
    ends = {end for shift in shifts for end in (shift.start_location, shift.end_location)}
    used = {call.location for sequence in calls.values() for call in sequence}
    locations = sorted(used | {end for end in ends if end is not None})
    moved = {location: index for index, location in enumerate(locations)}
    sequences = {
        id_: tuple(replace(call, location=moved[call.location]) for call in sequence)
        for id_, sequence in calls.items()
    }
    everywhere = [call for sequence in sequences.values() for call in sequence]
    cut = np.ix_(locations, locations)
    part = Problem(
        tuple(call for call in everywhere if isinstance(call, Visit)),
        tuple(
            replace(
                shift,
                start_location=_moved(shift.start_location, moved),
                end_location=_moved(shift.end_location, moved),
                # Each call lends just what it does; who has what at once was looked at before.
                borrowed={},
            )
            for shift in shifts
        ),
        problem.travel_time[cut],
        problem.distance[cut],
        tuple(call for call in everywhere if isinstance(call, Depot)),
        Objective(unassigned=problem.objective.unassigned, working_time=0),
    )
    return part, sequences
