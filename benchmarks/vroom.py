"""VROOM and our solver on the same problems in VROOM's JSON, each for as long, on one core.

    python -m benchmarks.vroom --jobs 100 --vehicles 10 --seconds 5

A line for each problem says what is left out and what the rest costs, by VROOM's own measure. Each
plan is judged twice, by our checker and by one that is written from VROOM's documents alone; one
that breaks a rule is no result. VROOM itself comes with ``requirements-bench.txt``.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.engines.peers import VROOM_EXPLORATION, vroom_version
from benchmarks.engines.vroom_rules import Json, faults, rank
from solver.files.plans import false_claims, plan_as_json, plan_from_json
from solver.files.read import file_of_json
from solver.judge.check import check
from solver.search.compilation import compile_search
from solver.solution import Rule
from solver.solve import Limit, solve

DAY = (8 * 3600, 17 * 3600)
METRES_PER_SECOND = 9.0
SIDE_METRES = 30_000

KINDS: Mapping[str, Mapping[str, bool]] = {
    "plain": {},
    "windows": {"windows": True},
    "service": {"windows": True, "skills": True, "breaks": True},
    "delivery": {"windows": True, "amounts": True},
    "full": {"windows": True, "amounts": True, "priorities": True, "short": True},
    "open": {"windows": True, "open": True, "priced": True},
}
"""What problems of each kind have."""


def made_up(kind: str, jobs: int, vehicles: int, seed: int) -> Json:
    """A problem over places in a square, with ways between them that are no shorter back."""
    has, draw = KINDS[kind], random.Random(f"{kind} {jobs} {vehicles} {seed}")  # noqa: S311
    points = [(draw.uniform(0, SIDE_METRES), draw.uniform(0, SIDE_METRES)) for _ in range(jobs + 1)]
    metres = [[round(1.3 * abs(complex(*a) - complex(*b))) for b in points] for a in points]
    seconds = [[round(way / METRES_PER_SECOND) for way in row] for row in metres]
    opens, closes = DAY
    if has.get("short"):
        closes = opens + 4 * 3600
    return {
        "jobs": [_job(has, number, (opens, closes), draw) for number in range(1, jobs + 1)],
        "vehicles": [
            _vehicle(has, number, (opens, closes), draw) for number in range(1, vehicles + 1)
        ],
        "matrices": {"car": {"durations": seconds, "distances": metres}},
    }


def _job(has: Mapping[str, bool], number: int, day: Sequence[int], draw: random.Random) -> Json:
    job: Json = {
        "id": number,
        "location_index": number,
        "service": draw.choice([600, 900, 1800, 2700]),
        "setup": draw.choice([0, 120, 300]),
    }
    if has.get("windows") and draw.random() < 0.6:
        start = draw.randrange(day[0], day[1] - 7200, 1800)
        job["time_windows"] = [[start, start + 7200]]
    if has.get("skills") and draw.random() < 0.5:
        job["skills"] = [draw.randint(1, 4)]
    if has.get("amounts"):
        job["delivery"] = [draw.randint(1, 9), draw.randint(0, 3)]
    if has.get("priorities"):
        job["priority"] = draw.choice([0, 0, 10, 50, 100])
    return job


def _vehicle(has: Mapping[str, bool], number: int, day: Sequence[int], draw: random.Random) -> Json:
    vehicle: Json = {"id": number, "start_index": 0, "time_window": [*day]}
    if not has.get("open"):
        vehicle["end_index"] = 0
    if has.get("skills"):
        vehicle["skills"] = sorted({number % 4 + 1, *draw.sample([1, 2, 3, 4], 2)})
    if has.get("breaks"):
        noon = 12 * 3600
        vehicle["breaks"] = [{"id": 1, "service": 1800, "time_windows": [[noon, noon + 3600]]}]
    if has.get("amounts"):
        vehicle["capacity"] = [60, 20]
    if has.get("priced"):
        vehicle["costs"] = {"fixed": 2000, "per_hour": 1800, "per_km": 250}
    return vehicle


def vroom_plan(problem: Json, seconds: float) -> Json:
    """VROOM's plan on one thread; it ends by itself, or when the time is over."""
    import vroom

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.json"
        path.write_text(json.dumps(problem), encoding="utf-8")
        asked = vroom.Input.from_json(path)
    limit = timedelta(seconds=seconds)
    found: Json = asked.solve(VROOM_EXPLORATION, nb_threads=1, timeout=limit).to_dict()
    return found


def our_plan(problem: Json, seconds: float) -> Json:
    """Ours on one core."""
    file = file_of_json(problem, "vroom")
    return plan_as_json(file, solve(file.problem, Limit(seconds=seconds)), seconds)


def complaints(problem: Json, plan: Json) -> list[str]:
    """What both checkers have against a plan."""
    file = file_of_json(problem, "vroom")
    written = plan_from_json(file, plan)
    violations = check(written.problem, written.solution, tolerance=file.tolerance)
    broken = [str(one) for one in violations if one.rule is not Rule.COST]
    return [*faults(problem, plan), *(broken or map(str, false_claims(file, written)))]


def _measured(plan: Callable[[Json, float], Json], problem: Json, seconds: float) -> dict[str, Any]:
    since = time.monotonic()
    found = plan(problem, seconds)
    took = time.monotonic() - since
    priority, left_out, cost = rank(problem, found)
    return {
        "priority_left_out": priority,
        "left_out": left_out,
        "cost": cost,
        "seconds": round(took, 2),
        "complaints": complaints(problem, found)[:3],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--vehicles", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    given = parser.parse_args()
    compile_search()
    for kind in given.kinds:
        for seed in given.seeds:
            problem = made_up(kind, given.jobs, given.vehicles, seed)
            line = {
                "kind": kind,
                "jobs": given.jobs,
                "vehicles": given.vehicles,
                "seed": seed,
                "ours": _measured(our_plan, problem, given.seconds),
                vroom_version(): _measured(vroom_plan, problem, given.seconds),
            }
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
