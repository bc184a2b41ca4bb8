"""What is near a visit, held against a sort of everything there is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.kernel.nearness import BLOCK, NONE, groups_near, mean_leg, visits_near


def legs(size: int, seed: int) -> np.ndarray:
    """Seconds and cents between places, few enough different ones that many are alike."""
    return np.random.default_rng(seed).integers(0, 20, (size, size, 2))


def nearest(costs: dict[int, int], here: int, size: int, most: int) -> list[int]:
    """The cheapest, filled up; of equal ones those with the next higher numbers."""
    order = sorted(costs, key=lambda there: (costs[there], (there - here) % size))[:most]
    return [*order, *[NONE] * (most - len(order))]


@given(st.sampled_from([1, 2, 5, BLOCK, BLOCK + 1, 2 * BLOCK + 3]), st.integers(0, 9), st.data())
def test_near_visits_are_those_that_cost_least_however_the_work_is_shared_out(
    size: int, seed: int, data: st.DataObject
) -> None:
    arcs = legs(size + 2, seed)
    dice = np.random.default_rng(seed)
    at = dice.integers(0, size + 2, size)
    service, opens = dice.integers(0, 9, size), dice.integers(0, 90, size)
    closes = opens + dice.integers(0, 30, size)
    weight, waiting = 3, 3.4
    around, before, after = (
        np.full((size, min(most, size - 1)), NONE, dtype=np.int64) for most in (6, 3, 3)
    )
    kinds, meet = dice.integers(0, 3, size), dice.random((3, 3)) < 0.6
    meet = meet | meet.T
    times = (service, opens, closes, weight, waiting)
    cut = data.draw(st.integers(0, size))
    for first, last in ((0, cut), (cut, size)):
        visits_near(first, last, arcs, at, *times, kinds, meet, around, before, after)

    def way(first: int, second: int) -> int:
        seconds, cents = arcs[at[first], at[second]]
        return int(cents + weight * seconds)

    def next_to(first: int, second: int) -> int | None:
        """None: who serves the first cannot be at the second in time, or not serve both."""
        if not meet[kinds[first], kinds[second]]:
            return None
        ready = service[first] + arcs[at[first], at[second], 0]
        if opens[first] + ready > closes[second]:
            return None
        wait = max(0, opens[second] - closes[first] - ready)
        return way(first, second) + int(waiting * wait)

    for here in range(size):
        others = [there for there in range(size) if there != here]
        both = {there: way(here, there) + way(there, here) for there in others}
        assert around[here].tolist() == nearest(both, here, size, around.shape[1])
        on = {there: next_to(here, there) for there in others}
        on_in_time = {there: cost for there, cost in on.items() if cost is not None}
        assert after[here].tolist() == nearest(on_in_time, here, size, after.shape[1])
        back = {there: next_to(there, here) for there in others}
        back_in_time = {there: cost for there, cost in back.items() if cost is not None}
        assert before[here].tolist() == nearest(back_in_time, here, size, before.shape[1])


@given(st.integers(1, 6), st.integers(0, 9))
def test_near_groups_are_able_and_cost_least(groups: int, seed: int) -> None:
    arcs = legs(12, seed)
    dice = np.random.default_rng(seed)
    at, starts, ends = (dice.integers(0, 12, size) for size in (9, groups, groups))
    able = dice.random((9, groups)) < 0.6
    near, remoteness = np.full((9, 3), NONE, dtype=np.int64), np.zeros(9, dtype=np.int64)
    groups_near(arcs, at, starts, ends, able, 3, near, remoteness)
    for visit in range(9):
        ways = {
            group: int(
                (arcs[starts[group], at[visit]] + arcs[at[visit], ends[group]]) @ np.array([3, 1])
            )
            for group in range(groups)
        }
        able_ways = {group: way for group, way in ways.items() if able[visit, group]}
        assert near[visit].tolist() == nearest(able_ways, visit % groups, groups, 3)
        assert remoteness[visit] == int(sum(ways.values()) / groups)


def test_a_mean_leg_is_over_all_pairs() -> None:
    arcs = np.array([[[0, 0], [60, 5]], [[30, 1], [0, 0]]])
    assert mean_leg(arcs, np.array([0, 1])) == pytest.approx((1.5, 22.5))
