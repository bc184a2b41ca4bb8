"""Relations between visits that cross routes: crews, order, and keeping apart.

A link is about times and persons only; who is able to make each visit, and when, is said by the
visit itself. Links never change what a visit needs.
"""

from dataclasses import dataclass
from enum import StrEnum


class Person(StrEnum):
    """Who makes the later of two visits, as seen from the earlier one."""

    SAME = "same"
    DIFFERENT = "different"
    ANY = "any"


class Separation(StrEnum):
    """What two visits must not share."""

    TECHNICIAN = "technician"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Together:
    """A crew: the visits start at the same moment, each with another technician, all or none."""

    visits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class After:
    """``second`` starts at least ``least`` and, if given, at most ``most`` seconds after ``first``
    ends; either may be negative. ``second`` is never served without ``first``."""

    first: str
    second: str
    least: int = 0
    most: int | None = None
    person: Person = Person.ANY


@dataclass(frozen=True, slots=True)
class Apart:
    """The visits are not made by the same technician, or not by shifts of the same day: the
    problem's epoch is a midnight, and a shift belongs to the day in which it starts."""

    visits: tuple[str, ...]
    by: Separation = Separation.TECHNICIAN


Link = Together | After | Apart
