"""The kernel's plans of small problems against the cheapest that there are.

    python -m benchmarks.brute_force --problems 60 --seed 1

Each problem is small enough to look at every plan (``benchmarks/engines/enumeration.py``) or, where
visits are linked, to prove a plan the cheapest (``benchmarks/engines/linked_optimum.py``). A line
for each kind says of how many problems the kernel's plan is not the cheapest, in how many it leaves
out what could be served, and by how much it is dearer at the worst.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.engines.enumeration import Optimum, optimum
from benchmarks.engines.linked_optimum import TOO_DEAR, linked_optimum
from benchmarks.engines.small_problems import KINDS, small_problem
from solver.draft.draft import Draft
from solver.judge.check import check
from solver.problem import Problem
from solver.rules.cost import cost
from solver.solution import Solution, Unassigned
from solver.solve import Limit, solve


class FalseOptimum(AssertionError):  # noqa: N818 - a fault of the enumeration
    """What was found by looking at every plan breaks a rule, or is not the cheapest."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the kernel's plan of one problem costs, and what the cheapest there is; cents for what
    either leaves out, of that."""

    number: int
    cents: int
    least: int
    left_out: int
    left_out_at_least: int

    @property
    def gap(self) -> float:
        """How much dearer, as a share of the cheapest."""
        return (self.cents - self.least) / max(1, self.least)

    @property
    def leaves_out_more(self) -> bool:
        return self.left_out > self.left_out_at_least


def compare(kind: str, seed: int, number: int, iterations: int) -> Comparison:
    """Solve one problem both ways. Raises ``FalseOptimum`` if the enumeration is wrong, and
    ``EngineFault`` if the kernel is."""
    problem = small_problem(kind, seed, number)
    found = solve(problem, Limit(iterations=iterations), seed=seed)
    best = linked_optimum(problem) if problem.links else as_solution(problem, optimum(problem))
    for plan in (found, best):
        for broken in check(problem, plan):
            raise FalseOptimum(f"{kind} {seed} {number}: {broken}")
    if best.objective > found.objective:
        raise FalseOptimum(f"{kind} {seed} {number}: the kernel's plan is cheaper")
    return Comparison(
        number, found.objective, best.objective, *(_left_out(problem, p) for p in (found, best))
    )


def as_solution(problem: Problem, best: Optimum) -> Solution:
    """The plan with times and pick-ups."""
    draft = Draft(problem)
    draft.take(best.sequences)
    routes = draft.routes()
    left_out = [visit.id for visit in draft.unassigned()]
    unassigned = tuple(Unassigned(name, TOO_DEAR) for name in left_out)
    solution = Solution(routes, unassigned, cost(problem, routes, left_out))
    if solution.objective != best.cents:
        raise FalseOptimum(f"it costs {solution.objective}, not {best.cents}")
    return solution


def _left_out(problem: Problem, plan: Solution) -> int:
    return sum(problem.prices[left.id] for left in plan.unassigned)


def line(kind: str, compared: Sequence[Comparison], seconds: float) -> str:
    """One line of the table."""
    worse = [one for one in compared if one.cents > one.least]
    more = [one for one in compared if one.leaves_out_more]
    worst = max((one.gap for one in worse), default=0.0)
    which = ", ".join(str(one.number) for one in worse)
    return (
        f"{kind:<24}{len(compared):>9}{len(worse):>13}{len(more):>17}{worst:>11.2%}{seconds:>9.0f}"
        f"  {which}"
    ).rstrip()


HEADER = (
    f"{'kind':<24}{'problems':>9}{'not optimal':>13}{'leaves out more':>17}{'worst gap':>11}"
    f"{'seconds':>9}  numbers"
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.brute_force", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
    parser.add_argument("--problems", type=int, default=60, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--iterations", type=int, default=3_000, help="of the kernel, on one core")
    chosen = parser.parse_args(arguments)
    sys.stdout.write(f"{HEADER}\n")
    for kind in chosen.kinds:
        since = time.monotonic()
        compared = [
            compare(kind, chosen.seed, number, chosen.iterations)
            for number in range(chosen.problems)
        ]
        sys.stdout.write(f"{line(kind, compared, time.monotonic() - since)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
