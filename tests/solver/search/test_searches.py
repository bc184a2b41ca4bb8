"""Several searches on a problem keep the time that they have together."""

import time
from dataclasses import dataclass, field

import pytest

from solver.search.partition import Partition
from solver.search.search import Search
from solver.search.searches import Searches
from tests.solver.problems import line_problem, shift, visit

SECONDS = 0.8


@dataclass
class Patience:
    """Lets a search go on for many times the time that it has, and no longer."""

    ends: float = field(default_factory=lambda: time.monotonic() + 100 * SECONDS)
    was_lost: bool = False

    def __call__(self) -> bool:
        self.was_lost = time.monotonic() > self.ends
        return self.was_lost


@pytest.mark.parametrize("too_long", [0.2, 0.5, 1.5])
def test_a_look_that_takes_longer_than_the_cycle_after_it_keeps_nobody_searching_on(
    monkeypatch: pytest.MonkeyPatch, too_long: float
) -> None:
    looks: list[float] = []
    look = Search.look

    def look_long(search: Search, partition: Partition, last: float) -> object:
        worth = look(search, partition, last)
        looks.append(search.gone)
        while search.gone < looks[-1] + too_long:
            pass
        return worth

    monkeypatch.setattr(Search, "look", look_long)
    searches = Searches(line_problem([visit("a", 1), visit("b", 2)], [shift("s")]), seed=1, cores=2)
    searches.open({})
    patience = Patience()
    searches.run(seconds=SECONDS, iterations=None, watch=patience)
    assert looks
    assert not patience.was_lost
    assert searches.assigned == 2
