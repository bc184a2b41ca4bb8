"""The kernel without its compiler: run by Python, it may not read or write outside its arrays.

Compiled code looks at no bounds: an index too far reads or spoils what happens to lie there, and
-1 is the last element. numba can be told to look (``NUMBA_BOUNDSCHECK=1``), but then compiles
everything once more for minutes, and finds nothing wrong with -1. So a part of the tests is run
here, in a process of its own with ``NUMBA_DISABLE_JIT=1``, on arrays that refuse both.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from hypothesis import HealthCheck, settings

from solver.kernel.views import Views

EXAMPLES = 5


class Guarded(np.ndarray):
    """An array without a last element before the first; so are its parts."""

    def __getitem__(self, index: Any) -> Any:
        _guard(index)
        found = super().__getitem__(index)
        return Record(found) if isinstance(found, np.void) else found

    def __setitem__(self, index: Any, value: Any) -> None:
        _guard(index)
        super().__setitem__(index, value.fields if isinstance(value, Record) else value)


def _guard(index: Any) -> None:
    for one in index if isinstance(index, tuple) else (index,):
        if isinstance(one, int | np.integer) and one < 0:
            raise IndexError(f"index {one} is below 0")


class Record:
    """An element of a structured array, with attributes as compiled code has them."""

    def __init__(self, fields: np.void) -> None:
        object.__setattr__(self, "fields", fields)

    def __getattr__(self, name: str) -> Any:
        return self.fields[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self.fields[name] = value

    def __getitem__(self, name: str | Sequence[str]) -> Any:
        return self.fields[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.fields[name] = value


def _keep(self: Views, **arrays: Any) -> None:
    """Takes the place of ``Views.__init__``, which makes a table for compiled code."""
    for name, array in arrays.items():
        array = np.require(array, requirements=["C_CONTIGUOUS", "WRITEABLE"])
        setattr(self, name, array.view(Guarded) if array.ndim else Record(array[()]))


def main() -> None:
    if not numba.config.DISABLE_JIT:
        sys.exit("set NUMBA_DISABLE_JIT=1")
    setattr(Views, "__init__", _keep)  # noqa: B010 - mypy allows it in no other form
    np.seterr(over="ignore")  # dice
    settings.register_profile(
        "slow",
        deadline=None,
        suppress_health_check=list(HealthCheck),
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
    )
    settings.load_profile("slow")
    from tests.solver.kernel import test_changes, test_links, test_places, test_search, test_timing
    from tests.solver.search import test_cover

    test_timing.test_they_agree_where_every_second_counts()
    test_places.test_putting_a_visit_where_it_is_cheapest_adds_what_it_was_said_to_add()
    test_changes.test_after_every_change_the_plan_is_as_if_made_anew()
    test_changes.test_undone_changes_leave_no_trace()
    test_links.test_after_every_change_the_plan_is_as_if_made_anew()
    test_links.test_undone_changes_leave_no_trace()
    test_search.test_the_kernels_plan_costs_what_it_says_and_can_be_supplied_as_it_is()
    test_search.answer(seed=1, cores=1, iterations=20)
    test_cover.test_another_solver_finds_no_cheaper_plan(seed=1, is_cut=True)


if __name__ == "__main__":
    main()
