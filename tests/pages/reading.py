"""Our pages' files as they are read for the tests of their texts: what they say, and where from."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from api.pages import WEB

LANGUAGES = ("vi", "en")
PAGES = sorted(file.stem for file in WEB.glob("*.html"))
COMMON = "common"
SCRIPTS = sorted((WEB / "scripts").rglob("*.js"))
SPOKEN = {"aria-label", "title", "placeholder", "alt", "aria-description", "aria-roledescription"}
"""Attributes that people read or hear."""


def texts_of(page: str, language: str) -> dict[str, str]:
    """The page's own, or those of all pages (``COMMON``)."""
    return dict(entries_of(page, language))


def entries_of(page: str, language: str) -> list[tuple[str, str]]:
    """All that the file says, also twice."""
    file = WEB / "texts" / language / f"{page}.json"
    return list(json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=list))


def scripts_of(page: str) -> list[Path]:
    """The page's own, in whatever folder; or those that belong to no page alone (``COMMON``)."""
    pages = PAGES if page == COMMON else [page]
    theirs = {WEB / "scripts" / one for one in pages}
    return [file for file in SCRIPTS if theirs.isdisjoint(file.parents) == (page == COMMON)]


# Scripts

STRING = r"""(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
COMMENT = re.compile(rf"({STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
CALL = re.compile(r"(?<![\w.$])text\(")


def code_of(file: Path) -> str:
    """The script without its comments."""
    return COMMENT.sub(lambda found: found[1] or "", file.read_text(encoding="utf-8"))


def strings_in(code: str) -> list[str]:
    """What stands between quotes, and templates without placeholders."""
    return [one[1:-1] for one in re.findall(STRING, code) if "${" not in one]


def first_arguments(code: str) -> Iterator[str]:
    """What is given as the key, for each call of ``text``, those within others included."""
    for call in CALL.finditer(code):
        yield _until_comma(code[call.end() :])


def _until_comma(code: str) -> str:
    """The first of the arguments that follow, up to its comma or the closing bracket."""
    depth, at = 0, 0
    while at < len(code):
        if quoted := re.match(STRING, code[at:], re.DOTALL):
            at += quoted.end()
            continue
        if code[at] in "([{":
            depth += 1
        elif code[at] in ")]}":
            depth -= 1
        if depth < 0 or (depth == 0 and code[at] == ","):
            return code[:at]
        at += 1
    raise AssertionError(f"a call without an end: {code[:60]}")


def keys_in(argument: str) -> tuple[list[str], list[str]]:
    """Keys that the expression may be, and templates of such, like ``rule.${rule}``."""
    keys: list[str] = []
    templates: list[str] = []
    for found in re.finditer(STRING, argument, re.DOTALL):
        before = argument[: found.start()].rstrip()
        after = argument[found.end() :].lstrip()
        if before.endswith(("==", "[")) or after.startswith(("==", "!=", ".")):
            continue  # compared or looked up, and not shown
        (templates if "${" in found[0] else keys).append(found[0][1:-1])
    return keys, templates


def pattern_of(template: str) -> re.Pattern[str]:
    fixed = re.split(r"\$\{[^}]*\}", template)
    return re.compile(r"[\w-]+".join(map(re.escape, fixed)))


# Markup


@dataclass
class Markup(HTMLParser):
    """What stands in a page's file."""

    keys: set[str] = field(default_factory=set)
    literal: list[str] = field(default_factory=list)
    """What people would read in the one language in which somebody wrote it."""
    running: list[str] = field(default_factory=list)
    """Scripts and styles in the markup itself, which the policy forbids."""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._open.append((tag, given))
        for name, value in given.items():
            if name in ("data-text", "data-label", "data-hint") and value:
                self.keys.add(value)
            if name in SPOKEN and value:
                self.literal.append(f'{name}="{value}"')
            if name == "style" or name.startswith("on") or (value or "").startswith("javascript:"):
                self.running.append(f'{name}="{value}"')
        if tag == "style" or (tag == "script" and "src" not in given):
            self.running.append(f"<{tag}>")

    def handle_data(self, data: str) -> None:
        if not re.search(r"[^\W\d_]", data) or not self._open:
            return
        tag, given = self._open[-1]
        # Until its text is there; and languages are named in themselves.
        if "data-text" not in given and "lang" not in given and tag != "title":
            self.literal.append(data.strip())

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass


def markup_of(page: str) -> Markup:
    markup = Markup()
    markup.feed((WEB / f"{page}.html").read_text(encoding="utf-8"))
    return markup
