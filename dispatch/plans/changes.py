"""What a plan changes of what is in force, and what that is worth."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from dispatch.output import Output
from dispatch.planning.translation import Translation
from dispatch.settings import Settings
from solver.rules.cost import cost
from solver.solution import Rule, Solution, StopKind

CHANGING = (Rule.CHANGED_TECHNICIAN, Rule.MOVED_TIME)
"""What changes cost because they are changes."""


UNSEEN = timedelta(seconds=59)
"""Clocks show minutes: what begins so little earlier or later looks the same on all pages."""


class DifferenceKind(StrEnum):
    """What happened to a job; the first that fits."""

    ADDED = "added"
    """It is placed now and was not before."""
    REMOVED = "removed"
    """It was placed before and is not any more."""
    TECHNICIAN = "technician"
    """Another technician has it."""
    TIME = "time"
    """The same technician has it at another time."""


class Assignment(Output):
    """Who attends a job, and when service starts."""

    technician_id: str
    start_at: datetime


def difference(
    old: Assignment | None, new: Assignment | None, tolerance: timedelta = UNSEEN
) -> DifferenceKind | None:
    """What happens to a job; None if it stays as it is, or begins no more than the ``tolerance``
    earlier or later."""
    if old is None or new is None:
        if old is new:
            return None
        return DifferenceKind.ADDED if old is None else DifferenceKind.REMOVED
    if old.technician_id != new.technician_id:
        return DifferenceKind.TECHNICIAN
    return DifferenceKind.TIME if abs(old.start_at - new.start_at) > tolerance else None


def tolerance_of(settings: Settings) -> timedelta:
    """By how much a visit may move before anybody notices."""
    return timedelta(seconds=settings.objective.moved_time_tolerance)


class PlanChanges(Output):
    """From what was in force to the plan, both as things were when the plan was made.

    What has happened, and what was about to, is on neither side. Costs are in cents by soft rule;
    a job that is not placed costs what leaving it out does.
    """

    added_job_ids: list[str]
    """Placed now, and not before."""
    removed_job_ids: list[str]
    """Placed before, and not any more."""
    reassigned_job_ids: list[str]
    """With another technician."""
    moved_job_ids: list[str]
    """With the same technician, at another time, beyond the tolerance."""
    told_job_ids: list[str]
    """Those of the last three whose customers were told the old time."""
    untenable_job_ids: list[str] = Field(default_factory=list)
    """Those of the three that could not stay in any case: their technicians are not there for them
    any more, or cannot do them, or not in time."""
    technician_ids: list[str]
    """Whose routes are different."""
    cost_before: dict[str, int]
    cost_after: dict[str, int]
    saved: int
    """Cents that the plan costs less, its changes not counted."""
    price_of_change: int
    """Cents that the objective asks for its changes."""

    @property
    def is_any(self) -> bool:
        """Whether any visit is elsewhere, or at another time."""
        return bool(self.added_job_ids or self.disturbed)

    @property
    def disturbed(self) -> list[str]:
        """Jobs that somebody counted on."""
        return [*self.removed_job_ids, *self.reassigned_job_ids, *self.moved_job_ids]

    def is_small(self, settings: Settings) -> bool:
        """Whether the policy lets it be published without asking anybody. What cannot stay is no
        choice of the plan's."""
        untenable = {*self.untenable_job_ids}
        return (
            len({*self.disturbed} - untenable) <= settings.small_change_jobs
            and not {*self.removed_job_ids} - untenable
            and not {*self.told_job_ids} - untenable
        )


def changes_of(translation: Translation, before: Solution, after: Solution) -> PlanChanges:
    """From what is in force to the solution; ``before`` is what can be kept of it."""
    kept, new = assignments(translation, before), assignments(translation, after)
    old = kept | _not_kept(translation, kept)
    tolerance = timedelta(seconds=translation.problem.objective.moved_time_tolerance)
    jobs: dict[DifferenceKind, set[str]] = {kind: set() for kind in DifferenceKind}
    for job in old.keys() | new.keys():
        kind = difference(old.get(job), new.get(job), tolerance)
        if kind is not None:
            jobs[kind].add(job)
    disturbed = set[str]().union(*jobs.values()) - jobs[DifferenceKind.ADDED]
    told = {facts.job.id for facts in translation.snapshot.jobs if facts.job.told_at is not None}
    costs = [_costs(translation, placed) for placed in (before, after)]
    totals = [sum(c for rule, c in one.items() if rule not in CHANGING) for one in costs]
    untenable = disturbed - kept.keys()
    different = _technicians_with_changes(before, after)
    different |= {old[job].technician_id for job in untenable}
    return PlanChanges(
        added_job_ids=sorted(jobs[DifferenceKind.ADDED]),
        removed_job_ids=sorted(jobs[DifferenceKind.REMOVED]),
        reassigned_job_ids=sorted(jobs[DifferenceKind.TECHNICIAN]),
        moved_job_ids=sorted(jobs[DifferenceKind.TIME]),
        told_job_ids=sorted(told & disturbed),
        untenable_job_ids=sorted(untenable),
        technician_ids=sorted(different),
        cost_before={rule.value: cents for rule, cents in costs[0].items() if cents},
        cost_after={rule.value: cents for rule, cents in costs[1].items() if cents},
        saved=totals[0] - totals[1],
        price_of_change=sum(costs[1][rule] for rule in CHANGING),
    )


def assignments(translation: Translation, solution: Solution) -> dict[str, Assignment]:
    """Where the solution has each visit."""
    return {
        stop.id: Assignment(technician_id=route.technician, start_at=translation.moment(stop.start))
        for route in solution.routes
        for stop in route.stops
        if stop.kind is StopKind.VISIT
    }


def _not_kept(translation: Translation, kept: Collection[str]) -> dict[str, Assignment]:
    """Each visit in force that has not begun, and that its route cannot keep: somebody counts on it
    all the same."""
    waiting = {facts.job.id for facts in translation.snapshot.jobs}
    waiting -= {*kept, *translation.begun}
    return {
        stop.job_id: Assignment(technician_id=found.route.technician_id, start_at=stop.start_at)
        for found in translation.snapshot.live
        for stop in found.stops
        if stop.job_id is not None and stop.job_id in waiting
    }


def _technicians_with_changes(before: Solution, after: Solution) -> set[str]:
    def sequences(solution: Solution) -> dict[tuple[str, str], list[str]]:
        return {
            (route.technician, route.shift): [
                stop.id for stop in route.stops if stop.kind is not StopKind.BREAK
            ]
            for route in solution.routes
        }

    old, new = sequences(before), sequences(after)
    return {key[0] for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _costs(translation: Translation, solution: Solution) -> Mapping[Rule, int]:
    """What leaves its day's plan for the next one costs nothing: it was never to be in it."""
    placed = assignments(translation, solution)
    left_out = [
        visit.id
        for visit in translation.problem.visits
        if visit.id not in placed and visit.id not in translation.overnight
    ]
    return cost(translation.problem, solution.routes, left_out)
