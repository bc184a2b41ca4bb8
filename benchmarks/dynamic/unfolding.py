"""A day as it unfolds: requests come in, each time the plan is made anew, technicians drive by it.

Nothing here looks at a request before its release date.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.dynamic.foresight import foreseen, pressure
from benchmarks.dynamic.releases import DynamicInstance
from benchmarks.dynamic.replanning import Effort, replanned
from benchmarks.dynamic.tours import Tour, drive
from solver.problem import Visit
from solver.timing.schedule import Call


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about requests that are not known yet.

    A day is pressed if for at least the share ``pressed`` of requests, were they to come in like
    that, fewer than ``few`` technicians at home would not be too late. Then routes begin as early
    as they can without waiting for it, and room is kept for requests as they may come in, if the
    share that comes in during the day were only ``foreseen`` times what it is. On other days routes
    begin as late as they can, by what is known.
    """

    few: int = 5
    pressed: float = 0.08
    foreseen: float = 0.5


@dataclass(frozen=True, slots=True)
class UnfoldedDay:
    """What everybody did, who could not be served, and the seconds that each plan took."""

    instance: DynamicInstance
    tours: tuple[Tour, ...]
    rejected: tuple[str, ...]
    seconds: tuple[float, ...]


def unfold(
    instance: DynamicInstance, policy: Policy, effort: Effort, before_the_day: Effort | None = None
) -> UnfoldedDay:
    """The day, from the plan before it, for which there is more time, until everybody is back."""
    problem = instance.problem
    day = _Day(instance, policy, effort)
    before = [visit for visit in problem.visits if visit.id not in instance.releases]
    day.effort = before_the_day or effort
    day.plan(before, min(shift.start for shift in problem.shifts))
    day.effort = effort
    for moment in sorted(set(instance.releases.values())):
        day.drive(moment)
        released = [v for v in problem.visits if instance.releases.get(v.id) == moment]
        day.plan(released, moment)
    day.drive(None)
    return UnfoldedDay(instance, tuple(day.tours.values()), tuple(day.rejected), tuple(day.seconds))


class _Day:
    """The plan in force, and how far technicians have come with it."""

    def __init__(self, instance: DynamicInstance, policy: Policy, effort: Effort) -> None:
        self.instance, self.policy, self.effort = instance, policy, effort
        self.problem = instance.problem
        self.tours = {shift.id: Tour(shift) for shift in self.problem.shifts}
        self.rejected: list[str] = []
        self.seconds: list[float] = []
        self._sequences: dict[str, tuple[Call, ...]] = {}
        self._known: list[Visit] = []
        self._opening = min(shift.start for shift in self.problem.shifts)
        self._decided = self._opening
        self._pressed = False
        self._foreseen: list[Visit] = []
        self._random = Random(effort.seed)  # noqa: S311 - no secret hangs on it

    def plan(self, new: Sequence[Visit], now: int) -> None:
        """Plan anew with requests that came in now, and reject those that cannot be served."""
        since = time.monotonic()
        self._known += new
        self._look_ahead(now)
        accepted = [
            call for calls in self._sequences.values() for call in calls if isinstance(call, Visit)
        ]
        self._sequences = replanned(
            self.problem,
            self.tours,
            self._sequences,
            accepted=accepted,
            new=new,
            foreseen=self._foreseen,
            now=now,
            effort=self.effort,
        )
        self.seconds.append(time.monotonic() - since)
        self._decided = now
        placed = {call.id for calls in self._sequences.values() for call in calls}
        self.rejected += [visit.id for visit in new if visit.id not in placed]

    def drive(self, until: int | None) -> None:
        """Technicians set out for what the plan has before that moment (None: for all of it)."""
        for name, calls in self._sequences.items():
            self.tours[name], self._sequences[name] = drive(
                self.problem,
                self.tours[name],
                calls,
                decided=self._decided,
                until=until,
                from_home=0.0 if self._pressed else 1.0,
            )

    def _look_ahead(self, now: int) -> None:
        """What may still come in, judged by what has."""
        policy = self.policy
        pressing = pressure(self.problem, self._known, self._opening, policy.few)
        self._pressed = pressing >= policy.pressed
        self._foreseen = []
        if self._pressed:
            share = policy.foreseen * self.instance.dynamic_percent / 100
            self._foreseen = foreseen(
                self.problem,
                self._known,
                now=now,
                opening=self._opening,
                dynamic=share,
                random=self._random,
            )
