"""A file as a table of cells, whatever it means; and CSV files as spreadsheets save them.

In Unicode (UTF-8, or UTF-16 with its mark), with a comma, a semicolon or a tab between cells; a
line ``sep=;`` may come first and say which.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dispatch.files.reading import Value
from solver.faults import Fault

SEPARATORS = (",", ";", "\t")
SEP_LINE = re.compile(r'"?sep=(.*?)"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
AS_UTF_8 = 'save the file as "CSV UTF-8"'


@dataclass(frozen=True, slots=True)
class Table:
    """``name`` is what people know the file by; rows have the number of their (first) line."""

    name: str
    rows: Sequence[tuple[int, Sequence[Value]]] = ()
    faults: Sequence[Fault] = field(default_factory=tuple)
    """Why it cannot be read, or not to its end."""

    def place(self, line: int) -> str:
        return f"{self.name} line {line}"


def csv_table(name: str, content: bytes) -> Table:
    """The table that a CSV file holds. Never raises for what is in it: see ``Table.faults``."""
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if is_wide else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "ignore")
        cause = f"byte 0x{content[error.start]:02x} is not UTF-{16 if is_wide else 8}"
        return _unreadable(name, before, "wrong_encoding", cause)
    if "\0" in text:
        before = text[: text.index("\0")]
        cause = "the file contains a NUL character, as no text has"
        return _unreadable(name, before, "control_character", cause)
    separator, begin = _separator(text), 0
    if said := SEP_LINE.match(text):
        separator, begin = said[1], said.end()
        if separator not in SEPARATORS:
            cause = f"cells are said to be separated by {separator!r}"
            action = "separate them by commas, semicolons or tabs"
            fault = Fault("unknown_separator", f"{name} line 1", cause, action)
            return Table(name, faults=(fault,))
    return _split(name, text[begin:], separator, 1 if begin else 0)


def _unreadable(name: str, before: str, code: str, cause: str) -> Table:
    lines = before.count("\n") or before.count("\r")
    return Table(name, faults=(Fault(code, f"{name} line {lines + 1}", cause, AS_UTF_8),))


def _separator(text: str) -> str:
    """What stands most often between the names of columns: in the first line that has any."""
    found: Counter[str] = Counter()
    is_quoted = has_words = False
    for sign in text:
        if sign == '"':
            is_quoted = not is_quoted
        elif sign in SEPARATORS and not is_quoted:
            found[sign] += 1
        elif sign in "\r\n" and not is_quoted and has_words:
            break
        elif not sign.isspace():
            has_words = True
    return max(SEPARATORS, key=lambda sign: found[sign])


def _split(name: str, text: str, separator: str, lines_before: int) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[Value]]] = []
    number = lines_before + 1
    try:
        for record in reader:
            rows.append((number, [*record]))
            number = lines_before + reader.line_num + 1
    except csv.Error as error:
        fault = Fault(
            "malformed_csv",
            f"{name} line {number}",
            f"the line cannot be split into cells ({error})",
            "put cells that contain quotes or line breaks in quotes, and close them",
        )
        return Table(name, rows, (fault,))
    return Table(name, rows)
