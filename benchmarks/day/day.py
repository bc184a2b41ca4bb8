"""A simulated day against the HTTP interface of the real service, much faster than real time.

Technicians follow their routes, and take longer than planned; two fall ill; customers cancel and
call; machines send alerts, twice, chattering and in a flood. Every version that is published is
checked, and at the end every job and every alert is accounted for. The same seed is the same day,
with the same morning plan, for each policy:

    live     jobs that cannot wait are placed at once, and the day is planned again
    none     the morning's plan is followed; nobody takes over from those who are ill
    scratch  every quarter of an hour a new plan, to which nothing of the old one is worth keeping

    python -m benchmarks.day --technicians 50 --jobs 400 --alerts 60 --seed 1

Exit status: 0 all is well; 1 something was lost, doubled or against the rules.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.company import Company
from benchmarks.day.accounts import Outcome, outcome_of, table
from benchmarks.day.check import DayCheck
from benchmarks.day.client import Service
from benchmarks.day.simulation import POLICIES, Simulation
from benchmarks.day.world import World

DATABASE = "morning.db"


@dataclass(frozen=True, slots=True)
class Options:
    technicians: int
    jobs: int
    alerts: int
    seed: int
    day: date
    plan_seconds: float
    replan_seconds: float
    replan_minutes: float


def environment(database: Path, options: Options) -> dict[str, str]:
    """Settings of the service; the rates are those of a day that takes minutes."""
    return {
        "DISPATCH_DATABASE_URL": f"sqlite:///{database}",
        "DISPATCH_SECRET": "9f2c61d07be84a35c1f0d7e2ab5648931c7d",
        "DISPATCH_SERVICE_AREA": "null",
        "DISPATCH_REPLAN_SECONDS": str(options.replan_seconds),
        "DISPATCH_REQUESTS_PER_MINUTE": "1000000",
        "DISPATCH_ALERTS_PER_MINUTE": "1000000",
    }


def morning(folder: Path, options: Options) -> str:
    """A company with a published plan for the day, in a database; returns a key for it."""
    company = folder / "company"
    Company(options.technicians, options.jobs, options.day, options.seed).write(company)
    settings = environment(folder / DATABASE, options)
    key = _command(settings, "key", "add", "simulation", "--role", "administrator").strip()
    world = World(company, options.day, options.seed, options.alerts)
    log = folder / "morning.log"
    with Service(settings, log, world.moment(5), key, company=company) as service:
        request = {"starts_on": str(options.day), "seconds": options.plan_seconds, "publish": True}
        run = service.post("/plans", request)
        service.work()
        run = service.get(f"/runs/{run['id']}")
        if run["plan_version"] is None:
            raise RuntimeError(f"the morning's plan was not published: {run['failure']}")
    return key


def _command(settings: dict[str, str], *arguments: str) -> str:
    program = Path(sys.executable).with_name("dispatch")
    done = subprocess.run(  # noqa: S603 - the product's own command
        [program, *arguments],
        env={**os.environ, **settings},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def simulate(folder: Path, options: Options, policy_name: str, key: str) -> Outcome:
    """Let the day pass under the policy, on a copy of the morning's database."""
    policy = POLICIES[policy_name]
    database = folder / f"{policy_name}.db"
    shutil.copy(folder / DATABASE, database)
    world = World(folder / "company", options.day, options.seed, options.alerts)
    check = DayCheck(world, dict(world.jobs))
    settings = {**environment(database, options), **policy.settings}
    log = folder / f"{policy_name}.log"
    began = time.monotonic()
    with Service(settings, log, world.moment(6), key, options.replan_minutes) as service:
        simulation = Simulation(service, world, policy, check, options.replan_minutes)
        simulation.run()
        return outcome_of(simulation, log, time.monotonic() - began)


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print the figures, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.day",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--technicians", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=400)
    parser.add_argument("--alerts", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--day", type=date.fromisoformat, default=date(2026, 11, 23))
    parser.add_argument("--plan-seconds", type=float, default=20, help="for the morning's plan")
    parser.add_argument("--replan-seconds", type=float, default=2)
    parser.add_argument("--replan-minutes", type=float, default=15)
    parser.add_argument("--policy", choices=POLICIES, help="left out: all of them, compared")
    parser.add_argument("--output", type=Path, help="a new folder for databases, logs, day.json")
    chosen = vars(parser.parse_args(arguments))
    policy, output = chosen.pop("policy"), chosen.pop("output")
    options = Options(**chosen)
    with tempfile.TemporaryDirectory() as temporary:
        folder = output or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        key = morning(folder, options)
        names = list(POLICIES) if policy is None else [policy]
        outcomes = [simulate(folder, options, name, key) for name in names]
        content: dict[str, Any] = {
            "options": {**chosen, "day": str(options.day)},
            "policies": [outcome.as_json() for outcome in outcomes],
        }
        text = json.dumps(content, ensure_ascii=False, indent=2)
        (folder / "day.json").write_text(text + "\n", encoding="utf-8")
    problems = [f"{one.policy}: {problem}" for one in outcomes for problem in one.problems]
    verdict = f"{len(problems)} problems" if problems else "All is accounted for, no rule broken."
    sys.stdout.write("\n".join([table(outcomes), "", *problems, verdict, ""]))
    return 1 if problems else 0
