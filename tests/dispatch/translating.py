"""The company's rows as a problem, and simple solutions of it."""

from datetime import date, datetime

from sqlmodel import Session

from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.planning.translation import Translation
from dispatch.settings import Settings
from solver.problem import Shift, Visit
from solver.solution import (
    SOFT,
    Reason,
    ReasonCode,
    Route,
    Rule,
    Solution,
    Stop,
    StopKind,
    Unassigned,
)
from tests.dispatch.crew import (
    MONDAY,
    SUNDAY_EVENING,
)

HOUR = 3600
ON_MONDAY = "@2027-03-01T08:00+0700"


def translated(
    session: Session,
    settings: Settings,
    first: date = MONDAY,
    last: date | None = None,
    territory: str | None = None,
    at: datetime = SUNDAY_EVENING,
) -> Translation:
    session.flush()
    snapshot = load_snapshot(session, Scope(first, last or first, territory), at)
    return to_problem(snapshot, settings)


def visit(translation: Translation, name: str) -> Visit:
    return translation.visits[name]


def visits(translation: Translation) -> set[str]:
    return set(translation.visits)


def shift(translation: Translation, number: int = 0) -> Shift:
    return translation.problem.shifts[number]


def nothing(found: Translation) -> Solution:
    return Solution((), (), dict.fromkeys(SOFT, 0))


def one_route(found: Translation, name: str, *visited: str) -> Solution:
    """A route over these visits as early as can be, without a look at any other rule."""
    there = next(s for s in found.problem.shifts if s.id == name)
    moment, where = there.start, there.start_location
    stops = []
    for called in visited:
        arrival = moment + int(found.problem.travel_time[where, visit(found, called).location])
        start = max(arrival, visit(found, called).windows[0].start)
        moment, where = start + visit(found, called).duration, visit(found, called).location
        stops.append(Stop(StopKind.VISIT, called, arrival, start, moment))
    end = moment + int(found.problem.travel_time[where, there.end_location])
    route = Route(name, there.technician, there.start, end, tuple(stops))
    return Solution((route,), (), dict.fromkeys(SOFT, 7))


def solved_without(found: Translation, costs: dict[Rule, int]) -> Solution:
    reason = Reason(ReasonCode.NOT_FOUND, None, "nobody looked")
    out = tuple(Unassigned(v.id, (reason,)) for v in found.problem.visits)
    return Solution((), out, costs)
