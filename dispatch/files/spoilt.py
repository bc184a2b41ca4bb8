"""What spreadsheets make of cells by themselves: typed cells as texts, and values that are spoilt.

A long number is cut short, a telephone number loses its first nought, an id becomes a date. What is
lost cannot be told any more, so that it is refused, with what to do about it.
"""

import re
from datetime import date, datetime, time, timedelta

from dispatch.files.reading import BadCell, Kind, Value

PHONES = frozenset({"phone", "contact_phone"})
NUMBERS = PHONES | {"serial_number"}
"""Columns of texts that spreadsheets take for numbers."""
CUT_SHORT = re.compile(r"\d(?:[.,]\d+)?[Ee]\+\d+", re.ASCII)
MOST_DIGITS = 15
"""That spreadsheets keep of a number."""
WITH_DECIMALS = re.compile(r"\d+[.,]0+", re.ASCII)
WITHOUT_NOUGHT = re.compile(r"[35789]\d{8}", re.ASCII)
"""What is left of a mobile number in Vietnam, such as 0912 345 678."""
FAILED = re.compile(r"#{3,}|#(?:N/A|NV|[A-ZÄÖÜ]+(?:/0)?[!?])")
"""What a spreadsheet shows of a formula that fails, or of a date in a narrow column."""
LETTER = r"[^\W\d_]"
LOST_LETTERS = re.compile(
    rf"""(?<![^\s(,;"'])\??{LETTER}+(?:\?+{LETTER}+)+(?![^\s.,;:)!?"'])|\ufffd"""
)
"""What an encoding without a letter leaves of a word; addresses of pages have a ``?`` too."""
AS_TEXT = "format the column as text, and fill in the value again"


def text_of(value: Value, kind: Kind, *, is_exact: bool) -> str:
    """A workbook's cell as it would be written. Raises ``BadCell`` for dates and fractions where a
    text was meant; ``is_exact`` says that every digit counts, as of ids."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value, is_exact=is_exact)
        case _ if kind is not Kind.TIME and kind is not Kind.VALUE:
            text = f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)
            raise BadCell("date_for_text", f"a spreadsheet has made a date of it ({text})", AS_TEXT)
        case datetime():
            # Spreadsheets count in fractions of days, which are not exact.
            return (value + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)


def _number(value: float, *, is_exact: bool) -> str:
    if value == int(value) and abs(value) < 10**MOST_DIGITS:
        return str(int(value))
    if not is_exact:
        return repr(value)
    if abs(value) < 10**MOST_DIGITS:
        raise BadCell("number_for_text", f"it is the number {value!r}", AS_TEXT)
    raise _cut_short(f"{value:.5E}")


def check(text: str, column: str, kind: Kind, *, is_exact: bool) -> None:
    """Raises ``BadCell`` if a spreadsheet has spoilt what is in the column."""
    if kind is Kind.TEXT and (_has_lost_letters(text) or _is_read_wrongly(text)):
        raise BadCell(
            "spoilt_text",
            f"letters of {text!r} were lost in an encoding that does not have them",
            'fill in the text again, and save the file as "CSV UTF-8"; or put a space behind the ?',
        )
    if text[0] == "#" and FAILED.fullmatch(text):
        action = "correct the formula, or widen the column, and save the file again"
        raise BadCell("failed_formula", f"{text!r} is what a spreadsheet shows instead", action)
    if is_exact and CUT_SHORT.fullmatch(text):
        raise _cut_short(text)
    if column in PHONES and WITH_DECIMALS.fullmatch(text):
        raise BadCell("number_for_text", f"{text!r} is a number with decimals", AS_TEXT)
    if column in PHONES and WITHOUT_NOUGHT.fullmatch(text):
        raise BadCell(
            "lost_nought",
            f"{text!r} has lost its first nought",
            f"write 0{text}, in a column formatted as text; other numbers with their country's "
            "code, or with spaces",
        )


def _has_lost_letters(text: str) -> bool:
    return ("?" in text or "\ufffd" in text) and LOST_LETTERS.search(text) is not None


def _is_read_wrongly(text: str) -> bool:
    """Whether a program has taken UTF-8 for the encoding of Windows, and kept what it saw."""
    if text.isascii():
        return False
    try:
        text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return False
    return True


def _cut_short(text: str) -> BadCell:
    return BadCell(
        "spoilt_number",
        f"{text!r} is what a spreadsheet leaves of a long number",
        "format the column as text, and fill in the number again",
    )
