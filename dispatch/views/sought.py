"""What people search for: words in any order, and numbers as they were noted."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal, or_, true

from dispatch.search_texts import LEAST_WHOLE_NUMBER, dialled, phones_of, plain, words_of

MOST_WORDS = 12
LEAST_NUMBER = 4
"""Digits in a row that may be a part of a telephone number; house numbers are shorter."""
LANE = re.compile(r"\b(?:ngo|ngach|hem|kiet|nghach|ng|ngh|lane|alley)\b\.?\s*(?=\d)")
"""What a lane is called matters little before its number: people write `12/3` as well."""
NUMBER = re.compile(r"(?<!\w)\+?\d[\d\s.\-()]*\d(?!\w)")


class FoundIn(StrEnum):
    """Where the words of a search are."""

    ID = "id"
    TITLE = "title"
    CONTACT = "contact"
    PHONE = "phone"
    SITE = "site"
    ADDRESS = "address"
    ASSET = "asset"
    NAME = "name"


@dataclass(frozen=True)
class Sought:
    """What is searched for."""

    text: str

    @cached_property
    def words(self) -> list[str]:
        return list(dict.fromkeys(words_of(LANE.sub("", plain(self.text)))))[:MOST_WORDS]

    @cached_property
    def code(self) -> str:
        return plain(self.text.strip())

    @cached_property
    def numbers(self) -> list[tuple[set[str], set[str]]]:
        """What may be telephone numbers: the words that each is written as, and the digits that
        stand for it."""
        found = []
        for written in NUMBER.findall(plain(self.text)):
            digits = re.sub(r"\D", "", written)
            if len(digits) >= LEAST_NUMBER:
                found.append((set(words_of(written)), {digits, dialled(written)}))
        return found

    @cached_property
    def whole_number(self) -> str | None:
        """If it is nothing but a telephone number."""
        if len(self.numbers) == 1 and self.numbers[0][0] == set(self.words):
            number = dialled(self.text)
            if not number.startswith("0") and len(number) == LEAST_WHOLE_NUMBER:
                number = f"0{number}"
            return number if len(number) > LEAST_WHOLE_NUMBER else None
        return None

    def condition(self, words: Any, phones: Any) -> ColumnElement[bool]:
        """That all of it is in these columns."""
        parts: list[ColumnElement[bool]] = []
        of_numbers = {word for written, _ in self.numbers for word in written}
        parts += [words.contains(f" {word}") for word in self.words if word not in of_numbers]
        for written, digits in self.numbers:
            in_words = [words.contains(f" {word}") for word in sorted(written & {*self.words})]
            parts.append(
                or_(
                    and_(true(), *in_words), *(phones.contains(number) for number in sorted(digits))
                )
            )
        return and_(*parts)

    def rank(self, words: Any) -> ColumnElement[int]:
        """0 where its numbers are whole words, and else 1: who asks for house 12 does not mean 120,
        unless there is nothing else."""
        numbers = [word for word in self.words if word[0].isdigit()]
        if not numbers:
            return literal(0)
        return case((and_(*(words.contains(f" {word} ") for word in numbers)), 0), else_=1)

    def found_in(self, *places: tuple[FoundIn, Iterable[str | None]]) -> list[FoundIn]:
        """The places in which some of it is."""
        found = []
        for place, texts in places:
            given = [text for text in texts if text]
            if place is FoundIn.PHONE:
                numbers = phones_of(*given)
                digits = {one for _, both in self.numbers for one in both}
                is_there = any(one in number for one in digits for number in numbers)
            else:
                there = words_of(*given)
                is_there = any(one.startswith(word) for one in there for word in self.words)
            if is_there:
                found.append(place)
        return found
