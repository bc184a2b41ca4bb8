"""Tables for docs/benchmarks.md from a results file, between two markers; the rest is by hand.

python -m benchmarks.report .bench/results.jsonl --output docs/benchmarks.md
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, geometric_mean

from benchmarks.engines.plot import plot_curves
from benchmarks.engines.results import Measurement, read_results

BEGIN = "<!-- measured:begin -->"
END = "<!-- measured:end -->"

TITLES = {
    "trsp": "Technicians with skills, tools and parts (TRSP)",
    "vrptw": "Vehicle routing with time windows (VRPTW)",
    "hhcrsp": "Home health care (HHCRSP)",
    "generated": "Generated field service",
}

Key = tuple[str, str]
"""Instance and contender."""


class Comparison:
    """All results of one family in the same time, several seeds of an instance taken together."""

    def __init__(self, results: Iterable[Measurement]) -> None:
        self._cells: dict[Key, list[Measurement]] = defaultdict(list)
        for result in results:
            self._cells[result.trial.instance, result.trial.contender].append(result)
        everything = [result for cell in self._cells.values() for result in cell]
        self.contenders = list(dict.fromkeys(result.trial.contender for result in everything))
        # By size, then by name: both in the tables and where sizes are told apart.
        self.by_instance = {
            result.trial.instance: result
            for result in sorted(everything, key=lambda r: (r.visits, r.trial.instance))
        }

    def of(self, instance: str, name: str) -> Sequence[Measurement]:
        return self._cells.get((instance, name), ())

    def cost(self, instance: str, name: str) -> float | None:
        """Mean over seeds, None if it was not measured or if any seed left visits out."""
        results = self.of(instance, name)
        if not results or any(result.unassigned for result in results):
            return None
        return fmean(result.cost for result in results)

    def gap(self, instance: str, name: str) -> float | None:
        """Mean over seeds to the published value, as a share of it; None as for ``cost``."""
        cost, published = self.cost(instance, name), self.by_instance[instance].published
        return None if cost is None or published is None else cost / published - 1

    def mean_gap(self, instances: Iterable[str], name: str) -> tuple[float, int] | None:
        """Over the instances that have one, and how many these are."""
        gaps = [gap for i in instances if (gap := self.gap(i, name)) is not None]
        return (fmean(gaps), len(gaps)) if gaps else None

    def ratio(self, instances: Iterable[str], name: str, other: str) -> tuple[float, int] | None:
        """Geometric mean of cost over the other's, over the instances that both did in full."""
        ratios = [
            one / two
            for i in instances
            if (one := self.cost(i, name)) is not None and (two := self.cost(i, other)) is not None
        ]
        return (geometric_mean(ratios), len(ratios)) if ratios else None

    def better_than_published(self, name: str) -> tuple[int, int]:
        """Instances whose mean cost is below the published value, and all that have both."""
        gaps = [gap for i in self.by_instance if (gap := self.gap(i, name)) is not None]
        return sum(gap < -1e-6 for gap in gaps), len(gaps)


def report(results: Sequence[Measurement]) -> str:
    """The measured part of the page, without its markers."""
    parts = [_conditions(results)]
    for family, title in TITLES.items():
        theirs = [result for result in results if result.trial.family == family]
        if theirs:
            parts.append(f"## {title}")
        for seconds in sorted({result.trial.seconds for result in theirs}):
            same_time = [result for result in theirs if result.trial.seconds == seconds]
            parts.append(f"### {seconds:g} seconds")
            if family == "generated":
                parts.append(_generated(same_time))
            else:
                parts += _published(Comparison(same_time), family)
    return "\n\n".join(parts) + "\n"


def insert(page: str, measured: str, begin: str = BEGIN, end: str = END) -> str:
    """The page with what is between two markers replaced. Raises ``ValueError`` if they are
    missing."""
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page needs a line {begin} and below it a line {end}")
    return f"{before}{begin}\n\n{measured}\n{end}{after}"


def _conditions(results: Sequence[Measurement]) -> str:
    dates = sorted({result.date for result in results})
    seeds = sorted({result.trial.seed for result in results if result.trial.seed})
    versions = {
        engine: dict.fromkeys(r.version for r in results if r.trial.engine == engine)
        for engine in sorted({result.trial.engine for result in results})
    }
    rows = [
        ["Machine", "; ".join(sorted({result.machine for result in results}))],
        ["Measured", " to ".join(dict.fromkeys((dates[0], dates[-1])))],
        ["Seeds", ", ".join(map(str, seeds)) or "none"],
        *([f"`{engine}`", "; ".join(theirs)] for engine, theirs in versions.items()),
    ]
    return table(["", ""], rows, "ll")


def _published(comparison: Comparison, family: str) -> Iterator[str]:
    """Means first, then every instance."""
    sizes: dict[int, list[str]] = defaultdict(list)
    for name, result in comparison.by_instance.items():
        sizes[result.visits].append(name)
    for visits, instances in sizes.items():
        if len(sizes) > 1:
            yield f"#### {visits} visits"
        yield _by_class(comparison, instances, compare="pyvrp" if family == "vrptw" else None)
        yield _instances(comparison, instances)
    if family == "trsp":
        counts = {name: comparison.better_than_published(name) for name in comparison.contenders}
        for name, (better, known) in counts.items():
            yield f"`{name}` is better than published on {better} of {known} instances."


def _by_class(comparison: Comparison, instances: Sequence[str], compare: str | None) -> str:
    """Mean gaps to published values by class and, if asked for, ratios to another solver."""
    classes: dict[str, list[str]] = defaultdict(list)
    for name in instances:
        classes[comparison.by_instance[name].group].append(name)
    names = comparison.contenders
    others = [name for name in names if name != compare] if compare in names else []
    rows = []
    for label, members in [*sorted(classes.items()), ("all", list(instances))]:
        row = [label, str(len(members))]
        row += [_mean(comparison.mean_gap(members, name), len(members), _gap) for name in names]
        if compare is not None:
            for name in others:
                ratio = comparison.ratio(members, name, compare)
                row.append(_mean(ratio, len(members), _ratio))
        rows.append(row)
    headings = ["Class", "Instances", *(f"{name}: mean gap" for name in names)]
    headings += [f"{name} / {compare}" for name in others]
    return table(headings, rows, "l" + "r" * (len(headings) - 1))


def _instances(comparison: Comparison, instances: Iterable[str]) -> str:
    names = comparison.contenders
    headings = ["Instance", "Published"]
    for name in names:
        headings += [name, "gap", "to 1 %"]
    rows = []
    for instance in instances:
        published = comparison.by_instance[instance].published
        row = [instance, "–" if published is None else f"{published:,.1f}"]
        for name in names:
            results = comparison.of(instance, name)
            cost, gap = comparison.cost(instance, name), comparison.gap(instance, name)
            row.append(_cost_cell(results, cost))
            row.append("–" if gap is None else _gap(gap))
            row.append(_seconds(results))
        rows.append(row)
    return table(headings, rows, "l" + "r" * (len(headings) - 1))


def _generated(results: Sequence[Measurement]) -> str:
    headings = ["Visits × technicians", "Engine", "Cost", "Unassigned", "Iterations/s"]
    headings += ["Memory", "To 1 %", "Used"]
    comparison = Comparison(results)
    rows = []
    for instance in comparison.by_instance:
        for name in comparison.contenders:
            cell = comparison.of(instance, name)
            if not cell:
                continue
            speeds = [r.iterations_a_second for r in cell if r.iterations_a_second is not None]
            rows.append(
                [
                    instance.replace("x", " × "),
                    name,
                    f"{fmean(result.cost for result in cell):,.0f}",
                    f"{fmean(result.unassigned for result in cell):g}",
                    f"{fmean(speeds):,.0f}" if speeds else "–",
                    f"{max(result.memory_mb for result in cell):,.0f} MB",
                    _seconds(cell),
                    f"{fmean(result.seconds_used for result in cell):.1f} s",
                ]
            )
    return table(headings, rows, "ll" + "r" * 6)


def _cost_cell(results: Sequence[Measurement], cost: float | None) -> str:
    if cost is not None:
        return f"{cost:,.1f}"
    left_out = max((result.unassigned for result in results), default=0)
    return f"{left_out} unassigned" if left_out else "–"


def _seconds(results: Sequence[Measurement]) -> str:
    if not results:
        return "–"
    return f"{fmean(result.seconds_to_one_percent for result in results):.1f} s"


def _mean(value: tuple[float, int] | None, expected: int, form: Callable[[float], str]) -> str:
    """A mean, and over how many if not over all."""
    if value is None:
        return "–"
    number, count = value
    return form(number) + (f" ({count})" if count != expected else "")


def _gap(share: float) -> str:
    return f"{share:+.2%}".replace("%", " %")


def _ratio(ratio: float) -> str:
    return f"{ratio:.4f}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], sides: str) -> str:
    """A Markdown table; ``sides`` has l or r for each column."""
    rule = ["---:" if side == "r" else "---" for side in sides]
    lines = [headings, rule, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


PAGE = f"# Benchmarks\n\n{BEGIN}\n{END}\n"
"""What a page starts as; the rest of it is written by hand."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status is 2 if there is nothing to report, or nowhere to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", type=Path, metavar="RESULTS")
    parser.add_argument("--output", type=Path, required=True, metavar="PAGE.md")
    chosen = parser.parse_args(arguments)
    try:
        results = read_results(chosen.results)
        if not results:
            raise ValueError(f"{chosen.results} has no results")
        page = chosen.output.read_text(encoding="utf-8") if chosen.output.exists() else PAGE
        measured = report(results)
        picture = chosen.output.with_suffix(".svg")
        if plot_curves(results, picture):
            measured += f"\n![Cost over time]({picture.name})\n"
        chosen.output.write_text(insert(page, measured), encoding="utf-8")
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
