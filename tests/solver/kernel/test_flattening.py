"""A problem is flattened into the same arrays, however many cores share the work."""

from unittest.mock import patch

import numpy as np
import pytest

from solver.kernel import arcs
from solver.kernel.flattening import flatten
from tests.solver.kernel.plans import town


@pytest.mark.parametrize("cores", [2, 3, 7])
def test_several_cores_work_out_what_one_does(cores: int) -> None:
    alone = flatten(town())
    with patch.object(arcs, "ROWS_FOR_A_CORE", 2):
        shared = flatten(town(), cores)
    for name in ("arcs", "near", "near_before", "near_after"):
        assert np.array_equal(getattr(shared, name), getattr(alone, name)), name


@pytest.mark.parametrize(("cores", "size"), [(1, 9), (2, 9), (4, 9), (4, 3), (4, 0)])
def test_each_row_is_worked_on_once(cores: int, size: int) -> None:
    done: list[int] = []
    with patch.object(arcs, "ROWS_FOR_A_CORE", 2):
        arcs.on_cores(cores, size, lambda first, last: done.extend(range(first, last)))
    assert sorted(done) == list(range(size))
