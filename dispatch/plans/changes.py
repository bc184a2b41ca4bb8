"""What a plan changes of what is in force, and what that is worth."""

from collections.abc import Collection, Mapping

from pydantic import Field

from dispatch.output import Output
from dispatch.planning.translate import Translation
from dispatch.settings import Settings
from solver.rules.cost import cost
from solver.solution import Rule, Solution, StopKind

CHANGING = (Rule.CHANGED_TECHNICIAN, Rule.MOVED_TIME)
"""What changes cost because they are changes."""


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
    problem = translation.problem
    kept, new = _placed(before), _placed(after)
    old = kept | _not_kept(translation, kept)
    tolerance = problem.objective.moved_time_tolerance
    both = old.keys() & new.keys()
    reassigned = {job for job in both if old[job][0] != new[job][0]}
    moved = {job for job in both - reassigned if abs(old[job][1] - new[job][1]) > tolerance}
    removed = old.keys() - new.keys()
    disturbed = removed | reassigned | moved
    told = {facts.job.id for facts in translation.snapshot.jobs if facts.job.told_at is not None}
    costs = [_costs(translation, placed) for placed in (before, after)]
    totals = [sum(c for rule, c in one.items() if rule not in CHANGING) for one in costs]
    untenable = disturbed - kept.keys()
    different = _technicians_with_changes(before, after) | {old[job][0] for job in untenable}
    return PlanChanges(
        added_job_ids=sorted(new.keys() - old.keys()),
        removed_job_ids=sorted(removed),
        reassigned_job_ids=sorted(reassigned),
        moved_job_ids=sorted(moved),
        told_job_ids=sorted(told & disturbed),
        untenable_job_ids=sorted(untenable),
        technician_ids=sorted(different),
        cost_before={rule.value: cents for rule, cents in costs[0].items() if cents},
        cost_after={rule.value: cents for rule, cents in costs[1].items() if cents},
        saved=totals[0] - totals[1],
        price_of_change=sum(costs[1][rule] for rule in CHANGING),
    )


def _not_kept(translation: Translation, kept: Collection[str]) -> dict[str, tuple[str, int]]:
    """Technician and start of each visit in force that has not begun, and that its route cannot
    keep: somebody counts on it all the same."""
    waiting = {facts.job.id for facts in translation.snapshot.jobs}
    waiting -= {*kept, *translation.begun}
    return {
        stop.job_id: (found.route.technician_id, translation.seconds(stop.start_at))
        for found in translation.snapshot.live
        for stop in found.stops
        if stop.job_id is not None and stop.job_id in waiting
    }


def _placed(solution: Solution) -> dict[str, tuple[str, int]]:
    """Technician and start of each visit."""
    return {
        stop.id: (route.technician, stop.start)
        for route in solution.routes
        for stop in route.stops
        if stop.kind is StopKind.VISIT
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
    placed = _placed(solution)
    left_out = [
        visit.id
        for visit in translation.problem.visits
        if visit.id not in placed and visit.id not in translation.overnight
    ]
    return cost(translation.problem, solution.routes, left_out)
