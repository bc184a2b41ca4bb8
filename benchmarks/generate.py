"""Field-service problems of any size, drawn from a seed: every rule of the solver occurs in them.

Towns, technicians, parts and wishes are made up. Each visit is drawn for a technician nearby who
could do it, so that hardly anything is impossible, and about ten visits for each technician and
day make a full day that can be done. The same arguments give the same problem.

    python -m benchmarks.generate --visits 200 --technicians 20 --output day.json
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.engines.geography import Indices, Points, Region, nearest, travel
from benchmarks.engines.problem_file import write_problem
from solver.objective import Objective
from solver.problem import Break, Depot, Pin, Previous, Problem, Shift, TimeWindow, Visit

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

SKILLS = ("electricity", "plumbing", "heating", "cooling", "appliances")
SCARCE_SKILLS = ("lifts", "high voltage")
"""Each is held by one technician in twenty."""
SCARCE_HOLDERS = 0.05

PARTS = ("valve", "filter", "cable", "fuse", "hose", "pump", "thermostat", "meter", "burner", "fan")
"""The one before is needed more often than the one after."""
SCARCE_PARTS = ("control board", "compressor")
"""Hardly in any van, and depots with a limit have about as many as are needed."""

TOOLS = ("ladder", "camera", "analyser", "press")
LENT_TOOLS = ("hoist", "core drill")
"""In no van: depots lend them."""

DURATIONS = (30, 35, 40, 45, 50, 60)
"""Minutes of service, and how often."""
DURATION_SHARES = (0.5, 0.15, 0.1, 0.15, 0.05, 0.05)

PRIORITY_SHARES = (0.1, 0.5, 0.25, 0.1, 0.05)

OBJECTIVE = Objective(
    lateness=1_000,
    lateness_factors=(1, 1, 2, 4, 8),
    promptness=(0, 0, 0, 100, 500),
    working_time=2_800,
    travel_time=400,
    distance=300,
    overtime=2_800,
    shift_use=5_000_000,
    not_preferred=3_000_000,
    over_skilled=500_000,
    changed_technician=2_000_000,
    moved_time=300,
    moved_time_tolerance=15 * MINUTE,
    told_factor=3,
    imbalance=200,
)
"""In hundredths of a dong: a working hour is about 100,000 dong, a kilometre 3,000."""


@dataclass(frozen=True, slots=True)
class _Technician:
    """What stays the same from day to day."""

    id: str
    skills: Mapping[str, int]
    tools: frozenset[str]
    territories: frozenset[str]
    opens: int
    closes: int
    max_overtime: int
    lunch: bool


def generate(visits: int = 1000, technicians: int = 100, seed: int = 1, days: int = 1) -> Problem:
    """A valid problem; every technician has a shift on each of the days.

    Locations are the places of visits, then homes, then depots. Raises ``ValueError`` if there is
    nothing to plan.
    """
    if min(visits, technicians, days) < 1:
        raise ValueError("give at least one visit, one technician and one day")
    rng = np.random.default_rng([seed, visits, technicians, days])
    region = Region.drawn(rng, technicians)
    homes = region.places(rng, technicians, countryside=0.05)
    crew = _crew(rng, region, homes)
    places, at = _places(rng, region, visits)
    jobs = _visits(rng, region, crew, homes, places, at, days)
    local, warehouses = _depot_places(rng, region, technicians)
    first_local = len(places) + technicians
    first_warehouse = first_local + len(local)
    shifts = _shifts(rng, crew, visits, days, len(places), first_local)
    depots = _depots(
        jobs,
        shifts,
        range(first_local, first_warehouse),
        range(first_warehouse, first_warehouse + len(warehouses)),
        days,
    )
    seconds, metres = travel(np.vstack([places, homes, local, warehouses]))
    return Problem(jobs, shifts, seconds, metres, depots=tuple(depots), objective=OBJECTIVE)


def _crew(rng: np.random.Generator, region: Region, homes: Points) -> tuple[_Technician, ...]:
    count = len(homes)
    scarce = {skill: _some(rng, count, SCARCE_HOLDERS) for skill in SCARCE_SKILLS}
    near_towns = region.nearest_towns(homes)
    crew = []
    for number in range(count):
        skills = {skill: int(rng.integers(1, 4)) for skill in SKILLS if rng.random() < 0.6}
        skills |= {s: int(rng.integers(1, 3)) for s in SCARCE_SKILLS if number in scarce[s]}
        if not skills:
            skills = {SKILLS[number % len(SKILLS)]: 2}
        local = rng.random() < 0.3
        part_time = rng.random() < 0.05
        opens = int(rng.choice([7, 8, 8, 8, 9])) * HOUR
        crew.append(
            _Technician(
                id=f"technician-{number + 1}",
                skills=skills,
                tools=frozenset(tool for tool in TOOLS if rng.random() < 0.75),
                territories=_territories(near_towns[number][:2]) if local else frozenset(),
                opens=opens,
                closes=opens + (5 if part_time else 9) * HOUR,
                max_overtime=int(rng.choice([0, 30, 60, 60])) * MINUTE,
                lunch=not part_time and rng.random() < 0.95,
            )
        )
    return tuple(crew)


def _places(rng: np.random.Generator, region: Region, visits: int) -> tuple[Points, Indices]:
    """Places, and the place of each visit: now and then several visits are at the same one."""
    fresh = rng.random(visits) >= 0.08
    fresh[0] = True
    numbers = np.cumsum(fresh) - 1
    at = np.where(fresh, numbers, rng.integers(0, numbers + 1))
    return region.places(rng, int(fresh.sum()), countryside=0.12), at


def _visits(
    rng: np.random.Generator,
    region: Region,
    crew: Sequence[_Technician],
    homes: Points,
    places: Points,
    at: Indices,
    days: int,
) -> tuple[Visit, ...]:
    count = len(at)
    near = nearest(places, homes, min(len(crew), 10))
    near_towns = region.nearest_towns(places)[:, 0]
    priorities = rng.choice(len(PRIORITY_SHARES), size=count, p=PRIORITY_SHARES)
    durations = rng.choice(DURATIONS, size=count, p=DURATION_SHARES) * MINUTE
    pinned = _some(rng, count, 0.01)
    seen = _some(rng, count, 0.06)
    taken: set[str] = set()
    visits = []
    for number, place in enumerate(at.tolist()):
        candidates = [crew[i] for i in near[place][rng.permutation(near.shape[1])].tolist()]
        free = [technician for technician in candidates if technician.id not in taken]
        # One pin for each technician at most: two might be at the same time.
        pin_it = number in pinned and bool(free)
        able = free[0] if pin_it else candidates[0]
        duration, priority = int(durations[number]), int(priorities[number])
        windows = _windows(rng, days)
        start = _start(rng, able, windows, duration, days)
        pin, previous = None, None
        if pin_it:
            taken.add(able.id)
            pin = Pin(able.id, start if len(taken) % 2 else None)
        elif number in seen:
            previous = Previous(able.id, start, told=bool(rng.random() < 0.4))
        territory = f"territory-{near_towns[place] + 1}"
        serves = not able.territories or territory in able.territories
        # What a technician promised to do at a time must not depend on a depot that is closed.
        parts, tools = ({}, frozenset[str]()) if pin else (_parts(rng), _tools(rng, able))
        others = [technician.id for technician in candidates if technician is not able]
        allowed, forbidden, preferred = _wishes(rng, able, others)
        visits.append(
            Visit(
                id=f"visit-{number + 1}",
                location=place,
                duration=duration,
                windows=windows,
                skills=_required(rng, able),
                parts=parts,
                tools=tools,
                priority=priority,
                due=_due(rng, priority, days),
                allowed=allowed,
                forbidden=forbidden,
                preferred=preferred,
                territory=territory if serves and rng.random() < 0.4 else None,
                pin=pin,
                previous=previous,
            )
        )
    return tuple(visits)


def _required(rng: np.random.Generator, able: _Technician) -> dict[str, int]:
    """Skills that this technician has: scarce ones when there are, else one or two."""
    scarce = [skill for skill in able.skills if skill in SCARCE_SKILLS]
    if scarce and rng.random() < 0.3:
        return {scarce[0]: able.skills[scarce[0]]}
    common = [skill for skill in able.skills if skill not in SCARCE_SKILLS]
    count = min(len(common), int(rng.choice([0, 1, 2], p=[0.15, 0.7, 0.15])))
    chosen = [common[i] for i in sorted(rng.permutation(len(common))[:count].tolist())]
    return {skill: int(rng.integers(1, able.skills[skill] + 1)) for skill in chosen}


def _parts(rng: np.random.Generator) -> dict[str, int]:
    """Most visits need a part or two, few need many."""
    if rng.random() < 0.04:
        return {SCARCE_PARTS[int(rng.integers(len(SCARCE_PARTS)))]: 1}
    if rng.random() < 0.45:
        return {}
    shares = 1 / np.arange(1, len(PARTS) + 1)
    count = 1 + int(rng.random() < 0.25)
    kinds = rng.choice(len(PARTS), size=count, replace=False, p=shares / shares.sum())
    quantities = rng.choice([1, 2, 4], size=count, p=[0.75, 0.2, 0.05])
    return {
        PARTS[kind]: quantity
        for kind, quantity in zip(kinds.tolist(), quantities.tolist(), strict=True)
    }


def _tools(rng: np.random.Generator, able: _Technician) -> frozenset[str]:
    if rng.random() < 0.02:
        return frozenset({LENT_TOOLS[int(rng.integers(len(LENT_TOOLS)))]})
    return frozenset(tool for tool in sorted(able.tools) if rng.random() < 0.1)


def _wishes(
    rng: np.random.Generator, able: _Technician, others: Sequence[str]
) -> tuple[frozenset[str] | None, frozenset[str], frozenset[str]]:
    """Allowed, forbidden and preferred technicians; this one is welcome in any case."""
    draw = rng.random()
    if draw < 0.04:
        return frozenset({able.id, *others[:4]}), frozenset(), frozenset()
    if draw < 0.08:
        return None, frozenset(others[:2]), frozenset()
    if draw < 0.20:
        return None, frozenset(), frozenset({able.id, *others[: int(rng.integers(2))]})
    return None, frozenset(), frozenset()


def _windows(rng: np.random.Generator, days: int) -> tuple[TimeWindow, ...]:
    """When service may start: on one day, or on several that the customer named."""
    named = rng.permutation(days)[: int(rng.integers(1, min(days, 3) + 1))]
    hours = _hours(rng)
    if not hours and days > 1 and rng.random() < 0.5:
        hours = ((7.0, 17.0),)
    return tuple(
        TimeWindow(day * DAY + int(opens * HOUR), day * DAY + int(closes * HOUR))
        for day in sorted(named.tolist())
        for opens, closes in hours
    )


def _hours(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """None, a half day, early or late, two hours, or a narrow one."""
    draw = rng.random()
    if draw < 0.3:
        return ()
    if draw < 0.6:
        return ((8.0, 12.0),) if rng.random() < 0.5 else ((12.5, 16.5),)
    if draw < 0.75:
        return ((8.0, 10.0), (14.0, 16.0))
    if draw < 0.87:
        opens = float(rng.integers(8, 15))
        return ((opens, opens + 2),)
    opens = float(rng.integers(16, 31)) / 2
    return ((opens, opens + 1),)


def _start(
    rng: np.random.Generator,
    able: _Technician,
    windows: Sequence[TimeWindow],
    duration: int,
    days: int,
) -> int:
    """A time that suits customer and technician, if there is one: on the quarter of an hour."""
    day = int(rng.integers(days))
    window = TimeWindow(day * DAY, (day + 1) * DAY)
    if windows:
        window = windows[int(rng.integers(len(windows)))]
        day = window.start // DAY
    # An hour suffices to come from home, and to return.
    earliest = max(window.start, day * DAY + able.opens + HOUR)
    latest = min(window.end, day * DAY + able.closes - HOUR - duration)
    quarter = 15 * MINUTE
    first, last = -(-earliest // quarter), latest // quarter
    return quarter * int(rng.integers(first, last + 1)) if first <= last else window.start


def _due(rng: np.random.Generator, priority: int, days: int) -> int | None:
    """Urgent visits mostly have a time by which they should be done, others seldom."""
    if rng.random() >= (0.6 if priority >= 3 else 0.1):
        return None
    day = int(rng.integers(1 if priority == 4 else days))
    return day * DAY + int(rng.integers(11, 18)) * HOUR


def _shifts(
    rng: np.random.Generator,
    crew: Sequence[_Technician],
    visits: int,
    days: int,
    first_home: int,
    first_depot: int,
) -> tuple[Shift, ...]:
    """A shift for each technician and day; some end at the first depot instead of at home."""
    shares = 1 / np.arange(1, len(PARTS) + 1)
    wanted = 0.75 * visits / (len(crew) * days) * shares / shares.sum()
    elsewhere = _some(rng, len(crew), 0.05)
    shifts = []
    for number, technician in enumerate(crew):
        home = first_home + number
        back = first_depot if number in elsewhere else home
        for day in range(days):
            # Twice what a full day needs on average, some more and some less: many visits of one
            # kind, or one that needs many, still make a depot call worth its while.
            stock = dict(zip(PARTS, rng.poisson(2 * wanted).tolist(), strict=True))
            stock |= {part: 1 for part in SCARCE_PARTS if rng.random() < 0.03}
            noon = day * DAY + 11 * HOUR + 30 * MINUTE
            lunch = Break("lunch", TimeWindow(noon, noon + 90 * MINUTE), 45 * MINUTE)
            shifts.append(
                Shift(
                    id=f"{technician.id}-day-{day + 1}",
                    technician=technician.id,
                    start_location=home,
                    end_location=back,
                    start=day * DAY + technician.opens,
                    end=day * DAY + technician.closes,
                    max_overtime=technician.max_overtime,
                    skills=technician.skills,
                    stock={part: quantity for part, quantity in stock.items() if quantity},
                    tools=technician.tools,
                    breaks=(lunch,) if technician.lunch else (),
                    territories=technician.territories,
                )
            )
    return tuple(shifts)


def _depot_places(
    rng: np.random.Generator, region: Region, technicians: int
) -> tuple[Points, Points]:
    """Depots in the largest towns, and one or two warehouses at the edge of the region."""
    count = min(len(region.towns), 1 + round(technicians**0.5 / 3))
    local = region.towns[:count] + rng.normal(0, 300, size=(count, 2))
    edges = np.array([[0.0, 0.5], [1.0, 0.5]]) * region.side
    return local, edges[: 1 if technicians < 200 else 2]


def _depots(
    visits: Iterable[Visit],
    shifts: Iterable[Shift],
    local: range,
    warehouses: range,
    days: int,
) -> Iterator[Depot]:
    """Local ones have a limited stock; a warehouse has everything, but only in the morning.

    ``local`` and ``warehouses`` are the locations of either kind.
    """
    needed, in_vans = Counter[str](), Counter[str]()
    for visit in visits:
        needed.update(visit.parts)
    for shift in shifts:
        in_vans.update(shift.stock)
    for number, location in enumerate(local):
        # Plenty of the common parts, though not without end.
        stock = {part: 2 + needed[part] // (2 * len(local)) for part in PARTS}
        for part in SCARCE_PARTS:
            lacking = max(1, needed[part] - in_vans[part])
            stock[part] = lacking // len(local) + (number < lacking % len(local))
        yield Depot(
            id=f"depot-{number + 1}",
            location=location,
            duration=10 * MINUTE,
            windows=_open(days, (7 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR)),
            stock=stock,
            tools=frozenset({LENT_TOOLS[number % len(LENT_TOOLS)], *TOOLS}),
        )
    for number, location in enumerate(warehouses):
        yield Depot(
            id=f"warehouse-{number + 1}",
            location=location,
            duration=20 * MINUTE,
            windows=_open(days, (6 * HOUR, 11 * HOUR)),
            stock=None,
            tools=frozenset({*LENT_TOOLS, *TOOLS}),
        )


def _open(days: int, *hours: tuple[int, int]) -> tuple[TimeWindow, ...]:
    return tuple(
        TimeWindow(day * DAY + opens, day * DAY + closes)
        for day in range(days)
        for opens, closes in hours
    )


def _territories(towns: Iterable[int]) -> frozenset[str]:
    return frozenset(f"territory-{town + 1}" for town in towns)


def _some(rng: np.random.Generator, count: int, share: float) -> frozenset[int]:
    """A share of the numbers below ``count``, at least one."""
    chosen = rng.permutation(count)[: max(1, round(share * count))]
    return frozenset(chosen.tolist())


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one problem as JSON and say on standard error what it is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("--visits", type=int, default=1000)
    parser.add_argument("--technicians", type=int, default=100)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.json")
    parser.add_argument("--binary", action="store_true", help="matrices as .npy beside the file")
    chosen = parser.parse_args(arguments)
    since = time.monotonic()
    problem = generate(chosen.visits, chosen.technicians, chosen.seed, chosen.days)
    write_problem(problem, chosen.output, binary=chosen.binary)
    sys.stderr.write(
        f"{len(problem.visits)} visits, {len(problem.shifts)} shifts, {len(problem.depots)} depots"
        f" in {time.monotonic() - since:.1f} s: {chosen.output}\n"
    )


if __name__ == "__main__":
    main()
