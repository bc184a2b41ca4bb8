"""Whether what a service publishes keeps the rules, worked out anew from the company's files.

Nothing here is shared with the solver or its check. A version is looked at as it was when it was
published, together with all routes that were in force beside it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from benchmarks.day.world import ZONE, Job, Place, Technician, World, seconds_between

NEAR = timedelta(seconds=2)
"""Seconds are rounded; the figures of two programs differ by that."""
MOVED = timedelta(minutes=15)
OVERDUE = timedelta(hours=2)
"""So long after there is time for it again a break that could not be taken may begin."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a published route."""

    kind: str
    job_id: str | None
    depot_id: str | None
    arrival: datetime
    start: datetime
    departure: datetime
    parts: Mapping[str, int]

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> "Stop":
        moments = [
            datetime.fromisoformat(shown[f"{name}_at"])
            for name in ("arrival", "start", "departure")
        ]
        arrival, start, departure = moments
        return cls(
            kind=shown["kind"],
            job_id=shown["job_id"],
            depot_id=shown["depot_id"],
            arrival=arrival,
            start=start,
            departure=departure,
            parts=shown["parts"],
        )

    @property
    def times(self) -> tuple[datetime, datetime, datetime]:
        return self.arrival, self.start, self.departure


@dataclass(frozen=True, slots=True)
class Route:
    technician: str
    start: datetime
    end: datetime
    stops: Sequence[Stop]

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> "Route":
        stops = [Stop.of(stop) for stop in shown["stops"]]
        start, end = (datetime.fromisoformat(shown[name]) for name in ("start_at", "end_at"))
        return cls(shown["technician_id"], start, end, stops)

    def visits(self) -> dict[str, Stop]:
        return {stop.job_id: stop for stop in self.stops if stop.job_id is not None}


@dataclass(frozen=True, slots=True)
class Step:
    """From one version to the next."""

    version: int
    by_run: bool
    at: datetime
    moved: int
    """Visits that were in force before and are with somebody else, or beyond the tolerance."""
    changed_technician: int
    told: int
    """Those of them whose customers had been told the time."""
    removed: int
    added: int


@dataclass(slots=True)
class DayCheck:
    """Follows the versions of one day; ``problems`` are all that was wrong with any."""

    world: World
    jobs: dict[str, Job]
    """All jobs, kept up to date by whoever calls."""
    problems: list[str] = field(default_factory=list)
    routes: dict[str, Route] = field(default_factory=dict)
    """In force, by technician."""
    steps: list[Step] = field(default_factory=list)
    absences: dict[str, datetime] = field(default_factory=dict)
    """From when on a technician is away for the rest of the day."""
    in_vain: set[str] = field(default_factory=set)
    """Visits that used no parts."""
    known: dict[str, dict[str, datetime]] = field(default_factory=dict)
    """What the service was told of each visit, and of which moment."""
    early: dict[str, timedelta] = field(default_factory=dict)
    """How far a technician is ahead of the plan (below zero); what is about to begin is kept with
    its planned times, and what follows may count on the difference."""
    gone: set[str] = field(default_factory=set)
    """Jobs that were cancelled."""
    _begun: dict[str, tuple[str, Stop]] = field(default_factory=dict)
    _with_absent: tuple[datetime, list[str]] | None = None
    """Visits that the last version has with somebody absent; another one of the same moment may
    have them elsewhere."""
    _order: dict[str, list[str]] = field(default_factory=dict)

    def all_problems(self) -> list[str]:
        """When no other version is to come."""
        return [*self.problems, *(self._with_absent[1] if self._with_absent else ())]

    def begins(self, technician: str, job_id: str) -> None:
        """The technician says so: from here on the visit is history."""
        route = self.routes.get(technician)
        stop = route.visits().get(job_id) if route else None
        if stop is None:
            self.problems.append(f"{technician} begins {job_id}, which is not on the route")
        else:
            self._begun[job_id] = technician, stop
            self._order.setdefault(technician, []).append(job_id)

    def is_at(self, technician: str, job_id: str, arrived: datetime) -> None:
        """The technician has arrived, which may be sooner than planned."""
        _, stop = self._begun[job_id]
        self.early[technician] = min(timedelta(), arrived - stop.start)

    def is_done(self, technician: str, job_id: str, at: datetime) -> None:
        _, stop = self._begun[job_id]
        self.early[technician] = min(timedelta(), at - stop.departure)

    def is_told(self, job_id: str, kind: str, at: datetime) -> None:
        """The service has the technician's report."""
        what = kind if kind in ("en_route", "on_site") else "over"
        self.known.setdefault(job_id, {})[what] = at

    def goes(self, job_id: str) -> list[str]:
        """The job is off; whose routes it leaves."""
        self.gone.add(job_id)
        had = [name for name, route in self.routes.items() if job_id in route.visits()]
        self.routes = self._without_gone(self.routes)
        return had

    def _without_gone(self, routes: Mapping[str, Route]) -> dict[str, Route]:
        left = {
            name: replace(route, stops=[s for s in route.stops if s.job_id not in self.gone])
            for name, route in routes.items()
        }
        return {name: route for name, route in left.items() if route.visits()}

    def _with(self, job_ids: Iterable[str], before: Mapping[str, Route]) -> Iterator[str]:
        """Whose routes had the jobs: such a route is replaced, if only by none at all."""
        placed = _placed(before)
        return (placed[job_id][0] for job_id in job_ids if job_id in placed)

    def published(self, plan: Mapping[str, Any]) -> list[str]:
        """Look at a new version, and say which technicians' routes it changes."""
        name = f"version {plan['version']}"
        at = datetime.fromisoformat(plan["published_at"])
        before = dict(self.routes)
        mine = [one for one in plan["routes"] if one["day"] == str(self.world.day)]
        new = {one["technician_id"]: Route.of(one) for one in mine}
        if len(new) < len(mine):
            self.problems.append(f"{name}: a technician has two routes")
        whole_day = plan["run_id"] is not None and plan["starts_on"] == str(self.world.day)
        taken = {holder for route in new.values() for holder in self._with(route.visits(), before)}
        others = (
            {} if whole_day else {who: route for who, route in before.items() if who not in taken}
        )
        self.routes = self._without_gone({**others, **new})
        was, now = _placed(before), _placed(self.routes)
        if self._with_absent and at > self._with_absent[0]:
            self.problems += self._with_absent[1]
        told = f"{name} ({at.astimezone(ZONE):%H:%M:%S})"
        # Who nobody else can attend is taken off first, and the others are placed right after it.
        self._with_absent = at, [f"{told}: {fault}" for fault in self._absent()]
        for fault in [
            *self._twice(),
            *self._depots(),
            *self._history(now),
            *(fault for one in new for fault in self._route(one, before.get(one), at)),
        ]:
            self.problems.append(f"{told}: {fault}")
        if before:
            self.steps.append(self._step(plan, at, was, now))
        names = set(before) | set(self.routes)
        return sorted(one for one in names if before.get(one) != self.routes.get(one))

    def _step(
        self,
        plan: Mapping[str, Any],
        at: datetime,
        was: Mapping[str, tuple[str, Stop]],
        now: Mapping[str, tuple[str, Stop]],
    ) -> Step:
        both = was.keys() & now.keys()
        changed = {job for job in both if was[job][0] != now[job][0]}
        moved = changed | {
            job for job in both if abs(was[job][1].start - now[job][1].start) > MOVED
        }
        removed = was.keys() - now.keys() - self.gone
        told = {job for job in moved | removed if self.jobs[job].told}
        return Step(
            plan["version"],
            plan["run_id"] is not None,
            at,
            len(moved),
            len(changed),
            len(told),
            len(removed),
            len(now.keys() - was.keys()),
        )

    # What holds for all routes in force together

    def _twice(self) -> Iterator[str]:
        visits = Counter(job for route in self.routes.values() for job in route.visits())
        for job_id, count in visits.items():
            if count > 1:
                yield f"{job_id} is on {count} routes"
            if job_id not in self.jobs:
                yield f"{job_id} is no job"

    def _depots(self) -> Iterator[str]:
        """What was fetched this morning is not there to be fetched again."""
        fetched: Counter[tuple[str, str]] = Counter()
        for route in self.routes.values():
            for stop in route.stops:
                if stop.depot_id is not None:
                    fetched.update({(stop.depot_id, part): n for part, n in stop.parts.items()})
        for (depot, part), number in fetched.items():
            if number > self.world.depot_stock.get((depot, part), 0):
                yield f"{depot} does not have {number} {part}"

    def _history(self, now: Mapping[str, tuple[str, Stop]]) -> Iterator[str]:
        for job_id, (technician, stop) in self._begun.items():
            there = now.get(job_id)
            if there is None or there[0] != technician:
                yield f"{job_id}, begun by {technician}, is with {there and there[0]}"
            elif there[1].times != stop.times:
                yield f"{job_id}, begun by {technician}, has other times"
        for technician, order in self._order.items():
            route = self.routes.get(technician)
            visits = [job for job in (route.visits() if route else ()) if job in self._begun]
            if visits != order and sorted(visits) == sorted(order):
                yield f"{technician}'s begun visits have another order: {order} is {visits} now"

    def _absent(self) -> Iterator[str]:
        for technician, away in self.absences.items():
            route = self.routes.get(technician)
            for job_id, stop in (route.visits() if route else {}).items():
                if job_id not in self._begun and stop.departure > away:
                    yield f"{job_id} is with {technician}, who is absent"

    # What holds for one route

    def _route(self, technician: str, before: Route | None, at: datetime) -> Iterator[str]:
        route = self.routes.get(technician)
        if route is None:
            return
        fresh = [stop for stop in route.stops if before is None or stop not in before.stops]
        fresh = [stop for stop in fresh if stop.job_id not in self._begun]
        for job_id, stop in route.visits().items():
            yield from self._visit(technician, job_id, stop, at, stop in fresh)
        yield from self._times(route, fresh)
        yield from self._break(route, at, fresh)
        yield from self._parts(route)
        who = self.world.technicians[technician]
        if fresh and route.end > who.ends_at + who.overtime + NEAR:
            yield f"{technician} comes home at {_clock(route.end)}, after all overtime"
        if fresh and route.start < who.starts_at - NEAR:
            yield f"{technician} begins before the shift"

    def _visit(
        self, technician: str, job_id: str, stop: Stop, at: datetime, is_fresh: bool
    ) -> Iterator[str]:
        who, job = self.world.technicians[technician], self.jobs[job_id]
        lacks = [skill for skill, level in job.skills.items() if who.skills.get(skill, 0) < level]
        if lacks:
            yield f"{technician} lacks {lacks} for {job_id}"
        if job.allowed and technician not in job.allowed:
            yield f"{technician} is not allowed for {job_id}"
        if job.windows and not any(a <= stop.start <= b for a, b in job.windows):
            yield f"{job_id} starts at {_clock(stop.start)}, outside its windows"
        if is_fresh and stop.start < at - NEAR:
            yield f"{job_id} is put into the past, to {_clock(stop.start)}"
        if is_fresh and stop.departure - stop.start < timedelta(minutes=job.minutes) - NEAR:
            yield f"{job_id} gets less time than it takes"

    def _times(self, route: Route, fresh: Sequence[Stop]) -> Iterator[str]:
        """There is time enough before stops that are new or moved; of what has begun technicians
        may be free earlier or later than it says."""
        place: Place | None = self.world.technicians[route.technician].home
        free: datetime | None = route.start
        last = route.start
        for stop in route.stops:
            there = self._place(stop)
            is_fresh = stop in fresh
            if is_fresh and free is not None:
                way = 0.0 if place is None or there is None else seconds_between(place, there)
                if stop.arrival < max(free + timedelta(seconds=way), last) - NEAR:
                    what = stop.job_id or stop.depot_id or "break"
                    yield f"{route.technician} cannot be at {what} at {_clock(stop.arrival)}"
            last = stop.departure
            if stop.kind == "break":
                # It may be taken anywhere on the way, after some of the driving.
                free = None if free is None else free + (stop.departure - stop.start)
            else:
                kept = stop.job_id is not None and stop.job_id not in self._begun
                free = stop.departure if is_fresh or kept else None
            place = there or place

    def _place(self, stop: Stop) -> Place | None:
        if stop.job_id is not None:
            return self.world.sites[self.jobs[stop.job_id].site_id]
        return None if stop.depot_id is None else self.world.depots[stop.depot_id]

    def _break(self, route: Route, at: datetime, fresh: Sequence[Stop]) -> Iterator[str]:
        who = self.world.technicians[route.technician]
        breaks = [stop for stop in route.stops if stop.kind == "break"]
        latest = self._latest_break(route, at, fresh)
        for stop in breaks:
            # One that stays was judged when it was planned, by what was known of its day then.
            if stop in fresh and not who.break_from <= stop.start <= latest:
                stays = [one for one in route.stops if one not in fresh]
                yield (
                    f"{route.technician}'s break is at {stop.start.astimezone(ZONE):%H:%M:%S}, and "
                    f"due from {_clock(who.break_from)} to {_clock(latest)}, after setting out at "
                    f"{_clock(route.start)}; {self._told(stays)}"
                )
            if stop.departure - stop.start < who.break_length:
                yield f"{route.technician}'s break is too short"
        is_there = route.technician not in self.absences and at < who.break_from - MOVED
        is_spared = self._is_spared(route, who, fresh, latest)
        if len(breaks) > 1 or (is_there and not breaks and not is_spared):
            yield f"{route.technician} has {len(breaks)} breaks"

    def _told(self, stops: Iterable[Stop]) -> str:
        """When each is planned, and what was reported of it."""
        return "; ".join(
            " ".join(
                [
                    stop.job_id or stop.depot_id or "break",
                    f"{_clock(stop.arrival)} {_clock(stop.start)}–{_clock(stop.departure)}",
                    *(
                        f"{kind} {_clock(moment)}"
                        for kind, moment in self.known.get(stop.job_id or "", {}).items()
                    ),
                ]
            )
            for stop in stops
        )

    def _latest_break(self, route: Route, at: datetime, fresh: Sequence[Stop]) -> datetime:
        """Until when the break has to begin. Where what has begun and what stays leave no time for
        it, by what was reported, it is due after them."""
        who = self.world.technicians[route.technician]
        place, free = who.home, who.starts_at
        for stop in route.stops:
            if stop in fresh or stop.kind == "break":
                break
            there = self._place(stop) or place
            way = timedelta(seconds=seconds_between(place, there))
            work = stop.departure - stop.start
            known = self.known.get(stop.job_id or "", {})
            arrival = max(free + way, stop.start)
            if "en_route" in known:
                # Some never say that they have arrived; they were there before it was over.
                arrival = known["en_route"] + way
                arrival = arrival if "over" in known else max(arrival, at)
            arrival = known.get("on_site", arrival)
            start = max(free, who.break_from)
            if start <= who.break_until and start + who.break_length + way <= arrival + NEAR:
                return who.break_until
            place, free = there, known.get("over", max(arrival + work, at))
        if at - max(free, who.break_from) < who.break_length:
            # There was no time for it since, and a plan made now begins no sooner.
            free = max(free, at)
        return free + OVERDUE if free > who.break_until - NEAR else who.break_until

    def _is_spared(
        self, route: Route, who: Technician, fresh: Sequence[Stop], latest: datetime
    ) -> bool:
        """Whether no stop has to say that there is a break. Who is at work has to be told of it,
        unless the day ends before it."""
        if self._order.get(who.id):
            return route.end <= latest
        return self._has_time_off(route, who, fresh)

    def _has_time_off(self, route: Route, who: Technician, fresh: Sequence[Stop]) -> bool:
        """Whether there is time for the break although no stop says so: out of work, or waiting."""
        place, free = who.home, who.starts_at
        for stop in route.stops:
            there = self._place(stop) or place
            way = timedelta(seconds=seconds_between(place, there))
            start = max(free, who.break_from)
            if start <= who.break_until and start + who.break_length + way <= stop.arrival + NEAR:
                return True
            ahead = timedelta() if stop in fresh else self.early.get(who.id, timedelta())
            place, free = there, stop.departure + ahead
        return route.end <= who.break_until

    def _parts(self, route: Route) -> Iterator[str]:
        """The van never lacks what a visit uses, with what depots add before it."""
        van = Counter(self.world.technicians[route.technician].stock)
        for stop in route.stops:
            if stop.kind == "depot":
                van.update(stop.parts)
            elif stop.job_id is not None and stop.job_id not in self.in_vain:
                needs = self.jobs[stop.job_id].parts
                van.subtract(needs)
                for part in needs:
                    if van[part] < 0:
                        yield f"{route.technician} has no {part} for {stop.job_id}"


def _placed(routes: Mapping[str, Route]) -> dict[str, tuple[str, Stop]]:
    return {
        job_id: (technician, stop)
        for technician, route in routes.items()
        for job_id, stop in route.visits().items()
    }


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%H:%M}"
