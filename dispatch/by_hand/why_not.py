"""Why a job is on no route: what is in the way with each technician, and what would let it in.

Whatever is said to let it in was tried: the job was put there with that change alone, and the
checker found nothing broken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from dispatch.by_hand.judgements import (
    BrokenRule,
    JudgedVisit,
    WaiverOut,
    broken_rule,
    does_not_work_then,
    told,
    waiver_out,
)
from dispatch.by_hand.judging import Trial
from dispatch.by_hand.moves import Move
from dispatch.by_hand.rule_words import unit
from dispatch.models import Plan, PlanUnassigned, now
from dispatch.output import Output
from dispatch.placing.placing import attendable, conflict, live_day, plannable, today
from dispatch.planning.broken_rules import broken
from dispatch.planning.live_crews import place_crew
from dispatch.planning.live_day import LiveDay
from dispatch.planning.live_days import LiveDays
from dispatch.planning.translate import NEEDS_LOCATION
from dispatch.plans.contents import Reason
from dispatch.settings import Settings
from solver.draft.draft import Draft
from solver.draft.insertion import has_place
from solver.draft.part import left_by
from solver.explain.least_change import Relaxation, effort, placed
from solver.problem import Shift, Visit
from solver.rules.eligibility import stock_of
from solver.rules.waivers import Waiver
from solver.solution import ReasonCode, Route, Rule
from solver.timing.slack import Slack

MOST_CHANGES = 3
"""So many ways to let a job in are told of each technician's shift."""
BUMP = 30
"""A visit that has to leave weighs as much as so many minutes."""


class WayIn(Output):
    """A change with which the technician's shift could take the job; it has been tried."""

    waivers: list[WaiverOut]
    """Rules to be set aside; empty: it fits as it is, or instead of other jobs."""
    bumped_job_ids: list[str]
    """Less important jobs that would have to leave the route."""
    extra_cost: int
    """Cents that the route costs more then."""
    visit: JudgedVisit


class TechnicianWhyNot(Output):
    """What is in the way with one technician, on one shift."""

    technician_id: str
    technician: str
    shift_starts_at: datetime | None
    """Null if the technician does not work on that day."""
    obstacles: list[BrokenRule]
    """What would be broken, with the least amounts; empty if there is room for it."""
    changes: list[WayIn]
    """What would let it in, the smallest change first; none if nothing was found."""


class PartSource(Output):
    """Where a part or a tool that somebody lacks can be had."""

    part_id: str | None
    tool_id: str | None
    depot_ids: list[str]
    technician_ids: list[str]
    """Who has enough of it in the van for this job alone."""


class WhyNot(Output):
    """Why a job is on no route of a day."""

    job_id: str
    day: date
    reasons: list[Reason]
    """What the plan that left it out said, or what keeps it from any plan."""
    technicians: list[TechnicianWhyNot]
    """Whoever needs the smallest change first."""
    sources: list[PartSource]
    """Of all that the job needs."""


@dataclass(frozen=True, slots=True)
class _CheckedChange:
    """A change under which the shift's route, checked, has the job on it."""

    waivers: Relaxation
    bumped: tuple[Visit, ...]
    route: Route
    extra: int

    @property
    def size(self) -> tuple[int, int, int]:
        number, minutes = effort(self.waivers)
        return number + len(self.bumped), minutes + BUMP * len(self.bumped), self.extra


def explain_unassigned(
    session: Session,
    job_id: str,
    settings: Settings,
    *,
    day: date | None = None,
    at: datetime | None = None,
    days: LiveDays | None = None,
) -> WhyNot:
    """What keeps the job off every route of the local ``day`` (None: today) as the plan in force
    stands; nothing is changed.

    Raises ``NotFound``, or ``Conflict`` if the job is on a route, has begun, or is not to be
    attended on that day.
    """
    at = at or now()
    day = day or today(at, settings)
    plannable(session, job_id)
    live = live_day(session, day, settings, at, days)
    translation = live.translation
    stored = _stored_reasons(session, job_id)
    if job_id in translation.left_out:
        return WhyNot(
            job_id=job_id,
            day=day,
            reasons=[_left_out(live, job_id)],
            technicians=[],
            sources=[],
        )
    attendable(live, job_id, day)
    if job_id in live.waiting and not place_crew(live.copy(), job_id):
        why = live.waiting[job_id]
        reason = Reason(code=ReasonCode.NOT_FOUND.value, rule=why.rule.value, message=why.message)
        return WhyNot(job_id=job_id, day=day, reasons=[reason], technicians=[], sources=[])
    visit = live.draft.visit(job_id)
    if visit.previous is not None:
        raise conflict("is_placed", job_id, "it is on a route", "ask for its alternatives")
    found = [_look(live, visit, shift, day) for shift in live.shifts]
    found += [
        _absent(facts.technician.id, facts.technician.name)
        for facts in translation.snapshot.technicians
        if all(shift.technician != facts.technician.id for shift in live.problem.shifts)
    ]
    found.sort(key=lambda one: one[0])
    return WhyNot(
        job_id=job_id,
        day=day,
        reasons=stored,
        technicians=[one for _, one in found],
        sources=list(_sources(live, visit)),
    )


Key = tuple[bool, tuple[int, int, int], str]
"""Whether nothing helps, the size of the smallest change, and who."""


def _look(live: LiveDay, visit: Visit, shift: Shift, day: date) -> tuple[Key, TechnicianWhyNot]:
    trial = Trial(live, {visit.id: None}, [shift])
    by_waivers = list(_with_waivers(trial, shift)) if live.is_tenable(shift) else []
    moment = live.translation.moment
    if by_waivers:
        obstacles = [_obstacle(waiver) for waiver in by_waivers[0].waivers]
    else:
        forced = trial.put(shift, Move(visit.id, shift.technician, day))
        obstacles = [broken_rule(live, found, shift.technician) for found in forced.violations]
    ways = list(by_waivers)
    if obstacles and live.is_tenable(shift):
        ways += _instead_of_others(trial, visit, shift)
    ways.sort(key=lambda way: way.size)
    changes = []
    for way in ways[:MOST_CHANGES]:
        stop = next(stop for stop in way.route.stops if stop.id == visit.id)
        changes.append(
            WayIn(
                waivers=[waiver_out(live, waiver) for waiver in way.waivers],
                bumped_job_ids=[other.id for other in way.bumped],
                extra_cost=way.extra,
                visit=JudgedVisit(
                    technician_id=shift.technician,
                    arrival_at=moment(stop.arrival),
                    start_at=moment(stop.start),
                    departure_at=moment(stop.departure),
                ),
            )
        )
    names = {
        facts.technician.id: facts.technician.name
        for facts in live.translation.snapshot.technicians
    }
    return (not ways, ways[0].size if ways else (0, 0, 0), shift.id), TechnicianWhyNot(
        technician_id=shift.technician,
        technician=names[shift.technician],
        shift_starts_at=live.translation.shifts[shift.id].starts_at,
        obstacles=obstacles,
        changes=changes,
    )


def _with_waivers(trial: Trial, shift: Shift) -> Iterator[_CheckedChange]:
    for found in placed(trial.problem, trial.rest, trial.job_ids[0], shift.id):
        way = _checked(trial, found.draft, shift, found.change, ())
        if way is not None:
            yield way


def _instead_of_others(trial: Trial, visit: Visit, shift: Shift) -> Iterator[_CheckedChange]:
    """The job in the place of one that matters less; pinned visits, and those that the customer was
    told of, stay."""
    draft = trial.draft
    mine = next(own for own in draft.problem.shifts if own.id == shift.id)
    if mine not in draft.eligible[visit.id]:
        return
    for other in [call for call in trial.rest[shift.id] if isinstance(call, Visit)]:
        told = other.previous is not None and other.previous.told
        if other.priority >= visit.priority or other.pin is not None or told:
            continue
        kept = tuple(call for call in trial.rest[shift.id] if call is not other)
        slack = Slack(mine, kept, draft.legs)
        if not has_place(draft, draft.visit(visit.id), mine, kept, slack):
            continue
        for found in placed(trial.problem, {**trial.rest, shift.id: kept}, visit.id, shift.id):
            way = None
            if not found.change:
                way = _checked(trial, found.draft, shift, (), (other,))
            if way is not None:
                yield way
            break


def _checked(
    trial: Trial, draft: Draft, shift: Shift, change: Relaxation, bumped: tuple[Visit, ...]
) -> _CheckedChange | None:
    """The way, if its routes break nothing with the change made."""
    routes = trial.routes(draft, draft.sequences)
    if broken(draft.problem, routes):
        return None
    route = next(route for route in routes if route.shift == shift.id)
    return _CheckedChange(change, bumped, route, trial.extra_cost(routes))


def _obstacle(waiver: Waiver) -> BrokenRule:
    of_day = waiver.rule in {Rule.SHIFT, Rule.BREAKS}
    return BrokenRule(
        rule=waiver.rule,
        job_id=None if of_day else waiver.visit,
        technician_id=waiver.technician,
        subject=waiver.subject,
        amount=waiver.amount,
        unit=unit(waiver.rule, [waiver.subject]),
        message=told(waiver),
        existing=False,
    )


def _absent(technician_id: str, name: str) -> tuple[Key, TechnicianWhyNot]:
    obstacle = does_not_work_then(technician_id)
    return (True, (1, 0, 0), technician_id), TechnicianWhyNot(
        technician_id=technician_id,
        technician=name,
        shift_starts_at=None,
        obstacles=[obstacle],
        changes=[],
    )


def _stored_reasons(session: Session, job_id: str) -> list[Reason]:
    """Those of the newest published plan that left the job out."""
    row = session.exec(
        select(PlanUnassigned)
        .join(Plan, col(Plan.id) == PlanUnassigned.plan_id)
        .where(PlanUnassigned.job_id == job_id, col(Plan.version).is_not(None))
        .order_by(col(Plan.version).desc())
        .limit(1)
    ).first()
    return [Reason(**reason) for reason in row.reasons] if row else []


def _left_out(live: LiveDay, job_id: str) -> Reason:
    why = live.translation.left_out[job_id]
    if why is None:
        return Reason(
            code=NEEDS_LOCATION,
            rule=None,
            message="Its site has no coordinates; correct the address or give the coordinates.",
        )
    return Reason(code=ReasonCode.IMPOSSIBLE.value, rule=why.rule.value, message=why.message)


def _sources(live: LiveDay, visit: Visit) -> Iterator[PartSource]:
    """Where what is needed can be had, as far as others leave it there."""
    depots = left_by(live.draft, ())
    in_van, taken = live.draft.supplies.in_van, live.draft.taken_by_others()
    for part, needed in sorted(visit.parts.items()):
        yield PartSource(
            part_id=part,
            tool_id=None,
            depot_ids=[depot.id for depot in depots if stock_of(depot, part) > 0],
            technician_ids=sorted(
                {
                    shift.technician
                    for shift in live.problem.shifts
                    if in_van[shift.id].get(part, 0) >= needed
                }
            ),
        )
    for tool in sorted(visit.tools):
        yield PartSource(
            part_id=None,
            tool_id=tool,
            depot_ids=[
                depot.id
                for depot in live.draft.problem.depots
                if any(
                    live.draft.lending.has_one(depot, tool, shift, taken)
                    for shift in live.draft.problem.shifts
                )
            ],
            technician_ids=sorted(
                {shift.technician for shift in live.problem.shifts if tool in shift.tools}
            ),
        )
