"""How fast the plan in force takes in alerts: from the message to the technician's route.

A company of any size has its day planned and published; then the real service is started on it, and
alerts come in over HTTP, one after the other, and at last many at once. Measured by the client: the
answer to the message; the version with the job, seen in the technician's route; urgent jobs for
two, until they are in both routes; and "where could this job go?" for jobs that wait, each asked
once after something has changed.

    python -m benchmarks.live --technicians 100 --jobs 800 --alerts 200 --crews 60
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

import httpx2
from sqlmodel import Session

from benchmarks.company import Company, site_id
from benchmarks.generate import SKILLS
from benchmarks.service.service import Service
from dispatch.access.keys import NewKey, create_key
from dispatch.engines import connect
from dispatch.files.folder import import_folder
from dispatch.local_time import start_of
from dispatch.models import Role, now
from dispatch.runs.execution import execute_run
from dispatch.runs.runs import PlanRequest, read_run, request_run
from dispatch.settings import Settings
from dispatch.store import migrate

MORNING = 9
"""It is about so late in the company's time zone, whatever the hour here."""
DEVICES = 400
SENDERS = 8
"""Connections over which many messages come at once."""


@dataclass
class Figures:
    """Seconds, by what was measured."""

    answered: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)
    crews: list[float] = field(default_factory=list)
    options: list[float] = field(default_factory=list)
    storm: list[float] = field(default_factory=list)
    no_place: int = 0
    crews_without: int = 0
    """Crews that have no place."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--technicians", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=800)
    parser.add_argument("--alerts", type=int, default=200)
    parser.add_argument("--crews", type=int, default=60, help="urgent jobs for two")
    parser.add_argument("--storm", type=int, default=60, help="so many at once, at the end")
    parser.add_argument("--plan-seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="an empty one; a file of its own if not given")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        url = chosen.database or f"sqlite:///{home}/live.db"
        settings = Settings(database_url=url, time_zone=zone_where_it_is(MORNING))
        today = now().astimezone(settings.zone).date()
        company = Company(chosen.technicians, chosen.jobs, today, chosen.seed)
        key, scheduled = prepare(company, settings, Path(home), chosen.plan_seconds)
        with service(settings, Path(home)) as address, Client(address, key, today) as client:
            dice = Random(chosen.seed)  # noqa: S311 - repeatable, not secret
            client.set_up()
            figures = measure(client, chosen.alerts, chosen.crews, chosen.storm, dice)
    show(figures, scheduled, chosen)


def zone_where_it_is(hour: int) -> str:
    """A time zone in which this hour has begun."""
    ahead = (hour - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}"


def prepare(company: Company, settings: Settings, home: Path, seconds: float) -> tuple[str, int]:
    """Store the company with its day planned; a key for the service, and how much is scheduled."""
    migrate(settings.database_url)
    company.write(home / "company")
    engine = connect(settings.database_url)
    with Session(engine) as session:
        import_folder(
            session, home / "company", actor="benchmark", settings=settings, allow_past=True
        )
        key = create_key(
            session,
            NewKey(name="benchmark", role=Role.ADMINISTRATOR, requests_per_minute=100_000),
            actor="benchmark",
        )
        run = request_run(
            session,
            PlanRequest(starts_on=company.day, seconds=seconds, publish=True),
            actor="benchmark",
            settings=settings,
            plans_from_at=start_of(company.day, settings.zone),
        )
        session.commit()
    execute_run(settings.database_url, run.id, settings)
    with Session(engine) as session:
        done = read_run(session, run.id)
        if done.plan_version is None or done.changes is None:
            raise SystemExit(f"The day could not be planned: {done.failure}")
        scheduled = len(done.changes.added_job_ids)
    engine.dispose()
    return key.key, scheduled


@contextmanager
def service(settings: Settings, home: Path) -> Iterator[str]:
    """The address of a service in a process of its own."""
    started = Service(settings.database_url, home, time_zone=settings.time_zone)
    try:
        started.start()
        started.wait_until_ready()
        yield started.address
    finally:
        started.stop()
        started.close()


class Client:
    """What a platform, a dispatcher and a technician's phone ask of the service."""

    def __init__(self, address: str, key: str, day: date) -> None:
        self.day = day
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=address, headers=headers, timeout=60, trust_env=False)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **given: Any) -> Any:
        answer = self._http.request(method, path, **given)
        answer.raise_for_status()
        return answer.json()

    def set_up(self) -> None:
        """Machines at the customers', devices in them, and what is to come of their alerts."""
        for skill in SKILLS:
            template = {
                "title": "{asset}: {type}",
                "duration_minutes": 30,
                "skills": [{"skill_id": skill, "level": 1}],
                "priorities": {"critical": "urgent"},
            }
            self.ask("PUT", f"/job-templates/{skill}", json=template)
            rule = {"name": skill, "template_id": skill, "type_pattern": f"{skill}*"}
            self.ask("PUT", f"/alert-rules/{skill}", json=rule)
        for number in range(DEVICES):
            asset = {"site_id": site_id(number), "name": f"Máy {number}", "model": "RX"}
            self.ask("PUT", f"/assets/A{number}", json=asset)
            self.ask("PUT", f"/devices/D{number}", json={"asset_id": f"A{number}"})

    def alert(self, number: int, skill: str) -> str:
        """Send an alert; the job that it became."""
        message = {
            "id": f"alert-{number}",
            "device": f"D{number}",
            "type": f"{skill} failing",
            "severity": "critical",
        }
        [receipt] = self.ask("POST", "/alerts", json=message)["receipts"]
        return str(receipt["job_id"])

    def is_visible(self, job_id: str) -> bool | None:
        """Whether the job is in a technician's route; None if it has no place."""
        [wish] = self.ask("GET", "/placements", params={"job_id": job_id})["placements"]
        if wish["status"] == "no_place":
            return None
        if wish["status"] != "placed":
            return False
        for route in self.ask("GET", f"/plans/{wish['plan_id']}")["routes"]:
            if any(stop["job_id"] == job_id for stop in route["stops"]):
                path = f"/technicians/{route['technician_id']}/routes/{route['day']}"
                routes = self.ask("GET", path)["routes"]
                return any(s.get("job_id") == job_id for r in routes for s in r["stops"])
        return False

    def crew(self, dice: Random) -> list[str]:
        """An urgent job for two with different skills; the jobs of both."""
        first, second = ([{"skill_id": one, "level": 1}] for one in dice.sample(SKILLS, 2))
        job = {
            "site_id": site_id(dice.randrange(DEVICES)),
            "title": "Hai người",
            "duration_minutes": 30,
            "priority": "urgent",
            "skills": first,
            "crew": [{"skills": second}],
        }
        made = self.ask("POST", "/jobs", json=job)
        return [job_id for link in made["links"] for job_id in link["job_ids"]]

    def new_job(self, dice: Random) -> str:
        """A job that waits for the next plan."""
        job = {
            "site_id": site_id(dice.randrange(DEVICES)),
            "title": "Bảo trì",
            "duration_minutes": 30,
            "skills": [{"skill_id": dice.choice(SKILLS), "level": 1}],
        }
        return str(self.ask("POST", "/jobs", json=job)["id"])


def measure(client: Client, alerts: int, crews: int, storm: int, dice: Random) -> Figures:
    figures = Figures()
    client.ask("GET", f"/jobs/{client.new_job(dice)}/options")  # reads the day for the first time
    for number in range(alerts):
        skill = dice.choice(SKILLS)
        began = time.perf_counter()
        job_id = client.alert(number, skill)
        figures.answered.append(time.perf_counter() - began)
        if seen(client, job_id):
            figures.visible.append(time.perf_counter() - began)
        else:
            figures.no_place += 1
        waiting = client.new_job(dice)
        began = time.perf_counter()
        client.ask("GET", f"/jobs/{waiting}/options")
        figures.options.append(time.perf_counter() - began)
    for _ in range(crews):
        began = time.perf_counter()
        jobs = client.crew(dice)
        if all(seen(client, job_id) for job_id in jobs):
            figures.crews.append(time.perf_counter() - began)
        else:
            figures.crews_without += 1
    figures.storm = at_once(client, range(alerts, alerts + storm), dice)
    return figures


def seen(client: Client, job_id: str) -> bool:
    """Wait until the job is in a route (False: until it is known to have no place)."""
    while (found := client.is_visible(job_id)) is False:
        time.sleep(0.01)  # as a client that asks often, without asking all the time
    return found is True


def at_once(client: Client, numbers: range, dice: Random) -> list[float]:
    """Seconds from the first of many messages until each job is known to be placed."""
    skills = [dice.choice(SKILLS) for _ in numbers]
    began = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as senders:
        jobs = set(senders.map(client.alert, numbers, skills))
    placed: dict[str, float] = {}
    while jobs - placed.keys():
        found = client.ask("GET", "/placements", params={"limit": 200})["placements"]
        settled = {one["job_id"] for one in found if one["status"] != "waiting"}
        for job_id in jobs & settled:
            placed.setdefault(job_id, time.perf_counter() - began)
        time.sleep(0.05)  # one client that asks now and then, beside those that send
    return list(placed.values())


def show(figures: Figures, scheduled: int, chosen: argparse.Namespace) -> None:
    print(  # noqa: T201
        f"{chosen.technicians} technicians, {scheduled} scheduled visits, {chosen.alerts} alerts, "
        f"{figures.no_place} without a place, and {figures.crews_without} of {chosen.crews} crews; "
        "milliseconds"
    )
    print("| measured by the client | median | p95 | most |\n|---|---|---|---|")  # noqa: T201
    rows = {
        "message answered": figures.answered,
        "job in the technician's route": figures.visible,
        "crew of two in both routes": figures.crews,
        "where could it go?": figures.options,
        f"{len(figures.storm)} at once: in routes": figures.storm,
    }
    for name, seconds in rows.items():
        if len(seconds) > 1:
            p95 = quantiles(seconds, n=20)[-1]
            cells = [f"{1000 * one:.0f}" for one in (median(seconds), p95, max(seconds))]
            print(f"| {name} | {' | '.join(cells)} |")  # noqa: T201


if __name__ == "__main__":
    main()
