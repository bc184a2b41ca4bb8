"""A problem flattened: ``flatten`` fills its arrays, once, before the search.

What the search would ask over and over is worked out here: who may do what, which visits and shifts
are near, which shifts are alike.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from solver.kernel.arcs import arcs_of, on_cores
from solver.kernel.arrays import (
    ALWAYS,
    CALL,
    COUNT,
    NEAR,
    SHIFT,
    STATE,
    TURN,
    WEIGHTS,
    Arrays,
    Ints,
    Records,
)
from solver.kernel.bonds import bonds, links_of
from solver.kernel.days import days_of, service_times, windows_of
from solver.kernel.items import supplies_of
from solver.kernel.nearness import NONE, groups_near, mean_leg, visits_near
from solver.kernel.rests import rests
from solver.links import calendar_day
from solver.pace import at_pace
from solver.problem import LIMITS, Depot, Problem, Shift, Visit
from solver.rules.eligibility import at_pinned_time, eligibility_matrix, pair_costs
from solver.rules.lending import Lending
from solver.rules.places import ends_of, on_places

NEIGHBOURS = 100
"""So many visits near a visit are known to the ruin step, the nearest first."""
PLACES_NEAR = 2.0
FEWEST_PLACES_NEAR, MOST_PLACES_NEAR = 20, 40
"""Right behind so many visits, and right before so many, a visit is tried: times the root of the
number of visits, within bounds."""
SHIFTS_NEAR = 8
"""And on so many of the shifts that start or end nearest, at their ends."""
WAITING = 0.4
"""What a second of unavoidable waiting between two visits counts, if a second of travel is 1, on
top of its working time: it costs nothing else, but uses up the shift."""


def flatten(problem: Problem, cores: int = 1) -> Arrays:
    """The problem as arrays; the visits and shifts keep their order. What there is to work out
    about each two places of a large one, so many cores do."""
    problem = on_places(problem)
    visits = [at_pinned_time(visit) for visit in problem.visits]
    calls: list[Visit | Depot] = [*visits, *problem.depots]
    costs = problem.objective
    able = eligibility_matrix(problem)
    days, day_of = days_of(problem.shifts, calls)
    windows, spans, cheapest = windows_of(days, calls)
    pair_cents = pair_costs(problem)
    if cheapest.any():
        pair_cents += cheapest[day_of, : len(visits)].T
    lending = Lending.of(problem)
    first_need, supplies = supplies_of(problem, visits, lending)
    chains = _grouped([shift.technician for shift in problem.shifts], problem.shifts)
    of_technician = Counter(shift.technician for shift in problem.shifts)
    only = [of_technician[shift.technician] == 1 for shift in problem.shifts]
    alike = _alike(problem, only, able, pair_cents)
    groups = _grouped(alike, None)
    group_of = _member_of(groups, len(problem.shifts))
    arcs = arcs_of(problem, cores)
    near, near_before, near_after = _near_visits(problem, visits, arcs, able, cores)
    near_groups, remoteness = _near_groups(problem, arcs, able, groups)
    linked = bonds(
        [visit.id for visit in visits], problem.links, service_times(windows, day_of, able)
    )
    links = links_of(linked["bonds"]) if problem.links else [0] * len(visits)
    records = _calls(problem, calls, first_need, links)
    is_tied = bool(problem.links) or costs.worst_lateness > 0
    return Arrays(
        count=np.array(
            (
                len(visits),
                len(problem.depots),
                len(problem.shifts),
                *(supplies[name].shape[1] for name in ("van", "stock")),
                supplies["is_scarce"].any(),
                len(problem.links),
                is_tied,
                is_tied and _is_never_cheaper_later(problem, records, windows),
            ),
            dtype=COUNT,
        ),
        weights=np.array(
            (
                max((costs.at(s.rates).working_time for s in problem.shifts), default=0),
                costs.overtime,
                costs.shift_use,
                costs.imbalance,
                costs.moved_time_tolerance,
                costs.worst_lateness,
            ),
            dtype=WEIGHTS,
        ),
        arcs=arcs,
        calls=records,
        windows=windows,
        spans=spans,
        shifts=_shifts(
            problem, day_of, _member_of(chains, len(problem.shifts)), group_of, only, lending
        ),
        states=np.array(
            [state[1:] for shift in problem.shifts for state in rests(shift.breaks)[0]], dtype=STATE
        ),
        turns=np.array(
            [turn[:5] for shift in problem.shifts for turn in rests(shift.breaks)[1]], dtype=TURN
        ),
        able=able,
        pair_cents=pair_cents,
        chains=chains[0],
        chain_ends=chains[1],
        groups=groups[0],
        group_ends=groups[1],
        near=near,
        near_before=near_before,
        near_after=near_after,
        near_groups=near_groups,
        remoteness=remoteness,
        **supplies,
        **linked,
    )


def _is_never_cheaper_later(problem: Problem, calls: Records, windows: Records) -> bool:
    """Whether everything is best done as early as it can, and that is plain from the stop before:
    no price on time but for being late or not prompt, no depots, limits, breaks or second
    windows."""
    costs = [problem.objective.at(shift.rates) for shift in problem.shifts]
    is_free = not any(one.working_time or one.overtime for one in costs) and not problem.depots
    is_plain = not any(shift.breaks or _limits(shift)[0] for shift in problem.shifts)
    is_single = bool(windows["count"].max() <= 1)
    return is_free and is_plain and is_single and not calls["moved_cents"].any()


def _calls(
    problem: Problem,
    calls: Sequence[Visit | Depot],
    first_need: Sequence[int],
    links: Sequence[int],
) -> Records:
    costs = problem.objective
    rows = []
    for number, call in enumerate(calls):
        due, late_cents, published, moved_cents, price = ALWAYS, 0, 0, 0, 0
        ready, prompt_cents = 0, 0
        needs = first_need[number + 1] - first_need[number]
        if isinstance(call, Visit):
            price = problem.prices[call.id]
            if call.due is not None and (costs.lateness or costs.worst_lateness):
                due, late_cents = call.due, costs.late_cents(call.priority)
            prompt_cents = costs.prompt_cents(call.priority)
            ready = problem.ready[call.id] if prompt_cents else 0
            if call.previous is not None and costs.moved_time:
                told = costs.told_factor if call.previous.told else 1
                published, moved_cents = call.previous.start, costs.moved_time * told
        rows.append(
            (
                call.location,
                call.duration,
                links[number] if isinstance(call, Visit) else 0,
                price,
                first_need[number],
                needs,
                due,
                late_cents,
                ready,
                prompt_cents,
                published,
                moved_cents,
            )
        )
    return np.array(rows, dtype=CALL)


def _shifts(
    problem: Problem,
    day_of: Sequence[int],
    chain_of: Sequence[int],
    group_of: Sequence[int],
    only: Sequence[bool],
    lending: Lending,
) -> Records:
    rows = []
    first_state = first_turn = 0
    for number, shift in enumerate(problem.shifts):
        states, turns = rests(shift.breaks)
        costs = problem.objective.at(shift.rates)
        slots = lending.slots.get(shift.id, range(0))
        rows.append(
            (
                *ends_of(shift),
                shift.start,
                shift.end,
                shift.end + shift.max_overtime,
                costs.working_time,
                day_of[number],
                chain_of[number],
                bool(shift.breaks) or _limits(shift)[0],
                len(shift.breaks),
                sum(pause.duration for pause in shift.breaks),
                first_state,
                len(states),
                first_turn,
                len(turns),
                slots.start,
                len(slots),
                problem.fair_shares[shift.id],
                group_of[number],
                only[number],
                *_limits(shift),
                costs.travel_time,
                costs.distance,
                calendar_day(shift.start),
            )
        )
        first_state += len(states)
        first_turn += len(turns)
    return np.array(rows, dtype=SHIFT)


def _limits(shift: Shift) -> tuple[int, ...]:
    """Whether any matters, and each."""
    limits = shift.limits
    if limits.get("max_duration", ALWAYS) >= shift.end + shift.max_overtime - shift.start:
        limits = {name: most for name, most in limits.items() if name != "max_duration"}
    return (bool(limits), *(min(ALWAYS, limits.get(name, ALWAYS)) for name in LIMITS))


def _grouped(keys: Sequence[object], shifts: Sequence[Shift] | None) -> tuple[Ints, Ints]:
    """Positions with equal keys one after the other (in order of time, if these are shifts), and
    where each group ends."""
    members: dict[object, list[int]] = {}
    for position, key in enumerate(keys):
        members.setdefault(key, []).append(position)
    if shifts is not None:
        for group in members.values():
            group.sort(key=lambda position: shifts[position].start)
    order = [position for group in members.values() for position in group]
    ends = np.cumsum([len(group) for group in members.values()], dtype=np.int64)
    return np.array(order, dtype=np.int64), ends.astype(np.int64)


def _member_of(groups: tuple[Ints, Ints], size: int) -> list[int]:
    order, ends = groups
    of = [0] * size
    start = 0
    for group, end in enumerate(ends):
        for position in order[start:end]:
            of[position] = group
        start = end
    return of


def _alike(
    problem: Problem, only: Sequence[bool], able: npt.NDArray[np.bool_], pair_cents: Ints
) -> list[object]:
    """A key for each shift; those with the same key can stand in for each other while empty. Only
    such that are the only ones of their technician can."""
    keys: list[object] = []
    for number, shift in enumerate(problem.shifts):
        if not only[number]:
            keys.append(number)
            continue
        keys.append(
            (
                (shift.start_location, shift.end_location),
                (shift.start, shift.end, shift.max_overtime),
                tuple((b.window, b.duration) for b in shift.breaks),
                tuple(shift.limits.items()),
                (shift.pace, *sorted(shift.paces.items()), shift.rates),
                tuple(sorted(shift.stock.items())),
                tuple(sorted(shift.tools)),
                able[:, number].tobytes(),
                pair_cents[:, number].tobytes(),
            )
        )
    return keys


def _near_visits(
    problem: Problem,
    visits: Sequence[Visit],
    arcs: Ints,
    able: npt.NDArray[np.bool_],
    cores: int,
) -> tuple[Ints, Records, Records]:
    """For each visit those around it, those to come from, and those to go on to."""
    size = len(visits)
    weight = problem.objective.working_time
    at = _ints(visit.location for visit in visits)
    opens = _ints(min((w.start for w in v.windows), default=-ALWAYS) for v in visits)
    closes = _ints(max((w.end for w in v.windows), default=ALWAYS) for v in visits)
    service = _ints(at_pace(visit.duration, problem.paces[0]) for visit in visits)
    kinds, meet = np.zeros(size, dtype=np.int64), np.ones((1, 1), dtype=np.bool_)
    if problem.links:
        closes = np.maximum(opens, np.minimum(closes, _dues(visits) - service))
        kinds, meet = _kinds(able)
    places = int(min(MOST_PLACES_NEAR, max(FEWEST_PLACES_NEAR, PLACES_NEAR * size**0.5)))
    around, before, after = (
        np.full((size, min(most, max(0, size - 1))), NONE, dtype=np.int64)
        for most in (NEIGHBOURS, places, places)
    )
    cents, seconds = mean_leg(arcs, at)
    waiting = weight + WAITING * max(1.0, cents + weight * seconds) / max(1.0, seconds)
    told = (arcs, at, service, opens, closes, weight, waiting, kinds, meet, around, before, after)
    on_cores(cores, size, lambda first, last: visits_near(first, last, *told))
    return (
        around,
        _with_legs(before, lambda others, here: arcs[at[others], at[here], 0]),
        _with_legs(after, lambda others, here: arcs[at[here], at[others], 0]),
    )


def _dues(visits: Iterable[Visit]) -> Ints:
    """When visits have to be over to be in time."""
    return _ints(ALWAYS if v.due is None else v.due for v in visits)


def _kinds(able: npt.NDArray[np.bool_]) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """A number for each visit, the same where the same shifts are able to do it, and of which two
    numbers any shift is able to do both."""
    if not len(able):
        return np.zeros(0, dtype=np.int64), np.ones((1, 1), dtype=np.bool_)
    rows, kinds = np.unique(able, axis=0, return_inverse=True)
    meet = rows.astype(np.float32) @ rows.T.astype(np.float32) > 0
    return kinds.reshape(-1).astype(np.int64), meet


def _with_legs(near: Ints, leg: Callable[[Ints, Ints], Ints]) -> Records:
    found = np.zeros(near.shape, dtype=NEAR)
    found["visit"] = near
    if near.size:
        here = np.broadcast_to(np.arange(len(near))[:, None], near.shape)
        found["leg"] = np.where(near == NONE, 0, leg(np.maximum(near, 0), here))
    return found


def _near_groups(
    problem: Problem,
    arcs: Ints,
    able: npt.NDArray[np.bool_],
    groups: tuple[Ints, Ints],
) -> tuple[Ints, Ints]:
    """For each visit the groups of shifts that start and end near it, and how far it is on average
    from where shifts start and end."""
    size = len(problem.visits)
    at = _ints(visit.location for visit in problem.visits)
    first = groups[0][np.concatenate([[0], groups[1]])[: len(groups[1])].astype(np.int64)]
    starts = _ints(ends_of(problem.shifts[number])[0] for number in first)
    ends = _ints(ends_of(problem.shifts[number])[1] for number in first)
    near = np.full((size, min(SHIFTS_NEAR, len(first))), NONE, dtype=np.int64)
    remoteness = np.zeros(size, dtype=np.int64)
    weight = problem.objective.working_time
    theirs = np.ascontiguousarray(able[:, first])
    groups_near(arcs, at, starts, ends, theirs, weight, near, remoteness)
    return near, remoteness


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)
