"""One day under one policy: technicians, customers and devices against the service, event by event.

The simulated clock stands still while the service works; the next event waits until it has settled.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from benchmarks.day.alerts import Message, messages, prepare, signature
from benchmarks.day.check import DayCheck
from benchmarks.day.client import Refused, Service
from benchmarks.day.world import Job, Place, Technician, World, seconds_between

HANDLING = timedelta(minutes=10)
"""Of a call at a depot."""
LATE_SHARE, TWICE_SHARE, POSITION_SHARE = 0.1, 0.05, 0.2
BEGINS, ENDS = 6.5, 20.0
"""Hours of the day."""
PLANNABLE = ("open", "scheduled", "dispatched")


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about what happens."""

    name: str
    replans: bool = True
    places_at_once: bool = True
    publishes_everything: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


POLICIES = {
    policy.name: policy
    for policy in (
        Policy("live"),
        Policy(
            "none",
            replans=False,
            places_at_once=False,
            settings={"DISPATCH_PLACE_AT_ONCE": "null"},
        ),
        Policy(
            "scratch",
            places_at_once=False,
            publishes_everything=True,
            settings={
                "DISPATCH_PLACE_AT_ONCE": "null",
                "DISPATCH_WEIGHTS": '{"changed_technician": 0, "moved_time": 0}',
            },
        ),
    )
}


@dataclass(slots=True)
class Worker:
    """A technician on the road."""

    who: Technician
    place: Place
    done: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    """At depots."""
    had_break: bool = False
    is_busy: bool = False
    is_sick: bool = False
    """Goes home after the visit under way."""
    is_gone: bool = False
    looks: int = 0
    """Only the look that was planned last counts."""
    metres: int = 0
    driven: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Visited:
    """What really happened."""

    technician: str
    start: datetime
    end: datetime
    minutes_late: float
    in_vain: bool


class Simulation:
    """``run`` lets the day pass; everything else is there to be read then."""

    def __init__(
        self,
        service: Service,
        world: World,
        policy: Policy,
        check: DayCheck,
        replan_minutes: float,
    ) -> None:
        self.replan_every = timedelta(minutes=replan_minutes)
        self.service, self.world, self.policy, self.check = service, world, policy, check
        self.workers = {id_: Worker(who, who.home) for id_, who in world.technicians.items()}
        self.visited: dict[str, Visited] = {}
        self.sent: list[tuple[Message, list[Any]]] = []
        """Messages and their receipts."""
        self.reports: Counter[str] = Counter()
        self.now = world.moment(BEGINS)
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()
        self._last_plan = 0

    def at(self, moment: datetime, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(moment, self.now), next(self._numbers), do))

    def run(self) -> None:
        prepare(self.service, self.world, places_at_once=self.policy.places_at_once)
        self._read_versions()
        for worker in self.workers.values():
            self._look_at(worker, self.now)
        for technician, moment in self.world.sick():
            self.at(moment, lambda name=technician: self._falls_ill(self.workers[name]))  # type: ignore[misc]
        for job_id, moment in self.world.cancellations():
            self.at(moment, lambda id_=job_id: self._cancel(id_))  # type: ignore[misc]
        for moment, body in self.world.new_jobs():
            self.at(moment, lambda body=body: self._ask_for(body))  # type: ignore[misc]
        for message in messages(self.world):
            self.at(message.at, lambda message=message: self._alert(message))  # type: ignore[misc]
        moment = self.world.moment(7)
        while self.policy.replans and moment <= self.world.moment(18):
            self.at(moment, self._replan)
            moment += self.replan_every
        while self._events:
            moment, _, do = heapq.heappop(self._events)
            if moment > self.now:
                self.now = moment
                self.service.set_clock(moment)
            do()
        self.now = max(self.now, self.world.moment(ENDS))
        self.service.set_clock(self.now)
        for worker in self.workers.values():
            self._drive(worker, "home", worker.who.home)

    # Technicians

    def _look_at(self, worker: Worker, moment: datetime) -> None:
        worker.looks += 1
        number = worker.looks
        self.at(moment, lambda: self._look(worker) if worker.looks == number else None)

    def _look(self, worker: Worker) -> None:
        """See what is next, and set out if it is time to."""
        if worker.is_busy or worker.is_gone:
            return
        stop = self._next(worker)
        if stop is None:
            return
        leaves_at = self._leaves_at(worker, stop)
        if leaves_at > self.now:
            self._look_at(worker, leaves_at)
        elif stop["kind"] == "break":
            worker.had_break = worker.is_busy = True
            self.at(self.now + worker.who.break_length, lambda: self._is_free(worker))
        elif stop["kind"] == "depot":
            worker.calls[stop["depot_id"]] += 1
            worker.is_busy = True
            arrival = self._drive(worker, f"depot {worker.calls}", self._where(stop))
            self.at(arrival + HANDLING, lambda: self._is_free(worker))
        else:
            self._set_out(worker, stop["job_id"], self._where(stop))

    def _next(self, worker: Worker) -> Any:
        """The first stop of the route, as the service shows it, that is neither done nor off."""
        stops = self._shown(worker)
        calls: Counter[str] = Counter()
        for stop in stops:
            calls[stop["depot_id"] or ""] += 1
            if stop["kind"] == "visit":
                is_off = stop["job_id"] in worker.done or stop["status"] not in PLANNABLE
            elif stop["kind"] == "depot":
                is_off = calls[stop["depot_id"]] <= worker.calls[stop["depot_id"]]
            else:
                is_off = worker.had_break
            if not is_off and not (stop["kind"] == "visit" and self._is_too_late(worker, stop)):
                return stop
        return None

    def _shown(self, worker: Worker) -> list[Any]:
        """The stops of the route in force, which has to be the one that was published last."""
        day = self.service.get(f"/technicians/{worker.who.id}/routes/{self.world.day}")
        stops = [stop for route in day["routes"] for stop in route["stops"]]
        known = self.check.routes.get(worker.who.id)
        visits = [stop["job_id"] for stop in stops if stop["job_id"]]
        if visits != list(known.visits() if known else ()):
            self.check.problems.append(
                f"{self.now:%H:%M}: {worker.who.id}'s route is not what was published"
            )
        return stops

    def _is_too_late(self, worker: Worker, stop: Mapping[str, Any]) -> bool:
        """Whether it would take the technician beyond all overtime."""
        there = self._where(stop)
        way = timedelta(seconds=seconds_between(worker.place, there))
        back = timedelta(seconds=seconds_between(there, worker.who.home))
        job = self._job(stop["job_id"])
        start = job.opens_at(max(self.now, worker.who.starts_at) + way)
        home = start + timedelta(minutes=job.minutes) + back
        return home > worker.who.ends_at + worker.who.overtime + timedelta(minutes=15)

    def _leaves_at(self, worker: Worker, stop: Mapping[str, Any]) -> datetime:
        if stop["kind"] == "break":
            return max(self.now, worker.who.break_from)
        way = timedelta(seconds=seconds_between(worker.place, self._where(stop)))
        arrival = max(self.now, worker.who.starts_at) + way
        if stop["kind"] == "visit":
            arrival = self._job(stop["job_id"]).opens_at(arrival)
        return arrival - way

    def _where(self, stop: Mapping[str, Any]) -> Place:
        return stop["latitude"], stop["longitude"]

    def _job(self, job_id: str) -> Job:
        return self.check.jobs[job_id]

    def _drive(self, worker: Worker, what: str, there: Place) -> datetime:
        way, metres = self.world.drive(worker.who.id, what, worker.place, there)
        worker.place = there
        worker.metres += metres
        worker.driven += way
        return self.now + way

    def _is_free(self, worker: Worker) -> None:
        worker.is_busy = False
        if worker.is_sick:
            self._goes_home(worker)
        else:
            self._look(worker)

    def _set_out(self, worker: Worker, job_id: str, there: Place) -> None:
        worker.is_busy = True
        worker.done.add(job_id)
        self._report(worker, job_id, "en_route", self.now)
        self.check.begins(worker.who.id, job_id)
        arrival = self._drive(worker, job_id, there)
        self.at(arrival, lambda: self._arrive(worker, job_id))

    def _arrive(self, worker: Worker, job_id: str) -> None:
        job, arrived_at = self._job(job_id), self.now
        self.check.is_at(worker.who.id, job_id, arrived_at)
        start = job.opens_at(self.now)
        work, in_vain = self.world.work(job)
        rng = self.world.rng("reports", job_id)
        late = self.now + timedelta(minutes=float(rng.uniform(5, 90)))
        is_late = rng.random() < LATE_SHARE
        self.at(
            late if is_late else self.now,
            lambda: self._report(worker, job_id, "on_site", arrived_at),
        )
        self.at(start + work, lambda: self._finish(worker, job, start, in_vain))

    def _finish(self, worker: Worker, job: Job, start: datetime, in_vain: bool) -> None:
        end = self.now
        self.check.is_done(worker.who.id, job.id, end)
        self.visited[job.id] = Visited(
            worker.who.id, start, end, job.minutes_late(start, end), in_vain
        )
        if in_vain:
            self.check.in_vain.add(job.id)
        rng = self.world.rng("ends", job.id)
        late = self.now + timedelta(minutes=float(rng.uniform(5, 25)))
        is_late, is_seen = rng.random() < LATE_SHARE, rng.random() < POSITION_SHARE
        kind = "cannot_complete" if in_vain else "completed"
        self.at(late if is_late else self.now, lambda: self._report(worker, job.id, kind, end))
        if is_seen:
            latitude, longitude = worker.place
            self.service.post(
                f"/technicians/{worker.who.id}/position",
                {"latitude": latitude, "longitude": longitude, "at": end.isoformat()},
            )
        self.at(self.now, lambda: self._is_free(worker))

    def _report(self, worker: Worker, job_id: str, kind: str, at: datetime) -> None:
        body = {"id": f"{job_id}-{kind}", "job_id": job_id, "kind": kind, "at": at.isoformat()}
        if kind == "cannot_complete":
            body["reason"] = "customer_absent"
        twice = self.world.rng("twice", job_id, kind).random() < TWICE_SHARE
        for _ in range(1 + twice):
            self.service.post(f"/technicians/{worker.who.id}/reports", body)
            self.reports[kind] += 1
        self.check.is_told(job_id, kind, at)

    def _falls_ill(self, worker: Worker) -> None:
        worker.is_sick = True
        if not worker.is_busy:
            self._goes_home(worker)

    def _goes_home(self, worker: Worker) -> None:
        worker.is_gone = True
        if not self.policy.replans:
            return
        ends_at = worker.who.ends_at + worker.who.overtime
        self.check.absences[worker.who.id] = self.now
        self.service.post(
            f"/technicians/{worker.who.id}/absences",
            {"starts_at": self.now.isoformat(), "ends_at": ends_at.isoformat(), "reason": "ốm"},
        )
        self._settle()

    # Customers

    def _cancel(self, job_id: str) -> None:
        if any(job_id in worker.done for worker in self.workers.values()):
            return  # too late to call: somebody is on the way, or was there
        self.service.post(f"/jobs/{job_id}/cancel")
        self._is_off(job_id)
        self._settle()

    def _is_off(self, job_id: str) -> None:
        for technician in self.check.goes(job_id):
            self._look_at(self.workers[technician], self.now)

    def _ask_for(self, body: Mapping[str, Any]) -> None:
        shown = self.service.post("/jobs", body)
        self.check.jobs[shown["id"]] = Job.of(shown)
        self._settle()

    # Devices

    def _alert(self, message: Message) -> None:
        path, headers, key = "/alerts", {"Content-Type": message.content_type}, None
        if message.signed:
            path, key = "/alert-sources/things/alerts", ""
            headers |= signature(message, f"m{len(self.sent)}")
        try:
            answer = self.service.send("POST", path, body=message.body, headers=headers, key=key)
        except Refused as refused:
            if not message.is_forged or refused.status != 401:
                raise
            self.sent.append((message, []))
            return
        self.sent.append((message, answer["receipts"]))
        for job_id in {one["job_id"] for one in answer["receipts"]} - {None}:
            shown = self.service.get(f"/jobs/{job_id}")
            self.check.jobs[job_id] = Job.of(shown)
            if shown["status"] == "cancelled":
                self._is_off(job_id)
        self._settle()

    # Plans

    def _replan(self) -> None:
        self.service.replan()
        self.service.work()
        self._settle()
        for plan in self.service.get("/plans?limit=5")["plans"]:
            if plan["status"] != "draft" or plan["run_id"] is None:
                continue
            run = self.service.get(f"/runs/{plan['run_id']}")
            changes = run["changes"] or {}
            is_good = self.policy.publishes_everything or changes.get("saved", 0) > 0
            self.service.post(f"/plans/{plan['id']}/{'publish' if is_good else 'discard'}")
        self._settle()

    def _settle(self) -> None:
        self.service.settle()
        self._read_versions()

    def _read_versions(self) -> None:
        """Check what was published since the last look, and wake whom it concerns."""
        fresh = []
        changed: set[str] = set()
        for plan in self.service.get("/plans?limit=50")["plans"]:
            if plan["version"] is not None and plan["version"] > self._last_plan:
                fresh.append(plan)
        for plan in sorted(fresh, key=lambda plan: plan["version"]):
            self._last_plan = plan["version"]
            content = self.service.get(f"/plans/{plan['id']}")
            ids = {stop["job_id"] for route in content["routes"] for stop in route["stops"]} - {
                None
            }
            for job_id in ids:
                if job_id not in self.world.jobs:
                    self.check.jobs[job_id] = Job.of(self.service.get(f"/jobs/{job_id}"))
            changed |= set(self.check.published(content))
        for technician in sorted(changed):
            self._look_at(self.workers[technician], self.now)
            if technician not in self.check.routes:
                self._shown(self.workers[technician])

    @property
    def metres(self) -> int:
        return sum(worker.metres for worker in self.workers.values())

    @property
    def driven(self) -> timedelta:
        return sum((worker.driven for worker in self.workers.values()), timedelta())
