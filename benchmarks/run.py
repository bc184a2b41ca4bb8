"""Measure engines on families of instances; results are appended to a file.

Each trial runs in a process of its own, one after the other. What the results file has is not
measured again, so that a broken run goes on where it stopped. An engine that cannot do a family,
or is seedless, is asked for what it can.

    python -m benchmarks.run trsp vrptw --data ../shared/bench --seconds 30
    python -m benchmarks.run generated --sizes 100x10 1000x100 --engines kernel routing
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from benchmarks.engines.engines import ENGINES
from benchmarks.engines.instances import FAMILIES, instance_names, size
from benchmarks.engines.results import Measurement, Trial, append_result, from_line, read_results

GRACE = 900
"""Seconds beyond those given after which a trial counts as stuck; compiling must fit in."""


def trials(
    families: Sequence[str],
    engines: Sequence[str],
    *,
    data: Path | None,
    pattern: str,
    sizes: Sequence[str],
    seconds: float,
    seeds: Sequence[int],
    cores: int,
) -> Iterator[Trial]:
    """All that is asked for, instance by instance: engines are compared under like conditions."""
    for family in families:
        names = sizes if family == "generated" else instance_names(family, data, pattern)
        for name in names:
            for label in engines:
                engine = ENGINES[label]
                if family in engine.families:
                    used = cores if engine.many_cores else 1
                    for seed in seeds if engine.seeded else (0,):
                        yield Trial(family, name, label, seconds, seed, used)


def run(trial: Trial, data: Path | None) -> Measurement:
    """A trial in a fresh process. Raises ``ChildProcessError`` with what it said."""
    order = json.dumps([asdict(trial), None if data is None else str(data.absolute())])
    command = [sys.executable, "-m", "benchmarks.engines.measure", order]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command,
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            timeout=2 * trial.seconds + GRACE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ChildProcessError(f"it was stopped after {error.timeout:.0f} s") from error
    if done.returncode:
        raise ChildProcessError(done.stderr.strip() or f"exit status {done.returncode}")
    return from_line(done.stdout.splitlines()[-1])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status is 1 if a trial failed and 2 if nothing could be started."""
    chosen = _parser().parse_args(arguments)
    try:
        for name in chosen.sizes:
            size(name)
        todo = list(
            trials(
                chosen.families,
                chosen.engines,
                data=chosen.data,
                pattern=chosen.instances,
                sizes=chosen.sizes,
                seconds=chosen.seconds,
                seeds=chosen.seeds,
                cores=chosen.cores,
            )
        )
        for label in {trial.engine for trial in todo}:
            ENGINES[label].version()
        known = {result.trial for result in read_results(chosen.results)}
    except PackageNotFoundError as error:
        _say(f"{error.name} is not installed: pip install --requirement requirements-bench.txt")
        return 2
    except (ValueError, FileNotFoundError) as error:
        _say(str(error))
        return 2
    left = [trial for trial in todo if trial not in known]
    _say(f"{len(left)} of {len(todo)} trials to do, results in {chosen.results}")
    failed = 0
    for number, trial in enumerate(left, start=1):
        label = f"{number}/{len(left)} {trial.instance} {trial.engine} seed {trial.seed}"
        try:
            result = run(trial, chosen.data)
        except ChildProcessError as error:
            failed += 1
            _say(f"{label}: FAILED\n{error}")
        else:
            append_result(chosen.results, result)
            _say(f"{label}: {_verdict(result)}")
    return 1 if failed else 0


def _verdict(result: Measurement) -> str:
    gap = "" if result.gap is None else f" ({result.gap:+.2%})"
    left_out = f", {result.unassigned} unassigned" if result.unassigned else ""
    return f"{result.cost:,.1f}{gap}{left_out}, {result.seconds_used:.1f} s"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = os.environ.get("BENCH_DATA")
    parser.add_argument("families", nargs="+", choices=FAMILIES)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(data) if data else None,
        metavar="FOLDER",
        help="has trsp/*.txt, vrptw/*.txt and published.csv in both; default: $BENCH_DATA",
    )
    parser.add_argument(
        "--instances", default="*", metavar="PATTERN", help="only such names, like 'R1*'"
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        default=["100x10", "1000x100"],
        metavar="VISITSxTECHNICIANS[xDAYS]",
        help="of generated instances",
    )
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--seconds", type=float, default=30.0, help="for each trial")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--cores", type=int, default=1, help="for engines that can use several")
    parser.add_argument(
        "--results", type=Path, default=Path(".bench/results.jsonl"), metavar="FILE"
    )
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
