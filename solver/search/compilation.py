"""Compile the search before it is needed, and load it before anybody waits for it.

numba compiles a function when it is first called, and keeps the machine code on disk
(``solver/kernel/compiled.py``). To compile everything takes about a minute, to load it from disk
half a second.
"""

import hashlib
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from numba.core.registry import cpu_target

from solver.kernel.compiled import CACHE
from solver.problem import Problem, Shift, Visit
from solver.search.partition import Partition
from solver.search.searches import Searches
from solver.timing.schedule import legs_of
from solver.timing.timing import cheapest

SECONDS_KEPT = 24 * 3600.0
"""Machine code of other sources is left alone for so long: somebody may still be using it, such as
another branch, or tests with bounds checking."""


def is_compiled() -> bool:
    """Whether the machine code for these sources, this Python and this processor is on disk."""
    return _marker().exists()


def compile_search() -> None:
    """Have all of the search compiled and in memory, from disk if ``is_compiled``.

    Machine code of other sources is removed once it is a day old.
    """
    problem = _tiny()
    searches = Searches(problem, seed=0, cores=2)
    searches.open({})
    searches.run(seconds=None, iterations=1)
    partition = Partition(searches.arrays)
    partition.add(0, [0], 1, is_own=True)
    partition.look([[0]], seconds=60.0)
    cheapest(problem, problem.shifts[0], problem.visits, legs_of(problem.travel_time))
    if not is_compiled():
        _forget_others()
        with suppress(OSError):  # read-only; then it is compiled for this process alone
            CACHE.mkdir(parents=True, exist_ok=True)
            _marker().touch()


def _tiny() -> Problem:
    """What is compiled depends on types alone: the smallest problem will do."""
    travel = np.array([[0, 60], [60, 0]])
    return Problem((Visit("visit", 1, 600),), (Shift("shift", "a", 0, 0, 0, 3600),), travel, travel)


def _marker() -> Path:
    """A file that is there once everything is compiled for this Python and this processor."""
    processor = cpu_target.target_context.codegen().magic_tuple()
    made_for = f"{sys.version_info[:2]} {processor}"
    return CACHE / f"complete-{hashlib.sha256(made_for.encode()).hexdigest()[:16]}"


def _forget_others() -> None:
    for folder in CACHE.parent.glob("compiled-*"):
        with suppress(OSError):
            if folder != CACHE and folder.stat().st_mtime < time.time() - SECONDS_KEPT:
                shutil.rmtree(folder)
