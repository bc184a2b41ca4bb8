"""What each depot call of a technician picks up, so that every visit has its parts and tools."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from solver.problem import Depot, Problem, Shift, Visit
from solver.rules.eligibility import UNLIMITED, stock_of
from solver.rules.lending import Lending, Loan, lent_by
from solver.solution import Route, StopKind
from solver.timing.schedule import Call

Load = Mapping[tuple[str, str | Loan], int]
"""Numbers of parts by (depot, part), and of counted tools by (depot, loan)."""
Taken = Counter[tuple[str, str | Loan]]
"""The same, while it is counted."""
NO_LENDING = Lending({}, {})
"""Depots that have plenty of all tools."""
MOST_TRIES = 10_000
"""So often somebody is lent a tool, to find out who borrows it where."""


@dataclass(slots=True)
class Pickup:
    """What one depot call takes along."""

    depot: Depot
    parts: Counter[str] = field(default_factory=Counter)
    tools: set[str] = field(default_factory=set)
    loans: list[tuple[str, Loan]] = field(default_factory=list)
    """Of counted tools, by depot."""


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

    def can_borrow(self, depot: Depot, lending: Lending) -> bool:
        """Whether the depot can lend any of the tools that are lacking."""
        return any(lending.has_one(depot, tool, self.shift, self.gone) for tool in self.tools)


def pickups(
    chain: Sequence[tuple[Shift, Sequence[Call]]],
    taken: Load,
    *,
    lending: Lending = NO_LENDING,
    lenient: bool = False,
    plentiful: bool = False,
) -> list[list[Pickup]] | None:
    """The pickups of each shift's depot calls, in order; None if something cannot be had.

    ``chain`` is all shifts of one technician by time: what one leaves in the van, the next finds
    there. ``taken`` is what other technicians take from the depots. A missing part comes from the
    latest call that still has it, so that vans are not loaded for nothing; a missing tool is lent
    by the first one that has it. ``lenient``: what cannot be had is done without. ``plentiful``:
    only from depots that never run out.
    """
    by_shift: list[list[Pickup]] = []
    lacks = _played(chain, taken, by_shift, lending, plentiful)
    if lenient:
        for _ in lacks:
            pass
        return by_shift
    return None if next(lacks, None) is not None else by_shift


def first_lack(
    chain: Sequence[tuple[Shift, Sequence[Call]]], taken: Load, lending: Lending = NO_LENDING
) -> Lack | None:
    """What is lacking first where there are no ``pickups``; None if nothing is."""
    return next(_played(chain, taken, [], lending, plentiful=False), None)


def _played(
    chain: Sequence[tuple[Shift, Sequence[Call]]],
    taken: Load,
    by_shift: list[list[Pickup]],
    lending: Lending,
    plentiful: bool,
) -> Iterator[Lack]:
    """Play the chain through, adding each shift's pickups; tells of everything that is lacking."""
    van: Counter[str] = Counter()
    own: Taken = Counter()
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
            if missing := _borrow(call, shift, today, taken, lending, plentiful):
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
    chains: Sequence[Sequence[tuple[Shift, Sequence[Call]]]], lending: Lending = NO_LENDING
) -> list[list[list[Pickup]]] | None:
    """The pickups of all technicians at once, as those of one are by ``pickups``; None if some
    visit cannot have what it needs.

    What is scarce is shared out by a maximum flow from depots to visits (Ford & Fulkerson 1956):
    a technician who calls at two depots leaves to others what they can only have at one of them.
    For tools it is tried who borrows from which depot, as far as ``MOST_TRIES`` go.
    """
    found = [pickups(chain, {}, lending=lending, lenient=True, plentiful=True) for chain in chains]
    wanted: list[_Wanted] = []
    borrowers: list[_Borrower] = []
    for chain, by_shift in zip(chains, found, strict=True):
        assert by_shift is not None  # noqa: S101 - lenient
        lacking = _lacking(chain, by_shift)
        if lacking is None:
            return None
        wanted += lacking
        borrowers += _borrowers(chain, by_shift)
    # Those with least choice first.
    borrowers.sort(key=lambda one: len(one.calls))
    if not _lend_all(borrowers, lending):
        return None
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


@dataclass(frozen=True, slots=True)
class _Borrower:
    """A shift without a counted tool, and the calls that may lend it before it is needed."""

    shift: Shift
    tool: str
    calls: list[Pickup]


def _borrowers(
    chain: Sequence[tuple[Shift, Sequence[Call]]], by_shift: Sequence[Sequence[Pickup]]
) -> Iterator[_Borrower]:
    """Those who need a tool before they call at a depot with plenty, which then lends none."""
    for (shift, sequence), today in zip(chain, by_shift, strict=True):
        held, called = set(shift.tools), 0
        for call in sequence:
            if isinstance(call, Depot):
                today[called].tools -= held
                held |= today[called].tools
                called += 1
                continue
            for tool in sorted(call.tools - held):
                held.add(tool)
                calls = [pickup for pickup in today[:called] if tool in pickup.depot.tools]
                yield _Borrower(shift, tool, calls)


def _lend_all(borrowers: Sequence[_Borrower], lending: Lending) -> bool:
    """Have a call lend each of them the tool; False if no way was found."""
    taken: Taken = Counter()
    chosen: list[Pickup] = []
    choices = [_lenders(borrowers[0], lending, taken)] if borrowers else []
    tries = MOST_TRIES
    while choices and tries:
        tries -= 1
        borrower = borrowers[len(choices) - 1]
        if len(chosen) == len(choices):
            # Nobody after it found any: it tries its next one.
            taken.subtract(lending.loans(chosen.pop().depot, borrower.tool, borrower.shift))
        lender = next(choices[-1], None)
        if lender is None:
            choices.pop()
            continue
        taken.update(lending.loans(lender.depot, borrower.tool, borrower.shift))
        chosen.append(lender)
        if len(chosen) == len(borrowers):
            break
        choices.append(_lenders(borrowers[len(chosen)], lending, taken))
    if len(chosen) < len(borrowers):
        return False
    for lender, borrower in zip(chosen, borrowers, strict=True):
        _lend(lender, borrower.tool, borrower.shift, lending)
    return True


def _lenders(borrower: _Borrower, lending: Lending, taken: Load) -> Iterator[Pickup]:
    """The calls that have one for it, with what is taken when each is asked for."""
    return (
        pickup
        for pickup in borrower.calls
        if lending.has_one(pickup.depot, borrower.tool, borrower.shift, taken)
    )


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


def total(by_shift: Sequence[Sequence[Pickup]]) -> Taken:
    """All that the pickups take of what depots could run out of."""
    load: Taken = Counter(parts_of(by_shift))
    for today in by_shift:
        for pickup in today:
            load.update(pickup.loans)
    return load


def parts_of(by_shift: Sequence[Sequence[Pickup]]) -> Counter[tuple[str, str]]:
    """All parts that the pickups take, by (depot, part)."""
    load: Counter[tuple[str, str]] = Counter()
    for today in by_shift:
        for pickup in today:
            for part, number in pickup.parts.items():
                load[pickup.depot.id, part] += number
    return load


def with_left(
    depots: Iterable[Depot], shifts: Iterable[Shift], taken: Load, lending: Lending
) -> tuple[Depot, ...]:
    """The depots with what is left for the shifts, where others take so much: of a counted tool,
    what there is all through."""
    theirs = list(shifts)
    return tuple(
        replace(
            depot,
            stock=None
            if depot.stock is None
            else {
                part: max(0, number - taken.get((depot.id, part), 0))
                for part, number in depot.stock.items()
            },
            tool_counts={
                tool: lending.left(depot, tool, theirs, taken) for tool in depot.tool_counts
            },
        )
        for depot in depots
    )


def supplying_depots(problem: Problem, visit: Visit, shift: Shift) -> list[Depot]:
    """The depots worth calling at before the visit: they have something that it needs."""
    missing_tools = visit.tools - shift.tools
    return [
        depot
        for depot in problem.depots
        if missing_tools & lent_by([depot])
        or any(stock_of(depot, part) > 0 for part in visit.parts)
    ]


def _never_runs_out(depot: Depot, part: str) -> bool:
    return stock_of(depot, part) == UNLIMITED


def _borrow(
    visit: Visit,
    shift: Shift,
    today: Sequence[Pickup],
    taken: Load,
    lending: Lending,
    plentiful: bool,
) -> frozenset[str]:
    """Have the calls lend what they can; the tools that none of them has."""
    missing = set()
    for tool in visit.tools - shift.tools:
        if any(tool in pickup.tools for pickup in today):
            continue
        lenders = [pickup for pickup in today if tool in pickup.depot.tools]
        if plentiful:
            lenders = [pickup for pickup in lenders if tool not in pickup.depot.tool_counts]
        lender = next((p for p in lenders if lending.has_one(p.depot, tool, shift, taken)), None)
        if lender is None:
            missing.add(tool)
        else:
            _lend(lender, tool, shift, lending)
    return frozenset(missing)


def _lend(lender: Pickup, tool: str, shift: Shift, lending: Lending) -> None:
    lender.tools.add(tool)
    lender.loans += lending.loans(lender.depot, tool, shift)


def _fetch(part: str, needed: int, so_far: Sequence[Pickup], taken: Load, own: Taken) -> bool:
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
