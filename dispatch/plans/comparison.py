"""What changes from one plan to another."""

from sqlmodel import Session

from dispatch.output import Output
from dispatch.plans.changes import Assignment, DifferenceKind, difference
from dispatch.plans.plans import PlannedStop, PlanOut, PlanSummary, read_plan


class Difference(Output):
    """A job that the two plans treat differently."""

    job_id: str
    change: DifferenceKind
    old: Assignment | None
    new: Assignment | None


class PlanComparison(Output):
    """From the old plan to the new one. Differences are new minus old, costs in cents."""

    old: PlanSummary
    new: PlanSummary
    unchanged: int
    """Jobs that are placed alike, give or take less than a minute."""
    changes: list[Difference]
    objective: int
    cost: dict[str, int]
    """By soft rule."""
    travel_seconds: int
    distance_metres: int
    jobs_placed: int


def compare_plans(session: Session, old_id: int, new_id: int) -> PlanComparison:
    """Compare two plans, published or not, job by job. Raises ``NotFound``."""
    old, new = read_plan(session, old_id), read_plan(session, new_id)
    before, after = _assignments(old), _assignments(new)
    changes = []
    for job_id in sorted(before.keys() | after.keys()):
        was, is_ = before.get(job_id), after.get(job_id)
        change = difference(was, is_)
        if change is not None:
            changes.append(Difference(job_id=job_id, change=change, old=was, new=is_))
    costs = {**old.totals.cost, **new.totals.cost}
    return PlanComparison(
        old=PlanSummary.model_validate(old, from_attributes=True),
        new=PlanSummary.model_validate(new, from_attributes=True),
        unchanged=len(before.keys() | after.keys()) - len(changes),
        changes=changes,
        objective=new.totals.objective - old.totals.objective,
        cost={rule: new.totals.cost.get(rule, 0) - old.totals.cost.get(rule, 0) for rule in costs},
        travel_seconds=new.totals.travel_seconds - old.totals.travel_seconds,
        distance_metres=new.totals.distance_metres - old.totals.distance_metres,
        jobs_placed=new.totals.jobs_placed - old.totals.jobs_placed,
    )


def _assignments(plan: PlanOut) -> dict[str, Assignment]:
    def assignment(technician_id: str, stop: PlannedStop) -> Assignment:
        return Assignment(technician_id=technician_id, start_at=stop.start_at)

    return {
        stop.job_id: assignment(route.technician_id, stop)
        for route in plan.routes
        for stop in route.stops
        if stop.job_id is not None
    }
