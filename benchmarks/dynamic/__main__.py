"""Serve requests that come in during the day, with the kernel planning anew at each release date.

    python -m benchmarks.dynamic --data ../shared/bench --seconds 1 --output .bench/dynamic.jsonl

One line of JSON for each instance goes to the file; a day that it has is not planned again, so that
a broken run goes on where it stopped. ``FILE.conditions.json`` beside it says how it was made.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.dynamic.check import faults, read_world
from benchmarks.dynamic.records import (
    Conditions,
    read_conditions,
    read_records,
    record_of,
    write_conditions,
    write_records,
)
from benchmarks.dynamic.releases import read_dynamic, release_files
from benchmarks.dynamic.replanning import Effort
from benchmarks.dynamic.unfolding import Policy, unfold
from benchmarks.engines.engines import ENGINES
from benchmarks.engines.measure import machine
from solver.problem import InvalidProblem

TIMES_BEFORE = 10
"""The plan before the day may take so many times as long as one during it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status is 1 if a day broke a rule and 2 if nothing could be started."""
    chosen = _parser().parse_args(arguments)
    percents = frozenset(chosen.percent) if chosen.percent else None
    try:
        files = release_files(chosen.data, chosen.instances, percents)
        instances = [read_dynamic(path) for path in files]
    except (InvalidProblem, OSError) as error:
        _say(str(error))
        return 2
    effort = Effort(chosen.seconds, chosen.iterations, chosen.seed, chosen.cores)
    kernel = ENGINES["kernel"]
    conditions = Conditions(
        seconds=chosen.seconds,
        iterations=chosen.iterations,
        seed=chosen.seed,
        cores=chosen.cores,
        version=kernel.version(),
        machine=machine(),
        date=datetime.now(UTC).date().isoformat(),
    )
    records = read_records(chosen.output)
    if records:
        conditions = replace(conditions, slowest=read_conditions(chosen.output).slowest)
    done = {(record["instance"], record["dynamic_percent"]) for record in records}
    kernel.prepare(chosen.cores)
    broken = 0
    for instance in instances:
        if (instance.name, instance.dynamic_percent) in done:
            continue
        day = unfold(instance, Policy(), effort, effort.times(TIMES_BEFORE))
        record = record_of(day)
        world = read_world(chosen.data, instance.name, instance.dynamic_percent)
        for fault in faults(world, record):
            broken += 1
            _say(f"{instance.name} {instance.dynamic_percent} %: {fault}")
        records.append(record)
        write_records(chosen.output, records)
        conditions = replace(conditions, slowest=max([conditions.slowest, *day.seconds[1:]]))
        write_conditions(chosen.output, conditions)
        _say(
            f"{instance.name} {instance.dynamic_percent} %: {record['working_time']:,.1f},"
            f" {len(record['rejected'])} rejected, {len(day.seconds)} plans"
        )
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dynamic",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = os.environ.get("BENCH_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(data) if data else None,
        required=data is None,
        metavar="FOLDER",
        help="has trsp/NAME.txt and dtrsp/NAME_rd_PERCENT.txt; default: $BENCH_DATA",
    )
    parser.add_argument(
        "--instances", default="*", metavar="PATTERN", help="only such names, like 'R1*'"
    )
    parser.add_argument("--percent", type=int, nargs="+", help="only days with so many per cent")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each plan during the day")
    parser.add_argument("--iterations", type=int, help="for each plan, if they are over before")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
