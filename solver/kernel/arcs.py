"""Seconds and cents of the ways between all places, worked out by several cores at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from solver.kernel.arrays import Ints
from solver.problem import Problem
from solver.travel import NO_WAY

ROWS_FOR_A_CORE = 500
"""For fewer places it is not worth it to start a thread."""
ROWS_AT_ONCE = 32
"""Of matrices, so that what is worked out of them is still in the processor's cache when it is
written: three thousand places take half the time."""


def on_cores(cores: int, size: int, work: Callable[[int, int], None]) -> None:
    """Have ``work`` done for all rows, from one up to before another, by several threads: what does
    it does not hold the interpreter's lock."""
    parts = min(cores, size // ROWS_FOR_A_CORE)
    if parts < 2:
        work(0, size)
        return
    ends = [size * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(work, ends, ends[1:]))


def arcs_of(problem: Problem, cores: int) -> Ints:
    """As ``Arrays.arcs``."""
    costs = problem.objective
    measured = any(
        of_travel is not None
        for shift in problem.shifts
        for of_travel in (
            shift.max_travel,
            shift.max_distance,
            shift.rates.travel_time,
            shift.rates.distance,
        )
    )
    arcs = np.empty((*problem.travel_time.shape, 4 if measured else 2), dtype=np.int64)

    def write(begin: int, end: int) -> None:
        for first in range(begin, end, ROWS_AT_ONCE):
            some = slice(first, min(end, first + ROWS_AT_ONCE))
            arcs[some, :, 0] = problem.travel_time[some]
            arcs[some, :, 1] = problem.driven[some] * costs.travel_time
            arcs[some, :, 1] += problem.distance[some] * costs.distance

    on_cores(cores, len(arcs), write)
    if measured:
        there_is = problem.travel_time < NO_WAY
        arcs[..., 2] = np.where(there_is, problem.driven, 0)
        arcs[..., 3] = np.where(there_is, problem.distance, 0)
    return arcs
