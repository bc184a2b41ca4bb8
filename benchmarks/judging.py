"""How fast the service judges changes by hand, and says why a job is where it is, or nowhere.

A company of any size has its day planned and published; then the real service is asked over HTTP,
as a dispatcher's page does while a visit is dragged. Measured by the client, milliseconds.

    python -m benchmarks.judging --technicians 100 --jobs 800
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

from benchmarks.company import Company, site_id
from benchmarks.generate import SKILLS
from benchmarks.live import DEVICES, MORNING, Client, prepare, service, zone_where_it_is
from dispatch.models import now
from dispatch.settings import Settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judging", description=__doc__)
    parser.add_argument("--technicians", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=800)
    parser.add_argument("--questions", type=int, default=100, help="so many of each kind")
    parser.add_argument("--plan-seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(
            database_url=f"sqlite:///{home}/judging.db", time_zone=zone_where_it_is(MORNING)
        )
        today = now().astimezone(settings.zone).date()
        company = Company(chosen.technicians, chosen.jobs, today, chosen.seed)
        key, scheduled = prepare(company, settings, Path(home), chosen.plan_seconds)
        with service(settings, Path(home)) as address, Client(address, key, today) as client:
            questions = Questions(client, Random(chosen.seed))  # noqa: S311 - repeatable
            questions.ask(chosen.questions)
    print(f"{chosen.technicians} technicians, {scheduled} scheduled visits; milliseconds")  # noqa: T201
    print("| measured by the client | median | p95 | most |\n|---|---|---|---|")  # noqa: T201
    for name, seconds in questions.seconds.items():
        p95 = quantiles(seconds, n=20)[-1]
        cells = [f"{1000 * one:.0f}" for one in (median(seconds), p95, max(seconds))]
        print(f"| {name} | {' | '.join(cells)} |")  # noqa: T201
    print(questions.summary())  # noqa: T201


SOON = timedelta(hours=1)
"""Visits that start before that are about to begin."""


class Questions:
    """What a dispatcher asks of a plan in force, and how long the answers take."""

    def __init__(self, client: Client, dice: Random) -> None:
        self._client = client
        self._dice = dice
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self._possible = self._judged = 0
        self._helped: list[int] = []

    def ask(self, number: int) -> None:
        plans = self._client.ask("GET", "/plans")["plans"]
        version = next(plan for plan in plans if plan["status"] == "published")
        plan = self._client.ask("GET", f"/plans/{version['id']}")
        stops = [
            stop
            for route in plan["routes"]
            for stop in route["stops"]
            if stop["job_id"] and datetime.fromisoformat(stop["start_at"]) > now() + SOON
        ]
        next_day = {"day": str(self._client.day + timedelta(days=1))}
        crew = [route["technician_id"] for route in plan["routes"]]
        waiting = [self._hard_job() for _ in range(number // 4)]
        self._client.ask("GET", f"/jobs/{waiting[0]}/options")  # reads the day for the first time
        for _ in range(number):
            stop, other = self._dice.choice(stops), self._dice.choice(stops)
            change = {
                "job_id": stop["job_id"],
                "technician_id": self._dice.choice(crew),
                "start_at": other["start_at"],
            }
            with self._timed("judge a visit dragged to somebody's time"):
                found = self._client.ask("POST", "/plan-changes/judgement", json=change)
            self._judged += 1
            self._possible += found["possible"]
            anywhere = {key: change[key] for key in ("job_id", "technician_id")}
            with self._timed("judge a visit given to somebody at any time"):
                self._client.ask("POST", "/plan-changes/judgement", json=anywhere)
            later = change | {"start_at": _a_day_later(other["start_at"])}
            with self._timed("judge a visit dragged to the next day"):
                self._client.ask("POST", "/plan-changes/judgement", json=later)
            with self._timed("alternatives"):
                self._client.ask("GET", f"/jobs/{stop['job_id']}/alternatives")
            with self._timed("alternatives on the next day"):
                self._client.ask("GET", f"/jobs/{stop['job_id']}/alternatives", params=next_day)
        for job_id in waiting:
            with self._timed("why not?"):
                found = self._client.ask("GET", f"/jobs/{job_id}/why-not")
            self._helped.append(sum(bool(one["changes"]) for one in found["technicians"]))
        for _ in range(number // 4):
            change = {"job_id": self._hard_job(), "technician_id": self._dice.choice(crew)}
            with self._timed("judge a job that is new"):
                self._client.ask("POST", "/plan-changes/judgement", json=change)
            with self._timed("issues, after a change"):
                self._client.ask("GET", "/issues")
            with self._timed("issues, until they are made anew"):
                while not self._client.ask("GET", "/issues")["is_current"]:
                    pass
            with self._timed("issues, unchanged"):
                found = self._client.ask("GET", "/issues")["issues"]
            issue = self._dice.choice([one for one in found if one["job_ids"]])
            with self._timed("repairs of an issue, with costs"):
                self._client.ask("GET", f"/issues/{issue['id']}/repairs")

    def summary(self) -> str:
        return (
            f"{self._possible} of {self._judged} dragged visits break nothing; with "
            f"{median(self._helped):.0f} technicians something lets an unassigned job in"
        )

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name].append(time.perf_counter() - began)

    def _hard_job(self) -> str:
        """A long job for a good technician, in a narrow window of a full day."""
        opens = now() + timedelta(hours=self._dice.uniform(1, 4))
        job: dict[str, Any] = {
            "site_id": site_id(self._dice.randrange(DEVICES)),
            "title": "Đại tu",
            "duration_minutes": 180,
            "priority": "high",
            "skills": [{"skill_id": self._dice.choice(SKILLS), "level": 3}],
            "windows": [
                {
                    "starts_at": opens.isoformat(),
                    "ends_at": (opens + timedelta(minutes=30)).isoformat(),
                }
            ],
        }
        return str(self._client.ask("POST", "/jobs", json=job)["id"])


def _a_day_later(moment: str) -> str:
    return (datetime.fromisoformat(moment) + timedelta(days=1)).isoformat()


if __name__ == "__main__":
    main()
