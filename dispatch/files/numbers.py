"""Numbers in cells, with the decimal sign of whoever saved the file.

A point or a comma before three digits may part thousands as well: it is refused where both
readings make sense.
"""

import re

from dispatch.files.reading import BadCell, Clock

DIGITS = re.compile(r"[+-]?\d{1,15}", re.ASCII)
WHOLE = re.compile(r"([+-]?\d{1,15})[.,](?:0{1,2}|0{4,15})", re.ASCII)
"""A whole number to which a program has written decimals."""
AMBIGUOUS = re.compile(r"([+-]?\d{1,3})[.,](\d{3})", re.ASCII)
GROUPED = re.compile(r"[+-]?\d{1,3}(?:([.,' \u00a0\u202f\u2019])\d{3})(?:\1\d{3})*", re.ASCII)
DECIMAL = re.compile(r"[+-]?\d{1,15}(?:[.,]\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)


def integer(text: str, _clock: Clock) -> int:
    """A whole number. Raises ``BadCell``, also if it is unclear what a sign in it means."""
    if DIGITS.fullmatch(text):
        return int(text)
    if found := WHOLE.fullmatch(text):
        return int(found[1])
    if found := AMBIGUOUS.fullmatch(text):
        grouped = found[1] + found[2]
        raise BadCell(
            "ambiguous_number",
            f"{text!r} may be {grouped}, or {found[1]} with decimals",
            f"write digits only, like {grouped}",
        )
    if GROUPED.fullmatch(text):
        plain = re.sub(r"[^\d+-]", "", text)
        raise BadCell(
            "not_a_number",
            f"{text!r} is not written with digits only",
            f"write {plain}, without signs between its digits",
        )
    raise BadCell("not_a_number", f"{text!r} is not a whole number", "write digits only")


def coordinate(text: str, _clock: Clock) -> float:
    """A number of degrees: too few for thousands to be parted, so that a point or a comma can only
    be the decimal sign. Raises ``BadCell``."""
    if not DECIMAL.fullmatch(text):
        raise BadCell(
            "not_a_number", f"{text!r} is not a number", "write it like 21.0285 or 21,0285"
        )
    return float(text.replace(",", "."))
