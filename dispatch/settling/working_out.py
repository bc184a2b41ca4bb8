"""Where the visit of an issue could go, and what that costs, worked out with the plan in force."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import islice

from sqlmodel import Session

from dispatch.by_hand.alternatives import list_alternatives
from dispatch.by_hand.judgements import PlanChange, judge_change
from dispatch.errors import Conflict, NotFound
from dispatch.local_time import ONE_DAY
from dispatch.models import Job
from dispatch.placing.placing import PlaceOption, place_options
from dispatch.planning.live_days import LiveDays
from dispatch.settings import Settings
from dispatch.settling.issues import Issue, IssueKind
from dispatch.settling.repairs import Repair, RepairKind, change
from solver.faults import Fault

BEST = 3
"""So many places of one day are proposed at most."""
LOOKED_AT = 12
"""Of so many, those that cost least: of late visits some would be later still there."""


def repairs_of(
    session: Session,
    issues: Sequence[Issue],
    issue_id: str,
    settings: Settings,
    at: datetime,
    days: LiveDays,
) -> list[Repair]:
    """What would settle the issue, the cheapest first, and then what is at hand without a cost;
    nothing is changed. Raises ``NotFound`` if it is settled, or never was one."""
    issue = next((one for one in issues if one.id == issue_id), None)
    if issue is None:
        cause, action = "there is no such issue any more", "read the list of issues again"
        raise NotFound(Fault("unknown_issue", f"issue {issue_id}", cause, action))
    found = list(_worked_out(session, issue, settings, at, days))
    # Where it could go is known by now, and so is if there is nothing.
    is_known = issue.kind in _PLACES
    others = [one for one in issue.repairs if not (is_known and one.kind is RepairKind.PLACE)]
    return [*sorted(found, key=_cheapest_first), *others]


_PLACES = (IssueKind.CONFLICT, IssueKind.LATE, IssueKind.NO_PLACE)


def _cheapest_first(repair: Repair) -> tuple[object, ...]:
    """Of the same day before a later one."""
    return repair.values["day"], repair.cost or 0, repair.values["start_at"]


def _worked_out(
    session: Session, issue: Issue, settings: Settings, at: datetime, days: LiveDays
) -> Iterable[Repair]:
    today = at.astimezone(settings.zone).date()
    first = issue.day or today
    near = [first + n * ONE_DAY for n in range(settings.place_days)]
    for job_id in issue.job_ids:
        match issue.kind:
            case IssueKind.CONFLICT | IssueKind.LATE:
                yield from _elsewhere(session, issue, job_id, settings, at, days)
            case IssueKind.NO_PLACE:
                yield from _first_places(session, job_id, near, settings, at, days)
            case IssueKind.TOLD_OTHERWISE:
                yield from _back(session, issue, job_id, settings, at, days)


def _elsewhere(
    session: Session, issue: Issue, job_id: str, settings: Settings, at: datetime, days: LiveDays
) -> Iterable[Repair]:
    """The best places on the day that it is planned for, none of them later than where it is late
    now, and the best one of the next day."""
    day = issue.day or at.astimezone(settings.zone).date()
    for on, kind, most in (
        (day, RepairKind.REASSIGN, LOOKED_AT),
        (day + ONE_DAY, RepairKind.PUT_OFF, 1),
    ):
        try:
            found = list_alternatives(
                session, job_id, settings, day=on, at=at, limit=most, days=days
            )
        except Conflict:
            # It has begun, or is about to, or may not be on that day.
            continue
        free = [one for one in found.alternatives if not one.violations]
        places = _to(free, session.get_one(Job, job_id), kind, on, settings)
        if kind is RepairKind.PUT_OFF:
            yield from places
        else:
            yield from islice((one for one in places if _is_sooner(one, issue)), BEST)


def _is_sooner(place: Repair, issue: Issue) -> bool:
    """Whether the visit is in time there, or at least less late than it is."""
    if issue.kind is not IssueKind.LATE or "late_minutes" not in place.values:
        return True
    return bool(place.values["late_minutes"] < issue.cause.values["late_minutes"])


def _first_places(
    session: Session,
    job_id: str,
    near: Iterable[date],
    settings: Settings,
    at: datetime,
    days: LiveDays,
) -> Iterable[Repair]:
    """The best places on the first of the days that has any."""
    for number, day in enumerate(near):
        try:
            found = place_options(session, job_id, settings, day=day, at=at, limit=BEST, days=days)
        except Conflict:
            continue
        kind = RepairKind.PUT_OFF if number else RepairKind.REASSIGN
        yield from _to(found, session.get_one(Job, job_id), kind, day, settings)
        if found:
            return


def _to(
    places: Iterable[PlaceOption], job: Job, kind: RepairKind, day: date, settings: Settings
) -> Iterable[Repair]:
    for one in places:
        late_by = None if job.due_at is None else one.departure_at - job.due_at
        if late_by is not None and late_by <= settings.late_after:
            late_by = None
        where = one.technician_id, day, one.start_at
        yield change(kind, job.id, *where, one.extra_cost, late_by)


def _back(
    session: Session,
    issue: Issue,
    job_id: str,
    settings: Settings,
    at: datetime,
    days: LiveDays,
) -> Iterable[Repair]:
    """To the time that was told, with the technician who has it, if that breaks nothing."""
    told = datetime.fromisoformat(issue.cause.values["told_start_at"])
    if issue.technician_id is None or told <= at:
        return
    day = told.astimezone(settings.zone).date()
    back = PlanChange(
        job_id=job_id, technician_id=issue.technician_id, start_at=told, hold=True, day=day
    )
    try:
        found = judge_change(session, back, settings, at=at, days=days)
    except Conflict:
        return
    if found.possible:
        kind, technician = RepairKind.MOVE_BACK, issue.technician_id
        yield change(kind, job_id, technician, day, told, found.extra_cost)
