"""Where the parts that visits use come from: the van, or a depot call on the way.

What is known to have happened is booked: the figures of depots and vans tell of it
(``dispatch.parts.movements``), and it must not be counted again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.local_time import ONE_DAY, local_span
from dispatch.models import OVER, Depot, Job, Stop
from dispatch.planning.snapshot import STARTED, DepotFacts
from solver.solution import StopKind

Jobs = Mapping[str, Job]


def calls_made(stops: Sequence[Stop], jobs: Jobs) -> list[Stop]:
    """The depot calls of a route that are known to have been made: nobody reports them, but whoever
    says that a visit has begun has been where the route goes before it."""
    begun = (at for at, s in enumerate(stops) if s.job_id and jobs[s.job_id].status in STARTED)
    last = max(begun, default=0)
    return [stop for stop in stops[:last] if stop.kind == StopKind.DEPOT]


def not_booked(stops: Sequence[Stop], jobs: Jobs) -> list[Stop]:
    """The depot calls and visits of a route of which the figures of depots and vans do not tell."""
    made = {stop.position for stop in calls_made(stops, jobs)}
    return [
        stop
        for stop in stops
        if (stop.kind == StopKind.DEPOT and stop.position not in made)
        or (stop.job_id is not None and jobs[stop.job_id].status not in OVER)
    ]


def place_on(stop: Stop) -> tuple[int, int]:
    """What names a stored stop: its route, and where it comes on it."""
    return stop.route_id, stop.position


def granted(
    calls: Iterable[Stop], to_come: Iterable[Stop], depots: Iterable[DepotFacts], zone: ZoneInfo
) -> dict[tuple[int, int], Stop]:
    """Those ``to_come`` of the calls that are not booked, by ``place_on``: what they fetch is what
    their depot has left and lends, if it is open by then. Who calls there first has it, and of two
    at once whose route is in force longer."""
    facts = {one.depot.id: one for one in depots}
    left = {name: Counter(one.stock) for name, one in facts.items()}
    places = {place_on(stop) for stop in to_come}
    found: dict[tuple[int, int], Stop] = {}
    for stop in sorted(calls, key=lambda call: (call.start_at, *place_on(call))):
        there = facts.get(stop.depot_id or "")
        if there is None:
            continue
        stock, parts = left[there.depot.id], stop.parts
        if place_on(stop) in places:
            is_open = _is_open(there.depot, stop.start_at, zone)
            parts = {p: min(n, max(0, stock[p])) for p, n in parts.items() if is_open}
            tools = [tool for tool in stop.tools if is_open and tool in there.tools]
            found[place_on(stop)] = Stop(**stop.model_dump() | {"parts": parts, "tools": tools})
        stock.subtract(parts)
    return found


def _is_open(depot: Depot, moment: datetime, zone: ZoneInfo) -> bool:
    day = moment.astimezone(zone).date()
    # It may be open past midnight.
    spans = (local_span(one, depot.opens, depot.closes, zone) for one in (day - ONE_DAY, day))
    return any(opens <= moment <= closes for opens, closes in spans)


def fetched(stops: Iterable[Stop]) -> Counter[str]:
    """What the depot calls among the stops fetch."""
    found: Counter[str] = Counter()
    for stop in stops:
        if stop.kind == StopKind.DEPOT:
            found.update(stop.parts)
    return found


def used(stops: Iterable[Stop], jobs: Jobs) -> Counter[str]:
    """What the visits among the stops use."""
    found: Counter[str] = Counter()
    for stop in stops:
        if stop.job_id is not None:
            found.update(parts_used(stop, jobs[stop.job_id]))
    return found


def taken(stops: Iterable[Stop], jobs: Jobs) -> Counter[str]:
    """What the stops, in order, take out of the van: a visit uses what depot calls before it have
    fetched, and takes the rest out of the van."""
    found: Counter[str] = Counter()
    at_hand: Counter[str] = Counter()
    for stop in stops:
        if stop.kind == StopKind.DEPOT:
            at_hand.update(stop.parts)
        elif stop.job_id is not None:
            wanted = Counter(parts_used(stop, jobs[stop.job_id]))
            found += wanted - at_hand
            at_hand -= wanted
    return found


def parts_used(stop: Stop, job: Job) -> Mapping[str, int]:
    """What the visit has used, as reported; until then, what it is planned to use."""
    return stop.parts if job.parts_used is None else job.parts_used
