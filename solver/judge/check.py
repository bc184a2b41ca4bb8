"""The independent verifier: is this solution valid, and does it cost what it claims?

It shares no code with any engine and plays the day through stop by stop, one function for each
hard ``Rule``, all of them listed in ``check``; those of links are in ``judge/links.py``. It takes
any solution, however odd (ids that nobody knows, stops out of order, negative times), and reports
what is odd instead of failing.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from solver.judge.cost import cost
from solver.judge.lending import lending
from solver.judge.links import after, apart, together
from solver.judge.replay import Replay, at, picked_up
from solver.problem import Break, Problem, Shift, TimeWindow
from solver.solution import (
    EARLIER,
    LATER,
    START,
    TECHNICIAN,
    Rule,
    Solution,
    Stop,
    StopKind,
    Violation,
)
from solver.travel import NO_WAY


class _Case(Replay):
    """What every rule looks at."""

    def __init__(self, problem: Problem, solution: Solution, tolerance: int) -> None:
        super().__init__(problem, solution.routes)
        self.solution = solution
        self.tolerance = tolerance

    def beyond(
        self,
        rule: Rule,
        where: str,
        amount: int,
        message: str,
        shift: str = "",
        stop: str = "",
        subjects: tuple[str, ...] = (),
    ) -> Iterator[Violation]:
        """A violation if the amount exceeds the tolerance."""
        if amount > self.tolerance:
            yield Violation(rule, where, amount, message, shift, stop, subjects)


def check(problem: Problem, solution: Solution, *, tolerance: int = 0) -> tuple[Violation, ...]:
    """Every violation of a hard rule, and every false claim about cost; empty if it is valid.

    ``tolerance`` is what a time or a cost may be off before it counts, for solutions that were
    rounded when they were written. It applies to travel, time windows, shifts, breaks, links
    and cost; what can be counted is never tolerated.

    A route of a shift that does not exist is reported as such and not looked into. A stop at an
    unknown place is reported once; of the rest of its route only the ways from and to it are not
    measured.
    """
    case = _Case(problem, solution, tolerance)
    return (
        *_every_visit_once(case),
        *_travel(case),
        *_skills(case),
        *_time_windows(case),
        *_shift(case),
        *_limits(case),
        *_breaks(case),
        *_parts(case),
        *_tools(case),
        *_depot_stock(case),
        *lending(case),
        *_pins(case),
        *_technicians(case),
        *_territory(case),
        *together(case, tolerance),
        *after(case, tolerance),
        *apart(case),
        *_cost(case),
    )


# --- one function per rule ---------------------------------------------------------------------


def _every_visit_once(case: _Case) -> Iterator[Violation]:
    """Each visit is on exactly one route or unassigned, and each shift has one route at most.

    Unknown visits and shifts count here too, and a visit that is unassigned without a reason.
    """
    rule = Rule.EVERY_VISIT_ONCE
    routes, unassigned = case.solution.routes, case.solution.unassigned
    found = Counter(
        stop.id for route in routes for stop in route.stops if stop.kind == StopKind.VISIT
    )
    found.update(out.id for out in unassigned)
    for visit in case.problem.visits:
        times = found[visit.id]
        if times == 0:
            where = f"visit {visit.id!r}"
            yield Violation(rule, where, 1, "it is neither on a route nor unassigned")
        elif times > 1:
            yield Violation(rule, f"visit {visit.id!r}", times - 1, f"it occurs {times} times")
    for id_, times in found.items():
        if id_ not in case.visits:
            yield Violation(rule, f"visit {id_!r}", times, "the problem has no such visit")
    for out in unassigned:
        if not out.reasons:
            yield Violation(rule, f"visit {out.id!r}", 1, "it is unassigned without a reason")
    for id_, times in Counter(route.shift for route in routes).items():
        if id_ not in case.shifts:
            yield Violation(rule, f"shift {id_!r}", times, "the problem has no such shift")
        elif times > 1:
            yield Violation(rule, f"shift {id_!r}", times - 1, f"it has {times} routes")


def _travel(case: _Case) -> Iterator[Violation]:
    """Stops follow each other in time: travel, waiting, service and breaks all fit in between.

    At a place (a visit or a depot call): arrival <= start, and departure = start + duration.
    From each place to the next, from ``Route.start`` at the shift's start to ``Route.end`` at
    its end, there is a leg, and time for the travel, the access to a visit (but from the same
    location), and the breaks listed in between. Coming later than that is fine: a technician may
    wait anywhere.
    """
    for shift, route in case.routes:
        places = case.places(shift, route)
        for place in places[1:-1]:
            yield from case.beyond(
                Rule.TRAVEL,
                place.where,
                place.arrival - place.start,
                f"it starts at {place.start}, before the arrival at {place.arrival}",
            )
            service = place.departure - place.start
            if place.duration is None:
                wrong, wanted = max(0, -service), "0 or more"
            else:
                wrong, wanted = abs(service - place.duration), str(place.duration)
            yield from case.beyond(
                Rule.TRAVEL, place.where, wrong, f"it lasts {service} s instead of {wanted}"
            )
        for here, there in pairwise(places):
            needed = sum(_break_duration(shift, stop) for stop in there.breaks)
            if here.location is not None and there.location is not None:
                leg = int(case.problem.travel_time[here.location, there.location])
                if leg == NO_WAY:
                    message = f"there is no way to it from {here.where}"
                    yield Violation(Rule.TRAVEL, there.where, 1, message)
                    continue
                needed += leg
            is_open = here is places[0] and here.location is None
            if is_open or here.location not in (None, there.location):
                needed += there.access
            there_is = there.arrival - here.departure
            yield from case.beyond(
                Rule.TRAVEL,
                there.where,
                needed - there_is,
                f"travel, access and breaks on the way need {needed} s, there are {there_is}",
            )


def _skills(case: _Case) -> Iterator[Violation]:
    """The technician holds every required skill at the required level or above.

    A skill that is not held is held at level 0.
    """
    for shift, route in case.routes:
        for visit, stop in case.served(route):
            for skill, level in visit.skills.items():
                held = shift.skills.get(skill, 0)
                if held < level:
                    message = f"skill {skill!r} is needed at level {level}, held at {held}"
                    yield _of(shift, stop, Rule.SKILLS, level - held, message, skill)


def _time_windows(case: _Case) -> Iterator[Violation]:
    """Service starts inside one of the visit's windows; a depot call inside the depot's.

    A place without windows is open at any time.
    """
    for shift, route in case.routes:
        for stop in route.stops:
            place = case.place(stop)
            if place is not None and place.windows:
                seconds, side = min(
                    (_outside(bounds, stop.start), EARLIER if stop.start < bounds.start else LATER)
                    for bounds in place.windows
                )
                yield from case.beyond(
                    Rule.TIME_WINDOWS,
                    at(shift, stop),
                    seconds,
                    f"it starts at {stop.start}, outside every time window",
                    shift.id,
                    stop.id,
                    (side,),
                )


def _shift(case: _Case) -> Iterator[Violation]:
    """The route is its shift's technician's and lies inside the shift plus overtime.

    That it starts and ends at the shift's locations is part of ``_travel``.
    """
    for shift, route in case.routes:
        where, latest = f"shift {shift.id!r}", shift.end + shift.max_overtime
        if route.technician != shift.technician:
            message = f"it belongs to {shift.technician!r}, not to {route.technician!r}"
            yield Violation(Rule.SHIFT, where, 1, message, shift.id)
        for seconds, message in (
            (shift.start - route.start, f"the route starts at {route.start}, before the shift"),
            (route.end - latest, f"the route ends at {route.end}, after {latest}"),
            (route.start - route.end, f"the route ends at {route.end}, before it starts"),
        ):
            yield from case.beyond(Rule.SHIFT, where, seconds, message, shift.id)


def _limits(case: _Case) -> Iterator[Violation]:
    """A route lasts no longer, breaks included, and has no more visits, travel and distance than
    its shift allows.

    A leg that there is not counts as none, here as in the cost.
    """
    for shift, route in case.routes:
        ways = case.ways(shift, route)
        travel = sum(int(case.problem.travel_time[way]) for way in ways)
        metres = sum(int(case.problem.distance[way]) for way in ways)
        visits = sum(stop.kind == StopKind.VISIT for stop in route.stops)
        for limit, most, there_are, what in (
            ("max_duration", shift.max_duration, route.end - route.start, "s from start to end"),
            ("max_travel", shift.max_travel, travel, "s of travel"),
            ("max_distance", shift.max_distance, metres, "m"),
        ):
            if most is not None:
                message = f"the route has {there_are} {what}, {most} at most are allowed"
                where, over = f"shift {shift.id!r}", there_are - most
                yield from case.beyond(
                    Rule.LIMITS, where, over, message, shift.id, subjects=(limit,)
                )
        if shift.max_visits is not None and visits > shift.max_visits:
            where, over = f"shift {shift.id!r}", visits - shift.max_visits
            message = f"visits on the route: {visits}, at most {shift.max_visits} are allowed"
            yield Violation(Rule.LIMITS, where, over, message, shift.id, subjects=("max_visits",))


def _breaks(case: _Case) -> Iterator[Violation]:
    """Each break starts inside its window, lasts its time and interrupts no visit.

    It lies between the departure from the place before (or ``Route.start``) and the arrival at
    the place after (or ``Route.end``), breaks in between one after the other; its arrival is
    its start. Every break of the shift is taken, and once, except that one is not needed if it
    could be over when the route starts, or could start when the route has ended. A break that
    the shift does not have counts here too.
    """
    for shift, route in case.routes:
        own = {pause.id: pause for pause in shift.breaks}
        for here, there in pairwise(case.places(shift, route)):
            free = here.departure
            for stop in there.breaks:
                yield from _break_faults(case, shift, own.get(stop.id), stop, free, there.arrival)
                free = max(free, stop.departure)
        taken = Counter(stop.id for stop in route.stops if stop.kind == StopKind.BREAK)
        for pause in shift.breaks:
            where = f"shift {shift.id!r}, break {pause.id!r}"
            if taken[pause.id] > 1:
                message = f"it is taken {taken[pause.id]} times"
                times = taken[pause.id] - 1
                yield Violation(Rule.BREAKS, where, times, message, shift.id, pause.id)
            elif taken[pause.id] == 0:
                into_route = pause.window.start + pause.duration - route.start
                before_end = route.end - pause.window.end
                message = f"the route from {route.start} to {route.end} misses it"
                seconds = min(into_route, before_end)
                yield from case.beyond(Rule.BREAKS, where, seconds, message, shift.id, pause.id)


def _break_faults(
    case: _Case, shift: Shift, pause: Break | None, stop: Stop, free: int, arrival: int
) -> Iterator[Violation]:
    """``free`` is when the technician could start the break, ``arrival`` when it must be over."""
    where = at(shift, stop)
    if pause is None:
        yield _of(shift, stop, Rule.BREAKS, 1, "the shift has no such break")
        return
    rest = stop.departure - stop.start
    for seconds, message in (
        (_outside(pause.window, stop.start), f"it starts at {stop.start}, outside its window"),
        (abs(rest - pause.duration), f"it lasts {rest} s instead of {pause.duration}"),
        (abs(stop.start - stop.arrival), f"it starts at {stop.start}, arrives at {stop.arrival}"),
        (free - stop.start, f"it starts at {stop.start}, when the technician is busy until {free}"),
        (stop.departure - arrival, f"it ends at {stop.departure}, after the arrival at {arrival}"),
    ):
        yield from case.beyond(Rule.BREAKS, where, seconds, message, shift.id, stop.id)


def _parts(case: _Case) -> Iterator[Violation]:
    """Parts used never exceed what the van started with plus what was picked up so far.

    A technician's shifts are played in time order: what is left stays in the van, and each
    shift's stock is loaded before it, whether it has a route or not. Reported once per route
    and part, where it first runs out; the van then counts as empty of it.
    """
    routes = [route for _, route in case.routes]
    for van, shift, numbers in case.vans(routes):
        short: dict[str, tuple[int, Stop]] = {}
        for stop in (stop for number in numbers for stop in routes[number].stops):
            for part, lacking in case.carry_on(van, stop).items():
                short.setdefault(part, (lacking, stop))
        for part, (lacking, stop) in short.items():
            message = f"part {part!r} runs out, {lacking} short"
            yield _of(shift, stop, Rule.PARTS, lacking, message, part)


def _tools(case: _Case) -> Iterator[Violation]:
    """A needed tool is in the van at the start or was borrowed earlier on the route."""
    for shift, route in case.routes:
        held = set(shift.tools)
        for stop in route.stops:
            visit = case.visits.get(stop.id)
            if stop.kind == StopKind.DEPOT:
                held |= stop.tools
            elif stop.kind == StopKind.VISIT and visit and not visit.tools <= held:
                missing = sorted(visit.tools - held)
                message = f"tools {missing} are not in the van"
                yield _of(shift, stop, Rule.TOOLS, len(missing), message, *missing)


def _depot_stock(case: _Case) -> Iterator[Violation]:
    """Over all routes, no more is picked up at a depot than it has, and no tool it lacks.

    Unknown depots count here too, and negative numbers of parts (which pick up nothing).
    """
    rule = Rule.DEPOT_STOCK
    taken: dict[str, Counter[str]] = {}
    for shift, route in case.routes:
        for stop in (stop for stop in route.stops if stop.kind == StopKind.DEPOT):
            depot = case.depots.get(stop.id)
            if depot is None:
                yield _of(shift, stop, rule, 1, "the problem has no such depot")
                continue
            if missing := sorted(stop.tools - depot.tools):
                message = f"the depot does not lend {missing}"
                yield _of(shift, stop, rule, len(missing), message, *missing)
            for part, number in stop.parts.items():
                if number < 0:
                    message = f"{number} of part {part!r} cannot be picked up"
                    yield _of(shift, stop, rule, -number, message, part)
            taken.setdefault(depot.id, Counter()).update(picked_up(stop))
    for id_, parts in taken.items():
        stock = case.depots[id_].stock
        for part, number in parts.items():
            over = 0 if stock is None else number - stock.get(part, 0)
            if over > 0:
                message = f"{number} × part {part!r} picked up, {over} more than the depot has"
                where = f"depot {id_!r}"
                yield Violation(rule, where, over, message, stop=id_, subjects=(part,))


def _pins(case: _Case) -> Iterator[Violation]:
    """A pinned visit is with its technician, and at its time if the pin has one.

    A pinned visit that is unassigned breaks no pin: it has reasons.
    """
    for shift, route in case.routes:
        for visit, stop in case.served(route):
            pin = visit.pin
            if pin and pin.technician != shift.technician:
                message = f"it is pinned to technician {pin.technician!r}"
                yield _of(shift, stop, Rule.PINS, 1, message, TECHNICIAN)
            if pin and pin.start is not None and pin.start != stop.start:
                message = f"it is pinned to {pin.start} and starts at {stop.start}"
                seconds = abs(stop.start - pin.start)
                yield _of(shift, stop, Rule.PINS, seconds, message, START)


def _technicians(case: _Case) -> Iterator[Violation]:
    """The technician is among the allowed ones and not among the forbidden ones."""
    for shift, route in case.routes:
        for visit, stop in case.served(route):
            name = shift.technician
            if visit.allowed is not None and name not in visit.allowed:
                yield _of(shift, stop, Rule.TECHNICIANS, 1, f"technician {name!r} is not allowed")
            if name in visit.forbidden:
                yield _of(shift, stop, Rule.TECHNICIANS, 1, f"technician {name!r} is forbidden")


def _territory(case: _Case) -> Iterator[Violation]:
    """The shift serves the visit's territory; one without territories serves all."""
    for shift, route in case.routes:
        for visit, stop in case.served(route):
            there = visit.territory
            if there is not None and shift.territories and there not in shift.territories:
                message = f"the shift does not serve territory {there!r}"
                yield _of(shift, stop, Rule.TERRITORY, 1, message, there)


def _cost(case: _Case) -> Iterator[Violation]:
    """The cost that a solution claims is the cost that it has, component by component.

    A component that is not claimed is claimed to be 0, as is one that no soft rule has.
    """
    claimed, unassigned = case.solution.cost, case.solution.unassigned
    actual = cost(case.problem, case.solution.routes, [out.id for out in unassigned])
    for component in dict.fromkeys([*actual, *claimed]):
        claim, truth = claimed.get(component, 0), actual.get(component, 0)
        yield from case.beyond(
            Rule.COST,
            f"cost {str(component)!r}",
            abs(claim - truth),
            f"{claim} is claimed, it is {truth}",
        )


def _of(
    shift: Shift, stop: Stop, rule: Rule, amount: int, message: str, *subjects: str
) -> Violation:
    return Violation(rule, at(shift, stop), amount, message, shift.id, stop.id, subjects)


def _break_duration(shift: Shift, stop: Stop) -> int:
    return next((pause.duration for pause in shift.breaks if pause.id == stop.id), 0)


def _outside(bounds: TimeWindow, moment: int) -> int:
    """Seconds from the moment to the window; 0 inside it."""
    return max(0, bounds.start - moment, moment - bounds.end)
