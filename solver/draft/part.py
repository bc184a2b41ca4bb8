"""A few technicians cut out of a plan, to try on them alone what nobody else notices."""

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from solver.draft.draft import Draft
from solver.draft.supply import with_left
from solver.problem import Depot, Problem, Visit
from solver.rules.places import asked_for
from solver.timing.schedule import Call, Sequences


def part_of(draft: Draft, technicians: Collection[str], visits: Iterable[str]) -> Problem:
    """The problem of these technicians with these visits alone.

    Depots have what all others leave there. Locations are numbered anew, shares of the work are
    not fair any more: costs are those of the whole problem.
    """
    whole = asked_for(draft.problem)
    names = set(visits)
    chosen = [visit for visit in whole.visits if visit.id in names]
    shifts = [shift for shift in whole.shifts if shift.technician in technicians]
    left = zip(whole.depots, left_by(draft, technicians), strict=True)
    depots = [replace(depot, stock=now.stock, tool_counts=now.tool_counts) for depot, now in left]
    used = {visit.location for visit in chosen} | {depot.location for depot in depots}
    ends = {end for shift in shifts for end in (shift.start_location, shift.end_location)}
    locations = sorted(used | {end for end in ends if end is not None})
    row = {location: number for number, location in enumerate(locations)}

    def end(location: int | None) -> int | None:
        return None if location is None else row[location]

    cut = np.ix_(locations, locations)
    return Problem(
        visits=tuple(replace(visit, location=row[visit.location]) for visit in chosen),
        shifts=tuple(
            replace(
                shift,
                start_location=end(shift.start_location),
                end_location=end(shift.end_location),
            )
            for shift in shifts
        ),
        travel_time=whole.travel_time[cut],
        distance=whole.distance[cut],
        depots=tuple(replace(depot, location=row[depot.location]) for depot in depots),
        objective=whole.objective,
    )


def left_by(draft: Draft, technicians: Collection[str]) -> tuple[Depot, ...]:
    """The depots with what everybody but these technicians leaves there."""
    shifts = [shift for name in technicians for shift in draft.chains.get(name, ())]
    taken = draft.taken_by_others(*technicians)
    return with_left(draft.problem.depots, shifts, taken, draft.lending)


def calls_of(draft: Draft, sequences: Sequences) -> dict[str, tuple[Call, ...]]:
    """The same sequences, by shift, with the draft's own visits and depots, of shifts it has."""
    depots = {depot.id: depot for depot in draft.problem.depots}
    return {
        name: tuple(
            draft.visit(call.id) if isinstance(call, Visit) else depots[call.id] for call in calls
        )
        for name, calls in sequences.items()
        if name in draft.sequences
    }
