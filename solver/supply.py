"""What each depot call of a technician picks up, so that every visit has its parts and tools."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from solver.eligibility import stock_of
from solver.problem import Depot, Problem, Shift, Visit
from solver.schedule import Call

Load = Mapping[tuple[str, str], int]
"""Numbers of parts by (depot, part)."""


@dataclass(slots=True)
class Pickup:
    """What one depot call takes along."""

    depot: Depot
    parts: Counter[str] = field(default_factory=Counter)
    tools: set[str] = field(default_factory=set)


def pickups(
    chain: Sequence[tuple[Shift, Sequence[Call]]], taken: Load, *, lenient: bool = False
) -> list[list[Pickup]] | None:
    """The pickups of each shift's depot calls, in order; None if something cannot be had.

    ``chain`` is all shifts of one technician by time: what one leaves in the van, the next finds
    there. ``taken`` is what other technicians take from the depots. A missing part comes from the
    latest call that still has it, so that vans are not loaded for nothing. ``lenient``: what cannot
    be had is done without.
    """
    van: Counter[str] = Counter()
    own: Counter[tuple[str, str]] = Counter()
    so_far: list[Pickup] = []
    by_shift = []
    for shift, sequence in chain:
        van.update(shift.stock)
        today: list[Pickup] = []
        by_shift.append(today)
        for call in sequence:
            if isinstance(call, Depot):
                today.append(Pickup(call))
                so_far.append(today[-1])
                continue
            if not _borrow(call, shift, today) and not lenient:
                return None
            for part, needed in call.parts.items():
                from_van = min(needed, van[part])
                van[part] -= from_van
                if not _fetch(part, needed - from_van, so_far, taken, own) and not lenient:
                    return None
    return by_shift


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


def one_depot_has_all(problem: Problem, visit: Visit) -> bool:
    """Whether a single depot call could give the visit everything that it needs."""
    return not (visit.parts or visit.tools) or any(
        visit.tools <= depot.tools
        and all(stock_of(depot, part) >= number for part, number in visit.parts.items())
        for depot in problem.depots
    )


def _borrow(visit: Visit, shift: Shift, today: Sequence[Pickup]) -> bool:
    missing = False
    for tool in visit.tools - shift.tools:
        lender = next((pickup for pickup in today if tool in pickup.depot.tools), None)
        if lender is None:
            missing = True
        else:
            lender.tools.add(tool)
    return not missing


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
