"""What becomes of a text that people are to read: nothing in it hides, or turns what stands beside.

Marks that cannot be seen come along when a number is copied from a telephone, or a title from a web
page. Whoever wrote them cannot find them either, so they are taken out and nothing is refused.
"""

import re
import unicodedata

HIDDEN = re.compile(
    "["
    "\u00ad\u061c\u180e"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"  # zero width, and left to right or back
    "\ufeff\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f"
    "]+"
)
FLAG = "\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f"
"""A region's flag, such as Scotland's, is a black one with hidden letters behind it."""
SHOWN_OR_HIDDEN = re.compile(f"({FLAG})|{HIDDEN.pattern}")
JOINERS = re.compile("[\u200c\u200d]+")
JOINED = frozenset({"Lo", "Mc", "Me", "Mn", "Sk", "So"})
"""What joiners stand between in good faith: the parts of an emoji, letters of scripts that join."""
BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and signs by their kind, and yet nothing is to be seen."""


def cleaned(text: str) -> str:
    """The text trimmed, in one spelling (NFC) and without what is hidden; empty if nothing in it
    can be seen."""
    if text.isascii():
        return text.strip()
    while True:
        shown = SHOWN_OR_HIDDEN.sub(lambda found: found[1] or "", text)
        shown = unicodedata.normalize("NFC", JOINERS.sub(_joiner, shown)).strip()
        if shown == text:
            return shown if any(map(_is_seen, shown)) else ""
        text = shown  # what was taken out may have kept others apart


def _joiner(found: re.Match[str]) -> str:
    text, (start, end) = found.string, found.span()
    if start == 0 or end == len(text):
        return ""
    sides = {unicodedata.category(text[start - 1]), unicodedata.category(text[end])}
    return found[0][0] if sides <= JOINED else ""


def _is_seen(character: str) -> bool:
    kind = unicodedata.category(character)
    return (kind[0] in "LNPS" or kind == "Co") and character not in BLANK
