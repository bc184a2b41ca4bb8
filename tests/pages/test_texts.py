"""The pages' texts: in both languages, all that are used, none that is not, and nowhere else."""

import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import pytest

from dispatch.models import JobStatus, Obstacle, Priority, Severity
from dispatch.planning.unable import Why
from dispatch.settling.facts import Unplaced
from dispatch.settling.issues import IssueKind
from dispatch.settling.repairs import RepairKind
from solver.solution import HARD, SOFT, ReasonCode, Rule
from tests.pages.reading import (
    COMMON,
    LANGUAGES,
    PAGES,
    SCRIPTS,
    code_of,
    entries_of,
    first_arguments,
    keys_in,
    markup_of,
    pattern_of,
    scripts_of,
    strings_in,
    texts_of,
)
from tests.test_words import NOUNS

WITH_TEXTS = [*PAGES, COMMON]
PLURAL = re.compile(r"\.(one|other)$")
AS_MANY = re.compile(rf"\}} (?:[a-z]+ )?(?:{NOUNS})\b")
NEVER_ONE = {"board": {"replan.seconds"}, COMMON: {"fault.string_too_long"}}
"""Texts with a number that is larger in any case, by page."""

MEMBERS: dict[tuple[str, str], Iterable[StrEnum]] = {
    ("board", "status"): JobStatus,
    ("board", "priority"): Priority,
    ("board", "reason"): {*ReasonCode, *Why},
    ("board", "issue"): IssueKind,
    # Of a place that is not known the reason says it all.
    ("board", "cause"): {*Why, *Unplaced} - {Why.NOWHERE},
    ("board", "obstacle"): Obstacle,
    # Where a visit could go is shown once it is worked out.
    ("board", "repair"): {*RepairKind} - {RepairKind.PLACE},
    ("board", "rule"): {*HARD} - {Rule.COST},
    ("board", "soft"): SOFT,
    ("my-day", "status"): JobStatus,
    ("my-day", "reason"): Obstacle,
    ("my-day", "severity"): Severity,
    ("my-day", "priority"): {Priority.HIGH, Priority.URGENT, Priority.EMERGENCY},
}
"""What may stand for the variable of a key like ``rule.${rule}``, by page and prefix."""

SAME: set[str] = {"{value} km"}
"""Texts that are the same in Vietnamese and English."""

NAMES = {"Tiếng Việt", "Home End"}
"""What has the same name in both: a language in itself, keys of the keyboard."""


def known_on(page: str) -> dict[str, str]:
    common = texts_of(COMMON, "vi")
    return common if page == COMMON else common | texts_of(page, "vi")


def forms(key: str) -> set[str]:
    """As what it may be asked for: with a count, without the form for it."""
    return {key, PLURAL.sub("", key)}


def is_known(key: str, texts: Iterable[str]) -> bool:
    return key in texts or f"{key}.other" in texts


@pytest.mark.parametrize("page", WITH_TEXTS)
def test_every_text_is_in_both_languages(page: str) -> None:
    """Vietnamese has one form for any number, English has two."""
    vi, en = (texts_of(page, language) for language in LANGUAGES)
    single = {key for key in en if key.endswith(".one") and f"{key[:-4]}.other" in en}
    assert en.keys() - single == vi.keys() - {key for key in single if key in vi}
    for key in en:
        if key.endswith(".other"):
            assert f"{key[:-6]}.one" in en or "count" not in en[key], f"{key} has one form only"


@pytest.mark.parametrize("page", WITH_TEXTS)
def test_no_text_is_said_twice(page: str) -> None:
    for language in LANGUAGES:
        keys = Counter(key for key, _ in entries_of(page, language))
        assert {key for key, times in keys.items() if times > 1} == set()


@pytest.mark.parametrize("page", WITH_TEXTS)
def test_one_thing_is_not_told_of_as_many(page: str) -> None:
    """What counts something has a form for one (``key.one``), or never counts one."""
    as_many = {
        key
        for key, text in texts_of(page, "en").items()
        if AS_MANY.search(text) and not key.endswith(".other")
    }

    assert as_many == NEVER_ONE.get(page, set())


@pytest.mark.parametrize("page", WITH_TEXTS)
def test_what_is_filled_in_is_the_same_in_both_languages(page: str) -> None:
    vi, en = (texts_of(page, language) for language in LANGUAGES)
    for key, text in en.items():
        wanted = set(re.findall(r"\{(\w+)\}", vi.get(key) or vi[PLURAL.sub(".other", key)]))
        found = set(re.findall(r"\{(\w+)\}", text))
        assert found == wanted or (key.endswith(".one") and found | {"count"} == wanted), key


@pytest.mark.parametrize("page", WITH_TEXTS)
def test_nothing_is_left_untranslated(page: str) -> None:
    vi, en = (texts_of(page, language) for language in LANGUAGES)
    for key in vi.keys() & en.keys():
        words = re.search(r"[^\W\d_]", re.sub(r"\{\w+\}", "", vi[key]))
        assert vi[key] != en[key] or not words or vi[key] in SAME, (key, vi[key])
    for texts in (vi, en):
        assert all(text.strip() for text in texts.values())


def test_no_page_says_in_its_own_words_what_all_say() -> None:
    for language in LANGUAGES:
        common = texts_of(COMMON, language).keys()
        assert {page: common & texts_of(page, language).keys() for page in PAGES} == {
            page: set() for page in PAGES
        }


@pytest.mark.parametrize("page", WITH_TEXTS)
def test_every_text_that_is_asked_for_is_there(page: str) -> None:
    texts = known_on(page)
    missing = set() if page == COMMON else {k for k in markup_of(page).keys if k not in texts}
    for file in scripts_of(page):
        for argument in first_arguments(code_of(file)):
            keys, templates = keys_in(argument)
            missing |= {key for key in keys if not is_known(key, texts)}
            for template in templates:
                found = pattern_of(template)
                if not any(found.fullmatch(form) for key in texts for form in forms(key)):
                    missing.add(template)
    assert missing == set()


@pytest.mark.parametrize("page", WITH_TEXTS)
def test_no_text_is_kept_that_nobody_asks_for(page: str) -> None:
    files = SCRIPTS if page == COMMON else scripts_of(page)
    codes = [code_of(file) for file in files]
    # A key may go through variables before it is asked for.
    words = {word for code in codes for word in strings_in(code) if "." in word}
    templates = set()
    for keys, patterns in (keys_in(one) for code in codes for one in first_arguments(code)):
        words.update(keys)
        templates.update(map(pattern_of, patterns))
    for one in PAGES if page == COMMON else [page]:
        words |= markup_of(one).keys
    unused = {
        key
        for key in texts_of(page, "vi")
        if not forms(key) & words
        and not any(one.fullmatch(form) for one in templates for form in forms(key))
    }
    assert unused == set()


@pytest.mark.parametrize(("page", "prefix"), MEMBERS)
def test_whatever_the_service_may_say_has_its_text(page: str, prefix: str) -> None:
    texts = known_on(page)
    missing = {one.value for one in MEMBERS[page, prefix] if not is_known(f"{prefix}.{one}", texts)}
    assert missing == set()


# Where else texts could be


@pytest.mark.parametrize("page", PAGES)
def test_markup_holds_no_text_of_one_language(page: str) -> None:
    assert markup_of(page).literal == []


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_scripts_hold_no_text_of_one_language(file: Path) -> None:
    code = re.sub(r"(new Error|console\.\w+)\([^;]*;", "", code_of(file))
    spoken = r'"?(?:aria-label|title|placeholder|alt)"?:\s*["\'`]([^"\'`$]*[^\W\d_]{2}[^"\'`$]*)'
    found = re.findall(spoken, code)
    for one in strings_in(code):
        if re.search(r"[À-ỹ]", one) or re.fullmatch(r"[A-Z][a-z]+( [\w’']+)+[.!?…]?", one):
            found.append(one)
    assert set(found) <= NAMES


# What stands in them is text, and never markup


@pytest.mark.parametrize("page", PAGES)
def test_nothing_in_the_markup_runs(page: str) -> None:
    assert markup_of(page).running == []


MAKES_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
    r"|setHTMLUnsafe|parseHTMLUnsafe|srcdoc|\beval\(|new Function|setAttribute\(.on"
    # Leaflet takes texts for markup, and nodes for what they are.
    r"|(?:bindTooltip|bindPopup|setTooltipContent|setPopupContent|setContent)\(\s*[\"'`]"
    r"|\bhtml:\s*[\"'`]"
)


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_no_script_makes_markup_of_texts(file: Path) -> None:
    assert MAKES_MARKUP.findall(code_of(file)) == []
