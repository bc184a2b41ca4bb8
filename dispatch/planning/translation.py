"""A problem with all it takes to understand its solution: which moment, row and job is which."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from dispatch import models
from dispatch.planning.facts import access_of
from dispatch.planning.limits import OverLimit
from dispatch.planning.progress import History, place_of
from dispatch.planning.service_windows import Unattendable
from dispatch.planning.shifts import WorkingShift
from dispatch.planning.snapshot import Snapshot
from dispatch.planning.van import Shares
from solver.problem import Problem, Shift, TimeWindow, Visit

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Unwaived:
    """A visit as it is with anybody but the technician with whom rules were set aside for it."""

    technician: str
    """With whom they were."""
    visit: Visit
    """As it would be with anybody else, pinned in time or not."""
    shifts: Mapping[str, Shift]
    """The technician's shifts, as they are if the visit is not there."""


@dataclass(frozen=True)
class Translation:
    """A problem with all it takes to understand its solution."""

    snapshot: Snapshot
    problem: Problem
    epoch: datetime
    shifts: Mapping[str, WorkingShift]
    """By the solver's name for them."""
    locations: Mapping[str, int]
    """Row in the travel matrices of every place: "site …", "depot …", and "technician …" for the
    home and "position …" for the whereabouts of one."""
    histories: tuple[History, ...]
    left_out: Mapping[str, Unattendable | None]
    """Jobs that are no visits: they cannot be attended, or (None) their sites have no location."""
    zone: ZoneInfo
    shares: Shares
    """What depot calls in force are given, and who lacks something all the same."""
    overnight: frozenset[str]
    """Visits that only a night shift can reach; otherwise they belong to the next day's plan."""
    over: Mapping[str, OverLimit] = field(default_factory=dict)
    """By job, visits in force that have to leave for their routes to keep their limits."""
    unpinned: Mapping[str, tuple[TimeWindow, ...]] = field(default_factory=dict)
    """The windows that visits pinned in time would have without that."""
    unwaived: Mapping[str, Unwaived] = field(default_factory=dict)
    """For the visits for which rules were set aside, how things are without that."""

    def seconds(self, moment: datetime) -> int:
        """The moment as the solver has it: whole seconds since the epoch, rounded down."""
        return (moment - self.epoch) // _SECOND

    def moment(self, seconds: int) -> datetime:
        """What so many seconds since the epoch are outside the solver, in UTC."""
        return self.epoch + seconds * _SECOND

    @cached_property
    def visits(self) -> Mapping[str, Visit]:
        """The problem's visits, by the ids of their jobs."""
        return {visit.id: visit for visit in self.problem.visits}

    @cached_property
    def begun(self) -> frozenset[str]:
        """Jobs that have begun or are about to: they are no visits any more."""
        stops = (stop for history in self.histories for stop in history.stops)
        return frozenset(stop.job_id for stop in stops if stop.job_id is not None)

    @cached_property
    def held(self) -> frozenset[str]:
        """Those of ``begun`` that have not begun and stay only because they, or what comes after
        them, come too late."""
        return frozenset(job_id for history in self.histories for job_id in history.held)

    @cached_property
    def shift_names(self) -> Mapping[tuple[str, datetime], str]:
        """The solver's names for the shifts, by ``plan_rows.shift_key`` of their routes."""
        return {(s.technician_id, s.starts_at): name for name, s in self.shifts.items()}

    @cached_property
    def begun_shifts(self) -> Mapping[str, tuple[str, datetime]]:
        """Technician and start of the shifts whose routes have begun, by the solver's name."""
        begun = {(h.route.technician_id, h.route.shift_starts_at) for h in self.histories}
        return {name: key for key, name in self.shift_names.items() if key in begun}

    def location(self, stop: models.Stop) -> int | None:
        """The row in the travel matrices of a visit or begun stop; None if it has no place."""
        visit = self.visits.get(stop.job_id or "")
        if visit is not None:
            return visit.location
        return self.locations.get(place_of(stop, self.snapshot) or "")

    def seconds_to(self, here: int, stop: models.Stop) -> int:
        """From a place, a row in the travel matrices, until one has arrived at a stop: the way, and
        the access to a visit that is elsewhere. None to a stop without a place."""
        there = self.location(stop)
        if there is None or there == here:
            return 0
        return int(self.problem.travel_time[here, there]) + self._access(stop)

    def _access(self, stop: models.Stop) -> int:
        if stop.job_id is None:
            return 0
        if stop.job_id in self.visits:
            return self.visits[stop.job_id].access
        job = self.snapshot.live_jobs[stop.job_id]
        return access_of(self.snapshot.sites[job.site_id])
