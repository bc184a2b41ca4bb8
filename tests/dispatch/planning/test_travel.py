import math
from random import Random

import numpy as np
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from dispatch.planning import travel
from dispatch.planning.travel import MeasuredLegs, Place, StraightLine

HOAN_KIEM = Place("hoan-kiem", 21.0287, 105.8524)
LONG_BIEN = Place("long-bien", 21.0451, 105.8890)
HA_DONG = Place("ha-dong", 20.9714, 105.7788)
AS_THE_CROW_FLIES = StraightLine(speed_kmh=36.0, detour_factor=1.0)  # ten metres a second

latitudes = st.floats(min_value=-85, max_value=85)
longitudes = st.floats(min_value=-180, max_value=180)
places = st.builds(Place, st.just("somewhere"), latitudes, longitudes)


@given(places, places)
def test_distances_agree_with_the_geodesic_within_0_6_percent(here: Place, there: Place) -> None:
    _, metres = AS_THE_CROW_FLIES.matrices([here, there])
    exact = geodesic((here.latitude, here.longitude), (there.latitude, there.longitude)).meters
    assert math.isclose(metres[0, 1], exact, rel_tol=0.006, abs_tol=1)


def test_seconds_are_metres_over_speed_rounded_up() -> None:
    seconds, metres = AS_THE_CROW_FLIES.matrices([HOAN_KIEM, LONG_BIEN])
    assert metres[0, 1] == 4_214
    assert seconds[0, 1] == 422


def test_the_detour_makes_ways_longer_and_the_speed_makes_them_shorter() -> None:
    _, direct = AS_THE_CROW_FLIES.matrices([HOAN_KIEM, HA_DONG])
    seconds, metres = StraightLine(72.0, 1.5).matrices([HOAN_KIEM, HA_DONG])
    assert abs(metres[0, 1] - 1.5 * direct[0, 1]) <= 1
    assert seconds[0, 1] == math.ceil(1.5 * direct[0, 1] / 20)


def test_a_place_is_no_distance_from_itself_nor_from_another_one_at_its_spot() -> None:
    twin = Place("twin", HOAN_KIEM.latitude, HOAN_KIEM.longitude)
    seconds, metres = AS_THE_CROW_FLIES.matrices([HOAN_KIEM, twin, LONG_BIEN])
    assert not seconds[:2, :2].any()
    assert not metres[:2, :2].any()


def test_a_route_over_the_date_line_is_short() -> None:
    _, metres = AS_THE_CROW_FLIES.matrices([Place("a", 0, 179.9), Place("b", 0, -179.9)])
    assert metres[0, 1] < 23_000


def test_no_places_have_empty_matrices() -> None:
    seconds, metres = AS_THE_CROW_FLIES.matrices([])
    assert seconds.shape == metres.shape == (0, 0)


def test_the_same_places_are_not_computed_twice() -> None:
    first, _ = StraightLine(31.0, 1.3).matrices([HOAN_KIEM, HA_DONG])
    again, _ = StraightLine(31.0, 1.3).matrices([HOAN_KIEM, HA_DONG])
    faster, _ = StraightLine(62.0, 1.3).matrices([HOAN_KIEM, HA_DONG])
    assert again is first
    assert faster[0, 1] < first[0, 1]


def test_a_measured_leg_replaces_the_estimate_in_its_own_direction_only() -> None:
    estimate, _ = AS_THE_CROW_FLIES.matrices([HOAN_KIEM, LONG_BIEN, HA_DONG])
    measured = MeasuredLegs({("hoan-kiem", "ha-dong"): (1_800, 14_000)}, AS_THE_CROW_FLIES)
    seconds, metres = measured.matrices([HOAN_KIEM, LONG_BIEN, HA_DONG])
    assert (seconds[0, 2], metres[0, 2]) == (1_800, 14_000)
    expected = np.array(estimate)
    expected[0, 2] = 1_800
    assert (seconds == expected).all()


def test_measured_legs_leave_the_cached_estimate_alone() -> None:
    before = AS_THE_CROW_FLIES.matrices([HOAN_KIEM, LONG_BIEN])[0].tolist()
    MeasuredLegs({("hoan-kiem", "long-bien"): (1, 1)}, AS_THE_CROW_FLIES).matrices(
        [HOAN_KIEM, LONG_BIEN]
    )
    assert AS_THE_CROW_FLIES.matrices([HOAN_KIEM, LONG_BIEN])[0].tolist() == before


def test_a_leg_to_an_unknown_place_or_to_itself_is_not_used() -> None:
    measured = MeasuredLegs(
        {("hoan-kiem", "moon"): (1, 1), ("ha-dong", "ha-dong"): (99, 99)}, AS_THE_CROW_FLIES
    )
    seconds, _ = measured.matrices([HOAN_KIEM, HA_DONG])
    assert (seconds == AS_THE_CROW_FLIES.matrices([HOAN_KIEM, HA_DONG])[0]).all()


def test_a_leg_holds_wherever_its_place_is_used_more_than_once() -> None:
    measured = MeasuredLegs({("hoan-kiem", "ha-dong"): (7, 7)}, AS_THE_CROW_FLIES)
    seconds, _ = measured.matrices([HOAN_KIEM, HA_DONG, HA_DONG])
    assert seconds[0].tolist() == [0, 7, 7]


@given(
    first=st.lists(st.tuples(st.floats(20, 22), st.floats(105, 107)), min_size=1, max_size=12),
    more=st.lists(st.tuples(st.floats(20, 22), st.floats(105, 107)), max_size=3),
    dice=st.randoms(use_true_random=False),
)
def test_places_that_come_and_go_change_no_other_distances(
    first: list[tuple[float, float]], more: list[tuple[float, float]], dice: Random
) -> None:
    def places(coordinates: list[tuple[float, float]]) -> list[Place]:
        return [Place(str(row), *there) for row, there in enumerate(coordinates)]

    estimate = StraightLine(24, 1.3)
    estimate.matrices(places(first))
    mixed = [*first, *more]
    dice.shuffle(mixed)
    seconds, metres = estimate.matrices(places(mixed))
    travel._kept = travel._Distances()
    travel._estimates.cache_clear()
    anew = estimate.matrices(places(mixed))
    assert (seconds == anew[0]).all()
    assert (metres == anew[1]).all()
