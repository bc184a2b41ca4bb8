"""One trial in a process of its own, so that its memory is its own: a trial in, a result out.

Started by ``benchmarks.run``: reads a trial as JSON from the command line and writes the
measurement as one line of JSON to standard output. Loading, compiling and reading the instance
are not timed; an answer that breaks a rule is an error, never a result.
"""

import json
import os
import platform
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.engines.engines import ENGINES
from benchmarks.engines.instances import load
from benchmarks.engines.results import Measurement, Trial, gap_to, seconds_to_within, to_line
from solver.judge.check import check

CURVE_POINTS = 400


class _CurveRecorder:
    """Keeps the lowest costs over time; of what follows in quick succession only the last."""

    def __init__(self, seconds: float) -> None:
        self._apart = seconds / CURVE_POINTS
        self._since = time.monotonic()
        self._points: list[tuple[float, int]] = []
        self._kept = float("-inf")

    def add(self, cost: int) -> None:
        if self._points and cost >= self._points[-1][1]:
            return
        seconds = self.elapsed()
        if seconds - self._kept < self._apart:
            self._points.pop()
        else:
            self._kept = seconds
        self._points.append((seconds, cost))

    def elapsed(self) -> float:
        return time.monotonic() - self._since

    def ended(self, cost: int, scale: int) -> list[tuple[float, float]]:
        """The curve in the unit of the instance's file, up to the cost of the plan returned."""
        points = [*(point for point in self._points if point[1] >= cost), (self.elapsed(), cost)]
        return [(round(seconds, 3), value / scale) for seconds, value in points]


def measure(trial: Trial, data: Path | None) -> Measurement:
    """Run a trial. Raises ``ValueError`` if the answer breaks a rule."""
    engine = ENGINES[trial.engine]
    instance = load(trial.family, trial.instance, data)
    engine.prepare(trial.cores)
    curve = _CurveRecorder(trial.seconds)
    answer = engine.search(
        instance.problem,
        seconds=trial.seconds,
        seed=trial.seed,
        cores=trial.cores,
        on_cost=curve.add,
    )
    points = curve.ended(answer.solution.objective, instance.scale)
    memory = _peak_memory_mb(trial.cores)
    violations = check(instance.problem, answer.solution)
    if violations:
        raise ValueError("\n".join(["the answer breaks rules:", *map(str, violations[:20])]))
    cost, left_out = points[-1][1], len(answer.solution.unassigned)
    return Measurement(
        trial=trial,
        group=instance.group,
        visits=len(instance.problem.visits),
        shifts=len(instance.problem.shifts),
        seconds_used=points[-1][0],
        cost=cost,
        unassigned=left_out,
        published=instance.published,
        gap=gap_to(instance.published, cost, left_out),
        iterations=answer.iterations,
        memory_mb=round(memory, 1),
        curve=points,
        seconds_to_one_percent=seconds_to_within(points, 0.01),
        version=engine.version(),
        machine=machine(),
        date=datetime.now(UTC).date().isoformat(),
    )


def machine() -> str:
    """Processor, cores, memory, Python and numpy of this machine, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()},"
        f" Python {platform.python_version()}, numpy {np.__version__}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _peak_memory_mb(cores: int) -> float:
    """See ``Measurement.memory_mb``."""
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + cores * workers) * unit / 2**20


def main(arguments: list[str]) -> None:
    trial, data = json.loads(arguments[0])
    result = measure(Trial(**trial), None if data is None else Path(data))
    sys.stdout.write(to_line(result))


if __name__ == "__main__":
    main(sys.argv[1:])
