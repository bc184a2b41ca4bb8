"""From rows to the solver's problem and from its solution to rows.

This is the one place where datetimes become seconds: the epoch is the start of the first local
day. Visits are named after their jobs, depots after themselves, and shifts after technician and
local start ("T07@2026-11-23T08:00+07:00").
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property

from dispatch import models
from dispatch.local_time import ONE_DAY, Span, days, local_span, start_of
from dispatch.models import Priority, Wish
from dispatch.planning.facts import DepotFacts, JobFacts, TechnicianFacts, access_of
from dispatch.planning.limits import RouteLimits
from dispatch.planning.progress import History, histories, is_there
from dispatch.planning.service_windows import (
    Attendance,
    PlanningHorizon,
    PricedSpan,
    Unattendable,
    attendance,
)
from dispatch.planning.shifts import (
    WorkingShift,
    clipped,
    not_taken,
    one_after_the_other,
    with_overdue,
)
from dispatch.planning.snapshot import Snapshot
from dispatch.planning.ties import ProblemClock, tied
from dispatch.planning.tools_to_plan import ToolsToPlan
from dispatch.planning.translation import Translation, Unwaived
from dispatch.planning.travel import Place, travel_times
from dispatch.planning.van import Shares
from dispatch.planning.waivers import Waivers
from dispatch.settings import Settings
from solver.objective import Objective, ShiftRates
from solver.pace import ITS_OWN_TIME
from solver.problem import Break, Depot, Pin, Previous, Problem, Shift, TimeWindow, Visit
from solver.rules.waivers import waived
from solver.solution import StopKind
from solver.travel import Matrix

NEEDS_LOCATION = "needs_location"
"""The reason for leaving out a job whose site has no coordinates."""
NOT_HERE_ANY_MORE = Unattendable(
    "It was planned on these days, but its windows are on others now; plan those days too."
)

_PRIORITIES = {priority: rank for rank, priority in enumerate(Priority)}
_SECOND = timedelta(seconds=1)


def to_problem(snapshot: Snapshot, settings: Settings) -> Translation:
    """The snapshot as a problem; nothing in it starts before the snapshot was taken.

    Raises ``InvalidProblem`` if the rows contradict each other.
    """
    return _Translator(snapshot, settings).translation()


def _rates(technician: models.Technician) -> ShiftRates:
    """In the solver's cents for a second and a metre, to the nearest."""
    hour, kilometre = technician.cost_per_hour, technician.cost_per_km
    return ShiftRates(
        working_time=None if hour is None else round(Fraction(hour * 100, 3_600)),
        distance=None if kilometre is None else round(Fraction(kilometre * 100, 1_000)),
    )


class _Translator:
    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        self.snapshot = snapshot
        self.settings = settings
        self.zone = settings.zone
        self.epoch = start_of(snapshot.scope.starts_on, self.zone)
        self._travel = travel_times(snapshot.legs, settings.speed_kmh, settings.detour_factor)
        self.histories = tuple(histories(snapshot, self._travel, self.zone))
        self.waivers = Waivers(snapshot)
        working = [shift for _, shift in self._shifts.values()]
        self._to_lend = ToolsToPlan(snapshot, self.histories, working)

    def translation(self) -> Translation:
        left_out: dict[str, Unattendable | None] = {}
        unpinned: dict[str, tuple[TimeWindow, ...]] = {}
        demanded: dict[str, Visit] = {}
        overnight = set()
        visits = []
        for facts in self._candidates:
            when = self._attendance(facts)
            site = self.snapshot.sites[facts.job.site_id]
            if when is None and facts.job.id in self._live_at:
                when = NOT_HERE_ANY_MORE
            if isinstance(when, Unattendable):
                left_out[facts.job.id] = when
            elif when is not None and not _is_located(site):
                left_out[facts.job.id] = None
            elif when is not None:
                visits.append(self._visit(facts, site, when))
                job = facts.job
                if (job.pinned_start_at or job.not_before_at) is not None:
                    unpinned[facts.job.id] = self._unpinned(facts)
                if self.waivers.has(facts.job.id):
                    demanded[facts.job.id] = self._unwaived(facts, site, when)
                if when.overnight and facts.job.id not in self._live_at:
                    overnight.add(facts.job.id)
        clock = ProblemClock(self._floor, self.zone)
        ties = tied(self.snapshot, self.histories, visits, clock, self._paces)
        left_out |= ties.left_out
        seconds, metres = self._ways
        problem = Problem(
            visits=ties.visits,
            links=ties.links,
            shifts=tuple(self._shift(name, *found) for name, found in self._shifts.items()),
            travel_time=seconds,
            distance=metres,
            depots=tuple(self._depot(facts) for facts in self.snapshot.depots),
            objective=self._objective,
        )
        names = {(s.technician_id, s.starts_at): name for name, (_, s) in self._shifts.items()}
        waivers = self.waivers.of_solver(names)
        return Translation(
            snapshot=self.snapshot,
            problem=waived(problem, waivers),
            epoch=self.epoch,
            shifts={name: shift for name, (_, shift) in self._shifts.items()},
            locations=self._locations,
            histories=self.histories,
            left_out=left_out,
            zone=self.zone,
            shares=self._shares,
            overnight=frozenset(overnight),
            over=self._limits.over,
            unpinned=unpinned,
            unwaived={
                job_id: Unwaived(technician, visit, {shift.id: shift for shift in without.shifts})
                for job_id, visit in demanded.items()
                for technician in [self.waivers.technician_of(job_id)]
                for without in [waived(problem, [w for w in waivers if w.visit != job_id])]
            },
        )

    def _attendance(
        self, facts: JobFacts, *, as_pinned: bool = True
    ) -> Attendance | Unattendable | None:
        when = self._demanded(facts, as_pinned=as_pinned)
        pinned_at = facts.job.pinned_start_at if as_pinned else None
        return self.waivers.extended(facts.job.id, when, self._horizon, pinned_at)

    def _demanded(self, facts: JobFacts, *, as_pinned: bool) -> Attendance | Unattendable | None:
        horizon = self._horizon
        if facts.job.id == self.snapshot.scope.moved_job_id:
            horizon = replace(horizon, now=self.epoch, begin=self.epoch)
        return attendance(
            facts.job,
            facts.windows,
            self.snapshot.opening_hours.get(facts.job.site_id, ()),
            horizon,
            self.zone,
            as_pinned=as_pinned,
        )

    def _unwaived(self, facts: JobFacts, site: models.Site, when: Attendance) -> Visit:
        demanded = self._demanded(facts, as_pinned=False)
        visit = self._visit(facts, site, demanded if isinstance(demanded, Attendance) else when)
        return replace(visit, tools=facts.tools)

    def _unpinned(self, facts: JobFacts) -> tuple[TimeWindow, ...]:
        when = self._attendance(facts, as_pinned=False)
        spans = when.spans if isinstance(when, Attendance) else ()
        return tuple(map(self._start_window, spans))

    @property
    def _objective(self) -> Objective:
        if self.snapshot.scope.waiting_job_ids is None:
            return self.settings.objective
        # Nobody's fair share can be told from a part of the work.
        return replace(self.settings.objective, imbalance=0)

    # Times

    def _ceil(self, moment: datetime) -> int:
        return -((self.epoch - moment) // _SECOND)

    def _floor(self, moment: datetime) -> int:
        return (moment - self.epoch) // _SECOND

    def _window(self, start: datetime, end: datetime) -> TimeWindow:
        # A single moment between two seconds is the earlier one.
        last = self._floor(end)
        return TimeWindow(min(self._ceil(start), last), last)

    def _start_window(self, span: PricedSpan) -> TimeWindow:
        return replace(self._window(span.start, span.end), price=span.price * 100)

    @cached_property
    def _horizon(self) -> PlanningHorizon:
        end = start_of(self.snapshot.scope.ends_on + ONE_DAY, self.zone)
        return PlanningHorizon(
            now=self.snapshot.taken_at,
            begin=max(self.epoch, self.snapshot.taken_at),
            end=end,
            reach=max([end, *(shift.ends_at for _, shift in self._shifts.values())]),
        )

    # Places

    @cached_property
    def _places(self) -> list[Place]:
        """Homes, depots, located sites and positions; a place may occur under several kinds."""
        snapshot = self.snapshot
        homes = [facts.technician for facts in snapshot.technicians]
        depots = [facts.depot for facts in snapshot.depots]
        seen = self._positions
        return [
            *(Place(home.id, home.latitude, home.longitude) for home in homes),
            *(Place(depot.id, depot.latitude, depot.longitude) for depot in depots),
            *(
                Place(site.id, site.latitude, site.longitude)
                for site in self._sites
                if site.latitude is not None and site.longitude is not None
            ),
            *(Place(f"position {row.technician_id}", row.latitude, row.longitude) for row in seen),
        ]

    @property
    def _positions(self) -> list[models.Position]:
        return [facts.position for facts in self.snapshot.technicians if facts.position]

    @cached_property
    def _sites(self) -> list[models.Site]:
        used = {facts.job.site_id for facts in self._candidates}
        used |= {
            self.snapshot.live_jobs[stop.job_id].site_id
            for history in self.histories
            for stop in history.stops
            if stop.job_id is not None
        }
        sites = [self.snapshot.sites[site_id] for site_id in sorted(used)]
        return [site for site in sites if _is_located(site)]

    @cached_property
    def _locations(self) -> dict[str, int]:
        names = [f"technician {facts.technician.id}" for facts in self.snapshot.technicians]
        names += [f"depot {facts.depot.id}" for facts in self.snapshot.depots]
        names += [f"site {site.id}" for site in self._sites]
        names += [f"position {row.technician_id}" for row in self._positions]
        return {name: row for row, name in enumerate(names)}

    @cached_property
    def _ways(self) -> tuple[Matrix, Matrix]:
        return self._travel.matrices(self._places)

    # Visits

    @cached_property
    def _candidates(self) -> list[JobFacts]:
        begun = {stop.job_id for history in self.histories for stop in history.stops}
        return [facts for facts in self.snapshot.jobs if facts.job.id not in begun]

    @cached_property
    def _live_at(self) -> dict[str, tuple[str, models.Stop]]:
        """Technician and live stop of the jobs that are on a route of the scope."""
        return {
            stop.job_id: (found.route.technician_id, stop)
            for found in self.snapshot.live
            for stop in found.stops
            if stop.job_id is not None
        }

    def _visit(self, facts: JobFacts, site: models.Site, when: Attendance) -> Visit:
        job = facts.job
        wishes = facts.wishes
        # Who is preferred where only some are allowed is meant to be one of them.
        allowed = wishes[Wish.ALLOWED] and wishes[Wish.ALLOWED] | wishes[Wish.PREFERRED]
        pin = previous = None
        if job.pinned_technician_id is not None:
            at = job.pinned_start_at
            pin = Pin(job.pinned_technician_id, None if at is None else self._floor(at))
        if job.id in self._live_at:
            technician, stop = self._live_at[job.id]
            previous = Previous(technician, self._floor(stop.start_at), job.told_at is not None)
        return Visit(
            id=job.id,
            location=self._locations[f"site {site.id}"],
            duration=job.duration_minutes * 60,
            windows=tuple(map(self._start_window, when.spans)),
            skills=facts.skills,
            parts=facts.parts,
            tools=facts.tools - self.waivers.tools_of(job.id),
            priority=_PRIORITIES[job.priority],
            due=None if job.due_at is None else self._floor(job.due_at),
            allowed=allowed or None,
            forbidden=wishes[Wish.FORBIDDEN],
            preferred=wishes[Wish.PREFERRED],
            territory=site.territory,
            pin=pin,
            previous=previous,
            access=access_of(site),
        )

    # Shifts

    @cached_property
    def _shifts(self) -> dict[str, tuple[TechnicianFacts, WorkingShift]]:
        """The shifts that are not over, by the solver's name, each technician's in order."""
        return {
            f"{shift.technician_id}@{local:%Y-%m-%dT%H:%M}{local:%z}": (facts, shift)
            for facts in self.snapshot.technicians
            for shift in facts.calendar.shifts(
                self.snapshot.scope.starts_on, self.snapshot.scope.ends_on, self.zone
            )
            for local in [shift.starts_at.astimezone(self.zone)]
            if self._starts_at(shift) < shift.ends_at
        }

    @property
    def _paces(self) -> tuple[Fraction, Fraction]:
        """As the problem has them (``Problem.paces``)."""
        paces = [facts.pace for facts, _ in self._shifts.values()]
        return min(paces, default=ITS_OWN_TIME), max(paces, default=ITS_OWN_TIME)

    @cached_property
    def _limits(self) -> RouteLimits:
        return RouteLimits(self.snapshot, self.histories, self._locations, *self._ways)

    @cached_property
    def _shares(self) -> Shares:
        return Shares(self.snapshot, self.histories, self.waivers, self.zone)

    @cached_property
    def _histories_of(self) -> Mapping[str, list[History]]:
        found: defaultdict[str, list[History]] = defaultdict(list)
        for history in self.histories:
            found[history.route.technician_id].append(history)
        return found

    def _behind(self, shift: WorkingShift) -> History | None:
        """What the technician has last begun in the time of this shift, or before it for it."""
        mine = [
            history
            for history in self._histories_of[shift.technician_id]
            # What its own route begins with may be in its overtime.
            if history.route.shift_starts_at == shift.starts_at
            or (history.stops[0].arrival_at < shift.ends_at and history.ends_at > shift.starts_at)
        ]
        return max(mine, key=lambda history: history.ends_at, default=None)

    def _starts_at(self, shift: WorkingShift) -> datetime:
        behind = self._behind(shift)
        moments = [shift.starts_at, self.snapshot.taken_at]
        return max([*moments, behind.ends_at] if behind else moments)

    def _shift(self, name: str, facts: TechnicianFacts, shift: WorkingShift) -> Shift:
        technician = facts.technician.id
        home = self._locations[f"technician {technician}"]
        behind = self._behind(shift)
        start = home
        breaks, borrowed = list(shift.breaks), dict[str, str]()
        if behind is not None:
            start = self._locations.get(behind.last_place or "", home)
            stops = self._shares.stops_of(behind)
            calls = [(stop.depot_id, tool) for stop in stops for tool in stop.tools]
            borrowed = {tool: of for of, tool in calls if of and tool not in facts.tools}
            taken = [stop for stop in behind.stops if stop.kind == StopKind.BREAK]
            breaks = not_taken(breaks, [(stop.start_at, stop.departure_at) for stop in taken])
            breaks = with_overdue(breaks, self._busy(behind, home), self._starts_at(shift))
        free_at = shift.starts_at if behind is None else behind.ends_at
        if is_there(facts.position, free_at, self.snapshot.taken_at):
            start = self._locations[f"position {technician}"]
        starts_at = self._starts_at(shift)
        breaks = clipped(breaks, (starts_at, shift.ends_at))
        if behind is not None:
            breaks = one_after_the_other(breaks)
        left = self._limits.left(facts, shift, start)
        first = next(s for _, s in self._shifts.values() if s.technician_id == technician)
        return Shift(
            id=name,
            technician=technician,
            start_location=start,
            end_location=home,
            start=self._ceil(starts_at),
            end=self._floor(shift.ends_at),
            max_overtime=shift.max_overtime // _SECOND,
            skills={
                row.skill_id: row.level
                for row in facts.skills
                if row.expires_on is None or row.expires_on >= shift.day
            },
            stock=self._shares.van_stock(technician) if shift is first else {},
            tools=facts.tools.union(borrowed),
            borrowed=borrowed,
            breaks=tuple(
                Break(
                    pause.id,
                    self._window(pause.earliest_at, pause.latest_at),
                    pause.duration // _SECOND,
                )
                for pause in breaks
            ),
            territories=facts.territories,
            pace=facts.pace,
            rates=_rates(facts.technician),
            max_visits=left.get("max_visits"),
            max_travel=left.get("max_travel"),
            max_distance=left.get("max_distance"),
        )

    def _busy(self, behind: History, home: int) -> list[Span]:
        """When the technician was at visits, is, or will be before the rest, ways and the access to
        them included."""
        found, here = [], home
        for name, (start, end) in sorted(behind.times.items(), key=lambda item: item[1]):
            site = self.snapshot.sites[self.snapshot.live_jobs[name].site_id]
            there = self._locations.get(f"site {site.id}", here)
            access = access_of(site) if there != here else 0
            way = timedelta(seconds=int(self._ways[0][here, there]) + access)
            found.append((start - way, max(start, end)))
            here = there
        return found

    # Supplies

    def _depot(self, facts: DepotFacts) -> Depot:
        depot = facts.depot
        last = self._horizon.reach.astimezone(self.zone).date()
        return Depot(
            id=depot.id,
            location=self._locations[f"depot {depot.id}"],
            duration=depot.handling_minutes * 60,
            windows=tuple(
                self._window(*local_span(day, depot.opens, depot.closes, self.zone))
                for day in days(self.snapshot.scope.starts_on - ONE_DAY, last)
            ),
            stock=self._shares.depot_stock(facts),
            tools=facts.tools,
            tool_counts=self._to_lend.of(facts),
        )


def _is_located(site: models.Site) -> bool:
    return site.latitude is not None and site.longitude is not None
