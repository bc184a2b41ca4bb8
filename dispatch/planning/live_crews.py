"""A crew put into the plan in force as one, where nobody of it has a place yet."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from dispatch.planning.candidates import CandidateRoute, depots_of, visits_of
from dispatch.planning.live_day import LiveDay
from dispatch.planning.ties import for_nobody
from solver.draft.closing import Patience
from solver.draft.crews import Crews
from solver.draft.draft import Draft
from solver.links import linked
from solver.problem import Visit
from solver.rules.cost import RouteCost
from solver.solution import Rule

MOST_ATTEMPTS = 2_000
"""So many places are priced before a crew has none: others wait for what becomes of it."""


def place_crew(
    live: LiveDay, job_id: str, technicians: Collection[str] | None = None
) -> Mapping[str, CandidateRoute]:
    """Put the crew of the job where it costs least, the job itself with one of these technicians
    (None: anybody); by its jobs, the routes that they come to. Nothing is changed, and none are
    found, if it has no place, or waits for more than the rest of the crew.
    """
    crew = _crew_of(live, job_id)
    draft = crew and _with_crew(live, job_id, crew, technicians)
    if not draft:
        return {}
    shifts = {shift.id: shift for shift in live.shifts}
    before, price = live.draft.sequences, RouteCost(live.problem)
    ways: dict[str, CandidateRoute] = {}
    for route in draft.routes():
        old, new = before[route.shift], draft.sequences[route.shift]
        shift = shifts[route.shift]
        joining = set(visits_of(new)) - set(visits_of(old))
        if not joining:
            continue
        if not live.leaves_enough(shift, new):
            return {}
        extra = sum(cents for _, cents in price.of(route)) - live.cents_of(shift)
        calls = tuple((depots_of(new) - depots_of(old)).elements())
        ways |= dict.fromkeys(joining, CandidateRoute(shift, new, route, extra, calls))
    live.draft = draft
    starts = {stop.id: stop.start for way in ways.values() for stop in way.route.stops}
    live.hold({name: starts[name] for name in crew})
    return ways


def _crew_of(live: LiveDay, job_id: str) -> tuple[str, ...]:
    """The crew that the job waits for; nobody if it waits for anything else as well."""
    links = live.draft.problem.links
    crew = next((linked(link) for link in links if job_id in linked(link)), ())
    is_all = all(live.waiting[name].rule is Rule.TOGETHER for name in crew)
    return crew if is_all and not any(map(live.is_placed, crew)) else ()


def _with_crew(
    live: LiveDay, job_id: str, crew: Collection[str], technicians: Collection[str] | None
) -> Draft | None:
    """The draft with the crew in it; None if there is no place for it. Routes that cannot be kept
    as they are take nobody."""
    full = {shift.technician for shift in live.shifts if not live.is_tenable(shift)}

    def asked(visit: Visit) -> Visit:
        if visit.id not in crew:
            return visit
        forbidden, allowed = visit.forbidden | full, visit.allowed
        if visit.id == job_id and technicians is not None:
            wanted = frozenset(technicians)
            allowed = wanted if allowed is None else allowed & wanted
        if allowed is not None and allowed <= forbidden:
            return for_nobody(visit, problem)
        return replace(visit, allowed=allowed, forbidden=forbidden)

    problem = live.draft.problem
    # Those of the draft are held where crews that were placed before have to meet.
    draft = Draft(replace(problem, visits=tuple(map(asked, live.draft.visits))))
    draft.take(live.draft.sequences)
    crews = Crews(draft)
    group = next((one for one in crews.waiting() if any(job_id in unit for unit in one)), None)
    if group is None or not crews.place(group, Patience(MOST_ATTEMPTS)):
        return None
    return draft
