"""Tables of dynamic days for docs/benchmarks.md, next to published values.

python -m benchmarks.dynamic.table DAYS.jsonl --data ../shared/bench --output docs/benchmarks.md
"""

import argparse
import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.dynamic.records import Conditions, Record, read_conditions, read_records
from benchmarks.report import insert, table

BEGIN = "<!-- dynamic:begin -->"
END = "<!-- dynamic:end -->"

HEADINGS = (
    *("Dynamic", "Days", "Working time", "Rejected"),
    *("Published: search", "Rejected", "Published: insertion", "Rejected"),
    *("Against search", "Mean of ratios"),
)

Name = tuple[str, int]
"""An instance and its percentage of dynamic requests."""


@dataclass(frozen=True, slots=True)
class PublishedDay:
    """What was published of a day: by parallel adaptive large neighbourhood search, and by
    inserting requests one after the other."""

    search: float
    search_rejected: int
    insertion: float
    insertion_rejected: int


def read_published(data: Path) -> dict[Name, PublishedDay]:
    """Of ``dtrsp/published.csv``. Raises ``OSError`` and ``KeyError``."""
    with (data / "dtrsp" / "published.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["instance"], int(row["dynamic_percent"])): PublishedDay(
                float(row["palns_working_time"]),
                int(row["palns_rejected"]),
                float(row["insertion_working_time"]),
                int(row["insertion_rejected"]),
            )
            for row in csv.DictReader(file)
        }


def report_days(
    records: Iterable[Record], published: Mapping[Name, PublishedDay], conditions: Conditions
) -> str:
    """What is measured, without markers. Days of which nothing is published are left out."""
    days = {(record["instance"], record["dynamic_percent"]): record for record in records}
    known = [name for name in sorted(days) if name in published]
    effort = f"{conditions.seconds:g} s"
    if conditions.iterations is not None:
        effort += f" or {conditions.iterations:,} iterations"
    rows = [
        ["Machine", conditions.machine],
        ["Measured", conditions.date],
        ["Engine", f"{conditions.version}, seed {conditions.seed}, {conditions.cores} core(s)"],
        ["At each release", f"{effort}; the slowest plan took {conditions.slowest:.2f} s"],
    ]
    by_percent: dict[int, list[Name]] = defaultdict(list)
    for name in known:
        by_percent[name[1]].append(name)
    parts = [
        table(["", ""], rows, "ll"),
        table(
            HEADINGS,
            [_row(percent, names, days, published) for percent, names in by_percent.items()],
            "r" * len(HEADINGS),
        ),
        _by_class(by_percent, days, published),
    ]
    return "\n\n".join(parts) + "\n"


def _row(
    percent: int,
    names: Sequence[Name],
    days: Mapping[Name, Record],
    published: Mapping[Name, PublishedDay],
) -> list[str]:
    own = [days[name]["working_time"] for name in names]
    theirs = [published[name] for name in names]
    search = [day.search for day in theirs]
    return [
        f"{percent} %",
        str(len(names)),
        f"{fmean(own):,.1f}",
        str(sum(len(days[name]["rejected"]) for name in names)),
        f"{fmean(search):,.1f}",
        str(sum(day.search_rejected for day in theirs)),
        f"{fmean(day.insertion for day in theirs):,.1f}",
        str(sum(day.insertion_rejected for day in theirs)),
        f"{fmean(own) / fmean(search):.3f}",
        f"{fmean(a / b for a, b in zip(own, search, strict=True)):.3f}",
    ]


def _by_class(
    by_percent: Mapping[int, Sequence[Name]],
    days: Mapping[Name, Record],
    published: Mapping[Name, PublishedDay],
) -> str:
    """Mean working time against the published search's, and how many more are rejected."""
    classes = sorted({_class(instance) for names in by_percent.values() for instance, _ in names})
    rows = []
    for label in classes:
        row = [label]
        for names in by_percent.values():
            members = [name for name in names if _class(name[0]) == label]
            if not members:
                row.append("–")
                continue
            own = fmean(days[name]["working_time"] for name in members)
            ratio = own / fmean(published[name].search for name in members)
            rejected = sum(len(days[name]["rejected"]) for name in members)
            more = rejected - sum(published[name].search_rejected for name in members)
            row.append(f"{ratio:.3f}" + (f" ({more:+d})" if more else ""))
        rows.append(row)
    headings = ["Class", *(f"{percent} %" for percent in by_percent)]
    return table(headings, rows, "l" + "r" * len(by_percent))


def _class(instance: str) -> str:
    """By Solomon's names; ``-`` for others."""
    named = re.match(r"(RC|R|C)[12]", instance)
    return named.group() if named else "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status is 2 if there is nothing to report, or nowhere to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dynamic.table")
    parser.add_argument("days", type=Path, help="a file that benchmarks.dynamic has written")
    parser.add_argument("--data", type=Path, required=True, help="has dtrsp/published.csv")
    parser.add_argument("--output", type=Path, required=True, metavar="PAGE.md")
    chosen = parser.parse_args(arguments)
    try:
        records = read_records(chosen.days)
        if not records:
            raise ValueError(f"{chosen.days} has no days")
        told = report_days(records, read_published(chosen.data), read_conditions(chosen.days))
        page = chosen.output.read_text(encoding="utf-8")
        chosen.output.write_text(insert(page, told, BEGIN, END), encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
