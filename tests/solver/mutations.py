"""Ways to break a valid solution: a table with a line for each, and what the table is made of.

Where a rule is about numbers it is broken by 1, by changing the solution or what the problem asks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeVar

from solver.judge.cost import cost
from solver.links import After, Apart, Link, Person, Separation, Together
from solver.problem import (
    Break,
    Depot,
    InvalidProblem,
    Pin,
    Problem,
    Shift,
    TimeWindow,
    Visit,
)
from solver.solution import SOFT, Route, Rule, Solution, Stop, StopKind, Unassigned
from solver.travel import Matrix
from tests.solver.problems import STRANGER, pause

Case = tuple[Problem, Solution]
T = TypeVar("T", Visit, Shift, Depot, Route)

NOWHERE = "nowhere"
"""An id that nothing has."""
SOME, NONE = frozenset({STRANGER}), frozenset[str]()


@dataclass(frozen=True)
class Spot:
    """A stop of a solution, and what its problem and solution look like with one thing changed."""

    problem: Problem
    solution: Solution
    route: Route
    shift: Shift
    stop: Stop

    @property
    def visit(self) -> Visit:
        return next(v for v in self.problem.visits if v.id == self.stop.id)

    @property
    def depot(self) -> Depot:
        return next(d for d in self.problem.depots if d.id == self.stop.id)

    @property
    def pause(self) -> Break:
        return next(b for b in self.shift.breaks if b.id == self.stop.id)

    @property
    def before(self) -> Stop | None:
        """The stop before it, if it is a place."""
        stops, index = self.route.stops, self.route.stops.index(self.stop)
        return stops[index - 1] if index and stops[index - 1].kind is not BREAK else None

    @property
    def after(self) -> Stop | None:
        """The stop after it, if it is a place."""
        after = self.route.stops[self.route.stops.index(self.stop) + 1 :]
        return after[0] if after and after[0].kind is not BREAK else None

    @property
    def lasts(self) -> int:
        return self.stop.departure - self.stop.start

    @property
    def break_is_needed(self) -> bool:
        bounds, route = self.pause.window, self.route
        return bounds.start + self.pause.duration > route.start and bounds.end < route.end

    def windows(self, *around: tuple[int, int]) -> tuple[TimeWindow, ...]:
        """Windows given relative to the start of the stop."""
        at = self.stop.start
        return tuple(TimeWindow(at + start, at + end) for start, end in around)

    def visit_with(self, **changes: Any) -> Case:
        return _with(self.problem, "visits", self.visit, **changes), self.solution

    def shift_with(self, **changes: Any) -> Case:
        return _with(self.problem, "shifts", self.shift, **changes), self.solution

    def depot_with(self, **changes: Any) -> Case:
        return _with(self.problem, "depots", self.depot, **changes), self.solution

    def break_with(self, **changes: Any) -> Case:
        changed = replace(self.pause, **changes)
        return self.shift_with(
            breaks=tuple(changed if b is self.pause else b for b in self.shift.breaks)
        )

    def roads_with(self, travel_time: Matrix) -> Case:
        return replace(self.problem, travel_time=travel_time), self.solution

    def route_with(self, **changes: Any) -> Case:
        return self.problem, _with(self.solution, "routes", self.route, **changes)

    def instead(self, old: Stop, *new: Stop) -> Case:
        index = self.route.stops.index(old)
        return self.route_with(
            stops=(*self.route.stops[:index], *new, *self.route.stops[index + 1 :])
        )

    def stop_with(self, **changes: Any) -> Case:
        return self.instead(self.stop, replace(self.stop, **changes))

    def moved(self, start: int) -> Case:
        """The stop starts at another time and waits for nothing."""
        return self.stop_with(arrival=start, start=start, departure=start + self.lasts)

    def earliest(self, stop: Stop) -> int:
        """When the technician can be there if there are no breaks."""
        places: dict[str, Visit | Depot] = {v.id: v for v in self.problem.visits}
        places |= {d.id: d for d in self.problem.depots}
        left, here = self.route.start, self.shift.start_location
        for before in self.route.stops[: self.route.stops.index(stop)]:
            if before.kind is not BREAK:
                left, here = before.departure, places[before.id].location
        there = places[stop.id].location
        access = places[stop.id].access if stop.kind is VISIT and here != there else 0
        return left + access + (0 if here is None else int(self.problem.travel_time[here, there]))


C = TypeVar("C", Problem, Solution)


def _with(container: C, name: str, old: T, **changes: Any) -> C:
    ones = (replace(one, **changes) if one is old else one for one in getattr(container, name))
    changed: Mapping[str, Any] = {name: tuple(ones)}
    return replace(container, **changed)


@dataclass(frozen=True)
class Expected:
    """By how much the rule is broken, if that is known; whether that is seconds or cents, which
    a tolerance forgives; whether ``busy_days`` breaks no other rule by it."""

    amount: int | None = None
    tolerable: bool = False
    pure: bool = True


@dataclass(frozen=True)
class Mutation:
    """``apply`` breaks ``rule``, or returns None where there is nothing to break in this way."""

    rule: Rule
    name: str
    expected: Expected
    apply: Callable[[Problem, Solution], Case | None]

    def __call__(self, problem: Problem, solution: Solution) -> Case | None:
        """Broken; the cost is claimed correctly unless that is what is broken."""
        case = self.apply(problem, solution)
        if case is None or self.rule is Rule.COST:
            return case
        problem, solution = case
        left = [out.id for out in solution.unassigned]
        return problem, replace(solution, cost=cost(problem, solution.routes, left))


Change = Callable[[Spot], Case | None]


def _at(
    kind: StopKind, rule: Rule, expected: Expected, changes: Mapping[str, Change]
) -> Iterator[Mutation]:
    """Break the first stop of a kind that can be broken in this way."""
    for name, change in changes.items():

        def apply(problem: Problem, solution: Solution, change: Change = change) -> Case | None:
            cases = (change(spot) for spot in _spots(problem, solution, kind))
            return next((case for case in cases if case is not None), None)

        yield Mutation(rule, name, expected, apply)


def _spots(problem: Problem, solution: Solution, kind: StopKind) -> Iterator[Spot]:
    shifts = {s.id: s for s in problem.shifts}
    for route in solution.routes:
        for stop in route.stops:
            if stop.kind is kind:
                yield Spot(problem, solution, route, shifts[route.shift], stop)


Listing = Callable[[Unassigned, tuple[Unassigned, ...]], tuple[Unassigned, ...]]


def _left_out(changes: Mapping[str, Listing]) -> Iterator[Mutation]:
    """Break the list of unassigned visits."""
    for name, change in changes.items():

        def apply(problem: Problem, solution: Solution, change: Listing = change) -> Case | None:
            if not solution.unassigned:
                return None
            first, *rest = solution.unassigned
            return problem, replace(solution, unassigned=change(first, tuple(rest)))

        yield Mutation(Rule.EVERY_VISIT_ONCE, f"unassigned: {name}", ONE, apply)


def _claim(
    name: str, expected: Expected, component: Rule, change: Callable[[int], int]
) -> Mutation:
    def apply(problem: Problem, solution: Solution) -> Case | None:
        share = solution.cost.get(component, 0)
        claimed = {**solution.cost, component: change(share)}
        return None if change(share) == share else (problem, replace(solution, cost=claimed))

    return Mutation(Rule.COST, name, expected, apply)


def _second_route(at: Spot) -> Case:
    again = replace(at.route, end=at.route.start, stops=())
    return at.problem, replace(at.solution, routes=(*at.solution.routes, again))


def _late_start(at: Spot) -> Case | None:
    if at.route.stops[0] is not at.stop or at.earliest(at.stop) != at.stop.arrival:
        return None
    return at.route_with(start=at.route.start + 1)


def _no_way_back(at: Spot) -> Case | None:
    if at.route.stops[-1] is not at.stop:
        return None
    end = at.shift.end_location
    if end is None or not at.problem.travel_time[at.visit.location, end]:
        return None
    return at.route_with(end=at.stop.departure)


def _break_in_no_time(at: Spot) -> Case | None:
    """The next place is reached as if the break were taken while driving."""
    if at.after is None:
        return None
    arrival = max(at.earliest(at.after), at.stop.departure)
    if arrival >= at.earliest(at.after) + at.lasts:
        return None
    return at.instead(at.after, replace(at.after, arrival=arrival))


def _another_break(at: Spot) -> Case | None:
    start, end = at.route.start, at.route.end
    another = pause("tea", start, end - 1, 1)
    return at.shift_with(breaks=(*at.shift.breaks, another)) if start < end else None


def _shift_starts_late(at: Spot) -> Case | None:
    late = at.route.start + 1
    return at.shift_with(start=late) if late <= at.shift.end else None


def _shift_ends_early(at: Spot) -> Case | None:
    early = at.route.end - at.shift.max_overtime - 1
    return at.shift_with(end=early) if early >= at.shift.start else None


def _too_few_picked_up(at: Spot) -> Case | None:
    fewer = {part: number - 1 for part, number in at.stop.parts.items()}
    return at.stop_with(parts=fewer) if any(at.stop.parts.values()) else None


def _depot_at_last(at: Spot) -> Case | None:
    others = tuple(stop for stop in at.route.stops if stop is not at.stop)
    return at.route_with(stops=(*others, at.stop)) if any(at.stop.parts.values()) else None


def _van_without_tools(at: Spot) -> Case | None:
    borrows = any(stop.tools for stop in at.route.stops)
    return at.shift_with(tools=NONE, borrowed={}) if at.visit.tools and not borrows else None


def _a_part_fewer_on_the_shelf(at: Spot) -> Case | None:
    calls = [s.stop for s in _spots(at.problem, at.solution, DEPOT) if s.stop.id == at.stop.id]
    taken = {part: sum(call.parts.get(part, 0) for call in calls) for part in at.stop.parts}
    part = next((part for part, number in taken.items() if number > 0), None)
    plenty = {other: 1000 for call in calls for other in call.parts}
    return None if part is None else at.depot_with(stock={**plenty, part: taken[part] - 1})


def _a_tool_that_is_not_lent(at: Spot) -> Case | None:
    return at.depot_with(tools=NONE, tool_counts={}) if at.stop.tools else None


def _a_tool_fewer_on_the_shelf(at: Spot) -> Case | None:
    tool = min(at.stop.tools, default=None)
    if tool is None:
        return None
    # When each is borrowed and brought back; the first call of a route counts.
    loans = {}
    for route in reversed(at.solution.routes):
        for stop in reversed(route.stops):
            if stop.kind is DEPOT and stop.id == at.stop.id and tool in stop.tools:
                loans[route.shift] = stop.start, route.end
    most = max(
        sum(begin <= moment < end for begin, end in loans.values()) for moment, _ in loans.values()
    )
    return at.depot_with(tool_counts={tool: most - 1}) if most else None


def _with_link(at: Spot, link: Link) -> Case | None:
    """None if the problem would contradict itself."""
    try:
        return replace(at.problem, links=(*at.problem.links, link)), at.solution
    except InvalidProblem:
        return None


def _with_left_out(at: Spot, link: Callable[[str, str], Link]) -> Case | None:
    """A link between the visit and one that is left out."""
    left_out = [out.id for out in at.solution.unassigned]
    return _with_link(at, link(at.stop.id, left_out[0])) if left_out else None


def _with_next(at: Spot, link: Callable[[str, str, int], Link]) -> Case | None:
    """A link between the visit and the next one of the route, so many seconds after its end."""
    after = [s for s in at.route.stops[at.route.stops.index(at.stop) + 1 :] if s.kind is VISIT]
    if not after:
        return None
    return _with_link(at, link(at.stop.id, after[0].id, after[0].start - at.stop.departure))


def _with_other(at: Spot, link: Callable[[str, str], Link]) -> Case | None:
    """A link between the visit and one that another technician makes."""
    others = [
        spot.stop.id
        for spot in _spots(at.problem, at.solution, VISIT)
        if spot.shift.technician != at.shift.technician
    ]
    return _with_link(at, link(at.stop.id, others[0])) if others else None


def _late_in_its_crew(at: Spot) -> Case | None:
    """As if the visit were one of a crew with another that starts at the same moment."""
    for other in _spots(at.problem, at.solution, VISIT):
        if other.stop.start == at.stop.start and other.shift.technician != at.shift.technician:
            crew = _with_link(at, Together((at.stop.id, other.stop.id)))
            return None if crew is None else (crew[0], at.moved(at.stop.start + 1)[1])
    return None


def _with_limit(at: Spot, limit: str) -> Case | None:
    """One less is allowed than there is."""
    where = {v.id: v.location for v in at.problem.visits}
    where |= {d.id: d.location for d in at.problem.depots}
    stops = [stop for stop in at.route.stops if stop.kind is not BREAK]
    places = [at.shift.start_location, *(where[s.id] for s in stops), at.shift.end_location]
    ways = [(a, b) for a, b in pairwise(places) if a is not None and b is not None]
    there_is = {
        "max_duration": at.route.end - at.route.start,
        "max_travel": sum(int(at.problem.travel_time[way]) for way in ways),
        "max_distance": sum(int(at.problem.distance[way]) for way in ways),
        "max_visits": sum(stop.kind is VISIT for stop in stops),
    }
    most = there_is[limit] - 1
    return at.shift_with(**{limit: most}) if most >= 0 else None


VISIT, DEPOT, BREAK = StopKind.VISIT, StopKind.DEPOT, StopKind.BREAK
ANY = Expected()
ONE = Expected(amount=1)
SECOND = Expected(amount=1, tolerable=True)
MIXED = Expected(pure=False)
MIXED_ONE = Expected(amount=1, pure=False)

MUTATIONS = (
    *_left_out(
        {
            "it vanishes": lambda first, rest: rest,
            "it is listed twice": lambda first, rest: (first, first, *rest),
            "it has no reason": lambda first, rest: (replace(first, reasons=()), *rest),
            "it does not exist": lambda first, rest: (first, replace(first, id=NOWHERE), *rest),
        }
    ),
    *_at(
        VISIT,
        Rule.EVERY_VISIT_ONCE,
        ONE,
        {
            "a routed visit does not exist": lambda at: at.stop_with(id=NOWHERE),
            "a shift does not exist": lambda at: at.route_with(shift=NOWHERE),
            "a shift has two routes": _second_route,
        },
    ),
    *_at(
        VISIT,
        Rule.EVERY_VISIT_ONCE,
        MIXED_ONE,
        {
            "a routed visit vanishes": lambda at: at.instead(at.stop),
            "a visit is made twice": lambda at: at.instead(at.stop, at.stop, at.stop),
        },
    ),
    *_at(
        VISIT,
        Rule.TRAVEL,
        SECOND,
        {
            "the way is too fast": lambda at: at.stop_with(arrival=at.earliest(at.stop) - 1),
            "service starts before arrival": lambda at: at.stop_with(arrival=at.stop.start + 1),
            "service is cut short": lambda at: at.stop_with(departure=at.stop.departure - 1),
            "the route starts too late": _late_start,
        },
    ),
    *_at(
        VISIT,
        Rule.TRAVEL,
        ANY,
        {
            "the roads are longer": lambda at: (
                None
                if at.shift.start_location is None
                else at.roads_with(at.problem.travel_time + 9999)
            ),
            "there is no way back": _no_way_back,
        },
    ),
    *_at(
        VISIT,
        Rule.TRAVEL,
        MIXED,
        {
            "service is drawn out": lambda at: at.stop_with(departure=at.stop.departure + 9),
            "a visit ends before the route starts": lambda at: at.moved(at.route.start - 1000),
        },
    ),
    *_at(
        DEPOT,
        Rule.TRAVEL,
        SECOND,
        {"a call is cut short": lambda at: at.stop_with(departure=at.stop.departure - 1)},
    ),
    *_at(BREAK, Rule.TRAVEL, ANY, {"a break takes no time": _break_in_no_time}),
    *_at(
        VISIT,
        Rule.SKILLS,
        ONE,
        {
            "the level is too low": lambda at: at.visit_with(
                skills={"gas": at.shift.skills.get("gas", 0) + 1}
            ),
            "the skill is not held": lambda at: at.visit_with(skills={"magic": 1}),
        },
    ),
    *_at(
        VISIT,
        Rule.TECHNICIANS,
        ONE,
        {
            "others are allowed": lambda at: at.visit_with(allowed=SOME, forbidden=NONE),
            "the technician is forbidden": lambda at: at.visit_with(
                allowed=None, forbidden={at.shift.technician}
            ),
        },
    ),
    *_at(
        VISIT,
        Rule.TERRITORY,
        ONE,
        {
            "the shift serves others": lambda at: (
                at.visit_with(territory="moon") if at.shift.territories else None
            )
        },
    ),
    *_at(
        VISIT,
        Rule.PINS,
        ONE,
        {
            "to somebody else": lambda at: at.visit_with(pin=Pin(STRANGER)),
            "a second earlier": lambda at: at.visit_with(
                pin=Pin(at.shift.technician, at.stop.start - 1)
            ),
        },
    ),
    *_at(
        VISIT,
        Rule.TIME_WINDOWS,
        SECOND,
        {
            "it closes too early": lambda at: at.visit_with(windows=at.windows((-9, -1))),
            "it opens too late": lambda at: at.visit_with(windows=at.windows((1, 9))),
            "between two": lambda at: at.visit_with(windows=at.windows((2, 9), (-9, -1))),
        },
    ),
    *_at(
        DEPOT,
        Rule.TIME_WINDOWS,
        SECOND,
        {"the depot opens too late": lambda at: at.depot_with(windows=at.windows((1, 1)))},
    ),
    *_at(
        VISIT,
        Rule.SHIFT,
        SECOND,
        {"it starts too late": _shift_starts_late, "it ends too early": _shift_ends_early},
    ),
    *_at(
        VISIT,
        Rule.SHIFT,
        ONE,
        {"the route is somebody else's": lambda at: at.route_with(technician=STRANGER)},
    ),
    *_at(
        VISIT,
        Rule.SHIFT,
        MIXED,
        {"the route ends before it starts": lambda at: at.route_with(end=at.route.start - 9)},
    ),
    *_at(
        VISIT,
        Rule.LIMITS,
        SECOND,
        {
            "it is a second longer than allowed": lambda at: _with_limit(at, "max_duration"),
            "there is a second of travel too much": lambda at: _with_limit(at, "max_travel"),
            "it goes a metre too far": lambda at: _with_limit(at, "max_distance"),
        },
    ),
    *_at(
        VISIT,
        Rule.LIMITS,
        ONE,
        {"there is a visit too many": lambda at: _with_limit(at, "max_visits")},
    ),
    *_at(
        BREAK,
        Rule.BREAKS,
        SECOND,
        {
            "one is cut short": lambda at: at.stop_with(departure=at.stop.departure - 1),
            "one waits to start": lambda at: at.stop_with(arrival=at.stop.start - 1),
            "one starts before arrival": lambda at: at.stop_with(arrival=at.stop.start + 1),
            "one starts before its window": lambda at: at.break_with(window=at.windows((1, 1))[0]),
            "one starts after its window": lambda at: at.break_with(window=at.windows((-1, -1))[0]),
            "one interrupts a service": lambda at: (
                at.moved(at.before.departure - 1) if at.before else None
            ),
            "one lasts beyond an arrival": lambda at: (
                at.moved(at.after.arrival + 1 - at.lasts) if at.after else None
            ),
        },
    ),
    *_at(
        BREAK,
        Rule.BREAKS,
        ANY,
        {
            "one is skipped": lambda at: at.instead(at.stop) if at.break_is_needed else None,
            "one does not exist": lambda at: at.stop_with(id=NOWHERE),
        },
    ),
    *_at(
        BREAK,
        Rule.BREAKS,
        MIXED_ONE,
        {"one is taken twice": lambda at: at.instead(at.stop, at.stop, at.stop)},
    ),
    *_at(VISIT, Rule.BREAKS, SECOND, {"there is another one": _another_break}),
    *_at(
        VISIT,
        Rule.PARTS,
        ONE,
        {
            "one is used that nobody has": lambda at: at.visit_with(
                parts={**at.visit.parts, "unicorn": 1}
            )
        },
    ),
    *_at(DEPOT, Rule.PARTS, ONE, {"one too few is picked up": _too_few_picked_up}),
    *_at(DEPOT, Rule.PARTS, MIXED, {"they are picked up too late": _depot_at_last}),
    *_at(
        VISIT,
        Rule.TOOLS,
        ONE,
        {"nobody has one": lambda at: at.visit_with(tools=at.visit.tools | {"ladder"})},
    ),
    *_at(VISIT, Rule.TOOLS, ANY, {"the van has none": _van_without_tools}),
    *_at(
        DEPOT,
        Rule.TOOLS,
        ONE,
        {
            "one is not borrowed": lambda at: (
                at.stop_with(tools=NONE) if at.stop.tools and at.stop.parts else None
            )
        },
    ),
    *_at(
        DEPOT,
        Rule.DEPOT_STOCK,
        ONE,
        {
            "the depot does not exist": lambda at: at.stop_with(id=NOWHERE),
            "the tool is not lent": _a_tool_that_is_not_lent,
            "there is a part fewer": _a_part_fewer_on_the_shelf,
            "there is a tool fewer": _a_tool_fewer_on_the_shelf,
            "less than nothing is picked up": lambda at: at.stop_with(
                parts={**at.stop.parts, "bolt": -1}
            ),
        },
    ),
    *_at(
        VISIT,
        Rule.TOGETHER,
        ONE,
        {
            "half of the crew is left out": lambda at: _with_left_out(
                at, lambda here, out: Together((here, out))
            ),
            "the crew is one person": lambda at: _with_next(
                at, lambda here, there, _: Together((here, there))
            ),
        },
    ),
    *_at(
        VISIT,
        Rule.TOGETHER,
        Expected(amount=1, tolerable=True, pure=False),
        {"one of the crew starts a second late": _late_in_its_crew},
    ),
    *_at(
        VISIT,
        Rule.AFTER,
        SECOND,
        {
            "it comes too early": lambda at: _with_next(
                at, lambda here, there, gap: After(here, there, gap + 1)
            ),
            "it comes too late": lambda at: _with_next(
                at, lambda here, there, gap: After(here, there, gap - 1, gap - 1)
            ),
        },
    ),
    *_at(
        VISIT,
        Rule.AFTER,
        ONE,
        {
            "the first is left out": lambda at: _with_left_out(
                at, lambda here, out: After(out, here)
            ),
            "another person is wanted": lambda at: _with_next(
                at, lambda here, there, gap: After(here, there, gap, person=Person.DIFFERENT)
            ),
            "the same person is wanted": lambda at: _with_other(
                at, lambda here, there: After(here, there, -9999, person=Person.SAME)
            ),
        },
    ),
    *_at(
        VISIT,
        Rule.APART,
        ONE,
        {
            "it shares the technician": lambda at: _with_next(
                at, lambda here, there, _: Apart((here, there))
            ),
            "it shares the day": lambda at: _with_other(
                at, lambda here, there: Apart((here, there), Separation.DAY)
            ),
        },
    ),
    *(_claim(f"a cent less for {soft}", SECOND, soft, lambda share: share - 1) for soft in SOFT),
    *(_claim(f"nothing for {soft}", ANY, soft, lambda share: 0) for soft in SOFT),
    _claim("a cent off for a hard rule", SECOND, Rule.SKILLS, lambda share: share - 1),
)
