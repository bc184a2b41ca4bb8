"""The plan in force as the solver sees it: where one more job could go, and what has to give.

Everybody else keeps their visits and the order of them; what a way costs more includes the times
that it moves. Nothing that has begun, or is about to, is touched.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property

from dispatch.models import PLANNABLE
from dispatch.planning.bound import bound, keeps_links, verify
from dispatch.planning.candidates import (
    CandidateRoute,
    depots_of,
    least_important_first,
    loads,
    visits_of,
)
from dispatch.planning.plan_rows import Changed, in_force, shift_key, to_plan
from dispatch.planning.translation import Translation
from solver.draft.draft import Draft
from solver.draft.insertion import cheapest_place
from solver.draft.supply import parts_of
from solver.judge.check import check
from solver.links import linked
from solver.problem import Problem, Shift, Visit
from solver.rules.cost import RouteCost, cost
from solver.solution import Route, Solution, StopKind, Unassigned
from solver.timing.moments import at_moment
from solver.timing.schedule import Call
from solver.timing.timing import cheapest


class LiveDay:
    """The routes in force of a translation's scope, and changes to them that are not stored yet."""

    def __init__(self, translation: Translation) -> None:
        self.translation = translation
        tied = bound(translation)
        self.waiting = tied.waiting
        """Why visits cannot be placed by themselves, as long as their partners have no place."""
        self._torn = tied.torn
        self.draft = Draft(tied.problem)
        current = in_force(translation)
        self._routes = {} if current is None else {route.shift: route for route in current.routes}
        # Who lacks something there has to make way, and nobody in their stead.
        gone = translation.shares.lost | translation.over.keys()
        self.draft.adopt(_without(route, gone) for route in self._routes.values())
        self._before = dict(self.draft.sequences)
        self._cents_now: dict[str, tuple[tuple[Call, ...], int]] = {}
        self._lost = dict(self._visits_that_cannot_stay())
        self._untenable = set(self._lost.values())
        self._removed: set[str] = set()

    def copy(self) -> "LiveDay":
        """One to try other changes on."""
        other = copy(self)
        other.draft = self.draft.copy()
        other._cents_now = dict(self._cents_now)
        other._untenable = set(self._untenable)
        other._removed = set(self._removed)
        return other

    @property
    def problem(self) -> Problem:
        """That of the translation: rows that change later are not in it. Those who place one job
        go by ``draft.problem``, in which each visit is bound by where its partners are."""
        return self.translation.problem

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """The problem's shifts over places, as the draft's calls and legs are."""
        return self.draft.problem.shifts

    @cached_property
    def _price(self) -> RouteCost:
        return RouteCost(self.problem)

    def doomed(self) -> frozenset[str]:
        """Visits in force that their technicians are there for, and can do, and that nobody can
        attend in time any more."""
        return frozenset(
            job_id
            for job_id in self._lost.keys()
            - self.translation.snapshot.unable
            - self.translation.shares.lost
            - self.translation.over.keys()
            if not (job_id in self.translation.visits and self.ways(job_id))
        )

    @property
    def lost(self) -> frozenset[str]:
        """Visits in force that their routes cannot keep as things are."""
        return frozenset(self._lost)

    def _visits_that_cannot_stay(self) -> Iterable[tuple[str, tuple[str, datetime]]]:
        """Where things have gone wrong already: visits in force that their route, as a sequence,
        cannot keep, and the shift that it is for. To put one more job there would take them off."""
        begun = self.translation.begun
        kept = {name for calls in self._before.values() for name in visits_of(calls)}
        for found in self.translation.snapshot.live:
            for job_id in found.job_ids - kept - begun:
                if self.translation.snapshot.live_jobs[job_id].status in PLANNABLE:
                    yield job_id, shift_key(found.route)

    @cached_property
    def kept(self) -> Solution:
        """What can be kept of the routes in force: just as they are if all of it can."""
        problem = self.problem
        current = in_force(self.translation)
        if current is not None and not self._lost:
            left_out = [out.id for out in current.unassigned]
            current = replace(current, cost=cost(problem, current.routes, left_out))
            if not check(problem, current):
                return current
        draft = Draft(self.draft.problem)
        draft.take(self._before)
        left_out = [visit.id for visit in draft.unassigned()]
        unassigned = tuple(Unassigned(name, ()) for name in left_out)
        routes = draft.routes()
        return Solution(routes, unassigned, cost(problem, routes, left_out))

    def is_placed(self, job_id: str) -> bool:
        """Whether the job is on a route as things are now."""
        return any(job_id in visits_of(calls) for calls in self.draft.sequences.values())

    def day_of(self, job_id: str) -> date | None:
        """The local day of the route in force that the job is on."""
        for found in self.translation.snapshot.live:
            if job_id in found.job_ids:
                return found.route.day
        return None

    def is_tenable(self, shift: Shift) -> bool:
        """Whether the shift's route in force can be kept as it is."""
        return self.key(shift.id) not in self._untenable

    def planned(self, shift: Shift) -> tuple[Call, ...]:
        """What the shift's route in force has still to come, in order, be it possible or not."""
        if self.is_tenable(shift) or shift.id not in self._routes:
            return self._before[shift.id]
        return self._calls(self._routes[shift.id])

    def put(self, routes: Iterable[Route]) -> None:
        """Let the shifts of these routes have what is on them, if that is possible."""
        wanted = {route.shift: self._calls(route) for route in routes}
        self.draft.take({**self.draft.sequences, **wanted})

    def _calls(self, route: Route) -> tuple[Call, ...]:
        places: dict[str, Call] = {visit.id: visit for visit in self.draft.visits}
        places |= {depot.id: depot for depot in self.draft.problem.depots}
        stops = [stop for stop in route.stops if stop.kind is not StopKind.BREAK]
        return tuple(places[stop.id] for stop in stops if stop.id in places)

    def remove(self, job_ids: Collection[str]) -> None:
        """Take the jobs off their routes. What only they kept from its place comes back to it."""
        self.draft.remove(job_ids)
        self._removed |= {*job_ids}
        for shift in self.shifts:
            if not self.is_tenable(shift):
                self._bring_back(shift, {*job_ids})

    def _bring_back(self, shift: Shift, gone: Collection[str]) -> None:
        planned = self.planned(shift)
        names = [name for name in visits_of(planned) if name not in gone]
        others = (calls for own, calls in self.draft.sequences.items() if own != shift.id)
        if {call.id for calls in others for call in calls} & {*names}:
            # Somebody else has some of it by now.
            return
        removed = [self.draft.visit(name) for name in visits_of(planned) if name in gone]
        lost = {name for name, key in self._lost.items() if key == self.key(shift.id)}
        if not removed or not lost <= {*names, *gone} or any(self.is_placed(name) for name in lost):
            return
        calls = [call for call in planned if call.id in names or not isinstance(call, Visit)]
        found = self._taking(shift, calls)
        if found is None:
            return
        self._untenable.discard(self.key(shift.id))
        self.draft = found
        for call in [call for call in calls if not isinstance(call, Visit)]:
            # It may have been for what is gone.
            fewer = list(self.draft.sequences[shift.id])
            fewer.remove(call)
            self.draft = self._taking(shift, fewer) or self.draft

    def _taking(self, shift: Shift, calls: Sequence[Call]) -> Draft | None:
        """The draft with these calls on the shift; None if that is not possible."""
        trial = self.draft.copy()
        trial.take({**self.draft.sequences, shift.id: calls})
        return trial if trial.sequences[shift.id] == tuple(calls) else None

    def ways(
        self,
        job_id: str,
        most: int = 10,
        technicians: Collection[str] | None = None,
        day: date | None = None,
    ) -> list[CandidateRoute]:
        """The best place on each shift that has one (of these technicians, on this day; None: all),
        the cheapest first; ``most`` of them.

        What a place costs is known to within what breaks do to waiting. The most promising ones,
        twice as many as are wanted, are worked out to the cent.
        """
        if job_id in self.waiting:
            return []
        self._hold_partners(job_id)
        visit = self.draft.visit(job_id)
        options = [
            option
            for shift in self.draft.shifts_with_time(visit)
            if technicians is None or shift.technician in technicians
            if day is None or self.translation.shifts[shift.id].day == day
            if self.is_tenable(shift)
            for option in [cheapest_place(self.draft, visit, shift)]
            if option is not None
        ]
        options.sort(key=lambda option: (option.cost, option.shift.id))
        ways = [self._way(option.shift, option.sequence) for option in options[: 2 * most]]
        found = [way for way in ways if way is not None and self._keeps_links(way)]
        return sorted(found, key=lambda way: (way.extra, way.shift.id))[:most]

    def ways_with_room_made(
        self, job_id: str, technicians: Collection[str] | None
    ) -> list[CandidateRoute]:
        """As ``ways``, on routes (of these technicians, None: all) that give up one visit of lower
        priority for it: the least important first, then the cheapest.

        Pinned visits, and those that the customer was told of, stay.
        """
        if job_id in self.waiting:
            return []
        self._hold_partners(job_id)
        visit = self.draft.visit(job_id)
        found = []
        for shift in self.draft.eligible[visit.id]:
            if technicians is not None and shift.technician not in technicians:
                continue
            if not self.is_tenable(shift):
                continue
            sequence = self.draft.sequences[shift.id]
            for other in [call for call in sequence if isinstance(call, Visit)]:
                told = other.previous is not None and other.previous.told
                if other.priority >= visit.priority or other.pin is not None or told:
                    continue
                kept = tuple(call for call in sequence if call is not other)
                option = cheapest_place(self.draft, visit, shift, kept)
                way = option and self._way(shift, option.sequence)
                if way and self._keeps_links(way):
                    found.append(replace(way, makes_room=other))
        return sorted(found, key=least_important_first)

    def _hold_partners(self, job_id: str) -> None:
        """What the job is linked to, and has its place in force, stays at its time."""
        bonds = (link for link in self.problem.links if job_id in linked(link))
        names = {name for link in bonds for name in linked(link) if name != job_id}
        planned = {visit.id: visit.previous for visit in self.problem.visits if visit.id in names}
        self.hold({n: it.start for n, it in planned.items() if it and self.is_placed(n)})

    def hold(self, moments: Mapping[str, int]) -> None:
        """Keep visits at these moments from here on, if their routes as they are can have them
        there; they are the same in force."""
        visits = {name: self.draft.visit(name) for name in moments}
        held = {
            name: replace(visit, windows=(at_moment(visit, moments[name]),))
            for name, visit in visits.items()
        }
        draft = self.draft.copy()
        draft.visits = tuple(held.get(visit.id, visit) for visit in draft.visits)
        if not held or not draft.take(self.draft.sequences):
            return
        self.draft = draft
        self._before = {
            shift: tuple(held.get(call.id, call) for call in calls)
            for shift, calls in self._before.items()
        }

    def _keeps_links(self, way: CandidateRoute) -> bool:
        """Whether partners that it has on the same route have not moved too far for it."""
        return not self.problem.links or keeps_links(self.problem, way.route, self._torn)

    def _way(self, shift: Shift, sequence: tuple[Call, ...]) -> CandidateRoute | None:
        route = cheapest(self.problem, shift, sequence, self.draft.legs)
        if route is None or not self.leaves_enough(shift, sequence):
            return None
        extra = self._cents(route) - self.cents_of(shift)
        had, has = (
            Counter(depots_of(calls)) for calls in (self.draft.sequences[shift.id], sequence)
        )
        return CandidateRoute(shift, sequence, route, extra, tuple((has - had).elements()))

    def leaves_enough(self, shift: Shift, sequence: tuple[Call, ...]) -> bool:
        """Whether the shift, with this sequence, takes nothing from depots that routes which cannot
        be kept are to fetch there: the draft has only a part of them, or none."""
        claims = self._claims()
        if not claims:
            return True
        wanted = parts_of([self.draft.loads(shift, sequence, lenient=True) or []])
        before = self.draft.sequences[shift.id]
        has = parts_of([self.draft.loads(shift, before, lenient=True) or []])
        others = self.draft.taken_by_others(shift.technician)
        stock = {depot.id: depot.stock for depot in self.problem.depots}
        return not any(
            wanted[one] > has[one]
            and there is not None
            and wanted[one] + others[one] + number > there.get(one[1], 0)
            for one, number in claims.items()
            for there in [stock[one[0]]]
        )

    def _claims(self) -> Counter[tuple[str, str]]:
        """What routes that stay as they are in force, though they cannot be kept, are to fetch
        beyond what the draft has for them, by depot and part."""
        shifts = {self.key(shift.id): shift for shift in self.shifts}
        going = self._removed | self.translation.snapshot.unable
        claims: Counter[tuple[str, str]] = Counter()
        for live in self.translation.snapshot.live:
            shift = shifts.get(shift_key(live.route))
            if shift is not None and self.is_tenable(shift):
                continue
            if not live.job_ids <= going:
                load = self.translation.shares.to_fetch(live)
                if shift is not None and load:
                    own = self.draft.sequences[shift.id]
                    load -= parts_of([self.draft.loads(shift, own, lenient=True) or []])
                claims += load
        return claims

    def key(self, name: str) -> tuple[str, datetime]:
        """As ``shift_key``, of the shift that the solver knows by this name."""
        shift = self.translation.shifts[name]
        return shift.technician_id, shift.starts_at

    def cents_of(self, shift: Shift) -> int:
        """What the shift's route costs as it is, in cents."""
        sequence = self.draft.sequences[shift.id]
        if not sequence:
            return 0
        known = self._cents_now.get(shift.id)
        if known is None or known[0] is not sequence:
            route = cheapest(self.problem, shift, sequence, self.draft.legs)
            known = sequence, 0 if route is None else self._cents(route)
            self._cents_now[shift.id] = known
        return known[1]

    def _cents(self, route: Route) -> int:
        return sum(cents for _, cents in self._price.of(route))

    def take(self, way: CandidateRoute) -> None:
        """Let the way's shift be as it says."""
        self.draft.take({**self.draft.sequences, way.shift.id: way.sequence})

    def is_as_in_force(self, way: CandidateRoute) -> bool:
        """Whether the way's route is in force already."""
        return self._before[way.shift.id] == way.sequence

    def changed(self, afresh: Collection[str] = ()) -> Changed:
        """The routes that differ from those in force, and those of the shifts whose times are to be
        worked out ``afresh``, as rows, checked.

        Raises ``AssertionError`` if a rule is broken: what is in force was kept, and what was put
        into it was tried.
        """
        names = {
            shift
            for shift, calls in self.draft.sequences.items()
            if calls != self._before[shift] or shift in afresh
        }
        routes = self.draft.routes()
        keys = {self.key(name) for name in names} | set(self._left_for_others())
        keys |= self._fetching_otherwise(routes, keys)
        names |= {name for name in self.draft.sequences if self.key(name) in keys}
        served = {stop.id for route in routes for stop in route.stops}
        left_out = [visit.id for visit in self.problem.visits if visit.id not in served]
        costs = cost(self.problem, [route for route in routes if route.shift in names], ())
        solution = Solution(routes, (), costs)
        verify(self.problem, routes, self._torn)
        unassigned = tuple(Unassigned(name, ()) for name in left_out)
        rows = to_plan(self.translation, replace(solution, unassigned=unassigned), None)
        return Changed(
            routes=[found for found in rows.routes if shift_key(found.route) in keys],
            replaced=[
                found for found in self.translation.snapshot.live if shift_key(found.route) in keys
            ],
            cost={rule.value: cents for rule, cents in costs.items() if cents},
        )

    def _left_for_others(self) -> Iterable[tuple[str, datetime]]:
        """Shifts whose route in force has a visit that is with another shift now; it may not have
        been able to keep it in the first place, or the shift may be cancelled."""
        now_on = {
            name: self.key(shift)
            for shift, calls in self.draft.sequences.items()
            for name in visits_of(calls)
        }
        for found in self.translation.snapshot.live:
            key = shift_key(found.route)
            if any(now_on.get(stop.job_id or "", key) != key for stop in found.stops):
                yield key

    def _fetching_otherwise(
        self, routes: Iterable[Route], keys: Collection[tuple[str, datetime]]
    ) -> set[tuple[str, datetime]]:
        """Shifts that have to have other pickups than they have in force, for those that change to
        have theirs: the draft shares out the depots among all of them anew, and a call in force
        may fetch more than its route needs."""
        planned = {self.key(route.shift): loads(route.stops) for route in routes}
        stock = {depot.id: depot.stock for depot in self.problem.depots}
        stay = {
            shift_key(live.route): self.translation.shares.to_fetch(live)
            for live in self.translation.snapshot.live
        }
        found: set[tuple[str, datetime]] = set()
        while True:
            new = {*keys, *found}
            load: Counter[tuple[str, str]] = Counter()
            for key in new | stay.keys():
                load.update(planned.get(key, Counter()) if key in new else stay[key])
            over = {
                (depot, part)
                for (depot, part), number in load.items()
                for there in [stock[depot]]
                if there is not None and number > there.get(part, 0)
            }
            people = {technician for technician, _ in new}
            more = {
                key
                for key in stay.keys() - new
                if key not in self._untenable
                and (
                    any(stay[key][one] > planned.get(key, Counter())[one] for one in over)
                    # What one shift leaves in the van, the next finds there.
                    or (key[0] in people and stay[key] != planned.get(key, Counter()))
                )
            }
            if not more:
                return found
            found |= more


def _without(route: Route, names: frozenset[str]) -> Route:
    if names.isdisjoint(stop.id for stop in route.stops):
        return route
    stops = (stop for stop in route.stops if stop.kind != StopKind.VISIT or stop.id not in names)
    return replace(route, stops=tuple(stops))
