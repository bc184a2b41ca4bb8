"""What a simulated day has come to: that nothing was lost, and the figures."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks.day.simulation import Simulation
from benchmarks.day.world import Job


@dataclass(frozen=True, slots=True)
class Outcome:
    policy: str
    jobs: dict[str, int]
    """Where every job ended up."""
    alerts: dict[str, int]
    """What became of every item that was sent."""
    figures: dict[str, float]
    problems: list[str]
    seconds: float
    """Of real time that the day took."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def outcome_of(simulation: Simulation, log: Path, seconds: float) -> Outcome:
    """Read everything once more from the service and hold it against what happened."""
    service = simulation.service
    jobs = {job["id"]: job for job in service.all("/jobs", "jobs")}
    for job_id, job in jobs.items():
        simulation.check.jobs[job_id] = Job.of(job)
    problems = simulation.check.all_problems()
    ends = dict(_where_jobs_are(simulation, jobs))
    problems += _faults_of_jobs(simulation, jobs, ends)
    receipts, faults = _alerts(simulation, jobs)
    problems += faults
    said = log.read_text(encoding="utf-8")
    problems += [
        f"in the log: {line}" for line in re.findall(r"^.*(?:ERROR|Traceback).*$", said, re.M)
    ]
    problems += [
        f"run {run['id']} ({run['trigger']}) failed: {run['failure']}"
        for run in service.all("/runs?status=failed", "runs")
    ]
    return Outcome(
        policy=simulation.policy.name,
        jobs=dict(sorted(Counter(ends.values()).items())),
        alerts=dict(sorted(receipts.items())),
        figures=dict(_figures(simulation, jobs, ends)),
        problems=problems,
        seconds=round(seconds, 1),
    )


# Jobs


def _where_jobs_are(simulation: Simulation, jobs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    today = {job for route in simulation.check.routes.values() for job in route.visits()}
    known = _reasons(simulation)
    waiting = {job["id"] for job in simulation.service.all("/jobs?unassigned=true", "jobs")}
    for job_id, job in jobs.items():
        if job["status"] in ("completed", "cannot_complete", "cancelled", "on_hold"):
            yield job_id, job["status"]
        elif job_id in today:
            yield job_id, "not reached"
        elif job_id not in waiting:
            yield job_id, "another day"
        elif job_id in known:
            yield job_id, "unassigned"
        else:
            yield job_id, "never planned"


def _reasons(simulation: Simulation) -> set[str]:
    """Jobs of which the service says why they are not planned."""
    service = simulation.service
    placements = service.all("/placements?status=no_place", "placements")
    known = {one["job_id"] for one in placements if one["cause"]}
    for plan in service.all("/plans", "plans"):
        if plan["totals"]["jobs_unassigned"]:
            content = service.get(f"/plans/{plan['id']}")
            known |= {one["job_id"] for one in content["unassigned"] if one["reasons"]}
    return known


def _faults_of_jobs(
    simulation: Simulation, jobs: dict[str, Any], ends: dict[str, str]
) -> Iterator[str]:
    for job_id in sorted(set(simulation.check.jobs) - set(jobs)):
        yield f"job {job_id} is lost"
    for job_id, job in jobs.items():
        real = simulation.visited.get(job_id)
        status = "" if real is None else ("cannot_complete" if real.in_vain else "completed")
        if real is not None and job["status"] != status:
            yield f"job {job_id} was {status} and is {job['status']}"
        if real is None and job["status"] in (
            "completed",
            "cannot_complete",
            "en_route",
            "on_site",
        ):
            yield f"nobody was at job {job_id}, which is {job['status']}"
        if (job["status"] == "cancelled") != (job_id in simulation.check.gone):
            yield f"job {job_id} is {job['status']}, cancelled or not"
        if ends[job_id] == "never planned" and simulation.policy.replans:
            yield f"job {job_id} is on no route, and nothing says why"


# Alerts


def _alerts(simulation: Simulation, jobs: dict[str, Any]) -> tuple[Counter[str], list[str]]:
    service = simulation.service
    alerts = {alert["id"]: alert for alert in service.all("/alerts", "alerts")}
    letters = {one["id"] for one in service.all("/dead-letters", "dead_letters")}
    seen: Counter[str] = Counter()
    told: Counter[int] = Counter()
    faults: list[str] = []
    visits: dict[str, set[str]] = defaultdict(set)
    for message, receipts in simulation.sent:
        if message.is_forged:
            seen["refused"] += 1
            continue
        if len(receipts) != len(message.problems):
            faults.append(f"{len(receipts)} receipts for {message}")
        for problem, receipt in zip(message.problems, receipts, strict=False):
            kind = _kind(receipt)
            seen[kind] += 1
            accepted = {message.kind, *({"folded"} if message.kind == "cleared" else ())}
            if kind not in accepted:
                faults.append(f"an alert came to {kind} and not to {message.kind}: {receipt}")
            if receipt["dead_letter_id"] is not None and receipt["dead_letter_id"] not in letters:
                faults.append(f"a dead letter is lost: {receipt}")
            if receipt["alert_id"] is not None:
                told[receipt["alert_id"]] += 1
                if receipt["alert_id"] not in alerts:
                    faults.append(f"an alert is lost: {receipt}")
            if problem and receipt["job_id"] is not None:
                visits[problem].add(receipt["job_id"])
    for id_, alert in alerts.items():
        if alert["count"] != told[id_]:
            faults.append(f"alert {id_} counts {alert['count']} messages of {told[id_]}")
    faults += _faults_of_problems(simulation, jobs, visits)
    return seen, faults


def _faults_of_problems(
    simulation: Simulation, jobs: dict[str, Any], visits: dict[str, set[str]]
) -> Iterator[str]:
    """Each problem is one job; but whom somebody had set out to already, no more is given to do."""
    last: dict[str, datetime] = {}
    for message, _ in simulation.sent:
        last.update(dict.fromkeys(filter(None, message.problems), message.at))
    for problem, at in sorted(last.items()):
        set_out = [jobs[job]["en_route_at"] for job in visits[problem]]
        before = sum(one is not None and datetime.fromisoformat(one) <= at for one in set_out)
        if not 1 <= len(visits[problem]) <= 1 + before:
            yield f"problem {problem} has become {len(visits[problem])} jobs"
    made = Counter(job for jobs_of in visits.values() for job in jobs_of)
    for job, count in made.items():
        if count > 1:
            yield f"job {job} is of {count} problems at different sites"


def _kind(receipt: dict[str, Any]) -> str:
    if receipt["dead_letter_id"] is not None:
        return "dead"
    if receipt["is_duplicate"]:
        return "duplicate"
    return str(receipt["outcome"])


# Figures


def _figures(
    simulation: Simulation, jobs: dict[str, Any], ends: dict[str, str]
) -> Iterator[tuple[str, float]]:
    visited = simulation.visited.values()
    wanted = [job_id for job_id, end in ends.items() if end != "cancelled"]
    urgent = [i for i in wanted if jobs[i]["priority"] in ("urgent", "emergency")]
    count = Counter(ends.values())
    yield "visits", len(visited)
    yield "jobs completed", count["completed"]
    yield "jobs nobody came to", len(wanted) - len(visited)
    yield "of these unassigned", count["unassigned"] + count["never planned"]
    yield "of these not reached", count["not reached"]
    yield "of these for another day", count["another day"]
    in_time = {i for i, v in simulation.visited.items() if v.minutes_late <= 0}
    yield "share of all jobs in time", round(len(in_time & set(wanted)) / len(wanted), 4)
    yield (
        "share of urgent jobs in time",
        round(len(in_time & set(urgent)) / len(urgent), 4) if urgent else 1.0,
    )
    late = [one.minutes_late for one in visited if one.minutes_late > 0]
    yield "late visits", len(late)
    yield "minutes late", round(sum(late))
    yield "kilometres driven", round(simulation.metres / 1000, 1)
    yield "hours driven", round(simulation.driven.total_seconds() / 3600, 1)
    steps = simulation.check.steps
    runs = [step for step in steps if step.by_run]
    yield "versions", len(steps) + 1
    yield "of these by re-planning", len(runs)
    for name, found in (("re-plan", runs), ("placing", [s for s in steps if not s.by_run])):
        for what in ("moved", "changed_technician"):
            numbers = [getattr(step, what) for step in found]
            title = "stops moved" if what == "moved" else "technicians changed"
            yield f"{title} per {name}, median", median(numbers) if numbers else 0
            yield f"{title} per {name}, mean", round(mean(numbers), 2) if numbers else 0
    yield "told customers moved", sum(step.told for step in steps)


def table(outcomes: Sequence[Outcome]) -> str:
    """The figures as a table in Markdown, one column for each policy."""
    lines = ["| | " + " | ".join(one.policy for one in outcomes) + " |"]
    lines.append("|---|" + "---:|" * len(outcomes))
    for name in outcomes[0].figures:
        cells = (f"{one.figures[name]:g}" for one in outcomes)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", *(f"{one.policy}: jobs {one.jobs}, alerts {one.alerts}" for one in outcomes)]
    lines += [f"{one.policy}: {one.seconds:g} s" for one in outcomes]
    return "\n".join(lines)
