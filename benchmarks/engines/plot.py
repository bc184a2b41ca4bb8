"""Cost over time as a picture: how far above the best known, on average over instances."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import geometric_mean

from benchmarks.engines.results import Curve, Measurement

STEPS = 120

LEAST = 0.01
"""Percent; a logarithm needs a least difference."""


def plot_curves(results: Sequence[Measurement], path: Path) -> bool:
    """Draw a panel for each family and time; False, and no file, if matplotlib is missing."""
    if find_spec("matplotlib") is None:
        return False
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    # The same results give the same file: no date in it, and no random names.
    mpl.rcParams["svg.hashsalt"] = path.name
    panels: dict[tuple[str, float], list[Measurement]] = defaultdict(list)
    for result in results:
        panels[result.trial.family, result.trial.seconds].append(result)
    figure, axes = plt.subplots(
        1, len(panels), figsize=(4.5 * len(panels), 3.5), squeeze=False, layout="constrained"
    )
    for axis, ((family, seconds), members) in zip(axes[0], panels.items(), strict=True):
        for name, points in mean_curves(members).items():
            # The dot shows solvers that have a single plan, at their end.
            axis.step(
                *zip(*points, strict=True), where="post", label=name, marker=".", markevery=[-1]
            )
        axis.set(title=f"{family}, {seconds:g} s", xscale="log", yscale="log")
        axis.set(xlim=(0.1, 1.3 * seconds), ylim=(LEAST, 200))
        axis.set(xlabel="seconds", ylabel="% above the best known")
        for scale in (axis.xaxis, axis.yaxis):
            scale.set_major_formatter("{x:g}")
            scale.set_minor_formatter("")
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return True


def mean_curves(results: Iterable[Measurement]) -> Mapping[str, list[tuple[float, float]]]:
    """For each engine seconds and percent above the best known, as soon as all have a plan.

    The best known is the lowest cost of all results and the published one; the mean over
    instances is geometric.
    """
    best: dict[str, float] = {}
    curves: dict[str, list[tuple[str, Curve]]] = defaultdict(list)
    latest = 0.0
    for result in results:
        name = result.trial.instance
        known = [result.cost] if result.published is None else [result.cost, result.published]
        best[name] = min(best.get(name, known[0]), *known)
        curves[result.trial.contender].append((name, result.curve))
        latest = max(latest, result.seconds_used)
    means = {}
    for label, members in curves.items():
        first = max(curve[0][0] for _, curve in members)
        first = max(first, latest / 1000)
        moments = [first * (latest / first) ** (i / STEPS) for i in range(STEPS + 1)]
        means[label] = [(moment, _above(members, best, moment)) for moment in moments]
    return means


def _above(members: Iterable[tuple[str, Curve]], best: Mapping[str, float], moment: float) -> float:
    """Percent above the best known, on average, at a moment when every curve has begun."""
    ratios = [
        curve[max(0, bisect_right(curve, moment, key=lambda point: point[0]) - 1)][1] / best[name]
        for name, curve in members
    ]
    return max(LEAST, 100 * (geometric_mean(ratios) - 1))
