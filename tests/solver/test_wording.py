"""Numbers in sentences."""

import pytest

from solver.wording import counted, ordinal


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 visits"), (1, "1 visit"), (2, "2 visits"), (-1, "-1 visits")]
)
def test_a_number_and_its_noun_agree(number: int, said: str) -> None:
    assert counted(number, "visit") == said


def test_a_noun_may_have_a_plural_of_its_own_and_a_verb_with_it() -> None:
    assert [counted(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]
    assert [counted(n, "run is", "runs are") for n in (1, 2)] == ["1 run is", "2 runs are"]


def test_large_numbers_are_written_by_thousands_if_that_is_asked_for() -> None:
    assert counted(1200, "job", spec=",") == "1,200 jobs"


def test_places_in_a_row_end_as_people_say_them() -> None:
    said = [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)]

    assert said == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"]
