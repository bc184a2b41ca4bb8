"""Where the parts that visits use come from: the van, or a depot call on the way.

What is known to have happened is booked: the figures of depots and vans tell of it
(``dispatch.parts.movements``), and it must not be counted again. The rest follows from the routes
in force, in one way for whoever plans and for whoever looks at what holds: ``Shares``.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import and_
from zoneinfo import ZoneInfo

from dispatch.local_time import ONE_DAY, local_span
from dispatch.models import OVER, Depot, Job, Stop
from dispatch.planning.facts import DepotFacts, TechnicianFacts
from dispatch.planning.loans import ToolsOut, loans_by
from dispatch.planning.progress import History
from dispatch.planning.snapshot import STARTED, LiveRoute, Snapshot
from dispatch.planning.waivers import Waivers
from solver.solution import StopKind

NOTHING: Counter[str] = Counter()
"""What most visits use; never changed."""

Jobs = Mapping[str, Job]
StopPlace = tuple[int, int]
"""What names a stored stop: its route, and where it comes on it."""


def calls_made(stops: Sequence[Stop], jobs: Jobs) -> list[Stop]:
    """The depot calls of a route that are known to have been made: nobody reports them, but whoever
    says that a visit has begun has been where the route goes before it."""
    begun = (at for at, s in enumerate(stops) if s.job_id and jobs[s.job_id].status in STARTED)
    last = max(begun, default=0)
    return [stop for stop in stops[:last] if stop.kind == StopKind.DEPOT]


def not_booked(found: LiveRoute, jobs: Jobs) -> list[Stop]:
    """The depot calls and visits of a route of which the figures of depots and vans do not tell."""
    to_make = {stop.position for stop in _calls_to_make(found, jobs)}
    return [
        stop
        for stop in found.stops
        if stop.position in to_make
        or (stop.job_id is not None and jobs[stop.job_id].status not in OVER)
    ]


def _calls_to_make(found: LiveRoute, jobs: Jobs) -> list[Stop]:
    """The depot calls of the route of which the figures of depots do not tell."""
    if not found.calls:
        return []
    made = {stop.position for stop in calls_made(found.stops, jobs)}
    return [stop for stop in found.calls if stop.position not in made]


def place_on(stop: Stop) -> StopPlace:
    """What names the stop."""
    return stop.route_id, stop.position


def parts_used(stop: Stop, job: Job) -> Mapping[str, int]:
    """What the visit has used, as reported; until then, what it is planned to use."""
    return stop.parts if job.parts_used is None else job.parts_used


@dataclass(frozen=True, slots=True)
class MoreToFetch:
    """What a depot call could fetch beyond what it is to."""

    parts: Mapping[str, int] = field(default_factory=dict)
    tools: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What a visit in force will not have, as its route and those of all others are."""

    parts: Mapping[str, int]
    tools: frozenset[str]
    calls: Mapping[StopPlace, MoreToFetch]
    """Depot calls to come before it on its route that could fetch all of it; empty if they could
    not."""


class Shares:
    """What each depot call in force will be given, what vans have by then, and who lacks something.

    A depot gives what it has and lends, while it is open. Who calls there first has it, on whatever
    day, and of two at once whose route is in force longer; a call that has begun has fetched what
    it was to. So does a van: what an earlier visit uses is not there for a later one. What a job
    has come to need since its route was published it has last, of what is left then. A visit that
    cannot have all that it needs is not made, and uses nothing.

    Of technicians outside the snapshot's scope only the depot calls count. So the shares are the
    same for all scopes, as long as nobody is thought to have begun, or to have left.
    """

    def __init__(
        self, snapshot: Snapshot, histories: Iterable[History], waivers: Waivers, zone: ZoneInfo
    ) -> None:
        self._snapshot, self._waivers = snapshot, waivers
        self._jobs = snapshot.live_jobs
        self._depots = {facts.depot.id: facts for facts in snapshot.depots}
        self._zone = zone
        self._facts = {facts.job.id: facts for facts in snapshot.jobs}
        kept, to_come = set(), set()
        for history in histories:
            kept |= {place_on(stop) for stop in history.stops}
            to_come |= {place_on(stop) for stop in history.to_come}
        self._kept: Collection[StopPlace] = kept
        self._begun: Collection[StopPlace] = kept - to_come
        self._elsewhere = [
            found for found in snapshot.live_elsewhere if found.route.end_at > snapshot.taken_at
        ]
        """Of its technicians, as far as they are not over."""
        self._routes_of = defaultdict[str, list[LiveRoute]](list)
        for found in (*snapshot.live, *self._elsewhere):
            self._routes_of[found.route.technician_id].append(found)
        self._own = {found.route.id for found in snapshot.live}
        calls = [*snapshot.called_elsewhere]
        for found in snapshot.live:
            calls += _calls_to_make(found, self._jobs)
        self._calls = calls
        self.granted = self._grant()
        self._left = self._what_is_left()
        lent = loans_by((call, one.route) for one in snapshot.live for call in one.calls)
        self._lent = ToolsOut([*snapshot.lent_elsewhere, *lent])
        self.lacking: dict[str, Shortfall] = {}
        """By job, the visits to come on routes of the scope that lack something."""
        self.uses: dict[str, Mapping[str, int]] = {}
        """By job, the parts that visits to come on routes of the scope use, if they have them, or
        could have them fetched."""
        self._stock: dict[str, Counter[str]] = {}
        self._least_after: dict[StopPlace, Counter[str]] = {}
        for technician in snapshot.technicians:
            self._play(technician)

    @property
    def lost(self) -> frozenset[str]:
        """Visits that lack what no call on their route could fetch."""
        return frozenset(name for name, short in self.lacking.items() if not short.calls)

    def stops_of(self, history: History) -> list[Stop]:
        """The stops of the history, depot calls with what they are given."""
        return [self.granted.get(place_on(stop), stop) for stop in history.stops]

    def van_stock(self, technician_id: str) -> dict[str, int]:
        """What a plan of the scope may use of what is in the van: no routes outside the scope, and
        nothing that stays, relies on it."""
        return dict(self._stock[technician_id])

    def depot_stock(self, facts: DepotFacts) -> dict[str, int]:
        """What a plan of the scope may fetch: what is not for calls outside the scope, nor for
        those that stay. What calls that may be planned anew are given is among it in any case."""
        wanted: Counter[str] = Counter()
        free: Counter[str] = Counter()
        for stop in self._calls:
            if stop.depot_id != facts.depot.id:
                continue
            place = place_on(stop)
            if stop.route_id in self._own and place not in self._kept:
                free.update(self.granted[place].parts)
            elif place in self._begun or self._is_open(facts.depot, stop.start_at):
                wanted.update(stop.parts)
        return {
            part: max(0, count - wanted[part], min(count, free[part]))
            for part, count in facts.stock.items()
        }

    def to_fetch(self, found: LiveRoute) -> Counter[tuple[str, str]]:
        """What those calls of a route of the scope that may be planned anew are to fetch as long as
        they are in force, by depot and part: there may be less, and then it is somebody's."""
        load: Counter[tuple[str, str]] = Counter()
        for stop in found.stops:
            facts, place = self._depots.get(stop.depot_id or ""), place_on(stop)
            if facts is None or place not in self.granted or place in self._kept:
                continue
            if self._is_open(facts.depot, stop.start_at):
                load.update({(facts.depot.id, part): n for part, n in stop.parts.items()})
        return load

    def more_to_fetch(self, call: Stop) -> MoreToFetch:
        """What the call could fetch beyond what it is to, for all who lack something."""
        parts: Counter[str] = Counter()
        tools: set[str] = set()
        for short in self.lacking.values():
            more = short.calls.get(place_on(call))
            if more is not None:
                parts.update(more.parts)
                tools |= more.tools
        return MoreToFetch(dict(parts), frozenset(tools))

    def least_after(self, call: Stop) -> Mapping[str, int]:
        """How many of each part the van never has less of from that depot call on, on whatever day,
        with all visits made that can be."""
        return self._least_after.get(place_on(call), call.parts)

    # Depots

    def _grant(self) -> dict[StopPlace, Stop]:
        left = {name: Counter(facts.stock) for name, facts in self._depots.items()}
        found: dict[StopPlace, Stop] = {}
        for stop in sorted(self._calls, key=lambda call: (call.start_at, *place_on(call))):
            found[place_on(stop)] = stop
            facts = self._depots.get(stop.depot_id or "")
            if facts is None:
                continue
            stock, parts = left[facts.depot.id], dict(stop.parts)
            if not self._has_begun(stop):
                is_open = self._is_open(facts.depot, stop.start_at)
                parts = {p: min(n, max(0, stock[p])) for p, n in parts.items() if is_open}
                tools = [tool for tool in stop.tools if is_open and tool in facts.tools]
                if parts != stop.parts or tools != stop.tools:
                    content = stop.model_dump() | {"parts": parts, "tools": tools}
                    found[place_on(stop)] = Stop(**content)
            stock.subtract(parts)
        return found

    def _what_is_left(self) -> dict[str, Counter[str]]:
        left = {name: Counter(facts.stock) for name, facts in self._depots.items()}
        for stop in self.granted.values():
            if stop.depot_id in left:
                left[stop.depot_id].subtract(stop.parts)
        return left

    def _has_begun(self, stop: Stop) -> bool:
        if stop.route_id in self._own:
            return place_on(stop) in self._begun
        return stop.start_at <= self._snapshot.taken_at

    def _is_open(self, depot: Depot, moment: datetime) -> bool:
        day = moment.astimezone(self._zone).date()
        # It may be open past midnight.
        spans = (
            local_span(one, depot.opens, depot.closes, self._zone) for one in (day - ONE_DAY, day)
        )
        return any(opens <= moment <= closes for opens, closes in spans)

    # Vans

    def _play(self, facts: TechnicianFacts) -> None:
        """Play the technician's routes through in order."""
        technician = facts.technician.id
        stock = Counter(facts.stock)
        for part, number in self._waivers.parts_of(technician):
            stock[part] += number
        steps = list(self._steps(facts))
        van = stock
        for step in steps:
            self._make(step, van)
            van = step.left
        for at, step in enumerate(steps):
            if step.lacks_parts or step.missing:
                self._make_up(step, steps[at:])
            if step.is_judged and not step.lacks_parts:
                self.uses[step.stop.job_id or ""] = dict(step.used)
        self._stock[technician] = self._free(stock, steps)
        for at, step in enumerate(steps):
            if step.stop.kind == StopKind.DEPOT:
                self._least_after[place_on(step.stop)] = reduce(
                    and_, (one.left for one in steps[at:])
                )

    def _free(self, stock: Counter[str], steps: Sequence["_Step"]) -> Counter[str]:
        """What of the stock a plan of the scope may use. What routes in force use of it is there in
        any case; what is left over on days before is not counted on, since their routes may change.
        """
        days = self._snapshot.scope.starts_on, self._snapshot.scope.ends_on
        later = _taken(step for step in steps if step.found.route.day > days[1])
        there, sure, at_hand = stock, stock, Counter[str]()
        least: Counter[str] | None = None
        van, counted = stock, None
        for step in steps:
            if step.is_free:
                # What is never taken back for later need not be looked for.
                for state in (van, step.left) if later else ():
                    if state is not counted:
                        least = state if least is None else least & state
                        counted = state
            elif step.changes_nothing:
                continue
            elif step.found.route.day < days[0] and not step.has_begun:
                sure = sure - (step.used - at_hand)
                at_hand = at_hand - step.used + step.brought
                there = there + step.brought - step.used
            elif step.found.route.day <= days[1]:
                there, before = there + step.brought - step.used, there
                sure = there if sure is before else sure + step.brought - step.used
            van = step.left
        # What calls that may be planned anew bring for later days is not kept back in the van.
        reserved = later if least is None else later & least
        if sure is there:
            return sure - reserved
        needed = _taken(step for step in steps if step.is_free)
        return (sure - reserved) | (needed & (there - reserved))

    def _steps(self, facts: TechnicianFacts) -> Iterator["_Step"]:
        scope = self._snapshot.scope
        mine = self._routes_of[facts.technician.id]
        for found in sorted(mine, key=lambda one: one.route.shift_starts_at):
            is_own = scope.starts_on <= found.route.day <= scope.ends_on
            to_make = _calls_to_make(found, self._jobs)
            tools = facts.tools
            for stop in found.stops:
                place, job_id = place_on(stop), stop.job_id or ""
                if stop.kind == StopKind.DEPOT:
                    tools |= {*self.granted.get(place, stop).tools}
                    if stop not in to_make:
                        continue
                elif not job_id or self._jobs[job_id].status in OVER:
                    continue
                has_begun = self._has_begun(stop)
                is_free = is_own and place not in self._kept
                step = _Step(found, stop, is_free=is_free, has_begun=has_begun)
                if is_own and not has_begun and job_id in self._facts:
                    if job_id in self._snapshot.unable:
                        continue
                    needs = self._facts[job_id]
                    if needs.parts:
                        step.needed = Counter(needs.parts)
                    if needs.tools:
                        step.missing = needs.tools - self._waivers.tools_of(job_id) - tools
                    step.is_judged = True
                yield step

    def _make(self, step: "_Step", van: Counter[str]) -> None:
        """Let the step bring and use what its route was published with, if that is there."""
        stop = step.stop
        if stop.kind == StopKind.DEPOT:
            step.brought = Counter(self.granted.get(place_on(stop), stop).parts)
        elif parts := parts_used(stop, self._jobs[stop.job_id or ""]):
            if step.is_judged:
                wanted = step.needed if parts == step.needed else Counter(parts) & step.needed
            else:
                wanted = +Counter(parts)
            if step.has_begun:
                wanted = wanted & van
            step.used = wanted if wanted <= van else NOTHING
            if not step.is_judged:
                step.needed = step.used
        step.left = van if step.changes_nothing else _after(van, step)

    def _make_up(self, step: "_Step", following: Sequence["_Step"]) -> None:
        """Let the visit have what else it needs, as far as the others leave it."""
        more = step.needed - step.used
        lacks = more - reduce(and_, (one.left for one in following))
        if lacks or step.missing:
            calls = self._could_fetch(step.found, step.stop, lacks, step.missing)
            self.lacking[step.stop.job_id or ""] = Shortfall(lacks, frozenset(step.missing), calls)
            if not calls:
                for one in following:
                    one.left = one.left + step.used
                step.used = NOTHING
                return
        step.used, step.brought = step.needed, lacks
        for one in following:
            one.left = one.left + lacks - more

    def _could_fetch(
        self, found: LiveRoute, visit: Stop, parts: Counter[str], tools: Collection[str]
    ) -> dict[StopPlace, MoreToFetch]:
        """The calls to come before the visit that could fetch all of that, and what each takes, the
        latest first; nothing if they could not."""
        calls: dict[StopPlace, MoreToFetch] = {}
        rest, to_borrow = parts.copy(), frozenset(tools)
        before = (stop for stop in found.stops if stop.position < visit.position)
        for stop in sorted(before, key=lambda stop: -stop.position):
            facts, place = self._depots.get(stop.depot_id or ""), place_on(stop)
            if facts is None or place not in self.granted or self._has_begun(stop):
                continue
            is_to_come = stop.start_at > self._snapshot.taken_at
            if not is_to_come or not self._is_open(facts.depot, stop.start_at):
                continue
            lent = to_borrow & self._lent.left_for(facts, found.route, stop.start_at)
            more = MoreToFetch(dict(rest & self._left[facts.depot.id]), lent)
            if more.parts or more.tools:
                calls[place] = more
            rest -= Counter(more.parts)
            to_borrow -= more.tools
        if rest or to_borrow:
            return {}
        for stop in found.stops:
            if (place := place_on(stop)) in calls:
                self._left[stop.depot_id or ""].subtract(calls[place].parts)
                self._lent.lend(stop, calls[place].tools, found.route)
        return calls


class _Step:
    """A depot call or a visit that is not booked, and what becomes of the van there."""

    __slots__ = (
        "brought",
        "found",
        "has_begun",
        "is_free",
        "is_judged",
        "left",
        "missing",
        "needed",
        "stop",
        "used",
    )

    def __init__(self, found: LiveRoute, stop: Stop, *, is_free: bool, has_begun: bool) -> None:
        self.found = found
        self.stop = stop
        self.is_free = is_free
        """Whether a plan of the scope may have it otherwise."""
        self.has_begun = has_begun
        self.is_judged = False
        """Whether it is known what it needs, and not only what it was published with."""
        self.needed = self.brought = self.used = self.left = NOTHING
        """``left`` is in the van afterwards; the very same as before where nothing changes."""
        self.missing: Collection[str] = ()
        """Tools that nobody will have lent by then."""

    @property
    def changes_nothing(self) -> bool:
        """As most steps: to count parts for them would take most of the time."""
        return not (self.used or self.brought)

    @property
    def lacks_parts(self) -> bool:
        """Whether it does not use what it needs."""
        return self.needed is not self.used and self.needed != self.used


def _after(van: Counter[str], step: _Step) -> Counter[str]:
    """What is in the van after the step, which uses no more than is there by then."""
    left = van + step.brought if step.brought else van.copy()
    for part, number in step.used.items():
        left[part] -= number
    return left


def _taken(steps: Iterable[_Step]) -> Counter[str]:
    """What the steps, in order, take out of the van: a visit uses what depot calls before it have
    fetched, and takes the rest out of the van."""
    found: Counter[str] = Counter()
    at_hand: Counter[str] = Counter()
    for step in steps:
        if not step.changes_nothing:
            found += step.used - at_hand
            at_hand = at_hand - step.used + step.brought
    return found
