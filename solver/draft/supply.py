"""What each depot call of a technician picks up, so that every visit has its parts and tools."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from solver.problem import Depot, Problem, Shift, Visit
from solver.rules.eligibility import UNLIMITED, stock_of
from solver.solution import Route, StopKind
from solver.timing.schedule import Call

Load = Mapping[tuple[str, str], int]
"""Numbers of parts by (depot, part)."""


@dataclass(slots=True)
class Pickup:
    """What one depot call takes along."""

    depot: Depot
    parts: Counter[str] = field(default_factory=Counter)
    tools: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Lack:
    """The first visit that cannot have what it needs: call number ``index`` of the shift, and the
    part, or else the tools, that it lacks."""

    shift: Shift
    index: int
    part: str | None
    tools: frozenset[str]
    gone: Load
    """What is taken by then, by others, too."""
    called: frozenset[str]
    """The depots called at before it."""

    def is_left(self, depot: Depot) -> bool:
        """Whether the depot still has some of the part."""
        if self.part is None:
            return False
        return stock_of(depot, self.part) > self.gone.get((depot.id, self.part), 0)


def pickups(
    chain: Sequence[tuple[Shift, Sequence[Call]]],
    taken: Load,
    *,
    lenient: bool = False,
    plentiful: bool = False,
) -> list[list[Pickup]] | None:
    """The pickups of each shift's depot calls, in order; None if something cannot be had.

    ``chain`` is all shifts of one technician by time: what one leaves in the van, the next finds
    there. ``taken`` is what other technicians take from the depots. A missing part comes from the
    latest call that still has it, so that vans are not loaded for nothing. ``lenient``: what cannot
    be had is done without. ``plentiful``: only from depots that never run out.
    """
    by_shift: list[list[Pickup]] = []
    lacks = _played(chain, taken, by_shift, plentiful)
    if lenient:
        for _ in lacks:
            pass
        return by_shift
    return None if next(lacks, None) is not None else by_shift


def first_lack(chain: Sequence[tuple[Shift, Sequence[Call]]], taken: Load) -> Lack | None:
    """What is lacking first where there are no ``pickups``; None if nothing is."""
    return next(_played(chain, taken, [], plentiful=False), None)


def _played(
    chain: Sequence[tuple[Shift, Sequence[Call]]],
    taken: Load,
    by_shift: list[list[Pickup]],
    plentiful: bool,
) -> Iterator[Lack]:
    """Play the chain through, adding each shift's pickups; tells of everything that is lacking."""
    van: Counter[str] = Counter()
    own: Counter[tuple[str, str]] = Counter()
    so_far: list[Pickup] = []
    for shift, sequence in chain:
        van.update(shift.stock)
        today: list[Pickup] = []
        by_shift.append(today)
        for index, call in enumerate(sequence):
            if isinstance(call, Depot):
                today.append(Pickup(call))
                so_far.append(today[-1])
                continue
            if missing := _borrow(call, shift, today):
                yield _lack(shift, index, None, missing, taken, own, so_far)
            for part, needed in call.parts.items():
                from_van = min(needed, van[part])
                van[part] -= from_van
                calls = [p for p in so_far if not plentiful or _never_runs_out(p.depot, part)]
                if not _fetch(part, needed - from_van, calls, taken, own):
                    yield _lack(shift, index, part, frozenset(), taken, own, so_far)


def _lack(
    shift: Shift,
    index: int,
    part: str | None,
    tools: frozenset[str],
    taken: Load,
    own: Load,
    so_far: Sequence[Pickup],
) -> Lack:
    gone = Counter(taken)
    gone.update(own)
    return Lack(shift, index, part, tools, gone, frozenset(p.depot.id for p in so_far))


def allot(
    chains: Sequence[Sequence[tuple[Shift, Sequence[Call]]]],
) -> list[list[list[Pickup]]] | None:
    """The pickups of all technicians at once, as those of one are by ``pickups``; None if some
    visit cannot have what it needs.

    What is scarce is shared out by a maximum flow from depots to visits (Ford & Fulkerson 1956):
    a technician who calls at two depots leaves to others what they can only have at one of them.
    """
    found = [pickups(chain, {}, lenient=True, plentiful=True) for chain in chains]
    wanted: list[_Wanted] = []
    for chain, by_shift in zip(chains, found, strict=True):
        assert by_shift is not None  # noqa: S101 - lenient
        lacking = _lacking(chain, by_shift)
        if lacking is None:
            return None
        wanted += lacking
    for part in sorted({one.part for one in wanted}):
        theirs = [one for one in wanted if one.part == part]
        if not _share_out(part, theirs):
            return None
    return [by_shift for by_shift in found if by_shift is not None]


@dataclass(slots=True)
class _Wanted:
    """A number of a scarce part that one visit lacks, and the calls before it, the latest first,
    one for each depot."""

    part: str
    number: int
    calls: list[Pickup]


def _lacking(
    chain: Sequence[tuple[Shift, Sequence[Call]]], by_shift: Sequence[Sequence[Pickup]]
) -> list[_Wanted] | None:
    """What the visits of a technician lack of scarce parts; None if they lack anything that their
    depot calls do not have at all."""
    van: Counter[str] = Counter()
    so_far: list[Pickup] = []
    wanted = []
    for (shift, sequence), today in zip(chain, by_shift, strict=True):
        van.update(shift.stock)
        tools = set(shift.tools)
        coming = iter(today)
        for call in sequence:
            if isinstance(call, Depot):
                so_far.append(next(coming))
                tools |= call.tools
                continue
            if not call.tools <= tools:
                return None
            for part, needed in call.parts.items():
                from_van = min(needed, van[part])
                van[part] -= from_van
                if needed == from_van:
                    continue
                latest = {pickup.depot.id: pickup for pickup in so_far}
                calls = [p for p in reversed(so_far) if latest[p.depot.id] is p]
                calls = [p for p in calls if stock_of(p.depot, part) > 0]
                if not calls:
                    return None
                if all(stock_of(pickup.depot, part) < UNLIMITED for pickup in calls):
                    wanted.append(_Wanted(part, needed - from_van, calls))
    return wanted


def _share_out(part: str, wanted: Sequence[_Wanted]) -> bool:
    """Let each call pick up its share of the part; False if there is not enough for all.

    Those who want some are served one after the other; where a depot has no more, somebody else
    who takes from it may change to another one, and so on.
    """
    shares: list[Counter[str]] = [Counter() for _ in wanted]
    left = {p.depot.id: stock_of(p.depot, part) for one in wanted for p in one.calls}
    takers: dict[str, list[int]] = {}
    for number, one in enumerate(wanted):
        for pickup in one.calls:
            takers.setdefault(pickup.depot.id, []).append(number)
    for number, one in enumerate(wanted):
        missing = one.number
        while missing > 0:
            path = _path(number, wanted, shares, left, takers)
            if path is None:
                return False
            some = min([missing, left[path[-1][1]], *(shares[w][d] for w, d in _given_up(path))])
            left[path[-1][1]] -= some
            for taker, depot in path:
                shares[taker][depot] += some
            for taker, depot in _given_up(path):
                shares[taker][depot] -= some
            missing -= some
    for one, share in zip(wanted, shares, strict=True):
        for pickup in one.calls:
            if share[pickup.depot.id]:
                pickup.parts[part] += share[pickup.depot.id]
    return True


_Path = list[tuple[int, str]]
"""Who takes from which depot: the first from one that the second gives up for another, …"""


def _given_up(path: _Path) -> _Path:
    return [(taker, depot) for (_, depot), (taker, _) in pairwise(path)]


def _path(
    number: int,
    wanted: Sequence[_Wanted],
    shares: Sequence[Counter[str]],
    left: Mapping[str, int],
    takers: Mapping[str, Sequence[int]],
) -> _Path | None:
    """The shortest way to a depot that has some left."""
    to_do: deque[tuple[int, _Path]] = deque([(number, [])])
    seen: set[str] = set()
    while to_do:
        taker, path = to_do.popleft()
        for pickup in wanted[taker].calls:
            depot = pickup.depot.id
            if depot in seen:
                continue
            seen.add(depot)
            longer = [*path, (taker, depot)]
            if left[depot] > 0:
                return longer
            to_do += [(other, longer) for other in takers[depot] if shares[other][depot] > 0]
    return None


def total(by_shift: Sequence[Sequence[Pickup]]) -> Counter[tuple[str, str]]:
    """All parts that the pickups take, by (depot, part)."""
    load: Counter[tuple[str, str]] = Counter()
    for today in by_shift:
        for pickup in today:
            for part, number in pickup.parts.items():
                load[pickup.depot.id, part] += number
    return load


def supplying_depots(problem: Problem, visit: Visit, shift: Shift) -> list[Depot]:
    """The depots worth calling at before the visit: they have something that it needs."""
    missing_tools = visit.tools - shift.tools
    return [
        depot
        for depot in problem.depots
        if missing_tools & depot.tools or any(stock_of(depot, part) > 0 for part in visit.parts)
    ]


def _never_runs_out(depot: Depot, part: str) -> bool:
    return stock_of(depot, part) == UNLIMITED


def _borrow(visit: Visit, shift: Shift, today: Sequence[Pickup]) -> frozenset[str]:
    """Have the calls lend what they can; the tools that none of them has."""
    missing = set()
    for tool in visit.tools - shift.tools:
        lender = next((pickup for pickup in today if tool in pickup.depot.tools), None)
        if lender is None:
            missing.add(tool)
        else:
            lender.tools.add(tool)
    return frozenset(missing)


def _fetch(
    part: str, needed: int, so_far: Sequence[Pickup], taken: Load, own: Counter[tuple[str, str]]
) -> bool:
    for pickup in reversed(so_far):
        if needed == 0:
            break
        key = (pickup.depot.id, part)
        left = stock_of(pickup.depot, part) - taken.get(key, 0) - own[key]
        number = min(needed, left)
        if number > 0:
            pickup.parts[part] += number
            own[key] += number
            needed -= number
    return needed == 0


def loaded(route: Route, today: Sequence[Pickup]) -> Route:
    """The route, with what each of its depot calls picks up."""
    remaining = iter(today)
    stops = []
    for stop in route.stops:
        if stop.kind is StopKind.DEPOT:
            pickup = next(remaining)
            parts = dict(sorted(pickup.parts.items()))
            stop = replace(stop, parts=parts, tools=frozenset(pickup.tools))
        stops.append(stop)
    return replace(route, stops=tuple(stops))
