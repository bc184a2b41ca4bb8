"""Small problems, solved with so narrow limits that each of them is met.

The search knows so many neighbours of a visit, tries it on so many shifts, and has room for so many
depot calls that no small problem comes to an end of them. Here each limit is two or three, so that
what it does there is done all the time. To be run with array bounds checked after a change in the
kernel; that compiles everything once more, for some minutes:

    NUMBA_BOUNDSCHECK=1 .venv/bin/python -m tests.solver.kernel.narrow --solves 2000
"""

import argparse
import faulthandler
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver.judge.check import check
from solver.kernel import flattening, plan
from solver.kernel.settings import SearchSettings
from solver.problem import Problem
from solver.search import searches
from solver.search.compilation import compile_search
from solver.solution import StopKind
from solver.solve import Limit, solve
from tests.solver.kernel.linked import linked_problems, plain_problems, ruled_problems
from tests.solver.kernel.plans import supply_problems
from tests.solver.problems import problems

ENDLESS = 120
"""Seconds; no solve takes nearly as long."""

PROBLEMS = (
    problems(max_visits=14, every_rule=True)
    | supply_problems()
    | linked_problems(max_visits=14)
    | plain_problems(max_visits=14)
    | ruled_problems(max_visits=14)
)
SEEDS = st.integers(0, 2**32)
LIMITS = st.integers(2, 3)
CYCLES = st.sampled_from((1, searches.CYCLE_ITERATIONS))
"""Iterations for each visit: so few that plans are crossed, and so many that there is one cycle."""


@contextmanager
def narrow(most: int) -> Iterator[None]:
    """Every limit of the search is so narrow."""
    with ExitStack() as stack:
        for name in ("NEIGHBOURS", "FEWEST_PLACES_NEAR", "MOST_PLACES_NEAR", "SHIFTS_NEAR"):
            stack.enter_context(patch.object(flattening, name, most))
        stack.enter_context(patch.object(plan, "CALLS_A_SHIFT", 0))
        stack.enter_context(patch.object(plan, "MORE_CALLS", most))
        few = partial(
            SearchSettings, unassigned_tried=most, look_everywhere=0.5, shifts_anywhere=most
        )
        stack.enter_context(patch.object(searches, "SearchSettings", few))
        yield


def assert_solved(problem: Problem, seed: int, most: int, cycle: int) -> None:
    """With narrow limits the answer keeps all rules, and every visit is in it once."""
    with narrow(most), patch.object(searches, "CYCLE_ITERATIONS", cycle):
        solution = solve(problem, Limit(iterations=100), seed=seed)
    assert check(problem, solution) == ()
    served = [s.id for r in solution.routes for s in r.stops if s.kind is StopKind.VISIT]
    names = sorted([*served, *(left.id for left in solution.unassigned)])
    assert names == sorted(visit.id for visit in problem.visits)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.solver.kernel.narrow")
    parser.add_argument("--solves", type=int, default=2_000)
    chosen = parser.parse_args(arguments)
    done = 0

    @settings(
        max_examples=chosen.solves,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(PROBLEMS, SEEDS, LIMITS, CYCLES)
    def solve_all(problem: Problem, seed: int, most: int, cycle: int) -> None:
        nonlocal done
        faulthandler.dump_traceback_later(ENDLESS, exit=True)
        assert_solved(problem, seed, most, cycle)
        done += 1

    # Compiling may take longer than any solve.
    compile_search()
    solve_all()
    faulthandler.cancel_dump_traceback_later()
    sys.stdout.write(f"{done} problems solved within narrow limits\n")


if __name__ == "__main__":
    main()
